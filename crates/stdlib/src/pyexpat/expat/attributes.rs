//! Start tags: attributes with their values and defaults, and the namespaces that they bind.

use std::rc::Rc;

use super::cursor::{Cursor, Token};
use super::dtd::{Dtd, Entity, Text, XML_URI, XMLNS_URI};
use super::names::{NameId, Split};
use super::scan::{self, Value};
use super::{Attribute, Binding, Code, Event, Handler, Parser, Todo, text};

/// What a start tag came to.
pub(super) struct Tagged {
    pub raw: NameId,
    pub name: NameId,
    /// Whether events of namespaces come before its own.
    pub announced: bool,
}

/// Where a value comes from: what its entities must have been declared in depends on that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Content,
    Prolog,
}

impl Parser {
    pub(super) fn store_attributes(
        &mut self,
        s: &[u8],
        source: u32,
        at: usize,
        name_end: usize,
    ) -> Result<Tagged, Code> {
        self.values.clear();
        self.attributes.clear();
        self.tag_number = self.tag_number.wrapping_add(1);
        let serial = self.tag_number;
        let ns = self.ns();
        let raw = self.dtd.borrow_mut().names.intern(text(&s[at + 1..name_end]));
        let first_binding = self.bindings.len();
        let first_todo = self.todo.len();
        let raws = core::mem::take(&mut self.raw_attributes);
        let result = (|| {
            let mut prefixed = false;
            for attribute in &raws {
                let name = {
                    let mut dtd = self.dtd.borrow_mut();
                    let name = dtd.names.intern(text(&s[attribute.name.0..attribute.name.1]));
                    let entry = dtd.names.entry_mut(name);
                    if entry.seen == serial {
                        drop(dtd);
                        self.point(source, attribute.name.0);
                        return Err(Code::DuplicateAttribute);
                    }
                    entry.seen = serial;
                    name
                };
                let start = self.values.len();
                let (from, to) = attribute.value;
                if self.values.try_reserve(to - from).is_err() {
                    return Err(Code::NoMemory);
                }
                if attribute.plain {
                    self.values.extend_from_slice(&s[from..to]);
                } else {
                    let is_cdata = {
                        let dtd = self.dtd.borrow();
                        let declared = dtd.elements.get(&raw);
                        let found = declared.and_then(|e| e.defaults.iter().find(|known| known.name == name));
                        found.is_none_or(|known| known.is_cdata)
                    };
                    self.store_value(s, source, from, to, is_cdata, Origin::Content)?;
                }
                let end = self.values.len();
                if ns && self.is_namespace(name)? {
                    self.bind(name, start, end, true)?;
                    self.values.truncate(start);
                    continue;
                }
                prefixed |= ns && self.dtd.borrow_mut().split(name).0 != Split::Plain;
                self.attributes.push(Attribute { name, start, end });
            }
            self.specified = self.attributes.len();
            self.add_defaults(raw, serial, ns, &mut prefixed)?;
            if prefixed {
                self.expand_attributes(serial)?;
            }
            if ns { self.expand_element(raw) } else { Ok(raw) }
        })();
        self.raw_attributes = raws;
        let name = match result {
            Ok(name) => name,
            Err(code) => {
                self.bindings.truncate(self.bindings.len().max(first_binding));
                return Err(code);
            }
        };
        Ok(Tagged { raw, name, announced: self.todo.len() > first_todo })
    }

    fn add_defaults(&mut self, raw: NameId, serial: u32, ns: bool, prefixed: &mut bool) -> Result<(), Code> {
        let defaults = {
            let dtd = self.dtd.borrow();
            match dtd.elements.get(&raw) {
                Some(element) if !element.defaults.is_empty() => element.defaults.clone(),
                _ => return Ok(()),
            }
        };
        for default in defaults {
            let Some(value) = default.value else { continue };
            {
                let mut dtd = self.dtd.borrow_mut();
                let entry = dtd.names.entry_mut(default.name);
                if entry.seen == serial {
                    continue;
                }
                entry.seen = serial;
            }
            let start = self.values.len();
            if self.values.try_reserve(value.len()).is_err() {
                return Err(Code::NoMemory);
            }
            self.values.extend_from_slice(value.as_bytes());
            let end = self.values.len();
            if ns && self.is_namespace(default.name)? {
                self.bind(default.name, start, end, true)?;
                self.values.truncate(start);
                continue;
            }
            *prefixed |= ns && self.dtd.borrow_mut().split(default.name).0 != Split::Plain;
            self.attributes.push(Attribute { name: default.name, start, end });
        }
        Ok(())
    }

    /// Whether an attribute declares a namespace.
    fn is_namespace(&self, name: NameId) -> Result<bool, Code> {
        let mut dtd = self.dtd.borrow_mut();
        let (split, _) = dtd.split(name);
        let whole: &str = dtd.names.text(name);
        Ok(match split {
            Split::Prefixed(colon) => &whole[..colon as usize] == "xmlns",
            _ => whole == "xmlns",
        })
    }

    pub(super) fn bind_xml(&mut self) {
        let mut dtd = self.dtd.borrow_mut();
        let uri = dtd.names.intern(XML_URI);
        let prefix = dtd.prefix_number("xml");
        dtd.prefixes[prefix as usize].uri = Some(uri);
    }

    /// Binds the prefix that an attribute declares to the value from `start` to `end`.
    fn bind(&mut self, name: NameId, start: usize, end: usize, announce: bool) -> Result<(), Code> {
        let mut dtd = self.dtd.borrow_mut();
        let dtd = &mut *dtd;
        let attribute = dtd.names.text(name).clone();
        let prefix = attribute.strip_prefix("xmlns:").unwrap_or("");
        let uri = text(&self.values[start..end]);
        check_binding(prefix, uri, self.separator.flatten())?;
        let number = dtd.prefix_number(prefix);
        let id = dtd.names.intern(uri);
        let bound = if uri.is_empty() && number == 0 { None } else { Some(id) };
        let entry = &mut dtd.prefixes[number as usize];
        let previous = core::mem::replace(&mut entry.uri, bound);
        self.bindings.push(Binding { prefix: number, previous });
        if announce && self.handlers & Handler::StartNamespaceDecl.bit() != 0 {
            let event = Event::StartNamespace {
                prefix: (number != 0).then(|| entry.name.clone()),
                uri: bound.map(|id| dtd.names.text(id).clone()),
            };
            self.todo.push_back(Todo::Event(event, self.event_at));
        }
        Ok(())
    }

    /// A name with the URI of its namespace.
    fn expand(&mut self, name: NameId, colon: Option<u32>, prefix: u32, uri: Option<NameId>) -> NameId {
        let mut dtd = self.dtd.borrow_mut();
        let names = &mut dtd.names;
        if let Some((known, expanded)) = names.entry(name).expanded
            && known == uri
        {
            return expanded;
        }
        let expanded = match uri {
            None => name,
            Some(uri) => {
                let raw = names.text(name).clone();
                let mut whole = String::from(&**names.text(uri));
                let join = self.separator.flatten();
                whole.extend(join);
                whole.push_str(&raw[colon.map_or(0, |colon| colon as usize + 1)..]);
                if self.prefixes && prefix != 0 {
                    whole.extend(join);
                    whole.push_str(&raw[..colon.unwrap_or(0) as usize]);
                }
                names.intern(&whole)
            }
        };
        names.entry_mut(name).expanded = Some((uri, expanded));
        expanded
    }

    fn expand_element(&mut self, raw: NameId) -> Result<NameId, Code> {
        let (split, prefix, uri) = {
            let mut dtd = self.dtd.borrow_mut();
            let (split, prefix) = dtd.split(raw);
            (split, prefix, dtd.prefixes[prefix as usize].uri)
        };
        match split {
            Split::Prefixed(_) if uri.is_none() => Err(Code::UnboundPrefix),
            Split::Prefixed(colon) => Ok(self.expand(raw, Some(colon), prefix, uri)),
            _ if uri.is_none() => Ok(raw),
            _ => Ok(self.expand(raw, None, 0, uri)),
        }
    }

    fn expand_attributes(&mut self, serial: u32) -> Result<(), Code> {
        for i in 0..self.attributes.len() {
            let name = self.attributes[i].name;
            let (split, prefix, uri) = {
                let mut dtd = self.dtd.borrow_mut();
                let (split, prefix) = dtd.split(name);
                (split, prefix, dtd.prefixes[prefix as usize].uri)
            };
            let Split::Prefixed(colon) = split else { continue };
            if uri.is_none() {
                return Err(Code::UnboundPrefix);
            }
            let expanded = self.expand(name, Some(colon), prefix, uri);
            let mut dtd = self.dtd.borrow_mut();
            // With prefixes in the names, two names may be one all the same.
            let key = if self.prefixes { dtd.plain_expansion(name, colon, uri) } else { expanded };
            let entry = dtd.names.entry_mut(key);
            if entry.seen_expanded == serial {
                return Err(Code::DuplicateAttribute);
            }
            entry.seen_expanded = serial;
            self.attributes[i].name = expanded;
        }
        Ok(())
    }

    /// Appends the value that stands in `s` from `from` to `to`.
    pub(super) fn store_value(
        &mut self,
        s: &[u8],
        source: u32,
        from: usize,
        to: usize,
        is_cdata: bool,
        origin: Origin,
    ) -> Result<(), Code> {
        let start = self.values.len();
        let mut cursor = Cursor::new(s, source, from, to);
        while let Some(token) = cursor.next(self, scan::attribute_value)? {
            match token.value {
                Value::Data => {
                    let data = token.bytes();
                    if self.values.try_reserve(data.len()).is_err() {
                        return Err(Code::NoMemory);
                    }
                    self.values.extend_from_slice(data);
                }
                Value::Newline | Value::Space => self.push_space(is_cdata, start),
                Value::CharRef(None) => return Err(token.fail(self, Code::BadCharRef)),
                Value::CharRef(Some(' ')) if !is_cdata => self.push_space(false, start),
                Value::CharRef(Some(c)) => self.values.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Value::EntityRef | Value::ParameterRef => {
                    if let Some(c) = super::content::predefined(token.name()) {
                        self.values.extend_from_slice(c.as_bytes());
                    } else if let Some(entity) = self.entity_in_value(&token, origin)? {
                        cursor.enter(entity);
                    }
                }
            }
        }
        if !is_cdata && self.values.len() > start && self.values.last() == Some(&b' ') {
            self.values.pop();
        }
        Ok(())
    }

    /// The entity that a value refers to; `None` where it may be unknown.
    fn entity_in_value(&mut self, token: &Token<'_>, origin: Origin) -> Result<Option<Rc<Entity>>, Code> {
        let (entity, checked) = {
            let dtd = self.dtd.borrow();
            let checked = match origin {
                Origin::Prolog => {
                    !self.is_parameter && if dtd.standalone { self.open.is_empty() } else { !dtd.has_parameter_refs }
                }
                Origin::Content => !dtd.has_parameter_refs || dtd.standalone,
            };
            (dtd.general.get(token.name()), checked)
        };
        let Some(entity) = entity else {
            return if checked { Err(Code::UndefinedEntity) } else { Ok(None) };
        };
        if checked && !entity.is_internal {
            return Err(Code::EntityDeclaredInPe);
        }
        let code = if entity.open.get() {
            Code::RecursiveEntityRef
        } else if entity.notation.is_some() {
            Code::BinaryEntityRef
        } else if entity.value.is_none() {
            Code::AttributeExternalEntityRef
        } else {
            return Ok(Some(entity));
        };
        Err(token.fail(self, code))
    }

    fn push_space(&mut self, is_cdata: bool, start: usize) {
        if is_cdata || (self.values.len() > start && self.values.last() != Some(&b' ')) {
            self.values.push(b' ');
        }
    }

    /// The namespaces and open entities at hand, for the parser of an external entity.
    pub(super) fn context(&self) -> String {
        let dtd = self.dtd.borrow();
        let mut parts = Vec::new();
        for prefix in &dtd.prefixes {
            if let Some(uri) = prefix.uri {
                parts.push(format!("{}={}", prefix.name, dtd.names.text(uri)));
            }
        }
        parts.extend(dtd.general.iter().filter(|entity| entity.open.get()).map(|entity| entity.name.to_string()));
        parts.join("\x0C")
    }

    pub(super) fn set_context(&mut self, context: &str) {
        for part in context.split('\x0C') {
            let mut dtd = self.dtd.borrow_mut();
            match part.split_once('=') {
                Some((prefix, uri)) => {
                    if check_binding(prefix, uri, self.separator.flatten()).is_ok() {
                        let uri = dtd.names.intern(uri);
                        let number = dtd.prefix_number(prefix) as usize;
                        dtd.prefixes[number].uri = Some(uri);
                    }
                }
                None => {
                    if let Some(entity) = dtd.general.get(part) {
                        entity.open.set(true);
                    }
                }
            }
        }
    }
}

/// Whether a prefix may be bound to a URI.
fn check_binding(prefix: &str, uri: &str, separator: Option<char>) -> Result<(), Code> {
    if uri.is_empty() && !prefix.is_empty() {
        return Err(Code::UndeclaringPrefix);
    }
    if prefix == "xmlns" {
        return Err(Code::ReservedPrefixXmlns);
    }
    let must = prefix == "xml";
    if must != (uri == XML_URI) {
        return Err(if must { Code::ReservedPrefixXml } else { Code::ReservedNamespaceUri });
    }
    if uri == XMLNS_URI {
        return Err(Code::ReservedNamespaceUri);
    }
    // A separator inside of a URI would let a document forge names, except where URIs have that character by right.
    let is_of_uris = |c: char| c.is_ascii_alphanumeric() || "%-._~:/?#[]@!$&'()*+,;=".contains(c);
    if separator.is_some_and(|c| !is_of_uris(c) && uri.contains(c)) {
        return Err(Code::Syntax);
    }
    Ok(())
}

impl Dtd {
    /// The expanded name without its prefix, by which two attributes are compared.
    fn plain_expansion(&mut self, name: NameId, colon: u32, uri: Option<NameId>) -> NameId {
        let uri: Text = uri.map_or_else(|| Text::from(""), |uri| self.names.text(uri).clone());
        let key = format!("{uri}\0{}", &self.names.text(name)[colon as usize + 1..]);
        self.names.intern(&key)
    }
}
