//! `TextIOWrapper`: text over a stream of bytes. CPython: `Modules/_io/textio.c`.
//!
//! `line_end` has the kinds of line end, `codec` encoding and decoding, `read`, `write` and `seek` the operations, `methods`
//! what Python sees. **Invariant:** when a snapshot is kept, decoding its input from its flags gives the text that was
//! decoded last, of which `used` characters have been read; with that `tell` finds the place in the bytes.

use core::cell::{Cell, UnsafeCell};

use taipan_runtime::types::bytes::BytesBuilder;

use super::base::IoBase;
use super::buffered::{Buffered, BufferedRandom, BufferedReader, BufferedWriter};
use super::field::Field;
use super::newline::Newlines;
use taipan_runtime::prelude::*;

mod codec;
mod line_end;
mod methods;
mod read;
mod seek;
mod write;

use codec::{Codec, Tail};
pub use line_end::LineEnd;

/// How many bytes are asked for at a time, and how many may wait before they are passed on.
const CHUNK_SIZE: usize = 8192;

/// Zeroed memory is a valid stream whose `__init__` has not run.
#[repr(C)]
pub struct TextIoWrapper {
    base: IoBase,
    buffer: Field,
    encoding: Field<Str>,
    errors: Field<Str>,
    /// The incremental codec of the registry; both none for native codecs.
    encoder: Field,
    decoder: Field,
    /// Text that was decoded and not yet read, from `used` on.
    decoded: Field<Str>,
    used: Cell<usize>,
    /// What the decoder held back before the last chunk, and the chunk.
    snapshot: Field<Bytes>,
    /// The decoder's flags before the last chunk.
    snapshot_flags: Cell<u64>,
    /// Bytes per character of the last chunk.
    ratio: Cell<f64>,
    /// Bytes that wait to be passed to the buffer.
    pending: UnsafeCell<BytesBuilder>,
    chunk_size: Cell<usize>,
    tail: Cell<Tail>,
    newlines: Newlines,
    line_end: Cell<LineEnd>,
    codec: Cell<Codec>,
    /// Whether `buffer` is exactly a `BufferedReader`, `BufferedWriter` or `BufferedRandom`.
    native: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    seekable: Cell<bool>,
    telling: Cell<bool>,
    has_read1: Cell<bool>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    initialized: Cell<bool>,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
}

impl TextIoWrapper {
    /// A new stream over `buffer` without the detour of a call.
    pub fn open(
        buffer: Borrowed<'_, Object>,
        encoding: Option<Borrowed<'_, Str>>,
        errors: Option<Borrowed<'_, Str>>,
        newline: Option<Borrowed<'_, Str>>,
        line_buffering: bool,
    ) -> PyResult<Ref<TextIoWrapper>> {
        // SAFETY: an instance of the very type; zeroed fields are valid.
        let this: Ref<TextIoWrapper> = unsafe { TextIoWrapper::type_object().alloc(0)?.into_unchecked() };
        TextIoWrapper::set_up(&this, buffer, encoding, errors, newline, line_buffering, false)?;
        Ok(this)
    }

    fn set_up(
        this: &Ref<TextIoWrapper>,
        buffer: Borrowed<'_, Object>,
        encoding: Option<Borrowed<'_, Str>>,
        errors: Option<Borrowed<'_, Str>>,
        newline: Option<Borrowed<'_, Str>>,
        line_buffering: bool,
        write_through: bool,
    ) -> PyResult<()> {
        this.initialized.set(false);
        this.detached.set(false);
        let encoding = codec::resolve_encoding(encoding)?;
        check_no_null(&encoding)?;
        let errors = match errors {
            Some(errors) => errors.to_owned(),
            None => Str::from_utf8_str("strict")?,
        };
        check_no_null(&errors)?;
        check_errors(&errors)?;
        let line_end = line_end::parse_checked(newline)?;
        this.decoded.clear();
        this.used.set(0);
        this.snapshot.clear();
        this.ratio.set(0.0);
        // SAFETY: no slice of the builder is held.
        unsafe { *this.pending.get() = BytesBuilder::new() };
        this.chunk_size.set(CHUNK_SIZE);
        this.line_buffering.set(line_buffering);
        this.write_through.set(write_through);
        this.set_line_end(line_end);
        this.buffer.set(Some(buffer.to_owned()));
        this.native.set(
            buffer.is_exact::<BufferedReader>()
                || buffer.is_exact::<BufferedWriter>()
                || buffer.is_exact::<BufferedRandom>(),
        );
        TextIoWrapper::set_codec(this, &encoding, &errors)?;
        let seekable = buffer.call_method(id!("seekable"), &[])?.is_true()?;
        this.seekable.set(seekable);
        this.telling.set(seekable);
        this.has_read1.set(this.native.get() || buffer.has_attr(id!("read1"))?);
        TextIoWrapper::fix_encoder(this)?;
        this.initialized.set(true);
        Ok(())
    }

    fn set_line_end(&self, line_end: LineEnd) {
        self.line_end.set(line_end);
        self.newlines.reset();
        self.newlines.translate.set(line_end == LineEnd::Translated);
    }

    fn buffer_object(&self) -> PyResult<Ref<Object>> {
        match self.buffer.get() {
            Some(buffer) => Ok(buffer),
            None => Err(raise!(ValueError, "underlying buffer has been detached")),
        }
    }

    /// ValueError unless `__init__` has succeeded.
    fn check_initialized(&self) -> PyResult<()> {
        if self.initialized.get() {
            return Ok(());
        }
        Err(raise!(ValueError, "I/O operation on uninitialized object"))
    }

    /// The buffer, of a stream that has one.
    fn attached(&self) -> PyResult<Ref<Object>> {
        if self.detached.get() {
            return Err(raise!(ValueError, "underlying buffer has been detached"));
        }
        self.check_initialized()?;
        self.buffer_object()
    }

    /// The buffer as one of the native ones.
    fn native_buffer(&self) -> Option<Ref<Buffered>> {
        if !self.native.get() {
            return None;
        }
        // SAFETY: `native` says that the buffer is one of the types over that layout.
        self.buffer.get().map(|buffer| unsafe { buffer.into_unchecked() })
    }

    /// ValueError when the stream is closed.
    fn check_open(this: &Ref<TextIoWrapper>) -> PyResult<()> {
        let closed = if this.is_exact::<TextIoWrapper>() {
            match this.native_buffer() {
                Some(buffer) => Buffered::is_closed(&buffer)?,
                None => this.attached()?.getattr(id!("closed"))?.is_true()?,
            }
        } else {
            this.as_object().getattr(id!("closed"))?.is_true()?
        };
        if closed { Err(super::base::closed_error()) } else { Ok(()) }
    }

    fn push_pending(&self, data: &[u8]) -> PyResult<()> {
        // SAFETY: pushing runs no Python code, and no slice of the builder is held.
        unsafe { (*self.pending.get()).push(data) }
    }

    fn pending_len(&self) -> usize {
        // SAFETY: the length alone is used.
        unsafe { (*self.pending.get()).len() }
    }

    /// Sets the text that was decoded and not yet read.
    fn set_decoded(&self, text: Option<Ref<Str>>) {
        self.used.set(0);
        self.decoded.set(text);
    }
}

fn check_no_null(text: &Ref<Str>) -> PyResult<()> {
    if text.find_char(0, 0..text.len()).is_some() {
        return Err(raise!(ValueError, "embedded null character"));
    }
    Ok(())
}

/// In development mode, LookupError for an error handler that does not exist.
fn check_errors(errors: &Ref<Str>) -> PyResult<()> {
    if taipan_runtime::thread::config().dev_mode {
        taipan_runtime::types::codec::registry::lookup_error(errors.as_utf8()?)?;
    }
    Ok(())
}
