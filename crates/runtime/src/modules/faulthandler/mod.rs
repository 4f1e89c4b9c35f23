//! `faulthandler`: shows where every thread is, at a crash, after a time, on a signal, or on demand.
//!
//! What runs in signal handlers allocates nothing and takes no locks: it reads frames as they are and writes to a file
//! descriptor. CPython: `Modules/faulthandler.c`, `Python/traceback.c`.

mod dump;
mod fatal;
mod later;
mod user;

use core::sync::atomic::Ordering;

use crate::prelude::*;
use crate::thread;

pub struct FaultHandler;

/// Which file an argument means: its descriptor, and the object that keeps it open.
fn descriptor(file: Option<Borrowed<'_, Object>>) -> PyResult<(c_int, Option<Ref<Object>>)> {
    let file = match file.filter(|file| !file.is_none()) {
        Some(file) => file.to_owned(),
        None => match thread::interpreter().sys_attr(id!("stderr")) {
            None => return Err(raise!(RuntimeError, "unable to get sys.stderr")),
            Some(file) if file.is_none() => return Err(raise!(RuntimeError, "sys.stderr is None")),
            Some(file) => file,
        },
    };
    if let Some(number) = file.downcast::<Int>() {
        return match number.to_i64().and_then(|number| c_int::try_from(number).ok()).filter(|&fd| fd >= 0) {
            Some(fd) => Ok((fd, None)),
            None => Err(raise!(ValueError, "file is not a valid file descriptor")),
        };
    }
    let number = file.call_method(id!("fileno"), &[])?;
    let fd =
        number.downcast::<Int>().and_then(|number| number.to_i64()).and_then(|number| c_int::try_from(number).ok());
    let Some(fd) = fd.filter(|&fd| fd >= 0) else {
        return Err(raise!(RuntimeError, "file.fileno() is not a valid file descriptor"));
    };
    if let Err(raised) = file.call_method(id!("flush"), &[]) {
        raised.clear();
    }
    Ok((fd, Some(file)))
}

#[pymodule(name = "faulthandler", extend = [FaultHandler::FATAL, FaultHandler::LATER, FaultHandler::USER])]
impl FaultHandler {
    #[function(signature = "(file=sys.stderr, all_threads=True)")]
    fn dump_traceback(file: Option<Borrowed<'_, Object>>, all_threads: bool) -> PyResult<()> {
        let (fd, _file) = descriptor(file)?;
        let state = thread::current_ptr();
        if all_threads {
            dump::all_threads(fd, state);
        } else {
            dump::thread_traceback(fd, state, true);
        }
        thread::check_interrupts()
    }

    #[function(signature = "(file=sys.stderr)")]
    fn dump_c_stack(file: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let (fd, _file) = descriptor(file)?;
        dump::native_stack(fd);
        thread::check_interrupts()
    }

    /// Reads from address 0, for tests.
    #[function(signature = "(/)")]
    fn _read_null() {
        // SAFETY: none: the fault is the purpose.
        unsafe {
            let address: *const c_int = core::hint::black_box(core::ptr::without_provenance(0));
            let _value = address.read_volatile();
        }
    }

    #[function(signature = "(release_gil=False, /)")]
    fn _sigsegv(release_gil: bool) {
        // SAFETY: raises a signal.
        let raise = || unsafe { libc::raise(libc::SIGSEGV) };
        if release_gil {
            thread::allow_threads(raise);
        } else {
            raise();
        }
    }

    #[function(signature = "(/)")]
    fn _sigabrt() {
        std::process::abort();
    }

    #[function(signature = "(/)")]
    fn _sigfpe() {
        // SAFETY: raises a signal.
        unsafe { libc::raise(libc::SIGFPE) };
    }

    #[function(signature = "(/)")]
    fn _fatal_error_c_thread() {
        let spawned =
            std::thread::Builder::new().spawn(|| thread::fatal("faulthandler_fatal_error_thread", "in new thread"));
        if let Ok(handle) = spawned {
            thread::allow_threads(|| {
                let _outcome = handle.join();
            });
        }
    }

    /// Recurses natively until the guard page, for tests.
    #[function(signature = "(/)")]
    fn _stack_overflow() {
        fn deeper(depth: usize) -> usize {
            let buffer = core::hint::black_box([depth; 512]);
            if depth == usize::MAX { 0 } else { deeper(depth + 1) + buffer[0] }
        }
        core::hint::black_box(deeper(1));
    }
}

/// The traceback of the thread that calls this, for fatal errors.
pub fn dump_current_traceback(fd: c_int) {
    dump::write(fd, "\n");
    let current = thread::current_ptr();
    let state = if current.is_null() { thread::gil::gil_state() } else { current };
    if state.is_null() && thread::interpreter().threads.load(Ordering::Relaxed).is_null() {
        return;
    }
    dump::all_threads(fd, state);
}

/// Starts with `-X faulthandler`.
pub fn enable_at_start() -> bool {
    fatal::enable(2, None, true)
}

/// Takes everything back at the end.
pub fn finalize() {
    later::cancel();
    user::unregister_all();
    fatal::disable();
}
