use crate::prelude::*;
#[repr(C)] pub struct MemoryView { head: crate::abi::PyObject }
#[pytype(name = "MemoryView")]
impl MemoryView { #[slot(tp_repr)] fn repr(_t: &Ref<MemoryView>) -> String { "stub".into() } }

impl MemoryView { pub unsafe fn from_buffer(_v: *mut crate::abi::Py_buffer) -> PyResult<Ref<MemoryView>> { Err(raise!(TypeError, "stub")) }
 pub fn from_object_with_flags(_o: Borrowed<'_, Object>, _f: c_int) -> PyResult<Ref<MemoryView>> { Err(raise!(TypeError, "stub")) }
 pub fn from_object(_o: Borrowed<'_, Object>) -> PyResult<Ref<MemoryView>> { Err(raise!(TypeError, "stub")) } }
