//! What a type's `traverse` reports its references to.

use core::ffi::{c_int, c_void};

use super::refs::Ref;
use crate::abi::{PyObject, visitproc};

/// The visit function of one traversal. After a non-zero answer it visits nothing more.
pub struct Visitor {
    visit: visitproc,
    arg: *mut c_void,
    result: c_int,
}

impl Visitor {
    pub fn new(visit: visitproc, arg: *mut c_void) -> Visitor {
        Visitor { visit, arg, result: 0 }
    }

    /// Visits one reference; null is passed over.
    #[inline(always)]
    pub fn object<P>(&mut self, object: *mut P) {
        if self.result == 0 && !object.is_null() {
            // SAFETY: `visit` takes any live object.
            self.result = unsafe { (self.visit)(object.cast::<PyObject>(), self.arg) };
        }
    }

    pub fn reference<T>(&mut self, reference: Option<&Ref<T>>) {
        if let Some(reference) = reference {
            self.object(reference.as_ptr());
        }
    }

    /// Goes on with a C-style traverse result.
    pub fn merge(&mut self, result: c_int) {
        if self.result == 0 {
            self.result = result;
        }
    }

    pub fn visit_raw(&self) -> (visitproc, *mut c_void) {
        (self.visit, self.arg)
    }

    pub fn result(&self) -> c_int {
        self.result
    }
}
