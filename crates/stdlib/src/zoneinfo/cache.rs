//! The zones that exist: `_weak_cache` of each class, and the eight that were asked for last, which the class itself keeps alive.

use taipan_runtime::prelude::*;

use super::ZoneInfo;
use crate::support::Slot;

const STRONG_SIZE: usize = 8;

/// The weak cache of `ZoneInfo` itself.
static WEAK: Slot = Slot::new();

/// A list of pairs of key and zone, the last one asked for first.
static STRONG: Slot = Slot::new();

/// Makes the caches, if they do not exist.
pub fn prepare() -> PyResult<()> {
    if !WEAK.is_set() {
        WEAK.set(Some(new_weak()?));
        STRONG.set(Some(List::new()?.into_object()));
    }
    Ok(())
}

pub fn new_weak() -> PyResult<Ref<Object>> {
    taipan_runtime::import::import_module("weakref")?.call_method(id!("WeakValueDictionary"), &[])
}

fn is_own(cls: Borrowed<'_, Type>) -> bool {
    cls.as_ptr().cast() == ZoneInfo::TYPE
}

pub fn weak(cls: Borrowed<'_, Type>) -> PyResult<Ref<Object>> {
    match WEAK.get() {
        Some(cache) if is_own(cls) => Ok(cache),
        _ => cls.upcast().getattr(id!("_weak_cache")),
    }
}

/// The list; classes that were derived have none.
fn strong(cls: Borrowed<'_, Type>) -> Option<Ref<List>> {
    // SAFETY: a list is put there alone.
    if is_own(cls) { unsafe { STRONG.get_as() } } else { None }
}

/// Takes the pair of a key out of the list. Comparing keys may run Python code, and that change the list.
fn take(list: &Ref<List>, key: Borrowed<'_, Object>) -> PyResult<Option<Ref<Tuple>>> {
    let mut index = 0;
    while let Some(pair) = list.get(index).and_then(|pair| pair.into_downcast::<Tuple>().ok()) {
        if pair.get(0).equals(key)? {
            if list.get(index).is_some_and(|there| there.is(pair.as_object())) {
                list.set_slice(index, index + 1, &[])?;
            }
            return Ok(Some(pair));
        }
        index += 1;
    }
    Ok(None)
}

fn push_front(list: &Ref<List>, pair: Ref<Tuple>) -> PyResult<()> {
    list.insert(0, pair.into_object())?;
    let count = list.len();
    if count > STRONG_SIZE { list.set_slice(STRONG_SIZE, count, &[]) } else { Ok(()) }
}

/// A zone that was asked for lately.
pub fn recent(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    let Some(list) = strong(cls) else { return Ok(None) };
    let Some(pair) = take(&list, key)? else { return Ok(None) };
    let zone = pair.get(1).to_owned();
    push_front(&list, pair)?;
    Ok(Some(zone))
}

pub fn keep(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>, zone: &Ref<Object>) -> PyResult<()> {
    match strong(cls) {
        Some(list) => push_front(&list, Tuple::pack([key.to_owned(), zone.clone()])?),
        None => Ok(()),
    }
}

/// Forgets some keys, or all.
pub fn clear(cls: Borrowed<'_, Type>, only: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let weak = weak(cls)?;
    let strong = strong(cls);
    let Some(only) = only else {
        weak.call_method(id!("clear"), &[])?;
        return strong.map_or(Ok(()), |list| list.set_slice(0, list.len(), &[]));
    };
    let keys = only.iter()?;
    while let Some(key) = keys.next()? {
        if let Some(list) = &strong {
            take(list, key.borrow())?;
        }
        weak.call_method(id!("pop"), &[key.borrow(), none().borrow()])?;
    }
    Ok(())
}
