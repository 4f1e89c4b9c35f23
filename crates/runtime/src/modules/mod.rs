//! The native modules that need the inside of the virtual machine, and the table of them.

pub mod _ast;
pub mod _codecs;
pub mod _imp;
pub mod _signal;
pub mod _string;
pub mod _thread;
pub mod faulthandler;
pub mod _weakref;
pub mod atexit;
pub mod builtins;
pub mod errno;
pub mod gc;
pub mod marshal;
pub mod sys;
pub mod warnings;
