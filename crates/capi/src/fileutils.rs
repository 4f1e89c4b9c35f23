//! `fileutils.h`: the locale's encoding, which is UTF-8 with undecodable bytes as surrogates, and C's files.

use core::ffi::{c_char, c_int};
use core::ptr;
use std::ffi::CString;

use taipan_runtime::memory::domains;
use taipan_runtime::modules::builtins::fspath;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec;
use taipan_runtime::types::exceptions::from_last_errno;

use crate::outcome::expect;
use crate::parameters::{CText, Out};

/// Decodes without an interpreter: undecodable bytes become the surrogates U+DC80 to U+DCFF.
fn decode(mut bytes: &[u8], mut push: impl FnMut(u32)) {
    while !bytes.is_empty() {
        let (good, bad) = match core::str::from_utf8(bytes) {
            Ok(_) => (bytes, 0),
            Err(error) => {
                (&bytes[..error.valid_up_to()], error.error_len().unwrap_or(bytes.len() - error.valid_up_to()))
            }
        };
        core::str::from_utf8(good).unwrap_or_default().chars().for_each(|c| push(c.into()));
        bytes[good.len()..good.len() + bad].iter().for_each(|&byte| push(0xdc00 + u32::from(byte)));
        bytes = &bytes[good.len() + bad..];
    }
}

/// The reverse; the place of the first character that has no bytes as error.
fn encode(text: &[u32]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::new();
    for (at, &c) in text.iter().enumerate() {
        if out.try_reserve(4).is_err() {
            return Err(usize::MAX);
        }
        match (c, char::from_u32(c)) {
            (0xdc80..=0xdcff, _) => out.push((c - 0xdc00) as u8),
            (_, Some(c)) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            (_, None) => return Err(at),
        }
    }
    Ok(out)
}

/// Reads one byte of a file; `None` at its end.
///
/// # Safety
/// `file` is open.
unsafe fn next_byte(file: *mut libc::FILE) -> Option<u8> {
    // SAFETY: by contract.
    u8::try_from(unsafe { libc::fgetc(file) }).ok()
}

capi! {
    fn Py_DecodeLocale(text: CText<'_>, size: Out<'_, usize>) -> *mut u32 {
        let bytes = text.bytes();
        // No character takes less than a byte.
        let block = bytes.len().checked_add(1).and_then(|length| length.checked_mul(4));
        let block = block.map_or(ptr::null_mut(), |size| domains::raw_malloc(size).cast::<u32>());
        if block.is_null() {
            size.set(usize::MAX);
            return block;
        }
        let mut length = 0;
        // SAFETY: there is room for as many characters as there are bytes, and a zero.
        unsafe {
            decode(bytes, |c| {
                *block.add(length) = c;
                length += 1;
            });
            *block.add(length) = 0;
        }
        size.set(length);
        block
    }

    fn Py_EncodeLocale(text: *const u32, error_at: Out<'_, usize>) -> *mut c_char {
        // SAFETY: C passes characters that end with zero.
        let text = unsafe {
            let length = (0..).find(|&at| *text.add(at) == 0).unwrap_or(0);
            core::slice::from_raw_parts(text, length)
        };
        error_at.set(usize::MAX);
        let bytes = match encode(text) {
            Ok(bytes) => bytes,
            Err(at) => {
                error_at.set(at);
                return ptr::null_mut();
            }
        };
        let block = domains::mem_malloc(bytes.len() + 1).cast::<u8>();
        if !block.is_null() {
            // SAFETY: the block is one longer than the bytes.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), block, bytes.len());
                *block.add(bytes.len()) = 0;
            }
        }
        block.cast()
    }

    fn Py_fopen(path: Borrowed<'_, Object>, mode: CText<'_>) -> PyResult<*mut libc::FILE> {
        let mode_object = Str::from_utf8_str(&mode.name())?;
        taipan_runtime::modules::sys::hooks::audit(
            "open",
            &[path, mode_object.as_borrowed(), Int::from_i64(0)?.as_borrowed()],
        )?;
        let bytes = match fspath(path)?.into_downcast::<Bytes>() {
            Ok(bytes) => bytes,
            Err(path) => codec::fs_encode(&*expect::<Str>(path.borrow())?)?,
        };
        let Ok(name) = CString::new(bytes.as_slice()) else { return Err(raise!(ValueError, "embedded null byte")) };
        // SAFETY: two C strings.
        let file = unsafe { libc::fopen(name.as_ptr(), mode.as_ptr()) };
        if file.is_null() {
            return Err(from_last_errno(Some(path)));
        }
        // Children do not inherit it (PEP 446).
        // SAFETY: an open file.
        unsafe { libc::fcntl(libc::fileno(file), libc::F_SETFD, libc::FD_CLOEXEC) };
        Ok(file)
    }

    fn Py_fclose(file: *mut libc::FILE) -> c_int {
        // SAFETY: C passes an open file.
        unsafe { libc::fclose(file) }
    }

    fn _Py_IsValidFD(fd: c_int) -> bool {
        // SAFETY: any number may be asked about.
        fd >= 0 && unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0
    }

    fn Py_UniversalNewlineFgets(
        buffer: *mut c_char, size: c_int, file: *mut libc::FILE, object: Option<Borrowed<'_, Object>>,
    ) -> *mut c_char {
        if object.is_some() {
            // SAFETY: this thread's `errno`.
            unsafe { *libc::__errno_location() = libc::ENXIO };
            return ptr::null_mut();
        }
        let room = size.max(1) as usize - 1;
        let mut length = 0;
        // SAFETY: C passes an open file, and a buffer of that size.
        unsafe {
            while length < room {
                let Some(byte) = next_byte(file) else { break };
                let byte = if byte == b'\r' {
                    match next_byte(file) {
                        Some(b'\n') | None => {}
                        Some(other) => {
                            libc::ungetc(other.into(), file);
                        }
                    }
                    b'\n'
                } else {
                    byte
                };
                *buffer.add(length) = byte as c_char;
                length += 1;
                if byte == b'\n' {
                    break;
                }
            }
            if length == 0 {
                return ptr::null_mut();
            }
            *buffer.add(length) = 0;
        }
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecodable_bytes_come_back() {
        let bytes = b"a\xffb\xc3\xa9\xed\xa0\x80\xe2\x82";
        let mut text = Vec::new();
        decode(bytes, |c| text.push(c));
        assert_eq!(text[..4], [0x61, 0xdcff, 0x62, 0xe9]);
        assert_eq!(encode(&text).as_deref(), Ok(&bytes[..]));
        assert_eq!(encode(&[0x61, 0xd800]), Err(1));
    }
}
