//! The encoder: objects to JSON text.
//!
//! **Invariant:** keys, values and items are held while they are written, since `default`, a subclass's methods or another
//! encoder of strings may run Python code that changes their container.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::CFunction;
use taipan_runtime::types::int::Base;

use super::escape;
use super::text::Text;
use crate::support::{self, Slot};

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Quoting {
    /// By calling `encoder`.
    Python,
    Ascii,
    Plain,
}

/// `make_encoder`.
#[repr(C)]
pub struct Encoder {
    head: PyObject,
    markers: Slot,
    default: Slot,
    encoder: Slot,
    indent: Slot,
    key_separator: Slot,
    item_separator: Slot,
    sort_keys: Cell<bool>,
    skipkeys: Cell<bool>,
    allow_nan: Cell<bool>,
    quoting: Cell<Quoting>,
}

impl Encoder {
    fn slots(&self) -> [&Slot; 6] {
        [&self.markers, &self.default, &self.encoder, &self.indent, &self.key_separator, &self.item_separator]
    }
}

/// What is known about objects that are being written, to find circles.
enum Markers {
    Unchecked,
    /// The containers around the present value: few, so they are searched.
    Stack(Vec<*mut PyObject>),
    /// Nested deeply, or the dict had entries: by address, as the dict of the caller says.
    Dict(Ref<Dict>),
}

/// Nested more deeply than this, a dict finds an object faster.
const DEEP: usize = 40;

impl Markers {
    #[inline]
    fn enter(&mut self, object: &Ref<Object>) -> PyResult<()> {
        match self {
            Markers::Unchecked => Ok(()),
            Markers::Stack(stack) if stack.len() < DEEP => {
                if stack.contains(&object.as_ptr()) {
                    return Err(circular());
                }
                stack.push(object.as_ptr());
                Ok(())
            }
            _ => self.enter_deep(object),
        }
    }

    #[cold]
    fn enter_deep(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if let Markers::Stack(stack) = self {
            let dict = Dict::new()?;
            for &outer in stack.iter() {
                dict.set_item(address(outer)?.borrow(), none().borrow())?;
            }
            *self = Markers::Dict(dict);
        }
        let Markers::Dict(dict) = self else { return Ok(()) };
        let key = address(object.as_ptr())?;
        if dict.contains(key.borrow())? {
            return Err(circular());
        }
        dict.set_item(key.borrow(), object.borrow())
    }

    #[inline]
    fn leave(&mut self, object: &Ref<Object>) -> PyResult<()> {
        match self {
            Markers::Unchecked => Ok(()),
            Markers::Stack(stack) => {
                stack.pop();
                Ok(())
            }
            Markers::Dict(dict) => dict.del_item(address(object.as_ptr())?.borrow()),
        }
    }
}

fn address(object: *mut PyObject) -> PyResult<Ref<Int>> {
    Int::from_usize(object.addr())
}

#[cold]
fn circular() -> Raised {
    raise!(ValueError, "Circular reference detected")
}

/// One text that is being written.
struct Encoding<'a> {
    encoder: &'a Ref<Encoder>,
    out: Text,
    markers: Markers,
    quoting: Quoting,
    allow_nan: bool,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    /// What one level is indented by.
    indent: Option<Ref<Object>>,
    /// A line break and the indent of each level from the first on.
    breaks: Vec<Ref<Str>>,
    first_level: isize,
}

impl Encoding<'_> {
    fn string(&mut self, string: &Ref<Str>) -> PyResult<()> {
        match self.quoting {
            Quoting::Ascii => escape::push_quoted(string, true, &mut self.out),
            Quoting::Plain => escape::push_quoted(string, false, &mut self.out),
            Quoting::Python => {
                let Some(encoder) = self.encoder.encoder.get() else { return Err(cleared()) };
                let encoded = encoder.call1(string.as_borrowed())?;
                match encoded.downcast::<Str>() {
                    Some(encoded) => self.out.push_str(&encoded),
                    None => Err(raise!(TypeError, "encoder() must return a string, not {}", encoded.type_name())),
                }
            }
        }
    }

    /// The text of a number that is no finite one; `None` for others.
    fn special_float(&self, value: f64, object: &Ref<Object>) -> PyResult<Option<&'static str>> {
        if value.is_finite() {
            return Ok(None);
        }
        if !self.allow_nan {
            let shown = object.repr()?;
            return Err(raise!(ValueError, "Out of range float values are not JSON compliant: {}", shown.to_display()));
        }
        Ok(Some(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }))
    }

    fn int(&mut self, int: &Ref<Int>) -> PyResult<()> {
        match int.to_i64() {
            Some(value) => self.out.push_int(value),
            None => self.out.push_ascii(&int.to_text(Base::Decimal, false)?),
        }
    }

    fn float(&mut self, float: &Ref<Float>) -> PyResult<()> {
        match self.special_float(float.value(), float.as_object())? {
            Some(text) => self.out.push_ascii(text),
            None => self.out.push_float(float.value()),
        }
    }

    fn value(&mut self, object: &Ref<Object>, level: isize) -> PyResult<()> {
        if let Some(string) = object.downcast_exact::<Str>() {
            return self.string(&string);
        }
        if let Some(int) = object.downcast_exact::<Int>() {
            return self.int(&int);
        }
        if object.is_none() {
            return self.out.push_ascii("null");
        }
        if object.is_exact::<Bool>() {
            return self.out.push_ascii(if object.as_ptr() == Bool::true_ptr() { "true" } else { "false" });
        }
        if let Some(float) = object.downcast_exact::<Float>() {
            return self.float(&float);
        }
        if let Some(dict) = object.downcast::<Dict>() {
            let _guard = thread::enter_recursive(" while encoding a JSON object")?;
            return self.dict(&dict, level);
        }
        if object.is_instance_of::<List>() || object.is_instance_of::<Tuple>() {
            let _guard = thread::enter_recursive(" while encoding a JSON object")?;
            return self.list(object, level);
        }
        if let Some(string) = object.downcast::<Str>() {
            return self.string(&string);
        }
        if let Some(int) = object.downcast::<Int>() {
            return self.int(&int);
        }
        if let Some(float) = object.downcast::<Float>() {
            return self.float(&float);
        }
        self.other(object, level)
    }

    #[inline(never)]
    fn other(&mut self, object: &Ref<Object>, level: isize) -> PyResult<()> {
        self.markers.enter(object)?;
        let Some(default) = self.encoder.default.get() else { return Err(cleared()) };
        let replacement = default.call1(object.borrow())?;
        let _guard = thread::enter_recursive(" while encoding a JSON object")?;
        if let Err(raised) = self.value(&replacement, level) {
            return Err(support::add_note(raised, || {
                format!("when serializing {} object", support::type_text(object))
            }));
        }
        self.markers.leave(object)
    }

    /// A line break and the indent of `level`.
    fn line_break(&mut self, level: isize) -> PyResult<Ref<Str>> {
        let at = (level - self.first_level) as usize;
        while self.breaks.len() <= at {
            let next = match (self.breaks.last(), &self.indent) {
                (None, Some(indent)) => {
                    let level = Int::from_isize(self.first_level)?;
                    let indent = indent.multiply(level.as_borrowed())?;
                    let Some(indent) = indent.downcast::<Str>() else {
                        return Err(raise!(TypeError, "must be str, not {}", indent.type_name()));
                    };
                    Str::latin1_char(b'\n').concat(&indent)?
                }
                (Some(last), Some(indent)) => {
                    let Some(indent) = indent.downcast::<Str>() else {
                        return Err(raise!(TypeError, "must be str, not {}", indent.type_name()));
                    };
                    last.concat(&indent)?
                }
                (_, None) => Str::empty(),
            };
            self.breaks.push(next);
        }
        Ok(self.breaks[at].clone())
    }

    /// What stands before the first item and what stands between items.
    fn separators(&mut self, level: isize) -> PyResult<(Option<Ref<Str>>, Ref<Str>)> {
        if self.indent.is_none() {
            return Ok((None, self.item_separator.clone()));
        }
        let line_break = self.line_break(level)?;
        let separator = self.item_separator.concat(&line_break)?;
        Ok((Some(line_break), separator))
    }

    fn close(&mut self, level: isize) -> PyResult<()> {
        if self.indent.is_none() {
            return Ok(());
        }
        let line_break = self.line_break(level)?;
        self.out.push_str(&line_break)
    }

    fn list(&mut self, sequence: &Ref<Object>, level: isize) -> PyResult<()> {
        let count = || match sequence.downcast::<List>() {
            Some(list) => list.len(),
            None => sequence.downcast::<Tuple>().map_or(0, |tuple| tuple.len()),
        };
        if count() == 0 {
            return self.out.push_ascii("[]");
        }
        self.markers.enter(sequence)?;
        self.out.push_byte(b'[')?;
        let (start, separator) = self.separators(level + 1)?;
        if let Some(start) = start {
            self.out.push_str(&start)?;
        }
        let mut index = 0;
        // The list may shrink or grow meanwhile.
        loop {
            let item = match sequence.downcast::<List>() {
                Some(list) => list.get(index),
                None => sequence.downcast::<Tuple>().and_then(|tuple| tuple.try_get(index).map(|item| item.to_owned())),
            };
            let Some(item) = item else { break };
            if index > 0 {
                self.out.push_str(&separator)?;
            }
            if let Err(raised) = self.value(&item, level + 1) {
                return Err(support::add_note(raised, || {
                    format!("when serializing {} item {index}", support::type_text(sequence))
                }));
            }
            index += 1;
        }
        self.markers.leave(sequence)?;
        self.close(level)?;
        self.out.push_byte(b']')
    }

    fn dict(&mut self, dict: &Ref<Dict>, level: isize) -> PyResult<()> {
        if dict.is_empty() {
            return self.out.push_ascii("{}");
        }
        self.markers.enter(dict.as_object())?;
        self.out.push_byte(b'{')?;
        let (mut start, separator) = self.separators(level + 1)?;
        let mut first = true;
        if self.encoder.sort_keys.get() || !dict.is_exact::<Dict>() {
            for item in self.items(dict)? {
                let Some(pair) = item.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
                    return Err(raise!(ValueError, "items must return 2-tuples"));
                };
                let (key, value) = (pair.get(0).to_owned(), pair.get(1).to_owned());
                self.member(dict, &key, &value, &mut first, (&mut start, &separator), level + 1)?;
            }
        } else {
            let mut position = 0;
            while let Some((key, value, _)) = dict.next_owned(&mut position) {
                self.member(dict, &key, &value, &mut first, (&mut start, &separator), level + 1)?;
            }
        }
        self.markers.leave(dict.as_object())?;
        if !first {
            self.close(level)?;
        }
        self.out.push_byte(b'}')
    }

    /// The items of a dict that is sorted or of a class of its own.
    fn items(&self, dict: &Ref<Dict>) -> PyResult<Vec<Ref<Object>>> {
        let list = if dict.is_exact::<Dict>() {
            dict.items_list()?
        } else {
            let items = dict.as_object().call_method(id!("items"), &[])?;
            match items.downcast_exact::<List>() {
                Some(list) => list.to_owned(),
                None => match items.to_list() {
                    Ok(list) => list,
                    Err(raised)
                        if raised.is_a::<taipan_runtime::types::exceptions::TypeError>()
                            && items.type_of().tp_iter.get().is_none() =>
                    {
                        raised.clear();
                        return Err(raise!(
                            TypeError,
                            "{}.items() returned a non-iterable (type {})",
                            dict.type_name(),
                            items.type_name()
                        ));
                    }
                    Err(raised) => return Err(raised),
                },
            }
        };
        if self.encoder.sort_keys.get() {
            list.sort()?;
        }
        list.try_to_vec()
    }

    fn member(
        &mut self,
        dict: &Ref<Dict>,
        key: &Ref<Object>,
        value: &Ref<Object>,
        first: &mut bool,
        (start, separator): (&mut Option<Ref<Str>>, &Ref<Str>),
        level: isize,
    ) -> PyResult<()> {
        let other_key;
        let name = match key.downcast::<Str>() {
            Some(name) => name,
            None => match self.key_text(key)? {
                Some(name) => {
                    other_key = name;
                    other_key.borrow()
                }
                None => return Ok(()),
            },
        };
        if *first {
            *first = false;
            if let Some(start) = start.take() {
                self.out.push_str(&start)?;
            }
        } else {
            self.out.push_str(separator)?;
        }
        self.string(&name)?;
        match self.key_separator.as_ascii() {
            Some(ascii) => self.out.push_ascii(ascii)?,
            None => self.out.push_data(self.key_separator.data())?,
        }
        if let Err(raised) = self.value(value, level) {
            return Err(support::add_note(raised, || {
                format!("when serializing {} item {}", support::type_text(dict.as_object()), key.to_repr_text())
            }));
        }
        Ok(())
    }

    /// The text of a key that is no `str`; `None` to leave it out.
    fn key_text(&self, key: &Ref<Object>) -> PyResult<Option<Ref<Str>>> {
        if let Some(float) = key.downcast::<Float>() {
            return Ok(Some(match self.special_float(float.value(), key)? {
                Some(text) => Str::from_utf8_str(text)?,
                None => Str::from_utf8_str(&taipan_runtime::types::float::text::repr(float.value()))?,
            }));
        }
        if key.is_none() {
            return Ok(Some(id!("null").to_owned()));
        }
        if key.is_exact::<Bool>() {
            let name = if key.as_ptr() == Bool::true_ptr() { id!("true") } else { id!("false") };
            return Ok(Some(name.to_owned()));
        }
        if let Some(int) = key.downcast::<Int>() {
            return int.to_decimal_str().map(Some);
        }
        if self.encoder.skipkeys.get() {
            return Ok(None);
        }
        Err(raise!(TypeError, "keys must be str, int, float, bool or None, not {}", key.type_name()))
    }
}

#[cold]
fn cleared() -> Raised {
    raise!(SystemError, "the encoder was cleared")
}

static NEW: ArgSpec = ArgSpec::plain(
    "make_encoder",
    &[
        "markers",
        "default",
        "encoder",
        "indent",
        "key_separator",
        "item_separator",
        "sort_keys",
        "skipkeys",
        "allow_nan",
    ],
    9,
);

static CALL: ArgSpec = ArgSpec::plain("_iterencode", &["obj", "_current_indent_level"], 2);

fn text_argument<'a>(argument: Borrowed<'a, Object>, number: usize) -> PyResult<Borrowed<'a, Str>> {
    match argument.downcast_borrowed::<Str>() {
        Some(text) => Ok(text),
        None => {
            let found = if argument.is_none() { "None".to_owned() } else { argument.type_name() };
            Err(raise!(TypeError, "make_encoder() argument {number} must be str, not {found}"))
        }
    }
}

/// How the encoder of strings writes, where it is one of ours.
fn quoting_of(encoder: Borrowed<'_, Object>) -> Quoting {
    let Some(function) = encoder.downcast_exact::<CFunction>() else { return Quoting::Python };
    if function.name_is("encode_basestring_ascii") && is_ours(encoder) {
        Quoting::Ascii
    } else if function.name_is("encode_basestring") && is_ours(encoder) {
        Quoting::Plain
    } else {
        Quoting::Python
    }
}

/// Whether a function is one of the module `_json`.
fn is_ours(function: Borrowed<'_, Object>) -> bool {
    match function.lookup_attr(id!("__module__")) {
        Ok(Some(module)) => module.downcast::<Str>().is_some_and(|module| module.eq_str("_json")),
        Ok(None) => false,
        Err(raised) => {
            raised.clear();
            false
        }
    }
}

#[pytype(name = "Encoder", module = "_json", gc, heap, mutable, basicsize = 80)]
impl Encoder {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Encoder>> {
        let given = args.unpack::<9>(&NEW)?;
        let [
            Some(markers),
            Some(default),
            Some(encoder),
            Some(indent),
            Some(key_separator),
            Some(item_separator),
            Some(sort_keys),
            Some(skipkeys),
            Some(allow_nan),
        ] = given
        else {
            return Err(raise!(SystemError, "make_encoder: arguments missing"));
        };
        let key_separator = text_argument(key_separator, 5)?;
        let item_separator = text_argument(item_separator, 6)?;
        let (sort_keys, skipkeys, allow_nan) = (sort_keys.is_true()?, skipkeys.is_true()?, allow_nan.is_true()?);
        if !markers.is_none() && !markers.is_instance_of::<Dict>() {
            return Err(raise!(
                TypeError,
                "make_encoder() argument 1 must be dict or None, not {}",
                markers.type_name()
            ));
        }
        let this: Ref<Encoder> = support::instance(cls)?;
        this.markers.set(Some(markers.to_owned()));
        this.default.set(Some(default.to_owned()));
        this.encoder.set(Some(encoder.to_owned()));
        this.indent.set(Some(indent.to_owned()));
        this.key_separator.set(Some(key_separator.upcast().to_owned()));
        this.item_separator.set(Some(item_separator.upcast().to_owned()));
        this.sort_keys.set(sort_keys);
        this.skipkeys.set(skipkeys);
        this.allow_nan.set(allow_nan);
        this.quoting.set(quoting_of(encoder));
        Ok(this)
    }

    #[slot(tp_call)]
    fn call(this: &Ref<Encoder>, args: CallArgs<'_>) -> PyResult<Ref<Tuple>> {
        let [Some(object), Some(level)] = args.unpack::<2>(&CALL)? else {
            return Err(raise!(SystemError, "_iterencode: arguments missing"));
        };
        let level = level.as_isize()?;
        let markers = match this.markers.get() {
            Some(markers) => match markers.into_downcast::<Dict>() {
                Ok(dict) if dict.is_empty() => Markers::Stack(Vec::new()),
                Ok(dict) => Markers::Dict(dict),
                Err(_) => Markers::Unchecked,
            },
            None => Markers::Unchecked,
        };
        // SAFETY: only strings are put into these slots.
        let separators = unsafe { (this.key_separator.get_as::<Str>(), this.item_separator.get_as::<Str>()) };
        let (Some(key_separator), Some(item_separator)) = separators else { return Err(cleared()) };
        let mut encoding = Encoding {
            encoder: this,
            out: Text::new(),
            markers,
            quoting: this.quoting.get(),
            allow_nan: this.allow_nan.get(),
            key_separator,
            item_separator,
            indent: this.indent.get().filter(|indent| !indent.is_none()),
            breaks: Vec::new(),
            first_level: level,
        };
        let object = object.to_owned();
        encoding.value(&object, level)?;
        let text = encoding.out.finish()?;
        Tuple::pack([text.into_object()])
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Encoder, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Encoder>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Encoder) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[member(name = "markers", kind = T_OBJECT, offset = offset_of!(Encoder, markers), readonly)]
    const _MARKERS: () = ();

    #[member(name = "default", kind = T_OBJECT, offset = offset_of!(Encoder, default), readonly)]
    const _DEFAULT: () = ();

    #[member(name = "encoder", kind = T_OBJECT, offset = offset_of!(Encoder, encoder), readonly)]
    const _ENCODER: () = ();

    #[member(name = "indent", kind = T_OBJECT, offset = offset_of!(Encoder, indent), readonly)]
    const _INDENT: () = ();

    #[member(name = "key_separator", kind = T_OBJECT, offset = offset_of!(Encoder, key_separator), readonly)]
    const _KEY_SEPARATOR: () = ();

    #[member(name = "item_separator", kind = T_OBJECT, offset = offset_of!(Encoder, item_separator), readonly)]
    const _ITEM_SEPARATOR: () = ();

    #[member(name = "sort_keys", kind = T_BOOL, offset = offset_of!(Encoder, sort_keys), readonly)]
    const _SORT_KEYS: () = ();

    #[member(name = "skipkeys", kind = T_BOOL, offset = offset_of!(Encoder, skipkeys), readonly)]
    const _SKIPKEYS: () = ();
}
