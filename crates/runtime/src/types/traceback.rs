//! `traceback`: a list of the places an exception passed, the outermost first.
//!
//! The line is found from the instruction when someone asks for it. CPython: `Python/traceback.c`.

use core::cell::Cell;
use core::mem::offset_of;

use crate::abi::{PyFrameObject, PyThreadState, PyTracebackObject};
use crate::interp::frame::{self, Frame};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread;
use crate::types::code::Code;
use crate::types::exceptions;
use crate::types::frame::FrameObject;

/// A traceback.
#[repr(transparent)]
pub struct Traceback(pub(crate) PyTracebackObject);

/// `tb_lineno` before it is known.
const UNKNOWN_LINE: c_int = -1;

#[pytype(name = "traceback", export = "PyTraceBack_Type", gc)]
impl Traceback {
    #[new(signature = "(tb_next, tb_frame, tb_lasti, tb_lineno)")]
    #[expect(clippy::new_ret_no_self, reason = "what Python's constructor returns")]
    fn new(
        _cls: Borrowed<'_, Type>,
        tb_next: Borrowed<'_, Object>,
        tb_frame: Borrowed<'_, FrameObject>,
        tb_lasti: i32,
        tb_lineno: i32,
    ) -> PyResult<Ref<Object>> {
        let next = match tb_next.downcast::<Traceback>() {
            Some(next) => Some(next.to_owned()),
            None if tb_next.is_none() => None,
            None => {
                return Err(raise!(TypeError, "expected traceback object or None, got '{}'", tb_next.type_name()));
            }
        };
        Ok(create(next, tb_frame.to_owned(), tb_lasti, tb_lineno)?.into_object())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Traceback) {
        // SAFETY: the object has no count left. The trash can bounds the depth of a long list.
        unsafe {
            memory::gc_untrack(this.cast());
            header::xdecref((*this).0.tb_next.get().cast());
            header::xdecref((*this).0.tb_frame.get().cast());
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Traceback, visit: &mut Visitor) {
        visit.object(this.0.tb_next.get());
        visit.object(this.0.tb_frame.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Traceback>) {
        // SAFETY: the fields own what they point to.
        unsafe {
            header::xdecref(this.0.tb_next.replace(core::ptr::null_mut()).cast());
            header::xdecref(this.0.tb_frame.replace(core::ptr::null_mut()).cast());
        }
    }

    #[method(name = "__dir__", signature = "($self, /)")]
    fn dir(_this: &Ref<Traceback>) -> PyResult<Ref<List>> {
        List::from_vec(
            [id!("tb_frame"), id!("tb_next"), id!("tb_lasti"), id!("tb_lineno")]
                .map(|name| name.upcast().to_owned())
                .into(),
        )
    }

    #[getter(name = "tb_next")]
    fn get_next(this: &Ref<Traceback>) -> Option<Ref<Traceback>> {
        this.next()
    }

    #[setter(name = "tb_next")]
    fn set_next(this: &Ref<Traceback>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "can't delete tb_next attribute")) };
        let new = match value.downcast::<Traceback>() {
            Some(new) => Some(new.to_owned()),
            None if value.is_none() => None,
            None => {
                return Err(raise!(TypeError, "expected traceback object, got '{}'", value.type_name()));
            }
        };
        let mut cursor = new.clone();
        while let Some(traceback) = cursor {
            if traceback.is(this) {
                return Err(raise!(ValueError, "traceback loop detected"));
            }
            cursor = traceback.next();
        }
        let old = this.0.tb_next.replace(new.map_or(core::ptr::null_mut(), Ref::into_ptr).cast());
        // SAFETY: the field owned the old one.
        unsafe { header::xdecref(old.cast()) };
        Ok(())
    }

    #[getter(name = "tb_lineno")]
    fn get_line(this: &Ref<Traceback>) -> PyResult<Option<Ref<Int>>> {
        match this.line() {
            Some(line) => Int::from_i64(i64::from(line)).map(Some),
            None => Ok(None),
        }
    }

    #[member(name = "tb_frame", kind = _Py_T_OBJECT, offset = offset_of!(PyTracebackObject, tb_frame), readonly)]
    const _FRAME: () = ();
    #[member(name = "tb_lasti", kind = Py_T_INT, offset = offset_of!(PyTracebackObject, tb_lasti), readonly)]
    const _LASTI: () = ();
}

impl Ref<Traceback> {
    pub fn next(&self) -> Option<Ref<Traceback>> {
        // SAFETY: the field owns a traceback or nothing.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.tb_next.get()) }
    }

    /// The frame; `None` only after the collector cleared the object.
    pub fn frame(&self) -> Option<Ref<FrameObject>> {
        // SAFETY: the field owns a frame object or nothing.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.tb_frame.get()) }
    }

    fn code(&self) -> Option<Ref<Code>> {
        self.frame().map(|frame| frame.code())
    }

    /// The line, computed from the instruction unless it was given.
    pub fn line(&self) -> Option<c_int> {
        let line = self.0.tb_lineno.get();
        if line != UNKNOWN_LINE {
            return Some(line);
        }
        let index = usize::try_from(self.0.tb_lasti.get()).ok()? / 2;
        let line = self.code()?.line_at(index)?;
        self.0.tb_lineno.set(line);
        Some(line)
    }
}

/// A traceback entry in front of `next`. `line` may be -1 for "find it when asked".
pub fn create(
    next: Option<Ref<Traceback>>,
    frame: Ref<FrameObject>,
    lasti: c_int,
    line: c_int,
) -> PyResult<Ref<Traceback>> {
    create_quietly(next, frame, lasti, line).ok_or_else(Raised::no_memory)
}

/// [`create`] that raises nothing where there is no memory.
fn create_quietly(
    next: Option<Ref<Traceback>>,
    frame: Ref<FrameObject>,
    lasti: c_int,
    line: c_int,
) -> Option<Ref<Traceback>> {
    let object = memory::new_quietly::<Traceback>()?;
    // SAFETY: a new object; the fields take the counts over.
    unsafe {
        let set = |field: &Cell<*mut PyTracebackObject>, next: Option<Ref<Traceback>>| {
            field.set(next.map_or(core::ptr::null_mut(), Ref::into_ptr).cast());
        };
        set(&(*object).0.tb_next, next);
        (*object).0.tb_frame.set(frame.into_ptr().cast::<PyFrameObject>());
        (*object).0.tb_lasti.set(lasti);
        (*object).0.tb_lineno.set(line);
        memory::gc_track(object.cast());
        Some(Ref::from_owned_ptr(object))
    }
}

/// The offset of the instruction a frame is at, in bytes, as `tb_lasti` counts.
///
/// # Safety
/// `frame` is live and executes code.
unsafe fn lasti(frame: *mut Frame) -> c_int {
    // SAFETY: by contract.
    (unsafe { frame::instruction_index(frame) } * 2) as c_int
}

/// Adds an entry for `frame` to the traceback of the exception that is set. Without memory for it there is none: the
/// exception matters more.
///
/// # Safety
/// An exception is set; `frame` is a complete frame of `thread`.
#[cold]
pub unsafe fn add_here(_thread: *mut PyThreadState, frame: *mut Frame) {
    let Some(exception) = Raised::take_if_set() else { return };
    if let Some(error) = exceptions::exception(&exception) {
        // SAFETY: by contract.
        let entry = unsafe {
            crate::types::frame::frame_object_quietly(frame)
                .and_then(|object| create_quietly(error.traceback(), object, lasti(frame), UNKNOWN_LINE))
        };
        if let Some(entry) = entry {
            error.set_traceback(Some(entry));
        }
    }
    let _raised = Raised::restore(exception);
}

/// A traceback of one entry, for the frame that is running; nothing where none is.
pub fn here() -> PyResult<Option<Ref<Traceback>>> {
    // SAFETY: the current thread's frames are live.
    unsafe {
        let frame = frame::first_complete(thread::current().current_frame.get());
        if frame.is_null() {
            return Ok(None);
        }
        let object = crate::types::frame::frame_object(frame)?;
        create(None, object, lasti(frame), UNKNOWN_LINE).map(Some)
    }
}

/// Cuts importlib's frames out of the traceback of the exception that is set: whole chunks of them for ImportError, else
/// only those that end in a function which just passes a call on.
#[cold]
pub fn remove_importlib_frames(raised: Raised) -> Raised {
    let always = raised.is_a::<exceptions::ImportError>();
    let exception = raised.take();
    if let Some(error) = exceptions::exception(&exception) {
        let mut kept: Vec<Ref<Traceback>> = Vec::new();
        // Where the present chunk of importlib's frames began.
        let mut chunk: Option<usize> = None;
        let mut cursor = error.traceback();
        while let Some(entry) = cursor {
            cursor = entry.next();
            let (in_importlib, passes_on) = match entry.code() {
                Some(code) => {
                    let filename = code.filename();
                    let inside = filename.eq_str("<frozen importlib._bootstrap>")
                        || filename.eq_str("<frozen importlib._bootstrap_external>");
                    (inside, inside && (always || code.name().eq_str("_call_with_frames_removed")))
                }
                None => (false, false),
            };
            if in_importlib && chunk.is_none() {
                chunk = Some(kept.len());
            }
            if !in_importlib {
                chunk = None;
            }
            if kept.try_reserve(1).is_err() {
                return Raised::restore(exception);
            }
            kept.push(entry);
            if passes_on && let Some(start) = chunk {
                kept.truncate(start);
            }
        }
        // Link what is left, last to first.
        let mut next: Option<Ref<Traceback>> = None;
        for entry in kept.into_iter().rev() {
            let new = next.map_or(core::ptr::null_mut(), Ref::into_ptr);
            let old = entry.0.tb_next.replace(new.cast());
            // SAFETY: the field owned the old one.
            unsafe { header::xdecref(old.cast()) };
            next = Some(entry);
        }
        error.set_traceback(next);
    }
    Raised::restore(exception)
}

/// How often the same place is repeated before the rest is counted, and how many entries are shown.
const REPEATS: usize = 3;
const LIMIT: usize = 1000;

/// The entries in the plain form, with source lines but no carets: what is shown where the module `traceback` cannot be
/// had.
pub fn format_native(traceback: &Ref<Traceback>) -> String {
    let mut text = String::new();
    // CPython reads sources by `io.open`, which a program may take away.
    let has_sources = match crate::import::import_attr("io", "open") {
        Ok(_) => true,
        Err(raised) => {
            raised.clear();
            false
        }
    };
    let mut depth = 0;
    let mut cursor = Some(traceback.clone());
    while let Some(entry) = cursor {
        depth += 1;
        cursor = entry.next();
    }
    let mut cursor = Some(traceback.clone());
    let mut previous = String::new();
    let mut count = 0usize;
    while let Some(entry) = cursor {
        cursor = entry.next();
        depth -= 1;
        if depth >= LIMIT {
            continue;
        }
        let line = entry.line().map_or_else(|| "?".to_owned(), |line| line.to_string());
        let shown = match entry.code() {
            Some(code) => {
                format!("  File \"{}\", line {line}, in {}\n", code.filename().to_display(), code.name().to_display())
            }
            None => format!("  File \"?\", line {line}\n"),
        };
        if shown == previous {
            count += 1;
        } else {
            push_repeats(&mut text, count);
            count = 1;
            previous.clone_from(&shown);
        }
        if count <= REPEATS {
            // Without memory the rest is left out.
            if text.try_reserve(shown.len()).is_err() {
                break;
            }
            text.push_str(&shown);
            let source = entry.code().zip(entry.line()).filter(|_| has_sources);
            if let Some(source) = source.and_then(|(code, line)| crate::compile::line_of(code.filename(), line)) {
                let source = source.trim();
                if text.try_reserve(source.len() + 5).is_ok() {
                    text.extend(["    ", source, "\n"]);
                }
            }
        }
    }
    push_repeats(&mut text, count);
    text
}

fn push_repeats(text: &mut String, count: usize) {
    if count > REPEATS {
        let more = count - REPEATS;
        text.push_str(&format!("  [Previous line repeated {more} more time{}]\n", if more == 1 { "" } else { "s" }));
    }
}
