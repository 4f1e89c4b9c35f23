//! Powers: plain powers by repeated squaring, modular powers with a window over the exponent's bits, in Montgomery form
//! for odd moduli.

use super::*;

/// `base ** exponent`, trimmed. Trailing zero bits of the base become one shift at the end.
pub fn pow(base: &[u64], exponent: u64, interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let base = trimmed(base);
    if exponent == 0 {
        return copy_of(&[1], 0);
    }
    if base.is_empty() {
        return Ok(Vec::new());
    }
    let zeros = trailing_zeros(base);
    let total_zeros = (zeros as u64).checked_mul(exponent).ok_or(Stop::NoMemory)?;
    let odd = shr(base, zeros)?;
    let mut result = copy_of(&[1], 0)?;
    if odd != [1] {
        let bits = (bit_length(&odd) as u64).checked_mul(exponent).ok_or(Stop::NoMemory)?;
        let limbs = usize::try_from(bits / 64 + 2).map_err(|_| Stop::NoMemory)?;
        result = copy_of(&odd, limbs.saturating_sub(odd.len()))?;
        let mut next = with_capacity(limbs)?;
        for i in (0..exponent.ilog2()).rev() {
            check(interrupted)?;
            next.clear();
            next.resize(2 * result.len(), 0);
            square(&mut next, &result, interrupted)?;
            trim(&mut next);
            std::mem::swap(&mut next, &mut result);
            if exponent >> i & 1 == 1 {
                if let [m] = odd[..] {
                    let top = mul_limb_assign(&mut result, m, 0);
                    if top != 0 {
                        result.push(top);
                    }
                } else {
                    next.clear();
                    next.resize(result.len() + odd.len(), 0);
                    mul(&mut next, &result, &odd, interrupted)?;
                    trim(&mut next);
                    std::mem::swap(&mut next, &mut result);
                }
            }
        }
    }
    if total_zeros > 0 {
        let total_zeros = usize::try_from(total_zeros).map_err(|_| Stop::NoMemory)?;
        result = shl(&result, total_zeros)?;
    }
    Ok(result)
}

/// Limbs of the powers that [`pow_short`] computes.
pub const SHORT_POWER: usize = 8;

/// `base ** exponent` without memory of the heap; the number of limbs. The exponent is not zero, and times the bits of the base not more
/// than [`SHORT_POWER`] limbs have.
pub fn pow_short(out: &mut [u64; SHORT_POWER + 1], base: u64, exponent: u64) -> usize {
    let mut len = 1;
    out[0] = base;
    for i in (0..exponent.ilog2()).rev() {
        let root = *out;
        out[..2 * len].fill(0);
        for at in 0..len {
            out[at + len] = add_mul_limb(&mut out[at..at + len], &root[..len], root[at]);
        }
        len *= 2;
        if exponent >> i & 1 == 1 {
            out[len] = mul_limb_assign(&mut out[..len], base, 0);
            len += 1;
        }
        len = trimmed(&out[..len]).len();
    }
    len
}

/// Montgomery reduction is quadratic; beyond this many limbs division by a prepared reciprocal is faster.
const MONTGOMERY: usize = 150;

/// `base ** exponent % modulus`, trimmed. `modulus` is not zero.
pub fn pow_mod(
    base: &[u64],
    exponent: &[u64],
    modulus: &[u64],
    interrupted: &mut Interrupt<'_>,
) -> Result<Vec<u64>, Stop> {
    let modulus = trimmed(modulus);
    if modulus == [1] {
        return Ok(Vec::new());
    }
    let exponent = trimmed(exponent);
    if exponent.is_empty() {
        return copy_of(&[1], 0);
    }
    let (_, base) = div_rem(base, modulus, interrupted)?;
    if base.is_empty() {
        return Ok(base);
    }
    if let [m] = *modulus {
        return pow_mod_limb(base[0], exponent, m);
    }
    if modulus[0] & 1 == 1 && modulus.len() < MONTGOMERY {
        let ring = Montgomery::new(modulus, interrupted)?;
        return ring.pow(&base, exponent, interrupted);
    }
    let mut divider = Divider::new(modulus)?;
    divider.prepare(interrupted)?;
    let mut product = with_capacity(2 * modulus.len())?;
    windowed(
        &base,
        exponent,
        |a, b, interrupted| {
            product.clear();
            product.resize(a.len() + b.len(), 0);
            if std::ptr::eq(a, b) {
                square(&mut product, a, interrupted)?
            } else {
                mul(&mut product, a, b, interrupted)?
            }
            Ok(divider.div_rem(&product, interrupted)?.1)
        },
        interrupted,
    )
}

fn pow_mod_limb(base: u64, exponent: &[u64], m: u64) -> Result<Vec<u64>, Stop> {
    let times = |a: u64, b: u64| {
        if (a | b | m) >> 32 == 0 { a * b % m } else { (a as u128 * b as u128 % m as u128) as u64 }
    };
    let mut result = 1 % m;
    for i in (0..bit_length(exponent)).rev() {
        result = times(result, result);
        if exponent[i / 64] >> (i % 64) & 1 == 1 {
            result = times(result, base);
        }
    }
    let mut out = copy_of(&[result], 0)?;
    trim(&mut out);
    Ok(out)
}

/// `base ** exponent` for a multiplication given as a function. The exponent is not zero. Windows start at a set bit and
/// end at one, so only odd powers are kept.
fn windowed(
    base: &[u64],
    exponent: &[u64],
    mut times: impl FnMut(&[u64], &[u64], &mut Interrupt<'_>) -> Result<Vec<u64>, Stop>,
    interrupted: &mut Interrupt<'_>,
) -> Result<Vec<u64>, Stop> {
    let bits = bit_length(exponent);
    let width = match bits {
        0..=24 => 1,
        25..=80 => 3,
        81..=240 => 4,
        241..=672 => 5,
        _ => 6,
    };
    let bit = |i: usize| exponent[i / 64] >> (i % 64) & 1;
    let mut odd_powers = vec![copy_of(base, 0)?];
    if width > 1 {
        let square = times(base, base, interrupted)?;
        for i in 1..1usize << (width - 1) {
            let next = times(&odd_powers[i - 1], &square, interrupted)?;
            odd_powers.push(next);
        }
    }
    let mut result: Option<Vec<u64>> = None;
    let mut i = bits;
    while i > 0 {
        check(interrupted)?;
        if bit(i - 1) == 0 {
            if let Some(r) = &result {
                result = Some(times(r, r, interrupted)?);
            }
            i -= 1;
            continue;
        }
        let mut low = i.saturating_sub(width);
        while bit(low) == 0 {
            low += 1;
        }
        let mut value = 0usize;
        for j in (low..i).rev() {
            value = value << 1 | bit(j) as usize;
            if let Some(r) = &result {
                result = Some(times(r, r, interrupted)?);
            }
        }
        let power = &odd_powers[value / 2];
        result = Some(match &result {
            Some(r) => times(r, power, interrupted)?,
            None => copy_of(power, 0)?,
        });
        i = low;
    }
    result.map_or_else(|| copy_of(&[1], 0), Ok)
}

/// Residues modulo an odd number, kept multiplied by `B^n`.
struct Montgomery<'a> {
    modulus: &'a [u64],
    /// `-1 / modulus` modulo 2^64.
    inverse: u64,
}

impl<'a> Montgomery<'a> {
    fn new(modulus: &'a [u64], _: &mut Interrupt<'_>) -> Result<Self, Stop> {
        let m = modulus[0];
        let mut x = 1u64;
        for _ in 0..6 {
            x = x.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(x)));
        }
        Ok(Montgomery { modulus, inverse: x.wrapping_neg() })
    }

    /// `t / B^n` modulo the modulus; `t` has `2n` limbs and the result is left in its upper half, below the modulus.
    fn reduce(&self, t: &mut [u64]) {
        let n = self.modulus.len();
        let mut over = false;
        for i in 0..n {
            let m = t[i].wrapping_mul(self.inverse);
            let carry = add_mul_limb(&mut t[i..i + n], self.modulus, m);
            let (s, c1) = t[i + n].overflowing_add(carry);
            let (s, c2) = s.overflowing_add(over as u64);
            t[i + n] = s;
            over = c1 | c2;
        }
        let high = &mut t[n..];
        if over || compare(high, self.modulus) != std::cmp::Ordering::Less {
            sub_assign(high, self.modulus);
        }
    }

    fn pow(&self, base: &[u64], exponent: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
        let n = self.modulus.len();
        let (_, mut x) = div_rem(&shl(base, 64 * n)?, self.modulus, interrupted)?;
        x.try_reserve(n).map_err(|_| Stop::NoMemory)?;
        x.resize(n, 0);
        let mut t = zeroed(2 * n)?;
        let power = windowed(
            &x,
            exponent,
            |a, b, interrupted| {
                if std::ptr::eq(a, b) {
                    square(&mut t, a, interrupted)?
                } else {
                    mul(&mut t, a, b, interrupted)?
                }
                self.reduce(&mut t);
                copy_of(&t[n..], 0)
            },
            interrupted,
        )?;
        t[..n].copy_from_slice(&power);
        t[n..].fill(0);
        self.reduce(&mut t);
        let mut out = copy_of(&t[n..], 0)?;
        trim(&mut out);
        Ok(out)
    }
}
