//! Code, errors and warnings of small sources against what the reference makes of them (`tests/golden/*.txt`).
//!
//! With `TAIPAN_BLESS=PYTHON`, a reference interpreter, the expectations are written anew.

#[path = "../examples/dump_code/describe.rs"]
mod describe;

use std::path::PathBuf;

use taipan_compiler::code::flags;
use taipan_compiler::{CompileError, Options, compile};
use taipan_syntax::{Arena, Mode, Options as ParseOptions, parse};

fn rows(head: &str, source: &str) -> Vec<String> {
    let mode = match head.split(' ').next() {
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => Mode::Exec,
    };
    let optimize = if head.contains("-OO") { 2 } else { head.contains("-O") as u8 };
    let arena = Arena::new();
    let options = ParseOptions { mode, is_text: true, ..ParseOptions::default() };
    let parsed = match parse(&arena, source.as_bytes(), &options) {
        Ok(parsed) => parsed,
        Err(e) => {
            return vec![format!("error {} {} {} {} {}", e.message, e.lineno, e.offset, e.end_lineno, e.end_offset)];
        }
    };
    let mut rows = Vec::new();
    let mut warnings = Vec::new();
    let future = if head.contains("annotations") { flags::FUTURE_ANNOTATIONS } else { 0 };
    let options = Options { optimize, future, top_level_await: head.contains("await"), ..Options::default() };
    match compile(&parsed.module, "<golden>", &options, &mut warnings) {
        Ok(code) => {
            let mut found = Vec::new();
            describe::walk(&code, &mut found);
            for (name, text) in found {
                rows.push(name);
                rows.extend(text.lines().map(str::to_string));
            }
        }
        Err(CompileError::Syntax(e)) => {
            rows.push(format!("error {} {} {} {} {}", e.message, e.lineno, e.offset, e.end_lineno, e.end_offset));
        }
        Err(e) => rows.push(format!("error {e}")),
    }
    rows.extend(warnings.iter().map(|w| format!("warn {} {}", w.message, w.lineno)));
    rows
}

#[test]
fn golden() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of golden files")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    if let Some(python) = std::env::var_os("TAIPAN_BLESS") {
        let status = std::process::Command::new(python).arg(folder.join("bless.py")).args(&files).status();
        assert!(status.is_ok_and(|status| status.success()), "blessing failed");
    }
    let mut wrong = 0;
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a golden file");
        let mut case: Option<(&str, &str)> = None;
        for part in text.split("@@ ").skip(1) {
            let (head, body) = part.split_once('\n').unwrap_or((part, ""));
            if head != "expect" {
                case = Some((head, body));
                continue;
            }
            let Some((head, source)) = case.take() else { continue };
            count += 1;
            let expected: Vec<&str> = body.lines().collect();
            let actual = rows(head, source);
            if expected != actual {
                wrong += 1;
                println!("{}: {head}\n{source}", file.display());
                for (expected, actual) in expected.iter().zip(&actual) {
                    if expected != actual {
                        println!("expected {expected}\n  actual {actual}");
                    }
                }
                println!("{} rows expected, {} found", expected.len(), actual.len());
            }
        }
    }
    assert!(count > 0 && wrong == 0, "{wrong} of {count} cases differ");
}

/// Deep nesting is an error, never an overflow of the stack.
#[test]
fn deep_nesting() {
    for source in [
        format!("{}a", "-".repeat(100_000)),
        format!("a{}", ".b".repeat(100_000)),
        format!("a{}", "()".repeat(100_000)),
        format!("a{}", "*a".repeat(100_000)),
        format!("if a: pass{}", "\nelif a: pass".repeat(100_000)),
    ] {
        let arena = Arena::new();
        let Ok(parsed) = parse(&arena, source.as_bytes(), &ParseOptions::default()) else { continue };
        let result = compile(&parsed.module, "<deep>", &Options::default(), &mut Vec::new());
        assert_eq!(result.err(), Some(CompileError::Recursion));
    }
}
