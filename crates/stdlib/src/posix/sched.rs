//! The scheduler: policies, priorities, processors; name spaces.

use super::check;
use crate::system::Fd;
use taipan_runtime::abi::{PyObject, PyTypeObject};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::descr::MethodDescr;
use taipan_runtime::types::struct_seq;

pub struct Sched;

/// An instance of `os.sched_param`, for its methods.
pub struct SchedParam {
    _head: PyObject,
}

static SCHED_PARAM: Slot = Slot::new();

pub(super) fn add_types(module: &Ref<Module>) -> PyResult<()> {
    let class = struct_seq::new_class("posix.sched_param", &["sched_priority"], 1)?;
    class.tp_new.set(Some(new_param));
    class.tp_doc.set(c"sched_param(sched_priority)\n--\n\n".as_ptr());
    // SAFETY: a row of a constant table, which is only read.
    let reduce = unsafe { MethodDescr::new(class.borrow(), SchedParam::METHODS.methods.as_ptr().cast_mut())? };
    class.dict().set_str(id!("__reduce__"), reduce.borrow())?;
    class.modified();
    SCHED_PARAM.set(Some(class.clone().into_object()));
    module.add("sched_param", class)
}

/// `sched_param(sched_priority)`: the value itself, where other types of this kind take a sequence.
unsafe extern "C" fn new_param(cls: *mut PyTypeObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: called as `tp_new`.
    let (cls, args, kwargs): (Borrowed<'_, Type>, Borrowed<'_, Tuple>, Option<Borrowed<'_, Dict>>) =
        unsafe { (Borrowed::from_ptr(cls), Borrowed::from_ptr(args), Borrowed::from_ptr_or_null(kwargs)) };
    let make = || -> PyResult<Ref<Object>> {
        let named = kwargs.map_or(0, |kwargs| kwargs.len());
        if args.len() + named > 1 {
            let given = args.len() + named;
            return Err(raise!(TypeError, "sched_param() takes at most 1 argument ({given} given)"));
        }
        let value = match (args.try_get(0), kwargs) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Some(kwargs)) => kwargs.get(id!("sched_priority"))?,
            (None, None) => None,
        };
        match value {
            Some(value) => struct_seq::instance(&cls, vec![value]),
            None => Err(raise!(TypeError, "sched_param() missing required argument 'sched_priority' (pos 1)")),
        }
    };
    match make() {
        Ok(object) => object.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

#[pymethods(part = METHODS)]
impl SchedParam {
    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<SchedParam>) -> PyResult<Ref<Tuple>> {
        let priority = this.as_object().get_index(0)?;
        let arguments = Tuple::pack([priority])?;
        Tuple::pack([this.as_object().type_of().as_object().clone(), arguments.into_object()])
    }
}

/// The parameters in a `sched_param`.
pub(super) fn parameters(object: Borrowed<'_, Object>) -> PyResult<libc::sched_param> {
    if SCHED_PARAM.as_ptr() != object.type_of().as_ptr() {
        return Err(raise!(TypeError, "must have a sched_param object"));
    }
    let priority = object.get_index(0)?.index()?;
    match priority.to_i64() {
        Some(value) => match c_int::try_from(value) {
            Ok(sched_priority) => Ok(libc::sched_param { sched_priority }),
            Err(_) => Err(raise!(OverflowError, "sched_priority out of range")),
        },
        None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
    }
}

#[pymethods(part = FUNCTIONS)]
impl Sched {
    #[function(signature = "(policy)")]
    fn sched_get_priority_max(policy: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::sched_get_priority_max(policy) })
    }

    #[function(signature = "(policy)")]
    fn sched_get_priority_min(policy: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::sched_get_priority_min(policy) })
    }

    #[function(signature = "(pid, /)")]
    fn sched_getscheduler(pid: i32) -> PyResult<c_int> {
        // SAFETY: takes a number.
        check(unsafe { libc::sched_getscheduler(pid) })
    }

    #[function(signature = "(pid, policy, param, /)")]
    fn sched_setscheduler(pid: i32, policy: i32, param: Borrowed<'_, Object>) -> PyResult<()> {
        let param = parameters(param)?;
        // SAFETY: the struct lives during the call.
        check(unsafe { libc::sched_setscheduler(pid, policy, &raw const param) }).map(drop)
    }

    #[function(signature = "(pid, /)")]
    fn sched_getparam(pid: i32) -> PyResult<Ref<Object>> {
        let mut param = libc::sched_param { sched_priority: 0 };
        // SAFETY: the struct lives during the call.
        check(unsafe { libc::sched_getparam(pid, &raw mut param) })?;
        let priority = Int::from_i64(i64::from(param.sched_priority))?.into_object();
        crate::system::record(&SCHED_PARAM, vec![priority])
    }

    #[function(signature = "(pid, param, /)")]
    fn sched_setparam(pid: i32, param: Borrowed<'_, Object>) -> PyResult<()> {
        let param = parameters(param)?;
        // SAFETY: the struct lives during the call.
        check(unsafe { libc::sched_setparam(pid, &raw const param) }).map(drop)
    }

    #[function(signature = "(pid, /)")]
    fn sched_rr_get_interval(pid: i32) -> PyResult<f64> {
        let mut interval = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the struct lives during the call.
        check(unsafe { libc::sched_rr_get_interval(pid, &raw mut interval) })?;
        Ok(interval.tv_sec as f64 + 1e-9 * interval.tv_nsec as f64)
    }

    #[function(signature = "(pid, mask, /)")]
    fn sched_setaffinity(pid: i32, mask: Borrowed<'_, Object>) -> PyResult<()> {
        // A set of bits of any size, in words as the kernel counts them.
        let mut words: Vec<u64> = vec![0; 2];
        mask.for_each(|item| {
            let Some(number) = item.downcast::<Int>() else {
                let class = item.type_of().as_object().to_repr_text();
                return Err(raise!(TypeError, "expected an iterator of ints, but iterator yielded {class}"));
            };
            let cpu = match number.to_i64() {
                Some(cpu) if cpu < 0 => return Err(raise!(ValueError, "negative CPU number")),
                Some(cpu) if cpu >= i64::from(i32::MAX) => {
                    return Err(raise!(OverflowError, "CPU number too large"));
                }
                Some(cpu) => cpu as usize,
                None => return Err(raise!(OverflowError, "Python int too large to convert to C long")),
            };
            if cpu / 64 >= words.len() {
                let more = cpu / 64 + 1 - words.len();
                if words.try_reserve(more).is_err() {
                    return Err(Raised::no_memory());
                }
                words.resize(cpu / 64 + 1, 0);
            }
            words[cpu / 64] |= 1 << (cpu % 64);
            Ok(())
        })?;
        // SAFETY: so many bytes of bits.
        check(unsafe { libc::sched_setaffinity(pid, words.len() * 8, words.as_ptr().cast()) }).map(drop)
    }

    #[function(signature = "(fd, nstype=0)")]
    fn setns(fd: Fd, nstype: Option<i32>) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(taipan_runtime::thread::allow_threads(|| unsafe { libc::setns(fd.0, nstype.unwrap_or(0)) })).map(drop)
    }

    #[function(signature = "(flags)")]
    fn unshare(flags: i32) -> PyResult<()> {
        // SAFETY: takes a number.
        check(taipan_runtime::thread::allow_threads(|| unsafe { libc::unshare(flags) })).map(drop)
    }
}
