//! `_tokenize`: the lexer's tokens for Python code. CPython: `Python/Python-tokenize.c`.
//!
//! The source is read to its end at the first token, where CPython reads a line at a time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use taipan_runtime::abi::PyObject;
use taipan_runtime::compile::parse_error;
use taipan_runtime::memory;
use taipan_runtime::memory::rust_alloc::Room;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_syntax::{Arena, SyntaxError, tokenize::PyTokens};

pub struct Tokenize;

#[pymodule(name = "_tokenize")]
impl Tokenize {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<TokenizerIter>()
    }
}

/// A token that owns its texts.
struct Item {
    kind: u8,
    text: String,
    start: (i32, i32),
    end: (i32, i32),
    line: Rc<str>,
}

/// What is left to give.
struct Pending {
    items: VecDeque<Item>,
    /// The line of the last token that was given, and its text.
    line: Option<(Rc<str>, Ref<Str>)>,
    error: Option<SyntaxError>,
}

impl Pending {
    fn line_object(&mut self, line: &Rc<str>) -> PyResult<Ref<Str>> {
        match &self.line {
            Some((last, object)) if Rc::ptr_eq(last, line) => Ok(object.clone()),
            _ => {
                let object = Str::from_utf8_str(line)?;
                self.line = Some((line.clone(), object.clone()));
                Ok(object)
            }
        }
    }
}

/// `_tokenize.TokenizerIter`.
#[repr(C)]
pub struct TokenizerIter {
    head: PyObject,
    readline: Cell<*mut PyObject>,
    encoding: Cell<*mut PyObject>,
    pending: Cell<*mut Pending>,
    extra: Cell<bool>,
}

impl TokenizerIter {
    /// Reads all lines and finds their tokens.
    fn read(&self) -> PyResult<Pending> {
        // SAFETY: set when the iterator was made.
        let readline: Ref<Object> = unsafe { Ref::from_borrowed_ptr(self.readline.get()) };
        let mut source = String::new();
        loop {
            let line = match readline.call0() {
                Ok(line) => line,
                Err(raised) => {
                    raised.clear_if::<taipan_runtime::types::exceptions::StopIteration>()?;
                    break;
                }
            };
            // SAFETY: null or a `str`.
            let encoding: Option<Ref<Str>> = unsafe { Ref::from_borrowed_ptr_or_null(self.encoding.get()) };
            let text = if let Some(encoding) = encoding {
                let Some(bytes) = line.downcast::<Bytes>() else {
                    return Err(raise!(TypeError, "readline() returned a non-bytes object ({})", line.type_name()));
                };
                taipan_runtime::types::codec::decode_bytes(bytes.as_slice(), &encoding.to_display(), "replace")?
            } else {
                match line.into_downcast::<Str>() {
                    Ok(text) => text,
                    Err(other) => {
                        return Err(raise!(
                            TypeError,
                            "readline() returned a non-string object ({})",
                            other.type_name()
                        ));
                    }
                }
            };
            if text.is_empty() {
                break;
            }
            source.try_push_str(&text.to_lossy()?)?;
        }
        let _room = Room::for_tokens(source.as_bytes())?;
        let arena = Arena::new();
        let mut pending = Pending { items: VecDeque::new(), line: None, error: None };
        // All tokens of a line share its text, or a long one would be copied as often as it has tokens.
        let mut last: (*const str, Rc<str>) = (&raw const *"", Rc::from(""));
        for token in PyTokens::new(&arena, &source, self.extra.get()) {
            match token {
                Ok(token) => {
                    if !core::ptr::eq(last.0, token.line) {
                        last = (token.line, Rc::from(token.line));
                    }
                    pending.items.push_back(Item {
                        kind: token.kind,
                        text: token.text.to_owned(),
                        start: token.start,
                        end: token.end,
                        line: last.1.clone(),
                    });
                }
                Err(error) => {
                    pending.error = Some(error);
                    break;
                }
            }
        }
        Ok(pending)
    }
}

#[pytype(name = "TokenizerIter", module = "_tokenize", heap, basicsize = 64, getattribute)]
impl TokenizerIter {
    #[new(signature = "(readline, /, *, encoding=None, extra_tokens=False)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        readline: Borrowed<'_, Object>,
        encoding: Nullable<Borrowed<'_, Str>>,
        extra_tokens: bool,
    ) -> PyResult<Ref<TokenizerIter>> {
        let _ = cls;
        // SAFETY: the fields are written before anyone sees the object.
        unsafe {
            let object = memory::object::new::<TokenizerIter>()?;
            (*object).readline.set(readline.to_owned().into_ptr());
            (*object).encoding.set(encoding.0.map_or(core::ptr::null_mut(), |encoding| encoding.to_owned().into_ptr()));
            (*object).extra.set(extra_tokens);
            Ok(Ref::from_owned_ptr(object))
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TokenizerIter) {
        // SAFETY: called once, by the last decref.
        unsafe {
            header::xdecref((*this).readline.get());
            header::xdecref((*this).encoding.get());
            if !(*this).pending.get().is_null() {
                drop(Box::from_raw((*this).pending.get()));
            }
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<TokenizerIter>) -> Ref<TokenizerIter> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<TokenizerIter>) -> PyResult<Option<Ref<Tuple>>> {
        if this.pending.get().is_null() {
            let pending = this.read()?;
            this.pending.set(Box::into_raw(Box::new(pending)));
        }
        // SAFETY: set above; nothing below runs Python code while it is borrowed.
        let (item, error) = unsafe {
            let pending = &mut *this.pending.get();
            match pending.items.pop_front() {
                Some(item) => (Some(item), None),
                None => (None, pending.error.take()),
            }
        };
        if let Some(error) = error {
            let filename = Str::from_utf8_str("<string>")?;
            let text = error.text.map(|text| text.trim_end_matches('\n').to_owned());
            let error = SyntaxError { text, ..error };
            let exception = parse_error(&error, filename.borrow()).take();
            if error.end_lineno == 0 {
                exception.setattr(id!("end_lineno"), none().as_borrowed())?;
                exception.setattr(id!("end_offset"), none().as_borrowed())?;
            }
            return Err(Raised::restore(exception));
        }
        let Some(item) = item else { return Ok(None) };
        // SAFETY: as above; making a text runs no code.
        let line = unsafe { (*this.pending.get()).line_object(&item.line)? };
        let place = |place: (i32, i32)| -> PyResult<Ref<Object>> {
            let (row, column) = (Int::from_i64(place.0 as i64)?, Int::from_i64(place.1 as i64)?);
            Ok(Tuple::from_vec(vec![row.into_object(), column.into_object()])?.into_object())
        };
        let parts = vec![
            Int::from_i64(item.kind as i64)?.into_object(),
            Str::from_utf8_str(&item.text)?.into_object(),
            place(item.start)?,
            place(item.end)?,
            line.into_object(),
        ];
        Tuple::from_vec(parts).map(Some)
    }
}
