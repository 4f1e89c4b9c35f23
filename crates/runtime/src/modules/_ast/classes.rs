//! The classes of nodes, made once from the description.
//!
//! They are ordinary heap types, made as by `type(name, bases, dict)`, so that programs can add to them; they live as
//! long as the process. CPython: `init_types` in `Python/Python-ast.c`.

use std::sync::OnceLock;

use super::base;
use super::nodes::{Class, Field, GROUPS, Group, Node, Position, Shape};
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;
use crate::types::union;

/// What conversions need to know of a class.
pub struct Row {
    pub name: &'static str,
    pub class: Ref<Type>,
    pub fields: &'static [Field],
    pub names: Vec<Borrowed<'static, Str>>,
    /// Of a node without fields in a simple sum.
    pub singleton: Option<Ref<Object>>,
    /// For the message when the tree is too deep.
    pub activity: &'static str,
}

pub struct State {
    pub ast: Ref<Type>,
    /// All classes by name, bases before what derives from them.
    pub classes: Vec<(&'static str, Ref<Type>)>,
    rows: Vec<Row>,
}

// SAFETY: the objects are touched by the holder of the GIL only.
unsafe impl Send for State {}
// SAFETY: as above.
unsafe impl Sync for State {}

static STATE: OnceLock<State> = OnceLock::new();

impl State {
    #[inline]
    pub fn row(&self, class: Class) -> &Row {
        &self.rows[class as usize]
    }

    /// The class of a type name in the ASDL.
    fn class(&self, name: &str) -> Option<&Ref<Type>> {
        self.classes.iter().find(|(known, _)| *known == name).map(|(_, class)| class)
    }
}

/// The classes; made at the first call.
pub fn state() -> PyResult<&'static State> {
    if let Some(state) = STATE.get() {
        return Ok(state);
    }
    let state = create()?;
    Ok(STATE.get_or_init(|| state))
}

fn create() -> PyResult<State> {
    let mut state = State { ast: base::create()?, classes: Vec::new(), rows: Vec::new() };
    state.classes.push(("AST", state.ast.clone()));
    for group in GROUPS {
        let base = match group.shape {
            Shape::Product => state.ast.clone(),
            _ => {
                let class = make_class(group.name, &state.ast, &[], &group.asdl())?;
                add_attributes(&class, group)?;
                state.classes.push((group.name, class.clone()));
                class
            }
        };
        for node in group.nodes {
            let class = make_class(node.name, &base, node.fields, &node.asdl())?;
            if group.shape == Shape::Product {
                add_attributes(&class, group)?;
            }
            for field in node.fields.iter().filter(|field| field.is_optional()) {
                set(&class, field.name(), none().as_borrowed())?;
            }
            state.classes.push((node.name, class.clone()));
            state.rows.push(row(group, node, class)?);
        }
    }
    for row in &state.rows {
        add_field_types(&state, row)?;
    }
    Ok(state)
}

fn row(group: &Group, node: &'static Node, class: Ref<Type>) -> PyResult<Row> {
    let singleton = match group.shape {
        Shape::Simple => Some(class.alloc(0)?),
        _ => None,
    };
    Ok(Row {
        name: node.name,
        class,
        fields: node.fields,
        names: node.fields.iter().map(|field| Str::intern_immortal(field.name())).collect(),
        singleton,
        activity: Box::leak(format!(" while traversing '{}' node", node.name).into_boxed_str()),
    })
}

fn set(class: &Ref<Type>, name: &str, value: Borrowed<'_, Object>) -> PyResult<()> {
    class.as_object().setattr(Str::intern_immortal(name), value)
}

fn name_tuple<'n>(names: impl Iterator<Item = &'n str>) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(names.map(|name| Str::intern_immortal(name).upcast().to_owned()).collect())
}

fn make_class(name: &str, base: &Ref<Type>, fields: &[Field], doc: &str) -> PyResult<Ref<Type>> {
    let names = name_tuple(fields.iter().map(Field::name))?;
    let dict = Dict::new()?;
    dict.set_str(id!("_fields"), names.borrow())?;
    dict.set_str(id!("__match_args__"), names.borrow())?;
    dict.set_str(id!("__module__"), id!("ast"))?;
    dict.set_str(id!("__doc__"), Str::from_utf8_str(doc)?.borrow())?;
    let bases = Tuple::pack([base.clone().into_object()])?;
    Type::create(name, bases.borrow(), dict.borrow())
}

/// `_attributes`, and the defaults of those that are optional.
fn add_attributes(class: &Ref<Type>, group: &Group) -> PyResult<()> {
    let names: &[&str] = match group.position {
        Position::None => &[],
        _ => &["lineno", "col_offset", "end_lineno", "end_col_offset"],
    };
    set(class, "_attributes", name_tuple(names.iter().copied())?.as_borrowed())?;
    if group.position == Position::EndOptional {
        set(class, "end_lineno", none().as_borrowed())?;
        set(class, "end_col_offset", none().as_borrowed())?;
    }
    Ok(())
}

/// `_field_types` and `__annotations__`.
fn add_field_types(state: &State, row: &Row) -> PyResult<()> {
    let types = Dict::new()?;
    for (field, name) in row.fields.iter().zip(&row.names) {
        let plain: Borrowed<'_, Object> = match field.type_name() {
            "identifier" | "string" => Str::type_object().upcast(),
            "int" => Int::type_object().upcast(),
            "constant" => Object::type_object().upcast(),
            name => match state.class(name) {
                Some(class) => class.as_borrowed(),
                None => return Err(raise!(SystemError, "unknown type {name} of a field")),
            },
        };
        let value = if field.is_list() {
            GenericAlias::new(List::type_object().upcast(), plain)?
        } else if field.is_optional() {
            union::or(plain, none().as_borrowed())?
        } else {
            plain.to_owned()
        };
        types.set_str(*name, value.as_borrowed())?;
    }
    set(&row.class, "_field_types", types.as_borrowed())?;
    set(&row.class, "__annotations__", types.copy()?.as_borrowed())
}
