//! The class that a method was declared in, for methods that its subclasses inherit: `METH_METHOD`, `defining_class` of Argument
//! Clinic.

use core::ops::Deref;

use crate::abi::PyTypeObject;
use crate::prelude::*;

/// The first parameter after the receiver of `#[method(defining_class, ..)]`, where the function wants it. The class is the
/// one whose table holds the method, and not that of the instance.
#[derive(Clone, Copy)]
pub struct DefiningClass<'a>(Borrowed<'a, Type>);

impl DefiningClass<'_> {
    /// # Safety
    /// `class` is a live type during `'a`: descriptors and bound methods keep theirs.
    #[inline(always)]
    pub unsafe fn from_raw(class: *mut PyTypeObject) -> Self {
        // SAFETY: by contract.
        DefiningClass(unsafe { Borrowed::from_ptr(class) })
    }
}

impl<'a> Deref for DefiningClass<'a> {
    type Target = Borrowed<'a, Type>;

    fn deref(&self) -> &Borrowed<'a, Type> {
        &self.0
    }
}
