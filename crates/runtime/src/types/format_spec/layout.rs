//! Padding, signs and grouping: a [`Field`] holds the parts of one formatted value and renders them.

use super::parse::{Align, Spec};
use crate::types::int::digits::Stop;

/// A formatted value: UTF-8 where every character allows it, code points otherwise (surrogates).
#[derive(Debug, PartialEq, Eq)]
pub enum Text {
    Utf8(String),
    CodePoints(Vec<u32>),
}

/// What goes between digit groups and before the fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    pub point: String,
    pub separator: String,
    /// Sizes of groups from the right; the last repeats. Empty: no groups. A size of `u8::MAX` (`CHAR_MAX` in C) ends grouping.
    pub grouping: Vec<u8>,
}

impl Locale {
    /// The locale of a specification without type `n`; `size` digits make a group.
    pub fn fixed(separator: Option<u8>, size: u8) -> Locale {
        Locale {
            point: ".".into(),
            separator: separator.map_or(String::new(), |c| (c as char).to_string()),
            grouping: if separator.is_some() { vec![size] } else { Vec::new() },
        }
    }

    /// The process's current numeric locale, for type `n`.
    pub fn current() -> Locale {
        // SAFETY: localeconv returns a static structure of C strings, valid until the locale changes; nothing here changes it.
        unsafe {
            let l = libc::localeconv();
            let text = |p: *const std::ffi::c_char| {
                if p.is_null() { String::new() } else { std::ffi::CStr::from_ptr(p).to_string_lossy().into_owned() }
            };
            let grouping = (*l).grouping;
            let grouping =
                if grouping.is_null() { Vec::new() } else { std::ffi::CStr::from_ptr(grouping).to_bytes().to_vec() };
            Locale { point: text((*l).decimal_point), separator: text((*l).thousands_sep), grouping }
        }
    }
}

/// The sizes of digit groups from the right: each given size once, the last for ever; `None` once grouping has ended.
struct Groups<'a> {
    sizes: &'a [u8],
    next: usize,
    last: usize,
}

impl Groups<'_> {
    fn next(&mut self) -> Option<usize> {
        match self.sizes.get(self.next) {
            Some(&127 | &u8::MAX) => None,
            Some(&size) if size > 0 => {
                self.next += 1;
                self.last = size as usize;
                Some(self.last)
            }
            _ if self.last > 0 => Some(self.last),
            _ => None,
        }
    }
}

/// Appends `digits` with separators, filled with zeros on the left to `min_width` characters; a separator never
/// comes first (`_PyUnicode_InsertThousandsGrouping`).
pub fn group(out: &mut String, digits: &str, min_width: usize, locale: &Locale) -> Result<(), Stop> {
    let separator_width = locale.separator.chars().count();
    let mut groups = Groups { sizes: &locale.grouping, next: 0, last: 0 };
    // Group sizes from the right, as (zeros, digits).
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut remaining = digits.len();
    let mut width = min_width as isize;
    loop {
        let wanted = remaining.max(width.max(0) as usize).max(1);
        let (size, last) = match groups.next() {
            Some(size) => (size.min(wanted), false),
            None => (wanted, true),
        };
        let taken = remaining.min(size);
        pieces.try_reserve(1).map_err(|_| Stop::NoMemory)?;
        pieces.push((size - taken, taken));
        remaining -= taken;
        width -= size as isize;
        if last || remaining == 0 && width <= 0 {
            break;
        }
        width -= separator_width as isize;
    }
    out.try_reserve(digits.len().max(min_width) + pieces.len() * locale.separator.len() + 8)
        .map_err(|_| Stop::NoMemory)?;
    let mut rest = digits;
    for (i, &(zeros, count)) in pieces.iter().enumerate().rev() {
        out.extend(std::iter::repeat_n('0', zeros));
        let (now, later) = rest.split_at(count);
        out.push_str(now);
        rest = later;
        if i > 0 {
            out.push_str(&locale.separator);
        }
    }
    Ok(())
}

/// A number taken apart: `sign prefix digits . fraction tail`.
#[derive(Default, Debug)]
pub struct Field<'a> {
    pub negative: bool,
    /// "0x" and the like.
    pub prefix: &'a str,
    /// Digits before the point.
    pub digits: &'a str,
    /// Whether a point follows.
    pub point: bool,
    /// Digits after the point.
    pub fraction: &'a str,
    /// What follows them: exponent, `%`, or all of "inf" and "nan".
    pub tail: &'a str,
}

impl<'a> Field<'a> {
    /// Takes the text of a float apart.
    pub fn of_float(text: &'a str) -> Field<'a> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let count = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = text.split_at(count(text));
        let (point, rest) = match rest.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (fraction, tail) = if point { rest.split_at(count(rest)) } else { ("", rest) };
        Field { negative, prefix: "", digits, point, fraction, tail }
    }

    /// Renders the number without outer padding (zeros between sign and digits included where the specification says
    /// so), and says where padding with `=` would go.
    pub fn render(&self, spec: &Spec, locale: &Locale) -> Result<(String, usize), Stop> {
        let mut out = String::new();
        match (self.negative, spec.sign) {
            (true, _) => out.push('-'),
            (false, sign @ (b'+' | b' ')) => out.push(sign as char),
            _ => {}
        }
        out.push_str(self.prefix);
        let padding_at = out.len();
        let mut tail = String::new();
        if self.point {
            tail.push_str(&locale.point);
        }
        match spec.fraction {
            Some(separator) => {
                for (i, c) in self.fraction.chars().enumerate() {
                    if i > 0 && i % 3 == 0 {
                        tail.push(separator as char);
                    }
                    tail.push(c);
                }
            }
            None => tail.push_str(self.fraction),
        }
        tail.push_str(self.tail);
        if !self.digits.is_empty() {
            let taken = out.len() + tail.chars().count();
            let min_width = if spec.fill == '0' as u32 && spec.align == Align::AfterSign {
                spec.width.unwrap_or(0).saturating_sub(taken)
            } else {
                0
            };
            group(&mut out, self.digits, min_width, locale)?;
        }
        out.try_reserve(tail.len()).map_err(|_| Stop::NoMemory)?;
        out.push_str(&tail);
        Ok((out, padding_at))
    }
}

/// Pads `body` to the width of `spec`; `padding_at` is where padding with `=` goes.
pub fn pad(body: &str, padding_at: usize, spec: &Spec) -> Result<Text, Stop> {
    let length = body.chars().count();
    let padding = spec.width.unwrap_or(0).saturating_sub(length);
    let (left, inner, right) = match spec.align {
        Align::Left => (0, 0, padding),
        Align::Right => (padding, 0, 0),
        Align::Center => (padding / 2, 0, padding - padding / 2),
        Align::AfterSign => (0, padding, 0),
    };
    let (head, rest) = body.split_at(padding_at);
    if let Some(fill) = char::from_u32(spec.fill) {
        let mut out = String::new();
        let size =
            padding.checked_mul(fill.len_utf8()).and_then(|n| n.checked_add(body.len())).ok_or(Stop::NoMemory)?;
        out.try_reserve_exact(size).map_err(|_| Stop::NoMemory)?;
        out.extend(std::iter::repeat_n(fill, left));
        out.push_str(head);
        out.extend(std::iter::repeat_n(fill, inner));
        out.push_str(rest);
        out.extend(std::iter::repeat_n(fill, right));
        return Ok(Text::Utf8(out));
    }
    let mut out = Vec::new();
    out.try_reserve_exact(padding.checked_add(length).ok_or(Stop::NoMemory)?).map_err(|_| Stop::NoMemory)?;
    out.extend(std::iter::repeat_n(spec.fill, left));
    out.extend(head.chars().map(u32::from));
    out.extend(std::iter::repeat_n(spec.fill, inner));
    out.extend(rest.chars().map(u32::from));
    out.extend(std::iter::repeat_n(spec.fill, right));
    Ok(Text::CodePoints(out))
}
