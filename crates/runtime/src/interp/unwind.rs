//! Unwinding: from a raised exception to the handler that the exception table names.
//!
//! Handlers cost nothing until an exception is raised. The table's entries are sorted by start; an entry is four
//! numbers of six bits a byte: start, size, target and depth (doubled, with the flag "push the position"). The first
//! byte of an entry has bit 7 set, a byte with more to follow bit 6. See CPython's `InternalDocs/exception_handling.md`.

use taipan_compiler::opcode::{CACHES, Opcode};

use super::call;
use super::dispatch::Machine;
use super::frame::{self, Frame};
use super::monitoring::{self, event, fire};
use super::ops::{control, except};
use super::stackref::StackRef;
use crate::abi::{FRAME_OWNED_BY_INTERPRETER, PyCodeObject, PyThreadState};
use crate::prelude::*;
use crate::types::traceback;

/// What an entry of the exception table says.
pub struct Handler {
    pub target: usize,
    pub depth: usize,
    pub push_lasti: bool,
}

fn read_number(table: &[u8], position: &mut usize) -> usize {
    let mut value = 0;
    while let Some(&byte) = table.get(*position) {
        *position += 1;
        value = value << 6 | (byte & 63) as usize;
        if byte & 64 == 0 {
            break;
        }
    }
    value
}

/// The innermost handler of the instruction at `index`.
fn lookup(table: &[u8], index: usize) -> Option<Handler> {
    let table = nearby(table, index);
    let covers = |range: &core::ops::Range<usize>| range.contains(&index);
    entries(table)
        .take_while(|(range, _)| range.start <= index)
        .find(|(range, _)| covers(range))
        .map(|(_, handler)| handler)
}

/// The table from an entry on that starts at or before `index`, if there is one, and that is not far from the last such entry.
fn nearby(table: &[u8], index: usize) -> &[u8] {
    const NEAR: usize = 40;
    let (mut start, mut end) = (0, table.len());
    while end - start > NEAR {
        let mut middle = start + (end - start) / 2;
        while middle > start && table[middle] & 128 == 0 {
            middle -= 1;
        }
        if middle == start {
            break;
        }
        if read_number(table, &mut middle.clone()) > index {
            end = middle;
        } else {
            start = middle;
        }
    }
    &table[start..]
}

/// The targets of all handlers of an exception table.
pub fn handlers(table: &[u8]) -> impl Iterator<Item = usize> {
    entries(table).map(|(_, handler)| handler.target)
}

/// The entries of an exception table: the instructions they cover, and the handler.
pub fn entries(table: &[u8]) -> impl Iterator<Item = (core::ops::Range<usize>, Handler)> {
    let mut position = 0;
    core::iter::from_fn(move || {
        if position >= table.len() {
            return None;
        }
        let start = read_number(table, &mut position);
        let size = read_number(table, &mut position);
        let target = read_number(table, &mut position);
        let depth_and_flag = read_number(table, &mut position);
        let handler = Handler { target, depth: depth_and_flag >> 1, push_lasti: depth_and_flag & 1 != 0 };
        Some((start..start + size, handler))
    })
}

/// The next exception raised in the current frame is one raised again: it gets no new traceback entry there.
///
/// Its handler is that of the instruction which raises it again, wherever the frame says the exception came from.
///
/// # Safety
/// `thread` is the current thread state.
pub unsafe fn note_reraise(thread: *mut PyThreadState, index: usize) {
    // SAFETY: the current frame is live while it executes.
    unsafe {
        let frame = (*thread).current_frame.get();
        (*frame).visited.set((*frame).visited.get() | RERAISE);
    }
    RAISED_AGAIN_AT.0.set(index);
}

/// The instruction of the last [`note_reraise`]; read before anything else runs.
struct Index(core::cell::Cell<usize>);
// SAFETY: read and written under the GIL.
unsafe impl Sync for Index {}
static RAISED_AGAIN_AT: Index = Index(core::cell::Cell::new(0));

/// The bit in a frame's `visited` that [`note_reraise`] sets; the collector does not use the field here.
const RERAISE: u8 = 0x80;

/// With an exception set, makes the frame and instruction of its handler current; `false` when the exception leaves
/// the run, whose bottom frame is current then. `thrown` says that no instruction raised it: it comes from `throw()`.
///
/// # Safety
/// `thread` is the current thread state, with registers saved in its current frame.
pub unsafe fn find_handler(thread: *mut PyThreadState, thrown: bool) -> bool {
    // SAFETY: frames between the current one and the bottom of the run are complete.
    unsafe {
        // Tools are told that the exception comes from the last unit of the instruction that raised it, but in frames
        // that called it from the unit before the call.
        let mut raised_here = true;
        let mut thrown = thrown;
        loop {
            let frame = (*thread).current_frame.get();
            if (*frame).owner.get() == FRAME_OWNED_BY_INTERPRETER {
                if !call::is_init_shim(frame) {
                    return false;
                }
                (*thread).current_frame.set((*frame).previous.get());
                call::drop_init_shim(thread, frame);
                continue;
            }
            let reraised = (*frame).visited.get() & RERAISE != 0;
            (*frame).visited.set((*frame).visited.get() & !RERAISE);
            if !reraised && !frame::is_incomplete(frame) {
                traceback::add_here(thread, frame);
            }
            let mut index = if reraised { RAISED_AGAIN_AT.0.get() } else { frame::instruction_index(frame) };
            if core::mem::take(&mut thrown) {
                // The `yield` raises, not the instruction behind it where the frame waits.
                index = index.saturating_sub(1);
            }
            let code = frame::code(frame);
            let first = frame::first_instruction(code).cast::<u16>();
            let mut place = index;
            if monitoring::watches_exceptions() {
                if !reraised {
                    let base = monitoring::install::base_opcode(code, index) as usize;
                    place = if raised_here { index + CACHES[base] as usize } else { index.saturating_sub(1) };
                }
                // A callback that raises has its exception take the place of the old one.
                let event = if reraised { event::RERAISE } else { event::RAISE };
                fire::fire_exception(thread, frame, first.add(place), event);
            }
            raised_here = false;
            while let Some(target) = enter_handler(thread, frame, index) {
                if handled(Machine { frame, thread }, first.add(target)) {
                    return true;
                }
                // The handler has begun as far as the exception table knows.
                if monitoring::install::base_opcode(code, target) == Opcode::PUSH_EXC_INFO as u8 {
                    let saved = Raised::take_if_set();
                    let begun = except::push_exc_info(frame, thread, 0);
                    match (begun, saved) {
                        (Ok(_), Some(saved)) => {
                            let _ = Raised::restore(saved);
                        }
                        (_, saved) => drop(saved),
                    }
                }
                (index, place) = (target, target);
            }
            let caller = (*frame).previous.get();
            if monitoring::watches_exceptions() {
                empty_stack(Machine { frame, thread });
                fire::fire_exception(thread, frame, first.add(place), event::PY_UNWIND);
            }
            {
                let _aside = Raised::aside();
                control::pop_frame(Machine { frame, thread });
            }
            debug_assert!((*thread).current_frame.get() == caller);
        }
    }
}

/// Drops the evaluation stack of a frame that an exception leaves. With the exception set.
unsafe fn empty_stack(m: Machine) {
    // SAFETY: by contract of `find_handler`.
    unsafe {
        let bottom = frame::stack_base(m.frame);
        if m.sp() > bottom {
            let _aside = Raised::aside();
            while m.sp() > bottom {
                m.pop().close();
            }
        }
    }
}

/// Tells the tools that the handler at `target` has been entered; `false` when one of them raised.
unsafe fn handled(m: Machine, target: *mut u16) -> bool {
    // SAFETY: by contract of `find_handler`; the exception stands on the stack.
    unsafe {
        fire::note_arrival(target);
        if monitoring::global_tools(event::EXCEPTION_HANDLED) == 0 {
            return true;
        }
        let Ok(exception) = m.peek(1) else { return false };
        let exception = exception.to_owned();
        fire::fire(m.thread, m.frame, target, event::EXCEPTION_HANDLED, &[exception.borrow()]).is_ok()
    }
}

/// Moves to the handler in this frame, if there is one: the stack goes down to its depth, and the exception on it.
/// Answers with the index of the handler.
unsafe fn enter_handler(thread: *mut PyThreadState, frame: *mut Frame, index: usize) -> Option<usize> {
    // SAFETY: by contract of `find_handler`.
    unsafe {
        let code: *mut PyCodeObject = frame::code(frame);
        let table: Borrowed<'_, Bytes> = Borrowed::from_ptr((*code).co_exceptiontable.get());
        let handler = lookup(table.as_slice(), index)?;
        let exception = Raised::take_if_set()?;
        let m = Machine { frame, thread };
        let bottom = frame::stack_base(frame).add(handler.depth);
        while m.sp() > bottom {
            m.pop().close();
        }
        if handler.push_lasti {
            m.push(StackRef::int(frame::instruction_index(frame) as i64));
        }
        m.push_ref(exception);
        (*frame).instr_ptr.set(frame::first_instruction(code).add(handler.target));
        Some(handler.target)
    }
}
