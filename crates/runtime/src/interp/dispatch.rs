//! From one set of instruction bodies to two drivers: tail-called handlers, and a `match` loop.
//!
//! A *fast* body is inlined into its handler and works on `Regs`, which LLVM keeps in registers. It contains no call:
//! a miss tail-calls the handler of the fallback instruction before any side effect, and an object whose count came
//! to zero goes to [`finish_dealloc`]. A *slow* body is an ordinary function; its handler saves the registers in the
//! frame before the call and reads them back after it. `docs/engine.md` lists what keeps a tail call a plain jump.
//!
//! The operand travels in a register of its own, so `EXTENDED_ARG` needs no state.

use super::frame::{self, Frame};
use super::stackref::StackRef;
use super::unwind;
use crate::abi::PyThreadState;
use crate::object::header;
use crate::prelude::*;

/// The registers of the interpreter.
pub struct Regs {
    pub ip: *mut u16,
    pub sp: *mut StackRef,
    pub fp: *mut Frame,
    pub oparg: usize,
    /// The object to deallocate, for [`Act::DEALLOC`] and [`Act::DEALLOC_JUMP`].
    pub pending: u64,
}

/// What a fast body answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Act(u32);

impl Act {
    /// Go on with the next instruction.
    pub const NEXT: Act = Act(0);
    /// Go on at `ip`, which the body has set.
    pub const JUMP: Act = Act(1);
    /// A guard failed: nothing has changed; execute the fallback instruction instead.
    pub const MISS: Act = Act(2);
    /// As `NEXT`, after deallocating `pending`.
    pub const DEALLOC: Act = Act(3);
    /// As `JUMP`, after deallocating `pending`.
    pub const DEALLOC_JUMP: Act = Act(4);
}

/// What a slow body answers; errors are `Err(Raised)`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Flow {
    /// Go on with the next instruction of the same frame.
    Next,
    /// Go on where the thread's current frame says: after a jump, a call or a return.
    Reload,
    /// Execute the same instruction again, with the same operand: it has been rewritten.
    Retry,
    /// Leave the run with the value on top of the stack.
    Exit,
}

pub type SlowResult = PyResult<Flow>;

/// What a slow body works on.
#[derive(Clone, Copy)]
pub struct Machine {
    pub frame: *mut Frame,
    pub thread: *mut PyThreadState,
}

impl Machine {
    #[inline(always)]
    pub unsafe fn sp(self) -> *mut StackRef {
        // SAFETY: the frame is the one being executed.
        unsafe { frame::stack_pointer(self.frame) }
    }

    #[inline(always)]
    pub unsafe fn push(self, word: StackRef) {
        // SAFETY: the compiler of the bytecode reserved the depth.
        unsafe {
            let sp = self.sp();
            *sp = word;
            frame::set_stack_pointer(self.frame, sp.add(1));
        }
    }

    #[inline(always)]
    pub unsafe fn push_ref<T>(self, value: Ref<T>) {
        // SAFETY: as above.
        unsafe { self.push(StackRef::from_ref(value)) }
    }

    /// Takes the top word.
    #[inline(always)]
    pub unsafe fn pop(self) -> StackRef {
        // SAFETY: the stack is not empty, by the bytecode.
        unsafe {
            let sp = self.sp().sub(1);
            frame::set_stack_pointer(self.frame, sp);
            *sp
        }
    }

    /// Takes the top word as an object.
    #[inline(always)]
    pub unsafe fn pop_object(self) -> PyResult<Ref<Object>> {
        // SAFETY: as above.
        unsafe { self.pop().into_object() }
    }

    /// Takes the top word as an object, `None` for NULL.
    pub unsafe fn pop_nullable(self) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: as above.
        unsafe {
            let word = self.pop();
            if word.is_null() { Ok(None) } else { word.into_object().map(Some) }
        }
    }

    /// The slot `depth` words below the top (1 is the top).
    #[inline(always)]
    pub unsafe fn slot(self, depth: usize) -> *mut StackRef {
        // SAFETY: the stack is that deep, by the bytecode.
        unsafe { self.sp().sub(depth) }
    }

    /// The object in the slot `depth` words below the top, boxed there if it was an immediate; the slot keeps it.
    #[inline(always)]
    pub unsafe fn peek<'a>(self, depth: usize) -> PyResult<Borrowed<'a, Object>> {
        // SAFETY: the slot keeps the object alive while it stays on the stack.
        unsafe { Ok(Borrowed::from_ptr(super::stackref::materialize(self.slot(depth))?)) }
    }

    /// Drops the top `count` words.
    #[inline(always)]
    pub unsafe fn drop_top(self, count: usize) {
        // SAFETY: the stack is that deep.
        unsafe {
            for _ in 0..count {
                self.pop().close();
            }
        }
    }

    /// `names[index]`.
    #[inline(always)]
    pub unsafe fn name<'a>(self, index: usize) -> Borrowed<'a, Str> {
        // SAFETY: indices in bytecode are valid, and the code object keeps its names.
        unsafe {
            let names: Borrowed<'a, Tuple> = Borrowed::from_ptr((*frame::code(self.frame)).co_names.get());
            Borrowed::from_ptr(*names.items_ptr().add(index))
        }
    }

    /// `co_consts[index]`.
    #[inline(always)]
    pub unsafe fn constant<'a>(self, index: usize) -> Borrowed<'a, Object> {
        // SAFETY: as above.
        unsafe {
            let consts: Borrowed<'a, Tuple> = Borrowed::from_ptr((*frame::code(self.frame)).co_consts.get());
            Borrowed::from_ptr(*consts.items_ptr().add(index))
        }
    }

    #[inline(always)]
    pub unsafe fn local(self, index: usize) -> *mut StackRef {
        // SAFETY: as above.
        unsafe { frame::local(self.frame, index) }
    }

    #[inline(always)]
    pub unsafe fn ip(self) -> *mut u16 {
        // SAFETY: the frame is live.
        unsafe { (*self.frame).instr_ptr.get().cast() }
    }

    /// Moves execution of this frame to `ip`; the body answers [`Flow::Reload`] then.
    #[inline(always)]
    pub unsafe fn jump_to(self, ip: *mut u16) -> SlowResult {
        // SAFETY: `ip` is an instruction of this frame's code.
        unsafe { (*self.frame).instr_ptr.set(ip.cast()) };
        Ok(Flow::Reload)
    }

    /// Moves execution `delta` units behind the instruction of `caches` cache units being executed.
    #[inline(always)]
    pub unsafe fn jump_by(self, caches: usize, delta: isize) -> SlowResult {
        // SAFETY: as above.
        unsafe { self.jump_to(self.ip().add(1 + caches).offset(delta)) }
    }

    pub unsafe fn globals<'a>(self) -> Borrowed<'a, Dict> {
        // SAFETY: the function keeps its globals.
        unsafe { Borrowed::from_ptr((*self.frame).f_globals.get()) }
    }

    /// The builtins; usually a dict, but any mapping may stand in.
    pub unsafe fn builtins<'a>(self) -> Borrowed<'a, Object> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr((*self.frame).f_builtins.get()) }
    }

    pub unsafe fn locals<'a>(self) -> Option<Borrowed<'a, Object>> {
        // SAFETY: the frame keeps its locals mapping.
        unsafe { Borrowed::from_ptr_or_null((*self.frame).f_locals.get()) }
    }
}

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

/// The handler of a slow instruction.
macro_rules! slow_handler {
    ($name:ident, $base:ident, $body:path) => {
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
                    Ok(Next::As(opcode)) => {
                        $crate::interp::table::handler(opcode as usize)(ip, frame::stack_pointer(fp), fp, ts, oparg)
                    }
                    Ok(Next::Reload) => reload(ip, sp, fp, ts, 0),
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
        (*fp).instr_ptr.set(ip.cast());
        frame::set_stack_pointer(fp, sp);
        header::dealloc(pending as *mut crate::abi::PyObject);
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
