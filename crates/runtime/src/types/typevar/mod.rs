//! Type parameters: `TypeVar`, `ParamSpec`, `TypeVarTuple`, `TypeAliasType`, `Generic`, and what evaluates them lazily.
//!
//! A parameter of the syntax `def f[T: bound]` holds functions that evaluate bound, constraints and default when they are
//! asked for; one made by a call holds the values, which then look like evaluators. What needs the rules of typing is left
//! to functions of `typing.py`. CPython: `Objects/typevarobject.c`.

mod alias;
mod evaluator;
mod generic;
mod no_default;
mod param_spec;
mod type_var;
mod type_var_tuple;

pub use alias::TypeAlias;
pub use evaluator::ConstEvaluator;
pub use generic::{Generic, generic_class, subscript_generic};
pub use no_default::{_Py_NoDefaultStruct, NoDefaultType, no_default};
pub use param_spec::{ParamSpec, ParamSpecArgs, ParamSpecKwargs};
pub use type_var::TypeVar;
pub use type_var_tuple::TypeVarTuple;

use core::cell::Cell;

use crate::abi::PyObject;
use crate::interp::frame;
use crate::memory::object as memory;
use crate::object::args::{ArgSpec, FromArg};
use crate::object::header;
use crate::prelude::*;
use crate::thread;
use crate::types::dict::instance;

/// A field that owns an object, or is null.
type Field = Cell<*mut PyObject>;

/// What a field holds.
fn get(field: &Field) -> Option<Ref<Object>> {
    // SAFETY: null or a live object that the field owns.
    unsafe { Ref::from_borrowed_ptr_or_null(field.get()) }
}

fn set(field: &Field, value: Option<Ref<Object>>) {
    let old = field.replace(value.map_or(core::ptr::null_mut(), Ref::into_ptr));
    // SAFETY: the field owned it.
    unsafe { header::xdecref(old) };
}

/// Deallocates a parameter with these fields.
///
/// # Safety
/// `this` is a parameter without a count; the fields are its own.
unsafe fn deallocate<T>(this: *mut T, fields: &[&Field]) {
    // SAFETY: by contract; all three types have a managed dict and weak references.
    unsafe {
        memory::gc_untrack(this.cast());
        for field in fields {
            memory::clear_field(field);
        }
        instance::clear_managed_dict(this.cast());
        crate::types::weakref::clear_refs(this.cast());
        memory::free(this.cast());
    }
}

/// # Safety
/// `this` is a parameter, with these fields.
unsafe fn traverse(this: *mut PyObject, fields: &[&Field], visit: &mut Visitor) {
    for field in fields {
        visit.object(field.get());
    }
    // SAFETY: all three types have a managed dict.
    unsafe { instance::visit_managed_dict(this, visit) };
}

/// Breaks cycles through a parameter with these fields, of which the first is its name.
fn clear(this: &Ref<Object>, fields: &[&Field]) {
    for field in &fields[1..] {
        set(field, None);
    }
    // SAFETY: all three types have a managed dict.
    unsafe { instance::clear_managed_dict(this.as_ptr()) };
}

/// `typing.name(*args)`.
fn call_typing(name: &str, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    crate::import::import_attr("typing", name)?.call(args)
}

/// `typing.Unpack[parameter]`.
fn unpack(parameter: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    crate::import::import_attr("typing", "Unpack")?.get_item(parameter)
}

/// The type parameters with each TypeVarTuple unpacked.
fn unpack_variadic(parameters: Borrowed<'_, Tuple>) -> PyResult<Ref<Tuple>> {
    if !parameters.iter().any(|parameter| parameter.is_exact::<TypeVarTuple>()) {
        return Ok(parameters.to_owned());
    }
    let mut unpacked = Vec::new();
    for parameter in parameters.iter() {
        unpacked.push(if parameter.is_exact::<TypeVarTuple>() { unpack(parameter)? } else { parameter.to_owned() });
    }
    Tuple::from_vec(unpacked)
}

/// `left | right`, with what is no type left to `typing`.
fn union(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    crate::types::union::from_args(Tuple::from_slice(&[left, right])?.as_borrowed())
}

/// The value that an evaluator function gives, which is kept.
fn evaluate(value: &Field, evaluator: &Field) -> PyResult<Option<Ref<Object>>> {
    if let Some(value) = get(value) {
        return Ok(Some(value));
    }
    let Some(evaluator) = get(evaluator) else { return Ok(None) };
    let result = evaluator::call(&evaluator, evaluator::VALUE)?;
    set(value, Some(result.clone()));
    Ok(Some(result))
}

/// The function that evaluates: given, or made of the value.
fn evaluator_of(value: &Field, evaluator: &Field) -> PyResult<Option<Ref<Object>>> {
    if let Some(evaluator) = get(evaluator) {
        return Ok(Some(evaluator));
    }
    match get(value) {
        Some(value) => Ok(Some(ConstEvaluator::new(value)?.into_object())),
        None => Ok(None),
    }
}

/// Whether there is a default: what `has_default()` answers.
fn has_default(value: &Field, evaluator: &Field) -> bool {
    !evaluator.get().is_null() || (!value.get().is_null() && value.get() != no_default().as_ptr())
}

/// `__default__`.
fn default_value(value: &Field, evaluator: &Field) -> PyResult<Ref<Object>> {
    Ok(evaluate(value, evaluator)?.unwrap_or_else(no_default))
}

/// `~T`, `+T`, `-T`, or `T` where the variance is inferred.
fn repr_with_variance(name: &Field, covariant: bool, contravariant: bool, infer: bool) -> PyResult<Ref<Str>> {
    let name = get(name).map(|name| name.to_text()).unwrap_or_default();
    let sign = match (infer, covariant, contravariant) {
        (true, ..) => "",
        (_, true, _) => "+",
        (_, _, true) => "-",
        _ => "~",
    };
    Str::from_utf8_str(&format!("{sign}{name}"))
}

fn check_variance(covariant: bool, contravariant: bool, infer: bool) -> PyResult<()> {
    if covariant && contravariant {
        return Err(raise!(ValueError, "Bivariant types are not supported."));
    }
    if infer && (covariant || contravariant) {
        return Err(raise!(ValueError, "Variance cannot be specified with infer_variance."));
    }
    Ok(())
}

/// The module of the function that calls, for `__module__`.
fn caller_module() -> Option<Ref<Object>> {
    // SAFETY: frames of the running thread are live, and have a function.
    unsafe {
        let frame = frame::first_complete(thread::current().current_frame.get());
        if frame.is_null() {
            return None;
        }
        let function = frame::function(frame);
        if function.is_null() || !Borrowed::<Object>::from_ptr(function).is_exact::<crate::types::Function>() {
            return None;
        }
        Ref::from_borrowed_ptr_or_null((*function).func_module.get())
    }
}

/// Notes the module of the caller in a new parameter.
fn set_module<T>(parameter: &Ref<T>) -> PyResult<()> {
    let module = caller_module().unwrap_or_else(none);
    parameter.as_object().setattr(id!("__module__"), module.borrow())
}

/// The argument `name`, which is a `str`.
fn name_argument(spec: &ArgSpec, value: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
    let Some(value) = value else { return Err(raise!(SystemError, "no name")) };
    // SAFETY: the value is live.
    unsafe { Borrowed::<Str>::from_arg(value.as_ptr(), spec, 0).map(|object| object.to_owned()) }
}

fn flag(value: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
    value.map_or(Ok(false), |value| value.is_true())
}

/// An argument that was given and is not None.
fn given(value: Option<Borrowed<'_, Object>>) -> Option<Borrowed<'_, Object>> {
    value.filter(|value| !value.is_none())
}

/// Gives `parameter` the function that evaluates its default: `def f[T = default]` (`_Py_set_typeparam_default`).
pub fn set_default(parameter: Borrowed<'_, Object>, evaluator: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let evaluator = Some(evaluator.to_owned());
    if let Some(parameter) = parameter.downcast_exact::<TypeVar>() {
        set(&parameter.evaluate_default, evaluator);
    } else if let Some(parameter) = parameter.downcast_exact::<ParamSpec>() {
        set(&parameter.evaluate_default, evaluator);
    } else if let Some(parameter) = parameter.downcast_exact::<TypeVarTuple>() {
        set(&parameter.evaluate_default, evaluator);
    } else {
        return Err(not_a_parameter(parameter));
    }
    Ok(parameter.to_owned())
}

/// Whether a type parameter has a default; TypeError for anything else.
fn parameter_has_default(parameter: Borrowed<'_, Object>) -> PyResult<bool> {
    if let Some(parameter) = parameter.downcast_exact::<TypeVar>() {
        return Ok(has_default(&parameter.default_value, &parameter.evaluate_default));
    }
    if let Some(parameter) = parameter.downcast_exact::<ParamSpec>() {
        return Ok(has_default(&parameter.default_value, &parameter.evaluate_default));
    }
    if let Some(parameter) = parameter.downcast_exact::<TypeVarTuple>() {
        return Ok(has_default(&parameter.default_value, &parameter.evaluate_default));
    }
    Err(not_a_parameter(parameter))
}

fn not_a_parameter(object: Borrowed<'_, Object>) -> Raised {
    match object.repr() {
        Ok(text) => raise!(TypeError, "Expected a type param, got {}", text.to_display()),
        Err(raised) => raised,
    }
}

/// The flags of parameters: attributes and weak references stand in front of the object.
const MANAGED: u64 = crate::abi::Py_TPFLAGS_MANAGED_DICT | crate::abi::Py_TPFLAGS_MANAGED_WEAKREF;
/// Where the type says that its instances keep their weak references.
use crate::abi::MANAGED_WEAKREF_OFFSET as WEAKREFS;
/// What stands for a dict that the runtime manages.
const MANAGED_DICT: isize = -1;
