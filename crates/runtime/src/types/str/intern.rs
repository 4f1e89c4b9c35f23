//! The table of interned strings.
//!
//! **Invariant:** the table holds no counts. A mortal entry leaves it when the string dies (`forget`), an immortal one
//! never does. One-character Latin-1 strings and the empty one are interned by being unique and are not in the table.
//! CPython: `PyUnicode_InternInPlace` and its kin in `Objects/unicodeobject.c`.

use core::cell::UnsafeCell;

use super::{Str, raw};
use crate::abi::{PyASCIIObject, SSTATE_INTERNED_IMMORTAL, SSTATE_INTERNED_MORTAL, SSTATE_NOT_INTERNED};
use crate::prelude::*;

/// An open-addressed hash set with linear probing; a removal moves later entries back, so there are no tombstones.
struct Table {
    /// A power of two of entries, or empty.
    slots: Vec<Slot>,
    used: usize,
}

/// An entry, with the upper bits of its hash above its address, so that a search seldom reads a string that is another one;
/// 0 where there is none.
#[derive(Clone, Copy, PartialEq)]
struct Slot(u64);

/// Addresses of user programs have fewer bits on all systems of 64 bits, unless a program asks for more.
const ADDRESS_BITS: u32 = 48;

impl Slot {
    const FREE: Slot = Slot(0);

    #[inline(always)]
    fn new(entry: *mut PyASCIIObject, hash: isize) -> Slot {
        debug_assert!((entry as u64) >> ADDRESS_BITS == 0);
        Slot(entry as u64 | (hash as u64) >> ADDRESS_BITS << ADDRESS_BITS)
    }

    #[inline(always)]
    fn is_free(self) -> bool {
        self.0 == 0
    }

    /// Whether the hash of the entry begins as that one.
    #[inline(always)]
    fn may_have(self, hash: isize) -> bool {
        (self.0 ^ hash as u64) >> ADDRESS_BITS == 0
    }

    #[inline(always)]
    fn entry(self) -> *mut PyASCIIObject {
        (self.0 << (64 - ADDRESS_BITS) >> (64 - ADDRESS_BITS)) as *mut PyASCIIObject
    }
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
    /// The entry of that hash that `matches`, or the free slot where it belongs.
    #[inline]
    fn probe(&self, hash: isize, matches: impl Fn(Borrowed<'_, Str>) -> bool) -> Result<*mut PyASCIIObject, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.is_free() {
                return Err(at);
            }
            if slot.may_have(hash) {
                let entry = handle(slot.entry());
                if entry.hash_value() == hash && matches(entry) {
                    return Ok(slot.entry());
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room for one more entry; `false` when memory is out.
    #[inline]
    fn reserve(&mut self) -> bool {
        self.used * 3 < self.slots.len() * 2 || self.grow()
    }

    #[cold]
    fn grow(&mut self) -> bool {
        let size = (self.slots.len() * 2).max(1024);
        let mut slots = Vec::new();
        if slots.try_reserve_exact(size).is_err() {
            return false;
        }
        slots.resize(size, Slot::FREE);
        for slot in core::mem::replace(&mut self.slots, slots) {
            if !slot.is_free() {
                let mut at = handle(slot.entry()).hash_value() as usize & (size - 1);
                while !self.slots[at].is_free() {
                    at = (at + 1) & (size - 1);
                }
                self.slots[at] = slot;
            }
        }
        true
    }

    /// Puts a string that is not there into its slot.
    #[inline]
    fn put(&mut self, at: usize, string: &Ref<Str>, hash: isize) {
        self.slots[at] = Slot::new(string.as_raw().cast(), hash);
        self.used += 1;
        string.0.state.set_interned(SSTATE_INTERNED_MORTAL);
    }

    fn remove(&mut self, entry: *mut PyASCIIObject) {
        if self.slots.is_empty() {
            return;
        }
        let mask = self.slots.len() - 1;
        let hash = handle(entry).hash_value();
        let slot = Slot::new(entry, hash);
        let mut hole = hash as usize & mask;
        while self.slots[hole] != slot {
            if self.slots[hole].is_free() {
                return;
            }
            hole = (hole + 1) & mask;
        }
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let candidate = self.slots[next];
            if candidate.is_free() {
                break;
            }
            let home = handle(candidate.entry()).hash_value() as usize & mask;
            // The candidate may move into the hole unless its home lies behind the hole.
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = candidate;
                hole = next;
            }
        }
        self.slots[hole] = Slot::FREE;
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
        match table.probe(hash, |entry| entry.equals_str(&string)) {
            Ok(entry) => Some(entry),
            Err(at) => {
                table.put(at, &string, hash);
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

/// The interned string of a text. Only when there is none an object is made.
fn intern_text(text: &str) -> PyResult<Ref<Str>> {
    if text.len() < 2 || !text.is_ascii() {
        return Ok(intern(Str::from_utf8_str(text)?, false));
    }
    let hash = crate::types::hash::bytes(text.as_bytes());
    let found = with_table(|table| match table.slots.is_empty() {
        true => None,
        false => table.probe(hash, |entry| entry.as_ascii() == Some(text)).ok(),
    });
    if let Some(found) = found {
        return Ok(handle(found).to_owned());
    }
    let string = Str::from_ascii(text.as_bytes())?;
    string.0.hash.set(hash);
    Ok(intern(string, false))
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
        let entries = table.slots.iter().filter(|slot| !slot.is_free());
        let immortal =
            entries.filter(|slot| handle(slot.entry()).0.state.interned() >= SSTATE_INTERNED_IMMORTAL).count();
        (table.used, immortal)
    })
}

impl Str {
    /// The interned string of that value (`PyUnicode_InternInPlace`).
    #[inline]
    pub fn intern(string: Ref<Str>) -> Ref<Str> {
        if string.0.state.interned() != SSTATE_NOT_INTERNED { string } else { intern(string, false) }
    }

    /// The interned string of that text.
    pub fn intern_str(text: &str) -> PyResult<Ref<Str>> {
        intern_text(text)
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
