//! The four normal forms of text.
//!
//! Text of form D is what full decomposition and sorting by combining class give; form C composes again what composes.
//!
//! CPython: `nfd_nfkd`, `nfc_nfkc`, `is_normalized_quickcheck`. The rules: Unicode Standard Annex 15.

use std::collections::TryReserveError;

use crate::properties::{self, Version};

/// The four normalisation forms of Unicode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Composed, canonically.
    Nfc,
    /// Decomposed, canonically.
    Nfd,
    /// Composed, by compatibility.
    Nfkc,
    /// Decomposed, by compatibility.
    Nfkd,
}

impl Form {
    /// The form that `unicodedata.normalize` calls `name`.
    pub fn from_name(name: &str) -> Option<Form> {
        Some(match name {
            "NFC" => Form::Nfc,
            "NFD" => Form::Nfd,
            "NFKC" => Form::Nfkc,
            "NFKD" => Form::Nfkd,
            _ => return None,
        })
    }

    fn composes(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }

    fn compatible(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }
}

/// What a look at each character says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quick {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Only normalizing tells.
    Maybe,
}

/// Whether text is in a normal form, as far as that can be seen without normalizing it.
pub fn quick_check(chars: impl Iterator<Item = u32>, form: Form) -> Quick {
    let refused = match form {
        Form::Nfc => properties::NFC_NO,
        Form::Nfd => properties::NFD_NO,
        Form::Nfkc => properties::NFKC_NO,
        Form::Nfkd => properties::NFKD_NO,
    };
    let (mut last_class, mut answer) = (0, Quick::Yes);
    for c in chars {
        if c < 0x80 {
            last_class = 0;
            continue;
        }
        let class = properties::combining(c, Version::Now);
        if class != 0 && last_class > class {
            return Quick::No;
        }
        last_class = class;
        let flags = properties::flags(c);
        if flags & refused != 0 {
            return Quick::No;
        }
        if form.composes() && flags & properties::SECOND != 0 {
            answer = Quick::Maybe;
        }
    }
    answer
}

const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
const L_COUNT: u32 = 19;
const V_COUNT: u32 = 21;
const T_COUNT: u32 = 28;
const S_COUNT: u32 = L_COUNT * V_COUNT * T_COUNT;

fn push(out: &mut Vec<u32>, c: u32) -> Result<(), TryReserveError> {
    if out.len() == out.capacity() {
        out.try_reserve(out.len().max(16))?;
    }
    out.push(c);
    Ok(())
}

/// The characters decomposed, without the sorting.
fn decompose(out: &mut Vec<u32>, c: u32, form: Form, version: Version) -> Result<(), TryReserveError> {
    let refused = if form.compatible() { properties::NFKD_NO } else { properties::NFD_NO };
    // Decompositions are at most a few deep and 18 long.
    let mut pending = [0u32; 64];
    let mut count = 1;
    pending[0] = c;
    while count > 0 {
        count -= 1;
        let c = pending[count];
        if c < 0xa0 || properties::flags(c) & refused == 0 {
            push(out, c)?;
            continue;
        }
        if let Some(index) = c.checked_sub(S_BASE).filter(|index| *index < S_COUNT) {
            push(out, L_BASE + index / (V_COUNT * T_COUNT))?;
            push(out, V_BASE + index % (V_COUNT * T_COUNT) / T_COUNT)?;
            if index % T_COUNT != 0 {
                push(out, T_BASE + index % T_COUNT)?;
            }
            continue;
        }
        if version == Version::Old
            && let Some(old) = properties::old_decomposition(c)
        {
            pending[count] = old;
            count += 1;
            continue;
        }
        match properties::decomposition(c, version) {
            Some((tag, parts)) if (tag.is_empty() || form.compatible()) && count + parts.len() <= pending.len() => {
                for part in parts.iter().rev() {
                    pending[count] = *part;
                    count += 1;
                }
            }
            _ => push(out, c)?,
        }
    }
    Ok(())
}

fn compose_pair(first: u32, second: u32) -> Option<u32> {
    if let (Some(l), Some(v)) = (first.checked_sub(L_BASE), second.checked_sub(V_BASE))
        && l < L_COUNT
        && v < V_COUNT
    {
        return Some(S_BASE + (l * V_COUNT + v) * T_COUNT);
    }
    if let (Some(s), Some(t)) = (first.checked_sub(S_BASE), second.checked_sub(T_BASE))
        && s < S_COUNT
        && s % T_COUNT == 0
        && (1..T_COUNT).contains(&t)
    {
        return Some(first + t);
    }
    properties::composition(first, second)
}

/// Composes decomposed, sorted text in place.
fn compose(text: &mut Vec<u32>) {
    let (mut starter, mut last_class, mut out) = (None, 0u8, 0);
    for at in 0..text.len() {
        let c = text[at];
        let class = if c < 0x300 { 0 } else { properties::combining(c, Version::Now) };
        if let Some(start) = starter
            && c >= 0x300
            && properties::flags(c) & properties::SECOND != 0
        {
            // Blocked by a character of no lower class between the two.
            let adjacent = start + 1 == out;
            let blocked = !adjacent && (last_class == 0 || last_class >= class);
            if !blocked && let Some(composed) = compose_pair(text[start], c) {
                text[start] = composed;
                continue;
            }
        }
        if class == 0 {
            starter = Some(out);
        }
        last_class = class;
        text[out] = c;
        out += 1;
    }
    text.truncate(out);
}

/// The text in a normal form.
pub fn normalize(chars: impl Iterator<Item = u32>, form: Form, version: Version) -> Result<Vec<u32>, TryReserveError> {
    let mut out = Vec::new();
    out.try_reserve(chars.size_hint().0)?;
    for c in chars {
        decompose(&mut out, c, form, version)?;
    }
    // Runs of combining characters are sorted by class, otherwise left in order.
    let mut at = 0;
    while at < out.len() {
        if out[at] < 0x300 || properties::combining(out[at], Version::Now) == 0 {
            at += 1;
            continue;
        }
        let start = at;
        while at < out.len() && properties::combining(out[at], Version::Now) != 0 {
            at += 1;
        }
        if at - start > 1 {
            out[start..at].sort_by_key(|c| properties::combining(*c, Version::Now));
        }
    }
    if form.composes() {
        compose(&mut out);
    }
    Ok(out)
}

/// Form KC of text in UTF-8, as identifiers take it; `None` when it is in that form.
pub fn nfkc(text: &str) -> Option<String> {
    let chars = || text.chars().map(u32::from);
    if quick_check(chars(), Form::Nfkc) == Quick::Yes {
        return None;
    }
    let normal = normalize(chars(), Form::Nfkc, Version::Now).ok()?;
    let normal: String = normal.into_iter().filter_map(char::from_u32).collect();
    if normal == text { None } else { Some(normal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, form: Form, expected: &str) {
        let normal = normalize(text.chars().map(u32::from), form, Version::Now).expect("memory");
        let normal: String = normal.into_iter().filter_map(char::from_u32).collect();
        assert_eq!(normal, expected);
    }

    #[test]
    fn forms() {
        check("é", Form::Nfd, "e\u{301}");
        check("e\u{301}", Form::Nfc, "é");
        check("ﬁ", Form::Nfkc, "fi");
        check("한", Form::Nfd, "\u{1112}\u{1161}\u{11ab}");
        check("\u{1112}\u{1161}\u{11ab}", Form::Nfc, "한");
        check("a\u{301}\u{323}", Form::Nfc, "ạ\u{301}");
        assert_eq!(nfkc("abc"), None);
        assert_eq!(nfkc("ℌ"), Some("H".to_owned()));
    }
}
