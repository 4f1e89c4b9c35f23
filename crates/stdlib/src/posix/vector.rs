//! Reading and writing several buffers, moving data between descriptors, and what concerns the places of files.

use super::path::{DirFd, PathArg, directory};
use super::{check, check_path};
use crate::system::{Fd, retry};
use taipan_runtime::abi::{PyBUF_SIMPLE, PyBUF_WRITABLE, PyObject};
use taipan_runtime::object::args::{ArgSpec, FromArg};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::allow_threads;
use taipan_runtime::types::{buffer, exceptions};

pub struct Vectored;

/// Exported buffers and their list for the kernel.
struct Buffers {
    _views: Vec<buffer::View>,
    vectors: Vec<libc::iovec>,
}

impl Buffers {
    fn new(object: Borrowed<'_, Object>, function: &str, flags: c_int) -> PyResult<Buffers> {
        if !object.is_sequence() {
            return Err(raise!(TypeError, "{function}() arg 2 must be a sequence"));
        }
        let (mut views, mut vectors) = (Vec::new(), Vec::new());
        for index in 0..object.len()? {
            let item = object.get_index(index as isize)?;
            let view = buffer::View::new(item.borrow(), flags)?;
            vectors.push(libc::iovec { iov_base: view.buf, iov_len: view.len.max(0) as usize });
            views.push(view);
        }
        Ok(Buffers { _views: views, vectors })
    }
}

/// A place in a file.
fn optional_offset(object: Nullable<Borrowed<'_, Object>>) -> PyResult<Option<i64>> {
    match object.0 {
        None => Ok(None),
        Some(object) => match object.index()?.to_i64() {
            Some(offset) => Ok(Some(offset)),
            None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
        },
    }
}

/// `_Py_Dev_Converter`: -1 is no device.
struct Device(libc::dev_t);

impl FromArg<'_> for Device {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        let number = unsafe { Borrowed::<Object>::from_ptr(value) }.index()?;
        if number.to_i64() == Some(-1) {
            return Ok(Device(libc::dev_t::MAX));
        }
        if number.is_negative() {
            return Err(raise!(OverflowError, "can't convert negative int to unsigned"));
        }
        match number.to_u64() {
            Some(value) => Ok(Device(value)),
            None => Err(raise!(OverflowError, "int too big to convert")),
        }
    }
}

impl Device {
    /// Half of a device number.
    fn part(&self) -> PyResult<libc::c_uint> {
        match u32::try_from(self.0) {
            Ok(part) => Ok(part),
            Err(_) if self.0 == libc::dev_t::MAX => Ok(u32::MAX),
            Err(_) => Err(raise!(OverflowError, "Python int too large to convert to C unsigned int")),
        }
    }
}

/// An error number that a function answers, after signals as often as they come.
fn retry_status(mut call: impl FnMut() -> c_int) -> PyResult<()> {
    loop {
        match allow_threads(&mut call) {
            0 => return Ok(()),
            libc::EINTR => taipan_runtime::thread::check_interrupts()?,
            errno => return Err(exceptions::from_errno(errno, None)),
        }
    }
}

fn count_of(count: isize) -> PyResult<usize> {
    usize::try_from(count).map_err(|_| raise!(ValueError, "negative value for 'count' not allowed"))
}

/// The address of an offset, null without one.
fn address(offset: &mut Option<i64>) -> *mut i64 {
    offset.as_mut().map_or(core::ptr::null_mut(), |offset| &raw mut *offset)
}

#[pymethods(part = FUNCTIONS)]
impl Vectored {
    #[function(signature = "(fd, buffers, /)")]
    fn readv(fd: i32, buffers: Borrowed<'_, Object>) -> PyResult<i64> {
        let buffers = Buffers::new(buffers, "readv", PyBUF_WRITABLE)?;
        let (start, count) = (buffers.vectors.as_ptr(), buffers.vectors.len() as c_int);
        // SAFETY: exported memory.
        retry(|| unsafe { libc::readv(fd, start, count) } as i64)
    }

    #[function(signature = "(fd, buffers, /)")]
    fn writev(fd: i32, buffers: Borrowed<'_, Object>) -> PyResult<i64> {
        let buffers = Buffers::new(buffers, "writev", PyBUF_SIMPLE)?;
        let (start, count) = (buffers.vectors.as_ptr(), buffers.vectors.len() as c_int);
        // SAFETY: exported memory.
        retry(|| unsafe { libc::writev(fd, start, count) } as i64)
    }

    #[function(signature = "(fd, buffers, offset, flags=0, /)")]
    fn preadv(fd: i32, buffers: Borrowed<'_, Object>, offset: i64, flags: Option<i32>) -> PyResult<i64> {
        let buffers = Buffers::new(buffers, "preadv2", PyBUF_WRITABLE)?;
        let (start, count) = (buffers.vectors.as_ptr(), buffers.vectors.len() as c_int);
        // SAFETY: exported memory.
        retry(|| unsafe { libc::preadv2(fd, start, count, offset, flags.unwrap_or(0)) } as i64)
    }

    #[function(signature = "(fd, buffers, offset, flags=0, /)")]
    fn pwritev(fd: i32, buffers: Borrowed<'_, Object>, offset: i64, flags: Option<i32>) -> PyResult<i64> {
        let buffers = Buffers::new(buffers, "pwritev", PyBUF_SIMPLE)?;
        let (start, count) = (buffers.vectors.as_ptr(), buffers.vectors.len() as c_int);
        // SAFETY: exported memory.
        retry(|| unsafe { libc::pwritev2(fd, start, count, offset, flags.unwrap_or(0)) } as i64)
    }

    #[function(signature = "(src, dst, count, offset_src=None, offset_dst=None)")]
    fn copy_file_range(
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Nullable<Borrowed<'_, Object>>,
        offset_dst: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<i64> {
        let count = count_of(count)?;
        let (mut from, mut to) = (optional_offset(offset_src)?, optional_offset(offset_dst)?);
        let (from, to) = (address(&mut from), address(&mut to));
        // SAFETY: null or offsets.
        retry(|| unsafe { libc::copy_file_range(src, from, dst, to, count, 0) } as i64)
    }

    #[function(signature = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
    fn splice(
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Nullable<Borrowed<'_, Object>>,
        offset_dst: Nullable<Borrowed<'_, Object>>,
        flags: Option<u32>,
    ) -> PyResult<i64> {
        let count = count_of(count)?;
        let (mut from, mut to) = (optional_offset(offset_src)?, optional_offset(offset_dst)?);
        let (from, to) = (address(&mut from), address(&mut to));
        // SAFETY: null or offsets.
        retry(|| unsafe { libc::splice(src, from, dst, to, count, flags.unwrap_or(0)) } as i64)
    }

    #[function(signature = "(fd, offset, length, advice, /)")]
    fn posix_fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        retry_status(|| unsafe { libc::posix_fadvise(fd, offset, length, advice) })
    }

    #[function(signature = "(fd, offset, length, /)")]
    fn posix_fallocate(fd: i32, offset: i64, length: i64) -> PyResult<()> {
        // SAFETY: takes numbers.
        retry_status(|| unsafe { libc::posix_fallocate(fd, offset, length) })
    }

    #[function(signature = "(fd)")]
    fn fdatasync(fd: Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        retry(|| i64::from(unsafe { libc::fdatasync(fd.0) })).map(drop)
    }

    #[function(signature = "()")]
    fn sync() {
        // SAFETY: takes nothing.
        allow_threads(|| unsafe { libc::sync() });
    }

    #[function(signature = "(path)")]
    fn chroot(path: PathArg<'_>) -> PyResult<()> {
        let name = path.as_ptr();
        // SAFETY: a C string.
        check_path(allow_threads(|| unsafe { libc::chroot(name) }), &path).map(drop)
    }

    #[function(signature = "(path, mode=384, device=0, *, dir_fd=None)")]
    fn mknod(path: PathArg<'_>, mode: Option<i32>, device: Option<Device>, dir_fd: Option<DirFd>) -> PyResult<()> {
        let (name, directory) = (path.as_ptr(), directory(&dir_fd));
        let (mode, device) = (mode.unwrap_or(0o600) as libc::mode_t, device.map_or(0, |device| device.0));
        // SAFETY: a C string.
        check(allow_threads(|| unsafe { libc::mknodat(directory, name, mode, device) })).map(drop)
    }

    #[function(signature = "(device, /)")]
    fn major(device: Device) -> i64 {
        if device.0 == libc::dev_t::MAX { -1 } else { i64::from(libc::major(device.0)) }
    }

    #[function(signature = "(device, /)")]
    fn minor(device: Device) -> i64 {
        if device.0 == libc::dev_t::MAX { -1 } else { i64::from(libc::minor(device.0)) }
    }

    #[function(signature = "(major, minor, /)")]
    fn makedev(major: Device, minor: Device) -> PyResult<Ref<Int>> {
        match libc::makedev(major.part()?, minor.part()?) {
            libc::dev_t::MAX => Int::from_i64(-1),
            device => Int::from_u64(device),
        }
    }
}
