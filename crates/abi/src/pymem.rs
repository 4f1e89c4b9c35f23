//! Memory allocators that a program can replace.
//!
//! CPython: `Include/cpython/pymem.h`, `Include/cpython/objimpl.h`.

use core::ffi::{c_int, c_void};

use crate::object::PyObject;

pub type gcvisitobjects_t = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int;

pub type PyMemAllocatorDomain = c_int;
pub const PYMEM_DOMAIN_RAW: PyMemAllocatorDomain = 0;
pub const PYMEM_DOMAIN_MEM: PyMemAllocatorDomain = 1;
pub const PYMEM_DOMAIN_OBJ: PyMemAllocatorDomain = 2;

pub type PyMemAllocatorName = c_int;
pub const PYMEM_ALLOCATOR_NOT_SET: PyMemAllocatorName = 0;
pub const PYMEM_ALLOCATOR_DEFAULT: PyMemAllocatorName = 1;
pub const PYMEM_ALLOCATOR_DEBUG: PyMemAllocatorName = 2;
pub const PYMEM_ALLOCATOR_MALLOC: PyMemAllocatorName = 3;
pub const PYMEM_ALLOCATOR_MALLOC_DEBUG: PyMemAllocatorName = 4;
pub const PYMEM_ALLOCATOR_PYMALLOC: PyMemAllocatorName = 5;
pub const PYMEM_ALLOCATOR_PYMALLOC_DEBUG: PyMemAllocatorName = 6;
pub const PYMEM_ALLOCATOR_MIMALLOC: PyMemAllocatorName = 7;
pub const PYMEM_ALLOCATOR_MIMALLOC_DEBUG: PyMemAllocatorName = 8;

/// The functions of one allocator domain.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyMemAllocatorEx {
    pub ctx: *mut c_void,
    pub malloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    pub calloc: Option<unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void>,
    pub realloc: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
}
const _: () = assert!(size_of::<PyMemAllocatorEx>() == 40);

/// The functions that arenas come from.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyObjectArenaAllocator {
    pub ctx: *mut c_void,
    pub alloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize)>,
}
const _: () = assert!(size_of::<PyObjectArenaAllocator>() == 24);

shared! { PyMemAllocatorEx, PyObjectArenaAllocator }
