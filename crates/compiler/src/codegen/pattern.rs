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
use crate::fx::FxHashSet;
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

fn is_star(pattern: &Pattern<'_>) -> bool {
    matches!(pattern.kind, PatternKind::MatchStar { .. })
}

/// True for `*_`.
fn binds_nothing_starred(pattern: &Pattern<'_>) -> bool {
    matches!(pattern.kind, PatternKind::MatchStar { name: None })
}

/// What has to be known of the items of a sequence pattern before its first test.
struct Row {
    star: Option<usize>,
    /// Length and type say all: `[_, *_]`.
    binds_nothing: bool,
}

impl Row {
    /// Nothing for a row with two stars.
    fn of(patterns: &[PatternRef<'_>]) -> Option<Row> {
        let star = patterns.iter().position(|pattern| is_star(pattern));
        if patterns.iter().skip(star.map_or(0, |star| star + 1)).any(|pattern| star.is_some() && is_star(pattern)) {
            return None;
        }
        let binds_nothing = patterns.iter().all(|pattern| binds_nothing(pattern) || binds_nothing_starred(pattern));
        Some(Row { star, binds_nothing })
    }
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
                self.require(loc, progress);
                Ok(())
            }
            PatternKind::MatchSingleton { value } => {
                self.load_value(loc, &value)?;
                self.compare_op(loc, CmpOp::Is);
                self.require(loc, progress);
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
        let is_attribute = matches!(value.kind, ExprKind::Attribute { .. });
        if is_attribute {
            self.expr(value)?;
        }
        Ok(is_attribute)
    }

    fn pattern_constant(&self, value: ExprRef<'a>) -> Result<Option<code::Constant>> {
        preprocess::pattern_constant(value, &mut |constant| self.constant(constant))
    }

    /// The jump behind a test whose outcome lies on top of the stack.
    fn require(&mut self, loc: Loc, progress: &mut Progress) {
        self.jump_to_fail(loc, progress, Opcode::POP_JUMP_IF_FALSE);
    }

    /// The length of what lies on top of the stack.
    fn require_length(&mut self, loc: Loc, op: CmpOp, length: usize, progress: &mut Progress) {
        self.op(loc, Opcode::GET_LEN);
        self.load_const(loc, code::Constant::Int(length as i64));
        self.compare_op(loc, op);
        self.require(loc, progress);
    }

    /// What lies on top of the stack, where None says that there was no match. It stays.
    fn require_found(&mut self, loc: Loc, progress: &mut Progress) {
        self.op_arg(loc, Opcode::COPY, 1);
        self.load_none(loc);
        self.op_arg(loc, Opcode::IS_OP, 1);
        self.require(loc, progress);
    }

    fn sequence_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], progress: &mut Progress) -> Result<()> {
        let Some(row) = Row::of(patterns) else {
            return self.error(loc, "multiple starred names in sequence pattern");
        };
        progress.above += 1;
        self.op(loc, Opcode::MATCH_SEQUENCE);
        self.require(loc, progress);
        match row.star {
            None => self.require_length(loc, CmpOp::Eq, patterns.len(), progress),
            Some(_) if patterns.len() > 1 => self.require_length(loc, CmpOp::GtE, patterns.len() - 1, progress),
            Some(_) => {}
        }
        progress.above -= 1;
        match row.star {
            _ if row.binds_nothing => {
                self.op(loc, Opcode::POP_TOP);
                Ok(())
            }
            Some(star) if binds_nothing_starred(patterns[star]) => {
                self.sequence_by_index(loc, patterns, star, progress)
            }
            _ => {
                let stars = patterns.iter().map(|pattern| is_star(pattern));
                let targets = "expressions in star-unpacking sequence pattern";
                self.unpack_op(loc, stars, targets, "starred expressions in sequence pattern")?;
                self.items(patterns, progress)
            }
        }
    }

    /// `[first, *_, last]`: what is wanted is fetched item by item, from its end of the subject.
    fn sequence_by_index(
        &mut self,
        loc: Loc,
        patterns: &'a [PatternRef<'a>],
        star: usize,
        progress: &mut Progress,
    ) -> Result<()> {
        progress.above += 1;
        let wanted = |(number, pattern): &(usize, &PatternRef<'a>)| *number != star && !binds_nothing(pattern);
        for (number, pattern) in patterns.iter().enumerate().filter(wanted) {
            self.op_arg(loc, Opcode::COPY, 1);
            if number > star {
                // The subject may not support negative indices.
                self.op(loc, Opcode::GET_LEN);
            }
            let index = if number > star { patterns.len() - number } else { number };
            self.load_const(loc, code::Constant::Int(index as i64));
            if number > star {
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
        let (names, values) = (attrs.len(), attr_patterns.len());
        if names != values {
            return self
                .error(loc, format!("kwd_attrs ({names}) / kwd_patterns ({values}) length mismatch in class pattern"));
        }
        if let Some(repeated) = super::repeated(attrs, |attr| Some(attr)) {
            let message = format!("attribute name repeated in class pattern: {}", attrs[repeated]);
            return self.error(attr_patterns[repeated].range, message);
        }
        self.expr(cls)?;
        self.load_names(loc, attrs.iter().copied());
        self.op_arg(loc, Opcode::MATCH_CLASS, patterns.len() as u32);
        progress.above += 1;
        self.require_found(loc, progress);
        progress.above -= 1;
        // The attributes take the place of the tuple that held them.
        let mut left = patterns.len() + values;
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, left as u32);
        for pattern in patterns.iter().chain(attr_patterns) {
            left -= 1;
            if binds_nothing(pattern) {
                self.op(loc, Opcode::POP_TOP);
                continue;
            }
            progress.above += left;
            self.sub_pattern(pattern, progress)?;
            progress.above -= left;
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
        let (size, values) = (keys.len(), patterns.len());
        if size != values {
            return self.error(loc, format!("keys ({size}) / patterns ({values}) length mismatch in mapping pattern"));
        }
        // The subject stays until the end.
        progress.above += 1;
        self.op(loc, Opcode::MATCH_MAPPING);
        self.require(loc, progress);
        let mut extra = 1;
        if size > 0 || rest.is_some() {
            if size > 0 {
                self.require_length(loc, CmpOp::GtE, size, progress);
            }
            self.mapping_keys(loc, keys)?;
            self.op(loc, Opcode::MATCH_KEYS);
            // The keys lie above the subject, the values above them.
            progress.above += 2;
            self.require_found(loc, progress);
            self.op_arg(loc, Opcode::UNPACK_SEQUENCE, size as u32);
            progress.above -= 1;
            self.items(patterns, progress)?;
            progress.above -= 1;
            extra = 2;
        }
        progress.above -= 1;
        match rest {
            None => {
                (0..extra).for_each(|_| self.op(loc, Opcode::POP_TOP));
                Ok(())
            }
            Some(rest) => {
                self.rest_of_mapping(loc, size);
                self.capture(loc, Some(rest), progress)
            }
        }
    }

    /// A tuple of the keys, which must differ as far as they are literals.
    fn mapping_keys(&mut self, loc: Loc, keys: Exprs<'a>) -> Result<()> {
        let mut literals = FxHashSet::default();
        for key in keys {
            if let Some(literal) = self.pattern_constant(key)? {
                if !literals.insert(fold::Key(literal.clone())) {
                    let shown = crate::unparse::repr(&literal);
                    return self.error(loc, format!("mapping pattern checks duplicate key ({shown})"));
                }
                self.load_const(key.range, literal);
            } else if matches!(key.kind, ExprKind::Attribute { .. }) {
                self.expr(key)?;
            } else {
                return self.error(loc, "mapping pattern keys may only match literals and attribute lookups");
            }
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, keys.len() as u32);
        Ok(())
    }

    /// In place of a mapping and the tuple of `size` keys above it, a dict of the other items.
    fn rest_of_mapping(&mut self, loc: Loc, size: usize) {
        self.op_arg(loc, Opcode::BUILD_MAP, 0);
        self.op_arg(loc, Opcode::SWAP, 3);
        self.op_arg(loc, Opcode::DICT_UPDATE, 2);
        self.op_arg(loc, Opcode::UNPACK_SEQUENCE, size as u32);
        for left in (1..=size).rev() {
            self.op_arg(loc, Opcode::COPY, 1 + left as u32);
            self.op_arg(loc, Opcode::SWAP, 2);
            self.op(loc, Opcode::DELETE_SUBSCR);
        }
    }

    fn or_pattern(&mut self, loc: Loc, patterns: &'a [PatternRef<'a>], progress: &mut Progress) -> Result<()> {
        let matched = self.label();
        // The names of the first alternative, in whose order all leave them.
        let mut order: Option<Vec<Symbol>> = None;
        for (number, alternative) in patterns.iter().enumerate() {
            let at = alternative.range;
            let is_last = number + 1 == patterns.len();
            let mut inner = Progress { may_be_last_word: is_last && progress.may_be_last_word, ..Progress::default() };
            self.op_arg(at, Opcode::COPY, 1);
            self.pattern(alternative, &mut inner)?;
            match &order {
                None => order = Some(inner.captured.clone()),
                Some(order) => {
                    if !self.reorder(at, &mut inner.captured, order) {
                        return self.error(loc, "alternative patterns bind different names");
                    }
                }
            }
            self.jump(at, Opcode::JUMP, matched);
            self.end_failures(at, &mut inner);
        }
        self.op(loc, Opcode::POP_TOP);
        self.jump_to_fail(loc, progress, Opcode::JUMP);
        self.place(matched);
        // The values go below what lies on the stack, one by one; then the subject goes.
        let order = order.unwrap_or_default();
        let depth = order.len() + 1 + progress.height();
        for name in order {
            self.rotate(loc, depth);
            if progress.captured.contains(&name) {
                return self.duplicate_store(loc, name);
            }
            progress.captured.push(name);
        }
        self.op(loc, Opcode::POP_TOP);
        Ok(())
    }

    /// Brings captured values into an order, from the top of the stack on: each is turned up together with those below it.
    /// False if they are not the same names.
    fn reorder(&mut self, loc: Loc, captured: &mut [Symbol], order: &[Symbol]) -> bool {
        if captured.len() != order.len() {
            return false;
        }
        for place in (0..order.len()).rev() {
            let Some(found) = captured.iter().position(|name| *name == order[place]) else { return false };
            if found == place {
                continue;
            }
            captured[..=place].rotate_left(found + 1);
            for _ in 0..=found {
                self.rotate(loc, place + 1);
            }
        }
        true
    }
}
