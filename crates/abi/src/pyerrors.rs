//! Exceptions.
//!
//! CPython: `Include/cpython/pyerrors.h`.

use core::cell::Cell;
use core::ffi::c_char;

use crate::object::{Py_ssize_t, PyObject};

/// Declares the structs of exceptions: the head that all have, and their own fields; behind the name stands the size.
macro_rules! exceptions {
    ($($(#[$meta:meta])* pub struct $name:ident: $size:literal { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[repr(C)]
        pub struct $name {
            pub ob_base: PyObject,
            pub dict: Cell<*mut PyObject>,
            pub args: Cell<*mut PyObject>,
            pub notes: Cell<*mut PyObject>,
            pub traceback: Cell<*mut PyObject>,
            pub context: Cell<*mut PyObject>,
            pub cause: Cell<*mut PyObject>,
            /// Whether `__suppress_context__` is set.
            pub suppress_context: Cell<c_char>,
            $($(#[$field_meta])* pub $field: $type,)*
        }
        const _: () = assert!(size_of::<$name>() == $size);
    )*};
}

exceptions! {
    /// `BaseException`.
    pub struct PyBaseExceptionObject: 72 {}

    /// `BaseExceptionGroup`.
    pub struct PyBaseExceptionGroupObject: 96 {
        pub msg: Cell<*mut PyObject>,
        pub excs: Cell<*mut PyObject>,
        pub excs_str: Cell<*mut PyObject>,
    }

    /// `SyntaxError`.
    pub struct PySyntaxErrorObject: 144 {
        pub msg: Cell<*mut PyObject>,
        pub filename: Cell<*mut PyObject>,
        pub lineno: Cell<*mut PyObject>,
        pub offset: Cell<*mut PyObject>,
        pub end_lineno: Cell<*mut PyObject>,
        pub end_offset: Cell<*mut PyObject>,
        pub text: Cell<*mut PyObject>,
        pub print_file_and_line: Cell<*mut PyObject>,
        pub metadata: Cell<*mut PyObject>,
    }

    /// `ImportError`.
    pub struct PyImportErrorObject: 104 {
        pub msg: Cell<*mut PyObject>,
        pub name: Cell<*mut PyObject>,
        pub path: Cell<*mut PyObject>,
        pub name_from: Cell<*mut PyObject>,
    }

    /// `UnicodeError` and its subclasses.
    pub struct PyUnicodeErrorObject: 112 {
        pub encoding: Cell<*mut PyObject>,
        pub object: Cell<*mut PyObject>,
        pub start: Cell<Py_ssize_t>,
        pub end: Cell<Py_ssize_t>,
        pub reason: Cell<*mut PyObject>,
    }

    /// `SystemExit`.
    pub struct PySystemExitObject: 80 {
        pub code: Cell<*mut PyObject>,
    }

    /// `OSError`.
    pub struct PyOSErrorObject: 112 {
        pub myerrno: Cell<*mut PyObject>,
        pub strerror: Cell<*mut PyObject>,
        pub filename: Cell<*mut PyObject>,
        pub filename2: Cell<*mut PyObject>,
        pub written: Cell<Py_ssize_t>,
    }

    /// `StopIteration`.
    pub struct PyStopIterationObject: 80 {
        pub value: Cell<*mut PyObject>,
    }

    /// `NameError`.
    pub struct PyNameErrorObject: 80 {
        pub name: Cell<*mut PyObject>,
    }

    /// `AttributeError`.
    pub struct PyAttributeErrorObject: 88 {
        pub obj: Cell<*mut PyObject>,
        pub name: Cell<*mut PyObject>,
    }
}

pub type PyEnvironmentErrorObject = PyOSErrorObject;

shared! {
    PyBaseExceptionObject, PyBaseExceptionGroupObject, PySyntaxErrorObject, PyImportErrorObject,
    PyUnicodeErrorObject, PySystemExitObject, PyOSErrorObject, PyStopIterationObject, PyNameErrorObject,
    PyAttributeErrorObject,
}
