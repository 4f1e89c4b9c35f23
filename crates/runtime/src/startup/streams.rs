//! `sys.stdin`, `sys.stdout` and `sys.stderr`.

use crate::import;
use crate::prelude::*;
use crate::thread;

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
