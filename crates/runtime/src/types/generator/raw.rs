//! The memory of generators: allocation with room for the frame, the end of the frame, traversal, deallocation.

use core::mem::offset_of;
use core::ptr;

use super::{AsyncGenerator, Coroutine, Generator};
use crate::abi::{
    CO_ASYNC_GENERATOR, CO_COROUTINE, FRAME_CLEARED, FRAME_CREATED, FRAME_EXECUTING, PyGenObject, PyThreadState,
};
use crate::interp::frame::{self, Frame};
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::types::Function;

/// A new object of the kind that the function's code asks for, with room for its frame; not tracked yet, and with a
/// frame still to be copied in.
pub fn from_function(function: Borrowed<'_, Function>) -> PyResult<Ref<Object>> {
    let code = function.code();
    let slots = code.0.co_nlocalsplus.get() as usize + code.0.co_stacksize.get() as usize;
    let flags = code.flags();
    let ty = if flags & CO_ASYNC_GENERATOR != 0 {
        AsyncGenerator::TYPE
    } else if flags & CO_COROUTINE != 0 {
        Coroutine::TYPE
    } else {
        Generator::TYPE
    };
    // SAFETY: every field is written before the object is tracked.
    unsafe {
        // The stack of the frame need not be cleared: what lies above its pointer is never read.
        let size = (*ty).tp_basicsize.get() as usize + slots * size_of::<StackRef>();
        let generator = crate::memory::object::alloc_sized(ty, size)?.cast::<PyGenObject>();
        let (start, end) = (size_of::<crate::abi::PyObject>(), offset_of!(PyGenObject, gi_iframe));
        ptr::write_bytes(generator.cast::<u8>().add(start), 0, end - start);
        let raw = &*generator;
        raw.gi_name.set(function.name().to_owned().into_ptr());
        raw.gi_qualname.set(function.qualname().to_owned().into_ptr());
        raw.gi_frame_state.set(FRAME_CLEARED);
        if flags & CO_COROUTINE != 0 {
            raw.gi_origin_or_finalizer.set(super::coroutine::origin()?);
        }
        Ok(Ref::from_owned_ptr(generator))
    }
}

/// The generator around a frame.
///
/// # Safety
/// The frame is owned by a generator.
pub unsafe fn of_frame(frame: *mut Frame) -> *mut PyGenObject {
    // SAFETY: the frame is a field of the generator.
    unsafe { frame.byte_sub(offset_of!(PyGenObject, gi_iframe)).cast() }
}

/// Ends the frame of a generator that has returned or raised; it is unlinked already.
///
/// # Safety
/// The frame is owned by a generator and no longer executed.
pub unsafe fn finish_frame(thread: *mut PyThreadState, frame: *mut Frame) {
    // SAFETY: by contract.
    unsafe {
        let generator = of_frame(frame);
        (*generator).gi_frame_state.set(FRAME_CLEARED);
        (*thread).exc_info.set((*generator).gi_exc_state.previous_item.replace(ptr::null_mut()));
        (*frame).previous.set(ptr::null_mut());
        let _aside = Raised::aside();
        clear_frame(thread, frame);
    }
}

/// Drops what a frame holds but its code: `gi_code` shows that as long as the generator lives, though the function that
/// kept it may be gone.
///
/// # Safety
/// As [`frame::clear`]; the frame is owned by a generator, whose state says already that it is cleared.
pub unsafe fn clear_frame(thread: *mut PyThreadState, frame: *mut Frame) {
    // SAFETY: by contract.
    unsafe {
        let code = frame::code(frame);
        header::incref(code.cast());
        frame::clear(thread, frame);
        frame::keep_code(frame, code);
    }
}

pub fn state(generator: &PyGenObject) -> i8 {
    generator.gi_frame_state.get()
}

pub fn is_running(generator: &PyGenObject) -> bool {
    state(generator) == FRAME_EXECUTING
}

pub fn is_created(generator: &PyGenObject) -> bool {
    state(generator) == FRAME_CREATED
}

pub fn is_suspended(generator: &PyGenObject) -> bool {
    state(generator) == crate::abi::FRAME_SUSPENDED || state(generator) == crate::abi::FRAME_SUSPENDED_YIELD_FROM
}

/// What the generator waits for in `yield from` or `await`: the top of its stack.
pub fn yield_from(generator: &PyGenObject) -> Option<Ref<Object>> {
    if state(generator) != crate::abi::FRAME_SUSPENDED_YIELD_FROM {
        return None;
    }
    // SAFETY: in this state the receiver stands on top of the frame's stack.
    unsafe {
        let frame = (&raw const generator.gi_iframe).cast_mut();
        let word = *frame::stack_pointer(frame).sub(1);
        Some(Ref::from_borrowed_ptr(word.ptr()))
    }
}

pub fn traverse(generator: &PyGenObject, visit: &mut Visitor) {
    visit.object(generator.gi_name.get());
    visit.object(generator.gi_qualname.get());
    visit.object(generator.gi_origin_or_finalizer.get());
    visit.object(generator.gi_exc_state.exc_value.get());
    if state(generator) != FRAME_CLEARED && state(generator) != FRAME_EXECUTING {
        // SAFETY: the frame is complete and not executed.
        unsafe { frame::traverse((&raw const generator.gi_iframe).cast_mut(), visit) }
    }
}

/// The deallocation of all three kinds: finalizes, then drops frame and names.
///
/// # Safety
/// The count came to zero.
pub unsafe fn dealloc(generator: *mut PyGenObject) {
    // SAFETY: by contract. The finalizer may resurrect the object.
    unsafe {
        crate::memory::object::gc_untrack(generator.cast());
        if !(*generator).gi_weakreflist.get().is_null() {
            crate::types::weakref::clear_references(generator.cast());
        }
        // A finished one has nothing to finalize.
        if state(&*generator) != FRAME_CLEARED {
            crate::memory::object::gc_track(generator.cast());
            if !crate::memory::object::finalize_from_dealloc(generator.cast()) {
                return;
            }
            crate::memory::object::gc_untrack(generator.cast());
        }
        let frame = &raw mut (*generator).gi_iframe;
        if state(&*generator) != FRAME_CLEARED {
            (*generator).gi_frame_state.set(FRAME_CLEARED);
            frame::clear(crate::thread::current_ptr(), frame);
        } else if !frame::code(frame).is_null() {
            // A generator whose making failed has no code.
            header::decref(frame::code(frame).cast());
        }
        header::xdecref((*generator).gi_exc_state.exc_value.replace(ptr::null_mut()));
        header::xdecref((*generator).gi_origin_or_finalizer.replace(ptr::null_mut()));
        header::xdecref((*generator).gi_name.get());
        header::xdecref((*generator).gi_qualname.get());
        crate::memory::object::free(generator.cast());
    }
}
