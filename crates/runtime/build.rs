//! Unpacks the docstrings of built-in types, functions and modules (the data crate `rustpython-doc`, and docs.txt) into flat
//! files that the runtime embeds: the texts, and a sorted index of names. Reading a docstring then costs a binary
//! search and nothing at start-up.

use std::collections::BTreeMap;
use std::io::Read;
use std::{env, fs, path::PathBuf};

fn main() {
    choose_driver();
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut texts = Vec::new();
    xz::read::XzDecoder::new(rustpython_doc::BLOB).read_to_end(&mut texts).expect("the texts unpack");
    let known = rustpython_doc::DB.iter().filter(|(_, doc)| doc.len != 0);
    let mut rows: BTreeMap<&str, (u32, u32)> = known.map(|(name, doc)| (*name, (doc.offset, doc.len))).collect();
    println!("cargo:rerun-if-changed=docs.txt");
    let ours = fs::read_to_string("docs.txt").expect("docs.txt is there");
    let mut own = Vec::new();
    for entry in ours.strip_suffix('\n').unwrap_or(&ours).split("\n=== ").skip(1) {
        let (name, text) = entry.split_once('\n').expect("an entry begins with its name");
        own.extend(name.strip_suffix(".__doc__"));
        rows.insert(name, (texts.len() as u32, text.len() as u32));
        texts.extend_from_slice(text.as_bytes());
    }
    // A type and a function of one name: the row of the name says that the type has one of its own.
    for name in own {
        rows.entry(name).or_default().1 |= TYPE_HAS_OWN;
    }
    // Names of types, functions and modules come first: start-up asks for types, and the pages it reads are few that way.
    // Each row is four words: where the name starts, its length, where the text starts, its length.
    let (mut names, mut index, mut ordered) = (Vec::new(), Vec::new(), Vec::new());
    let (members, outer): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, _)| is_member(name));
    let outer_rows = outer.len();
    for (name, (offset, length)) in outer.into_iter().chain(members) {
        let text = offset as usize..(offset + (length & !TYPE_HAS_OWN)) as usize;
        for word in [names.len() as u32, name.len() as u32, ordered.len() as u32, length] {
            index.extend_from_slice(&word.to_le_bytes());
        }
        names.extend_from_slice(name.as_bytes());
        ordered.extend_from_slice(&texts[text]);
    }
    println!("cargo:rustc-env=DOCS_OUTER_ROWS={outer_rows}");
    fs::write(out.join("docs.texts"), ordered).expect("OUT_DIR is writable");
    fs::write(out.join("docs.names"), names).expect("OUT_DIR is writable");
    fs::write(out.join("docs.index"), index).expect("OUT_DIR is writable");
}

/// In the length of a text: of a type of this name there is another, under `name.__doc__`.
const TYPE_HAS_OWN: u32 = 1 << 31;

/// Whether `name` is that of a member of a type: `module.Type.member`. As in `types/descr/doc.rs`.
fn is_member(name: &str) -> bool {
    name.split('.').count() > 2
}

/// Tail calls become jumps where code is optimised, on the machines where that was tried. Elsewhere, or when
/// `TAIPAN_DRIVER=match` says so, the interpreter is a `match` in a loop.
fn choose_driver() {
    println!("cargo:rerun-if-env-changed=TAIPAN_DRIVER");
    println!("cargo:rustc-check-cfg=cfg(match_driver)");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let tried = ["x86_64", "aarch64"].contains(&variable("CARGO_CFG_TARGET_ARCH").as_str());
    // The checks at each count keep tail calls from being jumps.
    let checked = std::env::var_os("CARGO_CFG_TAIPAN_CHECKED").is_some();
    if checked || !tried || variable("OPT_LEVEL") == "0" || variable("TAIPAN_DRIVER") == "match" {
        println!("cargo:rustc-cfg=match_driver");
    }
}
