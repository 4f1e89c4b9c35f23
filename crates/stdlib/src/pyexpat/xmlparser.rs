//! `pyexpat.xmlparser`: the parser with its handlers.
//!
//! **Invariant:** whoever works with the inside takes it out of the object and puts it back before Python code may run; a
//! call that finds it missing, or that would parse while a handler runs, raises.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;

use super::expat::{Code, Event, Handler, NameId, Parser, Span};
use super::handlers::{self, COUNT, NAMES};
use super::{ERROR, INVALID_ARGUMENT, raise_at, raise_code, traceback};
use crate::support::{self, Slot};

/// What is behind a parser.
pub struct Inside {
    pub parser: Parser,
    /// The strings of the names, by number.
    strings: Vec<Option<Ref<Object>>>,
    /// Character data that was not reported yet.
    buffer: Vec<u8>,
}

/// `pyexpat.xmlparser`
#[repr(C)]
pub struct XmlParser {
    head: PyObject,
    handlers: [Slot; COUNT],
    /// A dict or nothing.
    intern: Slot,
    /// The parser that this one is a child of.
    parent: Slot,
    inside: Cell<Option<Box<Inside>>>,
    ordered: Cell<bool>,
    specified: Cell<bool>,
    prefixes: Cell<bool>,
    buffers: Cell<bool>,
    /// Whether a handler runs.
    calling: Cell<bool>,
    /// Whether `Parse` is under way.
    parsing: Cell<bool>,
    /// Whether the default handler was set last as one that lets entities be expanded.
    expanding: Cell<bool>,
    buffer_size: Cell<usize>,
}

const DEFAULT_BUFFER: usize = 8192;
/// What is handed to the parser at once.
const CHUNK: usize = 1 << 20;
const READ: usize = 2048;

impl XmlParser {
    pub fn create(parser: Parser, intern: Option<Ref<Object>>) -> PyResult<Ref<XmlParser>> {
        let this: Ref<XmlParser> = support::instance_exact()?;
        this.inside.set(Some(Box::new(Inside { parser, strings: Vec::new(), buffer: Vec::new() })));
        this.intern.set(intern);
        this.buffer_size.set(DEFAULT_BUFFER);
        Ok(this)
    }

    /// Works with the inside; no Python code runs in `body`.
    fn with<R>(&self, body: impl FnOnce(&mut Inside) -> R) -> PyResult<R> {
        let Some(mut inside) = self.inside.take() else {
            return Err(raise!(RuntimeError, "parser is in use"));
        };
        let result = body(&mut inside);
        self.inside.set(Some(inside));
        Ok(result)
    }

    pub fn is_ordered(&self) -> bool {
        self.ordered.get()
    }

    pub fn only_specified(&self) -> bool {
        self.specified.get()
    }

    pub fn is_expanding(&self) -> bool {
        self.expanding.get()
    }

    pub fn handler(&self, which: usize) -> Option<Ref<Object>> {
        self.handlers.get(which).and_then(Slot::get)
    }

    fn clear_handlers(&self) {
        let taken: Vec<_> = self.handlers.iter().map(Slot::take).collect();
        let _cleared = self.with(|inside| inside.parser.handlers = 0).map_err(Raised::clear);
        drop(taken);
    }
}

impl XmlParser {
    /// The one string of a text that is used as a name.
    pub fn intern_text(&self, text: &str) -> PyResult<Ref<Object>> {
        let string = Str::from_utf8_str(text)?.into_object();
        // SAFETY: a dict is put there alone.
        match unsafe { self.intern.get_as::<Dict>() } {
            Some(intern) => Ok(intern.set_default(string.borrow(), string.borrow())?.0),
            None => Ok(string),
        }
    }

    /// The string of a name.
    pub fn name(&self, inside: &mut Inside, id: NameId) -> PyResult<Ref<Object>> {
        let index = id.0 as usize;
        if let Some(Some(found)) = inside.strings.get(index) {
            return Ok(found.clone());
        }
        let string = self.intern_text(&inside.parser.name(id))?;
        if self.intern.is_set() {
            if inside.strings.len() <= index {
                inside.strings.make_room(index + 1 - inside.strings.len())?;
                inside.strings.resize(index + 1, None);
            }
            inside.strings[index] = Some(string.clone());
        }
        Ok(string)
    }

    pub fn set_handler(&self, which: usize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(raise!(RuntimeError, "Cannot delete attribute"));
        };
        let data = Handler::CharacterData as usize;
        if which == data {
            // What was collected belongs to the handler that is there now.
            self.flush()?;
        }
        let (default, expand) = (Handler::Default as usize, Handler::DefaultExpand as usize);
        let mut bit = 1u32 << which;
        let is_set = !value.is_none();
        let swallows = which == data && self.calling.get();
        self.with(|inside| {
            let parser = &mut inside.parser;
            if which == default || which == expand {
                bit = Handler::Default.bit() | Handler::DefaultExpand.bit();
                parser.expand = which == expand;
            }
            if is_set || swallows {
                parser.handlers |= bit;
            } else {
                parser.handlers &= !bit;
            }
        })?;
        if which == default || which == expand {
            self.expanding.set(which == expand);
        }
        self.handlers[which].set(is_set.then(|| value.to_owned()));
        Ok(())
    }

    /// Calls a handler, which may be gone.
    fn call(&self, which: Handler, arguments: &[Ref<Object>]) -> PyResult<Option<Ref<Object>>> {
        let Some(handler) = self.handler(which as usize) else { return Ok(None) };
        let mut borrowed: [Borrowed<'_, Object>; 8] = [handler.borrow(); 8];
        for (place, argument) in borrowed.iter_mut().zip(arguments) {
            *place = argument.borrow();
        }
        let before = self.calling.replace(true);
        let result = handler.call(&borrowed[..arguments.len().min(8)]);
        self.calling.set(before);
        result.map(Some).map_err(|raised| self.fail(traceback::add(raised, NAMES[which as usize].1)))
    }

    /// What an exception of a handler does: there are no more events.
    #[cold]
    fn fail(&self, raised: Raised) -> Raised {
        let exception = raised.take();
        self.clear_handlers();
        let _aborted = self.with(|inside| inside.parser.abort()).map_err(Raised::clear);
        Raised::restore(exception)
    }

    fn call_characters(&self, data: &[u8]) -> PyResult<()> {
        let text = Str::from_wtf8(data)?.into_object();
        self.call(Handler::CharacterData, &[text]).map(drop)
    }

    /// Reports the character data that was collected.
    fn flush(&self) -> PyResult<()> {
        let data = self.with(|inside| (!inside.buffer.is_empty()).then(|| core::mem::take(&mut inside.buffer)))?;
        match data {
            Some(data) => self.call_characters(&data),
            None => Ok(()),
        }
    }

    /// Collects character data, or reports it where that is not wanted.
    fn characters(&self, span: Span) -> PyResult<()> {
        let limit = self.buffer_size.get();
        let fits = self.with(|inside| {
            let length = inside.parser.span(span).len();
            inside.buffer.len() + length <= limit
        })?;
        if !fits {
            self.flush()?;
            if self.handler(Handler::CharacterData as usize).is_none() {
                return Ok(());
            }
        }
        let whole = self.with(|inside| {
            let data = inside.parser.span(span);
            if data.len() > limit || !self.buffers.get() {
                return Ok(Some(data.as_bytes().to_vec()));
            }
            if inside.buffer.try_reserve(data.len()).is_err() {
                return Err(Raised::no_memory());
            }
            inside.buffer.extend_from_slice(data.as_bytes());
            Ok(None)
        })??;
        match whole {
            Some(data) => self.call_characters(&data),
            None => Ok(()),
        }
    }

    /// Reports what the parser finds until it has used up what it was fed.
    fn pump(&self) -> PyResult<()> {
        loop {
            let event = self.with(|inside| inside.parser.next())?;
            let event = match event {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(()),
                Err(code) => return Err(self.raise(code)),
            };
            match event {
                Event::Characters(span) if self.buffers.get() => {
                    self.characters(span).map_err(|raised| self.fail(raised))?;
                    continue;
                }
                Event::UnknownEncoding(name) => {
                    self.answer_encoding(&name).map_err(|raised| self.fail(raised))?;
                    continue;
                }
                _ => {}
            }
            if self.buffers.get() {
                // What was collected comes before anything else.
                let waits = self.with(|inside| !inside.buffer.is_empty())?;
                if waits {
                    // The event is lent by the parser, which does not move on, so it outlives the call.
                    self.flush()?;
                }
            }
            let (which, arguments) = self.with_arguments(&event).map_err(|raised| self.fail(raised))?;
            let result = self.call(which, &arguments)?;
            if matches!(which, Handler::ExternalEntityRef | Handler::NotStandalone) {
                let Some(result) = result else { continue };
                let accepted = result.index().and_then(|number| number.as_object().as_isize());
                if accepted.map_err(|raised| self.fail(raised))? == 0 {
                    self.with(|inside| inside.parser.refuse())?;
                }
            }
        }
    }

    fn with_arguments(&self, event: &Event) -> PyResult<(Handler, Vec<Ref<Object>>)> {
        self.with(|inside| handlers::arguments(self, inside, event))?
    }

    /// Finds out what the bytes of an encoding mean.
    fn answer_encoding(&self, name: &str) -> PyResult<()> {
        let table = decoding_table(name)?;
        if let Some(table) = table {
            self.with(|inside| inside.parser.set_table(table))?;
        }
        Ok(())
    }

    #[cold]
    fn raise(&self, code: Code) -> Raised {
        match self.place() {
            Ok((line, column, _)) => raise_code(code, line, column),
            Err(raised) => raised,
        }
    }

    fn place(&self) -> PyResult<(usize, usize, Option<usize>)> {
        self.with(|inside| match inside.parser.position() {
            Some(position) => (position.line, position.column, Some(position.bytes)),
            None => (1, 0, None),
        })
    }

    fn begin(&self) -> PyResult<()> {
        if self.parsing.get() {
            return Err(raise!(RuntimeError, "cannot parse while the parser calls a handler"));
        }
        self.parsing.set(true);
        Ok(())
    }

    fn parse_bytes(&self, data: &[u8], last: bool) -> PyResult<()> {
        let mut rest = data;
        loop {
            let (chunk, more) = if rest.len() > CHUNK { rest.split_at(CHUNK) } else { (rest, &[] as &[u8]) };
            let is_last = last && more.is_empty();
            let _room = self.with(|inside| inside.parser.room_for(chunk.len()))??;
            self.with(|inside| inside.parser.feed(chunk, is_last))?.map_err(|code| self.raise(code))?;
            self.pump()?;
            rest = more;
            if rest.is_empty() {
                return self.flush();
            }
        }
    }

    /// Whether a limit may be set here.
    fn check_root(&self) -> PyResult<()> {
        if self.with(|inside| inside.parser.is_child())? {
            return Err(self.invalid("parser must be a root parser"));
        }
        Ok(())
    }

    #[cold]
    fn invalid(&self, message: &str) -> Raised {
        match (ERROR.class(), self.place()) {
            (Ok(class), Ok((line, column, _))) => raise_at(class, message, INVALID_ARGUMENT, line, column),
            (Err(raised), _) | (_, Err(raised)) => raised,
        }
    }

    fn set_factor(&self, factor: f64, memory: bool) -> PyResult<()> {
        self.check_root()?;
        let factor = factor as f32;
        if factor.is_nan() || factor < 1.0 {
            return Err(self.invalid("'max_factor' must be at least 1.0"));
        }
        self.with(|inside| {
            let limits = inside.parser.limits();
            if memory { limits.memory_factor.set(factor) } else { limits.factor.set(factor) }
        })
    }

    fn set_threshold(&self, threshold: Borrowed<'_, Object>, memory: bool) -> PyResult<()> {
        let number = threshold.index()?;
        if number.is_negative() {
            return Err(raise!(ValueError, "Cannot convert negative int"));
        }
        let Some(threshold) = number.to_u64() else {
            return Err(raise!(OverflowError, "Python int too large for C unsigned long long"));
        };
        self.check_root()?;
        self.with(|inside| {
            let limits = inside.parser.limits();
            if memory { limits.memory_threshold.set(threshold) } else { limits.threshold.set(threshold) }
        })
    }
}

/// The characters of the 256 bytes in an encoding; nothing where it has characters that expat does not know.
pub fn decoding_table(name: &str) -> PyResult<Option<Box<[Option<char>; 256]>>> {
    let bytes: Vec<u8> = (0..=255).collect();
    let bytes = Bytes::from_slice(&bytes)?;
    let name = Str::from_utf8_str(name)?;
    let replace = Str::from_utf8_str("replace")?;
    let text = bytes.as_object().call_method(id!("decode"), &[name.as_borrowed(), replace.as_borrowed()])?;
    let Some(text) = text.downcast::<Str>().filter(|text| text.len() == 256) else {
        return Err(raise!(ValueError, "multi-byte encodings are not supported"));
    };
    let mut table = Box::new([None; 256]);
    for (entry, c) in table.iter_mut().zip(text.chars()) {
        if c > 0xFFFF {
            return Ok(None);
        }
        *entry = char::from_u32(c).filter(|&c| c != char::REPLACEMENT_CHARACTER);
    }
    Ok(Some(table))
}

/// Resets a flag when it goes.
struct Parsing<'a>(&'a Cell<bool>);

impl Drop for Parsing<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

fn truth(value: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
    match value {
        Some(value) => value.is_true(),
        None => Err(raise!(RuntimeError, "Cannot delete attribute")),
    }
}

#[pytype(name = "xmlparser", module = "pyexpat", gc, heap, disallow_instantiation, extend = [HANDLERS])]
impl XmlParser {
    #[method(name = "Parse", signature = "($self, data, isfinal=False, /)", defining_class)]
    fn parse(this: &Ref<XmlParser>, data: Borrowed<'_, Object>, isfinal: Option<bool>) -> PyResult<i64> {
        let last = isfinal.unwrap_or(false);
        this.begin()?;
        let _parsing = Parsing(&this.parsing);
        if let Some(text) = data.downcast::<Str>() {
            let utf8 = text.as_utf8()?;
            this.with(|inside| inside.parser.set_encoding("utf-8"))?;
            this.parse_bytes(utf8.as_bytes(), last)?;
        } else {
            let buffer = BufferArg::new(data)?;
            this.parse_bytes(&buffer, last)?;
        }
        Ok(1)
    }

    #[method(name = "ParseFile", signature = "($self, file, /)", defining_class)]
    fn parse_file(this: &Ref<XmlParser>, file: Borrowed<'_, Object>) -> PyResult<i64> {
        let Some(read) = file.lookup_attr(id!("read"))? else {
            return Err(raise!(TypeError, "argument must have 'read' attribute"));
        };
        this.begin()?;
        let _parsing = Parsing(&this.parsing);
        let size = Int::from_usize(READ)?;
        loop {
            let piece = read.call1(size.as_borrowed())?;
            let is_bytes = piece.is_instance_of::<Bytes>() || piece.is_instance_of::<ByteArray>();
            if !is_bytes {
                return Err(raise!(
                    TypeError,
                    "read() did not return a bytes object (type={:.400})",
                    piece.type_name()
                ));
            }
            let data = BufferArg::new(piece.borrow())?.try_to_vec()?;
            if data.len() > READ {
                return Err(raise!(
                    ValueError,
                    "read() returned too much data: {READ} bytes requested, {} returned",
                    data.len()
                ));
            }
            let last = data.is_empty();
            let _room = this.with(|inside| inside.parser.room_for(data.len()))??;
            this.with(|inside| inside.parser.feed(&data, last))?.map_err(|code| this.raise(code))?;
            this.pump()?;
            if last {
                this.flush()?;
                return Ok(1);
            }
        }
    }

    #[method(name = "SetBase", signature = "($self, base, /)")]
    fn set_base(this: &Ref<XmlParser>, base: &str) -> PyResult<()> {
        this.with(|inside| inside.parser.base = Some(base.into()))
    }

    #[method(name = "GetBase", signature = "($self, /)")]
    fn get_base(this: &Ref<XmlParser>) -> PyResult<Option<String>> {
        this.with(|inside| inside.parser.base.as_ref().map(|base| base.to_string()))
    }

    #[method(name = "GetInputContext", signature = "($self, /)")]
    fn get_input_context(this: &Ref<XmlParser>) -> PyResult<Option<Ref<Bytes>>> {
        if !this.calling.get() {
            return Ok(None);
        }
        let bytes = this.with(|inside| inside.parser.context_bytes())?;
        Bytes::from_slice(&bytes).map(Some)
    }

    #[method(
        name = "ExternalEntityParserCreate",
        signature = "($self, context, encoding=<unrepresentable>, /)",
        defining_class
    )]
    fn external_entity_parser_create(
        this: &Ref<XmlParser>,
        context: Borrowed<'_, Object>,
        encoding: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<XmlParser>> {
        let text = |value: Borrowed<'_, Object>, which: &str, what: &str| match value.downcast::<Str>() {
            Some(text) => text.as_utf8().map(str::to_owned),
            None => Err(raise!(
                TypeError,
                "ExternalEntityParserCreate() argument {which} must be {what}, not {}",
                value.type_name()
            )),
        };
        let context = if context.is_none() { None } else { Some(text(context, "1", "str or None")?) };
        let encoding = encoding.map(|encoding| text(encoding, "2", "str")).transpose()?;
        let parser = this.with(|inside| inside.parser.external(context.as_deref(), encoding.as_deref()))?;
        let child = XmlParser::create(parser, this.intern.get())?;
        child.buffer_size.set(this.buffer_size.get());
        child.buffers.set(this.buffers.get());
        child.ordered.set(this.ordered.get());
        child.specified.set(this.specified.get());
        child.prefixes.set(this.prefixes.get());
        child.expanding.set(this.expanding.get());
        child.parent.set(Some(this.as_object().clone()));
        for (mine, its) in this.handlers.iter().zip(&child.handlers) {
            its.set(mine.get());
        }
        Ok(child)
    }

    #[method(name = "SetParamEntityParsing", signature = "($self, flag, /)")]
    fn set_param_entity_parsing(this: &Ref<XmlParser>, flag: i32) -> PyResult<i64> {
        this.with(|inside| {
            let fits = !inside.parser.is_started();
            if fits {
                inside.parser.parameter_parsing = flag;
            }
            i64::from(fits)
        })
    }

    #[method(name = "UseForeignDTD", signature = "($self, flag=True, /)", defining_class)]
    fn use_foreign_dtd(this: &Ref<XmlParser>, flag: Option<bool>) -> PyResult<()> {
        if !this.with(|inside| inside.parser.use_foreign_dtd(flag.unwrap_or(true)))? {
            let (line, column, _) = this.place()?;
            return Err(raise_code(Code::CantChangeFeatureOnceParsing, line, column));
        }
        Ok(())
    }

    #[method(name = "SetReparseDeferralEnabled", signature = "($self, enabled, /)")]
    fn set_reparse_deferral_enabled(this: &Ref<XmlParser>, enabled: bool) -> PyResult<()> {
        this.with(|inside| inside.parser.deferral = enabled)
    }

    #[method(name = "GetReparseDeferralEnabled", signature = "($self, /)")]
    fn get_reparse_deferral_enabled(this: &Ref<XmlParser>) -> PyResult<bool> {
        this.with(|inside| inside.parser.deferral)
    }

    #[method(
        name = "SetBillionLaughsAttackProtectionActivationThreshold",
        signature = "($self, threshold, /)",
        defining_class
    )]
    fn set_billion_laughs_attack_protection_activation_threshold(
        this: &Ref<XmlParser>,
        threshold: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        this.set_threshold(threshold, false)
    }

    #[method(
        name = "SetBillionLaughsAttackProtectionMaximumAmplification",
        signature = "($self, max_factor, /)",
        defining_class
    )]
    fn set_billion_laughs_attack_protection_maximum_amplification(
        this: &Ref<XmlParser>,
        max_factor: f64,
    ) -> PyResult<()> {
        this.set_factor(max_factor, false)
    }

    #[method(name = "SetAllocTrackerActivationThreshold", signature = "($self, threshold, /)", defining_class)]
    fn set_alloc_tracker_activation_threshold(this: &Ref<XmlParser>, threshold: Borrowed<'_, Object>) -> PyResult<()> {
        this.set_threshold(threshold, true)
    }

    #[method(name = "SetAllocTrackerMaximumAmplification", signature = "($self, max_factor, /)", defining_class)]
    fn set_alloc_tracker_maximum_amplification(this: &Ref<XmlParser>, max_factor: f64) -> PyResult<()> {
        this.set_factor(max_factor, true)
    }

    #[getter(name = "ErrorCode")]
    fn error_code(this: &Ref<XmlParser>) -> PyResult<i64> {
        this.with(|inside| inside.parser.error().map_or(0, |code| code as i64))
    }

    #[getter(name = "ErrorLineNumber")]
    fn error_line(this: &Ref<XmlParser>) -> PyResult<usize> {
        Ok(this.place()?.0)
    }

    #[getter(name = "ErrorColumnNumber")]
    fn error_column(this: &Ref<XmlParser>) -> PyResult<usize> {
        Ok(this.place()?.1)
    }

    #[getter(name = "ErrorByteIndex")]
    fn error_byte(this: &Ref<XmlParser>) -> PyResult<i64> {
        Ok(this.place()?.2.map_or(-1, |index| index as i64))
    }

    #[getter(name = "CurrentLineNumber")]
    fn current_line(this: &Ref<XmlParser>) -> PyResult<usize> {
        Ok(this.place()?.0)
    }

    #[getter(name = "CurrentColumnNumber")]
    fn current_column(this: &Ref<XmlParser>) -> PyResult<usize> {
        Ok(this.place()?.1)
    }

    #[getter(name = "CurrentByteIndex")]
    fn current_byte(this: &Ref<XmlParser>) -> PyResult<i64> {
        Ok(this.place()?.2.map_or(-1, |index| index as i64))
    }

    #[getter(name = "buffer_size")]
    fn buffer_size(this: &Ref<XmlParser>) -> usize {
        this.buffer_size.get()
    }

    #[setter(name = "buffer_size")]
    fn set_buffer_size(this: &Ref<XmlParser>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(raise!(RuntimeError, "Cannot delete attribute"));
        };
        let Some(number) = value.downcast::<Int>() else {
            return Err(raise!(TypeError, "buffer_size must be an integer"));
        };
        let Some(size) = number.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        if size <= 0 {
            return Err(raise!(ValueError, "buffer_size must be greater than zero"));
        }
        if size > i64::from(i32::MAX) {
            return Err(raise!(ValueError, "buffer_size must not be greater than {}", i32::MAX));
        }
        if size as usize != this.buffer_size.get() {
            this.flush()?;
            this.buffer_size.set(size as usize);
        }
        Ok(())
    }

    #[getter(name = "buffer_text")]
    fn buffer_text(this: &Ref<XmlParser>) -> bool {
        this.buffers.get()
    }

    #[setter(name = "buffer_text")]
    fn set_buffer_text(this: &Ref<XmlParser>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let on = truth(value)?;
        if !on {
            this.flush()?;
        }
        this.buffers.set(on);
        Ok(())
    }

    #[getter(name = "buffer_used")]
    fn buffer_used(this: &Ref<XmlParser>) -> PyResult<usize> {
        this.with(|inside| inside.buffer.len())
    }

    #[getter(name = "namespace_prefixes")]
    fn namespace_prefixes(this: &Ref<XmlParser>) -> bool {
        this.prefixes.get()
    }

    #[setter(name = "namespace_prefixes")]
    fn set_namespace_prefixes(this: &Ref<XmlParser>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let on = truth(value)?;
        this.prefixes.set(on);
        this.with(|inside| inside.parser.set_prefixes(on))
    }

    #[getter(name = "ordered_attributes")]
    fn ordered_attributes(this: &Ref<XmlParser>) -> bool {
        this.ordered.get()
    }

    #[setter(name = "ordered_attributes")]
    fn set_ordered_attributes(this: &Ref<XmlParser>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.ordered.set(truth(value)?);
        Ok(())
    }

    #[getter(name = "specified_attributes")]
    fn specified_attributes(this: &Ref<XmlParser>) -> bool {
        this.specified.get()
    }

    #[setter(name = "specified_attributes")]
    fn set_specified_attributes(this: &Ref<XmlParser>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.specified.set(truth(value)?);
        Ok(())
    }

    #[member(name = "intern", kind = T_OBJECT, offset = offset_of!(XmlParser, intern), readonly)]
    const _INTERN: () = ();

    #[slot(tp_traverse)]
    fn traverse(this: &XmlParser, visit: &mut Visitor) {
        for slot in this.handlers.iter().chain([&this.intern, &this.parent]) {
            visit.object(slot.as_ptr());
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<XmlParser>) {
        this.clear_handlers();
        drop(this.intern.take());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut XmlParser) {
        // SAFETY: called once, by the last decref; the fields are dropped in place.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).inside.take());
            for slot in (*this).handlers.iter().chain([&(*this).intern, &(*this).parent]) {
                drop(slot.take());
            }
            memory::dealloc_finish(this);
        }
    }
}
