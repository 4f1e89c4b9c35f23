//! Extended attributes of files.

use super::path::{PathArg, PathOrFd};
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::allow_threads;
use taipan_runtime::types::{codec, exceptions};

pub struct Xattr;

/// Attributes and lists of them are no longer than that.
const LARGEST: usize = 65_536;

fn check_follow(function: &str, path: &PathOrFd<'_>, follow: bool) -> PyResult<()> {
    if matches!(path, PathOrFd::Fd(..)) && !follow {
        return Err(raise!(ValueError, "{function}: cannot use fd and follow_symlinks together"));
    }
    Ok(())
}

fn failed(path: &PathOrFd<'_>) -> Raised {
    match path {
        PathOrFd::Path(path) => exceptions::from_last_errno(Some(path.object())),
        PathOrFd::Fd(_, object) => exceptions::from_last_errno(Some(*object)),
    }
}

/// Reads into room of growing size.
fn read(
    path: &PathOrFd<'_>,
    sizes: [usize; 2],
    mut call: impl FnMut(*mut c_void, usize) -> isize,
) -> PyResult<Vec<u8>> {
    for size in sizes {
        let mut room: Vec<u8> = vec_with_capacity(size)?;
        let at = room.as_mut_ptr().cast();
        let count = allow_threads(|| call(at, size));
        if count >= 0 {
            // SAFETY: so many bytes were written.
            unsafe { room.set_len((count as usize).min(size)) };
            return Ok(room);
        }
        if exceptions::errno() != libc::ERANGE {
            break;
        }
    }
    Err(failed(path))
}

#[pymethods(part = FUNCTIONS)]
impl Xattr {
    #[function(signature = "(path, attribute, *, follow_symlinks=True)")]
    fn getxattr(path: PathOrFd<'_>, attribute: PathArg<'_>, follow_symlinks: bool) -> PyResult<Ref<Bytes>> {
        check_follow("getxattr", &path, follow_symlinks)?;
        let name = attribute.as_ptr();
        // SAFETY: C strings, and room of the size given.
        let data = read(&path, [128, LARGEST], |room, size| unsafe {
            match &path {
                PathOrFd::Fd(fd, _) => libc::fgetxattr(*fd, name, room, size),
                PathOrFd::Path(path) if follow_symlinks => libc::getxattr(path.as_ptr(), name, room, size),
                PathOrFd::Path(path) => libc::lgetxattr(path.as_ptr(), name, room, size),
            }
        })?;
        Bytes::from_slice(&data)
    }

    #[function(signature = "(path, attribute, value, flags=0, *, follow_symlinks=True)")]
    fn setxattr(
        path: PathOrFd<'_>,
        attribute: PathArg<'_>,
        value: BufferArg<'_>,
        flags: Option<i32>,
        follow_symlinks: bool,
    ) -> PyResult<()> {
        check_follow("setxattr", &path, follow_symlinks)?;
        let (name, flags) = (attribute.as_ptr(), flags.unwrap_or(0));
        let (data, len) = (value.as_slice().as_ptr(), value.as_slice().len());
        // SAFETY: C strings, and bytes of the length given.
        let done = allow_threads(|| unsafe {
            match &path {
                PathOrFd::Fd(fd, _) => libc::fsetxattr(*fd, name, data.cast(), len, flags),
                PathOrFd::Path(path) if follow_symlinks => libc::setxattr(path.as_ptr(), name, data.cast(), len, flags),
                PathOrFd::Path(path) => libc::lsetxattr(path.as_ptr(), name, data.cast(), len, flags),
            }
        });
        if done < 0 { Err(failed(&path)) } else { Ok(()) }
    }

    #[function(signature = "(path, attribute, *, follow_symlinks=True)")]
    fn removexattr(path: PathOrFd<'_>, attribute: PathArg<'_>, follow_symlinks: bool) -> PyResult<()> {
        check_follow("removexattr", &path, follow_symlinks)?;
        let name = attribute.as_ptr();
        // SAFETY: C strings.
        let done = allow_threads(|| unsafe {
            match &path {
                PathOrFd::Fd(fd, _) => libc::fremovexattr(*fd, name),
                PathOrFd::Path(path) if follow_symlinks => libc::removexattr(path.as_ptr(), name),
                PathOrFd::Path(path) => libc::lremovexattr(path.as_ptr(), name),
            }
        });
        if done < 0 { Err(failed(&path)) } else { Ok(()) }
    }

    #[function(signature = "(path=None, *, follow_symlinks=True)")]
    fn listxattr(path: Nullable<PathOrFd<'_>>, follow_symlinks: bool) -> PyResult<Ref<List>> {
        let dot = Str::from_ascii(b".")?;
        let path = match path.0 {
            Some(path) => path,
            None => PathOrFd::Path(PathArg::new(dot.as_borrowed(), "listxattr", "path", "string")?),
        };
        check_follow("listxattr", &path, follow_symlinks)?;
        // SAFETY: C strings, and room of the size given.
        let data = read(&path, [256, LARGEST], |room, size| unsafe {
            let room = room.cast();
            match &path {
                PathOrFd::Fd(fd, _) => libc::flistxattr(*fd, room, size),
                PathOrFd::Path(path) if follow_symlinks => libc::listxattr(path.as_ptr(), room, size),
                PathOrFd::Path(path) => libc::llistxattr(path.as_ptr(), room, size),
            }
        })?;
        let list = List::new()?;
        for name in data.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            list.push(codec::fs_decode(name)?.into_object())?;
        }
        Ok(list)
    }
}
