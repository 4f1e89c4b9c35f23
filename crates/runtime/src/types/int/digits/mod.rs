//! Arithmetic on the magnitudes of ints: little-endian slices of 30-bit digits, as `ob_digit` holds them.
//!
//! Linear work is done on the digits themselves (`linear`); everything else repacks to 64-bit limbs (`limbs`). No
//! function allocates infallibly a size that a program chooses, and long ones ask `interrupted` now and then. Nothing
//! here knows about objects; signs are the caller's except in the two's complement operations.

mod bits;
mod convert;
pub mod limbs;
mod linear;

pub use bits::{BitOp, bit_op, bit_op_magnitudes};
pub use convert::{from_f64_magnitude, leading_f64, pack, pack_into, true_divide, unpack, unpacked_len};
pub use linear::*;

/// Bits of a digit.
pub const SHIFT: u32 = 30;
/// The largest digit.
pub const MASK: u32 = (1 << SHIFT) - 1;

/// Why an operation gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No memory for the result or for scratch space.
    NoMemory,
    /// `interrupted` said so; an exception is set by whoever it asked.
    Interrupted,
}

/// Asked now and then by long operations; true means give up.
pub type Interrupt<'a> = dyn FnMut() -> bool + 'a;

#[cfg(test)]
mod tests;
