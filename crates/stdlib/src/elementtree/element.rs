//! `Element`: the object.
//!
//! Text and tail are null until they are set, which stands for None. Its layout has the sizes of CPython's, as
//! `__sizeof__` shows them.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{repr_guard, weakref};

use super::children::Extra;
use super::methods;
use crate::support::{self, Slot};

/// `xml.etree.ElementTree.Element`
#[repr(C)]
pub struct Element {
    head: PyObject,
    pub tag: Slot,
    pub text: Slot,
    pub tail: Slot,
    pub extra: Cell<*mut Extra>,
    weakrefs: Cell<*mut PyObject>,
}

const _: () = assert!(size_of::<Element>() == 56 && size_of::<Extra>() == 64);

#[cold]
pub fn wrong_argument(what: &str, value: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "{what} must be xml.etree.ElementTree.Element, not {}", value.type_name())
}

/// What an element must be to become a child.
pub fn check_child(value: Borrowed<'_, Object>) -> PyResult<()> {
    if value.is_instance_of::<Element>() {
        return Ok(());
    }
    Err(raise!(TypeError, "expected an Element, not \"{}\"", value.type_name()))
}

/// The attributes of a new element: a dict that was given, and keywords, of which `attrib` may be a dict too.
pub fn attributes_argument(
    what: &str,
    attrib: Option<Borrowed<'_, Object>>,
    args: &CallArgs<'_>,
    keywords: usize,
) -> PyResult<Option<Ref<Dict>>> {
    let given = match attrib {
        None => None,
        Some(attrib) => match attrib.downcast::<Dict>() {
            Some(dict) => Some(dict.copy()?),
            None => return Err(raise!(TypeError, "{what} must be dict, not {}", attrib.type_name())),
        },
    };
    if keywords == 0 {
        return Ok(given.filter(|dict| !dict.is_empty()));
    }
    let takes_attrib = given.is_none();
    let mut dict = given;
    if takes_attrib && let Some(value) = args.keyword("attrib") {
        dict = match value.downcast::<Dict>() {
            Some(found) => Some(found.copy()?),
            None => return Err(raise!(TypeError, "attrib must be dict, not {}", value.type_name())),
        };
    }
    let dict = match dict {
        Some(dict) => dict,
        None => Dict::new()?,
    };
    for (name, value) in args.keywords() {
        if !(takes_attrib && name.eq_str("attrib")) {
            dict.set_item(name, value)?;
        }
    }
    Ok(Some(dict).filter(|dict| !dict.is_empty()))
}

impl Element {
    /// A new element; no attributes are no dict.
    #[inline]
    pub fn create(tag: Borrowed<'_, Object>, attrib: Option<Ref<Dict>>) -> PyResult<Ref<Element>> {
        let this: Ref<Element> = support::instance_exact()?;
        this.tag.set(Some(tag.to_owned()));
        if let Some(attrib) = attrib {
            this.set_attrib(Some(attrib.into_object()))?;
        }
        Ok(this)
    }

    pub fn tag_or_none(&self) -> Ref<Object> {
        self.tag.get().unwrap_or_else(none)
    }

    pub fn text_or_none(&self) -> Ref<Object> {
        self.text.get().unwrap_or_else(none)
    }

    pub fn tail_or_none(&self) -> Ref<Object> {
        self.tail.get().unwrap_or_else(none)
    }

    /// The attributes, made when there are none yet.
    pub fn attrib_or_new(&self) -> PyResult<Ref<Object>> {
        if let Some(attrib) = self.attrib() {
            return Ok(attrib);
        }
        let attrib = Dict::new()?.into_object();
        self.set_attrib(Some(attrib.clone()))?;
        Ok(attrib)
    }

    fn assign(&self, slot: &Slot, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        match value {
            Some(value) => slot.set(Some(value.to_owned())),
            None => return Err(raise!(AttributeError, "can't delete element attribute")),
        }
        Ok(())
    }
}

#[pytype(
    name = "Element",
    module = "xml.etree.ElementTree",
    gc,
    heap,
    getattribute,
    basetype,
    weaklistoffset = offset_of!(Element, weakrefs),
    extend = [METHODS]
)]
impl Element {
    #[slot(tp_new)]
    fn prefill(this: &Ref<Element>) {
        this.tag.set(Some(none()));
    }

    #[init(raw)]
    fn init(this: &Ref<Element>, args: CallArgs<'_>) -> PyResult<()> {
        let keywords = args.keyword_count();
        let given = &args.args[..args.args.len() - keywords];
        let [tag, rest @ ..] = given else {
            return Err(raise!(TypeError, "Element() takes at least 1 argument (0 given)"));
        };
        if rest.len() > 1 {
            return Err(raise!(TypeError, "Element() takes at most 2 arguments ({} given)", given.len()));
        }
        let attrib = attributes_argument("Element() argument 2", rest.first().copied(), &args, keywords)?;
        if attrib.is_some() {
            this.set_attrib(attrib.map(Ref::into_object))?;
        }
        this.tag.set(Some(tag.to_owned()));
        drop(this.text.take());
        drop(this.tail.take());
        Ok(())
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Element>) -> PyResult<Ref<Str>> {
        let address = this.as_ptr().addr();
        let Some(tag) = this.tag.get() else {
            return Str::from_fmt(format_args!("<{} at {address:#x}>", this.as_object().type_of().full_name()?));
        };
        let Some(_guard) = repr_guard::enter(this.as_borrowed())? else {
            return Err(raise!(
                RuntimeError,
                "reentrant call inside {}.__repr__",
                this.as_object().type_of().full_name()?
            ));
        };
        let tag = tag.repr()?;
        let end = Str::from_fmt(format_args!(" at {address:#x}>"))?;
        support::concat(vec![Str::from_utf8_str("<Element ")?, tag, end])
    }

    #[getter(name = "tag")]
    fn get_tag(this: &Ref<Element>) -> Ref<Object> {
        this.tag_or_none()
    }

    #[setter(name = "tag")]
    fn set_tag(this: &Ref<Element>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.assign(&this.tag, value)
    }

    #[getter(name = "text")]
    fn get_text(this: &Ref<Element>) -> Ref<Object> {
        this.text_or_none()
    }

    #[setter(name = "text")]
    fn set_text(this: &Ref<Element>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.assign(&this.text, value)
    }

    #[getter(name = "tail")]
    fn get_tail(this: &Ref<Element>) -> Ref<Object> {
        this.tail_or_none()
    }

    #[setter(name = "tail")]
    fn set_tail(this: &Ref<Element>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.assign(&this.tail, value)
    }

    #[getter(name = "attrib")]
    fn get_attrib(this: &Ref<Element>) -> PyResult<Ref<Object>> {
        this.attrib_or_new()
    }

    #[setter(name = "attrib")]
    fn set_attributes(this: &Ref<Element>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(raise!(AttributeError, "can't delete element attribute"));
        };
        if !value.is_instance_of::<Dict>() {
            return Err(raise!(TypeError, "attrib must be dict, not {}", value.type_name()));
        }
        this.set_attrib(Some(value.to_owned()))
    }

    #[slot(sq_length)]
    fn sequence_length(this: &Ref<Element>) -> isize {
        this.length() as isize
    }

    #[slot(mp_length)]
    fn mapping_length(this: &Ref<Element>) -> isize {
        this.length() as isize
    }

    #[slot(sq_item)]
    fn item(this: &Ref<Element>, index: isize) -> PyResult<Ref<Object>> {
        methods::item(this, index)
    }

    #[slot(sq_ass_item)]
    fn assign_item(this: &Ref<Element>, index: isize, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        methods::assign_index(this, index, value)
    }

    #[slot(mp_subscript)]
    fn subscript(this: &Ref<Element>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        methods::subscript(this, key)
    }

    #[slot(mp_ass_subscript)]
    fn assign_subscript(
        this: &Ref<Element>,
        key: Borrowed<'_, Object>,
        value: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        methods::assign_subscript(this, key, value)
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<Element>) -> PyResult<bool> {
        methods::warn_truth()?;
        Ok(this.length() > 0)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Element, visit: &mut Visitor) {
        support::traverse([&this.tag, &this.text, &this.tail], visit);
        this.visit_extra(visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Element>) {
        support::clear([&this.tag, &this.text, &this.tail]);
        this.drop_extra();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Element) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            if !(*this).weakrefs.get().is_null() {
                weakref::clear_refs(this.cast());
            }
            support::clear([&(*this).tag, &(*this).text, &(*this).tail]);
            (*this).drop_extra();
            memory::dealloc_finish(this);
        }
    }
}
