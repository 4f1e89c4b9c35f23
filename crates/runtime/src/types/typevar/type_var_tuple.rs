//! `typing.TypeVarTuple`.

use core::mem::offset_of;

use super::{
    Field, MANAGED, MANAGED_DICT, WEAKREFS, call_typing, clear, deallocate, default_value, evaluator_of, get,
    has_default, name_argument, no_default, set, set_module, traverse, unpack,
};
use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::prelude::*;

/// A type variable that stands for any number of types.
#[repr(C)]
pub struct TypeVarTuple {
    head: PyObject,
    name: Field,
    pub(super) default_value: Field,
    pub(super) evaluate_default: Field,
}

static NEW: ArgSpec = ArgSpec { pos: 1, kwonly: 1, ..ArgSpec::plain("typevartuple", &["name", "default"], 1) };

impl TypeVarTuple {
    fn make(name: Ref<Object>) -> PyResult<Ref<TypeVarTuple>> {
        // SAFETY: the name is written before the object is tracked; the rest is null.
        unsafe {
            let this = memory::new::<TypeVarTuple>()?;
            (*this).name.set(name.into_ptr());
            memory::gc_track(this.cast());
            Ok(Ref::from_owned_ptr(this))
        }
    }

    /// The parameter of `[*name]`.
    pub fn for_parameter(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Ok(TypeVarTuple::make(name.to_owned())?.into_object())
    }

    fn fields(&self) -> [&Field; 3] {
        [&self.name, &self.default_value, &self.evaluate_default]
    }
}

#[pytype(name = "TypeVarTuple", module = "typing", gc, flags = MANAGED, dictoffset = MANAGED_DICT,
         weaklistoffset = WEAKREFS, heap)]
impl TypeVarTuple {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<TypeVarTuple>> {
        let _ = cls;
        let [name, default] = args.unpack::<2>(&NEW)?;
        let this = TypeVarTuple::make(name_argument(&NEW, name)?.into_object())?;
        set(&this.default_value, Some(default.map_or_else(no_default, |object| object.to_owned())));
        set_module(&this)?;
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TypeVarTuple) {
        // SAFETY: called once, by the last decref.
        unsafe { deallocate(this, &(*this).fields()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TypeVarTuple, visit: &mut Visitor) {
        // SAFETY: an instance.
        unsafe { traverse((&raw const *this).cast_mut().cast(), &this.fields(), visit) }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TypeVarTuple>) {
        clear(this.as_object(), &this.fields());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TypeVarTuple>) -> Option<Ref<Object>> {
        get(&this.name)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<TypeVarTuple>) -> PyResult<Ref<Object>> {
        Tuple::pack([unpack(this.as_borrowed())?])?.into_object().iter()
    }

    #[method(name = "__typing_subst__", signature = "($self, arg, /)")]
    fn typing_subst(this: &Ref<TypeVarTuple>, arg: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, arg);
        Err(raise!(TypeError, "Substitution of bare TypeVarTuple is not supported"))
    }

    #[method(name = "__typing_prepare_subst__", signature = "($self, alias, args, /)")]
    fn typing_prepare_subst(
        this: &Ref<TypeVarTuple>,
        alias: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        call_typing("_typevartuple_prepare_subst", &[this.as_borrowed(), alias, args])
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TypeVarTuple>) -> Option<Ref<Object>> {
        get(&this.name)
    }

    #[method(name = "has_default", signature = "($self, /)")]
    fn has_default_method(this: &Ref<TypeVarTuple>) -> bool {
        has_default(&this.default_value, &this.evaluate_default)
    }

    #[method(name = "__mro_entries__", signature = "($self, object, /)")]
    fn mro_entries(this: &Ref<TypeVarTuple>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        Err(raise!(TypeError, "Cannot subclass an instance of TypeVarTuple"))
    }

    #[member(name = "__name__", kind = T_OBJECT, offset = offset_of!(Self, name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__default__")]
    fn get_default(this: &Ref<TypeVarTuple>) -> PyResult<Ref<Object>> {
        default_value(&this.default_value, &this.evaluate_default)
    }

    #[getter(name = "evaluate_default")]
    fn default_evaluator(this: &Ref<TypeVarTuple>) -> PyResult<Option<Ref<Object>>> {
        evaluator_of(&this.default_value, &this.evaluate_default)
    }
}
