//! `str.format`, `str.format_map`, the helpers of `string.Formatter`, and `format()` of a `str`.
//!
//! CPython: `Objects/stringlib/unicode_format.h`, `format_string_internal`.

use core::cell::Cell;
use core::ops::Range;
use core::ptr;

use super::number_text::stopped;
use super::{Str, StrBuilder, each_kind};
use crate::abi::PyObject;
use crate::memory;
use crate::prelude::*;
use crate::types::format_spec::{self, Align, FormatError};

/// What stands between two braces.
struct Field {
    name: Range<usize>,
    /// The character behind `!`.
    conversion: Option<u32>,
    spec: Range<usize>,
    /// There are braces in the specification.
    spec_nested: bool,
}

/// Literal text and the field behind it.
struct Chunk {
    literal: Range<usize>,
    field: Option<Field>,
}

/// Reads the next chunk of `text[at..end]`; `None` at the end.
fn next_chunk(text: &Ref<Str>, at: &mut usize, end: usize) -> PyResult<Option<Chunk>> {
    if *at >= end {
        return Ok(None);
    }
    let start = *at;
    let markup = each_kind!(text.data(), data => {
        data[start..end].iter().map(|&c| u32::from(c)).enumerate().find(|&(_, c)| c == 0x7b || c == 0x7d)
    });
    let Some((place, brace)) = markup else {
        *at = end;
        return Ok(Some(Chunk { literal: start..end, field: None }));
    };
    let pos = start + place + 1;
    let doubled = pos < end && text.char_at(pos) == brace;
    if brace == 0x7d && !doubled {
        return Err(raise!(ValueError, "Single '}}' encountered in format string"));
    }
    if pos == end {
        return Err(raise!(ValueError, "Single '{{' encountered in format string"));
    }
    if doubled {
        *at = pos + 1;
        return Ok(Some(Chunk { literal: start..pos, field: None }));
    }
    *at = pos;
    let field = parse_field(text, at, end)?;
    Ok(Some(Chunk { literal: start..pos - 1, field: Some(field) }))
}

/// Reads a field; `at` is behind its opening brace and afterwards behind the closing one.
fn parse_field(text: &Ref<Str>, at: &mut usize, end: usize) -> PyResult<Field> {
    let start = *at;
    let mut in_brackets = false;
    let mut stop = None;
    while *at < end {
        let c = text.char_at(*at);
        *at += 1;
        match c {
            0x7b if !in_brackets => return Err(raise!(ValueError, "unexpected '{{' in field name")),
            0x5b => in_brackets = true,
            0x5d => in_brackets = false,
            0x7d | 0x3a | 0x21 if !in_brackets => {
                stop = Some(c);
                break;
            }
            _ => {}
        }
    }
    let Some(stop) = stop else {
        return Err(raise!(ValueError, "expected '}}' before end of string"));
    };
    let mut field = Field { name: start..*at - 1, conversion: None, spec: 0..0, spec_nested: false };
    if stop == 0x7d {
        return Ok(field);
    }
    if stop == 0x21 {
        if *at >= end {
            return Err(raise!(ValueError, "end of string while looking for conversion specifier"));
        }
        field.conversion = Some(text.char_at(*at));
        *at += 1;
        if *at < end {
            let c = text.char_at(*at);
            *at += 1;
            if c == 0x7d {
                return Ok(field);
            }
            if c != 0x3a {
                return Err(raise!(ValueError, "expected ':' after conversion specifier"));
            }
        }
    }
    let spec_start = *at;
    let mut depth = 1;
    while *at < end {
        let c = text.char_at(*at);
        *at += 1;
        match c {
            0x7b => {
                field.spec_nested = true;
                depth += 1;
            }
            0x7d => {
                depth -= 1;
                if depth == 0 {
                    field.spec = spec_start..*at - 1;
                    return Ok(field);
                }
            }
            _ => {}
        }
    }
    Err(raise!(ValueError, "unmatched '{{' in format spec"))
}

/// A decimal number that is the whole of `text[range]`; `None` where that is something else.
fn integer(text: &Ref<Str>, range: Range<usize>) -> PyResult<Option<usize>> {
    if range.is_empty() {
        return Ok(None);
    }
    let mut value = 0usize;
    for at in range {
        let Some(digit) = super::ctype::to_decimal(text.char_at(at)) else { return Ok(None) };
        let digit = usize::from(digit);
        if value > (isize::MAX as usize - digit) / 10 {
            return Err(raise!(ValueError, "Too many decimal digits in format string"));
        }
        value = value * 10 + digit;
    }
    Ok(Some(value))
}

/// A step from an object to a part of it.
enum Step {
    Attribute(Range<usize>),
    Key(Range<usize>),
    Index(usize),
}

/// Reads `.name` or `[key]`; `None` at the end.
fn next_step(text: &Ref<Str>, at: &mut usize, end: usize) -> PyResult<Option<Step>> {
    if *at >= end {
        return Ok(None);
    }
    let mark = text.char_at(*at);
    *at += 1;
    let start = *at;
    let step = match mark {
        0x2e => {
            while *at < end && !matches!(text.char_at(*at), 0x2e | 0x5b) {
                *at += 1;
            }
            Step::Attribute(start..*at)
        }
        0x5b => {
            while *at < end && text.char_at(*at) != 0x5d {
                *at += 1;
            }
            if *at >= end {
                return Err(raise!(ValueError, "Missing ']' in format string"));
            }
            let key = start..*at;
            *at += 1;
            match integer(text, key.clone())? {
                Some(index) => Step::Index(index),
                None => Step::Key(key),
            }
        }
        _ => {
            return Err(raise!(ValueError, "Only '.' or '[' may follow ']' in format field specifier"));
        }
    };
    if let Step::Attribute(range) | Step::Key(range) = &step
        && range.is_empty()
    {
        return Err(raise!(ValueError, "Empty attribute in format string"));
    }
    Ok(Some(step))
}

/// The end of the first part of a field name.
fn first_part(text: &Ref<Str>, name: &Range<usize>) -> Range<usize> {
    let end = name.clone().find(|&at| matches!(text.char_at(at), 0x2e | 0x5b)).unwrap_or(name.end);
    name.start..end
}

/// How fields without a number have been used so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Unknown,
    Automatic,
    Manual,
}

/// Where the values of fields come from.
struct Values<'a> {
    /// The positional ones; `None` in `format_map`.
    args: Option<&'a [Borrowed<'a, Object>]>,
    /// The mapping of `format_map`.
    mapping: Option<Borrowed<'a, Object>>,
    keywords: Option<(Borrowed<'a, Tuple>, &'a [Borrowed<'a, Object>])>,
    numbering: Numbering,
    next: usize,
    /// The one string that the result consists of.
    whole: Option<Ref<Str>>,
}

impl Values<'_> {
    /// The format `text` with its fields filled in.
    fn fill_in(&mut self, text: &Ref<Str>) -> PyResult<Ref<Str>> {
        // Short results fit without a second allocation.
        let mut out = StrBuilder::with_capacity(text.len().max(20))?;
        build(&mut out, text, 0..text.len(), self, NESTING)?;
        self.whole.take().map_or_else(|| out.finish(), Ok)
    }

    fn keyed(&self, key: Ref<Str>) -> PyResult<Ref<Object>> {
        if let Some(mapping) = self.mapping {
            return mapping.get_item(key.as_borrowed());
        }
        if let Some((names, values)) = self.keywords {
            for (name, value) in names.iter().zip(values) {
                // SAFETY: keyword names are strings.
                if unsafe { name.cast_unchecked::<Str>() }.equals_str(&key) {
                    return Ok((*value).to_owned());
                }
            }
        }
        Err(raise!(KeyError, object: key))
    }

    fn field(&mut self, text: &Ref<Str>, name: &Range<usize>) -> PyResult<Ref<Object>> {
        let first = first_part(text, name);
        let mut index = integer(text, first.clone())?;
        if index.is_some() || first.is_empty() {
            let wanted = if index.is_some() { Numbering::Manual } else { Numbering::Automatic };
            if self.numbering == Numbering::Unknown {
                self.numbering = wanted;
            } else if self.numbering != wanted {
                return Err(match wanted {
                    Numbering::Manual => {
                        raise!(ValueError, "cannot switch from automatic field numbering to manual field specification")
                    }
                    _ => {
                        raise!(ValueError, "cannot switch from manual field specification to automatic field numbering")
                    }
                });
            }
            if index.is_none() {
                index = Some(self.next);
                self.next += 1;
            }
        }
        let mut object = match index {
            None => self.keyed(text.substring(first.clone())?)?,
            Some(index) => {
                let Some(args) = self.args else {
                    return Err(raise!(ValueError, "Format string contains positional fields"));
                };
                match args.get(index) {
                    Some(value) => (*value).to_owned(),
                    None => {
                        return Err(raise!(
                            IndexError,
                            "Replacement index {index} out of range for positional args tuple"
                        ));
                    }
                }
            }
        };
        let mut at = first.end;
        while let Some(step) = next_step(text, &mut at, name.end)? {
            object = match step {
                Step::Attribute(range) => object.getattr(text.substring(range)?.borrow())?,
                Step::Key(range) => object.get_item(text.substring(range)?.as_borrowed())?,
                Step::Index(index) if object.is_sequence() => object.get_index(index as isize)?,
                Step::Index(index) => object.get_item(Int::from_usize(index)?.as_borrowed())?,
            };
        }
        Ok(object)
    }
}

/// How deep fields may stand in specifications of fields.
const NESTING: u32 = 2;

/// Formats `text[range]` with fields filled in.
fn build(
    out: &mut StrBuilder,
    text: &Ref<Str>,
    range: Range<usize>,
    values: &mut Values<'_>,
    depth: u32,
) -> PyResult<()> {
    if depth == 0 {
        return Err(raise!(ValueError, "Max string recursion exceeded"));
    }
    let mut at = range.start;
    while let Some(chunk) = next_chunk(text, &mut at, range.end)? {
        out.push_substring(text, chunk.literal)?;
        let Some(field) = chunk.field else { continue };
        let object = values.field(text, &field.name)?;
        let object = match field.conversion {
            None => object,
            Some(conversion) => convert(object, conversion)?.into_object(),
        };
        if field.spec.is_empty() {
            if depth == NESTING
                && at == range.end
                && out.is_empty()
                && let Some(text) = object.downcast_exact::<Str>()
            {
                values.whole = Some(text.to_owned());
                return Ok(());
            }
            render(out, &object, None)?;
        } else if field.spec_nested {
            let mut spec = StrBuilder::new();
            build(&mut spec, text, field.spec, values, depth - 1)?;
            render(out, &object, Some(spec.finish()?))?;
        } else {
            render(out, &object, Some(text.substring(field.spec)?))?;
        }
    }
    Ok(())
}

fn convert(object: Ref<Object>, conversion: u32) -> PyResult<Ref<Str>> {
    match u8::try_from(conversion) {
        Ok(b'r') => object.repr(),
        Ok(b's') => object.str(),
        Ok(b'a') => object.repr()?.ascii_escaped(),
        _ if conversion > 32 && conversion < 127 => {
            Err(raise!(ValueError, "Unknown conversion specifier {}", conversion as u8 as char))
        }
        _ => Err(raise!(ValueError, "Unknown conversion specifier \\x{conversion:x}")),
    }
}

fn render(out: &mut StrBuilder, object: &Ref<Object>, spec: Option<Ref<Str>>) -> PyResult<()> {
    if spec.is_none()
        && let Some(text) = object.downcast_exact::<Str>()
    {
        return out.push_object(&text);
    }
    let text = object.format(spec.as_ref().map(|spec| spec.borrow()))?;
    out.push_object(&text)
}

/// `this.format(*args, **kwargs)`.
pub(super) fn format_call(this: &Ref<Str>, args: CallArgs<'_>) -> PyResult<Ref<Str>> {
    let positional = args.positional();
    let keywords = &args.args[positional.len()..];
    let mut values = Values {
        args: Some(positional),
        mapping: None,
        keywords: args.names.map(|names| (names, keywords)),
        numbering: Numbering::Unknown,
        next: 0,
        whole: None,
    };
    values.fill_in(this)
}

/// `this.format_map(mapping)`.
pub(super) fn format_map(this: &Ref<Str>, mapping: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let mut values = Values {
        args: None,
        mapping: Some(mapping),
        keywords: None,
        numbering: Numbering::Unknown,
        next: 0,
        whole: None,
    };
    values.fill_in(this)
}

/// The exception for a specification that does not suit.
pub(crate) fn format_error(error: FormatError) -> Raised {
    match error {
        FormatError::Value(message) => raise!(ValueError, "{message}"),
        FormatError::Overflow(message) => raise!(OverflowError, "{message}"),
        FormatError::Stop(stop) => stopped(stop),
    }
}

/// `format(string, spec)` for a specification that is not empty.
pub(crate) fn format_str(string: &Ref<Str>, spec: &Ref<Str>) -> PyResult<Ref<Str>> {
    let type_name = format_spec::TypeName(string.as_object());
    let parsed = format_spec::parse_str(spec, 's' as u32, Align::Left, &type_name).map_err(format_error)?;
    if parsed.code != 's' as u32 {
        return Err(format_error(format_spec::unknown_code(parsed.code, &type_name)));
    }
    let refuse = |what: &str| Err(raise!(ValueError, "{what} not allowed in string format specifier"));
    match parsed.sign {
        0 => {}
        b' ' => return refuse("Space"),
        _ => return refuse("Sign"),
    }
    if parsed.no_negative_zero {
        return refuse("Negative zero coercion (z)");
    }
    if parsed.alternate {
        return refuse("Alternate form (#)");
    }
    if parsed.align == Align::AfterSign {
        return Err(raise!(ValueError, "'=' alignment not allowed in string format specifier"));
    }
    let len = string.len().min(parsed.precision.unwrap_or(usize::MAX));
    let shown = string.substring(0..len)?;
    let missing = parsed.width.unwrap_or(0).saturating_sub(len);
    let left = match parsed.align {
        Align::Left | Align::AfterSign => 0,
        Align::Right => missing,
        Align::Center => missing / 2,
    };
    shown.pad(left, missing - left, parsed.fill)
}

/// The iterator of `_string.formatter_parser`.
#[repr(C)]
pub struct FormatterIterator {
    ob_base: PyObject,
    string: Cell<*mut Str>,
    at: Cell<usize>,
}

/// The iterator of `_string.formatter_field_name_split`.
#[repr(C)]
pub struct FieldNameIterator {
    ob_base: PyObject,
    string: Cell<*mut Str>,
    at: Cell<usize>,
}

fn expect_str(object: Borrowed<'_, Object>) -> PyResult<Borrowed<'_, Str>> {
    object.downcast_borrowed::<Str>().ok_or_else(|| raise!(TypeError, "expected str, got {}", object.type_name()))
}

/// `_string.formatter_parser(string)`.
pub fn formatter_parser(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let string = expect_str(object)?;
    // SAFETY: a new object; its fields are set before it is seen.
    unsafe {
        let iterator = memory::object::new::<FormatterIterator>()?;
        (*iterator).string.set(string.to_owned().into_ptr().cast());
        (*iterator).at.set(0);
        Ok(Ref::from_owned_ptr(iterator))
    }
}

/// `_string.formatter_field_name_split(name)`.
pub fn formatter_field_name_split(object: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
    let string = expect_str(object)?;
    let first = first_part(&string, &(0..string.len()));
    let head = match integer(&string, first.clone())? {
        Some(index) => Int::from_usize(index)?.into_object(),
        None => string.substring(first.clone())?.into_object(),
    };
    // SAFETY: as above.
    let rest: Ref<Object> = unsafe {
        let iterator = memory::object::new::<FieldNameIterator>()?;
        (*iterator).string.set(string.to_owned().into_ptr().cast());
        (*iterator).at.set(first.end);
        Ref::from_owned_ptr(iterator)
    };
    Tuple::from_vec(vec![head, rest])
}

#[pytype(name = "formatteriterator", basicsize = 48)]
impl FormatterIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FormatterIterator) {
        // SAFETY: the iterator owns its string.
        unsafe {
            drop(Ref::<Str>::from_owned_ptr_or_null((*this).string.replace(ptr::null_mut())));
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<FormatterIterator>) -> Ref<FormatterIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<FormatterIterator>) -> PyResult<Option<Ref<Tuple>>> {
        // SAFETY: null or owned by the iterator.
        let string: Option<Borrowed<'_, Str>> = unsafe { Borrowed::from_ptr_or_null(this.string.get()) };
        let Some(string) = string else { return Ok(None) };
        let mut at = this.at.get();
        let chunk = next_chunk(&string, &mut at, string.len());
        this.at.set(at);
        let Some(chunk) = chunk? else { return Ok(None) };
        let literal = string.substring(chunk.literal)?.into_object();
        let Some(field) = chunk.field else {
            return Tuple::from_vec(vec![literal, none(), none(), none()]).map(Some);
        };
        let conversion = match field.conversion {
            Some(c) => Str::from_code_point(c)?.into_object(),
            None => none(),
        };
        Tuple::from_vec(vec![
            literal,
            string.substring(field.name)?.into_object(),
            string.substring(field.spec)?.into_object(),
            conversion,
        ])
        .map(Some)
    }
}

#[pytype(name = "fieldnameiterator", basicsize = 56)]
impl FieldNameIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FieldNameIterator) {
        // SAFETY: the iterator owns its string.
        unsafe {
            drop(Ref::<Str>::from_owned_ptr_or_null((*this).string.replace(ptr::null_mut())));
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<FieldNameIterator>) -> Ref<FieldNameIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<FieldNameIterator>) -> PyResult<Option<Ref<Tuple>>> {
        // SAFETY: null or owned by the iterator.
        let string: Option<Borrowed<'_, Str>> = unsafe { Borrowed::from_ptr_or_null(this.string.get()) };
        let Some(string) = string else { return Ok(None) };
        let mut at = this.at.get();
        let step = next_step(&string, &mut at, string.len());
        this.at.set(at);
        let Some(step) = step? else { return Ok(None) };
        let (is_attribute, name) = match step {
            Step::Attribute(range) => (true, string.substring(range)?.into_object()),
            Step::Key(range) => (false, string.substring(range)?.into_object()),
            Step::Index(index) => (false, Int::from_usize(index)?.into_object()),
        };
        Tuple::from_vec(vec![Bool::from(is_attribute).into_object(), name]).map(Some)
    }
}
