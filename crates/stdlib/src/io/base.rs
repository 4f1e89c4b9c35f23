//! `_IOBase`, the root of the stream types: closing, iteration, and what raises where a stream cannot do something.
//!
//! **Invariant:** every native stream begins with [`IoBase`], which holds the instance dictionary and the list of weak
//! references. CPython: `Modules/_io/iobase.c`.

use core::mem::offset_of;

use taipan_runtime::memory::object as heap;
use taipan_runtime::types::bytes::BytesBuilder;
use taipan_runtime::types::exceptions::{self, AttributeError};

use super::field::Field;
use super::unsupported;
use taipan_runtime::prelude::*;

#[repr(C)]
pub struct IoBase {
    head: abi::PyObject,
    pub dict: Field,
    /// Used by weak references alone.
    weaklist: Field,
}

pub const DICT: usize = offset_of!(IoBase, dict);
pub const WEAKLIST: usize = offset_of!(IoBase, weaklist);

/// What every native `tp_dealloc` of a stream begins with: closes the stream, and untracks it and kills its weak
/// references unless it came back to life, which is `false`.
///
/// # Safety
/// Called once, from `tp_dealloc`.
pub unsafe fn begin_dealloc<T>(this: *mut T) -> bool {
    let object: *mut abi::PyObject = this.cast();
    // SAFETY: by contract; a stream begins with an `IoBase`.
    unsafe {
        if !heap::finalize_from_dealloc(object) {
            return false;
        }
        heap::gc_untrack(object);
        taipan_runtime::types::weakref::clear_refs(object);
        true
    }
}

/// The end of it: drops the dictionary and frees the memory.
///
/// # Safety
/// As there; nothing else of the object is in use.
pub unsafe fn end_dealloc<T>(this: *mut T) {
    // SAFETY: by contract.
    unsafe {
        (*this.cast::<IoBase>()).dict.clear();
        heap::dealloc_finish(this);
    }
}

pub fn closed_error() -> Raised {
    raise!(ValueError, "I/O operation on closed file.")
}

pub fn check_closed(this: &Ref<Object>) -> PyResult<()> {
    match this.lookup_attr(id!("closed"))? {
        Some(closed) if closed.is_true()? => Err(closed_error()),
        _ => Ok(()),
    }
}

/// `this.question()` has to be True itself.
fn check_ability(this: &Ref<Object>, question: Borrowed<'_, Str>, message: &str) -> PyResult<Ref<Object>> {
    let answer = this.call_method(question, &[])?;
    if answer.is(&Bool::from(true)) { Ok(answer) } else { Err(unsupported(message)) }
}

pub fn check_readable(this: &Ref<Object>) -> PyResult<Ref<Object>> {
    check_ability(this, id!("readable"), "File or stream is not readable.")
}

pub fn check_writable(this: &Ref<Object>) -> PyResult<Ref<Object>> {
    check_ability(this, id!("writable"), "File or stream is not writable.")
}

pub fn check_seekable(this: &Ref<Object>) -> PyResult<Ref<Object>> {
    check_ability(this, id!("seekable"), "File or stream is not seekable.")
}

/// A result that has to be bytes, from a method of the stream.
fn expect_bytes(value: Ref<Object>, method: &str) -> PyResult<Ref<Bytes>> {
    value
        .into_downcast::<Bytes>()
        .map_err(|other| raise!(OSError, "{method}() should have returned a bytes object, not '{}'", other.type_name()))
}

/// `readline` for streams that have only `read`, and perhaps `peek`.
pub fn readline(this: &Ref<Object>, limit: Option<usize>) -> PyResult<Ref<Bytes>> {
    let peek = this.lookup_attr(id!("peek"))?;
    let mut line = BytesBuilder::new();
    while limit.is_none_or(|limit| line.len() < limit) {
        let mut wanted = 1;
        if let Some(peek) = &peek {
            let ahead = expect_bytes(peek.call1(Int::one().as_borrowed())?, "peek")?;
            let ahead = ahead.as_slice();
            if !ahead.is_empty() {
                let most = limit.map_or(ahead.len(), |limit| ahead.len().min(limit - line.len()));
                wanted = memchr::memchr(b'\n', &ahead[..most]).map_or(most, |at| at + 1);
            }
        }
        let part = this.call_method(id!("read"), &[Int::from_usize(wanted)?.as_borrowed()])?;
        let part = expect_bytes(part, "read")?;
        if part.is_empty() {
            break;
        }
        line.push(part.as_slice())?;
        if line.as_slice().last() == Some(&b'\n') {
            break;
        }
    }
    line.finish()
}

/// A size parameter: `None` for all.
pub fn size_limit(size: Nullable<isize>) -> Option<usize> {
    size.into_option().and_then(|size| usize::try_from(size).ok())
}

#[pytype(name = "_IOBase", module = "_io", gc, basetype, dictoffset = DICT, weaklistoffset = WEAKLIST, heap)]
impl IoBase {
    #[slot(tp_traverse)]
    fn traverse(this: &IoBase, visit: &mut Visitor) {
        visit.object(this.dict.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<IoBase>) {
        this.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut IoBase) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if begin_dealloc(this) {
                end_dealloc(this);
            }
        }
    }

    /// Closes the stream. An exception on its way through is kept out of it.
    #[slot(tp_finalize)]
    fn finalize(this: &Ref<IoBase>) {
        let _aside = Raised::aside();
        let object = this.as_object();
        let closed = match object.lookup_attr(id!("closed")) {
            Ok(Some(closed)) => match closed.is_true() {
                Ok(closed) => closed,
                Err(raised) => {
                    raised.clear();
                    true
                }
            },
            // Without the attribute the stream counts as open.
            Ok(None) => false,
            Err(raised) => {
                raised.clear();
                true
            }
        };
        if !closed {
            // Tells `close` that a resource warning is due.
            if let Err(raised) = object.setattr(id!("_finalizing"), Bool::from(true).as_borrowed()) {
                raised.clear();
            }
            if let Err(raised) = object.call_method(id!("close"), &[]) {
                // The text may need attributes that are missing, so the exception waits outside.
                let exception = raised.take();
                let message = format!("Exception ignored while finalizing file {}", object.to_repr_text());
                exceptions::report_unraisable(Raised::restore(exception), &message, None);
            }
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<IoBase>) -> PyResult<Ref<IoBase>> {
        check_closed(this.as_object())?;
        Ok(this.clone())
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<IoBase>) -> PyResult<Option<Ref<Object>>> {
        let line = this.as_object().call_method(id!("readline"), &[])?;
        Ok(if line.len()? == 0 { None } else { Some(line) })
    }

    #[method(signature = "($self, offset, whence=os.SEEK_SET, /)", defining_class)]
    fn seek(_this: &Ref<IoBase>, _offset: i32, _whence: Option<i32>) -> PyResult<()> {
        Err(unsupported("seek"))
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<IoBase>) -> PyResult<Ref<Object>> {
        this.as_object().call_method(id!("seek"), &[Int::zero().as_borrowed(), Int::one().as_borrowed()])
    }

    #[method(signature = "($self, size=None, /)", defining_class)]
    fn truncate(_this: &Ref<IoBase>, _size: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Err(unsupported("truncate"))
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<IoBase>) -> PyResult<()> {
        if closed_flag(this)? { Err(closed_error()) } else { Ok(()) }
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<IoBase>) -> PyResult<()> {
        if closed_flag(this)? {
            return Ok(());
        }
        let flushed = this.as_object().call_method(id!("flush"), &[]).map(drop);
        // Closed in any case; the error of `flush` stays the one to report.
        let pending = if flushed.is_err() { Raised::take_if_set() } else { None };
        let marked = this.as_object().setattr(id!("__IOBase_closed"), Bool::from(true).as_borrowed());
        match pending {
            None => marked,
            Some(pending) => {
                if let Err(raised) = marked {
                    raised.clear();
                }
                Err(Raised::restore(pending))
            }
        }
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<IoBase>) -> bool {
        let _ = this;
        false
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<IoBase>) -> bool {
        let _ = this;
        false
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<IoBase>) -> bool {
        let _ = this;
        false
    }

    #[method(name = "_checkClosed", signature = "($self, /)")]
    fn check_closed_method(this: &Ref<IoBase>) -> PyResult<()> {
        check_closed(this.as_object())
    }

    #[method(name = "_checkSeekable", signature = "($self, /)")]
    fn check_seekable_method(this: &Ref<IoBase>) -> PyResult<Ref<Object>> {
        check_seekable(this.as_object())
    }

    #[method(name = "_checkReadable", signature = "($self, /)")]
    fn check_readable_method(this: &Ref<IoBase>) -> PyResult<Ref<Object>> {
        check_readable(this.as_object())
    }

    #[method(name = "_checkWritable", signature = "($self, /)")]
    fn check_writable_method(this: &Ref<IoBase>) -> PyResult<Ref<Object>> {
        check_writable(this.as_object())
    }

    #[method(signature = "($self, /)", defining_class)]
    fn fileno(_this: &Ref<IoBase>) -> PyResult<()> {
        Err(unsupported("fileno"))
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<IoBase>) -> PyResult<bool> {
        check_closed(this.as_object())?;
        Ok(false)
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<IoBase>) -> PyResult<Ref<IoBase>> {
        check_closed(this.as_object())?;
        Ok(this.clone())
    }

    #[method(raw, name = "__exit__")]
    fn exit(this: &Ref<IoBase>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("_IOBase.__exit__")?;
        this.as_object().call_method(id!("close"), &[])
    }

    #[method(name = "readline", signature = "($self, size=-1, /)")]
    fn readline_method(this: &Ref<IoBase>, size: Nullable<isize>) -> PyResult<Ref<Bytes>> {
        readline(this.as_object(), size_limit(size))
    }

    #[method(signature = "($self, hint=-1, /)")]
    fn readlines(this: &Ref<IoBase>, hint: Nullable<isize>) -> PyResult<Ref<List>> {
        let hint = hint.into_option().unwrap_or(-1);
        let lines = List::new()?;
        let lines_iter = this.as_object().iter()?;
        let mut length = 0usize;
        while let Some(line) = lines_iter.next()? {
            let more = line.len()?;
            lines.push(line)?;
            length = length.saturating_add(more);
            if hint > 0 && length > hint as usize {
                break;
            }
        }
        Ok(lines)
    }

    #[method(signature = "($self, lines, /)")]
    fn writelines(this: &Ref<IoBase>, lines: Borrowed<'_, Object>) -> PyResult<()> {
        check_closed(this.as_object())?;
        let lines = lines.iter()?;
        while let Some(line) = lines.next()? {
            this.as_object().call_method(id!("write"), &[line.borrow()])?;
        }
        Ok(())
    }

    #[getter]
    fn closed(this: &Ref<IoBase>) -> PyResult<bool> {
        closed_flag(this)
    }

    #[getter(name = "__dict__")]
    fn dict_of(this: &Ref<IoBase>) -> PyResult<Ref<Object>> {
        taipan_runtime::types::object::dict::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn set_dict(this: &Ref<IoBase>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        taipan_runtime::types::object::dict::generic_set_dict(this.as_object(), value)
    }
}

/// What `close` of this type leaves behind: an attribute that subclasses do not meet by chance.
fn closed_flag(this: &Ref<IoBase>) -> PyResult<bool> {
    this.as_object().has_attr(id!("__IOBase_closed"))
}

/// The AttributeError of a stream without a certain attribute counts as "no"; others pass.
pub fn attribute_or_none(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    match object.getattr(name) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => raised.clear_if::<AttributeError>().map(|()| None),
    }
}

/// `_RawIOBase`: streams without a buffer.
#[repr(transparent)]
pub struct RawIoBase(IoBase);

#[pytype(name = "_RawIOBase", module = "_io", base = IoBase, gc, basetype, dictoffset = DICT, weaklistoffset = WEAKLIST, heap)]
impl RawIoBase {
    #[slot(tp_traverse)]
    fn traverse(this: &RawIoBase, visit: &mut Visitor) {
        visit.object(this.0.dict.as_ptr());
    }

    #[method(signature = "($self, size=-1, /)")]
    fn read(this: &Ref<RawIoBase>, size: Nullable<isize>) -> PyResult<Ref<Object>> {
        let this = this.as_object();
        let Some(size) = size_limit(size) else { return this.call_method(id!("readall"), &[]) };
        let buffer = ByteArray::new()?;
        buffer.resize(size)?;
        // SAFETY: the new bytes, which nobody else sees yet.
        unsafe { buffer.data_mut_ptr().write_bytes(0, size) };
        let count = this.call_method(id!("readinto"), &[buffer.as_borrowed()])?;
        if count.is_none() {
            return Ok(count);
        }
        let count = count.as_index_isize()?;
        match usize::try_from(count) {
            Ok(count) if count <= size => {
                let data = buffer.as_slice();
                Ok(Bytes::from_slice(&data[..count.min(data.len())])?.into_object())
            }
            _ => Err(raise!(ValueError, "readinto returned {count} outside buffer size {size}")),
        }
    }

    #[method(signature = "($self, /)")]
    fn readall(this: &Ref<RawIoBase>) -> PyResult<Ref<Object>> {
        let this = this.as_object();
        let mut data = BytesBuilder::new();
        let size = Int::from_usize(super::DEFAULT_BUFFER_SIZE)?;
        loop {
            let part = this.call_method(id!("read"), &[size.as_borrowed()])?;
            if part.is_none() {
                if data.is_empty() {
                    return Ok(part);
                }
                break;
            }
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(raise!(TypeError, "read() should return bytes"));
            };
            if part.is_empty() {
                break;
            }
            data.push(part.as_slice())?;
        }
        Ok(data.finish()?.into_object())
    }

    #[method(raw, name = "readinto")]
    fn readinto(_this: &Ref<RawIoBase>, _args: CallArgs<'_>) -> PyResult<()> {
        Err(exceptions::set_object(exceptions::NotImplementedError::type_object().upcast(), None))
    }

    #[method(raw, name = "write")]
    fn write(_this: &Ref<RawIoBase>, _args: CallArgs<'_>) -> PyResult<()> {
        Err(exceptions::set_object(exceptions::NotImplementedError::type_object().upcast(), None))
    }
}

/// `_BufferedIOBase`: streams of bytes with a buffer.
#[repr(transparent)]
pub struct BufferedIoBase(IoBase);

impl BufferedIoBase {
    /// `readinto` and `readinto1` by way of `read` and `read1`.
    fn read_into(
        this: &Ref<Object>,
        buffer: &mut taipan_runtime::object::args::WritableBufferArg<'_>,
        method: Borrowed<'_, Str>,
    ) -> PyResult<usize> {
        let room = buffer.len();
        let data = this.call_method(method, &[Int::from_usize(room)?.as_borrowed()])?;
        let Some(data) = data.downcast::<Bytes>() else {
            return Err(raise!(TypeError, "read() should return bytes"));
        };
        let data = data.as_slice();
        if data.len() > room {
            return Err(raise!(
                ValueError,
                "read() returned too much data: {room} bytes requested, {} returned",
                data.len()
            ));
        }
        buffer.as_mut_slice()[..data.len()].copy_from_slice(data);
        Ok(data.len())
    }
}

#[pytype(name = "_BufferedIOBase", module = "_io", base = IoBase, gc, basetype, dictoffset = DICT, weaklistoffset = WEAKLIST, heap)]
impl BufferedIoBase {
    #[slot(tp_traverse)]
    fn traverse(this: &BufferedIoBase, visit: &mut Visitor) {
        visit.object(this.0.dict.as_ptr());
    }

    #[method(signature = "($self, /)", defining_class)]
    fn detach(_this: &Ref<BufferedIoBase>) -> PyResult<()> {
        Err(unsupported("detach"))
    }

    #[method(signature = "($self, size=-1, /)", defining_class)]
    fn read(_this: &Ref<BufferedIoBase>, _size: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Err(unsupported("read"))
    }

    #[method(signature = "($self, size=-1, /)", defining_class)]
    fn read1(_this: &Ref<BufferedIoBase>, _size: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Err(unsupported("read1"))
    }

    #[method(signature = "($self, buffer, /)")]
    fn readinto(
        this: &Ref<BufferedIoBase>,
        mut buffer: taipan_runtime::object::args::WritableBufferArg<'_>,
    ) -> PyResult<usize> {
        BufferedIoBase::read_into(this.as_object(), &mut buffer, id!("read"))
    }

    #[method(signature = "($self, buffer, /)")]
    fn readinto1(
        this: &Ref<BufferedIoBase>,
        mut buffer: taipan_runtime::object::args::WritableBufferArg<'_>,
    ) -> PyResult<usize> {
        BufferedIoBase::read_into(this.as_object(), &mut buffer, id!("read1"))
    }

    #[method(signature = "($self, b, /)", defining_class)]
    fn write(_this: &Ref<BufferedIoBase>, _b: Borrowed<'_, Object>) -> PyResult<()> {
        Err(unsupported("write"))
    }
}

/// `_TextIOBase`: streams of text.
#[repr(transparent)]
pub struct TextIoBase(IoBase);

#[pytype(name = "_TextIOBase", module = "_io", base = IoBase, gc, basetype, dictoffset = DICT, weaklistoffset = WEAKLIST, heap)]
impl TextIoBase {
    #[slot(tp_traverse)]
    fn traverse(this: &TextIoBase, visit: &mut Visitor) {
        visit.object(this.0.dict.as_ptr());
    }

    #[method(signature = "($self, /)", defining_class)]
    fn detach(_this: &Ref<TextIoBase>) -> PyResult<()> {
        Err(unsupported("detach"))
    }

    #[method(signature = "($self, size=-1, /)", defining_class)]
    fn read(_this: &Ref<TextIoBase>, _size: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Err(unsupported("read"))
    }

    #[method(signature = "($self, size=-1, /)", defining_class)]
    fn readline(_this: &Ref<TextIoBase>, _size: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        Err(unsupported("readline"))
    }

    #[method(signature = "($self, s, /)", defining_class)]
    fn write(_this: &Ref<TextIoBase>, _s: Borrowed<'_, Str>) -> PyResult<()> {
        Err(unsupported("write"))
    }

    #[getter]
    fn encoding(_this: &Ref<TextIoBase>) -> Option<Ref<Object>> {
        None
    }

    #[getter]
    fn newlines(_this: &Ref<TextIoBase>) -> Option<Ref<Object>> {
        None
    }

    #[getter]
    fn errors(_this: &Ref<TextIoBase>) -> Option<Ref<Object>> {
        None
    }
}

/// The instance dictionary, if there is one by now.
pub fn instance_dict(object: &Ref<Object>) -> Option<Ref<Dict>> {
    taipan_runtime::types::object::dict::existing(object)
}

/// Whether the dictionary of a `FileIO` replaces none of the methods that a buffered stream asks when it is made.
pub fn has_plain_dict(object: &Ref<Object>) -> bool {
    instance_dict(object).is_none_or(|dict| {
        !dict.contains_str(id!("readable"))
            && !dict.contains_str(id!("writable"))
            && !dict.contains_str(id!("seekable"))
    })
}

/// A copy of the instance dictionary, or None: the last item of a state.
pub fn dict_copy(object: &Ref<Object>) -> PyResult<Ref<Object>> {
    match instance_dict(object) {
        Some(dict) => Ok(dict.copy()?.into_object()),
        None => Ok(none()),
    }
}

/// Puts the items of a pickled dictionary back. `place` is for the message.
pub fn restore_dict(object: &Ref<Object>, state: Borrowed<'_, Object>, place: &str) -> PyResult<()> {
    if state.is_none() {
        return Ok(());
    }
    let Some(items) = state.downcast::<Dict>() else {
        return Err(raise!(TypeError, "{place} item of state should be a dict, got a {}", state.type_name()));
    };
    let dict = taipan_runtime::types::object::dict::get_or_create(object)?;
    for (key, value) in items.items_snapshot()? {
        dict.set_item(key.borrow(), value.borrow())?;
    }
    Ok(())
}
