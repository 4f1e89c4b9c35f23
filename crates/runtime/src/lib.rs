//! The object model and the virtual machine of Taipan.
//!
//! `object` has handles, errors, protocols and type declaration; `memory` the allocator and the collector;
//! `types` the built-in types; `interp` the engine; `thread` thread and interpreter state; `import` the import
//! system's native half; `modules` the native modules that need the inside of the virtual machine; `compile` leads
//! from source to code objects.

// Code that the attribute macros generate names this crate by its outer name, here and in other crates.
extern crate self as taipan_runtime;

pub use taipan_abi as abi;

pub mod compile;
pub mod import;
pub mod interp;
pub mod memory;
pub mod modules;
pub mod object;
pub mod startup;
pub mod thread;
pub mod types;

pub mod prelude;
