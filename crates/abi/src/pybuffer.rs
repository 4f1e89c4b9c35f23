//! The buffer protocol (PEP 3118).
//!
//! CPython: `Include/pybuffer.h`.

use core::ffi::{c_char, c_int, c_void};

use crate::object::{Py_ssize_t, PyObject};

pub type getbufferproc = unsafe extern "C" fn(*mut PyObject, *mut Py_buffer, c_int) -> c_int;

pub type releasebufferproc = unsafe extern "C" fn(*mut PyObject, *mut Py_buffer);

/// A view of the memory of another object.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Py_buffer {
    pub buf: *mut c_void,
    /// The exporter, owned; NULL once released.
    pub obj: *mut PyObject,
    /// Bytes in all.
    pub len: Py_ssize_t,
    pub itemsize: Py_ssize_t,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut Py_ssize_t,
    pub strides: *mut Py_ssize_t,
    pub suboffsets: *mut Py_ssize_t,
    pub internal: *mut c_void,
}
const _: () = assert!(size_of::<Py_buffer>() == 80);

pub const PyBUF_MAX_NDIM: c_int = 64;
pub const PyBUF_SIMPLE: c_int = 0;
pub const PyBUF_WRITABLE: c_int = 1;
pub const PyBUF_WRITEABLE: c_int = 1;
pub const PyBUF_FORMAT: c_int = 4;
pub const PyBUF_ND: c_int = 8;
pub const PyBUF_STRIDES: c_int = 24;
pub const PyBUF_C_CONTIGUOUS: c_int = 56;
pub const PyBUF_F_CONTIGUOUS: c_int = 88;
pub const PyBUF_ANY_CONTIGUOUS: c_int = 152;
pub const PyBUF_INDIRECT: c_int = 280;
pub const PyBUF_CONTIG: c_int = 9;
pub const PyBUF_CONTIG_RO: c_int = 8;
pub const PyBUF_STRIDED: c_int = 25;
pub const PyBUF_STRIDED_RO: c_int = 24;
pub const PyBUF_RECORDS: c_int = 29;
pub const PyBUF_RECORDS_RO: c_int = 28;
pub const PyBUF_FULL: c_int = 285;
pub const PyBUF_FULL_RO: c_int = 284;
pub const PyBUF_READ: c_int = 256;
pub const PyBUF_WRITE: c_int = 512;

shared! { Py_buffer }
