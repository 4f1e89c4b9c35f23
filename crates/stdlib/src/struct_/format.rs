//! Format strings: what a format character means, and the parsed form of a whole format.

use taipan_runtime::prelude::*;

use super::ERROR;

/// What items of a format character hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pad,
    Char,
    Bool,
    Signed,
    Unsigned,
    /// A machine address, of either sign.
    Pointer,
    Float,
    Complex,
    /// A whole run of bytes (`s`), or one with its length in front (`p`).
    Bytes,
    PascalBytes,
}

/// One format character with its count; for runs of bytes the size is that of the run and the count is 1.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub code: u8,
    pub kind: Kind,
    pub size: usize,
    pub offset: usize,
    pub count: usize,
}

#[derive(Debug)]
pub struct Layout {
    pub fields: Vec<Field>,
    pub little_endian: bool,
    /// Of the packed bytes.
    pub size: usize,
    /// How many values are packed.
    pub count: usize,
}

/// Kind, size and alignment of a character.
fn describe(code: u8, native: bool) -> Option<(Kind, usize, usize)> {
    let (kind, size) = match code {
        b'x' => (Kind::Pad, 1),
        b'c' => (Kind::Char, 1),
        b's' => (Kind::Bytes, 1),
        b'p' => (Kind::PascalBytes, 1),
        b'?' => (Kind::Bool, 1),
        b'b' => (Kind::Signed, 1),
        b'B' => (Kind::Unsigned, 1),
        b'h' => (Kind::Signed, 2),
        b'H' => (Kind::Unsigned, 2),
        b'i' => (Kind::Signed, 4),
        b'I' => (Kind::Unsigned, 4),
        b'l' => (Kind::Signed, if native { 8 } else { 4 }),
        b'L' => (Kind::Unsigned, if native { 8 } else { 4 }),
        b'q' => (Kind::Signed, 8),
        b'Q' => (Kind::Unsigned, 8),
        b'n' if native => (Kind::Signed, 8),
        b'N' if native => (Kind::Unsigned, 8),
        b'P' if native => (Kind::Pointer, 8),
        b'e' => (Kind::Float, 2),
        b'f' => (Kind::Float, 4),
        b'd' => (Kind::Float, 8),
        b'F' => (Kind::Complex, 8),
        b'D' => (Kind::Complex, 16),
        _ => return None,
    };
    let alignment = match kind {
        _ if !native => 1,
        Kind::Complex => size / 2,
        _ => size,
    };
    Some((kind, size, alignment))
}

fn too_long() -> Raised {
    ERROR.raise(format_args!("total struct size too long"))
}

impl Layout {
    pub fn parse(format: &[u8]) -> PyResult<Layout> {
        const MAX: usize = isize::MAX as usize;
        if format.contains(&0) {
            return Err(ERROR.raise(format_args!("embedded null character")));
        }
        let (native, little_endian, format) = match format {
            [b'@', rest @ ..] => (true, cfg!(target_endian = "little"), rest),
            [b'=', rest @ ..] => (false, cfg!(target_endian = "little"), rest),
            [b'<', rest @ ..] => (false, true, rest),
            [b'>' | b'!', rest @ ..] => (false, false, rest),
            _ => (true, cfg!(target_endian = "little"), format),
        };
        let mut layout = Layout { fields: Vec::new(), little_endian, size: 0, count: 0 };
        let mut rest = format.iter().copied().peekable();
        while let Some(mut code) = rest.next() {
            if code.is_ascii_whitespace() || code == 0x0b {
                continue;
            }
            let mut count = 1usize;
            if code.is_ascii_digit() {
                count = usize::from(code - b'0');
                while let Some(digit) = rest.next_if(u8::is_ascii_digit) {
                    let next = count.checked_mul(10).and_then(|count| count.checked_add(usize::from(digit - b'0')));
                    count = next.filter(|&count| count <= MAX).ok_or_else(too_long)?;
                }
                code = match rest.next() {
                    Some(code) => code,
                    None => return Err(ERROR.raise(format_args!("repeat count given without format specifier"))),
                };
            }
            let Some((kind, size, alignment)) = describe(code, native) else {
                return Err(ERROR.raise(format_args!("bad char in struct format")));
            };
            let offset = layout.size.checked_next_multiple_of(alignment).filter(|&size| size <= MAX);
            let offset = offset.ok_or_else(too_long)?;
            let total = count.checked_mul(size).and_then(|bytes| bytes.checked_add(offset));
            layout.size = total.filter(|&size| size <= MAX).ok_or_else(too_long)?;
            let field = match kind {
                Kind::Pad => continue,
                Kind::Bytes | Kind::PascalBytes => Field { code, kind, size: count, offset, count: 1 },
                _ => Field { code, kind, size, offset, count },
            };
            layout.count += field.count;
            if field.count > 0 {
                if layout.fields.try_reserve(1).is_err() {
                    return Err(Raised::no_memory());
                }
                layout.fields.push(field);
            }
        }
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &str, size: usize, count: usize) {
        match Layout::parse(format.as_bytes()) {
            Ok(layout) => assert_eq!((layout.size, layout.count), (size, count), "{format}"),
            Err(_) => panic!("{format}"),
        }
    }

    #[test]
    fn sizes_and_alignment() {
        check("@bi", 8, 2);
        check("=bi", 5, 2);
        check("b0i", 4, 1);
        check("bD", 24, 2);
        check(" 3s 0s 2x h", 8, 3);
        check("9223372036854775807b", isize::MAX as usize, isize::MAX as usize);
    }
}
