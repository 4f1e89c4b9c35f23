//! `count` and `repeat`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

/// Counts in `count` by one until that is the largest machine integer, then, and with other steps, in `number`.
#[repr(C)]
pub struct Count {
    head: PyObject,
    number: Slot,
    step: Slot,
    count: Cell<isize>,
}

/// Whether the object is a number (`PyNumber_Check`).
fn is_number(object: Borrowed<'_, Object>) -> bool {
    // SAFETY: null or a table that lives as long as the type.
    let slots = unsafe { object.type_of().tp_as_number.get().as_ref() };
    slots.is_some_and(|slots| {
        slots.nb_index.get().is_some() || slots.nb_int.get().is_some() || slots.nb_float.get().is_some()
    }) || object.is_instance_of::<Complex>()
}

impl Count {
    #[inline(never)]
    fn next_long(&self) -> PyResult<Option<Ref<Object>>> {
        let number = match self.number.get() {
            Some(number) => number,
            None => Int::from_isize(isize::MAX)?.into_object(),
        };
        let step = self.step.get().unwrap_or_else(|| Int::one().into_object());
        let next = number.add(step.borrow())?;
        self.number.set(Some(next));
        Ok(Some(number))
    }
}

iterator! { Count "count" [number, step] {
    #[new(signature = "(start=0, step=1)")]
    fn new(
        cls: Borrowed<'_, Type>,
        start: Option<Borrowed<'_, Object>>,
        step: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Count>> {
        if start.is_some_and(|start| !is_number(start)) || step.is_some_and(|step| !is_number(step)) {
            return Err(raise!(TypeError, "a number is required"));
        }
        let int_of = |value: Option<Borrowed<'_, Object>>, default: isize| match value {
            None => Some(default),
            Some(value) => value.downcast::<Int>().and_then(|value| value.to_isize()),
        };
        let this: Ref<Count> = support::instance(cls)?;
        let one = step.is_none_or(|step| step.is_instance_of::<Int>()) && int_of(step, 1) == Some(1);
        match int_of(start, 0).filter(|&count| one && count < isize::MAX) {
            Some(count) => this.count.set(count),
            None => {
                this.count.set(isize::MAX);
                this.number.set(Some(match start {
                    Some(start) => start.to_owned(),
                    None => Int::zero().into_object(),
                }));
            }
        }
        this.step.set(Some(match step {
            Some(step) => step.to_owned(),
            None => Int::one().into_object(),
        }));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Count>) -> PyResult<Option<Ref<Object>>> {
        let count = this.count.get();
        if count == isize::MAX {
            return this.next_long();
        }
        this.count.set(count + 1);
        Ok(Some(Int::from_isize(count)?.into_object()))
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Count>) -> PyResult<Ref<Str>> {
        let name = this.type_of().short_name();
        let count = this.count.get();
        if count != isize::MAX {
            return Str::from_utf8_str(&format!("{name}({count})"));
        }
        let number = match this.number.get() {
            Some(number) => number.repr()?,
            None => Str::from_utf8_str(&count.to_string())?,
        };
        let mut pieces = vec![Str::from_utf8_str(&format!("{name}("))?, number];
        if let Some(step) = this.step.get()
            && step.downcast::<Int>().is_none_or(|step| step.to_isize() != Some(1))
        {
            pieces.push(Str::from_utf8_str(", ")?);
            pieces.push(step.repr()?);
        }
        pieces.push(Str::from_utf8_str(")")?);
        support::concat(pieces)
    }
} }

#[repr(C)]
pub struct Repeat {
    head: PyObject,
    element: Slot,
    /// How often the element is still to come, -1 for ever.
    left: Cell<isize>,
}

iterator! { Repeat "repeat" [element] {
    #[new(signature = "(object, times=<unrepresentable>)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>, times: Option<isize>) -> PyResult<Ref<Repeat>> {
        let this: Ref<Repeat> = support::instance(cls)?;
        this.element.set(Some(object.to_owned()));
        this.left.set(times.map_or(-1, |times| times.max(0)));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Repeat>) -> Option<Ref<Object>> {
        let left = this.left.get();
        if left == 0 {
            return None;
        }
        if left > 0 {
            this.left.set(left - 1);
        }
        this.element.get()
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Repeat>) -> PyResult<Ref<Str>> {
        let start = Str::from_utf8_str(&format!("{}(", this.type_of().short_name()))?;
        let element = this.element.get().unwrap_or_else(none).repr()?;
        let end = match this.left.get() {
            -1 => Str::from_utf8_str(")")?,
            left => Str::from_utf8_str(&format!(", {left})"))?,
        };
        support::concat(vec![start, element, end])
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<Repeat>) -> PyResult<isize> {
        match this.left.get() {
            -1 => Err(raise!(TypeError, "len() of unsized object")),
            left => Ok(left),
        }
    }
} }
