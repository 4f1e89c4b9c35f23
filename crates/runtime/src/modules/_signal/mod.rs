//! `_signal`: handlers of signals in Python.
//!
//! The native handler only notes the signal (`trip`); the main thread runs the Python handler when it next looks at its
//! eval breaker. CPython: `Modules/signalmodule.c`.

mod sets;
mod wait;

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
pub use sets::from_object as signal_set;

use crate::abi::_PY_SIGNALS_PENDING_BIT;
use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::exceptions;

/// One more than the largest signal.
pub const NSIG: usize = 65;

/// What is known of one signal.
struct Handler {
    tripped: AtomicBool,
    /// `SIG_DFL`, `SIG_IGN`, a callable, or nothing for a handler that others installed.
    function: Slot,
}

static HANDLERS: [Handler; NSIG] = [const { Handler { tripped: AtomicBool::new(false), function: Slot::new() } }; NSIG];

/// Whether any signal is tripped.
static TRIPPED: AtomicBool = AtomicBool::new(false);

/// The file descriptor that gets a byte for each signal, or -1.
static WAKEUP: AtomicI32 = AtomicI32::new(-1);
static WARN_ON_FULL_BUFFER: AtomicBool = AtomicBool::new(true);

/// The `errno` of a failed write to the wake-up descriptor, which is reported later.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);

static ITIMER_ERROR: Slot = Slot::new();
static INT_HANDLER: Slot = Slot::new();

pub struct Signal;

macro_rules! numbers {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

static NUMBERS: &[(&str, c_int)] = numbers! {
    SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR
    SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM
    SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK SIG_UNBLOCK SIG_SETMASK
};

fn out_of_range() -> Raised {
    raise!(ValueError, "signal number out of range")
}

/// The table's row of a signal number.
fn handler(number: i32) -> PyResult<&'static Handler> {
    match usize::try_from(number).ok().filter(|&number| number > 0).and_then(|number| HANDLERS.get(number)) {
        Some(handler) => Ok(handler),
        None => Err(out_of_range()),
    }
}

#[pymodule(name = "_signal", extend = [Signal::SETS, Signal::WAIT])]
impl Signal {
    #[function(signature = "(signalnum, frame, /)")]
    fn default_int_handler(_signalnum: i32, _frame: Borrowed<'_, Object>) -> PyResult<()> {
        Err(exceptions::set_object(exceptions::KeyboardInterrupt::type_object().upcast(), None))
    }

    #[function(signature = "(signalnum, handler, /)")]
    fn signal(signalnum: i32, handler: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !thread::interpreter().is_main_thread() {
            return Err(raise!(ValueError, "signal only works in main thread of the main interpreter"));
        }
        let row = self::handler(signalnum)?;
        let action = if is_number(handler, libc::SIG_IGN as i64) {
            libc::SIG_IGN
        } else if is_number(handler, libc::SIG_DFL as i64) {
            libc::SIG_DFL
        } else if handler.is_callable() {
            on_signal as extern "C" fn(c_int) as usize
        } else {
            return Err(raise!(
                TypeError,
                "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object"
            ));
        };
        // A signal that came before must not meet the new handler.
        thread::check_interrupts()?;
        if !install(signalnum, action) {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(row.function.replace(Some(handler.to_owned())).unwrap_or_else(none))
    }

    #[function(signature = "(signalnum, /)")]
    fn getsignal(signalnum: i32) -> PyResult<Ref<Object>> {
        Ok(handler(signalnum)?.function.get().unwrap_or_else(none))
    }

    #[function(signature = "(signalnum, /)")]
    fn strsignal(signalnum: i32) -> PyResult<Option<String>> {
        handler(signalnum)?;
        // SAFETY: the text is static or a buffer of this thread's.
        let text = unsafe {
            let text = libc::strsignal(signalnum);
            if text.is_null() {
                return Ok(None);
            }
            CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        Ok(Some(text).filter(|text| !text.contains("Unknown signal")))
    }

    #[function(signature = "(seconds, /)")]
    fn alarm(seconds: i32) -> u32 {
        // SAFETY: no memory is involved.
        unsafe { libc::alarm(seconds as u32) }
    }

    #[function(signature = "(/)")]
    fn pause() -> PyResult<()> {
        // SAFETY: waits for a signal.
        thread::allow_threads(|| unsafe { libc::pause() });
        thread::check_interrupts()
    }

    #[function(signature = "(signalnum, flag, /)")]
    fn siginterrupt(signalnum: i32, flag: i32) -> PyResult<()> {
        handler(signalnum)?;
        // SAFETY: no memory is involved.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            if libc::sigaction(signalnum, ptr::null(), &mut action) < 0 {
                return Err(exceptions::from_last_errno(None));
            }
            if flag != 0 {
                action.sa_flags &= !libc::SA_RESTART;
            } else {
                action.sa_flags |= libc::SA_RESTART;
            }
            if libc::sigaction(signalnum, &action, ptr::null_mut()) < 0 {
                return Err(exceptions::from_last_errno(None));
            }
        }
        Ok(())
    }

    #[function(signature = "(signalnum, /)")]
    fn raise_signal(signalnum: i32) -> PyResult<()> {
        // SAFETY: no memory is involved.
        if thread::allow_threads(|| unsafe { libc::raise(signalnum) }) != 0 {
            return Err(exceptions::from_last_errno(None));
        }
        thread::check_interrupts()
    }

    #[function(signature = "(thread_id, signalnum, /)")]
    fn pthread_kill(thread_id: u64, signalnum: i32) -> PyResult<()> {
        let (ident, number) = (Int::from_u64(thread_id)?, Int::from_i64(i64::from(signalnum))?);
        crate::modules::sys::audit("signal.pthread_kill", &[ident.as_borrowed(), number.as_borrowed()])?;
        // SAFETY: as in C, an identifier of no thread is the caller's mistake.
        match unsafe { libc::pthread_kill(thread_id as libc::pthread_t, signalnum) } {
            0 => thread::check_interrupts(),
            errno => Err(exceptions::from_errno(errno, None)),
        }
    }

    #[function(signature = "(pidfd, signalnum, siginfo=None, flags=0, /)")]
    fn pidfd_send_signal(
        pidfd: i32,
        signalnum: i32,
        siginfo: Option<Borrowed<'_, Object>>,
        flags: Option<i32>,
    ) -> PyResult<()> {
        if siginfo.is_some_and(|info| !info.is_none()) {
            return Err(raise!(TypeError, "siginfo must be None"));
        }
        let info: *const libc::siginfo_t = ptr::null();
        // SAFETY: a null information is allowed.
        let status = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signalnum, info, flags.unwrap_or(0)) };
        if status < 0 { Err(exceptions::from_last_errno(None)) } else { Ok(()) }
    }

    #[function(signature = "(fd, /, *, warn_on_full_buffer=True)")]
    fn set_wakeup_fd(fd: i32, warn_on_full_buffer: bool) -> PyResult<i32> {
        if !thread::interpreter().is_main_thread() {
            return Err(raise!(ValueError, "set_wakeup_fd only works in main thread of the main interpreter"));
        }
        if fd != -1 {
            // SAFETY: fills a struct; asks for flags.
            unsafe {
                let mut status: libc::stat = core::mem::zeroed();
                if libc::fstat(fd, &mut status) != 0 {
                    return Err(exceptions::from_last_errno(None));
                }
                let flags = libc::fcntl(fd, libc::F_GETFL);
                if flags < 0 {
                    return Err(exceptions::from_last_errno(None));
                }
                if flags & libc::O_NONBLOCK == 0 {
                    return Err(raise!(ValueError, "the fd {fd} must be in non-blocking mode"));
                }
            }
        }
        WARN_ON_FULL_BUFFER.store(warn_on_full_buffer, Ordering::Relaxed);
        Ok(WAKEUP.swap(fd, Ordering::Relaxed))
    }

    #[function(signature = "(which, seconds, interval=0.0, /)")]
    fn setitimer(which: i32, seconds: f64, interval: Option<f64>) -> PyResult<Ref<Tuple>> {
        let new = libc::itimerval { it_interval: time_value(interval.unwrap_or(0.0)), it_value: time_value(seconds) };
        // SAFETY: both structs live during the call.
        unsafe {
            let mut old: libc::itimerval = core::mem::zeroed();
            if libc::syscall(libc::SYS_setitimer, which, &raw const new, &raw mut old) != 0 {
                return Err(itimer_error());
            }
            timer_pair(&old)
        }
    }

    #[function(signature = "(which, /)")]
    fn getitimer(which: i32) -> PyResult<Ref<Tuple>> {
        // SAFETY: the struct lives during the call.
        unsafe {
            let mut old: libc::itimerval = core::mem::zeroed();
            if libc::syscall(libc::SYS_getitimer, which, &raw mut old) != 0 {
                return Err(itimer_error());
            }
            timer_pair(&old)
        }
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        let number = |value: i64| Int::from_i64(value);
        module.add("NSIG", number(NSIG as i64)?)?;
        for (name, value) in NUMBERS {
            module.add(name, number(i64::from(*value))?)?;
        }
        module.add("SIGCLD", number(i64::from(libc::SIGCHLD))?)?;
        module.add("SIGRTMIN", number(i64::from(libc::SIGRTMIN()))?)?;
        module.add("SIGRTMAX", number(i64::from(libc::SIGRTMAX()))?)?;
        let (default, ignore) = (number(0)?, number(1)?);
        module.add("SIG_DFL", &default)?;
        module.add("SIG_IGN", &ignore)?;
        for (name, value) in [("ITIMER_REAL", 0), ("ITIMER_VIRTUAL", 1), ("ITIMER_PROF", 2)] {
            module.add(name, number(value)?)?;
        }
        module.add("ItimerError", itimer_error_class()?)?;
        module.add("struct_siginfo", wait::siginfo_class()?)?;
        for (index, row) in HANDLERS.iter().enumerate().skip(1) {
            if row.function.is_set() {
                continue;
            }
            row.function.set(match current_action(index as c_int) {
                Some(libc::SIG_DFL) => Some(default.clone().into_object()),
                Some(libc::SIG_IGN) => Some(ignore.clone().into_object()),
                _ => None,
            });
        }
        if let Some(function) = module.dict().get_str(id!("default_int_handler")) {
            INT_HANDLER.set(Some(function));
        }
        Ok(())
    }
}

fn is_number(object: Borrowed<'_, Object>, number: i64) -> bool {
    object.downcast::<Int>().is_some_and(|int| int.to_i64() == Some(number))
}

fn time_value(seconds: f64) -> libc::timeval {
    // Rounded up: a timer never goes off early, and a tiny one is not switched off.
    let micros = (seconds * 1e6).ceil();
    let whole = (micros / 1e6).floor();
    libc::timeval { tv_sec: whole as i64, tv_usec: (micros - whole * 1e6) as i64 }
}

fn timer_pair(timer: &libc::itimerval) -> PyResult<Ref<Tuple>> {
    let seconds = |value: libc::timeval| Float::new(value.tv_sec as f64 + value.tv_usec as f64 * 1e-6);
    Tuple::from_vec(vec![seconds(timer.it_value)?.into_object(), seconds(timer.it_interval)?.into_object()])
}

fn itimer_error_class() -> PyResult<Ref<Type>> {
    // SAFETY: only the class is put there.
    if let Some(class) = unsafe { ITIMER_ERROR.get_as::<Type>() } {
        return Ok(class);
    }
    let bases = Tuple::from_slice(&[exceptions::OSError::type_object().upcast()])?;
    let dict = Dict::new()?;
    dict.set_str(id!("__module__"), id!("signal").upcast())?;
    let class = Type::create("ItimerError", bases.borrow(), dict.borrow())?;
    ITIMER_ERROR.set(Some(class.clone().into_object()));
    Ok(class)
}

fn itimer_error() -> Raised {
    let errno = exceptions::errno();
    match itimer_error_class() {
        Ok(class) => exceptions::from_errno_objects(class.as_ptr().cast(), errno, None, None),
        Err(raised) => raised,
    }
}

/// Installs a native action; false with `errno` set when the system refuses.
fn install(signal: c_int, action: usize) -> bool {
    // SAFETY: fills structs; the action is one of the two constants or a handler that only touches atomics.
    unsafe {
        let mut new: libc::sigaction = core::mem::zeroed();
        new.sa_sigaction = action;
        libc::sigemptyset(&mut new.sa_mask);
        // System calls are interrupted, so that the handler runs soon.
        new.sa_flags = libc::SA_ONSTACK;
        libc::sigaction(signal, &new, ptr::null_mut()) == 0
    }
}

/// The native action of a signal.
fn current_action(signal: c_int) -> Option<usize> {
    // SAFETY: fills a struct.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        if libc::sigaction(signal, ptr::null(), &mut action) == 0 { Some(action.sa_sigaction) } else { None }
    }
}

/// The native handler.
extern "C" fn on_signal(signal: c_int) {
    let errno = exceptions::errno();
    trip(signal);
    // SAFETY: errno is thread local.
    unsafe { *libc::__errno_location() = errno };
}

/// Notes a signal. Safe in a native signal handler: touches atomics and writes to a descriptor.
fn trip(signal: c_int) {
    let Some(row) = usize::try_from(signal).ok().and_then(|signal| HANDLERS.get(signal)) else { return };
    row.tripped.store(true, Ordering::Relaxed);
    TRIPPED.store(true, Ordering::Release);
    thread::breaker::request_main(_PY_SIGNALS_PENDING_BIT);
    let fd = WAKEUP.load(Ordering::Relaxed);
    if fd == -1 {
        return;
    }
    let byte = signal as u8;
    // SAFETY: one live byte.
    if unsafe { libc::write(fd, (&raw const byte).cast(), 1) } < 0 {
        let errno = exceptions::errno();
        if WARN_ON_FULL_BUFFER.load(Ordering::Relaxed) || (errno != libc::EWOULDBLOCK && errno != libc::EAGAIN) {
            // Reported with the next run of handlers, where that is allowed.
            WAKEUP_ERROR.store(errno, Ordering::Relaxed);
        }
    }
}

/// Runs the Python handlers of the signals that came. What one raises ends the run; the rest stays for the next.
pub fn run_tripped_handlers() -> PyResult<()> {
    if !thread::interpreter().is_main_thread() || !TRIPPED.swap(false, Ordering::Acquire) {
        return Ok(());
    }
    match WAKEUP_ERROR.swap(0, Ordering::Relaxed) {
        0 => {}
        errno => {
            let raised = exceptions::from_errno(errno, None);
            exceptions::report_unraisable(
                raised,
                "Exception ignored while trying to write to the signal wakeup fd",
                None,
            );
        }
    }
    let frame = match crate::types::frame::current()? {
        Some(frame) => frame.into_object(),
        None => none(),
    };
    for (index, row) in HANDLERS.iter().enumerate().skip(1) {
        if !row.tripped.swap(false, Ordering::Relaxed) {
            continue;
        }
        let function = row.function.get().filter(|function| function.is_callable());
        let Some(function) = function else {
            // The handler was taken away after the signal came.
            let raised = raise!(OSError, "Signal {index} ignored due to race condition");
            exceptions::report_unraisable_object(raised, None);
            continue;
        };
        let number = Int::from_usize(index)?;
        if let Err(raised) = function.call(&[number.as_borrowed(), frame.borrow()]) {
            TRIPPED.store(true, Ordering::Release);
            return Err(raised);
        }
    }
    Ok(())
}

/// Whether SIGINT came; it counts as handled then (`PyOS_InterruptOccurred`).
pub fn take_interrupt() -> bool {
    HANDLERS.get(libc::SIGINT as usize).is_some_and(|row| row.tripped.swap(false, Ordering::Relaxed))
}

/// Sets up signals at start-up: writing to a closed pipe is an error and not the end, and SIGINT raises
/// KeyboardInterrupt.
pub fn install_handlers() -> PyResult<()> {
    install(libc::SIGPIPE, libc::SIG_IGN);
    install(libc::SIGXFSZ, libc::SIG_IGN);
    crate::import::import_module("_signal")?;
    let row = handler(libc::SIGINT)?;
    if current_action(libc::SIGINT) == Some(libc::SIG_DFL)
        && let Some(function) = INT_HANDLER.get()
        && install(libc::SIGINT, on_signal as extern "C" fn(c_int) as usize)
    {
        row.function.set(Some(function));
    }
    Ok(())
}

/// Gives the signals with Python handlers back to the system: at the end.
pub fn finalize() {
    for (index, row) in HANDLERS.iter().enumerate().skip(1) {
        let function = row.function.take();
        row.tripped.store(false, Ordering::Relaxed);
        if function.is_some_and(|function| function.is_callable()) {
            install(index as c_int, libc::SIG_DFL);
        }
    }
    WAKEUP.store(-1, Ordering::Relaxed);
}

/// Acts as if `signal` came, unless it is ignored or left to the system (`PyErr_SetInterruptEx`).
pub fn interrupt_main(signal: c_int) -> PyResult<()> {
    let row = handler(signal)?;
    if row.function.get().is_none_or(|function| function.is_callable()) {
        trip(signal);
    }
    Ok(())
}

/// In the child of a fork, signals of the parent are not the child's.
pub fn after_fork_child() {
    for row in &HANDLERS {
        row.tripped.store(false, Ordering::Relaxed);
    }
    TRIPPED.store(false, Ordering::Relaxed);
}
