//! Strings: the flexible representation of PEP 393.
//!
//! CPython: `Include/cpython/unicodeobject.h`, `pycore_ucnhash.h`.
//! A compact ASCII string is a `PyASCIIObject` with its characters right behind it; any other compact string is a
//! `PyCompactUnicodeObject` with its characters right behind it; an instance of a subclass is a `PyUnicodeObject`, whose
//! `data` points elsewhere.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

use crate::object::{Py_hash_t, Py_ssize_t, PyObject};

pub type Py_UCS1 = u8;
pub type Py_UCS2 = u16;
pub type Py_UCS4 = u32;

/// The bit fields of a string: `interned` 2 bits, `kind` 3, then `compact`, `ascii` and `statically_allocated`.
#[repr(C)]
pub struct _PyUnicodeObject_state {
    pub bits: Cell<u32>,
}
const _: () = assert!(size_of::<_PyUnicodeObject_state>() == 4);

impl _PyUnicodeObject_state {
    pub const INTERNED_MASK: u32 = 0b11;
    pub const KIND_SHIFT: u32 = 2;
    pub const KIND_MASK: u32 = 0b111 << Self::KIND_SHIFT;
    pub const COMPACT: u32 = 1 << 5;
    pub const ASCII: u32 = 1 << 6;
    pub const STATICALLY_ALLOCATED: u32 = 1 << 7;

    /// `kind` is one of `PyUnicode_1BYTE_KIND`, `PyUnicode_2BYTE_KIND`, `PyUnicode_4BYTE_KIND`; `interned` a `SSTATE_` value.
    pub const fn new(interned: c_int, kind: c_int, compact: bool, ascii: bool, statically_allocated: bool) -> Self {
        Self {
            bits: Cell::new(
                interned as u32 & Self::INTERNED_MASK
                    | (kind as u32) << Self::KIND_SHIFT & Self::KIND_MASK
                    | if compact { Self::COMPACT } else { 0 }
                    | if ascii { Self::ASCII } else { 0 }
                    | if statically_allocated { Self::STATICALLY_ALLOCATED } else { 0 },
            ),
        }
    }

    #[inline(always)]
    pub const fn interned(&self) -> c_int {
        (self.bits.get() & Self::INTERNED_MASK) as c_int
    }

    #[inline(always)]
    pub fn set_interned(&self, interned: c_int) {
        self.bits.set(self.bits.get() & !Self::INTERNED_MASK | interned as u32 & Self::INTERNED_MASK);
    }

    #[inline(always)]
    pub const fn kind(&self) -> c_int {
        ((self.bits.get() & Self::KIND_MASK) >> Self::KIND_SHIFT) as c_int
    }

    #[inline(always)]
    pub const fn compact(&self) -> bool {
        self.bits.get() & Self::COMPACT != 0
    }

    #[inline(always)]
    pub const fn ascii(&self) -> bool {
        self.bits.get() & Self::ASCII != 0
    }

    #[inline(always)]
    pub const fn statically_allocated(&self) -> bool {
        self.bits.get() & Self::STATICALLY_ALLOCATED != 0
    }

    #[inline(always)]
    pub fn set_statically_allocated(&self, value: bool) {
        let rest = self.bits.get() & !Self::STATICALLY_ALLOCATED;
        self.bits.set(if value { rest | Self::STATICALLY_ALLOCATED } else { rest });
    }
}

pub type PyUnicode_Kind = c_int;
pub const PyUnicode_1BYTE_KIND: PyUnicode_Kind = 1;
pub const PyUnicode_2BYTE_KIND: PyUnicode_Kind = 2;
pub const PyUnicode_4BYTE_KIND: PyUnicode_Kind = 4;

/// Opaque.
#[repr(C)]
pub struct PyUnicodeWriter {
    _opaque: [u8; 0],
}

/// The head of every string, and all of a compact ASCII one.
#[repr(C)]
pub struct PyASCIIObject {
    pub ob_base: PyObject,
    /// Number of code points.
    pub length: Cell<Py_ssize_t>,
    /// -1 until it is computed.
    pub hash: Cell<Py_hash_t>,
    pub state: _PyUnicodeObject_state,
}
const _: () = assert!(size_of::<PyASCIIObject>() == 40);

/// The head of a string that is not ASCII.
#[repr(C)]
pub struct PyCompactUnicodeObject {
    pub _base: PyASCIIObject,
    /// Bytes of `utf8`, without the NUL behind them.
    pub utf8_length: Cell<Py_ssize_t>,
    /// The UTF-8 form, once somebody asked for it, with a NUL behind it.
    pub utf8: Cell<*mut c_char>,
}
const _: () = assert!(size_of::<PyCompactUnicodeObject>() == 56);

/// The characters, by their width.
#[derive(Clone, Copy)]
#[repr(C)]
pub union PyUnicodeObject_data {
    pub any: *mut c_void,
    pub latin1: *mut Py_UCS1,
    pub ucs2: *mut Py_UCS2,
    pub ucs4: *mut Py_UCS4,
}
const _: () = assert!(size_of::<PyUnicodeObject_data>() == 8);

/// A string whose characters are allocated apart.
#[repr(C)]
pub struct PyUnicodeObject {
    pub _base: PyCompactUnicodeObject,
    pub data: Cell<PyUnicodeObject_data>,
}
const _: () = assert!(size_of::<PyUnicodeObject>() == 64);

/// A string under construction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyUnicodeWriter {
    /// The string, or NULL; borrowed from an argument while `readonly`.
    pub buffer: *mut PyObject,
    pub data: *mut c_void,
    pub kind: c_int,
    pub maxchar: Py_UCS4,
    pub size: Py_ssize_t,
    pub pos: Py_ssize_t,
    /// Characters to allocate at least.
    pub min_length: Py_ssize_t,
    /// The lowest maximum to allocate for.
    pub min_char: Py_UCS4,
    pub overallocate: c_uchar,
    pub readonly: c_uchar,
}
const _: () = assert!(size_of::<_PyUnicodeWriter>() == 56);

/// What the capsule `unicodedata._ucnhash_CAPI` holds.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyUnicode_Name_CAPI {
    pub getname: Option<unsafe extern "C" fn(Py_UCS4, *mut c_char, c_int, c_int) -> c_int>,
    pub getcode: Option<unsafe extern "C" fn(*const c_char, c_int, *mut Py_UCS4, c_int) -> c_int>,
}
const _: () = assert!(size_of::<_PyUnicode_Name_CAPI>() == 16);

/// `str_iterator` and `str_ascii_iterator`.
#[repr(C)]
pub struct unicodeiterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<unicodeiterobject>() == 32);

pub const Py_UNICODE_REPLACEMENT_CHARACTER: c_uint = 65533;
pub const SSTATE_NOT_INTERNED: c_int = 0;
pub const SSTATE_INTERNED_MORTAL: c_int = 1;
pub const SSTATE_INTERNED_IMMORTAL: c_int = 2;
pub const SSTATE_INTERNED_IMMORTAL_STATIC: c_int = 3;

shared! {
    _PyUnicodeObject_state, PyASCIIObject, PyCompactUnicodeObject, PyUnicodeObject_data, PyUnicodeObject,
    _PyUnicodeWriter, _PyUnicode_Name_CAPI, unicodeiterobject,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_keeps_its_parts_apart() {
        let state = _PyUnicodeObject_state::new(SSTATE_INTERNED_MORTAL, PyUnicode_4BYTE_KIND, true, false, true);
        state.set_interned(SSTATE_INTERNED_IMMORTAL_STATIC);
        state.set_statically_allocated(false);
        assert_eq!((state.interned(), state.kind()), (SSTATE_INTERNED_IMMORTAL_STATIC, PyUnicode_4BYTE_KIND));
        assert_eq!((state.compact(), state.ascii(), state.statically_allocated()), (true, false, false));
    }
}
