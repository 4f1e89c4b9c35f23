//! Unwinding: from a raised exception to the handler that the exception table names.
//!
//! Handlers cost nothing until an exception is raised. The table's entries are sorted by start; an entry is four
//! numbers of six bits a byte: start, size, target and depth (doubled, with the flag "push the position"). The first
//! byte of an entry has bit 7 set, a byte with more to follow bit 6. See CPython's `InternalDocs/exception_handling.md`.

use super::call;
use super::dispatch::Machine;
use super::frame::{self, Frame};
use super::ops::control;
use super::stackref::StackRef;
use crate::abi::{FRAME_OWNED_BY_INTERPRETER, PyCodeObject, PyThreadState};
use crate::prelude::*;
use crate::types::traceback;

/// What an entry of the exception table says.
struct Handler {
    target: usize,
    depth: usize,
    push_lasti: bool,
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
    let mut position = 0;
    while position < table.len() {
        let start = read_number(table, &mut position);
        let size = read_number(table, &mut position);
        let target = read_number(table, &mut position);
        let depth_and_flag = read_number(table, &mut position);
        if start > index {
            return None;
        }
        if index < start + size {
            return Some(Handler { target, depth: depth_and_flag >> 1, push_lasti: depth_and_flag & 1 != 0 });
        }
    }
    None
}

/// The next exception raised in the current frame is one raised again: it gets no new traceback entry there.
///
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
/// the run, whose bottom frame is current then.
///
/// # Safety
/// `thread` is the current thread state, with registers saved in its current frame.
pub unsafe fn find_handler(thread: *mut PyThreadState) -> bool {
    // SAFETY: frames between the current one and the bottom of the run are complete.
    unsafe {
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
            let index = if reraised { RAISED_AGAIN_AT.0.get() } else { frame::instruction_index(frame) };
            if enter_handler(thread, frame, index) {
                return true;
            }
            let caller = (*frame).previous.get();
            let saved = Raised::take_if_set();
            control::pop_frame(Machine { frame, thread });
            if let Some(saved) = saved {
                let _ = Raised::restore(saved);
            }
            debug_assert!((*thread).current_frame.get() == caller);
        }
    }
}

/// Moves to the handler in this frame, if there is one: the stack goes down to its depth, and the exception on it.
unsafe fn enter_handler(thread: *mut PyThreadState, frame: *mut Frame, index: usize) -> bool {
    // SAFETY: by contract of `find_handler`.
    unsafe {
        let code: *mut PyCodeObject = frame::code(frame);
        let table: Borrowed<'_, Bytes> = Borrowed::from_ptr((*code).co_exceptiontable.get());
        let Some(handler) = lookup(table.as_slice(), index) else { return false };
        let Some(exception) = Raised::take_if_set() else { return false };
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
        true
    }
}
