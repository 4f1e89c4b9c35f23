//! Layouts of the C structs of CPython 3.14, one file per header, and the constants that go with them.
//!
//! **Invariant:** every struct here has the size, alignment and field offsets that the headers of the reference give it
//! (default build: with GIL, 64 bit); `cargo xtask abi-check` compares them all. There is no behaviour here beyond
//! accessors of bit fields.
//!
//! Names are those of C. A field that can change through an alias is a `Cell`: nearly all fields of objects are.
//! Tables that are written once and read (`PyMethodDef`, `PyGetSetDef` and so on) have plain fields. Each struct has a
//! constant `ZERO`, so that a static is written with struct update syntax:
//!
//! ```ignore
//! static PyList_Type: PyTypeObject = PyTypeObject {
//!     ob_base: PyVarObject::immortal(&raw const PyType_Type as *mut _, 0),
//!     tp_name: Cell::new(c"list".as_ptr()),
//!     ..PyTypeObject::ZERO
//! };
//! ```
//!
//! Everything is re-exported from the root: `use taipan_abi::*` or `use taipan_abi::{PyObject, PyListObject}`.

#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]
// `ZERO` is a template that struct update syntax copies: the copy has cells of its own, which is what is wanted.
#![allow(clippy::declare_interior_mutable_const)]

/// Declares that structs are made of plain words of memory shared with C: they may live in statics, because the GIL (or
/// the initialisation of the process) orders every access to them, and all bits zero is a value of theirs.
macro_rules! shared {
    ($($name:ident),* $(,)?) => {$(
        // SAFETY: access is ordered by the GIL, as in C.
        unsafe impl Sync for $name {}
        // SAFETY: as above; pointers inside have no owner that is bound to a thread.
        unsafe impl Send for $name {}
        impl $name {
            /// All bits zero, as a static of C that names no field.
            // SAFETY: fields are integers, raw pointers, optional functions, and arrays and structs of these.
            pub const ZERO: Self = unsafe { core::mem::zeroed() };
        }
    )*};
}

pub mod bltinmodule;
pub mod boolobject;
pub mod bytearrayobject;
pub mod bytesobject;
pub mod cellobject;
pub mod ceval;
pub mod classobject;
pub mod code;
pub mod compile;
pub mod complexobject;
pub mod contextobject;
pub mod datetime;
pub mod debug_offsets;
pub mod descrobject;
pub mod dictobject;
pub mod enumobject;
pub mod floatobject;
pub mod frame;
pub mod funcobject;
pub mod gc;
pub mod genericaliasobject;
pub mod genobject;
pub mod import;
pub mod initconfig;
pub mod iterobject;
pub mod listobject;
pub mod lock;
pub mod longobject;
pub mod marshal;
pub mod memoryobject;
pub mod methodobject;
pub mod modsupport;
pub mod moduleobject;
pub mod monitoring;
pub mod namespaceobject;
pub mod object;
pub mod odictobject;
pub mod patchlevel;
pub mod picklebufobject;
pub mod pybuffer;
pub mod pycapsule;
pub mod pyerrors;
pub mod pyhash;
pub mod pymem;
pub mod pystate;
pub mod pythread;
pub mod pytime;
pub mod rangeobject;
pub mod setobject;
pub mod sliceobject;
pub mod structseq;
pub mod templateobject;
pub mod traceback;
pub mod tupleobject;
pub mod typeobject;
pub mod unicodeobject;
pub mod unionobject;
pub mod weakrefobject;

pub use bltinmodule::*;
pub use boolobject::*;
pub use bytearrayobject::*;
pub use bytesobject::*;
pub use cellobject::*;
pub use ceval::*;
pub use classobject::*;
pub use code::*;
pub use compile::*;
pub use complexobject::*;
pub use contextobject::*;
pub use datetime::*;
pub use debug_offsets::*;
pub use descrobject::*;
pub use dictobject::*;
pub use enumobject::*;
pub use floatobject::*;
pub use frame::*;
pub use funcobject::*;
pub use gc::*;
pub use genericaliasobject::*;
pub use genobject::*;
pub use import::*;
pub use initconfig::*;
pub use iterobject::*;
pub use listobject::*;
pub use lock::*;
pub use longobject::*;
pub use marshal::*;
pub use memoryobject::*;
pub use methodobject::*;
pub use modsupport::*;
pub use moduleobject::*;
pub use monitoring::*;
pub use namespaceobject::*;
pub use object::*;
pub use odictobject::*;
pub use patchlevel::*;
pub use picklebufobject::*;
pub use pybuffer::*;
pub use pycapsule::*;
pub use pyerrors::*;
pub use pyhash::*;
pub use pymem::*;
pub use pystate::*;
pub use pythread::*;
pub use pytime::*;
pub use rangeobject::*;
pub use setobject::*;
pub use sliceobject::*;
pub use structseq::*;
pub use templateobject::*;
pub use traceback::*;
pub use tupleobject::*;
pub use typeobject::*;
pub use unicodeobject::*;
pub use unionobject::*;
pub use weakrefobject::*;
