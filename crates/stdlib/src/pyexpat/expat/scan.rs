//! Tokens of content, of attribute values and of the prolog, found in text that is valid UTF-8 but for one kind of byte:
//! [`BAD`], which stands where the input could not be decoded.
//!
//! A token that is not whole yet is [`Cut::Partial`]; [`Cut::Invalid`] names the place that no continuation can mend. These
//! places are observable, as they are the positions of errors. expat: `lib/xmltok_impl.c`.

use super::naming;

/// Stands in decoded text for what was not a character of the encoding.
pub const BAD: u8 = 0xFF;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    Partial,
    Invalid(usize),
}

pub type Scan<T> = Result<T, Cut>;

const NONXML: u8 = 0;
const OTHER: u8 = 1;
const SPACE: u8 = 2;
const LF: u8 = 3;
const CR: u8 = 4;
const START: u8 = 5;
const PART: u8 = 6;
const COLON: u8 = 7;
const AMP: u8 = 8;
const LT: u8 = 9;
const RSQB: u8 = 10;
/// The first byte of a character that is not ASCII.
const LEAD: u8 = 11;

static CLASS: [u8; 256] = {
    let mut table = [LEAD; 256];
    let mut b = 0;
    while b < 0x80 {
        table[b] = match b as u8 {
            b'\t' | b' ' => SPACE,
            b'\n' => LF,
            b'\r' => CR,
            0..=0x1F => NONXML,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => START,
            b'0'..=b'9' | b'-' | b'.' => PART,
            b':' => COLON,
            b'&' => AMP,
            b'<' => LT,
            b']' => RSQB,
            _ => OTHER,
        };
        b += 1;
    }
    table[BAD as usize] = NONXML;
    table
};

/// Bytes that end a run of plain character data, or need a look there.
static DATA_STOP: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = matches!(CLASS[b], NONXML | LF | CR | AMP | LT | RSQB) || b == 0xEF;
        b += 1;
    }
    table
};

#[inline(always)]
fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether U+FFFE or U+FFFF stands at `at`.
#[inline(always)]
fn is_noncharacter(s: &[u8], at: usize) -> bool {
    s[at] == 0xEF && s.get(at + 1) == Some(&0xBF) && s.get(at + 2).is_some_and(|&b| b >= 0xBE)
}

/// The index behind the character at `at`, which must be one of XML.
#[inline(always)]
fn character(s: &[u8], at: usize) -> Scan<usize> {
    let byte = *s.get(at).ok_or(Cut::Partial)?;
    let length = match byte {
        BAD => return Err(Cut::Invalid(at)),
        0..0x80 if CLASS[byte as usize] == NONXML => return Err(Cut::Invalid(at)),
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 if is_noncharacter(s, at) => return Err(Cut::Invalid(at)),
        0xE0..0xF0 => 3,
        _ => 4,
    };
    if at + length > s.len() { Err(Cut::Partial) } else { Ok(at + length) }
}

/// The code of a character of two or three bytes, and its length; nothing for those beyond the basic plane.
#[inline]
fn wide(s: &[u8], at: usize) -> Option<(u16, usize)> {
    let low = |i: usize| s.get(at + i).map(|&b| u16::from(b & 0x3F));
    match s[at] {
        b @ 0xC0..0xE0 => Some(((u16::from(b & 0x1F) << 6) | low(1)?, 2)),
        b @ 0xE0..0xF0 => Some(((u16::from(b & 0xF) << 12) | (low(1)? << 6) | low(2)?, 3)),
        _ => None,
    }
}

/// The index behind the name character at `at`, or nothing where there is none. `at` is inside.
#[inline(always)]
fn name_part(s: &[u8], at: usize, colon: bool) -> Option<usize> {
    match class(s[at]) {
        START | PART => Some(at + 1),
        COLON if colon => Some(at + 1),
        LEAD => wide(s, at).filter(|&(c, _)| naming::is_part(c)).map(|(_, length)| at + length),
        _ => None,
    }
}

#[inline(always)]
fn name_start(s: &[u8], at: usize, colon: bool) -> Option<usize> {
    match class(s[at]) {
        START => Some(at + 1),
        COLON if colon => Some(at + 1),
        LEAD => wide(s, at).filter(|&(c, _)| naming::is_start(c)).map(|(_, length)| at + length),
        _ => None,
    }
}

#[inline(always)]
fn byte(s: &[u8], at: usize) -> Scan<u8> {
    s.get(at).copied().ok_or(Cut::Partial)
}

/// The index behind the name characters from `at` on; there is a character there.
#[inline(always)]
fn name_rest(s: &[u8], mut at: usize, colon: bool) -> Scan<usize> {
    loop {
        byte(s, at)?;
        match name_part(s, at, colon) {
            Some(next) => at = next,
            None => return Ok(at),
        }
    }
}

/// A name with no prefix: the index behind it.
fn plain_name(s: &[u8], at: usize, ns: bool) -> Scan<usize> {
    byte(s, at)?;
    let next = name_start(s, at, !ns).ok_or(Cut::Invalid(at))?;
    name_rest(s, next, !ns)
}

/// A name of an element or attribute: with namespaces, at most one colon, and a name on both sides of it.
#[inline(always)]
fn qualified_name(s: &[u8], at: usize, ns: bool) -> Scan<usize> {
    byte(s, at)?;
    let next = name_start(s, at, !ns).ok_or(Cut::Invalid(at))?;
    let end = name_rest(s, next, !ns)?;
    if ns && s[end] == b':' {
        byte(s, end + 1)?;
        let next = name_start(s, end + 1, false).ok_or(Cut::Invalid(end + 1))?;
        return name_rest(s, next, false);
    }
    Ok(end)
}

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

/// A comment behind `<!-`.
fn comment(s: &[u8], mut at: usize) -> Scan<usize> {
    if byte(s, at)? != b'-' {
        return Err(Cut::Invalid(at));
    }
    at += 1;
    loop {
        if byte(s, at)? != b'-' {
            at = character(s, at)?;
            continue;
        }
        at += 1;
        if byte(s, at)? == b'-' {
            at += 1;
            return if byte(s, at)? == b'>' { Ok(at + 1) } else { Err(Cut::Invalid(at)) };
        }
    }
}

/// A processing instruction behind `<?`: the index behind its target, and that behind all.
fn instruction(s: &[u8], at: usize, ns: bool) -> Scan<(usize, usize)> {
    let target = plain_name(s, at, ns)?;
    let name = &s[at..target];
    if name.eq_ignore_ascii_case(b"xml") && name != b"xml" {
        return Err(Cut::Invalid(target));
    }
    let mut end = target;
    match s[end] {
        b'?' => {
            end += 1;
            return if byte(s, end)? == b'>' { Ok((target, end + 1)) } else { Err(Cut::Invalid(end)) };
        }
        c if is_space(c) => end += 1,
        _ => return Err(Cut::Invalid(end)),
    }
    loop {
        if byte(s, end)? != b'?' {
            end = character(s, end)?;
            continue;
        }
        end += 1;
        if byte(s, end)? == b'>' {
            return Ok((target, end + 1));
        }
    }
}

/// A reference to an entity or a character, from its ampersand on.
pub fn reference(s: &[u8], at: usize, ns: bool) -> Scan<(Content, usize)> {
    if byte(s, at + 1)? != b'#' {
        let end = plain_name(s, at + 1, ns)?;
        return if s[end] == b';' { Ok((Content::EntityRef, end + 1)) } else { Err(Cut::Invalid(end)) };
    }
    let (mut end, radix) = if byte(s, at + 2)? == b'x' { (at + 3, 16) } else { (at + 2, 10) };
    let first = end;
    let mut code = 0u32;
    loop {
        let digit = byte(s, end)?;
        match char::from(digit).to_digit(radix) {
            // Saturates far beyond the last character.
            Some(value) => code = (code * radix + value).min(0x11_0000),
            None if digit == b';' && end > first => break,
            None => return Err(Cut::Invalid(end)),
        }
        end += 1;
    }
    let allowed = match code {
        0x9 | 0xA | 0xD => true,
        0..0x20 | 0xFFFE | 0xFFFF => false,
        _ => true,
    };
    Ok((Content::CharRef(if allowed { char::from_u32(code) } else { None }), end + 1))
}

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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prolog {
    /// The end of a parameter entity.
    None,
    Space,
    Bom,
    XmlDecl,
    Pi {
        target: usize,
    },
    Comment,
    DeclOpen,
    DeclClose,
    InstanceStart,
    Name,
    PrefixedName,
    Nmtoken,
    NameQuestion,
    NameAsterisk,
    NamePlus,
    PoundName,
    Literal,
    Percent,
    ParameterRef,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    CloseParenQuestion,
    CloseParenAsterisk,
    CloseParenPlus,
    Or,
    Comma,
    SectionOpen,
    SectionClose,
}

/// The token of the prolog at `at`, which is inside, and the index behind it. `true` says that the token may go on behind
/// the end of the text.
pub fn prolog(s: &[u8], at: usize, ns: bool) -> Scan<(Prolog, usize, bool)> {
    let whole = |token, end| Ok((token, end, false));
    let open = |token| Ok((token, s.len(), true));
    match s[at] {
        quote @ (b'"' | b'\'') => {
            let mut end = at + 1;
            while byte(s, end)? != quote {
                end = character(s, end)?;
            }
            end += 1;
            match s.get(end) {
                None => open(Prolog::Literal),
                Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'%' | b'[') => whole(Prolog::Literal, end),
                Some(_) => Err(Cut::Invalid(end)),
            }
        }
        b'<' => match byte(s, at + 1)? {
            b'!' => match byte(s, at + 2)? {
                b'-' => comment(s, at + 3).and_then(|end| whole(Prolog::Comment, end)),
                b'[' => whole(Prolog::SectionOpen, at + 3),
                c if class(c) == START || (c == b':' && !ns) => {
                    let mut end = at + 3;
                    loop {
                        match byte(s, end)? {
                            b'%' => {
                                let next = byte(s, end + 1)?;
                                if is_space(next) || next == b'%' {
                                    return Err(Cut::Invalid(end));
                                }
                                return whole(Prolog::DeclOpen, end);
                            }
                            c if is_space(c) => return whole(Prolog::DeclOpen, end),
                            c if class(c) == START || (c == b':' && !ns) => end += 1,
                            _ => return Err(Cut::Invalid(end)),
                        }
                    }
                }
                _ => Err(Cut::Invalid(at + 2)),
            },
            b'?' => {
                let (target, end) = instruction(s, at + 2, ns)?;
                whole(if &s[at + 2..target] == b"xml" { Prolog::XmlDecl } else { Prolog::Pi { target } }, end)
            }
            c if matches!(class(c), START | LEAD | COLON) => whole(Prolog::InstanceStart, at),
            _ => Err(Cut::Invalid(at + 1)),
        },
        c if is_space(c) => {
            if c == b'\r' && at + 1 == s.len() {
                return open(Prolog::Space);
            }
            let mut end = at + 1;
            // A carriage return that is last waits for what follows.
            while end < s.len() && is_space(s[end]) && (s[end] != b'\r' || end + 1 != s.len()) {
                end += 1;
            }
            whole(Prolog::Space, end)
        }
        b'%' => percent(s, at, ns).and_then(|(token, end)| whole(token, end)),
        b',' => whole(Prolog::Comma, at + 1),
        b'[' => whole(Prolog::OpenBracket, at + 1),
        b']' => match s.get(at + 1) {
            None => open(Prolog::CloseBracket),
            Some(b']') => {
                if byte(s, at + 2)? == b'>' {
                    whole(Prolog::SectionClose, at + 3)
                } else {
                    whole(Prolog::CloseBracket, at + 1)
                }
            }
            Some(_) => whole(Prolog::CloseBracket, at + 1),
        },
        b'(' => whole(Prolog::OpenParen, at + 1),
        b')' => match s.get(at + 1) {
            None => open(Prolog::CloseParen),
            Some(b'*') => whole(Prolog::CloseParenAsterisk, at + 2),
            Some(b'?') => whole(Prolog::CloseParenQuestion, at + 2),
            Some(b'+') => whole(Prolog::CloseParenPlus, at + 2),
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b',' | b'|' | b')') => whole(Prolog::CloseParen, at + 1),
            Some(_) => Err(Cut::Invalid(at + 1)),
        },
        b'|' => whole(Prolog::Or, at + 1),
        b'>' => whole(Prolog::DeclClose, at + 1),
        b'#' => {
            byte(s, at + 1)?;
            let mut end = name_start(s, at + 1, !ns).ok_or(Cut::Invalid(at + 1))?;
            while end < s.len() {
                match name_part(s, end, !ns) {
                    Some(next) => end = next,
                    None => break,
                }
            }
            match s.get(end) {
                None => open(Prolog::PoundName),
                Some(b' ' | b'\t' | b'\r' | b'\n' | b')' | b'>' | b'%' | b'|') => whole(Prolog::PoundName, end),
                Some(_) => Err(Cut::Invalid(end)),
            }
        }
        0xEF if s[at..].starts_with(b"\xEF\xBB\xBF") && at == 0 => whole(Prolog::Bom, 3),
        _ => {
            character(s, at)?;
            let mut token = Prolog::Name;
            let mut end = match (name_start(s, at, !ns), name_part(s, at, !ns)) {
                (Some(end), _) => end,
                (None, Some(end)) => {
                    token = Prolog::Nmtoken;
                    end
                }
                (None, None) if ns && s[at] == b':' => {
                    token = Prolog::Nmtoken;
                    at + 1
                }
                (None, None) => return Err(Cut::Invalid(at)),
            };
            while let Some(&c) = s.get(end) {
                if let Some(next) = name_part(s, end, !ns) {
                    end = next;
                    continue;
                }
                match c {
                    b':' if token == Prolog::Name => {
                        end += 1;
                        byte(s, end)?;
                        match name_part(s, end, false) {
                            Some(next) => {
                                token = Prolog::PrefixedName;
                                end = next;
                            }
                            None => token = Prolog::Nmtoken,
                        }
                    }
                    b':' => {
                        token = Prolog::Nmtoken;
                        end += 1;
                    }
                    b'>' | b')' | b',' | b'|' | b'[' | b'%' | b' ' | b'\t' | b'\r' | b'\n' => return whole(token, end),
                    _ if token == Prolog::Nmtoken => return Err(Cut::Invalid(end)),
                    b'+' => return whole(Prolog::NamePlus, end + 1),
                    b'*' => return whole(Prolog::NameAsterisk, end + 1),
                    b'?' => return whole(Prolog::NameQuestion, end + 1),
                    _ => return Err(Cut::Invalid(end)),
                }
            }
            open(token)
        }
    }
}

fn percent(s: &[u8], at: usize, ns: bool) -> Scan<(Prolog, usize)> {
    let c = byte(s, at + 1)?;
    if is_space(c) || c == b'%' {
        return Ok((Prolog::Percent, at + 1));
    }
    let end = plain_name(s, at + 1, ns)?;
    if s[end] == b';' { Ok((Prolog::ParameterRef, end + 1)) } else { Err(Cut::Invalid(end)) }
}

/// The end of an ignored section, from behind its bracket on; `depth` counts the sections inside that are open.
pub fn ignored(s: &[u8], mut at: usize, depth: &mut usize) -> Scan<usize> {
    let mut level = *depth;
    loop {
        match byte(s, at)? {
            b'<' if byte(s, at + 1)? == b'!' && byte(s, at + 2)? == b'[' => {
                level += 1;
                at += 3;
            }
            b']' if byte(s, at + 1)? == b']' && byte(s, at + 2)? == b'>' => {
                at += 3;
                if level == 0 {
                    *depth = 0;
                    return Ok(at);
                }
                level -= 1;
            }
            _ => at = character(s, at)?,
        }
    }
}

/// Whether a public identifier is made of the characters that may be in one; else the place of the first that may not. The
/// literal's quotes are part of `s`.
pub fn public_id(s: &[u8], start: usize, end: usize) -> Result<(), usize> {
    for (i, &c) in s[start + 1..end - 1].iter().enumerate() {
        match c {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b' ' | b'\n' | b'\r' => {}
            b'\'' | b'(' | b')' | b'+' | b',' | b'/' | b':' | b'=' | b'?' | b';' | b'!' | b'*' | b'#' | b'@' | b'$'
            | b'%' => {}
            _ => return Err(start + 1 + i),
        }
    }
    Ok(())
}

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
