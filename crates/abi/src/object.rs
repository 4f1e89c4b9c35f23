//! The header that every object starts with, and the types of the slots of a type object.
//!
//! CPython: `Include/object.h`, `Include/refcount.h`, `Include/cpython/object.h`.
//! The reference-count word is 64 bits: the count proper in the low 32, then 16 bits of overflow, then 16 flag bits.
//! An object whose count, read as an `i32`, is negative is immortal.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uint, c_void};

use crate::typeobject::PyTypeObject;

/// `Py_ssize_t`: sizes and indices.
pub type Py_ssize_t = isize;
/// `Py_hash_t`: what `tp_hash` gives; -1 means that an exception is set.
pub type Py_hash_t = isize;
/// `Py_uhash_t`: the unsigned form of a hash, for arithmetic that wraps.
pub type Py_uhash_t = usize;
/// `wchar_t` of Linux.
pub type wchar_t = i32;

/// What every object starts with.
#[repr(C, align(8))]
pub struct PyObject {
    /// The count proper: the low half of the reference-count word `ob_refcnt_full`.
    pub ob_refcnt: Cell<u32>,
    /// The carry of the count; zero in practice.
    pub ob_overflow: Cell<u16>,
    /// `_Py_IMMORTAL_FLAGS`, `_Py_STATICALLY_ALLOCATED_FLAG`.
    pub ob_flags: Cell<u16>,
    pub ob_type: Cell<*mut PyTypeObject>,
}
const _: () = assert!(size_of::<PyObject>() == 16);

impl PyObject {
    /// The header of an object that lives in a static, as `PyObject_HEAD_INIT` writes it.
    pub const fn immortal(ob_type: *mut PyTypeObject) -> Self {
        Self::with_refcnt_full(_Py_STATIC_IMMORTAL_INITIAL_REFCNT, ob_type)
    }

    /// A header with the whole 64-bit reference-count word given.
    pub const fn with_refcnt_full(full: i64, ob_type: *mut PyTypeObject) -> Self {
        Self {
            ob_refcnt: Cell::new(full as u32),
            ob_overflow: Cell::new((full >> 32) as u16),
            ob_flags: Cell::new((full >> 48) as u16),
            ob_type: Cell::new(ob_type),
        }
    }

    /// The whole reference-count word, `ob_refcnt_full` in C. One aligned load and store, so initialising a header costs
    /// one instruction for it.
    #[inline(always)]
    pub const fn ob_refcnt_full(&self) -> &Cell<i64> {
        // SAFETY: the three fields are the first eight bytes of a struct of alignment 8, contiguous and all in cells.
        unsafe { &*(&raw const *self).cast::<Cell<i64>>() }
    }

    /// Whether the count never changes: `_Py_IsImmortal`.
    #[inline(always)]
    pub const fn is_immortal(&self) -> bool {
        (self.ob_refcnt.get() as i32) < 0
    }
}

impl PyVarObject {
    /// The header of a variable-size object that lives in a static, as `PyVarObject_HEAD_INIT` writes it.
    pub const fn immortal(ob_type: *mut PyTypeObject, ob_size: Py_ssize_t) -> Self {
        Self { ob_base: PyObject::immortal(ob_type), ob_size: Cell::new(ob_size) }
    }
}

pub type unaryfunc = unsafe extern "C" fn(*mut PyObject) -> *mut PyObject;

pub type binaryfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

pub type ternaryfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;

pub type inquiry = unsafe extern "C" fn(*mut PyObject) -> c_int;

pub type lenfunc = unsafe extern "C" fn(*mut PyObject) -> Py_ssize_t;

pub type ssizeargfunc = unsafe extern "C" fn(*mut PyObject, Py_ssize_t) -> *mut PyObject;

pub type ssizessizeargfunc = unsafe extern "C" fn(*mut PyObject, Py_ssize_t, Py_ssize_t) -> *mut PyObject;

pub type ssizeobjargproc = unsafe extern "C" fn(*mut PyObject, Py_ssize_t, *mut PyObject) -> c_int;

pub type ssizessizeobjargproc = unsafe extern "C" fn(*mut PyObject, Py_ssize_t, Py_ssize_t, *mut PyObject) -> c_int;

pub type objobjargproc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

pub type objobjproc = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int;

pub type visitproc = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int;

pub type traverseproc = unsafe extern "C" fn(*mut PyObject, visitproc, *mut c_void) -> c_int;

pub type freefunc = unsafe extern "C" fn(*mut c_void);

pub type destructor = unsafe extern "C" fn(*mut PyObject);

pub type getattrfunc = unsafe extern "C" fn(*mut PyObject, *mut c_char) -> *mut PyObject;

pub type getattrofunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

pub type setattrfunc = unsafe extern "C" fn(*mut PyObject, *mut c_char, *mut PyObject) -> c_int;

pub type setattrofunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

pub type reprfunc = unsafe extern "C" fn(*mut PyObject) -> *mut PyObject;

pub type hashfunc = unsafe extern "C" fn(*mut PyObject) -> Py_hash_t;

pub type richcmpfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, c_int) -> *mut PyObject;

pub type getiterfunc = unsafe extern "C" fn(*mut PyObject) -> *mut PyObject;

pub type iternextfunc = unsafe extern "C" fn(*mut PyObject) -> *mut PyObject;

pub type descrgetfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;

pub type descrsetfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

pub type initproc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

pub type newfunc = unsafe extern "C" fn(*mut PyTypeObject, *mut PyObject, *mut PyObject) -> *mut PyObject;

pub type allocfunc = unsafe extern "C" fn(*mut PyTypeObject, Py_ssize_t) -> *mut PyObject;

pub type vectorcallfunc =
    unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;

pub type sendfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> PySendResult;

pub type PyType_WatchCallback = unsafe extern "C" fn(*mut PyTypeObject) -> c_int;

pub type PyRefTracer = unsafe extern "C" fn(*mut PyObject, PyRefTracerEvent, *mut c_void) -> c_int;

pub type PySendResult = c_int;
pub const PYGEN_RETURN: PySendResult = 0;
pub const PYGEN_ERROR: PySendResult = -1;
pub const PYGEN_NEXT: PySendResult = 1;

pub type PyRefTracerEvent = c_int;
pub const PyRefTracer_CREATE: PyRefTracerEvent = 0;
pub const PyRefTracer_DESTROY: PyRefTracerEvent = 1;

/// What every object with a size of its own starts with.
#[repr(C)]
pub struct PyVarObject {
    pub ob_base: PyObject,
    /// Number of items; not a size in bytes.
    pub ob_size: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<PyVarObject>() == 24);

/// One row of a `PyType_Spec`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyType_Slot {
    /// A `Py_tp_...`, `Py_nb_...` or similar number; 0 ends the table.
    pub slot: c_int,
    /// The function, or the table or text that the slot takes.
    pub pfunc: *mut c_void,
}
const _: () = assert!(size_of::<PyType_Slot>() == 16);

/// What `PyType_FromSpec` makes a type from.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyType_Spec {
    /// Module and name with a dot between them.
    pub name: *const c_char,
    /// 0 inherits; below 0, the space to add behind the base.
    pub basicsize: c_int,
    pub itemsize: c_int,
    pub flags: c_uint,
    pub slots: *mut PyType_Slot,
}
const _: () = assert!(size_of::<PyType_Spec>() == 32);

/// A lazily interned name, of the old `_Py_IDENTIFIER` macro.
#[repr(C)]
pub struct _Py_Identifier {
    pub string: Cell<*const c_char>,
    pub index: Cell<Py_ssize_t>,
    /// The one byte of the unnamed `mutex` struct.
    pub mutex: Cell<u8>,
}
const _: () = assert!(size_of::<_Py_Identifier>() == 24);

pub const PY_SSIZE_T_MAX: Py_ssize_t = 0x7fffffffffffffff;
pub const PY_SSIZE_T_MIN: Py_ssize_t = -9223372036854775808;
pub const _PyObject_MIN_ALIGNMENT: c_int = 4;
pub const Py_PRINT_RAW: c_int = 1;
pub const Py_CONSTANT_NONE: c_int = 0;
pub const Py_CONSTANT_FALSE: c_int = 1;
pub const Py_CONSTANT_TRUE: c_int = 2;
pub const Py_CONSTANT_ELLIPSIS: c_int = 3;
pub const Py_CONSTANT_NOT_IMPLEMENTED: c_int = 4;
pub const Py_CONSTANT_ZERO: c_int = 5;
pub const Py_CONSTANT_ONE: c_int = 6;
pub const Py_CONSTANT_EMPTY_STR: c_int = 7;
pub const Py_CONSTANT_EMPTY_BYTES: c_int = 8;
pub const Py_CONSTANT_EMPTY_TUPLE: c_int = 9;
pub const Py_LT: c_int = 0;
pub const Py_LE: c_int = 1;
pub const Py_EQ: c_int = 2;
pub const Py_NE: c_int = 3;
pub const Py_GT: c_int = 4;
pub const Py_GE: c_int = 5;
pub const _Py_STATICALLY_ALLOCATED_FLAG: u16 = 4;
pub const _Py_IMMORTAL_FLAGS: u16 = 1;
pub const _Py_IMMORTAL_INITIAL_REFCNT: i64 = 0xc0000000;
pub const _Py_IMMORTAL_MINIMUM_REFCNT: i64 = 0x80000000;
pub const _Py_STATIC_FLAG_BITS: i64 = 5;
pub const _Py_STATIC_IMMORTAL_INITIAL_REFCNT: i64 = 0x50000c0000000;
pub const PY_VECTORCALL_ARGUMENTS_OFFSET: usize = 0x8000000000000000;

shared! { PyObject, PyVarObject, PyType_Slot, PyType_Spec, _Py_Identifier }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immortal_header_has_the_word_of_c() {
        let object = PyObject::immortal(core::ptr::null_mut());
        assert_eq!(object.ob_refcnt_full().get(), _Py_STATIC_IMMORTAL_INITIAL_REFCNT);
        assert_eq!(object.ob_flags.get(), _Py_IMMORTAL_FLAGS | _Py_STATICALLY_ALLOCATED_FLAG);
        assert!(object.is_immortal());
    }

    #[test]
    fn word_and_count_are_one_memory() {
        let object = PyObject::with_refcnt_full(1, core::ptr::null_mut());
        assert!(!object.is_immortal());
        object.ob_refcnt.set(7);
        assert_eq!(object.ob_refcnt_full().get(), 7);
        object.ob_refcnt_full().set(_Py_IMMORTAL_INITIAL_REFCNT);
        assert!(object.is_immortal());
    }
}
