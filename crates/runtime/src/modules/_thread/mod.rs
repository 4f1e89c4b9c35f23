//! `_thread`: locks, threads, and storage of each thread's own.
//!
//! CPython: `Modules/_threadmodule.c`.

mod handle;
mod local;
mod locks;

use core::sync::atomic::Ordering;
use std::time::Duration;

use crate::prelude::*;
use crate::thread::{self, Outcome, Slot, Wait};
use crate::types::exceptions;

pub use handle::{ThreadHandle, after_fork_child, wait_for_threads};
pub use local::{Local, forget_thread as forget_locals};
pub use locks::{LockObject, RLock};

/// The longest time a lock can be waited for, in seconds.
const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// The smallest stack that `threading.stack_size` accepts.
const STACK_MIN: usize = 0x8000 + 20 * 1024;

pub struct Thread;

#[pymodule(name = "_thread", extend = [Thread::STARTING])]
impl Thread {
    #[constant(name = "TIMEOUT_MAX")]
    const TIMEOUT_MAX: f64 = TIMEOUT_MAX;
    #[constant(name = "_NAME_MAXLEN")]
    const NAME_MAXLEN: i32 = 15;

    #[function(signature = "(/)")]
    fn allocate_lock() -> PyResult<Ref<LockObject>> {
        LockObject::new_unlocked()
    }

    #[function(signature = "(/)")]
    fn allocate() -> PyResult<Ref<LockObject>> {
        LockObject::new_unlocked()
    }

    #[function(signature = "(/)")]
    fn exit() -> PyResult<()> {
        Err(exceptions::set_object(exceptions::SystemExit::type_object().upcast(), None))
    }

    #[function(signature = "(/)")]
    fn exit_thread() -> PyResult<()> {
        Err(exceptions::set_object(exceptions::SystemExit::type_object().upcast(), None))
    }

    #[function(signature = "(/)")]
    fn get_ident() -> u64 {
        thread::current_ident()
    }

    #[function(signature = "(/)")]
    fn get_native_id() -> u64 {
        thread::current_native_id()
    }

    #[function(signature = "(/)")]
    fn _get_main_thread_ident() -> u64 {
        thread::interpreter().main_thread_id.load(Ordering::Relaxed)
    }

    #[function(signature = "(/)")]
    fn _is_main_interpreter() -> bool {
        true
    }

    #[function(signature = "(/)")]
    fn _count() -> u32 {
        thread::interpreter().thread_count.load(Ordering::Relaxed)
    }

    #[function(signature = "(/)")]
    fn daemon_threads_allowed() -> bool {
        true
    }

    #[function(signature = "(size=0, /)")]
    fn stack_size(size: isize) -> PyResult<usize> {
        if size < 0 {
            return Err(raise!(ValueError, "size must be 0 or a positive value"));
        }
        let size = size as usize;
        if size != 0 && size < STACK_MIN {
            return Err(raise!(ValueError, "size not valid: {size} bytes"));
        }
        Ok(thread::interpreter().thread_stack_size.replace(size))
    }

    #[function(signature = "(signum=signal.SIGINT, /)")]
    fn interrupt_main(signum: Option<i32>) -> PyResult<()> {
        crate::modules::_signal::interrupt_main(signum.unwrap_or(libc::SIGINT))
    }

    /// The system keeps at most 15 bytes of the name.
    #[function(signature = "(name)")]
    fn set_name(name: Borrowed<'_, Str>) -> PyResult<()> {
        let text = name.to_display();
        let mut end = text.len().min(15);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // A zero ends the name, as in C.
        let short = text[..end].split('\0').next().unwrap_or_default();
        let short = std::ffi::CString::new(short).unwrap_or_default();
        // SAFETY: a C string that lives during the call.
        match unsafe { libc::pthread_setname_np(libc::pthread_self(), short.as_ptr()) } {
            0 => Ok(()),
            errno => Err(exceptions::from_errno(errno, None)),
        }
    }

    #[function(signature = "(/)")]
    fn _get_name() -> PyResult<String> {
        let mut buffer = [0 as c_char; 64];
        // SAFETY: the buffer is as long as said, and holds a C string afterwards.
        unsafe {
            match libc::pthread_getname_np(libc::pthread_self(), buffer.as_mut_ptr(), buffer.len()) {
                0 => Ok(CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()),
                errno => Err(exceptions::from_errno(errno, None)),
            }
        }
    }

    /// What `threading.excepthook` is at first: shows the exception on `sys.stderr`, unless it is SystemExit.
    #[function(signature = "(args, /)")]
    fn _excepthook(args: Borrowed<'_, Object>) -> PyResult<()> {
        let class = hook_args_class()?;
        let Some(parts) = args.downcast::<Tuple>().filter(|_| args.type_ptr().cast() == class.as_ptr()) else {
            return Err(raise!(TypeError, "_thread.excepthook argument type must be ExceptHookArgs"));
        };
        let part = |index: usize| parts.get(index).to_owned();
        let (class, value, traceback, failed) = (part(0), part(1), part(2), part(3));
        if class.is(&exceptions::SystemExit::type_object()) {
            return Ok(());
        }
        let mut file = thread::interpreter().sys_attr(id!("stderr")).filter(|file| !file.is_none());
        if file.is_none() && !failed.is_none() {
            // The one that was there when the thread was made.
            file = failed.lookup_attr(id!("_stderr"))?.filter(|file| !file.is_none());
        }
        let Some(file) = file else { return Ok(()) };
        let name = if failed.is_none() { None } else { failed.lookup_attr(id!("name"))? };
        let name = match name {
            Some(name) => name.str()?.to_display(),
            None => thread::current_ident().to_string(),
        };
        let heading = Str::from_utf8_str(&format!("Exception in thread {name}:\n"))?;
        file.call_method(id!("write"), &[heading.as_borrowed()])?;
        let traceback = traceback.into_downcast::<crate::types::Traceback>().ok();
        let value = if value.is_none() { exceptions::create_exception(class.borrow(), None)? } else { value };
        exceptions::display(&value, traceback, Some(file.clone()));
        file.call_method(id!("flush"), &[])?;
        Ok(())
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<LockObject>()?;
        module.add("LockType", LockObject::type_object())?;
        module.add_type::<RLock>()?;
        module.add_type::<Local>()?;
        module.add_type::<ThreadHandle>()?;
        module.add("error", exceptions::RuntimeError::type_object())?;
        module.add("_ExceptHookArgs", hook_args_class()?)
    }
}

/// The class of what `threading.excepthook` gets.
fn hook_args_class() -> PyResult<Ref<Type>> {
    static CLASS: Slot = Slot::new();
    // SAFETY: only the class is put there.
    if let Some(class) = unsafe { CLASS.get_as::<Type>() } {
        return Ok(class);
    }
    let class = crate::types::struct_seq::new_class(
        "_thread._ExceptHookArgs",
        &["exc_type", "exc_value", "exc_traceback", "thread"],
        4,
    )?;
    CLASS.set(Some(class.clone().into_object()));
    Ok(class)
}

/// A time-out in seconds as a duration; `None` for a negative one.
pub(crate) fn duration_from_object(timeout: Borrowed<'_, Object>) -> PyResult<Option<Duration>> {
    let out_of_range = || raise!(OverflowError, "timestamp out of range for C PyTime_t");
    if timeout.is_instance_of::<Float>() {
        let seconds = timeout.as_f64()?;
        if seconds.is_nan() {
            return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
        }
        if seconds < 0.0 {
            return Ok(None);
        }
        // Rounded up, so that a wait is never shorter than asked.
        return match Duration::try_from_secs_f64(seconds) {
            // What fits 64 bits of nanoseconds.
            Ok(duration) if duration.as_nanos() <= i64::MAX as u128 => Ok(Some(duration)),
            _ => Err(out_of_range()),
        };
    }
    if !timeout.has_index() {
        return Err(raise!(TypeError, "'{}' object cannot be interpreted as an integer or float", timeout.type_name()));
    }
    match timeout.index()?.to_i64() {
        Some(seconds) if seconds < 0 => Ok(None),
        Some(seconds) if seconds <= TIMEOUT_MAX as i64 => Ok(Some(Duration::from_secs(seconds as u64))),
        _ => Err(out_of_range()),
    }
}

/// How long `acquire(blocking, timeout)` waits.
fn wait_of(blocking: bool, timeout: Option<Borrowed<'_, Object>>) -> PyResult<Wait> {
    let duration = match timeout {
        None => None,
        Some(timeout) => {
            let duration = duration_from_object(timeout)?;
            let unset = duration.is_none() && timeout.as_f64()? == -1.0;
            if !blocking && !unset {
                return Err(raise!(ValueError, "can't specify a timeout for a non-blocking call"));
            }
            if duration.is_none() && !unset {
                return Err(raise!(ValueError, "timeout value must be a non-negative number"));
            }
            duration
        }
    };
    Ok(match (blocking, duration) {
        (false, _) => Wait::No,
        (true, None) => Wait::Forever,
        (true, Some(duration)) => Wait::For(duration),
    })
}

/// Takes a lock, with the GIL released while waiting. Signal handlers run meanwhile; what they raise ends the wait.
pub(crate) fn acquire(lock: &thread::Lock, wait: Wait) -> PyResult<bool> {
    let deadline = match wait {
        Wait::For(duration) => std::time::Instant::now().checked_add(duration),
        _ => None,
    };
    let mut wait = wait;
    loop {
        match lock.acquire(wait, true) {
            Outcome::Acquired => return Ok(true),
            Outcome::TimedOut => return Ok(false),
            Outcome::Interrupted => {
                thread::make_pending_calls()?;
                thread::check_interrupts()?;
                if let Some(deadline) = deadline {
                    match deadline.checked_duration_since(std::time::Instant::now()) {
                        Some(left) => wait = Wait::For(left),
                        None => return Ok(false),
                    }
                }
            }
        }
    }
}
