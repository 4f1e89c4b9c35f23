//! Expansions that must parse as Rust, and mistakes that must be named.

use proc_macro2::TokenStream;
use quote::quote;

fn expands(result: syn::Result<TokenStream>) -> String {
    let tokens = result.expect("an expansion without errors");
    syn::parse2::<syn::File>(tokens.clone()).expect("generated code that parses");
    tokens.to_string().replace(' ', "")
}

fn refuses(result: syn::Result<TokenStream>, expected: &str) {
    let message = result.expect_err("an error").to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn type_with_everything() {
    let text = expands(crate::pytype::pytype(
        quote!(
            name = "list",
            export = "PyList_Type",
            base = Object,
            gc,
            basetype,
            subclass_flag = LIST,
            extend = [SORT]
        ),
        quote! {
            impl List {
                #[slot(tp_traverse)] fn traverse(this: &List, visit: &mut Visitor) {}
                #[slot(sq_length, mp_length)] fn len(this: &Ref<List>) -> isize { 0 }
                #[slot(nb_add)] fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { x }
                #[slot(tp_call)] fn call(this: &Ref<List>, args: CallArgs<'_>) -> PyResult<Ref<Object>> { x }
                #[slot(tp_free, raw)] unsafe extern "C" fn free(p: *mut c_void) {}
                #[init(signature = "(iterable=(), /)")]
                fn init(this: &Ref<List>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<()> { Ok(()) }
                #[method(signature = "($self, object, /)")]
                fn append(this: &Ref<List>, object: Borrowed<'_, Object>) -> PyResult<()> { Ok(()) }
                #[method(signature = "($self, index=-1, /)")]
                fn pop(this: &Ref<List>, index: isize) -> PyResult<Ref<Object>> { x }
                #[method(signature = "($self, /, *args, key=None, **kw)")]
                fn all(this: &Ref<List>, args: Args<'_>, key: Option<Borrowed<'_, Object>>, kw: KwArgs<'_>) {}
                #[getter(name = "__dict__")] fn dict(this: &Ref<List>) {}
                #[setter(name = "__dict__")] fn set_dict(this: &Ref<List>, v: Option<Borrowed<'_, Object>>) {}
                #[member(name = "start", kind = T_OBJECT_EX, offset = offset_of!(Self, x), readonly)] const _START: () = ();
            }
        },
    ));
    for part in [
        "PyList_Type",
        "row_one(c\"append\"",
        "append($self,object,/)",
        "__rt::join",
        "generic_new",
        "offset_of!(List,x)",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("_START"));
}

#[test]
fn module_with_constants() {
    let text = expands(crate::pymodule::pymodule(
        quote!(name = "math"),
        quote! {
            impl Math {
                const pi: f64 = 3.0;
                #[function(signature = "(x, /)")] fn sqrt(x: f64) -> PyResult<f64> { Ok(x) }
                #[function(module, signature = "(x, y=True)")] fn f(module: &Ref<Module>, x: f64, y: bool) {}
                #[exec] fn exec(module: &Ref<Module>) -> PyResult<()> { Ok(()) }
            }
        },
    ));
    assert!(text.contains("sqrt($module,x,/)"), "{text}");
}

#[test]
fn mistakes_are_named() {
    let method = |attribute: TokenStream, function: TokenStream| {
        crate::pytype::pytype(quote!(name = "t"), quote!(impl T { #attribute #function }))
    };
    refuses(
        method(
            quote!(#[slot(repr)]),
            quote!(
                fn f(this: &Ref<T>) {}
            ),
        ),
        "did you mean `tp_repr`",
    );
    refuses(
        method(
            quote!(#[method]),
            quote!(
                fn f(this: &Ref<T>) {}
            ),
        ),
        "signature",
    );
    refuses(
        method(
            quote!(#[method(signature = "($self, a)")]),
            quote!(
                fn f(this: &Ref<T>) {}
            ),
        ),
        "1 parameter(s)",
    );
    refuses(
        method(
            quote!(#[method(signature = "($self, a=None)")]),
            quote!(
                fn f(this: &Ref<T>, a: Borrowed<'_, Str>) {}
            ),
        ),
        "make the parameter `Option<..>`",
    );
    refuses(
        method(
            quote!(#[method(signature = "($self, /)")]),
            quote!(
                fn f(this: &Ref<T>, class: DefiningClass<'_>) {}
            ),
        ),
        "defining_class",
    );
    refuses(
        method(
            quote!(#[slot(nb_add)]),
            quote!(
                fn f(this: &Ref<T>, b: Borrowed<'_, Object>) {}
            ),
        ),
        "either operand",
    );
    refuses(
        method(
            quote!(#[exec]),
            quote!(
                fn f(this: &Ref<T>) {}
            ),
        ),
        "no place",
    );
    refuses(crate::pytype::pytype(quote!(name = "t", gc), quote!(impl T {})), "tp_traverse");
    refuses(crate::pytype::pytype(quote!(), quote!(impl T {})), "name");
}
