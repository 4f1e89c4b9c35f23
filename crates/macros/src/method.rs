//! Functions that Python calls with arguments: methods, module functions, constructors.
//!
//! Each becomes an `unsafe extern "C"` wrapper that takes the arguments apart, converts each by its Rust type
//! (`FromArg`), calls the function and converts its result (`IntoReturn`), and a row of a method table. The work
//! itself is in functions of the runtime that are not generic, so that a wrapper stays small.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, LitStr, Result, Signature as RustSignature, Type};

use crate::attrs::{Argument, Helper, c_string};
use crate::signature::{Convention, Param, ParamKind, Signature};

/// What the function is, which decides its first parameter and the flags of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Method,
    ClassMethod,
    StaticMethod,
    Function { module: bool },
    New,
    Init,
}

impl Kind {
    /// The receiver that `__text_signature__` shows.
    fn text_receiver(self) -> Option<&'static str> {
        match self {
            Kind::Method => Some("self"),
            Kind::ClassMethod => Some("type"),
            Kind::Function { .. } => Some("module"),
            Kind::StaticMethod | Kind::New | Kind::Init => None,
        }
    }

    fn has_receiver(self) -> bool {
        !matches!(self, Kind::StaticMethod | Kind::Function { module: false })
    }
}

/// How the Rust function takes its first parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    None,
    Reference,
    Value,
}

pub struct Method {
    pub kind: Kind,
    /// The name in Python; for constructors the name of the type.
    pub name: String,
    pub cfgs: Vec<Attribute>,
    pub ident: Ident,
    pub raw: bool,
    pub vectorcall: bool,
    text_signature: bool,
    /// What `__text_signature__` says, where that is not how arguments are parsed.
    published: Option<String>,
    coexist: bool,
    /// The class that the method was found in comes with the call.
    defining_class: bool,
    signature: Signature,
    receiver: Receiver,
    /// Whether the defining class is a parameter of the Rust function.
    takes_class: bool,
    /// The types of the parameters after the receiver.
    types: Vec<Type>,
    wrapper: Ident,
}

/// Whether a parameter is `&T` rather than a handle by value.
pub fn is_reference(arg: &FnArg) -> bool {
    matches!(arg, FnArg::Typed(typed) if matches!(*typed.ty, Type::Reference(_)))
}

/// The last name of a path type and its generic arguments: `Option` of `Option<T>`.
fn path_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Group(group) => path_name(&group.elem),
        Type::Paren(paren) => path_name(&paren.elem),
        _ => None,
    }
}

fn is_str_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => path_name(&reference.elem).as_deref() == Some("str"),
        Type::Group(group) => is_str_reference(&group.elem),
        _ => false,
    }
}

/// Whether the type itself stands for "not given".
fn is_optional(ty: &Type) -> bool {
    matches!(path_name(ty).as_deref(), Some("Option" | "Nullable"))
}

impl Method {
    /// Reads one helper attribute on `function`. `index` makes the wrapper's name unique.
    pub fn parse(
        kind: Kind,
        helper: &Helper,
        function: &RustSignature,
        cfgs: Vec<Attribute>,
        type_name: Option<&str>,
        index: usize,
    ) -> Result<Method> {
        let mut kind = kind;
        let mut name = None;
        let mut text: Option<LitStr> = None;
        let mut published = None;
        let (mut raw, mut vectorcall, mut text_signature, mut coexist) = (false, true, true, false);
        let mut defining_class = false;
        for argument in &helper.arguments {
            match (argument.name.to_string().as_str(), kind) {
                ("name", Kind::New | Kind::Init) => {
                    return Err(argument.unknown("`signature`, `raw`, `no_text_signature`"));
                }
                ("name", _) => name = Some(argument.string()?.value()),
                ("signature", _) => text = Some(argument.string()?),
                ("raw", _) => argument.flag().map(|()| raw = true)?,
                ("text_signature", _) => published = Some(argument.string()?.value()),
                ("no_text_signature", _) => argument.flag().map(|()| text_signature = false)?,
                ("coexist", Kind::Method) => argument.flag().map(|()| coexist = true)?,
                ("defining_class", Kind::Method | Kind::ClassMethod) => {
                    argument.flag().map(|()| defining_class = true)?
                }
                ("no_vectorcall", Kind::New) => argument.flag().map(|()| vectorcall = false)?,
                ("module", Kind::Function { .. }) => {
                    argument.flag()?;
                    kind = Kind::Function { module: true };
                }
                _ => {
                    return Err(argument.unknown(
                        "`name`, `signature`, `raw`, `text_signature`, `no_text_signature`, `coexist` and `defining_class` (methods), `module` (functions), \
                         `no_vectorcall` (`new`)",
                    ));
                }
            }
        }
        let name = match (kind, type_name) {
            (Kind::New | Kind::Init, Some(type_name)) => type_name.to_owned(),
            _ => name.unwrap_or_else(|| plain_name(&function.ident)),
        };
        let signature = match &text {
            Some(text) => Signature::parse(&text.value())
                .map_err(|message| Error::new(text.span(), format!("signature: {message}")))?,
            None if raw => {
                text_signature = false;
                Signature::default()
            }
            None => {
                return Err(Error::new(
                    helper.span,
                    format!("`#[{}]` needs `signature = \"(...)\"` (or `raw`)", helper.name),
                ));
            }
        };
        let mut inputs = function.inputs.iter();
        let receiver = if kind.has_receiver() {
            match inputs.next() {
                Some(FnArg::Receiver(this)) => {
                    return Err(Error::new_spanned(this, "write the receiver as `this: &Ref<Type>`"));
                }
                Some(first) if is_reference(first) => Receiver::Reference,
                Some(_) => Receiver::Value,
                None => {
                    return Err(Error::new_spanned(
                        &function.ident,
                        "the first parameter is missing (`this`, `cls` or `module`)",
                    ));
                }
            }
        } else {
            Receiver::None
        };
        let takes_class = matches!(inputs.clone().next(), Some(FnArg::Typed(first)) if path_name(&first.ty).as_deref() == Some("DefiningClass"));
        if takes_class {
            if !defining_class {
                return Err(Error::new_spanned(
                    &function.inputs,
                    "a method that takes its class says so: `#[method(defining_class, ..)]`",
                ));
            }
            inputs.next();
        }
        let types = inputs
            .map(|input| match input {
                FnArg::Typed(typed) => Ok((*typed.ty).clone()),
                FnArg::Receiver(this) => Err(Error::new_spanned(this, "no `self` here")),
            })
            .collect::<Result<Vec<Type>>>()?;
        if let Some(keyword) = function.asyncness {
            return Err(Error::new_spanned(keyword, "a function that Python calls cannot be async Rust"));
        }
        if raw {
            if types.len() != 1 {
                return Err(Error::new_spanned(&function.inputs, "the raw form takes `args: CallArgs<'_>` alone"));
            }
        } else if types.len() != signature.params.len() {
            return Err(Error::new_spanned(
                &function.ident,
                format!(
                    "the signature has {} parameter(s), the Rust function {} after the receiver",
                    signature.params.len(),
                    types.len()
                ),
            ));
        }
        let wrapper = format_ident!("__w{}_{}", index, plain_name(&function.ident));
        let ident = function.ident.clone();
        Ok(Method {
            kind,
            name,
            cfgs,
            ident,
            raw,
            vectorcall,
            text_signature,
            published,
            coexist,
            defining_class,
            takes_class,
            signature,
            receiver,
            types,
            wrapper,
        })
    }

    /// `append($self, object, /)\n--\n\n`, or nothing where the reference has no text signature.
    pub fn doc(&self) -> Option<String> {
        if let Some(text) = &self.published {
            return Some(format!("{}{text}\n--\n\n", self.name));
        }
        self.text_signature
            .then(|| format!("{}{}\n--\n\n", self.name, self.signature.text(&self.name, self.kind.text_receiver())))
    }

    fn convention(&self) -> Convention {
        if self.raw || self.defining_class || matches!(self.kind, Kind::New | Kind::Init) {
            Convention::FastKeywords
        } else {
            match self.signature.convention() {
                // The convention for one object implies a text signature, and this one is to have none.
                Convention::One if !self.text_signature => Convention::Fast,
                convention => convention,
            }
        }
    }

    /// The row of the method table.
    pub fn row(&self) -> Result<TokenStream> {
        let (constructor, cfgs, wrapper) = (self.row_constructor(), &self.cfgs, &self.wrapper);
        let name = c_string(&self.name, self.ident.span())?;
        let doc = match self.doc() {
            Some(doc) => {
                let doc = c_string(&doc, self.ident.span())?;
                quote!(::core::option::Option::Some(#doc))
            }
            None => quote!(::core::option::Option::None),
        };
        let flags = match self.kind {
            Kind::ClassMethod => quote!(__rt::METH_CLASS),
            Kind::StaticMethod => quote!(__rt::METH_STATIC),
            _ if self.coexist => quote!(__rt::METH_COEXIST),
            _ => quote!(0),
        };
        Ok(quote!(#(#cfgs)* __rt::#constructor(#name, #wrapper, #flags, #doc)))
    }

    fn row_constructor(&self) -> Ident {
        let name = match self.convention() {
            Convention::NoArgs => "row_noargs",
            Convention::One => "row_one",
            Convention::Fast => "row_fast",
            Convention::FastKeywords if self.defining_class => "row_defining_class",
            Convention::FastKeywords => "row_fast_keywords",
        };
        Ident::new(name, Span::call_site())
    }

    /// The wrapper function, with everything it needs inside.
    pub fn wrapper(&self, self_ty: &Type) -> Result<TokenStream> {
        let (cfgs, wrapper) = (&self.cfgs, &self.wrapper);
        let head = self.receiver_binding(self_ty);
        let ident = &self.ident;
        let receiver = match self.receiver {
            Receiver::None => quote!(),
            Receiver::Reference => quote!(&__this,),
            Receiver::Value => quote!(__this,),
        };
        let parameters = match self.convention() {
            Convention::NoArgs => quote!(_: *mut __rt::PyObject),
            Convention::One => quote!(__arg: *mut __rt::PyObject),
            Convention::Fast => quote!(__args: *const *mut __rt::PyObject, __nargs: isize),
            Convention::FastKeywords => {
                quote!(__args: *const *mut __rt::PyObject, __nargs: isize, __kwnames: *mut __rt::PyObject)
            }
        };
        let (class_parameter, class) = match (self.defining_class, self.takes_class) {
            (true, true) => {
                (quote!(__class: *mut __rt::PyTypeObject,), quote!(__rt::DefiningClass::from_raw(__class),))
            }
            (true, false) => (quote!(_: *mut __rt::PyTypeObject,), quote!()),
            (false, _) => (quote!(), quote!()),
        };
        let (body, arguments) = if self.raw {
            (quote!(), vec![quote!(__rt::CallArgs::from_raw(__args, __nargs, __kwnames))])
        } else {
            self.conversions()?
        };
        Ok(quote! {
            #(#cfgs)*
            unsafe extern "C" fn #wrapper(__slf: *mut __rt::PyObject, #class_parameter #parameters) -> *mut __rt::PyObject {
                // SAFETY: called by the rules of C's calling convention for this row of the table.
                unsafe {
                    #body
                    #head
                    __rt::IntoReturn::into_return(<#self_ty>::#ident(#receiver #class #(#arguments),*))
                }
            }
        })
    }

    fn receiver_binding(&self, self_ty: &Type) -> TokenStream {
        if self.receiver == Receiver::None {
            return quote!();
        }
        match self.kind {
            Kind::Method | Kind::Init => quote!(let __this = __rt::this::<#self_ty>(__slf);),
            Kind::ClassMethod | Kind::New => quote!(let __this = __rt::class(__slf);),
            Kind::Function { .. } => quote!(let __this = __rt::module(__slf);),
            Kind::StaticMethod => quote!(),
        }
    }

    /// The statements that check and convert the arguments, and the expressions to pass on.
    fn conversions(&self) -> Result<(TokenStream, Vec<TokenStream>)> {
        let signature = &self.signature;
        let spec = self.spec();
        let fail = quote!(return ::core::ptr::null_mut());
        let constructor = matches!(self.kind, Kind::New | Kind::Init);
        let mut body = quote!();
        // This convention takes keywords, so that even positional-only parameters are unpacked with them.
        let keyword_unpacking = self.defining_class
            || signature.params.iter().any(|param| {
                matches!(param.kind, ParamKind::PositionalOrKeyword | ParamKind::KeywordOnly | ParamKind::VarKeywords)
            });
        match self.convention() {
            _ if self.defining_class && signature.params.is_empty() => {
                let name = &self.name;
                body.extend(quote! {
                    if !__rt::check_no_arguments(#name, __nargs, __kwnames) {
                        #fail;
                    }
                });
                return Ok((body, Vec::new()));
            }
            Convention::NoArgs => return Ok((quote!(), Vec::new())),
            Convention::One => body.extend(quote!(static __SPEC: __rt::ArgSpec = #spec;)),
            _ if keyword_unpacking => {
                let count = signature.named().count();
                body.extend(quote! {
                    static __SPEC: __rt::ArgSpec = #spec;
                    let mut __out = [::core::ptr::null_mut(); #count];
                    if !__rt::unpack(&__SPEC, __args, __nargs, __kwnames, &mut __out) {
                        #fail;
                    }
                });
            }
            _ => {
                let check = if constructor {
                    quote!(__rt::check_constructor(&__SPEC, __nargs, __kwnames))
                } else {
                    quote!(__rt::check_positional(&__SPEC, __nargs))
                };
                body.extend(quote! {
                    static __SPEC: __rt::ArgSpec = #spec;
                    if !#check {
                        #fail;
                    }
                });
            }
        }
        let positional = signature.positional();
        let mut arguments = Vec::new();
        let mut place = 0usize;
        for (index, (param, ty)) in signature.params.iter().zip(&self.types).enumerate() {
            let value = format_ident!("__a{}", index);
            match param.kind {
                ParamKind::VarArgs => {
                    body.extend(quote!(let #value = __rt::Args::rest(__args, __nargs, #positional);));
                }
                ParamKind::VarKeywords => {
                    body.extend(quote!(let #value = __rt::KwArgs::rest(&__SPEC, __args, __nargs, __kwnames);));
                }
                _ => {
                    let source = if self.convention() == Convention::One {
                        quote!(__arg)
                    } else if keyword_unpacking {
                        quote!(__out[#place])
                    } else if param.default.is_some() {
                        quote!(__rt::nth(__args, __nargs, #place))
                    } else {
                        // The count has been checked.
                        quote!(*__args.add(#place))
                    };
                    let convert = quote_spanned! {ty.span()=>
                        match __rt::FromArg::from_arg(#source, &__SPEC, #place) {
                            ::core::result::Result::Ok(value) => value,
                            ::core::result::Result::Err(raised) => return raised.into_null(),
                        }
                    };
                    let bound = match (&param.default, is_optional(ty)) {
                        (Some(default), false) => {
                            let literal = self.literal(param, default, ty)?;
                            quote!(let #value = if (#source).is_null() { #literal } else { #convert };)
                        }
                        _ => quote!(let #value = #convert;),
                    };
                    body.extend(bound);
                    place += 1;
                }
            }
            arguments.push(quote!(#value));
        }
        Ok((body, arguments))
    }

    fn spec(&self) -> TokenStream {
        let signature = &self.signature;
        let function = &self.name;
        let names = signature.named().map(|param| param.name.as_str());
        let count = |count: usize| {
            let count = u8::try_from(count).unwrap_or(u8::MAX);
            quote!(#count)
        };
        let positional_only = count(signature.count(ParamKind::PositionalOnly));
        let positional = count(signature.positional());
        let keyword_only = count(signature.count(ParamKind::KeywordOnly));
        let required = count(signature.required_positional());
        let required_keyword_only = count(signature.required_keyword_only());
        let (varargs, varkw) = (signature.has_varargs(), signature.has_varkeywords());
        let single = self.convention() == Convention::One;
        quote! {
            __rt::ArgSpec {
                function: #function,
                names: &[#(#names),*],
                posonly: #positional_only,
                pos: #positional,
                kwonly: #keyword_only,
                required: #required,
                required_kwonly: #required_keyword_only,
                varargs: #varargs,
                varkw: #varkw,
                single: #single,
            }
        }
    }

    /// The default of the signature as a Rust value, for a parameter whose type cannot say "not given".
    fn literal(&self, param: &Param, default: &str, ty: &Type) -> Result<TokenStream> {
        let refuse = |reason: &str| {
            Err(Error::new_spanned(
                ty,
                format!("the default `{default}` of `{}` {reason}: make the parameter `Option<..>`", param.name),
            ))
        };
        let name = path_name(ty);
        match default {
            "True" | "False" => {
                if name.as_deref() != Some("bool") {
                    return refuse("is a bool, the parameter is not");
                }
                return Ok(if default == "True" { quote!(true) } else { quote!(false) });
            }
            "sys.maxsize" if name.as_deref() == Some("isize") => return Ok(quote!(isize::MAX)),
            "None" => return refuse("means \"not given\""),
            _ => {}
        }
        if is_str_reference(ty) || name.as_deref() == Some("char") {
            let Some(text) = simple_string(default) else { return refuse("is no plain string literal") };
            if is_str_reference(ty) {
                return Ok(quote!(#text));
            }
            let mut chars = text.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(quote!(#c)),
                _ => refuse("is no single character"),
            };
        }
        match name.as_deref() {
            Some(
                "isize" | "usize" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "c_int" | "c_uint"
                | "c_long",
            ) => match default.parse::<i128>() {
                Ok(number) => {
                    let number = proc_macro2::Literal::i128_unsuffixed(number.abs());
                    Ok(if default.starts_with('-') { quote!(-#number) } else { quote!(#number) })
                }
                Err(_) => refuse("is no integer literal"),
            },
            Some("f64") => match default.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(quote!(#number)),
                _ => refuse("is no float literal"),
            },
            _ => refuse("has no value of the parameter's type"),
        }
    }

    /// For constructors: `tp_new` or `tp_init` from the wrapper, and `tp_vectorcall` where wanted.
    pub fn constructor_items(&self, self_ty: &Type, vectorcall: bool) -> (TokenStream, Ident, Option<Ident>) {
        let (cfgs, wrapper) = (&self.cfgs, &self.wrapper);
        let keywords = self.raw || self.signature.takes_keywords();
        let arguments = self.raw || !self.signature.params.is_empty();
        if self.kind == Kind::Init {
            let tokens = quote! {
                #(#cfgs)*
                unsafe extern "C" fn __tp_init(
                    __slf: *mut __rt::PyObject,
                    __args: *mut __rt::PyObject,
                    __kwargs: *mut __rt::PyObject,
                ) -> ::core::ffi::c_int {
                    // SAFETY: called as `tp_init`: a tuple, and a dict or null.
                    unsafe {
                        __rt::call_init(#wrapper, __slf, <#self_ty as __rt::PyLayout>::TYPE, __args, __kwargs, #keywords, #arguments)
                    }
                }
            };
            return (tokens, format_ident!("__tp_init"), None);
        }
        let mut tokens = quote! {
            #(#cfgs)*
            unsafe extern "C" fn __tp_new(
                __cls: *mut __rt::PyTypeObject,
                __args: *mut __rt::PyObject,
                __kwargs: *mut __rt::PyObject,
            ) -> *mut __rt::PyObject {
                // SAFETY: called as `tp_new`: a tuple, and a dict or null.
                unsafe {
                    __rt::call_new(#wrapper, __cls, <#self_ty as __rt::PyLayout>::TYPE, __args, __kwargs, #keywords, #arguments)
                }
            }
        };
        let vector = vectorcall.then(|| {
            tokens.extend(quote! {
                #(#cfgs)*
                unsafe extern "C" fn __tp_vectorcall(
                    __cls: *mut __rt::PyObject,
                    __args: *const *mut __rt::PyObject,
                    __nargsf: usize,
                    __kwnames: *mut __rt::PyObject,
                ) -> *mut __rt::PyObject {
                    // SAFETY: called by the rules of vectorcall.
                    unsafe { #wrapper(__cls, __args, __rt::plain_count(__nargsf), __kwnames) }
                }
            });
            format_ident!("__tp_vectorcall")
        });
        (tokens, format_ident!("__tp_new"), vector)
    }
}

/// The name without `r#`.
pub fn plain_name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// The value of a Python string literal without escapes.
fn simple_string(text: &str) -> Option<&str> {
    let inner = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    (!inner.contains('\\')).then_some(inner)
}

/// `name = ".."` of a helper attribute that has nothing else, or the function's own name.
pub fn attribute_name(arguments: &[Argument], ident: &Ident) -> Result<String> {
    let mut name = plain_name(ident);
    for argument in arguments {
        if argument.name == "name" {
            name = argument.string()?.value();
        } else {
            return Err(argument.unknown("`name`"));
        }
    }
    Ok(name)
}
