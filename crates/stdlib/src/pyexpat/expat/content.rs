//! Content: elements, character data, references, CDATA sections; and what may follow the document element.

use super::attributes::Tagged;
use super::dtd::Text;
use super::scan::{self, Content, Cut};
use super::{Binding, Code, Event, Handler, OpenEntity, Parser, Span, Stage, Step, Tag, Todo, text};

impl Parser {
    /// The depth of elements that the entity at hand has to end with.
    fn level(&self) -> usize {
        match self.open.last() {
            Some(open) => open.level,
            None => usize::from(self.is_general),
        }
    }

    /// As expat counts: the parser of an external entity is inside one element.
    fn depth(&self) -> usize {
        self.tags.len() + usize::from(self.is_general)
    }

    #[inline]
    pub(super) fn content(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        let at = self.begin_token(source);
        if at >= s.len() {
            return self.content_end(s, source);
        }
        let (token, next) = match scan::content(s, at, self.separator.is_some(), &mut self.raw_attributes) {
            Ok(found) => found,
            Err(Cut::Partial) => {
                self.event_end = self.event_at;
                return self.unfinished(source, Code::UnclosedToken);
            }
            Err(Cut::Invalid(place)) => return self.invalid(source, place),
        };
        if source == 0 {
            self.event_end = next;
        } else {
            self.account(next - at)?;
        }
        let step = match token {
            Content::StartTag { name, empty } => {
                self.accept(source, next);
                return self.start_tag(s, source, at, name, empty, next);
            }
            Content::EndTag { name } => {
                if self.depth() == self.level() {
                    return Err(Code::AsyncEntity);
                }
                let raw = text(&s[at + 2..name]);
                let matches = self.tags.last().is_some_and(|tag| **self.dtd.borrow().names.text(tag.raw) == *raw);
                let Some(tag) = self.tags.pop().filter(|_| matches) else {
                    self.point(source, at + 2);
                    return Err(Code::TagMismatch);
                };
                self.accept(source, next);
                let step = if self.wants(Handler::EndElement) {
                    Step::Event(Event::EndElement(tag.name))
                } else {
                    self.by_default(source, at, next)
                };
                if self.bindings.len() > tag.bindings {
                    return Ok(self.unbind(tag, step));
                }
                self.after_tag();
                return Ok(step);
            }
            Content::Data => {
                let mut end = next;
                if source == 0 && self.input.encoding != super::Encoding::Utf8 {
                    // Data that expat has to convert comes in pieces of a kilobyte.
                    end = end.min(at + 1024);
                    while (0x80..0xC0).contains(s.get(end).unwrap_or(&0)) {
                        end -= 1;
                    }
                }
                self.accept(source, end);
                return Ok(if self.wants(Handler::CharacterData) {
                    Step::Event(Event::Characters(Span { source, start: at, end }))
                } else {
                    self.by_default(source, at, end)
                });
            }
            Content::Newline => self.characters("\n", source, at, next),
            Content::CharRef(None) => return Err(Code::BadCharRef),
            Content::CharRef(Some(c)) => self.characters(c.encode_utf8(&mut [0; 4]), source, at, next),
            Content::EntityRef => {
                self.accept(source, next);
                return self.entity_reference(s, source, at, next);
            }
            Content::CdataOpen => {
                self.stage = Stage::Cdata;
                if self.wants(Handler::StartCdataSection) {
                    Step::Event(Event::StartCdata)
                } else {
                    self.by_default(source, at, next)
                }
            }
            Content::Pi { target } => self.instruction(s, source, at, target, next),
            Content::Comment => self.comment(s, source, at, next),
            Content::XmlDecl => return Err(Code::MisplacedXmlPi),
            Content::TrailingCr | Content::TrailingBrackets => {
                if source == 0 && !self.last {
                    self.event_end = self.event_at;
                    return Ok(Step::More);
                }
                if source == 0
                    && let Some(code) = self.input.partial()
                {
                    return Err(code);
                }
                if token == Content::TrailingCr {
                    self.characters("\n", source, at, next)
                } else {
                    self.characters(text(&s[at..next]), source, at, next)
                }
            }
        };
        self.accept(source, next);
        Ok(step)
    }

    /// Character data that does not stand in the text as it is.
    fn characters(&mut self, data: &str, source: u32, start: usize, end: usize) -> Step {
        if !self.wants(Handler::CharacterData) {
            return self.by_default(source, start, end);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(data.as_bytes());
        Step::Event(Event::Characters(Span { source: 1, start: 0, end: self.scratch.len() }))
    }

    fn content_end(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        if source == 0 && self.is_open_end(s, self.is_general)? {
            return Ok(Step::More);
        }
        if self.depth() != self.level() {
            return Err(Code::AsyncEntity);
        }
        if source == 0 {
            return Ok(Step::More);
        }
        self.close_entity();
        Ok(Step::Again)
    }

    pub(super) fn close_entity(&mut self) {
        if let Some(OpenEntity { entity, .. }) = self.open.pop() {
            entity.open.set(false);
        }
    }

    /// Where an element ended: the document element is followed by the epilog.
    #[inline(always)]
    pub(super) fn after_tag(&mut self) {
        if self.tags.is_empty() && !self.is_general {
            if self.open.is_empty() {
                self.stage = Stage::Epilog;
            } else {
                self.leave_root();
            }
        }
    }

    /// The document element cannot end inside an entity, as its start tag would stand there too.
    #[cold]
    fn leave_root(&mut self) {
        self.stage = Stage::Epilog;
    }

    /// Ends the namespaces of a tag, behind its own event.
    fn unbind(&mut self, tag: Tag, step: Step) -> Step {
        let at = self.event_at;
        if let Step::Event(event) = step {
            self.todo.push_back(Todo::Event(event, at));
        }
        self.unbind_to(tag.bindings, at);
        self.after_tag();
        Step::Again
    }

    pub(super) fn unbind_to(&mut self, count: usize, at: usize) {
        while self.bindings.len() > count {
            let Some(Binding { prefix, previous }) = self.bindings.pop() else { break };
            let mut dtd = self.dtd.borrow_mut();
            let bound = &mut dtd.prefixes[prefix as usize];
            bound.uri = previous;
            if self.handlers & Handler::EndNamespaceDecl.bit() != 0 {
                let prefix = (prefix != 0).then(|| bound.name.clone());
                self.todo.push_back(Todo::Event(Event::EndNamespace { prefix }, at));
            }
        }
    }

    fn start_tag(
        &mut self,
        s: &[u8],
        source: u32,
        at: usize,
        name_end: usize,
        empty: bool,
        next: usize,
    ) -> Result<Step, Code> {
        let bindings = self.bindings.len();
        let Tagged { raw, name, announced } = match self.store_attributes(s, source, at, name_end) {
            Ok(tagged) => tagged,
            Err(code) if self.todo.is_empty() => return Err(code),
            Err(code) => {
                // Namespaces that were begun are told of before the error.
                self.todo.push_back(Todo::Fail(code, self.event_at));
                return Ok(Step::Again);
            }
        };
        let wants_start = self.wants(Handler::StartElement);
        if !empty {
            if self.tags.len() == self.tags.capacity() && self.tags.try_reserve(64).is_err() {
                return Err(Code::NoMemory);
            }
            self.tags.push(Tag { raw, name, bindings });
            let step =
                if wants_start { Step::Event(Event::StartElement(name)) } else { self.by_default(source, at, next) };
            return Ok(match step {
                Step::Event(event) if announced => {
                    self.todo.push_back(Todo::Event(event, self.event_at));
                    Step::Again
                }
                step => step,
            });
        }
        let wants_end = self.wants(Handler::EndElement);
        let here = self.event_at;
        let mut end_at = here;
        if wants_start {
            self.todo.push_back(Todo::Event(Event::StartElement(name), here));
            if source == 0 {
                end_at = next;
            }
        }
        if wants_end {
            self.todo.push_back(Todo::Event(Event::EndElement(name), end_at));
        }
        if !wants_start
            && !wants_end
            && let Step::Event(event) = self.by_default(source, at, next)
        {
            self.todo.push_back(Todo::Event(event, here));
        }
        self.unbind_to(bindings, end_at);
        self.after_tag();
        Ok(Step::Again)
    }

    fn entity_reference(&mut self, s: &[u8], source: u32, at: usize, next: usize) -> Result<Step, Code> {
        let name = text(&s[at + 1..next - 1]);
        if let Some(c) = predefined(name) {
            return Ok(self.characters(c, source, at, next));
        }
        let (entity, checked) = {
            let dtd = self.dtd.borrow();
            (dtd.general.get(name), !dtd.has_parameter_refs || dtd.standalone)
        };
        let skipped = |this: &mut Parser| {
            if this.wants(Handler::SkippedEntity) {
                Step::Event(Event::SkippedEntity { name: Text::from(name), is_parameter: false })
            } else {
                this.by_default(source, at, next)
            }
        };
        let Some(entity) = entity else {
            return if checked { Err(Code::UndefinedEntity) } else { Ok(skipped(self)) };
        };
        if checked && !entity.is_internal {
            return Err(Code::EntityDeclaredInPe);
        }
        if entity.open.get() {
            return Err(Code::RecursiveEntityRef);
        }
        if entity.notation.is_some() {
            return Err(Code::BinaryEntityRef);
        }
        if entity.value.is_some() {
            if !self.expand {
                return Ok(skipped(self));
            }
            let level = self.depth();
            entity.open.set(true);
            self.open.push(OpenEntity { entity, at: 0, level, between: None });
            return Ok(Step::Again);
        }
        if self.wants(Handler::ExternalEntityRef) {
            entity.open.set(true);
            let context = self.context();
            entity.open.set(false);
            self.awaits = Some(Code::ExternalEntityHandling);
            return Ok(Step::Event(Event::ExternalEntity {
                context: Some(Text::from(context)),
                base: entity.base.clone(),
                system_id: entity.system_id.clone(),
                public_id: entity.public_id.clone(),
            }));
        }
        Ok(self.by_default(source, at, next))
    }

    pub(super) fn cdata(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        let at = self.begin_token(source);
        let found = if at >= s.len() { Err(Cut::Partial) } else { scan::cdata(s, at) };
        let (token, next) = match found {
            Ok(found) => found,
            Err(Cut::Partial) => {
                self.event_end = self.event_at;
                if source != 0 || self.last {
                    // The error is where the text ends when there is none left, else where its last token begins.
                    self.point(source, at);
                }
                return self.unfinished(source, Code::UnclosedCdataSection);
            }
            Err(Cut::Invalid(place)) => return self.invalid(source, place),
        };
        if source == 0 {
            self.event_end = next;
        } else {
            self.account(next - at)?;
        }
        self.accept(source, next);
        Ok(match token {
            Content::Newline => self.characters("\n", source, at, next),
            Content::Data if self.wants(Handler::CharacterData) => {
                Step::Event(Event::Characters(Span { source, start: at, end: next }))
            }
            Content::Data => self.by_default(source, at, next),
            _ => {
                self.stage = Stage::Content;
                if self.wants(Handler::EndCdataSection) {
                    Step::Event(Event::EndCdata)
                } else {
                    self.by_default(source, at, next)
                }
            }
        })
    }

    pub(super) fn epilog(&mut self, s: &[u8]) -> Result<Step, Code> {
        while let Some(OpenEntity { entity, .. }) = self.open.pop() {
            entity.open.set(false);
        }
        let at = self.begin_token(0);
        if at >= s.len() {
            if self.last
                && let Some(code) = self.input.partial()
            {
                return Err(code);
            }
            return Ok(Step::More);
        }
        let (token, next, open) = match scan::prolog(s, at, self.ns()) {
            Ok(found) => found,
            Err(Cut::Partial) => {
                self.event_end = at;
                return self.unfinished(0, Code::UnclosedToken);
            }
            Err(Cut::Invalid(place)) => {
                self.event_at = place;
                return Err(Code::InvalidToken);
            }
        };
        if open && !self.last && token == scan::Prolog::Space {
            return Ok(Step::More);
        }
        self.event_end = next;
        let step = match token {
            scan::Prolog::Space => self.by_default(0, at, next),
            scan::Prolog::Pi { target } => self.instruction(s, 0, at, target, next),
            scan::Prolog::Comment => self.comment(s, 0, at, next),
            _ => return Err(Code::JunkAfterDocElement),
        };
        self.accept(0, next);
        Ok(step)
    }

    /// The begin of an external entity: a text declaration, or content at once.
    pub(super) fn text_decl(&mut self, s: &[u8]) -> Result<Step, Code> {
        let mut at = self.begin_token(0);
        if at == 0 && s.starts_with(b"\xEF\xBB\xBF") {
            at = 3;
            self.accept(0, at);
            self.event_at = at;
        }
        if at < s.len() {
            match scan::content(s, at, self.ns(), &mut self.raw_attributes) {
                Ok((Content::XmlDecl, next)) => {
                    self.event_end = next;
                    self.accept(0, next);
                    self.stage = Stage::Content;
                    return self.xml_declaration(s, at, next, true);
                }
                Err(Cut::Partial) => return self.unfinished(0, Code::UnclosedToken),
                _ => {}
            }
        } else if !self.last {
            return Ok(Step::More);
        }
        self.stage = Stage::Content;
        Ok(Step::Again)
    }
}

/// What the entities that need no declaration stand for.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}
