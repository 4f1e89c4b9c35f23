//! `groupby` and the iterators over its groups.
//!
//! A group is valid until the next one begins: the `groupby` knows the newest by address, without owning it.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[repr(C)]
pub struct GroupBy {
    head: PyObject,
    source: Slot,
    /// None for the items themselves.
    key_function: Slot,
    /// The key of the group that was given out last.
    target_key: Slot,
    current_key: Slot,
    /// The item that was read and not given out.
    current_value: Slot,
    current_group: Cell<*mut PyObject>,
}

impl GroupBy {
    /// Reads one item; false at the end.
    fn step(&self) -> PyResult<bool> {
        let (Some(source), Some(function)) = (support::fixed(&self.source), support::fixed(&self.key_function)) else {
            return Ok(false);
        };
        let Some(value) = source.next()? else { return Ok(false) };
        let key = if function.is_none() { value.clone() } else { function.call1(value.borrow())? };
        let old_value = self.current_value.replace(Some(value));
        let old_key = self.current_key.replace(Some(key));
        drop((old_value, old_key));
        Ok(true)
    }
}

iterator! { GroupBy "groupby" [source, key_function, target_key, current_key, current_value] size 72 {
    #[new(signature = "(iterable, key=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        iterable: Borrowed<'_, Object>,
        key: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<GroupBy>> {
        let source = iterable.iter()?;
        let this: Ref<GroupBy> = support::instance(cls)?;
        this.source.set(Some(source));
        this.key_function.set(Some(key.0.map_or_else(none, |key| key.to_owned())));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<GroupBy>) -> PyResult<Option<Ref<Tuple>>> {
        this.current_group.set(core::ptr::null_mut());
        let key = loop {
            match (this.current_key.get(), this.target_key.get()) {
                (None, _) => {}
                (Some(key), None) => break key,
                (Some(key), Some(target)) => {
                    if !target.equals(key.borrow())? {
                        break key;
                    }
                }
            }
            if !this.step()? {
                return Ok(None);
            }
        };
        this.target_key.set(Some(key.clone()));
        let group = Grouper::over(this, &key)?;
        Tuple::pack([key, group.into_object()]).map(Some)
    }
} }

#[repr(C)]
pub struct Grouper {
    head: PyObject,
    parent: Slot,
    target_key: Slot,
}

impl Grouper {
    fn over(parent: &Ref<GroupBy>, key: &Ref<Object>) -> PyResult<Ref<Grouper>> {
        let this: Ref<Grouper> = support::instance_exact()?;
        this.parent.set(Some(parent.as_object().clone()));
        this.target_key.set(Some(key.clone()));
        parent.current_group.set(this.as_ptr());
        Ok(this)
    }
}

#[pytype(name = "_grouper", module = "itertools", gc, heap, getattribute)]
impl Grouper {
    #[new(signature = "(parent, tgtkey, /)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        parent: Borrowed<'_, GroupBy>,
        tgtkey: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Grouper>> {
        let _ = cls;
        Grouper::over(&parent, &tgtkey)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Grouper) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).parent, &(*this).target_key]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Grouper, visit: &mut Visitor) {
        support::traverse([&this.parent, &this.target_key], visit);
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Grouper>) -> Ref<Grouper> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Grouper>) -> PyResult<Option<Ref<Object>>> {
        let (Some(parent), Some(target)) = (support::fixed(&this.parent), support::fixed(&this.target_key)) else {
            return Ok(None);
        };
        // SAFETY: only a `groupby` is put there.
        let parent: Borrowed<'_, GroupBy> = unsafe { parent.cast_borrowed_unchecked() };
        if parent.current_group.get() != this.as_ptr() {
            return Ok(None);
        }
        if !parent.current_value.is_set() && !parent.step()? {
            return Ok(None);
        }
        let Some(key) = parent.current_key.get() else { return Ok(None) };
        if !target.equals(key.borrow())? {
            return Ok(None);
        }
        let value = parent.current_value.take();
        parent.current_key.set(None);
        Ok(value)
    }
}
