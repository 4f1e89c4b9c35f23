//! The environment, and the limits of the system.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::check;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, exceptions};

pub struct Env;

/// `posix.environ`: names and values as bytes.
pub(super) fn environ() -> PyResult<Ref<Dict>> {
    let dict = Dict::new()?;
    for (name, value) in std::env::vars_os() {
        let (name, value) = (Bytes::from_slice(&name.into_vec())?, Bytes::from_slice(&value.into_vec())?);
        dict.set_item(name.borrow(), value.as_borrowed())?;
    }
    Ok(dict)
}

macro_rules! names {
    ($table:ident: $($name:literal = $value:ident,)*) => {
        pub(super) const $table: &[(&str, c_int)] = &[$(($name, libc::$value)),*];
    };
}

names! { SYSCONF:
    "SC_ARG_MAX" = _SC_ARG_MAX, "SC_CHILD_MAX" = _SC_CHILD_MAX, "SC_CLK_TCK" = _SC_CLK_TCK,
    "SC_IOV_MAX" = _SC_IOV_MAX, "SC_NGROUPS_MAX" = _SC_NGROUPS_MAX, "SC_OPEN_MAX" = _SC_OPEN_MAX,
    "SC_PAGESIZE" = _SC_PAGESIZE, "SC_PAGE_SIZE" = _SC_PAGE_SIZE, "SC_PHYS_PAGES" = _SC_PHYS_PAGES,
    "SC_AVPHYS_PAGES" = _SC_AVPHYS_PAGES, "SC_NPROCESSORS_CONF" = _SC_NPROCESSORS_CONF,
    "SC_NPROCESSORS_ONLN" = _SC_NPROCESSORS_ONLN, "SC_HOST_NAME_MAX" = _SC_HOST_NAME_MAX,
    "SC_LOGIN_NAME_MAX" = _SC_LOGIN_NAME_MAX, "SC_SEM_NSEMS_MAX" = _SC_SEM_NSEMS_MAX,
    "SC_SEM_VALUE_MAX" = _SC_SEM_VALUE_MAX, "SC_SYMLOOP_MAX" = _SC_SYMLOOP_MAX, "SC_TTY_NAME_MAX" = _SC_TTY_NAME_MAX,
    "SC_GETPW_R_SIZE_MAX" = _SC_GETPW_R_SIZE_MAX, "SC_GETGR_R_SIZE_MAX" = _SC_GETGR_R_SIZE_MAX,
}

names! { PATHCONF:
    "PC_LINK_MAX" = _PC_LINK_MAX, "PC_NAME_MAX" = _PC_NAME_MAX, "PC_PATH_MAX" = _PC_PATH_MAX,
    "PC_PIPE_BUF" = _PC_PIPE_BUF, "PC_MAX_CANON" = _PC_MAX_CANON, "PC_MAX_INPUT" = _PC_MAX_INPUT,
    "PC_NO_TRUNC" = _PC_NO_TRUNC, "PC_CHOWN_RESTRICTED" = _PC_CHOWN_RESTRICTED, "PC_VDISABLE" = _PC_VDISABLE,
}

names! { CONFSTR:
    "CS_PATH" = _CS_PATH, "CS_GNU_LIBC_VERSION" = _CS_GNU_LIBC_VERSION,
    "CS_GNU_LIBPTHREAD_VERSION" = _CS_GNU_LIBPTHREAD_VERSION,
}

/// A name of the table, or a number.
fn code_of(name: Borrowed<'_, Object>, table: &[(&str, c_int)]) -> PyResult<c_int> {
    if let Some(text) = name.downcast::<Str>() {
        let text = text.to_display();
        return match table.iter().find(|(name, _)| *name == text) {
            Some((_, code)) => Ok(*code),
            None => Err(raise!(ValueError, "unrecognized configuration name")),
        };
    }
    if !name.is_instance_of::<Int>() {
        return Err(raise!(TypeError, "configuration names must be strings or integers"));
    }
    Ok(name.as_isize()? as c_int)
}

#[pymethods(part = FUNCTIONS)]
impl Env {
    #[function(name = "_create_environ", signature = "()")]
    fn create_environ() -> PyResult<Ref<Dict>> {
        environ()
    }

    #[function(signature = "(name, value, /)")]
    fn putenv(name: super::FsName, value: super::FsName) -> PyResult<()> {
        if name.as_bytes().is_empty() || name.as_bytes().contains(&b'=') {
            return Err(raise!(ValueError, "illegal environment variable name"));
        }
        // SAFETY: C strings; under the GIL.
        check(unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) }).map(drop)
    }

    #[function(signature = "(name, /)")]
    fn unsetenv(name: super::FsName) -> PyResult<()> {
        // SAFETY: a C string; under the GIL.
        check(unsafe { libc::unsetenv(name.as_ptr()) }).map(drop)
    }

    #[function(signature = "(name, /)")]
    fn sysconf(name: Borrowed<'_, Object>) -> PyResult<i64> {
        let code = code_of(name, SYSCONF)?;
        // SAFETY: takes a number.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::sysconf(code);
            if value == -1 && *libc::__errno_location() != 0 {
                return Err(exceptions::from_last_errno(None));
            }
            Ok(value)
        }
    }

    #[function(signature = "(path, name)")]
    fn pathconf(path: super::PathOrFd<'_>, name: Borrowed<'_, Object>) -> PyResult<i64> {
        let code = code_of(name, PATHCONF)?;
        // SAFETY: a C string or a number.
        unsafe {
            *libc::__errno_location() = 0;
            let value = match &path {
                super::PathOrFd::Path(path) => libc::pathconf(path.as_ptr(), code),
                super::PathOrFd::Fd(fd, _) => libc::fpathconf(*fd, code),
            };
            if value == -1 && *libc::__errno_location() != 0 {
                return Err(exceptions::from_last_errno(Some(path.object())));
            }
            Ok(value)
        }
    }

    #[function(signature = "(fd, name, /)")]
    fn fpathconf(fd: crate::system::Fd, name: Borrowed<'_, Object>) -> PyResult<i64> {
        let code = code_of(name, PATHCONF)?;
        // SAFETY: numbers.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::fpathconf(fd.0, code);
            if value == -1 && *libc::__errno_location() != 0 {
                return Err(exceptions::from_last_errno(None));
            }
            Ok(value)
        }
    }

    #[function(signature = "(name, /)")]
    fn confstr(name: Borrowed<'_, Object>) -> PyResult<Option<Ref<Str>>> {
        let code = code_of(name, CONFSTR)?;
        let mut buffer = vec![0u8; 4096];
        // SAFETY: room for that many bytes.
        let length = unsafe { libc::confstr(code, buffer.as_mut_ptr().cast(), buffer.len()) };
        if length == 0 {
            return Ok(None);
        }
        codec::fs_decode(&buffer[..length.saturating_sub(1).min(buffer.len())]).map(Some)
    }

    #[function(signature = "(code, /)")]
    fn strerror(code: i32) -> PyResult<Ref<Str>> {
        // SAFETY: gives a string for any number.
        let text = unsafe { CStr::from_ptr(libc::strerror(code)) };
        codec::fs_decode(OsStr::from_bytes(text.to_bytes()).as_bytes())
    }
}
