//! `_bz2`, on libbzip2. CPython: `Modules/_bz2module.c`.

use core::mem::offset_of;

use bzip2_sys as sys;
use bzip2_sys::bz_stream;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;

use crate::compression::{Compressing, Decompressing, Encoder, Engine, Output, Step, working};
use crate::support;

/// The exception for a return code.
#[cold]
fn fault(code: c_int) -> Raised {
    match code {
        sys::BZ_PARAM_ERROR => raise!(ValueError, "Internal error - invalid parameters passed to libbzip2"),
        sys::BZ_MEM_ERROR => Raised::no_memory(),
        sys::BZ_DATA_ERROR | sys::BZ_DATA_ERROR_MAGIC => raise!(OSError, "Invalid data stream"),
        sys::BZ_IO_ERROR => raise!(OSError, "Unknown I/O error"),
        sys::BZ_UNEXPECTED_EOF => {
            raise!(EOFError, "Compressed file ended before the logical end-of-stream was detected")
        }
        sys::BZ_SEQUENCE_ERROR => {
            raise!(RuntimeError, "Internal error - Invalid sequence of commands sent to libbzip2")
        }
        code => raise!(OSError, "Unrecognized error from libbzip2: {code}"),
    }
}

/// A stream of the library in either direction, at one place for as long as it lives.
struct Stream {
    stream: Box<bz_stream>,
    end: unsafe extern "C" fn(*mut bz_stream) -> c_int,
}

// SAFETY: a stream owns its memory and has no thread of its own.
unsafe impl Send for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: an initialised stream, for the last time.
        unsafe { (self.end)(&raw mut *self.stream) };
    }
}

/// A stream with default allocators.
fn new_stream() -> Box<bz_stream> {
    // SAFETY: the library wants zeros.
    Box::new(unsafe { core::mem::zeroed() })
}

impl Stream {
    fn compressor(level: c_int) -> Result<Stream, c_int> {
        let mut stream = new_stream();
        // SAFETY: a stream with default allocators.
        match unsafe { sys::BZ2_bzCompressInit(&raw mut *stream, level, 0, 0) } {
            sys::BZ_OK => Ok(Stream { stream, end: sys::BZ2_bzCompressEnd }),
            code => Err(code),
        }
    }

    fn decompressor() -> Result<Stream, c_int> {
        let mut stream = new_stream();
        // SAFETY: a stream with default allocators.
        match unsafe { sys::BZ2_bzDecompressInit(&raw mut *stream, 0, 0) } {
            sys::BZ_OK => Ok(Stream { stream, end: sys::BZ2_bzDecompressEnd }),
            code => Err(code),
        }
    }

    /// Runs the library on input and output: bytes used and written, and the code.
    ///
    /// # Safety
    /// The room is writable; `run` is a function for the stream's direction.
    unsafe fn drive(
        &mut self,
        input: &[u8],
        output: *mut u8,
        room: usize,
        run: impl FnOnce(*mut bz_stream) -> c_int,
    ) -> (usize, usize, c_int) {
        let (given, room) = (input.len().min(u32::MAX as usize), room.min(u32::MAX as usize));
        let stream = &mut *self.stream;
        stream.next_in = input.as_ptr().cast_mut().cast();
        stream.avail_in = given as u32;
        stream.next_out = output.cast();
        stream.avail_out = room as u32;
        let code = run(stream);
        (given - stream.avail_in as usize, room - stream.avail_out as usize, code)
    }
}

#[repr(C)]
pub struct Compressor {
    head: PyObject,
    stream: Compressing<Stream>,
}

impl Encoder for Stream {
    fn encode(&mut self, mut input: &[u8], finish: bool, out: &mut Output) -> PyResult<()> {
        let action = if finish { sys::BZ_FINISH } else { sys::BZ_RUN };
        loop {
            if !finish && input.is_empty() {
                return Ok(());
            }
            let (start, room) = out.room()?;
            let rest = input;
            // SAFETY: the room is the output's; a stream that compresses.
            let (used, written, code) = working(rest.len().max(room), || unsafe {
                self.drive(rest, start, room, |stream| sys::BZ2_bzCompress(stream, action))
            });
            if code < 0 {
                return Err(fault(code));
            }
            // SAFETY: the library wrote so many.
            unsafe { out.wrote(written) };
            input = &input[used..];
            if code == sys::BZ_STREAM_END {
                return Ok(());
            }
        }
    }
}

#[pytype(name = "BZ2Compressor", module = "_bz2", heap, basicsize = 112)]
impl Compressor {
    #[new(signature = "(compresslevel=9, /)")]
    fn new(cls: Borrowed<'_, Type>, compresslevel: i32) -> PyResult<Ref<Compressor>> {
        if !(1..=9).contains(&compresslevel) {
            return Err(raise!(ValueError, "compresslevel must be between 1 and 9"));
        }
        let this: Ref<Compressor> = support::instance(cls)?;
        this.stream.set(Stream::compressor(compresslevel).map_err(fault)?);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Compressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).stream.drop();
            memory::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, data, /)")]
    fn compress(this: &Ref<Compressor>, data: BufferArg<'_>) -> PyResult<Ref<Bytes>> {
        this.stream.compress(&data)
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<Compressor>) -> PyResult<Ref<Bytes>> {
        this.stream.flush()
    }
}

impl Engine for Stream {
    type Error = c_int;

    unsafe fn step(&mut self, input: &[u8], output: *mut u8, room: usize) -> Result<Step, c_int> {
        if room == 0 {
            return Ok(Step { used: 0, written: 0, end: false });
        }
        // SAFETY: by contract; a stream that decompresses.
        let (used, written, code) = unsafe { self.drive(input, output, room, |stream| sys::BZ2_bzDecompress(stream)) };
        if code < 0 {
            return Err(code);
        }
        Ok(Step { used, written, end: code == sys::BZ_STREAM_END })
    }

    fn raise(&self, error: c_int) -> Raised {
        fault(error)
    }
}

#[repr(C)]
pub struct Decompressor {
    head: PyObject,
    state: Decompressing<Stream>,
}

#[pytype(name = "BZ2Decompressor", module = "_bz2", heap, basicsize = 152)]
impl Decompressor {
    #[new(signature = "()")]
    fn new(cls: Borrowed<'_, Type>) -> PyResult<Ref<Decompressor>> {
        let this: Ref<Decompressor> = support::instance(cls)?;
        this.state.set(Stream::decompressor().map_err(fault)?);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Decompressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).state.drop();
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "eof", kind = T_BOOL, offset = offset_of!(Decompressor, state.eof), readonly)]
    const _EOF: () = ();
    #[member(name = "unused_data", kind = T_OBJECT_EX, offset = offset_of!(Decompressor, state.unused_data), readonly)]
    const _UNUSED: () = ();
    #[member(name = "needs_input", kind = T_BOOL, offset = offset_of!(Decompressor, state.needs_input), readonly)]
    const _NEEDS_INPUT: () = ();

    #[method(signature = "($self, /, data, max_length=-1)")]
    fn decompress(this: &Ref<Decompressor>, data: BufferArg<'_>, max_length: isize) -> PyResult<Ref<Bytes>> {
        this.state.decompress(&data, max_length, |_| {})
    }
}

pub struct Bz2;

#[pymodule(name = "_bz2")]
impl Bz2 {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Compressor>()?;
        module.add_type::<Decompressor>()
    }
}
