//! `dict.keys()`, `dict.values()`, `dict.items()`: live views, the first and the last with the operations of sets.

use core::cell::Cell;

use super::Dict;
use super::iter::{
    DictItemIterator, DictKeyIterator, DictReverseItemIterator, DictReverseKeyIterator, DictReverseValueIterator,
    DictValueIterator,
};
use crate::abi::*;
use crate::memory::object;
use crate::object::{PyLayout, header};
use crate::prelude::*;
use crate::types::mappingproxy::MappingProxy;
use crate::types::repr_guard;
use crate::types::str::StrBuilder;

/// `dict_keys`.
#[repr(transparent)]
pub struct DictKeys(pub(crate) _PyDictViewObject);
/// `dict_values`.
#[repr(transparent)]
pub struct DictValues(pub(crate) _PyDictViewObject);
/// `dict_items`.
#[repr(transparent)]
pub struct DictItems(pub(crate) _PyDictViewObject);

/// A view of `dict` of the static type `T`, which has the layout of a view.
pub(crate) fn new_view<T: PyLayout>(dict: &Ref<Dict>) -> PyResult<Ref<T>> {
    // SAFETY: every view begins with `_PyDictViewObject`.
    unsafe {
        let view = object::new::<T>()?;
        (*view.cast::<_PyDictViewObject>()).dv_dict.set(dict.clone().into_ptr().cast());
        object::gc_track(view.cast());
        Ok(Ref::from_owned_ptr(view))
    }
}

unsafe fn dealloc_view(view: *mut _PyDictViewObject) {
    // SAFETY: called with no counts left.
    unsafe {
        object::gc_untrack(view.cast());
        header::xdecref((*view).dv_dict.get().cast());
        object::dealloc_finish(view);
    }
}

/// The dict of a view.
fn dict_of(field: &Cell<*mut PyDictObject>) -> Borrowed<'_, Dict> {
    // SAFETY: a view holds its dict as long as it lives.
    unsafe { Borrowed::from_ptr(field.get()) }
}

/// The dict of any view of keys or items.
fn set_view_dict<'a>(view: &Borrowed<'a, Object>) -> Option<(Borrowed<'a, Dict>, bool)> {
    // SAFETY: as in `dict_of`; the borrow of the view keeps it alive.
    unsafe {
        if view.is_instance_of::<DictKeys>() {
            return Some((Borrowed::from_ptr((*view.as_ptr().cast::<_PyDictViewObject>()).dv_dict.get()), false));
        }
        if view.is_instance_of::<DictItems>() {
            return Some((Borrowed::from_ptr((*view.as_ptr().cast::<_PyDictViewObject>()).dv_dict.get()), true));
        }
    }
    None
}

fn is_exact_set(object: Borrowed<'_, Object>) -> bool {
    object.is_exact::<Set>() || object.is_exact::<FrozenSet>()
}

fn is_any_set(object: Borrowed<'_, Object>) -> bool {
    object.is_instance_of::<Set>() || object.is_instance_of::<FrozenSet>()
}

/// Whether a pair is among the items of a dict.
fn items_contain(dict: Borrowed<'_, Dict>, pair: Borrowed<'_, Object>) -> PyResult<bool> {
    let Some(pair) = pair.downcast::<Tuple>() else { return Ok(false) };
    if pair.len() != 2 {
        return Ok(false);
    }
    match dict.get(pair.get(0))? {
        Some(value) => value.equals(pair.get(1)),
        None => Ok(false),
    }
}

/// A new set of what stands left of an operator.
fn to_set(left: Borrowed<'_, Object>) -> PyResult<Ref<Set>> {
    if left.is_instance_of::<DictKeys>()
        && let Some((dict, _)) = set_view_dict(&left)
        && dict.is_exact::<Dict>()
    {
        return Set::from_iterable(dict.upcast());
    }
    Set::from_iterable(left)
}

fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let result = to_set(left)?;
    result.difference_update(right)?;
    Ok(result.into_object())
}

fn union(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let result = to_set(left)?;
    result.update(right)?;
    Ok(result.into_object())
}

fn intersection(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let (mut this, mut other) = if set_view_dict(&left).is_some() { (left, right) } else { (right, left) };
    let Some((mut dict, mut items)) = set_view_dict(&this) else { return Ok(not_implemented()) };
    if other.is_exact::<Set>() && dict.len() <= other.len()? {
        return other.call_method(id!("intersection"), &[this]);
    }
    if let Some((other_dict, other_items)) = set_view_dict(&other)
        && other_dict.len() > dict.len()
    {
        (this, other) = (other, this);
        (dict, items) = (other_dict, other_items);
    }
    let _ = this;
    let result = Set::new()?;
    other.for_each(|item| {
        let found = if items { items_contain(dict, item.borrow())? } else { dict.contains(item.borrow())? };
        if found { result.add(item.borrow()) } else { Ok(()) }
    })?;
    Ok(result.into_object())
}

fn symmetric_difference(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if left.is_exact::<DictItems>()
        && right.is_exact::<DictItems>()
        && let (Some((first, _)), Some((second, _))) = (set_view_dict(&left), set_view_dict(&right))
    {
        return items_symmetric_difference(first, second);
    }
    let result = to_set(left)?;
    result.symmetric_difference_update(right)?;
    Ok(result.into_object())
}

/// Compares values instead of hashing pairs, so that equal items with unhashable values are no error.
fn items_symmetric_difference(first: Borrowed<'_, Dict>, second: Borrowed<'_, Dict>) -> PyResult<Ref<Object>> {
    let (small, large) = if first.len() > second.len() { (second, first) } else { (first, second) };
    let rest = small.copy()?;
    let result = Set::new()?;
    let mut position = 0;
    while let Some((key, value, hash)) = large.next_owned(&mut position) {
        let same = match rest.get_known_hash(key.borrow(), hash)? {
            Some(other) => other.equals(value.borrow())?,
            None => false,
        };
        if same {
            rest.take_known_hash(key.borrow(), hash)?;
        } else {
            result.add(Tuple::pack([key, value])?.as_borrowed())?;
        }
    }
    for (key, value) in rest.items_snapshot()? {
        result.add(Tuple::pack([key, value])?.as_borrowed())?;
    }
    Ok(result.into_object())
}

/// Whether `whole` contains every item of `part`.
fn contains_all(part: Borrowed<'_, Object>, whole: Borrowed<'_, Object>) -> PyResult<bool> {
    let iterator = part.iter()?;
    while let Some(item) = iterator.next()? {
        if !whole.contains(item.borrow())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare(this: Borrowed<'_, Object>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
    if !is_any_set(other) && set_view_dict(&other).is_none() {
        return Ok(not_implemented());
    }
    let (ours, theirs) = (this.len()?, other.len()?);
    let answer = match op {
        CompareOp::Eq => ours == theirs && contains_all(this, other)?,
        CompareOp::Ne => !(ours == theirs && contains_all(this, other)?),
        CompareOp::Lt => ours < theirs && contains_all(this, other)?,
        CompareOp::Le => ours <= theirs && contains_all(this, other)?,
        CompareOp::Gt => ours > theirs && contains_all(other, this)?,
        CompareOp::Ge => ours >= theirs && contains_all(other, this)?,
    };
    Ok(Bool::from(answer).into_object())
}

fn is_disjoint(this: Borrowed<'_, Object>, other: Borrowed<'_, Object>) -> PyResult<bool> {
    if this.is(&other) {
        return Ok(this.len()? == 0);
    }
    let (mut this, mut other) = (this, other);
    // The shorter one is walked, if membership in the other is cheap.
    if (is_exact_set(other) || set_view_dict(&other).is_some()) && other.len()? > this.len()? {
        (this, other) = (other, this);
    }
    let iterator = other.iter()?;
    while let Some(item) = iterator.next()? {
        if this.contains(item.borrow())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn repr(view: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let Some(_guard) = repr_guard::enter(view)? else { return Str::from_utf8_str("...") };
    let items = view.to_list()?;
    let mut text = StrBuilder::new();
    text.push_str(&view.type_name())?;
    text.push_str("(")?;
    text.push_object(&items.as_object().repr()?)?;
    text.push_str(")")?;
    text.finish()
}

macro_rules! view_basics {
    ($name:ident) => {
        impl $name {
            pub fn new(dict: &Ref<Dict>) -> PyResult<Ref<$name>> {
                new_view(dict)
            }

            pub(crate) fn dict(&self) -> Borrowed<'_, Dict> {
                dict_of(&self.0.dv_dict)
            }
        }
    };
}

view_basics!(DictKeys);
view_basics!(DictValues);
view_basics!(DictItems);

macro_rules! set_view {
    ($name:ident, $python:literal, $export:literal, $iter:ident, $reverse:ident, $contains:expr) => {
        #[pytype(name = $python, export = $export, gc, unhashable, disallow_instantiation)]
        impl $name {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $name) {
                // SAFETY: called with no counts left.
                unsafe { dealloc_view(this.cast()) }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$name, visit: &mut Visitor) {
                visit.object(this.0.dv_dict.get());
            }

            #[slot(tp_repr)]
            fn repr(this: &Ref<$name>) -> PyResult<Ref<Str>> {
                repr(this.as_borrowed())
            }

            #[slot(tp_richcompare)]
            fn compare(this: &Ref<$name>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
                compare(this.as_borrowed(), other, op)
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$name>) -> PyResult<Ref<$iter>> {
                $iter::new(&this.dict())
            }

            #[slot(sq_length)]
            fn length(this: &Ref<$name>) -> isize {
                this.dict().len() as isize
            }

            #[slot(sq_contains)]
            fn contains(this: &Ref<$name>, item: Borrowed<'_, Object>) -> PyResult<bool> {
                let contains: fn(Borrowed<'_, Dict>, Borrowed<'_, Object>) -> PyResult<bool> = $contains;
                contains(this.dict(), item)
            }

            #[slot(nb_subtract)]
            fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                subtract(left, right)
            }

            #[slot(nb_and)]
            fn and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                intersection(left, right)
            }

            #[slot(nb_xor)]
            fn xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                symmetric_difference(left, right)
            }

            #[slot(nb_or)]
            fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                union(left, right)
            }

            #[method(name = "isdisjoint", signature = "($self, object, /)")]
            fn isdisjoint(this: &Ref<$name>, object: Borrowed<'_, Object>) -> PyResult<bool> {
                is_disjoint(this.as_borrowed(), object)
            }

            #[method(name = "__reversed__", signature = "($self, /)")]
            fn reversed(this: &Ref<$name>) -> PyResult<Ref<$reverse>> {
                $reverse::new(&this.dict())
            }

            #[getter(name = "mapping")]
            fn mapping(this: &Ref<$name>) -> PyResult<Ref<MappingProxy>> {
                MappingProxy::new(this.dict().upcast())
            }
        }
    };
}

set_view!(DictKeys, "dict_keys", "PyDictKeys_Type", DictKeyIterator, DictReverseKeyIterator, |dict, key| dict
    .contains(key));
set_view!(DictItems, "dict_items", "PyDictItems_Type", DictItemIterator, DictReverseItemIterator, |dict, pair| {
    items_contain(dict, pair)
});

#[pytype(name = "dict_values", export = "PyDictValues_Type", gc, disallow_instantiation)]
impl DictValues {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut DictValues) {
        // SAFETY: called with no counts left.
        unsafe { dealloc_view(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &DictValues, visit: &mut Visitor) {
        visit.object(this.0.dv_dict.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<DictValues>) -> PyResult<Ref<Str>> {
        repr(this.as_borrowed())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<DictValues>) -> PyResult<Ref<DictValueIterator>> {
        DictValueIterator::new(&this.dict())
    }

    #[slot(sq_length)]
    fn length(this: &Ref<DictValues>) -> isize {
        this.dict().len() as isize
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<DictValues>) -> PyResult<Ref<DictReverseValueIterator>> {
        DictReverseValueIterator::new(&this.dict())
    }

    #[getter(name = "mapping")]
    fn mapping(this: &Ref<DictValues>) -> PyResult<Ref<MappingProxy>> {
        MappingProxy::new(this.dict().upcast())
    }
}
