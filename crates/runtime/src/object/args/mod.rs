//! Arguments: how C's argument vectors become Rust parameters, and how results go back.
//!
//! `unpack` sorts positional and keyword arguments into the places of a signature, with the messages of CPython;
//! `FromArg` converts one value by the Rust type of its parameter; `IntoReturn` and its kin convert results. The
//! attribute macros call all of this through `rt`, and nothing here is generic that does real work.
//!
//! CPython: `Python/getargs.c` and the converters of Argument Clinic.

mod buffer;
mod call_args;
mod constant;
mod defining_class;
mod from_arg;
mod integer;
mod into_return;
pub mod rt;
mod spec;
pub mod suggest;
#[cfg(test)]
mod tests;
mod unpack;

pub use buffer::{BufferArg, WritableBufferArg};
pub use call_args::{Args, CallArgs, KwArgs, TupleCall};
pub use constant::IntoConstant;
pub use defining_class::DefiningClass;
pub use from_arg::{CodePoint, FromArg, Nullable, bad_argument};
pub use into_return::{IntoFlag, IntoHash, IntoNext, IntoReturn, IntoSize, IntoStatus};
pub use spec::ArgSpec;
pub use unpack::{check_constructor, check_positional, check_positional_range, unpack};
