//! Capsules.
//!
//! CPython: `Include/pycapsule.h`. The object has no public layout.

use crate::object::PyObject;

pub type PyCapsule_Destructor = unsafe extern "C" fn(*mut PyObject);
