//! `object`: the base of all classes, and what all objects do by default.
//!
//! `attr` has the general attribute access; `dict` finds the dictionaries of instances; `reduce` is the default of pickling.
//! CPython: the second half of `Objects/typeobject.c` and `Objects/object.c`.

pub mod attr;
mod class;
pub mod dict;
pub mod methods;
mod reduce;

use crate::abi::*;
use crate::prelude::*;
use crate::types::exceptions::TypeError;

pub use attr::{
    Callee, Method, PyObject_GenericGetAttr, PyObject_GenericSetAttr, generic_getattr, generic_lookup_attr,
    generic_setattr, get_callee, get_method,
};
pub use dict::{generic_get_dict, generic_set_dict, get_dict};
pub use methods::{PyBaseObject_Type, object_init, object_new};

/// `tp_hash` of types whose instances cannot be hashed; its address says so.
///
/// # Safety
/// A slot function: a live argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_HashNotImplemented(this: *mut PyObject) -> Py_hash_t {
    // SAFETY: by contract.
    let this: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(this) };
    let _set = crate::object::raise_fmt(TypeError::TYPE, format_args!("unhashable type: '{}'", this.type_name()));
    -1
}

pub use PyObject_HashNotImplemented as hash_not_implemented;

/// `tp_iternext` of classes of Python without `__next__`, so that C may call the slot unseen; its address says that the
/// class makes no iterators.
///
/// # Safety
/// A slot function: a live argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyObject_NextNotImplemented(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    let this: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(this) };
    raise!(TypeError, "'{}' object is not iterable", this.type_name()).into_null()
}

#[inline(always)]
pub fn is_next_not_implemented(next: iternextfunc) -> bool {
    next as usize == _PyObject_NextNotImplemented as *const () as usize
}

/// `tp_iter` of iterators.
///
/// # Safety
/// A slot function: a live argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_SelfIter(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe { Ref::<Object>::from_borrowed_ptr(this).into_ptr() }
}

/// `object()`: something that is nothing but itself.
pub fn new_plain() -> PyResult<Ref<Object>> {
    Object::type_object().alloc(0)
}

/// The hash of an object by its address (`_Py_HashPointer`).
#[inline]
pub fn hash_pointer<T>(pointer: *const T) -> isize {
    // The low bits are all alike.
    match (pointer as usize).rotate_right(4) as isize {
        -1 => -2,
        hash => hash,
    }
}
