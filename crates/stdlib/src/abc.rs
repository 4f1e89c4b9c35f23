//! `_abc`: the registries and caches of abstract base classes. CPython: `Modules/_abc.c`.
//!
//! Classes are held weakly. A negative answer is valid as long as nothing was registered anywhere since.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

use taipan_runtime::abi::{METH_O, PyMethodDef, PyObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::TypeError;
use taipan_runtime::types::weakref::WeakRef;
use taipan_runtime::types::{CFunction, type_};

use crate::support::{self, Slot};

/// Grows with every registration.
static INVALIDATION_COUNTER: AtomicU64 = AtomicU64::new(0);

const COLLECTION_FLAGS: u64 = abi::Py_TPFLAGS_SEQUENCE | abi::Py_TPFLAGS_MAPPING;

/// What a class keeps under `_abc_impl`.
#[repr(C)]
pub struct AbcData {
    head: PyObject,
    /// Sets of weak references; unset while empty.
    registry: Slot,
    cache: Slot,
    negative_cache: Slot,
    negative_cache_version: Cell<u64>,
}

impl AbcData {
    fn slots(&self) -> [&Slot; 3] {
        [&self.registry, &self.cache, &self.negative_cache]
    }
}

#[pytype(name = "_abc_data", module = "_abc", gc, heap, mutable)]
impl AbcData {
    #[new(signature = "()", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>) -> PyResult<Ref<AbcData>> {
        let data: Ref<AbcData> = support::instance(cls)?;
        data.negative_cache_version.set(INVALIDATION_COUNTER.load(Ordering::Relaxed));
        Ok(data)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AbcData) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AbcData, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<AbcData>) {
        support::clear(this.slots());
    }
}

/// The set in a slot.
fn set_of(slot: &Slot) -> Option<Ref<Set>> {
    // SAFETY: only sets are put there.
    unsafe { slot.get_as::<Set>() }
}

fn data_of(class: Borrowed<'_, Object>) -> PyResult<Ref<AbcData>> {
    let data = class.getattr(id!("_abc_impl"))?;
    if !data.is_exact::<AbcData>() {
        return Err(raise!(TypeError, "_abc_impl is set to a wrong type"));
    }
    // SAFETY: checked just now.
    Ok(unsafe { data.into_unchecked() })
}

fn in_weak_set(slot: &Slot, object: Borrowed<'_, Object>) -> PyResult<bool> {
    let Some(set) = set_of(slot) else { return Ok(false) };
    if set.is_empty() {
        return Ok(false);
    }
    match WeakRef::new(object, None) {
        Ok(reference) => set.contains(reference.borrow()),
        Err(raised) => raised.clear_if::<TypeError>().map(|()| false),
    }
}

/// Takes a dead reference out of its set, which is held weakly as well.
unsafe extern "C" fn destroy(set_reference: *mut PyObject, reference: *mut PyObject) -> *mut PyObject {
    // SAFETY: called as the bound function that `add_to_weak_set` makes.
    unsafe {
        let set_reference: Borrowed<'_, WeakRef> = Borrowed::from_ptr(set_reference);
        let reference: Borrowed<'_, Object> = Borrowed::from_ptr(reference);
        if let Some(Ok(set)) = set_reference.upgrade().map(Ref::into_downcast::<Set>)
            && let Err(raised) = set.discard(reference)
        {
            return raised.into_null();
        }
    }
    none().into_ptr()
}

static DESTROY: PyMethodDef = PyMethodDef::new(c"_destroy", destroy, METH_O, None);

fn add_to_weak_set(slot: &Slot, object: Borrowed<'_, Object>) -> PyResult<()> {
    let set = match set_of(slot) {
        Some(set) => set,
        None => {
            let set = Set::new()?;
            slot.set(Some(set.clone().into_object()));
            set
        }
    };
    let set_reference = WeakRef::new(set.as_borrowed(), None)?;
    let callback = CFunction::new(&DESTROY, Some(set_reference.into_object()), None)?;
    let reference = WeakRef::new(object, Some(callback.as_borrowed()))?;
    set.add(reference.borrow())
}

/// `value.__isabstractmethod__`.
fn is_abstract(value: &Ref<Object>) -> PyResult<bool> {
    match value.lookup_attr(id!("__isabstractmethod__"))? {
        Some(flag) => flag.is_true(),
        None => Ok(false),
    }
}

/// Sets `__abstractmethods__` from the class itself and from its bases.
fn compute_abstract_methods(class: Borrowed<'_, Object>) -> PyResult<()> {
    let abstracts = Set::new()?;
    let namespace = class.getattr(id!("__dict__"))?;
    let items = namespace.call_method(id!("items"), &[])?.to_list()?;
    for pair in items.try_to_vec()? {
        let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
            return Err(raise!(TypeError, "Iteration over items() must yield two-item tuples"));
        };
        if is_abstract(&pair.get(1))? {
            abstracts.add(pair.get(0))?;
        }
    }
    let bases = class.getattr(id!("__bases__"))?;
    let Some(bases) = bases.downcast::<Tuple>() else { return Err(raise!(TypeError, "__bases__ is not tuple")) };
    for base in bases.iter() {
        let Some(inherited) = base.lookup_attr(id!("__abstractmethods__"))? else { continue };
        inherited.for_each(|name| {
            let value = match name.downcast::<Str>() {
                Some(text) => class.lookup_attr(text)?,
                None => Some(class.getattr_object(name.borrow())?),
            };
            match value {
                Some(value) if is_abstract(&value)? => abstracts.add(name.borrow()),
                _ => Ok(()),
            }
        })?;
    }
    let abstracts = FrozenSet::from_iterable(abstracts.as_borrowed())?;
    class.setattr(id!("__abstractmethods__"), abstracts.as_borrowed())
}

/// Whether `subclass` derives from a registered class; a positive answer goes into the cache.
fn check_registry(data: &Ref<AbcData>, subclass: Borrowed<'_, Object>) -> PyResult<bool> {
    if in_weak_set(&data.registry, subclass)? {
        return Ok(true);
    }
    let Some(registry) = set_of(&data.registry) else { return Ok(false) };
    for reference in registry.items_snapshot()? {
        let Some(registered) = reference.downcast::<WeakRef>().and_then(|reference| reference.upgrade()) else {
            continue;
        };
        if subclass.is_subclass(registered.borrow())? {
            add_to_weak_set(&data.cache, subclass)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn forget_negatives_if_stale(data: &Ref<AbcData>) -> bool {
    let version = INVALIDATION_COUNTER.load(Ordering::Relaxed);
    if data.negative_cache_version.get() == version {
        return false;
    }
    if let Some(set) = set_of(&data.negative_cache) {
        set.clear();
    }
    data.negative_cache_version.set(version);
    true
}

/// A copy of a set for `_get_dump`.
fn copied(slot: &Slot) -> PyResult<Ref<Object>> {
    match set_of(slot) {
        Some(set) => Ok(Set::from_iterable(set.as_borrowed())?.into_object()),
        None => Ok(Set::new()?.into_object()),
    }
}

pub struct Abc;

#[pymodule(name = "_abc")]
impl Abc {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let _ = module;
        type_::ready_static::<AbcData>()
    }

    #[function(signature = "($module, /)")]
    fn get_cache_token() -> u64 {
        INVALIDATION_COUNTER.load(Ordering::Relaxed)
    }

    #[function(signature = "($module, self, /)")]
    fn _reset_registry(this: Borrowed<'_, Object>) -> PyResult<()> {
        let data = data_of(this)?;
        if let Some(set) = set_of(&data.registry) {
            set.clear();
        }
        Ok(())
    }

    #[function(signature = "($module, self, /)")]
    fn _reset_caches(this: Borrowed<'_, Object>) -> PyResult<()> {
        let data = data_of(this)?;
        for slot in [&data.cache, &data.negative_cache] {
            if let Some(set) = set_of(slot) {
                set.clear();
            }
        }
        Ok(())
    }

    /// Copies of the registry and of both caches, and the version of the negative one: for `_dump_registry`.
    #[function(signature = "($module, self, /)")]
    fn _get_dump(this: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let data = data_of(this)?;
        Tuple::pack([
            copied(&data.registry)?,
            copied(&data.cache)?,
            copied(&data.negative_cache)?,
            Int::from_u64(data.negative_cache_version.get())?.into_object(),
        ])
    }

    #[function(signature = "($module, self, /)")]
    fn _abc_init(this: Borrowed<'_, Object>) -> PyResult<()> {
        compute_abstract_methods(this)?;
        let data = AbcData::new(AbcData::type_object())?;
        this.setattr(id!("_abc_impl"), data.as_borrowed())?;
        let Some(class) = this.downcast::<Type>() else { return Ok(()) };
        // `collections.abc` marks `Sequence` and `Mapping` for the `match` statement by this attribute.
        let Some(flags) = class.dict().take(id!("__abc_tpflags__"))? else { return Ok(()) };
        class.modified();
        let Some(flags) = flags.downcast_exact::<Int>() else { return Ok(()) };
        let Some(flags) = flags.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let flags = flags as u64 & COLLECTION_FLAGS;
        if flags == COLLECTION_FLAGS {
            return Err(raise!(TypeError, "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING"));
        }
        class.tp_flags.set(class.tp_flags.get() | flags);
        Ok(())
    }

    #[function(signature = "($module, self, subclass, /)")]
    fn _abc_register(this: Borrowed<'_, Object>, subclass: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(class) = subclass.downcast::<Type>() else {
            return Err(raise!(TypeError, "Can only register classes"));
        };
        if subclass.is_subclass(this)? {
            return Ok(subclass.to_owned());
        }
        // The other way round it would become a subclass of itself.
        if this.is_subclass(subclass)? {
            return Err(raise!(RuntimeError, "Refusing to create an inheritance cycle"));
        }
        let data = data_of(this)?;
        add_to_weak_set(&data.registry, subclass)?;
        INVALIDATION_COUNTER.fetch_add(1, Ordering::Relaxed);
        if let Some(this) = this.downcast::<Type>() {
            let flags = this.tp_flags.get() & COLLECTION_FLAGS;
            if flags != 0 {
                class.set_flags_recursive(COLLECTION_FLAGS, flags);
            }
        }
        Ok(subclass.to_owned())
    }

    #[function(signature = "($module, self, instance, /)")]
    fn _abc_instancecheck(this: Borrowed<'_, Object>, instance: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let data = data_of(this)?;
        let subclass = match instance.lookup_attr(id!("__class__"))? {
            Some(class) => class,
            None => instance.type_of().upcast().to_owned(),
        };
        if in_weak_set(&data.cache, subclass.borrow())? {
            return Ok(Bool::from(true).into_object());
        }
        let check = |class: Borrowed<'_, Object>| this.call_method(id!("__subclasscheck__"), &[class]);
        let own_type = instance.type_of().upcast().to_owned();
        if own_type.is(&subclass) {
            if data.negative_cache_version.get() == INVALIDATION_COUNTER.load(Ordering::Relaxed)
                && in_weak_set(&data.negative_cache, subclass.borrow())?
            {
                return Ok(Bool::from(false).into_object());
            }
            return check(subclass.borrow());
        }
        let answer = check(subclass.borrow())?;
        if answer.is_true()? {
            return Ok(answer);
        }
        check(own_type.borrow())
    }

    #[function(signature = "($module, self, subclass, /)")]
    fn _abc_subclasscheck(this: Borrowed<'_, Object>, subclass: Borrowed<'_, Object>) -> PyResult<bool> {
        let Some(class) = subclass.downcast::<Type>() else {
            return Err(raise!(TypeError, "issubclass() arg 1 must be a class"));
        };
        let data = data_of(this)?;
        if in_weak_set(&data.cache, subclass)? {
            return Ok(true);
        }
        if !forget_negatives_if_stale(&data) && in_weak_set(&data.negative_cache, subclass)? {
            return Ok(false);
        }
        let hook = this.call_method(id!("__subclasshook__"), &[subclass])?;
        if hook.as_ptr() == Bool::true_ptr() {
            add_to_weak_set(&data.cache, subclass)?;
            return Ok(true);
        }
        if hook.as_ptr() == Bool::false_ptr() {
            add_to_weak_set(&data.negative_cache, subclass)?;
            return Ok(false);
        }
        if !hook.is_not_implemented() {
            return Err(raise!(AssertionError, "__subclasshook__ must return either False, True, or NotImplemented"));
        }
        if this.downcast::<Type>().is_some_and(|this| class.is_subtype(&this)) {
            add_to_weak_set(&data.cache, subclass)?;
            return Ok(true);
        }
        if check_registry(&data, subclass)? {
            return Ok(true);
        }
        let subclasses = this.call_method(id!("__subclasses__"), &[])?;
        let Some(subclasses) = subclasses.downcast::<List>() else {
            return Err(raise!(TypeError, "__subclasses__() must return a list"));
        };
        let mut index = 0;
        while let Some(candidate) = subclasses.get(index) {
            index += 1;
            if subclass.is_subclass(candidate.borrow())? {
                add_to_weak_set(&data.cache, subclass)?;
                return Ok(true);
            }
        }
        add_to_weak_set(&data.negative_cache, subclass)?;
        Ok(false)
    }
}
