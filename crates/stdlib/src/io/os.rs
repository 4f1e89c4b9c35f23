//! System calls of streams: without the GIL, again after EINTR once signal handlers ran, errors as OSError.
//! CPython: `_Py_read`, `_Py_write` and the like in `Python/fileutils.c`.

use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::exceptions::{errno, from_errno};

/// What one call gives: a count, or that it would have to wait.
pub enum Transfer {
    Done(usize),
    WouldBlock,
}

/// The kernel moves no more in one go.
const MOST: usize = 0x7fff_f000;

/// Runs `call` until no signal interrupts it; the error number otherwise.
pub fn retry(mut call: impl FnMut() -> isize) -> PyResult<Result<isize, i32>> {
    loop {
        let (result, error) = thread::allow_threads(|| {
            let result = call();
            (result, errno())
        });
        if result >= 0 {
            return Ok(Ok(result));
        }
        if error != libc::EINTR {
            return Ok(Err(error));
        }
        thread::breaker::check_signals()?;
    }
}

fn transfer(call: impl FnMut() -> isize) -> PyResult<Transfer> {
    match retry(call)? {
        Ok(count) => Ok(Transfer::Done(count as usize)),
        Err(libc::EAGAIN) => Ok(Transfer::WouldBlock),
        Err(error) => Err(from_errno(error, None)),
    }
}

/// Reads into `len` bytes at `start`.
///
/// # Safety
/// The memory stays valid, and nobody else uses it, until the call returns.
pub unsafe fn read(fd: c_int, start: *mut u8, len: usize) -> PyResult<Transfer> {
    // SAFETY: by contract.
    transfer(|| unsafe { libc::read(fd, start.cast(), len.min(MOST)) })
}

/// Writes `len` bytes at `start`.
///
/// # Safety
/// The memory stays valid and unchanged until the call returns.
pub unsafe fn write(fd: c_int, start: *const u8, len: usize) -> PyResult<Transfer> {
    // SAFETY: by contract.
    transfer(|| unsafe { libc::write(fd, start.cast(), len.min(MOST)) })
}

pub fn seek(fd: c_int, offset: i64, whence: c_int) -> PyResult<i64> {
    let (result, error) = thread::allow_threads(|| {
        // SAFETY: touches no memory.
        let result = unsafe { libc::lseek(fd, offset, whence) };
        (result, errno())
    });
    if result < 0 { Err(from_errno(error, None)) } else { Ok(result) }
}

/// What `fstat` tells; the error number when it fails.
pub fn stat(fd: c_int) -> Result<libc::stat, i32> {
    // SAFETY: a struct of integers; the call fills it.
    thread::allow_threads(|| unsafe {
        let mut stat: libc::stat = core::mem::zeroed();
        if libc::fstat(fd, &raw mut stat) < 0 { Err(errno()) } else { Ok(stat) }
    })
}

pub fn is_terminal(fd: c_int) -> bool {
    // SAFETY: asks about a descriptor.
    thread::allow_threads(|| unsafe { libc::isatty(fd) != 0 })
}
