//! Calls of native code through the conventions of `PyMethodDef` and vectorcall. The slots of the stack are the arguments.

use super::*;

fast! {
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
}

/// A built-in function of a vector of arguments, and names of keywords where `KEYWORDS` says so. The slots of the stack are the vector.
#[inline(always)]
pub unsafe fn call_builtin_vector<const KEYWORDS: bool>(r: &mut Regs, ts: *mut crate::abi::PyThreadState) -> Act {
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
pub unsafe fn call_method_vector<const KEYWORDS: bool>(r: &mut Regs, ts: *mut crate::abi::PyThreadState) -> Act {
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

pub(super) const fn vector_flags(keywords: bool) -> c_int {
    if keywords { METH_FASTCALL | METH_KEYWORDS } else { METH_FASTCALL }
}

#[inline(always)]
pub(super) unsafe fn call_vector<const KEYWORDS: bool>(
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

/// The definition of a built-in function of one calling convention, called without an instance before its arguments.
#[inline(always)]
pub(super) unsafe fn builtin_of(callable: StackRef, self_word: StackRef, flags: c_int) -> Option<*mut PyMethodDef> {
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
pub(super) unsafe fn method_of(callable: StackRef, instance: StackRef, flags: c_int) -> Option<*mut PyMethodDef> {
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
pub(super) unsafe fn is_subtype_outlined(ty: *mut PyTypeObject, class: *mut PyTypeObject) -> bool {
    // SAFETY: live types.
    unsafe { is_subtype_raw(ty, class) }
}

/// Makes plain pointers of `count` words, each with a count of its own, so that the slots of the stack are a vector of arguments;
/// `false` with an exception set.
#[inline(always)]
pub(super) unsafe fn own_words(words: *mut StackRef, count: usize) -> bool {
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
pub(super) unsafe fn finish_call(
    r: &mut Regs,
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
        finish_call_word(r, ts, count, owned(result))
    }
}

/// As [`finish_call`] with a word.
#[inline(always)]
pub(super) unsafe fn finish_call_word(
    r: &mut Regs,
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
pub(super) unsafe fn check_missing(callable: *mut PyObject) {
    // SAFETY: the callable is on the stack.
    unsafe {
        crate::object::protocol::call::check_result(callable, ptr::null_mut());
    }
}

/// Replaces callable, NULL or instance, and arguments by what a C function returned.
pub(super) unsafe fn finish_builtin(m: Machine, nargs: usize, result: *mut PyObject) -> PyResult<Flow> {
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

/// The function of a definition, by its calling convention.
pub(super) unsafe fn as_cfunction(def: *const PyMethodDef) -> PyCFunction {
    // SAFETY: the caller has checked the flags of a live definition, whose function is never null.
    unsafe { (*def).ml_meth.unwrap_unchecked() }
}

pub(super) unsafe fn as_cfunction_fast(def: *const PyMethodDef) -> PyCFunctionFast {
    // SAFETY: as above; the flags say METH_FASTCALL.
    unsafe { core::mem::transmute::<PyCFunction, PyCFunctionFast>(as_cfunction(def)) }
}

pub(super) unsafe fn as_cfunction_fast_with_keywords(def: *const PyMethodDef) -> PyCFunctionFastWithKeywords {
    // SAFETY: as above; the flags say METH_FASTCALL | METH_KEYWORDS.
    unsafe { core::mem::transmute::<PyCFunction, PyCFunctionFastWithKeywords>(as_cfunction(def)) }
}

slow! {
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
}
