//! `BytesIO`: a stream over bytes in memory. CPython: `Modules/_io/bytesio.c`.
//!
//! **Invariant:** the contents are `shared` if that is set, else what `store` holds. While there are exports the contents
//! are in `store`, which then neither grows nor shrinks.

use core::cell::{Cell, UnsafeCell};
use core::ptr;

use taipan_runtime::object::args::{BufferArg, WritableBufferArg};
use taipan_runtime::types::bytes::BytesBuilder;

use super::base::{self, BufferedIoBase, IoBase};
use super::field::Field;
use taipan_runtime::prelude::*;

#[repr(C)]
pub struct BytesIo {
    base: IoBase,
    /// Contents that others may hold too.
    shared: Field<Bytes>,
    store: UnsafeCell<BytesBuilder>,
    position: Cell<usize>,
    exports: Cell<usize>,
    closed: Cell<bool>,
}

impl BytesIo {
    fn check_open(&self) -> PyResult<()> {
        if self.closed.get() { Err(base::closed_error()) } else { Ok(()) }
    }

    fn check_exports(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(raise!(BufferError, "Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }

    /// The contents.
    ///
    /// # Safety
    /// The slice is not held across anything that can run Python code.
    unsafe fn contents(&self) -> &[u8] {
        // SAFETY: by contract; the object keeps what it holds.
        unsafe {
            let shared = self.shared.as_ptr();
            if shared.is_null() {
                (*self.store.get()).as_slice()
            } else {
                let shared: Borrowed<'_, Bytes> = Borrowed::from_ptr(shared);
                let slice: *const [u8] = shared.as_slice();
                &*slice
            }
        }
    }

    fn len(&self) -> usize {
        // SAFETY: the length alone is used.
        unsafe { self.contents().len() }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes the store, into which shared contents are copied first.
    fn with_store<R>(&self, body: impl FnOnce(&mut BytesBuilder) -> PyResult<R>) -> PyResult<R> {
        if let Some(shared) = self.shared.get() {
            let mut copy = BytesBuilder::with_capacity(shared.len())?;
            copy.push(shared.as_slice())?;
            // SAFETY: no slice of the store is held.
            unsafe { *self.store.get() = copy };
            self.shared.clear();
        }
        // SAFETY: `body` is Rust code that touches nothing but the builder.
        body(unsafe { &mut *self.store.get() })
    }

    /// What is left of `size` from the position on, and the position moves there.
    fn take(&self, size: Option<usize>) -> PyResult<Ref<Bytes>> {
        // SAFETY: copying runs no Python code.
        let contents = unsafe { self.contents() };
        let start = self.position.get().min(contents.len());
        let count = size.map_or(contents.len() - start, |size| size.min(contents.len() - start));
        let bytes = if start == 0 && count == contents.len() && self.shared.is_some() {
            match self.shared.get() {
                Some(shared) => shared,
                None => Bytes::empty(),
            }
        } else {
            Bytes::from_slice(&contents[start..start + count])?
        };
        self.position.set(self.position.get() + count);
        Ok(bytes)
    }

    /// The length of the line at the position, `limit` at most.
    fn line_len(&self, limit: Option<usize>) -> usize {
        // SAFETY: searching runs no Python code.
        let contents = unsafe { self.contents() };
        let rest = contents.get(self.position.get()..).unwrap_or_default();
        let rest = &rest[..limit.map_or(rest.len(), |limit| limit.min(rest.len()))];
        memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
    }

    fn put(&self, data: &[u8]) -> PyResult<usize> {
        self.check_open()?;
        self.check_exports()?;
        if data.is_empty() {
            return Ok(0);
        }
        let start = self.position.get();
        let Some(end) = start.checked_add(data.len()).filter(|&end| end <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "new buffer size too large"));
        };
        self.with_store(|store| {
            if start > store.len() {
                store.push_fill(0, start - store.len())?;
            }
            let inside = store.len().min(end) - start;
            store.as_mut_slice()[start..start + inside].copy_from_slice(&data[..inside]);
            store.push(&data[inside..])
        })?;
        self.position.set(end);
        Ok(data.len())
    }

    /// All contents as `bytes`, which stay shared until the next change.
    fn value(this: &Ref<BytesIo>) -> PyResult<Ref<Bytes>> {
        if let Some(shared) = this.shared.get() {
            return Ok(shared);
        }
        if this.exports.get() > 0 {
            // SAFETY: copying runs no Python code.
            return Bytes::from_slice(unsafe { this.contents() });
        }
        // SAFETY: no slice of the store is held.
        let store = core::mem::take(unsafe { &mut *this.store.get() });
        let bytes = store.finish()?;
        this.shared.set(Some(bytes.clone()));
        Ok(bytes)
    }

    fn reset(&self) {
        self.shared.clear();
        // SAFETY: no slice of the store is held.
        unsafe { *self.store.get() = BytesBuilder::new() };
        self.position.set(0);
    }

    fn load(this: &Ref<BytesIo>, initial: Borrowed<'_, Object>) -> PyResult<()> {
        match initial.downcast_exact::<Bytes>() {
            Some(bytes) => this.shared.set(Some(bytes.to_owned())),
            None => {
                let data = BufferArg::new(initial)?;
                this.put(&data)?;
                this.position.set(0);
            }
        }
        Ok(())
    }

    /// A stream over `initial` for native code.
    pub fn create(cls: Borrowed<'_, Type>) -> PyResult<Ref<BytesIo>> {
        // SAFETY: the class is `BytesIO` or a subclass; the store is written before anyone sees the object.
        unsafe {
            let this: Ref<BytesIo> = cls.alloc(0)?.into_unchecked();
            this.store.get().write(BytesBuilder::new());
            Ok(this)
        }
    }
}

#[pytype(name = "BytesIO", module = "_io", base = BufferedIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap)]
impl BytesIo {
    #[slot(tp_traverse)]
    fn traverse(this: &BytesIo, visit: &mut Visitor) {
        visit.object(this.base.dict.as_ptr());
        visit.object(this.shared.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<BytesIo>) {
        this.base.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BytesIo) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if !base::begin_dealloc(this) {
                return;
            }
            if (*this).exports.get() > 0 {
                let raised = raise!(SystemError, "deallocated BytesIO object has exported buffers");
                taipan_runtime::types::exceptions::report_unraisable_object(raised, None);
            }
            (*this).shared.clear();
            ptr::drop_in_place((*this).store.get());
            base::end_dealloc(this);
        }
    }

    #[new(raw, signature = "(initial_bytes=b'')")]
    fn new(cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<Ref<BytesIo>> {
        BytesIo::create(cls)
    }

    #[init(signature = "(initial_bytes=b'')")]
    fn init(this: &Ref<BytesIo>, initial_bytes: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.check_exports()?;
        this.reset();
        this.closed.set(false);
        match initial_bytes {
            Some(initial) if !initial.is_none() => BytesIo::load(this, initial),
            _ => Ok(()),
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<BytesIo>) -> Ref<BytesIo> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<BytesIo>) -> PyResult<Option<Ref<Bytes>>> {
        this.check_open()?;
        let len = this.line_len(None);
        if len == 0 { Ok(None) } else { this.take(Some(len)).map(Some) }
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<BytesIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<BytesIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<BytesIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<BytesIo>) -> PyResult<()> {
        this.check_open()
    }

    #[method(signature = "($self, /)", defining_class)]
    fn getbuffer(this: &Ref<BytesIo>) -> PyResult<Ref<MemoryView>> {
        this.check_open()?;
        let exporter = BytesIoBuffer::new(this.clone())?;
        MemoryView::from_object(exporter.as_borrowed())
    }

    #[method(signature = "($self, /)")]
    fn getvalue(this: &Ref<BytesIo>) -> PyResult<Ref<Bytes>> {
        this.check_open()?;
        BytesIo::value(this)
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<BytesIo>) -> PyResult<bool> {
        this.check_open().map(|()| false)
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<BytesIo>) -> PyResult<usize> {
        this.check_open()?;
        Ok(this.position.get())
    }

    #[method(signature = "($self, size=-1, /)")]
    fn read(this: &Ref<BytesIo>, size: Nullable<isize>) -> PyResult<Ref<Bytes>> {
        this.check_open()?;
        this.take(base::size_limit(size))
    }

    #[method(signature = "($self, size=-1, /)")]
    fn read1(this: &Ref<BytesIo>, size: Nullable<isize>) -> PyResult<Ref<Bytes>> {
        this.check_open()?;
        this.take(base::size_limit(size))
    }

    #[method(signature = "($self, size=-1, /)")]
    fn readline(this: &Ref<BytesIo>, size: Nullable<isize>) -> PyResult<Ref<Bytes>> {
        this.check_open()?;
        this.take(Some(this.line_len(base::size_limit(size))))
    }

    #[method(signature = "($self, size=None, /)")]
    fn readlines(this: &Ref<BytesIo>, size: Nullable<Borrowed<'_, Object>>) -> PyResult<Ref<List>> {
        this.check_open()?;
        let most = match size.into_option() {
            None => 0,
            Some(size) => match size.downcast::<Int>() {
                Some(size) => size.to_isize_clamped(),
                None => return Err(raise!(TypeError, "integer argument expected, got '{}'", size.type_name())),
            },
        };
        let lines = List::new()?;
        let mut total = 0;
        loop {
            let len = this.line_len(None);
            if len == 0 {
                break;
            }
            lines.push(this.take(Some(len))?.into_object())?;
            total += len;
            if most > 0 && total >= most as usize {
                break;
            }
        }
        Ok(lines)
    }

    #[method(signature = "($self, buffer, /)")]
    fn readinto(this: &Ref<BytesIo>, buffer: WritableBufferArg<'_>) -> PyResult<usize> {
        this.check_open()?;
        let (start, len) = buffer.as_raw();
        // SAFETY: copying runs no Python code; the export keeps the memory, which may be that of this very stream.
        unsafe {
            let contents = this.contents();
            let at = this.position.get().min(contents.len());
            let count = len.min(contents.len() - at);
            ptr::copy(contents.as_ptr().add(at), start, count);
            this.position.set(this.position.get() + count);
            Ok(count)
        }
    }

    #[method(signature = "($self, size=None, /)")]
    fn truncate(this: &Ref<BytesIo>, size: Nullable<Borrowed<'_, Object>>) -> PyResult<usize> {
        this.check_open()?;
        this.check_exports()?;
        let size = match size.into_option() {
            None => this.position.get(),
            Some(size) => {
                let size = size.as_index_isize()?;
                match usize::try_from(size) {
                    Ok(size) => size,
                    Err(_) => return Err(raise!(ValueError, "negative size value {size}")),
                }
            }
        };
        this.check_open()?;
        this.check_exports()?;
        if size < this.len() {
            this.with_store(|store| {
                store.truncate(size);
                Ok(())
            })?;
        }
        Ok(size)
    }

    #[method(signature = "($self, pos, whence=0, /)")]
    fn seek(this: &Ref<BytesIo>, pos: isize, whence: i32) -> PyResult<usize> {
        this.check_open()?;
        let from = match whence {
            0 if pos < 0 => return Err(raise!(ValueError, "negative seek value {pos}")),
            0 => 0,
            1 => this.position.get(),
            2 => this.len(),
            _ => return Err(raise!(ValueError, "invalid whence ({whence}, should be 0, 1 or 2)")),
        };
        let Some(target) = (from as isize).checked_add(pos) else {
            return Err(raise!(OverflowError, "new position too large"));
        };
        let target = target.max(0) as usize;
        this.position.set(target);
        Ok(target)
    }

    #[method(signature = "($self, b, /)")]
    fn write(this: &Ref<BytesIo>, b: Borrowed<'_, Object>) -> PyResult<usize> {
        this.check_open()?;
        this.check_exports()?;
        let data = BufferArg::new(b)?;
        this.put(&data)
    }

    #[method(signature = "($self, lines, /)")]
    fn writelines(this: &Ref<BytesIo>, lines: Borrowed<'_, Object>) -> PyResult<()> {
        this.check_open()?;
        lines.iter()?.for_each(|line| {
            let data = BufferArg::new(line.borrow())?;
            this.put(&data).map(drop)
        })
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<BytesIo>) -> PyResult<()> {
        this.check_exports()?;
        this.reset();
        this.closed.set(true);
        Ok(())
    }

    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<BytesIo>) -> PyResult<Ref<Tuple>> {
        this.check_open()?;
        let value = BytesIo::value(this)?;
        let position = Int::from_usize(this.position.get())?;
        Tuple::pack([value.into_object(), position.into_object(), base::dict_copy(this.as_object())?])
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<BytesIo>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(state) = object.downcast::<Tuple>().filter(|state| state.len() >= 3) else {
            return Err(raise!(
                TypeError,
                "{}.__setstate__ argument should be 3-tuple, got {}",
                this.type_of().full_name()?,
                object.type_name()
            ));
        };
        this.check_exports()?;
        this.reset();
        this.closed.set(false);
        BytesIo::load(this, state.get(0))?;
        let Some(position) = state.get(1).downcast_borrowed::<Int>() else {
            return Err(raise!(TypeError, "second item of state must be an integer, not {}", state.get(1).type_name()));
        };
        let position = position.as_object().as_isize()?;
        let Ok(position) = usize::try_from(position) else {
            return Err(raise!(ValueError, "position value cannot be negative"));
        };
        this.position.set(position);
        base::restore_dict(this.as_object(), state.get(2), "third")
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<BytesIo>) -> PyResult<isize> {
        // The own part is told as the reference has it, on which programs' sums rest.
        let own = this.type_of().tp_basicsize.get() - size_of::<BytesIo>() as isize + 64;
        Ok(match this.shared.get() {
            // Shared contents count only while nobody else has them.
            Some(shared) if shared.refcount() > 2 => own,
            _ if this.is_empty() => own,
            _ => own + 33 + this.len() as isize,
        })
    }

    #[getter]
    fn closed(this: &Ref<BytesIo>) -> bool {
        this.closed.get()
    }
}

/// What `getbuffer` views: exports the contents of a `BytesIO`.
#[repr(C)]
pub struct BytesIoBuffer {
    head: abi::PyObject,
    source: Field<BytesIo>,
}

impl BytesIoBuffer {
    fn new(source: Ref<BytesIo>) -> PyResult<Ref<BytesIoBuffer>> {
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let object = taipan_runtime::memory::object::new::<BytesIoBuffer>()?;
            (*object).source.set(Some(source));
            taipan_runtime::memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }
}

#[pytype(name = "_BytesIOBuffer", module = "_io", gc, disallow_instantiation, heap)]
impl BytesIoBuffer {
    #[slot(tp_traverse)]
    fn traverse(this: &BytesIoBuffer, visit: &mut Visitor) {
        visit.object(this.source.as_ptr());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BytesIoBuffer) {
        // SAFETY: called once, by the last decref.
        unsafe {
            taipan_runtime::memory::object::gc_untrack(this.cast());
            (*this).source.clear();
            taipan_runtime::memory::object::dealloc_finish(this);
        }
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<BytesIoBuffer>, view: *mut abi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(raise!(BufferError, "bytesiobuf_getbuffer: view==NULL argument is obsolete"));
        }
        let Some(source) = this.source.get() else { return Err(base::closed_error()) };
        let (start, len) = source.with_store(|store| {
            let bytes = store.as_mut_slice();
            Ok((bytes.as_mut_ptr(), bytes.len()))
        })?;
        // SAFETY: the store stays as it is while there are exports.
        unsafe {
            taipan_runtime::types::buffer::fill_info(view, this.as_ptr(), start.cast(), len as isize, false, flags)?;
        }
        source.exports.set(source.exports.get() + 1);
        Ok(())
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<BytesIoBuffer>, _view: *mut abi::Py_buffer) {
        if let Some(source) = this.source.get() {
            source.exports.set(source.exports.get().saturating_sub(1));
        }
    }
}
