//! `types.GenericAlias`: a parametrised class such as `list[int]`, and the substitution of type parameters.
//!
//! An alias stands for its origin: attributes that are not its own are the origin's, and calling it calls the origin.
//! CPython: `Objects/genericaliasobject.c`.

use core::mem::offset_of;
use core::ptr;

use crate::abi::{PyObject, gaiterobject, gaobject};
use crate::memory::object as memory;
use crate::object::header;
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions::{AttributeError, TypeError};
use crate::types::iter::{builtin, source};
use crate::types::str::StrBuilder;

/// `gaobject`.
#[repr(transparent)]
pub struct GenericAlias(pub gaobject);

/// `gaiterobject`: gives the starred form of one alias, once.
#[repr(transparent)]
pub struct GenericAliasIterator(pub gaiterobject);

/// Attributes that an alias has itself, also when its origin has them.
const OWN: [&str; 9] = [
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
];

/// Attributes that an alias does not take from its origin.
const BLOCKED: [&str; 3] = ["__bases__", "__copy__", "__deepcopy__"];

impl GenericAlias {
    /// `origin[args]` (`Py_GenericAlias`).
    #[expect(clippy::new_ret_no_self, reason = "what callers want is the object")]
    pub fn new(origin: Borrowed<'_, Object>, args: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Ok(GenericAlias::make(GenericAlias::type_object(), origin, args)?.into_object())
    }

    fn make(
        cls: Borrowed<'_, Type>,
        origin: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
    ) -> PyResult<Ref<GenericAlias>> {
        let args = match args.downcast::<Tuple>() {
            Some(args) => args.to_owned(),
            None => Tuple::pack([args.to_owned()])?,
        };
        // SAFETY: `cls` is a subtype of the alias type.
        let alias: Ref<GenericAlias> = unsafe { cls.alloc(0)?.into_unchecked() };
        alias.0.origin.set(origin.to_owned().into_ptr());
        alias.0.args.set(args.into_ptr());
        if crate::object::protocol::call::vectorcall_function(origin).is_some() {
            alias.0.vectorcall.set(Some(alias_vectorcall));
        }
        Ok(alias)
    }
}

impl Ref<GenericAlias> {
    pub fn origin(&self) -> Borrowed<'_, Object> {
        // SAFETY: set since the alias was made, and never changed.
        unsafe { Borrowed::from_ptr(self.0.origin.get()) }
    }

    pub fn args(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr(self.0.args.get()) }
    }

    /// Whether this is the starred form, as `*tuple[int]` makes it.
    pub fn is_starred(&self) -> bool {
        self.0.starred.get()
    }

    /// The type parameters in the arguments.
    pub fn parameters(&self) -> PyResult<Ref<Tuple>> {
        lazy_parameters(&self.0.parameters, self.args().upcast())
    }
}

/// A field that holds the type parameters of `args` from the first use on.
pub(crate) fn lazy_parameters(
    field: &core::cell::Cell<*mut PyObject>,
    args: Borrowed<'_, Object>,
) -> PyResult<Ref<Tuple>> {
    if let Some(parameters) = source(field) {
        return Ok(parameters);
    }
    let parameters = make_parameters(args)?;
    let old = field.replace(parameters.clone().into_ptr());
    // SAFETY: the field owned it; finding the parameters may have run code that found them too.
    unsafe { header::xdecref(old) };
    Ok(parameters)
}

#[pytype(name = "GenericAlias", module = "types", export = "Py_GenericAliasType", gc, basetype,
         weaklistoffset = offset_of!(gaobject, weakreflist), vectorcalloffset = offset_of!(gaobject, vectorcall))]
impl GenericAlias {
    #[new(raw, signature = "(origin, args, /)")]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<GenericAlias>> {
        args.no_keywords("GenericAlias")?;
        args.check_count("GenericAlias", 2, 2)?;
        match *args.positional() {
            [origin, args] => GenericAlias::make(cls, origin, args),
            _ => Err(raise!(SystemError, "bad argument count")),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut GenericAlias) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            let raw = &(*this).0;
            if !raw.weakreflist.get().is_null() {
                crate::types::weakref::clear_refs(this.cast());
            }
            memory::clear_field(&raw.origin);
            memory::clear_field(&raw.args);
            memory::clear_field(&raw.parameters);
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &GenericAlias, visit: &mut Visitor) {
        visit.object(this.0.origin.get());
        visit.object(this.0.args.get());
        visit.object(this.0.parameters.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<GenericAlias>) -> PyResult<Ref<Str>> {
        let mut text = StrBuilder::new();
        if this.is_starred() {
            text.push_str("*")?;
        }
        push_type_repr(&mut text, this.origin())?;
        text.push_str("[")?;
        for (index, arg) in this.args().iter().enumerate() {
            if index > 0 {
                text.push_str(", ")?;
            }
            match arg.downcast_exact::<List>() {
                // `Callable[[int], str]` has a list among its arguments.
                Some(list) => push_list_repr(&mut text, &list)?,
                None => push_type_repr(&mut text, arg)?,
            }
        }
        text.push_str(if this.args().is_empty() { "()]" } else { "]" })?;
        text.finish()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<GenericAlias>) -> PyResult<isize> {
        Ok(this.origin().hash()? ^ this.args().as_object().hash()?)
    }

    #[slot(tp_call)]
    fn call(this: &Ref<GenericAlias>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let object = this.origin().call_args(&args)?;
        set_orig_class(object, this.as_borrowed())
    }

    #[slot(tp_getattro)]
    fn getattro(this: &Ref<GenericAlias>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let Some(text) = name.downcast::<Str>()
            && !OWN.iter().chain(&BLOCKED).any(|own| text.eq_str(own))
        {
            return this.origin().getattr_object(name);
        }
        crate::types::object::generic_getattr(this.as_object(), name)
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<GenericAlias>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let Some(other) = other.downcast::<GenericAlias>() else { return Ok(not_implemented()) };
        let equal = this.is_starred() == other.is_starred()
            && this.origin().equals(other.origin())?
            && this.args().as_object().equals(other.args().upcast())?;
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<GenericAlias>) -> PyResult<Ref<GenericAliasIterator>> {
        // SAFETY: the field is written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<GenericAliasIterator>()?;
            (*iterator).0.obj.set(this.clone().into_ptr());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::union::or(left, right)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<GenericAlias>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let parameters = this.parameters()?;
        let args = substitute(this.as_borrowed(), this.args().upcast(), &parameters, item.to_owned())?;
        let alias = GenericAlias::make(GenericAlias::type_object(), this.origin(), args.as_borrowed())?;
        alias.0.starred.set(this.is_starred());
        Ok(alias.into_object())
    }

    #[method(name = "__mro_entries__", signature = "($self, object, /)")]
    fn mro_entries(this: &Ref<GenericAlias>, object: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let _ = object;
        Tuple::pack([this.origin().to_owned()])
    }

    #[method(name = "__instancecheck__", signature = "($self, object, /)")]
    fn instancecheck(this: &Ref<GenericAlias>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        Err(raise!(TypeError, "isinstance() argument 2 cannot be a parameterized generic"))
    }

    #[method(name = "__subclasscheck__", signature = "($self, object, /)")]
    fn subclasscheck(this: &Ref<GenericAlias>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        Err(raise!(TypeError, "issubclass() argument 2 cannot be a parameterized generic"))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<GenericAlias>) -> PyResult<Ref<Tuple>> {
        if this.is_starred() {
            let plain = GenericAlias::new(this.origin(), this.args().upcast())?;
            return Tuple::pack([builtin(id!("next"))?, Tuple::pack([plain.iter()?])?.into_object()]);
        }
        let parts = Tuple::pack([this.origin().to_owned(), this.args().upcast().to_owned()])?;
        Tuple::pack([this.type_of().upcast().to_owned(), parts.into_object()])
    }

    #[method(name = "__dir__", signature = "($self, /)")]
    fn dir(this: &Ref<GenericAlias>) -> PyResult<Ref<Object>> {
        let names = crate::modules::builtins::dir(Some(this.origin().borrow()))?.into_object();
        for name in OWN {
            let name = Str::intern_str(name)?;
            if !names.contains(name.as_borrowed())?
                && let Some(list) = names.downcast::<List>()
            {
                list.push(name.into_object())?;
            }
        }
        Ok(names)
    }

    #[member(name = "__origin__", kind = T_OBJECT, offset = offset_of!(gaobject, origin), readonly)]
    const _ORIGIN: () = ();
    #[member(name = "__args__", kind = T_OBJECT, offset = offset_of!(gaobject, args), readonly)]
    const _ARGS: () = ();
    #[member(name = "__unpacked__", kind = T_BOOL, offset = offset_of!(gaobject, starred), readonly)]
    const _UNPACKED: () = ();

    #[getter(name = "__parameters__")]
    fn get_parameters(this: &Ref<GenericAlias>) -> PyResult<Ref<Tuple>> {
        this.parameters()
    }

    #[getter(name = "__typing_unpacked_tuple_args__")]
    fn unpacked_tuple_args(this: &Ref<GenericAlias>) -> Ref<Object> {
        starred_tuple_args(this).map_or_else(none, Ref::into_object)
    }
}

/// The arguments of `*tuple[...]`.
fn starred_tuple_args(alias: &Ref<GenericAlias>) -> Option<Ref<Tuple>> {
    (alias.is_starred() && alias.origin().is(&Tuple::type_object())).then(|| alias.args().to_owned())
}

/// Sets `__orig_class__` of what an alias made, where it can be set.
fn set_orig_class(object: Ref<Object>, alias: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let Err(raised) = object.setattr(id!("__orig_class__"), alias) {
        if !raised.is_a::<AttributeError>() && !raised.is_a::<TypeError>() {
            return Err(raised);
        }
        raised.clear();
    }
    Ok(object)
}

/// The vectorcall function of aliases whose origin has one.
unsafe extern "C" fn alias_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called by the rules of vectorcall, on an alias.
    unsafe {
        let alias: Ref<GenericAlias> = Ref::from_borrowed_ptr(callable);
        let object = crate::object::protocol::call::vectorcall(alias.origin().as_ptr(), args, nargsf, kwnames);
        match Ref::from_owned_ptr_or_null(object) {
            None => ptr::null_mut(),
            Some(object) => crate::object::protocol::number::into_c(set_orig_class(object, alias.as_borrowed())),
        }
    }
}

#[pytype(name = "generic_alias_iterator", export = "_Py_GenericAliasIterType", gc, disallow_instantiation)]
impl GenericAliasIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut GenericAliasIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.obj);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &GenericAliasIterator, visit: &mut Visitor) {
        visit.object(this.0.obj.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<GenericAliasIterator>) {
        // SAFETY: the field owns its count.
        unsafe { memory::clear_field(&this.0.obj) };
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<GenericAliasIterator>) -> Ref<GenericAliasIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<GenericAliasIterator>) -> PyResult<Option<Ref<GenericAlias>>> {
        let Some(alias) = source::<_, GenericAlias>(&this.0.obj) else { return Ok(None) };
        let starred = GenericAlias::make(GenericAlias::type_object(), alias.origin(), alias.args().upcast())?;
        starred.0.starred.set(true);
        // SAFETY: the field owns its count.
        unsafe { memory::clear_field(&this.0.obj) };
        Ok(Some(starred))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<GenericAliasIterator>) -> PyResult<Ref<Tuple>> {
        let function = builtin(id!("iter"))?;
        let rest = source::<_, Object>(&this.0.obj).unwrap_or_else(|| Tuple::empty().into_object());
        Tuple::pack([function, Tuple::pack([rest])?.into_object()])
    }
}

// ---- the text of types ----

/// How `typing` writes a type: `int`, `collections.deque`, `...`, `None`, and what looks like an alias by its `repr`
/// (`_Py_typing_type_repr`).
pub(crate) fn push_type_repr(text: &mut StrBuilder, object: Borrowed<'_, Object>) -> PyResult<()> {
    if object.as_ptr() == crate::object::ellipsis_ptr() {
        return text.push_str("...");
    }
    if object.as_ptr() == crate::types::none::NoneType::TYPE.cast() {
        return text.push_str("None");
    }
    if object.has_attr(id!("__origin__"))? && object.has_attr(id!("__args__"))? {
        return text.push_object(&object.repr()?);
    }
    let Some(qualname) = object.lookup_attr(id!("__qualname__"))? else {
        return text.push_object(&object.repr()?);
    };
    let module = object.lookup_attr(id!("__module__"))?.filter(|module| !module.is_none());
    let Some(module) = module else {
        return text.push_object(&object.repr()?);
    };
    if !module.downcast::<Str>().is_some_and(|module| module.eq_str("builtins")) {
        text.push_object(&module.str()?)?;
        text.push_str(".")?;
    }
    text.push_object(&qualname.str()?)
}

/// The same for the items of a list.
fn push_list_repr(text: &mut StrBuilder, list: &Ref<List>) -> PyResult<()> {
    let _guard = thread::enter_recursive(" while getting the repr of an object")?;
    text.push_str("[")?;
    let mut index = 0;
    let length = list.len();
    while index < length {
        let Some(item) = list.get(index) else { return Err(raise!(IndexError, "list index out of range")) };
        if index > 0 {
            text.push_str(", ")?;
        }
        push_type_repr(text, item.borrow())?;
        index += 1;
    }
    text.push_str("]")
}

// ---- type parameters and their substitution ----

/// The items of a tuple or a list.
fn items_of(sequence: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
    sequence.to_tuple()
}

fn is_list_or_tuple(object: Borrowed<'_, Object>) -> bool {
    object.is_instance_of::<Tuple>() || object.is_instance_of::<List>()
}

fn push_unique(parameters: &mut Vec<Ref<Object>>, item: Borrowed<'_, Object>) -> PyResult<()> {
    if parameters.iter().any(|known| known.is(&item)) { Ok(()) } else { parameters.try_push(item.to_owned()) }
}

/// The type parameters that `args`, a tuple or list, mentions, each once, in order (`_Py_make_parameters`).
pub(crate) fn make_parameters(args: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
    let _guard = thread::enter_recursive(" in __parameter__ calculation")?;
    let mut parameters = Vec::new();
    for arg in items_of(args)?.iter() {
        // `__parameters__` of a class is a descriptor of its instances.
        if arg.is_instance_of::<Type>() {
            continue;
        }
        if is_list_or_tuple(arg) {
            for parameter in make_parameters(arg)?.iter() {
                push_unique(&mut parameters, parameter)?;
            }
        } else if arg.has_attr(id!("__typing_subst__"))? {
            push_unique(&mut parameters, arg)?;
        } else if let Some(inner) = arg.lookup_attr(id!("__parameters__"))?
            && let Some(inner) = inner.downcast::<Tuple>()
        {
            for parameter in inner.iter() {
                push_unique(&mut parameters, parameter)?;
            }
        }
    }
    Tuple::from_vec(parameters)
}

/// The arguments given, with `*tuple[...]` of known length written out.
fn unpack_args(item: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
    let given = match item.downcast::<Tuple>() {
        Some(tuple) => tuple.to_owned(),
        None => Tuple::pack([item.to_owned()])?,
    };
    let mut args = Vec::new();
    for arg in given.iter() {
        if !arg.is_instance_of::<Type>() {
            let inner = match arg.downcast::<GenericAlias>().and_then(|alias| starred_tuple_args(&alias)) {
                Some(inner) => Some(inner.into_object()),
                None => arg.lookup_attr(id!("__typing_unpacked_tuple_args__"))?.filter(|inner| !inner.is_none()),
            };
            if let Some(inner) = inner
                && let Some(inner) = inner.downcast::<Tuple>()
                && inner.iter().next_back().is_none_or(|last| last.as_ptr() != crate::object::ellipsis_ptr())
            {
                args.try_extend(inner.as_slice())?;
                continue;
            }
        }
        args.try_push(arg.to_owned())?;
    }
    Tuple::from_vec(args)
}

fn position(parameters: &Ref<Tuple>, item: Borrowed<'_, Object>) -> Option<usize> {
    parameters.iter().position(|parameter| parameter.is(&item))
}

/// `obj` with its type parameters replaced, or `obj` itself where it has none.
fn substitute_in(obj: Borrowed<'_, Object>, parameters: &Ref<Tuple>, given: &Ref<Tuple>) -> PyResult<Ref<Object>> {
    let inner = obj.lookup_attr(id!("__parameters__"))?;
    let Some(inner) = inner.as_ref().and_then(|inner| inner.downcast::<Tuple>()).filter(|inner| !inner.is_empty())
    else {
        return Ok(obj.to_owned());
    };
    let mut args = Vec::new();
    for parameter in inner.iter() {
        let Some((index, value)) = position(parameters, parameter).and_then(|at| Some((at, given.try_get(at)?))) else {
            args.try_push(parameter.to_owned())?;
            continue;
        };
        // A TypeVarTuple stands for several arguments.
        let is_variadic = parameters.get(index).type_of().tp_iter.get().is_some();
        match value.downcast::<Tuple>() {
            Some(values) if is_variadic => args.try_extend(values.as_slice())?,
            _ => args.try_push(value.to_owned())?,
        }
    }
    obj.get_item(Tuple::from_vec(args)?.as_borrowed())
}

fn is_unpacked_typevartuple(arg: Borrowed<'_, Object>) -> PyResult<bool> {
    if arg.is_instance_of::<Type>() {
        return Ok(false);
    }
    match arg.lookup_attr(id!("__typing_is_unpacked_typevartuple__"))? {
        Some(answer) => answer.is_true(),
        None => Ok(false),
    }
}

/// `args` with `parameters` replaced by `item`, one argument or a tuple of them (`_Py_subs_parameters`). `this` is what
/// is subscripted, for messages.
pub(crate) fn substitute(
    this: Borrowed<'_, Object>,
    args: Borrowed<'_, Object>,
    parameters: &Ref<Tuple>,
    item: Ref<Object>,
) -> PyResult<Ref<Tuple>> {
    let _guard = thread::enter_recursive(" while substituting type parameters")?;
    let count = parameters.len();
    if count == 0 {
        return Err(raise!(TypeError, "{} is not a generic class", this.repr()?.to_display()));
    }
    let mut item = unpack_args(item.borrow())?.into_object();
    for parameter in parameters.iter() {
        let prepare = parameter.lookup_attr(id!("__typing_prepare_subst__"))?.filter(|prepare| !prepare.is_none());
        if let Some(prepare) = prepare {
            let given = match item.downcast::<Tuple>() {
                Some(tuple) => tuple.to_owned(),
                None => Tuple::pack([item.clone()])?,
            };
            item = prepare.call(&[this, given.as_borrowed()])?;
        }
    }
    let given = match item.downcast::<Tuple>() {
        Some(tuple) => tuple.to_owned(),
        None => Tuple::pack([item.clone()])?,
    };
    if given.len() != count {
        return Err(raise!(
            TypeError,
            "Too {} arguments for {}; actual {}, expected {count}",
            if given.len() > count { "many" } else { "few" },
            this.repr()?.to_display(),
            given.len()
        ));
    }
    let mut new_args = Vec::new();
    for arg in items_of(args)?.iter() {
        if arg.is_instance_of::<Type>() {
            new_args.try_push(arg.to_owned())?;
            continue;
        }
        if is_list_or_tuple(arg) {
            let inner = substitute(this, arg, parameters, given.clone().into_object())?;
            new_args.try_push(if arg.is_instance_of::<Tuple>() {
                inner.into_object()
            } else {
                List::from_iterable(inner.as_borrowed())?.into_object()
            })?;
            continue;
        }
        let unpack = is_unpacked_typevartuple(arg)?;
        let new_arg = match arg.lookup_attr(id!("__typing_subst__"))? {
            Some(subst) => {
                let Some(value) = position(parameters, arg).and_then(|index| given.try_get(index)) else {
                    return Err(raise!(
                        TypeError,
                        "argument {} with __typing_subst__ was not found in __parameters__",
                        arg.to_repr_text()
                    ));
                };
                subst.call1(value)?
            }
            None => substitute_in(arg, parameters, &given)?,
        };
        if unpack {
            let Some(values) = new_arg.downcast::<Tuple>() else {
                return Err(raise!(
                    TypeError,
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    arg.type_of().full_name()?,
                    new_arg.type_of().full_name()?
                ));
            };
            new_args.try_extend(values.as_slice())?;
        } else {
            new_args.try_push(new_arg)?;
        }
    }
    Tuple::from_vec(new_args)
}
