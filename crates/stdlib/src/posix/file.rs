//! Descriptors: opening, reading, writing, duplicating.

use super::path::{DirFd, PathArg, directory};
use super::{check, check_path, last_error};
use taipan_runtime::object::args::{BufferArg, WritableBufferArg};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};

pub struct File;

/// Repeats a call that a signal interrupted, after its handlers have run.
fn retry(mut call: impl FnMut() -> isize) -> PyResult<isize> {
    loop {
        let result = allow_threads(&mut call);
        if result >= 0 {
            return Ok(result);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(last_error());
        }
        thread::check_interrupts()?;
    }
}

#[pymethods(part = FUNCTIONS)]
impl File {
    #[function(signature = "(path, flags, mode=511, *, dir_fd=None)")]
    fn open(path: PathArg<'_>, flags: i32, mode: Option<i32>, dir_fd: Option<DirFd>) -> PyResult<c_int> {
        crate::system::audit("open", || {
            Ok(vec![path.object().to_owned(), none(), crate::system::int_object(i64::from(flags))?])
        })?;
        let (name, directory) = (path.as_ptr(), directory(&dir_fd));
        let mode = mode.unwrap_or(0o777) as libc::c_uint;
        loop {
            // SAFETY: a C string.
            let fd = allow_threads(|| unsafe { libc::openat(directory, name, flags | libc::O_CLOEXEC, mode) });
            if fd < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
                thread::check_interrupts()?;
                continue;
            }
            return check_path(fd, &path);
        }
    }

    #[function(signature = "(fd)")]
    fn close(fd: i32) -> PyResult<()> {
        // SAFETY: takes a number. The descriptor is gone even after EINTR.
        let done = allow_threads(|| unsafe { libc::close(fd) });
        if done < 0 && std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(last_error());
        }
        Ok(())
    }

    #[function(signature = "(fd_low, fd_high, /)")]
    fn closerange(fd_low: i32, fd_high: i32) {
        let first = fd_low.max(0);
        if first >= fd_high {
            return;
        }
        // SAFETY: takes numbers.
        allow_threads(|| unsafe {
            if libc::syscall(libc::SYS_close_range, first, fd_high - 1, 0) != 0 {
                for fd in first..fd_high {
                    libc::close(fd);
                }
            }
        });
    }

    #[function(signature = "(fd, length, /)")]
    fn read(fd: i32, length: isize) -> PyResult<Ref<Bytes>> {
        if length < 0 {
            return Err(taipan_runtime::types::exceptions::from_errno(libc::EINVAL, None));
        }
        let mut buffer: Vec<u8> = Vec::new();
        if buffer.try_reserve_exact(length as usize).is_err() {
            return Err(Raised::no_memory());
        }
        let (address, size) = (buffer.as_mut_ptr(), length as usize);
        // SAFETY: the buffer has room for that many bytes, and the count says how many were written.
        unsafe {
            let count = retry(|| libc::read(fd, address.cast::<c_void>(), size))?;
            buffer.set_len(count as usize);
        }
        Bytes::from_slice(&buffer)
    }

    #[function(signature = "(fd, buffer, /)")]
    fn readinto(fd: i32, buffer: WritableBufferArg<'_>) -> PyResult<isize> {
        let (address, size) = buffer.as_raw();
        // SAFETY: the exporter keeps the buffer while it is held.
        retry(|| unsafe { libc::read(fd, address.cast(), size) })
    }

    #[function(signature = "(fd, data, /)")]
    fn write(fd: i32, data: BufferArg<'_>) -> PyResult<isize> {
        let slice = data.as_slice();
        let (address, size) = (slice.as_ptr(), slice.len());
        // SAFETY: the exporter keeps the buffer while it is held.
        retry(|| unsafe { libc::write(fd, address.cast(), size) })
    }

    #[function(signature = "(fd, length, offset, /)")]
    fn pread(fd: i32, length: isize, offset: i64) -> PyResult<Ref<Bytes>> {
        let mut buffer: Vec<u8> = Vec::new();
        if length < 0 || buffer.try_reserve_exact(length as usize).is_err() {
            return Err(Raised::no_memory());
        }
        let (address, size) = (buffer.as_mut_ptr(), length as usize);
        // SAFETY: as for `read`.
        unsafe {
            let count = retry(|| libc::pread(fd, address.cast::<c_void>(), size, offset))?;
            buffer.set_len(count as usize);
        }
        Bytes::from_slice(&buffer)
    }

    #[function(signature = "(fd, buffer, offset, /)")]
    fn pwrite(fd: i32, buffer: BufferArg<'_>, offset: i64) -> PyResult<isize> {
        let slice = buffer.as_slice();
        let (address, size) = (slice.as_ptr(), slice.len());
        // SAFETY: as for `write`.
        retry(|| unsafe { libc::pwrite(fd, address.cast(), size, offset) })
    }

    #[function(signature = "(fd, position, whence, /)")]
    fn lseek(fd: i32, position: i64, whence: i32) -> PyResult<i64> {
        // SAFETY: takes numbers.
        let place = allow_threads(|| unsafe { libc::lseek(fd, position, whence) });
        if place < 0 { Err(last_error()) } else { Ok(place) }
    }

    #[function(signature = "(fd, /)")]
    fn isatty(fd: i32) -> bool {
        // SAFETY: takes a number.
        unsafe { libc::isatty(fd) != 0 }
    }

    #[function(signature = "(fd, /)")]
    fn dup(fd: i32) -> PyResult<c_int> {
        // SAFETY: takes numbers.
        check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
    }

    #[function(signature = "(fd, fd2, inheritable=True)")]
    fn dup2(fd: i32, fd2: i32, inheritable: bool) -> PyResult<c_int> {
        // SAFETY: takes numbers.
        check(unsafe { if inheritable { libc::dup2(fd, fd2) } else { libc::dup3(fd, fd2, libc::O_CLOEXEC) } })
    }

    #[function(signature = "()")]
    fn pipe() -> PyResult<Ref<Tuple>> {
        File::pipe2(libc::O_CLOEXEC)
    }

    #[function(signature = "(flags, /)")]
    fn pipe2(flags: i32) -> PyResult<Ref<Tuple>> {
        let mut ends = [0; 2];
        // SAFETY: room for two numbers.
        check(unsafe { libc::pipe2(ends.as_mut_ptr(), flags) })?;
        Tuple::from_vec(vec![
            Int::from_i64(ends[0] as i64)?.into_object(),
            Int::from_i64(ends[1] as i64)?.into_object(),
        ])
    }

    #[function(signature = "(fd, length, /)")]
    fn ftruncate(fd: i32, length: i64) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::ftruncate(fd, length) })).map(drop)
    }

    #[function(signature = "(path, length)")]
    fn truncate(path: super::path::PathOrFd<'_>, length: i64) -> PyResult<()> {
        match &path {
            // SAFETY: a C string.
            super::PathOrFd::Path(path) => check_path(unsafe { libc::truncate(path.as_ptr(), length) }, path).map(drop),
            super::PathOrFd::Fd(fd, _) => File::ftruncate(*fd, length),
        }
    }

    #[function(signature = "(fd)")]
    fn fsync(fd: crate::system::Fd) -> PyResult<()> {
        let fd = fd.0;
        // SAFETY: takes a number.
        check(allow_threads(|| unsafe { libc::fsync(fd) })).map(drop)
    }

    #[function(signature = "(fd, /)")]
    fn get_inheritable(fd: i32) -> PyResult<bool> {
        // SAFETY: takes numbers.
        Ok(check(unsafe { libc::fcntl(fd, libc::F_GETFD) })? & libc::FD_CLOEXEC == 0)
    }

    #[function(signature = "(fd, inheritable, /)")]
    fn set_inheritable(fd: i32, inheritable: bool) -> PyResult<()> {
        // SAFETY: takes numbers.
        unsafe {
            let flags = check(libc::fcntl(fd, libc::F_GETFD))?;
            let flags = if inheritable { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
            check(libc::fcntl(fd, libc::F_SETFD, flags)).map(drop)
        }
    }

    #[function(signature = "(fd, /)")]
    fn get_blocking(fd: i32) -> PyResult<bool> {
        // SAFETY: takes numbers.
        Ok(check(unsafe { libc::fcntl(fd, libc::F_GETFL) })? & libc::O_NONBLOCK == 0)
    }

    #[function(signature = "(fd, blocking, /)")]
    fn set_blocking(fd: i32, blocking: bool) -> PyResult<()> {
        // SAFETY: takes numbers.
        unsafe {
            let flags = check(libc::fcntl(fd, libc::F_GETFL))?;
            let flags = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
            check(libc::fcntl(fd, libc::F_SETFL, flags)).map(drop)
        }
    }

    #[function(signature = "(size, flags=0)")]
    fn getrandom(size: isize, flags: Option<i32>) -> PyResult<Ref<Bytes>> {
        if size < 0 {
            return Err(taipan_runtime::types::exceptions::from_errno(libc::EINVAL, None));
        }
        let size = size.clamp(0, 1 << 25) as usize;
        let mut buffer: Vec<u8> = vec_with_capacity(size)?;
        buffer.resize(size, 0);
        let (address, length) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: room for that many bytes.
        let count = retry(|| unsafe { libc::getrandom(address.cast(), length, flags.unwrap_or(0) as libc::c_uint) })?;
        Bytes::from_slice(&buffer[..count as usize])
    }

    #[function(signature = "(size, /)")]
    fn urandom(size: isize) -> PyResult<Ref<Bytes>> {
        if size < 0 {
            return Err(raise!(ValueError, "negative argument not allowed"));
        }
        let mut buffer: Vec<u8> = Vec::new();
        if buffer.try_reserve_exact(size as usize).is_err() {
            return Err(Raised::no_memory());
        }
        buffer.resize(size as usize, 0);
        let mut done = 0;
        while done < buffer.len() {
            let rest = &mut buffer[done..];
            let (address, length) = (rest.as_mut_ptr(), rest.len());
            // SAFETY: room for that many bytes.
            done += retry(|| unsafe { libc::getrandom(address.cast(), length, 0) })? as usize;
        }
        Bytes::from_slice(&buffer)
    }

    #[function(signature = "(out_fd, in_fd, offset, count)")]
    fn sendfile(out_fd: i32, in_fd: i32, offset: Nullable<i64>, count: isize) -> PyResult<isize> {
        let mut place = offset.0.unwrap_or(0);
        let address = if offset.0.is_some() { &raw mut place } else { core::ptr::null_mut() };
        // SAFETY: null or an offset.
        retry(|| unsafe { libc::sendfile(out_fd, in_fd, address, count as usize) })
    }

    #[function(signature = "(fd, command, length, /)")]
    fn lockf(fd: i32, command: i32, length: i64) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::lockf(fd, command, length) })).map(drop)
    }

    #[function(signature = "(name, flags=MFD_CLOEXEC)")]
    fn memfd_create(name: super::FsName, flags: Option<u32>) -> PyResult<c_int> {
        // SAFETY: a C string.
        check(unsafe { libc::memfd_create(name.as_ptr(), flags.unwrap_or(libc::MFD_CLOEXEC)) })
    }
}
