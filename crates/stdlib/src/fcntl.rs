//! `fcntl`: control of descriptors. CPython: `Modules/fcntlmodule.c`.

use core::num::Wrapping;

use crate::system::{Fd, add_constants, retry};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{buffer, exceptions};

pub struct Fcntl;

/// Behind what the kernel is given stand bytes that show when it wrote too far.
const GUARD: &[u8] = b"\0\xfa\x69\xc4\x67\xa3\x6c\x58";
/// Short arguments get that much room, since the size that a command writes is unknown here.
const ROOM: usize = 1024;

const CONSTANTS: &[(&str, i64)] = &[
    ("LOCK_SH", 1),
    ("LOCK_EX", 2),
    ("LOCK_NB", 4),
    ("LOCK_UN", 8),
    ("LOCK_MAND", 32),
    ("LOCK_READ", 64),
    ("LOCK_WRITE", 128),
    ("LOCK_RW", 192),
    ("F_DUPFD", 0),
    ("F_DUPFD_CLOEXEC", 1030),
    ("F_GETFD", 1),
    ("F_SETFD", 2),
    ("F_GETFL", 3),
    ("F_SETFL", 4),
    ("F_GETLK", 5),
    ("F_SETLK", 6),
    ("F_SETLKW", 7),
    ("F_OFD_GETLK", 36),
    ("F_OFD_SETLK", 37),
    ("F_OFD_SETLKW", 38),
    ("F_GETOWN", 9),
    ("F_SETOWN", 8),
    ("F_GETSIG", 11),
    ("F_SETSIG", 10),
    ("F_RDLCK", 0),
    ("F_WRLCK", 1),
    ("F_UNLCK", 2),
    ("F_GETLK64", 5),
    ("F_SETLK64", 6),
    ("F_SETLKW64", 7),
    ("FASYNC", 8192),
    ("F_SETLEASE", 1024),
    ("F_GETLEASE", 1025),
    ("F_NOTIFY", 1026),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_SHLCK", 8),
    ("F_SETPIPE_SZ", 1031),
    ("F_GETPIPE_SZ", 1032),
    ("FICLONE", 1074041865),
    ("FICLONERANGE", 1075876877),
    ("F_GETOWN_EX", 16),
    ("F_SETOWN_EX", 15),
    ("F_OWNER_TID", 0),
    ("F_OWNER_PID", 1),
    ("F_OWNER_PGRP", 2),
    ("F_GET_RW_HINT", 1035),
    ("F_SET_RW_HINT", 1036),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_SET_FILE_RW_HINT", 1038),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_SHORT", 2),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("FD_CLOEXEC", 1),
    ("DN_ACCESS", 1),
    ("DN_MODIFY", 2),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_RENAME", 16),
    ("DN_ATTRIB", 32),
    ("DN_MULTISHOT", 2147483648),
    ("F_ADD_SEALS", 1033),
    ("F_GET_SEALS", 1034),
    ("F_SEAL_SEAL", 1),
    ("F_SEAL_SHRINK", 2),
    ("F_SEAL_GROW", 4),
    ("F_SEAL_WRITE", 8),
    ("F_SEAL_FUTURE_WRITE", 16),
];

/// Runs `call` on a copy of `data` with room behind it.
fn on_copy(data: &[u8], mut call: impl FnMut(*mut u8) -> c_int) -> PyResult<(i64, Vec<u8>)> {
    let mut copy: Vec<u8> = Vec::new();
    if copy.try_reserve_exact(data.len().max(ROOM) + GUARD.len()).is_err() {
        return Err(Raised::no_memory());
    }
    copy.extend_from_slice(data);
    copy.extend_from_slice(GUARD);
    copy.resize(data.len().max(ROOM) + GUARD.len(), 0);
    let address = copy.as_mut_ptr();
    let result = retry(|| i64::from(call(address)))?;
    if &copy[data.len()..data.len() + GUARD.len()] != GUARD {
        return Err(raise!(SystemError, "buffer overflow"));
    }
    copy.truncate(data.len());
    Ok((result, copy))
}

/// The bytes of a `str`, in UTF-8, or of a buffer.
fn bytes_of(arg: Borrowed<'_, Object>) -> PyResult<Vec<u8>> {
    match arg.downcast::<Str>() {
        Some(text) => text.as_utf8()?.as_bytes().try_to_vec(),
        None => BufferArg::new(arg)?.try_to_vec(),
    }
}

fn has_bytes(arg: Borrowed<'_, Object>) -> bool {
    arg.is_instance_of::<Str>() || buffer::has_buffer(&arg)
}

fn bad_argument(function: &str, arg: Borrowed<'_, Object>) -> Raised {
    raise!(
        TypeError,
        "{function}() argument 3 must be an integer, a bytes-like object, or a string, not {}",
        arg.type_name()
    )
}

fn offset(value: Option<Borrowed<'_, Object>>) -> PyResult<i64> {
    let Some(value) = value else { return Ok(0) };
    match value.index()?.to_i64() {
        Some(offset) => Ok(offset),
        None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
    }
}

#[pymodule(name = "fcntl")]
impl Fcntl {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        add_constants(module, CONSTANTS)
    }

    #[function(signature = "(fd, cmd, arg=0, /)")]
    fn fcntl(fd: Fd, cmd: i32, arg: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let arg = match arg {
            Some(arg) if !arg.has_index() => arg,
            number => {
                let number = match number {
                    Some(number) => number.index()?.to_u64_mask() as c_int,
                    None => 0,
                };
                // SAFETY: takes numbers.
                let result = retry(|| i64::from(unsafe { libc::fcntl(fd.0, cmd, number) }))?;
                return Ok(Int::from_i64(result)?.into_object());
            }
        };
        if !has_bytes(arg) {
            return Err(bad_argument("fcntl", arg));
        }
        // SAFETY: room for what commands write; the guard shows what they should not have.
        let (_, data) = on_copy(&bytes_of(arg)?, |data| unsafe { libc::fcntl(fd.0, cmd, data) })?;
        Ok(Bytes::from_slice(&data)?.into_object())
    }

    #[function(signature = "(fd, request, arg=0, mutate_flag=True, /)")]
    fn ioctl(
        fd: Fd,
        request: Wrapping<u64>,
        arg: Option<Borrowed<'_, Object>>,
        mutate_flag: bool,
    ) -> PyResult<Ref<Object>> {
        let code = request.0;
        let int = |result: i64| Int::from_i64(result).map(Ref::into_object);
        let arg = match arg {
            Some(arg) if !arg.has_index() => arg,
            number => {
                let number = match number.map(|number| number.index()).transpose()? {
                    None => 0,
                    Some(number) => match number.to_i64() {
                        Some(value) if i32::try_from(value).is_ok() => value as c_int,
                        Some(value) if value < 0 => {
                            return Err(raise!(OverflowError, "signed integer is less than minimum"));
                        }
                        Some(_) => return Err(raise!(OverflowError, "signed integer is greater than maximum")),
                        None => return Err(raise!(OverflowError, "Python int too large to convert to C long")),
                    },
                };
                // SAFETY: takes numbers.
                return int(retry(|| i64::from(unsafe { libc::ioctl(fd.0, code, number) }))?);
            }
        };
        if !has_bytes(arg) {
            return Err(bad_argument("ioctl", arg));
        }
        // SAFETY: room for what requests write; the guard shows what they should not have.
        let call = |data: *mut u8| unsafe { libc::ioctl(fd.0, code, data) };
        if mutate_flag && !arg.is_instance_of::<Bytes>() && !arg.is_instance_of::<Str>() {
            match buffer::View::new(arg, taipan_runtime::abi::PyBUF_WRITABLE) {
                Ok(view) => {
                    let len = view.len.max(0) as usize;
                    // SAFETY: the exporter keeps `len` bytes there while the view is held; the slice is copied at once.
                    let data = unsafe { core::slice::from_raw_parts(view.buf.cast::<u8>(), len) }.try_to_vec()?;
                    let (result, data) = on_copy(&data, call)?;
                    // SAFETY: as above.
                    unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), view.buf.cast::<u8>(), len) };
                    return int(result);
                }
                Err(raised) => raised.clear_if::<exceptions::BufferError>()?,
            }
        }
        let (_, data) = on_copy(&bytes_of(arg)?, call)?;
        Ok(Bytes::from_slice(&data)?.into_object())
    }

    #[function(signature = "(fd, operation, /)")]
    fn flock(fd: Fd, operation: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        retry(|| i64::from(unsafe { libc::flock(fd.0, operation) })).map(drop)
    }

    #[function(signature = "(fd, cmd, len=0, start=0, whence=0, /)")]
    fn lockf(
        fd: Fd,
        cmd: i32,
        len: Option<Borrowed<'_, Object>>,
        start: Option<Borrowed<'_, Object>>,
        whence: i32,
    ) -> PyResult<()> {
        let kind = if cmd == libc::LOCK_UN {
            libc::F_UNLCK
        } else if cmd & libc::LOCK_SH != 0 {
            libc::F_RDLCK
        } else if cmd & libc::LOCK_EX != 0 {
            libc::F_WRLCK
        } else {
            return Err(raise!(ValueError, "unrecognized lockf argument"));
        };
        let (l_start, l_len) = (offset(start)?, offset(len)?);
        let lock = libc::flock { l_type: kind as _, l_whence: whence as _, l_start, l_len, l_pid: 0 };
        let command = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        // SAFETY: the struct lives during the call.
        retry(|| i64::from(unsafe { libc::fcntl(fd.0, command, &raw const lock) })).map(drop)
    }
}
