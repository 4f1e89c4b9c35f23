//! `stat` and its kin.

use core::mem::MaybeUninit;
use std::cell::Cell;

use super::path::{DirFd, PathArg, PathOrFd, descriptor, directory};
use super::{check, check_path};
use crate::system::{Gid, Uid};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::allow_threads;
use taipan_runtime::types::{exceptions, struct_seq};

pub struct Stat;

struct Class(Cell<Option<Borrowed<'static, Type>>>);
// SAFETY: read and written under the GIL.
unsafe impl Sync for Class {}

static STAT_RESULT: Class = Class(Cell::new(None));
static STATVFS_RESULT: Class = Class(Cell::new(None));

const STAT_FIELDS: &[&str] = &[
    "st_mode",
    "st_ino",
    "st_dev",
    "st_nlink",
    "st_uid",
    "st_gid",
    "st_size",
    "",
    "",
    "",
    "st_atime",
    "st_mtime",
    "st_ctime",
    "st_atime_ns",
    "st_mtime_ns",
    "st_ctime_ns",
    "st_blksize",
    "st_blocks",
    "st_rdev",
];
const STATVFS_FIELDS: &[&str] = &[
    "f_bsize",
    "f_frsize",
    "f_blocks",
    "f_bfree",
    "f_bavail",
    "f_files",
    "f_ffree",
    "f_favail",
    "f_flag",
    "f_namemax",
    "f_fsid",
];

fn keep(class: &Class, made: Ref<Type>) -> Borrowed<'static, Type> {
    // SAFETY: the class lives for the rest of the process.
    let kept = unsafe { Borrowed::from_ptr(made.into_ptr()) };
    class.0.set(Some(kept));
    kept
}

pub(super) fn add_types(module: &Ref<Module>) -> PyResult<()> {
    let stat = keep(&STAT_RESULT, struct_seq::new_class("os.stat_result", STAT_FIELDS, 10)?);
    let statvfs = keep(&STATVFS_RESULT, struct_seq::new_class("os.statvfs_result", STATVFS_FIELDS, 10)?);
    module.add("stat_result", stat.as_object().clone())?;
    module.add("statvfs_result", statvfs.as_object().clone())
}

fn seconds(whole: i64, nanoseconds: i64) -> PyResult<(Ref<Object>, Ref<Object>)> {
    let float = Float::new(whole as f64 + nanoseconds as f64 * 1e-9)?;
    let exact = Int::from_i128(whole as i128 * 1_000_000_000 + nanoseconds as i128)?;
    Ok((float.into_object(), exact.into_object()))
}

/// A `stat_result`.
pub(super) fn result(stat: &libc::stat) -> PyResult<Ref<Object>> {
    let int = |value: i64| -> PyResult<Ref<Object>> { Ok(Int::from_i64(value)?.into_object()) };
    let unsigned = |value: u64| -> PyResult<Ref<Object>> { Ok(Int::from_u64(value)?.into_object()) };
    let (atime, atime_ns) = seconds(stat.st_atime, stat.st_atime_nsec)?;
    let (mtime, mtime_ns) = seconds(stat.st_mtime, stat.st_mtime_nsec)?;
    let (ctime, ctime_ns) = seconds(stat.st_ctime, stat.st_ctime_nsec)?;
    let values = vec![
        unsigned(stat.st_mode as u64)?,
        unsigned(stat.st_ino)?,
        unsigned(stat.st_dev)?,
        unsigned(stat.st_nlink)?,
        unsigned(stat.st_uid as u64)?,
        unsigned(stat.st_gid as u64)?,
        int(stat.st_size)?,
        int(stat.st_atime)?,
        int(stat.st_mtime)?,
        int(stat.st_ctime)?,
        atime,
        mtime,
        ctime,
        atime_ns,
        mtime_ns,
        ctime_ns,
        int(stat.st_blksize)?,
        int(stat.st_blocks)?,
        unsigned(stat.st_rdev)?,
    ];
    match STAT_RESULT.0.get() {
        Some(class) => struct_seq::instance(&class, values),
        None => Err(raise!(SystemError, "posix is not initialised")),
    }
}

/// Calls a function that fills a `stat` buffer, without the GIL.
pub(super) fn fill(call: impl FnOnce(*mut libc::stat) -> c_int) -> Result<libc::stat, ()> {
    let mut buffer = MaybeUninit::<libc::stat>::uninit();
    let address = buffer.as_mut_ptr();
    // SAFETY: the call fills the buffer when it answers 0.
    if allow_threads(|| call(address)) < 0 { Err(()) } else { Ok(unsafe { buffer.assume_init() }) }
}

fn stat_path(path: &PathArg<'_>, directory: c_int, follow: bool) -> PyResult<Ref<Object>> {
    let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    let name = path.as_ptr();
    // SAFETY: a C string and a buffer.
    match fill(|buffer| unsafe { libc::fstatat(directory, name, buffer, flags) }) {
        Ok(stat) => result(&stat),
        Err(()) => Err(exceptions::from_last_errno(Some(path.object()))),
    }
}

fn statvfs_result(
    call: impl FnOnce(*mut libc::statvfs) -> c_int,
    object: Borrowed<'_, Object>,
) -> PyResult<Ref<Object>> {
    let mut buffer = MaybeUninit::<libc::statvfs>::uninit();
    let address = buffer.as_mut_ptr();
    if allow_threads(|| call(address)) < 0 {
        return Err(exceptions::from_last_errno(Some(object)));
    }
    // SAFETY: filled by the call.
    let info = unsafe { buffer.assume_init() };
    let fields = [
        info.f_bsize,
        info.f_frsize,
        info.f_blocks,
        info.f_bfree,
        info.f_bavail,
        info.f_files,
        info.f_ffree,
        info.f_favail,
        info.f_flag,
        info.f_namemax,
        info.f_fsid,
    ];
    let mut values = Vec::new();
    for field in fields {
        values.push(Int::from_u64(field)?.into_object());
    }
    match STATVFS_RESULT.0.get() {
        Some(class) => struct_seq::instance(&class, values),
        None => Err(raise!(SystemError, "posix is not initialised")),
    }
}

#[pymethods(part = FUNCTIONS)]
impl Stat {
    #[function(signature = "(path, *, dir_fd=None, follow_symlinks=True)")]
    fn stat(path: PathOrFd<'_>, dir_fd: Option<DirFd>, follow_symlinks: bool) -> PyResult<Ref<Object>> {
        match &path {
            PathOrFd::Path(path) => stat_path(path, directory(&dir_fd), follow_symlinks),
            PathOrFd::Fd(fd, object) => {
                if directory(&dir_fd) != libc::AT_FDCWD {
                    return Err(raise!(ValueError, "stat: can't specify dir_fd without matching path"));
                }
                if !follow_symlinks {
                    return Err(raise!(ValueError, "stat: cannot use fd and follow_symlinks together"));
                }
                // SAFETY: a buffer.
                match fill(|buffer| unsafe { libc::fstat(*fd, buffer) }) {
                    Ok(stat) => result(&stat),
                    Err(()) => Err(exceptions::from_last_errno(Some(*object))),
                }
            }
        }
    }

    #[function(signature = "(path, *, dir_fd=None)")]
    fn lstat(path: PathArg<'_>, dir_fd: Option<DirFd>) -> PyResult<Ref<Object>> {
        stat_path(&path, directory(&dir_fd), false)
    }

    #[function(signature = "(fd)")]
    fn fstat(fd: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let fd = descriptor(fd)?;
        // SAFETY: a buffer.
        match fill(|buffer| unsafe { libc::fstat(fd, buffer) }) {
            Ok(stat) => result(&stat),
            Err(()) => Err(exceptions::from_last_errno(None)),
        }
    }

    #[function(signature = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
    fn access(path: PathArg<'_>, mode: i32, dir_fd: Option<DirFd>, effective_ids: bool, follow_symlinks: bool) -> bool {
        let mut flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        if effective_ids {
            flags |= libc::AT_EACCESS;
        }
        let (name, directory) = (path.as_ptr(), directory(&dir_fd));
        // SAFETY: a C string.
        allow_threads(|| unsafe { libc::faccessat(directory, name, mode, flags) }) == 0
    }

    #[function(signature = "(path)")]
    fn statvfs(path: PathOrFd<'_>) -> PyResult<Ref<Object>> {
        let object = path.object();
        match &path {
            PathOrFd::Path(path) => {
                let name = path.as_ptr();
                // SAFETY: a C string and a buffer.
                statvfs_result(|buffer| unsafe { libc::statvfs(name, buffer) }, object)
            }
            // SAFETY: a buffer.
            PathOrFd::Fd(fd, _) => statvfs_result(|buffer| unsafe { libc::fstatvfs(*fd, buffer) }, object),
        }
    }

    #[function(signature = "(fd, /)")]
    fn fstatvfs(fd: i32) -> PyResult<Ref<Object>> {
        // SAFETY: a buffer.
        statvfs_result(|buffer| unsafe { libc::fstatvfs(fd, buffer) }, none().borrow())
    }

    #[function(signature = "(path, mode, *, dir_fd=None, follow_symlinks=(os.name != 'nt'))")]
    fn chmod(path: PathOrFd<'_>, mode: i32, dir_fd: Option<DirFd>, follow_symlinks: Option<bool>) -> PyResult<()> {
        let follow_symlinks = follow_symlinks.unwrap_or(true);
        match &path {
            PathOrFd::Path(path) => {
                let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
                let (name, directory) = (path.as_ptr(), directory(&dir_fd));
                // SAFETY: a C string.
                let done = allow_threads(|| unsafe { libc::fchmodat(directory, name, mode as libc::mode_t, flags) });
                if done < 0 && !follow_symlinks && exceptions::errno() == libc::EOPNOTSUPP {
                    return Err(if directory != libc::AT_FDCWD {
                        raise!(ValueError, "chmod: cannot use dir_fd and follow_symlinks together")
                    } else {
                        raise!(NotImplementedError, "chmod: follow_symlinks unavailable on this platform")
                    });
                }
                check_path(done, path).map(drop)
            }
            PathOrFd::Fd(fd, _) => {
                // SAFETY: takes numbers.
                check(allow_threads(|| unsafe { libc::fchmod(*fd, mode as libc::mode_t) })).map(drop)
            }
        }
    }

    #[function(signature = "(fd, mode)")]
    fn fchmod(fd: i32, mode: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::fchmod(fd, mode as libc::mode_t) })).map(drop)
    }

    #[function(signature = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
    fn chown(path: PathOrFd<'_>, uid: Uid, gid: Gid, dir_fd: Option<DirFd>, follow_symlinks: bool) -> PyResult<()> {
        match &path {
            PathOrFd::Path(path) => {
                let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
                // SAFETY: a C string.
                let done = unsafe { libc::fchownat(directory(&dir_fd), path.as_ptr(), uid.0, gid.0, flags) };
                check_path(done, path).map(drop)
            }
            // SAFETY: takes numbers.
            PathOrFd::Fd(fd, _) => check(unsafe { libc::fchown(*fd, uid.0, gid.0) }).map(drop),
        }
    }

    #[function(signature = "(fd, uid, gid)")]
    fn fchown(fd: i32, uid: Uid, gid: Gid) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(allow_threads(|| unsafe { libc::fchown(fd, uid.0, gid.0) })).map(drop)
    }

    #[function(signature = "(path, uid, gid)")]
    fn lchown(path: PathArg<'_>, uid: Uid, gid: Gid) -> PyResult<()> {
        let name = path.as_ptr();
        // SAFETY: a C string.
        check_path(allow_threads(|| unsafe { libc::lchown(name, uid.0, gid.0) }), &path).map(drop)
    }

    /// Times are `times=(atime, mtime)` in seconds or `ns=(atime, mtime)`; now, without either.
    #[function(signature = "(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)")]
    fn utime(
        path: PathOrFd<'_>,
        times: Nullable<Borrowed<'_, Object>>,
        ns: Option<Borrowed<'_, Object>>,
        dir_fd: Option<DirFd>,
        follow_symlinks: bool,
    ) -> PyResult<()> {
        if times.0.is_some() && ns.is_some() {
            return Err(raise!(ValueError, "utime: you may specify either 'times' or 'ns' but not both"));
        }
        let specs = match (times.0, ns) {
            (None, None) => None,
            (Some(times), _) => Some(pair(times, "times", &|value| seconds_spec(value))?),
            (_, Some(ns)) => Some(pair(ns, "ns", &|value| nanoseconds_spec(value))?),
        };
        let address = specs.as_ref().map_or(core::ptr::null(), |specs| specs.as_ptr());
        match &path {
            PathOrFd::Path(path) => {
                let flags = if follow_symlinks { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
                // SAFETY: a C string, and null or two times.
                let done = unsafe { libc::utimensat(directory(&dir_fd), path.as_ptr(), address, flags) };
                check_path(done, path).map(drop)
            }
            PathOrFd::Fd(..) if directory(&dir_fd) != libc::AT_FDCWD => {
                Err(raise!(ValueError, "utime: can't specify dir_fd without matching path"))
            }
            PathOrFd::Fd(..) if !follow_symlinks => {
                Err(raise!(ValueError, "utime: cannot use fd and follow_symlinks together"))
            }
            // SAFETY: null or two times.
            PathOrFd::Fd(fd, _) => check(unsafe { libc::futimens(*fd, address) }).map(drop),
        }
    }
}

fn pair(
    value: Borrowed<'_, Object>,
    name: &str,
    convert: &dyn Fn(Borrowed<'_, Object>) -> PyResult<libc::timespec>,
) -> PyResult<[libc::timespec; 2]> {
    match value.downcast::<Tuple>() {
        Some(tuple) if tuple.len() == 2 => Ok([convert(tuple.get(0))?, convert(tuple.get(1))?]),
        _ if name == "times" => Err(raise!(TypeError, "utime: 'times' must be either a tuple of two ints or None")),
        _ => Err(raise!(TypeError, "utime: 'ns' must be a tuple of two ints")),
    }
}

fn seconds_spec(value: Borrowed<'_, Object>) -> PyResult<libc::timespec> {
    if let Some(float) = value.downcast::<Float>() {
        let whole = float.value().floor();
        let nanoseconds = ((float.value() - whole) * 1e9).floor();
        return Ok(libc::timespec { tv_sec: whole as i64, tv_nsec: nanoseconds as i64 });
    }
    if !value.has_index() {
        return Err(raise!(TypeError, "argument must be int or float, not {}", value.type_name()));
    }
    match value.index()?.to_i64() {
        Some(tv_sec) => Ok(libc::timespec { tv_sec, tv_nsec: 0 }),
        None => Err(raise!(OverflowError, "timestamp out of range for platform time_t")),
    }
}

fn nanoseconds_spec(value: Borrowed<'_, Object>) -> PyResult<libc::timespec> {
    let Some(total) = value.index()?.to_i128() else {
        return Err(raise!(OverflowError, "timestamp out of range for platform time_t"));
    };
    Ok(libc::timespec {
        tv_sec: total.div_euclid(1_000_000_000) as i64,
        tv_nsec: total.rem_euclid(1_000_000_000) as i64,
    })
}
