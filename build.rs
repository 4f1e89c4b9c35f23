//! Extension modules resolve `Py*` symbols against the executable, so it exports them.

fn main() {
    println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic");
    println!("cargo:rerun-if-changed=build.rs");
}
