//! Packs the library: freezes the modules that start-up needs, and archives every file with its compiled form.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use taipan_compiler::{CodeUnit, Options, compile_source, marshal};

/// Every file of the library gets this modification time when it is unpacked, and its `.pyc` file names it.
const MTIME: u32 = 1_760_000_000;

/// Frozen modules: the name for `import`, and the name in the library.
const FROZEN: &[(&str, &str)] = &[
    ("_frozen_importlib", "importlib._bootstrap"),
    ("_frozen_importlib_external", "importlib._bootstrap_external"),
    ("zipimport", "zipimport"),
    ("abc", "abc"),
    ("codecs", "codecs"),
    ("io", "io"),
    ("_collections_abc", "_collections_abc"),
    ("_sitebuiltins", "_sitebuiltins"),
    ("genericpath", "genericpath"),
    ("ntpath", "ntpath"),
    ("posixpath", "posixpath"),
    ("os", "os"),
    ("site", "site"),
    ("stat", "stat"),
    ("importlib.util", "importlib.util"),
    ("importlib.machinery", "importlib.machinery"),
    ("runpy", "runpy"),
    ("__hello__", "__hello__"),
    ("__phello__", "__phello__"),
    ("__phello__.ham", "__phello__.ham"),
    ("__phello__.ham.eggs", "__phello__.ham.eggs"),
    ("__phello__.spam", "__phello__.spam"),
];

/// Folders that are nothing but tests.
const LEFT_OUT: &[&str] = &["test", "tests", "idle_test", "__pycache__"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=overlay");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());

    let mut files = BTreeMap::new();
    collect(Path::new(rustpython_pylib::LIB_PATH), Path::new(""), &mut files)?;
    collect(Path::new("overlay"), Path::new(""), &mut files)?;
    files.remove("README.md");

    let mut archive = Archive::default();
    for (name, path) in &files {
        let content = fs::read(path)?;
        if name.ends_with(".py") {
            // A few files are examples of wrong source; they have no compiled form.
            if let Some(code) = compile(&content, name) {
                let validation = marshal::Validation::Timestamp { mtime: MTIME, size: content.len() as u32 };
                archive.add(&compiled_name(name), &marshal::pyc(&code, validation));
            }
        }
        archive.add(name, &content);
    }
    archive.write(&out.join("library.bin"))?;

    let mut table = String::from("&[\n");
    let mut frozen: Vec<_> = FROZEN.to_vec();
    frozen.sort();
    for (name, origin) in frozen {
        let stem = origin.replace('.', "/");
        let package = files.contains_key(&format!("{stem}/__init__.py"));
        let file = if package { format!("{stem}/__init__.py") } else { format!("{stem}.py") };
        let Some(path) = files.get(&file) else {
            return Err(io::Error::other(format!("the library has no {file}")));
        };
        let Some(code) = compile(&fs::read(path)?, &format!("<frozen {origin}>")) else {
            return Err(io::Error::other(format!("{file} does not compile")));
        };
        let blob = format!("frozen.{name}.bin");
        fs::write(out.join(&blob), marshal::dumps(&code))?;
        table.push_str(&format!(
            "    Frozen {{ name: {name:?}, origin: {origin:?}, is_package: {package}, code: \
             include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{blob}\")) }},\n"
        ));
    }
    table.push(']');
    fs::write(out.join("frozen.rs"), table)?;
    fs::write(out.join("mtime.rs"), format!("{MTIME}"))?;
    fs::write(out.join("key.txt"), archive.key())
}

/// All files below `root`, by their name relative to it. Later roots replace files of earlier ones.
fn collect(root: &Path, relative: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(relative))? {
        let entry = entry?;
        let name = relative.join(entry.file_name());
        let text = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            if !LEFT_OUT.contains(&text.as_str()) {
                collect(root, &name, files)?;
            }
        } else if !text.ends_with(".pyc") {
            files.insert(name.to_string_lossy().into_owned(), entry.path());
        }
    }
    Ok(())
}

fn compile(source: &[u8], name: &str) -> Option<CodeUnit> {
    let names: &dyn Fn(&str) -> Option<char> = &|name| taipan_unicode::names::character(name);
    let parse_options = taipan_syntax::Options { character_names: Some(names), ..Default::default() };
    compile_source(source, name, &parse_options, &Options::default()).ok().map(|compiled| compiled.code)
}

/// `folder/__pycache__/module.cpython-314.pyc`.
fn compiled_name(name: &str) -> String {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let stem = file.trim_end_matches(".py");
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}__pycache__/{stem}.cpython-314.pyc")
}

/// Names and contents one after another, each with its length in front, compressed as one stream.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
}

impl Archive {
    fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(part);
        }
    }

    /// A name for the content, by FNV-1a: it names a folder, and guards nothing.
    fn key(&self) -> String {
        let hash = self
            .bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        format!("{hash:016x}")
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut encoder = DeflateEncoder::new(fs::File::create(path)?, Compression::new(6));
        encoder.write_all(&self.bytes)?;
        encoder.finish()?.sync_all()
    }
}
