//! Crashes: handlers of SIGSEGV, SIGFPE, SIGABRT, SIGBUS and SIGILL that show the tracebacks first.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::{FaultHandler, descriptor, dump};
use crate::prelude::*;
use crate::thread::{self, Slot};

static ENABLED: AtomicBool = AtomicBool::new(false);
static ALL_THREADS: AtomicBool = AtomicBool::new(true);
static FD: AtomicI32 = AtomicI32::new(2);
/// Keeps the file open.
static FILE: Slot = Slot::new();

const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

/// The actions that were there before.
struct Previous(UnsafeCell<[Option<libc::sigaction>; 5]>);
// SAFETY: written while handlers are switched on or off under the GIL, read by handlers in between.
unsafe impl Sync for Previous {}
static PREVIOUS: Previous = Previous(UnsafeCell::new([None; 5]));

#[pymethods(part = FATAL)]
impl FaultHandler {
    #[function(name = "enable", signature = "(file=sys.stderr, all_threads=True)")]
    fn enable_handlers(file: Option<Borrowed<'_, Object>>, all_threads: bool) -> PyResult<()> {
        let (fd, file) = descriptor(file)?;
        if enable(fd, file, all_threads) {
            return Ok(());
        }
        Err(crate::types::exceptions::from_last_errno(None))
    }

    #[function(name = "disable", signature = "(/)")]
    fn disable_handlers() -> bool {
        disable()
    }

    #[function(signature = "(/)")]
    fn is_enabled() -> bool {
        ENABLED.load(Ordering::Relaxed)
    }
}

/// Switches the handlers on; false when the system refuses.
pub(super) fn enable(fd: c_int, file: Option<Ref<Object>>, all_threads: bool) -> bool {
    FILE.set(file);
    FD.store(fd, Ordering::Relaxed);
    ALL_THREADS.store(all_threads, Ordering::Relaxed);
    if ENABLED.swap(true, Ordering::Relaxed) {
        return true;
    }
    install_stack();
    for (index, (signal, _)) in SIGNALS.iter().enumerate() {
        // SAFETY: fills structs; the handler allocates nothing.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = on_fault as extern "C" fn(c_int) as usize;
            libc::sigemptyset(&mut action.sa_mask);
            action.sa_flags = libc::SA_NODEFER | libc::SA_ONSTACK;
            let mut old: libc::sigaction = core::mem::zeroed();
            if libc::sigaction(*signal, &action, &mut old) != 0 {
                return false;
            }
            (*PREVIOUS.0.get())[index] = Some(old);
        }
    }
    true
}

/// Switches them off; answers whether they were on.
pub(super) fn disable() -> bool {
    let was = ENABLED.swap(false, Ordering::Relaxed);
    if was {
        for index in 0..SIGNALS.len() {
            restore(index);
        }
    }
    FILE.set(None);
    was
}

fn restore(index: usize) {
    // SAFETY: see `Previous`.
    unsafe {
        if let Some(old) = (*PREVIOUS.0.get())[index].take() {
            libc::sigaction(SIGNALS[index].0, &old, ptr::null_mut());
        }
    }
}

/// A stack for handlers, so that they run after an overflow of the thread's own. It is never given back.
fn install_stack() {
    const SIZE: usize = 64 * 1024;
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: memory that lives for ever.
    unsafe {
        let memory = libc::malloc(SIZE);
        if memory.is_null() {
            return;
        }
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: SIZE };
        libc::sigaltstack(&stack, ptr::null_mut());
    }
}

extern "C" fn on_fault(signal: c_int) {
    let errno = crate::types::exceptions::errno();
    let Some(index) = SIGNALS.iter().position(|(known, _)| *known == signal) else { return };
    // A second fault, in here, takes the usual way.
    restore(index);
    let fd = FD.load(Ordering::Relaxed);
    dump::write(fd, "Fatal Python error: ");
    dump::write(fd, SIGNALS[index].1);
    dump::write(fd, "\n\n");
    let state = thread::gil::gil_state();
    if ALL_THREADS.load(Ordering::Relaxed) {
        dump::all_threads(fd, state);
    } else {
        dump::thread_traceback(fd, state, true);
    }
    dump::write(fd, "\n");
    dump::native_stack(fd);
    // SAFETY: errno is thread local; the signal goes to the handler that was there before.
    unsafe {
        *libc::__errno_location() = errno;
        libc::raise(signal);
    }
}
