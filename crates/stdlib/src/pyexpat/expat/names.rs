//! Names as small numbers: each text is stored once, so that whoever listens keeps one object a name.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::rc::Rc;

/// A name of one document.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NameId(pub u32);

/// How a name is made up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Unknown,
    Plain,
    /// The colon's place.
    Prefixed(u32),
}

#[derive(Clone)]
pub struct Entry {
    pub text: Rc<str>,
    hash: u32,
    pub split: Split,
    /// The number of its prefix.
    pub prefix: u32,
    /// The tag in which an attribute of this name was seen last.
    pub seen: u32,
    /// Likewise for names with a namespace.
    pub seen_expanded: u32,
    /// The namespace it was last expanded with, and what came out.
    pub expanded: Option<(Option<NameId>, NameId)>,
}

#[derive(Clone)]
pub struct Names {
    entries: Vec<Entry>,
    /// Open addressing: 0 is free, else a number and 1.
    table: Vec<u32>,
    seed: u64,
    /// The bytes of all texts.
    pub size: usize,
}

impl Names {
    pub fn new() -> Names {
        Names { entries: Vec::new(), table: vec![0; 64], seed: RandomState::new().hash_one(0u64) | 1, size: 0 }
    }

    #[inline]
    fn hash(&self, text: &[u8]) -> u32 {
        let fold = |a: u64, b: u64| {
            let wide = u128::from(a) * u128::from(b);
            (wide as u64) ^ ((wide >> 64) as u64)
        };
        let mut state = self.seed ^ text.len() as u64;
        let mut chunks = text.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            state = fold(state ^ u64::from_le_bytes(word), 0x9E37_79B9_7F4A_7C15 ^ self.seed.rotate_left(32));
        }
        let mut word = [0; 8];
        let rest = chunks.remainder();
        word[..rest.len()].copy_from_slice(rest);
        state = fold(state ^ u64::from_le_bytes(word), 0xD6E8_FEB8_6659_FD93 ^ self.seed);
        state as u32
    }

    #[inline]
    fn find(&self, text: &[u8], hash: u32) -> Result<NameId, usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            match self.table[slot] {
                0 => return Err(slot),
                found => {
                    let entry = &self.entries[found as usize - 1];
                    if entry.hash == hash && entry.text.as_bytes() == text {
                        return Ok(NameId(found - 1));
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    pub fn get(&self, text: &str) -> Option<NameId> {
        self.find(text.as_bytes(), self.hash(text.as_bytes())).ok()
    }

    /// The number of a name, a new one if it has none.
    #[inline]
    pub fn intern(&mut self, text: &str) -> NameId {
        let hash = self.hash(text.as_bytes());
        match self.find(text.as_bytes(), hash) {
            Ok(id) => id,
            Err(slot) => self.add(text, hash, slot),
        }
    }

    #[cold]
    fn add(&mut self, text: &str, hash: u32, slot: usize) -> NameId {
        let id = self.entries.len() as u32;
        self.size += text.len() + size_of::<Entry>();
        self.entries.push(Entry {
            text: Rc::from(text),
            hash,
            split: Split::Unknown,
            prefix: 0,
            seen: 0,
            seen_expanded: 0,
            expanded: None,
        });
        self.table[slot] = id + 1;
        if self.entries.len() * 2 > self.table.len() {
            let mask = self.table.len() * 2 - 1;
            let mut table = vec![0; mask + 1];
            for (i, entry) in self.entries.iter().enumerate() {
                let mut slot = entry.hash as usize & mask;
                while table[slot] != 0 {
                    slot = (slot + 1) & mask;
                }
                table[slot] = i as u32 + 1;
            }
            self.table = table;
        }
        NameId(id)
    }

    #[inline(always)]
    pub fn entry(&self, id: NameId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    #[inline(always)]
    pub fn entry_mut(&mut self, id: NameId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    pub fn text(&self, id: NameId) -> &Rc<str> {
        &self.entry(id).text
    }

    /// Forgets what names were expanded to.
    pub fn forget_expansions(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.expanded = None);
    }
}
