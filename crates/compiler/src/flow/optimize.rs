//! Peephole passes: unreachable code, redundant jumps and no-ops, constant folding, jump threading, swaps.

use super::{BlockId, Graph, Instr, NONE};
use crate::code::Constant;
use crate::error::Result;
use crate::fold;
use crate::ir::NO_LOCATION;
use crate::opcode::{Opcode, compare, intrinsic1};
use crate::tables::ConstTable;

/// Exit blocks up to this size are copied to where they are jumped to.
const MAX_COPY_SIZE: usize = 4;
/// Longer displays are built step by step; CPython's guideline for stack use.
pub(crate) const STACK_USE_GUIDELINE: usize = 30;
const MIN_CONST_SEQUENCE: usize = 3;

#[inline]
fn loads_const(op: Opcode) -> bool {
    op.has_const() || op == Opcode::LOAD_SMALL_INT
}

impl Graph {
    pub(super) fn inline_small_blocks(&mut self) {
        loop {
            let mut changed = false;
            let mut id = 0;
            while id != NONE {
                changed |= self.inline_small_target(id);
                id = self.block(id).next;
            }
            if !changed {
                return;
            }
        }
    }

    /// A jump to a small exit, or to code without lines that ends, is replaced by that code.
    fn inline_small_target(&mut self, id: BlockId) -> bool {
        let Some(last) = self.block(id).instrs.last().copied() else { return false };
        if !last.op.is_unconditional_jump() {
            return false;
        }
        let target = self.block(last.target);
        let small_exit = target.exits_scope() && target.instrs.len() <= MAX_COPY_SIZE;
        let no_line = target.has_no_lineno() && !target.falls_through();
        if !small_exit && !no_line {
            return false;
        }
        let copied = target.instrs.clone();
        let block = self.block_mut(id);
        if let Some(jump) = block.instrs.last_mut() {
            jump.nop();
        }
        block.instrs.extend(copied);
        if no_line
            && let Some(end) = block.instrs.last_mut()
            && end.op.is_unconditional_jump()
            && last.op == Opcode::JUMP
        {
            // The check for pending work that a plain jump makes must stay.
            end.op = Opcode::JUMP;
        }
        let target = self.block_mut(last.target);
        target.predecessors = target.predecessors.wrapping_sub(1);
        true
    }

    pub(super) fn remove_unreachable(&mut self) {
        for block in &mut self.blocks {
            block.predecessors = 0;
            block.visited = false;
        }
        let mut todo: Vec<BlockId> = vec![0];
        self.blocks[0].predecessors = 1;
        self.blocks[0].visited = true;
        while let Some(id) = todo.pop() {
            let next = self.block(id).next;
            if next != NONE && self.block(id).falls_through() {
                self.reach(next, &mut todo);
            }
            for index in 0..self.block(id).instrs.len() {
                let instr = self.block(id).instrs[index];
                if instr.op.has_target() {
                    self.reach(instr.target, &mut todo);
                }
            }
        }
        for block in &mut self.blocks {
            if block.predecessors == 0 {
                block.truncate(0);
                block.is_handler = false;
            }
        }
    }

    #[inline]
    fn reach(&mut self, id: BlockId, todo: &mut Vec<BlockId>) {
        let block = self.block_mut(id);
        if !block.visited {
            block.visited = true;
            todo.push(id);
        }
        block.predecessors += 1;
    }

    /// Removes the no-ops of a block that mark no line of their own; answers how many.
    fn remove_nops_in(&mut self, id: BlockId) -> usize {
        let mut kept = 0;
        let mut previous_line = -1;
        let count = self.block(id).instrs.len();
        if !self.block(id).instrs.iter().any(|instr| instr.op == Opcode::NOP) {
            return 0;
        }
        // Slots from `kept` on keep what they held: see `Block::truncate`.
        for index in 0..count {
            let instr = self.block(id).instrs[index];
            let line = instr.loc.lineno;
            if instr.op == Opcode::NOP {
                if line < 0 || previous_line == line {
                    continue;
                }
                if index < count - 1 {
                    let following = &mut self.block_mut(id).instrs[index + 1];
                    if following.loc.lineno == line {
                        continue;
                    }
                    if following.loc.lineno < 0 {
                        following.loc = instr.loc;
                        continue;
                    }
                } else {
                    let next = self.next_nonempty(self.block(id).next);
                    if next != NONE {
                        let first = self.block(next).instrs.iter().find(|i| i.op != Opcode::NOP || i.loc.lineno >= 0);
                        if first.map_or(NO_LOCATION.lineno, |i| i.loc.lineno) == line {
                            continue;
                        }
                    }
                }
            }
            if kept != index {
                self.block_mut(id).instrs[kept] = instr;
            }
            kept += 1;
            previous_line = line;
        }
        self.block_mut(id).truncate(kept);
        count - kept
    }

    pub(super) fn remove_nops(&mut self) -> usize {
        let mut removed = 0;
        let mut id = 0;
        while id != NONE {
            removed += self.remove_nops_in(id);
            id = self.block(id).next;
        }
        removed
    }

    /// Also removes a push that is popped at once.
    pub(super) fn remove_nops_and_pairs(&mut self) {
        loop {
            let mut done = true;
            let mut previous: Option<(BlockId, usize)> = None;
            let mut id = 0;
            while id != NONE {
                self.remove_nops_in(id);
                if self.block(id).labelled {
                    previous = None;
                }
                for index in 0..self.block(id).instrs.len() {
                    let instr = self.block(id).instrs[index];
                    if instr.op == Opcode::POP_TOP
                        && let Some((block, at)) = previous
                    {
                        let before = self.block(block).instrs[at];
                        if matches!(before.op, Opcode::LOAD_CONST | Opcode::LOAD_SMALL_INT)
                            || before.op == Opcode::COPY && before.arg == 1
                        {
                            self.block_mut(block).instrs[at].nop();
                            self.block_mut(id).instrs[index].nop();
                            done = false;
                        }
                    }
                    previous = Some((id, index));
                }
                let block = self.block(id);
                if previous.is_some_and(|(b, at)| self.block(b).instrs[at].op.has_jump()) || !block.falls_through() {
                    previous = None;
                }
                id = block.next;
            }
            if done {
                return;
            }
        }
    }

    fn remove_redundant_jumps(&mut self) -> Result<usize> {
        let mut changes = 0;
        let mut id = 0;
        while id != NONE {
            let next = self.block(id).next;
            if let Some(last) = self.block(id).instrs.last().copied()
                && last.op.is_unconditional_jump()
            {
                let target = self.next_nonempty(last.target);
                if target == NONE {
                    return Err(crate::error::CompileError::Other("SystemError", "jump with NULL target".into()));
                }
                if target == self.next_nonempty(next) {
                    changes += 1;
                    if let Some(last) = self.block_mut(id).instrs.last_mut() {
                        last.nop();
                    }
                }
            }
            id = next;
        }
        Ok(changes)
    }

    pub(super) fn remove_nops_and_jumps(&mut self) -> Result<()> {
        while self.remove_nops() + self.remove_redundant_jumps()? > 0 {}
        Ok(())
    }

    /// Loads of small integers, and tests of constants.
    pub(super) fn optimize_constant_loads(&mut self, consts: &mut ConstTable) {
        let mut id = 0;
        while id != NONE {
            optimize_constant_loads(&mut self.block_mut(id).instrs, consts);
            id = self.block(id).next;
        }
    }

    pub(super) fn optimize_blocks(&mut self, consts: &mut ConstTable) -> Result<()> {
        let mut id = 0;
        while id != NONE {
            self.optimize_block(id, consts);
            id = self.block(id).next;
        }
        Ok(())
    }

    /// Makes a jump to a jump go to the final place; answers whether anything changed.
    fn thread_jump(&mut self, id: BlockId, index: usize, target: Instr, op: Opcode) -> bool {
        let block = self.block_mut(id);
        if block.instrs[index].target == target.target {
            return false;
        }
        block.instrs[index].nop();
        self.push_jump(id, op, target.target, target.loc);
        true
    }

    fn optimize_block(&mut self, id: BlockId, consts: &mut ConstTable) {
        use Opcode::*;
        let mut index = 0;
        while index < self.block(id).instrs.len() {
            let instr = self.block(id).instrs[index];
            let (op, arg) = (instr.op, instr.arg);
            if op.has_jump() {
                if self.optimize_jump(id, index, instr) {
                    // The same place is looked at again.
                    continue;
                }
                index += 1;
                continue;
            }
            let instrs = &mut self.block_mut(id).instrs;
            let following = instrs.get(index + 1).copied();
            let next_op = following.map(|i| i.op);
            match op {
                BUILD_TUPLE => {
                    if next_op == Some(UNPACK_SEQUENCE)
                        && following.is_some_and(|i| i.arg == arg)
                        && (1..=3).contains(&arg)
                    {
                        instrs[index].nop();
                        if arg == 1 {
                            instrs[index + 1].nop();
                        } else {
                            instrs[index + 1].op = SWAP;
                        }
                    } else {
                        fold_tuple(instrs, index, consts);
                    }
                }
                BUILD_LIST | BUILD_SET => optimize_display(instrs, index, next_op, consts),
                STORE_FAST => {
                    if let Some(next) = following
                        && next.op == STORE_FAST
                        && next.arg == arg
                        && next.loc.lineno == instr.loc.lineno
                    {
                        instrs[index].set(POP_TOP, 0);
                    }
                }
                SWAP if arg == 1 => instrs[index].nop(),
                LOAD_GLOBAL if next_op == Some(PUSH_NULL) && arg & 1 == 0 => {
                    instrs[index].arg = arg | 1;
                    instrs[index + 1].nop();
                }
                COMPARE_OP if next_op == Some(TO_BOOL) => {
                    instrs[index].nop();
                    instrs[index + 1].set(COMPARE_OP, arg | compare::TO_BOOL);
                }
                CONTAINS_OP | IS_OP => {
                    if next_op == Some(TO_BOOL) {
                        instrs[index].nop();
                        instrs[index + 1].set(op, arg);
                    } else if next_op == Some(UNARY_NOT) {
                        instrs[index].nop();
                        instrs[index + 1].set(op, arg ^ 1);
                    }
                }
                TO_BOOL if next_op == Some(TO_BOOL) => instrs[index].nop(),
                UNARY_NOT => {
                    if next_op == Some(TO_BOOL) {
                        instrs[index].nop();
                        instrs[index + 1].set(UNARY_NOT, 0);
                    } else if next_op == Some(UNARY_NOT) {
                        instrs[index].nop();
                        instrs[index + 1].nop();
                    } else {
                        fold_unary(instrs, index, consts);
                    }
                }
                UNARY_INVERT | UNARY_NEGATIVE => fold_unary(instrs, index, consts),
                CALL_INTRINSIC_1 if arg == intrinsic1::LIST_TO_TUPLE => {
                    let folded = fold_steps(instrs, index, LIST_APPEND, consts);
                    if !folded && next_op == Some(GET_ITER) {
                        instrs[index].nop();
                    }
                }
                LIST_APPEND | SET_ADD if arg == 1 && matches!(next_op, Some(GET_ITER | CONTAINS_OP)) => {
                    let folded = fold_steps(instrs, index, op, consts);
                    if folded {
                        instrs[index].loc = NO_LOCATION;
                    }
                }
                CALL_INTRINSIC_1 if arg == intrinsic1::UNARY_POSITIVE => fold_unary(instrs, index, consts),
                BINARY_OP => fold_binary(instrs, index, consts),
                _ => {}
            }
            index += 1;
        }
        let instrs = &mut self.block_mut(id).instrs;
        let mut index = 0;
        while index < instrs.len() {
            if instrs[index].op == SWAP {
                index = simplify_swaps(instrs, index);
                apply_swaps(instrs, index);
            }
            index += 1;
        }
    }

    /// Jump threading; answers whether the place must be looked at again.
    fn optimize_jump(&mut self, id: BlockId, index: usize, instr: Instr) -> bool {
        use Opcode::*;
        let Some(target) = self.block(instr.target).instrs.first().copied() else { return false };
        match (instr.op, target.op) {
            (POP_JUMP_IF_NOT_NONE | POP_JUMP_IF_NONE | POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE, JUMP) => {
                self.thread_jump(id, index, target, instr.op)
            }
            (JUMP_IF_FALSE, JUMP | JUMP_IF_FALSE) | (JUMP_IF_TRUE, JUMP | JUMP_IF_TRUE) => {
                self.thread_jump(id, index, target, instr.op)
            }
            (JUMP_IF_FALSE, JUMP_IF_TRUE) | (JUMP_IF_TRUE, JUMP_IF_FALSE) => {
                let next = self.block(instr.target).next;
                if next == NONE {
                    return false;
                }
                self.block_mut(id).instrs[index].target = next;
                true
            }
            (JUMP | JUMP_NO_INTERRUPT, JUMP) => self.thread_jump(id, index, target, JUMP),
            (JUMP | JUMP_NO_INTERRUPT, JUMP_NO_INTERRUPT) => self.thread_jump(id, index, target, instr.op),
            _ => false,
        }
    }

    /// Drops constants that no instruction uses; the first stays, as it may be a docstring.
    pub(super) fn remove_unused_consts(&mut self, consts: &mut ConstTable) {
        let count = consts.values.len();
        if count == 0 {
            return;
        }
        let mut used = vec![false; count];
        used[0] = true;
        let mut id = 0;
        while id != NONE {
            for instr in &self.block(id).instrs {
                if instr.op.has_const() {
                    used[instr.arg as usize] = true;
                }
            }
            id = self.block(id).next;
        }
        if used.iter().all(|u| *u) {
            return;
        }
        let mut new = Vec::with_capacity(count);
        let mut next = 0u32;
        for u in &used {
            new.push(next);
            next += *u as u32;
        }
        let mut keep = used.iter();
        consts.values.retain(|_| keep.next().copied().unwrap_or(false));
        let mut id = 0;
        while id != NONE {
            let block = self.block_mut(id);
            for instr in &mut block.instrs {
                if instr.op.has_const() {
                    instr.arg = new[instr.arg as usize];
                }
            }
            id = block.next;
        }
    }
}

fn const_value(instr: &Instr, consts: &ConstTable) -> Constant {
    if instr.op == Opcode::LOAD_SMALL_INT {
        Constant::Int(instr.arg as i64)
    } else {
        consts.values.get(instr.arg as usize).cloned().unwrap_or(Constant::None)
    }
}

/// The truth of the constant that an instruction loads, without copying it.
fn const_truth(op: Opcode, arg: u32, consts: &ConstTable) -> bool {
    if op == Opcode::LOAD_SMALL_INT { arg != 0 } else { consts.values.get(arg as usize).is_some_and(fold::truth) }
}

#[inline]
fn small_int(value: &Constant) -> Option<u32> {
    match value {
        Constant::Int(v @ 0..=255) => Some(*v as u32),
        _ => None,
    }
}

fn load_constant(instr: &mut Instr, value: Constant, consts: &mut ConstTable) {
    match small_int(&value) {
        Some(small) => instr.set(Opcode::LOAD_SMALL_INT, small),
        None => instr.set(Opcode::LOAD_CONST, consts.number(value)),
    }
}

fn optimize_constant_loads(instrs: &mut [Instr], consts: &mut ConstTable) {
    use Opcode::*;
    let (mut op, mut arg) = (CACHE, 0);
    for index in 0..instrs.len() {
        if instrs[index].op == LOAD_CONST
            && let Some(small) = consts.values.get(instrs[index].arg as usize).and_then(small_int)
        {
            instrs[index].set(LOAD_SMALL_INT, small);
        }
        // A copy of a constant is tested like the constant.
        if !(op == LOAD_CONST && instrs[index].op == COPY && instrs[index].arg == 1) {
            op = instrs[index].op;
            arg = instrs[index].arg;
        }
        if !matches!(op, LOAD_CONST | LOAD_SMALL_INT) {
            continue;
        }
        let Some(next) = instrs.get(index + 1).copied() else { continue };
        match next.op {
            POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | JUMP_IF_FALSE | JUMP_IF_TRUE => {
                let truth = const_truth(op, arg, consts);
                if matches!(next.op, POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE) {
                    instrs[index].nop();
                }
                if truth == matches!(next.op, POP_JUMP_IF_TRUE | JUMP_IF_TRUE) {
                    instrs[index + 1].op = JUMP;
                } else {
                    instrs[index + 1].nop();
                }
            }
            IS_OP => {
                if op == LOAD_SMALL_INT || !matches!(consts.values.get(arg as usize), Some(Constant::None)) {
                    continue;
                }
                let mut jump = index + 2;
                if instrs.get(jump).is_some_and(|i| i.op == TO_BOOL) {
                    instrs[jump].nop();
                    jump += 1;
                }
                let Some(op) = instrs.get(jump).map(|i| i.op) else { continue };
                let invert = match op {
                    POP_JUMP_IF_FALSE => next.arg == 0,
                    POP_JUMP_IF_TRUE => next.arg != 0,
                    _ => continue,
                };
                instrs[index].nop();
                instrs[index + 1].nop();
                instrs[jump].op = if invert { POP_JUMP_IF_NOT_NONE } else { POP_JUMP_IF_NONE };
            }
            TO_BOOL => {
                let truth = const_truth(op, arg, consts);
                instrs[index].nop();
                instrs[index + 1].set(LOAD_CONST, consts.number(Constant::Bool(truth)));
            }
            _ => {}
        }
    }
}

/// The `count` instructions before `end` that load constants, no-ops skipped; `None` when others intervene.
fn constant_loads(instrs: &[Instr], end: usize, count: usize) -> Option<Vec<usize>> {
    let mut found = Vec::with_capacity(count);
    let mut at = end;
    while found.len() < count {
        at = at.checked_sub(1)?;
        match instrs[at].op {
            Opcode::NOP => {}
            op if loads_const(op) => found.push(at),
            _ => return None,
        }
    }
    found.reverse();
    Some(found)
}

fn erase(instrs: &mut [Instr], places: &[usize]) {
    for at in places {
        instrs[*at].nop();
        instrs[*at].loc = NO_LOCATION;
    }
}

fn collect(instrs: &[Instr], places: &[usize], consts: &ConstTable) -> Vec<Constant> {
    places.iter().map(|at| const_value(&instrs[*at], consts)).collect()
}

fn fold_tuple(instrs: &mut [Instr], index: usize, consts: &mut ConstTable) {
    let size = instrs[index].arg as usize;
    if size > STACK_USE_GUIDELINE {
        return;
    }
    let Some(places) = constant_loads(instrs, index, size) else { return };
    let items = collect(instrs, &places, consts);
    erase(instrs, &places);
    load_constant(&mut instrs[index], Constant::Tuple(items.into()), consts);
}

/// `BUILD_LIST 0`, then constants each with `LIST_APPEND 1`, ending at or before `index`: a constant tuple. Sets
/// likewise become a frozen set. Answers whether it was that.
fn fold_steps(instrs: &mut [Instr], index: usize, append: Opcode, consts: &mut ConstTable) -> bool {
    let build = if append == Opcode::LIST_APPEND { Opcode::BUILD_LIST } else { Opcode::BUILD_SET };
    let mut loads = Vec::new();
    // The instruction at `index` is itself the last step, or the conversion behind it.
    let mut expect_append = instrs[index].op != append;
    let mut at = index;
    while at > 0 {
        at -= 1;
        let instr = instrs[at];
        if instr.op == Opcode::NOP {
            continue;
        }
        if instr.op == build && instr.arg == 0 {
            if !expect_append {
                return false;
            }
            loads.reverse();
            let items = collect(instrs, &loads, consts);
            for place in at..index {
                if instrs[place].op != Opcode::NOP {
                    erase(instrs, &[place]);
                }
            }
            let value = if build == Opcode::BUILD_SET { fold::frozenset(items) } else { Constant::Tuple(items.into()) };
            load_constant(&mut instrs[index], value, consts);
            return true;
        }
        if expect_append {
            if instr.op != append || instr.arg != 1 {
                return false;
            }
        } else {
            if !loads_const(instr.op) {
                return false;
            }
            loads.push(at);
        }
        expect_append = !expect_append;
    }
    false
}

/// Displays of constants: iterated or tested ones become constants, longer ones are built from a constant tuple.
fn optimize_display(instrs: &mut [Instr], index: usize, next: Option<Opcode>, consts: &mut ConstTable) {
    let instr = instrs[index];
    let consumed = matches!(next, Some(Opcode::GET_ITER | Opcode::CONTAINS_OP));
    let size = instr.arg as usize;
    if size > STACK_USE_GUIDELINE || size < MIN_CONST_SEQUENCE && !consumed {
        return;
    }
    let Some(places) = constant_loads(instrs, index, size) else {
        if consumed && instr.op == Opcode::BUILD_LIST {
            instrs[index].op = Opcode::BUILD_TUPLE;
        }
        return;
    };
    let items = collect(instrs, &places, consts);
    let value = if instr.op == Opcode::BUILD_SET { fold::frozenset(items) } else { Constant::Tuple(items.into()) };
    let number = consts.number(value);
    erase(instrs, &places);
    if consumed {
        instrs[index].set(Opcode::LOAD_CONST, number);
    } else {
        instrs[index - 2].loc = instr.loc;
        instrs[index - 2].set(instr.op, 0);
        instrs[index - 1].set(Opcode::LOAD_CONST, number);
        let extend = if instr.op == Opcode::BUILD_LIST { Opcode::LIST_EXTEND } else { Opcode::SET_UPDATE };
        instrs[index].set(extend, 1);
    }
}

fn fold_binary(instrs: &mut [Instr], index: usize, consts: &mut ConstTable) {
    let Some(places) = constant_loads(instrs, index, 2) else { return };
    let left = const_value(&instrs[places[0]], consts);
    let right = const_value(&instrs[places[1]], consts);
    let Some(value) = fold::binary(instrs[index].arg, &left, &right) else { return };
    erase(instrs, &places);
    load_constant(&mut instrs[index], value, consts);
}

fn fold_unary(instrs: &mut [Instr], index: usize, consts: &mut ConstTable) {
    let Some(places) = constant_loads(instrs, index, 1) else { return };
    let operand = const_value(&instrs[places[0]], consts);
    let Some(value) = fold::unary(instrs[index].op, &operand) else { return };
    erase(instrs, &places);
    load_constant(&mut instrs[index], value, consts);
}

/// Replaces a run of swaps by a shortest one with the same effect; answers the index of the run's end.
fn simplify_swaps(instrs: &mut [Instr], start: usize) -> usize {
    let mut depth = instrs[start].arg as usize;
    let mut len = 1;
    let mut more = false;
    while start + len < instrs.len() {
        let instr = instrs[start + len];
        match instr.op {
            Opcode::SWAP => {
                depth = depth.max(instr.arg as usize);
                more = true;
            }
            Opcode::NOP => {}
            _ => break,
        }
        len += 1;
    }
    if !more {
        return start;
    }
    // Where each value comes from after the run.
    let mut from: Vec<usize> = (0..depth).collect();
    let run = &mut instrs[start..start + len];
    for instr in run.iter() {
        if instr.op == Opcode::SWAP {
            from.swap(0, instr.arg as usize - 1);
        }
    }
    // Each cycle of the permutation is a chain of swaps with the top; written from the end backwards.
    const DONE: usize = usize::MAX;
    let mut write = len;
    for first in 0..depth {
        if from[first] == DONE || from[first] == first {
            continue;
        }
        let mut at = first;
        loop {
            if at != 0 {
                write -= 1;
                run[write].op = Opcode::SWAP;
                run[write].arg = at as u32 + 1;
            }
            if from[at] == DONE {
                break;
            }
            let next = from[at];
            from[at] = DONE;
            at = next;
        }
    }
    for instr in &mut run[..write] {
        instr.nop();
    }
    start + len - 1
}

/// True for instructions that only consume the top of the stack and can change places.
fn is_swappable(op: Opcode) -> bool {
    matches!(op, Opcode::STORE_FAST | Opcode::STORE_FAST_MAYBE_NULL | Opcode::POP_TOP)
}

fn stores_to(instr: &Instr) -> Option<u32> {
    matches!(instr.op, Opcode::STORE_FAST | Opcode::STORE_FAST_MAYBE_NULL).then_some(instr.arg)
}

/// The next swappable instruction after `at`, on line `line` if that is given.
fn next_swappable(instrs: &[Instr], at: usize, line: Option<i32>) -> Option<usize> {
    for (index, instr) in instrs.iter().enumerate().skip(at + 1) {
        if line.is_some_and(|line| line >= 0 && instr.loc.lineno != line) {
            return None;
        }
        if instr.op == Opcode::NOP {
            continue;
        }
        return is_swappable(instr.op).then_some(index);
    }
    None
}

/// Swaps instructions instead of the values that they consume.
fn apply_swaps(instrs: &mut [Instr], end: usize) {
    for at in (0..=end).rev() {
        let swap = instrs[at];
        if swap.op != Opcode::SWAP {
            if swap.op == Opcode::NOP || is_swappable(swap.op) {
                continue;
            }
            return;
        }
        let Some(first) = next_swappable(instrs, at, None) else { return };
        let line = instrs[first].loc.lineno;
        let mut second = first;
        for _ in 1..swap.arg {
            match next_swappable(instrs, second, Some(line)) {
                Some(index) => second = index,
                None => return,
            }
        }
        let (store1, store2) = (stores_to(&instrs[first]), stores_to(&instrs[second]));
        if store1.is_some() || store2.is_some() {
            if store1 == store2 {
                return;
            }
            for between in &instrs[first + 1..second] {
                let store = stores_to(between);
                if store.is_some() && (store == store1 || store == store2) {
                    return;
                }
            }
        }
        instrs[at].nop();
        instrs.swap(first, second);
    }
}
