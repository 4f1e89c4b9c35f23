//! Reading ISO 8601 text. Nothing here knows objects.

use super::calendar::{self, Clock, Ymd};

/// What a text says about a time: the clock, which may be 24:00, and the offset from UTC.
pub struct ParsedTime {
    pub clock: Clock,
    /// Seconds and microseconds, of the same sign.
    pub offset: Option<(i32, i32)>,
}

/// A number of exactly `count` digits.
fn digits(text: &[u8], at: usize, count: usize) -> Option<i32> {
    let text = text.get(at..at + count)?;
    text.iter().try_fold(0, |value, c| c.is_ascii_digit().then(|| value * 10 + i32::from(c - b'0')))
}

/// `YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www[-D]`, `YYYYWww[D]`.
pub fn date(text: &[u8]) -> Option<Ymd> {
    if !matches!(text.len(), 7 | 8 | 10) {
        return None;
    }
    let year = digits(text, 0, 4)?;
    let separated = text.get(4) == Some(&b'-');
    let step = usize::from(separated);
    let mut at = 4 + step;
    if text.get(at) == Some(&b'W') {
        let week = digits(text, at + 1, 2)?;
        at += 3;
        let mut weekday = 1;
        if at < text.len() {
            if (text[at] == b'-') != separated {
                return None;
            }
            weekday = digits(text, at + step, 1)?;
            at += step + 1;
        }
        if at != text.len() {
            return None;
        }
        return calendar::from_iso(year, week, weekday).ok();
    }
    let month = digits(text, at, 2)?;
    at += 2;
    if (text.get(at) == Some(&b'-')) != separated {
        return None;
    }
    let day = digits(text, at + step, 2)?;
    if at + step + 2 != text.len() {
        return None;
    }
    Some(Ymd::new(year, month, day))
}

/// `HH[:?MM[:?SS[{.,}f+]]]`
fn clock(text: &[u8]) -> Option<Clock> {
    let mut parts = [0; 3];
    let mut at = 0;
    let mut separated = false;
    for (index, part) in parts.iter_mut().enumerate() {
        *part = digits(text, at, 2)?;
        at += 2;
        let next = text.get(at);
        if index == 0 {
            separated = next == Some(&b':');
        }
        if next.is_none() || index == 2 {
            break;
        }
        if separated {
            if next != Some(&b':') {
                return None;
            }
            at += 1;
        }
    }
    let mut micros = 0;
    if at < text.len() {
        if !matches!(text[at], b'.' | b',') {
            return None;
        }
        let fraction = &text[at + 1..];
        if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let used = fraction.len().min(6);
        micros = digits(fraction, 0, used)? * 10i32.pow(6 - used as u32);
    }
    Some(Clock { hour: parts[0], minute: parts[1], second: parts[2], micros })
}

/// `HH[:?MM[:?SS[{.,}f+]]][Z|{+-}HH[:?MM[:?SS[{.,}f+]]]]`
pub fn time(text: &[u8]) -> Option<ParsedTime> {
    if text.len() < 2 {
        return None;
    }
    // The order of the searches says which character counts where several stand.
    let zone = [b'-', b'+', b'Z'].iter().find_map(|mark| text.iter().position(|c| c == mark));
    let Some(zone) = zone else { return Some(ParsedTime { clock: clock(text)?, offset: None }) };
    let time = clock(&text[..zone])?;
    let rest = &text[zone + 1..];
    if text[zone] == b'Z' {
        return rest.is_empty().then_some(ParsedTime { clock: time, offset: Some((0, 0)) });
    }
    if matches!(rest.len(), 0 | 1 | 3) {
        return None;
    }
    let offset = clock(rest)?;
    let sign = if text[zone] == b'-' { -1 } else { 1 };
    Some(ParsedTime { clock: time, offset: Some((sign * offset.seconds(), sign * offset.micros)) })
}

/// Where the character between date and time is; `None` for what is no date.
pub fn separator(text: &[u8]) -> Option<usize> {
    let len = text.len();
    if len < 7 {
        return None;
    }
    if len == 7 {
        return Some(7);
    }
    if text[4] == b'-' {
        if text[5] != b'W' {
            return Some(10);
        }
        if len > 8 && text[8] == b'-' {
            if len == 9 {
                return None;
            }
            // `YYYY-Www-##`: a hyphen as separator is likelier than a digit.
            return Some(if len > 10 && text[10].is_ascii_digit() { 8 } else { 10 });
        }
        return Some(8);
    }
    if text[4] != b'W' {
        return Some(8);
    }
    // `YYYYWww` or `YYYYWwwd`, then a separator that may be a digit too.
    let end = 7 + text[7..].iter().take_while(|c| c.is_ascii_digit()).count();
    if end < 9 {
        return Some(end);
    }
    Some(if end % 2 == 0 { 7 } else { 8 })
}
