//! `ast.AST`, the base of all nodes: the constructor with its rules, `repr`, pickling and `__replace__`.
//!
//! An instance is a dict and nothing else. The type is a heap type, because programs may change it; [`Node`], whose own
//! type object is never used, holds the functions. CPython: `ast_type_init` and its neighbours in `Parser/asdl_c.py`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use crate::abi::*;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::thread::enter_recursive;
use crate::types::exceptions::DeprecationWarning;
use crate::types::generic_alias::GenericAlias;
use crate::types::object::dict as instance_dict;
use crate::types::str::StrBuilder;
use crate::types::type_::spec;
use crate::types::{Union, repr_guard};

/// An instance of `AST`.
#[repr(C)]
pub struct Node {
    head: PyObject,
    dict: Cell<*mut PyObject>,
}

/// Gives a new node its fields.
pub fn set_dict(node: &Ref<Object>, dict: Ref<Dict>) {
    // SAFETY: only nodes come here, and every node begins as `Node` does.
    let node: &Ref<Node> = unsafe { node.cast_unchecked() };
    crate::thread::Slot::of(&node.dict).set(Some(dict.into_object()));
}

/// The dict that `set_dict` gave a node.
pub fn own_dict(node: &Ref<Object>) -> Option<Ref<Dict>> {
    // SAFETY: as above; the slot of a new node holds what `set_dict` put there.
    unsafe {
        let node: &Ref<Node> = node.cast_unchecked();
        crate::thread::Slot::of(&node.dict).get_as()
    }
}

#[pytype(name = "AST", module = "ast", gc, basetype, dictoffset = offset_of!(Node, dict))]
impl Node {
    /// Takes the dict as it is, because any object can be a key here.
    #[slot(tp_init, raw)]
    unsafe extern "C" fn init(this: *mut PyObject, args: *mut PyObject, keywords: *mut PyObject) -> c_int {
        // SAFETY: a slot function gets a node, a tuple, and a dict or null, all live.
        let (this, args, keywords): (Borrowed<'_, Object>, Borrowed<'_, Tuple>, _) =
            unsafe { (Borrowed::from_ptr(this), Borrowed::from_ptr(args), Borrowed::from_ptr_or_null(keywords)) };
        match init(&this, args, keywords) {
            Ok(()) => 0,
            Err(_raised) => -1,
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Node) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).dict);
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Node, visit: &mut Visitor) {
        visit.object(this.head.ob_type.get());
        visit.object(this.dict.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Node>) {
        crate::thread::Slot::of(&this.dict).set(None);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Node>) -> PyResult<Ref<Str>> {
        repr_node(this.as_object(), 3)
    }

    #[getter(name = "__dict__")]
    fn dict(this: &Ref<Node>) -> PyResult<Ref<Object>> {
        instance_dict::generic_get_dict(this.as_object())
    }

    #[setter(name = "__dict__")]
    fn assign_dict(this: &Ref<Node>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        instance_dict::generic_set_dict(this.as_object(), value)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Node>) -> PyResult<Ref<Tuple>> {
        reduce(this.as_object())
    }

    #[method(raw, name = "__replace__", signature = "($self, /, **fields)")]
    fn replace(this: &Ref<Node>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        replace(this.as_object(), args)
    }
}

/// `PyType_GenericNew`: an empty instance, whatever the arguments.
unsafe extern "C" fn new_node(
    class: *mut PyTypeObject,
    _args: *mut PyObject,
    _keywords: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called with a live type.
    let class: Borrowed<'_, Type> = unsafe { Borrowed::from_ptr(class) };
    crate::object::protocol::number::into_c(class.alloc(0))
}

/// Makes the type.
pub fn create() -> PyResult<Ref<Type>> {
    // SAFETY: the template is a static, complete but for what `ready` adds; its tables live forever. The rows end with
    // a zeroed one.
    unsafe {
        let template = &*Node::TYPE;
        let slot =
            |slot: c_int, function: Option<usize>| PyType_Slot { slot, pfunc: function.unwrap_or(0) as *mut c_void };
        let mut members = [PyMemberDef::ZERO, PyMemberDef::ZERO];
        members[0].name = c"__dictoffset__".as_ptr();
        members[0].r#type = Py_T_PYSSIZET;
        members[0].offset = offset_of!(Node, dict) as isize;
        members[0].flags = Py_READONLY;
        let mut slots = [
            slot(Py_tp_new, Some(new_node as *const () as usize)),
            slot(Py_tp_init, template.tp_init.get().map(|f| f as usize)),
            slot(Py_tp_dealloc, template.tp_dealloc.get().map(|f| f as usize)),
            slot(Py_tp_traverse, template.tp_traverse.get().map(|f| f as usize)),
            slot(Py_tp_clear, template.tp_clear.get().map(|f| f as usize)),
            slot(Py_tp_repr, template.tp_repr.get().map(|f| f as usize)),
            slot(Py_tp_methods, Some(template.tp_methods.get() as usize)),
            slot(Py_tp_getset, Some(template.tp_getset.get() as usize)),
            slot(Py_tp_members, Some(members.as_mut_ptr() as usize)),
            PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
        ];
        let spec = PyType_Spec {
            name: c"ast.AST".as_ptr(),
            basicsize: size_of::<Node>() as c_int,
            itemsize: 0,
            flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC) as u32,
            slots: slots.as_mut_ptr(),
        };
        let class = spec::from_spec(None, None, &spec, None)?;
        let object = class.as_object();
        for name in [id!("_fields"), id!("__match_args__"), id!("_attributes")] {
            object.setattr(name, Tuple::empty().as_borrowed())?;
        }
        Ok(class)
    }
}

/// An attribute of the class of `this`.
fn class_attribute(this: &Ref<Object>, name: Borrowed<'static, Str>) -> PyResult<Option<Ref<Object>>> {
    this.type_of().upcast().lookup_attr(name)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn warn(message: String) -> PyResult<()> {
    crate::modules::warnings::warn(DeprecationWarning::type_object(), &message, 1)
}

// ---- construction --------------------------------------------------------------------------------------------------

fn init(this: &Ref<Object>, args: Borrowed<'_, Tuple>, keywords: Option<Borrowed<'_, Dict>>) -> PyResult<()> {
    let class = this.type_of().to_owned();
    let name = || class.short_name();
    let fields = class.as_object().getattr(id!("_fields"))?;
    let count = fields.len()?;
    if args.len() > count {
        return Err(raise!(
            TypeError,
            "{} constructor takes at most {count} positional argument{}",
            name(),
            plural(count)
        ));
    }
    let mut remaining = fields.collect_items()?;
    let mut take = |field: Borrowed<'_, Object>| -> PyResult<bool> {
        for index in 0..remaining.len() {
            let same = remaining.get(index).map(|item| item.equals(field)).transpose()?;
            if same == Some(true) && index < remaining.len() {
                remaining.remove(index);
                return Ok(true);
            }
        }
        Ok(false)
    };
    for (index, value) in args.iter().enumerate() {
        let field = fields.get_index(index as isize)?;
        this.set_attr_object(field.as_borrowed(), Some(value))?;
        take(field.as_borrowed())?;
    }
    let mut attributes = None;
    let keywords = match keywords {
        Some(keywords) => keywords.items_snapshot()?,
        None => Vec::new(),
    };
    for (key, value) in &keywords {
        let (key, value) = (key.as_borrowed(), value.as_borrowed());
        if fields.contains(key)? {
            if !take(key)? {
                return Err(raise!(
                    TypeError,
                    "{} got multiple values for argument {}",
                    name(),
                    key.repr()?.to_display()
                ));
            }
        } else {
            if attributes.is_none() {
                attributes = Some(class.as_object().getattr(id!("_attributes"))?);
            }
            let is_attribute = match &attributes {
                Some(attributes) => attributes.contains(key)?,
                None => false,
            };
            if !is_attribute {
                warn(format!(
                    "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is \
                     deprecated and will be removed in Python 3.15.",
                    name(),
                    key.repr()?.to_display()
                ))?;
            }
        }
        this.set_attr_object(key, Some(value))?;
    }
    if remaining.is_empty() {
        return Ok(());
    }
    // A class without types of fields is a program's own, made for versions before 3.13.
    let Some(types) = class_attribute(this, id!("_field_types"))? else { return Ok(()) };
    let load = super::classes::state()?.row(super::nodes::Class::Load);
    for field in remaining {
        let field_type = match types.downcast::<Dict>() {
            Some(types) => types.get(field.as_borrowed())?,
            None => Some(types.get_item(field.as_borrowed())?),
        };
        let Some(field_type) = field_type else {
            warn(format!(
                "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                field.repr()?.to_display(),
                name()
            ))?;
            continue;
        };
        if field_type.is_exact::<Union>() {
            // Optional: the class has the default.
        } else if field_type.is_exact::<GenericAlias>() {
            this.set_attr_object(field.as_borrowed(), Some(List::new()?.as_borrowed()))?;
        } else if load.class.base().is_some_and(|base| base.is(&field_type)) {
            let value = load.singleton.clone().unwrap_or_else(none);
            this.set_attr_object(field.as_borrowed(), Some(value.as_borrowed()))?;
        } else {
            warn(format!(
                "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                name(),
                field.repr()?.to_display()
            ))?;
        }
    }
    Ok(())
}

// ---- repr ----------------------------------------------------------------------------------------------------------

/// The text down to `depth` levels of nodes.
fn repr_node(node: &Ref<Object>, depth: usize) -> PyResult<Ref<Str>> {
    let name = node.type_of().short_name();
    let mut text = StrBuilder::new();
    text.push_str(&name)?;
    if depth == 0 {
        text.push_str("(...)")?;
        return text.finish();
    }
    let _recursion = enter_recursive("during  ast repr")?;
    let Some(_guard) = repr_guard::enter(node.as_borrowed())? else {
        text.push_str("(...)")?;
        return text.finish();
    };
    let fields = node.type_of().upcast().getattr(id!("_fields"))?;
    let count = fields.len()?;
    text.push_str("(")?;
    for index in 0..count {
        let field = fields.get_index(index as isize)?;
        let value = node.getattr_object(field.as_borrowed())?;
        if index > 0 {
            text.push_str(", ")?;
        }
        text.push_object(&field.str()?)?;
        text.push_str("=")?;
        text.push_object(&repr_value(&value, depth)?)?;
    }
    text.push_str(")")?;
    text.finish()
}

fn repr_value(value: &Ref<Object>, depth: usize) -> PyResult<Ref<Str>> {
    if value.is_instance_of::<List>() {
        return repr_items(value, "[", "]", depth);
    }
    if value.is_instance_of::<Tuple>() {
        return repr_items(value, "(", ")", depth);
    }
    if value.type_of().is_subtype(&super::classes::state()?.ast) {
        return repr_node(value, depth - 1);
    }
    value.repr()
}

/// A list or tuple, of which only the first and the last item are shown.
fn repr_items(items: &Ref<Object>, open: &str, close: &str, depth: usize) -> PyResult<Ref<Str>> {
    let count = items.len()?;
    let mut text = StrBuilder::new();
    text.push_str(open)?;
    let ast = &super::classes::state()?.ast;
    let mut push = |index: usize| -> PyResult<()> {
        let item = items.get_index(index as isize)?;
        let repr = if item.type_of().is_subtype(ast) { repr_node(&item, depth - 1)? } else { item.repr()? };
        if index > 0 {
            text.push_str(if count > 2 { ", ..., " } else { ", " })?;
        }
        text.push_object(&repr)
    };
    if count > 0 {
        push(0)?;
    }
    if count > 1 {
        push(count - 1)?;
    }
    text.push_str(close)?;
    text.finish()
}

// ---- copies --------------------------------------------------------------------------------------------------------

/// `(class, (None, ...), dict)`: as many `None`s as fields are set from the first on, so that the constructor has no
/// reason to warn; the values themselves come with the dict.
fn reduce(this: &Ref<Object>) -> PyResult<Ref<Tuple>> {
    let class = this.type_of().upcast().to_owned();
    let Some(dict) = this.lookup_attr(id!("__dict__"))? else {
        return Tuple::pack([class, Tuple::empty().into_object()]);
    };
    let mut args = Vec::new();
    if let (Some(fields), Some(values)) = (class_attribute(this, id!("_fields"))?, dict.downcast::<Dict>()) {
        for field in fields.collect_items()? {
            if !values.contains(field.as_borrowed())? {
                break;
            }
            args.push(none());
        }
    }
    Tuple::pack([class, Tuple::from_vec(args)?.into_object(), dict])
}

fn replace(this: &Ref<Object>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
    if args.nargs() > 0 {
        return Err(raise!(TypeError, "__replace__() takes no positional arguments"));
    }
    let class = this.type_of().to_owned();
    let name = class.short_name();
    let list = |attribute: Borrowed<'static, Str>| -> PyResult<Vec<Ref<Object>>> {
        match class.as_object().lookup_attr(attribute)? {
            Some(names) => names.collect_items(),
            None => Ok(Vec::new()),
        }
    };
    let dict = match this.lookup_attr(id!("__dict__"))?.map(Ref::into_downcast::<Dict>) {
        Some(Ok(dict)) => dict,
        _ => Dict::new()?,
    };
    let fields = list(id!("_fields"))?;
    let attributes = list(id!("_attributes"))?;
    let expected = |key: Borrowed<'_, Object>| -> PyResult<bool> {
        for name in fields.iter().chain(&attributes) {
            if name.equals(key)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let payload = Dict::new()?;
    for field in fields.iter().chain(&attributes) {
        if let Some(value) = dict.get(field.as_borrowed())? {
            payload.set_item(field.as_borrowed(), value.as_borrowed())?;
        }
    }
    for (key, value) in args.keywords() {
        if !expected(key.upcast())? {
            return Err(raise!(
                TypeError,
                "{name}.__replace__ got an unexpected keyword argument {}.",
                key.upcast().repr()?.to_display()
            ));
        }
        payload.set_item(key, value)?;
    }
    // Fields that are not optional must be in the instance or among the arguments.
    let types = class.as_object().lookup_attr(id!("_field_types"))?;
    let mut absent = Vec::new();
    for field in &fields {
        let optional = match types.as_ref().and_then(|types| types.downcast::<Dict>()) {
            Some(types) => types.get(field.as_borrowed())?.is_some_and(|found| found.is_exact::<Union>()),
            None => false,
        };
        if !optional && !payload.contains(field.as_borrowed())? {
            absent.push(field.repr()?.to_display());
        }
    }
    absent.sort();
    if !absent.is_empty() {
        let count = absent.len();
        return Err(raise!(
            TypeError,
            "{name}.__replace__ missing {count} keyword argument{}: {}.",
            plural(count),
            absent.join(", ")
        ));
    }
    class.as_object().call_tuple(Tuple::empty().borrow(), Some(payload.borrow()))
}
