//! `_multiprocessing`: semaphores that processes share. CPython: `Modules/_multiprocessing/`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;
use std::ffi::CString;

use crate::support;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::exceptions;

pub struct Multiprocessing;

const RECURSIVE: c_int = 0;
const SEMAPHORE: c_int = 1;

/// `SemLockObject`.
#[repr(C)]
pub struct SemLock {
    head: PyObject,
    handle: Cell<*mut libc::sem_t>,
    owner: Cell<u64>,
    count: Cell<c_int>,
    maxvalue: Cell<c_int>,
    kind: Cell<c_int>,
    /// A C string of ours, or null.
    name: Cell<*mut c_char>,
}

const _: () = assert!(size_of::<SemLock>() == 56);

impl SemLock {
    fn make(
        cls: Borrowed<'_, Type>,
        handle: *mut libc::sem_t,
        kind: c_int,
        maxvalue: c_int,
        name: Option<CString>,
    ) -> PyResult<Ref<SemLock>> {
        let this: Ref<SemLock> = support::instance(cls)?;
        this.handle.set(handle);
        this.kind.set(kind);
        this.maxvalue.set(maxvalue);
        this.name.set(name.map_or(ptr::null_mut(), CString::into_raw));
        Ok(this)
    }

    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == thread::current_ident()
    }

    fn value(&self) -> PyResult<c_int> {
        let mut value = 0;
        // SAFETY: a semaphore, and room for a number.
        if unsafe { libc::sem_getvalue(self.handle.get(), &raw mut value) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(value.max(0))
    }
}

/// Repeats a call after signals; the error number on failure.
fn interruptible(mut call: impl FnMut() -> c_int) -> PyResult<Result<(), i32>> {
    loop {
        if call() >= 0 {
            return Ok(Ok(()));
        }
        match exceptions::errno() {
            libc::EINTR => thread::check_interrupts()?,
            errno => return Ok(Err(errno)),
        }
    }
}

#[pytype(name = "SemLock", module = "_multiprocessing", gc, basetype, heap, getattribute, setattribute)]
impl SemLock {
    #[member(name = "handle", kind = Py_T_PYSSIZET, offset = offset_of!(SemLock, handle) as isize, readonly)]
    const _HANDLE: () = ();
    #[member(name = "kind", kind = Py_T_INT, offset = offset_of!(SemLock, kind) as isize, readonly)]
    const _KIND: () = ();
    #[member(name = "maxvalue", kind = Py_T_INT, offset = offset_of!(SemLock, maxvalue) as isize, readonly)]
    const _MAXVALUE: () = ();
    #[member(name = "name", kind = Py_T_STRING, offset = offset_of!(SemLock, name) as isize, readonly)]
    const _NAME: () = ();

    #[new(signature = "(kind, value, maxvalue, name, unlink)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        kind: i32,
        value: i32,
        maxvalue: i32,
        name: &str,
        unlink: bool,
    ) -> PyResult<Ref<SemLock>> {
        if kind != RECURSIVE && kind != SEMAPHORE {
            return Err(raise!(ValueError, "unrecognized kind"));
        }
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: C strings.
        unsafe {
            let handle = libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, 0o600 as libc::c_uint, value);
            if handle == libc::SEM_FAILED {
                return Err(exceptions::from_last_errno(None));
            }
            if unlink && libc::sem_unlink(name.as_ptr()) < 0 {
                let raised = exceptions::from_last_errno(None);
                libc::sem_close(handle);
                return Err(raised);
            }
            SemLock::make(cls, handle, kind, maxvalue, (!unlink).then_some(name)).inspect_err(|_| {
                libc::sem_close(handle);
            })
        }
    }

    #[slot(tp_traverse)]
    fn traverse(_this: &SemLock, _visit: &mut Visitor) {}

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut SemLock) {
        // SAFETY: called once, by the last decref; the name was made by `into_raw`.
        unsafe {
            memory::gc_untrack(this.cast());
            if !(*this).handle.get().is_null() {
                libc::sem_close((*this).handle.get());
            }
            if !(*this).name.get().is_null() {
                drop(CString::from_raw((*this).name.get()));
            }
            memory::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, /, block=True, timeout=None)")]
    fn acquire(this: &Ref<SemLock>, block: bool, timeout: Nullable<Borrowed<'_, Object>>) -> PyResult<bool> {
        if this.kind.get() == RECURSIVE && this.is_mine() {
            this.count.set(this.count.get() + 1);
            return Ok(true);
        }
        let deadline = match timeout.0 {
            None => None,
            Some(timeout) => {
                let seconds = timeout.as_f64()?.max(0.0);
                let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
                // SAFETY: the struct lives during the call.
                unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
                let whole = seconds.floor();
                let nanos = now.tv_nsec + ((seconds - whole) * 1e9) as i64;
                Some(libc::timespec {
                    tv_sec: now.tv_sec.saturating_add(whole as i64).saturating_add(nanos / 1_000_000_000),
                    tv_nsec: nanos % 1_000_000_000,
                })
            }
        };
        let handle = this.handle.get();
        // SAFETY: a semaphore.
        let mut done = interruptible(|| unsafe { libc::sem_trywait(handle) })?;
        if done == Err(libc::EAGAIN) && block {
            done = interruptible(|| {
                // SAFETY: a semaphore, which the caller's reference keeps; the time lives during the call.
                allow_threads(|| unsafe {
                    match &deadline {
                        None => libc::sem_wait(handle),
                        Some(deadline) => libc::sem_timedwait(handle, deadline),
                    }
                })
            })?;
        }
        match done {
            Ok(()) => {
                this.count.set(this.count.get() + 1);
                this.owner.set(thread::current_ident());
                Ok(true)
            }
            Err(libc::EAGAIN | libc::ETIMEDOUT) => Ok(false),
            Err(errno) => Err(exceptions::from_errno(errno, None)),
        }
    }

    #[method(signature = "($self, /)")]
    fn release(this: &Ref<SemLock>) -> PyResult<()> {
        if this.kind.get() == RECURSIVE {
            if !this.is_mine() {
                return Err(raise!(AssertionError, "attempt to release recursive lock not owned by thread"));
            }
            if this.count.get() > 1 {
                this.count.set(this.count.get() - 1);
                return Ok(());
            }
        } else if this.value()? >= this.maxvalue.get() {
            return Err(raise!(ValueError, "semaphore or lock released too many times"));
        }
        // SAFETY: a semaphore.
        if unsafe { libc::sem_post(this.handle.get()) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        this.count.set(this.count.get() - 1);
        Ok(())
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<SemLock>) -> PyResult<bool> {
        SemLock::acquire(this, true, Nullable(None))
    }

    #[method(name = "__exit__", signature = "($self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        this: &Ref<SemLock>,
        _exc_type: Option<Borrowed<'_, Object>>,
        _exc_value: Option<Borrowed<'_, Object>>,
        _exc_tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        SemLock::release(this)
    }

    #[method(signature = "($self, /)")]
    fn _count(this: &Ref<SemLock>) -> c_int {
        this.count.get()
    }

    #[method(name = "_is_mine", signature = "($self, /)")]
    fn is_mine_method(this: &Ref<SemLock>) -> bool {
        this.is_mine()
    }

    #[method(signature = "($self, /)")]
    fn _get_value(this: &Ref<SemLock>) -> PyResult<c_int> {
        this.value()
    }

    #[method(signature = "($self, /)")]
    fn _is_zero(this: &Ref<SemLock>) -> PyResult<bool> {
        Ok(this.value()? == 0)
    }

    #[classmethod(signature = "($type, handle, kind, maxvalue, name, /)")]
    fn _rebuild(
        cls: Borrowed<'_, Type>,
        handle: isize,
        kind: i32,
        maxvalue: i32,
        name: Nullable<&str>,
    ) -> PyResult<Ref<SemLock>> {
        let name = name.0.map(|name| CString::new(name).unwrap_or_default());
        let handle = match &name {
            // SAFETY: a C string.
            Some(name) => match unsafe { libc::sem_open(name.as_ptr(), 0) } {
                libc::SEM_FAILED => return Err(exceptions::from_last_errno(None)),
                handle => handle,
            },
            None => ptr::with_exposed_provenance_mut(handle as usize),
        };
        SemLock::make(cls, handle, kind, maxvalue, name)
    }

    #[method(signature = "($self, /)")]
    fn _after_fork(this: &Ref<SemLock>) {
        this.count.set(0);
    }
}

#[pymodule(name = "_multiprocessing")]
impl Multiprocessing {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<SemLock>()?;
        let class = SemLock::type_object();
        class
            .dict()
            .set_item(Str::from_utf8_str("SEM_VALUE_MAX")?.borrow(), Int::from_i64(i64::from(i32::MAX))?.borrow())?;
        class.modified();
        let flags = Dict::new()?;
        for name in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
            flags.set_item(Str::from_utf8_str(name)?.borrow(), Int::one().borrow())?;
        }
        module.add("flags", flags)
    }

    #[function(signature = "(name, /)")]
    fn sem_unlink(name: &str) -> PyResult<()> {
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: a C string.
        if unsafe { libc::sem_unlink(name.as_ptr()) } < 0 { Err(exceptions::from_last_errno(None)) } else { Ok(()) }
    }
}
