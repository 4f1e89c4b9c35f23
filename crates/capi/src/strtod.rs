//! `pystrtod.h`: doubles and text, whatever the locale.

use core::ffi::{c_char, c_int};
use core::ptr;

use taipan_runtime::abi::PyTypeObject;
use taipan_runtime::memory::domains;
use taipan_runtime::object::raise_fmt;
use taipan_runtime::prelude::*;
use taipan_runtime::types::float::parse::parse_prefix;
use taipan_runtime::types::float::text::{self, Flags};

use crate::outcome::bad_internal_call;
use crate::parameters::{CText, Out};

/// The first 200 bytes, for a message.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
}

capi! {
    fn PyOS_string_to_double(
        string: CText<'_>, end: Out<'_, *const c_char>, overflow_exception: *mut PyTypeObject,
    ) -> PyResult<f64> {
        let bytes = string.bytes();
        end.set(string.as_ptr());
        let (value, length) = match parse_prefix(bytes) {
            Some((value, length)) if !end.is_null() || length == bytes.len() => (value, length),
            _ => return Err(raise!(ValueError, "could not convert string to float: '{}'", shown(bytes))),
        };
        let overflow = value.is_infinite() && bytes[..length].iter().any(u8::is_ascii_digit);
        if overflow && !overflow_exception.is_null() {
            return Err(raise_fmt(overflow_exception, format_args!("value too large to convert to float: '{}'", shown(bytes))));
        }
        // SAFETY: inside the string.
        end.set(unsafe { string.as_ptr().add(length) });
        Ok(value)
    }

    fn PyOS_double_to_string(
        value: f64, format_code: c_char, precision: c_int, flags: c_int, kind: Out<'_, c_int>,
    ) -> PyResult<*mut c_char> {
        let code = format_code as u8;
        if !b"eEfFgGr".contains(&code) || code == b'r' && precision != 0 || precision < 0 {
            return Err(bad_internal_call());
        }
        kind.set(if value.is_nan() { 2 } else { c_int::from(value.is_infinite()) });
        let flags = Flags {
            sign: flags & 1 != 0,
            add_dot_0: flags & 2 != 0,
            alternate: flags & 4 != 0,
            no_negative_zero: flags & 8 != 0,
        };
        let text = text::format(value, code, precision as usize, flags).map_err(|_| Raised::no_memory())?;
        let block = domains::mem_malloc(text.len() + 1).cast::<u8>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        // SAFETY: the block is one longer than the text.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
            *block.add(text.len()) = 0;
        }
        Ok(block.cast())
    }
}
