//! `ZstdCompressor`.

use core::cell::Cell;
use core::mem::offset_of;
use std::sync::Mutex;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use zstd_sys::ZSTD_EndDirective;

use super::library::{Compression, DictionaryKind, Direction, check};
use super::{LEVEL_PARAMETER, options};
use crate::compression::{Output, lock, working};
use crate::support::{self, Place, Slot};

pub const CONTINUE: c_int = 0;
pub const FLUSH_BLOCK: c_int = 1;
pub const FLUSH_FRAME: c_int = 2;

/// A size that is not known, and the highest that means an error: sizes are below both.
const UNKNOWN_SIZE: u64 = u64::MAX;
const ERROR_SIZE: u64 = u64::MAX - 1;

#[repr(C)]
pub struct ZstdCompressor {
    head: PyObject,
    context: Place<Mutex<Compression>>,
    /// Keeps the dictionary's bytes for the context.
    dictionary: Slot,
    last_mode: Cell<c_int>,
}

#[cold]
fn illegal_level(level: Option<c_int>) -> Raised {
    let (low, high) = Direction::Compression.bounds(LEVEL_PARAMETER).unwrap_or((0, 0));
    let level = level.map_or(String::new(), |level| format!(" {level}"));
    raise!(ValueError, "illegal compression level{level}; the valid range is [{low}, {high}]")
}

fn set_level(context: &mut Compression, level: c_int) -> PyResult<()> {
    let legal = Direction::Compression.bounds(LEVEL_PARAMETER).is_ok_and(|(low, high)| (low..=high).contains(&level));
    if !legal || context.set(LEVEL_PARAMETER, level).is_err() {
        return Err(illegal_level(Some(level)));
    }
    Ok(())
}

impl ZstdCompressor {
    fn context(&self) -> PyResult<&Mutex<Compression>> {
        // SAFETY: set once, at the start.
        match unsafe { self.context.get() } {
            Some(context) => Ok(context),
            None => Err(raise!(ValueError, "the compressor is not initialized")),
        }
    }

    fn run(&self, data: &[u8], mode: c_int) -> PyResult<Ref<Bytes>> {
        let directive = match mode {
            CONTINUE => ZSTD_EndDirective::ZSTD_e_continue,
            FLUSH_BLOCK => ZSTD_EndDirective::ZSTD_e_flush,
            _ => ZSTD_EndDirective::ZSTD_e_end,
        };
        let mut context = lock(self.context()?);
        let (mut out, mut rest) = (Output::new(-1), data);
        loop {
            let (start, room) = out.room()?;
            // SAFETY: the room is the output's.
            let progress = working(rest.len().max(room), || unsafe { context.run(rest, start, room, directive) });
            if let Err(raised) = check(progress.code, "Unable to compress Zstandard data") {
                self.last_mode.set(FLUSH_FRAME);
                context.reset();
                return Err(raised);
            }
            // SAFETY: the library wrote so many.
            unsafe { out.wrote(progress.written) };
            rest = &rest[progress.used..];
            let done = if mode == CONTINUE { rest.is_empty() && progress.written < room } else { progress.code == 0 };
            if done {
                break;
            }
        }
        self.last_mode.set(mode);
        out.finish()
    }
}

#[pytype(name = "ZstdCompressor", module = "compression.zstd", gc, heap, basicsize = 48)]
impl ZstdCompressor {
    #[slot(tp_traverse)]
    fn traverse(_this: &ZstdCompressor, _visit: &mut Visitor) {}

    #[new(signature = "(level=None, options=None, zstd_dict=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        level: Option<Borrowed<'_, Object>>,
        options: Option<Borrowed<'_, Object>>,
        zstd_dict: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<ZstdCompressor>> {
        let given = |value: Option<Borrowed<'_, Object>>| value.is_some_and(|value| !value.is_none());
        if given(level) && given(options) {
            return Err(raise!(TypeError, "Only one of level or options should be used."));
        }
        let mut context = Compression::new()?;
        let mut used_level = 0;
        if let Some(level) = level.filter(|level| !level.is_none()) {
            let Some(level) = level.downcast::<Int>() else {
                return Err(raise!(TypeError, "invalid type for level, expected int"));
            };
            let Some(level) = level.to_i32() else { return Err(illegal_level(None)) };
            set_level(&mut context, level)?;
            used_level = level;
        }
        if let Some(options) = options.filter(|options| !options.is_none()) {
            options::each(options, Direction::Compression, |key, value| {
                if key == LEVEL_PARAMETER {
                    used_level = value;
                    return set_level(&mut context, value);
                }
                context.set(key, value).map_err(|()| options::refused(Direction::Compression, key, value))
            })?;
        }
        let this: Ref<ZstdCompressor> = support::instance(cls)?;
        if let Some(dictionary) = zstd_dict.filter(|dictionary| !dictionary.is_none()) {
            let (dictionary, kind) = options::dictionary(dictionary, DictionaryKind::Undigested)?;
            // SAFETY: the slot keeps the dictionary for as long as the context lives.
            unsafe { context.use_dictionary(dictionary.content(), kind, used_level)? };
            this.dictionary.set(Some(dictionary.into_object()));
        }
        this.last_mode.set(FLUSH_FRAME);
        this.context.set(Mutex::new(context));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ZstdCompressor) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).context.take());
            drop((*this).dictionary.take());
            memory::dealloc_finish(this);
        }
    }

    #[member(name = "last_mode", kind = T_INT, offset = offset_of!(ZstdCompressor, last_mode), readonly)]
    const _LAST_MODE: () = ();

    #[method(signature = "($self, /, data, mode=ZstdCompressor.CONTINUE)")]
    fn compress(this: &Ref<ZstdCompressor>, data: BufferArg<'_>, mode: Option<i32>) -> PyResult<Ref<Bytes>> {
        match mode.unwrap_or(CONTINUE) {
            mode @ (CONTINUE | FLUSH_BLOCK | FLUSH_FRAME) => this.run(&data, mode),
            _ => Err(raise!(
                ValueError,
                "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, ZstdCompressor.FLUSH_BLOCK, \
                 ZstdCompressor.FLUSH_FRAME."
            )),
        }
    }

    #[method(signature = "($self, /, mode=ZstdCompressor.FLUSH_FRAME)")]
    fn flush(this: &Ref<ZstdCompressor>, mode: Option<i32>) -> PyResult<Ref<Bytes>> {
        match mode.unwrap_or(FLUSH_FRAME) {
            mode @ (FLUSH_BLOCK | FLUSH_FRAME) => this.run(&[], mode),
            _ => Err(raise!(
                ValueError,
                "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or ZstdCompressor.FLUSH_BLOCK."
            )),
        }
    }

    #[method(signature = "($self, size, /)")]
    fn set_pledged_input_size(this: &Ref<ZstdCompressor>, size: Borrowed<'_, Object>) -> PyResult<()> {
        let size = if size.is_none() {
            UNKNOWN_SIZE
        } else {
            let Some(size) = size.downcast::<Int>() else {
                return Err(raise!(TypeError, "an integer is required"));
            };
            match size.to_u64() {
                Some(size) if size < ERROR_SIZE => size,
                _ => {
                    return Err(raise!(ValueError, "size argument should be a positive int less than {ERROR_SIZE}"));
                }
            }
        };
        let mut context = lock(this.context()?);
        if this.last_mode.get() != FLUSH_FRAME {
            return Err(raise!(
                ValueError,
                "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME"
            ));
        }
        check(context.set_pledged_size(size), "Unable to set pledged uncompressed content size").map(drop)
    }
}
