//! `fileobject.h`: Python's file objects through their methods, and the output file of the earliest start.

use core::ffi::{c_char, c_int};

use taipan_runtime::prelude::*;
use taipan_runtime::types::std_printer::StdPrinter;

use crate::outcome::given;
use crate::parameters::CText;

#[repr(transparent)]
pub struct Text(*const c_char);

// SAFETY: constant.
unsafe impl Sync for Text {}

/// The encoding of file names.
#[unsafe(no_mangle)]
pub static Py_FileSystemDefaultEncoding: Text = Text(c"utf-8".as_ptr());
#[unsafe(no_mangle)]
pub static Py_FileSystemDefaultEncodeErrors: Text = Text(c"surrogateescape".as_ptr());

fn io(name: &str) -> PyResult<Ref<Object>> {
    taipan_runtime::import::import_attr("io", name)
}

/// A C string, or None.
fn text_or_none(text: Option<CText<'_>>) -> PyResult<Ref<Object>> {
    Ok(match text {
        Some(text) => text.to_str()?.into_object(),
        None => none(),
    })
}

/// The line without its end, where that is wanted; EOFError for nothing at all.
fn finish_line(line: Ref<Object>, length: c_int) -> PyResult<Ref<Object>> {
    if length >= 0 {
        return Ok(line);
    }
    let empty = || Err(raise!(EOFError, "EOF when reading a line"));
    if let Some(bytes) = line.downcast::<Bytes>() {
        return match bytes.as_slice() {
            [] => empty(),
            [rest @ .., b'\n'] => Ok(Bytes::from_slice(rest)?.into_object()),
            _ => Ok(line),
        };
    }
    if let Some(string) = line.downcast::<Str>() {
        let length = string.len();
        if length == 0 {
            return empty();
        }
        if string.char_at(length - 1) == u32::from(b'\n') {
            return Ok(string.substring(0..length - 1)?.into_object());
        }
    }
    Ok(line)
}

capi! {
    fn PyFile_FromFd(
        fd: c_int, _name: Option<CText<'_>>, mode: Option<CText<'_>>, buffering: c_int, encoding: Option<CText<'_>>,
        errors: Option<CText<'_>>, newline: Option<CText<'_>>, close_fd: c_int,
    ) -> PyResult<Ref<Object>> {
        let mode = match mode {
            Some(mode) => mode.to_str()?,
            None => id!("r").to_owned(),
        };
        let (fd, buffering) = (Int::from_i64(fd.into())?, Int::from_i64(buffering.into())?);
        let (encoding, errors, newline) = (text_or_none(encoding)?, text_or_none(errors)?, text_or_none(newline)?);
        io("open")?.call(&[
            fd.as_borrowed(),
            mode.as_borrowed(),
            buffering.as_borrowed(),
            encoding.borrow(),
            errors.borrow(),
            newline.borrow(),
            Bool::from(close_fd != 0).as_borrowed(),
        ])
    }

    fn PyFile_GetLine(file: Option<Borrowed<'_, Object>>, length: c_int) -> PyResult<Ref<Object>> {
        let file = given(file)?;
        let line = if length <= 0 {
            file.call_method(id!("readline"), &[])?
        } else {
            file.call_method(id!("readline"), &[Int::from_i64(length.into())?.as_borrowed()])?
        };
        if !line.is_instance_of::<Bytes>() && !line.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "object.readline() returned non-string"));
        }
        finish_line(line, length)
    }

    fn PyFile_WriteObject(object: Option<Borrowed<'_, Object>>, file: Option<Borrowed<'_, Object>>, flags: c_int) -> PyResult<()> {
        let Some(file) = file else { return Err(raise!(TypeError, "writeobject with NULL file")) };
        // 1 is Py_PRINT_RAW.
        let text = match object {
            Some(object) if flags & 1 != 0 => object.str()?,
            Some(object) => object.repr()?,
            None => id!("<NULL>").to_owned(),
        };
        file.call_method(id!("write"), &[text.as_borrowed()])?;
        Ok(())
    }

    fn PyFile_WriteString(text: CText<'_>, file: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(file) = file else {
            if !Raised::is_set() {
                return Err(raise!(SystemError, "null file for PyFile_WriteString"));
            }
            return Err(Raised::assume_set());
        };
        Raised::check()?;
        file.call_method(id!("write"), &[text.to_str()?.as_borrowed()])?;
        Ok(())
    }

    fn PyObject_AsFileDescriptor(object: Borrowed<'_, Object>) -> PyResult<c_int> { file_descriptor(object) }

    fn PyFile_OpenCodeObject(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !path.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "'path' must be 'str', not '{}'", path.type_name()));
        }
        io("open_code")?.call1(path)
    }

    fn PyFile_OpenCode(path: CText<'_>) -> PyResult<Ref<Object>> { io("open_code")?.call1(path.to_str()?.as_borrowed()) }

    fn PyFile_NewStdPrinter(fd: c_int) -> PyResult<Ref<StdPrinter>> {
        // `stdout` and `stderr` alone.
        if fd == 1 || fd == 2 { StdPrinter::new(fd) } else { Err(crate::outcome::bad_internal_call()) }
    }
}

/// The descriptor that an object is or has (`PyObject_AsFileDescriptor`).
pub(crate) fn file_descriptor(object: Borrowed<'_, Object>) -> PyResult<c_int> {
    let fd = if object.is_instance_of::<Int>() {
        if object.is_instance_of::<Bool>() {
            taipan_runtime::modules::warnings::warn(
                taipan_runtime::types::exceptions::RuntimeWarning::type_object(),
                "bool is used as a file descriptor",
                1,
            )?;
        }
        crate::long::as_int(object)?
    } else {
        let Some(method) = object.lookup_attr(id!("fileno"))? else {
            return Err(raise!(TypeError, "argument must be an int, or have a fileno() method"));
        };
        let answer = method.call0()?;
        if !answer.is_instance_of::<Int>() {
            return Err(raise!(TypeError, "fileno() returned a non-integer"));
        }
        crate::long::as_int(answer.borrow())?
    };
    if fd < 0 {
        return Err(raise!(ValueError, "file descriptor cannot be a negative integer ({fd})"));
    }
    Ok(fd)
}
