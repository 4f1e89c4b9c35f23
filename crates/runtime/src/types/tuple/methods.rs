//! What Python sees of `tuple`.

use core::mem::offset_of;

use super::object::items_equal;
use super::{Tuple, raw};
use crate::abi::PyTupleObject;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;
use crate::types::iter::TupleIterator;
use crate::types::list;
use crate::types::slice::{self, Slice};
use crate::types::str::StrBuilder;

#[pytype(name = "tuple", export = "PyTuple_Type", gc, basetype, sequence, match_self, subclass_flag = TUPLE,
         basicsize = offset_of!(PyTupleObject, ob_item), itemsize = size_of::<*mut abi::PyObject>())]
impl Tuple {
    #[new(signature = "(iterable=(), /)")]
    fn create(cls: Borrowed<'_, Type>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let items = match iterable {
            None => Tuple::empty(),
            Some(iterable) => iterable.to_tuple()?,
        };
        if cls.as_raw().cast() == Tuple::TYPE {
            return Ok(items.into_object());
        }
        let object = cls.alloc(items.len() as isize)?;
        // SAFETY: `cls` is a subtype; its instance has room for the items, zeroed, and nobody else has seen it.
        unsafe {
            let tuple = object.as_ptr().cast::<PyTupleObject>();
            let target = raw::items(tuple);
            for (index, item) in items.iter().enumerate() {
                *target.add(index) = item.to_owned().into_ptr();
            }
            (*tuple).ob_hash.set(-1);
        }
        Ok(object)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Tuple) {
        // SAFETY: called once, by the last decref.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Tuple, visit: &mut Visitor) {
        let this: *const Tuple = this;
        // SAFETY: a tuple that is not complete has null items, which are passed over.
        unsafe {
            let items = raw::items(this.cast_mut().cast());
            for index in 0..(*this).0.ob_base.ob_size.get() as usize {
                visit.object(*items.add(index));
            }
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Tuple>) -> PyResult<Ref<Str>> {
        if this.is_empty() {
            return Str::from_utf8_str("()");
        }
        let Some(_guard) = crate::types::repr_guard::enter(this.as_borrowed())? else {
            return Str::from_utf8_str("(...)");
        };
        let mut text = StrBuilder::new();
        for index in 0..this.len() {
            text.push_str(if index == 0 { "(" } else { ", " })?;
            // SAFETY: inside the tuple; C code may show one that is not filled.
            match unsafe { Ref::<Object>::from_borrowed_ptr_or_null(*this.items_ptr().add(index)) } {
                Some(item) => text.push_object(&item.repr()?)?,
                None => text.push_str("<NULL>")?,
            }
        }
        text.push_str(if this.len() == 1 { ",)" } else { ")" })?;
        text.finish()
    }

    /// The hash of xxHash's round over the items' hashes, kept once it is known.
    #[slot(tp_hash)]
    fn hash(this: &Ref<Tuple>) -> PyResult<isize> {
        let known = this.0.ob_hash.get();
        if known != -1 {
            return Ok(known);
        }
        let mut hasher = TupleHasher::new();
        for item in this.iter() {
            hasher.add(item.hash()?);
        }
        let hash = hasher.finish(this.len());
        this.0.ob_hash.set(hash);
        Ok(hash)
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Tuple>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Tuple>() else { return Ok(not_implemented()) };
        // SAFETY: both have so many items.
        let equal = unsafe { list::equal_prefix(this.items_ptr(), other.items_ptr(), this.len().min(other.len())) };
        for (a, b) in this.iter().zip(other.iter()).skip(equal) {
            if items_equal(a, b)? {
                continue;
            }
            return match op {
                CompareOp::Eq => Ok(Bool::from(false).into_object()),
                CompareOp::Ne => Ok(Bool::from(true).into_object()),
                _ => a.rich_compare(b, op),
            };
        }
        Ok(op.result(this.len().cmp(&other.len())))
    }

    #[slot(tp_iter)]
    fn iter_slot(this: &Ref<Tuple>) -> PyResult<Ref<TupleIterator>> {
        TupleIterator::new(this.clone())
    }

    #[slot(sq_length, mp_length)]
    fn length(this: &Ref<Tuple>) -> usize {
        this.len()
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Tuple>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if key.has_index() {
            let mut index = key.as_index_isize()?;
            if index < 0 {
                index += this.len() as isize;
            }
            return Tuple::item(this, index);
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(raise!(TypeError, "tuple indices must be integers or slices, not {}", key.type_name()));
        };
        let (start, _, step, count) = slice.indices(this.len())?;
        if count == 0 {
            return Ok(Tuple::empty().into_object());
        }
        if step == 1 {
            return Ok(this.slice(start as usize, start as usize + count)?.into_object());
        }
        let tuple = raw::new_raw(count)?;
        // SAFETY: `indices` answers places inside; the tuple has room for `count` items.
        unsafe {
            list::copy_spaced(raw::items(tuple), this.items_ptr().offset(start), step, count);
            Ok(raw::finish(tuple).into_object())
        }
    }

    #[slot(sq_item)]
    fn item(this: &Ref<Tuple>, index: isize) -> PyResult<Ref<Object>> {
        match usize::try_from(index).ok().and_then(|index| this.try_get(index)) {
            Some(item) => Ok(item.to_owned()),
            None => Err(raise!(IndexError, "tuple index out of range")),
        }
    }

    #[slot(sq_concat)]
    fn concat_slot(this: &Ref<Tuple>, other: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        match other.downcast::<Tuple>() {
            Some(other) => this.concat(&other),
            None => Err(raise!(TypeError, "can only concatenate tuple (not \"{}\") to tuple", other.type_name())),
        }
    }

    #[slot(sq_repeat)]
    fn repeat_slot(this: &Ref<Tuple>, count: isize) -> PyResult<Ref<Tuple>> {
        this.repeat(count)
    }

    #[slot(sq_contains)]
    fn contains_slot(this: &Ref<Tuple>, value: Borrowed<'_, Object>) -> PyResult<bool> {
        for item in this.iter() {
            if items_equal(item, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([this.slice_exact()?.into_object()])
    }

    #[method(signature = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        this: &Ref<Tuple>,
        value: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        stop: Option<Borrowed<'_, Object>>,
    ) -> PyResult<isize> {
        let (start, stop) = slice::search_range(start, stop, this.len())?;
        for index in start..stop.min(this.len()) {
            if items_equal(this.get(index), value)? {
                return Ok(index as isize);
            }
        }
        Err(raise!(ValueError, "tuple.index(x): x not in tuple"))
    }

    #[method(signature = "($self, value, /)")]
    fn count(this: &Ref<Tuple>, value: Borrowed<'_, Object>) -> PyResult<isize> {
        let mut count = 0;
        for item in this.iter() {
            count += isize::from(items_equal(item, value)?);
        }
        Ok(count)
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}

impl Ref<Tuple> {
    /// The items as an exact tuple.
    pub fn slice_exact(&self) -> PyResult<Ref<Tuple>> {
        self.slice(0, self.len())
    }
}

/// The hash of a tuple, one item's hash after the other.
#[derive(Clone, Copy)]
pub struct TupleHasher(u64);

impl TupleHasher {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;

    #[expect(clippy::new_without_default, reason = "a hash begins here and nowhere else")]
    pub fn new() -> TupleHasher {
        TupleHasher(Self::PRIME_5)
    }

    #[inline]
    pub fn add(&mut self, hash: isize) {
        let mixed = self.0.wrapping_add((hash as u64).wrapping_mul(Self::PRIME_2));
        self.0 = mixed.rotate_left(31).wrapping_mul(Self::PRIME_1);
    }

    pub fn finish(self, len: usize) -> isize {
        let hash = self.0.wrapping_add(len as u64 ^ (Self::PRIME_5 ^ 3_527_539));
        if hash == u64::MAX { 1_546_275_796 } else { hash as isize }
    }

    /// The end for a number of items that is always the same, as slices have it.
    pub fn finish_without_length(self) -> isize {
        if self.0 == u64::MAX { 1_546_275_796 } else { self.0 as isize }
    }
}
