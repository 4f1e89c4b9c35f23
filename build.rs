//! Extension modules resolve `Py*` symbols against the executable, so it exports them, and nothing else: names of the C libraries
//! inside would stand in for those that an extension module brings along.

use std::env;
use std::path::Path;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let list = Path::new(&folder).join("exports.list");
    println!("cargo:rustc-link-arg-bins=-Wl,--dynamic-list={}", list.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=exports.list");
}
