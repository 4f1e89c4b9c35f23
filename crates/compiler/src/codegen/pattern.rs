//! `match` (PEP 634).
//!
//! The code for a pattern consumes the subject on top of the stack. Names are captured below what the pattern still
//! needs (`above`) and stored once the whole pattern has matched; on failure, a jump to `failures[n]` drops `n`
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

/// What a pattern has done to the stack so far, and where it fails.
#[derive(Default)]
struct Progress {
    /// The names captured so far, in the order of their values on the stack.
    captured: Vec<Symbol>,
    /// Values that the pattern still needs, above the captured ones.
    above: usize,
    /// By number of the values to drop: where a failure leads.
    failures: Vec<Label>,
    /// The pattern may match everything: nothing that it would make unreachable follows.
    may_be_last_word: bool,
}

impl Progress {
    /// How many values lie on the stack.
    fn height(&self) -> usize {
        self.above + self.captured.len()
    }
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
            let mut progress =
                Progress { may_be_last_word: case.guard.is_some() || number + 1 == cases.len(), ..Progress::default() };
            self.pattern(case.pattern, &mut progress)?;
            for name in &progress.captured {
                self.name_op(loc, *name, ExprContext::Store)?;
            }
            if let Some(guard) = case.guard {
                let fail = self.fail_label(&mut progress, 0);
                self.jump_if(guard, fail, false)?;
            }
            if !is_last {
                self.op(NEXT_LOCATION, Opcode::POP_TOP);
            }
            self.stmts(case.body)?;
            self.jump(NO_LOCATION, Opcode::JUMP, end);
            self.end_failures(loc, &mut progress);
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

    fn fail_label(&mut self, progress: &mut Progress, pops: usize) -> Label {
        while progress.failures.len() <= pops {
            let label = self.label();
            progress.failures.push(label);
        }
        progress.failures[pops]
    }

    fn jump_to_fail(&mut self, loc: Loc, progress: &mut Progress, op: Opcode) {
        let pops = progress.height();
        let label = self.fail_label(progress, pops);
        self.jump(loc, op, label);
    }

    fn end_failures(&mut self, loc: Loc, progress: &mut Progress) {
        while let Some(label) = progress.failures.pop() {
            self.place(label);
            if !progress.failures.is_empty() {
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

    fn capture(&mut self, loc: Loc, name: Option<&'a str>, progress: &mut Progress) -> Result<()> {
        let Some(name) = name else {
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        };
        let name = self.names.intern(name);
        if progress.captured.contains(&name) {
            return self.duplicate_store(loc, name);
        }
        self.rotate(loc, progress.height() + 1);
        progress.captured.push(name);
        Ok(())
    }

    /// Patterns for values that have been unpacked onto the stack.
    fn items(&mut self, patterns: &'a [PatternRef<'a>], progress: &mut Progress) -> Result<()> {
        progress.above += patterns.len();
        for pattern in patterns {
            progress.above -= 1;
            self.sub_pattern(pattern, progress)?;
        }
        Ok(())
    }

    fn sub_pattern(&mut self, pattern: PatternRef<'a>, progress: &mut Progress) -> Result<()> {
        let allow = std::mem::replace(&mut progress.may_be_last_word, true);
        self.pattern(pattern, progress)?;
        progress.may_be_last_word = allow;
        Ok(())
    }

    fn pattern(&mut self, pattern: PatternRef<'a>, progress: &mut Progress) -> Result<()> {
        self.cx.stack.check()?;
        let loc = pattern.range;
        match pattern.kind {
            PatternKind::MatchValue { value } => {
                if !self.load_pattern_value(value)? {
                    return self.error(loc, "patterns may only match literals and attribute lookups");
                }
                self.compare_op(loc, CmpOp::Eq);
                self.op(loc, Opcode::TO_BOOL);
                self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
                Ok(())
            }
            PatternKind::MatchSingleton { value } => {
                let value = self.constant(&value)?;
                self.load_const(loc, value);
                self.compare_op(loc, CmpOp::Is);
                self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
                Ok(())
            }
            PatternKind::MatchSequence { patterns } => self.sequence_pattern(loc, patterns, progress),
            PatternKind::MatchMapping { keys, patterns, rest } => {
                self.mapping_pattern(loc, keys, patterns, rest, progress)
            }
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.class_pattern(loc, cls, patterns, kwd_attrs, kwd_patterns, progress)
            }
            PatternKind::MatchStar { name } => self.capture(loc, name, progress),
            PatternKind::MatchAs { pattern: None, name } => {
                if !progress.may_be_last_word {
                    return match name {
                        Some(name) => {
                            self.error(loc, format!("name capture '{name}' makes remaining patterns unreachable"))
                        }
                        None => self.error(loc, "wildcard makes remaining patterns unreachable"),
                    };
                }
                self.capture(loc, name, progress)
            }
            PatternKind::MatchAs { pattern: Some(pattern), name } => {
                progress.above += 1;
                self.op_arg(loc, Opcode::COPY, 1);
                self.pattern(pattern, progress)?;
                progress.above -= 1;
                self.capture(loc, name, progress)
            }
            PatternKind::MatchOr { patterns } => self.or_pattern(loc, patterns, progress),
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

    fn sequence_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], progress: &mut Progress) -> Result<()> {
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
        progress.above += 1;
        self.op(loc, Opcode::MATCH_SEQUENCE);
        self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
        let length = match star {
            None => Some((size, CmpOp::Eq)),
            Some(_) if size > 1 => Some((size - 1, CmpOp::GtE)),
            Some(_) => None,
        };
        if let Some((length, op)) = length {
            self.op(loc, Opcode::GET_LEN);
            self.load_const(loc, code::Constant::Int(length as i64));
            self.compare_op(loc, op);
            self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
        }
        progress.above -= 1;
        if only_wildcard {
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        }
        match star {
            Some(star) if star_wildcard => self.sequence_by_index(loc, patterns, star, progress),
            _ => {
                let stars = patterns.iter().map(|p| matches!(p.kind, PatternKind::MatchStar { .. }));
                let targets = "expressions in star-unpacking sequence pattern";
                self.unpack_op(loc, stars, targets, "starred expressions in sequence pattern")?;
                self.items(patterns, progress)
            }
        }
    }

    /// `[first, *_, last]`: items are fetched one by one.
    fn sequence_by_index(
        &mut self,
        loc: Loc,
        patterns: &'a [PatternRef<'a>],
        star: usize,
        progress: &mut Progress,
    ) -> Result<()> {
        progress.above += 1;
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
            self.sub_pattern(pattern, progress)?;
        }
        progress.above -= 1;
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
        progress: &mut Progress,
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
        progress.above += 1;
        self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
        let count = patterns.len() + attrs.len();
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, count as u32);
        // The attributes take the place of the tuple that held them.
        progress.above = progress.above + count - 1;
        for pattern in patterns.iter().chain(attr_patterns) {
            progress.above -= 1;
            if binds_nothing(pattern) {
                self.op(loc, Opcode::POP_TOP);
            } else {
                self.sub_pattern(pattern, progress)?;
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
        progress: &mut Progress,
    ) -> Result<()> {
        let size = keys.len();
        if size != patterns.len() {
            return self.error(
                loc,
                format!("keys ({size}) / patterns ({}) length mismatch in mapping pattern", patterns.len()),
            );
        }
        progress.above += 1;
        self.op(loc, Opcode::MATCH_MAPPING);
        self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
        if size == 0 && rest.is_none() {
            progress.above -= 1;
            self.op(loc, Opcode::POP_TOP);
            return Ok(());
        }
        if size > 0 {
            self.op(loc, Opcode::GET_LEN);
            self.load_const(loc, code::Constant::Int(size as i64));
            self.compare_op(loc, CmpOp::GtE);
            self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
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
        progress.above += 2;
        self.op_arg(loc, Opcode::COPY, 1);
        self.load_none(loc);
        self.op_arg(loc, Opcode::IS_OP, 1);
        self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, size as u32);
        // The tuple of the values has been taken apart.
        progress.above -= 1;
        self.items(patterns, progress)?;
        progress.above -= 2;
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
        self.capture(loc, Some(rest), progress)
    }

    fn or_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], progress: &mut Progress) -> Result<()> {
        let end = self.label();
        let differ = "alternative patterns bind different names";
        // The names of the first alternative; the others must bind the same, and bring them into its order.
        let mut control: Vec<Symbol> = Vec::new();
        for (number, alternative) in patterns.iter().enumerate() {
            let at = alternative.range;
            let mut inner = Progress {
                may_be_last_word: number + 1 == patterns.len() && progress.may_be_last_word,
                ..Progress::default()
            };
            self.op_arg(at, Opcode::COPY, 1);
            self.pattern(alternative, &mut inner)?;
            if number == 0 {
                control.clone_from(&inner.captured);
            } else if inner.captured.len() != control.len() {
                return self.error(loc, differ);
            } else {
                for wanted in (0..control.len()).rev() {
                    let Some(found) = inner.captured.iter().position(|name| *name == control[wanted]) else {
                        return self.error(loc, differ);
                    };
                    if found == wanted {
                        continue;
                    }
                    let rotations = found + 1;
                    let rotated: Vec<Symbol> = inner.captured.drain(..rotations).collect();
                    let place = wanted - found;
                    inner.captured.splice(place..place, rotated);
                    for _ in 0..rotations {
                        self.rotate(at, wanted + 1);
                    }
                }
            }
            self.jump(at, Opcode::JUMP, end);
            self.end_failures(at, &mut inner);
        }
        self.op(loc, Opcode::POP_TOP);
        self.jump_to_fail(loc, progress, Opcode::JUMP);
        self.place(end);
        let rotations = control.len() + 1 + progress.height();
        for name in control {
            self.rotate(loc, rotations);
            if progress.captured.contains(&name) {
                return self.duplicate_store(loc, name);
            }
            progress.captured.push(name);
        }
        self.op(loc, Opcode::POP_TOP);
        Ok(())
    }
}
