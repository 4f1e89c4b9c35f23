//! A streaming, non-validating parser of XML with the behaviour of expat: the same events in the same order, the same errors
//! at the same places.
//!
//! It is pulled: [`Parser::feed`] takes bytes and [`Parser::next`] gives one event at a time, so nothing of the parser is
//! borrowed while whoever listens runs code. **Invariant:** between two calls of `next` the parser may be asked and changed in
//! any way; what an event refers to ([`Span`], attributes) stays as it is until the next call.

mod attributes;
mod content;
mod cursor;
mod dtd;
mod entity;
pub mod error;
mod event;
mod input;
mod limits;
mod names;
mod naming;
mod prolog;
mod role;
mod scan;
mod start;
#[cfg(test)]
mod tests;

use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use taipan_runtime::memory::rust_alloc::Room;
use taipan_runtime::prelude::PyResult;

use dtd::{Dtd, Entity};
pub use dtd::{Kind, Node, Quantity, Text};
pub use error::Code;
pub use event::{Attribute, Event, Handler, Span};
pub use input::Position;
use input::{Encoding, Input};
pub use limits::Limits;
pub use names::NameId;
use role::State;
use scan::RawAttribute;

/// What is still to be done for a token that was read.
enum Todo {
    Event(Event, usize),
    /// The external subset was offered; whether there were references to parameter entities before.
    SubsetRead {
        had_refs: bool,
        has_system_id: bool,
    },
    /// A parameter entity was offered.
    ParameterRead(Rc<Entity>),
    CheckStandalone,
    EndDoctype,
    StartContent,
    SwitchEncoding {
        name: Text,
        at: usize,
        next: usize,
    },
    Encode(Encoding, usize),
    Fail(Code, usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nothing was read: the encoding is to be found.
    Start,
    Prolog,
    Content,
    Cdata,
    Epilog,
    Ignored,
    /// The entity's text declaration may come.
    TextDecl,
}

struct Tag {
    raw: NameId,
    name: NameId,
    /// How many bindings there were before it.
    bindings: usize,
}

struct Binding {
    prefix: u32,
    previous: Option<NameId>,
}

struct OpenEntity {
    entity: Rc<Entity>,
    at: usize,
    /// The depth of elements where it began.
    level: usize,
    /// In the prolog: whether the reference stood between declarations.
    between: Option<bool>,
}

enum Step {
    Event(Event),
    Again,
    More,
}

pub struct Parser {
    input: Input,
    requested: Option<Text>,
    dtd: Rc<RefCell<Dtd>>,
    limits: Rc<Limits>,
    is_child: bool,
    is_parameter: bool,
    is_general: bool,
    stage: Stage,
    state: State,
    decl: prolog::Declaration,
    todo: VecDeque<Todo>,
    open: Vec<OpenEntity>,
    tags: Vec<Tag>,
    bindings: Vec<Binding>,
    tag_number: u32,
    raw_attributes: Vec<RawAttribute>,
    attributes: Vec<Attribute>,
    specified: usize,
    values: Vec<u8>,
    scratch: Vec<u8>,
    separator: Option<Option<char>>,
    pub prefixes: bool,
    pub handlers: u32,
    pub expand: bool,
    pub parameter_parsing: i32,
    foreign_dtd: bool,
    pub base: Option<Text>,
    event_at: usize,
    event_end: usize,
    started: bool,
    finished: bool,
    last: bool,
    error: Option<Code>,
    refused: bool,
    awaits: Option<Code>,
    pub deferral: bool,
    fed_at: usize,
    partial_before: usize,
    hold: bool,
    direct_base: u64,
    /// The sizes of expat's buffer, on which it depends when a token that is not whole is tried again.
    buffer: (usize, usize, usize),
    ignored_depth: usize,
}

/// The text of valid bytes.
#[inline(always)]
fn text(bytes: &[u8]) -> &str {
    debug_assert!(core::str::from_utf8(bytes).is_ok());
    // SAFETY: decoded text is valid UTF-8 but for `BAD`, which is part of no token, and tokens end between characters.
    unsafe { core::str::from_utf8_unchecked(bytes) }
}

impl Parser {
    /// A parser of a document. `separator` turns namespaces on; `Some(None)` joins without anything between.
    pub fn new(encoding: Option<&str>, separator: Option<Option<char>>) -> Parser {
        let limits = Limits::default();
        let mut parser =
            Parser::with(Rc::new(RefCell::new(Dtd::new())), Rc::new(limits), encoding.map(Text::from), separator);
        if parser.ns() {
            parser.bind_xml();
        }
        parser
    }

    fn with(
        dtd: Rc<RefCell<Dtd>>,
        limits: Rc<Limits>,
        requested: Option<Text>,
        separator: Option<Option<char>>,
    ) -> Parser {
        Parser {
            input: Input::new(Encoding::Utf8),
            requested,
            dtd,
            limits,
            is_child: false,
            is_parameter: false,
            is_general: false,
            stage: Stage::Start,
            state: State::Prolog0,
            decl: prolog::Declaration::default(),
            todo: VecDeque::new(),
            open: Vec::new(),
            tags: Vec::new(),
            bindings: Vec::new(),
            tag_number: 0,
            raw_attributes: Vec::new(),
            attributes: Vec::new(),
            specified: 0,
            values: Vec::new(),
            scratch: Vec::new(),
            separator,
            prefixes: false,
            handlers: 0,
            expand: true,
            parameter_parsing: 0,
            foreign_dtd: false,
            base: None,
            event_at: 0,
            event_end: 0,
            started: false,
            finished: false,
            last: false,
            error: None,
            refused: false,
            awaits: None,
            deferral: true,
            fed_at: 0,
            partial_before: 0,
            hold: false,
            direct_base: 0,
            buffer: (0, 0, 0),
            ignored_depth: 0,
        }
    }

    /// The parser of an external entity: of a general one with the context it was given, else of a parameter entity.
    pub fn external(&self, context: Option<&str>, encoding: Option<&str>) -> Parser {
        let dtd = match context {
            Some(_) => Rc::new(RefCell::new(self.dtd.borrow().copy())),
            None => self.dtd.clone(),
        };
        let mut child = Parser::with(dtd, self.limits.clone(), encoding.map(Text::from), self.separator);
        child.is_child = true;
        child.handlers = self.handlers;
        child.expand = self.expand;
        child.prefixes = self.prefixes;
        child.parameter_parsing = self.parameter_parsing;
        child.deferral = self.deferral;
        child.base = self.base.clone();
        match context {
            Some(context) => {
                child.is_general = true;
                child.set_context(context);
            }
            None => {
                child.is_parameter = true;
                child.state = State::ExternalSubset0;
            }
        }
        child
    }

    #[inline(always)]
    fn ns(&self) -> bool {
        self.separator.is_some()
    }

    #[inline(always)]
    fn wants(&self, handler: Handler) -> bool {
        self.handlers & handler.bit() != 0
    }

    #[inline(always)]
    fn wants_default(&self) -> bool {
        self.handlers & (Handler::Default.bit() | Handler::DefaultExpand.bit()) != 0
    }

    pub fn is_started(&self) -> bool {
        self.started
    }

    pub fn is_child(&self) -> bool {
        self.is_child
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// False once parsing began.
    pub fn use_foreign_dtd(&mut self, flag: bool) -> bool {
        if !self.started {
            self.foreign_dtd = flag;
        }
        !self.started
    }

    /// Takes an encoding that overrules what the document says. False once parsing began.
    pub fn set_encoding(&mut self, name: &str) -> bool {
        if !self.started {
            self.requested = Some(Text::from(name));
        }
        !self.started
    }

    /// Whether namespace prefixes become part of names.
    pub fn set_prefixes(&mut self, on: bool) {
        if self.started {
            return;
        }
        self.prefixes = on;
        self.dtd.borrow_mut().names.forget_expansions();
    }

    pub fn error(&self) -> Option<Code> {
        self.error
    }

    /// The place of the event, or of the error.
    pub fn position(&mut self) -> Option<Position> {
        self.started.then(|| self.input.position(self.event_at))
    }

    /// The bytes from the event on.
    pub fn context_bytes(&self) -> Vec<u8> {
        self.input.bytes_from(self.event_at)
    }

    pub fn name(&self, id: NameId) -> Text {
        self.dtd.borrow().names.text(id).clone()
    }

    pub fn span(&self, span: Span) -> &str {
        let bytes: &[u8] = match span.source {
            0 => &self.input.text,
            1 => &self.scratch,
            n => match self.open.get(n as usize - 2).and_then(|open| open.entity.value.as_ref()) {
                Some(value) => value.as_bytes(),
                None => &[],
            },
        };
        text(bytes.get(span.start..span.end).unwrap_or(&[]))
    }

    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// How many of the attributes stand in the tag.
    pub fn specified(&self) -> usize {
        self.specified
    }

    pub fn value(&self, attribute: Attribute) -> &str {
        text(&self.values[attribute.start..attribute.end])
    }

    /// Answers an external entity or a document that is not standalone with a failure.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// Answers an unknown encoding.
    pub fn set_table(&mut self, table: Box<[Option<char>; 256]>) {
        // Markup has to be that of ASCII, and to stand for nothing else.
        let is_markup = |c: char| c.is_ascii_alphanumeric() || "\t\n\r !\"#%&'()*+,-./:;<=>?[]_|".contains(c);
        let fits = table.iter().enumerate().all(|(i, &entry)| {
            let own = char::from(i as u8);
            entry == Some(own) || !(is_markup(own) || entry.is_some_and(is_markup))
        });
        if fits {
            self.awaits = None;
            if let Some(Todo::SwitchEncoding { next, .. }) = self.todo.pop_front()
                && !self.input.switch(next, Encoding::Table(table))
            {
                self.error = Some(Code::NoMemory);
            }
        }
    }

    /// Stops for good, behind the token at hand.
    pub fn abort(&mut self) {
        if !self.finished {
            self.finished = true;
            self.error = Some(Code::Aborted);
            self.event_at = self.event_end.max(self.event_at);
            self.todo.clear();
        }
    }

    /// Room for what `more` bytes of the document let the parser's tables grow by: names, attributes, entities, and the text
    /// of one token. None for a small document, whose tables are small as well.
    pub fn room_for(&self, more: usize) -> PyResult<Option<Room>> {
        const PER_BYTE: usize = 100;
        const SMALL: usize = 32 * 1024;
        let dtd = self.dtd.borrow();
        let tables = (dtd.size + dtd.names.size + self.values.capacity() + self.scratch.capacity()).saturating_mul(4);
        let needed = (self.input.held() + more).saturating_mul(PER_BYTE).saturating_add(tables);
        if needed < SMALL { Ok(None) } else { Room::new(needed).map(Some) }
    }

    /// Takes the next bytes. The error is that of a parser that cannot take any.
    pub fn feed(&mut self, data: &[u8], last: bool) -> Result<(), Code> {
        if self.finished {
            self.error = Some(Code::Finished);
            return Err(Code::Finished);
        }
        if let Some(code) = self.error {
            return Err(code);
        }
        self.started = true;
        if !self.input.push(data) {
            return Err(self.fail(Code::NoMemory));
        }
        self.event_at = self.input.at;
        self.direct_base += self.input.dropped();
        self.limits.direct.set(self.limits.direct.get().max(if self.is_child { 0 } else { self.consumed() }));
        self.last = last;
        // Only a token that was not whole makes the count matter.
        let have = if self.partial_before == 0 { 0 } else { self.input.unused() };
        let crowded = self.grow_buffer(data.len());
        self.hold = self.deferral && !last && have < self.partial_before.saturating_mul(2) && !crowded;
        self.fed_at = self.input.at;
        Ok(())
    }

    /// Follows the sizes of expat's buffer: whether it is close to full.
    fn grow_buffer(&mut self, length: usize) -> bool {
        let (start, mut end, mut limit) = self.buffer;
        // `start` is where unused bytes begin, all counted from the begin of the buffer.
        let mut start = start.min(end);
        if length > limit - end {
            let keep = start.min(1024);
            let needed = length + (end - start) + keep;
            if needed <= limit {
                if keep < start {
                    end -= start - keep;
                    start = keep;
                }
            } else {
                let size = if limit == start { 1024 } else { limit - start };
                let mut size = size.saturating_mul(2);
                while size < needed {
                    size = size.saturating_mul(2);
                }
                end = keep + (end - start);
                start = keep;
                limit = size;
            }
        }
        end += length;
        self.buffer = (start, end, limit);
        let available = limit.saturating_sub(end);
        length > available - available.min(1024)
    }

    fn fail(&mut self, code: Code) -> Code {
        self.error = Some(code);
        self.todo.clear();
        code
    }

    /// The next event; nothing where all input was used.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Event>, Code> {
        if let Some(code) = self.error {
            return Err(code);
        }
        if let Some(code) = self.awaits.take()
            && (core::mem::take(&mut self.refused) || code == Code::UnknownEncoding)
        {
            if let (Code::UnknownEncoding, Some(Todo::SwitchEncoding { at, .. })) = (code, self.todo.front()) {
                self.event_at = *at;
            }
            return Err(self.fail(code));
        }
        if self.hold {
            return Ok(None);
        }
        loop {
            let step = if !self.todo.is_empty() {
                self.do_next()
            } else if self.stage == Stage::Start {
                self.begin()
            } else {
                // The text is put aside for a step, so that tokens may be looked at while the parser changes.
                match self.open.last() {
                    None => {
                        let base = core::mem::take(&mut self.input.text);
                        let step = self.step(&base, 0);
                        self.input.text = base;
                        step
                    }
                    Some(open) => {
                        let entity = open.entity.clone();
                        let value = entity.value.as_deref().unwrap_or("").as_bytes();
                        self.step(value, self.open.len() as u32 + 1)
                    }
                }
            };
            match step {
                Ok(Step::Event(event)) => return Ok(Some(event)),
                Ok(Step::Again) => {}
                Ok(Step::More) => {
                    self.used_up();
                    return Ok(None);
                }
                Err(code) => return Err(self.fail(code)),
            }
        }
    }

    #[inline(always)]
    fn step(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        match self.stage {
            Stage::Content => self.content(s, source),
            Stage::Cdata => self.cdata(s, source),
            Stage::Epilog => self.epilog(s),
            Stage::Ignored => self.ignored(s, source),
            Stage::TextDecl => self.text_decl(s),
            Stage::Prolog | Stage::Start => self.prolog(s, source),
        }
    }

    /// All input was used, as far as it goes.
    fn used_up(&mut self) {
        let at = self.input.at;
        let moved = at - self.fed_at;
        self.partial_before = if moved == 0 { self.input.unused() } else { 0 };
        self.buffer.0 = self.buffer.0.saturating_add(moved);
        self.fed_at = at;
        self.event_at = at;
        self.hold = true;
        self.finished = self.last;
    }

    fn do_next(&mut self) -> Result<Step, Code> {
        let Some(todo) = self.todo.pop_front() else { return Ok(Step::Again) };
        match todo {
            Todo::Event(event, at) => {
                self.event_at = at;
                match event {
                    Event::ExternalEntity { .. } => self.awaits = Some(Code::ExternalEntityHandling),
                    Event::NotStandalone => self.awaits = Some(Code::NotStandalone),
                    _ => {}
                }
                Ok(Step::Event(event))
            }
            Todo::SubsetRead { had_refs, has_system_id } => {
                let mut dtd = self.dtd.borrow_mut();
                if dtd.parameter_read {
                    drop(dtd);
                    self.todo.push_front(Todo::CheckStandalone);
                } else if !has_system_id {
                    dtd.has_parameter_refs = had_refs;
                }
                Ok(Step::Again)
            }
            Todo::ParameterRead(entity) => {
                entity.open.set(false);
                let mut dtd = self.dtd.borrow_mut();
                if dtd.parameter_read {
                    drop(dtd);
                    self.todo.push_front(Todo::CheckStandalone);
                } else {
                    dtd.keep_processing = dtd.standalone;
                }
                Ok(Step::Again)
            }
            Todo::CheckStandalone => {
                if !self.dtd.borrow().standalone && self.wants(Handler::NotStandalone) {
                    self.awaits = Some(Code::NotStandalone);
                    return Ok(Step::Event(Event::NotStandalone));
                }
                Ok(Step::Again)
            }
            Todo::EndDoctype => {
                Ok(if self.wants(Handler::EndDoctypeDecl) { Step::Event(Event::EndDoctype) } else { Step::Again })
            }
            Todo::StartContent => {
                self.stage = Stage::Content;
                Ok(Step::Again)
            }
            Todo::Fail(code, at) => {
                self.event_at = at;
                Err(code)
            }
            Todo::Encode(encoding, at) => {
                if self.input.switch(at, encoding) {
                    Ok(Step::Again)
                } else {
                    Err(Code::NoMemory)
                }
            }
            Todo::SwitchEncoding { name, at, next } => {
                self.awaits = Some(Code::UnknownEncoding);
                self.todo.push_front(Todo::SwitchEncoding { name: name.clone(), at, next });
                Ok(Step::Event(Event::UnknownEncoding(name)))
            }
        }
    }

    /// Ends the step of a token: it was used, and the next one begins at `next`.
    #[inline(always)]
    fn accept(&mut self, source: u32, next: usize) {
        match source {
            0 => self.input.at = next,
            _ => {
                if let Some(open) = self.open.last_mut() {
                    open.at = next;
                }
            }
        }
    }

    /// The place where the next token begins, noted as the place of the event.
    #[inline(always)]
    fn begin_token(&mut self, source: u32) -> usize {
        match self.open.last() {
            Some(open) if source != 0 => open.at,
            _ => {
                self.event_at = self.input.at;
                self.input.at
            }
        }
    }

    /// Where an error is, for places of the document; those inside entities are those of the reference.
    #[inline(always)]
    fn point(&mut self, source: u32, at: usize) {
        if source == 0 {
            self.event_at = at;
        }
    }

    /// The text of a token as it is, for the default handler.
    #[inline]
    fn by_default(&mut self, source: u32, start: usize, end: usize) -> Step {
        if self.wants_default() && start < end {
            Step::Event(Event::Default(Span { source, start, end }))
        } else {
            Step::Again
        }
    }

    /// The error of a token that does not end, or nothing where more input may come.
    fn unfinished(&mut self, source: u32, code: Code) -> Result<Step, Code> {
        if source == 0 && !self.last {
            return Ok(Step::More);
        }
        Err(if source == 0 { self.input.partial().unwrap_or(code) } else { code })
    }

    /// Puts text with its line ends made newlines into the scratch buffer.
    fn normalized(&mut self, s: &[u8]) -> Span {
        self.scratch.clear();
        if memchr::memchr(b'\r', s).is_none() {
            self.scratch.extend_from_slice(s);
        } else {
            let mut i = 0;
            while i < s.len() {
                if s[i] == b'\r' {
                    self.scratch.push(b'\n');
                    i += usize::from(s.get(i + 1) == Some(&b'\n'));
                } else {
                    self.scratch.push(s[i]);
                }
                i += 1;
            }
        }
        Span { source: 1, start: 0, end: self.scratch.len() }
    }

    /// The error of a token that no continuation can mend, at `place`.
    fn invalid(&mut self, source: u32, place: usize) -> Result<Step, Code> {
        self.point(source, place);
        Err(Code::InvalidToken)
    }

    /// At the end of the text: whether more of the document may come, or of the entity around. `complete` says that the
    /// text may end here.
    fn is_open_end(&mut self, s: &[u8], complete: bool) -> Result<bool, Code> {
        if !self.last {
            return Ok(true);
        }
        if let Some(code) = self.input.partial() {
            return Err(code);
        }
        self.event_at = s.len();
        if complete { Ok(false) } else { Err(Code::NoElements) }
    }

    fn comment(&mut self, s: &[u8], source: u32, start: usize, end: usize) -> Step {
        if !self.wants(Handler::Comment) {
            return self.by_default(source, start, end);
        }
        Step::Event(Event::Comment(self.normalized(&s[start + 4..end - 3])))
    }

    fn instruction(&mut self, s: &[u8], source: u32, start: usize, target: usize, end: usize) -> Step {
        if !self.wants(Handler::ProcessingInstruction) {
            return self.by_default(source, start, end);
        }
        let name = self.dtd.borrow_mut().names.intern(text(&s[start + 2..target]));
        let mut data = target;
        while data < end - 2 && scan::is_space(s[data]) {
            data += 1;
        }
        let data = self.normalized(&s[data..end - 2]);
        Step::Event(Event::Instruction { target: name, data })
    }
}
