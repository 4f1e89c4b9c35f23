//! `TreeBuilder`: makes a tree of elements from starts, data and ends, and tells of events where someone listens.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::element::Element;
use super::{COMMENT_FACTORY, PARSE_ERROR, PI_FACTORY};
use crate::support::{self, Slot};

/// What can be told of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Start,
    End,
    StartNs,
    EndNs,
    Comment,
    Pi,
}

pub const KINDS: [(&str, Kind); 6] = [
    ("start", Kind::Start),
    ("end", Kind::End),
    ("start-ns", Kind::StartNs),
    ("end-ns", Kind::EndNs),
    ("comment", Kind::Comment),
    ("pi", Kind::Pi),
];

/// `xml.etree.ElementTree.TreeBuilder`
#[repr(C)]
pub struct TreeBuilder {
    head: PyObject,
    root: Slot,
    /// The open element, and the last one that began or ended.
    this: Slot,
    last: Slot,
    /// Where data goes as a tail; without it, data is the text of `last`.
    last_for_tail: Slot,
    /// A string, or a list of several.
    data: Slot,
    /// The open elements around `this`: a list.
    stack: Slot,
    element_factory: Slot,
    comment_factory: Slot,
    pi_factory: Slot,
    /// `append` of the queue of events.
    append_event: Slot,
    /// The name of each kind of event that is wanted.
    wanted: [Slot; 6],
    insert_comments: Cell<bool>,
    insert_pis: Cell<bool>,
}

impl TreeBuilder {
    fn slots(&self) -> [&Slot; 16] {
        let w = &self.wanted;
        [
            &self.root,
            &self.this,
            &self.last,
            &self.last_for_tail,
            &self.data,
            &self.stack,
            &self.element_factory,
            &self.comment_factory,
            &self.pi_factory,
            &self.append_event,
            &w[0],
            &w[1],
            &w[2],
            &w[3],
            &w[4],
            &w[5],
        ]
    }

    fn prepare(&self) -> PyResult<()> {
        self.stack.set(Some(List::new()?.into_object()));
        Ok(())
    }

    /// One as the parser makes it.
    pub fn create() -> PyResult<Ref<TreeBuilder>> {
        let this: Ref<TreeBuilder> = support::instance_exact()?;
        this.prepare()?;
        this.comment_factory.set(COMMENT_FACTORY.get());
        this.pi_factory.set(PI_FACTORY.get());
        Ok(this)
    }

    pub fn root(&self) -> Option<Ref<Object>> {
        self.root.get()
    }

    /// Says where events go, and forgets which are wanted.
    pub fn set_queue(&self, append: Ref<Object>) {
        self.append_event.set(Some(append));
        support::clear([&self.wanted[0], &self.wanted[1], &self.wanted[2]]);
        support::clear([&self.wanted[3], &self.wanted[4], &self.wanted[5]]);
    }

    pub fn want(&self, kind: Kind, name: Ref<Object>) {
        self.wanted[kind as usize].set(Some(name));
    }

    pub fn tell(&self, kind: Kind, what: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(name) = self.wanted[kind as usize].get() else { return Ok(()) };
        let Some(append) = self.append_event.get() else { return Ok(()) };
        let event = Tuple::pack([name, what.to_owned()])?;
        append.call1(event.as_borrowed()).map(drop)
    }

    /// Adds text to what is collected.
    #[inline]
    pub fn add_data(&self, data: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(known) = self.data.take() else {
            // Before the first element there is nothing that text belongs to.
            if self.last.is_set() {
                self.data.set(Some(data.to_owned()));
            }
            return Ok(());
        };
        if let Some(list) = known.downcast_exact::<List>() {
            list.push(data.to_owned())?;
            self.data.set(Some(known));
            return Ok(());
        }
        self.data.set(Some(List::from_vec(vec![known, data.to_owned()])?.into_object()));
        Ok(())
    }

    /// Gives the collected text to its element.
    #[inline]
    fn flush(&self) -> PyResult<()> {
        let Some(data) = self.data.take() else { return Ok(()) };
        let (element, is_tail) = match self.last_for_tail.get() {
            Some(element) => (element, true),
            None => match self.last.get() {
                Some(element) => (element, false),
                None => return Ok(()),
            },
        };
        let text = match data.downcast_exact::<List>() {
            Some(list) => join(&list.try_to_vec()?)?,
            None => data.clone(),
        };
        if let Some(exact) = element.downcast_exact::<Element>() {
            let slot = if is_tail { &exact.tail } else { &exact.text };
            if slot.get().is_none_or(|old| old.is_none()) {
                slot.set(Some(text));
                return Ok(());
            }
        }
        let name = if is_tail { id!("tail") } else { id!("text") };
        let old = element.getattr(name)?;
        let text = if old.is_none() { text } else { old.add(text.borrow())? };
        element.setattr(name, text.borrow())
    }

    fn add_to(&self, parent: &Ref<Object>, child: &Ref<Object>) -> PyResult<()> {
        match parent.downcast_exact::<Element>() {
            Some(parent) => {
                super::element::check_child(child.borrow())?;
                parent.push(child.clone())
            }
            None => parent.call_method(id!("append"), &[child.borrow()]).map(drop),
        }
    }

    fn stack(&self) -> PyResult<Ref<List>> {
        // SAFETY: a list is put there alone.
        match unsafe { self.stack.get_as::<List>() } {
            Some(stack) => Ok(stack),
            None => Err(raise!(SystemError, "the builder was cleared")),
        }
    }

    /// Begins an element. No attributes are none.
    pub fn begin(&self, tag: Borrowed<'_, Object>, attrib: Option<Ref<Dict>>) -> PyResult<Ref<Object>> {
        self.flush()?;
        let node = match self.element_factory.get() {
            None => Element::create(tag, attrib.filter(|dict| !dict.is_empty()))?.into_object(),
            Some(factory) => {
                let attrib = match attrib {
                    Some(attrib) => attrib,
                    None => Dict::new()?,
                };
                factory.call(&[tag, attrib.as_borrowed()])?
            }
        };
        drop(self.last_for_tail.take());
        let parent = self.this.get();
        match &parent {
            Some(parent) => self.add_to(parent, &node)?,
            None if self.root.is_set() => {
                return Err(PARSE_ERROR.raise(format_args!("multiple elements on top level")));
            }
            None => self.root.set(Some(node.clone())),
        }
        self.stack()?.push(parent.unwrap_or_else(none))?;
        self.this.set(Some(node.clone()));
        self.last.set(Some(node.clone()));
        self.tell(Kind::Start, node.borrow())?;
        Ok(node)
    }

    /// Ends the open element.
    pub fn finish(&self) -> PyResult<Ref<Object>> {
        self.flush()?;
        let Some(parent) = self.stack()?.pop()? else {
            return Err(raise!(IndexError, "pop from empty stack"));
        };
        let done = self.this.replace(Some(parent).filter(|parent| !parent.is_none())).unwrap_or_else(none);
        self.last.set(Some(done.clone()));
        self.last_for_tail.set(Some(done.clone()));
        self.tell(Kind::End, done.borrow())?;
        Ok(done)
    }

    fn insert(&self, node: &Ref<Object>, wanted: bool) -> PyResult<()> {
        if wanted && let Some(parent) = self.this.get() {
            self.add_to(&parent, node)?;
            self.last_for_tail.set(Some(node.clone()));
        }
        Ok(())
    }

    pub fn add_comment(&self, text: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.flush()?;
        let comment = match self.comment_factory.get() {
            Some(factory) => {
                let comment = factory.call1(text)?;
                self.insert(&comment, self.insert_comments.get())?;
                comment
            }
            None => text.to_owned(),
        };
        self.tell(Kind::Comment, comment.borrow())?;
        Ok(comment)
    }

    pub fn add_pi(&self, target: Borrowed<'_, Object>, text: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.flush()?;
        let pi = match self.pi_factory.get() {
            Some(factory) => {
                let pi = factory.call(&[target, text])?;
                self.insert(&pi, self.insert_pis.get())?;
                pi
            }
            None => Tuple::pack([target.to_owned(), text.to_owned()])?.into_object(),
        };
        self.tell(Kind::Pi, pi.borrow())?;
        Ok(pi)
    }
}

/// The text of pieces.
fn join(pieces: &[Ref<Object>]) -> PyResult<Ref<Object>> {
    Ok(Str::join_items(&Str::empty(), pieces)?.into_object())
}

#[pytype(name = "TreeBuilder", module = "xml.etree.ElementTree", gc, heap, basetype)]
impl TreeBuilder {
    #[slot(tp_new)]
    fn prefill(this: &Ref<TreeBuilder>) -> PyResult<()> {
        this.prepare()
    }

    #[init(
        signature = "(element_factory=None, *, comment_factory=None, pi_factory=None, insert_comments=False, \
                     insert_pis=False)",
        no_text_signature
    )]
    fn init(
        this: &Ref<TreeBuilder>,
        element_factory: Option<Borrowed<'_, Object>>,
        comment_factory: Option<Borrowed<'_, Object>>,
        pi_factory: Option<Borrowed<'_, Object>>,
        insert_comments: Option<bool>,
        insert_pis: Option<bool>,
    ) -> PyResult<()> {
        let chosen = |factory: Option<Borrowed<'_, Object>>| {
            factory.filter(|factory| !factory.is_none()).map(|factory| factory.to_owned())
        };
        this.element_factory.set(chosen(element_factory));
        this.comment_factory.set(chosen(comment_factory).or_else(|| COMMENT_FACTORY.get()));
        this.pi_factory.set(chosen(pi_factory).or_else(|| PI_FACTORY.get()));
        this.insert_comments.set(insert_comments.unwrap_or(false) && this.comment_factory.is_set());
        this.insert_pis.set(insert_pis.unwrap_or(false) && this.pi_factory.is_set());
        Ok(())
    }

    #[method(signature = "($self, data, /)")]
    fn data(this: &Ref<TreeBuilder>, data: Borrowed<'_, Object>) -> PyResult<()> {
        this.add_data(data)
    }

    #[method(signature = "($self, tag, attrs, /)")]
    fn start(this: &Ref<TreeBuilder>, tag: Borrowed<'_, Object>, attrs: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(dict) = attrs.downcast::<Dict>() else {
            return Err(raise!(TypeError, "start() argument 2 must be dict, not {}", attrs.type_name()));
        };
        this.begin(tag, Some((*dict).clone()))
    }

    #[method(signature = "($self, tag, /)")]
    fn end(this: &Ref<TreeBuilder>, tag: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _ = tag;
        this.finish()
    }

    #[method(signature = "($self, text, /)")]
    fn comment(this: &Ref<TreeBuilder>, text: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.add_comment(text)
    }

    #[method(signature = "($self, target, text=None, /)")]
    fn pi(
        this: &Ref<TreeBuilder>,
        target: Borrowed<'_, Object>,
        text: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let nothing = none();
        this.add_pi(target, text.unwrap_or(nothing.borrow()))
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<TreeBuilder>) -> Option<Ref<Object>> {
        this.root.get()
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TreeBuilder, visit: &mut Visitor) {
        support::traverse(this.slots(), visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<TreeBuilder>) {
        support::clear(this.slots());
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TreeBuilder) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, (*this).slots()) }
    }
}
