//! Comparison, identity and membership.

use super::{drop_word, fast, give_up, slot, slow};
use crate::abi::{PyASCIIObject, PyDictObject, PyFloatObject};
use crate::interp::dispatch::{Act, Flow, Regs};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::{dict, set};

/// The operand's bits of COMPARE_OP: comparison in 5-7, "make a bool" in 4, and a mask of outcomes in 0-3.
const TO_BOOL: usize = 16;
const UNORDERED: usize = 1;
const LESS: usize = 2;
const GREATER: usize = 4;
const EQUAL: usize = 8;

#[inline(always)]
fn outcome<T: PartialOrd>(a: T, b: T) -> usize {
    if a == b {
        EQUAL
    } else if a < b {
        LESS
    } else if a > b {
        GREATER
    } else {
        UNORDERED
    }
}

/// Replaces key and container, of which neither goes, by the answer of `in` or `not in`.
#[inline(always)]
unsafe fn finish_contains(r: &mut Regs, key: StackRef, container: StackRef, found: bool) -> Act {
    // SAFETY: both are on the stack, and somebody else holds them.
    unsafe {
        give_up(key);
        give_up(container);
        *slot(r, 2) = StackRef::bool(found != (r.oparg != 0));
        r.sp = r.sp.sub(1);
        Act::NEXT
    }
}

fast! {
    /// `str in set` where the first entry looked at tells: needs few registers, so nothing is saved and restored.
    fn contains_op_set_str(r, _ts) {
        let (key, container) = (*slot(r, 2), *slot(r, 1));
        if key.is_int() || (!container.is_exact(Set::TYPE) && !container.is_exact(FrozenSet::TYPE)) {
            return Act::MISS;
        }
        if super::is_last(container) || super::is_last(key) || (*key.ptr()).ob_type.get() != Str::TYPE {
            return Act::MISS;
        }
        let Some(found) = set::glance_at_first(container.ptr().cast(), key.ptr()) else { return Act::MISS };
        finish_contains(r, key, container, found)
    }
}

fast! {
    /// `key in dict` for a key that needs no comparison.
    fn contains_op_dict_plain(r, _ts) {
        let (key, container) = (*slot(r, 2), *slot(r, 1));
        if !container.is_exact(Dict::TYPE) || super::is_last(container) || super::is_last(key) {
            return Act::MISS;
        }
        let dict = container.ptr().cast::<PyDictObject>();
        let spot = super::subscript::glance::<false>((*dict).ma_keys.get(), key).0;
        if spot.index == dict::COMPARE || !(*dict).ma_values.get().is_null() {
            return Act::MISS;
        }
        finish_contains(r, key, container, spot.index >= 0)
    }

    fn contains_op_set_plain(r, _ts) {
        let (key, container) = (*slot(r, 2), *slot(r, 1));
        if !container.is_exact(Set::TYPE) && !container.is_exact(FrozenSet::TYPE) {
            return Act::MISS;
        }
        if super::is_last(container) || super::is_last(key) {
            return Act::MISS;
        }
        let set = container.ptr().cast();
        let Some(found) = set::glance(set, key.ptr(), super::arith::small_int(key)) else { return Act::MISS };
        finish_contains(r, key, container, found)
    }
}

fast! {
    /// Two immediates.
    fn compare_op_int(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        if !StackRef::are_ints(a, b) {
            return Act::MISS;
        }
        let (a, b) = (a.raw_int(), b.raw_int());
        let outcome = if a == b { EQUAL } else if a < b { LESS } else { GREATER };
        *slot(r, 2) = StackRef::bool(outcome & r.oparg != 0);
        r.sp = r.sp.sub(1);
        Act::NEXT
    }

    /// Integers of up to two digits, at least one of them an object.
    fn compare_op_int_mixed(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        let (Some(x), Some(y)) = (super::arith::small_int(a), super::arith::small_int(b)) else { return Act::MISS };
        if super::is_last(a) && super::is_last(b) {
            return Act::MISS;
        }
        *slot(r, 2) = StackRef::bool(outcome(x, y) & r.oparg != 0);
        r.sp = r.sp.sub(1);
        super::drop_two(r, a, b)
    }

    fn compare_op_float(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        if !a.is_exact(Float::TYPE) || !b.is_exact(Float::TYPE) {
            return Act::MISS;
        }
        if super::is_last(a) && super::is_last(b) {
            return Act::MISS;
        }
        let (x, y) = (a.ptr().cast::<PyFloatObject>(), b.ptr().cast::<PyFloatObject>());
        *slot(r, 2) = StackRef::bool(outcome((*x).ob_fval.get(), (*y).ob_fval.get()) & r.oparg != 0);
        r.sp = r.sp.sub(1);
        super::drop_two(r, a, b)
    }

    /// A float and an integer that is exact as a float.
    fn compare_op_float_mixed(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        let (Some(x), Some(y)) = (super::arith::exact_float(a), super::arith::exact_float(b)) else { return Act::MISS };
        if super::is_last(a) && super::is_last(b) {
            return Act::MISS;
        }
        *slot(r, 2) = StackRef::bool(outcome(x, y) & r.oparg != 0);
        r.sp = r.sp.sub(1);
        super::drop_two(r, a, b)
    }

    /// Two exact strings, for equality, where a look at their heads decides.
    fn compare_op_str(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        if !a.is_exact(Str::TYPE) || !b.is_exact(Str::TYPE) || super::is_last(a) || super::is_last(b) {
            return Act::MISS;
        }
        let (x, y) = (&*a.ptr().cast::<PyASCIIObject>(), &*b.ptr().cast::<PyASCIIObject>());
        let equal = a.ptr() == b.ptr();
        let differ = x.length.get() != y.length.get()
            || x.state.kind() != y.state.kind()
            || x.state.interned() != 0 && y.state.interned() != 0;
        if !equal && !differ {
            return Act::MISS;
        }
        let outcome = if equal { EQUAL } else { LESS | GREATER | UNORDERED };
        *slot(r, 2) = StackRef::bool(outcome & r.oparg != 0);
        r.sp = r.sp.sub(1);
        give_up(a);
        drop_word(r, b, Act::NEXT)
    }

    /// `is` and `is not`.
    fn is_op(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        if super::is_last(a) && super::is_last(b) {
            return Act::MISS;
        }
        let same = if a.is_int() || b.is_int() || (*a.ptr()).ob_type.get() == Int::TYPE {
            match (super::arith::small_int(a), super::arith::small_int(b)) {
                (Some(x), Some(y)) => x == y,
                // A long integer may still be of an immediate's value.
                (None, _) if a.is_exact(Int::TYPE) => return Act::MISS,
                (_, None) if b.is_exact(Int::TYPE) => return Act::MISS,
                _ => false,
            }
        } else {
            a.ptr() == b.ptr()
        };
        *slot(r, 2) = StackRef::bool(same != (r.oparg != 0));
        r.sp = r.sp.sub(1);
        super::drop_two(r, a, b)
    }
}

slow! {
    fn compare_op(m, oparg) {
        if specialize::due(m.ip()) {
            specialize::compare_op(m, oparg);
            return Ok(Flow::Retry);
        }
        let (a, b) = (*m.slot(2), *m.slot(1));
        let word = if let (Some(x), Some(y)) = (super::arith::small_int(a), super::arith::small_int(b)) {
            StackRef::bool(outcome(x, y) & oparg != 0)
        } else {
            let Some(op) = CompareOp::from_raw((oparg >> 5) as c_int) else {
                return Err(raise!(SystemError, "bad comparison operator"));
            };
            let result = m.peek(2)?.rich_compare(m.peek(1)?, op)?;
            if oparg & TO_BOOL != 0 { StackRef::bool(result.is_true()?) } else { StackRef::from_ref(result) }
        };
        m.drop_top(2);
        m.push(word);
        Ok(Flow::Next)
    }

    /// Two exact strings, for equality.
    fn compare_op_str_slow(m, oparg) {
        let (a, b) = (*m.slot(2), *m.slot(1));
        if !a.is_exact(Str::TYPE) || !b.is_exact(Str::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let equal = a.ptr() == b.ptr() || a.borrowed_handle::<Str>().equals_str(&b.borrowed_handle::<Str>());
        m.drop_top(2);
        let outcome = if equal { EQUAL } else { LESS | GREATER | UNORDERED };
        m.push(StackRef::bool(outcome & oparg != 0));
        Ok(Flow::Next)
    }

    fn is_op_slow(m, inverted) {
        let (a, b) = (*m.slot(2), *m.slot(1));
        let same = match (super::arith::small_int(a), super::arith::small_int(b)) {
            (Some(x), Some(y)) => x == y,
            (None, None) => m.peek(2)?.is_identical(m.peek(1)?),
            _ => false,
        };
        m.drop_top(2);
        m.push(StackRef::bool(same != (inverted != 0)));
        Ok(Flow::Next)
    }

    fn contains_op(m, inverted) {
        if specialize::due(m.ip()) {
            specialize::contains_op(m);
            return Ok(Flow::Retry);
        }
        let found = m.peek(1)?.contains(m.peek(2)?)?;
        m.drop_top(2);
        m.push(StackRef::bool(found != (inverted != 0)));
        Ok(Flow::Next)
    }

    fn contains_op_dict(m, inverted) {
        let container = *m.slot(1);
        if !container.is_exact(Dict::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let found = container.borrowed_handle::<Dict>().contains(m.peek(2)?)?;
        m.drop_top(2);
        m.push(StackRef::bool(found != (inverted != 0)));
        Ok(Flow::Next)
    }

    fn contains_op_set(m, inverted) {
        let container = *m.slot(1);
        if !container.is_exact(Set::TYPE) && !container.is_exact(FrozenSet::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let found = set::contains(&container.borrowed_handle::<Set>(), m.peek(2)?)?;
        m.drop_top(2);
        m.push(StackRef::bool(found != (inverted != 0)));
        Ok(Flow::Next)
    }
}
