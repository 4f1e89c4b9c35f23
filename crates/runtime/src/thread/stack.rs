//! Bounds of the machine stack, and the check that every native recursion makes.
//!
//! Below the soft limit a check raises RecursionError; the space between the soft and the hard limit lets the handling
//! of that error run; below the hard limit the process ends. Calls of Python functions by Python code do not use the
//! machine stack and are counted instead. CPython: `Python/ceval.c`.

use super::current;
use crate::abi::{_PyThreadStateImpl, PyThreadState};
use crate::prelude::*;

/// Space that native code between two checks may use.
pub const MARGIN: usize = 128 * 1024;

/// The approximate stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        let pointer: usize;
        // SAFETY: reads a register.
        unsafe { core::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
        pointer
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let here = 0u8;
        core::hint::black_box(&raw const here) as usize
    }
}

/// The thread state with its stack bounds.
#[inline(always)]
fn bounds(thread: &PyThreadState) -> &_PyThreadStateImpl {
    // SAFETY: every state is made by `state::new` and is a `_PyThreadStateImpl`.
    unsafe { &*(&raw const *thread).cast() }
}

/// Finds the bounds of this thread's stack.
pub fn measure(thread: &_PyThreadStateImpl) {
    let (base, size) = stack_area();
    // SAFETY: the stack reaches down to `base`.
    unsafe { claim(base + MARGIN.min(size / 4), size) };
    set_bounds(thread, base, size);
}

/// The largest stack that is claimed.
const CLAIMED: usize = 64 << 20;

/// The main thread's stack grows as it is used, and a process that has come to the limit of its address space (`ulimit -v`)
/// dies where it cannot grow: no recursion check helps. So the address space down to `lowest` is claimed while there is some.
/// It takes one page of memory.
///
/// # Safety
/// The stack of this thread, `size` bytes, reaches below `lowest`.
unsafe fn claim(lowest: usize, size: usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls that fill `limit`.
    let unlimited =
        unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) } == 0 && limit.rlim_cur == libc::RLIM_INFINITY;
    // SAFETY: no arguments.
    let is_main = unsafe { libc::getpid() == libc::gettid() };
    if !unlimited || !is_main || size > CLAIMED || lowest >= stack_pointer() {
        return;
    }
    // SAFETY: the page belongs to the stack, below all that is in use. Kernels before 5.0 let the stack grow only near the
    // stack pointer, so that is there for the moment; nothing is written.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(
            "mov {kept}, rsp",
            "mov rsp, {lowest}",
            "test byte ptr [rsp], 0",
            "mov rsp, {kept}",
            kept = out(reg) _,
            lowest = in(reg) lowest & !63,
        );
    }
    // SAFETY: as above.
    #[cfg(not(target_arch = "x86_64"))]
    unsafe {
        (lowest as *const u8).read_volatile();
    }
}

/// Sets the bounds from the lowest usable address and the size.
pub fn set_bounds(thread: &_PyThreadStateImpl, base: usize, size: usize) {
    let margin = MARGIN.min(size / 4);
    thread.c_stack_init_base.set(base);
    thread.c_stack_init_top.set(base + size);
    thread.c_stack_top.set(base + size);
    thread.c_stack_hard_limit.set(base + margin);
    thread.c_stack_soft_limit.set(base + margin * 2);
}

/// The lowest usable address of this thread's stack, and how far it reaches up.
fn stack_area() -> (usize, usize) {
    // SAFETY: the attributes are initialised by the call that fills them.
    unsafe {
        let mut attributes: libc::pthread_attr_t = core::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) == 0 {
            let (mut base, mut size, mut guard) = (core::ptr::null_mut(), 0usize, 0usize);
            let found = libc::pthread_attr_getstack(&attributes, &mut base, &mut size) == 0
                && libc::pthread_attr_getguardsize(&attributes, &mut guard) == 0;
            libc::pthread_attr_destroy(&mut attributes);
            let here = stack_pointer();
            if found && size > guard && (base as usize..base as usize + size).contains(&here) {
                // With an unlimited stack the area reaches into what other mappings use.
                let cut = size.saturating_sub(1 << 30);
                return (base as usize + guard + cut, size - guard - cut);
            }
        }
    }
    // Nothing known: assume a megabyte below this frame.
    let here = stack_pointer();
    (here.saturating_sub(1 << 20), 1 << 20)
}

/// Says that the stack was checked. Nothing is counted, so there is nothing to undo.
#[must_use]
pub struct RecursionGuard(());

/// Raises RecursionError when the machine stack is nearly used up. `activity` ends the message, as in
/// `" while calling a Python object"`.
#[inline(always)]
pub fn enter_recursive(activity: &str) -> PyResult<RecursionGuard> {
    if stack_pointer() < bounds(current()).c_stack_soft_limit.get() {
        overflow(activity)?;
    }
    Ok(RecursionGuard(()))
}

/// Whether the machine stack is nearly used up, for code that can answer otherwise than by raising.
#[inline(always)]
pub fn is_stack_low() -> bool {
    stack_pointer() < bounds(current()).c_stack_soft_limit.get()
}

/// How many bytes of the stack are left above the soft limit.
#[inline(always)]
pub fn stack_margin() -> usize {
    stack_pointer().saturating_sub(bounds(current()).c_stack_soft_limit.get())
}

/// The RecursionError of work that watched the stack by itself, with [`stack_margin`], and used it up. `activity` is as in
/// [`enter_recursive`].
#[cold]
pub fn stack_overflow(activity: &str) -> Raised {
    let limits = bounds(current());
    let used = limits.c_stack_top.get().saturating_sub(limits.c_stack_soft_limit.get()) / 1024;
    raise!(RecursionError, "Stack overflow (used {used} kB){activity}")
}

#[cold]
#[inline(never)]
fn overflow(activity: &str) -> PyResult<()> {
    let thread = current();
    let limits = bounds(thread);
    let here = stack_pointer();
    if here < limits.c_stack_hard_limit.get() {
        let used = (limits.c_stack_top.get().wrapping_sub(here)) / 1024;
        super::fatal("_Py_CheckRecursiveCall", &format!("Unrecoverable stack overflow (used {used} kB){activity}"));
    }
    if thread.recursion_headroom.get() > 0 {
        return Ok(());
    }
    thread.recursion_headroom.set(thread.recursion_headroom.get() + 1);
    let used = limits.c_stack_top.get().saturating_sub(here) / 1024;
    let raised = raise!(RecursionError, "Stack overflow (used {used} kB){activity}");
    thread.recursion_headroom.set(thread.recursion_headroom.get() - 1);
    Err(raised)
}

/// Called when `py_recursion_remaining` ran out: RecursionError, or the end where handling that error recurses as well.
#[cold]
pub fn check_python_recursion(thread: *mut PyThreadState) -> PyResult<()> {
    // SAFETY: the current thread's state.
    let thread = unsafe { &*thread };
    if thread.recursion_headroom.get() > 0 {
        if thread.py_recursion_remaining.get() < -50 {
            super::fatal("_Py_CheckRecursiveCallPy", "Cannot recover from Python stack overflow.");
        }
        return Ok(());
    }
    if thread.py_recursion_remaining.get() > 0 {
        return Ok(());
    }
    thread.recursion_headroom.set(thread.recursion_headroom.get() + 1);
    let raised = raise!(RecursionError, "maximum recursion depth exceeded");
    thread.recursion_headroom.set(thread.recursion_headroom.get() - 1);
    Err(raised)
}

/// `sys.setrecursionlimit` for all threads.
pub fn set_recursion_limit(limit: c_int) {
    let interp = super::interpreter();
    interp.recursion_limit.set(limit);
    interp.for_each_thread(|thread| {
        // SAFETY: linked states are live.
        let thread = unsafe { &*thread };
        let depth = thread.py_recursion_limit.get() - thread.py_recursion_remaining.get();
        thread.py_recursion_limit.set(limit);
        thread.py_recursion_remaining.set(limit - depth);
    });
}
