//! What the module keeps for as long as the interpreter lives.

use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;

use super::context::Context;
use crate::contextvars::variable::ContextVar;

pub struct State {
    /// The context variable of the current context.
    pub variable: Slot,
    /// `SignalDict`.
    pub signal_dict: Slot,
    /// `DecimalTuple`.
    pub decimal_tuple: Slot,
    /// `numbers.Rational`.
    pub rational: Slot,
    pub default_context: Slot,
    pub basic_context: Slot,
    pub extended_context: Slot,
}

pub static STATE: State = State {
    variable: Slot::new(),
    signal_dict: Slot::new(),
    decimal_tuple: Slot::new(),
    rational: Slot::new(),
    default_context: Slot::new(),
    basic_context: Slot::new(),
    extended_context: Slot::new(),
};

#[cold]
fn missing() -> Raised {
    raise!(RuntimeError, "_decimal is not initialised")
}

impl State {
    pub fn signal_dict(&self) -> PyResult<Ref<Type>> {
        // SAFETY: only a class is put there.
        unsafe { self.signal_dict.get_as::<Type>() }.ok_or_else(missing)
    }

    pub fn variable(&self) -> PyResult<Ref<ContextVar>> {
        // SAFETY: only a variable is put there.
        unsafe { self.variable.get_as::<ContextVar>() }.ok_or_else(missing)
    }

    pub fn default_context(&self) -> PyResult<Ref<Context>> {
        // SAFETY: only a context is put there.
        unsafe { self.default_context.get_as::<Context>() }.ok_or_else(missing)
    }

    pub fn decimal_tuple(&self) -> PyResult<Ref<Object>> {
        self.decimal_tuple.get().ok_or_else(missing)
    }

    pub fn rational(&self) -> PyResult<Ref<Object>> {
        self.rational.get().ok_or_else(missing)
    }

    /// Whether a context is one of the templates, which are copied before use.
    pub fn is_template(&self, context: &Ref<Object>) -> bool {
        [&self.default_context, &self.basic_context, &self.extended_context]
            .iter()
            .any(|slot| slot.as_ptr() == context.as_ptr())
    }
}
