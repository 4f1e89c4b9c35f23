//! Times the lexer and the parser over the Python files of a folder: `cargo bench -p taipan-syntax -- FOLDER`.

use std::time::Instant;
use taipan_syntax::lexer::{LexOptions, Lexer};
use taipan_syntax::token::Kind;
use taipan_syntax::{Arena, Options, parse};

fn collect(folder: &std::path::Path, files: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "py")
            && let Ok(source) = std::fs::read(&path)
        {
            files.push(source);
        }
    }
}

fn main() {
    let Some(folder) = std::env::args().skip(1).find(|arg| !arg.starts_with("--")) else {
        println!("usage: cargo bench -p taipan-syntax -- FOLDER");
        return;
    };
    let mut files = Vec::new();
    collect(folder.as_ref(), &mut files);
    let options = Options { stack_budget: 4 << 20, ..Options::default() };
    let arena = Arena::new();
    files.retain(|source| parse(&arena, source, &options).is_ok());
    let bytes: usize = files.iter().map(Vec::len).sum();
    for _ in 0..3 {
        let start = Instant::now();
        let mut tokens = 0usize;
        for source in &files {
            let Ok(text) = std::str::from_utf8(source) else { continue };
            let mut lexer = Lexer::new(text, LexOptions::default());
            while let Ok(token) = lexer.next_token() {
                tokens += 1;
                if token.kind == Kind::EndMarker {
                    break;
                }
            }
        }
        let lexing = start.elapsed();
        let start = Instant::now();
        let mut arena_bytes = 0;
        for source in &files {
            let arena = Arena::new();
            assert!(parse(&arena, source, &options).is_ok());
            arena_bytes += arena.allocated_bytes();
        }
        let parsing = start.elapsed();
        let rate = |time: std::time::Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{} files, {:.1} MB, {:.1} M tokens, trees {:.0} MB: lexer {lexing:?} ({:.0} MB/s), parse {parsing:?} ({:.0} MB/s)",
            files.len(),
            bytes as f64 / 1e6,
            tokens as f64 / 1e6,
            arena_bytes as f64 / 1e6,
            rate(lexing),
            rate(parsing)
        );
    }
}
