//! Numbers as text: parsing, the scientific and engineering forms, and format specifications.

use super::coef::{Coef, NoMemory, Result};
use super::number::{Dec, Env, Kind, MAX_EMAX, Rounding, flag};

/// Parses ASCII; nothing when it is no number. Exponents beyond all that exist become the nearest bound of them.
pub fn parse(text: &[u8]) -> Result<Option<Dec>> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    match text.first() {
        Some(b'0'..=b'9' | b'.') => parse_finite(negative, text),
        Some(b'i' | b'I') => {
            let infinite = text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity");
            Ok(infinite.then(|| Dec::infinity(negative)))
        }
        _ => parse_nan(negative, text),
    }
}

fn parse_nan(negative: bool, text: &[u8]) -> Result<Option<Dec>> {
    let (kind, text) = match text {
        [b's' | b'S', rest @ ..] => (Kind::Signaling, rest),
        _ => (Kind::Quiet, text),
    };
    let Some((name, payload)) = text.split_at_checked(3) else { return Ok(None) };
    if !name.eq_ignore_ascii_case(b"nan") || !payload.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    Ok(Some(Dec { kind, negative, exp: 0, coef: coefficient(payload)? }))
}

fn coefficient(digits: &[u8]) -> Result<Coef> {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    Coef::from_text(&digits[zeros..])
}

fn parse_finite(negative: bool, text: &[u8]) -> Result<Option<Dec>> {
    // The usual case: few digits, with a point, without an exponent.
    let mut value = 0u64;
    let mut point = None;
    let mut end = text.len();
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' if point.is_none() => point = Some(index),
            b'e' | b'E' => {
                end = index;
                break;
            }
            _ => return Ok(None),
        }
    }
    let digits = end - usize::from(point.is_some());
    if digits == 0 {
        return Ok(None);
    }
    let fraction = point.map_or(0, |point| end - point - 1);
    let coef = if digits <= 19 {
        Coef::from(value)
    } else {
        let mut all = Vec::new();
        all.try_reserve_exact(digits).map_err(|_| NoMemory)?;
        all.extend(text[..end].iter().filter(|&&byte| byte != b'.'));
        coefficient(&all)?
    };
    let mut exp = 0i64;
    if end < text.len() {
        let (minus, digits) = match &text[end + 1..] {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Ok(None);
        }
        for digit in digits {
            exp = exp.saturating_mul(10).saturating_add(i64::from(digit - b'0')).min(4 * MAX_EMAX);
        }
        if minus {
            exp = -exp;
        }
    }
    Ok(Some(Dec::finite(negative, coef, exp - fraction as i64)))
}

/// How a number is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Scientific,
    Engineering,
    /// With that many digits before the point.
    Exponent,
    /// Without an exponent.
    Fixed,
}

/// The text of a number.
pub fn write(x: &Dec, layout: Layout, capitals: bool) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve(24).map_err(|_| NoMemory)?;
    if x.negative {
        out.push(b'-');
    }
    match x.kind {
        Kind::Infinite => {
            out.extend_from_slice(b"Infinity");
            return Ok(out);
        }
        Kind::Quiet | Kind::Signaling => {
            out.extend_from_slice(if x.is_signaling() { b"sNaN" } else { b"NaN" });
            if !x.coef.is_zero() {
                x.coef.write(&mut out)?;
            }
            return Ok(out);
        }
        Kind::Finite => {}
    }
    let count = x.coef.digits();
    let left = x.exp + count;
    // Digits before the point.
    let point = match layout {
        Layout::Fixed => left,
        Layout::Exponent => 1,
        _ if x.exp <= 0 && left > -6 => left,
        Layout::Engineering if x.coef.is_zero() => (left + 1).rem_euclid(3) - 1,
        Layout::Engineering => (left - 1).rem_euclid(3) + 1,
        Layout::Scientific => 1,
    };
    let mut reserve = |count: i64| out.try_reserve(usize::try_from(count).unwrap_or(usize::MAX)).map_err(|_| NoMemory);
    if point <= 0 {
        reserve(count - point + 30)?;
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-point) as usize, b'0');
        x.coef.write(&mut out)?;
    } else if point >= count {
        reserve(point + 30)?;
        let zeros = if layout == Layout::Fixed && x.coef.is_zero() { 0 } else { point - count };
        x.coef.write(&mut out)?;
        out.resize(out.len() + zeros as usize, b'0');
    } else {
        reserve(count + 30)?;
        let start = out.len();
        x.coef.write(&mut out)?;
        out.insert(start + point as usize, b'.');
    }
    if left != point {
        out.push(if capitals { b'E' } else { b'e' });
        out.extend_from_slice(format!("{:+}", left - point).as_bytes());
    } else if layout == Layout::Exponent {
        out.extend_from_slice(if capitals { b"E+0" } else { b"e+0" });
    }
    Ok(out)
}

/// A format specification of the usual grammar.
#[derive(Debug, Clone)]
pub struct Spec {
    pub fill: String,
    pub align: u8,
    pub sign: u8,
    pub no_negative_zero: bool,
    pub width: usize,
    pub precision: Option<i64>,
    pub kind: u8,
    pub separator: String,
    pub point: String,
    pub grouping: Vec<u8>,
}

/// Parses a specification; nothing for what the full grammar has to judge.
pub fn parse_spec(text: &str, capitals: bool) -> Option<Spec> {
    let mut spec = Spec {
        fill: " ".to_owned(),
        align: b'>',
        sign: b'-',
        no_negative_zero: false,
        width: 0,
        precision: None,
        kind: if capitals { b'G' } else { b'g' },
        separator: String::new(),
        point: ".".to_owned(),
        grouping: Vec::new(),
    };
    let mut rest = text;
    let is_align = |c: char| matches!(c, '<' | '>' | '=' | '^');
    let mut chars = rest.chars();
    let (first, second) = (chars.next(), chars.next());
    let mut aligned = false;
    if let (Some(fill), Some(align)) = (first, second)
        && is_align(align)
    {
        spec.fill = fill.to_string();
        spec.align = align as u8;
        rest = chars.as_str();
        aligned = true;
    } else if let Some(align) = first.filter(|&c| is_align(c)) {
        spec.align = align as u8;
        rest = &rest[1..];
        aligned = true;
    }
    if let Some(sign @ (b'+' | b'-' | b' ')) = rest.bytes().next() {
        spec.sign = sign;
        rest = &rest[1..];
    }
    if let Some(after) = rest.strip_prefix('z') {
        spec.no_negative_zero = true;
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('0') {
        if aligned {
            return None;
        }
        spec.align = b'z';
        rest = after;
    }
    let number = |rest: &mut &str| -> Option<Option<usize>> {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Some(None);
        }
        let value = rest[..digits].parse::<i64>().ok()?;
        *rest = &rest[digits..];
        Some(Some(value as usize))
    };
    spec.width = number(&mut rest)?.unwrap_or(0);
    if let Some(after) = rest.strip_prefix(',') {
        spec.separator = ",".to_owned();
        spec.grouping = vec![3];
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        spec.precision = Some(number(&mut rest)?? as i64);
    }
    match rest.as_bytes() {
        [] => return Some(spec),
        [kind @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%')] => spec.kind = *kind,
        _ => return None,
    }
    Some(spec)
}

/// The number rounded and written as the specification wants; the grouping is done for the integer part.
pub fn format(x: &Dec, spec: &Spec, rounding: Rounding) -> Result<String> {
    let mut number = x.try_clone()?;
    let mut layout = Layout::Scientific;
    let capitals = matches!(spec.kind, b'E' | b'F' | b'G');
    if x.is_finite() {
        let mut precision = spec.precision;
        match spec.kind {
            b'e' | b'E' => layout = Layout::Exponent,
            b'f' | b'F' => layout = Layout::Fixed,
            b'%' => {
                number.exp += 2;
                layout = Layout::Fixed;
            }
            _ => {
                if number.coef.is_zero() {
                    precision = None;
                }
                if precision == Some(0) {
                    precision = Some(1);
                }
            }
        }
        if let Some(places) = precision {
            number = match layout {
                Layout::Fixed => number.rescale(-places, rounding)?.0,
                Layout::Exponent if number.coef.is_zero() => number.rescale(number.exp - places, rounding)?.0,
                Layout::Exponent => to_digits(&number, places + 1, true, rounding)?,
                _ => to_digits(&number, places, false, rounding)?,
            };
        }
        if layout == Layout::Fixed && number.exp > 0 {
            number = number.rescale(0, rounding)?.0;
        }
        if spec.no_negative_zero && number.negative && number.coef.is_zero() {
            number.negative = false;
        }
    }
    let mut text = match spec.precision {
        Some(places) if layout == Layout::Exponent && number.is_zero() => {
            // A zero shows its digits after the point, and the exponent that these would have.
            let mut zero = String::from(if places > 0 { "0." } else { "0" });
            let count = places as usize;
            zero.try_reserve(count + 24).map_err(|_| NoMemory)?;
            zero.extend(core::iter::repeat_n('0', count));
            zero.push(spec.kind as char);
            zero.push_str(&format!("{:+}", x.exp + places));
            zero
        }
        _ => {
            let text = String::from_utf8(write(&number, layout, capitals)?).unwrap_or_default();
            text.trim_start_matches('-').to_owned()
        }
    };
    if spec.kind == b'%' {
        text.push('%');
    }
    let sign = match (number.negative, spec.sign) {
        (true, _) => "-",
        (false, b'+') => "+",
        (false, b' ') => " ",
        _ => "",
    };
    let zeros = spec.align == b'z' && x.is_finite();
    if x.is_finite() {
        text = grouped(&text, spec, if zeros { spec.width.saturating_sub(sign.len()) } else { 0 })?;
    }
    let length = text.chars().count() + sign.len();
    let room = spec.width.saturating_sub(length);
    let mut out = String::new();
    let size = room.checked_mul(spec.fill.len()).and_then(|size| size.checked_add(text.len() + 8)).ok_or(NoMemory)?;
    out.try_reserve(size).map_err(|_| NoMemory)?;
    let (left, inner, right) = match spec.align {
        b'<' => (0, 0, room),
        b'^' => (room / 2, 0, room - room / 2),
        b'=' => (0, room, 0),
        _ => (room, 0, 0),
    };
    let fill = |out: &mut String, count: usize| (0..count).for_each(|_| out.push_str(&spec.fill));
    fill(&mut out, left);
    out.push_str(sign);
    fill(&mut out, inner);
    out.push_str(&text);
    fill(&mut out, right);
    Ok(out)
}

/// The number with so many digits: cut, or padded as well.
fn to_digits(x: &Dec, count: i64, pad: bool, rounding: Rounding) -> Result<Dec> {
    let digits = x.coef.digits();
    if digits == count || digits < count && !pad {
        return x.try_clone();
    }
    let rounded = x.rescale(x.exp + digits - count, rounding)?.0;
    if rounded.coef.digits() > count {
        rounded.rescale(rounded.exp + 1, rounding).map(|pair| pair.0)
    } else {
        Ok(rounded)
    }
}

/// Groups the integer part and puts the locale's point in; pads with zeros to `width`.
fn grouped(text: &str, spec: &Spec, width: usize) -> Result<String> {
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(whole);
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => format!("{}{fraction}", spec.point),
        None => rest.to_owned(),
    };
    let width = width.saturating_sub(rest.chars().count());
    let mut pieces: Vec<u8> = Vec::new();
    pieces.try_reserve(width.checked_add(whole.len() * 2).ok_or(NoMemory)?).map_err(|_| NoMemory)?;
    // Built backwards, a separator as a zero byte.
    let separator = spec.separator.chars().count();
    let mut groups = spec.grouping.iter().copied();
    let mut group = groups.next().filter(|_| separator > 0);
    let mut in_group = 0u8;
    let mut length = 0;
    let mut digits = whole.bytes().rev();
    loop {
        let digit = match digits.next() {
            Some(digit) => digit,
            None if length < width => b'0',
            None => break,
        };
        if let Some(size) = group
            && size != 0
            && size != 127
            && in_group == size
        {
            pieces.push(0);
            length += separator;
            in_group = 0;
            if let Some(next) = groups.next()
                && next != 0
            {
                group = Some(next);
            }
        }
        pieces.push(digit);
        in_group = in_group.saturating_add(1);
        length += 1;
    }
    let mut out = String::new();
    for &piece in pieces.iter().rev() {
        if piece == 0 {
            out.push_str(&spec.separator);
        } else {
            out.push(piece as char);
        }
    }
    out.push_str(&rest);
    Ok(out)
}

/// Rounds what was parsed to a context, or tells that it must not be rounded.
pub fn settle(parsed: Option<Dec>, exact: bool, env: &mut Env) -> Result<Dec> {
    let Some(mut number) = parsed else { return Ok(env.invalid(flag::CONVERSION_SYNTAX)) };
    if !exact {
        if number.is_nan() && number.coef.digits() > env.prec - i64::from(env.clamp) {
            return Ok(env.invalid(flag::CONVERSION_SYNTAX));
        }
        return number.finish(env);
    }
    let mut widest = Env::max();
    number = number.finish(&mut widest)?;
    if widest.status & (flag::INEXACT | flag::ROUNDED | flag::CLAMPED | flag::OVERFLOW) != 0 {
        return Ok(env.invalid(flag::INVALID_OPERATION));
    }
    Ok(number)
}
