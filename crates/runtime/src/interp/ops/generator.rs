//! Generators, coroutines and asynchronous iteration.

use core::ptr;

use super::{Regs, fast, slot, slow};
use crate::abi::{
    FRAME_EXECUTING, FRAME_OWNED_BY_GENERATOR, FRAME_SUSPENDED, FRAME_SUSPENDED_YIELD_FROM, PyGenObject, PyThreadState,
};
use crate::interp::call;
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::frame;
use crate::interp::monitoring::{self, event, fire};
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::exceptions::{StopAsyncIteration, StopIteration};
use crate::types::{Coroutine, Generator, generator};

/// The units of SEND, and of FOR_ITER, which `YIELD_VALUE` counts on.
const SEND_SIZE: usize = 2;

/// Whether the generator is neither running nor finished.
pub unsafe fn can_resume(generator: *mut PyGenObject) -> bool {
    // SAFETY: a live generator.
    unsafe { (*generator).gi_frame_state.get() < FRAME_EXECUTING }
}

/// Goes on with a suspended generator in this run: `value` becomes the result of its `yield`. When it yields,
/// execution comes back behind the machine's instruction; when it returns, `return_offset` units further.
pub unsafe fn resume(m: Machine, generator: *mut PyGenObject, value: StackRef, return_offset: usize) -> PyResult<Flow> {
    // SAFETY: the caller checked `can_resume`.
    unsafe {
        let target = &raw mut (*generator).gi_iframe;
        let machine = Machine { frame: target, thread: m.thread };
        machine.push(value);
        (*generator).gi_frame_state.set(FRAME_EXECUTING);
        (*generator).gi_exc_state.previous_item.set((*m.thread).exc_info.get());
        (*m.thread).exc_info.set((&raw const (*generator).gi_exc_state).cast_mut());
        (*target).previous.set(m.frame);
        match call::enter(m, target, return_offset) {
            Ok(flow) => Ok(flow),
            Err(raised) => {
                // The recursion limit: the generator stays suspended.
                machine.pop();
                (*generator).gi_frame_state.set(FRAME_SUSPENDED);
                (*m.thread).exc_info.set((*generator).gi_exc_state.previous_item.replace(ptr::null_mut()));
                (*target).previous.set(ptr::null_mut());
                Err(raised)
            }
        }
    }
}

/// As [`resume`] without any call; a miss at the recursion limit. The machine's operands are off the stack but for the generator.
#[inline(always)]
pub(super) unsafe fn enter(
    r: &mut Regs,
    ts: *mut PyThreadState,
    generator: *mut PyGenObject,
    value: StackRef,
    return_offset: usize,
) {
    // SAFETY: the caller checked `can_resume` and `has_room`.
    unsafe {
        let target = &raw mut (*generator).gi_iframe;
        (*generator).gi_frame_state.set(FRAME_EXECUTING);
        (*generator).gi_exc_state.previous_item.set((*ts).exc_info.get());
        (*ts).exc_info.set((&raw const (*generator).gi_exc_state).cast_mut());
        (*target).previous.set(r.fp);
        (*r.fp).return_offset.set(return_offset as u16);
        (*r.fp).instr_ptr.set(r.ip.cast());
        frame::set_stack_pointer(r.fp, r.sp);
        (*ts).py_recursion_remaining.set((*ts).py_recursion_remaining.get() - 1);
        (*ts).current_frame.set(target);
        r.fp = target;
        r.sp = frame::stack_pointer(target);
        r.ip = (*target).instr_ptr.get().cast();
        super::push(r, value);
    }
}

/// Whether one more Python call is allowed.
#[inline(always)]
pub(super) unsafe fn has_room(ts: *mut PyThreadState) -> bool {
    // SAFETY: the current thread state.
    unsafe { (*ts).py_recursion_remaining.get() > 1 }
}

fast! {
    fn yield_value(r, ts) {
        let frame = r.fp;
        let value = super::pop(r).heap_safe();
        let generator = generator::of_frame(frame);
        (*frame).instr_ptr.set(r.ip.add(1).cast());
        frame::set_stack_pointer(frame, r.sp);
        (*generator).gi_frame_state.set(FRAME_SUSPENDED + r.oparg as i8);
        (*ts).exc_info.set((*generator).gi_exc_state.previous_item.replace(ptr::null_mut()));
        let caller = (*frame).previous.replace(ptr::null_mut());
        super::go_back(r, ts, caller, SEND_SIZE, value)
    }

    /// A generator or coroutine: its frame runs in this run of the interpreter.
    fn send_gen(r, ts) {
        let receiver = *slot(r, 2);
        if !receiver.is_exact(Generator::TYPE) && !receiver.is_exact(Coroutine::TYPE) {
            return Act::MISS;
        }
        let generator = receiver.ptr().cast::<PyGenObject>();
        if !can_resume(generator) || !has_room(ts) {
            return Act::MISS;
        }
        let value = super::pop(r).heap_safe();
        let return_offset = SEND_SIZE + r.oparg;
        enter(r, ts, generator, value, return_offset);
        Act::JUMP
    }

    /// A coroutine that nobody awaits yet stands for itself.
    fn get_awaitable_coroutine(r, _ts) {
        let awaitable = *slot(r, 1);
        if !awaitable.is_exact(Coroutine::TYPE) || !awaitable.is_owned() {
            return Act::MISS;
        }
        let state = (*awaitable.ptr().cast::<PyGenObject>()).gi_frame_state.get();
        if state == FRAME_SUSPENDED_YIELD_FROM { Act::MISS } else { Act::NEXT }
    }

    /// Receiver and result on the stack: the receiver goes.
    fn end_send(r, _ts) {
        let value = super::pop(r);
        let receiver = *slot(r, 1);
        *slot(r, 1) = value;
        super::drop_word(r, receiver, Act::NEXT)
    }
}

slow! {
    /// The prologue of a generator function: its frame moves into a new generator, which is the call's result.
    fn return_generator(m, _) {
        let function: Borrowed<'_, crate::types::Function> = Borrowed::from_ptr(frame::function(m.frame));
        let object = generator::from_function(function)?;
        let generator = object.as_ptr().cast::<PyGenObject>();
        let target = &raw mut (*generator).gi_iframe;
        (*m.frame).instr_ptr.set((*m.frame).instr_ptr.get().add(1));
        frame::copy(m.frame, target);
        (*target).owner.set(FRAME_OWNED_BY_GENERATOR as c_char);
        (*generator).gi_frame_state.set(crate::abi::FRAME_CREATED);
        let caller = (*m.frame).previous.get();
        (*m.thread).current_frame.set(caller);
        (*m.thread).py_recursion_remaining.set((*m.thread).py_recursion_remaining.get() + 1);
        frame::forget(m.frame);
        frame::pop_words(m.thread, m.frame.cast());
        crate::memory::object::gc_track(generator.cast());
        super::control::return_to(m.thread, caller, StackRef::from_ref(object));
        Ok(Flow::Reload)
    }

    fn yield_value_slow(m, from) {
        let value = m.pop().heap_safe();
        let generator = generator::of_frame(m.frame);
        (*m.frame).instr_ptr.set((*m.frame).instr_ptr.get().add(1));
        (*generator).gi_frame_state.set(FRAME_SUSPENDED + from as i8);
        (*m.thread).exc_info.set((*generator).gi_exc_state.previous_item.replace(ptr::null_mut()));
        (*m.thread).py_recursion_remaining.set((*m.thread).py_recursion_remaining.get() + 1);
        let caller = (*m.frame).previous.replace(ptr::null_mut());
        (*m.thread).current_frame.set(caller);
        (*caller).instr_ptr.set((*caller).instr_ptr.get().add(SEND_SIZE));
        Machine { frame: caller, thread: m.thread }.push(value);
        Ok(Flow::Reload)
    }

    fn send(m, oparg) {
        let receiver_word = *m.slot(2);
        if receiver_word.is_exact(Generator::TYPE) || receiver_word.is_exact(Coroutine::TYPE) {
            let generator = receiver_word.ptr().cast::<PyGenObject>();
            if can_resume(generator) {
                let value = m.pop().heap_safe();
                return resume(m, generator, value, SEND_SIZE + oparg);
            }
        }
        let receiver = m.peek(2)?;
        let value = m.peek(1)?;
        match generator::send_to(&receiver, value) {
            SendResult::Next(result) => {
                m.drop_top(1);
                m.push_ref(result);
                Ok(Flow::Next)
            }
            SendResult::Return(result) => {
                note_end(m, &receiver, &result)?;
                m.drop_top(1);
                m.push_ref(result);
                m.jump_by(1, oparg as isize)
            }
            SendResult::Error(raised) => Err(raised),
        }
    }

    fn end_send_slow(m, _) {
        let value = m.pop();
        m.drop_top(1);
        m.push(value);
        Ok(Flow::Next)
    }

    /// An exception came out of the `yield` inside `yield from`: StopIteration is the end, all else goes on.
    fn cleanup_throw(m, _) {
        let exception = m.peek(1)?;
        if !exception.is_instance_of::<StopIteration>() {
            crate::interp::unwind::note_reraise(m.thread, frame::instruction_index(m.frame));
            return Err(Raised::restore(exception.to_owned()));
        }
        let value = exception.getattr(id!("value"))?;
        m.drop_top(3);
        m.push(StackRef::none());
        m.push_ref(value);
        Ok(Flow::Next)
    }

    fn get_awaitable(m, which) {
        let iterable = m.peek(1)?;
        let iterator = match generator::get_awaitable_iter(iterable) {
            Ok(iterator) => iterator,
            Err(raised) => return Err(awaitable_error(raised, iterable, which)),
        };
        if iterator.is_exact::<Coroutine>() && generator::is_awaited(&iterator) {
            return Err(raise!(RuntimeError, "coroutine is being awaited already"));
        }
        m.drop_top(1);
        m.push_ref(iterator);
        Ok(Flow::Next)
    }

    fn get_aiter(m, _) {
        let object = m.peek(1)?;
        // SAFETY: null or the type's table.
        let Some(aiter) = object.type_of().tp_as_async.get().as_ref().and_then(|table| table.am_aiter.get()) else {
            return Err(raise!(
                TypeError,
                "'async for' requires an object with __aiter__ method, got {}",
                object.type_name()
            ));
        };
        let iterator: Ref<Object> = crate::object::protocol::attr::from_result(aiter(object.as_ptr()))?;
        if iterator.type_of().tp_as_async.get().as_ref().and_then(|table| table.am_anext.get()).is_none() {
            return Err(raise!(
                TypeError,
                "'async for' received an object from __aiter__ that does not implement __anext__: {}",
                iterator.type_name()
            ));
        }
        m.drop_top(1);
        m.push_ref(iterator);
        Ok(Flow::Next)
    }

    fn get_anext(m, _) {
        let iterator = m.peek(1)?;
        let awaitable = generator::get_anext(iterator)?;
        m.push_ref(awaitable);
        Ok(Flow::Next)
    }

    /// The exception that ended an `async for`: StopAsyncIteration is dropped with the iterator.
    fn end_async_for(m, _) {
        let exception = m.peek(1)?;
        if !exception.is_instance_of::<StopAsyncIteration>() {
            crate::interp::unwind::note_reraise(m.thread, frame::instruction_index(m.frame));
            return Err(Raised::restore(exception.to_owned()));
        }
        m.drop_top(2);
        Ok(Flow::Next)
    }
}

/// An awaitable that is no generator ends with a StopIteration for those who watch exceptions.
unsafe fn note_end(m: Machine, receiver: &Ref<Object>, result: &Ref<Object>) -> PyResult<()> {
    // SAFETY: the machine's frame is current.
    unsafe {
        let silent = result.is_none()
            && !receiver.is_exact::<generator::AsyncGenASend>()
            && !receiver.is_exact::<generator::AsyncGenAThrow>();
        if silent || monitoring::global_tools(event::RAISE) == 0 || (*m.thread).tracing.get() > 0 {
            return Ok(());
        }
        let class = StopIteration::type_object();
        let exception =
            if result.is_none() { class.as_object().call0()? } else { class.as_object().call1(result.borrow())? };
        fire::fire(m.thread, m.frame, m.ip(), event::RAISE, &[exception.borrow()])
    }
}

/// What `async with` says instead of the plain message about awaiting.
#[cold]
fn awaitable_error(raised: Raised, iterable: Borrowed<'_, Object>, which: usize) -> Raised {
    // SAFETY: null or the type's table.
    let awaitable =
        unsafe { iterable.type_of().tp_as_async.get().as_ref().is_some_and(|table| table.am_await.get().is_some()) };
    let method = match which {
        1 => "__aenter__",
        2 => "__aexit__",
        _ => return raised,
    };
    if awaitable {
        return raised;
    }
    raised.clear();
    raise!(
        TypeError,
        "'async with' received an object from {method} that does not implement __await__: {}",
        iterable.type_name()
    )
}
