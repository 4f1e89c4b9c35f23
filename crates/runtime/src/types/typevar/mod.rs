use crate::prelude::*;
pub struct TypeVar; pub struct ParamSpec; pub struct TypeVarTuple; #[repr(C)] pub struct TypeAlias { head: crate::abi::PyObject }
#[pytype(name = "TypeAliasType", module = "typing")]
impl TypeAlias { #[slot(tp_repr)] fn repr(_t: &Ref<TypeAlias>) -> String { "stub".into() } }
type B<'a> = Borrowed<'a, Object>;
fn e() -> PyResult<Ref<Object>> { Err(raise!(TypeError, "stub")) }
impl TypeVar { pub fn for_parameter(_a: B<'_>, _b: Option<B<'_>>, _c: Option<B<'_>>) -> PyResult<Ref<Object>> { e() } }
impl ParamSpec { pub fn for_parameter(_a: B<'_>) -> PyResult<Ref<Object>> { e() } }
impl TypeVarTuple { pub fn for_parameter(_a: B<'_>) -> PyResult<Ref<Object>> { e() } }
impl TypeAlias { pub fn from_triple(_a: B<'_>) -> PyResult<Ref<Object>> { e() } }
pub fn subscript_generic(_a: B<'_>) -> PyResult<Ref<Object>> { e() }
pub fn set_default(_a: B<'_>, _b: B<'_>) -> PyResult<Ref<Object>> { e() }
