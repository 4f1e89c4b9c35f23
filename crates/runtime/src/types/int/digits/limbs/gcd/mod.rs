//! Greatest common divisor by Lehmer's method: Euclid's steps are simulated on the leading 128 bits, with Collins and
//! Jebelean's condition for when a simulated quotient is certain, and applied to the whole operands as one
//! linear combination. Long operands are first cut down by `half_gcd`, the recursive form of the same idea.

mod half;

use super::*;

/// From here (limbs) the recursive reduction is worth its matrices.
const HALF_GCD: usize = 4000;

/// Cofactors stay below this, so that `cofactor * limb + carry` fits 128 bits with room for the borrow.
const COFACTOR: u128 = 1 << 62;

/// The greatest common divisor, trimmed.
pub fn gcd(a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let mut a = copy_of(trimmed(a), 1)?;
    let mut b = copy_of(trimmed(b), 1)?;
    if compare(&a, &b) == std::cmp::Ordering::Less {
        std::mem::swap(&mut a, &mut b);
    }
    let mut next_a = with_capacity(a.len() + 1)?;
    let mut next_b = with_capacity(a.len() + 1)?;
    while b.len() >= HALF_GCD {
        check(interrupted)?;
        if !half::reduce(&mut a, &mut b, interrupted)? {
            let (_, r) = div_rem(&a, &b, interrupted)?;
            a = std::mem::replace(&mut b, r);
        }
    }
    while b.len() > 2 {
        check(interrupted)?;
        if let Some(m) = simulate(&a, &b) {
            b.resize(a.len(), 0);
            next_a.resize(a.len(), 0);
            next_b.resize(a.len(), 0);
            if m.even {
                combine(&mut next_a, m.u0, &a, m.v0, &b);
                combine(&mut next_b, m.v1, &b, m.u1, &a);
            } else {
                combine(&mut next_a, m.v0, &b, m.u0, &a);
                combine(&mut next_b, m.u1, &a, m.v1, &b);
            }
            std::mem::swap(&mut a, &mut next_a);
            std::mem::swap(&mut b, &mut next_b);
            trim(&mut a);
            trim(&mut b);
        } else {
            let (_, r) = div_rem(&a, &b, interrupted)?;
            a = std::mem::replace(&mut b, r);
        }
    }
    if b.is_empty() {
        return Ok(a);
    }
    if a.len() > 2 {
        let (_, r) = div_rem(&a, &b, interrupted)?;
        a = std::mem::replace(&mut b, r);
    }
    let g = gcd_wide(wide(&a), wide(&b));
    a.clear();
    a.extend_from_slice(&[g as u64, (g >> 64) as u64]);
    trim(&mut a);
    Ok(a)
}

fn wide(a: &[u64]) -> u128 {
    a.first().copied().unwrap_or(0) as u128 | (a.get(1).copied().unwrap_or(0) as u128) << 64
}

/// The binary algorithm on machine words.
fn gcd_wide(mut a: u128, mut b: u128) -> u128 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        b -= a;
    }
    a << shift
}

/// Several steps of Euclid: `a' = ±(u0 a - v0 b)`, `b' = ∓(u1 a - v1 b)`, the upper sign when `even`.
struct Steps {
    u0: u64,
    v0: u64,
    u1: u64,
    v1: u64,
    even: bool,
}

fn simulate(a: &[u64], b: &[u64]) -> Option<Steps> {
    let shift = bit_length(a) - 128;
    let (mut x, mut y) = (bits_at(a, shift), bits_at(b, shift));
    let (mut u0, mut v0, mut u1, mut v1) = (1u128, 0u128, 0u128, 1u128);
    let mut even = true;
    loop {
        if y == 0 {
            break;
        }
        let mut r = x - y;
        let mut q = 1u128;
        while r >= y && q < 4 {
            r -= y;
            q += 1;
        }
        if r >= y {
            q = x / y;
            r = x % y;
        }
        if q >= COFACTOR {
            break;
        }
        let (u2, v2) = (u0 + q * u1, v0 + q * v1);
        let (bound, current) = (u2.max(v2), u1.max(v1));
        if bound >= COFACTOR || r < bound || y - r < bound + current {
            break;
        }
        (x, y, u0, v0, u1, v1, even) = (y, r, u1, v1, u2, v2, !even);
    }
    let _ = x;
    if v0 == 0 {
        return None;
    }
    Some(Steps { u0: u0 as u64, v0: v0 as u64, u1: u1 as u64, v1: v1 as u64, even })
}

/// The 128 bits of `a` above bit `shift`.
fn bits_at(a: &[u64], shift: usize) -> u128 {
    let (limb, bits) = (shift / 64, shift % 64);
    let get = |i: usize| a.get(limb + i).copied().unwrap_or(0) as u128;
    let low = get(0) | get(1) << 64;
    if bits == 0 { low } else { low >> bits | get(2) << (128 - bits) }
}

/// `out = p a - r b`, known not to be negative; all of one length.
fn combine(out: &mut [u64], p: u64, a: &[u64], r: u64, b: &[u64]) {
    let mut carry = 0i128;
    for ((out, &x), &y) in out.iter_mut().zip(a).zip(b) {
        let t = carry + (p as u128 * x as u128) as i128 - (r as u128 * y as u128) as i128;
        *out = t as u64;
        carry = t >> 64;
    }
}
