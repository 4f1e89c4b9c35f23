//! `_queue`: an unbounded queue between threads. CPython: `Modules/_queuemodule.c`.
//!
//! **Invariant:** the GIL guards the items, so `put` never waits and may be called from a destructor or a signal handler; a
//! thread that waits for an item sleeps on `lock`, which it has taken, and whoever puts one releases it.

use core::cell::{Cell, RefCell};
use core::mem::offset_of;
use core::ptr;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, Lock, Outcome, Wait};
use taipan_runtime::types::exceptions;
use taipan_runtime::types::generic_alias::GenericAlias;

use crate::support::{self, Slot};

/// `_queue.Empty`
static EMPTY: Slot = Slot::new();

#[cold]
fn empty_error() -> Raised {
    let class = EMPTY.get().unwrap_or_else(|| exceptions::Exception::type_object().as_object().clone());
    exceptions::set_object(class.borrow(), None)
}

struct Inside {
    items: RefCell<VecDeque<Ref<Object>>>,
    /// Held while a thread waits.
    lock: Lock,
    waits: Cell<bool>,
}

/// `_queue.SimpleQueue`
#[repr(C)]
pub struct SimpleQueue {
    head: PyObject,
    /// Made by `__new__`, freed with the object.
    inside: Cell<*mut Inside>,
    weakrefs: Cell<*mut PyObject>,
}

impl SimpleQueue {
    fn inside(&self) -> PyResult<&Inside> {
        // SAFETY: null, or a box that lives as long as the object.
        match unsafe { self.inside.get().as_ref() } {
            Some(inside) => Ok(inside),
            None => Err(raise!(SystemError, "queue was cleared")),
        }
    }

    fn push(&self, item: Ref<Object>) -> PyResult<()> {
        let inside = self.inside()?;
        {
            let mut items = inside.items.borrow_mut();
            if items.try_reserve(1).is_err() {
                return Err(Raised::no_memory());
            }
            items.push_back(item);
        }
        if inside.waits.replace(false) {
            inside.lock.release();
        }
        Ok(())
    }

    /// Takes the first item, waiting for one until `deadline`, or for ever without one.
    fn take(&self, block: bool, deadline: Option<Instant>) -> PyResult<Ref<Object>> {
        let inside = self.inside()?;
        loop {
            let item = inside.items.borrow_mut().pop_front();
            if let Some(item) = item {
                return Ok(item);
            }
            if !block {
                return Err(empty_error());
            }
            // The first acquisition makes the lock taken; the next one waits until an item is put.
            let wait = match deadline {
                None => Wait::Forever,
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) => Wait::For(left),
                    None => Wait::No,
                },
            };
            match inside.lock.acquire(wait, true) {
                Outcome::Acquired => inside.waits.set(true),
                Outcome::TimedOut => {
                    let item = inside.items.borrow_mut().pop_front();
                    return item.ok_or_else(empty_error);
                }
                Outcome::Interrupted => {
                    thread::breaker::check_signals()?;
                    thread::make_pending_calls()?;
                }
            }
        }
    }
}

#[pytype(
    name = "SimpleQueue",
    module = "_queue",
    gc,
    basetype,
    weaklistoffset = offset_of!(SimpleQueue, weakrefs),
    heap,
    basicsize = 72
)]
impl SimpleQueue {
    #[new(signature = "()")]
    fn new(cls: Borrowed<'_, Type>) -> PyResult<Ref<SimpleQueue>> {
        let this: Ref<SimpleQueue> = support::instance(cls)?;
        this.inside.set(Box::into_raw(Box::new(Inside {
            items: RefCell::default(),
            lock: Lock::new(),
            waits: Cell::new(false),
        })));
        Ok(this)
    }

    #[method(signature = "($self, /)")]
    fn empty(this: &Ref<SimpleQueue>) -> PyResult<bool> {
        Ok(this.inside()?.items.borrow().is_empty())
    }

    #[method(signature = "($self, /, block=True, timeout=None)", defining_class)]
    fn get(
        this: &Ref<SimpleQueue>,
        block: Option<bool>,
        timeout: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let block = block.unwrap_or(true);
        let mut deadline = None;
        if block && let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) {
            let seconds = timeout.as_f64()?;
            if seconds < 0.0 {
                return Err(raise!(ValueError, "'timeout' must be a non-negative number"));
            }
            if seconds.is_nan() {
                return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
            }
            let limit = (i64::MAX / 1000) as f64 / 1e6;
            if seconds > limit {
                return Err(raise!(OverflowError, "timeout value is too large"));
            }
            deadline = Instant::now().checked_add(Duration::from_secs_f64(seconds));
        }
        this.take(block, deadline)
    }

    #[method(signature = "($self, /)", defining_class)]
    fn get_nowait(this: &Ref<SimpleQueue>) -> PyResult<Ref<Object>> {
        this.take(false, None)
    }

    #[method(signature = "($self, /, item, block=True, timeout=None)")]
    fn put(
        this: &Ref<SimpleQueue>,
        item: Borrowed<'_, Object>,
        block: Option<bool>,
        timeout: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        // There is always room, so nothing is waited for.
        let _ = (block, timeout);
        this.push(item.to_owned())
    }

    #[method(signature = "($self, /, item)")]
    fn put_nowait(this: &Ref<SimpleQueue>, item: Borrowed<'_, Object>) -> PyResult<()> {
        this.push(item.to_owned())
    }

    #[method(signature = "($self, /)")]
    fn qsize(this: &Ref<SimpleQueue>) -> PyResult<usize> {
        Ok(this.inside()?.items.borrow().len())
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &SimpleQueue, visit: &mut Visitor) {
        // SAFETY: null, or a box that lives as long as the object.
        if let Some(inside) = unsafe { this.inside.get().as_ref() }
            && let Ok(items) = inside.items.try_borrow()
        {
            for item in items.iter() {
                visit.object(item.as_ptr());
            }
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<SimpleQueue>) {
        if let Ok(inside) = this.inside() {
            let items = inside.items.take();
            drop(items);
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut SimpleQueue) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            taipan_runtime::types::weakref::clear_refs(this.cast());
            let inside = (*this).inside.replace(ptr::null_mut());
            if !inside.is_null() {
                drop(Box::from_raw(inside));
            }
            memory::dealloc_finish(this);
        }
    }
}

pub struct Queue;

#[pymodule(name = "_queue")]
impl Queue {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let bases = Tuple::pack([exceptions::Exception::type_object().as_object().clone()])?;
        let dict = Dict::new()?;
        dict.set_str(id!("__module__"), id!("_queue"))?;
        let doc = Str::from_utf8_str("Exception raised by Queue.get(block=0)/get_nowait().")?;
        dict.set_str(id!("__doc__"), doc.borrow())?;
        let class = Type::create("Empty", bases.borrow(), dict.borrow())?;
        EMPTY.set(Some(class.as_object().clone()));
        module.add("Empty", class)?;
        module.add_type::<SimpleQueue>()
    }
}
