//! Jumps, returns and the start of code.

use core::sync::atomic::Ordering;

use taipan_compiler::opcode::Opcode;

use super::{drop_word, fast, give_up, keep_branch, lower, pop, slow};
use crate::abi::{_PY_EVAL_EVENTS_MASK, FRAME_CLEARED, FRAME_OWNED_BY_GENERATOR, FRAME_OWNED_BY_THREAD, PyThreadState};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::frame;
use crate::interp::monitoring::install;
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::thread;

fast! {
    /// The start of code and the place after a suspension: looks at the eval breaker, which also holds the version
    /// of instrumentation that the code should have.
    fn resume(r, ts) {
        let breaker = (*ts).eval_breaker.load(Ordering::Relaxed);
        if breaker != 0 && breaker != (*frame::code(r.fp))._co_instrumentation_version.get() {
            return Act::MISS;
        }
        Act::NEXT
    }

    /// The first execution, which shows in the instruction from then on.
    fn resume_first(r, ts) {
        let act = resume(r, ts);
        // An instrumented one leads here as well, and stays.
        if act == Act::NEXT && *r.ip as u8 == Opcode::RESUME as u8 {
            specialize::rewrite(r.ip, Opcode::RESUME_CHECK as u8);
        }
        act
    }

    fn jump_forward(r, _ts) {
        r.ip = r.ip.add(1 + r.oparg);
        Act::JUMP
    }

    fn jump_backward(r, ts) {
        if (*ts).eval_breaker.load(Ordering::Relaxed) & _PY_EVAL_EVENTS_MASK != 0 {
            return Act::MISS;
        }
        r.ip = r.ip.add(2).sub(r.oparg);
        Act::JUMP
    }

    /// The first execution of a loop's end: there is no tracing compiler to count for.
    fn jump_backward_first(r, ts) {
        let ip = r.ip;
        let act = jump_backward(r, ts);
        if act == Act::JUMP && *ip as u8 == Opcode::JUMP_BACKWARD as u8 {
            specialize::rewrite(ip, Opcode::JUMP_BACKWARD_NO_JIT as u8);
        }
        act
    }

    fn jump_backward_no_interrupt(r, _ts) {
        r.ip = r.ip.add(1).sub(r.oparg);
        Act::JUMP
    }

    fn pop_jump_if_false(r, _ts) {
        let word = pop(r);
        if word.is_ptr(Bool::false_ptr()) {
            r.ip = r.ip.add(2 + r.oparg);
            keep_branch!();
        } else {
            r.ip = r.ip.add(2);
            keep_branch!();
        }
        Act::JUMP
    }

    fn pop_jump_if_true(r, _ts) {
        let word = pop(r);
        if word.is_ptr(Bool::true_ptr()) {
            r.ip = r.ip.add(2 + r.oparg);
            keep_branch!();
        } else {
            r.ip = r.ip.add(2);
            keep_branch!();
        }
        Act::JUMP
    }

    fn pop_jump_if_none(r, _ts) {
        let word = pop(r);
        if word.is_ptr(crate::object::none_ptr()) {
            r.ip = r.ip.add(2 + r.oparg);
            return Act::JUMP;
        }
        r.ip = r.ip.add(2);
        drop_word(r, word, Act::JUMP)
    }

    fn pop_jump_if_not_none(r, _ts) {
        let word = pop(r);
        if word.is_ptr(crate::object::none_ptr()) {
            r.ip = r.ip.add(2);
            return Act::JUMP;
        }
        r.ip = r.ip.add(2 + r.oparg);
        drop_word(r, word, Act::JUMP)
    }

    /// Returns to the calling frame. Locals whose last count this is leave by way of `DEALLOC_JUMP`, which executes
    /// the instruction again; the frame is off the stack then, so that no `__del__` sees it.
    fn return_value(r, ts) {
        let frame = r.fp;
        if !(*frame).frame_obj.get().is_null()
            || !(*frame).f_locals.get().is_null()
            || (*frame).owner.get() != FRAME_OWNED_BY_THREAD as c_char
        {
            return Act::MISS;
        }
        let value = (*r.sp.sub(1)).heap_safe();
        *r.sp.sub(1) = value;
        let base = frame::local(frame, 0);
        let mut variable = r.sp.sub(1);
        while variable > base {
            variable = variable.sub(1);
            let word = *variable;
            if word.is_owned() {
                *variable = StackRef::NULL;
                if lower(word) {
                    (*ts).current_frame.set((*frame).previous.get());
                    r.pending = word.bits();
                    return Act::DEALLOC_JUMP;
                }
            }
        }
        let function = StackRef::from_bits((*frame).f_funcobj.get().bits as u64);
        if function.is_owned() {
            (*frame).f_funcobj.set(crate::abi::_PyStackRef { bits: StackRef::NULL.bits() as usize });
            if super::is_last(function) {
                // The code goes with the function: let the slow form do it.
                (*frame).f_funcobj.set(crate::abi::_PyStackRef { bits: function.bits() as usize });
                return Act::MISS;
            }
            lower(function);
        }
        let chunk = (*ts).datastack_chunk.get();
        if frame.cast() == (&raw mut (*chunk).data) {
            return Act::MISS;
        }
        let caller = (*frame).previous.get();
        (*ts).datastack_top.set(frame.cast());
        super::go_back(r, ts, caller, (*caller).return_offset.get() as usize, value)
    }
}

fast! {
    /// `return` of a generator or coroutine, whose frame is its own. Its code stays with it.
    fn return_generator_value(r, ts) {
        let frame = r.fp;
        if (*frame).owner.get() != FRAME_OWNED_BY_GENERATOR as c_char
            || !(*frame).frame_obj.get().is_null()
            || !(*frame).f_locals.get().is_null()
        {
            return Act::MISS;
        }
        let value = (*r.sp.sub(1)).heap_safe();
        *r.sp.sub(1) = value;
        let base = frame::local(frame, 0);
        let mut variable = r.sp.sub(1);
        while variable > base {
            variable = variable.sub(1);
            let word = *variable;
            if word.is_owned() {
                if super::is_last(word) {
                    // Code that runs meanwhile still sees the frame: let the slow form do it.
                    return Act::MISS;
                }
                *variable = StackRef::NULL;
                lower(word);
            }
        }
        let function = StackRef::from_bits((*frame).f_funcobj.get().bits as u64);
        if super::is_last(function) {
            return Act::MISS;
        }
        (*frame).f_funcobj.set(crate::abi::_PyStackRef { bits: StackRef::NULL.bits() as usize });
        give_up(function);
        frame::set_stack_pointer(frame, base);
        let generator = crate::types::generator::of_frame(frame);
        (*generator).gi_frame_state.set(FRAME_CLEARED);
        (*ts).exc_info.set((*generator).gi_exc_state.previous_item.replace(core::ptr::null_mut()));
        let caller = (*frame).previous.replace(core::ptr::null_mut());
        super::go_back(r, ts, caller, (*caller).return_offset.get() as usize, value)
    }
}

slow! {
    fn resume_slow(m, oparg) {
        if needs_instrumentation(m) {
            install::instrument(frame::code(m.frame))?;
            return Ok(Flow::Retry);
        }
        // After `yield from` and `await` the inner iterator looks at the eval breaker itself.
        if oparg & 3 < 2 {
            thread::handle_eval_breaker(m.thread)?;
        }
        Ok(Flow::Next)
    }

    fn jump_backward_slow(m, oparg) {
        let target = m.ip().add(2).sub(oparg);
        thread::handle_eval_breaker(m.thread)?;
        m.jump_to(target)
    }

    fn return_value_slow(m, _) {
        let value = m.pop().heap_safe();
        leave_frame(m, value);
        Ok(Flow::Reload)
    }

    fn interpreter_exit(_m, _) {
        Ok(Flow::Exit)
    }

    fn not_reachable(m, _) {
        Err(raise!(SystemError, "{}:{}: unknown opcode {}", "interp", 0, *m.ip() & 0xff))
    }
}

/// Whether the code of the frame has to be instrumented anew. Not while a callback runs.
pub unsafe fn needs_instrumentation(m: Machine) -> bool {
    // SAFETY: the machine's frame is live.
    unsafe {
        (*m.thread).tracing.get() == 0
            && (*frame::code(m.frame))._co_instrumentation_version.get() != crate::interp::monitoring::version()
    }
}

/// Ends the current frame with `value` as its result for the caller.
///
/// # Safety
/// The machine's frame is current and its stack below the value is not needed.
pub unsafe fn leave_frame(m: Machine, value: StackRef) {
    // SAFETY: by contract.
    unsafe {
        let caller = (*m.frame).previous.get();
        pop_frame(m);
        return_to(m.thread, caller, value);
    }
}

/// Hands `value` to `caller` as the result of the call it is in.
///
/// # Safety
/// `caller` is the current frame and waits for a call's result.
pub unsafe fn return_to(thread: *mut PyThreadState, caller: *mut frame::Frame, value: StackRef) {
    // SAFETY: by contract.
    unsafe {
        let ip = (*caller).instr_ptr.get().add((*caller).return_offset.get() as usize);
        (*caller).instr_ptr.set(ip);
        Machine { frame: caller, thread }.push(value);
    }
}

/// Unlinks the current frame and drops what it holds; the frame of a generator only ends.
///
/// # Safety
/// As [`leave_frame`].
pub unsafe fn pop_frame(m: Machine) {
    // SAFETY: by contract.
    unsafe {
        let frame = m.frame;
        (*m.thread).current_frame.set((*frame).previous.get());
        (*m.thread).py_recursion_remaining.set((*m.thread).py_recursion_remaining.get() + 1);
        if (*frame).owner.get() == FRAME_OWNED_BY_THREAD as c_char {
            frame::clear(m.thread, frame);
            frame::pop_words(m.thread, frame.cast());
        } else {
            crate::types::generator::finish_frame(m.thread, frame);
        }
    }
}
