//! `re.Match`: where the groups of a pattern were found.

use core::cell::Cell;

use core::mem::offset_of;
use taipan_runtime::abi::PyVarObject;
use taipan_runtime::memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

use super::pattern::Pattern;
use super::search::{Finder, Subject};
use super::template::{Template, join};
use crate::support::{self, Slot};

/// `re.Match`. Start and end of each group follow, -1 twice for one that took no part.
#[repr(C)]
pub struct Match {
    head: PyVarObject,
    string: Slot,
    /// The tuple of spans, made when `regs` is read.
    regs: Slot,
    pattern: Slot,
    pos: Cell<usize>,
    endpos: Cell<usize>,
    last_index: Cell<usize>,
    groups: Cell<usize>,
    marks: [Cell<isize>; 1],
}

impl Match {
    pub fn new(
        pattern: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        finder: &Finder<'_>,
        range: (usize, usize),
    ) -> PyResult<Ref<Match>> {
        let groups = pattern.groups() + 1;
        // SAFETY: zeroed fields may be traversed; there is room for two marks for each group.
        unsafe {
            let object = memory::object::new_var::<Match>(groups * 2)?;
            let marks = (&raw const (*object).marks).cast::<Cell<isize>>();
            for group in 0..groups {
                let (start, end) = finder.span(group).map_or((-1, -1), |(start, end)| (start as isize, end as isize));
                (*marks.add(group * 2)).set(start);
                (*marks.add(group * 2 + 1)).set(end);
            }
            (*object).groups.set(groups);
            (*object).pos.set(range.0);
            (*object).endpos.set(range.1);
            (*object).last_index.set(finder.last_index());
            (*object).pattern.set(Some(pattern.clone().into_object()));
            (*object).string.set(Some(string.to_owned()));
            memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// The span of a group; the number is known to exist.
    fn mark(&self, group: usize) -> Option<(usize, usize)> {
        if group >= self.groups.get() {
            return None;
        }
        let marks = (&raw const self.marks).cast::<Cell<isize>>();
        // SAFETY: two marks for each group were allocated.
        let (start, end) = unsafe { ((*marks.add(group * 2)).get(), (*marks.add(group * 2 + 1)).get()) };
        Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?))
    }

    /// The span as Python sees it.
    fn span_of(&self, group: usize) -> (isize, isize) {
        self.mark(group).map_or((-1, -1), |(start, end)| (start as isize, end as isize))
    }

    fn the_pattern(&self) -> PyResult<Ref<Pattern>> {
        match self.pattern.get().and_then(|pattern| pattern.into_downcast::<Pattern>().ok()) {
            Some(pattern) => Ok(pattern),
            None => Err(raise!(SystemError, "match without a pattern")),
        }
    }

    fn the_string(&self) -> Ref<Object> {
        self.string.get().unwrap_or_else(none)
    }

    /// The number of a group given by number or name.
    fn group_number(&self, group: Borrowed<'_, Object>) -> PyResult<usize> {
        let number = if let Some(number) = group.downcast_exact::<Int>() {
            number.to_i64()
        } else if group.has_index() {
            group.index()?.to_i64()
        } else {
            match self.the_pattern()?.group_index().get(group) {
                Ok(found) => found.and_then(|found| found.downcast::<Int>().and_then(|number| number.to_i64())),
                Err(raised) => {
                    raised.clear();
                    None
                }
            }
        };
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) if number < self.groups.get() => Ok(number),
            _ => Err(raise!(IndexError, "no such group")),
        }
    }

    fn optional_group(&self, group: Option<Borrowed<'_, Object>>) -> PyResult<usize> {
        group.map_or(Ok(0), |group| self.group_number(group))
    }

    fn text_of(&self, subject: &Subject<'_>, group: usize, default: &Ref<Object>) -> PyResult<Ref<Object>> {
        match self.mark(group) {
            Some((start, end)) => subject.slice(start, end),
            None => Ok(default.clone()),
        }
    }
}

fn span_tuple(span: (isize, isize)) -> PyResult<Ref<Object>> {
    let (start, end) = (Int::from_isize(span.0)?.into_object(), Int::from_isize(span.1)?.into_object());
    Ok(Tuple::from_vec(vec![start, end])?.into_object())
}

#[pytype(name = "Match", module = "re", gc, disallow_instantiation, itemsize = 8, heap)]
impl Match {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Match) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).string, &(*this).regs, &(*this).pattern]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Match, visit: &mut Visitor) {
        support::traverse([&this.string, &this.regs, &this.pattern], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Match>) {
        support::clear([&this.string, &this.regs, &this.pattern]);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Match>) -> PyResult<Ref<Str>> {
        let (start, end) = this.span_of(0);
        let string = this.the_string();
        let text = this.text_of(&Subject::new(string.borrow(), None)?, 0, &none())?.repr()?;
        let name = this.as_object().type_of().name();
        let mut out = taipan_runtime::types::str::StrBuilder::new();
        out.push_str(&format!("<{name} object; span=({start}, {end}), match="))?;
        out.push_object(&text)?;
        out.push_str(">")?;
        out.finish()
    }

    #[slot(mp_subscript)]
    fn getitem(this: &Ref<Match>, group: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let group = this.group_number(group)?;
        let string = this.the_string();
        this.text_of(&Subject::new(string.borrow(), None)?, group, &none())
    }

    #[method(raw, no_text_signature, signature = "($self, /, *groups)")]
    fn group(this: &Ref<Match>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("Match.group")?;
        let string = this.the_string();
        let subject = Subject::new(string.borrow(), None)?;
        match args.positional() {
            [] => this.text_of(&subject, 0, &none()),
            [one] => this.text_of(&subject, this.group_number(*one)?, &none()),
            several => {
                let mut groups = vec_with_capacity(several.len())?;
                for group in several {
                    groups.push(this.text_of(&subject, this.group_number(*group)?, &none())?);
                }
                Ok(Tuple::from_vec(groups)?.into_object())
            }
        }
    }

    #[method(signature = "($self, group=0, /)")]
    fn start(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        Ok(this.span_of(this.optional_group(group)?).0)
    }

    #[method(signature = "($self, group=0, /)")]
    fn end(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        Ok(this.span_of(this.optional_group(group)?).1)
    }

    #[method(signature = "($self, group=0, /)")]
    fn span(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        span_tuple(this.span_of(this.optional_group(group)?))
    }

    #[method(signature = "($self, /, default=None)")]
    fn groups(this: &Ref<Match>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        let default = default.map_or_else(none, |default| default.to_owned());
        let string = this.the_string();
        let subject = Subject::new(string.borrow(), None)?;
        let mut groups = vec_with_capacity(this.groups.get())?;
        for group in 1..this.groups.get() {
            groups.push(this.text_of(&subject, group, &default)?);
        }
        Tuple::from_vec(groups)
    }

    #[method(signature = "($self, /, default=None)")]
    fn groupdict(this: &Ref<Match>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Dict>> {
        let default = default.map_or_else(none, |default| default.to_owned());
        let string = this.the_string();
        let subject = Subject::new(string.borrow(), None)?;
        let dict = Dict::new()?;
        for (name, number) in this.the_pattern()?.group_index().items_snapshot()? {
            let group = this.group_number(number.borrow())?;
            dict.set_item(name.borrow(), this.text_of(&subject, group, &default)?.borrow())?;
        }
        Ok(dict)
    }

    #[method(signature = "($self, /, template)")]
    fn expand(this: &Ref<Match>, template: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let compile = taipan_runtime::import::import_attr("re", "_compile_template")?;
        let compiled = compile.call(&[this.the_pattern()?.as_borrowed(), template])?;
        let Some(compiled) = compiled.downcast_exact::<Template>() else { return Ok(compiled) };
        if let Some(literal) = compiled.literal()? {
            return Ok(literal);
        }
        let string = this.the_string();
        let subject = Subject::new(string.borrow(), None)?;
        let pieces = List::new()?;
        compiled.push_pieces(&pieces, &subject, this.groups.get() - 1, |group| this.mark(group))?;
        join(&subject, &pieces)
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy(this: &Ref<Match>) -> Ref<Match> {
        this.clone()
    }

    #[method(name = "__deepcopy__", signature = "($self, memo, /)")]
    fn deepcopy(this: &Ref<Match>, _memo: Borrowed<'_, Object>) -> Ref<Match> {
        this.clone()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[member(name = "pos", kind = T_PYSSIZET, offset = offset_of!(Match, pos), readonly)]
    const _POS: () = ();

    #[member(name = "endpos", kind = T_PYSSIZET, offset = offset_of!(Match, endpos), readonly)]
    const _ENDPOS: () = ();

    #[getter]
    fn lastindex(this: &Ref<Match>) -> Option<usize> {
        Some(this.last_index.get()).filter(|index| *index > 0)
    }

    #[getter]
    fn lastgroup(this: &Ref<Match>) -> PyResult<Ref<Object>> {
        let names = this.the_pattern()?.index_group();
        Ok(match this.last_index.get() {
            0 => none(),
            index if index < names.len() => names.get(index).to_owned(),
            _ => none(),
        })
    }

    #[member(name = "re", kind = T_OBJECT, offset = offset_of!(Match, pattern), readonly)]
    const _RE: () = ();

    #[member(name = "string", kind = T_OBJECT, offset = offset_of!(Match, string), readonly)]
    const _STRING: () = ();

    #[getter]
    fn regs(this: &Ref<Match>) -> PyResult<Ref<Object>> {
        if let Some(regs) = this.regs.get() {
            return Ok(regs);
        }
        let mut spans = vec_with_capacity(this.groups.get())?;
        for group in 0..this.groups.get() {
            spans.push(span_tuple(this.span_of(group))?);
        }
        let regs = Tuple::from_vec(spans)?.into_object();
        this.regs.set(Some(regs.clone()));
        Ok(regs)
    }
}
