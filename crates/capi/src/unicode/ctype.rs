//! Properties of characters.

use core::ffi::c_int;

use taipan_runtime::prelude::*;
use taipan_runtime::types::str::ctype;

/// The value of a numeric character, fractions included; -1 for others. The fractions are known to `unicodedata`.
fn numeric(c: u32) -> f64 {
    if !ctype::is_numeric(c) {
        return -1.0;
    }
    if let Some(digit) = ctype::to_digit(c) {
        return digit.into();
    }
    let value = (|| {
        let function = taipan_runtime::import::import_attr("unicodedata", "numeric")?;
        function.call1(Str::from_code_point(c)?.as_borrowed())?.as_f64()
    })();
    value.unwrap_or_else(|raised| {
        raised.clear();
        -1.0
    })
}

capi! {
    fn _PyUnicode_IsLowercase(c: u32) -> bool { ctype::is_lower(c) }
    fn _PyUnicode_IsUppercase(c: u32) -> bool { ctype::is_upper(c) }
    fn _PyUnicode_IsTitlecase(c: u32) -> bool { ctype::is_title(c) }
    fn _PyUnicode_IsWhitespace(c: u32) -> bool { ctype::is_space(c) }
    fn _PyUnicode_IsLinebreak(c: u32) -> bool { ctype::is_line_break(c) }
    fn _PyUnicode_IsDecimalDigit(c: u32) -> bool { ctype::is_decimal(c) }
    fn _PyUnicode_IsDigit(c: u32) -> bool { ctype::is_digit(c) }
    fn _PyUnicode_IsNumeric(c: u32) -> bool { ctype::is_numeric(c) }
    fn _PyUnicode_IsPrintable(c: u32) -> bool { ctype::is_printable(c) }
    fn _PyUnicode_IsAlpha(c: u32) -> bool { ctype::is_alpha(c) }
    fn _PyUnicode_ToLowercase(c: u32) -> u32 { ctype::to_lower_simple(c) }
    fn _PyUnicode_ToUppercase(c: u32) -> u32 { ctype::to_upper_simple(c) }
    fn _PyUnicode_ToTitlecase(c: u32) -> u32 { ctype::to_title_simple(c) }
    fn _PyUnicode_ToDecimalDigit(c: u32) -> c_int { ctype::to_decimal(c).map_or(-1, c_int::from) }
    fn _PyUnicode_ToDigit(c: u32) -> c_int { ctype::to_digit(c).map_or(-1, c_int::from) }
    fn _PyUnicode_ToNumeric(c: u32) -> f64 { numeric(c) }
}
