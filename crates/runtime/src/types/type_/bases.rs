//! Assignment to `__bases__`.
//!
//! All MROs below the class are computed before anything is given up, and put back if one cannot be.
//! CPython: `type_set_bases` in `Objects/typeobject.c`.

use super::raw::{TypePtr, display_name, is_subtype_raw, replace};
use super::ready::set_owned;
use super::{layout, mro, subclasses, update};
use crate::prelude::*;

/// Whether `wanted` is `ty` or one of the bases that its layout goes back to.
unsafe fn has_base(mut ty: TypePtr, wanted: TypePtr) -> bool {
    // SAFETY: the chain of bases is live and ends at `object`.
    unsafe {
        while !ty.is_null() {
            if ty == wanted {
                return true;
            }
            ty = (*ty).tp_base.get();
        }
    }
    false
}

pub fn set_bases(class: &Ref<Type>, value: Borrowed<'_, Object>) -> PyResult<()> {
    let Some(bases) = value.downcast::<Tuple>() else {
        return Err(raise!(
            TypeError,
            "can only assign tuple to {}.__bases__, not {}",
            class.name(),
            value.type_name()
        ));
    };
    if bases.is_empty() {
        return Err(raise!(TypeError, "can only assign non-empty tuple to {}.__bases__, not ()", class.name()));
    }
    let raw: TypePtr = class.as_raw().cast();
    for base in bases.iter() {
        let Some(base) = base.downcast::<Type>() else {
            return Err(raise!(
                TypeError,
                "{}.__bases__ must be tuple of classes, not '{}'",
                class.name(),
                base.type_name()
            ));
        };
        // SAFETY: handles' types are live.
        let cyclic = unsafe {
            is_subtype_raw(base.as_raw().cast(), raw)
                // Within a change of an MRO the chain of bases by layout tells more.
                || has_base(base.as_raw().cast(), raw)
        };
        if cyclic {
            return Err(raise!(TypeError, "a __bases__ item causes an inheritance cycle"));
        }
    }
    let new_base = layout::best_base(&bases)?;
    // SAFETY: live types; the type owns both fields, and old values are held until the end.
    unsafe {
        if class.tp_base.get().is_null() {
            return Err(raise!(
                TypeError,
                "cannot set '__bases__' attribute of immutable type '{}'",
                display_name(raw)
            ));
        }
        layout::check_exchangeable(class.tp_base.get(), new_base.as_raw().cast(), "__bases__")?;

        let old_bases = class.bases();
        let old_base: Ref<Type> = Ref::from_borrowed_ptr(class.tp_base.get());
        replace(&class.tp_bases, Some(bases.to_owned().into_object()));
        set_owned(&class.tp_base, new_base.as_raw().cast());

        let mut changed = Vec::new();
        if let Err(raised) = mro::update_hierarchy(class, &mut changed) {
            mro::undo(changed);
            // Code of `mro()` may have assigned bases itself; then those stand.
            if class.bases().is(&bases) {
                replace(&class.tp_bases, Some(old_bases.into_object()));
                set_owned(&class.tp_base, old_base.as_raw().cast());
            }
            return Err(raised);
        }
        if class.bases().is(&bases) {
            for base in old_bases.iter() {
                subclasses::remove(base.as_ptr().cast(), raw);
            }
            for base in bases.iter() {
                subclasses::add(base.as_ptr().cast(), raw)?;
            }
            update::update_hierarchy(raw);
        }
    }
    Ok(())
}
