//! `bool`: a `PyLongObject` of another type.
//!
//! CPython: `Include/boolobject.h`. The struct of `True` and `False` is `PyLongObject` itself.

pub type PyBoolObject = crate::longobject::PyLongObject;
