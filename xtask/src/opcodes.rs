//! `cargo xtask opcodes INCLUDE`: writes `crates/compiler/src/opcode/table.rs` from the reference's headers.
//!
//! `INCLUDE` is the folder of the reference's headers (`.../include/python3.14`); without it the variable
//! `TAIPAN_REFERENCE_INCLUDE` names it. Read are `opcode_ids.h` (numbers) and
//! `internal/pycore_opcode_metadata.h` (stack effects, flags, cache counts, base instructions).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

type Failure = Box<dyn std::error::Error>;

/// Writes the table, or with `--check` only compares.
pub fn run(args: &[String]) -> Result<(), Failure> {
    let check = args.iter().any(|a| a == "--check");
    let include = match args.iter().find(|a| !a.starts_with("--")) {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(
            std::env::var_os("TAIPAN_REFERENCE_INCLUDE").ok_or("usage: cargo xtask opcodes [--check] INCLUDE")?,
        ),
    };
    let ids = std::fs::read_to_string(include.join("opcode_ids.h"))?;
    let metadata = std::fs::read_to_string(include.join("internal/pycore_opcode_metadata.h"))?;
    let text = format(&generate(&ids, &metadata)?)?;
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/compiler/src/opcode/table.rs"));
    if check {
        if std::fs::read_to_string(&path)? != text {
            return Err("crates/compiler/src/opcode/table.rs is stale: run cargo xtask opcodes".into());
        }
        return Ok(());
    }
    std::fs::write(&path, text)?;
    Ok(())
}

/// Runs rustfmt over the generated text.
fn format(text: &str) -> Result<String, Failure> {
    use std::io::Write;
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=120,use_small_heuristics=Max"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("rustfmt has no standard input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("rustfmt failed".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// `#define NAME number` lines of opcode_ids.h, by number.
fn numbers(ids: &str) -> BTreeMap<u16, &str> {
    let mut result = BTreeMap::new();
    for line in ids.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("#define") {
            continue;
        }
        let (Some(name), Some(Ok(number))) = (words.next(), words.next().map(str::parse::<u16>)) else { continue };
        if !matches!(name, "HAVE_ARGUMENT" | "MIN_SPECIALIZED_OPCODE" | "MIN_INSTRUMENTED_OPCODE") {
            result.insert(number, name);
        }
    }
    result
}

/// The part of `text` between `start` and the next line that is exactly `}` or `};`.
fn section<'a>(text: &'a str, start: &str) -> Result<&'a str, Failure> {
    let from = text.find(start).ok_or_else(|| format!("{start} not found"))? + start.len();
    let rest = &text[from..];
    let to = rest.find("\n}").ok_or("unterminated section")?;
    Ok(&rest[..to])
}

/// `case NAME: return EXPRESSION;` pairs of a generated switch.
fn cases<'a>(text: &'a str, function: &str) -> Result<BTreeMap<&'a str, String>, Failure> {
    let body = section(text, &format!("int _PyOpcode_{function}(int opcode, int oparg)  {{"))?;
    let mut result = BTreeMap::new();
    let mut name = "";
    for line in body.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("case ") {
            name = rest.trim_end_matches(':');
        } else if line == "default:" {
            // What it returns is said of no instruction, least of all of the one before it.
            break;
        } else if let Some(rest) = line.strip_prefix("return ") {
            result.insert(name, rest.trim_end_matches(';').to_string());
        }
    }
    Ok(result)
}

/// `[NAME] = VALUE,` rows of a designated initialiser.
fn rows<'a>(text: &'a str, start: &str) -> Result<BTreeMap<&'a str, &'a str>, Failure> {
    let mut result = BTreeMap::new();
    for line in section(text, start)?.lines() {
        let Some(rest) = line.trim().strip_prefix('[') else { continue };
        let Some((name, value)) = rest.split_once("] = ") else { continue };
        result.insert(name, value.trim_end_matches(','));
    }
    Ok(result)
}

/// Turns a C expression over `oparg` into Rust over `arg: i32`.
fn expression(c: &str) -> String {
    let mut text = c.replace("oparg", "arg");
    // The generator of CPython writes conditions as `((arg & 1) ? 1 : 0)`.
    while let Some(mark) = text.find('?') {
        let open = matching_open(&text, mark);
        let condition_start = open + 1;
        let colon = mark + text[mark..].find(':').unwrap_or(0);
        let close = matching_close(&text, open);
        let replacement = format!(
            "(if {} != 0 {{ {} }} else {{ {} }})",
            text[condition_start..mark].trim(),
            text[mark + 1..colon].trim(),
            text[colon + 1..close].trim()
        );
        text.replace_range(open..=close, &replacement);
    }
    text
}

/// The index of the parenthesis that encloses position `at`.
fn matching_open(text: &str, at: usize) -> usize {
    let mut depth = 0;
    for (i, byte) in text.bytes().enumerate().take(at).collect::<Vec<_>>().into_iter().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 0 => return i,
            b'(' => depth -= 1,
            _ => {}
        }
    }
    0
}

/// The index of the parenthesis that closes the one at `open`.
fn matching_close(text: &str, open: usize) -> usize {
    let mut depth = 0;
    for (i, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return i;
                }
            }
            _ => {}
        }
    }
    text.len() - 1
}

fn generate(ids: &str, metadata: &str) -> Result<String, Failure> {
    let numbers = numbers(ids);
    let popped = cases(metadata, "num_popped")?;
    let pushed = cases(metadata, "num_pushed")?;
    let flags = rows(metadata, "const struct opcode_metadata _PyOpcode_opcode_metadata[267] = {")?;
    let caches = rows(metadata, "const uint8_t _PyOpcode_Caches[256] = {")?;
    let deopt = rows(metadata, "const uint8_t _PyOpcode_Deopt[256] = {")?;
    let count = numbers.keys().last().ok_or("no opcodes")? + 1;

    let mut out = String::from(
        "//! The instructions of CPython 3.14: numbers, stack effects, flags, cache counts, base instructions.\n\
         //! Generated by `cargo xtask opcodes` from the reference's headers; do not edit.\n\n",
    );
    writeln!(out, "/// The number of slots of the tables, pseudo instructions included.")?;
    writeln!(out, "pub const OPCODE_COUNT: usize = {count};\n")?;
    writeln!(
        out,
        "/// An instruction, by CPython's name and number. Numbers above 255 are pseudo instructions of the compiler."
    )?;
    writeln!(out, "#[allow(non_camel_case_types, clippy::upper_case_acronyms)]")?;
    writeln!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(u16)]\npub enum Opcode {{"
    )?;
    for (number, name) in &numbers {
        writeln!(out, "{name} = {number},")?;
    }
    writeln!(out, "}}\n")?;

    writeln!(out, "/// Every instruction in numeric order.\npub static ALL: [Opcode; {}] = [", numbers.len())?;
    for name in numbers.values() {
        writeln!(out, "Opcode::{name},")?;
    }
    writeln!(out, "];\n")?;
    writeln!(out, "/// The instruction with a number, where one is assigned.")?;
    writeln!(out, "pub static BY_NUMBER: [Option<Opcode>; OPCODE_COUNT] = [")?;
    for number in 0..count {
        match numbers.get(&number) {
            Some(name) => writeln!(out, "Some(Opcode::{name}),")?,
            None => writeln!(out, "None,")?,
        }
    }
    writeln!(out, "];\n")?;
    writeln!(out, "/// CPython's spelling by number; empty where no instruction has the number.")?;
    writeln!(out, "pub static NAMES: [&str; OPCODE_COUNT] = [")?;
    for number in 0..count {
        writeln!(out, "\"{}\",", numbers.get(&number).unwrap_or(&""))?;
    }
    writeln!(out, "];\n")?;
    writeln!(out, "/// `HAS_*` flags by number (see the constants of the parent module).")?;
    writeln!(out, "pub static FLAGS: [u16; OPCODE_COUNT] = [")?;
    for number in 0..count {
        let mut value = 0u16;
        if let Some(row) = numbers.get(&number).and_then(|name| flags.get(name)) {
            for (flag, bit) in FLAG_BITS {
                if row.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == flag) {
                    value |= bit;
                }
            }
        }
        writeln!(out, "{value:#x},")?;
    }
    writeln!(out, "];\n")?;
    writeln!(out, "/// Inline cache entries (16-bit code units) that follow an instruction, by number.")?;
    writeln!(out, "pub static CACHES: [u8; 256] = [")?;
    for number in 0..256u16 {
        let base = numbers.get(&number).map(|name| deopt.get(name).copied().unwrap_or(name));
        writeln!(out, "{},", base.and_then(|name| caches.get(name)).unwrap_or(&"0"))?;
    }
    writeln!(out, "];\n")?;
    writeln!(out, "/// The base form of a specialised instruction, by number; other instructions are their own.")?;
    writeln!(out, "pub static DEOPT: [u8; 256] = [")?;
    let by_name: BTreeMap<&str, u16> = numbers.iter().map(|(n, name)| (*name, *n)).collect();
    for number in 0..256u16 {
        let base = numbers.get(&number).and_then(|name| deopt.get(name)).and_then(|name| by_name.get(name));
        writeln!(out, "{},", base.copied().unwrap_or(number))?;
    }
    writeln!(out, "];\n")?;
    for (function, table, what) in
        [("popped", &popped, "takes from the stack"), ("pushed", &pushed, "puts on the stack")]
    {
        writeln!(
            out,
            "/// How many values `opcode` with argument `arg` {what}; for block pushes, on the way to the handler."
        )?;
        writeln!(out, "pub const fn {function}(opcode: Opcode, arg: i32) -> i32 {{\nmatch opcode {{")?;
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, c) in table {
            groups.entry(expression(c)).or_default().push(name);
        }
        for (text, names) in &groups {
            let pattern: Vec<String> = names.iter().map(|n| format!("Opcode::{n}")).collect();
            writeln!(out, "{} => {text},", pattern.join(" | "))?;
        }
        if table.len() < numbers.len() {
            writeln!(out, "_ => 0,")?;
        }
        writeln!(out, "}}\n}}\n")?;
    }
    Ok(out)
}

const FLAG_BITS: [(&str, u16); 16] = [
    ("HAS_ARG_FLAG", 1),
    ("HAS_CONST_FLAG", 2),
    ("HAS_NAME_FLAG", 4),
    ("HAS_JUMP_FLAG", 8),
    ("HAS_FREE_FLAG", 16),
    ("HAS_LOCAL_FLAG", 32),
    ("HAS_EVAL_BREAK_FLAG", 64),
    ("HAS_DEOPT_FLAG", 128),
    ("HAS_ERROR_FLAG", 256),
    ("HAS_ESCAPES_FLAG", 512),
    ("HAS_EXIT_FLAG", 1024),
    ("HAS_PURE_FLAG", 2048),
    ("HAS_PASSTHROUGH_FLAG", 4096),
    ("HAS_OPARG_AND_1_FLAG", 8192),
    ("HAS_ERROR_NO_POP_FLAG", 16384),
    ("HAS_NO_SAVE_IP_FLAG", 32768),
];
