//! `typing.TypeAliasType`: what the statement `type X = ...` makes.

use core::mem::offset_of;
use core::ptr;

use super::{
    Field, caller_module, evaluate, evaluator_of, get, name_argument, parameter_has_default, set, unpack,
    unpack_variadic,
};
use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;

/// A type alias.
#[repr(C)]
pub struct TypeAlias {
    head: PyObject,
    name: Field,
    /// A tuple that is not empty, or null.
    type_params: Field,
    compute_value: Field,
    value: Field,
    module: Field,
}

static NEW: ArgSpec =
    ArgSpec { pos: 2, kwonly: 1, ..ArgSpec::plain("typealias", &["name", "value", "type_params"], 2) };

impl TypeAlias {
    fn make(
        name: Ref<Object>,
        type_params: Option<Ref<Tuple>>,
        compute_value: Option<Ref<Object>>,
        value: Option<Ref<Object>>,
        module: Option<Ref<Object>>,
    ) -> PyResult<Ref<TypeAlias>> {
        let type_params = type_params.filter(|params| !params.is_empty()).map(Ref::into_object);
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let this = memory::new::<TypeAlias>()?;
            let into = |value: Option<Ref<Object>>| value.map_or(ptr::null_mut(), Ref::into_ptr);
            (*this).name.set(name.into_ptr());
            (*this).type_params.set(into(type_params));
            (*this).compute_value.set(into(compute_value));
            (*this).value.set(into(value));
            (*this).module.set(into(module));
            memory::gc_track(this.cast());
            Ok(Ref::from_owned_ptr(this))
        }
    }

    /// The alias of a `type` statement: a tuple of name, parameters and the function that evaluates the value.
    pub fn from_triple(triple: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(triple) = triple.downcast::<Tuple>().filter(|triple| triple.len() == 3) else {
            return Err(raise!(SystemError, "a type alias is made of three parts"));
        };
        let type_params = triple.get(1).downcast::<Tuple>().map(|object| object.to_owned());
        let compute_value = triple.get(2).to_owned();
        let alias = TypeAlias::make(triple.get(0).to_owned(), type_params, Some(compute_value), None, None)?;
        Ok(alias.into_object())
    }

    fn fields(&self) -> [&Field; 5] {
        [&self.name, &self.type_params, &self.compute_value, &self.value, &self.module]
    }
}

impl Ref<TypeAlias> {
    fn type_params(&self) -> Ref<Tuple> {
        // SAFETY: a tuple or null.
        get(&self.type_params).map_or_else(Tuple::empty, |params| unsafe { params.into_unchecked() })
    }
}

/// Parameters with a default come last.
fn check_parameters(parameters: &Ref<Tuple>) -> PyResult<()> {
    let mut default_seen = false;
    for parameter in parameters.iter() {
        if parameter_has_default(parameter)? {
            default_seen = true;
        } else if default_seen {
            return Err(raise!(
                TypeError,
                "non-default type parameter '{}' follows default type parameter",
                parameter.repr()?.to_display()
            ));
        }
    }
    Ok(())
}

#[pytype(name = "TypeAliasType", module = "typing", export = "_PyTypeAlias_Type", gc)]
impl TypeAlias {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<TypeAlias>> {
        let _ = cls;
        let [name, value, type_params] = args.unpack::<3>(&NEW)?;
        let name = name_argument(&NEW, name)?;
        let type_params = match type_params {
            None => None,
            Some(params) => match params.downcast::<Tuple>() {
                Some(params) => {
                    check_parameters(&params)?;
                    Some(params.to_owned())
                }
                None => return Err(raise!(TypeError, "type_params must be a tuple")),
            },
        };
        TypeAlias::make(name.into_object(), type_params, None, value.map(|object| object.to_owned()), caller_module())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TypeAlias) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            for field in (*this).fields() {
                memory::clear_field(field);
            }
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TypeAlias, visit: &mut Visitor) {
        for field in this.fields() {
            visit.object(field.get());
        }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TypeAlias>) {
        for field in this.fields().into_iter().skip(1) {
            set(field, None);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TypeAlias>) -> Option<Ref<Object>> {
        get(&this.name)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<TypeAlias>) -> PyResult<Ref<Object>> {
        Tuple::pack([unpack(this.as_borrowed())?])?.into_object().iter()
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::union::or(left, right)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<TypeAlias>, args: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if this.type_params.get().is_null() {
            return Err(raise!(TypeError, "Only generic type aliases are subscriptable"));
        }
        GenericAlias::new(this.as_borrowed(), args)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TypeAlias>) -> Option<Ref<Object>> {
        get(&this.name)
    }

    #[member(name = "__name__", kind = T_OBJECT, offset = offset_of!(Self, name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__parameters__")]
    fn get_parameters(this: &Ref<TypeAlias>) -> PyResult<Ref<Tuple>> {
        unpack_variadic(this.type_params().borrow())
    }

    #[getter(name = "__type_params__")]
    fn get_type_params(this: &Ref<TypeAlias>) -> Ref<Tuple> {
        this.type_params()
    }

    #[getter(name = "__value__")]
    fn get_value(this: &Ref<TypeAlias>) -> PyResult<Option<Ref<Object>>> {
        evaluate(&this.value, &this.compute_value)
    }

    #[getter(name = "evaluate_value")]
    fn value_evaluator(this: &Ref<TypeAlias>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.value, &this.compute_value)
    }

    #[getter(name = "__module__")]
    fn get_module(this: &Ref<TypeAlias>) -> PyResult<Option<Ref<Object>>> {
        if let Some(module) = get(&this.module) {
            return Ok(Some(module));
        }
        match get(&this.compute_value) {
            Some(function) if function.is_exact::<crate::types::Function>() => function.lookup_attr(id!("__module__")),
            _ => Ok(None),
        }
    }
}
