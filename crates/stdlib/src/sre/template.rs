//! `_sre.SRE_Template`: a replacement text with group numbers, made once and filled in for each match.

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::search::Subject;
use crate::support::{self, Slot};

/// `_sre.SRE_Template`.
#[repr(C)]
pub struct Template {
    head: PyObject,
    /// Text and group numbers in turn; text comes first and last.
    items: Slot,
}

impl Template {
    pub fn new(items: Borrowed<'_, List>) -> PyResult<Ref<Template>> {
        let items = items.try_to_vec()?;
        let invalid = || raise!(TypeError, "invalid template");
        if items.len().is_multiple_of(2) {
            return Err(invalid());
        }
        for number in items.iter().skip(1).step_by(2) {
            let Some(number) = number.downcast::<Int>() else {
                return Err(raise!(TypeError, "an integer is required"));
            };
            if number.to_isize().is_none_or(|number| number < 0) {
                return Err(invalid());
            }
        }
        let template = support::instance_exact::<Template>()?;
        template.items.set(Some(Tuple::from_vec(items)?.into_object()));
        Ok(template)
    }

    fn items(&self) -> PyResult<Ref<Tuple>> {
        match self.items.get().and_then(|items| items.into_downcast::<Tuple>().ok()) {
            Some(items) => Ok(items),
            None => Err(raise!(SystemError, "template without items")),
        }
    }

    /// The text of a template without groups.
    pub fn literal(&self) -> PyResult<Option<Ref<Object>>> {
        let items = self.items()?;
        Ok(if items.len() == 1 { Some(items.get(0).to_owned()) } else { None })
    }

    /// Appends the pieces for one match; a group that took no part is empty.
    pub fn push_pieces(
        &self,
        pieces: &Ref<List>,
        subject: &Subject<'_>,
        groups: usize,
        span: impl Fn(usize) -> Option<(usize, usize)>,
    ) -> PyResult<()> {
        for (index, item) in self.items()?.iter().enumerate() {
            if index % 2 == 0 {
                let empty = match (item.downcast::<Str>(), item.downcast::<Bytes>()) {
                    (Some(text), _) => text.is_empty(),
                    (_, Some(bytes)) => bytes.as_slice().is_empty(),
                    _ => false,
                };
                if !empty {
                    pieces.push(item.to_owned())?;
                }
                continue;
            }
            let group = usize::try_from(item.as_isize()?).unwrap_or(usize::MAX);
            if group > groups {
                return Err(raise!(IndexError, "no such group"));
            }
            if let Some((start, end)) = span(group) {
                pieces.push(subject.slice(start, end)?)?;
            }
        }
        Ok(())
    }
}

#[pytype(name = "SRE_Template", module = "_sre", gc, disallow_instantiation, heap, basicsize = 40)]
impl Template {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Template) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).items]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Template, visit: &mut Visitor) {
        support::traverse([&this.items], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Template>) {
        support::clear([&this.items]);
    }
}

/// One string of pieces, `str` or `bytes` as the subject is.
pub fn join(subject: &Subject<'_>, pieces: &Ref<List>) -> PyResult<Ref<Object>> {
    if subject.is_text() {
        return Ok(Str::join_items(&Str::empty(), &pieces.try_to_vec()?)?.into_object());
    }
    Bytes::from_slice(b"")?.as_object().call_method(id!("join"), &[pieces.as_borrowed()])
}
