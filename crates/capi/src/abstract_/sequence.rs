//! The sequence protocol.

use taipan_runtime::object::protocol::attr::{from_status, missing_exception_checked};

use crate::support::*;

capi! {
    fn PySequence_Check(object: Borrowed<'_, Object>) -> bool {
        object.is_sequence()
    }

    fn PySequence_Size(object: Nullable<'_>) -> PyResult<isize> {
        size(operand(object)?)
    }

    fn PySequence_Length(object: Nullable<'_>) -> PyResult<isize> {
        size(operand(object)?)
    }

    fn PySequence_Concat(left: Nullable<'_>, right: Nullable<'_>) -> PyResult<Ref<Object>> {
        concatenate(operand(left)?, operand(right)?, false)
    }

    fn PySequence_InPlaceConcat(left: Nullable<'_>, right: Nullable<'_>) -> PyResult<Ref<Object>> {
        concatenate(operand(left)?, operand(right)?, true)
    }

    fn PySequence_Repeat(object: Nullable<'_>, count: isize) -> PyResult<Ref<Object>> {
        repeat(operand(object)?, count, false)
    }

    fn PySequence_InPlaceRepeat(object: Nullable<'_>, count: isize) -> PyResult<Ref<Object>> {
        repeat(operand(object)?, count, true)
    }

    fn PySequence_GetItem(object: Nullable<'_>, index: isize) -> PyResult<Ref<Object>> {
        operand(object)?.get_index(index)
    }

    fn PySequence_SetItem(object: Nullable<'_>, index: isize, value: Nullable<'_>) -> PyResult<()> {
        assign(operand(object)?, index, value, "assignment")
    }

    fn PySequence_DelItem(object: Nullable<'_>, index: isize) -> PyResult<()> {
        assign(operand(object)?, index, None, "deletion")
    }

    fn PySequence_GetSlice(object: Nullable<'_>, start: isize, stop: isize) -> PyResult<Ref<Object>> {
        let object = operand(object)?;
        if object.is_mapping() {
            let slice = Slice::from_indices(start, stop)?;
            return object.get_item(slice.as_borrowed());
        }
        Err(raise!(TypeError, "'{}' object is unsliceable", object.type_name()))
    }

    fn PySequence_SetSlice(object: Nullable<'_>, start: isize, stop: isize, value: Nullable<'_>) -> PyResult<()> {
        assign_slice(operand(object)?, start, stop, value, "assignment")
    }

    fn PySequence_DelSlice(object: Nullable<'_>, start: isize, stop: isize) -> PyResult<()> {
        assign_slice(operand(object)?, start, stop, None, "deletion")
    }

    fn PySequence_Tuple(object: Nullable<'_>) -> PyResult<Ref<Tuple>> {
        operand(object)?.to_tuple()
    }

    fn PySequence_List(object: Nullable<'_>) -> PyResult<Ref<List>> {
        operand(object)?.to_list()
    }

    fn PySequence_Fast(object: Nullable<'_>, message: *const c_char) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a C string.
        let message = unsafe { lossy(message) };
        operand(object)?.to_fast_sequence(&message)
    }

    fn PySequence_Contains(object: Borrowed<'_, Object>, item: Nullable<'_>) -> PyResult<bool> {
        contains(object, item)
    }

    fn PySequence_In(object: Borrowed<'_, Object>, item: Nullable<'_>) -> PyResult<bool> {
        contains(object, item)
    }

    fn PySequence_Count(object: Nullable<'_>, item: Nullable<'_>) -> PyResult<isize> {
        let (object, item) = (operand(object)?, operand(item)?);
        let mut count = 0;
        search(object, item, |_| {
            count += 1;
            false
        })?;
        Ok(count)
    }

    fn PySequence_Index(object: Nullable<'_>, item: Nullable<'_>) -> PyResult<isize> {
        let (object, item) = (operand(object)?, operand(item)?);
        let mut found = None;
        search(object, item, |index| {
            found = Some(index);
            true
        })?;
        found.ok_or_else(|| raise!(ValueError, "sequence.index(x): x not in sequence"))
    }
}

/// NULL is in no empty sequence, and an error elsewhere.
fn contains(object: Borrowed<'_, Object>, item: Nullable<'_>) -> PyResult<bool> {
    match item {
        Some(item) => object.contains(item),
        None if object.len()? == 0 => Ok(false),
        None => Err(null_argument()),
    }
}

fn methods<'a>(object: Borrowed<'a, Object>) -> Option<&'a PySequenceMethods> {
    // SAFETY: null or a table that lives as long as the type, which the object keeps.
    unsafe { object.type_of().tp_as_sequence.get().as_ref() }
}

fn size(object: Borrowed<'_, Object>) -> PyResult<isize> {
    if let Some(length) = methods(object).and_then(|methods| methods.sq_length.get()) {
        // SAFETY: the slot takes a live object.
        let length = unsafe { length(object.as_ptr()) };
        return if length < 0 { Err(missing_exception_checked()) } else { Ok(length) };
    }
    // SAFETY: null or a table that lives as long as the type.
    let is_mapping = unsafe { object.type_of().tp_as_mapping.get().as_ref() }
        .is_some_and(|methods| methods.mp_length.get().is_some());
    if is_mapping {
        return Err(raise!(TypeError, "{} is not a sequence", object.type_name()));
    }
    Err(raise!(TypeError, "object of type '{}' has no len()", object.type_name()))
}

fn concatenate(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>, in_place: bool) -> PyResult<Ref<Object>> {
    let found = methods(left)
        .and_then(|methods| methods.sq_inplace_concat.get().filter(|_| in_place).or_else(|| methods.sq_concat.get()));
    if let Some(function) = found {
        // SAFETY: the slot takes live objects.
        return unsafe { result(function(left.as_ptr(), right.as_ptr())) };
    }
    // Instances of classes define `__add__` alone, which fills the number slot.
    if left.is_sequence() && right.is_sequence() {
        let op = taipan_runtime::object::protocol::number::ADD;
        let sum = if in_place { left.inplace(op, right) } else { left.binary(op, right) };
        match sum {
            Ok(sum) => return Ok(sum),
            Err(raised) => raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?,
        }
    }
    Err(raise!(TypeError, "'{}' object can't be concatenated", left.type_name()))
}

fn repeat(object: Borrowed<'_, Object>, count: isize, in_place: bool) -> PyResult<Ref<Object>> {
    let found = methods(object)
        .and_then(|methods| methods.sq_inplace_repeat.get().filter(|_| in_place).or_else(|| methods.sq_repeat.get()));
    if let Some(function) = found {
        // SAFETY: the slot takes a live object.
        return unsafe { result(function(object.as_ptr(), count)) };
    }
    if object.is_sequence() {
        let op = taipan_runtime::object::protocol::number::MULTIPLY;
        let count = Int::from_isize(count)?;
        let product =
            if in_place { object.inplace(op, count.as_borrowed()) } else { object.binary(op, count.as_borrowed()) };
        match product {
            Ok(product) => return Ok(product),
            Err(raised) => raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?,
        }
    }
    Err(raise!(TypeError, "'{}' object can't be repeated", object.type_name()))
}

fn assign(object: Borrowed<'_, Object>, mut index: isize, value: Nullable<'_>, what: &str) -> PyResult<()> {
    if let Some(methods) = methods(object)
        && let Some(function) = methods.sq_ass_item.get()
    {
        if index < 0 && methods.sq_length.get().is_some() {
            index += size(object)?;
        }
        // SAFETY: the slot takes live objects; NULL deletes.
        return unsafe {
            from_status(function(object.as_ptr(), index, value.map_or(core::ptr::null_mut(), |value| value.as_ptr())))
        };
    }
    // SAFETY: null or a table that lives as long as the type.
    let is_mapping = unsafe { object.type_of().tp_as_mapping.get().as_ref() }
        .is_some_and(|methods| methods.mp_ass_subscript.get().is_some());
    if is_mapping {
        return Err(raise!(TypeError, "{} is not a sequence", object.type_name()));
    }
    let doesnt = if what == "deletion" { "doesn't support" } else { "does not support" };
    Err(raise!(TypeError, "'{}' object {doesnt} item {what}", object.type_name()))
}

fn assign_slice(
    object: Borrowed<'_, Object>,
    start: isize,
    stop: isize,
    value: Nullable<'_>,
    what: &str,
) -> PyResult<()> {
    // SAFETY: null or a table that lives as long as the type.
    let can = unsafe { object.type_of().tp_as_mapping.get().as_ref() }
        .is_some_and(|methods| methods.mp_ass_subscript.get().is_some());
    if can {
        let slice = Slice::from_indices(start, stop)?;
        return object.assign_item(slice.as_borrowed(), value);
    }
    Err(raise!(TypeError, "'{}' object doesn't support slice {what}", object.type_name()))
}

/// Calls `body` with the index of each item equal to `item`, until it says true.
fn search(
    object: Borrowed<'_, Object>,
    item: Borrowed<'_, Object>,
    mut body: impl FnMut(isize) -> bool,
) -> PyResult<()> {
    let iterator = match object.iter() {
        Ok(iterator) => iterator,
        Err(raised) => {
            raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?;
            return Err(raise!(TypeError, "argument of type '{}' is not iterable", object.type_name()));
        }
    };
    let mut index = 0;
    while let Some(candidate) = iterator.next()? {
        if candidate.equals(item)? && body(index) {
            break;
        }
        index += 1;
    }
    Ok(())
}
