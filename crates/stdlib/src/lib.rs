//! The native modules of the standard library that need nothing of the virtual machine's inside.

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[];
