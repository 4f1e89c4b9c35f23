//! Arithmetic on little-endian slices of 64-bit limbs: where every super-linear algorithm of `int` runs.
//!
//! A Python int is stored in 30-bit digits because C extensions see them; one 64-bit multiplication does the work of
//! four and a half digit multiplications, so longer operands are repacked first (a linear cost) and packed back.
//! Slices may carry leading zero limbs unless a function says "normalised". Nothing here knows about objects.

mod basic;
mod div;
mod gcd;
mod mul;
mod ntt;
#[cfg(target_arch = "x86_64")]
mod ntt_vector;
mod pow;
mod radix;
mod sqrt;

pub use basic::*;
pub use div::{Divider, div_rem, div_rem_short};
pub use gcd::gcd;
pub use mul::{mul, square};
pub use pow::{SHORT_POWER, pow, pow_mod, pow_short};
pub use radix::{
    SHORT_DIGITS, SHORT_VALUE, ShortDecimal, decimal_group, from_decimal_short, from_radix, to_decimal, write_decimal,
    write_two_limbs,
};
pub use sqrt::isqrt;

use super::{Interrupt, Stop};

/// A zeroed vector of `len` limbs, or `Stop::NoMemory`.
pub fn zeroed(len: usize) -> Result<Vec<u64>, Stop> {
    let mut v = with_capacity(len)?;
    v.resize(len, 0);
    Ok(v)
}

/// An empty vector with room for `len` limbs.
pub fn with_capacity(len: usize) -> Result<Vec<u64>, Stop> {
    let mut v = Vec::new();
    v.try_reserve_exact(len).map_err(|_| Stop::NoMemory)?;
    Ok(v)
}

/// A copy of `a` with room for `extra` more limbs.
pub fn copy_of(a: &[u64], extra: usize) -> Result<Vec<u64>, Stop> {
    let mut v = with_capacity(a.len() + extra)?;
    v.extend_from_slice(a);
    Ok(v)
}

/// Asks whether to give up: called once for each large piece of work.
#[inline]
pub fn check(interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    if interrupted() { Err(Stop::Interrupted) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
