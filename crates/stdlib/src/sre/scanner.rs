//! `_sre.SRE_Scanner`: goes on where the last match ended. `finditer` calls its `search` until that finds nothing.

use core::cell::Cell;

use core::mem::offset_of;
use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::matching::Match;
use super::pattern::Pattern;
use super::search::{Finder, Mode, Subject, clip};
use crate::support::{self, Slot};

/// `_sre.SRE_Scanner`.
#[repr(C)]
pub struct Scanner {
    head: PyObject,
    pattern: Slot,
    string: Slot,
    /// A view of a mutable subject, which may not change its size meanwhile.
    lock: Slot,
    /// Where the next match may begin.
    at: Cell<usize>,
    start: Cell<usize>,
    end: Cell<usize>,
    must_advance: Cell<bool>,
    done: Cell<bool>,
    /// A search is under way: a signal handler may call in between.
    executing: Cell<bool>,
}

impl Scanner {
    pub fn new(
        pattern: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: isize,
        endpos: isize,
    ) -> PyResult<Ref<Scanner>> {
        let subject = Subject::new(string, pattern.is_bytes())?;
        let (start, end) = clip(subject.len(), pos, endpos);
        let lock = match subject {
            Subject::Buffer(_) => Some(MemoryView::type_object().as_object().call1(string)?),
            _ => None,
        };
        let scanner = support::instance_exact::<Scanner>()?;
        scanner.pattern.set(Some(pattern.clone().into_object()));
        scanner.string.set(Some(string.to_owned()));
        scanner.lock.set(lock);
        scanner.at.set(start);
        scanner.start.set(start);
        scanner.end.set(end);
        Ok(scanner)
    }

    fn step(&self, mode: Mode) -> PyResult<Option<Ref<Match>>> {
        let (Some(pattern), Some(string)) = (self.pattern.get(), self.string.get()) else { return Ok(None) };
        let Ok(pattern) = pattern.into_downcast::<Pattern>() else { return Ok(None) };
        if self.executing.get() {
            return Err(raise!(ValueError, "regular expression scanner already executing"));
        }
        if self.done.get() {
            return Ok(None);
        }
        self.executing.set(true);
        let result = self.look(&pattern, string.borrow(), mode);
        self.executing.set(false);
        result
    }

    fn look(&self, pattern: &Ref<Pattern>, string: Borrowed<'_, Object>, mode: Mode) -> PyResult<Option<Ref<Match>>> {
        let subject = Subject::new(string, pattern.is_bytes())?;
        let end = self.end.get().min(subject.len());
        let mut finder = Finder::new(pattern.program()?);
        if !finder.find(subject.data(), (self.at.get(), end), mode, self.must_advance.get())? {
            self.done.set(true);
            return Ok(None);
        }
        self.must_advance.set(finder.start == finder.end);
        self.at.set(finder.end);
        Match::new(pattern, string, &finder, (self.start.get(), self.end.get())).map(Some)
    }
}

#[pytype(name = "SRE_Scanner", module = "_sre", gc, disallow_instantiation, heap, basicsize = 264)]
impl Scanner {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Scanner) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).pattern, &(*this).string, &(*this).lock]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Scanner, visit: &mut Visitor) {
        support::traverse([&this.pattern, &this.string, &this.lock], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Scanner>) {
        support::clear([&this.pattern, &this.string, &this.lock]);
    }

    #[method(name = "match", signature = "($self, /)", defining_class)]
    fn py_match(this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        this.step(Mode::Match)
    }

    #[method(signature = "($self, /)", defining_class)]
    fn search(this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        this.step(Mode::Search)
    }

    #[member(name = "pattern", kind = T_OBJECT, offset = offset_of!(Scanner, pattern), readonly)]
    const _PATTERN: () = ();
}
