//! Reading attributes: the arguments of the outer macros and the helper attributes inside their `impl` blocks.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token, Type};

/// One argument: `gc`, or `name = "list"`.
pub struct Argument {
    pub name: Ident,
    pub value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream) -> Result<Self> {
        let name = input.call(syn::ext::IdentExt::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Argument { name, value })
    }
}

impl Argument {
    pub fn expr(&self) -> Result<&Expr> {
        self.value.as_ref().ok_or_else(|| Error::new(self.name.span(), format!("write `{} = ...`", self.name)))
    }

    pub fn string(&self) -> Result<LitStr> {
        let expr = self.expr()?;
        match ungroup(expr) {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            other => Err(Error::new_spanned(other, format!("`{}` is a string literal", self.name))),
        }
    }

    pub fn flag(&self) -> Result<()> {
        match &self.value {
            None => Ok(()),
            Some(value) => Err(Error::new_spanned(value, format!("`{}` takes no value", self.name))),
        }
    }

    pub fn ident(&self) -> Result<Ident> {
        match ungroup(self.expr()?) {
            Expr::Path(path) if path.path.get_ident().is_some() => Ok(path.path.require_ident()?.clone()),
            other => Err(Error::new_spanned(other, format!("`{}` is a single name", self.name))),
        }
    }

    /// The elements of `[A, B]`, or the one value.
    pub fn list(&self) -> Result<Vec<Expr>> {
        Ok(match ungroup(self.expr()?) {
            Expr::Array(array) => array.elems.iter().cloned().collect(),
            other => vec![other.clone()],
        })
    }

    pub fn unknown(&self, known: &str) -> Error {
        Error::new(self.name.span(), format!("unknown argument `{}`; known are {known}", self.name))
    }
}

/// An expression that came through `macro_rules!` stands in an invisible group.
fn ungroup(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

pub fn parse_arguments(tokens: TokenStream) -> Result<Vec<Argument>> {
    let list = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens)?;
    let list: Vec<Argument> = list.into_iter().collect();
    for (index, argument) in list.iter().enumerate() {
        if list[..index].iter().any(|other| other.name == argument.name) {
            return Err(Error::new(argument.name.span(), format!("`{}` stands twice", argument.name)));
        }
    }
    Ok(list)
}

/// The names of helper attributes. They mean something only inside the outer macros, which take them away.
const HELPERS: &[&str] = &[
    "slot",
    "new",
    "init",
    "method",
    "classmethod",
    "staticmethod",
    "getter",
    "setter",
    "member",
    "constant",
    "function",
    "exec",
];

pub struct Helper {
    pub name: String,
    pub span: Span,
    pub arguments: Vec<Argument>,
}

/// Takes the helper attributes out of `attrs`.
pub fn take_helpers(attrs: &mut Vec<Attribute>) -> Result<Vec<Helper>> {
    let mut helpers = Vec::new();
    let mut kept = Vec::new();
    for attr in attrs.drain(..) {
        let name = attr.path().get_ident().map(Ident::to_string);
        match name {
            Some(name) if HELPERS.contains(&name.as_str()) => {
                let arguments = match &attr.meta {
                    Meta::Path(_) => Vec::new(),
                    Meta::List(list) => parse_arguments(list.tokens.clone())?,
                    Meta::NameValue(_) => {
                        return Err(Error::new_spanned(&attr, format!("write `#[{name}(...)]`")));
                    }
                };
                helpers.push(Helper {
                    name,
                    span: attr.path().get_ident().map_or(Span::call_site(), Ident::span),
                    arguments,
                });
            }
            _ => kept.push(attr),
        }
    }
    *attrs = kept;
    Ok(helpers)
}

/// The `#[cfg]`s of an item, which its generated parts have to repeat.
pub fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

/// Replaces `Self`, which generated items could not name, by the type of the `impl` block.
pub fn replace_self(tokens: impl ToTokens, self_ty: &Type) -> TokenStream {
    fn walk(tokens: TokenStream, self_ty: &TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .flat_map(|token| match token {
                TokenTree::Ident(ident) if ident == "Self" => self_ty.clone(),
                TokenTree::Group(group) => {
                    let mut inner = proc_macro2::Group::new(group.delimiter(), walk(group.stream(), self_ty));
                    inner.set_span(group.span());
                    TokenTree::Group(inner).into()
                }
                other => other.into(),
            })
            .collect()
    }
    walk(tokens.to_token_stream(), &self_ty.to_token_stream())
}

/// The last name of the type of an `impl` block; generics and references are refused.
pub fn type_ident(self_ty: &Type) -> Result<Ident> {
    if let Type::Path(path) = self_ty
        && let Some(last) = path.path.segments.last()
        && last.arguments.is_none()
    {
        return Ok(last.ident.clone());
    }
    if let Type::Group(group) = self_ty {
        return type_ident(&group.elem);
    }
    Err(Error::new_spanned(self_ty, "the attribute goes on `impl Name { .. }` of a plain type"))
}

/// A C string literal, which must not hold a zero byte.
pub fn c_string(text: &str, span: Span) -> Result<Lit> {
    match std::ffi::CString::new(text) {
        Ok(text) => Ok(Lit::CStr(syn::LitCStr::new(&text, span))),
        Err(_) => Err(Error::new(span, "a zero byte inside the text")),
    }
}

/// Adds `error` to what has been collected.
pub fn collect(errors: &mut Option<Error>, error: Error) {
    match errors {
        Some(all) => all.combine(error),
        None => *errors = Some(error),
    }
}

/// The item without helper attributes, for output beside an error; nothing when it does not parse.
pub fn without_helpers(item: TokenStream) -> TokenStream {
    let Ok(mut block) = syn::parse2::<syn::ItemImpl>(item) else { return TokenStream::new() };
    for item in &mut block.items {
        let attrs = match item {
            syn::ImplItem::Fn(function) => &mut function.attrs,
            syn::ImplItem::Const(constant) => &mut constant.attrs,
            _ => continue,
        };
        attrs.retain(|attr| !attr.path().get_ident().is_some_and(|name| HELPERS.contains(&name.to_string().as_str())));
    }
    // An unnamed constant stood for its attribute.
    block.items.retain(|item| !matches!(item, syn::ImplItem::Const(constant) if constant.ident == "_"));
    block.to_token_stream()
}
