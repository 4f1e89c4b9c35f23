//! Ints as arrays of bytes: `PyLong_AsNativeBytes`, `PyLong_FromNativeBytes` and the older pair.

use core::ffi::c_int;

use taipan_runtime::abi::{
    Py_ASNATIVEBYTES_ALLOW_INDEX, Py_ASNATIVEBYTES_REJECT_NEGATIVE, Py_ASNATIVEBYTES_UNSIGNED_BUFFER,
};
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;

use crate::outcome::{bad_internal_call, given};
use crate::parameters::Data;

/// Machine words have this many bytes: what compact ints are said to need.
const WORD: usize = 8;

fn has(flags: c_int, flag: c_int) -> bool {
    flags != -1 && flags & flag != 0
}

/// The byte order in `flags`; "native" is little.
fn is_little(flags: c_int) -> bool {
    flags == -1 || flags & 2 != 0 || flags & 1 != 0
}

/// How many bytes the value needs as CPython counts: a whole word for any int of one digit, unless it fits fewer that were offered,
/// and else room for a sign bit, which a positive value may use itself where the buffer counts as unsigned.
fn needed(int: &Ref<Int>, offered: usize, unsigned_buffer: bool) -> usize {
    let bits = int.bit_length();
    let uses_sign_bit =
        bits == offered as u64 * 8 && if int.is_negative() { int.is_power_of_two() } else { unsigned_buffer };
    if int.digit_count() <= 1 {
        if offered == 0 || offered >= WORD {
            return WORD;
        }
        let fits = bits < offered as u64 * 8 || int.is_negative() && uses_sign_bit;
        return match (fits || uses_sign_bit, bits == offered as u64 * 8 && !int.is_negative()) {
            (true, _) => offered,
            (false, true) => offered + 1,
            (false, false) => WORD,
        };
    }
    let needed = (bits / 8) as usize + 1;
    if needed == offered + 1 && uses_sign_bit { offered } else { needed }
}

/// The int of `bytes`, which are shared by both directions of `signed`.
fn from_native(buffer: Data<'_>, size: usize, flags: c_int, signed: bool) -> PyResult<Ref<Int>> {
    if buffer.is_null() {
        return Err(bad_internal_call());
    }
    let signed = signed && !has(flags, Py_ASNATIVEBYTES_UNSIGNED_BUFFER);
    Int::from_byte_slice(buffer.first(size), is_little(flags), signed)
}

capi! {
    fn PyLong_AsNativeBytes(object: Option<Borrowed<'_, Object>>, buffer: *mut u8, size: isize, flags: c_int) -> PyResult<isize> {
        let object = given(object)?;
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let int = match object.downcast::<Int>() {
            Some(int) => int.to_owned(),
            None if has(flags, Py_ASNATIVEBYTES_ALLOW_INDEX) => object.index()?,
            None => return Err(raise!(TypeError, "expect int, got {}", qualified_type_name(object))),
        };
        if has(flags, Py_ASNATIVEBYTES_REJECT_NEGATIVE) && int.is_negative() {
            return Err(raise!(ValueError, "Cannot convert negative int"));
        }
        if size > 0 {
            // SAFETY: the buffer has `size` bytes. What does not fit is cut off; the answer tells.
            let out = unsafe { core::slice::from_raw_parts_mut(buffer, size) };
            let _ = int.write_bytes(out, is_little(flags), true);
        }
        Ok(needed(&int, size, flags == -1 || flags & Py_ASNATIVEBYTES_UNSIGNED_BUFFER != 0) as isize)
    }

    fn PyLong_FromNativeBytes(buffer: Data<'_>, size: usize, flags: c_int) -> PyResult<Ref<Int>> {
        from_native(buffer, size, flags, true)
    }

    fn PyLong_FromUnsignedNativeBytes(buffer: Data<'_>, size: usize, flags: c_int) -> PyResult<Ref<Int>> {
        from_native(buffer, size, flags, false)
    }

    fn _PyLong_FromByteArray(bytes: Data<'_>, size: usize, little_endian: c_int, signed: c_int) -> PyResult<Ref<Int>> {
        Int::from_byte_slice(bytes.first(size), little_endian != 0, signed != 0)
    }

    fn _PyLong_AsByteArray(
        int: Borrowed<'_, Int>, bytes: *mut u8, size: usize, little_endian: c_int, signed: c_int, with_exceptions: c_int,
    ) -> c_int {
        let out: &mut [u8] = if size == 0 {
            &mut []
        } else {
            // SAFETY: the array has `size` bytes.
            unsafe { core::slice::from_raw_parts_mut(bytes, size) }
        };
        match int.write_bytes(out, little_endian != 0, signed != 0) {
            Ok(()) => 0,
            Err(error) => {
                if with_exceptions != 0 {
                    let _raised = taipan_runtime::types::int::byte_error(error);
                }
                -1
            }
        }
    }
}
