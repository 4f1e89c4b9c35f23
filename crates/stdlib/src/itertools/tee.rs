//! `tee`: several iterators over one source.
//!
//! What was read stands in a chain of blocks, of which each iterator holds the one that it is in; blocks that nobody
//! holds any more go away.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

/// The items of a block.
const BLOCK: usize = 57;

#[repr(C)]
pub struct TeeData {
    head: PyObject,
    source: Slot,
    count: Cell<usize>,
    /// Whether the source is being asked.
    running: Cell<bool>,
    next: Slot,
    values: [Slot; BLOCK],
}

impl TeeData {
    fn over(source: &Ref<Object>) -> PyResult<Ref<TeeData>> {
        let this: Ref<TeeData> = support::instance_exact()?;
        this.source.set(Some(source.clone()));
        Ok(this)
    }

    /// The item at `index`, which is read or the first that is not.
    fn item(&self, index: usize) -> PyResult<Option<Ref<Object>>> {
        if index < self.count.get() {
            return Ok(self.values[index].get());
        }
        if self.running.get() {
            return Err(raise!(RuntimeError, "cannot re-enter the tee iterator"));
        }
        let Some(source) = self.source.get() else { return Ok(None) };
        self.running.set(true);
        let item = source.next();
        self.running.set(false);
        let Some(item) = item? else { return Ok(None) };
        self.values[index].set(Some(item.clone()));
        self.count.set(index + 1);
        Ok(Some(item))
    }

    /// The block behind this one.
    fn following(&self) -> PyResult<Option<Ref<Object>>> {
        if !self.next.is_set() {
            let Some(source) = self.source.get() else { return Ok(None) };
            let block = TeeData::over(&source)?;
            self.next.set(Some(block.into_object()));
        }
        Ok(self.next.get())
    }

    /// Drops the chain behind this block one by one, so that a long one does not go deep.
    fn release_chain(&self) {
        let mut next = self.next.take();
        while let Some(block) = next {
            next = match block.downcast_exact::<TeeData>() {
                Some(block) if block.refcount() == 1 => block.next.take(),
                _ => None,
            };
        }
    }
}

#[pytype(name = "_tee_dataobject", module = "itertools", gc, heap, getattribute)]
impl TeeData {
    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<TeeData>> {
        args.no_keywords("teedataobject")?;
        args.check_count("teedataobject", 3, 3)?;
        let (Some(source), Some(values), Some(next)) = (args.get(0), args.get(1), args.get(2)) else {
            return Err(raise!(TypeError, "teedataobject expected 3 arguments, got {}", args.nargs()));
        };
        let Some(values) = values.downcast::<List>() else {
            return Err(raise!(TypeError, "teedataobject() argument 2 must be list, not {}", values.type_name()));
        };
        let invalid = || Err(raise!(ValueError, "Invalid arguments"));
        if values.len() > BLOCK {
            return invalid();
        }
        let this: Ref<TeeData> = support::instance(cls)?;
        this.source.set(Some(source.to_owned()));
        for (slot, value) in this.values.iter().zip(values.try_to_vec()?) {
            slot.set(Some(value));
        }
        this.count.set(values.len());
        if values.len() == BLOCK {
            if !next.is_none() {
                if !next.is_exact::<TeeData>() {
                    return invalid();
                }
                this.next.set(Some(next.to_owned()));
            }
        } else if !next.is_none() {
            return invalid();
        }
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TeeData) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            let block = &*this;
            for value in &block.values[..block.count.get()] {
                drop(value.take());
            }
            block.release_chain();
            support::dealloc(this, [&block.source]);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TeeData, visit: &mut Visitor) {
        visit.object(this.source.as_ptr());
        for value in &this.values[..this.count.get()] {
            visit.object(value.as_ptr());
        }
        visit.object(this.next.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TeeData>) {
        this.source.set(None);
        for value in &this.values {
            value.set(None);
        }
        this.release_chain();
    }
}

#[repr(C)]
pub struct Tee {
    head: PyObject,
    data: Slot,
    index: Cell<usize>,
    weakrefs: Cell<*mut PyObject>,
}

impl Tee {
    fn make(data: Option<Ref<Object>>, index: usize) -> PyResult<Ref<Tee>> {
        let this: Ref<Tee> = support::instance_exact()?;
        this.data.set(data);
        this.index.set(index);
        Ok(this)
    }

    /// An iterator over the iterable; over the same items where that is a tee iterator already.
    fn over(iterable: Borrowed<'_, Object>) -> PyResult<Ref<Tee>> {
        let iterator = iterable.iter()?;
        match iterator.downcast::<Tee>() {
            Some(tee) => Tee::make(tee.data.get(), tee.index.get()),
            None => Tee::make(Some(TeeData::over(&iterator)?.into_object()), 0),
        }
    }
}

#[pytype(name = "_tee", module = "itertools", gc, weaklistoffset = offset_of!(Tee, weakrefs), heap, basicsize = 48)]
impl Tee {
    #[new(signature = "(iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Tee>> {
        let _ = cls;
        Tee::over(iterable)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Tee) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc_with_weakrefs(this, [&(*this).data]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Tee, visit: &mut Visitor) {
        support::traverse([&this.data], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Tee>) {
        support::clear([&this.data]);
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Tee>) -> Ref<Tee> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Tee>) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: only blocks are put there.
        let Some(mut data) = (unsafe { this.data.get_as::<TeeData>() }) else { return Ok(None) };
        if this.index.get() >= BLOCK {
            let Some(next) = data.following()? else { return Ok(None) };
            this.index.set(0);
            this.data.set(Some(next.clone()));
            // SAFETY: as above.
            data = unsafe { next.into_unchecked() };
        }
        let index = this.index.get();
        let item = data.item(index)?;
        if item.is_some() {
            this.index.set(index + 1);
        }
        Ok(item)
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy(this: &Ref<Tee>) -> PyResult<Ref<Tee>> {
        Tee::make(this.data.get(), this.index.get())
    }
}

/// `itertools.tee`.
pub fn tee(iterable: Borrowed<'_, Object>, n: isize) -> PyResult<Ref<Tuple>> {
    let Ok(n) = usize::try_from(n) else { return Err(raise!(ValueError, "n must be >= 0")) };
    if n == 0 {
        return Ok(Tuple::empty());
    }
    let mut copies = vec_with_capacity(n)?;
    let first = Tee::over(iterable)?;
    for _ in 1..n {
        copies.push(Tee::copy(&first)?.into_object());
    }
    copies.insert(0, first.into_object());
    Tuple::from_vec(copies)
}
