//! Fields of nodes to objects and back: lists, names, numbers, constants, and nodes themselves.
//!
//! **Invariant:** reading checks every type, so that whatever a program put into a tree becomes a well-formed tree or an
//! exception. CPython: `ast2obj_*` and `obj2ast_*` in `Python/Python-ast.c`.

use taipan_syntax::ast::{self, Arena};

use super::classes::State;
use super::nodes::{Class, Field};
use crate::memory::rust_alloc::GrowingRoom;
use crate::prelude::*;
use crate::thread::{RecursionGuard, enter_recursive};

/// A node.
pub trait Tree<'a>: Copy {
    /// Whether `None` in its place is no node; for products it is an object like any other.
    const NONE_IS_ABSENT: bool;
    fn build(&self, to: &Builder) -> PyResult<Ref<Object>>;
    fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self>;
}

/// What a field can hold.
pub trait Value<'a>: Copy {
    fn build(&self, to: &Builder) -> PyResult<Ref<Object>>;
    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self>;
}

/// Where a value comes from.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// `None` when the attribute is missing.
    object: Option<Borrowed<'s, Object>>,
    /// It is an item of a list.
    is_item: bool,
    owner: &'static str,
    field: &'static str,
    type_name: &'static str,
}

impl<'s> Source<'s> {
    /// The object of a field that must be there.
    pub fn required(self) -> PyResult<Borrowed<'s, Object>> {
        match self.object {
            Some(object) => Ok(object),
            None => Err(missing(self.field, self.owner)),
        }
    }

    /// A node of which `None` is not one.
    fn not_none(self) -> PyResult<Borrowed<'s, Object>> {
        let object = self.required()?;
        if object.is_none() {
            return Err(self.none_disallowed());
        }
        Ok(object)
    }

    fn none_disallowed(self) -> Raised {
        if !self.is_item {
            return raise!(ValueError, "field '{}' is required for {}", self.field, self.owner);
        }
        match self.type_name {
            "stmt" => raise!(ValueError, "None disallowed in statement list"),
            "expr" => raise!(ValueError, "None disallowed in expression list"),
            "identifier" => raise!(ValueError, "None disallowed in identifier list"),
            _ => raise!(ValueError, "None disallowed in {} list of {}", self.field, self.owner),
        }
    }
}

fn missing(field: &str, owner: &str) -> Raised {
    raise!(TypeError, "required field \"{field}\" missing from {owner}")
}

// ---- to objects ----------------------------------------------------------------------------------------------------

/// Makes objects of a tree.
pub struct Builder {
    state: &'static State,
}

impl Builder {
    pub fn new(state: &'static State) -> Builder {
        Builder { state }
    }

    pub fn enter(&self) -> PyResult<RecursionGuard> {
        enter_recursive("during  ast construction")
    }

    /// An instance of `class` with its fields.
    pub fn node(&self, class: Class, values: &[Ref<Object>]) -> PyResult<Ref<Object>> {
        let row = self.state.row(class);
        let node = row.class.alloc(0)?;
        if !values.is_empty() {
            let dict = Dict::presized(values.len() + 4, true)?;
            for (name, value) in row.names.iter().zip(values) {
                dict.add_str(*name, value)?;
            }
            super::base::set_dict(&node, dict);
        }
        Ok(node)
    }

    /// Adds a position to a node that this builder has made.
    pub fn locate(&self, node: Ref<Object>, range: ast::Range) -> PyResult<Ref<Object>> {
        let dict = match super::base::own_dict(&node) {
            Some(dict) => dict,
            None => {
                let dict = Dict::presized(4, true)?;
                super::base::set_dict(&node, dict.clone());
                dict
            }
        };
        dict.add_str(id!("lineno"), Int::from_i64(range.lineno.into())?.as_object())?;
        dict.add_str(id!("col_offset"), Int::from_i64(range.col_offset.into())?.as_object())?;
        dict.add_str(id!("end_lineno"), Int::from_i64(range.end_lineno.into())?.as_object())?;
        dict.add_str(id!("end_col_offset"), Int::from_i64(range.end_col_offset.into())?.as_object())?;
        Ok(node)
    }

    pub fn singleton(&self, class: Class) -> Ref<Object> {
        match &self.state.row(class).singleton {
            Some(object) => object.clone(),
            None => none(),
        }
    }
}

// ---- from objects --------------------------------------------------------------------------------------------------

/// Makes a tree of objects.
pub struct Reader<'a> {
    state: &'static State,
    arena: &'a Arena,
    room: &'a GrowingRoom,
}

/// What reading, checking and compiling a node takes, about.
const NODE: usize = 1024;
/// What comes of an item of a list, or a byte of a constant, which is copied a few times.
const ITEM: usize = 64;
const BYTE: usize = 8;

impl<'a> Reader<'a> {
    pub fn new(state: &'static State, arena: &'a Arena, room: &'a GrowingRoom) -> Reader<'a> {
        Reader { state, arena, room }
    }

    /// A slice of a text or a constant in the arena.
    fn slice<T: Copy>(&self, items: &[T]) -> PyResult<&'a [T]> {
        self.room.take(size_of_val(items).saturating_mul(BYTE))?;
        Ok(self.arena.slice(items))
    }

    fn str(&self, text: &str) -> PyResult<&'a str> {
        self.room.take(text.len().saturating_mul(BYTE))?;
        Ok(self.arena.str(text))
    }

    pub fn arena(&self) -> &'a Arena {
        self.arena
    }

    /// The fields of a node in order.
    pub fn fields<'o>(&self, object: Borrowed<'o, Object>, class: Class) -> PyResult<Fields<'_, 'a, 'o>> {
        let row = self.state.row(class);
        self.room.take(NODE)?;
        let guard = enter_recursive(row.activity)?;
        Ok(Fields { reader: self, object, owner: row.name, fields: row.fields, names: &row.names, _guard: guard })
    }

    /// Which of the classes `object` is an instance of.
    pub fn class_of(&self, object: Borrowed<'_, Object>, group: &'static str, classes: &[Class]) -> PyResult<Class> {
        let ty = object.type_ptr();
        for &class in classes {
            if core::ptr::eq(ty, self.state.row(class).class.as_raw().cast()) {
                return Ok(class);
            }
        }
        for &class in classes {
            if object.is_instance(self.state.row(class).class.as_borrowed())? {
                return Ok(class);
            }
        }
        Err(self.unexpected(object, group))
    }

    pub fn unexpected(&self, object: Borrowed<'_, Object>, group: &str) -> Raised {
        match object.repr() {
            Ok(repr) => raise!(TypeError, "expected some sort of {group}, but got {}", repr.to_display()),
            Err(raised) => raised,
        }
    }

    /// The position of a node; the end is optional unless `required`.
    pub fn range(&self, object: Borrowed<'_, Object>, group: &'static str, required: bool) -> PyResult<ast::Range> {
        let number = |name: Borrowed<'static, Str>, field: &'static str, default: Option<i32>| -> PyResult<i32> {
            let value = object.lookup_attr(name)?;
            match (value, default) {
                (Some(value), Some(default)) if value.is_none() => Ok(default),
                (Some(value), _) => read_int(value.as_borrowed()),
                (None, Some(default)) => Ok(default),
                (None, None) => Err(missing(field, group)),
            }
        };
        let lineno = number(id!("lineno"), "lineno", None)?;
        let col_offset = number(id!("col_offset"), "col_offset", None)?;
        let end = |value| if required { None } else { Some(value) };
        let end_lineno = number(id!("end_lineno"), "end_lineno", end(lineno))?;
        let end_col_offset = number(id!("end_col_offset"), "end_col_offset", end(col_offset))?;
        Ok(ast::Range { lineno, col_offset, end_lineno, end_col_offset })
    }
}

/// Goes through the fields of a node.
pub struct Fields<'r, 'a, 'o> {
    reader: &'r Reader<'a>,
    object: Borrowed<'o, Object>,
    owner: &'static str,
    fields: &'static [Field],
    names: &'static [Borrowed<'static, Str>],
    _guard: RecursionGuard,
}

impl<'a> Fields<'_, 'a, '_> {
    pub fn next<V: Value<'a>>(&mut self) -> PyResult<V> {
        let (Some((field, fields)), Some((name, names))) = (self.fields.split_first(), self.names.split_first()) else {
            return Err(raise!(SystemError, "{} has not so many fields", self.owner));
        };
        self.fields = fields;
        self.names = names;
        let object = self.object.lookup_attr(*name)?;
        let source = Source {
            object: object.as_ref().map(|object| object.as_borrowed()),
            is_item: false,
            owner: self.owner,
            field: field.name(),
            type_name: field.type_name(),
        };
        V::read(self.reader, source)
    }
}

/// A node that must be there.
pub fn required<'a, T: Tree<'a>>(from: &Reader<'a>, source: Source<'_>) -> PyResult<T> {
    let object = if T::NONE_IS_ABSENT { source.not_none()? } else { source.required()? };
    T::read(from, object)
}

// ---- the types of fields -------------------------------------------------------------------------------------------

impl<'a, T: Tree<'a>> Value<'a> for &'a T {
    fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
        (**self).build(to)
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        Ok(from.arena.alloc(required::<T>(from, source)?))
    }
}

impl<'a, V: Value<'a>> Value<'a> for Option<V> {
    fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
        match self {
            Some(value) => value.build(to),
            None => Ok(none()),
        }
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        match source.object {
            Some(object) if !object.is_none() => Ok(Some(V::read(from, source)?)),
            _ => Ok(None),
        }
    }
}

impl<'a, V: Value<'a>> Value<'a> for &'a [V] {
    fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
        let items = self.iter().map(|item| item.build(to)).gather_results()?;
        Ok(List::from_vec(items)?.into_object())
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        let Some(object) = source.object else { return Ok(&[]) };
        let Some(list) = object.downcast::<List>() else {
            return Err(raise!(
                TypeError,
                "{} field \"{}\" must be a list, not a {}",
                source.owner,
                source.field,
                object.type_name()
            ));
        };
        let count = list.len();
        from.room.take(count.saturating_mul(ITEM))?;
        let mut items: Vec<V> = Vec::new();
        if items.try_reserve_exact(count).is_err() {
            return Err(Raised::no_memory());
        }
        for index in 0..count {
            let item = list.get(index);
            if let Some(item) = &item {
                items.push(V::read(from, Source { object: Some(item.as_borrowed()), is_item: true, ..source })?);
            }
            if item.is_none() || list.len() != count {
                let Source { owner, field, .. } = source;
                return Err(raise!(RuntimeError, "{owner} field \"{field}\" changed size during iteration"));
            }
        }
        Ok(from.arena.slice(&items))
    }
}

/// Identifiers and strings.
impl<'a> Value<'a> for &'a str {
    fn build(&self, _to: &Builder) -> PyResult<Ref<Object>> {
        Ok(Str::intern_str(self)?.into_object())
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        let object = source.not_none()?;
        let kind = source.type_name;
        let text = match kind {
            "identifier" => object.downcast_exact::<Str>(),
            _ => object.downcast::<Str>(),
        };
        let Some(text) = text else { return Err(raise!(TypeError, "AST {kind} must be of type str")) };
        from.str(text.as_utf8()?)
    }
}

fn read_int(object: Borrowed<'_, Object>) -> PyResult<i32> {
    let Some(value) = object.downcast::<Int>() else {
        return Err(raise!(ValueError, "invalid integer value: {}", object.repr()?.to_display()));
    };
    match value.to_i32() {
        Some(value) => Ok(value),
        None => Err(raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

impl<'a> Value<'a> for i32 {
    fn build(&self, _to: &Builder) -> PyResult<Ref<Object>> {
        Ok(Int::from_i64((*self).into())?.into_object())
    }

    fn read(_from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        read_int(source.required()?)
    }
}

impl<'a> Value<'a> for ast::Constant<'a> {
    fn build(&self, _to: &Builder) -> PyResult<Ref<Object>> {
        constant_object(self)
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        read_constant(from, source.required()?)
    }
}

impl<'a> Value<'a> for &'a ast::Constant<'a> {
    fn build(&self, _to: &Builder) -> PyResult<Ref<Object>> {
        constant_object(self)
    }

    fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
        Ok(from.arena.alloc(read_constant(from, source.required()?)?))
    }
}

/// The object of a constant.
fn constant_object(constant: &ast::Constant<'_>) -> PyResult<Ref<Object>> {
    let items = |items: &[ast::Constant<'_>]| -> PyResult<Vec<Ref<Object>>> {
        let _guard = enter_recursive("during  ast construction")?;
        items.iter().map(constant_object).gather_results()
    };
    Ok(match *constant {
        ast::Constant::None => none(),
        ast::Constant::Bool(value) => Bool::from(value).into_object(),
        ast::Constant::Ellipsis => ellipsis(),
        ast::Constant::Int(ast::Int::Small(value)) => Int::from_i64(value)?.into_object(),
        ast::Constant::Int(ast::Int::Big { negative, digits }) => Int::from_digits(digits, negative)?.into_object(),
        ast::Constant::Float(value) => Float::new(value)?.into_object(),
        ast::Constant::Complex { real, imag } => Complex::new(real, imag)?.into_object(),
        ast::Constant::Str(text) => match text.as_str() {
            Some(text) => Str::from_utf8_str(text)?.into_object(),
            None => Str::from_wtf8(text.as_bytes())?.into_object(),
        },
        ast::Constant::Bytes(bytes) => Bytes::from_slice(bytes)?.into_object(),
        ast::Constant::Tuple(values) => Tuple::from_vec(items(values)?)?.into_object(),
        ast::Constant::FrozenSet(values) => {
            let values = List::from_vec(items(values)?)?;
            FrozenSet::from_iterable(values.as_borrowed())?.into_object()
        }
    })
}

/// The constant that an object is, if it is of one of the exact types that code can hold.
fn read_constant<'a>(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<ast::Constant<'a>> {
    if object.is_none() {
        return Ok(ast::Constant::None);
    }
    if object.is(&ellipsis()) {
        return Ok(ast::Constant::Ellipsis);
    }
    if let Some(value) = object.downcast_exact::<Bool>() {
        return Ok(ast::Constant::Bool(value.value()));
    }
    if let Some(value) = object.downcast_exact::<Int>() {
        return Ok(ast::Constant::Int(match value.to_i64() {
            Some(value) => ast::Int::Small(value),
            None => ast::Int::Big { negative: value.is_negative(), digits: from.slice(value.digits())? },
        }));
    }
    if let Some(value) = object.downcast_exact::<Float>() {
        return Ok(ast::Constant::Float(value.value()));
    }
    if let Some(value) = object.downcast_exact::<Complex>() {
        let (real, imag) = value.parts();
        return Ok(ast::Constant::Complex { real, imag });
    }
    if let Some(text) = object.downcast_exact::<Str>() {
        let value = match text.as_ascii() {
            Some(text) => Some(ast::StrValue::new(from.str(text)?)),
            None => {
                from.room.take(text.len().saturating_mul(BYTE))?;
                ast::StrValue::from_wtf8(from.arena.slice(&text.to_wtf8()?))
            }
        };
        return value.map(ast::Constant::Str).ok_or_else(|| raise!(SystemError, "malformed string"));
    }
    if let Some(bytes) = object.downcast_exact::<Bytes>() {
        return Ok(ast::Constant::Bytes(from.slice(bytes.as_slice())?));
    }
    let items = |items: Vec<Ref<Object>>| -> PyResult<&'a [ast::Constant<'a>]> {
        let _guard = enter_recursive(" during compilation")?;
        let items = items.iter().map(|item| read_constant(from, item.as_borrowed())).gather_results()?;
        Ok(from.arena.slice(&items))
    };
    if let Some(tuple) = object.downcast_exact::<Tuple>() {
        from.room.take(tuple.len().saturating_mul(ITEM))?;
        return Ok(ast::Constant::Tuple(items(tuple.as_slice().try_to_vec()?)?));
    }
    if let Some(set) = object.downcast_exact::<FrozenSet>() {
        from.room.take(set.len().saturating_mul(ITEM))?;
        return Ok(ast::Constant::FrozenSet(items(set.items_snapshot()?)?));
    }
    Err(raise!(TypeError, "got an invalid type in Constant: {}", object.type_of().short_name()))
}
