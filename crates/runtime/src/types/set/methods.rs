//! What Python sees of `set` and `frozenset`, in the order of the library reference.

use super::object::{AnySet, as_any_set};
use super::{FrozenSet, Set, SetIterator, ops, raw, table};
use crate::abi::*;
use crate::object::PyLayout;
use crate::object::args::rt::plain_count;
use crate::prelude::*;
use crate::types::dict::key_error;
use crate::types::repr_guard;
use crate::types::str::StrBuilder;

#[inline(always)]
fn raw_set<T: AnySet>(set: &Ref<T>) -> *mut PySetObject {
    set.as_raw().cast()
}

/// The left operand if both are sets.
fn both(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> Option<*mut PySetObject> {
    as_any_set(right)?;
    as_any_set(left)
}

fn check_count(function: &str, count: usize) -> PyResult<()> {
    if count > 1 {
        return Err(raise!(TypeError, "{function} expected at most 1 argument, got {count}"));
    }
    Ok(())
}

/// `frozenset(iterable)`; an exact one is its own copy.
fn new_frozen(cls: *mut PyTypeObject, iterable: Option<&Ref<Object>>) -> PyResult<Ref<Object>> {
    if let Some(iterable) = iterable
        && cls == FrozenSet::TYPE
        && iterable.is_exact::<FrozenSet>()
    {
        return Ok(iterable.clone());
    }
    ops::make(cls, iterable.map(|iterable| iterable.borrow()))
}

fn repr(set: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let name = set.type_name();
    let Some(_guard) = repr_guard::enter(set)? else { return Str::from_utf8_str(&format!("{name}(...)")) };
    if set.len()? == 0 {
        return Str::from_utf8_str(&format!("{name}()"));
    }
    let items = set.collect_items()?;
    let mut text = StrBuilder::new();
    let plain = set.is_exact::<Set>();
    if !plain {
        text.push_str(&name)?;
        text.push_str("(")?;
    }
    text.push_str("{")?;
    for (index, item) in items.iter().enumerate() {
        if index != 0 {
            text.push_str(", ")?;
        }
        text.push_object(&item.repr()?)?;
    }
    text.push_str(if plain { "}" } else { "})" })?;
    text.finish()
}

/// `(type, ([items],), state)`.
fn reduce(set: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
    let items = set.to_list()?.into_object();
    let state = set.call_method(id!("__getstate__"), &[])?;
    let class = set.type_of().to_owned().into_object();
    Tuple::pack([class, Tuple::pack([items])?.into_object(), state])
}

fn size_of_set(set: *mut PySetObject) -> isize {
    // SAFETY: a live set.
    unsafe {
        let mut size = (*(*set).ob_base.ob_type.get()).tp_basicsize.get();
        if (*set).table.get().cast_const() != (&raw const (*set).smalltable).cast() {
            size += ((*set).mask.get() + 1) * size_of::<setentry>() as isize;
        }
        size
    }
}

#[pytype(name = "set", export = "PySet_Type", gc, basetype, unhashable, flags = _Py_TPFLAGS_MATCH_SELF, weaklistoffset = core::mem::offset_of!(PySetObject, weakreflist))]
impl Set {
    #[slot(tp_new, raw)]
    unsafe extern "C" fn new_raw(
        cls: *mut PyTypeObject,
        _args: *mut PyObject,
        _kwargs: *mut PyObject,
    ) -> *mut PyObject {
        ops::make(cls, None).map_or_else(|raised| raised.into_null(), |set| set.into_ptr())
    }

    // Keywords are refused in subclasses with a `__new__` of their own too.
    #[init(signature = "(iterable=(), /)", raw)]
    fn init(this: &Ref<Set>, args: CallArgs<'_>) -> PyResult<()> {
        args.no_keywords("set")?;
        check_count("set", args.nargs())?;
        this.clear();
        match args.get(0) {
            Some(iterable) => this.update(iterable),
            None => Ok(()),
        }
    }

    #[slot(tp_vectorcall, raw)]
    unsafe extern "C" fn vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: an argument vector.
        unsafe {
            let arguments = CallArgs::from_raw(args, plain_count(nargsf), kwnames);
            let made = arguments
                .no_keywords("set")
                .and_then(|()| check_count("set", arguments.nargs()))
                .and_then(|()| ops::make(cls.cast(), arguments.get(0)));
            made.map_or_else(|raised| raised.into_null(), |set| set.into_ptr())
        }
    }

    #[slot(tp_clear)]
    fn clear_slot(this: &Ref<Set>) {
        this.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Set) {
        // SAFETY: called with no counts left.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Set, visit: &mut Visitor) {
        // SAFETY: a live set.
        unsafe { raw::traverse((&raw const this.0).cast_mut(), visit) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Set>) -> PyResult<Ref<Str>> {
        repr(this.as_borrowed())
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Set>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        ops::compare(raw_set(this), other, op)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Set>) -> PyResult<Ref<SetIterator>> {
        SetIterator::new(this.as_borrowed())
    }

    #[slot(sq_length)]
    fn length(this: &Ref<Set>) -> isize {
        this.len() as isize
    }

    #[slot(sq_contains)]
    fn contains_slot(this: &Ref<Set>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::contains(raw_set(this), key)
    }

    #[slot(nb_subtract)]
    fn nb_subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::difference(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_and)]
    fn nb_and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::intersection(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_xor)]
    fn nb_xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::symmetric_difference(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_or)]
    fn nb_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::union(set, &[right]),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_inplace_subtract)]
    fn nb_inplace_subtract(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if as_any_set(other).is_none() {
            return Ok(not_implemented());
        }
        ops::difference_update(raw_set(this), other)?;
        Ok(this.as_object().clone())
    }

    #[slot(nb_inplace_and)]
    fn nb_inplace_and(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if as_any_set(other).is_none() {
            return Ok(not_implemented());
        }
        ops::intersection_update(raw_set(this), &[other])?;
        Ok(this.as_object().clone())
    }

    #[slot(nb_inplace_xor)]
    fn nb_inplace_xor(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if as_any_set(other).is_none() {
            return Ok(not_implemented());
        }
        ops::symmetric_difference_update(raw_set(this), other)?;
        Ok(this.as_object().clone())
    }

    #[slot(nb_inplace_or)]
    fn nb_inplace_or(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if as_any_set(other).is_none() {
            return Ok(not_implemented());
        }
        ops::update(raw_set(this), other)?;
        Ok(this.as_object().clone())
    }

    #[method(name = "__contains__", signature = "($self, object, /)", coexist)]
    fn contains_method(this: &Ref<Set>, object: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::contains(raw_set(this), object)
    }

    #[method(name = "add", signature = "($self, object, /)")]
    fn add_method(this: &Ref<Set>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.add(object)
    }

    #[method(name = "clear", signature = "($self, /)")]
    fn clear_method(this: &Ref<Set>) {
        this.clear();
    }

    #[method(name = "copy", signature = "($self, /)")]
    fn copy_method(this: &Ref<Set>) -> PyResult<Ref<Object>> {
        ops::copy(raw_set(this))
    }

    #[method(name = "discard", signature = "($self, object, /)")]
    fn discard_method(this: &Ref<Set>, object: Borrowed<'_, Object>) -> PyResult<()> {
        ops::discard(raw_set(this), object).map(|_| ())
    }

    #[method(name = "difference", signature = "($self, /, *others)")]
    fn difference(this: &Ref<Set>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::difference_of_all(raw_set(this), others.as_slice())
    }

    #[method(name = "difference_update", signature = "($self, /, *others)")]
    fn difference_update_method(this: &Ref<Set>, others: Args<'_>) -> PyResult<()> {
        for other in others.as_slice() {
            ops::difference_update(raw_set(this), *other)?;
        }
        Ok(())
    }

    #[method(name = "intersection", signature = "($self, /, *others)")]
    fn intersection(this: &Ref<Set>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::intersection_of_all(raw_set(this), others.as_slice())
    }

    #[method(name = "intersection_update", signature = "($self, /, *others)")]
    fn intersection_update(this: &Ref<Set>, others: Args<'_>) -> PyResult<()> {
        ops::intersection_update(raw_set(this), others.as_slice())
    }

    #[method(name = "isdisjoint", signature = "($self, other, /)")]
    fn isdisjoint(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_disjoint(raw_set(this), other)
    }

    #[method(name = "issubset", signature = "($self, other, /)")]
    fn issubset(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_subset(raw_set(this), other)
    }

    #[method(name = "issuperset", signature = "($self, other, /)")]
    fn issuperset(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_superset(raw_set(this), other)
    }

    #[method(name = "pop", signature = "($self, /)")]
    fn pop_method(this: &Ref<Set>) -> PyResult<Ref<Object>> {
        match this.pop() {
            Some(key) => Ok(key),
            None => Err(raise!(KeyError, "pop from an empty set")),
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Set>) -> PyResult<Ref<Tuple>> {
        reduce(this.as_borrowed())
    }

    #[method(name = "remove", signature = "($self, object, /)")]
    fn remove(this: &Ref<Set>, object: Borrowed<'_, Object>) -> PyResult<()> {
        if ops::discard(raw_set(this), object)? { Ok(()) } else { Err(key_error(object)) }
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Set>) -> isize {
        size_of_set(raw_set(this))
    }

    #[method(name = "symmetric_difference", signature = "($self, other, /)")]
    fn symmetric_difference(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        ops::symmetric_difference(raw_set(this), other)
    }

    #[method(name = "symmetric_difference_update", signature = "($self, other, /)")]
    fn symmetric_difference_update_method(this: &Ref<Set>, other: Borrowed<'_, Object>) -> PyResult<()> {
        ops::symmetric_difference_update(raw_set(this), other)
    }

    #[method(name = "union", signature = "($self, /, *others)")]
    fn union(this: &Ref<Set>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::union(raw_set(this), others.as_slice())
    }

    #[method(name = "update", signature = "($self, /, *others)")]
    fn update_method(this: &Ref<Set>, others: Args<'_>) -> PyResult<()> {
        for other in others.as_slice() {
            ops::update(raw_set(this), *other)?;
        }
        Ok(())
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}

#[pytype(name = "frozenset", export = "PyFrozenSet_Type", gc, basetype, flags = _Py_TPFLAGS_MATCH_SELF, weaklistoffset = core::mem::offset_of!(PySetObject, weakreflist))]
impl FrozenSet {
    #[new(signature = "(iterable=(), /)")]
    fn py_new(cls: Borrowed<'_, Type>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        new_frozen(cls.as_ptr().cast(), iterable.as_deref())
    }

    #[slot(tp_vectorcall, raw)]
    unsafe extern "C" fn vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: an argument vector.
        unsafe {
            let arguments = CallArgs::from_raw(args, plain_count(nargsf), kwnames);
            let made = arguments
                .no_keywords("frozenset")
                .and_then(|()| check_count("frozenset", arguments.nargs()))
                .and_then(|()| new_frozen(cls.cast(), arguments.get(0).as_deref()));
            made.map_or_else(|raised| raised.into_null(), |set| set.into_ptr())
        }
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<FrozenSet>) -> PyResult<isize> {
        // SAFETY: held; hashes of keys are kept in the table.
        Ok(unsafe { table::frozen_hash(this.as_raw().cast()) })
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FrozenSet) {
        // SAFETY: called with no counts left.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &FrozenSet, visit: &mut Visitor) {
        // SAFETY: a live set.
        unsafe { raw::traverse((&raw const this.0).cast_mut(), visit) }
    }

    #[slot(tp_clear)]
    fn clear_slot(this: &Ref<FrozenSet>) {
        this.clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<FrozenSet>) -> PyResult<Ref<Str>> {
        repr(this.as_borrowed())
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<FrozenSet>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        ops::compare(raw_set(this), other, op)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<FrozenSet>) -> PyResult<Ref<SetIterator>> {
        SetIterator::new(this.as_borrowed())
    }

    #[slot(sq_length)]
    fn length(this: &Ref<FrozenSet>) -> isize {
        this.len() as isize
    }

    #[slot(sq_contains)]
    fn contains_slot(this: &Ref<FrozenSet>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::contains(raw_set(this), key)
    }

    #[slot(nb_subtract)]
    fn nb_subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::difference(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_and)]
    fn nb_and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::intersection(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_xor)]
    fn nb_xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::symmetric_difference(set, right),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_or)]
    fn nb_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match both(left, right) {
            Some(set) => ops::union(set, &[right]),
            None => Ok(not_implemented()),
        }
    }

    #[method(name = "__contains__", signature = "($self, object, /)", coexist)]
    fn contains_method(this: &Ref<FrozenSet>, object: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::contains(raw_set(this), object)
    }

    #[method(name = "copy", signature = "($self, /)")]
    fn copy_method(this: &Ref<FrozenSet>) -> PyResult<Ref<Object>> {
        if this.is_exact::<FrozenSet>() {
            return Ok(this.as_object().clone());
        }
        ops::make(FrozenSet::TYPE, Some(this.as_borrowed()))
    }

    #[method(name = "difference", signature = "($self, /, *others)")]
    fn difference(this: &Ref<FrozenSet>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::difference_of_all(raw_set(this), others.as_slice())
    }

    #[method(name = "intersection", signature = "($self, /, *others)")]
    fn intersection(this: &Ref<FrozenSet>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::intersection_of_all(raw_set(this), others.as_slice())
    }

    #[method(name = "isdisjoint", signature = "($self, other, /)")]
    fn isdisjoint(this: &Ref<FrozenSet>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_disjoint(raw_set(this), other)
    }

    #[method(name = "issubset", signature = "($self, other, /)")]
    fn issubset(this: &Ref<FrozenSet>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_subset(raw_set(this), other)
    }

    #[method(name = "issuperset", signature = "($self, other, /)")]
    fn issuperset(this: &Ref<FrozenSet>, other: Borrowed<'_, Object>) -> PyResult<bool> {
        ops::is_superset(raw_set(this), other)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<FrozenSet>) -> PyResult<Ref<Tuple>> {
        reduce(this.as_borrowed())
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<FrozenSet>) -> isize {
        size_of_set(raw_set(this))
    }

    #[method(name = "symmetric_difference", signature = "($self, other, /)")]
    fn symmetric_difference(this: &Ref<FrozenSet>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        ops::symmetric_difference(raw_set(this), other)
    }

    #[method(name = "union", signature = "($self, /, *others)")]
    fn union(this: &Ref<FrozenSet>, others: Args<'_>) -> PyResult<Ref<Object>> {
        ops::union(raw_set(this), others.as_slice())
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}
