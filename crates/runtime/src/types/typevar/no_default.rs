//! `typing.NoDefault`.

use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::none::{no_arguments, revive};

/// `NoDefault`.
#[unsafe(no_mangle)]
pub static _Py_NoDefaultStruct: PyObject = PyObject::immortal(NoDefaultType::TYPE);

/// The type of `NoDefault`.
#[repr(transparent)]
pub struct NoDefaultType(pub PyObject);

/// `NoDefault`.
pub fn no_default() -> Ref<Object> {
    // SAFETY: immortal.
    unsafe { Ref::from_owned_ptr((&raw const _Py_NoDefaultStruct).cast_mut()) }
}

#[pytype(name = "NoDefaultType", export = "_PyNoDefault_Type")]
impl NoDefaultType {
    #[new(raw, signature = "()")]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = cls;
        no_arguments("NoDefaultType", &args)?;
        Ok(no_default())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut NoDefaultType) {
        // SAFETY: the object is in a static.
        unsafe { revive(this.cast()) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<NoDefaultType>) -> &'static str {
        let _ = this;
        "typing.NoDefault"
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<NoDefaultType>) -> Ref<Str> {
        let _ = this;
        id!("NoDefault").to_owned()
    }
}
