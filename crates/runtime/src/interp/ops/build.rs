//! Building and filling containers, strings, slices and functions; unpacking.

use super::{fast, slot, slow};
use crate::abi::{PyListObject, PyObject, PyTupleObject};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::{Function, dict, set};

/// Makes counted objects of the top `count` words, which stay on the stack, and says where they are.
unsafe fn own_objects(m: Machine, count: usize) -> PyResult<*const *mut PyObject> {
    // SAFETY: that many words stand on the stack. A counted word is the bare pointer.
    unsafe {
        let base = m.slot(count);
        for index in 0..count {
            let word = base.add(index);
            let object = super::heap_pointer(*word);
            *word =
                StackRef::steal(if object.is_null() { crate::interp::stackref::materialize(word)? } else { object });
        }
        Ok(base.cast())
    }
}

/// As [`own_objects`], off the stack: the caller takes the counts over before anything else is pushed.
unsafe fn take_objects(m: Machine, count: usize) -> PyResult<*const *mut PyObject> {
    // SAFETY: by contract of `own_objects`.
    unsafe {
        let items = own_objects(m, count)?;
        crate::interp::frame::set_stack_pointer(m.frame, m.slot(count));
        Ok(items)
    }
}

fast! {
    fn unpack_sequence_two_tuple(r, _ts) {
        let word = *slot(r, 1);
        if r.oparg != 2 || !word.is_exact(Tuple::TYPE) {
            return Act::MISS;
        }
        let tuple = word.ptr().cast::<PyTupleObject>();
        if (*tuple).ob_base.ob_size.get() != 2 {
            return Act::MISS;
        }
        let items = (&raw const (*tuple).ob_item).cast::<*mut PyObject>();
        *slot(r, 1) = super::counted(*items.add(1));
        super::push(r, super::counted(*items));
        super::drop_word(r, word, Act::NEXT)
    }

    fn unpack_sequence_tuple(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_exact(Tuple::TYPE) {
            return Act::MISS;
        }
        let tuple = word.ptr().cast::<PyTupleObject>();
        if (*tuple).ob_base.ob_size.get() != r.oparg as isize {
            return Act::MISS;
        }
        unpack_items(r, (&raw const (*tuple).ob_item).cast());
        super::drop_word(r, word, Act::NEXT)
    }

    fn unpack_sequence_list(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_exact(List::TYPE) {
            return Act::MISS;
        }
        let list = word.ptr().cast::<PyListObject>();
        if (*list).ob_base.ob_size.get() != r.oparg as isize {
            return Act::MISS;
        }
        unpack_items(r, (*list).ob_item.get());
        super::drop_word(r, word, Act::NEXT)
    }

    /// Appends to the list of a comprehension.
    fn list_append(r, _ts) {
        let item = *slot(r, 1);
        let list = (*slot(r, r.oparg + 1)).ptr().cast::<PyListObject>();
        let size = (*list).ob_base.ob_size.get();
        if size >= (*list).allocated.get() {
            return Act::MISS;
        }
        let new = super::heap_pointer(item);
        if new.is_null() {
            return Act::MISS;
        }
        *(*list).ob_item.get().add(size as usize) = new;
        (*list).ob_base.ob_size.set(size + 1);
        r.sp = r.sp.sub(1);
        Act::NEXT
    }
}

fast! {
    /// A tuple out of a free list, made without any call.
    fn build_tuple_free(r, _ts) {
        let tuple = Tuple::take_free(r.oparg);
        if tuple.is_null() {
            return Act::MISS;
        }
        let (base, items) = (slot(r, r.oparg), (&raw const (*tuple).ob_item).cast_mut().cast::<*mut PyObject>());
        let mut tracked = false;
        for index in 0..r.oparg {
            let word = *base.add(index);
            let object = super::heap_pointer(word);
            if object.is_null() {
                // What stands on the stack by now are counted objects.
                Tuple::give_free(tuple);
                return Act::MISS;
            }
            tracked |= !word.is_int() && Tuple::has_to_track(object);
            *items.add(index) = object;
            *base.add(index) = StackRef::steal(object);
        }
        if tracked {
            crate::memory::object::gc_track(tuple.cast());
        }
        r.sp = base;
        super::push(r, StackRef::steal(tuple.cast()));
        Act::NEXT
    }
}

fast! {
    /// A list of items that are objects or become such without any call.
    fn build_list(r, _ts) {
        super::save(r);
        let Ok(list) = List::with_capacity(r.oparg) else { return Act::RAISED };
        let (base, items) = (slot(r, r.oparg), list.items_ptr());
        for index in 0..r.oparg {
            let object = super::heap_pointer(*base.add(index));
            if object.is_null() {
                // What stands on the stack by now are counted objects, and the list is empty.
                return Act::MISS;
            }
            *items.add(index) = object;
            *base.add(index) = StackRef::steal(object);
        }
        list.set_len(r.oparg);
        r.sp = base;
        super::push(r, StackRef::steal(list.into_ptr()));
        Act::NEXT
    }
}

fast! {
    /// Adds to the dict of a comprehension.
    fn map_add_plain(r, _ts) {
        let dict = *slot(r, r.oparg + 2);
        if !dict.is_exact(Dict::TYPE) {
            return Act::MISS;
        }
        let Some(old) = super::subscript::set_plain(dict.ptr().cast(), *slot(r, 2), slot(r, 1)) else { return Act::MISS };
        r.sp = r.sp.sub(2);
        super::drop_word(r, old, Act::NEXT)
    }
}

/// Replaces the sequence on top by its items, the first one on top.
#[inline(always)]
unsafe fn unpack_items(r: &mut super::Regs, items: *const *mut PyObject) {
    // SAFETY: the sequence has `oparg` items, and the stack room for them.
    unsafe {
        r.sp = r.sp.sub(1);
        let mut index = r.oparg;
        while index > 0 {
            index -= 1;
            super::push(r, super::counted(*items.add(index)));
            core::arch::asm!("/* {0} */", inout(reg) index, options(nomem, nostack, preserves_flags));
        }
    }
}

/// Adds the word on top to a set and gives it up, where that takes no call; `false` for all else.
#[inline(always)]
pub(super) unsafe fn add_plain(set: StackRef, key: StackRef) -> bool {
    // SAFETY: `set` is a word of an exact set, `key` the word on top, which others hold as well.
    unsafe {
        let set = set.ptr().cast();
        let (entry, hash) = set::place::<true>(set, key.ptr(), super::arith::small_int(key));
        if entry.is_null() {
            return false;
        }
        if (*entry).hash.get() == hash && !(*entry).key.get().is_null() {
            if super::is_last(key) {
                return false;
            }
            super::give_up(key);
            return true;
        }
        if !set::has_room(set) {
            return false;
        }
        let new = super::heap_pointer(key);
        if new.is_null() {
            return false;
        }
        set::add_stealing(set, entry, new, hash);
        true
    }
}

fast! {
    /// SET_ADD for a key that needs no comparison, where the table does not grow.
    fn set_add_plain(r, _ts) {
        let (set, key) = (*slot(r, r.oparg + 1), *slot(r, 1));
        if !set.is_exact(Set::TYPE) || !add_plain(set, key) {
            return Act::MISS;
        }
        r.sp = r.sp.sub(1);
        Act::NEXT
    }
}

slow! {
    fn build_list_any(m, count) {
        let items = take_objects(m, count)?;
        m.push_ref(List::from_raw_slice_steal(items, count)?);
        Ok(Flow::Next)
    }

    fn build_tuple(m, count) {
        let items = take_objects(m, count)?;
        m.push_ref(Tuple::from_raw_slice_steal(items, count)?);
        Ok(Flow::Next)
    }

    fn build_set(m, count) {
        let set = Set::new()?;
        for depth in (1..=count).rev() {
            set.add(m.peek(depth)?)?;
        }
        m.drop_top(count);
        m.push_ref(set);
        Ok(Flow::Next)
    }

    fn build_map(m, count) {
        if count > 0 && let Some(dict) = dict::raw::of_texts(own_objects(m, 2 * count)?, count)? {
            crate::interp::frame::set_stack_pointer(m.frame, m.slot(2 * count));
            m.push_ref(dict);
            return Ok(Flow::Next);
        }
        let dict = Dict::new()?;
        for pair in (0..count).rev() {
            dict.set_item(m.peek(2 * pair + 2)?, m.peek(2 * pair + 1)?)?;
        }
        m.drop_top(2 * count);
        m.push_ref(dict);
        Ok(Flow::Next)
    }

    fn build_string(m, count) {
        let pieces = own_objects(m, count)?.cast::<Ref<Object>>();
        let text = Str::join_items(&Str::empty(), core::slice::from_raw_parts(pieces, count))?;
        m.drop_top(count);
        m.push_ref(text);
        Ok(Flow::Next)
    }

    fn build_slice(m, count) {
        let step = if count == 3 { Some(m.pop_object()?) } else { None };
        let slice = Slice::new(Some(m.peek(2)?), Some(m.peek(1)?), step.as_ref().map(|step| step.borrow()))?;
        m.drop_top(2);
        m.push_ref(slice);
        Ok(Flow::Next)
    }

    fn build_template(m, _) {
        let interpolations: Ref<Tuple> = m.pop_object()?.into_unchecked();
        let strings: Ref<Tuple> = m.pop_object()?.into_unchecked();
        m.push_ref(crate::types::template::Template::from_parts(strings, interpolations)?);
        Ok(Flow::Next)
    }

    /// Value and expression text, and a format specification where bit 0 is set; bits 2 and up name the conversion.
    fn build_interpolation(m, oparg) {
        let spec = if oparg & 1 != 0 { m.pop_object()? } else { id!("").upcast().to_owned() };
        let text = m.pop_object()?;
        let value = m.pop_object()?;
        let conversion = match oparg >> 2 {
            1 => id!("s").upcast().to_owned(),
            2 => id!("r").upcast().to_owned(),
            3 => id!("a").upcast().to_owned(),
            _ => none(),
        };
        m.push_ref(crate::types::template::Interpolation::from_parts(value, text, conversion, spec)?);
        Ok(Flow::Next)
    }

    fn list_append_slow(m, depth) {
        let item = m.pop_object()?;
        (*m.slot(depth)).borrowed_handle::<List>().push(item)?;
        Ok(Flow::Next)
    }

    fn list_extend(m, depth) {
        let iterable = m.peek(1)?;
        let list = (*m.slot(depth + 1)).borrowed_handle::<List>();
        if let Err(raised) = list.extend(iterable) {
            if raised.is_a::<crate::types::exceptions::TypeError>()
                && iterable.type_of().tp_iter.get().is_none()
                && !iterable.is_sequence()
            {
                raised.clear();
                return Err(raise!(
                    TypeError,
                    "Value after * must be an iterable, not {}",
                    iterable.type_name()
                ));
            }
            return Err(raised);
        }
        m.drop_top(1);
        Ok(Flow::Next)
    }

    fn set_add(m, depth) {
        // The conditional annotations of a module are a name that programs can bind to anything.
        let set = *m.slot(depth + 1);
        if set.is_int() || !set.borrowed_handle::<Object>().is_instance_of::<Set>() {
            return Err(raise!(TypeError, "'{}' object is not a set", m.peek(depth + 1)?.type_name()));
        }
        set.borrowed_handle::<Set>().add(m.peek(1)?)?;
        m.drop_top(1);
        Ok(Flow::Next)
    }

    fn set_update(m, depth) {
        let set = (*m.slot(depth + 1)).borrowed_handle::<Set>();
        set.update(m.peek(1)?)?;
        m.drop_top(1);
        Ok(Flow::Next)
    }

    fn map_add(m, depth) {
        let dict = (*m.slot(depth + 2)).borrowed_handle::<Dict>();
        dict.set_item(m.peek(2)?, m.peek(1)?)?;
        m.drop_top(2);
        Ok(Flow::Next)
    }

    /// `{**mapping}`.
    fn dict_update(m, depth) {
        let mapping = m.peek(1)?;
        let dict = (*m.slot(depth + 1)).borrowed_handle::<Dict>();
        if let Err(raised) = dict.update(mapping) {
            if raised.is_a::<crate::types::exceptions::AttributeError>() {
                raised.clear();
                return Err(raise!(TypeError, "'{}' object is not a mapping", mapping.type_name()));
            }
            return Err(raised);
        }
        m.drop_top(1);
        Ok(Flow::Next)
    }

    /// `f(**mapping)`: as `dict_update`, and no key may be there twice.
    fn dict_merge(m, depth) {
        let mapping = m.peek(1)?;
        let dict = (*m.slot(depth + 1)).borrowed_handle::<Dict>();
        let callable = m.peek(depth + 4)?;
        if let Err(raised) = dict.merge(mapping, crate::types::dict::Duplicate::Error) {
            return Err(merge_error(raised, callable, mapping));
        }
        m.drop_top(1);
        Ok(Flow::Next)
    }

    fn make_function(m, _) {
        let code = m.pop_object()?;
        let Ok(code) = code.into_downcast::<crate::types::Code>() else {
            return Err(raise!(SystemError, "no code object to make a function of"));
        };
        let function = Function::from_code(&code, m.globals())?;
        m.push_ref(function);
        Ok(Flow::Next)
    }

    fn set_function_attribute(m, which) {
        let function = m.pop();
        let value = m.pop_object()?;
        let result = function.borrowed_handle::<Function>().set_attribute(which, value);
        m.push(function);
        result?;
        Ok(Flow::Next)
    }

    fn unpack_sequence(m, count) {
        if specialize::due(m.ip()) {
            specialize::unpack_sequence(m, count);
            return Ok(Flow::Retry);
        }
        let sequence = m.peek(1)?;
        let items = unpack(sequence, count, None)?;
        m.drop_top(1);
        for item in items.into_iter().rev() {
            m.push_ref(item);
        }
        Ok(Flow::Next)
    }

    fn unpack_ex(m, oparg) {
        let (before, after) = (oparg & 0xff, oparg >> 8);
        let word = *m.slot(1);
        if word.is_exact(List::TYPE) || word.is_exact(Tuple::TYPE) {
            let sequence = word.borrowed_handle::<Object>();
            let (items, count): (*const *mut PyObject, usize) =
                match (sequence.downcast_exact::<List>(), sequence.downcast_exact::<Tuple>()) {
                    (Some(list), _) => (list.items_ptr().cast_const(), list.len()),
                    (_, Some(tuple)) => (tuple.items_ptr(), tuple.len()),
                    _ => (core::ptr::null(), 0),
                };
            if count >= before + after {
                // Nothing runs until the sequence goes, which is last.
                let rest = match count - before - after {
                    0 => List::new()?,
                    rest => List::from_slice(core::slice::from_raw_parts(items.add(before).cast(), rest))?,
                };
                m.pop();
                for index in (count - after..count).rev() {
                    m.push(super::counted(*items.add(index)));
                }
                m.push_ref(rest);
                for index in (0..before).rev() {
                    m.push(super::counted(*items.add(index)));
                }
                word.close();
                return Ok(Flow::Next);
            }
        }
        let items = unpack(m.peek(1)?, before, Some(after))?;
        m.drop_top(1);
        for item in items.into_iter().rev() {
            m.push_ref(item);
        }
        Ok(Flow::Next)
    }

    fn get_len(m, _) {
        let length = m.peek(1)?.len()?;
        match StackRef::try_int(length as i64) {
            Some(word) => m.push(word),
            None => m.push_ref(Int::from_isize(length as isize)?),
        }
        Ok(Flow::Next)
    }
}

/// The items that an assignment to `before` targets gets, or to `before` targets, a starred one, and `after` more.
fn unpack(sequence: Borrowed<'_, Object>, before: usize, after: Option<usize>) -> PyResult<Vec<Ref<Object>>> {
    let iterator = match sequence.iter() {
        Ok(iterator) => iterator,
        Err(raised) => {
            if raised.is_a::<crate::types::exceptions::TypeError>()
                && sequence.type_of().tp_iter.get().is_none()
                && !sequence.is_sequence()
            {
                raised.clear();
                return Err(raise!(TypeError, "cannot unpack non-iterable {} object", sequence.type_name()));
            }
            return Err(raised);
        }
    };
    let mut items = vec_with_capacity(before)?;
    for got in 0..before {
        match iterator.next()? {
            Some(item) => items.push(item),
            None if after.is_none() => {
                return Err(raise!(ValueError, "not enough values to unpack (expected {before}, got {got})"));
            }
            None => {
                let least = before + after.unwrap_or(0);
                return Err(raise!(ValueError, "not enough values to unpack (expected at least {least}, got {got})"));
            }
        }
    }
    let Some(after) = after else {
        if iterator.next()?.is_none() {
            return Ok(items);
        }
        if sequence.is_exact::<List>() || sequence.is_exact::<Tuple>() || sequence.is_exact::<Dict>() {
            let length = sequence.len()?;
            if length > before {
                return Err(raise!(ValueError, "too many values to unpack (expected {before}, got {length})"));
            }
        }
        return Err(raise!(ValueError, "too many values to unpack (expected {before})"));
    };
    let mut rest = iterator.collect_items()?;
    if rest.len() < after {
        return Err(raise!(
            ValueError,
            "not enough values to unpack (expected at least {}, got {})",
            before + after,
            before + rest.len()
        ));
    }
    let tail = rest.split_off(rest.len() - after);
    items.push(List::from_vec(rest)?.into_object());
    items.extend(tail);
    Ok(items)
}

/// What a call raises when merging its keyword arguments fails.
#[cold]
fn merge_error(raised: Raised, callable: Borrowed<'_, Object>, mapping: Borrowed<'_, Object>) -> Raised {
    use crate::types::exceptions::{AttributeError, KeyError};
    if raised.is_a::<AttributeError>() {
        raised.clear();
        return raise!(
            TypeError,
            "{} argument after ** must be a mapping, not {}",
            super::call::call_target_name(callable),
            mapping.type_name()
        );
    }
    if raised.is_a::<KeyError>() {
        let exception = raised.take();
        if let Ok(args) = exception.getattr(id!("args"))
            && let Some(args) = args.downcast::<Tuple>()
            && args.len() == 1
        {
            let name = super::call::call_target_name(callable);
            return raise!(TypeError, "{name} got multiple values for keyword argument '{}'", args.get(0).to_text());
        }
        return Raised::restore(exception);
    }
    raised
}
