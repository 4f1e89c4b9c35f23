//! Input number `index` of a seed: damaged snippets of library files, soups of tokens, random programs, raw bytes.

use taipan_compiler::Options as CompileOptions;
use taipan_compiler::code::flags;
use taipan_syntax::{Mode, Options as ParseOptions};

use crate::corpus::Corpus;
use crate::deep;
use crate::program;
use crate::random::Random;

/// A source, and how to read and compile it.
pub struct Input {
    pub source: Vec<u8>,
    pub parse: ParseOptions<'static>,
    pub compile: CompileOptions,
}

/// Tokens of which soups are made; a space is put between two that would run together.
const TOKENS: &[&str] = &[
    "a",
    "b",
    "c",
    "x",
    "_",
    "__x",
    "match",
    "case",
    "type",
    "print",
    "self",
    "é",
    "ª",
    "1",
    "0",
    "0x1f",
    "1.5",
    "2j",
    "1_0",
    "0777",
    "1e999",
    "99999999999999999999",
    "'s'",
    "\"t\"",
    "b'b'",
    "u'u'",
    "r'\\'",
    "'''m\n'''",
    "f'{'",
    "f'",
    "'",
    "f'{x}'",
    "f\"\"\"{",
    "t'{x!r:>{w}}'",
    "'\\N{BULLET}'",
    "'\\x'",
    "\"\"\"",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    ":",
    ",",
    ";",
    ".",
    "...",
    "->",
    ":=",
    "=",
    "==",
    "!=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "@",
    "&",
    "|",
    "^",
    "~",
    "<<",
    ">>",
    "+=",
    "-=",
    "*=",
    "**=",
    "@=",
    "!",
    "?",
    "$",
    "`",
    "\\",
    "\\\n",
    "\n",
    "\n",
    "\n ",
    "\n  ",
    "\n    ",
    "\n\t",
    "\n        ",
    "\r",
    "\r\n",
    "\x0c",
    "\0",
    "# c",
    "# type: int\n",
    "# type: ignore\n",
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "except*",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "yield from",
    "not in",
    "is not",
    "async def f():",
    "class C:",
    "if x:",
    "else:",
    "try:",
    "def f(a, *, b=1, **c):",
    "lambda x:",
    "for x in y:",
    "with a as b:",
    "match x:\n case",
    "except E as e:",
    "from __future__ import annotations\n",
    "type X[T] =",
];

/// The input `index` of the run with `seed`.
pub fn input(corpus: &Corpus, seed: u64, index: u64) -> Input {
    let mut random = Random::new(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ index.wrapping_mul(0xA076_1D64_78BD_642F));
    let random = &mut random;
    let source = match random.below(1000) {
        0..420 => {
            let mut source = corpus.snippet(random, 10);
            for _ in 0..random.below(5) {
                damage(&mut source, corpus, random);
            }
            source
        }
        420..620 => soup(random),
        620..700 => {
            let mut source = program::write(random).into_bytes();
            for _ in 0..1 + random.below(3) {
                damage(&mut source, corpus, random);
            }
            source
        }
        700..900 => program::write(random).into_bytes(),
        900..940 => {
            let mut source = corpus.snippet(random, 4);
            for _ in 0..1 + random.below(4) {
                bytes(&mut source, random);
            }
            source
        }
        940..960 => (0..random.below(80)).map(|_| random.next() as u8).collect(),
        960..999 => {
            let level = 1 + random.below(230);
            let which = random.below(deep::SHAPES.len());
            let mut source = deep::source(&deep::SHAPES[which], level).into_bytes();
            source.truncate(20_000);
            if random.chance(40) {
                damage(&mut source, corpus, random);
            }
            source
        }
        _ => {
            let mut source = corpus.file(random, 20_000);
            for _ in 0..random.below(4) {
                damage(&mut source, corpus, random);
            }
            source
        }
    };
    let mode = match random.below(20) {
        0..15 => Mode::Exec,
        15 | 16 => Mode::Eval,
        17 | 18 => Mode::Single,
        _ => Mode::FuncType,
    };
    let parse = ParseOptions {
        mode,
        type_comments: random.chance(15),
        feature_version: if random.chance(90) { 14 } else { random.below(15) as u8 },
        is_text: random.chance(60),
        dont_imply_dedent: random.chance(10),
        allow_incomplete_input: random.chance(10),
        barry_as_bdfl: random.chance(3),
        character_names: Some(&|name| taipan_unicode::names::character(name)),
        ..ParseOptions::default()
    };
    let compile = CompileOptions {
        optimize: random.below(3) as u8,
        future: if random.chance(20) { flags::FUTURE_ANNOTATIONS } else { 0 },
        top_level_await: random.chance(20),
        ..CompileOptions::default()
    };
    Input { source, parse, compile }
}

/// A row of tokens that mean nothing together.
fn soup(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..1 + random.below(24) {
        let token = random.pick(TOKENS);
        let meets = out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && token.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if meets || random.chance(30) {
            out.push(' ');
        }
        out.push_str(token);
    }
    out.into_bytes()
}

/// One mistake as a person or a broken tool would make it.
fn damage(source: &mut Vec<u8>, corpus: &Corpus, random: &mut Random) {
    let at = random.below(source.len() + 1);
    let (from, to) = word(source, at);
    match random.below(10) {
        0 => drop(source.drain(from..to)),
        1 => insert(source, from, random.pick(TOKENS).as_bytes()),
        2 => drop(source.splice(from..to, random.pick(TOKENS).bytes())),
        3 => {
            let word = source[from..to].to_vec();
            insert(source, to, &word);
        }
        4 => {
            let (other_from, other_to) = word(source, random.below(source.len() + 1));
            let word = source[other_from..other_to].to_vec();
            source.splice(from..to, word);
        }
        5 => source.truncate(from),
        6 => drop(source.drain(..from)),
        7 => {
            let other = corpus.snippet(random, 2);
            insert(source, from, &other);
        }
        8 => {
            if let Some(byte) = source.get_mut(at) {
                const SIGNS: &[u8] = b" \n\t()[]{}:,.;='\"#\\@!*&-x1";
                *byte = SIGNS[random.below(SIGNS.len())];
            }
        }
        _ => {
            if at < source.len() {
                source.remove(at);
            }
        }
    }
}

/// Damage below the level of characters.
fn bytes(source: &mut Vec<u8>, random: &mut Random) {
    const ODD: &[&[u8]] = &[
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xe2\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xef\xbb\xbf",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\r",
        b"\r\n",
        b"\x1a",
        b"\x0c",
        b"\x0b",
        b"# coding: latin-1\n",
        b"# coding: utf-8\n",
        b"# coding: ascii\n",
        b"#coding=nope\n",
        b"\xf0\x9f\x98\x80",
        b"\xe2\x82\xac",
        b"\xcd\xb8",
        b"\xc2\xb2",
        b"\xe1\x85\xa0",
        b"\xef\xbc\x91",
    ];
    let at = random.below(source.len() + 1);
    match random.below(4) {
        0 if at < source.len() => source[at] ^= 1 << random.below(8),
        1 if at < source.len() => source[at] = random.next() as u8,
        2 => insert(source, 0, random.pick(ODD)),
        _ => insert(source, at, random.pick(ODD)),
    }
}

fn insert(source: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    source.splice(at..at, bytes.iter().copied());
}

/// The word, space or sign around `at`.
fn word(source: &[u8], at: usize) -> (usize, usize) {
    let class =
        |byte: u8| if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 { 1 } else { 2 + u32::from(byte) };
    let Some(byte) = source.get(at) else { return (source.len(), source.len()) };
    let kind = class(*byte);
    let from = source[..at].iter().rposition(|byte| class(*byte) != kind).map_or(0, |before| before + 1);
    let to = source[at..].iter().position(|byte| class(*byte) != kind).map_or(source.len(), |len| at + len);
    (from, to)
}
