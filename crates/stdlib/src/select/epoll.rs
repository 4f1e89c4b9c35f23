//! `select.epoll`.

use core::cell::Cell;
use core::num::Wrapping;

use crate::support;
use crate::system::{self, Deadline, Fd, SECOND};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::exceptions;

#[repr(C)]
pub struct Epoll {
    head: PyObject,
    /// The descriptor and one more, so that 0 is a closed object.
    fd_and_one: Cell<c_int>,
}

const USUAL: u32 = (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32;

impl Epoll {
    fn fd(&self) -> PyResult<c_int> {
        match self.fd_and_one.get() {
            0 => Err(raise!(ValueError, "I/O operation on closed epoll object")),
            fd => Ok(fd - 1),
        }
    }

    /// Closes the descriptor; the error number if that fails.
    fn close_fd(&self) -> Result<(), i32> {
        match self.fd_and_one.replace(0) {
            0 => Ok(()),
            fd => {
                // SAFETY: takes a number.
                let result = allow_threads(|| unsafe { libc::close(fd - 1) });
                if result < 0 { Err(exceptions::errno()) } else { Ok(()) }
            }
        }
    }

    fn control(this: &Ref<Epoll>, operation: c_int, fd: Fd, events: u32) -> PyResult<()> {
        let own = this.fd()?;
        let mut event = libc::epoll_event { events, u64: fd.0 as u64 };
        let event = &raw mut event;
        // SAFETY: the struct lives during the call.
        if allow_threads(|| unsafe { libc::epoll_ctl(own, operation, fd.0, event) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }
}

#[pytype(name = "epoll", module = "select", heap, mutable)]
impl Epoll {
    #[new(signature = "(sizehint=-1, flags=0)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, sizehint: Option<i32>, flags: Option<i32>) -> PyResult<Ref<Epoll>> {
        if sizehint.is_some_and(|hint| hint != -1 && hint <= 0) {
            return Err(raise!(ValueError, "negative sizehint"));
        }
        if flags.is_some_and(|flags| flags != 0 && flags != libc::EPOLL_CLOEXEC) {
            return Err(raise!(OSError, "invalid flags"));
        }
        // SAFETY: takes a number.
        let fd = allow_threads(|| unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) });
        if fd < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        let this: Ref<Epoll> = support::instance(cls)?;
        this.fd_and_one.set(fd + 1);
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Epoll) {
        // SAFETY: called once, by the last decref.
        unsafe {
            let _ = (*this).close_fd();
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_getattro)]
    fn getattribute(this: &Ref<Epoll>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        taipan_runtime::types::object::generic_getattr(this.as_object(), name)
    }

    #[classmethod(signature = "($type, fd, /)")]
    fn fromfd(cls: Borrowed<'_, Type>, fd: i32) -> PyResult<Ref<Epoll>> {
        let this: Ref<Epoll> = support::instance(cls)?;
        this.fd_and_one.set(fd.saturating_add(1));
        Ok(this)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<Epoll>) -> PyResult<()> {
        this.close_fd().map_err(|errno| exceptions::from_errno(errno, None))
    }

    #[method(signature = "($self, /)")]
    fn fileno(this: &Ref<Epoll>) -> PyResult<c_int> {
        this.fd()
    }

    #[method(signature = "($self, /, fd, eventmask)")]
    fn modify(this: &Ref<Epoll>, fd: Fd, eventmask: Wrapping<u32>) -> PyResult<()> {
        Epoll::control(this, libc::EPOLL_CTL_MOD, fd, eventmask.0)
    }

    #[method(signature = "($self, /, fd, eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)")]
    fn register(this: &Ref<Epoll>, fd: Fd, eventmask: Option<Wrapping<u32>>) -> PyResult<()> {
        Epoll::control(this, libc::EPOLL_CTL_ADD, fd, eventmask.map_or(USUAL, |mask| mask.0))
    }

    #[method(signature = "($self, /, fd)")]
    fn unregister(this: &Ref<Epoll>, fd: Fd) -> PyResult<()> {
        Epoll::control(this, libc::EPOLL_CTL_DEL, fd, 0)
    }

    #[method(signature = "($self, /, timeout=None, maxevents=-1)")]
    fn poll(this: &Ref<Epoll>, timeout: Nullable<Borrowed<'_, Object>>, maxevents: Option<i32>) -> PyResult<Ref<List>> {
        let fd = this.fd()?;
        let deadline = match timeout.0 {
            None => Deadline::NEVER,
            Some(timeout) => {
                let nanos = system::timeout_nanoseconds(timeout, SECOND, "timeout must be an integer or None")?;
                if i32::try_from(system::milliseconds_up(nanos)).is_err() {
                    return Err(raise!(OverflowError, "timeout is too large"));
                }
                if nanos < 0 { Deadline::NEVER } else { Deadline::after(nanos) }
            }
        };
        let most = match maxevents.unwrap_or(-1) {
            -1 => libc::FD_SETSIZE as c_int - 1,
            most if most < 1 => {
                return Err(raise!(ValueError, "maxevents must be greater than 0, got {most}"));
            }
            most => most,
        };
        let mut events: Vec<libc::epoll_event> = vec_with_capacity(most as usize)?;
        let address = events.as_mut_ptr();
        loop {
            let left = deadline.poll_timeout();
            // SAFETY: room for so many events; the count says how many were written.
            let count = allow_threads(|| unsafe { libc::epoll_wait(fd, address, most, left) });
            if count >= 0 {
                // SAFETY: as above.
                unsafe { events.set_len(count as usize) };
                break;
            }
            match exceptions::errno() {
                libc::EINTR => thread::check_interrupts()?,
                errno => return Err(exceptions::from_errno(errno, None)),
            }
            if deadline.left() == Some(0) {
                break;
            }
        }
        let mut items = vec_with_capacity(events.len())?;
        for event in &events {
            let (fd, mask) = (event.u64 as c_int, event.events);
            items.push(system::int_tuple(&[i64::from(fd), i64::from(mask)])?.into_object());
        }
        List::from_vec(items)
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<Epoll>) -> PyResult<Ref<Epoll>> {
        this.fd()?;
        Ok(this.clone())
    }

    #[method(name = "__exit__", signature = "($self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        this: &Ref<Epoll>,
        _exc_type: Nullable<Borrowed<'_, Object>>,
        _exc_value: Nullable<Borrowed<'_, Object>>,
        _exc_tb: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        this.as_object().call_method(id!("close"), &[])
    }

    #[getter]
    fn closed(this: &Ref<Epoll>) -> bool {
        this.fd_and_one.get() == 0
    }
}
