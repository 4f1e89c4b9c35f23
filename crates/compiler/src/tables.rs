//! Small tables that keep the order of insertion: names to flags, and numbered sets of names and constants.
//!
//! Most have fewer than a dozen entries, where a scan beats hashing; an index is built once they grow.

use crate::code::Constant;
use crate::fx::{self, FxHashMap};
use crate::memory::NoMemory;
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
///
/// Folding adds its results as it goes. What it computes from a result that nothing else loads takes the value over, or
/// drops it, so the results on the way are never there together. Their place stays until the unused ones are
/// removed: equal values that come later stand there, as in CPython, where nothing is dropped before.
#[derive(Debug, Default)]
pub(crate) struct ConstTable {
    pub values: Vec<Constant>,
    hashes: Vec<u64>,
    /// An open-addressed table of numbers from 1, never more than half full; empty while a scan does.
    index: Vec<u32>,
    /// The number of the first result of folding.
    first_result: usize,
    /// How many instructions load each result, or [`GONE`].
    uses: Vec<u32>,
}

/// The value of a result is gone, and its place holds [`HOLE`].
const GONE: u32 = u32::MAX;
/// It equals nothing.
const HOLE: Constant = Constant::Float(f64::NAN);

#[inline]
fn slot(hash: u64, mask: usize) -> usize {
    (hash ^ hash >> 32) as usize & mask
}

impl ConstTable {
    /// Constants numbered as they stand, even where equal ones come twice.
    pub fn with(values: Vec<Constant>) -> ConstTable {
        let hashes = values.iter().map(fx::of).collect();
        let mut table = ConstTable { values, hashes, ..ConstTable::default() };
        if table.values.len() > 2 * SCAN {
            table.build_index();
        }
        table
    }

    fn build_index(&mut self) {
        let mask = (self.hashes.len() * 4).next_power_of_two() - 1;
        let mut index = vec![0; mask + 1];
        for (number, hash) in (1..).zip(&self.hashes) {
            let mut at = slot(*hash, mask);
            while index[at] != 0 {
                at = (at + 1) & mask;
            }
            index[at] = number;
        }
        self.index = index;
    }

    /// The number of a constant that is here already, the first of equal ones.
    fn find(&self, value: &Constant, hash: u64) -> Option<u32> {
        let same = |at: usize| self.hashes[at] == hash && (self.values[at] == *value || self.is_gone(at));
        if self.index.is_empty() {
            return (0..self.values.len()).find(|at| same(*at)).map(|at| at as u32);
        }
        let mask = self.index.len() - 1;
        let mut at = slot(hash, mask);
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
        let hash = fx::of(&value);
        match self.find(&value, hash) {
            Some(number) => number,
            None => self.add(value, hash),
        }
    }

    fn add(&mut self, value: Constant, hash: u64) -> u32 {
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
            let mut at = slot(hash, mask);
            while self.index[at] != 0 {
                at = (at + 1) & mask;
            }
            self.index[at] = number + 1;
        }
        number
    }

    // ---- results of folding ------------------------------------------------------------------------------------------

    /// What is added from now on are results of folding.
    pub fn start_folding(&mut self) {
        self.first_result = self.values.len();
        self.uses.clear();
    }

    /// The number of a result that one more instruction loads.
    pub fn number_result(&mut self, value: Constant) -> u32 {
        let hash = fx::of(&value);
        let Some(number) = self.find(&value, hash) else {
            self.uses.push(1);
            return self.add(value, hash);
        };
        if let Some(at) = self.result(number) {
            if self.uses[at] == GONE {
                self.values[number as usize] = value;
                self.uses[at] = 0;
            }
            self.uses[at] += 1;
        }
        number
    }

    /// Which of the results a number is.
    fn result(&self, number: u32) -> Option<usize> {
        (number as usize).checked_sub(self.first_result).filter(|at| *at < self.uses.len())
    }

    fn is_gone(&self, number: usize) -> bool {
        self.result(number as u32).is_some_and(|at| self.uses[at] == GONE)
    }

    /// The value of a constant that an instruction loads for the last time: its own, if no other instruction loads it, or
    /// a copy.
    pub fn take(&mut self, number: u32) -> Result<Constant, NoMemory> {
        match self.result(number) {
            Some(at) if self.uses[at] == 1 && self.can_go(number) => {
                self.uses[at] = GONE;
                Ok(std::mem::replace(&mut self.values[number as usize], HOLE))
            }
            _ => self.values.get(number as usize).map_or(Ok(HOLE), Constant::try_clone),
        }
    }

    /// An instruction does not load the constant any more.
    pub fn drop_use(&mut self, number: u32) {
        if let Some(at) = self.result(number)
            && self.uses[at] != GONE
        {
            self.uses[at] -= 1;
            if self.uses[at] == 0 && self.can_go(number) {
                self.uses[at] = GONE;
                self.values[number as usize] = HOLE;
            }
        }
    }

    /// A value is known by its hash when it comes again. The first constant stays in any case, and what a NaN is in
    /// never comes again.
    fn can_go(&self, number: u32) -> bool {
        let value = &self.values[number as usize];
        let has_memory = matches!(
            value,
            Constant::Str(_) | Constant::Bytes(_) | Constant::Tuple(_) | Constant::FrozenSet(_) | Constant::BigInt(_)
        );
        #[expect(clippy::eq_op, reason = "a NaN does not equal itself")]
        let is_comparable = value == value;
        number > 0 && has_memory && is_comparable
    }
}
