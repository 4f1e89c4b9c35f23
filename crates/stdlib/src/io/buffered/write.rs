//! Writing with a buffer.

use taipan_runtime::thread;
use taipan_runtime::types::exceptions::BlockingIOError;

use super::super::os::Transfer;
use super::Buffered;
use taipan_runtime::prelude::*;

/// BlockingIOError that says how many bytes were taken.
fn would_block(written: usize) -> Raised {
    let make = || -> PyResult<Ref<Object>> {
        let errno = Int::from_i64(i64::from(libc::EAGAIN))?;
        let message = Str::from_utf8_str("write could not complete without blocking")?;
        let written = Int::from_usize(written)?;
        let class = BlockingIOError::type_object();
        class.as_object().call(&[errno.as_borrowed(), message.as_borrowed(), written.as_borrowed()])
    };
    match make() {
        Ok(error) => taipan_runtime::object::raise_instance(error),
        Err(raised) => raised,
    }
}

impl Buffered {
    /// Writes what waits. BlockingIOError when the raw stream would have to; what is left stays.
    pub(super) fn flush_pending(this: &Ref<Buffered>) -> PyResult<()> {
        while this.pending() > 0 {
            let (start, end) = (this.start.get(), this.end.get());
            let store = this.store_ptr()?;
            // SAFETY: the bytes are the buffer's, which the lock guards.
            match unsafe { Buffered::raw_write(this, store.add(start), end - start)? } {
                Transfer::Done(count) => this.start.set((start + count).min(this.end.get())),
                Transfer::WouldBlock => return Err(would_block(0)),
            }
            thread::check_interrupts()?;
        }
        if this.dirty.get() {
            this.reset();
        }
        Ok(())
    }

    /// Writes what waits, or puts the raw stream back to where the program has read to.
    pub(super) fn flush_and_rewind(this: &Ref<Buffered>) -> PyResult<()> {
        Buffered::flush_pending(this)?;
        if this.readable.get() {
            Buffered::rewind(this)?;
        }
        Ok(())
    }

    /// Puts the raw stream back over what was read ahead, and forgets that.
    fn rewind(this: &Ref<Buffered>) -> PyResult<()> {
        let ahead = this.ahead();
        if ahead > 0 {
            Buffered::raw_seek(this, -(ahead as i64), libc::SEEK_CUR)?;
        }
        this.reset();
        Ok(())
    }

    /// Puts `data` behind what waits; there is room for it.
    fn append(&self, data: &[u8]) -> PyResult<()> {
        let store = self.store_ptr()?;
        let end = self.end.get();
        let data = &data[..data.len().min(self.size.get() - end)];
        // SAFETY: `end..` has room; `data` is no part of the buffer, which nobody outside can see.
        unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), store.add(end), data.len()) };
        self.end.set(end + data.len());
        self.dirty.set(true);
        Ok(())
    }

    pub fn write(this: &Ref<Buffered>, data: &[u8]) -> PyResult<usize> {
        this.check_initialized()?;
        let _locked = Buffered::enter(this)?;
        // Asked under the lock: another thread may have closed the stream meanwhile.
        Buffered::check_open(this, "write to closed file")?;
        if !this.dirty.get() {
            Buffered::rewind(this)?;
        }
        let size = this.size.get();
        if data.len() <= size - this.end.get() {
            this.append(data)?;
            return Ok(data.len());
        }
        if let Err(raised) = Buffered::flush_pending(this) {
            if !raised.is_a::<BlockingIOError>() {
                return Err(raised);
            }
            raised.clear();
            this.compact();
            let room = size - this.end.get();
            this.append(&data[..room.min(data.len())])?;
            return if data.len() <= room { Ok(data.len()) } else { Err(would_block(room)) };
        }
        let mut written = 0;
        while data.len() - written > size {
            // SAFETY: the caller's buffer is exported for the time of the call.
            match unsafe { Buffered::raw_write(this, data.as_ptr().add(written), data.len() - written)? } {
                Transfer::Done(count) => written += count,
                Transfer::WouldBlock => {
                    this.append(&data[written..written + size])?;
                    return Err(would_block(written + size));
                }
            }
            thread::check_interrupts()?;
        }
        this.append(&data[written..])?;
        Ok(data.len())
    }

    /// Moves what waits to the front of the buffer.
    fn compact(&self) {
        let (start, end) = (self.start.get(), self.end.get());
        let store = self.store.get();
        if start == 0 || store.is_null() {
            return;
        }
        // SAFETY: both ranges are part of the block.
        unsafe { core::ptr::copy(store.add(start), store, end - start) };
        self.start.set(0);
        self.end.set(end - start);
    }
}
