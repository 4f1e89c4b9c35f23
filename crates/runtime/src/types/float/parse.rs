//! Reading floats: Python's grammar with underscores, and prefixes for C callers.

/// The value of a whole text without surrounding space: `[+-] digits [. digits] [e [+-] digits]`, "inf", "infinity" and "nan"
/// in any case. Correctly rounded.
pub fn parse(text: &[u8]) -> Option<f64> {
    // The standard library's grammar is the same.
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// As [`parse`], where an underscore may stand between two digits.
pub fn parse_with_underscores(text: &[u8]) -> Option<f64> {
    if !text.contains(&b'_') {
        return parse(text);
    }
    let mut plain = Vec::new();
    plain.try_reserve_exact(text.len()).ok()?;
    for (i, &c) in text.iter().enumerate() {
        if c != b'_' {
            plain.push(c);
            continue;
        }
        let digit_at = |i: Option<usize>| i.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_digit);
        if !digit_at(i.checked_sub(1)) || !digit_at(Some(i + 1)) {
            return None;
        }
    }
    parse(&plain)
}

/// The longest prefix of `text` that is a float, and its length; `None` when there is none (`_Py_parse_inf_or_nan` and
/// `_PyOS_ascii_strtod`).
pub fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let sign = matches!(text.first(), Some(b'+' | b'-')) as usize;
    let body = &text[sign..];
    for word in ["infinity", "inf", "nan"] {
        if body.len() >= word.len() && body[..word.len()].eq_ignore_ascii_case(word.as_bytes()) {
            let end = sign + word.len();
            return Some((parse(&text[..end])?, end));
        }
    }
    let digits = |from: usize| from + text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut end = digits(sign);
    let mut count = end - sign;
    if text.get(end) == Some(&b'.') {
        let after = digits(end + 1);
        count += after - end - 1;
        end = after;
    }
    if count == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let start = end + 1 + matches!(text.get(end + 1), Some(b'+' | b'-')) as usize;
        if start <= text.len() {
            let after = digits(start);
            if after > start {
                end = after;
            }
        }
    }
    Some((parse(&text[..end])?, end))
}
