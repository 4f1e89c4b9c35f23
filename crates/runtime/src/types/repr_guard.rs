//! Which objects a thread is writing the `repr` of, so that a container inside itself is written as `[...]`.
//! CPython: `Py_ReprEnter` and `Py_ReprLeave`; here the list is the thread's own, no entry in its dict.

use core::cell::RefCell;

use crate::prelude::*;

thread_local! {
    static ACTIVE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Takes the object out of the list again when dropped.
pub struct ReprGuard(usize);

/// Notes that the `repr` of `object` begins; `None` when it is under way already.
pub fn enter(object: Borrowed<'_, Object>) -> PyResult<Option<ReprGuard>> {
    Ok(if enter_raw(object.as_ptr())? { None } else { Some(ReprGuard(object.as_ptr() as usize)) })
}

/// `Py_ReprEnter`: whether the object is under way already.
pub fn enter_raw(object: *mut abi::PyObject) -> PyResult<bool> {
    ACTIVE.with_borrow_mut(|active| {
        let address = object as usize;
        let found = active.contains(&address);
        if !found {
            active.try_push(address)?;
        }
        Ok(found)
    })
}

/// `Py_ReprLeave`.
pub fn leave_raw(object: *mut abi::PyObject) {
    let address = object as usize;
    ACTIVE.with_borrow_mut(|active| {
        if let Some(at) = active.iter().rposition(|&entry| entry == address) {
            active.remove(at);
        }
    });
}

impl Drop for ReprGuard {
    fn drop(&mut self) {
        leave_raw(self.0 as *mut abi::PyObject);
    }
}
