//! "Did you mean": the name that is closest to a misspelt one.
//!
//! The measure is the edit distance in which an insertion, a deletion or a replacement costs 2, and a change of case 1;
//! a name counts as close when about a third of it differs. CPython: `Python/suggestions.c`.

const MOVE: usize = 2;
const CASE: usize = 1;
/// Longer names get no suggestion: the distance takes quadratic time.
const MAX_LENGTH: usize = 40;
/// Nor do names from a larger crowd.
const MAX_CANDIDATES: usize = 750;

/// The candidate closest to `name`, if any is close enough. The name itself is no suggestion.
pub fn closest_name<'a>(candidates: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let mut best: Option<(usize, &'a str)> = None;
    for (seen, candidate) in candidates.into_iter().enumerate() {
        if seen >= MAX_CANDIDATES {
            return None;
        }
        if candidate == name {
            continue;
        }
        let mut limit = (name.len() + candidate.len() + 3) * MOVE / 6;
        if let Some((distance, _)) = best {
            limit = limit.min(distance.saturating_sub(1));
        }
        if let Some(distance) = distance_within(name.as_bytes(), candidate.as_bytes(), limit) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// What it costs to put `b` in the place of `a`.
fn replacement(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE
    } else {
        MOVE
    }
}

/// The edit distance of `a` and `b`, or `None` when it exceeds `limit`.
fn distance_within(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return Some(long.len() * MOVE).filter(|distance| *distance <= limit);
    }
    if long.len() > MAX_LENGTH || (long.len() - short.len()) * MOVE > limit {
        return None;
    }
    // One row of the table at a time: `row[i]` is the distance of the first `i + 1` bytes of `short` to what has been
    // read of `long`.
    let mut row = [0; MAX_LENGTH];
    for (index, cell) in row.iter_mut().enumerate().take(short.len()) {
        *cell = (index + 1) * MOVE;
    }
    let mut last = 0;
    for (read, &byte) in long.iter().enumerate() {
        let mut diagonal = read * MOVE;
        last = diagonal + MOVE;
        let mut least = usize::MAX;
        for (cell, &other) in row.iter_mut().zip(short) {
            let replaced = diagonal + replacement(byte, other);
            diagonal = *cell;
            last = replaced.min(last.min(diagonal) + MOVE);
            *cell = last;
            least = least.min(last);
        }
        if least > limit {
            return None;
        }
    }
    Some(last).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_the_reference_suggests() {
        let close = |name, candidates: &[&'static str]| closest_name(candidates.iter().copied(), name);
        assert_eq!(close("encodin", &["encoding", "errors"]), Some("encoding"));
        assert_eq!(close("encoding2", &["encoding", "errors"]), Some("encoding"));
        assert_eq!(close("kye", &["key", "reverse"]), None);
        assert_eq!(close("ky", &["key", "reverse"]), Some("key"));
        assert_eq!(close("cont", &["count"]), Some("count"));
        assert_eq!(close("Key", &["key"]), Some("key"));
        assert_eq!(close("foo", &["encoding", "errors"]), None);
    }
}
