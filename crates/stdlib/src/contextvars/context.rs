//! `contextvars.Context` and the iterators over it.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::{PyContext, PyObject};
use taipan_runtime::prelude::*;
use taipan_runtime::thread;

use super::map::Map;
use super::slot;
use super::variable::ContextVar;
use crate::support::{self, Slot};

/// `PyContext`.
#[repr(transparent)]
pub struct Context(pub PyContext);

/// The current context; an empty one is made where there is none yet.
pub fn current() -> PyResult<Ref<Context>> {
    let field = slot(&thread::current().context);
    // SAFETY: only contexts are put there.
    if let Some(context) = unsafe { field.get_as::<Context>() } {
        return Ok(context);
    }
    let context = Context::empty()?;
    field.set(Some(context.clone().into_object()));
    Ok(context)
}

/// Another context became current: caches of variables end.
fn switched() {
    let version = &thread::current().context_ver;
    version.set(version.get().wrapping_add(1));
    super::watchers::notify();
}

impl Context {
    pub fn empty() -> PyResult<Ref<Context>> {
        Context::with_map(Map::empty()?)
    }

    fn with_map(map: Ref<Map>) -> PyResult<Ref<Context>> {
        let this: Ref<Context> = support::instance_exact()?;
        this.set_map(map);
        Ok(this)
    }

    pub fn copied(&self) -> PyResult<Ref<Context>> {
        Context::with_map(self.map()?)
    }

    pub fn map(&self) -> PyResult<Ref<Map>> {
        // SAFETY: only a map is put there.
        match unsafe { slot(&self.0.ctx_vars).get_as::<Map>() } {
            Some(map) => Ok(map),
            None => Map::empty(),
        }
    }

    pub fn set_map(&self, map: Ref<Map>) {
        slot(&self.0.ctx_vars).set(Some(map.into_object()));
    }

    fn slots(&self) -> [&Slot; 2] {
        [slot(&self.0.ctx_prev), slot(&self.0.ctx_vars)]
    }
}

/// Makes the context the current one (`PyContext_Enter`).
pub fn enter(context: &Ref<Context>) -> PyResult<()> {
    if context.0.ctx_entered.get() != 0 {
        let text = context.as_object().repr()?;
        return Err(raise!(RuntimeError, "cannot enter context: {} is already entered", text.to_display()));
    }
    let previous = slot(&thread::current().context).replace(Some(context.as_object().clone()));
    slot(&context.0.ctx_prev).set(previous);
    context.0.ctx_entered.set(1);
    switched();
    Ok(())
}

/// Goes back to the context before (`PyContext_Exit`).
pub fn exit(context: &Ref<Context>) -> PyResult<()> {
    if context.0.ctx_entered.get() == 0 {
        let text = context.as_object().repr()?;
        return Err(raise!(RuntimeError, "cannot exit context: {} has not been entered", text.to_display()));
    }
    let current = slot(&thread::current().context);
    if current.as_ptr() != context.as_ptr() {
        return Err(raise!(RuntimeError, "cannot exit context: thread state references a different context object"));
    }
    let old = current.replace(slot(&context.0.ctx_prev).take());
    context.0.ctx_entered.set(0);
    switched();
    drop(old);
    Ok(())
}

fn expect_variable<'a>(key: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Object>> {
    if key.is_exact::<ContextVar>() {
        return Ok(key);
    }
    Err(raise!(TypeError, "a ContextVar key was expected, got {}", key.repr()?.to_display()))
}

#[pytype(
    name = "Context",
    module = "_contextvars",
    export = "PyContext_Type",
    gc,
    unhashable,
    weaklistoffset = offset_of!(PyContext, ctx_weakreflist)
)]
impl Context {
    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Context>> {
        let _ = cls;
        if !args.args.is_empty() {
            return Err(raise!(TypeError, "Context() does not accept any arguments"));
        }
        Context::empty()
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Context) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc_with_weakrefs(this, (*this).slots()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Context, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Context>) {
        support::clear(this.slots());
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Context>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !other.is_exact::<Context>() || !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        // SAFETY: checked just now.
        let other: &Ref<Context> = unsafe { other.cast_unchecked() };
        let equal = this.map()?.equals(&other.map()?)?;
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Context>) -> PyResult<Ref<Keys>> {
        Keys::over(this.map()?)
    }

    #[slot(mp_length)]
    fn length(this: &Ref<Context>) -> PyResult<isize> {
        Ok(this.map()?.len() as isize)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Context>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let variable = expect_variable(key)?;
        let map = this.map()?;
        match map.get(variable.as_ptr()) {
            Some(value) => Ok(value.to_owned()),
            None => Err(raise!(KeyError, object: key.to_owned())),
        }
    }

    #[slot(sq_contains)]
    fn contains(this: &Ref<Context>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        let variable = expect_variable(key)?;
        Ok(this.map()?.get(variable.as_ptr()).is_some())
    }

    #[method(signature = "($self, key, default=None, /)")]
    fn get(
        this: &Ref<Context>,
        key: Borrowed<'_, Object>,
        default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Option<Ref<Object>>> {
        let variable = expect_variable(key)?;
        let map = this.map()?;
        let found = map.get(variable.as_ptr()).or(default);
        Ok(found.map(|value| value.to_owned()))
    }

    #[method(signature = "($self, /)")]
    fn keys(this: &Ref<Context>) -> PyResult<Ref<Keys>> {
        Keys::over(this.map()?)
    }

    #[method(signature = "($self, /)")]
    fn values(this: &Ref<Context>) -> PyResult<Ref<Values>> {
        Values::over(this.map()?)
    }

    #[method(signature = "($self, /)")]
    fn items(this: &Ref<Context>) -> PyResult<Ref<Items>> {
        Items::over(this.map()?)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<Context>) -> PyResult<Ref<Context>> {
        this.copied()
    }

    #[method(raw, no_text_signature)]
    fn run(this: &Ref<Context>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let Some(callable) = args.get(0) else {
            return Err(raise!(TypeError, "run() missing 1 required positional argument"));
        };
        enter(this)?;
        let result = callable.call_args(&CallArgs { args: &args.args[1..], names: args.names });
        match result {
            Ok(result) => exit(this).map(|()| result),
            Err(raised) => {
                let error = raised.take();
                exit(this)?;
                Err(Raised::restore(error))
            }
        }
    }
}

macro_rules! iterators {
    ($($ty:ident $name:literal |$variable:ident, $value:ident| $give:expr;)*) => {$(
        #[repr(C)]
        pub struct $ty {
            head: PyObject,
            map: Slot,
            next: Cell<usize>,
        }

        impl $ty {
            fn over(map: Ref<Map>) -> PyResult<Ref<$ty>> {
                let this: Ref<$ty> = support::instance_exact()?;
                this.map.set(Some(map.into_object()));
                Ok(this)
            }

            fn map(&self) -> Option<Borrowed<'_, Map>> {
                // SAFETY: only a map is put there.
                support::fixed(&self.map).map(|map| unsafe { map.cast_borrowed_unchecked() })
            }
        }

        #[pytype(name = $name, gc, disallow_instantiation, basicsize = 168)]
        impl $ty {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe { support::dealloc(this, [&(*this).map]) }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                support::traverse([&this.map], visit);
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$ty>) -> Ref<$ty> {
                this.clone()
            }

            #[slot(mp_length)]
            fn length(this: &Ref<$ty>) -> usize {
                this.map().map_or(0, |map| map.len())
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$ty>) -> PyResult<Option<Ref<Object>>> {
                let Some(map) = this.map() else { return Ok(None) };
                let Some(($variable, $value)) = map.pair(this.next.get()) else { return Ok(None) };
                this.next.set(this.next.get() + 1);
                $give
            }
        }
    )*};
}

iterators! {
    Keys "keys" |variable, _value| Ok(Some(variable.to_owned()));
    Values "values" |_variable, value| Ok(Some(value.to_owned()));
    Items "items" |variable, value| Ok(Some(Tuple::pack([variable.to_owned(), value.to_owned()])?.into_object()));
}
