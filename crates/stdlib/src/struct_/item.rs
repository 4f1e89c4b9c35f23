//! One value to bytes, and back.

use taipan_runtime::prelude::*;
use taipan_runtime::types::complex::Value;
use taipan_runtime::types::float::ieee;

use super::ERROR;
use super::format::{Field, Kind};

/// Writes the low `size` bytes of `bits`.
///
/// # Safety
/// So many bytes are writable at `place`.
#[inline(always)]
unsafe fn write(place: *mut u8, bits: u64, size: usize, little_endian: bool) {
    // SAFETY: by contract; the sizes are at most 8.
    unsafe {
        if little_endian {
            place.copy_from_nonoverlapping(bits.to_le_bytes().as_ptr(), size);
        } else {
            place.copy_from_nonoverlapping(bits.to_be_bytes().as_ptr().add(8 - size), size);
        }
    }
}

/// Reads `size` bytes.
///
/// # Safety
/// So many bytes are readable at `place`.
#[inline(always)]
unsafe fn read(place: *const u8, size: usize, little_endian: bool) -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: by contract; the sizes are at most 8.
    unsafe {
        if little_endian {
            place.copy_to_nonoverlapping(bytes.as_mut_ptr(), size);
            u64::from_le_bytes(bytes)
        } else {
            place.copy_to_nonoverlapping(bytes.as_mut_ptr().add(8 - size), size);
            u64::from_be_bytes(bytes)
        }
    }
}

/// The int that a value is or gives by `__index__`.
fn integer(value: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
    if let Some(int) = value.downcast::<Int>() {
        return Ok(int.to_owned());
    }
    if value.has_index() {
        return value.index();
    }
    Err(ERROR.raise(format_args!("required argument is not an integer")))
}

#[cold]
fn out_of_range(field: &Field) -> Raised {
    let bits = field.size as u32 * 8;
    let code = field.code as char;
    if field.kind == Kind::Signed {
        let half = 1i128 << (bits - 1);
        return ERROR.raise(format_args!("'{code}' format requires {} <= number <= {}", -half, half - 1));
    }
    ERROR.raise(format_args!("'{code}' format requires 0 <= number <= {}", u64::MAX >> (64 - bits)))
}

fn float(value: Borrowed<'_, Object>) -> PyResult<f64> {
    value.as_f64().map_err(|raised| {
        raised.clear();
        ERROR.raise(format_args!("required argument is not a float"))
    })
}

/// The bits of a float of `size` bytes.
fn float_bits(value: f64, size: usize) -> PyResult<u64> {
    let bits = match size {
        2 => ieee::f64_to_half(value).map(u64::from),
        4 => ieee::f64_to_f32(value).map(u64::from),
        _ => Some(value.to_bits()),
    };
    bits.ok_or_else(|| {
        let code = if size == 2 { 'e' } else { 'f' };
        raise!(OverflowError, "float too large to pack with {code} format")
    })
}

fn float_value(bits: u64, size: usize) -> f64 {
    match size {
        2 => ieee::half_to_f64(bits as u16),
        4 => ieee::f32_to_f64(bits as u32),
        _ => f64::from_bits(bits),
    }
}

/// Hands the bytes of a `bytes` or `bytearray` to `use_bytes`.
fn with_bytes<R>(value: Borrowed<'_, Object>, code: u8, use_bytes: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Some(bytes) = value.downcast::<Bytes>() {
        return Ok(use_bytes(bytes.as_slice()));
    }
    if value.is_instance_of::<ByteArray>() {
        return Ok(use_bytes(&taipan_runtime::object::args::BufferArg::new(value)?));
    }
    Err(ERROR.raise(format_args!("argument for '{}' must be a bytes object", code as char)))
}

/// Packs one value of the field at `place`, where all bytes are zero. May run Python code.
///
/// # Safety
/// `field.size` bytes are writable at `place`, and stay so.
#[inline]
pub unsafe fn pack(place: *mut u8, field: &Field, little_endian: bool, value: Borrowed<'_, Object>) -> PyResult<()> {
    let size = field.size;
    let bits = match field.kind {
        Kind::Signed => {
            let int = integer(value)?;
            let shift = 64 - size as u32 * 8;
            match int.to_i64() {
                Some(value) if value << shift >> shift == value => value as u64,
                _ => return Err(out_of_range(field)),
            }
        }
        Kind::Unsigned => {
            let int = integer(value)?;
            match int.to_u64() {
                Some(value) if value >> (size as u32 * 8 - 1) <= 1 => value,
                _ => return Err(out_of_range(field)),
            }
        }
        Kind::Pointer => match integer(value)?.to_i128() {
            Some(value) if value >= i128::from(i64::MIN) && value <= i128::from(u64::MAX) => value as u64,
            _ => return Err(ERROR.raise(format_args!("int too large to convert"))),
        },
        Kind::Bool => u64::from(value.is_true()?),
        Kind::Float => float_bits(float(value)?, size)?,
        Kind::Complex => {
            let Value { real, imag } = complex(value)?;
            let half = size / 2;
            let bits = |part: f64| if half == 4 { u64::from(single(part)) } else { part.to_bits() };
            // SAFETY: by contract.
            unsafe {
                write(place, bits(real), half, little_endian);
                write(place.add(half), bits(imag), half, little_endian);
            }
            return Ok(());
        }
        Kind::Char => match value.downcast::<Bytes>() {
            Some(bytes) if bytes.len() == 1 => u64::from(bytes.as_slice()[0]),
            _ => return Err(ERROR.raise(format_args!("char format requires a bytes object of length 1"))),
        },
        // SAFETY: by contract; at most `size` bytes are written.
        Kind::Bytes => unsafe {
            return with_bytes(value, field.code, |bytes| {
                place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len().min(size));
            });
        },
        // SAFETY: as above, with the length in front.
        Kind::PascalBytes => unsafe {
            return with_bytes(value, field.code, |bytes| {
                if size == 0 {
                    return;
                }
                let count = bytes.len().min(size - 1);
                place.add(1).copy_from_nonoverlapping(bytes.as_ptr(), count);
                place.write(count.min(255) as u8);
            });
        },
        Kind::Pad => return Ok(()),
    };
    // SAFETY: by contract.
    unsafe { write(place, bits, size, little_endian) };
    Ok(())
}

fn complex(value: Borrowed<'_, Object>) -> PyResult<Value> {
    Complex::value_of(value).map_err(|raised| {
        raised.clear();
        ERROR.raise(format_args!("required argument is not a complex"))
    })
}

/// A part of a complex number in single precision, infinite where it is too large.
fn single(value: f64) -> u32 {
    ieee::f64_to_f32(value).unwrap_or_else(|| (value as f32).to_bits())
}

/// The value of the field at `place`.
///
/// # Safety
/// `field.size` bytes are readable at `place`.
#[inline]
pub unsafe fn unpack(place: *const u8, field: &Field, little_endian: bool) -> PyResult<Ref<Object>> {
    let size = field.size;
    // SAFETY: by contract, for the kinds that have machine size.
    let bits = |size: usize| unsafe { read(place, size, little_endian) };
    // SAFETY: by contract.
    let bytes = |skip: usize, count: usize| unsafe { core::slice::from_raw_parts(place.add(skip), count) };
    Ok(match field.kind {
        Kind::Signed => {
            let shift = 64 - size as u32 * 8;
            Int::from_i64((bits(size) << shift) as i64 >> shift)?.into_object()
        }
        Kind::Unsigned | Kind::Pointer => Int::from_u64(bits(size))?.into_object(),
        Kind::Bool => Bool::from(bits(1) != 0).into_object(),
        Kind::Float => Float::new(float_value(bits(size), size))?.into_object(),
        Kind::Complex => {
            let half = size / 2;
            // SAFETY: by contract.
            let imag = unsafe { read(place.add(half), half, little_endian) };
            Complex::new(float_value(bits(half), half), float_value(imag, half))?.into_object()
        }
        Kind::Char => Bytes::from_slice(bytes(0, 1))?.into_object(),
        Kind::Bytes => Bytes::from_slice(bytes(0, size))?.into_object(),
        Kind::PascalBytes if size == 0 => Bytes::empty().into_object(),
        Kind::PascalBytes => Bytes::from_slice(bytes(1, usize::from(bytes(0, 1)[0]).min(size - 1)))?.into_object(),
        Kind::Pad => none(),
    })
}
