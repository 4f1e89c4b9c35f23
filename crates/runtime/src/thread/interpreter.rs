//! The state of the interpreter: what all threads share.
//!
//! There is one interpreter in a process; `PyInterpreterState *` of C points to [`Interpreter`], which C cannot look
//! into. CPython: `pycore_interp_structs.h`, `Python/pystate.c`.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::Mutex;

use super::slot::Slot;
use crate::abi::{PyInterpreterState, PyObject, PyThreadState};
use crate::interp::frame;
use crate::prelude::*;
use crate::types::exceptions::KeyError;

/// A native audit hook (`PySys_AddAuditHook`).
#[derive(Clone, Copy)]
pub struct AuditHook {
    pub hook: unsafe extern "C" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int,
    pub data: *mut c_void,
}

/// Objects that specialised instructions compare callables with. Null before they exist.
pub struct Callables {
    /// The method descriptor `list.append`.
    pub list_append: Cell<*mut PyObject>,
    pub list_pop: Cell<*mut PyObject>,
    pub dict_get: Cell<*mut PyObject>,
    pub set_add: Cell<*mut PyObject>,
    /// The function `len`.
    pub len: Cell<*mut PyObject>,
    /// The function `isinstance`.
    pub isinstance: Cell<*mut PyObject>,
    /// The functions `all` and `any`.
    pub all: Cell<*mut PyObject>,
    pub any: Cell<*mut PyObject>,
}

/// The fields are cells under the GIL, except where they are atomic or locked.
pub struct Interpreter {
    /// `sys.modules`.
    pub modules: Slot,
    /// The dict of the module `sys`.
    pub sysdict: Slot,
    /// The dict of `sys` as it was after creation, for making the module again.
    pub sysdict_copy: Slot,
    /// The dict of the module `builtins`.
    pub builtins: Slot,
    pub builtins_copy: Slot,
    /// The frozen `importlib._bootstrap`.
    pub importlib: Slot,
    /// The original `builtins.__import__`, so that the import statement can see that nobody replaced it.
    pub import_function: Slot,
    /// Modules without multi-phase initialisation by index (`PyState_FindModule`).
    pub modules_by_index: Slot,
    /// Python audit hooks, a list, or nothing.
    pub audit_hooks: Slot,
    /// Native audit hooks.
    pub native_audit_hooks: Mutex<Vec<AuditHook>>,
    /// Whether there is any audit hook at all.
    pub has_audit_hooks: AtomicBool,
    /// `os.register_at_fork`: lists.
    pub before_forkers: Slot,
    pub after_forkers_parent: Slot,
    pub after_forkers_child: Slot,
    /// Whether `sys.flags`' and others' late parts are there: set at the end of start-up.
    pub initialized: AtomicBool,
    /// The thread that finalises the process, or null.
    pub finalizing: AtomicPtr<PyThreadState>,
    pub finalizing_id: AtomicU64,
    /// The main thread's `pthread_self()`.
    pub main_thread_id: AtomicU64,
    pub main_thread: AtomicPtr<PyThreadState>,
    /// The newest thread state; the others follow by `next`. `threads_lock` guards the links.
    pub threads: AtomicPtr<PyThreadState>,
    pub threads_lock: Mutex<()>,
    pub next_thread_id: AtomicU64,
    /// `sys.setrecursionlimit`.
    pub recursion_limit: Cell<c_int>,
    /// `sys.set_int_max_str_digits`.
    pub int_max_str_digits: Cell<c_int>,
    /// `sys.setdlopenflags`.
    pub dlopen_flags: Cell<c_int>,
    /// Threads that `_thread` started and that still run.
    pub thread_count: AtomicU32,
    /// `threading.stack_size()`; 0 for the system's default.
    pub thread_stack_size: Cell<usize>,
    /// The version of instrumentation, in the bits above the events of every eval breaker: new threads begin with it.
    pub instrumentation_version: AtomicU64,
    pub callables: Callables,
}

// SAFETY: cells are touched by the holder of the GIL only.
unsafe impl Sync for Interpreter {}

static MAIN: Interpreter = Interpreter {
    modules: Slot::new(),
    sysdict: Slot::new(),
    sysdict_copy: Slot::new(),
    builtins: Slot::new(),
    builtins_copy: Slot::new(),
    importlib: Slot::new(),
    import_function: Slot::new(),
    modules_by_index: Slot::new(),
    audit_hooks: Slot::new(),
    native_audit_hooks: Mutex::new(Vec::new()),
    has_audit_hooks: AtomicBool::new(false),
    before_forkers: Slot::new(),
    after_forkers_parent: Slot::new(),
    after_forkers_child: Slot::new(),
    initialized: AtomicBool::new(false),
    finalizing: AtomicPtr::new(ptr::null_mut()),
    finalizing_id: AtomicU64::new(0),
    main_thread_id: AtomicU64::new(0),
    main_thread: AtomicPtr::new(ptr::null_mut()),
    threads: AtomicPtr::new(ptr::null_mut()),
    threads_lock: Mutex::new(()),
    next_thread_id: AtomicU64::new(1),
    recursion_limit: Cell::new(DEFAULT_RECURSION_LIMIT),
    int_max_str_digits: Cell::new(4300),
    dlopen_flags: Cell::new(libc::RTLD_NOW),
    thread_count: AtomicU32::new(0),
    thread_stack_size: Cell::new(0),
    instrumentation_version: AtomicU64::new(0),
    callables: Callables {
        list_append: Cell::new(ptr::null_mut()),
        list_pop: Cell::new(ptr::null_mut()),
        dict_get: Cell::new(ptr::null_mut()),
        set_add: Cell::new(ptr::null_mut()),
        len: Cell::new(ptr::null_mut()),
        isinstance: Cell::new(ptr::null_mut()),
        all: Cell::new(ptr::null_mut()),
        any: Cell::new(ptr::null_mut()),
    },
};

// SAFETY: raw pointers inside belong to whoever registered the hook.
unsafe impl Send for AuditHook {}

pub const DEFAULT_RECURSION_LIMIT: c_int = 1000;

/// The interpreter.
#[inline(always)]
pub fn interpreter() -> &'static Interpreter {
    &MAIN
}

impl Interpreter {
    /// The pointer that C sees.
    pub fn as_c(&self) -> *mut PyInterpreterState {
        (&raw const *self).cast_mut().cast()
    }

    /// `sys.modules`, if there is one (it can be any mapping, but the field of the interpreter is a dict).
    pub fn modules_dict(&self) -> PyResult<Ref<Dict>> {
        match self.modules.get() {
            Some(modules) => match modules.into_downcast::<Dict>() {
                Ok(dict) => Ok(dict),
                Err(_) => Err(raise!(TypeError, "sys.modules is not a dict")),
            },
            None => Err(raise!(RuntimeError, "unable to get sys.modules")),
        }
    }

    /// The dict of `sys`; RuntimeError ("lost") when it is gone.
    pub fn sys_dict(&self) -> PyResult<Ref<Dict>> {
        // SAFETY: only a dict is put there.
        match unsafe { self.sysdict.get_as::<Dict>() } {
            Some(dict) => Ok(dict),
            None => Err(raise!(RuntimeError, "lost sys module")),
        }
    }

    /// `sys.name`, `None` when it is not there.
    pub fn sys_attr(&self, name: Borrowed<'_, Str>) -> Option<Ref<Object>> {
        // SAFETY: only a dict is put there.
        unsafe { self.sysdict.get_as::<Dict>() }?.get_str(name)
    }

    /// `sys.name`; RuntimeError when it is not there.
    pub fn required_sys_attr(&self, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        match self.sys_attr(name) {
            Some(value) => Ok(value),
            None => Err(raise!(RuntimeError, "lost sys.{}", name.to_display())),
        }
    }

    /// The dict of `builtins`, which exists from start-up to the end.
    pub fn builtins_dict(&self) -> Ref<Dict> {
        // SAFETY: only a dict is put there.
        match unsafe { self.builtins.get_as::<Dict>() } {
            Some(dict) => dict,
            None => super::fatal("", "lost builtins module"),
        }
    }

    pub fn is_finalizing(&self) -> bool {
        !self.finalizing.load(Ordering::Relaxed).is_null()
    }

    /// From now on every other thread that wants the GIL hangs.
    pub fn set_finalizing(&self, thread: *mut PyThreadState) {
        self.finalizing_id.store(super::state::current_ident(), Ordering::Relaxed);
        self.finalizing.store(thread, Ordering::Release);
    }

    pub fn is_main_thread(&self) -> bool {
        self.main_thread_id.load(Ordering::Relaxed) == super::state::current_ident()
    }

    /// Runs `body` for each thread state, newest first. `body` must not create or delete thread states.
    pub fn for_each_thread(&self, mut body: impl FnMut(*mut PyThreadState)) {
        let _guard = lock_ignoring_poison(&self.threads_lock);
        let mut thread = self.threads.load(Ordering::Relaxed);
        while !thread.is_null() {
            body(thread);
            // SAFETY: linked states are live while the lock is held.
            thread = unsafe { (*thread).next.get() };
        }
    }
}

/// A poisoned lock is as good as any: panics abort the process.
pub(crate) fn lock_ignoring_poison<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The built-in function or type that the running Python code finds by this name (`_PyEval_GetBuiltin`).
pub fn builtin(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    let builtins = current_builtins();
    let found = match builtins.downcast_exact::<Dict>() {
        Some(dict) => dict.get(name)?,
        None => match builtins.get_item(name.upcast()) {
            Ok(value) => Some(value),
            Err(raised) => {
                raised.clear_if::<KeyError>()?;
                None
            }
        },
    };
    found.ok_or_else(|| raise!(AttributeError, object: name.upcast().to_owned()))
}

/// The built-in names of the running Python code (`PyEval_GetBuiltins`).
pub fn current_builtins() -> Ref<Object> {
    // SAFETY: the current frame is live and keeps its built-in names.
    unsafe {
        match frame::first_complete(super::current().current_frame.get()).as_ref() {
            Some(frame) => Ref::from_borrowed_ptr(frame.f_builtins.get()),
            None => interpreter().builtins_dict().into_object(),
        }
    }
}

/// The builtins that code with these globals uses: `__builtins__`, a module or a dict, or the interpreter's own.
pub fn builtins_of(globals: Borrowed<'_, Dict>) -> PyResult<Ref<Object>> {
    match globals.get(id!("__builtins__").upcast())? {
        Some(builtins) => Ok(match builtins.downcast::<Module>() {
            Some(module) => module.dict().into_object(),
            None => builtins,
        }),
        None => Ok(current_builtins()),
    }
}
