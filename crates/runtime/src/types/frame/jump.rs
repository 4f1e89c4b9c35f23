//! Setting `f_lineno`: a tracer moves execution to another line.
//!
//! The stack at the target must be one that the present stack can become by dropping words. What stands on the stack at
//! each instruction is found by going through the code as the compiler does, with kinds in place of values. Dropping an
//! exception that is being handled gives back the one before. CPython: `frame_lineno_set_impl` in `frameobject.c`.

use taipan_compiler::opcode::{CACHES, Opcode, popped, pushed};

use super::FrameObject;
use crate::abi::{FRAME_OWNED_BY_GENERATOR, PyCodeObject};
use crate::interp::dispatch::Machine;
use crate::interp::frame as iframe;
use crate::interp::monitoring::install::base_opcode;
use crate::interp::monitoring::{event, fire};
use crate::interp::stackref::StackRef;
use crate::interp::unwind;
use crate::prelude::*;
use crate::types::Code;
use crate::types::code::Locations;

/// Kinds of words, three bits each, the top of the stack lowest. The numbers order stacks of one depth as CPython does.
type Stack = i64;
const EMPTY: Stack = 0;
/// Too deep for the bits.
const OVERFLOWED: Stack = -1;
/// The instruction cannot be reached.
const UNKNOWN: Stack = -2;

const ITERATOR: i64 = 1;
const EXCEPTION: i64 = 2;
const OBJECT: i64 = 3;
const NULL: i64 = 4;
const POSITION: i64 = 5;

const BITS: u32 = 3;
const MASK: i64 = (1 << BITS) - 1;
const MOST: Stack = 1 << (BITS * 20 + 2);

fn push(stack: Stack, kind: i64) -> Stack {
    if !(0..MOST).contains(&stack) { OVERFLOWED } else { stack << BITS | kind }
}

fn pop(stack: Stack) -> Stack {
    if stack < 0 { stack } else { stack >> BITS }
}

fn top(stack: Stack) -> i64 {
    stack & MASK
}

fn peek(stack: Stack, depth: usize) -> i64 {
    (stack >> (BITS as usize * depth.saturating_sub(1)).min(63)) & MASK
}

fn swap(stack: Stack, depth: usize) -> Stack {
    if stack < 0 {
        return stack;
    }
    let shift = (BITS as usize * depth.saturating_sub(1)).min(60);
    let (here, there) = (top(stack), peek(stack, depth));
    let cleared = stack & !(MASK << shift) & !MASK;
    cleared | there | here << shift
}

fn depth(mut stack: Stack) -> usize {
    let mut depth = 0;
    while stack > 0 {
        stack = pop(stack);
        depth += 1;
    }
    depth
}

/// The stack before each instruction of the code.
unsafe fn stacks(code: &Ref<Code>) -> PyResult<Vec<Stack>> {
    let count = code.units();
    let mut stacks: Vec<Stack> = Vec::new();
    if stacks.try_reserve_exact(count + 1).is_err() {
        return Err(Raised::no_memory());
    }
    stacks.resize(count + 1, UNKNOWN);
    stacks[0] = EMPTY;
    let mut again = true;
    while again {
        again = false;
        // SAFETY: live code.
        unsafe { scan(code.raw(), &mut stacks, &mut again) };
        let table = code.exception_table();
        for (range, handler) in unwind::entries(table.as_slice()) {
            let (Some(&start), Some(&target)) = (stacks.get(range.start), stacks.get(handler.target)) else { continue };
            if start == UNKNOWN || target != UNKNOWN {
                continue;
            }
            again = true;
            let mut stack = start;
            while depth(stack) > handler.depth {
                stack = pop(stack);
            }
            if handler.push_lasti {
                stack = push(stack, POSITION);
            }
            stacks[handler.target] = push(stack, EXCEPTION);
        }
    }
    Ok(stacks)
}

/// One pass over the instructions; `again` is set when a jump back reached something new.
unsafe fn scan(code: *mut PyCodeObject, stacks: &mut [Stack], again: &mut bool) {
    let count = stacks.len() - 1;
    let mut index = 0;
    while index < count {
        let mut stack = stacks[index];
        // SAFETY: an instruction of live code.
        let read = |index: usize| unsafe {
            let unit = *iframe::first_instruction(code).cast::<u16>().add(index);
            (base_opcode(code, index), (unit >> 8) as usize)
        };
        let (mut number, mut operand) = read(index);
        while number == Opcode::EXTENDED_ARG as u8 && index + 1 < count {
            index += 1;
            stacks[index] = stack;
            let (next, low) = read(index);
            (number, operand) = (next, operand << 8 | low);
        }
        let next = index + 1 + CACHES[number as usize] as usize;
        let here = index;
        index = next;
        if stack == UNKNOWN {
            continue;
        }
        let Some(opcode) = Opcode::from_number(number as u16) else { continue };
        let mut set = |place: usize, stack: Stack| {
            if let Some(slot) = stacks.get_mut(place) {
                *slot = stack;
            }
        };
        match opcode {
            Opcode::POP_JUMP_IF_FALSE
            | Opcode::POP_JUMP_IF_TRUE
            | Opcode::POP_JUMP_IF_NONE
            | Opcode::POP_JUMP_IF_NOT_NONE => {
                stack = pop(stack);
                set(next + operand, stack);
                set(next, stack);
            }
            Opcode::SEND => {
                set(next + operand, stack);
                set(next, stack);
            }
            Opcode::JUMP_FORWARD => set(next + operand, stack),
            Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => {
                let target = next.saturating_sub(operand);
                if target < here && stacks[target] == UNKNOWN {
                    *again = true;
                }
                stacks[target] = stack;
            }
            Opcode::GET_ITER | Opcode::GET_AITER => set(next, push(pop(stack), ITERATOR)),
            Opcode::FOR_ITER => {
                stack = push(stack, OBJECT);
                set(next, stack);
                set(next + operand, stack);
            }
            Opcode::END_ASYNC_FOR => set(next, pop(pop(stack))),
            Opcode::PUSH_EXC_INFO => set(next, push(stack, EXCEPTION)),
            Opcode::POP_EXCEPT => set(next, pop(stack)),
            Opcode::RETURN_VALUE | Opcode::RAISE_VARARGS | Opcode::RERAISE => {}
            Opcode::PUSH_NULL => set(next, push(stack, NULL)),
            Opcode::LOAD_GLOBAL => {
                stack = push(stack, OBJECT);
                set(next, if operand & 1 != 0 { push(stack, NULL) } else { stack });
            }
            Opcode::LOAD_ATTR => {
                if operand & 1 != 0 {
                    stack = push(push(pop(stack), OBJECT), NULL);
                }
                set(next, stack);
            }
            Opcode::SWAP => set(next, swap(stack, operand)),
            Opcode::COPY => set(next, push(stack, peek(stack, operand))),
            _ => {
                let effect = pushed(opcode, operand as i32) - popped(opcode, operand as i32);
                for _ in effect..0 {
                    stack = pop(stack);
                }
                for _ in 0..effect {
                    stack = push(stack, OBJECT);
                }
                set(next, stack);
            }
        }
    }
}

/// Whether dropping words of `from` gives a stack that can stand for `to`.
fn compatible(mut from: Stack, mut to: Stack) -> bool {
    if from < 0 || to < 0 {
        return false;
    }
    while from > to {
        from = pop(from);
    }
    while from != 0 {
        let fits = match top(to) {
            0 => false,
            OBJECT => top(from) != NULL,
            NULL => true,
            kind => top(from) == kind,
        };
        if !fits {
            return false;
        }
        (from, to) = (pop(from), pop(to));
    }
    to == 0
}

fn why_incompatible(to: Stack) -> &'static str {
    match to {
        OVERFLOWED => "stack is too deep to analyze",
        UNKNOWN => "can't jump into an exception handler, or code may be unreachable",
        _ => match top(to) {
            EXCEPTION => "can't jump into an 'except' block as there's no exception",
            POSITION => "can't jump into a re-raising block as there's no location",
            ITERATOR => "can't jump into the body of a for loop",
            _ => "incompatible stacks",
        },
    }
}

/// Refuses outside of trace functions, and at events where a jump makes no sense.
fn check_event() -> PyResult<()> {
    match crate::thread::current().what_event.get() {
        event if event < 0 => Err(raise!(ValueError, "f_lineno can only be set in a trace function")),
        event => match event as usize {
            event::PY_RESUME
            | event::JUMP
            | event::BRANCH_LEFT
            | event::BRANCH_RIGHT
            | event::LINE
            | event::PY_YIELD => Ok(()),
            event::PY_START => Err(raise!(ValueError, "can't jump from the 'call' trace event of a new frame")),
            event::CALL | event::C_RETURN => Err(raise!(ValueError, "can't jump during a call")),
            _ => Err(raise!(ValueError, "can only jump from a 'line' trace event")),
        },
    }
}

/// The best instruction of the wanted line for the present stack, with the stack there.
fn choose(lines: &[i32], stacks: &[Stack], line: i32, from: Stack) -> Result<(usize, Stack), &'static str> {
    let mut best: Option<(usize, Stack)> = None;
    let mut reason = None;
    for (index, _) in lines.iter().enumerate().filter(|(_, here)| **here == line) {
        let to = stacks[index];
        if compatible(from, to) {
            if to > best.map_or(OVERFLOWED, |(_, stack)| stack) {
                best = Some((index, to));
            }
        } else if best.is_none() && reason.is_none() {
            reason = match from {
                OVERFLOWED => Some("stack to deep to analyze"),
                UNKNOWN => Some("can't jump from unreachable code"),
                _ => Some(why_incompatible(to)),
            };
        }
    }
    best.ok_or(reason.unwrap_or("cannot find bytecode for specified line"))
}

/// Moves the execution of a frame to the first line of code at or after `value`.
pub fn set_line(frame: &Ref<FrameObject>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let Some(value) = value else { return Err(raise!(AttributeError, "cannot delete attribute")) };
    let Some(number) = value.downcast_exact::<Int>() else {
        return Err(raise!(ValueError, "lineno must be an integer"));
    };
    check_event()?;
    let code = frame.code();
    let wanted = match number.to_isize().and_then(|line| i32::try_from(line).ok()) {
        Some(line) => line,
        None => return Err(raise!(ValueError, "lineno out of range")),
    };
    if wanted < code.0.co_firstlineno.get() {
        return Err(raise!(ValueError, "line {wanted} comes before the current code block"));
    }
    let lines = line_starts(&code)?;
    let Some(line) = lines.iter().copied().filter(|line| *line >= wanted).min() else {
        return Err(raise!(ValueError, "line {wanted} comes after the current code block"));
    };
    // SAFETY: the frame object's frame is live; nothing of it is held across the warning.
    unsafe {
        let stacks = stacks(&code)?;
        let raw = frame.frame();
        let mut from = stacks[iframe::instruction_index(raw).min(code.units())];
        let (target, to) = match choose(&lines, &stacks, line, from) {
            Ok(best) => best,
            Err(reason) => return Err(raise!(ValueError, "{reason}")),
        };
        bind_unbound(frame, &code)?;
        let suspended = (*raw).owner.get() == FRAME_OWNED_BY_GENERATOR as c_char && {
            let generator = crate::types::generator::of_frame(raw);
            (*generator).gi_frame_state.get() == crate::abi::FRAME_SUSPENDED
        };
        if suspended {
            // The value of the yield is off the stack already.
            from = pop(from);
        }
        let machine = Machine { frame: raw, thread: crate::thread::current_ptr() };
        while from > to {
            let word = machine.pop();
            if top(from) == EXCEPTION {
                let handled = word.into_object()?;
                let handled = if handled.is_none() { None } else { Some(handled) };
                crate::thread::set_handled_exception(handled);
            } else if !word.is_null() {
                word.close();
            }
            from = pop(from);
        }
        frame.0.f_lineno.set(0);
        let ip = iframe::first_instruction(code.raw()).add(target);
        (*raw).instr_ptr.set(ip);
        fire::note_move(ip.cast());
    }
    Ok(())
}

/// The line that begins at each unit, -1 where none does. The prologue, which makes cells and the generator, must not be
/// executed twice: its line begins behind it.
fn line_starts(code: &Ref<Code>) -> PyResult<Vec<i32>> {
    let mut lines = Vec::new();
    if lines.try_reserve_exact(code.units()).is_err() {
        return Err(Raised::no_memory());
    }
    lines.resize(code.units(), -1);
    let table = code.line_table();
    let mut last = -1;
    for location in Locations::new(table.as_slice(), code.0.co_firstlineno.get()) {
        let start = location.start.max(code.0._co_firsttraceable.get() as usize);
        if let Some(line) = location.line
            && line != last
            && start < location.end.min(lines.len())
        {
            lines[start] = line;
            last = line;
        }
    }
    Ok(lines)
}

/// The compiler may have proven that variables are bound at the target: `None` is put where nothing is.
unsafe fn bind_unbound(frame: &Ref<FrameObject>, code: &Ref<Code>) -> PyResult<()> {
    // SAFETY: the frame is live, and has that many variables.
    unsafe {
        let count = code.0.co_nlocalsplus.get() as usize;
        let unbound = (0..count).filter(|&index| (*iframe::local(frame.frame(), index)).is_null()).count();
        if unbound == 0 {
            return Ok(());
        }
        let plural = if unbound == 1 { "" } else { "s" };
        crate::modules::warnings::warn(
            crate::types::exceptions::RuntimeWarning::type_object(),
            &format!("assigning None to {unbound} unbound local{plural}"),
            0,
        )?;
        for index in 0..count {
            let slot = iframe::local(frame.frame(), index);
            if (*slot).is_null() {
                *slot = StackRef::none();
            }
        }
        Ok(())
    }
}
