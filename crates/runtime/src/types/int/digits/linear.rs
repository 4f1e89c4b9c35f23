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

/// `out = a + b`, `a` not shorter than `b`, `out.len() == a.len() + 1`.
pub fn add(out: &mut [u32], a: &[u32], b: &[u32]) {
    let n = b.len();
    let mut carry = 0;
    for ((out, &x), &y) in out.iter_mut().zip(a).zip(b) {
        let t = x + y + carry;
        *out = t & MASK;
        carry = t >> SHIFT;
    }
    for (out, &x) in out[n..].iter_mut().zip(&a[n..]) {
        let t = x + carry;
        *out = t & MASK;
        carry = t >> SHIFT;
    }
    out[a.len()] = carry;
}

/// `out = a - b`, `a` not below `b`, `out.len() == a.len()`.
pub fn sub(out: &mut [u32], a: &[u32], b: &[u32]) {
    let n = b.len();
    let mut borrow = 0;
    for ((out, &x), &y) in out.iter_mut().zip(a).zip(b) {
        let t = x.wrapping_sub(y).wrapping_sub(borrow);
        *out = t & MASK;
        borrow = t >> 31;
    }
    for (out, &x) in out[n..].iter_mut().zip(&a[n..]) {
        let t = x.wrapping_sub(borrow);
        *out = t & MASK;
        borrow = t >> 31;
    }
}

/// Up to this many digits of the shorter operand, multiplication stays on digits.
const SCHOOLBOOK: usize = 6;
/// Operands up to this many limbs are repacked on the stack.
const ON_STACK: usize = 40;

/// `out = a * b`, `out.len() == a.len() + b.len()`.
pub fn mul(out: &mut [u32], a: &[u32], b: &[u32], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.len() <= SCHOOLBOOK {
        out.fill(0);
        let n = a.len();
        for (i, &m) in b.iter().enumerate() {
            out[i + n] = add_mul_digit(&mut out[i..i + n], a, m);
        }
        return Ok(());
    }
    let (na, nb) = (limbs_for(a.len()), limbs_for(b.len()));
    if na <= ON_STACK {
        let mut x = [0u64; ON_STACK];
        let mut y = [0u64; ON_STACK];
        let mut z = [0u64; 2 * ON_STACK];
        pack_into(&mut x[..na], a);
        if std::ptr::eq(a, b) {
            limbs::square(&mut z[..2 * na], &x[..na], interrupted)?;
            super::unpack(out, &z[..2 * na]);
        } else {
            pack_into(&mut y[..nb], b);
            limbs::mul(&mut z[..na + nb], &x[..na], &y[..nb], interrupted)?;
            super::unpack(out, &z[..na + nb]);
        }
        return Ok(());
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
