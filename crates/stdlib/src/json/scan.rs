//! The scanner: JSON text to objects.
//!
//! **Invariant:** hooks may run Python code, but nothing that they can reach is borrowed: the text is immutable and held,
//! and the items of an unfinished list lie in a vector of our own.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::str::{StrBuilder, StrData};
use taipan_runtime::types::{float, int};

use super::decode_error;
use super::escape::Char;
use crate::support::{self, Slot};

/// `make_scanner`.
#[repr(C)]
pub struct Scanner {
    head: PyObject,
    strict: Cell<bool>,
    object_hook: Slot,
    object_pairs_hook: Slot,
    parse_float: Slot,
    parse_int: Slot,
    parse_constant: Slot,
}

impl Scanner {
    fn slots(&self) -> [&Slot; 5] {
        [&self.object_hook, &self.object_pairs_hook, &self.parse_float, &self.parse_int, &self.parse_constant]
    }
}

/// What a scanner does with what it finds; a hook that is the default is `None`.
struct Hooks {
    strict: bool,
    object: Option<Ref<Object>>,
    pairs: Option<Ref<Object>>,
    float: Option<Ref<Object>>,
    int: Option<Ref<Object>>,
    constant: Option<Ref<Object>>,
}

/// How many keys the first, lossy table of known keys has.
const KNOWN_KEYS: usize = 128;

/// Texts with fewer keys have no such table.
const FEW_KEYS: usize = 4;

/// Keys longer than this are not looked for in the first table.
const SHORT_KEY: usize = 48;

/// One scan of one text.
struct Scan<'a, C> {
    hooks: &'a Hooks,
    text: &'a Ref<Str>,
    chars: &'a [C],
    /// Whether the text, and with it every piece, is ASCII.
    ascii: bool,
    /// Items of lists that are not complete.
    items: Vec<Ref<Object>>,
    /// Keys by a hash of their text: the same key comes again and again, and is then neither allocated nor hashed.
    known: Vec<Option<Ref<Str>>>,
    /// All keys, so that equal ones are the same object.
    memo: Ref<Dict>,
}

#[cold]
fn stop(position: usize) -> Raised {
    match Int::from_usize(position) {
        Ok(position) => raise!(StopIteration, object: position),
        Err(raised) => raised,
    }
}

#[inline(always)]
fn is_space(c: u32) -> bool {
    matches!(c, 0x20 | 0x09 | 0x0a | 0x0d)
}

/// Whether the characters of a string end at `c`, or something has to be done about it.
#[inline(always)]
fn ends_plain(c: u32, strict: bool) -> bool {
    (c == b'"' as u32) | (c == b'\\' as u32) | (strict & (c < 0x20))
}

#[inline(always)]
fn plain_end<C: Char>(chars: &[C], strict: bool) -> usize {
    const BLOCK: usize = 16;
    // Most strings are short, so the first characters are looked at one by one.
    if let Some(at) = chars.iter().take(8).position(|&c| ends_plain(c.into(), strict)) {
        return at;
    }
    if chars.len() <= 8 {
        return chars.len();
    }
    let mut at = 8;
    for block in chars[8..].chunks_exact(BLOCK) {
        if block.iter().fold(false, |any, &c| any | ends_plain(c.into(), strict)) {
            break;
        }
        at += BLOCK;
    }
    at + chars[at..].iter().take_while(|&&c| !ends_plain(c.into(), strict)).count()
}

fn piece<C: Char>(chars: &[C], ascii: bool) -> PyResult<Ref<Str>> {
    match C::data(chars) {
        StrData::Ucs1(bytes) if ascii => Str::from_ascii(bytes),
        data => Str::from_data(data),
    }
}

/// The four hexadecimal digits at `at`.
fn hex4<C: Char>(chars: &[C], at: usize) -> Option<u32> {
    chars.get(at..at + 4)?.iter().try_fold(0, |value, &c| {
        let digit = char::from_u32(c.into())?.to_digit(16)?;
        Some(value << 4 | digit)
    })
}

/// The string whose first character is at `begin`, and where what follows its closing quote is.
fn string<C: Char>(
    text: &Ref<Str>,
    chars: &[C],
    begin: usize,
    strict: bool,
    ascii: bool,
) -> PyResult<(Ref<Str>, usize)> {
    let end = begin + plain_end(&chars[begin..], strict);
    if chars.get(end).is_some_and(|&c| c.into() == b'"' as u32) {
        return Ok((piece(&chars[begin..end], ascii)?, end + 1));
    }
    string_with_escapes(text, chars, begin, end, strict)
}

#[cold]
fn string_with_escapes<C: Char>(
    text: &Ref<Str>,
    chars: &[C],
    begin: usize,
    mut next: usize,
    strict: bool,
) -> PyResult<(Ref<Str>, usize)> {
    let unterminated = || decode_error("Unterminated string starting at", text, begin as isize - 1);
    let mut out = StrBuilder::new();
    let mut end = begin;
    loop {
        out.push_data(C::data(&chars[end..next]))?;
        let Some(c) = chars.get(next).map(|&c| c.into()) else { return Err(unterminated()) };
        match c {
            0x22 => return Ok((out.finish()?, next + 1)),
            0x5c => {}
            _ => return Err(decode_error("Invalid control character at", text, next as isize)),
        }
        let Some(c) = chars.get(next + 1).map(|&c| c.into()) else { return Err(unterminated()) };
        let plain = match char::from_u32(c) {
            Some(c @ ('"' | '\\' | '/')) => c as u32,
            Some('b') => 0x08,
            Some('f') => 0x0c,
            Some('n') => 0x0a,
            Some('r') => 0x0d,
            Some('t') => 0x09,
            Some('u') => {
                let digits = next + 2;
                let first = hex4(chars, digits);
                let Some(first) = first else {
                    return Err(decode_error("Invalid \\uXXXX escape", text, digits as isize - 1));
                };
                end = digits + 4;
                let mut value = first;
                if (0xd800..0xdc00).contains(&first)
                    && end + 6 <= chars.len()
                    && chars[end].into() == b'\\' as u32
                    && chars[end + 1].into() == b'u' as u32
                {
                    let Some(second) = hex4(chars, end + 2) else {
                        return Err(decode_error("Invalid \\uXXXX escape", text, end as isize + 1));
                    };
                    if (0xdc00..0xe000).contains(&second) {
                        value = 0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff);
                        end += 6;
                    }
                }
                out.push(value)?;
                next = end + plain_end(&chars[end..], strict);
                continue;
            }
            _ => return Err(decode_error("Invalid \\escape", text, next as isize)),
        };
        out.push(plain)?;
        end = next + 2;
        next = end + plain_end(&chars[end..], strict);
    }
}

impl<C: Char> Scan<'_, C> {
    #[inline(always)]
    fn at(&self, index: usize) -> Option<u32> {
        self.chars.get(index).map(|&c| c.into())
    }

    #[inline(always)]
    fn skip_space(&self, mut index: usize) -> usize {
        while self.at(index).is_some_and(is_space) {
            index += 1;
        }
        index
    }

    fn starts_with(&self, index: usize, word: &str) -> bool {
        let end = index + word.len();
        end <= self.chars.len()
            && self.chars[index..end].iter().zip(word.bytes()).all(|(&c, w)| c.into() == u32::from(w))
    }

    fn error(&self, message: &str, position: usize) -> Raised {
        decode_error(message, self.text, position as isize)
    }

    /// One value of any kind.
    fn value(&mut self, index: usize) -> PyResult<(Ref<Object>, usize)> {
        let Some(c) = self.at(index) else { return Err(stop(index)) };
        match c as u8 as char {
            _ if c > 0x7f => Err(stop(index)),
            '"' => {
                let (value, end) = string(self.text, self.chars, index + 1, self.hooks.strict, self.ascii)?;
                Ok((value.into_object(), end))
            }
            '{' => {
                let _guard = thread::enter_recursive(" while decoding a JSON object from a unicode string")?;
                self.object(index + 1)
            }
            '[' => {
                let _guard = thread::enter_recursive(" while decoding a JSON array from a unicode string")?;
                self.array(index + 1)
            }
            'n' if self.starts_with(index, "null") => Ok((none(), index + 4)),
            't' if self.starts_with(index, "true") => Ok((Bool::from(true).into_object(), index + 4)),
            'f' if self.starts_with(index, "false") => Ok((Bool::from(false).into_object(), index + 5)),
            'N' if self.starts_with(index, "NaN") => self.constant("NaN", index),
            'I' if self.starts_with(index, "Infinity") => self.constant("Infinity", index),
            '-' if self.starts_with(index, "-Infinity") => self.constant("-Infinity", index),
            _ => self.number(index),
        }
    }

    #[cold]
    fn constant(&self, name: &str, index: usize) -> PyResult<(Ref<Object>, usize)> {
        let hook = self.hooks.constant.clone().unwrap_or_else(none);
        let text = Str::intern_str(name)?;
        Ok((hook.call1(text.as_borrowed())?, index + name.len()))
    }

    fn digits_end(&self, mut index: usize) -> usize {
        while self.at(index).is_some_and(|c| c.wrapping_sub(b'0' as u32) < 10) {
            index += 1;
        }
        index
    }

    fn number(&self, start: usize) -> PyResult<(Ref<Object>, usize)> {
        let negative = self.at(start) == Some(b'-' as u32);
        let first = start + usize::from(negative);
        let mut index = match self.at(first) {
            Some(0x30) => first + 1,
            Some(0x31..=0x39) => self.digits_end(first + 1),
            _ => return Err(stop(start)),
        };
        let int_end = index;
        if self.at(index) == Some(b'.' as u32) {
            let end = self.digits_end(index + 1);
            if end > index + 1 {
                index = end;
            }
        }
        if matches!(self.at(index), Some(0x45 | 0x65)) {
            let sign = usize::from(matches!(self.at(index + 1), Some(0x2b | 0x2d)));
            let from = index + 1 + sign;
            let end = self.digits_end(from);
            if end > from {
                index = end;
            }
        }
        let is_float = index > int_end;
        let hook = if is_float { &self.hooks.float } else { &self.hooks.int };
        if let Some(hook) = hook {
            let text = piece(&self.chars[start..index], true)?;
            return Ok((hook.call1(text.as_borrowed())?, index));
        }
        if !is_float && index - first <= 18 {
            let magnitude =
                self.chars[first..index].iter().fold(0i64, |all, &c| all * 10 + i64::from(c.into().wrapping_sub(0x30)));
            let value = if negative { -magnitude } else { magnitude };
            return Ok((Int::from_i64(value)?.into_object(), index));
        }
        let mut short = [0u8; 64];
        let mut long = Vec::new();
        let chars = &self.chars[start..index];
        let bytes: &[u8] = if chars.len() <= short.len() {
            chars.iter().zip(&mut short).for_each(|(&c, byte)| *byte = c.into() as u8);
            &short[..chars.len()]
        } else {
            long = vec_with_capacity(chars.len())?;
            long.extend(chars.iter().map(|&c| c.into() as u8));
            &long
        };
        let value = if is_float {
            match float::parse::parse(bytes) {
                Some(value) => Float::new(value)?.into_object(),
                None => return Err(stop(start)),
            }
        } else {
            int::text::from_bytes_text(bytes, 10)?.into_object()
        };
        drop(long);
        Ok((value, index))
    }

    fn push_item(&mut self, item: Ref<Object>) -> PyResult<()> {
        if self.items.len() == self.items.capacity() && self.items.try_reserve(64).is_err() {
            return Err(Raised::no_memory());
        }
        self.items.push(item);
        Ok(())
    }

    fn array(&mut self, index: usize) -> PyResult<(Ref<Object>, usize)> {
        let base = self.items.len();
        let end = match self.array_items(index) {
            Ok(end) => end,
            Err(raised) => {
                self.items.truncate(base);
                return Err(raised);
            }
        };
        let count = self.items.len() - base;
        // SAFETY: the list takes over the counts of the last items, which leave the vector; where it cannot be made
        // they are dropped by the callee.
        let list = unsafe {
            let items = self.items.as_ptr().add(base);
            self.items.set_len(base);
            List::from_raw_slice_steal(items.cast(), count)?
        };
        Ok((list.into_object(), end))
    }

    /// Pushes the items of a list; the index behind its end.
    fn array_items(&mut self, index: usize) -> PyResult<usize> {
        let mut index = self.skip_space(index);
        if self.at(index) == Some(b']' as u32) {
            return Ok(index + 1);
        }
        loop {
            let (item, end) = self.value(index)?;
            self.push_item(item)?;
            index = self.skip_space(end);
            match self.at(index) {
                Some(0x5d) => return Ok(index + 1),
                Some(0x2c) => {}
                _ => return Err(self.error("Expecting ',' delimiter", index)),
            }
            let comma = index;
            index = self.skip_space(index + 1);
            if self.at(index) == Some(b']' as u32) {
                return Err(self.error("Illegal trailing comma before end of array", comma));
            }
        }
    }

    /// The key whose first character is at `begin`.
    fn key(&mut self, begin: usize) -> PyResult<(Ref<Str>, usize)> {
        let chars = self.chars;
        let end = begin + plain_end(&chars[begin..], self.hooks.strict);
        let plain = chars.get(end).is_some_and(|&c| c.into() == b'"' as u32);
        if plain && end - begin <= SHORT_KEY {
            let key = &chars[begin..end];
            let hash = key.iter().fold(key.len() as u32, |hash, &c| hash.wrapping_mul(31).wrapping_add(c.into()));
            let place = (hash ^ hash >> 7) as usize % KNOWN_KEYS;
            if self.known.is_empty() {
                // For a few keys the table is not worth its memory.
                if self.memo.len() < FEW_KEYS {
                    return Ok((self.remembered(piece(key, self.ascii)?)?, end + 1));
                }
                self.known.resize_with(KNOWN_KEYS, || None);
            }
            if let Some(known) = &self.known[place]
                && known.data().equals(C::data(key))
            {
                return Ok((known.clone(), end + 1));
            }
            let key = self.remembered(piece(key, self.ascii)?)?;
            self.known[place] = Some(key.clone());
            return Ok((key, end + 1));
        }
        let (key, end) = string(self.text, chars, begin, self.hooks.strict, self.ascii)?;
        Ok((self.remembered(key)?, end))
    }

    /// The first key that was equal.
    fn remembered(&self, key: Ref<Str>) -> PyResult<Ref<Str>> {
        let (key, _) = self.memo.set_default(key.borrow(), key.borrow())?;
        // SAFETY: the values of the memo are the keys.
        Ok(unsafe { key.into_unchecked() })
    }

    fn object(&mut self, index: usize) -> PyResult<(Ref<Object>, usize)> {
        let hooks = self.hooks;
        if let Some(hook) = &hooks.pairs {
            let pairs = List::new()?;
            let end =
                self.members(index, |key, value| pairs.push(Tuple::pack([key.into_object(), value])?.into_object()))?;
            return Ok((hook.call1(pairs.as_borrowed())?, end));
        }
        let dict = Dict::new()?;
        let end = self.members(index, |key, value| {
            dict.set_item_known_hash(key.as_borrowed(), key.hash_value(), value.borrow())
        })?;
        match &hooks.object {
            None => Ok((dict.into_object(), end)),
            Some(hook) => Ok((hook.call1(dict.as_borrowed())?, end)),
        }
    }

    /// The members of an object, each given to `add`; the index behind its end.
    #[inline(always)]
    fn members(&mut self, index: usize, add: impl Fn(Ref<Str>, Ref<Object>) -> PyResult<()>) -> PyResult<usize> {
        let mut index = self.skip_space(index);
        if self.at(index) == Some(b'}' as u32) {
            return Ok(index + 1);
        }
        loop {
            if self.at(index) != Some(b'"' as u32) {
                return Err(self.error("Expecting property name enclosed in double quotes", index));
            }
            let (key, end) = self.key(index + 1)?;
            index = self.skip_space(end);
            if self.at(index) != Some(b':' as u32) {
                return Err(self.error("Expecting ':' delimiter", index));
            }
            index = self.skip_space(index + 1);
            let (value, end) = self.value(index)?;
            add(key, value)?;
            index = self.skip_space(end);
            match self.at(index) {
                Some(0x7d) => return Ok(index + 1),
                Some(0x2c) => {}
                _ => return Err(self.error("Expecting ',' delimiter", index)),
            }
            let comma = index;
            index = self.skip_space(index + 1);
            if self.at(index) == Some(b'}' as u32) {
                return Err(self.error("Illegal trailing comma before end of object", comma));
            }
        }
    }
}

fn scan_text(hooks: &Hooks, text: &Ref<Str>, index: usize) -> PyResult<(Ref<Object>, usize)> {
    fn run<C: Char>(hooks: &Hooks, text: &Ref<Str>, chars: &[C], index: usize) -> PyResult<(Ref<Object>, usize)> {
        let memo = Dict::new()?;
        let (items, known) = (Vec::new(), Vec::new());
        Scan { hooks, text, chars, ascii: text.is_ascii(), items, known, memo }.value(index)
    }
    match text.data() {
        StrData::Ucs1(chars) => run(hooks, text, chars, index),
        StrData::Ucs2(chars) => run(hooks, text, chars, index),
        StrData::Ucs4(chars) => run(hooks, text, chars, index),
    }
}

fn with_end(value: Ref<Object>, end: usize) -> PyResult<Ref<Tuple>> {
    Tuple::pack([value, Int::from_usize(end)?.into_object()])
}

/// `scanstring(string, end, strict)`.
pub fn scan_string(text: &Ref<Str>, end: isize, strict: bool) -> PyResult<Ref<Tuple>> {
    if end < 0 || end as usize > text.len() {
        return Err(raise!(ValueError, "end is out of bounds"));
    }
    let (begin, ascii) = (end as usize, text.is_ascii());
    let (value, end) = match text.data() {
        StrData::Ucs1(chars) => string(text, chars, begin, strict, ascii)?,
        StrData::Ucs2(chars) => string(text, chars, begin, strict, ascii)?,
        StrData::Ucs4(chars) => string(text, chars, begin, strict, ascii)?,
    };
    with_end(value.into_object(), end)
}

static NEW: ArgSpec = ArgSpec::plain("make_scanner", &["context"], 1);

static CALL: ArgSpec = ArgSpec::plain("scan_once", &["string", "idx"], 2);

/// The slot's object, unless it is `default`.
fn hook(slot: &Slot, default: *mut PyObject) -> Option<Ref<Object>> {
    slot.get().filter(|hook| hook.as_ptr() != default)
}

#[pytype(name = "Scanner", module = "_json", gc, heap, mutable)]
impl Scanner {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Scanner>> {
        let [Some(context)] = args.unpack::<1>(&NEW)? else {
            return Err(raise!(SystemError, "make_scanner: no context"));
        };
        let this: Ref<Scanner> = support::instance(cls)?;
        this.strict.set(context.getattr(id!("strict"))?.is_true()?);
        this.object_hook.set(Some(context.getattr(id!("object_hook"))?));
        this.object_pairs_hook.set(Some(context.getattr(id!("object_pairs_hook"))?));
        this.parse_float.set(Some(context.getattr(id!("parse_float"))?));
        this.parse_int.set(Some(context.getattr(id!("parse_int"))?));
        this.parse_constant.set(Some(context.getattr(id!("parse_constant"))?));
        Ok(this)
    }

    #[slot(tp_call)]
    fn call(this: &Ref<Scanner>, args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        let [Some(text), Some(index)] = args.unpack::<2>(&CALL)? else {
            return Err(raise!(SystemError, "scan_once: no arguments"));
        };
        let index = index.as_isize()?;
        let text = super::check_text(text)?.to_owned();
        if index < 0 {
            return Err(raise!(ValueError, "idx cannot be negative"));
        }
        let hooks = Hooks {
            strict: this.strict.get(),
            object: hook(&this.object_hook, none().as_ptr()),
            pairs: hook(&this.object_pairs_hook, none().as_ptr()),
            float: hook(&this.parse_float, Float::TYPE.cast()),
            int: hook(&this.parse_int, Int::TYPE.cast()),
            constant: this.parse_constant.get(),
        };
        let (value, end) = scan_text(&hooks, &text, index as usize)?;
        with_end(value, end)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Scanner, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Scanner>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Scanner) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[member(name = "strict", kind = T_BOOL, offset = offset_of!(Scanner, strict), readonly)]
    const _STRICT: () = ();

    #[member(name = "object_hook", kind = T_OBJECT, offset = offset_of!(Scanner, object_hook), readonly)]
    const _OBJECT_HOOK: () = ();

    #[member(name = "object_pairs_hook", kind = T_OBJECT, offset = offset_of!(Scanner, object_pairs_hook), readonly)]
    const _OBJECT_PAIRS_HOOK: () = ();

    #[member(name = "parse_float", kind = T_OBJECT, offset = offset_of!(Scanner, parse_float), readonly)]
    const _PARSE_FLOAT: () = ();

    #[member(name = "parse_int", kind = T_OBJECT, offset = offset_of!(Scanner, parse_int), readonly)]
    const _PARSE_INT: () = ();

    #[member(name = "parse_constant", kind = T_OBJECT, offset = offset_of!(Scanner, parse_constant), readonly)]
    const _PARSE_CONSTANT: () = ();
}
