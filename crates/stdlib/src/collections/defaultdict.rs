//! `collections.defaultdict`.

use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{PyDictObject, PyObject};
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::key_error;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::repr_guard;

use crate::support::{self, Slot};

#[repr(C)]
pub struct DefaultDict {
    dict: PyDictObject,
    /// Unset and None mean the same.
    factory: Slot,
}

impl DefaultDict {
    fn factory(&self) -> Option<Ref<Object>> {
        self.factory.get().filter(|factory| !factory.is_none())
    }
}

fn dict(this: &Ref<DefaultDict>) -> &Ref<Dict> {
    // SAFETY: a defaultdict begins with a dict.
    unsafe { this.cast_unchecked() }
}

/// `type(this)(factory, content)`: what `copy` and `|` make.
fn make_like(this: &Ref<DefaultDict>, content: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let factory = this.factory.get().unwrap_or_else(none);
    this.type_of().upcast().call(&[factory.borrow(), content])
}

#[pytype(
    name = "defaultdict",
    module = "collections",
    base = Dict,
    gc,
    basetype,
    mapping,
    match_self,
    subclass_flag = DICT,
    heap,
    getattribute
)]
impl DefaultDict {
    #[slot(tp_init, raw)]
    unsafe extern "C" fn init_raw(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
        // SAFETY: called with a defaultdict, a tuple, and a dict or null.
        unsafe {
            let this: Borrowed<'_, DefaultDict> = Borrowed::from_ptr(this);
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let factory = args.try_get(0);
            if let Some(factory) = factory
                && !factory.is_none()
                && !factory.is_callable()
            {
                let _raised = raise!(TypeError, "first argument must be callable or None");
                return -1;
            }
            this.factory.set(factory.map(|factory| factory.to_owned()));
            let Ok(rest) = args.slice(1, args.len()) else { return -1 };
            match (*Dict::TYPE).tp_init.get() {
                Some(init) => init(this.as_ptr(), rest.as_ptr(), kwargs),
                None => 0,
            }
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut DefaultDict) {
        // SAFETY: called once, by the last decref; the dict's own dealloc does the rest.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).factory.take());
            if let Some(dealloc) = (*Dict::TYPE).tp_dealloc.get() {
                dealloc(this.cast());
            }
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &DefaultDict, visit: &mut Visitor) {
        visit.object(this.factory.as_ptr());
        // SAFETY: a defaultdict begins with a dict.
        unsafe {
            if let Some(traverse) = (*Dict::TYPE).tp_traverse.get() {
                let (function, arg) = visit.visit_raw();
                visit.merge(traverse(ptr::from_ref(this).cast_mut().cast(), function, arg));
            }
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<DefaultDict>) {
        drop(this.factory.take());
        dict(this).clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<DefaultDict>) -> PyResult<Ref<Str>> {
        // SAFETY: the slot of dict takes any dict.
        let base = unsafe {
            match (*Dict::TYPE).tp_repr.get() {
                Some(repr) => taipan_runtime::object::protocol::attr::from_result::<Str>(repr(this.as_ptr()))?,
                None => Str::from_utf8_str("{}")?,
            }
        };
        let factory = match this.factory.get() {
            None => Str::from_utf8_str("None")?,
            // The factory may be a bound method of this very object.
            Some(factory) => match repr_guard::enter(factory.borrow())? {
                Some(_guard) => factory.repr()?,
                None => Str::from_utf8_str("...")?,
            },
        };
        let name = Str::from_utf8_str(&format!("{}(", this.type_of().short_name()))?;
        let parts = [name, factory, Str::from_utf8_str(", ")?, base, Str::from_utf8_str(")")?];
        support::concat(parts.into_iter().collect())
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let (this, other) = match (left.downcast::<DefaultDict>(), right.downcast::<DefaultDict>()) {
            (Some(this), _) => (this, right),
            (None, Some(this)) => (this, left),
            (None, None) => return Ok(not_implemented()),
        };
        if !other.is_instance_of::<Dict>() {
            return Ok(not_implemented());
        }
        let new = make_like(&this, left)?;
        let Some(dict) = new.downcast::<Dict>() else {
            new.call_method(id!("update"), &[right])?;
            return Ok(new);
        };
        dict.update_from(right)?;
        Ok(new)
    }

    #[method(name = "__missing__", signature = "($self, object, /)")]
    fn missing(this: &Ref<DefaultDict>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(factory) = this.factory() else { return Err(key_error(object)) };
        let value = factory.call0()?;
        let (value, _) = dict(this).set_default(object, value.borrow())?;
        Ok(value)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<DefaultDict>) -> PyResult<Ref<Object>> {
        make_like(this, this.as_borrowed())
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn dunder_copy(this: &Ref<DefaultDict>) -> PyResult<Ref<Object>> {
        make_like(this, this.as_borrowed())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<DefaultDict>) -> PyResult<Ref<Tuple>> {
        let arguments = match this.factory() {
            Some(factory) => Tuple::pack([factory])?,
            None => Tuple::empty(),
        };
        let items = this.as_object().call_method(id!("items"), &[])?.iter()?;
        let class = this.type_of().upcast().to_owned();
        Tuple::pack([class, arguments.into_object(), none(), none(), items])
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "default_factory", kind = T_OBJECT, offset = offset_of!(DefaultDict, factory))]
    const _DEFAULT_FACTORY: () = ();
}
