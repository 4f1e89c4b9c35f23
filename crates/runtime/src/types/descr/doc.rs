//! Docstrings: the split of a C docstring into signature and text, and the texts of the built-in ones.
//!
//! A C docstring may begin with `name(signature)\n--\n\n`; `__text_signature__` is that signature and `__doc__` the
//! rest. Our own tables hold the signature alone: the text is looked up under a dotted name such as
//! `builtins.list.append` in data made at build time. CPython: `_PyType_DocWithoutSignature` in `Objects/typeobject.c`.

use core::cmp::Ordering;

use crate::abi::{METH_CLASS, METH_COEXIST, METH_NOARGS, METH_O, METH_STATIC, PyMethodDef};
use crate::prelude::*;

static TEXTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/docs.texts"));
static NAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/docs.names"));
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/docs.index"));

const ROW: usize = 16;

/// The rows of modules, types and functions; those of members of types follow.
const OUTER_ROWS: usize = match usize::from_str_radix(env!("DOCS_OUTER_ROWS"), 10) {
    Ok(rows) => rows,
    Err(_) => panic!("build.rs counts the rows"),
};
const END_OF_SIGNATURE: &[u8] = b")\n--\n\n";

/// In the length of a text: of a type of this name there is another, under `name.__doc__`. As in `build.rs`.
const TYPE_HAS_OWN: usize = 1 << 31;

/// The docstring of a built-in thing by its dotted name.
pub fn find(name: &str) -> Option<&'static str> {
    find_row(name).map(|(text, _)| text)
}

/// The same for a type, which may have the name of a function.
pub fn find_type(name: &str) -> Option<&'static str> {
    match find_row(name)? {
        (_, true) => find(&format!("{name}.__doc__")),
        (text, false) => Some(text),
    }
}

/// Whether `name` is that of a member of a type: `module.Type.member`. As in `build.rs`.
fn is_member(name: &str) -> bool {
    name.split('.').count() > 2
}

/// The text, and whether a type of this name has its own.
fn find_row(name: &str) -> Option<(&'static str, bool)> {
    let word = |row: usize, column: usize| -> usize {
        let at = row * ROW + column * 4;
        let bytes = INDEX.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 4]);
        u32::from_le_bytes(bytes) as usize
    };
    let (mut low, mut high) = if is_member(name) { (OUTER_ROWS, INDEX.len() / ROW) } else { (0, OUTER_ROWS) };
    while low < high {
        let middle = low.midpoint(high);
        let start = word(middle, 0);
        let candidate = NAMES.get(start..start + word(middle, 1))?;
        match candidate.cmp(name.as_bytes()) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => {
                let start = word(middle, 2);
                let (length, own) = (word(middle, 3) & !TYPE_HAS_OWN, word(middle, 3) & TYPE_HAS_OWN != 0);
                return Some((core::str::from_utf8(TEXTS.get(start..start + length)?).ok()?, own));
            }
        }
    }
    None
}

/// A C docstring taken apart.
pub struct Split<'a> {
    /// What stands between name and `--`, parentheses included.
    pub signature: Option<&'a [u8]>,
    pub text: &'a [u8],
}

/// Splits `doc`, the docstring of something called `name` (dotted names count from the last dot).
pub fn split<'a>(name: &[u8], doc: &'a [u8]) -> Split<'a> {
    let short = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    let plain = Split { signature: None, text: doc };
    let Some(rest) = doc.strip_prefix(short) else { return plain };
    if rest.first() != Some(&b'(') {
        return plain;
    }
    // The marker may not be preceded by an empty line: that would be prose that happens to contain it.
    let Some(end) = memchr::memmem::find(rest, END_OF_SIGNATURE) else { return plain };
    if memchr::memmem::find(rest, b"\n\n").is_some_and(|blank| blank < end) {
        return plain;
    }
    Split { signature: Some(&rest[..=end]), text: &rest[end + END_OF_SIGNATURE.len()..] }
}

fn bytes_of<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: names and docstrings of tables are C strings that live as long as the table.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

fn to_str(text: &[u8]) -> PyResult<Ref<Object>> {
    let text = String::from_utf8_lossy(text);
    Ok(Str::from_utf8_str(&text)?.into_object())
}

/// `__text_signature__` of something with the C name and docstring given; None where there is none.
pub fn text_signature(name: *const c_char, doc: *const c_char) -> PyResult<Ref<Object>> {
    let (Some(name), Some(doc)) = (bytes_of(name), bytes_of(doc)) else { return Ok(none()) };
    match split(name, doc).signature {
        Some(signature) => to_str(signature),
        None => Ok(none()),
    }
}

/// `__text_signature__` of a method or function: where there is no docstring at all, that which its calling
/// convention implies.
pub fn method_signature(def: &PyMethodDef, documented: impl FnOnce() -> bool) -> PyResult<Ref<Object>> {
    let given = text_signature(def.ml_name, def.ml_doc)?;
    if !given.is_none() || documented() {
        return Ok(given);
    }
    const BOUND: c_int = METH_CLASS | METH_STATIC;
    let implied = match (def.ml_flags & !(METH_COEXIST | BOUND), def.ml_flags & BOUND) {
        (METH_NOARGS, 0) => "($self, /)",
        (METH_NOARGS, METH_CLASS) => "($type, /)",
        (METH_NOARGS, METH_STATIC) => "()",
        (METH_O, 0) => "($self, object, /)",
        (METH_O, METH_CLASS) => "($type, object, /)",
        (METH_O, METH_STATIC) => "(object, /)",
        _ => return Ok(none()),
    };
    Ok(Str::from_utf8_str(implied)?.into_object())
}

/// `__doc__` of something with the C name and docstring given. `dotted` names it in the data of built-in docstrings,
/// for a docstring that has a signature and no text.
pub fn doc_text(name: *const c_char, doc: *const c_char, dotted: impl FnOnce() -> String) -> PyResult<Ref<Object>> {
    text_or(name, doc, || find(&dotted()))
}

/// The same of a type.
pub fn type_doc_text(
    name: *const c_char,
    doc: *const c_char,
    dotted: impl FnOnce() -> String,
) -> PyResult<Ref<Object>> {
    text_or(name, doc, || find_type(&dotted()))
}

fn text_or(
    name: *const c_char,
    doc: *const c_char,
    known: impl FnOnce() -> Option<&'static str>,
) -> PyResult<Ref<Object>> {
    let text = match (bytes_of(name), bytes_of(doc)) {
        (Some(name), Some(doc)) => split(name, doc).text,
        _ => b"",
    };
    if !text.is_empty() {
        return to_str(text);
    }
    match known() {
        Some(text) if !text.is_empty() => Ok(Str::from_utf8_str(text)?.into_object()),
        _ => Ok(none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_signatures() {
        let found = split(b"list.append", b"append($self, object, /)\n--\n\nAppend.");
        assert_eq!(found.signature, Some(&b"($self, object, /)"[..]));
        assert_eq!(found.text, b"Append.");
        let found = split(b"dir", b"dir([object]) -> list of strings");
        assert!(found.signature.is_none());
        assert_eq!(found.text, b"dir([object]) -> list of strings");
    }

    #[test]
    fn finds_texts() {
        assert_eq!(find("builtins.list.append"), Some("Append object to the end of the list."));
        assert_eq!(find("builtins.list.no_such_thing"), None);
        assert_ne!(find("_csv.reader"), find_type("_csv.reader"));
        assert_eq!(find_type("_md5.md5"), Some(""));
        assert_eq!(find("builtins.list"), find_type("builtins.list"));
    }
}
