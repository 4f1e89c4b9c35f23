//! `typing.Union`: `int | str`.
//!
//! The members keep their order, each once. Those that can be hashed are kept in a frozen set too, for hash and
//! equality. CPython: `Objects/unionobject.c`.

use core::mem::offset_of;
use core::ptr;

use crate::abi::_PyUnionObject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::generic_alias::{GenericAlias, lazy_parameters, push_type_repr, substitute};
use crate::types::iter::source;
use crate::types::none::NoneType;
use crate::types::str::StrBuilder;

/// `_PyUnionObject`.
#[repr(transparent)]
pub struct Union(pub _PyUnionObject);

/// What the members of a union are collected in.
struct Builder {
    args: Vec<Ref<Object>>,
    hashable: Ref<Set>,
    unhashable: Vec<Ref<Object>>,
    /// Whether what is no type is given to `typing` to decide on.
    checked: bool,
}

impl Builder {
    fn new(checked: bool) -> PyResult<Builder> {
        Ok(Builder { args: Vec::new(), hashable: Set::new()?, unhashable: Vec::new(), checked })
    }

    fn add(&mut self, arg: Borrowed<'_, Object>) -> PyResult<()> {
        if arg.is_none() {
            return self.add_unchecked(NoneType::type_object().upcast().to_owned());
        }
        if let Some(union) = arg.downcast_exact::<Union>() {
            for member in union.args().iter() {
                self.add(member)?;
            }
            return Ok(());
        }
        let arg =
            if self.checked { check_type(arg, "Union[arg, ...]: each arg must be a type.")? } else { arg.to_owned() };
        self.add_unchecked(arg)
    }

    fn add_unchecked(&mut self, arg: Ref<Object>) -> PyResult<()> {
        match arg.hash() {
            Ok(_) => {
                if self.hashable.contains(arg.borrow())? {
                    return Ok(());
                }
                self.hashable.add(arg.borrow())?;
            }
            Err(raised) => {
                raised.clear();
                for known in &self.unhashable {
                    if known.equals(arg.borrow())? {
                        return Ok(());
                    }
                }
                self.unhashable.try_push(arg.clone())?;
            }
        }
        self.args.try_push(arg)
    }

    fn finish(self) -> PyResult<Ref<Object>> {
        match &self.args[..] {
            [] => return Err(raise!(TypeError, "Cannot take a Union of no types.")),
            [only] => return Ok(only.clone()),
            _ => {}
        }
        let args = Tuple::from_vec(self.args)?;
        let hashable = FrozenSet::from_iterable(self.hashable.as_borrowed())?;
        let unhashable = if self.unhashable.is_empty() { None } else { Some(Tuple::from_vec(self.unhashable)?) };
        // SAFETY: all fields are written before the union is tracked.
        unsafe {
            let union = memory::new::<Union>()?;
            (*union).0.args.set(args.into_ptr());
            (*union).0.hashable_args.set(hashable.into_ptr());
            (*union).0.unhashable_args.set(unhashable.map_or(ptr::null_mut(), Ref::into_ptr));
            memory::gc_track(union.cast());
            Ok(Ref::from_owned_ptr(union))
        }
    }
}

/// What can be a member without a question to `typing`.
fn is_unionable(object: Borrowed<'_, Object>) -> bool {
    object.is_none()
        || object.is_instance_of::<Type>()
        || object.is_instance_of::<GenericAlias>()
        || object.is_exact::<Union>()
        || object.is_exact::<crate::types::typevar::TypeAlias>()
}

/// The type that `arg` stands for: a string is a forward reference, and so on.
pub(crate) fn check_type(arg: Borrowed<'_, Object>, message: &str) -> PyResult<Ref<Object>> {
    if arg.is_none() {
        return Ok(NoneType::type_object().upcast().to_owned());
    }
    if is_unionable(arg) {
        return Ok(arg.to_owned());
    }
    let message = Str::from_utf8_str(message)?;
    crate::import::import_attr("typing", "_type_check")?.call(&[arg, message.as_borrowed()])
}

/// `left | right` of two types; NotImplemented for what is none (`_Py_union_type_or`).
pub fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if !is_unionable(left) || !is_unionable(right) {
        return Ok(not_implemented());
    }
    let mut builder = Builder::new(false)?;
    builder.add(left)?;
    builder.add(right)?;
    builder.finish()
}

/// `Union[args]`: members that are no types go to `typing` (`_Py_union_from_tuple`).
pub fn from_args(args: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let mut builder = Builder::new(true)?;
    match args.downcast_exact::<Tuple>() {
        Some(args) => {
            for arg in args.iter() {
                builder.add(arg)?;
            }
        }
        None => builder.add(args)?,
    }
    builder.finish()
}

impl Ref<Union> {
    /// The members.
    pub fn args(&self) -> Ref<Tuple> {
        // SAFETY: set since the union was made.
        unsafe { Ref::from_borrowed_ptr(self.0.args.get()) }
    }

    fn unhashable(&self) -> Option<Ref<Tuple>> {
        source(&self.0.unhashable_args)
    }

    fn hashable(&self) -> Borrowed<'_, Object> {
        // SAFETY: set since the union was made.
        unsafe { Borrowed::from_ptr(self.0.hashable_args.get()) }
    }

    fn equals_union(&self, other: &Ref<Union>) -> PyResult<bool> {
        if !self.hashable().equals(other.hashable())? {
            return Ok(false);
        }
        match (self.unhashable(), other.unhashable()) {
            (None, None) => Ok(true),
            (Some(a), Some(b)) if a.len() == b.len() => {
                for member in a.iter() {
                    if !b.as_object().contains(member)? {
                        return Ok(false);
                    }
                }
                for member in b.iter() {
                    if !a.as_object().contains(member)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

#[pytype(name = "Union", module = "typing", export = "_PyUnion_Type", gc, disallow_instantiation,
         weaklistoffset = offset_of!(_PyUnionObject, weakreflist))]
impl Union {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Union) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            let raw = &(*this).0;
            if !raw.weakreflist.get().is_null() {
                crate::types::weakref::clear_refs(this.cast());
            }
            for field in [&raw.args, &raw.hashable_args, &raw.unhashable_args, &raw.parameters] {
                memory::clear_field(field);
            }
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Union, visit: &mut Visitor) {
        visit.object(this.0.args.get());
        visit.object(this.0.hashable_args.get());
        visit.object(this.0.unhashable_args.get());
        visit.object(this.0.parameters.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Union>) -> PyResult<Ref<Str>> {
        let mut text = StrBuilder::new();
        for (index, member) in this.args().iter().enumerate() {
            if index > 0 {
                text.push_str(" | ")?;
            }
            push_type_repr(&mut text, member)?;
        }
        text.finish()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Union>) -> PyResult<isize> {
        if let Some(unhashable) = this.unhashable() {
            for member in unhashable.iter() {
                member.hash()?;
            }
            // They can be hashed by now, which is no reason for the union to be.
            let count = unhashable.len();
            let plural = if count == 1 { "" } else { "s" };
            return Err(raise!(TypeError, "union contains {count} unhashable element{plural}"));
        }
        this.hashable().hash()
    }

    #[slot(tp_getattro)]
    fn getattro(this: &Ref<Union>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if name.downcast::<Str>().is_some_and(|name| name.eq_str("__module__")) {
            return this.type_of().upcast().getattr_object(name);
        }
        crate::types::object::generic_getattr(this.as_object(), name)
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Union>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let Some(other) = other.downcast_exact::<Union>() else { return Ok(not_implemented()) };
        let equal = this.equals_union(&other)?;
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(nb_or)]
    fn or_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // With a union on one side everything can be a member: strings are names of types.
        let mut builder = Builder::new(true)?;
        builder.add(left)?;
        builder.add(right)?;
        builder.finish()
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Union>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let args = this.args();
        let parameters = lazy_parameters(&this.0.parameters, args.as_borrowed())?;
        let args = substitute(this.as_borrowed(), args.as_borrowed(), &parameters, item.to_owned())?;
        from_args(args.as_borrowed())
    }

    #[method(name = "__mro_entries__", signature = "($self, object, /)")]
    fn mro_entries(this: &Ref<Union>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = object;
        Err(raise!(TypeError, "Cannot subclass {}", this.as_object().repr()?.to_display()))
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _ = cls;
        from_args(object)
    }

    #[member(name = "__args__", kind = T_OBJECT, offset = offset_of!(_PyUnionObject, args), readonly)]
    const _ARGS: () = ();

    #[getter(name = "__name__")]
    fn name(this: &Ref<Union>) -> Ref<Str> {
        let _ = this;
        id!("Union").to_owned()
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<Union>) -> Ref<Str> {
        let _ = this;
        id!("Union").to_owned()
    }

    #[getter(name = "__origin__")]
    fn origin(this: &Ref<Union>) -> Ref<Type> {
        let _ = this;
        Union::type_object().to_owned()
    }

    #[getter(name = "__parameters__")]
    fn parameters(this: &Ref<Union>) -> PyResult<Ref<Tuple>> {
        lazy_parameters(&this.0.parameters, this.args().as_borrowed())
    }
}
