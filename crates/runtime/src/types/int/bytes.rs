//! Ints as arrays of bytes, in both orders and both signednesses.

use super::Int;
use super::digits::{MASK, SHIFT};
use super::raw::NewInt;
use crate::prelude::*;

impl Int {
    /// The value of `bytes` in the given order (`_PyLong_FromByteArray`).
    pub fn from_byte_slice(bytes: &[u8], little_endian: bool, signed: bool) -> PyResult<Ref<Int>> {
        let byte = |i: usize| if little_endian { bytes[i] } else { bytes[bytes.len() - 1 - i] };
        let negative = signed && !bytes.is_empty() && byte(bytes.len() - 1) >= 0x80;
        if bytes.len() <= 8 {
            let mut word = if negative { u64::MAX } else { 0 };
            for i in (0..bytes.len()).rev() {
                word = word << 8 | u64::from(byte(i));
            }
            return if negative { Int::from_i64(word as i64) } else { Int::from_u64(word) };
        }
        let flip = if negative { 0xff } else { 0 };
        let mut carry = negative as u64;
        let mut new = NewInt::new((bytes.len() as u128 * 8).div_ceil(SHIFT as u128) as usize + 1)?;
        let (mut accumulator, mut available) = (0u64, 0);
        let mut out = new.digits_mut().iter_mut();
        for i in 0..bytes.len() {
            let value = (byte(i) ^ flip) as u64 + carry;
            carry = value >> 8;
            accumulator |= (value & 0xff) << available;
            available += 8;
            if available >= SHIFT {
                if let Some(out) = out.next() {
                    *out = accumulator as u32 & MASK;
                }
                accumulator >>= SHIFT;
                available -= SHIFT;
            }
        }
        // Only -256^n leaves a carry: its magnitude has one byte more.
        accumulator |= carry << available;
        for out in out {
            *out = accumulator as u32 & MASK;
            accumulator >>= SHIFT;
        }
        Ok(new.finish(negative))
    }
}

/// Why an int does not fit a byte array.
#[derive(Debug, PartialEq, Eq)]
pub enum ByteError {
    /// "can't convert negative int to unsigned"
    Negative,
    /// "int too big to convert"
    TooBig,
}

impl Ref<Int> {
    /// Writes the value into all of `out` (`_PyLong_AsByteArray`). On `TooBig` the low bytes have been written.
    pub fn write_bytes(&self, out: &mut [u8], little_endian: bool, signed: bool) -> Result<(), ByteError> {
        let negative = self.is_negative();
        if negative && !signed {
            return Err(ByteError::Negative);
        }
        let len = out.len();
        let mut put = |i: usize, byte: u8| out[if little_endian { i } else { len - 1 - i }] = byte;
        if let Some(mut value) = self.small_value() {
            for i in 0..len {
                put(i, value as u8);
                value >>= 8;
            }
        } else {
            let (mut accumulator, mut available) = (0u64, 0);
            let mut rest = self.digits().iter();
            let (flip, mut carry) = if negative { (0xff, 1) } else { (0, 0) };
            for i in 0..len {
                if available < 8 {
                    accumulator |= (rest.next().copied().unwrap_or(0) as u64) << available;
                    available += SHIFT;
                }
                let value = ((accumulator & 0xff) ^ flip) + carry;
                carry = value >> 8;
                accumulator >>= 8;
                available -= 8;
                put(i, value as u8);
            }
        }
        let bits = self.bit_length();
        let room = len as u64 * 8;
        let fits = if !signed || len == 0 {
            bits <= room
        } else {
            // One bit is the sign's; -2^(room - 1) still fits.
            bits < room || bits == room && negative && self.is_power_of_two()
        };
        if fits { Ok(()) } else { Err(ByteError::TooBig) }
    }

    /// Whether the magnitude has exactly one set bit.
    pub fn is_power_of_two(&self) -> bool {
        match self.digits().split_last() {
            Some((top, rest)) => top.is_power_of_two() && rest.iter().all(|&digit| digit == 0),
            None => false,
        }
    }
}

/// The exception for a [`ByteError`].
#[cold]
pub fn byte_error(error: ByteError) -> Raised {
    match error {
        ByteError::Negative => raise!(OverflowError, "can't convert negative int to unsigned"),
        ByteError::TooBig => raise!(OverflowError, "int too big to convert"),
    }
}

/// The bytes that `object` is or makes (`PyObject_Bytes`), handed to `read`.
pub fn with_bytes_of<R>(object: Borrowed<'_, Object>, read: impl FnOnce(&[u8]) -> PyResult<R>) -> PyResult<R> {
    if let Some(bytes) = object.downcast_exact::<Bytes>() {
        return read(bytes.as_slice());
    }
    if let Some(method) = object.lookup_special(id!("__bytes__"))? {
        return match method.call0()?.into_downcast::<Bytes>() {
            Ok(bytes) => read(bytes.as_slice()),
            Err(other) => Err(raise!(TypeError, "__bytes__ returned non-bytes (type {})", other.type_name())),
        };
    }
    if let Some(bytes) = object.downcast::<Bytes>() {
        return read(bytes.as_slice());
    }
    if !object.is_instance_of::<Str>() {
        match crate::object::args::BufferArg::new(object) {
            Ok(buffer) => return read(&buffer),
            Err(raised) => raised.clear_if::<crate::types::exceptions::TypeError>()?,
        }
        match object.iter() {
            Ok(iterator) => {
                let mut bytes = Vec::new();
                while let Some(item) = iterator.next()? {
                    let value = item.as_index_isize()?;
                    let Ok(value) = u8::try_from(value) else {
                        return Err(raise!(ValueError, "bytes must be in range(0, 256)"));
                    };
                    bytes.try_reserve(1).map_err(|_| Raised::no_memory())?;
                    bytes.push(value);
                }
                return read(&bytes);
            }
            Err(raised) => raised.clear_if::<crate::types::exceptions::TypeError>()?,
        }
    }
    Err(raise!(TypeError, "cannot convert '{}' object to bytes", object.type_name()))
}
