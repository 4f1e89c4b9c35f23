//! The import lock, which `_imp.acquire_lock` shows: recursive, owned by a thread.

use core::cell::Cell;

use crate::prelude::*;
use crate::thread::{self, Lock, Wait};

struct ImportLock {
    lock: Lock,
    owner: Cell<u64>,
    depth: Cell<u32>,
}

// SAFETY: owner and depth are read and written under the GIL.
unsafe impl Sync for ImportLock {}

static IMPORT_LOCK: ImportLock = ImportLock { lock: Lock::new(), owner: Cell::new(0), depth: Cell::new(0) };

/// Whether some thread holds the lock.
pub fn lock_held() -> bool {
    IMPORT_LOCK.depth.get() > 0
}

pub fn acquire_lock() {
    let me = thread::current_ident();
    if IMPORT_LOCK.depth.get() > 0 && IMPORT_LOCK.owner.get() == me {
        IMPORT_LOCK.depth.set(IMPORT_LOCK.depth.get() + 1);
        return;
    }
    let _ = IMPORT_LOCK.lock.acquire(Wait::Forever, false);
    IMPORT_LOCK.owner.set(me);
    IMPORT_LOCK.depth.set(1);
}

/// RuntimeError when this thread does not hold it.
pub fn release_lock() -> PyResult<()> {
    if IMPORT_LOCK.depth.get() == 0 || IMPORT_LOCK.owner.get() != thread::current_ident() {
        return Err(raise!(RuntimeError, "not holding the import lock"));
    }
    IMPORT_LOCK.depth.set(IMPORT_LOCK.depth.get() - 1);
    if IMPORT_LOCK.depth.get() == 0 {
        IMPORT_LOCK.owner.set(0);
        IMPORT_LOCK.lock.release();
    }
    Ok(())
}

/// In the child of a fork only the forking thread is left, and it holds nothing.
pub fn reinit_lock_after_fork() {
    IMPORT_LOCK.lock.reset();
    IMPORT_LOCK.owner.set(0);
    IMPORT_LOCK.depth.set(0);
}
