//! Names of characters.

use crate::prelude::*;
use taipan_unicode::names::{self, Named};
use taipan_unicode::properties::Version;

/// The name of a character, if it has one.
pub(super) fn name_of(c: u32) -> PyResult<Option<Ref<Str>>> {
    names::name(c, Version::Now).map(|name| Str::from_utf8_str(&name)).transpose()
}

/// The character of a name (an alias counts, a sequence of several characters does not).
pub(super) fn character_of(name: &[u8]) -> Option<u32> {
    match names::lookup(core::str::from_utf8(name).ok()?, Version::Now)? {
        Named::Character(c) => Some(c),
        Named::Sequence(_) => None,
    }
}
