//! Items and slices.

use super::{drop_word, fast, slot, slow};
use crate::abi::{PyDictKeysObject, PyDictObject, PyListObject, PyObject, PyTupleObject};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::{self, lookup::Spot};

/// The index of item `word` in a sequence of `length` items; negative ones count from the end.
#[inline(always)]
fn resolve_index(word: StackRef, length: usize) -> Option<usize> {
    if !word.is_int() {
        return None;
    }
    let index = word.int_value();
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
        if key.is_owned() {
            super::lower(key);
        }
        *slot(r, 2) = super::counted(dict::value_at(keys, spot).get());
        r.sp = r.sp.sub(1);
        drop_word(r, container, Act::NEXT)
    }

    /// `dict[key] = value` with a key that needs no comparison, and room if it is new.
    fn store_subscr_dict_plain(r, _ts) {
        let (value, container, key) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if super::is_last(container) || !is_dict_like(container) {
            return Act::MISS;
        }
        let dict = container.ptr().cast::<PyDictObject>();
        if !dict::is_plain(dict) {
            return Act::MISS;
        }
        let keys = (*dict).ma_keys.get();
        let (spot, hash) = glance::<true>(keys, key);
        if spot.index < 0 {
            if !dict::has_room(keys, spot) {
                return Act::MISS;
            }
            let new = super::heap_pointer(value);
            if new.is_null() {
                return Act::MISS;
            }
            let new_key = super::heap_pointer(key);
            if new_key.is_null() {
                *slot(r, 3) = StackRef::steal(new);
                return Act::MISS;
            }
            dict::add_stealing(dict, keys, spot.at, new_key, hash, new);
            r.sp = r.sp.sub(3);
            if container.is_owned() {
                super::lower(container);
            }
            return Act::NEXT;
        }
        if super::is_last(key) {
            return Act::MISS;
        }
        let cell = dict::value_at(keys, spot);
        let old = cell.get();
        let mut dropped = StackRef::NULL;
        if !super::overwrite(old, value) {
            let new = super::heap_pointer(value);
            if new.is_null() {
                return Act::MISS;
            }
            cell.set(new);
            dropped = StackRef::steal(old);
        }
        r.sp = r.sp.sub(3);
        if key.is_owned() {
            super::lower(key);
        }
        if container.is_owned() {
            super::lower(container);
        }
        drop_word(r, dropped, Act::NEXT)
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
            if container.is_owned() {
                super::lower(container);
            }
            return Act::NEXT;
        }
        let new = super::heap_pointer(value);
        if new.is_null() {
            return Act::MISS;
        }
        *item = new;
        r.sp = r.sp.sub(3);
        if container.is_owned() {
            super::lower(container);
        }
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

    fn subscr_str_int(m, _) {
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

    /// A list item by an integer that is an object.
    fn subscr_list_int_mixed(m, _) {
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

    fn subscr_tuple_int_mixed(m, _) {
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
    fn store_subscr_list_int_mixed(m, _) {
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

    fn store_slice(m, _) {
        let slice = Slice::new(Some(m.peek(2)?), Some(m.peek(1)?), None)?;
        m.peek(3)?.set_item(slice.as_borrowed(), m.peek(4)?)?;
        m.drop_top(4);
        Ok(Flow::Next)
    }
}

/// `container[start:stop]` for a list, tuple or str whose bounds are immediates or None.
unsafe fn plain_slice(container: StackRef, start: StackRef, stop: StackRef) -> PyResult<Option<Ref<Object>>> {
    let bound = |word: StackRef, default: usize, length: usize| {
        if word.is_int() {
            let value = word.int_value();
            let value = if value < 0 { value + length as i64 } else { value };
            return Some(value.clamp(0, length as i64) as usize);
        }
        if word.is_ptr(crate::object::none_ptr()) { Some(default) } else { None }
    };
    let bounds = |length: usize| {
        let start = bound(start, 0, length)?;
        Some((start, bound(stop, length, length)?.max(start)))
    };
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
