//! The three allocator domains and the functions that a program may install for each.
//!
//! `raw` may be used without the GIL and defaults to the C library; `mem` and `object` default to the small-object
//! allocator. **Invariant:** while the `object` table is the built-in one, nobody looks at it (see `small`).
//! CPython: `PyMem_SetAllocator` and its neighbours in `Objects/obmalloc.c`.

use core::ffi::c_void;
use core::ptr;

use super::{StaticCell, debug_alloc, small};
use crate::abi::*;

const RAW: usize = PYMEM_DOMAIN_RAW as usize;
const MEM: usize = PYMEM_DOMAIN_MEM as usize;
const OBJECT: usize = PYMEM_DOMAIN_OBJ as usize;

pub const DOMAINS: [PyMemAllocatorDomain; 3] = [PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ];

/// The C library's functions.
pub const LIBC: PyMemAllocatorEx = PyMemAllocatorEx {
    ctx: ptr::null_mut(),
    malloc: Some(libc_malloc),
    calloc: Some(libc_calloc),
    realloc: Some(libc_realloc),
    free: Some(libc_free),
};

/// The small-object allocator.
pub const SMALL: PyMemAllocatorEx = PyMemAllocatorEx {
    ctx: ptr::null_mut(),
    malloc: Some(small_malloc),
    calloc: Some(small_calloc),
    realloc: Some(small_realloc),
    free: Some(small_free),
};

static TABLES: super::Guarded<[core::cell::Cell<PyMemAllocatorEx>; 3]> =
    super::Guarded([core::cell::Cell::new(LIBC), core::cell::Cell::new(SMALL), core::cell::Cell::new(SMALL)]);
static MEM_HOOKED: StaticCell<bool> = StaticCell::cell(false);
static RAW_HOOKED: StaticCell<bool> = StaticCell::cell(false);

unsafe extern "C" fn libc_malloc(_context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: plain allocation; never of 0 bytes, whose result may be null.
    unsafe { libc::malloc(size.max(1)) }
}

unsafe extern "C" fn libc_calloc(_context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    let (count, size) = if count == 0 || size == 0 { (1, 1) } else { (count, size) };
    // SAFETY: plain allocation.
    unsafe { libc::calloc(count, size) }
}

unsafe extern "C" fn libc_realloc(_context: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: a block of these functions.
    unsafe { libc::realloc(block, size.max(1)) }
}

unsafe extern "C" fn libc_free(_context: *mut c_void, block: *mut c_void) {
    // SAFETY: a block of these functions.
    unsafe { libc::free(block) }
}

unsafe extern "C" fn small_malloc(_context: *mut c_void, size: usize) -> *mut c_void {
    small::plain_malloc(size).cast()
}

unsafe extern "C" fn small_calloc(_context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    small::plain_calloc(count, size).cast()
}

unsafe extern "C" fn small_realloc(_context: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: a block of these functions.
    unsafe { small::plain_realloc(block.cast(), size).cast() }
}

unsafe extern "C" fn small_free(_context: *mut c_void, block: *mut c_void) {
    // SAFETY: a block of these functions.
    unsafe { small::plain_free(block.cast()) }
}

fn is_same(a: &PyMemAllocatorEx, b: &PyMemAllocatorEx) -> bool {
    a.malloc.map(|f| f as usize) == b.malloc.map(|f| f as usize)
        && a.free.map(|f| f as usize) == b.free.map(|f| f as usize)
        && a.ctx == b.ctx
}

/// The functions of a domain (`PyMem_GetAllocator`); `None` for an unknown domain.
pub fn allocator(domain: PyMemAllocatorDomain) -> Option<PyMemAllocatorEx> {
    Some(TABLES.get(usize::try_from(domain).ok()?)?.get())
}

/// Installs functions for a domain (`PyMem_SetAllocator`). Blocks that exist have to be understood by them.
pub fn set_allocator(domain: PyMemAllocatorDomain, table: PyMemAllocatorEx) {
    let Some(slot) = usize::try_from(domain).ok().and_then(|domain| TABLES.get(domain)) else { return };
    slot.set(table);
    match domain {
        PYMEM_DOMAIN_RAW => RAW_HOOKED.set(!is_same(&table, &LIBC)),
        PYMEM_DOMAIN_MEM => MEM_HOOKED.set(!is_same(&table, &SMALL)),
        _ => small::set_hooked(!is_same(&table, &SMALL)),
    }
}

/// Lays `hooks` over every domain that does not have them on top; `keep` is told the table below and gives the hooks' context.
pub fn layer(hooks: &PyMemAllocatorEx, keep: impl Fn(PyMemAllocatorDomain, PyMemAllocatorEx) -> *mut c_void) {
    for domain in DOMAINS {
        let below = TABLES[domain as usize].get();
        if !is_layer(&below, hooks) {
            set_allocator(domain, PyMemAllocatorEx { ctx: keep(domain, below), ..*hooks });
        }
    }
}

/// Takes `hooks` off every domain that has them on top; `below` gives the table that was there.
pub fn unlayer(hooks: &PyMemAllocatorEx, below: impl Fn(PyMemAllocatorDomain) -> PyMemAllocatorEx) {
    for domain in DOMAINS {
        if is_layer(&TABLES[domain as usize].get(), hooks) {
            set_allocator(domain, below(domain));
        }
    }
}

/// Whether a table is one of `hooks`, whatever its context.
fn is_layer(table: &PyMemAllocatorEx, hooks: &PyMemAllocatorEx) -> bool {
    table.malloc.map(|f| f as usize) == hooks.malloc.map(|f| f as usize)
}

/// Chooses allocators by the name that `PYTHONMALLOC` gives; false for an unknown one.
pub fn choose(name: &str) -> bool {
    let (raw, other, debug) = match name {
        "" | "default" | "pymalloc" | "mimalloc" => (LIBC, SMALL, false),
        "debug" | "pymalloc_debug" | "mimalloc_debug" => (LIBC, SMALL, true),
        "malloc" => (LIBC, LIBC, false),
        "malloc_debug" => (LIBC, LIBC, true),
        _ => return false,
    };
    set_allocator(PYMEM_DOMAIN_RAW, raw);
    set_allocator(PYMEM_DOMAIN_MEM, other);
    set_allocator(PYMEM_DOMAIN_OBJ, other);
    if debug {
        debug_alloc::install();
    }
    true
}

/// The name of the allocators in use, as `_testcapi.pymem_getallocatorsname` gives it.
pub fn name() -> Option<&'static str> {
    let tables = [TABLES[RAW].get(), TABLES[MEM].get(), TABLES[OBJECT].get()];
    let plain = tables.map(|table| debug_alloc::inner(&table).unwrap_or(table));
    let debug = tables.map(|table| debug_alloc::inner(&table).is_some());
    if !is_same(&plain[RAW], &LIBC) || debug[0] != debug[1] || debug[1] != debug[2] {
        return None;
    }
    match (plain[1..].iter().map(|t| (is_same(t, &SMALL), is_same(t, &LIBC))).collect::<Vec<_>>().as_slice(), debug[0])
    {
        ([(true, _), (true, _)], false) => Some("pymalloc"),
        ([(true, _), (true, _)], true) => Some("pymalloc_debug"),
        ([(_, true), (_, true)], false) => Some("malloc"),
        ([(_, true), (_, true)], true) => Some("malloc_debug"),
        _ => None,
    }
}

/// Whether `sys._debugmallocstats` has something to show.
pub fn uses_small() -> bool {
    [MEM, OBJECT].iter().any(|&domain| {
        let table = TABLES[domain].get();
        is_same(&debug_alloc::inner(&table).unwrap_or(table), &SMALL)
    })
}

unsafe fn call_malloc(table: &PyMemAllocatorEx, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return ptr::null_mut();
    }
    // SAFETY: installed functions are an allocator.
    unsafe { table.malloc.map_or(ptr::null_mut(), |malloc| malloc(table.ctx, size)) }
}

unsafe fn call_calloc(table: &PyMemAllocatorEx, count: usize, size: usize) -> *mut c_void {
    if count.checked_mul(size).is_none_or(|total| total > isize::MAX as usize) {
        return ptr::null_mut();
    }
    // SAFETY: as above.
    unsafe { table.calloc.map_or(ptr::null_mut(), |calloc| calloc(table.ctx, count, size)) }
}

unsafe fn call_realloc(table: &PyMemAllocatorEx, block: *mut c_void, size: usize) -> *mut c_void {
    if size > isize::MAX as usize {
        return ptr::null_mut();
    }
    // SAFETY: as above; the block by contract of the caller.
    unsafe { table.realloc.map_or(ptr::null_mut(), |realloc| realloc(table.ctx, block, size)) }
}

unsafe fn call_free(table: &PyMemAllocatorEx, block: *mut c_void) {
    if let Some(free) = table.free {
        // SAFETY: as above.
        unsafe { free(table.ctx, block) }
    }
}

/// The `object` domain through its table; `small::malloc` comes here when the table was replaced.
#[cold]
pub(super) fn object_malloc(size: usize) -> *mut u8 {
    // SAFETY: see `call_malloc`.
    unsafe { call_malloc(&TABLES[OBJECT].get(), size).cast() }
}

#[cold]
pub(super) fn object_calloc(count: usize, size: usize) -> *mut u8 {
    // SAFETY: see `call_calloc`.
    unsafe { call_calloc(&TABLES[OBJECT].get(), count, size).cast() }
}

#[cold]
pub(super) unsafe fn object_realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: by contract of `small::realloc`.
    unsafe { call_realloc(&TABLES[OBJECT].get(), block.cast(), size).cast() }
}

#[cold]
pub(super) unsafe fn object_free(block: *mut u8) {
    // SAFETY: by contract of `small::free`.
    unsafe { call_free(&TABLES[OBJECT].get(), block.cast()) }
}

/// `PyMem_Malloc`.
pub fn mem_malloc(size: usize) -> *mut c_void {
    if MEM_HOOKED.get() {
        // SAFETY: see `call_malloc`.
        return unsafe { call_malloc(&TABLES[MEM].get(), size) };
    }
    small::plain_malloc(size).cast()
}

/// `PyMem_Calloc`.
pub fn mem_calloc(count: usize, size: usize) -> *mut c_void {
    if MEM_HOOKED.get() {
        // SAFETY: see `call_calloc`.
        return unsafe { call_calloc(&TABLES[MEM].get(), count, size) };
    }
    small::plain_calloc(count, size).cast()
}

/// `PyMem_Realloc`.
///
/// # Safety
/// `block` is null or of this domain.
pub unsafe fn mem_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: by contract.
    unsafe {
        if MEM_HOOKED.get() {
            return call_realloc(&TABLES[MEM].get(), block, size);
        }
        small::plain_realloc(block.cast(), size).cast()
    }
}

/// `PyMem_Free`.
///
/// # Safety
/// `block` is null or of this domain.
pub unsafe fn mem_free(block: *mut c_void) {
    // SAFETY: by contract.
    unsafe {
        if MEM_HOOKED.get() {
            return call_free(&TABLES[MEM].get(), block);
        }
        small::plain_free(block.cast());
    }
}

/// `PyMem_RawMalloc`: needs no GIL.
pub fn raw_malloc(size: usize) -> *mut c_void {
    // SAFETY: see `call_malloc`.
    unsafe { if RAW_HOOKED.get() { call_malloc(&TABLES[RAW].get(), size) } else { call_malloc(&LIBC, size) } }
}

/// `PyMem_RawCalloc`.
pub fn raw_calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: see `call_calloc`.
    unsafe {
        if RAW_HOOKED.get() { call_calloc(&TABLES[RAW].get(), count, size) } else { call_calloc(&LIBC, count, size) }
    }
}

/// `PyMem_RawRealloc`.
///
/// # Safety
/// `block` is null or of this domain.
pub unsafe fn raw_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: by contract.
    unsafe {
        if RAW_HOOKED.get() { call_realloc(&TABLES[RAW].get(), block, size) } else { call_realloc(&LIBC, block, size) }
    }
}

/// `PyMem_RawFree`.
///
/// # Safety
/// `block` is null or of this domain.
pub unsafe fn raw_free(block: *mut c_void) {
    // SAFETY: by contract.
    unsafe { if RAW_HOOKED.get() { call_free(&TABLES[RAW].get(), block) } else { libc::free(block) } }
}
