//! `_pickle`: objects to bytes and back. CPython: `Modules/_pickle.c`.
//!
//! [`save`] writes and [`load`] reads; both keep their state in a value that lives during one call, over a memo that the
//! pickler or unpickler owns. Depth is bounded by the machine stack when writing; reading needs no recursion.

mod opcode;

mod common;
mod memo;
mod output;
mod pickler;
mod reduce;
mod save;

mod input;
mod load;
mod unpickler;

use core::cell::RefCell;

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::pickle_buffer::PickleBuffer;

use crate::support::Slot;
use input::Input;
use pickler::{Pickler, PicklerMemoProxy};
use unpickler::{Unpickler, UnpicklerMemoProxy};

/// What the library's modules provide, and the exceptions.
struct State {
    pickle_error: Slot,
    pickling_error: Slot,
    unpickling_error: Slot,
    /// `copyreg.dispatch_table` and its kin: dicts.
    dispatch_table: Slot,
    extension_registry: Slot,
    inverted_registry: Slot,
    extension_cache: Slot,
    /// Names of Python 2 and of Python 3 in each other's terms: dicts.
    name_2_to_3: Slot,
    import_2_to_3: Slot,
    name_3_to_2: Slot,
    import_3_to_2: Slot,
    codecs_encode: Slot,
    partial: Slot,
    getattr: Slot,
}

static STATE: State = State {
    pickle_error: Slot::new(),
    pickling_error: Slot::new(),
    unpickling_error: Slot::new(),
    dispatch_table: Slot::new(),
    extension_registry: Slot::new(),
    inverted_registry: Slot::new(),
    extension_cache: Slot::new(),
    name_2_to_3: Slot::new(),
    import_2_to_3: Slot::new(),
    name_3_to_2: Slot::new(),
    import_3_to_2: Slot::new(),
    codecs_encode: Slot::new(),
    partial: Slot::new(),
    getattr: Slot::new(),
};

#[cold]
fn raise_from(class: &Slot, message: core::fmt::Arguments<'_>) -> Raised {
    let raise = || -> PyResult<Raised> {
        let text = Str::from_fmt(message)?;
        let class = class.get().unwrap_or_else(|| exceptions::Exception::type_object().as_object().clone());
        Ok(exceptions::set_object(class.borrow(), Some(text.as_borrowed())))
    };
    raise().unwrap_or_else(|raised| raised)
}

/// Raises `PicklingError`.
#[cold]
fn pickling_error(message: core::fmt::Arguments<'_>) -> Raised {
    raise_from(&STATE.pickling_error, message)
}

/// Raises `UnpicklingError`.
#[cold]
fn unpickling_error(message: core::fmt::Arguments<'_>) -> Raised {
    raise_from(&STATE.unpickling_error, message)
}

/// An object of the state that is set once.
fn state(slot: &Slot) -> PyResult<Ref<Object>> {
    match slot.get() {
        Some(object) => Ok(object),
        None => Err(raise!(SystemError, "_pickle is not initialised")),
    }
}

/// A dict of the state.
fn state_dict(slot: &Slot) -> PyResult<Ref<Dict>> {
    match state(slot)?.into_downcast::<Dict>() {
        Ok(dict) => Ok(dict),
        Err(other) => Err(raise!(RuntimeError, "a table of copyreg should be a dict, not {}", other.type_name())),
    }
}

/// The value of a table that is a dict.
fn lookup<K>(table: &Slot, key: Borrowed<'_, K>) -> PyResult<Option<Ref<Object>>> {
    state_dict(table)?.get(key)
}

fn new_error(module: &Ref<Module>, name: &str, base: Ref<Object>, slot: &Slot) -> PyResult<Ref<Object>> {
    let bases = Tuple::pack([base])?;
    let dict = Dict::new()?;
    dict.set_str(id!("__module__"), id!("_pickle"))?;
    let class = Type::create(name, bases.borrow(), dict.borrow())?.into_object();
    slot.set(Some(class.clone()));
    module.add(name, &class)?;
    Ok(class)
}

fn import_tables() -> PyResult<()> {
    let copyreg = taipan_runtime::import::import_module("copyreg")?;
    let tables = [
        (&STATE.dispatch_table, id!("dispatch_table")),
        (&STATE.extension_registry, id!("_extension_registry")),
        (&STATE.inverted_registry, id!("_inverted_registry")),
        (&STATE.extension_cache, id!("_extension_cache")),
    ];
    for (slot, name) in tables {
        let table = copyreg.getattr(name)?;
        if !table.is_exact::<Dict>() {
            return Err(raise!(
                RuntimeError,
                "copyreg.{} should be a dict, not {}",
                name.to_display(),
                table.type_name()
            ));
        }
        slot.set(Some(table));
    }
    let compat = taipan_runtime::import::import_module("_compat_pickle")?;
    STATE.name_2_to_3.set(Some(compat.getattr(id!("NAME_MAPPING"))?));
    STATE.import_2_to_3.set(Some(compat.getattr(id!("IMPORT_MAPPING"))?));
    STATE.name_3_to_2.set(Some(compat.getattr(id!("REVERSE_NAME_MAPPING"))?));
    STATE.import_3_to_2.set(Some(compat.getattr(id!("REVERSE_IMPORT_MAPPING"))?));
    STATE.codecs_encode.set(Some(taipan_runtime::import::import_module("codecs")?.getattr(id!("encode"))?));
    STATE.partial.set(Some(taipan_runtime::import::import_module("functools")?.getattr(id!("partial"))?));
    STATE.getattr.set(Some(taipan_runtime::thread::builtin(id!("getattr"))?));
    Ok(())
}

pub struct Pickle;

#[pymodule(name = "_pickle", extend = [Pickle::LOADING])]
impl Pickle {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let exception = exceptions::Exception::type_object().as_object().clone();
        let base = new_error(module, "PickleError", exception, &STATE.pickle_error)?;
        new_error(module, "PicklingError", base.clone(), &STATE.pickling_error)?;
        new_error(module, "UnpicklingError", base, &STATE.unpickling_error)?;
        import_tables()?;
        taipan_runtime::types::type_::ready_static::<PicklerMemoProxy>()?;
        taipan_runtime::types::type_::ready_static::<UnpicklerMemoProxy>()?;
        module.add_type::<Pickler>()?;
        module.add_type::<Unpickler>()?;
        module.add_type::<PickleBuffer>()
    }

    #[function(signature = "($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dump(
        obj: Borrowed<'_, Object>,
        file: Borrowed<'_, Object>,
        protocol: Option<Borrowed<'_, Object>>,
        fix_imports: bool,
        buffer_callback: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let options = save::Options::new(protocol, fix_imports, buffer_callback)?;
        save::once(&options, obj, Some(pickler::write_method(file)?))?.finish_file()
    }

    #[function(signature = "($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dumps(
        obj: Borrowed<'_, Object>,
        protocol: Option<Borrowed<'_, Object>>,
        fix_imports: bool,
        buffer_callback: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Bytes>> {
        let options = save::Options::new(protocol, fix_imports, buffer_callback)?;
        save::once(&options, obj, None)?.finish_bytes()
    }
}

/// The two functions that read one pickle, which differ in where from.
macro_rules! loading_functions {
    ($($name:ident $signature:literal $input:path;)*) => {
        #[pymethods(part = LOADING)]
        impl Pickle {$(
            #[function(signature = $signature)]
            fn $name(
                source: Borrowed<'_, Object>,
                fix_imports: Option<bool>,
                encoding: Option<&str>,
                errors: Option<&str>,
                buffers: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                let options = load::Options::new(fix_imports, encoding, errors, buffers)?;
                load::Loader::new(&options, &RefCell::default(), $input(source)?, None).load()
            }
        )*}
    };
}

loading_functions! {
    load "($module, /, file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())" Input::from_file;
    loads "($module, data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())" Input::from_bytes;
}
