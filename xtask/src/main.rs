//! Checks and generators of the workspace: `cargo xtask VERB`.

mod opcodes;

use std::process::ExitCode;

const HELP: &str = "cargo xtask VERB
  opcodes [--check] INCLUDE   write crates/compiler/src/opcode/table.rs from the reference's headers
  help                        this text";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("opcodes") => opcodes::run(&args[1..]),
        Some("help") | None => {
            println!("{HELP}");
            Ok(())
        }
        Some(verb) => Err(format!("unknown verb {verb}\n{HELP}").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
