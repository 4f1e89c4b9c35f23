//! Callbacks that C code registers for events of functions and of code objects, by small numbers.
//!
//! **Invariant:** while no callback is registered, an event costs one look at a flag.
//! CPython: `handle_func_event` of `Objects/funcobject.c`, `notify_code_watchers` of `Objects/codeobject.c`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::prelude::*;

const COUNT: usize = 8;

/// The callbacks for one kind of object.
pub struct Watchers<F> {
    callbacks: [Cell<Option<F>>; COUNT],
    active: Cell<bool>,
    /// "code" or "func", for messages.
    kind: &'static str,
}

// SAFETY: read and written under the GIL.
unsafe impl<F> Sync for Watchers<F> {}

impl<F: Copy> Watchers<F> {
    pub const fn new(kind: &'static str) -> Watchers<F> {
        Watchers { callbacks: [const { Cell::new(None) }; COUNT], active: Cell::new(false), kind }
    }

    #[inline(always)]
    pub fn is_idle(&self) -> bool {
        !self.active.get()
    }

    /// Registers a callback; its number.
    pub fn add(&self, callback: F) -> PyResult<c_int> {
        match self.callbacks.iter().position(|place| place.get().is_none()) {
            Some(id) => {
                self.callbacks[id].set(Some(callback));
                self.active.set(true);
                Ok(id as c_int)
            }
            None => Err(raise!(RuntimeError, "no more {} watcher IDs available", self.kind)),
        }
    }

    pub fn clear(&self, id: c_int) -> PyResult<()> {
        // CPython begins these messages with a capital letter for code objects alone.
        let (invalid, no) = if self.kind == "code" { ("Invalid", "No") } else { ("invalid", "no") };
        let Some(place) = usize::try_from(id).ok().and_then(|id| self.callbacks.get(id)) else {
            return Err(raise!(ValueError, "{invalid} {} watcher ID {id}", self.kind));
        };
        if place.get().is_none() {
            return Err(raise!(ValueError, "{no} {} watcher set for ID {id}", self.kind));
        }
        place.set(None);
        self.active.set(self.callbacks.iter().any(|place| place.get().is_some()));
        Ok(())
    }

    /// Calls all callbacks through `call`. An error of one is shown as ignored, with what `describe` says of the event.
    #[cold]
    pub fn notify(&self, call: impl Fn(F) -> c_int, describe: impl Fn() -> String) {
        for callback in self.callbacks.iter().filter_map(Cell::get) {
            if call(callback) < 0 {
                let message = format!("Exception ignored in {}", describe());
                super::exceptions::report_unraisable(Raised::assume_set(), &message, None);
            }
        }
    }
}
