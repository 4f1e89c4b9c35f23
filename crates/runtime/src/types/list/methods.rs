//! What Python sees of `list`, in the order of the library reference.

use super::{List, order, raw, sort};
use crate::abi::PyListObject;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;
use crate::types::iter::{ListIterator, ListReverseIterator};
use crate::types::repr_guard;
use crate::types::slice::{self, Slice};
use crate::types::str::StrBuilder;
use crate::types::tuple::items_equal;

/// A borrowed item made safe to use across a call that runs Python code.
#[inline(always)]
fn holds(item: &Ref<Object>, value: Borrowed<'_, Object>) -> PyResult<bool> {
    items_equal(item.borrow(), value)
}

#[pytype(name = "list", export = "PyList_Type", gc, basetype, sequence, match_self, subclass_flag = LIST, unhashable)]
impl List {
    #[new(raw)]
    fn new_slot(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = args;
        cls.alloc(0)
    }

    #[init(signature = "(iterable=(), /)")]
    fn init(this: &Ref<List>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        if !this.items_ptr().is_null() {
            this.clear();
        }
        match iterable {
            Some(iterable) => this.extend(iterable),
            None => Ok(()),
        }
    }

    /// `list(...)` without the detour through `tp_new` and `tp_init`.
    #[slot(tp_vectorcall, raw)]
    const _VECTORCALL: abi::vectorcallfunc = list_vectorcall;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut List) {
        // SAFETY: called once, by the last decref.
        unsafe { raw::dealloc(this.cast::<PyListObject>()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &List, visit: &mut Visitor) {
        // SAFETY: the items are in the array.
        unsafe {
            let items = this.0.ob_item.get();
            for index in 0..this.0.ob_base.ob_size.get() as usize {
                visit.object(*items.add(index));
            }
        }
    }

    #[slot(tp_clear)]
    fn clear_slot(this: &Ref<List>) {
        this.clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<List>) -> PyResult<Ref<Str>> {
        if this.is_empty() {
            return Str::from_utf8_str("[]");
        }
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            return Str::from_utf8_str("[...]");
        };
        let mut text = StrBuilder::new();
        text.push_str("[")?;
        let mut index = 0;
        while index < this.len() {
            if index > 0 {
                text.push_str(", ")?;
            }
            // SAFETY: inside the list; C code may show one that is not filled.
            match unsafe { Ref::<Object>::from_borrowed_ptr_or_null(*this.items_ptr().add(index)) } {
                Some(item) => text.push_object(&item.repr()?)?,
                None => text.push_str("<NULL>")?,
            }
            index += 1;
        }
        text.push_str("]")?;
        text.finish()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<List>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match other.downcast::<List>() {
            Some(other) => order::compare(this, &other, op),
            None => Ok(not_implemented()),
        }
    }

    #[slot(tp_iter)]
    fn iter_slot(this: &Ref<List>) -> PyResult<Ref<ListIterator>> {
        ListIterator::new(this.clone())
    }

    #[slot(sq_length, mp_length)]
    fn length(this: &Ref<List>) -> usize {
        this.len()
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<List>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if key.has_index() {
            let mut index = key.as_index_isize()?;
            if index < 0 {
                index += this.len() as isize;
            }
            return List::item(this, index);
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(bad_index(key));
        };
        let unpacked = slice.unpack()?;
        let (start, _, step, count) = unpacked.adjust(this.len());
        if step == 1 {
            return Ok(this.slice(start as usize, start as usize + count)?.into_object());
        }
        let list = raw::new_list(count)?;
        if count > 0 {
            // SAFETY: all places are inside, and the new list has room.
            unsafe { raw::copy_spaced(list.items_ptr(), this.items_ptr().offset(start), step, count) };
            list.set_len(count);
        }
        Ok(list.into_object())
    }

    #[slot(mp_ass_subscript)]
    fn assign_subscript(
        this: &Ref<List>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        if key.has_index() {
            let mut index = key.as_index_isize()?;
            if index < 0 {
                index += this.len() as isize;
            }
            return List::assign_item(this, index, value);
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(bad_index(key));
        };
        // The parts of a slice may run code, which may change the list: its length counts after that.
        let unpacked = slice.unpack()?;
        match value {
            None => delete_slice(this, unpacked),
            Some(value) => assign_slice(this, unpacked, value),
        }
    }

    #[slot(sq_item)]
    fn item(this: &Ref<List>, index: isize) -> PyResult<Ref<Object>> {
        match usize::try_from(index).ok().and_then(|index| this.get(index)) {
            Some(item) => Ok(item),
            None => Err(raise!(IndexError, "list index out of range")),
        }
    }

    #[slot(sq_ass_item)]
    fn assign_item(this: &Ref<List>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < this.len()) else {
            return Err(raise!(IndexError, "list assignment index out of range"));
        };
        match value {
            Some(value) => drop(this.replace_at(index, value.to_owned())),
            None if this.len() == 1 => this.clear(),
            None => drop(this.take_at(index)?),
        }
        Ok(())
    }

    #[slot(sq_concat)]
    fn concat(this: &Ref<List>, other: Borrowed<'_, Object>) -> PyResult<Ref<List>> {
        let Some(other) = other.downcast::<List>() else {
            return Err(raise!(TypeError, "can only concatenate list (not \"{}\") to list", other.type_name()));
        };
        let Some(count) = this.len().checked_add(other.len()) else { return Err(Raised::no_memory()) };
        let list = raw::new_list(count)?;
        // SAFETY: there is room for both, and nothing runs meanwhile.
        unsafe {
            let items = this.as_slice_unchecked().iter().chain(other.as_slice_unchecked());
            for (index, item) in items.enumerate() {
                *list.items_ptr().add(index) = item.clone().into_ptr();
            }
        }
        list.set_len(count);
        Ok(list)
    }

    #[slot(sq_repeat)]
    fn repeat(this: &Ref<List>, count: isize) -> PyResult<Ref<List>> {
        let len = this.len();
        if len == 0 || count <= 0 {
            return List::new();
        }
        let Some(total) = len.checked_mul(count as usize) else { return Err(Raised::no_memory()) };
        let list = raw::new_list(total)?;
        // SAFETY: there is room for `total` items.
        unsafe { raw::fill_repeated(list.items_ptr(), this.items_ptr(), len, count as usize) };
        list.set_len(total);
        Ok(list)
    }

    #[slot(sq_contains)]
    fn contains_slot(this: &Ref<List>, value: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(order::position(this, value, 0, usize::MAX)?.is_some())
    }

    #[slot(sq_inplace_concat)]
    fn inplace_concat(this: &Ref<List>, other: Borrowed<'_, Object>) -> PyResult<Ref<List>> {
        this.extend(other)?;
        Ok(this.clone())
    }

    #[slot(sq_inplace_repeat)]
    fn inplace_repeat(this: &Ref<List>, count: isize) -> PyResult<Ref<List>> {
        this.repeat_in_place(count)?;
        Ok(this.clone())
    }

    #[method(name = "__getitem__", signature = "($self, index, /)", coexist)]
    fn getitem(this: &Ref<List>, index: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        List::subscript(this, index)
    }

    #[method(name = "__reversed__", signature = "($self, /)")]
    fn reversed(this: &Ref<List>) -> PyResult<Ref<ListReverseIterator>> {
        ListReverseIterator::new(this.clone())
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<List>) -> usize {
        this.size_of()
    }

    #[method(name = "clear", signature = "($self, /)")]
    fn clear_method(this: &Ref<List>) {
        this.clear();
    }

    #[method(name = "copy", signature = "($self, /)")]
    fn copy_method(this: &Ref<List>) -> PyResult<Ref<List>> {
        this.copy()
    }

    #[method(signature = "($self, object, /)")]
    fn append(this: &Ref<List>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.push(object.to_owned())
    }

    #[method(name = "insert", signature = "($self, index, object, /)")]
    fn insert_method(this: &Ref<List>, index: isize, object: Borrowed<'_, Object>) -> PyResult<()> {
        let len = this.len() as isize;
        let index = if index < 0 { (index + len).max(0) } else { index.min(len) };
        this.insert_at(index as usize, object.to_owned())
    }

    #[method(name = "extend", signature = "($self, iterable, /)")]
    fn extend_method(this: &Ref<List>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        this.extend(iterable)
    }

    #[method(name = "pop", signature = "($self, index=-1, /)")]
    fn pop_method(this: &Ref<List>, index: isize) -> PyResult<Ref<Object>> {
        let len = this.len();
        if len == 0 {
            return Err(raise!(IndexError, "pop from empty list"));
        }
        let index = if index < 0 { index + len as isize } else { index };
        match usize::try_from(index).ok().filter(|&index| index < len) {
            Some(index) => this.remove_at(index),
            None => Err(raise!(IndexError, "pop index out of range")),
        }
    }

    #[method(signature = "($self, value, /)")]
    fn remove(this: &Ref<List>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let mut index = 0;
        while let Some(item) = this.get(index) {
            if holds(&item, value)? {
                // The comparison may have changed the list.
                if index < this.len() {
                    drop(this.remove_at(index)?);
                }
                return Ok(());
            }
            index += 1;
        }
        Err(raise!(ValueError, "list.remove(x): x not in list"))
    }

    #[method(signature = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        this: &Ref<List>,
        value: Borrowed<'_, Object>,
        start: Option<Borrowed<'_, Object>>,
        stop: Option<Borrowed<'_, Object>>,
    ) -> PyResult<isize> {
        let (start, stop) = slice::search_range(start, stop, this.len())?;
        match order::position(this, value, start, stop)? {
            Some(index) => Ok(index as isize),
            None => Err(raise!(ValueError, "list.index(x): x not in list")),
        }
    }

    #[method(signature = "($self, value, /)")]
    fn count(this: &Ref<List>, value: Borrowed<'_, Object>) -> PyResult<isize> {
        let (mut count, mut next) = (0, 0);
        while let Some(index) = order::position(this, value, next, usize::MAX)? {
            (count, next) = (count + 1, index + 1);
        }
        Ok(count)
    }

    #[method(name = "reverse", signature = "($self, /)")]
    fn reverse_method(this: &Ref<List>) {
        this.reverse();
    }

    #[method(name = "sort", signature = "($self, /, *, key=None, reverse=False)")]
    fn sort_method(this: &Ref<List>, key: Nullable<Borrowed<'_, Object>>, reverse: bool) -> PyResult<()> {
        sort::sort(this, key.0, reverse)
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}

#[cold]
fn bad_index(key: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "list indices must be integers or slices, not {}", key.type_name())
}

fn delete_slice(this: &Ref<List>, unpacked: slice::Unpacked) -> PyResult<()> {
    let (start, _, step, count) = unpacked.adjust(this.len());
    if count == 0 {
        return Ok(());
    }
    if step == 1 {
        return this.splice(start as usize, start as usize + count, &[]);
    }
    // From the lowest place up, whatever the direction.
    let (start, step) = if step < 0 { (start + step * (count as isize - 1), -step) } else { (start, step) };
    this.remove_stepped(start as usize, step as usize, count)
}

/// `this[start:stop] = value` for a list or tuple that is not the list itself; `None` for any other value.
pub(crate) fn assign_range(
    this: &Ref<List>,
    start: usize,
    stop: usize,
    value: Borrowed<'_, Object>,
) -> Option<PyResult<()>> {
    if value.is(this) {
        return None;
    }
    // SAFETY: the new items are counted for the list before anything else runs.
    let items = unsafe {
        match (value.downcast_exact::<List>(), value.downcast_exact::<Tuple>()) {
            (Some(list), _) => core::slice::from_raw_parts(list.as_slice_unchecked().as_ptr(), list.len()),
            (_, Some(tuple)) => core::slice::from_raw_parts(tuple.as_slice().as_ptr(), tuple.len()),
            _ => return None,
        }
    };
    Some(this.splice(start, stop.max(start), items))
}

fn assign_slice(this: &Ref<List>, unpacked: slice::Unpacked, value: Borrowed<'_, Object>) -> PyResult<()> {
    if unpacked.step == 1 {
        let (start, stop, ..) = unpacked.adjust(this.len());
        if let Some(result) = assign_range(this, start as usize, stop.max(start) as usize, value) {
            return result;
        }
    }
    let items = if value.is(this) {
        this.try_to_vec()?
    } else {
        match value.to_fast_sequence("must assign iterable to extended slice")? {
            // A copy, since what the list drops at the end could change the source; a list can be the source itself.
            source if source.is_instance_of::<Tuple>() || source.is_instance_of::<List>() => fast_items(&source)?,
            other => other.collect_items()?,
        }
    };
    let (start, stop, step, count) = unpacked.adjust(this.len());
    if step == 1 {
        return this.splice(start as usize, stop.max(start) as usize, &items);
    }
    if items.len() != count {
        return Err(raise!(
            ValueError,
            "attempt to assign sequence of size {} to extended slice of size {count}",
            items.len()
        ));
    }
    let mut old = Vec::new();
    if old.try_reserve_exact(count).is_err() {
        return Err(Raised::no_memory());
    }
    let mut place = start;
    for item in items {
        old.push(this.replace_at(place as usize, item));
        place = place.wrapping_add(step);
    }
    Ok(())
}

/// New references to the items of a list or tuple, of a subclass too.
fn fast_items(source: &Ref<Object>) -> PyResult<Vec<Ref<Object>>> {
    if let Some(list) = source.downcast::<List>() {
        return list.try_to_vec();
    }
    let mut items = Vec::new();
    if let Some(tuple) = source.downcast::<Tuple>() {
        if items.try_reserve_exact(tuple.len()).is_err() {
            return Err(Raised::no_memory());
        }
        items.extend_from_slice(tuple.as_slice());
    }
    Ok(items)
}

/// `tp_vectorcall` of the type `list` and its subclasses that have it.
unsafe extern "C" fn list_vectorcall(
    cls: *mut abi::PyObject,
    args: *const *mut abi::PyObject,
    nargsf: usize,
    kwnames: *mut abi::PyObject,
) -> *mut abi::PyObject {
    // SAFETY: called by the rules of vectorcall, with the class as callable.
    let result = unsafe {
        let nargs = (nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET) as isize;
        let call = CallArgs::from_raw(args, nargs, kwnames);
        let cls: Borrowed<'_, Type> = Borrowed::from_ptr(cls);
        call_list(cls, &call)
    };
    crate::object::protocol::number::into_c(result)
}

fn call_list(cls: Borrowed<'_, Type>, call: &CallArgs<'_>) -> PyResult<Ref<Object>> {
    call.no_keywords("list")?;
    call.check_count("list", 0, 1)?;
    if cls.as_raw().cast() == List::TYPE {
        return match call.get(0) {
            Some(iterable) => Ok(List::from_iterable(iterable)?.into_object()),
            None => Ok(List::new()?.into_object()),
        };
    }
    let object = cls.alloc(0)?;
    if let (Some(list), Some(iterable)) = (object.downcast::<List>(), call.get(0)) {
        list.extend(iterable)?;
    }
    Ok(object)
}
