//! `math`. CPython: `Modules/mathmodule.c`.

mod elementary;
mod floats;
mod gamma;
mod integers;
pub mod libm;
mod sums;

use taipan_runtime::prelude::*;

pub use elementary::atan2;

/// Why a function has no finite value at a finite point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A singularity, or a point where the function is not defined.
    Domain,
    /// Overflow.
    Range,
}

#[cold]
pub fn domain_error() -> Raised {
    raise!(ValueError, "math domain error")
}

#[cold]
pub fn range_error() -> Raised {
    raise!(OverflowError, "math range error")
}

pub struct Math;

#[pymodule(name = "math", extend = [Math::ELEMENTARY, Math::FLOATS, Math::INTEGERS, Math::SUMS])]
impl Math {
    const pi: f64 = core::f64::consts::PI;
    const e: f64 = core::f64::consts::E;
    const tau: f64 = core::f64::consts::TAU;
    const inf: f64 = f64::INFINITY;
    const nan: f64 = f64::NAN;
}
