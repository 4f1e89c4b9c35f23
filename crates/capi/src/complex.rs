//! `complexobject.h`.

use core::ffi::c_int;

use taipan_runtime::abi::Py_complex;
use taipan_runtime::prelude::*;
use taipan_runtime::types::complex::{Fault, Value};

use crate::outcome::{Fallible, Outcome};

impl Fallible for Py_complex {
    type C = Py_complex;
    const ERROR: Py_complex = Py_complex { real: -1.0, imag: 0.0 };
    fn success(self) -> Py_complex {
        self
    }
}

impl Outcome for Py_complex {
    type C = Py_complex;
    fn into_c(self) -> Py_complex {
        self
    }
}

fn value(number: Py_complex) -> Value {
    Value { real: number.real, imag: number.imag }
}

fn number(value: Value) -> Py_complex {
    Py_complex { real: value.real, imag: value.imag }
}

fn set_errno(error: c_int) {
    // SAFETY: this thread's `errno`.
    unsafe { *libc::__errno_location() = error };
}

/// A result as C's functions give it: where there is none, zero or what is too large, and the reason in `errno`.
fn checked(result: Result<Value, Fault>) -> Py_complex {
    match result {
        Ok(value) => number(value),
        Err(fault) => {
            let (error, part) = if fault == Fault::Domain { (libc::EDOM, 0.0) } else { (libc::ERANGE, f64::INFINITY) };
            set_errno(error);
            Py_complex { real: part, imag: part }
        }
    }
}

capi! {
    fn PyComplex_FromDoubles(real: f64, imag: f64) -> PyResult<Ref<Complex>> { Complex::new(real, imag) }
    fn PyComplex_FromCComplex(number: Py_complex) -> PyResult<Ref<Complex>> { Complex::new(number.real, number.imag) }

    fn PyComplex_RealAsDouble(object: Borrowed<'_, Object>) -> PyResult<f64> { Ok(Complex::value_of(object)?.real) }
    fn PyComplex_ImagAsDouble(object: Borrowed<'_, Object>) -> PyResult<f64> { Ok(Complex::value_of(object)?.imag) }
    fn PyComplex_AsCComplex(object: Borrowed<'_, Object>) -> PyResult<Py_complex> { Complex::value_of(object).map(number) }

    fn _Py_c_sum(a: Py_complex, b: Py_complex) -> Py_complex { number(value(a).add(value(b))) }
    fn _Py_cr_sum(a: Py_complex, b: f64) -> Py_complex { Py_complex { real: a.real + b, imag: a.imag } }
    fn _Py_c_diff(a: Py_complex, b: Py_complex) -> Py_complex { number(value(a).sub(value(b))) }
    fn _Py_cr_diff(a: Py_complex, b: f64) -> Py_complex { Py_complex { real: a.real - b, imag: a.imag } }
    fn _Py_rc_diff(a: f64, b: Py_complex) -> Py_complex { Py_complex { real: a - b.real, imag: -b.imag } }
    fn _Py_c_neg(a: Py_complex) -> Py_complex { Py_complex { real: -a.real, imag: -a.imag } }
    fn _Py_c_prod(a: Py_complex, b: Py_complex) -> Py_complex { number(value(a).mul(value(b))) }
    fn _Py_cr_prod(a: Py_complex, b: f64) -> Py_complex { number(value(a).scale(b)) }
    fn _Py_c_quot(a: Py_complex, b: Py_complex) -> Py_complex { checked(value(a).div(value(b))) }

    fn _Py_cr_quot(a: Py_complex, b: f64) -> Py_complex {
        if b == 0.0 {
            return checked(Err(Fault::Domain));
        }
        Py_complex { real: a.real / b, imag: a.imag / b }
    }

    fn _Py_rc_quot(a: f64, b: Py_complex) -> Py_complex { checked(Value::div_real(a, value(b))) }
    fn _Py_c_pow(a: Py_complex, b: Py_complex) -> Py_complex { checked(value(a).pow(value(b))) }

    fn _Py_c_abs(a: Py_complex) -> f64 {
        let result = a.real.hypot(a.imag);
        let overflow = result.is_infinite() && a.real.is_finite() && a.imag.is_finite();
        set_errno(if overflow { libc::ERANGE } else { 0 });
        result
    }
}
