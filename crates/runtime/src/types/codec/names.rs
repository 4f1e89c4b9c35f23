//! Names of characters. They are in the executable, but the module `unicodedata` is imported for them, as CPython does.

use crate::import::import_module;
use crate::prelude::*;
use taipan_unicode::names::{self, Named};
use taipan_unicode::properties::Version;

/// The name of a character, if it has one.
pub(super) fn name_of(c: u32) -> PyResult<Option<Ref<Str>>> {
    import_module("unicodedata")?;
    names::name(c, Version::Now).map(|name| Str::from_utf8_str(&name)).transpose()
}

/// The character of a name (an alias counts, a sequence of several characters does not).
pub(super) fn character_of(name: &[u8]) -> PyResult<Option<u32>> {
    if let Err(raised) = import_module("unicodedata") {
        raised.clear();
        return Err(raise!(UnicodeError, "\\N escapes not supported (can't load unicodedata module)"));
    }
    Ok(match core::str::from_utf8(name).ok().and_then(|name| names::lookup(name, Version::Now)) {
        Some(Named::Character(c)) => Some(c),
        _ => None,
    })
}
