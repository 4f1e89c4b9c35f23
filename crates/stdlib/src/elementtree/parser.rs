//! `XMLParser`: the parser of `pyexpat` in front of a target, which is a `TreeBuilder` unless the program brings its own.
//!
//! **Invariant:** as in `pyexpat`, the parser is out of its place only while no Python code runs.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::modules;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

use super::PARSE_ERROR;
use super::builder::{KINDS, Kind, TreeBuilder};
use crate::pyexpat::expat::{Code, Event, Handler, NameId, Parser};
use crate::pyexpat::{decoding_table, expat::Text};
use crate::support::{self, Slot};

struct Inside {
    parser: Parser,
    /// The tags of the names, by number.
    tags: Vec<Option<Ref<Object>>>,
}

/// The methods of a target, in the order of their names here.
const METHODS: [&str; 9] = ["start", "data", "end", "start_ns", "end_ns", "comment", "pi", "close", "doctype"];

#[derive(Clone, Copy)]
enum Method {
    Start,
    Data,
    End,
    StartNs,
    EndNs,
    Comment,
    Pi,
    Close,
    Doctype,
}

/// `xml.etree.ElementTree.XMLParser`
#[repr(C)]
pub struct XmlParser {
    head: PyObject,
    target: Slot,
    entity: Slot,
    methods: [Slot; METHODS.len()],
    inside: Cell<Option<Box<Inside>>>,
    parsing: Cell<bool>,
}

/// Something that was found, as objects.
enum Found {
    Start(Ref<Object>, Option<Ref<Dict>>),
    End(NameId),
    Data(Ref<Object>),
    Default(Ref<Object>, usize, usize),
    Comment(Ref<Object>),
    Pi(Ref<Object>, Ref<Object>),
    StartNs(Option<Text>, Option<Text>),
    EndNs(Option<Text>),
    Doctype(Text, Option<Text>, Option<Text>),
    Encoding(Text),
    Nothing,
    Done,
    Failed(Code, usize, usize),
}

const READ: i64 = 64 * 1024;
const CHUNK: usize = 1 << 20;

/// The tag of a name: its namespace in braces.
fn tag(inside: &mut Inside, id: NameId) -> PyResult<Ref<Object>> {
    let index = id.0 as usize;
    if let Some(Some(tag)) = inside.tags.get(index) {
        return Ok(tag.clone());
    }
    let tag = universal(&inside.parser.name(id))?;
    if inside.tags.len() <= index {
        inside.tags.make_room(index + 1 - inside.tags.len())?;
        inside.tags.resize(index + 1, None);
    }
    inside.tags[index] = Some(tag.clone());
    Ok(tag)
}

fn universal(name: &str) -> PyResult<Ref<Object>> {
    let text = if name.contains('}') { Str::from_utf8_str(&format!("{{{name}"))? } else { Str::from_utf8_str(name)? };
    Ok(text.into_object())
}

fn string(text: &str) -> PyResult<Ref<Object>> {
    Ok(Str::from_utf8_str(text)?.into_object())
}

fn string_or_none(text: &Option<Text>) -> PyResult<Ref<Object>> {
    text.as_ref().map_or_else(|| Ok(none()), |text| string(text))
}

fn string_or_empty(text: &Option<Text>) -> PyResult<Ref<Object>> {
    string(text.as_deref().unwrap_or(""))
}

/// The next thing that is found.
fn next(inside: &mut Inside) -> PyResult<Found> {
    let event = match inside.parser.next() {
        Ok(Some(event)) => event,
        Ok(None) => return Ok(Found::Done),
        Err(code) => {
            let (line, column) = inside.parser.position().map_or((1, 0), |at| (at.line, at.column));
            return Ok(Found::Failed(code, line, column));
        }
    };
    Ok(match event {
        Event::StartElement(name) => {
            let name = tag(inside, name)?;
            let count = inside.parser.attributes().len();
            let mut attrib = None;
            if count > 0 {
                let dict = Dict::new()?;
                for i in 0..count {
                    let attribute = inside.parser.attributes()[i];
                    let key = tag(inside, attribute.name)?;
                    let value = Str::from_utf8_str(inside.parser.value(attribute))?;
                    dict.set_item(key.borrow(), value.borrow())?;
                }
                attrib = Some(dict);
            }
            Found::Start(name, attrib)
        }
        Event::EndElement(name) => Found::End(name),
        Event::Characters(span) => Found::Data(string(inside.parser.span(span))?),
        Event::Default(span) => {
            let text = inside.parser.span(span);
            if text.len() < 2 || !text.starts_with('&') {
                return Ok(Found::Nothing);
            }
            let text = string(text)?;
            let (line, column) = inside.parser.position().map_or((1, 0), |at| (at.line, at.column));
            Found::Default(text, line, column)
        }
        Event::Comment(span) => Found::Comment(string(inside.parser.span(span))?),
        Event::Instruction { target, data } => {
            let data = string(inside.parser.span(data))?;
            Found::Pi(string(&inside.parser.name(target))?, data)
        }
        Event::StartNamespace { prefix, uri } => Found::StartNs(prefix, uri),
        Event::EndNamespace { prefix } => Found::EndNs(prefix),
        Event::StartDoctype { name, system_id, public_id, .. } => Found::Doctype(name, system_id, public_id),
        Event::UnknownEncoding(name) => Found::Encoding(name),
        _ => Found::Nothing,
    })
}

#[cold]
fn parse_error(message: &str, code: Code, line: usize, column: usize) -> Raised {
    let raise = || -> PyResult<Raised> {
        let class = PARSE_ERROR.class()?;
        let text = Str::from_fmt(format_args!("{message}: line {line}, column {column}"))?;
        let error = class.call1(text.as_borrowed())?;
        error.setattr(id!("code"), Int::from_i64(code as i64)?.as_borrowed())?;
        let position = Tuple::pack([Int::from_usize(line)?.into_object(), Int::from_usize(column)?.into_object()])?;
        error.setattr(id!("position"), position.as_borrowed())?;
        Ok(exceptions::set_object(class.borrow(), Some(error.borrow())))
    };
    raise().unwrap_or_else(|raised| raised)
}

impl XmlParser {
    fn slots(&self) -> [&Slot; 11] {
        let m = &self.methods;
        [&self.target, &self.entity, &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &m[6], &m[7], &m[8]]
    }

    fn with<R>(&self, body: impl FnOnce(&mut Inside) -> R) -> PyResult<R> {
        let Some(mut inside) = self.inside.take() else {
            return Err(raise!(ValueError, "XMLParser.__init__() wasn't called"));
        };
        let result = body(&mut inside);
        self.inside.set(Some(inside));
        Ok(result)
    }

    fn method(&self, method: Method) -> Option<Ref<Object>> {
        self.methods[method as usize].get()
    }

    /// The target where it is a builder of exactly that type.
    fn builder(&self) -> Option<Ref<TreeBuilder>> {
        self.target.get().and_then(|target| target.downcast_exact::<TreeBuilder>().map(|builder| (*builder).clone()))
    }

    fn call(&self, method: Method, args: &[Borrowed<'_, Object>]) -> PyResult<()> {
        match self.method(method) {
            Some(method) => method.call(args).map(drop),
            None => Ok(()),
        }
    }

    /// An entity that the document does not declare.
    fn entity_text(&self, reference: &Ref<Object>, line: usize, column: usize) -> PyResult<Ref<Object>> {
        let text = reference.to_text();
        let name = string(text.get(1..text.len().saturating_sub(1)).unwrap_or(""))?;
        // SAFETY: a dict is put there alone.
        if let Some(entities) = unsafe { self.entity.get_as::<Dict>() }
            && let Some(value) = entities.get(name.borrow())?
        {
            return Ok(value);
        }
        let shown: String = text.chars().take(100).collect();
        Err(parse_error(&format!("undefined entity {shown}"), Code::UndefinedEntity, line, column))
    }

    /// What is not for the builder alone.
    #[inline(never)]
    fn handle(&self, builder: Option<&Ref<TreeBuilder>>, found: Found) -> PyResult<()> {
        match found {
            Found::Start(name, attrib) => match builder {
                Some(builder) => builder.begin(name.borrow(), attrib).map(drop),
                None => {
                    let attrib = match attrib {
                        Some(attrib) => attrib,
                        None => Dict::new()?,
                    };
                    self.call(Method::Start, &[name.borrow(), attrib.as_borrowed()])
                }
            },
            Found::End(name) => match builder {
                Some(builder) => builder.finish().map(drop),
                None => {
                    let name = self.with(|inside| tag(inside, name))??;
                    self.call(Method::End, &[name.borrow()])
                }
            },
            Found::Data(data) => match builder {
                Some(builder) => builder.add_data(data.borrow()),
                None => self.call(Method::Data, &[data.borrow()]),
            },
            Found::Default(reference, line, column) => {
                let text = self.entity_text(&reference, line, column)?;
                self.handle(builder, Found::Data(text))
            }
            Found::Comment(text) => match builder {
                Some(builder) => builder.add_comment(text.borrow()).map(drop),
                None => self.call(Method::Comment, &[text.borrow()]),
            },
            Found::Pi(target, text) => match builder {
                Some(builder) => builder.add_pi(target.borrow(), text.borrow()).map(drop),
                None => self.call(Method::Pi, &[target.borrow(), text.borrow()]),
            },
            Found::StartNs(prefix, uri) => {
                let (prefix, uri) = (string_or_empty(&prefix)?, string_or_empty(&uri)?);
                match builder {
                    Some(builder) => builder.tell(Kind::StartNs, Tuple::pack([prefix, uri])?.as_borrowed()),
                    None => self.call(Method::StartNs, &[prefix.borrow(), uri.borrow()]),
                }
            }
            Found::EndNs(prefix) => match builder {
                Some(builder) => builder.tell(Kind::EndNs, none().borrow()),
                None => self.call(Method::EndNs, &[string_or_empty(&prefix)?.borrow()]),
            },
            Found::Doctype(name, system_id, public_id) => {
                if self.method(Method::Doctype).is_none() {
                    return Ok(());
                }
                let name = universal(&name)?;
                let (public_id, system_id) = (string_or_none(&public_id)?, string_or_none(&system_id)?);
                self.call(Method::Doctype, &[name.borrow(), public_id.borrow(), system_id.borrow()])
            }
            Found::Encoding(name) => {
                if let Some(table) = decoding_table(&name)? {
                    self.with(|inside| inside.parser.set_table(table))?;
                }
                Ok(())
            }
            Found::Nothing | Found::Done | Found::Failed(..) => Ok(()),
        }
    }

    fn warn_doctype(this: &Ref<XmlParser>) -> PyResult<()> {
        if this.as_object().has_attr(id!("doctype"))? {
            modules::warnings::warn(
                exceptions::RuntimeWarning::type_object(),
                "The doctype() method of XMLParser is deprecated.  Define doctype() method on the TreeBuilder target.",
                1,
            )?;
        }
        Ok(())
    }

    /// Uses what was fed. After an exception the rest of it is used up without being told of.
    fn pump(this: &Ref<XmlParser>) -> PyResult<()> {
        let builder = this.builder();
        let mut failed: Option<Ref<Object>> = None;
        loop {
            let found = this.with(next)?;
            let result = match found {
                Ok(Found::Done) => break,
                Ok(Found::Failed(code, line, column)) => {
                    if failed.is_none() {
                        return Err(parse_error(code.text(), code, line, column));
                    }
                    break;
                }
                _ if failed.is_some() => continue,
                Ok(found) => {
                    let undeclared = matches!(found, Found::Doctype(..)) && this.method(Method::Doctype).is_none();
                    this.handle(builder.as_ref(), found)
                        .and_then(|()| if undeclared { XmlParser::warn_doctype(this) } else { Ok(()) })
                }
                Err(raised) => Err(raised),
            };
            if let Err(raised) = result {
                failed = Some(raised.take());
            }
        }
        match failed {
            Some(exception) => Err(Raised::restore(exception)),
            None => Ok(()),
        }
    }

    fn parse(this: &Ref<XmlParser>, data: &[u8], last: bool) -> PyResult<()> {
        if this.parsing.replace(true) {
            return Err(raise!(RuntimeError, "cannot parse while the parser calls its target"));
        }
        let mut rest = data;
        let result = loop {
            let (chunk, more) = if rest.len() > CHUNK { rest.split_at(CHUNK) } else { (rest, &[] as &[u8]) };
            let is_last = last && more.is_empty();
            let mut _room = None;
            let fed = this.with(|inside| {
                _room = inside.parser.room_for(chunk.len())?;
                Ok(inside.parser.feed(chunk, is_last).map_err(|code| {
                    let (line, column) = inside.parser.position().map_or((1, 0), |at| (at.line, at.column));
                    (code, line, column)
                }))
            });
            let step = match fed.flatten() {
                Ok(Ok(())) => XmlParser::pump(this),
                Ok(Err((code, line, column))) => Err(parse_error(code.text(), code, line, column)),
                Err(raised) => Err(raised),
            };
            rest = more;
            if step.is_err() || rest.is_empty() {
                break step;
            }
        };
        this.parsing.set(false);
        result
    }

    fn check_init(&self) -> PyResult<()> {
        self.with(|_| ())
    }

    fn done(&self) -> Option<Ref<Object>> {
        self.builder().and_then(|builder| builder.root())
    }

    /// Turns the handlers for some events on.
    fn listen(&self, handlers: &[Handler]) -> PyResult<()> {
        self.with(|inside| handlers.iter().for_each(|handler| inside.parser.handlers |= handler.bit()))
    }
}

#[pytype(name = "XMLParser", module = "xml.etree.ElementTree", gc, heap, basetype, generic_new)]
impl XmlParser {
    #[init(signature = "(*, target=None, encoding=None)", no_text_signature)]
    fn init(
        this: &Ref<XmlParser>,
        target: Option<Borrowed<'_, Object>>,
        encoding: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let encoding = match encoding.filter(|encoding| !encoding.is_none()) {
            None => None,
            Some(encoding) => match encoding.downcast_borrowed::<Str>() {
                Some(text) => Some(text.as_utf8()?.to_owned()),
                None => {
                    return Err(raise!(
                        TypeError,
                        "XMLParser() argument 'encoding' must be str or None, not {}",
                        encoding.type_name()
                    ));
                }
            },
        };
        if this.parsing.get() {
            return Err(raise!(RuntimeError, "cannot parse while the parser calls its target"));
        }
        let target = match target.filter(|target| !target.is_none()) {
            Some(target) => target.to_owned(),
            None => TreeBuilder::create()?.into_object(),
        };
        for (slot, name) in this.methods.iter().zip(METHODS) {
            slot.set(target.lookup_attr(Str::intern_str(name)?.borrow())?);
        }
        this.target.set(Some(target));
        this.entity.set(Some(Dict::new()?.into_object()));
        let parser = Parser::new(encoding.as_deref(), Some(Some('}')));
        drop(this.inside.replace(Some(Box::new(Inside { parser, tags: Vec::new() }))));
        this.listen(&[
            Handler::DefaultExpand,
            Handler::StartElement,
            Handler::EndElement,
            Handler::CharacterData,
            Handler::StartDoctypeDecl,
        ])?;
        if this.method(Method::StartNs).is_some() {
            this.listen(&[Handler::StartNamespaceDecl])?;
        }
        if this.method(Method::EndNs).is_some() {
            this.listen(&[Handler::EndNamespaceDecl])?;
        }
        if this.method(Method::Comment).is_some() {
            this.listen(&[Handler::Comment])?;
        }
        if this.method(Method::Pi).is_some() {
            this.listen(&[Handler::ProcessingInstruction])?;
        }
        Ok(())
    }

    #[method(signature = "($self, data, /)")]
    fn feed(this: &Ref<XmlParser>, data: Borrowed<'_, Object>) -> PyResult<()> {
        this.check_init()?;
        if let Some(text) = data.downcast::<Str>() {
            let utf8 = text.as_utf8()?;
            this.with(|inside| inside.parser.set_encoding("utf-8"))?;
            return XmlParser::parse(this, utf8.as_bytes(), false);
        }
        let buffer = BufferArg::new(data)?;
        XmlParser::parse(this, &buffer, false)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<XmlParser>) -> PyResult<Ref<Object>> {
        this.check_init()?;
        XmlParser::parse(this, &[], true)?;
        if this.builder().is_some() {
            return Ok(this.done().unwrap_or_else(none));
        }
        match this.method(Method::Close) {
            Some(close) => close.call0(),
            None => Ok(none()),
        }
    }

    #[method(signature = "($self, /)")]
    fn flush(this: &Ref<XmlParser>) -> PyResult<()> {
        this.check_init()?;
        let before = this.with(|inside| core::mem::replace(&mut inside.parser.deferral, false))?;
        let result = XmlParser::parse(this, &[], false);
        this.with(|inside| inside.parser.deferral = before)?;
        result
    }

    #[method(signature = "($self, file, /)")]
    fn _parse_whole(this: &Ref<XmlParser>, file: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.check_init()?;
        let read = file.getattr(id!("read"))?;
        let size = Int::from_i64(READ)?;
        loop {
            let piece = read.call1(size.as_borrowed())?;
            if let Some(text) = piece.downcast::<Str>() {
                if text.is_empty() {
                    break;
                }
                // What the document says of its bytes is not about these.
                this.with(|inside| inside.parser.set_encoding("utf-8"))?;
                XmlParser::parse(this, &text.to_wtf8()?, false)?;
                continue;
            }
            let Some(bytes) = piece.downcast_exact::<Bytes>().filter(|bytes| !bytes.as_slice().is_empty()) else {
                break;
            };
            XmlParser::parse(this, bytes.as_slice(), false)?;
        }
        XmlParser::parse(this, &[], true)?;
        Ok(this.done().unwrap_or_else(none))
    }

    #[method(signature = "($self, events_queue, events_to_report=None, /)")]
    fn _setevents(
        this: &Ref<XmlParser>,
        events_queue: Borrowed<'_, Object>,
        events_to_report: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.check_init()?;
        let Some(builder) = this.builder() else {
            return Err(raise!(TypeError, "event handling only supported for ElementTree.TreeBuilder targets"));
        };
        builder.set_queue(events_queue.getattr(id!("append"))?);
        let Some(events) = events_to_report.filter(|events| !events.is_none()) else {
            builder.want(Kind::End, id!("end").upcast().to_owned());
            return Ok(());
        };
        let events = events.to_fast_sequence("events must be a sequence")?;
        for event in events.collect_items()? {
            let name = match (event.downcast::<Str>(), event.downcast::<Bytes>()) {
                (Some(text), _) => text.as_utf8()?.to_owned(),
                (_, Some(bytes)) => String::from_utf8_lossy(bytes.as_slice()).into_owned(),
                _ => return Err(raise!(ValueError, "invalid events sequence")),
            };
            let Some(&(_, kind)) = KINDS.iter().find(|row| row.0 == name) else {
                return Err(raise!(ValueError, "unknown event '{name}'"));
            };
            match kind {
                Kind::StartNs => this.listen(&[Handler::StartNamespaceDecl])?,
                Kind::EndNs => this.listen(&[Handler::EndNamespaceDecl])?,
                Kind::Comment => this.listen(&[Handler::Comment])?,
                Kind::Pi => this.listen(&[Handler::ProcessingInstruction])?,
                Kind::Start | Kind::End => {}
            }
            builder.want(kind, event);
        }
        Ok(())
    }

    #[getter(name = "version")]
    fn version(_this: &Ref<XmlParser>) -> &'static str {
        "Expat 2.9.0"
    }

    #[member(name = "entity", kind = T_OBJECT, offset = offset_of!(XmlParser, entity), readonly)]
    const _ENTITY: () = ();

    #[member(name = "target", kind = T_OBJECT, offset = offset_of!(XmlParser, target), readonly)]
    const _TARGET: () = ();

    #[slot(tp_traverse)]
    fn traverse(this: &XmlParser, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<XmlParser>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut XmlParser) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            drop((*this).inside.take());
            support::clear((*this).slots());
            memory::dealloc_finish(this);
        }
    }
}
