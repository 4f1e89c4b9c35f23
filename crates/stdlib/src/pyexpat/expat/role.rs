//! The grammar of the prolog and of document type declarations, a token at a time: which part of a declaration a token is.
//!
//! expat: `lib/xmlrole.c`.

use super::dtd::Quantity;
use super::scan::Prolog as Tok;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Prolog0,
    Prolog1,
    /// Behind the document type declaration.
    Prolog2,
    DoctypeName,
    DoctypeId,
    DoctypePublic,
    DoctypeSystem,
    DoctypeSubset,
    DoctypeClose,
    InternalSubset,
    ExternalSubset0,
    ExternalSubset1,
    EntityName,
    ParameterName,
    /// What the entity is; whether it is a parameter entity.
    EntityKind(bool),
    EntityPublic(bool),
    EntitySystem(bool),
    EntityNotation,
    EntityNotationName,
    ParameterClose,
    NotationName,
    NotationKind,
    NotationPublic,
    NotationSystem,
    NotationPublicSystem,
    AttlistElement,
    AttlistName,
    AttlistType,
    AttlistValue,
    AttlistValueNext,
    AttlistNotations,
    AttlistNotation,
    AttlistNotationNext,
    AttlistDefault,
    AttlistFixed,
    ElementName,
    ElementKind,
    ElementFirst,
    ElementMixed,
    ElementMixedName,
    ElementMixedNext,
    ElementGroup,
    ElementNext,
    Section,
    SectionInclude,
    SectionIgnore,
    /// A declaration is to be closed, of this family.
    Close(Family),
    Error,
}

/// The declarations whose tokens without a meaning of their own matter to a handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    None,
    Doctype,
    Entity,
    Notation,
    Attlist,
    Element,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Error,
    None(Family),
    XmlDecl,
    TextDecl,
    InstanceStart,
    DoctypeName,
    DoctypeSystemId,
    DoctypePublicId,
    DoctypeInternalSubset,
    DoctypeClose,
    GeneralEntityName,
    ParamEntityName,
    EntityValue,
    EntitySystemId,
    EntityPublicId,
    EntityComplete,
    EntityNotationName,
    NotationName,
    NotationSystemId,
    NotationNoSystemId,
    NotationPublicId,
    AttributeName,
    AttributeType(&'static str),
    AttributeEnumValue,
    AttributeNotationValue,
    AttlistElementName,
    ImpliedAttributeValue,
    RequiredAttributeValue,
    DefaultAttributeValue,
    FixedAttributeValue,
    ElementName,
    ContentAny,
    ContentEmpty,
    ContentPcdata,
    GroupOpen,
    GroupClose(Quantity),
    GroupChoice,
    GroupSequence,
    ContentElement(Quantity),
    Pi,
    Comment,
    ParamEntityRef,
    InnerParamEntityRef,
    IgnoreSection,
}

static ATTRIBUTE_TYPES: [&str; 8] = ["CDATA", "ID", "IDREF", "IDREFS", "ENTITY", "ENTITIES", "NMTOKEN", "NMTOKENS"];

/// What is known of where the tokens come from.
pub struct Place<'a> {
    /// Whether they are the document's own.
    pub is_document: bool,
    /// How many INCLUDE sections are open.
    pub sections: &'a mut usize,
    /// How many groups of a content model are open.
    pub groups: &'a mut usize,
}

fn quantity(token: Tok) -> Option<Quantity> {
    Some(match token {
        Tok::Name | Tok::PrefixedName | Tok::CloseParen => Quantity::One,
        Tok::NameQuestion | Tok::CloseParenQuestion => Quantity::Optional,
        Tok::NameAsterisk | Tok::CloseParenAsterisk => Quantity::Any,
        Tok::NamePlus | Tok::CloseParenPlus => Quantity::Some,
        _ => return None,
    })
}

fn is_name_like(token: Tok) -> bool {
    matches!(token, Tok::Name | Tok::PrefixedName | Tok::NameQuestion | Tok::NameAsterisk | Tok::NamePlus)
}

/// The role of a token with the text `s` in `state`, which moves on.
pub fn role(state: &mut State, token: Tok, s: &[u8], place: Place<'_>) -> Role {
    let is_document = place.is_document;
    match find(*state, token, s, place) {
        Some((next, role)) => {
            *state = next;
            role
        }
        None if !is_document && token == Tok::ParameterRef => Role::InnerParamEntityRef,
        None => {
            *state = State::Error;
            Role::Error
        }
    }
}

fn find(state: State, token: Tok, s: &[u8], place: Place<'_>) -> Option<(State, Role)> {
    use Family as F;
    use State as S;
    let top = if place.is_document { S::InternalSubset } else { S::ExternalSubset1 };
    let is_name = matches!(token, Tok::Name | Tok::PrefixedName);
    let keyword = |word: &str| token == Tok::Name && s == word.as_bytes();
    let declares = |word: &str| token == Tok::DeclOpen && s.get(2..) == Some(word.as_bytes());
    let is_space = token == Tok::Space;
    let stay = |family| Some((state, Role::None(family)));
    Some(match state {
        S::Prolog0 | S::Prolog1 | S::Prolog2 => {
            let next = if state == S::Prolog0 { S::Prolog1 } else { state };
            match token {
                Tok::Space => (next, Role::None(F::None)),
                Tok::XmlDecl if state == S::Prolog0 => (next, Role::XmlDecl),
                Tok::Pi { .. } => (next, Role::Pi),
                Tok::Comment => (next, Role::Comment),
                Tok::Bom if state != S::Prolog2 => return stay(F::None),
                _ if state != S::Prolog2 && declares("DOCTYPE") => (S::DoctypeName, Role::None(F::Doctype)),
                Tok::InstanceStart => (S::Error, Role::InstanceStart),
                _ => return None,
            }
        }
        S::DoctypeName | S::DoctypeId | S::DoctypePublic | S::DoctypeSystem | S::DoctypeSubset | S::DoctypeClose
            if is_space =>
        {
            return stay(F::Doctype);
        }
        S::DoctypeName if is_name => (S::DoctypeId, Role::DoctypeName),
        S::DoctypeId if keyword("SYSTEM") => (S::DoctypeSystem, Role::None(F::Doctype)),
        S::DoctypeId if keyword("PUBLIC") => (S::DoctypePublic, Role::None(F::Doctype)),
        S::DoctypePublic if token == Tok::Literal => (S::DoctypeSystem, Role::DoctypePublicId),
        S::DoctypeSystem if token == Tok::Literal => (S::DoctypeSubset, Role::DoctypeSystemId),
        S::DoctypeId | S::DoctypeSubset if token == Tok::OpenBracket => {
            (S::InternalSubset, Role::DoctypeInternalSubset)
        }
        S::DoctypeId | S::DoctypeSubset | S::DoctypeClose if token == Tok::DeclClose => {
            (S::Prolog2, Role::DoctypeClose)
        }
        S::ExternalSubset0 if token == Tok::XmlDecl => (S::ExternalSubset1, Role::TextDecl),
        S::ExternalSubset0 | S::ExternalSubset1 => {
            let here = S::ExternalSubset1;
            match token {
                Tok::SectionOpen => (S::Section, Role::None(F::None)),
                Tok::SectionClose if *place.sections > 0 => {
                    *place.sections -= 1;
                    (here, Role::None(F::None))
                }
                Tok::SectionClose | Tok::CloseBracket => return None,
                Tok::None if *place.sections > 0 => return None,
                _ => return subset(here, token, declares),
            }
        }
        S::InternalSubset => return subset(state, token, declares),
        S::EntityName
        | S::ParameterName
        | S::EntityKind(_)
        | S::EntityPublic(_)
        | S::EntitySystem(_)
        | S::EntityNotation
        | S::EntityNotationName
        | S::ParameterClose
            if is_space =>
        {
            return stay(F::Entity);
        }
        S::EntityName if token == Tok::Percent => (S::ParameterName, Role::None(F::Entity)),
        S::EntityName if token == Tok::Name => (S::EntityKind(false), Role::GeneralEntityName),
        S::ParameterName if token == Tok::Name => (S::EntityKind(true), Role::ParamEntityName),
        S::EntityKind(parameter) if keyword("SYSTEM") => (S::EntitySystem(parameter), Role::None(F::Entity)),
        S::EntityKind(parameter) if keyword("PUBLIC") => (S::EntityPublic(parameter), Role::None(F::Entity)),
        S::EntityKind(_) if token == Tok::Literal => (S::Close(F::Entity), Role::EntityValue),
        S::EntityPublic(parameter) if token == Tok::Literal => (S::EntitySystem(parameter), Role::EntityPublicId),
        S::EntitySystem(false) if token == Tok::Literal => (S::EntityNotation, Role::EntitySystemId),
        S::EntitySystem(true) if token == Tok::Literal => (S::ParameterClose, Role::EntitySystemId),
        S::EntityNotation | S::ParameterClose if token == Tok::DeclClose => (top, Role::EntityComplete),
        S::EntityNotation if keyword("NDATA") => (S::EntityNotationName, Role::None(F::Entity)),
        S::EntityNotationName if token == Tok::Name => (S::Close(F::Entity), Role::EntityNotationName),
        S::NotationName | S::NotationKind | S::NotationPublic | S::NotationSystem | S::NotationPublicSystem
            if is_space =>
        {
            return stay(F::Notation);
        }
        S::NotationName if token == Tok::Name => (S::NotationKind, Role::NotationName),
        S::NotationKind if keyword("SYSTEM") => (S::NotationSystem, Role::None(F::Notation)),
        S::NotationKind if keyword("PUBLIC") => (S::NotationPublic, Role::None(F::Notation)),
        S::NotationPublic if token == Tok::Literal => (S::NotationPublicSystem, Role::NotationPublicId),
        S::NotationSystem | S::NotationPublicSystem if token == Tok::Literal => {
            (S::Close(F::Notation), Role::NotationSystemId)
        }
        S::NotationPublicSystem if token == Tok::DeclClose => (top, Role::NotationNoSystemId),
        S::AttlistElement
        | S::AttlistName
        | S::AttlistType
        | S::AttlistValue
        | S::AttlistValueNext
        | S::AttlistNotations
        | S::AttlistNotation
        | S::AttlistNotationNext
        | S::AttlistDefault
        | S::AttlistFixed
            if is_space =>
        {
            return stay(F::Attlist);
        }
        S::AttlistElement if is_name => (S::AttlistName, Role::AttlistElementName),
        S::AttlistName if token == Tok::DeclClose => (top, Role::None(F::Attlist)),
        S::AttlistName if is_name => (S::AttlistType, Role::AttributeName),
        S::AttlistType if token == Tok::Name => match ATTRIBUTE_TYPES.iter().find(|kind| s == kind.as_bytes()) {
            Some(kind) => (S::AttlistDefault, Role::AttributeType(kind)),
            None if s == b"NOTATION" => (S::AttlistNotations, Role::None(F::Attlist)),
            None => return None,
        },
        S::AttlistType if token == Tok::OpenParen => (S::AttlistValue, Role::None(F::Attlist)),
        S::AttlistValue if is_name || token == Tok::Nmtoken => (S::AttlistValueNext, Role::AttributeEnumValue),
        S::AttlistValueNext | S::AttlistNotationNext if token == Tok::CloseParen => {
            (S::AttlistDefault, Role::None(F::Attlist))
        }
        S::AttlistValueNext if token == Tok::Or => (S::AttlistValue, Role::None(F::Attlist)),
        S::AttlistNotations if token == Tok::OpenParen => (S::AttlistNotation, Role::None(F::Attlist)),
        S::AttlistNotation if token == Tok::Name => (S::AttlistNotationNext, Role::AttributeNotationValue),
        S::AttlistNotationNext if token == Tok::Or => (S::AttlistNotation, Role::None(F::Attlist)),
        S::AttlistDefault if token == Tok::PoundName => match s {
            b"#IMPLIED" => (S::AttlistName, Role::ImpliedAttributeValue),
            b"#REQUIRED" => (S::AttlistName, Role::RequiredAttributeValue),
            b"#FIXED" => (S::AttlistFixed, Role::None(F::Attlist)),
            _ => return None,
        },
        S::AttlistDefault if token == Tok::Literal => (S::AttlistName, Role::DefaultAttributeValue),
        S::AttlistFixed if token == Tok::Literal => (S::AttlistName, Role::FixedAttributeValue),
        S::ElementName
        | S::ElementKind
        | S::ElementFirst
        | S::ElementMixed
        | S::ElementMixedName
        | S::ElementMixedNext
        | S::ElementGroup
        | S::ElementNext
            if is_space =>
        {
            return stay(F::Element);
        }
        S::ElementName if is_name => (S::ElementKind, Role::ElementName),
        S::ElementKind if keyword("EMPTY") => (S::Close(F::Element), Role::ContentEmpty),
        S::ElementKind if keyword("ANY") => (S::Close(F::Element), Role::ContentAny),
        S::ElementKind if token == Tok::OpenParen => {
            *place.groups = 1;
            (S::ElementFirst, Role::GroupOpen)
        }
        S::ElementFirst if token == Tok::PoundName && s == b"#PCDATA" => (S::ElementMixed, Role::ContentPcdata),
        S::ElementFirst | S::ElementGroup if token == Tok::OpenParen => {
            *place.groups += 1;
            (S::ElementGroup, Role::GroupOpen)
        }
        S::ElementFirst | S::ElementGroup if is_name_like(token) => {
            (S::ElementNext, Role::ContentElement(quantity(token)?))
        }
        S::ElementMixed if token == Tok::CloseParen => (S::Close(F::Element), Role::GroupClose(Quantity::One)),
        S::ElementMixed | S::ElementMixedNext if token == Tok::CloseParenAsterisk => {
            (S::Close(F::Element), Role::GroupClose(Quantity::Any))
        }
        S::ElementMixed | S::ElementMixedNext if token == Tok::Or => (S::ElementMixedName, Role::None(F::Element)),
        S::ElementMixedName if is_name => (S::ElementMixedNext, Role::ContentElement(Quantity::One)),
        S::ElementNext => match token {
            Tok::Comma => (S::ElementGroup, Role::GroupSequence),
            Tok::Or => (S::ElementGroup, Role::GroupChoice),
            Tok::CloseParen | Tok::CloseParenQuestion | Tok::CloseParenAsterisk | Tok::CloseParenPlus => {
                *place.groups = place.groups.saturating_sub(1);
                let next = if *place.groups == 0 { S::Close(F::Element) } else { state };
                (next, Role::GroupClose(quantity(token)?))
            }
            _ => return None,
        },
        S::Section | S::SectionInclude | S::SectionIgnore if is_space => return stay(F::None),
        S::Section if keyword("INCLUDE") => (S::SectionInclude, Role::None(F::None)),
        S::Section if keyword("IGNORE") => (S::SectionIgnore, Role::None(F::None)),
        S::SectionInclude if token == Tok::OpenBracket => {
            *place.sections += 1;
            (S::ExternalSubset1, Role::None(F::None))
        }
        S::SectionIgnore if token == Tok::OpenBracket => (S::ExternalSubset1, Role::IgnoreSection),
        S::Close(family) if is_space => return stay(family),
        S::Close(family) if token == Tok::DeclClose => (top, Role::None(family)),
        S::Error => return stay(F::None),
        _ => return None,
    })
}

/// Tokens between declarations.
fn subset(here: State, token: Tok, declares: impl Fn(&str) -> bool) -> Option<(State, Role)> {
    use Family as F;
    Some(match token {
        Tok::Space | Tok::None => (here, Role::None(F::None)),
        Tok::DeclOpen if declares("ENTITY") => (State::EntityName, Role::None(F::Entity)),
        Tok::DeclOpen if declares("ATTLIST") => (State::AttlistElement, Role::None(F::Attlist)),
        Tok::DeclOpen if declares("ELEMENT") => (State::ElementName, Role::None(F::Element)),
        Tok::DeclOpen if declares("NOTATION") => (State::NotationName, Role::None(F::Notation)),
        Tok::Pi { .. } => (here, Role::Pi),
        Tok::Comment => (here, Role::Comment),
        Tok::ParameterRef => (here, Role::ParamEntityRef),
        Tok::CloseBracket if here == State::InternalSubset => (State::DoctypeClose, Role::None(F::Doctype)),
        _ => return None,
    })
}
