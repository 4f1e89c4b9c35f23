//! Multiplication: schoolbook, Karatsuba, Toom-3 and number-theoretic transforms, by size.

use super::*;

/// Up to here (limbs of the shorter operand) schoolbook wins.
const KARATSUBA: usize = 28;
/// From here Toom-3 beats Karatsuba.
const TOOM3: usize = 110;
/// From here the number-theoretic transform beats Toom-3: with vectors, and without.
const NTT: [usize; 2] = [200, 700];

/// Whether operands of `n` limbs are for the transform.
#[inline]
fn is_long(n: usize) -> bool {
    n >= NTT[0] && (n >= NTT[1] || ntt::is_fast())
}

/// `out = a * b`; `out.len() == a.len() + b.len()`, its old contents do not matter.
pub fn mul(out: &mut [u64], a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    debug_assert_eq!(out.len(), a.len() + b.len());
    if b.len() < KARATSUBA {
        schoolbook(out, a, b);
        return Ok(());
    }
    if is_long(b.len()) && a.len().div_ceil(b.len()) <= 4 && ntt::fits(a.len() + b.len()) {
        return ntt::mul(out, a, b, interrupted);
    }
    if a.len() == b.len() {
        return mul_equal(out, a, b, interrupted);
    }
    if b.len() >= TOOM3 && b.len() > a.len() - a.len() / 8 {
        // Nearly balanced: padding costs less than cutting.
        let mut padded = copy_of(b, a.len() - b.len())?;
        padded.resize(a.len(), 0);
        let mut full = zeroed(2 * a.len())?;
        mul_equal(&mut full, a, &padded, interrupted)?;
        let n = out.len();
        out.copy_from_slice(&full[..n]);
        return Ok(());
    }
    // Cut the longer operand into pieces of the shorter one's length (several of it for the transform).
    let step = if is_long(b.len()) && ntt::fits(4 * b.len()) { 3 * b.len() } else { b.len() };
    let mut product = zeroed(step + b.len())?;
    out.fill(0);
    for (i, piece) in a.chunks(step).enumerate() {
        let product = &mut product[..piece.len() + b.len()];
        mul(product, piece, b, interrupted)?;
        add_assign(&mut out[i * step..], trimmed(product));
    }
    Ok(())
}

/// `a * b` as a trimmed vector.
pub fn mul_vec(a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let (a, b) = (trimmed(a), trimmed(b));
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = zeroed(a.len() + b.len())?;
    mul(&mut out, a, b, interrupted)?;
    trim(&mut out);
    Ok(out)
}

/// `out = a * a`.
pub fn square(out: &mut [u64], a: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    if a.len() < 2 * KARATSUBA {
        square_schoolbook(out, a);
        return Ok(());
    }
    if is_long(a.len()) && ntt::fits(2 * a.len()) {
        return ntt::mul(out, a, a, interrupted);
    }
    mul_equal(out, a, a, interrupted)
}

/// The quadratic algorithm.
fn schoolbook(out: &mut [u64], a: &[u64], b: &[u64]) {
    if b.is_empty() {
        out.fill(0);
        return;
    }
    let n = a.len();
    out[n] = mul_limb(&mut out[..n], a, b[0]);
    for (j, &m) in b.iter().enumerate().skip(1) {
        out[n + j] = add_mul_limb(&mut out[j..j + n], a, m);
    }
}

/// The quadratic algorithm for squares: each product of two different limbs is formed once and doubled.
fn square_schoolbook(out: &mut [u64], a: &[u64]) {
    let n = a.len();
    out.fill(0);
    for i in 0..n.saturating_sub(1) {
        let count = n - i - 1;
        out[n + i] = add_mul_limb(&mut out[2 * i + 1..2 * i + 1 + count], &a[i + 1..], a[i]);
    }
    shl_small(out, 1);
    let mut carry = 0u64;
    for (i, &x) in a.iter().enumerate() {
        let t = x as u128 * x as u128 + out[2 * i] as u128 + carry as u128;
        out[2 * i] = t as u64;
        let t = out[2 * i + 1] as u128 + (t >> 64);
        out[2 * i + 1] = t as u64;
        carry = (t >> 64) as u64;
    }
}

/// Operands of one length.
fn mul_equal(out: &mut [u64], a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    let n = a.len();
    if is_long(n) && ntt::fits(2 * n) {
        return ntt::mul(out, a, b, interrupted);
    }
    if n >= TOOM3 {
        return toom3(out, a, b, interrupted);
    }
    let mut scratch = [0u64; karatsuba_scratch(TOOM3)];
    karatsuba(out, a, b, &mut scratch);
    Ok(())
}

/// Limbs of scratch space that [`karatsuba`] needs for operands of `n` limbs.
const fn karatsuba_scratch(n: usize) -> usize {
    4 * n + 160
}

/// Karatsuba's three multiplications of half the length.
fn karatsuba(out: &mut [u64], a: &[u64], b: &[u64], scratch: &mut [u64]) {
    let n = a.len();
    if n < KARATSUBA {
        return schoolbook(out, a, b);
    }
    let h = n - n / 2;
    let ((a0, a1), (b0, b1)) = (a.split_at(h), b.split_at(h));
    let (t, rest) = scratch.split_at_mut(4 * h + 1);
    let negative;
    {
        let (diffs, product) = t.split_at_mut(2 * h);
        let (da, db) = diffs.split_at_mut(h);
        negative = abs_diff(da, a0, a1) != abs_diff(db, b0, b1);
        karatsuba(&mut product[..2 * h], da, db, rest);
    }
    karatsuba(&mut out[..2 * h], a0, b0, rest);
    karatsuba(&mut out[2 * h..], a1, b1, rest);
    // middle = a0 b0 + a1 b1 - (a0 - a1)(b0 - b1)
    let (middle, product) = t.split_at_mut(2 * h);
    let mut top = 0i64;
    middle.copy_from_slice(&out[..2 * h]);
    top += add_assign(middle, &out[2 * h..]) as i64;
    if negative {
        top += add_assign(middle, &product[..2 * h]) as i64;
    } else {
        top -= sub_assign(middle, &product[..2 * h]) as i64;
    }
    add_assign(&mut out[h..], middle);
    add_limb(&mut out[3 * h..], top as u64);
}

/// Toom and Cook's five multiplications of a third of the length, at the points 0, 1, -1, -2 and infinity, with
/// Bodrato's interpolation sequence. Intermediate values are two's complement numbers of fixed width.
fn toom3(out: &mut [u64], a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    let n = a.len();
    let k = n.div_ceil(3);
    let w = 2 * k + 2;
    // Values of one operand at 1, -1 and -2: k + 1 limbs each, two's complement.
    let mut points = zeroed(6 * (k + 1) + 4 * w)?;
    let (pa, rest) = points.split_at_mut(3 * (k + 1));
    let (pb, rest) = rest.split_at_mut(3 * (k + 1));
    evaluate(pa, a, k);
    evaluate(pb, b, k);
    let (r1, rest) = rest.split_at_mut(w);
    let (rm1, rest) = rest.split_at_mut(w);
    let (rm2, t) = rest.split_at_mut(w);
    for (i, r) in [&mut *r1, &mut *rm1, &mut *rm2].into_iter().enumerate() {
        let x = &mut pa[i * (k + 1)..(i + 1) * (k + 1)];
        let y = &mut pb[i * (k + 1)..(i + 1) * (k + 1)];
        let negative = make_absolute(x) != make_absolute(y);
        mul_equal(r, x, y, interrupted)?;
        if negative {
            negate(r);
        }
    }
    let high = n - 2 * k;
    out[2 * k..4 * k].fill(0);
    mul_equal(&mut out[..2 * k], &a[..k], &b[..k], interrupted)?;
    mul_equal(&mut out[4 * k..], &a[2 * k..], &b[2 * k..], interrupted)?;
    let infinity_len = 2 * high;
    // rm2 = (rm2 - r1) / 3
    sub_assign(rm2, r1);
    exact_div3(rm2);
    // r1 = (r1 - rm1) / 2
    sub_assign(r1, rm1);
    halve(r1);
    // rm1 = rm1 - r0
    sub_assign(rm1, &out[..2 * k]);
    // rm2 = (rm1 - rm2) / 2 + 2 infinity
    t.copy_from_slice(rm1);
    sub_assign(t, rm2);
    halve(t);
    add_assign(t, &out[4 * k..4 * k + infinity_len]);
    add_assign(t, &out[4 * k..4 * k + infinity_len]);
    // rm1 = rm1 + r1 - infinity
    add_assign(rm1, r1);
    sub_assign(rm1, &out[4 * k..4 * k + infinity_len]);
    // r1 = r1 - rm2
    sub_assign(r1, t);
    for (i, r) in [r1, rm1, t].into_iter().enumerate() {
        add_assign(&mut out[(i + 1) * k..], trimmed(r));
    }
    Ok(())
}

/// Values of `a0 + a1 x + a2 x^2` at 1, -1, -2.
fn evaluate(out: &mut [u64], a: &[u64], k: usize) {
    let (p1, rest) = out.split_at_mut(k + 1);
    let (pm1, pm2) = rest.split_at_mut(k + 1);
    let (a0, a1, a2) = (&a[..k], &a[k..2 * k], &a[2 * k..]);
    p1[..k].copy_from_slice(a0);
    add_assign(p1, a2);
    pm1.copy_from_slice(p1);
    add_assign(p1, a1);
    sub_assign(pm1, a1);
    // (pm1 + a2) * 2 - a0
    pm2.copy_from_slice(pm1);
    add_assign(pm2, a2);
    shl_small(pm2, 1);
    sub_assign(pm2, a0);
}

/// Replaces a two's complement value by its absolute value, true when it was negative.
fn make_absolute(a: &mut [u64]) -> bool {
    let negative = a.last().is_some_and(|&x| x >> 63 == 1);
    if negative {
        negate(a);
    }
    negative
}

/// Arithmetic shift right by one.
fn halve(a: &mut [u64]) {
    let sign = a.last().map_or(0, |&x| x & (1 << 63));
    shr_small(a, 1);
    if let Some(top) = a.last_mut() {
        *top |= sign;
    }
}

/// Exact division by three modulo the width: multiplication by the inverse, limb by limb, with a borrow.
fn exact_div3(a: &mut [u64]) {
    const INVERSE: u64 = 0xAAAA_AAAA_AAAA_AAAB;
    let mut borrow = 0u64;
    for x in a {
        let (d, under) = x.overflowing_sub(borrow);
        let q = d.wrapping_mul(INVERSE);
        *x = q;
        borrow = under as u64 + (q > u64::MAX / 3) as u64 + (q > u64::MAX / 3 * 2) as u64;
    }
}
