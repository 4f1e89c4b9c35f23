//! `methodobject.h`, `classobject.h`, `descrobject.h`: functions of C, bound methods, descriptors.

use core::ptr;

use taipan_runtime::types::builtin_function::CFunction;
use taipan_runtime::types::classmethod::{ClassMethod, StaticMethod};
use taipan_runtime::types::descr::{getset, member, method as method_descr, wrapper};
use taipan_runtime::types::mappingproxy::MappingProxy;
use taipan_runtime::types::method::{BoundMethod, InstanceMethod};

use crate::support::*;

fn function<'a>(object: Borrowed<'a, Object>) -> PyResult<&'a PyCFunctionObject> {
    if !object.is_instance_of::<CFunction>() {
        return Err(bad_internal_call());
    }
    // SAFETY: just checked; the handle keeps it.
    Ok(unsafe { &*object.as_ptr().cast::<PyCFunctionObject>() })
}

// SAFETY of all of these: C passes live objects or, where it may, NULL; table rows live as long as what is made of them.
capi! {
    fn PyCFunction_New(definition: *mut PyMethodDef, this: *mut PyObject) -> PyResult<Ref<Object>> {
        unsafe { CFunction::new_raw(definition, this, ptr::null_mut(), ptr::null_mut()) }
    }

    fn PyCFunction_NewEx(
        definition: *mut PyMethodDef,
        this: *mut PyObject,
        module: *mut PyObject,
    ) -> PyResult<Ref<Object>> {
        unsafe { CFunction::new_raw(definition, this, module, ptr::null_mut()) }
    }

    fn PyCMethod_New(
        definition: *mut PyMethodDef,
        this: *mut PyObject,
        module: *mut PyObject,
        class: *mut PyTypeObject,
    ) -> PyResult<Ref<Object>> {
        unsafe { CFunction::new_raw(definition, this, module, class) }
    }

    fn PyCFunction_GetFunction(object: Borrowed<'_, Object>) -> PyResult<*mut c_void> {
        let definition = function(object)?.m_ml.get();
        Ok(unsafe { (*definition).ml_meth }.map_or(ptr::null_mut(), |function| function as *mut c_void))
    }

    fn PyCFunction_GetSelf(object: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        let found = function(object)?;
        let is_static = unsafe { (*found.m_ml.get()).ml_flags } & METH_STATIC != 0;
        Ok(if is_static { ptr::null_mut() } else { found.m_self.get() })
    }

    fn PyCFunction_GetFlags(object: Borrowed<'_, Object>) -> PyResult<c_int> {
        Ok(unsafe { (*function(object)?.m_ml.get()).ml_flags })
    }

    fn PyCFunction_Call(callable: *mut PyObject, args: *mut PyObject, keywords: *mut PyObject) -> *mut PyObject {
        unsafe { taipan_runtime::object::protocol::call::call_tuple_raw(callable, args, keywords) }
    }

    fn PyMethod_New(function: Nullable<'_>, this: Nullable<'_>) -> PyResult<Ref<BoundMethod>> {
        BoundMethod::new(given(function)?.to_owned(), given(this)?.to_owned())
    }

    fn PyMethod_Function(method: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        Ok(expect::<BoundMethod>(method)?.function().as_ptr())
    }

    fn PyMethod_Self(method: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        Ok(expect::<BoundMethod>(method)?.this().as_ptr())
    }

    fn PyInstanceMethod_New(function: Borrowed<'_, Object>) -> PyResult<Ref<InstanceMethod>> {
        InstanceMethod::new(function)
    }

    fn PyInstanceMethod_Function(method: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        Ok(expect::<InstanceMethod>(method)?.function().as_ptr())
    }

    fn PyClassMethod_New(callable: Borrowed<'_, Object>) -> PyResult<Ref<ClassMethod>> {
        ClassMethod::new(callable)
    }

    fn PyStaticMethod_New(callable: Borrowed<'_, Object>) -> PyResult<Ref<StaticMethod>> {
        StaticMethod::new(callable)
    }

    fn PyDescr_NewMethod(
        class: Borrowed<'_, Type>,
        definition: *mut PyMethodDef,
    ) -> PyResult<Ref<method_descr::MethodDescr>> {
        unsafe { method_descr::MethodDescr::new(class, definition) }
    }

    fn PyDescr_NewClassMethod(
        class: Borrowed<'_, Type>,
        definition: *mut PyMethodDef,
    ) -> PyResult<Ref<method_descr::ClassMethodDescr>> {
        unsafe { method_descr::ClassMethodDescr::new(class, definition) }
    }

    fn PyDescr_NewMember(
        class: Borrowed<'_, Type>,
        definition: *mut PyMemberDef,
    ) -> PyResult<Ref<member::MemberDescr>> {
        unsafe {
            if (*definition).flags & Py_RELATIVE_OFFSET != 0 {
                return Err(raise!(SystemError, "PyDescr_NewMember used with Py_RELATIVE_OFFSET"));
            }
            member::MemberDescr::new(class, definition)
        }
    }

    fn PyDescr_NewGetSet(
        class: Borrowed<'_, Type>,
        definition: *mut PyGetSetDef,
    ) -> PyResult<Ref<getset::GetSetDescr>> {
        unsafe { getset::GetSetDescr::new(class, definition) }
    }

    fn PyDescr_NewWrapper(
        class: Borrowed<'_, Type>,
        row: *mut wrapperbase,
        wrapped: *mut c_void,
    ) -> PyResult<Ref<wrapper::WrapperDescr>> {
        unsafe { wrapper::WrapperDescr::new(class, row, wrapped) }
    }

    fn PyDescr_IsData(descriptor: Borrowed<'_, Object>) -> bool {
        descriptor.type_of().tp_descr_set.get().is_some()
    }

    fn PyWrapper_New(descriptor: Borrowed<'_, Object>, this: Borrowed<'_, Object>) -> PyResult<Ref<wrapper::MethodWrapper>> {
        wrapper::MethodWrapper::new(expect(descriptor)?, this)
    }

    fn PyDictProxy_New(mapping: Borrowed<'_, Object>) -> PyResult<Ref<MappingProxy>> {
        MappingProxy::new(mapping)
    }

    fn PyMember_GetOne(object: *const c_char, definition: *mut PyMemberDef) -> PyResult<Ref<Object>> {
        unsafe {
            if (*definition).flags & Py_RELATIVE_OFFSET != 0 {
                return Err(raise!(SystemError, "PyMember_GetOne used with Py_RELATIVE_OFFSET"));
            }
            let object: Borrowed<'_, Object> = Borrowed::from_ptr(object.cast_mut());
            member::get_member(object, &*definition)
        }
    }

    fn PyMember_SetOne(object: *mut c_char, definition: *mut PyMemberDef, value: Nullable<'_>) -> PyResult<()> {
        unsafe {
            if (*definition).flags & Py_RELATIVE_OFFSET != 0 {
                return Err(raise!(SystemError, "PyMember_SetOne used with Py_RELATIVE_OFFSET"));
            }
            let object: Borrowed<'_, Object> = Borrowed::from_ptr(object);
            member::set_member(object, &*definition, value)
        }
    }
}
