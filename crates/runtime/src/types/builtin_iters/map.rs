//! `map`.

use core::ptr;

use super::{
    advance, check_end, finish_dealloc, instance, iterators_of, memory, release, strict_error, strict_keyword,
    strict_spec,
};
use crate::abi::{PY_VECTORCALL_ARGUMENTS_OFFSET, PyObject, mapobject};
use crate::object::args::ArgSpec;
use crate::object::protocol::{attr::from_result, call};
use crate::prelude::*;

/// `mapobject`.
#[repr(transparent)]
pub struct Map(pub mapobject);

static KEYWORDS: ArgSpec = strict_spec("map");

/// Calls with up to this many arguments need no memory.
const SMALL: usize = 5;

/// Items that the iterators gave so far, dropped at the end of the call.
struct Items<'a> {
    places: &'a mut [*mut PyObject],
    count: usize,
}

impl Drop for Items<'_> {
    fn drop(&mut self) {
        for &item in &self.places[..self.count] {
            // SAFETY: the items are owned here.
            unsafe { release(item) };
        }
    }
}

impl Map {
    fn iterators(&self) -> Borrowed<'_, Tuple> {
        // SAFETY: set since the object was made; a tuple does not change.
        unsafe { Borrowed::from_ptr(self.0.iters.get()) }
    }

    /// The iterator at `at` came to its end: the end of all, unless they have to be of one length.
    #[cold]
    fn finish(&self, at: usize) -> PyResult<Option<Ref<Object>>> {
        if self.0.strict.get() == 0 {
            return Raised::check().map(|()| None);
        }
        check_end()?;
        if at > 0 {
            return Err(strict_error("map", at + 1, "shorter"));
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
            return Err(strict_error("map", index + 1, "longer"));
        }
        Ok(None)
    }

    /// The step where there is one iterator, as mostly.
    #[inline]
    fn step_one(&self) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: the tuple keeps the iterator alive; the item is ours, with a free place in front of it.
        unsafe {
            let item = advance(*self.iterators().items_ptr());
            if item.is_null() {
                return self.finish(0);
            }
            let result = call::call_one(Borrowed::from_ptr(self.0.func.get()), Borrowed::from_ptr(item));
            release(item);
            result.map(Some)
        }
    }

    /// One item of each iterator into `places`, which has a free place in front, and the call.
    fn step(&self, places: &mut [*mut PyObject]) -> PyResult<Option<Ref<Object>>> {
        let iterators = self.iterators();
        let mut items = Items { places: &mut places[1..], count: 0 };
        for iterator in iterators.as_slice() {
            // SAFETY: an iterator that the tuple keeps alive.
            let item = unsafe { advance(iterator.as_ptr()) };
            if item.is_null() {
                let at = items.count;
                drop(items);
                return self.finish(at);
            }
            items.places[items.count] = item;
            items.count += 1;
        }
        // SAFETY: the arguments are live, with a free place in front of them.
        unsafe {
            from_result(call::vectorcall(
                self.0.func.get(),
                items.places.as_ptr(),
                items.count | PY_VECTORCALL_ARGUMENTS_OFFSET,
                ptr::null_mut(),
            ))
            .map(Some)
        }
    }
}

#[pytype(name = "map", export = "PyMap_Type", gc, basetype)]
impl Map {
    #[new(raw, signature = "(function, iterable, /, *iterables, strict=False)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Map>> {
        let strict = strict_keyword(&KEYWORDS, &args)?;
        let Some((function, iterables)) = args.positional().split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return Err(raise!(TypeError, "map() must have at least two arguments."));
        };
        let iterators = iterators_of(iterables)?;
        let this = instance::<Map>(cls)?;
        this.0.iters.set(iterators.into_ptr());
        this.0.func.set((*function).to_owned().into_ptr());
        this.0.strict.set(c_int::from(strict));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Map) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.iters);
            memory::clear_field(&(*this).0.func);
            finish_dealloc(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Map, visit: &mut Visitor) {
        visit.object(this.0.iters.get());
        visit.object(this.0.func.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Map>) -> Ref<Map> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Map>) -> PyResult<Option<Ref<Object>>> {
        let count = this.iterators().len();
        if count == 1 {
            return this.step_one();
        }
        if count <= SMALL {
            return this.step(&mut [ptr::null_mut(); SMALL + 1][..=count]);
        }
        let mut places = Vec::new();
        if places.try_reserve_exact(count + 1).is_err() {
            return Err(Raised::no_memory());
        }
        places.resize(count + 1, ptr::null_mut());
        this.step(&mut places)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Map>) -> PyResult<Ref<Tuple>> {
        let class = this.type_of().upcast().to_owned();
        let mut parts = Vec::new();
        if parts.try_reserve_exact(this.iterators().len() + 1).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: set since the object was made.
        parts.push(unsafe { Ref::from_borrowed_ptr(this.0.func.get()) });
        parts.extend_from_slice(this.iterators().as_slice());
        let parts = Tuple::from_vec(parts)?.into_object();
        if this.0.strict.get() != 0 {
            return Tuple::pack([class, parts, Bool::from(true).into_object()]);
        }
        Tuple::pack([class, parts])
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<Map>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.0.strict.set(c_int::from(object.is_true()?));
        Ok(())
    }
}
