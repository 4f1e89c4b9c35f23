//! `posix_spawn`, pseudo terminals with a process, and waiting for processes with what they used.

use core::mem::MaybeUninit;
use core::ptr;

use super::path::PathArg;
use super::{check, fork, process, sched};
use crate::system::{Fd, c_int_of, int_tuple, retry};
use taipan_runtime::modules::_signal::signal_set;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

unsafe extern "C" {
    fn posix_spawn_file_actions_addclosefrom_np(actions: *mut libc::posix_spawn_file_actions_t, from: c_int) -> c_int;
    static environ: *const *mut c_char;
}

pub struct Spawn;

/// The file actions under construction, given back when this goes.
struct Actions(libc::posix_spawn_file_actions_t);

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised when made.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// The attributes under construction.
struct Attributes(libc::posix_spawnattr_t);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised when made.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// An error number that a function answers.
fn ok(errno: c_int) -> PyResult<()> {
    if errno == 0 { Ok(()) } else { Err(exceptions::from_errno(errno, None)) }
}

fn file_actions(object: Borrowed<'_, Object>) -> PyResult<Actions> {
    let items = object.to_fast_sequence("file_actions must be a sequence or None")?.collect_items()?;
    // SAFETY: initialised before use; paths are copied by the library.
    unsafe {
        let mut actions = MaybeUninit::uninit();
        ok(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        let mut actions = Actions(actions.assume_init());
        let list = &raw mut actions.0;
        for item in items {
            let Some(tuple) = item.downcast::<Tuple>().filter(|tuple| !tuple.is_empty()) else {
                return Err(raise!(TypeError, "Each file_actions element must be a non-empty tuple"));
            };
            let expect = |name: &str, count: usize| {
                if tuple.len() == count {
                    return Ok(());
                }
                Err(raise!(TypeError, "A {name} file_action tuple must have {count} elements"))
            };
            match c_int_of(tuple.get(0))? {
                0 => {
                    expect("open", 5)?;
                    let (fd, path) = (c_int_of(tuple.get(1))?, tuple.get(2));
                    let path = super::path::FsName::new(path)?;
                    let (flags, mode) = (c_int_of(tuple.get(3))?, tuple.get(4).index()?.to_u64_mask());
                    ok(libc::posix_spawn_file_actions_addopen(list, fd, path.as_ptr(), flags, mode as libc::mode_t))?;
                }
                1 => {
                    expect("close", 2)?;
                    ok(libc::posix_spawn_file_actions_addclose(list, c_int_of(tuple.get(1))?))?;
                }
                2 => {
                    expect("dup2", 3)?;
                    let (from, to) = (c_int_of(tuple.get(1))?, c_int_of(tuple.get(2))?);
                    ok(libc::posix_spawn_file_actions_adddup2(list, from, to))?;
                }
                3 => {
                    expect("closefrom", 2)?;
                    ok(posix_spawn_file_actions_addclosefrom_np(list, c_int_of(tuple.get(1))?))?;
                }
                _ => return Err(raise!(TypeError, "Unknown file_actions identifier")),
            }
        }
        Ok(actions)
    }
}

/// What `posix_spawn` can be asked for besides the program.
struct Wishes<'a> {
    setpgroup: Option<Borrowed<'a, Object>>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<Borrowed<'a, Object>>,
    setsigdef: Option<Borrowed<'a, Object>>,
    scheduler: Option<Borrowed<'a, Object>>,
}

fn attributes(wishes: &Wishes<'_>) -> PyResult<Attributes> {
    let mut flags = 0;
    // SAFETY: initialised before use; sets and structs live during the calls.
    unsafe {
        let mut attributes = MaybeUninit::uninit();
        ok(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
        let mut attributes = Attributes(attributes.assume_init());
        let at = &raw mut attributes.0;
        if let Some(group) = wishes.setpgroup {
            ok(libc::posix_spawnattr_setpgroup(at, c_int_of(group)?))?;
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        if wishes.resetids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if wishes.setsid {
            flags |= libc::POSIX_SPAWN_SETSID as c_int;
        }
        if let Some(mask) = wishes.setsigmask {
            ok(libc::posix_spawnattr_setsigmask(at, &signal_set(mask)?))?;
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(defaults) = wishes.setsigdef {
            ok(libc::posix_spawnattr_setsigdefault(at, &signal_set(defaults)?))?;
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some(scheduler) = wishes.scheduler {
            let Some(pair) = scheduler.downcast::<Tuple>() else {
                return Err(raise!(TypeError, "posix_spawn: scheduler must be a tuple or None"));
            };
            if pair.len() != 2 {
                return Err(raise!(TypeError, "A scheduler tuple must have two elements"));
            }
            let policy = if pair.get(0).is_none() { None } else { Some(c_int_of(pair.get(0))?) };
            let parameters = sched::parameters(pair.get(1))?;
            if let Some(policy) = policy {
                ok(libc::posix_spawnattr_setschedpolicy(at, policy))?;
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
            }
            ok(libc::posix_spawnattr_setschedparam(at, &raw const parameters))?;
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        }
        ok(libc::posix_spawnattr_setflags(at, flags as libc::c_short))?;
        Ok(attributes)
    }
}

/// `posix_spawn` or `posix_spawnp` of the C library.
type SpawnFunction = unsafe extern "C" fn(
    *mut libc::pid_t,
    *const c_char,
    *const libc::posix_spawn_file_actions_t,
    *const libc::posix_spawnattr_t,
    *const *mut c_char,
    *const *mut c_char,
) -> c_int;

fn spawn(
    call: SpawnFunction,
    path: &PathArg<'_>,
    argv: Borrowed<'_, Object>,
    env: Borrowed<'_, Object>,
    actions: Option<Borrowed<'_, Object>>,
    wishes: &Wishes<'_>,
) -> PyResult<i64> {
    if !argv.is_instance_of::<List>() && !argv.is_instance_of::<Tuple>() {
        return Err(raise!(TypeError, "posix_spawn: argv must be a tuple or list"));
    }
    if argv.len()? == 0 {
        return Err(raise!(ValueError, "posix_spawn: argv must not be empty"));
    }
    if !env.is_none() && !env.is_mapping() {
        return Err(raise!(TypeError, "posix_spawn: environment must be a mapping object or None"));
    }
    let (_arguments, argument_pointers) = process::string_vector(argv, "posix_spawn: argv")?;
    let environment = if env.is_none() { None } else { Some(process::environment_vector(env)?) };
    let actions = actions.map(file_actions).transpose()?;
    let attributes = attributes(wishes)?;
    let mut pid = 0;
    // SAFETY: C strings, vectors closed by null, initialised structs.
    let error = unsafe {
        let envp = environment.as_ref().map_or(environ, |(_, pointers)| pointers.as_ptr().cast());
        let list = actions.as_ref().map_or(ptr::null(), |actions| &raw const actions.0);
        call(&raw mut pid, path.as_ptr(), list, &raw const attributes.0, argument_pointers.as_ptr().cast(), envp)
    };
    if error != 0 {
        return Err(exceptions::from_errno(error, Some(path.object())));
    }
    Ok(i64::from(pid))
}

/// The two functions, of which one searches the path.
macro_rules! spawn_functions {
    ($($name:ident)*) => {
        #[pymethods(part = SPAWN)]
        impl Spawn {$(
            #[function(
                signature = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
            )]
            #[expect(clippy::too_many_arguments, reason = "what the function takes")]
            fn $name(
                path: PathArg<'_>,
                argv: Borrowed<'_, Object>,
                env: Borrowed<'_, Object>,
                file_actions: Nullable<Borrowed<'_, Object>>,
                setpgroup: Nullable<Borrowed<'_, Object>>,
                resetids: bool,
                setsid: bool,
                setsigmask: Option<Borrowed<'_, Object>>,
                setsigdef: Option<Borrowed<'_, Object>>,
                scheduler: Nullable<Borrowed<'_, Object>>,
            ) -> PyResult<i64> {
                let (setpgroup, scheduler) = (setpgroup.into_option(), scheduler.into_option());
                let wishes = Wishes { setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler };
                spawn(libc::$name, &path, argv, env, file_actions.into_option(), &wishes)
            }
        )*}
    };
}

spawn_functions! { posix_spawn posix_spawnp }

/// The result of `wait3` and `wait4`.
fn wait_result(pid: i64, status: c_int, usage: &libc::rusage) -> PyResult<Ref<Tuple>> {
    let int = |value: i64| Int::from_i64(value).map(Ref::into_object);
    // The type of the usage belongs to that module.
    taipan_runtime::import::import_module("resource")?;
    Tuple::pack([int(pid)?, int(i64::from(status))?, crate::resource::usage_object(usage)?])
}

#[pymethods(part = FUNCTIONS)]
impl Spawn {
    #[function(signature = "()")]
    fn forkpty() -> PyResult<Ref<Tuple>> {
        if taipan_runtime::thread::interpreter().is_finalizing() {
            return Err(raise!(PythonFinalizationError, "can't fork at interpreter shutdown"));
        }
        let mut master = -1;
        fork::before();
        // SAFETY: room for a number; the child makes the interpreter its own before it runs Python code.
        let pid = unsafe { libc::forkpty(&raw mut master, ptr::null_mut(), ptr::null_mut(), ptr::null_mut()) };
        if pid == 0 {
            fork::after_in_child();
        } else {
            let errno = exceptions::errno();
            fork::after_in_parent()?;
            if pid < 0 {
                return Err(exceptions::from_errno(errno, None));
            }
            fork::warn_about_threads("forkpty")?;
        }
        int_tuple(&[i64::from(pid), i64::from(master)])
    }

    #[function(signature = "(fd, /)")]
    fn login_tty(fd: Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        check(unsafe { libc::login_tty(fd.0) }).map(drop)
    }

    #[function(signature = "(options)")]
    fn wait3(options: i32) -> PyResult<Ref<Tuple>> {
        Spawn::wait4(-1, options)
    }

    #[function(signature = "(pid, options)")]
    fn wait4(pid: i32, options: i32) -> PyResult<Ref<Tuple>> {
        let mut status = 0;
        // SAFETY: integers alone.
        let mut usage: libc::rusage = unsafe { MaybeUninit::zeroed().assume_init() };
        let (status_at, usage_at) = (&raw mut status, &raw mut usage);
        // SAFETY: room for a number and a struct.
        let pid = retry(|| i64::from(unsafe { libc::wait4(pid, status_at, options, usage_at) }))?;
        if pid == 0 {
            // SAFETY: integers alone.
            usage = unsafe { MaybeUninit::zeroed().assume_init() };
        }
        wait_result(pid, status, &usage)
    }

    #[function(signature = "(idtype, id, options, /)")]
    fn waitid(idtype: u32, id: i32, options: i32) -> PyResult<Ref<Object>> {
        // SAFETY: integers alone; the kernel fills the fields that are read.
        unsafe {
            let mut info: libc::siginfo_t = MaybeUninit::zeroed().assume_init();
            let at = &raw mut info;
            retry(|| i64::from(libc::waitid(idtype as libc::idtype_t, id as libc::id_t, at, options)))?;
            if info.si_pid() == 0 {
                return Ok(none());
            }
            process::waitid_result([
                i64::from(info.si_pid()),
                i64::from(info.si_uid()),
                i64::from(info.si_signo),
                i64::from(info.si_status()),
                i64::from(info.si_code),
            ])
        }
    }

    #[function(signature = "(pid, flags=0)")]
    fn pidfd_open(pid: i32, flags: Option<u32>) -> PyResult<i64> {
        // SAFETY: takes numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags.unwrap_or(0)) };
        if fd < 0 { Err(exceptions::from_last_errno(None)) } else { Ok(fd) }
    }

    #[function(signature = "()")]
    fn setpgrp() -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setpgid(0, 0) }).map(drop)
    }

    #[function(signature = "(which, who, priority)")]
    fn setpriority(which: i32, who: i32, priority: i32) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(unsafe { libc::setpriority(which as _, who as libc::id_t, priority) }).map(drop)
    }
}
