//! Division: Knuth's algorithm D, Burnikel and Ziegler's recursion, and multiplication by a Newton reciprocal.
//! The recursive forms follow Brent and Zimmermann, "Modern Computer Arithmetic", 1.4 and 3.4.

use std::cmp::Ordering;

use super::*;

/// From here (limbs of quotient and divisor) the recursion beats the quadratic algorithm.
const RECURSIVE: usize = 60;
/// From here a reciprocal and two multiplications beat the recursion: with vectors, and without.
const NEWTON: [usize; 2] = [600, 1800];

/// From where on Newton's reciprocals are used here.
#[inline]
fn newton() -> usize {
    NEWTON[!ntt::is_fast() as usize]
}

/// Quotient and remainder, trimmed. `b` is not zero.
pub fn div_rem(a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(Vec<u64>, Vec<u64>), Stop> {
    let (a, b) = (trimmed(a), trimmed(b));
    if compare(a, b) == Ordering::Less {
        return Ok((Vec::new(), copy_of(a, 0)?));
    }
    if let [d] = *b {
        let mut q = copy_of(a, 0)?;
        let r = div_limb_assign(&mut q, d);
        trim(&mut q);
        let mut rest = with_capacity(1)?;
        if r != 0 {
            rest.push(r);
        }
        return Ok((q, rest));
    }
    Divider::new(b)?.div_rem(a, interrupted)
}

/// Divides short operands where they stand: `a` becomes the remainder. The top limb of `b` is not zero, that of `a` is, and
/// `a.len() == q.len() + b.len()`. `b` is shifted.
pub fn div_rem_short(q: &mut [u64], a: &mut [u64], b: &mut [u64]) {
    debug_assert!(a.len() == q.len() + b.len() && a.last() == Some(&0));
    let n = b.len();
    let shift = b[n - 1].leading_zeros();
    shl_small(b, shift);
    shl_small(a, shift);
    schoolbook(q, a, b);
    shr_small(&mut a[..n], shift);
}

/// A divisor prepared for several divisions.
pub struct Divider {
    /// Shifted so that the top bit is set.
    normalised: Vec<u64>,
    shift: u32,
    /// `floor((B^2n - 1) / d) - B^n` or one less, once it was worth computing.
    inverse: Option<Vec<u64>>,
}

impl Divider {
    /// `d` is trimmed and not zero.
    pub fn new(d: &[u64]) -> Result<Self, Stop> {
        let shift = d[d.len() - 1].leading_zeros();
        let mut normalised = copy_of(d, 0)?;
        shl_small(&mut normalised, shift);
        Ok(Divider { normalised, shift, inverse: None })
    }

    /// Computes the reciprocal now if divisions of `2n` by `n` limbs will profit from it.
    pub fn prepare(&mut self, interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
        if self.normalised.len() >= newton() / 2 && self.inverse.is_none() {
            self.inverse = Some(invert(&self.normalised, interrupted)?);
        }
        Ok(())
    }

    /// Quotient and remainder of any `a`, trimmed.
    pub fn div_rem(&self, a: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(Vec<u64>, Vec<u64>), Stop> {
        let a = trimmed(a);
        let n = self.normalised.len();
        if a.len() < n {
            return Ok((Vec::new(), copy_of(a, 0)?));
        }
        let mut rest = copy_of(a, 1)?;
        let top = shl_small(&mut rest, self.shift);
        rest.push(top);
        let mut q = zeroed(rest.len() - n)?;
        divide(&mut q, &mut rest, &self.normalised, self.inverse.as_deref(), interrupted)?;
        rest.truncate(n);
        shr_small(&mut rest, self.shift);
        trim(&mut rest);
        trim(&mut q);
        Ok((q, rest))
    }
}

/// Divides in place: `a` becomes the remainder. `b` is normalised, `a.len() == q.len() + b.len()`, and the top
/// `b.len()` limbs of `a` are below `b`.
fn divide(
    q: &mut [u64],
    a: &mut [u64],
    b: &[u64],
    inverse: Option<&[u64]>,
    interrupted: &mut Interrupt<'_>,
) -> Result<(), Stop> {
    let (m, n) = (q.len(), b.len());
    if m.min(n) < RECURSIVE {
        schoolbook(q, a, b);
        return Ok(());
    }
    if m < n && (inverse.is_none() || m < n / 2) {
        return divide_short(q, a, b, inverse, interrupted);
    }
    let own;
    let inverse = match inverse {
        None if n >= newton() => {
            own = invert(b, interrupted)?;
            Some(&own[..])
        }
        other => other,
    };
    let mut scratch = zeroed(2 * n)?;
    let mut end = m;
    let first = m % n;
    if first != 0 {
        end = m - first;
        if first < n / 2 || inverse.is_none() {
            if first < RECURSIVE {
                schoolbook(&mut q[end..], &mut a[end..], b);
            } else {
                divide_short(&mut q[end..], &mut a[end..], b, inverse, interrupted)?;
            }
        } else if let Some(x) = inverse {
            // One full step over a dividend padded with zeros at the top.
            let mut wide = zeroed(2 * n)?;
            wide[..first + n].copy_from_slice(&a[end..]);
            let mut quotient = zeroed(n)?;
            barrett(&mut quotient, &mut wide, b, x, &mut scratch, interrupted)?;
            q[end..].copy_from_slice(&quotient[..first]);
            a[end..].copy_from_slice(&wide[..first + n]);
        }
    }
    while end > 0 {
        check(interrupted)?;
        let start = end - n;
        match inverse {
            Some(x) => {
                barrett(&mut q[start..end], &mut a[start..end + n], b, x, &mut scratch, interrupted)?;
            }
            None => {
                recursive(&mut q[start..end], &mut a[start..end + n], b, &mut scratch, interrupted)?;
            }
        }
        end = start;
    }
    Ok(())
}

/// The case of a quotient shorter than the divisor: divide the leading parts, then account for the rest of `b`.
fn divide_short(
    q: &mut [u64],
    a: &mut [u64],
    b: &[u64],
    inverse: Option<&[u64]>,
    interrupted: &mut Interrupt<'_>,
) -> Result<(), Stop> {
    let (m, n) = (q.len(), b.len());
    let (b_low, b_high) = b.split_at(n - m);
    let mut over = {
        let mut scratch = zeroed(2 * m)?;
        let high = &mut a[n - m..];
        if m >= newton() / 4
            && let Some(x) = inverse
        {
            // The leading limbs of a reciprocal of `b` are one of the leading limbs of `b`, but for a few units.
            barrett(q, high, b_high, &x[n - m..], &mut scratch, interrupted)?
        } else if m >= newton() {
            let x = invert(b_high, interrupted)?;
            barrett(q, high, b_high, &x, &mut scratch, interrupted)?
        } else {
            recursive(q, high, b_high, &mut scratch, interrupted)?
        }
    };
    let mut product = zeroed(n)?;
    mul(&mut product, q, b_low, interrupted)?;
    let mut borrow = sub_assign(&mut a[..n], &product) as i32;
    if over {
        borrow += sub_assign(&mut a[m..n], b_low) as i32;
    }
    while borrow > 0 {
        if decrement(q) {
            over = false;
        }
        borrow -= add_assign(&mut a[..n], b) as i32;
    }
    debug_assert!(!over);
    Ok(())
}

/// Knuth's algorithm D.
fn schoolbook(q: &mut [u64], a: &mut [u64], b: &[u64]) {
    let n = b.len();
    let top = b[n - 1];
    let second = if n > 1 { b[n - 2] } else { 0 };
    let v = reciprocal(top);
    for j in (0..q.len()).rev() {
        let high = a[j + n];
        let mut digit;
        if high >= top {
            digit = u64::MAX;
        } else {
            let mut rest;
            (digit, rest) = div_2by1(high, a[j + n - 1], top, v);
            if n > 1 {
                let below = a[j + n - 2];
                while digit as u128 * second as u128 > (rest as u128) << 64 | below as u128 {
                    digit -= 1;
                    let (sum, over) = rest.overflowing_add(top);
                    if over {
                        break;
                    }
                    rest = sum;
                }
            }
        }
        let mut borrow = sub_mul_limb(&mut a[j..j + n], b, digit);
        while borrow > high {
            digit -= 1;
            borrow -= add_assign(&mut a[j..j + n], b) as u64;
        }
        a[j + n] = 0;
        q[j] = digit;
    }
}

/// Divides `2n` limbs by `n`. True when the quotient is `B^n` more than `q` says. `scratch` has `n` limbs.
fn recursive(
    q: &mut [u64],
    a: &mut [u64],
    b: &[u64],
    scratch: &mut [u64],
    interrupted: &mut Interrupt<'_>,
) -> Result<bool, Stop> {
    let n = b.len();
    if n < RECURSIVE {
        let over = compare(&a[n..], b) != Ordering::Less;
        if over {
            sub_assign(&mut a[n..], b);
        }
        schoolbook(q, a, b);
        return Ok(over);
    }
    check(interrupted)?;
    let low = n / 2;
    let high = n - low;
    let mut over = recursive(&mut q[low..], &mut a[2 * low..], &b[low..], scratch, interrupted)?;
    mul(&mut scratch[..n], &q[low..], &b[..low], interrupted)?;
    let mut borrow = sub_assign(&mut a[low..low + n], &scratch[..n]) as i32;
    if over {
        borrow += sub_assign(&mut a[n..n + low], &b[..low]) as i32;
    }
    while borrow > 0 {
        if decrement(&mut q[low..]) {
            over = false;
        }
        borrow -= add_assign(&mut a[low..low + n], b) as i32;
    }
    let mut over_low = recursive(&mut q[..low], &mut a[high..high + 2 * low], &b[high..], scratch, interrupted)?;
    mul(&mut scratch[..n], &b[..high], &q[..low], interrupted)?;
    let mut borrow = sub_assign(&mut a[..n], &scratch[..n]) as i32;
    if over_low {
        borrow += sub_assign(&mut a[low..n], &b[..high]) as i32;
    }
    while borrow > 0 {
        if decrement(&mut q[..low]) {
            over_low = false;
        }
        borrow -= add_assign(&mut a[..n], b) as i32;
    }
    debug_assert!(!over_low);
    Ok(over)
}

/// Divides `2n` limbs by `n` with the reciprocal `x` of `b`. True when the quotient is `B^n` more than `q` says.
fn barrett(
    q: &mut [u64],
    a: &mut [u64],
    b: &[u64],
    x: &[u64],
    scratch: &mut [u64],
    interrupted: &mut Interrupt<'_>,
) -> Result<bool, Stop> {
    let n = b.len();
    let over = compare(&a[n..], b) != Ordering::Less;
    if over {
        sub_assign(&mut a[n..], b);
    }
    let product = &mut scratch[..2 * n];
    mul(product, &a[n..], x, interrupted)?;
    q.copy_from_slice(&a[n..]);
    // The reciprocal is not above the true one, so neither is this quotient; it fits `n` limbs.
    add_assign(q, &product[n..]);
    mul(product, q, b, interrupted)?;
    sub_assign(a, product);
    while a[n] != 0 || compare(&a[..n], b) != Ordering::Less {
        sub_assign(&mut a[..n + 1], b);
        increment(q);
    }
    Ok(over)
}

/// From here (limbs of the shorter factor) Newton's iteration multiplies by wrapped transforms.
const WRAPPED: usize = 200;

/// `t = B^h b + product` for a product that is known modulo `B^L - 1` and is such that `t` differs from `B^(n + h)` by less than
/// `B^(n + 2)`, where `n = b.len()`, `L > n + 2` is the length of `wrapped` and `t` has `n + h + 1` limbs.
fn unwrap_near(t: &mut [u64], wrapped: &[u64], b: &[u64], h: usize) -> Result<(), Stop> {
    let (n, len) = (b.len(), wrapped.len());
    // sum = t - B^(n + h) modulo B^L - 1, in which B^i is B^(i mod L).
    let mut sum = copy_of(wrapped, 1)?;
    sum.push(0);
    let fold = |sum: &mut [u64]| {
        while sum[len] != 0 {
            let over = core::mem::take(&mut sum[len]);
            if add_limb(&mut sum[..len], over) {
                sum[len] = 1;
            }
        }
    };
    let place = h % len;
    let (inside, beyond) = b.split_at(n.min(len - place));
    add_assign(&mut sum[place..], inside);
    fold(&mut sum);
    add_assign(&mut sum, beyond);
    fold(&mut sum);
    // Minus B^((n + h) mod L): the complement of that in L limbs is added.
    let place = (n + h) % len;
    if sub_assign(&mut sum[place..len], &[1]) && decrement(&mut sum[..len]) {
        sum[..len].fill(0);
    }
    // A difference below zero is near B^L - 1 now.
    t.fill(0);
    if sum[len - 1] >> 63 == 0 {
        let low = trimmed(&sum[..len]);
        t[..low.len()].copy_from_slice(low);
        t[n + h] += 1;
    } else {
        for x in &mut sum[..len] {
            *x = !*x;
        }
        // B^(n + h) minus what the complement says.
        let low = trimmed(&sum[..len]);
        t[n + h] = 1;
        sub_assign(t, low);
    }
    Ok(())
}

/// The `n` low limbs of a reciprocal `X = B^n + x` of a normalised `b`: `b X < B^2n < b (X + 2)`. Each step of Newton's
/// iteration doubles the number of correct limbs.
fn invert(b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let n = b.len();
    check(interrupted)?;
    if n < 2 * RECURSIVE {
        let mut ones = zeroed(2 * n)?;
        ones.fill(u64::MAX);
        let mut q = zeroed(n)?;
        let mut scratch = zeroed(n)?;
        recursive(&mut q, &mut ones, b, &mut scratch, interrupted)?;
        return Ok(q);
    }
    let low = (n - 1) / 2;
    let h = n - low;
    let mut xh = invert(&b[low..], interrupted)?;
    // Both products have `xh` as a factor. The first is so near to B^(n + h) - B^h b that it may wrap behind `n` limbs
    // and a few more.
    let transformed = if h >= WRAPPED && ntt::fits(n + 4) {
        Some(ntt::Transformed::new(&xh, (n + 4).max(2 * h + 2), interrupted)?)
    } else {
        None
    };
    // t = b (B^h + xh), brought below B^(n + h)
    let mut t = zeroed(n + h + 1)?;
    match &transformed {
        Some(transformed) => {
            let wrapped = transformed.mul(b, interrupted)?;
            unwrap_near(&mut t, &wrapped, b, h)?;
        }
        None => {
            mul(&mut t[..n + h], b, &xh, interrupted)?;
            add_assign(&mut t[h..], b);
        }
    }
    let before = t[n + h] != 0;
    while t[n + h] != 0 {
        decrement(&mut xh);
        sub_assign(&mut t, b);
    }
    // The error B^(n + h) - t, without its low limbs, corrects the reciprocal.
    t.truncate(n + h);
    negate(&mut t);
    let error = trimmed(&t[low..]);
    let mut u = zeroed(error.len() + h + 1)?;
    match transformed {
        // The factor is still the same.
        Some(transformed) if !before && error.len() + h <= transformed.len() => {
            let product = transformed.mul(error, interrupted)?;
            u[..error.len() + h].copy_from_slice(&product[..error.len() + h]);
        }
        _ => mul(&mut u[..error.len() + h], error, &xh, interrupted)?,
    }
    add_assign(&mut u[h..], error);
    let mut x = zeroed(n)?;
    x[low..].copy_from_slice(&xh);
    let cut = 2 * h - low;
    if u.len() > cut {
        add_assign(&mut x, trimmed(&u[cut..]));
    }
    Ok(x)
}
