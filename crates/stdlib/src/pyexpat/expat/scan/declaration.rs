//! What stands in `<?xml ..?>`, at the begin of a document or of an external entity.

use super::is_space;

/// What an XML or text declaration says.
#[derive(Default)]
pub struct Declaration<'a> {
    pub version: Option<&'a [u8]>,
    pub encoding: Option<(&'a [u8], usize)>,
    pub standalone: Option<bool>,
}

/// A name and a value, with the places of the value and of the name.
type Pair<'a> = (&'a [u8], &'a [u8], usize, usize);

/// The declaration from `start` to `end`, which includes `<?xml` and `?>`; or the place of what is wrong with it.
pub fn declaration(s: &[u8], start: usize, end: usize, is_text: bool) -> Result<Declaration<'_>, usize> {
    let mut at = start + 5;
    let end = end - 2;
    let mut result = Declaration::default();
    let next = |at: &mut usize| -> Result<Option<Pair<'_>>, usize> {
        if *at == end {
            return Ok(None);
        }
        if !is_space(s[*at]) {
            return Err(*at);
        }
        while *at < end && is_space(s[*at]) {
            *at += 1;
        }
        if *at == end {
            return Ok(None);
        }
        let begin = *at;
        while *at < end && s[*at] != b'=' && !is_space(s[*at]) {
            if !s[*at].is_ascii() {
                return Err(*at);
            }
            *at += 1;
        }
        let name = &s[begin..*at];
        while *at < end && is_space(s[*at]) {
            *at += 1;
        }
        if *at == end || s[*at] != b'=' || name.is_empty() {
            return Err(*at);
        }
        *at += 1;
        while *at < end && is_space(s[*at]) {
            *at += 1;
        }
        if *at == end || (s[*at] != b'"' && s[*at] != b'\'') {
            return Err(*at);
        }
        let quote = s[*at];
        *at += 1;
        let value = *at;
        loop {
            if *at == end {
                return Err(*at);
            }
            match s[*at] {
                c if c == quote => break,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => *at += 1,
                _ => return Err(*at),
            }
        }
        *at += 1;
        Ok(Some((name, &s[value..*at - 1], value, begin)))
    };
    let first = at;
    let mut pair = next(&mut at)?.ok_or(first)?;
    if pair.0 == b"version" {
        let minor = pair.1.strip_prefix(b"1.").filter(|minor| !minor.is_empty());
        if !minor.is_some_and(|minor| minor.iter().all(u8::is_ascii_digit)) {
            return Err(pair.2);
        }
        result.version = Some(pair.1);
        match next(&mut at)? {
            Some(more) => pair = more,
            None if is_text => return Err(at),
            None => return Ok(result),
        }
    } else if !is_text {
        return Err(pair.3);
    }
    if pair.0 == b"encoding" {
        if !pair.1.first().is_some_and(u8::is_ascii_alphabetic) {
            return Err(pair.2);
        }
        result.encoding = Some((pair.1, pair.2));
        match next(&mut at)? {
            Some(more) => pair = more,
            None => return Ok(result),
        }
    }
    if pair.0 != b"standalone" || is_text {
        return Err(pair.3);
    }
    result.standalone = match pair.1 {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => return Err(pair.2),
    };
    while at < end && is_space(s[at]) {
        at += 1;
    }
    if at != end { Err(at) } else { Ok(result) }
}
