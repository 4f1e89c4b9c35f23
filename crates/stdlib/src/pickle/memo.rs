//! The memo of a pickler: objects by address, with the number under which the unpickler will know each.
//!
//! **Invariant:** every entry owns its object, so no address is used again while it is here.

use taipan_runtime::prelude::*;

struct Entry {
    number: usize,
    object: Ref<Object>,
}

/// A hash table of addresses over a vector of entries.
#[derive(Default)]
pub struct Memo {
    entries: Vec<Entry>,
    /// Places of entries plus one; 0 is free. A power of two long, at most two thirds full.
    table: Vec<u32>,
}

fn hash(address: usize) -> usize {
    // Objects are aligned, so the lowest bits tell nothing.
    let key = (address >> 4) as u64;
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

impl Memo {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn get(&self, object: *mut abi::PyObject) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        let mask = self.table.len() - 1;
        let mut at = hash(object.addr()) & mask;
        loop {
            match self.table[at] {
                0 => return None,
                place => {
                    let entry = &self.entries[place as usize - 1];
                    if entry.object.as_ptr() == object {
                        return Some(entry.number);
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) -> PyResult<()> {
        let size = (self.table.len() * 2).max(32);
        let mut table: Vec<u32> = Vec::new();
        if size > u32::MAX as usize || table.try_reserve_exact(size).is_err() {
            return Err(Raised::no_memory());
        }
        table.resize(size, 0);
        for (place, entry) in self.entries.iter().enumerate() {
            let mut at = hash(entry.object.as_ptr().addr()) & (size - 1);
            while table[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            table[at] = place as u32 + 1;
        }
        self.table = table;
        Ok(())
    }

    /// Adds an object that is not there.
    pub fn insert(&mut self, object: Ref<Object>, number: usize) -> PyResult<()> {
        if self.entries.len() * 3 >= self.table.len() * 2 {
            self.grow()?;
        }
        if self.entries.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        let mask = self.table.len() - 1;
        let mut at = hash(object.as_ptr().addr()) & mask;
        while self.table[at] != 0 {
            at = (at + 1) & mask;
        }
        self.entries.push(Entry { number, object });
        self.table[at] = self.entries.len() as u32;
        Ok(())
    }

    /// The entries, for a copy or the collector.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Ref<Object>)> {
        self.entries.iter().map(|entry| (entry.number, &entry.object))
    }
}
