//! The library's contexts as owned values, and its errors.

use core::ffi::c_void;
use core::ptr;

use taipan_runtime::prelude::*;
use zstd_sys as sys;

use super::ERROR;

// With plain numbers for parameters, which programs choose; the library checks them.
unsafe extern "C" {
    fn ZSTD_CCtx_setParameter(context: *mut sys::ZSTD_CCtx, parameter: c_int, value: c_int) -> usize;
    fn ZSTD_DCtx_setParameter(context: *mut sys::ZSTD_DCtx, parameter: c_int, value: c_int) -> usize;
    safe fn ZSTD_cParam_getBounds(parameter: c_int) -> sys::ZSTD_bounds;
    safe fn ZSTD_dParam_getBounds(parameter: c_int) -> sys::ZSTD_bounds;
}

/// The library's words for an error code.
pub fn error_name(code: usize) -> String {
    // SAFETY: a constant C string.
    unsafe { CStr::from_ptr(sys::ZSTD_getErrorName(code)) }.to_string_lossy().into_owned()
}

/// A result of the library, or the exception that `doing` begins.
pub fn check(code: usize, doing: &str) -> PyResult<usize> {
    // SAFETY: any number may be asked about.
    if unsafe { sys::ZSTD_isError(code) } != 0 {
        return Err(ERROR.raise(format_args!("{doing}: {}", error_name(code))));
    }
    Ok(code)
}

/// The two directions, which have parameters of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Compression,
    Decompression,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Direction::Compression => "compression",
            Direction::Decompression => "decompression",
        }
    }

    /// The lowest and highest value of a parameter.
    pub fn bounds(self, parameter: c_int) -> Result<(c_int, c_int), usize> {
        let bounds = match self {
            Direction::Compression => ZSTD_cParam_getBounds(parameter),
            Direction::Decompression => ZSTD_dParam_getBounds(parameter),
        };
        // SAFETY: any number may be asked about.
        if unsafe { sys::ZSTD_isError(bounds.error) } != 0 {
            return Err(bounds.error);
        }
        Ok((bounds.lowerBound, bounds.upperBound))
    }
}

/// What a compressor or decompressor does with its dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DictionaryKind {
    Digested,
    Undigested,
    Prefix,
}

/// A compression context with the digested dictionary that it refers to.
pub struct Compression {
    context: *mut sys::ZSTD_CCtx,
    dictionary: *mut sys::ZSTD_CDict,
}

// SAFETY: contexts own their memory.
unsafe impl Send for Compression {}

/// What a call used and wrote, and its result.
pub struct Progress {
    pub used: usize,
    pub written: usize,
    pub code: usize,
}

impl Compression {
    pub fn new() -> PyResult<Compression> {
        // SAFETY: makes a context, or none.
        let context = unsafe { sys::ZSTD_createCCtx() };
        if context.is_null() {
            return Err(ERROR.raise(format_args!("Unable to create ZSTD_CCtx instance.")));
        }
        Ok(Compression { context, dictionary: ptr::null_mut() })
    }

    /// Sets a parameter; the library's error code if it refuses.
    pub fn set(&mut self, parameter: c_int, value: c_int) -> Result<(), ()> {
        // SAFETY: a live context.
        unsafe {
            let code = ZSTD_CCtx_setParameter(self.context, parameter, value);
            if sys::ZSTD_isError(code) != 0 { Err(()) } else { Ok(()) }
        }
    }

    /// Uses a dictionary, whose bytes stay where they are for as long as the context.
    ///
    /// # Safety
    /// They do.
    pub unsafe fn use_dictionary(&mut self, content: &[u8], kind: DictionaryKind, level: c_int) -> PyResult<()> {
        const DOING: &str = "Unable to load Zstandard dictionary or prefix for compression";
        let (start, len) = (content.as_ptr().cast::<c_void>(), content.len());
        // SAFETY: by contract; a live context.
        let code = unsafe {
            match kind {
                DictionaryKind::Digested => {
                    self.dictionary = sys::ZSTD_createCDict(start, len, level);
                    if self.dictionary.is_null() {
                        return Err(ERROR.raise(format_args!(
                            "Failed to create a ZSTD_CDict instance from Zstandard dictionary content."
                        )));
                    }
                    sys::ZSTD_CCtx_refCDict(self.context, self.dictionary)
                }
                DictionaryKind::Undigested => sys::ZSTD_CCtx_loadDictionary(self.context, start, len),
                DictionaryKind::Prefix => sys::ZSTD_CCtx_refPrefix(self.context, start, len),
            }
        };
        check(code, DOING).map(drop)
    }

    /// # Safety
    /// The room is writable.
    pub unsafe fn run(&mut self, input: &[u8], output: *mut u8, room: usize, mode: sys::ZSTD_EndDirective) -> Progress {
        let mut source = sys::ZSTD_inBuffer_s { src: input.as_ptr().cast(), size: input.len(), pos: 0 };
        let mut target = sys::ZSTD_outBuffer_s { dst: output.cast(), size: room, pos: 0 };
        // SAFETY: a live context and buffers.
        let code = unsafe { sys::ZSTD_compressStream2(self.context, &raw mut target, &raw mut source, mode) };
        Progress { used: source.pos, written: target.pos, code }
    }

    pub fn set_pledged_size(&mut self, size: u64) -> usize {
        // SAFETY: a live context.
        unsafe { sys::ZSTD_CCtx_setPledgedSrcSize(self.context, size) }
    }

    /// Forgets the frame that is under way.
    pub fn reset(&mut self) {
        // SAFETY: a live context.
        unsafe { sys::ZSTD_CCtx_reset(self.context, sys::ZSTD_ResetDirective::ZSTD_reset_session_only) };
    }
}

impl Drop for Compression {
    fn drop(&mut self) {
        // SAFETY: the last use; null is allowed.
        unsafe {
            sys::ZSTD_freeCCtx(self.context);
            sys::ZSTD_freeCDict(self.dictionary);
        }
    }
}

/// A decompression context with the digested dictionary that it refers to.
pub struct Decompression {
    context: *mut sys::ZSTD_DCtx,
    dictionary: *mut sys::ZSTD_DDict,
}

// SAFETY: contexts own their memory.
unsafe impl Send for Decompression {}

impl Decompression {
    pub fn new() -> PyResult<Decompression> {
        // SAFETY: makes a context, or none.
        let context = unsafe { sys::ZSTD_createDCtx() };
        if context.is_null() {
            return Err(ERROR.raise(format_args!("Unable to create ZSTD_DCtx instance.")));
        }
        Ok(Decompression { context, dictionary: ptr::null_mut() })
    }

    pub fn set(&mut self, parameter: c_int, value: c_int) -> Result<(), ()> {
        // SAFETY: a live context.
        unsafe {
            let code = ZSTD_DCtx_setParameter(self.context, parameter, value);
            if sys::ZSTD_isError(code) != 0 { Err(()) } else { Ok(()) }
        }
    }

    /// As [`Compression::use_dictionary`].
    ///
    /// # Safety
    /// As there.
    pub unsafe fn use_dictionary(&mut self, content: &[u8], kind: DictionaryKind) -> PyResult<()> {
        const DOING: &str = "Unable to load Zstandard dictionary or prefix for decompression";
        let (start, len) = (content.as_ptr().cast::<c_void>(), content.len());
        // SAFETY: by contract; a live context.
        let code = unsafe {
            match kind {
                DictionaryKind::Digested => {
                    self.dictionary = sys::ZSTD_createDDict(start, len);
                    if self.dictionary.is_null() {
                        return Err(ERROR.raise(format_args!(
                            "Failed to create a ZSTD_DDict instance from Zstandard dictionary content."
                        )));
                    }
                    sys::ZSTD_DCtx_refDDict(self.context, self.dictionary)
                }
                DictionaryKind::Undigested => sys::ZSTD_DCtx_loadDictionary(self.context, start, len),
                DictionaryKind::Prefix => sys::ZSTD_DCtx_refPrefix(self.context, start, len),
            }
        };
        check(code, DOING).map(drop)
    }

    /// # Safety
    /// The room is writable.
    pub unsafe fn run(&mut self, input: &[u8], output: *mut u8, room: usize) -> Progress {
        let mut source = sys::ZSTD_inBuffer_s { src: input.as_ptr().cast(), size: input.len(), pos: 0 };
        let mut target = sys::ZSTD_outBuffer_s { dst: output.cast(), size: room, pos: 0 };
        // SAFETY: a live context and buffers.
        let code = unsafe { sys::ZSTD_decompressStream(self.context, &raw mut target, &raw mut source) };
        Progress { used: source.pos, written: target.pos, code }
    }
}

impl Drop for Decompression {
    fn drop(&mut self) {
        // SAFETY: the last use; null is allowed.
        unsafe {
            sys::ZSTD_freeDCtx(self.context);
            sys::ZSTD_freeDDict(self.dictionary);
        }
    }
}
