//! `%` formatting of `bytes` and `bytearray`.
//!
//! CPython: `_PyBytes_FormatEx`.

use super::input::has_buffer;
use super::{Bytes, BytesBuilder};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::dict::lookup::qualified_type_name;
use crate::types::exceptions::TypeError;
use crate::types::str::StrData;
use crate::types::str::number_text::{float_text, with_integer_text};
use crate::types::str::percent::{Arguments, Flags, Parts, Spec, parse, unsupported};

/// `format % arguments`.
pub fn format(format: &[u8], arguments: Borrowed<'_, Object>) -> PyResult<BytesBuilder> {
    let mut arguments = Arguments::new(arguments);
    let mut out = BytesBuilder::with_capacity(format.len().saturating_add(format.len().min(100)))?;
    let mut at = 0;
    while at < format.len() {
        let literal = memchr::memchr(b'%', &format[at..]).unwrap_or(format.len() - at);
        out.push(&format[at..at + literal])?;
        at += literal;
        if at == format.len() {
            break;
        }
        at += 1;
        if format.get(at) == Some(&b'%') {
            out.push_byte(b'%')?;
            at += 1;
            continue;
        }
        let make_key = |range: core::ops::Range<usize>| Ok(Bytes::from_slice(&format[range])?.into_object());
        let spec = parse(StrData::Ucs1(format), &mut at, &mut arguments, make_key)?;
        let value = arguments.next()?;
        render(&mut out, &spec, value)?;
    }
    if arguments.has_rest() {
        return Err(raise!(TypeError, "not all arguments converted during bytes formatting"));
    }
    Ok(out)
}

fn render(out: &mut BytesBuilder, spec: &Spec, value: Ref<Object>) -> PyResult<()> {
    let code = spec.code as u8;
    match code {
        b's' | b'b' => render_bytes(out, spec, value),
        b'r' | b'a' => {
            let text = value.repr()?.ascii_escaped()?;
            render_text(out, spec, text.as_utf8()?.as_bytes())
        }
        b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => {
            let Flags { alternate, .. } = spec.flags;
            with_integer_text(value.borrow(), code, spec.precision, alternate, |text| render_number(out, spec, text))
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let number = match value.as_f64() {
                Ok(number) => number,
                Err(raised) => {
                    raised.clear();
                    return Err(raise!(TypeError, "float argument required, not {}", value.type_name()));
                }
            };
            render_number(out, spec, &float_text(number, code, spec.precision, spec.flags.alternate)?)
        }
        b'c' => {
            let spec = Spec { precision: None, ..*spec };
            render_text(out, &spec, &[byte_of(&value)?])
        }
        // CPython prints the byte as a signed char, which `%c` of messages refuses.
        0x80.. => Err(raise!(OverflowError, "character argument not in range(0x110000)")),
        _ => Err(unsupported(spec)),
    }
}

/// The byte of `%c`.
fn byte_of(value: &Ref<Object>) -> PyResult<u8> {
    let single = |data: &[u8], kind: &str| match data {
        [byte] => Ok(*byte),
        _ => Err(raise!(
            TypeError,
            "%c requires an integer in range(256) or a single byte, not a {kind} object of length {}",
            data.len()
        )),
    };
    if let Some(bytes) = value.downcast::<Bytes>() {
        return single(bytes.as_slice(), "bytes");
    }
    if let Some(bytes) = value.downcast::<ByteArray>() {
        return single(bytes.as_slice(), "bytearray");
    }
    let int = match value.index() {
        Ok(int) => int,
        Err(raised) => {
            raised.clear_if::<TypeError>()?;
            return Err(raise!(
                TypeError,
                "%c requires an integer in range(256) or a single byte, not {}",
                qualified_type_name(value.borrow())
            ));
        }
    };
    match int.to_i64().and_then(|value| u8::try_from(value).ok()) {
        Some(byte) => Ok(byte),
        None => Err(raise!(OverflowError, "%c arg not in range(256)")),
    }
}

/// `%s`: an object with a buffer or `__bytes__`.
fn render_bytes(out: &mut BytesBuilder, spec: &Spec, value: Ref<Object>) -> PyResult<()> {
    if let Some(bytes) = value.downcast_exact::<Bytes>() {
        return render_text(out, spec, bytes.as_slice());
    }
    if let Some(bytes) = value.downcast_exact::<ByteArray>() {
        return render_text(out, spec, bytes.as_slice());
    }
    if let Some(method) = value.lookup_special(id!("__bytes__"))? {
        return match method.call0()?.into_downcast::<Bytes>() {
            Ok(bytes) => render_text(out, spec, bytes.as_slice()),
            Err(other) => Err(raise!(TypeError, "__bytes__ returned non-bytes (type {})", other.type_name())),
        };
    }
    if has_buffer(&value) {
        let buffer = BufferArg::new(value.borrow())?;
        return render_text(out, spec, &buffer);
    }
    Err(raise!(
        TypeError,
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        value.type_name()
    ))
}

fn render_text(out: &mut BytesBuilder, spec: &Spec, data: &[u8]) -> PyResult<()> {
    let data = &data[..data.len().min(spec.precision.unwrap_or(usize::MAX))];
    let missing = spec.width.saturating_sub(data.len());
    out.push_fill(b' ', if spec.flags.left { 0 } else { missing })?;
    out.push(data)?;
    out.push_fill(b' ', if spec.flags.left { missing } else { 0 })
}

fn render_number(out: &mut BytesBuilder, spec: &Spec, text: &str) -> PyResult<()> {
    let parts = Parts::of(text, spec);
    out.push_fill(b' ', parts.left_pad)?;
    if let Some(sign) = parts.sign {
        out.push_byte(sign)?;
    }
    out.push(parts.prefix.as_bytes())?;
    out.push_fill(b'0', parts.zeros)?;
    out.push(parts.digits.as_bytes())?;
    out.push_fill(b' ', parts.right_pad)
}
