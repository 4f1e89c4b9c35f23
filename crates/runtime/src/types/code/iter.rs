//! `line_iterator` and `positions_iterator`, which `co_lines` and `co_positions` give.
//!
//! The rows are made at once: a code object has few. CPython: `lineiterator`, `positionsiterator` in `Objects/codeobject.c`,
//! which decode the table row by row.

use core::cell::Cell;

use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::prelude::*;

macro_rules! row_iterator {
    ($(#[$doc:meta])* $ty:ident $name:literal $size:literal) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $ty {
            head: PyObject,
            /// A list of tuples of numbers, which no cycle goes through.
            rows: Cell<*mut PyObject>,
            at: Cell<usize>,
        }

        impl $ty {
            /// An iterator over `rows`.
            #[expect(clippy::new_ret_no_self, reason = "what callers want is the object")]
            pub fn new(rows: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
                let rows = List::from_vec(rows)?;
                // SAFETY: the field is written before anybody sees the object.
                unsafe {
                    let this = memory::new::<$ty>()?;
                    (*this).rows.set(rows.into_ptr());
                    Ok(Ref::from_owned_ptr(this))
                }
            }
        }

        #[pytype(name = $name, basetype, disallow_instantiation, basicsize = $size)]
        impl $ty {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe {
                    memory::clear_field(&(*this).rows);
                    memory::dealloc_finish(this);
                }
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$ty>) -> Ref<$ty> {
                this.clone()
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$ty>) -> PyResult<Option<Ref<Object>>> {
                let at = this.at.get();
                // SAFETY: null in an instance of a subclass that nobody filled, else a list.
                let rows = unsafe { Borrowed::<List>::from_ptr_or_null(this.rows.get()) };
                let row = rows.and_then(|rows| rows.get(at));
                if row.is_some() {
                    this.at.set(at + 1);
                }
                Ok(row)
            }
        }
    };
}

row_iterator! {
    /// Of the runs of instructions with one line each.
    LineIterator "line_iterator" 64
}
row_iterator! {
    /// Of the places in the source of each instruction.
    PositionsIterator "positions_iterator" 80
}
