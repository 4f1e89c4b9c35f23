//! Raising and handling exceptions, and `with` blocks.

use super::{control, fast, slot, slow};
use crate::interp::dispatch::{Act, Flow};
use crate::interp::frame;
use crate::interp::stackref::StackRef;
use crate::object::header;
use crate::prelude::*;
use crate::types::exceptions::{self, BaseException};

slow! {
    /// Puts the exception being handled so far below the new one, which becomes the handled one.
    fn push_exc_info(m, _) {
        let exception = m.pop();
        let info = &*(*m.thread).exc_info.get();
        let previous = info.exc_value.get();
        m.push(if previous.is_null() { StackRef::none() } else { StackRef::steal(previous) });
        header::incref(exception.ptr());
        info.exc_value.set(exception.ptr());
        m.push(exception);
        Ok(Flow::Next)
    }

    fn pop_except(m, _) {
        let previous = m.pop();
        let info = &*(*m.thread).exc_info.get();
        let value = if previous.is_ptr(crate::object::none_ptr()) {
            core::ptr::null_mut()
        } else {
            previous.heap_safe().ptr()
        };
        let old = info.exc_value.replace(value);
        header::xdecref(old);
        Ok(Flow::Next)
    }

    fn check_exc_match(m, _) {
        let matches = {
            let class = m.peek(1)?;
            check_except_type(class)?;
            exceptions::matches(m.peek(2)?, class)?
        };
        m.drop_top(1);
        m.push(StackRef::bool(matches));
        Ok(Flow::Next)
    }

    /// `except*`: the part of the group that matches, and the rest.
    fn check_eg_match(m, _) {
        let class = m.peek(1)?;
        check_except_star_type(class)?;
        let (matched, rest) = exceptions::group_match(m.peek(2)?, class)?;
        if let Some(matched) = &matched {
            let info = &*(*m.thread).exc_info.get();
            let old = info.exc_value.replace(matched.clone().into_ptr());
            header::xdecref(old);
        }
        m.drop_top(2);
        m.push_ref(rest.unwrap_or_else(none));
        m.push_ref(matched.unwrap_or_else(none));
        Ok(Flow::Next)
    }

    fn raise_varargs(m, count) {
        let cause = if count == 2 { Some(m.pop_object()?) } else { None };
        let exception = if count >= 1 { Some(m.pop_object()?) } else { None };
        let (raised, again) =
            exceptions::raise_statement(exception.as_ref().map(Ref::borrow), cause.as_ref().map(Ref::borrow));
        if again {
            crate::interp::unwind::note_reraise(m.thread, crate::interp::frame::instruction_index(m.frame));
        }
        Err(raised)
    }

    /// Raises the exception on top again. With an operand, the instruction it came from stands below.
    fn reraise(m, oparg) {
        let exception = m.pop_object()?;
        let index = crate::interp::frame::instruction_index(m.frame);
        if oparg > 0 {
            let lasti = *m.slot(oparg);
            if lasti.is_int() {
                let first = crate::interp::frame::first_instruction(crate::interp::frame::code(m.frame));
                (*m.frame).instr_ptr.set(first.add(lasti.int_value() as usize));
            }
        }
        crate::interp::unwind::note_reraise(m.thread, index);
        Err(Raised::restore(exception))
    }

    /// Calls `__exit__(type, value, traceback)`.
    fn with_except_start(m, _) {
        // exit function, instance or NULL, position, previous exception, exception.
        let exception = m.peek(1)?;
        let traceback = exceptions::traceback_of(&exception).unwrap_or_else(none);
        let class = exception.type_of().upcast();
        let function = m.peek(5)?;
        let result = if (*m.slot(4)).is_null() {
            function.call(&[class, exception, traceback.borrow()])?
        } else {
            function.call(&[m.peek(4)?, class, exception, traceback.borrow()])?
        };
        m.push_ref(result);
        Ok(Flow::Next)
    }

    /// `__init__` has returned something else than None, or the frame lies at the start of a chunk of the data stack.
    fn exit_init_check_slow(m, _) {
        let value = m.peek(1)?;
        if !value.is_none() {
            return Err(raise!(TypeError, "__init__() should return None, not '{}'", value.type_name()));
        }
        m.drop_top(1);
        let instance = m.pop();
        let caller = (*m.frame).previous.get();
        (*m.thread).current_frame.set(caller);
        frame::pop_words(m.thread, m.frame.cast());
        control::return_to(m.thread, caller, instance);
        Ok(Flow::Reload)
    }
}

fast! {
    /// After `__init__`: hands the instance that the frame has kept to the caller.
    fn exit_init_check(r, ts) {
        let shim = r.fp;
        let chunk = (*ts).datastack_chunk.get();
        if !(*slot(r, 1)).is_ptr(crate::object::none_ptr()) || shim.cast() == (&raw mut (*chunk).data) {
            return Act::MISS;
        }
        let instance = *slot(r, 2);
        let caller = (*shim).previous.get();
        (*ts).datastack_top.set(shim.cast());
        (*ts).current_frame.set(caller);
        r.fp = caller;
        r.sp = frame::stack_pointer(caller);
        r.ip = (*caller).instr_ptr.get().cast::<u16>().add((*caller).return_offset.get() as usize);
        super::push(r, instance);
        Act::JUMP
    }
}

fn is_exception_class(class: Borrowed<'_, Object>) -> bool {
    class.downcast::<Type>().is_some_and(|class| class.is_subtype(&BaseException::type_object()))
}

/// The types of an `except` clause.
fn check_except_type(class: Borrowed<'_, Object>) -> PyResult<()> {
    let fine = match class.downcast::<Tuple>() {
        Some(tuple) => tuple.iter().all(is_exception_class),
        None => is_exception_class(class),
    };
    if fine {
        return Ok(());
    }
    Err(raise!(TypeError, "catching classes that do not inherit from BaseException is not allowed"))
}

/// The types of an `except*` clause.
fn check_except_star_type(class: Borrowed<'_, Object>) -> PyResult<()> {
    check_except_type(class)?;
    let is_group = |class: Borrowed<'_, Object>| {
        class.downcast::<Type>().is_some_and(|class| class.is_subtype(&exceptions::BaseExceptionGroup::type_object()))
    };
    let any = match class.downcast::<Tuple>() {
        Some(tuple) => tuple.iter().any(is_group),
        None => is_group(class),
    };
    if any {
        return Err(raise!(TypeError, "catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    Ok(())
}
