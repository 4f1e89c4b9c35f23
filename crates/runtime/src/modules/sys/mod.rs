//! `sys`: the interpreter seen from Python.
//!
//! The module is made at start-up, before imports work; its dict lives in the interpreter state. Attributes that C code
//! and this runtime read (`stdout`, `path`, `excepthook` ..) are looked up there at each use.
//! CPython: `Python/sysmodule.c`.

mod frames;
pub mod hooks;
mod info;
mod monitoring;
mod names;
mod settings;
mod trace;

use crate::prelude::*;
use crate::thread;
use crate::types::namespace::Namespace;

pub use crate::interp::monitoring::legacy::{set_profile, set_trace};
pub use hooks::{
    add_native_audit_hook, audit, display, exit_process, is_default_unraisable_hook, unraisable_args, write_unraisable,
};
pub use info::VERSION;
pub use settings::set_path_variables;

pub use info::version_text;

pub struct Sys;

#[pymodule(name = "sys", extend = [Sys::HOOKS, Sys::FRAMES, Sys::SETTINGS, Sys::TRACE])]
impl Sys {
    #[function(signature = "(status=None, /)")]
    fn exit(status: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let absent = none();
        Err(crate::types::exceptions::set_object(
            crate::types::exceptions::SystemExit::type_object().upcast(),
            Some(status.unwrap_or(absent.borrow())),
        ))
    }

    #[function(signature = "()")]
    fn is_finalizing() -> bool {
        thread::interpreter().is_finalizing()
    }

    #[function(signature = "()")]
    fn getdefaultencoding() -> &'static str {
        "utf-8"
    }

    #[function(signature = "()")]
    fn getfilesystemencoding() -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&thread::config().filesystem_encoding)
    }

    #[function(signature = "()")]
    fn getfilesystemencodeerrors() -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&thread::config().filesystem_errors)
    }

    /// Interns an exact `str`.
    #[function(signature = "(string, /)")]
    fn intern(string: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if !string.is_exact::<Str>() {
            return Err(raise!(TypeError, "can't intern {}", string.type_name()));
        }
        Ok(Str::intern(string.to_owned()))
    }

    #[function(signature = "(string, /)")]
    fn _is_interned(string: Borrowed<'_, Str>) -> bool {
        string.is_interned()
    }

    #[function(signature = "(op, /)")]
    fn _is_immortal(op: Borrowed<'_, Object>) -> bool {
        // SAFETY: a live object.
        unsafe { crate::object::header::is_immortal(op.as_ptr()) }
    }

    #[function(signature = "(object, /)")]
    fn getrefcount(object: Borrowed<'_, Object>) -> u32 {
        object.refcount()
    }

    #[function(raw)]
    fn getsizeof(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        static SPEC: crate::object::args::ArgSpec =
            crate::object::args::ArgSpec::plain("getsizeof", &["object", "default"], 1);
        let [object, default] = args.unpack::<2>(&SPEC)?;
        let Some(object) = object else { return Err(crate::object::args::rt::bad_internal_call()) };
        match size_of_object(object) {
            Ok(size) => Ok(Int::from_usize(size)?.into_object()),
            Err(raised) => match default {
                Some(default) if raised.is_a::<crate::types::exceptions::TypeError>() => {
                    raised.clear();
                    Ok(default.to_owned())
                }
                _ => Err(raised),
            },
        }
    }

    #[function(signature = "()")]
    fn getallocatedblocks() -> usize {
        crate::memory::small::allocated_blocks()
    }

    #[function(signature = "(*, _only_immortal=False)")]
    fn getunicodeinternedsize(_only_immortal: bool) -> usize {
        let (all, immortal) = crate::types::str::intern::count();
        if _only_immortal { immortal } else { all }
    }

    #[function(signature = "()")]
    fn _clear_type_cache() -> PyResult<()> {
        crate::modules::warnings::warn(
            crate::types::exceptions::DeprecationWarning::type_object(),
            "sys._clear_type_cache() is deprecated and may be removed in a future version of Python.  Use \
             sys._clear_internal_caches() instead.",
            1,
        )?;
        crate::types::type_::cache::clear();
        Ok(())
    }

    #[function(signature = "()")]
    fn _clear_internal_caches() {
        crate::types::type_::cache::clear();
    }

    /// Removes `__dict__` and `__weakref__` descriptors of a class whose replacement was made with slots.
    #[function(signature = "(type, /)")]
    fn _clear_type_descriptors(r#type: Borrowed<'_, Type>) -> PyResult<()> {
        if !r#type.is_heap_type() {
            return Err(raise!(TypeError, "argument is immutable"));
        }
        let dict = r#type.dict();
        for name in [id!("__dict__"), id!("__weakref__")] {
            if dict.get_str(name).is_some() {
                dict.del_item(name.upcast())?;
            }
        }
        r#type.modified();
        Ok(())
    }

    #[function(signature = "()")]
    fn _debugmallocstats() {
        let text = crate::memory::stats::report();
        // SAFETY: writes live bytes.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
    }

    #[function(signature = "()")]
    fn _is_gil_enabled() -> bool {
        true
    }

    #[function(signature = "()")]
    fn _get_cpu_count_config() -> i32 {
        thread::config().cpu_count
    }

    /// Starts the interactive loop of `code`-less Python, which this build leaves to the module `code`.
    #[function(signature = "()")]
    fn _baserepl() -> PyResult<Ref<Object>> {
        let main = crate::import::import_module("__main__")?;
        let dict = main.getattr(id!("__dict__"))?;
        let interact = crate::import::import_attr("code", "interact")?;
        let names = Tuple::from_slice(&[id!("local").upcast(), id!("banner").upcast(), id!("exitmsg").upcast()])?;
        interact.call_with_names(&[dict.borrow(), id!("").upcast(), id!("").upcast()], names.borrow())
    }

    #[function(signature = "(outpath)")]
    fn _dump_tracelets(_outpath: Borrowed<'_, Object>) -> PyResult<()> {
        Err(raise!(NotImplementedError, "No JIT available"))
    }

    #[function(signature = "()")]
    fn is_stack_trampoline_active() -> bool {
        false
    }

    #[function(signature = "(backend, /)")]
    fn activate_stack_trampoline(_backend: &str) -> PyResult<()> {
        Err(raise!(ValueError, "perf trampoline not available"))
    }

    #[function(signature = "()")]
    fn deactivate_stack_trampoline() {}

    #[function(signature = "()")]
    fn is_remote_debug_enabled() -> bool {
        false
    }

    #[function(signature = "(pid, script)")]
    fn remote_exec(_pid: i32, _script: Borrowed<'_, Object>) -> PyResult<()> {
        Err(raise!(RuntimeError, "Remote debugging is not enabled"))
    }
}

/// `sys.getsizeof(object)`: what `__sizeof__` says, and the collector's words.
fn size_of_object(object: Borrowed<'_, Object>) -> PyResult<usize> {
    let Some(method) = object.lookup_special(id!("__sizeof__"))? else {
        return Err(raise!(TypeError, "Type {} doesn't define __sizeof__", object.type_name()));
    };
    let size = method.call0()?;
    let Some(size) = size.downcast::<Int>() else {
        return Err(raise!(TypeError, "an integer is required"));
    };
    let Some(size) = size.to_i64() else {
        return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
    };
    let Ok(size) = usize::try_from(size) else {
        return Err(raise!(ValueError, "__sizeof__() should return >= 0"));
    };
    Ok(size + presize(&object))
}

/// The bytes in front of an object: the collector's two words, and two words of dict and weak references.
fn presize(object: &Ref<Object>) -> usize {
    let class = object.type_of();
    let mut size = 0;
    // SAFETY: a live object.
    if unsafe { crate::memory::object::is_gc(object.as_ptr()) } {
        size += 16;
    }
    if class.has_flag(crate::abi::Py_TPFLAGS_PREHEADER) {
        size += 16;
    }
    size
}

/// Makes the module `sys` with everything that needs no imports: at start-up, once types are ready.
pub fn create() -> PyResult<Ref<Module>> {
    let interp = thread::interpreter();
    let module = Module::new("sys")?;
    // SAFETY: the definition and its table are statics.
    unsafe {
        Sys::init();
        let definition = Sys::MODULE_DEF;
        crate::types::module::add_functions(module.as_object(), (*definition).m_methods, id!("sys"))?;
        module.0.md_def.set(definition);
    }
    if let Some(doc) = crate::types::descr::doc::find("sys") {
        module.add("__doc__", Str::from_utf8_str(doc)?)?;
    }
    let dict = module.dict();
    let modules = Dict::new()?;
    modules.set_str(id!("sys"), module.as_borrowed())?;
    module.add("modules", &modules)?;
    interp.modules.set(Some(modules.into_object()));
    interp.sysdict.set(Some(dict.clone().into_object()));
    for (name, original) in [
        ("__displayhook__", id!("displayhook")),
        ("__excepthook__", id!("excepthook")),
        ("__breakpointhook__", id!("breakpointhook")),
        ("__unraisablehook__", id!("unraisablehook")),
    ] {
        if let Some(hook) = dict.get_str(original) {
            module.add(name, hook)?;
        }
    }
    info::fill(&module)?;
    module.add("monitoring", monitoring::create()?)?;
    module.add("_jit", create_jit()?)?;
    interp.sysdict_copy.set(Some(dict.copy()?.into_object()));
    Ok(module)
}

/// `sys._jit`.
pub struct Jit;

#[pymodule(name = "sys._jit")]
impl Jit {
    #[function(signature = "()")]
    fn is_available() -> bool {
        false
    }

    #[function(signature = "()")]
    fn is_enabled() -> bool {
        false
    }

    #[function(signature = "()")]
    fn is_active() -> bool {
        false
    }
}

fn create_jit() -> PyResult<Ref<Module>> {
    let module = Module::new("sys._jit")?;
    // SAFETY: the definition and its table are statics.
    unsafe {
        Jit::init();
        crate::types::module::add_functions(module.as_object(), (*Jit::MODULE_DEF).m_methods, id!("sys._jit"))?;
    }
    Ok(module)
}

/// `types.SimpleNamespace(**items)`.
fn namespace(items: Vec<(&str, Ref<Object>)>) -> PyResult<Ref<Object>> {
    let dict = Dict::new()?;
    for (name, value) in items {
        dict.set_str(Str::intern_str(name)?.borrow(), value.borrow())?;
    }
    Ok(Namespace::new(dict)?.into_object())
}
