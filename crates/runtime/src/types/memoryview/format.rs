//! Items by format: reading one as an object, and writing one.
//!
//! Memory views know the native formats of a single character, with an `@` in front or not.

use core::ptr;

use super::MemoryView;
use crate::prelude::*;
use crate::types::float::ieee::{f64_to_half, half_to_f64};

/// The character of a native format, and the size of its items.
pub(super) fn native(format: &CStr) -> Option<(u8, usize)> {
    let bytes = format.to_bytes();
    let bytes = bytes.strip_prefix(b"@").unwrap_or(bytes);
    let &[code] = bytes else { return None };
    size_of(code).map(|size| (code, size))
}

/// The size of an item of a native format.
fn size_of(code: u8) -> Option<usize> {
    Some(match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' => 8,
        _ => return None,
    })
}

/// The native format of a view that items are read and written by.
#[inline]
pub(super) fn of(view: &Ref<MemoryView>) -> PyResult<u8> {
    let format = view.buffer().format.cast::<u8>();
    // SAFETY: the format ends with a NUL.
    let (code, is_single) = unsafe { (*format, *format != 0 && *format.add(1) == 0) };
    if is_single && size_of(code).is_some() { Ok(code) } else { require(view.format()) }
}

pub(super) fn is_byte(code: u8) -> bool {
    matches!(code, b'c' | b'b' | b'B')
}

/// The native format that a text names.
pub(super) fn require(format: &CStr) -> PyResult<u8> {
    match native(format) {
        Some((code, _)) => Ok(code),
        None => Err(raise!(NotImplementedError, "memoryview: unsupported format {}", format.to_string_lossy())),
    }
}

/// The item at `place`.
///
/// # Safety
/// An item of the native format `code` is there.
pub(super) unsafe fn unpack(place: *const u8, code: u8) -> PyResult<Ref<Object>> {
    macro_rules! read {
        ($ty:ty) => {
            // SAFETY: by contract.
            unsafe { place.cast::<$ty>().read_unaligned() }
        };
    }
    Ok(match code {
        b'B' => Int::from_i64(read!(u8).into())?.into_object(),
        b'b' => Int::from_i64(read!(i8).into())?.into_object(),
        b'h' => Int::from_i64(read!(i16).into())?.into_object(),
        b'H' => Int::from_i64(read!(u16).into())?.into_object(),
        b'i' => Int::from_i64(read!(i32).into())?.into_object(),
        b'I' => Int::from_i64(read!(u32).into())?.into_object(),
        b'l' | b'q' | b'n' => Int::from_i64(read!(i64))?.into_object(),
        b'L' | b'Q' | b'N' | b'P' => Int::from_u64(read!(u64))?.into_object(),
        b'?' => Bool::from(read!(u8) != 0).into_object(),
        b'f' => Float::new(read!(f32).into())?.into_object(),
        b'd' => Float::new(read!(f64))?.into_object(),
        b'e' => Float::new(half_to_f64(read!(u16)))?.into_object(),
        // SAFETY: by contract.
        b'c' => Bytes::from_slice(unsafe { core::slice::from_raw_parts(place, 1) })?.into_object(),
        _ => return Err(raise!(NotImplementedError, "memoryview: format {} not supported", code as char)),
    })
}

/// Why a value does not fit a format.
enum Misfit {
    Type,
    Value,
    Raised(Raised),
}

impl From<Raised> for Misfit {
    fn from(raised: Raised) -> Misfit {
        Misfit::Raised(raised)
    }
}

/// Errors of a conversion become those of the format, by their type.
fn translate(raised: Raised) -> Misfit {
    use crate::types::exceptions::{OverflowError, TypeError, ValueError};
    if raised.is_a::<TypeError>() {
        raised.clear();
        Misfit::Type
    } else if raised.is_a::<OverflowError>() || raised.is_a::<ValueError>() {
        raised.clear();
        Misfit::Value
    } else {
        Misfit::Raised(raised)
    }
}

fn integer<T: TryFrom<i128>>(value: Borrowed<'_, Object>) -> Result<T, Misfit> {
    if let Some(value) = value.downcast::<Int>().and_then(|int| int.small_value()) {
        return T::try_from(value.into()).map_err(|_| Misfit::Value);
    }
    let int = value.index().map_err(translate)?;
    int.to_i128().and_then(|value| T::try_from(value).ok()).ok_or(Misfit::Value)
}

fn convert(value: Borrowed<'_, Object>, code: u8) -> Result<([u8; 8], usize), Misfit> {
    let mut out = [0; 8];
    macro_rules! give {
        ($value:expr) => {{
            let bytes = $value.to_ne_bytes();
            out[..bytes.len()].copy_from_slice(&bytes);
            return Ok((out, bytes.len()));
        }};
    }
    match code {
        b'B' => give!(integer::<u8>(value)?),
        b'b' => give!(integer::<i8>(value)?),
        b'h' => give!(integer::<i16>(value)?),
        b'H' => give!(integer::<u16>(value)?),
        b'i' => give!(integer::<i32>(value)?),
        b'I' => give!(integer::<u32>(value)?),
        b'l' | b'q' | b'n' => give!(integer::<i64>(value)?),
        b'L' | b'Q' | b'N' => give!(integer::<u64>(value)?),
        // A pointer may be given as a negative number.
        b'P' => match integer::<i128>(value)? {
            value if (i64::MIN as i128..=u64::MAX as i128).contains(&value) => give!((value as u64)),
            _ => Err(Misfit::Value),
        },
        b'?' => give!(u8::from(value.is_true()?)),
        b'f' => give!((value.as_f64().map_err(translate)? as f32)),
        b'd' => give!(value.as_f64().map_err(translate)?),
        b'e' => give!(f64_to_half(value.as_f64().map_err(translate)?).ok_or(Misfit::Value)?),
        b'c' => {
            let bytes = value.downcast::<Bytes>().ok_or(Misfit::Type)?;
            match bytes.as_slice() {
                &[byte] => give!(byte),
                _ => Err(Misfit::Value),
            }
        }
        _ => Err(Misfit::Type),
    }
}

/// Converts `value` for the format; the bytes are to be written with [`Packed::write`], once it is sure that the memory is
/// still there: the conversion can run code that releases it.
pub(super) struct Packed([u8; 8], usize);

impl Packed {
    pub(super) fn new(value: Borrowed<'_, Object>, code: u8) -> PyResult<Packed> {
        match convert(value, code) {
            Ok((bytes, len)) => Ok(Packed(bytes, len)),
            Err(Misfit::Type) => Err(raise!(TypeError, "memoryview: invalid type for format '{}'", code as char)),
            Err(Misfit::Value) => Err(raise!(ValueError, "memoryview: invalid value for format '{}'", code as char)),
            Err(Misfit::Raised(raised)) => Err(raised),
        }
    }

    /// # Safety
    /// An item of the format can be written at `place`.
    pub(super) unsafe fn write(&self, place: *mut u8) {
        // SAFETY: by contract.
        unsafe { ptr::copy_nonoverlapping(self.0.as_ptr(), place, self.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(native(c"@i"), Some((b'i', 4)));
        assert_eq!(native(c"Q"), Some((b'Q', 8)));
        for format in [c"<i", c"ii", c"", c"@", c"x", c"F"] {
            assert_eq!(native(format), None);
        }
    }
}
