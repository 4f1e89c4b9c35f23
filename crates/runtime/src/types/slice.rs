//! `slice`: start, stop and step of a subscript, and the arithmetic of indices.
//!
//! CPython: `Objects/sliceobject.c`, `_PyEval_SliceIndex` of `Python/ceval.c`.

use core::cell::Cell;
use core::mem::offset_of;

use crate::abi::{PyObject, PySliceObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// `PySliceObject`. The three parts are never null.
#[repr(transparent)]
pub struct Slice(pub PySliceObject);

/// The parts of a slice as machine integers, clipped to their range, not yet applied to a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    pub start: isize,
    pub stop: isize,
    /// Neither 0 nor the least integer, so that it can be negated.
    pub step: isize,
}

impl Unpacked {
    /// The parts for a sequence of `len` items, and how many items they select (`PySlice_AdjustIndices`). Every
    /// `start + step * i` for `i` below the count is inside.
    pub fn adjust(self, len: usize) -> (isize, isize, isize, usize) {
        let len = len as isize;
        let (lowest, highest) = if self.step < 0 { (-1, len - 1) } else { (0, len) };
        let clip = |index: isize| {
            if index < 0 { (index + len).max(lowest) } else { index.min(highest) }
        };
        let (start, stop) = (clip(self.start), clip(self.stop));
        let count = if self.step < 0 {
            if stop < start { (start - stop - 1) / -self.step + 1 } else { 0 }
        } else if start < stop {
            (stop - start - 1) / self.step + 1
        } else {
            0
        };
        (start, stop, self.step, count as usize)
    }
}

/// A part of a slice as a machine integer, clipped (`_PyEval_SliceIndex`).
#[inline]
fn part(value: Borrowed<'_, Object>) -> PyResult<isize> {
    if let Some(int) = value.downcast_exact::<Int>() {
        return Ok(int.to_isize_clamped());
    }
    if !value.has_index() {
        return Err(raise!(TypeError, "slice indices must be integers or None or have an __index__ method"));
    }
    value.as_clamped_isize()
}

/// An argument `start` or `stop` of `index` methods (`_PyEval_SliceIndexNotNone`).
pub fn index_argument(value: Borrowed<'_, Object>) -> PyResult<isize> {
    if !value.has_index() {
        return Err(raise!(TypeError, "slice indices must be integers or have an __index__ method"));
    }
    value.as_clamped_isize()
}

/// The range that `index(value, start, stop)` of a sequence of `len` items searches. `stop` may be past the end.
pub fn search_range(
    start: Option<Borrowed<'_, Object>>,
    stop: Option<Borrowed<'_, Object>>,
    len: usize,
) -> PyResult<(usize, usize)> {
    let place = |value: Option<Borrowed<'_, Object>>, default: isize| -> PyResult<usize> {
        let index = value.map_or(Ok(default), index_argument)?;
        Ok(if index < 0 { (index + len as isize).max(0) } else { index } as usize)
    };
    Ok((place(start, 0)?, place(stop, isize::MAX)?))
}

impl Slice {
    /// `slice(start, stop, step)`; `None` where a part is not given.
    pub fn new(
        start: Option<Borrowed<'_, Object>>,
        stop: Option<Borrowed<'_, Object>>,
        step: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Slice>> {
        // SAFETY: all fields are written before the slice is tracked.
        unsafe {
            let slice = memory::object::new::<Slice>()?;
            let part =
                |value: Option<Borrowed<'_, Object>>| value.map_or_else(none, |value| value.to_owned()).into_ptr();
            (*slice).0.start.set(part(start));
            (*slice).0.stop.set(part(stop));
            (*slice).0.step.set(part(step));
            memory::object::gc_track(slice.cast());
            Ok(Ref::from_owned_ptr(slice))
        }
    }

    /// `slice(start, stop)` of integers (`_PySlice_FromIndices`).
    pub fn from_indices(start: isize, stop: isize) -> PyResult<Ref<Slice>> {
        let (start, stop) = (Int::from_isize(start)?, Int::from_isize(stop)?);
        Slice::new(Some(start.as_borrowed()), Some(stop.as_borrowed()), None)
    }
}

impl Ref<Slice> {
    fn part(&self, field: &Cell<*mut PyObject>) -> Borrowed<'_, Object> {
        // SAFETY: never null, and a slice does not change.
        unsafe { Borrowed::from_ptr(field.get()) }
    }

    pub fn start(&self) -> Borrowed<'_, Object> {
        self.part(&self.0.start)
    }

    pub fn stop(&self) -> Borrowed<'_, Object> {
        self.part(&self.0.stop)
    }

    pub fn step(&self) -> Borrowed<'_, Object> {
        self.part(&self.0.step)
    }

    /// The parts as machine integers (`PySlice_Unpack`). May run `__index__`.
    pub fn unpack(&self) -> PyResult<Unpacked> {
        let given = |value: Borrowed<'_, Object>| -> PyResult<Option<isize>> {
            if value.is_none() { Ok(None) } else { part(value).map(Some) }
        };
        let step = match given(self.step())? {
            None => 1,
            Some(0) => return Err(raise!(ValueError, "slice step cannot be zero")),
            Some(step) => step.max(-isize::MAX),
        };
        let start = given(self.start())?.unwrap_or(if step < 0 { isize::MAX } else { 0 });
        let stop = given(self.stop())?.unwrap_or(if step < 0 { isize::MIN } else { isize::MAX });
        Ok(Unpacked { start, stop, step })
    }

    /// Start, stop, step and number of items for a sequence of `len` items that `__index__` of the parts cannot change.
    /// For one that it can, ask for the length after [`Ref::<Slice>::unpack`].
    pub fn indices(&self, len: usize) -> PyResult<(isize, isize, isize, usize)> {
        Ok(self.unpack()?.adjust(len))
    }

    fn to_tuple(&self) -> PyResult<Ref<Tuple>> {
        Tuple::pack([self.start().to_owned(), self.stop().to_owned(), self.step().to_owned()])
    }

    /// What `slice.indices` answers, for lengths and parts of any size.
    fn long_indices(&self, len: &Ref<Int>) -> PyResult<[Ref<Int>; 3]> {
        let index = |value: Borrowed<'_, Object>| -> PyResult<Option<Ref<Int>>> {
            if value.is_none() {
                return Ok(None);
            }
            if !value.has_index() {
                return Err(raise!(TypeError, "slice indices must be integers or None or have an __index__ method"));
            }
            value.index().map(Some)
        };
        let step = index(self.step())?.map_or_else(|| Int::from_i64(1), Ok)?;
        if step.is_zero() {
            return Err(raise!(ValueError, "slice step cannot be zero"));
        }
        let backwards = step.is_negative();
        let (lowest, highest) =
            if backwards { (Int::from_i64(-1)?, len.sub(&Int::one())?) } else { (Int::zero(), len.clone()) };
        let less = |a: &Ref<Int>, b: &Ref<Int>| a.as_object().compare_bool(b.as_borrowed(), CompareOp::Lt);
        let clip = |value: Option<Ref<Int>>, default: &Ref<Int>| -> PyResult<Ref<Int>> {
            let Some(value) = value else { return Ok(default.clone()) };
            if value.is_negative() {
                let value = value.add(len)?;
                return Ok(if less(&value, &lowest)? { lowest.clone() } else { value });
            }
            Ok(if less(&highest, &value)? { highest.clone() } else { value })
        };
        let start = clip(index(self.start())?, if backwards { &highest } else { &lowest })?;
        let stop = clip(index(self.stop())?, if backwards { &lowest } else { &highest })?;
        Ok([start, stop, step])
    }
}

#[pytype(name = "slice", export = "PySlice_Type", gc)]
impl Slice {
    #[new(raw)]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Slice>> {
        let _ = cls;
        args.no_keywords("slice")?;
        args.check_count("slice", 1, 3)?;
        match args.nargs() {
            1 => Slice::new(None, args.get(0), None),
            _ => Slice::new(args.get(0), args.get(1), args.get(2)),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Slice) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            header::decref((*this).0.step.get());
            header::decref((*this).0.start.get());
            header::decref((*this).0.stop.get());
            memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Slice, visit: &mut Visitor) {
        visit.object(this.0.start.get());
        visit.object(this.0.stop.get());
        visit.object(this.0.step.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Slice>) -> PyResult<Ref<Str>> {
        let mut text = crate::types::str::StrBuilder::new();
        text.push_str("slice(")?;
        text.push_object(&this.start().repr()?)?;
        text.push_str(", ")?;
        text.push_object(&this.stop().repr()?)?;
        text.push_str(", ")?;
        text.push_object(&this.step().repr()?)?;
        text.push_str(")")?;
        text.finish()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Slice>) -> PyResult<isize> {
        let mut hasher = crate::types::tuple::TupleHasher::new();
        hasher.add(this.start().hash()?);
        hasher.add(this.stop().hash()?);
        hasher.add(this.step().hash()?);
        Ok(hasher.finish_without_length())
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Slice>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Slice>() else { return Ok(not_implemented()) };
        if this.is(&other) {
            return Ok(op.result(core::cmp::Ordering::Equal));
        }
        this.to_tuple()?.as_object().rich_compare(other.to_tuple()?.as_borrowed(), op)
    }

    #[method(name = "indices", signature = "($self, object, /)")]
    fn indices_method(this: &Ref<Slice>, object: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let len = object.index()?;
        if len.is_negative() {
            return Err(raise!(ValueError, "length should not be negative"));
        }
        let [start, stop, step] = this.long_indices(&len)?;
        Tuple::pack([start.into_object(), stop.into_object(), step.into_object()])
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Slice>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([Slice::type_object().upcast().to_owned(), this.to_tuple()?.into_object()])
    }

    #[member(name = "start", kind = T_OBJECT, offset = offset_of!(PySliceObject, start), readonly)]
    const _START: () = ();
    #[member(name = "stop", kind = T_OBJECT, offset = offset_of!(PySliceObject, stop), readonly)]
    const _STOP: () = ();
    #[member(name = "step", kind = T_OBJECT, offset = offset_of!(PySliceObject, step), readonly)]
    const _STEP: () = ();
}

#[cfg(test)]
mod tests {
    use super::Unpacked;

    fn check(start: isize, stop: isize, step: isize, len: usize, expected: (isize, isize, isize, usize)) {
        assert_eq!(Unpacked { start, stop, step }.adjust(len), expected);
    }

    #[test]
    fn indices_are_clipped_to_the_length() {
        check(0, isize::MAX, 1, 5, (0, 5, 1, 5));
        check(-2, isize::MAX, 1, 5, (3, 5, 1, 2));
        check(-20, 20, 2, 5, (0, 5, 2, 3));
        check(isize::MAX, isize::MIN, -1, 5, (4, -1, -1, 5));
        check(isize::MAX, isize::MIN, -2, 4, (3, -1, -2, 2));
        check(3, 1, 1, 5, (3, 1, 1, 0));
        check(0, isize::MAX, isize::MAX, 5, (0, 5, isize::MAX, 1));
        check(isize::MAX, isize::MIN, -isize::MAX, 5, (4, -1, -isize::MAX, 1));
        check(0, 0, 1, 0, (0, 0, 1, 0));
        check(isize::MAX, isize::MIN, -1, 0, (-1, -1, -1, 0));
    }
}
