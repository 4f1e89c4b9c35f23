//! `mappingproxy`: a read-only view of a mapping, above all of the dict of a class.
//!
//! Where the operation could hand the mapping itself to foreign code (`==` with a method, `|`), it does, as CPython does.
//! CPython: the first part of `Objects/descrobject.c`' `mappingproxy`.

use core::cell::Cell;

use crate::abi::*;
use crate::memory::object;
use crate::object::header;
use crate::object::protocol::number;
use crate::prelude::*;

/// `mappingproxyobject`.
#[repr(C)]
pub struct MappingProxy {
    ob_base: PyObject,
    mapping: Cell<*mut PyObject>,
}

impl MappingProxy {
    /// A view of any mapping (`PyDictProxy_New`).
    pub fn new(mapping: Borrowed<'_, Object>) -> PyResult<Ref<MappingProxy>> {
        if !mapping.is_mapping() || mapping.is_instance_of::<List>() || mapping.is_instance_of::<Tuple>() {
            return Err(raise!(TypeError, "mappingproxy() argument must be a mapping, not {}", mapping.type_name()));
        }
        // SAFETY: a new object of its type, complete before it is tracked.
        unsafe {
            let proxy = object::new::<MappingProxy>()?;
            (*proxy).mapping.set(mapping.to_owned().into_ptr());
            object::gc_track(proxy.cast());
            Ok(Ref::from_owned_ptr(proxy))
        }
    }

    pub fn mapping(&self) -> Borrowed<'_, Object> {
        // SAFETY: held as long as the proxy lives.
        unsafe { Borrowed::from_ptr(self.mapping.get()) }
    }
}

/// The mapping of a proxy; anything else stands for itself.
fn unwrap(operand: Borrowed<'_, Object>) -> Ref<Object> {
    match operand.downcast_exact::<MappingProxy>() {
        Some(proxy) => proxy.mapping().to_owned(),
        None => operand.to_owned(),
    }
}

#[pytype(name = "mappingproxy", export = "PyDictProxy_Type", gc, mapping)]
impl MappingProxy {
    #[new(signature = "(mapping)")]
    fn py_new(_cls: Borrowed<'_, Type>, mapping: Borrowed<'_, Object>) -> PyResult<Ref<MappingProxy>> {
        MappingProxy::new(mapping)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MappingProxy) {
        // SAFETY: called with no counts left.
        unsafe {
            object::gc_untrack(this.cast());
            header::xdecref((*this).mapping.get());
            object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MappingProxy, visit: &mut Visitor) {
        visit.object(this.mapping.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MappingProxy>) -> PyResult<Ref<Str>> {
        let mut text = crate::types::str::StrBuilder::new();
        text.push_str("mappingproxy(")?;
        text.push_object(&this.mapping().repr()?)?;
        text.push_str(")")?;
        text.finish()
    }

    #[slot(tp_str)]
    fn str(this: &Ref<MappingProxy>) -> PyResult<Ref<Str>> {
        this.mapping().str()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<MappingProxy>) -> PyResult<isize> {
        this.mapping().hash()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<MappingProxy>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        this.mapping().rich_compare(other, op)
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().iter()
    }

    #[slot(mp_length)]
    fn length(this: &Ref<MappingProxy>) -> PyResult<isize> {
        Ok(this.mapping().len()? as isize)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<MappingProxy>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.mapping().get_item(key)
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<MappingProxy>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        match this.mapping().downcast_exact::<Dict>() {
            Some(dict) => dict.contains(key),
            None => this.mapping().contains(key),
        }
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        unwrap(left).binary(number::OR, unwrap(right).borrow())
    }

    #[slot(nb_inplace_or)]
    fn inplace_or(left: Borrowed<'_, Object>, _right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Err(raise!(TypeError, "'|=' is not supported by {}; use '|' instead", left.type_name()))
    }

    #[method(raw, name = "get", signature = "($self, key, default=None, /)")]
    fn get(this: &Ref<MappingProxy>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("mappingproxy.get")?;
        args.check_count("get", 1, 2)?;
        let nothing = none();
        let key = args.get(0).unwrap_or_else(|| nothing.borrow());
        let default = args.get(1).unwrap_or_else(|| nothing.borrow());
        this.mapping().call_method(id!("get"), &[key, default])
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().call_method(id!("keys"), &[])
    }

    #[method(signature = "($self, /)")]
    fn values(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().call_method(id!("values"), &[])
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().call_method(id!("items"), &[])
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().call_method(id!("copy"), &[])
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::generic_alias::GenericAlias::new(cls.upcast(), object)
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<MappingProxy>) -> PyResult<Ref<Object>> {
        this.mapping().call_method(id!("__reversed__"), &[])
    }
}
