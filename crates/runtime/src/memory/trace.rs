//! Where memory was allocated: hooks over the three allocator domains that note the Python frames of each block.
//!
//! Blocks of other allocators can be reported too ([`track`]). The tables are Rust's own memory, which is not traced.
//! **Invariant:** while the lock is held, no Python object is made or dropped: that would come back here.
//!
//! CPython: `Python/tracemalloc.c`.

use core::cell::Cell;
use core::ffi::c_void;
use core::hash::{BuildHasherDefault, Hasher};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Guarded, StaticCell, domains};
use crate::abi::*;
use crate::interp::frame;
use crate::prelude::*;
use crate::thread;
use crate::types::Code;

/// The most frames that a traceback may be asked to have.
pub const MAX_FRAMES: usize = 65535;
/// The domain of Python's own memory.
const PYTHON: u32 = 0;

static TRACING: AtomicBool = AtomicBool::new(false);
/// Set while traces are made into objects, which are not to be traced themselves.
static PAUSED: StaticCell<bool> = StaticCell::cell(false);
static LIMIT: StaticCell<usize> = StaticCell::cell(1);

/// The allocator below the hooks of one domain.
struct Hook {
    inner: Cell<PyMemAllocatorEx>,
}

static HOOKS: Guarded<[Hook; 3]> = Guarded([
    Hook { inner: Cell::new(domains::LIBC) },
    Hook { inner: Cell::new(domains::SMALL) },
    Hook { inner: Cell::new(domains::SMALL) },
]);

/// The hooks, whose context is a [`Hook`].
const FUNCTIONS: PyMemAllocatorEx = PyMemAllocatorEx {
    ctx: ptr::null_mut(),
    malloc: Some(malloc),
    calloc: Some(calloc),
    realloc: Some(realloc),
    free: Some(free),
};

/// A file name, counted, and a line.
type Place = (usize, i32);

/// The innermost frames, and how many there were in all.
#[derive(PartialEq, Eq, Hash)]
struct Traceback {
    places: Box<[Place]>,
    total: u16,
}

/// Mixes words; the tables hold addresses, which need no more.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_ne_bytes(word));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_i32(&mut self, word: i32) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 29;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

#[derive(Clone)]
struct Trace {
    size: usize,
    traceback: Arc<Traceback>,
}

#[derive(Default)]
struct Tables {
    traces: Map<(u32, usize), Trace>,
    tracebacks: Map<Arc<Traceback>, ()>,
    current: usize,
    peak: usize,
    /// Counted references to the file names in tracebacks.
    names: Map<usize, ()>,
    /// The name of a file that is not known.
    unknown: usize,
}

static TABLES: Mutex<Option<Tables>> = Mutex::new(None);

fn tables() -> MutexGuard<'static, Option<Tables>> {
    TABLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The frames of the calling thread into `places`, innermost first; gives how many there are in all.
fn walk(places: &mut Vec<Place>, limit: usize, unknown: usize) -> usize {
    let state = thread::current_ptr();
    let mut total = 0;
    if state.is_null() {
        return 0;
    }
    // SAFETY: the frames of the current thread, which is here.
    unsafe {
        let mut current = frame::first_complete((*state).current_frame.get());
        while !current.is_null() {
            if places.len() < limit {
                let code: Borrowed<'_, Code> = Borrowed::from_ptr(frame::code(current));
                let line = code.line_at(frame::instruction_index(current)).filter(|line| *line >= 0).unwrap_or(0);
                let name = (*frame::code(current)).co_filename.get();
                places.push((if name.is_null() { unknown } else { name as usize }, line));
            }
            total += 1;
            current = frame::first_complete((*current).previous.get());
        }
    }
    total
}

impl Tables {
    fn add(&mut self, domain: u32, block: usize, size: usize) -> bool {
        let mut places = Vec::new();
        let limit = LIMIT.get();
        let mut total = walk(&mut places, limit, self.unknown);
        if places.is_empty() {
            places.push((self.unknown, 0));
            total = 1;
        }
        for (name, _) in &places {
            if *name != self.unknown && !self.names.contains_key(name) {
                if self.names.try_reserve(1).is_err() {
                    return false;
                }
                // SAFETY: the code object of a running frame holds it; without a frame there is no name but the unknown.
                unsafe { crate::object::header::incref(*name as *mut PyObject) };
                self.names.insert(*name, ());
            }
        }
        let traceback = Traceback { places: places.into(), total: total.min(MAX_FRAMES) as u16 };
        let traceback = match self.tracebacks.get_key_value(&traceback) {
            Some((known, ())) => known.clone(),
            None => {
                if self.tracebacks.try_reserve(1).is_err() {
                    return false;
                }
                let traceback = Arc::new(traceback);
                self.tracebacks.insert(traceback.clone(), ());
                traceback
            }
        };
        if self.traces.try_reserve(1).is_err() {
            return false;
        }
        if let Some(old) = self.traces.insert((domain, block), Trace { size, traceback }) {
            self.current -= old.size;
        }
        self.current = self.current.saturating_add(size);
        self.peak = self.peak.max(self.current);
        true
    }

    fn remove(&mut self, domain: u32, block: usize) {
        if let Some(old) = self.traces.remove(&(domain, block)) {
            self.current -= old.size;
        }
    }
}

fn note(block: *mut c_void, size: usize) -> bool {
    if PAUSED.get() {
        return true;
    }
    match tables().as_mut() {
        Some(tables) => tables.add(PYTHON, block as usize, size),
        None => true,
    }
}

fn forget(block: *mut c_void) {
    if let Some(tables) = tables().as_mut() {
        tables.remove(PYTHON, block as usize);
    }
}

unsafe extern "C" fn malloc(context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the context is a hook; the functions below are an allocator.
    unsafe {
        let table = (*context.cast::<Hook>()).inner.get();
        let block = table.malloc.map_or(ptr::null_mut(), |malloc| malloc(table.ctx, size));
        noted(&table, block, size)
    }
}

unsafe extern "C" fn calloc(context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    // SAFETY: as in `malloc`.
    unsafe {
        let table = (*context.cast::<Hook>()).inner.get();
        let block = table.calloc.map_or(ptr::null_mut(), |calloc| calloc(table.ctx, count, size));
        noted(&table, block, count.saturating_mul(size))
    }
}

/// Notes a new block, which is given back if there is no memory for that.
unsafe fn noted(table: &PyMemAllocatorEx, block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() || note(block, size) {
        return block;
    }
    if let Some(free) = table.free {
        // SAFETY: a block of this allocator that nobody has seen.
        unsafe { free(table.ctx, block) };
    }
    ptr::null_mut()
}

unsafe extern "C" fn realloc(context: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: as in `malloc`; the block by contract of the domain.
    unsafe {
        let table = (*context.cast::<Hook>()).inner.get();
        let new = table.realloc.map_or(ptr::null_mut(), |realloc| realloc(table.ctx, block, size));
        if !new.is_null() {
            if !block.is_null() {
                forget(block);
            }
            // The old block is gone, so a block that cannot be noted is given all the same.
            note(new, size);
        }
        new
    }
}

unsafe extern "C" fn free(context: *mut c_void, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    forget(block);
    // SAFETY: as in `malloc`; the block by contract of the domain.
    unsafe {
        let table = (*context.cast::<Hook>()).inner.get();
        if let Some(free) = table.free {
            free(table.ctx, block);
        }
    }
}

/// Whether blocks are traced (`tracemalloc.is_tracing`).
pub fn is_tracing() -> bool {
    TRACING.load(Ordering::Relaxed)
}

/// How many frames a traceback keeps.
pub fn limit() -> usize {
    LIMIT.get()
}

/// Begins to trace, keeping up to `limit` frames of each block; nothing when that goes on already.
pub fn start(limit: usize) -> PyResult<()> {
    if is_tracing() {
        return Ok(());
    }
    let unknown = Str::intern_str("<unknown>")?.into_object().into_ptr();
    LIMIT.set(limit);
    *tables() = Some(Tables { unknown: unknown as usize, ..Tables::default() });
    domains::layer(&FUNCTIONS, |domain, below| {
        let hook = &HOOKS[domain as usize];
        hook.inner.set(below);
        (&raw const *hook).cast_mut().cast()
    });
    TRACING.store(true, Ordering::Relaxed);
    clear_free_lists();
    Ok(())
}

/// Closes the free lists, or opens them again, as [`is_tracing`] says: blocks that wait there would keep the place of their
/// first use.
fn clear_free_lists() {
    super::gc::clear_free_lists();
}

/// Drops what tables that are not in use any more hold of objects.
fn release(old: Option<Tables>) {
    let Some(old) = old else { return };
    let mut names = Pile::new();
    old.names.keys().copied().chain([old.unknown]).for_each(|name| names.push(name));
    drop(old);
    for name in names {
        // SAFETY: the tables owned a count of each.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(name as *mut PyObject) });
    }
}

/// Ends tracing and forgets everything.
pub fn stop() {
    if !is_tracing() {
        return;
    }
    TRACING.store(false, Ordering::Relaxed);
    domains::unlayer(&FUNCTIONS, |domain| HOOKS[domain as usize].inner.get());
    clear_free_lists();
    let old = tables().take();
    release(old);
}

/// Forgets all blocks.
pub fn clear() -> PyResult<()> {
    if !is_tracing() {
        return Ok(());
    }
    let unknown = Str::intern_str("<unknown>")?.into_object().into_ptr();
    let old = tables().replace(Tables { unknown: unknown as usize, ..Tables::default() });
    release(old);
    Ok(())
}

/// The size of all traced blocks, and the largest that it was.
pub fn traced() -> (usize, usize) {
    tables().as_ref().map_or((0, 0), |tables| (tables.current, tables.peak))
}

/// Makes the present size the largest.
pub fn reset_peak() {
    if let Some(tables) = tables().as_mut() {
        tables.peak = tables.current;
    }
}

/// The memory that tracing itself takes.
pub fn overhead() -> usize {
    let Some(tables) = &*tables() else { return 0 };
    let frames: usize = tables.tracebacks.keys().map(|traceback| size_of_val(&*traceback.places) + 40).sum();
    tables.traces.capacity() * size_of::<((u32, usize), Trace)>() + tables.names.capacity() * 16 + frames
}

/// Notes a block of another allocator (`PyTraceMalloc_Track`); -2 when nothing is traced, -1 without memory.
pub fn track(domain: u32, block: usize, size: usize) -> c_int {
    if !is_tracing() {
        return -2;
    }
    match tables().as_mut() {
        Some(tables) => {
            if tables.add(domain, block, size) {
                0
            } else {
                -1
            }
        }
        None => -2,
    }
}

/// Forgets a block of another allocator (`PyTraceMalloc_Untrack`); -2 when nothing is traced.
pub fn untrack(domain: u32, block: usize) -> c_int {
    if !is_tracing() {
        return -2;
    }
    if let Some(tables) = tables().as_mut() {
        tables.remove(domain, block);
    }
    0
}

/// Tracing pauses while one of these lives.
struct Pause(bool);

impl Pause {
    fn new() -> Pause {
        Pause(PAUSED.replace(true))
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED.set(self.0);
    }
}

/// A traceback as a tuple of file names and lines.
fn to_tuple(traceback: &Traceback) -> PyResult<Ref<Object>> {
    let mut frames = Vec::with_capacity(traceback.places.len());
    for (name, line) in &traceback.places {
        // SAFETY: the tables hold the name, and nobody clears them meanwhile: no Python code runs here.
        let name = unsafe { Ref::<Object>::from_borrowed_ptr(*name as *mut PyObject) };
        let line = Int::from_i64(i64::from(*line))?.into_object();
        frames.push(Tuple::from_vec(vec![name, line])?.into_object());
    }
    Ok(Tuple::from_vec(frames)?.into_object())
}

/// The traceback of a block, if it was traced.
pub fn traceback_of(domain: u32, block: usize) -> PyResult<Option<Ref<Object>>> {
    let found = tables().as_ref().and_then(|tables| tables.traces.get(&(domain, block)).cloned());
    let _pause = Pause::new();
    found.map(|trace| to_tuple(&trace.traceback)).transpose()
}

/// The traceback of an object, if its memory was traced.
pub fn traceback_of_object(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: a live object of a live type.
    let before = unsafe { crate::types::type_::raw::preheader_size((*object.as_ptr()).ob_type.get()) };
    traceback_of(PYTHON, object.as_ptr() as usize - before)
}

/// All traces: tuples of domain, size, traceback and the number of all frames.
pub fn traces() -> PyResult<Ref<List>> {
    let _pause = Pause::new();
    let copies: Vec<(u32, Trace)> = match &*tables() {
        Some(tables) => {
            let mut copies = Vec::new();
            if copies.try_reserve_exact(tables.traces.len()).is_err() {
                return Err(Raised::no_memory());
            }
            copies.extend(tables.traces.iter().map(|((domain, _), trace)| (*domain, trace.clone())));
            copies
        }
        None => Vec::new(),
    };
    let list = List::new()?;
    let mut made: Map<usize, Ref<Object>> = Map::default();
    for (domain, trace) in &copies {
        let key = Arc::as_ptr(&trace.traceback) as usize;
        let traceback = match made.get(&key) {
            Some(known) => known.clone(),
            None => {
                let traceback = to_tuple(&trace.traceback)?;
                made.try_reserve(1).map_err(|_| Raised::no_memory())?;
                made.insert(key, traceback.clone());
                traceback
            }
        };
        let domain = Int::from_i64(i64::from(*domain))?.into_object();
        let size = Int::from_usize(trace.size)?.into_object();
        let total = Int::from_i64(i64::from(trace.traceback.total))?.into_object();
        list.push(Tuple::from_vec(vec![domain, size, traceback, total])?.into_object())?;
    }
    Ok(list)
}
