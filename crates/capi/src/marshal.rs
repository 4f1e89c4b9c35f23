//! `marshal.h`: the format of `.pyc` files, to and from C's streams.

use taipan_runtime::modules::marshal;

use crate::support::*;

// SAFETY of all of these: C passes open streams, and data as long as it says.
capi! {
    fn PyMarshal_WriteLongToFile(value: c_long, file: *mut libc::FILE, _version: c_int) {
        let bytes = (value as i32).to_le_bytes();
        unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) };
    }

    fn PyMarshal_WriteObjectToFile(object: Borrowed<'_, Object>, file: *mut libc::FILE, version: c_int) {
        match marshal::dumps(object, version, true) {
            Ok(bytes) => {
                unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) };
            }
            // As CPython: the exception stays set.
            Err(_raised) => {}
        }
    }

    fn PyMarshal_WriteObjectToString(object: Borrowed<'_, Object>, version: c_int) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&marshal::dumps(object, version, true)?)
    }

    fn PyMarshal_ReadObjectFromString(data: *const c_char, length: isize) -> PyResult<Ref<Object>> {
        marshal::loads(unsafe { core::slice::from_raw_parts(data.cast(), length.max(0) as usize) })
    }

    fn PyMarshal_ReadShortFromFile(file: *mut libc::FILE) -> PyResult<c_int> {
        Ok(c_int::from(i16::from_le_bytes(unsafe { read(file)? })))
    }

    fn PyMarshal_ReadLongFromFile(file: *mut libc::FILE) -> PyResult<c_long> {
        Ok(c_long::from(i32::from_le_bytes(unsafe { read(file)? })))
    }

    fn PyMarshal_ReadLastObjectFromFile(file: *mut libc::FILE) -> PyResult<Ref<Object>> {
        unsafe { read_object(file) }
    }

    fn PyMarshal_ReadObjectFromFile(file: *mut libc::FILE) -> PyResult<Ref<Object>> {
        unsafe { read_object(file) }
    }
}

unsafe fn read<const N: usize>(file: *mut libc::FILE) -> PyResult<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: an open stream.
    if unsafe { libc::fread(bytes.as_mut_ptr().cast(), 1, N, file) } < N {
        return Err(raise!(EOFError, "EOF read where data expected"));
    }
    Ok(bytes)
}

/// Reads to the end, and puts the stream behind the object.
unsafe fn read_object(file: *mut libc::FILE) -> PyResult<Ref<Object>> {
    let mut data = Vec::new();
    let mut buffer = [0u8; 4096];
    // SAFETY: an open stream that can be positioned.
    unsafe {
        let start = libc::ftell(file);
        loop {
            let count = libc::fread(buffer.as_mut_ptr().cast(), 1, buffer.len(), file);
            if count == 0 {
                break;
            }
            data.try_extend(&buffer[..count])?;
        }
        let (object, used) = marshal::loads_prefix(&data)?;
        if start >= 0 {
            libc::fseek(file, start + used as c_long, libc::SEEK_SET);
        }
        Ok(object)
    }
}
