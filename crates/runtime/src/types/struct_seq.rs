use crate::prelude::*;
pub fn new_class(_n: &str, _f: &[&str], _s: usize) -> PyResult<Ref<Type>> { Ok(Tuple::type_object().to_owned()) }
pub fn forbid_instances(_c: &Ref<Type>) {}
pub fn instance(_c: &Ref<Type>, v: Vec<Ref<Object>>) -> PyResult<Ref<Object>> { Ok(Tuple::from_vec(v)?.into_object()) }
