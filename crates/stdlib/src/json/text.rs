//! The text that is being written: ASCII as long as nothing else comes, which is all there is in the usual case.

use taipan_runtime::prelude::*;
use taipan_runtime::types::float;
use taipan_runtime::types::str::{StrBuilder, StrData};

/// A text that grows at its end.
#[derive(Default)]
pub struct Text {
    /// ASCII that follows what is in `wide`.
    tail: String,
    wide: Option<StrBuilder>,
}

impl Text {
    pub fn new() -> Text {
        Text::default()
    }

    /// Makes room for `more` characters.
    #[inline]
    fn reserve(&mut self, more: usize) -> PyResult<()> {
        if self.tail.capacity() - self.tail.len() >= more {
            return Ok(());
        }
        self.grow(more)
    }

    #[cold]
    fn grow(&mut self, more: usize) -> PyResult<()> {
        if self.tail.try_reserve(more.max(128)).is_err() {
            return Err(Raised::no_memory());
        }
        Ok(())
    }

    #[inline]
    pub fn push_ascii(&mut self, text: &str) -> PyResult<()> {
        self.reserve(text.len())?;
        self.tail.push_str(text);
        Ok(())
    }

    /// Appends bytes that are ASCII.
    ///
    /// # Safety
    /// They are.
    #[inline]
    pub unsafe fn push_bytes(&mut self, bytes: &[u8]) -> PyResult<()> {
        debug_assert!(bytes.is_ascii());
        self.reserve(bytes.len())?;
        // SAFETY: ASCII is UTF-8.
        unsafe { self.tail.as_mut_vec().extend_from_slice(bytes) };
        Ok(())
    }

    /// Appends one ASCII character.
    #[inline]
    pub fn push_byte(&mut self, byte: u8) -> PyResult<()> {
        debug_assert!(byte < 0x80);
        self.reserve(1)?;
        self.tail.push((byte & 0x7f) as char);
        Ok(())
    }

    /// Appends any characters.
    pub fn push_data(&mut self, data: StrData<'_>) -> PyResult<()> {
        if let StrData::Ucs1(bytes) = data
            && bytes.is_ascii()
        {
            // SAFETY: just checked.
            return unsafe { self.push_bytes(bytes) };
        }
        let wide = self.wide.get_or_insert_with(StrBuilder::new);
        wide.push_ascii(self.tail.as_bytes())?;
        self.tail.clear();
        wide.push_data(data)
    }

    pub fn push_str(&mut self, text: &Ref<Str>) -> PyResult<()> {
        match text.as_ascii() {
            Some(ascii) => self.push_ascii(ascii),
            None => self.push_data(text.data()),
        }
    }

    pub fn push_int(&mut self, value: i64) -> PyResult<()> {
        let mut buffer = [0u8; 20];
        let mut at = buffer.len();
        let mut magnitude = value.unsigned_abs();
        loop {
            at -= 1;
            buffer[at] = b'0' + (magnitude % 10) as u8;
            magnitude /= 10;
            if magnitude == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            buffer[at] = b'-';
        }
        // SAFETY: a sign and digits.
        unsafe { self.push_bytes(&buffer[at..]) }
    }

    /// Appends `repr(value)`.
    pub fn push_float(&mut self, value: f64) -> PyResult<()> {
        self.reserve(40)?;
        float::text::push_repr(&mut self.tail, value, true);
        Ok(())
    }

    pub fn finish(self) -> PyResult<Ref<Str>> {
        match self.wide {
            None => Str::from_ascii(self.tail.as_bytes()),
            Some(mut wide) => {
                wide.push_ascii(self.tail.as_bytes())?;
                wide.finish()
            }
        }
    }
}
