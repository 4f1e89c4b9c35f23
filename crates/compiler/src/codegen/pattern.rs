//! `match` (PEP 634).
//!
//! The code for a pattern consumes the subject on top of the stack. Names are captured below what the pattern still
//! needs (`on_top`) and stored once the whole pattern has matched; on failure, a jump to `fail_pop[n]` drops `n`
//! values.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::Result;
use crate::fold;
use crate::ir::{Label, Loc, NEXT_LOCATION, NO_LOCATION};
use crate::names::Symbol;
use crate::opcode::{Opcode, binary};
use crate::preprocess;

#[derive(Default)]
struct State {
    /// The names captured so far, in the order of their values on the stack.
    stores: Vec<Symbol>,
    allow_irrefutable: bool,
    fail_pop: Vec<Label>,
    on_top: usize,
}

/// True for `_`.
fn binds_nothing(pattern: &Pattern<'_>) -> bool {
    matches!(pattern.kind, PatternKind::MatchAs { name: None, .. })
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn match_(&mut self, subject: ExprRef<'a>, cases: &'a [MatchCase<'a>]) -> Result<()> {
        self.expr(subject)?;
        let end = self.label();
        let Some(last) = cases.last() else { return Ok(()) };
        let has_default = binds_nothing(last.pattern) && cases.len() > 1;
        let tested = cases.len() - has_default as usize;
        for (number, case) in cases[..tested].iter().enumerate() {
            let loc = case.pattern.range;
            let is_last = number + 1 == tested;
            if !is_last {
                self.op_arg(loc, Opcode::COPY, 1);
            }
            let mut state =
                State { allow_irrefutable: case.guard.is_some() || number + 1 == cases.len(), ..State::default() };
            self.pattern(case.pattern, &mut state)?;
            for name in &state.stores {
                self.name_op(loc, *name, ExprContext::Store)?;
            }
            if let Some(guard) = case.guard {
                let fail = self.fail_label(&mut state, 0);
                self.jump_if(guard, fail, false)?;
            }
            if !is_last {
                self.op(NEXT_LOCATION, Opcode::POP_TOP);
            }
            self.stmts(case.body)?;
            self.jump(NO_LOCATION, Opcode::JUMP, end);
            self.emit_fail_pop(loc, &mut state);
        }
        if has_default {
            let loc = last.pattern.range;
            self.op(loc, Opcode::NOP);
            if let Some(guard) = last.guard {
                self.jump_if(guard, end, false)?;
            }
            self.stmts(last.body)?;
        }
        self.place(end);
        Ok(())
    }

    fn fail_label(&mut self, state: &mut State, pops: usize) -> Label {
        while state.fail_pop.len() <= pops {
            let label = self.label();
            state.fail_pop.push(label);
        }
        state.fail_pop[pops]
    }

    fn jump_to_fail(&mut self, loc: Loc, state: &mut State, op: Opcode) {
        let pops = state.on_top + state.stores.len();
        let label = self.fail_label(state, pops);
        self.jump(loc, op, label);
    }

    fn emit_fail_pop(&mut self, loc: Loc, state: &mut State) {
        while let Some(label) = state.fail_pop.pop() {
            self.place(label);
            if !state.fail_pop.is_empty() {
                self.op(loc, Opcode::POP_TOP);
            }
        }
    }

    fn rotate(&mut self, loc: Loc, mut count: usize) {
        while count > 1 {
            self.op_arg(loc, Opcode::SWAP, count as u32);
            count -= 1;
        }
    }

    fn duplicate_store<T>(&self, loc: Loc, name: Symbol) -> Result<T> {
        self.error(loc, format!("multiple assignments to name '{}' in pattern", self.names.get(name)))
    }

    fn capture(&mut self, loc: Loc, name: Option<&'a str>, state: &mut State) -> Result<()> {
        let Some(name) = name else {
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        };
        let name = self.names.intern(name);
        if state.stores.contains(&name) {
            return self.duplicate_store(loc, name);
        }
        self.rotate(loc, state.on_top + state.stores.len() + 1);
        state.stores.push(name);
        Ok(())
    }

    fn sub_pattern(&mut self, pattern: PatternRef<'a>, state: &mut State) -> Result<()> {
        let allow = std::mem::replace(&mut state.allow_irrefutable, true);
        self.pattern(pattern, state)?;
        state.allow_irrefutable = allow;
        Ok(())
    }

    fn pattern(&mut self, pattern: PatternRef<'a>, state: &mut State) -> Result<()> {
        self.cx.stack.check()?;
        let loc = pattern.range;
        match pattern.kind {
            PatternKind::MatchValue { value } => {
                if !self.load_pattern_value(value)? {
                    return self.error(loc, "patterns may only match literals and attribute lookups");
                }
                self.compare_op(loc, CmpOp::Eq);
                self.op(loc, Opcode::TO_BOOL);
                self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
                Ok(())
            }
            PatternKind::MatchSingleton { value } => {
                let value = self.constant(&value)?;
                self.load_const(loc, value);
                self.compare_op(loc, CmpOp::Is);
                self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
                Ok(())
            }
            PatternKind::MatchSequence { patterns } => self.sequence_pattern(loc, patterns, state),
            PatternKind::MatchMapping { keys, patterns, rest } => {
                self.mapping_pattern(loc, keys, patterns, rest, state)
            }
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.class_pattern(loc, cls, patterns, kwd_attrs, kwd_patterns, state)
            }
            PatternKind::MatchStar { name } => self.capture(loc, name, state),
            PatternKind::MatchAs { pattern: None, name } => {
                if !state.allow_irrefutable {
                    return match name {
                        Some(name) => {
                            self.error(loc, format!("name capture '{name}' makes remaining patterns unreachable"))
                        }
                        None => self.error(loc, "wildcard makes remaining patterns unreachable"),
                    };
                }
                self.capture(loc, name, state)
            }
            PatternKind::MatchAs { pattern: Some(pattern), name } => {
                state.on_top += 1;
                self.op_arg(loc, Opcode::COPY, 1);
                self.pattern(pattern, state)?;
                state.on_top -= 1;
                self.capture(loc, name, state)
            }
            PatternKind::MatchOr { patterns } => self.or_pattern(loc, patterns, state),
        }
    }

    /// A literal, perhaps signed or complex, or an attribute; false for anything else.
    fn load_pattern_value(&mut self, value: ExprRef<'a>) -> Result<bool> {
        if let Some(constant) = self.pattern_constant(value)? {
            self.load_const(value.range, constant);
            return Ok(true);
        }
        if matches!(value.kind, ExprKind::Attribute { .. } | ExprKind::JoinedStr { .. }) {
            if matches!(value.kind, ExprKind::JoinedStr { .. }) {
                return Ok(false);
            }
            self.expr(value)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn pattern_constant(&self, value: ExprRef<'a>) -> Result<Option<code::Constant>> {
        preprocess::pattern_constant(value, &mut |constant| self.constant(constant))
    }

    fn sequence_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], state: &mut State) -> Result<()> {
        let size = patterns.len();
        let mut star = None;
        let mut only_wildcard = true;
        let mut star_wildcard = false;
        for (number, pattern) in patterns.iter().enumerate() {
            if let PatternKind::MatchStar { name } = pattern.kind {
                if star.is_some() {
                    return self.error(loc, "multiple starred names in sequence pattern");
                }
                star_wildcard = name.is_none();
                only_wildcard &= star_wildcard;
                star = Some(number);
            } else {
                only_wildcard &= binds_nothing(pattern);
            }
        }
        state.on_top += 1;
        self.op(loc, Opcode::MATCH_SEQUENCE);
        self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        let length = match star {
            None => Some((size, CmpOp::Eq)),
            Some(_) if size > 1 => Some((size - 1, CmpOp::GtE)),
            Some(_) => None,
        };
        if let Some((length, op)) = length {
            self.op(loc, Opcode::GET_LEN);
            self.load_const(loc, code::Constant::Int(length as i64));
            self.compare_op(loc, op);
            self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        }
        state.on_top -= 1;
        if only_wildcard {
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        }
        match star {
            Some(star) if star_wildcard => self.sequence_by_index(loc, patterns, star, state),
            _ => {
                let stars = patterns.iter().map(|p| matches!(p.kind, PatternKind::MatchStar { .. }));
                self.unpack_op(
                    loc,
                    stars,
                    size,
                    "too many expressions in star-unpacking sequence pattern",
                    "multiple starred expressions in sequence pattern",
                )?;
                state.on_top += size;
                for pattern in patterns {
                    state.on_top -= 1;
                    self.sub_pattern(pattern, state)?;
                }
                Ok(())
            }
        }
    }

    /// `[first, *_, last]`: items are fetched one by one.
    fn sequence_by_index(
        &mut self,
        loc: Loc,
        patterns: &'a [PatternRef<'a>],
        star: usize,
        state: &mut State,
    ) -> Result<()> {
        state.on_top += 1;
        for (number, pattern) in patterns.iter().enumerate() {
            if binds_nothing(pattern) || number == star {
                continue;
            }
            self.op_arg(loc, Opcode::COPY, 1);
            if number < star {
                self.load_const(loc, code::Constant::Int(number as i64));
            } else {
                // The subject may not support negative indices.
                self.op(loc, Opcode::GET_LEN);
                self.load_const(loc, code::Constant::Int((patterns.len() - number) as i64));
                self.op_arg(loc, Opcode::BINARY_OP, binary::SUBTRACT);
            }
            self.op_arg(loc, Opcode::BINARY_OP, binary::SUBSCR);
            self.sub_pattern(pattern, state)?;
        }
        state.on_top -= 1;
        self.op(loc, Opcode::POP_TOP);
        Ok(())
    }

    fn class_pattern(
        &mut self,
        loc: Loc,
        cls: ExprRef<'a>,
        patterns: &'a [PatternRef<'a>],
        attrs: &'a [&'a str],
        attr_patterns: &'a [PatternRef<'a>],
        state: &mut State,
    ) -> Result<()> {
        if attrs.len() != attr_patterns.len() {
            return self.error(
                loc,
                format!(
                    "kwd_attrs ({}) / kwd_patterns ({}) length mismatch in class pattern",
                    attrs.len(),
                    attr_patterns.len()
                ),
            );
        }
        for (number, attr) in attrs.iter().enumerate() {
            if let Some(at) = attrs[number + 1..].iter().position(|other| other == attr) {
                let loc = attr_patterns[number + 1 + at].range;
                return self.error(loc, format!("attribute name repeated in class pattern: {attr}"));
            }
        }
        self.expr(cls)?;
        let mut names = Vec::with_capacity(attrs.len());
        for attr in attrs {
            let name = self.names.intern(attr);
            names.push(code::Constant::Str(self.names.text(name)));
        }
        self.load_const(loc, code::Constant::Tuple(names.into()));
        self.op_arg(loc, Opcode::MATCH_CLASS, patterns.len() as u32);
        self.op_arg(loc, Opcode::COPY, 1);
        self.load_none(loc);
        self.op_arg(loc, Opcode::IS_OP, 1);
        state.on_top += 1;
        self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        let count = patterns.len() + attrs.len();
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, count as u32);
        state.on_top += count;
        state.on_top -= 1;
        for pattern in patterns.iter().chain(attr_patterns) {
            state.on_top -= 1;
            if binds_nothing(pattern) {
                self.op(loc, Opcode::POP_TOP);
            } else {
                self.sub_pattern(pattern, state)?;
            }
        }
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        loc: Loc,
        keys: Exprs<'a>,
        patterns: &'a [PatternRef<'a>],
        rest: Option<&'a str>,
        state: &mut State,
    ) -> Result<()> {
        let size = keys.len();
        if size != patterns.len() {
            return self.error(
                loc,
                format!("keys ({size}) / patterns ({}) length mismatch in mapping pattern", patterns.len()),
            );
        }
        state.on_top += 1;
        self.op(loc, Opcode::MATCH_MAPPING);
        self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        if size == 0 && rest.is_none() {
            state.on_top -= 1;
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        }
        if size > 0 {
            self.op(loc, Opcode::GET_LEN);
            self.load_const(loc, code::Constant::Int(size as i64));
            self.compare_op(loc, CmpOp::GtE);
            self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        }
        let mut seen: Vec<code::Constant> = Vec::new();
        for key in keys {
            match self.pattern_constant(key)? {
                Some(constant) => {
                    if seen.iter().any(|known| fold::equal(known, &constant)) {
                        let shown = crate::unparse::repr(&constant);
                        return self.error(loc, format!("mapping pattern checks duplicate key ({shown})"));
                    }
                    seen.push(constant.clone());
                    self.load_const(key.range, constant);
                }
                None if matches!(key.kind, ExprKind::Attribute { .. }) => self.expr(key)?,
                None => {
                    return self.error(loc, "mapping pattern keys may only match literals and attribute lookups");
                }
            }
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, size as u32);
        self.op(loc, Opcode::MATCH_KEYS);
        // Now the keys and the values lie above the subject.
        state.on_top += 2;
        self.op_arg(loc, Opcode::COPY, 1);
        self.load_none(loc);
        self.op_arg(loc, Opcode::IS_OP, 1);
        self.jump_to_fail(loc, state, Opcode::POP_JUMP_IF_FALSE);
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, size as u32);
        state.on_top += size;
        state.on_top -= 1;
        for pattern in patterns {
            state.on_top -= 1;
            self.sub_pattern(pattern, state)?;
        }
        state.on_top -= 2;
        let Some(rest) = rest else {
            self.op(loc, Opcode::POP_TOP);
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        };
        // A copy of the subject without the keys.
        self.op_arg(loc, Opcode::BUILD_MAP, 0);
        self.op_arg(loc, Opcode::SWAP, 3);
        self.op_arg(loc, Opcode::DICT_UPDATE, 2);
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, size as u32);
        for left in (1..=size).rev() {
            self.op_arg(loc, Opcode::COPY, 1 + left as u32);
            self.op_arg(loc, Opcode::SWAP, 2);
            self.op(loc, Opcode::DELETE_SUBSCR);
        }
        self.capture(loc, Some(rest), state)
    }

    fn or_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], state: &mut State) -> Result<()> {
        let end = self.label();
        let differ = "alternative patterns bind different names";
        // The names of the first alternative; the others must bind the same, and bring them into its order.
        let mut control: Vec<Symbol> = Vec::new();
        for (number, alternative) in patterns.iter().enumerate() {
            let at = alternative.range;
            let mut inner = State {
                allow_irrefutable: number + 1 == patterns.len() && state.allow_irrefutable,
                ..State::default()
            };
            self.op_arg(at, Opcode::COPY, 1);
            self.pattern(alternative, &mut inner)?;
            if number == 0 {
                control.clone_from(&inner.stores);
            } else if inner.stores.len() != control.len() {
                return self.error(loc, differ);
            } else {
                for wanted in (0..control.len()).rev() {
                    let Some(found) = inner.stores.iter().position(|name| *name == control[wanted]) else {
                        return self.error(loc, differ);
                    };
                    if found == wanted {
                        continue;
                    }
                    let rotations = found + 1;
                    let rotated: Vec<Symbol> = inner.stores.drain(..rotations).collect();
                    let place = wanted - found;
                    inner.stores.splice(place..place, rotated);
                    for _ in 0..rotations {
                        self.rotate(at, wanted + 1);
                    }
                }
            }
            self.jump(at, Opcode::JUMP, end);
            self.emit_fail_pop(at, &mut inner);
        }
        self.op(loc, Opcode::POP_TOP);
        self.jump_to_fail(loc, state, Opcode::JUMP);
        self.place(end);
        let rotations = control.len() + 1 + state.on_top + state.stores.len();
        for name in control {
            self.rotate(loc, rotations);
            if state.stores.contains(&name) {
                return self.duplicate_store(loc, name);
            }
            state.stores.push(name);
        }
        self.op(loc, Opcode::POP_TOP);
        Ok(())
    }
}
