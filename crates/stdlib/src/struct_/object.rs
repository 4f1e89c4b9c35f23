//! `Struct` and its iterator.
//!
//! A struct may be initialised again while it packs, since packing runs Python code: whoever works with a layout holds a
//! count of it.

use core::cell::Cell;
use core::mem::offset_of;
use std::rc::Rc;

use taipan_runtime::abi::{PyBUF_SIMPLE, PyBUF_WRITABLE, PyObject};
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer::View;
use taipan_runtime::types::bytes::BytesBuilder;
use taipan_runtime::types::weakref;

use super::format::Layout;
use super::{ERROR, item};
use crate::support::{self, Place, Slot};

#[repr(C)]
pub struct Struct {
    head: PyObject,
    /// Bytes and values of the packed form. Extensions read both at this place, as in the reference's struct.
    size: Cell<isize>,
    count: Cell<isize>,
    layout: Place<Rc<Layout>>,
    /// `bytes`
    format: Slot,
    weakrefs: Cell<*mut PyObject>,
}

/// The bytes of a format that is given as `str` or `bytes`.
fn format_bytes(format: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
    if let Some(text) = format.downcast::<Str>() {
        let encoded = text.as_object().call_method(id!("encode"), &[id!("ascii").upcast()])?;
        if let Ok(bytes) = encoded.into_downcast::<Bytes>() {
            return Ok(bytes);
        }
    }
    match format.downcast::<Bytes>() {
        Some(bytes) => Ok(bytes.to_owned()),
        None => Err(raise!(
            TypeError,
            "Struct() argument 1 must be a str or bytes object, not {}",
            format.type_of().short_name()
        )),
    }
}

impl Struct {
    pub fn create(format: Borrowed<'_, Object>) -> PyResult<Ref<Struct>> {
        let this: Ref<Struct> = support::instance_exact()?;
        this.start(format)?;
        Ok(this)
    }

    fn start(&self, format: Borrowed<'_, Object>) -> PyResult<()> {
        let format = format_bytes(format)?;
        let layout = Layout::parse(format.as_slice())?;
        self.size.set(layout.size as isize);
        self.count.set(layout.count as isize);
        self.layout.set(Rc::new(layout));
        self.format.set(Some(format.into_object()));
        Ok(())
    }

    pub fn layout(&self) -> PyResult<Rc<Layout>> {
        // SAFETY: the reference is gone before anything else runs.
        match unsafe { self.layout.get() } {
            Some(layout) => Ok(layout.clone()),
            None => Err(raise!(RuntimeError, "Struct object is not initialized")),
        }
    }
}

impl Layout {
    /// Packs as many values as there are at `start`.
    ///
    /// # Safety
    /// `self.size` bytes are writable there, and stay so.
    unsafe fn pack_at(&self, start: *mut u8, values: &[Borrowed<'_, Object>]) -> PyResult<()> {
        // SAFETY: by contract: the fields lie within the size.
        unsafe {
            start.write_bytes(0, self.size);
            let mut values = values.iter();
            for field in &self.fields {
                for index in 0..field.count {
                    let Some(value) = values.next() else { return Ok(()) };
                    item::pack(start.add(field.offset + index * field.size), field, self.little_endian, *value)?;
                }
            }
        }
        Ok(())
    }

    /// The values of `data`, which has the right length.
    fn unpack(&self, data: &[u8]) -> PyResult<Ref<Tuple>> {
        let mut values = vec_with_capacity(self.count)?;
        for field in &self.fields {
            for index in 0..field.count {
                let place = &data[field.offset + index * field.size..][..field.size];
                // SAFETY: so many bytes are there.
                values.push(unsafe { item::unpack(place.as_ptr(), field, self.little_endian)? });
            }
        }
        Tuple::from_vec(values)
    }

    fn check_count(&self, function: &str, given: usize) -> PyResult<()> {
        if given == self.count {
            return Ok(());
        }
        let expected = self.count;
        Err(ERROR.raise(format_args!("{function} expected {expected} items for packing (got {given})")))
    }

    pub fn pack_values(&self, values: &[Borrowed<'_, Object>]) -> PyResult<Ref<Bytes>> {
        self.check_count("pack", values.len())?;
        let mut builder = BytesBuilder::with_capacity(self.size)?;
        builder.push_fill(0, self.size)?;
        // SAFETY: nobody else has the builder.
        unsafe { self.pack_at(builder.as_mut_slice().as_mut_ptr(), values)? };
        builder.finish()
    }

    /// `pack_into(buffer, offset, *values)`
    pub fn pack_into(&self, args: &[Borrowed<'_, Object>]) -> PyResult<()> {
        let &[buffer, offset, ref values @ ..] = args else {
            let missing = if args.is_empty() { "buffer" } else { "offset" };
            return Err(ERROR.raise(format_args!("pack_into expected {missing} argument")));
        };
        self.check_count("pack_into", values.len())?;
        let view = match View::new(buffer, PyBUF_WRITABLE) {
            Ok(view) => view,
            Err(raised) => {
                raised.clear();
                return Err(raise!(
                    TypeError,
                    "argument must be read-write bytes-like object, not {}",
                    buffer.type_of().short_name()
                ));
            }
        };
        let offset = offset.as_index_isize()?;
        let (start, len) = (view.buf.cast::<u8>(), view.len);
        let (size, mut place) = (self.size as isize, offset);
        if offset < 0 {
            if offset.saturating_add(size) > 0 {
                return Err(ERROR.raise(format_args!("no space to pack {size} bytes at offset {offset}")));
            }
            if offset.saturating_add(len) < 0 {
                return Err(ERROR.raise(format_args!("offset {offset} out of range for {len}-byte buffer")));
            }
            place += len;
        }
        if (len) - place < size {
            return Err(ERROR.raise(format_args!(
                "pack_into requires a buffer of at least {} bytes for packing {size} bytes at offset {place} (actual \
                 buffer size is {len})",
                size as usize + place as usize
            )));
        }
        // SAFETY: the bytes are there for as long as the buffer is exported.
        unsafe { self.pack_at(start.add(place as usize), values) }
    }

    pub fn unpack_exact(&self, data: &[u8]) -> PyResult<Ref<Tuple>> {
        if data.len() != self.size {
            return Err(ERROR.raise(format_args!("unpack requires a buffer of {} bytes", self.size)));
        }
        self.unpack(data)
    }

    pub fn unpack_from(&self, data: &[u8], offset: isize) -> PyResult<Ref<Tuple>> {
        let (size, len, mut place) = (self.size as isize, data.len() as isize, offset);
        if offset < 0 {
            if offset.saturating_add(size) > 0 {
                return Err(ERROR.raise(format_args!("not enough data to unpack {size} bytes at offset {offset}")));
            }
            if offset.saturating_add(len) < 0 {
                return Err(ERROR.raise(format_args!("offset {offset} out of range for {len}-byte buffer")));
            }
            place += len;
        }
        if len - place < size {
            return Err(ERROR.raise(format_args!(
                "unpack_from requires a buffer of at least {} bytes for unpacking {size} bytes at offset {place} \
                 (actual buffer size is {len})",
                size as usize + place as usize
            )));
        }
        self.unpack(&data[place as usize..][..self.size])
    }
}

#[pytype(name = "Struct", module = "_struct", gc, basetype, weaklistoffset = offset_of!(Struct, weakrefs), heap, getattribute, setattribute, generic_new)]
impl Struct {
    #[init(signature = "(format)", no_text_signature)]
    fn init(this: &Ref<Struct>, format: Borrowed<'_, Object>) -> PyResult<()> {
        this.start(format)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Struct) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            weakref::clear_refs(this.cast());
            drop((*this).layout.take());
            drop((*this).format.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Struct, visit: &mut Visitor) {
        support::traverse([&this.format], visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Struct>) -> PyResult<String> {
        let format = Struct::format(this)?;
        Ok(format!("{}({})", this.type_of().short_name(), format.as_object().repr()?.to_display()))
    }

    #[method(signature = "($self, buffer, /)")]
    fn iter_unpack(this: &Ref<Struct>, buffer: Borrowed<'_, Object>) -> PyResult<Ref<UnpackIterator>> {
        UnpackIterator::over(this.layout()?, buffer)
    }

    #[method(raw, no_text_signature)]
    fn pack(this: &Ref<Struct>, args: CallArgs<'_>) -> PyResult<Ref<Bytes>> {
        args.no_keywords("Struct.pack")?;
        this.layout()?.pack_values(args.positional())
    }

    #[method(raw, no_text_signature)]
    fn pack_into(this: &Ref<Struct>, args: CallArgs<'_>) -> PyResult<()> {
        args.no_keywords("Struct.pack_into")?;
        this.layout()?.pack_into(args.positional())
    }

    #[method(signature = "($self, buffer, /)")]
    fn unpack(this: &Ref<Struct>, buffer: BufferArg<'_>) -> PyResult<Ref<Tuple>> {
        this.layout()?.unpack_exact(&buffer)
    }

    #[method(signature = "($self, /, buffer, offset=0)")]
    fn unpack_from(this: &Ref<Struct>, buffer: BufferArg<'_>, offset: isize) -> PyResult<Ref<Tuple>> {
        this.layout()?.unpack_from(&buffer, offset)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Struct>) -> PyResult<usize> {
        /// What the reference keeps for each format character, and one more to end them.
        const FIELD: usize = 32;
        Ok(this.type_of().tp_basicsize.get() as usize + FIELD * (this.layout()?.fields.len() + 1))
    }

    #[getter]
    fn format(this: &Ref<Struct>) -> PyResult<Ref<Str>> {
        this.layout()?;
        let format = this.format.get();
        let bytes = format.as_ref().and_then(|format| format.downcast::<Bytes>());
        Str::from_ucs1(bytes.as_ref().map_or(&[], |bytes| bytes.as_slice()))
    }

    #[getter]
    fn size(this: &Ref<Struct>) -> isize {
        // SAFETY: the reference is gone before anything else runs.
        unsafe { this.layout.get() }.map_or(-1, |layout| layout.size as isize)
    }
}

/// What `iter_unpack` gives.
#[repr(C)]
pub struct UnpackIterator {
    head: PyObject,
    layout: Place<Rc<Layout>>,
    view: Place<View>,
    index: Cell<usize>,
}

impl UnpackIterator {
    pub fn over(layout: Rc<Layout>, buffer: Borrowed<'_, Object>) -> PyResult<Ref<UnpackIterator>> {
        if layout.size == 0 {
            return Err(ERROR.raise(format_args!("cannot iteratively unpack with a struct of length 0")));
        }
        let view = View::new(buffer, PyBUF_SIMPLE)?;
        if !(view.len as usize).is_multiple_of(layout.size) {
            return Err(ERROR
                .raise(format_args!("iterative unpacking requires a buffer of a multiple of {} bytes", layout.size)));
        }
        let this: Ref<UnpackIterator> = support::instance_exact()?;
        this.layout.set(layout);
        this.view.set(view);
        Ok(this)
    }
}

#[pytype(name = "unpack_iterator", module = "_struct", gc, disallow_instantiation, heap, basicsize = 112, getattribute)]
impl UnpackIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut UnpackIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).layout.take());
            drop((*this).view.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &UnpackIterator, visit: &mut Visitor) {
        // SAFETY: the collector changes nothing.
        if let Some(view) = unsafe { this.view.get() } {
            visit.object(view.obj);
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<UnpackIterator>) -> Ref<UnpackIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<UnpackIterator>) -> PyResult<Option<Ref<Tuple>>> {
        // SAFETY: unpacking runs no Python code, and both stay until the end of the items.
        let (layout, view) = match unsafe { (this.layout.get(), this.view.get()) } {
            (Some(layout), Some(view)) => (layout, view),
            _ => return Ok(None),
        };
        let start = this.index.get();
        if start + layout.size > view.len as usize {
            drop(this.layout.take());
            drop(this.view.take());
            return Ok(None);
        }
        this.index.set(start + layout.size);
        // SAFETY: the bytes are within the exported memory.
        let data = unsafe { core::slice::from_raw_parts(view.buf.cast::<u8>().add(start), layout.size) };
        layout.unpack(data).map(Some)
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<UnpackIterator>) -> usize {
        // SAFETY: as in `next`.
        match unsafe { (this.layout.get(), this.view.get()) } {
            (Some(layout), Some(view)) => (view.len as usize - this.index.get()) / layout.size,
            _ => 0,
        }
    }
}
