//! What the modules of compression share: growing output, and decompressors that keep input which they could not use yet.
//!
//! **Invariant:** an engine is behind a mutex, and whoever waits for it has released the GIL; while an engine works on much
//! data the GIL is released too.

use core::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::bytes::BytesBuilder;

use crate::support::{Place, Slot};

/// How much output is made room for at first, and at most at a time.
const FIRST_ROOM: usize = 32 * 1024;
const LARGEST_ROOM: usize = 64 * 1024 * 1024;

/// With less work than this the GIL is kept.
const WORTH_RELEASING: usize = 2048;

/// Waits for the engine with the GIL released.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => thread::allow_threads(|| mutex.lock().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Runs `work` on so many bytes, with the GIL released if they are many.
pub fn working<R>(bytes: usize, work: impl FnOnce() -> R) -> R {
    if bytes < WORTH_RELEASING { work() } else { thread::allow_threads(work) }
}

/// Bytes that come out, up to a limit.
pub struct Output {
    builder: BytesBuilder,
    limit: usize,
}

impl Output {
    /// A negative limit is none.
    pub fn new(limit: isize) -> Output {
        Output { builder: BytesBuilder::default(), limit: usize::try_from(limit).unwrap_or(usize::MAX) }
    }

    pub fn len(&self) -> usize {
        self.builder.len()
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    /// Room to write to; none when the limit is reached.
    pub fn room(&mut self) -> PyResult<(*mut u8, usize)> {
        let left = self.limit - self.len();
        if left == 0 {
            return Ok((core::ptr::NonNull::dangling().as_ptr(), 0));
        }
        let (mut start, mut room) = self.builder.spare(0)?;
        if room == 0 {
            (start, room) = self.builder.spare(self.len().clamp(FIRST_ROOM, LARGEST_ROOM).min(left))?;
        }
        Ok((start, room.min(left)))
    }

    /// Counts bytes as written.
    ///
    /// # Safety
    /// So many were written at the start of the room.
    pub unsafe fn wrote(&mut self, count: usize) {
        // SAFETY: by contract.
        unsafe { self.builder.advance(count) };
    }

    pub fn finish(self) -> PyResult<Ref<Bytes>> {
        self.builder.finish()
    }
}

/// One stream being compressed.
pub trait Encoder {
    /// Compresses all of `input`; to `finish` is to write what is held back too, and the end of the stream.
    fn encode(&mut self, input: &[u8], finish: bool, out: &mut Output) -> PyResult<()>;
}

/// The encoder of a compressor object, gone once it was flushed.
#[repr(transparent)]
pub struct Compressing<E>(Place<Mutex<Option<E>>>);

impl<E: Encoder> Compressing<E> {
    /// Puts the encoder into a new object.
    pub fn set(&self, encoder: E) {
        self.0.set(Mutex::new(Some(encoder)));
    }

    /// For `tp_dealloc`.
    pub fn drop(&self) {
        drop(self.0.take());
    }

    fn lock(&self) -> Option<MutexGuard<'_, Option<E>>> {
        // SAFETY: set once, at the start, and taken when nobody has the object any more.
        unsafe { self.0.get() }.map(lock)
    }

    pub fn compress(&self, data: &[u8]) -> PyResult<Ref<Bytes>> {
        let mut guard = self.lock();
        let Some(encoder) = guard.as_mut().and_then(|encoder| encoder.as_mut()) else {
            return Err(raise!(ValueError, "Compressor has been flushed"));
        };
        let mut out = Output::new(-1);
        encoder.encode(data, false, &mut out)?;
        out.finish()
    }

    pub fn flush(&self) -> PyResult<Ref<Bytes>> {
        let Some(mut encoder) = self.lock().and_then(|mut encoder| encoder.take()) else {
            return Err(raise!(ValueError, "Repeated call to flush()"));
        };
        let mut out = Output::new(-1);
        encoder.encode(&[], true, &mut out)?;
        out.finish()
    }
}

/// What a step of an engine came to.
pub struct Step {
    /// Bytes of the input used, and of the output written.
    pub used: usize,
    pub written: usize,
    /// The end of the compressed data was reached.
    pub end: bool,
}

/// One compressed stream being decompressed.
pub trait Engine {
    type Error;

    /// What EOFError says when input comes after the end.
    const ENDED: &'static str = "End of stream already reached";

    /// Decompresses from `input` to `room` bytes at `output`. A step that uses and writes nothing wants more input.
    ///
    /// # Safety
    /// The room is writable.
    unsafe fn step(&mut self, input: &[u8], output: *mut u8, room: usize) -> Result<Step, Self::Error>;

    /// The exception for a fault.
    fn raise(&self, error: Self::Error) -> Raised;
}

/// An engine with the input that it has not used yet.
struct Feed<E> {
    engine: E,
    pending: Vec<u8>,
    start: usize,
}

impl<E: Engine> Feed<E> {
    /// Puts new input behind what is pending.
    fn append(&mut self, data: &[u8]) -> PyResult<()> {
        if self.start > 0 {
            self.pending.drain(..self.start);
            self.start = 0;
        }
        if self.pending.try_reserve(data.len()).is_err() {
            return Err(Raised::no_memory());
        }
        self.pending.extend_from_slice(data);
        Ok(())
    }

    /// Decompresses from `input`; how much of it was used, and whether the end was reached.
    fn run(engine: &mut E, input: &[u8], out: &mut Output) -> PyResult<(usize, bool)> {
        let mut used = 0;
        loop {
            let (start, room) = out.room()?;
            if room == 0 && out.len() > 0 {
                return Ok((used, false));
            }
            let rest = &input[used..];
            // SAFETY: the room is the output's, which nobody else has.
            let step = working(rest.len().max(room), || unsafe { engine.step(rest, start, room) });
            let step = step.map_err(|error| engine.raise(error))?;
            // SAFETY: the engine wrote so many.
            unsafe { out.wrote(step.written) };
            used += step.used;
            if step.end {
                return Ok((used, true));
            }
            if (step.used == 0 && step.written == 0) || (used == input.len() && step.written < room) {
                return Ok((used, false));
            }
        }
    }
}

/// What all decompressor objects have: an engine, and what they show of it.
#[repr(C)]
pub struct Decompressing<E> {
    feed: Place<Mutex<Feed<E>>>,
    pub unused_data: Slot,
    pub eof: Cell<bool>,
    pub needs_input: Cell<bool>,
}

impl<E: Engine> Decompressing<E> {
    /// Puts the engine into a new object.
    pub fn set(&self, engine: E) {
        self.unused_data.set(Some(Bytes::empty().into_object()));
        self.needs_input.set(true);
        self.feed.set(Mutex::new(Feed { engine, pending: Vec::new(), start: 0 }));
    }

    /// For `tp_dealloc`.
    pub fn drop(&self) {
        drop(self.feed.take());
        drop(self.unused_data.take());
    }

    fn lock(&self) -> PyResult<MutexGuard<'_, Feed<E>>> {
        // SAFETY: set once, at the start, and taken when nobody has the object any more.
        match unsafe { self.feed.get() } {
            Some(feed) => Ok(lock(feed)),
            None => Err(raise!(ValueError, "the decompressor is not initialized")),
        }
    }

    /// `decompress(data, max_length)`; then `look` sees the engine, whatever came of it.
    pub fn decompress(&self, data: &[u8], max_length: isize, look: impl FnOnce(&E)) -> PyResult<Ref<Bytes>> {
        let mut feed = self.lock()?;
        let result = self.decompress_with(&mut feed, data, max_length);
        look(&feed.engine);
        result
    }

    fn decompress_with(&self, feed: &mut Feed<E>, data: &[u8], max_length: isize) -> PyResult<Ref<Bytes>> {
        if self.eof.get() {
            return Err(raise!(EOFError, "{}", E::ENDED));
        }
        let mut out = Output::new(max_length);
        let direct = feed.pending.len() == feed.start;
        if !direct {
            feed.append(data)?;
        }
        let result = if direct {
            Feed::run(&mut feed.engine, data, &mut out)
        } else {
            Feed::run(&mut feed.engine, &feed.pending, &mut out)
        };
        let (used, end) = match result {
            Ok(result) => result,
            Err(raised) => {
                // What was kept is not looked at again.
                feed.pending = Vec::new();
                feed.start = 0;
                self.needs_input.set(false);
                return Err(raised);
            }
        };
        if direct {
            feed.pending.clear();
            feed.start = 0;
            feed.append(&data[used..])?;
        } else {
            feed.start = used;
        }
        let rest = feed.pending.len() - feed.start;
        if end {
            let unused = Bytes::from_slice(&feed.pending[feed.start..])?;
            feed.pending = Vec::new();
            feed.start = 0;
            self.eof.set(true);
            self.needs_input.set(false);
            self.unused_data.set(Some(unused.into_object()));
        } else {
            // With all input used and the output full there may be more to come.
            self.needs_input.set(rest == 0 && !out.is_full());
        }
        out.finish()
    }
}
