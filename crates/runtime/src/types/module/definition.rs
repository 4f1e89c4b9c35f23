//! Native modules: from a `PyModuleDef` to a module, in one phase or several.
//!
//! Multi-phase (PEP 489): the init function hands out the definition, [`module_from_def`] makes the module by its create
//! slot or plainly, [`exec_def`] runs the exec slots. Single-phase: the init function makes the module itself.

#![allow(non_upper_case_globals)]

use core::cell::Cell;
use core::ptr;

use super::Module;
use crate::abi::{
    METH_CLASS, METH_STATIC, Py_mod_create, Py_mod_exec, Py_mod_gil, Py_mod_multiple_interpreters, PyMethodDef,
    PyModuleDef, PyObject,
};
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::builtin_function::CFunction;

/// The type of definitions.
#[repr(transparent)]
pub struct ModuleDef(pub(crate) PyModuleDef);

#[pytype(name = "moduledef", export = "PyModuleDef_Type")]
impl ModuleDef {}

/// A cell of state that the GIL guards.
struct Guarded<T>(Cell<T>);
// SAFETY: only the holder of the GIL touches it.
unsafe impl<T> Sync for Guarded<T> {}

static NEXT_INDEX: Guarded<isize> = Guarded(Cell::new(1));

/// The full name of the extension module whose single-phase init function is running, with the last part that it will
/// claim as its own name.
static PACKAGE_CONTEXT: Slot = Slot::new();

/// While it lives, a single-phase module that calls itself by the last part of the name gets the full one.
pub struct PackageContext(Option<Ref<Object>>);

impl PackageContext {
    /// `full` is the name to give; nothing is done where it has no package part.
    pub fn enter(full: &str, last: &str) -> PackageContext {
        let name = if full == last { None } else { Str::from_utf8_str(full).ok() };
        if name.is_none() && full != last {
            drop(Raised::take_if_set());
        }
        PackageContext(PACKAGE_CONTEXT.replace(name.map(Ref::into_object)))
    }
}

impl PackageContext {
    /// The context of an extension by its full name.
    pub fn of(full: &str) -> PackageContext {
        PackageContext::enter(full, full.rsplit('.').next().unwrap_or(full))
    }
}

impl Drop for PackageContext {
    fn drop(&mut self) {
        PACKAGE_CONTEXT.set(self.0.take());
    }
}

/// Makes a definition an object and gives it (`PyModuleDef_Init`).
///
/// # Safety
/// `definition` is a static definition.
pub unsafe fn init_def_raw(definition: *mut PyModuleDef) -> *mut PyObject {
    // SAFETY: by contract. A type of null marks a definition that was not used yet.
    unsafe {
        if (*definition).m_base.m_index.get() == 0 {
            if let Err(raised) = crate::types::type_::ready_static::<ModuleDef>() {
                return raised.into_null();
            }
            let index = NEXT_INDEX.0.get();
            NEXT_INDEX.0.set(index + 1);
            (*definition).m_base.ob_base.ob_type.set(ModuleDef::TYPE);
            (*definition).m_base.m_index.set(index);
        }
        definition.cast()
    }
}

unsafe fn c_text(text: *const c_char) -> String {
    // SAFETY: a C string by contract of the callers.
    unsafe { CStr::from_ptr(text).to_string_lossy().into_owned() }
}

/// The slots of a definition.
unsafe fn slots(definition: *mut PyModuleDef) -> impl Iterator<Item = (c_int, *mut c_void)> {
    // SAFETY: by contract of the callers.
    let mut slot = unsafe { (*definition).m_slots };
    core::iter::from_fn(move || {
        // SAFETY: the table ends with a slot number of 0.
        unsafe {
            if slot.is_null() || (*slot).slot == 0 {
                return None;
            }
            let item = ((*slot).slot, (*slot).value);
            slot = slot.add(1);
            Some(item)
        }
    })
}

/// Makes the module of a multi-phase definition for `spec` (`PyModule_FromDefAndSpec2`). The result is a module unless
/// the definition's create slot made something else.
///
/// # Safety
/// `definition` is a valid definition, as an init function gives it.
pub unsafe fn module_from_def(definition: *mut PyModuleDef, spec: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe {
        init_def_raw(definition);
        let name = match spec.getattr(id!("name"))?.into_downcast::<Str>() {
            Ok(name) => name,
            Err(_) => return Err(raise!(SystemError, "nameless module")),
        };
        let shown = name.to_display();
        if (*definition).m_size < 0 {
            return Err(raise!(
                SystemError,
                "module {shown}: m_size may not be negative for multi-phase initialization"
            ));
        }
        let mut create: Option<unsafe extern "C" fn(*mut PyObject, *mut PyModuleDef) -> *mut PyObject> = None;
        let (mut has_exec, mut has_interpreters, mut has_gil) = (false, false, false);
        for (slot, value) in slots(definition) {
            match slot {
                Py_mod_create => {
                    if create.is_some() {
                        return Err(raise!(SystemError, "module {shown} has multiple create slots"));
                    }
                    create = core::mem::transmute::<
                        *mut c_void,
                        Option<unsafe extern "C" fn(*mut PyObject, *mut PyModuleDef) -> *mut PyObject>,
                    >(value);
                }
                Py_mod_exec => has_exec = true,
                Py_mod_multiple_interpreters => {
                    if has_interpreters {
                        return Err(raise!(
                            SystemError,
                            "module {shown} has more than one 'multiple interpreters' slots"
                        ));
                    }
                    has_interpreters = true;
                }
                Py_mod_gil => {
                    if has_gil {
                        return Err(raise!(SystemError, "module {shown} has more than one 'gil' slot"));
                    }
                    has_gil = true;
                }
                _ => return Err(raise!(SystemError, "module {shown} uses unknown slot ID {slot}")),
            }
        }
        let object: Ref<Object> = match create {
            Some(create) => {
                let result = create(spec.as_ptr(), definition);
                if result.is_null() {
                    if !Raised::is_set() {
                        return Err(raise!(
                            SystemError,
                            "creation of module {shown} failed without setting an exception"
                        ));
                    }
                    return Err(Raised::assume_set());
                }
                let object = Ref::from_owned_ptr(result);
                if Raised::is_set() {
                    return Err(crate::types::exceptions::format_from_cause::<crate::types::exceptions::SystemError>(
                        Raised::assume_set(),
                        format_args!("creation of module {shown} raised unreported exception"),
                    ));
                }
                object
            }
            None => Module::with_name(name.borrow())?.into_object(),
        };
        match object.downcast::<Module>() {
            Some(module) => {
                module.0.md_state.set(ptr::null_mut());
                module.0.md_def.set(definition);
            }
            None => {
                if (*definition).m_size > 0
                    || (*definition).m_traverse.is_some()
                    || (*definition).m_clear.is_some()
                    || (*definition).m_free.is_some()
                {
                    return Err(raise!(
                        SystemError,
                        "module {shown} is not a module object, but requests module state"
                    ));
                }
                if has_exec {
                    return Err(raise!(
                        SystemError,
                        "module {shown} specifies execution slots, but did not create a ModuleType instance"
                    ));
                }
            }
        }
        add_functions(&object, (*definition).m_methods, name.borrow())?;
        set_doc(&object, definition, &shown)?;
        Ok(object)
    }
}

/// `__doc__` from the definition, or from the documentation data where the definition is one of ours.
unsafe fn set_doc(object: &Ref<Object>, definition: *mut PyModuleDef, name: &str) -> PyResult<()> {
    // SAFETY: by contract of the callers.
    let text = unsafe {
        match (*definition).m_doc {
            doc if !doc.is_null() => Some(c_text(doc)),
            _ => crate::types::descr::doc::find(name).map(str::to_owned),
        }
    };
    match text {
        Some(text) => object.setattr(id!("__doc__"), Str::from_utf8_str(&text)?.as_borrowed()),
        None => Ok(()),
    }
}

/// Adds a table of functions to a module (`PyModule_AddFunctions`).
///
/// # Safety
/// `methods` is null or a table that ends with a null name and lives for ever.
pub unsafe fn add_functions(module: &Ref<Object>, methods: *mut PyMethodDef, name: Borrowed<'_, Str>) -> PyResult<()> {
    let mut method = methods;
    // SAFETY: by contract.
    unsafe {
        while !method.is_null() && !(*method).ml_name.is_null() {
            if (*method).ml_flags & (METH_CLASS | METH_STATIC) != 0 {
                return Err(raise!(ValueError, "module functions cannot set METH_CLASS or METH_STATIC"));
            }
            let function = CFunction::new(&*method, Some(module.clone()), Some(name.upcast().to_owned()))?;
            let key = Str::intern(Str::from_utf8_str(&c_text((*method).ml_name))?);
            module.setattr(key.borrow(), function.as_borrowed())?;
            method = method.add(1);
        }
    }
    Ok(())
}

/// What an init function returned: a definition, of which a module for `spec` is made, or a module that it made itself.
///
/// # Safety
/// `result` is what the `PyInit_` function of the module `name` returned.
pub unsafe fn from_init_result(result: *mut PyObject, name: &str, spec: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe {
        if result.is_null() {
            if Raised::is_set() {
                return Err(Raised::assume_set());
            }
            return Err(raise!(SystemError, "initialization of {name} failed without raising an exception"));
        }
        if Raised::is_set() {
            return Err(crate::types::exceptions::format_from_cause::<crate::types::exceptions::SystemError>(
                Raised::assume_set(),
                format_args!("initialization of {name} raised unreported exception"),
            ));
        }
        if (*result).ob_type.get().is_null() {
            return Err(raise!(SystemError, "init function of {name} returned uninitialized object"));
        }
        if Borrowed::<Object>::from_ptr(result).is_instance_of::<ModuleDef>() {
            return module_from_def(result.cast(), spec);
        }
        let object: Ref<Object> = Ref::from_owned_ptr(result);
        let definition = object.downcast::<Module>().map_or(ptr::null_mut(), |module| module.0.md_def.get());
        if definition.is_null() {
            return Err(raise!(SystemError, "initialization of {name} did not return an extension module"));
        }
        remember_by_index(&object, definition)?;
        Ok(object)
    }
}

/// Files a module under the index of its definition, where `PyState_FindModule` looks.
pub unsafe fn remember_by_index(module: &Ref<Object>, definition: *mut PyModuleDef) -> PyResult<()> {
    let slot = &crate::thread::interpreter().modules_by_index;
    // SAFETY: only a list is put there; the definition is live.
    let (list, index) = unsafe { (slot.get_as::<List>(), (*definition).m_base.m_index.get()) };
    let list = match list {
        Some(list) => list,
        None => {
            let list = List::new()?;
            slot.set(Some(list.clone().into_object()));
            list
        }
    };
    let index = usize::try_from(index).unwrap_or(0);
    while list.len() <= index {
        list.push(none())?;
    }
    list.set(index, module.clone())
}

/// Whether an init function's result is a definition, for initialisation in several phases.
///
/// # Safety
/// `result` is what a `PyInit_` function returned.
pub unsafe fn is_definition(result: *mut PyObject) -> bool {
    // SAFETY: by contract; a definition that was not made an object has no type.
    unsafe {
        !result.is_null()
            && !(*result).ob_type.get().is_null()
            && Borrowed::<Object>::from_ptr(result).is_instance_of::<ModuleDef>()
    }
}

/// The module that was filed under the index of a definition (`PyState_FindModule`).
///
/// # Safety
/// `definition` is live.
pub unsafe fn find_by_index(definition: *mut PyModuleDef) -> Option<Ref<Object>> {
    // SAFETY: only a list is put there; the definition is live.
    let (list, index) = unsafe {
        (crate::thread::interpreter().modules_by_index.get_as::<List>()?, (*definition).m_base.m_index.get())
    };
    let index = usize::try_from(index).ok().filter(|&index| index > 0)?;
    list.get(index).filter(|module| !module.is_none())
}

/// Runs the exec slots of a module made by [`module_from_def`] (`PyModule_ExecDef`). `definition` is the definition that
/// `module` was made from.
pub fn exec_def(module: &Ref<Module>, definition: *mut PyModuleDef) -> PyResult<()> {
    let shown = module.name()?.to_display();
    // SAFETY: by contract.
    unsafe {
        allocate_state(module, definition)?;
        for (slot, value) in slots(definition) {
            if slot != Py_mod_exec {
                continue;
            }
            let exec = core::mem::transmute::<*mut c_void, Option<unsafe extern "C" fn(*mut PyObject) -> c_int>>(value);
            let Some(exec) = exec else { continue };
            let status = exec(module.as_ptr());
            if status != 0 {
                if !Raised::is_set() {
                    return Err(raise!(SystemError, "execution of module {shown} failed without setting an exception"));
                }
                return Err(Raised::assume_set());
            }
            if Raised::is_set() {
                return Err(crate::types::exceptions::format_from_cause::<crate::types::exceptions::SystemError>(
                    Raised::assume_set(),
                    format_args!("execution of module {shown} raised unreported exception"),
                ));
            }
        }
    }
    Ok(())
}

/// Gives the module the state that the definition asks for, zeroed.
unsafe fn allocate_state(module: &Ref<Module>, definition: *mut PyModuleDef) -> PyResult<()> {
    // SAFETY: by contract of the callers.
    unsafe {
        let size = (*definition).m_size;
        // There is one in any case: it tells that the module was executed.
        if size >= 0 && module.0.md_state.get().is_null() {
            let state = libc::calloc(1, (size as usize).max(1));
            if state.is_null() {
                return Err(Raised::no_memory());
            }
            module.0.md_state.set(state);
        }
    }
    Ok(())
}

/// Makes a module at once (`PyModule_Create2`).
///
/// # Safety
/// `definition` is a valid definition.
pub unsafe fn create_single_phase(definition: *mut PyModuleDef) -> PyResult<Ref<Module>> {
    // SAFETY: by contract.
    unsafe {
        init_def_raw(definition);
        let own_name = c_text((*definition).m_name);
        if !(*definition).m_slots.is_null() {
            return Err(raise!(SystemError, "module {own_name}: PyModule_Create is incompatible with m_slots"));
        }
        let own = Str::from_utf8_str(&own_name)?;
        // An extension inside a package knows only the last part of its name.
        let context = PACKAGE_CONTEXT.get_as::<Str>();
        let name = match context {
            Some(full) if full.to_display().rsplit('.').next() == Some(&own_name) => {
                PACKAGE_CONTEXT.set(None);
                full
            }
            _ => own,
        };
        let module = Module::with_name(name.borrow())?;
        allocate_state(&module, definition)?;
        add_functions(module.as_object(), (*definition).m_methods, name.borrow())?;
        set_doc(module.as_object(), definition, &name.to_display())?;
        module.0.md_def.set(definition);
        Ok(module)
    }
}
