//! Compiles the entry points with variable arguments.

fn main() {
    println!("cargo:rerun-if-changed=src/variadic.c");
    cc::Build::new().file("src/variadic.c").std("c11").warnings(true).extra_warnings(true).compile("taipan_variadic");
}
