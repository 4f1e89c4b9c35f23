//! A literal with references in it: its own text, and the texts of the entities that are open at the place that is read.
//!
//! **Invariant:** an entity is marked as open exactly as long as it is in a cursor.

use std::rc::Rc;

use super::dtd::Entity;
use super::scan::{Cut, Value};
use super::{Code, Parser, text};

/// Finds the token at a place of a text; the flag says whether names have namespaces.
type Scan = fn(&[u8], usize, bool) -> Result<(Value, usize), Cut>;

pub(super) struct Cursor<'a> {
    literal: &'a [u8],
    source: u32,
    at: usize,
    open: Vec<(Rc<Entity>, usize)>,
}

/// A token of the literal or of an entity.
pub(super) struct Token<'a> {
    pub value: Value,
    literal: &'a [u8],
    /// The entity that it stands in, which keeps the text.
    entity: Option<Rc<Entity>>,
    start: usize,
    end: usize,
    source: u32,
}

impl<'a> Cursor<'a> {
    /// Begins at `from`; `to` is the literal's end.
    pub fn new(s: &'a [u8], source: u32, from: usize, to: usize) -> Cursor<'a> {
        Cursor { literal: &s[..to], source, at: from, open: Vec::new() }
    }

    /// The next token, `None` at the end. What entities expand to counts for the limits of the parser.
    pub fn next(&mut self, parser: &mut Parser, scan: Scan) -> Result<Option<Token<'a>>, Code> {
        loop {
            let (entity, start) = match self.open.last() {
                Some((entity, at)) => (Some(entity.clone()), *at),
                None => (None, self.at),
            };
            let bytes = bytes_of(&entity, self.literal);
            if start >= bytes.len() {
                match self.open.pop() {
                    Some((entity, _)) => entity.open.set(false),
                    None => return Ok(None),
                }
                continue;
            }
            let source = if entity.is_none() { self.source } else { u32::MAX };
            let (value, end) = scan(bytes, start, parser.ns()).map_err(|cut| {
                parser.point(source, if let Cut::Invalid(at) = cut { at } else { start });
                Code::InvalidToken
            })?;
            match self.open.last_mut() {
                Some((_, at)) => {
                    *at = end;
                    parser.account(end - start)?;
                }
                None => self.at = end,
            }
            return Ok(Some(Token { value, literal: self.literal, entity, start, end, source }));
        }
    }

    /// Goes on in the text of an entity.
    pub fn enter(&mut self, entity: Rc<Entity>) {
        entity.open.set(true);
        self.open.push((entity, 0));
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        for (entity, _) in &self.open {
            entity.open.set(false);
        }
    }
}

fn bytes_of<'a>(entity: &'a Option<Rc<Entity>>, literal: &'a [u8]) -> &'a [u8] {
    match entity {
        Some(entity) => entity.value.as_deref().unwrap_or("").as_bytes(),
        None => literal,
    }
}

impl Token<'_> {
    pub fn bytes(&self) -> &[u8] {
        &bytes_of(&self.entity, self.literal)[self.start..self.end]
    }

    /// The name of a reference.
    pub fn name(&self) -> &str {
        let bytes = self.bytes();
        text(&bytes[1..bytes.len() - 1])
    }

    pub fn is_in_entity(&self) -> bool {
        self.entity.is_some()
    }

    /// An error at the token.
    pub fn fail(&self, parser: &mut Parser, code: Code) -> Code {
        parser.point(self.source, self.start);
        code
    }
}
