//! `module`: a namespace with a name, and for native modules a definition and a state.
//!
//! **Invariant:** `md_dict` is a dict from creation to deallocation. CPython: `Objects/moduleobject.c`.

use core::mem::offset_of;
use core::ptr;

mod attr;
mod definition;

use crate::abi::{PyModuleObject, PyTypeObject};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread::Slot;

pub(crate) use attr::lookup;
pub use attr::{is_initializing, is_possibly_shadowing, spec_origin};
pub use definition::{
    ModuleDef, PackageContext, add_functions, create_single_phase, exec_def, find_by_index, from_init_result,
    init_def_raw, is_definition, module_from_def, remember_by_index,
};

/// A module.
#[repr(transparent)]
pub struct Module(pub(crate) PyModuleObject);

#[pytype(
    name = "module",
    export = "PyModule_Type",
    gc,
    basetype,
    weaklistoffset = offset_of!(PyModuleObject, md_weaklist),
    dictoffset = offset_of!(PyModuleObject, md_dict)
)]
impl Module {
    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new_raw;

    #[init(signature = "(name, doc=None)")]
    fn init(this: &Ref<Module>, name: Borrowed<'_, Str>, doc: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        initialize(this, name, doc.map_or_else(none, |doc| doc.to_owned()))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Module) {
        // SAFETY: the object has no count left.
        unsafe {
            memory::gc_untrack(this.cast());
            crate::types::weakref::clear_references(this.cast());
            let module = &(*this).0;
            let definition = module.md_def.get();
            if !definition.is_null()
                && let Some(free) = (*definition).m_free
                && ((*definition).m_size <= 0 || !module.md_state.get().is_null())
            {
                free(this.cast());
            }
            header::xdecref(module.md_dict.replace(ptr::null_mut()));
            header::xdecref(module.md_name.replace(ptr::null_mut()));
            libc::free(module.md_state.replace(ptr::null_mut()));
            if let Some(free) = (*module.ob_base.ob_type.get()).tp_free.get() {
                free(this.cast());
            }
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Module, visit: &mut Visitor) {
        let definition = this.0.md_def.get();
        // SAFETY: a definition lives as long as its modules; without its state, an extension's function is not called.
        unsafe {
            if !definition.is_null()
                && let Some(traverse) = (*definition).m_traverse
                && ((*definition).m_size <= 0 || !this.0.md_state.get().is_null())
            {
                let (function, arg) = visit.visit_raw();
                visit.merge(traverse((&raw const *this).cast_mut().cast(), function, arg));
            }
        }
        visit.object(this.0.md_dict.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Module>) -> PyResult<()> {
        let definition = this.0.md_def.get();
        // SAFETY: as in `traverse`. The field stays a dict until deallocation. Functions may still use the dict, so it is
        // not emptied here: as part of a cycle it is cleared for itself.
        unsafe {
            if !definition.is_null()
                && let Some(clear) = (*definition).m_clear
                && ((*definition).m_size <= 0 || !this.0.md_state.get().is_null())
            {
                clear(this.as_ptr());
            }
        }
        Ok(())
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Module>) -> PyResult<Ref<Str>> {
        attr::repr(this)
    }

    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Module>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        attr::getattr(this, name)
    }

    #[method(name = "__dir__", signature = "($self, /)")]
    fn dir(this: &Ref<Module>) -> PyResult<Ref<Object>> {
        let dict = attr::dict_attr(this)?;
        if let Some(function) = dict.get_str(id!("__dir__")) {
            return function.call0();
        }
        Ok(List::from_vec(dict.items_snapshot()?.into_iter().map(|(key, _)| key).gather()?)?.into_object())
    }

    #[getter(name = "__annotations__")]
    fn annotations(this: &Ref<Module>) -> PyResult<Ref<Object>> {
        attr::annotations(this)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(this: &Ref<Module>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        attr::set_annotations(this, value)
    }

    #[getter(name = "__annotate__")]
    fn annotate(this: &Ref<Module>) -> PyResult<Ref<Object>> {
        let dict = attr::dict_attr(this)?;
        if let Some(annotate) = dict.get_str(id!("__annotate__")) {
            return Ok(annotate);
        }
        dict.set_str(id!("__annotate__"), none().borrow())?;
        Ok(none())
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(this: &Ref<Module>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(raise!(TypeError, "cannot delete __annotate__ attribute"));
        };
        let dict = attr::dict_attr(this)?;
        if !value.is_none() && !value.is_callable() {
            return Err(raise!(TypeError, "__annotate__ must be callable or None"));
        }
        dict.set_str(id!("__annotate__"), value)?;
        if !value.is_none() && dict.get_str(id!("__annotations__")).is_some() {
            dict.del_item(id!("__annotations__").upcast())?;
        }
        Ok(())
    }

    #[member(name = "__dict__", kind = _Py_T_OBJECT, offset = offset_of!(PyModuleObject, md_dict), readonly)]
    const _DICT: () = ();
}

unsafe extern "C" fn new_raw(
    class: *mut PyTypeObject,
    _args: *mut crate::abi::PyObject,
    _kwargs: *mut crate::abi::PyObject,
) -> *mut crate::abi::PyObject {
    // SAFETY: the slot's convention.
    unsafe { allocate(class).map_or_else(Raised::into_null, Ref::into_ptr) }
}

/// A module with an empty dict.
///
/// # Safety
/// `class` is `module` or a subtype.
unsafe fn allocate(class: *mut PyTypeObject) -> PyResult<Ref<Module>> {
    // SAFETY: by contract; `tp_alloc` gives zeroed memory. The dict is made first, so that no module is without one.
    unsafe {
        let dict = Dict::new()?;
        let object = match (*class).tp_alloc.get() {
            Some(alloc) => alloc(class, 0),
            None => memory::generic_alloc(class, 0),
        };
        let module: Ref<Module> = crate::object::protocol::attr::from_result(object)?;
        Slot::of(&module.0.md_dict).set(Some(dict.into_object()));
        Ok(module)
    }
}

/// Gives the dict the names that every module has.
fn initialize(module: &Ref<Module>, name: Borrowed<'_, Str>, doc: Ref<Object>) -> PyResult<()> {
    let dict = module.dict();
    dict.set_str(id!("__name__"), name.upcast())?;
    dict.set_str(id!("__doc__"), doc.borrow())?;
    dict.set_str(id!("__package__"), none().borrow())?;
    dict.set_str(id!("__loader__"), none().borrow())?;
    dict.set_str(id!("__spec__"), none().borrow())?;
    Slot::of(&module.0.md_name).set(Some(name.upcast().to_owned()));
    Ok(())
}

/// What [`Ref<Module>::add`] takes as a value.
pub trait ModuleValue {
    fn with_object<R>(self, body: impl FnOnce(Borrowed<'_, Object>) -> R) -> R;
}

impl<T> ModuleValue for Ref<T> {
    fn with_object<R>(self, body: impl FnOnce(Borrowed<'_, Object>) -> R) -> R {
        body(self.as_borrowed())
    }
}

impl<T> ModuleValue for &Ref<T> {
    fn with_object<R>(self, body: impl FnOnce(Borrowed<'_, Object>) -> R) -> R {
        body(self.as_borrowed())
    }
}

impl<T> ModuleValue for Borrowed<'_, T> {
    fn with_object<R>(self, body: impl FnOnce(Borrowed<'_, Object>) -> R) -> R {
        body(self.upcast())
    }
}

impl Module {
    /// A new module with this name (`PyModule_New`).
    pub fn new(name: &str) -> PyResult<Ref<Module>> {
        Module::with_name(Str::from_utf8_str(name)?.borrow())
    }

    /// As [`Module::new`] with a name that is an object (`PyModule_NewObject`).
    pub fn with_name(name: Borrowed<'_, Str>) -> PyResult<Ref<Module>> {
        // SAFETY: the type itself.
        let module = unsafe { allocate(Module::TYPE)? };
        initialize(&module, name, none())?;
        Ok(module)
    }
}

impl Ref<Module> {
    /// The module's dict.
    pub fn dict(&self) -> Ref<Dict> {
        match self.try_dict() {
            Some(dict) => dict,
            None => crate::thread::fatal("", "module without a dict"),
        }
    }

    fn try_dict(&self) -> Option<Ref<Dict>> {
        // SAFETY: only a dict is put there.
        unsafe { Slot::of(&self.0.md_dict).get_as::<Dict>() }
    }

    /// `__name__`; SystemError where it is no string (`PyModule_GetNameObject`).
    pub fn name(&self) -> PyResult<Ref<Str>> {
        match self.dict().get_str(id!("__name__")).map(Ref::into_downcast::<Str>) {
            Some(Ok(name)) => Ok(name),
            _ => Err(raise!(SystemError, "nameless module")),
        }
    }

    /// Sets `module.name`.
    pub fn add(&self, name: &str, value: impl ModuleValue) -> PyResult<()> {
        let name = Str::intern(Str::from_utf8_str(name)?);
        value.with_object(|value| self.dict().set_str(name.borrow(), value))
    }

    /// Makes the type ready and sets it under the last part of its name.
    pub fn add_type<T: PyLayout>(&self) -> PyResult<()> {
        crate::types::type_::ready_static::<T>()?;
        let name = T::NAME.rsplit('.').next().unwrap_or(T::NAME);
        self.add(name, T::type_object())
    }

    /// The same for a type made at run time.
    pub fn add_class(&self, class: &Ref<Type>) -> PyResult<()> {
        let name = class.name();
        self.add(name.rsplit('.').next().unwrap_or(&name), class)
    }

    /// The state of a module whose definition says `state_size = size_of::<T>()`; null before it is allocated.
    pub fn state<T>(&self) -> *mut T {
        self.0.md_state.get().cast()
    }

    /// Whether the state exists: a module with one was executed.
    pub fn has_state(&self) -> bool {
        !self.0.md_state.get().is_null()
    }

    /// Says which definition the module was made from.
    pub(crate) fn set_def(&self, definition: *mut crate::abi::PyModuleDef) {
        self.0.md_def.set(definition);
    }

    /// The definition, null for a module made from Python.
    pub fn def(&self) -> *mut crate::abi::PyModuleDef {
        self.0.md_def.get()
    }
}
