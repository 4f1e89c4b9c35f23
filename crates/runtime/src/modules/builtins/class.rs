//! `__build_class__`: what a `class` statement calls.

use super::Builtins;
use crate::prelude::*;
use crate::types::Function;
use crate::types::cell::Cell;

#[pymethods(part = CLASS)]
impl Builtins {
    /// `__build_class__(function, name, *bases, metaclass=.., **keywords)`.
    #[function(name = "__build_class__", raw)]
    fn build_class(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [function, name, bases @ ..] = args.positional() else {
            return Err(raise!(TypeError, "__build_class__: not enough arguments"));
        };
        let Some(function) = function.downcast_exact::<Function>() else {
            return Err(raise!(TypeError, "__build_class__: func must be a function"));
        };
        let Some(name) = name.downcast::<Str>() else {
            return Err(raise!(TypeError, "__build_class__: name is not a string"));
        };
        let original = Tuple::from_slice(bases)?;
        let bases = update_bases(&original)?;
        let keywords = if args.keyword_count() > 0 { Some(args.keywords().to_dict()?) } else { None };
        let mut metaclass = None;
        if let Some(keywords) = &keywords
            && let Some(given) = keywords.get_str(id!("metaclass"))
        {
            keywords.del_item(id!("metaclass").upcast())?;
            metaclass = Some(given);
        }
        let mut metaclass = match metaclass {
            Some(metaclass) => metaclass,
            None if bases.is_empty() => Type::type_object().upcast().to_owned(),
            None => bases.get(0).type_of().to_owned().into_object(),
        };
        let is_class = metaclass.is_instance_of::<Type>();
        if let Some(class) = metaclass.downcast::<Type>() {
            // The most derived metaclass of the bases wins.
            let winner = crate::types::type_::new::calculate_metaclass(&class, &bases)?;
            metaclass = winner.into_object();
        }
        let namespace = match metaclass.lookup_attr(id!("__prepare__"))? {
            None => Dict::new()?.into_object(),
            Some(prepare) => {
                let arguments = Tuple::from_slice(&[name.upcast(), bases.as_borrowed()])?;
                prepare.call_tuple(arguments.borrow(), keywords.as_ref().map(Ref::borrow))?
            }
        };
        if !namespace.is_mapping() {
            let shown = match metaclass.downcast::<Type>() {
                Some(class) if is_class => class.name(),
                _ => "<metaclass>".to_owned(),
            };
            return Err(raise!(
                TypeError,
                "{shown}.__prepare__() must return a mapping, not {}",
                namespace.type_name()
            ));
        }
        let cell = crate::interp::eval_function(&function, Some(namespace.borrow()))?;
        if !bases.is(&original) {
            namespace.set_item(id!("__orig_bases__").upcast(), original.as_borrowed())?;
        }
        let arguments = Tuple::from_slice(&[name.upcast(), bases.as_borrowed(), namespace.borrow()])?;
        let class = metaclass.call_tuple(arguments.borrow(), keywords.as_ref().map(Ref::borrow))?;
        if class.is_instance_of::<Type>()
            && let Some(cell) = cell.downcast::<Cell>()
        {
            check_class_cell(&cell, &name, &class)?;
        }
        Ok(class)
    }
}

/// The cell behind `__class__` and `super()` must hold the new class: a metaclass has to pass it on to `type.__new__`.
fn check_class_cell(cell: &Ref<Cell>, name: &Ref<Str>, class: &Ref<Object>) -> PyResult<()> {
    match cell.get() {
        Some(content) if content.is(class) => Ok(()),
        Some(content) => Err(raise!(
            TypeError,
            "__class__ set to {} defining {} as {}",
            content.to_repr_text(),
            name.as_object().to_repr_text(),
            class.to_repr_text()
        )),
        None => Err(raise!(
            RuntimeError,
            "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
            name.as_object().to_repr_text(),
            class.to_repr_text()
        )),
    }
}

/// Replaces bases that are no classes by what their `__mro_entries__` give; the same tuple when there are none.
pub fn update_bases(bases: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
    let mut replaced: Option<Vec<Ref<Object>>> = None;
    for (index, base) in bases.iter().enumerate() {
        let entries = if base.is_instance_of::<Type>() { None } else { base.lookup_attr(id!("__mro_entries__"))? };
        let Some(entries) = entries else {
            if let Some(replaced) = &mut replaced {
                replaced.try_push(base.to_owned())?;
            }
            continue;
        };
        let entries = entries.call1(bases.as_borrowed())?;
        let Some(entries) = entries.downcast::<Tuple>() else {
            return Err(raise!(TypeError, "__mro_entries__ must return a tuple"));
        };
        let list = match &mut replaced {
            Some(list) => list,
            None => replaced.insert(bases.iter().take(index).map(|base| base.to_owned()).gather()?),
        };
        list.make_room(entries.len())?;
        list.extend(entries.iter().map(|entry| entry.to_owned()));
    }
    match replaced {
        Some(replaced) => Tuple::from_vec(replaced),
        None => Ok(bases.clone()),
    }
}
