//! Iteration.

use super::{drop_word, fast, push, save, slot, slow};
use crate::abi::{PyGenObject, PyListObject, PyObject, PyTupleObject};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::monitoring::{event, fire};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::types::builtin_iters::{Enumerate, Zip};
use crate::types::dict::iter::{DictItemIterator, DictIterHead, DictKeyIterator, DictValueIterator};
use crate::types::exceptions::StopIteration;
use crate::types::iter::{ListIterator, TupleIterator};
use crate::types::range::RangeIterator;
use crate::types::set::SetIterator;
use crate::types::str::{StrAsciiIterator, latin1_char_raw};
use crate::types::{Coroutine, Generator};
use taipan_compiler::opcode::Opcode;

/// FOR_ITER with its cache unit; UNPACK_SEQUENCE is as long.
const SIZE: usize = 2;

fast! {
    fn for_iter_range(r, _ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(RangeIterator::TYPE) {
            return Act::MISS;
        }
        let range = iterator.ptr().cast::<crate::abi::_PyRangeIterObject>();
        let left = (*range).len.get();
        if left <= 0 {
            // Past END_FOR, to POP_ITER.
            r.ip = r.ip.add(SIZE + r.oparg + 1);
            super::keep_branch!();
            return Act::JUMP;
        }
        let value = (*range).start.get();
        let Some(word) = StackRef::try_int(value) else { return Act::MISS };
        (*range).start.set(value.wrapping_add((*range).step.get()));
        (*range).len.set(left - 1);
        push(r, word);
        super::keep_branch!();
        r.ip = r.ip.add(SIZE);
        Act::JUMP
    }

    fn for_iter_list(r, _ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(ListIterator::TYPE) {
            return Act::MISS;
        }
        let state = iterator.ptr().cast::<crate::abi::_PyListIterObject>();
        let list = (*state).it_seq.get().cast::<PyListObject>();
        if list.is_null() {
            return Act::MISS;
        }
        let index = (*state).it_index.get();
        if index as usize >= (*list).ob_base.ob_size.get() as usize {
            let list = StackRef::steal(list.cast());
            if super::is_last(list) {
                return Act::MISS;
            }
            (*state).it_index.set(-1);
            (*state).it_seq.set(core::ptr::null_mut());
            super::lower(list);
            r.ip = r.ip.add(SIZE + r.oparg + 1);
            return Act::JUMP;
        }
        (*state).it_index.set(index + 1);
        push(r, super::counted(*(*list).ob_item.get().add(index as usize)));
        Act::NEXT
    }

    fn for_iter_tuple(r, _ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(TupleIterator::TYPE) {
            return Act::MISS;
        }
        let state = iterator.ptr().cast::<crate::abi::_PyTupleIterObject>();
        let tuple = (*state).it_seq.get().cast::<PyTupleObject>();
        if tuple.is_null() {
            return Act::MISS;
        }
        let index = (*state).it_index.get();
        if index >= (*tuple).ob_base.ob_size.get() {
            let tuple = StackRef::steal(tuple.cast());
            if super::is_last(tuple) {
                return Act::MISS;
            }
            (*state).it_seq.set(core::ptr::null_mut());
            super::lower(tuple);
            r.ip = r.ip.add(SIZE + r.oparg + 1);
            return Act::JUMP;
        }
        (*state).it_index.set(index + 1);
        push(r, super::counted(*(&raw const (*tuple).ob_item).cast::<*mut PyObject>().add(index as usize)));
        Act::NEXT
    }

    /// Keys, values, or items that the next instruction takes apart: those need no tuple.
    fn for_iter_dict(r, _ts) {
        let iterator = *slot(r, 1);
        if iterator.is_int() {
            return Act::MISS;
        }
        let ty = (*iterator.ptr()).ob_type.get();
        let next = r.ip.add(SIZE);
        if ty == DictItemIterator::TYPE {
            if *next != Opcode::UNPACK_SEQUENCE_TWO_TUPLE as u16 | 2 << 8 {
                return Act::MISS;
            }
        } else if ty != DictKeyIterator::TYPE && ty != DictValueIterator::TYPE {
            return Act::MISS;
        }
        let Some((key, value)) = (*iterator.ptr().cast::<DictIterHead>()).step() else { return Act::MISS };
        if ty == DictKeyIterator::TYPE {
            push(r, super::counted(key));
            return Act::NEXT;
        }
        push(r, super::counted(value));
        if ty == DictItemIterator::TYPE {
            push(r, super::counted(key));
            r.ip = next.add(SIZE);
            return Act::JUMP;
        }
        Act::NEXT
    }

    /// The characters of an ASCII string.
    fn for_iter_str(r, _ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(StrAsciiIterator::TYPE) {
            return Act::MISS;
        }
        let Some(c) = (*iterator.ptr().cast::<StrAsciiIterator>()).step() else { return Act::MISS };
        push(r, super::counted(latin1_char_raw(c).cast()));
        Act::NEXT
    }

    fn for_iter_set(r, _ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(SetIterator::TYPE) {
            return Act::MISS;
        }
        let key = (*iterator.ptr().cast::<SetIterator>()).step();
        if key.is_null() {
            return Act::MISS;
        }
        push(r, super::counted(key));
        Act::NEXT
    }

    /// A generator: its frame runs in this run of the interpreter. `return` in it goes to END_FOR, which drops the value.
    fn for_iter_gen(r, ts) {
        let iterator = *slot(r, 1);
        if !iterator.is_exact(Generator::TYPE) {
            return Act::MISS;
        }
        let generator = iterator.ptr().cast::<PyGenObject>();
        if !super::generator::can_resume(generator) || !super::generator::has_room(ts) {
            return Act::MISS;
        }
        let return_offset = SIZE + r.oparg;
        super::generator::enter(r, ts, generator, StackRef::none(), return_offset);
        Act::JUMP
    }

    /// The next item of any iterator.
    fn for_iter(r, ts) {
        let iterator = *slot(r, 1);
        if iterator.is_int() || specialize::due(r.ip) {
            return Act::MISS;
        }
        let Some(next) = (*(*iterator.ptr()).ob_type.get()).tp_iternext.get() else { return Act::MISS };
        save(r);
        let item = next(iterator.ptr());
        if item.is_null() {
            return finish(r, ts);
        }
        push(r, super::owned(item));
        Act::NEXT
    }

    /// `for number, item in enumerate(..)`: no tuple is made.
    fn for_iter_enumerate(r, ts) {
        let iterator = *slot(r, 1);
        if !takes_pair_apart(r.ip) || !iterator.is_exact(Enumerate::TYPE) {
            return Act::MISS;
        }
        let state = iterator.ptr().cast::<crate::abi::_PyEnumObject>();
        let number = (*state).en_index.get();
        let source = (*state).en_sit.get();
        let (Some(word), Some(next)) = (StackRef::try_int(number as i64), (*(*source).ob_type.get()).tp_iternext.get()) else {
            return Act::MISS;
        };
        if !(*state).en_longindex.get().is_null() {
            return Act::MISS;
        }
        save(r);
        let item = next(source);
        if item.is_null() {
            return finish(r, ts);
        }
        // By one from where the count is now, since the source may have asked for an item itself.
        (*state).en_index.set((*state).en_index.get() + 1);
        push(r, super::owned(item));
        push(r, word);
        r.ip = r.ip.add(2 * SIZE);
        Act::JUMP
    }

    /// `for a, b in zip(.., ..)`: no tuple is made.
    fn for_iter_zip(r, ts) {
        let iterator = *slot(r, 1);
        if !takes_pair_apart(r.ip) || !iterator.is_exact(Zip::TYPE) {
            return Act::MISS;
        }
        let state = iterator.ptr().cast::<crate::abi::zipobject>();
        if (*state).tuplesize.get() != 2 || (*state).strict.get() != 0 {
            return Act::MISS;
        }
        let sources = (&raw const (*(*state).ittuple.get().cast::<PyTupleObject>()).ob_item).cast::<*mut PyObject>();
        let (first, second) = (*sources, *sources.add(1));
        let (Some(next_first), Some(next_second)) =
            ((*(*first).ob_type.get()).tp_iternext.get(), (*(*second).ob_type.get()).tp_iternext.get())
        else {
            return Act::MISS;
        };
        save(r);
        let a = next_first(first);
        if a.is_null() {
            return finish(r, ts);
        }
        let b = next_second(second);
        if b.is_null() {
            header::decref(a);
            return finish(r, ts);
        }
        push(r, super::owned(b));
        push(r, super::owned(a));
        r.ip = r.ip.add(2 * SIZE);
        Act::JUMP
    }

    fn end_for(r, _ts) {
        let word = super::pop(r);
        drop_word(r, word, Act::NEXT)
    }
}

slow! {
    fn get_iter(m, _) {
        let iterator = m.peek(1)?.iter()?;
        m.drop_top(1);
        m.push_ref(iterator);
        Ok(Flow::Next)
    }

    fn for_iter_adapt(m, oparg) {
        if specialize::due(m.ip()) {
            specialize::for_iter(m);
            return Ok(Flow::Retry);
        }
        match next_watched(m)? {
            Some(item) => {
                m.push_ref(item);
                Ok(Flow::Next)
            }
            None => finish_loop(m, oparg),
        }
    }

    fn for_iter_gen_slow(m, oparg) {
        let word = *m.slot(1);
        if !word.is_exact(Generator::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let generator = word.ptr().cast::<PyGenObject>();
        if !super::generator::can_resume(generator) {
            return match m.peek(1)?.next()? {
                Some(item) => {
                    m.push_ref(item);
                    Ok(Flow::Next)
                }
                None => finish_loop(m, oparg),
            };
        }
        super::generator::resume(m, generator, StackRef::none(), SIZE + oparg)
    }

    fn get_yield_from_iter(m, _) {
        let iterable = m.peek(1)?;
        if iterable.is_exact::<Coroutine>() {
            let flags = (*crate::interp::frame::code(m.frame)).co_flags.get();
            if flags & (crate::abi::CO_COROUTINE | crate::abi::CO_ITERABLE_COROUTINE) == 0 {
                return Err(raise!(TypeError, "cannot 'yield from' a coroutine object in a non-coroutine generator"));
            }
            return Ok(Flow::Next);
        }
        if iterable.is_exact::<Generator>() {
            return Ok(Flow::Next);
        }
        let iterator = iterable.iter()?;
        m.drop_top(1);
        m.push_ref(iterator);
        Ok(Flow::Next)
    }
}

/// The next item of the iterator on top. A StopIteration that the iterator really raised is an event of its own.
pub unsafe fn next_watched(m: Machine) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: the iterator stands on the stack.
    unsafe {
        let iterator = m.peek(1)?;
        let Some(next) = iterator.type_of().tp_iternext.get() else { return iterator.next() };
        if let Some(item) = Ref::from_owned_ptr_or_null(next(iterator.as_ptr())) {
            return Ok(Some(item));
        }
        if !Raised::is_set() {
            return Ok(None);
        }
        let raised = Raised::assume_set();
        if !raised.is_a::<StopIteration>() {
            return Err(raised);
        }
        if !fire::fire_exception(m.thread, m.frame, m.ip(), event::RAISE) {
            return Err(raised);
        }
        raised.clear();
        Ok(None)
    }
}

/// Whether the instruction behind FOR_ITER takes a pair apart.
#[inline(always)]
unsafe fn takes_pair_apart(ip: *mut u16) -> bool {
    // SAFETY: an instruction follows.
    unsafe { *ip.add(SIZE) == Opcode::UNPACK_SEQUENCE_TWO_TUPLE as u16 | 2 << 8 }
}

/// The iterator has given nothing: the end of the loop, or an exception.
#[inline(always)]
unsafe fn finish(r: &mut super::Regs, ts: *mut crate::abi::PyThreadState) -> Act {
    // SAFETY: the registers are saved.
    unsafe {
        if Raised::is_set() && !is_stop(r.fp, ts) {
            return Act::RAISED;
        }
        // Past END_FOR, to POP_ITER.
        r.ip = r.ip.add(SIZE + r.oparg + 1);
        Act::JUMP
    }
}

/// Whether the exception that is set is the end of an iteration; it is cleared then. One that was really raised is an event of its own.
#[cold]
#[inline(never)]
unsafe fn is_stop(frame: *mut crate::interp::frame::Frame, thread: *mut crate::abi::PyThreadState) -> bool {
    // SAFETY: an exception is set, and the registers are saved.
    unsafe {
        let m = Machine { frame, thread };
        let raised = Raised::assume_set();
        if !raised.is_a::<StopIteration>() || !fire::fire_exception(m.thread, m.frame, m.ip(), event::RAISE) {
            return false;
        }
        raised.clear();
        true
    }
}

/// The end of a loop: the iterator stays for POP_ITER, and END_FOR is skipped.
pub unsafe fn finish_loop(m: Machine, oparg: usize) -> PyResult<Flow> {
    // SAFETY: the jump's target is POP_ITER behind END_FOR.
    unsafe { m.jump_by(1, oparg as isize + 1) }
}
