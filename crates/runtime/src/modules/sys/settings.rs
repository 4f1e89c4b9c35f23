//! Limits and switches of the interpreter, and the variables that the configuration settles.

use super::Sys;
use super::info::{os_list, os_text};
use crate::prelude::*;
use crate::thread;

#[pymethods(part = SETTINGS)]
impl Sys {
    #[function(signature = "()")]
    fn getrecursionlimit() -> i32 {
        thread::interpreter().recursion_limit.get()
    }

    #[function(signature = "(limit, /)")]
    fn setrecursionlimit(limit: i32) -> PyResult<()> {
        if limit < 1 {
            return Err(raise!(ValueError, "recursion limit must be greater or equal than 1"));
        }
        let state = thread::current();
        let depth = state.py_recursion_limit.get() - state.py_recursion_remaining.get();
        if depth >= limit {
            return Err(raise!(
                RecursionError,
                "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
            ));
        }
        thread::stack::set_recursion_limit(limit);
        Ok(())
    }

    #[function(signature = "()")]
    fn getswitchinterval() -> f64 {
        1e-6 * thread::gil::switch_interval() as f64
    }

    #[function(signature = "(interval, /)")]
    fn setswitchinterval(interval: f64) -> PyResult<()> {
        if interval.is_nan() || interval <= 0.0 {
            return Err(raise!(ValueError, "switch interval must be strictly positive"));
        }
        thread::gil::set_switch_interval((1e6 * interval) as u64);
        Ok(())
    }

    #[function(signature = "()")]
    fn getdlopenflags() -> i32 {
        thread::interpreter().dlopen_flags.get()
    }

    #[function(signature = "(flags, /)")]
    fn setdlopenflags(flags: i32) {
        thread::interpreter().dlopen_flags.set(flags);
    }

    #[function(signature = "()")]
    fn get_int_max_str_digits() -> i32 {
        crate::types::int::text::max_str_digits()
    }

    #[function(signature = "(maxdigits)")]
    fn set_int_max_str_digits(maxdigits: i32) -> PyResult<()> {
        crate::types::int::text::set_max_str_digits(maxdigits)
    }

    #[function(signature = "(depth)")]
    fn set_coroutine_origin_tracking_depth(depth: i32) -> PyResult<()> {
        if depth < 0 {
            return Err(raise!(ValueError, "depth must be >= 0"));
        }
        thread::current().coroutine_origin_tracking_depth.set(depth);
        Ok(())
    }

    #[function(signature = "()")]
    fn get_coroutine_origin_tracking_depth() -> i32 {
        thread::current().coroutine_origin_tracking_depth.get()
    }

    #[function(raw)]
    fn set_asyncgen_hooks(args: CallArgs<'_>) -> PyResult<()> {
        static SPEC: crate::object::args::ArgSpec =
            crate::object::args::ArgSpec::plain("set_asyncgen_hooks", &["firstiter", "finalizer"], 0);
        let [first, finalizer] = args.unpack::<2>(&SPEC)?;
        let check = |hook: Option<Borrowed<'_, Object>>, what: &str| match hook {
            Some(hook) if !hook.is_none() && !hook.is_callable() => {
                Err(raise!(TypeError, "callable {what} expected, got {}", hook.type_name()))
            }
            _ => Ok(()),
        };
        check(finalizer, "finalizer")?;
        if let Some(finalizer) = finalizer {
            super::audit("sys.set_asyncgen_hooks_finalizer", &[])?;
            thread::Slot::of(&thread::current().async_gen_finalizer)
                .set(Some(finalizer.to_owned()).filter(|hook| !hook.is_none()));
        }
        check(first, "firstiter")?;
        if let Some(first) = first {
            super::audit("sys.set_asyncgen_hooks_firstiter", &[])?;
            thread::Slot::of(&thread::current().async_gen_firstiter)
                .set(Some(first.to_owned()).filter(|hook| !hook.is_none()));
        }
        Ok(())
    }

    #[function(signature = "()")]
    fn get_asyncgen_hooks() -> PyResult<Ref<Object>> {
        static CLASS: thread::Slot = thread::Slot::new();
        let state = thread::current();
        // SAFETY: only the class is put there.
        let class = match unsafe { CLASS.get_as::<Type>() } {
            Some(class) => class,
            None => {
                let class =
                    crate::types::struct_seq::new_static_class("asyncgen_hooks", &["firstiter", "finalizer"], 2)?;
                CLASS.set(Some(class.clone().into_object()));
                class
            }
        };
        let hook =
            |field: &core::cell::Cell<*mut crate::abi::PyObject>| thread::Slot::of(field).get().unwrap_or_else(none);
        crate::types::struct_seq::instance(
            &class,
            vec![hook(&state.async_gen_firstiter), hook(&state.async_gen_finalizer)],
        )
    }
}

/// Sets the variables that the search for the library settled: `path`, `prefix`, `argv` and so on. At start-up, once the
/// configuration is complete.
pub fn set_path_variables(module: &Ref<Module>) -> PyResult<()> {
    let config = thread::config();
    let optional = |value: &Option<std::ffi::OsString>| match value {
        Some(value) => os_text(value),
        None => Ok(none()),
    };
    module.add("path", os_list(&config.module_search_paths)?)?;
    module.add("executable", os_text(&config.executable)?)?;
    module.add("_base_executable", os_text(&config.base_executable)?)?;
    module.add("prefix", os_text(&config.prefix)?)?;
    module.add("base_prefix", os_text(&config.base_prefix)?)?;
    module.add("exec_prefix", os_text(&config.exec_prefix)?)?;
    module.add("base_exec_prefix", os_text(&config.base_exec_prefix)?)?;
    module.add("platlibdir", Str::from_utf8_str(&config.platlibdir)?)?;
    module.add("pycache_prefix", optional(&config.pycache_prefix)?)?;
    module.add("argv", os_list(&config.argv)?)?;
    module.add("orig_argv", os_list(&config.orig_argv)?)?;
    module.add("_stdlib_dir", optional(&config.stdlib_dir)?)?;
    Ok(())
}
