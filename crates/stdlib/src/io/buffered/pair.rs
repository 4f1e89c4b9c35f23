//! `BufferedRWPair`: a reader and a writer that are two ends of something, as of a socket.

use super::super::and_close;
use super::super::base::{self, BufferedIoBase, IoBase};
use super::super::field::Field;
use super::{BufferedReader, BufferedWriter};
use taipan_runtime::prelude::*;

#[repr(C)]
pub struct BufferedRwPair {
    base: IoBase,
    reader: Field<BufferedReader>,
    writer: Field<BufferedWriter>,
}

/// Passes a call on to one half.
fn forward<T>(half: &Field<T>, name: Borrowed<'_, Str>, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    match half.get() {
        Some(half) => half.as_object().call_method(name, args),
        None => Err(raise!(ValueError, "I/O operation on uninitialized object")),
    }
}

#[pytype(name = "BufferedRWPair", module = "_io", base = BufferedIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap)]
impl BufferedRwPair {
    #[slot(tp_traverse)]
    fn traverse(this: &BufferedRwPair, visit: &mut Visitor) {
        visit.object(this.base.dict.as_ptr());
        visit.object(this.reader.as_ptr());
        visit.object(this.writer.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<BufferedRwPair>) {
        this.reader.clear();
        this.writer.clear();
        this.base.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BufferedRwPair) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if base::begin_dealloc(this) {
                (*this).reader.clear();
                (*this).writer.clear();
                base::end_dealloc(this);
            }
        }
    }

    #[init(signature = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)")]
    fn init(
        this: &Ref<BufferedRwPair>,
        reader: Borrowed<'_, Object>,
        writer: Borrowed<'_, Object>,
        buffer_size: Option<isize>,
    ) -> PyResult<()> {
        base::check_readable(&reader)?;
        base::check_writable(&writer)?;
        let size = buffer_size.unwrap_or(super::super::DEFAULT_BUFFER_SIZE as isize);
        this.reader.set(Some(BufferedReader::open(reader, size)?));
        match BufferedWriter::open(writer, size) {
            Ok(writer) => {
                this.writer.set(Some(writer));
                Ok(())
            }
            Err(raised) => {
                this.reader.clear();
                Err(raised)
            }
        }
    }

    #[method(raw, name = "read")]
    fn read(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("read"), args.positional())
    }

    #[method(raw, name = "peek")]
    fn peek(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("peek"), args.positional())
    }

    #[method(raw, name = "read1")]
    fn read1(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("read1"), args.positional())
    }

    #[method(raw, name = "readinto")]
    fn readinto(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("readinto"), args.positional())
    }

    #[method(raw, name = "readinto1")]
    fn readinto1(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("readinto1"), args.positional())
    }

    #[method(raw, name = "write")]
    fn write(this: &Ref<BufferedRwPair>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward(&this.writer, id!("write"), args.positional())
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        forward(&this.writer, id!("flush"), &[])
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        forward(&this.reader, id!("readable"), &[])
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        forward(&this.writer, id!("writable"), &[])
    }

    /// Closes both halves, whatever the first one says.
    #[method(signature = "($self, /)")]
    fn close(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        let first = forward(&this.writer, id!("close"), &[]);
        and_close(first, || forward(&this.reader, id!("close"), &[]))
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        let writer = forward(&this.writer, id!("isatty"), &[])?;
        if writer.is_true()? { Ok(writer) } else { forward(&this.reader, id!("isatty"), &[]) }
    }

    #[getter]
    fn closed(this: &Ref<BufferedRwPair>) -> PyResult<Ref<Object>> {
        match this.writer.get() {
            Some(writer) => writer.as_object().getattr(id!("closed")),
            None => Err(raise!(RuntimeError, "the BufferedRWPair object is being garbage-collected")),
        }
    }
}
