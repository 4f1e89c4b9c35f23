//! The registry: search functions, their cache, and the error handlers by name.
//!
//! **Invariant:** the tables are touched only while the GIL is held, and never across a call of Python code.
//! CPython: `Python/codecs.c`.

use core::cell::UnsafeCell;

use super::errors::Handlers;
use crate::prelude::*;
use crate::types::builtin_function::CFunction;
use crate::types::str::outside::import;

#[derive(Default)]
struct State {
    search_path: Vec<Ref<Object>>,
    cache: Option<Ref<Dict>>,
    handlers: Option<Ref<Dict>>,
    /// The module `encodings` has been imported, or its import is under way.
    encodings_wanted: bool,
}

struct Guarded(UnsafeCell<State>);

// SAFETY: touched only while the GIL is held.
unsafe impl Sync for Guarded {}

static STATE: Guarded =
    Guarded(UnsafeCell::new(State { search_path: Vec::new(), cache: None, handlers: None, encodings_wanted: false }));

/// The state, for one short operation that runs no Python code.
fn with_state<R>(body: impl FnOnce(&mut State) -> R) -> R {
    // SAFETY: the GIL is held, and `body` does not come back here.
    body(unsafe { &mut *STATE.0.get() })
}

/// The table of error handlers, made at its first use.
fn handlers() -> PyResult<Ref<Dict>> {
    if let Some(handlers) = with_state(|state| state.handlers.clone()) {
        return Ok(handlers);
    }
    let handlers = Dict::new()?;
    for (index, name) in BUILTIN_HANDLERS.iter().enumerate() {
        let function = CFunction::new(&Handlers::FUNCTIONS.methods[index], None, None)?;
        handlers.set_str(Str::intern_str(name)?.borrow(), function.as_borrowed())?;
    }
    with_state(|state| state.handlers = Some(handlers.clone()));
    Ok(handlers)
}

/// The handlers that always exist, in the order of their functions.
const BUILTIN_HANDLERS: [&str; 8] = [
    "strict",
    "ignore",
    "replace",
    "xmlcharrefreplace",
    "backslashreplace",
    "namereplace",
    "surrogatepass",
    "surrogateescape",
];

/// `codecs.register_error(name, handler)`.
pub fn register_error(name: &str, handler: Borrowed<'_, Object>) -> PyResult<()> {
    if !handler.is_callable() {
        return Err(raise!(TypeError, "handler must be callable"));
    }
    handlers()?.set_str(Str::intern_str(name)?.borrow(), handler)
}

/// `_codecs._unregister_error(name)`: whether there was one.
pub fn unregister_error(name: &str) -> PyResult<bool> {
    if BUILTIN_HANDLERS.contains(&name) {
        return Err(raise!(ValueError, "cannot un-register built-in error handler '{name}'"));
    }
    let (handlers, name) = (handlers()?, Str::intern_str(name)?);
    if handlers.get_str(name.borrow()).is_none() {
        return Ok(false);
    }
    handlers.del_item(name.borrow())?;
    Ok(true)
}

/// `codecs.lookup_error(name)`.
pub fn lookup_error(name: &str) -> PyResult<Ref<Object>> {
    match handlers()?.get_str(Str::intern_str(name)?.borrow()) {
        Some(handler) => Ok(handler),
        None => Err(raise!(LookupError, "unknown error handler name '{name}'")),
    }
}

/// An encoding's name in the form that the cache has: letters, digits and dots, in lower case, `_` for each run of other
/// characters between them.
///
/// Of a very long one, which is no encoding's, without memory the beginning.
pub fn normalize(encoding: &str) -> String {
    let shown = crate::memory::rust_alloc::shown_in_message(encoding.len());
    let encoding = &encoding[..encoding.floor_char_boundary(shown)];
    let mut out = String::with_capacity(encoding.len());
    let mut gap = false;
    for c in encoding.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

/// `codecs.register(search_function)`.
pub fn register(search_function: Borrowed<'_, Object>) -> PyResult<()> {
    if !search_function.is_callable() {
        return Err(raise!(TypeError, "argument must be callable"));
    }
    let function = search_function.to_owned();
    with_state(|state| state.search_path.try_push(function))
}

/// `codecs.unregister(search_function)`.
pub fn unregister(search_function: Borrowed<'_, Object>) -> PyResult<()> {
    let (removed, cache) = with_state(|state| {
        let at = state.search_path.iter().position(|function| function.is(&search_function));
        (at.map(|at| state.search_path.remove(at)), state.cache.clone())
    });
    if removed.is_some()
        && let Some(cache) = cache
    {
        cache.clear();
    }
    Ok(())
}

/// `codecs.lookup(encoding)`: a tuple of encoder, decoder, stream reader, stream writer.
pub fn lookup(encoding: &str) -> PyResult<Ref<Tuple>> {
    let known_cache = with_state(|state| state.cache.clone());
    let cache = match known_cache {
        Some(cache) => cache,
        None => {
            let cache = Dict::new()?;
            with_state(|state| state.cache = Some(cache.clone()));
            cache
        }
    };
    let name = Str::intern_str(&normalize(encoding))?;
    if let Some(found) = cache.get_str(name.borrow())
        && let Ok(found) = found.into_downcast::<Tuple>()
    {
        return Ok(found);
    }
    let import_first = with_state(|state| {
        let first = state.search_path.is_empty() && !state.encodings_wanted;
        state.encodings_wanted |= first;
        first
    });
    if import_first {
        import("encodings")?;
    }
    let mut index = 0;
    while let Some(function) = with_state(|state| state.search_path.get(index).cloned()) {
        index += 1;
        let found = function.call1(name.as_borrowed())?;
        if found.is_none() {
            continue;
        }
        let found = match found.into_downcast::<Tuple>() {
            Ok(found) if found.len() == 4 => found,
            _ => return Err(raise!(TypeError, "codec search functions must return 4-tuples")),
        };
        cache.set_str(name.borrow(), found.as_borrowed())?;
        return Ok(found);
    }
    Err(raise!(LookupError, "unknown encoding: {encoding}"))
}

/// As [`lookup`], for `str.encode` and `bytes.decode`, which refuse codecs that are not about text.
fn lookup_text(encoding: &str, alternative: &str) -> PyResult<Ref<Tuple>> {
    let codec = lookup(encoding)?;
    if !codec.is_exact::<Tuple>()
        && let Some(is_text) = codec.as_object().lookup_attr(id!("_is_text_encoding"))?
        && !is_text.is_true()?
    {
        return Err(raise!(
            LookupError,
            "'{encoding}' is not a text encoding; use {alternative} to handle arbitrary codecs"
        ));
    }
    Ok(codec)
}

/// Calls an encoder or decoder and takes the first item of its answer.
fn convert(
    function: Borrowed<'_, Object>,
    object: Borrowed<'_, Object>,
    encoding: &str,
    errors: Option<&str>,
    what: &str,
) -> PyResult<Ref<Object>> {
    let errors = errors.map(Str::from_utf8_str).transpose()?;
    let result = match &errors {
        Some(errors) => function.call(&[object, errors.as_borrowed()]),
        None => function.call1(object),
    };
    let result = match result {
        Ok(result) => result,
        Err(raised) => return Err(add_note(raised, &format!("{what}ing with '{encoding}' codec failed"))),
    };
    match result.into_downcast::<Tuple>() {
        Ok(pair) if pair.len() == 2 => Ok(pair.get(0).to_owned()),
        _ => Err(raise!(TypeError, "{what}er must return a tuple (object, integer)")),
    }
}

/// The exception that is set, with a note.
fn add_note(raised: Raised, note: &str) -> Raised {
    let exception = raised.take();
    if let Ok(note) = Str::from_utf8_str(note)
        && let Err(other) = exception.call_method(id!("add_note"), &[note.as_borrowed()])
    {
        other.clear();
    }
    Raised::restore(exception)
}

/// `codecs.encode(object, encoding, errors)`.
pub fn encode(object: Borrowed<'_, Object>, encoding: &str, errors: Option<&str>) -> PyResult<Ref<Object>> {
    let codec = lookup(encoding)?;
    convert(codec.get(0), object, encoding, errors, "encod")
}

/// `codecs.decode(object, encoding, errors)`.
pub fn decode(object: Borrowed<'_, Object>, encoding: &str, errors: Option<&str>) -> PyResult<Ref<Object>> {
    let codec = lookup(encoding)?;
    convert(codec.get(1), object, encoding, errors, "decod")
}

pub(super) fn encode_text(object: Borrowed<'_, Object>, encoding: &str, errors: &str) -> PyResult<Ref<Object>> {
    let codec = lookup_text(encoding, "codecs.encode()")?;
    convert(codec.get(0), object, encoding, Some(errors), "encod")
}

pub(super) fn decode_text(object: Borrowed<'_, Object>, encoding: &str, errors: &str) -> PyResult<Ref<Object>> {
    let codec = lookup_text(encoding, "codecs.decode()")?;
    convert(codec.get(1), object, encoding, Some(errors), "decod")
}
