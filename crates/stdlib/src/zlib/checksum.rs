//! The checksums of zlib.

use libz_rs_sys as sys;

/// Continues a CRC-32.
pub fn crc32(start: u32, data: &[u8]) -> u32 {
    // SAFETY: reads the slice.
    unsafe { sys::crc32_z(start.into(), data.as_ptr(), data.len()) as u32 }
}

/// Continues an Adler-32.
pub fn adler32(start: u32, data: &[u8]) -> u32 {
    // SAFETY: reads the slice.
    unsafe { sys::adler32_z(start.into(), data.as_ptr(), data.len()) as u32 }
}
