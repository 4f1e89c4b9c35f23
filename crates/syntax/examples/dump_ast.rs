//! Prints syntax trees in a compact form, or with `--check` one line per file: length and CRC-32 of that form, or the
//! error. A script that writes the same form from CPython's `ast` can then compare whole libraries.
//!
//! With `--snippets FILE` the file holds records `MODE LENGTH\n` and the source, and each gives such a line.
//!
//! `dump_ast [--check] [--eval|--single|--func-type] [--type-comments] FILE...`

use std::io::{Read, Write};
use taipan_syntax::ast::*;
use taipan_syntax::{Arena, Mode, Options, parse};

struct Out {
    bytes: Vec<u8>,
}

macro_rules! node {
    ($out:expr, $name:expr, $range:expr, $($field:expr),*) => {{
        $out.head($name, $range);
        $( $field.put($out); $out.bytes.push(b','); )*
        $out.bytes.push(b')');
    }};
}

impl Out {
    fn head(&mut self, name: &str, range: Option<Range>) {
        match range {
            Some(r) => {
                write!(self.bytes, "{name}@{}.{}.{}.{}(", r.lineno, r.col_offset, r.end_lineno, r.end_col_offset)
            }
            None => write!(self.bytes, "{name}("),
        }
        .unwrap();
    }
}

trait Put {
    fn put(&self, out: &mut Out);
}

impl<T: Put> Put for Option<T> {
    fn put(&self, out: &mut Out) {
        match self {
            Some(x) => x.put(out),
            None => out.bytes.push(b'~'),
        }
    }
}

impl<T: Put> Put for [T] {
    fn put(&self, out: &mut Out) {
        out.bytes.push(b'[');
        for x in self {
            x.put(out);
            out.bytes.push(b',');
        }
        out.bytes.push(b']');
    }
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, out: &mut Out) {
        (**self).put(out)
    }
}

impl Put for str {
    fn put(&self, out: &mut Out) {
        write!(out.bytes, "'{self}'").unwrap();
    }
}

impl Put for i32 {
    fn put(&self, out: &mut Out) {
        write!(out.bytes, "{self}").unwrap();
    }
}

macro_rules! put_debug {
    ($($t:ty),*) => {$(
        impl Put for $t {
            fn put(&self, out: &mut Out) {
                write!(out.bytes, "{self:?}()").unwrap();
            }
        }
    )*};
}
put_debug!(ExprContext, BoolOp, Operator, UnaryOp, CmpOp);

impl Put for Constant<'_> {
    fn put(&self, out: &mut Out) {
        match self {
            Constant::None => out.bytes.push(b'N'),
            Constant::Bool(b) => write!(out.bytes, "{}", if *b { "T" } else { "F" }).unwrap(),
            Constant::Ellipsis => write!(out.bytes, "...").unwrap(),
            Constant::Int(Int::Small(n)) => write!(out.bytes, "i{n:x}").unwrap(),
            Constant::Int(Int::Big { digits, .. }) => {
                let mut bits: Vec<u8> = digits.iter().flat_map(|d| (0..30).map(move |i| (d >> i & 1) as u8)).collect();
                while !bits.len().is_multiple_of(4) {
                    bits.push(0);
                }
                let hex: String = bits
                    .chunks(4)
                    .rev()
                    .map(|c| char::from_digit(c.iter().rev().fold(0, |n, b| n * 2 + u32::from(*b)), 16).unwrap())
                    .collect();
                write!(out.bytes, "i{}", hex.trim_start_matches('0')).unwrap();
            }
            Constant::Float(f) => write!(out.bytes, "f{:x}", f.to_bits()).unwrap(),
            Constant::Complex { real, imag } => {
                write!(out.bytes, "c{:x}_{:x}", real.to_bits(), imag.to_bits()).unwrap();
            }
            Constant::Str(s) => {
                out.bytes.push(b'\'');
                out.bytes.extend_from_slice(s.as_bytes());
                out.bytes.push(b'\'');
            }
            Constant::Bytes(b) => {
                out.bytes.extend_from_slice(b"b'");
                out.bytes.extend_from_slice(b);
                out.bytes.push(b'\'');
            }
            Constant::Tuple(_) | Constant::FrozenSet(_) => write!(out.bytes, "?").unwrap(),
        }
    }
}

impl Put for Mod<'_> {
    fn put(&self, out: &mut Out) {
        match self {
            Mod::Module { body, type_ignores } => node!(out, "Module", None, body, type_ignores),
            Mod::Interactive { body } => node!(out, "Interactive", None, body),
            Mod::Expression { body } => node!(out, "Expression", None, body),
            Mod::FunctionType { argtypes, returns } => node!(out, "FunctionType", None, argtypes, returns),
        }
    }
}

impl Put for TypeIgnore<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "TypeIgnore", None, self.lineno, self.tag)
    }
}

impl Put for Stmt<'_> {
    fn put(&self, out: &mut Out) {
        use StmtKind::*;
        let r = Some(self.range);
        let def = |out: &mut Out, name, d: &taipan_syntax::ast::FunctionDef<'_>| {
            node!(out, name, r, d.name, d.args, d.body, d.decorator_list, d.returns, d.type_comment, d.type_params)
        };
        match self.kind {
            FunctionDef(d) => def(out, "FunctionDef", d),
            AsyncFunctionDef(d) => def(out, "AsyncFunctionDef", d),
            ClassDef(c) => {
                node!(out, "ClassDef", r, c.name, c.bases, c.keywords, c.body, c.decorator_list, c.type_params)
            }
            Return { value } => node!(out, "Return", r, value),
            Delete { targets } => node!(out, "Delete", r, targets),
            Assign { targets, value, type_comment } => node!(out, "Assign", r, targets, value, type_comment),
            TypeAlias { name, type_params, value } => node!(out, "TypeAlias", r, name, type_params, value),
            AugAssign { target, op, value } => node!(out, "AugAssign", r, target, op, value),
            AnnAssign { target, annotation, value, simple } => {
                node!(out, "AnnAssign", r, target, annotation, value, simple)
            }
            For(f) => node!(out, "For", r, f.target, f.iter, f.body, f.orelse, f.type_comment),
            AsyncFor(f) => node!(out, "AsyncFor", r, f.target, f.iter, f.body, f.orelse, f.type_comment),
            While { test, body, orelse } => node!(out, "While", r, test, body, orelse),
            If { test, body, orelse } => node!(out, "If", r, test, body, orelse),
            With(w) => node!(out, "With", r, w.items, w.body, w.type_comment),
            AsyncWith(w) => node!(out, "AsyncWith", r, w.items, w.body, w.type_comment),
            Match { subject, cases } => node!(out, "Match", r, subject, cases),
            Raise { exc, cause } => node!(out, "Raise", r, exc, cause),
            Try(t) => node!(out, "Try", r, t.body, t.handlers, t.orelse, t.finalbody),
            TryStar(t) => node!(out, "TryStar", r, t.body, t.handlers, t.orelse, t.finalbody),
            Assert { test, msg } => node!(out, "Assert", r, test, msg),
            Import { names } => node!(out, "Import", r, names),
            ImportFrom { module, names, level } => node!(out, "ImportFrom", r, module, names, level),
            Global { names } => node!(out, "Global", r, names),
            Nonlocal { names } => node!(out, "Nonlocal", r, names),
            Expr { value } => node!(out, "Expr", r, value),
            Pass => node!(out, "Pass", r,),
            Break => node!(out, "Break", r,),
            Continue => node!(out, "Continue", r,),
        }
    }
}

impl Put for ExceptHandler<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "ExceptHandler", Some(self.range), self.type_, self.name, self.body)
    }
}

impl Put for Alias<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "alias", Some(self.range), self.name, self.asname)
    }
}

impl Put for WithItem<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "withitem", None, self.context_expr, self.optional_vars)
    }
}

impl Put for MatchCase<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "match_case", None, self.pattern, self.guard, self.body)
    }
}

impl Put for TypeParam<'_> {
    fn put(&self, out: &mut Out) {
        let r = Some(self.range);
        match self.kind {
            TypeParamKind::TypeVar { name, bound, default_value } => {
                node!(out, "TypeVar", r, name, bound, default_value)
            }
            TypeParamKind::ParamSpec { name, default_value } => node!(out, "ParamSpec", r, name, default_value),
            TypeParamKind::TypeVarTuple { name, default_value } => {
                node!(out, "TypeVarTuple", r, name, default_value)
            }
        }
    }
}

impl Put for Expr<'_> {
    fn put(&self, out: &mut Out) {
        use ExprKind::*;
        let r = Some(self.range);
        match self.kind {
            BoolOp { op, values } => node!(out, "BoolOp", r, op, values),
            NamedExpr { target, value } => node!(out, "NamedExpr", r, target, value),
            BinOp { left, op, right } => node!(out, "BinOp", r, left, op, right),
            UnaryOp { op, operand } => node!(out, "UnaryOp", r, op, operand),
            Lambda { args, body } => node!(out, "Lambda", r, args, body),
            IfExp { test, body, orelse } => node!(out, "IfExp", r, test, body, orelse),
            Dict { keys, values } => node!(out, "Dict", r, keys, values),
            Set { elts } => node!(out, "Set", r, elts),
            ListComp { elt, generators } => node!(out, "ListComp", r, elt, generators),
            SetComp { elt, generators } => node!(out, "SetComp", r, elt, generators),
            DictComp { key, value, generators } => node!(out, "DictComp", r, key, value, generators),
            GeneratorExp { elt, generators } => node!(out, "GeneratorExp", r, elt, generators),
            Await { value } => node!(out, "Await", r, value),
            Yield { value } => node!(out, "Yield", r, value),
            YieldFrom { value } => node!(out, "YieldFrom", r, value),
            Compare { left, ops, comparators } => node!(out, "Compare", r, left, ops, comparators),
            Call { func, args, keywords } => node!(out, "Call", r, func, args, keywords),
            FormattedValue { value, conversion, format_spec } => {
                node!(out, "FormattedValue", r, value, conversion, format_spec)
            }
            Interpolation { value, str, conversion, format_spec } => {
                node!(out, "Interpolation", r, value, str, conversion, format_spec)
            }
            JoinedStr { values } => node!(out, "JoinedStr", r, values),
            TemplateStr { values } => node!(out, "TemplateStr", r, values),
            Constant { value, kind } => node!(out, "Constant", r, value, kind),
            Attribute { value, attr, ctx } => node!(out, "Attribute", r, value, attr, ctx),
            Subscript { value, slice, ctx } => node!(out, "Subscript", r, value, slice, ctx),
            Starred { value, ctx } => node!(out, "Starred", r, value, ctx),
            Name { id, ctx } => node!(out, "Name", r, id, ctx),
            List { elts, ctx } => node!(out, "List", r, elts, ctx),
            Tuple { elts, ctx } => node!(out, "Tuple", r, elts, ctx),
            Slice { lower, upper, step } => node!(out, "Slice", r, lower, upper, step),
        }
    }
}

impl Put for Comprehension<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "comprehension", None, self.target, self.iter, self.ifs, self.is_async)
    }
}

impl Put for Keyword<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "keyword", Some(self.range), self.arg, self.value)
    }
}

impl Put for Arguments<'_> {
    fn put(&self, out: &mut Out) {
        node!(
            out,
            "arguments",
            None,
            self.posonlyargs,
            self.args,
            self.vararg,
            self.kwonlyargs,
            self.kw_defaults,
            self.kwarg,
            self.defaults
        )
    }
}

impl Put for Arg<'_> {
    fn put(&self, out: &mut Out) {
        node!(out, "arg", Some(self.range), self.arg, self.annotation, self.type_comment)
    }
}

impl Put for Pattern<'_> {
    fn put(&self, out: &mut Out) {
        use PatternKind::*;
        let r = Some(self.range);
        match self.kind {
            MatchValue { value } => node!(out, "MatchValue", r, value),
            MatchSingleton { value } => node!(out, "MatchSingleton", r, value),
            MatchSequence { patterns } => node!(out, "MatchSequence", r, patterns),
            MatchMapping { keys, patterns, rest } => node!(out, "MatchMapping", r, keys, patterns, rest),
            MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                node!(out, "MatchClass", r, cls, patterns, kwd_attrs, kwd_patterns)
            }
            MatchStar { name } => node!(out, "MatchStar", r, name),
            MatchAs { pattern, name } => node!(out, "MatchAs", r, pattern, name),
            MatchOr { patterns } => node!(out, "MatchOr", r, patterns),
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (i, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(i as u32, |c, _| if c & 1 != 0 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 });
    }
    !bytes.iter().fold(!0u32, |c, b| table[((c ^ u32::from(*b)) & 0xFF) as usize] ^ (c >> 8))
}

fn print_tokens(arena: &Arena, source: &[u8]) {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let text = String::from_utf8_lossy(source);
    for token in taipan_syntax::tokenize::PyTokens::new(arena, &text, true) {
        match token {
            Ok(t) => {
                writeln!(out, "{} {:x?} {:?} {:?} {:x?}", t.kind, t.text.as_bytes(), t.start, t.end, t.line.as_bytes())
            }
            Err(e) => writeln!(out, "{e:?}"),
        }
        .unwrap();
    }
}

fn run_snippets(mut records: &[u8], options: &Options<'_>) {
    let stdout = std::io::stdout().lock();
    let mut stdout = std::io::BufWriter::new(stdout);
    while !records.is_empty() {
        let end = records.iter().position(|b| *b == b'\n').unwrap();
        let head = std::str::from_utf8(&records[..end]).unwrap();
        let (mode, len) = head.split_once(' ').unwrap();
        let len: usize = len.parse().unwrap();
        let source = &records[end + 1..end + 1 + len];
        records = &records[end + 1 + len..];
        // `eval`, or with flags `single+incomplete+nodedent`, `exec+types+v8`.
        let mut flags = mode.split('+');
        let mode = match flags.next() {
            Some("eval") => Mode::Eval,
            Some("single") => Mode::Single,
            Some("func_type") => Mode::FuncType,
            _ => Mode::Exec,
        };
        let mut options = Options { is_text: true, ..*options };
        let mut show_warnings = false;
        for flag in flags {
            match flag {
                "incomplete" => options.allow_incomplete_input = true,
                "nodedent" => options.dont_imply_dedent = true,
                "types" => options.type_comments = true,
                "bytes" => options.is_text = false,
                "warn" => show_warnings = true,
                _ => options.feature_version = flag.trim_start_matches('v').parse().unwrap(),
            }
        }
        let arena = Arena::new();
        match parse(&arena, source, &Options { mode, ..options }) {
            Ok(parsed) => {
                let mut out = Out { bytes: Vec::new() };
                parsed.module.put(&mut out);
                write!(stdout, "OK\t{}\t{:08x}", out.bytes.len(), crc32(&out.bytes)).unwrap();
                if show_warnings {
                    for warning in &parsed.warnings {
                        write!(stdout, "\t{} {}", warning.lineno, warning.message).unwrap();
                    }
                }
                writeln!(stdout).unwrap();
            }
            Err(e) => {
                let text = e.text.as_deref().map(|t| t.bytes().map(|b| format!("{b:02x}")).collect::<String>());
                let (kind, message) = (e.kind, e.message.replace('\n', " "));
                let place = (e.lineno, e.offset, e.end_lineno, e.end_offset);
                writeln!(
                    stdout,
                    "ERR\t{kind:?}\t{message}\t{} {} {} {}\t{}",
                    place.0,
                    place.1,
                    place.2,
                    place.3,
                    text.as_deref().unwrap_or("-")
                )
                .unwrap();
            }
        }
    }
}

fn main() {
    let mut mode = Mode::Exec;
    let mut type_comments = false;
    let mut check = false;
    let mut files = Vec::new();
    let mut snippets = None;
    let mut tokens = false;
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--tokens" => tokens = true,
            "--snippets" => snippets = Some(String::new()),
            "--check" => check = true,
            "--eval" => mode = Mode::Eval,
            "--single" => mode = Mode::Single,
            "--func-type" => mode = Mode::FuncType,
            "--type-comments" => type_comments = true,
            _ if snippets.as_deref() == Some("") => snippets = Some(arg),
            _ => files.push(arg),
        }
    }
    std::thread::scope(|scope| {
        let run = || {
            let names = |name: &str| taipan_unicode::names::character(name);
            let character_names: Option<taipan_syntax::options::CharacterNames<'_>> = Some(&names);
            let options =
                Options { mode, type_comments, character_names, stack_budget: 48 << 20, ..Options::default() };
            if let Some(path) = &snippets {
                run_snippets(&std::fs::read(path).unwrap(), &options);
            }
            for file in &files {
                let mut source = Vec::new();
                if file == "-" {
                    std::io::stdin().read_to_end(&mut source).unwrap();
                } else {
                    source = std::fs::read(file).unwrap();
                }
                let arena = Arena::new();
                if tokens {
                    print_tokens(&arena, &source);
                    continue;
                }
                match parse(&arena, &source, &options) {
                    Ok(parsed) => {
                        let mut out = Out { bytes: Vec::new() };
                        parsed.module.put(&mut out);
                        if check {
                            println!("{file}\t{} {:08x}", out.bytes.len(), crc32(&out.bytes));
                        } else {
                            std::io::stdout().write_all(&out.bytes).unwrap();
                            println!();
                            for warning in &parsed.warnings {
                                println!("{warning:?}");
                            }
                        }
                    }
                    Err(e) => println!(
                        "{file}\t{:?} {:?} {} {} {} {} {:?}",
                        e.kind, e.message, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text
                    ),
                }
            }
        };
        std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}
