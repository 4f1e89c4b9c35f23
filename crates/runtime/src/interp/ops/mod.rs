//! The bodies of the instructions, one file per family; specialised forms stand below the generic one.
//!
//! `interp/table.rs` binds them to instruction numbers. A fast body takes `(&mut Regs, thread)` and answers `Act`;
//! a slow body takes `(frame, thread, operand)` and answers `SlowResult`.

pub mod arith;
pub mod attr;
pub mod build;
pub mod call;
pub mod compare;
pub mod control;
pub mod except;
pub mod generator;
pub mod import;
pub mod instrumented;
pub mod intrinsic;
pub mod iter;
pub mod load_store;
pub mod pattern;
pub mod subscript;

use super::dispatch::{Act, Regs};
use super::frame;
use super::stackref::StackRef;
use crate::abi::PyObject;
use crate::object::header;
use crate::prelude::*;

/// Declares slow bodies: `slow! { fn name(m, oparg) { .. } }` gets the machine and the operand.
macro_rules! slow {
    ($($(#[$meta:meta])* fn $name:ident($m:ident, $oparg:pat) $body:block)*) => {$(
        $(#[$meta])*
        #[inline(never)]
        pub unsafe fn $name(
            frame: *mut $crate::interp::frame::Frame,
            thread: *mut $crate::abi::PyThreadState,
            $oparg: usize,
        ) -> $crate::interp::dispatch::SlowResult {
            let $m = $crate::interp::dispatch::Machine { frame, thread };
            #[allow(unused_unsafe)] // Not every body has an operation that needs it.
            // SAFETY: the handler passes the frame being executed, and the bytecode guarantees stack depth and indices.
            unsafe { $body }
        }
    )*};
}
pub(crate) use slow;

/// Declares fast bodies: `fast! { fn name(r, ts) { .. } }`.
macro_rules! fast {
    ($($(#[$meta:meta])* fn $name:ident($r:ident, $ts:pat) $body:block)*) => {$(
        $(#[$meta])*
        #[inline(always)]
        pub unsafe fn $name(
            $r: &mut $crate::interp::dispatch::Regs,
            $ts: *mut $crate::abi::PyThreadState,
        ) -> $crate::interp::dispatch::Act {
            #[allow(unused_unsafe)]
            // SAFETY: as for slow bodies.
            unsafe { $body }
        }
    )*};
}
pub(crate) use fast;

/// Leaves a frame that is taken care of: execution goes on in the frame below, `offset` units behind the instruction there, with
/// `value` on its stack.
#[inline(always)]
pub(crate) unsafe fn go_back(
    r: &mut Regs,
    ts: *mut crate::abi::PyThreadState,
    caller: *mut frame::Frame,
    offset: usize,
    value: StackRef,
) -> Act {
    // SAFETY: a live frame, whose registers were saved when it made the call.
    unsafe {
        (*ts).current_frame.set(caller);
        (*ts).py_recursion_remaining.set((*ts).py_recursion_remaining.get() + 1);
        r.fp = caller;
        r.sp = frame::stack_pointer(caller);
        r.ip = (*caller).instr_ptr.get().cast::<u16>().add(offset);
        push(r, value);
    }
    Act::JUMP
}

/// The slot of local variable `index`.
#[inline(always)]
pub(crate) unsafe fn local(r: &Regs, index: usize) -> *mut StackRef {
    // SAFETY: indices in bytecode are valid.
    unsafe { frame::local(r.fp, index) }
}

#[inline(always)]
pub(crate) unsafe fn push(r: &mut Regs, word: StackRef) {
    // SAFETY: the compiler reserved the depth.
    unsafe {
        *r.sp = word;
        r.sp = r.sp.add(1);
    }
}

#[inline(always)]
pub(crate) unsafe fn pop(r: &mut Regs) -> StackRef {
    // SAFETY: the stack is not empty, by the bytecode.
    unsafe {
        r.sp = r.sp.sub(1);
        *r.sp
    }
}

/// The slot `depth` words below the top (1 is the top).
#[inline(always)]
pub(crate) unsafe fn slot(r: &Regs, depth: usize) -> *mut StackRef {
    // SAFETY: the stack is that deep.
    unsafe { r.sp.sub(depth) }
}

/// The cache unit `index` units behind the instruction (1 is the counter).
#[inline(always)]
pub(crate) unsafe fn cache16(ip: *mut u16, index: usize) -> u16 {
    // SAFETY: the instruction has that many cache units.
    unsafe { *ip.add(index) }
}

#[inline(always)]
pub(crate) unsafe fn cache32(ip: *mut u16, index: usize) -> u32 {
    // SAFETY: as above.
    unsafe { ip.add(index).cast::<u32>().read_unaligned() }
}

#[inline(always)]
pub(crate) unsafe fn cache64(ip: *mut u16, index: usize) -> u64 {
    // SAFETY: as above.
    unsafe { ip.add(index).cast::<u64>().read_unaligned() }
}

/// Drops `word`; answers `after`, or its deallocating twin when the object has to go.
#[inline(always)]
pub(crate) unsafe fn drop_word(r: &mut Regs, word: StackRef, after: Act) -> Act {
    // SAFETY: the word was taken off the stack or out of a variable.
    unsafe {
        if word.is_owned() && lower(word) {
            r.pending = word.bits();
            return if after == Act::NEXT { Act::DEALLOC } else { Act::DEALLOC_JUMP };
        }
    }
    after
}

/// Takes a count off an owned word; `true` when it came to zero.
#[inline(always)]
pub(crate) unsafe fn lower(word: StackRef) -> bool {
    // SAFETY: an owned pointer.
    unsafe {
        let object = word.ptr();
        let count = (*object).ob_refcnt.get();
        if (count as i32) < 0 {
            return false;
        }
        (*object).ob_refcnt.set(count - 1);
        count == 1
    }
}

/// Drops a word that is not the last of its object: see [`is_last`].
#[inline(always)]
pub(crate) unsafe fn give_up(word: StackRef) {
    // SAFETY: the word was taken off the stack or out of a variable.
    unsafe {
        if word.is_owned() {
            lower(word);
        }
    }
}

/// As [`drop_word`] for two words, of which at most one is the last of its object.
#[inline(always)]
pub(crate) unsafe fn drop_two(r: &mut Regs, a: StackRef, b: StackRef) -> Act {
    // SAFETY: as above.
    unsafe {
        let (shared, other) = if is_last(a) { (b, a) } else { (a, b) };
        give_up(shared);
        drop_word(r, other, Act::NEXT)
    }
}

/// Whether dropping the word would deallocate its object.
#[inline(always)]
pub(crate) unsafe fn is_last(word: StackRef) -> bool {
    // SAFETY: an owned pointer is live.
    unsafe { word.is_owned() && (*word.ptr()).ob_refcnt.get() == 1 }
}

/// Makes the registers visible to the code that is called.
#[inline(always)]
pub(crate) unsafe fn save(r: &mut Regs) {
    // SAFETY: the frame being executed.
    unsafe {
        (*r.fp).instr_ptr.set(r.ip.cast());
        frame::set_stack_pointer(r.fp, r.sp);
    }
}

/// The word as a pointer with a count of its own for the heap, without any call; null when an immediate cannot be boxed so.
/// The word is given up where the pointer is not null.
#[inline(always)]
pub(crate) unsafe fn heap_pointer(word: StackRef) -> *mut crate::abi::PyObject {
    if word.is_int() {
        return crate::types::int::raw::box_fast(word.int_value());
    }
    // SAFETY: a live object.
    unsafe { word.heap_safe().ptr() }
}

/// Writes an immediate into the int that stands at a place of the heap which alone refers to it; `false` where it has to be replaced.
#[inline(always)]
pub(crate) unsafe fn overwrite(old: *mut crate::abi::PyObject, word: StackRef) -> bool {
    // SAFETY: null or a live object. What is borrowed on the stack is held by variables, not by places of the heap.
    unsafe { word.is_int() && !old.is_null() && crate::types::int::raw::overwrite(old, word.int_value()) }
}

/// Keeps the two ends of a conditional jump apart: as a select on the instruction pointer every later load would
/// wait for the comparison.
macro_rules! keep_branch {
    () => {
        core::arch::asm!("", options(nomem, nostack, preserves_flags))
    };
}
pub(crate) use keep_branch;

/// A new count of `ptr` as a word. Immortal objects need none, and integers among them become immediates: to make them objects
/// again costs no memory.
#[inline(always)]
pub(crate) unsafe fn counted(ptr: *mut PyObject) -> StackRef {
    // SAFETY: the caller passes a live object.
    unsafe {
        header::check(ptr);
        let count = (*ptr).ob_refcnt.get();
        if (count as i32) < 0 {
            return immortal(ptr);
        }
        (*ptr).ob_refcnt.set(count + 1);
        StackRef::steal(ptr)
    }
}

/// The word of an object of which a count is taken over, as [`counted`].
#[inline(always)]
pub(crate) unsafe fn owned(ptr: *mut PyObject) -> StackRef {
    // SAFETY: the caller passes a live object.
    unsafe { if ((*ptr).ob_refcnt.get() as i32) < 0 { immortal(ptr) } else { StackRef::steal(ptr) } }
}

#[inline(always)]
unsafe fn immortal(ptr: *mut PyObject) -> StackRef {
    // SAFETY: a live object.
    unsafe {
        if (*ptr).ob_type.get() == Int::TYPE && Int::fits_small_raw(ptr.cast()) {
            return StackRef::int(Int::small_value_raw(ptr.cast()));
        }
        StackRef::borrow_ptr(ptr)
    }
}
