use crate::prelude::*;
#[repr(C)] pub struct GenericAlias { head: crate::abi::PyObject }
#[pytype(name = "GenericAlias")]
impl GenericAlias { #[slot(tp_repr)] fn repr(_t: &Ref<GenericAlias>) -> String { "stub".into() } }
impl GenericAlias { pub fn new(_o: Borrowed<'_, Object>, _a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { Err(raise!(TypeError, "stub")) } }
