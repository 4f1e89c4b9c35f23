//! Linear-time primitives: carry chains, shifts, comparison, multiplication by one limb.

use std::cmp::Ordering;

/// The length of `a` without its leading (most significant) zero limbs.
#[inline]
pub fn len(a: &[u64]) -> usize {
    let mut n = a.len();
    while n > 0 && a[n - 1] == 0 {
        n -= 1;
    }
    n
}

/// `a` without its leading zero limbs.
#[inline]
pub fn trimmed(a: &[u64]) -> &[u64] {
    &a[..len(a)]
}

/// Drops the leading zero limbs of `a`.
#[inline]
pub fn trim(a: &mut Vec<u64>) {
    a.truncate(len(a));
}

/// The number of significant bits.
pub fn bit_length(a: &[u64]) -> usize {
    let n = len(a);
    if n == 0 { 0 } else { n * 64 - a[n - 1].leading_zeros() as usize }
}

/// Compares values; leading zeros do not matter.
pub fn compare(a: &[u64], b: &[u64]) -> Ordering {
    let (a, b) = (trimmed(a), trimmed(b));
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a += b`, returns the carry out of `a`. `b` is not longer than `a`.
#[inline]
pub fn add_assign(a: &mut [u64], b: &[u64]) -> bool {
    let (low, high) = a.split_at_mut(b.len());
    let mut carry = false;
    for (x, &y) in low.iter_mut().zip(b) {
        let (s, c1) = x.overflowing_add(y);
        let (s, c2) = s.overflowing_add(carry as u64);
        *x = s;
        carry = c1 | c2;
    }
    carry && increment(high)
}

/// `a += 1`, returns the carry.
#[inline]
pub fn increment(a: &mut [u64]) -> bool {
    for x in a {
        let (s, c) = x.overflowing_add(1);
        *x = s;
        if !c {
            return false;
        }
    }
    true
}

/// `a += b` for one limb, returns the carry.
#[inline]
pub fn add_limb(a: &mut [u64], b: u64) -> bool {
    let Some((first, rest)) = a.split_first_mut() else { return b != 0 };
    let (s, c) = first.overflowing_add(b);
    *first = s;
    c && increment(rest)
}

/// `a -= 1`, returns the borrow.
#[inline]
pub fn decrement(a: &mut [u64]) -> bool {
    for x in a {
        let (s, c) = x.overflowing_sub(1);
        *x = s;
        if !c {
            return false;
        }
    }
    true
}

/// `a -= b`, returns the borrow out of `a`. `b` is not longer than `a`.
#[inline]
pub fn sub_assign(a: &mut [u64], b: &[u64]) -> bool {
    let (low, high) = a.split_at_mut(b.len());
    let mut borrow = false;
    for (x, &y) in low.iter_mut().zip(b) {
        let (s, c1) = x.overflowing_sub(y);
        let (s, c2) = s.overflowing_sub(borrow as u64);
        *x = s;
        borrow = c1 | c2;
    }
    borrow && decrement(high)
}

/// `out = |a - b|`, true when `a < b`. All of the same length after padding: `out.len() >= max(a.len(), b.len())`.
pub fn abs_diff(out: &mut [u64], a: &[u64], b: &[u64]) -> bool {
    let negative = compare(a, b) == Ordering::Less;
    let (a, b) = if negative { (b, a) } else { (a, b) };
    let a = trimmed(a);
    let b = trimmed(b);
    out[..a.len()].copy_from_slice(a);
    out[a.len()..].fill(0);
    sub_assign(out, b);
    negative
}

/// Two's complement negation in place.
pub fn negate(a: &mut [u64]) {
    for x in a.iter_mut() {
        *x = !*x;
    }
    increment(a);
}

/// `out = a * m`, returns the top limb. `out.len() == a.len()`.
#[inline]
pub fn mul_limb(out: &mut [u64], a: &[u64], m: u64) -> u64 {
    let mut carry = 0u64;
    for (x, &y) in out.iter_mut().zip(a) {
        let t = y as u128 * m as u128 + carry as u128;
        *x = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// `a = a * m + add`, returns the top limb.
#[inline]
pub fn mul_limb_assign(a: &mut [u64], m: u64, add: u64) -> u64 {
    let mut carry = add;
    for x in a {
        let t = *x as u128 * m as u128 + carry as u128;
        *x = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// `out += a * m`, returns the top limb. `out.len() == a.len()`.
#[inline]
pub fn add_mul_limb(out: &mut [u64], a: &[u64], m: u64) -> u64 {
    let n = a.len();
    let out = &mut out[..n];
    let mut carry = 0u64;
    let mut i = 0;
    while i + 4 <= n {
        let (o, y) = (&mut out[i..i + 4], &a[i..i + 4]);
        let t0 = y[0] as u128 * m as u128 + o[0] as u128 + carry as u128;
        let t1 = y[1] as u128 * m as u128 + o[1] as u128 + (t0 >> 64);
        let t2 = y[2] as u128 * m as u128 + o[2] as u128 + (t1 >> 64);
        let t3 = y[3] as u128 * m as u128 + o[3] as u128 + (t2 >> 64);
        (o[0], o[1], o[2], o[3]) = (t0 as u64, t1 as u64, t2 as u64, t3 as u64);
        carry = (t3 >> 64) as u64;
        i += 4;
    }
    while i < n {
        let t = a[i] as u128 * m as u128 + out[i] as u128 + carry as u128;
        out[i] = t as u64;
        carry = (t >> 64) as u64;
        i += 1;
    }
    carry
}

/// `out -= a * m`, returns what is still to be subtracted from the next limb. `out.len() == a.len()`.
#[inline]
pub fn sub_mul_limb(out: &mut [u64], a: &[u64], m: u64) -> u64 {
    let mut carry = 0u64;
    for (x, &y) in out.iter_mut().zip(a) {
        let t = y as u128 * m as u128 + carry as u128;
        let (d, borrow) = x.overflowing_sub(t as u64);
        *x = d;
        carry = (t >> 64) as u64 + borrow as u64;
    }
    carry
}

/// Shifts left in place by `bits` < 64, returns the bits that fall out at the top.
pub fn shl_small(a: &mut [u64], bits: u32) -> u64 {
    if bits == 0 {
        return 0;
    }
    let mut carry = 0;
    for x in a {
        let v = *x;
        *x = v << bits | carry;
        carry = v >> (64 - bits);
    }
    carry
}

/// Shifts right in place by `bits` < 64; the bits that fall out are lost.
pub fn shr_small(a: &mut [u64], bits: u32) {
    if bits == 0 {
        return;
    }
    let mut carry = 0;
    for x in a.iter_mut().rev() {
        let v = *x;
        *x = v >> bits | carry;
        carry = v << (64 - bits);
    }
}

/// `a << bits` as a new trimmed vector.
pub fn shl(a: &[u64], bits: usize) -> Result<Vec<u64>, super::Stop> {
    let a = trimmed(a);
    if a.is_empty() {
        return Ok(Vec::new());
    }
    let (limbs, bits) = (bits / 64, (bits % 64) as u32);
    let mut out = super::with_capacity(limbs.checked_add(a.len() + 1).ok_or(super::Stop::NoMemory)?)?;
    out.resize(limbs, 0);
    out.extend_from_slice(a);
    let top = shl_small(&mut out[limbs..], bits);
    if top != 0 {
        out.push(top);
    }
    Ok(out)
}

/// `a >> bits` (floor) as a new trimmed vector.
pub fn shr(a: &[u64], bits: usize) -> Result<Vec<u64>, super::Stop> {
    let a = trimmed(a);
    let (limbs, bits) = (bits / 64, (bits % 64) as u32);
    let mut out = super::copy_of(a.get(limbs..).unwrap_or(&[]), 0)?;
    shr_small(&mut out, bits);
    trim(&mut out);
    Ok(out)
}

/// The number of trailing zero bits of a non-zero value.
pub fn trailing_zeros(a: &[u64]) -> usize {
    let i = a.iter().position(|&x| x != 0).unwrap_or(0);
    i * 64 + a.get(i).map_or(0, |x| x.trailing_zeros() as usize)
}

/// The reciprocal `(2^128 - 1) / d - 2^64` of a normalised limb (Möller and Granlund, "Improved division by
/// invariant integers").
#[inline]
pub const fn reciprocal(d: u64) -> u64 {
    debug_assert!(d >> 63 == 1);
    (u128::MAX / d as u128) as u64
}

/// Divides `high:low` by the normalised `d` whose reciprocal is `v`; `high < d`. Gives quotient and remainder.
#[inline(always)]
pub fn div_2by1(high: u64, low: u64, d: u64, v: u64) -> (u64, u64) {
    let q = (v as u128 * high as u128).wrapping_add((high as u128) << 64 | low as u128);
    let (mut q1, q0) = (((q >> 64) as u64).wrapping_add(1), q as u64);
    let mut r = low.wrapping_sub(q1.wrapping_mul(d));
    if r > q0 {
        q1 = q1.wrapping_sub(1);
        r = r.wrapping_add(d);
    }
    if r >= d {
        q1 = q1.wrapping_add(1);
        r -= d;
    }
    (q1, r)
}

/// Divides in place by the normalised `d` whose reciprocal is `v`, returns the remainder.
#[inline(always)]
pub fn div_normalized_assign(a: &mut [u64], d: u64, v: u64) -> u64 {
    let mut r = 0;
    for x in a.iter_mut().rev() {
        (*x, r) = div_2by1(r, *x, d, v);
    }
    r
}

/// Divides in place by one non-zero limb, returns the remainder.
pub fn div_limb_assign(a: &mut [u64], d: u64) -> u64 {
    let shift = d.leading_zeros();
    let d = d << shift;
    let v = reciprocal(d);
    if shift == 0 {
        return div_normalized_assign(a, d, v);
    }
    let mut r = 0u64;
    // The dividend is shifted on the fly: `r` always holds the shifted remainder.
    let mut above = 0u64;
    for i in (0..a.len()).rev() {
        let x = a[i];
        let shifted_top = above << shift | x >> (64 - shift);
        if i + 1 == a.len() {
            r = shifted_top;
        } else {
            let (q, rest) = div_2by1(r, shifted_top, d, v);
            a[i + 1] = q;
            r = rest;
        }
        above = x;
    }
    if let Some(first) = a.first_mut() {
        let (q, rest) = div_2by1(r, above << shift, d, v);
        *first = q;
        r = rest;
    }
    r >> shift
}
