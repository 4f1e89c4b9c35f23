//! Readers.
//!
//! One record is read by one [`Parser`], which lives during one `__next__`. **Invariant:** nothing of a record is kept in the
//! reader, so an iterator that calls the reader again does no harm; it is an error all the same.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;
use taipan_runtime::types::float;
use taipan_runtime::types::str::StrData;

use super::dialect::{Dialect, QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS};
use super::error;
use crate::support::{self, Slot};

/// `_csv.reader`
#[repr(C)]
pub struct Reader {
    head: PyObject,
    input: Slot,
    /// A dialect.
    dialect: Slot,
    line_number: Cell<u64>,
    /// How many records were begun.
    records: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscapedLineEnd,
}

/// Stands for the end of a line.
const END: u32 = u32::MAX - 1;

#[inline(always)]
fn is_line_end(c: u32) -> bool {
    c == b'\n' as u32 || c == b'\r' as u32
}

struct Parser<'a> {
    dialect: &'a Ref<Dialect>,
    delimiter: u32,
    quote: u32,
    escape: u32,
    quoting: i32,
    limit: isize,
    state: State,
    fields: Vec<Ref<Object>>,
    field: Vec<u32>,
    /// Whether the present field began without a quote.
    unquoted: bool,
}

impl Parser<'_> {
    fn push_field(&mut self, field: Ref<Object>) -> PyResult<()> {
        if self.fields.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        self.fields.push(field);
        Ok(())
    }

    /// The object of a field's text.
    fn convert(&self, data: StrData<'_>) -> PyResult<Ref<Object>> {
        if self.unquoted && self.quoting >= QUOTE_NONNUMERIC && self.quoting != QUOTE_NONE {
            if data.is_empty() && matches!(self.quoting, QUOTE_STRINGS | QUOTE_NOTNULL) {
                return Ok(none());
            }
            if !data.is_empty() && matches!(self.quoting, QUOTE_NONNUMERIC | QUOTE_STRINGS) {
                let text = Str::from_data(data)?;
                return Ok(Float::new(float::from_text(text.as_borrowed())?)?.into_object());
            }
        }
        Ok(Str::from_data(data)?.into_object())
    }

    fn save_field(&mut self) -> PyResult<()> {
        let field = self.convert(StrData::Ucs4(&self.field))?;
        self.field.clear();
        self.unquoted = true;
        self.push_field(field)
    }

    #[cold]
    fn too_long(&self) -> Raised {
        error(format_args!("field larger than field limit ({})", self.limit))
    }

    fn add(&mut self, c: u32) -> PyResult<()> {
        if self.field.len() as isize >= self.limit {
            return Err(self.too_long());
        }
        if self.field.len() == self.field.capacity() && self.field.try_reserve(64).is_err() {
            return Err(Raised::no_memory());
        }
        self.field.push(c);
        Ok(())
    }

    /// Ends a field that is followed by a line end or the end of the line.
    fn end_record(&mut self, c: u32) -> PyResult<()> {
        self.save_field()?;
        self.state = if c == END { State::StartRecord } else { State::EatLineEnd };
        Ok(())
    }

    fn process(&mut self, mut c: u32) -> PyResult<()> {
        match self.state {
            State::StartRecord if c == END => {}
            State::StartRecord if is_line_end(c) => self.state = State::EatLineEnd,
            State::StartRecord | State::StartField => {
                self.state = State::StartField;
                if c == END || is_line_end(c) {
                    self.end_record(c)?;
                } else if c == self.quote && self.quoting != QUOTE_NONE {
                    self.unquoted = false;
                    self.state = State::InQuoted;
                } else if c == self.escape {
                    self.state = State::Escaped;
                } else if c == b' ' as u32 && self.dialect.skip_initial_space.get() {
                    // Not part of the field.
                } else if c == self.delimiter {
                    self.save_field()?;
                } else {
                    self.add(c)?;
                    self.state = State::InField;
                }
            }
            State::Escaped => {
                if is_line_end(c) {
                    self.add(c)?;
                    self.state = State::AfterEscapedLineEnd;
                } else {
                    if c == END {
                        c = b'\n' as u32;
                    }
                    self.add(c)?;
                    self.state = State::InField;
                }
            }
            State::AfterEscapedLineEnd if c == END => {}
            State::AfterEscapedLineEnd | State::InField => {
                if c == END || is_line_end(c) {
                    self.end_record(c)?;
                } else if c == self.escape {
                    self.state = State::Escaped;
                } else if c == self.delimiter {
                    self.save_field()?;
                    self.state = State::StartField;
                } else {
                    self.add(c)?;
                }
            }
            State::InQuoted => {
                if c == END {
                    // The field goes on in the next line.
                } else if c == self.escape {
                    self.state = State::EscapedInQuoted;
                } else if c == self.quote && self.quoting != QUOTE_NONE {
                    self.state = if self.dialect.double_quote.get() { State::QuoteInQuoted } else { State::InField };
                } else {
                    self.add(c)?;
                }
            }
            State::EscapedInQuoted => {
                self.add(if c == END { b'\n' as u32 } else { c })?;
                self.state = State::InQuoted;
            }
            State::QuoteInQuoted => {
                if self.quoting != QUOTE_NONE && c == self.quote {
                    self.add(c)?;
                    self.state = State::InQuoted;
                } else if c == self.delimiter {
                    self.save_field()?;
                    self.state = State::StartField;
                } else if c == END || is_line_end(c) {
                    self.end_record(c)?;
                } else if !self.dialect.strict.get() {
                    self.add(c)?;
                    self.state = State::InField;
                } else {
                    let shown = |c: u32| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
                    return Err(error(format_args!(
                        "'{}' expected after '{}'",
                        shown(self.delimiter),
                        shown(self.quote)
                    )));
                }
            }
            State::EatLineEnd => {
                if c == END {
                    self.state = State::StartRecord;
                } else if !is_line_end(c) {
                    return Err(error(format_args!(
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Takes a whole field that stands in one piece from `at` on, together with the delimiter behind it. The index behind
    /// both, or `at` where the field has to be read one character at a time.
    #[inline(always)]
    fn take_plain<C: Copy + Into<u32>>(
        &mut self,
        chars: &[C],
        at: usize,
        data: impl for<'b> Fn(&'b [C]) -> StrData<'b>,
    ) -> PyResult<usize> {
        let Some(&first) = chars.get(at) else { return Ok(at) };
        let first = first.into();
        let quoted = first == self.quote && self.quoting != QUOTE_NONE;
        let begin = at + usize::from(quoted);
        let end = if quoted {
            let Some(end) = chars[begin..].iter().position(|&c| c.into() == self.quote || c.into() == self.escape)
            else {
                return Ok(at);
            };
            begin + end
        } else {
            if first == b' ' as u32 && self.dialect.skip_initial_space.get() {
                return Ok(at);
            }
            let stops = |c: u32| c == self.delimiter || is_line_end(c) || c == self.escape;
            match chars[begin..].iter().position(|&c| stops(c.into())) {
                Some(end) => begin + end,
                None => return Ok(at),
            }
        };
        let delimiter = end + usize::from(quoted);
        let ends = !quoted || chars[end].into() == self.quote;
        if !ends || chars.get(delimiter).is_none_or(|&c| c.into() != self.delimiter) {
            return Ok(at);
        }
        if (end - begin) as isize > self.limit {
            return Err(self.too_long());
        }
        self.unquoted = !quoted;
        let field = self.convert(data(&chars[begin..end]))?;
        self.unquoted = true;
        self.push_field(field)?;
        self.state = State::StartField;
        Ok(delimiter + 1)
    }

    #[inline(always)]
    fn line<C: Copy + Into<u32>>(
        &mut self,
        chars: &[C],
        data: impl for<'b> Fn(&'b [C]) -> StrData<'b> + Copy,
    ) -> PyResult<()> {
        let mut at = 0;
        while at < chars.len() {
            if matches!(self.state, State::StartRecord | State::StartField) {
                let next = self.take_plain(chars, at, data)?;
                if next > at {
                    at = next;
                    continue;
                }
            }
            self.process(chars[at].into())?;
            at += 1;
        }
        self.process(END)
    }
}

impl Reader {
    fn slots(&self) -> [&Slot; 2] {
        [&self.input, &self.dialect]
    }

    pub fn create(iterable: Borrowed<'_, Object>, settings: CallArgs<'_>) -> PyResult<Ref<Reader>> {
        let this: Ref<Reader> = support::instance_exact()?;
        this.input.set(Some(iterable.iter()?));
        this.dialect.set(Some(Dialect::from_call(Dialect::type_object(), settings)?.into_object()));
        Ok(this)
    }
}

#[pytype(name = "reader", module = "_csv", gc, basetype, disallow_instantiation, heap, basicsize = 88)]
impl Reader {
    #[slot(tp_iter)]
    fn iter(this: &Ref<Reader>) -> Ref<Reader> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Reader>) -> PyResult<Option<Ref<List>>> {
        // SAFETY: a dialect is put there alone.
        let (Some(input), Some(dialect)) = (this.input.get(), unsafe { this.dialect.get_as::<Dialect>() }) else {
            return Err(raise!(SystemError, "reader was cleared"));
        };
        let mut parser = Parser {
            dialect: &dialect,
            delimiter: dialect.delimiter.get(),
            quote: dialect.quote.get(),
            escape: dialect.escape.get(),
            quoting: dialect.quoting.get(),
            limit: super::field_limit(),
            state: State::StartRecord,
            fields: Vec::new(),
            field: Vec::new(),
            unquoted: true,
        };
        let record = this.records.get().wrapping_add(1);
        this.records.set(record);
        loop {
            let line = input.next()?;
            if this.records.get() != record {
                return Err(error(format_args!("iterator has already advanced the reader")));
            }
            let Some(line) = line else {
                if parser.field.is_empty() && parser.state != State::InQuoted {
                    return Ok(None);
                }
                if dialect.strict.get() {
                    return Err(error(format_args!("unexpected end of data")));
                }
                parser.save_field()?;
                break;
            };
            let Some(line) = line.downcast::<Str>() else {
                return Err(error(format_args!(
                    "iterator should return strings, not {} (the file should be opened in text mode)",
                    line.type_name()
                )));
            };
            this.line_number.set(this.line_number.get().wrapping_add(1));
            match line.data() {
                StrData::Ucs1(chars) => parser.line(chars, |chars| StrData::Ucs1(chars))?,
                StrData::Ucs2(chars) => parser.line(chars, |chars| StrData::Ucs2(chars))?,
                StrData::Ucs4(chars) => parser.line(chars, |chars| StrData::Ucs4(chars))?,
            }
            if parser.state == State::StartRecord {
                break;
            }
        }
        List::from_vec(parser.fields).map(Some)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Reader, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Reader>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Reader) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }

    #[member(name = "dialect", kind = T_OBJECT, offset = offset_of!(Reader, dialect), readonly)]
    const _DIALECT: () = ();

    #[member(name = "line_num", kind = Py_T_ULONG, offset = offset_of!(Reader, line_number), readonly)]
    const _LINE_NUM: () = ();
}
