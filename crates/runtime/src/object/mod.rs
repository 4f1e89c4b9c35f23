//! What every object has and every part of the runtime uses: the header, handles, errors, names, protocols.
//!
//! **Invariant:** no `&mut` to an object in the heap exists; fields that change are `Cell`s.
//! CPython: `Include/object.h`, `Include/refcount.h`, `Objects/abstract.c`, `Objects/call.c`.

pub mod args;
pub mod header;
mod layout;
pub mod names;
pub mod protocol;
mod raised;
mod refs;
mod singletons;
mod visitor;

pub use layout::{PyLayout, TypePart};
pub use names::StaticName;
pub use protocol::compare::CompareOp;
pub use protocol::iter::SendResult;
pub use raised::{PyResult, Raised, raise_fmt, raise_instance, raise_object};
pub use refs::{Borrowed, Object, Ref};
pub use singletons::{ellipsis, ellipsis_ptr, none, none_ptr, not_implemented, not_implemented_ptr};
pub use visitor::Visitor;

pub use crate::types::type_::PyType_Type;
