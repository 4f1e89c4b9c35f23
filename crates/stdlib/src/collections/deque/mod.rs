//! `collections.deque`.
//!
//! CPython keeps blocks of 64 items in a list; here it is one ring of pointers, in which indexing takes constant time.
//! `state` changes with every change of the deque's length or order, which is how iterators and searches notice one.

mod iter;
mod raw;

use core::cell::Cell;
use core::cmp::Ordering;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::{repr_guard, weakref};

use crate::support;
pub use iter::{DequeIterator, DequeReverseIterator};
use raw::Items;

#[repr(C)]
pub struct Deque {
    head: PyObject,
    items: Items,
    state: Cell<usize>,
    /// The bound on the length, -1 for none.
    maxlen: Cell<isize>,
    weakrefs: Cell<*mut PyObject>,
}

#[cold]
fn mutated() -> Raised {
    raise!(RuntimeError, "deque mutated during iteration")
}

static INIT: ArgSpec = ArgSpec::plain("deque", &["iterable", "maxlen"], 0);

impl Deque {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn changed(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    /// Whether the deque has more items than it may.
    #[inline(always)]
    fn is_over(&self) -> bool {
        let maxlen = self.maxlen.get();
        maxlen >= 0 && self.len() > maxlen as usize
    }

    /// Appends, and drops the first item of a full deque.
    #[inline(always)]
    fn push_back(&self, item: Ref<Object>) -> PyResult<()> {
        self.items.push_back(item)?;
        self.changed();
        let old = if self.is_over() { self.items.pop_front() } else { None };
        drop(old);
        Ok(())
    }

    #[inline(always)]
    fn push_front(&self, item: Ref<Object>) -> PyResult<()> {
        self.items.push_front(item)?;
        self.changed();
        let old = if self.is_over() { self.items.pop_back() } else { None };
        drop(old);
        Ok(())
    }

    fn extend_from(&self, iterable: Borrowed<'_, Object>, left: bool) -> PyResult<()> {
        if core::ptr::addr_eq(iterable.as_ptr(), self) {
            // The items as they are now.
            let copy = iterable.to_list()?;
            return self.extend_from(copy.as_borrowed(), left);
        }
        let iterator = iterable.iter()?;
        if self.maxlen.get() == 0 {
            while let Some(item) = iterator.next()? {
                drop(item);
            }
            return Ok(());
        }
        while let Some(item) = iterator.next()? {
            if left {
                self.push_front(item)?;
            } else {
                self.push_back(item)?;
            }
        }
        Ok(())
    }

    /// A deque of exactly this type with the same items and bound.
    fn exact_copy(&self) -> PyResult<Ref<Deque>> {
        let copy: Ref<Deque> = support::instance_exact()?;
        copy.maxlen.set(self.maxlen.get());
        copy.items.reserve(self.len())?;
        for index in 0..self.len() {
            if let Some(item) = self.items.get(index) {
                copy.items.push_back(item)?;
            }
        }
        Ok(copy)
    }

    /// Repeats the items in place.
    fn repeat_in_place(&self, count: isize) -> PyResult<()> {
        let len = self.len();
        if len == 0 || count == 1 {
            return Ok(());
        }
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            self.clear_items();
            return Ok(());
        }
        let mut added = match len.checked_mul(count) {
            Some(total) => total - len,
            None => return Err(Raised::no_memory()),
        };
        if let Ok(maxlen) = usize::try_from(self.maxlen.get()) {
            // Only the last `maxlen` items would stay. Whole rounds that would be lost are left out.
            let kept = maxlen.saturating_add(len);
            if added > kept {
                added -= (added - kept) / len * len;
            }
        }
        let mut originals = vec_with_capacity(len)?;
        for index in 0..len {
            originals.extend(self.items.get(index));
        }
        if self.maxlen.get() < 0 {
            self.items.reserve(added)?;
        }
        for index in 0..added {
            self.push_back(originals[index % len].clone())?;
        }
        Ok(())
    }

    fn clear_items(&self) {
        self.changed();
        drop(self.items.take());
    }

    /// The place that an index from Python means.
    fn place_of(&self, index: isize) -> PyResult<usize> {
        match usize::try_from(index) {
            Ok(place) if place < self.len() => Ok(place),
            _ => Err(raise!(IndexError, "deque index out of range")),
        }
    }

    /// Searches `range` for an item equal to `value`; `changed` makes the error when the deque changes meanwhile.
    fn position(
        &self,
        value: Borrowed<'_, Object>,
        start: usize,
        stop: usize,
        changed: fn() -> Raised,
    ) -> PyResult<Option<usize>> {
        let state = self.state.get();
        for index in start..stop {
            let Some(item) = self.items.get(index) else { break };
            let equal = item.equals(value)?;
            if self.state.get() != state {
                return Err(changed());
            }
            if equal {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

fn as_deque(object: &Ref<Object>) -> Option<Borrowed<'_, Deque>> {
    object.downcast::<Deque>()
}

/// A bound of `index()`, counted from the end when negative.
fn slice_bound(value: Option<Borrowed<'_, Object>>, default: usize, length: usize) -> PyResult<usize> {
    let Some(value) = value else { return Ok(default) };
    if !value.has_index() {
        return Err(raise!(TypeError, "slice indices must be integers or have an __index__ method"));
    }
    let index = value.as_clamped_isize()?;
    Ok(if index < 0 { usize::try_from(index.saturating_add(length as isize)).unwrap_or(0) } else { index as usize })
}

#[pytype(
    name = "deque",
    module = "collections",
    gc,
    basetype,
    sequence,
    unhashable,
    weaklistoffset = offset_of!(Deque, weakrefs),
    heap,
    basicsize = 216,
    getattribute
)]
impl Deque {
    #[slot(tp_new)]
    fn prefill(this: &Ref<Deque>) {
        this.maxlen.set(-1);
    }

    #[init(raw, text_signature = "([iterable[, maxlen]])")]
    fn init(this: &Ref<Deque>, args: CallArgs<'_>) -> PyResult<()> {
        let [iterable, maxlen] = args.unpack::<2>(&INIT)?;
        let mut bound = -1;
        if let Some(maxlen) = maxlen
            && !maxlen.is_none()
        {
            let Some(value) = maxlen.downcast::<Int>() else {
                return Err(raise!(TypeError, "an integer is required"));
            };
            bound = match value.to_isize() {
                Some(value) => value,
                None => return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
            };
            if bound < 0 {
                return Err(raise!(ValueError, "maxlen must be non-negative"));
            }
        }
        this.maxlen.set(bound);
        if !this.is_empty() {
            this.clear_items();
        }
        match iterable {
            Some(iterable) => this.extend_from(iterable, false),
            None => Ok(()),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Deque) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            weakref::clear_refs(this.cast());
            drop((*this).items.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Deque, visit: &mut Visitor) {
        for index in 0..this.len() {
            visit.object(this.items.pointer(index));
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Deque>) {
        this.clear_items();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Deque>) -> PyResult<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else { return Str::from_utf8_str("[...]") };
        let items = this.as_object().to_list()?.as_object().repr()?;
        let start = Str::from_utf8_str(&format!("{}(", this.type_of().short_name()))?;
        let end = match this.maxlen.get() {
            -1 => Str::from_utf8_str(")")?,
            maxlen => Str::from_utf8_str(&format!(", maxlen={maxlen})"))?,
        };
        support::concat(vec![start, items, end])
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Deque>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = as_deque(&other) else { return Ok(not_implemented()) };
        let decided = |equal: bool| Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object());
        if matches!(op, CompareOp::Eq | CompareOp::Ne) {
            if this.is(&other) {
                return decided(true);
            }
            if this.len() != other.len() {
                return decided(false);
            }
        }
        // The first difference decides.
        let (left, right) = (DequeIterator::over(this)?, DequeIterator::over(&other)?);
        loop {
            match (left.as_object().next()?, right.as_object().next()?) {
                (None, None) => return Ok(op.result(Ordering::Equal)),
                (None, Some(_)) => return Ok(op.result(Ordering::Less)),
                (Some(_), None) => return Ok(op.result(Ordering::Greater)),
                (Some(x), Some(y)) => {
                    if !x.equals(y.borrow())? {
                        return match op {
                            CompareOp::Eq => Ok(Bool::from(false).into_object()),
                            CompareOp::Ne => Ok(Bool::from(true).into_object()),
                            _ => Ok(Bool::from(x.compare_bool(y.borrow(), op)?).into_object()),
                        };
                    }
                }
            }
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Deque>) -> PyResult<Ref<DequeIterator>> {
        DequeIterator::over(this)
    }

    #[slot(sq_length)]
    fn length(this: &Ref<Deque>) -> usize {
        this.len()
    }

    #[slot(sq_concat)]
    fn concat(this: &Ref<Deque>, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if as_deque(&other).is_none() {
            return Err(raise!(TypeError, "can only concatenate deque (not \"{}\") to deque", other.type_name()));
        }
        let new = Deque::copy(this)?;
        match as_deque(&new) {
            Some(deque) => deque.extend_from(other, false)?,
            None => drop(new.call_method(id!("extend"), &[other])?),
        }
        Ok(new)
    }

    #[slot(sq_repeat)]
    fn repeat(this: &Ref<Deque>, count: isize) -> PyResult<Ref<Object>> {
        let new = Deque::copy(this)?;
        if let Some(deque) = as_deque(&new) {
            deque.repeat_in_place(count)?;
        }
        Ok(new)
    }

    #[slot(sq_inplace_concat)]
    fn inplace_concat(this: &Ref<Deque>, other: Borrowed<'_, Object>) -> PyResult<Ref<Deque>> {
        this.extend_from(other, false)?;
        Ok(this.clone())
    }

    #[slot(sq_inplace_repeat)]
    fn inplace_repeat(this: &Ref<Deque>, count: isize) -> PyResult<Ref<Deque>> {
        this.repeat_in_place(count)?;
        Ok(this.clone())
    }

    #[slot(sq_item)]
    fn item(this: &Ref<Deque>, index: isize) -> PyResult<Ref<Object>> {
        let place = this.place_of(index)?;
        match this.items.get(place) {
            Some(item) => Ok(item),
            None => Err(raise!(IndexError, "deque index out of range")),
        }
    }

    #[slot(sq_ass_item)]
    fn assign_item(this: &Ref<Deque>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let place = this.place_of(index)?;
        let old = match value {
            Some(value) => this.items.replace(place, value.to_owned()),
            None => {
                this.changed();
                this.items.remove(place)
            }
        };
        drop(old);
        Ok(())
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<Deque>, value: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(this.position(value, 0, this.len(), mutated)?.is_some())
    }

    #[method(signature = "($self, item, /)")]
    fn append(this: &Ref<Deque>, item: Borrowed<'_, Object>) -> PyResult<()> {
        this.push_back(item.to_owned())
    }

    #[method(signature = "($self, item, /)")]
    fn appendleft(this: &Ref<Deque>, item: Borrowed<'_, Object>) -> PyResult<()> {
        this.push_front(item.to_owned())
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<Deque>) {
        this.clear_items();
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn dunder_copy(this: &Ref<Deque>) -> PyResult<Ref<Object>> {
        Deque::copy(this)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<Deque>) -> PyResult<Ref<Object>> {
        if this.is_exact::<Deque>() {
            return Ok(this.exact_copy()?.into_object());
        }
        let class = this.type_of().upcast();
        let new = match this.maxlen.get() {
            -1 => class.call1(this.as_borrowed())?,
            maxlen => class.call(&[this.as_borrowed(), Int::from_isize(maxlen)?.as_borrowed()])?,
        };
        if as_deque(&new).is_none() {
            return Err(raise!(TypeError, "{}() must return a deque, not {}", this.type_of().name(), new.type_name()));
        }
        Ok(new)
    }

    #[method(signature = "($self, value, /)")]
    fn count(this: &Ref<Deque>, value: Borrowed<'_, Object>) -> PyResult<usize> {
        let (mut count, mut from) = (0, 0);
        let end = this.len();
        while let Some(found) = this.position(value, from, end, mutated)? {
            count += 1;
            from = found + 1;
        }
        Ok(count)
    }

    #[method(signature = "($self, iterable, /)")]
    fn extend(this: &Ref<Deque>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        this.extend_from(iterable, false)
    }

    #[method(signature = "($self, iterable, /)")]
    fn extendleft(this: &Ref<Deque>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        this.extend_from(iterable, true)
    }

    #[method(raw, text_signature = "($self, value, [start, [stop]])")]
    fn index(this: &Ref<Deque>, args: CallArgs<'_>) -> PyResult<usize> {
        args.no_keywords("deque.index")?;
        args.check_count("index", 1, 3)?;
        let Some(value) = args.get(0) else {
            return Err(raise!(TypeError, "index expected at least 1 argument, got 0"));
        };
        let length = this.len();
        let start = slice_bound(args.get(1), 0, length)?;
        let stop = slice_bound(args.get(2), length, length)?.min(length);
        match this.position(value, start.min(stop), stop, mutated)? {
            Some(index) => Ok(index),
            None => Err(raise!(ValueError, "deque.index(x): x not in deque")),
        }
    }

    #[method(signature = "($self, index, value, /)")]
    fn insert(this: &Ref<Deque>, index: isize, value: Borrowed<'_, Object>) -> PyResult<()> {
        let len = this.len();
        if usize::try_from(this.maxlen.get()).is_ok_and(|maxlen| maxlen == len) {
            return Err(raise!(IndexError, "deque already at its maximum size"));
        }
        let index =
            if index < 0 { usize::try_from(index.saturating_add(len as isize)).unwrap_or(0) } else { index as usize };
        this.items.insert(index, value.to_owned())?;
        this.changed();
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn pop(this: &Ref<Deque>) -> PyResult<Ref<Object>> {
        match this.items.pop_back() {
            Some(item) => {
                this.changed();
                Ok(item)
            }
            None => Err(raise!(IndexError, "pop from an empty deque")),
        }
    }

    #[method(signature = "($self, /)")]
    fn popleft(this: &Ref<Deque>) -> PyResult<Ref<Object>> {
        match this.items.pop_front() {
            Some(item) => {
                this.changed();
                Ok(item)
            }
            None => Err(raise!(IndexError, "pop from an empty deque")),
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Deque>) -> PyResult<Ref<Tuple>> {
        let state = this.as_object().call_method(id!("__getstate__"), &[])?;
        let items = this.as_object().iter()?;
        let arguments = match this.maxlen.get() {
            -1 => Tuple::empty(),
            maxlen => Tuple::pack([Tuple::empty().into_object(), Int::from_isize(maxlen)?.into_object()])?,
        };
        Tuple::pack([this.type_of().upcast().to_owned(), arguments.into_object(), state, items])
    }

    #[method(signature = "($self, value, /)")]
    fn remove(this: &Ref<Deque>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let mutated = || raise!(IndexError, "deque mutated during remove().");
        match this.position(value, 0, this.len(), mutated)? {
            Some(index) => {
                this.changed();
                drop(this.items.remove(index));
                Ok(())
            }
            None => Err(raise!(ValueError, "deque.remove(x): x not in deque")),
        }
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<Deque>) -> PyResult<Ref<DequeReverseIterator>> {
        DequeReverseIterator::over(this)
    }

    #[method(signature = "($self, /)")]
    fn reverse(this: &Ref<Deque>) {
        this.items.reverse();
    }

    #[method(signature = "($self, n=1, /)")]
    fn rotate(this: &Ref<Deque>, n: isize) {
        if this.len() > 1 && n % this.len() as isize != 0 {
            this.items.rotate(n);
            this.changed();
        }
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Deque>) -> isize {
        // As the reference's blocks of 64 items and two links take it, the first of which is filled from its middle.
        const BLOCK: usize = 64;
        let blocks = (BLOCK / 2 + this.items.len()).div_ceil(BLOCK);
        this.type_of().tp_basicsize.get() + (blocks * (BLOCK + 2) * size_of::<*mut PyObject>()) as isize
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[getter]
    fn maxlen(this: &Ref<Deque>) -> PyResult<Ref<Object>> {
        match this.maxlen.get() {
            -1 => Ok(none()),
            maxlen => Ok(Int::from_isize(maxlen)?.into_object()),
        }
    }
}
