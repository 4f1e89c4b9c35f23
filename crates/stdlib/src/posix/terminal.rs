//! Terminals.

use std::cell::Cell;

use super::{check, last_error};
use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, struct_seq};

pub struct Terminal;

struct Class(Cell<Option<Borrowed<'static, Type>>>);
// SAFETY: read and written under the GIL.
unsafe impl Sync for Class {}

static TERMINAL_SIZE: Class = Class(Cell::new(None));

pub(super) fn add_types(module: &Ref<Module>) -> PyResult<()> {
    let class = struct_seq::new_class("os.terminal_size", &["columns", "lines"], 2)?;
    module.add("terminal_size", class.clone().into_object())?;
    // SAFETY: the class lives for the rest of the process.
    TERMINAL_SIZE.0.set(Some(unsafe { Borrowed::from_ptr(class.into_ptr()) }));
    Ok(())
}

#[pymethods(part = FUNCTIONS)]
impl Terminal {
    #[function(signature = "(fd=<unrepresentable>, /)")]
    fn get_terminal_size(fd: Option<i32>) -> PyResult<Ref<Object>> {
        // SAFETY: filled by the call.
        let size = unsafe {
            let mut size: libc::winsize = core::mem::zeroed();
            check(libc::ioctl(fd.unwrap_or(1), libc::TIOCGWINSZ, &raw mut size))?;
            size
        };
        let values =
            vec![Int::from_i64(size.ws_col as i64)?.into_object(), Int::from_i64(size.ws_row as i64)?.into_object()];
        match TERMINAL_SIZE.0.get() {
            Some(class) => struct_seq::instance(&class, values),
            None => Err(raise!(SystemError, "posix is not initialised")),
        }
    }

    #[function(signature = "(fd, /)")]
    fn ttyname(fd: i32) -> PyResult<Ref<Str>> {
        let mut buffer = [0 as c_char; 256];
        // SAFETY: room for that many bytes; closed by NUL on success.
        unsafe {
            let error = libc::ttyname_r(fd, buffer.as_mut_ptr(), buffer.len());
            if error != 0 {
                return Err(taipan_runtime::types::exceptions::from_errno(error, None));
            }
            codec::fs_decode(CStr::from_ptr(buffer.as_ptr()).to_bytes())
        }
    }

    #[function(signature = "()")]
    fn openpty() -> PyResult<Ref<Tuple>> {
        let (mut master, mut slave) = (0, 0);
        // SAFETY: room for two numbers.
        let done = unsafe {
            libc::openpty(
                &raw mut master,
                &raw mut slave,
                core::ptr::null_mut(),
                core::ptr::null_mut(),
                core::ptr::null_mut(),
            )
        };
        if done < 0 {
            return Err(last_error());
        }
        for fd in [master, slave] {
            // SAFETY: takes numbers.
            check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
        }
        Tuple::from_vec(vec![Int::from_i64(master as i64)?.into_object(), Int::from_i64(slave as i64)?.into_object()])
    }

    #[function(signature = "(fd, /)")]
    fn tcgetpgrp(fd: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::tcgetpgrp(fd) })
    }

    #[function(signature = "(fd, pgid, /)")]
    fn tcsetpgrp(fd: i32, pgid: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::tcsetpgrp(fd, pgid) }).map(drop)
    }

    #[function(signature = "()")]
    fn ctermid() -> PyResult<Ref<Str>> {
        let mut buffer = [0 as c_char; 64];
        // SAFETY: room for more than the name of a terminal.
        unsafe {
            let name = libc::ctermid(buffer.as_mut_ptr());
            if name.is_null() { Err(last_error()) } else { codec::fs_decode(CStr::from_ptr(name).to_bytes()) }
        }
    }

    #[function(signature = "(fd)")]
    fn device_encoding(fd: i32) -> PyResult<Ref<Object>> {
        // SAFETY: takes a number; a C string.
        unsafe {
            if libc::isatty(fd) == 0 {
                return Ok(none());
            }
            let codeset = CStr::from_ptr(libc::nl_langinfo(libc::CODESET));
            Ok(codec::fs_decode(codeset.to_bytes())?.into_object())
        }
    }

    #[function(signature = "(oflag, /)")]
    fn posix_openpt(oflag: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::posix_openpt(oflag) })
    }

    #[function(signature = "(fd, /)")]
    fn grantpt(fd: crate::system::Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::grantpt(fd.0) }).map(drop)
    }

    #[function(signature = "(fd, /)")]
    fn unlockpt(fd: crate::system::Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::unlockpt(fd.0) }).map(drop)
    }

    #[function(signature = "(fd, /)")]
    fn ptsname(fd: crate::system::Fd) -> PyResult<Ref<Str>> {
        let mut buffer = [0 as c_char; 256];
        // SAFETY: room for that many bytes; closed by NUL on success.
        unsafe {
            match libc::ptsname_r(fd.0, buffer.as_mut_ptr(), buffer.len()) {
                0 => codec::fs_decode(CStr::from_ptr(buffer.as_ptr()).to_bytes()),
                error => Err(taipan_runtime::types::exceptions::from_errno(error, None)),
            }
        }
    }

    #[function(name = "_inputhook", signature = "()")]
    fn inputhook() -> c_int {
        0
    }

    #[function(name = "_is_inputhook_installed", signature = "()")]
    fn is_inputhook_installed() -> bool {
        false
    }
}
