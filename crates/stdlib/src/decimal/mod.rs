//! `_decimal`: decimal floating point after the General Decimal Arithmetic Specification. CPython: `Modules/_decimal`.
//!
//! `coef` to `text` are the arithmetic on Rust values; the rest are the objects. An operation collects conditions in the
//! status of its `Env`; the context that it ran under takes them over, and raises those that it traps.

mod coef;

mod number;

mod arith;
mod compare;
mod places;
mod power;
mod text;

mod signals;
mod state;

mod context;
mod object;

mod conversions;
mod methods;
mod operations;
mod table;

use taipan_runtime::import::import_module;
use taipan_runtime::prelude::*;
use taipan_runtime::types::type_;

use context::{Context, Manager};
use number::{Env, Rounding, flag};
use object::Decimal;
use signals::Signals;
use state::STATE;

use crate::contextvars::variable::ContextVar;

pub struct DecimalModule;

/// The widest of the formats of IEEE 754 that `IEEEContext` gives.
const MAX_IEEE_BITS: i64 = 512;

#[pymodule(name = "_decimal")]
impl DecimalModule {
    const __version__: &'static str = "1.70";
    const __libmpdec_version__: &'static str = "2.5.1";
    const MAX_PREC: i64 = number::MAX_PREC;
    const MAX_EMAX: i64 = number::MAX_EMAX;
    const MIN_EMIN: i64 = number::MIN_EMIN;
    const MIN_ETINY: i64 = number::MIN_ETINY;
    const IEEE_CONTEXT_MAX_BITS: i64 = MAX_IEEE_BITS;
    const HAVE_THREADS: bool = true;
    const HAVE_CONTEXTVAR: bool = true;

    #[function(signature = "($module, /)")]
    fn getcontext() -> PyResult<Ref<Context>> {
        context::current()
    }

    #[function(signature = "($module, context, /)")]
    fn setcontext(context: Borrowed<'_, Object>) -> PyResult<()> {
        context::set_current(context)
    }

    #[function(signature = "($module, /, ctx=None, **kwargs)")]
    fn localcontext(ctx: Option<Borrowed<'_, Object>>, kwargs: KwArgs<'_>) -> PyResult<Ref<Manager>> {
        context::manager(ctx, kwargs)
    }

    #[function(name = "IEEEContext", signature = "($module, bits, /)")]
    fn ieee_context(bits: isize) -> PyResult<Ref<Context>> {
        let bits = bits as i64;
        if bits <= 0 || bits > MAX_IEEE_BITS || bits % 32 != 0 {
            return Err(raise!(ValueError, "argument must be a multiple of 32, with a maximum of {MAX_IEEE_BITS}"));
        }
        let emax = 3 * (1i64 << (bits / 16 + 3));
        let env = Env {
            prec: 9 * (bits / 32) - 2,
            emax,
            emin: 1 - emax,
            rounding: Rounding::HalfEven,
            clamp: true,
            status: 0,
        };
        context::create(context::Settings { env, capitals: true, traps: 0 })
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        signals::add_classes(module)?;
        module.add_type::<Decimal>()?;
        module.add_type::<Context>()?;
        type_::ready_static::<Manager>()?;
        type_::ready_static::<Signals>()?;

        if STATE.default_context.get().is_none() {
            start()?;
        }
        let shared = [
            ("DecimalTuple", &STATE.decimal_tuple),
            ("DefaultContext", &STATE.default_context),
            ("BasicContext", &STATE.basic_context),
            ("ExtendedContext", &STATE.extended_context),
        ];
        for (name, slot) in shared {
            if let Some(object) = slot.get() {
                module.add(name, object)?;
            }
        }
        for name in context::rounding_names() {
            module.add(name, Str::intern_str(name)?.into_object())?;
        }
        Ok(())
    }
}

/// Makes what all copies of the module share.
fn start() -> PyResult<()> {
    import_module("_contextvars")?;
    let name = Str::from_utf8_str("decimal_context")?;
    STATE.variable.set(Some(ContextVar::create(name.as_borrowed(), None)?.into_object()));

    let numbers = import_module("numbers")?;
    let number = numbers.getattr(id!("Number"))?;
    number.call_method(id!("register"), &[Decimal::type_object().upcast()])?;
    STATE.rational.set(Some(numbers.getattr(id!("Rational"))?));

    let collections = import_module("collections")?;
    let abc = import_module("collections.abc")?;
    let mapping = abc.getattr(id!("MutableMapping"))?;
    let bases = Tuple::pack([Signals::type_object().upcast().to_owned(), mapping.clone()])?;
    let dict = Dict::new()?;
    let meta = mapping.type_of().upcast().to_owned();
    let name = Str::from_utf8_str("SignalDict")?;
    let class = meta.call(&[name.as_borrowed(), bases.as_borrowed(), dict.as_borrowed()])?;
    class.setattr(id!("__module__"), Str::from_utf8_str("abc")?.as_borrowed())?;
    STATE.signal_dict.set(Some(class));

    let fields = Str::from_utf8_str("sign digits exponent")?;
    let name = Str::from_utf8_str("DecimalTuple")?;
    let tuple = collections.call_method(id!("namedtuple"), &[name.as_borrowed(), fields.as_borrowed()])?;
    tuple.setattr(id!("__module__"), Str::from_utf8_str("decimal")?.as_borrowed())?;
    STATE.decimal_tuple.set(Some(tuple));

    let default = context::default_settings();
    let small = Env { prec: 9, ..default.env };
    let basic = context::Settings {
        env: Env { rounding: Rounding::HalfUp, ..small },
        traps: default.traps | flag::UNDERFLOW | flag::CLAMPED,
        ..default
    };
    let extended = context::Settings { env: small, traps: 0, ..default };
    let templates =
        [(default, &STATE.default_context), (basic, &STATE.basic_context), (extended, &STATE.extended_context)];
    for (settings, slot) in templates {
        slot.set(Some(context::create(settings)?.into_object()));
    }
    Ok(())
}
