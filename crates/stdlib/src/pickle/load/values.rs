//! Reading numbers and strings, in the forms of all protocols.

use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, float, int};

use super::super::input::truncated;
use super::super::unpickling_error;
use super::Loader;

impl Loader<'_> {
    // ---- numbers ----

    pub(super) fn load_long(&mut self, len: usize) -> PyResult<()> {
        let int = signed_int(self.input.take(len)?)?;
        self.push(int)
    }

    pub(super) fn load_int_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.try_to_vec()?;
        match &line[..] {
            b"00" => return self.push(Bool::from(false)),
            b"01" => return self.push(Bool::from(true)),
            _ => {}
        }
        match int::text::parse(&line, 10) {
            Ok(int) => self.push(int),
            Err(int::text::ParseError::Raised(raised)) => Err(raised),
            Err(int::text::ParseError::Invalid) => Err(raise!(ValueError, "could not convert string to int")),
        }
    }

    pub(super) fn load_long_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.try_to_vec()?;
        let digits = line.strip_suffix(b"L").unwrap_or(&line);
        let value = int::text::from_bytes_text(digits, 10)?;
        self.push(value)
    }

    pub(super) fn load_float_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.try_to_vec()?;
        match float::parse::parse(line.trim_ascii()) {
            Some(value) => self.push(Float::new(value)?),
            None => Err(raise!(ValueError, "could not convert string to float")),
        }
    }

    // ---- strings ----

    #[inline]
    pub(super) fn load_str(&mut self, len: usize) -> PyResult<()> {
        let bytes = self.input.take(len)?;
        let text = match core::str::from_utf8(bytes) {
            Ok(text) => Str::from_utf8_str(text)?,
            Err(_) => codec::decode_utf8(bytes, "surrogatepass")?,
        };
        self.push(text)
    }

    pub(super) fn load_bytes(&mut self, len: usize) -> PyResult<()> {
        let bytes = Bytes::from_slice(self.input.take(len)?)?;
        self.push(bytes)
    }

    pub(super) fn load_bytearray(&mut self) -> PyResult<()> {
        let len = self.length(true, "BYTEARRAY8")?;
        let array = ByteArray::new()?;
        array.resize(len)?;
        self.input.fill(&array)?;
        self.push(array)
    }

    /// A string of Python 2.
    pub(super) fn decoded(&self, bytes: &[u8]) -> PyResult<Ref<Object>> {
        if self.options.encoding == "bytes" {
            return Ok(Bytes::from_slice(bytes)?.into_object());
        }
        Ok(codec::decode_bytes(bytes, &self.options.encoding, &self.options.errors)?.into_object())
    }

    pub(super) fn load_old_string(&mut self, len: usize) -> PyResult<()> {
        let bytes = self.input.take(len)?.try_to_vec()?;
        let text = self.decoded(&bytes)?;
        self.push(text)
    }

    pub(super) fn load_string_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.try_to_vec()?;
        let inside = match &line[..] {
            [first @ (b'"' | b'\''), inside @ .., last] if first == last => inside,
            _ => return Err(unpickling_error(format_args!("the STRING opcode argument must be quoted"))),
        };
        let bytes = codec::escape::decode(inside, "strict")?;
        let text = self.decoded(bytes.as_slice())?;
        self.push(text)
    }

    pub(super) fn utf8_line(&mut self) -> PyResult<Ref<Str>> {
        let line = self.input.line()?.try_to_vec()?;
        if line.is_empty() {
            return Err(truncated());
        }
        codec::decode_utf8(&line, "strict")
    }

    pub(super) fn ascii_line(&mut self) -> PyResult<Ref<Str>> {
        let line = self.input.line()?.try_to_vec()?;
        if line.is_empty() {
            return Err(truncated());
        }
        codec::decode_bytes(&line, "ascii", "strict")
    }
}

/// The int of a two's complement, lowest byte first.
fn signed_int(bytes: &[u8]) -> PyResult<Ref<Int>> {
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let word = |bytes: &[u8]| {
        let mut word = [fill; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    if bytes.len() <= 8 {
        return Int::from_i64(word(bytes) as i64);
    }
    let mut limbs: Vec<u64> = vec_with_capacity(bytes.len() / 8 + 1)?;
    let mut carry = true;
    for chunk in bytes.chunks(8) {
        let limb = word(chunk);
        limbs.push(if negative {
            let (value, overflow) = (!limb).overflowing_add(u64::from(carry));
            carry = overflow;
            value
        } else {
            limb
        });
    }
    if negative && carry {
        limbs.push(1);
    }
    Int::from_limbs(&limbs, negative)
}
