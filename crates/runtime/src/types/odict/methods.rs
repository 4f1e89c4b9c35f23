//! What Python sees of `OrderedDict`. Subclasses are asked through their own methods where CPython does so.

use core::mem::offset_of;

use super::views::{ODictItems, ODictIterator, ODictKeys, ODictValues};
use super::{OrderedDict, raw};
use crate::abi::*;
use crate::prelude::*;
use crate::types::dict::key_error;
use crate::types::repr_guard;
use crate::types::str::StrBuilder;

#[pytype(
    name = "OrderedDict",
    module = "collections",
    export = "PyODict_Type",
    base = Dict,
    gc,
    basetype,
    mapping,
    unhashable,
    subclass_flag = DICT,
    flags = _Py_TPFLAGS_MATCH_SELF,
    dictoffset = offset_of!(OrderedDict, od_inst_dict),
    weaklistoffset = offset_of!(OrderedDict, od_weakreflist)
)]
impl OrderedDict {
    #[slot(tp_init, raw)]
    unsafe extern "C" fn init_raw(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
        // SAFETY: called with an ordered dict, a tuple, and a dict or null.
        unsafe {
            let this: Borrowed<'_, Object> = Borrowed::from_ptr(this);
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let init = || -> PyResult<()> {
                if args.len() > 1 {
                    return Err(raise!(TypeError, "expected at most 1 argument, got {}", args.len()));
                }
                if args.len() == 1 {
                    update_from(this, args.get(0))?;
                }
                if let Some(kwargs) = Borrowed::<Dict>::from_ptr_or_null(kwargs) {
                    if !kwargs.has_only_str_keys() {
                        return Err(raise!(TypeError, "keywords must be strings"));
                    }
                    for (key, value) in kwargs.items_snapshot()? {
                        this.set_item(key.borrow(), value.borrow())?;
                    }
                }
                Ok(())
            };
            if init().is_ok() { 0 } else { -1 }
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut OrderedDict) {
        // SAFETY: called with no counts left.
        unsafe { raw::dealloc(this) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &OrderedDict, visit: &mut Visitor) {
        raw::traverse(this, visit);
    }

    #[slot(tp_clear)]
    fn clear_slot(this: &Ref<OrderedDict>) {
        raw::clear(this);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<OrderedDict>) -> PyResult<Ref<Str>> {
        // Without the module, also for the static type.
        let name = this.type_name();
        let name = name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name);
        if this.dict().is_empty() {
            return Str::from_utf8_str(&format!("{name}()"));
        }
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else { return Str::from_utf8_str("...") };
        let plain = Dict::new()?;
        if this.is_exact::<OrderedDict>() {
            for key in this.ordered_keys()? {
                let Some(value) = this.dict().get(key.borrow())? else { return Err(key_error(key.borrow())) };
                plain.set_item(key.borrow(), value.borrow())?;
            }
        } else {
            plain.merge_pairs(
                this.as_object().call_method(id!("items"), &[])?.borrow(),
                crate::types::dict::Duplicate::Replace,
            )?;
        }
        let mut text = StrBuilder::new();
        text.push_str(name)?;
        text.push_str("(")?;
        text.push_object(&plain.as_object().repr()?)?;
        text.push_str(")")?;
        text.finish()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<OrderedDict>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(theirs) = other.downcast::<Dict>() else { return Ok(not_implemented()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let mut equal = this.dict().equals_dict(&theirs)?;
        if equal && let Some(ordered) = other.downcast::<OrderedDict>() {
            equal = keys_are_equal(this, &ordered)?;
        }
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<OrderedDict>) -> PyResult<Ref<ODictIterator>> {
        ODictIterator::keys(this, false)
    }

    #[slot(mp_ass_subscript)]
    fn assign(this: &Ref<OrderedDict>, key: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        match value {
            Some(value) => this.set_ordered(key, value),
            None => {
                let hash = key.hash()?;
                this.remove_node(key, hash)?;
                match this.dict().take_known_hash(key, hash)? {
                    Some(_) => Ok(()),
                    None => Err(key_error(key)),
                }
            }
        }
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let (class, other) =
            if left.is_instance_of::<OrderedDict>() { (left.type_of(), right) } else { (right.type_of(), left) };
        if !other.is_instance_of::<Dict>() {
            return Ok(not_implemented());
        }
        let merged = class.as_object().call1(left)?;
        update_from(merged.borrow(), right)?;
        Ok(merged)
    }

    #[slot(nb_inplace_or)]
    fn inplace_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        update_from(left, right)?;
        Ok(left.to_owned())
    }

    #[classmethod(signature = "($type, /, iterable, value=None)")]
    fn fromkeys(
        cls: Borrowed<'_, Type>,
        iterable: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        crate::types::dict::methods::from_keys(cls, iterable, value)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<OrderedDict>) -> isize {
        (this.dict().size_of() + this.list_size()) as isize
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<OrderedDict>) -> PyResult<Ref<Tuple>> {
        let state = this.as_object().call_method(id!("__getstate__"), &[])?;
        let items = this.as_object().call_method(id!("items"), &[])?.iter()?;
        let class = this.type_of().to_owned().into_object();
        Tuple::pack([class, Tuple::empty().into_object(), state, none(), items])
    }

    #[method(signature = "($self, /, key, default=None)")]
    fn setdefault(
        this: &Ref<OrderedDict>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let nothing = none();
        let default = default.unwrap_or_else(|| nothing.borrow());
        if this.is_exact::<OrderedDict>() {
            if let Some(value) = this.dict().get(key)? {
                return Ok(value);
            }
            this.set_ordered(key, default)?;
        } else {
            if this.as_object().contains(key)? {
                return this.as_object().get_item(key);
            }
            this.as_object().set_item(key, default)?;
        }
        Ok(default.to_owned())
    }

    #[method(signature = "($self, /, key, default=<unrepresentable>)")]
    fn pop(
        this: &Ref<OrderedDict>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let hash = key.hash()?;
        match (this.take_ordered(key, hash)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(key_error(key)),
        }
    }

    #[method(signature = "($self, /, last=True)")]
    fn popitem(this: &Ref<OrderedDict>, last: bool) -> PyResult<Ref<Tuple>> {
        let node = if last { this.last() } else { this.first() };
        // SAFETY: a node in the list is live.
        let Some((key, hash)) = (unsafe { node.as_ref() }).map(|node| (node.key(), node.hash())) else {
            return Err(raise!(KeyError, "dictionary is empty"));
        };
        match this.take_ordered(key.borrow(), hash)? {
            Some(value) => Tuple::pack([key, value]),
            None => Err(key_error(key.borrow())),
        }
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<OrderedDict>) -> PyResult<Ref<ODictKeys>> {
        crate::types::dict::views::new_view(this.dict())
    }

    #[method(signature = "($self, /)")]
    fn values(this: &Ref<OrderedDict>) -> PyResult<Ref<ODictValues>> {
        crate::types::dict::views::new_view(this.dict())
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<OrderedDict>) -> PyResult<Ref<ODictItems>> {
        crate::types::dict::views::new_view(this.dict())
    }

    #[method(raw)]
    fn update(this: &Ref<OrderedDict>, args: CallArgs<'_>) -> PyResult<()> {
        if args.nargs() > 1 {
            let given = args.nargs();
            return Err(raise!(TypeError, "update() takes at most 1 positional argument ({given} given)"));
        }
        if let Some(other) = args.get(0) {
            update_from(this.as_borrowed(), other)?;
        }
        for (name, value) in args.keywords() {
            this.as_object().set_item(name.upcast(), value)?;
        }
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn clear(this: &Ref<OrderedDict>) {
        this.dict().clear();
        this.clear_nodes();
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<OrderedDict>) -> PyResult<Ref<Object>> {
        let exact = this.is_exact::<OrderedDict>();
        let copy = this.type_of().as_object().call0()?;
        let state = this.mutated();
        for key in this.ordered_keys()? {
            let value = if exact {
                let Some(value) = this.dict().get(key.borrow())? else { return Err(key_error(key.borrow())) };
                value
            } else {
                this.as_object().get_item(key.borrow())?
            };
            copy.set_item(key.borrow(), value.borrow())?;
            if this.mutated() != state {
                return Err(raise!(RuntimeError, "OrderedDict mutated during iteration"));
            }
        }
        Ok(copy)
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<OrderedDict>) -> PyResult<Ref<ODictIterator>> {
        ODictIterator::keys(this, true)
    }

    #[method(signature = "($self, /, key, last=True)")]
    fn move_to_end(this: &Ref<OrderedDict>, key: Borrowed<'_, Object>, last: bool) -> PyResult<()> {
        this.move_key(key, last)
    }

    #[getter(name = "__dict__")]
    fn dict_getter(this: &Ref<OrderedDict>) -> PyResult<Ref<Dict>> {
        // SAFETY: the field is the object's dict pointer.
        unsafe { crate::types::dict::instance::ensure_dict_at(this.as_ptr(), this.od_inst_dict.as_ptr()) }
    }

    #[setter(name = "__dict__")]
    fn dict_setter(this: &Ref<OrderedDict>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(TypeError, "cannot delete __dict__")) };
        if !value.is_instance_of::<Dict>() {
            return Err(raise!(TypeError, "__dict__ must be set to a dictionary, not a '{}'", value.type_name()));
        }
        let old = this.od_inst_dict.replace(value.to_owned().into_ptr());
        // SAFETY: the field owned it.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
        Ok(())
    }
}

/// Whether two ordered dicts of equal items have them in the same order.
fn keys_are_equal(a: &Ref<OrderedDict>, b: &Ref<OrderedDict>) -> PyResult<bool> {
    let (ours, theirs) = (a.ordered_keys()?, b.ordered_keys()?);
    let (state_a, state_b) = (a.mutated(), b.mutated());
    for (left, right) in ours.iter().zip(&theirs) {
        let equal = left.equals(right.borrow())?;
        if a.mutated() != state_a || b.mutated() != state_b {
            return Err(raise!(RuntimeError, "OrderedDict mutated during iteration"));
        }
        if !equal {
            return Ok(false);
        }
    }
    Ok(ours.len() == theirs.len())
}

/// The positional argument of `OrderedDict()` and `update()`: items are set one by one through the object's own methods.
fn update_from(this: Borrowed<'_, Object>, other: Borrowed<'_, Object>) -> PyResult<()> {
    if let Some(dict) = other.downcast_exact::<Dict>() {
        for (key, value) in dict.items_snapshot()? {
            this.set_item(key.borrow(), value.borrow())?;
        }
        return Ok(());
    }
    if let Some(keys) = other.lookup_attr(id!("keys"))? {
        let iterator = keys.call0()?.iter()?;
        while let Some(key) = iterator.next()? {
            let value = other.get_item(key.borrow())?;
            this.set_item(key.borrow(), value.borrow())?;
        }
        return Ok(());
    }
    if let Some(items) = other.lookup_attr(id!("items"))? {
        return add_pairs(this, items.call0()?.borrow());
    }
    add_pairs(this, other)
}

fn add_pairs(this: Borrowed<'_, Object>, pairs: Borrowed<'_, Object>) -> PyResult<()> {
    let iterator = pairs.iter()?;
    while let Some(pair) = iterator.next()? {
        let parts = pair.iter()?;
        let next = |have: usize| match parts.next()? {
            Some(part) => Ok(part),
            None => {
                Err(raise!(ValueError, "need more than {have} value{} to unpack", if have == 1 { "" } else { "s" }))
            }
        };
        let key = next(0)?;
        let value = next(1)?;
        if parts.next()?.is_some() {
            return Err(raise!(ValueError, "too many values to unpack (expected 2)"));
        }
        this.set_item(key.borrow(), value.borrow())?;
    }
    Ok(())
}
