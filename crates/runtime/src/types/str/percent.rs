//! `%` formatting: the parser and the arguments, which `bytes` shares, and the rendering of `str`.
//!
//! CPython: `PyUnicode_Format`, `unicode_format_arg`.

use super::number_text::{float_text, with_integer_text};
use super::{Str, StrBuilder, StrData, search};
use crate::prelude::*;

/// Flags between `%` and the width.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    pub left: bool,
    pub sign: bool,
    pub blank: bool,
    pub alternate: bool,
    pub zero: bool,
}

/// One conversion specifier.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    pub flags: Flags,
    pub width: usize,
    pub precision: Option<usize>,
    pub code: u32,
    /// Where the code stands.
    pub place: usize,
}

/// The right operand of `%`.
pub(crate) struct Arguments<'a> {
    all: Borrowed<'a, Object>,
    tuple: Option<Borrowed<'a, Tuple>>,
    mapping: bool,
    /// The next item of the tuple; for a single argument, whether it has been used.
    next: usize,
    /// What `%(key)` found, to be used next.
    keyed: Option<Ref<Object>>,
    /// After a `%(key)` the arguments count as one.
    was_keyed: bool,
}

impl<'a> Arguments<'a> {
    pub fn new(all: Borrowed<'a, Object>) -> Arguments<'a> {
        let tuple = all.downcast_borrowed::<Tuple>();
        let text = all.is_instance_of::<Str>() || all.is_instance_of::<Bytes>() || all.is_instance_of::<ByteArray>();
        let mapping = tuple.is_none() && !text && all.is_mapping();
        Arguments { all, tuple, mapping, next: 0, keyed: None, was_keyed: false }
    }

    pub fn next(&mut self) -> PyResult<Ref<Object>> {
        if let Some(value) = self.keyed.take() {
            return Ok(value);
        }
        let value = match &self.tuple {
            _ if self.was_keyed => None,
            Some(tuple) if self.next < tuple.len() => Some(tuple.get(self.next).to_owned()),
            None if self.next == 0 => Some(self.all.to_owned()),
            _ => None,
        };
        self.next += 1;
        value.ok_or_else(|| raise!(TypeError, "not enough arguments for format string"))
    }

    fn select(&mut self, key: Ref<Object>) -> PyResult<()> {
        self.keyed = Some(self.all.get_item(key.borrow())?);
        self.was_keyed = true;
        Ok(())
    }

    /// Whether something is left that nothing asked for.
    pub fn has_rest(&self) -> bool {
        if self.mapping || self.was_keyed {
            return false;
        }
        self.next < self.tuple.map_or(1, |tuple| tuple.len())
    }
}

impl Spec {
    /// Nothing stands between the `%` and the code.
    fn is_plain(&self) -> bool {
        let Flags { left, sign, blank, alternate, zero } = self.flags;
        self.width == 0 && self.precision.is_none() && !(left | sign | blank | alternate | zero)
    }
}

/// Reads one specifier; `at` is behind the `%` and afterwards behind the code.
pub(crate) fn parse(
    format: StrData<'_>,
    at: &mut usize,
    arguments: &mut Arguments<'_>,
    make_key: impl Fn(core::ops::Range<usize>) -> PyResult<Ref<Object>>,
) -> PyResult<Spec> {
    let peek = |at: usize| if at < format.len() { format.get(at) } else { u32::MAX };
    let is = |at: usize, c: u8| peek(at) == u32::from(c);
    if is(*at, b'(') {
        if !arguments.mapping {
            return Err(raise!(TypeError, "format requires a mapping"));
        }
        let start = *at + 1;
        let mut depth = 1;
        *at = start;
        while depth > 0 {
            match peek(*at) {
                u32::MAX => return Err(raise!(ValueError, "incomplete format key")),
                0x28 => depth += 1,
                0x29 => depth -= 1,
                _ => {}
            }
            *at += 1;
        }
        arguments.select(make_key(start..*at - 1)?)?;
    }
    let mut flags = Flags::default();
    loop {
        match u8::try_from(peek(*at)) {
            Ok(b'-') => flags.left = true,
            Ok(b'+') => flags.sign = true,
            Ok(b' ') => flags.blank = true,
            Ok(b'#') => flags.alternate = true,
            Ok(b'0') => flags.zero = true,
            _ => break,
        }
        *at += 1;
    }
    let number = |at: &mut usize, limit: usize, message: &str| -> PyResult<usize> {
        let mut value = 0usize;
        while let Some(digit) = peek(*at).checked_sub(0x30).filter(|&digit| digit < 10) {
            if value > (limit - digit as usize) / 10 {
                return Err(raise!(ValueError, "{message}"));
            }
            value = value * 10 + digit as usize;
            *at += 1;
        }
        Ok(value)
    };
    let star = |arguments: &mut Arguments<'_>| -> PyResult<Ref<Int>> {
        arguments.next()?.into_downcast::<Int>().map_err(|_| raise!(TypeError, "* wants int"))
    };
    let width = if is(*at, b'*') {
        *at += 1;
        let Some(value) = star(arguments)?.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
        };
        flags.left |= value < 0;
        value.unsigned_abs() as usize
    } else {
        number(at, isize::MAX as usize, "width too big")?
    };
    let mut precision = None;
    if is(*at, b'.') {
        *at += 1;
        if is(*at, b'*') {
            *at += 1;
            let value = star(arguments)?.to_i64().and_then(|value| i32::try_from(value).ok());
            let Some(value) = value else {
                return Err(raise!(OverflowError, "Python int too large to convert to C int"));
            };
            precision = Some(value.max(0) as usize);
        } else {
            precision = Some(number(at, i32::MAX as usize, "precision too big")?);
        }
    }
    if matches!(u8::try_from(peek(*at)), Ok(b'h' | b'l' | b'L')) {
        *at += 1;
    }
    let code = peek(*at);
    if code == u32::MAX {
        return Err(raise!(ValueError, "incomplete format"));
    }
    let place = *at;
    *at += 1;
    Ok(Spec { flags, width, precision, code, place })
}

/// "unsupported format character".
pub(crate) fn unsupported(spec: &Spec) -> Raised {
    let shown = if (31..=126).contains(&spec.code) { spec.code as u8 as char } else { '?' };
    raise!(ValueError, "unsupported format character '{shown}' (0x{:x}) at index {}", spec.code, spec.place)
}

/// A formatted number cut into what padding goes around: sign, prefix of the base, rest, and the zeros in between.
pub(crate) struct Parts<'a> {
    pub left_pad: usize,
    pub sign: Option<u8>,
    pub prefix: &'a str,
    pub zeros: usize,
    pub digits: &'a str,
    pub right_pad: usize,
}

impl<'a> Parts<'a> {
    pub fn of(text: &'a str, spec: &Spec) -> Parts<'a> {
        let (sign, rest) = match text.as_bytes().first() {
            Some(&sign @ (b'-' | b'+')) => (Some(sign), &text[1..]),
            _ if spec.flags.sign => (Some(b'+'), text),
            _ if spec.flags.blank => (Some(b' '), text),
            _ => (None, text),
        };
        let has_prefix = spec.flags.alternate && matches!(u8::try_from(spec.code), Ok(b'x' | b'X' | b'o'));
        let (prefix, digits) = rest.split_at(if has_prefix { rest.len().min(2) } else { 0 });
        let missing = spec.width.saturating_sub(usize::from(sign.is_some()) + rest.len());
        let (mut parts_left, mut zeros, mut right) = (0, 0, 0);
        if spec.flags.left {
            right = missing;
        } else if spec.flags.zero {
            zeros = missing;
        } else {
            parts_left = missing;
        }
        Parts { left_pad: parts_left, sign, prefix, zeros, digits, right_pad: right }
    }
}

/// `format % arguments`.
pub fn format(format: &Ref<Str>, arguments: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    if format.len() == 2 && !arguments.is_instance_of::<Tuple>() {
        match format.data().as_bytes() {
            b"%s" => return arguments.str(),
            b"%r" => return arguments.repr(),
            b"%a" => return arguments.repr()?.ascii_escaped(),
            _ => {}
        }
    }
    let mut arguments = Arguments::new(arguments);
    let mut out = StrBuilder::with_capacity(format.len().saturating_add(format.len().min(100)))?;
    let mut at = 0;
    while at < format.len() {
        let rest = format.data().range(at..format.len());
        let literal = search::find_char(rest, 0x25).unwrap_or(rest.len());
        if literal == format.len() && !arguments.has_rest() {
            return format.to_exact();
        }
        out.push_substring(format, at..at + literal)?;
        at += literal;
        if at == format.len() {
            break;
        }
        at += 1;
        if at < format.len() && format.char_at(at) == 0x25 {
            out.push(0x25)?;
            at += 1;
            continue;
        }
        let make_key = |range| Ok(format.substring(range)?.into_object());
        let spec = parse(format.data(), &mut at, &mut arguments, make_key)?;
        let value = arguments.next()?;
        if spec.code == u32::from(b's')
            && at == format.len()
            && out.is_empty()
            && !arguments.has_rest()
            && let Some(text) = value.downcast_exact::<Str>()
            && spec.width <= text.len()
            && spec.precision.is_none_or(|precision| precision >= text.len())
        {
            // Nothing but the value, which is the result itself.
            return Ok(text.to_owned());
        }
        render(&mut out, &spec, value)?;
    }
    if arguments.has_rest() {
        return Err(raise!(TypeError, "not all arguments converted during string formatting"));
    }
    out.finish()
}

fn render(out: &mut StrBuilder, spec: &Spec, value: Ref<Object>) -> PyResult<()> {
    let code = u8::try_from(spec.code).unwrap_or(0);
    match code {
        b's' => {
            if spec.width == 0
                && spec.precision.is_none()
                && let Some(text) = value.downcast_exact::<Str>()
            {
                return out.push_object(&text);
            }
            render_text(out, spec, value.str()?)
        }
        b'r' => render_text(out, spec, value.repr()?),
        b'a' => render_text(out, spec, value.repr()?.ascii_escaped()?),
        b'd' | b'i' | b'u' if spec.is_plain() && value.is_exact::<Int>() => {
            // SAFETY: found to be an int.
            let int = unsafe { value.cast_unchecked::<Int>() };
            out.push_object(&int.to_decimal_str()?)
        }
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let Flags { alternate, .. } = spec.flags;
            with_integer_text(value.borrow(), code, spec.precision, alternate, |text| render_number(out, spec, text))
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            render_number(out, spec, &float_text(value.as_f64()?, code, spec.precision, spec.flags.alternate)?)
        }
        b'c' => {
            let spec = Spec { precision: None, ..*spec };
            render_text(out, &spec, Str::from_code_point(character(&value)?)?)
        }
        _ => Err(unsupported(spec)),
    }
}

/// The character of `%c`.
fn character(value: &Ref<Object>) -> PyResult<u32> {
    if let Some(text) = value.downcast::<Str>() {
        if text.len() == 1 {
            return Ok(text.char_at(0));
        }
        return Err(raise!(
            TypeError,
            "%c requires an int or a unicode character, not a string of length {}",
            text.len()
        ));
    }
    let int = match value.index() {
        Ok(int) => int,
        Err(raised) => {
            raised.clear_if::<crate::types::exceptions::TypeError>()?;
            let name = value.type_of().full_name()?;
            return Err(raise!(TypeError, "%c requires an int or a unicode character, not {name}"));
        }
    };
    match int.to_i64().and_then(|value| u32::try_from(value).ok()) {
        Some(c) if c <= 0x10_ffff => Ok(c),
        _ => Err(raise!(OverflowError, "%c arg not in range(0x110000)")),
    }
}

fn render_text(out: &mut StrBuilder, spec: &Spec, text: Ref<Str>) -> PyResult<()> {
    let len = text.len().min(spec.precision.unwrap_or(usize::MAX));
    let missing = spec.width.saturating_sub(len);
    if !spec.flags.left {
        out.push_fill(0x20, missing)?;
    }
    if len == text.len() {
        out.push_object(&text)?;
    } else {
        out.push_substring(&text, 0..len)?;
    }
    if spec.flags.left {
        out.push_fill(0x20, missing)?;
    }
    Ok(())
}

fn render_number(out: &mut StrBuilder, spec: &Spec, text: &str) -> PyResult<()> {
    let parts = Parts::of(text, spec);
    out.push_fill(0x20, parts.left_pad)?;
    if let Some(sign) = parts.sign {
        out.push(u32::from(sign))?;
    }
    out.push_str(parts.prefix)?;
    out.push_fill(0x30, parts.zeros)?;
    out.push_str(parts.digits)?;
    out.push_fill(0x20, parts.right_pad)
}
