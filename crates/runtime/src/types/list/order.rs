//! Comparison of lists, whose items can change them while they are compared.

use super::List;
use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::tuple::items_equal;

/// Equality of objects that are the same or exactly `str` or `int`; `None` for all others. Runs no Python code.
///
/// # Safety
/// Both are live.
#[inline(always)]
pub(super) unsafe fn plain_equal(a: *mut PyObject, b: *mut PyObject) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    // SAFETY: by contract; the types are known where objects are looked into.
    unsafe {
        let (a_type, b_type) = ((*a).ob_type.get(), (*b).ob_type.get());
        if a_type == Int::TYPE {
            if b_type == Int::TYPE {
                return Some(Int::equals_raw(a.cast(), b.cast()));
            }
            return if b_type == Str::TYPE { Some(false) } else { None };
        }
        if a_type == Str::TYPE {
            if b_type == Str::TYPE {
                return Some(Borrowed::<Str>::from_ptr(a).equals_str(&Borrowed::<Str>::from_ptr(b)));
            }
            return if b_type == Int::TYPE { Some(false) } else { None };
        }
        None
    }
}

/// How many of the first `count` items of both are plainly equal one by one, up to the first that are not. No counts are needed for that,
/// and no Python code runs.
///
/// # Safety
/// Both have `count` live objects.
pub(crate) unsafe fn equal_prefix(a: *const *mut PyObject, b: *const *mut PyObject, count: usize) -> usize {
    // SAFETY: by contract.
    unsafe { (0..count).position(|index| plain_equal(*a.add(index), *b.add(index)) != Some(true)).unwrap_or(count) }
}

/// The first place from `start` on, and before `stop`, of an item that equals `value`.
pub(super) fn position(
    list: &Ref<List>,
    value: Borrowed<'_, Object>,
    start: usize,
    stop: usize,
) -> PyResult<Option<usize>> {
    let mut index = start;
    while index < stop.min(list.len()) {
        // SAFETY: the index is inside, and nothing runs until the item is held.
        let item = unsafe { *list.items_ptr().add(index) };
        // SAFETY: as above.
        let equal = match unsafe { plain_equal(item, value.as_ptr()) } {
            Some(equal) => equal,
            None => {
                // SAFETY: a live object.
                let item: Ref<Object> = unsafe { Ref::from_borrowed_ptr(item) };
                items_equal(item.borrow(), value)?
            }
        };
        if equal {
            return Ok(Some(index));
        }
        index += 1;
    }
    Ok(None)
}

/// `a OP b` for lists.
pub(super) fn compare(a: &Ref<List>, b: &Ref<List>, op: CompareOp) -> PyResult<Ref<Object>> {
    if a.len() != b.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Bool::from(op == CompareOp::Ne).into_object());
    }
    // SAFETY: the items are inside, and nothing runs meanwhile.
    let mut index = unsafe { equal_prefix(a.items_ptr(), b.items_ptr(), a.len().min(b.len())) };
    // Both lists are asked again for each item.
    while let (Some(x), Some(y)) = (a.get(index), b.get(index)) {
        if !items_equal(x.borrow(), y.borrow())? {
            break;
        }
        index += 1;
    }
    // What the lists hold now at the first difference decides, and their lengths where it is gone.
    match (op, a.get(index), b.get(index)) {
        (CompareOp::Eq | CompareOp::Ne, Some(_), Some(_)) => Ok(Bool::from(op == CompareOp::Ne).into_object()),
        (_, Some(x), Some(y)) => x.rich_compare(y.borrow(), op),
        _ => Ok(op.result(a.len().cmp(&b.len()))),
    }
}
