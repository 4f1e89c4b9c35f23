//! What all three macros share: reading the items of an `impl` block, and writing the tables of methods, computed
//! attributes and members. `#[pymethods]` is this and nothing more.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, Expr, Ident, ImplItem, ItemImpl, Result, Type};

use crate::attrs::{
    Argument, Helper, c_string, cfgs, collect, parse_arguments, replace_self, take_helpers, type_ident,
};
use crate::method::{Kind, Method, attribute_name, is_reference};
use crate::slots::{self, Slot};

/// Lints that generated code does not follow.
pub fn allowed() -> TokenStream {
    quote! {
        #[allow(
            non_upper_case_globals, non_snake_case, unused_unsafe, unused_imports, unused_variables, dead_code,
            clippy::all
        )]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Type,
    Module,
    Part,
}

/// A getter and a setter of one name.
struct Computed {
    name: String,
    span: Span,
    cfgs: Vec<Attribute>,
    get: Option<(Ident, bool)>,
    set: Option<(Ident, bool)>,
}

struct Member {
    name: String,
    span: Span,
    cfgs: Vec<Attribute>,
    kind: TokenStream,
    offset: Expr,
    flags: TokenStream,
}

/// One function or constant that fills a slot.
pub struct SlotUse {
    pub slot: &'static Slot,
    pub ident: Ident,
    pub span: Span,
    pub cfgs: Vec<Attribute>,
    pub raw: bool,
    /// Whether the first parameter is a reference, and how many parameters there are; for constants `None`.
    pub inputs: Option<(bool, usize)>,
}

pub struct Constant {
    pub name: String,
    pub ident: Ident,
    pub cfgs: Vec<Attribute>,
}

/// Everything that helper attributes in one `impl` block declare.
#[derive(Default)]
pub struct Items {
    methods: Vec<Method>,
    computed: Vec<Computed>,
    members: Vec<Member>,
    pub slots: Vec<SlotUse>,
    pub new: Option<Method>,
    pub init: Option<Method>,
    pub constants: Vec<Constant>,
    pub exec: Option<(Ident, bool)>,
}

impl Items {
    /// Reads `block` and takes the helper attributes out of it. `type_name` names the type in messages of constructors.
    pub fn read(block: &mut ItemImpl, mode: Mode, type_name: Option<&str>) -> Result<Items> {
        if let Some((_, path, _)) = &block.trait_ {
            return Err(Error::new_spanned(path, "the attribute goes on an inherent `impl` block"));
        }
        if !block.generics.params.is_empty() {
            return Err(Error::new_spanned(&block.generics, "a Python type has no generic parameters"));
        }
        type_ident(&block.self_ty)?;
        let mut items = Items::default();
        let mut errors = None;
        let mut kept = Vec::with_capacity(block.items.len());
        for (index, mut item) in std::mem::take(&mut block.items).into_iter().enumerate() {
            match items.read_item(&mut item, mode, type_name, index) {
                Ok(true) => kept.push(item),
                Ok(false) => {}
                Err(error) => {
                    collect(&mut errors, error);
                    kept.push(item);
                }
            }
        }
        block.items = kept;
        match errors {
            Some(error) => Err(error),
            None => Ok(items),
        }
    }

    /// Reads one item; false when the item existed for its attribute alone.
    fn read_item(&mut self, item: &mut ImplItem, mode: Mode, type_name: Option<&str>, index: usize) -> Result<bool> {
        match item {
            ImplItem::Fn(function) => {
                let helpers = take_helpers(&mut function.attrs)?;
                if !helpers.is_empty()
                    && !function.sig.generics.params.iter().all(|p| matches!(p, syn::GenericParam::Lifetime(_)))
                {
                    return Err(Error::new_spanned(&function.sig.generics, "only lifetimes can be generic here"));
                }
                let cfgs = cfgs(&function.attrs);
                for (nth, helper) in helpers.iter().enumerate() {
                    self.read_function(helper, &function.sig, cfgs.clone(), mode, type_name, index * 8 + nth)?;
                }
                Ok(true)
            }
            ImplItem::Const(constant) => {
                let helpers = take_helpers(&mut constant.attrs)?;
                let cfgs = cfgs(&constant.attrs);
                if helpers.is_empty() {
                    if mode == Mode::Module {
                        let name = crate::method::plain_name(&constant.ident);
                        self.constants.push(Constant { name, ident: constant.ident.clone(), cfgs });
                    }
                    return Ok(true);
                }
                let mut keep = false;
                for helper in &helpers {
                    match (helper.name.as_str(), mode) {
                        ("member", Mode::Type | Mode::Part) => {
                            self.read_member(helper, &constant.ident, cfgs.clone())?
                        }
                        ("slot", Mode::Type) => {
                            keep = true;
                            self.read_slot(helper, &constant.ident, None, cfgs.clone())?;
                        }
                        ("constant", Mode::Module) => {
                            keep = true;
                            let name = attribute_name(&helper.arguments, &constant.ident)?;
                            self.constants.push(Constant { name, ident: constant.ident.clone(), cfgs: cfgs.clone() });
                        }
                        ("constant", _) => {
                            return Err(Error::new(
                                helper.span,
                                "a type's class attributes are set where the type is made ready; constants belong to modules",
                            ));
                        }
                        _ => {
                            return Err(Error::new(
                                helper.span,
                                format!("`#[{}]` does not go on a constant here", helper.name),
                            ));
                        }
                    }
                }
                Ok(keep)
            }
            _ => Ok(true),
        }
    }

    fn read_function(
        &mut self,
        helper: &Helper,
        function: &syn::Signature,
        cfgs: Vec<Attribute>,
        mode: Mode,
        type_name: Option<&str>,
        index: usize,
    ) -> Result<()> {
        let ident = &function.ident;
        let wrong_place = || Err(Error::new(helper.span, format!("`#[{}]` has no place in this block", helper.name)));
        let kind = match helper.name.as_str() {
            "method" => Kind::Method,
            "classmethod" => Kind::ClassMethod,
            "staticmethod" => Kind::StaticMethod,
            "function" => Kind::Function { module: false },
            "new" => Kind::New,
            "init" => Kind::Init,
            "slot" if mode == Mode::Type => {
                let first = function.inputs.first().is_some_and(is_reference);
                return self.read_slot(helper, ident, Some((first, function.inputs.len())), cfgs);
            }
            "getter" | "setter" if mode != Mode::Module => {
                let getter = helper.name == "getter";
                let expected = if getter { 1 } else { 2 };
                if function.inputs.len() != expected {
                    let shape = if getter {
                        "`(this: &Ref<T>)`"
                    } else {
                        "`(this: &Ref<T>, value: Option<Borrowed<'_, Object>>)`"
                    };
                    return Err(Error::new_spanned(&function.inputs, format!("a {} takes {shape}", helper.name)));
                }
                let by_reference = function.inputs.first().is_some_and(is_reference);
                let name = attribute_name(&helper.arguments, ident)?;
                return self.add_computed(name, helper.span, cfgs, getter, (ident.clone(), by_reference));
            }
            "exec" if mode == Mode::Module => {
                if self.exec.is_some() {
                    return Err(Error::new(helper.span, "a module has one `#[exec]`"));
                }
                if function.inputs.len() != 1 {
                    return Err(Error::new_spanned(&function.inputs, "`#[exec]` takes `module: &Ref<Module>`"));
                }
                self.exec = Some((ident.clone(), function.inputs.first().is_some_and(is_reference)));
                return Ok(());
            }
            _ => return wrong_place(),
        };
        let fits = match kind {
            Kind::New | Kind::Init => mode == Mode::Type,
            Kind::Function { .. } => mode != Mode::Type,
            _ => mode != Mode::Module,
        };
        if !fits {
            return wrong_place();
        }
        let method = Method::parse(kind, helper, function, cfgs, type_name, index)?;
        match kind {
            Kind::New if self.new.is_some() => Err(Error::new(helper.span, "a type has one `#[new]`")),
            Kind::Init if self.init.is_some() => Err(Error::new(helper.span, "a type has one `#[init]`")),
            Kind::New => {
                self.new = Some(method);
                Ok(())
            }
            Kind::Init => {
                self.init = Some(method);
                Ok(())
            }
            _ => {
                let twin = self.methods.iter().find(|other| other.name == method.name);
                if twin.is_some_and(|twin| twin.cfgs.is_empty() || method.cfgs.is_empty()) {
                    return Err(Error::new_spanned(ident, format!("`{}` is declared twice", method.name)));
                }
                self.methods.push(method);
                Ok(())
            }
        }
    }

    fn add_computed(
        &mut self,
        name: String,
        span: Span,
        cfgs: Vec<Attribute>,
        getter: bool,
        function: (Ident, bool),
    ) -> Result<()> {
        let place = match self.computed.iter().position(|computed| computed.name == name) {
            Some(place) => place,
            None => {
                self.computed.push(Computed { name, span, cfgs, get: None, set: None });
                self.computed.len() - 1
            }
        };
        let computed = &mut self.computed[place];
        let half = if getter { &mut computed.get } else { &mut computed.set };
        if half.is_some() {
            return Err(Error::new(span, format!("`{}` has two of these", computed.name)));
        }
        *half = Some(function);
        Ok(())
    }

    fn read_slot(
        &mut self,
        helper: &Helper,
        ident: &Ident,
        inputs: Option<(bool, usize)>,
        cfgs: Vec<Attribute>,
    ) -> Result<()> {
        let mut raw = false;
        let mut found = Vec::new();
        for argument in &helper.arguments {
            argument.flag()?;
            let name = argument.name.to_string();
            if name == "raw" {
                raw = true;
                continue;
            }
            match slots::find(&name) {
                Some(slot) => found.push((slot, argument.name.span())),
                None => {
                    let hint = match slots::similar(&name) {
                        Some(similar) => format!("; did you mean `{similar}`?"),
                        None => String::new(),
                    };
                    return Err(Error::new(argument.name.span(), format!("there is no slot `{name}`{hint}")));
                }
            }
        }
        if found.is_empty() {
            return Err(Error::new(helper.span, "write `#[slot(tp_repr)]`"));
        }
        for (slot, span) in found {
            if inputs.is_none() && !raw {
                return Err(Error::new(span, "a constant fills a slot in the raw form: `#[slot(.., raw)]`"));
            }
            let twin = self.slots.iter().find(|other| other.slot.field == slot.field);
            if twin.is_some_and(|twin| twin.cfgs.is_empty() || cfgs.is_empty()) {
                return Err(Error::new(span, format!("the slot `{}` is filled twice", slot.field)));
            }
            self.slots.push(SlotUse { slot, ident: ident.clone(), span, cfgs: cfgs.clone(), raw, inputs });
        }
        Ok(())
    }

    fn read_member(&mut self, helper: &Helper, ident: &Ident, cfgs: Vec<Attribute>) -> Result<()> {
        let (mut name, mut kind, mut offset, mut flags) = (None, None, None, quote!(0));
        for argument in &helper.arguments {
            match argument.name.to_string().as_str() {
                "name" => name = Some(argument.string()?.value()),
                "kind" => kind = Some(member_kind(argument)?),
                "offset" => offset = Some(argument.expr()?.clone()),
                "readonly" => argument.flag().map(|()| flags = quote!(#flags | __rt::Py_READONLY))?,
                "flags" => {
                    let extra = argument.expr()?;
                    flags = quote!(#flags | (#extra));
                }
                _ => return Err(argument.unknown("`name`, `kind`, `offset`, `readonly`, `flags`")),
            }
        }
        let missing = |what: &str| Error::new(helper.span, format!("`#[member]` needs `{what} = ..`"));
        self.members.push(Member {
            name: name.unwrap_or_else(|| crate::method::plain_name(ident)),
            span: helper.span,
            cfgs,
            kind: kind.ok_or_else(|| missing("kind"))?,
            offset: offset.ok_or_else(|| missing("offset"))?,
            flags,
        });
        Ok(())
    }

    pub fn has_slot(&self, field: &str) -> bool {
        self.slots.iter().any(|used| used.slot.field == field)
    }

    /// The wrappers, and `__METHODS`, `__GETSET`, `__MEMBERS`: slices of rows that end with a zeroed one.
    pub fn tables(&self, self_ty: &Type) -> Result<TokenStream> {
        let mut errors = None;
        let mut tokens = quote!();
        let mut rows = Vec::new();
        for method in &self.methods {
            match method.wrapper(self_ty).and_then(|wrapper| Ok((wrapper, method.row()?))) {
                Ok((wrapper, row)) => {
                    tokens.extend(wrapper);
                    rows.push(row);
                }
                Err(error) => collect(&mut errors, error),
            }
        }
        if let Some(error) = errors {
            return Err(error);
        }
        tokens.extend(quote! {
            const __METHODS: &'static [__rt::PyMethodDef] = &[#(#rows,)* __rt::PyMethodDef::ZERO];
        });
        let mut rows = Vec::new();
        for (index, computed) in self.computed.iter().enumerate() {
            let (wrappers, row) = computed.emit(index, self_ty)?;
            tokens.extend(wrappers);
            rows.push(row);
        }
        tokens.extend(quote! {
            const __GETSET: &'static [__rt::PyGetSetDef] = &[#(#rows,)* __rt::PyGetSetDef::ZERO];
        });
        let mut rows = Vec::new();
        for member in &self.members {
            let (cfgs, kind, flags) = (&member.cfgs, &member.kind, replace_self(&member.flags, self_ty));
            let name = c_string(&member.name, member.span)?;
            let offset = replace_self(&member.offset, self_ty);
            rows.push(quote!(#(#cfgs)* __rt::row_member(#name, #kind, (#offset) as isize, #flags)));
        }
        tokens.extend(quote! {
            const __MEMBERS: &'static [__rt::PyMemberDef] = &[#(#rows,)* __rt::PyMemberDef::ZERO];
        });
        Ok(tokens)
    }

    /// Whether `__METHODS`, `__GETSET` and `__MEMBERS` have rows.
    pub fn filled(&self) -> [bool; 3] {
        [!self.methods.is_empty(), !self.computed.is_empty(), !self.members.is_empty()]
    }
}

impl Computed {
    fn emit(&self, index: usize, self_ty: &Type) -> Result<(TokenStream, TokenStream)> {
        let cfgs = &self.cfgs;
        let name = c_string(&self.name, self.span)?;
        let mut wrappers = quote!();
        let pass = |by_reference: bool| if by_reference { quote!(&__this) } else { quote!(__this) };
        let none = quote!(::core::option::Option::None);
        let get = match &self.get {
            None => none.clone(),
            Some((ident, by_reference)) => {
                let (wrapper, this) = (format_ident!("__get{}", index), pass(*by_reference));
                wrappers.extend(quote! {
                    #(#cfgs)*
                    unsafe extern "C" fn #wrapper(
                        __slf: *mut __rt::PyObject,
                        _: *mut ::core::ffi::c_void,
                    ) -> *mut __rt::PyObject {
                        // SAFETY: the descriptor has checked that the object is an instance.
                        unsafe {
                            let __this = __rt::this::<#self_ty>(__slf);
                            __rt::IntoReturn::into_return(<#self_ty>::#ident(#this))
                        }
                    }
                });
                quote!(::core::option::Option::Some(#wrapper as __rt::getter))
            }
        };
        let set = match &self.set {
            None => none,
            Some((ident, by_reference)) => {
                let (wrapper, this) = (format_ident!("__set{}", index), pass(*by_reference));
                wrappers.extend(quote! {
                    #(#cfgs)*
                    unsafe extern "C" fn #wrapper(
                        __slf: *mut __rt::PyObject,
                        __value: *mut __rt::PyObject,
                        _: *mut ::core::ffi::c_void,
                    ) -> ::core::ffi::c_int {
                        // SAFETY: the descriptor has checked that the object is an instance.
                        unsafe {
                            let __this = __rt::this::<#self_ty>(__slf);
                            __rt::IntoStatus::into_status(<#self_ty>::#ident(#this, __rt::optional(__value)))
                        }
                    }
                });
                quote!(::core::option::Option::Some(#wrapper as __rt::setter))
            }
        };
        Ok((wrappers, quote!(#(#cfgs)* __rt::row_getset(#name, #get, #set))))
    }
}

/// `T_OBJECT_EX` is a constant of the layouts; a path is taken as it is.
fn member_kind(argument: &Argument) -> Result<TokenStream> {
    match argument.ident() {
        Ok(ident) => Ok(quote!(__rt::abi::#ident)),
        Err(_) => {
            let expr = argument.expr()?;
            Ok(quote!(#expr))
        }
    }
}

/// The paths of `extend = [..]`: a single name is a part of the same type.
pub fn extended(parts: &[Expr], self_ty: &Type) -> Vec<TokenStream> {
    parts
        .iter()
        .map(|part| match part {
            Expr::Path(path) if path.path.get_ident().is_some() => quote!(<#self_ty>::#path),
            other => replace_self(other, self_ty),
        })
        .collect()
}

/// A pointer to the table `own`, joined with the same table of each part at compile time; null when there is none.
pub fn table_pointer(own: &str, row: &str, field: &str, filled: bool, parts: &[TokenStream]) -> TokenStream {
    let (own, row, field) = (format_ident!("{own}"), format_ident!("{row}"), format_ident!("{field}"));
    if parts.is_empty() {
        return if filled { quote!(#own.as_ptr().cast_mut()) } else { quote!(::core::ptr::null_mut()) };
    }
    quote! {{
        const __ALL: &'static [&'static [__rt::#row]] = &[#own, #(#parts.#field),*];
        static __JOINED: [__rt::#row; __rt::joined_length(__ALL)] = __rt::join(__ALL, __rt::#row::ZERO);
        (&raw const __JOINED).cast_mut().cast::<__rt::#row>()
    }}
}

/// `#[pymethods(part = NAME)]`.
pub fn pymethods(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let mut part = None;
    for argument in parse_arguments(arguments)? {
        match argument.name.to_string().as_str() {
            "part" => part = Some(argument.ident()?),
            _ => return Err(argument.unknown("`part`")),
        }
    }
    let part = part.ok_or_else(|| Error::new(Span::call_site(), "write `#[pymethods(part = NAME)]`"))?;
    let items = Items::read(&mut block, Mode::Part, None)?;
    let self_ty = &block.self_ty;
    let tables = items.tables(self_ty)?;
    let allowed = allowed();
    Ok(quote! {
        #block

        #allowed
        impl #self_ty {
            /// Further methods and attributes, for `extend`.
            pub const #part: ::taipan_runtime::object::TypePart = {
                use ::taipan_runtime::object::args::rt as __rt;
                #tables
                ::taipan_runtime::object::TypePart { methods: __METHODS, getset: __GETSET, members: __MEMBERS }
            };
        }
    })
}
