//! Iterators over the integers of `bytes` and `bytearray`.
//!
//! CPython: `PyBytesIter_Type`, `PyByteArrayIter_Type`.

use core::cell::Cell;
use core::ptr;

use super::Bytes;
use crate::abi::PyObject;
use crate::memory;
use crate::prelude::*;
use crate::types::ByteArray;
use crate::types::str::outside::reduce_iterator;

/// Declares the iterator over one of the two types.
macro_rules! byte_iterator {
    ($iterator:ident over $bytes:ident, $name:literal, $export:literal, $iterate:ident) => {
        /// `bytes` is null at the end.
        #[repr(C)]
        pub struct $iterator {
            ob_base: PyObject,
            index: Cell<isize>,
            bytes: Cell<*mut $bytes>,
        }

        /// `iter()` of it.
        pub fn $iterate(bytes: &Ref<$bytes>) -> PyResult<Ref<Object>> {
            // SAFETY: a new object; its fields are set before it is seen.
            unsafe {
                let iterator = memory::object::new::<$iterator>()?;
                (*iterator).index.set(0);
                (*iterator).bytes.set(bytes.clone().into_ptr().cast());
                memory::object::gc_track(iterator.cast());
                Ok(Ref::from_owned_ptr(iterator))
            }
        }

        impl $iterator {
            fn bytes_ref(&self) -> Option<Borrowed<'_, $bytes>> {
                // SAFETY: null or kept alive by the iterator.
                unsafe { Borrowed::from_ptr_or_null(self.bytes.get()) }
            }

            fn release(&self) {
                // SAFETY: the iterator owned it.
                drop(unsafe { Ref::<$bytes>::from_owned_ptr_or_null(self.bytes.replace(ptr::null_mut())) });
            }
        }

        #[pytype(name = $name, export = $export, gc, disallow_instantiation)]
        impl $iterator {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $iterator) {
                // SAFETY: no count is left.
                unsafe {
                    memory::object::gc_untrack(this.cast());
                    (*this).release();
                    memory::object::dealloc_finish(this);
                }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$iterator, visit: &mut Visitor) {
                visit.object(this.bytes.get());
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$iterator>) -> Ref<$iterator> {
                this.clone()
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$iterator>) -> PyResult<Option<Ref<Int>>> {
                let Some(bytes) = this.bytes_ref() else { return Ok(None) };
                let index = this.index.get();
                if let Some(&byte) = bytes.as_slice().get(index as usize) {
                    this.index.set(index + 1);
                    return Int::from_i64(i64::from(byte)).map(Some);
                }
                this.release();
                Ok(None)
            }

            #[method(name = "__length_hint__", signature = "($self, /)")]
            fn length_hint(this: &Ref<$iterator>) -> isize {
                this.bytes_ref().map_or(0, |bytes| (bytes.len() as isize - this.index.get()).max(0))
            }

            #[method(name = "__reduce__", signature = "($self, /)")]
            fn reduce(this: &Ref<$iterator>) -> PyResult<Ref<Object>> {
                let rest = || (this.bytes_ref().map(|bytes| bytes.to_owned().into_object()), this.index.get());
                reduce_iterator(rest, Tuple::from_vec(Vec::new())?.into_object())
            }

            #[method(name = "__setstate__", signature = "($self, object, /)")]
            fn setstate(this: &Ref<$iterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
                let index = object.as_isize()?;
                if let Some(bytes) = this.bytes_ref() {
                    this.index.set(index.clamp(0, bytes.len() as isize));
                }
                Ok(())
            }
        }
    };
}

byte_iterator!(BytesIterator over Bytes, "bytes_iterator", "PyBytesIter_Type", iterate);
byte_iterator!(ByteArrayIterator over ByteArray, "bytearray_iterator", "PyByteArrayIter_Type", iterate_bytearray);
