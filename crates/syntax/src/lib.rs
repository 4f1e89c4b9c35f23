//! Python source text to tokens and syntax tree, with CPython's errors.
//!
//! `parse` runs the lexer over the whole source, then a fast parser over the tokens. Only if one of them fails does
//! `diagnose` read the source again, in the order in which CPython would, to find which error to report and where.

#![warn(missing_docs)]

#[allow(missing_docs, reason = "nodes and fields are those of Python's `ast`, whose documentation describes them")]
pub mod ast;
mod diagnose;
pub mod error;
mod escape;
pub mod lexer;
pub mod options;
mod parser;
mod room;
pub mod source;
pub mod token;
pub mod tokenize;

#[cfg(test)]
mod tests;

pub use ast::Arena;
pub use error::{ErrorKind, SyntaxError, Warning, WarningKind};
pub use options::{Mode, Options};

use ast::{Mod, TypeIgnore};
use lexer::{LexError, LexOptions, Lexer};
use token::{Kind, Token};

/// The result of a successful parse.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The tree.
    pub module: Mod<'a>,
    /// In the order of the source.
    pub warnings: Vec<Warning>,
}

/// Parses `source`. The tree lives in `arena` and borrows from `source`.
pub fn parse<'a>(arena: &'a Arena, source: &'a [u8], options: &Options<'_>) -> Result<Parsed<'a>, SyntaxError> {
    let mut warnings = Vec::new();
    let module = parse_reporting(arena, source, options, &mut warnings)?;
    Ok(Parsed { module, warnings })
}

/// As [`parse`], with the warnings also when there is an error: those about what stands before it.
pub fn parse_reporting<'a>(
    arena: &'a Arena,
    source: &'a [u8],
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Mod<'a>, SyntaxError> {
    let text = source::prepare(arena, source, options.is_text, options.mode == Mode::Exec)?;
    let parsed = match parse_fast(arena, text, options, warnings)? {
        Fast::Right(module) => Ok(module),
        Fast::Wrong { tokens, needs } => {
            room::ask_for_error(options, tokens, needs)?;
            Err(diagnose::diagnose(text, tokens, options, warnings))
        }
    };
    warnings.sort_by_key(|warning| warning.lineno);
    parsed
}

/// What the fast parser knows of a source.
enum Fast<'a> {
    /// Its tree.
    Right(Mod<'a>),
    /// It is wrong. So many tokens were found.
    Wrong { tokens: usize, needs: room::Needs },
}

/// The warnings of the lexer are those for a right program alone. The error is that there is no memory.
fn parse_fast<'a>(
    arena: &'a Arena,
    text: &'a str,
    options: &Options<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Fast<'a>, SyntaxError> {
    let lex_options = LexOptions { type_comments: options.type_comments, extra_tokens: false };
    let mut lexer = Lexer::new(text, lex_options);
    let mut tokens = Vec::with_capacity(text.len() / 4 + 16);
    let lexed = tokenize(&mut lexer, options, &mut tokens)?;
    let needs = room::ask_to_parse(options, text, &tokens)?;
    let before = arena.allocated_bytes();
    let wrong = Fast::Wrong { tokens: tokens.len(), needs };
    if lexed.is_err() {
        // The parser goes as far as there are tokens, for its warnings alone.
        let last = tokens.last().copied();
        tokens.push(last.map_or(Token::default(), |last| Token { kind: Kind::EndMarker, start: last.end, ..last }));
    }
    let ignores: Vec<TypeIgnore<'a>> = lexed
        .as_deref()
        .unwrap_or_default()
        .iter()
        .map(|token| TypeIgnore { lineno: token.lineno, tag: &text[token.start as usize..token.end as usize] })
        .collect();
    let mut parser = parser::Parser::new(arena, text, &tokens, options);
    let module = match options.mode {
        Mode::Exec => parser.module(arena.slice(&ignores)),
        Mode::Eval => parser.eval(),
        Mode::Single => parser.interactive(),
        Mode::FuncType => parser.func_type(),
    };
    let consumed = parser.consumed();
    warnings.append(&mut parser.warnings);
    let (Ok(module), true) = (module, lexed.is_ok()) else { return Ok(wrong) };
    if options.mode == Mode::Single && !only_one_statement(text, consumed) {
        return Ok(wrong);
    }
    room::ask_to_compile(options, needs, arena.allocated_bytes() - before)?;
    warnings.append(&mut lexer.warnings);
    Ok(Fast::Right(module))
}

/// All tokens with `EndMarker` at the end. The inner result is the `# type: ignore` comments, the outer error that there is
/// no memory for the tokens.
fn tokenize(
    lexer: &mut Lexer<'_>,
    options: &Options<'_>,
    tokens: &mut Vec<Token>,
) -> Result<Result<Vec<Token>, LexError>, SyntaxError> {
    let mut ignores = Vec::new();
    let mut started = false;
    let mut warned = 256;
    loop {
        if tokens.len() == tokens.capacity() && tokens.try_reserve(1).is_err() {
            return Err(room::no_memory());
        }
        tokens.push(Token::default());
        let at = tokens.len() - 1;
        let token = &mut tokens[at];
        if let Err(error) = lexer.next_into(token) {
            tokens.pop();
            return Ok(Err(error));
        }
        if lexer.warnings.len() >= warned {
            room::ask_for_warnings(options, warned)?;
            warned *= 2;
        }
        match token.kind {
            Kind::TypeIgnore => {
                ignores.push(*token);
                tokens.pop();
                continue;
            }
            Kind::EndMarker if options.mode == Mode::Single && started => {
                // The end of an interactive statement acts as the end of a line, and of all blocks.
                token.kind = Kind::Newline;
                started = false;
                if lexer.indent_depth() > 0 && !options.dont_imply_dedent {
                    lexer.close_indents();
                }
            }
            Kind::EndMarker => return Ok(Ok(ignores)),
            _ => started = true,
        }
    }
}

/// Nothing but blank lines and comments follows the statement of single mode, which ends at `end`.
fn only_one_statement(text: &str, end: usize) -> bool {
    text[end..].lines().all(|line| {
        let line = line.trim_start_matches([' ', '\t', '\x0c']);
        line.is_empty() || line.starts_with('#')
    })
}
