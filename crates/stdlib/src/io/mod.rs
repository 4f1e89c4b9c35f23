//! `_io`: files and streams. CPython: `Modules/_io/`.
//!
//! `base` has the abstract types, `file` the raw stream over a descriptor, `buffered` the buffers above it, `text` the
//! wrapper that makes text of bytes, `bytes_io` and `string_io` the streams in memory, `newline` the newline decoder.

use core::sync::atomic::{AtomicPtr, Ordering};

use taipan_runtime::modules::builtins::fspath;
use taipan_runtime::modules::warnings;
use taipan_runtime::thread;
use taipan_runtime::types::exceptions::{self, BlockingIOError, EncodingWarning, OSError, RuntimeWarning};
use taipan_runtime::types::{exceptions::ValueError, repr_guard};

use taipan_runtime::prelude::*;

mod base;
mod buffered;
mod bytes_io;
mod field;
mod file;
mod newline;
mod os;
mod string_io;
mod text;

use base::{BufferedIoBase, IoBase, RawIoBase, TextIoBase};
use buffered::{BufferedRandom, BufferedReader, BufferedRwPair, BufferedWriter};
use bytes_io::{BytesIo, BytesIoBuffer};
use file::FileIo;
use newline::IncrementalNewlineDecoder;
use string_io::StringIo;
use text::TextIoWrapper;

/// What closing comes to in two steps: the second one is made whatever the first one said, and an error of the first is the
/// context of its own, or is raised after it.
pub fn and_close<T>(first: PyResult<T>, close: impl FnOnce() -> PyResult<Ref<Object>>) -> PyResult<Ref<Object>> {
    let pending = if first.is_err() { Raised::take_if_set() } else { None };
    match (pending, close()) {
        (None, closed) => closed,
        (Some(pending), Ok(_)) => Err(Raised::restore(pending)),
        (Some(pending), Err(raised)) => {
            let second = raised.take();
            exceptions::set_context(&second, Some(pending));
            Err(Raised::restore(second))
        }
    }
}

/// How large a buffer is unless the file's blocks are larger.
pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

/// The most that the block size of a file can ask for.
const LARGEST_BUFFER: usize = 8 * 1024 * 1024;

/// `UnsupportedOperation`, once the module was executed.
static UNSUPPORTED: AtomicPtr<abi::PyObject> = AtomicPtr::new(core::ptr::null_mut());

/// UnsupportedOperation: what a stream of this kind cannot do.
#[cold]
pub fn unsupported(message: &str) -> Raised {
    // SAFETY: null, or the class, which is never freed.
    let class: Option<Borrowed<'_, Object>> =
        unsafe { Borrowed::from_ptr_or_null(UNSUPPORTED.load(Ordering::Relaxed)) };
    match (class, Str::from_utf8_str(message)) {
        (Some(class), Ok(message)) => exceptions::set_object(class, Some(message.as_borrowed())),
        (None, _) => raise!(OSError, "{message}"),
        (_, Err(raised)) => raised,
    }
}

/// The class `UnsupportedOperation(OSError, ValueError)` of module `io`.
fn unsupported_operation() -> PyResult<Ref<Object>> {
    // SAFETY: as in `unsupported`.
    if let Some(class) = unsafe { Ref::from_borrowed_ptr_or_null(UNSUPPORTED.load(Ordering::Relaxed)) } {
        return Ok(class);
    }
    let bases = Tuple::from_slice(&[OSError::type_object().upcast(), ValueError::type_object().upcast()])?;
    let dict = Dict::new()?;
    dict.set_str(id!("__module__"), id!("io"))?;
    let class = Type::create("UnsupportedOperation", bases.borrow(), dict.borrow())?.into_object();
    UNSUPPORTED.store(class.clone().into_ptr(), Ordering::Relaxed);
    Ok(class)
}

/// TypeError of `__getstate__` for streams over something outside.
pub fn cannot_pickle(object: &Ref<Object>) -> Raised {
    raise!(TypeError, "cannot pickle '{}' instances", object.type_of().short_name())
}

/// `repr(part)` inside `repr(whole)`; RuntimeError when the latter is under way already.
pub fn guarded_repr(whole: &Ref<Object>, part: &Ref<Object>) -> PyResult<Ref<Str>> {
    match repr_guard::enter(whole.borrow())? {
        Some(_guard) => part.repr(),
        None => Err(raise!(RuntimeError, "reentrant call inside {}.__repr__", whole.type_of().full_name()?)),
    }
}

/// `<_io.BufferedReader name='x'>`: the type, the name if there is one, and `more` attributes.
pub fn stream_repr(stream: &Ref<Object>, more: &[Borrowed<'_, Str>]) -> PyResult<String> {
    let kind = stream.type_of().full_name()?;
    let mut text = format!("<{kind}");
    let Some(_guard) = repr_guard::enter(stream.borrow())? else {
        return Err(raise!(RuntimeError, "reentrant call inside {kind}.__repr__"));
    };
    for (index, name) in core::iter::once(&id!("name")).chain(more).enumerate() {
        let value = match stream.lookup_attr(*name) {
            Ok(value) => value,
            // A detached stream has no name any more.
            Err(raised) if index == 0 => {
                raised.clear_if::<ValueError>()?;
                None
            }
            Err(raised) => return Err(raised),
        };
        if let Some(value) = value {
            text.push_str(&format!(" {}={}", name.to_display(), value.repr()?.to_display()));
        }
    }
    text.push('>');
    Ok(text)
}

/// The parsed mode of `open`.
struct OpenMode {
    /// The mode for the raw file.
    raw: String,
    updating: bool,
    reading: bool,
    writing: bool,
    binary: bool,
}

impl OpenMode {
    fn parse(mode: &str) -> PyResult<OpenMode> {
        let invalid = || raise!(ValueError, "invalid mode: '{mode}'");
        let mut seen = String::new();
        for letter in mode.chars() {
            if !"xrwab+t".contains(letter) || seen.contains(letter) {
                return Err(invalid());
            }
            seen.push(letter);
        }
        let has = |letter| seen.contains(letter);
        if has('t') && has('b') {
            return Err(raise!(ValueError, "can't have text and binary mode at once"));
        }
        if "xrwa".chars().filter(|&letter| has(letter)).count() > 1 {
            return Err(raise!(ValueError, "must have exactly one of create/read/write/append mode"));
        }
        let mut raw: String = "xrwa".chars().filter(|&letter| has(letter)).collect();
        if has('+') {
            raw.push('+');
        }
        Ok(OpenMode {
            raw,
            updating: has('+'),
            reading: has('r'),
            writing: has('x') || has('w') || has('a'),
            binary: has('b'),
        })
    }
}

/// Closes what was opened so far when the rest fails; the error of closing replaces the first, with that as context.
fn close_after_error(stream: &Ref<Object>, raised: Raised) -> Raised {
    let first = raised.take();
    match stream.call_method(id!("close"), &[]) {
        Ok(_) => Raised::restore(first),
        Err(raised) => {
            let second = raised.take();
            exceptions::set_context(&second, Some(first));
            Raised::restore(second)
        }
    }
}

/// The arguments of `open` behind the mode.
struct OpenOptions<'a> {
    buffering: isize,
    encoding: Option<Borrowed<'a, Str>>,
    errors: Option<Borrowed<'a, Str>>,
    newline: Option<Borrowed<'a, Str>>,
    close_fd: bool,
    opener: Option<Borrowed<'a, Object>>,
}

fn open_file(file: Borrowed<'_, Object>, mode: &str, options: OpenOptions<'_>) -> PyResult<Ref<Object>> {
    let file = if file.has_index() { file.to_owned() } else { fspath(file)? };
    let parsed = OpenMode::parse(mode)?;
    let mut buffering = options.buffering;
    if parsed.binary {
        for (given, name) in [
            (options.encoding.is_some(), "encoding"),
            (options.errors.is_some(), "errors"),
            (options.newline.is_some(), "newline"),
        ] {
            if given {
                return Err(match name {
                    "newline" => raise!(ValueError, "binary mode doesn't take a newline argument"),
                    _ => raise!(ValueError, "binary mode doesn't take an {name} argument"),
                });
            }
        }
        if buffering == 1 {
            warnings::warn(
                RuntimeWarning::type_object(),
                "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
                1,
            )?;
        }
    }
    let raw = FileIo::open(file.borrow(), &parsed.raw, options.close_fd, options.opener)?;
    let stream = wrap_file(&raw, &parsed, &mut buffering, &options, mode);
    stream.map_err(|(stream, raised)| close_after_error(&stream.unwrap_or_else(|| raw.clone().into_object()), raised))
}

/// Puts the buffer and the text wrapper around a raw file. An error comes with the outermost stream so far.
fn wrap_file(
    raw: &Ref<FileIo>,
    parsed: &OpenMode,
    buffering: &mut isize,
    options: &OpenOptions<'_>,
    mode: &str,
) -> Result<Ref<Object>, (Option<Ref<Object>>, Raised)> {
    let outer = |stream: &Ref<Object>, raised| (Some(stream.clone()), raised);
    // Only an unsettled buffering asks; the rest needs to know too, for the line buffering of terminals.
    let is_terminal = *buffering < 0 && raw.is_terminal_when_opened().map_err(|raised| (None, raised))?;
    let line_buffering = *buffering == 1 || is_terminal;
    if *buffering == 1 || is_terminal {
        *buffering = -1;
    }
    if *buffering < 0 {
        *buffering = raw.block_size().clamp(DEFAULT_BUFFER_SIZE, LARGEST_BUFFER) as isize;
    }
    if *buffering == 0 {
        if !parsed.binary {
            return Err((None, raise!(ValueError, "can't have unbuffered text I/O")));
        }
        return Ok(raw.clone().into_object());
    }
    let made = if parsed.updating {
        BufferedRandom::open(raw.as_borrowed(), *buffering).map(Ref::into_object)
    } else if parsed.writing {
        BufferedWriter::open(raw.as_borrowed(), *buffering).map(Ref::into_object)
    } else if parsed.reading {
        BufferedReader::open(raw.as_borrowed(), *buffering).map(Ref::into_object)
    } else {
        Err(raise!(ValueError, "unknown mode: '{mode}'"))
    };
    let buffer = made.map_err(|raised| (None, raised))?;
    if parsed.binary {
        return Ok(buffer);
    }
    let text = TextIoWrapper::open(buffer.borrow(), options.encoding, options.errors, options.newline, line_buffering)
        .map_err(|raised| outer(&buffer, raised))?
        .into_object();
    let shown = Str::from_utf8_str(mode).map_err(|raised| outer(&text, raised))?;
    text.setattr(id!("mode"), shown.as_borrowed()).map_err(|raised| outer(&text, raised))?;
    Ok(text)
}

pub struct Io;

#[pymodule(name = "_io")]
impl Io {
    const DEFAULT_BUFFER_SIZE: usize = DEFAULT_BUFFER_SIZE;

    #[function(
        signature = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    fn open(
        file: Borrowed<'_, Object>,
        mode: &str,
        buffering: i32,
        encoding: Nullable<Borrowed<'_, Str>>,
        errors: Nullable<Borrowed<'_, Str>>,
        newline: Nullable<Borrowed<'_, Str>>,
        closefd: bool,
        opener: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let options = OpenOptions {
            buffering: buffering as isize,
            encoding: encoding.into_option(),
            errors: errors.into_option(),
            newline: newline.into_option(),
            close_fd: closefd,
            opener: opener.into_option(),
        };
        open_file(file, mode, options)
    }

    #[function(signature = "(path)")]
    fn open_code(path: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        let options =
            OpenOptions { buffering: -1, encoding: None, errors: None, newline: None, close_fd: true, opener: None };
        open_file(path.upcast(), "rb", options)
    }

    #[function(signature = "(encoding, stacklevel=2, /)")]
    fn text_encoding(encoding: Borrowed<'_, Object>, stacklevel: i32) -> PyResult<Ref<Object>> {
        if !encoding.is_none() {
            return Ok(encoding.to_owned());
        }
        let config = thread::config();
        if config.warn_default_encoding {
            let category = EncodingWarning::type_object();
            warnings::warn(category, "'encoding' argument not specified", stacklevel as isize)?;
        }
        Ok(Str::from_utf8_str(if config.utf8_mode { "utf-8" } else { "locale" })?.into_object())
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("UnsupportedOperation", unsupported_operation()?)?;
        module.add("BlockingIOError", BlockingIOError::type_object())?;
        module.add_type::<IoBase>()?;
        module.add_type::<RawIoBase>()?;
        module.add_type::<BufferedIoBase>()?;
        module.add_type::<TextIoBase>()?;
        module.add_type::<FileIo>()?;
        module.add_type::<BytesIoBuffer>()?;
        module.add_type::<BytesIo>()?;
        module.add_type::<BufferedReader>()?;
        module.add_type::<BufferedWriter>()?;
        module.add_type::<BufferedRandom>()?;
        module.add_type::<BufferedRwPair>()?;
        module.add_type::<IncrementalNewlineDecoder>()?;
        module.add_type::<StringIo>()?;
        module.add_type::<TextIoWrapper>()
    }
}
