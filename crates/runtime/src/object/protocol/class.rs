//! `isinstance` and `issubclass`, with the hooks of metaclasses.

use crate::prelude::*;
use crate::thread;
use crate::types::exceptions::AttributeError;

impl Ref<Object> {
    /// `isinstance(self, class)` (`PyObject_IsInstance`).
    pub fn is_instance(&self, class: Borrowed<'_, Object>) -> PyResult<bool> {
        if self.type_ptr().cast() == class.as_ptr() {
            return Ok(true);
        }
        if class.is_exact::<Type>() {
            return self.is_instance_by_default(class);
        }
        if let Some(members) = union_members(class) {
            return any_member(members, |member| self.is_instance(member));
        }
        if let Some(classes) = class.downcast::<Tuple>() {
            let _guard = thread::enter_recursive(" in __instancecheck__")?;
            return any_member(classes.to_owned(), |member| self.is_instance(member));
        }
        if let Some(check) = class.lookup_special(id!("__instancecheck__"))? {
            let _guard = thread::enter_recursive(" in __instancecheck__")?;
            return check.call1(self.borrow())?.is_true();
        }
        self.is_instance_by_default(class)
    }

    /// What `type.__instancecheck__` answers (`_PyObject_RealIsInstance`).
    pub fn is_instance_by_default(&self, class: Borrowed<'_, Object>) -> PyResult<bool> {
        if let Some(class) = class.downcast_borrowed::<Type>() {
            if self.type_of().is_subtype(&class) {
                return Ok(true);
            }
            if has_plain_class(&self.type_of()) {
                return Ok(false);
            }
            let Some(claimed) = self.lookup_attr(id!("__class__"))? else { return Ok(false) };
            return Ok(match claimed.downcast::<Type>() {
                Some(claimed) if !claimed.is(&self.type_of()) => claimed.is_subtype(&class),
                _ => false,
            });
        }
        check_class(class, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
        match self.lookup_attr(id!("__class__"))? {
            Some(claimed) => abstract_is_subclass(claimed, class),
            None => Ok(false),
        }
    }

    /// `issubclass(self, class)` (`PyObject_IsSubclass`).
    pub fn is_subclass(&self, class: Borrowed<'_, Object>) -> PyResult<bool> {
        if class.is_exact::<Type>() {
            if self.is(&class) {
                return Ok(true);
            }
            return self.is_subclass_by_default(class);
        }
        if let Some(members) = union_members(class) {
            return any_member(members, |member| self.is_subclass(member));
        }
        if let Some(classes) = class.downcast::<Tuple>() {
            let _guard = thread::enter_recursive(" in __subclasscheck__")?;
            return any_member(classes.to_owned(), |member| self.is_subclass(member));
        }
        if let Some(check) = class.lookup_special(id!("__subclasscheck__"))? {
            let _guard = thread::enter_recursive(" in __subclasscheck__")?;
            return check.call1(self.borrow())?.is_true();
        }
        self.is_subclass_by_default(class)
    }

    /// What `type.__subclasscheck__` answers (`_PyObject_RealIsSubclass`).
    pub fn is_subclass_by_default(&self, class: Borrowed<'_, Object>) -> PyResult<bool> {
        if let (Some(derived), Some(class)) = (self.downcast::<Type>(), class.downcast_borrowed::<Type>()) {
            return Ok(self.is(&class) || derived.is_subtype(&class));
        }
        check_class(self.borrow(), "issubclass() arg 1 must be a class")?;
        check_class(class, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
        abstract_is_subclass(self.clone(), class)
    }
}

/// Whether `__class__` of instances can be nothing but their type.
fn has_plain_class(ty: &Ref<Type>) -> bool {
    let name = id!("__class__");
    ty.uses_generic_getattr()
        && match (ty.lookup_borrowed(name), Object::type_object().lookup_borrowed(name)) {
            (Some(found), Some(plain)) => found.is(&plain),
            _ => false,
        }
}

fn union_members(class: Borrowed<'_, Object>) -> Option<Ref<Tuple>> {
    class.downcast_exact::<crate::types::union::Union>().map(|union| union.args())
}

fn any_member(members: Ref<Tuple>, test: impl Fn(Borrowed<'_, Object>) -> PyResult<bool>) -> PyResult<bool> {
    for member in members.iter() {
        if test(member)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `class.__bases__` where it is a tuple.
fn abstract_bases(class: &Ref<Object>) -> PyResult<Option<Ref<Tuple>>> {
    let bases = class.lookup_attr(id!("__bases__"))?;
    Ok(bases.and_then(|bases| bases.into_downcast::<Tuple>().ok()))
}

fn check_class(class: Borrowed<'_, Object>, message: &str) -> PyResult<()> {
    if abstract_bases(&class)?.is_none() {
        return Err(raise!(TypeError, "{message}"));
    }
    Ok(())
}

/// Follows `__bases__` of things that need not be types.
fn abstract_is_subclass(derived: Ref<Object>, class: Borrowed<'_, Object>) -> PyResult<bool> {
    let mut derived = derived;
    loop {
        if derived.is(&class) {
            return Ok(true);
        }
        let bases = match abstract_bases(&derived) {
            Ok(bases) => bases,
            Err(raised) => {
                raised.clear_if::<AttributeError>()?;
                None
            }
        };
        let Some(bases) = bases else { return Ok(false) };
        match bases.len() {
            0 => return Ok(false),
            1 => derived = bases.get(0).to_owned(),
            _ => {
                let _guard = thread::enter_recursive(" in __issubclass__")?;
                for base in bases.iter() {
                    if abstract_is_subclass(base.to_owned(), class)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
        }
    }
}
