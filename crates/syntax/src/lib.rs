//! Python source text to tokens and syntax tree, with CPython's errors.
//!
//! `parse` runs the lexer over the whole source, then a fast parser over the tokens. Only if one of them fails does
//! `diagnose` read the source again, in the order in which CPython would, to find which error to report and where.

pub mod ast;
mod diagnose;
pub mod error;
mod escape;
pub mod lexer;
pub mod options;
mod parser;
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
    pub module: Mod<'a>,
    /// In the order of the source.
    pub warnings: Vec<Warning>,
}

/// Parses `source`. The tree lives in `arena` and borrows from `source`.
pub fn parse<'a>(arena: &'a Arena, source: &'a [u8], options: &Options<'_>) -> Result<Parsed<'a>, SyntaxError> {
    let text = source::prepare(arena, source, options.is_text, options.mode == Mode::Exec)?;
    match parse_fast(arena, text, options) {
        Some(parsed) => Ok(parsed),
        None => Err(diagnose::diagnose(arena, text, options)),
    }
}

/// The tree of a right program; `None` for a wrong one.
fn parse_fast<'a>(arena: &'a Arena, text: &'a str, options: &Options<'_>) -> Option<Parsed<'a>> {
    let lex_options = LexOptions { type_comments: options.type_comments, extra_tokens: false };
    let mut lexer = Lexer::new(text, lex_options);
    let (tokens, ignores) = tokenize(&mut lexer, options).ok()?;
    let ignores: Vec<TypeIgnore<'a>> = ignores
        .iter()
        .map(|token| TypeIgnore { lineno: token.lineno, tag: &text[token.start as usize..token.end as usize] })
        .collect();
    let mut parser = parser::Parser::new(arena, text, &tokens, options);
    let module = match options.mode {
        Mode::Exec => parser.module(arena.slice(&ignores)),
        Mode::Eval => parser.eval(),
        Mode::Single => parser.interactive(),
        Mode::FuncType => parser.func_type(),
    }
    .ok()?;
    if options.mode == Mode::Single && !only_one_statement(text, parser.consumed()) {
        return None;
    }
    let mut warnings = std::mem::take(&mut lexer.warnings);
    warnings.append(&mut parser.warnings);
    warnings.sort_by_key(|warning| warning.lineno);
    Some(Parsed { module, warnings })
}

/// All tokens with `EndMarker` at the end, and the `# type: ignore` comments.
fn tokenize(lexer: &mut Lexer<'_>, options: &Options<'_>) -> Result<(Vec<Token>, Vec<Token>), LexError> {
    let mut tokens = Vec::with_capacity(lexer.text().len() / 4 + 16);
    let mut ignores = Vec::new();
    let mut started = false;
    loop {
        let mut token = lexer.next_token()?;
        match token.kind {
            Kind::TypeIgnore => {
                ignores.push(token);
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
            _ => started = true,
        }
        tokens.push(token);
        if token.kind == Kind::EndMarker {
            return Ok((tokens, ignores));
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
