//! The guards against documents that grow beyond measure: by entities that expand, or by declarations that take memory.

use core::cell::Cell;

use super::{Code, Parser};

/// What guards against documents that grow beyond measure; shared by the parsers of all entities of a document.
pub struct Limits {
    pub(super) direct: Cell<u64>,
    indirect: Cell<u64>,
    pub threshold: Cell<u64>,
    pub factor: Cell<f32>,
    pub memory_threshold: Cell<u64>,
    pub memory_factor: Cell<f32>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            direct: Cell::new(0),
            indirect: Cell::new(0),
            threshold: Cell::new(8 << 20),
            factor: Cell::new(100.0),
            memory_threshold: Cell::new(64 << 20),
            memory_factor: Cell::new(100.0),
        }
    }
}

impl Parser {
    /// Counts the text of an entity that was used.
    pub(super) fn account(&mut self, bytes: usize) -> Result<(), Code> {
        let limits = &self.limits;
        limits.indirect.set(limits.indirect.get().saturating_add(bytes as u64));
        let direct = self.direct();
        let total = direct.saturating_add(limits.indirect.get());
        let growth = if direct == 0 { 1.0 } else { total as f32 / direct as f32 };
        if total >= limits.threshold.get() && growth > limits.factor.get() {
            return Err(Code::AmplificationLimitBreach);
        }
        Ok(())
    }

    /// The bytes of the document so far.
    fn direct(&self) -> u64 {
        if self.is_child { self.limits.direct.get() } else { self.consumed() }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.direct_base + self.input.at as u64
    }

    /// Refuses a document whose declarations take much more memory than they have text.
    pub(super) fn check_memory(&mut self) -> Result<(), Code> {
        let dtd = self.dtd.borrow();
        let used = (dtd.size + dtd.names.size + self.values.capacity() + self.scratch.capacity()) as u64
            + size_of::<Parser>() as u64;
        let growth = used as f32 / self.direct().max(1) as f32;
        if used >= self.limits.memory_threshold.get() && growth > self.limits.memory_factor.get() {
            return Err(Code::NoMemory);
        }
        Ok(())
    }
}
