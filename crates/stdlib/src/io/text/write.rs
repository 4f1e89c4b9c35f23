//! Writing text.

use taipan_runtime::types::bytes::BytesBuilder;

use super::super::buffered::{Buffered, call_raw};
use super::super::unsupported;
use super::TextIoWrapper;
use taipan_runtime::prelude::*;

impl TextIoWrapper {
    /// Passes the bytes that wait on to the buffer.
    pub(super) fn write_pending(this: &Ref<TextIoWrapper>) -> PyResult<()> {
        if this.pending_len() == 0 {
            return Ok(());
        }
        // SAFETY: the builder is taken as a whole: what the write causes finds nothing that waits.
        let mut pending = core::mem::take(unsafe { &mut *this.pending.get() });
        if let Some(buffer) = this.native_buffer() {
            let result = Buffered::write(&buffer, pending.as_slice());
            pending.truncate(0);
            if this.pending_len() == 0 {
                // The memory serves again.
                // SAFETY: no slice of the builder is held.
                unsafe { *this.pending.get() = pending };
            }
            return result.map(drop);
        }
        let bytes = pending.finish()?;
        let result = call_raw(&this.buffer_object()?, id!("write"), &[bytes.as_borrowed()]);
        result.map(drop)
    }

    pub(super) fn write_text(this: &Ref<TextIoWrapper>, text: &Ref<Str>) -> PyResult<usize> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        if !this.writable.get() {
            return Err(unsupported("not writable"));
        }
        let len = text.len();
        let written = this.line_end.get().written();
        let line_buffering = this.line_buffering.get();
        let mut flush = false;
        let has_newline = (line_buffering || written.is_some()) && text.find_char(u32::from('\n'), 0..len).is_some();
        if line_buffering {
            flush = has_newline || text.find_char(u32::from('\r'), 0..len).is_some();
        }
        if this.pending_len() > 0 && this.pending_len().saturating_add(len) > this.chunk_size.get() {
            // Keeps what waits small, and large texts out of it.
            TextIoWrapper::write_pending(this)?;
        }
        match written {
            Some(line_end) if has_newline => {
                let text = text.replace(&Str::latin1_char(b'\n'), &Str::from_utf8_str(line_end)?, -1)?;
                TextIoWrapper::encode(this, &text)?;
            }
            _ => TextIoWrapper::encode(this, text)?,
        }
        if this.pending_len() >= this.chunk_size.get() || flush || this.write_through.get() {
            TextIoWrapper::write_pending(this)?;
        }
        if flush {
            this.attached()?.call_method(id!("flush"), &[])?;
        }
        if this.snapshot.is_some() {
            this.set_decoded(None);
            this.snapshot.clear();
        }
        TextIoWrapper::decoder_reset(this)?;
        Ok(len)
    }

    pub(super) fn flush_text(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        this.telling.set(this.seekable.get());
        TextIoWrapper::write_pending(this)?;
        this.attached()?.call_method(id!("flush"), &[])
    }

    /// Frees the memory for waiting bytes.
    pub(super) fn drop_pending(&self) {
        // SAFETY: no slice of the builder is held.
        unsafe { *self.pending.get() = BytesBuilder::new() };
    }
}
