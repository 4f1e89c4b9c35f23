//! `MultibyteCodec` and its incremental encoder and decoder.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::decode_bytes;
use taipan_runtime::types::codec::errors::decode_error;

use super::convert;
use super::engine::{Codec, State};
use crate::support::{self, Slot};

/// A codec, for ever the same.
#[repr(C)]
pub struct MultibyteCodec {
    head: PyObject,
    codec: Cell<Option<&'static Codec>>,
}

impl MultibyteCodec {
    pub fn new(codec: &'static Codec) -> PyResult<Ref<MultibyteCodec>> {
        // SAFETY: the field is written before anyone sees the object.
        unsafe {
            let object = memory::object::new::<MultibyteCodec>()?;
            (*object).codec.set(Some(codec));
            Ok(Ref::from_owned_ptr(object))
        }
    }

    fn the_codec(&self) -> PyResult<&'static Codec> {
        self.codec.get().ok_or_else(|| raise!(SystemError, "codec without a table"))
    }

    /// The codec that a subclass of an incremental or stream class names.
    pub fn of_class(cls: Borrowed<'_, Type>) -> PyResult<&'static Codec> {
        let codec = cls.as_object().getattr(Str::intern_str("codec")?.borrow())?;
        match codec.downcast_exact::<MultibyteCodec>() {
            Some(codec) => codec.the_codec(),
            None => Err(raise!(TypeError, "codec is unexpected type")),
        }
    }
}

/// The text of what is to be encoded, which need not be a `str`.
pub fn text_of(input: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    if let Some(text) = input.downcast::<Str>() {
        return Ok(text.to_owned());
    }
    match input.str() {
        Ok(text) => Ok(text),
        Err(raised) => {
            raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?;
            Err(raise!(TypeError, "couldn't convert the object to str."))
        }
    }
}

fn pair(object: Ref<Object>, count: usize) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(vec![object, Int::from_usize(count)?.into_object()])
}

#[pytype(
    name = "MultibyteCodec",
    module = "_multibytecodec",
    disallow_instantiation,
    gc,
    heap,
    basicsize = 32,
    getattribute
)]
impl MultibyteCodec {
    #[slot(tp_traverse)]
    fn traverse(_this: &MultibyteCodec, _visit: &mut Visitor) {}

    #[method(signature = "($self, /, input, errors=None)")]
    fn encode(
        this: &Ref<MultibyteCodec>,
        input: Borrowed<'_, Object>,
        errors: Option<Nullable<&str>>,
    ) -> PyResult<Ref<Tuple>> {
        let codec = this.the_codec()?;
        let text = text_of(input)?;
        let errors = errors.and_then(|errors| errors.0).unwrap_or("strict");
        let (bytes, _) = convert::encode(codec, &mut codec.initial(false), &text, errors, true)?;
        pair(Bytes::from_slice(&bytes)?.into_object(), text.len())
    }

    #[method(signature = "($self, /, input, errors=None)")]
    fn decode(
        this: &Ref<MultibyteCodec>,
        input: BufferArg<'_>,
        errors: Option<Nullable<&str>>,
    ) -> PyResult<Ref<Tuple>> {
        let codec = this.the_codec()?;
        let errors = errors.and_then(|errors| errors.0).unwrap_or("strict");
        let (text, _) = convert::decode(codec, &mut codec.initial(true), input.as_slice(), errors, true)?;
        pair(text.into_object(), input.as_slice().len())
    }
}

/// The handler's name of an object that converts.
pub fn errors_name(slot: &Slot) -> PyResult<String> {
    match slot.get().and_then(|name| name.into_downcast::<Str>().ok()) {
        Some(name) => Ok(name.as_utf8()?.to_owned()),
        None => Ok("strict".to_owned()),
    }
}

/// The attribute `errors`.
pub fn get_errors(slot: &Slot) -> PyResult<Ref<Object>> {
    match slot.get() {
        Some(name) => Ok(name),
        None => Ok(Str::intern_str("strict")?.into_object()),
    }
}

pub fn set_errors(slot: &Slot, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    match value {
        None => Err(raise!(AttributeError, "cannot delete attribute")),
        Some(value) if value.is_instance_of::<Str>() => {
            slot.set(Some(value.to_owned()));
            Ok(())
        }
        Some(_) => Err(raise!(TypeError, "errors must be a string")),
    }
}

/// What an encoder keeps: characters that may belong together with the next one.
#[repr(C)]
pub struct EncoderState {
    pub codec: Cell<Option<&'static Codec>>,
    pub state: Cell<State>,
    pub pending: Slot,
    pub errors: Slot,
}

impl EncoderState {
    pub fn begin(&self, cls: Borrowed<'_, Type>, errors: Option<Borrowed<'_, Str>>) -> PyResult<()> {
        let codec = MultibyteCodec::of_class(cls)?;
        self.codec.set(Some(codec));
        self.state.set(codec.initial(false));
        self.errors.set(errors.map(|errors| errors.upcast().to_owned()));
        Ok(())
    }

    pub fn codec(&self) -> PyResult<&'static Codec> {
        self.codec.get().ok_or_else(|| raise!(SystemError, "encoder without a codec"))
    }

    fn pending(&self) -> Option<Ref<Str>> {
        self.pending.get().and_then(|pending| pending.into_downcast::<Str>().ok())
    }

    pub fn has_pending(&self) -> bool {
        self.pending.is_set()
    }

    /// Encodes more text. After an error everything is as it was.
    pub fn feed(&self, input: Borrowed<'_, Object>, last: bool) -> PyResult<Ref<Bytes>> {
        let mut text = text_of(input)?;
        if let Some(pending) = self.pending() {
            text = Str::concat(&pending, &text)?;
        }
        let mut state = self.state.get();
        let (bytes, done) = convert::encode(self.codec()?, &mut state, &text, &errors_name(&self.errors)?, last)?;
        let left = text.len() - done;
        if left > 2 {
            return Err(raise!(UnicodeError, "pending buffer overflow"));
        }
        let pending = if left > 0 { Some(text.substring(done..text.len())?.into_object()) } else { None };
        self.pending.set(pending);
        self.state.set(state);
        Bytes::from_slice(&bytes)
    }

    pub fn reset(&self) -> PyResult<()> {
        let codec = self.codec()?;
        self.state.set(codec.initial(false));
        self.pending.set(None);
        Ok(())
    }
}

/// `MultibyteIncrementalEncoder`.
#[repr(C)]
pub struct Encoder {
    head: PyObject,
    pub inner: EncoderState,
}

/// An integer of bytes, the low ones first.
fn int_of(bytes: &[u8]) -> PyResult<Ref<Object>> {
    let bytes = Bytes::from_slice(bytes)?;
    let little = Str::intern_str("little")?;
    let from_bytes = Int::type_object().as_object().getattr(id!("from_bytes"))?;
    from_bytes.call(&[bytes.as_borrowed(), little.as_borrowed()])
}

fn bytes_of<const N: usize>(int: Borrowed<'_, Int>) -> PyResult<[u8; N]> {
    let little = Str::intern_str("little")?;
    let length = Int::from_usize(N)?;
    let bytes = int.as_object().call_method(id!("to_bytes"), &[length.as_borrowed(), little.as_borrowed()])?;
    let mut out = [0; N];
    if let Some(bytes) = bytes.downcast::<Bytes>() {
        out.iter_mut().zip(bytes.as_slice()).for_each(|(to, from)| *to = *from);
    }
    Ok(out)
}

#[pytype(name = "MultibyteIncrementalEncoder", module = "_multibytecodec", gc, basetype, heap, getattribute)]
impl Encoder {
    #[new(signature = "(errors='strict')", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, errors: Option<Borrowed<'_, Str>>) -> PyResult<Ref<Encoder>> {
        let this = support::instance::<Encoder>(cls)?;
        this.inner.begin(cls, errors)?;
        Ok(this)
    }

    #[init(signature = "(*args, **kwargs)", no_text_signature)]
    fn init(_this: &Ref<Encoder>, _args: taipan_runtime::object::args::Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Encoder) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).inner.pending, &(*this).inner.errors]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Encoder, visit: &mut Visitor) {
        support::traverse([&this.inner.pending, &this.inner.errors], visit);
    }

    #[method(signature = "($self, /, input, final=False)")]
    fn encode(this: &Ref<Encoder>, input: Borrowed<'_, Object>, last: Option<bool>) -> PyResult<Ref<Bytes>> {
        this.inner.feed(input, last.unwrap_or(false))
    }

    #[method(signature = "($self, /)")]
    fn getstate(this: &Ref<Encoder>) -> PyResult<Ref<Object>> {
        let mut bytes = vec![0];
        if let Some(pending) = this.inner.pending() {
            let text = pending.as_utf8()?;
            bytes[0] = text.len().min(8) as u8;
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&this.inner.state.get());
        int_of(&bytes)
    }

    #[method(signature = "($self, state, /)")]
    fn setstate(this: &Ref<Encoder>, state: Borrowed<'_, Int>) -> PyResult<()> {
        let bytes = bytes_of::<17>(state)?;
        let size = usize::from(bytes[0]);
        if size > 8 {
            return Err(raise!(UnicodeError, "pending buffer too large"));
        }
        let pending = match &bytes[1..1 + size] {
            [] => None,
            text => Some(decode_bytes(text, "utf-8", "strict")?.into_object()),
        };
        this.inner.pending.set(pending);
        let mut state = [0; 8];
        state.copy_from_slice(&bytes[1 + size..9 + size]);
        this.inner.state.set(state);
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn reset(this: &Ref<Encoder>) -> PyResult<()> {
        this.inner.reset()
    }

    #[getter]
    fn errors(this: &Ref<Encoder>) -> PyResult<Ref<Object>> {
        get_errors(&this.inner.errors)
    }

    #[setter(name = "errors")]
    fn set_errors(this: &Ref<Encoder>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_errors(&this.inner.errors, value)
    }
}

/// What a decoder keeps: the beginning of a character.
#[repr(C)]
pub struct DecoderState {
    pub codec: Cell<Option<&'static Codec>>,
    pub state: Cell<State>,
    pub pending: Slot,
    pub errors: Slot,
}

impl DecoderState {
    pub fn begin(&self, cls: Borrowed<'_, Type>, errors: Option<Borrowed<'_, Str>>) -> PyResult<()> {
        let codec = MultibyteCodec::of_class(cls)?;
        self.codec.set(Some(codec));
        self.state.set(codec.initial(true));
        self.errors.set(errors.map(|errors| errors.upcast().to_owned()));
        Ok(())
    }

    pub fn codec(&self) -> PyResult<&'static Codec> {
        self.codec.get().ok_or_else(|| raise!(SystemError, "decoder without a codec"))
    }

    fn pending(&self) -> Vec<u8> {
        let pending = self.pending.get();
        let pending = pending.as_ref().and_then(|pending| pending.downcast::<Bytes>());
        pending.map_or_else(Vec::new, |pending| pending.as_slice().to_vec())
    }

    fn set_pending(&self, bytes: &[u8]) -> PyResult<()> {
        let pending = if bytes.is_empty() { None } else { Some(Bytes::from_slice(bytes)?.into_object()) };
        self.pending.set(pending);
        Ok(())
    }

    /// Decodes more bytes. After an error everything is as it was.
    pub fn feed(&self, input: &[u8], last: bool) -> PyResult<Ref<Str>> {
        let mut data = self.pending();
        if data.try_reserve(input.len()).is_err() {
            return Err(Raised::no_memory());
        }
        data.extend_from_slice(input);
        let mut state = self.state.get();
        let (text, rest) = convert::decode(self.codec()?, &mut state, &data, &errors_name(&self.errors)?, last)?;
        if rest.len() > 8 {
            return Err(decode_error(self.codec()?.name, &rest, 0, rest.len(), "pending buffer overflow"));
        }
        self.set_pending(&rest)?;
        self.state.set(state);
        Ok(text)
    }

    pub fn reset(&self) -> PyResult<()> {
        let mut state = self.state.get();
        self.codec()?.reset_decoder(&mut state);
        self.state.set(state);
        self.pending.set(None);
        Ok(())
    }
}

/// `MultibyteIncrementalDecoder`.
#[repr(C)]
pub struct Decoder {
    head: PyObject,
    inner: DecoderState,
}

#[pytype(
    name = "MultibyteIncrementalDecoder",
    module = "_multibytecodec",
    gc,
    basetype,
    heap,
    basicsize = 56,
    getattribute
)]
impl Decoder {
    #[new(signature = "(errors='strict')", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, errors: Option<Borrowed<'_, Str>>) -> PyResult<Ref<Decoder>> {
        let this = support::instance::<Decoder>(cls)?;
        this.inner.begin(cls, errors)?;
        Ok(this)
    }

    #[init(signature = "(*args, **kwargs)", no_text_signature)]
    fn init(_this: &Ref<Decoder>, _args: taipan_runtime::object::args::Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Decoder) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).inner.pending, &(*this).inner.errors]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Decoder, visit: &mut Visitor) {
        support::traverse([&this.inner.pending, &this.inner.errors], visit);
    }

    #[method(signature = "($self, /, input, final=False)")]
    fn decode(this: &Ref<Decoder>, input: BufferArg<'_>, last: Option<bool>) -> PyResult<Ref<Str>> {
        this.inner.feed(input.as_slice(), last.unwrap_or(false))
    }

    #[method(signature = "($self, /)")]
    fn getstate(this: &Ref<Decoder>) -> PyResult<Ref<Tuple>> {
        let pending = Bytes::from_slice(&this.inner.pending())?.into_object();
        Tuple::from_vec(vec![pending, int_of(&this.inner.state.get())?])
    }

    #[method(signature = "($self, state, /)")]
    fn setstate(this: &Ref<Decoder>, state: Borrowed<'_, Tuple>) -> PyResult<()> {
        let illegal = || raise!(TypeError, "setstate(): illegal state argument");
        if state.len() != 2 {
            return Err(illegal());
        }
        let (Some(pending), Some(state)) =
            (state.get(0).downcast_borrowed::<Bytes>(), state.get(1).downcast_borrowed::<Int>())
        else {
            return Err(illegal());
        };
        let size = pending.as_slice().len();
        if size > 8 {
            return Err(decode_error(
                this.inner.codec()?.name,
                pending.as_slice(),
                0,
                size,
                "pending buffer too large",
            ));
        }
        let bytes = bytes_of::<8>(state)?;
        this.inner.set_pending(pending.as_slice())?;
        this.inner.state.set(bytes);
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn reset(this: &Ref<Decoder>) -> PyResult<()> {
        this.inner.reset()
    }

    #[getter]
    fn errors(this: &Ref<Decoder>) -> PyResult<Ref<Object>> {
        get_errors(&this.inner.errors)
    }

    #[setter(name = "errors")]
    fn set_errors(this: &Ref<Decoder>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_errors(&this.inner.errors, value)
    }
}
