//! The iterator behind `Element.iter` and `Element.itertext`: a walk in document order with a stack of its own.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

use super::element::Element;
use crate::support::{self, Slot};

/// An element, and the child that comes next.
type Place = (Ref<Object>, usize);

/// `_elementtree._element_iterator`
#[repr(C)]
pub struct ElementIter {
    head: PyObject,
    /// Where the walk begins, until it does.
    root: Slot,
    /// The tag that is sought; nothing for all.
    tag: Slot,
    /// Taken out while a step looks at it.
    stack: Cell<Option<Vec<Place>>>,
    gives_text: Cell<bool>,
}

enum Found {
    Element(Ref<Object>),
    /// The tail of an element that was left.
    Tail(Ref<Object>),
    Nothing,
}

impl ElementIter {
    pub fn create(
        root: &Ref<Element>,
        tag: Option<Borrowed<'_, Object>>,
        gives_text: bool,
    ) -> PyResult<Ref<ElementIter>> {
        let this: Ref<ElementIter> = support::instance_exact()?;
        this.root.set(Some(root.as_object().clone()));
        this.tag.set(tag.map(|tag| tag.to_owned()));
        this.stack.set(Some(Vec::new()));
        this.gives_text.set(gives_text);
        Ok(this)
    }

    /// The next place of the walk. No Python code runs here, but for what the end of an element's life brings.
    fn step(&self) -> PyResult<Found> {
        let Some(mut stack) = self.stack.take() else { return Ok(Found::Nothing) };
        let mut left = None;
        let found = loop {
            let element = match stack.last_mut() {
                None => match self.root.take() {
                    None => break Found::Nothing,
                    Some(root) => root,
                },
                Some((parent, next)) => {
                    match parent.downcast::<Element>().and_then(|parent| parent.child(*next)) {
                        Some(child) => {
                            *next += 1;
                            child
                        }
                        None => {
                            let parent = stack.pop().map(|place| place.0);
                            if self.gives_text.get()
                                && !stack.is_empty()
                                && let Some(parent) = parent
                            {
                                break Found::Tail(parent);
                            }
                            left = parent;
                            if left.as_ref().is_some_and(|parent| parent.refcount() == 1) {
                                // Its end may run code, which must find the stack in its place.
                                self.stack.set(Some(stack));
                                drop(left.take());
                                match self.stack.take() {
                                    Some(again) => stack = again,
                                    None => return Ok(Found::Nothing),
                                }
                            }
                            continue;
                        }
                    }
                }
            };
            // Comments and the like have no text, but a tail.
            let is_silent = |element: &Ref<Object>| {
                let tag = element.downcast::<Element>().map(|element| element.tag_or_none());
                tag.is_some_and(|tag| !tag.is_none() && !tag.is_instance_of::<Str>())
            };
            if self.gives_text.get() && is_silent(&element) {
                if stack.is_empty() {
                    break Found::Nothing;
                }
                break Found::Tail(element);
            }
            if stack.try_reserve(1).is_err() {
                self.stack.set(Some(stack));
                return Err(Raised::no_memory());
            }
            stack.push((element.clone(), 0));
            break Found::Element(element);
        };
        self.stack.set(Some(stack));
        drop(left);
        Ok(found)
    }
}

#[pytype(name = "_element_iterator", module = "_elementtree", gc, heap, disallow_instantiation)]
impl ElementIter {
    #[slot(tp_iter)]
    fn iter(this: &Ref<ElementIter>) -> Ref<ElementIter> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ElementIter>) -> PyResult<Option<Ref<Object>>> {
        loop {
            let (object, is_tail) = match this.step()? {
                Found::Nothing => return Ok(None),
                Found::Element(element) => (element, false),
                Found::Tail(element) => (element, true),
            };
            let Some(element) = object.downcast::<Element>() else { continue };
            if this.gives_text.get() {
                let text = if is_tail { element.tail.get() } else { element.text.get() };
                let Some(text) = text.filter(|text| !text.is_none()) else { continue };
                if text.is_true()? {
                    return Ok(Some(text));
                }
                continue;
            }
            let Some(tag) = this.tag.get() else { return Ok(Some(object)) };
            let mine = element.tag_or_none();
            let same = match (mine.downcast_exact::<Str>(), tag.downcast_exact::<Str>()) {
                (Some(mine), Some(tag)) => mine.equals_str(&tag),
                _ => mine.equals(tag.borrow())?,
            };
            if same {
                return Ok(Some(object));
            }
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ElementIter, visit: &mut Visitor) {
        support::traverse([&this.root, &this.tag], visit);
        if let Some(stack) = this.stack.take() {
            for (element, _) in stack.iter() {
                visit.object(element.as_ptr());
            }
            this.stack.set(Some(stack));
        }
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<ElementIter>) {
        support::clear([&this.root, &this.tag]);
        drop(this.stack.take());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ElementIter) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            support::clear([&(*this).root, &(*this).tag]);
            drop((*this).stack.take());
            memory::dealloc_finish(this);
        }
    }
}
