//! The stack of exceptions being handled: what `sys.exception()` and a bare `raise` see.
//!
//! Each generator and coroutine has an item of its own, the thread has the bottom one. CPython: `Python/errors.c`.

use super::current;
use crate::abi::_PyErr_StackItem;
use crate::object::header;
use crate::prelude::*;

/// The topmost item in which an exception is being handled, or the bottom one.
pub fn topmost_handled() -> *mut _PyErr_StackItem {
    let mut item = current().exc_info.get();
    // SAFETY: the items of the stack are live.
    unsafe {
        loop {
            let value = (*item).exc_value.get();
            let previous = (*item).previous_item.get();
            if (!value.is_null() && value != crate::object::none_ptr()) || previous.is_null() {
                return item;
            }
            item = previous;
        }
    }
}

/// The exception being handled.
pub fn handled_exception() -> Option<Ref<Object>> {
    // SAFETY: the item is live and owns its exception.
    unsafe {
        let value = (*topmost_handled()).exc_value.get();
        if value == crate::object::none_ptr() { None } else { Ref::from_borrowed_ptr_or_null(value) }
    }
}

/// Replaces the exception being handled in the current item (`PyErr_SetHandledException`).
pub fn set_handled_exception(exception: Option<Ref<Object>>) {
    // SAFETY: the item is live and owns its exception; the old one is dropped after the new one is in place.
    unsafe {
        let item = current().exc_info.get();
        let old = (*item).exc_value.replace(exception.map_or(core::ptr::null_mut(), Ref::into_ptr));
        header::xdecref(old);
    }
}
