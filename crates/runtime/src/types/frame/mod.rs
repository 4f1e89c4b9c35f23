//! `frame`: what Python code sees of a call, and `FrameLocalsProxy` (PEP 667).
//!
//! A frame object is made when someone asks for it. While the call runs the object points to the interpreter's frame;
//! when the call ends and the object lives on, it takes the contents over. CPython: `Objects/frameobject.c`.

mod jump;
mod locals;
mod proxy;

use core::ffi::c_char;
use core::mem::offset_of;
use core::ptr;

use crate::abi::{FRAME_OWNED_BY_FRAME_OBJECT, FRAME_OWNED_BY_GENERATOR, PyFrameObject, PyObject};
use crate::interp::frame::{self as iframe, Frame};
use crate::interp::monitoring::legacy;
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::Code;

pub use locals::{fast_to_locals, get_locals};
pub use proxy::FrameLocalsProxy;

/// `PyFrameObject`.
#[repr(transparent)]
pub struct FrameObject(pub PyFrameObject);

/// The object of an interpreter frame, made at the first request.
///
/// # Safety
/// `frame` is live and complete.
pub unsafe fn frame_object(frame: *mut Frame) -> PyResult<Ref<FrameObject>> {
    // SAFETY: by contract.
    unsafe { frame_object_quietly(frame) }.ok_or_else(Raised::no_memory)
}

/// [`frame_object`] that raises nothing where there is no memory.
///
/// # Safety
/// As [`frame_object`].
pub unsafe fn frame_object_quietly(frame: *mut Frame) -> Option<Ref<FrameObject>> {
    // SAFETY: by contract.
    unsafe {
        let existing = (*frame).frame_obj.get();
        if !existing.is_null() {
            return Some(Ref::from_borrowed_ptr(existing));
        }
        let code = iframe::code(frame);
        let slots = (*code).co_nlocalsplus.get() as usize + (*code).co_stacksize.get() as usize;
        let made = crate::memory::object::alloc_quietly(FrameObject::TYPE, (iframe::HEAD_WORDS + slots) as isize);
        let object = made?.cast::<PyFrameObject>();
        let (start, end) = (size_of::<PyObject>(), offset_of!(PyFrameObject, _f_frame_data));
        ptr::write_bytes(object.cast::<u8>().add(start), 0, end - start);
        (*object).f_frame.set(frame);
        (*object).f_trace_lines.set(1);
        (*frame).frame_obj.set(object);
        // One count for the frame, one for the caller.
        header::incref(object.cast());
        crate::memory::object::gc_track(object.cast());
        Some(Ref::from_owned_ptr(object))
    }
}

/// A frame object of its own, that never runs, for tracebacks that native code makes (`PyFrame_New`).
pub fn detached(
    code: &Ref<Code>,
    globals: Borrowed<'_, Dict>,
    locals: Option<Ref<Object>>,
) -> PyResult<Ref<FrameObject>> {
    let function = crate::types::Function::from_code(code, globals)?;
    // SAFETY: the object has room for the frame, which owns its function; locals are null.
    unsafe {
        let raw = code.raw();
        let slots = (*raw).co_nlocalsplus.get() as usize + (*raw).co_stacksize.get() as usize;
        let made = crate::memory::object::alloc_untracked(FrameObject::TYPE, (iframe::HEAD_WORDS + slots) as isize)?;
        let object = made.cast::<PyFrameObject>();
        let (start, end) = (size_of::<PyObject>(), offset_of!(PyFrameObject, _f_frame_data));
        ptr::write_bytes(object.cast::<u8>().add(start), 0, end - start);
        let frame = (&raw mut (*object)._f_frame_data).cast::<Frame>();
        let locals = locals.map_or(ptr::null_mut(), Ref::into_ptr);
        iframe::initialize(frame, StackRef::from_ref(function), locals, raw, ptr::null_mut());
        for index in 0..(*raw).co_nlocalsplus.get() as usize {
            *iframe::local(frame, index) = StackRef::NULL;
        }
        // As if the first RESUME had run: a frame in front of it is hidden.
        let first = (*raw)._co_firsttraceable.get() as usize + 1;
        (*frame).instr_ptr.set(iframe::first_instruction(raw).add(first.min(code.units().saturating_sub(1))));
        (*frame).owner.set(FRAME_OWNED_BY_FRAME_OBJECT as c_char);
        (*object).f_frame.set(frame);
        (*object).f_trace_lines.set(1);
        crate::memory::object::gc_track(object.cast());
        Ok(Ref::from_owned_ptr(object))
    }
}

/// The frame object of the running Python code, if any runs.
pub fn current() -> PyResult<Option<Ref<FrameObject>>> {
    // SAFETY: frames of the current thread are live.
    unsafe {
        let frame = iframe::first_complete(crate::thread::current().current_frame.get());
        if frame.is_null() { Ok(None) } else { frame_object(frame).map(Some) }
    }
}

/// The call ends, and its frame object lives on: the contents move into the object.
///
/// # Safety
/// `object` is the frame's object; the frame is unlinked.
pub unsafe fn take_ownership(object: *mut PyFrameObject, frame: *mut Frame) {
    // SAFETY: the object has room for the whole frame.
    unsafe {
        let previous = (*frame).previous.get();
        let copy = (&raw mut (*object)._f_frame_data).cast::<Frame>();
        iframe::copy(frame, copy);
        iframe::forget(frame);
        (*copy).owner.set(FRAME_OWNED_BY_FRAME_OBJECT as c_char);
        (*copy).frame_obj.set(ptr::null_mut());
        (*object).f_frame.set(copy);
        // The link to the caller becomes one between objects.
        let _aside = Raised::aside();
        let back = iframe::first_complete(previous);
        if !back.is_null() && (*object).f_back.get().is_null() {
            match frame_object(back) {
                Ok(back) => (*object).f_back.set(back.into_ptr().cast()),
                Err(raised) => raised.clear(),
            }
        }
    }
}

impl Ref<FrameObject> {
    pub fn frame(&self) -> *mut Frame {
        self.0.f_frame.get()
    }

    pub fn code(&self) -> Ref<Code> {
        // SAFETY: a frame keeps its code.
        unsafe { Ref::from_borrowed_ptr(iframe::code(self.frame())) }
    }

    /// The line being executed; `None` where the instruction has none.
    pub fn line(&self) -> Option<i32> {
        if self.0.f_lineno.get() > 0 {
            return Some(self.0.f_lineno.get());
        }
        // SAFETY: the frame is live.
        let index = unsafe { iframe::instruction_index(self.frame()) };
        self.code().line_at(index)
    }

    /// The offset in bytes of the instruction being executed.
    pub fn lasti(&self) -> isize {
        // SAFETY: the frame is live.
        unsafe { iframe::instruction_index(self.frame()) as isize * 2 }
    }

    pub fn back(&self) -> PyResult<Option<Ref<FrameObject>>> {
        // SAFETY: null or a live object; frames further down are live.
        unsafe {
            if let Some(back) = Ref::from_borrowed_ptr_or_null(self.0.f_back.get()) {
                return Ok(Some(back));
            }
            let back = iframe::first_complete((*self.frame()).previous.get());
            if back.is_null() { Ok(None) } else { frame_object(back).map(Some) }
        }
    }

    fn is_executing(&self) -> bool {
        // SAFETY: the frame is live.
        unsafe {
            let frame = self.frame();
            match (*frame).owner.get() {
                owner if owner == FRAME_OWNED_BY_FRAME_OBJECT as c_char => false,
                owner if owner == FRAME_OWNED_BY_GENERATOR as c_char => {
                    (*crate::types::generator::of_frame(frame)).gi_frame_state.get() == crate::abi::FRAME_EXECUTING
                }
                _ => true,
            }
        }
    }
}

#[pytype(name = "frame", export = "PyFrame_Type", gc, disallow_instantiation,
         basicsize = offset_of!(PyFrameObject, _f_frame_data) as isize, itemsize = 8)]
impl FrameObject {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FrameObject) {
        // SAFETY: called once, by the last decref. A frame that still runs holds a count, so the contents are ours.
        unsafe {
            let raw = &(*this).0;
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref(raw.f_back.replace(ptr::null_mut()).cast::<PyObject>());
            header::xdecref(raw.f_trace.replace(ptr::null_mut()));
            header::xdecref(raw.f_extra_locals.replace(ptr::null_mut()));
            header::xdecref(raw.f_locals_cache.replace(ptr::null_mut()));
            header::xdecref(raw.f_overwritten_fast_locals.replace(ptr::null_mut()));
            let frame = raw.f_frame.get();
            if frame == (&raw const raw._f_frame_data).cast_mut().cast::<Frame>() {
                iframe::clear_locals(frame);
                iframe::close_function(frame);
            }
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &FrameObject, visit: &mut Visitor) {
        let raw = &this.0;
        visit.object(raw.f_back.get());
        visit.object(raw.f_trace.get());
        visit.object(raw.f_extra_locals.get());
        visit.object(raw.f_locals_cache.get());
        visit.object(raw.f_overwritten_fast_locals.get());
        let frame = raw.f_frame.get();
        if frame == (&raw const raw._f_frame_data).cast_mut().cast::<Frame>() {
            // SAFETY: the contents are ours.
            unsafe { iframe::traverse(frame, visit) }
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<FrameObject>) {
        let frame = this.frame();
        // SAFETY: only contents of our own are dropped.
        unsafe {
            if frame == (&raw const this.0._f_frame_data).cast_mut().cast::<Frame>() {
                iframe::clear_locals(frame);
            }
            header::xdecref(this.0.f_trace.replace(ptr::null_mut()));
            header::xdecref(this.0.f_extra_locals.replace(ptr::null_mut()));
            header::xdecref(this.0.f_locals_cache.replace(ptr::null_mut()));
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<FrameObject>) -> String {
        let code = this.code();
        format!(
            "<frame at {:p}, file {}, line {}, code {}>",
            this.as_ptr(),
            code.filename().as_object().to_repr_text(),
            this.line().unwrap_or(0),
            code.name().to_display()
        )
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<FrameObject>) -> PyResult<()> {
        // SAFETY: the frame is live.
        unsafe {
            let frame = this.frame();
            if (*frame).owner.get() == FRAME_OWNED_BY_GENERATOR as c_char {
                let generator = crate::types::generator::of_frame(frame);
                if (*generator).gi_frame_state.get() == crate::abi::FRAME_EXECUTING {
                    return Err(raise!(RuntimeError, "cannot clear an executing frame"));
                }
                if (*generator).gi_frame_state.get() == crate::abi::FRAME_SUSPENDED_YIELD_FROM
                    || (*generator).gi_frame_state.get() == crate::abi::FRAME_SUSPENDED
                {
                    return Err(raise!(RuntimeError, "cannot clear a suspended frame"));
                }
                let object: Ref<Object> = Ref::from_borrowed_ptr(generator);
                crate::types::generator::finalize(&object);
                return Ok(());
            }
            if this.is_executing() {
                return Err(raise!(RuntimeError, "cannot clear an executing frame"));
            }
        }
        FrameObject::tp_clear(this);
        Ok(())
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<FrameObject>) -> usize {
        let code = this.code();
        offset_of!(PyFrameObject, _f_frame_data)
            + (iframe::HEAD_WORDS + code.0.co_nlocalsplus.get() as usize + code.0.co_stacksize.get() as usize) * 8
    }

    #[getter]
    fn f_back(this: &Ref<FrameObject>) -> PyResult<Option<Ref<FrameObject>>> {
        this.back()
    }

    #[getter]
    fn f_code(this: &Ref<FrameObject>) -> Ref<Code> {
        this.code()
    }

    #[getter]
    fn f_builtins(this: &Ref<FrameObject>) -> Ref<Object> {
        // SAFETY: a frame has builtins.
        unsafe { Ref::from_borrowed_ptr((*this.frame()).f_builtins.get()) }
    }

    #[getter]
    fn f_globals(this: &Ref<FrameObject>) -> Ref<Object> {
        // SAFETY: a frame has globals.
        unsafe { Ref::from_borrowed_ptr((*this.frame()).f_globals.get()) }
    }

    #[getter]
    fn f_locals(this: &Ref<FrameObject>) -> PyResult<Ref<Object>> {
        get_locals(this)
    }

    #[getter]
    fn f_lasti(this: &Ref<FrameObject>) -> isize {
        this.lasti()
    }

    #[getter]
    fn f_lineno(this: &Ref<FrameObject>) -> Option<i32> {
        this.line()
    }

    #[setter(name = "f_lineno")]
    fn set_lineno(this: &Ref<FrameObject>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        jump::set_line(this, value)
    }

    #[getter]
    fn f_generator(this: &Ref<FrameObject>) -> Option<Ref<Object>> {
        // SAFETY: the frame of a generator is inside it.
        unsafe {
            let frame = this.frame();
            if (*frame).owner.get() != FRAME_OWNED_BY_GENERATOR as c_char {
                return None;
            }
            Some(Ref::from_borrowed_ptr(crate::types::generator::of_frame(frame)))
        }
    }

    #[getter]
    fn f_trace(this: &Ref<FrameObject>) -> Option<Ref<Object>> {
        // SAFETY: null or a live object.
        unsafe { Ref::from_borrowed_ptr_or_null(this.0.f_trace.get()) }
    }

    #[setter(name = "f_trace")]
    fn set_trace(this: &Ref<FrameObject>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        let on = value.is_some();
        Slot::of(&this.0.f_trace).set(value.map(|value| value.to_owned()));
        if on && this.0.f_trace_opcodes.get() != 0 { legacy::set_opcode_trace(this, true) } else { Ok(()) }
    }

    #[member(name = "f_trace_lines", kind = T_BOOL, offset = offset_of!(PyFrameObject, f_trace_lines))]
    const _TRACE_LINES: () = ();

    #[getter]
    fn f_trace_opcodes(this: &Ref<FrameObject>) -> bool {
        this.0.f_trace_opcodes.get() != 0
    }

    #[setter(name = "f_trace_opcodes")]
    fn set_trace_opcodes(this: &Ref<FrameObject>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let on = expect_bool(value)?;
        this.0.f_trace_opcodes.set(on as c_char);
        if on && this.0.f_trace.get().is_null() { Ok(()) } else { legacy::set_opcode_trace(this, on) }
    }
}

fn expect_bool(value: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
    match value {
        Some(value) if value.is_exact::<Bool>() => value.is_true(),
        Some(_) => Err(raise!(TypeError, "attribute value type must be bool")),
        None => Err(raise!(AttributeError, "cannot be deleted")),
    }
}

/// The word of a slot as an object; `None` for an unbound variable.
unsafe fn word_object(word: StackRef) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: the caller reads a valid slot.
    unsafe { if word.is_null() { Ok(None) } else { word.to_object().map(Some) } }
}
