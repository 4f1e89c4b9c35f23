//! `UnicodeEncodeError`, `UnicodeDecodeError` and `UnicodeTranslateError`.
//!
//! All three have one layout, the one whose `UnicodeError` itself lacks the fields.

use core::mem::offset_of;

use super::base::{self, Fields};
use super::{ExceptionPointer, UnicodeError};
use crate::abi::{PyObject, PyTypeObject, PyUnicodeErrorObject, destructor, initproc, inquiry, newfunc, traverseproc};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::str::StrBuilder;

/// `UnicodeEncodeError`.
#[repr(transparent)]
pub struct UnicodeEncodeError(pub(crate) PyUnicodeErrorObject);

/// `UnicodeDecodeError`.
#[repr(transparent)]
pub struct UnicodeDecodeError(pub(crate) PyUnicodeErrorObject);

/// `UnicodeTranslateError`.
#[repr(transparent)]
pub struct UnicodeTranslateError(pub(crate) PyUnicodeErrorObject);

const OFFSETS: &[usize] = &[
    offset_of!(PyUnicodeErrorObject, encoding),
    offset_of!(PyUnicodeErrorObject, object),
    offset_of!(PyUnicodeErrorObject, reason),
];

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for UnicodeEncodeError {
    const OFFSETS: &'static [usize] = OFFSETS;
}
// SAFETY: as above.
unsafe impl Fields for UnicodeDecodeError {
    const OFFSETS: &'static [usize] = OFFSETS;
}
// SAFETY: as above.
unsafe impl Fields for UnicodeTranslateError {
    const OFFSETS: &'static [usize] = OFFSETS;
}

/// The item at `index` as a `str`, with the message of argument parsing without a function name.
fn text_item(args: &Ref<Tuple>, index: usize) -> PyResult<Ref<Object>> {
    let item = args.get(index);
    if item.is_instance_of::<Str>() {
        return Ok(item.to_owned());
    }
    let found = if item.is_none() { "None".to_owned() } else { item.type_name() };
    Err(raise!(TypeError, "argument {} must be str, not {found}", index + 1))
}

fn position(args: &Ref<Tuple>, index: usize) -> PyResult<isize> {
    match args.get(index).index()?.to_i64() {
        Some(position) => Ok(position as isize),
        None => Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
    }
}

fn expect_count(args: &Ref<Tuple>, count: usize) -> PyResult<()> {
    if args.len() == count {
        return Ok(());
    }
    Err(raise!(TypeError, "function takes exactly {count} arguments ({} given)", args.len()))
}

/// Sets all fields from the constructor's arguments.
unsafe fn initialize(
    object: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
    has_encoding: bool,
    is_bytes: bool,
) -> PyResult<()> {
    // SAFETY: called by the slots of these classes.
    unsafe {
        base::no_keywords((*object).ob_type.get(), kwargs)?;
        base::set_args(object, args);
        let args = Ref::<Tuple>::from_borrowed_ptr(args);
        let this = &*object.cast::<PyUnicodeErrorObject>();
        let first = usize::from(has_encoding);
        expect_count(&args, 4 + first)?;
        let encoding = if has_encoding { Some(text_item(&args, 0)?) } else { None };
        let source = if is_bytes { args.get(first).to_owned() } else { text_item(&args, first)? };
        let start = position(&args, first + 1)?;
        let end = position(&args, first + 2)?;
        let reason = text_item(&args, first + 3)?;
        // Any buffer is taken, as a copy.
        let source = if is_bytes && !source.is_instance_of::<Bytes>() {
            let buffer = BufferArg::new(source.borrow())?;
            Bytes::from_slice(buffer.as_slice())?.into_object()
        } else {
            source
        };
        Slot::of(&this.encoding).set(encoding);
        Slot::of(&this.object).set(Some(source));
        this.start.set(start);
        this.end.set(end);
        Slot::of(&this.reason).set(Some(reason));
    }
    Ok(())
}

unsafe extern "C" fn encode_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: the slot's convention.
    base::status(unsafe { initialize(object, args, kwargs, true, false) })
}

unsafe extern "C" fn decode_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: the slot's convention.
    base::status(unsafe { initialize(object, args, kwargs, true, true) })
}

unsafe extern "C" fn translate_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: the slot's convention.
    base::status(unsafe { initialize(object, args, kwargs, false, false) })
}

/// What failed, for the message: one character or byte, or a range.
enum Failed {
    Character(u32),
    Byte(u8),
    Range,
}

/// `'enc' codec can't encode character '\xff' in position 3: reason`.
fn describe(this: &PyUnicodeErrorObject, verb: &str, has_encoding: bool, is_bytes: bool) -> PyResult<Ref<Str>> {
    if Slot::of(&this.object).get().is_none() {
        return Ok(id!("").to_owned());
    }
    let mut text = StrBuilder::new();
    if has_encoding {
        text.push_str("'")?;
        match Slot::of(&this.encoding).get() {
            Some(encoding) => text.push_object(&encoding.str()?)?,
            None => text.push_str("<NULL>")?,
        }
        text.push_str("' codec ")?;
    }
    text.push_str("can't ")?;
    text.push_str(verb)?;
    let reason = match Slot::of(&this.reason).get() {
        Some(reason) => Some(reason.str()?),
        None => None,
    };
    // What the two texts ran may have changed the rest.
    let Some(source) = Slot::of(&this.object).get() else {
        return Err(raise!(TypeError, "UnicodeError 'object' attribute is not set"));
    };
    let (start, end) = (this.start.get(), this.end.get());
    let single = usize::try_from(start).ok().filter(|_| end == start.wrapping_add(1));
    let failed = if is_bytes {
        let Some(bytes) = source.downcast::<Bytes>() else {
            return Err(raise!(TypeError, "UnicodeError 'object' attribute must be a bytes"));
        };
        match single.and_then(|start| bytes.as_slice().get(start).copied()) {
            Some(byte) => Failed::Byte(byte),
            None => Failed::Range,
        }
    } else {
        let Some(string) = source.downcast::<Str>() else {
            return Err(raise!(TypeError, "UnicodeError 'object' attribute must be a string"));
        };
        match single.filter(|&start| start < string.len()) {
            Some(start) => Failed::Character(string.char_at(start)),
            None => Failed::Range,
        }
    };
    let range = format!("{start}-{}", end.wrapping_sub(1));
    let what = match failed {
        Failed::Character(c) if c <= 0xff => format!(" character '\\x{c:02x}' in position {start}"),
        Failed::Character(c) if c <= 0xffff => format!(" character '\\u{c:04x}' in position {start}"),
        Failed::Character(c) => format!(" character '\\U{c:08x}' in position {start}"),
        Failed::Byte(byte) => format!(" byte 0x{byte:02x} in position {start}"),
        Failed::Range if is_bytes => format!(" bytes in position {range}"),
        Failed::Range => format!(" characters in position {range}"),
    };
    text.push_str(&what)?;
    text.push_str(": ")?;
    match reason {
        Some(reason) => text.push_object(&reason)?,
        None => text.push_str("<NULL>")?,
    }
    text.finish()
}

/// The three classes differ in name, initialiser and message.
macro_rules! unicode_errors {
    ($($name:ident $text:literal $pointer:ident $init:ident ($verb:literal, $encoding:literal, $bytes:literal);)*) => {$(
        #[pytype(name = $text, base = UnicodeError, gc, basetype, subclass_flag = BASE_EXC)]
        impl $name {
            #[slot(tp_new, raw)]
            const NEW: newfunc = base::new;
            #[slot(tp_init, raw)]
            const INIT: initproc = $init;
            #[slot(tp_dealloc, raw)]
            const DEALLOC: destructor = base::dealloc::<$name>;
            #[slot(tp_traverse, raw)]
            const TRAVERSE: traverseproc = base::traverse::<$name>;
            #[slot(tp_clear, raw)]
            const CLEAR: inquiry = base::clear::<$name>;

            #[slot(tp_str)]
            fn str(this: &Ref<$name>) -> PyResult<Ref<Str>> {
                describe(&this.0, $verb, $encoding, $bytes)
            }

            #[member(name = "encoding", kind = _Py_T_OBJECT, offset = offset_of!(PyUnicodeErrorObject, encoding))]
            const _ENCODING: () = ();
            #[member(name = "object", kind = _Py_T_OBJECT, offset = offset_of!(PyUnicodeErrorObject, object))]
            const _OBJECT: () = ();
            #[member(name = "start", kind = Py_T_PYSSIZET, offset = offset_of!(PyUnicodeErrorObject, start))]
            const _START: () = ();
            #[member(name = "end", kind = Py_T_PYSSIZET, offset = offset_of!(PyUnicodeErrorObject, end))]
            const _END: () = ();
            #[member(name = "reason", kind = _Py_T_OBJECT, offset = offset_of!(PyUnicodeErrorObject, reason))]
            const _REASON: () = ();
        }

        #[doc = concat!("C's pointer to `", $text, "`.")]
        #[unsafe(no_mangle)]
        pub static $pointer: ExceptionPointer = ExceptionPointer::new(<$name as PyLayout>::TYPE);
    )*};
}

unicode_errors! {
    UnicodeEncodeError "UnicodeEncodeError" PyExc_UnicodeEncodeError encode_init ("encode", true, false);
    UnicodeDecodeError "UnicodeDecodeError" PyExc_UnicodeDecodeError decode_init ("decode", true, true);
    UnicodeTranslateError "UnicodeTranslateError" PyExc_UnicodeTranslateError translate_init ("translate", false, false);
}

fn make(class: *mut PyTypeObject, args: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    // SAFETY: the classes are static.
    let class: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(class) };
    class.call_tuple(Tuple::from_vec(args)?.borrow(), None)
}

/// A UnicodeEncodeError, not raised, for the characters `start..end` of `object`.
pub fn unicode_encode_error(
    encoding: &str,
    object: Borrowed<'_, Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> PyResult<Ref<Object>> {
    make(
        UnicodeEncodeError::TYPE,
        vec![
            Str::from_utf8_str(encoding)?.into_object(),
            object.upcast().to_owned(),
            Int::from_usize(start)?.into_object(),
            Int::from_usize(end)?.into_object(),
            Str::from_utf8_str(reason)?.into_object(),
        ],
    )
}

/// A UnicodeDecodeError, not raised, for the bytes `start..end` of `object`.
pub fn unicode_decode_error(
    encoding: &str,
    object: &[u8],
    start: usize,
    end: usize,
    reason: &str,
) -> PyResult<Ref<Object>> {
    make(
        UnicodeDecodeError::TYPE,
        vec![
            Str::from_utf8_str(encoding)?.into_object(),
            Bytes::from_slice(object)?.into_object(),
            Int::from_usize(start)?.into_object(),
            Int::from_usize(end)?.into_object(),
            Str::from_utf8_str(reason)?.into_object(),
        ],
    )
}

/// A UnicodeTranslateError, not raised, for the characters `start..end` of `object`.
pub fn unicode_translate_error(
    object: Borrowed<'_, Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> PyResult<Ref<Object>> {
    make(
        UnicodeTranslateError::TYPE,
        vec![
            object.upcast().to_owned(),
            Int::from_usize(start)?.into_object(),
            Int::from_usize(end)?.into_object(),
            Str::from_utf8_str(reason)?.into_object(),
        ],
    )
}

/// Start and end of a Unicode error, clipped to its object as codecs want them (`PyUnicodeEncodeError_GetStart`).
pub fn clipped_range(start: isize, end: isize, length: usize) -> (usize, usize) {
    let start = if start < 0 { 0 } else { (start as usize).min(length.saturating_sub(1)) };
    let end = (end.max(1) as usize).min(length);
    (start, end)
}
