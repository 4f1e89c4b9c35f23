//! `#[pytype]`: a static `PyTypeObject` and `PyLayout` from an `impl` block.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, Expr, Ident, ItemImpl, LitStr, Result, Type};

use crate::attrs::{c_string, collect, parse_arguments, replace_self, type_ident};
use crate::part::{Items, Mode, SlotUse, allowed, extended, table_pointer};
use crate::slots::{self, Piece, Shape, Suite};

const KNOWN: &str = "`name`, `module`, `export`, `base`, `basicsize`, `itemsize`, `weaklistoffset`, `dictoffset`, \
                     `vectorcalloffset`, `subclass_flag`, `flags`, `extend`, and the flags `gc`, `heap`, `mutable`, `basetype`, \
                     `getattribute`, `setattribute`, `generic_new`, `sequence`, `mapping`, `disallow_instantiation`, `match_self`, `method_descriptor`, `text_signature`, `unhashable`";

/// The arguments of `#[pytype(..)]`.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    module: Option<String>,
    export: Option<LitStr>,
    base: Option<Expr>,
    basicsize: Option<Expr>,
    itemsize: Option<Expr>,
    weaklistoffset: Option<Expr>,
    dictoffset: Option<Expr>,
    vectorcalloffset: Option<Expr>,
    flags: Vec<TokenStream>,
    gc: bool,
    unhashable: bool,
    /// A heap type in static storage, as the types of most modules are in CPython.
    heap: bool,
    /// Attributes of the type can be set. Only of heap types.
    mutable: bool,
    /// The generic `tp_getattro`, `tp_setattro` and `tp_new` as slots of the type's own, which then has the special methods.
    getattribute: bool,
    setattribute: bool,
    generic_new: bool,
    /// The text signature of a type whose constructor is written in the raw form.
    text_signature: Option<LitStr>,
    extend: Vec<Expr>,
}

impl Options {
    fn parse(arguments: TokenStream) -> Result<Options> {
        let mut options = Options::default();
        for argument in parse_arguments(arguments)? {
            let name = argument.name.to_string();
            let expr = || argument.expr().cloned().map(Some);
            let flag = match name.as_str() {
                "gc" => Some("Py_TPFLAGS_HAVE_GC"),
                "basetype" => Some("Py_TPFLAGS_BASETYPE"),
                "sequence" => Some("Py_TPFLAGS_SEQUENCE"),
                "mapping" => Some("Py_TPFLAGS_MAPPING"),
                "disallow_instantiation" => Some("Py_TPFLAGS_DISALLOW_INSTANTIATION"),
                "match_self" => Some("_Py_TPFLAGS_MATCH_SELF"),
                "method_descriptor" => Some("Py_TPFLAGS_METHOD_DESCRIPTOR"),
                _ => None,
            };
            if let Some(flag) = flag {
                argument.flag()?;
                options.gc |= name == "gc";
                let flag = Ident::new(flag, argument.name.span());
                options.flags.push(quote!(__rt::abi::#flag));
                continue;
            }
            match name.as_str() {
                "name" => options.name = Some(argument.string()?),
                "module" => options.module = Some(argument.string()?.value()),
                "export" => options.export = Some(argument.string()?),
                "base" => options.base = expr()?,
                "basicsize" => options.basicsize = expr()?,
                "itemsize" => options.itemsize = expr()?,
                "weaklistoffset" => options.weaklistoffset = expr()?,
                "dictoffset" => options.dictoffset = expr()?,
                "vectorcalloffset" => options.vectorcalloffset = expr()?,
                "subclass_flag" => {
                    let flag = argument.ident()?;
                    let flag = format_ident!("Py_TPFLAGS_{}_SUBCLASS", flag, span = flag.span());
                    options.flags.push(quote!(__rt::abi::#flag));
                }
                "flags" => {
                    let flags = argument.expr()?;
                    options.flags.push(quote!((#flags)));
                }
                "heap" => argument.flag().map(|()| options.heap = true)?,
                "mutable" => argument.flag().map(|()| options.mutable = true)?,
                "getattribute" => argument.flag().map(|()| options.getattribute = true)?,
                "setattribute" => argument.flag().map(|()| options.setattribute = true)?,
                "generic_new" => argument.flag().map(|()| options.generic_new = true)?,
                "text_signature" => options.text_signature = Some(argument.string()?),
                "unhashable" => argument.flag().map(|()| options.unhashable = true)?,
                "extend" => options.extend = argument.list()?,
                _ => return Err(argument.unknown(KNOWN)),
            }
        }
        Ok(options)
    }
}

pub fn pytype(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let options = Options::parse(arguments)?;
    let Some(name) = &options.name else {
        return Err(Error::new(Span::call_site(), "write `#[pytype(name = \"...\")]`"));
    };
    let (name_span, name) = (name.span(), name.value());
    let items = Items::read(&mut block, Mode::Type, Some(&name))?;
    let self_ty = (*block.self_ty).clone();
    let rust_name = type_ident(&self_ty)?;
    check_gc(&options, &items, name_span)?;

    let static_name = match &options.export {
        Some(export) => Ident::new(&export.value(), export.span()),
        None => format_ident!("__PYTYPE_{}", rust_name),
    };
    let linkage = match &options.export {
        Some(_) => quote!(#[doc = "The type object, as C sees it."] #[unsafe(no_mangle)] pub),
        None => quote!(#[doc(hidden)]),
    };
    let full_name = match &options.module {
        Some(module) => format!("{module}.{name}"),
        None => name.clone(),
    };
    if options.mutable && !options.heap || options.heap && options.export.is_some() {
        return Err(Error::new(name_span, "`mutable` is for heap types, and those are not exported"));
    }
    let mut body = type_object(&options, &items, &self_ty, &name, &full_name, name_span)?;
    let allowed = allowed();
    let (storage, pointer) = if options.heap {
        body = quote!(__rt::StaticHeapType::new({ #body }));
        let storage = quote!(::taipan_runtime::types::type_::StaticHeapType);
        (storage.clone(), quote!(#storage::get(&raw const #static_name)))
    } else {
        (quote!(::taipan_runtime::abi::PyTypeObject), quote!((&raw const #static_name).cast_mut()))
    };
    Ok(quote! {
        #block

        #allowed
        #linkage static #static_name: #storage = {
            use ::taipan_runtime::object::args::rt as __rt;
            #body
        };

        // SAFETY: the type object says that its instances are at least as large as the Rust type and begin with it.
        unsafe impl ::taipan_runtime::object::PyLayout for #self_ty {
            const TYPE: *mut ::taipan_runtime::abi::PyTypeObject = #pointer;
            const NAME: &'static str = #full_name;
            // `extend` is joined into the tables at compile time.
            const PARTS: &'static [&'static ::taipan_runtime::object::TypePart] = &[];
        }
    })
}

/// The rules between `gc` and `tp_traverse`, which would otherwise show as a crash of the collector.
fn check_gc(options: &Options, items: &Items, span: Span) -> Result<()> {
    let traverse = items.has_slot("tp_traverse");
    if traverse && !options.gc {
        return Err(Error::new(span, "`tp_traverse` without the argument `gc`"));
    }
    if options.gc && !traverse && options.base.is_none() {
        return Err(Error::new(span, "`gc` needs `#[slot(tp_traverse)]`"));
    }
    Ok(())
}

/// The items and the struct literal of the type object.
fn type_object(
    options: &Options,
    items: &Items,
    self_ty: &Type,
    name: &str,
    full_name: &str,
    span: Span,
) -> Result<TokenStream> {
    let tables = items.tables(self_ty)?;
    let mut prelude = quote!(#tables);
    let mut fields = Vec::new();
    let mut errors = None;
    let mut suites: Vec<(Suite, Vec<TokenStream>)> = Suite::LINKED.map(|suite| (suite, Vec::new())).into();
    for (index, used) in items.slots.iter().enumerate() {
        match slot_wrapper(used, index, self_ty) {
            Ok((wrapper, value)) => {
                prelude.extend(wrapper);
                let (cfgs, field) = (&used.cfgs, format_ident!("{}", used.slot.field));
                let field = quote!(#(#cfgs)* #field: ::core::cell::Cell::new(::core::option::Option::Some(#value)));
                match suites.iter_mut().find(|(suite, _)| *suite == used.slot.suite) {
                    Some((_, fields)) => fields.push(field),
                    None => fields.push(field),
                }
            }
            Err(error) => collect(&mut errors, error),
        }
    }
    if let Some(error) = errors {
        return Err(error);
    }
    for (suite, suite_fields) in &suites {
        let Some((link, layout)) = suite.link() else { continue };
        if suite_fields.is_empty() {
            continue;
        }
        let (link, layout) = (format_ident!("{link}"), format_ident!("{layout}"));
        let table = format_ident!("__{}", layout);
        prelude.extend(quote! {
            static #table: __rt::abi::#layout = __rt::abi::#layout { #(#suite_fields,)* ..__rt::abi::#layout::ZERO };
        });
        fields.push(quote!(#link: ::core::cell::Cell::new((&raw const #table).cast_mut())));
    }
    constructors(options, items, self_ty, &mut prelude, &mut fields)?;
    for (wanted, field, function) in [
        (options.getattribute, quote!(tp_getattro), quote!(__rt::generic_getattro)),
        (options.setattribute, quote!(tp_setattro), quote!(__rt::generic_setattro)),
        (options.generic_new, quote!(tp_new), quote!(__rt::generic_new)),
    ] {
        if wanted {
            fields.push(quote!(#field: ::core::cell::Cell::new(::core::option::Option::Some(#function))));
        }
    }
    if options.unhashable {
        fields.push(quote!(tp_hash: ::core::cell::Cell::new(::core::option::Option::Some(__rt::hash_not_implemented))));
    }

    let parts = extended(&options.extend, self_ty);
    let [methods, getset, members] = items.filled();
    for (field, own, row, part, filled) in [
        ("tp_methods", "__METHODS", "PyMethodDef", "methods", methods),
        ("tp_getset", "__GETSET", "PyGetSetDef", "getset", getset),
        ("tp_members", "__MEMBERS", "PyMemberDef", "members", members),
    ] {
        let pointer = table_pointer(own, row, part, filled, &parts);
        let field = format_ident!("{field}");
        fields.push(quote!(#field: ::core::cell::Cell::new(#pointer)));
    }

    let full_name = c_string(full_name, span)?;
    let base = match &options.base {
        Some(base) => quote!(<#base as __rt::PyLayout>::TYPE),
        None if name == "object" => quote!(::core::ptr::null_mut()),
        None => quote!(<__rt::Object as __rt::PyLayout>::TYPE),
    };
    let basicsize = match &options.basicsize {
        Some(size) => replace_self(size, self_ty),
        None => quote!(::core::mem::size_of::<#self_ty>()),
    };
    for (field, value) in [
        ("tp_itemsize", &options.itemsize),
        ("tp_weaklistoffset", &options.weaklistoffset),
        ("tp_dictoffset", &options.dictoffset),
        ("tp_vectorcall_offset", &options.vectorcalloffset),
    ] {
        if let Some(value) = value {
            let (field, value) = (format_ident!("{field}"), replace_self(value, self_ty));
            fields.push(quote!(#field: ::core::cell::Cell::new((#value) as isize)));
        }
    }
    let mut flags = options.flags.iter().map(|flag| replace_self(flag, self_ty)).collect::<Vec<_>>();
    if options.heap {
        flags.push(quote!(__rt::abi::Py_TPFLAGS_HEAPTYPE));
    }
    if !options.mutable {
        flags.push(quote!(__rt::abi::Py_TPFLAGS_IMMUTABLETYPE));
    }
    if options.vectorcalloffset.is_some() {
        flags.push(quote!(__rt::abi::Py_TPFLAGS_HAVE_VECTORCALL));
        if !items.has_slot("tp_call") {
            fields.push(quote!(tp_call: ::core::cell::Cell::new(::core::option::Option::Some(__rt::vectorcall_call))));
        }
    }
    Ok(quote! {
        #prelude
        __rt::PyTypeObject {
            ob_base: __rt::abi::PyVarObject::immortal(__rt::TYPE_TYPE, 0),
            tp_name: ::core::cell::Cell::new(#full_name.as_ptr()),
            tp_basicsize: ::core::cell::Cell::new((#basicsize) as isize),
            tp_flags: ::core::cell::Cell::new(
                __rt::abi::Py_TPFLAGS_DEFAULT #(| #flags)*
            ),
            tp_base: ::core::cell::Cell::new(#base),
            #(#fields,)*
            ..__rt::PyTypeObject::ZERO
        }
    })
}

/// `tp_new`, `tp_init`, `tp_vectorcall` and the text signature in `tp_doc`.
fn constructors(
    options: &Options,
    items: &Items,
    self_ty: &Type,
    prelude: &mut TokenStream,
    fields: &mut Vec<TokenStream>,
) -> Result<()> {
    let mut fill = |cfgs: &[syn::Attribute], field: &str, value: TokenStream| {
        let field = format_ident!("{field}");
        fields.push(quote!(#(#cfgs)* #field: ::core::cell::Cell::new(::core::option::Option::Some(#value))));
    };
    if let Some(new) = &items.new {
        // With an `__init__`, a call has to run both, which `type.__call__` does.
        let vectorcall =
            new.vectorcall && items.init.is_none() && !items.has_slot("tp_init") && !items.has_slot("tp_vectorcall");
        prelude.extend(new.wrapper(self_ty)?);
        let (tokens, tp_new, tp_vectorcall) = new.constructor_items(self_ty, vectorcall);
        prelude.extend(tokens);
        fill(&new.cfgs, "tp_new", quote!(#tp_new));
        if let Some(tp_vectorcall) = tp_vectorcall {
            fill(&new.cfgs, "tp_vectorcall", quote!(#tp_vectorcall));
        }
    }
    if let Some(init) = &items.init {
        prelude.extend(init.wrapper(self_ty)?);
        let (tokens, tp_init, _) = init.constructor_items(self_ty, false);
        prelude.extend(tokens);
        fill(&init.cfgs, "tp_init", quote!(#tp_init));
        let plain_base = match &options.base {
            None => true,
            Some(Expr::Path(path)) => path.path.is_ident("Object"),
            Some(_) => false,
        };
        if items.new.is_none() && !items.has_slot("tp_new") && plain_base && !options.heap {
            // A static type does not inherit `object.__new__`.
            fill(&[], "tp_new", quote!(__rt::generic_new));
        }
    }
    let doc = items.new.as_ref().and_then(|new| new.doc()).or_else(|| items.init.as_ref().and_then(|init| init.doc()));
    let raw = options.text_signature.as_ref().zip(options.name.as_ref());
    let doc = doc.or_else(|| raw.map(|(text, name)| format!("{}{}\n--\n\n", name.value(), text.value())));
    if let Some(doc) = doc {
        let doc = c_string(&doc, Span::call_site())?;
        fields.push(quote!(tp_doc: ::core::cell::Cell::new(#doc.as_ptr())));
    }
    Ok(())
}

/// The wrapper of one slot function, and the path of what goes into the slot.
fn slot_wrapper(used: &SlotUse, index: usize, self_ty: &Type) -> Result<(TokenStream, TokenStream)> {
    let (slot, ident, cfgs) = (used.slot, &used.ident, &used.cfgs);
    if used.raw {
        return Ok((quote!(), quote!(<#self_ty>::#ident)));
    }
    let wrapper = format_ident!("__slot{}_{}", index, slot.name);
    let by_reference = used.inputs.is_some_and(|(by_reference, _)| by_reference);
    let this = if by_reference { quote!(&__this) } else { quote!(__this) };
    let bind_this = quote!(let __this = __rt::this::<#self_ty>(__slf););
    let expect = |count: usize| match used.inputs {
        Some((_, found)) if found != count => {
            Err(Error::new(used.span, format!("`{}` takes {count} parameter(s), this function has {found}", slot.name)))
        }
        _ => Ok(()),
    };
    let function = match slot.shape {
        Shape::RawOnly => {
            return Err(Error::new(
                used.span,
                format!("`{}` exists in the raw form: `#[slot({}, raw)]`", slot.name, slot.name),
            ));
        }
        Shape::Init => {
            return Err(Error::new(
                used.span,
                "use `#[init(signature = \"..\")]`, or the raw form `#[slot(tp_init, raw)]`",
            ));
        }
        Shape::New => {
            expect(1)?;
            quote! {
                unsafe extern "C" fn #wrapper(
                    __cls: *mut __rt::PyTypeObject,
                    _: *mut __rt::PyObject,
                    _: *mut __rt::PyObject,
                ) -> *mut __rt::PyObject {
                    // SAFETY: called as `tp_new` of this type or a subtype.
                    unsafe { __rt::new_for_init(__cls, <#self_ty>::#ident) }
                }
            }
        }
        Shape::Traverse => {
            expect(2)?;
            quote! {
                unsafe extern "C" fn #wrapper(
                    __slf: *mut __rt::PyObject,
                    __visit: __rt::abi::visitproc,
                    __arg: *mut ::core::ffi::c_void,
                ) -> ::core::ffi::c_int {
                    // SAFETY: the collector passes a live instance.
                    unsafe {
                        #bind_this
                        let mut __visitor = __rt::Visitor::new(__visit, __arg);
                        <#self_ty>::#ident(#this, &mut __visitor);
                        __visitor.result()
                    }
                }
            }
        }
        Shape::Dealloc => {
            expect(1)?;
            quote! {
                unsafe extern "C" fn #wrapper(__slf: *mut __rt::PyObject) {
                    // SAFETY: called once, for an instance without references.
                    unsafe { <#self_ty>::#ident(__slf.cast::<#self_ty>()) }
                }
            }
        }
        Shape::Send => {
            expect(2)?;
            quote! {
                unsafe extern "C" fn #wrapper(
                    __slf: *mut __rt::PyObject,
                    __value: *mut __rt::PyObject,
                    __result: *mut *mut __rt::PyObject,
                ) -> __rt::abi::PySendResult {
                    // SAFETY: live objects and a place for the result.
                    unsafe {
                        #bind_this
                        __rt::send_result(<#self_ty>::#ident(#this, __rt::object(__value)), __result)
                    }
                }
            }
        }
        Shape::Plain(pieces, result) => {
            expect(pieces.len())?;
            let mut pieces = pieces.to_vec();
            if pieces[0] == Piece::Object && by_reference {
                if !slot.name.starts_with("nb_inplace_") {
                    return Err(Error::new(
                        used.span,
                        "either operand may be the instance: take `left` and `right` as `Borrowed<'_, Object>`",
                    ));
                }
                pieces[0] = Piece::This;
            }
            plain_wrapper(&wrapper, &pieces, result, slot.name, ident, self_ty, &this)
        }
    };
    Ok((quote!(#(#cfgs)* #function), quote!(#wrapper)))
}

fn plain_wrapper(
    wrapper: &Ident,
    pieces: &[Piece],
    result: slots::Result,
    slot: &str,
    ident: &Ident,
    self_ty: &Type,
    this: &TokenStream,
) -> TokenStream {
    use slots::Result as Give;
    let (fail, output) = match result {
        Give::Object | Give::Next => (quote!(::core::ptr::null_mut()), quote!(-> *mut __rt::PyObject)),
        Give::Hash | Give::Size => (quote!(-1), quote!(-> isize)),
        Give::Flag | Give::Status => (quote!(-1), quote!(-> ::core::ffi::c_int)),
        Give::Void => (quote!(), quote!()),
    };
    let mut parameters = Vec::new();
    let mut statements = quote!();
    let mut arguments = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let value = format_ident!("__p{}", index);
        match piece {
            Piece::This => {
                parameters.push(quote!(#value: *mut __rt::PyObject));
                statements.extend(quote!(let __this = __rt::this::<#self_ty>(#value);));
                arguments.push(this.clone());
            }
            Piece::Object => {
                parameters.push(quote!(#value: *mut __rt::PyObject));
                arguments.push(quote!(__rt::object(#value)));
            }
            Piece::Optional => {
                parameters.push(quote!(#value: *mut __rt::PyObject));
                arguments.push(quote!(__rt::optional(#value)));
            }
            Piece::Size => {
                parameters.push(quote!(#value: isize));
                arguments.push(quote!(#value));
            }
            Piece::Int => {
                parameters.push(quote!(#value: ::core::ffi::c_int));
                arguments.push(quote!(#value));
            }
            Piece::Compare => {
                parameters.push(quote!(#value: ::core::ffi::c_int));
                statements.extend(quote! {
                    let ::core::option::Option::Some(__op) = __rt::CompareOp::from_raw(#value) else {
                        return __rt::bad_internal_call().into_null();
                    };
                });
                arguments.push(quote!(__op));
            }
            Piece::Buffer => {
                parameters.push(quote!(#value: *mut __rt::abi::Py_buffer));
                arguments.push(quote!(#value));
            }
            Piece::CallArgs => {
                parameters.push(quote!(__args: *mut __rt::PyObject));
                parameters.push(quote!(__kwargs: *mut __rt::PyObject));
                statements.extend(quote! {
                    let __call = match __rt::TupleCall::new(__args, __kwargs) {
                        ::core::result::Result::Ok(call) => call,
                        ::core::result::Result::Err(_raised) => return #fail,
                    };
                });
                arguments.push(quote!(__call.args()));
            }
        }
    }
    let call = quote!(<#self_ty>::#ident(#(#arguments),*));
    let give = match result {
        Give::Object => quote!(__rt::IntoReturn::into_return(#call)),
        Give::Next => quote!(__rt::IntoNext::into_next(#call)),
        Give::Hash => quote!(__rt::IntoHash::into_hash(#call)),
        Give::Size => quote!(__rt::IntoSize::into_size(#call)),
        Give::Flag => quote!(__rt::IntoFlag::into_flag(#call)),
        // A failed export leaves no owner behind.
        Give::Status if slot == "bf_getbuffer" => quote!(__rt::buffer_status(#call, __p1)),
        Give::Status => quote!(__rt::IntoStatus::into_status(#call)),
        Give::Void => quote!(let () = #call;),
    };
    quote! {
        unsafe extern "C" fn #wrapper(#(#parameters),*) #output {
            // SAFETY: called by the rules of the slot.
            unsafe {
                #statements
                #give
            }
        }
    }
}
