//! A place in runtime state that owns an object or nothing.

use core::cell::Cell;
use core::ptr;

use crate::abi::PyObject;
use crate::object::header;
use crate::prelude::*;

/// A nullable, owning field of state that the GIL guards. Taking or replacing never drops the old object before the new
/// one is in place, since dropping may run Python code.
#[repr(transparent)]
pub struct Slot(Cell<*mut PyObject>);

// SAFETY: only the holder of the GIL touches it.
unsafe impl Sync for Slot {}

impl Slot {
    pub const fn new() -> Slot {
        Slot(Cell::new(ptr::null_mut()))
    }

    /// The object as a new reference.
    #[inline]
    pub fn get(&self) -> Option<Ref<Object>> {
        // SAFETY: the slot owns what it points to.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.get()) }
    }

    /// The object as a new reference, as a `T`.
    ///
    /// # Safety
    /// Only `T`s are put into the slot.
    pub unsafe fn get_as<T>(&self) -> Option<Ref<T>> {
        // SAFETY: by contract.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.get()) }
    }

    /// The address, for comparison and for C.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.get()
    }

    pub fn is_set(&self) -> bool {
        !self.0.get().is_null()
    }

    pub fn set(&self, value: Option<Ref<Object>>) {
        let old = self.0.replace(value.map_or(ptr::null_mut(), Ref::into_ptr));
        // SAFETY: the slot owned the old object.
        unsafe { header::xdecref(old) }
    }

    pub fn take(&self) -> Option<Ref<Object>> {
        // SAFETY: the slot's count moves out.
        unsafe { Ref::from_owned_ptr_or_null(self.0.replace(ptr::null_mut())) }
    }

    pub fn replace(&self, value: Option<Ref<Object>>) -> Option<Ref<Object>> {
        // SAFETY: the slot's count moves out.
        unsafe { Ref::from_owned_ptr_or_null(self.0.replace(value.map_or(ptr::null_mut(), Ref::into_ptr))) }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot::new()
    }
}

impl Slot {
    /// A field of an object seen as a slot: the same word, with ownership.
    #[inline(always)]
    pub fn of(field: &Cell<*mut PyObject>) -> &Slot {
        // SAFETY: transparent over the cell. Fields of objects own what they point to, as a slot does.
        unsafe { &*(&raw const *field).cast() }
    }
}
