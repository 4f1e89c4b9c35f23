//! `decimal.Context`: settings, flags and traps; the current context.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;

use super::number::{Env, MAX_EMAX, MAX_PREC, MIN_EMIN, Rounding, flag};
use super::signals::{self, Signals};
use super::state::STATE;
use crate::contextvars::variable;
use crate::support;

#[repr(C)]
pub struct Context {
    head: PyObject,
    prec: Cell<i64>,
    emax: Cell<i64>,
    emin: Cell<i64>,
    rounding: Cell<Rounding>,
    clamp: Cell<bool>,
    capitals: Cell<bool>,
    /// `Signals` for as long as the context lives.
    flags: Slot,
    traps: Slot,
}

/// The settings of a context, without its flags.
#[derive(Clone, Copy)]
pub struct Settings {
    pub env: Env,
    pub capitals: bool,
    pub traps: u32,
}

const ROUNDINGS: [(&str, Rounding); 8] = [
    ("ROUND_UP", Rounding::Up),
    ("ROUND_DOWN", Rounding::Down),
    ("ROUND_CEILING", Rounding::Ceiling),
    ("ROUND_FLOOR", Rounding::Floor),
    ("ROUND_HALF_UP", Rounding::HalfUp),
    ("ROUND_HALF_DOWN", Rounding::HalfDown),
    ("ROUND_HALF_EVEN", Rounding::HalfEven),
    ("ROUND_05UP", Rounding::ZeroFiveUp),
];

pub fn rounding_name(rounding: Rounding) -> &'static str {
    ROUNDINGS.iter().find(|pair| pair.1 == rounding).map_or("", |pair| pair.0)
}

pub fn rounding_names() -> impl Iterator<Item = &'static str> {
    ROUNDINGS.iter().map(|pair| pair.0)
}

pub fn rounding_of(object: Borrowed<'_, Object>) -> PyResult<Rounding> {
    if let Some(text) = object.downcast::<Str>() {
        for (name, rounding) in ROUNDINGS {
            if text.eq_str(name) {
                return Ok(rounding);
            }
        }
    }
    Err(raise!(
        TypeError,
        "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, \
         ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]"
    ))
}

/// An integer setting in a range, or the message.
fn setting(value: Option<Borrowed<'_, Object>>, least: i64, most: i64, message: &str) -> PyResult<i64> {
    let Some(value) = value else {
        return Err(raise!(AttributeError, "context attributes cannot be deleted"));
    };
    let Some(int) = value.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
    let Some(number) = int.to_i64() else {
        return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
    };
    if !(least..=most).contains(&number) {
        return Err(raise!(ValueError, "{message}"));
    }
    Ok(number)
}

/// A new context of exactly this type.
pub fn create(settings: Settings) -> PyResult<Ref<Context>> {
    let this = Context::alloc(Context::type_object())?;
    this.apply(settings)?;
    Ok(this)
}

pub fn default_settings() -> Settings {
    let env = Env { prec: 28, emax: 999_999, emin: -999_999, rounding: Rounding::HalfEven, clamp: false, status: 0 };
    Settings { env, capitals: true, traps: flag::INVALID | flag::DIVISION_BY_ZERO | flag::OVERFLOW }
}

impl Context {
    fn alloc(cls: Borrowed<'_, Type>) -> PyResult<Ref<Context>> {
        let this: Ref<Context> = support::instance(cls)?;
        this.add_signals()?;
        Ok(this)
    }

    fn add_signals(&self) -> PyResult<()> {
        self.flags.set(Some(signals::new_signals()?.into_object()));
        self.traps.set(Some(signals::new_signals()?.into_object()));
        Ok(())
    }

    fn apply(&self, settings: Settings) -> PyResult<()> {
        let Settings { env, capitals, traps } = settings;
        self.prec.set(env.prec);
        self.emax.set(env.emax);
        self.emin.set(env.emin);
        self.rounding.set(env.rounding);
        self.clamp.set(env.clamp);
        self.capitals.set(capitals);
        self.traps().status.set(traps);
        Ok(())
    }

    #[inline]
    fn flags(&self) -> Borrowed<'_, Signals> {
        // SAFETY: set when the context was made, and kept while it lives.
        unsafe { Borrowed::from_ptr(self.flags.as_ptr()) }
    }

    #[inline]
    fn traps(&self) -> Borrowed<'_, Signals> {
        // SAFETY: as above.
        unsafe { Borrowed::from_ptr(self.traps.as_ptr()) }
    }

    /// The environment of an operation under this context.
    #[inline]
    pub fn env(&self) -> Env {
        Env {
            prec: self.prec.get(),
            emax: self.emax.get(),
            emin: self.emin.get(),
            rounding: self.rounding.get(),
            clamp: self.clamp.get(),
            status: 0,
        }
    }

    pub fn has_capitals(&self) -> bool {
        self.capitals.get()
    }

    pub fn rounding(&self) -> Rounding {
        self.rounding.get()
    }

    /// Takes over the conditions of an operation; raises the first that is trapped.
    #[inline]
    pub fn take(&self, status: u32) -> PyResult<()> {
        if status == 0 {
            return Ok(());
        }
        self.set_flags(status);
        let trapped = status & self.traps().status.get();
        if trapped == 0 { Ok(()) } else { Err(signals::raise(trapped)) }
    }

    /// Takes over conditions without raising any.
    pub fn set_flags(&self, status: u32) {
        let flags = self.flags();
        flags.status.set(flags.status.get() | status);
    }

    pub fn copied(&self) -> PyResult<Ref<Context>> {
        let settings = Settings { env: self.env(), capitals: self.capitals.get(), traps: self.traps().status.get() };
        let copy = create(settings)?;
        copy.flags().status.set(self.flags().status.get());
        Ok(copy)
    }

    pub fn clear_flag_status(&self) {
        self.flags().status.set(0);
    }

    /// Sets one of the attributes that arguments name; `false` for another name.
    pub fn set_named(&self, name: &str, value: Borrowed<'_, Object>) -> PyResult<bool> {
        match name {
            "prec" => self.prec.set(setting(Some(value), 1, MAX_PREC, "valid range for prec is [1, MAX_PREC]")?),
            "rounding" => self.rounding.set(rounding_of(value)?),
            "Emin" => self.emin.set(setting(Some(value), MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]")?),
            "Emax" => self.emax.set(setting(Some(value), 0, MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]")?),
            "capitals" => {
                self.capitals.set(setting(Some(value), 0, 1, "valid values for capitals are 0 or 1")? != 0);
            }
            "clamp" => self.clamp.set(setting(Some(value), 0, 1, "valid values for clamp are 0 or 1")? != 0),
            "flags" => self.flags().status.set(status_argument(value)?),
            "traps" => {
                let status = status_argument(value)?;
                // A part of an invalid operation traps as the whole.
                self.traps().status.set(if status & flag::INVALID != 0 { status | flag::INVALID } else { status });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn status_argument(value: Borrowed<'_, Object>) -> PyResult<u32> {
    match value.downcast::<List>() {
        Some(list) => signals::bits_of_list(&list),
        None => signals::bits_of_mapping(value),
    }
}

/// The current context; a copy of the default one where there is none yet.
#[inline]
pub fn current() -> PyResult<Ref<Context>> {
    let var = STATE.variable()?;
    match variable::lookup(&var)? {
        // SAFETY: `set_current` puts contexts there alone.
        Some(context) => Ok(unsafe { context.into_unchecked() }),
        None => start(),
    }
}

#[cold]
fn start() -> PyResult<Ref<Context>> {
    let context = STATE.default_context()?.copied()?;
    context.clear_flag_status();
    variable::set(&STATE.variable()?, context.as_borrowed())?;
    Ok(context)
}

/// Makes a context current; a template is copied.
pub fn set_current(context: Borrowed<'_, Object>) -> PyResult<()> {
    let given = check(context)?;
    let var = STATE.variable()?;
    if STATE.is_template(&context) {
        let copy = given.copied()?;
        copy.clear_flag_status();
        variable::set(&var, copy.as_borrowed())?;
        return Ok(());
    }
    variable::set(&var, context)?;
    Ok(())
}

pub fn check<'a>(context: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Context>> {
    context.downcast_borrowed::<Context>().ok_or_else(|| raise!(TypeError, "argument must be a context"))
}

/// The context of an argument that may be left out or `None`.
pub fn context_or_current(context: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Context>> {
    match context.filter(|context| !context.is_none()) {
        None => current(),
        Some(context) => match context.downcast_borrowed::<Context>() {
            Some(context) => Ok(context.to_owned()),
            None => Err(raise!(TypeError, "optional argument must be a context")),
        },
    }
}

#[pytype(name = "Context", module = "decimal", basetype, gc, heap, basicsize = 104, extend = [Context::SHARED, Context::OPERATIONS, Context::MORE_OPERATIONS])]
impl Context {
    #[slot(tp_new)]
    fn prefill(this: &Ref<Context>) -> PyResult<()> {
        this.add_signals()?;
        let settings = match STATE.default_context() {
            Ok(default) => {
                Settings { env: default.env(), capitals: default.capitals.get(), traps: default.traps().status.get() }
            }
            Err(raised) => {
                raised.clear();
                default_settings()
            }
        };
        this.apply(settings)
    }

    #[init(
        signature = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)",
        text_signature = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the class")]
    fn init(
        this: &Ref<Context>,
        prec: Option<Borrowed<'_, Object>>,
        rounding: Option<Borrowed<'_, Object>>,
        emin: Option<Borrowed<'_, Object>>,
        emax: Option<Borrowed<'_, Object>>,
        capitals: Option<Borrowed<'_, Object>>,
        clamp: Option<Borrowed<'_, Object>>,
        flags: Option<Borrowed<'_, Object>>,
        traps: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let given = [
            ("prec", prec),
            ("rounding", rounding),
            ("Emin", emin),
            ("Emax", emax),
            ("capitals", capitals),
            ("clamp", clamp),
            ("traps", traps),
            ("flags", flags),
        ];
        for (name, value) in given {
            if let Some(value) = value.filter(|value| !value.is_none()) {
                this.set_named(name, value)?;
            }
        }
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Context) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            for slot in [&(*this).flags, &(*this).traps] {
                if let Some(signals) = slot.take() {
                    let signals: Ref<Signals> = signals.into_unchecked();
                    signals.alive.set(false);
                }
            }
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Context>) -> String {
        format!(
            "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
            this.prec.get(),
            rounding_name(this.rounding.get()),
            this.emin.get(),
            this.emax.get(),
            i32::from(this.capitals.get()),
            i32::from(this.clamp.get()),
            signals::names(this.flags().status.get()),
            signals::names(this.traps().status.get()),
        )
    }

    #[getter(name = "prec")]
    fn prec(this: &Ref<Context>) -> i64 {
        this.prec.get()
    }

    #[setter(name = "prec")]
    fn set_prec(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "prec", value)
    }

    #[getter(name = "rounding")]
    fn get_rounding(this: &Ref<Context>) -> PyResult<Ref<Str>> {
        Str::intern_str(rounding_name(this.rounding.get()))
    }

    #[setter(name = "rounding")]
    fn set_rounding(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "rounding", value)
    }

    #[getter(name = "Emin")]
    fn emin(this: &Ref<Context>) -> i64 {
        this.emin.get()
    }

    #[setter(name = "Emin")]
    fn set_emin(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "Emin", value)
    }

    #[getter(name = "Emax")]
    fn emax(this: &Ref<Context>) -> i64 {
        this.emax.get()
    }

    #[setter(name = "Emax")]
    fn set_emax(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "Emax", value)
    }

    #[getter(name = "capitals")]
    fn capitals(this: &Ref<Context>) -> i64 {
        i64::from(this.capitals.get())
    }

    #[setter(name = "capitals")]
    fn set_capitals(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "capitals", value)
    }

    #[getter(name = "clamp")]
    fn clamp(this: &Ref<Context>) -> i64 {
        i64::from(this.clamp.get())
    }

    #[setter(name = "clamp")]
    fn set_clamp(this: &Ref<Context>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        set_attribute(this, "clamp", value)
    }

    /// `flags` and `traps` are attributes that `dir()` does not show.
    #[slot(tp_getattro)]
    fn getattribute(this: &Ref<Context>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match name.downcast::<Str>() {
            Some(text) if text.eq_str("flags") => Ok(this.flags.get().unwrap_or_else(none)),
            Some(text) if text.eq_str("traps") => Ok(this.traps.get().unwrap_or_else(none)),
            _ => taipan_runtime::types::object::attr::generic_getattr(this.as_object(), name),
        }
    }

    #[slot(tp_setattro)]
    fn setattribute(
        this: &Ref<Context>,
        name: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        match name.downcast::<Str>() {
            Some(text) if text.eq_str("flags") => set_attribute(this, "flags", value),
            Some(text) if text.eq_str("traps") => set_attribute(this, "traps", value),
            _ => taipan_runtime::types::object::attr::generic_setattr(this.as_object(), name, value),
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Context, visit: &mut Visitor) {
        support::traverse([&this.flags, &this.traps], visit);
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<Context>) -> PyResult<Ref<Context>> {
        this.copied()
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy_protocol(this: &Ref<Context>) -> PyResult<Ref<Context>> {
        this.copied()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Context>) -> PyResult<Ref<Tuple>> {
        let arguments = Tuple::pack([
            Int::from_i64(this.prec.get())?.into_object(),
            Str::intern_str(rounding_name(this.rounding.get()))?.into_object(),
            Int::from_i64(this.emin.get())?.into_object(),
            Int::from_i64(this.emax.get())?.into_object(),
            Int::from_i64(i64::from(this.capitals.get()))?.into_object(),
            Int::from_i64(i64::from(this.clamp.get()))?.into_object(),
            signals::list_of(this.flags().status.get())?.into_object(),
            signals::list_of(this.traps().status.get())?.into_object(),
        ])?;
        Tuple::pack([this.type_of().upcast().to_owned(), arguments.into_object()])
    }

    #[method(signature = "($self, /)")]
    fn clear_flags(this: &Ref<Context>) {
        this.flags().status.set(0);
    }

    #[method(signature = "($self, /)")]
    fn clear_traps(this: &Ref<Context>) {
        this.traps().status.set(0);
    }

    #[method(name = "Etiny", signature = "($self, /)")]
    fn etiny(this: &Ref<Context>) -> i64 {
        this.env().etiny()
    }

    #[method(name = "Etop", signature = "($self, /)")]
    fn etop(this: &Ref<Context>) -> i64 {
        this.env().etop()
    }
}

fn set_attribute(this: &Ref<Context>, name: &str, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(raise!(AttributeError, "context attributes cannot be deleted"));
    };
    if value.downcast::<List>().is_some() && matches!(name, "flags" | "traps") {
        return Err(raise!(TypeError, "argument must be a signal dict"));
    }
    this.set_named(name, value).map(drop)
}

/// What `localcontext` gives.
#[repr(C)]
pub struct Manager {
    head: PyObject,
    local: Slot,
    global: Slot,
}

pub fn manager(context: Option<Borrowed<'_, Object>>, settings: KwArgs<'_>) -> PyResult<Ref<Manager>> {
    let global = current()?;
    let local = match context.filter(|context| !context.is_none()) {
        None => global.copied()?,
        Some(context) => match context.downcast::<Context>() {
            Some(context) => context.copied()?,
            None => return Err(raise!(TypeError, "optional argument must be a context")),
        },
    };
    for (name, value) in settings {
        // `None` leaves a setting as it is.
        let text = name.to_display().to_string();
        let known = rounding_or_name(&text);
        if !known {
            return Err(raise!(TypeError, "this function got an unexpected keyword argument '{text}'"));
        }
        if !value.is_none() {
            local.set_named(&text, value)?;
        }
    }
    let this: Ref<Manager> = support::instance(Manager::type_object())?;
    this.local.set(Some(local.into_object()));
    this.global.set(Some(global.into_object()));
    Ok(this)
}

fn rounding_or_name(name: &str) -> bool {
    matches!(name, "prec" | "rounding" | "Emin" | "Emax" | "capitals" | "clamp" | "flags" | "traps")
}

#[pytype(name = "ContextManager", module = "decimal", disallow_instantiation, gc, heap, getattribute)]
impl Manager {
    #[slot(tp_traverse)]
    fn traverse(this: &Manager, visit: &mut Visitor) {
        support::traverse([&this.local, &this.global], visit);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Manager) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).local.take());
            drop((*this).global.take());
            memory::dealloc_finish(this);
        }
    }

    #[method(name = "__enter__", signature = "($self, /)")]
    fn enter(this: &Ref<Manager>) -> PyResult<Option<Ref<Object>>> {
        let local = this.local.get();
        if let Some(local) = &local {
            set_current(local.borrow())?;
        }
        Ok(local)
    }

    #[method(name = "__exit__", signature = "($self, /, *args)", no_text_signature)]
    fn exit(this: &Ref<Manager>, args: Args<'_>) -> PyResult<bool> {
        let _ = args;
        if let Some(global) = this.global.get() {
            set_current(global.borrow())?;
        }
        Ok(false)
    }
}
