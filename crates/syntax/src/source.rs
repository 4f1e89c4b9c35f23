//! From the bytes of a file to the text that the lexer reads: byte order mark, encoding declaration (PEP 263),
//! line endings. CPython does this in `Parser/tokenizer/helpers.c`.

use crate::ast::Arena;
use crate::error::{ErrorKind, SyntaxError};

/// Gives the text of `bytes` with `\n` line endings, in the arena when it differs from the input.
///
/// `is_text` says that the input is already decoded, so that a declaration has no effect. With `final_newline` the
/// text ends in a line ending unless it is empty.
pub fn prepare<'a>(
    arena: &'a Arena,
    bytes: &'a [u8],
    is_text: bool,
    final_newline: bool,
) -> Result<&'a str, SyntaxError> {
    if bytes.len() >= i32::MAX as usize {
        return Err(plain(ErrorKind::Overflow, "source is too long".into()));
    }
    let (has_bom, body) = match bytes {
        [0xEF, 0xBB, 0xBF, body @ ..] if !is_text => (true, body),
        _ => (false, bytes),
    };
    let declared = if is_text { None } else { declared_encoding(body) };
    let mut latin1 = false;
    if let Some((name, line)) = &declared {
        if has_bom && name != "utf-8" {
            return Err(bom_mismatch(body, name, *line));
        }
        match name.as_str() {
            "utf-8" => {}
            "iso-8859-1" => latin1 = true,
            _ => return Err(plain(ErrorKind::Encoding, name.clone())),
        }
    }
    let text: &'a str = if latin1 {
        let decoded: String = body.iter().map(|b| *b as char).collect();
        arena.str(&decoded)
    } else {
        match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => return Err(not_utf8(body, error)),
        }
    };
    let raw = text.as_bytes();
    let needs_newline = final_newline && !raw.is_empty() && !matches!(raw[raw.len() - 1], b'\n' | b'\r');
    if memchr::memchr(b'\r', raw).is_none() {
        if !needs_newline {
            return Ok(text);
        }
        let mut copy = String::with_capacity(text.len() + 1);
        copy.push_str(text);
        copy.push('\n');
        return Ok(arena.str(&copy));
    }
    let mut copy = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        copy.push_str(&rest[..at]);
        copy.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    copy.push_str(rest);
    if needs_newline {
        copy.push('\n');
    }
    Ok(arena.str(&copy))
}

fn plain(kind: ErrorKind, message: String) -> SyntaxError {
    SyntaxError {
        kind,
        message,
        lineno: 0,
        offset: -1,
        end_lineno: 0,
        end_offset: -1,
        text: None,
        last_statement: None,
    }
}

/// A declaration other than UTF-8 behind a byte order mark.
fn bom_mismatch(body: &[u8], name: &str, lineno: i32) -> SyntaxError {
    let line = body.split(|b| *b == b'\n').nth(lineno as usize - 1).unwrap_or(b"");
    let text = String::from_utf8_lossy(line).trim_end_matches('\r').to_string();
    SyntaxError {
        kind: ErrorKind::Syntax,
        message: format!("encoding problem: {name} with BOM"),
        lineno,
        offset: 0,
        end_lineno: lineno,
        end_offset: text.chars().count() as i32,
        text: Some(text),
        last_statement: None,
    }
}

/// The encoding that a comment in the first two lines declares, with the line. `utf-8` and `iso-8859-1` stand for some
/// spellings of theirs; any other name is as written.
pub fn declared_encoding(source: &[u8]) -> Option<(String, i32)> {
    let mut rest = source;
    for lineno in 1..3 {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let first = line.iter().position(|b| !matches!(b, b' ' | b'\t' | 0x0C));
        match first {
            Some(at) if line[at] == b'#' => {
                if let Some(name) = cookie(&line[at..]) {
                    return Some((name, lineno));
                }
            }
            Some(_) => return None,
            None => {}
        }
        if end == rest.len() {
            return None;
        }
        rest = &rest[end + 1..];
        if source.get(source.len() - rest.len() - 1) == Some(&b'\r') {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
    }
    None
}

/// `coding[:=]\s*([-\w.]+)` in a comment.
fn cookie(comment: &[u8]) -> Option<String> {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&comment[from..], b"coding") {
        let mut at = from + found + 6;
        from = at;
        if !matches!(comment.get(at), Some(b':' | b'=')) {
            continue;
        }
        at += 1;
        while matches!(comment.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let len =
            comment[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).count();
        if len > 0 {
            return Some(normalise(&comment[at..at + len]));
        }
    }
    None
}

fn normalise(name: &[u8]) -> String {
    let lower: String = name.iter().map(|b| if *b == b'_' { '-' } else { b.to_ascii_lowercase() as char }).collect();
    let is = |prefix: &str| lower == prefix || lower.starts_with(&format!("{prefix}-"));
    if is("utf-8") {
        "utf-8".to_string()
    } else if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        "iso-8859-1".to_string()
    } else {
        String::from_utf8_lossy(name).into_owned()
    }
}

fn not_utf8(body: &[u8], error: std::str::Utf8Error) -> SyntaxError {
    let at = error.valid_up_to();
    if memchr::memchr(0, &body[..at]).is_some() {
        return plain(ErrorKind::Syntax, "source code cannot contain null bytes".into());
    }
    let line = body[..at].iter().filter(|b| **b == b'\n').count() as i32 + 1;
    let message = format!(
        "Non-UTF-8 code starting with '\\x{:02x}' on line {line}, but no encoding declared; see \
         https://peps.python.org/pep-0263/ for details",
        body[at]
    );
    let start = memchr::memrchr(b'\n', &body[..at]).map_or(0, |newline| newline + 1);
    let rest = &body[start..];
    let text = String::from_utf8_lossy(&rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]).into_owned();
    let offset = String::from_utf8_lossy(&body[start..=at]).chars().count() as i32;
    SyntaxError {
        kind: ErrorKind::Syntax,
        message,
        lineno: line,
        offset,
        end_lineno: line,
        end_offset: offset,
        text: Some(text),
        last_statement: None,
    }
}
