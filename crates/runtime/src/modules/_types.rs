//! `_types`: names for the types of the runtime's own objects, which `types` passes on.
//!
//! CPython: `Modules/_typesmodule.c`.

use crate::prelude::*;
use crate::types;
use crate::types::descr::getset::GetSetDescr;
use crate::types::descr::member::MemberDescr;
use crate::types::descr::method::{ClassMethodDescr, MethodDescr};
use crate::types::descr::wrapper::{MethodWrapper, WrapperDescr};

pub struct Types;

#[pymodule(name = "_types")]
impl Types {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        for (name, class) in [
            ("AsyncGeneratorType", types::AsyncGenerator::type_object()),
            ("BuiltinFunctionType", types::CFunction::type_object()),
            ("BuiltinMethodType", types::CFunction::type_object()),
            ("CapsuleType", types::capsule::Capsule::type_object()),
            ("CellType", types::cell::Cell::type_object()),
            ("ClassMethodDescriptorType", ClassMethodDescr::type_object()),
            ("CodeType", types::Code::type_object()),
            ("CoroutineType", types::Coroutine::type_object()),
            ("EllipsisType", types::none::EllipsisType::type_object()),
            ("FrameType", types::frame::FrameObject::type_object()),
            ("FunctionType", types::Function::type_object()),
            ("GeneratorType", types::Generator::type_object()),
            ("GenericAlias", types::generic_alias::GenericAlias::type_object()),
            ("GetSetDescriptorType", GetSetDescr::type_object()),
            ("LambdaType", types::Function::type_object()),
            ("MappingProxyType", types::MappingProxy::type_object()),
            ("MemberDescriptorType", MemberDescr::type_object()),
            ("MethodDescriptorType", MethodDescr::type_object()),
            ("MethodType", types::BoundMethod::type_object()),
            ("MethodWrapperType", MethodWrapper::type_object()),
            ("ModuleType", Module::type_object()),
            ("NoneType", types::none::NoneType::type_object()),
            ("NotImplementedType", types::none::NotImplementedType::type_object()),
            ("SimpleNamespace", types::namespace::Namespace::type_object()),
            ("TracebackType", types::Traceback::type_object()),
            ("UnionType", types::Union::type_object()),
            ("WrapperDescriptorType", WrapperDescr::type_object()),
        ] {
            module.add(name, class.upcast().to_owned())?;
        }
        Ok(())
    }
}
