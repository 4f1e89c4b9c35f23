//! Structural pattern matching.

use super::{fast, slot, slow};
use crate::abi::{_Py_TPFLAGS_MATCH_SELF, Py_TPFLAGS_MAPPING, Py_TPFLAGS_SEQUENCE};
use crate::interp::dispatch::{Act, Flow};
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::exceptions::AttributeError;

#[inline(always)]
unsafe fn type_flags(word: StackRef) -> core::ffi::c_ulong {
    // SAFETY: the word is not NULL.
    unsafe { if word.is_int() { 0 } else { (*(*word.ptr()).ob_type.get()).tp_flags.get() } }
}

fast! {
    fn match_mapping(r, _ts) {
        let answer = type_flags(*slot(r, 1)) & Py_TPFLAGS_MAPPING != 0;
        super::push(r, StackRef::bool(answer));
        Act::NEXT
    }

    fn match_sequence(r, _ts) {
        let answer = type_flags(*slot(r, 1)) & Py_TPFLAGS_SEQUENCE != 0;
        super::push(r, StackRef::bool(answer));
        Act::NEXT
    }
}

slow! {
    /// Subject and keys on the stack: pushes a tuple of values, or None.
    fn match_keys(m, _) {
        let (subject, keys) = (m.peek(2)?, m.peek(1)?);
        let Some(keys) = keys.downcast::<Tuple>() else { return Err(raise!(SystemError, "keys are no tuple")) };
        let result = match_keys_of(subject, &keys)?;
        m.push_ref(result.map_or_else(none, Ref::into_object));
        Ok(Flow::Next)
    }

    /// Subject, class and names on the stack, and a count of positional patterns: leaves a tuple, or None.
    fn match_class(m, count) {
        let (subject, class, names) = (m.peek(3)?, m.peek(2)?, m.peek(1)?);
        let Some(names) = names.downcast::<Tuple>() else { return Err(raise!(SystemError, "names are no tuple")) };
        let result = match_class_of(subject, class, count, &names)?;
        m.drop_top(3);
        m.push_ref(result.map_or_else(none, Ref::into_object));
        Ok(Flow::Next)
    }
}

fn match_keys_of(subject: Borrowed<'_, Object>, keys: &Ref<Tuple>) -> PyResult<Option<Ref<Tuple>>> {
    let seen = Set::new()?;
    let get = subject.getattr(id!("get"))?;
    // An own object as default: no mapping can hold it.
    let marker = crate::types::object::new_plain()?;
    let mut values = vec_with_capacity(keys.len())?;
    for key in keys.iter() {
        if seen.contains(key)? {
            return Err(raise!(ValueError, "mapping pattern checks duplicate key ({})", key.to_repr_text()));
        }
        seen.add(key)?;
        let value = get.call(&[key, marker.borrow()])?;
        if value.is(&marker) {
            return Ok(None);
        }
        values.push(value);
    }
    Tuple::from_vec(values).map(Some)
}

/// An attribute for a pattern; naming one twice is an error.
fn match_attribute(
    subject: Borrowed<'_, Object>,
    class: Borrowed<'_, Type>,
    name: Borrowed<'_, Object>,
    seen: &Ref<Set>,
) -> PyResult<Option<Ref<Object>>> {
    if seen.contains(name)? {
        return Err(raise!(
            TypeError,
            "{}() got multiple sub-patterns for attribute {}",
            class.name(),
            name.to_repr_text()
        ));
    }
    seen.add(name)?;
    match subject.getattr_object(name) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => raised.clear_if::<AttributeError>().map(|()| None),
    }
}

fn match_class_of(
    subject: Borrowed<'_, Object>,
    class: Borrowed<'_, Object>,
    count: usize,
    names: &Ref<Tuple>,
) -> PyResult<Option<Ref<Tuple>>> {
    let Some(class) = class.downcast_borrowed::<Type>() else {
        return Err(raise!(TypeError, "called match pattern must be a class"));
    };
    if !subject.is_instance(class.upcast())? {
        return Ok(None);
    }
    let seen = Set::new()?;
    let mut values = vec_with_capacity(count + names.len())?;
    if count > 0 {
        let (allowed, match_args) = match class.as_object().lookup_attr(id!("__match_args__"))? {
            Some(args) => match args.into_downcast::<Tuple>() {
                Ok(args) if args.is_exact::<Tuple>() => (args.len(), Some(args)),
                Ok(args) => {
                    return Err(raise!(
                        TypeError,
                        "{}.__match_args__ must be a tuple (got {})",
                        class.name(),
                        args.type_name()
                    ));
                }
                Err(other) => {
                    return Err(raise!(
                        TypeError,
                        "{}.__match_args__ must be a tuple (got {})",
                        class.name(),
                        other.type_name()
                    ));
                }
            },
            None => (usize::from(class.tp_flags.get() & _Py_TPFLAGS_MATCH_SELF != 0), None),
        };
        if allowed < count {
            return Err(raise!(
                TypeError,
                "{}() accepts {allowed} positional sub-pattern{} ({count} given)",
                class.name(),
                if allowed == 1 { "" } else { "s" }
            ));
        }
        match match_args {
            None => values.push(subject.to_owned()),
            Some(args) => {
                for name in args.iter().take(count) {
                    if !name.is_exact::<Str>() {
                        return Err(raise!(
                            TypeError,
                            "__match_args__ elements must be strings (got {})",
                            name.type_name()
                        ));
                    }
                    match match_attribute(subject, class, name, &seen)? {
                        Some(value) => values.push(value),
                        None => return Ok(None),
                    }
                }
            }
        }
    }
    for name in names.iter() {
        match match_attribute(subject, class, name, &seen)? {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    Tuple::from_vec(values).map(Some)
}
