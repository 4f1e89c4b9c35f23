//! `resource`: limits of processes and what they use. CPython: `Modules/resource.c`.

use crate::system;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::exceptions;

pub struct Resource;

static STRUCT_RUSAGE: Slot = Slot::new();

/// The number of a limit.
fn check_resource(resource: c_int) -> PyResult<libc::__rlimit_resource_t> {
    if !(0..16).contains(&resource) {
        return Err(raise!(ValueError, "invalid resource specified"));
    }
    Ok(resource as libc::__rlimit_resource_t)
}

fn limit_value(object: &Ref<Object>) -> PyResult<libc::rlim_t> {
    let number = object.index()?;
    match (number.to_i64(), number.to_u64()) {
        (Some(value), _) => Ok(value as libc::rlim_t),
        (None, Some(value)) => Ok(value),
        _ => Err(raise!(OverflowError, "Python int too large to convert to C rlim_t")),
    }
}

/// `(soft, hard)` of an argument.
fn limits_of(object: Borrowed<'_, Object>) -> PyResult<libc::rlimit> {
    let limits = object.to_tuple()?;
    let [soft, hard] = limits.as_slice() else {
        return Err(raise!(ValueError, "expected a tuple of 2 integers"));
    };
    Ok(libc::rlimit { rlim_cur: limit_value(soft)?, rlim_max: limit_value(hard)? })
}

fn limits_object(limits: libc::rlimit) -> PyResult<Ref<Tuple>> {
    let value = |limit: libc::rlim_t| -> PyResult<Ref<Object>> { Ok(Int::from_i64(limit as i64)?.into_object()) };
    Tuple::pack([value(limits.rlim_cur)?, value(limits.rlim_max)?])
}

/// The exception for the last error of a call that sets limits.
fn limit_error() -> Raised {
    match exceptions::errno() {
        libc::EINVAL => raise!(ValueError, "current limit exceeds maximum limit"),
        libc::EPERM => raise!(ValueError, "not allowed to raise maximum limit"),
        _ => exceptions::from_last_errno(None),
    }
}

#[pymodule(name = "resource")]
impl Resource {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("error", exceptions::OSError::type_object().upcast().to_owned())?;
        let fields = [
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
        let class = system::new_record_type(&STRUCT_RUSAGE, "resource.struct_rusage", &fields, fields.len())?;
        module.add("struct_rusage", class)?;
        system::add_constants(
            module,
            &[
                ("RLIMIT_AS", libc::RLIMIT_AS.into()),
                ("RLIMIT_CORE", libc::RLIMIT_CORE.into()),
                ("RLIMIT_CPU", libc::RLIMIT_CPU.into()),
                ("RLIMIT_DATA", libc::RLIMIT_DATA.into()),
                ("RLIMIT_FSIZE", libc::RLIMIT_FSIZE.into()),
                ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK.into()),
                ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE.into()),
                ("RLIMIT_NICE", libc::RLIMIT_NICE.into()),
                ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE.into()),
                ("RLIMIT_NPROC", libc::RLIMIT_NPROC.into()),
                ("RLIMIT_OFILE", libc::RLIMIT_NOFILE.into()),
                ("RLIMIT_RSS", libc::RLIMIT_RSS.into()),
                ("RLIMIT_RTPRIO", libc::RLIMIT_RTPRIO.into()),
                ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME.into()),
                ("RLIMIT_SIGPENDING", libc::RLIMIT_SIGPENDING.into()),
                ("RLIMIT_STACK", libc::RLIMIT_STACK.into()),
                ("RLIM_INFINITY", -1),
                ("RUSAGE_CHILDREN", libc::RUSAGE_CHILDREN.into()),
                ("RUSAGE_SELF", libc::RUSAGE_SELF.into()),
                ("RUSAGE_THREAD", libc::RUSAGE_THREAD.into()),
            ],
        )
    }

    #[function(signature = "(who, /)")]
    fn getrusage(who: c_int) -> PyResult<Ref<Object>> {
        // SAFETY: the call fills the structure, for which zeros are valid.
        let usage = unsafe {
            let mut usage: libc::rusage = core::mem::zeroed();
            if libc::getrusage(who, &raw mut usage) < 0 {
                return Err(match exceptions::errno() {
                    libc::EINVAL => raise!(ValueError, "invalid who parameter"),
                    _ => exceptions::from_last_errno(None),
                });
            }
            usage
        };
        let seconds = |time: libc::timeval| Float::new(time.tv_sec as f64 + time.tv_usec as f64 * 1e-6);
        let mut values = vec![seconds(usage.ru_utime)?.into_object(), seconds(usage.ru_stime)?.into_object()];
        for value in [
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
            values.push(Int::from_i64(value)?.into_object());
        }
        system::record(&STRUCT_RUSAGE, values)
    }

    #[function(signature = "(resource, /)")]
    fn getrlimit(resource: c_int) -> PyResult<Ref<Tuple>> {
        let resource = check_resource(resource)?;
        let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the call fills the structure.
        if unsafe { libc::getrlimit(resource, &raw mut limits) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        limits_object(limits)
    }

    #[function(signature = "(resource, limits, /)")]
    fn setrlimit(resource: c_int, limits: Borrowed<'_, Object>) -> PyResult<()> {
        let number = check_resource(resource)?;
        let resource = Int::from_i64(resource.into())?;
        taipan_runtime::modules::sys::audit("resource.setrlimit", &[resource.as_borrowed(), limits])?;
        let limits = limits_of(limits)?;
        // SAFETY: the call reads the structure.
        if unsafe { libc::setrlimit(number, &raw const limits) } < 0 {
            return Err(limit_error());
        }
        Ok(())
    }

    #[function(signature = "(pid, resource, limits=None, /)")]
    fn prlimit(pid: c_int, resource: c_int, limits: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        let number = check_resource(resource)?;
        let (pid_object, resource) = (Int::from_i64(pid.into())?, Int::from_i64(resource.into())?);
        let limits = limits.filter(|limits| !limits.is_none());
        let audited = limits.map_or_else(none, |limits| limits.to_owned());
        taipan_runtime::modules::sys::audit(
            "resource.prlimit",
            &[pid_object.as_borrowed(), resource.as_borrowed(), audited.as_borrowed()],
        )?;
        let new = limits.map(limits_of).transpose()?;
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        let new = new.as_ref().map_or(core::ptr::null(), |new| &raw const *new);
        // SAFETY: the call reads one structure, or null, and fills the other.
        if unsafe { libc::prlimit(pid, number, new, &raw mut old) } < 0 {
            return Err(match exceptions::errno() {
                libc::EINVAL => raise!(ValueError, "current limit exceeds maximum limit"),
                _ => exceptions::from_last_errno(None),
            });
        }
        limits_object(old)
    }

    #[function(signature = "()")]
    fn getpagesize() -> i64 {
        // SAFETY: a question to the system.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
    }
}
