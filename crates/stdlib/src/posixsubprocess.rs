//! `_posixsubprocess`: a child process from prepared arguments, for `subprocess`. CPython: `Modules/_posixsubprocess.c`.
//!
//! **Invariant:** between the split and `exec` the child allocates nothing and takes no lock, unless a `preexec_fn` asks for
//! Python code. Without one, and without a change of user, the child borrows the parent's memory (`CLONE_VFORK`) and runs
//! on a stack of its own; all signals are blocked until its handlers are back to the default ones.

use core::mem::MaybeUninit;
use core::ptr;
use std::ffi::CString;

use crate::posix::fork;
use crate::system::{Gid, Uid};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::{codec, exceptions};

pub struct PosixSubprocess;

/// As many groups as `setgroups` takes here.
const MAX_GROUPS: usize = 65_536;

/// The stack of a child that shares the parent's memory.
const STACK: usize = 256 * 1024;

/// C strings and the vector of pointers to them, closed by null.
struct Vector {
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Vector {
    fn new(strings: Vec<CString>) -> PyResult<Vector> {
        let pointers = strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).gather()?;
        Ok(Vector { _strings: strings, pointers })
    }

    /// From a sequence of `bytes`.
    fn of_bytes(sequence: Borrowed<'_, Object>) -> PyResult<Vector> {
        let mut strings = Vec::new();
        for index in 0..sequence.len()? {
            let item = sequence.get_index(index as isize)?;
            let Some(bytes) = item.downcast::<Bytes>() else {
                return Err(raise!(TypeError, "expected bytes, {} found", item.type_name()));
            };
            strings.push(c_string(bytes.as_slice())?);
        }
        Vector::new(strings)
    }
}

fn c_string(bytes: &[u8]) -> PyResult<CString> {
    CString::new(bytes).map_err(|_| raise!(ValueError, "embedded null byte"))
}

/// `PyUnicode_FSConverter`.
fn path(object: Borrowed<'_, Object>) -> PyResult<CString> {
    let path = crate::posix::fspath(object)?;
    match path.downcast::<Str>() {
        Some(text) => c_string(codec::fs_encode(&text)?.as_slice()),
        None => c_string(BufferArg::new(path.borrow())?.as_slice()),
    }
}

/// What the child does, all of it prepared.
struct Plan<'a> {
    executables: Vector,
    argv: Option<Vector>,
    envp: Option<Vector>,
    cwd: Option<CString>,
    keep: Vec<c_int>,
    close_fds: bool,
    p2cread: c_int,
    p2cwrite: c_int,
    c2pread: c_int,
    c2pwrite: c_int,
    errread: c_int,
    errwrite: c_int,
    errpipe_read: c_int,
    errpipe_write: c_int,
    restore_signals: bool,
    call_setsid: bool,
    pgid_to_set: libc::pid_t,
    gid: libc::gid_t,
    groups: Option<Vec<libc::gid_t>>,
    uid: libc::uid_t,
    umask: c_int,
    preexec: Option<Borrowed<'a, Object>>,
    /// The signals that were blocked before the parent blocked all, for a child that shares its memory.
    signals: Option<libc::sigset_t>,
    last_signal: c_int,
}

/// Where a child failed.
enum Failure {
    /// A system call before the program was to be started.
    Early(i32),
    Directory(i32),
    Exec(i32),
    Preexec,
}

fn errno() -> i32 {
    exceptions::errno()
}

/// -1 as the early failure that it is.
fn early(result: c_int) -> Result<c_int, Failure> {
    if result == -1 { Err(Failure::Early(errno())) } else { Ok(result) }
}

fn set_inheritable(fd: c_int, inheritable: bool) -> Result<(), Failure> {
    // SAFETY: takes numbers.
    unsafe {
        let flags = early(libc::fcntl(fd, libc::F_GETFD))?;
        let new = if inheritable { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
        early(libc::fcntl(fd, libc::F_SETFD, new)).map(drop)
    }
}

/// Closes `first..=last`, `u32::MAX` for "up to the end".
fn close_range(first: u32, last: u32) {
    if first > last {
        return;
    }
    // SAFETY: takes numbers.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, last, 0) == 0 {
            return;
        }
        let limit = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 1 << 20) as u32;
        for fd in first..=last.min(limit) {
            libc::close(fd as c_int);
        }
    }
}

impl Plan<'_> {
    /// Everything up to `exec`; comes back only when something fails.
    fn run(&self) -> Failure {
        match self.prepare() {
            Err(failure) => failure,
            Ok(()) => self.exec(),
        }
    }

    fn prepare(&self) -> Result<(), Failure> {
        for &fd in &self.keep {
            // The pipe for errors closes when the program starts: so the parent learns of it.
            if fd != self.errpipe_write {
                // A descriptor that is closed already cannot be kept, which is no error.
                let _ = set_inheritable(fd, true);
            }
        }
        let mut c2pwrite = self.c2pwrite;
        let mut errwrite = self.errwrite;
        // SAFETY: takes numbers, and C strings that live as long as the plan.
        unsafe {
            for fd in [self.p2cwrite, self.c2pread, self.errread] {
                if fd != -1 {
                    early(libc::close(fd))?;
                }
            }
            early(libc::close(self.errpipe_read))?;
            // Low descriptors that are sources must not be overwritten before they are used.
            if c2pwrite == 0 {
                c2pwrite = early(libc::dup(c2pwrite))?;
                set_inheritable(c2pwrite, false)?;
            }
            while errwrite == 0 || errwrite == 1 {
                errwrite = early(libc::dup(errwrite))?;
                set_inheritable(errwrite, false)?;
            }
            for (from, to) in [(self.p2cread, 0), (c2pwrite, 1), (errwrite, 2)] {
                if from == to {
                    set_inheritable(from, true)?;
                } else if from != -1 {
                    early(libc::dup2(from, to))?;
                }
            }
            if let Some(cwd) = &self.cwd
                && libc::chdir(cwd.as_ptr()) == -1
            {
                return Err(Failure::Directory(errno()));
            }
            if self.umask >= 0 {
                libc::umask(self.umask as libc::mode_t);
            }
            if self.restore_signals {
                for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
                    libc::signal(signal, libc::SIG_DFL);
                }
            }
            if let Some(signals) = &self.signals {
                self.reset_handlers();
                let error = libc::pthread_sigmask(libc::SIG_SETMASK, signals, ptr::null_mut());
                if error != 0 {
                    return Err(Failure::Early(error));
                }
            }
            if self.call_setsid {
                early(libc::setsid())?;
            }
            if self.pgid_to_set >= 0 {
                early(libc::setpgid(0, self.pgid_to_set))?;
            }
            if let Some(groups) = &self.groups {
                early(libc::setgroups(groups.len(), groups.as_ptr()))?;
            }
            if self.gid != u32::MAX {
                early(libc::setregid(self.gid, self.gid))?;
            }
            if self.uid != u32::MAX {
                early(libc::setreuid(self.uid, self.uid))?;
            }
        }
        if let Some(function) = self.preexec
            && let Err(raised) = function.call0()
        {
            // The text would need memory and locks; the parent learns only that it happened.
            let _ = raised;
            return Err(Failure::Preexec);
        }
        if self.close_fds {
            let mut first = 3;
            for &fd in &self.keep {
                if fd >= first {
                    close_range(first as u32, fd as u32 - 1);
                    first = fd + 1;
                }
            }
            close_range(first as u32, u32::MAX);
        }
        Ok(())
    }

    /// Handlers of the parent would run in its memory.
    fn reset_handlers(&self) {
        for signal in 1..=self.last_signal {
            // SAFETY: fills and reads a struct; the kernel refuses numbers that are no signals.
            unsafe {
                let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
                if libc::sigaction(signal, ptr::null(), &raw mut action) == 0
                    && action.sa_sigaction != libc::SIG_DFL
                    && action.sa_sigaction != libc::SIG_IGN
                {
                    libc::signal(signal, libc::SIG_DFL);
                }
            }
        }
    }

    fn exec(&self) -> Failure {
        let nothing = [ptr::null()];
        let argv = self.argv.as_ref().map_or(nothing.as_ptr(), |argv| argv.pointers.as_ptr());
        // An executable that is elsewhere on the path matters less than one that cannot be run.
        let (mut first, mut last) = (0, 0);
        for &executable in self.executables.pointers.iter().take_while(|executable| !executable.is_null()) {
            // SAFETY: C strings and vectors closed by null.
            unsafe {
                match &self.envp {
                    Some(envp) => libc::execve(executable, argv, envp.pointers.as_ptr()),
                    None => libc::execv(executable, argv),
                };
            }
            last = errno();
            if first == 0 && last != libc::ENOENT && last != libc::ENOTDIR {
                first = last;
            }
        }
        Failure::Exec(if first != 0 { first } else { last })
    }

    /// Tells the parent, in the form that `subprocess` reads.
    fn report(&self, failure: Failure) {
        let write = |text: &[u8]| {
            // SAFETY: bytes of a live slice. The pipe takes so few at once, and nobody is left to tell of an error.
            while unsafe { libc::write(self.errpipe_write, text.as_ptr().cast(), text.len()) } < 0
                && errno() == libc::EINTR
            {}
        };
        let (number, place): (i32, &[u8]) = match failure {
            Failure::Preexec => return write(b"SubprocessError:0:Exception occurred in preexec_fn."),
            Failure::Early(number) => (number, b"noexec"),
            Failure::Directory(number) => (number, b"noexec:chdir"),
            Failure::Exec(number) => (number, b""),
        };
        write(b"OSError:");
        let mut digits = [0u8; 8];
        let mut start = digits.len();
        let mut rest = number as u32;
        while rest != 0 && start > 0 {
            start -= 1;
            digits[start] = b"0123456789abcdef"[(rest & 15) as usize];
            rest >>= 4;
        }
        write(&digits[start..]);
        write(b":");
        write(place);
    }

    fn run_and_exit(&self) -> ! {
        let failure = self.run();
        self.report(failure);
        // SAFETY: ends the child without running anything of the parent's.
        unsafe { libc::_exit(255) }
    }

    /// The child's process; the error number on failure.
    fn split(&self) -> Result<libc::pid_t, i32> {
        if self.signals.is_some()
            && let Some(pid) = self.split_sharing_memory()
        {
            return Ok(pid);
        }
        // SAFETY: the child does only what the plan says.
        match unsafe { libc::fork() } {
            0 => {
                if self.preexec.is_some() {
                    fork::after_in_child();
                }
                self.run_and_exit()
            }
            -1 => Err(errno()),
            pid => Ok(pid),
        }
    }

    /// As `vfork`, but on a stack of the child's own. `None` where the system refuses it.
    fn split_sharing_memory(&self) -> Option<libc::pid_t> {
        extern "C" fn child(plan: *mut c_void) -> c_int {
            // SAFETY: the parent waits inside `clone` while the plan is in use.
            unsafe { (*plan.cast::<Plan<'_>>()).run_and_exit() }
        }
        let mut stack: Vec<u128> = Vec::new();
        stack.try_reserve_exact(STACK / size_of::<u128>()).ok()?;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: the stack grows down from its end, and is there until the child has left it: the parent goes on only then.
        let pid = unsafe {
            let top = stack.as_mut_ptr().add(STACK / size_of::<u128>());
            libc::clone(child, top.cast(), flags, (&raw const *self).cast_mut().cast())
        };
        (pid > 0).then_some(pid)
    }
}

/// Descriptors in ascending order, none below zero.
fn descriptors(tuple: &Ref<Tuple>) -> Option<Vec<c_int>> {
    let mut fds: Vec<c_int> = Vec::new();
    for item in tuple.iter() {
        let fd = item.downcast::<Int>()?.to_i32()?;
        if fd < 0 || fds.last().is_some_and(|last| *last >= fd) {
            return None;
        }
        fds.push(fd);
    }
    Some(fds)
}

fn group_list(object: Borrowed<'_, Object>) -> PyResult<Vec<libc::gid_t>> {
    let Some(list) = object.downcast::<List>() else {
        return Err(raise!(TypeError, "setgroups argument must be a list"));
    };
    if list.len() > MAX_GROUPS {
        return Err(raise!(ValueError, "too many extra_groups"));
    }
    let mut groups = Vec::new();
    for item in list.try_to_vec()? {
        if !item.is_instance_of::<Int>() {
            return Err(raise!(TypeError, "extra_groups must be integers"));
        }
        match Gid::of(item.borrow()) {
            Ok(Gid(group)) => groups.push(group),
            Err(raised) => {
                raised.clear();
                return Err(raise!(ValueError, "invalid group id"));
            }
        }
    }
    Ok(groups)
}

#[pymodule(name = "_posixsubprocess")]
impl PosixSubprocess {
    #[function(
        signature = "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
    )]
    #[expect(clippy::too_many_arguments, reason = "what `subprocess` passes")]
    fn fork_exec(
        args: Borrowed<'_, Object>,
        executable_list: Borrowed<'_, Object>,
        close_fds: bool,
        pass_fds: Borrowed<'_, Tuple>,
        cwd: Borrowed<'_, Object>,
        env: Borrowed<'_, Object>,
        p2cread: i32,
        p2cwrite: i32,
        c2pread: i32,
        c2pwrite: i32,
        errread: i32,
        errwrite: i32,
        errpipe_read: i32,
        errpipe_write: i32,
        restore_signals: bool,
        call_setsid: bool,
        pgid_to_set: i32,
        gid: Borrowed<'_, Object>,
        extra_groups: Borrowed<'_, Object>,
        uid: Borrowed<'_, Object>,
        child_umask: i32,
        preexec_fn: Borrowed<'_, Object>,
    ) -> PyResult<i64> {
        if !preexec_fn.is_none() && thread::interpreter().is_finalizing() {
            return Err(raise!(PythonFinalizationError, "preexec_fn not supported at interpreter shutdown"));
        }
        if close_fds && errpipe_write < 3 {
            return Err(raise!(ValueError, "errpipe_write must be >= 3"));
        }
        let Some(keep) = descriptors(&pass_fds) else {
            return Err(raise!(ValueError, "bad value(s) in fds_to_keep"));
        };
        let executables = Vector::of_bytes(executable_list)?;
        let argv = if args.is_none() {
            None
        } else {
            let mut strings = Vec::new();
            let sequence = args.to_fast_sequence("argv must be a tuple")?;
            let count = sequence.len()?;
            for index in 0..count {
                if sequence.len()? != count {
                    return Err(raise!(RuntimeError, "args changed during iteration"));
                }
                strings.push(path(sequence.get_index(index as isize)?.borrow())?);
            }
            Some(Vector::new(strings)?)
        };
        let envp = if env.is_none() { None } else { Some(Vector::of_bytes(env)?) };
        let cwd = if cwd.is_none() { None } else { Some(path(cwd)?) };
        let groups = if extra_groups.is_none() { None } else { Some(group_list(extra_groups)?) };
        let gid = if gid.is_none() { u32::MAX } else { Gid::of(gid)?.0 };
        let uid = if uid.is_none() { u32::MAX } else { Uid::of(uid)?.0 };
        crate::system::audit("_posixsubprocess.fork_exec", || {
            Ok(vec![args.to_owned(), executable_list.to_owned(), env.to_owned()])
        })?;
        let preexec = (!preexec_fn.is_none()).then_some(preexec_fn);
        let mut plan = Plan {
            executables,
            argv,
            envp,
            cwd,
            keep,
            close_fds,
            p2cread,
            p2cwrite,
            c2pread,
            c2pwrite,
            errread,
            errwrite,
            errpipe_read,
            errpipe_write,
            restore_signals,
            call_setsid,
            pgid_to_set,
            gid,
            groups,
            uid,
            umask: child_umask,
            preexec,
            signals: None,
            last_signal: libc::SIGRTMAX(),
        };
        if preexec.is_some() {
            fork::before();
        } else if plan.uid == u32::MAX && plan.gid == u32::MAX && plan.groups.is_none() {
            // SAFETY: fills both sets.
            unsafe {
                let mut all = MaybeUninit::<libc::sigset_t>::uninit();
                let mut old = MaybeUninit::<libc::sigset_t>::uninit();
                libc::sigfillset(all.as_mut_ptr());
                if libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), old.as_mut_ptr()) == 0 {
                    plan.signals = Some(old.assume_init());
                }
            }
        }
        let result = plan.split();
        if let Some(signals) = &plan.signals {
            // SAFETY: the set as it was.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, signals, ptr::null_mut()) };
        }
        if preexec.is_some() {
            fork::after_in_parent()?;
            if result.is_ok() {
                fork::warn_about_threads("fork")?;
            }
        }
        match result {
            Ok(pid) => Ok(i64::from(pid)),
            Err(error) => Err(exceptions::from_errno(error, None)),
        }
    }
}
