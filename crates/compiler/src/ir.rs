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

/// In place of a number of a block, label or handler: there is none.
pub(crate) const NONE: u32 = u32::MAX;

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instr {
    pub op: Opcode,
    /// For an instruction with a target where it leads: a label in a [`Sequence`], a block in the flow graph.
    pub arg: u32,
    /// The block of the exception handler in force, from when there are blocks.
    pub handler: u32,
    pub loc: Loc,
}

impl Instr {
    /// What lies in a slot that nothing has been written to.
    pub const BLANK: Instr = Instr::new(Opcode::NOP, 0, NO_LOCATION);

    #[inline]
    pub const fn new(op: Opcode, arg: u32, loc: Loc) -> Instr {
        Instr { op, arg, handler: NONE, loc }
    }

    /// Replaces what the instruction does; its place and its handler stay.
    #[inline]
    pub fn set(&mut self, op: Opcode, arg: u32) {
        self.op = op;
        self.arg = arg;
    }

    #[inline]
    pub fn nop(&mut self) {
        self.set(Opcode::NOP, 0);
    }
}

/// Where a label stands, and whether anything jumps there: only then it starts a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub at: u32,
    pub used: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    pub instrs: Vec<Instr>,
    /// By number of the label.
    pub labels: Vec<Place>,
    /// Code that takes the place of `ANNOTATIONS_PLACEHOLDER`; it has no labels.
    pub annotations: Option<Vec<Instr>>,
    /// The sequences of inner scopes, where somebody wants to see them.
    pub nested: Vec<Sequence>,
}

impl Sequence {
    /// Empties the sequence and keeps its memory.
    pub fn recycle(&mut self) {
        self.instrs.clear();
        self.labels.clear();
        self.annotations = None;
        self.nested.clear();
    }

    #[inline]
    pub fn new_label(&mut self) -> Label {
        self.labels.push(Place { at: NONE, used: false });
        Label(self.labels.len() as u32 - 1)
    }

    #[inline]
    pub fn use_label(&mut self, label: Label) {
        self.labels[label.0 as usize].at = self.instrs.len() as u32;
    }

    #[inline]
    pub fn push(&mut self, op: Opcode, arg: u32, loc: Loc) {
        self.instrs.push(Instr::new(op, arg, loc));
    }

    /// An instruction that leads to `label`.
    #[inline]
    pub fn push_jump(&mut self, op: Opcode, label: Label, loc: Loc) {
        self.labels[label.0 as usize].used = true;
        self.push(op, label.0, loc);
    }

    /// Puts an instruction that leads to `label` before all others; labels move along.
    pub fn push_front(&mut self, op: Opcode, label: Label, loc: Loc) {
        self.labels[label.0 as usize].used = true;
        self.instrs.insert(0, Instr::new(op, label.0, loc));
        for place in &mut self.labels {
            // A label without a place has the highest number, and keeps it.
            place.at = place.at.saturating_add(1);
        }
    }

    /// Replaces placeholders, which only a module has, by the code that is meant to stand there.
    pub fn fill_placeholders(&mut self) {
        let code = self.annotations.take().unwrap_or_default();
        while let Some(at) = self.instrs.iter().position(|instr| instr.op == Opcode::ANNOTATIONS_PLACEHOLDER) {
            self.instrs.splice(at..=at, code.iter().copied());
            for place in self.labels.iter_mut().filter(|place| place.at != NONE && place.at as usize > at) {
                place.at = place.at - 1 + code.len() as u32;
            }
        }
    }
}
