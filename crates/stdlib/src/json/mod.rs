//! `_json`: scanner and encoder of the `json` package. CPython: `Modules/_json.c`.
//!
//! Both work in one pass over the characters of a string in its own width. Text that is plain, which is nearly all of it,
//! is found in blocks and copied as a whole.

mod encode;
mod escape;
mod scan;
mod text;

use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;

/// `json.decoder.JSONDecodeError(message, text, position)`.
#[cold]
fn decode_error(message: &str, text: &Ref<Str>, position: isize) -> Raised {
    static CLASS: Slot = Slot::new();
    let raise = || -> PyResult<Raised> {
        let class = match CLASS.get() {
            Some(class) => class,
            None => {
                let module = taipan_runtime::import::import_module("json.decoder")?;
                let class = module.getattr(id!("JSONDecodeError"))?;
                CLASS.set(Some(class.clone()));
                class
            }
        };
        let message = Str::from_utf8_str(message)?;
        let position = Int::from_isize(position)?;
        let exception = class.call(&[message.as_borrowed(), text.as_borrowed(), position.as_borrowed()])?;
        Ok(taipan_runtime::types::exceptions::raise_class_or_instance(exception.borrow()))
    };
    raise().unwrap_or_else(|raised| raised)
}

/// TypeError for an argument that has to be a `str`.
fn check_text<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Str>> {
    match object.downcast_borrowed::<Str>() {
        Some(text) => Ok(text),
        None => Err(raise!(TypeError, "first argument must be a string, not {}", object.type_name())),
    }
}

pub struct Json;

#[pymodule(name = "_json")]
impl Json {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<scan::Scanner>()?;
        taipan_runtime::types::type_::ready_static::<encode::Encoder>()?;
        module.add("make_scanner", scan::Scanner::type_object())?;
        module.add("make_encoder", encode::Encoder::type_object())
    }

    #[function(signature = "($self, object, /)")]
    fn encode_basestring_ascii(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let text = check_text(object)?;
        escape::quoted(&text, true)
    }

    #[function(signature = "($self, object, /)")]
    fn encode_basestring(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let text = check_text(object)?;
        escape::quoted(&text, false)
    }

    #[function(raw)]
    fn scanstring(args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        args.no_keywords("scanstring")?;
        let (text, end, strict) = match args.args {
            [text, end] => (text, end, true),
            [text, end, strict] => (text, end, strict.is_true()?),
            args => {
                let (bound, limit) = if args.len() < 2 { ("least", 2) } else { ("most", 3) };
                let given = args.len();
                return Err(raise!(TypeError, "scanstring() takes at {bound} {limit} arguments ({given} given)"));
            }
        };
        let end = end.as_isize()?;
        let text = check_text(*text)?.to_owned();
        scan::scan_string(&text, end, strict)
    }
}
