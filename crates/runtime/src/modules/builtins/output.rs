//! `print` and `input`.

use super::Builtins;
use crate::object::args::Args;
use crate::prelude::*;
use crate::thread;

#[pymethods(part = OUTPUT)]
impl Builtins {
    #[function(signature = "(*args, sep=' ', end='\\n', file=None, flush=False)")]
    fn print(
        args: Args<'_>,
        sep: Option<Borrowed<'_, Object>>,
        end: Option<Borrowed<'_, Object>>,
        file: Option<Borrowed<'_, Object>>,
        flush: bool,
    ) -> PyResult<()> {
        let file = match file.filter(|file| !file.is_none()) {
            Some(file) => file.to_owned(),
            None => {
                let stdout = thread::interpreter().required_sys_attr(id!("stdout"))?;
                // There may be no standard output at all.
                if stdout.is_none() {
                    return Ok(());
                }
                stdout
            }
        };
        let separator = text_option("sep", sep, id!(" "))?;
        let ending = text_option("end", end, id!("\n"))?;
        for (index, object) in args.iter().enumerate() {
            if index > 0 {
                write(&file, separator.as_borrowed())?;
            }
            let text = object.str()?;
            write(&file, text.as_borrowed())?;
        }
        write(&file, ending.as_borrowed())?;
        if flush {
            file.call_method(id!("flush"), &[])?;
        }
        Ok(())
    }

    #[function(signature = "(prompt='', /)")]
    fn input(prompt: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let interp = thread::interpreter();
        let stream = |name: Borrowed<'static, Str>| -> PyResult<Ref<Object>> {
            match interp.sys_attr(name).filter(|stream| !stream.is_none()) {
                Some(stream) => Ok(stream),
                None => Err(raise!(RuntimeError, "lost sys.{}", name.to_display())),
            }
        };
        let (stdin, stdout, stderr) = match (stream(id!("stdin")), stream(id!("stdout")), stream(id!("stderr"))) {
            (Ok(stdin), Ok(stdout), Ok(stderr)) => (stdin, stdout, stderr),
            (Err(raised), ..) | (_, Err(raised), _) | (.., Err(raised)) => {
                // The message is about the input, whichever is missing first.
                raised.clear();
                let missing = ["stdin", "stdout", "stderr"]
                    .into_iter()
                    .zip([id!("stdin"), id!("stdout"), id!("stderr")])
                    .find(|(_, name)| interp.sys_attr(*name).is_none_or(|stream| stream.is_none()));
                return Err(raise!(RuntimeError, "input(): lost sys.{}", missing.map_or("stdin", |(name, _)| name)));
            }
        };
        let absent = none();
        crate::modules::sys::audit("builtins.input", &[prompt.unwrap_or(absent.borrow())])?;
        if let Err(raised) = stderr.call_method(id!("flush"), &[]) {
            raised.clear();
        }
        if let Some(prompt) = prompt {
            let text = prompt.str()?;
            write(&stdout, text.as_borrowed())?;
        }
        if let Err(raised) = stdout.call_method(id!("flush"), &[]) {
            raised.clear();
        }
        let line = read_line(&stdin)?;
        crate::modules::sys::audit("builtins.input/result", &[line.as_borrowed()])?;
        Ok(line.into_object())
    }
}

/// The value of `sep` and `end`.
fn text_option(name: &str, value: Option<Borrowed<'_, Object>>, default: Borrowed<'static, Str>) -> PyResult<Ref<Str>> {
    match value {
        None => Ok(default.to_owned()),
        Some(value) if value.is_none() => Ok(default.to_owned()),
        Some(value) => match value.downcast::<Str>() {
            Some(text) => Ok(text.to_owned()),
            None => Err(raise!(TypeError, "{name} must be None or a string, not {}", value.type_name())),
        },
    }
}

fn write(file: &Ref<Object>, text: Borrowed<'_, Object>) -> PyResult<()> {
    file.call_method(id!("write"), &[text]).map(|_| ())
}

/// One line without its end; EOFError at the end of the file.
fn read_line(file: &Ref<Object>) -> PyResult<Ref<Str>> {
    let line = file.call_method(id!("readline"), &[])?;
    let Some(line) = line.downcast::<Str>() else {
        return Err(raise!(TypeError, "object.readline() returned non-string"));
    };
    let length = line.len();
    if length == 0 {
        return Err(raise!(EOFError, "EOF when reading a line"));
    }
    if line.char_at(length - 1) == u32::from('\n') { line.substring(0..length - 1) } else { Ok(line.to_owned()) }
}
