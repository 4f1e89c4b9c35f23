//! `cargo xtask VERB`: checks and generators of the workspace.

mod abi_check;
mod exports;
mod opcodes;

use std::env;
use std::process::ExitCode;

/// What `cargo xtask help` prints, a line per verb.
const USAGE: &str = "\
cargo xtask VERB
  abi-check [INCLUDE_DIR]     compare the layouts and constants of taipan-abi with the headers of the reference
  exports [EXECUTABLE]        compare what the executable exports with what extension modules import
  opcodes [--check] INCLUDE   write crates/compiler/src/opcode/table.rs from the reference's headers";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some("abi-check") => abi_check::run(args),
        Some("exports") => exports::run(args),
        Some("opcodes") => match opcodes::run(&args.collect::<Vec<_>>()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Some("help") | None => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some(verb) => {
            eprintln!("xtask: no verb `{verb}`\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}
