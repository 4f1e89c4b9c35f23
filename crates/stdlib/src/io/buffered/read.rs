//! Reading with a buffer.

use taipan_runtime::object::args::WritableBufferArg;
use taipan_runtime::types::bytes::BytesBuilder;

use super::super::os::Transfer;
use super::Buffered;
use taipan_runtime::prelude::*;

impl Buffered {
    /// What stands before every read: what waits to be written is written.
    fn prepare_read(this: &Ref<Buffered>) -> PyResult<()> {
        if this.writable.get() && this.dirty.get() { Buffered::flush_pending(this) } else { Ok(()) }
    }

    /// Takes up to `most` bytes read ahead.
    fn take_ahead(&self, most: usize) -> PyResult<Ref<Bytes>> {
        // SAFETY: copying runs no Python code.
        let ahead = unsafe { self.contents() };
        let count = most.min(ahead.len());
        let bytes = Bytes::from_slice(&ahead[..count])?;
        self.start.set(self.start.get() + count);
        Ok(bytes)
    }

    /// Reads once into the empty or the rest of the buffer.
    fn fill(this: &Ref<Buffered>) -> PyResult<Transfer> {
        if this.start.get() == this.end.get() {
            this.reset();
        }
        let end = this.end.get();
        let store = this.store_ptr()?;
        // SAFETY: the rest of the block, which the lock guards.
        let transfer = unsafe { Buffered::raw_read(this, store.add(end), this.size.get() - end)? };
        if let Transfer::Done(count) = transfer {
            this.end.set(end + count);
        }
        Ok(transfer)
    }

    pub fn read(this: &Ref<Buffered>, size: Option<isize>) -> PyResult<Ref<Object>> {
        this.check_initialized()?;
        let size = size.unwrap_or(-1);
        if size < -1 {
            return Err(raise!(ValueError, "read length must be non-negative or -1"));
        }
        Buffered::check_open(this, "read of closed file")?;
        let _locked = Buffered::enter(this)?;
        match usize::try_from(size) {
            Ok(size) if size <= this.ahead() => Ok(this.take_ahead(size)?.into_object()),
            Ok(size) => Buffered::read_size(this, size),
            Err(_) => Buffered::read_all(this),
        }
    }

    /// All that was read ahead; then the raw stream can be asked for what follows.
    fn take_all_ahead(this: &Ref<Buffered>) -> PyResult<BytesBuilder> {
        let mut out = BytesBuilder::new();
        if this.ahead() > 0 {
            // SAFETY: copying runs no Python code.
            out.push(unsafe { this.contents() })?;
            this.reset();
        }
        Buffered::prepare_read(this)?;
        Ok(out)
    }

    /// Bytes until there are `size` of them, the end comes, or the raw stream would have to wait.
    fn read_size(this: &Ref<Buffered>, size: usize) -> PyResult<Ref<Object>> {
        let mut out = Buffered::take_all_ahead(this)?;
        this.reset();
        while out.len() < size {
            let left = size - out.len();
            let whole = left - left % this.size.get();
            let transfer = if whole > 0 {
                // Whole blocks go where they belong at once.
                let (start, room) = out.spare(whole)?;
                // SAFETY: the room is the builder's own.
                let transfer = unsafe { Buffered::raw_read(this, start, whole.min(room))? };
                if let Transfer::Done(count) = transfer {
                    // SAFETY: so many were written there.
                    unsafe { out.advance(count) };
                }
                transfer
            } else {
                let transfer = Buffered::fill(this)?;
                // SAFETY: copying runs no Python code.
                let ahead = unsafe { this.contents() };
                let count = left.min(ahead.len());
                out.push(&ahead[..count])?;
                this.start.set(this.start.get() + count);
                transfer
            };
            match transfer {
                Transfer::Done(0) => break,
                Transfer::WouldBlock if out.is_empty() => return Ok(none()),
                Transfer::WouldBlock => break,
                Transfer::Done(_) => {}
            }
        }
        Ok(out.finish()?.into_object())
    }

    fn read_all(this: &Ref<Buffered>) -> PyResult<Ref<Object>> {
        let mut out = Buffered::take_all_ahead(this)?;
        this.reset();
        let rest = match Buffered::native_raw(this, id!("readall")) {
            Some(file) => file.read_to_end()?.map(Ref::into_object),
            None => match Buffered::raw(this)?.lookup_attr(id!("readall"))? {
                Some(readall) => {
                    let rest = readall.call0()?;
                    if !rest.is_none() && !rest.is_instance_of::<Bytes>() {
                        return Err(raise!(TypeError, "readall() should return bytes"));
                    }
                    if rest.is_none() { None } else { Some(rest) }
                }
                None => return Buffered::read_all_by_parts(this, out),
            },
        };
        let Some(rest) = rest else {
            return if out.is_empty() { Ok(none()) } else { Ok(out.finish()?.into_object()) };
        };
        if let Some(bytes) = rest.downcast::<Bytes>() {
            this.moved(bytes.len());
            if !out.is_empty() {
                out.push(bytes.as_slice())?;
                return Ok(out.finish()?.into_object());
            }
        }
        Ok(rest)
    }

    fn read_all_by_parts(this: &Ref<Buffered>, mut out: BytesBuilder) -> PyResult<Ref<Object>> {
        loop {
            let part = Buffered::raw(this)?.call_method(id!("read"), &[])?;
            if part.is_none() {
                return if out.is_empty() { Ok(part) } else { Ok(out.finish()?.into_object()) };
            }
            let Some(bytes) = part.downcast::<Bytes>() else {
                return Err(raise!(TypeError, "read() should return bytes"));
            };
            if bytes.is_empty() {
                return Ok(out.finish()?.into_object());
            }
            this.moved(bytes.len());
            out.push(bytes.as_slice())?;
        }
    }

    /// At most one read of the raw stream.
    pub fn read1(this: &Ref<Buffered>, size: isize) -> PyResult<Ref<Bytes>> {
        this.check_initialized()?;
        let size = usize::try_from(size).unwrap_or(this.size.get());
        Buffered::check_open(this, "read of closed file")?;
        if size == 0 {
            return Ok(Bytes::empty());
        }
        let _locked = Buffered::enter(this)?;
        if this.ahead() > 0 {
            return this.take_ahead(size);
        }
        Buffered::prepare_read(this)?;
        this.reset();
        let mut out = BytesBuilder::with_capacity(size)?;
        let (start, room) = out.spare(size)?;
        // SAFETY: the room is the builder's own, and so many bytes were written there.
        unsafe {
            if let Transfer::Done(count) = Buffered::raw_read(this, start, size.min(room))? {
                out.advance(count);
            }
        }
        out.finish()
    }

    pub(super) fn readinto(
        this: &Ref<Buffered>,
        buffer: &WritableBufferArg<'_>,
        once: bool,
    ) -> PyResult<Option<usize>> {
        this.check_initialized()?;
        Buffered::check_open(this, "readinto of closed file")?;
        let (start, len) = buffer.as_raw();
        let _locked = Buffered::enter(this)?;
        let mut done = 0;
        let copy = |done: usize| {
            // SAFETY: copying runs no Python code; the export keeps the memory, which the buffer is no part of.
            unsafe {
                let ahead = this.contents();
                let count = ahead.len().min(len - done);
                core::ptr::copy_nonoverlapping(ahead.as_ptr(), start.add(done), count);
                this.start.set(this.start.get() + count);
                count
            }
        };
        if this.ahead() > 0 {
            done = copy(0);
            if done == len {
                return Ok(Some(done));
            }
        }
        Buffered::prepare_read(this)?;
        this.reset();
        while done < len {
            let left = len - done;
            let transfer = if left > this.size.get() {
                // SAFETY: the export keeps the memory.
                let transfer = unsafe { Buffered::raw_read(this, start.add(done), left)? };
                if let Transfer::Done(count) = transfer {
                    done += count;
                }
                transfer
            } else if !(once && done > 0) {
                let transfer = Buffered::fill(this)?;
                if let Transfer::Done(1..) = transfer {
                    done += copy(done);
                }
                transfer
            } else {
                break;
            };
            match transfer {
                Transfer::Done(0) => break,
                Transfer::WouldBlock if done == 0 => return Ok(None),
                Transfer::WouldBlock => break,
                Transfer::Done(_) if once => break,
                Transfer::Done(_) => {}
            }
        }
        Ok(Some(done))
    }

    /// What is read ahead, after one read if that is nothing.
    pub(super) fn peek(this: &Ref<Buffered>) -> PyResult<Ref<Bytes>> {
        this.check_initialized()?;
        Buffered::check_open(this, "peek of closed file")?;
        let _locked = Buffered::enter(this)?;
        Buffered::prepare_read(this)?;
        if this.ahead() == 0 {
            this.reset();
            Buffered::fill(this)?;
        }
        // SAFETY: copying runs no Python code.
        Bytes::from_slice(unsafe { this.contents() })
    }

    pub(super) fn readline(this: &Ref<Buffered>, limit: Option<usize>) -> PyResult<Ref<Bytes>> {
        this.check_initialized()?;
        Buffered::check_open(this, "readline of closed file")?;
        let _locked = Buffered::enter(this)?;
        if this.ahead() > 0 {
            // SAFETY: searching runs no Python code.
            let ahead = unsafe { this.contents() };
            let most = limit.map_or(ahead.len(), |limit| limit.min(ahead.len()));
            if let Some(at) = memchr::memchr(b'\n', &ahead[..most]) {
                return this.take_ahead(at + 1);
            }
            if limit == Some(most) {
                return this.take_ahead(most);
            }
        }
        let mut out = Buffered::take_all_ahead(this)?;
        while limit.is_none_or(|limit| out.len() < limit) {
            this.reset();
            match Buffered::fill(this)? {
                Transfer::Done(0) | Transfer::WouldBlock => break,
                Transfer::Done(_) => {}
            }
            // SAFETY: searching and copying run no Python code.
            let ahead = unsafe { this.contents() };
            let most = limit.map_or(ahead.len(), |limit| (limit - out.len()).min(ahead.len()));
            let found = memchr::memchr(b'\n', &ahead[..most]);
            let count = found.map_or(most, |at| at + 1);
            out.push(&ahead[..count])?;
            this.start.set(this.start.get() + count);
            if found.is_some() {
                break;
            }
        }
        out.finish()
    }
}
