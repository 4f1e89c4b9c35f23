//! Finds the error to report for a source that the fast parser refuses.
//!
//! Which of several possible errors CPython reports, and where, follows from how its parser searches: a recursive
//! descent with backtracking and memoisation that reads tokens only when it needs them, run twice. The first run finds
//! how far the source makes sense; the second tries, at fixed places of the grammar, whether one of the known mistakes
//! was made. This parser searches in the same order. It is slow, and its trees serve only to describe what it found.
//!
//! **Invariant:** rules have the names they have in the language reference's grammar; the methods named `invalid_*` look
//! for mistakes and never match.

mod args;
mod expr;
mod invalid;
mod invalid_expr;
mod params;
mod pattern;
mod stmt;
mod string;
mod target;

use crate::ast::{Arena, Expr, ExprContext, ExprKind, ExprRef, Range};
use crate::error::{ErrorKind, SyntaxError, Warning, char_offset};
use crate::lexer::{LexError, LexOptions, Lexer};
use crate::options::{Mode, Options};
use crate::parser::stack_pointer;
use crate::token::{Kind, Token};

/// Why a rule gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    /// It does not match here; other alternatives may.
    No,
    /// An error has been found, and the search is over.
    Raised,
}

type R<T> = Result<T, Miss>;

/// Tries an alternative: leaves the rule with its result when it matches, and goes back when it does not.
macro_rules! alt {
    ($self:ident, $p:ident, $body:expr) => {{
        let mark = $self.mark;
        #[allow(clippy::redundant_closure_call)]
        match (|$p: &mut Self| -> R<_> { $body })($self) {
            Ok(found) => return Ok(found),
            Err(Miss::No) => $self.mark = mark,
            Err(raised) => return Err(raised),
        }
    }};
}

/// Tries an alternative of an `invalid_*` rule. Its body ends in what the rule is to give: an error, or nothing.
macro_rules! mistake {
    ($self:ident, $p:ident, $body:expr) => {{
        let mark = $self.mark;
        #[allow(clippy::redundant_closure_call)]
        match (|$p: &mut Self| -> R<Miss> { $body })($self) {
            Ok(miss) => return Err(miss),
            Err(Miss::No) => $self.mark = mark,
            Err(raised) => return Err(raised),
        }
    }};
}

use {alt, mistake};

/// Rules whose results are kept. Those from `Disjunction` to `Primary` are the levels of operators, outermost first.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Rule {
    Expression,
    StarExpression,
    Disjunction,
    Conjunction,
    Inversion,
    BitwiseOr,
    BitwiseXor,
    BitwiseAnd,
    Shift,
    Sum,
    Term,
    Factor,
    AwaitPrimary,
    Primary,
    /// An atom in which no mistakes were looked for, and one in which they were.
    Atom,
    CheckedAtom,
    TPrimary,
    Arguments,
    Strings,
    StarTarget,
    TargetWithStarAtom,
    DelTarget,
    SimpleStmt,
    ImportStmt,
    Block,
    InvalidNamed,
    ClosedPattern,
    StarPattern,
}

/// Some rules, a bit for each.
type Rules = u32;

impl Rule {
    #[inline(always)]
    const fn bit(self) -> Rules {
        1 << self as u8
    }

    /// All levels of operators.
    const LEVELS: Rules = Rule::Primary.bit() * 2 - Rule::Disjunction.bit();
}

/// What a token begins: the node, where it ends, and the rules that gave it. An operand without operators is the result of
/// a dozen rules.
struct Memo<'a> {
    node: ExprRef<'a>,
    end: u32,
    rules: Rules,
    /// The result kept before this one for the same token, as in [`Slot::newest`].
    older: u32,
}

/// What is known of a token.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// Rules that do not match here.
    missed: Rules,
    /// One more than the place in `memo` of the last result kept; 0 for none.
    newest: u32,
}

/// Where an error ends when it reaches to the point the lexer has come to.
const CURRENT: i32 = -5;

struct Diag<'a, 'o: 'a> {
    arena: &'a Arena,
    text: &'o str,
    options: &'o Options<'o>,
    lexer: Lexer<'o>,
    tokens: Vec<Token>,
    /// For each token, how many brackets were open behind it.
    levels: Vec<u8>,
    memo: Vec<Memo<'a>>,
    /// For the tokens from `memo_start` on, as far as something is known of them.
    slots: Vec<Slot>,
    memo_start: usize,
    mark: usize,
    /// The second run.
    invalid: bool,
    error: Option<SyntaxError>,
    /// The error came from the lexer.
    lexer_failed: bool,
    /// The lexer has tried to read past the end.
    saw_end: bool,
    started: bool,
    barry: bool,
    /// Where the last compound statement that was complete begins.
    last_statement: (i32, i32),
    stack_floor: usize,
}

/// The error in `text`, in which about so many tokens are. What the lexer warns of is added to `warnings`: as far as CPython reads.
pub(crate) fn diagnose(text: &str, tokens: usize, options: &Options<'_>, warnings: &mut Vec<Warning>) -> SyntaxError {
    let arena = Arena::new();
    let mut first = Diag::new(&arena, text, tokens, options);
    if first.fails_for_good() {
        return first.finish(warnings, false);
    }
    // The nodes of the first run go before those of the second come.
    let read = first.read();
    drop(arena);
    let arena = Arena::new();
    let mut second = Diag { invalid: true, ..Diag::resume(&arena, options, read) };
    second.look_for_mistakes();
    second.finish(warnings, true)
}

/// What a run leaves to the next: the tokens read, and the lexer where it stands.
struct Read<'o> {
    text: &'o str,
    lexer: Lexer<'o>,
    tokens: Vec<Token>,
    levels: Vec<u8>,
    error: Option<SyntaxError>,
    lexer_failed: bool,
    saw_end: bool,
    started: bool,
    last_statement: (i32, i32),
    stack_floor: usize,
}

/// The lexer need not look at what follows to know where such a token ends.
fn ends_by_itself(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Newline
            | String
            | FStringEnd
            | TStringEnd
            | Ellipsis
            | LeftShiftEqual
            | RightShiftEqual
            | DoubleStarEqual
            | DoubleSlashEqual
    )
}

#[cold]
fn too_complex() -> SyntaxError {
    SyntaxError::memory("Parser stack overflowed - Python source too complex to parse")
}

impl<'a, 'o> Diag<'a, 'o> {
    fn new(arena: &'a Arena, text: &'o str, tokens: usize, options: &'o Options<'o>) -> Diag<'a, 'o> {
        let lex_options = LexOptions { type_comments: options.type_comments, extra_tokens: false };
        let read = Read {
            text,
            lexer: Lexer::new(text, lex_options),
            tokens: Vec::with_capacity(tokens),
            levels: Vec::with_capacity(tokens),
            error: None,
            lexer_failed: false,
            saw_end: false,
            started: false,
            last_statement: (0, 0),
            stack_floor: stack_pointer().saturating_sub(options.stack_budget),
        };
        Diag::resume(arena, options, read)
    }

    /// At the beginning of the text.
    fn resume(arena: &'a Arena, options: &'o Options<'o>, read: Read<'o>) -> Diag<'a, 'o> {
        let Read { text, lexer, tokens, levels, error, lexer_failed, saw_end, started, last_statement, stack_floor } =
            read;
        Diag {
            arena,
            text,
            options,
            lexer,
            tokens,
            levels,
            memo: Vec::new(),
            slots: Vec::new(),
            memo_start: 0,
            mark: 0,
            invalid: false,
            error,
            lexer_failed,
            saw_end,
            started,
            barry: options.barry_as_bdfl,
            last_statement,
            stack_floor,
        }
    }

    fn read(self) -> Read<'o> {
        let Diag {
            text,
            lexer,
            tokens,
            levels,
            error,
            lexer_failed,
            saw_end,
            started,
            last_statement,
            stack_floor,
            ..
        } = self;
        Read { text, lexer, tokens, levels, error, lexer_failed, saw_end, started, last_statement, stack_floor }
    }

    /// The error found; `of_parser` when it is one of the grammar.
    fn finish(mut self, warnings: &mut Vec<Warning>, of_parser: bool) -> SyntaxError {
        warnings.append(&mut self.lexer.warnings);
        let last_statement = of_parser.then_some(self.last_statement);
        self.error.map_or_else(too_complex, |error| SyntaxError { last_statement, ..error })
    }
}

impl<'a> Diag<'a, '_> {
    /// The first run. True if its error, or that there is none, is final.
    fn fails_for_good(&mut self) -> bool {
        if self.start_rule().is_ok() {
            if self.options.mode == Mode::Single && !crate::only_one_statement(self.text, self.lexer.pos) {
                self.raise("multiple statements found while compiling a single statement");
            }
            return true;
        }
        if self.options.allow_incomplete_input && self.saw_end && !self.is_memory_error() {
            self.error = None;
            self.raise_kind(ErrorKind::IncompleteInput, "incomplete input");
            return true;
        }
        self.is_memory_error()
    }

    /// The second run, if the first has found no error; and what can be said when it finds none either.
    fn look_for_mistakes(&mut self) {
        let last = self.tokens.last().copied();
        if self.error.is_none() {
            self.last_statement = (0, 0);
            let _ = self.start_rule();
        }
        if self.error.is_some() {
            if !self.lexer_failed && !self.saw_end && !self.is_memory_error() {
                self.check_rest();
            }
            return;
        }
        match last {
            None => {}
            Some(Token { kind: Kind::Indent, .. }) => {
                self.raise_kind(ErrorKind::Indentation, "unexpected indent");
            }
            Some(Token { kind: Kind::Dedent, .. }) => {
                self.raise_kind(ErrorKind::Indentation, "unexpected unindent");
            }
            Some(last) => {
                self.raise_range(last.range(), "invalid syntax");
                self.check_rest();
            }
        }
    }

    fn is_memory_error(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind == ErrorKind::Memory)
    }

    /// Reads the rest of the source: an error of the lexer there, such as a bracket that is never closed, explains more
    /// than the one found.
    fn check_rest(&mut self) {
        let line = self.tokens.last().map_or(0, |token| token.lineno);
        loop {
            match self.lexer.next_token() {
                Ok(token) if token.kind == Kind::EndMarker => return,
                Ok(_) => {}
                // What is wrong inside an f-string does not count here.
                Err(_) if self.lexer.in_fstring() => return,
                Err(LexError::Raised(error)) => {
                    self.error = Some(*error);
                    return;
                }
                Err(_) => {
                    if self.lexer.brackets.last().is_some_and(|open| line > open.lineno) {
                        self.error = None;
                        self.raise_unclosed();
                    }
                    return;
                }
            }
        }
    }

    // ---- tokens ----

    /// Reads a token. Errors of the lexer end the search.
    fn fill(&mut self) -> R<()> {
        loop {
            match self.lexer.next_token() {
                Ok(mut token) => {
                    if token.kind == Kind::TypeIgnore {
                        continue;
                    }
                    if token.kind == Kind::EndMarker && self.options.mode == Mode::Single && self.started {
                        token.kind = Kind::Newline;
                        self.started = false;
                        if self.lexer.indent_depth() > 0 && !self.options.dont_imply_dedent {
                            self.lexer.close_indents();
                        }
                        self.saw_end = true;
                    } else {
                        self.started = true;
                    }
                    // Behind one point the lexer has looked for two more.
                    let points = token.kind == Kind::Dot && self.lexer.rest() == b".";
                    if points || self.lexer.at_end() && !ends_by_itself(token.kind) {
                        self.saw_end = true;
                    }
                    self.tokens.push(token);
                    self.levels.push(self.lexer.brackets.len() as u8);
                    return Ok(());
                }
                Err(error) => {
                    self.tokens.push(Token {
                        kind: Kind::ErrorToken,
                        start: self.lexer.pos as u32,
                        end: self.lexer.pos as u32,
                        lineno: self.lexer.lineno,
                        col: -1,
                        end_lineno: self.lexer.lineno,
                        end_col: -1,
                    });
                    self.levels.push(self.lexer.brackets.len() as u8);
                    self.lexer_failed = true;
                    if matches!(error, LexError::Raised(_)) {
                        self.saw_end = self.lexer.hit_end;
                    }
                    self.lexer_error(error);
                    return Err(Miss::Raised);
                }
            }
        }
    }

    fn lexer_error(&mut self, error: LexError) {
        let lineno = self.lexer.lineno;
        match error {
            LexError::Raised(error) => self.error = Some(*error),
            LexError::Eof => {
                self.saw_end = true;
                if self.lexer.brackets.is_empty() {
                    self.raise("unexpected EOF while parsing");
                } else {
                    self.raise_unclosed();
                }
            }
            LexError::Dedent => {
                let message = "unindent does not match any outer indentation level";
                self.raise_kind(ErrorKind::Indentation, message);
            }
            LexError::TabSpace => {
                let message = "inconsistent use of tabs and spaces in indentation";
                self.raise_place(ErrorKind::Tab, lineno, 1, lineno, 0, message.into());
            }
            LexError::TooDeep => {
                let message = "too many levels of indentation";
                self.raise_place(ErrorKind::Indentation, lineno, 1, lineno, 0, message.into());
            }
            LexError::LineContinuation => {
                let col = (self.lexer.pos - self.lexer.logical_start) as i32;
                let message = "unexpected character after line continuation character";
                self.raise_place(ErrorKind::Syntax, lineno, col, lineno, 0, message.into());
            }
        }
    }

    /// The token at the mark.
    #[inline]
    fn token(&mut self) -> R<Token> {
        self.kind()?;
        Ok(self.tokens[self.mark])
    }

    #[inline]
    fn kind(&mut self) -> R<Kind> {
        match self.tokens.get(self.mark) {
            Some(token) => Ok(token.kind),
            None => self.read_on(),
        }
    }

    #[inline(never)]
    fn read_on(&mut self) -> R<Kind> {
        while self.mark >= self.tokens.len() {
            self.fill()?;
        }
        Ok(self.tokens[self.mark].kind)
    }

    #[inline]
    fn at(&mut self, kind: Kind) -> R<bool> {
        Ok(self.kind()? == kind)
    }

    /// The kind of the token behind the one at the mark, which has been read.
    #[inline]
    fn kind_after(&mut self) -> R<Kind> {
        self.mark += 1;
        let kind = self.kind();
        self.mark -= 1;
        kind
    }

    #[inline]
    fn expect(&mut self, kind: Kind) -> R<Token> {
        if self.kind()? != kind {
            return Err(Miss::No);
        }
        self.mark += 1;
        Ok(self.tokens[self.mark - 1])
    }

    fn expect_any(&mut self, kinds: &[Kind]) -> R<Token> {
        if !kinds.contains(&self.kind()?) {
            return Err(Miss::No);
        }
        self.mark += 1;
        Ok(self.tokens[self.mark - 1])
    }

    /// Passes over the token if it is there.
    fn eat(&mut self, kind: Kind) -> R<bool> {
        let found = self.at(kind)?;
        self.mark += usize::from(found);
        Ok(found)
    }

    /// A token without which the statement cannot be meant: its absence is an error at once.
    fn force(&mut self, kind: Kind, text: &str) -> R<Token> {
        let token = self.token()?;
        if token.kind != kind {
            return Err(self.raise_range(token.range(), format!("expected '{text}'")));
        }
        self.mark += 1;
        Ok(token)
    }

    fn token_text(&self, token: &Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// A soft keyword.
    fn soft(&mut self, word: &str) -> R<Token> {
        let token = self.expect(Kind::Name)?;
        if self.token_text(&token) != word {
            self.mark -= 1;
            return Err(Miss::No);
        }
        Ok(token)
    }

    // ---- the shapes of grammar rules ----

    /// `x?`
    fn opt<T>(&mut self, rule: impl FnOnce(&mut Self) -> R<T>) -> R<Option<T>> {
        let mark = self.mark;
        match rule(self) {
            Ok(found) => Ok(Some(found)),
            Err(Miss::No) => {
                self.mark = mark;
                Ok(None)
            }
            Err(raised) => Err(raised),
        }
    }

    /// `x*`
    fn many<T>(&mut self, mut rule: impl FnMut(&mut Self) -> R<T>) -> R<Vec<T>> {
        let mut found = Vec::new();
        while let Some(item) = self.opt(&mut rule)? {
            found.push(item);
        }
        Ok(found)
    }

    /// `x+`
    fn some<T>(&mut self, rule: impl FnMut(&mut Self) -> R<T>) -> R<Vec<T>> {
        let found = self.many(rule)?;
        if found.is_empty() { Err(Miss::No) } else { Ok(found) }
    }

    /// `','.x+`
    fn gather<T>(&mut self, mut rule: impl FnMut(&mut Self) -> R<T>) -> R<Vec<T>> {
        let mut found = vec![rule(self)?];
        while let Some(item) = self.opt(|p| {
            p.expect(Kind::Comma)?;
            rule(p)
        })? {
            found.push(item);
        }
        Ok(found)
    }

    /// `&x`
    fn ahead<T>(&mut self, rule: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let mark = self.mark;
        let found = rule(self);
        self.mark = mark;
        found
    }

    fn ahead_any(&mut self, kinds: &[Kind]) -> R<()> {
        if kinds.contains(&self.kind()?) { Ok(()) } else { Err(Miss::No) }
    }

    /// `!x`
    fn not<T>(&mut self, rule: impl FnOnce(&mut Self) -> R<T>) -> R<()> {
        match self.ahead(rule) {
            Ok(_) => Err(Miss::No),
            Err(Miss::No) => Ok(()),
            Err(raised) => Err(raised),
        }
    }

    fn not_any(&mut self, kinds: &[Kind]) -> R<()> {
        if kinds.contains(&self.kind()?) { Err(Miss::No) } else { Ok(()) }
    }

    /// Looks for mistakes, in the second run.
    fn look_for(&mut self, rule: impl FnOnce(&mut Self) -> R<()>) -> R<()> {
        if !self.invalid {
            return Ok(());
        }
        let mark = self.mark;
        match rule(self) {
            Err(Miss::Raised) => Err(Miss::Raised),
            _ => {
                self.mark = mark;
                Ok(())
            }
        }
    }

    /// Drops all kept results, where nothing before the mark will be looked at again.
    fn forget(&mut self) {
        self.memo.clear();
        self.slots.clear();
        self.memo_start = self.mark;
    }

    /// The result of `rule` here, found only once.
    #[inline]
    fn memo(&mut self, rule: Rule, find: impl FnOnce(&mut Self) -> R<ExprRef<'a>>) -> R<ExprRef<'a>> {
        let from = self.mark;
        if let Some(known) = self.known(rule.bit()) {
            return known;
        }
        self.check_depth()?;
        let found = find(self);
        match found {
            Ok(node) => self.keep(from, rule.bit(), node),
            Err(Miss::No) => self.slot(from).missed |= rule.bit(),
            Err(Miss::Raised) => {}
        }
        found
    }

    /// The kept result of one of `rules` here; the mark goes behind it.
    #[inline]
    fn known(&mut self, rules: Rules) -> Option<R<ExprRef<'a>>> {
        let slot = self.slots.get(self.mark - self.memo_start)?;
        if slot.missed & rules != 0 {
            return Some(Err(Miss::No));
        }
        let mut place = slot.newest;
        while place != 0 {
            let memo = &self.memo[place as usize - 1];
            if memo.rules & rules != 0 {
                self.mark = memo.end as usize;
                return Some(Ok(memo.node));
            }
            place = memo.older;
        }
        None
    }

    fn slot(&mut self, token: usize) -> &mut Slot {
        let at = token - self.memo_start;
        if self.slots.len() <= at {
            self.slots.resize(at + 1, Slot::default());
        }
        &mut self.slots[at]
    }

    /// Keeps what `rules` gave from the token `from` to the mark.
    fn keep(&mut self, from: usize, rules: Rules, node: ExprRef<'a>) {
        let end = self.mark as u32;
        let newest = self.slot(from).newest;
        let mut place = newest;
        while place != 0 {
            let memo = &mut self.memo[place as usize - 1];
            if std::ptr::eq(memo.node, node) && memo.end == end {
                memo.rules |= rules;
                return;
            }
            place = memo.older;
        }
        self.memo.push(Memo { node, end, rules, older: newest });
        self.slot(from).newest = self.memo.len() as u32;
    }

    // ---- nodes ----

    /// A node from the token at `from` to the one before the mark.
    fn node(&self, from: usize, kind: ExprKind<'a>) -> ExprRef<'a> {
        self.arena.alloc(Expr { kind, range: self.range(from) })
    }

    fn range(&self, from: usize) -> Range {
        let first = &self.tokens[from];
        let last = &self.tokens[self.mark.max(1) - 1];
        first.range().to(last.range())
    }

    /// The node of the name that the token `at` is: the one there is, where something has been kept.
    fn name_node(&mut self, at: usize) -> ExprRef<'a> {
        let mut place = self.slots.get(at - self.memo_start).map_or(0, |slot| slot.newest);
        while place != 0 {
            let memo = &self.memo[place as usize - 1];
            if memo.end as usize == at + 1 && matches!(memo.node.kind, ExprKind::Name { .. }) {
                return memo.node;
            }
            place = memo.older;
        }
        let token = self.tokens[at];
        let id = crate::parser::identifier(self.arena, self.token_text(&token));
        self.arena.alloc(Expr { kind: ExprKind::Name { id, ctx: ExprContext::Load }, range: token.range() })
    }

    /// A node that stands for a statement.
    fn placeholder(&self) -> ExprRef<'a> {
        const NODE: &Expr<'static> = &Expr {
            kind: ExprKind::Constant { value: crate::ast::Constant::None, kind: None },
            range: Range { lineno: 0, col_offset: 0, end_lineno: 0, end_col_offset: 0 },
        };
        NODE
    }

    // ---- errors ----

    /// An error at the last token read.
    fn raise(&mut self, message: impl Into<String>) -> Miss {
        self.raise_kind(ErrorKind::Syntax, message)
    }

    fn raise_kind(&mut self, kind: ErrorKind, message: impl Into<String>) -> Miss {
        let at = self.tokens.len().saturating_sub(1);
        self.raise_token(kind, at, message)
    }

    /// An error at the token at the mark.
    fn raise_next(&mut self, message: impl Into<String>) -> Miss {
        if self.token().is_err() {
            return Miss::Raised;
        }
        self.raise_token(ErrorKind::Syntax, self.mark, message)
    }

    fn raise_token(&mut self, kind: ErrorKind, at: usize, message: impl Into<String>) -> Miss {
        let Some(token) = self.tokens.get(at).copied() else {
            return self.raise_place(kind, 0, 0, 0, -1, message.into());
        };
        let col = if token.col == -1 { (self.lexer.pos - self.lexer.line_start) as i32 } else { token.col + 1 };
        let end_col = if token.end_col == -1 { -1 } else { token.end_col + 1 };
        self.raise_place(kind, token.lineno, col, token.end_lineno, end_col, message.into())
    }

    fn raise_range(&mut self, range: Range, message: impl Into<String>) -> Miss {
        self.raise_place(
            ErrorKind::Syntax,
            range.lineno,
            range.col_offset + 1,
            range.end_lineno,
            range.end_col_offset + 1,
            message.into(),
        )
    }

    /// An error from `range` to the point that the lexer has come to.
    fn raise_from(&mut self, range: Range, message: impl Into<String>) -> Miss {
        self.raise_place(ErrorKind::Syntax, range.lineno, range.col_offset + 1, CURRENT, CURRENT, message.into())
    }

    /// An error at a line of indented code that is not there.
    fn raise_indentation(&mut self, message: String) -> Miss {
        self.raise_kind(ErrorKind::Indentation, message)
    }

    #[cold]
    fn raise_unclosed(&mut self) -> Miss {
        let Some(open) = self.lexer.brackets.last().copied() else {
            return Miss::Raised;
        };
        let message = format!("'{}' was never closed", open.ch as char);
        self.raise_place(ErrorKind::Syntax, open.lineno, open.col + 1, open.lineno, 0, message)
    }

    /// Columns count bytes from 1 here.
    fn raise_place(
        &mut self,
        kind: ErrorKind,
        lineno: i32,
        col: i32,
        end_lineno: i32,
        end_col: i32,
        message: String,
    ) -> Miss {
        if self.error.is_some() {
            return Miss::Raised;
        }
        let (end_lineno, end_col) = if end_lineno == CURRENT {
            (self.lexer.lineno, (self.lexer.pos - self.lexer.line_start) as i32)
        } else {
            (end_lineno, end_col)
        };
        let line = self.lexer.line_text(lineno);
        let mut text = line.to_string();
        // The line that the lexer is on is known with its line ending.
        if self.lexer.lineno <= lineno && self.lexer.line_is_ended(line) {
            text.push('\n');
        }
        let offset = char_offset(&text, col);
        let end_offset = if end_col > 0 { char_offset(&text, end_col) } else { end_col };
        self.error = Some(SyntaxError {
            kind,
            message,
            lineno,
            offset,
            end_lineno,
            end_offset,
            text: Some(text),
            last_statement: None,
        });
        Miss::Raised
    }

    /// Fails with an error where the requested version of the language lacks what was read.
    fn check_version(&mut self, minor: u8, what: &str) -> R<()> {
        if self.options.feature_version >= minor {
            return Ok(());
        }
        Err(self.raise(format!("{what} only supported in Python 3.{minor} and greater")))
    }
}
