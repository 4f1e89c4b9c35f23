//! `contextvars.Token` and `Token.MISSING`.

use taipan_runtime::abi::{PyContextToken, PyObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

use super::context::Context;
use super::slot;
use super::variable::{self, ContextVar};
use crate::support::{self, Slot};

/// `PyContextToken`.
#[repr(transparent)]
pub struct Token(pub PyContextToken);

/// The type of `Token.MISSING`.
#[repr(C)]
pub struct Missing {
    head: PyObject,
}

/// The one instance. The GIL guards it.
static MISSING: Slot = Slot::new();

pub fn missing() -> PyResult<Ref<Object>> {
    if let Some(missing) = MISSING.get() {
        return Ok(missing);
    }
    // SAFETY: the type has no fields of its own.
    let missing = unsafe { Ref::<Object>::from_owned_ptr(taipan_runtime::memory::object::new::<Missing>()?) };
    MISSING.set(Some(missing.clone()));
    Ok(missing)
}

#[pytype(name = "MISSING", module = "Token", disallow_instantiation)]
impl Missing {
    #[slot(tp_repr)]
    fn repr(this: &Ref<Missing>) -> &'static str {
        let _ = this;
        "<Token.MISSING>"
    }
}

impl Token {
    pub fn create(
        context: &Ref<Context>,
        variable: &Ref<ContextVar>,
        old: Option<Ref<Object>>,
    ) -> PyResult<Ref<Token>> {
        let this: Ref<Token> = support::instance_exact()?;
        slot(&this.0.tok_ctx).set(Some(context.as_object().clone()));
        slot(&this.0.tok_var).set(Some(variable.as_object().clone()));
        slot(&this.0.tok_oldval).set(old);
        Ok(this)
    }

    fn slots(&self) -> [&Slot; 3] {
        [slot(&self.0.tok_ctx), slot(&self.0.tok_var), slot(&self.0.tok_oldval)]
    }
}

#[pytype(name = "Token", module = "_contextvars", export = "PyContextToken_Type", gc, unhashable)]
impl Token {
    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Token>> {
        let _ = (cls, args);
        Err(raise!(RuntimeError, "Tokens can only be created by ContextVars"))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Token) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Token, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Token>) {
        support::clear(this.slots());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Token>) -> PyResult<Ref<Str>> {
        let used = if this.0.tok_used.get() != 0 { " used" } else { "" };
        support::concat(vec![
            Str::from_utf8_str(&format!("<Token{used} var="))?,
            slot(&this.0.tok_var).get().unwrap_or_else(none).repr()?,
            Str::from_utf8_str(&format!(" at {:p}>", this.as_ptr()))?,
        ])
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<Token>) -> Ref<Token> {
        this.clone()
    }

    #[method(name = "__exit__", signature = "($self, type, val, tb, /)")]
    fn exit(
        this: &Ref<Token>,
        ty: Borrowed<'_, Object>,
        val: Borrowed<'_, Object>,
        tb: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        let _ = (ty, val, tb);
        // SAFETY: only a variable is put there.
        match unsafe { slot(&this.0.tok_var).get_as::<ContextVar>() } {
            Some(variable) => variable::reset(&variable, this),
            None => Ok(()),
        }
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[getter]
    fn var(this: &Ref<Token>) -> Option<Ref<Object>> {
        slot(&this.0.tok_var).get()
    }

    #[getter]
    fn old_value(this: &Ref<Token>) -> PyResult<Ref<Object>> {
        match slot(&this.0.tok_oldval).get() {
            Some(old) => Ok(old),
            None => missing(),
        }
    }
}
