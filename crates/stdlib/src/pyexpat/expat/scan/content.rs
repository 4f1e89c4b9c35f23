//! Tokens of content: tags with their attributes, character data, references, and those of CDATA sections.

use super::{
    AMP, COLON, CR, Cut, DATA_STOP, LEAD, LF, LT, NONXML, OTHER, PART, RSQB, SPACE, START, Scan, byte, character,
    class, comment, instruction, is_noncharacter, is_space, qualified_name, reference,
};

/// An attribute of a start tag, as it is written.
#[derive(Clone, Copy)]
pub struct RawAttribute {
    pub name: (usize, usize),
    pub value: (usize, usize),
    /// Whether the value stands for itself.
    pub plain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    Data,
    Newline,
    /// The name ends at `name`.
    StartTag {
        name: usize,
        empty: bool,
    },
    /// The name ends at `name`.
    EndTag {
        name: usize,
    },
    CdataOpen,
    EntityRef,
    /// The code of the character, if it is one.
    CharRef(Option<char>),
    Pi {
        target: usize,
    },
    XmlDecl,
    Comment,
    TrailingCr,
    TrailingBrackets,
}

/// The token of content at `at`, which is inside, and the index behind it.
#[inline]
pub fn content(s: &[u8], at: usize, ns: bool, attributes: &mut Vec<RawAttribute>) -> Scan<(Content, usize)> {
    match class(s[at]) {
        LT => return less_than(s, at, ns, attributes),
        AMP => return reference(s, at, ns),
        LF => return Ok((Content::Newline, at + 1)),
        CR => {
            return Ok(match s.get(at + 1) {
                None => (Content::TrailingCr, at + 1),
                Some(b'\n') => (Content::Newline, at + 2),
                Some(_) => (Content::Newline, at + 1),
            });
        }
        RSQB => match (s.get(at + 1), s.get(at + 2)) {
            (None, _) | (Some(b']'), None) => return Ok((Content::TrailingBrackets, s.len())),
            (Some(b']'), Some(b'>')) => return Err(Cut::Invalid(at + 2)),
            _ => {}
        },
        _ => {}
    }
    let mut end = character(s, at)?;
    while let Some(&byte) = s.get(end) {
        if !DATA_STOP[byte as usize] {
            end += 1;
            continue;
        }
        match byte {
            b']' => match (s.get(end + 1), s.get(end + 2)) {
                (Some(b']'), Some(b'>')) => return Err(Cut::Invalid(end + 2)),
                (Some(b']'), None) | (None, _) => break,
                _ => end += 1,
            },
            0xEF if !is_noncharacter(s, end) => end += 1,
            _ => break,
        }
    }
    Ok((Content::Data, end))
}

/// The token of a CDATA section at `at`, which is inside: data, a newline, or the section's end.
pub fn cdata(s: &[u8], at: usize) -> Scan<(Content, usize)> {
    match s[at] {
        b'\n' => return Ok((Content::Newline, at + 1)),
        b'\r' => {
            return match s.get(at + 1) {
                None => Err(Cut::Partial),
                Some(b'\n') => Ok((Content::Newline, at + 2)),
                Some(_) => Ok((Content::Newline, at + 1)),
            };
        }
        b']' if byte(s, at + 1)? == b']' && byte(s, at + 2)? == b'>' => return Ok((Content::CdataOpen, at + 3)),
        _ => {}
    }
    let mut end = character(s, at)?;
    while let Some(&byte) = s.get(end) {
        match byte {
            b'\n' | b'\r' | b']' => break,
            _ if class(byte) == NONXML || (byte == 0xEF && is_noncharacter(s, end)) => break,
            _ => end += 1,
        }
    }
    Ok((Content::Data, end))
}

#[inline]
fn less_than(s: &[u8], at: usize, ns: bool, attributes: &mut Vec<RawAttribute>) -> Scan<(Content, usize)> {
    match byte(s, at + 1)? {
        b'/' => {
            let name = qualified_name(s, at + 2, ns)?;
            let mut end = name;
            while is_space(byte(s, end)?) {
                end += 1;
            }
            if s[end] == b'>' { Ok((Content::EndTag { name }, end + 1)) } else { Err(Cut::Invalid(end)) }
        }
        b'!' => match byte(s, at + 2)? {
            b'-' => comment(s, at + 3).map(|end| (Content::Comment, end)),
            b'[' => {
                for (i, expected) in b"CDATA[".iter().enumerate() {
                    if byte(s, at + 3 + i)? != *expected {
                        return Err(Cut::Invalid(at + 3 + i));
                    }
                }
                Ok((Content::CdataOpen, at + 9))
            }
            _ => Err(Cut::Invalid(at + 2)),
        },
        b'?' => {
            let (target, end) = instruction(s, at + 2, ns)?;
            Ok((if &s[at + 2..target] == b"xml" { Content::XmlDecl } else { Content::Pi { target } }, end))
        }
        _ => {
            let name = qualified_name(s, at + 1, ns)?;
            let (empty, end) = tag_rest(s, name, ns, attributes)?;
            Ok((Content::StartTag { name, empty }, end))
        }
    }
}

/// What follows the name of a start tag: whether the element is empty, and the index behind the tag.
#[inline]
fn tag_rest(s: &[u8], mut at: usize, ns: bool, attributes: &mut Vec<RawAttribute>) -> Scan<(bool, usize)> {
    attributes.clear();
    loop {
        let before = at;
        while is_space(byte(s, at)?) {
            at += 1;
        }
        match s[at] {
            b'>' => return Ok((false, at + 1)),
            b'/' => {
                return if byte(s, at + 1)? == b'>' { Ok((true, at + 2)) } else { Err(Cut::Invalid(at + 1)) };
            }
            _ if at == before => return Err(Cut::Invalid(at)),
            _ => {}
        }
        let name_end = qualified_name(s, at, ns)?;
        let name = (at, name_end);
        at = name_end;
        while is_space(byte(s, at)?) {
            at += 1;
        }
        if s[at] != b'=' {
            return Err(Cut::Invalid(at));
        }
        at += 1;
        while is_space(byte(s, at)?) {
            at += 1;
        }
        let quote = s[at];
        if quote != b'"' && quote != b'\'' {
            return Err(Cut::Invalid(at));
        }
        at += 1;
        let start = at;
        let mut plain = true;
        loop {
            let byte = byte(s, at)?;
            match class(byte) {
                OTHER | START | PART | COLON | RSQB => {
                    if byte == quote {
                        break;
                    }
                    at += 1;
                }
                SPACE => {
                    // A space may have to go where the type of the attribute is not CDATA.
                    plain = plain && byte == b' ' && at != start && s[at - 1] != b' ' && s.get(at + 1) != Some(&quote);
                    at += 1;
                }
                LF | CR => {
                    plain = false;
                    at += 1;
                }
                AMP => {
                    plain = false;
                    at = reference(s, at, ns)?.1;
                }
                LEAD => at = character(s, at)?,
                _ => return Err(Cut::Invalid(at)),
            }
        }
        attributes.push(RawAttribute { name, value: (start, at), plain });
        at += 1;
        match byte(s, at)? {
            b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/' => {}
            _ => return Err(Cut::Invalid(at)),
        }
    }
}
