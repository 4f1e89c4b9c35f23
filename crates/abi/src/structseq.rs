//! Named tuples of C.
//!
//! CPython: `Include/structseq.h`. An instance is a tuple, `PyStructSequence = PyTupleObject`.

use core::ffi::{c_char, c_int};

/// One field of a struct sequence; a field without a name ends the table.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyStructSequence_Field {
    pub name: *const c_char,
    pub doc: *const c_char,
}
const _: () = assert!(size_of::<PyStructSequence_Field>() == 16);

/// What a struct sequence type is made from.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyStructSequence_Desc {
    pub name: *const c_char,
    pub doc: *const c_char,
    pub fields: *mut PyStructSequence_Field,
    pub n_in_sequence: c_int,
}
const _: () = assert!(size_of::<PyStructSequence_Desc>() == 32);

pub type PyStructSequence = crate::tupleobject::PyTupleObject;

shared! { PyStructSequence_Field, PyStructSequence_Desc }
