//! Byte orders, addresses as text, interfaces, sizes of control messages.

use crate::system;
use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::{ArgSpec, BufferArg, FromArg};
use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, exceptions};

unsafe extern "C" {
    fn inet_ntop(af: c_int, source: *const c_void, to: *mut c_char, size: libc::socklen_t) -> *const c_char;
    fn inet_pton(af: c_int, text: *const c_char, to: *mut c_void) -> c_int;
    fn inet_aton(text: *const c_char, to: *mut libc::in_addr) -> c_int;
}

pub struct Convert;

/// `uint32_t` of Argument Clinic.
struct U32(u32);

impl FromArg<'_> for U32 {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        let number = unsafe { Borrowed::<Object>::from_ptr(value) }.index()?;
        if number.is_negative() {
            return Err(raise!(ValueError, "Cannot convert negative int"));
        }
        match number.to_u64().and_then(|value| u32::try_from(value).ok()) {
            Some(value) => Ok(U32(value)),
            None => Err(raise!(OverflowError, "Python int too large for C uint32_t")),
        }
    }
}

/// The text of an address of 4 or 16 bytes.
pub fn address_text(family: c_int, address: &[u8]) -> PyResult<Ref<Str>> {
    let mut text = [0 as c_char; 64];
    // SAFETY: the address has the size of its family, and the text has room for any of them.
    unsafe {
        let size = text.len() as libc::socklen_t;
        if inet_ntop(family, address.as_ptr().cast(), text.as_mut_ptr(), size).is_null() {
            return Err(exceptions::from_last_errno(None));
        }
        Str::from_ascii(CStr::from_ptr(text.as_ptr()).to_bytes())
    }
}

/// The bytes of an address given as text; `None` when it is none.
pub fn parse_address(family: c_int, text: &CStr) -> Option<Vec<u8>> {
    let mut bytes = [0u8; 16];
    // SAFETY: room for the longest.
    let found = unsafe { inet_pton(family, text.as_ptr(), bytes.as_mut_ptr().cast()) };
    (found == 1).then(|| bytes[..if family == libc::AF_INET { 4 } else { 16 }].to_vec())
}

fn c_text(text: &str) -> std::ffi::CString {
    std::ffi::CString::new(text).unwrap_or_default()
}

/// A count of bytes that a control message can have.
fn message_length(args: &CallArgs<'_>, function: &str) -> PyResult<Option<u32>> {
    system::check_arguments(args, "_socket", function, 1, 1)?;
    let length = args.positional()[0].as_index_isize()?;
    // SAFETY: arithmetic alone.
    let head = unsafe { if function == "CMSG_LEN" { libc::CMSG_LEN(0) } else { libc::CMSG_SPACE(1) } } as isize;
    if !(0..=i32::MAX as isize - head).contains(&length) {
        return Err(raise!(OverflowError, "{function}() argument out of range"));
    }
    Ok(u32::try_from(length).ok())
}

#[pymethods(part = FUNCTIONS)]
impl Convert {
    #[function(signature = "(integer, /)")]
    fn htons(integer: u16) -> u16 {
        integer.to_be()
    }

    #[function(signature = "(integer, /)")]
    fn ntohs(integer: u16) -> u16 {
        u16::from_be(integer)
    }

    #[function(signature = "(integer, /)")]
    fn htonl(integer: U32) -> u32 {
        integer.0.to_be()
    }

    #[function(signature = "(integer, /)")]
    fn ntohl(integer: U32) -> u32 {
        u32::from_be(integer.0)
    }

    #[function(name = "inet_aton", signature = "(ip_addr, /)")]
    fn aton(ip_addr: &str) -> PyResult<Ref<Bytes>> {
        let text = c_text(ip_addr);
        let mut address = libc::in_addr { s_addr: 0 };
        // SAFETY: a C string and room for an address.
        if unsafe { inet_aton(text.as_ptr(), &raw mut address) } == 0 {
            return Err(raise!(OSError, "illegal IP address string passed to inet_aton"));
        }
        Bytes::from_slice(&address.s_addr.to_ne_bytes())
    }

    #[function(name = "inet_ntoa", signature = "(packed_ip, /)")]
    fn ntoa(packed_ip: BufferArg<'_>) -> PyResult<Ref<Str>> {
        if packed_ip.len() != 4 {
            return Err(raise!(OSError, "packed IP wrong length for inet_ntoa"));
        }
        address_text(libc::AF_INET, &packed_ip)
    }

    #[function(name = "inet_pton", raw)]
    fn pton(args: CallArgs<'_>) -> PyResult<Ref<Bytes>> {
        system::check_arguments(&args, "_socket", "inet_pton", 2, 2)?;
        let family = system::c_int_of(args.positional()[0])?;
        let text = string_argument(args.positional()[1], "inet_pton", 2)?;
        let mut bytes = [0u8; 16];
        // SAFETY: a C string, and room for the longest address.
        match unsafe { inet_pton(family, text.as_ptr(), bytes.as_mut_ptr().cast()) } {
            -1 => Err(exceptions::from_last_errno(None)),
            0 => Err(raise!(OSError, "illegal IP address string passed to inet_pton")),
            _ => Bytes::from_slice(&bytes[..if family == libc::AF_INET { 4 } else { 16 }]),
        }
    }

    #[function(name = "inet_ntop", raw)]
    fn ntop(args: CallArgs<'_>) -> PyResult<Ref<Str>> {
        system::check_arguments(&args, "_socket", "inet_ntop", 2, 2)?;
        let family = system::c_int_of(args.positional()[0])?;
        let packed = BufferArg::new(args.positional()[1])?;
        let size = match family {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            _ => return Err(raise!(ValueError, "unknown address family {family}")),
        };
        if packed.len() != size {
            return Err(raise!(ValueError, "invalid length of packed IP address string"));
        }
        address_text(family, &packed)
    }

    #[function(name = "CMSG_LEN", raw)]
    fn cmsg_len(args: CallArgs<'_>) -> PyResult<u32> {
        // SAFETY: arithmetic alone.
        Ok(unsafe { libc::CMSG_LEN(message_length(&args, "CMSG_LEN")?.unwrap_or(0)) })
    }

    #[function(name = "CMSG_SPACE", raw)]
    fn cmsg_space(args: CallArgs<'_>) -> PyResult<u32> {
        // SAFETY: arithmetic alone.
        Ok(unsafe { libc::CMSG_SPACE(message_length(&args, "CMSG_SPACE")?.unwrap_or(0)) })
    }

    #[function(signature = "($self, /)")]
    fn if_nameindex() -> PyResult<Ref<List>> {
        let list = List::new()?;
        // SAFETY: an array closed by a row of zeros, given back afterwards.
        unsafe {
            let table = libc::if_nameindex();
            if table.is_null() {
                return Err(exceptions::from_last_errno(None));
            }
            let mut row = table;
            let mut result = Ok(());
            while result.is_ok() && (*row).if_index != 0 && !(*row).if_name.is_null() {
                result = interface_row(&*row).and_then(|item| list.push(item));
                row = row.add(1);
            }
            libc::if_freenameindex(table);
            result?;
        }
        Ok(list)
    }

    #[function(signature = "(oname, /)")]
    fn if_nametoindex(oname: Borrowed<'_, Object>) -> PyResult<u32> {
        let name = crate::posix::FsName::new(oname)?;
        // SAFETY: a C string.
        match unsafe { libc::if_nametoindex(name.as_ptr()) } {
            0 => Err(exceptions::from_last_errno(None)),
            index => Ok(index),
        }
    }

    #[function(signature = "(if_index, /)")]
    fn if_indextoname(if_index: u32) -> PyResult<Ref<Str>> {
        let mut name = [0 as c_char; libc::IF_NAMESIZE + 1];
        // SAFETY: room for a name.
        unsafe {
            if libc::if_indextoname(if_index, name.as_mut_ptr()).is_null() {
                return Err(exceptions::from_last_errno(None));
            }
            codec::fs_decode(CStr::from_ptr(name.as_ptr()).to_bytes())
        }
    }
}

fn interface_row(row: &libc::if_nameindex) -> PyResult<Ref<Object>> {
    // SAFETY: the name is a C string.
    let name = codec::fs_decode(unsafe { CStr::from_ptr(row.if_name) }.to_bytes())?;
    Ok(Tuple::pack([Int::from_u64(u64::from(row.if_index))?.into_object(), name.into_object()])?.into_object())
}

/// An argument that the format `s` reads.
pub fn string_argument(object: Borrowed<'_, Object>, function: &str, position: usize) -> PyResult<std::ffi::CString> {
    let Some(text) = object.downcast::<Str>() else {
        let found = if object.is_none() { "None".to_owned() } else { object.type_name() };
        return Err(raise!(TypeError, "{function}() argument {position} must be str, not {found}"));
    };
    std::ffi::CString::new(text.as_utf8()?).map_err(|_| raise!(ValueError, "embedded null character"))
}
