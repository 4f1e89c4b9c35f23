//! What Python sees of `TextIOWrapper`.

use core::mem::offset_of;

use super::super::base::{self, TextIoBase};
use super::super::{and_close, cannot_pickle, stream_repr, unsupported};
use super::line_end::parse_checked;
use super::{Buffered, LineEnd, TextIoWrapper, check_errors, check_no_null, codec};
use taipan_runtime::prelude::*;

impl TextIoWrapper {
    /// Passes a question on to the buffer.
    fn ask_buffer(this: &Ref<TextIoWrapper>, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        this.attached()?.call_method(name, &[])
    }

    /// A `str` or None, for the arguments of `reconfigure`.
    fn optional_text<'a>(value: Option<Borrowed<'a, Object>>, name: &str) -> PyResult<Option<Borrowed<'a, Str>>> {
        match value {
            Some(value) if !value.is_none() => match value.downcast_borrowed::<Str>() {
                Some(text) => Ok(Some(text)),
                None => Err(raise!(
                    TypeError,
                    "reconfigure() argument '{name}' must be str or None, not {}",
                    value.type_name()
                )),
            },
            _ => Ok(None),
        }
    }

    /// A flag of `reconfigure`: what it was, when None is given.
    fn flag(value: Option<Borrowed<'_, Object>>, old: bool) -> PyResult<bool> {
        match value {
            Some(value) if !value.is_none() => Ok(value.as_index_isize()? != 0),
            _ => Ok(old),
        }
    }
}

#[pytype(name = "TextIOWrapper", module = "_io", base = TextIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap, basicsize = 200)]
impl TextIoWrapper {
    #[slot(tp_traverse)]
    fn traverse(this: &TextIoWrapper, visit: &mut Visitor) {
        visit.object(this.base.dict.as_ptr());
        visit.object(this.buffer.as_ptr());
        visit.object(this.encoder.as_ptr());
        visit.object(this.decoder.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TextIoWrapper>) {
        this.initialized.set(false);
        this.native.set(false);
        this.buffer.clear();
        this.encoder.clear();
        this.decoder.clear();
        this.base.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TextIoWrapper) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).finalizing.set(true);
            if !base::begin_dealloc(this) {
                (*this).finalizing.set(false);
                return;
            }
            (*this).initialized.set(false);
            (*this).native.set(false);
            (*this).drop_pending();
            for field in [&(*this).buffer, &(*this).encoder, &(*this).decoder] {
                field.clear();
            }
            for field in [&(*this).encoding, &(*this).errors, &(*this).decoded] {
                field.clear();
            }
            (*this).snapshot.clear();
            base::end_dealloc(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TextIoWrapper>) -> PyResult<String> {
        this.check_initialized()?;
        stream_repr(this.as_object(), &[id!("mode"), id!("encoding")])
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<TextIoWrapper>) -> PyResult<Option<Ref<Str>>> {
        TextIoWrapper::next_line(this)
    }

    #[init(signature = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)")]
    fn init(
        this: &Ref<TextIoWrapper>,
        buffer: Borrowed<'_, Object>,
        encoding: Nullable<Borrowed<'_, Str>>,
        errors: Option<Borrowed<'_, Object>>,
        newline: Nullable<Borrowed<'_, Str>>,
        line_buffering: bool,
        write_through: bool,
    ) -> PyResult<()> {
        let errors = match errors {
            Some(errors) if !errors.is_none() => match errors.downcast_borrowed::<Str>() {
                Some(text) => Some(text),
                None => {
                    return Err(raise!(
                        TypeError,
                        "TextIOWrapper() argument 'errors' must be str or None, not {}",
                        errors.type_name()
                    ));
                }
            },
            _ => None,
        };
        TextIoWrapper::set_up(
            this,
            buffer,
            encoding.into_option(),
            errors,
            newline.into_option(),
            line_buffering,
            write_through,
        )
    }

    #[method(
        signature = "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)"
    )]
    fn reconfigure(
        this: &Ref<TextIoWrapper>,
        encoding: Option<Borrowed<'_, Object>>,
        errors: Option<Borrowed<'_, Object>>,
        newline: Option<Borrowed<'_, Object>>,
        line_buffering: Option<Borrowed<'_, Object>>,
        write_through: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.attached()?;
        let encoding = TextIoWrapper::optional_text(encoding, "encoding")?;
        let errors = TextIoWrapper::optional_text(errors, "errors")?;
        let new_line_end = match TextIoWrapper::optional_text(newline, "newline")? {
            Some(text) => Some(parse_checked(Some(text))?),
            // None is a value of its own here; only a missing argument changes nothing.
            None if newline.is_some_and(|newline| newline.is_none()) => Some(LineEnd::Translated),
            None => None,
        };
        if this.decoded.is_some() && (encoding.is_some() || errors.is_some() || new_line_end.is_some()) {
            return Err(unsupported(
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let line_buffering = TextIoWrapper::flag(line_buffering, this.line_buffering.get())?;
        let write_through = TextIoWrapper::flag(write_through, this.write_through.get())?;
        this.as_object().call_method(id!("flush"), &[])?;
        if encoding.is_some() || errors.is_some() || new_line_end.is_some() {
            let new_errors = match (&errors, &encoding) {
                (Some(errors), _) => errors.to_owned(),
                (None, Some(_)) => Str::from_utf8_str("strict")?,
                (None, None) => this.errors_text()?,
            };
            let new_encoding = match encoding {
                Some(encoding) if encoding.eq_str("locale") => codec::locale_encoding()?,
                Some(encoding) => encoding.to_owned(),
                None => match this.encoding.get() {
                    Some(encoding) => encoding,
                    None => codec::locale_encoding()?,
                },
            };
            check_no_null(&new_encoding)?;
            check_no_null(&new_errors)?;
            check_errors(&new_errors)?;
            TextIoWrapper::set_codec(this, &new_encoding, &new_errors)?;
            if let Some(line_end) = new_line_end {
                this.set_line_end(line_end);
            }
            TextIoWrapper::fix_encoder(this)?;
        }
        this.line_buffering.set(line_buffering);
        this.write_through.set(write_through);
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn detach(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?;
        this.as_object().call_method(id!("flush"), &[])?;
        let buffer = this.attached()?;
        this.detached.set(true);
        this.native.set(false);
        this.buffer.clear();
        Ok(buffer)
    }

    #[method(signature = "($self, text, /)")]
    fn write(this: &Ref<TextIoWrapper>, text: Borrowed<'_, Str>) -> PyResult<usize> {
        TextIoWrapper::write_text(this, &text)
    }

    #[method(signature = "($self, size=-1, /)")]
    fn read(this: &Ref<TextIoWrapper>, size: Nullable<isize>) -> PyResult<Ref<Str>> {
        TextIoWrapper::read_text(this, base::size_limit(size))
    }

    #[method(signature = "($self, size=-1, /)")]
    fn readline(this: &Ref<TextIoWrapper>, size: isize) -> PyResult<Ref<Str>> {
        TextIoWrapper::read_line(this, usize::try_from(size).ok())
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::flush_text(this)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        let buffer = this.attached()?;
        let closed = match this.native_buffer() {
            Some(native) => Buffered::is_closed(&native)?,
            None => this.as_object().getattr(id!("closed"))?.is_true()?,
        };
        if closed {
            return Ok(none());
        }
        if this.finalizing.get()
            && let Err(raised) = buffer.call_method(id!("_dealloc_warn"), &[this.as_borrowed()])
        {
            raised.clear();
        }
        let flushed = this.as_object().call_method(id!("flush"), &[]);
        and_close(flushed, || buffer.call_method(id!("close"), &[]))
    }

    #[method(signature = "($self, /)")]
    fn fileno(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::ask_buffer(this, id!("fileno"))
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::ask_buffer(this, id!("seekable"))
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::ask_buffer(this, id!("readable"))
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::ask_buffer(this, id!("writable"))
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::ask_buffer(this, id!("isatty"))
    }

    #[method(signature = "($self, cookie, whence=os.SEEK_SET, /)")]
    fn seek(this: &Ref<TextIoWrapper>, cookie: Borrowed<'_, Object>, whence: Option<i32>) -> PyResult<Ref<Object>> {
        TextIoWrapper::seek_text(this, cookie, whence.unwrap_or(0))
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        TextIoWrapper::tell_text(this)
    }

    #[method(signature = "($self, pos=None, /)")]
    fn truncate(this: &Ref<TextIoWrapper>, pos: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        this.attached()?;
        this.as_object().call_method(id!("flush"), &[])?;
        let pos = pos.map_or_else(none, |pos| pos.to_owned());
        this.attached()?.call_method(id!("truncate"), &[pos.borrow()])
    }

    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<TextIoWrapper>) -> PyResult<()> {
        Err(cannot_pickle(this.as_object()))
    }

    #[getter]
    fn name(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?.getattr(id!("name"))
    }

    #[getter]
    fn closed(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?.getattr(id!("closed"))
    }

    #[getter]
    fn newlines(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Object>> {
        this.attached()?;
        if this.readable.get() && this.line_end.get().is_universal() { this.newlines.seen() } else { Ok(none()) }
    }

    #[getter]
    fn errors(this: &Ref<TextIoWrapper>) -> PyResult<Ref<Str>> {
        this.check_initialized()?;
        this.errors_text()
    }

    #[getter(name = "_CHUNK_SIZE")]
    fn chunk_size(this: &Ref<TextIoWrapper>) -> PyResult<usize> {
        this.attached()?;
        Ok(this.chunk_size.get())
    }

    #[setter(name = "_CHUNK_SIZE")]
    fn set_chunk_size(this: &Ref<TextIoWrapper>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.attached()?;
        let Some(value) = value else {
            return Err(raise!(
                AttributeError,
                "attribute '_CHUNK_SIZE' of '_io.TextIOWrapper' objects cannot be deleted"
            ));
        };
        match usize::try_from(value.as_isize()?) {
            Ok(size) if size > 0 => {
                this.chunk_size.set(size);
                Ok(())
            }
            _ => Err(raise!(ValueError, "a strictly positive integer is required")),
        }
    }

    #[member(name = "encoding", kind = T_OBJECT, offset = offset_of!(TextIoWrapper, encoding), readonly)]
    const _ENCODING: () = ();

    #[member(name = "buffer", kind = T_OBJECT, offset = offset_of!(TextIoWrapper, buffer), readonly)]
    const _BUFFER: () = ();

    #[member(name = "line_buffering", kind = T_BOOL, offset = offset_of!(TextIoWrapper, line_buffering), readonly)]
    const _LINE_BUFFERING: () = ();

    #[member(name = "write_through", kind = T_BOOL, offset = offset_of!(TextIoWrapper, write_through), readonly)]
    const _WRITE_THROUGH: () = ();

    #[member(name = "_finalizing", kind = T_BOOL, offset = offset_of!(TextIoWrapper, finalizing))]
    const _FINALIZING: () = ();
}
