//! `_struct`: values to the bytes of C structs, and back. CPython: `Modules/_struct.c`.

mod format;
mod item;
mod object;

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::Exception;

use crate::support::{ErrorClass, Slot};
use object::{Struct, UnpackIterator};

/// `struct.error`
static ERROR: ErrorClass = ErrorClass::new("struct", "error", Exception::type_object);

/// The structs of formats that functions of the module were called with: a dict. The GIL guards it.
static CACHE: Slot = Slot::new();

/// How many structs are kept; then all are dropped.
const CACHE_SIZE: usize = 100;

/// The struct of a format.
fn cached(format: Borrowed<'_, Object>) -> PyResult<Ref<Struct>> {
    // SAFETY: only a dict is put there.
    let cache = match unsafe { CACHE.get_as::<Dict>() } {
        Some(cache) => cache,
        None => {
            let cache = Dict::new()?;
            CACHE.set(Some(cache.clone().into_object()));
            cache
        }
    };
    // `bytes` go in by a tuple, so that they are never compared with a `str`.
    let key = if format.is_instance_of::<Bytes>() {
        Tuple::pack([format.to_owned()])?.into_object()
    } else {
        format.to_owned()
    };
    if let Some(found) = cache.get(key.borrow())? {
        // SAFETY: only structs are put there.
        return Ok(unsafe { found.into_unchecked() });
    }
    let new = Struct::create(format)?;
    if cache.len() >= CACHE_SIZE {
        cache.clear();
    }
    cache.set_item(key.borrow(), new.as_borrowed())?;
    Ok(new)
}

/// Splits the format off the arguments.
fn format_and_rest<'a>(
    args: &CallArgs<'a>,
    function: &str,
) -> PyResult<(Borrowed<'a, Object>, &'a [Borrowed<'a, Object>])> {
    args.no_keywords(function)?;
    match args.positional() {
        [format, rest @ ..] => Ok((*format, rest)),
        [] => Err(raise!(TypeError, "missing format argument")),
    }
}

pub struct StructModule;

#[pymodule(name = "_struct")]
impl StructModule {
    #[function(signature = "($module, /)")]
    fn _clearcache() {
        drop(CACHE.take());
    }

    #[function(signature = "($module, format, /)")]
    fn calcsize(format: Borrowed<'_, Object>) -> PyResult<usize> {
        Ok(cached(format)?.layout()?.size)
    }

    #[function(signature = "($module, format, buffer, /)")]
    fn iter_unpack(format: Borrowed<'_, Object>, buffer: Borrowed<'_, Object>) -> PyResult<Ref<UnpackIterator>> {
        UnpackIterator::over(cached(format)?.layout()?, buffer)
    }

    #[function(raw, no_text_signature)]
    fn pack(args: CallArgs<'_>) -> PyResult<Ref<Bytes>> {
        let (format, values) = format_and_rest(&args, "_struct.pack")?;
        cached(format)?.layout()?.pack_values(values)
    }

    #[function(raw, no_text_signature)]
    fn pack_into(args: CallArgs<'_>) -> PyResult<()> {
        let (format, rest) = format_and_rest(&args, "_struct.pack_into")?;
        cached(format)?.layout()?.pack_into(rest)
    }

    #[function(signature = "($module, format, buffer, /)")]
    fn unpack(format: Borrowed<'_, Object>, buffer: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        cached(format)?.layout()?.unpack_exact(&BufferArg::new(buffer)?)
    }

    #[function(signature = "($module, format, /, buffer, offset=0)")]
    fn unpack_from(format: Borrowed<'_, Object>, buffer: Borrowed<'_, Object>, offset: isize) -> PyResult<Ref<Tuple>> {
        cached(format)?.layout()?.unpack_from(&BufferArg::new(buffer)?, offset)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Struct>()?;
        taipan_runtime::types::type_::ready_static::<UnpackIterator>()?;
        ERROR.add_to(module)
    }
}
