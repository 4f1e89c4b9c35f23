//! The values of entities, and references to parameter entities.

use super::cursor::Cursor;
use super::dtd::Text;
use super::role::{Role, State};
use super::scan::{self, Cut, Value};
use super::{Code, Event, Handler, OpenEntity, Parser, Span, Stage, Step, Todo, text};

impl Parser {
    /// The replacement text of an entity whose literal stands in `s` from `from` to `to`. References to general entities stay
    /// as they are; those to parameter entities are replaced where they are allowed.
    /// With an error comes what there was before it.
    pub(super) fn entity_value(&mut self, s: &[u8], source: u32, from: usize, to: usize) -> (Text, Result<(), Code>) {
        let mut value = Vec::new();
        let result = self.entity_tokens(Cursor::new(s, source, from, to), source == 0, &mut value);
        (Text::from(text(&value)), result)
    }

    fn entity_tokens(&mut self, mut cursor: Cursor<'_>, is_internal: bool, value: &mut Vec<u8>) -> Result<(), Code> {
        while let Some(token) = cursor.next(self, scan::entity_value)? {
            if value.try_reserve(token.bytes().len()).is_err() {
                return Err(Code::NoMemory);
            }
            match token.value {
                Value::Data | Value::EntityRef | Value::Space => value.extend_from_slice(token.bytes()),
                Value::Newline => value.push(b'\n'),
                Value::CharRef(Some(c)) => value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Value::CharRef(None) => return Err(token.fail(self, Code::BadCharRef)),
                Value::ParameterRef => {
                    // Inside of declarations of the internal subset there are none.
                    if !self.is_parameter && is_internal && !token.is_in_entity() {
                        return Err(token.fail(self, Code::ParamEntityRef));
                    }
                    let found = self.dtd.borrow().parameters.get(token.name());
                    match found {
                        Some(entity) if entity.open.get() => return Err(token.fail(self, Code::RecursiveEntityRef)),
                        Some(entity) if entity.value.is_some() => cursor.enter(entity),
                        Some(_) => self.skip_declarations(),
                        None => {
                            self.skip_declarations();
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Something of the type declaration was not read: from here on declarations only count in a standalone document.
    pub(super) fn skip_declarations(&mut self) {
        let mut dtd = self.dtd.borrow_mut();
        dtd.keep_processing = dtd.standalone;
    }

    /// A reference to a parameter entity, between declarations or inside of one. Whether its text is of interest to the
    /// default handler.
    pub(super) fn parameter_reference(&mut self, name: &str, role: Role) -> Result<bool, Code> {
        let between = role == Role::ParamEntityRef;
        self.dtd.borrow_mut().has_parameter_refs = true;
        if self.parameter_parsing == 0 {
            self.skip_declarations();
            self.todo.push_back(Todo::CheckStandalone);
            return Ok(true);
        }
        let (entity, standalone) = {
            let dtd = self.dtd.borrow();
            (dtd.parameters.get(name), dtd.standalone)
        };
        let checked = !self.is_parameter && standalone && self.open.is_empty();
        let Some(entity) = entity else {
            if checked {
                return Err(Code::UndefinedEntity);
            }
            self.skip_declarations();
            if between && self.wants(Handler::SkippedEntity) {
                let event = Event::SkippedEntity { name: Text::from(name), is_parameter: true };
                self.todo.push_back(Todo::Event(event, self.event_at));
                return Ok(false);
            }
            return Ok(true);
        };
        if checked && !entity.is_internal {
            return Err(Code::EntityDeclaredInPe);
        }
        if entity.open.get() {
            return Err(Code::RecursiveEntityRef);
        }
        if entity.value.is_some() {
            entity.open.set(true);
            self.open.push(OpenEntity { entity, at: 0, level: 0, between: Some(between) });
            return Ok(false);
        }
        if !self.wants(Handler::ExternalEntityRef) {
            self.skip_declarations();
            return Ok(true);
        }
        self.dtd.borrow_mut().parameter_read = false;
        entity.open.set(true);
        let event = Event::ExternalEntity {
            context: None,
            base: entity.base.clone(),
            system_id: entity.system_id.clone(),
            public_id: entity.public_id.clone(),
        };
        self.todo.push_back(Todo::Event(event, self.event_at));
        self.todo.push_back(Todo::ParameterRead(entity));
        Ok(false)
    }

    /// An ignored section of the external subset, from behind its bracket on.
    pub(super) fn ignored(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        let at = self.begin_token(source);
        match scan::ignored(s, at, &mut self.ignored_depth) {
            Ok(next) => {
                self.stage = Stage::Prolog;
                self.state = State::ExternalSubset1;
                self.accept(source, next);
                Ok(if self.wants_default() {
                    Step::Event(Event::Default(Span { source, start: at, end: next }))
                } else {
                    Step::Again
                })
            }
            Err(Cut::Partial) => self.unfinished(source, Code::Syntax),
            Err(Cut::Invalid(place)) => self.invalid(source, place),
        }
    }
}
