//! `contextvars.ContextVar`.
//!
//! The cache is a borrowed pointer to the value in the current context. It is good while thread and version are those it was
//! made for, since then that context is still current and still has the value.

use core::mem::offset_of;
use core::ptr;

use taipan_runtime::abi::PyContextVar;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::generic_alias::GenericAlias;

use super::context;
use super::slot;
use super::token::Token;
use crate::support::{self, Slot};

/// `PyContextVar`.
#[repr(transparent)]
pub struct ContextVar(pub PyContextVar);

impl ContextVar {
    pub fn create(name: Borrowed<'_, Object>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<ContextVar>> {
        let Some(text) = name.downcast::<Str>() else {
            return Err(raise!(TypeError, "context variable name must be a str"));
        };
        let name_hash = text.as_object().hash()?;
        let this: Ref<ContextVar> = support::instance_exact()?;
        slot(&this.0.var_name).set(Some(name.to_owned()));
        slot(&this.0.var_default).set(default.map(|default| default.to_owned()));
        this.0.var_hash.set(match taipan_runtime::types::object::hash_pointer(this.as_ptr()) ^ name_hash {
            -1 => -2,
            hash => hash,
        });
        Ok(this)
    }

    fn slots(&self) -> [&Slot; 2] {
        [slot(&self.0.var_name), slot(&self.0.var_default)]
    }

    fn cache(&self, value: Borrowed<'_, Object>) {
        let thread = thread::current();
        self.0.var_cached.set(value.as_ptr());
        self.0.var_cached_tsid.set(thread.id.get());
        self.0.var_cached_tsver.set(thread.context_ver.get());
    }
}

/// The value in the current context, without any default.
pub fn lookup(this: &Ref<ContextVar>) -> PyResult<Option<Ref<Object>>> {
    let thread = thread::current();
    if thread.context.get().is_null() {
        return Ok(None);
    }
    let cached = this.0.var_cached.get();
    if !cached.is_null()
        && this.0.var_cached_tsid.get() == thread.id.get()
        && this.0.var_cached_tsver.get() == thread.context_ver.get()
    {
        // SAFETY: the current context has the value.
        return Ok(Some(unsafe { Ref::from_borrowed_ptr(cached) }));
    }
    let map = context::current()?.map()?;
    let Some(value) = map.get(this.as_ptr()) else { return Ok(None) };
    this.cache(value);
    Ok(Some(value.to_owned()))
}

/// The value, the default of the call, or the variable's own.
pub fn value_or_default(
    this: &Ref<ContextVar>,
    default: Option<Borrowed<'_, Object>>,
) -> PyResult<Option<Ref<Object>>> {
    if let Some(value) = lookup(this)? {
        return Ok(Some(value));
    }
    if let Some(default) = default {
        return Ok(Some(default.to_owned()));
    }
    Ok(slot(&this.0.var_default).get())
}

/// Binds the variable in the current context.
fn bind(this: &Ref<ContextVar>, value: Borrowed<'_, Object>) -> PyResult<()> {
    let context = context::current()?;
    let map = context.map()?.with(this.as_borrowed(), value)?;
    // Dropping the old map may run Python code, which sees a variable without a cache.
    this.0.var_cached.set(ptr::null_mut());
    context.set_map(map);
    let map = context.map()?;
    if let Some(value) = map.get(this.as_ptr()) {
        this.cache(value);
    }
    Ok(())
}

pub fn set(this: &Ref<ContextVar>, value: Borrowed<'_, Object>) -> PyResult<Ref<Token>> {
    let context = context::current()?;
    let old = context.map()?.get(this.as_ptr()).map(|old| old.to_owned());
    let token = Token::create(&context, this, old)?;
    bind(this, value)?;
    Ok(token)
}

pub fn reset(this: &Ref<ContextVar>, token: &Ref<Token>) -> PyResult<()> {
    let complain =
        |what: &str| -> PyResult<String> { Ok(format!("{} {what}", token.as_object().repr()?.to_display())) };
    if token.0.tok_used.get() != 0 {
        return Err(raise!(RuntimeError, "{}", complain("has already been used once")?));
    }
    if token.0.tok_var.get().cast() != this.as_ptr() {
        return Err(raise!(ValueError, "{}", complain("was created by a different ContextVar")?));
    }
    let context = context::current()?;
    if token.0.tok_ctx.get().cast() != context.as_ptr() {
        return Err(raise!(ValueError, "{}", complain("was created in a different Context")?));
    }
    token.0.tok_used.set(1);
    if let Some(old) = slot(&token.0.tok_oldval).get() {
        return bind(this, old.borrow());
    }
    match context.map()?.without(this.as_ptr())? {
        Some(map) => {
            this.0.var_cached.set(ptr::null_mut());
            context.set_map(map);
            this.0.var_cached.set(ptr::null_mut());
            Ok(())
        }
        None => Err(raise!(LookupError, object: this.as_object().clone())),
    }
}

#[pytype(name = "ContextVar", module = "_contextvars", export = "PyContextVar_Type", gc)]
impl ContextVar {
    #[new(signature = "(name, /, *, default=<unrepresentable>)", no_text_signature)]
    fn new(
        cls: Borrowed<'_, Type>,
        name: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<ContextVar>> {
        let _ = cls;
        ContextVar::create(name, default)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ContextVar) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ContextVar, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ContextVar>) {
        this.0.var_cached.set(ptr::null_mut());
        support::clear(this.slots());
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<ContextVar>) -> isize {
        this.0.var_hash.get()
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ContextVar>) -> PyResult<Ref<Str>> {
        let mut pieces =
            vec![Str::from_utf8_str("<ContextVar name=")?, slot(&this.0.var_name).get().unwrap_or_else(none).repr()?];
        if let Some(default) = slot(&this.0.var_default).get() {
            pieces.push(Str::from_utf8_str(" default=")?);
            pieces.push(default.repr()?);
        }
        pieces.push(Str::from_utf8_str(&format!(" at {:p}>", this.as_ptr()))?);
        support::concat(pieces)
    }

    #[method(signature = "($self, default=<unrepresentable>, /)")]
    fn get(this: &Ref<ContextVar>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        match value_or_default(this, default)? {
            Some(value) => Ok(value),
            None => Err(raise!(LookupError, object: this.as_object().clone())),
        }
    }

    #[method(name = "set", signature = "($self, value, /)")]
    fn set_method(this: &Ref<ContextVar>, value: Borrowed<'_, Object>) -> PyResult<Ref<Token>> {
        set(this, value)
    }

    #[method(name = "reset", signature = "($self, token, /)")]
    fn reset_method(this: &Ref<ContextVar>, token: Borrowed<'_, Object>) -> PyResult<()> {
        if !token.is_exact::<Token>() {
            return Err(raise!(TypeError, "expected an instance of Token, got {}", token.repr()?.to_display()));
        }
        // SAFETY: checked just now.
        reset(this, unsafe { token.cast_unchecked() })
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "name", kind = T_OBJECT, offset = offset_of!(PyContextVar, var_name), readonly)]
    const _NAME: () = ();
}
