//! `funcobject.h`. The getters give borrowed references, or NULL without an exception for what a function does not have.

use core::cell::Cell;
use core::ffi::c_int;

use taipan_runtime::abi::{PyFunction_WatchCallback, PyFunctionObject, PyObject, vectorcallfunc};
use taipan_runtime::prelude::*;
use taipan_runtime::types::function::WATCHERS;
use taipan_runtime::types::{Code, Function};

use crate::outcome::expect;

/// A field of a function, as C reads it.
fn field(
    function: Borrowed<'_, Object>,
    select: impl FnOnce(&PyFunctionObject) -> &Cell<*mut PyObject>,
) -> PyResult<*mut PyObject> {
    Ok(select(&expect::<Function>(function)?.0).get())
}

/// A value for a function's field: None means that there is none, and `T` is what it must be.
fn value<'a, T: PyLayout>(
    value: Borrowed<'a, Object>,
    wrong: impl FnOnce(&Ref<Object>) -> Raised,
) -> PyResult<Option<Borrowed<'a, Object>>> {
    match value.is_none() {
        true => Ok(None),
        false if value.is_instance_of::<T>() => Ok(Some(value)),
        false => Err(wrong(&value)),
    }
}

fn new(
    code: Borrowed<'_, Object>,
    globals: Borrowed<'_, Object>,
    qualname: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Function>> {
    let function = Function::from_code(&*expect::<Code>(code)?, expect::<Dict>(globals)?)?;
    if let Some(qualname) = qualname {
        function.as_object().setattr(id!("__qualname__"), qualname)?;
    }
    Ok(function)
}

capi! {
    fn PyFunction_New(code: Borrowed<'_, Object>, globals: Borrowed<'_, Object>) -> PyResult<Ref<Function>> { new(code, globals, None) }

    fn PyFunction_NewWithQualName(
        code: Borrowed<'_, Object>, globals: Borrowed<'_, Object>, qualname: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Function>> {
        new(code, globals, qualname)
    }

    fn PyFunction_GetCode(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_code) }
    fn PyFunction_GetGlobals(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_globals) }
    fn PyFunction_GetModule(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_module) }
    fn PyFunction_GetDefaults(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_defaults) }
    fn PyFunction_GetKwDefaults(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_kwdefaults) }
    fn PyFunction_GetClosure(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> { field(function, |raw| &raw.func_closure) }

    fn PyFunction_GetAnnotations(function: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        let raw = expect::<Function>(function)?;
        let nothing = |place: &Cell<*mut PyObject>| place.get().is_null() || place.get() == none().as_ptr();
        if nothing(&raw.0.func_annotations) && nothing(&raw.0.func_annotate) {
            return Ok(none().as_ptr());
        }
        // The function keeps the dict.
        Ok(function.getattr(id!("__annotations__"))?.as_ptr())
    }

    fn PyFunction_SetDefaults(function: Borrowed<'_, Object>, defaults: Borrowed<'_, Object>) -> PyResult<()> {
        let function = expect::<Function>(function)?;
        function.change_defaults(value::<Tuple>(defaults, |_| raise!(SystemError, "non-tuple default args"))?);
        Ok(())
    }

    fn PyFunction_SetKwDefaults(function: Borrowed<'_, Object>, defaults: Borrowed<'_, Object>) -> PyResult<()> {
        let function = expect::<Function>(function)?;
        function.change_kwdefaults(value::<Dict>(defaults, |_| raise!(SystemError, "non-dict keyword only default args"))?);
        Ok(())
    }

    fn PyFunction_SetClosure(function: Borrowed<'_, Object>, closure: Borrowed<'_, Object>) -> PyResult<()> {
        let function = expect::<Function>(function)?;
        function.change_closure(value::<Tuple>(closure, |other| {
            raise!(SystemError, "expected tuple for closure, got '{}'", other.type_name())
        })?);
        Ok(())
    }

    fn PyFunction_SetAnnotations(function: Borrowed<'_, Object>, annotations: Borrowed<'_, Object>) -> PyResult<()> {
        let function = expect::<Function>(function)?;
        function.change_annotations(value::<Dict>(annotations, |_| raise!(SystemError, "non-dict annotations"))?);
        Ok(())
    }

    fn PyFunction_SetVectorcall(function: Borrowed<'_, Function>, vectorcall: vectorcallfunc) { function.change_vectorcall(vectorcall) }

    fn PyFunction_AddWatcher(callback: PyFunction_WatchCallback) -> PyResult<c_int> { WATCHERS.add(callback) }
    fn PyFunction_ClearWatcher(id: c_int) -> PyResult<()> { WATCHERS.clear(id) }

}
