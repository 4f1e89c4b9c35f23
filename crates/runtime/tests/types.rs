//! What classes, attributes and descriptors do, against the reference: each script of `types/` prints lines, and beside it
//! stands what CPython 3.14 printed (`python3.14 -W ignore NAME.py > NAME.expected`). The scripts need nothing but builtins.

use taipan_runtime::compile::{Mode, Request, compile_source};
use taipan_runtime::interp::eval_code;
use taipan_runtime::prelude::*;
use taipan_runtime::{modules, thread, types};

const SCRIPTS: &[&str] = &["errors", "attributes", "properties", "classes", "instances", "lifetime"];

/// `print` of the scripts: it collects lines.
const PRELUDE: &[u8] = b"def print(*a): LINES.append(' '.join([str(x) for x in a]))\n";

fn run(source: &[u8], name: &str, globals: &Ref<Dict>) -> PyResult<()> {
    let name = Str::from_utf8_str(name)?;
    let request = Request { mode: Mode::Exec, flags: 0, optimize: 0, is_text: false };
    let code = compile_source(source, name.borrow(), request)?;
    eval_code(&code, globals.borrow(), None).map(drop)
}

fn lines_of(name: &str, source: &[u8], builtins: &Ref<Module>) -> PyResult<Vec<String>> {
    let globals = Dict::new()?;
    globals.set_str(id!("__builtins__"), builtins.as_borrowed())?;
    globals.set_str(id!("__name__"), id!("__main__"))?;
    let lines = List::new()?;
    globals.set_str(id!("LINES"), lines.as_borrowed())?;
    run(PRELUDE, "prelude", &globals)?;
    let result = run(source, name, &globals);
    let mut lines: Vec<String> = lines.to_vec().iter().map(|line| line.to_text()).collect();
    if let Err(raised) = result {
        let exception = raised.take();
        lines.push(format!("{name} ended with {}: {}", exception.type_name(), exception.to_text()));
    }
    Ok(lines)
}

fn check() -> PyResult<Vec<String>> {
    types::init()?;
    let builtins = modules::builtins::create()?;
    let mut differences = Vec::new();
    for name in SCRIPTS {
        let path = |extension: &str| format!("{}/tests/types/{name}.{extension}", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read(path("py")).expect("the script");
        let expected = std::fs::read_to_string(path("expected")).expect("what the reference printed");
        // A value may print several lines.
        let found = lines_of(name, &source, &builtins)?.join("\n");
        let (found, expected): (Vec<&str>, Vec<&str>) = (found.lines().collect(), expected.lines().collect());
        for index in 0..found.len().max(expected.len()) {
            let (found, expected) = (found.get(index), expected.get(index));
            if found != expected {
                differences.push(format!("{name}:{}\n  expected {expected:?}\n  found    {found:?}", index + 1));
            }
        }
    }
    Ok(differences)
}

#[test]
fn scripts_print_what_the_reference_prints() {
    let config = thread::Config::default();
    types::hash::init(config.hash_seed);
    thread::config::set_config(config);
    assert!(thread::state::initialize_main().is_some(), "no thread state");
    match check() {
        Ok(differences) => assert!(differences.is_empty(), "{}", differences.join("\n")),
        Err(raised) => panic!("{}", raised.take().to_text()),
    }
}
