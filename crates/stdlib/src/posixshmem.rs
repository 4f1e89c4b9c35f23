//! `_posixshmem`: shared memory by name. CPython: `Modules/_multiprocessing/posixshmem.c`.

use crate::system::{path_of_str, retry_errno};
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

pub struct PosixShmem;

#[pymodule(name = "_posixshmem")]
impl PosixShmem {
    #[function(signature = "(path, flags, mode=511)")]
    fn shm_open(path: Borrowed<'_, Str>, flags: i32, mode: Option<i32>) -> PyResult<i64> {
        let name = path_of_str(path)?;
        let address = name.as_ptr();
        let mode = mode.unwrap_or(0o777) as libc::mode_t;
        // SAFETY: a C string.
        retry_errno(|| i64::from(unsafe { libc::shm_open(address, flags, mode) }))?
            .map_err(|errno| exceptions::from_errno(errno, Some(path.upcast())))
    }

    #[function(signature = "(path, /)")]
    fn shm_unlink(path: Borrowed<'_, Str>) -> PyResult<()> {
        let name = path_of_str(path)?;
        let address = name.as_ptr();
        // SAFETY: a C string.
        retry_errno(|| i64::from(unsafe { libc::shm_unlink(address) }))?
            .map(drop)
            .map_err(|errno| exceptions::from_errno(errno, Some(path.upcast())))
    }
}
