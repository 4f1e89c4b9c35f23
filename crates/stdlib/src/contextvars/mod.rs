//! `_contextvars`: contexts, context variables, tokens. CPython: `Python/context.c`.
//!
//! A context is an immutable map of variables that is replaced at each change, so copying one costs nothing. The thread state
//! owns the current context; a context that is entered owns the one it came from. **Invariant:** the map of a context
//! changes only while the context is current, and `context_ver` changes whenever another becomes current: this is what a
//! variable's cache hangs on.

mod api;
mod context;
mod map;
mod token;
pub mod variable;
mod watchers;

use core::cell::Cell;

use taipan_runtime::prelude::*;
use taipan_runtime::types::type_;

use crate::support::Slot;
pub use context::{Context, current, enter, exit};
use map::Map;
use token::{Missing, Token};
use variable::ContextVar;

/// An owning field of a C struct, seen as a slot.
fn slot<T>(field: &Cell<*mut T>) -> &Slot {
    // SAFETY: the same word; these fields own what they point to.
    unsafe { &*(&raw const *field).cast() }
}

pub struct ContextVars;

#[pymodule(name = "_contextvars")]
impl ContextVars {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        type_::ready_static::<Map>()?;
        type_::ready_static::<context::Keys>()?;
        type_::ready_static::<context::Values>()?;
        type_::ready_static::<context::Items>()?;
        type_::ready_static::<Missing>()?;
        module.add_type::<Context>()?;
        module.add_type::<ContextVar>()?;
        module.add_type::<Token>()?;
        let class = Token::type_object();
        class.dict().set_str(id!("MISSING"), token::missing()?.borrow())?;
        class.modified();
        Ok(())
    }

    #[function(signature = "($module, /)")]
    fn copy_context() -> PyResult<Ref<Context>> {
        context::current()?.copied()
    }
}
