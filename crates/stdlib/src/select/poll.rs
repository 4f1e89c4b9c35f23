//! The object that `select.poll()` makes.

use core::cell::{Cell, RefCell};

use crate::system::{self, Deadline, Fd, MILLISECOND};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::exceptions;

/// **Invariant:** no borrow of `fds` is held while Python code can run; a wait works on a copy.
#[repr(C)]
pub struct Poll {
    head: PyObject,
    /// What is waited for, in the order of registration. Null in an object that is being made.
    fds: Cell<*mut RefCell<Vec<libc::pollfd>>>,
    running: Cell<bool>,
}

const USUAL: u16 = (libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as u16;

impl Poll {
    pub fn create() -> PyResult<Ref<Poll>> {
        // SAFETY: the field is set before anyone sees the object.
        unsafe {
            let this = memory::object::new::<Poll>()?;
            (*this).fds.set(Box::into_raw(Box::default()));
            Ok(Ref::from_owned_ptr(this))
        }
    }

    fn with<R>(&self, body: impl FnOnce(&mut Vec<libc::pollfd>) -> R) -> R {
        // SAFETY: set by `create`, freed with the object.
        body(&mut unsafe { &*self.fds.get() }.borrow_mut())
    }
}

#[pytype(name = "poll", module = "select", disallow_instantiation, heap, mutable, basicsize = 48)]
impl Poll {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Poll) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop(Box::from_raw((*this).fds.get()));
            memory::object::dealloc_finish(this);
        }
    }

    #[method(signature = "($self, fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)")]
    fn register(this: &Ref<Poll>, fd: Fd, eventmask: Option<u16>) -> PyResult<()> {
        let events = eventmask.unwrap_or(USUAL) as i16;
        this.with(|fds| match fds.iter_mut().find(|row| row.fd == fd.0) {
            Some(row) => row.events = events,
            None => fds.push(libc::pollfd { fd: fd.0, events, revents: 0 }),
        });
        Ok(())
    }

    #[method(signature = "($self, fd, eventmask, /)")]
    fn modify(this: &Ref<Poll>, fd: Fd, eventmask: u16) -> PyResult<()> {
        let found = this.with(|fds| match fds.iter_mut().find(|row| row.fd == fd.0) {
            Some(row) => {
                row.events = eventmask as i16;
                true
            }
            None => false,
        });
        if found { Ok(()) } else { Err(exceptions::from_errno(libc::ENOENT, None)) }
    }

    #[method(signature = "($self, fd, /)")]
    fn unregister(this: &Ref<Poll>, fd: Fd) -> PyResult<()> {
        let found = this.with(|fds| match fds.iter().position(|row| row.fd == fd.0) {
            Some(index) => {
                fds.remove(index);
                true
            }
            None => false,
        });
        if found { Ok(()) } else { Err(raise!(KeyError, object: Int::from_i64(i64::from(fd.0))?)) }
    }

    #[method(signature = "($self, timeout=None, /)")]
    fn poll(this: &Ref<Poll>, timeout: Nullable<Borrowed<'_, Object>>) -> PyResult<Ref<List>> {
        let deadline = match timeout.0 {
            None => Deadline::NEVER,
            Some(timeout) => {
                let nanos = system::timeout_nanoseconds(timeout, MILLISECOND, "timeout must be an integer or None")?;
                let milliseconds = system::milliseconds_up(nanos);
                if i32::try_from(milliseconds).is_err() {
                    return Err(raise!(OverflowError, "timeout is too large"));
                }
                if nanos < 0 { Deadline::NEVER } else { Deadline::after(nanos) }
            }
        };
        // Another thread must not get results that belong to this one.
        if this.running.get() {
            return Err(raise!(RuntimeError, "concurrent poll() invocation"));
        }
        let mut fds = this.with(|fds| fds.clone());
        this.running.set(true);
        let count = loop {
            let (address, len, left) = (fds.as_mut_ptr(), fds.len(), deadline.poll_timeout());
            // SAFETY: so many rows.
            let count = allow_threads(|| unsafe { libc::poll(address, len as libc::nfds_t, left) });
            if count >= 0 {
                break Ok(count);
            }
            match exceptions::errno() {
                libc::EINTR => {
                    if let Err(raised) = thread::check_interrupts() {
                        break Err(raised);
                    }
                }
                errno => break Err(exceptions::from_errno(errno, None)),
            }
            if deadline.left() == Some(0) {
                break Ok(0);
            }
        };
        this.running.set(false);
        let list = List::new()?;
        if count? > 0 {
            for row in fds.iter().filter(|row| row.revents != 0) {
                list.push(system::int_tuple(&[i64::from(row.fd), i64::from(row.revents as u16)])?.into_object())?;
            }
        }
        Ok(list)
    }
}
