//! What a document type declaration says, and the namespaces that are in force.

use core::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::names::{NameId, Names, Split};

pub type Text = Rc<str>;

#[derive(Default)]
pub struct Entity {
    pub name: Text,
    /// The replacement text of an internal entity.
    pub value: Option<Text>,
    pub base: Option<Text>,
    pub system_id: Option<Text>,
    pub public_id: Option<Text>,
    pub notation: Option<Text>,
    /// Whether it was declared in the document itself.
    pub is_internal: bool,
    pub open: Cell<bool>,
}

/// Keeps entities by name, and in the order of their declaration.
#[derive(Default)]
pub struct Entities {
    by_name: HashMap<Text, usize>,
    list: Vec<Rc<Entity>>,
}

impl Entities {
    pub fn get(&self, name: &str) -> Option<Rc<Entity>> {
        self.by_name.get(name).map(|&i| self.list[i].clone())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The first declaration of a name counts.
    pub fn add(&mut self, entity: Rc<Entity>) {
        let place = self.list.len();
        self.by_name.entry(entity.name.clone()).or_insert_with(|| {
            self.list.push(entity);
            place
        });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rc<Entity>> {
        self.list.iter()
    }

    fn copy(&self) -> Entities {
        let list = self.list.iter().map(|entity| {
            Rc::new(Entity {
                name: entity.name.clone(),
                value: entity.value.clone(),
                base: entity.base.clone(),
                system_id: entity.system_id.clone(),
                public_id: entity.public_id.clone(),
                notation: entity.notation.clone(),
                is_internal: entity.is_internal,
                open: Cell::new(false),
            })
        });
        Entities { by_name: self.by_name.clone(), list: list.collect() }
    }
}

#[derive(Clone)]
pub struct DefaultAttribute {
    pub name: NameId,
    pub is_cdata: bool,
    pub value: Option<Text>,
}

#[derive(Clone, Default)]
pub struct ElementType {
    pub defaults: Vec<DefaultAttribute>,
    pub has_id: bool,
}

#[derive(Clone)]
pub struct Prefix {
    /// Empty for the default namespace.
    pub name: Text,
    pub uri: Option<NameId>,
}

pub struct Dtd {
    pub names: Names,
    pub general: Entities,
    pub parameters: Entities,
    /// The external subset.
    pub subset: Entity,
    pub elements: HashMap<NameId, ElementType>,
    /// The first is that of the default namespace.
    pub prefixes: Vec<Prefix>,
    prefix_numbers: HashMap<Text, u32>,
    pub keep_processing: bool,
    pub has_parameter_refs: bool,
    pub standalone: bool,
    pub parameter_read: bool,
    /// The bytes of all values.
    pub size: usize,
}

pub const XML_URI: &str = "http://www.w3.org/XML/1998/namespace";
pub const XMLNS_URI: &str = "http://www.w3.org/2000/xmlns/";

impl Dtd {
    pub fn new() -> Dtd {
        let mut dtd = Dtd {
            names: Names::new(),
            general: Entities::default(),
            parameters: Entities::default(),
            subset: Entity::default(),
            elements: HashMap::new(),
            prefixes: vec![Prefix { name: Text::from(""), uri: None }],
            prefix_numbers: HashMap::new(),
            keep_processing: true,
            has_parameter_refs: false,
            standalone: false,
            parameter_read: false,
            size: 0,
        };
        dtd.prefix_number("xml");
        dtd
    }

    /// What the parser of an external entity starts with.
    pub fn copy(&self) -> Dtd {
        let unbound = |prefix: &Prefix| Prefix { name: prefix.name.clone(), uri: None };
        Dtd {
            names: self.names.clone(),
            general: self.general.copy(),
            parameters: self.parameters.copy(),
            subset: Entity::default(),
            elements: self.elements.clone(),
            prefixes: self.prefixes.iter().map(unbound).collect(),
            prefix_numbers: self.prefix_numbers.clone(),
            keep_processing: self.keep_processing,
            has_parameter_refs: self.has_parameter_refs,
            standalone: self.standalone,
            parameter_read: self.parameter_read,
            size: self.size,
        }
    }

    pub fn prefix_number(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        if let Some(&number) = self.prefix_numbers.get(name) {
            return number;
        }
        let number = self.prefixes.len() as u32;
        let name = Text::from(name);
        self.prefixes.push(Prefix { name: name.clone(), uri: None });
        self.prefix_numbers.insert(name, number);
        number
    }

    /// How a name splits at its colon, with the number of the prefix; 0 for a name without one.
    #[inline]
    pub fn split(&mut self, name: NameId) -> (Split, u32) {
        let entry = self.names.entry(name);
        if entry.split == Split::Unknown {
            self.split_slow(name);
        }
        let entry = self.names.entry(name);
        (entry.split, entry.prefix)
    }

    #[cold]
    fn split_slow(&mut self, name: NameId) {
        let text = self.names.text(name).clone();
        let (split, prefix) = match text.find(':') {
            Some(colon) => (Split::Prefixed(colon as u32), self.prefix_number(&text[..colon])),
            None => (Split::Plain, 0),
        };
        let entry = self.names.entry_mut(name);
        entry.split = split;
        entry.prefix = prefix;
    }

    /// Adds an attribute to an element; with a value or as the ID it counts once.
    pub fn define_attribute(
        &mut self,
        element: NameId,
        name: NameId,
        is_cdata: bool,
        is_id: bool,
        value: Option<Text>,
    ) {
        let element = self.elements.entry(element).or_default();
        if (value.is_some() || is_id) && element.defaults.iter().any(|known| known.name == name) {
            return;
        }
        element.has_id |= is_id;
        self.size += value.as_ref().map_or(0, |value| value.len()) + size_of::<DefaultAttribute>();
        element.defaults.push(DefaultAttribute { name, is_cdata, value });
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Empty = 1,
    Any = 2,
    Mixed = 3,
    Name = 4,
    Choice = 5,
    Sequence = 6,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    One = 0,
    Optional = 1,
    Any = 2,
    Some = 3,
}

/// A node of a content model; children stand behind their parents.
pub struct Node {
    pub kind: Kind,
    pub quantity: Quantity,
    pub name: Option<Text>,
    pub children: Vec<usize>,
}
