//! Tokens to syntax tree, fast: recursive descent with one token of lookahead, precedence climbing for operators, and
//! a saved position in the two places where Python needs more (`match`, parenthesised `with` items).
//!
//! **Invariant:** it accepts exactly the programs that CPython's grammar accepts, and knows nothing about why another is
//! wrong: every failure is `Fail`, and the caller then asks `diagnose` for the error.

mod args;
mod expr;
mod number;
mod pattern;
mod stmt;
mod string;
mod target;

pub(crate) use expr::starts_expression;
pub(crate) use number::{NumberError, parse_number};
pub(crate) use string::split_literal;

use crate::ast::*;
use crate::error::Warning;
use crate::options::Options;
use crate::token::{Kind, Token};

/// The source is not in the language, or nests deeper than the stack allows.
pub(crate) struct Fail;
pub(crate) type P<T> = Result<T, Fail>;

pub(crate) struct Parser<'a, 't> {
    arena: &'a Arena,
    text: &'a str,
    tokens: &'t [Token],
    pos: usize,
    options: &'t Options<'t>,
    /// `from __future__ import barry_as_FLUFL` has been seen: `<>` is an operator, and `!=` is none.
    barry: bool,
    /// Nodes of unfinished lists, so that lists need no allocation of their own while they grow.
    exprs: Vec<ExprRef<'a>>,
    stmts: Vec<&'a Stmt<'a>>,
    pub(crate) warnings: Vec<Warning>,
    /// The nesting that counts towards `MAX_LEVEL`.
    level: usize,
    /// The lowest stack address that the recursion may reach.
    stack_floor: usize,
}

/// How deep prefix operators, `lambda`, `**`, `else` and `elif` nest, with the weight that each has in CPython, where
/// more overflows the parser's stack.
const MAX_LEVEL: usize = 5968;

/// Line and column where a node begins.
type Start = (i32, i32);

/// An address near the top of the stack.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let here = 0u8;
    std::hint::black_box(&here) as *const u8 as usize
}

/// A point to come back to.
struct Mark {
    pos: usize,
    exprs: usize,
    stmts: usize,
    warnings: usize,
    level: usize,
}

impl<'a, 't> Parser<'a, 't> {
    pub(crate) fn new(arena: &'a Arena, text: &'a str, tokens: &'t [Token], options: &'t Options<'t>) -> Self {
        Parser {
            arena,
            text,
            tokens,
            pos: 0,
            options,
            barry: options.barry_as_bdfl,
            exprs: Vec::new(),
            stmts: Vec::new(),
            warnings: Vec::new(),
            level: 0,
            stack_floor: stack_pointer().saturating_sub(options.stack_budget),
        }
    }

    // ---- tokens ----

    #[inline(always)]
    fn kind(&self) -> Kind {
        self.tokens[self.pos].kind
    }

    /// The kind of the token behind the next one.
    #[inline(always)]
    fn kind_after(&self) -> Kind {
        self.tokens.get(self.pos + 1).map_or(Kind::EndMarker, |t| t.kind)
    }

    #[inline(always)]
    fn at(&self, kind: Kind) -> bool {
        self.kind() == kind
    }

    /// Passes over the next token. The last token, `EndMarker`, is never passed.
    #[inline(always)]
    fn bump(&mut self) {
        if self.pos + 1 < self.tokens.len() {
            self.pos += 1;
        }
    }

    #[inline(always)]
    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    #[inline(always)]
    fn expect(&mut self, kind: Kind) -> P<()> {
        if self.eat(kind) { Ok(()) } else { Err(Fail) }
    }

    #[inline(always)]
    fn start(&self) -> Start {
        let token = &self.tokens[self.pos];
        (token.lineno, token.col)
    }

    /// The range from `start` to the end of the token before this one.
    #[inline(always)]
    fn range(&self, start: Start) -> Range {
        let last = &self.tokens[self.pos - 1];
        Range::new(start.0, start.1, last.end_lineno, last.end_col)
    }

    /// Like `range`, for statements with blocks: line ends and dedents do not count.
    fn block_range(&self, start: Start) -> Range {
        let mut at = self.pos - 1;
        while at > 0 && matches!(self.tokens[at].kind, Kind::Newline | Kind::Indent | Kind::Dedent) {
            at -= 1;
        }
        let last = &self.tokens[at];
        Range::new(start.0, start.1, last.end_lineno, last.end_col)
    }

    #[inline(always)]
    fn token_text(&self, token: &Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The next token is the name `word`; for soft keywords.
    fn at_word(&self, word: &str) -> bool {
        self.at(Kind::Name) && self.token_text(&self.tokens[self.pos]) == word
    }

    #[inline]
    fn name(&mut self) -> P<Identifier<'a>> {
        if !self.at(Kind::Name) {
            return Err(Fail);
        }
        let name = identifier(self.arena, self.token_text(&self.tokens[self.pos]));
        self.bump();
        Ok(name)
    }

    fn mark(&self) -> Mark {
        Mark {
            pos: self.pos,
            exprs: self.exprs.len(),
            stmts: self.stmts.len(),
            warnings: self.warnings.len(),
            level: self.level,
        }
    }

    fn rewind(&mut self, mark: Mark) {
        self.pos = mark.pos;
        self.exprs.truncate(mark.exprs);
        self.stmts.truncate(mark.stmts);
        self.warnings.truncate(mark.warnings);
        self.level = mark.level;
    }

    /// Fails when the stack is nearly used up.
    #[inline(always)]
    fn check_stack(&self) -> P<()> {
        if stack_pointer() < self.stack_floor { Err(Fail) } else { Ok(()) }
    }

    /// Goes `levels` deeper, for `leave` to take back.
    #[inline]
    fn enter(&mut self, levels: usize) -> P<()> {
        self.level += levels;
        if self.level > MAX_LEVEL { Err(Fail) } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self, levels: usize) {
        self.level -= levels;
    }

    /// Fails when the requested language version lacks a construct of 3.`minor`.
    #[inline(always)]
    fn check_version(&self, minor: u8) -> P<()> {
        if self.options.feature_version < minor { Err(Fail) } else { Ok(()) }
    }

    /// Where in the text the last token passed over ends.
    pub(crate) fn consumed(&self) -> usize {
        self.tokens[..self.pos].last().map_or(0, |token| token.end as usize)
    }

    // ---- nodes ----

    #[inline(always)]
    fn node(&self, start: Start, kind: ExprKind<'a>) -> ExprRef<'a> {
        self.arena.alloc(Expr { kind, range: self.range(start) })
    }

    /// Moves the nodes above `base` into the arena.
    #[inline(always)]
    fn take_exprs(&mut self, base: usize) -> Exprs<'a> {
        let list = self.arena.slice(&self.exprs[base..]);
        self.exprs.truncate(base);
        list
    }

    // ---- entry points ----

    pub(crate) fn module(&mut self, type_ignores: &'a [TypeIgnore<'a>]) -> P<Mod<'a>> {
        let body = self.statements(Kind::EndMarker)?;
        self.at_end(Mod::Module { body, type_ignores })
    }

    pub(crate) fn interactive(&mut self) -> P<Mod<'a>> {
        let start = self.start();
        if self.eat(Kind::Newline) {
            let pass = self.arena.alloc(Stmt { kind: StmtKind::Pass, range: self.range(start) });
            return Ok(Mod::Interactive { body: self.arena.slice(&[pass]) });
        }
        let compound = self.at_compound();
        let base = self.stmts.len();
        self.statement()?;
        if compound && self.stmt_is_compound(base) {
            self.expect(Kind::Newline)?;
        }
        let body = self.arena.slice(&self.stmts[base..]);
        Ok(Mod::Interactive { body })
    }

    pub(crate) fn eval(&mut self) -> P<Mod<'a>> {
        let body = self.expressions()?;
        while self.eat(Kind::Newline) {}
        self.at_end(Mod::Expression { body })
    }

    /// `(int, *str, **Any) -> Any`: the signature in a type comment.
    pub(crate) fn func_type(&mut self) -> P<Mod<'a>> {
        self.expect(Kind::LPar)?;
        let base = self.exprs.len();
        if !self.at(Kind::RPar) {
            let mut seen = 0;
            loop {
                let stars = match self.kind() {
                    Kind::Star => 1,
                    Kind::DoubleStar => 2,
                    _ => 0,
                };
                if stars > 0 {
                    self.bump();
                }
                if seen > 0 && stars <= seen {
                    return Err(Fail);
                }
                seen = stars;
                let item = self.expression()?;
                self.exprs.push(item);
                if !self.eat(Kind::Comma) {
                    break;
                }
            }
        }
        let argtypes = self.take_exprs(base);
        self.expect(Kind::RPar)?;
        self.expect(Kind::RArrow)?;
        let returns = self.expression()?;
        while self.eat(Kind::Newline) {}
        self.at_end(Mod::FunctionType { argtypes, returns })
    }

    fn at_end(&self, module: Mod<'a>) -> P<Mod<'a>> {
        if self.at(Kind::EndMarker) { Ok(module) } else { Err(Fail) }
    }
}

/// `text` as the language sees an identifier: in normalisation form KC.
#[inline]
pub(crate) fn identifier<'a>(arena: &'a Arena, text: &'a str) -> Identifier<'a> {
    if text.is_ascii() { text } else { normalised(arena, text) }
}

#[cold]
fn normalised<'a>(arena: &'a Arena, text: &'a str) -> Identifier<'a> {
    match taipan_unicode::normalize::nfkc(text) {
        Some(normal) => arena.str(&normal),
        None => text,
    }
}
