//! `cmath`. CPython: `Modules/cmathmodule.c`.

mod functions;
mod special;

use taipan_runtime::prelude::*;
use taipan_runtime::types::complex::Value;

use crate::math::{Fault, domain_error, range_error};
use functions::Outcome;

#[cold]
fn raised(fault: Fault) -> Raised {
    match fault {
        Fault::Domain => domain_error(),
        Fault::Range => range_error(),
    }
}

/// Applies a function to a number.
fn apply(z: Borrowed<'_, Object>, function: fn(Value) -> Outcome) -> PyResult<Ref<Complex>> {
    match function(Complex::value_of(z)?) {
        Ok(value) => Complex::from_value(value),
        Err(fault) => Err(raised(fault)),
    }
}

macro_rules! functions {
    ($($name:ident)*) => {
        #[pymethods(part = ELEMENTARY)]
        impl Cmath {
            $(
                #[function(signature = "($module, z, /)")]
                fn $name(z: Borrowed<'_, Object>) -> PyResult<Ref<Complex>> {
                    apply(z, functions::$name)
                }
            )*
        }
    };
}

functions! { acos acosh asin asinh atan atanh cos cosh exp log10 sin sinh sqrt tan tanh }

pub struct Cmath;

#[pymodule(name = "cmath", extend = [Cmath::ELEMENTARY])]
impl Cmath {
    const pi: f64 = core::f64::consts::PI;
    const e: f64 = core::f64::consts::E;
    const tau: f64 = core::f64::consts::TAU;
    const inf: f64 = f64::INFINITY;
    const nan: f64 = f64::NAN;

    #[function(signature = "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        let (a, b) = (Complex::value_of(a)?, Complex::value_of(b)?);
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(raise!(ValueError, "tolerances must be non-negative"));
        }
        if a.real == b.real && a.imag == b.imag {
            return Ok(true);
        }
        // An infinity is close to nothing but itself.
        if [a.real, a.imag, b.real, b.imag].iter().any(|part| part.is_infinite()) {
            return Ok(false);
        }
        let length = |z: Value| functions::size(z).unwrap_or(f64::INFINITY);
        let difference = length(a.sub(b));
        Ok(difference <= rel_tol * length(b) || difference <= rel_tol * length(a) || difference <= abs_tol)
    }

    #[function(signature = "($module, z, /)")]
    fn isfinite(z: Borrowed<'_, Object>) -> PyResult<bool> {
        let z = Complex::value_of(z)?;
        Ok(z.real.is_finite() && z.imag.is_finite())
    }

    #[function(signature = "($module, z, /)")]
    fn isinf(z: Borrowed<'_, Object>) -> PyResult<bool> {
        let z = Complex::value_of(z)?;
        Ok(z.real.is_infinite() || z.imag.is_infinite())
    }

    #[function(signature = "($module, z, /)")]
    fn isnan(z: Borrowed<'_, Object>) -> PyResult<bool> {
        let z = Complex::value_of(z)?;
        Ok(z.real.is_nan() || z.imag.is_nan())
    }

    #[function(signature = "($module, z, base=<unrepresentable>, /)")]
    fn log(z: Borrowed<'_, Object>, base: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Complex>> {
        let z = Complex::value_of(z)?;
        let base = base.map(Complex::value_of).transpose()?;
        let (mut value, mut fault) = functions::log_with_fault(z);
        if let Some(base) = base {
            // What the reference says of the logarithm of zero is what it says of the quotient.
            let (divisor, base_fault) = functions::log_with_fault(base);
            (value, fault) = match value.div(divisor) {
                Ok(value) => (value, base_fault),
                Err(_) => (value, Some(Fault::Domain)),
            };
        }
        match fault {
            None => Complex::from_value(value),
            Some(fault) => Err(raised(fault)),
        }
    }

    #[function(signature = "($module, z, /)")]
    fn phase(z: Borrowed<'_, Object>) -> PyResult<f64> {
        Ok(functions::phase(Complex::value_of(z)?))
    }

    #[function(signature = "($module, z, /)")]
    fn polar(z: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let z = Complex::value_of(z)?;
        let length = functions::size(z).map_err(raised)?;
        Tuple::pack([Float::new(length)?.into_object(), Float::new(functions::phase(z))?.into_object()])
    }

    #[function(signature = "($module, r, phi, /)")]
    fn rect(r: f64, phi: f64) -> PyResult<Ref<Complex>> {
        match functions::rect(r, phi) {
            Ok(value) => Complex::from_value(value),
            Err(fault) => Err(raised(fault)),
        }
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("infj", Complex::new(0.0, f64::INFINITY)?)?;
        module.add("nanj", Complex::new(0.0, f64::NAN)?)
    }
}
