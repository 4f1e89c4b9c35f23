//! What Python sees of an array.

use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{Py_buffer, PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES};
use taipan_runtime::import;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer::View;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::slice;
use taipan_runtime::types::weakref;

use super::iter::ArrayIterator;
use super::kind;
use super::new::as_array;
use super::raw::Array;

/// How much is written to a file at a time.
const BLOCK: usize = 64 * 1024;

#[cold]
fn bad_argument() -> Raised {
    raise!(TypeError, "bad argument type for built-in operation")
}

/// What a subscript means.
enum Place {
    Index(isize),
    Slice { start: isize, step: isize, count: usize },
}

fn place_of(this: &Ref<Array>, key: Borrowed<'_, Object>) -> PyResult<Place> {
    if key.has_index() {
        let index = key.as_index_isize()?;
        return Ok(Place::Index(if index < 0 { index + this.len() as isize } else { index }));
    }
    let Some(slice) = key.downcast::<Slice>() else {
        return Err(raise!(TypeError, "array indices must be integers"));
    };
    let (start, _, step, count) = slice.unpack()?.adjust(this.len());
    Ok(Place::Slice { start, step, count })
}

/// The index of an item that equals `value`.
fn position(this: &Ref<Array>, value: Borrowed<'_, Object>, start: usize, stop: usize) -> PyResult<Option<usize>> {
    let mut index = start;
    while index < stop
        && let Some(item) = this.get(index)?
    {
        if item.equals(value)? {
            return Ok(Some(index));
        }
        index += 1;
    }
    Ok(None)
}

/// The items of `count` places from `start` on, as a new exact array.
fn part(this: &Ref<Array>, start: isize, step: isize, count: usize) -> PyResult<Ref<Array>> {
    let new = Array::create(Array::type_object(), this.kind(), count)?;
    let size = this.kind().size();
    let (source, target) = (this.bytes(), new.bytes_mut());
    if step == 1 {
        target.copy_from_slice(&source[start as usize * size..][..count * size]);
    } else {
        for (index, item) in target.chunks_exact_mut(size).enumerate() {
            item.copy_from_slice(&source[(start + index as isize * step) as usize * size..][..size]);
        }
    }
    Ok(new)
}

/// Takes out `count` items that stand `step` apart.
fn delete_spread(this: &Ref<Array>, start: isize, step: isize, count: usize) -> PyResult<()> {
    if count == 0 {
        return Ok(());
    }
    this.check_exports()?;
    let (start, step) = if step < 0 { (start + (count as isize - 1) * step, -step) } else { (start, step) };
    let (start, step, size, len) = (start as usize, step as usize, this.kind().size(), this.len());
    let bytes = this.bytes_mut();
    let mut target = start;
    for index in start..len {
        let removed = (index - start) % step == 0 && (index - start) / step < count;
        if !removed {
            bytes.copy_within(index * size..(index + 1) * size, target * size);
            target += 1;
        }
    }
    this.resize(len - count)
}

/// `array[slice] = value`, or `del array[slice]`.
fn assign_slice(
    this: &Ref<Array>,
    (start, step, count): (isize, isize, usize),
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    let other = match value {
        None => None,
        Some(value) => match as_array(&value) {
            Some(other) if other.is(this) => Some(part(this, 0, 1, this.len())?),
            Some(other) => Some(other.to_owned()),
            None => {
                return Err(raise!(TypeError, "can only assign array (not \"{}\") to array slice", value.type_name()));
            }
        },
    };
    if let Some(other) = &other
        && !ptr::eq(other.kind(), this.kind())
    {
        return Err(bad_argument());
    }
    let needed = other.as_ref().map_or(0, |other| other.len());
    if needed == 0 || needed != count {
        this.check_exports()?;
    }
    let size = this.kind().size();
    if step == 1 {
        this.splice(start as usize, count, needed)?;
        if let Some(other) = &other {
            this.bytes_mut()[start as usize * size..][..needed * size].copy_from_slice(other.bytes());
        }
        return Ok(());
    }
    let Some(other) = other.filter(|_| needed > 0) else { return delete_spread(this, start, step, count) };
    if needed != count {
        return Err(raise!(ValueError, "attempt to assign array of size {needed} to extended slice of size {count}"));
    }
    let bytes = this.bytes_mut();
    for (index, item) in other.bytes().chunks_exact(size).enumerate() {
        bytes[(start + index as isize * step) as usize * size..][..size].copy_from_slice(item);
    }
    Ok(())
}

/// Assigns to, or deletes, the item at an index that is not negative any more.
fn assign_index(this: &Ref<Array>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let out_of_range = || raise!(IndexError, "array assignment index out of range");
    let inside = |index: isize| usize::try_from(index).ok().filter(|&index| index < this.len());
    let Some(place) = inside(index) else { return Err(out_of_range()) };
    let Some(value) = value else { return this.splice(place, 1, 0) };
    let bits = this.kind().encode(value)?;
    if this.put(place, bits) { Ok(()) } else { Err(out_of_range()) }
}

/// `count` repetitions of the items, as bytes behind each other.
fn fill_repeated(target: &mut [u8], filled: usize) {
    let mut filled = filled;
    if filled == 0 {
        return;
    }
    while filled < target.len() {
        let more = filled.min(target.len() - filled);
        target.copy_within(..more, filled);
        filled += more;
    }
}

fn compare(this: &Ref<Array>, other: &Ref<Array>, op: CompareOp) -> PyResult<Ref<Object>> {
    if this.len() != other.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Bool::from(op == CompareOp::Ne).into_object());
    }
    let same = ptr::eq(this.kind(), other.kind());
    let mut index = 0;
    while let (Some(a), Some(b)) = (this.bits(index), other.bits(index)) {
        if same {
            let order = this.kind().compare(a, b);
            if order != Some(core::cmp::Ordering::Equal) {
                return match order {
                    Some(order) => Ok(op.result(order)),
                    None => Ok(Bool::from(op == CompareOp::Ne).into_object()),
                };
            }
        } else {
            let (a, b) = (this.kind().decode(a)?, other.kind().decode(b)?);
            if !a.equals(b.borrow())? {
                return a.rich_compare(b.borrow(), op);
            }
        }
        index += 1;
    }
    Ok(op.result(this.len().cmp(&other.len())))
}

#[pytype(
    name = "array",
    module = "array",
    gc,
    basetype,
    sequence,
    weaklistoffset = offset_of!(Array, weakrefs),
    heap,
    getattribute
)]
impl Array {
    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Array>> {
        Array::from_arguments(cls, args)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Array) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            weakref::clear_refs(this.cast());
            (*this).free_items();
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Array, visit: &mut Visitor) {
        let _ = (this, visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Array>) -> PyResult<String> {
        let (name, code) = (this.type_of().short_name(), this.kind().typecode as char);
        if this.is_empty() {
            return Ok(format!("{name}('{code}')"));
        }
        let items = if this.kind().is_text() {
            Array::tounicode(this)?.as_object().repr()?
        } else {
            Array::tolist(this)?.as_object().repr()?
        };
        Ok(format!("{name}('{code}', {})", items.to_display()))
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Array>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match as_array(&other) {
            Some(other) => compare(this, &other, op),
            None => Ok(not_implemented()),
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Array>) -> PyResult<Ref<ArrayIterator>> {
        ArrayIterator::over(this)
    }

    #[slot(sq_length)]
    fn length(this: &Ref<Array>) -> isize {
        this.len() as isize
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Array>) -> isize {
        this.len() as isize
    }

    #[slot(sq_concat)]
    fn concat(this: &Ref<Array>, other: Borrowed<'_, Object>) -> PyResult<Ref<Array>> {
        let Some(other) = as_array(&other) else {
            return Err(raise!(TypeError, "can only append array (not \"{}\") to array", other.type_name()));
        };
        if !ptr::eq(this.kind(), other.kind()) {
            return Err(bad_argument());
        }
        let Some(len) = this.len().checked_add(other.len()) else { return Err(Raised::no_memory()) };
        let new = Array::create(Array::type_object(), this.kind(), len)?;
        let (first, second) = new.bytes_mut().split_at_mut(this.bytes().len());
        first.copy_from_slice(this.bytes());
        second.copy_from_slice(other.bytes());
        Ok(new)
    }

    #[slot(sq_repeat)]
    fn repeat(this: &Ref<Array>, count: isize) -> PyResult<Ref<Array>> {
        let count = usize::try_from(count).unwrap_or(0);
        let Some(len) = this.len().checked_mul(count) else { return Err(Raised::no_memory()) };
        let new = Array::create(Array::type_object(), this.kind(), len)?;
        let bytes = new.bytes_mut();
        if !bytes.is_empty() {
            bytes[..this.bytes().len()].copy_from_slice(this.bytes());
            fill_repeated(bytes, this.bytes().len());
        }
        Ok(new)
    }

    #[slot(sq_inplace_concat)]
    fn inplace_concat(this: &Ref<Array>, other: Borrowed<'_, Object>) -> PyResult<Ref<Array>> {
        if as_array(&other).is_none() {
            return Err(raise!(TypeError, "can only extend array with array (not \"{}\")", other.type_name()));
        }
        Array::extend(this, other)?;
        Ok(this.clone())
    }

    #[slot(sq_inplace_repeat)]
    fn inplace_repeat(this: &Ref<Array>, count: isize) -> PyResult<Ref<Array>> {
        let (old, count) = (this.bytes().len(), usize::try_from(count).unwrap_or(0));
        if !this.is_empty() {
            let Some(len) = this.len().checked_mul(count) else { return Err(Raised::no_memory()) };
            this.resize(len)?;
            fill_repeated(this.bytes_mut(), old);
        }
        Ok(this.clone())
    }

    #[slot(sq_item)]
    fn item(this: &Ref<Array>, index: isize) -> PyResult<Ref<Object>> {
        match usize::try_from(index).ok().map_or(Ok(None), |index| this.get(index))? {
            Some(item) => Ok(item),
            None => Err(raise!(IndexError, "array index out of range")),
        }
    }

    #[slot(sq_ass_item)]
    fn assign_item(this: &Ref<Array>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        assign_index(this, index, value)
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<Array>, value: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(position(this, value, 0, usize::MAX)?.is_some())
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Array>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match place_of(this, key)? {
            Place::Index(index) => Array::item(this, index),
            Place::Slice { start, step, count } => Ok(part(this, start, step, count)?.into_object()),
        }
    }

    #[slot(mp_ass_subscript)]
    fn assign_subscript(
        this: &Ref<Array>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        match place_of(this, key)? {
            Place::Index(index) => assign_index(this, index, value),
            Place::Slice { start, step, count } => assign_slice(this, (start, step, count), value),
        }
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<Array>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        /// What an empty array exports, since a view has an address.
        static EMPTY: u8 = 0;
        if view.is_null() {
            return Err(raise!(BufferError, "array_buffer_getbuf: view==NULL argument is obsolete"));
        }
        let (kind, items) = (this.kind(), this.items_ptr());
        // SAFETY: the view is the caller's to fill; the items stay while there are exports.
        unsafe {
            header::incref(this.as_ptr());
            (*view).obj = this.as_ptr();
            (*view).buf = if items.is_null() { (&raw const EMPTY).cast_mut().cast() } else { items.cast() };
            (*view).len = (this.len() * kind.size()) as isize;
            (*view).readonly = 0;
            (*view).ndim = 1;
            (*view).itemsize = kind.size() as isize;
            (*view).suboffsets = ptr::null_mut();
            (*view).shape = if flags & PyBUF_ND == PyBUF_ND { this.base.ob_size.as_ptr() } else { ptr::null_mut() };
            (*view).strides =
                if flags & PyBUF_STRIDES == PyBUF_STRIDES { &raw mut (*view).itemsize } else { ptr::null_mut() };
            (*view).format =
                if flags & PyBUF_FORMAT == PyBUF_FORMAT { kind.format.as_ptr().cast_mut() } else { ptr::null_mut() };
            (*view).internal = ptr::null_mut();
        }
        this.exports.set(this.exports.get() + 1);
        Ok(())
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<Array>, _view: *mut Py_buffer) {
        this.exports.set(this.exports.get() - 1);
    }

    #[getter]
    fn typecode(this: &Ref<Array>) -> char {
        this.kind().typecode as char
    }

    #[getter]
    fn itemsize(this: &Ref<Array>) -> usize {
        this.kind().size()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy(this: &Ref<Array>) -> PyResult<Ref<Array>> {
        part(this, 0, 1, this.len())
    }

    #[method(name = "__deepcopy__", signature = "($self, unused, /)")]
    fn deepcopy(this: &Ref<Array>, unused: Borrowed<'_, Object>) -> PyResult<Ref<Array>> {
        let _ = unused;
        Array::copy(this)
    }

    #[method(name = "__reduce_ex__", signature = "($self, value, /)", defining_class)]
    fn reduce_ex(this: &Ref<Array>, value: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let Some(protocol) = value.downcast::<Int>() else {
            return Err(raise!(TypeError, "__reduce_ex__ argument should be an integer"));
        };
        let Some(protocol) = protocol.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let dict = this.as_object().lookup_attr(id!("__dict__"))?.unwrap_or_else(none);
        let class = this.type_of().upcast().to_owned();
        let code = Str::from_char(this.kind().typecode as char)?.into_object();
        if protocol < 3 {
            let arguments = Tuple::pack([code, Array::tolist(this)?.into_object()])?.into_object();
            return Tuple::pack([class, arguments, dict]);
        }
        let function = import::import_attr("array", "_array_reconstructor")?;
        let format = Int::from_i64(this.kind().machine_format.into())?.into_object();
        let arguments = Tuple::pack([class, code, format, Array::tobytes(this)?.into_object()])?.into_object();
        Tuple::pack([function, arguments, dict])
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Array>) -> usize {
        this.type_of().tp_basicsize.get() as usize + this.allocated_bytes()
    }

    #[method(signature = "($self, v, /)")]
    fn append(this: &Ref<Array>, v: Borrowed<'_, Object>) -> PyResult<()> {
        this.push(this.kind().encode(v)?)
    }

    #[method(signature = "($self, /)")]
    fn buffer_info(this: &Ref<Array>) -> PyResult<Ref<Tuple>> {
        let address = Int::from_usize(this.items_ptr().addr())?.into_object();
        Tuple::pack([address, Int::from_usize(this.len())?.into_object()])
    }

    #[method(signature = "($self, /)")]
    fn byteswap(this: &Ref<Array>) {
        let size = this.kind().size();
        this.bytes_mut().chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<Array>) -> PyResult<()> {
        this.resize(0)
    }

    #[method(signature = "($self, v, /)")]
    fn count(this: &Ref<Array>, v: Borrowed<'_, Object>) -> PyResult<usize> {
        let (mut count, mut start) = (0, 0);
        while let Some(found) = position(this, v, start, usize::MAX)? {
            count += 1;
            start = found + 1;
        }
        Ok(count)
    }

    #[method(signature = "($self, bb, /)", defining_class)]
    fn extend(this: &Ref<Array>, bb: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(other) = as_array(&bb) else { return this.extend_from(bb) };
        if !ptr::eq(this.kind(), other.kind()) {
            return Err(raise!(TypeError, "can only extend with array of same kind"));
        }
        this.push_bytes(other.items_ptr(), other.bytes().len())
    }

    #[method(signature = "($self, buffer, /)")]
    fn frombytes(this: &Ref<Array>, buffer: Borrowed<'_, Object>) -> PyResult<()> {
        let view = View::new(buffer, taipan_runtime::abi::PyBUF_SIMPLE)?;
        if view.itemsize != 1 {
            return Err(raise!(TypeError, "a bytes-like object is required"));
        }
        this.push_data(&view.bytes()?)
    }

    #[method(signature = "($self, f, n, /)", defining_class)]
    fn fromfile(this: &Ref<Array>, f: Borrowed<'_, Object>, n: isize) -> PyResult<()> {
        let Ok(count) = usize::try_from(n) else { return Err(raise!(ValueError, "negative count")) };
        let size = count.checked_mul(this.kind().size()).filter(|&size| size <= isize::MAX as usize);
        let Some(size) = size else { return Err(Raised::no_memory()) };
        let data = f.call_method(id!("read"), &[Int::from_usize(size)?.as_borrowed()])?;
        let Some(bytes) = data.downcast::<Bytes>() else {
            return Err(raise!(TypeError, "read() didn't return bytes"));
        };
        this.push_data(bytes.as_slice())?;
        if bytes.len() != size {
            return Err(raise!(EOFError, "read() didn't return enough bytes"));
        }
        Ok(())
    }

    #[method(signature = "($self, list, /)")]
    fn fromlist(this: &Ref<Array>, list: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(list) = list.downcast::<List>() else { return Err(raise!(TypeError, "arg must be list")) };
        let (old, count) = (this.len(), list.len());
        if count == 0 {
            return Ok(());
        }
        let Some(len) = old.checked_add(count) else { return Err(Raised::no_memory()) };
        this.resize(len)?;
        this.bytes_mut()[old * this.kind().size()..].fill(0);
        let fill = || {
            for index in 0..count {
                let Some(item) = list.get(index) else { break };
                let bits = this.kind().encode(item.borrow())?;
                this.put(old + index, bits);
                if list.len() != count {
                    return Err(raise!(RuntimeError, "list changed size during iteration"));
                }
            }
            Ok(())
        };
        let filled = fill();
        if let Err(raised) = filled {
            let exception = raised.take();
            if let Err(second) = this.resize(old) {
                second.clear();
            }
            return Err(Raised::restore(exception));
        }
        Ok(())
    }

    #[method(signature = "($self, ustr, /)")]
    fn fromunicode(this: &Ref<Array>, ustr: Borrowed<'_, Str>) -> PyResult<()> {
        if !this.kind().is_text() {
            return Err(raise!(ValueError, "fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        this.push_text(&ustr)
    }

    #[method(signature = "($self, v, start=0, stop=sys.maxsize, /)")]
    fn index(
        this: &Ref<Array>,
        v: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        stop: Option<Borrowed<'_, Object>>,
    ) -> PyResult<usize> {
        let (start, stop) = slice::search_range(start, stop, this.len())?;
        match position(this, v, start, stop)? {
            Some(index) => Ok(index),
            None => Err(raise!(ValueError, "array.index(x): x not in array")),
        }
    }

    #[method(signature = "($self, i, v, /)")]
    fn insert(this: &Ref<Array>, i: isize, v: Borrowed<'_, Object>) -> PyResult<()> {
        let bits = this.kind().encode(v)?;
        let len = this.len() as isize;
        let place = if i < 0 { (i + len).max(0) } else { i.min(len) } as usize;
        this.splice(place, 0, 1)?;
        this.put(place, bits);
        Ok(())
    }

    #[method(signature = "($self, i=-1, /)")]
    fn pop(this: &Ref<Array>, i: isize) -> PyResult<Ref<Object>> {
        let len = this.len();
        if len == 0 {
            return Err(raise!(IndexError, "pop from empty array"));
        }
        let place = if i < 0 { i + len as isize } else { i };
        let Some(place) = usize::try_from(place).ok().filter(|&place| place < len) else {
            return Err(raise!(IndexError, "pop index out of range"));
        };
        let item = Array::item(this, place as isize)?;
        this.splice(place, 1, 0)?;
        Ok(item)
    }

    #[method(signature = "($self, v, /)")]
    fn remove(this: &Ref<Array>, v: Borrowed<'_, Object>) -> PyResult<()> {
        match position(this, v, 0, usize::MAX)? {
            Some(index) if index < this.len() => this.splice(index, 1, 0),
            _ => Err(raise!(ValueError, "array.remove(x): x not in array")),
        }
    }

    #[method(signature = "($self, /)")]
    fn reverse(this: &Ref<Array>) {
        let size = this.kind().size();
        let bytes = this.bytes_mut();
        // The bytes backwards, and then each item again.
        bytes.reverse();
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }

    #[method(signature = "($self, /)")]
    fn tobytes(this: &Ref<Array>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(this.bytes())
    }

    #[method(signature = "($self, f, /)", defining_class)]
    fn tofile(this: &Ref<Array>, f: Borrowed<'_, Object>) -> PyResult<()> {
        let mut start = 0;
        loop {
            // Writing may change the array.
            let block = match this.bytes().get(start..) {
                Some(rest) if !rest.is_empty() => Bytes::from_slice(&rest[..rest.len().min(BLOCK)])?,
                _ => break,
            };
            f.call_method(id!("write"), &[block.as_borrowed()])?;
            start += BLOCK;
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn tolist(this: &Ref<Array>) -> PyResult<Ref<List>> {
        let mut items = vec_with_capacity(this.len())?;
        for index in 0..this.len() {
            items.extend(this.get(index)?);
        }
        List::from_vec(items)
    }

    #[method(signature = "($self, /)")]
    fn tounicode(this: &Ref<Array>) -> PyResult<Ref<Str>> {
        if !this.kind().is_text() {
            return Err(raise!(ValueError, "tounicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        if this.kind().typecode == b'w' {
            let text = Array::tobytes(this)?.as_object().call_method(id!("decode"), &[id!("utf-32").upcast()])?;
            return match text.into_downcast::<Str>() {
                Ok(text) => Ok(text),
                Err(other) => Err(raise!(TypeError, "decoder returned {}", other.type_name())),
            };
        }
        let mut chars = vec_with_capacity(this.len())?;
        for index in 0..this.len() {
            let code = this.bits(index).unwrap_or(0) as u32;
            if code > 0x10_ffff {
                return Err(kind::no_character(code));
            }
            chars.push(code);
        }
        Str::from_ucs4(&chars)
    }
}
