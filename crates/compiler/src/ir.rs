//! The instruction sequence that code generation writes: instructions with labels, before there are blocks.

use taipan_syntax::ast::Range;

use crate::opcode::Opcode;

/// Where an instruction comes from.
pub(crate) type Loc = Range;

/// An artificial instruction: it takes over a location or has none.
pub(crate) const NO_LOCATION: Loc = Range { lineno: -1, col_offset: -1, end_lineno: -1, end_col_offset: -1 };
/// The location of the instruction that follows.
pub(crate) const NEXT_LOCATION: Loc = Range { lineno: -2, col_offset: -2, end_lineno: -2, end_col_offset: -2 };

/// A place in the sequence that jumps name before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(pub u32);

impl Label {
    pub const NONE: Label = Label(u32::MAX);
}

/// One instruction; `arg` of an instruction with a target is a label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawInstr {
    pub op: Opcode,
    pub arg: u32,
    pub loc: Loc,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    pub instrs: Vec<RawInstr>,
    /// The index of the instruction behind each label.
    pub labels: Vec<u32>,
    /// Code that takes the place of `ANNOTATIONS_PLACEHOLDER`; it has no labels.
    pub annotations: Option<Vec<RawInstr>>,
    /// The sequences of inner scopes, where somebody wants to see them.
    pub nested: Vec<Sequence>,
}

impl Sequence {
    pub fn new() -> Sequence {
        Sequence { instrs: Vec::with_capacity(32), labels: Vec::new(), annotations: None, nested: Vec::new() }
    }

    #[inline]
    pub fn new_label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    #[inline]
    pub fn use_label(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.instrs.len() as u32;
    }

    #[inline]
    pub fn push(&mut self, op: Opcode, arg: u32, loc: Loc) {
        self.instrs.push(RawInstr { op, arg, loc });
    }

    /// Puts an instruction before all others; labels move along.
    pub fn push_front(&mut self, op: Opcode, arg: u32, loc: Loc) {
        self.instrs.insert(0, RawInstr { op, arg, loc });
        for position in &mut self.labels {
            // A label without a place has the highest number, and keeps it.
            *position = position.saturating_add(1);
        }
    }
}
