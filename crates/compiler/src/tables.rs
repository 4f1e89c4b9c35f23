//! Small tables that keep the order of insertion: names to flags, and numbered sets of names and constants.
//!
//! Most have fewer than a dozen entries, where a scan beats hashing; an index is built once they grow.

use std::hash::{Hash, Hasher};

use crate::code::Constant;
use crate::fx::{FxHashMap, FxHasher};
use crate::names::Symbol;

const SCAN: usize = 12;

/// A map from names to `T` in the order of first insertion.
#[derive(Clone, Debug)]
pub(crate) struct SymbolMap<T> {
    entries: Vec<(Symbol, T)>,
    index: Option<FxHashMap<Symbol, u32>>,
}

impl<T> Default for SymbolMap<T> {
    fn default() -> Self {
        SymbolMap { entries: Vec::new(), index: None }
    }
}

impl<T: Copy> SymbolMap<T> {
    #[inline]
    fn position(&self, symbol: Symbol) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(&symbol).map(|at| *at as usize),
            None => self.entries.iter().position(|(name, _)| *name == symbol),
        }
    }

    #[inline]
    pub fn get(&self, symbol: Symbol) -> Option<T> {
        self.position(symbol).map(|at| self.entries[at].1)
    }

    #[inline]
    pub fn contains(&self, symbol: Symbol) -> bool {
        self.position(symbol).is_some()
    }

    /// Sets the value; an existing name keeps its place.
    pub fn insert(&mut self, symbol: Symbol, value: T) {
        match self.position(symbol) {
            Some(at) => self.entries[at].1 = value,
            None => {
                let at = self.entries.len() as u32;
                self.entries.push((symbol, value));
                if let Some(index) = &mut self.index {
                    index.insert(symbol, at);
                } else if self.entries.len() > SCAN {
                    self.reindex();
                }
            }
        }
    }

    fn reindex(&mut self) {
        self.index = Some(self.entries.iter().enumerate().map(|(at, (name, _))| (*name, at as u32)).collect());
    }

    pub fn remove(&mut self, symbol: Symbol) {
        if let Some(at) = self.position(symbol) {
            self.entries.remove(at);
            if self.index.is_some() {
                self.reindex();
            }
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Symbol, T)> + '_ {
        self.entries.iter().copied()
    }

    pub fn entries(&self) -> &[(Symbol, T)] {
        &self.entries
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = (Symbol, &mut T)> {
        self.entries.iter_mut().map(|(name, value)| (*name, value))
    }
}

/// Names numbered in the order of first use.
pub(crate) type NameTable = SymbolMap<u32>;

impl NameTable {
    /// The number of a name, which is added when it is new.
    #[inline]
    pub fn number(&mut self, symbol: Symbol) -> u32 {
        if let Some(number) = self.get(symbol) {
            return number;
        }
        let number = self.len() as u32;
        self.insert(symbol, number);
        number
    }
}

/// The constants of a code object, each once.
#[derive(Debug, Default)]
pub(crate) struct ConstTable {
    pub values: Vec<Constant>,
    hashes: Vec<u32>,
    /// An open-addressed table of numbers from 1, never more than half full; empty while a scan does.
    index: Vec<u32>,
}

impl ConstTable {
    fn hash(value: &Constant) -> u32 {
        let mut hasher = FxHasher::default();
        value.hash(&mut hasher);
        let hash = hasher.finish();
        (hash ^ hash >> 32) as u32
    }

    /// Constants numbered as they stand, even where equal ones come twice.
    pub fn with(values: Vec<Constant>) -> ConstTable {
        let hashes: Vec<u32> = values.iter().map(Self::hash).collect();
        let mut table = ConstTable { values, hashes, index: Vec::new() };
        if table.values.len() > 2 * SCAN {
            table.build_index();
        }
        table
    }

    fn build_index(&mut self) {
        let size = (self.hashes.len() * 4).next_power_of_two();
        let mut index = vec![0; size];
        for (number, hash) in (1..).zip(&self.hashes) {
            let mut at = *hash as usize & (size - 1);
            while index[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            index[at] = number;
        }
        self.index = index;
    }

    /// The number of a constant that is here already, the first of equal ones.
    fn find(&self, value: &Constant, hash: u32) -> Option<u32> {
        let same = |at: usize| self.hashes[at] == hash && self.values[at] == *value;
        if self.index.is_empty() {
            return (0..self.values.len()).find(|at| same(*at)).map(|at| at as u32);
        }
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        while self.index[at] != 0 {
            let number = self.index[at] - 1;
            if same(number as usize) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The number of a constant, which is added when it is new.
    pub fn number(&mut self, value: Constant) -> u32 {
        let hash = Self::hash(&value);
        if let Some(number) = self.find(&value, hash) {
            return number;
        }
        let number = self.values.len() as u32;
        self.values.push(value);
        self.hashes.push(hash);
        if self.index.is_empty() {
            if self.values.len() > 2 * SCAN {
                self.build_index();
            }
        } else if self.values.len() * 2 > self.index.len() {
            self.build_index();
        } else {
            let mask = self.index.len() - 1;
            let mut at = hash as usize & mask;
            while self.index[at] != 0 {
                at = (at + 1) & mask;
            }
            self.index[at] = number + 1;
        }
        number
    }
}
