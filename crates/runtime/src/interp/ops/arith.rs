//! Unary and binary arithmetic, conversion to truth, and formatting of values.

use super::{drop_word, fast, give_up, slot, slow};
use crate::abi::PyFloatObject;
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::specialize;
use crate::interp::stackref::StackRef;
use crate::object::protocol::number;
use crate::prelude::*;

/// The operand of BINARY_OP: `NB_ADD` and so on; from 13 the in-place forms, 26 is the subscript.
pub const SUBSCRIPT: usize = 26;

const OPERATORS: [number::BinaryOp; 13] = [
    number::ADD,
    number::AND,
    number::FLOOR_DIVIDE,
    number::LSHIFT,
    number::MATRIX_MULTIPLY,
    number::MULTIPLY,
    number::REMAINDER,
    number::OR,
    // Power has three operands and is not looked up here.
    number::ADD,
    number::RSHIFT,
    number::SUBTRACT,
    number::TRUE_DIVIDE,
    number::XOR,
];
const POWER: usize = 8;

/// `left OP right` for two immediates; `None` where the result does not fit or is an error.
#[inline(always)]
fn int_op(operand: usize, a: i64, b: i64) -> Option<i64> {
    let operand = if operand >= 13 { operand - 13 } else { operand };
    match operand {
        0 => a.checked_add(b),
        1 => Some(a & b),
        2 => floor_div(a, b),
        3 => {
            if (0..62).contains(&b) {
                let result = a << b;
                if result >> b == a { Some(result) } else { None }
            } else {
                None
            }
        }
        5 => a.checked_mul(b),
        6 => floor_mod(a, b),
        7 => Some(a | b),
        9 => {
            if b < 0 {
                None
            } else {
                Some(a >> b.min(63))
            }
        }
        10 => a.checked_sub(b),
        12 => Some(a ^ b),
        _ => None,
    }
}

#[inline(always)]
fn floor_div(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let quotient = a.wrapping_div(b);
    Some(if (a % b != 0) && ((a < 0) != (b < 0)) { quotient - 1 } else { quotient })
}

#[inline(always)]
fn floor_mod(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let rest = a.wrapping_rem(b);
    Some(if rest != 0 && ((rest < 0) != (b < 0)) { rest + b } else { rest })
}

/// The value of a word that is an immediate or an exact `int` of up to two digits.
///
/// # Safety
/// The word is not NULL.
#[inline(always)]
pub unsafe fn small_int(word: StackRef) -> Option<i64> {
    if word.is_int() {
        return Some(word.int_value());
    }
    // SAFETY: a live object.
    unsafe {
        let ptr = word.ptr();
        if (*ptr).ob_type.get() != Int::TYPE || !Int::fits_small_raw(ptr.cast()) {
            return None;
        }
        Some(Int::small_value_raw(ptr.cast()))
    }
}

macro_rules! int_fast {
    ($name:ident, $mixed:ident, $op:expr) => {
        fast! {
            /// Both operands are immediates.
            fn $name(r, _ts) {
                let (a, b) = (*slot(r, 2), *slot(r, 1));
                if !StackRef::are_ints(a, b) {
                    return Act::MISS;
                }
                let operate: fn(i64, i64) -> Option<i64> = $op;
                match operate(a.raw_int(), b.raw_int()) {
                    Some(word) => *slot(r, 2) = StackRef::from_bits(word as u64),
                    None => return Act::MISS,
                }
                r.sp = r.sp.sub(1);
                Act::NEXT
            }

            /// At least one operand is an object: an integer of up to two digits.
            fn $mixed(r, _ts) {
                let (a, b) = (*slot(r, 2), *slot(r, 1));
                let (Some(x), Some(y)) = (small_int(a), small_int(b)) else { return Act::MISS };
                let operate: fn(i64, i64) -> Option<i64> = $op;
                if super::is_last(a) && super::is_last(b) {
                    return Act::MISS;
                }
                let Some(word) = operate(StackRef::int(x).raw_int(), StackRef::int(y).raw_int()) else {
                    return Act::MISS;
                };
                *slot(r, 2) = StackRef::from_bits(word as u64);
                r.sp = r.sp.sub(1);
                super::drop_two(r, a, b)
            }
        }
    };
}

// On words: value << 2 | 3.
int_fast!(add_int, add_int_mixed, |a, b| a.checked_add(b - 3));
int_fast!(subtract_int, subtract_int_mixed, |a, b| a.checked_sub(b - 3));
int_fast!(multiply_int, multiply_int_mixed, |a, b| (a >> 2).checked_mul(b - 3).map(|x| x + 3));
int_fast!(remainder_int, remainder_int_mixed, |a, b| floor_mod(a >> 2, b >> 2).map(|x| x << 2 | 3));
int_fast!(floor_divide_int, floor_divide_int_mixed, |a, b| floor_div(a >> 2, b >> 2)
    .filter(|x| (x << 2) >> 2 == *x)
    .map(|x| x << 2 | 3));
int_fast!(and_int, and_int_mixed, |a, b| Some(a & b));
int_fast!(or_int, or_int_mixed, |a, b| Some(a | b));
int_fast!(xor_int, xor_int_mixed, |a, b| Some(a ^ b | 3));
int_fast!(rshift_int, rshift_int_mixed, |a, b| if b < 0 { None } else { Some((a >> 2 >> (b >> 2).min(63)) << 2 | 3) });
int_fast!(lshift_int, lshift_int_mixed, |a, b| {
    let shift = b >> 2;
    if !(0..61).contains(&shift) {
        return None;
    }
    let value = a >> 2;
    let result = value << shift;
    if (result << 2) >> 2 >> shift == value { Some(result << 2 | 3) } else { None }
});

fast! {
    /// Two small integers whose product may be long.
    fn multiply_int_wide(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        let (Some(x), Some(y)) = (small_int(a), small_int(b)) else { return Act::MISS };
        let Ok(product) = Int::from_i128(x as i128 * y as i128) else {
            super::save(r);
            return Act::RAISED;
        };
        // Integers run no code when they go.
        a.close();
        b.close();
        *slot(r, 2) = super::owned(product.into_ptr());
        r.sp = r.sp.sub(1);
        Act::NEXT
    }
}

macro_rules! float_fast {
    ($name:ident, $op:tt) => {
        fast! {
            /// Two floats. The result reuses an operand that nobody else has.
            fn $name(r, _ts) {
                let (a, b) = (*slot(r, 2), *slot(r, 1));
                if a.is_int() || b.is_int() {
                    return Act::MISS;
                }
                let (x, y) = (a.ptr().cast::<PyFloatObject>(), b.ptr().cast::<PyFloatObject>());
                if (*x).ob_base.ob_type.get() != Float::TYPE || (*y).ob_base.ob_type.get() != Float::TYPE {
                    return Act::MISS;
                }
                let value = (*x).ob_fval.get() $op (*y).ob_fval.get();
                if super::is_last(a) {
                    (*x).ob_fval.set(value);
                    r.sp = r.sp.sub(1);
                    return drop_word(r, b, Act::NEXT);
                }
                if super::is_last(b) {
                    (*y).ob_fval.set(value);
                    *slot(r, 2) = b;
                    r.sp = r.sp.sub(1);
                    return drop_word(r, a, Act::NEXT);
                }
                let Some(result) = Float::new_fast(value) else { return Act::MISS };
                *slot(r, 2) = StackRef::steal(result);
                r.sp = r.sp.sub(1);
                give_up(a);
                give_up(b);
                Act::NEXT
            }
        }
    };
}

float_fast!(add_float, +);
float_fast!(subtract_float, -);
float_fast!(multiply_float, *);

fast! {
    /// Two floats with a divisor that is not zero.
    fn true_divide_float(r, _ts) {
        let (a, b) = (*slot(r, 2), *slot(r, 1));
        if !a.is_exact(Float::TYPE) || !b.is_exact(Float::TYPE) {
            return Act::MISS;
        }
        let (x, y) = (a.ptr().cast::<PyFloatObject>(), b.ptr().cast::<PyFloatObject>());
        if (*y).ob_fval.get() == 0.0 {
            return Act::MISS;
        }
        let value = (*x).ob_fval.get() / (*y).ob_fval.get();
        if super::is_last(a) {
            (*x).ob_fval.set(value);
            r.sp = r.sp.sub(1);
            return drop_word(r, b, Act::NEXT);
        }
        let Some(result) = Float::new_fast(value) else { return Act::MISS };
        *slot(r, 2) = StackRef::steal(result);
        r.sp = r.sp.sub(1);
        give_up(a);
        drop_word(r, b, Act::NEXT)
    }

    fn to_bool_bool(r, _ts) {
        let word = *slot(r, 1);
        if word.is_ptr(Bool::true_ptr()) || word.is_ptr(Bool::false_ptr()) { Act::NEXT } else { Act::MISS }
    }

    fn to_bool_int(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_int() {
            return Act::MISS;
        }
        *slot(r, 1) = StackRef::bool(word.int_value() != 0);
        Act::NEXT
    }

    fn to_bool_int_mixed(r, _ts) {
        let word = *slot(r, 1);
        let Some(value) = small_int(word) else { return Act::MISS };
        *slot(r, 1) = StackRef::bool(value != 0);
        drop_word(r, word, Act::NEXT)
    }

    fn to_bool_none(r, _ts) {
        if !(*slot(r, 1)).is_ptr(crate::object::none_ptr()) {
            return Act::MISS;
        }
        *slot(r, 1) = StackRef::bool(false);
        Act::NEXT
    }

    fn to_bool_list(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_exact(List::TYPE) {
            return Act::MISS;
        }
        *slot(r, 1) = StackRef::bool((*word.ptr().cast::<crate::abi::PyVarObject>()).ob_size.get() != 0);
        drop_word(r, word, Act::NEXT)
    }

    fn to_bool_str(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_exact(Str::TYPE) {
            return Act::MISS;
        }
        *slot(r, 1) = StackRef::bool((*word.ptr().cast::<crate::abi::PyASCIIObject>()).length.get() != 0);
        drop_word(r, word, Act::NEXT)
    }

    /// A dict or set.
    fn to_bool_table(r, _ts) {
        let word = *slot(r, 1);
        let used = if word.is_exact(Dict::TYPE) {
            (*word.ptr().cast::<crate::abi::PyDictObject>()).ma_used.get()
        } else if word.is_exact(Set::TYPE) {
            (*word.ptr().cast::<crate::abi::PySetObject>()).used.get()
        } else {
            return Act::MISS;
        };
        *slot(r, 1) = StackRef::bool(used != 0);
        drop_word(r, word, Act::NEXT)
    }

    /// An object whose type has no way to be false.
    fn to_bool_always_true(r, _ts) {
        let word = *slot(r, 1);
        if word.is_int() || (*(*word.ptr()).ob_type.get()).tp_version_tag.get() != super::cache32(r.ip, 2) {
            return Act::MISS;
        }
        *slot(r, 1) = StackRef::bool(true);
        drop_word(r, word, Act::NEXT)
    }

    fn unary_not(r, _ts) {
        let word = *slot(r, 1);
        *slot(r, 1) = StackRef::bool(word.is_ptr(Bool::false_ptr()));
        Act::NEXT
    }

    fn unary_negative_int(r, _ts) {
        let word = *slot(r, 1);
        if !word.is_int() {
            return Act::MISS;
        }
        match StackRef::try_int(-word.int_value()) {
            Some(result) => *slot(r, 1) = result,
            None => return Act::MISS,
        }
        Act::NEXT
    }
}

/// Replaces the two operands on the stack by `result`.
unsafe fn finish_binary(m: Machine, result: StackRef) -> Flow {
    // SAFETY: both operands are on the stack. They are dropped last, as their finalizers may run code.
    unsafe {
        let (left, right) = (*m.slot(2), *m.slot(1));
        *m.slot(2) = result;
        m.pop();
        left.close();
        right.close();
    }
    Flow::Next
}

slow! {
    /// `!s`, `!r` and `!a`.
    fn convert_value(m, conversion) {
        let value = m.peek(1)?;
        let text = match conversion {
            1 => value.str()?,
            2 => value.repr()?,
            _ => value.repr()?.ascii_escaped()?,
        };
        m.drop_top(1);
        m.push_ref(text);
        Ok(Flow::Next)
    }

    fn format_simple(m, _) {
        let word = *m.slot(1);
        if word.is_int() {
            let text = Int::decimal_str_of(word.int_value())?;
            m.drop_top(1);
            m.push_ref(text);
            return Ok(Flow::Next);
        }
        let value = m.peek(1)?;
        if !value.is_exact::<Str>() {
            // What `__format__` of an exact number does with an empty specification.
            let text = if let Some(number) = value.downcast_exact::<Int>() {
                number.to_decimal_str()?
            } else if value.is_exact::<Float>() || value.is_exact::<Bool>() {
                value.repr()?
            } else {
                value.format(None)?
            };
            m.drop_top(1);
            m.push_ref(text);
        }
        Ok(Flow::Next)
    }

    fn to_bool(m, _) {
        if specialize::due(m.ip()) {
            specialize::to_bool(m);
            return Ok(Flow::Retry);
        }
        let word = *m.slot(1);
        let truth = if word.is_int() { word.int_value() != 0 } else { m.peek(1)?.is_true()? };
        m.drop_top(1);
        m.push(StackRef::bool(truth));
        Ok(Flow::Next)
    }

    fn binary_op(m, oparg) {
        if specialize::due(m.ip()) {
            specialize::binary_op(m, oparg);
            return Ok(Flow::Retry);
        }
        binary_op_generic(m, oparg)
    }

    /// `variable += text` followed by a store to the same variable, which gives its count up first.
    fn inplace_add_unicode(m, _) {
        let (left, right) = (*m.slot(2), *m.slot(1));
        // The instruction behind stores to the variable.
        let next = m.ip().add(6);
        let variable = m.local((*next >> 8) as usize);
        if !left.is_exact(Str::TYPE) || !right.is_exact(Str::TYPE) || (*variable).ptr() != left.ptr() {
            return binary_op_generic(m, 13);
        }
        // Stack and variable hold the string; give up both but one count.
        let mut text: Ref<Str> = (*variable).heap_safe().into_object()?.into_unchecked();
        *variable = StackRef::NULL;
        left.close();
        *m.slot(2) = StackRef::NULL;
        let appended = Str::append(&mut text, &right.borrowed_handle());
        if let Err(raised) = appended {
            *variable = StackRef::from_ref(text);
            return Err(raised);
        }
        *variable = StackRef::from_ref(text);
        m.drop_top(2);
        // The store is done as well.
        m.jump_to(next.add(1))
    }

    /// Two exact strings; the left one grows in place where nobody else has it.
    fn add_unicode(m, _) {
        let (left, right) = (*m.slot(2), *m.slot(1));
        if !left.is_exact(Str::TYPE) || !right.is_exact(Str::TYPE) {
            return binary_op_generic(m, 0);
        }
        let result = Str::concat(&left.borrowed_handle(), &right.borrowed_handle())?;
        Ok(finish_binary(m, StackRef::from_ref(result)))
    }

    fn unary_negative(m, _) {
        let result = m.peek(1)?.negative()?;
        m.drop_top(1);
        m.push_ref(result);
        Ok(Flow::Next)
    }

    fn unary_invert(m, _) {
        if (*m.slot(1)).is_int() {
            *m.slot(1) = StackRef::int(!(*m.slot(1)).int_value());
            return Ok(Flow::Next);
        }
        let result = m.peek(1)?.invert()?;
        m.drop_top(1);
        m.push_ref(result);
        Ok(Flow::Next)
    }

    fn format_with_spec(m, _) {
        let spec = m.peek(1)?;
        let Some(spec) = spec.downcast::<Str>() else {
            return Err(raise!(TypeError, "Format specifier must be a string, not {}", spec.type_name()));
        };
        let text = m.peek(2)?.format(Some(spec))?;
        m.drop_top(2);
        m.push_ref(text);
        Ok(Flow::Next)
    }
}

/// The value of an exact float, or of an integer that is a float exactly.
///
/// # Safety
/// The word is not NULL.
#[inline(always)]
pub unsafe fn exact_float(word: StackRef) -> Option<f64> {
    const EXACT: i64 = 1 << 53;
    // SAFETY: by contract.
    unsafe {
        if word.is_exact(Float::TYPE) {
            return Some((*word.ptr().cast::<PyFloatObject>()).ob_fval.get());
        }
        small_int(word).filter(|value| (-EXACT..=EXACT).contains(value)).map(|value| value as f64)
    }
}

/// Arithmetic of a float and an integer, and the quotient of integers, where all values are exact floats. Two floats come here
/// before their instruction is specialised.
unsafe fn float_op(oparg: usize, a: StackRef, b: StackRef) -> Option<f64> {
    // SAFETY: words on the stack.
    let value = |word: StackRef| unsafe { exact_float(word) };
    // SAFETY: as above.
    let is_float = |word: StackRef| unsafe { word.is_exact(Float::TYPE) };
    let operator = if oparg >= 13 { oparg - 13 } else { oparg };
    if operator != 11 && !is_float(a) && !is_float(b) {
        return None;
    }
    match operator {
        0 => Some(value(a)? + value(b)?),
        5 => Some(value(a)? * value(b)?),
        10 => Some(value(a)? - value(b)?),
        11 => {
            let divisor = value(b).filter(|divisor| *divisor != 0.0)?;
            Some(value(a)? / divisor)
        }
        _ => None,
    }
}

/// BINARY_OP by the operands' own methods.
///
/// # Safety
/// As for slow bodies.
pub unsafe fn binary_op_generic(m: Machine, oparg: usize) -> PyResult<Flow> {
    // SAFETY: two operands stand on the stack.
    unsafe {
        if oparg == SUBSCRIPT {
            return super::subscript::binary_subscript(m);
        }
        let (a, b) = (*m.slot(2), *m.slot(1));
        if let (Some(x), Some(y)) = (small_int(a), small_int(b))
            && let Some(result) = int_op(oparg, x, y).and_then(StackRef::try_int)
        {
            return Ok(finish_binary(m, result));
        }
        if let Some(value) = float_op(oparg, a, b) {
            let result = Float::new(value)?;
            return Ok(finish_binary(m, StackRef::from_ref(result)));
        }
        let (left, right) = (m.peek(2)?, m.peek(1)?);
        let result = match oparg {
            POWER => left.power(right, none().borrow())?,
            21 => left.inplace_power(right)?,
            0..=12 => left.binary(OPERATORS[oparg], right)?,
            _ => left.inplace(OPERATORS[(oparg - 13) % 13], right)?,
        };
        Ok(finish_binary(m, StackRef::from_ref(result)))
    }
}
