//! `mmap`: memory-mapped files. CPython: `Modules/mmapmodule.c`.
//!
//! **Invariant:** `data` is a mapping of `size` bytes, or null once the object is closed. While there are exports it is
//! neither closed nor resized. Slices of it are not held while Python code runs.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::{Py_buffer, PyObject};
use taipan_runtime::memory::object as memory;
use taipan_runtime::modules::sys::audit;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::{self, OSError};
use taipan_runtime::types::{buffer, weakref};

use crate::support;

const ACCESS_DEFAULT: i32 = 0;
const ACCESS_READ: i32 = 1;
const ACCESS_WRITE: i32 = 2;
const ACCESS_COPY: i32 = 3;

#[repr(C)]
pub struct Mmap {
    head: PyObject,
    data: Cell<*mut u8>,
    size: Cell<usize>,
    pos: Cell<usize>,
    offset: Cell<i64>,
    /// A descriptor of our own, -1 for none.
    fd: Cell<c_int>,
    exports: Cell<u32>,
    access: Cell<i32>,
    flags: Cell<c_int>,
    trackfd: Cell<bool>,
    weakrefs: Cell<*mut PyObject>,
}

#[cold]
fn os_error() -> Raised {
    exceptions::from_last_errno(None)
}

#[cold]
fn closed() -> Raised {
    raise!(ValueError, "mmap closed or invalid")
}

#[cold]
fn out_of_range(what: &str) -> Raised {
    raise!(ValueError, "{what} out of range")
}

impl Mmap {
    fn check_open(&self) -> PyResult<()> {
        if self.data.get().is_null() { Err(closed()) } else { Ok(()) }
    }

    fn check_writable(&self) -> PyResult<()> {
        if self.access.get() == ACCESS_READ {
            return Err(raise!(TypeError, "mmap can't modify a readonly memory map."));
        }
        Ok(())
    }

    /// The mapped bytes.
    fn bytes(&self) -> PyResult<&[u8]> {
        self.check_open()?;
        // SAFETY: so many bytes are mapped; see the invariant.
        Ok(unsafe { core::slice::from_raw_parts(self.data.get(), self.size.get()) })
    }

    /// The bytes from the position on.
    fn rest(&self) -> PyResult<&[u8]> {
        Ok(self.bytes()?.get(self.pos.get()..).unwrap_or(&[]))
    }

    /// Copies into the mapping, which is writable and has room.
    fn store(&self, place: usize, data: &[u8]) {
        // SAFETY: the callers checked the range. The source may be a view of the same memory.
        unsafe { ptr::copy(data.as_ptr(), self.data.get().add(place), data.len()) };
    }

    fn unmap(&self) {
        let data = self.data.replace(ptr::null_mut());
        if !data.is_null() {
            // SAFETY: the mapping is ours.
            unsafe { libc::munmap(data.cast(), self.size.get()) };
        }
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            // SAFETY: the descriptor is ours.
            unsafe { libc::close(fd) };
        }
    }

    /// Where `find` looks.
    fn search(
        &self,
        view: &[u8],
        start: Option<isize>,
        end: Option<isize>,
        find: fn(&[u8], &[u8]) -> Option<usize>,
    ) -> PyResult<isize> {
        let bytes = self.bytes()?;
        let len = bytes.len() as isize;
        let place = |index: isize| if index < 0 { (index + len).max(0) } else { index.min(len) } as usize;
        let start = start.map_or(self.pos.get().min(bytes.len()), place);
        let end = end.map_or(bytes.len(), place);
        let found = bytes.get(start..end).and_then(|part| find(part, view));
        Ok(found.map_or(-1, |index| (start + index) as isize))
    }
}

/// The checked arguments of the constructor.
struct Mapping {
    length: isize,
    flags: i32,
    prot: i32,
    access: i32,
    offset: i64,
}

impl Mapping {
    /// What the access means for flags and protection, and the other way round.
    fn settle_access(&mut self) -> PyResult<()> {
        const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
        if self.access != ACCESS_DEFAULT && (self.flags != libc::MAP_SHARED || self.prot != READ_WRITE) {
            return Err(raise!(ValueError, "mmap can't specify both access and flags, prot."));
        }
        match self.access {
            ACCESS_READ => (self.flags, self.prot) = (libc::MAP_SHARED, libc::PROT_READ),
            ACCESS_WRITE => (self.flags, self.prot) = (libc::MAP_SHARED, READ_WRITE),
            ACCESS_COPY => (self.flags, self.prot) = (libc::MAP_PRIVATE, READ_WRITE),
            ACCESS_DEFAULT if self.prot & READ_WRITE == READ_WRITE => {}
            ACCESS_DEFAULT if self.prot & libc::PROT_WRITE != 0 => self.access = ACCESS_WRITE,
            ACCESS_DEFAULT => self.access = ACCESS_READ,
            _ => return Err(raise!(ValueError, "mmap invalid access parameter.")),
        }
        Ok(())
    }

    /// The length in bytes; 0 stands for the rest of a file.
    fn settle_length(&self, fd: c_int) -> PyResult<usize> {
        let length = self.length as i64;
        if fd == -1 {
            return Ok(length as usize);
        }
        // SAFETY: fills the struct.
        let status = unsafe {
            let mut status: libc::stat = core::mem::zeroed();
            if libc::fstat(fd, &raw mut status) != 0 {
                return Err(os_error());
            }
            status
        };
        if status.st_mode & libc::S_IFMT != libc::S_IFREG {
            return Ok(length as usize);
        }
        if length == 0 {
            if status.st_size == 0 {
                return Err(raise!(ValueError, "cannot mmap an empty file"));
            }
            if self.offset >= status.st_size {
                return Err(raise!(ValueError, "mmap offset is greater than file size"));
            }
            return Ok((status.st_size - self.offset) as usize);
        }
        if self.offset > status.st_size || status.st_size - self.offset < length {
            return Err(raise!(ValueError, "mmap length is greater than file size"));
        }
        Ok(length as usize)
    }
}

/// What a subscript means.
enum Place {
    Index(usize),
    Slice { start: isize, step: isize, count: usize },
}

fn place_of(this: &Ref<Mmap>, key: Borrowed<'_, Object>) -> PyResult<Place> {
    if key.has_index() {
        let index = key.as_index_isize()?;
        this.check_open()?;
        let index = if index < 0 { index + this.size.get() as isize } else { index };
        return match usize::try_from(index) {
            Ok(index) if index < this.size.get() => Ok(Place::Index(index)),
            _ => Err(raise!(IndexError, "mmap index out of range")),
        };
    }
    let Some(slice) = key.downcast::<Slice>() else {
        return Err(raise!(TypeError, "mmap indices must be integers"));
    };
    let parts = slice.unpack()?;
    this.check_open()?;
    let (start, _, step, count) = parts.adjust(this.size.get());
    Ok(Place::Slice { start, step, count })
}

#[pytype(name = "mmap", module = "mmap", basetype, weaklistoffset = offset_of!(Mmap, weakrefs), gc, heap, basicsize = 88, getattribute)]
impl Mmap {
    #[slot(tp_traverse)]
    fn traverse(_this: &Mmap, _visit: &mut Visitor) {}

    #[new(
        signature = "(fileno, length, flags=MAP_SHARED, prot=PROT_WRITE | PROT_READ, access=ACCESS_DEFAULT, offset=0, *, \
                     trackfd=True)",
        no_text_signature
    )]
    fn new(
        cls: Borrowed<'_, Type>,
        fileno: i32,
        length: isize,
        flags: Option<i32>,
        prot: Option<i32>,
        access: Option<i32>,
        offset: i64,
        trackfd: bool,
    ) -> PyResult<Ref<Mmap>> {
        if length < 0 {
            return Err(raise!(OverflowError, "memory mapped length must be positive"));
        }
        if offset < 0 {
            return Err(raise!(OverflowError, "memory mapped offset must be positive"));
        }
        let mut mapping = Mapping {
            length,
            flags: flags.unwrap_or(libc::MAP_SHARED),
            prot: prot.unwrap_or(libc::PROT_READ | libc::PROT_WRITE),
            access: access.unwrap_or(ACCESS_DEFAULT),
            offset,
        };
        mapping.settle_access()?;
        let audited = [
            Int::from_i64(fileno.into())?,
            Int::from_isize(length)?,
            Int::from_i64(mapping.access.into())?,
            Int::from_i64(offset)?,
        ];
        audit("mmap.__new__", &audited.each_ref().map(|value| value.as_borrowed()))?;
        let size = mapping.settle_length(fileno)?;
        let this: Ref<Mmap> = support::instance(cls)?;
        this.fd.set(-1);
        if fileno == -1 {
            mapping.flags |= libc::MAP_ANONYMOUS;
        } else if trackfd {
            // SAFETY: makes a new descriptor.
            let fd = unsafe { libc::fcntl(fileno, libc::F_DUPFD_CLOEXEC, 0) };
            if fd < 0 {
                return Err(os_error());
            }
            this.fd.set(fd);
        }
        // SAFETY: the system chooses the address.
        let data = unsafe { libc::mmap(ptr::null_mut(), size, mapping.prot, mapping.flags, fileno, offset) };
        if data == libc::MAP_FAILED {
            return Err(os_error());
        }
        this.data.set(data.cast());
        this.size.set(size);
        this.offset.set(offset);
        this.access.set(mapping.access);
        this.flags.set(mapping.flags);
        this.trackfd.set(trackfd);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Mmap) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            weakref::clear_refs(this.cast());
            (*this).unmap();
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Mmap>) -> String {
        let name = this.type_name();
        if this.data.get().is_null() {
            return format!("<{name} closed=True>");
        }
        let access = match this.access.get() {
            ACCESS_READ => "ACCESS_READ",
            ACCESS_WRITE => "ACCESS_WRITE",
            ACCESS_COPY => "ACCESS_COPY",
            _ => "ACCESS_DEFAULT",
        };
        format!(
            "<{name} closed=False, access={access}, length={}, pos={}, offset={}>",
            this.size.get(),
            this.pos.get(),
            this.offset.get()
        )
    }

    #[slot(sq_length)]
    fn length(this: &Ref<Mmap>) -> PyResult<isize> {
        Ok(this.bytes()?.len() as isize)
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Mmap>) -> PyResult<isize> {
        Mmap::length(this)
    }

    #[slot(sq_item)]
    fn item(this: &Ref<Mmap>, index: isize) -> PyResult<Ref<Bytes>> {
        match usize::try_from(index).ok().and_then(|index| this.bytes().ok()?.get(index).copied()) {
            Some(byte) => Ok(Bytes::single(byte)),
            None if Raised::is_set() => Err(Raised::assume_set()),
            None => Err(raise!(IndexError, "mmap index out of range")),
        }
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Mmap>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let place = place_of(this, key)?;
        let bytes = this.bytes()?;
        Ok(match place {
            Place::Index(index) => Int::from_i64(bytes[index].into())?.into_object(),
            Place::Slice { start, step: 1, count } => {
                Bytes::from_slice(&bytes[start as usize..][..count])?.into_object()
            }
            Place::Slice { start, step, count } => Bytes::with_filled(count, |out| {
                for (index, byte) in out.iter_mut().enumerate() {
                    *byte = bytes[(start + index as isize * step) as usize];
                }
                Ok(count)
            })?
            .into_object(),
        })
    }

    #[slot(mp_ass_subscript)]
    fn assign_subscript(
        this: &Ref<Mmap>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.check_open()?;
        this.check_writable()?;
        match place_of(this, key)? {
            Place::Index(index) => {
                let Some(value) = value else {
                    return Err(raise!(TypeError, "mmap doesn't support item deletion"));
                };
                if !value.has_index() {
                    return Err(raise!(TypeError, "mmap item value must be an int"));
                }
                let Ok(byte) = u8::try_from(value.as_clamped_isize()?) else {
                    return Err(raise!(ValueError, "mmap item value must be in range(0, 256)"));
                };
                if index >= this.bytes()?.len() {
                    return Err(raise!(IndexError, "mmap index out of range"));
                }
                this.store(index, &[byte]);
            }
            Place::Slice { start, step, count } => {
                let Some(value) = value else {
                    return Err(raise!(TypeError, "mmap object doesn't support slice deletion"));
                };
                let data = BufferArg::new(value)?;
                if data.len() != count {
                    return Err(raise!(IndexError, "mmap slice assignment is wrong size"));
                }
                // Exporting may have run code that closed or resized the mapping.
                let last = start + (count as isize - 1).max(0) * step;
                if count > 0 && start.max(last) as usize >= this.bytes()?.len() {
                    return Err(raise!(IndexError, "mmap index out of range"));
                }
                if step == 1 {
                    this.store(start as usize, &data);
                } else {
                    for (index, &byte) in data.iter().enumerate() {
                        this.store((start + index as isize * step) as usize, &[byte]);
                    }
                }
            }
        }
        Ok(())
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<Mmap>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        this.check_open()?;
        let readonly = this.access.get() == ACCESS_READ;
        // SAFETY: the mapping stays while there are exports.
        unsafe {
            buffer::fill_info(view, this.as_ptr(), this.data.get().cast(), this.size.get() as isize, readonly, flags)?;
        }
        this.exports.set(this.exports.get() + 1);
        Ok(())
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<Mmap>, _view: *mut Py_buffer) {
        this.exports.set(this.exports.get() - 1);
    }

    #[getter]
    fn closed(this: &Ref<Mmap>) -> bool {
        this.data.get().is_null()
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<Mmap>) -> PyResult<()> {
        if this.exports.get() > 0 {
            return Err(raise!(BufferError, "cannot close exported pointers exist"));
        }
        this.unmap();
        Ok(())
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<Mmap>) -> PyResult<Ref<Mmap>> {
        this.check_open()?;
        Ok(this.clone())
    }

    #[method(name = "__exit__", signature = "($self, exc_type, exc_value, traceback, /)")]
    fn exit(
        this: &Ref<Mmap>,
        exc_type: Borrowed<'_, Object>,
        exc_value: Borrowed<'_, Object>,
        traceback: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        let _ = (exc_type, exc_value, traceback);
        this.as_object().call_method(id!("close"), &[])
    }

    #[method(signature = "($self, view, start=None, end=None, /)")]
    fn find(this: &Ref<Mmap>, view: BufferArg<'_>, start: Nullable<isize>, end: Nullable<isize>) -> PyResult<isize> {
        this.search(&view, start.0, end.0, memchr::memmem::find)
    }

    #[method(signature = "($self, view, start=None, end=None, /)")]
    fn rfind(this: &Ref<Mmap>, view: BufferArg<'_>, start: Nullable<isize>, end: Nullable<isize>) -> PyResult<isize> {
        this.search(&view, start.0, end.0, memchr::memmem::rfind)
    }

    #[method(signature = "($self, offset=0, size=None, /)")]
    fn flush(this: &Ref<Mmap>, offset: isize, size: Nullable<isize>) -> PyResult<()> {
        this.check_open()?;
        let len = this.size.get() as isize;
        let size = size.0.unwrap_or(len.saturating_sub(offset));
        if offset < 0 || size < 0 || len - offset < size {
            return Err(raise!(ValueError, "flush values out of range"));
        }
        if matches!(this.access.get(), ACCESS_READ | ACCESS_COPY) {
            return Ok(());
        }
        // SAFETY: a range of the mapping.
        let result = unsafe { libc::msync(this.data.get().add(offset as usize).cast(), size as usize, libc::MS_SYNC) };
        if result < 0 { Err(os_error()) } else { Ok(()) }
    }

    #[method(signature = "($self, option, start=0, length=None, /)")]
    fn madvise(this: &Ref<Mmap>, option: i32, start: isize, length: Nullable<isize>) -> PyResult<()> {
        this.check_open()?;
        let size = this.size.get() as isize;
        let length = length.0.unwrap_or(size);
        if start < 0 || start >= size {
            return Err(raise!(ValueError, "madvise start out of bounds"));
        }
        if length < 0 {
            return Err(raise!(ValueError, "madvise length invalid"));
        }
        let Some(end) = start.checked_add(length) else {
            return Err(raise!(OverflowError, "madvise length too large"));
        };
        let length = (end.min(size) - start) as usize;
        // SAFETY: a range of the mapping.
        let result = unsafe { libc::madvise(this.data.get().add(start as usize).cast(), length, option) };
        if result < 0 { Err(os_error()) } else { Ok(()) }
    }

    #[method(name = "move", signature = "($self, dest, src, count, /)")]
    fn move_bytes(this: &Ref<Mmap>, dest: isize, src: isize, count: isize) -> PyResult<()> {
        this.check_open()?;
        this.check_writable()?;
        let size = this.size.get() as isize;
        if dest < 0 || src < 0 || count < 0 || size - dest < count || size - src < count {
            return Err(out_of_range("source, destination, or count"));
        }
        // SAFETY: both ranges are inside the mapping.
        unsafe {
            let data = this.data.get();
            ptr::copy(data.add(src as usize), data.add(dest as usize), count as usize);
        }
        Ok(())
    }

    #[method(signature = "($self, n=None, /)")]
    fn read(this: &Ref<Mmap>, n: Nullable<isize>) -> PyResult<Ref<Bytes>> {
        let rest = this.rest()?;
        let count = n.0.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX).min(rest.len());
        let result = Bytes::from_slice(&rest[..count])?;
        this.pos.set(this.pos.get() + count);
        Ok(result)
    }

    #[method(signature = "($self, /)")]
    fn read_byte(this: &Ref<Mmap>) -> PyResult<u8> {
        let Some(&byte) = this.rest()?.first() else { return Err(out_of_range("read byte")) };
        this.pos.set(this.pos.get() + 1);
        Ok(byte)
    }

    #[method(signature = "($self, /)")]
    fn readline(this: &Ref<Mmap>) -> PyResult<Ref<Bytes>> {
        let rest = this.rest()?;
        let count = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let result = Bytes::from_slice(&rest[..count])?;
        this.pos.set(this.pos.get() + count);
        Ok(result)
    }

    #[method(signature = "($self, newsize, /)")]
    fn resize(this: &Ref<Mmap>, newsize: isize) -> PyResult<()> {
        this.check_open()?;
        if this.exports.get() > 0 {
            return Err(raise!(BufferError, "mmap can't resize with extant buffers exported."));
        }
        if !this.trackfd.get() {
            return Err(raise!(ValueError, "mmap can't resize with trackfd=False."));
        }
        if !matches!(this.access.get(), ACCESS_WRITE | ACCESS_DEFAULT) {
            return Err(raise!(TypeError, "mmap can't resize a readonly or copy-on-write memory map."));
        }
        if newsize < 0 || (isize::MAX - newsize) < this.offset.get() as isize {
            return Err(raise!(ValueError, "new size out of range"));
        }
        let (fd, old, new) = (this.fd.get(), this.size.get(), newsize as usize);
        if fd == -1 && this.flags.get() & libc::MAP_PRIVATE == 0 && new > old {
            return Err(raise!(ValueError, "mmap: can't expand a shared anonymous mapping"));
        }
        // SAFETY: our descriptor and our mapping, which nobody looks at now.
        unsafe {
            if fd != -1 && libc::ftruncate(fd, this.offset.get() + newsize as i64) < 0 {
                return Err(os_error());
            }
            let data = libc::mremap(this.data.get().cast(), old, new, libc::MREMAP_MAYMOVE);
            if data == libc::MAP_FAILED {
                return Err(os_error());
            }
            this.data.set(data.cast());
        }
        this.size.set(new);
        Ok(())
    }

    #[method(signature = "($self, pos, whence=0, /)")]
    fn seek(this: &Ref<Mmap>, pos: isize, whence: i32) -> PyResult<usize> {
        this.check_open()?;
        let start = match whence {
            0 => 0,
            1 => this.pos.get(),
            2 => this.size.get(),
            _ => return Err(raise!(ValueError, "unknown seek type")),
        };
        match (start as isize).checked_add(pos).and_then(|place| usize::try_from(place).ok()) {
            Some(place) if place <= this.size.get() => {
                this.pos.set(place);
                Ok(place)
            }
            _ => Err(out_of_range("seek")),
        }
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<Mmap>) -> bool {
        let _ = this;
        true
    }

    #[method(signature = "($self, /)")]
    fn size(this: &Ref<Mmap>) -> PyResult<i64> {
        this.check_open()?;
        // SAFETY: fills the struct.
        unsafe {
            let mut status: libc::stat = core::mem::zeroed();
            if libc::fstat(this.fd.get(), &raw mut status) != 0 {
                return Err(os_error());
            }
            Ok(status.st_size)
        }
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<Mmap>) -> PyResult<usize> {
        this.check_open()?;
        Ok(this.pos.get())
    }

    #[method(signature = "($self, bytes, /)")]
    fn write(this: &Ref<Mmap>, bytes: BufferArg<'_>) -> PyResult<usize> {
        this.check_open()?;
        this.check_writable()?;
        if this.rest()?.len() < bytes.len() {
            return Err(raise!(ValueError, "data out of range"));
        }
        this.store(this.pos.get(), &bytes);
        this.pos.set(this.pos.get() + bytes.len());
        Ok(bytes.len())
    }

    #[method(signature = "($self, byte, /)")]
    fn write_byte(this: &Ref<Mmap>, byte: u8) -> PyResult<()> {
        this.check_open()?;
        this.check_writable()?;
        if this.rest()?.is_empty() {
            return Err(out_of_range("write byte"));
        }
        this.store(this.pos.get(), &[byte]);
        this.pos.set(this.pos.get() + 1);
        Ok(())
    }
}

pub struct MmapModule;

#[pymodule(name = "mmap")]
impl MmapModule {
    const PROT_EXEC: i32 = libc::PROT_EXEC;
    const PROT_READ: i32 = libc::PROT_READ;
    const PROT_WRITE: i32 = libc::PROT_WRITE;
    const MAP_SHARED: i32 = libc::MAP_SHARED;
    const MAP_PRIVATE: i32 = libc::MAP_PRIVATE;
    const MAP_DENYWRITE: i32 = libc::MAP_DENYWRITE;
    const MAP_EXECUTABLE: i32 = libc::MAP_EXECUTABLE;
    const MAP_ANON: i32 = libc::MAP_ANON;
    const MAP_ANONYMOUS: i32 = libc::MAP_ANONYMOUS;
    const MAP_POPULATE: i32 = libc::MAP_POPULATE;
    const MAP_STACK: i32 = libc::MAP_STACK;
    const MAP_NORESERVE: i32 = libc::MAP_NORESERVE;
    #[cfg(target_arch = "x86_64")]
    const MAP_32BIT: i32 = libc::MAP_32BIT;
    const ACCESS_DEFAULT: i32 = ACCESS_DEFAULT;
    const ACCESS_READ: i32 = ACCESS_READ;
    const ACCESS_WRITE: i32 = ACCESS_WRITE;
    const ACCESS_COPY: i32 = ACCESS_COPY;
    const MADV_NORMAL: i32 = libc::MADV_NORMAL;
    const MADV_RANDOM: i32 = libc::MADV_RANDOM;
    const MADV_SEQUENTIAL: i32 = libc::MADV_SEQUENTIAL;
    const MADV_WILLNEED: i32 = libc::MADV_WILLNEED;
    const MADV_DONTNEED: i32 = libc::MADV_DONTNEED;
    const MADV_REMOVE: i32 = libc::MADV_REMOVE;
    const MADV_DONTFORK: i32 = libc::MADV_DONTFORK;
    const MADV_DOFORK: i32 = libc::MADV_DOFORK;
    const MADV_HWPOISON: i32 = libc::MADV_HWPOISON;
    const MADV_MERGEABLE: i32 = libc::MADV_MERGEABLE;
    const MADV_UNMERGEABLE: i32 = libc::MADV_UNMERGEABLE;
    const MADV_HUGEPAGE: i32 = libc::MADV_HUGEPAGE;
    const MADV_NOHUGEPAGE: i32 = libc::MADV_NOHUGEPAGE;
    const MADV_DONTDUMP: i32 = libc::MADV_DONTDUMP;
    const MADV_DODUMP: i32 = libc::MADV_DODUMP;
    const MADV_FREE: i32 = libc::MADV_FREE;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("error", OSError::type_object())?;
        module.add_type::<Mmap>()?;
        // SAFETY: asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        module.add("PAGESIZE", Int::from_i64(page)?)?;
        module.add("ALLOCATIONGRANULARITY", Int::from_i64(page)?)
    }
}
