//! What can be seen in a few neighbouring instructions: tests of constants, operations on constants, negations,
//! displays that are only read, jumps to jumps.

use std::ops::Range;

use super::graph::{BlockId, Graph, NONE, mark, small_int};
use super::swaps;
use crate::code::Constant;
use crate::error::Result;
use crate::fold;
use crate::ir::{Instr, NO_LOCATION};
use crate::memory::{self, NoMemory};
use crate::opcode::{Opcode, binary, compare, intrinsic1, role};
use crate::tables::ConstTable;

/// Longer displays are built step by step; CPython's guideline for stack use.
pub(crate) const STACK_USE_GUIDELINE: usize = 30;
/// Shorter displays of constants are not worth a constant tuple.
const MIN_CONST_DISPLAY: usize = 3;

impl Graph {
    /// Tests of constants, in the whole unit; then everything else.
    pub(super) fn simplify(&mut self, consts: &mut ConstTable) -> Result<()> {
        if self.roles & role::TESTS != 0 {
            let mut id = 0;
            while id != NONE {
                let block = self.blocks[id as usize];
                if block.is(mark::TESTED) {
                    settle_tests(&mut self.code[block.range()], consts);
                    self.block_mut(id).roles |= role::NOP;
                    self.freed = true;
                }
                id = block.next;
            }
        }
        consts.start_folding();
        let mut pushed = false;
        let mut id = 0;
        while id != NONE {
            let block = &mut self.blocks[id as usize];
            let mut window = Window {
                instrs: &mut self.code[block.range()],
                consts,
                gaps: false,
                folded: false,
                swaps: false,
                pairs: false,
            };
            pushed = window.run(pushed)?;
            let (gaps, folded, swaps) = (window.gaps, window.folded, window.swaps);
            self.idle_pairs |= window.pairs | swaps;
            self.freed |= folded;
            if gaps | folded | swaps {
                block.roles |= role::NOP;
            }
            if folded {
                block.marks |= mark::LINELESS;
            }
            while self.thread_jump(id) {}
            if swaps {
                swaps::simplify(self.instrs_mut(id));
            }
            id = self.block(id).next;
        }
        Ok(())
    }

    /// A jump to a jump goes where that goes; answers whether it has changed.
    fn thread_jump(&mut self, id: BlockId) -> bool {
        use Opcode::*;
        let Some(target) = self.jumps_to(id) else { return false };
        let (Some(jump), Some(found)) = (self.last(id).copied(), self.instrs(target).first().copied()) else {
            return false;
        };
        let new = match (jump.op, found.op) {
            (POP_JUMP_IF_NOT_NONE | POP_JUMP_IF_NONE | POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE, JUMP) => jump.op,
            (JUMP_IF_FALSE, JUMP | JUMP_IF_FALSE) | (JUMP_IF_TRUE, JUMP | JUMP_IF_TRUE) => jump.op,
            (JUMP | JUMP_NO_INTERRUPT, JUMP) => JUMP,
            (JUMP | JUMP_NO_INTERRUPT, JUMP_NO_INTERRUPT) => jump.op,
            // The value tested once more is known: the test lets it pass.
            (JUMP_IF_FALSE, JUMP_IF_TRUE) | (JUMP_IF_TRUE, JUMP_IF_FALSE) => {
                let next = self.block(target).next;
                if next != NONE {
                    let end = self.block(id).range().end - 1;
                    self.code[end].arg = next;
                }
                return next != NONE;
            }
            _ => return false,
        };
        if found.arg == target {
            return false;
        }
        let end = self.block(id).range().end - 1;
        self.code[end].nop();
        self.append(id, Instr::new(new, found.arg, found.loc));
        self.block_mut(id).roles |= role::NOP;
        true
    }
}

/// The truth of the constant that an instruction loads.
fn truth(op: Opcode, arg: u32, consts: &ConstTable) -> bool {
    if op == Opcode::LOAD_SMALL_INT { arg != 0 } else { consts.values.get(arg as usize).is_some_and(fold::truth) }
}

/// The constant that an instruction loads; `small` holds it when no table does.
fn value<'c>(instr: Instr, consts: &'c ConstTable, small: &'c mut Constant) -> &'c Constant {
    if instr.op == Opcode::LOAD_SMALL_INT {
        *small = Constant::Int(instr.arg as i64);
        return small;
    }
    consts.values.get(instr.arg as usize).unwrap_or(small)
}

#[inline]
fn loads_const(op: Opcode) -> bool {
    matches!(op, Opcode::LOAD_CONST | Opcode::LOAD_SMALL_INT)
}

/// Tests with a known outcome become jumps or nothing; comparisons with `None` become jumps of their own.
fn settle_tests(instrs: &mut [Instr], consts: &mut ConstTable) {
    use Opcode::*;
    // The instruction that loaded what is on top of the stack, or that loaded what was copied there.
    let mut source = Instr::BLANK;
    for at in 0..instrs.len() {
        let instr = instrs[at];
        if source.op != LOAD_CONST || instr.op != COPY || instr.arg != 1 {
            source = instr;
        }
        if !loads_const(source.op) {
            continue;
        }
        let Some(test) = instrs.get(at + 1).copied() else { break };
        match test.op {
            POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | JUMP_IF_FALSE | JUMP_IF_TRUE => {
                if matches!(test.op, POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE) {
                    instrs[at].nop();
                }
                let jumps_on = matches!(test.op, POP_JUMP_IF_TRUE | JUMP_IF_TRUE);
                if truth(source.op, source.arg, consts) == jumps_on {
                    instrs[at + 1].op = JUMP;
                } else {
                    instrs[at + 1].nop();
                }
            }
            TO_BOOL => {
                let truth = Constant::Bool(truth(source.op, source.arg, consts));
                instrs[at].nop();
                instrs[at + 1].set(LOAD_CONST, consts.number(truth));
            }
            IS_OP
                if source.op == LOAD_CONST
                    && matches!(consts.values.get(source.arg as usize), Some(Constant::None)) =>
            {
                let converts = instrs.get(at + 2).is_some_and(|instr| instr.op == TO_BOOL);
                if converts {
                    instrs[at + 2].nop();
                }
                let Some(jump) = instrs.get_mut(at + 2 + converts as usize) else { continue };
                // The test was for identity, or with an argument of 1 for the opposite.
                let if_none = match jump.op {
                    POP_JUMP_IF_TRUE => test.arg == 0,
                    POP_JUMP_IF_FALSE => test.arg != 0,
                    _ => continue,
                };
                jump.op = if if_none { POP_JUMP_IF_NONE } else { POP_JUMP_IF_NOT_NONE };
                instrs[at].nop();
                instrs[at + 1].nop();
            }
            _ => {}
        }
    }
}

/// What a look at an instruction answers, or that there is no memory for a constant.
type Step<T> = std::result::Result<T, NoMemory>;

/// The instructions of a block while they are looked at from the first to the last.
struct Window<'g> {
    instrs: &'g mut [Instr],
    consts: &'g mut ConstTable,
    /// There are new no-ops.
    gaps: bool,
    /// Constants have been computed, and the loads of their parts have lost their location.
    folded: bool,
    swaps: bool,
    /// A value may be dropped right after its push.
    pairs: bool,
}

impl Window<'_> {
    /// `pushed`: what ran before was a push without effect. Answers the same for the end of the block.
    fn run(&mut self, mut pushed: bool) -> Step<bool> {
        for at in 0..self.instrs.len() {
            self.look_at(at)?;
            match self.instrs[at].op {
                Opcode::NOP => {}
                Opcode::POP_TOP => {
                    self.pairs |= pushed;
                    pushed = false;
                }
                op => pushed = op.is(role::IDLE),
            }
        }
        Ok(pushed)
    }

    #[inline]
    fn op_at(&self, at: usize) -> Option<Opcode> {
        self.instrs.get(at).map(|instr| instr.op)
    }

    /// Makes a no-op of the instruction and `op` of the one behind it.
    fn merge(&mut self, at: usize, op: Opcode, arg: u32) {
        self.instrs[at].nop();
        self.instrs[at + 1].set(op, arg);
        self.gaps = true;
    }

    #[inline]
    fn look_at(&mut self, at: usize) -> Step<()> {
        use Opcode::*;
        let Instr { op, arg, .. } = self.instrs[at];
        match op {
            LOAD_GLOBAL if self.op_at(at + 1) == Some(PUSH_NULL) && arg & 1 == 0 => {
                self.instrs[at].arg = arg | 1;
                self.instrs[at + 1].nop();
                self.gaps = true;
            }
            STORE_FAST => {
                if let Some(next) = self.instrs.get(at + 1)
                    && next.op == STORE_FAST
                    && next.arg == arg
                    && next.loc.lineno == self.instrs[at].loc.lineno
                {
                    self.instrs[at].set(POP_TOP, 0);
                }
            }
            SWAP => {
                self.swaps = true;
                if arg == 1 {
                    self.instrs[at].nop();
                }
            }
            COMPARE_OP if self.op_at(at + 1) == Some(TO_BOOL) => {
                self.merge(at, COMPARE_OP, arg | compare::TO_BOOL);
            }
            CONTAINS_OP | IS_OP => match self.op_at(at + 1) {
                Some(TO_BOOL) => self.merge(at, op, arg),
                Some(UNARY_NOT) => self.merge(at, op, arg ^ 1),
                _ => {}
            },
            TO_BOOL => {
                if let Some(next) = self.instrs.get(at + 1).filter(|next| next.op == TO_BOOL) {
                    self.merge(at, TO_BOOL, next.arg);
                }
            }
            UNARY_NOT => match self.op_at(at + 1) {
                Some(TO_BOOL) => self.merge(at, UNARY_NOT, 0),
                Some(UNARY_NOT) => self.merge(at, NOP, 0),
                _ => self.compute_unary(at)?,
            },
            UNARY_INVERT | UNARY_NEGATIVE => self.compute_unary(at)?,
            BINARY_OP => self.compute_binary(at)?,
            BUILD_TUPLE => {
                let unpacked =
                    self.instrs.get(at + 1).is_some_and(|next| next.op == UNPACK_SEQUENCE && next.arg == arg);
                match arg {
                    1 if unpacked => self.merge(at, NOP, 0),
                    2 | 3 if unpacked => self.merge(at, SWAP, arg),
                    _ => self.compute_tuple(at)?,
                }
            }
            BUILD_LIST | BUILD_SET => self.shorten_display(at)?,
            CALL_INTRINSIC_1 if arg == intrinsic1::UNARY_POSITIVE => self.compute_unary(at)?,
            CALL_INTRINSIC_1 if arg == intrinsic1::LIST_TO_TUPLE => {
                let computed = self.compute_steps(at, LIST_APPEND)?;
                if !computed && self.op_at(at + 1) == Some(GET_ITER) {
                    self.instrs[at].nop();
                    self.gaps = true;
                }
            }
            LIST_APPEND | SET_ADD if arg == 1 && matches!(self.op_at(at + 1), Some(GET_ITER | CONTAINS_OP)) => {
                let computed = self.compute_steps(at, op)?;
                if computed {
                    self.instrs[at].loc = NO_LOCATION;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The `count` loads of constants before `end`, with the no-ops among them; `None` when anything else stands there.
    #[inline]
    fn operands(&self, end: usize, mut count: usize) -> Option<Range<usize>> {
        let mut start = end;
        while count > 0 {
            start = start.checked_sub(1)?;
            match self.instrs[start].op {
                op if loads_const(op) => count -= 1,
                Opcode::NOP => {}
                _ => return None,
            }
        }
        Some(start..end)
    }

    /// The constants that are loaded somewhere, for the last time.
    fn take_all(&mut self, places: Range<usize>) -> Step<Vec<Constant>> {
        let mut values = memory::room(places.len())?;
        for at in places {
            if loads_const(self.instrs[at].op) {
                values.push(self.take(at)?);
            }
        }
        Ok(values)
    }

    /// The constant that the instruction at `at` loads, for the last time.
    fn take(&mut self, at: usize) -> Step<Constant> {
        let Instr { op, arg, .. } = self.instrs[at];
        if op == Opcode::LOAD_SMALL_INT { Ok(Constant::Int(arg as i64)) } else { self.consts.take(arg) }
    }

    /// Makes no-ops of everything there; those that did something lose their place in the source, too.
    fn erase(&mut self, places: Range<usize>) {
        self.folded = true;
        for instr in self.instrs[places].iter_mut().filter(|instr| instr.op != Opcode::NOP) {
            if instr.op == Opcode::LOAD_CONST {
                self.consts.drop_use(instr.arg);
            }
            instr.nop();
            instr.loc = NO_LOCATION;
        }
    }

    /// The instruction at `at` loads `value`, which replaces what was computed from `operands`.
    fn replace(&mut self, operands: Range<usize>, at: usize, value: Constant) {
        self.erase(operands);
        match small_int(&value) {
            Some(small) => self.instrs[at].set(Opcode::LOAD_SMALL_INT, small),
            None => self.instrs[at].set(Opcode::LOAD_CONST, self.consts.number_result(value)),
        }
    }

    fn compute_unary(&mut self, at: usize) -> Step<()> {
        let Some(operands) = self.operands(at, 1) else { return Ok(()) };
        let mut small = Constant::None;
        let operand = value(self.instrs[operands.start], self.consts, &mut small);
        if let Some(result) = fold::unary(self.instrs[at].op, operand) {
            self.replace(operands, at, result);
        }
        Ok(())
    }

    fn compute_binary(&mut self, at: usize) -> Step<()> {
        let Some(operands) = self.operands(at, 2) else { return Ok(()) };
        let (mut small_left, mut small_right) = (Constant::None, Constant::None);
        let first = operands.start;
        let last = self.operands(at, 1).map_or(first, |last| last.start);
        let left = value(self.instrs[first], self.consts, &mut small_left);
        let right = value(self.instrs[last], self.consts, &mut small_right);
        let operator = self.instrs[at].arg;
        let result = if operator == binary::ADD && fold::can_concat(left, right) {
            let (left, right) = (self.take(first)?, self.take(last)?);
            fold::concat(left, right)?
        } else {
            fold::binary(operator, left, right)?
        };
        if let Some(result) = result {
            self.replace(operands, at, result);
        }
        Ok(())
    }

    fn compute_tuple(&mut self, at: usize) -> Step<()> {
        let size = self.instrs[at].arg as usize;
        if size <= STACK_USE_GUIDELINE
            && let Some(operands) = self.operands(at, size)
        {
            let items = self.take_all(operands.clone())?;
            self.replace(operands, at, Constant::Tuple(items.into()));
        }
        Ok(())
    }

    /// A collection that starts out empty and is filled with constants one by one, until `at` or right before it,
    /// becomes a constant tuple or frozen set. Answers whether there was one.
    fn compute_steps(&mut self, at: usize, append: Opcode) -> Step<bool> {
        let build = if append == Opcode::LIST_APPEND { Opcode::BUILD_LIST } else { Opcode::BUILD_SET };
        // Read backwards, appends and loads take turns.
        let mut wants_append = self.instrs[at].op != append;
        for start in (0..at).rev() {
            let instr = self.instrs[start];
            match instr.op {
                Opcode::NOP => continue,
                op if op == build && instr.arg == 0 => {
                    if !wants_append {
                        return Ok(false);
                    }
                    let items = self.take_all(start..at)?;
                    let value = match build {
                        Opcode::BUILD_SET => fold::frozenset(items),
                        _ => Constant::Tuple(items.into()),
                    };
                    self.replace(start..at, at, value);
                    return Ok(true);
                }
                op if wants_append && op == append && instr.arg == 1 => {}
                op if !wants_append && loads_const(op) => {}
                _ => return Ok(false),
            }
            wants_append = !wants_append;
        }
        Ok(false)
    }

    /// Displays of constants: those that are only iterated over or searched become constants, longer ones are filled
    /// from a constant.
    fn shorten_display(&mut self, at: usize) -> Step<()> {
        let display = self.instrs[at];
        let only_read = matches!(self.op_at(at + 1), Some(Opcode::GET_ITER | Opcode::CONTAINS_OP));
        let size = display.arg as usize;
        if size > STACK_USE_GUIDELINE || size < MIN_CONST_DISPLAY && !only_read {
            return Ok(());
        }
        let is_list = display.op == Opcode::BUILD_LIST;
        let Some(operands) = self.operands(at, size) else {
            if only_read && is_list {
                self.instrs[at].op = Opcode::BUILD_TUPLE;
            }
            return Ok(());
        };
        let items = self.take_all(operands.clone())?;
        let value = if is_list { Constant::Tuple(items.into()) } else { fold::frozenset(items) };
        self.erase(operands);
        let number = self.consts.number_result(value);
        if only_read {
            self.instrs[at].set(Opcode::LOAD_CONST, number);
            return Ok(());
        }
        // There were at least three loads, so there is room.
        self.instrs[at - 2].loc = display.loc;
        self.instrs[at - 2].set(display.op, 0);
        self.instrs[at - 1].set(Opcode::LOAD_CONST, number);
        self.instrs[at].set(if is_list { Opcode::LIST_EXTEND } else { Opcode::SET_UPDATE }, 1);
        Ok(())
    }
}
