//! A field of a stream object that owns a reference: what a `PyObject *` member is in C.
//!
//! **Invariant:** the pointer is null or owned. Zeroed memory is an empty field, so freshly allocated streams are valid.

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr;

use taipan_runtime::object::header;
use taipan_runtime::prelude::*;

#[repr(transparent)]
pub struct Field<T = Object>(Cell<*mut abi::PyObject>, PhantomData<Ref<T>>);

impl<T> Field<T> {
    /// A count of one's own of what the field holds.
    #[inline]
    pub fn get(&self) -> Option<Ref<T>> {
        // SAFETY: null or a live `T` by the invariant.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.get()) }
    }

    #[inline]
    pub fn set(&self, value: Option<Ref<T>>) {
        drop(self.replace(value));
    }

    /// Puts `value` in and gives what was there. The old value may run Python code when it is dropped.
    #[inline]
    pub fn replace(&self, value: Option<Ref<T>>) -> Option<Ref<T>> {
        let old = self.0.replace(value.map_or(ptr::null_mut(), Ref::into_ptr));
        // SAFETY: the count was the field's.
        unsafe { Ref::from_owned_ptr_or_null(old) }
    }

    #[inline]
    pub fn is_some(&self) -> bool {
        !self.0.get().is_null()
    }

    #[inline]
    pub fn as_ptr(&self) -> *mut abi::PyObject {
        self.0.get()
    }

    /// Drops the reference; safe in `tp_clear` and `tp_dealloc`.
    pub fn clear(&self) {
        let old = self.0.replace(ptr::null_mut());
        // SAFETY: the count was the field's.
        unsafe { header::xdecref(old) }
    }
}
