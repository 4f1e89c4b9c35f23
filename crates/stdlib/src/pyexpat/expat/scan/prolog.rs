//! Tokens of the prolog and of the external subset.

use super::{
    COLON, Cut, LEAD, START, Scan, byte, character, class, comment, instruction, is_space, name_part, name_start,
    plain_name,
};

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

pub(super) fn percent(s: &[u8], at: usize, ns: bool) -> Scan<(Prolog, usize)> {
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
