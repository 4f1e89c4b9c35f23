//! `#[pymodule]`: a static `PyModuleDef` and its init function from an `impl` block.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, ItemImpl, Result};

use crate::attrs::{c_string, parse_arguments, replace_self, type_ident};
use crate::part::{Items, Mode, allowed, extended, table_pointer};

pub fn pymodule(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let (mut name, mut extend, mut state_size) = (None, Vec::new(), quote!(0));
    for argument in parse_arguments(arguments)? {
        match argument.name.to_string().as_str() {
            "name" => name = Some(argument.string()?),
            "extend" => extend = argument.list()?,
            "state_size" => state_size = replace_self(argument.expr()?, &block.self_ty),
            _ => return Err(argument.unknown("`name`, `extend`, `state_size`")),
        }
    }
    let name = name.ok_or_else(|| Error::new(Span::call_site(), "write `#[pymodule(name = \"...\")]`"))?;
    let items = Items::read(&mut block, Mode::Module, None)?;
    let self_ty = &block.self_ty;
    let static_name = format_ident!("__PYMODULE_{}", type_ident(self_ty)?);
    let tables = items.tables(self_ty)?;
    let parts = extended(&extend, self_ty);
    let [methods, _, _] = items.filled();
    let methods = table_pointer("__METHODS", "PyMethodDef", "methods", methods, &parts);
    let mut constants = Vec::new();
    for constant in &items.constants {
        let (cfgs, ident) = (&constant.cfgs, &constant.ident);
        let name = c_string(&constant.name, ident.span())?;
        constants.push(quote! {
            #(#cfgs)*
            if !__rt::add_constant(__module, #name, __rt::IntoConstant::into_constant(<#self_ty>::#ident)) {
                return -1;
            }
        });
    }
    let exec = match &items.exec {
        Some((ident, by_reference)) => {
            let argument = if *by_reference { quote!(&__handle) } else { quote!(__handle) };
            quote! {
                let __handle = __rt::module(__module);
                __rt::IntoStatus::into_status(<#self_ty>::#ident(#argument))
            }
        }
        None => quote!(0),
    };
    let m_name = c_string(&name.value(), name.span())?;
    let allowed = allowed();
    Ok(quote! {
        #[allow(non_upper_case_globals)]
        #block

        #allowed
        #[doc(hidden)]
        static #static_name: ::taipan_runtime::abi::PyModuleDef = {
            use ::taipan_runtime::object::args::rt as __rt;
            #tables
            unsafe extern "C" fn __exec(__module: *mut __rt::PyObject) -> ::core::ffi::c_int {
                // SAFETY: the import system passes the module.
                unsafe {
                    #(#constants)*
                    #exec
                }
            }
            static __SLOTS: [__rt::abi::PyModuleDef_Slot; 4] = __rt::module_slots(__exec);
            __rt::abi::PyModuleDef {
                m_base: __rt::MODULE_DEF_HEAD,
                m_name: #m_name.as_ptr(),
                m_size: #state_size,
                m_methods: #methods,
                m_slots: (&raw const __SLOTS).cast_mut().cast(),
                ..__rt::abi::PyModuleDef::ZERO
            }
        };

        #allowed
        impl #self_ty {
            /// The module's definition.
            pub const MODULE_DEF: *mut ::taipan_runtime::abi::PyModuleDef = (&raw const #static_name).cast_mut();

            /// What `PyInit_` functions do: hands out the definition, from which the import system makes the module.
            pub unsafe extern "C" fn init() -> *mut ::taipan_runtime::abi::PyObject {
                // SAFETY: the definition is a static.
                unsafe { ::taipan_runtime::object::args::rt::init_module_def(Self::MODULE_DEF) }
            }
        }
    })
}
