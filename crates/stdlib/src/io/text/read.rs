//! Reading text: chunks are read from the buffer and decoded, and lines and characters taken from them.

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::types::buffer::has_buffer;
use taipan_runtime::types::str::StrBuilder;

use super::super::buffered::Buffered;
use super::super::unsupported;
use super::{LineEnd, TextIoWrapper};
use taipan_runtime::prelude::*;

/// The parts that a result is put together from; one alone is passed on as it is.
#[derive(Default)]
struct Parts {
    first: Option<Ref<Str>>,
    rest: Option<StrBuilder>,
}

impl Parts {
    fn push(&mut self, part: Ref<Str>) -> PyResult<()> {
        if part.is_empty() {
            return Ok(());
        }
        if let Some(rest) = &mut self.rest {
            return rest.push_object(&part);
        }
        match self.first.take() {
            None => self.first = Some(part),
            Some(first) => {
                let mut rest = StrBuilder::with_capacity(first.len() + part.len())?;
                rest.push_object(&first)?;
                rest.push_object(&part)?;
                self.rest = Some(rest);
            }
        }
        Ok(())
    }

    fn finish(self) -> PyResult<Ref<Str>> {
        match (self.first, self.rest) {
            (_, Some(rest)) => rest.finish(),
            (Some(first), None) => Ok(first),
            (None, None) => Ok(Str::empty()),
        }
    }
}

impl TextIoWrapper {
    /// How many decoded characters are there to be read.
    fn available(&self) -> usize {
        self.decoded.get().map_or(0, |decoded| decoded.len().saturating_sub(self.used.get()))
    }

    /// Takes up to `count` characters that were decoded.
    fn take_decoded(&self, count: usize) -> PyResult<Ref<Str>> {
        let Some(decoded) = self.decoded.get() else { return Ok(Str::empty()) };
        let start = self.used.get().min(decoded.len());
        let count = count.min(decoded.len() - start);
        self.used.set(start + count);
        if count == decoded.len() { Ok(decoded) } else { decoded.substring(start..start + count) }
    }

    /// One read of the buffer.
    fn read_buffer(this: &Ref<TextIoWrapper>, size: usize) -> PyResult<Ref<Object>> {
        if let Some(buffer) = this.native_buffer() {
            return Ok(Buffered::read1(&buffer, size as isize)?.into_object());
        }
        let method = if this.has_read1.get() { id!("read1") } else { id!("read") };
        let size = Int::from_usize(size)?;
        let input = this.buffer_object()?.call_method(method, &[size.as_borrowed()])?;
        if !has_buffer(&input) {
            return Err(raise!(
                TypeError,
                "underlying {}() should have returned a bytes-like object, not '{}'",
                method.to_display(),
                input.type_name()
            ));
        }
        Ok(input)
    }

    /// Reads and decodes a chunk; false at the end. `wanted` is how many characters are still asked for.
    fn read_chunk(this: &Ref<TextIoWrapper>, wanted: usize) -> PyResult<bool> {
        if !this.readable.get() {
            return Err(unsupported("not readable"));
        }
        let telling = this.telling.get();
        let state = if telling { Some(TextIoWrapper::decoder_getstate(this)?) } else { None };
        let mut size = this.chunk_size.get();
        if wanted > 0 {
            let ratio = if this.ratio.get() > 0.0 { this.ratio.get() } else { 1.0 };
            size = size.max((wanted as f64 * ratio.max(1.0)).min(isize::MAX as f64 / 2.0) as usize);
        }
        let input = TextIoWrapper::read_buffer(this, size)?;
        let bytes = BufferArg::new(input.borrow())?;
        let byte_count = bytes.len();
        let decoded = TextIoWrapper::decode(this, &input, byte_count == 0)?;
        let count = decoded.len();
        this.ratio.set(if count > 0 { byte_count as f64 / count as f64 } else { 0.0 });
        this.set_decoded(Some(decoded));
        if let Some((held, flags)) = state {
            // What the decoder held back belongs to what was decoded now.
            let input = if held.is_empty()
                && let Some(exact) = input.downcast_exact::<Bytes>()
            {
                exact.to_owned()
            } else {
                Bytes::concat_slices(held.as_slice(), &bytes)?
            };
            this.snapshot.set(Some(input));
            this.snapshot_flags.set(flags);
        }
        Ok(byte_count > 0 || count > 0)
    }

    pub(super) fn read_text(this: &Ref<TextIoWrapper>, size: Option<usize>) -> PyResult<Ref<Str>> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        if !this.readable.get() {
            return Err(unsupported("not readable"));
        }
        TextIoWrapper::write_pending(this)?;
        let Some(size) = size else { return TextIoWrapper::read_all(this) };
        let mut parts = Parts::default();
        let first = this.take_decoded(size)?;
        let mut left = size - first.len();
        parts.push(first)?;
        while left > 0 {
            if !TextIoWrapper::read_chunk(this, left)? {
                break;
            }
            let part = this.take_decoded(left)?;
            left -= part.len();
            parts.push(part)?;
        }
        parts.finish()
    }

    fn read_all(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Str>> {
        let input = match this.native_buffer() {
            Some(buffer) => Buffered::read(&buffer, None)?,
            None => this.buffer_object()?.call_method(id!("read"), &[])?,
        };
        if input.is_none() {
            return Err(raise!(BlockingIOError, "read() should have returned a bytes-like object, not 'NoneType'"));
        }
        if !has_buffer(&input) {
            return Err(raise!(
                TypeError,
                "underlying read() should have returned a bytes-like object, not '{}'",
                input.type_name()
            ));
        }
        let text = TextIoWrapper::decode(this, &input, true)?;
        let mut parts = Parts::default();
        parts.push(this.take_decoded(usize::MAX)?)?;
        parts.push(text)?;
        if this.snapshot.is_some() || this.decoded.is_some() {
            this.set_decoded(None);
            this.snapshot.clear();
        }
        parts.finish()
    }

    pub(super) fn read_line(this: &Ref<TextIoWrapper>, limit: Option<usize>) -> PyResult<Ref<Str>> {
        this.attached()?;
        TextIoWrapper::check_open(this)?;
        TextIoWrapper::write_pending(this)?;
        let line_end = this.line_end.get();
        let mut parts = Parts::default();
        let mut taken = 0;
        // Of a two-character line end, whether the first one was the last of the part before.
        let mut half = false;
        loop {
            while this.available() == 0 {
                if !TextIoWrapper::read_chunk(this, 0)? {
                    this.set_decoded(None);
                    this.snapshot.clear();
                    return parts.finish();
                }
            }
            let Some(decoded) = this.decoded.get() else { return parts.finish() };
            let rest = decoded.data().range(this.used.get()..decoded.len());
            let most = limit.map_or(rest.len(), |limit| (limit - taken).min(rest.len()));
            let found = if half && rest.get(0) == u32::from('\n') { Some(1) } else { line_end.find(rest) };
            let count = found.map_or(most, |count| count.min(most));
            let ends = found.is_some_and(|found| found <= most) || limit.is_some_and(|limit| taken + count >= limit);
            half = line_end == LineEnd::CrLf && count > 0 && rest.get(count - 1) == u32::from('\r');
            taken += count;
            parts.push(this.take_decoded(count)?)?;
            if ends {
                return parts.finish();
            }
        }
    }

    pub(super) fn next_line(this: &Ref<TextIoWrapper>) -> PyResult<Option<Ref<Str>>> {
        this.attached()?;
        this.telling.set(false);
        let line = if this.is_exact::<TextIoWrapper>() {
            TextIoWrapper::read_line(this, None)?
        } else {
            let line = this.as_object().call_method(id!("readline"), &[])?;
            line.into_downcast::<Str>().map_err(|other| {
                raise!(OSError, "readline() should have returned a str object, not '{}'", other.type_name())
            })?
        };
        if line.is_empty() {
            this.snapshot.clear();
            this.telling.set(this.seekable.get());
            return Ok(None);
        }
        Ok(Some(line))
    }
}
