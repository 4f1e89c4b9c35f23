//! Compiles Python source files to `.pyc` files: `compile_pyc ROOT OUT FILE...` writes `OUT/<name relative to ROOT>c`.

use taipan_compiler::{Options, compile_source, marshal};
use taipan_syntax::Options as ParseOptions;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (root, out) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
    let names: &dyn Fn(&str) -> Option<char> = &|name| taipan_unicode::names::character(name);
    let parse_options = ParseOptions { character_names: Some(names), ..ParseOptions::default() };
    for path in args {
        let Ok(source) = std::fs::read(&path) else { continue };
        let name = path.strip_prefix(&root).unwrap_or(&path).trim_start_matches('/');
        let Ok(compiled) = compile_source(&source, name, &parse_options, &Options::default()) else { continue };
        let target = std::path::Path::new(&out).join(format!("{name}c"));
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let validation = marshal::Validation::Timestamp { mtime: 0, size: source.len() as u32 };
        std::fs::write(target, marshal::pyc(&compiled.code, validation))?;
    }
    Ok(())
}
