//! `weakref.ref`.

use core::mem::offset_of;

use super::{WeakRef, raw};
use crate::abi::*;
use crate::object::PyLayout;
use crate::object::args::rt::plain_count;
use crate::prelude::*;
use crate::types::dict::lookup::qualified_type_name;

impl WeakRef {
    /// A weak reference; without a callback it is shared (`PyWeakref_NewRef`).
    pub fn new(object: Borrowed<'_, Object>, callback: Option<Borrowed<'_, Object>>) -> PyResult<Ref<WeakRef>> {
        // SAFETY: the type is `ref`.
        unsafe { raw::get_or_create(WeakRef::TYPE, object, callback) }
    }

    /// The object, unless it is gone. Works for proxies as well.
    ///
    /// # Safety
    /// `reference` is a live `ref` or proxy.
    pub unsafe fn target_raw(reference: *mut PyWeakReference) -> Option<Ref<Object>> {
        // SAFETY: by contract.
        unsafe { raw::target(reference) }
    }
}

impl Ref<WeakRef> {
    /// The object, unless it is gone.
    pub fn upgrade(&self) -> Option<Ref<Object>> {
        // SAFETY: a live reference.
        unsafe { raw::target(self.as_raw().cast()) }
    }

    pub fn is_dead(&self) -> bool {
        self.upgrade().is_none()
    }
}

/// The one or two arguments of `ref(object, callback)`.
fn check_init(function: &str, count: usize) -> PyResult<()> {
    match count {
        0 => Err(raise!(TypeError, "{function} expected at least 1 argument, got 0")),
        1 | 2 => Ok(()),
        _ => Err(raise!(TypeError, "{function} expected at most 2 arguments, got {count}")),
    }
}

/// Calling a reference gives its object or `None`.
pub(super) unsafe extern "C" fn call(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: an argument vector; `this` is a reference.
    unsafe {
        let arguments = CallArgs::from_raw(args, plain_count(nargsf), kwnames);
        if let Err(raised) = arguments.no_keywords("weakref") {
            return raised.into_null();
        }
        if arguments.nargs() != 0 {
            return raise!(TypeError, "weakref expected 0 arguments, got {}", arguments.nargs()).into_null();
        }
        raw::target(this.cast()).unwrap_or_else(none).into_ptr()
    }
}

/// What `repr` says of the object of a reference or proxy.
pub(super) fn describe(kind: &str, this: *mut PyObject, target: Option<Ref<Object>>) -> PyResult<Ref<Str>> {
    let Some(target) = target else { return Str::from_utf8_str(&format!("<{kind} at {this:p}; dead>")) };
    let ty = qualified_type_name(target.borrow());
    let address = target.as_ptr();
    if kind == "weakref"
        && let Some(name) = target.type_of().lookup(id!("__name__"))
        && let Ok(name) = name.bind(Some(target.borrow()), target.type_of().upcast()).map_err(Raised::clear)
        && let Some(name) = name.downcast::<Str>()
    {
        let name = name.to_display();
        return Str::from_utf8_str(&format!("<{kind} at {this:p}; to '{ty}' at {address:p} ({name})>"));
    }
    Str::from_utf8_str(&format!("<{kind} at {this:p}; to '{ty}' at {address:p}>"))
}

#[pytype(
    name = "ReferenceType",
    module = "weakref",
    export = "_PyWeakref_RefType",
    gc,
    basetype,
    vectorcalloffset = offset_of!(PyWeakReference, vectorcall)
)]
impl WeakRef {
    #[slot(tp_new, raw)]
    unsafe extern "C" fn new_raw(cls: *mut PyTypeObject, args: *mut PyObject, _kwargs: *mut PyObject) -> *mut PyObject {
        // SAFETY: called with a subtype and a tuple. Keywords are for the `__init__` of subclasses.
        unsafe {
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let make = || {
                check_init("__new__", args.len())?;
                let callback = (args.len() == 2).then(|| args.get(1));
                raw::get_or_create(cls, args.get(0), callback)
            };
            make().map_or_else(|raised| raised.into_null(), |reference| reference.into_ptr())
        }
    }

    #[slot(tp_init, raw)]
    unsafe extern "C" fn init_raw(_this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
        // SAFETY: called with a tuple, and a dict or null.
        unsafe {
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            if Borrowed::<Dict>::from_ptr_or_null(kwargs).is_some_and(|kwargs| !kwargs.is_empty()) {
                let _ = raise!(TypeError, "ref() takes no keyword arguments");
                return -1;
            }
            if check_init("__init__", args.len()).is_ok() { 0 } else { -1 }
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut WeakRef) {
        // SAFETY: called with no counts left.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &WeakRef, visit: &mut Visitor) {
        visit.object(this.0.wr_callback.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<WeakRef>) {
        // SAFETY: a live reference.
        drop(unsafe { raw::clear_with_callback(this.as_raw().cast()) });
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<WeakRef>) -> PyResult<Ref<Str>> {
        describe("weakref", this.as_ptr(), this.upgrade())
    }

    /// The hash of the object, kept so that it outlives the object.
    #[slot(tp_hash)]
    fn hash(this: &Ref<WeakRef>) -> PyResult<isize> {
        let kept = this.0.hash.get();
        if kept != -1 {
            return Ok(kept);
        }
        let Some(target) = this.upgrade() else { return Err(raise!(TypeError, "weak object has gone away")) };
        let hash = target.hash()?;
        this.0.hash.set(hash);
        Ok(hash)
    }

    /// References to live objects compare as these; otherwise by identity.
    #[slot(tp_richcompare)]
    fn compare(this: &Ref<WeakRef>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let Some(theirs) = other.downcast::<WeakRef>() else { return Ok(not_implemented()) };
        match (this.upgrade(), theirs.upgrade()) {
            (Some(left), Some(right)) => left.rich_compare(right.borrow(), op),
            _ => Ok(Bool::from(this.is(&other) == (op == CompareOp::Eq)).into_object()),
        }
    }

    #[member(name = "__callback__", kind = _Py_T_OBJECT, offset = offset_of!(PyWeakReference, wr_callback), readonly)]
    const CALLBACK: () = ();

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }
}
