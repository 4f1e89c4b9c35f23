//! `typing.TypeVar`.

use core::cell::Cell;
use core::mem::offset_of;

use super::{
    Field, MANAGED, MANAGED_DICT, WEAKREFS, call_typing, check_variance, clear, deallocate, default_value, evaluate,
    evaluator_of, flag, given, has_default, name_argument, no_default, repr_with_variance, set, set_module, traverse,
    union,
};
use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::prelude::*;

/// A type variable.
#[repr(C)]
pub struct TypeVar {
    head: PyObject,
    name: Field,
    bound: Field,
    evaluate_bound: Field,
    constraints: Field,
    evaluate_constraints: Field,
    pub(super) default_value: Field,
    pub(super) evaluate_default: Field,
    covariant: Cell<bool>,
    contravariant: Cell<bool>,
    infer_variance: Cell<bool>,
}

static NEW: ArgSpec = ArgSpec {
    pos: 1,
    kwonly: 5,
    varargs: true,
    ..ArgSpec::plain("typevar", &["name", "bound", "default", "covariant", "contravariant", "infer_variance"], 1)
};

impl TypeVar {
    fn make(name: Ref<Object>) -> PyResult<Ref<TypeVar>> {
        // SAFETY: the name is written before the object is tracked; the rest is null.
        unsafe {
            let this = memory::new::<TypeVar>()?;
            (*this).name.set(name.into_ptr());
            memory::gc_track(this.cast());
            Ok(Ref::from_owned_ptr(this))
        }
    }

    /// The parameter of `[name]`, `[name: bound]` or `[name: (constraints)]`, with the functions that evaluate them.
    pub fn for_parameter(
        name: Borrowed<'_, Object>,
        bound: Option<Borrowed<'_, Object>>,
        constraints: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let this = TypeVar::make(name.to_owned())?;
        set(&this.evaluate_bound, bound.map(|object| object.to_owned()));
        set(&this.evaluate_constraints, constraints.map(|object| object.to_owned()));
        this.infer_variance.set(true);
        Ok(this.into_object())
    }

    fn fields(&self) -> [&Field; 7] {
        [
            &self.name,
            &self.bound,
            &self.evaluate_bound,
            &self.constraints,
            &self.evaluate_constraints,
            &self.default_value,
            &self.evaluate_default,
        ]
    }
}

#[pytype(name = "TypeVar", module = "typing", gc, flags = MANAGED, dictoffset = MANAGED_DICT, weaklistoffset = WEAKREFS, heap)]
impl TypeVar {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<TypeVar>> {
        let _ = cls;
        let [name, bound, default, covariant, contravariant, infer_variance] = args.unpack::<6>(&NEW)?;
        let name = name_argument(&NEW, name)?;
        let (covariant, contravariant, infer) = (flag(covariant)?, flag(contravariant)?, flag(infer_variance)?);
        check_variance(covariant, contravariant, infer)?;
        let bound =
            given(bound).map(|bound| crate::types::union::check_type(bound, "Bound must be a type.")).transpose()?;
        let constraints = args.positional().get(1..).unwrap_or(&[]);
        match constraints.len() {
            0 => {}
            1 => return Err(raise!(TypeError, "A single constraint is not allowed")),
            _ if bound.is_some() => {
                return Err(raise!(TypeError, "Constraints cannot be combined with bound=..."));
            }
            _ => {}
        }
        let this = TypeVar::make(name.into_object())?;
        set(&this.bound, bound);
        if !constraints.is_empty() {
            set(&this.constraints, Some(Tuple::from_slice(constraints)?.into_object()));
        }
        set(&this.default_value, Some(default.map_or_else(no_default, |object| object.to_owned())));
        this.covariant.set(covariant);
        this.contravariant.set(contravariant);
        this.infer_variance.set(infer);
        set_module(&this)?;
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TypeVar) {
        // SAFETY: called once, by the last decref.
        unsafe { deallocate(this, &(*this).fields()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TypeVar, visit: &mut Visitor) {
        // SAFETY: an instance.
        unsafe { traverse((&raw const *this).cast_mut().cast(), &this.fields(), visit) }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TypeVar>) {
        clear(this.as_object(), &this.fields());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TypeVar>) -> PyResult<Ref<Str>> {
        repr_with_variance(&this.name, this.covariant.get(), this.contravariant.get(), this.infer_variance.get())
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        union(left, right)
    }

    #[method(name = "__typing_subst__", signature = "($self, arg, /)")]
    fn typing_subst(this: &Ref<TypeVar>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        call_typing("_typevar_subst", &[this.as_borrowed(), arg])
    }

    #[method(name = "__typing_prepare_subst__", signature = "($self, alias, args, /)")]
    fn typing_prepare_subst(
        this: &Ref<TypeVar>,
        alias: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        let parameters = alias.getattr(id!("__parameters__"))?;
        let given = args.len()?;
        let mut place = None;
        let mut index = 0;
        parameters.for_each(|parameter| {
            if place.is_none() && parameter.equals(this.as_borrowed())? {
                place = Some(index);
            }
            index += 1;
            Ok(())
        })?;
        let Some(place) = place else { return Err(raise!(ValueError, "sequence.index(x): x not in sequence")) };
        if place < given {
            return Ok(args.to_owned());
        }
        if place == given {
            let default = default_value(&this.default_value, &this.evaluate_default)?;
            if !default.is(&no_default()) {
                return args.add(Tuple::pack([default])?.as_borrowed());
            }
        }
        Err(raise!(
            TypeError,
            "Too few arguments for {}; actual {given}, expected at least {}",
            alias.str()?.to_display(),
            place + 1
        ))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TypeVar>) -> Option<Ref<Object>> {
        super::get(&this.name)
    }

    #[method(name = "has_default", signature = "($self, /)")]
    fn has_default_method(this: &Ref<TypeVar>) -> bool {
        has_default(&this.default_value, &this.evaluate_default)
    }

    #[method(name = "__mro_entries__", signature = "($self, object, /)")]
    fn mro_entries(this: &Ref<TypeVar>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        Err(raise!(TypeError, "Cannot subclass an instance of TypeVar"))
    }

    #[member(name = "__name__", kind = T_OBJECT, offset = offset_of!(Self, name), readonly)]
    const _NAME: () = ();
    #[member(name = "__covariant__", kind = T_BOOL, offset = offset_of!(Self, covariant), readonly)]
    const _COVARIANT: () = ();
    #[member(name = "__contravariant__", kind = T_BOOL, offset = offset_of!(Self, contravariant), readonly)]
    const _CONTRAVARIANT: () = ();
    #[member(name = "__infer_variance__", kind = T_BOOL, offset = offset_of!(Self, infer_variance), readonly)]
    const _INFER_VARIANCE: () = ();

    #[getter(name = "__bound__")]
    fn get_bound(this: &Ref<TypeVar>) -> PyResult<Option<Ref<Object>>> {
        evaluate(&this.bound, &this.evaluate_bound)
    }

    #[getter(name = "__constraints__")]
    fn get_constraints(this: &Ref<TypeVar>) -> PyResult<Ref<Object>> {
        let constraints = evaluate(&this.constraints, &this.evaluate_constraints)?;
        Ok(constraints.unwrap_or_else(|| Tuple::empty().into_object()))
    }

    #[getter(name = "__default__")]
    fn get_default(this: &Ref<TypeVar>) -> PyResult<Ref<Object>> {
        default_value(&this.default_value, &this.evaluate_default)
    }

    #[getter(name = "evaluate_bound")]
    fn bound_evaluator(this: &Ref<TypeVar>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.bound, &this.evaluate_bound)
    }

    #[getter(name = "evaluate_constraints")]
    fn constraints_evaluator(this: &Ref<TypeVar>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.constraints, &this.evaluate_constraints)
    }

    #[getter(name = "evaluate_default")]
    fn default_evaluator(this: &Ref<TypeVar>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.default_value, &this.evaluate_default)
    }
}
