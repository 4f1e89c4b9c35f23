//! The table of interned strings.
//!
//! **Invariant:** the table holds no counts. A mortal entry leaves it when the string dies (`forget`), an immortal one
//! never does. One-character Latin-1 strings and the empty one are interned by being unique and are not in the table.
//! CPython: `PyUnicode_InternInPlace` and its kin in `Objects/unicodeobject.c`.

use core::cell::UnsafeCell;
use core::ptr;

use super::{Str, raw};
use crate::abi::{PyASCIIObject, SSTATE_INTERNED_IMMORTAL, SSTATE_INTERNED_MORTAL, SSTATE_NOT_INTERNED};
use crate::prelude::*;

/// An open-addressed hash set with linear probing; a removal moves later entries back, so there are no tombstones.
struct Table {
    /// A power of two of entries, null where free; or empty.
    slots: Vec<*mut PyASCIIObject>,
    used: usize,
}

struct Guarded(UnsafeCell<Table>);

// SAFETY: touched only while the GIL is held.
unsafe impl Sync for Guarded {}

static TABLE: Guarded = Guarded(UnsafeCell::new(Table { slots: Vec::new(), used: 0 }));

/// The table, for one short operation that calls nothing which could come back here.
fn with_table<R>(body: impl FnOnce(&mut Table) -> R) -> R {
    // SAFETY: the GIL is held, and no operation of the table nests.
    body(unsafe { &mut *TABLE.0.get() })
}

fn handle<'a>(entry: *mut PyASCIIObject) -> Borrowed<'a, Str> {
    // SAFETY: entries of the table are live strings.
    unsafe { Borrowed::from_ptr(entry) }
}

impl Table {
    /// The entry that `matches`, or the free slot where it belongs.
    fn probe(&self, hash: isize, matches: impl Fn(*mut PyASCIIObject) -> bool) -> Result<*mut PyASCIIObject, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = self.slots[at];
            if entry.is_null() {
                return Err(at);
            }
            if matches(entry) {
                return Ok(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room for one more entry; `false` when memory is out.
    fn reserve(&mut self) -> bool {
        if self.used * 3 < self.slots.len() * 2 {
            return true;
        }
        let size = (self.slots.len() * 2).max(1024);
        let mut slots = Vec::new();
        if slots.try_reserve_exact(size).is_err() {
            return false;
        }
        slots.resize(size, ptr::null_mut());
        let old = core::mem::replace(&mut self.slots, slots);
        for entry in old {
            if !entry.is_null()
                && let Err(at) = self.probe(handle(entry).hash_value(), |_| false)
            {
                self.slots[at] = entry;
            }
        }
        true
    }

    fn remove(&mut self, entry: *mut PyASCIIObject) {
        if self.slots.is_empty() {
            return;
        }
        let mask = self.slots.len() - 1;
        let mut hole = handle(entry).hash_value() as usize & mask;
        while self.slots[hole] != entry {
            if self.slots[hole].is_null() {
                return;
            }
            hole = (hole + 1) & mask;
        }
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let candidate = self.slots[next];
            if candidate.is_null() {
                break;
            }
            let home = handle(candidate).hash_value() as usize & mask;
            // The candidate may move into the hole unless its home lies behind the hole.
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = candidate;
                hole = next;
            }
        }
        self.slots[hole] = ptr::null_mut();
        self.used -= 1;
    }
}

/// The interned string equal to `string`, which is `string` itself if there is none yet. Instances of subclasses are
/// given back unchanged.
pub(super) fn intern(string: Ref<Str>, immortal: bool) -> Ref<Str> {
    let raw: *mut PyASCIIObject = string.as_raw().cast();
    if string.0.state.interned() != SSTATE_NOT_INTERNED {
        if immortal && string.0.state.interned() == SSTATE_INTERNED_MORTAL {
            make_immortal(raw);
        }
        return string;
    }
    if !string.is_exact::<Str>() {
        return string;
    }
    if let Some(single) = string.singleton() {
        return single.to_owned();
    }
    let hash = string.hash_value();
    let found = with_table(|table| {
        if !table.reserve() {
            return None;
        }
        match table.probe(hash, |entry| handle(entry).hash_value() == hash && handle(entry).equals_str(&string)) {
            Ok(entry) => Some(entry),
            Err(at) => {
                table.slots[at] = raw;
                table.used += 1;
                string.0.state.set_interned(SSTATE_INTERNED_MORTAL);
                None
            }
        }
    });
    let result = match found {
        Some(entry) => handle(entry).to_owned(),
        None => string,
    };
    if immortal && result.0.state.interned() == SSTATE_INTERNED_MORTAL {
        make_immortal(result.as_raw().cast());
    }
    result
}

/// Looks the interned string of a text up, without making one.
fn lookup(text: &str) -> Option<Borrowed<'static, Str>> {
    if !text.is_ascii() {
        return None;
    }
    let hash = crate::types::hash::bytes(text.as_bytes());
    with_table(|table| {
        if table.slots.is_empty() {
            return None;
        }
        let found = table.probe(hash, |entry| handle(entry).hash_value() == hash && handle(entry).eq_str(text));
        found.ok().map(handle)
    })
}

fn make_immortal(string: *mut PyASCIIObject) {
    // SAFETY: a live, interned string.
    unsafe {
        (*string).state.set_interned(SSTATE_INTERNED_IMMORTAL);
        raw::set_immortal(string.cast());
    }
}

/// A mortal interned string is about to be freed.
pub(super) fn forget(string: *mut PyASCIIObject) {
    with_table(|table| table.remove(string));
}

/// How many strings are interned, and how many of these for ever (`sys.getunicodeinternedsize`).
pub fn count() -> (usize, usize) {
    with_table(|table| {
        let entries = table.slots.iter().filter(|entry| !entry.is_null());
        let immortal = entries.filter(|&&entry| handle(entry).0.state.interned() >= SSTATE_INTERNED_IMMORTAL).count();
        (table.used, immortal)
    })
}

impl Str {
    /// The interned string of that value (`PyUnicode_InternInPlace`).
    #[inline]
    pub fn intern(string: Ref<Str>) -> Ref<Str> {
        if string.0.state.interned() != SSTATE_NOT_INTERNED { string } else { intern(string, false) }
    }

    pub fn intern_str(text: &str) -> PyResult<Ref<Str>> {
        match lookup(text) {
            Some(found) => Ok(found.to_owned()),
            None => Ok(intern(Str::from_utf8_str(text)?, false)),
        }
    }

    /// An interned string that is never freed. For names in native code, whose absence nothing could survive: the
    /// process ends when there is no memory for one.
    pub fn intern_immortal(text: &str) -> Borrowed<'static, Str> {
        let Ok(string) = Str::from_utf8_str(text) else {
            eprintln!("Fatal Python error: no memory for the name {text:?}");
            std::process::abort()
        };
        let string = intern(string, true);
        if string.0.state.interned() < SSTATE_INTERNED_IMMORTAL {
            eprintln!("Fatal Python error: no memory for the name {text:?}");
            std::process::abort()
        }
        // SAFETY: the string is immortal.
        unsafe { Borrowed::from_ptr(string.into_ptr()) }
    }

    /// As [`Str::intern`], and the result is never freed.
    pub fn intern_object_immortal(string: Ref<Str>) -> Ref<Str> {
        intern(string, true)
    }
}

impl Ref<Str> {
    pub fn is_interned(&self) -> bool {
        self.0.state.interned() != SSTATE_NOT_INTERNED
    }
}
