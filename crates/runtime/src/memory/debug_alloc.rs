//! Debug hooks: blocks between guard bytes, filled when they come and when they go (`PYTHONMALLOC=debug`).
//!
//! A block is `[size, 8 bytes big-endian][domain letter][7 guard bytes][data][8 guard bytes]`, as CPython lays it out.
//! A damaged guard or a block of another domain ends the process with a dump.
//! CPython: `_PyMem_Debug*` in `Objects/obmalloc.c`.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use super::{Guarded, domains};
use crate::abi::PyMemAllocatorEx;

const CLEAN: u8 = 0xCD;
const DEAD: u8 = 0xDD;
const GUARD: u8 = 0xFD;
const HEAD: usize = 16;
const EXTRA: usize = 24;

/// The allocator below the hooks of one domain.
struct Hook {
    letter: u8,
    inner: Cell<PyMemAllocatorEx>,
}

static HOOKS: Guarded<[Hook; 3]> = Guarded([
    Hook { letter: b'r', inner: Cell::new(domains::LIBC) },
    Hook { letter: b'm', inner: Cell::new(domains::SMALL) },
    Hook { letter: b'o', inner: Cell::new(domains::SMALL) },
]);

/// The hooks, whose context is a [`Hook`].
const FUNCTIONS: PyMemAllocatorEx = PyMemAllocatorEx {
    ctx: ptr::null_mut(),
    malloc: Some(malloc),
    calloc: Some(calloc),
    realloc: Some(realloc),
    free: Some(free),
};

/// Puts the hooks over all three domains where they are not yet (`PyMem_SetupDebugHooks`).
pub fn install() {
    domains::layer(&FUNCTIONS, |domain, below| {
        let hook = &HOOKS[domain as usize];
        hook.inner.set(below);
        (&raw const *hook).cast_mut().cast()
    });
}

/// The allocator below, if `table` is these hooks.
pub fn inner(table: &PyMemAllocatorEx) -> Option<PyMemAllocatorEx> {
    let ours = table.malloc.map(|f| f as usize) == Some(malloc as *const () as usize);
    // SAFETY: the context of the hooks is one of `HOOKS`.
    ours.then(|| unsafe { (*table.ctx.cast::<Hook>()).inner.get() })
}

/// Writes head and tail around `size` bytes at `block + HEAD` and gives the data.
unsafe fn wrap(hook: &Hook, block: *mut u8, size: usize) -> *mut c_void {
    // SAFETY: `block` has `size + EXTRA` bytes.
    unsafe {
        block.cast::<[u8; 8]>().write_unaligned((size as u64).to_be_bytes());
        block.add(8).write(hook.letter);
        block.add(9).write_bytes(GUARD, 7);
        block.add(HEAD + size).write_bytes(GUARD, 8);
        block.add(HEAD).cast()
    }
}

unsafe extern "C" fn malloc(context: *mut c_void, size: usize) -> *mut c_void {
    if size > isize::MAX as usize - EXTRA {
        return ptr::null_mut();
    }
    // SAFETY: the context is a hook; the allocator below gives that many bytes.
    unsafe {
        let hook = &*context.cast::<Hook>();
        let table = hook.inner.get();
        let block = table.malloc.map_or(ptr::null_mut(), |malloc| malloc(table.ctx, size + EXTRA)).cast::<u8>();
        if block.is_null() {
            return ptr::null_mut();
        }
        block.add(HEAD).write_bytes(CLEAN, size);
        wrap(hook, block, size)
    }
}

unsafe extern "C" fn calloc(context: *mut c_void, count: usize, size: usize) -> *mut c_void {
    let Some(total) = count.checked_mul(size).filter(|&total| total <= isize::MAX as usize - EXTRA) else {
        return ptr::null_mut();
    };
    // SAFETY: as in `malloc`.
    unsafe {
        let data = malloc(context, total);
        if !data.is_null() {
            data.cast::<u8>().write_bytes(0, total);
        }
        data
    }
}

/// The size of a block after its guards were checked.
unsafe fn check(hook: &Hook, what: &str, data: *mut u8) -> usize {
    // SAFETY: `data` came from these hooks.
    unsafe {
        let block = data.sub(HEAD);
        let letter = block.add(8).read();
        if letter != hook.letter {
            fail(
                what,
                data,
                &format!(
                    "bad ID: Allocated using API '{}', verified using API '{}'",
                    letter as char, hook.letter as char
                ),
            );
        }
        if (9..HEAD).any(|i| block.add(i).read() != GUARD) {
            fail(what, data, "bad leading pad byte");
        }
        let size = u64::from_be_bytes(block.cast::<[u8; 8]>().read_unaligned()) as usize;
        if (0..8).any(|i| data.add(size + i).read() != GUARD) {
            fail(what, data, "bad trailing pad byte");
        }
        size
    }
}

#[cold]
unsafe fn fail(what: &str, data: *mut u8, message: &str) -> ! {
    // SAFETY: the head of a block of the hooks is readable.
    unsafe {
        let block = data.sub(HEAD);
        let size = u64::from_be_bytes(block.cast::<[u8; 8]>().read_unaligned());
        let api = block.add(8).read() as char;
        eprintln!("Debug memory block at address p={data:p}: API '{api}'");
        eprintln!("    {size} bytes originally requested");
        let pad: Vec<String> = (9..HEAD).map(|i| format!("0x{:02x}", block.add(i).read())).collect();
        eprintln!("    The 7 pad bytes at p-7 are: {}", pad.join(", "));
        eprintln!("\nFatal Python error: {what}: {message}");
    }
    std::process::abort()
}

unsafe extern "C" fn realloc(context: *mut c_void, data: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: as in `malloc`; the block came from these hooks.
    unsafe {
        if data.is_null() {
            return malloc(context, size);
        }
        let hook = &*context.cast::<Hook>();
        let old = check(hook, "_PyMem_DebugRawRealloc", data.cast());
        // Always moves, so that stale pointers show.
        let new = malloc(context, size);
        if !new.is_null() {
            ptr::copy_nonoverlapping(data.cast::<u8>(), new.cast::<u8>(), old.min(size));
            free(context, data);
        }
        new
    }
}

unsafe extern "C" fn free(context: *mut c_void, data: *mut c_void) {
    if data.is_null() {
        return;
    }
    // SAFETY: as above.
    unsafe {
        let hook = &*context.cast::<Hook>();
        let size = check(hook, "_PyMem_DebugRawFree", data.cast());
        let block = data.cast::<u8>().sub(HEAD);
        block.write_bytes(DEAD, size + EXTRA);
        let table = hook.inner.get();
        if let Some(free) = table.free {
            free(table.ctx, block.cast());
        }
    }
}
