//! Path arguments: `str`, `bytes`, path-like objects and, where a function allows it, descriptors.

use std::ffi::CString;

use taipan_runtime::object::args::{ArgSpec, FromArg};
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec;

/// A path as C wants it, with the object it came from for error messages.
pub struct PathArg<'a> {
    given: Borrowed<'a, Object>,
    text: Ref<Bytes>,
    /// Results are `bytes` where the argument was.
    is_bytes: bool,
}

impl<'a> PathArg<'a> {
    /// Converts `value`; `function` is named in messages.
    pub fn new(value: Borrowed<'a, Object>, function: &str, parameter: &str, allowed: &str) -> PyResult<PathArg<'a>> {
        let path = fspath_for(value, function, parameter, allowed)?;
        let (bytes, is_bytes) = match path.downcast::<Bytes>() {
            Some(bytes) => (bytes.to_owned(), true),
            None => {
                // SAFETY: `fspath` gives `str` or `bytes`.
                let text: &Ref<Str> = unsafe { path.cast_unchecked() };
                (codec::fs_encode(text)?, false)
            }
        };
        match memchr::memchr(0, bytes.as_slice()) {
            None => Ok(PathArg { given: value, text: bytes, is_bytes }),
            Some(_) => Err(raise!(ValueError, "{function}: embedded null character in {parameter}")),
        }
    }

    pub fn as_ptr(&self) -> *const c_char {
        // A zero follows the bytes of every `bytes` object.
        self.text.as_slice().as_ptr().cast()
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_slice()
    }

    /// The argument as it was given.
    pub fn object(&self) -> Borrowed<'a, Object> {
        self.given
    }

    pub fn is_bytes(&self) -> bool {
        self.is_bytes
    }

    /// A name for a result: `bytes` or `str`, as the argument was.
    pub fn same_kind(&self, name: &[u8]) -> PyResult<Ref<Object>> {
        if self.is_bytes {
            Ok(Bytes::from_slice(name)?.into_object())
        } else {
            Ok(codec::fs_decode(name)?.into_object())
        }
    }
}

/// [`fspath`] with the message of a path argument.
pub(super) fn fspath_for(
    value: Borrowed<'_, Object>,
    function: &str,
    parameter: &str,
    allowed: &str,
) -> PyResult<Ref<Object>> {
    fspath(value).map_err(|raised| {
        if raised.is_a::<taipan_runtime::types::exceptions::TypeError>() && !has_fspath(value) {
            raised.clear();
            return raise!(TypeError, "{function}: {parameter} should be {allowed}, not {}", value.type_name());
        }
        raised
    })
}

fn has_fspath(value: Borrowed<'_, Object>) -> bool {
    value.type_of().lookup(id!("__fspath__")).is_some_and(|method| !method.is_none())
}

/// `os.fspath(path)`.
pub fn fspath(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if path.is_instance_of::<Str>() || path.is_instance_of::<Bytes>() {
        return Ok(path.to_owned());
    }
    let Some(method) = path.lookup_special(id!("__fspath__"))?.filter(|method| !method.is_none()) else {
        return Err(raise!(TypeError, "expected str, bytes or os.PathLike object, not {}", path.type_name()));
    };
    let result = method.call0()?;
    if result.is_instance_of::<Str>() || result.is_instance_of::<Bytes>() {
        return Ok(result);
    }
    Err(raise!(
        TypeError,
        "expected {}.__fspath__() to return str or bytes, not {}",
        path.type_name(),
        result.type_name()
    ))
}

fn parameter(spec: &ArgSpec, index: usize) -> &'static str {
    spec.names.get(index).copied().unwrap_or("path")
}

impl<'a> FromArg<'a> for PathArg<'a> {
    unsafe fn from_arg(value: *mut taipan_runtime::abi::PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        let value = unsafe { Borrowed::from_ptr(value) };
        PathArg::new(value, spec.function, parameter(spec, index), "string, bytes or os.PathLike")
    }
}

/// A path or an open descriptor.
pub enum PathOrFd<'a> {
    Path(PathArg<'a>),
    Fd(c_int, Borrowed<'a, Object>),
}

impl<'a> PathOrFd<'a> {
    pub fn object(&self) -> Borrowed<'a, Object> {
        match self {
            PathOrFd::Path(path) => path.object(),
            PathOrFd::Fd(_, object) => *object,
        }
    }
}

impl<'a> FromArg<'a> for PathOrFd<'a> {
    unsafe fn from_arg(value: *mut taipan_runtime::abi::PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        let value: Borrowed<'a, Object> = unsafe { Borrowed::from_ptr(value) };
        if value.has_index() && !value.is_instance_of::<Str>() {
            return Ok(PathOrFd::Fd(descriptor(value)?, value));
        }
        let allowed = "string, bytes, os.PathLike or integer";
        Ok(PathOrFd::Path(PathArg::new(value, spec.function, parameter(spec, index), allowed)?))
    }
}

/// The converter of file names (`PyUnicode_FSConverter`): as a path, with messages of its own.
pub struct FsName(CString);

impl FsName {
    pub fn new(value: Borrowed<'_, Object>) -> PyResult<FsName> {
        let path = fspath(value)?;
        let bytes = match path.downcast::<Str>() {
            Some(text) => codec::fs_encode(&text)?.as_slice().try_to_vec()?,
            None => taipan_runtime::object::args::BufferArg::new(path.borrow())?.try_to_vec()?,
        };
        match CString::new(bytes) {
            Ok(name) => Ok(FsName(name)),
            Err(_) => Err(raise!(ValueError, "embedded null byte")),
        }
    }

    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromArg<'_> for FsName {
    unsafe fn from_arg(value: *mut taipan_runtime::abi::PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        FsName::new(unsafe { Borrowed::from_ptr(value) })
    }
}

/// An integer as a descriptor.
pub fn descriptor(value: Borrowed<'_, Object>) -> PyResult<c_int> {
    if value.is_instance_of::<Bool>() {
        use taipan_runtime::types::exceptions::RuntimeWarning;
        let message = "bool is used as a file descriptor";
        taipan_runtime::modules::warnings::warn(RuntimeWarning::type_object(), message, 1)?;
    }
    let index = value.index()?;
    match index.to_i64() {
        Some(number) if number > i32::MAX as i64 => Err(raise!(OverflowError, "fd is greater than maximum")),
        Some(number) if number < i32::MIN as i64 => Err(raise!(OverflowError, "fd is less than minimum")),
        Some(number) => Ok(number as c_int),
        None if index.is_negative() => Err(raise!(OverflowError, "fd is less than minimum")),
        None => Err(raise!(OverflowError, "fd is greater than maximum")),
    }
}

/// A directory descriptor of `dir_fd=`, `AT_FDCWD` for None.
pub struct DirFd(pub c_int);

impl FromArg<'_> for DirFd {
    unsafe fn from_arg(value: *mut taipan_runtime::abi::PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        let value: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(value) };
        if value.is_none() {
            return Ok(DirFd(libc::AT_FDCWD));
        }
        if !value.has_index() {
            return Err(raise!(TypeError, "argument should be integer or None, not {}", value.type_name()));
        }
        descriptor(value).map(DirFd)
    }
}

/// The directory of an optional `dir_fd` argument.
pub fn directory(dir_fd: &Option<DirFd>) -> c_int {
    dir_fd.as_ref().map_or(libc::AT_FDCWD, |directory| directory.0)
}
