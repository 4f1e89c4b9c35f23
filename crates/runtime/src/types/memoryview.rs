use crate::prelude::*;
#[repr(C)] pub struct MemoryView { head: crate::abi::PyObject }
#[pytype(name = "MemoryView")]
impl MemoryView { #[slot(tp_repr)] fn repr(_t: &Ref<MemoryView>) -> String { "stub".into() } }

