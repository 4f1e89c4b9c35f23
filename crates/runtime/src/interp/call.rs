//! Calls of Python functions: binding arguments to a new frame, entering from C, and running a frame.
//!
//! CPython: `initialize_locals`, `_PyEvalFramePushAndInit`, `_PyEval_Vector` and `_PyFunction_Vectorcall`.

use core::mem::MaybeUninit;
use core::ptr;

use super::dispatch::Machine;
use super::frame::{self, Frame};
use super::stackref::StackRef;
use crate::abi::{
    CO_OPTIMIZED, CO_VARARGS, CO_VARKEYWORDS, FRAME_OWNED_BY_INTERPRETER, PY_VECTORCALL_ARGUMENTS_OFFSET, PyCodeObject,
    PyFunctionObject, PyObject, PyThreadState,
};
use crate::memory::fallible::{format_text, join_text};
use crate::prelude::*;
use crate::thread;
use crate::types::Function;

/// The names of keywords, in the form that vectorcall has them in.
#[inline(always)]
pub fn names_of<'a>(names: &'a Option<Borrowed<'_, Tuple>>) -> &'a [Ref<Object>] {
    match names {
        Some(names) => names.as_slice(),
        None => &[],
    }
}

/// Pushes a frame for a call of `function` with `nargs` positional words at `args` and one word per name of
/// `kwnames` behind them. All the words, and `function`, are taken over, also on failure.
///
/// # Safety
/// The words are valid; `function` is a word of a Python function; `locals` is an owned mapping or null.
pub unsafe fn push_frame(
    thread: *mut PyThreadState,
    function: StackRef,
    locals: *mut PyObject,
    args: *mut StackRef,
    nargs: usize,
    kwnames: &[Ref<Object>],
    previous: *mut Frame,
) -> PyResult<*mut Frame> {
    // SAFETY: by contract.
    unsafe {
        let object = function.ptr().cast::<PyFunctionObject>();
        let code = (*object).func_code.get().cast::<PyCodeObject>();
        let base = match frame::push_words(thread, (*code).co_framesize.get() as usize) {
            Ok(base) => base,
            Err(raised) => {
                let total = nargs + kwnames.len();
                for index in 0..total {
                    (*args.add(index)).close();
                }
                function.close();
                drop(Ref::<Object>::from_owned_ptr_or_null(locals));
                return Err(raised);
            }
        };
        let new = base.cast::<Frame>();
        // A function of code without variables of its own uses its globals.
        let locals = if locals.is_null() && (*code).co_flags.get() & CO_OPTIMIZED == 0 {
            Ref::<Object>::from_borrowed_ptr((*object).func_globals.get()).into_ptr()
        } else {
            locals
        };
        frame::initialize(new, function, locals, code, previous);
        let variables = frame::local(new, 0);
        let positional = (*code).co_argcount.get() as usize;
        let plain = (*code).co_flags.get() & (CO_VARARGS | CO_VARKEYWORDS) == 0
            && (*code).co_kwonlyargcount.get() == 0
            && kwnames.is_empty();
        let defaults = if plain { defaults_from((*object).func_defaults.get(), nargs, positional) } else { None };
        let bound = if let Some(defaults) = defaults {
            crate::memory::object::copy_items(args.cast_const().cast(), variables.cast(), nargs);
            for index in nargs..positional {
                *variables.add(index) = super::ops::counted(*defaults.add(index - nargs));
            }
            for index in positional..(*code).co_nlocalsplus.get() as usize {
                *variables.add(index) = StackRef::NULL;
            }
            Ok(())
        } else {
            for index in 0..(*code).co_nlocalsplus.get() as usize {
                *variables.add(index) = StackRef::NULL;
            }
            bind(object, code, variables, args, nargs, kwnames)
        };
        if let Err(raised) = bound {
            frame::clear(thread, new);
            frame::pop_words(thread, base);
            return Err(raised);
        }
        Ok(new)
    }
}

/// Where the defaults of parameters `nargs..positional` start, which are given no argument; `None` where defaults are missing, or
/// there are too many arguments.
///
/// # Safety
/// The defaults of a function, or null.
#[inline(always)]
pub unsafe fn defaults_from(defaults: *mut PyObject, nargs: usize, positional: usize) -> Option<*const *mut PyObject> {
    if nargs == positional {
        return Some(ptr::null());
    }
    if nargs > positional || defaults.is_null() {
        return None;
    }
    // SAFETY: defaults are a tuple.
    unsafe {
        let defaults: Borrowed<'_, Tuple> = Borrowed::from_ptr(defaults);
        let missing = positional - nargs;
        if missing > defaults.len() { None } else { Some(defaults.items_ptr().add(defaults.len() - missing)) }
    }
}

/// The name of parameter `index`.
unsafe fn parameter<'a>(code: *mut PyCodeObject, index: usize) -> Borrowed<'a, Str> {
    // SAFETY: the code object keeps its names.
    unsafe {
        let names: Borrowed<'a, Tuple> = Borrowed::from_ptr((*code).co_localsplusnames.get());
        Borrowed::from_ptr(*names.items_ptr().add(index))
    }
}

/// Binds arguments of any form. Every word of `args` is taken over.
unsafe fn bind(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    args: *mut StackRef,
    nargs: usize,
    kwnames: &[Ref<Object>],
) -> PyResult<()> {
    // SAFETY: by the contract of `push_frame`. A word that has moved is replaced by NULL in `args`; all have, unless binding failed.
    unsafe {
        let result = bind_words(function, code, variables, args, nargs, kwnames);
        if result.is_err() {
            for index in 0..nargs + kwnames.len() {
                (*args.add(index)).close();
            }
        }
        result
    }
}

/// The words `positional..nargs` as a tuple; they are taken over.
unsafe fn rest_of(args: *mut StackRef, positional: usize, nargs: usize) -> PyResult<Ref<Tuple>> {
    // SAFETY: by contract of `bind`. The words become plain counted pointers in their places first, and move together.
    unsafe {
        if nargs <= positional {
            return Ok(Tuple::empty());
        }
        for index in positional..nargs {
            let place = args.add(index);
            let object = super::ops::heap_pointer(*place);
            *place = StackRef::steal(if object.is_null() { super::stackref::materialize(place)? } else { object });
        }
        let count = nargs - positional;
        let rest = Tuple::from_raw_slice_steal(args.add(positional).cast_const().cast(), count);
        for index in positional..nargs {
            *args.add(index) = StackRef::NULL;
        }
        rest
    }
}

unsafe fn take(slot: *mut StackRef) -> StackRef {
    // SAFETY: the caller passes a valid slot.
    unsafe { ptr::replace(slot, StackRef::NULL) }
}

unsafe fn bind_words(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    args: *mut StackRef,
    nargs: usize,
    kwnames: &[Ref<Object>],
) -> PyResult<()> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let flags = (*code).co_flags.get();
        let positional = (*code).co_argcount.get() as usize;
        let keyword_only = (*code).co_kwonlyargcount.get() as usize;
        let named = positional + keyword_only;

        let kwdict = if flags & CO_VARKEYWORDS != 0 {
            let dict = Dict::new()?;
            let index = named + usize::from(flags & CO_VARARGS != 0);
            *variables.add(index) = StackRef::from_ref(dict.clone());
            Some(dict)
        } else {
            None
        };

        for index in 0..nargs.min(positional) {
            *variables.add(index) = take(args.add(index));
        }
        if flags & CO_VARARGS != 0 {
            *variables.add(named) = StackRef::from_ref(rest_of(args, positional, nargs)?);
        }

        for (index, keyword) in kwnames.iter().enumerate() {
            let value = args.add(nargs + index);
            bind_keyword(function, code, variables, named, keyword.borrow(), value, kwdict.as_ref(), kwnames)?;
        }

        if nargs > positional && flags & CO_VARARGS == 0 {
            return Err(too_many_positional(function, code, variables, nargs));
        }
        if nargs < positional {
            bind_defaults(function, code, variables, nargs, positional)?;
        }
        if keyword_only > 0 {
            bind_keyword_defaults(function, code, variables, positional, named)?;
        }
        Ok(())
    }
}

unsafe fn bind_keyword(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    named: usize,
    keyword: Borrowed<'_, Object>,
    value: *mut StackRef,
    kwdict: Option<&Ref<Dict>>,
    kwnames: &[Ref<Object>],
) -> PyResult<()> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let Some(name) = keyword.downcast::<Str>() else {
            return Err(raise!(TypeError, "{}() keywords must be strings", qualname(function)));
        };
        let first = (*code).co_posonlyargcount.get() as usize;
        // Names are interned nearly always, so identity first.
        let found = (first..named)
            .find(|&index| parameter(code, index).is(&keyword))
            .or_else(|| (first..named).find(|&index| parameter(code, index).equals_str(&name)));
        if let Some(index) = found {
            if !(*variables.add(index)).is_null() {
                return Err(raise!(
                    TypeError,
                    "{}() got multiple values for argument '{}'",
                    qualname(function),
                    name.to_display()
                ));
            }
            *variables.add(index) = take(value);
            return Ok(());
        }
        match kwdict {
            Some(dict) => {
                let object = take(value).into_object()?;
                dict.set_item(name, object.borrow())
            }
            None => Err(unexpected_keyword(function, code, name, kwnames)?),
        }
    }
}

/// The TypeError for a keyword that no parameter takes.
#[cold]
unsafe fn unexpected_keyword(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    keyword: Borrowed<'_, Str>,
    kwnames: &[Ref<Object>],
) -> PyResult<Raised> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let posonly = (*code).co_posonlyargcount.get() as usize;
        if posonly > 0 {
            let wrong = (0..posonly)
                .map(|index| parameter(code, index))
                .filter(|name| kwnames.iter().any(|key| key.downcast::<Str>().is_some_and(|key| key.equals_str(name))))
                .map(|name| name.to_display())
                .gather()?;
            if !wrong.is_empty() {
                return Ok(raise!(
                    TypeError,
                    "{}() got some positional-only arguments passed as keyword arguments: '{}'",
                    qualname(function),
                    join_text(&wrong, ", ")?
                ));
            }
        }
        let named = ((*code).co_argcount.get() + (*code).co_kwonlyargcount.get()) as usize;
        let candidates = (posonly..named).map(|index| parameter(code, index).to_display()).gather()?;
        let text = keyword.to_display();
        Ok(match crate::object::args::suggest::closest_name(candidates.iter().map(String::as_str), &text) {
            Some(suggestion) => raise!(
                TypeError,
                "{}() got an unexpected keyword argument '{text}'. Did you mean '{suggestion}'?",
                qualname(function)
            ),
            None => raise!(TypeError, "{}() got an unexpected keyword argument '{text}'", qualname(function)),
        })
    }
}

unsafe fn bind_defaults(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    nargs: usize,
    positional: usize,
) -> PyResult<()> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let defaults: Option<Borrowed<'_, Tuple>> = Borrowed::from_ptr_or_null((*function).func_defaults.get());
        let count = defaults.map_or(0, |defaults| defaults.len());
        let required = positional.saturating_sub(count);
        let is_missing = |&index: &usize| (*variables.add(index)).is_null();
        if (nargs..required).any(|index| is_missing(&index)) {
            let missing = (nargs..required).filter(is_missing).gather()?;
            return Err(missing_arguments(function, code, &missing, "positional")?);
        }
        if let Some(defaults) = defaults {
            for index in nargs.max(required)..positional {
                if (*variables.add(index)).is_null() {
                    *variables.add(index) = super::ops::counted(*defaults.items_ptr().add(index + count - positional));
                }
            }
        }
        Ok(())
    }
}

unsafe fn bind_keyword_defaults(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    positional: usize,
    named: usize,
) -> PyResult<()> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let defaults: Option<Borrowed<'_, Dict>> = Borrowed::from_ptr_or_null((*function).func_kwdefaults.get());
        let mut missing = Vec::new();
        for index in positional..named {
            if !(*variables.add(index)).is_null() {
                continue;
            }
            let name = parameter(code, index);
            let value = match defaults {
                Some(defaults) => defaults.get_name(name)?,
                None => None,
            };
            match value {
                Some(value) => *variables.add(index) = StackRef::from_ref(value),
                None => missing.try_push(index)?,
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing_arguments(function, code, &missing, "keyword-only")?) }
    }
}

unsafe fn qualname(function: *mut PyFunctionObject) -> String {
    // SAFETY: a function has a qualified name.
    unsafe { Borrowed::<Object>::from_ptr((*function).func_qualname.get()).to_text() }
}

#[cold]
unsafe fn missing_arguments(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    missing: &[usize],
    kind: &str,
) -> PyResult<Raised> {
    // SAFETY: by contract of `bind`.
    unsafe {
        let names = missing.iter().map(|&index| parameter(code, index).as_object().to_repr_text()).gather()?;
        let list = match names.as_slice() {
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [head @ .., last] => format_text(format_args!("{}, and {last}", join_text(head, ", ")?))?,
            [] => String::new(),
        };
        Ok(raise!(
            TypeError,
            "{}() missing {} required {kind} argument{}: {list}",
            qualname(function),
            names.len(),
            if names.len() == 1 { "" } else { "s" }
        ))
    }
}

#[cold]
unsafe fn too_many_positional(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
    variables: *mut StackRef,
    given: usize,
) -> Raised {
    // SAFETY: by contract of `bind`.
    unsafe {
        let positional = (*code).co_argcount.get() as usize;
        let keyword_only = (*code).co_kwonlyargcount.get() as usize;
        let defaults: Option<Borrowed<'_, Tuple>> = Borrowed::from_ptr_or_null((*function).func_defaults.get());
        let defaults = defaults.map_or(0, |defaults| defaults.len());
        let keywords_given =
            (positional..positional + keyword_only).filter(|&index| !(*variables.add(index)).is_null()).count();
        let (takes, plural) = if defaults > 0 {
            (format!("from {} to {positional}", positional - defaults), true)
        } else {
            (positional.to_string(), positional != 1)
        };
        let keyword_part = if keywords_given > 0 {
            format!(
                " positional argument{} (and {keywords_given} keyword-only argument{})",
                if given != 1 { "s" } else { "" },
                if keywords_given != 1 { "s" } else { "" }
            )
        } else {
            String::new()
        };
        raise!(
            TypeError,
            "{}() takes {takes} positional argument{} but {given}{keyword_part} {} given",
            qualname(function),
            if plural { "s" } else { "" },
            if given == 1 && keywords_given == 0 { "was" } else { "were" }
        )
    }
}

/// Makes `new` the frame being executed, called from the machine's frame by an instruction of `size` units.
///
/// # Safety
/// The operands of the call are off the stack.
#[inline(always)]
pub unsafe fn enter(m: Machine, new: *mut Frame, size: usize) -> PyResult<super::dispatch::Flow> {
    // SAFETY: by contract.
    unsafe {
        (*m.frame).return_offset.set(size as u16);
        let remaining = (*m.thread).py_recursion_remaining.get();
        if remaining <= 1 {
            check_recursion(m.thread, new)?;
        }
        (*m.thread).py_recursion_remaining.set((*m.thread).py_recursion_remaining.get() - 1);
        (*m.thread).current_frame.set(new);
    }
    Ok(super::dispatch::Flow::Reload)
}

/// The instructions of the frame that holds an instance while its `__init__` runs.
static INIT_CLEANUP: [u16; 1] = [taipan_compiler::opcode::Opcode::EXIT_INIT_CHECK as u16];

/// Whether the frame holds an instance whose `__init__` runs; other frames of the interpreter end a run.
///
/// # Safety
/// A live frame.
pub unsafe fn is_init_shim(frame: *mut Frame) -> bool {
    // SAFETY: by contract.
    unsafe { (*frame).instr_ptr.get().cast_const().cast() == INIT_CLEANUP.as_ptr() }
}

/// Pushes a frame that holds `instance`, which is taken over, while its `__init__` runs.
///
/// # Safety
/// `thread` is the current thread state; `previous` is the calling frame.
pub unsafe fn push_init_shim(
    thread: *mut PyThreadState,
    instance: StackRef,
    previous: *mut Frame,
) -> PyResult<*mut Frame> {
    // SAFETY: the words are enough for a frame and two words of stack.
    unsafe {
        let shim = match frame::push_words(thread, INIT_SHIM_WORDS) {
            Ok(base) => base.cast::<Frame>(),
            Err(raised) => {
                instance.close();
                return Err(raised);
            }
        };
        write_init_shim(shim, previous, instance);
        Ok(shim)
    }
}

/// A frame and two words of stack.
pub const INIT_SHIM_WORDS: usize = size_of::<Frame>() / 8 + 2;

/// Writes the frame that holds `instance` while its `__init__` runs.
///
/// # Safety
/// `shim` is room of [`INIT_SHIM_WORDS`].
#[inline(always)]
pub unsafe fn write_init_shim(shim: *mut Frame, previous: *mut Frame, instance: StackRef) {
    // SAFETY: by contract.
    unsafe {
        let stack = frame::local(shim, 0);
        write_internal(shim, previous, INIT_CLEANUP.as_ptr().cast_mut().cast(), stack.add(1));
        *stack = instance;
    }
}

/// Fills a frame of the interpreter's own, which executes `instructions`.
#[inline(always)]
unsafe fn write_internal(
    new: *mut Frame,
    previous: *mut Frame,
    instructions: *mut crate::abi::_Py_CODEUNIT,
    stack: *mut StackRef,
) {
    // SAFETY: the frame's memory is the caller's.
    unsafe {
        new.write_bytes(0, 1);
        (*new).f_executable.set(crate::abi::_PyStackRef { bits: super::table::entry_code() as usize | 1 });
        (*new).f_funcobj.set(crate::abi::_PyStackRef { bits: StackRef::NULL.bits() as usize });
        (*new).previous.set(previous);
        (*new).instr_ptr.set(instructions);
        (*new).owner.set(FRAME_OWNED_BY_INTERPRETER);
        frame::set_stack_pointer(new, stack);
    }
}

/// Drops the frame and the instance in it.
///
/// # Safety
/// The frame was pushed last and is not current.
pub unsafe fn drop_init_shim(thread: *mut PyThreadState, shim: *mut Frame) {
    // SAFETY: by contract.
    unsafe {
        let _aside = Raised::aside();
        frame::clear_locals(shim);
        frame::pop_words(thread, shim.cast());
    }
}

/// As [`enter`] for the frame of an `__init__` above its shim.
///
/// # Safety
/// As [`enter`].
#[inline(always)]
pub unsafe fn enter_init(
    m: Machine,
    shim: *mut Frame,
    new: *mut Frame,
    size: usize,
) -> PyResult<super::dispatch::Flow> {
    // SAFETY: by contract.
    unsafe { enter(m, new, size).inspect_err(|_| drop_init_shim(m.thread, shim)) }
}

/// RecursionError when the limit of Python calls is reached; the new frame is dropped then.
#[cold]
unsafe fn check_recursion(thread: *mut PyThreadState, new: *mut Frame) -> PyResult<()> {
    // SAFETY: the frame was pushed last and is not linked yet.
    unsafe {
        match thread::check_python_recursion(thread) {
            Ok(()) => Ok(()),
            Err(raised) => {
                drop_frame(thread, new);
                Err(raised)
            }
        }
    }
}

/// Drops a frame of a call that did not start.
unsafe fn drop_frame(thread: *mut PyThreadState, new: *mut Frame) {
    // SAFETY: the frame was pushed last.
    unsafe {
        let _aside = Raised::aside();
        if (*new).owner.get() == crate::abi::FRAME_OWNED_BY_THREAD as c_char {
            frame::clear(thread, new);
            frame::pop_words(thread, new.cast());
        }
    }
}

/// The bottom frame of a run: it executes `INTERPRETER_EXIT` when the frame above it returns.
#[repr(C)]
struct EntryFrame {
    frame: Frame,
    stack: [StackRef; 2],
}

/// Runs `new`, which is pushed but not linked, until it returns or raises.
///
/// # Safety
/// `new` is a complete frame; a frame of the data stack is popped by its end.
pub unsafe fn run(thread: *mut PyThreadState, new: *mut Frame) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { run_from(thread, new, super::table::execute) }
}

/// Resumes the frame of a generator; `raised` says that it starts with the exception that is set.
///
/// # Safety
/// The frame is suspended, with the sent value on its stack.
pub unsafe fn run_generator(thread: *mut PyThreadState, new: *mut Frame, raised: bool) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { run_from(thread, new, if raised { super::table::execute_raised } else { super::table::execute }) }
}

unsafe fn run_from(
    thread: *mut PyThreadState,
    new: *mut Frame,
    execute: unsafe fn(*mut PyThreadState, *mut Frame) -> usize,
) -> PyResult<Ref<Object>> {
    // SAFETY: the entry frame lives on this C frame's stack and is unlinked before it goes.
    unsafe {
        let _guard = match thread::enter_recursive("") {
            Ok(guard) => guard,
            Err(raised) => {
                drop_frame(thread, new);
                return Err(raised);
            }
        };
        if (*thread).py_recursion_remaining.get() <= 1 {
            check_recursion(thread, new)?;
        }
        (*thread).py_recursion_remaining.set((*thread).py_recursion_remaining.get() - 1);
        let mut entry = MaybeUninit::<EntryFrame>::uninit();
        let bottom = entry.as_mut_ptr().cast::<Frame>();
        let previous = (*thread).current_frame.get();
        write_internal(
            bottom,
            previous,
            super::table::entry_instructions(),
            (&raw mut (*entry.as_mut_ptr()).stack).cast(),
        );
        (*new).previous.set(bottom);
        (*thread).current_frame.set(new);
        let bits = execute(thread, new);
        (*thread).current_frame.set(previous);
        let word = StackRef::from_bits(bits as u64);
        if word.is_null() { Err(Raised::assume_set()) } else { word.into_object() }
    }
}

/// `_PyFunction_Vectorcall`: a call of a Python function from C.
///
/// # Safety
/// As any vectorcall function.
pub unsafe extern "C" fn function_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let nargs = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
        let function: Borrowed<'_, Function> = Borrowed::from_ptr(callable);
        let locals = ptr::null_mut();
        crate::object::protocol::number::into_c(call_function(
            function,
            locals,
            args,
            nargs,
            Borrowed::from_ptr_or_null(kwnames),
        ))
    }
}

/// Calls `function` with borrowed arguments in vectorcall form (`_PyEval_Vector`).
///
/// # Safety
/// `args` holds the arguments; `locals` is an owned mapping or null.
pub unsafe fn call_function(
    function: Borrowed<'_, Function>,
    locals: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: Option<Borrowed<'_, Tuple>>,
) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe {
        let thread = thread::current_ptr();
        let total = nargs + kwnames.map_or(0, |names| names.len());
        let mut few = [StackRef::NULL; 10];
        let mut many = Vec::new();
        let words = if total <= few.len() {
            few.as_mut_ptr()
        } else {
            if many.try_reserve_exact(total).is_err() {
                drop(Ref::<Object>::from_owned_ptr_or_null(locals));
                return Err(Raised::no_memory());
            }
            many.as_mut_ptr()
        };
        for index in 0..total {
            *words.add(index) = super::ops::counted(*args.add(index));
        }
        let new = push_frame(
            thread,
            StackRef::new_count(function.as_ptr()),
            locals,
            words,
            nargs,
            names_of(&kwnames),
            (*thread).current_frame.get(),
        )?;
        run(thread, new)
    }
}

/// Executes `code` with these globals and locals, as `exec` and imports do (`PyEval_EvalCode`). Code of functions
/// gets fresh local variables; `locals` counts for module and class code.
pub fn eval_code(
    code: &Ref<crate::types::Code>,
    globals: Borrowed<'_, Dict>,
    locals: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Object>> {
    let function = Function::from_code(code, globals)?;
    eval_function(&function, locals)
}

/// As [`eval_code`] with a function that carries a closure as well.
pub fn eval_function(function: &Ref<Function>, locals: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    // SAFETY: no arguments; the locals mapping gets a count for the frame.
    unsafe {
        let code = function.code_ptr();
        let locals = if (*code).co_flags.get() & CO_OPTIMIZED != 0 {
            ptr::null_mut()
        } else {
            locals.map_or(ptr::null_mut(), |locals| locals.to_owned().into_ptr())
        };
        call_function(function.borrow(), locals, ptr::null(), 0, None)
    }
}
