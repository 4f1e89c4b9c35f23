//! The version that this build claims to be.
//!
//! CPython: `Include/patchlevel.h`.

use core::ffi::c_int;

pub const PY_RELEASE_LEVEL_ALPHA: c_int = 10;
pub const PY_RELEASE_LEVEL_BETA: c_int = 11;
pub const PY_RELEASE_LEVEL_GAMMA: c_int = 12;
pub const PY_RELEASE_LEVEL_FINAL: c_int = 15;
pub const PY_MAJOR_VERSION: c_int = 3;
pub const PY_MINOR_VERSION: c_int = 14;
pub const PY_MICRO_VERSION: c_int = 8;
pub const PY_RELEASE_LEVEL: c_int = 15;
pub const PY_RELEASE_SERIAL: c_int = 0;
pub const PY_VERSION_HEX: c_int = 0x30e08f0;
