//! The exceptions of conditions, and the mapping that shows the flags or traps of a context.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::exceptions;

use super::number::flag;
use super::state::STATE;
use crate::support;

/// A class: its name, the bits it stands for, and its bases by place in the table.
struct Condition {
    name: &'static str,
    bits: u32,
    bases: &'static [Base],
}

enum Base {
    Condition(usize),
    Arithmetic,
    ZeroDivision,
    Type,
}

const COUNT: usize = 14;
const INVALID: usize = 1;

#[rustfmt::skip]
static CONDITIONS: [Condition; COUNT] = [
    Condition { name: "DecimalException", bits: 0, bases: &[Base::Arithmetic] },
    Condition { name: "InvalidOperation", bits: flag::INVALID, bases: &[Base::Condition(0)] },
    Condition { name: "FloatOperation", bits: flag::FLOAT_OPERATION, bases: &[Base::Condition(0), Base::Type] },
    Condition { name: "DivisionByZero", bits: flag::DIVISION_BY_ZERO, bases: &[Base::Condition(0), Base::ZeroDivision] },
    Condition { name: "Subnormal", bits: flag::SUBNORMAL, bases: &[Base::Condition(0)] },
    Condition { name: "Inexact", bits: flag::INEXACT, bases: &[Base::Condition(0)] },
    Condition { name: "Rounded", bits: flag::ROUNDED, bases: &[Base::Condition(0)] },
    Condition { name: "Clamped", bits: flag::CLAMPED, bases: &[Base::Condition(0)] },
    Condition { name: "Overflow", bits: flag::OVERFLOW, bases: &[Base::Condition(5), Base::Condition(6)] },
    Condition { name: "Underflow", bits: flag::UNDERFLOW, bases: &[Base::Condition(5), Base::Condition(6), Base::Condition(4)] },
    Condition { name: "ConversionSyntax", bits: flag::CONVERSION_SYNTAX, bases: &[Base::Condition(INVALID)] },
    Condition { name: "DivisionImpossible", bits: flag::DIVISION_IMPOSSIBLE, bases: &[Base::Condition(INVALID)] },
    Condition { name: "DivisionUndefined", bits: flag::DIVISION_UNDEFINED, bases: &[Base::Condition(INVALID), Base::ZeroDivision] },
    Condition { name: "InvalidContext", bits: flag::INVALID_CONTEXT, bases: &[Base::Condition(INVALID)] },
];

/// The signals in the order of the mapping.
const SIGNALS: [usize; 9] = [1, 2, 3, 8, 9, 4, 5, 6, 7];
/// The conditions that are told apart within `InvalidOperation`.
const PARTS: [usize; 4] = [10, 11, 12, 13];

static CLASSES: [Slot; COUNT] = [const { Slot::new() }; COUNT];

fn class(index: usize) -> PyResult<Ref<Object>> {
    CLASSES[index].get().ok_or_else(|| raise!(RuntimeError, "_decimal is not initialised"))
}

/// Makes the classes and puts them into the module.
pub fn add_classes(module: &Ref<Module>) -> PyResult<()> {
    for (condition, slot) in CONDITIONS.iter().zip(&CLASSES) {
        if let Some(class) = slot.get() {
            module.add(condition.name, class)?;
            continue;
        }
        let mut bases = Vec::new();
        for base in condition.bases {
            bases.push(match base {
                Base::Condition(index) => class(*index)?,
                Base::Arithmetic => exceptions::ArithmeticError::type_object().upcast().to_owned(),
                Base::ZeroDivision => exceptions::ZeroDivisionError::type_object().upcast().to_owned(),
                Base::Type => exceptions::TypeError::type_object().upcast().to_owned(),
            });
        }
        let bases = Tuple::from_vec(bases)?;
        let dict = Dict::new()?;
        dict.set_str(id!("__module__"), Str::from_utf8_str("decimal")?.borrow())?;
        let made = Type::create(condition.name, bases.borrow(), dict.borrow())?.into_object();
        slot.set(Some(made.clone()));
        module.add(condition.name, made)?;
    }
    Ok(())
}

/// Raises the first signal of a status, with a list of all that it has.
#[cold]
pub fn raise(status: u32) -> Raised {
    let make = || -> PyResult<(Ref<Object>, Ref<List>)> {
        let mut first = None;
        let mut all = Vec::new();
        if status & flag::INVALID_OPERATION != 0 {
            all.push(class(INVALID)?);
        }
        for index in PARTS {
            if status & CONDITIONS[index].bits != 0 {
                all.push(class(index)?);
            }
        }
        for index in SIGNALS {
            if status & CONDITIONS[index].bits != 0 {
                if first.is_none() {
                    first = Some(class(index)?);
                }
                if index != INVALID {
                    all.push(class(index)?);
                }
            }
        }
        Ok((first.map_or_else(|| class(0), Ok)?, List::from_vec(all)?))
    };
    match make() {
        Ok((class, list)) => exceptions::set_object(class.borrow(), Some(list.as_borrowed())),
        Err(raised) => raised,
    }
}

#[cold]
fn invalid_signal() -> Raised {
    raise!(
        KeyError,
        "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, \
         Subnormal, Inexact, Rounded,\n   Clamped]"
    )
}

/// The bits of a signal class.
pub fn bits_of(signal: Borrowed<'_, Object>) -> PyResult<u32> {
    for index in SIGNALS {
        if CLASSES[index].as_ptr() == signal.as_ptr() {
            return Ok(CONDITIONS[index].bits);
        }
    }
    Err(invalid_signal())
}

/// The bits of a list of signals; parts of `InvalidOperation` are allowed too.
pub fn bits_of_list(signals: &Ref<List>) -> PyResult<u32> {
    let mut status = 0;
    let mut index = 0;
    while let Some(signal) = signals.get(index) {
        let part = PARTS.iter().find(|&&part| CLASSES[part].as_ptr() == signal.as_ptr());
        status |= match part {
            Some(&part) => CONDITIONS[part].bits,
            None if CLASSES[INVALID].as_ptr() == signal.as_ptr() => flag::INVALID_OPERATION,
            None => bits_of(signal.borrow())?,
        };
        index += 1;
    }
    Ok(status)
}

/// The classes of a status, as a context is pickled with them.
pub fn list_of(status: u32) -> PyResult<Ref<List>> {
    let mut all = Vec::new();
    for index in SIGNALS {
        if status & CONDITIONS[index].bits != 0 {
            all.push(class(index)?);
        }
    }
    List::from_vec(all)
}

/// The names of a status in the order of its bits.
pub fn names(status: u32) -> String {
    let mut names: Vec<&str> = Vec::new();
    for bit in (0..15).map(|bit| 1u32 << bit).filter(|bit| status & bit != 0) {
        let found = SIGNALS.iter().map(|&index| &CONDITIONS[index]).find(|condition| condition.bits & bit != 0);
        if let Some(condition) = found
            && !names.contains(&condition.name)
        {
            names.push(condition.name);
        }
    }
    format!("[{}]", names.join(", "))
}

/// The flags or traps of a context. The class that programs see, `SignalDict`, also has the methods of mutable mappings.
#[repr(C)]
pub struct Signals {
    head: PyObject,
    pub status: Cell<u32>,
    /// The context that this belongs to still exists.
    pub alive: Cell<bool>,
}

/// An instance for a new context.
pub fn new_signals() -> PyResult<Ref<Signals>> {
    let class = STATE.signal_dict()?;
    let this: Ref<Signals> = support::instance(class.borrow())?;
    this.alive.set(true);
    Ok(this)
}

impl Signals {
    #[inline]
    pub fn check(&self) -> PyResult<()> {
        if self.alive.get() { Ok(()) } else { Err(raise!(ValueError, "invalid signal dict")) }
    }
}

/// The status that a mapping of signals stands for: another `SignalDict` or a full `dict`.
pub fn bits_of_mapping(object: Borrowed<'_, Object>) -> PyResult<u32> {
    if let Some(signals) = object.downcast::<Signals>() {
        signals.check()?;
        return Ok(signals.status.get());
    }
    let Some(dict) = object.downcast::<Dict>() else {
        return Err(raise!(TypeError, "argument must be a signal dict"));
    };
    if dict.len() != SIGNALS.len() {
        return Err(raise!(KeyError, "invalid signal dict"));
    }
    let mut status = 0;
    for (key, value) in dict.items_snapshot()? {
        let bits = bits_of(key.borrow())?;
        if value.is_true()? {
            status |= bits;
        }
    }
    Ok(status)
}

#[pytype(name = "SignalDictMixin", module = "decimal", basetype, unhashable, gc, heap, getattribute)]
impl Signals {
    #[slot(tp_traverse)]
    fn traverse(_this: &Signals, _visit: &mut Visitor) {}

    #[init(signature = "(*args, **kwargs)", no_text_signature)]
    fn init(_this: &Ref<Signals>, _args: Args<'_>, _kwargs: KwArgs<'_>) -> PyResult<()> {
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Signals) {
        // SAFETY: called once, by the last decref.
        unsafe { memory::dealloc_finish(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Signals>) -> PyResult<String> {
        this.check()?;
        let mut parts = Vec::new();
        for index in SIGNALS {
            let on = this.status.get() & CONDITIONS[index].bits != 0;
            parts.push(format!("<class 'decimal.{}'>:{}", CONDITIONS[index].name, if on { "True" } else { "False" }));
        }
        Ok(format!("{{{}}}", parts.join(", ")))
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Signals>) -> PyResult<Ref<Object>> {
        this.check()?;
        let mut all = Vec::new();
        for index in SIGNALS {
            all.push(class(index)?);
        }
        Tuple::from_vec(all)?.as_object().iter()
    }

    #[slot(mp_length)]
    fn length(this: &Ref<Signals>) -> PyResult<isize> {
        this.check()?;
        Ok(SIGNALS.len() as isize)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Signals>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.check()?;
        Ok(Bool::from(this.status.get() & bits_of(key)? != 0).into_object())
    }

    #[slot(mp_ass_subscript)]
    fn assign(this: &Ref<Signals>, key: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.check()?;
        let Some(value) = value else { return Err(raise!(ValueError, "signal keys cannot be deleted")) };
        let bits = bits_of(key)?;
        let on = value.is_true()?;
        let status = this.status.get();
        this.status.set(if on { status | bits } else { status & !bits });
        Ok(())
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Signals>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        this.check()?;
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let equal = if other.downcast::<Signals>().is_some() {
            bits_of_mapping(other)? == this.status.get()
        } else if other.downcast::<Dict>().is_some() {
            match bits_of_mapping(other) {
                Ok(status) => status == this.status.get(),
                Err(raised) => {
                    raised.clear_if::<exceptions::KeyError>()?;
                    return Ok(not_implemented());
                }
            }
        } else {
            return Ok(not_implemented());
        };
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<Signals>) -> PyResult<Ref<Dict>> {
        this.check()?;
        let copy = Dict::new()?;
        for index in SIGNALS {
            let on = Bool::from(this.status.get() & CONDITIONS[index].bits != 0);
            copy.set_item(class(index)?.borrow(), on.as_borrowed())?;
        }
        Ok(copy)
    }
}
