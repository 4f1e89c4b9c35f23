//! Functions of C that hear of every change of the current context (`PyContext_AddWatcher`).
//!
//! **Invariant:** the GIL guards the table.

use core::cell::Cell;

use taipan_runtime::abi::{Py_CONTEXT_SWITCHED, PyContext_WatchCallback};
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::exceptions;

/// The most watchers.
const MOST: usize = 8;

struct Watchers([Cell<Option<PyContext_WatchCallback>>; MOST]);
// SAFETY: the GIL guards it.
unsafe impl Sync for Watchers {}

static WATCHERS: Watchers = Watchers([const { Cell::new(None) }; MOST]);

pub fn add(callback: PyContext_WatchCallback) -> PyResult<usize> {
    match WATCHERS.0.iter().position(|place| place.get().is_none()) {
        Some(free) => {
            WATCHERS.0[free].set(Some(callback));
            Ok(free)
        }
        None => Err(raise!(RuntimeError, "no more context watcher IDs available")),
    }
}

pub fn clear(id: c_int) -> PyResult<()> {
    let Some(place) = usize::try_from(id).ok().and_then(|id| WATCHERS.0.get(id)) else {
        return Err(raise!(ValueError, "Invalid context watcher ID {id}"));
    };
    match place.take() {
        Some(_) => Ok(()),
        None => Err(raise!(ValueError, "No context watcher set for ID {id}")),
    }
}

/// Tells every watcher of the context that is current now.
pub fn notify() {
    if WATCHERS.0.iter().all(|place| place.get().is_none()) {
        return;
    }
    let current = thread::Slot::of(&thread::current().context).get().unwrap_or_else(none);
    for place in &WATCHERS.0 {
        let Some(callback) = place.get() else { continue };
        // SAFETY: whoever added the watcher vouches for it; the object is live.
        if unsafe { callback(Py_CONTEXT_SWITCHED, current.as_ptr()) } < 0 && Raised::is_set() {
            let message =
                format!("Exception ignored in Py_CONTEXT_SWITCHED watcher callback for {}", current.to_repr_text());
            exceptions::report_unraisable(Raised::assume_set(), &message, None);
        }
    }
}
