//! `FileIO`: a stream over a file descriptor. CPython: `Modules/_io/fileio.c`.

use core::cell::Cell;

use taipan_runtime::modules::builtins::fspath;
use taipan_runtime::modules::sys::audit;
use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::{BufferArg, WritableBufferArg};
use taipan_runtime::thread;
use taipan_runtime::types::bytes::BytesBuilder;
use taipan_runtime::types::exceptions::{self, ResourceWarning, RuntimeWarning, from_errno};

use super::base::{self, IoBase, RawIoBase, attribute_or_none};
use super::os::{self, Transfer};
use super::unsupported;
use taipan_runtime::prelude::*;

const CREATED: u8 = 1;
const READABLE: u8 = 2;
const WRITABLE: u8 = 4;
const APPENDING: u8 = 8;

/// The smallest room that `readall` begins with.
const SMALL_READ: usize = 8192;

#[repr(C)]
pub struct FileIo {
    base: IoBase,
    fd: Cell<c_int>,
    /// What the stream can do, as bits.
    abilities: Cell<u8>,
    close_fd: Cell<bool>,
    /// Set while the finaliser closes the stream.
    finalizing: Cell<bool>,
    /// -1 for not known, else whether it can seek.
    seekable: Cell<i8>,
    block_size: Cell<u32>,
    /// The size when opened, -1 when not known: how much `readall` makes room for.
    size: Cell<i64>,
    /// 1 when it is known since opening that this is no terminal.
    never_terminal: Cell<bool>,
}

/// The parsed mode string.
struct Mode {
    flags: c_int,
    abilities: u8,
}

impl Mode {
    fn parse(mode: &str) -> PyResult<Mode> {
        let bad = || raise!(ValueError, "Must have exactly one of create/read/write/append mode and at most one plus");
        let (mut main, mut plus, mut abilities, mut flags) = (false, false, 0, 0);
        for letter in mode.chars() {
            match letter {
                'x' | 'r' | 'w' | 'a' => {
                    if main {
                        return Err(bad());
                    }
                    main = true;
                    (abilities, flags) = match letter {
                        'x' => (CREATED | WRITABLE, libc::O_EXCL | libc::O_CREAT),
                        'r' => (READABLE, 0),
                        'w' => (WRITABLE, libc::O_CREAT | libc::O_TRUNC),
                        _ => (WRITABLE | APPENDING, libc::O_APPEND | libc::O_CREAT),
                    };
                }
                'b' => {}
                '+' => {
                    if plus {
                        return Err(bad());
                    }
                    plus = true;
                }
                _ => return Err(raise!(ValueError, "invalid mode: {mode}")),
            }
        }
        if !main {
            return Err(bad());
        }
        if plus {
            abilities |= READABLE | WRITABLE;
        }
        flags |= match (abilities & READABLE != 0, abilities & WRITABLE != 0) {
            (true, true) => libc::O_RDWR,
            (true, false) => libc::O_RDONLY,
            _ => libc::O_WRONLY,
        };
        Ok(Mode { flags: flags | libc::O_CLOEXEC, abilities })
    }
}

/// The bytes of a path, with a zero at the end.
fn path_bytes(path: &Ref<Object>) -> PyResult<Vec<u8>> {
    let path = fspath(path.borrow())?;
    let mut bytes = match path.downcast::<Bytes>() {
        Some(bytes) => bytes.as_slice().try_to_vec()?,
        None => match path.downcast::<Str>() {
            Some(text) => taipan_runtime::types::codec::fs_encode(&text)?.as_slice().try_to_vec()?,
            None => Vec::new(),
        },
    };
    if memchr::memchr(0, &bytes).is_some() {
        return Err(raise!(ValueError, "embedded null byte"));
    }
    bytes.try_push(0)?;
    Ok(bytes)
}

impl FileIo {
    /// A new stream, not yet open.
    fn create(cls: Borrowed<'_, Type>) -> PyResult<Ref<FileIo>> {
        // SAFETY: the class is `FileIO` or a subclass of it; zeroed fields are valid.
        let this: Ref<FileIo> = unsafe { cls.alloc(0)?.into_unchecked() };
        this.fd.set(-1);
        this.close_fd.set(true);
        this.seekable.set(-1);
        this.size.set(-1);
        Ok(this)
    }

    /// `FileIO(file, mode, closefd, opener)` without the detour of a call.
    pub fn open(
        file: Borrowed<'_, Object>,
        mode: &str,
        close_fd: bool,
        opener: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<FileIo>> {
        let this = FileIo::create(FileIo::type_object())?;
        FileIo::open_at(&this, file, mode, close_fd, opener)?;
        Ok(this)
    }

    fn open_at(
        this: &Ref<FileIo>,
        file: Borrowed<'_, Object>,
        mode: &str,
        close_fd: bool,
        opener: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        if this.fd.get() >= 0 {
            if this.close_fd.get() {
                FileIo::close_descriptor(this)?;
            } else {
                this.fd.set(-1);
            }
        }
        if file.is_instance_of::<Bool>() {
            warnings::warn(RuntimeWarning::type_object(), "bool is used as a file descriptor", 1)?;
        }
        let mut given = -1;
        if let Some(int) = file.downcast::<Int>() {
            given = match int.to_i32() {
                Some(fd) if fd >= 0 => fd,
                Some(_) => return Err(raise!(ValueError, "negative file descriptor")),
                None => return Err(raise!(OverflowError, "Python int too large to convert to C int")),
            };
        } else if !file.is_instance_of::<Str>() && !file.is_instance_of::<Bytes>() && file.has_index() {
            given = match file.index()?.to_i32() {
                Some(fd) if fd >= 0 => fd,
                Some(_) => return Err(raise!(ValueError, "negative file descriptor")),
                None => return Err(raise!(OverflowError, "Python int too large to convert to C int")),
            };
        }
        let path = if given < 0 { Some(path_bytes(&file)?) } else { None };
        let parsed = Mode::parse(mode)?;
        this.abilities.set(parsed.abilities);
        let flags = Int::from_i64(i64::from(parsed.flags))?;
        let mode_text = Str::from_utf8_str(mode)?;
        audit("open", &[file, mode_text.as_borrowed(), flags.as_borrowed()])?;
        let mut ours = false;
        let result = (|| {
            match path {
                None => {
                    this.fd.set(given);
                    this.close_fd.set(close_fd);
                }
                Some(path) => {
                    this.close_fd.set(true);
                    if !close_fd {
                        return Err(raise!(ValueError, "Cannot use closefd=False with file name"));
                    }
                    let fd = FileIo::open_path(file, &path, parsed.flags, opener, &flags)?;
                    this.fd.set(fd);
                    ours = true;
                }
            }
            FileIo::look(this, file)?;
            this.as_object().setattr(id!("name"), file)?;
            if this.abilities.get() & APPENDING != 0 {
                // A file that cannot seek may still be appended to.
                if let Err(raised) = this.seek_to(0, libc::SEEK_END) {
                    raised.clear_if::<exceptions::OSError>()?;
                }
            }
            Ok(())
        })();
        if result.is_err() {
            if !ours {
                this.fd.set(-1);
            } else {
                let pending = Raised::take_if_set();
                if let Err(raised) = FileIo::close_descriptor(this) {
                    raised.clear();
                }
                if let Some(pending) = pending {
                    return Err(Raised::restore(pending));
                }
            }
        }
        result
    }

    fn open_path(
        file: Borrowed<'_, Object>,
        path: &[u8],
        flags: c_int,
        opener: Option<Borrowed<'_, Object>>,
        flags_object: &Ref<Int>,
    ) -> PyResult<c_int> {
        let Some(opener) = opener else {
            return match os::retry(|| {
                // SAFETY: the path ends with a zero.
                (unsafe { libc::open(path.as_ptr().cast(), flags, 0o666) }) as isize
            })? {
                Ok(fd) => Ok(fd as c_int),
                Err(error) => Err(from_errno(error, Some(file))),
            };
        };
        let opened = opener.call(&[file, flags_object.as_borrowed()])?;
        let Some(fd) = opened.downcast::<Int>() else {
            return Err(raise!(TypeError, "expected integer from opener"));
        };
        let Some(fd) = fd.to_i32() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C int"));
        };
        if fd < 0 {
            return Err(raise!(ValueError, "opener returned {fd}"));
        }
        // SAFETY: changes a flag of a descriptor.
        unsafe {
            let old = libc::fcntl(fd, libc::F_GETFD);
            if old < 0 || (old & libc::FD_CLOEXEC == 0 && libc::fcntl(fd, libc::F_SETFD, old | libc::FD_CLOEXEC) < 0) {
                return Err(exceptions::from_last_errno(None));
            }
        }
        Ok(fd)
    }

    /// What the system says about the open file; directories are refused.
    fn look(this: &Ref<FileIo>, file: Borrowed<'_, Object>) -> PyResult<()> {
        this.block_size.set(SMALL_READ as u32);
        this.size.set(-1);
        this.never_terminal.set(false);
        match os::stat(this.fd.get()) {
            Ok(stat) => {
                let kind = stat.st_mode & libc::S_IFMT;
                if kind == libc::S_IFDIR {
                    return Err(from_errno(libc::EISDIR, Some(file)));
                }
                if stat.st_blksize > 1 {
                    this.block_size.set(stat.st_blksize.min(i64::from(u32::MAX)) as u32);
                }
                if kind == libc::S_IFREG {
                    this.size.set(stat.st_size);
                }
                this.never_terminal.set(kind != libc::S_IFCHR);
                Ok(())
            }
            // Other errors do not matter: some systems have files that cannot be asked.
            Err(libc::EBADF) => Err(from_errno(libc::EBADF, None)),
            Err(_) => Ok(()),
        }
    }

    /// Closes the descriptor. It counts as closed whatever the system answers.
    fn close_descriptor(this: &Ref<FileIo>) -> PyResult<()> {
        let fd = this.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        let (status, error) = thread::allow_threads(|| {
            // SAFETY: the descriptor is the stream's own.
            let status = unsafe { libc::close(fd) };
            (status, exceptions::errno())
        });
        // Linux has closed the descriptor even when it says EINTR.
        if status < 0 && error != libc::EINTR { Err(from_errno(error, None)) } else { Ok(()) }
    }

    pub fn descriptor(&self) -> PyResult<c_int> {
        let fd = self.fd.get();
        if fd < 0 { Err(raise!(ValueError, "I/O operation on closed file")) } else { Ok(fd) }
    }

    fn has(&self, ability: u8) -> bool {
        self.abilities.get() & ability != 0
    }

    fn readable_descriptor(&self) -> PyResult<c_int> {
        let fd = self.descriptor()?;
        if self.has(READABLE) { Ok(fd) } else { Err(unsupported("File not open for reading")) }
    }

    fn writable_descriptor(&self) -> PyResult<c_int> {
        let fd = self.descriptor()?;
        if self.has(WRITABLE) { Ok(fd) } else { Err(unsupported("File not open for writing")) }
    }

    /// Reads into memory; for the buffered streams.
    ///
    /// # Safety
    /// As [`os::read`].
    pub unsafe fn read_raw(&self, start: *mut u8, len: usize) -> PyResult<Transfer> {
        let fd = self.readable_descriptor()?;
        // SAFETY: by contract.
        unsafe { os::read(fd, start, len) }
    }

    /// # Safety
    /// As [`os::write`].
    pub unsafe fn write_raw(&self, start: *const u8, len: usize) -> PyResult<Transfer> {
        let fd = self.writable_descriptor()?;
        // SAFETY: by contract.
        unsafe { os::write(fd, start, len) }
    }

    pub fn seek_to(&self, offset: i64, whence: c_int) -> PyResult<i64> {
        let position = os::seek(self.descriptor()?, offset, whence)?;
        if self.seekable.get() < 0 {
            self.seekable.set(1);
        }
        Ok(position)
    }

    pub fn block_size(&self) -> usize {
        self.block_size.get() as usize
    }

    pub fn is_readable(&self) -> PyResult<bool> {
        self.descriptor().map(|_| self.has(READABLE))
    }

    pub fn is_writable(&self) -> PyResult<bool> {
        self.descriptor().map(|_| self.has(WRITABLE))
    }

    pub fn is_seekable(&self) -> PyResult<bool> {
        let fd = self.descriptor()?;
        if self.seekable.get() < 0 {
            let position = os::seek(fd, 0, libc::SEEK_CUR);
            match position {
                Ok(_) => self.seekable.set(1),
                Err(raised) => {
                    raised.clear();
                    self.seekable.set(0);
                }
            }
        }
        Ok(self.seekable.get() == 1)
    }

    pub fn is_closed(&self) -> bool {
        self.fd.get() < 0
    }

    /// Everything to the end; `None` when nothing is there yet and the file does not wait.
    pub fn read_to_end(&self) -> PyResult<Option<Ref<Bytes>>> {
        let fd = self.descriptor()?;
        let mut room = SMALL_READ;
        if let Ok(size) = usize::try_from(self.size.get())
            && size > 0
        {
            let mut left = size;
            if size > 65536 {
                // A large file may have been read in part.
                // SAFETY: touches no memory.
                let position = thread::allow_threads(|| unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) });
                left = size.saturating_sub(usize::try_from(position).unwrap_or(0));
            }
            // One byte more shows the end of the file without a second round of growing.
            room = left.saturating_add(1);
        }
        let mut data = BytesBuilder::with_capacity(room)?;
        loop {
            if data.len() == room {
                room = room.saturating_add(if room > 65536 { room >> 3 } else { 256 + room }).max(SMALL_READ);
            }
            let wanted = room - data.len();
            // SAFETY: the room is the builder's own, which nobody else sees.
            let transfer = unsafe {
                let (start, len) = data.spare(wanted)?;
                os::read(fd, start, len.min(wanted))?
            };
            match transfer {
                Transfer::Done(0) => break,
                // SAFETY: so many bytes were written behind the others.
                Transfer::Done(count) => unsafe { data.advance(count) },
                Transfer::WouldBlock if data.is_empty() => return Ok(None),
                Transfer::WouldBlock => break,
            }
        }
        data.finish().map(Some)
    }

    /// The mode as it is shown.
    fn mode_text(&self) -> &'static str {
        match (self.has(CREATED), self.has(APPENDING), self.has(READABLE), self.has(WRITABLE)) {
            (true, _, true, _) => "xb+",
            (true, ..) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, ..) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }

    /// The ResourceWarning of a stream that nobody closed.
    fn warn_unclosed(this: &Ref<FileIo>, source: Borrowed<'_, Object>) {
        if this.fd.get() < 0 || !this.close_fd.get() {
            return;
        }
        let _aside = Raised::aside();
        let message = format!("unclosed file {}", source.to_repr_text());
        if let Err(raised) = warnings::warn_with_source(ResourceWarning::type_object(), &message, 1, Some(source)) {
            // As an error, the warning cannot be raised from here.
            if raised.is_a::<exceptions::Warning>() {
                exceptions::report_unraisable(
                    raised,
                    &format!("Exception ignored while finalizing file {}", this.as_object().to_repr_text()),
                    None,
                );
            } else {
                raised.clear();
            }
        }
    }
}

#[pytype(name = "FileIO", module = "_io", base = RawIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap)]
impl FileIo {
    #[slot(tp_traverse)]
    fn traverse(this: &FileIo, visit: &mut Visitor) {
        visit.object(this.base.dict.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<FileIo>) {
        this.base.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FileIo) {
        // SAFETY: called once, by the last decref.
        unsafe {
            (*this).finalizing.set(true);
            if base::begin_dealloc(this) {
                base::end_dealloc(this);
            } else {
                (*this).finalizing.set(false);
            }
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<FileIo>) -> PyResult<String> {
        let kind = this.type_of().full_name()?;
        if this.is_closed() {
            return Ok(format!("<{kind} [closed]>"));
        }
        let close = if this.close_fd.get() { "True" } else { "False" };
        let mode = this.mode_text();
        let _guard = thread::enter_recursive(" while getting the repr of an object")?;
        let Some(name) = attribute_or_none(this.as_object(), id!("name"))? else {
            return Ok(format!("<{kind} fd={} mode='{mode}' closefd={close}>", this.fd.get()));
        };
        let name = super::guarded_repr(this.as_object(), &name)?;
        Ok(format!("<{kind} name={} mode='{mode}' closefd={close}>", name.to_display()))
    }

    #[new(signature = "(file, mode='r', closefd=True, opener=None)", raw)]
    fn new(cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<Ref<FileIo>> {
        FileIo::create(cls)
    }

    #[init(signature = "(file, mode='r', closefd=True, opener=None)")]
    fn init(
        this: &Ref<FileIo>,
        file: Borrowed<'_, Object>,
        mode: &str,
        closefd: bool,
        opener: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        FileIo::open_at(this, file, mode, closefd, opener.into_option())
    }

    #[method(signature = "($self, size=-1, /)", defining_class)]
    fn read(this: &Ref<FileIo>, size: Nullable<isize>) -> PyResult<Option<Ref<Bytes>>> {
        this.readable_descriptor()?;
        let Some(size) = base::size_limit(size) else { return this.read_to_end() };
        let fd = this.readable_descriptor()?;
        let size = size.min(0x7fff_f000);
        let mut data = BytesBuilder::with_capacity(size)?;
        // SAFETY: the room is the builder's own.
        unsafe {
            let (start, len) = data.spare(size)?;
            match os::read(fd, start, len.min(size))? {
                Transfer::Done(count) => data.advance(count),
                Transfer::WouldBlock => return Ok(None),
            }
        }
        data.finish().map(Some)
    }

    #[method(signature = "($self, /)")]
    fn readall(this: &Ref<FileIo>) -> PyResult<Option<Ref<Bytes>>> {
        this.read_to_end()
    }

    #[method(signature = "($self, buffer, /)", defining_class)]
    fn readinto(this: &Ref<FileIo>, buffer: WritableBufferArg<'_>) -> PyResult<Option<usize>> {
        let (start, len) = buffer.as_raw();
        // SAFETY: the export keeps the memory.
        match unsafe { this.read_raw(start, len)? } {
            Transfer::Done(count) => Ok(Some(count)),
            Transfer::WouldBlock => Ok(None),
        }
    }

    #[method(signature = "($self, b, /)", defining_class)]
    fn write(this: &Ref<FileIo>, b: BufferArg<'_>) -> PyResult<Option<usize>> {
        // SAFETY: the export keeps the memory.
        match unsafe { this.write_raw(b.as_ptr(), b.len())? } {
            Transfer::Done(count) => Ok(Some(count)),
            Transfer::WouldBlock => Ok(None),
        }
    }

    #[method(signature = "($self, pos, whence=0, /)")]
    fn seek(this: &Ref<FileIo>, pos: i64, whence: i32) -> PyResult<i64> {
        this.seek_to(pos, whence)
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<FileIo>) -> PyResult<i64> {
        this.seek_to(0, libc::SEEK_CUR)
    }

    #[method(signature = "($self, size=None, /)", defining_class)]
    fn truncate(this: &Ref<FileIo>, size: Nullable<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let fd = this.writable_descriptor()?;
        let size = match size.into_option() {
            Some(size) => size.to_owned(),
            None => Int::from_i64(this.seek_to(0, libc::SEEK_CUR)?)?.into_object(),
        };
        let Some(length) = size.index()?.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        // SAFETY: touches no memory.
        match os::retry(|| unsafe { libc::ftruncate(fd, length) } as isize)? {
            Ok(_) => {
                this.size.set(-1);
                Ok(size)
            }
            Err(error) => Err(from_errno(error, None)),
        }
    }

    #[method(signature = "($self, /)", defining_class)]
    fn close(this: &Ref<FileIo>) -> PyResult<Ref<Object>> {
        // The base class's part comes first: it flushes through what a subclass may have defined.
        let base = RawIoBase::type_object().as_object().getattr(id!("close"))?.call1(this.as_borrowed());
        if !this.close_fd.get() {
            this.fd.set(-1);
            return base;
        }
        let pending = if base.is_err() { Raised::take_if_set() } else { None };
        if this.finalizing.get() {
            FileIo::warn_unclosed(this, this.as_borrowed());
        }
        let closed = FileIo::close_descriptor(this);
        match (pending, closed) {
            (None, Ok(())) => base,
            (None, Err(raised)) => Err(raised),
            (Some(pending), Ok(())) => Err(Raised::restore(pending)),
            (Some(pending), Err(raised)) => {
                let second = raised.take();
                exceptions::set_context(&second, Some(pending));
                Err(Raised::restore(second))
            }
        }
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_seekable()
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_readable()
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_writable()
    }

    #[method(signature = "($self, /)")]
    fn fileno(this: &Ref<FileIo>) -> PyResult<c_int> {
        this.descriptor()
    }

    #[method(signature = "($self, /)")]
    fn isatty(this: &Ref<FileIo>) -> PyResult<bool> {
        Ok(os::is_terminal(this.descriptor()?))
    }

    /// What `open` asks right after opening: saves the system call for what cannot be a terminal.
    #[method(name = "_isatty_open_only", signature = "($self, /)")]
    fn isatty_open_only(this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_terminal_when_opened()
    }

    #[method(name = "_dealloc_warn", signature = "($self, object, /)")]
    fn dealloc_warn(this: &Ref<FileIo>, object: Borrowed<'_, Object>) {
        FileIo::warn_unclosed(this, object);
    }

    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<FileIo>) -> PyResult<()> {
        Err(super::cannot_pickle(this.as_object()))
    }

    #[getter]
    fn closed(this: &Ref<FileIo>) -> bool {
        this.is_closed()
    }

    #[getter]
    fn closefd(this: &Ref<FileIo>) -> bool {
        this.close_fd.get()
    }

    #[getter]
    fn mode(this: &Ref<FileIo>) -> &'static str {
        this.mode_text()
    }

    #[getter(name = "_blksize")]
    fn blksize(this: &Ref<FileIo>) -> usize {
        this.block_size()
    }

    #[member(name = "_finalizing", kind = T_BOOL, offset = core::mem::offset_of!(FileIo, finalizing))]
    const _FINALIZING: () = ();
}

impl FileIo {
    pub fn is_terminal_when_opened(&self) -> PyResult<bool> {
        if self.never_terminal.get() {
            return self.descriptor().map(|_| false);
        }
        Ok(os::is_terminal(self.descriptor()?))
    }
}
