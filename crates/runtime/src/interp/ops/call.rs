//! Calls. A Python function gets a frame in the same run; everything else is called through vectorcall.

use core::ptr;
use core::sync::atomic::Ordering;

use super::{cache32, drop_word, fast, give_up, lower, save, slot, slow};
use crate::abi::{
    _PY_EVAL_EVENTS_MASK, CO_VARARGS, CO_VARKEYWORDS, METH_FASTCALL, METH_KEYWORDS, METH_NOARGS, METH_O,
    PY_VECTORCALL_ARGUMENTS_OFFSET, PyCFunction, PyCFunctionFast, PyCFunctionFastWithKeywords, PyCFunctionObject,
    PyCodeObject, PyDictObject, PyFunctionObject, PyHeapTypeObject, PyListObject, PyMethodDef, PyMethodDescrObject,
    PyMethodObject, PyObject, PyTypeObject,
};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::monitoring::{self, event, fire};
use crate::interp::stackref::{self, StackRef};
use crate::interp::{call, frame, specialize};
use crate::memory;
use crate::object::protocol::call::{call_tuple_raw, vectorcall};
use crate::prelude::*;
use crate::thread;
use crate::types::Function;
use crate::types::builtin_function::CFunction;
use crate::types::descr::MethodDescr;
use crate::types::dict;
use crate::types::method::BoundMethod;
use crate::types::type_::raw::is_subtype_raw;

/// CALL and CALL_KW are one code unit and three cache units long.
const SIZE: usize = 4;

/// Calls that fit this many arguments keep their vector on the machine stack.
const FEW: usize = 14;

fast! {
    /// A Python function whose parameters are exactly the positional arguments given.
    fn call_py_exact_args(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if callable.is_int() {
            return Act::MISS;
        }
        let function = callable.ptr().cast::<PyFunctionObject>();
        if (*function).ob_base.ob_type.get() != Function::TYPE || (*function).func_version.get() != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        let has_self = !(*slot(r, nargs + 1)).is_null();
        let given = nargs + has_self as usize;
        if given != (*code).co_argcount.get() as usize {
            return Act::MISS;
        }
        push_exact(r, ts, callable, code, slot(r, given), given, slot(r, nargs + 2), SIZE)
    }

    /// A Python function of positional parameters alone, the last of which take their defaults.
    fn call_py_defaults(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if callable.is_int() {
            return Act::MISS;
        }
        let function = callable.ptr().cast::<PyFunctionObject>();
        if (*function).ob_base.ob_type.get() != Function::TYPE || (*function).func_version.get() != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        let given = nargs + !(*slot(r, nargs + 1)).is_null() as usize;
        let positional = (*code).co_argcount.get() as usize;
        let Some(defaults) = call::defaults_from((*function).func_defaults.get(), given, positional) else {
            return Act::MISS;
        };
        let act = push_exact(r, ts, callable, code, slot(r, given), given, slot(r, nargs + 2), SIZE);
        if act == Act::JUMP {
            let variables = frame::local(r.fp, 0);
            let mut index = given;
            while index < positional {
                *variables.add(index) = super::counted(*defaults.add(index - given));
                index = keep_scalar(index) + 1;
            }
        }
        act
    }

    /// A bound method of such a function: the instance becomes the first argument.
    fn call_bound_method_exact_args(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if callable.is_int() || !(*slot(r, nargs + 1)).is_null() || !callable.is_exact(BoundMethod::TYPE) {
            return Act::MISS;
        }
        let method = callable.ptr().cast::<PyMethodObject>();
        let function = (*method).im_func.get().cast::<PyFunctionObject>();
        if (*function).ob_base.ob_type.get() != Function::TYPE
            || (*function).func_version.get() != cache32(r.ip, 2)
            || super::is_last(callable)
        {
            return Act::MISS;
        }
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        if nargs + 1 != (*code).co_argcount.get() as usize {
            return Act::MISS;
        }
        *slot(r, nargs + 1) = super::counted((*method).im_self.get());
        let word = super::counted(function.cast());
        let base = slot(r, nargs + 2);
        let act = push_exact(r, ts, word, code, base.add(1), nargs + 1, base, SIZE);
        if act == Act::MISS {
            // The generic form sees the stack as it was.
            header_decref_shared((*method).im_self.get());
            header_decref_shared(function.cast());
            *base.add(1) = StackRef::NULL;
            return Act::MISS;
        }
        give_up(callable);
        act
    }

    /// `list.append(item)` as a method call, or of a method bound before: the list and the method's own result are known.
    fn call_list_append(r, _ts) {
        let (callable, list, item) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        let Some(raw) = appended_list(callable, list) else { return Act::MISS };
        let size = (*raw).ob_base.ob_size.get();
        if size >= (*raw).allocated.get() || super::is_last(list) || super::is_last(callable) {
            return Act::MISS;
        }
        let new = super::heap_pointer(item);
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
        if left < (*raw).allocated.get() >> 1 || left < 0 || super::is_last(list) || super::is_last(callable) {
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
        if super::is_last(this) || super::is_last(callable) || super::is_last(key) {
            return Act::MISS;
        }
        let dict = this.ptr().cast::<PyDictObject>();
        let keys = (*dict).ma_keys.get();
        let spot = super::subscript::glance::<false>(keys, key).0;
        if spot.index == dict::COMPARE || !(*dict).ma_values.get().is_null() {
            return Act::MISS;
        }
        let default = if nargs == 2 { *slot(r, 1) } else { StackRef::none() };
        let (result, dropped) = if spot.index >= 0 {
            (super::counted(dict::value_at(keys, spot).get()), default)
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
        if super::is_last(this) || super::is_last(callable) {
            return Act::MISS;
        }
        if !super::build::add_plain(this, key) {
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
        if super::is_last(callable) {
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

    /// A built-in function of one argument.
    fn call_builtin_o(r, ts) {
        let (callable, self_word) = (*slot(r, 3), *slot(r, 2));
        let Some(def) = builtin_of(callable, self_word, METH_O) else { return Act::MISS };
        save(r);
        let Ok(argument) = stackref::materialize(slot(r, 1)) else { return Act::RAISED };
        let instance = (*callable.ptr().cast::<PyCFunctionObject>()).m_self.get();
        let result = as_cfunction(def)(instance, argument);
        finish_call(r, ts, 3, result)
    }

    /// A built-in class with a vectorcall function of its own.
    fn call_builtin_class(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if !(*slot(r, nargs + 1)).is_null() || !callable.is_exact(Type::TYPE) {
            return Act::MISS;
        }
        let class = callable.ptr().cast::<PyTypeObject>();
        let Some(construct) = (*class).tp_vectorcall.get() else { return Act::MISS };
        save(r);
        let args = slot(r, nargs);
        if !own_words(args, nargs) {
            return Act::RAISED;
        }
        let result = construct(callable.ptr(), args.cast_const().cast(), nargs, ptr::null_mut());
        finish_call(r, ts, nargs + 2, result)
    }

    /// A method of a built-in class without arguments.
    fn call_method_noargs(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        let total = nargs + !(*slot(r, nargs + 1)).is_null() as usize;
        if total != 1 {
            return Act::MISS;
        }
        let Some(def) = method_of(callable, *slot(r, 1), METH_NOARGS) else { return Act::MISS };
        save(r);
        let Ok(instance) = stackref::materialize(slot(r, 1)) else { return Act::RAISED };
        let result = as_cfunction(def)(instance, ptr::null_mut());
        finish_call(r, ts, nargs + 2, result)
    }

    /// A method of a built-in class with one argument.
    fn call_method_o(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        let total = nargs + !(*slot(r, nargs + 1)).is_null() as usize;
        if total != 2 {
            return Act::MISS;
        }
        let Some(def) = method_of(callable, *slot(r, 2), METH_O) else { return Act::MISS };
        save(r);
        let Ok(instance) = stackref::materialize(slot(r, 2)) else { return Act::RAISED };
        let Ok(argument) = stackref::materialize(slot(r, 1)) else { return Act::RAISED };
        let result = as_cfunction(def)(instance, argument);
        finish_call(r, ts, nargs + 2, result)
    }

    /// A class of Python whose instances are made by `object.__new__` and set up by a Python `__init__` of exactly the arguments given:
    /// the instance waits in a frame of its own under the frame of `__init__`, until `EXIT_INIT_CHECK` there hands it on.
    fn call_alloc_and_enter_init(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if !(*slot(r, nargs + 1)).is_null() || !callable.is_exact(Type::TYPE) {
            return Act::MISS;
        }
        let class = callable.ptr().cast::<PyTypeObject>();
        if (*class).tp_version_tag.get() != cache32(r.ip, 2)
            || (*class).tp_alloc.get().map_or(0, |alloc| alloc as usize) != memory::object::generic_alloc as *const () as usize
        {
            return Act::MISS;
        }
        let init = (*class.cast::<PyHeapTypeObject>())._spec_cache.init.get().cast::<PyFunctionObject>();
        let code = (*init).func_code.get().cast::<PyCodeObject>();
        if nargs + 1 != (*code).co_argcount.get() as usize
            || (*code).co_kwonlyargcount.get() != 0
            || (*code).co_flags.get() & (CO_VARARGS | CO_VARKEYWORDS) != 0
        {
            return Act::MISS;
        }
        let words = call::INIT_SHIM_WORDS + (*code).co_framesize.get() as usize;
        if !has_words(ts, words) {
            return Act::MISS;
        }
        save(r);
        let Ok(instance) = memory::object::alloc(class, 0) else { return Act::RAISED };
        let top = (*ts).datastack_top.get();
        (*ts).datastack_top.set(top.add(words));
        (*ts).py_recursion_remaining.set((*ts).py_recursion_remaining.get() - 1);
        let (shim, new) = (top.cast::<frame::Frame>(), top.add(call::INIT_SHIM_WORDS).cast::<frame::Frame>());
        call::write_init_shim(shim, r.fp, StackRef::steal(instance));
        frame::initialize(new, super::counted(init.cast()), ptr::null_mut(), code, shim);
        let variables = frame::local(new, 0);
        // The shim keeps the instance.
        *variables = StackRef::borrow_ptr(instance);
        let end = fill_variables(variables.add(1), slot(r, nargs), nargs, variables, code);
        (*r.fp).return_offset.set(SIZE as u16);
        frame::set_stack_pointer(r.fp, slot(r, nargs + 2));
        // Not the last count: the instance has one.
        give_up(callable);
        (*ts).current_frame.set(new);
        r.fp = new;
        r.sp = end;
        r.ip = (*new).instr_ptr.get().cast();
        Act::JUMP
    }

    /// Any callable that is no function or method of Python.
    fn call_non_py(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if callable.is_int() || callable.is_exact(Function::TYPE) || callable.is_exact(BoundMethod::TYPE) {
            return Act::MISS;
        }
        let total = nargs + !(*slot(r, nargs + 1)).is_null() as usize;
        save(r);
        let args = slot(r, total);
        if !own_words(args, total) {
            return Act::RAISED;
        }
        let result = vectorcall(callable.ptr(), args.cast_const().cast(), total, ptr::null_mut());
        finish_call(r, ts, nargs + 2, result)
    }

    /// `type(x)`.
    fn call_type_1(r, _ts) {
        let (callable, self_word, argument) = (*slot(r, 3), *slot(r, 2), *slot(r, 1));
        if !self_word.is_null() || argument.is_int() || !callable.is_ptr(Type::TYPE.cast()) {
            return Act::MISS;
        }
        *slot(r, 3) = super::counted((*argument.ptr()).ob_type.get().cast());
        r.sp = r.sp.sub(2);
        drop_word(r, argument, Act::NEXT)
    }
}

/// A built-in function of a vector of arguments, and names of keywords where `KEYWORDS` says so. The slots of the stack are the vector.
#[inline(always)]
pub unsafe fn call_builtin_vector<const KEYWORDS: bool>(
    r: &mut super::Regs,
    ts: *mut crate::abi::PyThreadState,
) -> Act {
    // SAFETY: as for fast bodies.
    unsafe {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        let Some(def) = builtin_of(callable, *slot(r, nargs + 1), vector_flags(KEYWORDS)) else { return Act::MISS };
        save(r);
        let args = slot(r, nargs);
        if !own_words(args, nargs) {
            return Act::RAISED;
        }
        let instance = (*callable.ptr().cast::<PyCFunctionObject>()).m_self.get();
        let result = call_vector::<KEYWORDS>(def, instance, args, nargs);
        finish_call(r, ts, nargs + 2, result)
    }
}

/// A method of a built-in class in the same way.
#[inline(always)]
pub unsafe fn call_method_vector<const KEYWORDS: bool>(r: &mut super::Regs, ts: *mut crate::abi::PyThreadState) -> Act {
    // SAFETY: as for fast bodies.
    unsafe {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        let total = nargs + !(*slot(r, nargs + 1)).is_null() as usize;
        if total == 0 {
            return Act::MISS;
        }
        let Some(def) = method_of(callable, *slot(r, total), vector_flags(KEYWORDS)) else { return Act::MISS };
        save(r);
        let Ok(instance) = stackref::materialize(slot(r, total)) else { return Act::RAISED };
        let args = slot(r, total - 1);
        if !own_words(args, total - 1) {
            return Act::RAISED;
        }
        let result = call_vector::<KEYWORDS>(def, instance, args, total - 1);
        finish_call(r, ts, nargs + 2, result)
    }
}

const fn vector_flags(keywords: bool) -> c_int {
    if keywords { METH_FASTCALL | METH_KEYWORDS } else { METH_FASTCALL }
}

#[inline(always)]
unsafe fn call_vector<const KEYWORDS: bool>(
    def: *mut PyMethodDef,
    instance: *mut PyObject,
    args: *mut StackRef,
    count: usize,
) -> *mut PyObject {
    let args = args.cast_const().cast();
    // SAFETY: the definition is of this convention, and the words are plain pointers.
    unsafe {
        if KEYWORDS {
            as_cfunction_fast_with_keywords(def)(instance, args, count as isize, ptr::null_mut())
        } else {
            as_cfunction_fast(def)(instance, args, count as isize)
        }
    }
}

/// The list that `append` is called of, as a method or bound before.
#[inline(always)]
unsafe fn appended_list(callable: StackRef, list: StackRef) -> Option<*mut PyListObject> {
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
unsafe fn length_of(object: *mut PyObject) -> isize {
    // SAFETY: an object on the stack.
    unsafe { Borrowed::<Object>::from_ptr(object) }.len().map_or(-1, |length| length as isize)
}

/// `isinstance(object, class)`; -1 with an exception set.
#[inline(never)]
unsafe fn is_instance(object: *mut PyObject, class: *mut PyObject) -> c_int {
    // SAFETY: objects on the stack.
    unsafe { Borrowed::<Object>::from_ptr(object).is_instance(Borrowed::from_ptr(class)).map_or(-1, c_int::from) }
}

/// `list.append(item)`; `false` with an exception set.
#[inline(never)]
unsafe fn append(list: *mut PyObject, item: *mut PyObject) -> bool {
    // SAFETY: objects on the stack, the first a list.
    unsafe { Borrowed::<List>::from_ptr(list).push(Ref::from_borrowed_ptr(item)).is_ok() }
}

/// The definition of a built-in function of one calling convention, called without an instance before its arguments.
#[inline(always)]
unsafe fn builtin_of(callable: StackRef, self_word: StackRef, flags: c_int) -> Option<*mut PyMethodDef> {
    // SAFETY: words on the stack; the callable is not NULL.
    unsafe {
        if !self_word.is_null() || !callable.is_exact(CFunction::TYPE) {
            return None;
        }
        let def = (*callable.ptr().cast::<PyCFunctionObject>()).m_ml.get();
        if (*def).ml_flags == flags { Some(def) } else { None }
    }
}

/// The definition of a method of one calling convention, whose class the instance belongs to.
#[inline(always)]
unsafe fn method_of(callable: StackRef, instance: StackRef, flags: c_int) -> Option<*mut PyMethodDef> {
    // SAFETY: words on the stack that are not NULL.
    unsafe {
        if !callable.is_exact(MethodDescr::TYPE) {
            return None;
        }
        let descr = callable.ptr().cast::<PyMethodDescrObject>();
        let def = (*descr).d_method.get();
        if (*def).ml_flags != flags {
            return None;
        }
        let class = (*descr).d_common.d_type.get();
        let ty = if instance.is_int() { Int::TYPE } else { (*instance.ptr()).ob_type.get() };
        if ty == class || is_subtype_outlined(ty, class) { Some(def) } else { None }
    }
}

#[inline(never)]
unsafe fn is_subtype_outlined(ty: *mut PyTypeObject, class: *mut PyTypeObject) -> bool {
    // SAFETY: live types.
    unsafe { is_subtype_raw(ty, class) }
}

/// Makes plain pointers of `count` words, each with a count of its own, so that the slots of the stack are a vector of arguments;
/// `false` with an exception set.
#[inline(always)]
unsafe fn own_words(words: *mut StackRef, count: usize) -> bool {
    // SAFETY: words on the stack that are not NULL.
    unsafe {
        let mut index = 0;
        while index < count {
            let place = words.add(index);
            let word = *place;
            if word.is_int() {
                if stackref::materialize(place).is_err() {
                    return false;
                }
            } else {
                *place = word.heap_safe();
            }
            index = keep_scalar(index) + 1;
        }
        true
    }
}

/// Replaces the `count` words of a call by what native code returned.
#[inline(always)]
unsafe fn finish_call(
    r: &mut super::Regs,
    ts: *mut crate::abi::PyThreadState,
    count: usize,
    result: *mut PyObject,
) -> Act {
    // SAFETY: the result is owned or NULL with an exception set; the operands are on the stack.
    unsafe {
        if result.is_null() {
            check_missing((*slot(r, count)).ptr());
            return Act::RAISED;
        }
        finish_call_word(r, ts, count, super::owned(result))
    }
}

/// As [`finish_call`] with a word.
#[inline(always)]
unsafe fn finish_call_word(
    r: &mut super::Regs,
    ts: *mut crate::abi::PyThreadState,
    count: usize,
    result: StackRef,
) -> Act {
    // SAFETY: as above. The operands are off the stack when they are dropped, which may run code.
    unsafe {
        let base = slot(r, count);
        (*r.fp).instr_ptr.set(r.ip.cast());
        frame::set_stack_pointer(r.fp, base);
        let mut place = r.sp;
        while place > base {
            place = place.sub(1);
            (*place).close();
        }
        *base = result;
        r.sp = base.add(1);
        if (*ts).eval_breaker.load(Ordering::Relaxed) & _PY_EVAL_EVENTS_MASK != 0 { Act::EVENTS } else { Act::NEXT }
    }
}

/// Native code answered NULL: there has to be an exception.
#[cold]
#[inline(never)]
unsafe fn check_missing(callable: *mut PyObject) {
    // SAFETY: the callable is on the stack.
    unsafe {
        crate::object::protocol::call::check_result(callable, ptr::null_mut());
    }
}

#[inline(always)]
unsafe fn header_decref_shared(object: *mut PyObject) {
    // SAFETY: the caller undoes a count it has just taken, so this is never the last one.
    unsafe {
        lower(StackRef::steal(object));
    }
}

/// Whether a frame of this code can be pushed without further ado.
#[inline(always)]
pub(super) unsafe fn has_room(ts: *mut crate::abi::PyThreadState, code: *mut PyCodeObject) -> bool {
    // SAFETY: live code.
    unsafe { has_words(ts, (*code).co_framesize.get() as usize) }
}

/// The same of frames that take so many words.
#[inline(always)]
unsafe fn has_words(ts: *mut crate::abi::PyThreadState, words: usize) -> bool {
    // SAFETY: the thread's own state.
    unsafe {
        let room = ((*ts).datastack_limit.get() as usize).wrapping_sub((*ts).datastack_top.get() as usize) / 8;
        words < room && (*ts).py_recursion_remaining.get() > 1
    }
}

/// Pushes a frame with `nargs` words at `args`, called by an instruction of `size` units; `base` is where the caller's stack ends.
#[inline(always)]
pub(super) unsafe fn push_exact(
    r: &mut super::Regs,
    ts: *mut crate::abi::PyThreadState,
    function: StackRef,
    code: *mut PyCodeObject,
    args: *mut StackRef,
    nargs: usize,
    base: *mut StackRef,
    size: usize,
) -> Act {
    // SAFETY: the words are on the caller's stack; the guards have been checked.
    unsafe {
        if !has_room(ts, code) {
            return Act::MISS;
        }
        let top = (*ts).datastack_top.get();
        (*ts).datastack_top.set(top.add((*code).co_framesize.get() as usize));
        (*ts).py_recursion_remaining.set((*ts).py_recursion_remaining.get() - 1);
        let caller = r.fp;
        (*caller).instr_ptr.set(r.ip.cast());
        (*caller).return_offset.set(size as u16);
        frame::set_stack_pointer(caller, base);
        let new = top.cast::<frame::Frame>();
        frame::initialize(new, function, ptr::null_mut(), code, caller);
        let variables = frame::local(new, 0);
        let end = fill_variables(variables, args, nargs, variables, code);
        (*ts).current_frame.set(new);
        r.fp = new;
        r.sp = end;
        r.ip = (*new).instr_ptr.get().cast();
        Act::JUMP
    }
}

/// Moves `nargs` words to `target`, where arguments belong, and clears the variables behind them; `variables` are all of the frame's.
/// Their end, where the stack begins.
#[inline(always)]
unsafe fn fill_variables(
    target: *mut StackRef,
    args: *mut StackRef,
    nargs: usize,
    variables: *mut StackRef,
    code: *mut PyCodeObject,
) -> *mut StackRef {
    // SAFETY: the frame has room for the variables of its code.
    unsafe {
        let end = variables.add((*code).co_nlocalsplus.get() as usize);
        let mut index = 0;
        while index < nargs {
            *target.add(index) = *args.add(index);
            index = keep_scalar(index) + 1;
        }
        let all = end.offset_from(target) as usize;
        while index < all {
            *target.add(index) = StackRef::NULL;
            index = keep_scalar(index) + 1;
        }
        end
    }
}

/// Keeps a loop from being made vector code: it runs once or twice.
#[inline(always)]
fn keep_scalar(mut index: usize) -> usize {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) index, options(nomem, nostack, preserves_flags)) };
    index
}

/// An int that is no immediate; null with the exception set.
#[cold]
#[inline(never)]
unsafe fn int_object(value: isize) -> *mut PyObject {
    Int::from_isize(value).map_or(ptr::null_mut(), Ref::into_ptr)
}

/// Splits a bound method on the stack into function and instance where the callable slot holds one.
unsafe fn unwrap_method(m: Machine, nargs: usize) {
    // SAFETY: a call's operands stand on the stack.
    unsafe {
        let callable = m.slot(nargs + 2);
        let instance = m.slot(nargs + 1);
        if (*instance).is_null() && (*callable).is_exact(BoundMethod::TYPE) {
            let word = *callable;
            let method = word.ptr().cast::<PyMethodObject>();
            *instance = StackRef::new_count((*method).im_self.get());
            *callable = StackRef::new_count((*method).im_func.get());
            word.close();
        }
    }
}

/// Whether a Python function in this word can get a frame here: its vectorcall has not been replaced.
unsafe fn is_python_function(word: StackRef) -> bool {
    // SAFETY: the word is not NULL.
    unsafe {
        word.is_exact(Function::TYPE)
            && (*word.ptr().cast::<PyFunctionObject>()).vectorcall.get().map(|f| f as usize)
                == Some(call::function_vectorcall as *const () as usize)
    }
}

/// Calls what stands on the stack: callable, instance or NULL, `nargs` words of which the last `names.len()` are
/// keyword values. The operands are replaced by the result, or a frame is entered.
unsafe fn call_stack(m: Machine, nargs: usize, names: Option<Borrowed<'_, Tuple>>, size: usize) -> PyResult<Flow> {
    // SAFETY: as for slow bodies.
    unsafe {
        unwrap_method(m, nargs);
        let callable = *m.slot(nargs + 2);
        let has_self = !(*m.slot(nargs + 1)).is_null();
        let total = nargs + has_self as usize;
        let keywords = names.map_or(0, |names| names.len());
        if is_python_function(callable) {
            let args = m.slot(total);
            frame::set_stack_pointer(m.frame, m.slot(nargs + 2));
            let new = call::push_frame(m.thread, callable, ptr::null_mut(), args, total - keywords, names, m.frame)?;
            return call::enter(m, new, size);
        }
        let result = call_object(m, callable, m.slot(total), total, total - keywords, names)?;
        m.drop_top(nargs);
        if has_self {
            m.drop_top(1);
        } else {
            m.pop();
        }
        m.drop_top(1);
        m.push_ref(result);
        check_events(m)
    }
}

/// What comes after a call of native code: signals that it brought about are handled before the program goes on.
#[inline(always)]
unsafe fn check_events(m: Machine) -> PyResult<Flow> {
    // SAFETY: the thread's own state.
    if unsafe { (*m.thread).eval_breaker.load(Ordering::Relaxed) } & _PY_EVAL_EVENTS_MASK != 0 {
        thread::handle_eval_breaker(m.thread)?;
    }
    Ok(Flow::Next)
}

/// Calls any object with the words at `args`, which stay on the stack.
unsafe fn call_object(
    m: Machine,
    callable: StackRef,
    args: *mut StackRef,
    total: usize,
    positional: usize,
    names: Option<Borrowed<'_, Tuple>>,
) -> PyResult<Ref<Object>> {
    // SAFETY: the words are valid; slot 0 of the vector is the spare one before the arguments.
    unsafe {
        let mut few = [ptr::null_mut::<PyObject>(); FEW + 1];
        let mut many = Vec::new();
        let vector = if total <= FEW {
            few.as_mut_ptr()
        } else {
            if many.try_reserve_exact(total + 1).is_err() {
                return Err(Raised::no_memory());
            }
            many.as_mut_ptr()
        };
        for index in 0..total {
            *vector.add(index + 1) = stackref::materialize(args.add(index))?;
        }
        let mut word = callable;
        let callable = stackref::materialize(&raw mut word)?;
        let result = vectorcall(
            callable,
            vector.add(1),
            positional | PY_VECTORCALL_ARGUMENTS_OFFSET,
            names.map_or(ptr::null_mut(), |names| names.as_ptr()),
        );
        let _ = m;
        match Ref::from_owned_ptr_or_null(result) {
            Some(result) => Ok(result),
            None => Err(Raised::assume_set()),
        }
    }
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

    fn call(m, nargs) {
        if specialize::due(m.ip()) {
            specialize::call(m, nargs);
            return Ok(Flow::Retry);
        }
        call_stack(m, nargs, None, SIZE)
    }

    fn call_kw(m, nargs) {
        let names = m.pop();
        if !names.is_exact(Tuple::TYPE) {
            names.close();
            return Err(raise!(SystemError, "keyword names are no tuple"));
        }
        let result = call_stack(m, nargs, Some(names.borrowed_handle()), SIZE);
        names.close();
        result
    }

    fn call_py_general(m, nargs) {
        if !(*m.slot(nargs + 2)).is_exact(Function::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        call_stack(m, nargs, None, SIZE)
    }

    /// A built-in function, or a method descriptor with its instance, of one of the plain calling conventions: without the
    /// detour over its vectorcall function.
    fn call_builtin(m, nargs) {
        let callable = *m.slot(nargs + 2);
        let this = *m.slot(nargs + 1);
        let (def, instance) = if this.is_null() {
            if !callable.is_exact(CFunction::TYPE) {
                specialize::despecialize(m.ip());
                return Ok(Flow::Retry);
            }
            let function = callable.ptr().cast::<PyCFunctionObject>();
            ((*function).m_ml.get(), (*function).m_self.get())
        } else {
            if !callable.is_exact(MethodDescr::TYPE) {
                specialize::despecialize(m.ip());
                return Ok(Flow::Retry);
            }
            let descr = callable.ptr().cast::<PyMethodDescrObject>();
            let instance = stackref::materialize(m.slot(nargs + 1))?;
            let class = (*descr).d_common.d_type.get();
            if (*instance).ob_type.get() != class && !is_subtype_raw((*instance).ob_type.get(), class) {
                return call_stack(m, nargs, None, SIZE);
            }
            ((*descr).d_method.get(), instance)
        };
        let flags = (*def).ml_flags;
        if flags == METH_O && nargs == 1 {
            let argument = stackref::materialize(m.slot(1))?;
            let method = as_cfunction(def);
            return finish_builtin(m, nargs, method(instance, argument));
        }
        if flags == METH_NOARGS && nargs == 0 {
            let method = as_cfunction(def);
            return finish_builtin(m, nargs, method(instance, ptr::null_mut()));
        }
        if (flags == METH_FASTCALL || flags == METH_FASTCALL | METH_KEYWORDS) && nargs <= FEW {
            let mut vector = [ptr::null_mut::<PyObject>(); FEW + 1];
            for index in 0..nargs {
                vector[index + 1] = stackref::materialize(m.slot(nargs - index))?;
            }
            let args = vector.as_ptr().add(1);
            let result = if flags == METH_FASTCALL {
                as_cfunction_fast(def)(instance, args, nargs as isize)
            } else {
                as_cfunction_fast_with_keywords(def)(instance, args, nargs as isize, ptr::null_mut())
            };
            return finish_builtin(m, nargs, result);
        }
        call_stack(m, nargs, None, SIZE)
    }

    /// As `call_alloc_and_enter_init` for a class with an allocator of its own, or an `__init__` of any parameters.
    fn call_alloc_and_enter_init_any(m, nargs) {
        let callable = *m.slot(nargs + 2);
        let class = callable.ptr().cast::<PyTypeObject>();
        if !(*m.slot(nargs + 1)).is_null()
            || !callable.is_exact(Type::TYPE)
            || (*class).tp_version_tag.get() != cache32(m.ip(), 2)
        {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let init = (*class.cast::<PyHeapTypeObject>())._spec_cache.init.get();
        let Some(alloc) = (*class).tp_alloc.get() else { return call_stack(m, nargs, None, SIZE) };
        let instance = if alloc as usize == memory::object::generic_alloc as *const () as usize {
            memory::object::alloc(class, 0)?
        } else {
            let instance = alloc(class, 0);
            if instance.is_null() {
                return Err(Raised::assume_set());
            }
            instance
        };
        let shim = call::push_init_shim(m.thread, StackRef::steal(instance), m.frame)?;
        // The callable goes; the instance becomes the first argument.
        *m.slot(nargs + 1) = StackRef::new_count(instance);
        let args = m.slot(nargs + 1);
        frame::set_stack_pointer(m.frame, m.slot(nargs + 2));
        let function = StackRef::new_count(init);
        callable.close();
        let new = match call::push_frame(m.thread, function, ptr::null_mut(), args, nargs + 1, None, shim) {
            Ok(new) => new,
            Err(raised) => {
                call::drop_init_shim(m.thread, shim);
                return Err(raised);
            }
        };
        call::enter_init(m, shim, new, SIZE)
    }

    fn call_function_ex(m, _) {
        call_unpacked(m, false)
    }
}

/// As [`call_stack`], and the tools that watch calls are told of it.
pub unsafe fn call_stack_watched(m: Machine, nargs: usize, names: Option<Borrowed<'_, Tuple>>) -> PyResult<Flow> {
    // SAFETY: as for slow bodies; the stack keeps callable and arguments while callbacks run.
    unsafe {
        unwrap_method(m, nargs);
        let callable = m.peek(nargs + 2)?;
        let total = nargs + usize::from(!(*m.slot(nargs + 1)).is_null());
        let missing = monitoring::missing()?;
        let argument = if total > 0 { m.peek(total)? } else { missing.borrow() };
        let ip = m.ip();
        fire::fire(m.thread, m.frame, ip, event::CALL, &[callable, argument])?;
        if is_python_function(*m.slot(nargs + 2)) {
            return call_stack(m, nargs, names, SIZE);
        }
        let keywords = names.map_or(0, |names| names.len());
        let result = call_object(m, *m.slot(nargs + 2), m.slot(total), total, total - keywords, names);
        let result = fire::fire_call_end(m.thread, m.frame, ip, callable, argument, result)?;
        m.drop_top(total);
        if total == nargs {
            m.pop();
        }
        m.drop_top(1);
        m.push_ref(result);
        Ok(Flow::Next)
    }
}

/// CALL_FUNCTION_EX: callable, NULL, arguments, keywords or NULL.
pub unsafe fn call_unpacked(m: Machine, watched: bool) -> PyResult<Flow> {
    // SAFETY: as for slow bodies.
    unsafe {
        let kwargs = *m.slot(1);
        let callable = m.peek(4)?;
        let args = m.peek(2)?;
        let args = match args.downcast_exact::<Tuple>() {
            Some(tuple) => tuple.to_owned(),
            None => {
                if !args.is_sequence() && args.type_of().tp_iter.get().is_none() {
                    return Err(raise!(
                        TypeError,
                        "{} argument after * must be an iterable, not {}",
                        call_target_name(callable),
                        args.type_name()
                    ));
                }
                args.to_tuple()?
            }
        };
        let kwargs: Option<Borrowed<'_, Dict>> =
            if kwargs.is_null() { None } else { Some(m.peek(1)?.cast_borrowed_unchecked()) };
        if !watched && is_python_function(*m.slot(4)) {
            return enter_unpacked(m, &args, kwargs);
        }
        let ip = m.ip();
        let missing = if watched { Some(monitoring::missing()?) } else { None };
        let argument = missing.as_ref().map(|missing| if args.is_empty() { missing.borrow() } else { args.get(0) });
        if let Some(argument) = argument {
            fire::fire(m.thread, m.frame, ip, event::CALL, &[callable, argument])?;
        }
        let result =
            call_tuple_raw(callable.as_ptr(), args.as_ptr(), kwargs.map_or(ptr::null_mut(), |kwargs| kwargs.as_ptr()));
        let mut result = match Ref::<Object>::from_owned_ptr_or_null(result) {
            Some(result) => Ok(result),
            None => Err(Raised::assume_set()),
        };
        if let Some(argument) = argument
            && !callable.is_exact::<Function>()
            && !callable.is_exact::<BoundMethod>()
        {
            result = fire::fire_call_end(m.thread, m.frame, ip, callable, argument, result);
        }
        let result = result?;
        if (*m.slot(1)).is_null() {
            m.pop();
        } else {
            m.drop_top(1);
        }
        m.drop_top(1);
        m.pop();
        m.drop_top(1);
        m.push_ref(result);
        check_events(m)
    }
}

/// Enters a Python function with the items of a tuple and of a dict; callable, NULL, tuple and dict stand on the stack.
unsafe fn enter_unpacked(m: Machine, args: &Ref<Tuple>, kwargs: Option<Borrowed<'_, Dict>>) -> PyResult<Flow> {
    // SAFETY: as for slow bodies; every word that is made here is taken over by `push_frame`.
    unsafe {
        let keywords = kwargs.map_or(0, |kwargs| kwargs.len());
        let total = args.len() + keywords;
        let mut few = [StackRef::NULL; FEW];
        let mut many = Vec::new();
        let words = if total <= FEW {
            few.as_mut_ptr()
        } else {
            if many.try_reserve_exact(total).is_err() {
                return Err(Raised::no_memory());
            }
            many.as_mut_ptr()
        };
        let nargs = args.len();
        // Nothing runs in here, so the dict stays as it is. The names stand where the values come to stand.
        let names = match kwargs {
            Some(kwargs) if keywords > 0 => {
                let (mut position, mut index) = (0, nargs);
                while let Some((name, _)) = kwargs.next(&mut position) {
                    if !name.is_instance_of::<Str>() {
                        return Err(raise!(TypeError, "keywords must be strings"));
                    }
                    *words.add(index) = StackRef::steal(name.as_ptr());
                    index += 1;
                }
                let names = Tuple::from_raw_slice(words.add(nargs).cast_const().cast(), keywords)?;
                (position, index) = (0, nargs);
                while let Some((_, value)) = kwargs.next(&mut position) {
                    *words.add(index) = super::counted(value.as_ptr());
                    index += 1;
                }
                Some(names)
            }
            _ => None,
        };
        for (index, item) in args.iter().enumerate() {
            *words.add(index) = super::counted(item.as_ptr());
        }
        let function = (*m.slot(4)).heap_safe();
        *m.slot(4) = StackRef::NULL;
        m.drop_top(4);
        let names = names.as_ref().map(|names| names.borrow());
        let new = call::push_frame(m.thread, function, ptr::null_mut(), words, nargs, names, m.frame)?;
        call::enter(m, new, 1)
    }
}

/// Replaces callable, NULL or instance, and arguments by what a C function returned.
unsafe fn finish_builtin(m: Machine, nargs: usize, result: *mut PyObject) -> PyResult<Flow> {
    // SAFETY: the result is owned or NULL with an exception set.
    unsafe {
        let callable = (*m.slot(nargs + 2)).ptr();
        // The thread is at hand: no need to ask for the current one.
        let result = if result.is_null() == (*m.thread).current_exception.get().is_null() {
            crate::object::protocol::call::check_result(callable, result)
        } else {
            result
        };
        let Some(result) = Ref::<Object>::from_owned_ptr_or_null(result) else { return Err(Raised::assume_set()) };
        m.drop_top(nargs + 2);
        m.push_ref(result);
        check_events(m)
    }
}

/// How messages about a call's arguments name the callable: `module.qualname()`, or its `str`.
pub fn call_target_name(callable: Borrowed<'_, Object>) -> String {
    let name = || -> PyResult<Option<String>> {
        let Some(qualname) = callable.lookup_attr(id!("__qualname__"))? else { return Ok(None) };
        if !qualname.is_instance_of::<Str>() {
            return Ok(None);
        }
        let module = callable.lookup_attr(id!("__module__"))?;
        Ok(Some(match module {
            Some(module) if module.is_instance_of::<Str>() && module.to_text() != "builtins" => {
                format!("{}.{}()", module.to_text(), qualname.to_text())
            }
            _ => format!("{}()", qualname.to_text()),
        }))
    };
    match name() {
        Ok(Some(name)) => name,
        Ok(None) => callable.to_text(),
        Err(raised) => {
            raised.clear();
            callable.to_text()
        }
    }
}

/// The function of a definition, by its calling convention.
unsafe fn as_cfunction(def: *const PyMethodDef) -> PyCFunction {
    // SAFETY: the caller has checked the flags of a live definition, whose function is never null.
    unsafe { (*def).ml_meth.unwrap_unchecked() }
}

unsafe fn as_cfunction_fast(def: *const PyMethodDef) -> PyCFunctionFast {
    // SAFETY: as above; the flags say METH_FASTCALL.
    unsafe { core::mem::transmute::<PyCFunction, PyCFunctionFast>(as_cfunction(def)) }
}

unsafe fn as_cfunction_fast_with_keywords(def: *const PyMethodDef) -> PyCFunctionFastWithKeywords {
    // SAFETY: as above; the flags say METH_FASTCALL | METH_KEYWORDS.
    unsafe { core::mem::transmute::<PyCFunction, PyCFunctionFastWithKeywords>(as_cfunction(def)) }
}
