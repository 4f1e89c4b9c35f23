//! `floatobject.h`.

use core::ffi::c_int;

use taipan_runtime::prelude::*;
use taipan_runtime::types::float;

use crate::outcome::bad_internal_call;

#[cold]
fn too_large(code: char) -> Raised {
    raise!(OverflowError, "float too large to pack with {code} format")
}

/// Copies `bytes`, which are in little-endian order, to `target` in the order asked for.
///
/// # Safety
/// There is room.
unsafe fn store<const N: usize>(mut bytes: [u8; N], target: *mut u8, little_endian: c_int) {
    if little_endian == 0 {
        bytes.reverse();
    }
    // SAFETY: by contract.
    unsafe { target.copy_from_nonoverlapping(bytes.as_ptr(), N) }
}

/// The bytes at `source` in little-endian order.
///
/// # Safety
/// They are there.
unsafe fn load<const N: usize>(source: *const u8, little_endian: c_int) -> [u8; N] {
    // SAFETY: by contract.
    let mut bytes = unsafe { *source.cast::<[u8; N]>() };
    if little_endian == 0 {
        bytes.reverse();
    }
    bytes
}

/// IEEE 754 binary16, rounded to even; `None` where the value is too large. The payload of a NaN keeps its high bits; a
/// signalling NaN that has none of them becomes a quiet one.
fn to_half(value: f64) -> Option<u16> {
    let bits = value.to_bits();
    let sign = (bits >> 48) as u16 & 0x8000;
    if value.is_nan() {
        let payload = (bits >> 42) as u16 & 0x3ff;
        return Some(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    if value.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = value.abs();
    // Below 2^-14 the spacing is that of the subnormal numbers.
    let exponent = if magnitude < 6.103515625e-05 { -14 } else { ((bits >> 52) & 0x7ff) as i32 - 1023 };
    if exponent > 15 {
        return None;
    }
    // In units of the last place this is exact, and so is the rounding.
    let units = (magnitude * f64::from_bits(((1023 + 10 - exponent) as u64) << 52)).round_ties_even() as u32;
    // A carry out of the fraction moves on into the exponent by itself.
    let half = if exponent == -14 { units } else { units + (((exponent + 14) as u32) << 10) };
    if half >= 0x7c00 { None } else { Some(sign | half as u16) }
}

fn from_half(half: u16) -> f64 {
    let (exponent, fraction) = ((half >> 10 & 0x1f) as i32, (half & 0x3ff) as f64);
    let magnitude = match exponent {
        0x1f if half & 0x3ff == 0 => f64::INFINITY,
        0x1f => f64::from_bits(0x7ff << 52 | u64::from(half & 0x3ff) << 42),
        0 => fraction * f64::from_bits((1023 - 24) << 52),
        _ => (1024.0 + fraction) * f64::from_bits(((1023 + exponent - 25) as u64) << 52),
    };
    f64::from_bits(magnitude.to_bits() | u64::from(half & 0x8000) << 48)
}

/// binary32, with NaNs as in [`to_half`].
fn to_single(value: f64) -> Option<u32> {
    if value.is_nan() {
        let bits = value.to_bits();
        let payload = (bits >> 29) as u32 & 0x7f_ffff;
        return Some((bits >> 32) as u32 & 0x8000_0000 | 0x7f80_0000 | if payload == 0 { 0x40_0000 } else { payload });
    }
    let single = value as f32;
    if single.is_infinite() && value.is_finite() { None } else { Some(single.to_bits()) }
}

fn from_single(bits: u32) -> f64 {
    let single = f32::from_bits(bits);
    if single.is_nan() {
        let sign = u64::from(bits & 0x8000_0000) << 32;
        return f64::from_bits(sign | 0x7ff << 52 | u64::from(bits & 0x7f_ffff) << 29);
    }
    single.into()
}

capi! {
    fn PyFloat_FromDouble(value: f64) -> PyResult<Ref<Float>> { Float::new(value) }

    fn PyFloat_FromString(text: Borrowed<'_, Object>) -> PyResult<Ref<Float>> { Float::new(float::from_text(text)?) }

    fn PyFloat_AsDouble(object: Option<Borrowed<'_, Object>>) -> PyResult<f64> {
        match object {
            Some(object) => object.as_f64(),
            None => Err(raise!(TypeError, "bad argument type for built-in operation")),
        }
    }

    fn PyFloat_GetMax() -> f64 { f64::MAX }
    fn PyFloat_GetMin() -> f64 { f64::MIN_POSITIVE }
    fn PyFloat_GetInfo() -> PyResult<Ref<Object>> { taipan_runtime::import::import_attr("sys", "float_info") }

    fn PyFloat_Pack2(value: f64, target: *mut u8, little_endian: c_int) -> PyResult<()> {
        let half = to_half(value).ok_or_else(|| too_large('e'))?;
        // SAFETY: C gives two bytes.
        unsafe { store(half.to_le_bytes(), target, little_endian) };
        Ok(())
    }

    fn PyFloat_Pack4(value: f64, target: *mut u8, little_endian: c_int) -> PyResult<()> {
        let single = to_single(value).ok_or_else(|| too_large('f'))?;
        // SAFETY: C gives four bytes.
        unsafe { store(single.to_le_bytes(), target, little_endian) };
        Ok(())
    }

    fn PyFloat_Pack8(value: f64, target: *mut u8, little_endian: c_int) -> PyResult<()> {
        if target.is_null() {
            return Err(bad_internal_call());
        }
        // SAFETY: C gives eight bytes.
        unsafe { store(value.to_le_bytes(), target, little_endian) };
        Ok(())
    }

    fn PyFloat_Unpack2(source: *const u8, little_endian: c_int) -> f64 {
        // SAFETY: C gives two bytes.
        from_half(u16::from_le_bytes(unsafe { load(source, little_endian) }))
    }

    fn PyFloat_Unpack4(source: *const u8, little_endian: c_int) -> f64 {
        // SAFETY: C gives four bytes.
        from_single(u32::from_le_bytes(unsafe { load(source, little_endian) }))
    }

    fn PyFloat_Unpack8(source: *const u8, little_endian: c_int) -> f64 {
        // SAFETY: C gives eight bytes.
        f64::from_le_bytes(unsafe { load(source, little_endian) })
    }

    fn _PyFloat_ExactDealloc(object: *mut Float) {
        // SAFETY: a float without counts.
        unsafe { float::dealloc(object) }
    }

    fn _Py_HashDouble(object: Borrowed<'_, Object>, value: f64) -> isize { float::hash_value(value, &object) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for (value, half) in [
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65504.0, 0x7bff),
            (65519.0, 0x7bff),
            (5.960464477539063e-08, 1),
            (2.9802322387695312e-08, 0),
            (6.103515625e-05, 0x400),
            (1.0009765625, 0x3c01),
            (1.99999, 0x4000),
        ] {
            assert_eq!(to_half(value), Some(half), "{value}");
        }
        assert_eq!(to_half(65520.0), None);
        assert_eq!(from_half(0x7bff), 65504.0);
        assert_eq!(from_half(1), 5.960464477539063e-08);
        assert_eq!(from_half(0xc000), -2.0);
    }
}
