//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod io;
mod posix;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[("_io", io::Io::init), ("posix", posix::Posix::init)];
