use crate::prelude::*;
#[repr(C)] pub struct Namespace { head: crate::abi::PyObject }
#[pytype(name = "Namespace")]
impl Namespace { #[slot(tp_repr)] fn repr(_t: &Ref<Namespace>) -> String { "stub".into() } }
impl Namespace { pub fn new(_d: Ref<Dict>) -> PyResult<Ref<Namespace>> { Err(raise!(TypeError, "stub")) } }
