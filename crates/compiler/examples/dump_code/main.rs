//! Describes every code object of Python source files, one line each: file, `code QUALNAME@LINE`, content.
//!
//! `dump_code [--text] [--optimize N] ROOT FILE...`: names are relative to ROOT. Without `--text` the content is
//! replaced by a digest. What a reference interpreter says in the same form can then be compared line by line.

mod describe;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;

use describe::walk;
use taipan_compiler::symtable::SymbolBlock;
use taipan_compiler::{CompileError, Options, SourceError, compile_source};
use taipan_syntax::{ErrorKind, Mode, Options as ParseOptions};

/// One line for each scope.
fn scopes(blocks: &[SymbolBlock], id: usize, name: &str, out: &mut impl std::io::Write) {
    let block = &blocks[id];
    let mut symbols: Vec<String> = block.symbols.iter().map(|(name, flags)| format!("{name}={flags}")).collect();
    symbols.sort();
    let (kind, nested) = (block.kind as u32, block.nested as u8);
    let (symbols, varnames) = (symbols.join(" "), block.varnames.join(" "));
    let _ = writeln!(
        out,
        "{name}\t{} {kind} {} {nested} {} [{varnames}] {symbols}",
        block.name,
        block.lineno,
        block.children.len()
    );
    for child in &block.children {
        scopes(blocks, *child, name, out);
    }
}

/// Compiles snippets: a file of lines, each the first letter of a mode and the source in hexadecimal.
fn snippets(path: &str) {
    let names: &dyn Fn(&str) -> Option<char> = &|name| taipan_unicode::names::character(name);
    let list = std::fs::read_to_string(path).unwrap_or_default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (number, line) in list.lines().enumerate() {
        let (mode, hex) = line.split_at(1);
        let digit = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
        let source: Vec<u8> = hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
        let mode = match mode {
            "s" => Mode::Single,
            "v" => Mode::Eval,
            _ => Mode::Exec,
        };
        let parse_options =
            ParseOptions { character_names: Some(names), is_text: true, mode, ..ParseOptions::default() };
        let arena = taipan_syntax::Arena::new();
        let mut rows = Vec::new();
        let mut warnings = Vec::new();
        match taipan_syntax::parse(&arena, &source, &parse_options) {
            Err(e) => rows.push(parse_error(&e)),
            Ok(parsed) => {
                for warning in &parsed.warnings {
                    if warning.kind == taipan_syntax::WarningKind::Syntax {
                        warnings.push(("warn".to_string(), format!("{} {}", warning.message, warning.lineno)));
                    }
                }
                let mut found = Vec::new();
                match taipan_compiler::compile(&parsed.module, "<s>", &Options::default(), &mut found) {
                    Ok(code) => walk(&code, &mut rows),
                    Err(error) => rows.push(compile_error(&error)),
                }
                for warning in found {
                    warnings.push(("warn".to_string(), format!("{} {}", warning.message, warning.lineno)));
                }
                for (index, row) in rows.iter_mut().enumerate() {
                    if let Some(at) = row.0.rfind('@')
                        && row.0.starts_with("code")
                    {
                        row.0 = format!("{}@{}@{index}", &row.0[..at], &row.0[at + 1..]);
                    }
                }
            }
        }
        rows.append(&mut warnings);
        for (kind, body) in rows {
            let _ = writeln!(out, "{}\t{kind}\t{}", number + 1, body.replace('\t', "\\t"));
        }
    }
}

fn parse_error(e: &taipan_syntax::SyntaxError) -> (String, String) {
    let kind = match e.kind {
        ErrorKind::Indentation => "IndentationError",
        ErrorKind::Tab => "TabError",
        ErrorKind::Syntax => "SyntaxError",
        ErrorKind::Memory => "MemoryError",
        _ => "Error",
    };
    ("error".into(), format!("{kind} {} {} {} {} {}", e.message, e.lineno, e.offset, e.end_lineno, e.end_offset))
}

fn compile_error(e: &CompileError) -> (String, String) {
    match e {
        CompileError::Syntax(e) => (
            "error".into(),
            format!("SyntaxError {} {} {} {} {}", e.message, e.lineno, e.offset, e.end_lineno, e.end_offset),
        ),
        other => ("error".into(), format!("{other:?}")),
    }
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == "--snippets") {
        return snippets(args.get(at + 1).map_or("", |path| path));
    }
    let mut flag = |name: &str| {
        let at = args.iter().position(|arg| arg == name);
        at.map(|at| args.remove(at)).is_some()
    };
    let text = flag("--text");
    let quiet = flag("--quiet");
    let symtable = flag("--symtable");
    let repeat = if flag("--repeat") { 5 } else { 1 };
    let optimize = if flag("-OO") { 2 } else { flag("-O") as u8 };
    let mut args = args.into_iter();
    let root = args.next().unwrap_or_default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut parse_time, mut total_time) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
    for path in args {
        let Ok(source) = std::fs::read(&path) else { continue };
        let name = path.strip_prefix(&root).unwrap_or(&path).trim_start_matches('/');
        let mut rows = Vec::new();
        let options = Options { optimize, ..Options::default() };
        let names: &dyn Fn(&str) -> Option<char> = &|name| taipan_unicode::names::character(name);
        let parse_options = ParseOptions { character_names: Some(names), ..ParseOptions::default() };
        if symtable {
            let arena = taipan_syntax::Arena::new();
            if let Ok(parsed) = taipan_syntax::parse(&arena, &source, &parse_options) {
                match taipan_compiler::symbol_table(&parsed.module, &options) {
                    Ok(blocks) => scopes(&blocks, 0, name, &mut out),
                    Err(e) => {
                        let _ = writeln!(out, "{name}\t{e}");
                    }
                }
            }
            continue;
        }
        for _ in 0..repeat {
            if quiet {
                let start = std::time::Instant::now();
                let arena = taipan_syntax::Arena::with_capacity(source.len() * 8);
                let _ = taipan_syntax::parse(&arena, &source, &parse_options).is_ok();
                parse_time += start.elapsed();
            }
            let start = std::time::Instant::now();
            let result = compile_source(&source, name, &parse_options, &options);
            total_time += start.elapsed();
            if quiet {
                continue;
            }
            match result {
                Ok(compiled) => walk(&compiled.code, &mut rows),
                Err(SourceError::Parse(e)) => rows.push(parse_error(&e)),
                Err(SourceError::Compile(e)) => rows.push(compile_error(&e)),
            }
        }
        for (kind, body) in rows {
            let body = if text {
                body
            } else {
                let mut hasher = DefaultHasher::new();
                body.hash(&mut hasher);
                format!("{:016x}", hasher.finish())
            };
            let _ = writeln!(out, "{name}\t{kind}\t{body}");
        }
    }
    if quiet {
        eprintln!("parse {parse_time:?}, parse and compile {total_time:?}");
    }
}
