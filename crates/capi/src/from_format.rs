//! `PyUnicode_FromFormat`, `PyBytes_FromFormat`, `PyTuple_Pack`: what is made of variable arguments.

use core::slice;

use taipan_runtime::types::str::StrBuilder;

use crate::support::*;
use crate::typeobject::qualified_name;
use crate::va::{Arguments, VaList};

unsafe extern "C" {
    fn PyUnicodeWriter_WriteStr(writer: *mut c_void, object: *mut PyObject) -> c_int;
}

// SAFETY of all of these: C passes formats, and arguments that fit them.
capi! {
    fn taipan_unicode_from_format(format: *const c_char, arguments: *mut Arguments) -> PyResult<Ref<Str>> {
        unsafe { unicode(bytes(format), VaList::new(arguments)) }
    }

    fn taipan_unicode_writer_format(
        writer: *mut c_void,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<()> {
        unsafe {
            let text = unicode(bytes(format), VaList::new(arguments))?;
            taipan_runtime::object::protocol::attr::from_status(PyUnicodeWriter_WriteStr(writer, text.as_ptr()))
        }
    }

    fn taipan_bytes_from_format(format: *const c_char, arguments: *mut Arguments) -> PyResult<Ref<Bytes>> {
        unsafe { byte_string(bytes(format), VaList::new(arguments)) }
    }

    fn taipan_tuple_pack(count: isize, arguments: *mut Arguments) -> PyResult<Ref<Tuple>> {
        let count = usize::try_from(count).map_err(|_| bad_internal_call())?;
        let mut arguments = unsafe { VaList::new(arguments) };
        let mut items = Vec::new();
        if items.try_reserve_exact(count).is_err() {
            return Err(Raised::no_memory());
        }
        for _ in 0..count {
            items.push(unsafe { Ref::<Object>::from_borrowed_ptr(arguments.pointer::<PyObject>()) });
        }
        Tuple::from_vec(items)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Int,
    Long,
    LongLong,
    Word,
}

/// A conversion without its letter.
struct Spec {
    left: bool,
    zero: bool,
    alternate: bool,
    width: Option<usize>,
    precision: Option<usize>,
    size: Size,
}

struct Reader<'a> {
    format: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.format.get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        let byte = self.peek();
        self.at += usize::from(self.at < self.format.len());
        byte
    }

    /// A number, or `*` for one that is an argument. A negative width means "to the left"; a negative precision means none.
    fn number(&mut self, arguments: &mut VaList, left: Option<&mut bool>, what: &str) -> PyResult<Option<usize>> {
        if self.peek() == b'*' {
            self.at += 1;
            let value = arguments.int();
            if value < 0 {
                match left {
                    Some(left) => *left = true,
                    None => return Ok(None),
                }
            }
            return Ok(Some(value.unsigned_abs() as usize));
        }
        let start = self.at;
        let mut value = 0usize;
        while self.peek().is_ascii_digit() {
            let digit = usize::from(self.next() - b'0');
            value = match value.checked_mul(10).and_then(|value| value.checked_add(digit)) {
                Some(value) if value <= isize::MAX as usize => value,
                _ => return Err(raise!(ValueError, "{what} too big")),
            };
        }
        Ok((self.at > start).then_some(value))
    }

    fn spec(&mut self, arguments: &mut VaList) -> PyResult<Spec> {
        let mut spec =
            Spec { left: false, zero: false, alternate: false, width: None, precision: None, size: Size::Int };
        loop {
            match self.peek() {
                b'-' => spec.left = true,
                b'0' => spec.zero = true,
                b'#' => spec.alternate = true,
                _ => break,
            }
            self.at += 1;
        }
        spec.width = self.number(arguments, Some(&mut spec.left), "width")?;
        if self.peek() == b'.' {
            self.at += 1;
            let is_argument = self.peek() == b'*';
            let precision = self.number(arguments, None, "precision")?;
            spec.precision = precision.or((!is_argument).then_some(0));
        }
        spec.size = match self.peek() {
            b'l' => {
                self.at += 1;
                if self.peek() == b'l' {
                    self.at += 1;
                    Size::LongLong
                } else {
                    Size::Long
                }
            }
            b'z' | b't' => {
                self.at += 1;
                Size::Word
            }
            b'j' => {
                self.at += 1;
                Size::LongLong
            }
            _ => Size::Int,
        };
        Ok(spec)
    }
}

fn signed(size: Size, arguments: &mut VaList) -> i64 {
    match size {
        Size::Int => i64::from(arguments.int()),
        Size::Long => arguments.long(),
        Size::LongLong => arguments.long_long(),
        Size::Word => arguments.size() as i64,
    }
}

fn unsigned(size: Size, arguments: &mut VaList) -> u64 {
    match size {
        Size::Int => u64::from(arguments.int() as u32),
        Size::Long => arguments.long() as u64,
        Size::LongLong => arguments.long_long() as u64,
        Size::Word => arguments.size() as u64,
    }
}

/// What C's `%p` writes, always with `0x` in front: the C library writes NULL as a word.
fn pointer_text(pointer: *const c_void) -> String {
    if pointer.is_null() { "0x(nil)".to_owned() } else { format!("{:#x}", pointer as usize) }
}

/// The text of a format.
///
/// # Safety
/// `arguments` are what the format asks for.
pub unsafe fn unicode(format: &[u8], mut arguments: VaList) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    let mut reader = Reader { format, at: 0 };
    while reader.at < format.len() {
        let rest = &format[reader.at..];
        let plain = rest.iter().position(|&byte| byte == b'%').unwrap_or(rest.len());
        if !rest[..plain].is_ascii() {
            let byte = rest[..plain].iter().find(|byte| !byte.is_ascii()).copied().unwrap_or(0);
            return Err(raise!(
                ValueError,
                "PyUnicode_FromFormatV() expects an ASCII-encoded format string, got a non-ASCII byte: 0x{byte:02x}"
            ));
        }
        out.push_ascii(&rest[..plain])?;
        reader.at += plain;
        if reader.at == format.len() {
            break;
        }
        let start = reader.at;
        reader.at += 1;
        let spec = reader.spec(&mut arguments)?;
        // SAFETY: by contract.
        let known = unsafe { conversion(reader.next(), &spec, &mut arguments, &mut out)? };
        if !known {
            return Err(raise!(SystemError, "invalid format string: {}", String::from_utf8_lossy(&format[start..])));
        }
    }
    out.finish()
}

/// Writes one conversion; false where the letter is none.
unsafe fn conversion(letter: u8, spec: &Spec, arguments: &mut VaList, out: &mut StrBuilder) -> PyResult<bool> {
    // SAFETY: by the contract of `unicode`.
    unsafe {
        match letter {
            b'%' => out.push(u32::from(b'%'))?,
            b'd' | b'i' => {
                let value = signed(spec.size, arguments);
                write_number(out, spec, value < 0, &value.unsigned_abs().to_string())?;
            }
            b'u' => write_number(out, spec, false, &unsigned(spec.size, arguments).to_string())?,
            b'o' => write_number(out, spec, false, &format!("{:o}", unsigned(spec.size, arguments)))?,
            b'x' => write_number(out, spec, false, &format!("{:x}", unsigned(spec.size, arguments)))?,
            b'X' => write_number(out, spec, false, &format!("{:X}", unsigned(spec.size, arguments)))?,
            b'c' => {
                let ordinal = arguments.int();
                match u32::try_from(ordinal).ok().filter(|&ordinal| ordinal <= 0x10_ffff) {
                    Some(ordinal) => out.push(ordinal)?,
                    None => return Err(raise!(OverflowError, "character argument not in range(0x110000)")),
                }
            }
            b'p' => {
                let text = pointer_text(arguments.pointer::<c_void>());
                write_str(out, spec, &Str::from_utf8_str(&text)?)?;
            }
            b's' if spec.size == Size::Long => {
                let text = wide(arguments.pointer::<u32>(), spec.precision)?;
                write_padded(out, spec, &text)?;
            }
            b's' => {
                let text = utf8(arguments.pointer::<c_char>(), spec.precision)?;
                write_padded(out, spec, &text)?;
            }
            b'U' => {
                let object: Borrowed<'_, Object> = Borrowed::from_ptr(arguments.pointer::<PyObject>());
                write_str(out, spec, &*expect::<Str>(object)?)?;
            }
            b'V' => {
                let object: *mut PyObject = arguments.pointer();
                let text = arguments.pointer::<c_void>();
                match Borrowed::<Object>::from_ptr_or_null(object) {
                    Some(object) => write_str(out, spec, &*expect::<Str>(object)?)?,
                    None if spec.size == Size::Long => {
                        let text = wide(text.cast(), spec.precision)?;
                        write_padded(out, spec, &text)?;
                    }
                    None => {
                        let text = utf8(text.cast(), spec.precision)?;
                        write_padded(out, spec, &text)?;
                    }
                }
            }
            b'S' | b'R' | b'A' => {
                let object: Borrowed<'_, Object> = Borrowed::from_ptr(arguments.pointer::<PyObject>());
                let text = match letter {
                    b'S' => object.str()?,
                    b'R' => object.repr()?,
                    _ => object.repr()?.ascii_escaped()?,
                };
                write_str(out, spec, &text)?;
            }
            b'T' | b'N' => {
                let object: Borrowed<'_, Object> = Borrowed::from_ptr(arguments.pointer::<PyObject>());
                let class = if letter == b'T' {
                    object.type_of().to_owned()
                } else {
                    match object.downcast::<Type>() {
                        Some(class) => class.to_owned(),
                        None => return Err(raise!(TypeError, "%N argument must be a type")),
                    }
                };
                let text = if spec.alternate {
                    let full = qualified_name(&class)?;
                    let qualname = class.qualname()?.to_display();
                    match full.strip_suffix(&qualname).and_then(|front| front.strip_suffix('.')) {
                        Some(module) => format!("{module}:{qualname}"),
                        None => full,
                    }
                } else {
                    qualified_name(&class)?
                };
                write_str(out, spec, &Str::from_utf8_str(&text)?)?;
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn write_number(out: &mut StrBuilder, spec: &Spec, negative: bool, digits: &str) -> PyResult<()> {
    let sign = usize::from(negative);
    let mut precision = spec.precision.unwrap_or(0).max(digits.len());
    let width = spec.width.unwrap_or(0).max(precision + sign);
    if spec.zero && !spec.left {
        precision = width - sign;
    }
    let spaces = width - precision - sign;
    if !spec.left {
        out.push_fill(u32::from(b' '), spaces)?;
    }
    if negative {
        out.push(u32::from(b'-'))?;
    }
    out.push_fill(u32::from(b'0'), precision - digits.len())?;
    out.push_ascii(digits.as_bytes())?;
    if spec.left {
        out.push_fill(u32::from(b' '), spaces)?;
    }
    Ok(())
}

/// A string, cut to the precision and filled up to the width.
fn write_str(out: &mut StrBuilder, spec: &Spec, text: &Ref<Str>) -> PyResult<()> {
    match spec.precision {
        Some(precision) if precision < text.len() => write_padded(out, spec, &text.substring(0..precision)?),
        _ => write_padded(out, spec, text),
    }
}

fn write_padded(out: &mut StrBuilder, spec: &Spec, text: &Ref<Str>) -> PyResult<()> {
    let spaces = spec.width.unwrap_or(0).saturating_sub(text.len());
    if !spec.left {
        out.push_fill(u32::from(b' '), spaces)?;
    }
    out.push_object(text)?;
    if spec.left {
        out.push_fill(u32::from(b' '), spaces)?;
    }
    Ok(())
}

/// The bytes of a C string, at most `limit`.
unsafe fn limited<'a>(text: *const c_char, limit: Option<usize>) -> &'a [u8] {
    // SAFETY: by the contract of `unicode`: a C string, or as many bytes as the limit says.
    unsafe {
        let length = match limit {
            None => libc::strlen(text),
            Some(limit) => libc::strnlen(text, limit),
        };
        slice::from_raw_parts(text.cast(), length)
    }
}

/// UTF-8 with what is wrong replaced. A limit may cut a character, which is then left out.
unsafe fn utf8(text: *const c_char, limit: Option<usize>) -> PyResult<Ref<Str>> {
    // SAFETY: by contract of the caller.
    let data = unsafe { limited(text, limit) };
    if limit.is_some() {
        return taipan_runtime::types::codec::utf8::decode_stateful(data, "replace", false).map(|(text, _)| text);
    }
    taipan_runtime::types::codec::decode_utf8(data, "replace")
}

unsafe fn wide(text: *const u32, limit: Option<usize>) -> PyResult<Ref<Str>> {
    let mut length = 0;
    // SAFETY: by the contract of `unicode`.
    unsafe {
        while limit.is_none_or(|limit| length < limit) && *text.add(length) != 0 {
            length += 1;
        }
        Str::from_ucs4(slice::from_raw_parts(text, length))
    }
}

/// `PyBytes_FromFormat` knows a few conversions; at one that it does not know, the rest of the format is taken as it is.
unsafe fn byte_string(format: &[u8], mut arguments: VaList) -> PyResult<Ref<Bytes>> {
    let mut out: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < format.len() {
        if format[at] != b'%' {
            out.push(format[at]);
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        let peek = |at: usize| format.get(at).copied().unwrap_or(0);
        while peek(at).is_ascii_digit() {
            at += 1;
        }
        let mut precision = 0usize;
        if peek(at) == b'.' {
            at += 1;
            while peek(at).is_ascii_digit() {
                precision = precision.saturating_mul(10).saturating_add(usize::from(peek(at) - b'0'));
                at += 1;
            }
        }
        while peek(at) != 0 && peek(at) != b'%' && !peek(at).is_ascii_alphabetic() {
            at += 1;
        }
        let mut size = Size::Int;
        if matches!(peek(at), b'l' | b'z') && matches!(peek(at + 1), b'd' | b'u') {
            size = if peek(at) == b'l' { Size::Long } else { Size::Word };
            at += 1;
        }
        let letter = peek(at);
        // SAFETY: by the contract of the C function.
        unsafe {
            match letter {
                b'c' => match u8::try_from(arguments.int()) {
                    Ok(byte) => out.push(byte),
                    Err(_) => {
                        return Err(raise!(
                            OverflowError,
                            "PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]"
                        ));
                    }
                },
                b'd' => out.extend_from_slice(signed(size, &mut arguments).to_string().as_bytes()),
                b'i' => out.extend_from_slice(arguments.int().to_string().as_bytes()),
                b'u' => out.extend_from_slice(unsigned(size, &mut arguments).to_string().as_bytes()),
                b'x' => out.extend_from_slice(format!("{:x}", arguments.int()).as_bytes()),
                b's' => {
                    let limit = (precision > 0).then_some(precision);
                    out.extend_from_slice(limited(arguments.pointer::<c_char>(), limit));
                }
                b'p' => out.extend_from_slice(pointer_text(arguments.pointer::<c_void>()).as_bytes()),
                b'%' => out.push(b'%'),
                _ => {
                    out.extend_from_slice(&format[start..]);
                    break;
                }
            }
        }
        at += 1;
    }
    Bytes::from_slice(&out)
}
