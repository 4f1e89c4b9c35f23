//! What a stateless codec maps to what, read from `tables/` when the codec is used for the first time.

use std::collections::HashMap;
use std::io::Read;

/// No character.
const NOTHING: u32 = u32::MAX;
/// A pair of characters: the rest is an index.
const PAIR: u32 = 1 << 31;

/// The maps of one codec.
pub struct Table {
    one: Box<[u32]>,
    two: Box<[u32]>,
    /// Sequences of three bytes as numbers.
    three: HashMap<u32, u32>,
    pairs: Vec<(u32, u32)>,
    /// Pairs of characters that are written together.
    joined: HashMap<(u32, u32), u32>,
    /// Sequences that end too early, of one and two bytes.
    leads: Box<[bool]>,
    leads2: HashMap<u32, ()>,
    /// The bytes of a character, by pages of 256; 0 for none.
    pages: Vec<Option<Box<[u32]>>>,
}

/// What bytes stand for.
pub enum Found {
    Char(u32, usize),
    Pair(u32, u32, usize),
    /// The input ends too early.
    Incomplete,
    Nothing,
}

/// The numbers of a table file.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> u32 {
        let (mut value, mut shift) = (0u32, 0);
        while let [byte, rest @ ..] = self.0 {
            self.0 = rest;
            value |= u32::from(byte & 127).wrapping_shl(shift);
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
        }
        value
    }

    /// A list of rows of differences.
    fn rows<const N: usize>(&mut self) -> Vec<[u32; N]> {
        let mut last = [0u32; N];
        (0..self.next())
            .map(|_| {
                for value in &mut last {
                    let coded = self.next();
                    let difference =
                        if coded & 1 == 0 { coded >> 1 } else { (coded >> 1).wrapping_add(1).wrapping_neg() };
                    *value = value.wrapping_add(difference);
                }
                last
            })
            .collect()
    }
}

impl Table {
    pub fn load(packed: &[u8]) -> Table {
        let mut bytes = Vec::new();
        // The files are part of the program; a broken one gives an empty table.
        if flate2::read::ZlibDecoder::new(packed).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        let mut numbers = Numbers(&bytes);
        let mut table = Table {
            one: vec![NOTHING; 256].into(),
            two: vec![NOTHING; 65536].into(),
            three: HashMap::new(),
            pairs: Vec::new(),
            joined: HashMap::new(),
            leads: vec![false; 256].into(),
            leads2: HashMap::new(),
            pages: (0..0x300).map(|_| None).collect(),
        };
        for [bytes, c] in numbers.rows() {
            table.put(bytes, c);
            if c != 0 && table.bytes_of(c).is_none() {
                table.set_bytes(c, bytes);
            }
        }
        for [bytes, first, second] in numbers.rows() {
            table.pairs.push((first, second));
            table.put(bytes, PAIR | (table.pairs.len() as u32 - 1));
            table.joined.entry((first, second)).or_insert(bytes);
        }
        for [c, bytes] in numbers.rows() {
            table.set_bytes(c, bytes);
        }
        for [lead] in numbers.rows() {
            match table.leads.get_mut(lead as usize) {
                Some(entry) => *entry = true,
                None => {
                    table.leads2.insert(lead, ());
                }
            }
        }
        table
    }

    fn put(&mut self, bytes: u32, value: u32) {
        match bytes {
            0..0x100 => self.one[bytes as usize] = value,
            0x100..0x10000 => self.two[bytes as usize] = value,
            _ => {
                self.three.insert(bytes, value);
            }
        }
    }

    fn set_bytes(&mut self, c: u32, bytes: u32) {
        if let Some(page) = self.pages.get_mut((c >> 8) as usize) {
            page.get_or_insert_with(|| vec![0; 256].into())[(c & 255) as usize] = bytes;
        }
    }

    /// The bytes of a character as a number.
    pub fn bytes_of(&self, c: u32) -> Option<u32> {
        let bytes = self.pages.get((c >> 8) as usize)?.as_ref()?[(c & 255) as usize];
        if bytes != 0 { Some(bytes) } else { None }
    }

    /// Whether the character is written together with some that may follow it.
    pub fn begins_pair(&self, c: u32) -> bool {
        !self.joined.is_empty() && self.joined.keys().any(|(first, _)| *first == c)
    }

    pub fn bytes_of_pair(&self, first: u32, second: u32) -> Option<u32> {
        self.joined.get(&(first, second)).copied()
    }

    fn found(&self, value: u32, len: usize) -> Found {
        if value & PAIR != 0 {
            return match self.pairs.get((value & !PAIR) as usize) {
                Some((first, second)) => Found::Pair(*first, *second, len),
                None => Found::Nothing,
            };
        }
        Found::Char(value, len)
    }

    /// What stands at the beginning of `input`, which is not empty.
    pub fn decode(&self, input: &[u8]) -> Found {
        let Some(&first) = input.first() else { return Found::Incomplete };
        let value = self.one[usize::from(first)];
        if value != NOTHING {
            return self.found(value, 1);
        }
        if !self.leads[usize::from(first)] {
            return Found::Nothing;
        }
        let Some(&second) = input.get(1) else { return Found::Incomplete };
        let two = u32::from(first) << 8 | u32::from(second);
        let value = self.two[two as usize];
        if value != NOTHING {
            return self.found(value, 2);
        }
        if !self.leads2.contains_key(&two) {
            return Found::Nothing;
        }
        let Some(&third) = input.get(2) else { return Found::Incomplete };
        match self.three.get(&(two << 8 | u32::from(third))) {
            Some(value) => self.found(*value, 3),
            None => Found::Nothing,
        }
    }
}
