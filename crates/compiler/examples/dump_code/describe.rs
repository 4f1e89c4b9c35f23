//! Descriptions of code objects in text, the same as a few lines of Python print of the reference's code objects.

use std::fmt::Write as _;

use taipan_compiler::{CodeUnit, Constant, Text};

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

/// All that a code object holds.
pub fn describe(code: &CodeUnit) -> String {
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

/// Adds a row for every code object in `code`: its name and its description.
pub fn walk(code: &CodeUnit, rows: &mut Vec<(String, String)>) {
    rows.push((format!("code {}@{}", code.qualname, code.firstlineno), describe(code)));
    for value in &code.consts {
        if let Constant::Code(inner) = value {
            walk(inner, rows);
        }
    }
}
