//! Calls of a few built-ins that are known by identity and done without a call.

use super::*;

fast! {
    /// `list.append(item)` as a method call, or of a method bound before: the list and the method's own result are known.
    fn call_list_append(r, _ts) {
        let (callable, list, item) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        let Some(raw) = appended_list(callable, list) else { return Act::MISS };
        let size = (*raw).ob_base.ob_size.get();
        if size >= (*raw).allocated.get() || is_last(list) || is_last(callable) {
            return Act::MISS;
        }
        let new = heap_pointer(item);
        if new.is_null() {
            return Act::MISS;
        }
        *(*raw).ob_item.get().add(size as usize) = new;
        (*raw).ob_base.ob_size.set(size + 1);
        give_up(callable);
        give_up(list);
        *slot(r, 3) = StackRef::none();
        r.sp = r.sp.sub(2);
        Act::NEXT
    }

    /// As `call_list_append` where the list has to grow, or something goes with the call.
    fn call_list_append_grow(r, ts) {
        let (callable, list) = (*slot(r, 3), *slot(r, 2));
        let Some(list) = appended_list(callable, list) else { return Act::MISS };
        save(r);
        let Ok(item) = stackref::materialize(slot(r, 1)) else { return Act::RAISED };
        if append(list.cast(), item) { finish_call_word(r, ts, 3, StackRef::none()) } else { Act::RAISED }
    }

    /// `list.pop()`: the count moves from the list to the stack.
    fn call_list_pop(r, _ts) {
        let (callable, list) = (*slot(r, 2), *slot(r, 1));
        if !callable.is_ptr(specialize::list_pop_method()) || list.is_null() || !list.is_exact(List::TYPE) {
            return Act::MISS;
        }
        let raw = list.ptr().cast::<PyListObject>();
        let left = (*raw).ob_base.ob_size.get() - 1;
        // Below half of what is allocated the list gives memory back.
        if left < (*raw).allocated.get() >> 1 || left < 0 || is_last(list) || is_last(callable) {
            return Act::MISS;
        }
        let item = *(*raw).ob_item.get().add(left as usize);
        (*raw).ob_base.ob_size.set(left);
        give_up(callable);
        give_up(list);
        *slot(r, 2) = StackRef::steal(item);
        r.sp = r.sp.sub(1);
        Act::NEXT
    }

    /// `dict.get(key)` and `dict.get(key, default)` for a key that needs no comparison.
    fn call_dict_get(r, _ts) {
        let nargs = r.oparg;
        let (callable, this, key) = (*slot(r, nargs + 2), *slot(r, nargs + 1), *slot(r, nargs));
        if !callable.is_ptr(specialize::dict_get_method()) || this.is_null() || !this.is_exact(Dict::TYPE) {
            return Act::MISS;
        }
        if is_last(this) || is_last(callable) || is_last(key) {
            return Act::MISS;
        }
        let dict = this.ptr().cast::<PyDictObject>();
        let keys = (*dict).ma_keys.get();
        let spot = subscript::glance::<false>(keys, key).0;
        if spot.index == dict::COMPARE || !(*dict).ma_values.get().is_null() {
            return Act::MISS;
        }
        let default = if nargs == 2 { *slot(r, 1) } else { StackRef::none() };
        let (result, dropped) = if spot.index >= 0 {
            (counted(dict::value_at(keys, spot).get()), default)
        } else {
            (default.heap_safe(), StackRef::NULL)
        };
        for word in [key, this, callable] {
            give_up(word);
        }
        *slot(r, nargs + 2) = result;
        r.sp = r.sp.sub(nargs + 1);
        super::drop_word(r, dropped, Act::NEXT)
    }

    /// `set.add(key)` for a key that needs no comparison, where the table does not grow.
    fn call_set_add(r, _ts) {
        let (callable, this, key) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !callable.is_ptr(specialize::set_add_method()) || this.is_null() || !this.is_exact(Set::TYPE) {
            return Act::MISS;
        }
        if is_last(this) || is_last(callable) {
            return Act::MISS;
        }
        if !build::add_plain(this, key) {
            return Act::MISS;
        }
        for word in [this, callable] {
            give_up(word);
        }
        *slot(r, 3) = StackRef::none();
        r.sp = r.sp.sub(2);
        Act::NEXT
    }

    fn call_len(r, _ts) {
        let (callable, self_word, argument) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !self_word.is_null() || argument.is_int() || !callable.is_ptr(specialize::len_function()) {
            return Act::MISS;
        }
        let ty = (*argument.ptr()).ob_type.get();
        let length = if ty == List::TYPE || ty == Tuple::TYPE {
            (*argument.ptr().cast::<crate::abi::PyVarObject>()).ob_size.get()
        } else if ty == Str::TYPE {
            (*argument.ptr().cast::<crate::abi::PyASCIIObject>()).length.get()
        } else if ty == Dict::TYPE {
            (*argument.ptr().cast::<crate::abi::PyDictObject>()).ma_used.get()
        } else {
            return Act::MISS;
        };
        if is_last(callable) {
            return Act::MISS;
        }
        give_up(callable);
        *slot(r, 3) = StackRef::int(length as i64);
        r.sp = r.sp.sub(2);
        drop_word(r, argument, Act::NEXT)
    }

    /// `len` of any other object.
    fn call_len_any(r, ts) {
        let (callable, self_word, argument) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !self_word.is_null() || !callable.is_ptr(specialize::len_function()) || argument.is_int() {
            return Act::MISS;
        }
        save(r);
        let length = length_of(argument.ptr());
        if length < 0 {
            return Act::RAISED;
        }
        match StackRef::try_int(length as i64) {
            Some(word) => finish_call_word(r, ts, 3, word),
            None => finish_call(r, ts, 3, int_object(length)),
        }
    }

    /// `isinstance(object, class)`.
    fn call_isinstance(r, ts) {
        let (callable, self_word, object, class) = (*slot(r, 4), *slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !self_word.is_null() || !callable.is_ptr(specialize::isinstance_function()) || class.is_int() {
            return Act::MISS;
        }
        let ty = if object.is_int() { Int::TYPE } else { (*object.ptr()).ob_type.get() };
        if class.is_ptr(ty.cast()) {
            return finish_call_word(r, ts, 4, StackRef::bool(true));
        }
        save(r);
        let Ok(object) = stackref::materialize(slot(r, 2)) else { return Act::RAISED };
        let answer = is_instance(object, class.ptr());
        if answer < 0 { Act::RAISED } else { finish_call_word(r, ts, 4, StackRef::bool(answer != 0)) }
    }

    /// `type(x)`.
    fn call_type_1(r, _ts) {
        let (callable, self_word, argument) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !self_word.is_null() || argument.is_int() || !callable.is_ptr(Type::TYPE.cast()) {
            return Act::MISS;
        }
        *slot(r, 3) = counted((*argument.ptr()).ob_type.get().cast());
        r.sp = r.sp.sub(2);
        drop_word(r, argument, Act::NEXT)
    }
}

/// The list that `append` is called of, as a method or bound before.
#[inline(always)]
pub(super) unsafe fn appended_list(callable: StackRef, list: StackRef) -> Option<*mut PyListObject> {
    // SAFETY: words on the stack.
    unsafe {
        if list.is_null() {
            let function = callable.ptr().cast::<PyCFunctionObject>();
            return specialize::is_bound_append(callable).then(|| (*function).m_self.get().cast());
        }
        let is_append = callable.is_ptr(specialize::list_append_method()) && list.is_exact(List::TYPE);
        is_append.then(|| list.ptr().cast())
    }
}

// Methods of handles take references, and a calling body must have nothing on the machine stack: these are functions of pointers.

/// `len(object)`; -1 with an exception set.
#[inline(never)]
pub(super) unsafe fn length_of(object: *mut PyObject) -> isize {
    // SAFETY: an object on the stack.
    unsafe { Borrowed::<Object>::from_ptr(object) }.len().map_or(-1, |length| length as isize)
}

/// `isinstance(object, class)`; -1 with an exception set.
#[inline(never)]
pub(super) unsafe fn is_instance(object: *mut PyObject, class: *mut PyObject) -> c_int {
    // SAFETY: objects on the stack.
    unsafe { Borrowed::<Object>::from_ptr(object).is_instance(Borrowed::from_ptr(class)).map_or(-1, c_int::from) }
}

/// `list.append(item)`; `false` with an exception set.
#[inline(never)]
pub(super) unsafe fn append(list: *mut PyObject, item: *mut PyObject) -> bool {
    // SAFETY: objects on the stack, the first a list.
    unsafe { Borrowed::<List>::from_ptr(list).push(Ref::from_borrowed_ptr(item)).is_ok() }
}

/// An int that is no immediate; null with the exception set.
#[cold]
#[inline(never)]
pub(super) unsafe fn int_object(value: isize) -> *mut PyObject {
    Int::from_isize(value).map_or(ptr::null_mut(), Ref::into_ptr)
}

slow! {
    /// `str(x)`; an immediate need not become an object for that.
    fn call_str_1(m, _) {
        if !(*m.slot(3)).is_ptr(Str::TYPE.cast()) || !(*m.slot(2)).is_null() {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let argument = *m.slot(1);
        let text = if argument.is_int() { Int::decimal_str_of(argument.int_value())? } else { m.peek(1)?.str()? };
        m.drop_top(3);
        m.push_ref(text);
        check_events(m)
    }
}
