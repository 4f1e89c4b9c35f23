//! The choice for calls, and the callables that some of its forms expect.

use super::*;

/// The version of a function that binds exactly its positional arguments.
pub(super) unsafe fn simple_function(function: *mut PyFunctionObject, nargs: usize) -> Option<u32> {
    // SAFETY: a live function.
    unsafe {
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        let flags = (*code).co_flags.get();
        if flags & CO_OPTIMIZED == 0
            || flags & (CO_VARARGS | CO_VARKEYWORDS) != 0
            || (*code).co_kwonlyargcount.get() != 0
            || (*code).co_argcount.get() as usize != nargs
            || (*function).vectorcall.get().map(|f| f as usize)
                != Some(crate::interp::call::function_vectorcall as *const () as usize)
        {
            return None;
        }
        let version = crate::types::function::version(function);
        if version == 0 { None } else { Some(version) }
    }
}

pub(super) const METH_FASTCALL_KEYWORDS: c_int = METH_FASTCALL | METH_KEYWORDS;

/// CALL.
pub unsafe fn call(m: Machine, nargs: usize) {
    // SAFETY: the operands of the call stand on the stack.
    unsafe {
        let choice = call_choice(m, nargs);
        finish(m.ip(), choice);
    }
}

pub(super) unsafe fn call_choice(m: Machine, nargs: usize) -> Option<u8> {
    // SAFETY: as above.
    unsafe {
        let callable = *m.slot(nargs + 2);
        let has_self = !(*m.slot(nargs + 1)).is_null();
        if callable.is_int() {
            return None;
        }
        if callable.is_exact(Function::TYPE) {
            let function = callable.ptr().cast::<PyFunctionObject>();
            let given = nargs + has_self as usize;
            let positional = (*(*function).func_code.get().cast::<PyCodeObject>()).co_argcount.get() as usize;
            if crate::interp::call::defaults_from((*function).func_defaults.get(), given, positional).is_some()
                && given < positional
                && let Some(version) = simple_function(function, positional)
            {
                write32(m.ip(), 2, version);
                return Some(CALL_PY_DEFAULTS);
            }
            return match simple_function(function, given) {
                Some(version) => {
                    write32(m.ip(), 2, version);
                    Some(Opcode::CALL_PY_EXACT_ARGS as u8)
                }
                None => Some(Opcode::CALL_PY_GENERAL as u8),
            };
        }
        if callable.is_exact(BoundMethod::TYPE) && !has_self {
            let function = (*callable.ptr().cast::<PyMethodObject>()).im_func.get();
            if (*function).ob_type.get() == Function::TYPE
                && let Some(version) = simple_function(function.cast(), nargs + 1)
            {
                write32(m.ip(), 2, version);
                return Some(Opcode::CALL_BOUND_METHOD_EXACT_ARGS as u8);
            }
            return None;
        }
        let has_list = has_self && (*m.slot(nargs + 1)).is_exact(List::TYPE);
        if nargs == 1
            && if has_self { has_list && callable.is_ptr(list_append_method()) } else { is_bound_append(callable) }
        {
            return Some(Opcode::CALL_LIST_APPEND as u8);
        }
        if nargs == 0 && has_list && callable.is_ptr(list_pop_method()) {
            return Some(CALL_LIST_POP);
        }
        if has_self && (nargs == 1 || nargs == 2) && callable.is_ptr(dict_get_method()) {
            return Some(CALL_DICT_GET);
        }
        if has_self && nargs == 1 && callable.is_ptr(set_add_method()) {
            return Some(CALL_SET_ADD);
        }
        if !has_self && nargs == 1 && callable.is_ptr(len_function()) {
            return Some(Opcode::CALL_LEN as u8);
        }
        if !has_self && nargs == 1 && callable.is_ptr(Type::TYPE.cast()) {
            return Some(Opcode::CALL_TYPE_1 as u8);
        }
        if !has_self && nargs == 1 && callable.is_ptr(Str::TYPE.cast()) {
            return Some(Opcode::CALL_STR_1 as u8);
        }
        if callable.is_exact(BoundMethod::TYPE) {
            return None;
        }
        if !has_self && nargs == 2 && callable.is_ptr(isinstance_function()) {
            return Some(Opcode::CALL_ISINSTANCE as u8);
        }
        if !has_self && callable.is_exact(CFunction::TYPE) {
            let flags = (*(*callable.ptr().cast::<PyCFunctionObject>()).m_ml.get()).ml_flags;
            return Some(match flags {
                METH_O if nargs == 1 => Opcode::CALL_BUILTIN_O as u8,
                METH_FASTCALL => Opcode::CALL_BUILTIN_FAST as u8,
                METH_FASTCALL_KEYWORDS => Opcode::CALL_BUILTIN_FAST_WITH_KEYWORDS as u8,
                _ => CALL_BUILTIN,
            });
        }
        if callable.is_exact(MethodDescr::TYPE) {
            let flags = (*(*callable.ptr().cast::<PyMethodDescrObject>()).d_method.get()).ml_flags;
            return match (flags, nargs + has_self as usize) {
                (METH_NOARGS, 1) => Some(Opcode::CALL_METHOD_DESCRIPTOR_NOARGS as u8),
                (METH_O, 2) => Some(Opcode::CALL_METHOD_DESCRIPTOR_O as u8),
                (METH_FASTCALL, 1..) => Some(Opcode::CALL_METHOD_DESCRIPTOR_FAST as u8),
                (METH_FASTCALL_KEYWORDS, 1..) => Some(Opcode::CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS as u8),
                _ => Some(Opcode::CALL_NON_PY_GENERAL as u8),
            };
        }
        if !has_self && callable.is_exact(Type::TYPE) {
            let class = callable.ptr().cast::<PyTypeObject>();
            if (*class).tp_flags.get() & Py_TPFLAGS_IMMUTABLETYPE != 0 && (*class).tp_vectorcall.get().is_some() {
                return Some(Opcode::CALL_BUILTIN_CLASS as u8);
            }
            if let Some(form) = plain_class(m, class) {
                return Some(form);
            }
        }
        Some(Opcode::CALL_NON_PY_GENERAL as u8)
    }
}

/// A class whose instances `object.__new__` makes and a Python `__init__` sets up. The function is kept with the class, whose
/// version guards it.
pub(super) unsafe fn plain_class(m: Machine, class: *mut PyTypeObject) -> Option<u8> {
    // SAFETY: a live class.
    unsafe {
        let flags = (*class).tp_flags.get();
        let is = |function: usize, wanted: *const ()| function == wanted as usize;
        if flags & Py_TPFLAGS_HEAPTYPE == 0
            || flags & Py_TPFLAGS_IS_ABSTRACT != 0
            || !is((*class).tp_new.get().map_or(0, |new| new as usize), object_new as *const ())
            || !is((*class).tp_init.get().map_or(0, |init| init as usize), slot_tp_init as *const ())
        {
            return None;
        }
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(class);
        let init = handle.lookup_borrowed(id!("__init__"))?;
        if !init.is_exact::<Function>() {
            return None;
        }
        let function = init.as_ptr().cast::<PyFunctionObject>();
        if !is(
            (*function).vectorcall.get().map_or(0, |call| call as usize),
            crate::interp::call::function_vectorcall as *const (),
        ) {
            return None;
        }
        let version = type_version(class)?;
        (*class.cast::<PyHeapTypeObject>())._spec_cache.init.set(init.as_ptr());
        write32(m.ip(), 2, version);
        Some(Opcode::CALL_ALLOC_AND_ENTER_INIT as u8)
    }
}

/// The descriptor `list.append`, which `CALL_LIST_APPEND` expects; null before `list` is ready.
#[inline(always)]
pub unsafe fn list_append_method() -> *mut PyObject {
    crate::thread::interpreter().callables.list_append.get()
}

/// The descriptor `list.pop`, which `CALL_LIST_POP` expects; null before `list` is ready.
#[inline(always)]
pub unsafe fn list_pop_method() -> *mut PyObject {
    crate::thread::interpreter().callables.list_pop.get()
}

/// The descriptor `dict.get`, which `CALL_DICT_GET` expects; null before `dict` is ready.
#[inline(always)]
pub unsafe fn dict_get_method() -> *mut PyObject {
    crate::thread::interpreter().callables.dict_get.get()
}

/// The descriptor `set.add`, which `CALL_SET_ADD` expects; null before `set` is ready.
#[inline(always)]
pub unsafe fn set_add_method() -> *mut PyObject {
    crate::thread::interpreter().callables.set_add.get()
}

/// The built-in function `isinstance`; null before there are builtins.
#[inline(always)]
pub unsafe fn isinstance_function() -> *mut PyObject {
    crate::thread::interpreter().callables.isinstance.get()
}

/// Whether the callable is `append` of an exact list, taken from it before.
#[inline(always)]
pub unsafe fn is_bound_append(callable: StackRef) -> bool {
    // SAFETY: a word of an object; `list.append` is a method descriptor.
    unsafe {
        let append = list_append_method().cast::<PyMethodDescrObject>();
        if append.is_null() || !callable.is_exact(CFunction::TYPE) {
            return false;
        }
        let function = callable.ptr().cast::<PyCFunctionObject>();
        (*function).m_ml.get() == (*append).d_method.get() && (*(*function).m_self.get()).ob_type.get() == List::TYPE
    }
}

/// The built-in function `len`; null before there are builtins.
#[inline(always)]
pub unsafe fn len_function() -> *mut PyObject {
    crate::thread::interpreter().callables.len.get()
}
