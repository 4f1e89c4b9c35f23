//! `re.Match`.

use std::cell::Cell;

use super::engine::{self, Found};
use super::pattern::{Pattern, Template, field};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

/// `re.Match`.
#[repr(C)]
pub struct Match {
    head: PyObject,
    pattern: Cell<*mut PyObject>,
    string: Cell<*mut PyObject>,
    found: Cell<*mut Found>,
    pos: Cell<usize>,
    endpos: Cell<usize>,
}

impl Match {
    pub fn new(
        pattern: Ref<Pattern>,
        string: Borrowed<'_, Object>,
        found: Found,
        range: (usize, usize),
    ) -> PyResult<Ref<Match>> {
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = memory::object::new::<Match>()?;
            (*object).pattern.set(pattern.into_ptr());
            (*object).string.set(string.to_owned().into_ptr());
            (*object).found.set(Box::into_raw(Box::new(found)));
            (*object).pos.set(range.0);
            (*object).endpos.set(range.1);
            memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    fn found(&self) -> &Found {
        // SAFETY: lives as long as the match and never changes.
        unsafe { &*self.found.get() }
    }

    fn pattern(&self) -> Ref<Pattern> {
        // SAFETY: a pattern, by construction.
        unsafe { field(&self.pattern).into_unchecked() }
    }

    /// The number of a group given by number or name.
    fn group_number(&self, group: Borrowed<'_, Object>) -> PyResult<usize> {
        let number = if group.has_index() {
            group.index()?.to_i64()
        } else {
            match self.pattern().group_index().get(group) {
                Ok(found) => found.and_then(|found| found.downcast::<Int>().and_then(|number| number.to_i64())),
                Err(raised) => {
                    raised.clear();
                    None
                }
            }
        };
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) if number < self.found().spans.len() => Ok(number),
            _ => Err(raise!(IndexError, "no such group")),
        }
    }

    fn group_text(&self, number: usize, default: &Ref<Object>) -> PyResult<Ref<Object>> {
        let (start, end) = self.found().spans[number];
        if start < 0 { Ok(default.clone()) } else { engine::slice(field(&self.string).borrow(), start, end) }
    }

    fn span_of(&self, group: Option<Borrowed<'_, Object>>) -> PyResult<(isize, isize)> {
        let number = match group {
            Some(group) => self.group_number(group)?,
            None => 0,
        };
        Ok(self.found().spans[number])
    }
}

fn span_tuple(span: (isize, isize)) -> PyResult<Ref<Object>> {
    let (start, end) = (Int::from_isize(span.0)?.into_object(), Int::from_isize(span.1)?.into_object());
    Ok(Tuple::from_vec(vec![start, end])?.into_object())
}

#[pytype(name = "Match", module = "re", gc, disallow_instantiation)]
impl Match {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Match) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            header::xdecref((*this).pattern.get());
            header::xdecref((*this).string.get());
            if !(*this).found.get().is_null() {
                drop(Box::from_raw((*this).found.get()));
            }
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Match, visit: &mut Visitor) {
        visit.object(this.pattern.get());
        visit.object(this.string.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Match>) -> PyResult<String> {
        let (start, end) = this.found().spans[0];
        let text = this.group_text(0, &none())?;
        Ok(format!("<re.Match object; span=({start}, {end}), match={}>", text.to_repr_text()))
    }

    #[slot(mp_subscript)]
    fn getitem(this: &Ref<Match>, group: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.group_text(this.group_number(group)?, &none())
    }

    #[method(raw, no_text_signature, signature = "($self, /, *groups)")]
    fn group(this: &Ref<Match>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("Match.group")?;
        match args.positional() {
            [] => this.group_text(0, &none()),
            [one] => this.group_text(this.group_number(*one)?, &none()),
            several => {
                let mut groups = Vec::with_capacity(several.len());
                for group in several {
                    groups.push(this.group_text(this.group_number(*group)?, &none())?);
                }
                Ok(Tuple::from_vec(groups)?.into_object())
            }
        }
    }

    #[method(signature = "($self, /, default=None)")]
    fn groups(this: &Ref<Match>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        let default = default.map_or_else(none, |default| default.to_owned());
        let mut groups = Vec::new();
        for number in 1..this.found().spans.len() {
            groups.push(this.group_text(number, &default)?);
        }
        Tuple::from_vec(groups)
    }

    #[method(signature = "($self, /, default=None)")]
    fn groupdict(this: &Ref<Match>, default: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Dict>> {
        let default = default.map_or_else(none, |default| default.to_owned());
        let dict = Dict::new()?;
        for (name, _) in this.pattern().group_index().items_snapshot()? {
            let number = this.group_number(name.borrow())?;
            dict.set_item(name.borrow(), this.group_text(number, &default)?.borrow())?;
        }
        Ok(dict)
    }

    #[method(signature = "($self, group=0, /)")]
    fn start(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        Ok(this.span_of(group)?.0)
    }

    #[method(signature = "($self, group=0, /)")]
    fn end(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        Ok(this.span_of(group)?.1)
    }

    #[method(signature = "($self, group=0, /)")]
    fn span(this: &Ref<Match>, group: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        span_tuple(this.span_of(group)?)
    }

    #[method(signature = "($self, /, template)")]
    fn expand(this: &Ref<Match>, template: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let compile = taipan_runtime::import::import_attr("re", "_compile_template")?;
        let compiled = compile.call(&[this.pattern().as_borrowed(), template])?;
        match compiled.downcast_exact::<Template>() {
            Some(compiled) => compiled.expand(field(&this.string).borrow(), &this.found().spans),
            None => Ok(compiled),
        }
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

    #[getter]
    fn pos(this: &Ref<Match>) -> usize {
        this.pos.get()
    }

    #[getter]
    fn endpos(this: &Ref<Match>) -> usize {
        this.endpos.get()
    }

    #[getter]
    fn lastindex(this: &Ref<Match>) -> PyResult<Ref<Object>> {
        match this.found().last_index {
            Some(index) => Ok(Int::from_usize(index)?.into_object()),
            None => Ok(none()),
        }
    }

    #[getter]
    fn lastgroup(this: &Ref<Match>) -> Ref<Object> {
        let names = this.pattern().index_group();
        match this.found().last_index {
            Some(index) if index < names.len() => names.get(index).to_owned(),
            _ => none(),
        }
    }

    #[getter]
    fn re(this: &Ref<Match>) -> Ref<Object> {
        field(&this.pattern)
    }

    #[getter]
    fn string(this: &Ref<Match>) -> Ref<Object> {
        field(&this.string)
    }

    #[getter]
    fn regs(this: &Ref<Match>) -> PyResult<Ref<Tuple>> {
        let mut spans = Vec::new();
        for span in &this.found().spans {
            spans.push(span_tuple(*span)?);
        }
        Tuple::from_vec(spans)
    }
}
