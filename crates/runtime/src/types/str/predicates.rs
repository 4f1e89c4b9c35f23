//! The questions about all characters of a string: `isalpha` and its kin, `isidentifier`.
//!
//! CPython: `unicode_isalpha_impl` and so on in `Objects/unicodeobject.c`.

use super::{Str, ctype, each_kind};
use crate::prelude::*;

impl Ref<Str> {
    /// Not empty, and `test` holds for every character.
    #[inline]
    pub(crate) fn all_chars(&self, test: impl Fn(u32) -> bool) -> bool {
        !self.is_empty() && each_kind!(self.data(), data => data.iter().all(|&c| test(u32::from(c))))
    }

    /// Some character is cased and every cased one satisfies `wanted` and none of `refused`.
    fn is_cased_as(&self, wanted: impl Fn(u32) -> bool, refused: impl Fn(u32) -> bool) -> bool {
        let mut found = false;
        for c in self.chars() {
            if refused(c) {
                return false;
            }
            found |= wanted(c);
        }
        found
    }

    pub fn is_lower(&self) -> bool {
        self.is_cased_as(ctype::is_lower, |c| ctype::is_upper(c) || ctype::is_title(c))
    }

    pub fn is_upper(&self) -> bool {
        self.is_cased_as(ctype::is_upper, |c| ctype::is_lower(c) || ctype::is_title(c))
    }

    pub fn is_titlecase(&self) -> bool {
        let (mut found, mut in_word) = (false, false);
        for c in self.chars() {
            if ctype::is_upper(c) || ctype::is_title(c) {
                if in_word {
                    return false;
                }
                (found, in_word) = (true, true);
            } else if ctype::is_lower(c) {
                if !in_word {
                    return false;
                }
                found = true;
            } else {
                in_word = false;
            }
        }
        found
    }

    pub fn is_identifier(&self) -> bool {
        let mut chars = self.chars();
        chars.next().is_some_and(ctype::is_xid_start) && chars.all(ctype::is_xid_continue)
    }

    pub fn is_printable(&self) -> bool {
        self.chars().all(ctype::is_printable)
    }
}
