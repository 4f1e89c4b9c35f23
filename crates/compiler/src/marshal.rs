//! Writes a [`CodeUnit`] in CPython's marshal format, version 5, and the heads of `.pyc` files.
//!
//! Strings that occur again are written as references. The reader is the runtime's or CPython's own. The counterpart
//! is `Python/marshal.c`, for `.pyc` files also `Lib/importlib/_bootstrap_external.py`.

use std::collections::HashMap;

use crate::code::{CodeUnit, Constant};
use crate::text::Text;

/// The version of CPython 3.14's bytecode.
pub const PYC_MAGIC: u16 = 3627;
/// `importlib.util.MAGIC_NUMBER`: the first four bytes of a `.pyc` file.
pub const MAGIC_NUMBER: [u8; 4] = [(PYC_MAGIC & 0xFF) as u8, (PYC_MAGIC >> 8) as u8, b'\r', b'\n'];
/// The version of the marshal format.
pub const VERSION: i32 = 5;

const FLAG_REF: u8 = 0x80;

/// How a `.pyc` file knows whether its source has changed.
#[derive(Clone, Copy, Debug)]
pub enum Validation {
    /// Seconds since the epoch and size of the source, modulo 2**32.
    Timestamp {
        /// When the source was changed, in seconds.
        mtime: u32,
        /// The length of the source in bytes.
        size: u32,
    },
    /// The SipHash of the source; `check` asks the importer to compare it.
    Hash {
        /// SipHash of the source.
        hash: [u8; 8],
        /// The source is to be looked at when the file is loaded.
        check: bool,
    },
}

/// A whole `.pyc` file.
pub fn pyc(code: &CodeUnit, validation: Validation) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + code.code.len() * 4);
    out.extend_from_slice(&MAGIC_NUMBER);
    match validation {
        Validation::Timestamp { mtime, size } => {
            out.extend_from_slice(&0u32.to_le_bytes());
            out.extend_from_slice(&mtime.to_le_bytes());
            out.extend_from_slice(&size.to_le_bytes());
        }
        Validation::Hash { hash, check } => {
            out.extend_from_slice(&(1 | (check as u32) << 1).to_le_bytes());
            out.extend_from_slice(&hash);
        }
    }
    Writer { out: &mut out, seen: HashMap::new(), next: 0 }.code(code);
    out
}

/// `marshal.dumps` of a code object.
pub fn dumps(code: &CodeUnit) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.code.len() * 4);
    Writer { out: &mut out, seen: HashMap::new(), next: 0 }.code(code);
    out
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Reference numbers of the strings written so far.
    seen: HashMap<&'a [u8], u32>,
    next: u32,
}

impl<'a> Writer<'a> {
    fn long(&mut self, value: i32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A size. Sizes of code are far below the format's 2**31.
    fn size(&mut self, value: usize) {
        self.long(value as i32);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(b's');
        self.size(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// `interned` is true for names; constants that look like names are interned as well.
    fn text(&mut self, text: &'a Text, interned: bool) {
        let bytes = text.as_bytes();
        if let Some(number) = self.seen.get(bytes) {
            let number = *number;
            self.out.push(b'r');
            self.long(number as i32);
            return;
        }
        self.seen.insert(bytes, self.next);
        self.next += 1;
        let interned = interned || text.is_name_like();
        if bytes.is_ascii() {
            if bytes.len() < 256 {
                self.out.push(FLAG_REF | if interned { b'Z' } else { b'z' });
                self.out.push(bytes.len() as u8);
            } else {
                self.out.push(FLAG_REF | if interned { b'A' } else { b'a' });
                self.size(bytes.len());
            }
        } else {
            self.out.push(FLAG_REF | if interned { b't' } else { b'u' });
            self.size(bytes.len());
        }
        self.out.extend_from_slice(bytes);
    }

    fn tuple_head(&mut self, len: usize) {
        if len < 256 {
            self.out.push(b')');
            self.out.push(len as u8);
        } else {
            self.out.push(b'(');
            self.size(len);
        }
    }

    fn names(&mut self, names: &'a [Text]) {
        self.tuple_head(names.len());
        for name in names {
            self.text(name, true);
        }
    }

    fn code(&mut self, code: &'a CodeUnit) {
        self.out.push(b'c');
        self.long(code.argcount as i32);
        self.long(code.posonlyargcount as i32);
        self.long(code.kwonlyargcount as i32);
        self.long(code.stacksize as i32);
        self.long(code.flags as i32);
        self.bytes(&code.code);
        self.tuple_head(code.consts.len());
        for value in &code.consts {
            self.constant(value);
        }
        self.names(&code.names);
        self.names(&code.localsplusnames);
        self.bytes(&code.localspluskinds);
        self.text(&code.filename, false);
        self.text(&code.name, true);
        self.text(&code.qualname, true);
        self.long(code.firstlineno);
        self.bytes(&code.linetable);
        self.bytes(&code.exceptiontable);
    }

    /// The digits of a Python integer, 15 bits each. `len` counts them.
    fn digits(&mut self, negative: bool, digits: &[u16]) {
        self.out.push(b'l');
        let len = digits.len() as i32;
        self.long(if negative { -len } else { len });
        for digit in digits {
            self.out.extend_from_slice(&digit.to_le_bytes());
        }
    }

    /// Nesting is bounded by the compiler's own limit on the depth of source.
    fn constant(&mut self, value: &'a Constant) {
        match value {
            Constant::None => self.out.push(b'N'),
            Constant::Ellipsis => self.out.push(b'.'),
            Constant::Bool(true) => self.out.push(b'T'),
            Constant::Bool(false) => self.out.push(b'F'),
            Constant::Int(v) => {
                if let Ok(small) = i32::try_from(*v) {
                    self.out.push(b'i');
                    self.long(small);
                } else {
                    let mut magnitude = v.unsigned_abs();
                    let mut digits = Vec::with_capacity(5);
                    while magnitude != 0 {
                        digits.push((magnitude & 0x7FFF) as u16);
                        magnitude >>= 15;
                    }
                    self.digits(*v < 0, &digits);
                }
            }
            Constant::BigInt(v) => {
                let mut digits: Vec<u16> = Vec::with_capacity(v.digits.len() * 2);
                for digit in &v.digits {
                    digits.push((digit & 0x7FFF) as u16);
                    digits.push((digit >> 15) as u16);
                }
                while digits.last() == Some(&0) {
                    digits.pop();
                }
                self.digits(v.negative, &digits);
            }
            Constant::Float(v) => {
                self.out.push(b'g');
                self.out.extend_from_slice(&v.to_le_bytes());
            }
            Constant::Complex { real, imag } => {
                self.out.push(b'y');
                self.out.extend_from_slice(&real.to_le_bytes());
                self.out.extend_from_slice(&imag.to_le_bytes());
            }
            Constant::Str(v) => self.text(v, false),
            Constant::Bytes(v) => self.bytes(v),
            Constant::Tuple(items) => {
                self.tuple_head(items.len());
                for item in items {
                    self.constant(item);
                }
            }
            Constant::FrozenSet(items) => {
                self.out.push(b'>');
                self.size(items.len());
                for item in items {
                    self.constant(item);
                }
            }
            Constant::Slice(parts) => {
                self.out.push(b':');
                for part in parts.iter() {
                    self.constant(part);
                }
            }
            Constant::Code(code) => self.code(code),
        }
    }
}
