//! The protocols every object answers: attributes, calls, numbers, items, iteration, comparison, text.
//!
//! All are methods of `Ref<Object>`; a method that may run Python code returns `PyResult`.
//! CPython: `Objects/abstract.c`, `Objects/object.c`, `Objects/call.c`.

pub mod attr;
pub mod call;
pub mod class;
pub mod compare;
pub mod item;
pub mod iter;
pub mod number;
pub mod text;
