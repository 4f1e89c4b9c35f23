//! The capsule `_socket.CAPI`, by which extensions that speak through sockets of Python find their type and errors. CPython:
//! `Modules/socketmodule.h`.

use taipan_runtime::abi::{PyObject, PyTypeObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::capsule::Capsule;
use taipan_runtime::types::exceptions::{self, OSError, TimeoutError};

use super::Socket;

/// `PySocketModule_APIObject`
#[repr(C)]
struct Api {
    socket_type: *mut PyTypeObject,
    error: *mut PyObject,
    timeout_error: *mut PyObject,
}

/// What the field `errorhandler` of a socket points to: raises the error of `errno`.
pub unsafe extern "C" fn raise_errno() -> *mut PyObject {
    exceptions::from_last_errno(None).into_null()
}

/// A capsule with a table of its own, which lives as long as the process: extensions keep pointers to it.
pub fn capsule() -> PyResult<Ref<Capsule>> {
    let api = Box::new(Api {
        socket_type: Socket::TYPE,
        error: OSError::TYPE.cast(),
        timeout_error: TimeoutError::TYPE.cast(),
    });
    // SAFETY: the table is never freed, and the name is static.
    unsafe { Capsule::new(Box::into_raw(api).cast(), c"_socket.CAPI".as_ptr(), None) }
}
