//! `_testinternalcapi`: what CPython's own tests ask of an interpreter's inside, as far as Taipan has the same inside: the
//! stages of the compiler, code objects, instances and their keys, the stack.
//!
//! **Invariant:** every function answers from the real structure; what Taipan has no counterpart of is not there, so that
//! a test sees an AttributeError and no made-up answer. CPython: `Modules/_testinternalcapi.c`.

mod code;
mod compiler;
mod objects;
mod sequence;
mod state;

use taipan_runtime::abi::{PyGC_Head, PyObject, SHARED_KEYS_MAX_SIZE};
use taipan_runtime::prelude::*;

pub struct TestInternalCapi;

#[pymodule(
    name = "_testinternalcapi",
    extend = [Self::CODE, Self::COMPILER, Self::OBJECTS, Self::STATE]
)]
impl TestInternalCapi {
    /// Executions of a new instruction until it is specialised.
    const SPECIALIZATION_THRESHOLD: i64 = taipan_runtime::interp::specialize::THRESHOLD as i64;
    /// Executions of a specialised instruction, all misses, until it changes.
    const SPECIALIZATION_COOLDOWN: i64 = taipan_runtime::interp::specialize::COOLDOWN_EXECUTIONS as i64;
    const SHARED_KEYS_MAX_SIZE: i64 = SHARED_KEYS_MAX_SIZE as i64;
    const SIZEOF_PYGC_HEAD: i64 = size_of::<PyGC_Head>() as i64;
    /// The words of the managed dict and of weak references in front of an instance.
    const SIZEOF_MANAGED_PRE_HEADER: i64 = 2 * size_of::<*mut PyObject>() as i64;
    const SIZEOF_PYOBJECT: i64 = size_of::<PyObject>() as i64;
    const SIZEOF_TIME_T: i64 = size_of::<libc::time_t>() as i64;
}
