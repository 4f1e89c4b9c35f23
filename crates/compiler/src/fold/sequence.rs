//! Strings, bytes and tuples: concatenation, repetition, indexing.
//!
//! Sums and repetitions can be far larger than the source, so memory for them is asked for.

use super::{Folded, integer, small};
use crate::code::Constant;
use crate::memory::{self, NoMemory};
use crate::text::Text;

use num_traits::ToPrimitive;

const MAX_COLLECTION: usize = 256;
const MAX_STR: usize = 4096;
const MAX_TOTAL_ITEMS: i64 = 1024;

/// The length; `None` for what is no sequence.
fn len(value: &Constant) -> Option<usize> {
    match value {
        Constant::Str(v) => Some(v.char_count()),
        Constant::Bytes(v) => Some(v.len()),
        Constant::Tuple(v) => Some(v.len()),
        _ => None,
    }
}

/// Whether `a + b` is a sum of sequences.
pub(crate) fn can_concat(a: &Constant, b: &Constant) -> bool {
    use Constant::*;
    matches!((a, b), (Str(_), Str(_)) | (Bytes(_), Bytes(_)) | (Tuple(_), Tuple(_)))
}

/// `a + b` where [`can_concat`] allows it. The memory of `a` is used again where that is possible.
pub(crate) fn concat(a: Constant, b: Constant) -> Folded {
    Ok(Some(match (a, b) {
        (Constant::Str(a), Constant::Str(b)) => Constant::Str(a.append(&b)?),
        (Constant::Bytes(a), Constant::Bytes(b)) => {
            let mut bytes = a.into_vec();
            bytes.try_reserve_exact(b.len())?;
            bytes.extend_from_slice(&b);
            Constant::Bytes(bytes.into())
        }
        (Constant::Tuple(a), Constant::Tuple(b)) => {
            let mut items = a.into_vec();
            items.try_reserve_exact(b.len())?;
            items.extend(b);
            Constant::Tuple(items.into())
        }
        _ => return Ok(None),
    }))
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

/// How often `sequence * times` repeats; `None` when that is for run time.
fn repetitions(sequence: &Constant, times: &Constant) -> Option<usize> {
    integer(times)?;
    let size = len(sequence)?;
    let times = small(times).filter(|n| size == 0 || *n >= 0)?.max(0) as usize;
    let limit = if matches!(sequence, Constant::Tuple(_)) { MAX_COLLECTION } else { MAX_STR };
    if size == 0 || times == 0 {
        return Some(0);
    }
    let fits = times <= limit / size && complexity(sequence, MAX_TOTAL_ITEMS / times as i64) >= 0;
    fits.then_some(times)
}

pub(super) fn repeat(sequence: &Constant, times: &Constant) -> Folded {
    let Some(times) = repetitions(sequence, times) else { return Ok(None) };
    Ok(Some(match sequence {
        Constant::Str(v) => {
            Constant::Str(Text::from_vec(memory::repeated(v.as_bytes(), times)?, times > 0 && v.has_surrogates()))
        }
        Constant::Bytes(v) => Constant::Bytes(memory::repeated(v, times)?.into()),
        Constant::Tuple(v) => {
            let mut items = memory::room(v.len() * times)?;
            for item in (0..times).flat_map(|_| v) {
                items.push(item.try_clone()?);
            }
            Constant::Tuple(items.into())
        }
        _ => return Ok(None),
    }))
}

/// `container[key]`.
pub(super) fn subscript(container: &Constant, key: &Constant) -> Folded {
    let Some(size) = len(container) else { return Ok(None) };
    if let Constant::Slice(parts) = key {
        return match Slice::new(parts, size) {
            Some(slice) => picked(container, &slice).map(Some),
            None => Ok(None),
        };
    }
    let Some(index) = small(key) else { return Ok(None) };
    let index = if index < 0 { index.saturating_add(size as i64) } else { index };
    let Some(at) = usize::try_from(index).ok().filter(|at| *at < size) else { return Ok(None) };
    match container {
        Constant::Bytes(v) => Ok(Some(Constant::Int(v[at] as i64))),
        Constant::Tuple(v) => v[at].try_clone().map(Some),
        _ => picked(container, &Slice { start: at, step: 1, count: 1 }).map(Some),
    }
}

/// The items of a sequence that a slice picks.
fn picked(container: &Constant, slice: &Slice) -> Result<Constant, NoMemory> {
    Ok(match container {
        Constant::Str(v) => {
            let mut size = 0;
            slice.pick(v.code_points(), |bytes| size += bytes.len());
            let mut text = memory::room(size)?;
            slice.pick(v.code_points(), |bytes| text.extend_from_slice(bytes));
            let has_surrogates = v.has_surrogates() && std::str::from_utf8(&text).is_err();
            Constant::Str(Text::from_vec(text, has_surrogates))
        }
        Constant::Bytes(v) => {
            let mut bytes = memory::room(slice.count)?;
            slice.pick(v.iter(), |byte| bytes.push(*byte));
            Constant::Bytes(bytes.into())
        }
        Constant::Tuple(v) => {
            let mut items = memory::room(slice.count)?;
            let mut failed = None;
            slice.pick(v.iter(), |item| match item.try_clone() {
                Ok(item) => items.push(item),
                Err(error) => failed = Some(error),
            });
            match failed {
                Some(error) => return Err(error),
                None => Constant::Tuple(items.into()),
            }
        }
        other => other.try_clone()?,
    })
}

/// The positions that a slice picks: `count` of them, from `start`.
struct Slice {
    start: usize,
    step: i64,
    count: usize,
}

impl Slice {
    /// `None` where it is an error, or an argument no integer.
    fn new(parts: &[Constant; 3], size: usize) -> Option<Slice> {
        let [from, to, step] = parts;
        let size = size as i64;
        let step = slice_part(step)?.unwrap_or(1);
        if step == 0 {
            return None;
        }
        let (lowest, highest) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let clip = |part: Option<i64>, default: i64| match part {
            None => default,
            Some(v) if v < 0 => (v + size).max(lowest),
            Some(v) => v.min(highest),
        };
        let start = clip(slice_part(from)?, if step > 0 { lowest } else { highest });
        let stop = clip(slice_part(to)?, if step > 0 { highest } else { lowest });
        let distance = if step > 0 { stop - start } else { start - stop };
        let count = if distance <= 0 { 0 } else { (distance as u64).div_ceil(step.unsigned_abs()) as usize };
        // Where it picks nothing it may start in front of the first item.
        Some(Slice { start: start.max(0) as usize, step, count })
    }

    fn pick<T>(&self, items: impl DoubleEndedIterator<Item = T> + Clone, take: impl FnMut(T)) {
        let stride = self.step.unsigned_abs() as usize;
        if self.step > 0 {
            items.skip(self.start).step_by(stride).take(self.count).for_each(take);
        } else if self.count > 0 {
            let behind = items.clone().skip(self.start + 1).count();
            items.rev().skip(behind).step_by(stride).take(self.count).for_each(take);
        }
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
