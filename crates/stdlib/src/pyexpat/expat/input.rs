//! The bytes of a document and the text decoded from them.
//!
//! **Invariant:** `text` is valid UTF-8 of whole characters, but for bytes [`BAD`], each of which stands for input that cannot
//! be decoded; what is not decoded yet stands in `rest`. A place in the text is turned into a line, a column and an index of
//! bytes by walking forward from the last place that was asked for.

use super::error::Code;
use super::scan::BAD;

#[derive(Clone, PartialEq)]
pub enum Encoding {
    Utf8,
    Latin1,
    Ascii,
    Utf16Le,
    Utf16Be,
    /// The characters of the 256 bytes; nothing for those that have none.
    Table(Box<[Option<char>; 256]>),
}

impl Encoding {
    /// The encodings that are built in. `wide` is what plain "UTF-16" means.
    pub fn by_name(name: &[u8], wide: Option<&Encoding>) -> Option<Encoding> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        Some(if is("UTF-8") {
            Encoding::Utf8
        } else if is("ISO-8859-1") {
            Encoding::Latin1
        } else if is("US-ASCII") {
            Encoding::Ascii
        } else if is("UTF-16BE") {
            Encoding::Utf16Be
        } else if is("UTF-16LE") {
            Encoding::Utf16Le
        } else if is("UTF-16") {
            wide.cloned().unwrap_or(Encoding::Utf16Be)
        } else {
            return None;
        })
    }

    pub fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16Be | Encoding::Utf16Le)
    }

    fn bytes_of(&self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16Be | Encoding::Utf16Le => c.len_utf16() * 2,
            _ => 1,
        }
    }
}

pub struct Input {
    pub encoding: Encoding,
    pub text: Vec<u8>,
    /// Where the text that was not used yet begins.
    pub at: usize,
    /// Bytes behind the text.
    rest: Vec<u8>,
    /// Whether the bytes behind the text cannot be decoded.
    broken: bool,
    mark: Mark,
    /// How much text was dropped since this was asked for.
    dropped: usize,
}

/// A place whose position is known.
#[derive(Clone, Copy, Default)]
struct Mark {
    at: usize,
    bytes: usize,
    line: usize,
    column: usize,
}

/// A position: lines count from 1, columns and bytes from 0.
#[derive(Clone, Copy)]
pub struct Position {
    pub bytes: usize,
    pub line: usize,
    pub column: usize,
}

impl Input {
    pub fn new(encoding: Encoding) -> Input {
        Input { encoding, text: Vec::new(), at: 0, rest: Vec::new(), broken: false, mark: Mark::default(), dropped: 0 }
    }

    /// The error of bytes that wait for the rest of their character, if there are any.
    pub fn partial(&self) -> Option<Code> {
        if self.rest.is_empty() || self.broken {
            return None;
        }
        // Half a unit is half a token to expat.
        Some(if self.encoding.is_wide() && self.rest.len() == 1 { Code::UnclosedToken } else { Code::PartialChar })
    }

    /// Adds bytes. False when memory is short.
    pub fn push(&mut self, data: &[u8]) -> bool {
        self.forget();
        let more = if self.encoding == Encoding::Utf8 { data.len() } else { data.len().saturating_mul(3) };
        if self.text.try_reserve(more + self.rest.len() + 1).is_err() {
            return false;
        }
        if self.rest.is_empty() {
            let used = self.decode(data);
            self.rest.extend_from_slice(&data[used..]);
        } else {
            if self.rest.try_reserve(data.len()).is_err() {
                return false;
            }
            self.rest.extend_from_slice(data);
            if !self.broken {
                let bytes = core::mem::take(&mut self.rest);
                let used = self.decode(&bytes);
                self.rest = bytes;
                self.rest.drain(..used);
            }
        }
        true
    }

    pub fn dropped(&mut self) -> u64 {
        core::mem::take(&mut self.dropped) as u64
    }

    /// How much is kept, decoded or not.
    pub fn held(&self) -> usize {
        self.text.len() + self.rest.len()
    }

    /// How many bytes were not used yet.
    pub fn unused(&self) -> usize {
        let end = self.text.len() - usize::from(self.broken);
        let text = &self.text[self.at.min(end)..end];
        let bytes = match &self.encoding {
            Encoding::Utf8 => text.len(),
            encoding => text.utf8_chunks().flat_map(|part| part.valid().chars()).map(|c| encoding.bytes_of(c)).sum(),
        };
        bytes + self.rest.len()
    }

    /// The first bytes.
    pub fn head(&self) -> [Option<u8>; 3] {
        let end = self.text.len() - usize::from(self.broken);
        [0, 1, 2].map(|i| self.text[..end].get(i).or_else(|| self.rest.get(i.wrapping_sub(end))).copied())
    }

    /// Drops text that was used, but for a part of the context.
    fn forget(&mut self) {
        const CONTEXT: usize = 1024;
        if self.at < CONTEXT * 8 || self.at * 2 < self.text.len() {
            return;
        }
        let mut drop = self.at - CONTEXT;
        while drop < self.at && (0x80..0xC0).contains(&self.text[drop]) {
            drop += 1;
        }
        self.advance(drop);
        self.text.drain(..drop);
        self.at -= drop;
        self.mark.at -= drop;
        self.dropped += drop;
    }

    fn fail(&mut self) {
        self.broken = true;
        self.text.push(BAD);
    }

    /// Decodes as much of `data` as can be: how many bytes that is.
    fn decode(&mut self, data: &[u8]) -> usize {
        match &self.encoding {
            Encoding::Utf8 => match core::str::from_utf8(data) {
                Ok(_) => {
                    self.text.extend_from_slice(data);
                    data.len()
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    self.text.extend_from_slice(&data[..valid]);
                    let needed = match data[valid] {
                        0xC2..=0xDF => 2,
                        0xE0..=0xEF => 3,
                        0xF0..=0xF4 => 4,
                        _ => 1,
                    };
                    // As many bytes as the first asks for are awaited before the others are looked at.
                    if valid + needed <= data.len() {
                        self.fail();
                    }
                    valid
                }
            },
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let little = self.encoding == Encoding::Utf16Le;
                let unit = |at: usize| -> Option<u16> {
                    let pair = [*data.get(at)?, *data.get(at + 1)?];
                    Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
                };
                let mut at = 0;
                while let Some(high) = unit(at) {
                    let c = match high {
                        0xD800..0xDC00 => {
                            let Some(low) = unit(at + 2) else { break };
                            char::decode_utf16([high, low]).next().and_then(Result::ok)
                        }
                        _ => char::from_u32(u32::from(high)),
                    };
                    let Some(c) = c else {
                        self.fail();
                        break;
                    };
                    at += c.len_utf16() * 2;
                    self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                at
            }
            narrow => {
                for (i, &byte) in data.iter().enumerate() {
                    let c = match narrow {
                        Encoding::Table(table) => table[byte as usize],
                        Encoding::Ascii if !byte.is_ascii() => None,
                        _ => Some(char::from(byte)),
                    };
                    let Some(c) = c else {
                        self.fail();
                        return i;
                    };
                    self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                data.len()
            }
        }
    }

    /// Goes on in another encoding from `at` of the text on. What stands there was decoded as UTF-8.
    pub fn switch(&mut self, at: usize, encoding: Encoding) -> bool {
        if encoding == self.encoding {
            return true;
        }
        self.advance(at);
        let end = self.text.len() - usize::from(self.broken);
        let mut bytes = match &self.encoding {
            Encoding::Utf8 => self.text[at..end].to_vec(),
            _ => self.encoded(at, end),
        };
        bytes.append(&mut self.rest);
        self.text.truncate(at);
        self.broken = false;
        self.encoding = encoding;
        if self.text.try_reserve(bytes.len().saturating_mul(3) + 1).is_err() {
            return false;
        }
        let used = self.decode(&bytes);
        self.rest = bytes.split_off(used);
        true
    }

    fn encoded(&self, from: usize, to: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for chunk in self.text[from..to].utf8_chunks() {
            for c in chunk.valid().chars() {
                let mut units = [0; 2];
                match &self.encoding {
                    Encoding::Utf8 => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    Encoding::Utf16Be => {
                        c.encode_utf16(&mut units).iter().for_each(|unit| bytes.extend_from_slice(&unit.to_be_bytes()));
                    }
                    Encoding::Utf16Le => {
                        c.encode_utf16(&mut units).iter().for_each(|unit| bytes.extend_from_slice(&unit.to_le_bytes()));
                    }
                    Encoding::Table(table) => {
                        bytes.push(table.iter().position(|&entry| entry == Some(c)).unwrap_or(0) as u8);
                    }
                    _ => bytes.push(c as u32 as u8),
                }
            }
        }
        bytes
    }

    /// The bytes of the document from a place of the text on.
    pub fn bytes_from(&self, at: usize) -> Vec<u8> {
        let end = self.text.len() - usize::from(self.broken);
        let mut bytes = self.encoded(at.min(end), end);
        bytes.extend_from_slice(&self.rest);
        bytes
    }

    /// Moves the mark to a place, which is not before it.
    fn advance(&mut self, to: usize) {
        let from = self.mark.at;
        if to <= from {
            return;
        }
        let Mark { mut bytes, mut line, mut column, .. } = self.mark;
        let part = &self.text[from..to.min(self.text.len())];
        if self.encoding == Encoding::Utf8 {
            bytes += part.len();
        } else {
            for chunk in part.utf8_chunks() {
                bytes += chunk.valid().chars().map(|c| self.encoding.bytes_of(c)).sum::<usize>();
            }
        }
        let mut i = 0;
        while i < part.len() {
            match part[i] {
                b'\n' => {
                    line += 1;
                    column = 0;
                }
                b'\r' => {
                    line += 1;
                    column = 0;
                    i += usize::from(part.get(i + 1) == Some(&b'\n'));
                }
                0x80..0xC0 => {}
                _ => column += 1,
            }
            i += 1;
        }
        self.mark = Mark { at: to, bytes, line, column };
    }

    pub fn position(&mut self, at: usize) -> Position {
        self.advance(at);
        let Mark { bytes, line, column, .. } = self.mark;
        Position { bytes, line: line + 1, column }
    }
}
