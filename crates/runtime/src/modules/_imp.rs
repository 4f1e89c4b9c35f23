//! `_imp`: what `importlib` asks of the interpreter. CPython: `Python/import.c`.

use crate::import;
use crate::prelude::*;
use crate::types::Code;
use crate::types::exceptions;

pub struct Imp;

fn expect_frozen(name: Borrowed<'_, Str>) -> PyResult<&'static import::FrozenModule> {
    match import::find_frozen(&name.to_display()) {
        Some(module) => Ok(module),
        None => Err(no_frozen(name)),
    }
}

fn no_frozen(name: Borrowed<'_, Str>) -> Raised {
    let message = format!("No such frozen object named {}", name.to_display());
    exceptions::raise_import_error(&message, name.upcast(), None, None)
}

#[pymodule(name = "_imp")]
impl Imp {
    const check_hash_based_pycs: &str = "default";
    /// The magic number of `.pyc` files, as a word of four bytes.
    const pyc_magic_number_token: u32 = u32::from_le_bytes(taipan_compiler::marshal::MAGIC_NUMBER);

    #[function(signature = "()")]
    fn lock_held() -> bool {
        import::lock_held()
    }

    #[function(signature = "()")]
    fn acquire_lock() {
        import::acquire_lock();
    }

    #[function(signature = "()")]
    fn release_lock() -> PyResult<()> {
        import::release_lock()
    }

    #[function(signature = "(code, path, /)")]
    fn _fix_co_filename(code: Borrowed<'_, Code>, path: Borrowed<'_, Str>) -> PyResult<()> {
        let old = code.filename().to_owned();
        fix_filename(&code, &old, &path)
    }

    #[function(signature = "(spec, /)")]
    fn create_builtin(spec: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        let name = spec.getattr(id!("name"))?;
        match name.downcast::<Str>() {
            Some(name) => import::create_builtin(name, spec),
            None => Err(raise!(TypeError, "name must be string, not {}", name.type_name())),
        }
    }

    #[function(signature = "(mod, /)")]
    fn exec_builtin(module: Borrowed<'_, Object>) -> PyResult<c_int> {
        import::exec_dynamic(module)
    }

    #[function(signature = "()")]
    fn extension_suffixes() -> PyResult<Ref<List>> {
        let mut suffixes = Vec::new();
        for suffix in [".cpython-314-x86_64-linux-gnu.so", ".abi3.so", ".so"] {
            suffixes.push(Str::from_utf8_str(suffix)?.into_object());
        }
        List::from_vec(suffixes)
    }

    #[function(signature = "(spec, file=<unrepresentable>, /)")]
    fn create_dynamic(spec: Borrowed<'_, Object>, file: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let _ = file;
        import::create_dynamic(spec)
    }

    #[function(signature = "(mod, /)")]
    fn exec_dynamic(module: Borrowed<'_, Object>) -> PyResult<c_int> {
        import::exec_dynamic(module)
    }

    /// A triple of data (on request), whether it is a package, and its name in the library.
    #[function(signature = "(name, /, *, withdata=False)")]
    fn find_frozen(name: Borrowed<'_, Str>, withdata: bool) -> PyResult<Ref<Object>> {
        let Some(module) = import::find_frozen(&name.to_display()) else { return Ok(none()) };
        let data = if withdata { Bytes::from_slice(module.code)?.into_object() } else { none() };
        let origin = Str::from_utf8_str(module.origin.unwrap_or(module.name))?;
        let parts = vec![data, Bool::from(module.is_package).into_object(), origin.into_object()];
        Ok(Tuple::from_vec(parts)?.into_object())
    }

    #[function(signature = "(name, data=None, /)")]
    fn get_frozen_object(name: Borrowed<'_, Str>, data: Nullable<Borrowed<'_, Object>>) -> PyResult<Ref<Code>> {
        match data.0 {
            None => import::frozen_code(expect_frozen(name)?),
            Some(data) => {
                let Some(bytes) = data.downcast::<Bytes>() else {
                    return Err(raise!(TypeError, "a bytes-like object is required, not '{}'", data.type_name()));
                };
                if bytes.as_slice().is_empty() {
                    return Err(no_frozen(name));
                }
                match crate::modules::marshal::loads(bytes.as_slice())?.into_downcast::<Code>() {
                    Ok(code) => Ok(code),
                    Err(_) => {
                        Err(raise!(TypeError, "frozen object {} is not a code object", name.as_object().to_repr_text()))
                    }
                }
            }
        }
    }

    #[function(signature = "(name, /)")]
    fn init_frozen(name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Module>>> {
        match import::find_frozen(&name.to_display()) {
            Some(module) => import::import_frozen(module.name).map(Some),
            None => Ok(None),
        }
    }

    #[function(signature = "(name, /)")]
    fn is_builtin(name: Borrowed<'_, Str>) -> i32 {
        let text = name.to_display();
        // `sys` and `builtins` exist already and cannot be made again.
        if matches!(text.as_str(), "sys" | "builtins") {
            return -1;
        }
        import::is_builtin(&text) as i32
    }

    #[function(signature = "(name, /)")]
    fn is_frozen(name: Borrowed<'_, Str>) -> bool {
        import::find_frozen(&name.to_display()).is_some()
    }

    #[function(signature = "(name, /)")]
    fn is_frozen_package(name: Borrowed<'_, Str>) -> PyResult<bool> {
        Ok(expect_frozen(name)?.is_package)
    }

    #[function(signature = "()")]
    fn _frozen_module_names() -> PyResult<Ref<List>> {
        let mut names = Vec::new();
        for name in import::frozen_names() {
            names.push(Str::from_utf8_str(name)?.into_object());
        }
        List::from_vec(names)
    }

    #[function(signature = "(override, /)")]
    fn _override_frozen_modules_for_tests(value: i32) {
        let _ = value;
    }

    #[function(signature = "(override, /)")]
    fn _override_multi_interp_extensions_check(value: i32) -> i32 {
        let _ = value;
        0
    }

    /// The hash of source in hash-based `.pyc` files.
    #[function(signature = "(key, source)")]
    fn source_hash(key: i64, source: crate::object::args::BufferArg<'_>) -> PyResult<Ref<Bytes>> {
        let hash = crate::types::hash::siphash13(key as u64, 0, source.as_slice());
        Bytes::from_slice(&hash.to_le_bytes())
    }
}

/// Replaces the file name in a code object and in those among its constants that had the same.
fn fix_filename(code: &Ref<Code>, old: &Ref<Str>, new: &Ref<Str>) -> PyResult<()> {
    let _guard = crate::thread::enter_recursive(" while fixing file names")?;
    if !code.filename().equals_str(old) {
        return Ok(());
    }
    let previous = code.0.co_filename.replace(new.clone().into_ptr());
    // SAFETY: the code object owned the old name.
    drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(previous) });
    for constant in code.consts().iter() {
        if let Some(inner) = constant.downcast_exact::<Code>() {
            fix_filename(&inner, old, new)?;
        }
    }
    Ok(())
}
