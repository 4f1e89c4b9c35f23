//! The buffered binary streams: `BufferedReader`, `BufferedWriter`, `BufferedRandom`, `BufferedRWPair`.
//!
//! The first three share one layout, [`Buffered`]. **Invariant:** the buffer holds either bytes read ahead (the raw stream
//! stands behind the last of them) or bytes to be written (the raw stream stands where the first belongs), never both; in
//! both cases they are `start..end`. Whoever works on the buffer holds the lock, and nobody holds a slice of it across a
//! call. CPython: `Modules/_io/bufferedio.c`.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::memory::small;
use taipan_runtime::thread::{self, Lock, Wait};
use taipan_runtime::types::exceptions::{self, OSError};

use super::and_close;
use super::base::{self, IoBase};
use super::field::Field;
use super::file::FileIo;
use super::os::Transfer;
use taipan_runtime::prelude::*;

mod pair;
mod read;
mod types;
mod write;

pub use pair::BufferedRwPair;
pub use types::{BufferedRandom, BufferedReader, BufferedWriter};

#[repr(C)]
pub struct Buffered {
    base: IoBase,
    raw: Field,
    /// The buffer: null until it is first needed.
    store: Cell<*mut u8>,
    /// How large it is to be.
    size: Cell<usize>,
    start: Cell<usize>,
    end: Cell<usize>,
    /// Whether `start..end` waits to be written.
    dirty: Cell<bool>,
    /// Where the raw stream stands, -1 when not known.
    position: Cell<i64>,
    /// The thread that has the lock.
    owner: Cell<u64>,
    lock: Lock,
    initialized: Cell<bool>,
    detached: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    /// Whether `raw` is exactly a `FileIO`, which can be used without calls.
    native: Cell<bool>,
    finalizing: Cell<bool>,
}

/// Holds the lock of a stream.
struct Locked<'a>(&'a Ref<Buffered>);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.owner.set(0);
        self.0.lock.release();
    }
}

/// Whether the error is an OSError with `EINTR`, after which the call is made again.
fn is_interrupted(raised: &Raised) -> bool {
    if !raised.is_a::<OSError>() {
        return false;
    }
    let Some(error) = raised.peek().map(|error| error.to_owned()) else { return false };
    // The attribute of a plain OSError is a struct member: no code of the program runs unless a subclass wants so.
    let _aside = Raised::aside();
    match error.getattr(id!("errno")) {
        Ok(errno) => errno.downcast::<Int>().and_then(|errno| errno.to_i32()) == Some(libc::EINTR),
        Err(raised) => {
            raised.clear();
            false
        }
    }
}

/// Calls a method of a raw stream again as long as it says `EINTR`.
pub fn call_raw(raw: &Ref<Object>, name: Borrowed<'_, Str>, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
    loop {
        match raw.call_method(name, args) {
            Err(raised) if is_interrupted(&raised) => raised.clear(),
            other => return other,
        }
    }
}

/// A file position from what a raw stream answered.
fn position_of(answer: &Ref<Object>) -> PyResult<i64> {
    let Some(position) = answer.index()?.to_i64() else {
        return Err(raise!(OverflowError, "Python int too large to convert to C long"));
    };
    if position < 0 {
        return Err(raise!(OSError, "Raw stream returned invalid position {position}"));
    }
    Ok(position)
}

impl Buffered {
    /// Locks the stream. A second lock of the same thread, from a signal handler or a raw stream's method, is an error.
    fn enter(this: &Ref<Buffered>) -> PyResult<Locked<'_>> {
        let me = thread::current_ident();
        if !this.lock.try_acquire() {
            if this.owner.get() == me as u64 {
                return Err(raise!(RuntimeError, "reentrant call inside {}", this.as_object().to_repr_text()));
            }
            this.lock.acquire(Wait::Forever, false);
        }
        this.owner.set(me as u64);
        Ok(Locked(this))
    }

    fn is_fast(&self) -> bool {
        self.native.get()
    }

    /// The raw stream as `FileIO`, unless the program replaced the method that would be called.
    fn native_raw(this: &Ref<Buffered>, method: Borrowed<'_, Str>) -> Option<Ref<FileIo>> {
        if !this.is_fast() {
            return None;
        }
        // SAFETY: `native` says so.
        let raw: Ref<FileIo> = unsafe { this.raw.get()?.into_unchecked() };
        let overridden = base::instance_dict(raw.as_object()).is_some_and(|dict| dict.contains_str(method));
        if overridden { None } else { Some(raw) }
    }

    /// ValueError unless `__init__` has succeeded and the raw stream is still there.
    fn check_initialized(&self) -> PyResult<()> {
        if self.initialized.get() {
            return Ok(());
        }
        if self.detached.get() {
            return Err(raise!(ValueError, "raw stream has been detached"));
        }
        Err(raise!(ValueError, "I/O operation on uninitialized object"))
    }

    fn raw(this: &Ref<Buffered>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        match this.raw.get() {
            Some(raw) => Ok(raw),
            None => Err(raise!(ValueError, "raw stream has been detached")),
        }
    }

    pub fn is_closed(this: &Ref<Buffered>) -> PyResult<bool> {
        let raw = Buffered::raw(this)?;
        if this.is_fast() {
            // SAFETY: `native` says so.
            let file: &Ref<FileIo> = unsafe { raw.cast_unchecked() };
            return Ok(file.is_closed());
        }
        raw.getattr(id!("closed"))?.is_true()
    }

    fn check_open(this: &Ref<Buffered>, message: &str) -> PyResult<()> {
        if Buffered::is_closed(this)? { Err(raise!(ValueError, "{message}")) } else { Ok(()) }
    }

    /// `__init__` of all three.
    fn init(
        this: &Ref<Buffered>,
        raw: Borrowed<'_, Object>,
        buffer_size: isize,
        readable: bool,
        writable: bool,
    ) -> PyResult<()> {
        this.initialized.set(false);
        this.detached.set(false);
        let native = raw.downcast_exact::<FileIo>().filter(|raw| base::has_plain_dict(raw.as_object()));
        match native {
            Some(file) => {
                if readable && writable && !file.is_seekable()? {
                    return Err(super::unsupported("File or stream is not seekable."));
                }
                if readable && !file.is_readable()? {
                    return Err(super::unsupported("File or stream is not readable."));
                }
                if writable && !file.is_writable()? {
                    return Err(super::unsupported("File or stream is not writable."));
                }
            }
            None => {
                if readable && writable {
                    base::check_seekable(&raw)?;
                }
                if readable {
                    base::check_readable(&raw)?;
                }
                if writable {
                    base::check_writable(&raw)?;
                }
            }
        }
        let _locked = Buffered::enter(this)?;
        let Ok(size) = usize::try_from(buffer_size) else {
            return Err(raise!(ValueError, "buffer size must be strictly positive"));
        };
        if size == 0 {
            return Err(raise!(ValueError, "buffer size must be strictly positive"));
        }
        this.raw.set(Some(raw.to_owned()));
        this.native.set(native.is_some());
        this.readable.set(readable);
        this.writable.set(writable);
        this.free_store();
        this.size.set(size);
        this.position.set(-1);
        if native.is_none() {
            // A program may want to see large sizes refused here, and the position asked for.
            this.store_ptr()?;
            this.initialized.set(true);
            if let Err(raised) = Buffered::raw_tell(this) {
                raised.clear();
            }
        }
        this.initialized.set(true);
        Ok(())
    }

    /// The buffer's memory.
    fn store_ptr(&self) -> PyResult<*mut u8> {
        let store = self.store.get();
        if !store.is_null() {
            return Ok(store);
        }
        let store = small::malloc(self.size.get()).cast::<u8>();
        if store.is_null() {
            return Err(Raised::no_memory());
        }
        self.store.set(store);
        Ok(store)
    }

    fn free_store(&self) {
        self.start.set(0);
        self.end.set(0);
        self.dirty.set(false);
        let store = self.store.replace(ptr::null_mut());
        if !store.is_null() {
            // SAFETY: allocated by `store_ptr`, and out of the object now.
            unsafe { small::free(store.cast()) };
        }
    }

    /// The bytes `start..end` of the buffer.
    ///
    /// # Safety
    /// The slice is not held across anything that may give up the lock or run Python code.
    unsafe fn contents(&self) -> &[u8] {
        let (start, end) = (self.start.get(), self.end.get());
        if self.store.get().is_null() || start >= end {
            return &[];
        }
        // SAFETY: `start..end` is part of the block and written.
        unsafe { core::slice::from_raw_parts(self.store.get().add(start), end - start) }
    }

    /// How many bytes are read ahead.
    fn ahead(&self) -> usize {
        if self.dirty.get() { 0 } else { self.end.get() - self.start.get() }
    }

    /// How many bytes wait to be written.
    fn pending(&self) -> usize {
        if self.dirty.get() { self.end.get() - self.start.get() } else { 0 }
    }

    /// Forgets the buffer's contents.
    fn reset(&self) {
        self.start.set(0);
        self.end.set(0);
        self.dirty.set(false);
    }

    /// Where the raw stream stands, asked anew.
    fn raw_tell(this: &Ref<Buffered>) -> PyResult<i64> {
        let position = match Buffered::native_raw(this, id!("tell")) {
            Some(file) => file.seek_to(0, libc::SEEK_CUR)?,
            None => position_of(&Buffered::raw(this)?.call_method(id!("tell"), &[])?)?,
        };
        this.position.set(position);
        Ok(position)
    }

    /// Moves the raw stream.
    fn raw_seek(this: &Ref<Buffered>, target: i64, whence: c_int) -> PyResult<i64> {
        let position = match Buffered::native_raw(this, id!("seek")) {
            Some(file) => file.seek_to(target, whence)?,
            None => {
                let (target, whence) = (Int::from_i64(target)?, Int::from_i64(i64::from(whence))?);
                let raw = Buffered::raw(this)?;
                position_of(&raw.call_method(id!("seek"), &[target.as_borrowed(), whence.as_borrowed()])?)?
            }
        };
        this.position.set(position);
        Ok(position)
    }

    fn moved(&self, count: usize) {
        if self.position.get() >= 0 {
            self.position.set(self.position.get().saturating_add(count as i64));
        }
    }

    /// One read of the raw stream into foreign memory.
    ///
    /// # Safety
    /// `len` bytes at `start` stay valid, and nobody else uses them, during the call.
    unsafe fn raw_read(this: &Ref<Buffered>, start: *mut u8, len: usize) -> PyResult<Transfer> {
        if let Some(file) = Buffered::native_raw(this, id!("readinto")) {
            // SAFETY: by contract.
            let transfer = unsafe { file.read_raw(start, len)? };
            if let Transfer::Done(count) = transfer {
                this.moved(count);
            }
            return Ok(transfer);
        }
        // The program's stream gets memory that it may keep.
        let memory = ByteArray::new()?;
        memory.resize(len)?;
        let view = MemoryView::from_object(memory.as_borrowed())?;
        let answer = call_raw(&Buffered::raw(this)?, id!("readinto"), &[view.as_borrowed()])?;
        if answer.is_none() {
            return Ok(Transfer::WouldBlock);
        }
        let count = match answer.as_index_isize() {
            Ok(count) => count,
            Err(raised) => {
                return Err(exceptions::format_from_cause::<OSError>(raised, format_args!("raw readinto() failed")));
            }
        };
        match usize::try_from(count) {
            Ok(count) if count <= len && count <= memory.len() => {
                // SAFETY: both have room for `count` bytes and are different blocks.
                unsafe { ptr::copy_nonoverlapping(memory.data_mut_ptr(), start, count) };
                this.moved(count);
                Ok(Transfer::Done(count))
            }
            _ => Err(raise!(
                OSError,
                "raw readinto() returned invalid length {count} (should have been between 0 and {len})"
            )),
        }
    }

    /// One write of the raw stream.
    ///
    /// # Safety
    /// `len` bytes at `start` stay valid and unchanged during the call.
    unsafe fn raw_write(this: &Ref<Buffered>, start: *const u8, len: usize) -> PyResult<Transfer> {
        if let Some(file) = Buffered::native_raw(this, id!("write")) {
            // SAFETY: by contract.
            let transfer = unsafe { file.write_raw(start, len)? };
            if let Transfer::Done(count) = transfer {
                this.moved(count);
            }
            return Ok(transfer);
        }
        // SAFETY: by contract. The program's stream gets a copy that it may keep.
        let copy = Bytes::from_slice(unsafe { core::slice::from_raw_parts(start, len) })?;
        let view = MemoryView::from_object(copy.as_borrowed())?;
        let answer = call_raw(&Buffered::raw(this)?, id!("write"), &[view.as_borrowed()])?;
        if answer.is_none() {
            return Ok(Transfer::WouldBlock);
        }
        let count = answer.as_index_isize()?;
        match usize::try_from(count) {
            Ok(count) if count <= len => {
                this.moved(count);
                Ok(Transfer::Done(count))
            }
            _ => Err(raise!(
                OSError,
                "raw write() returned invalid length {count} (should have been between 0 and {len})"
            )),
        }
    }

    /// Passes a question on to the raw stream.
    fn ask_raw(this: &Ref<Buffered>, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        Buffered::raw(this)?.call_method(name, &[])
    }

    fn flush_method(this: &Ref<Buffered>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        if !this.writable.get() {
            return Buffered::ask_raw(this, id!("flush"));
        }
        Buffered::check_open(this, "flush of closed file")?;
        let _locked = Buffered::enter(this)?;
        Buffered::flush_and_rewind(this)?;
        Ok(none())
    }

    fn close(this: &Ref<Buffered>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        {
            let _locked = Buffered::enter(this)?;
            if Buffered::is_closed(this)? {
                return Ok(none());
            }
            if this.finalizing.get() {
                Buffered::warn_unclosed(this, this.as_borrowed());
            }
        }
        let flushed = this.as_object().call_method(id!("flush"), &[]);
        and_close(flushed, || {
            let closed = Buffered::raw(this).and_then(|raw| raw.call_method(id!("close"), &[]));
            if let Ok(_locked) = Buffered::enter(this) {
                this.free_store();
            }
            closed
        })
    }

    /// Has the raw stream warn that nobody closed it.
    fn warn_unclosed(this: &Ref<Buffered>, source: Borrowed<'_, Object>) {
        if !this.initialized.get() {
            return;
        }
        if let Some(raw) = this.raw.get()
            && let Err(raised) = raw.call_method(id!("_dealloc_warn"), &[source])
        {
            raised.clear();
        }
    }

    fn detach(this: &Ref<Buffered>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        this.as_object().call_method(id!("flush"), &[])?;
        let raw = Buffered::raw(this)?;
        let _locked = Buffered::enter(this)?;
        this.detached.set(true);
        this.initialized.set(false);
        this.native.set(false);
        this.raw.clear();
        Ok(raw)
    }

    fn tell(this: &Ref<Buffered>) -> PyResult<i64> {
        this.check_initialized()?;
        let position = Buffered::raw_tell(this)?;
        Ok((position + this.pending() as i64 - this.ahead() as i64).max(0))
    }

    fn seek(this: &Ref<Buffered>, target: Borrowed<'_, Object>, whence: i32) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        if !(0..=4).contains(&whence) {
            return Err(raise!(ValueError, "whence value {whence} unsupported"));
        }
        Buffered::check_open(this, "seek of closed file")?;
        match Buffered::native_raw(this, id!("seekable")) {
            Some(file) if !file.is_seekable()? => return Err(super::unsupported("File or stream is not seekable.")),
            Some(_) => {}
            None => drop(base::check_seekable(&Buffered::raw(this)?)?),
        }
        let Some(mut target) = target.index()?.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let _locked = Buffered::enter(this)?;
        if this.readable.get() && !this.dirty.get() && whence < 2 {
            // Where the target is read ahead already, nothing but the place in the buffer changes.
            let raw_position = if this.position.get() >= 0 { this.position.get() } else { Buffered::raw_tell(this)? };
            let (start, end) = (this.start.get() as i64, this.end.get() as i64);
            let here = raw_position - (end - start);
            let offset = if whence == 0 { target.checked_sub(here) } else { Some(target) };
            if let Some(offset) = offset
                && offset >= -start
                && offset <= end - start
                && end > 0
            {
                this.start.set((start + offset) as usize);
                // Devices may say less than has been read.
                return Ok(Int::from_i64((here + offset).max(0))?.into_object());
            }
        }
        Buffered::flush_pending(this)?;
        if whence == 1 {
            target = target.saturating_sub(this.ahead() as i64);
        }
        let position = Buffered::raw_seek(this, target, whence)?;
        this.reset();
        Ok(Int::from_i64(position)?.into_object())
    }

    fn truncate(this: &Ref<Buffered>, pos: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        Buffered::check_open(this, "truncate of closed file")?;
        if !this.writable.get() {
            return Err(super::unsupported("truncate"));
        }
        let _locked = Buffered::enter(this)?;
        Buffered::flush_and_rewind(this)?;
        let pos = pos.map_or_else(none, |pos| pos.to_owned());
        let result = Buffered::raw(this)?.call_method(id!("truncate"), &[pos.borrow()])?;
        // The raw stream may have moved.
        if let Err(raised) = Buffered::raw_tell(this) {
            raised.clear();
        }
        Ok(result)
    }

    fn repr(this: &Ref<Buffered>) -> PyResult<String> {
        super::stream_repr(this.as_object(), &[])
    }

    unsafe fn dealloc(this: *mut Buffered) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).finalizing.set(true);
            if base::begin_dealloc(this) {
                (*this).initialized.set(false);
                (*this).free_store();
                (*this).raw.clear();
                base::end_dealloc(this);
            } else {
                (*this).finalizing.set(false);
            }
        }
    }
}
