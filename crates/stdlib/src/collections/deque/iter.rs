//! `_deque_iterator` and `_deque_reverse_iterator`. Both stop with RuntimeError once the deque has changed.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::Deque;
use crate::support::{self, Slot};

/// `T_deque_iterator(deque, index=0)`, the arguments that `__reduce__` gives.
fn arguments<'a>(args: &CallArgs<'a>) -> PyResult<(Borrowed<'a, Deque>, usize)> {
    if args.keyword_count() > 0 {
        return Err(raise!(TypeError, "_deque_iterator() takes no keyword arguments"));
    }
    let Some(deque) = args.get(0) else {
        return Err(raise!(TypeError, "function takes at least 1 argument (0 given)"));
    };
    if args.nargs() > 2 {
        return Err(raise!(TypeError, "function takes at most 2 arguments ({} given)", args.nargs()));
    }
    let Some(deque) = deque.downcast_borrowed::<Deque>() else {
        return Err(raise!(TypeError, "argument 1 must be collections.deque, not {}", deque.type_name()));
    };
    let index = match args.get(1) {
        Some(index) => index.as_isize()?,
        None => 0,
    };
    Ok((deque, usize::try_from(index).unwrap_or(0)))
}

macro_rules! iterators {
    ($($ty:ident $name:literal $reverse:literal;)*) => {$(
        #[repr(C)]
        pub struct $ty {
            head: PyObject,
            deque: Slot,
            /// The items that were given out.
            done: Cell<usize>,
            /// The items still to come.
            left: Cell<usize>,
            state: Cell<usize>,
        }

        impl $ty {
            pub fn over(deque: &Ref<Deque>) -> PyResult<Ref<$ty>> {
                let this: Ref<$ty> = support::instance_exact()?;
                this.start(deque, 0);
                Ok(this)
            }

            fn start(&self, deque: &Ref<Deque>, index: usize) {
                let index = index.min(deque.len());
                self.done.set(index);
                self.left.set(deque.len() - index);
                self.state.set(deque.state.get());
                self.deque.set(Some(deque.as_object().clone()));
            }
        }

        #[pytype(name = $name, module = "collections", gc, heap, getattribute, basicsize = 56)]
        impl $ty {
            #[new(raw, signature = "(deque, index=0, /)", no_text_signature)]
            fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<$ty>> {
                let (deque, index) = arguments(&args)?;
                let this: Ref<$ty> = support::instance(cls)?;
                this.start(&deque, index);
                Ok(this)
            }

            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe { support::dealloc(this, [&(*this).deque]) }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                support::traverse([&this.deque], visit);
            }

            #[slot(tp_clear)]
            fn clear(this: &Ref<$ty>) {
                support::clear([&this.deque]);
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$ty>) -> Ref<$ty> {
                this.clone()
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$ty>) -> PyResult<Option<Ref<Object>>> {
                let Some(deque) = support::fixed(&this.deque) else { return Ok(None) };
                // SAFETY: only deques are put there.
                let deque: Borrowed<'_, Deque> = unsafe { deque.cast_borrowed_unchecked() };
                if deque.state.get() != this.state.get() {
                    this.left.set(0);
                    return Err(super::mutated());
                }
                if this.left.get() == 0 {
                    return Ok(None);
                }
                let done = this.done.get();
                this.done.set(done + 1);
                this.left.set(this.left.get() - 1);
                Ok(deque.items.get(if $reverse { deque.len().wrapping_sub(1 + done) } else { done }))
            }

            #[method(name = "__length_hint__", signature = "($self, /)")]
            fn length_hint(this: &Ref<$ty>) -> usize {
                this.left.get()
            }

            #[method(name = "__reduce__", signature = "($self, /)")]
            fn reduce(this: &Ref<$ty>) -> PyResult<Ref<Tuple>> {
                let deque = this.deque.get().unwrap_or_else(none);
                let length = deque.downcast::<Deque>().map_or(0, |deque| deque.len());
                let index = Int::from_isize(length as isize - this.left.get() as isize)?.into_object();
                let arguments = Tuple::pack([deque, index])?.into_object();
                Tuple::pack([this.type_of().upcast().to_owned(), arguments])
            }
        }
    )*};
}

iterators! {
    DequeIterator "_deque_iterator" false;
    DequeReverseIterator "_deque_reverse_iterator" true;
}
