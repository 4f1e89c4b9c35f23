//! `timedelta`: days, seconds and microseconds, of which days alone may be negative.

use core::cmp::Ordering;
use core::mem::offset_of;

use taipan_runtime::abi::PyDateTime_Delta;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::object::protocol::number;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;

use super::spec;
use crate::support;

pub const MAX_DAYS: i32 = 999_999_999;

const MICROS_PER_SECOND: i128 = 1_000_000;
const MICROS_PER_DAY: i128 = 86_400 * MICROS_PER_SECOND;

/// `datetime.timedelta`
#[repr(transparent)]
pub struct Delta(pub PyDateTime_Delta);

/// The zero, which exists once.
static ZERO: Slot = Slot::new();

impl Delta {
    pub fn days(&self) -> i32 {
        self.0.days.get()
    }

    pub fn seconds(&self) -> i32 {
        self.0.seconds.get()
    }

    pub fn micros(&self) -> i32 {
        self.0.microseconds.get()
    }

    pub fn is_zero(&self) -> bool {
        self.days() == 0 && self.seconds() == 0 && self.micros() == 0
    }

    fn parts(&self) -> (i32, i32, i32) {
        (self.days(), self.seconds(), self.micros())
    }

    pub fn compare(&self, other: &Delta) -> Ordering {
        self.parts().cmp(&other.parts())
    }

    /// All of it in microseconds.
    pub fn total(&self) -> i128 {
        i128::from(self.days()) * MICROS_PER_DAY
            + i128::from(self.seconds()) * MICROS_PER_SECOND
            + i128::from(self.micros())
    }

    /// Whether it can be the offset of a zone: less than a day either way.
    pub fn is_offset(&self) -> bool {
        self.total().abs() < MICROS_PER_DAY
    }

    pub fn negated(&self) -> PyResult<Ref<Delta>> {
        from_micros(-self.total())
    }
}

/// A `timedelta` of parts of any size.
pub fn new(days: i32, seconds: i32, micros: i32) -> PyResult<Ref<Delta>> {
    new_of_class(Delta::type_object(), i64::from(days), i64::from(seconds), i64::from(micros))
}

pub fn new_of_class(cls: Borrowed<'_, Type>, days: i64, seconds: i64, micros: i64) -> PyResult<Ref<Delta>> {
    let total = i128::from(days) * MICROS_PER_DAY + i128::from(seconds) * MICROS_PER_SECOND + i128::from(micros);
    from_micros_of_class(cls, total)
}

pub fn from_micros(total: i128) -> PyResult<Ref<Delta>> {
    from_micros_of_class(Delta::type_object(), total)
}

fn from_micros_of_class(cls: Borrowed<'_, Type>, total: i128) -> PyResult<Ref<Delta>> {
    let exact = cls.as_raw().cast() == Delta::TYPE;
    if exact
        && total == 0
        && let Some(zero) = ZERO.get()
    {
        // SAFETY: a delta is put there alone.
        return Ok(unsafe { zero.into_unchecked() });
    }
    let Ok(days) = i32::try_from(total.div_euclid(MICROS_PER_DAY)) else { return Err(too_large()) };
    if !(-MAX_DAYS..=MAX_DAYS).contains(&days) {
        return Err(raise!(OverflowError, "days={days}; must have magnitude <= {MAX_DAYS}"));
    }
    let rest = total.rem_euclid(MICROS_PER_DAY) as i64;
    let this: Ref<Delta> = support::instance(cls)?;
    this.0.hashcode.set(-1);
    this.0.days.set(days);
    this.0.seconds.set((rest / 1_000_000) as i32);
    this.0.microseconds.set((rest % 1_000_000) as i32);
    if exact && total == 0 {
        ZERO.set(Some(this.as_object().clone()));
    }
    Ok(this)
}

#[cold]
fn too_large() -> Raised {
    raise!(OverflowError, "Python int too large to convert to C int")
}

fn from_int(total: &Ref<Object>) -> PyResult<Ref<Delta>> {
    match total.downcast::<Int>().map(|int| int.to_i128()) {
        Some(Some(total)) => from_micros(total),
        Some(None) => Err(too_large()),
        None => Err(raise!(TypeError, "divmod() returned a value out of range")),
    }
}

/// `numerator / denominator`, rounded to the nearest, ties to even.
fn divide_nearest(numerator: &Ref<Object>, denominator: &Ref<Object>) -> PyResult<Ref<Object>> {
    let quotient = numerator.binary(number::FLOOR_DIVIDE, denominator.borrow())?;
    let product = quotient.multiply(denominator.borrow())?;
    let rest = numerator.subtract(product.borrow())?;
    let twice = rest.add(rest.borrow())?;
    let zero = Int::zero();
    let op = if denominator.compare_bool(zero.as_borrowed(), CompareOp::Gt)? { CompareOp::Gt } else { CompareOp::Lt };
    let up = twice.compare_bool(denominator.borrow(), op)?
        || twice.equals(denominator.borrow())? && quotient.downcast::<Int>().is_some_and(|quotient| quotient.is_odd());
    if up { quotient.add(Int::one().as_borrowed()) } else { Ok(quotient) }
}

fn ratio(float: Borrowed<'_, Object>) -> PyResult<(Ref<Object>, Ref<Object>)> {
    let ratio = float.call_method(id!("as_integer_ratio"), &[])?;
    let Some(pair) = ratio.downcast::<Tuple>() else {
        return Err(raise!(
            TypeError,
            "unexpected return type from as_integer_ratio(): expected tuple, got '{}'",
            ratio.type_name()
        ));
    };
    if pair.len() != 2 {
        return Err(raise!(ValueError, "as_integer_ratio() must return a 2-tuple"));
    }
    Ok((pair.get(0).to_owned(), pair.get(1).to_owned()))
}

fn scale_by_float(delta: &Delta, float: Borrowed<'_, Object>, divide: bool) -> PyResult<Ref<Object>> {
    let (mut up, mut down) = ratio(float)?;
    if divide {
        core::mem::swap(&mut up, &mut down);
    }
    let total = Int::from_i128(delta.total())?.into_object();
    let product = total.multiply(up.borrow())?;
    if down.equals(Int::zero().as_borrowed())? {
        return Err(raise!(ZeroDivisionError, "division by zero"));
    }
    Ok(from_int(&divide_nearest(&product, &down)?)?.into_object())
}

fn multiply_by_int(delta: &Delta, factor: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let Some(factor) = factor.downcast_exact::<Int>().and_then(|factor| factor.to_i64())
        && let Some(total) = delta.total().checked_mul(factor.into())
    {
        return Ok(from_micros(total)?.into_object());
    }
    let total = Int::from_i128(delta.total())?.into_object();
    Ok(from_int(&factor.multiply(total.borrow())?)?.into_object())
}

/// Adds `number` times `factor` microseconds to `total`; what is less than a microsecond goes to `leftover`.
fn accumulate(
    total: &mut i128,
    leftover: &mut f64,
    number: Borrowed<'_, Object>,
    name: &str,
    factor: i128,
) -> PyResult<()> {
    let mut add = |number: Option<i128>| match number.and_then(|number| total.checked_add(number)) {
        Some(sum) => {
            *total = sum;
            Ok(())
        }
        None => Err(too_large()),
    };
    if let Some(int) = number.downcast::<Int>() {
        return add(int.to_i128().and_then(|int| int.checked_mul(factor)));
    }
    let Some(float) = number.downcast::<Float>() else {
        return Err(raise!(TypeError, "unsupported type for timedelta {name} component: {}", number.type_name()));
    };
    let float = float.value();
    if float.is_nan() {
        return Err(raise!(ValueError, "cannot convert float NaN to integer"));
    }
    if float.is_infinite() {
        return Err(raise!(OverflowError, "cannot convert float infinity to integer"));
    }
    let whole = float.trunc();
    if whole.abs() > 1e30 {
        return Err(too_large());
    }
    add((whole as i128).checked_mul(factor))?;
    let fraction = (float - whole) * factor as f64;
    if fraction != 0.0 {
        let whole = fraction.trunc();
        add(Some(whole as i128))?;
        *leftover += fraction - whole;
    }
    Ok(())
}

static NEW: ArgSpec =
    spec("__new__", &["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"], 0, 0);

/// The parts in the order in which they are added up, with their names and sizes.
const PARTS: [(usize, i128); 7] = [
    (2, 1),
    (3, 1000),
    (1, MICROS_PER_SECOND),
    (4, 60 * MICROS_PER_SECOND),
    (5, 3600 * MICROS_PER_SECOND),
    (0, MICROS_PER_DAY),
    (6, 7 * MICROS_PER_DAY),
];

fn deltas<'a>(
    left: &'a Borrowed<'_, Object>,
    right: &'a Borrowed<'_, Object>,
) -> Option<(Borrowed<'a, Delta>, Borrowed<'a, Delta>)> {
    Some((left.downcast::<Delta>()?, right.downcast::<Delta>()?))
}

#[pytype(name = "timedelta", module = "datetime", basetype)]
impl Delta {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Delta>> {
        let given = args.unpack::<7>(&NEW)?;
        let (mut total, mut leftover) = (0, 0.0);
        for (index, factor) in PARTS {
            if let Some(number) = given[index] {
                accumulate(&mut total, &mut leftover, number, NEW.names[index], factor)?;
            }
        }
        if leftover != 0.0 {
            let mut whole = leftover.round();
            if (whole - leftover).abs() == 0.5 {
                // Exactly between two: the sum has to become even.
                let odd = (total & 1) as f64;
                whole = 2.0 * ((leftover + odd) * 0.5).round() - odd;
            }
            total += whole as i128;
        }
        from_micros_of_class(cls, total)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Delta>) -> String {
        let mut parts = Vec::new();
        for (name, value) in [("days", this.days()), ("seconds", this.seconds()), ("microseconds", this.micros())] {
            if value != 0 {
                parts.push(format!("{name}={value}"));
            }
        }
        if parts.is_empty() {
            parts.push("0".to_owned());
        }
        format!("{}({})", this.type_name(), parts.join(", "))
    }

    #[slot(tp_str)]
    fn str(this: &Ref<Delta>) -> String {
        let (days, seconds, micros) = this.parts();
        let mut text = String::new();
        if days != 0 {
            text = format!("{days} day{}, ", if days.abs() == 1 { "" } else { "s" });
        }
        text += &format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if micros != 0 {
            text += &format!(".{micros:06}");
        }
        text
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Delta>) -> PyResult<isize> {
        if this.0.hashcode.get() == -1 {
            this.0.hashcode.set(Delta::state(this)?.as_object().hash()?);
        }
        Ok(this.0.hashcode.get())
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Delta>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match other.downcast::<Delta>() {
            Some(other) => Ok(op.result(this.compare(&other))),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some((a, b)) = deltas(&left, &right) else { return Ok(not_implemented()) };
        Ok(from_micros(a.total() + b.total())?.into_object())
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some((a, b)) = deltas(&left, &right) else { return Ok(not_implemented()) };
        Ok(from_micros(a.total() - b.total())?.into_object())
    }

    #[slot(nb_multiply)]
    fn multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let (delta, factor) = match (left.downcast::<Delta>(), right.downcast::<Delta>()) {
            (Some(delta), _) => (delta, right),
            (None, Some(delta)) => (delta, left),
            (None, None) => return Ok(not_implemented()),
        };
        if factor.is_instance_of::<Int>() {
            return multiply_by_int(&delta, factor);
        }
        if factor.is_instance_of::<Float>() {
            return scale_by_float(&delta, factor, false);
        }
        Ok(not_implemented())
    }

    #[slot(nb_floor_divide)]
    fn floor_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(delta) = left.downcast::<Delta>() else { return Ok(not_implemented()) };
        let total = Int::from_i128(delta.total())?.into_object();
        if right.is_instance_of::<Int>() {
            let quotient = total.binary(number::FLOOR_DIVIDE, right)?;
            return Ok(from_int(&quotient)?.into_object());
        }
        match right.downcast::<Delta>() {
            Some(right) => total.binary(number::FLOOR_DIVIDE, Int::from_i128(right.total())?.as_borrowed()),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_true_divide)]
    fn true_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(delta) = left.downcast::<Delta>() else { return Ok(not_implemented()) };
        let total = Int::from_i128(delta.total())?.into_object();
        if let Some(right) = right.downcast::<Delta>() {
            return total.binary(number::TRUE_DIVIDE, Int::from_i128(right.total())?.as_borrowed());
        }
        if right.is_instance_of::<Float>() {
            return scale_by_float(&delta, right, true);
        }
        if right.is_instance_of::<Int>() {
            return Ok(from_int(&divide_nearest(&total, &right)?)?.into_object());
        }
        Ok(not_implemented())
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some((a, b)) = deltas(&left, &right) else { return Ok(not_implemented()) };
        let rest = Int::from_i128(a.total())?
            .as_object()
            .binary(number::REMAINDER, Int::from_i128(b.total())?.as_borrowed())?;
        Ok(from_int(&rest)?.into_object())
    }

    #[slot(nb_divmod)]
    fn divmod(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some((a, b)) = deltas(&left, &right) else { return Ok(not_implemented()) };
        let (a, b) = (Int::from_i128(a.total())?, Int::from_i128(b.total())?);
        let quotient = a.as_object().binary(number::FLOOR_DIVIDE, b.as_borrowed())?;
        let rest = a.as_object().binary(number::REMAINDER, b.as_borrowed())?;
        Ok(Tuple::pack([quotient, from_int(&rest)?.into_object()])?.into_object())
    }

    #[slot(nb_negative)]
    fn negative(this: &Ref<Delta>) -> PyResult<Ref<Delta>> {
        this.negated()
    }

    #[slot(nb_positive)]
    fn positive(this: &Ref<Delta>) -> PyResult<Ref<Delta>> {
        from_micros(this.total())
    }

    #[slot(nb_absolute)]
    fn absolute(this: &Ref<Delta>) -> PyResult<Ref<Delta>> {
        from_micros(this.total().abs())
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<Delta>) -> bool {
        !this.is_zero()
    }

    fn state(this: &Ref<Delta>) -> PyResult<Ref<Tuple>> {
        let part = |value: i32| Ok(Int::from_i64(value.into())?.into_object());
        Tuple::pack([part(this.days())?, part(this.seconds())?, part(this.micros())?])
    }

    #[method(signature = "($self, /)")]
    fn total_seconds(this: &Ref<Delta>) -> PyResult<Ref<Object>> {
        let total = Int::from_i128(this.total())?.into_object();
        total.binary(number::TRUE_DIVIDE, Int::from_i64(1_000_000)?.as_borrowed())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Delta>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([this.type_of().upcast().to_owned(), Delta::state(this)?.into_object()])
    }

    #[member(name = "days", kind = Py_T_INT, offset = offset_of!(PyDateTime_Delta, days), readonly)]
    const _DAYS: () = ();

    #[member(name = "seconds", kind = Py_T_INT, offset = offset_of!(PyDateTime_Delta, seconds), readonly)]
    const _SECONDS: () = ();

    #[member(name = "microseconds", kind = Py_T_INT, offset = offset_of!(PyDateTime_Delta, microseconds), readonly)]
    const _MICROSECONDS: () = ();
}
