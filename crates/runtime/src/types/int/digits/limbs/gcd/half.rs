//! The recursive half of a greatest common divisor: many steps of Euclid as one matrix, found from leading bits alone
//! (Schönhage; Möller, "On Schönhage's algorithm and subquadratic integer GCD computation").
//!
//! `half_gcd(a, b)` of `n` bits gives a matrix `M` of non-negative entries and determinant ±1 with `(a, b) = M (c, d)`, where
//! `c` and `d` have more than `n / 2 + 1` bits, but hardly more. Cofactors are then below `2^(n / 2)`, so that the same matrix,
//! applied to numbers of which `a` and `b` are leading bits, leaves positive numbers. Whether those are exactly
//! Euclid's remainders does not matter: any such matrix preserves the divisor.

use std::cmp::Ordering;

use super::super::mul::mul_vec;
use super::super::*;
use super::{Steps, combine, simulate};

/// Up to this many bits, steps are taken one after another.
const BASE: usize = 64 * 60;

/// Four entries, row by row.
struct Matrix {
    entries: [Vec<u64>; 4],
    /// Whether the determinant is -1.
    negative: bool,
}

impl Matrix {
    fn identity() -> Result<Matrix, Stop> {
        Ok(Matrix { entries: [copy_of(&[1], 0)?, Vec::new(), Vec::new(), copy_of(&[1], 0)?], negative: false })
    }

    fn is_identity(&self) -> bool {
        self.entries[1].is_empty() && self.entries[2].is_empty()
    }

    /// `self * other`
    fn times(&self, other: &Matrix, interrupted: &mut Interrupt<'_>) -> Result<Matrix, Stop> {
        let ([a, b, c, d], [e, f, g, h]) = (&self.entries, &other.entries);
        let mut dot =
            |a: &[u64], b: &[u64], c: &[u64], d: &[u64]| sum(mul_vec(a, b, interrupted)?, &mul_vec(c, d, interrupted)?);
        let entries = [dot(a, e, b, g)?, dot(a, f, b, h)?, dot(c, e, d, g)?, dot(c, f, d, h)?];
        Ok(Matrix { entries, negative: self.negative != other.negative })
    }

    /// `self * [[q, 1], [1, 0]]`: one step of Euclid.
    fn push_quotient(&mut self, q: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
        for row in 0..2 {
            let product = mul_vec(&self.entries[2 * row], q, interrupted)?;
            let left = sum(product, &self.entries[2 * row + 1])?;
            self.entries[2 * row + 1] = std::mem::replace(&mut self.entries[2 * row], left);
        }
        self.negative = !self.negative;
        Ok(())
    }

    /// Several simulated steps, whose matrix is `[[v1, v0], [u1, u0]]`.
    fn push_steps(&mut self, steps: &Steps) -> Result<(), Stop> {
        for row in 0..2 {
            let (x, y) = (&self.entries[2 * row], &self.entries[2 * row + 1]);
            let n = x.len().max(y.len());
            let combined = |p: u64, q: u64| {
                let mut out = zeroed(n + 1)?;
                let top = mul_limb(&mut out[..x.len()], x, p);
                out[x.len()] = top;
                let top = add_mul_limb(&mut out[..y.len()], y, q);
                // The sum fits: cofactors are below 2^62.
                add_limb(&mut out[y.len()..], top);
                trim(&mut out);
                Ok(out)
            };
            let (left, right) = (combined(steps.v1, steps.u1)?, combined(steps.v0, steps.u0)?);
            (self.entries[2 * row], self.entries[2 * row + 1]) = (left, right);
        }
        self.negative ^= !steps.even;
        Ok(())
    }

    fn swap_columns(&mut self) {
        self.entries.swap(0, 1);
        self.entries.swap(2, 3);
        self.negative = !self.negative;
    }

    /// Replaces `(a, b)` by the inverse matrix applied to it, the larger first. False, and nothing done, when that would
    /// be negative.
    fn apply_inverse(
        &mut self,
        a: &mut Vec<u64>,
        b: &mut Vec<u64>,
        interrupted: &mut Interrupt<'_>,
    ) -> Result<bool, Stop> {
        let [m00, m01, m10, m11] = &self.entries;
        let (mut x, mut y) = (mul_vec(m11, a, interrupted)?, mul_vec(m01, b, interrupted)?);
        let (mut z, mut w) = (mul_vec(m00, b, interrupted)?, mul_vec(m10, a, interrupted)?);
        if self.negative {
            std::mem::swap(&mut x, &mut y);
            std::mem::swap(&mut z, &mut w);
        }
        if compare(&x, &y) == Ordering::Less || compare(&z, &w) == Ordering::Less {
            return Ok(false);
        }
        sub_assign(&mut x, trimmed(&y));
        sub_assign(&mut z, trimmed(&w));
        trim(&mut x);
        trim(&mut z);
        (*a, *b) = (x, z);
        if compare(a, b) == Ordering::Less {
            std::mem::swap(a, b);
            self.swap_columns();
        }
        Ok(true)
    }
}

/// `a + b`, trimmed where both are.
fn sum(mut a: Vec<u64>, b: &[u64]) -> Result<Vec<u64>, Stop> {
    if a.len() < b.len() {
        a.try_reserve(b.len() - a.len()).map_err(|_| Stop::NoMemory)?;
        a.resize(b.len(), 0);
    }
    if add_assign(&mut a, b) {
        a.try_reserve(1).map_err(|_| Stop::NoMemory)?;
        a.push(1);
    }
    Ok(a)
}

/// One step of Euclid on `(a, b)` if the remainder keeps more than `least` bits.
fn step(
    a: &mut Vec<u64>,
    b: &mut Vec<u64>,
    least: usize,
    matrix: &mut Matrix,
    interrupted: &mut Interrupt<'_>,
) -> Result<bool, Stop> {
    if bit_length(b) <= least {
        return Ok(false);
    }
    let (q, r) = div_rem(a, b, interrupted)?;
    if bit_length(&r) <= least {
        return Ok(false);
    }
    *a = std::mem::replace(b, r);
    matrix.push_quotient(&q, interrupted)?;
    Ok(true)
}

/// The matrix described above; `a >= b`. Leaves the reduced numbers in `a` and `b`.
fn half_gcd(a: &mut Vec<u64>, b: &mut Vec<u64>, interrupted: &mut Interrupt<'_>) -> Result<Matrix, Stop> {
    let n = bit_length(a);
    let least = n / 2 + 1;
    let mut matrix = Matrix::identity()?;
    if bit_length(b) <= least {
        return Ok(matrix);
    }
    if n <= BASE {
        // Simulated steps take off at most 62 bits at once.
        while bit_length(b) > least + 66 && bit_length(a) >= 128 {
            let Some(steps) = simulate(a, b) else {
                if !step(a, b, least, &mut matrix, interrupted)? {
                    break;
                }
                continue;
            };
            let (mut x, mut y) = (zeroed(a.len())?, zeroed(a.len())?);
            b.resize(a.len(), 0);
            if steps.even {
                combine(&mut x, steps.u0, a, steps.v0, b);
                combine(&mut y, steps.v1, b, steps.u1, a);
            } else {
                combine(&mut x, steps.v0, b, steps.u0, a);
                combine(&mut y, steps.u1, a, steps.v1, b);
            }
            trim(&mut x);
            trim(&mut y);
            (*a, *b) = (x, y);
            matrix.push_steps(&steps)?;
        }
    } else {
        check(interrupted)?;
        for _ in 0..2 {
            // The leading bits that one recursive call may look at: those above 2 least - (bits of a), but at most half.
            let low = (2 * least).saturating_sub(bit_length(a)).max(if matrix.is_identity() { n / 2 } else { 0 });
            let (mut x, mut y) = (shr(a, low)?, shr(b, low)?);
            let mut part = half_gcd(&mut x, &mut y, interrupted)?;
            drop((x, y));
            if !part.is_identity() && part.apply_inverse(a, b, interrupted)? {
                matrix = matrix.times(&part, interrupted)?;
            }
            if !step(a, b, least, &mut matrix, interrupted)? {
                return Ok(matrix);
            }
        }
    }
    while step(a, b, least, &mut matrix, interrupted)? {}
    Ok(matrix)
}

/// Replaces `(a, b)` by shorter numbers of the same greatest common divisor, the larger first. False when `b` is too short
/// against `a`; then a division makes progress.
pub fn reduce(a: &mut Vec<u64>, b: &mut Vec<u64>, interrupted: &mut Interrupt<'_>) -> Result<bool, Stop> {
    let n = bit_length(a);
    let low = n / 3;
    let (mut x, mut y) = (shr(a, low)?, shr(b, low)?);
    let mut matrix = half_gcd(&mut x, &mut y, interrupted)?;
    drop((x, y));
    Ok(!matrix.is_identity() && matrix.apply_inverse(a, b, interrupted)?)
}
