//! `resource`: limits and use of resources. CPython: `Modules/resource.c`.

use core::mem::MaybeUninit;
use core::ptr;

use crate::system::{self, add_constants};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, Slot};
use taipan_runtime::types::exceptions;

pub struct Resource;

static STRUCT_RUSAGE: Slot = Slot::new();

#[rustfmt::skip]
const CONSTANTS: &[(&str, i64)] = &[
    ("RLIMIT_CPU", 0),
    ("RLIMIT_FSIZE", 1),
    ("RLIMIT_DATA", 2),
    ("RLIMIT_STACK", 3),
    ("RLIMIT_CORE", 4),
    ("RLIMIT_NOFILE", 7),
    ("RLIMIT_OFILE", 7),
    ("RLIMIT_AS", 9),
    ("RLIMIT_RSS", 5),
    ("RLIMIT_NPROC", 6),
    ("RLIMIT_MEMLOCK", 8),
    ("RLIMIT_MSGQUEUE", 12),
    ("RLIMIT_NICE", 13),
    ("RLIMIT_RTPRIO", 14),
    ("RLIMIT_RTTIME", 15),
    ("RLIMIT_SIGPENDING", 11),
    ("RUSAGE_SELF", 0),
    ("RUSAGE_CHILDREN", -1),
    ("RUSAGE_THREAD", 1),
    ("RLIM_INFINITY", -1),
];

const FIELDS: &[&str] = &[
    "ru_utime",
    "ru_stime",
    "ru_maxrss",
    "ru_ixrss",
    "ru_idrss",
    "ru_isrss",
    "ru_minflt",
    "ru_majflt",
    "ru_nswap",
    "ru_inblock",
    "ru_oublock",
    "ru_msgsnd",
    "ru_msgrcv",
    "ru_nsignals",
    "ru_nvcsw",
    "ru_nivcsw",
];

/// A `struct_rusage`; the module has to be imported.
pub fn usage_object(usage: &libc::rusage) -> PyResult<Ref<Object>> {
    let mut values = Vec::new();
    for time in [usage.ru_utime, usage.ru_stime] {
        values.push(Float::new(time.tv_sec as f64 + time.tv_usec as f64 * 0.000_001)?.into_object());
    }
    for count in [
        usage.ru_maxrss,
        usage.ru_ixrss,
        usage.ru_idrss,
        usage.ru_isrss,
        usage.ru_minflt,
        usage.ru_majflt,
        usage.ru_nswap,
        usage.ru_inblock,
        usage.ru_oublock,
        usage.ru_msgsnd,
        usage.ru_msgrcv,
        usage.ru_nsignals,
        usage.ru_nvcsw,
        usage.ru_nivcsw,
    ] {
        values.push(Int::from_i64(count)?.into_object());
    }
    system::record(&STRUCT_RUSAGE, values)
}

/// A limit; -1 is none.
fn limit(object: Borrowed<'_, Object>) -> PyResult<libc::rlim_t> {
    let number = object.index()?;
    if number.to_i64() == Some(-1) {
        return Ok(libc::RLIM_INFINITY);
    }
    if number.is_negative() {
        return Err(raise!(ValueError, "Cannot convert negative int"));
    }
    match number.to_u64() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C rlim_t")),
    }
}

fn limit_pair(object: Borrowed<'_, Object>) -> PyResult<libc::rlimit> {
    let pair = object.to_tuple()?;
    if pair.len() != 2 {
        return Err(raise!(ValueError, "expected a tuple of 2 integers"));
    }
    Ok(libc::rlimit { rlim_cur: limit(pair.get(0))?, rlim_max: limit(pair.get(1))? })
}

fn pair_object(limits: &libc::rlimit) -> PyResult<Ref<Tuple>> {
    let object = |value: libc::rlim_t| {
        let int = if value == libc::RLIM_INFINITY { Int::from_i64(-1) } else { Int::from_u64(value) };
        int.map(Ref::into_object)
    };
    Tuple::pack([object(limits.rlim_cur)?, object(limits.rlim_max)?])
}

/// Limits of this system are counted from zero.
fn check_resource(resource: i32) -> PyResult<()> {
    if (0..16).contains(&resource) { Ok(()) } else { Err(raise!(ValueError, "invalid resource specified")) }
}

fn refused() -> Raised {
    match exceptions::errno() {
        libc::EINVAL => raise!(ValueError, "current limit exceeds maximum limit"),
        libc::EPERM => raise!(ValueError, "not allowed to raise maximum limit"),
        errno => exceptions::from_errno(errno, None),
    }
}

/// Whether a limit can refuse the stack what it needs to grow.
fn is_memory(resource: i32) -> bool {
    resource == libc::RLIMIT_AS as i32 || resource == libc::RLIMIT_STACK as i32
}

#[pymodule(name = "resource")]
impl Resource {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("error", exceptions::OSError::type_object().as_object().clone())?;
        let class = system::new_record_type(&STRUCT_RUSAGE, "resource.struct_rusage", FIELDS, FIELDS.len())?;
        module.add("struct_rusage", class)?;
        add_constants(module, CONSTANTS)
    }

    #[function(signature = "(who, /)")]
    fn getrusage(who: i32) -> PyResult<Ref<Object>> {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: filled when the call succeeds.
        unsafe {
            if libc::getrusage(who, usage.as_mut_ptr()) < 0 {
                return match exceptions::errno() {
                    libc::EINVAL => Err(raise!(ValueError, "invalid who parameter")),
                    errno => Err(exceptions::from_errno(errno, None)),
                };
            }
            usage_object(&usage.assume_init())
        }
    }

    #[function(signature = "(resource, /)")]
    fn getrlimit(resource: i32) -> PyResult<Ref<Tuple>> {
        check_resource(resource)?;
        let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the struct lives during the call.
        if unsafe { libc::getrlimit(resource as _, &raw mut limits) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        pair_object(&limits)
    }

    #[function(signature = "(resource, limits, /)")]
    fn setrlimit(resource: i32, limits: Borrowed<'_, Object>) -> PyResult<()> {
        check_resource(resource)?;
        let limits = limit_pair(limits)?;
        if is_memory(resource) {
            thread::stack::limit_main();
        }
        // SAFETY: the struct lives during the call.
        if unsafe { libc::setrlimit(resource as _, &raw const limits) } < 0 { Err(refused()) } else { Ok(()) }
    }

    #[function(signature = "(pid, resource, limits=None, /)")]
    fn prlimit(pid: i32, resource: i32, limits: Nullable<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        check_resource(resource)?;
        let new = limits.0.map(limit_pair).transpose()?;
        if new.is_some() && is_memory(resource) {
            thread::stack::limit_main();
        }
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the structs live during the call.
        let done = unsafe {
            libc::prlimit(pid, resource as _, new.as_ref().map_or(ptr::null(), |new| &raw const *new), &raw mut old)
        };
        if done < 0 {
            return Err(match exceptions::errno() {
                libc::EINVAL => raise!(ValueError, "current limit exceeds maximum limit"),
                errno => exceptions::from_errno(errno, None),
            });
        }
        pair_object(&old)
    }

    #[function(signature = "()")]
    fn getpagesize() -> i64 {
        // SAFETY: takes a number.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
    }
}
