//! `_csv`: readers and writers of comma-separated values. CPython: `Modules/_csv.c`.

mod dialect;
mod reader;
mod writer;

use core::sync::atomic::{AtomicIsize, Ordering};

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

use crate::support::Slot;
use dialect::Dialect;
use reader::Reader;
use writer::Writer;

/// `_csv.Error`
static ERROR: Slot = Slot::new();

/// The registered dialects by name: a dict.
static DIALECTS: Slot = Slot::new();

/// The longest field that a reader accepts.
static FIELD_LIMIT: AtomicIsize = AtomicIsize::new(128 * 1024);

fn field_limit() -> isize {
    FIELD_LIMIT.load(Ordering::Relaxed)
}

/// Raises `_csv.Error`.
#[cold]
fn error(message: core::fmt::Arguments<'_>) -> Raised {
    let raise = || -> PyResult<Raised> {
        let text = Str::from_fmt(message)?;
        let class = ERROR.get().unwrap_or_else(|| exceptions::Exception::type_object().as_object().clone());
        Ok(exceptions::set_object(class.borrow(), Some(text.as_borrowed())))
    };
    raise().unwrap_or_else(|raised| raised)
}

fn dialects() -> PyResult<Ref<Dict>> {
    // SAFETY: a dict is put there alone.
    match unsafe { DIALECTS.get_as::<Dict>() } {
        Some(dialects) => Ok(dialects),
        None => Err(raise!(SystemError, "_csv is not initialised")),
    }
}

/// The dialect that is registered under a name.
fn registered(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    match dialects()?.get(name)? {
        Some(dialect) => Ok(dialect),
        None => Err(error(format_args!("unknown dialect"))),
    }
}

/// The first argument of a function that also takes a dialect, and what is left for that.
fn split_first<'a>(args: &CallArgs<'a>, function: &str) -> PyResult<(Borrowed<'a, Object>, CallArgs<'a>)> {
    args.check_count(function, 1, 2)?;
    match args.args {
        [first, rest @ ..] => Ok((*first, CallArgs { args: rest, names: args.names })),
        [] => Err(raise!(TypeError, "{function} expected at least 1 argument, got 0")),
    }
}

pub struct Csv;

#[pymodule(name = "_csv")]
impl Csv {
    const QUOTE_MINIMAL: i32 = dialect::QUOTE_MINIMAL;
    const QUOTE_ALL: i32 = dialect::QUOTE_ALL;
    const QUOTE_NONNUMERIC: i32 = dialect::QUOTE_NONNUMERIC;
    const QUOTE_NONE: i32 = dialect::QUOTE_NONE;
    const QUOTE_STRINGS: i32 = dialect::QUOTE_STRINGS;
    const QUOTE_NOTNULL: i32 = dialect::QUOTE_NOTNULL;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let bases = Tuple::pack([exceptions::Exception::type_object().as_object().clone()])?;
        let dict = Dict::new()?;
        dict.set_str(id!("__module__"), id!("_csv"))?;
        // As a type of native code it has no weak references of its own.
        dict.set_str(id!("__slots__"), Tuple::empty().borrow())?;
        let class = Type::create("Error", bases.borrow(), dict.borrow())?;
        class.dict().take(id!("__slots__"))?;
        ERROR.set(Some(class.as_object().clone()));
        module.add("Error", class)?;
        let dialects = Dict::new()?;
        DIALECTS.set(Some(dialects.as_object().clone()));
        module.add("_dialects", dialects)?;
        module.add_type::<Dialect>()?;
        taipan_runtime::types::type_::ready_static::<Reader>()?;
        taipan_runtime::types::type_::ready_static::<Writer>()?;
        module.add("Reader", Reader::type_object())?;
        module.add("Writer", Writer::type_object())
    }

    #[function(raw, signature = "($module, iterable, /, dialect='excel', **fmtparams)")]
    fn reader(args: CallArgs<'_>) -> PyResult<Ref<Reader>> {
        let (iterable, rest) = split_first(&args, "reader")?;
        Reader::create(iterable, rest)
    }

    #[function(raw, signature = "($module, fileobj, /, dialect='excel', **fmtparams)")]
    fn writer(args: CallArgs<'_>) -> PyResult<Ref<Writer>> {
        let (file, rest) = split_first(&args, "writer")?;
        Writer::create(file, rest)
    }

    #[function(signature = "($module, /)")]
    fn list_dialects() -> PyResult<Ref<List>> {
        dialects()?.keys_list()
    }

    #[function(raw, signature = "($module, name, /, dialect='excel', **fmtparams)")]
    fn register_dialect(args: CallArgs<'_>) -> PyResult<()> {
        let (name, rest) = split_first(&args, "register_dialect")?;
        if !name.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "dialect name must be a string"));
        }
        let dialect = Dialect::from_call(Dialect::type_object(), rest)?;
        dialects()?.set_item(name, dialect.borrow())
    }

    #[function(signature = "($module, /, name)")]
    fn unregister_dialect(name: Borrowed<'_, Object>) -> PyResult<()> {
        match dialects()?.take(name) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(error(format_args!("unknown dialect"))),
            Err(raised) => {
                raised.clear();
                Err(error(format_args!("unknown dialect")))
            }
        }
    }

    #[function(signature = "($module, /, name)")]
    fn get_dialect(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        registered(name)
    }

    #[function(signature = "($module, /, new_limit=<unrepresentable>)")]
    fn field_size_limit(new_limit: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        let old = field_limit();
        if let Some(limit) = new_limit {
            let Some(limit) = limit.downcast_exact::<Int>() else {
                return Err(raise!(TypeError, "limit must be an integer"));
            };
            let Some(limit) = limit.to_isize() else {
                return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
            };
            FIELD_LIMIT.store(limit, Ordering::Relaxed);
        }
        Ok(old)
    }
}
