//! `_thread._local`: attributes that each thread sees its own of.
//!
//! A thread's dict stands in the thread state's table under the object's number, and goes with the thread. An object
//! that goes takes its dicts out of all tables. The dicts are not visible to the collector, so a cycle through one lasts
//! until its thread ends.

use core::cell::Cell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::abi::{PyObject, PyTypeObject, initproc};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread::{self, Slot};

/// Thread-local data.
#[repr(C)]
pub struct Local {
    ob_base: PyObject,
    /// What makes this object's dicts known in the tables.
    key: Cell<u64>,
    args: Cell<*mut PyObject>,
    kwargs: Cell<*mut PyObject>,
    weaklist: Cell<*mut PyObject>,
}

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

#[pytype(name = "_local", module = "_thread", gc, basetype, weaklistoffset = offset_of!(Local, weaklist))]
impl Local {
    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Local) {
        // SAFETY: the object has no count left. A subclass's own deallocation calls this and drops the class.
        unsafe {
            memory::gc_untrack(this.cast());
            crate::types::weakref::clear_references(this.cast());
            remove_dicts((*this).key.get());
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
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Local>) {
        Slot::of(&this.args).set(None);
        Slot::of(&this.kwargs).set(None);
        remove_dicts(this.key.get());
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
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        };
        let dict = this.own_dict()?;
        if name.eq_str("__dict__") {
            return Err(crate::types::exceptions::raise_attribute_error(
                &format!("'{}' object attribute '__dict__' is read-only", this.type_name()),
                this.as_borrowed(),
                name.upcast(),
            ));
        }
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
        this.key.set(NEXT_KEY.fetch_add(1, Ordering::Relaxed));
        Slot::of(&this.args).set(Ref::from_borrowed_ptr_or_null(args));
        Slot::of(&this.kwargs).set(Ref::from_borrowed_ptr_or_null(kwargs));
        // The making thread's dict is there at once: `__init__` runs for it as for any object.
        if create_dict(this.key.get()).is_err() {
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

/// The table of the current thread: numbers of objects to dicts.
fn table() -> PyResult<Ref<Dict>> {
    let slot = Slot::of(&thread::current().threading_local_key);
    // SAFETY: only a dict is put there.
    if let Some(table) = unsafe { slot.get_as::<Dict>() } {
        return Ok(table);
    }
    let table = Dict::new()?;
    slot.set(Some(table.clone().into_object()));
    Ok(table)
}

fn create_dict(key: u64) -> PyResult<Ref<Dict>> {
    let dict = Dict::new()?;
    table()?.set_item(Int::from_u64(key)?.as_borrowed(), dict.as_borrowed())?;
    Ok(dict)
}

impl Ref<Local> {
    /// This thread's dict. A new one is filled by `__init__` where a subclass has that.
    fn own_dict(&self) -> PyResult<Ref<Dict>> {
        let key = Int::from_u64(self.key.get())?;
        if let Some(dict) = table()?.get(key.as_borrowed())?
            && let Ok(dict) = dict.into_downcast::<Dict>()
        {
            return Ok(dict);
        }
        let dict = create_dict(self.key.get())?;
        // SAFETY: the slot's convention: a tuple, and a dict or null.
        unsafe {
            if let Some(init) = init_of(self.type_ptr()) {
                let args = Slot::of(&self.args).get().unwrap_or_else(|| Tuple::empty().into_object());
                let kwargs = Slot::of(&self.kwargs).get();
                let kwargs = kwargs.as_ref().map_or(core::ptr::null_mut(), Ref::as_ptr);
                if init(self.as_ptr(), args.as_ptr(), kwargs) < 0 {
                    let raised = crate::object::protocol::attr::missing_exception_checked().take();
                    // The next access starts anew.
                    if let Err(raised) = table().and_then(|table| table.del_item(key.as_borrowed())) {
                        raised.clear();
                    }
                    return Err(Raised::restore(raised));
                }
            }
        }
        Ok(dict)
    }
}

/// Takes the dicts of an object that goes out of every thread's table.
fn remove_dicts(key: u64) {
    let saved = Raised::take_if_set();
    let mut tables: Vec<Ref<Dict>> = Vec::new();
    thread::interpreter().for_each_thread(|state| {
        // SAFETY: linked states are live, and the field holds a dict or nothing.
        if let Some(table) = unsafe { Slot::of(&(*state).threading_local_key).get_as::<Dict>() } {
            tables.push(table);
        }
    });
    match Int::from_u64(key) {
        Ok(key) => {
            for table in tables {
                let outcome = table
                    .contains(key.as_borrowed())
                    .and_then(|found| if found { table.del_item(key.as_borrowed()) } else { Ok(()) });
                if let Err(raised) = outcome {
                    raised.clear();
                }
            }
        }
        Err(raised) => raised.clear(),
    }
    if let Some(saved) = saved {
        let _raised = Raised::restore(saved);
    }
}
