//! `_collections._tuplegetter`: the descriptor of a field of a named tuple.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[repr(C)]
pub struct TupleGetter {
    head: PyObject,
    index: Cell<isize>,
    doc: Slot,
}

#[pytype(name = "_tuplegetter", module = "collections", gc, heap)]
impl TupleGetter {
    #[new(signature = "(index, doc, /)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, index: isize, doc: Borrowed<'_, Object>) -> PyResult<Ref<TupleGetter>> {
        let this: Ref<TupleGetter> = support::instance(cls)?;
        this.index.set(index);
        this.doc.set(Some(doc.to_owned()));
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TupleGetter) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).doc]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TupleGetter, visit: &mut Visitor) {
        support::traverse([&this.doc], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<TupleGetter>) {
        support::clear([&this.doc]);
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<TupleGetter>,
        instance: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let _ = owner;
        let Some(instance) = instance else { return Ok(this.as_object().clone()) };
        let Some(tuple) = instance.downcast::<Tuple>() else {
            if instance.is_none() {
                return Ok(this.as_object().clone());
            }
            return Err(raise!(
                TypeError,
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                this.index.get(),
                instance.type_name()
            ));
        };
        match usize::try_from(this.index.get()).ok().and_then(|index| tuple.try_get(index)) {
            Some(item) => Ok(item.to_owned()),
            None => Err(raise!(IndexError, "tuple index out of range")),
        }
    }

    #[slot(tp_descr_set)]
    fn set(
        this: &Ref<TupleGetter>,
        instance: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let _ = (this, instance);
        match value {
            None => Err(raise!(AttributeError, "can't delete attribute")),
            Some(_) => Err(raise!(AttributeError, "can't set attribute")),
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TupleGetter>) -> PyResult<String> {
        let doc = this.doc.get().unwrap_or_else(none).repr()?;
        Ok(format!("{}({}, {})", this.type_of().short_name(), this.index.get(), doc.to_display()))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TupleGetter>) -> PyResult<Ref<Tuple>> {
        let doc = this.doc.get().unwrap_or_else(none);
        let arguments = Tuple::pack([Int::from_isize(this.index.get())?.into_object(), doc])?;
        Tuple::pack([this.type_of().upcast().to_owned(), arguments.into_object()])
    }

    #[member(name = "__doc__", kind = T_OBJECT, offset = offset_of!(TupleGetter, doc))]
    const _DOC: () = ();
}
