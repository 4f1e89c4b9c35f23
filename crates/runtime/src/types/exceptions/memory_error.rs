//! `MemoryError`, of which some instances wait ready, since there may be no memory to make one.
//!
//! Instances of exactly this class go back to the reserve when they die; they are linked through `dict`.
//! When the reserve is empty, one instance that is never freed serves everybody.

use core::cell::Cell;
use core::ptr;

use super::base::{self, BaseException};
use super::{Exception, ExceptionPointer};
use crate::abi::{PyBaseExceptionObject, PyObject, PyTypeObject, destructor, newfunc};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread::Slot;

/// `MemoryError`.
#[repr(transparent)]
pub struct MemoryError(pub(crate) PyBaseExceptionObject);

/// How many instances are kept.
const RESERVE: usize = 16;

struct Reserve {
    head: Cell<*mut PyBaseExceptionObject>,
    count: Cell<usize>,
    last_resort: Slot,
}

// SAFETY: guarded by the GIL.
unsafe impl Sync for Reserve {}

static FREE: Reserve = Reserve { head: Cell::new(ptr::null_mut()), count: Cell::new(0), last_resort: Slot::new() };

/// An instance from the reserve, untouched by allocation.
fn from_reserve() -> Option<Ref<BaseException>> {
    let object = FREE.head.get();
    if object.is_null() {
        return None;
    }
    // SAFETY: objects of the reserve are whole but for their count, and untracked.
    unsafe {
        FREE.head.set((*object).dict.replace(ptr::null_mut()).cast());
        FREE.count.set(FREE.count.get() - 1);
        header::init(object.cast(), MemoryError::TYPE);
        Slot::of(&(*object).args).set(Some(Tuple::empty().into_object()));
        memory::gc_track(object.cast());
        Some(Ref::from_owned_ptr(object))
    }
}

unsafe extern "C" fn new(class: *mut PyTypeObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: the slot's convention.
    unsafe {
        if class != MemoryError::TYPE {
            return base::new(class, args, kwargs);
        }
        match from_reserve() {
            Some(exception) => {
                base::set_args(exception.as_ptr(), args);
                exception.into_ptr()
            }
            None => base::new(class, args, kwargs),
        }
    }
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: the object has no count left.
    unsafe {
        if (*object).ob_type.get() != MemoryError::TYPE || FREE.count.get() >= RESERVE {
            return base::dealloc::<BaseException>(object);
        }
        memory::gc_untrack(object);
        base::clear::<BaseException>(object);
        let object: *mut PyBaseExceptionObject = object.cast();
        (*object).suppress_context.set(0);
        (*object).dict.set(FREE.head.replace(object).cast());
        FREE.count.set(FREE.count.get() + 1);
    }
}

#[pytype(name = "MemoryError", base = Exception, basetype, subclass_flag = BASE_EXC)]
impl MemoryError {
    #[slot(tp_new, raw)]
    const NEW: newfunc = new;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = dealloc;
}

/// C's pointer to `MemoryError`.
#[unsafe(no_mangle)]
pub static PyExc_MemoryError: ExceptionPointer = ExceptionPointer::new(MemoryError::TYPE);

/// Fills the reserve: at start-up, once types are ready.
pub fn preallocate() -> PyResult<()> {
    let mut made = Vec::with_capacity(RESERVE);
    for _ in 0..RESERVE {
        // SAFETY: an exception class.
        made.push(unsafe { base::allocate(MemoryError::TYPE, Tuple::empty())? });
    }
    // SAFETY: as above.
    let last_resort = unsafe { base::allocate(MemoryError::TYPE, Tuple::empty())? };
    FREE.last_resort.set(Some(last_resort.into_object()));
    drop(made);
    Ok(())
}

/// Raises MemoryError without allocating (`PyErr_NoMemory`).
#[cold]
pub fn raise_no_memory() -> Raised {
    let exception = match from_reserve() {
        Some(exception) => exception.into_object(),
        None => match FREE.last_resort.get() {
            Some(exception) => exception,
            None => crate::thread::fatal("", "Out of memory and PyExc_MemoryError is not initialized yet"),
        },
    };
    crate::object::raise_instance(exception)
}
