//! Functions that run through an iterable: `max`, `min`, `sorted`, `sum`.

use super::Builtins;
use crate::prelude::*;

#[pymethods(part = AGGREGATE)]
impl Builtins {
    #[function(raw)]
    fn max(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        extreme("max", args, CompareOp::Gt)
    }

    #[function(raw)]
    fn min(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        extreme("min", args, CompareOp::Lt)
    }

    #[function(signature = "(iterable, /, *, key=None, reverse=False)", raw)]
    fn sorted(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.check_count("sorted", 1, 1)?;
        let Some(iterable) = args.get(0) else { return Err(crate::object::args::rt::bad_internal_call()) };
        let list = iterable.to_list()?;
        if args.names.is_none() {
            list.sort()?;
            return Ok(list.into_object());
        }
        let sort = list.as_object().getattr(id!("sort"))?;
        match args.names {
            Some(names) => sort.call_with_names(&args.args[1..], names)?,
            None => sort.call0()?,
        };
        Ok(list.into_object())
    }

    #[function(signature = "(iterable, /, start=0)")]
    fn sum(iterable: Borrowed<'_, Object>, start: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let start = match start {
            None => Int::zero().into_object(),
            Some(start) => {
                let advice = if start.is_instance_of::<Str>() {
                    Some("strings [use ''.join(seq) instead]")
                } else if start.is_instance_of::<Bytes>() {
                    Some("bytes [use b''.join(seq) instead]")
                } else if start.is_instance_of::<ByteArray>() {
                    Some("bytearray [use b''.join(seq) instead]")
                } else {
                    None
                };
                if let Some(advice) = advice {
                    return Err(raise!(TypeError, "sum() can't sum {advice}"));
                }
                start.to_owned()
            }
        };
        if let Some(start) = start.downcast_exact::<Int>().and_then(|int| int.to_i64())
            && let Some(total) = sum_of_ints(iterable, start)
        {
            return Ok(Int::from_i64(total)?.into_object());
        }
        sum(&iterable.iter()?, start)
    }
}

/// The sum of a list or tuple of small integers; `None` of anything else. Nothing runs, so nothing changes meanwhile.
fn sum_of_ints(iterable: Borrowed<'_, Object>, start: i64) -> Option<i64> {
    let mut total = start;
    let mut add = |item: Borrowed<'_, Object>| {
        total = total.checked_add(item.downcast_exact::<Int>()?.small_value()?)?;
        Some(())
    };
    if let Some(list) = iterable.downcast_exact::<List>() {
        if list.len() > BETWEEN_CHECKS as usize {
            return None;
        }
        let mut index = 0;
        while let Some(item) = list.peek(index) {
            add(item)?;
            index += 1;
        }
    } else if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        if tuple.len() > BETWEEN_CHECKS as usize {
            return None;
        }
        tuple.iter().try_for_each(add)?;
    } else {
        return None;
    }
    Some(total)
}

/// `max` and `min`.
fn extreme(function: &str, args: CallArgs<'_>, op: CompareOp) -> PyResult<Ref<Object>> {
    if args.nargs() == 0 {
        return Err(raise!(TypeError, "{function} expected at least 1 argument, got 0"));
    }
    let (mut key, mut default) = (None, None);
    for (name, value) in args.keywords() {
        if name.eq_str("key") {
            key = Some(value).filter(|key| !key.is_none());
        } else if name.eq_str("default") {
            default = Some(value);
        } else {
            return Err(raise!(TypeError, "{function}() got an unexpected keyword argument '{}'", name.to_display()));
        }
    }
    let several = args.nargs() > 1;
    if several && default.is_some() {
        return Err(raise!(TypeError, "Cannot specify a default for {function}() with multiple positional arguments"));
    }
    let best = match key {
        None if several => extreme_of_slice(args.positional(), op)?,
        None => match args.get(0) {
            Some(iterable) => extreme_of_iterable(iterable, op)?,
            None => None,
        },
        Some(key) => {
            let mut best: Option<(Ref<Object>, Ref<Object>)> = None;
            let mut consider = |item: Ref<Object>| -> PyResult<()> {
                let value = key.call1(item.borrow())?;
                let better = match &best {
                    None => true,
                    Some((_, best_value)) => is_better(value.borrow(), best_value.borrow(), op)?,
                };
                if better {
                    // The old best is dropped last: that may run code.
                    drop(best.replace((item, value)));
                }
                Ok(())
            };
            if several {
                for item in args.positional() {
                    consider(item.to_owned())?;
                }
            } else if let Some(iterable) = args.get(0) {
                iterable.for_each(&mut consider)?;
            }
            best.map(|(item, _)| item)
        }
    };
    match (best, default) {
        (Some(item), _) => Ok(item),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(raise!(ValueError, "{function}() iterable argument is empty")),
    }
}

/// `value op best` for `>` and `<`, with small integers, floats and strings compared here.
#[inline(always)]
fn is_better(value: Borrowed<'_, Object>, best: Borrowed<'_, Object>, op: CompareOp) -> PyResult<bool> {
    match better_number(value, best, op) {
        Some(better) => Ok(better),
        None => value.compare_bool(best, op),
    }
}

/// As [`is_better`] of two small integers, floats or strings; `None` of anything else.
#[inline(always)]
fn better_number(value: Borrowed<'_, Object>, best: Borrowed<'_, Object>, op: CompareOp) -> Option<bool> {
    let ty = value.type_ptr();
    if ty != best.type_ptr() {
        return None;
    }
    if ty == Int::TYPE {
        // SAFETY: both are exact.
        let (value, best): (Borrowed<'_, Int>, Borrowed<'_, Int>) =
            unsafe { (value.cast_borrowed_unchecked(), best.cast_borrowed_unchecked()) };
        let (value, best) = (value.small_value()?, best.small_value()?);
        return Some(if op == CompareOp::Gt { value > best } else { value < best });
    }
    if ty == Float::TYPE {
        // SAFETY: both are exact.
        let (value, best): (Borrowed<'_, Float>, Borrowed<'_, Float>) =
            unsafe { (value.cast_borrowed_unchecked(), best.cast_borrowed_unchecked()) };
        let (value, best) = (value.value(), best.value());
        return Some(if op == CompareOp::Gt { value > best } else { value < best });
    }
    if ty == Str::TYPE {
        // SAFETY: both are exact.
        let (value, best): (Borrowed<'_, Str>, Borrowed<'_, Str>) =
            unsafe { (value.cast_borrowed_unchecked(), best.cast_borrowed_unchecked()) };
        let order = value.compare_str(&best);
        return Some(if op == CompareOp::Gt { order.is_gt() } else { order.is_lt() });
    }
    None
}

/// The greatest or least of items that the caller keeps.
fn extreme_of_slice(items: &[Borrowed<'_, Object>], op: CompareOp) -> PyResult<Option<Ref<Object>>> {
    let Some((&first, rest)) = items.split_first() else { return Ok(None) };
    let mut best = first;
    for &item in rest {
        if is_better(item, best, op)? {
            best = item;
        }
    }
    Ok(Some(best.to_owned()))
}

fn extreme_of_iterable(iterable: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Option<Ref<Object>>> {
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        // The caller keeps the tuple, and that its items.
        let mut items = tuple.iter();
        let Some(mut best) = items.next() else { return Ok(None) };
        for item in items {
            if is_better(item, best, op)? {
                best = item;
            }
        }
        return Ok(Some(best.to_owned()));
    }
    let mut best: Ref<Object>;
    if let Some(list) = iterable.downcast_exact::<List>() {
        let Some(first) = list.get(0) else { return Ok(None) };
        best = first;
        let mut index = 1;
        loop {
            // These are compared where they are: nothing runs, and the list stays as it is.
            while let Some(item) = list.peek(index) {
                match better_number(item, best.borrow(), op) {
                    Some(true) => best = item.to_owned(),
                    Some(false) => {}
                    None => break,
                }
                index += 1;
            }
            let Some(item) = list.get(index) else { return Ok(Some(best)) };
            if item.compare_bool(best.borrow(), op)? {
                best = item;
            }
            index += 1;
        }
    }
    let iterator = iterable.iter()?;
    let Some(first) = iterator.next()? else { return Ok(None) };
    best = first;
    while let Some(item) = iterator.next()? {
        if is_better(item.borrow(), best.borrow(), op)? {
            // The old best is dropped last: that may run code.
            drop(core::mem::replace(&mut best, item));
        }
    }
    Ok(Some(best))
}

/// A sum of floats and what rounding lost of it (Neumaier's variant of Kahan summation), as CPython has it since 3.12.
#[derive(Clone, Copy)]
struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    fn new(value: f64) -> Compensated {
        Compensated { high: value, low: 0.0 }
    }

    fn add(self, value: f64) -> Compensated {
        let total = self.high + value;
        let lost =
            if self.high.abs() >= value.abs() { (self.high - total) + value } else { (value - total) + self.high };
        Compensated { high: total, low: self.low + lost }
    }

    fn value(self) -> f64 {
        // An infinite or undefined correction would spoil an infinite sum.
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}

/// How many items are summed natively between two looks at pending signals.
const BETWEEN_CHECKS: u32 = 1 << 14;

/// Adds the items of `iterator` to `result`: integers in a machine word and floats in registers as long as that goes.
fn sum(iterator: &Ref<Object>, start: Ref<Object>) -> PyResult<Ref<Object>> {
    let mut result = start;
    let mut countdown = BETWEEN_CHECKS;
    let mut tick = || -> PyResult<()> {
        countdown -= 1;
        if countdown == 0 {
            countdown = BETWEEN_CHECKS;
            crate::thread::check_interrupts()?;
        }
        Ok(())
    };
    if let Some(mut total) = result.downcast_exact::<Int>().and_then(|int| int.to_i64()) {
        loop {
            let Some(item) = iterator.next()? else { return Ok(Int::from_i64(total)?.into_object()) };
            let small = if item.is_exact::<Int>() || item.is_exact::<Bool>() {
                item.downcast::<Int>().and_then(|int| int.to_i64())
            } else {
                None
            };
            match small.and_then(|value| total.checked_add(value)) {
                Some(sum) => total = sum,
                None => {
                    result = Int::from_i64(total)?.as_object().add(item.borrow())?;
                    break;
                }
            }
            tick()?;
        }
    }
    if let Some(float) = result.downcast_exact::<Float>() {
        let mut total = Compensated::new(float.value());
        loop {
            let Some(item) = iterator.next()? else { return Ok(Float::new(total.value())?.into_object()) };
            if let Some(float) = item.downcast_exact::<Float>() {
                total = total.add(float.value());
            } else if let Some(int) = item.downcast::<Int>() {
                total = total.add(int.to_f64()?);
            } else {
                result = Float::new(total.value())?.as_object().add(item.borrow())?;
                break;
            }
            tick()?;
        }
    }
    if let Some(complex) = result.downcast_exact::<Complex>() {
        let (real, imaginary) = (complex.value().real, complex.value().imag);
        let (mut real, mut imaginary) = (Compensated::new(real), Compensated::new(imaginary));
        loop {
            let Some(item) = iterator.next()? else {
                return Ok(Complex::new(real.value(), imaginary.value())?.into_object());
            };
            if let Some(complex) = item.downcast_exact::<Complex>() {
                let (more_real, more_imaginary) = (complex.value().real, complex.value().imag);
                real = real.add(more_real);
                imaginary = imaginary.add(more_imaginary);
            } else if let Some(int) = item.downcast::<Int>() {
                real = real.add(int.to_f64()?);
            } else if let Some(float) = item.downcast::<Float>() {
                real = real.add(float.value());
            } else {
                result = Complex::new(real.value(), imaginary.value())?.as_object().add(item.borrow())?;
                break;
            }
            tick()?;
        }
    }
    while let Some(item) = iterator.next()? {
        // Not in place: the start value belongs to the caller.
        result = result.add(item.borrow())?;
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::Compensated;

    #[test]
    fn compensated_sum_is_exact_where_a_plain_one_is_not() {
        let values = [1.0, 1e100, 1.0, -1e100];
        let total = values.iter().fold(Compensated::new(0.0), |total, value| total.add(*value));
        assert_eq!(total.value(), 2.0);
        let infinite = Compensated::new(f64::INFINITY).add(1.0);
        assert_eq!(infinite.value(), f64::INFINITY);
    }
}
