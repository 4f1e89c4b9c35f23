//! Interpreter frames and the data stack they live on.
//!
//! A frame is a head of 80 bytes and then its local variables, cells, free variables and evaluation stack, all
//! `StackRef`s. Frames of calls stand one after another on chunks of the thread's data stack; a generator carries
//! its frame inside.
//!
//! **Invariant:** while Python code or C code that may look at frames runs, `instr_ptr` and `stackpointer` of every
//! frame but the one being executed are up to date, and the words below `stackpointer` are valid.
//! CPython: `pycore_interpframe.h`, `Python/frame.c`.

use core::ffi::c_char;
use core::mem::offset_of;
use core::ptr;
use std::sync::OnceLock;

use super::stackref::StackRef;
use crate::abi::{
    _Py_CODEUNIT, _PyInterpreterFrame, _PyStackChunk, FRAME_OWNED_BY_GENERATOR, FRAME_OWNED_BY_INTERPRETER,
    FRAME_OWNED_BY_THREAD, PyCodeObject, PyFunctionObject, PyObject, PyThreadState,
};
use crate::object::header;
use crate::prelude::*;

pub type Frame = _PyInterpreterFrame;

/// The head of a frame in words.
pub const HEAD_WORDS: usize = offset_of!(Frame, localsplus) / size_of::<StackRef>();

/// Words in a data stack chunk.
const CHUNK_WORDS: usize = 16 * 1024 / 8;

/// The code a frame executes.
///
/// # Safety
/// `frame` is initialised and executes code (all do but those of C stacks).
#[inline(always)]
pub unsafe fn code(frame: *mut Frame) -> *mut PyCodeObject {
    // SAFETY: by contract; the low bits are the tag.
    unsafe { ((*frame).f_executable.get().bits & !3) as *mut PyCodeObject }
}

/// The function a frame was made from.
///
/// # Safety
/// As [`code`].
#[inline(always)]
pub unsafe fn function(frame: *mut Frame) -> *mut PyFunctionObject {
    // SAFETY: by contract.
    unsafe { ((*frame).f_funcobj.get().bits & !3) as *mut PyFunctionObject }
}

/// The first instruction of a code object.
///
/// # Safety
/// `code` is a live code object.
#[inline(always)]
pub unsafe fn first_instruction(code: *mut PyCodeObject) -> *mut _Py_CODEUNIT {
    // SAFETY: the instructions follow the head.
    unsafe { (&raw mut (*code).co_code_adaptive).cast() }
}

/// The slot of local variable `index`.
///
/// # Safety
/// The frame has that many.
#[inline(always)]
pub unsafe fn local(frame: *mut Frame, index: usize) -> *mut StackRef {
    // SAFETY: by contract.
    unsafe { frame.cast::<StackRef>().add(HEAD_WORDS + index) }
}

/// The bottom of the evaluation stack.
///
/// # Safety
/// As [`code`].
#[inline(always)]
pub unsafe fn stack_base(frame: *mut Frame) -> *mut StackRef {
    // SAFETY: the stack follows the local variables.
    unsafe { local(frame, (*code(frame)).co_nlocalsplus.get() as usize) }
}

#[inline(always)]
pub unsafe fn stack_pointer(frame: *mut Frame) -> *mut StackRef {
    // SAFETY: a live frame.
    unsafe { (*frame).stackpointer.get().cast() }
}

#[inline(always)]
pub unsafe fn set_stack_pointer(frame: *mut Frame, sp: *mut StackRef) {
    // SAFETY: a live frame.
    unsafe { (*frame).stackpointer.set(sp.cast()) }
}

/// The index of the instruction being executed, in units of two bytes.
///
/// # Safety
/// As [`code`].
pub unsafe fn instruction_index(frame: *mut Frame) -> usize {
    // SAFETY: both point into the same code.
    unsafe { (*frame).instr_ptr.get().offset_from(first_instruction(code(frame))).max(0) as usize }
}

/// Whether the frame is one that Python code can see: not the bottom frame of a run, and past its prologue.
///
/// # Safety
/// A live frame.
pub unsafe fn is_incomplete(frame: *mut Frame) -> bool {
    // SAFETY: by contract.
    unsafe {
        let owner = (*frame).owner.get();
        if owner >= FRAME_OWNED_BY_INTERPRETER {
            return true;
        }
        if owner == FRAME_OWNED_BY_GENERATOR {
            return false;
        }
        let code = code(frame);
        (*frame).instr_ptr.get() < first_instruction(code).add((*code)._co_firsttraceable.get() as usize)
    }
}

/// The nearest frame at or below `frame` that Python code can see; null at the bottom.
///
/// # Safety
/// `frame` is null or live.
pub unsafe fn first_complete(mut frame: *mut Frame) -> *mut Frame {
    // SAFETY: by contract.
    unsafe {
        while !frame.is_null() && is_incomplete(frame) {
            frame = (*frame).previous.get();
        }
    }
    frame
}

/// Reserves `words` on the data stack; MemoryError when there is no memory.
///
/// # Safety
/// `thread` is the current thread state.
#[inline(always)]
pub unsafe fn push_words(thread: *mut PyThreadState, words: usize) -> PyResult<*mut StackRef> {
    // SAFETY: top and limit delimit the current chunk; both are null before the first.
    unsafe {
        let top = (*thread).datastack_top.get();
        let limit = (*thread).datastack_limit.get();
        if words < (limit as usize).wrapping_sub(top as usize) / 8 && !top.is_null() {
            (*thread).datastack_top.set(top.add(words));
            return Ok(top.cast());
        }
        push_chunk(thread, words)
    }
}

/// So many frames need no question.
const FEW_FRAMES: i64 = 100_000;

/// How many frames of Python may be active where `sys.setrecursionlimit` allows any number: memory that is used up is not refused,
/// the system ends the process. With what the traceback of an exception takes for them, they fit into half of the memory.
fn most_frames() -> i64 {
    /// A small frame, its frame object, its entry in the traceback, and what printing that takes.
    const FRAME: i64 = 1024;
    static MOST: OnceLock<i64> = OnceLock::new();
    *MOST.get_or_init(|| (crate::memory::limit() / 2 / FRAME).max(FEW_FRAMES))
}

#[cold]
#[inline(never)]
unsafe fn push_chunk(thread: *mut PyThreadState, words: usize) -> PyResult<*mut StackRef> {
    // SAFETY: the chunk list belongs to the thread.
    unsafe {
        let depth = (*thread).py_recursion_limit.get() - (*thread).py_recursion_remaining.get();
        if depth as i64 > FEW_FRAMES && depth as i64 > most_frames() {
            return Err(Raised::no_memory());
        }
        let mut size = CHUNK_WORDS;
        while size < words + 1024 {
            let Some(double) = size.checked_mul(2) else { return Err(Raised::no_memory()) };
            size = double;
        }
        let bytes = size * 8 + size_of::<_PyStackChunk>();
        let chunk = libc::malloc(bytes).cast::<_PyStackChunk>();
        if chunk.is_null() {
            return Err(Raised::no_memory());
        }
        let old = (*thread).datastack_chunk.get();
        (*chunk).previous.set(old);
        (*chunk).size.set(bytes);
        if !old.is_null() {
            let data = (&raw mut (*old).data).cast::<*mut PyObject>();
            (*old).top.set((*thread).datastack_top.get().offset_from(data) as usize);
        }
        (*chunk).top.set(0);
        let data = (&raw mut (*chunk).data).cast::<*mut PyObject>();
        (*thread).datastack_chunk.set(chunk);
        // A frame never starts at the very bottom of the first chunk: popping it would look like emptying the chunk.
        let start = if old.is_null() { data.add(1) } else { data };
        (*thread).datastack_top.set(start.add(words));
        (*thread).datastack_limit.set(data.add(size));
        Ok(start.cast())
    }
}

/// Gives back the words from `base` on.
///
/// # Safety
/// `base` came from [`push_words`] and everything pushed after it is popped.
#[inline(always)]
pub unsafe fn pop_words(thread: *mut PyThreadState, base: *mut StackRef) {
    // SAFETY: by contract.
    unsafe {
        let chunk = (*thread).datastack_chunk.get();
        if base.cast() != (&raw mut (*chunk).data) {
            (*thread).datastack_top.set(base.cast());
        } else {
            pop_chunk(thread, chunk);
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn pop_chunk(thread: *mut PyThreadState, chunk: *mut _PyStackChunk) {
    // SAFETY: never the first chunk (see `push_chunk`), so there is a previous one.
    unsafe {
        let previous = (*chunk).previous.get();
        let data = (&raw mut (*previous).data).cast::<*mut PyObject>();
        (*thread).datastack_chunk.set(previous);
        (*thread).datastack_top.set(data.add((*previous).top.get()));
        (*thread).datastack_limit.set(previous.cast::<u8>().add((*previous).size.get()).cast());
        libc::free(chunk.cast());
    }
}

/// Writes the head of a frame for a call of the function in `word`, which is taken over.
///
/// The code is not counted: the function keeps it, and assigning `__code__` keeps the old code alive.
///
/// # Safety
/// `frame` has room; `locals` is an owned mapping or null; `previous` is the calling frame.
#[inline(always)]
pub unsafe fn initialize(
    frame: *mut Frame,
    function_word: StackRef,
    locals: *mut PyObject,
    code: *mut PyCodeObject,
    previous: *mut Frame,
) {
    // SAFETY: by contract. The function keeps code, globals and builtins alive.
    unsafe {
        let function = function_word.ptr().cast::<PyFunctionObject>();
        (*frame).f_executable.set(raw_word(StackRef::borrow_ptr(code.cast())));
        (*frame).previous.set(previous);
        (*frame).f_funcobj.set(raw_word(function_word));
        (*frame).f_globals.set((*function).func_globals.get());
        (*frame).f_builtins.set((*function).func_builtins.get());
        (*frame).f_locals.set(locals);
        (*frame).frame_obj.set(ptr::null_mut());
        (*frame).instr_ptr.set(first_instruction(code));
        set_stack_pointer(frame, local(frame, (*code).co_nlocalsplus.get() as usize));
        (*frame).return_offset.set(0);
        (*frame).owner.set(FRAME_OWNED_BY_THREAD as c_char);
        (*frame).visited.set(0);
    }
}

/// The word as the layout has it.
#[inline(always)]
fn raw_word(word: StackRef) -> crate::abi::_PyStackRef {
    crate::abi::_PyStackRef { bits: word.bits() as usize }
}

/// Drops everything the frame holds: locals, stack, the `locals()` mapping, function and code. A frame object that
/// outlives the call takes the contents over instead. Runs with no exception set or with one kept aside.
///
/// # Safety
/// The frame is no longer executed and is already unlinked from the thread.
pub unsafe fn clear(thread: *mut PyThreadState, frame: *mut Frame) {
    // SAFETY: by contract.
    unsafe {
        debug_assert!((*thread).current_frame.get() != frame);
        let object = (*frame).frame_obj.get();
        if !object.is_null() {
            (*frame).frame_obj.set(ptr::null_mut());
            if header_count(object.cast()) > 1 {
                crate::types::frame::take_ownership(object, frame);
                header::decref(object.cast());
                return;
            }
            header::decref(object.cast());
        }
        clear_locals(frame);
        close_function(frame);
    }
}

unsafe fn header_count(object: *mut PyObject) -> u32 {
    // SAFETY: live object.
    unsafe { (*object).ob_refcnt.get() }
}

/// Drops locals, stack and the `locals()` mapping of a frame.
///
/// # Safety
/// As [`clear`].
pub unsafe fn clear_locals(frame: *mut Frame) {
    // SAFETY: the words below the stack pointer are valid; the pointer goes down first so that code that runs
    // meanwhile sees an empty frame.
    unsafe {
        let base = local(frame, 0);
        let mut top = stack_pointer(frame);
        set_stack_pointer(frame, base);
        while top > base {
            top = top.sub(1);
            // A frame object may still read its variables.
            ptr::replace(top, StackRef::NULL).close();
        }
        let locals = (*frame).f_locals.replace(ptr::null_mut());
        header::xdecref(locals);
    }
}

/// Drops the function and the code of a frame.
///
/// # Safety
/// As [`clear`].
#[inline(always)]
pub unsafe fn close_function(frame: *mut Frame) {
    // SAFETY: both words are valid.
    unsafe {
        let code = StackRef::from_bits((*frame).f_executable.get().bits as u64);
        StackRef::from_bits((*frame).f_funcobj.replace(raw_word(StackRef::NULL)).bits as u64).close();
        code.close();
    }
}

/// Makes `code`, of which a count is taken over, the code of a cleared frame.
///
/// # Safety
/// The frame holds nothing else.
pub unsafe fn keep_code(frame: *mut Frame, code: *mut PyCodeObject) {
    // SAFETY: by contract; an owned word is the pointer itself.
    unsafe { (*frame).f_executable.set(crate::abi::_PyStackRef { bits: code as usize }) }
}

/// Reports the references of a frame to the collector.
///
/// # Safety
/// The frame is not being executed.
pub unsafe fn traverse(frame: *mut Frame, visit: &mut Visitor) {
    // SAFETY: by contract.
    unsafe {
        visit.object((*frame).frame_obj.get());
        visit.object((*frame).f_locals.get());
        let function = StackRef::from_bits((*frame).f_funcobj.get().bits as u64);
        if function.is_owned() {
            visit.object(function.ptr());
        }
        let code = StackRef::from_bits((*frame).f_executable.get().bits as u64);
        if code.is_owned() {
            visit.object(code.ptr());
        }
        let mut slot = local(frame, 0);
        let top = stack_pointer(frame);
        while slot < top {
            if (*slot).is_owned() {
                visit.object((*slot).ptr());
            }
            slot = slot.add(1);
        }
    }
}

/// Moves the contents of `source` to `target`; borrowed words get counts of their own. The links between frames
/// are not copied.
///
/// # Safety
/// `target` has room for the frame.
pub unsafe fn copy(source: *mut Frame, target: *mut Frame) {
    // SAFETY: by contract.
    unsafe {
        let owned = |word: crate::abi::_PyStackRef| raw_word(StackRef::from_bits(word.bits as u64).heap_safe());
        (*target).f_executable.set(owned((*source).f_executable.get()));
        (*target).previous.set(ptr::null_mut());
        (*target).f_funcobj.set(owned((*source).f_funcobj.get()));
        (*target).f_globals.set((*source).f_globals.get());
        (*target).f_builtins.set((*source).f_builtins.get());
        (*target).f_locals.set((*source).f_locals.get());
        (*target).frame_obj.set((*source).frame_obj.get());
        (*target).instr_ptr.set((*source).instr_ptr.get());
        (*target).return_offset.set((*source).return_offset.get());
        (*target).visited.set(0);
        let count = stack_pointer(source).offset_from(local(source, 0)) as usize;
        for index in 0..count {
            *local(target, index) = (*local(source, index)).heap_safe();
        }
        set_stack_pointer(target, local(target, count));
    }
}

/// Empties a frame after [`copy`]: owned words moved, and borrowed ones were counted for the copy.
///
/// # Safety
/// The frame was copied with [`copy`] and is not used afterwards.
pub unsafe fn forget(frame: *mut Frame) {
    // SAFETY: by contract. An owned word is shared by both frames after the copy: it belongs to the copy.
    unsafe {
        set_stack_pointer(frame, local(frame, 0));
        (*frame).f_locals.set(ptr::null_mut());
        (*frame).f_funcobj.set(raw_word(StackRef::NULL));
    }
}
