//! `sys.monitoring` for C.
//!
//! CPython: `Include/cpython/monitoring.h`.

use core::cell::Cell;

/// Whether an event is watched.
#[repr(C)]
pub struct PyMonitoringState {
    pub active: Cell<u8>,
    pub opaque: Cell<u8>,
}
const _: () = assert!(size_of::<PyMonitoringState>() == 2);

shared! { PyMonitoringState }
