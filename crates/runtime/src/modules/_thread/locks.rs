//! `lock` and `RLock`.

use core::cell::Cell;
use core::ptr;

use super::{acquire, wait_of};
use crate::abi::{MANAGED_WEAKREF_OFFSET, Py_TPFLAGS_MANAGED_WEAKREF, PyObject};
use crate::memory::object as memory;
use crate::object::args::Args;
use crate::prelude::*;
use crate::thread;

/// `_thread.lock`: any thread may release it.
#[repr(C)]
pub struct LockObject {
    ob_base: PyObject,
    lock: thread::Lock,
}

#[pytype(name = "lock", module = "_thread", text_signature = "()", flags = Py_TPFLAGS_MANAGED_WEAKREF, weaklistoffset = MANAGED_WEAKREF_OFFSET, gc, heap)]
impl LockObject {
    #[slot(tp_traverse)]
    fn traverse(_this: &LockObject, _visit: &mut Visitor) {}

    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new_lock;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut LockObject) {
        // SAFETY: the object has no count left.
        unsafe {
            memory::gc_untrack(this.cast());
            crate::types::weakref::clear_references(this.cast());
            memory::free(this.cast());
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<LockObject>) -> PyResult<String> {
        Ok(format!("<{} {} object at {:p}>", state(&this.lock), this.type_of().full_name()?, this.as_ptr()))
    }

    #[method(signature = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(this: &Ref<LockObject>, blocking: bool, timeout: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        acquire(&this.lock, wait_of(blocking, timeout)?)
    }

    #[method(signature = "($self, /, blocking=True, timeout=-1)")]
    fn acquire_lock(this: &Ref<LockObject>, blocking: bool, timeout: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        acquire(&this.lock, wait_of(blocking, timeout)?)
    }

    #[method(signature = "($self, /)")]
    fn release(this: &Ref<LockObject>) -> PyResult<()> {
        if this.lock.release() { Ok(()) } else { Err(raise!(RuntimeError, "release unlocked lock")) }
    }

    #[method(signature = "($self, /)")]
    fn release_lock(this: &Ref<LockObject>) -> PyResult<()> {
        LockObject::release(this)
    }

    #[method(signature = "($self, /)")]
    fn locked(this: &Ref<LockObject>) -> bool {
        this.lock.is_locked()
    }

    #[method(signature = "($self, /)")]
    fn locked_lock(this: &Ref<LockObject>) -> bool {
        this.lock.is_locked()
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<LockObject>) -> PyResult<bool> {
        acquire(&this.lock, thread::Wait::Forever)
    }

    #[method(name = "__exit__", signature = "($self, /, *exc_info)")]
    fn exit(this: &Ref<LockObject>, _exc_info: Args<'_>) -> PyResult<()> {
        LockObject::release(this)
    }

    #[method(signature = "($self, /)")]
    fn _at_fork_reinit(this: &Ref<LockObject>) {
        this.lock.reset();
    }
}

impl LockObject {
    pub fn new_unlocked() -> PyResult<Ref<LockObject>> {
        let object = memory::new::<LockObject>()?;
        // SAFETY: a new object; zeroed memory is a free lock.
        unsafe { Ok(Ref::from_owned_ptr(object)) }
    }
}

unsafe extern "C" fn new_lock(
    _class: *mut crate::abi::PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the slot's convention: a tuple, and a dict or null.
    unsafe {
        let count = Borrowed::<Tuple>::from_ptr(args).len();
        if count > 0 {
            return raise!(TypeError, "lock expected 0 arguments, got {count}").into_null();
        }
        if !kwargs.is_null() && !Borrowed::<Dict>::from_ptr(kwargs).is_empty() {
            return raise!(TypeError, "lock() takes no keyword arguments").into_null();
        }
    }
    LockObject::new_unlocked().map_or(ptr::null_mut(), Ref::into_ptr)
}

fn state(lock: &thread::Lock) -> &'static str {
    if lock.is_locked() { "locked" } else { "unlocked" }
}

/// `_thread.RLock`: its owner can take it again, and has to release it as often.
#[repr(C)]
pub struct RLock {
    ob_base: PyObject,
    lock: thread::Lock,
    owner: Cell<u64>,
    count: Cell<usize>,
}

#[pytype(name = "RLock", module = "_thread", basetype, flags = Py_TPFLAGS_MANAGED_WEAKREF, weaklistoffset = MANAGED_WEAKREF_OFFSET, gc, heap)]
impl RLock {
    #[slot(tp_traverse)]
    fn traverse(_this: &RLock, _visit: &mut Visitor) {}

    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new_rlock;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut RLock) {
        // SAFETY: the object has no count left. A subclass's own deallocation calls this and drops the class.
        unsafe {
            memory::gc_untrack(this.cast());
            crate::types::weakref::clear_references(this.cast());
            if let Some(free) = (*(*this).ob_base.ob_type.get()).tp_free.get() {
                free(this.cast());
            }
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<RLock>) -> PyResult<String> {
        Ok(format!(
            "<{} {} object owner={} count={} at {:p}>",
            state(&this.lock),
            this.type_of().full_name()?,
            this.owner.get(),
            this.count.get(),
            this.as_ptr()
        ))
    }

    #[method(signature = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(this: &Ref<RLock>, blocking: bool, timeout: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        take(this, wait_of(blocking, timeout)?)
    }

    #[method(signature = "($self, /)")]
    fn release(this: &Ref<RLock>) -> PyResult<()> {
        if !this.is_mine() {
            return Err(raise!(RuntimeError, "cannot release un-acquired lock"));
        }
        this.count.set(this.count.get() - 1);
        if this.count.get() == 0 {
            this.owner.set(0);
            this.lock.release();
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn locked(this: &Ref<RLock>) -> bool {
        this.lock.is_locked()
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<RLock>) -> PyResult<bool> {
        take(this, thread::Wait::Forever)
    }

    #[method(name = "__exit__", signature = "($self, /, *exc_info)")]
    fn exit(this: &Ref<RLock>, _exc_info: Args<'_>) -> PyResult<()> {
        RLock::release(this)
    }

    #[method(signature = "($self, /)")]
    fn _is_owned(this: &Ref<RLock>) -> bool {
        this.is_mine()
    }

    #[method(signature = "($self, /)")]
    fn _recursion_count(this: &Ref<RLock>) -> usize {
        if this.is_mine() { this.count.get() } else { 0 }
    }

    /// Takes the lock for the owner that `state` names: the other half of `_release_save`.
    #[method(signature = "($self, state, /)")]
    fn _acquire_restore(this: &Ref<RLock>, state: Borrowed<'_, Object>) -> PyResult<()> {
        let parts = state.downcast::<Tuple>().filter(|parts| parts.len() == 2);
        let Some(parts) = parts else {
            return Err(raise!(TypeError, "_acquire_restore() argument must be a 2-tuple"));
        };
        let count = parts.get(0).as_isize()?.max(0) as usize;
        let owner = parts.get(1).index()?.to_u64_mask();
        let _outcome = this.lock.acquire(thread::Wait::Forever, false);
        this.owner.set(owner);
        this.count.set(count);
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn _release_save(this: &Ref<RLock>) -> PyResult<Ref<Tuple>> {
        if !this.lock.is_locked() {
            return Err(raise!(RuntimeError, "cannot release un-acquired lock"));
        }
        let count = Int::from_usize(this.count.replace(0))?.into_object();
        let owner = Int::from_u64(this.owner.replace(0))?.into_object();
        this.lock.release();
        Tuple::from_vec(vec![count, owner])
    }

    #[method(signature = "($self, /)")]
    fn _at_fork_reinit(this: &Ref<RLock>) {
        this.lock.reset();
        this.owner.set(0);
        this.count.set(0);
    }
}

impl Ref<RLock> {
    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == thread::current_ident()
    }
}

fn take(this: &Ref<RLock>, wait: thread::Wait) -> PyResult<bool> {
    if this.is_mine() {
        let Some(count) = this.count.get().checked_add(1) else {
            return Err(raise!(OverflowError, "Internal lock count overflowed"));
        };
        this.count.set(count);
        return Ok(true);
    }
    if !acquire(&this.lock, wait)? {
        return Ok(false);
    }
    this.owner.set(thread::current_ident());
    this.count.set(1);
    Ok(true)
}

unsafe extern "C" fn new_rlock(
    class: *mut crate::abi::PyTypeObject,
    _args: *mut PyObject,
    _kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the slot's convention; zeroed memory is a free lock.
    unsafe {
        match (*class).tp_alloc.get() {
            Some(alloc) => alloc(class, 0),
            None => memory::generic_alloc(class, 0),
        }
    }
}
