//! Attribute macros that declare Python types and native modules on plain `impl` blocks.
//!
//! * `#[pytype(name = "list", ..)] impl List { .. }` makes the static type object and `PyLayout`;
//! * `#[pymethods(part = SORT)] impl List { .. }` makes a table that `extend = [SORT]` joins to a type or module;
//! * `#[pymodule(name = "math")] impl Math { .. }` makes the module definition and its init function.
//!
//! Inside, helper attributes (`slot`, `new`, `init`, `method`, `classmethod`, `staticmethod`, `getter`, `setter`,
//! `member`, `constant`, `function`, `exec`) say what each item is. Generated code names the runtime by
//! `::taipan_runtime` and nothing of it but `object::args::rt`, so the macros know no object of the runtime.

mod attrs;
mod method;
mod part;
mod pymodule;
mod pytype;
mod signature;
mod slots;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

fn expand(
    macro_: fn(proc_macro2::TokenStream, proc_macro2::TokenStream) -> syn::Result<proc_macro2::TokenStream>,
    arguments: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let original: proc_macro2::TokenStream = item.clone().into();
    match macro_(arguments.into(), item.into()) {
        Ok(tokens) => tokens.into(),
        Err(error) => {
            // The functions themselves are kept, so that one mistake does not hide behind a hundred unknown names.
            let error = error.to_compile_error();
            let kept = attrs::without_helpers(original);
            quote::quote!(#error #kept).into()
        }
    }
}

/// Declares a static type. See the crate's documentation.
#[proc_macro_attribute]
pub fn pytype(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(pytype::pytype, arguments, item)
}

/// Declares further methods of a type or functions of a module.
#[proc_macro_attribute]
pub fn pymethods(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(part::pymethods, arguments, item)
}

/// Declares a native module.
#[proc_macro_attribute]
pub fn pymodule(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(pymodule::pymodule, arguments, item)
}
