//! `import.h`: importing from C.

use taipan_runtime::import;
use taipan_runtime::thread::interpreter;
use taipan_runtime::types::Code;

use crate::support::*;

// SAFETY of all of these: C passes live objects or, where it may, NULL, and C strings.
capi! {
    fn PyImport_GetMagicNumber() -> c_long {
        c_long::from(u32::from_le_bytes(import::MAGIC_NUMBER))
    }

    fn PyImport_GetMagicTag() -> *const c_char {
        c"cpython-314".as_ptr()
    }

    fn PyImport_GetModuleDict() -> PyResult<*mut PyObject> {
        // The interpreter keeps it.
        Ok(interpreter().modules_dict()?.as_ptr())
    }

    fn PyImport_GetModule(name: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        module_in_sys(name)
    }

    fn _PyImport_SetModule(name: Borrowed<'_, Object>, module: Borrowed<'_, Object>) -> PyResult<()> {
        interpreter().modules_dict()?.set_item(name, module)
    }

    fn PyImport_AddModuleObject(name: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        // `sys.modules` keeps it.
        Ok(add_module(name)?.as_ptr())
    }

    fn PyImport_AddModule(name: *const c_char) -> PyResult<*mut PyObject> {
        Ok(add_module(unsafe { string(name)? }.as_borrowed())?.as_ptr())
    }

    fn PyImport_AddModuleRef(name: *const c_char) -> PyResult<Ref<Object>> {
        add_module(unsafe { string(name)? }.as_borrowed())
    }

    fn PyImport_ImportModule(name: *const c_char) -> PyResult<Ref<Object>> {
        import_by_name(unsafe { string(name)? }.as_borrowed())
    }

    fn PyImport_ImportModuleNoBlock(name: *const c_char) -> PyResult<Ref<Object>> {
        taipan_runtime::modules::warnings::warn(
            taipan_runtime::types::exceptions::DeprecationWarning::type_object(),
            "PyImport_ImportModuleNoBlock() is deprecated and scheduled for removal in Python 3.15. Use \
             PyImport_ImportModule() instead.",
            1,
        )?;
        import_by_name(unsafe { string(name)? }.as_borrowed())
    }

    fn PyImport_Import(name: Nullable<'_>) -> PyResult<Ref<Object>> {
        import_by_name(operand(name)?)
    }

    fn PyImport_ImportModuleLevelObject(
        name: Nullable<'_>,
        globals: Nullable<'_>,
        _locals: *mut PyObject,
        from_list: Nullable<'_>,
        level: c_int,
    ) -> PyResult<Ref<Object>> {
        import_level(name, globals, from_list, level)
    }

    fn PyImport_ImportModuleLevel(
        name: *const c_char,
        globals: Nullable<'_>,
        _locals: *mut PyObject,
        from_list: Nullable<'_>,
        level: c_int,
    ) -> PyResult<Ref<Object>> {
        let name = unsafe { string(name)? };
        import_level(Some(name.as_borrowed()), globals, from_list, level)
    }

    fn PyImport_ImportModuleAttr(module: Nullable<'_>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        import_by_name(operand(module)?)?.getattr_object(name)
    }

    fn PyImport_ImportModuleAttrString(module: *const c_char, attribute: *const c_char) -> PyResult<Ref<Object>> {
        unsafe {
            let module = import_by_name(string(module)?.as_borrowed())?;
            module.getattr(name(attribute)?.borrow())
        }
    }

    fn PyImport_ReloadModule(module: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        import::import_attr("importlib", "reload")?.call1(module)
    }

    fn PyImport_GetImporter(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        importer(path)
    }

    fn PyImport_ImportFrozenModule(name: *const c_char) -> c_int {
        match unsafe { string(name) } {
            Ok(name) => import_frozen(&name.to_display()),
            Err(_raised) => -1,
        }
    }

    fn PyImport_ImportFrozenModuleObject(name: Nullable<'_>) -> c_int {
        match name.and_then(|name| name.downcast_borrowed::<Str>()) {
            Some(name) => import_frozen(&name.to_display()),
            None => 0,
        }
    }

    fn PyImport_ExecCodeModule(name: *const c_char, code: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        exec_code(unsafe { string(name)? }.as_borrowed(), code, None, None)
    }

    fn PyImport_ExecCodeModuleEx(
        name: *const c_char,
        code: Borrowed<'_, Object>,
        path: *const c_char,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            let path = file_name(path)?;
            exec_code(string(name)?.as_borrowed(), code, path.as_ref().map(|path| path.as_borrowed()), None)
        }
    }

    fn PyImport_ExecCodeModuleWithPathnames(
        name: *const c_char,
        code: Borrowed<'_, Object>,
        path: *const c_char,
        cached: *const c_char,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            let (mut path, cached) = (file_name(path)?, file_name(cached)?);
            if path.is_none()
                && let Some(cached) = &cached
            {
                // The source of a cached file, where that can be told.
                let external = import::import_module("_frozen_importlib_external")?;
                match external.call_method(id!("_get_sourcefile"), &[cached.as_borrowed()]) {
                    Ok(found) => path = found.into_downcast::<Str>().ok(),
                    Err(raised) => raised.clear(),
                }
            }
            exec_code(
                string(name)?.as_borrowed(),
                code,
                path.as_ref().map(|path| path.as_borrowed()),
                cached.as_ref().map(|path| path.as_borrowed()),
            )
        }
    }

    fn PyImport_ExecCodeModuleObject(
        name: Borrowed<'_, Object>,
        code: Borrowed<'_, Object>,
        path: Nullable<'_>,
        cached: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        exec_code(name, code, path, cached)
    }

    fn PyImport_AppendInittab(name: *const c_char, init: Option<import::InitFunction>) -> c_int {
        let Some(init) = init else { return -1 };
        let name: &'static str = unsafe { lossy(name) }.into_owned().leak();
        import::register_builtin(&[(name, init)]);
        0
    }

    fn PyImport_ExtendInittab(table: *const _inittab) -> c_int {
        let mut row = table;
        unsafe {
            while !(*row).name.is_null() {
                let name: &'static str = lossy((*row).name).into_owned().leak();
                if let Some(init) = (*row).initfunc {
                    import::register_builtin(&[(name, init)]);
                }
                row = row.add(1);
            }
        }
        0
    }
}

fn module_in_sys(name: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    interpreter().modules_dict()?.get(name)
}

/// The module of a name, made empty where there is none yet.
fn add_module(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let Some(module) = module_in_sys(name)?
        && module.is_instance_of::<Module>()
    {
        return Ok(module);
    }
    let module = match name.downcast::<Str>() {
        Some(name) => Module::with_name(name)?,
        None => {
            let module = Module::new("")?;
            module.dict().set_str(id!("__name__"), name)?;
            module
        }
    }
    .into_object();
    interpreter().modules_dict()?.set_item(name, module.borrow())?;
    Ok(module)
}

/// Imports through `builtins.__import__` of the running code, whoever has replaced it, and gives the module that was named.
fn import_by_name(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let globals = taipan_runtime::modules::builtins::current_globals();
    let builtins = match &globals {
        Some(globals) => globals.get_str(id!("__builtins__")),
        None => None,
    };
    let builtins = match builtins {
        Some(builtins) => builtins,
        None => interpreter().builtins_dict().into_object(),
    };
    let import = match builtins.downcast::<Dict>() {
        Some(dict) => dict
            .get_str(id!("__import__"))
            .ok_or_else(|| taipan_runtime::types::dict::object::key_error(id!("__import__").upcast()))?,
        None => builtins.getattr(id!("__import__"))?,
    };
    let globals = match globals {
        Some(globals) => globals,
        None => Dict::from_pairs(&[(id!("__builtins__").upcast(), builtins.borrow())])?,
    };
    let from_list = List::from_vec(vec![id!("__doc__").to_owned().into_object()])?;
    let level = Int::zero();
    import.call(&[name, globals.as_borrowed(), globals.as_borrowed(), from_list.as_borrowed(), level.as_borrowed()])?;
    match module_in_sys(name)? {
        Some(module) => Ok(module),
        None => Err(taipan_runtime::types::exceptions::set_key_error(name)),
    }
}

fn import_level(
    name: Nullable<'_>,
    globals: Nullable<'_>,
    from_list: Nullable<'_>,
    level: c_int,
) -> PyResult<Ref<Object>> {
    let Some(name) = name else { return Err(raise!(ValueError, "Empty module name")) };
    let Some(name) = name.downcast_borrowed::<Str>() else {
        return Err(raise!(TypeError, "module name must be a string"));
    };
    let globals = match globals {
        None => None,
        Some(globals) => match globals.downcast_borrowed::<Dict>() {
            Some(globals) => Some(globals),
            None if level > 0 => return Err(raise!(TypeError, "globals must be a dict")),
            None => None,
        },
    };
    let nothing = none();
    import::import_module_level(name, globals, from_list.unwrap_or(nothing.borrow()), level as isize)
}

fn import_frozen(name: &str) -> c_int {
    if import::find_frozen(name).is_none() {
        return 0;
    }
    match import::import_frozen(name) {
        Ok(_) => 1,
        Err(_raised) => -1,
    }
}

/// The finder for an entry of `sys.path`: from the cache, or from the first hook that takes it.
fn importer(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let cache = interpreter().required_sys_attr(id!("path_importer_cache"))?;
    let hooks = interpreter().required_sys_attr(id!("path_hooks"))?;
    let cache = expect::<Dict>(cache.borrow())?;
    if let Some(found) = cache.get(path)? {
        return Ok(found);
    }
    cache.set_item(path, none().borrow())?;
    for hook in hooks.collect_items()? {
        match hook.call1(path) {
            Ok(found) => {
                cache.set_item(path, found.borrow())?;
                return Ok(found);
            }
            Err(raised) => raised.clear_if::<taipan_runtime::types::exceptions::ImportError>()?,
        }
    }
    Ok(none())
}

/// Runs code as a module, which is taken out of `sys.modules` again where that fails.
fn exec_code(
    name: Borrowed<'_, Object>,
    code: Borrowed<'_, Object>,
    path: Nullable<'_>,
    cached: Nullable<'_>,
) -> PyResult<Ref<Object>> {
    let modules = interpreter().modules_dict()?;
    let module = add_module(name)?;
    let Some(dict) = module.downcast::<Module>().map(|module| module.dict()) else { return Err(bad_internal_call()) };
    let run = || -> PyResult<()> {
        if !dict.contains_str(id!("__builtins__")) {
            dict.set_str(id!("__builtins__"), interpreter().builtins_dict().as_borrowed())?;
        }
        let code = expect::<Code>(code)?;
        let file = path.map_or_else(|| code.filename().to_owned().into_object(), |path| path.to_owned());
        let nothing = none();
        let external = import::import_module("_frozen_importlib_external")?;
        external.call_method(
            id!("_fix_up_module"),
            &[dict.as_borrowed(), name, file.borrow(), cached.unwrap_or(nothing.borrow())],
        )?;
        crate::ceval::eval(code.upcast(), Some(dict.as_borrowed()), Some(dict.as_borrowed()))?;
        Ok(())
    };
    if let Err(raised) = run() {
        let exception = raised.take();
        if let Err(second) = modules.take(name) {
            second.clear();
        }
        return Err(Raised::restore(exception));
    }
    match modules.get(name)? {
        Some(module) => Ok(module),
        None => Err(raise!(ImportError, "Loaded module {} not found in sys.modules", name.to_repr_text())),
    }
}
