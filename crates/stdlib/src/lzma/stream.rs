//! A stream of liblzma in either direction.

use core::ptr;

use liblzma_sys as sys;
use liblzma_sys::{lzma_action, lzma_ret, lzma_stream};
use taipan_runtime::prelude::*;

use super::ERROR;

/// The exception for a return code that is an error.
#[cold]
pub fn fault(code: lzma_ret) -> Raised {
    let message = match code {
        sys::LZMA_MEM_ERROR => return Raised::no_memory(),
        sys::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check",
        sys::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded",
        sys::LZMA_FORMAT_ERROR => "Input format not supported by decoder",
        sys::LZMA_OPTIONS_ERROR => "Invalid or unsupported options",
        sys::LZMA_DATA_ERROR => "Corrupt input data",
        sys::LZMA_BUF_ERROR => "Insufficient buffer space",
        sys::LZMA_PROG_ERROR => "Internal error",
        code => return ERROR.raise(format_args!("Unrecognized error from liblzma: {code}")),
    };
    ERROR.raise(format_args!("{message}"))
}

pub fn check(code: lzma_ret) -> PyResult<()> {
    match code {
        sys::LZMA_OK | sys::LZMA_NO_CHECK | sys::LZMA_GET_CHECK | sys::LZMA_STREAM_END => Ok(()),
        code => Err(fault(code)),
    }
}

/// The stream stays at one place for as long as it lives.
pub struct Stream(Box<lzma_stream>);

// SAFETY: a stream owns its memory and has no thread of its own.
unsafe impl Send for Stream {}

impl Stream {
    /// A stream that `start` initialises.
    pub fn new(start: impl FnOnce(*mut lzma_stream) -> lzma_ret) -> PyResult<Stream> {
        // SAFETY: `LZMA_STREAM_INIT` of C is all zeros.
        let mut stream = Stream(Box::new(unsafe { core::mem::zeroed() }));
        check(start(&raw mut *stream.0))?;
        Ok(stream)
    }

    /// Runs the coder: bytes used and written, and the code.
    ///
    /// # Safety
    /// The room is writable.
    pub unsafe fn run(
        &mut self,
        input: &[u8],
        output: *mut u8,
        room: usize,
        action: lzma_action,
    ) -> (usize, usize, lzma_ret) {
        let stream = &mut *self.0;
        stream.next_in = input.as_ptr();
        stream.avail_in = input.len();
        stream.next_out = output;
        stream.avail_out = room;
        // SAFETY: an initialised stream.
        let code = unsafe { sys::lzma_code(stream, action) };
        let (used, written) = (input.len() - stream.avail_in, room - stream.avail_out);
        stream.next_in = ptr::null();
        stream.avail_in = 0;
        stream.next_out = ptr::null_mut();
        stream.avail_out = 0;
        (used, written, code)
    }

    /// The kind of the integrity check.
    pub fn integrity_check(&self) -> u32 {
        // SAFETY: an initialised stream.
        unsafe { sys::lzma_get_check(&raw const *self.0) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the last use; a stream that was not initialised has nothing to free.
        unsafe { sys::lzma_end(&raw mut *self.0) };
    }
}
