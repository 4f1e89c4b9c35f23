//! `type`: type objects, how they are made, and how attributes are found through them.
//!
//! A type is a full `PyTypeObject` of C. Static types of ours, types of extensions and classes of Python go through the same
//! [`ready`]. **Invariant:** slots and special methods agree (`update`), and whoever changes what a lookup through a type
//! would find calls [`modified`] (`cache`). CPython: `Objects/typeobject.c`.

pub mod attr;
mod bases;
pub mod buffer;
pub mod cache;
pub mod call;
mod getset;
pub mod inherit;
pub mod instance;
pub mod layout;
mod methods;
pub mod mro;
pub mod new;
mod object;
pub mod raw;
pub mod ready;
pub mod slotdefs;
pub mod slots;
pub mod spec;
pub mod static_heap;
pub mod subclasses;
pub mod update;
pub mod wrappers;

use core::ops::Deref;

use crate::abi::PyTypeObject;

pub use cache::{assign_version, modified, type_by_version};
pub use methods::PyType_Type;
pub use object::uses_type_getattr;
pub use raw::{TypePtr, is_subtype_raw};
pub use spec::{Spec, from_spec};
pub use static_heap::StaticHeapType;

/// `type` (`PyTypeObject`, or `PyHeapTypeObject` for types made while the program runs).
#[repr(transparent)]
pub struct Type(pub(crate) PyTypeObject);

impl Deref for Type {
    type Target = PyTypeObject;

    #[inline(always)]
    fn deref(&self) -> &PyTypeObject {
        &self.0
    }
}

/// Makes a type ready for use; does nothing if it is (`PyType_Ready`).
///
/// # Safety
/// As [`ready::ready`].
pub unsafe fn ready(ty: TypePtr) -> crate::object::PyResult<()> {
    // SAFETY: by contract.
    unsafe { ready::ready(ty) }
}

pub use ready::ready_static;
