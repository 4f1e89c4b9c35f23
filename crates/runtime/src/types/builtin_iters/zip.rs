//! `zip`.

use super::{
    advance, check_end, finish_dealloc, instance, is_reusable, iterators_of, memory, refresh, release, strict_error,
    strict_keyword, strict_spec,
};
use crate::abi::{PyTupleObject, zipobject};
use crate::object::args::ArgSpec;
use crate::object::header;
use crate::prelude::*;

/// `zipobject`.
#[repr(transparent)]
pub struct Zip(pub zipobject);

static KEYWORDS: ArgSpec = strict_spec("zip");

impl Zip {
    fn iterators(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: set since the object was made; a tuple does not change.
        unsafe { Borrowed::from_ptr(self.0.ittuple.get()) }
    }

    /// The iterator at `at` came to its end: the end of all, unless they have to be of one length.
    #[cold]
    fn finish(&self, at: usize) -> PyResult<Option<Ref<Tuple>>> {
        if self.0.strict.get() == 0 {
            return Raised::check().map(|()| None);
        }
        check_end()?;
        if at > 0 {
            return Err(strict_error("zip", at + 1, "shorter"));
        }
        for index in 1..self.iterators().len() {
            // SAFETY: an iterator that the tuple keeps alive.
            let item = unsafe { advance(self.iterators().get(index).as_ptr()) };
            if item.is_null() {
                check_end()?;
                continue;
            }
            // SAFETY: the item is ours.
            unsafe { release(item) };
            return Err(strict_error("zip", index + 1, "longer"));
        }
        Ok(None)
    }
}

#[pytype(name = "zip", export = "PyZip_Type", gc, basetype)]
impl Zip {
    #[new(raw, signature = "(*iterables, strict=False)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Zip>> {
        let strict = strict_keyword(&KEYWORDS, &args)?;
        let iterators = iterators_of(args.positional())?;
        let count = iterators.len();
        let result = Tuple::from_vec((0..count).map(|_| none()).gather()?)?;
        let this = instance::<Zip>(cls)?;
        this.0.tuplesize.set(count as isize);
        this.0.ittuple.set(iterators.into_ptr());
        this.0.result.set(result.into_ptr());
        this.0.strict.set(c_int::from(strict));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Zip) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.ittuple);
            memory::clear_field(&(*this).0.result);
            finish_dealloc(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Zip, visit: &mut Visitor) {
        visit.object(this.0.ittuple.get());
        visit.object(this.0.result.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Zip>) -> Ref<Zip> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Zip>) -> PyResult<Option<Ref<Tuple>>> {
        let iterators = this.iterators();
        let count = iterators.len();
        if count == 0 {
            return Ok(None);
        }
        let result = this.0.result.get();
        // SAFETY: the result tuple belongs to this object alone while its count is one; a second count keeps code that
        // runs meanwhile from using it too.
        unsafe {
            if is_reusable(result) {
                header::incref(result);
                let owned = Ref::<Tuple>::from_owned_ptr(result);
                let places =
                    (&raw const (*result.cast::<PyTupleObject>()).ob_item).cast::<*mut abi::PyObject>().cast_mut();
                for index in 0..count {
                    let item = advance(iterators.get(index).as_ptr());
                    if item.is_null() {
                        drop(owned);
                        return this.finish(index);
                    }
                    release(places.add(index).replace(item));
                }
                refresh(result);
                return Ok(Some(owned));
            }
        }
        /// Short tuples need no memory on the way.
        const FEW: usize = 4;
        if count <= FEW {
            let mut few = [core::ptr::null_mut(); FEW];
            for index in 0..count {
                // SAFETY: an iterator that the tuple keeps alive; the items are owned.
                unsafe {
                    few[index] = advance(iterators.get(index).as_ptr());
                    if few[index].is_null() {
                        few[..index].iter().for_each(|&item| release(item));
                        return this.finish(index);
                    }
                }
            }
            // SAFETY: so many owned items.
            return unsafe { Tuple::from_raw_slice_steal(few.as_ptr(), count).map(Some) };
        }
        let mut items = Vec::new();
        if items.try_reserve_exact(count).is_err() {
            return Err(Raised::no_memory());
        }
        for index in 0..count {
            // SAFETY: an iterator that the tuple keeps alive; the item is owned.
            match unsafe { Ref::from_owned_ptr_or_null(advance(iterators.get(index).as_ptr())) } {
                Some(item) => items.push(item),
                None => {
                    drop(items);
                    return this.finish(index);
                }
            }
        }
        Tuple::from_vec(items).map(Some)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Zip>) -> PyResult<Ref<Tuple>> {
        let class = this.type_of().upcast().to_owned();
        let iterators = this.iterators().to_owned().into_object();
        if this.0.strict.get() != 0 {
            return Tuple::pack([class, iterators, Bool::from(true).into_object()]);
        }
        Tuple::pack([class, iterators])
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<Zip>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.0.strict.set(c_int::from(object.is_true()?));
        Ok(())
    }
}
