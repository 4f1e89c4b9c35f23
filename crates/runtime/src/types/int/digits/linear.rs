//! Carry chains, comparison, shifts, and multiplication and division that stay on 30-bit digits.

use std::cmp::Ordering;

use super::limbs;
use super::{Interrupt, MASK, SHIFT, Stop, pack_into};

/// The number of digits without leading zeros.
#[inline]
pub fn significant(a: &[u32]) -> usize {
    let mut n = a.len();
    while n > 0 && a[n - 1] == 0 {
        n -= 1;
    }
    n
}

/// The number of significant bits; `a` is normalised.
#[inline]
pub fn bit_length(a: &[u32]) -> u64 {
    match a.last() {
        None => 0,
        Some(top) => (a.len() as u64 - 1) * SHIFT as u64 + (32 - top.leading_zeros()) as u64,
    }
}

/// Compares normalised magnitudes.
#[inline]
pub fn compare(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// Bits of two digits.
const PAIR: u32 = 2 * SHIFT;

/// Two digits as one number.
#[inline(always)]
fn join(digits: &[u32; 2]) -> u64 {
    digits[0] as u64 | (digits[1] as u64) << SHIFT
}

/// The lower 60 bits as two digits.
#[inline(always)]
fn part(value: u64) -> [u32; 2] {
    [value as u32 & MASK, (value >> SHIFT) as u32 & MASK]
}

/// `out = a + b`, `a` not shorter than `b`, `out.len() == a.len() + 1`.
pub fn add(out: &mut [u32], a: &[u32], b: &[u32]) {
    let (low, high) = a.split_at(b.len());
    let (out, rest) = out.split_at_mut(b.len());
    // Two digits at a time: the chain of carries is half as long.
    let (pairs_a, odd_a) = low.as_chunks::<2>();
    let (pairs_b, odd_b) = b.as_chunks::<2>();
    let (pairs_out, odd_out) = out.as_chunks_mut::<2>();
    let mut carry = 0u64;
    for ((out, x), y) in pairs_out.iter_mut().zip(pairs_a).zip(pairs_b) {
        let t = join(x) + join(y) + carry;
        *out = part(t);
        carry = t >> PAIR;
    }
    let mut carry = carry as u32;
    if let ([out], [x], [y]) = (odd_out, odd_a, odd_b) {
        let t = x + y + carry;
        *out = t & MASK;
        carry = t >> SHIFT;
    }
    let mut at = 0;
    while carry != 0 && at < high.len() {
        let t = high[at] + carry;
        rest[at] = t & MASK;
        carry = t >> SHIFT;
        at += 1;
    }
    let end = high.len();
    rest[at..end].copy_from_slice(&high[at..]);
    rest[end] = carry;
}

/// `out = a - b`, `a` not below `b`, `out.len() == a.len()`.
pub fn sub(out: &mut [u32], a: &[u32], b: &[u32]) {
    let (low, high) = a.split_at(b.len());
    let (out, rest) = out.split_at_mut(b.len());
    let (pairs_a, odd_a) = low.as_chunks::<2>();
    let (pairs_b, odd_b) = b.as_chunks::<2>();
    let (pairs_out, odd_out) = out.as_chunks_mut::<2>();
    let mut borrow = 0u64;
    for ((out, x), y) in pairs_out.iter_mut().zip(pairs_a).zip(pairs_b) {
        let t = join(x).wrapping_sub(join(y)).wrapping_sub(borrow);
        *out = part(t);
        borrow = t >> 63;
    }
    let mut borrow = borrow as u32;
    if let ([out], [x], [y]) = (odd_out, odd_a, odd_b) {
        let t = x.wrapping_sub(*y).wrapping_sub(borrow);
        *out = t & MASK;
        borrow = t >> 31;
    }
    let mut at = 0;
    while borrow != 0 && at < high.len() {
        let t = high[at].wrapping_sub(borrow);
        rest[at] = t & MASK;
        borrow = t >> 31;
        at += 1;
    }
    rest[at..].copy_from_slice(&high[at..]);
}

/// Up to this many digits of the shorter operand, multiplication stays on digits.
const SCHOOLBOOK: usize = 6;
/// Operands up to this many limbs are repacked on the stack, few limbs in less of it.
const ON_STACK: usize = 40;
const FEW: usize = 8;

/// Multiplies by way of limbs on the stack: `N` limbs hold the longer operand.
#[inline(always)]
fn mul_on_stack<const N: usize, const M: usize>(
    out: &mut [u32],
    a: &[u32],
    b: &[u32],
    interrupted: &mut Interrupt<'_>,
) -> Result<(), Stop> {
    let (na, nb) = (limbs_for(a.len()), limbs_for(b.len()));
    let mut x = [0u64; N];
    let mut z = [0u64; M];
    pack_into(&mut x[..na], a);
    if std::ptr::eq(a, b) {
        limbs::square(&mut z[..2 * na], &x[..na], interrupted)?;
        super::unpack(out, &z[..2 * na]);
    } else {
        let mut y = [0u64; N];
        pack_into(&mut y[..nb], b);
        limbs::mul(&mut z[..na + nb], &x[..na], &y[..nb], interrupted)?;
        super::unpack(out, &z[..na + nb]);
    }
    Ok(())
}

/// `out = a * b`, `out.len() == a.len() + b.len()`. Every digit of `out` is written before any is read.
pub fn mul(out: &mut [u32], a: &[u32], b: &[u32], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.len() <= SCHOOLBOOK {
        let n = a.len();
        let Some((&first, others)) = b.split_first() else {
            out.fill(0);
            return Ok(());
        };
        out[n] = mul_digit(&mut out[..n], a, first);
        for (i, &m) in others.iter().enumerate() {
            out[i + 1 + n] = add_mul_digit(&mut out[i + 1..i + 1 + n], a, m);
        }
        return Ok(());
    }
    let (na, nb) = (limbs_for(a.len()), limbs_for(b.len()));
    if na <= FEW {
        return mul_on_stack::<FEW, { 2 * FEW }>(out, a, b, interrupted);
    }
    if na <= ON_STACK {
        return mul_on_stack::<ON_STACK, { 2 * ON_STACK }>(out, a, b, interrupted);
    }
    let x = super::pack(a)?;
    let mut z = limbs::zeroed(na + nb)?;
    if std::ptr::eq(a, b) {
        limbs::square(&mut z[..2 * x.len()], &x, interrupted)?;
    } else {
        let y = super::pack(b)?;
        limbs::mul(&mut z[..x.len() + y.len()], &x, &y, interrupted)?;
    }
    super::unpack(out, &z);
    Ok(())
}

/// Limbs that hold `digits` digits.
#[inline]
pub fn limbs_for(digits: usize) -> usize {
    // 15 limbs hold exactly 32 digits.
    digits / 32 * 15 + (digits % 32 * SHIFT as usize).div_ceil(64)
}

/// `out = a * m`, returns the top digit.
#[inline]
fn mul_digit(out: &mut [u32], a: &[u32], m: u32) -> u32 {
    let mut carry = 0u64;
    for (out, &x) in out.iter_mut().zip(a) {
        let t = x as u64 * m as u64 + carry;
        *out = t as u32 & MASK;
        carry = t >> SHIFT;
    }
    carry as u32
}

/// `out += a * m`, returns the top digit.
#[inline]
fn add_mul_digit(out: &mut [u32], a: &[u32], m: u32) -> u32 {
    let mut carry = 0u64;
    for (out, &x) in out.iter_mut().zip(a) {
        let t = *out as u64 + x as u64 * m as u64 + carry;
        *out = t as u32 & MASK;
        carry = t >> SHIFT;
    }
    carry as u32
}

/// `out = a / d`, returns the remainder. `out.len() == a.len()`, `d` is not zero.
pub fn div_digit(out: &mut [u32], a: &[u32], d: u32) -> u32 {
    let d = d as u64;
    let mut rest = 0u64;
    for (out, &x) in out.iter_mut().zip(a).rev() {
        let t = rest << SHIFT | x as u64;
        *out = (t / d) as u32;
        rest = t % d;
    }
    rest as u32
}

/// `a % d`.
pub fn rem_digit(a: &[u32], d: u32) -> u32 {
    let d = d as u64;
    a.iter().rev().fold(0u64, |rest, &x| (rest << SHIFT | x as u64) % d) as u32
}

/// `out = a << (whole * 30 + bits)`, `out.len() == a.len() + whole + 1`.
pub fn shl(out: &mut [u32], a: &[u32], whole: usize, bits: u32) {
    out[..whole].fill(0);
    let mut carry = 0u64;
    for (out, &x) in out[whole..].iter_mut().zip(a) {
        let t = (x as u64) << bits | carry;
        *out = t as u32 & MASK;
        carry = t >> SHIFT;
    }
    out[whole + a.len()] = carry as u32;
}

/// `out = a >> (whole * 30 + bits)`, `out.len() == a.len() - whole`. True when a set bit was lost.
pub fn shr(out: &mut [u32], a: &[u32], whole: usize, bits: u32) -> bool {
    let (gone, kept) = a.split_at(whole);
    let mut lost = gone.iter().any(|&x| x != 0);
    let mut carry = 0u32;
    for (out, &x) in out.iter_mut().zip(kept).rev() {
        let t = (carry as u64) << SHIFT | x as u64;
        *out = (t >> bits) as u32 & MASK;
        carry = x & ((1 << bits) - 1);
    }
    lost |= carry != 0;
    lost
}

/// Adds one in place, returns the carry.
pub fn increment(a: &mut [u32]) -> bool {
    for x in a {
        *x = (*x + 1) & MASK;
        if *x != 0 {
            return false;
        }
    }
    true
}
