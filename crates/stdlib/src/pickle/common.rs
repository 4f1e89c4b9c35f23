//! What `Pickler` and `Unpickler` share: the attribute that holds a hook, and the proxies of their memos.

use taipan_runtime::prelude::*;
use taipan_runtime::types::object;

use crate::support::Slot;

/// An attribute of instances that hides a method of the class, kept in a slot.
#[derive(Clone, Copy)]
pub struct Hook<'a> {
    pub slot: &'a Slot,
    pub name: &'static str,
}

impl Hook<'_> {
    fn is_named(self, name: Borrowed<'_, Object>) -> bool {
        name.downcast::<Str>().is_some_and(|name| name.eq_str(self.name))
    }

    /// `tp_getattro` of the owner.
    pub fn getattro(self, this: &Ref<Object>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let Some(hook) = self.slot.get()
            && self.is_named(name)
        {
            return Ok(hook);
        }
        object::generic_getattr(this, name)
    }

    /// `tp_setattro` of the owner.
    pub fn setattro(
        self,
        this: &Ref<Object>,
        name: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        if self.is_named(name) {
            self.slot.set(value.map(|value| value.to_owned()));
            return Ok(());
        }
        object::generic_setattr(this, name, value)
    }
}

/// `memo_proxy! { Proxy "Proxy" of Owner }` declares the type of the attribute `memo`, and gives the owner the means to make
/// one and to empty its memo. The proxy itself has a `to_dict`.
macro_rules! memo_proxy {
    ($ty:ident $name:literal of $owner:ident) => {
        #[repr(C)]
        pub struct $ty {
            head: PyObject,
            owner: Slot,
        }

        impl $ty {
            fn of(owner: &Ref<$owner>) -> PyResult<Ref<$ty>> {
                let proxy: Ref<$ty> = support::instance_exact()?;
                proxy.owner.set(Some(owner.as_object().clone()));
                Ok(proxy)
            }

            fn target(&self) -> PyResult<Ref<$owner>> {
                // SAFETY: an owner is put there alone.
                match unsafe { self.owner.get_as() } {
                    Some(owner) => Ok(owner),
                    None => Err(raise!(SystemError, "memo proxy was cleared")),
                }
            }
        }

        impl $owner {
            fn inside(&self) -> Option<&Inside> {
                // SAFETY: replaced only while nothing is running, and freed with the object.
                unsafe { self.inside.get() }
            }

            fn memo(this: &Ref<$owner>) -> PyResult<&RefCell<Memo>> {
                match this.inside() {
                    Some(inside) => Ok(&inside.memo),
                    None => Err($owner::not_initialised(this)),
                }
            }

            fn clear(this: &Ref<$owner>) {
                if let Some(inside) = this.inside() {
                    // Dropping objects may run Python code: the memo is emptied before.
                    let old = inside.memo.take();
                    drop(old);
                }
            }
        }

        #[pytype(name = $name, module = "_pickle", gc, unhashable, heap, basetype)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn clear(this: &Ref<$ty>) -> PyResult<()> {
                $owner::clear(&this.target()?);
                Ok(())
            }

            #[method(signature = "($self, /)")]
            fn copy(this: &Ref<$ty>) -> PyResult<Ref<Dict>> {
                this.to_dict()
            }

            #[method(name = "__reduce__", signature = "($self, /)")]
            fn reduce(this: &Ref<$ty>) -> PyResult<Ref<Tuple>> {
                let args = Tuple::pack([this.to_dict()?.into_object()])?;
                Tuple::pack([Dict::type_object().upcast().to_owned(), args.into_object()])
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$ty, visit: &mut Visitor) {
                support::traverse([&this.owner], visit);
            }

            #[slot(tp_clear)]
            fn tp_clear(this: &Ref<$ty>) {
                support::clear([&this.owner]);
            }

            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe { support::dealloc(this, [&(*this).owner]) }
            }
        }
    };
}

pub(super) use memo_proxy;
