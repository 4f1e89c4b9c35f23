//! `pyexpat`: a streaming parser of XML with handlers. CPython: `Modules/pyexpat.c`.
//!
//! The parser itself, which knows no objects, is [`expat`]; `_elementtree` uses it directly.

pub mod expat;
mod handlers;
mod traceback;
mod xmlparser;

use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::exceptions;

use crate::support::ErrorClass;
use expat::{Kind, Parser, Quantity, error};
use xmlparser::XmlParser;
pub use xmlparser::decoding_table;

/// `xml.parsers.expat.ExpatError`
static ERROR: ErrorClass = ErrorClass::new("xml.parsers.expat", "ExpatError", exceptions::Exception::type_object);

/// What is said of `XML_ERROR_...` numbers that are not about the document.
const INVALID_ARGUMENT: i64 = error::Code::InvalidArgument as i64;

/// Raises an error with a place.
#[cold]
fn raise_at(class: Ref<Object>, message: &str, code: i64, line: usize, column: usize) -> Raised {
    let raise = || -> PyResult<Raised> {
        let message = Str::from_utf8_str(message)?;
        let exception = class.call1(message.as_borrowed())?;
        exception.setattr(id!("code"), Int::from_i64(code)?.as_borrowed())?;
        exception.setattr(id!("lineno"), Int::from_usize(line)?.as_borrowed())?;
        exception.setattr(id!("offset"), Int::from_usize(column)?.as_borrowed())?;
        Ok(exceptions::set_object(class.borrow(), Some(exception.borrow())))
    };
    raise().unwrap_or_else(|raised| raised)
}

/// Raises the error of a parser.
#[cold]
fn raise_code(code: error::Code, line: usize, column: usize) -> Raised {
    let message = format!("{}: line {line}, column {column}", code.text());
    match ERROR.class() {
        Ok(class) => raise_at(class, &message, code as i64, line, column),
        Err(raised) => raised,
    }
}

/// Another module inside of this one, which can be imported by its name.
fn submodule(parent: &Ref<Module>, name: &str, doc: &str) -> PyResult<Ref<Module>> {
    let whole = format!("pyexpat.{name}");
    let module = Module::new(&whole)?;
    module.add("__doc__", Str::from_utf8_str(doc)?)?;
    let modules = thread::interpreter().modules_dict()?;
    modules.set_str(Str::intern_str(&whole)?.borrow(), module.as_borrowed())?;
    parent.add(name, module.clone())?;
    Ok(module)
}

fn add_errors(parent: &Ref<Module>) -> PyResult<()> {
    let module = submodule(parent, "errors", "Constants used to describe error conditions.")?;
    let codes = Dict::new()?;
    let messages = Dict::new()?;
    for (i, (name, text)) in error::TABLE.iter().enumerate() {
        let number = Int::from_usize(i + 1)?;
        let text = Str::from_utf8_str(text)?;
        codes.set_item(text.borrow(), number.borrow())?;
        messages.set_item(number.borrow(), text.borrow())?;
        module.add(name, text)?;
    }
    module.add("codes", codes)?;
    module.add("messages", messages)
}

fn add_model(parent: &Ref<Module>) -> PyResult<()> {
    let module = submodule(parent, "model", "Constants used to interpret content model information.")?;
    let numbers = [
        ("XML_CTYPE_EMPTY", Kind::Empty as i64),
        ("XML_CTYPE_ANY", Kind::Any as i64),
        ("XML_CTYPE_MIXED", Kind::Mixed as i64),
        ("XML_CTYPE_NAME", Kind::Name as i64),
        ("XML_CTYPE_CHOICE", Kind::Choice as i64),
        ("XML_CTYPE_SEQ", Kind::Sequence as i64),
        ("XML_CQUANT_NONE", Quantity::One as i64),
        ("XML_CQUANT_OPT", Quantity::Optional as i64),
        ("XML_CQUANT_REP", Quantity::Any as i64),
        ("XML_CQUANT_PLUS", Quantity::Some as i64),
    ];
    for (name, number) in numbers {
        module.add(name, Int::from_i64(number)?)?;
    }
    Ok(())
}

/// A number for each feature that expat reports of itself.
const FEATURES: [(&str, i64); 10] = [
    ("sizeof(XML_Char)", 1),
    ("sizeof(XML_LChar)", 1),
    ("XML_DTD", 0),
    ("XML_CONTEXT_BYTES", 1024),
    ("XML_NS", 0),
    ("XML_BLAP_MAX_AMP", 100),
    ("XML_BLAP_ACT_THRES", 8 << 20),
    ("XML_GE", 0),
    ("XML_AT_MAX_AMP", 100),
    ("XML_AT_ACT_THRES", 64 << 20),
];

pub struct PyExpat;

#[pymodule(name = "pyexpat")]
impl PyExpat {
    const EXPAT_VERSION: &'static str = "expat_2.9.0";
    const native_encoding: &'static str = "UTF-8";
    const XML_PARAM_ENTITY_PARSING_NEVER: i32 = 0;
    const XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE: i32 = 1;
    const XML_PARAM_ENTITY_PARSING_ALWAYS: i32 = 2;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<XmlParser>()?;
        module.add("XMLParserType", XmlParser::type_object())?;
        module.add("error", ERROR.class()?)?;
        module.add("ExpatError", ERROR.class()?)?;
        let version = [2, 9, 0].map(|part| Int::from_i64(part).map(Ref::into_object));
        let [major, minor, micro] = version;
        module.add("version_info", Tuple::pack([major?, minor?, micro?])?)?;
        let mut features = Vec::new();
        for (name, value) in FEATURES {
            let row = [Str::from_utf8_str(name)?.into_object(), Int::from_i64(value)?.into_object()];
            features.push(Tuple::pack(row)?.into_object());
        }
        module.add("features", List::from_vec(features)?)?;
        add_errors(module)?;
        add_model(module)
    }

    #[function(
        name = "ParserCreate",
        signature = "($module, /, encoding=None, namespace_separator=None, intern=<unrepresentable>)"
    )]
    fn parser_create(
        encoding: Option<Borrowed<'_, Object>>,
        namespace_separator: Option<Borrowed<'_, Object>>,
        intern: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<XmlParser>> {
        let encoding = optional_text(encoding, "encoding")?;
        let separator = optional_text(namespace_separator, "namespace_separator")?;
        let separator = match &separator {
            None => None,
            Some(text) if text.as_utf8()?.len() > 1 => {
                return Err(raise!(ValueError, "namespace_separator must be at most one character, omitted, or None"));
            }
            Some(text) => Some(text.as_utf8()?.chars().next()),
        };
        let intern = match intern {
            None => Some(Dict::new()?.into_object()),
            Some(intern) if intern.is_none() => None,
            Some(intern) if intern.is_instance_of::<Dict>() => Some(intern.to_owned()),
            Some(_) => return Err(raise!(TypeError, "intern must be a dictionary")),
        };
        let encoding = match &encoding {
            Some(text) => Some(text.as_utf8()?),
            None => None,
        };
        XmlParser::create(Parser::new(encoding, separator), intern)
    }

    #[function(name = "ErrorString", signature = "($module, code, /)")]
    fn error_string(code: i64) -> Option<Ref<Str>> {
        error::message(code).and_then(|text| Str::from_utf8_str(text).ok())
    }
}

/// An argument of `ParserCreate` that is a string or None.
fn optional_text<'a>(value: Option<Borrowed<'a, Object>>, name: &str) -> PyResult<Option<Borrowed<'a, Str>>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    match value.downcast_borrowed::<Str>() {
        Some(text) if text.as_utf8()?.contains('\0') => Err(raise!(ValueError, "embedded null character")),
        Some(text) => Ok(Some(text)),
        None => {
            Err(raise!(TypeError, "ParserCreate() argument '{name}' must be str or None, not {}", value.type_name()))
        }
    }
}
