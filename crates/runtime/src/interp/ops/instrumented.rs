//! Instructions that someone watches: the event first, then what the plain instruction does.
//!
//! They are slow bodies all, and call nothing that specialises. A callback may move execution by setting `f_lineno`: the
//! frame's `instr_ptr` says so.

use super::{call, control, generator, iter, slow};
use crate::interp::dispatch::{Flow, Machine, SlowResult};
use crate::interp::frame;
use crate::interp::monitoring::{branches, event, fire, install};
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions::StopAsyncIteration;
use crate::types::{Coroutine, Generator};

/// An event of the instruction being executed; `true` when the callback has moved execution elsewhere.
unsafe fn fire_here(m: Machine, event: usize, extra: &[Borrowed<'_, Object>]) -> PyResult<bool> {
    // SAFETY: by contract of slow bodies.
    unsafe {
        let ip = m.ip();
        fire::fire(m.thread, m.frame, ip, event, extra)?;
        Ok(m.ip() != ip)
    }
}

/// Takes a jump from `source` to `target`, by way of the tools at the present instruction.
unsafe fn jump(m: Machine, source: *mut u16, target: *mut u16, event: usize) -> SlowResult {
    // SAFETY: as above.
    unsafe {
        let place = m.ip();
        let goal = fire::fire_jump(m.thread, m.frame, place, source, target, event)?;
        if goal == target {
            fire::note_arrival(source);
        }
        m.jump_to(goal)
    }
}

/// A conditional jump: the word on the stack goes when the tools have been called, so that a callback that moves
/// execution finds the stack that belongs to the instruction.
unsafe fn conditional(m: Machine, oparg: usize, taken: bool) -> SlowResult {
    // SAFETY: as above.
    unsafe {
        let ip = m.ip();
        if !taken {
            m.drop_top(1);
            return m.jump_to(ip.add(2));
        }
        let target = ip.add(2 + oparg);
        let goal = fire::fire_jump(m.thread, m.frame, ip, ip, target, event::BRANCH_RIGHT)?;
        if goal == target {
            fire::note_arrival(ip);
            m.drop_top(1);
        }
        m.jump_to(goal)
    }
}

unsafe fn is_generator(word: StackRef) -> bool {
    // SAFETY: a word on the stack.
    unsafe { word.is_exact(Generator::TYPE) || word.is_exact(Coroutine::TYPE) }
}

slow! {
    fn resume(m, oparg) {
        if control::needs_instrumentation(m) {
            install::instrument(frame::code(m.frame))?;
            return Ok(Flow::Retry);
        }
        if oparg & 3 < 2 {
            thread::handle_eval_breaker(m.thread)?;
        }
        let event = if oparg > 0 { event::PY_RESUME } else { event::PY_START };
        Ok(if fire_here(m, event, &[])? { Flow::Reload } else { Flow::Next })
    }

    fn return_value(m, oparg) {
        let value = m.peek(1)?.to_owned();
        if fire_here(m, event::PY_RETURN, &[value.borrow()])? {
            return Ok(Flow::Reload);
        }
        drop(value);
        control::return_value_slow(m.frame, m.thread, oparg)
    }

    fn yield_value(m, from) {
        let value = m.peek(1)?.to_owned();
        if fire_here(m, event::PY_YIELD, &[value.borrow()])? {
            return Ok(Flow::Reload);
        }
        drop(value);
        generator::yield_value_slow(m.frame, m.thread, from)
    }

    fn call(m, nargs) {
        call::call_stack_watched(m, nargs, None)
    }

    fn call_kw(m, nargs) {
        let names = m.pop_object()?;
        let Ok(names) = names.into_downcast::<Tuple>() else {
            return Err(raise!(SystemError, "keyword names are no tuple"));
        };
        call::call_stack_watched(m, nargs, Some(names.borrow()))
    }

    fn call_function_ex(m, _) {
        call::call_unpacked(m, true)
    }

    fn load_super_attr(m, oparg) {
        super::attr::super_attr_watched(m, oparg)
    }

    fn jump_forward(m, oparg) {
        let ip = m.ip();
        jump(m, ip, ip.add(1 + oparg), event::JUMP)
    }

    fn jump_backward(m, oparg) {
        let ip = m.ip();
        thread::handle_eval_breaker(m.thread)?;
        jump(m, ip, ip.add(2).sub(oparg), event::JUMP)
    }

    fn pop_jump_if_true(m, oparg) {
        let taken = (*m.slot(1)).is_ptr(Bool::true_ptr());
        conditional(m, oparg, taken)
    }

    fn pop_jump_if_false(m, oparg) {
        let taken = (*m.slot(1)).is_ptr(Bool::false_ptr());
        conditional(m, oparg, taken)
    }

    fn pop_jump_if_none(m, oparg) {
        let taken = (*m.slot(1)).is_ptr(crate::object::none_ptr());
        conditional(m, oparg, taken)
    }

    fn pop_jump_if_not_none(m, oparg) {
        let taken = !(*m.slot(1)).is_ptr(crate::object::none_ptr());
        conditional(m, oparg, taken)
    }

    fn not_taken(m, _) {
        let ip = m.ip();
        let code = frame::code(m.frame);
        let source = branches::branch_of_not_taken(code, frame::instruction_index(m.frame));
        let source = frame::first_instruction(code).cast::<u16>().add(source);
        let goal = fire::fire_jump(m.thread, m.frame, ip, source, ip.add(1), event::BRANCH_LEFT)?;
        m.jump_to(goal)
    }

    fn for_iter(m, oparg) {
        let ip = m.ip();
        match iter::next_watched(m)? {
            Some(item) => {
                m.push_ref(item);
                let goal = fire::fire_jump(m.thread, m.frame, ip, ip, ip.add(2), event::BRANCH_LEFT)?;
                m.jump_to(goal)
            }
            None => {
                fire::note_arrival(ip);
                iter::finish_loop(m, oparg)
            }
        }
    }

    fn pop_iter(m, _) {
        let ip = m.ip();
        let code = frame::code(m.frame);
        let index = frame::instruction_index(m.frame);
        let source = branches::loop_of_pop_iter(code, index).unwrap_or(index);
        let source = frame::first_instruction(code).cast::<u16>().add(source);
        let goal = fire::fire_jump(m.thread, m.frame, ip, source, ip.add(1), event::BRANCH_RIGHT)?;
        if goal == ip.add(1) {
            m.drop_top(1);
        }
        m.jump_to(goal)
    }

    /// The end of a generator that ran in this run of the interpreter: its result is on top.
    fn end_for(m, _) {
        if is_generator(*m.slot(2)) {
            let value = m.peek(1)?;
            let ip = m.ip();
            fire::fire_stop_iteration(m.thread, m.frame, ip, value)?;
        }
        m.drop_top(1);
        Ok(Flow::Next)
    }

    fn end_send(m, oparg) {
        if is_generator(*m.slot(2)) {
            let value = m.peek(1)?;
            let ip = m.ip();
            fire::fire_stop_iteration(m.thread, m.frame, ip, value)?;
        }
        generator::end_send_slow(m.frame, m.thread, oparg)
    }

    fn end_async_for(m, oparg) {
        let ip = m.ip();
        if m.peek(1)?.is_instance_of::<StopAsyncIteration>() {
            let goal = fire::fire_jump(m.thread, m.frame, ip, ip.add(1).sub(oparg), ip.add(1), event::BRANCH_RIGHT)?;
            if goal != ip.add(1) {
                return m.jump_to(goal);
            }
        }
        generator::end_async_for(m.frame, m.thread, oparg)
    }
}
