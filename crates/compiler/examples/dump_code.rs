//! Describes every code object of Python source files, one line each: file, `code QUALNAME@LINE`, content.
//!
//! `dump_code [--text] [--optimize N] ROOT FILE...`: names are relative to ROOT. Without `--text` the content is
//! replaced by a digest. What a reference interpreter says in the same form can then be compared line by line.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;

use taipan_compiler::{CodeUnit, CompileError, Constant, Options, SourceError, Text, compile_source};
use taipan_syntax::{ErrorKind, Mode, Options as ParseOptions};

fn quoted(bytes: &[u8], prefix: &str) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = format!("{prefix}{quote}");
    if prefix == "b" {
        for byte in bytes {
            match byte {
                b'\\' => out.push_str("\\\\"),
                b'\n' => out.push_str("\\n"),
                b'\r' => out.push_str("\\r"),
                b'\t' => out.push_str("\\t"),
                0x20..0x7f if *byte as char == quote => write!(out, "\\{quote}").unwrap_or_default(),
                0x20..0x7f => out.push(*byte as char),
                _ => write!(out, "\\x{byte:02x}").unwrap_or_default(),
            }
        }
    }
    out.push(quote);
    out
}

fn text_repr(text: &Text) -> String {
    use rustpython_literal::escape::UnicodeEscape;
    match rustpython_wtf8::Wtf8::from_bytes(text.as_bytes()) {
        Some(text) => UnicodeEscape::new_repr(text).str_repr().to_string().unwrap_or_default(),
        None => "?".into(),
    }
}

fn constant(value: &Constant) -> String {
    let float = rustpython_literal::float::to_string;
    match value {
        Constant::None => "NoneType None".into(),
        Constant::Ellipsis => "ellipsis Ellipsis".into(),
        Constant::Bool(v) => format!("bool {}", if *v { "True" } else { "False" }),
        Constant::Int(v) => format!("int {v}"),
        Constant::BigInt(v) => {
            let mut big = num_bigint::BigInt::from(0);
            for digit in v.digits.iter().rev() {
                big = (big << 30) + digit;
            }
            format!("int {}{big}", if v.negative { "-" } else { "" })
        }
        Constant::Float(v) => format!("float {}", float(*v)),
        Constant::Complex { real, imag } => {
            format!("complex {}", rustpython_literal::complex::to_string(*real, *imag))
        }
        Constant::Str(v) => format!("str {}", text_repr(v)),
        Constant::Bytes(v) => format!("bytes {}", quoted(v, "b")),
        Constant::Tuple(v) => format!("({})", v.iter().map(constant).collect::<Vec<_>>().join(", ")),
        Constant::FrozenSet(v) => {
            let mut items: Vec<String> = v.iter().map(constant).collect();
            items.sort();
            format!("{{{}}}", items.join(", "))
        }
        Constant::Slice(v) => {
            let plain = |c: &Constant| constant(c).split_once(' ').map(|(_, r)| r.to_string()).unwrap_or_default();
            format!("slice slice({}, {}, {})", plain(&v[0]), plain(&v[1]), plain(&v[2]))
        }
        Constant::Code(v) => format!("<code {}>", v.qualname),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a Text>) -> String {
    let names: Vec<String> = names.map(text_repr).collect();
    if names.len() == 1 { format!("({},)", names[0]) } else { format!("({})", names.join(", ")) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}

fn describe(code: &CodeUnit) -> String {
    [
        format!("code {}", hex(&code.code)),
        format!("consts {}", code.consts.iter().map(constant).collect::<Vec<_>>().join(", ")),
        format!("names {}", names(code.names.iter())),
        format!("varnames {}", names(code.varnames())),
        format!("cells {}", names(code.cellvars())),
        format!("free {}", names(code.freevars())),
        format!("flags {:#x}", code.flags),
        format!("stack {}", code.stacksize),
        format!("args {} {} {}", code.argcount, code.posonlyargcount, code.kwonlyargcount),
        format!("exceptions {}", hex(&code.exceptiontable)),
        format!("lines {}", hex(&code.linetable)),
    ]
    .join("\n")
}

fn walk(code: &CodeUnit, rows: &mut Vec<(String, String)>) {
    rows.push((format!("code {}@{}", code.qualname, code.firstlineno), describe(code)));
    for value in &code.consts {
        if let Constant::Code(inner) = value {
            walk(inner, rows);
        }
    }
}

/// Compiles snippets: a file of lines, each the first letter of a mode and the source in hexadecimal.
fn snippets(path: &str) {
    let names: &dyn Fn(&str) -> Option<char> = &|name| rustpython_unicode::data::lookup_character(name);
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
        let names: &dyn Fn(&str) -> Option<char> = &|name| rustpython_unicode::data::lookup_character(name);
        let parse_options = ParseOptions { character_names: Some(names), ..ParseOptions::default() };
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
