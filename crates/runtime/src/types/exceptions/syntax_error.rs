//! `SyntaxError` and its subclasses, and how the compiler's errors become instances.

use core::mem::offset_of;

use super::base::{self, Fields};
use super::{Exception, ExceptionPointer, plain_exceptions};
use crate::abi::{PyObject, PySyntaxErrorObject, PyTypeObject, destructor, initproc, inquiry, traverseproc};
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::str::StrBuilder;

/// `SyntaxError`.
#[repr(transparent)]
pub struct SyntaxError(pub(crate) PySyntaxErrorObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for SyntaxError {
    const OFFSETS: &'static [usize] = &[
        offset_of!(PySyntaxErrorObject, msg),
        offset_of!(PySyntaxErrorObject, filename),
        offset_of!(PySyntaxErrorObject, lineno),
        offset_of!(PySyntaxErrorObject, offset),
        offset_of!(PySyntaxErrorObject, end_lineno),
        offset_of!(PySyntaxErrorObject, end_offset),
        offset_of!(PySyntaxErrorObject, text),
        offset_of!(PySyntaxErrorObject, print_file_and_line),
        offset_of!(PySyntaxErrorObject, metadata),
    ];
}

unsafe extern "C" fn init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: called through the slot of `SyntaxError`.
    unsafe {
        if base::init(object, args, kwargs) < 0 {
            return -1;
        }
        base::status(fill(Borrowed::from_ptr(object), Borrowed::from_ptr(args)))
    }
}

fn fill(this: Borrowed<'_, SyntaxError>, args: Borrowed<'_, Tuple>) -> PyResult<()> {
    if !args.is_empty() {
        Slot::of(&this.0.msg).set(Some(args.get(0).to_owned()));
    }
    if args.len() != 2 {
        return Ok(());
    }
    let info = args.get(1).to_tuple()?;
    if !(4..=7).contains(&info.len()) {
        let (what, bound) = if info.len() < 4 { ("at least", 4) } else { ("at most", 7) };
        return Err(raise!(TypeError, "function takes {what} {bound} arguments ({} given)", info.len()));
    }
    let item = |index: usize| if index < info.len() { Some(info.get(index).to_owned()) } else { None };
    Slot::of(&this.0.filename).set(item(0));
    Slot::of(&this.0.lineno).set(item(1));
    Slot::of(&this.0.offset).set(item(2));
    Slot::of(&this.0.text).set(item(3));
    Slot::of(&this.0.end_lineno).set(item(4));
    Slot::of(&this.0.end_offset).set(item(5));
    Slot::of(&this.0.metadata).set(item(6));
    if info.len() == 5 {
        return Err(raise!(TypeError, "end_offset must be provided when end_lineno is provided"));
    }
    Ok(())
}

#[pytype(name = "SyntaxError", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl SyntaxError {
    #[slot(tp_init, raw)]
    const INIT: initproc = init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<SyntaxError>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<SyntaxError>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<SyntaxError>;

    /// The message, with the last part of the file name and the line where they are known.
    #[slot(tp_str)]
    fn str(this: &Ref<SyntaxError>) -> PyResult<Ref<Str>> {
        let message = Slot::of(&this.0.msg).get().unwrap_or_else(none);
        let filename = Slot::of(&this.0.filename).get().and_then(|name| name.into_downcast::<Str>().ok());
        let line = Slot::of(&this.0.lineno)
            .get()
            .and_then(|line| line.downcast_exact::<Int>().map(|line| line.to_i64().unwrap_or(-1)));
        if filename.is_none() && line.is_none() {
            return message.str();
        }
        let mut text = StrBuilder::new();
        text.push_object(&message.str()?)?;
        text.push_str(" (")?;
        if let Some(filename) = &filename {
            let length = filename.len();
            let start = (0..length).rev().find(|&index| filename.char_at(index) == u32::from('/'));
            text.push_substring(filename, start.map_or(0, |slash| slash + 1)..length)?;
        }
        if let Some(line) = line {
            if filename.is_some() {
                text.push_str(", ")?;
            }
            text.push_str(&format!("line {line}"))?;
        }
        text.push_str(")")?;
        text.finish()
    }

    #[member(name = "msg", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, msg))]
    const _MSG: () = ();
    #[member(name = "filename", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, filename))]
    const _FILENAME: () = ();
    #[member(name = "lineno", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, lineno))]
    const _LINENO: () = ();
    #[member(name = "offset", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, offset))]
    const _OFFSET: () = ();
    #[member(name = "text", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, text))]
    const _TEXT: () = ();
    #[member(name = "end_lineno", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, end_lineno))]
    const _END_LINENO: () = ();
    #[member(name = "end_offset", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, end_offset))]
    const _END_OFFSET: () = ();
    #[member(
        name = "print_file_and_line",
        kind = _Py_T_OBJECT,
        offset = offset_of!(PySyntaxErrorObject, print_file_and_line)
    )]
    const _PRINT: () = ();
    #[member(name = "_metadata", kind = _Py_T_OBJECT, offset = offset_of!(PySyntaxErrorObject, metadata))]
    const _METADATA: () = ();
}

/// C's pointer to `SyntaxError`.
#[unsafe(no_mangle)]
pub static PyExc_SyntaxError: ExceptionPointer = ExceptionPointer::new(SyntaxError::TYPE);

plain_exceptions! { PySyntaxErrorObject;
    IndentationError "IndentationError" (SyntaxError) PyExc_IndentationError;
    TabError "TabError" (IndentationError) PyExc_TabError;
    _IncompleteInputError "_IncompleteInputError" (SyntaxError) PyExc_IncompleteInputError;
}

/// What a compiler knows of an error. Lines count from 1, offsets are 1-based code points as Python shows them; 0 stands for
/// "not known", an end offset of -1 for "to the end of the line".
#[derive(Clone, Copy, Debug, Default)]
pub struct SyntaxFields<'a> {
    pub message: &'a str,
    pub lineno: i32,
    pub offset: i32,
    pub end_lineno: i32,
    pub end_offset: i32,
}

/// Raises `class`, which is SyntaxError or a subclass of it. `text` is the line of the source, if it is known.
#[cold]
pub fn raise_syntax_error(
    class: *mut PyTypeObject,
    fields: SyntaxFields<'_>,
    filename: Borrowed<'_, Str>,
    text: Option<&str>,
) -> Raised {
    let make = || -> PyResult<Ref<Object>> {
        let text = match text {
            Some(text) => Str::from_utf8_str(text)?.into_object(),
            None => none(),
        };
        let number = |value: i32| Int::from_i64(i64::from(value)).map(Ref::into_object);
        let details = Tuple::from_vec(vec![
            filename.upcast().to_owned(),
            number(fields.lineno)?,
            number(fields.offset)?,
            text,
            number(fields.end_lineno)?,
            number(fields.end_offset)?,
        ])?;
        let message = Str::from_utf8_str(fields.message)?;
        // SAFETY: the class is live.
        let class: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(class) };
        class.call(&[message.as_borrowed(), details.as_borrowed()])
    };
    match make() {
        Ok(error) => crate::object::raise_instance(error),
        Err(raised) => raised,
    }
}

/// Raises a SyntaxError whose only argument is the message; the place is in its attributes
/// (`PyErr_RangedSyntaxLocationObject`).
#[cold]
pub fn raise_located_syntax_error(fields: SyntaxFields<'_>, filename: Borrowed<'_, Str>, text: Option<&str>) -> Raised {
    let make = || -> PyResult<Ref<Object>> {
        let message = Str::from_utf8_str(fields.message)?;
        let error = SyntaxError::type_object().upcast().call1(message.as_borrowed())?;
        let number = |value: i32| Int::from_i64(i64::from(value)).map(Ref::into_object);
        let text = match text {
            Some(text) => Str::from_utf8_str(text)?.into_object(),
            None => none(),
        };
        error.setattr(id!("lineno"), number(fields.lineno)?.as_borrowed())?;
        error.setattr(id!("offset"), number(fields.offset)?.as_borrowed())?;
        error.setattr(id!("end_lineno"), number(fields.end_lineno)?.as_borrowed())?;
        error.setattr(id!("end_offset"), number(fields.end_offset)?.as_borrowed())?;
        error.setattr(id!("filename"), filename.upcast())?;
        error.setattr(id!("text"), text.as_borrowed())?;
        Ok(error)
    };
    match make() {
        Ok(error) => crate::object::raise_instance(error),
        Err(raised) => raised,
    }
}
