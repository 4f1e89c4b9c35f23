//! Codecs by table: each byte is looked up in a string or a mapping.
//!
//! CPython: `PyUnicode_DecodeCharmap`, `_PyUnicode_EncodeCharmap`, `PyUnicode_BuildEncodingMap`.

use core::cell::Cell;
use core::ptr;

use super::errors::{Errors, Input, Replacement, encode_error};
use super::single;
use crate::abi::PyObject;
use crate::memory;
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::exceptions::LookupError;
use crate::types::str::StrBuilder;

/// The entry of a decoding table that says "nothing".
const UNDEFINED: u32 = 0xfffe;
const REASON: &str = "character maps to <undefined>";

/// What a mapping says of a byte.
enum Decoded {
    Undefined,
    Char(u32),
    Text(Ref<Str>),
}

fn look_up_byte(mapping: Borrowed<'_, Object>, byte: u8) -> PyResult<Decoded> {
    if let Some(table) = mapping.downcast_exact::<Str>() {
        return Ok(match usize::from(byte) {
            at if at < table.len() && table.char_at(at) != UNDEFINED => Decoded::Char(table.char_at(at)),
            _ => Decoded::Undefined,
        });
    }
    let key = Int::from_i64(i64::from(byte))?;
    let found = match mapping.get_item(key.as_borrowed()) {
        Ok(found) => found,
        Err(raised) => {
            raised.clear_if::<LookupError>()?;
            return Ok(Decoded::Undefined);
        }
    };
    if found.is_none() {
        return Ok(Decoded::Undefined);
    }
    if let Some(int) = found.downcast::<Int>() {
        return match int.to_i64().and_then(|value| u32::try_from(value).ok()) {
            Some(UNDEFINED) => Ok(Decoded::Undefined),
            Some(value) if value <= 0x10_ffff => Ok(Decoded::Char(value)),
            _ => Err(raise!(TypeError, "character mapping must be in range(0x110000)")),
        };
    }
    match found.into_downcast::<Str>() {
        Ok(text) if text.len() == 1 && text.char_at(0) == UNDEFINED => Ok(Decoded::Undefined),
        Ok(text) => Ok(Decoded::Text(text)),
        Err(_) => Err(raise!(TypeError, "character mapping must return integer, None or str")),
    }
}

/// `data` as text by a string or a mapping; Latin-1 without one.
pub fn decode(data: &[u8], errors: &str, mapping: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
    let Some(mapping) = mapping.filter(|mapping| !mapping.is_none()) else { return Str::from_ucs1(data) };
    let mut errors = Errors::new(errors, "charmap");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut at = 0;
    while let Some(&byte) = input.bytes().get(at) {
        match look_up_byte(mapping, byte)? {
            Decoded::Char(c) => out.push(c)?,
            Decoded::Text(text) => out.push_object(&text)?,
            Decoded::Undefined => {
                at = errors.decode(&mut input, &mut out, at, at + 1, REASON)?;
                continue;
            }
        }
        at += 1;
    }
    out.finish()
}

/// What a mapping says of a character.
enum Encoded {
    Undefined,
    Byte(u8),
    Bytes(Ref<Bytes>),
}

fn look_up_char(mapping: Borrowed<'_, Object>, c: u32) -> PyResult<Encoded> {
    if let Some(map) = mapping.downcast_exact::<EncodingMap>() {
        return Ok(map.get(c).map_or(Encoded::Undefined, Encoded::Byte));
    }
    let key = Int::from_i64(i64::from(c))?;
    let found = match mapping.get_item(key.as_borrowed()) {
        Ok(found) => found,
        Err(raised) => {
            raised.clear_if::<LookupError>()?;
            return Ok(Encoded::Undefined);
        }
    };
    if found.is_none() {
        return Ok(Encoded::Undefined);
    }
    if let Some(int) = found.downcast::<Int>() {
        return match int.to_i64().and_then(|value| u8::try_from(value).ok()) {
            Some(byte) => Ok(Encoded::Byte(byte)),
            None => Err(raise!(TypeError, "character mapping must be in range(256)")),
        };
    }
    match found.into_downcast::<Bytes>() {
        Ok(bytes) => Ok(Encoded::Bytes(bytes)),
        Err(other) => {
            Err(raise!(TypeError, "character mapping must return integer, bytes or None, not {}", other.type_name()))
        }
    }
}

/// Writes a character; `false` if the mapping has none for it.
fn push(out: &mut BytesBuilder, mapping: Borrowed<'_, Object>, c: u32) -> PyResult<bool> {
    match look_up_char(mapping, c)? {
        Encoded::Undefined => return Ok(false),
        Encoded::Byte(byte) => out.push_byte(byte)?,
        Encoded::Bytes(bytes) => out.push(bytes.as_slice())?,
    }
    Ok(true)
}

/// `string` as bytes by a mapping; Latin-1 without one.
pub fn encode(string: &Ref<Str>, errors: &str, mapping: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Bytes>> {
    let Some(mapping) = mapping.filter(|mapping| !mapping.is_none()) else {
        return single::encode_latin1(string, errors);
    };
    let mut errors = Errors::new(errors, "charmap");
    let mut out = BytesBuilder::with_capacity(string.len())?;
    let mut at = 0;
    while at < string.len() {
        if push(&mut out, mapping, string.char_at(at))? {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < string.len() && matches!(look_up_char(mapping, string.char_at(end))?, Encoded::Undefined) {
            end += 1;
        }
        let (replacement, next) = errors.encode(string, at, end, REASON)?;
        match replacement {
            Replacement::Bytes(bytes) => out.push(bytes.as_slice())?,
            Replacement::Text(text) => {
                for c in text.chars() {
                    if !push(&mut out, mapping, c)? {
                        return Err(encode_error(string, "charmap", at, end, REASON));
                    }
                }
            }
        }
        at = next;
    }
    out.finish()
}

/// A compact inverse of a decoding table: pages of 256 entries for the blocks of characters that occur.
#[repr(C)]
pub struct EncodingMap {
    ob_base: PyObject,
    table: Cell<*mut Table>,
}

struct Table {
    /// Which page a block of 256 characters has, 0xff for none.
    page_of: [u8; 256],
    /// The byte of each character, 0xffff for none.
    pages: Vec<[u16; 256]>,
}

impl EncodingMap {
    fn get(&self, c: u32) -> Option<u8> {
        // SAFETY: set when the map is made, and never changed.
        let table = unsafe { self.table.get().as_ref()? };
        let page = table.page_of[usize::from(u8::try_from(c >> 8).ok()?)];
        let entry = table.pages.get(usize::from(page))?[(c & 0xff) as usize];
        u8::try_from(entry).ok()
    }
}

#[pytype(name = "EncodingMap", disallow_instantiation, basicsize = 64)]
impl EncodingMap {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut EncodingMap) {
        // SAFETY: the map owns its table.
        unsafe {
            let table = (*this).table.replace(ptr::null_mut());
            if !table.is_null() {
                drop(Box::from_raw(table));
            }
            memory::object::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, /)")]
    fn size(this: &Ref<EncodingMap>) -> usize {
        // SAFETY: as in `get`.
        let pages = unsafe { this.table.get().as_ref() }.map_or(0, |table| table.pages.len());
        size_of::<EncodingMap>() + size_of::<Table>() + pages * 512
    }
}

/// `_codecs.charmap_build(map)`: the inverse of a decoding table of up to 256 characters, a dict where it does not fit
/// an `EncodingMap`.
pub fn build(map: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    let compact =
        !map.is_empty() && map.char_at(0) == 0 && map.chars().take(256).skip(1).all(|c| c != 0 && c <= 0xffff);
    let chars = map.chars().take(256);
    if !compact {
        let dict = Dict::new()?;
        for (byte, c) in chars.enumerate() {
            let (key, value) = (Int::from_i64(i64::from(c))?, Int::from_usize(byte)?);
            dict.set_item(key.as_borrowed(), value.as_borrowed())?;
        }
        return Ok(dict.into_object());
    }
    let mut table = Box::new(Table { page_of: [0xff; 256], pages: Vec::new() });
    for (byte, c) in chars.enumerate() {
        if c == UNDEFINED {
            continue;
        }
        let block = (c >> 8) as usize;
        if table.page_of[block] == 0xff {
            table.page_of[block] = table.pages.len() as u8;
            table.pages.try_push([0xffff; 256])?;
        }
        let page = usize::from(table.page_of[block]);
        table.pages[page][(c & 0xff) as usize] = byte as u16;
    }
    // SAFETY: a new object that takes over the table.
    unsafe {
        let object = memory::object::new::<EncodingMap>()?;
        (*object).table.set(Box::into_raw(table));
        Ok(Ref::from_owned_ptr(object))
    }
}
