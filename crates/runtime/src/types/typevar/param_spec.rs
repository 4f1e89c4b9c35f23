//! `typing.ParamSpec`, and its `args` and `kwargs`.

use core::cell::Cell;
use core::mem::offset_of;

use super::{
    Field, MANAGED, MANAGED_DICT, WEAKREFS, call_typing, check_variance, clear, deallocate, default_value,
    evaluator_of, flag, get, given, has_default, name_argument, no_default, repr_with_variance, set, set_module,
    traverse, union,
};
use crate::abi::{Py_TPFLAGS_MANAGED_WEAKREF as MANAGED_WEAKREF, PyObject};
use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::prelude::*;

/// A parameter specification variable.
#[repr(C)]
pub struct ParamSpec {
    head: PyObject,
    name: Field,
    bound: Field,
    pub(super) default_value: Field,
    pub(super) evaluate_default: Field,
    covariant: Cell<bool>,
    contravariant: Cell<bool>,
    infer_variance: Cell<bool>,
}

/// `P.args`.
#[repr(C)]
pub struct ParamSpecArgs {
    head: PyObject,
    origin: Field,
}

/// `P.kwargs`.
#[repr(C)]
pub struct ParamSpecKwargs {
    head: PyObject,
    origin: Field,
}

static NEW: ArgSpec = ArgSpec {
    pos: 1,
    kwonly: 5,
    ..ArgSpec::plain("paramspec", &["name", "bound", "default", "covariant", "contravariant", "infer_variance"], 1)
};

impl ParamSpec {
    fn make(name: Ref<Object>) -> PyResult<Ref<ParamSpec>> {
        // SAFETY: the name is written before the object is tracked; the rest is null.
        unsafe {
            let this = memory::new::<ParamSpec>()?;
            (*this).name.set(name.into_ptr());
            memory::gc_track(this.cast());
            Ok(Ref::from_owned_ptr(this))
        }
    }

    /// The parameter of `[**name]`.
    pub fn for_parameter(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let this = ParamSpec::make(name.to_owned())?;
        this.infer_variance.set(true);
        Ok(this.into_object())
    }

    fn fields(&self) -> [&Field; 4] {
        [&self.name, &self.bound, &self.default_value, &self.evaluate_default]
    }
}

#[pytype(name = "ParamSpec", module = "typing", gc, flags = MANAGED, dictoffset = MANAGED_DICT,
         weaklistoffset = WEAKREFS, heap)]
impl ParamSpec {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<ParamSpec>> {
        let _ = cls;
        let [name, bound, default, covariant, contravariant, infer_variance] = args.unpack::<6>(&NEW)?;
        let name = name_argument(&NEW, name)?;
        let (covariant, contravariant, infer) = (flag(covariant)?, flag(contravariant)?, flag(infer_variance)?);
        check_variance(covariant, contravariant, infer)?;
        let bound = given(bound).map(|bound| bound.to_owned());
        let this = ParamSpec::make(name.into_object())?;
        set(&this.bound, bound);
        set(&this.default_value, Some(default.map_or_else(no_default, |object| object.to_owned())));
        this.covariant.set(covariant);
        this.contravariant.set(contravariant);
        this.infer_variance.set(infer);
        set_module(&this)?;
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ParamSpec) {
        // SAFETY: called once, by the last decref.
        unsafe { deallocate(this, &(*this).fields()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ParamSpec, visit: &mut Visitor) {
        // SAFETY: an instance.
        unsafe { traverse((&raw const *this).cast_mut().cast(), &this.fields(), visit) }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ParamSpec>) {
        clear(this.as_object(), &this.fields());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ParamSpec>) -> PyResult<Ref<Str>> {
        repr_with_variance(&this.name, this.covariant.get(), this.contravariant.get(), this.infer_variance.get())
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        union(left, right)
    }

    #[method(name = "__typing_subst__", signature = "($self, arg, /)")]
    fn typing_subst(this: &Ref<ParamSpec>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        call_typing("_paramspec_subst", &[this.as_borrowed(), arg])
    }

    #[method(name = "__typing_prepare_subst__", signature = "($self, alias, args, /)")]
    fn typing_prepare_subst(
        this: &Ref<ParamSpec>,
        alias: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        call_typing("_paramspec_prepare_subst", &[this.as_borrowed(), alias, args])
    }

    #[method(name = "has_default", signature = "($self, /)")]
    fn has_default_method(this: &Ref<ParamSpec>) -> bool {
        has_default(&this.default_value, &this.evaluate_default)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ParamSpec>) -> Option<Ref<Object>> {
        get(&this.name)
    }

    #[method(name = "__mro_entries__", signature = "($self, object, /)")]
    fn mro_entries(this: &Ref<ParamSpec>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        Err(raise!(TypeError, "Cannot subclass an instance of ParamSpec"))
    }

    #[member(name = "__name__", kind = T_OBJECT, offset = offset_of!(Self, name), readonly)]
    const _NAME: () = ();
    #[member(name = "__bound__", kind = T_OBJECT, offset = offset_of!(Self, bound), readonly)]
    const _BOUND: () = ();
    #[member(name = "__covariant__", kind = T_BOOL, offset = offset_of!(Self, covariant), readonly)]
    const _COVARIANT: () = ();
    #[member(name = "__contravariant__", kind = T_BOOL, offset = offset_of!(Self, contravariant), readonly)]
    const _CONTRAVARIANT: () = ();
    #[member(name = "__infer_variance__", kind = T_BOOL, offset = offset_of!(Self, infer_variance), readonly)]
    const _INFER_VARIANCE: () = ();

    #[getter]
    fn args(this: &Ref<ParamSpec>) -> PyResult<Ref<ParamSpecArgs>> {
        ParamSpecArgs::make(this.clone().into_object())
    }

    #[getter]
    fn kwargs(this: &Ref<ParamSpec>) -> PyResult<Ref<ParamSpecKwargs>> {
        ParamSpecKwargs::make(this.clone().into_object())
    }

    #[getter(name = "__default__")]
    fn get_default(this: &Ref<ParamSpec>) -> PyResult<Ref<Object>> {
        default_value(&this.default_value, &this.evaluate_default)
    }

    #[getter(name = "evaluate_default")]
    fn default_evaluator(this: &Ref<ParamSpec>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.default_value, &this.evaluate_default)
    }
}

/// `P.args` and `P.kwargs` are alike but for their names.
macro_rules! part {
    ($ty:ident, $name:literal, $function:literal, $suffix:literal, $spec:ident) => {
        static $spec: ArgSpec = ArgSpec::plain($function, &["origin"], 1);

        impl $ty {
            fn make(origin: Ref<Object>) -> PyResult<Ref<$ty>> {
                // SAFETY: the field is written before the object is tracked.
                unsafe {
                    let this = memory::new::<$ty>()?;
                    (*this).origin.set(origin.into_ptr());
                    memory::gc_track(this.cast());
                    Ok(Ref::from_owned_ptr(this))
                }
            }
        }

        impl Ref<$ty> {
            fn origin(&self) -> Ref<Object> {
                get(&self.origin).unwrap_or_else(none)
            }
        }

        #[pytype(name = $name, module = "typing", gc, flags = MANAGED_WEAKREF, weaklistoffset = WEAKREFS, unhashable, heap)]
        impl $ty {
            #[new(raw)]
            fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<$ty>> {
                let _ = cls;
                let [origin] = args.unpack::<1>(&$spec)?;
                $ty::make(origin.map_or_else(none, |object| object.to_owned()))
            }

            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe {
                    memory::gc_untrack(this.cast());
                    crate::types::weakref::clear_refs(this.cast());
                    memory::clear_field(&(*this).origin);
                    memory::free(this.cast());
                }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                visit.object(this.origin.get());
            }

            #[slot(tp_clear)]
            fn clear(this: &Ref<$ty>) {
                set(&this.origin, None);
            }

            #[slot(tp_repr)]
            fn repr(this: &Ref<$ty>) -> PyResult<Ref<Str>> {
                let origin = this.origin();
                let name = match origin.downcast_exact::<ParamSpec>() {
                    Some(spec) => get(&spec.name).map(|name| name.to_text()).unwrap_or_default(),
                    None => origin.repr()?.to_display(),
                };
                Str::from_utf8_str(&format!(concat!("{}", $suffix), name))
            }

            #[slot(tp_richcompare)]
            fn compare(this: &Ref<$ty>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
                match other.downcast_exact::<$ty>() {
                    Some(other) if matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                        this.origin().rich_compare(other.origin().borrow(), op)
                    }
                    _ => Ok(not_implemented()),
                }
            }

            #[method(name = "__mro_entries__", signature = "($self, object, /)")]
            fn mro_entries(this: &Ref<$ty>, object: Borrowed<'_, Object>) -> PyResult<()> {
                let _ = (this, object);
                Err(raise!(TypeError, concat!("Cannot subclass an instance of ", $name)))
            }

            #[member(name = "__origin__", kind = T_OBJECT, offset = offset_of!(Self, origin), readonly)]
            const _ORIGIN: () = ();
        }
    };
}

part!(ParamSpecArgs, "ParamSpecArgs", "paramspecargs", ".args", NEW_ARGS);
part!(ParamSpecKwargs, "ParamSpecKwargs", "paramspeckwargs", ".kwargs", NEW_KWARGS);
