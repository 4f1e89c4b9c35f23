//! `types.SimpleNamespace`: attributes in a dict, with equality and a readable `repr`.
//!
//! CPython: `Objects/namespaceobject.c`.

use core::mem::offset_of;

use crate::abi::_PyNamespaceObject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::repr_guard;
use crate::types::str::StrBuilder;

/// `_PyNamespaceObject`.
#[repr(transparent)]
pub struct Namespace(pub _PyNamespaceObject);

impl Namespace {
    /// A namespace whose attributes are `attributes`.
    pub fn new(attributes: Ref<Dict>) -> PyResult<Ref<Namespace>> {
        Namespace::with_dict(Namespace::type_object(), attributes)
    }

    fn with_dict(cls: Borrowed<'_, Type>, dict: Ref<Dict>) -> PyResult<Ref<Namespace>> {
        // SAFETY: `cls` is a subtype of the namespace type.
        let this: Ref<Namespace> = unsafe { cls.alloc(0)?.into_unchecked() };
        this.0.ns_dict.set(dict.into_ptr());
        Ok(this)
    }
}

impl Ref<Namespace> {
    /// The attributes.
    pub fn dict(&self) -> Borrowed<'_, Dict> {
        // SAFETY: set since the namespace was made, and never changed.
        unsafe { Borrowed::from_ptr(self.0.ns_dict.get()) }
    }
}

#[pytype(name = "SimpleNamespace", module = "types", export = "_PyNamespace_Type", gc, basetype, unhashable,
         dictoffset = offset_of!(_PyNamespaceObject, ns_dict))]
impl Namespace {
    #[new(raw)]
    fn create(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Namespace>> {
        let _ = args;
        Namespace::with_dict(cls, Dict::new()?)
    }

    #[init(raw, signature = "(mapping_or_iterable=(), /, **kwargs)")]
    fn init(this: &Ref<Namespace>, args: CallArgs<'_>) -> PyResult<()> {
        args.check_count(&this.type_of().short_name(), 0, 1)?;
        if let Some(source) = args.get(0) {
            let dict = match source.downcast_exact::<Dict>() {
                Some(dict) => dict.to_owned(),
                None => {
                    let dict = Dict::new()?;
                    dict.update_from(source)?;
                    dict
                }
            };
            check_names(&dict)?;
            this.dict().update(dict.as_borrowed())?;
        }
        for (name, value) in args.keywords() {
            this.dict().set_item(name, value)?;
        }
        Ok(())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Namespace) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.ns_dict);
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Namespace, visit: &mut Visitor) {
        visit.object(this.0.ns_dict.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Namespace>) {
        // The dict empties itself when the collector clears it; a namespace without one would not be safe to use.
        this.dict().clear();
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Namespace>) -> PyResult<Ref<Str>> {
        let name = if this.is_exact::<Namespace>() { "namespace".to_owned() } else { this.type_name() };
        let mut text = StrBuilder::new();
        text.push_str(&name)?;
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            text.push_str("(...)")?;
            return text.finish();
        };
        text.push_str("(")?;
        let mut first = true;
        for key in this.dict().keys_snapshot()? {
            let Some(key) = key.downcast::<Str>().filter(|key| !key.is_empty()) else { continue };
            let Some(value) = this.dict().get(key)? else { continue };
            if !first {
                text.push_str(", ")?;
            }
            first = false;
            text.push_object(&key.as_object().str()?)?;
            text.push_str("=")?;
            text.push_object(&value.repr()?)?;
        }
        text.push_str(")")?;
        text.finish()
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Namespace>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match other.downcast::<Namespace>() {
            Some(other) => this.dict().to_owned().as_object().rich_compare(other.dict().upcast(), op),
            None => Ok(not_implemented()),
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Namespace>) -> PyResult<Ref<Tuple>> {
        Tuple::pack([this.type_of().upcast().to_owned(), Tuple::empty().into_object(), this.dict().upcast().to_owned()])
    }

    #[method(raw, name = "__replace__", signature = "($self, /, **changes)")]
    fn replace(this: &Ref<Namespace>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        if args.nargs() > 0 {
            return Err(raise!(TypeError, "__replace__() takes no positional arguments"));
        }
        let result = this.type_of().upcast().call0()?;
        let Some(copy) = result.downcast::<Namespace>() else {
            return Err(raise!(
                TypeError,
                "expect {} type, but {}() returned '{}' object",
                Namespace::type_object().full_name()?,
                this.type_of().full_name()?,
                result.type_of().full_name()?
            ));
        };
        copy.dict().update(this.dict().upcast())?;
        for (name, value) in args.keywords() {
            copy.dict().set_item(name, value)?;
        }
        Ok(result)
    }

    #[member(name = "__dict__", kind = T_OBJECT, offset = offset_of!(_PyNamespaceObject, ns_dict), readonly)]
    const _DICT: () = ();
}

/// Attribute names are strings (`PyArg_ValidateKeywordArguments`).
fn check_names(dict: &Ref<Dict>) -> PyResult<()> {
    if dict.keys_snapshot()?.iter().all(|key| key.is_instance_of::<Str>()) {
        return Ok(());
    }
    Err(raise!(TypeError, "keywords must be strings"))
}
