//! Items and slices.

use super::{drop_word, fast, slot, slow};
use crate::abi::{
    PyASCIIObject, PyByteArrayObject, PyBytesObject, PyCodeObject, PyDictKeysObject, PyDictObject, PyFunctionObject,
    PyHeapTypeObject, PyListObject, PyObject, PyTupleObject, PyTypeObject,
};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::{self, lookup::Spot};
use crate::types::str::latin1_char_raw;

/// BINARY_OP with its cache units.
const BINARY_OP_SIZE: usize = 6;

/// The index of item `word` in a sequence of `length` items; negative ones count from the end.
#[inline(always)]
fn resolve_index(word: StackRef, length: usize) -> Option<usize> {
    if !word.is_int() {
        return None;
    }
    in_range(word.int_value(), length)
}

/// Whether the word is an instance of `class`, or of a class derived from it with the same way to give items.
///
/// # Safety
/// The word is not NULL; `class` has mapping methods.
#[inline(always)]
pub unsafe fn has_items_of(container: StackRef, class: *mut PyTypeObject) -> bool {
    // SAFETY: a live object.
    unsafe {
        if container.is_int() {
            return false;
        }
        let ty = (*container.ptr()).ob_type.get();
        let methods = (*ty).tp_as_mapping.get();
        ty == class
            || !methods.is_null()
                && (*methods).mp_subscript.get().map(|f| f as usize)
                    == (*(*class).tp_as_mapping.get()).mp_subscript.get().map(|f| f as usize)
    }
}

/// As [`resolve_index`] of an integer that may be an object.
#[inline(always)]
unsafe fn resolve_mixed(word: StackRef, length: usize) -> Option<usize> {
    // SAFETY: a word on the stack.
    in_range(unsafe { super::arith::small_int(word) }?, length)
}

#[inline(always)]
fn in_range(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index + length as i64 } else { index };
    if (index as u64) < length as u64 { Some(index as usize) } else { None }
}

/// Where the key of a word stands in the table of a dict, as far as that shows without a call, and its hash: see `dict::glance`.
#[inline(always)]
pub(super) unsafe fn glance<const ADDING: bool>(keys: *mut PyDictKeysObject, key: StackRef) -> (Spot, isize) {
    // SAFETY: the word is on the stack.
    unsafe {
        match super::arith::small_int(key) {
            Some(value) => dict::glance_int::<ADDING>(keys, value),
            None => dict::glance::<ADDING>(keys, key.ptr()),
        }
    }
}

/// Whether the word is a dict, or an object of a class that leaves subscripts to dict.
#[inline(always)]
pub(crate) unsafe fn is_dict_like(word: StackRef) -> bool {
    // SAFETY: the word is on the stack.
    unsafe { !word.is_int() && dict::is_subscripted_as_dict((*word.ptr()).ob_type.get()) }
}

/// Puts `item` in the place of a container and of an index that may be an object; not both may go with it.
#[inline(always)]
unsafe fn finish_mixed(r: &mut super::Regs, container: StackRef, index: StackRef, item: StackRef) -> Act {
    // SAFETY: the operands stand on the stack; an index is an int, which runs no code when it goes.
    unsafe {
        *slot(r, 2) = item;
        r.sp = r.sp.sub(1);
        super::drop_two(r, container, index)
    }
}

/// Puts a key and a value from the stack, whose words it takes, into a dict where that needs no comparison and no larger table. The old value
/// is for the caller to drop; `None` for all else, with the words as they were or boxed.
#[inline(always)]
pub(super) unsafe fn set_plain(dict: *mut PyDictObject, key: StackRef, value: *mut StackRef) -> Option<StackRef> {
    // SAFETY: words of the stack, and a live dict.
    unsafe {
        if !dict::is_plain(dict) {
            return None;
        }
        let keys = (*dict).ma_keys.get();
        let (spot, hash) = glance::<true>(keys, key);
        if spot.index < 0 {
            if !dict::has_room(keys, spot) {
                return None;
            }
            let new = super::heap_pointer(*value);
            if new.is_null() {
                return None;
            }
            let new_key = super::heap_pointer(key);
            if new_key.is_null() {
                *value = StackRef::steal(new);
                return None;
            }
            dict::add_stealing(dict, keys, spot.at, new_key, hash, new);
            return Some(StackRef::NULL);
        }
        if super::is_last(key) {
            return None;
        }
        let cell = dict::value_at(keys, spot);
        let old = cell.get();
        let mut dropped = StackRef::NULL;
        if !super::overwrite(old, *value) {
            let new = super::heap_pointer(*value);
            if new.is_null() {
                return None;
            }
            cell.set(new);
            dropped = StackRef::steal(old);
        }
        super::give_up(key);
        Some(dropped)
    }
}

fast! {
    fn subscr_list_int(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if !container.is_exact(List::TYPE) {
            return Act::MISS;
        }
        let list = container.ptr().cast::<PyListObject>();
        let Some(index) = resolve_index(index, (*list).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let item = *(*list).ob_item.get().add(index);
        *slot(r, 2) = super::counted(item);
        r.sp = r.sp.sub(1);
        drop_word(r, container, Act::NEXT)
    }

    fn subscr_tuple_int(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if !container.is_exact(Tuple::TYPE) {
            return Act::MISS;
        }
        let tuple = container.ptr().cast::<PyTupleObject>();
        let Some(index) = resolve_index(index, (*tuple).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let item = *(&raw const (*tuple).ob_item).cast::<*mut PyObject>().add(index);
        *slot(r, 2) = super::counted(item);
        r.sp = r.sp.sub(1);
        drop_word(r, container, Act::NEXT)
    }

    /// A list item by an integer that is an object, or of a list of a class that leaves items alone.
    fn subscr_list_int_mixed(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if !has_items_of(container, List::TYPE) || super::is_last(container) && super::is_last(index) {
            return Act::MISS;
        }
        let list = container.ptr().cast::<PyListObject>();
        let Some(place) = resolve_mixed(index, (*list).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let item = super::counted(*(*list).ob_item.get().add(place));
        finish_mixed(r, container, index, item)
    }

    fn subscr_tuple_int_mixed(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if !has_items_of(container, Tuple::TYPE) || super::is_last(container) && super::is_last(index) {
            return Act::MISS;
        }
        let tuple = container.ptr().cast::<PyTupleObject>();
        let Some(place) = resolve_mixed(index, (*tuple).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let item = super::counted(*(&raw const (*tuple).ob_item).cast::<*mut PyObject>().add(place));
        finish_mixed(r, container, index, item)
    }

    /// A character of an ASCII string.
    fn subscr_str_int(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if !container.is_exact(Str::TYPE) || super::is_last(container) && super::is_last(index) {
            return Act::MISS;
        }
        let text = container.ptr().cast::<PyASCIIObject>();
        let Some(place) = resolve_mixed(index, (*text).length.get() as usize) else { return Act::MISS };
        if !(*text).state.ascii() || !(*text).state.compact() {
            return Act::MISS;
        }
        let c = *text.add(1).cast::<u8>().add(place);
        finish_mixed(r, container, index, StackRef::borrow_ptr(latin1_char_raw(c).cast()))
    }

    /// A byte of a `bytes` or `bytearray`.
    fn subscr_bytes_int(r, _ts) {
        let (container, index) = (*slot(r, 2), *slot(r, 1));
        if container.is_int() || super::is_last(container) && super::is_last(index) {
            return Act::MISS;
        }
        let ty = (*container.ptr()).ob_type.get();
        let length = (*container.ptr().cast::<crate::abi::PyVarObject>()).ob_size.get() as usize;
        let data = if ty == Bytes::TYPE {
            (&raw const (*container.ptr().cast::<PyBytesObject>()).ob_sval).cast::<u8>()
        } else if ty == ByteArray::TYPE {
            (*container.ptr().cast::<PyByteArrayObject>()).ob_start.get().cast_const().cast::<u8>()
        } else {
            return Act::MISS;
        };
        let Some(place) = resolve_mixed(index, length) else { return Act::MISS };
        let byte = *data.add(place);
        finish_mixed(r, container, index, StackRef::int(byte as i64))
    }

    /// An item by a `__getitem__` of Python: its frame is entered directly.
    fn subscr_getitem(r, ts) {
        let container = *slot(r, 2);
        if container.is_int() {
            return Act::MISS;
        }
        let ty = (*container.ptr()).ob_type.get();
        if (*ty).tp_version_tag.get() != super::cache32(r.ip, 2) {
            return Act::MISS;
        }
        // The version is that of a class whose function was kept.
        let cache = &(*ty.cast::<PyHeapTypeObject>())._spec_cache;
        let function = cache.getitem.get().cast::<PyFunctionObject>();
        if (*function).func_version.get() != cache.getitem_version.get() {
            return Act::MISS;
        }
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        if !super::call::has_room(ts, code) {
            return Act::MISS;
        }
        let base = slot(r, 2);
        super::call::push_exact(r, ts, super::counted(function.cast()), code, base, 2, base, BINARY_OP_SIZE)
    }

    /// `dict[key]` with an int, or the very object that is in the dict.
    fn subscr_dict_plain(r, _ts) {
        let (container, key) = (*slot(r, 2), *slot(r, 1));
        if !is_dict_like(container) || super::is_last(key) {
            return Act::MISS;
        }
        let dict = container.ptr().cast::<PyDictObject>();
        let keys = (*dict).ma_keys.get();
        let spot = glance::<false>(keys, key).0;
        if spot.index < 0 || !(*dict).ma_values.get().is_null() {
            return Act::MISS;
        }
        super::give_up(key);
        *slot(r, 2) = super::counted(dict::value_at(keys, spot).get());
        r.sp = r.sp.sub(1);
        drop_word(r, container, Act::NEXT)
    }

    /// `dict[key] = value` with a key that needs no comparison, and room if it is new.
    fn store_subscr_dict_plain(r, _ts) {
        let (container, key) = (*slot(r, 2), *slot(r, 1));
        if super::is_last(container) || !is_dict_like(container) {
            return Act::MISS;
        }
        let Some(old) = set_plain(container.ptr().cast(), key, slot(r, 3)) else { return Act::MISS };
        r.sp = r.sp.sub(3);
        super::give_up(container);
        drop_word(r, old, Act::NEXT)
    }

    /// `list[int] = value`; the old item goes last.
    fn store_subscr_list_int(r, _ts) {
        let (value, container, index) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if super::is_last(container) || !container.is_exact(List::TYPE) {
            return Act::MISS;
        }
        let list = container.ptr().cast::<PyListObject>();
        let Some(index) = resolve_index(index, (*list).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let item = (*list).ob_item.get().add(index);
        let old = *item;
        if super::overwrite(old, value) {
            r.sp = r.sp.sub(3);
            super::give_up(container);
            return Act::NEXT;
        }
        let new = super::heap_pointer(value);
        if new.is_null() {
            return Act::MISS;
        }
        *item = new;
        r.sp = r.sp.sub(3);
        super::give_up(container);
        drop_word(r, StackRef::steal(old), Act::NEXT)
    }

    /// As above by an integer that is an object, which stays.
    fn store_subscr_list_int_mixed(r, _ts) {
        let (value, container, index) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if super::is_last(container) || super::is_last(index) || !container.is_exact(List::TYPE) {
            return Act::MISS;
        }
        let list = container.ptr().cast::<PyListObject>();
        let Some(place) = resolve_mixed(index, (*list).ob_base.ob_size.get() as usize) else { return Act::MISS };
        let new = super::heap_pointer(value);
        if new.is_null() {
            return Act::MISS;
        }
        let old = (*list).ob_item.get().add(place).replace(new);
        r.sp = r.sp.sub(3);
        super::give_up(container);
        super::give_up(index);
        drop_word(r, StackRef::steal(old), Act::NEXT)
    }
}

/// `container[key]` with both on the stack.
///
/// # Safety
/// As for slow bodies.
pub unsafe fn binary_subscript(m: Machine) -> PyResult<Flow> {
    // SAFETY: two operands stand on the stack.
    unsafe {
        let result = m.peek(2)?.get_item(m.peek(1)?)?;
        m.drop_top(2);
        m.push_ref(result);
    }
    Ok(Flow::Next)
}

slow! {
    fn binary_slice(m, _) {
        if let Some(result) = plain_slice(*m.slot(3), *m.slot(2), *m.slot(1))? {
            m.drop_top(3);
            m.push_ref(result);
            return Ok(Flow::Next);
        }
        let slice = Slice::new(Some(m.peek(2)?), Some(m.peek(1)?), None)?;
        let result = m.peek(3)?.get_item(slice.as_borrowed())?;
        m.drop_top(3);
        m.push_ref(result);
        Ok(Flow::Next)
    }

    fn subscr_dict(m, _) {
        let container = *m.slot(2);
        if !container.is_exact(Dict::TYPE) {
            if is_dict_like(container) {
                return binary_subscript(m);
            }
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let key = m.peek(1)?;
        match container.borrowed_handle::<Dict>().get(key)? {
            Some(value) => {
                m.drop_top(2);
                m.push_ref(value);
                Ok(Flow::Next)
            }
            None => Err(raise!(KeyError, object: key.to_owned())),
        }
    }

    fn subscr_str_int_any(m, _) {
        let container = *m.slot(2);
        if container.is_exact(Str::TYPE) {
            let text = container.borrowed_handle::<Str>();
            if let Some(index) = resolve_index(*m.slot(1), text.len()) {
                let result = Str::from_code_point(text.char_at(index))?;
                m.drop_top(2);
                m.push_ref(result);
                return Ok(Flow::Next);
            }
        }
        binary_subscript(m)
    }

    fn subscr_list_int_slow(m, _) {
        let container = *m.slot(2);
        if let Some(index) = super::arith::small_int(*m.slot(1)) {
            if container.is_exact(List::TYPE) {
                let list = container.borrowed_handle::<List>();
                let index = if index < 0 { index + list.len() as i64 } else { index };
                if index >= 0 && let Some(item) = list.get(index as usize) {
                    m.drop_top(2);
                    m.push_ref(item);
                    return Ok(Flow::Next);
                }
            }
        } else {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        binary_subscript(m)
    }

    fn subscr_tuple_int_slow(m, _) {
        if super::arith::small_int(*m.slot(1)).is_none() || !(*m.slot(2)).is_exact(Tuple::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        binary_subscript(m)
    }

    fn store_subscr(m, _) {
        if specialize::due(m.ip()) {
            specialize::store_subscr(m);
            return Ok(Flow::Retry);
        }
        store_subscript(m)
    }

    /// A list item with an integer value or index that has to become an object first.
    fn store_subscr_list_int_slow(m, _) {
        let (value, container, index) = (*m.slot(3), *m.slot(2), *m.slot(1));
        if container.is_exact(List::TYPE)
            && let Some(index) = super::arith::small_int(index)
        {
            let list = container.borrowed_handle::<List>();
            let index = if index < 0 { index + list.len() as i64 } else { index };
            if index >= 0 && (index as usize) < list.len() {
                let object = value.into_object()?;
                *m.slot(3) = StackRef::NULL;
                let raw = container.ptr().cast::<PyListObject>();
                let item = (*raw).ob_item.get().add(index as usize);
                let old = *item;
                *item = object.into_ptr();
                m.drop_top(3);
                header::decref(old);
                return Ok(Flow::Next);
            }
        } else {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        store_subscript(m)
    }

    fn store_subscr_dict(m, _) {
        let container = *m.slot(2);
        if !container.is_exact(Dict::TYPE) {
            if is_dict_like(container) {
                return store_subscript(m);
            }
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        container.borrowed_handle::<Dict>().set_item(m.peek(1)?, m.peek(3)?)?;
        m.drop_top(3);
        Ok(Flow::Next)
    }

    fn delete_subscr(m, _) {
        let container = *m.slot(2);
        if container.is_exact(Dict::TYPE) {
            let key = m.peek(1)?;
            let Some(value) = container.borrowed_handle::<Dict>().take(key)? else {
                return Err(dict::key_error(key));
            };
            drop(value);
            m.drop_top(2);
            return Ok(Flow::Next);
        }
        m.peek(2)?.del_item(m.peek(1)?)?;
        m.drop_top(2);
        Ok(Flow::Next)
    }

    fn store_slice(m, _) {
        let container = *m.slot(3);
        if container.is_exact(List::TYPE) {
            let list = container.borrowed_handle::<List>();
            if let Some((start, stop)) = plain_bounds(*m.slot(2), *m.slot(1), list.len())
                && let Some(result) = crate::types::list::assign_range(&list, start, stop, m.peek(4)?)
            {
                result?;
                m.drop_top(4);
                return Ok(Flow::Next);
            }
        }
        let slice = Slice::new(Some(m.peek(2)?), Some(m.peek(1)?), None)?;
        m.peek(3)?.set_item(slice.as_borrowed(), m.peek(4)?)?;
        m.drop_top(4);
        Ok(Flow::Next)
    }
}

/// The range of a slice of a sequence whose bounds are small integers or None.
#[inline(always)]
fn plain_bounds(start: StackRef, stop: StackRef, length: usize) -> Option<(usize, usize)> {
    let bound = |word: StackRef, default: usize| {
        // SAFETY: a word on the stack.
        if let Some(value) = unsafe { super::arith::small_int(word) } {
            let value = if value < 0 { value + length as i64 } else { value };
            return Some(value.clamp(0, length as i64) as usize);
        }
        if word.is_ptr(crate::object::none_ptr()) { Some(default) } else { None }
    };
    let start = bound(start, 0)?;
    Some((start, bound(stop, length)?.max(start)))
}

/// `container[start:stop]` for a list, tuple, str or bytes whose bounds are small integers or None.
unsafe fn plain_slice(container: StackRef, start: StackRef, stop: StackRef) -> PyResult<Option<Ref<Object>>> {
    let bounds = |length: usize| plain_bounds(start, stop, length);
    // SAFETY: the words are on the stack, which keeps the container alive.
    unsafe {
        if container.is_exact(List::TYPE) {
            let list = container.borrowed_handle::<List>();
            if let Some((start, stop)) = bounds(list.len()) {
                return Ok(Some(list.slice(start, stop)?.into_object()));
            }
        } else if container.is_exact(Str::TYPE) {
            let text = container.borrowed_handle::<Str>();
            if let Some((start, stop)) = bounds(text.len()) {
                return Ok(Some(text.substring(start..stop)?.into_object()));
            }
        } else if container.is_exact(Tuple::TYPE) {
            let tuple = container.borrowed_handle::<Tuple>();
            if let Some((start, stop)) = bounds(tuple.len()) {
                return Ok(Some(tuple.slice(start, stop)?.into_object()));
            }
        } else if container.is_exact(Bytes::TYPE) {
            let bytes = container.borrowed_handle::<Bytes>();
            if let Some((start, stop)) = bounds(bytes.len()) {
                if start == 0 && stop == bytes.len() {
                    return Ok(Some(bytes.to_owned().into_object()));
                }
                return Ok(Some(Bytes::from_slice(&bytes.as_slice()[start..stop])?.into_object()));
            }
        }
        Ok(None)
    }
}

/// `container[key] = value` with value, container and key on the stack.
unsafe fn store_subscript(m: Machine) -> PyResult<Flow> {
    // SAFETY: three operands stand on the stack.
    unsafe {
        m.peek(2)?.set_item(m.peek(1)?, m.peek(3)?)?;
        m.drop_top(3);
    }
    Ok(Flow::Next)
}
