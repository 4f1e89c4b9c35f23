//! `_thread._local`: attributes that each thread sees its own of.
//!
//! The object owns a dict for each thread that has used it, so the collector sees them. A thread that ends takes its dicts
//! out of all objects, which stand in a registry for that.

use core::cell::{Cell, RefCell};
use core::mem::offset_of;
use std::collections::HashSet;

use crate::abi::{PyObject, PyTypeObject, initproc};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread::{self, Slot};

/// Thread-local data.
#[repr(C)]
pub struct Local {
    ob_base: PyObject,
    /// The dicts with the numbers of their threads' states; null until the first one.
    dicts: Cell<*mut Vec<(u64, Ref<Dict>)>>,
    args: Cell<*mut PyObject>,
    kwargs: Cell<*mut PyObject>,
    weaklist: Cell<*mut PyObject>,
}

/// All objects that have dicts, by address.
struct Registry(RefCell<Option<HashSet<usize>>>);
// SAFETY: the GIL guards it, and no Python code runs while it is borrowed.
unsafe impl Sync for Registry {}
static REGISTRY: Registry = Registry(RefCell::new(None));

fn register(this: &Local, on: bool) {
    let address = core::ptr::from_ref(this) as usize;
    let mut registry = REGISTRY.0.borrow_mut();
    let set = registry.get_or_insert_with(HashSet::new);
    if on {
        set.insert(address);
    } else {
        set.remove(&address);
    }
}

/// A thread ends: its dicts go.
pub fn forget_thread(id: u64) {
    let mut gone: Vec<Ref<Dict>> = Vec::new();
    if let Some(set) = REGISTRY.0.borrow().as_ref() {
        for &address in set {
            // SAFETY: objects leave the registry before they go.
            if let Some(dicts) = unsafe { (*(address as *const Local)).dicts.get().as_mut() }
                && let Some(place) = dicts.iter().position(|(thread, _)| *thread == id)
            {
                gone.push(dicts.swap_remove(place).1);
            }
        }
    }
    drop(gone);
}

impl Local {
    /// Takes all dicts out, so that they can be dropped when nothing is borrowed.
    fn take_dicts(&self) -> Vec<(u64, Ref<Dict>)> {
        let dicts = self.dicts.replace(core::ptr::null_mut());
        if dicts.is_null() {
            return Vec::new();
        }
        register(self, false);
        // SAFETY: made by `create_dict`.
        *unsafe { Box::from_raw(dicts) }
    }
}

#[pytype(name = "_local", module = "_thread", text_signature = "()", gc, basetype, weaklistoffset = offset_of!(Local, weaklist), heap, basicsize = 56)]
impl Local {
    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Local) {
        // SAFETY: the object has no count left. A subclass's own deallocation calls this and drops the class.
        unsafe {
            memory::gc_untrack(this.cast());
            crate::types::weakref::clear_references(this.cast());
            drop((*this).take_dicts());
            Slot::of(&(*this).args).set(None);
            Slot::of(&(*this).kwargs).set(None);
            if let Some(free) = (*(*this).ob_base.ob_type.get()).tp_free.get() {
                free(this.cast());
            }
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Local, visit: &mut Visitor) {
        visit.object(this.args.get());
        visit.object(this.kwargs.get());
        // SAFETY: null or the object's own.
        if let Some(dicts) = unsafe { this.dicts.get().as_ref() } {
            dicts.iter().for_each(|(_, dict)| visit.object(dict.as_ptr().cast::<PyObject>()));
        }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Local>) {
        Slot::of(&this.args).set(None);
        Slot::of(&this.kwargs).set(None);
        drop(this.take_dicts());
    }

    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Local>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        };
        let dict = this.own_dict()?;
        if name.eq_str("__dict__") {
            return Ok(dict.into_object());
        }
        // The general lookup, with the thread's dict in place of the instance's.
        let class = this.type_of();
        let found = class.lookup(name);
        if let Some(found) = &found
            && found.type_of().tp_descr_set.get().is_some()
            && found.type_of().tp_descr_get.get().is_some()
        {
            return found.bind(Some(this.as_borrowed()), class.upcast());
        }
        if let Some(value) = dict.get(name.upcast())? {
            return Ok(value);
        }
        match found {
            Some(found) => found.bind(Some(this.as_borrowed()), class.upcast()),
            None => Err(crate::object::protocol::attr::no_attribute(this.as_object(), name.upcast())),
        }
    }

    #[slot(tp_setattro)]
    fn setattro(this: &Ref<Local>, name: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let dict = this.own_dict()?;
        if name.equals(id!("__dict__").upcast())? {
            return Err(crate::types::exceptions::raise_attribute_error(
                &format!("'{}' object attribute '__dict__' is read-only", this.type_name()),
                this.as_borrowed(),
                name,
            ));
        }
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        };
        if let Some(found) = this.type_of().lookup(name)
            && let Some(set) = found.type_of().tp_descr_set.get()
        {
            let value = value.map_or(core::ptr::null_mut(), |value| value.as_ptr());
            // SAFETY: the slot takes live objects; null deletes.
            return unsafe { crate::object::protocol::attr::from_status(set(found.as_ptr(), this.as_ptr(), value)) };
        }
        match value {
            Some(value) => dict.set_item(name, value),
            None => {
                if !dict.contains(name.upcast())? {
                    return Err(crate::object::protocol::attr::no_attribute(this.as_object(), name.upcast()));
                }
                dict.del_item(name.upcast())
            }
        }
    }
}

unsafe extern "C" fn new(class: *mut PyTypeObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: the slot's convention.
    unsafe {
        let plain_init = init_of(class).is_none();
        let given = !Borrowed::<Tuple>::from_ptr(args).is_empty()
            || (!kwargs.is_null() && !Borrowed::<Dict>::from_ptr(kwargs).is_empty());
        if plain_init && given {
            return raise!(TypeError, "Initialization arguments are not supported").into_null();
        }
        let object = match (*class).tp_alloc.get() {
            Some(alloc) => alloc(class, 0),
            None => memory::generic_alloc(class, 0),
        };
        if object.is_null() {
            return object;
        }
        let this = &*object.cast::<Local>();
        Slot::of(&this.args).set(Ref::from_borrowed_ptr_or_null(args));
        Slot::of(&this.kwargs).set(Ref::from_borrowed_ptr_or_null(kwargs));
        // The making thread's dict is there at once: `__init__` runs for it as for any object.
        if this.create_dict().is_err() {
            header::decref(object);
            return core::ptr::null_mut();
        }
        object
    }
}

/// `__init__` of a subclass that defines one.
unsafe fn init_of(class: *mut PyTypeObject) -> Option<initproc> {
    // SAFETY: live types.
    unsafe {
        let own = (*class).tp_init.get()?;
        let plain = (*Object::TYPE).tp_init.get()?;
        if own as usize == plain as usize { None } else { Some(own) }
    }
}

impl Local {
    /// This thread's dict, if there is one.
    fn find_dict(&self) -> Option<Ref<Dict>> {
        let id = thread::current().id.get();
        // SAFETY: null or the object's own.
        let dicts = unsafe { self.dicts.get().as_ref() }?;
        dicts.iter().find(|(thread, _)| *thread == id).map(|(_, dict)| dict.clone())
    }

    fn create_dict(&self) -> PyResult<Ref<Dict>> {
        let dict = Dict::new()?;
        if self.dicts.get().is_null() {
            self.dicts.set(Box::into_raw(Box::default()));
            register(self, true);
        }
        // SAFETY: the object's own.
        let dicts = unsafe { &mut *self.dicts.get() };
        if dicts.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        dicts.push((thread::current().id.get(), dict.clone()));
        Ok(dict)
    }

    fn drop_dict(&self) {
        let id = thread::current().id.get();
        // SAFETY: null or the object's own.
        let dicts = unsafe { self.dicts.get().as_mut() };
        let gone = dicts.and_then(|dicts| {
            let place = dicts.iter().position(|(thread, _)| *thread == id)?;
            Some(dicts.swap_remove(place))
        });
        drop(gone);
    }
}

impl Ref<Local> {
    /// This thread's dict. A new one is filled by `__init__` where a subclass has that.
    fn own_dict(&self) -> PyResult<Ref<Dict>> {
        if let Some(dict) = self.find_dict() {
            return Ok(dict);
        }
        let dict = self.create_dict()?;
        // SAFETY: the slot's convention: a tuple, and a dict or null.
        unsafe {
            if let Some(init) = init_of(self.type_ptr()) {
                let args = Slot::of(&self.args).get().unwrap_or_else(|| Tuple::empty().into_object());
                let kwargs = Slot::of(&self.kwargs).get();
                let kwargs = kwargs.as_ref().map_or(core::ptr::null_mut(), Ref::as_ptr);
                if init(self.as_ptr(), args.as_ptr(), kwargs) < 0 {
                    let raised = crate::object::protocol::attr::missing_exception_checked().take();
                    // The next access starts anew.
                    self.drop_dict();
                    return Err(Raised::restore(raised));
                }
            }
        }
        Ok(dict)
    }
}
