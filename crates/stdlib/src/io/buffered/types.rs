//! What Python sees of `BufferedReader`, `BufferedWriter` and `BufferedRandom`.

use core::mem::offset_of;

use taipan_runtime::object::args::{BufferArg, WritableBufferArg};

use super::super::base::{self, BufferedIoBase};
use super::Buffered;
use taipan_runtime::prelude::*;

/// Declares one of the types: `common` is what all have, the rest is named by what the stream can do.
macro_rules! buffered_type {
    ($ty:ident, $name:literal, $readable:literal, $writable:literal, [$($part:ident)*] $($more:tt)*) => {
        #[repr(transparent)]
        pub struct $ty(Buffered);

        impl $ty {
            fn core(this: &Ref<$ty>) -> &Ref<Buffered> {
                // SAFETY: the type is transparent over its layout.
                unsafe { this.cast_unchecked() }
            }

            /// A new stream over `raw` without the detour of a call.
            pub fn open(raw: Borrowed<'_, Object>, buffer_size: isize) -> PyResult<Ref<$ty>> {
                // SAFETY: an instance of the very type; zeroed fields are valid.
                let this: Ref<$ty> = unsafe { $ty::type_object().alloc(0)?.into_unchecked() };
                Buffered::init($ty::core(&this), raw, buffer_size, $readable, $writable)?;
                Ok(this)
            }
        }

        #[pytype(name = $name, module = "_io", base = BufferedIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap, basicsize = 152, extend = [$($ty::$part),*])]
        impl $ty {
            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                visit.object(this.0.base.dict.as_ptr());
                visit.object(this.0.raw.as_ptr());
            }

            #[slot(tp_clear)]
            fn clear(this: &Ref<$ty>) {
                this.0.initialized.set(false);
                this.0.native.set(false);
                this.0.raw.clear();
                this.0.base.dict.clear();
            }

            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: by the contract of the slot.
                unsafe { Buffered::dealloc(this.cast()) }
            }

            #[slot(tp_repr)]
            fn repr(this: &Ref<$ty>) -> PyResult<String> {
                Buffered::repr($ty::core(this))
            }

            $($more)*

            #[init(signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
            fn init(this: &Ref<$ty>, raw: Borrowed<'_, Object>, buffer_size: Option<isize>) -> PyResult<()> {
                let size = buffer_size.unwrap_or(super::super::DEFAULT_BUFFER_SIZE as isize);
                Buffered::init($ty::core(this), raw, size, $readable, $writable)
            }

            #[method(signature = "($self, /)")]
            fn detach(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::detach($ty::core(this))
            }

            #[method(signature = "($self, /)")]
            fn flush(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::flush_method($ty::core(this))
            }

            #[method(signature = "($self, /)")]
            fn close(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::close($ty::core(this))
            }

            #[method(signature = "($self, /)")]
            fn seekable(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::ask_raw($ty::core(this), id!("seekable"))
            }

            #[method(signature = "($self, /)")]
            fn fileno(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::ask_raw($ty::core(this), id!("fileno"))
            }

            #[method(signature = "($self, /)")]
            fn isatty(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::ask_raw($ty::core(this), id!("isatty"))
            }

            #[method(name = "_dealloc_warn", signature = "($self, source, /)")]
            fn dealloc_warn(this: &Ref<$ty>, source: Borrowed<'_, Object>) {
                Buffered::warn_unclosed($ty::core(this), source);
            }

            #[method(name = "__getstate__", signature = "($self, /)")]
            fn getstate(this: &Ref<$ty>) -> PyResult<()> {
                Err(super::super::cannot_pickle(this.as_object()))
            }

            #[method(name = "__sizeof__", signature = "($self, /)")]
            fn size_of(this: &Ref<$ty>) -> isize {
                let core = $ty::core(this);
                this.type_of().tp_basicsize.get() + core.size.get() as isize
            }

            #[method(signature = "($self, target, whence=0, /)")]
            fn seek(this: &Ref<$ty>, target: Borrowed<'_, Object>, whence: i32) -> PyResult<Ref<Object>> {
                Buffered::seek($ty::core(this), target, whence)
            }

            #[method(signature = "($self, /)")]
            fn tell(this: &Ref<$ty>) -> PyResult<i64> {
                Buffered::tell($ty::core(this))
            }

            #[method(signature = "($self, pos=None, /)", defining_class)]
            fn truncate(this: &Ref<$ty>, pos: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
                Buffered::truncate($ty::core(this), pos)
            }

            #[getter]
            fn closed(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::raw($ty::core(this))?.getattr(id!("closed"))
            }

            #[getter]
            fn name(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::raw($ty::core(this))?.getattr(id!("name"))
            }

            #[getter]
            fn mode(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::raw($ty::core(this))?.getattr(id!("mode"))
            }

            #[member(name = "raw", kind = T_OBJECT, offset = offset_of!(Buffered, raw), readonly)]
            const _RAW: () = ();

            #[member(name = "_finalizing", kind = T_BOOL, offset = offset_of!(Buffered, finalizing))]
            const _FINALIZING: () = ();
        }
    };
}

macro_rules! reading_part {
    ($ty:ident) => {
        #[pymethods(part = READING)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn readable(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::ask_raw($ty::core(this), id!("readable"))
            }

            #[method(signature = "($self, size=-1, /)")]
            fn read(this: &Ref<$ty>, size: Nullable<isize>) -> PyResult<Ref<Object>> {
                Buffered::read($ty::core(this), size.into_option())
            }

            #[method(signature = "($self, size=0, /)")]
            fn peek(this: &Ref<$ty>, _size: isize) -> PyResult<Ref<Bytes>> {
                Buffered::peek($ty::core(this))
            }

            #[method(signature = "($self, size=-1, /)")]
            fn read1(this: &Ref<$ty>, size: isize) -> PyResult<Ref<Bytes>> {
                Buffered::read1($ty::core(this), size)
            }

            #[method(signature = "($self, buffer, /)")]
            fn readinto(this: &Ref<$ty>, buffer: WritableBufferArg<'_>) -> PyResult<Option<usize>> {
                Buffered::readinto($ty::core(this), &buffer, false)
            }

            #[method(signature = "($self, buffer, /)")]
            fn readinto1(this: &Ref<$ty>, buffer: WritableBufferArg<'_>) -> PyResult<Option<usize>> {
                Buffered::readinto($ty::core(this), &buffer, true)
            }

            #[method(signature = "($self, size=-1, /)")]
            fn readline(this: &Ref<$ty>, size: Nullable<isize>) -> PyResult<Ref<Bytes>> {
                Buffered::readline($ty::core(this), base::size_limit(size))
            }
        }
    };
}

macro_rules! writing_part {
    ($ty:ident) => {
        #[pymethods(part = WRITING)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn writable(this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                Buffered::ask_raw($ty::core(this), id!("writable"))
            }

            #[method(signature = "($self, buffer, /)")]
            fn write(this: &Ref<$ty>, buffer: BufferArg<'_>) -> PyResult<usize> {
                Buffered::write($ty::core(this), &buffer)
            }
        }
    };
}

buffered_type! {
    BufferedReader, "BufferedReader", true, false, [READING]
    #[slot(tp_iternext)]
    fn next(this: &Ref<BufferedReader>) -> PyResult<Option<Ref<Object>>> {
        next_line(this.as_object(), BufferedReader::core(this), this.is_exact::<BufferedReader>())
    }
}
reading_part!(BufferedReader);

buffered_type!(BufferedWriter, "BufferedWriter", false, true, [WRITING]);
writing_part!(BufferedWriter);

buffered_type! {
    BufferedRandom, "BufferedRandom", true, true, [READING WRITING]
    #[slot(tp_iternext)]
    fn next(this: &Ref<BufferedRandom>) -> PyResult<Option<Ref<Object>>> {
        next_line(this.as_object(), BufferedRandom::core(this), this.is_exact::<BufferedRandom>())
    }
}
reading_part!(BufferedRandom);
writing_part!(BufferedRandom);

/// The next line of an iteration. A subclass may have a `readline` of its own.
fn next_line(this: &Ref<Object>, core: &Ref<Buffered>, exact: bool) -> PyResult<Option<Ref<Object>>> {
    let line = if exact {
        Buffered::readline(core, None)?
    } else {
        let line = this.call_method(id!("readline"), &[])?;
        line.into_downcast::<Bytes>().map_err(|other| {
            raise!(OSError, "readline() should have returned a bytes object, not '{}'", other.type_name())
        })?
    };
    Ok(if line.is_empty() { None } else { Some(line.into_object()) })
}
