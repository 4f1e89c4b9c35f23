//! The type `bytes`: construction, operators, buffer, and the methods that `bytearray` does not share.
//!
//! CPython: `PyBytes_Type`.

use super::methods_shared::{self, ByteString, byte_methods};
use super::{Bytes, BytesBuilder, ascii, hex, input, iter, percent, raw, shared};
use crate::abi::{Py_buffer, PyBytesObject};
use crate::memory;
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::codec;
use crate::types::exceptions::TypeError;
use crate::types::str::outside::{bytes_warning, slice_indices};
use crate::types::str::split::Ends;

impl ByteString for Bytes {
    type Pinned<'a> = ();

    #[inline(always)]
    fn slice(this: &Ref<Bytes>) -> &[u8] {
        this.as_slice()
    }

    #[inline]
    fn make(data: &[u8]) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(data)
    }

    fn from_builder(builder: BytesBuilder) -> PyResult<Ref<Bytes>> {
        builder.finish()
    }

    #[inline]
    fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> PyResult<Ref<Bytes>> {
        Bytes::filled(len, fill)
    }

    fn unchanged(this: &Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        this.to_exact()
    }

    #[inline(always)]
    fn pin(_this: &Ref<Bytes>) {}
}

byte_methods!(Bytes);

/// What `bytes(...)` makes, before it is turned into an instance of a subclass.
fn new_value(
    source: Option<Borrowed<'_, Object>>,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> PyResult<Ref<Bytes>> {
    let Some(source) = source else {
        return match (encoding, errors) {
            (None, None) => Ok(Bytes::empty()),
            (Some(_), _) => Err(raise!(TypeError, "encoding without a string argument")),
            _ => Err(raise!(TypeError, "errors without a string argument")),
        };
    };
    let text = source.downcast::<Str>();
    if let Some(encoding) = encoding {
        let Some(text) = text else {
            return Err(raise!(TypeError, "encoding without a string argument"));
        };
        return codec::encode_to_bytes(&text, encoding, errors.unwrap_or("strict"));
    }
    if errors.is_some() {
        return Err(match text {
            Some(_) => raise!(TypeError, "string argument without an encoding"),
            None => raise!(TypeError, "errors without a string argument"),
        });
    }
    if let Some(bytes) = source.downcast_exact::<Bytes>() {
        return Ok(bytes.to_owned());
    }
    if let Some(method) = source.lookup_special(id!("__bytes__"))? {
        return method
            .call0()?
            .into_downcast::<Bytes>()
            .map_err(|other| raise!(TypeError, "__bytes__ returned non-bytes (type {})", other.type_name()));
    }
    if text.is_some() {
        return Err(raise!(TypeError, "string argument without an encoding"));
    }
    if let Some(count) = count_of(source)? {
        let mut out = BytesBuilder::with_capacity(count)?;
        out.push_fill(0, count)?;
        return out.finish();
    }
    Bytes::from_object(source)
}

/// The size that an integer argument of `bytes` or `bytearray` means; `None` for other objects.
pub(crate) fn count_of(source: Borrowed<'_, Object>) -> PyResult<Option<usize>> {
    if !source.has_index() {
        return Ok(None);
    }
    match source.as_isize() {
        Ok(count) => match usize::try_from(count) {
            Ok(count) => Ok(Some(count)),
            Err(_) => Err(raise!(ValueError, "negative count")),
        },
        Err(raised) => raised.clear_if::<TypeError>().map(|()| None),
    }
}

impl Bytes {
    /// The bytes of an object with a buffer or an iterable of integers (`PyBytes_FromObject`).
    pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return Ok(bytes.to_owned());
        }
        input::from_object(object, "bytes must be in range(0, 256)", "bytes")?.finish()
    }

    fn from_joined(joined: Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        Ok(joined)
    }
}

/// Fills a view of plain bytes (`PyBuffer_FillInfo`). `shape` and `strides` point into the view itself.
///
/// # Safety
/// `view` is writable; the memory stays where it is as long as `exporter` has exports.
pub(crate) unsafe fn fill_view(
    exporter: &Ref<Object>,
    view: *mut Py_buffer,
    data: *mut u8,
    len: usize,
    readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(raise!(BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete"));
    }
    // SAFETY: by contract.
    unsafe {
        if flags != crate::abi::PyBUF_SIMPLE {
            if flags == crate::abi::PyBUF_READ || flags == crate::abi::PyBUF_WRITE {
                (*view).obj = core::ptr::null_mut();
                return Err(raise!(SystemError, "bad argument to internal function"));
            }
            if flags & crate::abi::PyBUF_WRITABLE != 0 && readonly {
                (*view).obj = core::ptr::null_mut();
                return Err(raise!(BufferError, "Object is not writable."));
            }
        }
        (*view).obj = exporter.clone().into_ptr();
        (*view).buf = data.cast();
        (*view).len = len as isize;
        (*view).readonly = c_int::from(readonly);
        (*view).itemsize = 1;
        (*view).format =
            if flags & crate::abi::PyBUF_FORMAT != 0 { c"B".as_ptr().cast_mut() } else { core::ptr::null_mut() };
        (*view).ndim = 1;
        (*view).shape = if flags & crate::abi::PyBUF_ND != 0 { &raw mut (*view).len } else { core::ptr::null_mut() };
        (*view).strides = if flags & crate::abi::PyBUF_STRIDES == crate::abi::PyBUF_STRIDES {
            &raw mut (*view).itemsize
        } else {
            core::ptr::null_mut()
        };
        (*view).suboffsets = core::ptr::null_mut();
        (*view).internal = core::ptr::null_mut();
    }
    Ok(())
}

#[pytype(
    name = "bytes",
    export = "PyBytes_Type",
    basetype,
    subclass_flag = BYTES,
    basicsize = raw::HEAD_SIZE,
    itemsize = 1,
    flags = crate::abi::_Py_TPFLAGS_MATCH_SELF,
    extend = [SEARCH_METHODS, CHANGE_METHODS]
)]
impl Bytes {
    #[new(signature = "(source=b'', encoding='utf-8', errors='strict')", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        source: Option<Borrowed<'_, Object>>,
        encoding: Option<&str>,
        errors: Option<&str>,
    ) -> PyResult<Ref<Bytes>> {
        let value = new_value(source, encoding, errors)?;
        if cls.is(&Bytes::type_object()) {
            return Ok(value);
        }
        // SAFETY: `tp_new` is called with a subtype of `bytes`.
        unsafe { raw::new_subclass_instance(cls.as_ptr().cast(), value.as_slice()) }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Bytes) {
        // SAFETY: no count is left.
        unsafe {
            if (*this).0.ob_base.ob_base.ob_type.get() == Bytes::TYPE {
                memory::small::free(this.cast());
            } else if let Some(free) = (*(*this).0.ob_base.ob_base.ob_type.get()).tp_free.get() {
                free(this.cast());
            }
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Bytes>) -> PyResult<Ref<Str>> {
        shared::repr(this.as_slice(), "b", "", false)
    }

    #[slot(tp_str)]
    fn str(this: &Ref<Bytes>) -> PyResult<Ref<Str>> {
        bytes_warning("str() on a bytes instance")?;
        Bytes::repr(this)
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Bytes>) -> PyResult<isize> {
        Ok(this.hash_value())
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Bytes>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Bytes>() else {
            if matches!(op, CompareOp::Eq | CompareOp::Ne) {
                if other.is_instance_of::<Str>() {
                    bytes_warning("Comparison between bytes and string")?;
                } else if other.is_instance_of::<Int>() {
                    bytes_warning("Comparison between bytes and int")?;
                }
            }
            return Ok(not_implemented());
        };
        Ok(op.result(this.as_slice().cmp(other.as_slice())))
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Bytes>) -> PyResult<Ref<Object>> {
        iter::iterate(this)
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<Bytes>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: the bytes never move.
        unsafe { fill_view(this.as_object(), view, this.data_mut_ptr(), this.len(), true, flags) }
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match left.downcast::<Bytes>() {
            Some(format) => Ok(percent::format(format.as_slice(), right)?.finish()?.into_object()),
            None => Ok(not_implemented()),
        }
    }

    #[slot(sq_length)]
    fn sequence_length(this: &Ref<Bytes>) -> isize {
        this.len() as isize
    }

    #[slot(sq_concat)]
    fn sequence_concat(this: &Ref<Bytes>, other: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        if let Some(right) = other.downcast_exact::<Bytes>()
            && !this.is_empty()
            && !right.is_empty()
        {
            return Bytes::concat_slices(this.as_slice(), right.as_slice());
        }
        if !input::has_buffer(&other) {
            return Err(raise!(TypeError, "can't concat {} to bytes", other.type_name()));
        }
        if this.is_empty()
            && let Some(other) = other.downcast_exact::<Bytes>()
        {
            return Ok(other.to_owned());
        }
        let right = BufferArg::new(other)?;
        if right.is_empty() {
            return this.to_exact();
        }
        Bytes::concat_slices(this.as_slice(), &right)
    }

    #[slot(sq_repeat)]
    fn sequence_repeat(this: &Ref<Bytes>, count: isize) -> PyResult<Ref<Bytes>> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 1 {
            return this.to_exact();
        }
        if count == 0 || this.is_empty() {
            return Ok(Bytes::empty());
        }
        if this.len().checked_mul(count).is_none_or(|len| len > isize::MAX as usize) {
            return Err(raise!(OverflowError, "repeated bytes are too long"));
        }
        shared::repeat(this.as_slice(), count)?.finish()
    }

    #[slot(sq_item)]
    fn sequence_item(this: &Ref<Bytes>, index: isize) -> PyResult<Ref<Int>> {
        match usize::try_from(index).ok().and_then(|index| this.as_slice().get(index)) {
            Some(&byte) => Int::from_i64(i64::from(byte)),
            None => Err(raise!(IndexError, "index out of range")),
        }
    }

    #[slot(sq_contains)]
    fn sequence_contains(this: &Ref<Bytes>, item: Borrowed<'_, Object>) -> PyResult<bool> {
        input::contains(|| this.as_slice(), item)
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Bytes>) -> isize {
        this.len() as isize
    }

    #[slot(mp_subscript)]
    fn mapping_subscript(this: &Ref<Bytes>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if key.has_index() {
            let index = key.as_index_isize()?;
            let index = if index < 0 { index.wrapping_add(this.len() as isize) } else { index };
            return Ok(Bytes::sequence_item(this, index)?.into_object());
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(raise!(TypeError, "byte indices must be integers or slices, not {}", key.type_name()));
        };
        let (start, step, count) = slice_indices(&slice, this.len())?;
        let data = this.as_slice();
        let result = match step {
            _ if count == 0 => Bytes::empty(),
            1 if count == data.len() => this.to_exact()?,
            1 => Bytes::from_slice(&data[start..start + count])?,
            _ => Bytes::filled(count, |out| shared::gather(out, data, start, step))?,
        };
        Ok(result.into_object())
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Bytes>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(vec![Bytes::from_slice(this.as_slice())?.into_object()])
    }

    #[method(name = "__bytes__", signature = "($self, /)")]
    fn dunder_bytes(this: &Ref<Bytes>) -> PyResult<Ref<Bytes>> {
        this.to_exact()
    }

    #[classmethod(signature = "($type, string, /)")]
    fn fromhex(cls: Borrowed<'_, Type>, string: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let bytes = hex::from_hex(string)?.finish()?;
        if cls.is(&Bytes::type_object()) {
            return Ok(bytes.into_object());
        }
        cls.as_object().call1(bytes.as_borrowed())
    }

    #[method(signature = "($self, sep, /)")]
    fn partition(this: &Ref<Bytes>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let buffer = BufferArg::new(sep)?;
        methods_shared::partition(this, &buffer, || Ok(sep.to_owned()), false)
    }

    #[method(signature = "($self, sep, /)")]
    fn rpartition(this: &Ref<Bytes>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let buffer = BufferArg::new(sep)?;
        methods_shared::partition(this, &buffer, || Ok(sep.to_owned()), true)
    }
}

const _: () = assert!(raw::HEAD_SIZE == 33 && size_of::<PyBytesObject>() == 40);
