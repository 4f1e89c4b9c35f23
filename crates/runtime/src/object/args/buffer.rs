//! Parameters that take any object with the buffer protocol: `y*` and `w*` of Argument Clinic. Asking for the view and
//! giving it back is the work of [`crate::types::buffer`].

use core::marker::PhantomData;
use core::ops::Deref;
use core::{ptr, slice};

use super::from_arg::{FromArg, bad_argument};
use super::spec::ArgSpec;
use crate::abi::{Py_buffer, PyBUF_SIMPLE, PyBUF_WRITABLE, PyObject};
use crate::prelude::*;
use crate::types::buffer;

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
        // SAFETY: released by `drop`. Nothing reads what the view may say of its own place, so it can move.
        unsafe { buffer::get(object, &raw mut view, flags)? };
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
            unsafe { buffer::release(view) };
        }
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
        let object: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(value) };
        if buffer::has_buffer(&object) {
            match BufferArg::with_flags(object, PyBUF_WRITABLE) {
                Ok(view) => return Ok(WritableBufferArg(view)),
                // The exporter's own message gives way to that of the parameter, as in C.
                Err(raised) => raised.clear(),
            }
        }
        // SAFETY: by contract.
        Err(unsafe { bad_argument(spec, index, "read-write bytes-like object", value) })
    }
}
