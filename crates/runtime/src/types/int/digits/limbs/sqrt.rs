//! Integer square root with adaptive precision: each step doubles the number of correct bits of `floor(sqrt(n))`,
//! up to one unit, so that a single comparison at the end decides (M. Dickinson's algorithm, as in the
//! documentation of `math.isqrt`).

use super::mul::mul_vec;
use super::*;

/// `floor(sqrt(n))`, trimmed.
pub fn isqrt(n: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let n = trimmed(n);
    let bits = bit_length(n);
    if bits == 0 {
        return Ok(Vec::new());
    }
    let c = (bits - 1) / 2;
    let mut a = copy_of(&[1], 0)?;
    let mut d = 0;
    for s in (0..usize::BITS - c.leading_zeros()).rev() {
        check(interrupted)?;
        let e = d;
        d = c >> s;
        let shifted = shr(n, 2 * c + 1 - e - d)?;
        let (q, _) = div_rem(&shifted, &a, interrupted)?;
        let mut sum = shl(&a, d - e - 1)?;
        if sum.len() < q.len() {
            sum.try_reserve(q.len()).map_err(|_| Stop::NoMemory)?;
            sum.resize(q.len(), 0);
        }
        if add_assign(&mut sum, &q) {
            sum.try_reserve(1).map_err(|_| Stop::NoMemory)?;
            sum.push(1);
        }
        a = sum;
    }
    let square = mul_vec(&a, &a, interrupted)?;
    if compare(&square, n) == std::cmp::Ordering::Greater {
        decrement(&mut a);
        trim(&mut a);
    }
    Ok(a)
}
