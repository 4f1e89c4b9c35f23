//! The link between a Rust type and the Python type whose instances have its layout.

use super::refs::Borrowed;
use crate::abi::{PyGetSetDef, PyMemberDef, PyMethodDef, PyTypeObject};
use crate::types::Type;

/// A table of methods, getters and members of a type or a module beside the main one, for declarations that
/// span several files (`#[pymethods]`). Each table ends with a zeroed entry, as in C.
pub struct TypePart {
    pub methods: &'static [PyMethodDef],
    pub getset: &'static [PyGetSetDef],
    pub members: &'static [PyMemberDef],
}

// SAFETY: the tables are constant.
unsafe impl Sync for TypePart {}

/// A Rust type that is the layout of a static Python type. `#[pytype]` implements it.
///
/// # Safety
/// Every instance of `TYPE` and of its subtypes begins with a valid `Self`.
pub unsafe trait PyLayout: Sized + 'static {
    /// The type object.
    const TYPE: *mut PyTypeObject;
    /// `tp_name`.
    const NAME: &'static str;
    /// Further tables, added when the type is made ready.
    const PARTS: &'static [&'static TypePart];

    #[inline(always)]
    fn type_object() -> Borrowed<'static, Type> {
        // SAFETY: static types are immortal.
        unsafe { Borrowed::from_ptr(Self::TYPE) }
    }
}
