//! Tokens inside of the values of attributes and entities.

use super::prolog::percent;
use super::{Content, Cut, Prolog, Scan, character, reference};

/// What an attribute value or the value of an entity is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Data,
    /// A line end, or a carriage return that is the last character.
    Newline,
    Space,
    EntityRef,
    ParameterRef,
    CharRef(Option<char>),
}

/// The token at `at` of an attribute value.
pub fn attribute_value(s: &[u8], at: usize, ns: bool) -> Scan<(Value, usize)> {
    match s[at] {
        b'&' => return value_reference(s, at, ns),
        b'<' => return Err(Cut::Invalid(at)),
        b'\n' => return Ok((Value::Newline, at + 1)),
        b'\r' => return Ok((Value::Newline, at + 1 + usize::from(s.get(at + 1) == Some(&b'\n')))),
        b' ' | b'\t' => return Ok((Value::Space, at + 1)),
        _ => {}
    }
    let mut end = character(s, at)?;
    while end < s.len() && !matches!(s[end], b'&' | b'<' | b'\n' | b'\r' | b' ' | b'\t') {
        end = character(s, end)?;
    }
    Ok((Value::Data, end))
}

/// The token at `at` of the value of an entity.
pub fn entity_value(s: &[u8], at: usize, ns: bool) -> Scan<(Value, usize)> {
    match s[at] {
        b'&' => return value_reference(s, at, ns),
        b'%' => {
            return match percent(s, at, ns)? {
                (Prolog::Percent, _) => Err(Cut::Invalid(at + 1)),
                (_, end) => Ok((Value::ParameterRef, end)),
            };
        }
        b'\n' => return Ok((Value::Newline, at + 1)),
        b'\r' => return Ok((Value::Newline, at + 1 + usize::from(s.get(at + 1) == Some(&b'\n')))),
        _ => {}
    }
    let mut end = character(s, at)?;
    while end < s.len() && !matches!(s[end], b'&' | b'%' | b'\n' | b'\r') {
        end = character(s, end)?;
    }
    Ok((Value::Data, end))
}

fn value_reference(s: &[u8], at: usize, ns: bool) -> Scan<(Value, usize)> {
    let (token, end) = reference(s, at, ns)?;
    Ok((if let Content::CharRef(code) = token { Value::CharRef(code) } else { Value::EntityRef }, end))
}
