//! `_typing`: the types of typing that the runtime makes.
//!
//! CPython: `Modules/_typingmodule.c`.

use crate::prelude::*;
use crate::types::Union;
use crate::types::typevar::{
    ParamSpec, ParamSpecArgs, ParamSpecKwargs, TypeAlias, TypeVar, TypeVarTuple, generic_class, no_default,
};

pub struct Typing;

#[pymodule(name = "_typing")]
impl Typing {
    #[function(name = "_idfunc", signature = "(x, /)")]
    fn idfunc(x: Borrowed<'_, Object>) -> Ref<Object> {
        x.to_owned()
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        for (name, class) in [
            ("TypeVar", TypeVar::type_object()),
            ("TypeVarTuple", TypeVarTuple::type_object()),
            ("ParamSpec", ParamSpec::type_object()),
            ("ParamSpecArgs", ParamSpecArgs::type_object()),
            ("ParamSpecKwargs", ParamSpecKwargs::type_object()),
            ("Generic", generic_class()?),
            ("TypeAliasType", TypeAlias::type_object()),
            ("Union", Union::type_object()),
        ] {
            module.add(name, class.upcast().to_owned())?;
        }
        module.add("NoDefault", no_default())
    }
}
