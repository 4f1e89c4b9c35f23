//! Processes: identity, forking, waiting, executing.

use std::cell::Cell;
use std::ffi::CString;

use super::path::{FsName, PathArg, PathOrFd};
use super::{check, check_path, last_error};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::{codec, struct_seq};

pub struct Process;

struct Class(Cell<Option<Borrowed<'static, Type>>>);
// SAFETY: read and written under the GIL.
unsafe impl Sync for Class {}

static UNAME_RESULT: Class = Class(Cell::new(None));
static TIMES_RESULT: Class = Class(Cell::new(None));
static WAITID_RESULT: Class = Class(Cell::new(None));

pub(super) fn add_types(module: &Ref<Module>) -> PyResult<()> {
    let table: [(&Class, &str, &[&str]); 3] = [
        (&UNAME_RESULT, "uname_result", &["sysname", "nodename", "release", "version", "machine"]),
        (&TIMES_RESULT, "times_result", &["user", "system", "children_user", "children_system", "elapsed"]),
        (&WAITID_RESULT, "waitid_result", &["si_pid", "si_uid", "si_signo", "si_status", "si_code"]),
    ];
    for (cell, name, fields) in table {
        let qualified = format!("posix.{name}");
        let class = struct_seq::new_class(&qualified, fields, fields.len())?;
        module.add(name, class.clone().into_object())?;
        // SAFETY: the class lives for the rest of the process.
        cell.0.set(Some(unsafe { Borrowed::from_ptr(class.into_ptr()) }));
    }
    Ok(())
}

fn record(class: &Class, values: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    match class.0.get() {
        Some(class) => struct_seq::instance(&class, values),
        None => Err(raise!(SystemError, "posix is not initialised")),
    }
}

/// A `waitid_result`.
pub(super) fn waitid_result(fields: [i64; 5]) -> PyResult<Ref<Object>> {
    let mut values = Vec::new();
    for field in fields {
        values.push(int(field)?);
    }
    record(&WAITID_RESULT, values)
}

fn int(value: i64) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(value)?.into_object())
}

fn pair(first: i64, second: i64) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(vec![int(first)?, int(second)?])
}

/// The parts joined; empty when a part has a null byte, which names of files never have.
fn c_string(parts: &[&[u8]]) -> PyResult<CString> {
    let mut joined: Vec<u8> = vec_with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1)?;
    parts.iter().for_each(|part| joined.extend_from_slice(part));
    Ok(CString::new(joined).unwrap_or_default())
}

/// A list or tuple of arguments as C strings and the vector of pointers, closed by null.
pub fn string_vector(values: Borrowed<'_, Object>, what: &str) -> PyResult<(Vec<CString>, Vec<*const c_char>)> {
    if !values.is_instance_of::<List>() && !values.is_instance_of::<Tuple>() {
        return Err(raise!(TypeError, "{what} must be a tuple or list"));
    }
    let mut strings = Vec::new();
    for value in values.collect_items()? {
        let path = FsName::new(value.borrow())?;
        strings.try_push(c_string(&[path.as_bytes()])?)?;
    }
    match strings.first() {
        None => return Err(raise!(ValueError, "{what} must not be empty")),
        Some(first) if first.is_empty() => return Err(raise!(ValueError, "{what} first element cannot be empty")),
        Some(_) => {}
    }
    let pointers = strings.iter().map(|string| string.as_ptr()).chain([core::ptr::null()]).gather()?;
    Ok((strings, pointers))
}

/// A mapping of the environment as `NAME=value` strings.
pub fn environment_vector(env: Borrowed<'_, Object>) -> PyResult<(Vec<CString>, Vec<*const c_char>)> {
    // Names first, then values, as `PyMapping_Keys` and `PyMapping_Values` take them; the lists are ours.
    let names = env.call_method(id!("keys"), &[])?.collect_items()?;
    let values = env.call_method(id!("values"), &[])?.collect_items()?;
    if names.len() != values.len() {
        return Err(raise!(RuntimeError, "environment changed size during iteration"));
    }
    let mut strings = Vec::new();
    for (name, value) in names.into_iter().zip(values) {
        let name = FsName::new(name.borrow())?;
        let value = FsName::new(value.borrow())?;
        if name.as_bytes().is_empty() || name.as_bytes().contains(&b'=') {
            return Err(raise!(ValueError, "illegal environment variable name"));
        }
        strings.try_push(c_string(&[name.as_bytes(), b"=", value.as_bytes()])?)?;
    }
    let pointers = strings.iter().map(|string| string.as_ptr()).chain([core::ptr::null()]).gather()?;
    Ok((strings, pointers))
}

#[pymethods(part = FUNCTIONS)]
impl Process {
    #[function(signature = "()")]
    fn getpid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getpid() as i64 }
    }

    #[function(signature = "()")]
    fn getppid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getppid() as i64 }
    }

    #[function(signature = "()")]
    fn getuid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getuid() as i64 }
    }

    #[function(signature = "()")]
    fn geteuid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::geteuid() as i64 }
    }

    #[function(signature = "()")]
    fn getgid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getgid() as i64 }
    }

    #[function(signature = "()")]
    fn getegid() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getegid() as i64 }
    }

    #[function(signature = "()")]
    fn getpgrp() -> i64 {
        // SAFETY: asks for a number.
        unsafe { libc::getpgrp() as i64 }
    }

    #[function(signature = "(status)")]
    fn _exit(status: i32) {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(status) }
    }

    #[function(signature = "()")]
    fn abort() {
        std::process::abort()
    }

    #[function(signature = "()")]
    fn fork() -> PyResult<i64> {
        super::fork::fork_interpreter().map(i64::from)
    }

    #[function(
        signature = "(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)"
    )]
    fn register_at_fork(
        before: Option<Borrowed<'_, Object>>,
        after_in_child: Option<Borrowed<'_, Object>>,
        after_in_parent: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let interpreter = thread::interpreter();
        let rows = [
            (before, &interpreter.before_forkers, "before"),
            (after_in_child, &interpreter.after_forkers_child, "after_in_child"),
            (after_in_parent, &interpreter.after_forkers_parent, "after_in_parent"),
        ];
        if rows.iter().all(|(function, ..)| function.is_none()) {
            return Err(raise!(TypeError, "At least one argument is required."));
        }
        for (function, slot, name) in rows {
            let Some(function) = function else { continue };
            if !function.is_callable() {
                return Err(raise!(TypeError, "'{name}' must be callable, not {}", function.type_name()));
            }
            let list = match slot.get().and_then(|list| list.into_downcast::<List>().ok()) {
                Some(list) => list,
                None => {
                    let list = List::new()?;
                    slot.set(Some(list.clone().into_object()));
                    list
                }
            };
            list.push(function.to_owned())?;
        }
        Ok(())
    }

    #[function(signature = "(path, argv, /)")]
    fn execv(path: PathArg<'_>, argv: Borrowed<'_, Object>) -> PyResult<()> {
        let (_strings, pointers) = string_vector(argv, "execv() arg 2")?;
        // SAFETY: C strings and a vector closed by null.
        check_path(unsafe { libc::execv(path.as_ptr(), pointers.as_ptr()) }, &path).map(drop)
    }

    #[function(signature = "(path, argv, env)")]
    fn execve(path: PathOrFd<'_>, argv: Borrowed<'_, Object>, env: Borrowed<'_, Object>) -> PyResult<()> {
        let (_strings, pointers) = string_vector(argv, "execve: argv")?;
        if !env.is_mapping() {
            return Err(raise!(TypeError, "execve: environment must be a mapping object"));
        }
        let (_variables, environment) = environment_vector(env)?;
        // SAFETY: as above.
        unsafe {
            match &path {
                PathOrFd::Path(path) => {
                    check_path(libc::execve(path.as_ptr(), pointers.as_ptr(), environment.as_ptr()), path).map(drop)
                }
                PathOrFd::Fd(fd, _) => check(libc::fexecve(*fd, pointers.as_ptr(), environment.as_ptr())).map(drop),
            }
        }
    }

    #[function(signature = "(pid, options, /)")]
    fn waitpid(pid: i32, options: i32) -> PyResult<Ref<Tuple>> {
        let mut status = 0;
        loop {
            let address = &raw mut status;
            // SAFETY: room for a number.
            let result = allow_threads(|| unsafe { libc::waitpid(pid, address, options) });
            if result < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
                thread::check_interrupts()?;
                continue;
            }
            return pair(check(result)? as i64, status as i64);
        }
    }

    #[function(signature = "()")]
    fn wait() -> PyResult<Ref<Tuple>> {
        Process::waitpid(-1, 0)
    }

    #[function(signature = "(status)")]
    fn waitstatus_to_exitcode(status: i32) -> PyResult<i32> {
        if libc::WIFEXITED(status) {
            return Ok(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(-libc::WTERMSIG(status));
        }
        if libc::WIFSTOPPED(status) {
            return Err(raise!(ValueError, "process stopped by delivery of signal {}", libc::WSTOPSIG(status)));
        }
        Err(raise!(ValueError, "invalid wait status: {status}"))
    }

    #[function(name = "WIFEXITED", signature = "(status)")]
    fn wifexited(status: i32) -> bool {
        libc::WIFEXITED(status)
    }

    #[function(name = "WEXITSTATUS", signature = "(status)")]
    fn wexitstatus(status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }

    #[function(name = "WIFSIGNALED", signature = "(status)")]
    fn wifsignaled(status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }

    #[function(name = "WTERMSIG", signature = "(status)")]
    fn wtermsig(status: i32) -> i32 {
        libc::WTERMSIG(status)
    }

    #[function(name = "WIFSTOPPED", signature = "(status)")]
    fn wifstopped(status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }

    #[function(name = "WSTOPSIG", signature = "(status)")]
    fn wstopsig(status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }

    #[function(name = "WIFCONTINUED", signature = "(status)")]
    fn wifcontinued(status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }

    #[function(name = "WCOREDUMP", signature = "(status, /)")]
    fn wcoredump(status: i32) -> bool {
        libc::WCOREDUMP(status)
    }

    #[function(signature = "(pid, signal, /)")]
    fn kill(pid: i32, signal: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::kill(pid, signal) })?;
        thread::check_interrupts()
    }

    #[function(signature = "(pgid, signal, /)")]
    fn killpg(pgid: i32, signal: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::killpg(pgid, signal) })?;
        thread::check_interrupts()
    }

    #[function(signature = "(pid)")]
    fn getpgid(pid: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::getpgid(pid) })
    }

    #[function(signature = "(pid, pgrp, /)")]
    fn setpgid(pid: i32, pgrp: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setpgid(pid, pgrp) }).map(drop)
    }

    #[function(signature = "()")]
    fn setsid() -> PyResult<()> {
        // SAFETY: takes nothing.
        check(unsafe { libc::setsid() }).map(drop)
    }

    #[function(signature = "(pid, /)")]
    fn getsid(pid: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::getsid(pid) })
    }

    #[function(signature = "()")]
    fn getgroups() -> PyResult<Ref<List>> {
        let mut groups = core::iter::repeat_n(0 as libc::gid_t, 65_536).gather()?;
        // SAFETY: room for that many.
        let count = check(unsafe { libc::getgroups(groups.len() as c_int, groups.as_mut_ptr()) })?;
        let mut list = Vec::new();
        for group in &groups[..count as usize] {
            list.try_push(int(*group as i64)?)?;
        }
        List::from_vec(list)
    }

    #[function(signature = "()")]
    fn getlogin() -> PyResult<Ref<Str>> {
        // SAFETY: null or a string.
        unsafe {
            let name = libc::getlogin();
            if name.is_null() { Err(last_error()) } else { codec::fs_decode(CStr::from_ptr(name).to_bytes()) }
        }
    }

    #[function(signature = "()")]
    fn uname() -> PyResult<Ref<Object>> {
        // SAFETY: filled by the call.
        let info = unsafe {
            let mut info: libc::utsname = core::mem::zeroed();
            check(libc::uname(&raw mut info))?;
            info
        };
        let mut values = Vec::new();
        for field in [&info.sysname, &info.nodename, &info.release, &info.version, &info.machine] {
            // SAFETY: the fields are closed by NUL.
            let text = unsafe { CStr::from_ptr(field.as_ptr()) };
            values.push(codec::fs_decode(text.to_bytes())?.into_object());
        }
        record(&UNAME_RESULT, values)
    }

    #[function(signature = "()")]
    fn times() -> PyResult<Ref<Object>> {
        // SAFETY: filled by the call.
        let (info, elapsed, ticks) = unsafe {
            let mut info: libc::tms = core::mem::zeroed();
            let elapsed = libc::times(&raw mut info);
            (info, elapsed, libc::sysconf(libc::_SC_CLK_TCK) as f64)
        };
        let mut values = Vec::new();
        for clocks in [info.tms_utime, info.tms_stime, info.tms_cutime, info.tms_cstime, elapsed] {
            values.push(Float::new(clocks as f64 / ticks)?.into_object());
        }
        record(&TIMES_RESULT, values)
    }

    #[function(signature = "()")]
    fn cpu_count() -> PyResult<Ref<Object>> {
        let wanted = thread::config().cpu_count;
        if wanted > 0 {
            return int(i64::from(wanted));
        }
        // SAFETY: takes a number.
        let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        if count < 1 { Ok(none()) } else { int(count) }
    }

    #[function(signature = "(pid, /)")]
    fn sched_getaffinity(pid: i32) -> PyResult<Ref<Set>> {
        // SAFETY: filled by the call.
        unsafe {
            let mut cpus: libc::cpu_set_t = core::mem::zeroed();
            check(libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), &raw mut cpus))?;
            let set = Set::new()?;
            for cpu in 0..libc::CPU_SETSIZE as usize {
                if libc::CPU_ISSET(cpu, &cpus) {
                    set.add(Int::from_usize(cpu)?.borrow())?;
                }
            }
            Ok(set)
        }
    }

    #[function(signature = "()")]
    fn sched_yield() {
        // SAFETY: takes nothing.
        allow_threads(|| unsafe { libc::sched_yield() });
    }

    #[function(signature = "()")]
    fn getloadavg() -> PyResult<Ref<Tuple>> {
        let mut loads = [0f64; 3];
        // SAFETY: room for three.
        if unsafe { libc::getloadavg(loads.as_mut_ptr(), 3) } != 3 {
            return Err(raise!(OSError, "Load averages are unobtainable"));
        }
        let mut values = Vec::new();
        for load in loads {
            values.push(Float::new(load)?.into_object());
        }
        Tuple::from_vec(values)
    }

    #[function(signature = "(which, who)")]
    fn getpriority(which: i32, who: i32) -> PyResult<c_int> {
        // SAFETY: takes numbers.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::getpriority(which as _, who as libc::id_t);
            if *libc::__errno_location() != 0 { Err(last_error()) } else { Ok(value) }
        }
    }

    #[function(signature = "(increment, /)")]
    fn nice(increment: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::nice(increment);
            if value == -1 && *libc::__errno_location() != 0 { Err(last_error()) } else { Ok(value) }
        }
    }

    #[function(signature = "(command)")]
    fn system(command: FsName) -> i64 {
        let name = command.as_ptr();
        // SAFETY: a C string.
        allow_threads(|| unsafe { libc::system(name) }) as i64
    }

    #[function(name = "_path_normpath", signature = "(path)")]
    fn path_normpath(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let path = super::path::fspath_for(path, "_path_normpath", "path", "string, bytes or os.PathLike")?;
        if let Some(bytes) = path.downcast::<Bytes>() {
            return Ok(Bytes::from_slice(&normalize(bytes.as_slice())?)?.into_object());
        }
        // SAFETY: `fspath` gives `str` or `bytes`.
        let text: &Ref<Str> = unsafe { path.cast_unchecked() };
        let bytes = codec::encode_to_bytes(text, "utf-8", "surrogatepass")?;
        Ok(codec::decode_bytes(&normalize(bytes.as_slice())?, "utf-8", "surrogatepass")?.into_object())
    }

    #[function(name = "_path_splitroot_ex", signature = "(p)")]
    fn path_splitroot_ex(p: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let path = super::path::fspath_for(p, "_path_splitroot_ex", "path", "string, bytes or os.PathLike")?;
        let is_bytes = path.is_instance_of::<Bytes>();
        let buffer;
        let bytes = if is_bytes {
            BufferArg::new(path.borrow())?.as_slice().try_to_vec()?
        } else {
            // SAFETY: `fspath` gives `str` or `bytes`.
            let text: &Ref<Str> = unsafe { path.cast_unchecked() };
            buffer = codec::encode_to_bytes(text, "utf-8", "surrogatepass")?;
            buffer.as_slice().try_to_vec()?
        };
        let root = match bytes.iter().take_while(|byte| **byte == b'/').count() {
            0 => 0,
            2 => 2,
            _ => 1,
        };
        let object = |part: &[u8]| -> PyResult<Ref<Object>> {
            if is_bytes {
                return Ok(Bytes::from_slice(part)?.into_object());
            }
            Ok(codec::decode_bytes(part, "utf-8", "surrogatepass")?.into_object())
        };
        Tuple::from_vec(vec![object(b"")?, object(&bytes[..root])?, object(&bytes[root..])?])
    }
}

/// `os.path.normpath` of POSIX.
fn normalize(path: &[u8]) -> PyResult<Vec<u8>> {
    let root: &[u8] = match path.iter().take_while(|byte| **byte == b'/').count() {
        0 => b"",
        2 => b"//",
        _ => b"/",
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if !root.is_empty() => {}
            part => parts.try_push(part)?,
        }
    }
    let mut result = vec_with_capacity(path.len() + 1)?;
    result.extend_from_slice(root);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            result.push(b'/');
        }
        result.extend_from_slice(part);
    }
    if result.is_empty() {
        result.push(b'.');
    }
    Ok(result)
}
