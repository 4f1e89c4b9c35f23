//! Calls. A Python function gets a frame in the same run; everything else is called through vectorcall.

mod known;
mod native;
mod python;

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering;
use core::{ptr, slice};

use super::{
    Regs, build, cache32, counted, drop_word, fast, give_up, heap_pointer, is_last, lower, owned, save, slot, slow,
    subscript,
};
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

pub use known::*;
pub use native::*;
pub use python::*;
pub(super) use python::{has_room, push_exact};

/// CALL and CALL_KW are one code unit and three cache units long.
const SIZE: usize = 4;

/// Calls that fit this many arguments keep their vector on the machine stack.
const FEW: usize = 14;

slow! {
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

    fn call_function_ex(m, _) {
        call_unpacked(m, false)
    }
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
            let new = call::push_frame(
                m.thread,
                callable,
                ptr::null_mut(),
                args,
                total - keywords,
                call::names_of(&names),
                m.frame,
            )?;
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
    // SAFETY: as for slow bodies; every word that is made here is taken over by `push_frame`. Neither words nor names are
    // initialized before they are written.
    unsafe {
        let (nargs, keywords) = (args.len(), kwargs.map_or(0, |kwargs| kwargs.len()));
        let mut few = [const { MaybeUninit::<StackRef>::uninit() }; FEW];
        let mut few_names = [const { MaybeUninit::<Ref<Object>>::uninit() }; FEW];
        let (mut many, mut many_names) = (Vec::<StackRef>::new(), Vec::<Ref<Object>>::new());
        let (words, names) = if nargs + keywords <= FEW {
            (few.as_mut_ptr().cast(), few_names.as_mut_ptr().cast())
        } else {
            if many.try_reserve_exact(nargs + keywords).is_err() || many_names.try_reserve_exact(keywords).is_err() {
                return Err(Raised::no_memory());
            }
            (many.as_mut_ptr(), many_names.as_mut_ptr())
        };
        // Nothing runs in here, so the dict stays as it is.
        if let Some(kwargs) = kwargs {
            let mut position = 0;
            while let Some((name, _)) = kwargs.next(&mut position) {
                if !name.is_instance_of::<Str>() {
                    return Err(raise!(TypeError, "keywords must be strings"));
                }
            }
            let (mut position, mut index) = (0, 0);
            while let Some((name, value)) = kwargs.next(&mut position) {
                names.add(index).write(name.to_owned());
                *words.add(nargs + index) = super::counted(value.as_ptr());
                index += 1;
            }
        }
        for (index, item) in args.iter().enumerate() {
            *words.add(index) = super::counted(item.as_ptr());
        }
        let function = (*m.slot(4)).heap_safe();
        *m.slot(4) = StackRef::NULL;
        m.drop_top(4);
        let names = slice::from_raw_parts_mut(names, keywords);
        let new = call::push_frame(m.thread, function, ptr::null_mut(), words, nargs, names, m.frame);
        ptr::drop_in_place(names);
        call::enter(m, new?, 1)
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
