//! What Python sees of `dict`, in the order of `vars(dict)`.

use super::iter::{DictKeyIterator, DictReverseKeyIterator};
use super::lookup::hash_key;
use super::object::key_error;
use super::views::{DictItems, DictKeys, DictValues};
use super::{Dict, raw};
use crate::abi::*;
use crate::object::PyLayout;
use crate::prelude::*;
use crate::types::repr_guard;
use crate::types::str::StrBuilder;

#[pytype(name = "dict", export = "PyDict_Type", gc, basetype, mapping, unhashable, subclass_flag = DICT, flags = _Py_TPFLAGS_MATCH_SELF)]
impl Dict {
    #[slot(tp_new, raw)]
    unsafe extern "C" fn new_raw(
        cls: *mut PyTypeObject,
        _args: *mut PyObject,
        _kwargs: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the slot is called with a subtype of dict.
        unsafe {
            let made = if cls == Dict::TYPE {
                Dict::new().map(|dict| dict.into_ptr())
            } else {
                crate::memory::object::alloc_untracked(cls, 0).inspect(|&object| {
                    Ref::<Dict>::init_empty(object.cast());
                    crate::memory::object::gc_track(object);
                })
            };
            made.unwrap_or_else(|raised| raised.into_null())
        }
    }

    #[slot(tp_init, raw)]
    unsafe extern "C" fn init_raw(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
        // SAFETY: the slot is called with a dict, a tuple, and a dict or null.
        unsafe {
            let this: Borrowed<'_, Dict> = Borrowed::from_ptr(this);
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let kwargs: Option<Borrowed<'_, Dict>> = Borrowed::from_ptr_or_null(kwargs);
            match update_common(&this, args.as_slice(), kwargs, "dict") {
                Ok(()) => 0,
                Err(_) => -1,
            }
        }
    }

    #[slot(tp_vectorcall, raw)]
    unsafe extern "C" fn vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: an argument vector; `cls` is dict or a subclass.
        unsafe {
            let arguments = CallArgs::from_raw(args, crate::object::args::rt::plain_count(nargsf), kwnames);
            let make = || -> PyResult<Ref<Object>> {
                if arguments.nargs() > 1 {
                    return Err(too_many("dict", arguments.nargs()));
                }
                let made = Self::new_raw(cls.cast(), core::ptr::null_mut(), core::ptr::null_mut());
                let made: Ref<Object> = crate::object::protocol::attr::from_result(made)?;
                let dict: &Ref<Dict> = made.cast_unchecked();
                if let Some(argument) = arguments.positional().first() {
                    dict.update_from(*argument)?;
                }
                for (name, value) in arguments.keywords() {
                    dict.set_item(name, value)?;
                }
                Ok(made)
            };
            match make() {
                Ok(dict) => dict.into_ptr(),
                Err(raised) => raised.into_null(),
            }
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Dict) {
        // SAFETY: called with no counts left.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Dict, visit: &mut Visitor) {
        // SAFETY: a live dict.
        unsafe { raw::traverse((&raw const this.0).cast_mut(), visit) }
    }

    #[slot(tp_clear)]
    fn clear_slot(this: &Ref<Dict>) {
        this.clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Dict>) -> PyResult<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else { return Str::from_utf8_str("{...}") };
        if this.is_empty() {
            return Str::from_utf8_str("{}");
        }
        let mut text = StrBuilder::new();
        text.push_str("{")?;
        let mut position = 0;
        let mut first = true;
        while let Some((key, value, _)) = this.next_owned(&mut position) {
            if !core::mem::take(&mut first) {
                text.push_str(", ")?;
            }
            text.push_object(&key.repr()?)?;
            text.push_str(": ")?;
            text.push_object(&value.repr()?)?;
        }
        text.push_str("}")?;
        text.finish()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Dict>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Dict>() else { return Ok(not_implemented()) };
        match op {
            CompareOp::Eq => Ok(Bool::from(this.equals_dict(&other)?).into_object()),
            CompareOp::Ne => Ok(Bool::from(!this.equals_dict(&other)?).into_object()),
            _ => Ok(not_implemented()),
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Dict>) -> PyResult<Ref<DictKeyIterator>> {
        DictKeyIterator::new(this)
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let (Some(first), Some(_)) = (left.downcast::<Dict>(), right.downcast::<Dict>()) else {
            return Ok(not_implemented());
        };
        let merged = first.copy()?;
        merged.update_from(right)?;
        Ok(merged.into_object())
    }

    #[slot(nb_inplace_or)]
    fn inplace_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(dict) = left.downcast::<Dict>() else { return Ok(not_implemented()) };
        dict.update_from(right)?;
        Ok(left.to_owned())
    }

    #[slot(mp_length)]
    fn length(this: &Ref<Dict>) -> isize {
        this.len() as isize
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match this.get(key)? {
            Some(value) => Ok(value),
            None => missing(this, key),
        }
    }

    #[slot(mp_ass_subscript)]
    fn assign(this: &Ref<Dict>, key: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        match value {
            Some(value) => this.set_item(key, value),
            None => this.del_item(key),
        }
    }

    #[slot(sq_contains)]
    fn contains_slot(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        this.contains(key)
    }

    #[method(name = "__contains__", coexist, signature = "($self, key, /)")]
    fn contains_method(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        this.contains(key)
    }

    #[method(name = "__getitem__", coexist, signature = "($self, key, /)")]
    fn getitem(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Self::subscript(this, key)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Dict>) -> isize {
        this.size_of() as isize
    }

    #[method(name = "get", signature = "($self, key, default=None, /)")]
    fn get_method(
        this: &Ref<Dict>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match this.get(key)? {
            Some(value) => Ok(value),
            None => Ok(default.map_or_else(none, |default| default.to_owned())),
        }
    }

    #[method(signature = "($self, key, default=None, /)")]
    fn setdefault(
        this: &Ref<Dict>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let nothing = none();
        Ok(this.set_default(key, default.unwrap_or_else(|| nothing.borrow()))?.0)
    }

    #[method(name = "pop", signature = "($self, key, default=<unrepresentable>, /)")]
    fn pop_method(
        this: &Ref<Dict>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match (this.pop(key)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(key_error(key)),
        }
    }

    #[method(signature = "($self, /)")]
    fn popitem(this: &Ref<Dict>) -> PyResult<Ref<Tuple>> {
        match this.pop_item()? {
            Some((key, value)) => Tuple::pack([key, value]),
            None => Err(raise!(KeyError, "popitem(): dictionary is empty")),
        }
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<Dict>) -> PyResult<Ref<DictKeys>> {
        DictKeys::new(this)
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<Dict>) -> PyResult<Ref<DictItems>> {
        DictItems::new(this)
    }

    #[method(signature = "($self, /)")]
    fn values(this: &Ref<Dict>) -> PyResult<Ref<DictValues>> {
        DictValues::new(this)
    }

    #[method(raw, name = "update")]
    fn update_method(this: &Ref<Dict>, args: CallArgs<'_>) -> PyResult<()> {
        if args.nargs() > 1 {
            return Err(too_many("update", args.nargs()));
        }
        if let Some(argument) = args.positional().first() {
            this.update_from(*argument)?;
        }
        for (name, value) in args.keywords() {
            this.set_item(name, value)?;
        }
        Ok(())
    }

    #[classmethod(signature = "($type, iterable, value=None, /)")]
    fn fromkeys(
        cls: Borrowed<'_, Type>,
        iterable: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        from_keys(cls, iterable, value)
    }

    #[method(name = "clear", signature = "($self, /)")]
    fn clear_method(this: &Ref<Dict>) {
        this.clear();
    }

    #[method(name = "copy", signature = "($self, /)")]
    fn copy_method(this: &Ref<Dict>) -> PyResult<Ref<Dict>> {
        this.copy()
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<Dict>) -> PyResult<Ref<DictReverseKeyIterator>> {
        DictReverseKeyIterator::new(this)
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}

#[cold]
fn too_many(function: &str, got: usize) -> Raised {
    raise!(TypeError, "{function} expected at most 1 argument, got {got}")
}

/// `dict.__init__` and `update` with a tuple and a dict of keywords (`dict_update_common`).
pub fn update_common(
    this: &Ref<Dict>,
    args: &[Ref<Object>],
    kwargs: Option<Borrowed<'_, Dict>>,
    function: &str,
) -> PyResult<()> {
    if args.len() > 1 {
        return Err(too_many(function, args.len()));
    }
    if let Some(argument) = args.first() {
        this.update_from(argument.borrow())?;
    }
    if let Some(kwargs) = kwargs {
        if !kwargs.has_only_str_keys() {
            return Err(raise!(TypeError, "keywords must be strings"));
        }
        this.merge(kwargs, super::Duplicate::Replace)?;
    }
    Ok(())
}

/// `dict.fromkeys` for any class of mappings.
pub fn from_keys(
    cls: Borrowed<'_, Type>,
    iterable: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Object>> {
    let nothing = none();
    let value = value.unwrap_or_else(|| nothing.borrow());
    let made = cls.as_object().call0()?;
    if let Some(dict) = made.downcast_exact::<Dict>() {
        dict.fill_from_keys(iterable, value)?;
    } else {
        iterable.for_each(|key| made.set_item(key.borrow(), value))?;
    }
    Ok(made)
}

/// The value of a key that is not there: `__missing__` of a subclass, else KeyError.
#[cold]
#[inline(never)]
fn missing(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if !this.is_exact::<Dict>()
        && let Some(missing) = this.as_object().lookup_special(id!("__missing__"))?
    {
        return missing.call1(key);
    }
    Err(key_error(key))
}

/// `dict[key]` for an exact dict, KeyError when absent.
pub fn get_item_or_error(this: &Ref<Dict>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let hash = hash_key(key)?;
    this.get_known_hash(key, hash)?.map_or_else(|| Err(key_error(key)), Ok)
}

impl Ref<Type> {
    /// The address of `tp_iter`, to see whether a subclass of dict iterates as dict does.
    pub(crate) fn tp_iter_address(&self) -> Option<usize> {
        self.tp_iter.get().map(|iter| iter as usize)
    }
}
