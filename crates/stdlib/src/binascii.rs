//! `binascii`: bytes as text of several kinds, and checksums. CPython: `Modules/binascii.c`.

use core::num::Wrapping;

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::bytes::{BytesBuilder, hex};
use taipan_runtime::types::exceptions::{Exception, ValueError};

use crate::support::ErrorClass;
use crate::zlib::checksum;

static ERROR: ErrorClass = ErrorClass::new("binascii", "Error", ValueError::type_object);
static INCOMPLETE: ErrorClass = ErrorClass::new("binascii", "Incomplete", Exception::type_object);

/// The longest line of quoted-printable text.
const MAX_LINE: usize = 76;

/// The most bytes on a line of uuencoded text.
const MAX_UU: usize = 45;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// No digit of base 64.
const NONE: u8 = 0xff;

const BASE64_VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[BASE64[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// ASCII text, or any bytes.
enum Text<'a> {
    Str(&'a str),
    Buffer(BufferArg<'a>),
}

impl<'a> Text<'a> {
    fn new(object: &'a Borrowed<'a, Object>) -> PyResult<Text<'a>> {
        if let Some(text) = object.downcast_borrowed::<Str>() {
            // SAFETY: the text lives as long as the string, which the argument keeps.
            let text: Option<&'a str> = text.as_utf8().ok().map(|text| unsafe { &*core::ptr::from_ref(text) });
            drop(Raised::take_if_set());
            return match text.filter(|text| text.is_ascii()) {
                Some(text) => Ok(Text::Str(text)),
                None => Err(raise!(ValueError, "string argument should contain only ASCII characters")),
            };
        }
        BufferArg::new(*object).map(Text::Buffer).map_err(|raised| {
            raised.clear();
            raise!(TypeError, "argument should be bytes, buffer or ASCII string, not '{}'", object.type_name())
        })
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Text::Str(text) => text.as_bytes(),
            Text::Buffer(buffer) => buffer.as_slice(),
        }
    }
}

fn error(message: &str) -> Raised {
    ERROR.raise(format_args!("{message}"))
}

/// Base 64 to bytes. Outside strict mode anything that is no digit is passed over.
fn from_base64(text: &[u8], strict: bool) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity(text.len() / 4 * 3 + 3)?;
    let (mut place, mut left, mut pads, mut digits) = (0, 0u8, 0, 0usize);
    for (index, &byte) in text.iter().enumerate() {
        if byte == b'=' {
            pads += 1;
            if (place >= 2 && place + pads <= 4) || !strict {
                continue;
            }
            if place == 1 {
                break;
            }
            let leading = place == 0 && index == 0;
            return Err(error(if leading { "Leading padding not allowed" } else { "Excess padding not allowed" }));
        }
        let value = BASE64_VALUES[usize::from(byte)];
        if value == NONE {
            if strict {
                return Err(error("Only base64 data is allowed"));
            }
            continue;
        }
        if strict && pads > 0 {
            let full = place + pads == 4;
            return Err(error(if full { "Excess data after padding" } else { "Discontinuous padding not allowed" }));
        }
        pads = 0;
        digits += 1;
        match place {
            0 => {}
            1 => out.push_byte(left << 2 | value >> 4)?,
            2 => out.push_byte(left << 4 | value >> 2)?,
            _ => out.push_byte(left << 6 | value)?,
        }
        left = value;
        place = (place + 1) % 4;
    }
    if place == 1 {
        return Err(ERROR.raise(format_args!(
            "Invalid base64-encoded string: number of data characters ({digits}) cannot be 1 more than a multiple of 4"
        )));
    }
    if place != 0 && place + pads < 4 {
        return Err(error("Incorrect padding"));
    }
    Ok(out)
}

fn to_base64(data: &[u8], newline: bool) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity((data.len() / 3 + 1).saturating_mul(4).saturating_add(1))?;
    let digit = |value: u8| BASE64[usize::from(value & 63)];
    let groups = data.chunks_exact(3);
    let rest = groups.remainder();
    for group in groups {
        let &[a, b, c] = group else { break };
        out.push(&[digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2 | c >> 6), digit(c)])?;
    }
    match *rest {
        [a] => out.push(&[digit(a >> 2), digit(a << 4), b'=', b'='])?,
        [a, b] => out.push(&[digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2), b'='])?,
        _ => {}
    }
    if newline {
        out.push_byte(b'\n')?;
    }
    Ok(out)
}

/// A line of uuencoded text to bytes; what is missing at the end counts as zero.
fn from_uu(text: &[u8]) -> PyResult<BytesBuilder> {
    let Some((&first, mut rest)) = text.split_first() else { return Err(error("Missing length byte")) };
    let count = usize::from(first.wrapping_sub(b' ') & 63);
    let mut out = BytesBuilder::with_capacity(count)?;
    let (mut bits, mut pending) = (0u32, 0);
    while out.len() < count {
        let value = match rest.first() {
            None | Some(b'\n' | b'\r') => 0,
            Some(&byte) if !(b' '..=b' ' + 64).contains(&byte) => return Err(error("Illegal char")),
            Some(&byte) => byte.wrapping_sub(b' ') & 63,
        };
        rest = rest.get(1..).unwrap_or(&[]);
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        pending += 6;
        if pending >= 8 {
            pending -= 8;
            out.push_byte((bits >> pending) as u8)?;
        }
    }
    if rest.iter().any(|byte| !matches!(byte, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error("Trailing garbage"));
    }
    Ok(out)
}

fn to_uu(data: &[u8], backtick: bool) -> PyResult<BytesBuilder> {
    if data.len() > MAX_UU {
        return Err(error("At most 45 bytes at once"));
    }
    let digit = |value: u8| match value & 63 {
        0 if backtick => b'`',
        value => value + b' ',
    };
    let mut out = BytesBuilder::with_capacity(2 + data.len().div_ceil(3) * 4)?;
    out.push_byte(digit(data.len() as u8))?;
    for group in data.chunks(3) {
        let (a, b, c) = (group[0], group.get(1).copied().unwrap_or(0), group.get(2).copied().unwrap_or(0));
        out.push(&[digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2 | c >> 6), digit(c)])?;
    }
    out.push_byte(b'\n')?;
    Ok(out)
}

fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|value| value as u8)
}

fn from_quoted_printable(text: &[u8], header: bool) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity(text.len())?;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match *byte {
            b'=' => match *rest {
                [] => break,
                // A soft line break.
                [b'\n' | b'\r', ..] => {
                    let end = memchr::memchr(b'\n', rest);
                    rest = end.map_or(&[], |end| &rest[end + 1..]);
                }
                [b'=', ref after @ ..] => {
                    out.push_byte(b'=')?;
                    rest = after;
                }
                [high, low, ref after @ ..] => match (hex_value(high), hex_value(low)) {
                    (Some(high), Some(low)) => {
                        out.push_byte(high << 4 | low)?;
                        rest = after;
                    }
                    _ => out.push_byte(b'=')?,
                },
                [_] => out.push_byte(b'=')?,
            },
            b'_' if header => out.push_byte(b' ')?,
            byte => out.push_byte(byte)?,
        }
    }
    Ok(out)
}

/// How quoted-printable text is to be written.
struct Quoting {
    tabs: bool,
    text: bool,
    header: bool,
}

impl Quoting {
    /// Whether the byte at `index` has to be quoted; `start` says that it is the first of its line.
    fn applies(&self, data: &[u8], index: usize, start: bool) -> bool {
        let (byte, next) = (data[index], data.get(index + 1));
        match byte {
            b'=' | 127.. => true,
            b'_' => self.header,
            // A line of one dot ends a message.
            b'.' => start && matches!(next, None | Some(b'\n' | b'\r' | 0)),
            b'\r' | b'\n' => !self.text,
            b'\t' | b' ' => next.is_none() || (self.tabs && byte < 33),
            byte => byte < 33,
        }
    }
}

fn push_quoted(out: &mut BytesBuilder, byte: u8) -> PyResult<()> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
}

fn to_quoted_printable(data: &[u8], quoting: &Quoting) -> PyResult<BytesBuilder> {
    // The first line says how all lines end.
    let crlf = memchr::memchr(b'\n', data).is_some_and(|end| end > 0 && data[end - 1] == b'\r');
    let line_end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let mut out = BytesBuilder::with_capacity(data.len())?;
    let (mut index, mut line) = (0, 0);
    let break_line = |out: &mut BytesBuilder| -> PyResult<()> {
        out.push_byte(b'=')?;
        out.push(line_end)
    };
    while index < data.len() {
        let byte = data[index];
        if quoting.applies(data, index, line == 0) {
            if line + 3 >= MAX_LINE {
                break_line(&mut out)?;
                line = 0;
            }
            push_quoted(&mut out, byte)?;
            index += 1;
            line += 3;
            continue;
        }
        let next = data.get(index + 1).copied();
        if quoting.text && (byte == b'\n' || (byte == b'\r' && next == Some(b'\n'))) {
            line = 0;
            // Space at the end of a line would get lost.
            if let Some(&last @ (b' ' | b'\t')) = out.as_slice().last() {
                out.truncate(out.len() - 1);
                push_quoted(&mut out, last)?;
            }
            out.push(line_end)?;
            index += if byte == b'\r' { 2 } else { 1 };
            continue;
        }
        if next.is_some_and(|next| next != b'\n') && line + 1 >= MAX_LINE {
            break_line(&mut out)?;
            line = 0;
        }
        line += 1;
        out.push_byte(if quoting.header && byte == b' ' { b'_' } else { byte })?;
        index += 1;
    }
    Ok(out)
}

/// The CRC of BinHex 4: polynomial 0x1021.
fn crc_ccitt(data: &[u8], crc: u16) -> u16 {
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = (index as u16) << 8;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    data.iter().fold(crc, |crc, &byte| crc << 8 ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

pub struct Binascii;

#[pymodule(name = "binascii")]
impl Binascii {
    #[function(signature = "($module, data, /, *, strict_mode=False)")]
    fn a2b_base64(data: Borrowed<'_, Object>, strict_mode: bool) -> PyResult<Ref<Bytes>> {
        from_base64(Text::new(&data)?.bytes(), strict_mode)?.finish()
    }

    #[function(signature = "($module, hexstr, /)")]
    fn a2b_hex(hexstr: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        let text = Text::new(&hexstr)?;
        let digits = text.bytes();
        if digits.len() % 2 != 0 {
            return Err(error("Odd-length string"));
        }
        let mut out = BytesBuilder::with_capacity(digits.len() / 2)?;
        for pair in digits.chunks_exact(2) {
            match (hex_value(pair[0]), hex_value(pair[1])) {
                (Some(high), Some(low)) => out.push_byte(high << 4 | low)?,
                _ => return Err(error("Non-hexadecimal digit found")),
            }
        }
        out.finish()
    }

    #[function(signature = "($module, hexstr, /)")]
    fn unhexlify(hexstr: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        Binascii::a2b_hex(hexstr)
    }

    #[function(signature = "($module, /, data, header=False)")]
    fn a2b_qp(data: Borrowed<'_, Object>, header: bool) -> PyResult<Ref<Bytes>> {
        from_quoted_printable(Text::new(&data)?.bytes(), header)?.finish()
    }

    #[function(signature = "($module, data, /)")]
    fn a2b_uu(data: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        from_uu(Text::new(&data)?.bytes())?.finish()
    }

    #[function(signature = "($module, data, /, *, newline=True)")]
    fn b2a_base64(data: BufferArg<'_>, newline: bool) -> PyResult<Ref<Bytes>> {
        to_base64(&data, newline)?.finish()
    }

    #[function(signature = "($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn b2a_hex(data: BufferArg<'_>, sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&hex::hex_digits(&data, sep, bytes_per_sep)?)
    }

    #[function(signature = "($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hexlify(data: BufferArg<'_>, sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Bytes>> {
        Binascii::b2a_hex(data, sep, bytes_per_sep)
    }

    #[function(signature = "($module, /, data, quotetabs=False, istext=True, header=False)")]
    fn b2a_qp(data: BufferArg<'_>, quotetabs: bool, istext: bool, header: bool) -> PyResult<Ref<Bytes>> {
        to_quoted_printable(&data, &Quoting { tabs: quotetabs, text: istext, header })?.finish()
    }

    #[function(signature = "($module, data, /, *, backtick=False)")]
    fn b2a_uu(data: BufferArg<'_>, backtick: bool) -> PyResult<Ref<Bytes>> {
        to_uu(&data, backtick)?.finish()
    }

    #[function(signature = "($module, data, crc=0, /)")]
    fn crc32(data: BufferArg<'_>, crc: Option<Wrapping<u32>>) -> u32 {
        checksum::crc32(crc.map_or(0, |crc| crc.0), &data)
    }

    #[function(signature = "($module, data, crc, /)")]
    fn crc_hqx(data: BufferArg<'_>, crc: Wrapping<u32>) -> u16 {
        crc_ccitt(&data, crc.0 as u16)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        ERROR.add_to(module)?;
        INCOMPLETE.add_to(module)
    }
}
