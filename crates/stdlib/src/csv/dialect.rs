//! `Dialect`: the settings of a reader or writer. They are checked once, when it is made, and never change.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

pub const QUOTE_MINIMAL: i32 = 0;
pub const QUOTE_ALL: i32 = 1;
pub const QUOTE_NONNUMERIC: i32 = 2;
pub const QUOTE_NONE: i32 = 3;
pub const QUOTE_STRINGS: i32 = 4;
pub const QUOTE_NOTNULL: i32 = 5;

/// No character: a setting that is None.
pub const NOT_SET: u32 = u32::MAX;

/// `_csv.Dialect`
#[repr(C)]
pub struct Dialect {
    head: PyObject,
    pub double_quote: Cell<bool>,
    pub skip_initial_space: Cell<bool>,
    pub strict: Cell<bool>,
    pub quoting: Cell<i32>,
    pub delimiter: Cell<u32>,
    pub quote: Cell<u32>,
    pub escape: Cell<u32>,
    /// A string.
    terminator: Slot,
}

impl Dialect {
    pub fn terminator(&self) -> PyResult<Ref<Str>> {
        // SAFETY: a string is put there alone.
        match unsafe { self.terminator.get_as() } {
            Some(text) => Ok(text),
            None => Err(raise!(SystemError, "dialect was cleared")),
        }
    }

    /// The dialect of a call `Dialect(dialect, **settings)`.
    pub fn from_call(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Dialect>> {
        let given = args.unpack::<9>(&NEW)?;
        let base = match given[0] {
            Some(name) if name.is_instance_of::<Str>() => Some(super::registered(name)?),
            Some(dialect) => Some(dialect.to_owned()),
            None => None,
        };
        if let Some(base) = &base
            && given[1..].iter().all(Option::is_none)
            && let Some(same) = base.downcast::<Dialect>()
        {
            return Ok(same.to_owned());
        }
        let mut settings: [Option<Ref<Object>>; 8] = [const { None }; 8];
        for (index, setting) in settings.iter_mut().enumerate() {
            *setting = given[index + 1].map(|given| given.to_owned());
            if let (None, Some(base)) = (&setting, &base) {
                let name = Str::intern_str(NEW.names[index + 1])?;
                // Whatever goes wrong, the setting then is the default.
                match base.getattr(name.borrow()) {
                    Ok(value) => *setting = Some(value),
                    Err(raised) => raised.clear(),
                }
            }
        }
        let [delimiter, double_quote, escape, terminator, quote, quoting, skip, strict] = settings;
        let this: Ref<Dialect> = support::instance(cls)?;
        this.delimiter.set(character("delimiter", delimiter.as_ref(), ',' as u32, false)?);
        this.double_quote.set(truth(double_quote.as_ref(), true)?);
        this.escape.set(character("escapechar", escape.as_ref(), NOT_SET, true)?);
        let terminator = match terminator {
            None => Str::from_utf8_str("\r\n")?,
            Some(text) => match text.into_downcast::<Str>() {
                Ok(text) => text,
                Err(other) => {
                    return Err(raise!(TypeError, "\"lineterminator\" must be a string, not {}", other.type_name()));
                }
            },
        };
        this.terminator.set(Some(terminator.into_object()));
        this.quote.set(character("quotechar", quote.as_ref(), '"' as u32, true)?);
        this.quoting.set(match &quoting {
            None => QUOTE_MINIMAL,
            Some(quoting) => style(quoting)?,
        });
        this.skip_initial_space.set(truth(skip.as_ref(), false)?);
        this.strict.set(truth(strict.as_ref(), false)?);
        if !(QUOTE_MINIMAL..=QUOTE_NOTNULL).contains(&this.quoting.get()) {
            return Err(raise!(TypeError, "bad \"quoting\" value"));
        }
        if quoting.is_none() && quote.is_some_and(|quote| quote.is_none()) {
            this.quoting.set(QUOTE_NONE);
        }
        if this.quoting.get() != QUOTE_NONE && this.quote.get() == NOT_SET {
            return Err(raise!(TypeError, "quotechar must be set if quoting enabled"));
        }
        this.check_characters()?;
        Ok(this)
    }

    /// The characters with a meaning must be distinct from one another, and from spaces and line ends as far as those have one.
    fn check_characters(&self) -> PyResult<()> {
        let (delimiter, escape, quote) = (self.delimiter.get(), self.escape.get(), self.quote.get());
        let skips = self.skip_initial_space.get();
        let terminator = self.terminator()?;
        let line_end = |c: u32| c == '\n' as u32 || c == '\r' as u32;
        if line_end(delimiter) {
            return Err(raise!(ValueError, "bad delimiter value"));
        }
        let bad = |c: u32| c != NOT_SET && (line_end(c) || skips && c == ' ' as u32);
        if bad(escape) {
            return Err(raise!(ValueError, "bad escapechar value"));
        }
        if bad(quote) {
            return Err(raise!(ValueError, "bad quotechar value"));
        }
        let same = |a: u32, b: u32| a != NOT_SET && a == b;
        if same(delimiter, escape) {
            return Err(raise!(ValueError, "bad delimiter or escapechar value"));
        }
        if same(delimiter, quote) {
            return Err(raise!(ValueError, "bad delimiter or quotechar value"));
        }
        if same(escape, quote) {
            return Err(raise!(ValueError, "bad escapechar or quotechar value"));
        }
        let ends = |c: u32| c != NOT_SET && terminator.chars().any(|end| end == c);
        if ends(delimiter) {
            return Err(raise!(ValueError, "bad delimiter or lineterminator value"));
        }
        if ends(escape) {
            return Err(raise!(ValueError, "bad escapechar or lineterminator value"));
        }
        if ends(quote) {
            return Err(raise!(ValueError, "bad quotechar or lineterminator value"));
        }
        Ok(())
    }
}

fn character(name: &str, value: Option<&Ref<Object>>, default: u32, nullable: bool) -> PyResult<u32> {
    let Some(value) = value else { return Ok(default) };
    if nullable && value.is_none() {
        return Ok(NOT_SET);
    }
    let or_none = if nullable { " or None" } else { "" };
    let Some(text) = value.downcast::<Str>() else {
        return Err(raise!(TypeError, "\"{name}\" must be a unicode character{or_none}, not {}", value.type_name()));
    };
    if text.len() != 1 {
        return Err(raise!(
            TypeError,
            "\"{name}\" must be a unicode character{or_none}, not a string of length {}",
            text.len()
        ));
    }
    Ok(text.char_at(0))
}

fn truth(value: Option<&Ref<Object>>, default: bool) -> PyResult<bool> {
    value.map_or(Ok(default), |value| value.is_true())
}

fn style(value: &Ref<Object>) -> PyResult<i32> {
    let Some(int) = value.downcast_exact::<Int>() else {
        return Err(raise!(TypeError, "\"quoting\" must be an integer, not {}", value.type_name()));
    };
    int.to_i32().ok_or_else(|| raise!(OverflowError, "Python int too large to convert to C int"))
}

fn character_object(c: u32) -> PyResult<Option<Ref<Str>>> {
    if c == NOT_SET { Ok(None) } else { Str::from_code_point(c).map(Some) }
}

static NEW: ArgSpec = ArgSpec::plain(
    "",
    &[
        "dialect",
        "delimiter",
        "doublequote",
        "escapechar",
        "lineterminator",
        "quotechar",
        "quoting",
        "skipinitialspace",
        "strict",
    ],
    0,
);

#[pytype(name = "Dialect", module = "_csv", gc, basetype, heap)]
impl Dialect {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Dialect>> {
        Dialect::from_call(cls, args)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Dialect, visit: &mut Visitor) {
        support::traverse([&this.terminator], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Dialect>) {
        support::clear([&this.terminator]);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Dialect) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).terminator]) }
    }

    #[method(name = "__reduce__", signature = "($self, /, *args, **kwargs)", no_text_signature)]
    fn reduce(this: &Ref<Dialect>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<()> {
        let _ = (args, kwargs);
        Err(raise!(TypeError, "cannot pickle '{}' instances", this.type_of().short_name()))
    }

    #[method(name = "__reduce_ex__", signature = "($self, /, *args, **kwargs)", no_text_signature)]
    fn reduce_ex(this: &Ref<Dialect>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<()> {
        Dialect::reduce(this, args, kwargs)
    }

    #[getter]
    fn delimiter(this: &Ref<Dialect>) -> PyResult<Option<Ref<Str>>> {
        character_object(this.delimiter.get())
    }

    #[getter]
    fn escapechar(this: &Ref<Dialect>) -> PyResult<Option<Ref<Str>>> {
        character_object(this.escape.get())
    }

    #[getter]
    fn lineterminator(this: &Ref<Dialect>) -> PyResult<Ref<Str>> {
        this.terminator()
    }

    #[getter]
    fn quotechar(this: &Ref<Dialect>) -> PyResult<Option<Ref<Str>>> {
        character_object(this.quote.get())
    }

    #[getter]
    fn quoting(this: &Ref<Dialect>) -> i32 {
        this.quoting.get()
    }

    #[member(name = "skipinitialspace", kind = Py_T_BOOL, offset = offset_of!(Dialect, skip_initial_space), readonly)]
    const _SKIP: () = ();

    #[member(name = "doublequote", kind = Py_T_BOOL, offset = offset_of!(Dialect, double_quote), readonly)]
    const _DOUBLE: () = ();

    #[member(name = "strict", kind = Py_T_BOOL, offset = offset_of!(Dialect, strict), readonly)]
    const _STRICT: () = ();
}
