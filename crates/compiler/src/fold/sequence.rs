//! Strings, bytes and tuples: concatenation, repetition, indexing.

use super::{integer, small};
use crate::code::Constant;
use crate::text::Text;

use num_traits::ToPrimitive;

const MAX_COLLECTION: usize = 256;
const MAX_STR: usize = 4096;
const MAX_TOTAL_ITEMS: i64 = 1024;

pub(super) fn concat(a: &Constant, b: &Constant) -> Option<Constant> {
    Some(match (a, b) {
        (Constant::Str(a), Constant::Str(b)) => Constant::Str(Text::from_wtf8(
            &[a.as_bytes(), b.as_bytes()].concat(),
            a.has_surrogates() || b.has_surrogates(),
        )),
        (Constant::Bytes(a), Constant::Bytes(b)) => Constant::Bytes([&a[..], &b[..]].concat().into()),
        (Constant::Tuple(a), Constant::Tuple(b)) => Constant::Tuple(a.iter().chain(b.iter()).cloned().collect()),
        _ => return None,
    })
}

/// What remains of `limit` after the items of nested tuples; negative when there are more.
fn complexity(value: &Constant, mut limit: i64) -> i64 {
    if let Constant::Tuple(items) = value {
        limit -= items.len() as i64;
        for item in items {
            if limit < 0 {
                break;
            }
            limit = complexity(item, limit);
        }
    }
    limit
}

pub(super) fn repeat(sequence: &Constant, times: &Constant) -> Option<Constant> {
    integer(times)?;
    let size = match sequence {
        Constant::Str(v) => v.char_count(),
        Constant::Bytes(v) => v.len(),
        Constant::Tuple(v) => v.len(),
        _ => return None,
    };
    let times = small(times).filter(|n| size == 0 || *n >= 0)?.max(0) as usize;
    let limit = if matches!(sequence, Constant::Tuple(_)) { MAX_COLLECTION } else { MAX_STR };
    if size > 0 && times > limit / size {
        return None;
    }
    let times = if size == 0 { 0 } else { times };
    Some(match sequence {
        Constant::Str(v) => Constant::Str(Text::from_wtf8(&v.as_bytes().repeat(times), v.has_surrogates())),
        Constant::Bytes(v) => Constant::Bytes(v.repeat(times).into()),
        Constant::Tuple(v) => {
            if times > 0 && complexity(sequence, MAX_TOTAL_ITEMS / times as i64) < 0 {
                return None;
            }
            let mut items = Vec::with_capacity(v.len() * times);
            for _ in 0..times {
                items.extend_from_slice(v);
            }
            Constant::Tuple(items.into())
        }
        _ => return None,
    })
}

/// The bytes of each code point.
fn code_points(text: &Text) -> Vec<&[u8]> {
    let bytes = text.as_bytes();
    let mut points = Vec::with_capacity(bytes.len());
    let mut start = 0;
    for at in 1..=bytes.len() {
        if at == bytes.len() || bytes[at] & 0xC0 != 0x80 {
            points.push(&bytes[start..at]);
            start = at;
        }
    }
    points
}

fn text_of(parts: impl Iterator<Item = impl AsRef<[u8]>>) -> Constant {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(part.as_ref());
    }
    let has_surrogates = std::str::from_utf8(&bytes).is_err();
    Constant::Str(Text::from_wtf8(&bytes, has_surrogates))
}

pub(super) fn subscript(container: &Constant, key: &Constant) -> Option<Constant> {
    if let Constant::Slice(parts) = key {
        let size = match container {
            Constant::Str(v) => v.char_count(),
            Constant::Bytes(v) => v.len(),
            Constant::Tuple(v) => v.len(),
            _ => return None,
        };
        let picked = slice_indices(parts, size)?;
        return Some(match container {
            Constant::Str(v) => {
                let points = code_points(v);
                text_of(picked.iter().map(|at| points[*at]))
            }
            Constant::Bytes(v) => Constant::Bytes(picked.iter().map(|at| v[*at]).collect()),
            Constant::Tuple(v) => Constant::Tuple(picked.iter().map(|at| v[*at].clone()).collect()),
            _ => return None,
        });
    }
    let index = small(key)?;
    let place = |size: usize| -> Option<usize> {
        let at = if index < 0 { index.checked_add(size as i64)? } else { index };
        usize::try_from(at).ok().filter(|at| *at < size)
    };
    match container {
        Constant::Str(v) => {
            let points = code_points(v);
            let at = place(points.len())?;
            Some(text_of(std::iter::once(points[at])))
        }
        Constant::Bytes(v) => Some(Constant::Int(v[place(v.len())?] as i64)),
        Constant::Tuple(v) => Some(v[place(v.len())?].clone()),
        _ => None,
    }
}

/// A part of a slice as an integer within what indices can be; `Some(None)` for `None`.
fn slice_part(part: &Constant) -> Option<Option<i64>> {
    if matches!(part, Constant::None) {
        return Some(None);
    }
    let value = integer(part)?;
    let limit = i64::MAX / 2;
    Some(Some(
        value
            .to_i64()
            .unwrap_or(if value.sign() == num_bigint::Sign::Minus { -limit } else { limit })
            .clamp(-limit, limit),
    ))
}

/// The positions that a slice picks from `size` items.
fn slice_indices(parts: &[Constant; 3], size: usize) -> Option<Vec<usize>> {
    let size = size as i64;
    let step = slice_part(&parts[2])?.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (lowest, highest) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let clip = |part: Option<i64>, default: i64| match part {
        None => default,
        Some(v) if v < 0 => (v + size).max(lowest),
        Some(v) => v.min(highest),
    };
    let start = clip(slice_part(&parts[0])?, if step > 0 { lowest } else { highest });
    let stop = clip(slice_part(&parts[1])?, if step > 0 { highest } else { lowest });
    let mut picked = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        picked.push(usize::try_from(at).ok()?);
        at += step;
    }
    Some(picked)
}
