//! The `taipan` command.

mod cli;
mod paths;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};

use taipan_runtime::memory::rust_alloc;
use taipan_runtime::{import, startup};

#[global_allocator]
static ALLOCATOR: rust_alloc::Allocator = rust_alloc::Allocator;

/// The standard descriptors that were closed when the process began, one bit each. Rust's start-up opens `/dev/null` there,
/// but a program has to see that they are closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static NOTE_CLOSED: extern "C" fn() = note_closed;

extern "C" fn note_closed() {
    for fd in 0..3 {
        if startup::streams::is_closed(fd) {
            CLOSED.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
}

fn main() -> ExitCode {
    for fd in 0..3 {
        if CLOSED.load(Ordering::Relaxed) & (1 << fd) != 0 {
            startup::streams::close(fd);
        }
    }
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
