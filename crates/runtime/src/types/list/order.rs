//! Comparison of lists, whose items can change them while they are compared.

use super::List;
use crate::prelude::*;
use crate::types::tuple::items_equal;

/// `a OP b` for lists.
pub(super) fn compare(a: &Ref<List>, b: &Ref<List>, op: CompareOp) -> PyResult<Ref<Object>> {
    if a.len() != b.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Bool::from(op == CompareOp::Ne).into_object());
    }
    let mut index = 0;
    // Both lists are asked again for each item.
    while let (Some(x), Some(y)) = (a.get(index), b.get(index)) {
        if !items_equal(x.borrow(), y.borrow())? {
            return match op {
                CompareOp::Eq => Ok(Bool::from(false).into_object()),
                CompareOp::Ne => Ok(Bool::from(true).into_object()),
                // The first difference decides, as it stood when it was found.
                _ => x.rich_compare(y.borrow(), op),
            };
        }
        index += 1;
    }
    Ok(op.result(a.len().cmp(&b.len())))
}
