//! Numeric literals: where they end, and what is wrong with them.

use super::{LexResult, Lexer, is_word_byte};
use crate::error::WarningKind;
use crate::token::{Kind, Token};

impl Lexer<'_> {
    /// A number that begins at `start`, with a digit or with a point before a digit.
    pub(super) fn number(&mut self, place: &mut Token, start: usize) -> LexResult<()> {
        self.pos = start;
        if self.peek(0) == b'0' {
            self.pos += 1;
            return match self.peek(0) | 0x20 {
                b'x' => self.radix(place, start, "hexadecimal", u8::is_ascii_hexdigit),
                b'o' => self.radix(place, start, "octal", |b| matches!(b, b'0'..=b'7')),
                b'b' => self.radix(place, start, "binary", |b| matches!(b, b'0' | b'1')),
                _ => self.leading_zero(place, start),
            };
        }
        if self.peek(0) != b'.' {
            self.decimal_tail()?;
        }
        self.fraction(place, start)
    }

    fn radix(&mut self, place: &mut Token, start: usize, name: &str, is_digit: fn(&u8) -> bool) -> LexResult<()> {
        self.pos += 1;
        loop {
            if self.peek(0) == b'_' {
                self.pos += 1;
            }
            let c = self.peek(0);
            if !is_digit(&c) {
                if c.is_ascii_digit() {
                    self.pos += 1;
                    return Err(self.error(format!("invalid digit '{}' in {name} literal", c as char)));
                }
                return Err(self.error(format!("invalid {name} literal")));
            }
            while is_digit(&self.peek(0)) {
                self.pos += 1;
            }
            if self.peek(0) != b'_' {
                break;
            }
        }
        let c = self.peek(0);
        if c.is_ascii_digit() {
            self.pos += 1;
            return Err(self.error(format!("invalid digit '{}' in {name} literal", c as char)));
        }
        self.end_of_number(name)?;
        self.put(place, Kind::Number, start)
    }

    /// Behind a first `0`: zero, a float or imaginary number, or an integer with leading zeros.
    fn leading_zero(&mut self, place: &mut Token, start: usize) -> LexResult<()> {
        loop {
            if self.peek(0) == b'_' {
                self.pos += 1;
                if !self.peek(0).is_ascii_digit() {
                    return Err(self.error("invalid decimal literal"));
                }
            }
            if self.peek(0) != b'0' {
                break;
            }
            self.pos += 1;
        }
        let zeros_end = self.pos;
        let nonzero = self.peek(0).is_ascii_digit();
        if nonzero {
            self.decimal_tail()?;
        }
        if matches!(self.peek(0), b'.' | b'e' | b'E' | b'j' | b'J') {
            return self.fraction(place, start);
        }
        if nonzero && !self.options.extra_tokens {
            let from = start + 1 - self.line_start;
            return Err(self.error_range(
                from,
                // One past the zeros, as the reference counts.
                zeros_end + 1 - self.line_start,
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
            ));
        }
        self.end_of_number("decimal")?;
        self.put(place, Kind::Number, start)
    }

    /// Digits with single underscores between them.
    fn decimal_tail(&mut self) -> LexResult<()> {
        loop {
            while self.peek(0).is_ascii_digit() {
                self.pos += 1;
            }
            if self.peek(0) != b'_' {
                return Ok(());
            }
            self.pos += 1;
            if !self.peek(0).is_ascii_digit() {
                return Err(self.error("invalid decimal literal"));
            }
        }
    }

    /// What may follow the integer part: fraction, exponent, `j`.
    fn fraction(&mut self, place: &mut Token, start: usize) -> LexResult<()> {
        if self.peek(0) == b'.' {
            self.pos += 1;
            if self.peek(0).is_ascii_digit() {
                self.decimal_tail()?;
            }
        }
        if self.peek(0) | 0x20 == b'e' {
            let sign = matches!(self.peek(1), b'+' | b'-');
            if self.peek(1 + usize::from(sign)).is_ascii_digit() {
                self.pos += 1 + usize::from(sign);
                self.decimal_tail()?;
            } else if sign {
                self.pos += 2;
                return Err(self.error("invalid decimal literal"));
            } else {
                self.end_of_number("decimal")?;
                return self.put(place, Kind::Number, start);
            }
        }
        if self.peek(0) | 0x20 == b'j' {
            self.pos += 1;
            self.end_of_number("imaginary")?;
        } else {
            self.end_of_number("decimal")?;
        }
        self.put(place, Kind::Number, start)
    }

    /// No letter may follow a number directly, except that of a keyword such as in `1if x else y`, which earns a
    /// warning.
    fn end_of_number(&mut self, name: &str) -> LexResult<()> {
        let c = self.peek(0);
        if !is_word_byte(c) || self.options.extra_tokens {
            return Ok(());
        }
        let rest = &self.src[self.pos..];
        let word = |text: &[u8]| rest.starts_with(text) && !rest.get(text.len()).is_some_and(|b| is_word_byte(*b));
        let keyword = word(b"and")
            || word(b"else")
            || word(b"for")
            || word(b"or")
            || word(b"not")
            || (c == b'i' && matches!(rest.get(1), Some(b'f' | b'n' | b's')));
        if keyword {
            let message = format!("invalid {name} literal");
            self.warn(WarningKind::Syntax, message.clone(), message);
            return Ok(());
        }
        if c < 0x80 {
            return Err(self.error(format!("invalid {name} literal")));
        }
        Ok(())
    }
}
