//! The handlers of a parser: their attributes, and what each is called with.

use core::ffi::{c_int, c_void};

use taipan_runtime::abi::{PyGetSetDef, PyMemberDef, PyMethodDef, PyObject};
use taipan_runtime::object::TypePart;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;

use super::expat::{Event, Handler, Node, Text};
use super::xmlparser::{Inside, XmlParser};

pub const COUNT: usize = 22;

/// The attribute's name and the name of the function in tracebacks, in the order of [`Handler`].
pub static NAMES: [(&CStr, &str); COUNT] = [
    (c"StartElementHandler", "StartElement"),
    (c"EndElementHandler", "EndElement"),
    (c"ProcessingInstructionHandler", "ProcessingInstruction"),
    (c"CharacterDataHandler", "CharacterData"),
    (c"UnparsedEntityDeclHandler", "UnparsedEntityDecl"),
    (c"NotationDeclHandler", "NotationDecl"),
    (c"StartNamespaceDeclHandler", "StartNamespaceDecl"),
    (c"EndNamespaceDeclHandler", "EndNamespaceDecl"),
    (c"CommentHandler", "Comment"),
    (c"StartCdataSectionHandler", "StartCdataSection"),
    (c"EndCdataSectionHandler", "EndCdataSection"),
    (c"DefaultHandler", "Default"),
    (c"DefaultHandlerExpand", "DefaultHandlerExpand"),
    (c"NotStandaloneHandler", "NotStandalone"),
    (c"ExternalEntityRefHandler", "ExternalEntityRef"),
    (c"StartDoctypeDeclHandler", "StartDoctypeDecl"),
    (c"EndDoctypeDeclHandler", "EndDoctypeDecl"),
    (c"EntityDeclHandler", "EntityDecl"),
    (c"XmlDeclHandler", "XmlDecl"),
    (c"ElementDeclHandler", "ElementDecl"),
    (c"AttlistDeclHandler", "AttlistDecl"),
    (c"SkippedEntityHandler", "SkippedEntity"),
];

unsafe extern "C" fn get(this: *mut PyObject, which: *mut c_void) -> *mut PyObject {
    // SAFETY: the descriptor checks the type of the instance.
    let this: Borrowed<'_, XmlParser> = unsafe { Borrowed::from_ptr(this) };
    this.handler(which.addr()).unwrap_or_else(none).into_ptr()
}

unsafe extern "C" fn set(this: *mut PyObject, value: *mut PyObject, which: *mut c_void) -> c_int {
    // SAFETY: likewise; the value is live or null.
    let (this, value): (Borrowed<'_, XmlParser>, Option<Borrowed<'_, Object>>) =
        unsafe { (Borrowed::from_ptr(this), Borrowed::from_ptr_or_null(value)) };
    match this.set_handler(which.addr(), value) {
        Ok(()) => 0,
        Err(raised) => {
            raised.into_null();
            -1
        }
    }
}

const fn row(index: usize) -> PyGetSetDef {
    PyGetSetDef {
        name: NAMES[index].0.as_ptr(),
        get: Some(get),
        set: Some(set),
        doc: core::ptr::null(),
        closure: core::ptr::without_provenance_mut(index),
    }
}

impl XmlParser {
    /// One attribute a handler.
    pub const HANDLERS: TypePart = TypePart {
        methods: &[PyMethodDef::ZERO],
        getset: &const {
            // The last row stays empty: it ends the table.
            let mut rows = [PyGetSetDef::ZERO; COUNT + 1];
            let mut i = 0;
            while i < COUNT {
                rows[i] = row(i);
                i += 1;
            }
            rows
        },
        members: &[PyMemberDef::ZERO],
    };
}

/// The arguments of a call, few enough to stand in place.
pub type Arguments = Vec<Ref<Object>>;

fn flag(value: bool) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(i64::from(value))?.into_object())
}

/// The string of a text that is no name.
fn string(text: &str) -> PyResult<Ref<Object>> {
    Ok(Str::from_utf8_str(text)?.into_object())
}

fn optional(text: &Option<Text>) -> PyResult<Ref<Object>> {
    text.as_ref().map_or_else(|| Ok(none()), |text| string(text))
}

/// The handler of an event and its arguments. What the parser lent is copied into objects here.
pub fn arguments(this: &XmlParser, inside: &mut Inside, event: &Event) -> PyResult<(Handler, Arguments)> {
    let intern = |text: &Text| this.intern_text(text);
    let intern_optional = |text: &Option<Text>| text.as_ref().map_or_else(|| Ok(none()), intern);
    Ok(match event {
        Event::StartElement(name) => {
            let name = this.name(inside, *name)?;
            let attributes = attributes(this, inside)?;
            (Handler::StartElement, vec![name, attributes])
        }
        Event::EndElement(name) => (Handler::EndElement, vec![this.name(inside, *name)?]),
        Event::Characters(span) => (Handler::CharacterData, vec![string(inside.parser.span(*span))?]),
        Event::Default(span) => {
            let handler = if this.is_expanding() { Handler::DefaultExpand } else { Handler::Default };
            (handler, vec![string(inside.parser.span(*span))?])
        }
        Event::Comment(span) => (Handler::Comment, vec![string(inside.parser.span(*span))?]),
        Event::Instruction { target, data } => {
            let data = string(inside.parser.span(*data))?;
            (Handler::ProcessingInstruction, vec![this.name(inside, *target)?, data])
        }
        Event::StartCdata => (Handler::StartCdataSection, vec![]),
        Event::EndCdata => (Handler::EndCdataSection, vec![]),
        Event::StartNamespace { prefix, uri } => {
            (Handler::StartNamespaceDecl, vec![intern_optional(prefix)?, intern_optional(uri)?])
        }
        Event::EndNamespace { prefix } => (Handler::EndNamespaceDecl, vec![intern_optional(prefix)?]),
        Event::XmlDecl { version, encoding, standalone } => {
            let standalone = Int::from_i64(i64::from(*standalone))?.into_object();
            (Handler::XmlDecl, vec![optional(version)?, optional(encoding)?, standalone])
        }
        Event::StartDoctype { name, system_id, public_id, has_internal } => {
            let ids = (intern_optional(system_id)?, intern_optional(public_id)?);
            (Handler::StartDoctypeDecl, vec![intern(name)?, ids.0, ids.1, flag(*has_internal)?])
        }
        Event::EndDoctype => (Handler::EndDoctypeDecl, vec![]),
        Event::Entity { entity, is_parameter, base } => {
            let list = vec![
                intern(&entity.name)?,
                flag(*is_parameter)?,
                optional(&entity.value)?,
                intern_optional(base)?,
                intern_optional(&entity.system_id)?,
                intern_optional(&entity.public_id)?,
                intern_optional(&entity.notation)?,
            ];
            (Handler::EntityDecl, list)
        }
        Event::UnparsedEntity(entity) => {
            let list = vec![
                intern(&entity.name)?,
                intern_optional(&entity.base)?,
                intern_optional(&entity.system_id)?,
                intern_optional(&entity.public_id)?,
                intern_optional(&entity.notation)?,
            ];
            (Handler::UnparsedEntityDecl, list)
        }
        Event::Notation { name, base, system_id, public_id } => {
            let list =
                vec![intern(name)?, intern_optional(base)?, intern_optional(system_id)?, intern_optional(public_id)?];
            (Handler::NotationDecl, list)
        }
        Event::Element { name, model } => (Handler::ElementDecl, vec![intern(name)?, content_model(this, model, 0)?]),
        Event::Attlist { element, name, kind, default, required } => {
            let list = vec![intern(element)?, intern(name)?, string(kind)?, optional(default)?, flag(*required)?];
            (Handler::AttlistDecl, list)
        }
        Event::SkippedEntity { name, is_parameter } => {
            (Handler::SkippedEntity, vec![intern(name)?, flag(*is_parameter)?])
        }
        Event::ExternalEntity { context, base, system_id, public_id } => {
            let list = vec![
                optional(context)?,
                intern_optional(base)?,
                intern_optional(system_id)?,
                intern_optional(public_id)?,
            ];
            (Handler::ExternalEntityRef, list)
        }
        Event::NotStandalone => (Handler::NotStandalone, vec![]),
        Event::UnknownEncoding(_) => return Err(raise!(SystemError, "an encoding is no event for a handler")),
    })
}

fn attributes(this: &XmlParser, inside: &mut Inside) -> PyResult<Ref<Object>> {
    let count = if this.only_specified() { inside.parser.specified() } else { inside.parser.attributes().len() };
    if this.is_ordered() {
        let mut list = vec_with_capacity(count * 2)?;
        for i in 0..count {
            let attribute = inside.parser.attributes()[i];
            list.push(this.name(inside, attribute.name)?);
            list.push(string(inside.parser.value(attribute))?);
        }
        return Ok(List::from_vec(list)?.into_object());
    }
    let dict = Dict::new()?;
    for i in 0..count {
        let attribute = inside.parser.attributes()[i];
        let name = this.name(inside, attribute.name)?;
        let value = string(inside.parser.value(attribute))?;
        dict.set_item(name.borrow(), value.borrow())?;
    }
    Ok(dict.into_object())
}

/// A content model as tuples: kind, quantity, name, children.
fn content_model(this: &XmlParser, model: &[Node], at: usize) -> PyResult<Ref<Object>> {
    let _guard = thread::enter_recursive(" in conv_content_model")?;
    let node = &model[at];
    let mut children = vec_with_capacity(node.children.len())?;
    for &child in &node.children {
        children.push(content_model(this, model, child)?);
    }
    let name = node.name.as_ref().map_or_else(|| Ok(none()), |name| this.intern_text(name))?;
    let tuple = Tuple::pack([
        Int::from_i64(node.kind as i64)?.into_object(),
        Int::from_i64(node.quantity as i64)?.into_object(),
        name,
        Tuple::from_vec(children)?.into_object(),
    ])?;
    Ok(tuple.into_object())
}
