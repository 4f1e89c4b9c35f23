//! `None`, `NotImplemented` and `Ellipsis`: three immortal objects in statics, and their types.
//!
//! CPython: `Objects/object.c` (`_Py_NoneStruct`, `_Py_NotImplementedStruct`), `Objects/sliceobject.c`
//! (`_Py_EllipsisObject`).

use crate::abi::PyObject;
use crate::prelude::*;

/// `None`.
#[unsafe(no_mangle)]
pub static _Py_NoneStruct: PyObject = PyObject::immortal(NoneType::TYPE);

/// `NotImplemented`.
#[unsafe(no_mangle)]
pub static _Py_NotImplementedStruct: PyObject = PyObject::immortal(NotImplementedType::TYPE);

/// `Ellipsis`.
#[unsafe(no_mangle)]
pub static _Py_EllipsisObject: PyObject = PyObject::immortal(EllipsisType::TYPE);

/// The type of `None`.
#[repr(transparent)]
pub struct NoneType(pub PyObject);

/// The type of `NotImplemented`.
#[repr(transparent)]
pub struct NotImplementedType(pub PyObject);

/// The type of `Ellipsis`.
#[repr(transparent)]
pub struct EllipsisType(pub PyObject);

/// What the constructors of types with one instance accept: nothing.
pub(crate) fn no_arguments(name: &str, args: &CallArgs<'_>) -> PyResult<()> {
    if !args.args.is_empty() {
        return Err(raise!(TypeError, "{name} takes no arguments"));
    }
    Ok(())
}

/// Equality by identity, as `object` compares.
pub(crate) fn compare_identity(this: &Ref<Object>, other: Borrowed<'_, Object>, op: CompareOp) -> Ref<Object> {
    match op {
        CompareOp::Eq if this.is(&other) => Bool::from(true).into_object(),
        CompareOp::Ne if this.is(&other) => Bool::from(false).into_object(),
        _ => not_implemented(),
    }
}

#[pytype(name = "NoneType", export = "_PyNone_Type")]
impl NoneType {
    #[new(raw, signature = "()")]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = cls;
        no_arguments("NoneType", &args)?;
        Ok(none())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut NoneType) {
        // SAFETY: the object is in a static.
        unsafe { revive(this.cast()) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<NoneType>) -> Ref<Str> {
        let _ = this;
        id!("None").to_owned()
    }

    /// A constant, so that sets with `None` in them keep their order from run to run.
    #[slot(tp_hash)]
    fn hash(this: &Ref<NoneType>) -> isize {
        let _ = this;
        0xFCA8_6420
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<NoneType>, other: Borrowed<'_, Object>, op: CompareOp) -> Ref<Object> {
        compare_identity(this.as_object(), other, op)
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<NoneType>) -> bool {
        let _ = this;
        false
    }
}

#[pytype(name = "NotImplementedType", export = "_PyNotImplemented_Type")]
impl NotImplementedType {
    #[new(raw, signature = "()")]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = cls;
        no_arguments("NotImplementedType", &args)?;
        Ok(not_implemented())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut NotImplementedType) {
        // SAFETY: the object is in a static.
        unsafe { revive(this.cast()) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<NotImplementedType>) -> Ref<Str> {
        let _ = this;
        id!("NotImplemented").to_owned()
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<NotImplementedType>) -> PyResult<bool> {
        let _ = this;
        Err(raise!(TypeError, "NotImplemented should not be used in a boolean context"))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<NotImplementedType>) -> Ref<Str> {
        let _ = this;
        id!("NotImplemented").to_owned()
    }
}

#[pytype(name = "ellipsis", export = "PyEllipsis_Type")]
impl EllipsisType {
    #[new(raw, signature = "()")]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = cls;
        no_arguments("EllipsisType", &args)?;
        Ok(crate::object::ellipsis())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut EllipsisType) {
        // SAFETY: the object is in a static.
        unsafe { revive(this.cast()) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<EllipsisType>) -> Ref<Str> {
        let _ = this;
        id!("Ellipsis").to_owned()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<EllipsisType>) -> Ref<Str> {
        let _ = this;
        id!("Ellipsis").to_owned()
    }
}

/// Makes a static object immortal again after code built for an older stable ABI, which counts every object, took
/// away its last count.
///
/// # Safety
/// The object is in a static.
pub(crate) unsafe fn revive(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe { (*object).ob_refcnt_full().set(abi::_Py_STATIC_IMMORTAL_INITIAL_REFCNT) }
}
