//! `MultibyteStreamReader` and `MultibyteStreamWriter`: the codecs over a stream of bytes.

use core::mem::offset_of;
use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::objects::{DecoderState, EncoderState, get_errors, set_errors};
use crate::support::{self, Slot};

/// `MultibyteStreamReader`.
#[repr(C)]
pub struct Reader {
    head: PyObject,
    stream: Slot,
    inner: DecoderState,
}

/// A size argument: `None` and negative numbers mean "everything".
fn size_of_argument(size: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
    match size {
        None => Ok(-1),
        Some(size) if size.is_none() => Ok(-1),
        Some(size) if size.is_instance_of::<Int>() => size.as_isize(),
        Some(_) => Err(raise!(TypeError, "arg 1 must be an integer")),
    }
}

impl Reader {
    /// Calls a reading method of the stream until there is a character or nothing more.
    fn read_by(&self, method: &str, mut size: isize) -> PyResult<Ref<Str>> {
        if size == 0 {
            return Ok(Str::empty());
        }
        let Some(stream) = self.stream.get() else { return Err(raise!(ValueError, "I/O operation on no stream")) };
        let method = Str::intern_str(method)?;
        loop {
            let data = if size < 0 {
                stream.call_method(method.borrow(), &[])?
            } else {
                stream.call_method(method.borrow(), &[Int::from_isize(size)?.as_borrowed()])?
            };
            let Some(bytes) = data.downcast::<Bytes>() else {
                return Err(raise!(TypeError, "stream function returned a non-bytes object ({})", data.type_name()));
            };
            let at_end = bytes.as_slice().is_empty();
            let text = self.inner.feed(bytes.as_slice(), at_end || size < 0)?;
            if size < 0 || !text.is_empty() || at_end {
                return Ok(text);
            }
            // One byte more may complete the character.
            size = 1;
        }
    }
}

#[pytype(name = "MultibyteStreamReader", module = "_multibytecodec", gc, basetype, heap, basicsize = 64, getattribute)]
impl Reader {
    #[new(signature = "(stream, errors='strict')", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        stream: Borrowed<'_, Object>,
        errors: Option<Borrowed<'_, Str>>,
    ) -> PyResult<Ref<Reader>> {
        let this = support::instance::<Reader>(cls)?;
        this.inner.begin(cls, errors)?;
        this.stream.set(Some(stream.to_owned()));
        Ok(this)
    }

    #[init(signature = "(*args, **kwargs)", no_text_signature)]
    fn init(_this: &Ref<Reader>, _args: taipan_runtime::object::args::Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Reader) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).stream, &(*this).inner.pending, &(*this).inner.errors]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Reader, visit: &mut Visitor) {
        support::traverse([&this.stream, &this.inner.pending, &this.inner.errors], visit);
    }

    #[method(signature = "($self, sizeobj=None, /)")]
    fn read(this: &Ref<Reader>, sizeobj: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        this.read_by("read", size_of_argument(sizeobj)?)
    }

    #[method(signature = "($self, sizeobj=None, /)")]
    fn readline(this: &Ref<Reader>, sizeobj: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        this.read_by("readline", size_of_argument(sizeobj)?)
    }

    #[method(signature = "($self, sizehintobj=None, /)")]
    fn readlines(this: &Ref<Reader>, sizehintobj: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let text = this.read_by("read", size_of_argument(sizehintobj)?)?;
        let keep = Bool::from(true);
        text.as_object().call_method(Str::intern_str("splitlines")?.borrow(), &[keep.as_borrowed()])
    }

    #[method(signature = "($self, /)")]
    fn reset(this: &Ref<Reader>) -> PyResult<()> {
        this.inner.reset()
    }

    #[member(name = "stream", kind = T_OBJECT, offset = offset_of!(Reader, stream), readonly)]
    const _STREAM: () = ();

    #[getter]
    fn errors(this: &Ref<Reader>) -> PyResult<Ref<Object>> {
        get_errors(&this.inner.errors)
    }

    #[setter(name = "errors")]
    fn set_errors(this: &Ref<Reader>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_errors(&this.inner.errors, value)
    }
}

/// `MultibyteStreamWriter`.
#[repr(C)]
pub struct Writer {
    head: PyObject,
    stream: Slot,
    inner: EncoderState,
}

impl Writer {
    fn put(&self, bytes: &Ref<Bytes>) -> PyResult<()> {
        let Some(stream) = self.stream.get() else { return Err(raise!(ValueError, "I/O operation on no stream")) };
        stream.call_method(id!("write"), &[bytes.as_borrowed()]).map(drop)
    }
}

#[pytype(name = "MultibyteStreamWriter", module = "_multibytecodec", gc, basetype, heap, getattribute)]
impl Writer {
    #[new(signature = "(stream, errors='strict')", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        stream: Borrowed<'_, Object>,
        errors: Option<Borrowed<'_, Str>>,
    ) -> PyResult<Ref<Writer>> {
        let this = support::instance::<Writer>(cls)?;
        this.inner.begin(cls, errors)?;
        this.stream.set(Some(stream.to_owned()));
        Ok(this)
    }

    #[init(signature = "(*args, **kwargs)", no_text_signature)]
    fn init(_this: &Ref<Writer>, _args: taipan_runtime::object::args::Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Writer) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).stream, &(*this).inner.pending, &(*this).inner.errors]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Writer, visit: &mut Visitor) {
        support::traverse([&this.stream, &this.inner.pending, &this.inner.errors], visit);
    }

    #[method(signature = "($self, strobj, /)")]
    fn write(this: &Ref<Writer>, strobj: Borrowed<'_, Object>) -> PyResult<()> {
        this.put(&this.inner.feed(strobj, false)?)
    }

    #[method(signature = "($self, lines, /)")]
    fn writelines(this: &Ref<Writer>, lines: Borrowed<'_, Object>) -> PyResult<()> {
        if !lines.is_instance_of::<List>() && !lines.is_instance_of::<Tuple>() && !lines.is_sequence() {
            return Err(raise!(TypeError, "arg must be a sequence object"));
        }
        let iterator = lines.iter()?;
        while let Some(line) = iterator.next()? {
            this.put(&this.inner.feed(line.borrow(), false)?)?;
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn reset(this: &Ref<Writer>) -> PyResult<()> {
        if this.inner.has_pending() {
            let bytes = this.inner.feed(Str::empty().as_borrowed(), true)?;
            if !bytes.as_slice().is_empty() {
                this.put(&bytes)?;
            }
        }
        this.inner.reset()
    }

    #[member(name = "stream", kind = T_OBJECT, offset = offset_of!(Writer, stream), readonly)]
    const _STREAM: () = ();

    #[getter]
    fn errors(this: &Ref<Writer>) -> PyResult<Ref<Object>> {
        get_errors(&this.inner.errors)
    }

    #[setter(name = "errors")]
    fn set_errors(this: &Ref<Writer>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_errors(&this.inner.errors, value)
    }
}
