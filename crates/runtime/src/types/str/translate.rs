//! `translate` and `maketrans`.
//!
//! CPython: `_PyUnicode_TranslateCharmap`, `unicode_maketrans_impl`.

use super::{Str, StrBuilder};
use crate::prelude::*;
use crate::types::codec::registry;
use crate::types::exceptions::{LookupError, unicode_translate_error};

/// What a table says of a character.
enum Entry {
    /// Nothing: the character stays.
    Unmapped,
    Deleted,
    Char(u32),
    Text(Ref<Str>),
}

/// `table[c]`. Runs Python code unless the table is an exact dict.
fn look_up(table: Borrowed<'_, Object>, c: u32) -> PyResult<Entry> {
    let key = Int::from_i64(i64::from(c))?;
    let found = if let Some(dict) = table.downcast_exact::<Dict>() {
        match dict.get(key.as_borrowed())? {
            Some(found) => found,
            None => return Ok(Entry::Unmapped),
        }
    } else {
        match table.get_item(key.as_borrowed()) {
            Ok(found) => found,
            Err(raised) => {
                raised.clear_if::<LookupError>()?;
                return Ok(Entry::Unmapped);
            }
        }
    };
    if found.is_none() {
        return Ok(Entry::Deleted);
    }
    if let Some(int) = found.downcast::<Int>() {
        return match int.to_i64().and_then(|value| u32::try_from(value).ok()) {
            Some(value) if value <= 0x10_ffff => Ok(Entry::Char(value)),
            _ => Err(raise!(ValueError, "character mapping must be in range(0x110000)")),
        };
    }
    match found.into_downcast::<Str>() {
        Ok(text) => Ok(Entry::Text(text)),
        Err(_) => Err(raise!(TypeError, "character mapping must return integer, None or str")),
    }
}

/// `string.translate(table)`.
pub fn translate(string: &Ref<Str>, table: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    /// What is known of an ASCII character that maps to one ASCII character or to nothing.
    const UNKNOWN: u8 = 0xff;
    const DELETED: u8 = 0xfe;
    let mut known = [UNKNOWN; 128];
    let mut out = StrBuilder::with_capacity(string.len())?;
    for index in 0..string.len() {
        let c = string.char_at(index);
        if let Some(&to) = known.get(c as usize) {
            match to {
                UNKNOWN => {}
                DELETED => continue,
                to => {
                    out.push(u32::from(to))?;
                    continue;
                }
            }
        }
        let short = match look_up(table, c)? {
            Entry::Unmapped => Some(c),
            Entry::Char(to) => Some(to),
            Entry::Deleted => {
                if let Some(slot) = known.get_mut(c as usize) {
                    *slot = DELETED;
                }
                None
            }
            Entry::Text(text) if text.len() == 1 => Some(text.char_at(0)),
            Entry::Text(text) => {
                out.push_object(&text)?;
                None
            }
        };
        if let Some(to) = short {
            out.push(to)?;
            if to < 128
                && let Some(slot) = known.get_mut(c as usize)
            {
                *slot = to as u8;
            }
        }
    }
    out.finish()
}

/// As [`translate`], with an error handler for characters that the table maps to nothing (`PyUnicode_Translate`).
pub fn translate_with(string: &Ref<Str>, table: Borrowed<'_, Object>, errors: &str) -> PyResult<Ref<Str>> {
    if errors == "ignore" {
        return translate(string, table);
    }
    let mut out = StrBuilder::with_capacity(string.len())?;
    let mut at = 0;
    while at < string.len() {
        let c = string.char_at(at);
        match look_up(table, c)? {
            Entry::Unmapped => out.push(c)?,
            Entry::Char(to) => out.push(to)?,
            Entry::Text(text) => out.push_object(&text)?,
            Entry::Deleted => {
                let mut end = at + 1;
                while end < string.len() && matches!(look_up(table, string.char_at(end))?, Entry::Deleted) {
                    end += 1;
                }
                let (text, next) = replacement(string, at, end, errors)?;
                out.push_object(&text)?;
                at = next;
                continue;
            }
        }
        at += 1;
    }
    out.finish()
}

/// What an error handler puts in the place of characters that map to nothing, and where it goes on.
fn replacement(string: &Ref<Str>, start: usize, end: usize, errors: &str) -> PyResult<(Ref<Str>, usize)> {
    let handler = registry::lookup_error(errors)?;
    let reason = "character maps to <undefined>";
    let exception = unicode_translate_error(string.borrow(), start, end, reason)?;
    let wrong = || raise!(TypeError, "translating error handler must return (str, int) tuple");
    let Ok(answer) = handler.call1(exception.borrow())?.into_downcast::<Tuple>() else { return Err(wrong()) };
    if answer.len() != 2 {
        return Err(wrong());
    }
    let (Some(text), Some(next)) = (answer.get(0).downcast_borrowed::<Str>(), answer.get(1).downcast_borrowed::<Int>())
    else {
        return Err(wrong());
    };
    let next = next.to_isize_clamped();
    let place = if next < 0 { next.saturating_add(string.len() as isize) } else { next };
    match usize::try_from(place) {
        Ok(place) if place <= string.len() => Ok((text.to_owned(), place)),
        _ => Err(raise!(IndexError, "position {next} from error handler out of bounds")),
    }
}

fn code(c: u32) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(i64::from(c))?.into_object())
}

/// `str.maketrans(x, y, z)`.
pub fn maketrans(
    x: Borrowed<'_, Object>,
    y: Option<Borrowed<'_, Str>>,
    z: Option<Borrowed<'_, Str>>,
) -> PyResult<Ref<Dict>> {
    let table = Dict::new()?;
    let Some(y) = y else {
        let Some(mapping) = x.downcast_exact::<Dict>() else {
            return Err(raise!(TypeError, "if you give only one argument to maketrans it must be a dict"));
        };
        for (key, value) in mapping.items_snapshot()? {
            if let Some(text) = key.downcast::<Str>() {
                if text.len() != 1 {
                    return Err(raise!(ValueError, "string keys in translatetable must be of length 1"));
                }
                table.set_item(code(text.char_at(0))?.borrow(), value.borrow())?;
            } else if key.is_instance_of::<Int>() {
                table.set_item(key.borrow(), value.borrow())?;
            } else {
                return Err(raise!(TypeError, "keys in translate table mustbe strings or integers"));
            }
        }
        return Ok(table);
    };
    let Some(x) = x.downcast::<Str>() else {
        return Err(raise!(TypeError, "first maketrans argument must be a string if there is a second argument"));
    };
    if x.len() != y.len() {
        return Err(raise!(ValueError, "the first two maketrans arguments must have equal length"));
    }
    for (from, to) in x.chars().zip(y.chars()) {
        table.set_item(code(from)?.borrow(), code(to)?.borrow())?;
    }
    if let Some(z) = z {
        let none = none();
        for c in z.chars() {
            table.set_item(code(c)?.borrow(), none.borrow())?;
        }
    }
    Ok(table)
}
