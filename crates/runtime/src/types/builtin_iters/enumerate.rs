//! `enumerate`.

use core::ptr;

use super::{advance, finish_dealloc, instance, is_reusable, memory, refresh, release};
use crate::abi::{_PyEnumObject, PyTupleObject};
use crate::object::header;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;

/// `_PyEnumObject`. Counts in `en_index` until that is the largest machine integer, then in `en_longindex`.
#[repr(transparent)]
pub struct Enumerate(pub _PyEnumObject);

/// The arguments: messages here are older than Argument Clinic's.
fn arguments<'a>(args: &CallArgs<'a>) -> PyResult<(Borrowed<'a, Object>, Option<Borrowed<'a, Object>>)> {
    let invalid = |name: Borrowed<'_, Str>| {
        raise!(TypeError, "'{}' is an invalid keyword argument for enumerate()", name.to_display())
    };
    let mut keywords = args.keywords();
    match (args.get(0), args.nargs(), args.keyword_count()) {
        (Some(iterable), 1, 0) => Ok((iterable, None)),
        (Some(iterable), 2, 0) => Ok((iterable, args.get(1))),
        (Some(iterable), 1, 1) => match keywords.next() {
            Some((name, start)) if name.eq_str("start") => Ok((iterable, Some(start))),
            Some((name, _)) => Err(invalid(name)),
            None => Ok((iterable, None)),
        },
        (None, 0, 1 | 2) => {
            let count = args.keyword_count();
            let (mut iterable, mut start) = (None, None);
            for (name, value) in keywords {
                if name.eq_str("iterable") {
                    iterable = Some(value);
                } else if count == 2 && name.eq_str("start") {
                    start = Some(value);
                } else {
                    return Err(invalid(name));
                }
            }
            iterable.map(|iterable| (iterable, start)).ok_or_else(missing)
        }
        (None, ..) => Err(missing()),
        _ => Err(raise!(
            TypeError,
            "enumerate() takes at most 2 arguments ({} given)",
            args.nargs() + args.keyword_count()
        )),
    }
}

#[cold]
fn missing() -> Raised {
    raise!(TypeError, "enumerate() missing required argument 'iterable'")
}

impl Enumerate {
    /// The number of the next item, and the counter one further.
    fn count(&self) -> PyResult<Ref<Int>> {
        let index = self.0.en_index.get();
        if index < isize::MAX && self.0.en_longindex.get().is_null() {
            let number = Int::from_isize(index)?;
            self.0.en_index.set(index + 1);
            return Ok(number);
        }
        let long = self.0.en_longindex.replace(ptr::null_mut());
        // SAFETY: null or an int that the field owned.
        let number = match unsafe { Ref::<Int>::from_owned_ptr_or_null(long) } {
            Some(number) => number,
            None => Int::from_isize(isize::MAX)?,
        };
        let next = number.add(&Int::one())?;
        self.0.en_longindex.set(next.into_ptr());
        Ok(number)
    }
}

#[pytype(name = "enumerate", export = "PyEnum_Type", gc, basetype)]
impl Enumerate {
    #[new(raw, signature = "(iterable, start=0)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Enumerate>> {
        let (iterable, start) = arguments(&args)?;
        let start = start.map(|start| start.index()).transpose()?;
        let iterator = iterable.iter()?;
        let pair = Tuple::pack([none(), none()])?;
        let this = instance::<Enumerate>(cls)?;
        match start.as_ref().map(|start| start.to_isize()) {
            None => {}
            Some(Some(index)) => this.0.en_index.set(index),
            Some(None) => {
                this.0.en_index.set(isize::MAX);
                this.0.en_longindex.set(start.map_or(ptr::null_mut(), Ref::into_ptr));
            }
        }
        this.0.en_sit.set(iterator.into_ptr());
        this.0.en_result.set(pair.into_ptr());
        this.0.one.set(Int::one().into_ptr());
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Enumerate) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            let raw = &(*this).0;
            for field in [&raw.en_sit, &raw.en_result, &raw.en_longindex, &raw.one] {
                memory::clear_field(field);
            }
            finish_dealloc(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Enumerate, visit: &mut Visitor) {
        visit.object(this.0.en_sit.get());
        visit.object(this.0.en_result.get());
        visit.object(this.0.en_longindex.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Enumerate>) -> Ref<Enumerate> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Enumerate>) -> PyResult<Option<Ref<Tuple>>> {
        // SAFETY: the fields are set, and the pair belongs to this object alone while its count is one.
        unsafe {
            let item = advance(this.0.en_sit.get());
            let Some(item) = Ref::<Object>::from_owned_ptr_or_null(item) else {
                // An exception, StopIteration included, goes on to the caller.
                return Raised::check().map(|()| None);
            };
            let number = this.count()?;
            let pair = this.0.en_result.get();
            if !is_reusable(pair) {
                return Tuple::pack([number.into_object(), item]).map(Some);
            }
            header::incref(pair);
            let places = (&raw const (*pair.cast::<PyTupleObject>()).ob_item).cast::<*mut abi::PyObject>().cast_mut();
            let old_number = places.replace(number.into_ptr());
            let old_item = places.add(1).replace(item.into_ptr());
            release(old_number);
            release(old_item);
            refresh(pair);
            Ok(Some(Ref::from_owned_ptr(pair)))
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Enumerate>) -> PyResult<Ref<Tuple>> {
        let number = match crate::types::iter::source::<_, Object>(&this.0.en_longindex) {
            Some(number) => number,
            None => Int::from_isize(this.0.en_index.get())?.into_object(),
        };
        // SAFETY: set since the object was made.
        let iterator = unsafe { Ref::<Object>::from_borrowed_ptr(this.0.en_sit.get()) };
        Tuple::pack([this.type_of().upcast().to_owned(), Tuple::pack([iterator, number])?.into_object()])
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}
