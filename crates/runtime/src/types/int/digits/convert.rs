//! Repacking between digits and limbs, and exact conversions to and from floating point.

use super::limbs;
use super::linear::{bit_length, limbs_for};
use super::{Interrupt, MASK, SHIFT, Stop};

/// Packs digits into limbs; `out.len() == limbs_for(a.len())`.
pub fn pack_into(out: &mut [u64], a: &[u32]) {
    // 32 digits are 15 limbs: most of the work is done without bookkeeping.
    let (blocks, rest) = a.as_chunks::<32>();
    let (out_blocks, out_rest) = {
        let (whole, rest) = out.split_at_mut(15 * blocks.len());
        (whole.as_chunks_mut::<15>().0, rest)
    };
    for (out, block) in out_blocks.iter_mut().zip(blocks) {
        let pair = |i: usize| block[2 * i] as u64 | (block[2 * i + 1] as u64) << SHIFT;
        // Limb `i` begins at bit 4 i of pair `i`.
        for (i, out) in out.iter_mut().enumerate() {
            *out = pair(i) >> (4 * i) | pair(i + 1) << (60 - 4 * i);
        }
    }
    let mut accumulator = 0u64;
    let mut bits = 0u32;
    let mut next = out_rest.iter_mut();
    for &x in rest {
        accumulator |= (x as u64) << bits;
        bits += SHIFT;
        if bits >= 64 {
            if let Some(out) = next.next() {
                *out = accumulator;
            }
            bits -= 64;
            // What did not fit; all of it when the digit ended at the limb's end.
            accumulator = (x as u64) >> (SHIFT - bits);
        }
    }
    for out in next {
        *out = accumulator;
        accumulator = 0;
    }
}

/// The limbs of a magnitude, trimmed.
pub fn pack(a: &[u32]) -> Result<Vec<u64>, Stop> {
    let mut out = limbs::zeroed(limbs_for(a.len()))?;
    pack_into(&mut out, a);
    limbs::trim(&mut out);
    Ok(out)
}

/// The number of digits that `limbs` needs.
pub fn unpacked_len(limbs: &[u64]) -> usize {
    limbs::bit_length(limbs).div_ceil(SHIFT as usize)
}

/// Unpacks limbs into digits; what does not fit `out` must be zero, what `out` has more becomes zero.
pub fn unpack(out: &mut [u32], a: &[u64]) {
    let whole = (a.len() / 15).min(out.len() / 32);
    let (blocks, a) = a.split_at(15 * whole);
    let (out_blocks, out) = out.split_at_mut(32 * whole);
    for (out, block) in out_blocks.as_chunks_mut::<32>().0.iter_mut().zip(blocks.as_chunks::<15>().0) {
        for i in 0..16 {
            let low = if i < 15 { block[i] << (4 * i) } else { 0 };
            let pair = if i > 0 { low | block[i - 1] >> (64 - 4 * i) } else { low };
            out[2 * i] = pair as u32 & MASK;
            out[2 * i + 1] = (pair >> SHIFT) as u32 & MASK;
        }
    }
    let mut accumulator = 0u64;
    let mut bits = 0u32;
    let mut next = a.iter();
    for out in out {
        if bits < SHIFT {
            let x = next.next().copied().unwrap_or(0);
            *out = (accumulator | x << bits) as u32 & MASK;
            // `bits` of the digit came from the accumulator, the rest from `x`.
            let used = SHIFT - bits;
            accumulator = x >> used;
            bits = 64 - used;
        } else {
            *out = accumulator as u32 & MASK;
            accumulator >>= SHIFT;
            bits -= SHIFT;
        }
    }
}

/// A magnitude as `fraction * 2^exponent` with `0.5 <= fraction < 1`, rounded half to even; (0.0, 0) for zero. `a` is
/// normalised. The counterpart of `_PyLong_Frexp`.
pub fn leading_f64(a: &[u32]) -> (f64, i64) {
    let bits = bit_length(a);
    if bits == 0 {
        return (0.0, 0);
    }
    // The leading 64 bits, the last of them sticky.
    let value = if bits <= 64 {
        let value = a.iter().rev().fold(0u64, |v, &x| v << SHIFT | x as u64);
        value << (64 - bits)
    } else {
        let drop = bits - 64;
        let (whole, part) = ((drop / SHIFT as u64) as usize, (drop % SHIFT as u64) as u32);
        let mut value = 0u128;
        for &x in a[whole..].iter().rev() {
            value = value << SHIFT | x as u128;
        }
        let lost = value & ((1u128 << part) - 1) != 0 || a[..whole].iter().any(|&x| x != 0);
        (value >> part) as u64 | lost as u64
    };
    // Round 64 bits to 53, to even.
    let (mut mantissa, rest) = (value >> 11, value & 0x7ff);
    if rest > 0x400 || rest == 0x400 && mantissa & 1 == 1 {
        mantissa += 1;
    }
    let mut exponent = bits as i64;
    let mut fraction = mantissa as f64 / (1u64 << 53) as f64;
    if fraction == 1.0 {
        fraction = 0.5;
        exponent += 1;
    }
    (fraction, exponent)
}

/// `2^exponent`, also for subnormal results; `-1074 <= exponent <= 1023`.
pub fn power_of_two(exponent: i64) -> f64 {
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (exponent + 1074))
    }
}

/// The digits of the integer part of a finite `value >= 0`, and how many; the rest of the array is zero.
pub fn from_f64_magnitude(value: f64) -> ([u32; 36], usize) {
    let mut out = [0u32; 36];
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1075;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    if value < 1.0 {
        return (out, 0);
    }
    if exponent <= 0 {
        let v = mantissa >> -exponent;
        (out[0], out[1]) = (v as u32 & MASK, (v >> SHIFT) as u32 & MASK);
    } else {
        let (whole, part) = ((exponent / SHIFT as i64) as usize, (exponent % SHIFT as i64) as u32);
        let v = (mantissa as u128) << part;
        for i in 0..3 {
            out[whole + i] = (v >> (SHIFT * i as u32)) as u32 & MASK;
        }
    }
    let n = super::significant(&out);
    (out, n)
}

/// The correctly rounded quotient of two magnitudes, `b` not zero; `None` when it overflows. The counterpart of
/// `long_true_divide`.
pub fn true_divide(a: &[u32], b: &[u32], interrupted: &mut Interrupt<'_>) -> Result<Option<f64>, Stop> {
    if a.is_empty() {
        return Ok(Some(0.0));
    }
    let (a_bits, b_bits) = (bit_length(a) as i64, bit_length(b) as i64);
    if a_bits <= 53 && b_bits <= 53 {
        let value = |d: &[u32]| d.iter().rev().fold(0u64, |v, &x| v << SHIFT | x as u64) as f64;
        return Ok(Some(value(a) / value(b)));
    }
    let diff = a_bits - b_bits;
    if diff > 1025 {
        return Ok(None);
    }
    if diff < -1077 {
        return Ok(Some(0.0));
    }
    // Choose a shift so that the integer quotient has 55 or 56 bits, fewer when the result is subnormal.
    let shift = (diff - 55).max(-1076);
    let (mut x, mut y) = (pack(a)?, pack(b)?);
    let mut sticky = false;
    if shift < 0 {
        x = limbs::shl(&x, -shift as usize)?;
    } else if shift > 0 {
        // a / (b << shift): drop low bits of `a` instead, as they only matter for stickiness.
        sticky = limbs::trailing_zeros(&x) < shift as usize;
        x = limbs::shr(&x, shift as usize)?;
    }
    let (q, r) = limbs::div_rem(&x, &y, interrupted)?;
    y.clear();
    let quotient = q.first().copied().unwrap_or(0);
    sticky |= !r.is_empty();
    // value = quotient * 2^shift, and the quotient has at most 57 bits.
    let bits = 64 - quotient.leading_zeros() as i64;
    let extra = (bits - 53).max(-1074 - shift).max(0);
    let mut kept = quotient;
    if extra > 0 {
        let rest = quotient & ((1 << extra) - 1);
        let half = 1u64 << (extra - 1);
        kept = quotient >> extra;
        if rest > half || rest == half && (sticky || kept & 1 == 1) {
            kept += 1;
        }
    }
    let exponent = shift + extra;
    if kept == 0 {
        return Ok(Some(0.0));
    }
    if exponent + (64 - kept.leading_zeros() as i64) > 1024 {
        return Ok(None);
    }
    // Exact: at most 53 significant bits at or above the smallest exponent.
    let exact = kept as f64;
    Ok(Some(if exponent < -1022 {
        exact * power_of_two(-1022) * power_of_two(exponent + 1022)
    } else if exponent > 900 {
        exact * power_of_two(900) * power_of_two(exponent - 900)
    } else {
        exact * power_of_two(exponent)
    }))
}
