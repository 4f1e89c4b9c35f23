//! Weak references: `weakref.ref` and the two proxies.
//!
//! Every object of a type with `tp_weaklistoffset` heads a list of its weak references: first the plain `ref` without a
//! callback, then the plain proxy without one (there is at most one of each, shared by all who ask), then the others, newest
//! first. **Invariant:** a reference is in its object's list exactly while `wr_object` is that object; a dead one refers to
//! `None`. CPython: `Objects/weakrefobject.c`.

mod proxy;
pub mod raw;
mod reference;

use crate::abi::PyWeakReference;

pub use proxy::{_PyWeakref_CallableProxyType, _PyWeakref_ProxyType, CallableProxy, Proxy, new_proxy};
pub use raw::{
    clear_reference, clear_references, clear_references_without_callbacks, clear_refs, clear_refs as clear_object,
    count, is_weakref, is_weakref_raw, list_slot, list_slot_checked,
};
pub use reference::_PyWeakref_RefType;

/// `weakref.ref`.
#[repr(transparent)]
pub struct WeakRef(pub(crate) PyWeakReference);
