//! `select`: waiting for descriptors. CPython: `Modules/selectmodule.c`.

mod epoll;
mod poll;

use core::mem::MaybeUninit;

use crate::system::{self, Deadline, SECOND, add_constants};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::exceptions;

pub struct Select;

const CONSTANTS: &[(&str, i64)] = &[
    ("PIPE_BUF", 4096),
    ("POLLIN", 1),
    ("POLLPRI", 2),
    ("POLLOUT", 4),
    ("POLLERR", 8),
    ("POLLHUP", 16),
    ("POLLNVAL", 32),
    ("POLLRDNORM", 64),
    ("POLLRDBAND", 128),
    ("POLLWRNORM", 256),
    ("POLLWRBAND", 512),
    ("POLLMSG", 1024),
    ("POLLRDHUP", 8192),
    ("EPOLLIN", 1),
    ("EPOLLOUT", 4),
    ("EPOLLPRI", 2),
    ("EPOLLERR", 8),
    ("EPOLLHUP", 16),
    ("EPOLLRDHUP", 8192),
    ("EPOLLET", 2147483648),
    ("EPOLLONESHOT", 1073741824),
    ("EPOLLEXCLUSIVE", 268435456),
    ("EPOLLRDNORM", 64),
    ("EPOLLRDBAND", 128),
    ("EPOLLWRNORM", 256),
    ("EPOLLWRBAND", 512),
    ("EPOLLMSG", 1024),
    ("EPOLLWAKEUP", 536870912),
    ("EPOLL_CLOEXEC", 524288),
];

/// One of the three sets: the objects with their descriptors, and the set as the system wants it.
struct Waiters {
    items: Vec<(Ref<Object>, c_int)>,
    set: libc::fd_set,
}

impl Waiters {
    fn new(sequence: Borrowed<'_, Object>) -> PyResult<Waiters> {
        let sequence = sequence.to_fast_sequence("arguments 1-3 must be sequences")?;
        let mut items = Vec::new();
        // `fileno()` may change the sequence, so its length is asked for each time.
        let mut index = 0;
        while index < sequence.len()? {
            let object = sequence.get_index(index as isize)?;
            let fd = system::file_descriptor(object.borrow())?;
            if fd as usize >= libc::FD_SETSIZE {
                return Err(raise!(ValueError, "filedescriptor out of range in select()"));
            }
            if index >= libc::FD_SETSIZE {
                return Err(raise!(ValueError, "too many file descriptors in select()"));
            }
            items.push((object, fd));
            index += 1;
        }
        // SAFETY: a set of bits.
        Ok(Waiters { items, set: unsafe { MaybeUninit::zeroed().assume_init() } })
    }

    /// Puts all descriptors into the set; the highest one and one more.
    fn fill(&mut self) -> c_int {
        // SAFETY: the descriptors are in the range of the set.
        unsafe {
            libc::FD_ZERO(&raw mut self.set);
            for (_, fd) in &self.items {
                libc::FD_SET(*fd, &raw mut self.set);
            }
        }
        self.items.iter().map(|(_, fd)| fd + 1).max().unwrap_or(0)
    }

    fn ready(&self) -> PyResult<Ref<Object>> {
        let list = List::new()?;
        for (object, fd) in &self.items {
            // SAFETY: as above.
            if unsafe { libc::FD_ISSET(*fd, &raw const self.set) } {
                list.push(object.clone())?;
            }
        }
        Ok(list.into_object())
    }
}

#[pymodule(name = "select")]
impl Select {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("error", exceptions::OSError::type_object().as_object().clone())?;
        taipan_runtime::types::type_::ready_static::<poll::Poll>()?;
        module.add_type::<epoll::Epoll>()?;
        add_constants(module, CONSTANTS)
    }

    #[function(signature = "(rlist, wlist, xlist, timeout=None, /)")]
    fn select(
        rlist: Borrowed<'_, Object>,
        wlist: Borrowed<'_, Object>,
        xlist: Borrowed<'_, Object>,
        timeout: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Tuple>> {
        let deadline = match timeout.0 {
            None => Deadline::NEVER,
            Some(timeout) => {
                let nanos = system::timeout_nanoseconds(timeout, SECOND, "timeout must be a float or None")?;
                if nanos < 0 {
                    return Err(raise!(ValueError, "timeout must be non-negative"));
                }
                Deadline::after(nanos)
            }
        };
        let mut sets = [Waiters::new(rlist)?, Waiters::new(wlist)?, Waiters::new(xlist)?];
        loop {
            let highest = sets.iter_mut().map(Waiters::fill).max().unwrap_or(0);
            let mut left = deadline.left().map(|nanos| {
                // Rounded up: a wait must not end too early.
                let micros = nanos.div_euclid(1000) + i64::from(nanos % 1000 != 0);
                libc::timeval { tv_sec: micros / 1_000_000, tv_usec: micros % 1_000_000 }
            });
            let [read, write, except] = &mut sets;
            let (read, write, except) = (&raw mut read.set, &raw mut write.set, &raw mut except.set);
            let left = left.as_mut().map_or(core::ptr::null_mut(), |left| &raw mut *left);
            // SAFETY: sets and time live during the call.
            let count = allow_threads(|| unsafe { libc::select(highest, read, write, except, left) });
            if count >= 0 {
                return Tuple::pack([sets[0].ready()?, sets[1].ready()?, sets[2].ready()?]);
            }
            match exceptions::errno() {
                libc::EINTR => thread::check_interrupts()?,
                errno => return Err(exceptions::from_errno(errno, None)),
            }
            if deadline.left() == Some(0) {
                let empty = || List::new().map(Ref::into_object);
                return Tuple::pack([empty()?, empty()?, empty()?]);
            }
        }
    }

    #[function(signature = "()")]
    fn poll() -> PyResult<Ref<poll::Poll>> {
        poll::Poll::create()
    }
}
