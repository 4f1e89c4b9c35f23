//! `moduleobject.h`, `modsupport.h`: modules and what an extension puts into them.

use core::ptr;

use taipan_runtime::types::module;
use taipan_runtime::types::type_;

use crate::support::*;

fn module_of<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Module>> {
    object.downcast_borrowed().ok_or_else(|| raise!(TypeError, "expected a module, got {}", object.type_name()))
}

// SAFETY of all of these: C passes live objects, C strings, and tables that end as they have to.
capi! {
    fn PyModuleDef_Init(definition: *mut PyModuleDef) -> *mut PyObject {
        unsafe { module::init_def_raw(definition) }
    }

    fn PyModule_NewObject(name: Borrowed<'_, Object>) -> PyResult<Ref<Module>> {
        match name.downcast::<Str>() {
            Some(name) => Module::with_name(name),
            None => Err(bad_internal_call()),
        }
    }

    fn PyModule_New(name: *const c_char) -> PyResult<Ref<Module>> {
        Module::with_name(unsafe { string(name)? }.borrow())
    }

    fn PyModule_Create2(definition: *mut PyModuleDef, version: c_int) -> PyResult<Ref<Module>> {
        unsafe {
            check_version(&lossy((*definition).m_name), version)?;
            module::create_single_phase(definition)
        }
    }

    fn PyModule_FromDefAndSpec2(
        definition: *mut PyModuleDef,
        spec: Borrowed<'_, Object>,
        version: c_int,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            check_version(&lossy((*definition).m_name), version)?;
            module::module_from_def(definition, spec)
        }
    }

    fn PyModule_ExecDef(module: Borrowed<'_, Module>, definition: *mut PyModuleDef) -> PyResult<()> {
        module::exec_def(&module, definition)
    }

    fn PyModule_AddFunctions(object: Borrowed<'_, Object>, functions: *mut PyMethodDef) -> PyResult<()> {
        let name = module_of(object)?.name()?;
        unsafe { module::add_functions(&object, functions, name.borrow()) }
    }

    fn PyModule_SetDocString(object: Borrowed<'_, Object>, doc: *const c_char) -> PyResult<()> {
        let doc = unsafe { string(doc)? };
        object.setattr(id!("__doc__"), doc.as_borrowed())
    }

    fn PyModule_GetDict(object: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        // The module keeps its dict.
        Ok(expect::<Module>(object)?.dict().as_ptr())
    }

    fn PyModule_GetNameObject(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        object.downcast::<Module>().ok_or_else(bad_argument)?.name()
    }

    fn PyModule_GetName(object: Borrowed<'_, Object>) -> PyResult<*const c_char> {
        let name = object.downcast::<Module>().ok_or_else(bad_argument)?.name()?;
        Ok(name.as_utf8()?.as_ptr().cast())
    }

    fn PyModule_GetFilenameObject(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        file_of(object)
    }

    fn PyModule_GetFilename(object: Borrowed<'_, Object>) -> PyResult<*const c_char> {
        Ok(file_of(object)?.as_utf8()?.as_ptr().cast())
    }

    fn PyModule_GetDef(object: Borrowed<'_, Object>) -> PyResult<*mut PyModuleDef> {
        Ok(object.downcast::<Module>().ok_or_else(bad_argument)?.def())
    }

    fn PyModule_GetState(object: Borrowed<'_, Object>) -> PyResult<*mut c_void> {
        Ok(object.downcast::<Module>().ok_or_else(bad_argument)?.state())
    }

    fn PyModule_AddObjectRef(object: Borrowed<'_, Object>, name: *const c_char, value: Nullable<'_>) -> PyResult<()> {
        unsafe { add(object, name, value, "PyModule_AddObjectRef") }
    }

    fn PyModule_Add(object: Borrowed<'_, Object>, name: *const c_char, value: *mut PyObject) -> PyResult<()> {
        unsafe {
            let value = stolen(value);
            add(object, name, value.as_ref().map(Ref::borrow), "PyModule_Add")
        }
    }

    fn PyModule_AddObject(object: Borrowed<'_, Object>, name: *const c_char, value: *mut PyObject) -> PyResult<()> {
        unsafe {
            add(object, name, Borrowed::from_ptr_or_null(value), "PyModule_AddObject")?;
            // The reference is given away only where this succeeds.
            drop(stolen(value));
        }
        Ok(())
    }

    fn PyModule_AddIntConstant(object: Borrowed<'_, Object>, name: *const c_char, value: c_long) -> PyResult<()> {
        let value = Int::from_i64(value)?;
        unsafe { add(object, name, Some(value.as_borrowed()), "PyModule_AddIntConstant") }
    }

    fn PyModule_AddStringConstant(
        object: Borrowed<'_, Object>,
        name: *const c_char,
        value: *const c_char,
    ) -> PyResult<()> {
        unsafe {
            let value = string(value)?;
            add(object, name, Some(value.as_borrowed()), "PyModule_AddStringConstant")
        }
    }

    fn PyModule_AddType(object: Borrowed<'_, Object>, ty: *mut PyTypeObject) -> PyResult<()> {
        unsafe {
            type_::ready(ty)?;
            let name = type_::raw::short_name(ty).as_ptr();
            add(object, name.cast(), Some(class(ty).upcast()), "PyModule_AddType")
        }
    }

    fn PyUnstable_Module_SetGIL(_module: *mut PyObject, _gil: *mut c_void) -> c_int {
        0
    }

    fn PyState_FindModule(definition: *mut PyModuleDef) -> *mut PyObject {
        unsafe {
            if !(*definition).m_slots.is_null() {
                return ptr::null_mut();
            }
            module::find_by_index(definition).map_or(ptr::null_mut(), |module| module.as_ptr())
        }
    }

    fn PyState_AddModule(module: Nullable<'_>, definition: *mut PyModuleDef) -> PyResult<()> {
        unsafe {
            if definition.is_null() {
                taipan_runtime::thread::fatal("PyState_AddModule", "module definition is NULL");
            }
            if !(*definition).m_slots.is_null() {
                return Err(raise!(SystemError, "PyState_AddModule called on module with slots"));
            }
            let Some(module) = module else { return Err(bad_internal_call()) };
            if module::find_by_index(definition).is_some_and(|found| found.is(&module)) {
                taipan_runtime::thread::fatal("PyState_AddModule", "module already added");
            }
            module::remember_by_index(&module, definition)
        }
    }

    fn _PyState_AddModule(
        _thread: *mut PyThreadState,
        module: Borrowed<'_, Object>,
        definition: *mut PyModuleDef,
    ) -> PyResult<()> {
        unsafe { module::remember_by_index(&module, definition) }
    }

    fn PyState_RemoveModule(definition: *mut PyModuleDef) -> PyResult<()> {
        unsafe {
            if !(*definition).m_slots.is_null() {
                return Err(raise!(SystemError, "PyState_RemoveModule called on module with slots"));
            }
            if module::find_by_index(definition).is_none() {
                taipan_runtime::thread::fatal("PyState_RemoveModule", "Module index out of bounds.");
            }
            module::remember_by_index(&none(), definition)
        }
    }
}

fn bad_argument() -> Raised {
    raise!(TypeError, "bad argument type for built-in operation")
}

fn file_of(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let module = object.downcast::<Module>().ok_or_else(bad_argument)?;
    match module.dict().get_str(id!("__file__")).map(Ref::into_downcast::<Str>) {
        Some(Ok(file)) => Ok(file),
        _ => Err(raise!(SystemError, "module filename missing")),
    }
}

/// Sets `module.name`. NULL is an error that the caller should have seen.
unsafe fn add(object: Borrowed<'_, Object>, text: *const c_char, value: Nullable<'_>, function: &str) -> PyResult<()> {
    let Some(module) = object.downcast::<Module>() else {
        return Err(raise!(TypeError, "{function}() first argument must be a module"));
    };
    let Some(value) = value else {
        if Raised::is_set() {
            return Err(Raised::assume_set());
        }
        return Err(raise!(SystemError, "{function}() must be called with an exception raised if value is NULL"));
    };
    // SAFETY: by contract of the callers.
    let name = unsafe { name(text)? };
    module.dict().set_str(name.borrow(), value)
}

/// A module that was compiled for another version of the interface works or does not: CPython warns and goes on.
fn check_version(name: &str, version: c_int) -> PyResult<()> {
    if version == PYTHON_API_VERSION || version == PYTHON_ABI_VERSION {
        return Ok(());
    }
    taipan_runtime::modules::warnings::warn(
        taipan_runtime::types::exceptions::RuntimeWarning::type_object(),
        &format!(
            "Python C API version mismatch for module {name:.100}: This Python has API version {PYTHON_API_VERSION}, module \
             {name:.100} has version {version}."
        ),
        1,
    )
}
