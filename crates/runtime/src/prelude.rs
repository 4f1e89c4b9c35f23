//! What nearly every file of the runtime and of the native modules uses.

pub use crate::abi;
pub use crate::memory::fallible::{Gather, GatherResults, Grow, GrowText, Pile, TryToVec, vec_with_capacity};
pub use crate::object::args::{Args, CallArgs, DefiningClass, KwArgs, Nullable};
pub use crate::object::{
    Borrowed, CompareOp, Object, PyLayout, PyResult, Raised, Ref, SendResult, Visitor, ellipsis, none, not_implemented,
};
pub use crate::types::{
    Bool, ByteArray, Bytes, Complex, Dict, Float, FrozenSet, Int, List, MemoryView, Module, Set, Slice, Str, Tuple,
    Type,
};
pub use crate::{id, raise};
pub use core::ffi::{CStr, c_char, c_int, c_void};
pub use taipan_macros::{pymethods, pymodule, pytype};
