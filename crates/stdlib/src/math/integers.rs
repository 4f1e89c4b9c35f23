//! Number theory and combinatorics on ints of any size.

use taipan_runtime::prelude::*;

use super::Math;

/// Factorials that fit 64 bits.
const SMALL_FACTORIALS: [u64; 21] = {
    let mut table = [1; 21];
    let mut n = 1;
    while n < 21 {
        table[n] = table[n - 1] * n as u64;
        n += 1;
    }
    table
};

fn lcm(a: &Ref<Int>, b: &Ref<Int>) -> PyResult<Ref<Int>> {
    if a.is_zero() || b.is_zero() {
        return Ok(Int::zero());
    }
    a.floor_div(&a.gcd(b)?)?.mul(b)?.absolute()
}

/// The product of the odd numbers from `start` up to, not including, `stop`, both odd.
fn odd_product(start: u64, stop: u64) -> PyResult<Ref<Int>> {
    let count = (stop - start) / 2;
    let bits = u64::from((stop - 2).ilog2() + 1);
    if count <= 64 && count * bits <= 64 {
        return Int::from_u64((start..stop).step_by(2).product());
    }
    let middle = (start + count) | 1;
    // The depth is that of halving 64 bits.
    odd_product(start, middle)?.mul(&odd_product(middle, stop)?)
}

/// `n!`: the odd numbers up to `n`, up to `n / 2`, `n / 4` and so on, and at last the power of two.
fn factorial(n: u64) -> PyResult<Ref<Int>> {
    if let Some(&value) = SMALL_FACTORIALS.get(n as usize) {
        return Int::from_u64(value);
    }
    let mut inner = Int::one();
    let mut outer = Int::one();
    let mut upper = 3;
    for shift in (0..=n.ilog2().saturating_sub(1)).rev() {
        let part = n >> shift;
        if part <= 2 {
            continue;
        }
        let lower = upper;
        upper = (part + 1) | 1;
        inner = inner.mul(&odd_product(lower, upper)?)?;
        outer = outer.mul(&inner)?;
    }
    outer.shift_left(n - u64::from(n.count_ones()))
}

/// `n (n-1) .. (n-k+1)`, if every step of it, and for combinations of `C(n, i)` in turn, fits 64 bits.
fn small(n: u64, k: u64, combinations: bool) -> Option<u64> {
    let mut result = 1u64;
    for i in 0..k {
        result = result.checked_mul(n - i)?;
        if combinations {
            result /= i + 1;
        }
    }
    Some(result)
}

/// Permutations, or combinations, of `k` of `n`, with `k <= n`, by halves: `P(n, k) = P(n, j) P(n-j, k-j)`, which for
/// combinations is to be divided by `C(k, j)`.
fn choose(n: &Ref<Int>, k: u64, combinations: bool) -> PyResult<Ref<Int>> {
    match k {
        0 => return Ok(Int::one()),
        1 => return n.to_exact(),
        _ => {}
    }
    if let Some(n) = n.to_u64()
        && k <= 64
        && let Some(result) = small(n, k, combinations)
    {
        return Int::from_u64(result);
    }
    let j = k / 2;
    let rest = n.sub(&Int::from_u64(j)?)?;
    let product = choose(n, j, combinations)?.mul(&choose(&rest, k - j, combinations)?)?;
    if combinations { product.floor_div(&choose(&Int::from_u64(k)?, j, true)?) } else { Ok(product) }
}

/// The two arguments of `comb` and `perm`.
fn counts(n: Borrowed<'_, Object>, k: Borrowed<'_, Object>) -> PyResult<(Ref<Int>, Ref<Int>)> {
    let (n, k) = (n.index()?, k.index()?);
    if n.is_negative() {
        return Err(raise!(ValueError, "n must be a non-negative integer"));
    }
    if k.is_negative() {
        return Err(raise!(ValueError, "k must be a non-negative integer"));
    }
    Ok((n, k))
}

/// A count that a machine integer holds.
fn machine_count(count: &Ref<Int>, name: &str) -> PyResult<u64> {
    match count.to_i64() {
        Some(count) => Ok(count as u64),
        None => Err(raise!(OverflowError, "{name} must not exceed {}", i64::MAX)),
    }
}

#[pymethods(part = INTEGERS)]
impl Math {
    #[function(signature = "($module, n, k, /)")]
    fn comb(n: Borrowed<'_, Object>, k: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        let (n, k) = counts(n, k)?;
        let rest = n.sub(&k)?;
        if rest.is_negative() {
            return Ok(Int::zero());
        }
        let fewer = if rest.compare(&k).is_lt() { rest } else { k };
        choose(&n, machine_count(&fewer, "min(n - k, k)")?, true)
    }

    #[function(name = "factorial", signature = "($module, n, /)")]
    fn factorial_of(n: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        let n = n.index()?;
        if n.is_negative() {
            return Err(raise!(ValueError, "factorial() not defined for negative values"));
        }
        match n.to_i64() {
            Some(n) => factorial(n as u64),
            None => Err(raise!(OverflowError, "factorial() argument should not exceed {}", i64::MAX)),
        }
    }

    #[function(signature = "($module, /, *integers)")]
    fn gcd(integers: Args<'_>) -> PyResult<Ref<Int>> {
        let mut result = Int::zero();
        for integer in integers {
            let integer = integer.index()?;
            result = if result.is(&Int::one()) { result } else { result.gcd(&integer)? };
        }
        Ok(result)
    }

    #[function(signature = "($module, n, /)")]
    fn isqrt(n: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        let n = n.index()?;
        if n.is_negative() {
            return Err(raise!(ValueError, "isqrt() argument must be nonnegative"));
        }
        n.isqrt()
    }

    #[function(name = "lcm", signature = "($module, /, *integers)")]
    fn lcm_of(integers: Args<'_>) -> PyResult<Ref<Int>> {
        let mut result = Int::one();
        for integer in integers {
            result = lcm(&result, &integer.index()?)?;
        }
        Ok(result)
    }

    #[function(signature = "($module, n, k=None, /)")]
    fn perm(n: Borrowed<'_, Object>, k: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Int>> {
        let Some(k) = k.filter(|k| !k.is_none()) else { return Math::factorial_of(n) };
        let (n, k) = counts(n, k)?;
        if n.compare(&k).is_lt() {
            return Ok(Int::zero());
        }
        choose(&n, machine_count(&k, "k")?, false)
    }
}
