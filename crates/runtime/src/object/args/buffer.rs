//! Parameters that take any object with the buffer protocol: `y*` and `w*` of Argument Clinic.

use core::marker::PhantomData;
use core::ops::Deref;
use core::{ptr, slice};

use super::from_arg::{FromArg, bad_argument};
use super::spec::ArgSpec;
use crate::abi::{Py_buffer, PyBUF_SIMPLE, PyBUF_WRITABLE, PyObject};
use crate::object::header;
use crate::object::protocol::attr::missing_exception_checked;
use crate::prelude::*;

/// The contiguous bytes of an argument, exported for as long as this lives.
pub struct BufferArg<'a> {
    start: *const u8,
    len: usize,
    /// What is to be given back; `bytes` are used without an export.
    view: Option<Py_buffer>,
    alive: PhantomData<Borrowed<'a, Object>>,
}

/// The same, writable. Other views may see the same memory, so the bytes are given as a pointer and a length.
pub struct WritableBufferArg<'a>(BufferArg<'a>);

/// Whether the type exports buffers (`PyObject_CheckBuffer`).
///
/// # Safety
/// `object` is live.
unsafe fn has_buffer(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe {
        let procs = (*(*object).ob_type.get()).tp_as_buffer.get();
        !procs.is_null() && (*procs).bf_getbuffer.get().is_some()
    }
}

impl<'a> BufferArg<'a> {
    /// Exports the bytes of `object`; TypeError when it has none.
    #[inline]
    pub fn new(object: Borrowed<'a, Object>) -> PyResult<BufferArg<'a>> {
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            // Bytes neither move nor count their exports, and the borrow keeps them alive.
            let data = bytes.as_slice();
            return Ok(BufferArg { start: data.as_ptr(), len: data.len(), view: None, alive: PhantomData });
        }
        BufferArg::with_flags(object, PyBUF_SIMPLE)
    }

    fn with_flags(object: Borrowed<'a, Object>, flags: c_int) -> PyResult<BufferArg<'a>> {
        let mut view = Py_buffer::ZERO;
        // SAFETY: the slot fills the view or fails; a live object has a type.
        unsafe {
            let procs = object.type_of().tp_as_buffer.get();
            let get = if procs.is_null() { None } else { (*procs).bf_getbuffer.get() };
            let Some(get) = get else {
                return Err(raise!(TypeError, "a bytes-like object is required, not '{}'", object.type_name()));
            };
            if get(object.as_ptr(), &raw mut view, flags) < 0 {
                return Err(missing_exception_checked());
            }
        }
        let len = view.len.max(0) as usize;
        let start = if len == 0 { ptr::dangling() } else { view.buf.cast::<u8>().cast_const() };
        Ok(BufferArg { start, len, view: Some(view), alive: PhantomData })
    }

    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the exporter keeps `len` bytes at `start` until the release. Another view may write them; that happens
        // only while Python code runs, across which no caller holds the slice.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl Deref for BufferArg<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Drop for BufferArg<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(view) = &mut self.view {
            // SAFETY: this is the end of what `with_flags` began.
            unsafe { release(view) };
        }
    }
}

/// `PyBuffer_Release`.
///
/// # Safety
/// The view was exported by its object and is not used any more.
#[cold]
unsafe fn release(view: &mut Py_buffer) {
    let object = view.obj;
    if object.is_null() {
        return;
    }
    // SAFETY: by contract; the view keeps the object alive.
    unsafe {
        let procs = (*(*object).ob_type.get()).tp_as_buffer.get();
        if !procs.is_null()
            && let Some(release) = (*procs).bf_releasebuffer.get()
        {
            release(object, view);
        }
        view.obj = ptr::null_mut();
        header::decref(object);
    }
}

impl<'a> FromArg<'a> for BufferArg<'a> {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        BufferArg::new(unsafe { Borrowed::from_ptr(value) })
    }
}

impl WritableBufferArg<'_> {
    /// The memory and its length.
    pub fn as_raw(&self) -> (*mut u8, usize) {
        (self.0.start.cast_mut(), self.0.len)
    }

    pub fn len(&self) -> usize {
        self.as_raw().1
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, for writing while no Python code runs.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let (start, len) = self.as_raw();
        if len == 0 {
            return &mut [];
        }
        // SAFETY: exported as writable; see `BufferArg::as_slice`.
        unsafe { slice::from_raw_parts_mut(start, len) }
    }
}

impl<'a> FromArg<'a> for WritableBufferArg<'a> {
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        unsafe {
            let exported = if has_buffer(value) {
                BufferArg::with_flags(Borrowed::from_ptr(value), PyBUF_WRITABLE)
            } else {
                return Err(bad_argument(spec, index, "read-write bytes-like object", value));
            };
            match exported {
                Ok(view) => Ok(WritableBufferArg(view)),
                Err(raised) => {
                    // The exporter's own message gives way to that of the parameter, as in C.
                    raised.clear();
                    Err(bad_argument(spec, index, "read-write bytes-like object", value))
                }
            }
        }
    }
}
