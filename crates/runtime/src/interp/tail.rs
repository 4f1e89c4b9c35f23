//! The driver of tail-called handlers: one function per instruction, each ending in a jump to the next.
//!
//! The registers of the interpreter are the arguments of the functions. A handler contains no call that is not outlined:
//! what is rare leaves by a tail call. LLVM makes jumps of the tail calls at every optimisation level from 1 up as long as
//! a handler has nothing on its stack; `tests/check_dispatch` looks at the result. The operand travels in a register of its
//! own, so `EXTENDED_ARG` needs no state.

use super::frame::{self, Frame};
use super::stackref::StackRef;
use super::unwind;
use crate::abi::PyThreadState;
use crate::object::header;

/// A handler: the whole state of the interpreter in five registers.
pub type Handler = unsafe extern "C" fn(*mut u16, *mut StackRef, *mut Frame, *mut PyThreadState, usize) -> usize;

/// Jumps to the handler of the instruction at `ip`.
macro_rules! dispatch {
    ($ip:expr, $sp:expr, $fp:expr, $ts:expr) => {{
        let ip: *mut u16 = $ip;
        let word = *ip as usize;
        return $crate::interp::table::handler(word & 0xff)(ip, $sp, $fp, $ts, word >> 8);
    }};
}
pub(crate) use dispatch;

/// The handler of a fast instruction.
macro_rules! fast_handler {
    ($name:ident, $base:ident, $body:path, $miss:ident) => {
        pub unsafe extern "C" fn $name(
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
            oparg: usize,
        ) -> usize {
            // SAFETY: handlers are entered by dispatch alone, with the registers of a live frame.
            unsafe {
                const SIZE: usize = 1 + caches(Opcode::$base);
                let mut r = Regs { ip, sp, fp, oparg, pending: 0 };
                let act = $body(&mut r, ts);
                if act == Act::NEXT {
                    dispatch!(r.ip.add(SIZE), r.sp, r.fp, ts)
                }
                if act == Act::JUMP {
                    dispatch!(r.ip, r.sp, r.fp, ts)
                }
                if act == Act::DEALLOC {
                    return finish_dealloc(r.ip.add(SIZE), r.sp, r.fp, ts, r.pending as usize);
                }
                if act == Act::DEALLOC_JUMP {
                    return finish_dealloc(r.ip, r.sp, r.fp, ts, r.pending as usize);
                }
                $miss(ip, sp, fp, ts, oparg)
            }
        }
    };
}
pub(crate) use fast_handler;

/// The handler of a calling instruction: its registers outlive the calls in the machine's own, and nothing goes over memory.
macro_rules! calling_handler {
    ($name:ident, $base:ident, $body:path, $miss:ident) => {
        #[inline(never)]
        pub unsafe extern "C" fn $name(
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
            oparg: usize,
        ) -> usize {
            // SAFETY: as for fast handlers.
            unsafe {
                const SIZE: usize = 1 + caches(Opcode::$base);
                let mut r = Regs { ip, sp, fp, oparg, pending: 0 };
                let act = $body(&mut r, ts);
                if act == Act::NEXT {
                    dispatch!(ip.add(SIZE), r.sp, fp, ts)
                }
                if act == Act::JUMP {
                    dispatch!(r.ip, r.sp, r.fp, ts)
                }
                if act == Act::RAISED {
                    return raised(ip, sp, fp, ts, 0);
                }
                if act == Act::EVENTS {
                    return after_events(ip, r.sp, fp, ts, SIZE);
                }
                $miss(ip, sp, fp, ts, oparg)
            }
        }
    };
}
pub(crate) use calling_handler;

/// Handles what the eval breaker announces and goes on `size` units behind `ip`.
#[cold]
#[inline(never)]
pub unsafe extern "C" fn after_events(
    ip: *mut u16,
    sp: *mut StackRef,
    fp: *mut Frame,
    ts: *mut PyThreadState,
    size: usize,
) -> usize {
    // SAFETY: the instruction pointer was saved before the call; the result of the call is on the stack by now.
    unsafe {
        frame::set_stack_pointer(fp, sp);
        if crate::thread::handle_eval_breaker(ts).is_err() {
            return raised(ip, sp, fp, ts, 0);
        }
        dispatch!(ip.add(size), sp, fp, ts)
    }
}

/// The handler of a slow instruction.
macro_rules! slow_handler {
    ($name:ident, $base:ident, $body:path) => {
        // Kept apart from the fast form that falls back on it, which must not contain its call.
        #[inline(never)]
        pub unsafe extern "C" fn $name(
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
            oparg: usize,
        ) -> usize {
            // SAFETY: as for fast handlers.
            unsafe {
                const SIZE: usize = 1 + caches(Opcode::$base);
                (*fp).instr_ptr.set(ip.cast());
                frame::set_stack_pointer(fp, sp);
                match $body(fp, ts, oparg) {
                    Ok(Flow::Next) => dispatch!(ip.add(SIZE), frame::stack_pointer(fp), fp, ts),
                    Ok(Flow::Reload) => reload(ip, sp, fp, ts, 0),
                    Ok(Flow::Retry) => {
                        let opcode = *ip as usize & 0xff;
                        $crate::interp::table::handler(opcode)(ip, frame::stack_pointer(fp), fp, ts, oparg)
                    }
                    Ok(Flow::Exit) => leave(ip, sp, fp, ts, 0),
                    Err(_) => raised(ip, sp, fp, ts, 0),
                }
            }
        }
    };
}
pub(crate) use slow_handler;

/// The handler of `INSTRUMENTED_LINE` and `INSTRUMENTED_INSTRUCTION`: calls the tools, then goes on with what stands
/// behind it, with the same operand.
macro_rules! watched_handler {
    ($name:ident, $fire:path) => {
        pub unsafe extern "C" fn $name(
            ip: *mut u16,
            sp: *mut StackRef,
            fp: *mut Frame,
            ts: *mut PyThreadState,
            oparg: usize,
        ) -> usize {
            // SAFETY: as for fast handlers.
            unsafe {
                (*fp).instr_ptr.set(ip.cast());
                frame::set_stack_pointer(fp, sp);
                match $fire(ts, fp, ip) {
                    Ok(fire::Next::As(opcode)) => {
                        $crate::interp::table::handler(opcode as usize)(ip, frame::stack_pointer(fp), fp, ts, oparg)
                    }
                    Ok(fire::Next::Reload) => reload(ip, sp, fp, ts, 0),
                    Err(_) => raised(ip, sp, fp, ts, 0),
                }
            }
        }
    };
}
pub(crate) use watched_handler;

/// Deallocates the object in the operand register and goes on at `ip`.
#[cold]
#[inline(never)]
pub unsafe extern "C" fn finish_dealloc(
    ip: *mut u16,
    sp: *mut StackRef,
    fp: *mut Frame,
    ts: *mut PyThreadState,
    pending: usize,
) -> usize {
    // SAFETY: the object's count came to zero in the handler that sent us here. `__del__` may run, so the frame is
    // made visible first; the instruction pointer names the instruction before the next one.
    unsafe {
        let object = pending as *mut crate::abi::PyObject;
        if header::reclaim(object) {
            dispatch!(ip, sp, fp, ts)
        }
        (*fp).instr_ptr.set(ip.cast());
        frame::set_stack_pointer(fp, sp);
        header::dealloc_other(object);
        dispatch!(ip, sp, fp, ts)
    }
}

/// Goes on where the thread's current frame says.
#[inline(never)]
pub unsafe extern "C" fn reload(
    _ip: *mut u16,
    _sp: *mut StackRef,
    _fp: *mut Frame,
    ts: *mut PyThreadState,
    _oparg: usize,
) -> usize {
    // SAFETY: the current frame is complete.
    unsafe {
        let fp = (*ts).current_frame.get();
        dispatch!((*fp).instr_ptr.get().cast(), frame::stack_pointer(fp), fp, ts)
    }
}

/// Ends the run: the bits of the value on top of the stack are the result.
#[inline(never)]
pub unsafe extern "C" fn leave(
    _ip: *mut u16,
    _sp: *mut StackRef,
    _fp: *mut Frame,
    ts: *mut PyThreadState,
    _oparg: usize,
) -> usize {
    // SAFETY: the bottom frame of the run is current, and the result is on its stack.
    unsafe {
        let fp = (*ts).current_frame.get();
        let sp = frame::stack_pointer(fp).sub(1);
        frame::set_stack_pointer(fp, sp);
        (*sp).bits() as usize
    }
}

/// An exception is set: looks for its handler, in this frame and its callers within the run. The operand is 1 for an
/// exception of `throw()`, else 0.
#[cold]
#[inline(never)]
pub unsafe extern "C" fn raised(
    ip: *mut u16,
    sp: *mut StackRef,
    fp: *mut Frame,
    ts: *mut PyThreadState,
    thrown: usize,
) -> usize {
    // SAFETY: the frame's registers were saved before the body ran.
    unsafe {
        if unwind::find_handler(ts, thrown != 0) {
            return reload(ip, sp, fp, ts, 0);
        }
        StackRef::NULL.bits() as usize
    }
}

/// Runs frames from `handler` on: its instruction is at `ip`.
///
/// # Safety
/// The registers are those of the current frame.
pub unsafe fn start(
    handler: Handler,
    ip: *mut u16,
    sp: *mut StackRef,
    fp: *mut Frame,
    ts: *mut PyThreadState,
    oparg: usize,
) -> usize {
    // SAFETY: by contract.
    unsafe { handler(ip, sp, fp, ts, oparg) }
}

/// Runs frames from the handler of the exception that is set on, which comes from `throw()`.
///
/// # Safety
/// As [`start`].
pub unsafe fn start_raised(ip: *mut u16, sp: *mut StackRef, fp: *mut Frame, ts: *mut PyThreadState) -> usize {
    // SAFETY: by contract.
    unsafe { raised(ip, sp, fp, ts, 1) }
}

/// `EXTENDED_ARG`: the next instruction with a longer operand.
pub unsafe extern "C" fn extended_arg(
    ip: *mut u16,
    sp: *mut StackRef,
    fp: *mut Frame,
    ts: *mut PyThreadState,
    oparg: usize,
) -> usize {
    // SAFETY: an instruction follows, by the bytecode.
    unsafe {
        let ip = ip.add(1);
        let word = *ip as usize;
        super::table::handler(word & 0xff)(ip, sp, fp, ts, oparg << 8 | word >> 8)
    }
}

/// Defines the handlers of a list of instructions.
macro_rules! instructions {
    ($($kind:ident $name:ident: $base:ident = $body:path $(, miss $miss:ident)?;)*) => {
        #[allow(non_snake_case)]
        pub mod handlers {
            use super::*;
            use $crate::interp::tail::*;
            $(instructions!(@ $kind $name $base $body $(, $miss)?);)*
        }
    };
    (@ fast $name:ident $base:ident $body:path, $miss:ident) => { fast_handler!($name, $base, $body, $miss); };
    (@ calling $name:ident $base:ident $body:path, $miss:ident) => { calling_handler!($name, $base, $body, $miss); };
    (@ watched $name:ident $base:ident $body:path) => { watched_handler!($name, $body); };
    (@ slow $name:ident $base:ident $body:path) => { slow_handler!($name, $base, $body); };
}
pub(crate) use instructions;
