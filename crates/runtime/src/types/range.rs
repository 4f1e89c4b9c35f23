//! `range` and its iterators: arithmetic sequences of ints of any size.
//!
//! **Invariant:** start, stop, step and length of a range are exact ints, the step is not zero, and the length is not
//! negative. `range_iterator` serves ranges whose numbers, the one after the last included, fit 64 bits;
//! `longrange_iterator` serves the others.
//!
//! CPython: `Objects/rangeobject.c`.

use core::cell::Cell;
use core::cmp::Ordering;
use core::mem::offset_of;

use crate::abi::{_PyRangeIterObject, _PyRangeObject, PyObject, PySliceObject, longrangeiterobject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// A range.
#[repr(transparent)]
pub struct Range(pub _PyRangeObject);

/// An iterator over machine integers.
#[repr(transparent)]
pub struct RangeIterator(pub _PyRangeIterObject);

/// An iterator over ints of any size.
#[repr(transparent)]
pub struct LongRangeIterator(pub longrangeiterobject);

/// A new object of a type without subclasses, its fields not yet written.
///
/// # Safety
/// The caller writes all fields before anyone sees the object.
unsafe fn allocate<T: PyLayout>() -> PyResult<*mut T> {
    // SAFETY: the block is as large as `T`.
    unsafe {
        let block = memory::small::malloc(size_of::<T>()).cast::<T>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        header::init(block.cast(), T::TYPE);
        Ok(block)
    }
}

/// The int in a field.
///
/// # Safety
/// The field holds an int that the object owns.
#[inline(always)]
unsafe fn int_at(field: &Cell<*mut PyObject>) -> Borrowed<'_, Int> {
    // SAFETY: by contract.
    unsafe { Borrowed::from_ptr(field.get()) }
}

/// The number of values of a range of machine integers.
#[inline]
fn machine_length(start: i64, stop: i64, step: i64) -> u64 {
    if step > 0 {
        if start >= stop { 0 } else { 1 + (stop.wrapping_sub(start) as u64 - 1) / step as u64 }
    } else if start <= stop {
        0
    } else {
        1 + (start.wrapping_sub(stop) as u64 - 1) / step.unsigned_abs()
    }
}

/// The number of values of a range.
fn length_of(start: &Ref<Int>, stop: &Ref<Int>, step: &Ref<Int>) -> PyResult<Ref<Int>> {
    if let (Some(start), Some(stop), Some(step)) = (start.to_i64(), stop.to_i64(), step.to_i64()) {
        return Int::from_u64(machine_length(start, stop, step));
    }
    let (low, high) = if step.is_negative() { (stop, start) } else { (start, stop) };
    if low.compare(high) != Ordering::Less {
        return Ok(Int::zero());
    }
    let distance = high.sub(low)?.sub(&Int::one())?;
    distance.floor_div(&step.absolute()?)?.add(&Int::one())
}

impl Range {
    /// A range of exact ints; the step is not zero.
    pub fn new(start: Ref<Int>, stop: Ref<Int>, step: Ref<Int>) -> PyResult<Ref<Range>> {
        let length = length_of(&start, &stop, &step)?;
        // SAFETY: all fields are written; each takes over a count.
        unsafe {
            let range = allocate::<Range>()?;
            let fields = &(*range).0;
            fields.start.set(start.into_ptr());
            fields.stop.set(stop.into_ptr());
            fields.step.set(step.into_ptr());
            fields.length.set(length.into_ptr());
            Ok(Ref::from_owned_ptr(range))
        }
    }
}

impl Ref<Range> {
    pub fn start(&self) -> Borrowed<'_, Int> {
        // SAFETY: the invariant of ranges.
        unsafe { int_at(&self.0.start) }
    }

    pub fn stop(&self) -> Borrowed<'_, Int> {
        // SAFETY: the invariant of ranges.
        unsafe { int_at(&self.0.stop) }
    }

    pub fn step(&self) -> Borrowed<'_, Int> {
        // SAFETY: the invariant of ranges.
        unsafe { int_at(&self.0.step) }
    }

    pub fn length(&self) -> Borrowed<'_, Int> {
        // SAFETY: the invariant of ranges.
        unsafe { int_at(&self.0.length) }
    }

    /// `start + index * step`, without looking at the length.
    fn value_at(&self, index: &Ref<Int>) -> PyResult<Ref<Int>> {
        self.start().add(&index.mul(&self.step())?)
    }

    /// `self[index]`
    fn item(&self, index: &Ref<Int>) -> PyResult<Ref<Int>> {
        let index = if index.is_negative() { index.add(&self.length())? } else { index.clone() };
        if index.is_negative() || index.compare(&self.length()) != Ordering::Less {
            return Err(raise!(IndexError, "range object index out of range"));
        }
        self.value_at(&index)
    }

    /// Where the int `value` stands, if it does.
    fn position(&self, value: &Ref<Int>) -> PyResult<Option<Ref<Int>>> {
        let (start, stop, step) = (self.start(), self.stop(), self.step());
        let (low, high) = if step.is_negative() { (&stop, &start) } else { (&start, &stop) };
        // The start belongs to the range, the stop does not.
        let inside = if step.is_negative() {
            value.compare(low) == Ordering::Greater && value.compare(high) != Ordering::Greater
        } else {
            value.compare(low) != Ordering::Less && value.compare(high) == Ordering::Less
        };
        if !inside {
            return Ok(None);
        }
        let (index, rest) = value.sub(&start)?.div_mod(&step)?;
        Ok(rest.is_zero().then_some(index))
    }

    /// `self[slice]`
    fn slice(&self, slice: &PySliceObject) -> PyResult<Ref<Range>> {
        // SAFETY: a slice owns its three objects.
        let part = |field: &Cell<*mut PyObject>| unsafe { Borrowed::<'_, Object>::from_ptr(field.get()).to_owned() };
        let [start, stop, step] = [part(&slice.start), part(&slice.stop), part(&slice.step)];
        let index_of = |object: &Ref<Object>| -> PyResult<Option<Ref<Int>>> {
            if object.is_none() {
                return Ok(None);
            }
            if !object.has_index() {
                return Err(raise!(TypeError, "slice indices must be integers or None or have an __index__ method"));
            }
            object.index().map(Some)
        };
        let step = index_of(&step)?.map_or_else(|| Ok(Int::one()), |step| step.to_exact())?;
        if step.is_zero() {
            return Err(raise!(ValueError, "slice step cannot be zero"));
        }
        let length = self.length();
        let backward = step.is_negative();
        let (lower, upper) =
            if backward { (Int::from_i64(-1)?, length.sub(&Int::one())?) } else { (Int::zero(), length.to_owned()) };
        let clip = |index: Option<Ref<Int>>, default: &Ref<Int>| -> PyResult<Ref<Int>> {
            let Some(index) = index else { return Ok(default.clone()) };
            let index = if index.is_negative() { index.add(&length)? } else { index };
            Ok(if index.compare(&lower) == Ordering::Less {
                lower.clone()
            } else if index.compare(&upper) == Ordering::Greater {
                upper.clone()
            } else {
                index
            })
        };
        let start = clip(index_of(&start)?, if backward { &upper } else { &lower })?;
        let stop = clip(index_of(&stop)?, if backward { &lower } else { &upper })?;
        Range::new(self.value_at(&start)?, self.value_at(&stop)?, self.step().mul(&step)?)
    }

    /// Equality of the sequences, not of how they were written.
    fn equals_range(&self, other: &Ref<Range>) -> bool {
        if self.is(other) {
            return true;
        }
        if !self.length().equals_int(&other.length()) {
            return false;
        }
        if self.length().is_zero() {
            return true;
        }
        if !self.start().equals_int(&other.start()) {
            return false;
        }
        self.length().small_value() == Some(1) || self.step().equals_int(&other.step())
    }
}

/// The int in `object` if its exact type is int or bool: those can be found by arithmetic.
fn plain_int(object: Borrowed<'_, Object>) -> Option<Borrowed<'_, Int>> {
    if object.is_exact::<Int>() || object.is_exact::<Bool>() { object.downcast_borrowed::<Int>() } else { None }
}

/// An iterator over `length` values from `start` on.
fn iterate(start: &Ref<Int>, step: &Ref<Int>, length: &Ref<Int>) -> PyResult<Ref<Object>> {
    if let (Some(start), Some(step), Some(length)) = (start.to_i64(), step.to_i64(), length.to_i64())
        && i64::try_from(start as i128 + step as i128 * length as i128).is_ok()
    {
        return Ok(RangeIterator::new(start, step, length)?.into_object());
    }
    // SAFETY: all fields are written; each takes over a count.
    unsafe {
        let iterator = allocate::<LongRangeIterator>()?;
        let fields = &(*iterator).0;
        fields.start.set(start.clone().into_ptr());
        fields.step.set(step.clone().into_ptr());
        fields.len.set(length.clone().into_ptr());
        Ok(Ref::from_owned_ptr(iterator))
    }
}

/// `__reduce__` of an iterator with `range` left to go: `(iter, (range,), None)`.
fn reduce_iterator(range: Ref<Range>) -> PyResult<Ref<Tuple>> {
    let iter = crate::thread::builtin(id!("iter"))?;
    Tuple::from_vec(vec![iter, Tuple::from_vec(vec![range.into_object()])?.into_object(), none()])
}

#[pytype(name = "range", export = "PyRange_Type", sequence)]
impl Range {
    #[new(raw, signature = "(start, stop, step, /)", no_text_signature)]
    fn new_range(_cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Range>> {
        args.no_keywords("range")?;
        args.check_count("range", 1, 3)?;
        let int = |index: usize| -> PyResult<Option<Ref<Int>>> {
            args.get(index).map(|object| object.index()?.to_exact()).transpose()
        };
        match (int(0)?, int(1)?) {
            (Some(stop), None) => Range::new(Int::zero(), stop, Int::one()),
            (Some(start), Some(stop)) => {
                let step = int(2)?.unwrap_or_else(Int::one);
                if step.is_zero() {
                    return Err(raise!(ValueError, "range() arg 3 must not be zero"));
                }
                Range::new(start, stop, step)
            }
            _ => Err(raise!(TypeError, "range expected at least 1 argument, got 0")),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Range) {
        // SAFETY: the range owns its four ints and is not used any more.
        unsafe {
            for field in [&(*this).0.start, &(*this).0.stop, &(*this).0.step, &(*this).0.length] {
                header::decref(field.get());
            }
            memory::small::free(this.cast());
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Range>) -> PyResult<Ref<Str>> {
        let text = |int: Borrowed<'_, Int>| int.to_text(crate::types::int::Base::Decimal, false);
        let (start, stop) = (text(this.start())?, text(this.stop())?);
        if this.step().small_value() == Some(1) {
            return Str::from_utf8_str(&format!("range({start}, {stop})"));
        }
        Str::from_utf8_str(&format!("range({start}, {stop}, {})", text(this.step())?))
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Range>) -> PyResult<isize> {
        let length = this.length();
        let mut parts = vec![length.to_owned().into_object(), none(), none()];
        if !length.is_zero() {
            parts[1] = this.start().to_owned().into_object();
            if length.small_value() != Some(1) {
                parts[2] = this.step().to_owned().into_object();
            }
        }
        Tuple::from_vec(parts)?.as_object().hash()
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Range>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Range>() else { return Ok(not_implemented()) };
        match op {
            CompareOp::Eq => Ok(Bool::from(this.equals_range(&other)).into_object()),
            CompareOp::Ne => Ok(Bool::from(!this.equals_range(&other)).into_object()),
            _ => Ok(not_implemented()),
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Range>) -> PyResult<Ref<Object>> {
        iterate(&this.start(), &this.step(), &this.length())
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<Range>) -> bool {
        !this.length().is_zero()
    }

    #[slot(sq_length)]
    fn sequence_length(this: &Ref<Range>) -> PyResult<isize> {
        match this.length().to_isize() {
            Some(length) => Ok(length),
            None => Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
        }
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Range>) -> PyResult<isize> {
        Range::sequence_length(this)
    }

    #[slot(sq_item)]
    fn sequence_item(this: &Ref<Range>, index: isize) -> PyResult<Ref<Int>> {
        // The caller has added the length to a negative index; one that is still negative is out of range.
        if index < 0 {
            return Err(raise!(IndexError, "range object index out of range"));
        }
        this.item(&Int::from_isize(index)?)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Range>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if key.has_index() {
            return Ok(this.item(&key.index()?)?.into_object());
        }
        if key.is_exact::<Slice>() {
            // SAFETY: an exact slice has this layout.
            let slice = unsafe { &*key.as_ptr().cast::<PySliceObject>() };
            return Ok(this.slice(slice)?.into_object());
        }
        Err(raise!(TypeError, "range indices must be integers or slices, not {}", key.type_name()))
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<Range>, value: Borrowed<'_, Object>) -> PyResult<bool> {
        if let Some(int) = plain_int(value) {
            return Ok(this.position(&int)?.is_some());
        }
        let iterator = Range::iter(this)?;
        while let Some(item) = iterator.next()? {
            if item.equals(value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<Range>) -> PyResult<Ref<Object>> {
        let length = this.length();
        let last = this.value_at(&length.sub(&Int::one())?)?;
        iterate(&last, &this.step().negate()?, &length)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Range>) -> PyResult<Ref<Tuple>> {
        let parts = [this.start(), this.stop(), this.step()].map(|int| int.to_owned().into_object());
        let arguments = Tuple::from_vec(Vec::from(parts))?;
        Tuple::from_vec(vec![this.type_of().to_owned().into_object(), arguments.into_object()])
    }

    #[method(signature = "($self, object, /)")]
    fn count(this: &Ref<Range>, object: Borrowed<'_, Object>) -> PyResult<isize> {
        if let Some(int) = plain_int(object) {
            return Ok(this.position(&int)?.is_some() as isize);
        }
        let iterator = Range::iter(this)?;
        let mut count = 0;
        while let Some(item) = iterator.next()? {
            count += item.equals(object)? as isize;
        }
        Ok(count)
    }

    #[method(signature = "($self, object, /)")]
    fn index(this: &Ref<Range>, object: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        if let Some(int) = plain_int(object) {
            return match this.position(&int)? {
                Some(index) => Ok(index),
                None => Err(raise!(ValueError, "range.index(x): x not in range")),
            };
        }
        let iterator = Range::iter(this)?;
        let mut index = 0i64;
        while let Some(item) = iterator.next()? {
            if item.equals(object)? {
                return Int::from_i64(index);
            }
            index += 1;
        }
        Err(raise!(ValueError, "sequence.index(x): x not in sequence"))
    }

    #[member(name = "start", kind = T_OBJECT_EX, offset = offset_of!(_PyRangeObject, start), readonly)]
    const _START: () = ();

    #[member(name = "stop", kind = T_OBJECT_EX, offset = offset_of!(_PyRangeObject, stop), readonly)]
    const _STOP: () = ();

    #[member(name = "step", kind = T_OBJECT_EX, offset = offset_of!(_PyRangeObject, step), readonly)]
    const _STEP: () = ();
}

impl RangeIterator {
    /// An iterator over `length` values; `start + step * length` fits.
    pub fn new(start: i64, step: i64, length: i64) -> PyResult<Ref<RangeIterator>> {
        // SAFETY: all fields are written.
        unsafe {
            let iterator = allocate::<RangeIterator>()?;
            (*iterator).0.start.set(start);
            (*iterator).0.step.set(step);
            (*iterator).0.len.set(length);
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    /// The next value.
    #[inline(always)]
    pub fn advance(&self) -> Option<i64> {
        let fields = &self.0;
        let length = fields.len.get();
        if length <= 0 {
            return None;
        }
        let value = fields.start.get();
        // Cannot overflow: the value after the last fits, too.
        fields.start.set(value.wrapping_add(fields.step.get()));
        fields.len.set(length - 1);
        Some(value)
    }
}

#[pytype(name = "range_iterator", export = "PyRangeIter_Type", disallow_instantiation)]
impl RangeIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut RangeIterator) {
        // SAFETY: not used any more.
        unsafe { memory::small::free(this.cast()) }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<RangeIterator>) -> Ref<RangeIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<RangeIterator>) -> PyResult<Option<Ref<Int>>> {
        this.advance().map(Int::from_i64).transpose()
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<RangeIterator>) -> i64 {
        this.0.len.get()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<RangeIterator>) -> PyResult<Ref<Tuple>> {
        let (start, step, length) = (this.0.start.get(), this.0.step.get(), this.0.len.get());
        let stop = Int::linear(start, step, length)?;
        reduce_iterator(Range::new(Int::from_i64(start)?, stop, Int::from_i64(step)?)?)
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<RangeIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(index) = object.index()?.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let fields = &this.0;
        let index = index.clamp(0, fields.len.get());
        fields.start.set(fields.start.get().wrapping_add(index.wrapping_mul(fields.step.get())));
        fields.len.set(fields.len.get() - index);
        Ok(())
    }
}

impl Ref<LongRangeIterator> {
    fn field(&self, field: &Cell<*mut PyObject>) -> Ref<Int> {
        // SAFETY: the iterator owns an int in each field.
        unsafe { int_at(field) }.to_owned()
    }

    /// Goes `count` values ahead; that many are left.
    fn skip(&self, count: &Ref<Int>) -> PyResult<()> {
        let fields = &self.0;
        let start = self.field(&fields.start).add(&self.field(&fields.step).mul(count)?)?;
        let length = self.field(&fields.len).sub(count)?;
        for (field, value) in [(&fields.start, start), (&fields.len, length)] {
            // SAFETY: the field owned the old int.
            drop(unsafe { Ref::<Int>::from_owned_ptr(field.replace(value.into_ptr())) });
        }
        Ok(())
    }
}

#[pytype(name = "longrange_iterator", export = "PyLongRangeIter_Type", disallow_instantiation)]
impl LongRangeIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut LongRangeIterator) {
        // SAFETY: the iterator owns its three ints and is not used any more.
        unsafe {
            for field in [&(*this).0.start, &(*this).0.step, &(*this).0.len] {
                header::decref(field.get());
            }
            memory::small::free(this.cast());
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<LongRangeIterator>) -> Ref<LongRangeIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<LongRangeIterator>) -> PyResult<Option<Ref<Int>>> {
        if this.field(&this.0.len).sign() <= 0 {
            return Ok(None);
        }
        let value = this.field(&this.0.start);
        this.skip(&Int::one())?;
        Ok(Some(value))
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<LongRangeIterator>) -> Ref<Int> {
        this.field(&this.0.len)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<LongRangeIterator>) -> PyResult<Ref<Tuple>> {
        let (start, step) = (this.field(&this.0.start), this.field(&this.0.step));
        let stop = start.add(&step.mul(&this.field(&this.0.len))?)?;
        reduce_iterator(Range::new(start, stop, step)?)
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<LongRangeIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(state) = object.downcast::<Int>() else {
            return Err(raise!(TypeError, "state must be an int, not {}", object.type_name()));
        };
        if state.sign() <= 0 {
            return Ok(());
        }
        let length = this.field(&this.0.len);
        if state.compare(&length) == Ordering::Greater { this.skip(&length) } else { this.skip(&state) }
    }
}

#[cfg(test)]
mod tests {
    use super::machine_length;

    #[test]
    fn lengths() {
        for (start, stop, step, expected) in [
            (0, 10, 1, 10),
            (0, 10, 3, 4),
            (10, 0, -3, 4),
            (5, 5, 1, 0),
            (i64::MIN, i64::MAX, 1, u64::MAX),
            (i64::MAX, i64::MIN, i64::MIN, 2),
            (0, 1, i64::MAX, 1),
        ] {
            assert_eq!(machine_length(start, stop, step), expected);
        }
    }
}
