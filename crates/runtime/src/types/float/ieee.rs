//! IEEE 754 formats other than binary64, as `struct`, `array`, memory views and the C API store them. NaN keep their sign and
//! payload.

/// IEEE 754 binary16 to binary64, which holds all its values.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match (bits >> 10) & 0x1f {
        0 => sign * fraction * 2f64.powi(-24),
        0x1f if bits & 0x3ff == 0 => sign * f64::INFINITY,
        0x1f => {
            // The payload of a NaN moves over.
            f64::from_bits(u64::from(bits >> 15) << 63 | 0x7ff << 52 | u64::from(bits & 0x3ff) << 42)
        }
        exponent => sign * (1.0 + fraction / 1024.0) * 2f64.powi(i32::from(exponent) - 15),
    }
}

/// The nearest IEEE 754 binary16, ties to even; `None` for a finite number that is too large.
pub fn f64_to_half(value: f64) -> Option<u16> {
    let bits = value.to_bits();
    let sign = ((bits >> 48) & 0x8000) as u16;
    if value.is_nan() {
        let payload = ((bits >> 42) & 0x3ff) as u16;
        return Some(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    if value.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = value.abs();
    // In units of the last place: 2^-24 for what is not normal, and 2^(e-10) above.
    let exponent = if magnitude < 2f64.powi(-14) { -14 } else { ((magnitude.to_bits() >> 52) as i32) - 1023 };
    if exponent > 15 {
        return None;
    }
    let units = (magnitude * 2f64.powi(10 - exponent)).round_ties_even() as u32;
    // `units` has the leading one of normal numbers in it; a carry goes into the exponent by itself.
    let half = if exponent == -14 && units < 1024 { units } else { (((exponent + 15) as u32) << 10) + (units - 1024) };
    if half >= 0x7c00 { None } else { Some(sign | half as u16) }
}

/// The nearest binary32 as bits; `None` for a finite number that is too large.
pub fn f64_to_f32(value: f64) -> Option<u32> {
    if value.is_nan() {
        let bits = value.to_bits();
        let payload = (bits >> 29) as u32 & 0x7f_ffff;
        // A NaN whose payload is all in the lost bits stays one.
        let payload = if payload == 0 { 1 } else { payload };
        return Some((bits >> 32) as u32 & 0x8000_0000 | 0x7f80_0000 | payload);
    }
    let single = value as f32;
    if single.is_infinite() && value.is_finite() { None } else { Some(single.to_bits()) }
}

/// The value of the bits of a binary32.
pub fn f32_to_f64(bits: u32) -> f64 {
    if bits & 0x7f80_0000 == 0x7f80_0000 && bits & 0x7f_ffff != 0 {
        let (sign, payload) = (u64::from(bits >> 31), u64::from(bits & 0x7f_ffff));
        return f64::from_bits(sign << 63 | 0x7ff << 52 | payload << 29);
    }
    f64::from(f32::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for bits in 0..=u16::MAX {
            let value = half_to_f64(bits);
            assert_eq!(f64_to_half(value), Some(bits), "{bits:#x}");
        }
        assert_eq!(f64_to_half(65504.0), Some(0x7bff));
        assert_eq!(f64_to_half(65519.0), Some(0x7bff));
        assert_eq!(f64_to_half(65520.0), None);
        assert_eq!(f64_to_half(1.0 + 2f64.powi(-11)), Some(0x3c00));
        assert_eq!(f64_to_half(1.0 + 3.0 * 2f64.powi(-11)), Some(0x3c02));
        assert_eq!(f64_to_half(2f64.powi(-25)), Some(0));
        assert_eq!(f64_to_half(-3.0 * 2f64.powi(-25)), Some(0x8002));
    }

    #[test]
    fn singles() {
        for bits in [0, 1, 0x3f80_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7f80_0001, 0xffc1_2345] {
            assert_eq!(f64_to_f32(f32_to_f64(bits)), Some(bits), "{bits:#x}");
        }
        assert_eq!(f64_to_f32(3.5e38), None);
    }
}
