//! The prolog: the XML declaration, and what a document type declaration says.

use std::rc::Rc;

use super::attributes::Origin;
use super::content::predefined;
use super::dtd::{Entity, Kind, Node, Quantity, Text};
use super::names::NameId;
use super::role::{self, Family, Place, Role};
use super::scan::{self, Cut, Prolog as Tok};
use super::{Code, Encoding, Event, Handler, Parser, Stage, Step, Todo, text};

/// The declaration that is being read.
#[derive(Default)]
pub(super) struct Declaration {
    doctype_name: Option<Text>,
    doctype_system: Option<Text>,
    doctype_public: Option<Text>,
    has_system: bool,
    entity: Option<Entity>,
    entity_is_parameter: bool,
    notation_name: Option<Text>,
    notation_public: Option<Text>,
    element: Option<NameId>,
    attribute: Option<NameId>,
    attribute_is_cdata: bool,
    attribute_is_id: bool,
    attribute_type: String,
    /// How many groups are open, as the grammar counts.
    groups: usize,
    sections: usize,
    /// What joins the items of the open groups.
    connectors: Vec<u8>,
    /// The content model, while someone wants it.
    model: Option<Vec<Node>>,
    model_open: Vec<usize>,
    model_name: Option<Text>,
}

impl Parser {
    fn notify(&mut self, event: Event) -> bool {
        self.todo.push_back(Todo::Event(event, self.event_at));
        false
    }

    pub(super) fn prolog(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        let at = self.begin_token(source);
        if at >= s.len() {
            return self.prolog_end(s, source);
        }
        let (token, next, open) = match scan::prolog(s, at, self.ns()) {
            Ok(found) => found,
            Err(Cut::Partial) => {
                self.event_end = self.event_at;
                return self.unfinished(source, Code::UnclosedToken);
            }
            Err(Cut::Invalid(place)) => return self.invalid(source, place),
        };
        if open && source == 0 && !self.last {
            return Ok(Step::More);
        }
        if source == 0 {
            self.event_end = next;
        } else {
            self.account(next - at)?;
        }
        let role = self.role(token, &s[at..next]);
        self.accept(source, next);
        let mut by_default = match role {
            Role::Error => {
                return Err(match token {
                    Tok::ParameterRef => Code::ParamEntityRef,
                    Tok::XmlDecl => Code::MisplacedXmlPi,
                    _ => Code::Syntax,
                });
            }
            Role::XmlDecl => return self.xml_declaration(s, at, next, false),
            Role::TextDecl => return self.xml_declaration(s, at, next, true),
            Role::InstanceStart => {
                self.foreign_subset();
                self.todo.push_back(Todo::StartContent);
                false
            }
            Role::Pi => {
                let Tok::Pi { target } = token else { return Err(Code::UnexpectedState) };
                return Ok(self.instruction(s, source, at, target, next));
            }
            Role::Comment => return Ok(self.comment(s, source, at, next)),
            Role::ParamEntityRef | Role::InnerParamEntityRef => {
                self.parameter_reference(text(&s[at + 1..next - 1]), role)?
            }
            Role::IgnoreSection => {
                self.stage = Stage::Ignored;
                true
            }
            Role::None(family) => token != Tok::Bom && !self.listens(family),
            Role::DoctypeName
            | Role::DoctypeSystemId
            | Role::DoctypePublicId
            | Role::DoctypeInternalSubset
            | Role::DoctypeClose => self.doctype(role, s, source, at, next)?,
            Role::GeneralEntityName
            | Role::ParamEntityName
            | Role::EntityValue
            | Role::EntitySystemId
            | Role::EntityPublicId
            | Role::EntityComplete
            | Role::EntityNotationName => self.entity(role, s, source, at, next)?,
            Role::NotationName | Role::NotationSystemId | Role::NotationNoSystemId | Role::NotationPublicId => {
                self.notation(role, s, source, at, next)?
            }
            Role::AttributeName
            | Role::AttributeType(_)
            | Role::AttributeEnumValue
            | Role::AttributeNotationValue
            | Role::AttlistElementName
            | Role::ImpliedAttributeValue
            | Role::RequiredAttributeValue
            | Role::DefaultAttributeValue
            | Role::FixedAttributeValue => self.attlist(role, s, source, at, next)?,
            Role::ElementName
            | Role::ContentAny
            | Role::ContentEmpty
            | Role::ContentPcdata
            | Role::GroupOpen
            | Role::GroupClose(_)
            | Role::GroupChoice
            | Role::GroupSequence
            | Role::ContentElement(_) => self.element(role, token, &s[at..next])?,
        };
        by_default &= at < next && self.wants_default();
        if by_default {
            let event = Event::Default(super::Span { source, start: at, end: next });
            self.todo.push_back(Todo::Event(event, self.event_at));
        }
        Ok(Step::Again)
    }

    fn role(&mut self, token: Tok, s: &[u8]) -> Role {
        let place =
            Place { is_document: !self.is_parameter, sections: &mut self.decl.sections, groups: &mut self.decl.groups };
        role::role(&mut self.state, token, s, place)
    }

    fn prolog_end(&mut self, s: &[u8], source: u32) -> Result<Step, Code> {
        if source == 0 && self.is_open_end(s, self.is_parameter)? {
            return Ok(Step::More);
        }
        let between = self.open.last().is_none_or(|open| open.between != Some(false));
        if between && self.role(Tok::None, &[]) == Role::Error {
            return Err(Code::IncompletePe);
        }
        if source == 0 {
            return Ok(Step::More);
        }
        self.close_entity();
        Ok(Step::Again)
    }

    /// Whether a handler takes the tokens of a family, so that the default handler does not get them.
    fn listens(&self, family: Family) -> bool {
        let declares = |handler| self.wants(handler) && self.dtd.borrow().keep_processing;
        match family {
            Family::None => false,
            Family::Doctype => self.wants(Handler::StartDoctypeDecl),
            Family::Entity => declares(Handler::EntityDecl),
            Family::Notation => self.wants(Handler::NotationDecl),
            Family::Attlist => declares(Handler::AttlistDecl),
            Family::Element => self.wants(Handler::ElementDecl),
        }
    }

    pub(super) fn xml_declaration(&mut self, s: &[u8], at: usize, next: usize, is_text: bool) -> Result<Step, Code> {
        let declaration = match scan::declaration(s, at, next, is_text) {
            Ok(declaration) => declaration,
            Err(place) => {
                self.event_at = place;
                return Err(if is_text { Code::TextDecl } else { Code::XmlDecl });
            }
        };
        if !is_text && declaration.standalone == Some(true) {
            self.dtd.borrow_mut().standalone = true;
            if self.parameter_parsing == 1 {
                self.parameter_parsing = 0;
            }
        }
        if self.wants(Handler::XmlDecl) {
            self.notify(Event::XmlDecl {
                version: declaration.version.map(|version| Text::from(text(version))),
                encoding: declaration.encoding.map(|(name, _)| Text::from(text(name))),
                standalone: declaration.standalone.map_or(-1, i32::from),
            });
        } else if let Step::Event(event) = self.by_default(0, at, next) {
            self.notify(event);
        }
        if self.requested.is_none()
            && let Some((name, place)) = declaration.encoding
        {
            let current = &self.input.encoding;
            match Encoding::by_name(name, current.is_wide().then_some(current)) {
                Some(new) if new.is_wide() != current.is_wide() || (new.is_wide() && new != *current) => {
                    self.todo.push_back(Todo::Fail(Code::IncorrectEncoding, place));
                }
                Some(new) => self.todo.push_back(Todo::Encode(new, next)),
                None => {
                    self.todo.push_back(Todo::SwitchEncoding { name: Text::from(text(name)), at: place, next });
                }
            }
        }
        Ok(Step::Again)
    }

    /// Offers the external subset that the program wants although the document names none.
    fn foreign_subset(&mut self) {
        if !core::mem::take(&mut self.foreign_dtd) {
            return;
        }
        self.dtd.borrow_mut().subset.base = self.base.clone();
        self.offer_subset(false);
    }

    fn offer_subset(&mut self, has_system_id: bool) {
        let mut dtd = self.dtd.borrow_mut();
        let had_refs = core::mem::replace(&mut dtd.has_parameter_refs, true);
        if self.parameter_parsing == 0 || self.handlers & Handler::ExternalEntityRef.bit() == 0 {
            return;
        }
        dtd.parameter_read = false;
        let subset = &dtd.subset;
        let event = Event::ExternalEntity {
            context: None,
            base: subset.base.clone(),
            system_id: subset.system_id.clone(),
            public_id: subset.public_id.clone(),
        };
        self.todo.push_back(Todo::Event(event, self.event_at));
        self.todo.push_back(Todo::SubsetRead { had_refs, has_system_id });
    }

    /// A public identifier with its white space normalised, from the literal with its quotes.
    fn public_id(&mut self, s: &[u8], source: u32, at: usize, next: usize) -> Result<Text, Code> {
        if let Err(place) = scan::public_id(s, at, next) {
            self.point(source, place);
            return Err(Code::Publicid);
        }
        let words: Vec<&str> = text(&s[at + 1..next - 1]).split([' ', '\r', '\n']).filter(|w| !w.is_empty()).collect();
        Ok(Text::from(words.join(" ")))
    }

    fn doctype(&mut self, role: Role, s: &[u8], source: u32, at: usize, next: usize) -> Result<bool, Code> {
        let listens = self.wants(Handler::StartDoctypeDecl);
        match role {
            Role::DoctypeName => {
                if listens {
                    self.decl.doctype_name = Some(Text::from(text(&s[at..next])));
                }
                Ok(!listens)
            }
            Role::DoctypePublicId => {
                self.foreign_dtd = false;
                let id = self.public_id(s, source, at, next)?;
                let mut dtd = self.dtd.borrow_mut();
                dtd.has_parameter_refs = true;
                dtd.subset.public_id = Some(id.clone());
                self.decl.doctype_public = Some(id);
                Ok(!listens)
            }
            Role::DoctypeSystemId => {
                self.foreign_dtd = false;
                let id = Text::from(text(&s[at + 1..next - 1]));
                {
                    let mut dtd = self.dtd.borrow_mut();
                    dtd.has_parameter_refs = true;
                    dtd.subset.system_id = Some(id.clone());
                    dtd.subset.base = self.base.clone();
                }
                self.decl.doctype_system = Some(id);
                self.decl.has_system = true;
                if self.parameter_parsing == 0 {
                    self.todo.push_back(Todo::CheckStandalone);
                }
                Ok(!listens)
            }
            Role::DoctypeInternalSubset => {
                let name = self.decl.doctype_name.take();
                Ok(self.start_doctype(name, true))
            }
            _ => {
                let name = self.decl.doctype_name.take();
                let mut by_default = self.start_doctype(name, false);
                if self.decl.has_system || self.foreign_dtd {
                    if core::mem::take(&mut self.foreign_dtd) {
                        self.dtd.borrow_mut().subset.base = self.base.clone();
                    }
                    self.offer_subset(self.decl.has_system);
                }
                if self.wants(Handler::EndDoctypeDecl) {
                    by_default = false;
                }
                self.todo.push_back(Todo::EndDoctype);
                Ok(by_default)
            }
        }
    }

    fn start_doctype(&mut self, name: Option<Text>, has_internal: bool) -> bool {
        let Some(name) = name.filter(|_| self.wants(Handler::StartDoctypeDecl)) else { return true };
        let system_id = self.decl.doctype_system.clone();
        let public_id = self.decl.doctype_public.clone();
        self.notify(Event::StartDoctype { name, system_id, public_id, has_internal })
    }

    fn entity(&mut self, role: Role, s: &[u8], source: u32, at: usize, next: usize) -> Result<bool, Code> {
        let keeps = self.dtd.borrow().keep_processing;
        let listens = keeps && self.wants(Handler::EntityDecl);
        match role {
            Role::GeneralEntityName | Role::ParamEntityName => {
                let is_parameter = role == Role::ParamEntityName;
                let name = text(&s[at..next]);
                self.decl.entity = None;
                self.decl.entity_is_parameter = is_parameter;
                let known = {
                    let dtd = self.dtd.borrow();
                    if is_parameter {
                        dtd.parameters.contains(name)
                    } else {
                        dtd.general.contains(name) || predefined(name).is_some()
                    }
                };
                if keeps && !known {
                    self.decl.entity = Some(Entity {
                        name: Text::from(name),
                        is_internal: !self.is_child && self.open.is_empty(),
                        ..Entity::default()
                    });
                    return Ok(!self.wants(Handler::EntityDecl));
                }
                Ok(true)
            }
            Role::EntityValue => {
                if !keeps {
                    return Ok(true);
                }
                let (value, result) = self.entity_value(s, source, at + 1, next - 1);
                let Some(mut entity) = self.decl.entity.take() else { return result.map(|()| true) };
                self.dtd.borrow_mut().size += value.len() + entity.name.len() + size_of::<Entity>();
                entity.value = Some(value);
                self.check_memory()?;
                // Also a value with an error is told of before it.
                let by_default = self.declare(entity);
                if let Err(code) = result {
                    self.todo.push_back(Todo::Fail(code, self.event_at));
                    return Ok(false);
                }
                Ok(by_default)
            }
            Role::EntitySystemId => {
                let base = self.base.clone();
                match &mut self.decl.entity {
                    Some(entity) if keeps => {
                        entity.system_id = Some(Text::from(text(&s[at + 1..next - 1])));
                        entity.base = base;
                        Ok(!listens)
                    }
                    _ => Ok(true),
                }
            }
            Role::EntityPublicId => {
                let id = self.public_id(s, source, at, next)?;
                match &mut self.decl.entity {
                    Some(entity) if keeps => {
                        entity.public_id = Some(id);
                        Ok(!listens)
                    }
                    _ => Ok(true),
                }
            }
            Role::EntityNotationName => {
                let Some(mut entity) = self.decl.entity.take().filter(|_| keeps) else { return Ok(true) };
                entity.notation = Some(Text::from(text(&s[at..next])));
                if self.wants(Handler::UnparsedEntityDecl) {
                    let entity = Rc::new(entity);
                    self.dtd.borrow_mut().general.add(entity.clone());
                    return Ok(self.notify(Event::UnparsedEntity(entity)));
                }
                Ok(self.declare(entity))
            }
            _ => match self.decl.entity.take() {
                Some(entity) if keeps => Ok(self.declare(entity)),
                _ => Ok(true),
            },
        }
    }

    /// Enters an entity.
    fn declare(&mut self, entity: Entity) -> bool {
        let is_parameter = self.decl.entity_is_parameter;
        let entity = Rc::new(entity);
        let mut dtd = self.dtd.borrow_mut();
        let entities = if is_parameter { &mut dtd.parameters } else { &mut dtd.general };
        entities.add(entity.clone());
        drop(dtd);
        if !self.wants(Handler::EntityDecl) {
            return true;
        }
        // What is said of an internal entity is the base of the declaration.
        let base = if entity.value.is_some() { self.base.clone() } else { entity.base.clone() };
        self.notify(Event::Entity { entity, is_parameter, base })
    }

    fn notation(&mut self, role: Role, s: &[u8], source: u32, at: usize, next: usize) -> Result<bool, Code> {
        let listens = self.wants(Handler::NotationDecl);
        match role {
            Role::NotationName => {
                self.decl.notation_public = None;
                self.decl.notation_name = listens.then(|| Text::from(text(&s[at..next])));
                Ok(!listens)
            }
            Role::NotationPublicId => {
                let id = self.public_id(s, source, at, next)?;
                if self.decl.notation_name.is_none() {
                    return Ok(true);
                }
                self.decl.notation_public = Some(id);
                Ok(false)
            }
            _ => {
                let name = self.decl.notation_name.take();
                let public_id = self.decl.notation_public.take();
                let Some(name) = name.filter(|_| listens) else { return Ok(true) };
                let system_id = (role == Role::NotationSystemId).then(|| Text::from(text(&s[at + 1..next - 1])));
                let base = self.base.clone();
                Ok(self.notify(Event::Notation { name, base, system_id, public_id }))
            }
        }
    }

    fn attlist(&mut self, role: Role, s: &[u8], source: u32, at: usize, next: usize) -> Result<bool, Code> {
        let keeps = self.dtd.borrow().keep_processing;
        let listens = keeps && self.wants(Handler::AttlistDecl);
        let by_default = !listens;
        match role {
            Role::AttlistElementName => {
                let element = self.dtd.borrow_mut().names.intern(text(&s[at..next]));
                self.decl.element = Some(element);
            }
            Role::AttributeName => {
                let attribute = self.dtd.borrow_mut().names.intern(text(&s[at..next]));
                self.decl.attribute = Some(attribute);
                self.decl.attribute_is_cdata = false;
                self.decl.attribute_is_id = false;
                self.decl.attribute_type.clear();
            }
            Role::AttributeType(name) => {
                self.decl.attribute_is_cdata = name == "CDATA";
                self.decl.attribute_is_id = name == "ID";
                self.decl.attribute_type.clear();
                self.decl.attribute_type.push_str(name);
            }
            Role::AttributeEnumValue | Role::AttributeNotationValue => {
                let before = match role {
                    _ if !self.decl.attribute_type.is_empty() => "|",
                    Role::AttributeNotationValue => "NOTATION(",
                    _ => "(",
                };
                self.decl.attribute_type.push_str(before);
                self.decl.attribute_type.push_str(text(&s[at..next]));
            }
            _ if keeps => {
                let required = matches!(role, Role::RequiredAttributeValue | Role::FixedAttributeValue);
                let is_cdata = self.decl.attribute_is_cdata;
                let value = match role {
                    Role::DefaultAttributeValue | Role::FixedAttributeValue => {
                        self.values.clear();
                        self.store_value(s, source, at + 1, next - 1, is_cdata, Origin::Prolog)?;
                        Some(Text::from(text(&self.values)))
                    }
                    _ => None,
                };
                let (Some(element), Some(attribute)) = (self.decl.element, self.decl.attribute) else {
                    return Err(Code::UnexpectedState);
                };
                let is_id = self.decl.attribute_is_id;
                let mut dtd = self.dtd.borrow_mut();
                dtd.define_attribute(element, attribute, is_cdata, is_id, value.clone());
                let names = (dtd.names.text(element).clone(), dtd.names.text(attribute).clone());
                drop(dtd);
                self.check_memory()?;
                if listens && !self.decl.attribute_type.is_empty() {
                    let mut kind = core::mem::take(&mut self.decl.attribute_type);
                    if kind.starts_with('(') || kind.starts_with("NO") {
                        kind.push(')');
                    }
                    let kind = Text::from(kind);
                    self.notify(Event::Attlist { element: names.0, name: names.1, kind, default: value, required });
                } else {
                    return Ok(true);
                }
            }
            _ => {}
        }
        Ok(by_default)
    }

    fn element(&mut self, role: Role, token: Tok, s: &[u8]) -> Result<bool, Code> {
        let listens = self.wants(Handler::ElementDecl);
        match role {
            Role::ElementName => {
                if listens {
                    self.decl.model = Some(Vec::new());
                    self.decl.model_open.clear();
                    self.decl.model_name = Some(Text::from(text(s)));
                }
                return Ok(!listens);
            }
            Role::GroupOpen => self.decl.connectors.push(0),
            Role::GroupClose(_) => {
                self.decl.connectors.pop();
            }
            Role::GroupSequence | Role::GroupChoice => {
                let connector = if role == Role::GroupChoice { b'|' } else { b',' };
                if let Some(known) = self.decl.connectors.last_mut() {
                    if *known != 0 && *known != connector {
                        return Err(Code::Syntax);
                    }
                    *known = connector;
                }
            }
            _ => {}
        }
        let decl = &mut self.decl;
        let Some(model) = &mut decl.model else { return Ok(true) };
        let add = |model: &mut Vec<Node>, open: &[usize], kind, quantity, name| {
            let place = model.len();
            if let Some(parent) = open.last() {
                model[*parent].children.push(place);
            }
            model.push(Node { kind, quantity, name, children: Vec::new() });
            place
        };
        let mut complete = false;
        match role {
            Role::ContentAny | Role::ContentEmpty => {
                let kind = if role == Role::ContentAny { Kind::Any } else { Kind::Empty };
                add(model, &[], kind, Quantity::One, None);
                complete = true;
            }
            Role::GroupOpen => {
                let place = add(model, &decl.model_open, Kind::Sequence, Quantity::One, None);
                decl.model_open.push(place);
            }
            Role::ContentPcdata | Role::GroupChoice => {
                if let Some(&group) = decl.model_open.last()
                    && model[group].kind != Kind::Mixed
                {
                    model[group].kind = if role == Role::GroupChoice { Kind::Choice } else { Kind::Mixed };
                }
            }
            Role::ContentElement(quantity) => {
                let suffixed = matches!(token, Tok::NameQuestion | Tok::NameAsterisk | Tok::NamePlus);
                let name = Text::from(text(&s[..s.len() - usize::from(suffixed)]));
                add(model, &decl.model_open, Kind::Name, quantity, Some(name));
            }
            Role::GroupClose(quantity) => {
                if let Some(group) = decl.model_open.pop() {
                    model[group].quantity = quantity;
                }
                complete = decl.model_open.is_empty();
            }
            _ => {}
        }
        if complete && let (Some(model), Some(name)) = (decl.model.take(), decl.model_name.take()) {
            if listens {
                self.notify(Event::Element { name, model });
            }
            return Ok(!listens);
        }
        Ok(!listens)
    }
}
