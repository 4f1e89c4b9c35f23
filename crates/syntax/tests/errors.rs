//! Errors as the reference interpreter gives them: `errors.txt` holds sources, as JSON strings, and under each what
//! CPython 3.14 says of it. `TAIPAN_REFERENCE=path/to/python3.14 cargo test -p taipan-syntax` asks it anew and rewrites
//! the file.

use taipan_syntax::{Arena, ErrorKind, Options, parse};

const SCRIPT: &str = r#"
import json, sys, warnings
warnings.simplefilter('ignore')
path = sys.argv[1]
lines = open(path, encoding='utf-8').read().split('\n')
with open(path, 'w', encoding='utf-8') as out:
    for line in lines[::2]:
        if not line:
            continue
        try:
            compile(json.loads(line), '<no file>', 'exec', 0x400)
            answer = 'ok'
        except SyntaxError as e:
            answer = f'{type(e).__name__}: {e.msg} @ {e.lineno}:{e.offset}-{e.end_lineno}:{e.end_offset}'
        out.write(line + '\n    ' + answer.replace('\n', '\\n') + '\n')
"#;

/// The text of a JSON string.
fn unquote(json: &str) -> String {
    let mut out = String::new();
    let mut chars = json[1..json.len() - 1].chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\x0c'),
            Some('b') => out.push('\x08'),
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                out.push(char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap());
            }
            other => out.extend(other),
        }
    }
    out
}

fn answer(source: &str) -> String {
    let arena = Arena::new();
    let names = |name: &str| taipan_unicode::names::character(name);
    let options = Options { is_text: true, character_names: Some(&names), stack_budget: 1 << 20, ..Options::default() };
    match parse(&arena, source.as_bytes(), &options) {
        Ok(_) => "ok".to_string(),
        Err(e) => {
            let name = match e.kind {
                ErrorKind::Syntax => "SyntaxError",
                ErrorKind::Indentation => "IndentationError",
                ErrorKind::Tab => "TabError",
                _ => "?",
            };
            let message = e.message.replace('\n', "\\n");
            format!("{name}: {message} @ {}:{}-{}:{}", e.lineno, e.offset, e.end_lineno, e.end_offset)
        }
    }
}

#[test]
fn errors_are_those_of_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors.txt");
    if let Ok(reference) = std::env::var("TAIPAN_REFERENCE") {
        let status = std::process::Command::new(reference).args(["-c", SCRIPT, path]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }
    let golden = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = golden.lines().collect();
    let mut wrong = String::new();
    for pair in lines.chunks(2) {
        let (expected, actual) = (pair[1].trim(), answer(&unquote(pair[0])));
        if expected != actual {
            wrong.push_str(&format!("{}\n  expected {expected}\n  actual   {actual}\n", pair[0]));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
