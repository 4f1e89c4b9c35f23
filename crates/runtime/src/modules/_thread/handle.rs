//! Threads: starting them, and the handles by which they are waited for.
//!
//! The machine thread is detached; its end is known by a lock that it holds while it runs. CPython: `ThreadHandle` in
//! `Modules/_threadmodule.c`.

use core::cell::{Cell, RefCell};
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::Arc;

use super::{Thread, acquire, duration_from_object};
use crate::abi::{_PyThreadState_WHENCE_THREADING, PyObject, PyThreadState};
use crate::memory::object as memory;
use crate::prelude::*;
use crate::thread::{self, Wait, gil, state};
use crate::types::exceptions;

const NOT_STARTED: u8 = 0;
const STARTING: u8 = 1;
const RUNNING: u8 = 2;
const DONE: u8 = 3;

/// What a handle and its thread share.
struct Shared {
    state: AtomicU8,
    ident: AtomicU64,
    /// Held while the thread runs.
    running: thread::Lock,
    /// Whether the end of the process waits for the thread.
    awaited: AtomicBool,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            state: AtomicU8::new(NOT_STARTED),
            ident: AtomicU64::new(0),
            running: thread::Lock::new(),
            awaited: AtomicBool::new(false),
        })
    }

    fn finish(&self) {
        if self.state.swap(DONE, Ordering::AcqRel) != DONE {
            self.running.release();
        }
    }
}

/// `_thread._ThreadHandle`.
#[repr(C)]
pub struct ThreadHandle {
    ob_base: PyObject,
    /// Never null in an object that Python sees.
    shared: Cell<*const Shared>,
}

#[pytype(name = "_ThreadHandle", module = "_thread", gc, heap)]
impl ThreadHandle {
    #[slot(tp_traverse)]
    fn traverse(_this: &ThreadHandle, _visit: &mut Visitor) {}

    #[slot(tp_new, raw)]
    const NEW: crate::abi::newfunc = new;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ThreadHandle) {
        // SAFETY: the object has no count left; it owns its part of what is shared.
        unsafe {
            let shared = (*this).shared.get();
            if !shared.is_null() {
                drop(Arc::from_raw(shared));
            }
            memory::free(this.cast());
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ThreadHandle>) -> PyResult<String> {
        let ident = this.shared().ident.load(Ordering::Relaxed);
        Ok(format!("<{} object: ident={ident}>", this.type_of().full_name()?))
    }

    #[getter(name = "ident")]
    fn ident(this: &Ref<ThreadHandle>) -> u64 {
        this.shared().ident.load(Ordering::Relaxed)
    }

    #[method(signature = "($self, /)")]
    fn is_done(this: &Ref<ThreadHandle>) -> bool {
        this.shared().state.load(Ordering::Acquire) == DONE
    }

    #[method(signature = "($self, /)")]
    fn _set_done(this: &Ref<ThreadHandle>) -> PyResult<()> {
        if this.shared().state.load(Ordering::Acquire) == NOT_STARTED {
            return Err(raise!(RuntimeError, "thread not started"));
        }
        this.shared().finish();
        Ok(())
    }

    #[method(raw)]
    fn join(this: &Ref<ThreadHandle>, args: CallArgs<'_>) -> PyResult<()> {
        args.no_keywords("join")?;
        args.check_count("join", 0, 1)?;
        let wait = match args.get(0).filter(|timeout| !timeout.is_none()) {
            None => Wait::Forever,
            Some(timeout) => match duration_from_object(timeout)? {
                Some(duration) => Wait::For(duration),
                None => Wait::Forever,
            },
        };
        join(&this.shared(), wait)
    }
}

fn join(shared: &Shared, wait: Wait) -> PyResult<()> {
    match shared.state.load(Ordering::Acquire) {
        NOT_STARTED => return Err(raise!(RuntimeError, "thread not started")),
        DONE => return Ok(()),
        _ => {}
    }
    if shared.ident.load(Ordering::Relaxed) == thread::current_ident() {
        return Err(raise!(RuntimeError, "Cannot join current thread"));
    }
    // Whoever is not done by then never will be: it hangs when it wants the lock.
    if thread::interpreter().is_finalizing() {
        return Err(raise!(PythonFinalizationError, "cannot join thread at interpreter shutdown"));
    }
    if acquire(&shared.running, wait)? {
        // For the next one who waits.
        shared.running.release();
    }
    Ok(())
}

impl Ref<ThreadHandle> {
    fn shared(&self) -> Arc<Shared> {
        // SAFETY: set when the object is made; the object keeps its own count.
        unsafe { Arc::clone(&ManuallyDrop::new(Arc::from_raw(self.shared.get()))) }
    }
}

fn create(shared: Arc<Shared>) -> PyResult<Ref<ThreadHandle>> {
    let object = memory::new::<ThreadHandle>()?;
    // SAFETY: a new object.
    unsafe {
        (*object).shared.set(Arc::into_raw(shared));
        Ok(Ref::from_owned_ptr(object))
    }
}

unsafe extern "C" fn new(
    _class: *mut crate::abi::PyTypeObject,
    _args: *mut PyObject,
    _kwargs: *mut PyObject,
) -> *mut PyObject {
    create(Shared::new()).map_or(core::ptr::null_mut(), Ref::into_ptr)
}

/// The threads that the end of the process waits for.
struct Awaited(RefCell<Vec<Arc<Shared>>>);
// SAFETY: guarded by the GIL; no borrow lasts while Python code runs.
unsafe impl Sync for Awaited {}
static AWAITED: Awaited = Awaited(RefCell::new(Vec::new()));

#[pymethods(part = STARTING)]
impl Thread {
    #[function(signature = "(function, args, kwargs={}, /)")]
    fn start_new_thread(
        function: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
        kwargs: Option<Borrowed<'_, Object>>,
    ) -> PyResult<u64> {
        start_new(function, args, kwargs)
    }

    #[function(signature = "(function, args, kwargs={}, /)")]
    fn start_new(
        function: Borrowed<'_, Object>,
        args: Borrowed<'_, Object>,
        kwargs: Option<Borrowed<'_, Object>>,
    ) -> PyResult<u64> {
        start_new(function, args, kwargs)
    }

    #[function(signature = "(function, handle=None, daemon=True)")]
    fn start_joinable_thread(
        function: Borrowed<'_, Object>,
        handle: Option<Borrowed<'_, Object>>,
        daemon: bool,
    ) -> PyResult<Ref<ThreadHandle>> {
        if !function.is_callable() {
            return Err(raise!(TypeError, "thread function must be callable"));
        }
        let handle = match handle.filter(|handle| !handle.is_none()) {
            None => create(Shared::new())?,
            Some(handle) => match handle.downcast::<ThreadHandle>() {
                Some(handle) => handle.to_owned(),
                None => return Err(raise!(TypeError, "'handle' must be a _ThreadHandle")),
            },
        };
        crate::modules::sys::audit(
            "_thread.start_joinable_thread",
            &[function, Bool::from(daemon).as_borrowed(), handle.as_borrowed()],
        )?;
        let shared = handle.shared();
        start(Arc::clone(&shared), function.to_owned(), Tuple::empty(), None, daemon)?;
        Ok(handle)
    }

    /// A handle of a running thread that `_thread` did not start: the main thread, and foreign ones.
    #[function(signature = "(ident, /)")]
    fn _make_thread_handle(ident: Borrowed<'_, Object>) -> PyResult<Ref<ThreadHandle>> {
        let Some(ident) = ident.downcast::<Int>() else {
            return Err(raise!(TypeError, "ident must be an integer"));
        };
        let shared = Shared::new();
        shared.ident.store(ident.to_u64_mask(), Ordering::Relaxed);
        shared.state.store(RUNNING, Ordering::Release);
        shared.running.try_acquire();
        create(shared)
    }

    /// Waits for all threads that are no daemons.
    #[function(signature = "(/)")]
    fn _shutdown() -> PyResult<()> {
        let me = thread::current_ident();
        loop {
            let next = {
                let mut awaited = AWAITED.0.borrow_mut();
                awaited.retain(|shared| shared.state.load(Ordering::Acquire) != DONE);
                awaited.iter().find(|shared| shared.ident.load(Ordering::Relaxed) != me).cloned()
            };
            let Some(shared) = next else { return Ok(()) };
            join(&shared, Wait::Forever)?;
        }
    }
}

fn start_new(
    function: Borrowed<'_, Object>,
    args: Borrowed<'_, Object>,
    kwargs: Option<Borrowed<'_, Object>>,
) -> PyResult<u64> {
    if !function.is_callable() {
        return Err(raise!(TypeError, "first arg must be callable"));
    }
    let Some(args) = args.downcast::<Tuple>() else {
        return Err(raise!(TypeError, "2nd arg must be a tuple"));
    };
    let kwargs = match kwargs {
        None => None,
        Some(kwargs) => match kwargs.downcast::<Dict>() {
            Some(kwargs) => Some(kwargs.to_owned()),
            None => return Err(raise!(TypeError, "optional 3rd arg must be a dictionary")),
        },
    };
    let absent = none();
    crate::modules::sys::audit(
        "_thread.start_new_thread",
        &[function, args.upcast(), kwargs.as_ref().map_or(absent.borrow(), |kwargs| kwargs.as_borrowed())],
    )?;
    let shared = Shared::new();
    start(Arc::clone(&shared), function.to_owned(), args.to_owned(), kwargs, true)?;
    Ok(shared.ident.load(Ordering::Relaxed))
}

/// What a new thread takes with it. It is opened under the GIL only.
struct Start {
    state: *mut PyThreadState,
    function: Ref<Object>,
    args: Ref<Tuple>,
    kwargs: Option<Ref<Dict>>,
    shared: Arc<Shared>,
    /// Released by the new thread once its identifier is known.
    known: Arc<thread::Lock>,
}

// SAFETY: the objects are touched with the GIL held.
unsafe impl Send for Start {}

/// The size of a thread's stack that the system's limit suggests.
fn default_stack_size() -> usize {
    // SAFETY: fills a struct.
    unsafe {
        let mut limit: libc::rlimit = core::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_STACK, &mut limit) == 0 && limit.rlim_cur != libc::RLIM_INFINITY {
            return (limit.rlim_cur as usize).clamp(1 << 20, 1 << 30);
        }
    }
    8 << 20
}

fn start(
    shared: Arc<Shared>,
    function: Ref<Object>,
    args: Ref<Tuple>,
    kwargs: Option<Ref<Dict>>,
    daemon: bool,
) -> PyResult<()> {
    let interp = thread::interpreter();
    if shared.state.compare_exchange(NOT_STARTED, STARTING, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return Err(raise!(RuntimeError, "thread already started"));
    }
    if interp.is_finalizing() {
        shared.state.store(NOT_STARTED, Ordering::Release);
        return Err(raise!(PythonFinalizationError, "can't create new thread at interpreter shutdown"));
    }
    let new_state = state::new(_PyThreadState_WHENCE_THREADING);
    if new_state.is_null() {
        shared.state.store(NOT_STARTED, Ordering::Release);
        return Err(Raised::no_memory());
    }
    let known = Arc::new(thread::Lock::new());
    known.try_acquire();
    shared.running.try_acquire();
    let packet =
        Start { state: new_state, function, args, kwargs, shared: Arc::clone(&shared), known: Arc::clone(&known) };
    let size = match interp.thread_stack_size.get() {
        0 => default_stack_size(),
        size => size,
    };
    // The packet is boxed so that a failure gives it back to this thread, which has the GIL to drop it.
    let packet = Box::into_raw(Box::new(packet)) as usize;
    let spawned = std::thread::Builder::new().stack_size(size).spawn(move || {
        // SAFETY: the box came from above, and this is its only user.
        let packet = unsafe { Box::from_raw(packet as *mut Start) };
        run(*packet);
    });
    if spawned.is_err() {
        // SAFETY: the thread does not exist, so the packet is still ours.
        unsafe {
            drop(Box::from_raw(packet as *mut Start));
            state::clear(new_state);
            state::delete(new_state);
        }
        shared.running.release();
        shared.state.store(NOT_STARTED, Ordering::Release);
        return Err(raise!(RuntimeError, "can't start new thread"));
    }
    // Before the identifier is known nobody may see the handle as running.
    let _outcome = known.acquire(Wait::Forever, false);
    if !daemon {
        shared.awaited.store(true, Ordering::Relaxed);
        let mut awaited = AWAITED.0.borrow_mut();
        awaited.retain(|shared| shared.state.load(Ordering::Acquire) != DONE);
        awaited.push(shared);
    }
    Ok(())
}

/// The life of a thread.
fn run(packet: Start) {
    let Start { state, function, args, kwargs, shared, known } = packet;
    shared.ident.store(thread::current_ident(), Ordering::Relaxed);
    let _old = shared.state.compare_exchange(STARTING, RUNNING, Ordering::AcqRel, Ordering::Acquire);
    known.release();
    drop(known);
    let interp = thread::interpreter();
    // SAFETY: the state was made for this thread, which is new.
    unsafe {
        state::bind(state);
        gil::attach(state);
    }
    interp.thread_count.fetch_add(1, Ordering::Relaxed);
    if let Err(raised) = function.call_tuple(args.borrow(), kwargs.as_ref().map(Ref::borrow)) {
        if raised.is_a::<exceptions::SystemExit>() {
            raised.clear();
        } else {
            exceptions::report_unraisable(raised, "Exception ignored in thread started by", Some(function.borrow()));
        }
    }
    drop((function, args, kwargs));
    interp.thread_count.fetch_sub(1, Ordering::Relaxed);
    state::delete_current();
    shared.finish();
}

/// Calls `threading._shutdown()` if that module is loaded: waits for all threads that are no daemons.
pub fn wait_for_threads() -> PyResult<()> {
    let modules = thread::interpreter().modules_dict()?;
    let Some(threading) = modules.get_str(id!("threading")) else { return Ok(()) };
    threading.call_method(id!("_shutdown"), &[])?;
    Ok(())
}

/// In the child of a fork, threads of the parent are over.
pub fn after_fork_child() {
    let me = thread::current_ident();
    let others = AWAITED.0.take();
    for shared in others {
        if shared.ident.load(Ordering::Relaxed) == me {
            AWAITED.0.borrow_mut().push(shared);
        } else {
            shared.state.store(DONE, Ordering::Release);
            shared.running.reset();
        }
    }
    thread::interpreter().thread_count.store(0, Ordering::Relaxed);
}
