use crate::prelude::*;
#[repr(C)] pub struct Union { head: crate::abi::PyObject }
#[pytype(name = "Union")]
impl Union { #[slot(tp_repr)] fn repr(_t: &Ref<Union>) -> String { "stub".into() } }
impl Ref<Union> { pub fn args(&self) -> Ref<Tuple> { Tuple::empty() } } pub fn or(_o: Borrowed<'_, Object>, _a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { Err(raise!(TypeError, "stub")) }
