//! `posix`: the system calls behind `os`. CPython: `Modules/posixmodule.c`.

mod dir;
mod env;
mod event;
mod file;
pub mod fork;
mod path;
mod process;
mod sched;
mod spawn;
mod stat;
mod terminal;
mod user;
mod vector;
mod xattr;

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

pub use path::{FsName, PathArg, PathOrFd, fspath};

/// OSError for the thread's `errno`.
#[cold]
pub fn last_error() -> Raised {
    exceptions::from_last_errno(None)
}

/// The result of a system call that answers -1 for an error.
pub fn check(result: c_int) -> PyResult<c_int> {
    if result < 0 { Err(last_error()) } else { Ok(result) }
}

/// As [`check`], with the path in the exception.
pub fn check_path(result: c_int, path: &PathArg<'_>) -> PyResult<c_int> {
    if result < 0 { Err(exceptions::from_last_errno(Some(path.object()))) } else { Ok(result) }
}

/// As [`check`], with both paths in the exception.
pub fn check_paths(result: c_int, first: &PathArg<'_>, second: &PathArg<'_>) -> PyResult<()> {
    if result < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let class = exceptions::OSError::TYPE;
        return Err(exceptions::from_errno_objects(class, errno, Some(first.object()), Some(second.object())));
    }
    Ok(())
}

pub struct Posix;

macro_rules! constants {
    ($module:ident: $($name:ident)*) => { $($module.add(stringify!($name), Int::from_i64(libc::$name as i64)?)?;)* };
}

#[pymodule(name = "posix", extend = [
    dir::Dir::FUNCTIONS, env::Env::FUNCTIONS, file::File::FUNCTIONS, process::Process::FUNCTIONS, stat::Stat::FUNCTIONS,
    terminal::Terminal::FUNCTIONS, event::Event::FUNCTIONS, sched::Sched::FUNCTIONS, spawn::Spawn::FUNCTIONS, spawn::Spawn::SPAWN,
    user::User::FUNCTIONS, vector::Vectored::FUNCTIONS, xattr::Xattr::FUNCTIONS,
])]
impl Posix {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        constants! { module:
            F_OK R_OK W_OK X_OK O_RDONLY O_WRONLY O_RDWR O_NDELAY O_NONBLOCK O_APPEND O_DSYNC O_RSYNC O_SYNC O_NOCTTY O_CREAT
            O_EXCL O_TRUNC O_CLOEXEC O_ACCMODE O_LARGEFILE O_PATH O_TMPFILE O_DIRECTORY O_NOFOLLOW O_NOATIME O_ASYNC O_DIRECT
            O_FSYNC SEEK_DATA SEEK_HOLE WNOHANG WCONTINUED WUNTRACED WEXITED WNOWAIT WSTOPPED P_PID P_PGID P_ALL P_PIDFD
            CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED
            PRIO_PROCESS PRIO_PGRP PRIO_USER F_LOCK F_TLOCK F_ULOCK F_TEST
            POSIX_FADV_NORMAL POSIX_FADV_SEQUENTIAL POSIX_FADV_RANDOM POSIX_FADV_NOREUSE POSIX_FADV_WILLNEED
            POSIX_FADV_DONTNEED SCHED_OTHER SCHED_BATCH SCHED_IDLE SCHED_FIFO SCHED_RR SCHED_RESET_ON_FORK
            RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL RTLD_NODELETE RTLD_NOLOAD RTLD_DEEPBIND GRND_RANDOM GRND_NONBLOCK
            ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_MANDLOCK ST_NOATIME ST_NODIRATIME ST_RELATIME
        }
        // The statuses of `sysexits.h`.
        let statuses = [
            "EX_USAGE",
            "EX_DATAERR",
            "EX_NOINPUT",
            "EX_NOUSER",
            "EX_NOHOST",
            "EX_UNAVAILABLE",
            "EX_SOFTWARE",
            "EX_OSERR",
            "EX_OSFILE",
            "EX_CANTCREAT",
            "EX_IOERR",
            "EX_TEMPFAIL",
            "EX_PROTOCOL",
            "EX_NOPERM",
            "EX_CONFIG",
        ];
        for (offset, name) in statuses.into_iter().enumerate() {
            module.add(name, Int::from_usize(64 + offset)?)?;
        }
        for (name, value) in [("EX_OK", 0), ("TMP_MAX", 238_328), ("NGROUPS_MAX", 65_536), ("SCHED_NORMAL", 0)] {
            module.add(name, Int::from_i64(value)?)?;
        }
        stat::add_types(module)?;
        process::add_types(module)?;
        terminal::add_types(module)?;
        dir::add_types(module)?;
        sched::add_types(module)?;
        crate::system::add_constants(module, MORE)?;
        module.add("environ", env::environ()?)?;
        module.add("error", exceptions::OSError::type_object().as_object().clone())?;
        let mut functions = Vec::new();
        for name in HAVE_FUNCTIONS {
            functions.push(Str::from_utf8_str(name)?.into_object());
        }
        module.add("_have_functions", List::from_vec(functions)?)?;
        for (table, rows) in
            [("pathconf_names", env::PATHCONF), ("confstr_names", env::CONFSTR), ("sysconf_names", env::SYSCONF)]
        {
            let names = Dict::new()?;
            for (name, value) in rows {
                names.set_item(Str::from_utf8_str(name)?.borrow(), Int::from_i64(*value as i64)?.as_borrowed())?;
            }
            module.add(table, names)?;
        }
        Ok(())
    }
}

/// What `os` asks to see which functions take descriptors and directories.
const HAVE_FUNCTIONS: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

/// Constants that are not the C library's, or have names of their own.
#[rustfmt::skip]
const MORE: &[(&str, i64)] = &[
    ("CLONE_FILES", 1024),
    ("CLONE_FS", 512),
    ("CLONE_NEWCGROUP", 33554432),
    ("CLONE_NEWIPC", 134217728),
    ("CLONE_NEWNET", 1073741824),
    ("CLONE_NEWNS", 131072),
    ("CLONE_NEWPID", 536870912),
    ("CLONE_NEWTIME", 128),
    ("CLONE_NEWUSER", 268435456),
    ("CLONE_NEWUTS", 67108864),
    ("CLONE_SIGHAND", 2048),
    ("CLONE_SYSVSEM", 262144),
    ("CLONE_THREAD", 65536),
    ("CLONE_VM", 256),
    ("EFD_CLOEXEC", 524288),
    ("EFD_NONBLOCK", 2048),
    ("EFD_SEMAPHORE", 1),
    ("MFD_ALLOW_SEALING", 2),
    ("MFD_CLOEXEC", 1),
    ("MFD_HUGETLB", 4),
    ("MFD_HUGE_16GB", 2281701376),
    ("MFD_HUGE_16MB", 1610612736),
    ("MFD_HUGE_1GB", 2013265920),
    ("MFD_HUGE_1MB", 1342177280),
    ("MFD_HUGE_256MB", 1879048192),
    ("MFD_HUGE_2GB", 2080374784),
    ("MFD_HUGE_2MB", 1409286144),
    ("MFD_HUGE_32MB", 1677721600),
    ("MFD_HUGE_512KB", 1275068416),
    ("MFD_HUGE_512MB", 1946157056),
    ("MFD_HUGE_64KB", 1073741824),
    ("MFD_HUGE_8MB", 1543503872),
    ("MFD_HUGE_MASK", 63),
    ("MFD_HUGE_SHIFT", 26),
    ("PIDFD_NONBLOCK", 2048),
    ("POSIX_SPAWN_CLOSE", 1),
    ("POSIX_SPAWN_CLOSEFROM", 3),
    ("POSIX_SPAWN_DUP2", 2),
    ("POSIX_SPAWN_OPEN", 0),
    ("RWF_APPEND", 16),
    ("RWF_DSYNC", 2),
    ("RWF_HIPRI", 1),
    ("RWF_NOWAIT", 8),
    ("RWF_SYNC", 4),
    ("SCHED_DEADLINE", 6),
    ("SPLICE_F_MORE", 4),
    ("SPLICE_F_MOVE", 1),
    ("SPLICE_F_NONBLOCK", 2),
    ("ST_APPEND", 256),
    ("ST_WRITE", 128),
    ("TFD_CLOEXEC", 524288),
    ("TFD_NONBLOCK", 2048),
    ("TFD_TIMER_ABSTIME", 1),
    ("TFD_TIMER_CANCEL_ON_SET", 2),
    ("XATTR_CREATE", 1),
    ("XATTR_REPLACE", 2),
    ("XATTR_SIZE_MAX", 65536),
];
