//! The type `_socket.socket`, and the functions of the module that make or close sockets.

use core::cell::Cell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicI64, Ordering};

use super::address::{self, Address};
use super::api::raise_errno;
use crate::support;
use crate::system::{self, Deadline, SECOND, c_int_of};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::{BufferArg, WritableBufferArg};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::exceptions;

/// `PySocketSockObject`.
#[repr(C)]
pub struct Socket {
    head: PyObject,
    /// -1 without a descriptor.
    fd: Cell<c_int>,
    family: Cell<c_int>,
    kind: Cell<c_int>,
    proto: Cell<c_int>,
    /// For extensions: what raises the error of `errno`.
    errorhandler: Cell<Option<unsafe extern "C" fn() -> *mut PyObject>>,
    /// Nanoseconds; below zero is for ever, zero never waits.
    timeout: Cell<i64>,
    _state: Cell<usize>,
}

const _: () = assert!(size_of::<Socket>() == 56);

/// The time-out of new sockets.
static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(-1);

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Read,
    Write,
    /// Until a connection stands or failed.
    Connect,
}

/// How a call failed.
pub enum Failure {
    Errno(i32),
    TimedOut,
}

impl Failure {
    pub fn raise(self) -> Raised {
        match self {
            Failure::Errno(errno) => exceptions::from_errno(errno, None),
            Failure::TimedOut => raise!(TimeoutError, "timed out"),
        }
    }
}

fn errno() -> i32 {
    exceptions::errno()
}

/// A time-out given by a program: None is for ever.
fn parse_timeout(object: Borrowed<'_, Object>) -> PyResult<i64> {
    if object.is_none() {
        return Ok(-1);
    }
    let nanos = system::nanoseconds(object, SECOND)?;
    if nanos < 0 { Err(raise!(ValueError, "Timeout value out of range")) } else { Ok(nanos) }
}

fn timeout_object(nanos: i64) -> PyResult<Ref<Object>> {
    if nanos < 0 { Ok(none()) } else { Ok(Float::new(nanos as f64 / 1e9)?.into_object()) }
}

impl Socket {
    pub fn family(&self) -> c_int {
        self.family.get()
    }

    pub fn protocol(&self) -> c_int {
        self.proto.get()
    }

    pub fn descriptor(&self) -> c_int {
        self.fd.get()
    }

    fn set_blocking(&self, blocking: bool) -> PyResult<()> {
        let fd = self.fd.get();
        let mut non_blocking = c_int::from(!blocking);
        let flag = &raw mut non_blocking;
        // SAFETY: the request reads an integer.
        if allow_threads(|| unsafe { libc::ioctl(fd, libc::FIONBIO, flag) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }

    /// Fills a new object in (`init_sockobject`).
    fn fill(&self, fd: c_int, family: c_int, kind: c_int, proto: c_int) -> PyResult<()> {
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
        self.proto.set(proto);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(0);
            return Ok(());
        }
        let timeout = DEFAULT_TIMEOUT.load(Ordering::Relaxed);
        self.timeout.set(timeout);
        if timeout >= 0 { self.set_blocking(false) } else { Ok(()) }
    }

    /// Waits until the descriptor is ready. `Ok(false)` when the time is up, the error number on failure.
    fn wait(&self, direction: Direction, deadline: Deadline) -> Result<bool, i32> {
        let fd = self.fd.get();
        if fd < 0 {
            return Ok(true);
        }
        let events = match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
            Direction::Connect => libc::POLLOUT | libc::POLLERR,
        };
        let mut row = libc::pollfd { fd, events, revents: 0 };
        let (row, left) = (&raw mut row, deadline.poll_timeout());
        // SAFETY: one row.
        match allow_threads(|| unsafe { libc::poll(row, 1, left) }) {
            count if count < 0 => Err(errno()),
            count => Ok(count != 0),
        }
    }

    /// Runs a system call with the socket's waiting and time-out (`sock_call_ex`). Errors of Python code are the outer
    /// ones, errors of the system the inner ones.
    pub fn call_with(
        &self,
        direction: Direction,
        timeout: i64,
        mut call: impl FnMut(c_int) -> i64,
    ) -> PyResult<Result<i64, Failure>> {
        let deadline = if timeout > 0 { Deadline::after(timeout) } else { Deadline::NEVER };
        loop {
            if timeout > 0 || direction == Direction::Connect {
                match self.wait(direction, deadline) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Err(Failure::TimedOut)),
                    Err(libc::EINTR) => {
                        thread::check_interrupts()?;
                        continue;
                    }
                    Err(errno) => return Ok(Err(Failure::Errno(errno))),
                }
            }
            let errno = loop {
                let fd = self.fd.get();
                let result = allow_threads(|| call(fd));
                if result >= 0 {
                    return Ok(Ok(result));
                }
                match errno() {
                    libc::EINTR => thread::check_interrupts()?,
                    errno => break errno,
                }
            };
            // Ready, and then not: somebody else was faster, or the check sum was wrong.
            if self.timeout.get() > 0 && (errno == libc::EAGAIN || errno == libc::EWOULDBLOCK) {
                continue;
            }
            return Ok(Err(Failure::Errno(errno)));
        }
    }

    /// As [`Socket::call_with`], with the socket's own time-out and errors raised.
    pub fn call(&self, direction: Direction, call: impl FnMut(c_int) -> i64) -> PyResult<i64> {
        self.call_with(direction, self.timeout.get(), call)?.map_err(Failure::raise)
    }

    /// Connects; the error number, or that the time is up, without raising.
    fn connect_to(&self, address: &Address) -> PyResult<Result<(), Failure>> {
        let (fd, target, len) = (self.fd.get(), address.as_ptr(), address.len);
        // SAFETY: an address of that length.
        if allow_threads(|| unsafe { libc::connect(fd, target, len) }) >= 0 {
            return Ok(Ok(()));
        }
        let error = errno();
        let wait = match error {
            libc::EINTR => {
                thread::check_interrupts()?;
                // The connection goes on by itself.
                self.timeout.get() != 0
            }
            libc::EINPROGRESS => self.timeout.get() > 0,
            _ => false,
        };
        if !wait {
            return Ok(Err(Failure::Errno(error)));
        }
        let done = self.call_with(Direction::Connect, self.timeout.get(), |fd| {
            let mut error: c_int = 0;
            let mut size = size_of::<c_int>() as libc::socklen_t;
            // SAFETY: room for an integer.
            unsafe {
                if libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, (&raw mut error).cast(), &raw mut size) < 0 {
                    return -1;
                }
                if error != 0 && error != libc::EISCONN {
                    *libc::__errno_location() = error;
                    return -1;
                }
            }
            0
        })?;
        Ok(done.map(drop))
    }

    fn close_fd(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd == -1 {
            return Ok(());
        }
        // SAFETY: takes a number.
        let result = allow_threads(|| unsafe { libc::close(fd) });
        // The peer may have gone already, which is no error here.
        if result < 0 && errno() != libc::ECONNRESET {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }

    fn name_of(
        &self,
        call: unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> c_int,
    ) -> PyResult<Ref<Object>> {
        let mut address = Address::empty();
        let (fd, target, len) = (self.fd.get(), address.as_mut_ptr(), &raw mut address.len);
        // SAFETY: room of that length.
        if allow_threads(|| unsafe { call(fd, target, len) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        address.to_object(fd, self.proto.get())
    }

    /// Receives into memory.
    ///
    /// # Safety
    /// `len` bytes at `start` are the caller's.
    unsafe fn receive(&self, start: *mut u8, len: usize, flags: c_int) -> PyResult<usize> {
        if len == 0 {
            // Whether the peer is there does not matter then.
            return Ok(0);
        }
        // SAFETY: by contract.
        let count = self.call(Direction::Read, |fd| unsafe { libc::recv(fd, start.cast(), len, flags) } as i64)?;
        Ok(count as usize)
    }

    /// The same with the sender.
    ///
    /// # Safety
    /// As there.
    unsafe fn receive_from(&self, start: *mut u8, len: usize, flags: c_int) -> PyResult<(usize, Ref<Object>)> {
        let mut address = Address::empty();
        let (full, target) = (address.len, address.as_mut_ptr());
        let size = &raw mut address.len;
        // SAFETY: by contract, and room for an address.
        let count = self.call(Direction::Read, |fd| unsafe {
            *size = full;
            libc::recvfrom(fd, start.cast(), len, flags, target, size) as i64
        })?;
        Ok((count as usize, address.to_object(self.fd.get(), self.proto.get())?))
    }
}

/// The argument at `index` as the format `i`, or `default`.
fn int_argument(args: &CallArgs<'_>, index: usize, default: c_int) -> PyResult<c_int> {
    args.get(index).map_or(Ok(default), c_int_of)
}

/// A number of bytes.
fn size_argument(args: &CallArgs<'_>, index: usize, default: isize) -> PyResult<isize> {
    args.get(index).map_or(Ok(default), |value| value.as_index_isize())
}

fn check(args: &CallArgs<'_>, function: &str, min: usize, max: usize) -> PyResult<()> {
    system::check_arguments(args, "_socket.socket", function, min, max)
}

#[pytype(name = "socket", module = "_socket", gc, basetype, extend = [Socket::MESSAGES], heap)]
impl Socket {
    #[member(name = "family", kind = Py_T_INT, offset = offset_of!(Socket, family) as isize, readonly)]
    const _FAMILY: () = ();
    #[member(name = "type", kind = Py_T_INT, offset = offset_of!(Socket, kind) as isize, readonly)]
    const _TYPE: () = ();
    #[member(name = "proto", kind = Py_T_INT, offset = offset_of!(Socket, proto) as isize, readonly)]
    const _PROTO: () = ();

    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<Ref<Socket>> {
        let this: Ref<Socket> = support::instance(cls)?;
        this.errorhandler.set(Some(raise_errno));
        this.fd.set(-1);
        this.timeout.set(-1);
        Ok(this)
    }

    #[init(signature = "(family=-1, type=-1, proto=-1, fileno=None)", no_text_signature)]
    fn init(
        this: &Ref<Socket>,
        family: Option<i32>,
        r#type: Option<i32>,
        proto: Option<i32>,
        fileno: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let given = [family.unwrap_or(-1), r#type.unwrap_or(-1), proto.unwrap_or(-1)];
        system::audit("socket.__new__", || {
            let mut arguments = vec![this.as_object().clone()];
            for number in given {
                arguments.push(system::int_object(i64::from(number))?);
            }
            Ok(arguments)
        })?;
        let (mut family, mut kind, mut proto) = (family.unwrap_or(-1), r#type.unwrap_or(-1), proto.unwrap_or(-1));
        let Some(fileno) = fileno.0 else {
            family = if family == -1 { libc::AF_INET } else { family };
            kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            proto = if proto == -1 { 0 } else { proto };
            // SAFETY: takes numbers.
            let fd = allow_threads(|| unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, proto) });
            if fd < 0 {
                return Err(exceptions::from_last_errno(None));
            }
            return this.fill(fd, family, kind, proto);
        };
        let fd = c_int_of(fileno)?;
        if fd < 0 {
            return Err(raise!(ValueError, "negative file descriptor"));
        }
        let mut address = Address::empty();
        // SAFETY: room for an address, and for integers.
        unsafe {
            if libc::getsockname(fd, address.as_mut_ptr(), &raw mut address.len) < 0 {
                if family == -1 || errno() == libc::EBADF || errno() == libc::ENOTSOCK {
                    return Err(exceptions::from_last_errno(None));
                }
            } else if family == -1 {
                family = address.family();
            }
            for (value, option) in [(&mut kind, libc::SO_TYPE), (&mut proto, libc::SO_PROTOCOL)] {
                if *value == -1 {
                    let mut size = size_of::<c_int>() as libc::socklen_t;
                    let target = (&raw mut *value).cast();
                    if libc::getsockopt(fd, libc::SOL_SOCKET, option, target, &raw mut size) < 0 {
                        return Err(exceptions::from_last_errno(None));
                    }
                }
            }
        }
        this.fill(fd, family, kind, proto)
    }

    #[slot(tp_traverse)]
    fn traverse(_this: &Socket, _visit: &mut Visitor) {}

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<Socket>) {
        if this.fd.get() == -1 {
            return;
        }
        let _aside = Raised::aside();
        let text = format!("unclosed {}", this.as_object().to_repr_text());
        let class = exceptions::ResourceWarning::type_object();
        if let Err(raised) = warnings::warn_with_source(class, &text, 1, Some(this.as_borrowed())) {
            // Somebody wants warnings as errors; nobody is here to catch it.
            if raised.is_a::<exceptions::Warning>() {
                exceptions::report_unraisable_object(raised, Some(this.as_borrowed()));
            } else {
                raised.clear();
            }
        }
        // After the warning, so that it shows the descriptor.
        let fd = this.fd.replace(-1);
        // SAFETY: takes a number.
        allow_threads(|| unsafe { libc::close(fd) });
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Socket) {
        // SAFETY: called by the last decref; the finalizer may bring the object back.
        unsafe {
            if !memory::finalize_from_dealloc(this.cast()) {
                return;
            }
            memory::gc_untrack(this.cast());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Socket>) -> String {
        format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            this.fd.get(),
            this.family.get(),
            this.kind.get(),
            this.proto.get()
        )
    }

    #[method(signature = "($self, /)")]
    fn _accept(this: &Ref<Socket>) -> PyResult<Ref<Tuple>> {
        let mut address = Address::empty();
        let (full, target) = (address.len, address.as_mut_ptr());
        let size = &raw mut address.len;
        // SAFETY: room for an address.
        let fd = this.call(Direction::Read, |fd| unsafe {
            *size = full;
            i64::from(libc::accept4(fd, target, size, libc::SOCK_CLOEXEC))
        })?;
        let peer = match address.to_object(fd as c_int, this.proto.get()) {
            Ok(peer) => peer,
            Err(raised) => {
                // SAFETY: takes a number.
                unsafe { libc::close(fd as c_int) };
                return Err(raised);
            }
        };
        Tuple::pack([Int::from_i64(fd)?.into_object(), peer])
    }

    #[method(signature = "($self, object, /)")]
    fn bind(this: &Ref<Socket>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let address = address::from_object(this, object, "bind")?;
        system::audit("socket.bind", || Ok(vec![this.as_object().clone(), object.to_owned()]))?;
        let (fd, target, len) = (this.fd.get(), address.as_ptr(), address.len);
        // SAFETY: an address of that length.
        if allow_threads(|| unsafe { libc::bind(fd, target, len) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<Socket>) -> PyResult<()> {
        this.close_fd()
    }

    #[method(signature = "($self, object, /)")]
    fn connect(this: &Ref<Socket>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let address = address::from_object(this, object, "connect")?;
        system::audit("socket.connect", || Ok(vec![this.as_object().clone(), object.to_owned()]))?;
        this.connect_to(&address)?.map_err(Failure::raise)
    }

    #[method(signature = "($self, object, /)")]
    fn connect_ex(this: &Ref<Socket>, object: Borrowed<'_, Object>) -> PyResult<c_int> {
        let address = address::from_object(this, object, "connect_ex")?;
        system::audit("socket.connect", || Ok(vec![this.as_object().clone(), object.to_owned()]))?;
        Ok(match this.connect_to(&address)? {
            Ok(()) => 0,
            Err(Failure::Errno(errno)) => errno,
            Err(Failure::TimedOut) => libc::EWOULDBLOCK,
        })
    }

    #[method(signature = "($self, /)")]
    fn detach(this: &Ref<Socket>) -> c_int {
        this.fd.replace(-1)
    }

    #[method(signature = "($self, /)")]
    fn fileno(this: &Ref<Socket>) -> c_int {
        this.fd.get()
    }

    #[method(signature = "($self, /)")]
    fn getpeername(this: &Ref<Socket>) -> PyResult<Ref<Object>> {
        this.name_of(libc::getpeername)
    }

    #[method(signature = "($self, /)")]
    fn getsockname(this: &Ref<Socket>) -> PyResult<Ref<Object>> {
        this.name_of(libc::getsockname)
    }

    #[method(raw)]
    fn getsockopt(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        check(&args, "getsockopt", 2, 3)?;
        let (level, option) = (int_argument(&args, 0, 0)?, int_argument(&args, 1, 0)?);
        let len = int_argument(&args, 2, 0)?;
        let fd = this.fd.get();
        if len == 0 {
            let mut value: u64 = 0;
            let wide = this.family.get() == libc::AF_VSOCK;
            let mut size = if wide { 8 } else { 4 } as libc::socklen_t;
            // SAFETY: room for that many bytes.
            if unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &raw mut size) } < 0 {
                return Err(exceptions::from_last_errno(None));
            }
            let number = if wide { Int::from_u64(value)? } else { Int::from_i64(i64::from(value as u32 as i32))? };
            return Ok(number.into_object());
        }
        if !(0..=1024).contains(&len) {
            return Err(raise!(OSError, "getsockopt buflen out of range"));
        }
        let mut room = [0u8; 1024];
        let mut size = len as libc::socklen_t;
        // SAFETY: room for that many bytes.
        if unsafe { libc::getsockopt(fd, level, option, room.as_mut_ptr().cast(), &raw mut size) } < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(Bytes::from_slice(&room[..(size as usize).min(room.len())])?.into_object())
    }

    #[method(raw)]
    fn listen(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<()> {
        check(&args, "listen", 0, 1)?;
        // A queue that is not too long for systems that punish it.
        let backlog = int_argument(&args, 0, libc::SOMAXCONN.min(128))?.max(0);
        let fd = this.fd.get();
        // SAFETY: takes numbers.
        if allow_threads(|| unsafe { libc::listen(fd, backlog) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }

    #[method(raw)]
    fn recv(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<Ref<Bytes>> {
        check(&args, "recv", 1, 2)?;
        let (len, flags) = (size_argument(&args, 0, 0)?, int_argument(&args, 1, 0)?);
        if len < 0 {
            return Err(raise!(ValueError, "negative buffersize in recv"));
        }
        Bytes::with_filled(len as usize, |room| {
            // SAFETY: the bytes are new and nobody else's.
            unsafe { this.receive(room.as_mut_ptr(), room.len(), flags) }
        })
    }

    #[method(signature = "($self, /, buffer, nbytes=0, flags=0)", no_text_signature)]
    fn recv_into(
        this: &Ref<Socket>,
        buffer: WritableBufferArg<'_>,
        nbytes: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<usize> {
        let len = match nbytes.unwrap_or(0) {
            len if len < 0 => return Err(raise!(ValueError, "negative buffersize in recv_into")),
            0 => buffer.len(),
            len if len as usize > buffer.len() => {
                return Err(raise!(ValueError, "buffer too small for requested bytes"));
            }
            len => len as usize,
        };
        // SAFETY: the exporter keeps the memory while the buffer is held.
        unsafe { this.receive(buffer.as_raw().0, len, flags.unwrap_or(0)) }
    }

    #[method(raw)]
    fn recvfrom(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        check(&args, "recvfrom", 1, 2)?;
        let (len, flags) = (size_argument(&args, 0, 0)?, int_argument(&args, 1, 0)?);
        if len < 0 {
            return Err(raise!(ValueError, "negative buffersize in recvfrom"));
        }
        let mut sender = none();
        let data = Bytes::with_filled(len as usize, |room| {
            // SAFETY: the bytes are new and nobody else's.
            let (count, from) = unsafe { this.receive_from(room.as_mut_ptr(), room.len(), flags)? };
            sender = from;
            Ok(count)
        })?;
        Tuple::pack([data.into_object(), sender])
    }

    #[method(signature = "($self, /, buffer, nbytes=0, flags=0)", no_text_signature)]
    fn recvfrom_into(
        this: &Ref<Socket>,
        buffer: WritableBufferArg<'_>,
        nbytes: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<Ref<Tuple>> {
        let len = match nbytes.unwrap_or(0) {
            len if len < 0 => return Err(raise!(ValueError, "negative buffersize in recvfrom_into")),
            0 => buffer.len(),
            len if len as usize > buffer.len() => {
                return Err(raise!(ValueError, "nbytes is greater than the length of the buffer"));
            }
            len => len as usize,
        };
        // SAFETY: the exporter keeps the memory while the buffer is held.
        let (count, sender) = unsafe { this.receive_from(buffer.as_raw().0, len, flags.unwrap_or(0))? };
        Tuple::pack([Int::from_usize(count)?.into_object(), sender])
    }

    #[method(raw)]
    fn send(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<i64> {
        check(&args, "send", 1, 2)?;
        let data = BufferArg::new(args.positional()[0])?;
        let flags = int_argument(&args, 1, 0)?;
        let (start, len) = (data.as_slice().as_ptr(), data.as_slice().len());
        // SAFETY: the exporter keeps the memory while the buffer is held.
        this.call(Direction::Write, |fd| unsafe { libc::send(fd, start.cast(), len, flags) } as i64)
    }

    #[method(raw)]
    fn sendall(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<()> {
        check(&args, "sendall", 1, 2)?;
        let data = BufferArg::new(args.positional()[0])?;
        let flags = int_argument(&args, 1, 0)?;
        let mut start = data.as_slice().as_ptr();
        let mut len = data.as_slice().len();
        let mut timeout = this.timeout.get();
        let deadline = (timeout > 0).then(|| Deadline::after(timeout));
        loop {
            // The time-out is for all of it.
            if let Some(left) = deadline.and_then(|deadline| deadline.left()) {
                if left == 0 {
                    return Err(Failure::TimedOut.raise());
                }
                timeout = left;
            }
            // SAFETY: the rest of the memory, which the exporter keeps while the buffer is held.
            let call = |fd: c_int| unsafe { libc::send(fd, start.cast(), len, flags) } as i64;
            let count = this.call_with(Direction::Write, timeout, call)?.map_err(Failure::raise)? as usize;
            start = start.wrapping_add(count);
            len = len.saturating_sub(count);
            thread::check_interrupts()?;
            if len == 0 {
                return Ok(());
            }
        }
    }

    #[method(raw)]
    fn sendto(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<i64> {
        if args.keyword_count() == 0 && !(2..=3).contains(&args.nargs()) {
            return Err(raise!(TypeError, "sendto() takes 2 or 3 arguments ({} given)", args.nargs()));
        }
        check(&args, "sendto", 2, 3)?;
        let data = BufferArg::new(args.positional()[0])?;
        let flags = if args.nargs() == 3 { int_argument(&args, 1, 0)? } else { 0 };
        let target = args.positional()[args.nargs() - 1];
        let address = address::from_object(this, target, "sendto")?;
        system::audit("socket.sendto", || Ok(vec![this.as_object().clone(), target.to_owned()]))?;
        let (start, len) = (data.as_slice().as_ptr(), data.as_slice().len());
        // SAFETY: the exporter keeps the memory while the buffer is held.
        this.call(Direction::Write, |fd| unsafe {
            libc::sendto(fd, start.cast(), len, flags, address.as_ptr(), address.len) as i64
        })
    }

    #[method(signature = "($self, object, /)")]
    fn setblocking(this: &Ref<Socket>, object: bool) -> PyResult<()> {
        this.timeout.set(if object { -1 } else { 0 });
        this.set_blocking(object)
    }

    #[method(signature = "($self, /)")]
    fn getblocking(this: &Ref<Socket>) -> bool {
        this.timeout.get() != 0
    }

    #[method(signature = "($self, object, /)")]
    fn settimeout(this: &Ref<Socket>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let timeout = parse_timeout(object)?;
        this.timeout.set(timeout);
        // With a time-out the descriptor does not block either: `poll` waits instead.
        this.set_blocking(timeout < 0)
    }

    #[method(signature = "($self, /)")]
    fn gettimeout(this: &Ref<Socket>) -> PyResult<Ref<Object>> {
        timeout_object(this.timeout.get())
    }

    #[getter]
    fn timeout(this: &Ref<Socket>) -> PyResult<Ref<Object>> {
        timeout_object(this.timeout.get())
    }

    #[method(raw)]
    fn setsockopt(this: &Ref<Socket>, args: CallArgs<'_>) -> PyResult<()> {
        let null = args.nargs() == 4 && args.positional()[2].is_none();
        check(&args, "setsockopt", 3, if null { 4 } else { 3 })?;
        let (level, option) = (int_argument(&args, 0, 0)?, int_argument(&args, 1, 0)?);
        let fd = this.fd.get();
        let value = args.positional()[2];
        let set = |start: *const c_void, len: usize| {
            // SAFETY: so many bytes, or null.
            if unsafe { libc::setsockopt(fd, level, option, start, len as libc::socklen_t) } < 0 {
                return Err(exceptions::from_last_errno(None));
            }
            Ok(())
        };
        if null {
            return set(core::ptr::null(), system::c_uint_of(args.positional()[3])? as usize);
        }
        if value.has_index() {
            let number = value.index()?;
            if this.family.get() == libc::AF_VSOCK
                && let Some(number) = number.to_u64()
            {
                return set((&raw const number).cast(), size_of::<u64>());
            }
            if let Some(number) = number.to_i32() {
                return set((&raw const number).cast(), size_of::<c_int>());
            }
        }
        let data = BufferArg::new(value)?;
        set(data.as_slice().as_ptr().cast(), data.as_slice().len())
    }

    #[method(signature = "($self, object, /)")]
    fn shutdown(this: &Ref<Socket>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let (fd, how) = (this.fd.get(), c_int_of(object)?);
        // SAFETY: takes numbers.
        if allow_threads(|| unsafe { libc::shutdown(fd, how) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }
}

/// The functions of the module that make or close sockets.
pub struct Functions;

#[pymethods(part = FUNCTIONS)]
impl Functions {
    #[function(signature = "($self, object, /)")]
    fn close(object: Borrowed<'_, Object>) -> PyResult<()> {
        let fd = c_int_of(object)?;
        // SAFETY: takes a number.
        let result = allow_threads(|| unsafe { libc::close(fd) });
        if result < 0 && errno() != libc::ECONNRESET {
            return Err(exceptions::from_last_errno(None));
        }
        Ok(())
    }

    #[function(signature = "($self, object, /)")]
    fn dup(object: Borrowed<'_, Object>) -> PyResult<c_int> {
        let fd = c_int_of(object)?;
        // SAFETY: takes numbers.
        match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) } {
            new if new < 0 => Err(exceptions::from_last_errno(None)),
            new => Ok(new),
        }
    }

    #[function(raw)]
    fn socketpair(args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        system::check_arguments(&args, "_socket", "socketpair", 0, 3)?;
        let family = int_argument(&args, 0, libc::AF_UNIX)?;
        let (kind, proto) = (int_argument(&args, 1, libc::SOCK_STREAM)?, int_argument(&args, 2, 0)?);
        let mut fds = [-1; 2];
        let room = fds.as_mut_ptr();
        // SAFETY: room for two descriptors.
        if allow_threads(|| unsafe { libc::socketpair(family, kind | libc::SOCK_CLOEXEC, proto, room) }) < 0 {
            return Err(exceptions::from_last_errno(None));
        }
        let make = |fd: c_int| -> PyResult<Ref<Object>> {
            let socket: Ref<Socket> = support::instance_exact()?;
            socket.errorhandler.set(Some(raise_errno));
            socket.fill(fd, family, kind, proto)?;
            Ok(socket.into_object())
        };
        let first = make(fds[0]);
        let second = make(fds[1]);
        Tuple::pack([first?, second?])
    }

    #[function(signature = "($self, /)")]
    fn getdefaulttimeout() -> PyResult<Ref<Object>> {
        timeout_object(DEFAULT_TIMEOUT.load(Ordering::Relaxed))
    }

    #[function(signature = "($self, object, /)")]
    fn setdefaulttimeout(object: Borrowed<'_, Object>) -> PyResult<()> {
        DEFAULT_TIMEOUT.store(parse_timeout(object)?, Ordering::Relaxed);
        Ok(())
    }
}
