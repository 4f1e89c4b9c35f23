//! `StackRef`: a value on the evaluation stack or in a local variable. Only this file knows its bits.
//!
//! | low bits | meaning |
//! | --- | --- |
//! | `00` | a pointer that owns a count |
//! | `01` | a pointer that does not: borrowed from a local variable, or immortal; NULL is exactly 1 |
//! | `11` | an immediate integer of 62 bits |
//!
//! So "needs a decref" is one bit. Immediates become objects when they leave for the heap or for C; integers that
//! come from there stay pointers until arithmetic makes a new value. CPython: `pycore_stackref.h`.

use crate::abi::PyObject;
use crate::object::header;
use crate::prelude::*;

/// A tagged word. Copying it copies the bits, not the count: who takes a word off the stack owns it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct StackRef(u64);

const _: () = assert!(size_of::<StackRef>() == size_of::<crate::abi::_PyStackRef>());

const TAG: u64 = 3;
const NOT_COUNTED: u64 = 1;
const INT: u64 = 3;

/// The bounds of an immediate integer.
pub const IMMEDIATE_MIN: i64 = -(1 << 61);
pub const IMMEDIATE_MAX: i64 = (1 << 61) - 1;

impl StackRef {
    pub const NULL: StackRef = StackRef(1);

    #[inline(always)]
    pub fn from_bits(bits: u64) -> StackRef {
        StackRef(bits)
    }

    #[inline(always)]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Takes over the count of `ptr`, which is not null.
    #[inline(always)]
    pub fn steal(ptr: *mut PyObject) -> StackRef {
        StackRef(ptr as u64)
    }

    /// Takes over the count of `ptr`; null becomes [`StackRef::NULL`].
    #[inline(always)]
    pub fn steal_or_null(ptr: *mut PyObject) -> StackRef {
        if ptr.is_null() { StackRef::NULL } else { StackRef(ptr as u64) }
    }

    #[inline(always)]
    pub fn from_ref<T>(value: Ref<T>) -> StackRef {
        StackRef(value.into_ptr() as u64)
    }

    /// A word that owns nothing; the object outlives it.
    #[inline(always)]
    pub fn borrow_ptr(ptr: *mut PyObject) -> StackRef {
        StackRef(ptr as u64 | NOT_COUNTED)
    }

    /// A new count of `ptr`.
    ///
    /// # Safety
    /// `ptr` is a live object.
    #[inline(always)]
    pub unsafe fn new_count(ptr: *mut PyObject) -> StackRef {
        // SAFETY: by contract.
        unsafe { header::incref(ptr) };
        StackRef(ptr as u64)
    }

    /// An immediate integer; `value` lies within the bounds.
    #[inline(always)]
    pub fn int(value: i64) -> StackRef {
        StackRef((value as u64) << 2 | INT)
    }

    /// The immediate of `value` if it fits.
    #[inline(always)]
    pub fn try_int(value: i64) -> Option<StackRef> {
        if (value << 2) >> 2 == value { Some(StackRef::int(value)) } else { None }
    }

    #[inline(always)]
    pub fn bool(value: bool) -> StackRef {
        StackRef::borrow_ptr(if value { Bool::true_ptr() } else { Bool::false_ptr() })
    }

    #[inline(always)]
    pub fn none() -> StackRef {
        StackRef::borrow_ptr(crate::object::none_ptr())
    }

    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0 == 1
    }

    #[inline(always)]
    pub fn is_int(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether both are immediates.
    #[inline(always)]
    pub fn are_ints(a: StackRef, b: StackRef) -> bool {
        a.0 & b.0 & 2 != 0
    }

    /// The value of an immediate.
    #[inline(always)]
    pub fn int_value(self) -> i64 {
        self.0 as i64 >> 2
    }

    /// The signed word of an immediate: `value << 2 | 3`, which orders as the values do.
    #[inline(always)]
    pub fn raw_int(self) -> i64 {
        self.0 as i64
    }

    /// Whether dropping the word drops a count.
    #[inline(always)]
    pub fn is_owned(self) -> bool {
        self.0 & NOT_COUNTED == 0
    }

    /// The pointer of a word that is no immediate; null for NULL.
    #[inline(always)]
    pub fn ptr(self) -> *mut PyObject {
        (self.0 & !TAG) as *mut PyObject
    }

    /// Whether the word is `ptr`, whatever its tag.
    #[inline(always)]
    pub fn is_ptr(self, ptr: *mut PyObject) -> bool {
        self.0 & !NOT_COUNTED == ptr as u64
    }

    /// Whether the word is a pointer to an object of exactly this type.
    ///
    /// # Safety
    /// The word is not NULL.
    #[inline(always)]
    pub unsafe fn is_exact(self, ty: *mut crate::abi::PyTypeObject) -> bool {
        // SAFETY: no immediate and not NULL, so it points to a live object.
        !self.is_int() && unsafe { (*self.ptr()).ob_type.get() == ty }
    }

    /// A borrow of this word, valid while the variable it was read from keeps its value.
    #[inline(always)]
    pub fn borrowed(self) -> StackRef {
        StackRef(self.0 | NOT_COUNTED)
    }

    /// Another owner of the same value.
    ///
    /// # Safety
    /// The word is not NULL.
    #[inline(always)]
    pub unsafe fn dup(self) -> StackRef {
        if self.is_int() {
            return self;
        }
        let ptr = self.ptr();
        // SAFETY: a live object.
        unsafe { header::incref(ptr) };
        StackRef(ptr as u64)
    }

    /// Drops the word.
    ///
    /// # Safety
    /// The word is not used afterwards.
    #[inline(always)]
    pub unsafe fn close(self) {
        if self.is_owned() {
            // SAFETY: an owned pointer.
            unsafe { header::decref(self.ptr()) }
        }
    }

    /// The word as one that may outlive its source: a borrowed pointer gets a count of its own.
    ///
    /// # Safety
    /// The object is live.
    #[inline(always)]
    pub unsafe fn heap_safe(self) -> StackRef {
        if self.0 & TAG != NOT_COUNTED || self.is_null() {
            return self;
        }
        // SAFETY: a live object.
        unsafe { StackRef::new_count(self.ptr()) }
    }

    /// The word as an owned object; an immediate is boxed.
    ///
    /// # Safety
    /// The word is not NULL and is given up.
    #[inline(always)]
    pub unsafe fn into_object(self) -> PyResult<Ref<Object>> {
        // SAFETY: by contract.
        unsafe {
            if self.is_owned() {
                return Ok(Ref::from_owned_ptr(self.ptr()));
            }
            self.into_object_slow()
        }
    }

    #[inline(never)]
    unsafe fn into_object_slow(self) -> PyResult<Ref<Object>> {
        if self.is_int() {
            return Ok(crate::types::int::raw::boxed(self.int_value())?.into_object());
        }
        // SAFETY: a borrowed pointer to a live object.
        unsafe { Ok(Ref::from_borrowed_ptr(self.ptr())) }
    }

    /// A new handle to the value; the word stays as it is.
    ///
    /// # Safety
    /// The word is not NULL.
    #[inline(always)]
    pub unsafe fn to_object(self) -> PyResult<Ref<Object>> {
        // SAFETY: by contract.
        unsafe { self.borrowed().into_object_slow() }
    }
}

/// Boxes the immediate in `slot` where it stands, so that a pointer to the object can be handed to C.
///
/// # Safety
/// `slot` holds a word that is not NULL.
#[inline(always)]
pub unsafe fn materialize(slot: *mut StackRef) -> PyResult<*mut PyObject> {
    // SAFETY: by contract.
    unsafe {
        let word = *slot;
        if word.is_int() {
            return materialize_slow(slot);
        }
        Ok(word.ptr())
    }
}

#[inline(never)]
unsafe fn materialize_slow(slot: *mut StackRef) -> PyResult<*mut PyObject> {
    // SAFETY: the caller checked that an immediate stands here.
    unsafe {
        let object = crate::types::int::raw::boxed((*slot).int_value())?.into_ptr();
        *slot = StackRef::steal(object);
        Ok(object)
    }
}

impl StackRef {
    /// A handle that lives as long as the word stays where it is.
    ///
    /// # Safety
    /// The word points to a live `T`.
    #[inline(always)]
    pub unsafe fn borrowed_handle<'a, T>(self) -> Borrowed<'a, T> {
        // SAFETY: by contract.
        unsafe { Borrowed::from_ptr(self.ptr()) }
    }
}
