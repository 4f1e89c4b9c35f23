//! Calls that enter a frame: functions of Python, bound methods of them, and classes with an `__init__` of Python.

use super::*;

/// Whether an object is a Python function of the version that the inline cache names.
#[inline(always)]
unsafe fn is_expected(r: &Regs, function: *mut PyFunctionObject) -> bool {
    // SAFETY: a live object, and the cache of a call.
    unsafe { (*function).ob_base.ob_type.get() == Function::TYPE && (*function).func_version.get() == cache32(r.ip, 2) }
}

fast! {
    /// A Python function whose parameters are exactly the positional arguments given.
    fn call_py_exact_args(r, ts) {
        let nargs = r.oparg;
        let callable = *slot(r, nargs + 2);
        if callable.is_int() {
            return Act::MISS;
        }
        let function = callable.ptr().cast::<PyFunctionObject>();
        if !is_expected(r, function) {
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
        if !is_expected(r, function) {
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
                *variables.add(index) = counted(*defaults.add(index - given));
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
        if !is_expected(r, function) || is_last(callable) {
            return Act::MISS;
        }
        let code = (*function).func_code.get().cast::<PyCodeObject>();
        if nargs + 1 != (*code).co_argcount.get() as usize {
            return Act::MISS;
        }
        *slot(r, nargs + 1) = counted((*method).im_self.get());
        let word = counted(function.cast());
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
        frame::initialize(new, counted(init.cast()), ptr::null_mut(), code, shim);
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
}

#[inline(always)]
pub(super) unsafe fn header_decref_shared(object: *mut PyObject) {
    // SAFETY: the caller undoes a count it has just taken, so this is never the last one.
    unsafe {
        lower(StackRef::steal(object));
    }
}

/// Whether a frame of this code can be pushed without further ado.
#[inline(always)]
pub(in crate::interp::ops) unsafe fn has_room(ts: *mut crate::abi::PyThreadState, code: *mut PyCodeObject) -> bool {
    // SAFETY: live code.
    unsafe { has_words(ts, (*code).co_framesize.get() as usize) }
}

/// The same of frames that take so many words.
#[inline(always)]
pub(super) unsafe fn has_words(ts: *mut crate::abi::PyThreadState, words: usize) -> bool {
    // SAFETY: the thread's own state.
    unsafe {
        let room = ((*ts).datastack_limit.get() as usize).wrapping_sub((*ts).datastack_top.get() as usize) / 8;
        words < room && (*ts).py_recursion_remaining.get() > 1
    }
}

/// Pushes a frame with `nargs` words at `args`, called by an instruction of `size` units; `base` is where the caller's stack ends.
#[inline(always)]
pub(in crate::interp::ops) unsafe fn push_exact(
    r: &mut Regs,
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
pub(super) unsafe fn fill_variables(
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
pub(super) fn keep_scalar(mut index: usize) -> usize {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) index, options(nomem, nostack, preserves_flags)) };
    index
}

slow! {
    fn call_py_general(m, nargs) {
        if !(*m.slot(nargs + 2)).is_exact(Function::TYPE) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
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
        let new = match call::push_frame(m.thread, function, ptr::null_mut(), args, nargs + 1, &[], shim) {
            Ok(new) => new,
            Err(raised) => {
                call::drop_init_shim(m.thread, shim);
                return Err(raised);
            }
        };
        call::enter_init(m, shim, new, SIZE)
    }
}
