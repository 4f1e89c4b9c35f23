//! The type `bytearray`: construction, operators, mutation, and what it does not share with `bytes`.
//!
//! CPython: `PyByteArray_Type`.

use super::{ByteArray, Pinned, raw};
use crate::abi::Py_buffer;
use crate::memory;
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::bytes::methods::{count_of, fill_view};
use crate::types::bytes::methods_shared::{self, ByteString, byte_methods};
use crate::types::bytes::{BytesBuilder, ascii, hex, input, percent, shared};
use crate::types::codec;
use crate::types::exceptions::TypeError;
use crate::types::str::outside::{bytes_warning, slice_indices};
use crate::types::str::split::Ends;

impl ByteString for ByteArray {
    type Pinned<'a> = Pinned<'a>;

    #[inline(always)]
    fn slice(this: &Ref<ByteArray>) -> &[u8] {
        this.as_slice()
    }

    fn make(data: &[u8]) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(data)
    }

    fn from_builder(builder: BytesBuilder) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(builder.as_slice())
    }

    fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(Bytes::filled(len, fill)?.as_slice())
    }

    fn unchanged(this: &Ref<ByteArray>) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(this.as_slice())
    }

    fn pin(this: &Ref<ByteArray>) -> Pinned<'_> {
        Pinned::new(this)
    }
}

byte_methods!(ByteArray);

impl ByteArray {
    fn from_joined(joined: Ref<Bytes>) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(joined.as_slice())
    }

    /// The bytes of an object with a buffer or an iterable of integers.
    pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<ByteArray>> {
        let builder = input::from_object(object, "byte must be in range(0, 256)", "bytearray")?;
        ByteArray::from_slice(builder.as_slice())
    }

    /// The place that an index means, which may be negative.
    fn place(this: &Ref<ByteArray>, index: isize) -> PyResult<usize> {
        let at = if index < 0 { index.wrapping_add(this.len() as isize) } else { index };
        match usize::try_from(at) {
            Ok(at) if at < this.len() => Ok(at),
            _ => Err(raise!(IndexError, "bytearray index out of range")),
        }
    }

    fn byte_at(this: &Ref<ByteArray>, at: usize) -> u8 {
        this.as_slice()[at]
    }

    fn write_byte(this: &Ref<ByteArray>, at: usize, byte: u8) {
        if at < this.len() {
            // SAFETY: the place exists.
            unsafe { *this.data_mut_ptr().add(at) = byte };
        }
    }

    fn assign_index(
        this: &Ref<ByteArray>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let index = key.as_index_isize()?;
        let at = ByteArray::place(this, index)?;
        let Some(value) = value else { return raw::splice(this, at, at + 1, &[]) };
        let byte = input::byte_of(&value)?;
        // The conversion may have shortened the array.
        let at = ByteArray::place(this, at as isize)?;
        ByteArray::write_byte(this, at, byte);
        Ok(())
    }

    fn assign_slice(this: &Ref<ByteArray>, slice: &Ref<Slice>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        if let Some(value) = &value
            && let Some(bytes) = value.downcast_exact::<Bytes>()
        {
            return ByteArray::replace_slice(this, slice, bytes.as_slice());
        }
        let new = match value {
            None => BytesBuilder::new(),
            Some(value) => {
                if value.is_instance_of::<Str>() || (value.has_index() && !input::has_buffer(&value)) {
                    return Err(raise!(
                        TypeError,
                        "can assign only bytes, buffers, or iterables of ints in range(0, 256)"
                    ));
                }
                input::from_object(value, "byte must be in range(0, 256)", "bytearray")?
            }
        };
        ByteArray::replace_slice(this, slice, new.as_slice())
    }

    /// Puts `new`, which is no part of the array, in the place of a slice.
    fn replace_slice(this: &Ref<ByteArray>, slice: &Ref<Slice>, new: &[u8]) -> PyResult<()> {
        let (start, step, count) = slice_indices(slice, this.len())?;
        if step == 1 {
            return raw::splice(this, start, start + count, new);
        }
        if new.is_empty() {
            if count == 0 {
                return Ok(());
            }
            raw::check_resizable(this)?;
            return ByteArray::delete_spaced(this, start, step, count);
        }
        if new.len() != count {
            return Err(raise!(
                ValueError,
                "attempt to assign bytes of size {} to extended slice of size {count}",
                new.len()
            ));
        }
        for (turn, &byte) in new.iter().enumerate() {
            ByteArray::write_byte(this, start.wrapping_add_signed(turn as isize * step), byte);
        }
        Ok(())
    }

    /// Removes `count` bytes that stand `step` apart.
    fn delete_spaced(this: &Ref<ByteArray>, start: usize, step: isize, count: usize) -> PyResult<()> {
        let (first, step) = if step < 0 {
            (start.wrapping_add_signed((count as isize - 1) * step), step.unsigned_abs())
        } else {
            (start, step as usize)
        };
        let len = this.len();
        let (mut to, mut removed) = (first, 0);
        for from in first..len {
            if removed < count && (from - first) % step == 0 {
                removed += 1;
                continue;
            }
            ByteArray::write_byte(this, to, ByteArray::byte_at(this, from));
            to += 1;
        }
        raw::resize(this, to)
    }

    /// `__reduce_ex__` of protocol `protocol`.
    fn reduced(this: &Ref<ByteArray>, protocol: i32) -> PyResult<Ref<Tuple>> {
        let state = this.as_object().call_method(id!("__getstate__"), &[])?;
        let arguments = if this.is_empty() {
            Tuple::from_vec(Vec::new())?
        } else if protocol < 3 {
            Tuple::from_vec(vec![
                Str::from_ucs1(this.as_slice())?.into_object(),
                id!("latin-1").to_owned().into_object(),
            ])?
        } else {
            Tuple::from_vec(vec![Bytes::from_slice(this.as_slice())?.into_object()])?
        };
        Tuple::from_vec(vec![this.type_of().upcast().to_owned(), arguments.into_object(), state])
    }
}

#[pytype(
    name = "bytearray",
    export = "PyByteArray_Type",
    basetype,
    flags = crate::abi::_Py_TPFLAGS_MATCH_SELF,
    extend = [SEARCH_METHODS, CHANGE_METHODS]
)]
impl ByteArray {
    #[new(signature = "(*args, **kwargs)", no_text_signature)]
    fn new_instance(cls: Borrowed<'_, Type>, _args: Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<Ref<Object>> {
        // SAFETY: `tp_new` is called with a subtype; zeroed fields are those of an empty object.
        unsafe { Ok(Ref::from_owned_ptr(memory::object::alloc(cls.as_ptr().cast(), 0)?)) }
    }

    #[init(signature = "(source=b'', encoding='utf-8', errors='strict')", no_text_signature)]
    fn init(
        this: &Ref<ByteArray>,
        source: Option<Borrowed<'_, Object>>,
        encoding: Option<&str>,
        errors: Option<&str>,
    ) -> PyResult<()> {
        raw::resize(this, 0)?;
        let Some(source) = source else {
            return match (encoding, errors) {
                (None, None) => Ok(()),
                (Some(_), _) => Err(raise!(TypeError, "encoding without a string argument")),
                _ => Err(raise!(TypeError, "errors without a string argument")),
            };
        };
        if let Some(text) = source.downcast::<Str>() {
            let Some(encoding) = encoding else {
                return Err(raise!(TypeError, "string argument without an encoding"));
            };
            let bytes = codec::encode_to_bytes(&text, encoding, errors.unwrap_or("strict"))?;
            return this.extend(bytes.as_slice());
        }
        if encoding.is_some() {
            return Err(raise!(TypeError, "encoding without a string argument"));
        }
        if errors.is_some() {
            return Err(raise!(TypeError, "errors without a string argument"));
        }
        if let Some(count) = count_of(source)? {
            raw::resize(this, count)?;
            // SAFETY: the object has `count` bytes now.
            unsafe { core::ptr::write_bytes(this.data_mut_ptr(), 0, this.len()) };
            return Ok(());
        }
        if let Some(bytes) = source.downcast_exact::<Bytes>() {
            return this.extend(bytes.as_slice());
        }
        // What an iterator gives is seen in the array at once.
        const RANGE: &str = "byte must be in range(0, 256)";
        let at_once = input::has_buffer(&source) || source.is_exact::<List>() || source.is_exact::<Tuple>();
        if at_once || source.is_instance_of::<Str>() {
            let bytes = input::from_object(source, RANGE, "bytearray")?;
            return this.extend(bytes.as_slice());
        }
        let iterator = match source.iter() {
            Ok(iterator) => iterator,
            Err(raised) => {
                raised.clear_if::<TypeError>()?;
                return Err(raise!(TypeError, "cannot convert '{}' object to bytearray", source.type_name()));
            }
        };
        while let Some(item) = iterator.next()? {
            this.extend(&[input::byte_of(&item)?])?;
        }
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ByteArray) {
        // SAFETY: no count is left.
        unsafe {
            if (*this).0.ob_exports.get() > 0 {
                crate::types::exceptions::report_unraisable_object(
                    raise!(SystemError, "deallocated bytearray object has exported buffers"),
                    None,
                );
            }
            raw::free_block(this.cast());
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ByteArray>) -> PyResult<Ref<Str>> {
        shared::repr(this.as_slice(), &format!("{}(b", this.type_name()), ")", true)
    }

    #[slot(tp_str)]
    fn str(this: &Ref<ByteArray>) -> PyResult<Ref<Str>> {
        bytes_warning("str() on a bytearray instance")?;
        ByteArray::repr(this)
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<ByteArray>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !input::has_buffer(&other) {
            if other.is_instance_of::<Str>() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
                bytes_warning("Comparison between bytearray and string")?;
            }
            return Ok(not_implemented());
        }
        let other = match BufferArg::new(other) {
            Ok(other) => other,
            Err(raised) => {
                raised.clear();
                return Ok(not_implemented());
            }
        };
        Ok(op.result(this.as_slice().cmp(&other)))
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ByteArray>) -> PyResult<Ref<Object>> {
        crate::types::bytes::iterate_bytearray(this)
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<ByteArray>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: the block stays while there are exports.
        unsafe { fill_view(this.as_object(), view, this.data_mut_ptr(), this.len(), false, flags)? };
        this.0.ob_exports.set(this.0.ob_exports.get() + 1);
        Ok(())
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<ByteArray>, _view: *mut Py_buffer) {
        this.0.ob_exports.set(this.0.ob_exports.get() - 1);
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(format) = left.downcast::<ByteArray>() else { return Ok(not_implemented()) };
        // The arguments' conversions could change the array.
        let _pinned = Pinned::new(&format);
        let result = percent::format(format.as_slice(), right)?;
        Ok(ByteArray::from_slice(result.as_slice())?.into_object())
    }

    #[slot(sq_length)]
    fn sequence_length(this: &Ref<ByteArray>) -> isize {
        this.len() as isize
    }

    #[slot(sq_concat)]
    fn sequence_concat(this: &Ref<ByteArray>, other: Borrowed<'_, Object>) -> PyResult<Ref<ByteArray>> {
        if !input::has_buffer(&other) {
            return Err(raise!(TypeError, "can't concat {} to bytearray", other.type_name()));
        }
        let right = BufferArg::new(other)?;
        let result = ByteArray::from_slice(this.as_slice())?;
        result.extend(&right)?;
        Ok(result)
    }

    #[slot(sq_inplace_concat)]
    fn inplace_concat(this: &Ref<ByteArray>, other: Borrowed<'_, Object>) -> PyResult<Ref<ByteArray>> {
        if !input::has_buffer(&other) {
            return Err(raise!(TypeError, "can't concat {} to {}", other.type_name(), this.type_name()));
        }
        // `b += b` fails, as on CPython: the array cannot grow while its own bytes are exported.
        let right = BufferArg::new(other)?;
        this.extend(&right)?;
        Ok(this.clone())
    }

    #[slot(sq_repeat)]
    fn sequence_repeat(this: &Ref<ByteArray>, count: isize) -> PyResult<Ref<ByteArray>> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 || this.is_empty() {
            return ByteArray::new();
        }
        ByteString::from_builder(shared::repeat(this.as_slice(), count)?)
    }

    #[slot(sq_inplace_repeat)]
    fn inplace_repeat(this: &Ref<ByteArray>, count: isize) -> PyResult<Ref<ByteArray>> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            raw::resize(this, 0)?;
        } else if count > 1 && !this.is_empty() {
            let repeated = shared::repeat(this.as_slice(), count)?;
            let len = this.len();
            this.extend(&repeated.as_slice()[len..])?;
        }
        Ok(this.clone())
    }

    #[slot(sq_item)]
    fn sequence_item(this: &Ref<ByteArray>, index: isize) -> PyResult<Ref<Int>> {
        match usize::try_from(index).ok().and_then(|index| this.as_slice().get(index)) {
            Some(&byte) => Int::from_i64(i64::from(byte)),
            None => Err(raise!(IndexError, "bytearray index out of range")),
        }
    }

    #[slot(sq_ass_item)]
    fn assign_sequence_item(this: &Ref<ByteArray>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let key = Int::from_isize(index)?;
        ByteArray::assign_index(this, key.as_borrowed(), value)
    }

    #[slot(sq_contains)]
    fn sequence_contains(this: &Ref<ByteArray>, item: Borrowed<'_, Object>) -> PyResult<bool> {
        let _pinned = Pinned::new(this);
        input::contains(|| this.as_slice(), item)
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<ByteArray>) -> isize {
        this.len() as isize
    }

    #[slot(mp_subscript)]
    fn mapping_subscript(this: &Ref<ByteArray>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if key.has_index() {
            let at = ByteArray::place(this, key.as_index_isize()?)?;
            return Ok(Int::from_i64(i64::from(ByteArray::byte_at(this, at)))?.into_object());
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(raise!(TypeError, "bytearray indices must be integers or slices, not {}", key.type_name()));
        };
        let (start, step, count) = slice_indices(&slice, this.len())?;
        if step == 1 {
            return Ok(ByteArray::from_slice(&this.as_slice()[start..start + count])?.into_object());
        }
        let result = ByteArray::new()?;
        result.resize(count)?;
        if count > 0 {
            // SAFETY: the new object has `count` bytes.
            let out = unsafe { core::slice::from_raw_parts_mut(result.data_mut_ptr(), count) };
            shared::gather(out, this.as_slice(), start, step);
        }
        Ok(result.into_object())
    }

    #[slot(mp_ass_subscript)]
    fn assign_mapping_item(
        this: &Ref<ByteArray>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        if key.has_index() {
            return ByteArray::assign_index(this, key, value);
        }
        match key.downcast::<Slice>() {
            Some(slice) => ByteArray::assign_slice(this, &slice, value),
            None => Err(raise!(TypeError, "bytearray indices must be integers or slices, not {}", key.type_name())),
        }
    }

    #[method(name = "__alloc__", signature = "($self, /)")]
    fn alloc(this: &Ref<ByteArray>) -> isize {
        this.0.ob_alloc.get()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ByteArray>) -> PyResult<Ref<Tuple>> {
        ByteArray::reduced(this, 2)
    }

    #[method(name = "__reduce_ex__", signature = "($self, proto=0, /)")]
    fn reduce_ex(this: &Ref<ByteArray>, proto: i32) -> PyResult<Ref<Tuple>> {
        ByteArray::reduced(this, proto)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<ByteArray>) -> isize {
        this.type_of().0.tp_basicsize.get() + this.0.ob_alloc.get()
    }

    #[method(signature = "($self, item, /)")]
    fn append(this: &Ref<ByteArray>, item: Borrowed<'_, Object>) -> PyResult<()> {
        let byte = input::byte_of(&item)?;
        raw::push(this, byte)
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<ByteArray>) -> PyResult<()> {
        raw::resize(this, 0)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<ByteArray>) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_slice(this.as_slice())
    }

    #[method(name = "extend", signature = "($self, iterable_of_ints, /)")]
    fn py_extend(this: &Ref<ByteArray>, iterable_of_ints: Borrowed<'_, Object>) -> PyResult<()> {
        if iterable_of_ints.is(this) {
            let copy = Bytes::from_slice(this.as_slice())?;
            return this.extend(copy.as_slice());
        }
        if input::has_buffer(&iterable_of_ints) {
            // The end is where it was before the object was asked for its bytes, as long as there are so many.
            let end = this.len();
            let buffer = BufferArg::new(iterable_of_ints)?;
            let end = end.min(this.len());
            return this.splice(end..end, &buffer);
        }
        let iterator = match iterable_of_ints.iter() {
            Ok(iterator) => iterator,
            Err(raised) => {
                raised.clear_if::<TypeError>()?;
                return Err(raise!(TypeError, "can't extend bytearray with {}", iterable_of_ints.type_name()));
            }
        };
        let mut bytes = BytesBuilder::with_capacity(iterable_of_ints.length_hint(32)?)?;
        while let Some(item) = iterator.next()? {
            match input::byte_of(&item) {
                Ok(byte) => bytes.push_byte(byte)?,
                Err(raised) => {
                    if raised.is_a::<TypeError>() && iterable_of_ints.is_instance_of::<Str>() {
                        raised.clear();
                        return Err(raise!(
                            TypeError,
                            "expected iterable of integers; got: '{}'",
                            iterable_of_ints.type_name()
                        ));
                    }
                    return Err(raised);
                }
            }
        }
        this.extend(bytes.as_slice())
    }

    #[classmethod(signature = "($type, string, /)")]
    fn fromhex(cls: Borrowed<'_, Type>, string: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let bytes = hex::from_hex(string)?;
        if cls.is(&ByteArray::type_object()) {
            return Ok(ByteArray::from_slice(bytes.as_slice())?.into_object());
        }
        cls.as_object().call1(bytes.finish()?.as_borrowed())
    }

    #[method(signature = "($self, index, item, /)")]
    fn insert(this: &Ref<ByteArray>, index: isize, item: Borrowed<'_, Object>) -> PyResult<()> {
        let byte = input::byte_of(&item)?;
        let len = this.len() as isize;
        let at = if index < 0 { (index + len).max(0) } else { index.min(len) } as usize;
        this.splice(at..at, &[byte])
    }

    #[method(signature = "($self, sep, /)")]
    fn partition(this: &Ref<ByteArray>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let sep = ByteArray::separator(sep)?;
        methods_shared::partition(this, sep.as_slice(), || Ok(sep.clone().into_object()), false)
    }

    #[method(signature = "($self, index=-1, /)")]
    fn pop(this: &Ref<ByteArray>, index: isize) -> PyResult<Ref<Int>> {
        let len = this.len() as isize;
        if len == 0 {
            return Err(raise!(IndexError, "pop from empty bytearray"));
        }
        let at = if index < 0 { index + len } else { index };
        if at < 0 || at >= len {
            return Err(raise!(IndexError, "pop index out of range"));
        }
        raw::check_resizable(this)?;
        let byte = ByteArray::byte_at(this, at as usize);
        if at + 1 == len {
            raw::resize(this, at as usize)?;
        } else {
            this.splice(at as usize..at as usize + 1, &[])?;
        }
        Int::from_i64(i64::from(byte))
    }

    #[method(signature = "($self, value, /)")]
    fn remove(this: &Ref<ByteArray>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let byte = input::byte_of(&value)?;
        match memchr::memchr(byte, this.as_slice()) {
            Some(at) => this.splice(at..at + 1, &[]),
            None => Err(raise!(ValueError, "value not found in bytearray")),
        }
    }

    #[method(name = "resize", signature = "($self, size, /)")]
    fn py_resize(this: &Ref<ByteArray>, size: isize) -> PyResult<()> {
        let Ok(size) = usize::try_from(size) else {
            return Err(raise!(ValueError, "Can only resize to positive sizes, got {size}"));
        };
        let old = this.len();
        raw::resize(this, size)?;
        if size > old {
            // SAFETY: the object has `size` bytes now.
            unsafe { core::ptr::write_bytes(this.data_mut_ptr().add(old), 0, size - old) };
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn reverse(this: &Ref<ByteArray>) {
        // SAFETY: `len` bytes are there, and no other slice of them is alive.
        unsafe { core::slice::from_raw_parts_mut(this.data_mut_ptr(), this.len()) }.reverse();
    }

    #[method(signature = "($self, sep, /)")]
    fn rpartition(this: &Ref<ByteArray>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let sep = ByteArray::separator(sep)?;
        methods_shared::partition(this, sep.as_slice(), || Ok(sep.clone().into_object()), true)
    }
}

impl ByteArray {
    /// A copy of the separator of `partition`, which becomes part of the result.
    fn separator(sep: Borrowed<'_, Object>) -> PyResult<Ref<ByteArray>> {
        let buffer = BufferArg::new(sep)?;
        ByteArray::from_slice(&buffer)
    }
}
