//! Complex numbers.
//!
//! CPython: `Include/cpython/complexobject.h`.

use core::cell::Cell;

use crate::object::PyObject;

/// A complex number of C.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Py_complex {
    pub real: f64,
    pub imag: f64,
}
const _: () = assert!(size_of::<Py_complex>() == 16);

/// `complex`.
#[repr(C)]
pub struct PyComplexObject {
    pub ob_base: PyObject,
    pub cval: Cell<Py_complex>,
}
const _: () = assert!(size_of::<PyComplexObject>() == 32);

shared! { Py_complex, PyComplexObject }
