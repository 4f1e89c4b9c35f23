//! The `taipan` command.

mod cli;
mod paths;

use std::process::ExitCode;

use taipan_runtime::{import, startup};

fn main() -> ExitCode {
    let mut config = match cli::parse(std::env::args_os().collect()) {
        cli::Outcome::Run(config) => *config,
        cli::Outcome::Exit(status) => return ExitCode::from(status),
    };
    if let Err(error) = paths::resolve(&mut config) {
        eprintln!("taipan: the standard library cannot be unpacked: {error}");
        return ExitCode::from(1);
    }
    taipan_capi::link();
    import::register_builtin(&taipan_runtime::modules::table());
    import::register_builtin(taipan_stdlib::MODULES);
    import::set_frozen_modules(paths::frozen_modules());
    if startup::initialize(config).is_err() {
        return ExitCode::from(1);
    }
    taipan_capi::start();
    // Exit statuses beyond a byte are cut off, as the system does.
    std::process::exit(startup::run_main())
}
