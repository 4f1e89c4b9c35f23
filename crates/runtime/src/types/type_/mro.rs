//! The method resolution order: the C3 linearisation, and the hook `metaclass.mro()`.
//!
//! A merge takes, again and again, the first head of the bases' orders (and of the list of bases itself) that stands in the
//! tail of none. CPython: `mro_internal`, `mro_implementation`, `pmerge` in `Objects/typeobject.c`.

use super::raw::{TypePtr, display_name, is_subtype_raw, is_type, replace};
use super::{cache, layout, subclasses};
use crate::memory::fallible::join_text;
use crate::prelude::*;

/// The C3 order of `ty` from its `tp_bases`.
pub fn linearise(ty: &Ref<Type>) -> PyResult<Vec<Ref<Object>>> {
    let bases = ty.bases();
    for base in bases.iter() {
        // SAFETY: bases are types.
        let base: &Ref<Type> = unsafe { base.cast_unchecked() };
        if base.tp_mro.get().is_null() {
            return Err(raise!(TypeError, "Cannot extend an incomplete type '{}'", base.name()));
        }
    }
    let mut result = vec![ty.clone().into_object()];
    if bases.len() == 1 {
        // SAFETY: as above; its order was checked not to be null.
        let mro = unsafe { bases.get(0).cast_unchecked::<Type>().mro() };
        if let Some(mro) = mro {
            result.try_extend(mro.as_slice())?;
        }
        return Ok(result);
    }
    for (index, base) in bases.iter().enumerate() {
        if (0..index).any(|earlier| bases.get(earlier).is(&base)) {
            // SAFETY: bases are types.
            let base: &Ref<Type> = unsafe { base.cast_unchecked() };
            return Err(raise!(TypeError, "duplicate base class {}", base.dunder_name()?.to_display()));
        }
    }
    let mut orders: Vec<(Ref<Tuple>, usize)> = vec_with_capacity(bases.len() + 1)?;
    for base in bases.iter() {
        // SAFETY: bases are types.
        let base: &Ref<Type> = unsafe { base.cast_unchecked() };
        if let Some(mro) = base.mro() {
            orders.push((mro, 0));
        }
    }
    orders.push((bases, 0));
    loop {
        let in_tail = |candidate: Borrowed<'_, Object>| {
            orders.iter().any(|(order, head)| order.iter().skip(head + 1).any(|class| class.is(&candidate)))
        };
        let mut exhausted = true;
        let mut next = None;
        for (order, head) in &orders {
            if *head < order.len() {
                exhausted = false;
                let candidate = order.get(*head);
                if !in_tail(candidate) {
                    next = Some(candidate.to_owned());
                    break;
                }
            }
        }
        let Some(next) = next else {
            return if exhausted { Ok(result) } else { Err(inconsistent(&orders)?) };
        };
        for (order, head) in &mut orders {
            if *head < order.len() && order.get(*head).is(&next) {
                *head += 1;
            }
        }
        result.try_push(next)?;
    }
}

#[cold]
fn inconsistent(orders: &[(Ref<Tuple>, usize)]) -> PyResult<Raised> {
    let mut seen: Vec<Ref<Object>> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (order, head) in orders {
        if *head < order.len() {
            let class = order.get(*head);
            if !seen.iter().any(|other| other.is(&class)) {
                seen.try_push(class.to_owned())?;
                names.try_push(class.getattr(id!("__name__"))?.to_text())?;
            }
        }
    }
    let names = join_text(&names, ", ")?;
    Ok(raise!(TypeError, "Cannot create a consistent method resolution order (MRO) for bases {names}"))
}

/// Whether the metaclass has an `mro` of its own.
pub fn has_custom_mro(ty: &Ref<Type>) -> bool {
    let meta = ty.type_of();
    if meta.is(&Type::type_object()) {
        return false;
    }
    // SAFETY: both are live types, and the name is a `str`.
    unsafe {
        cache::lookup_raw(meta.as_raw().cast(), id!("mro").as_ptr())
            != cache::lookup_raw(<Type as PyLayout>::TYPE, id!("mro").as_ptr())
    }
}

/// The order that the metaclass gives, checked.
fn invoke(ty: &Ref<Type>) -> PyResult<Ref<Tuple>> {
    if !has_custom_mro(ty) {
        return Tuple::from_vec(linearise(ty)?);
    }
    let Some(method) = ty.as_object().lookup_special(id!("mro"))? else {
        return Tuple::from_vec(linearise(ty)?);
    };
    let order = Tuple::from_vec(method.call0()?.collect_items()?)?;
    if order.is_empty() {
        return Err(raise!(TypeError, "type MRO must not be empty"));
    }
    // SAFETY: `ty` is live, and each class is checked to be a type before it is used as one.
    unsafe {
        let solid = layout::solid_base(ty.as_raw().cast());
        for class in order.iter() {
            if !is_type(class.as_ptr()) {
                return Err(raise!(TypeError, "mro() returned a non-class ('{}')", class.type_name()));
            }
            let class: TypePtr = class.as_ptr().cast();
            if !is_subtype_raw(solid, layout::solid_base(class)) {
                return Err(raise!(
                    TypeError,
                    "mro() returned base with unsuitable layout ('{}')",
                    display_name(class)
                ));
            }
        }
    }
    Ok(order)
}

/// Computes `tp_mro` anew. The old one, if there was one and it was replaced; `None` also where code of `mro()` has
/// already changed it by itself.
pub fn update(ty: &Ref<Type>) -> PyResult<Option<Ref<Object>>> {
    let before = ty.tp_mro.get();
    // SAFETY: the type owns its order.
    let held: Option<Ref<Object>> = unsafe { Ref::from_borrowed_ptr_or_null(before) };
    let order = invoke(ty)?;
    if ty.tp_mro.get() != before {
        return Ok(None);
    }
    // SAFETY: the type owns its order.
    unsafe {
        replace(&ty.tp_mro, Some(order.clone().into_object()));
        drop_version_if_unsuitable(ty, &order);
        drop_version_if_unsuitable(ty, &ty.bases());
        cache::modified(ty.as_raw().cast());
    }
    Ok(held)
}

/// A type whose order has classes that are no supertypes, or comes from a method of the metaclass, cannot have versions:
/// they are taken back along `tp_subclasses`, which then does not lead here.
fn drop_version_if_unsuitable(ty: &Ref<Type>, classes: &Ref<Tuple>) {
    let unsuitable = has_custom_mro(ty)
        || classes.iter().any(|class| {
            // SAFETY: orders and bases are tuples of types.
            unsafe { !is_subtype_raw(ty.as_raw().cast(), class.as_ptr().cast()) }
        });
    if unsuitable {
        // SAFETY: a handle's type is live.
        unsafe { cache::never_version(ty.as_raw().cast()) };
    }
}

/// Updates the orders of `ty` and all its subclasses, all or none. The result lists the types whose order changed, with the
/// old order.
pub fn update_hierarchy(ty: &Ref<Type>, changed: &mut Vec<(Ref<Type>, Ref<Object>)>) -> PyResult<()> {
    if let Some(old) = update(ty)? {
        changed.try_push((ty.clone(), old))?;
    } else {
        return Ok(());
    }
    let _guard = crate::thread::enter_recursive(" in __bases__ assignment")?;
    for subclass in subclasses::snapshot(ty)? {
        update_hierarchy(&subclass, changed)?;
    }
    Ok(())
}

/// Puts old orders back after a failure.
pub fn undo(changed: Vec<(Ref<Type>, Ref<Object>)>) {
    for (ty, old) in changed.into_iter().rev() {
        // SAFETY: the type owns its order.
        unsafe {
            replace(&ty.tp_mro, Some(old));
            cache::modified(ty.as_raw().cast());
        }
    }
}
