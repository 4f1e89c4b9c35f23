//! `zlib`, on zlib-rs. CPython: `Modules/zlibmodule.c`.

pub mod checksum;
mod compress;
mod decompress;
mod stream;

use core::num::Wrapping;

use libz_rs_sys as sys;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::Exception;

use crate::compression::{Output, working};
use crate::support::ErrorClass;
use compress::Compress;
use decompress::{Decompress, ZlibDecompressor};
use stream::{Code, Deflate, Inflate, ZlibFault};

/// `zlib.error`
static ERROR: ErrorClass = ErrorClass::new("zlib", "error", Exception::type_object);

const MAX_WBITS: i32 = 15;
const DEF_BUF_SIZE: isize = 16 * 1024;
const DEF_MEM_LEVEL: i32 = 8;

/// The exception for a code of the library; `doing` says what went on.
#[cold]
fn fault(code: Code, message: Option<String>, doing: &str) -> Raised {
    let message = message.or_else(|| {
        let text = match code {
            sys::Z_BUF_ERROR => "incomplete or truncated stream",
            sys::Z_STREAM_ERROR => "inconsistent stream state",
            sys::Z_DATA_ERROR => "invalid input data",
            sys::Z_VERSION_ERROR => "library version mismatch",
            _ => return None,
        };
        Some(text.to_owned())
    });
    match message {
        Some(message) => ERROR.raise(format_args!("Error {code} {doing}: {message}")),
        None => ERROR.raise(format_args!("Error {code} {doing}")),
    }
}

#[cold]
fn no_memory(message: &str) -> Raised {
    raise!(MemoryError, "{message}")
}

/// A dictionary's length has to fit the library's type.
fn check_dictionary(len: usize) -> PyResult<()> {
    if len > u32::MAX as usize {
        return Err(raise!(OverflowError, "zdict length does not fit in an unsigned int"));
    }
    Ok(())
}

/// Compresses all of `input` with the given flush at its end; the last code.
fn deflate_all(stream: &mut Deflate, mut input: &[u8], flush: i32, out: &mut Output) -> PyResult<Code> {
    loop {
        let (start, room) = out.room()?;
        let flush = if input.len() > u32::MAX as usize { sys::Z_NO_FLUSH } else { flush };
        // SAFETY: the room is the output's.
        let progress = working(input.len(), || unsafe { stream.run(input, start, room, flush) });
        // SAFETY: the library wrote so many.
        unsafe { out.wrote(progress.written) };
        input = &input[progress.used..];
        if progress.code == sys::Z_STREAM_ERROR || (progress.written < room && input.is_empty()) {
            return Ok(progress.code);
        }
    }
}

pub struct Zlib;

#[pymodule(name = "zlib")]
impl Zlib {
    const MAX_WBITS: i32 = MAX_WBITS;
    const DEFLATED: i32 = sys::Z_DEFLATED;
    const DEF_MEM_LEVEL: i32 = DEF_MEM_LEVEL;
    const DEF_BUF_SIZE: isize = DEF_BUF_SIZE;
    const Z_NO_COMPRESSION: i32 = sys::Z_NO_COMPRESSION;
    const Z_BEST_SPEED: i32 = sys::Z_BEST_SPEED;
    const Z_BEST_COMPRESSION: i32 = sys::Z_BEST_COMPRESSION;
    const Z_DEFAULT_COMPRESSION: i32 = sys::Z_DEFAULT_COMPRESSION;
    const Z_FILTERED: i32 = sys::Z_FILTERED;
    const Z_HUFFMAN_ONLY: i32 = sys::Z_HUFFMAN_ONLY;
    const Z_RLE: i32 = sys::Z_RLE;
    const Z_FIXED: i32 = sys::Z_FIXED;
    const Z_DEFAULT_STRATEGY: i32 = sys::Z_DEFAULT_STRATEGY;
    const Z_NO_FLUSH: i32 = sys::Z_NO_FLUSH;
    const Z_PARTIAL_FLUSH: i32 = sys::Z_PARTIAL_FLUSH;
    const Z_SYNC_FLUSH: i32 = sys::Z_SYNC_FLUSH;
    const Z_FULL_FLUSH: i32 = sys::Z_FULL_FLUSH;
    const Z_FINISH: i32 = sys::Z_FINISH;
    const Z_BLOCK: i32 = sys::Z_BLOCK;
    const Z_TREES: i32 = sys::Z_TREES;

    #[function(signature = "($module, data, value=1, /)")]
    fn adler32(data: BufferArg<'_>, value: Option<Wrapping<u32>>) -> u32 {
        working(data.len(), || checksum::adler32(value.map_or(1, |value| value.0), &data))
    }

    #[function(signature = "($module, data, value=0, /)")]
    fn crc32(data: BufferArg<'_>, value: Option<Wrapping<u32>>) -> u32 {
        working(data.len(), || checksum::crc32(value.map_or(0, |value| value.0), &data))
    }

    #[function(signature = "($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
    fn compress(data: BufferArg<'_>, level: Option<i32>, wbits: Option<i32>) -> PyResult<Ref<Bytes>> {
        const DOING: &str = "while compressing data";
        let (level, wbits) = (level.unwrap_or(sys::Z_DEFAULT_COMPRESSION), wbits.unwrap_or(MAX_WBITS));
        let stream = Deflate::new(level, sys::Z_DEFLATED, wbits, DEF_MEM_LEVEL, sys::Z_DEFAULT_STRATEGY);
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
                return Err(no_memory("Out of memory while compressing data"));
            }
            Err(ZlibFault { code: sys::Z_STREAM_ERROR, .. }) => {
                return Err(ERROR.raise(format_args!("Bad compression level")));
            }
            Err(ZlibFault { code, message }) => return Err(fault(code, message, DOING)),
        };
        let mut out = Output::new(-1);
        match deflate_all(&mut stream, &data, sys::Z_FINISH, &mut out)? {
            sys::Z_STREAM_END => out.finish(),
            code => Err(fault(code, stream.message(), DOING)),
        }
    }

    #[function(signature = "($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
    fn decompress(data: BufferArg<'_>, wbits: Option<i32>, bufsize: Option<isize>) -> PyResult<Ref<Bytes>> {
        const DOING: &str = "while decompressing data";
        if bufsize.is_some_and(|size| size < 0) {
            return Err(raise!(ValueError, "bufsize must be non-negative"));
        }
        let mut stream = match Inflate::new(wbits.unwrap_or(MAX_WBITS)) {
            Ok(stream) => stream,
            Err(ZlibFault { code: sys::Z_MEM_ERROR, .. }) => {
                return Err(no_memory("Out of memory while decompressing data"));
            }
            Err(ZlibFault { code, message }) => {
                return Err(fault(code, message, "while preparing to decompress data"));
            }
        };
        let (mut out, mut input) = (Output::new(-1), data.as_slice());
        loop {
            let (start, room) = out.room()?;
            let flush = if input.len() > u32::MAX as usize { sys::Z_NO_FLUSH } else { sys::Z_FINISH };
            // SAFETY: the room is the output's.
            let progress = working(input.len(), || unsafe { stream.run(input, start, room, flush) });
            // SAFETY: the library wrote so many.
            unsafe { out.wrote(progress.written) };
            input = &input[progress.used..];
            match progress.code {
                sys::Z_STREAM_END => return out.finish(),
                sys::Z_OK | sys::Z_BUF_ERROR if progress.written == room => {}
                sys::Z_OK | sys::Z_BUF_ERROR if !input.is_empty() && progress.used > 0 => {}
                sys::Z_OK | sys::Z_BUF_ERROR => return Err(fault(sys::Z_BUF_ERROR, None, DOING)),
                sys::Z_MEM_ERROR => return Err(no_memory("Out of memory while decompressing data")),
                code => return Err(fault(code, stream.message(), DOING)),
            }
        }
    }

    #[function(signature = "($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED,\n            wbits=MAX_WBITS, \
                     memLevel=DEF_MEM_LEVEL,\n            strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)")]
    fn compressobj(
        level: Option<i32>,
        method: Option<i32>,
        wbits: Option<i32>,
        memlevel: Option<i32>,
        strategy: Option<i32>,
        zdict: Option<BufferArg<'_>>,
    ) -> PyResult<Ref<Compress>> {
        Compress::create(
            [
                level.unwrap_or(sys::Z_DEFAULT_COMPRESSION),
                method.unwrap_or(sys::Z_DEFLATED),
                wbits.unwrap_or(MAX_WBITS),
                memlevel.unwrap_or(DEF_MEM_LEVEL),
                strategy.unwrap_or(sys::Z_DEFAULT_STRATEGY),
            ],
            zdict.as_deref(),
        )
    }

    #[function(signature = "($module, /, wbits=MAX_WBITS, zdict=b'')")]
    fn decompressobj(wbits: Option<i32>, zdict: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Decompress>> {
        Decompress::create(wbits.unwrap_or(MAX_WBITS), zdict)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        // SAFETY: a constant C string.
        let runtime = unsafe { CStr::from_ptr(sys::zlibVersion()) }.to_string_lossy();
        let version = runtime.split('-').next().unwrap_or(&runtime);
        module.add("ZLIB_VERSION", Str::from_utf8_str(version)?)?;
        module.add("ZLIB_RUNTIME_VERSION", Str::from_utf8_str(&runtime)?)?;
        module.add("__version__", id!("1.0"))?;
        taipan_runtime::types::type_::ready_static::<Compress>()?;
        taipan_runtime::types::type_::ready_static::<Decompress>()?;
        module.add_type::<ZlibDecompressor>()?;
        ERROR.add_to(module)
    }
}
