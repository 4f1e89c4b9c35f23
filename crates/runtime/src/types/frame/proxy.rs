//! `FrameLocalsProxy`: the variables of a running function as a mapping that writes through.

use core::ptr;

use super::FrameObject;
use super::locals::{extra_locals, find, set_value_at, value_at, variables};
use crate::abi::PyFrameLocalsProxyObject;
use crate::object::header;
use crate::prelude::*;
use crate::types::repr_guard;

/// `PyFrameLocalsProxyObject`.
#[repr(transparent)]
pub struct FrameLocalsProxy(PyFrameLocalsProxyObject);

impl FrameLocalsProxy {
    pub fn new(frame: Ref<FrameObject>) -> PyResult<Ref<FrameLocalsProxy>> {
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let proxy = crate::memory::object::new::<FrameLocalsProxy>()?;
            (*proxy).0.frame.set(frame.into_ptr().cast());
            crate::memory::object::gc_track(proxy.cast());
            Ok(Ref::from_owned_ptr(proxy))
        }
    }

    fn frame(this: &Ref<FrameLocalsProxy>) -> Ref<FrameObject> {
        // SAFETY: set when the proxy was made.
        unsafe { Ref::from_borrowed_ptr(this.0.frame.get()) }
    }

    fn lookup(this: &Ref<FrameLocalsProxy>, key: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        let frame = FrameLocalsProxy::frame(this);
        if let Some(index) = find(&frame, key, true)? {
            return value_at(&frame, index);
        }
        match extra_locals(&frame) {
            Some(extra) => extra.get(key),
            None => Ok(None),
        }
    }

    /// Names and values, variables first.
    fn pairs(this: &Ref<FrameLocalsProxy>) -> PyResult<Vec<(Ref<Object>, Ref<Object>)>> {
        let frame = FrameLocalsProxy::frame(this);
        let mut pairs = variables(&frame)?;
        if let Some(extra) = extra_locals(&frame) {
            let more = extra.items_snapshot()?;
            pairs.make_room(more.len())?;
            pairs.extend(more);
        }
        Ok(pairs)
    }

    fn to_dict(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<Dict>> {
        let dict = Dict::new()?;
        for (name, value) in FrameLocalsProxy::pairs(this)? {
            dict.set_item(name.borrow(), value.borrow())?;
        }
        Ok(dict)
    }

    fn store(this: &Ref<FrameLocalsProxy>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let frame = FrameLocalsProxy::frame(this);
        if let Some(index) = find(&frame, key, false)? {
            return set_value_at(&frame, index, value.to_owned());
        }
        let extra = match extra_locals(&frame) {
            Some(extra) => extra,
            None => {
                let extra = Dict::new()?;
                frame.0.f_extra_locals.set(extra.clone().into_ptr());
                extra
            }
        };
        extra.set_item(key, value)
    }

    fn merge(this: &Ref<FrameLocalsProxy>, other: Borrowed<'_, Object>) -> PyResult<()> {
        if !other.is_instance_of::<Dict>() && !other.is_instance_of::<FrameLocalsProxy>() {
            return Err(raise!(TypeError, "update() argument must be dict or another FrameLocalsProxy"));
        }
        let dict = Dict::new()?;
        dict.update(other)?;
        for (key, value) in dict.items_snapshot()? {
            FrameLocalsProxy::store(this, key.borrow(), value.borrow())?;
        }
        Ok(())
    }
}

#[pytype(name = "FrameLocalsProxy", export = "PyFrameLocalsProxy_Type", gc, mapping)]
impl FrameLocalsProxy {
    #[new(signature = "(frame, /)", no_text_signature)]
    fn create(cls: Borrowed<'_, Type>, frame: Borrowed<'_, Object>) -> PyResult<Ref<FrameLocalsProxy>> {
        let _ = cls;
        match frame.downcast::<FrameObject>() {
            Some(frame) => FrameLocalsProxy::new(frame.to_owned()),
            None => Err(raise!(TypeError, "expect frame, not {}", frame.type_name())),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FrameLocalsProxy) {
        // SAFETY: called once, by the last decref.
        unsafe {
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).0.frame.replace(ptr::null_mut()).cast());
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &FrameLocalsProxy, visit: &mut Visitor) {
        visit.object(this.0.frame.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else { return Str::from_utf8_str("{...}") };
        FrameLocalsProxy::to_dict(this)?.as_object().repr()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<FrameLocalsProxy>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if let Some(other) = other.downcast::<FrameLocalsProxy>() {
            let same = this.0.frame.get() == other.0.frame.get();
            return Ok(match op {
                CompareOp::Eq => Bool::from(same).into_object(),
                CompareOp::Ne => Bool::from(!same).into_object(),
                _ => not_implemented(),
            });
        }
        if other.is_instance_of::<Dict>() {
            return FrameLocalsProxy::to_dict(this)?.as_object().rich_compare(other, op);
        }
        Ok(not_implemented())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<Object>> {
        FrameLocalsProxy::keys(this)?.as_object().iter()
    }

    #[slot(mp_length)]
    fn len(this: &Ref<FrameLocalsProxy>) -> PyResult<isize> {
        Ok(FrameLocalsProxy::pairs(this)?.len() as isize)
    }

    #[slot(mp_subscript)]
    fn getitem(this: &Ref<FrameLocalsProxy>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match FrameLocalsProxy::lookup(this, key)? {
            Some(value) => Ok(value),
            None => Err(raise!(KeyError, "local variable '{}' is not defined", key.to_repr_text())),
        }
    }

    #[slot(mp_ass_subscript)]
    fn setitem(
        this: &Ref<FrameLocalsProxy>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        match value {
            Some(value) => FrameLocalsProxy::store(this, key, value),
            None => FrameLocalsProxy::remove(this, key).map(|_| ()),
        }
    }

    fn remove(this: &Ref<FrameLocalsProxy>, key: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        let frame = FrameLocalsProxy::frame(this);
        if find(&frame, key, false)?.is_some() {
            return Err(raise!(ValueError, "cannot remove local variables from FrameLocalsProxy"));
        }
        match extra_locals(&frame) {
            Some(extra) => match extra.pop(key)? {
                Some(value) => Ok(Some(value)),
                None => Err(raise!(KeyError, object: key.to_owned())),
            },
            None => Err(raise!(KeyError, object: key.to_owned())),
        }
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<FrameLocalsProxy>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(FrameLocalsProxy::lookup(this, key)?.is_some())
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let fits =
            |side: Borrowed<'_, Object>| side.is_instance_of::<Dict>() || side.is_instance_of::<FrameLocalsProxy>();
        if !fits(left) || !fits(right) {
            return Ok(not_implemented());
        }
        let dict = Dict::new()?;
        dict.update(left)?;
        dict.update(right)?;
        Ok(dict.into_object())
    }

    #[slot(nb_inplace_or)]
    fn inplace_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(this) = left.downcast::<FrameLocalsProxy>() else { return Ok(not_implemented()) };
        if !right.is_instance_of::<Dict>() && !right.is_instance_of::<FrameLocalsProxy>() {
            return Ok(not_implemented());
        }
        FrameLocalsProxy::merge(&this, right)?;
        Ok(left.to_owned())
    }

    #[method(name = "__contains__", coexist, signature = "($self, object, /)")]
    fn contains_method(this: &Ref<FrameLocalsProxy>, object: Borrowed<'_, Object>) -> PyResult<bool> {
        FrameLocalsProxy::contains(this, object)
    }

    #[method(name = "__getitem__", coexist, signature = "($self, object, /)")]
    fn getitem_method(this: &Ref<FrameLocalsProxy>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        FrameLocalsProxy::getitem(this, object)
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        List::from_vec(FrameLocalsProxy::pairs(this)?.into_iter().map(|(name, _)| name).gather()?)
    }

    #[method(signature = "($self, /)")]
    fn values(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        List::from_vec(FrameLocalsProxy::pairs(this)?.into_iter().map(|(_, value)| value).gather()?)
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let mut rows = Vec::new();
        for (name, value) in FrameLocalsProxy::pairs(this)? {
            rows.try_push(Tuple::pack([name, value])?.into_object())?;
        }
        List::from_vec(rows)
    }

    #[method(signature = "($self, key, default=None, /)", no_text_signature)]
    fn get(
        this: &Ref<FrameLocalsProxy>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let found = FrameLocalsProxy::lookup(this, key)?;
        Ok(found.unwrap_or_else(|| default.map_or_else(none, |default| default.to_owned())))
    }

    #[method(signature = "($self, key, default=None, /)", no_text_signature)]
    fn setdefault(
        this: &Ref<FrameLocalsProxy>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        if let Some(value) = FrameLocalsProxy::lookup(this, key)? {
            return Ok(value);
        }
        let value = default.map_or_else(none, |default| default.to_owned());
        FrameLocalsProxy::store(this, key, value.borrow())?;
        Ok(value)
    }

    #[method(signature = "($self, key, default=<unrepresentable>, /)", no_text_signature)]
    fn pop(
        this: &Ref<FrameLocalsProxy>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match FrameLocalsProxy::remove(this, key) {
            Ok(value) => Ok(value.unwrap_or_else(none)),
            Err(raised) => match default {
                Some(default) if raised.is_a::<crate::types::exceptions::KeyError>() => {
                    raised.clear();
                    Ok(default.to_owned())
                }
                _ => Err(raised),
            },
        }
    }

    #[method(signature = "($self, object, /)")]
    fn update(this: &Ref<FrameLocalsProxy>, other: Borrowed<'_, Object>) -> PyResult<()> {
        FrameLocalsProxy::merge(this, other)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<Dict>> {
        FrameLocalsProxy::to_dict(this)
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<FrameLocalsProxy>) -> PyResult<Ref<List>> {
        let mut names = FrameLocalsProxy::pairs(this)?.into_iter().map(|(name, _)| name).gather()?;
        names.reverse();
        List::from_vec(names)
    }
}
