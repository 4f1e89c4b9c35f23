//! What Python sees of `memoryview`.

use core::mem::offset_of;
use core::ptr;

use super::format::{self, Packed};
use super::object::nonnull;
use super::{MemoryIterator, MemoryView, cast, compare};
use crate::abi::{
    Py_buffer, PyBUF_ANY_CONTIGUOUS, PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_FORMAT, PyBUF_FULL_RO,
    PyBUF_INDIRECT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE, PyMemoryViewObject,
};
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::buffer::{self, Layout, View, adjust};
use crate::types::generic_alias::GenericAlias;
use crate::types::slice::{self, Slice};

impl Ref<MemoryView> {
    /// The place of the item at `index` of `dimension`, from `place` on.
    fn lookup(&self, place: *mut u8, dimension: usize, index: isize) -> PyResult<*mut u8> {
        let count = self.shape()[dimension];
        let index = if index < 0 { index + count } else { index };
        if index < 0 || index >= count {
            return Err(raise!(IndexError, "index out of bounds on dimension {}", dimension + 1));
        }
        // SAFETY: inside.
        unsafe { Ok(adjust(place.offset(self.strides()[dimension] * index), self.buffer().suboffsets, dimension)) }
    }

    /// The item at `index` of a view of one dimension.
    pub(super) fn item_at(&self, index: isize) -> PyResult<Ref<Object>> {
        self.check_released()?;
        let code = format::of(self)?;
        match self.ndim() {
            0 => Err(raise!(TypeError, "invalid indexing of 0-dim memory")),
            1 => {
                let place = self.lookup(self.buffer().buf.cast(), 0, index)?;
                // SAFETY: an item of the format is there.
                unsafe { format::unpack(place, code) }
            }
            _ => Err(raise!(NotImplementedError, "multi-dimensional sub-views are not implemented")),
        }
    }

    /// The place that a tuple of indices names.
    fn lookup_tuple(&self, indices: &Ref<Tuple>) -> PyResult<*mut u8> {
        if indices.len() > self.ndim() {
            return Err(raise!(
                TypeError,
                "cannot index {}-dimension view with {}-element tuple",
                self.ndim(),
                indices.len()
            ));
        }
        let mut place: *mut u8 = self.buffer().buf.cast();
        for (dimension, index) in indices.iter().enumerate() {
            let index = index.as_index_isize()?;
            self.check_released()?;
            place = self.lookup(place, dimension, index)?;
        }
        Ok(place)
    }

    /// Narrows the first dimension of a new view.
    fn narrow(&self, slice: &Ref<Slice>) -> PyResult<()> {
        let (start, _, step, count) = slice.indices(self.shape()[0].max(0) as usize)?;
        // SAFETY: the view is new; start is inside.
        unsafe {
            let raw = &mut *self.buffer_mut();
            let offset = *raw.strides * start;
            // The pointers of a dimension with suboffsets come after its strides, and no dimension comes before the first.
            raw.buf = raw.buf.byte_offset(offset);
            *raw.shape = count as isize;
            *raw.strides *= step;
        }
        self.update_len();
        self.0.flags.set(0);
        self.update_flags();
        Ok(())
    }

    fn sizes(&self, sizes: &[isize]) -> PyResult<Ref<Tuple>> {
        let items = sizes.iter().map(|&size| Ok(Int::from_isize(size)?.into_object()));
        Tuple::from_vec(items.collect::<PyResult<_>>()?)
    }

    /// The items as nested lists.
    unsafe fn list_of(&self, mut place: *mut u8, dimension: usize, code: u8) -> PyResult<Ref<Object>> {
        // SAFETY: the place is in the array; reading items runs nothing.
        unsafe {
            if dimension == self.ndim() {
                return format::unpack(place, code);
            }
            let list = List::with_capacity(self.shape()[dimension].max(0) as usize)?;
            for _ in 0..self.shape()[dimension] {
                let inner = adjust(place, self.buffer().suboffsets, dimension);
                list.push(self.list_of(inner, dimension + 1, code)?)?;
                place = place.offset(self.strides()[dimension]);
            }
            Ok(list.into_object())
        }
    }

    /// `self[slice] = value` in one dimension.
    fn assign_slice(&self, slice: &Ref<Slice>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let source = View::new(value, PyBUF_FULL_RO)?;
        let (start, _, step, count) = slice.indices(self.shape()[0].max(0) as usize)?;
        self.check_released()?;
        let stride = self.strides()[0];
        let (mut shape, mut strides) = ([count as isize], [stride * step]);
        // The part of the memory that the slice means.
        let to = &Py_buffer {
            // SAFETY: the start is inside, or right behind where nothing is.
            buf: unsafe { self.buffer().buf.byte_offset(stride * start) },
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            ..*self.buffer()
        };
        // SAFETY: both are exported; shapes and strides exist, as asked for.
        unsafe {
            let same_format = {
                let [left, right] = [to.format, source.format].map(|format| {
                    let text = if format.is_null() { c"B" } else { CStr::from_ptr(format) }.to_bytes();
                    text.strip_prefix(b"@").unwrap_or(text)
                });
                left == right && to.itemsize == source.itemsize
            };
            let same_shape = to.ndim == source.ndim
                && (0..to.ndim as usize).all(|index| buffer::at(to.shape, index) == buffer::at(source.shape, index));
            if !same_format || !same_shape {
                return Err(raise!(ValueError, "memoryview assignment: lvalue and rvalue have different structures"));
            }
            let itemsize = to.itemsize as usize;
            let count = buffer::at(to.shape, 0).max(0) as usize;
            let contiguous =
                |view: &Py_buffer| view.suboffsets.is_null() && buffer::at(view.strides, 0) == itemsize as isize;
            if contiguous(to) && contiguous(&source) {
                ptr::copy(source.buf.cast::<u8>(), to.buf.cast::<u8>(), count * itemsize);
                return Ok(());
            }
            // Through a copy, since source and target may be the same memory.
            let mut packed: Vec<u8> = Vec::new();
            if packed.try_reserve_exact(count * itemsize).is_err() {
                return Err(Raised::no_memory());
            }
            let stride = [itemsize as isize];
            let packed = Layout {
                start: packed.as_mut_ptr(),
                shape: to.shape,
                strides: stride.as_ptr(),
                suboffsets: ptr::null(),
            };
            let from = Layout { shape: to.shape, ..Layout::of(&source) };
            buffer::copy_array(packed, from, 1, itemsize);
            buffer::copy_array(Layout::of(to), packed, 1, itemsize);
        }
        Ok(())
    }

    /// Writes one item after its conversion, which can have released the memory.
    fn write(&self, value: Borrowed<'_, Object>, find: impl FnOnce() -> PyResult<*mut u8>) -> PyResult<()> {
        let code = format::of(self)?;
        let place = find()?;
        let packed = Packed::new(value, code)?;
        self.check_released()?;
        // SAFETY: the place is inside and the memory is still exported.
        unsafe { packed.write(place) };
        Ok(())
    }
}

fn is_multi_index(key: &Ref<Tuple>) -> bool {
    key.iter().all(|item| item.has_index())
}

fn is_multi_slice(key: &Ref<Tuple>) -> bool {
    !key.is_empty() && key.iter().all(|item| item.is_exact::<Slice>())
}

fn is_ellipsis(object: Borrowed<'_, Object>) -> bool {
    object.as_ptr() == crate::object::ellipsis_ptr()
}

/// Keeps a view from being released while code that it cannot trust runs.
struct Exported<'a>(&'a Ref<MemoryView>);

impl<'a> Exported<'a> {
    fn new(view: &'a Ref<MemoryView>) -> Exported<'a> {
        view.0.exports.set(view.0.exports.get() + 1);
        Exported(view)
    }
}

impl Drop for Exported<'_> {
    fn drop(&mut self) {
        self.0.0.exports.set(self.0.0.exports.get() - 1);
    }
}

#[pytype(name = "memoryview", export = "PyMemoryView_Type", gc, sequence,
         basicsize = offset_of!(PyMemoryViewObject, ob_array), itemsize = size_of::<isize>(),
         weaklistoffset = offset_of!(PyMemoryViewObject, weakreflist))]
impl MemoryView {
    #[new(signature = "(object)")]
    fn create(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<MemoryView>> {
        let _ = cls;
        MemoryView::from_object(object)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MemoryView) {
        // SAFETY: called once, by the last decref. The handle is not dropped: there is no count left.
        unsafe {
            memory::gc_untrack(this.cast());
            let handle = core::mem::ManuallyDrop::new(Ref::<MemoryView>::from_owned_ptr(this));
            if let Err(raised) = handle.release() {
                raised.clear();
            }
            memory::clear_field(&(*this).0.mbuf);
            if !(*this).0.weakreflist.get().is_null() {
                crate::types::weakref::clear_refs(this.cast());
            }
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MemoryView, visit: &mut Visitor) {
        visit.object(this.0.mbuf.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<MemoryView>) {
        match this.release() {
            // SAFETY: the field owns its count.
            Ok(()) => unsafe { memory::clear_field(&this.0.mbuf) },
            Err(raised) => raised.clear(),
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MemoryView>) -> String {
        let released = if this.is_released() { "released " } else { "" };
        format!("<{released}memory at {:p}>", this.as_ptr())
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<MemoryView>) -> PyResult<isize> {
        let known = this.0.hash.get();
        if known != -1 {
            return Ok(known);
        }
        this.check_released()?;
        if this.buffer().readonly == 0 {
            return Err(raise!(ValueError, "cannot hash writable memoryview object"));
        }
        if !format::native(this.format()).is_some_and(|(code, _)| format::is_byte(code)) {
            return Err(raise!(ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
        }
        // SAFETY: null or the exporter, alive as long as the export.
        if let Some(object) = unsafe { Borrowed::<Object>::from_ptr_or_null(this.buffer().obj) } {
            let _exported = Exported::new(this);
            object.to_owned().hash()?;
        }
        let hash = crate::types::hash::bytes(this.to_bytes(b'C')?.as_slice());
        this.0.hash.set(hash);
        Ok(hash)
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<MemoryView>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        compare::compare(this, other, op)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<MemoryView>) -> PyResult<Ref<MemoryIterator>> {
        MemoryIterator::new(this)
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<MemoryView>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        this.check_released()?;
        this.check_restricted()?;
        let mut out = Py_buffer { obj: ptr::null_mut(), ..*this.buffer() };
        let asks = |what: c_int| flags & what == what;
        let refuse = |message: &str| Err(raise!(BufferError, "memoryview: {message}"));
        if asks(PyBUF_WRITABLE) && out.readonly != 0 {
            return refuse("underlying buffer is not writable");
        }
        if !asks(PyBUF_FORMAT) {
            out.format = ptr::null_mut();
        }
        if asks(PyBUF_C_CONTIGUOUS) && !this.is_c_contiguous() {
            return refuse("underlying buffer is not C-contiguous");
        }
        if asks(PyBUF_F_CONTIGUOUS) && !this.is_fortran_contiguous() {
            return refuse("underlying buffer is not Fortran contiguous");
        }
        if asks(PyBUF_ANY_CONTIGUOUS) && !this.is_c_contiguous() && !this.is_fortran_contiguous() {
            return refuse("underlying buffer is not contiguous");
        }
        if !asks(PyBUF_INDIRECT) && this.has_suboffsets() {
            return refuse("underlying buffer requires suboffsets");
        }
        if !asks(PyBUF_STRIDES) {
            if !this.is_c_contiguous() {
                return refuse("underlying buffer is not C-contiguous");
            }
            out.strides = ptr::null_mut();
        }
        if !asks(PyBUF_ND) {
            // Without a shape the memory is plain bytes.
            if !out.format.is_null() {
                return refuse("cannot cast to unsigned bytes if the format flag is present");
            }
            out.ndim = 1;
            out.shape = ptr::null_mut();
        }
        out.obj = this.clone().into_ptr();
        this.0.exports.set(this.0.exports.get() + 1);
        // SAFETY: the caller gives a place for the view.
        unsafe { *view = out };
        Ok(())
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<MemoryView>, view: *mut Py_buffer) {
        let _ = view;
        this.0.exports.set(this.0.exports.get() - 1);
    }

    #[slot(sq_length, mp_length)]
    fn length(this: &Ref<MemoryView>) -> PyResult<isize> {
        this.check_released()?;
        match this.shape() {
            [] => Err(raise!(TypeError, "0-dim memory has no length")),
            shape => Ok(shape[0]),
        }
    }

    #[slot(sq_item)]
    fn item(this: &Ref<MemoryView>, index: isize) -> PyResult<Ref<Object>> {
        this.item_at(index)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<MemoryView>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.check_released()?;
        if this.ndim() == 0 {
            if key.downcast::<Tuple>().is_some_and(|key| key.is_empty()) {
                let code = format::of(this)?;
                // SAFETY: the one item is there.
                return unsafe { format::unpack(this.buffer().buf.cast(), code) };
            }
            if is_ellipsis(key) {
                return Ok(this.clone().into_object());
            }
            return Err(raise!(TypeError, "invalid indexing of 0-dim memory"));
        }
        if key.has_index() {
            return this.item_at(key.as_index_isize()?);
        }
        if let Some(slice) = key.downcast_exact::<Slice>() {
            this.check_restricted()?;
            let view = MemoryView::add(&this.managed(), this.buffer())?;
            view.narrow(&slice)?;
            return Ok(view.into_object());
        }
        if let Some(key) = key.downcast::<Tuple>() {
            if is_multi_index(&key) {
                let code = format::of(this)?;
                if key.len() < this.ndim() {
                    return Err(raise!(NotImplementedError, "sub-views are not implemented"));
                }
                let place = this.lookup_tuple(&key)?;
                this.check_released()?;
                // SAFETY: inside.
                return unsafe { format::unpack(place, code) };
            }
            if is_multi_slice(&key) {
                return Err(raise!(NotImplementedError, "multi-dimensional slicing is not implemented"));
            }
        }
        Err(raise!(TypeError, "memoryview: invalid slice key"))
    }

    #[slot(mp_ass_subscript)]
    fn assign_subscript(
        this: &Ref<MemoryView>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.check_released()?;
        format::of(this)?;
        if this.buffer().readonly != 0 {
            return Err(raise!(TypeError, "cannot modify read-only memory"));
        }
        let Some(value) = value else { return Err(raise!(TypeError, "cannot delete memory")) };
        let start: *mut u8 = this.buffer().buf.cast();
        if this.ndim() == 0 {
            if is_ellipsis(key) || key.downcast::<Tuple>().is_some_and(|key| key.is_empty()) {
                return this.write(value, || Ok(start));
            }
            return Err(raise!(TypeError, "invalid indexing of 0-dim memory"));
        }
        if key.has_index() {
            if this.ndim() > 1 {
                return Err(raise!(NotImplementedError, "sub-views are not implemented"));
            }
            let index = key.as_index_isize()?;
            this.check_released()?;
            return this.write(value, || this.lookup(start, 0, index));
        }
        let slice = key.downcast_exact::<Slice>();
        if let Some(slice) = slice
            && this.ndim() == 1
        {
            return this.assign_slice(&slice, value);
        }
        let tuple = key.downcast::<Tuple>();
        if let Some(key) = tuple
            && is_multi_index(&key)
        {
            if key.len() < this.ndim() {
                return Err(raise!(NotImplementedError, "sub-views are not implemented"));
            }
            return this.write(value, || this.lookup_tuple(&key));
        }
        if slice.is_some() || tuple.is_some_and(|key| is_multi_slice(&key)) {
            return Err(raise!(
                NotImplementedError,
                "memoryview slice assignments are currently restricted to ndim = 1"
            ));
        }
        Err(raise!(TypeError, "memoryview: invalid slice key"))
    }

    #[method(name = "release", signature = "($self, /)")]
    fn release_method(this: &Ref<MemoryView>) -> PyResult<()> {
        this.release()
    }

    #[method(signature = "($self, /, order='C')")]
    fn tobytes(this: &Ref<MemoryView>, order: Nullable<&str>) -> PyResult<Ref<Bytes>> {
        this.check_released()?;
        let order = match order.0 {
            None | Some("C") => b'C',
            Some("F") => b'F',
            Some("A") => b'A',
            Some(_) => return Err(raise!(ValueError, "order must be 'C', 'F' or 'A'")),
        };
        this.to_bytes(order)
    }

    #[method(signature = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hex(this: &Ref<MemoryView>, sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Str>> {
        this.check_released()?;
        let _exported = Exported::new(this);
        if this.is_c_contiguous() {
            let len = this.buffer().len.max(0) as usize;
            // SAFETY: the memory is exported and the view cannot be released while code of the separator runs.
            let bytes = unsafe { core::slice::from_raw_parts(nonnull(this.buffer().buf), len) };
            return crate::types::bytes::hex::hex(bytes, sep, bytes_per_sep);
        }
        crate::types::bytes::hex::hex(this.to_bytes(b'C')?.as_slice(), sep, bytes_per_sep)
    }

    #[method(signature = "($self, /)")]
    fn tolist(this: &Ref<MemoryView>) -> PyResult<Ref<Object>> {
        this.check_released()?;
        let code = format::of(this)?;
        // SAFETY: the memory is exported, and reading items runs nothing.
        unsafe { this.list_of(this.buffer().buf.cast(), 0, code) }
    }

    #[method(name = "cast", signature = "($self, /, format, shape=<unrepresentable>)")]
    fn cast_method(
        this: &Ref<MemoryView>,
        format: Borrowed<'_, Str>,
        shape: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<MemoryView>> {
        cast::cast(this, format, shape)
    }

    #[method(signature = "($self, /)")]
    fn toreadonly(this: &Ref<MemoryView>) -> PyResult<Ref<MemoryView>> {
        this.check_released()?;
        this.check_restricted()?;
        let view = MemoryView::add(&this.managed(), this.buffer())?;
        // SAFETY: the view is new.
        unsafe { (*view.buffer_mut()).readonly = 1 };
        Ok(view)
    }

    #[classmethod(name = "_from_flags", signature = "($type, /, object, flags)")]
    fn from_flags(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>, flags: i32) -> PyResult<Ref<MemoryView>> {
        let _ = cls;
        MemoryView::from_object_with_flags(object, flags)
    }

    #[method(signature = "($self, value, /)")]
    fn count(this: &Ref<MemoryView>, value: Borrowed<'_, Object>) -> PyResult<isize> {
        let mut count = 0;
        this.as_object().for_each(|item| {
            count += isize::from(item.equals(value)?);
            Ok(())
        })?;
        Ok(count)
    }

    #[method(signature = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        this: &Ref<MemoryView>,
        value: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        stop: Option<Borrowed<'_, Object>>,
    ) -> PyResult<isize> {
        let start = start.map_or(Ok(0), slice::index_argument)?;
        let stop = stop.map_or(Ok(isize::MAX), slice::index_argument)?;
        this.check_released()?;
        match this.ndim() {
            0 => return Err(raise!(TypeError, "invalid lookup on 0-dim memory")),
            1 => {}
            _ => return Err(raise!(NotImplementedError, "multi-dimensional lookup is not implemented")),
        }
        let len = this.shape()[0];
        let place = |index: isize| if index < 0 { (index + len).max(0) } else { index };
        for index in place(start)..place(stop).min(len) {
            if this.item_at(index)?.equals(value)? {
                return Ok(index);
            }
        }
        Err(raise!(ValueError, "memoryview.index(x): x not found"))
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<MemoryView>) -> PyResult<Ref<MemoryView>> {
        this.check_released()?;
        Ok(this.clone())
    }

    #[method(name = "__exit__", signature = "($self, /, *exc_info)")]
    fn exit(this: &Ref<MemoryView>, exc_info: crate::object::args::Args<'_>) -> PyResult<()> {
        let _ = exc_info;
        this.release()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[getter]
    fn obj(this: &Ref<MemoryView>) -> PyResult<Option<Ref<Object>>> {
        this.check_released()?;
        // SAFETY: null or the exporter, alive as long as the export.
        Ok(unsafe { Ref::from_borrowed_ptr_or_null(this.buffer().obj) })
    }

    #[getter]
    fn nbytes(this: &Ref<MemoryView>) -> PyResult<isize> {
        this.check_released()?;
        Ok(this.buffer().len)
    }

    #[getter]
    fn readonly(this: &Ref<MemoryView>) -> PyResult<bool> {
        this.check_released()?;
        Ok(this.buffer().readonly != 0)
    }

    #[getter]
    fn itemsize(this: &Ref<MemoryView>) -> PyResult<isize> {
        this.check_released()?;
        Ok(this.buffer().itemsize)
    }

    #[getter(name = "format")]
    fn get_format(this: &Ref<MemoryView>) -> PyResult<String> {
        this.check_released()?;
        Ok(this.format().to_string_lossy().into_owned())
    }

    #[getter(name = "ndim")]
    fn get_ndim(this: &Ref<MemoryView>) -> PyResult<usize> {
        this.check_released()?;
        Ok(this.ndim())
    }

    #[getter(name = "shape")]
    fn get_shape(this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.check_released()?;
        this.sizes(this.shape())
    }

    #[getter(name = "strides")]
    fn get_strides(this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.check_released()?;
        this.sizes(this.strides())
    }

    #[getter(name = "suboffsets")]
    fn get_suboffsets(this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.check_released()?;
        this.sizes(this.suboffsets())
    }

    #[getter]
    fn c_contiguous(this: &Ref<MemoryView>) -> PyResult<bool> {
        this.check_released()?;
        Ok(this.is_c_contiguous())
    }

    #[getter]
    fn f_contiguous(this: &Ref<MemoryView>) -> PyResult<bool> {
        this.check_released()?;
        Ok(this.is_fortran_contiguous())
    }

    #[getter]
    fn contiguous(this: &Ref<MemoryView>) -> PyResult<bool> {
        this.check_released()?;
        Ok(this.is_c_contiguous() || this.is_fortran_contiguous())
    }
}
