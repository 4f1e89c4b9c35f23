//! `re.Pattern`, the scanner behind `finditer`, and replacement templates.

use std::cell::Cell;

use super::engine::{self, Found, Mode};
use super::matching::Match;
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

/// `re.Pattern`.
#[repr(C)]
pub struct Pattern {
    head: PyObject,
    pattern: Cell<*mut PyObject>,
    group_index: Cell<*mut PyObject>,
    index_group: Cell<*mut PyObject>,
    weakrefs: Cell<*mut PyObject>,
    code: Cell<*mut Vec<u32>>,
    groups: Cell<usize>,
    flags: Cell<c_int>,
    /// Whether the pattern is of bytes; `None` for the patterns of scanners, which have none.
    is_bytes: Cell<Option<bool>>,
}

/// A handle to a field that is set when its object is made.
pub(super) fn field(cell: &Cell<*mut PyObject>) -> Ref<Object> {
    // SAFETY: set at construction, never null afterwards.
    unsafe { Ref::from_borrowed_ptr(cell.get()) }
}

/// `pos` and `endpos` clipped to the subject.
fn clip(length: usize, pos: isize, endpos: isize) -> (usize, usize) {
    let end = endpos.clamp(0, length as isize) as usize;
    ((pos.max(0) as usize).min(length), end)
}

impl Pattern {
    pub fn compile(
        pattern: Borrowed<'_, Object>,
        flags: i32,
        code: Borrowed<'_, List>,
        groups: isize,
        group_index: Borrowed<'_, Dict>,
        index_group: Borrowed<'_, Tuple>,
    ) -> PyResult<Ref<Pattern>> {
        let mut words = Vec::new();
        for item in code.to_vec() {
            match item.downcast::<Int>().and_then(|item| item.to_u64()).and_then(|word| u32::try_from(word).ok()) {
                Some(word) => words.push(word),
                None => return Err(raise!(OverflowError, "regular expression code size limit exceeded")),
            }
        }
        if words.is_empty() {
            return Err(raise!(RuntimeError, "invalid SRE code"));
        }
        let is_bytes = if pattern.is_none() { None } else { Some(!pattern.is_instance_of::<Str>()) };
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = memory::object::new::<Pattern>()?;
            let this = &*object;
            this.pattern.set(pattern.to_owned().into_ptr());
            this.group_index.set(group_index.to_owned().into_ptr());
            this.index_group.set(index_group.to_owned().into_ptr());
            this.code.set(Box::into_raw(Box::new(words)));
            this.groups.set(groups.max(0) as usize);
            this.flags.set(flags);
            this.is_bytes.set(is_bytes);
            memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    pub fn groups(&self) -> usize {
        self.groups.get()
    }

    pub fn group_index(&self) -> Ref<Dict> {
        // SAFETY: a dict, by construction.
        unsafe { field(&self.group_index).into_unchecked() }
    }

    pub fn index_group(&self) -> Ref<Tuple> {
        // SAFETY: a tuple, by construction.
        unsafe { field(&self.index_group).into_unchecked() }
    }

    fn find(
        &self,
        string: Borrowed<'_, Object>,
        range: (usize, usize),
        mode: Mode,
        must_advance: bool,
    ) -> PyResult<Option<Found>> {
        if range.0 > range.1 {
            return Ok(None);
        }
        // SAFETY: the code lives as long as the pattern.
        let code = unsafe { &*self.code.get() };
        engine::find(string, code, self.groups(), range, mode, must_advance)
    }

    fn attempt(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: isize,
        endpos: isize,
        mode: Mode,
    ) -> PyResult<Option<Ref<Match>>> {
        let length = engine::subject_length(string, this.is_bytes.get())?;
        let range = clip(length, pos, endpos);
        match this.find(string, range, mode, false)? {
            Some(found) => Match::new(this.clone(), string, found, range).map(Some),
            None => Ok(None),
        }
    }

    /// Calls `body` for each match in turn.
    fn each(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: isize,
        endpos: isize,
        mut body: impl FnMut(Found, (usize, usize)) -> PyResult<bool>,
    ) -> PyResult<()> {
        let length = engine::subject_length(string, this.is_bytes.get())?;
        let whole = clip(length, pos, endpos);
        let (mut start, mut must_advance) = (whole.0, false);
        while let Some(found) = this.find(string, (start, whole.1), Mode::Search, must_advance)? {
            let (from, to) = found.spans[0];
            must_advance = from == to;
            start = to as usize;
            if !body(found, whole)? {
                break;
            }
        }
        Ok(())
    }

    /// Replaces matches; gives the new text and how many there were.
    fn substitute(
        this: &Ref<Pattern>,
        repl: Borrowed<'_, Object>,
        string: Borrowed<'_, Object>,
        count: isize,
    ) -> PyResult<(Ref<Object>, usize)> {
        let mut filter = repl.to_owned();
        if !repl.is_callable() {
            let literal = match repl.downcast::<Str>() {
                Some(text) => text.find_char('\\' as u32, 0..text.len()).is_none(),
                None => match repl.downcast::<Bytes>() {
                    Some(bytes) => !bytes.as_slice().contains(&b'\\'),
                    None => false,
                },
            };
            if !literal {
                let compile = taipan_runtime::import::import_attr("re", "_compile_template")?;
                filter = compile.call(&[this.as_borrowed(), repl])?;
            }
        }
        let is_text = string.is_instance_of::<Str>();
        let pieces = List::new()?;
        let (mut last, mut times) = (0isize, 0usize);
        Pattern::each(this, string, 0, isize::MAX, |found, range| {
            let (from, to) = found.spans[0];
            if from > last {
                pieces.push(engine::slice(string, last, from)?)?;
            }
            let item = if let Some(template) = filter.downcast_exact::<Template>() {
                template.expand(string, &found.spans)?
            } else if filter.is_callable() {
                let found = Match::new(this.clone(), string, found, range)?;
                filter.call1(found.as_borrowed())?
            } else {
                filter.clone()
            };
            if !item.is_none() {
                let fits = if is_text { item.is_instance_of::<Str>() } else { !item.is_instance_of::<Str>() };
                if !fits {
                    return Err(raise!(
                        TypeError,
                        "sequence item {}: expected {} instance, {} found",
                        pieces.len(),
                        if is_text { "str" } else { "a bytes-like object" },
                        item.type_name()
                    ));
                }
                pieces.push(item)?;
            }
            last = to;
            times += 1;
            Ok(count <= 0 || times < count as usize)
        })?;
        let length = engine::subject_length(string, None)? as isize;
        if times == 0 {
            return Ok((engine::slice(string, 0, length)?, 0));
        }
        if last < length {
            pieces.push(engine::slice(string, last, length)?)?;
        }
        let joined = if is_text {
            Str::join_items(&Str::empty(), &pieces.to_vec())?.into_object()
        } else {
            Bytes::from_slice(b"")?.as_object().call_method(id!("join"), &[pieces.as_borrowed()])?
        };
        Ok((joined, times))
    }
}

/// A group of a match, or `default` where it took no part.
fn group_or(string: Borrowed<'_, Object>, span: (isize, isize), default: &Ref<Object>) -> PyResult<Ref<Object>> {
    if span.0 < 0 { Ok(default.clone()) } else { engine::slice(string, span.0, span.1) }
}

#[pytype(name = "Pattern", module = "re", gc, disallow_instantiation,
         weaklistoffset = core::mem::offset_of!(Pattern, weakrefs))]
impl Pattern {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Pattern) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            if !(*this).weakrefs.get().is_null() {
                taipan_runtime::types::weakref::clear_references(this.cast());
            }
            for field in [&(*this).pattern, &(*this).group_index, &(*this).index_group] {
                header::xdecref(field.get());
            }
            if !(*this).code.get().is_null() {
                drop(Box::from_raw((*this).code.get()));
            }
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Pattern, visit: &mut Visitor) {
        for field in [&this.pattern, &this.group_index, &this.index_group] {
            visit.object(field.get());
        }
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Pattern>) -> PyResult<isize> {
        // SAFETY: the code lives as long as the pattern.
        let code = unsafe { &*this.code.get() };
        let mut hash = field(&this.pattern).hash()? as u64;
        for word in code {
            hash = (hash ^ u64::from(*word)).wrapping_mul(0x0100_0000_01b3);
        }
        let hash = (hash ^ this.flags.get() as u64) as isize;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Pattern>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let Some(other) = other.downcast::<Pattern>() else { return Ok(not_implemented()) };
        // SAFETY: the code lives as long as the pattern.
        let same_code = unsafe { *this.code.get() == *other.code.get() };
        let same = this.is(&other)
            || (same_code
                && this.flags.get() == other.flags.get()
                && this.is_bytes.get() == other.is_bytes.get()
                && field(&this.pattern).equals(field(&other.pattern).borrow())?);
        Ok(taipan_runtime::types::Bool::from(same == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Pattern>) -> String {
        const NAMES: [(c_int, &str); 8] = [
            (1, "re.TEMPLATE"),
            (2, "re.IGNORECASE"),
            (4, "re.LOCALE"),
            (8, "re.MULTILINE"),
            (16, "re.DOTALL"),
            (64, "re.VERBOSE"),
            (128, "re.DEBUG"),
            (256, "re.ASCII"),
        ];
        let mut flags = this.flags.get();
        // The default for text is not shown.
        if this.is_bytes.get() == Some(false) && flags & (4 | 32 | 256) == 32 {
            flags &= !32;
        }
        let mut names: Vec<String> = Vec::new();
        for (bit, name) in NAMES {
            if flags & bit != 0 {
                names.push(name.to_owned());
                flags &= !bit;
            }
        }
        if flags & 32 != 0 {
            names.push("re.UNICODE".to_owned());
            flags &= !32;
        }
        if flags != 0 {
            names.push(format!("{flags:#x}"));
        }
        let text: String = field(&this.pattern).to_repr_text().chars().take(200).collect();
        if names.is_empty() {
            format!("re.compile({text})")
        } else {
            format!("re.compile({text}, {})", names.join("|"))
        }
    }

    #[method(name = "match", signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn py_match(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Match)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::FullMatch)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn search(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Search)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn findall(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<List>> {
        let list = List::new()?;
        let empty = engine::slice(string, 0, 0).or_else(|raised| {
            raised.clear();
            Ok::<_, Raised>(none())
        })?;
        Pattern::each(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), |found, _| {
            let item = match this.groups() {
                0 => engine::slice(string, found.spans[0].0, found.spans[0].1)?,
                1 => group_or(string, found.spans[1], &empty)?,
                _ => {
                    let mut groups = Vec::with_capacity(this.groups());
                    for span in &found.spans[1..] {
                        groups.push(group_or(string, *span, &empty)?);
                    }
                    Tuple::from_vec(groups)?.into_object()
                }
            };
            list.push(item)?;
            Ok(true)
        })?;
        Ok(list)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn scanner(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<Scanner>> {
        let length = engine::subject_length(string, this.is_bytes.get())?;
        Scanner::new(this.clone(), string, clip(length, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX)))
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn finditer(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<Scanner>> {
        Pattern::scanner(this, string, pos, endpos)
    }

    #[method(signature = "($self, /, repl, string, count=0)")]
    fn sub(
        this: &Ref<Pattern>,
        repl: Borrowed<'_, Object>,
        string: Borrowed<'_, Object>,
        count: Option<isize>,
    ) -> PyResult<Ref<Object>> {
        Ok(Pattern::substitute(this, repl, string, count.unwrap_or(0))?.0)
    }

    #[method(signature = "($self, /, repl, string, count=0)")]
    fn subn(
        this: &Ref<Pattern>,
        repl: Borrowed<'_, Object>,
        string: Borrowed<'_, Object>,
        count: Option<isize>,
    ) -> PyResult<Ref<Tuple>> {
        let (text, times) = Pattern::substitute(this, repl, string, count.unwrap_or(0))?;
        Tuple::from_vec(vec![text, Int::from_usize(times)?.into_object()])
    }

    #[method(signature = "($self, /, string, maxsplit=0)")]
    fn split(this: &Ref<Pattern>, string: Borrowed<'_, Object>, maxsplit: Option<isize>) -> PyResult<Ref<List>> {
        let list = List::new()?;
        let (mut last, mut times) = (0isize, 0isize);
        let limit = maxsplit.unwrap_or(0);
        if limit >= 0 {
            Pattern::each(this, string, 0, isize::MAX, |found, _| {
                list.push(engine::slice(string, last, found.spans[0].0)?)?;
                for span in &found.spans[1..] {
                    list.push(group_or(string, *span, &none())?)?;
                }
                last = found.spans[0].1;
                times += 1;
                Ok(limit == 0 || times < limit)
            })?;
        }
        let length = engine::subject_length(string, this.is_bytes.get())? as isize;
        list.push(engine::slice(string, last, length)?)?;
        Ok(list)
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy(this: &Ref<Pattern>) -> Ref<Pattern> {
        this.clone()
    }

    #[method(name = "__deepcopy__", signature = "($self, memo, /)")]
    fn deepcopy(this: &Ref<Pattern>, _memo: Borrowed<'_, Object>) -> Ref<Pattern> {
        this.clone()
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }

    #[getter]
    fn pattern(this: &Ref<Pattern>) -> Ref<Object> {
        field(&this.pattern)
    }

    #[getter]
    fn flags(this: &Ref<Pattern>) -> i32 {
        this.flags.get()
    }

    #[getter(name = "groups")]
    fn group_count(this: &Ref<Pattern>) -> usize {
        this.groups()
    }

    #[getter]
    fn groupindex(this: &Ref<Pattern>) -> PyResult<Ref<Object>> {
        taipan_runtime::types::MappingProxy::type_object().as_object().call1(this.group_index().as_borrowed())
    }
}

/// `_sre.SRE_Scanner`: goes on where the last match ended. Also what `finditer` gives.
#[repr(C)]
pub struct Scanner {
    head: PyObject,
    pattern: Cell<*mut PyObject>,
    string: Cell<*mut PyObject>,
    start: Cell<usize>,
    end: Cell<usize>,
    first: Cell<usize>,
    must_advance: Cell<bool>,
    done: Cell<bool>,
}

impl Scanner {
    fn new(pattern: Ref<Pattern>, string: Borrowed<'_, Object>, range: (usize, usize)) -> PyResult<Ref<Scanner>> {
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let scanner = memory::object::new::<Scanner>()?;
            (*scanner).pattern.set(pattern.into_ptr());
            (*scanner).string.set(string.to_owned().into_ptr());
            (*scanner).start.set(range.0);
            (*scanner).first.set(range.0);
            (*scanner).end.set(range.1);
            (*scanner).must_advance.set(false);
            (*scanner).done.set(false);
            memory::object::gc_track(scanner.cast());
            Ok(Ref::from_owned_ptr(scanner))
        }
    }

    fn step(&self, mode: Mode) -> PyResult<Option<Ref<Match>>> {
        if self.done.get() {
            return Ok(None);
        }
        // SAFETY: a pattern, by construction.
        let pattern: Ref<Pattern> = unsafe { field(&self.pattern).into_unchecked() };
        let string = field(&self.string);
        let range = (self.start.get(), self.end.get());
        match pattern.find(string.borrow(), range, mode, self.must_advance.get())? {
            Some(found) => {
                let (from, to) = found.spans[0];
                self.must_advance.set(from == to);
                self.start.set(to as usize);
                Match::new(pattern, string.borrow(), found, (self.first.get(), self.end.get())).map(Some)
            }
            None => {
                self.done.set(true);
                Ok(None)
            }
        }
    }
}

#[pytype(name = "SRE_Scanner", module = "_sre", gc, disallow_instantiation)]
impl Scanner {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Scanner) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            header::xdecref((*this).pattern.get());
            header::xdecref((*this).string.get());
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Scanner, visit: &mut Visitor) {
        visit.object(this.pattern.get());
        visit.object(this.string.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Scanner>) -> Ref<Scanner> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        this.step(Mode::Search)
    }

    #[method(name = "match", signature = "($self, /)")]
    fn py_match(this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        this.step(Mode::Match)
    }

    #[method(signature = "($self, /)")]
    fn search(this: &Ref<Scanner>) -> PyResult<Option<Ref<Match>>> {
        this.step(Mode::Search)
    }

    #[getter]
    fn pattern(this: &Ref<Scanner>) -> Ref<Object> {
        field(&this.pattern)
    }
}

/// `_sre.SRE_Template`: literals and group numbers in turn.
#[repr(C)]
pub struct Template {
    head: PyObject,
    items: Cell<*mut PyObject>,
}

impl Template {
    pub fn new(items: Borrowed<'_, List>) -> PyResult<Ref<Template>> {
        let items = Tuple::from_vec(items.to_vec())?;
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let template = memory::object::new::<Template>()?;
            (*template).items.set(items.into_ptr());
            memory::object::gc_track(template.cast());
            Ok(Ref::from_owned_ptr(template))
        }
    }

    /// The replacement for one match. A group that took no part counts as empty.
    pub fn expand(&self, string: Borrowed<'_, Object>, spans: &[(isize, isize)]) -> PyResult<Ref<Object>> {
        // SAFETY: a tuple, by construction.
        let items: Ref<Tuple> = unsafe { field(&self.items).into_unchecked() };
        let mut pieces = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if index % 2 == 0 {
                pieces.push(item.to_owned());
                continue;
            }
            let group = usize::try_from(item.as_isize()?).ok();
            match group.and_then(|group| spans.get(group)) {
                Some((start, end)) if *start >= 0 => pieces.push(engine::slice(string, *start, *end)?),
                Some(_) => {}
                None => return Err(raise!(IndexError, "no such group")),
            }
        }
        if items.len() > 0 && items.get(0).is_instance_of::<Str>() {
            return Ok(Str::join_items(&Str::empty(), &pieces)?.into_object());
        }
        Bytes::from_slice(b"")?.as_object().call_method(id!("join"), &[List::from_vec(pieces)?.as_borrowed()])
    }
}

#[pytype(name = "SRE_Template", module = "_sre", gc, disallow_instantiation)]
impl Template {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Template) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            header::xdecref((*this).items.get());
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Template, visit: &mut Visitor) {
        visit.object(this.items.get());
    }
}
