//! Directories and links: listing, making, removing, renaming; `scandir`.

use std::cell::Cell;
use std::ffi::{CStr, CString};

use super::path::{DirFd, PathArg, PathOrFd, directory};
use super::{check, check_path, check_paths, stat};
use core::mem::offset_of;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::allow_threads;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::generic_alias::GenericAlias;

pub struct Dir;

pub(super) fn add_types(module: &Ref<Module>) -> PyResult<()> {
    module.add_type::<DirEntry>()?;
    taipan_runtime::types::type_::ready_static::<ScandirIterator>()
}

/// The path of an optional argument, the current directory without one.
fn or_current<'a>(path: Nullable<PathOrFd<'a>>) -> Option<PathOrFd<'a>> {
    path.0
}

struct Names {
    stream: *mut libc::DIR,
}

impl Names {
    fn open(path: &Option<PathOrFd<'_>>) -> PyResult<Names> {
        // SAFETY: C strings and descriptors; the stream is closed on drop.
        let stream = unsafe {
            match path {
                None => libc::opendir(c".".as_ptr()),
                Some(PathOrFd::Path(path)) => {
                    let name = path.as_ptr();
                    libc::opendir(name)
                }
                Some(PathOrFd::Fd(fd, _)) => {
                    // The stream owns its descriptor.
                    let own = libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, 0);
                    if own < 0 { core::ptr::null_mut() } else { libc::fdopendir(own) }
                }
            }
        };
        if stream.is_null() {
            return Err(exceptions::from_last_errno(path.as_ref().and_then(|path| match path {
                PathOrFd::Path(path) => Some(path.object()),
                PathOrFd::Fd(..) => None,
            })));
        }
        if matches!(path, Some(PathOrFd::Fd(..))) {
            // SAFETY: an open stream.
            unsafe { libc::rewinddir(stream) };
        }
        Ok(Names { stream })
    }

    /// The next entry besides `.` and `..`: name, inode and type.
    fn next(&mut self) -> Result<Option<(Vec<u8>, u64, u8)>, ()> {
        loop {
            // SAFETY: an open stream; the entry is valid until the next call.
            unsafe {
                *libc::__errno_location() = 0;
                let stream = self.stream;
                let entry = allow_threads(|| libc::readdir(stream));
                if entry.is_null() {
                    return if *libc::__errno_location() == 0 { Ok(None) } else { Err(()) };
                }
                let name = CStr::from_ptr((*entry).d_name.as_ptr()).to_bytes();
                if name != b"." && name != b".." {
                    return Ok(Some((name.to_vec(), (*entry).d_ino, (*entry).d_type)));
                }
            }
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // SAFETY: open until now.
        unsafe { libc::closedir(self.stream) };
    }
}

fn name_object(path: &Option<PathOrFd<'_>>, name: &[u8]) -> PyResult<Ref<Object>> {
    match path {
        Some(PathOrFd::Path(path)) => path.same_kind(name),
        _ => Ok(taipan_runtime::types::codec::fs_decode(name)?.into_object()),
    }
}

#[pymethods(part = FUNCTIONS)]
impl Dir {
    #[function(signature = "(path=None)")]
    fn listdir(path: Nullable<PathOrFd<'_>>) -> PyResult<Ref<List>> {
        let path = or_current(path);
        crate::system::audit("os.listdir", || {
            Ok(vec![path.as_ref().map_or_else(none, |path| path.object().to_owned())])
        })?;
        let mut names = Names::open(&path)?;
        let list = List::new()?;
        loop {
            match names.next() {
                Ok(Some((name, ..))) => list.push(name_object(&path, &name)?)?,
                Ok(None) => return Ok(list),
                Err(()) => return Err(exceptions::from_last_errno(path.as_ref().map(|path| path.object()))),
            }
        }
    }

    #[function(signature = "(path=None)")]
    fn scandir(path: Nullable<PathOrFd<'_>>) -> PyResult<Ref<ScandirIterator>> {
        let path = or_current(path);
        crate::system::audit("os.scandir", || {
            Ok(vec![path.as_ref().map_or_else(none, |path| path.object().to_owned())])
        })?;
        let names = Names::open(&path)?;
        let (object, is_bytes, fd, prefix) = match &path {
            None => (none(), false, -1, b".".to_vec()),
            Some(PathOrFd::Path(path)) => {
                (path.object().to_owned(), path.is_bytes(), -1, path.as_bytes().try_to_vec()?)
            }
            Some(PathOrFd::Fd(fd, object)) => (object.to_owned(), false, *fd, Vec::new()),
        };
        let state = Box::new(Scan { names: Some(names), prefix, is_bytes, fd, _path: object });
        // SAFETY: the field is written before anyone sees the iterator.
        unsafe {
            let iterator = memory::object::new::<ScandirIterator>()?;
            (*iterator).state.set(Box::into_raw(state));
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    #[function(signature = "(path, mode=511, *, dir_fd=None)")]
    fn mkdir(path: PathArg<'_>, mode: Option<i32>, dir_fd: Option<DirFd>) -> PyResult<()> {
        let (name, directory) = (path.as_ptr(), directory(&dir_fd));
        // SAFETY: a C string.
        let done = allow_threads(|| unsafe { libc::mkdirat(directory, name, mode.unwrap_or(0o777) as libc::mode_t) });
        check_path(done, &path).map(drop)
    }

    #[function(signature = "(path, *, dir_fd=None)")]
    fn rmdir(path: PathArg<'_>, dir_fd: Option<DirFd>) -> PyResult<()> {
        // SAFETY: a C string.
        check_path(unsafe { libc::unlinkat(directory(&dir_fd), path.as_ptr(), libc::AT_REMOVEDIR) }, &path).map(drop)
    }

    #[function(signature = "(path, *, dir_fd=None)")]
    fn unlink(path: PathArg<'_>, dir_fd: Option<DirFd>) -> PyResult<()> {
        // SAFETY: a C string.
        check_path(unsafe { libc::unlinkat(directory(&dir_fd), path.as_ptr(), 0) }, &path).map(drop)
    }

    #[function(signature = "(path, *, dir_fd=None)")]
    fn remove(path: PathArg<'_>, dir_fd: Option<DirFd>) -> PyResult<()> {
        Dir::unlink(path, dir_fd)
    }

    #[function(signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn rename(
        src: PathArg<'_>,
        dst: PathArg<'_>,
        src_dir_fd: Option<DirFd>,
        dst_dir_fd: Option<DirFd>,
    ) -> PyResult<()> {
        // SAFETY: C strings.
        let done =
            unsafe { libc::renameat(directory(&src_dir_fd), src.as_ptr(), directory(&dst_dir_fd), dst.as_ptr()) };
        check_paths(done, &src, &dst)
    }

    #[function(signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn replace(
        src: PathArg<'_>,
        dst: PathArg<'_>,
        src_dir_fd: Option<DirFd>,
        dst_dir_fd: Option<DirFd>,
    ) -> PyResult<()> {
        Dir::rename(src, dst, src_dir_fd, dst_dir_fd)
    }

    #[function(
        signature = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)",
        text_signature = "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None,\n     follow_symlinks=(os.name != 'nt'))"
    )]
    fn link(
        src: PathArg<'_>,
        dst: PathArg<'_>,
        src_dir_fd: Option<DirFd>,
        dst_dir_fd: Option<DirFd>,
        follow_symlinks: bool,
    ) -> PyResult<()> {
        let flags = if follow_symlinks { libc::AT_SYMLINK_FOLLOW } else { 0 };
        let (from, to) = (directory(&src_dir_fd), directory(&dst_dir_fd));
        // SAFETY: C strings.
        check_paths(unsafe { libc::linkat(from, src.as_ptr(), to, dst.as_ptr(), flags) }, &src, &dst)
    }

    #[function(signature = "(src, dst, target_is_directory=False, *, dir_fd=None)")]
    fn symlink(src: PathArg<'_>, dst: PathArg<'_>, _target_is_directory: bool, dir_fd: Option<DirFd>) -> PyResult<()> {
        // SAFETY: C strings.
        check_paths(unsafe { libc::symlinkat(src.as_ptr(), directory(&dir_fd), dst.as_ptr()) }, &src, &dst)
    }

    #[function(signature = "(path, *, dir_fd=None)")]
    fn readlink(path: PathArg<'_>, dir_fd: Option<DirFd>) -> PyResult<Ref<Object>> {
        let mut buffer = vec![0u8; libc::PATH_MAX as usize + 1];
        // SAFETY: a C string and a buffer of that size.
        let length =
            unsafe { libc::readlinkat(directory(&dir_fd), path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        check_path(if length < 0 { -1 } else { 0 }, &path)?;
        path.same_kind(&buffer[..length as usize])
    }

    #[function(signature = "(path)")]
    fn chdir(path: PathOrFd<'_>) -> PyResult<()> {
        match &path {
            // SAFETY: a C string.
            PathOrFd::Path(path) => check_path(unsafe { libc::chdir(path.as_ptr()) }, path).map(drop),
            // SAFETY: takes a number.
            PathOrFd::Fd(fd, _) => check(unsafe { libc::fchdir(*fd) }).map(drop),
        }
    }

    #[function(signature = "(fd)")]
    fn fchdir(fd: crate::system::Fd) -> PyResult<()> {
        // SAFETY: takes a number.
        check(allow_threads(|| unsafe { libc::fchdir(fd.0) })).map(drop)
    }

    #[function(signature = "()")]
    fn getcwd() -> PyResult<Ref<Str>> {
        match std::env::current_dir() {
            Ok(path) => {
                taipan_runtime::types::codec::fs_decode(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()))
            }
            Err(error) => Err(exceptions::from_errno(error.raw_os_error().unwrap_or(0), None)),
        }
    }

    #[function(signature = "()")]
    fn getcwdb() -> PyResult<Ref<Bytes>> {
        match std::env::current_dir() {
            Ok(path) => Bytes::from_slice(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())),
            Err(error) => Err(exceptions::from_errno(error.raw_os_error().unwrap_or(0), None)),
        }
    }

    #[function(signature = "(path)")]
    fn fspath(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        super::path::fspath(path)
    }

    #[function(signature = "(path, mode=438, *, dir_fd=None)")]
    fn mkfifo(path: PathArg<'_>, mode: Option<i32>, dir_fd: Option<DirFd>) -> PyResult<()> {
        // SAFETY: a C string.
        let done = unsafe { libc::mkfifoat(directory(&dir_fd), path.as_ptr(), mode.unwrap_or(0o666) as libc::mode_t) };
        check_path(done, &path).map(drop)
    }

    #[function(signature = "(mask, /)")]
    fn umask(mask: i32) -> i32 {
        // SAFETY: takes a number.
        unsafe { libc::umask(mask as libc::mode_t) as i32 }
    }
}

/// What a `scandir` iterator goes through.
struct Scan {
    names: Option<Names>,
    prefix: Vec<u8>,
    is_bytes: bool,
    fd: c_int,
    _path: Ref<Object>,
}

/// `posix.ScandirIterator`.
#[repr(C)]
pub struct ScandirIterator {
    head: PyObject,
    state: Cell<*mut Scan>,
}

#[pytype(name = "ScandirIterator", module = "posix", disallow_instantiation, heap, mutable, basicsize = 128)]
impl ScandirIterator {
    #[slot(tp_finalize)]
    fn finalize(this: &Ref<ScandirIterator>) {
        // SAFETY: the state lives as long as the iterator.
        if unsafe { &*this.state.get() }.names.is_none() {
            return;
        }
        let _aside = Raised::aside();
        // After the warning nobody can use the stream any more.
        let text = format!("unclosed scandir iterator {}", this.as_object().to_repr_text());
        let class = exceptions::ResourceWarning::type_object();
        let warned = taipan_runtime::modules::warnings::warn_with_source(class, &text, 1, Some(this.as_borrowed()));
        if let Err(raised) = warned {
            exceptions::report_unraisable_object(raised, Some(this.as_borrowed()));
        }
        ScandirIterator::close(this);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ScandirIterator) {
        // SAFETY: called by the last decref; the finalizer may bring the object back.
        unsafe {
            if !memory::object::finalize_from_dealloc(this.cast()) {
                return;
            }
            drop(Box::from_raw((*this).state.get()));
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ScandirIterator>) -> Ref<ScandirIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ScandirIterator>) -> PyResult<Option<Ref<DirEntry>>> {
        // SAFETY: the state lives as long as the iterator, and nothing here runs Python code while it is borrowed.
        let scan = unsafe { &mut *this.state.get() };
        let Some(names) = &mut scan.names else { return Ok(None) };
        match names.next() {
            Ok(Some((name, inode, kind))) => {
                DirEntry::new(&scan.prefix, &name, scan.is_bytes, scan.fd, inode, kind).map(Some)
            }
            Ok(None) => {
                scan.names = None;
                Ok(None)
            }
            Err(()) => {
                scan.names = None;
                Err(exceptions::from_last_errno(None))
            }
        }
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<ScandirIterator>) {
        // SAFETY: as above.
        unsafe { (*this.state.get()).names = None };
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<ScandirIterator>) -> Ref<ScandirIterator> {
        this.clone()
    }

    #[method(name = "__exit__", signature = "($self, /, *args)", no_text_signature)]
    fn exit(this: &Ref<ScandirIterator>, _args: Args<'_>) {
        ScandirIterator::close(this);
    }
}

/// `os.DirEntry`.
#[repr(C)]
pub struct DirEntry {
    head: PyObject,
    name: Cell<*mut PyObject>,
    path: Cell<*mut PyObject>,
    /// The answers of `stat()` with and without following links, once asked.
    stat: Cell<*mut PyObject>,
    lstat: Cell<*mut PyObject>,
    inode: Cell<u64>,
    fd: Cell<c_int>,
    kind: Cell<u8>,
}

impl DirEntry {
    fn new(prefix: &[u8], name: &[u8], is_bytes: bool, fd: c_int, inode: u64, kind: u8) -> PyResult<Ref<DirEntry>> {
        let mut path = vec_with_capacity(prefix.len() + name.len() + 1)?;
        path.extend_from_slice(prefix);
        if fd < 0 && !path.is_empty() && path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        let object = |bytes: &[u8]| -> PyResult<Ref<Object>> {
            if is_bytes {
                return Ok(Bytes::from_slice(bytes)?.into_object());
            }
            Ok(taipan_runtime::types::codec::fs_decode(bytes)?.into_object())
        };
        let (name, path) = (object(name)?, object(&path)?);
        // SAFETY: fields are written before anyone sees the entry.
        unsafe {
            let entry = memory::object::new::<DirEntry>()?;
            (*entry).name.set(name.into_ptr());
            (*entry).path.set(path.into_ptr());
            (*entry).inode.set(inode);
            (*entry).fd.set(fd);
            (*entry).kind.set(kind);
            Ok(Ref::from_owned_ptr(entry))
        }
    }

    fn name_object(&self) -> Ref<Object> {
        // SAFETY: set when the entry was made.
        unsafe { Ref::from_borrowed_ptr(self.name.get()) }
    }

    fn path_object(&self) -> Ref<Object> {
        // SAFETY: set when the entry was made.
        unsafe { Ref::from_borrowed_ptr(self.path.get()) }
    }

    fn c_path(&self) -> PyResult<CString> {
        let path = self.path_object();
        let arg = PathArg::new(path.borrow(), "DirEntry", "path", "string or bytes")?;
        Ok(CString::new(arg.as_bytes()).unwrap_or_default())
    }

    fn read_stat(&self, follow: bool) -> PyResult<Result<libc::stat, ()>> {
        let path = self.c_path()?;
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        let base = if self.fd.get() >= 0 { self.fd.get() } else { libc::AT_FDCWD };
        let name = path.as_ptr();
        // SAFETY: a C string and a buffer.
        Ok(stat::fill(|buffer| unsafe { libc::fstatat(base, name, buffer, flags) }))
    }

    /// Whether the entry is of the type; a file that is gone is of none.
    fn is_type(&self, follow: bool, kind: u8, mode: u32) -> PyResult<bool> {
        let known = self.kind.get();
        let needs_stat = known == libc::DT_UNKNOWN || (follow && known == libc::DT_LNK);
        if !needs_stat {
            return Ok(known == kind);
        }
        match self.read_stat(follow)? {
            Ok(stat) => Ok(stat.st_mode & libc::S_IFMT == mode),
            Err(()) if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(()) => Err(exceptions::from_last_errno(Some(self.path_object().borrow()))),
        }
    }
}

#[pytype(name = "DirEntry", module = "posix", disallow_instantiation, heap, mutable, basicsize = 72)]
impl DirEntry {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut DirEntry) {
        // SAFETY: called once, by the last decref.
        unsafe {
            for field in [&(*this).name, &(*this).path, &(*this).stat, &(*this).lstat] {
                header::xdecref(field.get());
            }
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<DirEntry>) -> String {
        format!("<DirEntry {}>", this.name_object().to_repr_text())
    }

    #[member(name = "name", kind = T_OBJECT_EX, offset = offset_of!(DirEntry, name), readonly)]
    const _NAME: () = ();

    #[member(name = "path", kind = T_OBJECT_EX, offset = offset_of!(DirEntry, path), readonly)]
    const _PATH: () = ();

    #[method(signature = "($self, /, *, follow_symlinks=True)", defining_class)]
    fn is_dir(this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<bool> {
        this.is_type(follow_symlinks, libc::DT_DIR, libc::S_IFDIR)
    }

    #[method(signature = "($self, /, *, follow_symlinks=True)", defining_class)]
    fn is_file(this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<bool> {
        this.is_type(follow_symlinks, libc::DT_REG, libc::S_IFREG)
    }

    #[method(signature = "($self, /)", defining_class)]
    fn is_symlink(this: &Ref<DirEntry>) -> PyResult<bool> {
        this.is_type(false, libc::DT_LNK, libc::S_IFLNK)
    }

    #[method(signature = "($self, /)")]
    fn is_junction(this: &Ref<DirEntry>) -> bool {
        let _ = this;
        false
    }

    #[method(signature = "($self, /)")]
    fn inode(this: &Ref<DirEntry>) -> u64 {
        this.inode.get()
    }

    #[method(signature = "($self, /, *, follow_symlinks=True)", defining_class)]
    fn stat(this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<Ref<Object>> {
        let cache = if follow_symlinks { &this.stat } else { &this.lstat };
        // SAFETY: null or an object of ours.
        if let Some(known) = unsafe { Ref::from_borrowed_ptr_or_null(cache.get()) } {
            return Ok(known);
        }
        match this.read_stat(follow_symlinks)? {
            Ok(stat) => {
                let result = stat::result(&stat)?;
                cache.set(result.clone().into_ptr());
                Ok(result)
            }
            Err(()) => Err(exceptions::from_last_errno(Some(this.path_object().borrow()))),
        }
    }

    #[method(name = "__fspath__", signature = "($self, /)")]
    fn fspath(this: &Ref<DirEntry>) -> Ref<Object> {
        this.path_object()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}
