//! The operations of sets, for both types. The order in which keys are compared is CPython's.

use super::object::as_any_set;
use super::raw::Outcome;
use super::walk::Walk;
use super::{FrozenSet, Set, raw};
use crate::abi::{PyObject, PySetObject, PyTypeObject};
use crate::object::PyLayout;
use crate::prelude::*;
use crate::types::dict::iter::DictKeyIterator;
use crate::types::dict::lookup::plain_hash;
use crate::types::exceptions::TypeError;

// All sets passed in as pointers are held by the caller.

pub fn len(set: *mut PySetObject) -> usize {
    // SAFETY: see above.
    unsafe { (*set).used.get() as usize }
}

fn type_of(set: *mut PySetObject) -> *mut PyTypeObject {
    // SAFETY: see above.
    unsafe { (*set).ob_base.ob_type.get() }
}

/// A new set of `cls` with the items of an iterable.
pub fn make(cls: *mut PyTypeObject, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    // SAFETY: `cls` is a type of sets.
    let set: Ref<Object> = unsafe { Ref::from_owned_ptr(raw::new_of_type(cls)?) };
    if let Some(iterable) = iterable {
        update(set.as_ptr().cast(), iterable)?;
    }
    Ok(set)
}

/// As [`make`] with `set` or `frozenset`, whichever `set` is.
pub fn make_like(set: *mut PySetObject, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    // SAFETY: both types are live.
    let frozen = unsafe { crate::types::type_::is_subtype_raw(type_of(set), FrozenSet::TYPE) };
    make(if frozen { FrozenSet::TYPE } else { Set::TYPE }, iterable)
}

fn borrow<'a>(set: *mut PySetObject) -> Borrowed<'a, Object> {
    // SAFETY: see above.
    unsafe { Borrowed::from_ptr(set) }
}

fn raw_of(set: &Ref<Object>) -> *mut PySetObject {
    set.as_ptr().cast()
}

/// A copy; a frozen set need not be copied.
pub fn copy(set: *mut PySetObject) -> PyResult<Ref<Object>> {
    make_like(set, Some(borrow(set)))
}

/// What stands for an unhashable set as a key.
fn as_key(key: Borrowed<'_, Object>, raised: Raised) -> PyResult<Ref<Object>> {
    if !key.is_instance_of::<Set>() {
        return Err(raised);
    }
    raised.clear_if::<TypeError>()?;
    make(FrozenSet::TYPE, Some(key))
}

#[inline]
pub fn contains(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    // SAFETY: see above.
    unsafe {
        let hash = plain_hash(key);
        if hash != -1
            && let (_, outcome) = raw::find(set, key.as_ptr(), hash)
            && outcome != Outcome::Compare
        {
            return Ok(outcome == Outcome::Found);
        }
    }
    contains_slow(set, key)
}

#[inline(never)]
fn contains_slow(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    // SAFETY: see above.
    unsafe {
        match raw::hash_key(key) {
            Ok(hash) => raw::contains_entry(set, key.as_ptr(), hash),
            Err(raised) => {
                let key = as_key(key, raised)?;
                raw::contains_entry(set, key.as_ptr(), key.hash()?)
            }
        }
    }
}

/// Removes a key; whether it was there.
#[inline]
pub fn discard(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    // SAFETY: see above.
    unsafe {
        let hash = plain_hash(key);
        if hash != -1 {
            match raw::find(set, key.as_ptr(), hash) {
                (entry, Outcome::Found) => {
                    raw::remove_at(set, entry);
                    return Ok(true);
                }
                (_, Outcome::Absent) => return Ok(false),
                (_, Outcome::Compare) => {}
            }
        }
    }
    discard_slow(set, key)
}

#[inline(never)]
fn discard_slow(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    // SAFETY: see above.
    unsafe {
        match raw::hash_key(key) {
            Ok(hash) => raw::discard_entry(set, key.as_ptr(), hash),
            Err(raised) => {
                let key = as_key(key, raised)?;
                raw::discard_entry(set, key.as_ptr(), key.hash()?)
            }
        }
    }
}

/// Calls `body` with each item of an iterable and its hash, which sets and dicts know.
fn for_each(other: Borrowed<'_, Object>, mut body: impl FnMut(&Ref<Object>, isize) -> PyResult<()>) -> PyResult<()> {
    if let Some(set) = as_any_set(other) {
        // SAFETY: `other` is held.
        let mut walk = unsafe { Walk::new(set) };
        while let Some((key, hash)) = walk.next_owned() {
            body(&key, hash)?;
        }
        return Ok(());
    }
    if let Some(dict) = other.downcast_exact::<Dict>() {
        let mut position = 0;
        while let Some((key, _, hash)) = dict.next_owned(&mut position) {
            body(&key, hash)?;
        }
        return Ok(());
    }
    let iterator = other.iter()?;
    if let Some(keys) = iterator.downcast_exact::<DictKeyIterator>() {
        while let Some((key, _)) = keys.step() {
            // SAFETY: the key is live until something runs.
            let key: Ref<Object> = unsafe { Ref::from_borrowed_ptr(key) };
            let hash = raw::hash_key(key.borrow())?;
            body(&key, hash)?;
        }
    }
    while let Some(key) = iterator.next()? {
        let hash = raw::hash_key(key.borrow())?;
        body(&key, hash)?;
    }
    Ok(())
}

/// Adds an item of another container, which is held while it is hashed and compared if that may run Python code.
#[inline(always)]
unsafe fn add_item(set: *mut PySetObject, key: *mut PyObject) -> PyResult<()> {
    // SAFETY: see above; `key` is live.
    unsafe {
        let hash = plain_hash(Borrowed::from_ptr(key));
        if hash != -1 {
            return raw::add_unheld(set, key, hash);
        }
        let key: Ref<Object> = Ref::from_borrowed_ptr(key);
        raw::add_key(set, key.borrow()).map(|_| ())
    }
}

/// Adds the items of a list or tuple, as an iterator would see them: hashing and comparing may change a list, so `items` says
/// each time where they are and how many.
#[inline(always)]
unsafe fn add_items(set: *mut PySetObject, items: impl Fn() -> (*const *mut PyObject, usize)) -> PyResult<()> {
    let mut index = 0;
    // SAFETY: see above.
    unsafe {
        loop {
            let (start, length) = items();
            if index >= length {
                return Ok(());
            }
            let next = start.add(index);
            if (**next).ob_type.get() == Str::TYPE {
                let added = raw::add_texts(set, next, length - index)?;
                index += added;
                if added > 0 {
                    continue;
                }
            }
            raw::fetch_ahead(set, next, length - index);
            add_item(set, *next)?;
            index += 1;
        }
    }
}

pub fn update(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<()> {
    // SAFETY: see above.
    unsafe {
        if let Some(other) = as_any_set(other) {
            return raw::merge(set, other);
        }
        if let Some(dict) = other.downcast_exact::<Dict>() {
            let more = dict.len();
            if ((*set).fill.get() as usize + more) * 5 >= (*set).mask.get() as usize * 3 {
                raw::resize(set, (len(set) + more) * 2)?;
            }
            let mut position = 0;
            while let Some((key, _, hash)) = crate::types::dict::raw::next(dict.raw(), &mut position) {
                raw::add_unheld(set, key, hash)?;
            }
            return Ok(());
        }
        if let Some(list) = other.downcast_exact::<List>() {
            return add_items(set, || (list.items_ptr().cast_const(), list.len()));
        }
        if let Some(tuple) = other.downcast_exact::<Tuple>() {
            return add_items(set, || (tuple.items_ptr(), tuple.len()));
        }
        for_each(other, |key, hash| raw::add_entry(set, key.as_ptr(), hash).map(|_| ()))
    }
}

pub fn union(set: *mut PySetObject, others: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    let result = copy(set)?;
    for other in others {
        if other.as_ptr() != set.cast() {
            update(raw_of(&result), *other)?;
        }
    }
    Ok(result)
}

pub fn intersection(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if other.as_ptr() == set.cast() {
        return copy(set);
    }
    let result = make_like(set, None)?;
    let (mut within, mut walked) = (set, other);
    if let Some(other) = as_any_set(other)
        && len(other) > len(set)
    {
        (within, walked) = (other, borrow(set));
    }
    if let Some(walked) = as_any_set(walked) {
        // SAFETY: see above. A key is held while it is compared.
        unsafe {
            let mut walk = Walk::new(walked);
            while let Some((key, hash)) = walk.next() {
                match raw::find(within, key, hash).1 {
                    Outcome::Found => raw::add_unheld(raw_of(&result), key, hash)?,
                    Outcome::Absent => {}
                    Outcome::Compare => {
                        let key: Ref<Object> = Ref::from_borrowed_ptr(key);
                        if raw::contains_entry(within, key.as_ptr(), hash)? {
                            raw::add_entry(raw_of(&result), key.as_ptr(), hash)?;
                        }
                    }
                }
            }
        }
        return Ok(result);
    }
    // SAFETY: see above.
    for_each(walked, |key, hash| unsafe {
        if raw::contains_entry(within, key.as_ptr(), hash)? {
            raw::add_entry(raw_of(&result), key.as_ptr(), hash)?;
        }
        Ok(())
    })?;
    Ok(result)
}

pub fn intersection_of_all(set: *mut PySetObject, others: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    if others.is_empty() {
        return copy(set);
    }
    // SAFETY: see above.
    let mut result: Ref<Object> = unsafe { Ref::from_borrowed_ptr(set) };
    for other in others {
        result = intersection(raw_of(&result), *other)?;
    }
    Ok(result)
}

pub fn intersection_update(set: *mut PySetObject, others: &[Borrowed<'_, Object>]) -> PyResult<()> {
    let result = intersection_of_all(set, others)?;
    // SAFETY: see above; the result is nobody else's.
    unsafe { raw::swap(set, raw_of(&result)) };
    Ok(())
}

pub fn is_disjoint(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<bool> {
    if other.as_ptr() == set.cast() {
        return Ok(len(set) == 0);
    }
    let (mut within, mut walked) = (set, other);
    if let Some(other) = as_any_set(other)
        && len(other) > len(set)
    {
        (within, walked) = (other, borrow(set));
    }
    if let Some(walked) = as_any_set(walked) {
        // SAFETY: see above.
        unsafe {
            let mut walk = Walk::new(walked);
            while let Some((key, hash)) = walk.next() {
                if raw::contains_unheld(within, key, hash)? {
                    return Ok(false);
                }
            }
        }
        return Ok(true);
    }
    let iterator = walked.iter()?;
    while let Some(key) = iterator.next()? {
        let hash = raw::hash_key(key.borrow())?;
        // SAFETY: see above.
        if unsafe { raw::contains_entry(within, key.as_ptr(), hash)? } {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn difference_update(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<()> {
    if other.as_ptr() == set.cast() {
        // SAFETY: see above.
        unsafe { raw::clear(set) };
        return Ok(());
    }
    let mut held = None;
    let mut walked = other;
    if let Some(other_set) = as_any_set(other)
        && len(other_set) >> 3 > len(set)
    {
        // Much larger: what both have is found faster from this side.
        walked = held.insert(intersection(set, other)?).borrow();
    }
    // SAFETY: see above.
    unsafe {
        if let Some(walked) = as_any_set(walked) {
            let mut walk = Walk::new(walked);
            while let Some((key, hash)) = walk.next() {
                raw::discard_unheld(set, key, hash)?;
            }
        } else {
            for_each(walked, |key, hash| raw::discard_entry(set, key.as_ptr(), hash).map(|_| ()))?;
        }
        let (fill, used, mask) = ((*set).fill.get(), (*set).used.get(), (*set).mask.get());
        if fill - used > mask / 4 {
            let used = used as usize;
            raw::resize(set, if used > 50_000 { used * 2 } else { used * 4 })?;
        }
    }
    Ok(())
}

pub fn difference(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let other_set = as_any_set(other);
    let other_dict = other.downcast_exact::<Dict>();
    let other_len = match (other_set, other_dict) {
        (Some(other), _) => len(other),
        (_, Some(dict)) => dict.len(),
        _ => return copy_and_difference(set, other),
    };
    if len(set) >> 2 > other_len {
        return copy_and_difference(set, other);
    }
    let result = make_like(set, None)?;
    // SAFETY: see above. A key is held while it is compared.
    unsafe {
        if let Some(other) = other_set {
            let mut walk = Walk::new(set);
            while let Some((key, hash)) = walk.next() {
                match raw::find(other, key, hash).1 {
                    Outcome::Found => {}
                    Outcome::Absent => raw::add_unheld(raw_of(&result), key, hash)?,
                    Outcome::Compare => {
                        let key: Ref<Object> = Ref::from_borrowed_ptr(key);
                        if !raw::contains_entry(other, key.as_ptr(), hash)? {
                            raw::add_entry(raw_of(&result), key.as_ptr(), hash)?;
                        }
                    }
                }
            }
        } else if let Some(dict) = other_dict {
            let mut walk = Walk::new(set);
            while let Some((key, hash)) = walk.next_owned() {
                if !dict.contains_known_hash(key.borrow(), hash)? {
                    raw::add_entry(raw_of(&result), key.as_ptr(), hash)?;
                }
            }
        }
    }
    Ok(result)
}

fn copy_and_difference(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let result = copy(set)?;
    difference_update(raw_of(&result), other)?;
    Ok(result)
}

pub fn difference_of_all(set: *mut PySetObject, others: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    let Some((first, rest)) = others.split_first() else { return copy(set) };
    let result = difference(set, *first)?;
    for other in rest {
        difference_update(raw_of(&result), *other)?;
    }
    Ok(result)
}

pub fn symmetric_difference_update(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<()> {
    if other.as_ptr() == set.cast() {
        // SAFETY: see above.
        unsafe { raw::clear(set) };
        return Ok(());
    }
    let mut held = None;
    let walked = if as_any_set(other).is_some() || other.is_exact::<Dict>() {
        other
    } else {
        // Each item counts once, however often it comes.
        held.insert(make_like(set, Some(other))?).borrow()
    };
    if let Some(walked) = as_any_set(walked) {
        // SAFETY: see above. A key is held while it is compared; one that was discarded is not needed any more.
        unsafe {
            let mut walk = Walk::new(walked);
            while let Some((key, hash)) = walk.next() {
                match raw::find(set, key, hash) {
                    (entry, Outcome::Found) => raw::remove_at(set, entry),
                    (_, Outcome::Absent) => raw::add_unheld(set, key, hash)?,
                    (_, Outcome::Compare) => {
                        let key: Ref<Object> = Ref::from_borrowed_ptr(key);
                        if !raw::discard_entry(set, key.as_ptr(), hash)? {
                            raw::add_entry(set, key.as_ptr(), hash)?;
                        }
                    }
                }
            }
        }
        return Ok(());
    }
    // SAFETY: see above.
    for_each(walked, |key, hash| unsafe {
        if !raw::discard_entry(set, key.as_ptr(), hash)? {
            raw::add_entry(set, key.as_ptr(), hash)?;
        }
        Ok(())
    })
}

pub fn symmetric_difference(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let result = make_like(set, Some(other))?;
    symmetric_difference_update(raw_of(&result), borrow(set))?;
    Ok(result)
}

pub fn is_subset(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<bool> {
    let Some(other_set) = as_any_set(other) else {
        return Ok(len(raw_of(&intersection(set, other)?)) == len(set));
    };
    if len(set) > len(other_set) {
        return Ok(false);
    }
    // SAFETY: see above.
    unsafe {
        let mut walk = Walk::new(set);
        while let Some((key, hash)) = walk.next() {
            if !raw::contains_unheld(other_set, key, hash)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

pub fn is_superset(set: *mut PySetObject, other: Borrowed<'_, Object>) -> PyResult<bool> {
    if let Some(other) = as_any_set(other) {
        return is_subset(other, borrow(set));
    }
    let iterator = other.iter()?;
    while let Some(key) = iterator.next()? {
        if !contains(set, key.borrow())? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn compare(set: *mut PySetObject, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
    let Some(other_set) = as_any_set(other) else { return Ok(not_implemented()) };
    let equal = || -> PyResult<bool> {
        // SAFETY: see above.
        let (ours, theirs) = unsafe { ((*set).hash.get(), (*other_set).hash.get()) };
        if len(set) != len(other_set) || (ours != -1 && theirs != -1 && ours != theirs) {
            return Ok(false);
        }
        is_subset(set, other)
    };
    let answer = match op {
        CompareOp::Eq => equal()?,
        CompareOp::Ne => !equal()?,
        CompareOp::Le => is_subset(set, other)?,
        CompareOp::Ge => is_superset(set, other)?,
        CompareOp::Lt => len(set) < len(other_set) && is_subset(set, other)?,
        CompareOp::Gt => len(set) > len(other_set) && is_superset(set, other)?,
    };
    Ok(Bool::from(answer).into_object())
}
