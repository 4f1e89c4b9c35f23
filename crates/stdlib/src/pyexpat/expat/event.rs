//! What the parser tells, and who wants to hear it.

use std::rc::Rc;

use super::dtd::{Entity, Node, Text};
use super::names::NameId;

/// A part of the text at hand.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// 0 is the document, 1 the scratch buffer, from 2 on the open entities.
    pub(super) source: u32,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy)]
pub struct Attribute {
    pub name: NameId,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What the parser found. Those that stand in boxes are rare.
pub enum Event {
    /// With its attributes, for which there are [`super::Parser::attributes`].
    StartElement(NameId),
    EndElement(NameId),
    Characters(Span),
    Default(Span),
    Comment(Span),
    Instruction {
        target: NameId,
        data: Span,
    },
    StartCdata,
    EndCdata,
    StartNamespace {
        prefix: Option<Text>,
        uri: Option<Text>,
    },
    EndNamespace {
        prefix: Option<Text>,
    },
    XmlDecl {
        version: Option<Text>,
        encoding: Option<Text>,
        standalone: i32,
    },
    StartDoctype {
        name: Text,
        system_id: Option<Text>,
        public_id: Option<Text>,
        has_internal: bool,
    },
    EndDoctype,
    Entity {
        entity: Rc<Entity>,
        is_parameter: bool,
        base: Option<Text>,
    },
    UnparsedEntity(Rc<Entity>),
    Notation {
        name: Text,
        base: Option<Text>,
        system_id: Option<Text>,
        public_id: Option<Text>,
    },
    Element {
        name: Text,
        model: Vec<Node>,
    },
    Attlist {
        element: Text,
        name: Text,
        kind: Text,
        default: Option<Text>,
        required: bool,
    },
    SkippedEntity {
        name: Text,
        is_parameter: bool,
    },
    /// The answer 0 is given by [`super::Parser::refuse`].
    ExternalEntity {
        context: Option<Text>,
        base: Option<Text>,
        system_id: Option<Text>,
        public_id: Option<Text>,
    },
    /// Likewise.
    NotStandalone,
    /// To be answered by [`super::Parser::set_table`].
    UnknownEncoding(Text),
}

/// The handlers, as bits of [`super::Parser::handlers`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Handler {
    StartElement,
    EndElement,
    ProcessingInstruction,
    CharacterData,
    UnparsedEntityDecl,
    NotationDecl,
    StartNamespaceDecl,
    EndNamespaceDecl,
    Comment,
    StartCdataSection,
    EndCdataSection,
    Default,
    DefaultExpand,
    NotStandalone,
    ExternalEntityRef,
    StartDoctypeDecl,
    EndDoctypeDecl,
    EntityDecl,
    XmlDecl,
    ElementDecl,
    AttlistDecl,
    SkippedEntity,
}

impl Handler {
    pub fn bit(self) -> u32 {
        1 << self as u8
    }
}
