//! `object.h`, `cpython/object.h`: attributes, comparison, text, truth of any object.

use core::ptr;

use taipan_runtime::object::none_ptr;
use taipan_runtime::types::{dict, object as base, repr_guard};

use crate::support::*;

/// # Safety
/// `object` is live.
unsafe fn has_managed_dict(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*(*object).ob_type.get()).tp_flags.get() & abi::Py_TPFLAGS_MANAGED_DICT != 0 }
}

capi! {
    fn PyObject_Repr(object: Nullable<'_>) -> PyResult<Ref<Str>> {
        match object {
            Some(object) => object.repr(),
            None => Str::from_utf8_str("<NULL>"),
        }
    }

    fn PyObject_Str(object: Nullable<'_>) -> PyResult<Ref<Str>> {
        match object {
            Some(object) => object.str(),
            None => Str::from_utf8_str("<NULL>"),
        }
    }

    fn PyObject_ASCII(object: Nullable<'_>) -> PyResult<Ref<Str>> {
        match object {
            Some(object) => object.repr()?.ascii_escaped(),
            None => Str::from_utf8_str("<NULL>"),
        }
    }

    fn PyObject_Bytes(object: Nullable<'_>) -> PyResult<Ref<Object>> {
        let Some(object) = object else { return Ok(Bytes::from_slice(b"<NULL>")?.into_object()) };
        if object.is_exact::<Bytes>() {
            return Ok(object.to_owned());
        }
        if let Some(method) = object.lookup_special(id!("__bytes__"))? {
            let made = method.call0()?;
            if !made.is_instance_of::<Bytes>() {
                return Err(raise!(TypeError, "__bytes__ returned non-bytes (type {})", made.type_name()));
            }
            return Ok(made);
        }
        if object.is_instance_of::<Str>() || object.is_instance_of::<Int>() {
            return Err(raise!(TypeError, "cannot convert '{}' object to bytes", object.type_name()));
        }
        Bytes::type_object().upcast().call1(object)
    }

    fn PyObject_Dir(object: Nullable<'_>) -> PyResult<Ref<List>> {
        taipan_runtime::modules::builtins::dir(object)
    }

    fn PyObject_RichCompare(left: Nullable<'_>, right: Nullable<'_>, op: c_int) -> PyResult<Ref<Object>> {
        let (Some(left), Some(right), Some(op)) = (left, right, CompareOp::from_raw(op)) else {
            return Err(if Raised::is_set() { Raised::assume_set() } else { bad_internal_call() });
        };
        left.rich_compare(right, op)
    }

    fn PyObject_RichCompareBool(left: Nullable<'_>, right: Nullable<'_>, op: c_int) -> PyResult<bool> {
        let (Some(left), Some(right), Some(op)) = (left, right, CompareOp::from_raw(op)) else {
            return Err(if Raised::is_set() { Raised::assume_set() } else { bad_internal_call() });
        };
        if left.is(&right) {
            match op {
                CompareOp::Eq => return Ok(true),
                CompareOp::Ne => return Ok(false),
                _ => {}
            }
        }
        left.rich_compare(right, op)?.is_true()
    }

    fn PyObject_GetAttr(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        object.getattr_object(name)
    }

    fn PyObject_GetAttrString(object: Borrowed<'_, Object>, text: *const c_char) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a C string.
        object.getattr(unsafe { name(text)? }.borrow())
    }

    fn PyObject_SetAttr(
        object: Borrowed<'_, Object>,
        name: Borrowed<'_, Object>,
        value: Nullable<'_>,
    ) -> PyResult<()> {
        object.set_attr_object(name, value)
    }

    fn PyObject_SetAttrString(
        object: Borrowed<'_, Object>,
        text: *const c_char,
        value: Nullable<'_>,
    ) -> PyResult<()> {
        // SAFETY: C passes a C string.
        let name = unsafe { name(text)? };
        object.set_attr_object(name.as_borrowed(), value)
    }

    fn PyObject_DelAttr(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<()> {
        object.set_attr_object(name, None)
    }

    fn PyObject_DelAttrString(object: Borrowed<'_, Object>, text: *const c_char) -> PyResult<()> {
        // SAFETY: C passes a C string.
        object.delattr(unsafe { name(text)? }.borrow())
    }

    fn PyObject_HasAttrWithError(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(optional_attr(object, name)?.is_some())
    }

    fn PyObject_HasAttrStringWithError(object: Borrowed<'_, Object>, text: *const c_char) -> PyResult<bool> {
        // SAFETY: C passes a C string.
        object.has_attr(unsafe { name(text)? }.borrow())
    }

    fn PyObject_HasAttr(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> bool {
        ignoring(
            "Exception ignored in PyObject_HasAttr(); consider using PyObject_HasAttrWithError(), \
             PyObject_GetOptionalAttr() or PyObject_GetAttr()",
            || Ok(optional_attr(object, name)?.is_some()),
        )
    }

    fn PyObject_HasAttrString(object: Borrowed<'_, Object>, text: *const c_char) -> bool {
        ignoring(
            "Exception ignored in PyObject_HasAttrString(); consider using PyObject_HasAttrStringWithError(), \
             PyObject_GetOptionalAttrString() or PyObject_GetAttrString()",
            // SAFETY: C passes a C string.
            || object.has_attr(unsafe { name(text)? }.borrow()),
        )
    }

    fn PyObject_GetOptionalAttr(
        object: Borrowed<'_, Object>,
        name: Borrowed<'_, Object>,
        place: *mut *mut PyObject,
    ) -> PyResult<bool> {
        // SAFETY: C passes a place for a pointer.
        unsafe { optional(place, || optional_attr(object, name)) }
    }

    fn PyObject_GetOptionalAttrString(
        object: Borrowed<'_, Object>,
        text: *const c_char,
        place: *mut *mut PyObject,
    ) -> PyResult<bool> {
        // SAFETY: C passes a C string and a place for a pointer.
        unsafe { optional(place, || object.lookup_attr(name(text)?.borrow())) }
    }

    fn PyObject_IsTrue(object: Borrowed<'_, Object>) -> PyResult<bool> {
        object.is_true()
    }

    fn PyObject_Not(object: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(!object.is_true()?)
    }

    fn PyObject_Hash(object: Borrowed<'_, Object>) -> PyResult<isize> {
        object.hash()
    }

    fn PyObject_GenericHash(object: *mut PyObject) -> isize {
        base::hash_pointer(object)
    }

    fn PyCallable_Check(object: Nullable<'_>) -> bool {
        object.is_some_and(|object| object.is_callable())
    }

    fn PyObject_GenericGetDict(object: Borrowed<'_, Object>, _context: *mut c_void) -> PyResult<Ref<Object>> {
        base::generic_get_dict(&object)
    }

    fn PyObject_GenericSetDict(
        object: Borrowed<'_, Object>,
        value: Nullable<'_>,
        _context: *mut c_void,
    ) -> PyResult<()> {
        base::generic_set_dict(&object, value)
    }

    fn _PyObject_GetDictPtr(object: Borrowed<'_, Object>) -> *mut *mut PyObject {
        // SAFETY: the object is live. A managed dictionary is made, so that the field can be read.
        unsafe {
            if object.type_of().has_flag(Py_TPFLAGS_MANAGED_DICT) {
                if let Err(raised) = base::get_dict(&object) {
                    raised.clear();
                    return ptr::null_mut();
                }
                return dict::instance::managed_dict(object.as_ptr()).as_ptr().cast();
            }
            base::dict::computed_pointer(object.as_ptr())
        }
    }

    fn _PyObject_GetState(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        object.call_method(id!("__getstate__"), &[])
    }

    fn _PyObject_LookupSpecial(object: Borrowed<'_, Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
        object.lookup_special(name)
    }

    fn _PyObject_FunctionStr(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&taipan_runtime::types::descr::function_text(object))
    }

    fn _PyObject_GenericGetAttrWithDict(
        object: Borrowed<'_, Object>,
        name: Borrowed<'_, Object>,
        _dict: *mut PyObject,
        suppress: c_int,
    ) -> PyResult<Option<Ref<Object>>> {
        match name.downcast::<Str>() {
            Some(name) if suppress != 0 => base::generic_lookup_attr(&object, name),
            _ => base::generic_getattr(&object, name).map(Some),
        }
    }

    fn _PyObject_GenericSetAttrWithDict(
        object: Borrowed<'_, Object>,
        name: Borrowed<'_, Object>,
        value: Nullable<'_>,
        _dict: *mut PyObject,
    ) -> PyResult<()> {
        base::generic_setattr(&object, name, value)
    }

    fn PyObject_VisitManagedDict(object: *mut PyObject, visit: visitproc, argument: *mut c_void) -> c_int {
        let mut visitor = Visitor::new(visit, argument);
        // SAFETY: `tp_traverse` of the object's type calls this, whether or not its instances have a managed dict.
        unsafe {
            if has_managed_dict(object) {
                dict::instance::visit_managed_dict(object, &mut visitor);
            }
        }
        visitor.result()
    }

    fn PyObject_ClearManagedDict(object: *mut PyObject) {
        // SAFETY: `tp_clear` or `tp_dealloc` of the object's type calls this, as above.
        unsafe {
            if has_managed_dict(object) {
                dict::instance::clear_managed_dict(object);
            }
        }
    }

    fn _PyObject_SetManagedDict(object: Borrowed<'_, Object>, value: Nullable<'_>) -> PyResult<()> {
        base::generic_set_dict(&object, value)
    }

    fn Py_ReprEnter(object: *mut PyObject) -> PyResult<bool> {
        repr_guard::enter_raw(object)
    }

    fn Py_ReprLeave(object: *mut PyObject) {
        let _aside = Raised::aside();
        repr_guard::leave_raw(object);
    }

    fn PyObject_Print(object: Nullable<'_>, file: *mut libc::FILE, flags: c_int) -> PyResult<()> {
        let text = match object {
            None => "<nil>".to_owned(),
            Some(object) if object.refcount() == 0 => format!("<refcnt 0 at {:p}>", object.as_ptr()),
            Some(object) if flags & Py_PRINT_RAW != 0 => object.str()?.to_display(),
            Some(object) => object.repr()?.to_display(),
        };
        // SAFETY: C passes an open stream.
        unsafe {
            libc::clearerr(file);
            libc::fwrite(text.as_ptr().cast(), 1, text.len(), file);
            if libc::ferror(file) != 0 {
                let raised = taipan_runtime::types::exceptions::from_last_errno(None);
                libc::clearerr(file);
                return Err(raised);
            }
        }
        Ok(())
    }

    fn _PyObject_Dump(object: *mut PyObject) {
        let text = if object.is_null() {
            "<object at NULL>".to_owned()
        } else {
            // SAFETY: a debugging aid that is given live objects.
            let handle: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(object) };
            let _aside = Raised::aside();
            format!(
                "object address  : {object:p}\nobject refcount : {}\nobject type     : {:p}\nobject type name: {}\nobject repr     : {}",
                handle.refcount(),
                handle.type_ptr(),
                handle.type_name(),
                handle.to_repr_text()
            )
        };
        eprintln!("{text}");
    }

    fn _PyObject_IsFreed(object: *mut PyObject) -> bool {
        // Freed memory of the debugging allocator is filled with a mark.
        // SAFETY: a debugging aid, on memory that may be read.
        object.is_null() || object as usize == 0xdddd_dddd_dddd_dddd || unsafe { (*object).ob_type.get() as usize } == 0xdddd_dddd_dddd_dddd
    }

    fn Py_GetConstant(constant: c_uint) -> PyResult<Ref<Object>> {
        constant_of(constant)
    }

    fn Py_GetConstantBorrowed(constant: c_uint) -> PyResult<*mut PyObject> {
        // All of them are immortal.
        Ok(constant_of(constant)?.as_ptr())
    }
}

/// The attribute of any name; TypeError where that is no string.
pub fn optional_attr(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    match name.downcast::<Str>() {
        Some(name) => object.lookup_attr(name),
        None => Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name())),
    }
}

/// Stores what `body` finds, NULL where it finds nothing or fails, and says whether it did.
///
/// # Safety
/// `place` is a place for a pointer.
pub unsafe fn optional<T>(
    place: *mut *mut PyObject,
    body: impl FnOnce() -> PyResult<Option<Ref<T>>>,
) -> PyResult<bool> {
    let found = body();
    let (pointer, answer) = match found {
        Ok(Some(found)) => (found.into_ptr(), Ok(true)),
        Ok(None) => (ptr::null_mut(), Ok(false)),
        Err(raised) => (ptr::null_mut(), Err(raised)),
    };
    // SAFETY: by contract.
    unsafe { *place = pointer };
    answer
}

fn constant_of(constant: c_uint) -> PyResult<Ref<Object>> {
    // SAFETY: the singletons are immortal.
    let singleton = |object: *mut PyObject| unsafe { Ref::from_borrowed_ptr(object) };
    Ok(match constant {
        0 => singleton(none_ptr()),
        1 => Bool::from(false).into_object(),
        2 => Bool::from(true).into_object(),
        3 => taipan_runtime::object::ellipsis(),
        4 => not_implemented(),
        5 => Int::zero().into_object(),
        6 => Int::one().into_object(),
        7 => Str::empty().into_object(),
        8 => Bytes::empty().into_object(),
        9 => Tuple::empty().into_object(),
        _ => return Err(bad_internal_call()),
    })
}
