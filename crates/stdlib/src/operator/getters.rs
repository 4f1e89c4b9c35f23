//! `itemgetter`, `attrgetter` and `methodcaller`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{PyObject, vectorcallfunc};
use taipan_runtime::object::args::rt::plain_count;
use taipan_runtime::prelude::*;
use taipan_runtime::types::object::{Method, get_method};
use taipan_runtime::types::repr_guard;

use crate::support::{self, Slot};

/// The one object that a getter is called with.
fn only_argument<'a>(name: &str, args: CallArgs<'a>) -> PyResult<Borrowed<'a, Object>> {
    args.no_keywords(name)?;
    match (args.get(0), args.nargs()) {
        (Some(object), 1) => Ok(object),
        (_, given) => Err(raise!(TypeError, "{name} expected 1 argument, got {given}")),
    }
}

/// The full name of a type for `repr`.
fn type_text(this: &Ref<Object>) -> String {
    this.type_of().name()
}

/// The vectorcall function of a getter.
macro_rules! vectorcall_of {
    ($function:ident $ty:ident) => {
        /// # Safety
        /// By the rules of vectorcall, on an instance of the type.
        unsafe extern "C" fn $function(
            callable: *mut PyObject,
            args: *const *mut PyObject,
            nargsf: usize,
            names: *mut PyObject,
        ) -> *mut PyObject {
            // SAFETY: by contract.
            unsafe {
                let this: Borrowed<'_, $ty> = Borrowed::from_ptr(callable);
                match $ty::get(&this, CallArgs::from_raw(args, plain_count(nargsf), names)) {
                    Ok(result) => result.into_ptr(),
                    Err(raised) => raised.into_null(),
                }
            }
        }
    };
}

// ---- itemgetter ----

#[repr(C)]
pub struct ItemGetter {
    head: PyObject,
    /// The tuple of all keys.
    keys: Slot,
    /// The only key where that is a small index, else -1.
    index: Cell<isize>,
    vectorcall: Cell<Option<vectorcallfunc>>,
}

vectorcall_of! { itemgetter_vectorcall ItemGetter }

impl ItemGetter {
    fn keys(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: set when the object was made.
        unsafe { Borrowed::from_ptr(self.keys.as_ptr()) }
    }

    fn get(this: &Ref<ItemGetter>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let object = only_argument("itemgetter", args)?;
        let index = this.index.get();
        if index >= 0
            && let Some(tuple) = object.downcast_exact::<Tuple>()
            && let Some(item) = tuple.try_get(index as usize)
        {
            return Ok(item.to_owned());
        }
        let keys = this.keys();
        if keys.len() == 1 {
            return object.get_item(keys.get(0));
        }
        let mut items = vec_with_capacity(keys.len())?;
        for key in keys.iter() {
            items.push(object.get_item(key)?);
        }
        Ok(Tuple::from_vec(items)?.into_object())
    }
}

#[pytype(name = "itemgetter", module = "operator", gc, vectorcalloffset = offset_of!(ItemGetter, vectorcall), heap, basicsize = 48, getattribute)]
impl ItemGetter {
    #[member(name = "__vectorcalloffset__", kind = T_PYSSIZET, offset = offset_of!(ItemGetter, vectorcall), readonly)]
    const _VECTORCALL: () = ();

    #[new(raw, signature = "(item, /, *items)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<ItemGetter>> {
        args.no_keywords("itemgetter")?;
        args.check_count("itemgetter", 1, usize::MAX)?;
        let keys = Tuple::from_slice(args.positional())?;
        let mut index = -1;
        if keys.len() == 1
            && let Some(key) = keys.get(0).downcast_exact::<Int>()
            && let Some(value) = key.to_isize()
        {
            index = value.max(-1);
        }
        let this: Ref<ItemGetter> = support::instance(cls)?;
        this.keys.set(Some(keys.into_object()));
        this.index.set(index);
        this.vectorcall.set(Some(itemgetter_vectorcall));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ItemGetter) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).keys]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ItemGetter, visit: &mut Visitor) {
        support::traverse([&this.keys], visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ItemGetter>) -> PyResult<Ref<Str>> {
        let name = type_text(this.as_object());
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            return Str::from_utf8_str(&format!("{name}(...)"));
        };
        let keys = this.keys();
        if keys.len() == 1 {
            let start = Str::from_utf8_str(&format!("{name}("))?;
            return support::concat(vec![start, keys.get(0).repr()?, Str::from_utf8_str(")")?]);
        }
        support::concat(vec![Str::from_utf8_str(&name)?, keys.as_object().repr()?])
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ItemGetter>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([this.type_of().upcast().to_owned(), this.keys().as_object().clone()])
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<ItemGetter>) -> &'static str {
        let _ = this;
        "(obj, /)"
    }
}

// ---- attrgetter ----

#[repr(C)]
pub struct AttrGetter {
    head: PyObject,
    /// One entry per argument: a name, or the tuple of the parts of a dotted name.
    names: Slot,
    vectorcall: Cell<Option<vectorcallfunc>>,
}

vectorcall_of! { attrgetter_vectorcall AttrGetter }

fn get_attribute(object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let Some(parts) = name.downcast_exact::<Tuple>() else { return object.getattr_object(name) };
    let mut value = object.to_owned();
    for part in parts.iter() {
        value = value.getattr_object(part)?;
    }
    Ok(value)
}

/// The text of one entry as it was given.
fn dotted(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    match name.downcast_exact::<Tuple>() {
        None => Ok(name.to_owned()),
        Some(parts) => id!(".").as_object().call_method(id!("join"), &[parts.upcast()]),
    }
}

impl AttrGetter {
    fn names(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: set when the object was made.
        unsafe { Borrowed::from_ptr(self.names.as_ptr()) }
    }

    fn get(this: &Ref<AttrGetter>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let object = only_argument("attrgetter", args)?;
        let names = this.names();
        if names.len() == 1 {
            return get_attribute(object, names.get(0));
        }
        let mut values = vec_with_capacity(names.len())?;
        for name in names.iter() {
            values.push(get_attribute(object, name)?);
        }
        Ok(Tuple::from_vec(values)?.into_object())
    }

    fn dotted_names(&self) -> PyResult<Ref<Tuple>> {
        let mut names = vec_with_capacity(self.names().len())?;
        for name in self.names().iter() {
            names.push(dotted(name)?);
        }
        Tuple::from_vec(names)
    }
}

#[pytype(name = "attrgetter", module = "operator", gc, vectorcalloffset = offset_of!(AttrGetter, vectorcall), heap, basicsize = 40, getattribute)]
impl AttrGetter {
    #[member(name = "__vectorcalloffset__", kind = T_PYSSIZET, offset = offset_of!(AttrGetter, vectorcall), readonly)]
    const _VECTORCALL: () = ();

    #[new(raw, signature = "(attr, /, *attrs)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<AttrGetter>> {
        args.no_keywords("attrgetter")?;
        args.check_count("attrgetter", 1, usize::MAX)?;
        let mut names = vec_with_capacity(args.nargs())?;
        for &name in args.positional() {
            let Some(text) = name.downcast_borrowed::<Str>() else {
                return Err(raise!(TypeError, "attribute name must be a string"));
            };
            let parts = name.call_method(id!("split"), &[id!(".").upcast()])?;
            let parts = parts.collect_items()?;
            if parts.len() <= 1 {
                let exact = if text.is_exact::<Str>() { text.to_owned() } else { text.as_object().str()? };
                names.push(Str::intern(exact).into_object());
                continue;
            }
            let mut interned = vec_with_capacity(parts.len())?;
            for part in parts {
                match part.into_downcast::<Str>() {
                    Ok(part) => interned.push(Str::intern(part).into_object()),
                    Err(_) => return Err(raise!(TypeError, "attribute name must be a string")),
                }
            }
            names.push(Tuple::from_vec(interned)?.into_object());
        }
        let names = Tuple::from_vec(names)?;
        let this: Ref<AttrGetter> = support::instance(cls)?;
        this.names.set(Some(names.into_object()));
        this.vectorcall.set(Some(attrgetter_vectorcall));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AttrGetter) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).names]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AttrGetter, visit: &mut Visitor) {
        support::traverse([&this.names], visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<AttrGetter>) -> PyResult<Ref<Str>> {
        let name = type_text(this.as_object());
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            return Str::from_utf8_str(&format!("{name}(...)"));
        };
        let names = this.dotted_names()?;
        if names.len() == 1 {
            let start = Str::from_utf8_str(&format!("{name}("))?;
            return support::concat(vec![start, names.get(0).repr()?, Str::from_utf8_str(")")?]);
        }
        support::concat(vec![Str::from_utf8_str(&name)?, names.as_object().repr()?])
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<AttrGetter>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([this.type_of().upcast().to_owned(), this.dotted_names()?.into_object()])
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<AttrGetter>) -> &'static str {
        let _ = this;
        "(obj, /)"
    }
}

// ---- methodcaller ----

#[repr(C)]
pub struct MethodCaller {
    head: PyObject,
    name: Slot,
    /// The tuple of positional arguments, then the values of the keywords.
    values: Slot,
    /// The tuple of keywords; unset without any.
    keywords: Slot,
    vectorcall: Cell<Option<vectorcallfunc>>,
}

vectorcall_of! { methodcaller_vectorcall MethodCaller }

impl MethodCaller {
    fn slots(&self) -> [&Slot; 3] {
        [&self.name, &self.values, &self.keywords]
    }

    fn name(&self) -> Borrowed<'_, Str> {
        // SAFETY: set when the object was made.
        unsafe { Borrowed::from_ptr(self.name.as_ptr()) }
    }

    fn values(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr(self.values.as_ptr()) }
    }

    fn keywords(&self) -> Option<Borrowed<'_, Tuple>> {
        // SAFETY: only a tuple is put there.
        unsafe { support::fixed_tuple(&self.keywords) }
    }

    fn positional(&self) -> &[Ref<Object>] {
        // SAFETY: the tuple lives as long as the object and does not change.
        let values: &[Ref<Object>] = unsafe {
            let values = self.values();
            core::slice::from_raw_parts(values.items_ptr().cast(), values.len())
        };
        &values[..values.len() - self.keywords().map_or(0, |names| names.len())]
    }

    fn get(this: &Ref<MethodCaller>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let object = only_argument("methodcaller", args)?;
        let values = this.values();
        let names = this.keywords().map_or(ptr::null_mut(), |names| names.as_ptr());
        let positional = this.positional().len();
        let (method, bound) = match get_method(&object, this.name())? {
            Method::Unbound(function) => (function, false),
            Method::Bound(function) => (function, true),
        };
        // SAFETY: live arguments in vectorcall form.
        unsafe {
            use taipan_runtime::object::protocol::{attr::from_result, call};
            if bound {
                return from_result(call::vectorcall(method.as_ptr(), values.items_ptr(), positional, names));
            }
            let mut small = [ptr::null_mut(); 8];
            let mut large;
            let count = values.len() + 1;
            let places: &mut [*mut PyObject] = if count <= small.len() {
                &mut small[..count]
            } else {
                large = vec_with_capacity(count)?;
                large.resize(count, ptr::null_mut());
                &mut large
            };
            places[0] = object.as_ptr();
            for (place, value) in places[1..].iter_mut().zip(values.as_slice()) {
                *place = value.as_ptr();
            }
            from_result(call::vectorcall(method.as_ptr(), places.as_ptr(), positional + 1, names))
        }
    }
}

#[pytype(name = "methodcaller", module = "operator", gc, vectorcalloffset = offset_of!(MethodCaller, vectorcall), heap, basicsize = 64, getattribute)]
impl MethodCaller {
    #[member(name = "__vectorcalloffset__", kind = T_PYSSIZET, offset = offset_of!(MethodCaller, vectorcall), readonly)]
    const _VECTORCALL: () = ();

    #[new(raw, signature = "(name, /, *args, **kwargs)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<MethodCaller>> {
        let Some((name, _)) = args.positional().split_first() else {
            return Err(raise!(TypeError, "methodcaller needs at least one argument, the method name"));
        };
        let Some(name) = name.downcast::<Str>() else {
            return Err(raise!(TypeError, "method name must be a string"));
        };
        let name = Str::intern(name.to_owned());
        let values = Tuple::from_slice(&args.args[1..])?;
        let this: Ref<MethodCaller> = support::instance(cls)?;
        this.name.set(Some(name.into_object()));
        this.values.set(Some(values.into_object()));
        this.keywords.set(args.names.filter(|names| !names.is_empty()).map(|names| names.upcast().to_owned()));
        this.vectorcall.set(Some(methodcaller_vectorcall));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MethodCaller) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MethodCaller, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MethodCaller>) -> PyResult<Ref<Str>> {
        let name = type_text(this.as_object());
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            return Str::from_utf8_str(&format!("{name}(...)"));
        };
        let mut pieces = vec![Str::from_utf8_str(&format!("{name}("))?, this.name().as_object().repr()?];
        let positional = this.positional().len();
        for value in &this.values().as_slice()[..positional] {
            pieces.push(id!(", ").to_owned());
            pieces.push(value.repr()?);
        }
        if let Some(keywords) = this.keywords() {
            for (keyword, value) in keywords.iter().zip(&this.values().as_slice()[positional..]) {
                pieces.push(id!(", ").to_owned());
                pieces.push(keyword.str()?);
                pieces.push(id!("=").to_owned());
                pieces.push(value.repr()?);
            }
        }
        pieces.push(Str::from_utf8_str(")")?);
        support::concat(pieces)
    }

    /// With keywords through `functools.partial`, since pickles call without.
    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<MethodCaller>) -> PyResult<Ref<Tuple>> {
        let class = this.type_of().upcast().to_owned();
        let name = this.name().as_object().clone();
        let positional = this.positional();
        let Some(keywords) = this.keywords() else {
            let mut all = vec_with_capacity(positional.len() + 1)?;
            all.push(name);
            all.extend_from_slice(positional);
            return Tuple::pack([class, Tuple::from_vec(all)?.into_object()]);
        };
        let partial = taipan_runtime::import::import_attr("functools", "partial")?;
        let mut all = vec![class.borrow(), name.borrow()];
        let values = this.values();
        all.extend(values.as_slice()[positional.len()..].iter().map(Ref::borrow));
        let constructor = partial.call_with_names(&all, keywords)?;
        let mut rest = vec_with_capacity(positional.len())?;
        rest.extend_from_slice(positional);
        Tuple::pack([constructor, Tuple::from_vec(rest)?.into_object()])
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<MethodCaller>) -> &'static str {
        let _ = this;
        "(obj, /)"
    }
}
