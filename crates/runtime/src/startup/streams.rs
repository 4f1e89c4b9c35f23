//! `sys.stdin`, `sys.stdout` and `sys.stderr`.

use crate::import;
use crate::prelude::*;
use crate::thread;

/// What stands for `sys.stderr` until the real one can be opened (`PyFile_NewStdPrinter`).
#[repr(C)]
pub struct StdPrinter {
    head: crate::abi::PyObject,
}

#[pytype(name = "stderrprinter", disallow_instantiation)]
impl StdPrinter {
    #[method(signature = "($self, /)")]
    fn fileno(_this: &Ref<StdPrinter>) -> i32 {
        2
    }

    #[method(signature = "($self, /)")]
    fn isatty(_this: &Ref<StdPrinter>) -> bool {
        // SAFETY: asks about a descriptor.
        unsafe { libc::isatty(2) != 0 }
    }

    #[method(signature = "($self, text, /)")]
    fn write(_this: &Ref<StdPrinter>, text: Borrowed<'_, Str>) -> usize {
        let bytes = text.to_display().into_bytes();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            // SAFETY: bytes of a live slice.
            match unsafe { libc::write(2, rest.as_ptr().cast(), rest.len()) } {
                count if count > 0 => rest = &rest[count as usize..],
                _ => break,
            }
        }
        bytes.len()
    }

    #[method(signature = "($self, /)")]
    fn flush(_this: &Ref<StdPrinter>) {}

    #[method(signature = "($self, /)")]
    fn close(_this: &Ref<StdPrinter>) {}
}

/// Puts a plain `sys.stderr` in place, for messages of the import system.
pub fn install_preliminary() -> PyResult<()> {
    crate::types::type_::ready_static::<StdPrinter>()?;
    // SAFETY: the type has no fields of its own.
    let printer = unsafe { Ref::<Object>::from_owned_ptr(crate::memory::object::new::<StdPrinter>()?) };
    let sys = thread::interpreter().sys_dict()?;
    sys.set_str(id!("stderr"), printer.borrow())?;
    sys.set_str(id!("__stderr__"), printer.borrow())
}

/// Opens the three streams, and makes `open` a builtin.
pub fn install() -> PyResult<()> {
    let io = import::import_module("io")?;
    let open = io.getattr(id!("open"))?;
    let builtins = thread::interpreter().builtins_dict();
    builtins.set_str(id!("open"), open.borrow())?;
    let config = thread::config();
    let sys = thread::interpreter().sys_dict()?;
    for (descriptor, name, original) in [
        (0, id!("stdin"), id!("__stdin__")),
        (1, id!("stdout"), id!("__stdout__")),
        (2, id!("stderr"), id!("__stderr__")),
    ] {
        let errors = if descriptor == 2 { "backslashreplace" } else { &config.stdio_errors };
        let stream = open_stream(&io, descriptor, name, &config.stdio_encoding, errors)?;
        sys.set_str(name, stream.borrow())?;
        sys.set_str(original, stream.borrow())?;
    }
    Ok(())
}

/// Whether the descriptor is closed.
pub fn is_closed(descriptor: i32) -> bool {
    !is_valid(descriptor)
}

/// Closes the descriptor.
pub fn close(descriptor: i32) {
    // SAFETY: takes a number.
    unsafe { libc::close(descriptor) };
}

/// Whether the descriptor is open at all.
fn is_valid(descriptor: i32) -> bool {
    // SAFETY: asks for flags only.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) >= 0 }
}

fn open_stream(
    io: &Ref<Object>,
    descriptor: i32,
    name: Borrowed<'_, Str>,
    encoding: &str,
    errors: &str,
) -> PyResult<Ref<Object>> {
    if !is_valid(descriptor) {
        return Ok(none());
    }
    let config = thread::config();
    let writing = descriptor > 0;
    let unbuffered = writing && !config.buffered_stdio;
    let text = |text: &str| -> PyResult<Ref<Object>> { Ok(Str::from_utf8_str(text)?.into_object()) };
    let keywords = Dict::new()?;
    let set = |name: Borrowed<'_, Str>, value: Ref<Object>| keywords.set_str(name, value.borrow());
    set(id!("buffering"), Int::from_i64(if unbuffered { 0 } else { -1 })?.into_object())?;
    set(id!("closefd"), Bool::from(false).into_object())?;
    let mode = text(if writing { "wb" } else { "rb" })?;
    let arguments = Tuple::from_vec(vec![Int::from_i64(descriptor as i64)?.into_object(), mode])?;
    let buffer = io.getattr(id!("open"))?.call_tuple(arguments.borrow(), Some(keywords.borrow()))?;
    let raw = if unbuffered { buffer.clone() } else { buffer.getattr(id!("raw"))? };
    let shown = text(&format!("<{}>", name.to_display()))?;
    raw.setattr(id!("name"), shown.borrow())?;
    let is_terminal = raw.call_method(id!("isatty"), &[])?.is_true()?;
    let line_buffering = (unbuffered && writing) || is_terminal || descriptor == 2;

    let keywords = Dict::new()?;
    let set = |name: Borrowed<'_, Str>, value: Ref<Object>| keywords.set_str(name, value.borrow());
    set(id!("encoding"), text(encoding)?)?;
    set(id!("errors"), text(errors)?)?;
    set(id!("newline"), text("\n")?)?;
    set(id!("line_buffering"), Bool::from(line_buffering).into_object())?;
    set(id!("write_through"), Bool::from(unbuffered).into_object())?;
    let arguments = Tuple::from_vec(vec![buffer])?;
    let stream = io.getattr(id!("TextIOWrapper"))?.call_tuple(arguments.borrow(), Some(keywords.borrow()))?;
    let mode = text(if writing { "w" } else { "r" })?;
    stream.setattr(id!("mode"), mode.borrow())?;
    Ok(stream)
}
