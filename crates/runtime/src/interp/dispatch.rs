//! What the bodies of instructions work on and answer with.
//!
//! Two drivers are made of one set of bodies: tail-called handlers (`tail.rs`), and a `match` in a loop (`matched.rs`) for
//! builds that do not turn tail calls into jumps. A *fast* body works on `Regs` and contains no call: a miss leaves by way
//! of the fallback instruction, before any side effect, and an object whose count came to zero by way of [`Act::DEALLOC`].
//! A *calling* body is such a body with calls of native code in its midst: it saves the registers before the first of them.
//! A *slow* body is an ordinary function; the driver saves the registers in the frame before it and reads them back after
//! it.

use super::frame::{self, Frame};
use super::stackref::StackRef;
use crate::abi::PyThreadState;
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
    /// An exception is set, and the registers were saved before: only of bodies that call.
    pub const RAISED: Act = Act(5);
    /// As `NEXT`, after what the eval breaker announces: only of bodies that call.
    pub const EVENTS: Act = Act(6);
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
