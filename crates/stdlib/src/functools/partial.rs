//! `functools.partial` and `Placeholder`.
//!
//! **Invariant:** the last frozen positional argument is no placeholder, and `placeholders` counts those among them.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{PY_VECTORCALL_ARGUMENTS_OFFSET, PyObject, vectorcallfunc};
use taipan_runtime::object::args::rt::plain_count;
use taipan_runtime::object::protocol::call;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::{object, repr_guard};

use super::bound;
use crate::support::{self, Slot};

/// The type of `Placeholder`.
#[repr(C)]
pub struct PlaceholderType {
    head: PyObject,
}

/// The one placeholder. The GIL guards it.
static PLACEHOLDER: Slot = Slot::new();

/// `functools.Placeholder`.
pub fn placeholder() -> PyResult<Ref<Object>> {
    if let Some(placeholder) = PLACEHOLDER.get() {
        return Ok(placeholder);
    }
    // SAFETY: the type has no fields of its own.
    let placeholder =
        unsafe { Ref::<Object>::from_owned_ptr(taipan_runtime::memory::object::new::<PlaceholderType>()?) };
    PLACEHOLDER.set(Some(placeholder.clone()));
    Ok(placeholder)
}

fn is_placeholder<T>(object: &Ref<T>) -> bool {
    object.as_ptr() == PLACEHOLDER.as_ptr()
}

fn count_placeholders(args: &Ref<Tuple>) -> usize {
    args.as_slice().iter().filter(|item| is_placeholder(item)).count()
}

#[pytype(name = "_PlaceholderType", module = "functools", gc, heap)]
impl PlaceholderType {
    #[slot(tp_traverse)]
    fn traverse(_this: &PlaceholderType, _visit: &mut Visitor) {}

    #[new(signature = "(*args, **kwargs)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<Ref<Object>> {
        if !args.is_empty() || !kwargs.is_empty() {
            return Err(raise!(TypeError, "{} takes no arguments", cls.short_name()));
        }
        placeholder()
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<PlaceholderType>) -> &'static str {
        let _ = this;
        "Placeholder"
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<PlaceholderType>) -> &'static str {
        let _ = this;
        "Placeholder"
    }
}

#[repr(C)]
pub struct Partial {
    head: PyObject,
    function: Slot,
    /// A tuple.
    args: Slot,
    /// A dict.
    keywords: Slot,
    dict: Cell<*mut PyObject>,
    weakrefs: Cell<*mut PyObject>,
    placeholders: Cell<usize>,
    vectorcall: Cell<Option<vectorcallfunc>>,
}

/// What calls of a partial object use, as counts of their own: `__setstate__` may replace all of it meanwhile.
struct Parts {
    function: Ref<Object>,
    args: Ref<Tuple>,
    keywords: Ref<Dict>,
}

impl Partial {
    fn slots(&self) -> [&Slot; 4] {
        [&self.function, &self.args, &self.keywords, Slot::of(&self.dict)]
    }

    fn parts(&self) -> PyResult<Parts> {
        // SAFETY: only tuples and dicts are put into these slots.
        let parts = unsafe { (self.function.get(), self.args.get_as::<Tuple>(), self.keywords.get_as::<Dict>()) };
        match parts {
            (Some(function), Some(args), Some(keywords)) => Ok(Parts { function, args, keywords }),
            _ => Err(raise!(SystemError, "partial object is not initialised")),
        }
    }

    fn set_parts(&self, parts: Parts, placeholders: usize) {
        self.placeholders.set(placeholders);
        self.function.set(Some(parts.function));
        self.args.set(Some(parts.args.into_object()));
        self.keywords.set(Some(parts.keywords.into_object()));
    }
}

/// The frozen arguments of a partial with `added` behind them, the first of which go to its placeholders.
fn merged_args(args: &Ref<Tuple>, placeholders: usize, added: &[Borrowed<'_, Object>]) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(merged_items(args, placeholders, added, 0)?)
}

/// The items of [`merged_args`], with room for `more`.
fn merged_items(
    args: &Ref<Tuple>,
    placeholders: usize,
    added: &[Borrowed<'_, Object>],
    more: usize,
) -> PyResult<Vec<Ref<Object>>> {
    let mut added = added.iter();
    let mut all = vec_with_capacity(args.len() + added.len() + more)?;
    for item in args.iter() {
        let replacement = if placeholders > 0 && is_placeholder(&item) { added.next() } else { None };
        all.push(replacement.map_or_else(|| item.to_owned(), |replacement| replacement.to_owned()));
    }
    all.extend(added.map(|item| item.to_owned()));
    Ok(all)
}

/// The vectorcall of partial objects.
///
/// # Safety
/// By the rules of vectorcall, on a `Partial`.
unsafe extern "C" fn partial_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let this: Borrowed<'_, Partial> = Borrowed::from_ptr(callable);
        let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else { return ptr::null_mut() };
        let parts = match this.parts() {
            Ok(parts) => parts,
            Err(raised) => return raised.into_null(),
        };
        let given = plain_count(nargsf) as usize;
        let placeholders = this.placeholders.get();
        if given < placeholders {
            return raise!(
                TypeError,
                "missing positional arguments in 'partial' call; expected at least {placeholders}, got {given}"
            )
            .into_null();
        }
        if parts.keywords.is_empty() && parts.args.is_empty() {
            return call::vectorcall(parts.function.as_ptr(), args, nargsf, names);
        }
        if parts.keywords.is_empty() {
            let given_names = Borrowed::<Tuple>::from_ptr_or_null(names).map_or(0, |names| names.len());
            let total = parts.args.len() + given - placeholders;
            // One place more, in front.
            let count = 1 + total + given_names;
            let mut small = [ptr::null_mut::<PyObject>(); SMALL];
            let mut large;
            let places: &mut [*mut PyObject] = if count <= SMALL {
                &mut small[..count]
            } else {
                large = match vec_with_capacity(count) {
                    Ok(large) => large,
                    Err(raised) => return raised.into_null(),
                };
                large.resize(count, ptr::null_mut());
                &mut large
            };
            let mut used = 0;
            let mut at = 1;
            for item in parts.args.as_slice() {
                places[at] = if placeholders > 0 && is_placeholder(item) {
                    used += 1;
                    *args.add(used - 1)
                } else {
                    item.as_ptr()
                };
                at += 1;
            }
            while used < given + given_names {
                places[at] = *args.add(used);
                used += 1;
                at += 1;
            }
            return call::vectorcall(
                parts.function.as_ptr(),
                places.as_ptr().add(1),
                total | PY_VECTORCALL_ARGUMENTS_OFFSET,
                names,
            );
        }
        match call_with_keywords(&parts, placeholders, CallArgs::from_raw(args, given as isize, names)) {
            Ok(result) => result.into_ptr(),
            Err(raised) => raised.into_null(),
        }
    }
}

/// Calls with up to this many arguments, the free place in front among them, need no memory.
const SMALL: usize = 9;

/// A call where the partial object has keywords: theirs come first, with the values of the call where it has the same.
fn call_with_keywords(parts: &Parts, placeholders: usize, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
    let count = parts.keywords.len() + args.keyword_count();
    let mut values = merged_items(&parts.args, placeholders, args.positional(), count)?;
    let mut names = vec_with_capacity(count)?;
    let mut position = 0;
    // Nothing runs meanwhile that could change the dict.
    while let Some((name, value)) = parts.keywords.next(&mut position) {
        let Some(text) = name.downcast::<Str>() else { return Err(raise!(TypeError, "keywords must be strings")) };
        let given = args.keywords().find(|(given, _)| given.is(&text) || given.equals_str(&text));
        values.push(given.map_or(value, |(_, given)| given).to_owned());
        names.push(name.to_owned());
    }
    let own = names.len();
    for (name, value) in args.keywords() {
        let known = names[..own].iter().any(|known| {
            // SAFETY: checked to be strings above.
            let known: &Ref<Str> = unsafe { known.cast_unchecked() };
            known.is(&name) || known.equals_str(&name)
        });
        if !known {
            names.push(name.upcast().to_owned());
            values.push(value.to_owned());
        }
    }
    let names = Tuple::from_vec(names)?;
    // SAFETY: both kinds of handle are one pointer to a live object.
    let values = unsafe { core::slice::from_raw_parts(values.as_ptr().cast::<Borrowed<'_, Object>>(), values.len()) };
    parts.function.call_with_names(values, names.borrow())
}

#[pytype(
    name = "partial",
    module = "functools",
    gc,
    basetype,
    dictoffset = offset_of!(Partial, dict),
    weaklistoffset = offset_of!(Partial, weakrefs),
    vectorcalloffset = offset_of!(Partial, vectorcall),
    heap,
    basicsize = 80,
    getattribute,
    setattribute
)]
impl Partial {
    #[member(name = "__vectorcalloffset__", kind = T_PYSSIZET, offset = offset_of!(Partial, vectorcall), readonly)]
    const _VECTORCALL: () = ();

    #[new(raw, signature = "(func, /, *args, **keywords)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Partial>> {
        let Some((function, added)) = args.positional().split_first() else {
            return Err(raise!(TypeError, "type 'partial' takes at least one argument"));
        };
        let mut function = function.to_owned();
        if !function.is_callable() {
            return Err(raise!(TypeError, "the first argument must be callable"));
        }
        if added.last().is_some_and(|last| is_placeholder(last)) {
            return Err(raise!(TypeError, "trailing Placeholders are not allowed"));
        }
        if args.keywords().any(|(_, value)| is_placeholder(&value)) {
            return Err(raise!(TypeError, "Placeholder cannot be passed as a keyword argument"));
        }
        // A partial object without attributes of its own is taken apart.
        let mut inner = None;
        if let Some(partial) = function.downcast::<Partial>()
            && partial.dict.get().is_null()
        {
            inner = Some((partial.parts()?, partial.placeholders.get()));
        }
        let (new_args, placeholders, keywords) = match inner {
            None => {
                let new_args = Tuple::from_slice(added)?;
                let placeholders = count_placeholders(&new_args);
                (new_args, placeholders, args.keywords().to_dict()?)
            }
            Some((parts, placeholders)) => {
                let new_args =
                    if added.is_empty() { parts.args } else { merged_args(&parts.args, placeholders, added)? };
                let keywords = parts.keywords.copy()?;
                for (name, value) in args.keywords() {
                    keywords.set_item(name.upcast(), value)?;
                }
                function = parts.function;
                let placeholders = count_placeholders(&new_args);
                (new_args, placeholders, keywords)
            }
        };
        let this: Ref<Partial> = support::instance(cls)?;
        this.vectorcall.set(Some(partial_vectorcall));
        this.set_parts(Parts { function, args: new_args, keywords }, placeholders);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Partial) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc_with_weakrefs(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Partial, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Partial>) {
        support::clear(this.slots());
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<Partial>,
        instance: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let _ = owner;
        bound(this.as_object(), instance)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Partial>) -> PyResult<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else { return Str::from_utf8_str("...") };
        let parts = this.parts()?;
        let mut pieces = vec_with_capacity(8)?;
        let class = this.type_of();
        let mut push = |piece: Ref<Str>| -> PyResult<()> {
            if pieces.try_reserve(1).is_err() {
                return Err(Raised::no_memory());
            }
            pieces.push(piece);
            Ok(())
        };
        push(class.module()?.str()?)?;
        push(Str::from_utf8_str(".")?)?;
        push(class.qualname()?)?;
        push(Str::from_utf8_str("(")?)?;
        push(parts.function.repr()?)?;
        for item in parts.args.iter() {
            push(id!(", ").to_owned())?;
            push(item.repr()?)?;
        }
        for (name, value) in parts.keywords.items_snapshot()? {
            push(id!(", ").to_owned())?;
            push(name.str()?)?;
            push(id!("=").to_owned())?;
            push(value.repr()?)?;
        }
        push(Str::from_utf8_str(")")?)?;
        support::concat(pieces)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Partial>) -> PyResult<Ref<Tuple>> {
        let parts = this.parts()?;
        let dict = Slot::of(&this.dict).get().unwrap_or_else(none);
        let class = this.type_of().upcast().to_owned();
        let state =
            Tuple::pack([parts.function.clone(), parts.args.into_object(), parts.keywords.into_object(), dict])?;
        Tuple::pack([class, Tuple::pack([parts.function])?.into_object(), state.into_object()])
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<Partial>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let invalid = || raise!(TypeError, "invalid partial state");
        let Some(state) = object.downcast::<Tuple>().filter(|state| state.len() == 4) else { return Err(invalid()) };
        let (function, args, keywords, dict) = (state.get(0), state.get(1), state.get(2), state.get(3));
        let Some(args) = args.downcast::<Tuple>() else { return Err(invalid()) };
        let dict_or_none = |object: Borrowed<'_, Object>| object.is_none() || object.is_instance_of::<Dict>();
        if !function.is_callable() || !dict_or_none(keywords) || !dict_or_none(dict) {
            return Err(invalid());
        }
        if args.as_slice().last().is_some_and(is_placeholder) {
            return Err(raise!(TypeError, "trailing Placeholders are not allowed"));
        }
        let placeholders = count_placeholders(&args);
        let args = args.as_object().to_tuple()?;
        let keywords = match keywords.downcast::<Dict>() {
            None => Dict::new()?,
            Some(keywords) if keywords.is_exact::<Dict>() => keywords.to_owned(),
            Some(keywords) => keywords.copy()?,
        };
        this.set_parts(Parts { function: function.to_owned(), args, keywords }, placeholders);
        Slot::of(&this.dict).set(if dict.is_none() { None } else { Some(dict.to_owned()) });
        Ok(())
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "func", kind = T_OBJECT, offset = offset_of!(Partial, function), readonly)]
    const _FUNC: () = ();

    #[member(name = "args", kind = T_OBJECT, offset = offset_of!(Partial, args), readonly)]
    const _ARGS: () = ();

    #[member(name = "keywords", kind = T_OBJECT, offset = offset_of!(Partial, keywords), readonly)]
    const _KEYWORDS: () = ();

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<Partial>) -> PyResult<Ref<Object>> {
        object::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<Partial>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        object::generic_set_dict(this.as_object(), value)
    }
}
