//! The engine: frames, dispatch, instructions, specialisation, calls, unwinding.
//!
//! `stackref` defines the words of the stack; `frame` the frames that hold them; `table` binds instruction numbers to
//! the bodies in `ops/`; `tail` or `matched` makes a driver of bodies; `specialize` rewrites instructions; `call` binds
//! arguments and enters from C; `unwind` finds exception handlers. CPython: `Python/ceval.c`, `Python/bytecodes.c`.

pub mod call;
mod constants;
pub mod dispatch;
pub mod frame;
#[cfg(any(match_driver, debug_assertions, miri))]
mod matched;
pub mod monitoring;
pub mod ops;
pub mod specialize;
pub mod stackref;
pub mod table;
#[cfg(not(any(match_driver, debug_assertions, miri)))]
mod tail;
pub mod unwind;

pub use call::{eval_code, eval_function};
