//! `_operator`: Python's operators as functions. CPython: `Modules/_operator.c`.

mod getters;

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::object::protocol::number::{self, BinaryOp};
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer::has_buffer;

use getters::{AttrGetter, ItemGetter, MethodCaller};

pub struct Operator;

/// Functions of two operands, and their forms that may change the first.
macro_rules! binary {
    ($part:ident $method:ident: $($name:ident $text:literal $op:ident;)*) => {
        #[pymethods(part = $part)]
        impl Operator {
            $(
                #[function(name = $text, signature = "($module, a, b, /)")]
                fn $name(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                    const OP: BinaryOp = number::$op;
                    a.$method(OP, b)
                }
            )*
        }
    };
}

binary! { BINARY binary:
    add "add" ADD;
    sub "sub" SUBTRACT;
    mul "mul" MULTIPLY;
    matmul "matmul" MATRIX_MULTIPLY;
    floordiv "floordiv" FLOOR_DIVIDE;
    truediv "truediv" TRUE_DIVIDE;
    r#mod "mod" REMAINDER;
    lshift "lshift" LSHIFT;
    rshift "rshift" RSHIFT;
    and_ "and_" AND;
    xor "xor" XOR;
    or_ "or_" OR;
}

binary! { INPLACE inplace:
    iadd "iadd" ADD;
    isub "isub" SUBTRACT;
    imul "imul" MULTIPLY;
    imatmul "imatmul" MATRIX_MULTIPLY;
    ifloordiv "ifloordiv" FLOOR_DIVIDE;
    itruediv "itruediv" TRUE_DIVIDE;
    imod "imod" REMAINDER;
    ilshift "ilshift" LSHIFT;
    irshift "irshift" RSHIFT;
    iand "iand" AND;
    ixor "ixor" XOR;
    ior "ior" OR;
}

macro_rules! compare {
    ($($name:ident $text:literal $op:ident;)*) => {
        #[pymethods(part = COMPARE)]
        impl Operator {
            $(
                #[function(name = $text, signature = "($module, a, b, /)")]
                fn $name(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                    a.rich_compare(b, CompareOp::$op)
                }
            )*
        }
    };
}

compare! {
    eq "eq" Eq;
    ne "ne" Ne;
    lt "lt" Lt;
    le "le" Le;
    gt "gt" Gt;
    ge "ge" Ge;
}

/// How often a value stands in an iterable, or where it is first.
fn search(
    iterable: Borrowed<'_, Object>,
    value: Borrowed<'_, Object>,
    mut found: impl FnMut(usize) -> bool,
) -> PyResult<()> {
    let iterator = match iterable.iter() {
        Ok(iterator) => iterator,
        Err(raised) => {
            raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?;
            return Err(raise!(TypeError, "argument of type '{}' is not iterable", iterable.type_name()));
        }
    };
    let mut index = 0;
    while let Some(item) = iterator.next()? {
        if item.equals(value)? && found(index) {
            return Ok(());
        }
        index += 1;
    }
    Ok(())
}

/// The sequence slots of a type.
fn sequence_slots<'a>(object: &'a Borrowed<'_, Object>) -> Option<&'a abi::PySequenceMethods> {
    // SAFETY: null or a table that lives as long as the type.
    unsafe { object.type_of().tp_as_sequence.get().as_ref() }
}

/// `+` of sequences, in place where that exists (`PySequence_Concat`, `PySequence_InPlaceConcat`).
fn concatenate(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>, in_place: bool) -> PyResult<Ref<Object>> {
    let slots = sequence_slots(&a);
    let mut slot = slots.and_then(|slots| slots.sq_concat.get());
    if in_place {
        slot = slots.and_then(|slots| slots.sq_inplace_concat.get()).or(slot);
    }
    if let Some(concat) = slot {
        // SAFETY: the slot takes live objects.
        return unsafe { taipan_runtime::object::protocol::attr::from_result(concat(a.as_ptr(), b.as_ptr())) };
    }
    if a.is_sequence() && b.is_sequence() {
        return if in_place { a.inplace(number::ADD, b) } else { a.binary(number::ADD, b) };
    }
    Err(raise!(TypeError, "'{}' object can't be concatenated", a.type_name()))
}

/// Whether two texts of ASCII or two buffers are equal, in a time that does not tell where they differ.
pub fn compare_digest(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<bool> {
    if let (Some(a), Some(b)) = (a.downcast::<Str>(), b.downcast::<Str>()) {
        let (Some(a), Some(b)) = (a.as_ascii(), b.as_ascii()) else {
            return Err(raise!(TypeError, "comparing strings with non-ASCII characters is not supported"));
        };
        return Ok(constant_time_equal(a.as_bytes(), b.as_bytes()));
    }
    if !has_buffer(&a) && !has_buffer(&b) {
        return Err(raise!(
            TypeError,
            "unsupported operand types(s) or combination of types: '{}' and '{}'",
            a.type_name(),
            b.type_name()
        ));
    }
    let (a, b) = (BufferArg::new(a)?, BufferArg::new(b)?);
    Ok(constant_time_equal(a.as_slice(), b.as_slice()))
}

/// Whether both are equal, in a time that depends on the length of `b` alone.
fn constant_time_equal(a: &[u8], b: &[u8]) -> bool {
    let same_length = a.len() == b.len();
    let left = if same_length { a } else { b };
    let mut difference = u8::from(!same_length);
    for (x, y) in left.iter().zip(b) {
        difference |= core::hint::black_box(x ^ y);
    }
    core::hint::black_box(difference) == 0
}

#[pymodule(name = "_operator", extend = [Operator::BINARY, Operator::INPLACE, Operator::COMPARE])]
impl Operator {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<ItemGetter>()?;
        module.add_type::<AttrGetter>()?;
        module.add_type::<MethodCaller>()
    }

    #[function(signature = "($module, a, /)")]
    fn truth(a: Borrowed<'_, Object>) -> PyResult<bool> {
        a.is_true()
    }

    #[function(signature = "($module, a, b, /)")]
    fn contains(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<bool> {
        a.contains(b)
    }

    #[function(name = "indexOf", signature = "($module, a, b, /)")]
    fn index_of(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<usize> {
        let mut place = None;
        search(a, b, |index| {
            place = Some(index);
            true
        })?;
        match place {
            Some(place) => Ok(place),
            None => Err(raise!(ValueError, "sequence.index(x): x not in sequence")),
        }
    }

    #[function(name = "countOf", signature = "($module, a, b, /)")]
    fn count_of(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<usize> {
        let mut count = 0;
        search(a, b, |_| {
            count += 1;
            false
        })?;
        Ok(count)
    }

    #[function(signature = "($module, a, /)")]
    fn index(a: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        a.index()?.to_exact()
    }

    #[function(signature = "($module, a, b, /)")]
    fn is_(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> bool {
        a.is_identical(b)
    }

    #[function(signature = "($module, a, b, /)")]
    fn is_not(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> bool {
        !a.is_identical(b)
    }

    #[function(signature = "($module, a, /)")]
    fn is_none(a: Borrowed<'_, Object>) -> bool {
        a.is_none()
    }

    #[function(signature = "($module, a, /)")]
    fn is_not_none(a: Borrowed<'_, Object>) -> bool {
        !a.is_none()
    }

    #[function(signature = "($module, a, /)")]
    fn neg(a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.negative()
    }

    #[function(signature = "($module, a, /)")]
    fn pos(a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.positive()
    }

    #[function(signature = "($module, a, /)")]
    fn abs(a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.absolute()
    }

    #[function(signature = "($module, a, /)")]
    fn inv(a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.invert()
    }

    #[function(signature = "($module, a, /)")]
    fn invert(a: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.invert()
    }

    #[function(signature = "($module, a, /)")]
    fn not_(a: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(!a.is_true()?)
    }

    #[function(signature = "($module, a, b, /)")]
    fn pow(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.power(b, none().borrow())
    }

    #[function(signature = "($module, a, b, /)")]
    fn ipow(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.inplace_power(b)
    }

    #[function(signature = "($module, a, b, /)")]
    fn concat(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        concatenate(a, b, false)
    }

    #[function(signature = "($module, a, b, /)")]
    fn iconcat(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        concatenate(a, b, true)
    }

    #[function(signature = "($module, a, b, /)")]
    fn getitem(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        a.get_item(b)
    }

    #[function(signature = "($module, a, b, c, /)")]
    fn setitem(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>, c: Borrowed<'_, Object>) -> PyResult<()> {
        a.set_item(b, c)
    }

    #[function(signature = "($module, a, b, /)")]
    fn delitem(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<()> {
        a.del_item(b)
    }

    #[function(signature = "($module, obj, default=0, /)")]
    fn length_hint(obj: Borrowed<'_, Object>, default: isize) -> PyResult<isize> {
        match usize::try_from(default) {
            Ok(default) => Ok(obj.length_hint(default)? as isize),
            // A default below zero is given back as it is.
            Err(_) => {
                const NOTHING: usize = isize::MAX as usize;
                let hint = obj.length_hint(NOTHING)?;
                Ok(if hint == NOTHING { default } else { hint as isize })
            }
        }
    }

    #[function(raw, signature = "($module, obj, /, *args, **kwargs)")]
    fn call(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.check_count("call", 1, usize::MAX)?;
        let Some(callable) = args.get(0) else {
            return Err(raise!(TypeError, "call expected at least 1 argument, got 0"));
        };
        callable.call_args(&CallArgs { args: &args.args[1..], names: args.names })
    }

    #[function(signature = "($module, a, b, /)")]
    fn _compare_digest(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<bool> {
        compare_digest(a, b)
    }
}
