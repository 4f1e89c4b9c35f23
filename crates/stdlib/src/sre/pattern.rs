//! `re.Pattern`: a program with what `re` says of it, and the ways to apply it.

use core::cell::Cell;

use core::mem::offset_of;
use taipan_runtime::abi::{PyObject, PyVarObject};
use taipan_runtime::memory;
use taipan_runtime::memory::rust_alloc::Room;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

use super::analysis;
use super::matching::Match;
use super::program::{Program, Refused};
use super::scanner::Scanner;
use super::search::{Finder, Mode, Subject, clip};
use super::template::{Template, join};

/// `re.Pattern`.
#[repr(C)]
pub struct Pattern {
    /// Its size is the number of words of the program, which stands elsewhere.
    head: PyVarObject,
    pattern: Cell<*mut PyObject>,
    group_index: Cell<*mut PyObject>,
    index_group: Cell<*mut PyObject>,
    weakrefs: Cell<*mut PyObject>,
    program: Cell<*mut Program>,
    flags: Cell<c_int>,
    group_count: Cell<isize>,
    /// Whether the pattern is of bytes; `None` for the patterns of `re.Scanner`, which have none.
    is_bytes: Cell<Option<bool>>,
}

/// A handle to a field that is set when its object is made.
fn field(cell: &Cell<*mut PyObject>) -> Ref<Object> {
    // SAFETY: set at construction, never null afterwards.
    unsafe { Ref::from_borrowed_ptr(cell.get()) }
}

/// The words of a pattern, from a list of integers.
fn words_of(code: Borrowed<'_, List>) -> PyResult<Vec<u32>> {
    let mut words = vec_with_capacity(code.len())?;
    for item in code.try_to_vec()? {
        let Some(number) = item.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
        match number.to_i64() {
            Some(value) if value < 0 => {
                return Err(raise!(OverflowError, "can't convert negative value to unsigned int"));
            }
            Some(value) => match u32::try_from(value) {
                Ok(word) => words.push(word),
                Err(_) => return Err(raise!(OverflowError, "regular expression code size limit exceeded")),
            },
            None => return Err(raise!(OverflowError, "Python int too large to convert to C unsigned long")),
        }
    }
    Ok(words)
}

/// A large program is made and analysed with room set aside: both allocate in proportion to its words.
fn room_for(words: usize) -> PyResult<Option<Room>> {
    const LARGE: usize = 256;
    const PER_WORD: usize = 256;
    if words < LARGE { Ok(None) } else { Room::new(words.saturating_mul(PER_WORD)).map(Some) }
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
        let words = words_of(code)?;
        let length = words.len();
        let _room = room_for(length)?;
        let is_bytes = if pattern.is_none() { None } else { Some(!Subject::new(pattern, None)?.is_text()) };
        let program = match Program::build(words, groups) {
            Ok(program) => program,
            Err(Refused::Invalid) => return Err(raise!(RuntimeError, "invalid SRE code")),
            Err(Refused::TooDeep) => {
                return Err(raise!(RecursionError, "maximum recursion depth exceeded during compilation"));
            }
        };
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = memory::object::new::<Pattern>()?;
            let this = &*object;
            this.pattern.set(pattern.to_owned().into_ptr());
            this.group_index.set(group_index.to_owned().into_ptr());
            this.index_group.set(index_group.to_owned().into_ptr());
            this.program.set(Box::into_raw(Box::new(program)));
            this.flags.set(flags);
            this.group_count.set(groups);
            this.head.ob_size.set(length as isize);
            this.is_bytes.set(is_bytes);
            memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// The program as it is.
    #[inline]
    fn plain_program(&self) -> &Program {
        // SAFETY: made with the pattern, not freed before it, and changed by `program` alone.
        unsafe { &*self.program.get() }
    }

    /// The program, ready to run.
    #[inline]
    pub fn program(&self) -> PyResult<&Program> {
        if !self.plain_program().analysed {
            let _room = room_for(self.plain_program().words.len())?;
            // SAFETY: nobody has a reference yet: whoever keeps one got it here, after the analysis.
            analysis::analyse(unsafe { &mut *self.program.get() });
        }
        Ok(self.plain_program())
    }

    pub fn groups(&self) -> usize {
        self.plain_program().groups
    }

    pub fn is_bytes(&self) -> Option<bool> {
        self.is_bytes.get()
    }

    pub fn group_index(&self) -> Ref<Dict> {
        // SAFETY: a dict, by construction.
        unsafe { field(&self.group_index).into_unchecked() }
    }

    pub fn index_group(&self) -> Ref<Tuple> {
        // SAFETY: a tuple, by construction.
        unsafe { field(&self.index_group).into_unchecked() }
    }

    fn attempt(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: isize,
        endpos: isize,
        mode: Mode,
    ) -> PyResult<Option<Ref<Match>>> {
        let subject = Subject::new(string, this.is_bytes())?;
        let range = clip(subject.len(), pos, endpos);
        let mut finder = Finder::new(this.program()?);
        if finder.find(subject.data(), range, mode, false)? {
            return Match::new(this, string, &finder, range).map(Some);
        }
        Ok(None)
    }

    /// Calls `body` for each match in turn, until it says no.
    fn each(
        this: &Ref<Pattern>,
        subject: &Subject<'_>,
        pos: isize,
        endpos: isize,
        mut body: impl FnMut(&Finder<'_>, (usize, usize)) -> PyResult<bool>,
    ) -> PyResult<()> {
        let range = clip(subject.len(), pos, endpos);
        let (mut at, mut must_advance) = (range.0, false);
        let mut finder = Finder::new(this.program()?);
        while finder.find(subject.data(), (at, range.1), Mode::Search, must_advance)? {
            if !body(&finder, range)? {
                break;
            }
            must_advance = finder.start == finder.end;
            at = finder.end;
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
        enum Filter {
            Literal(Ref<Object>),
            Template(Ref<Template>),
            Call(Ref<Object>),
        }
        let filter = if repl.is_callable() {
            Filter::Call(repl.to_owned())
        } else {
            let literal = match (repl.downcast::<Str>(), repl.downcast::<Bytes>()) {
                (Some(text), _) => text.find_char('\\' as u32, 0..text.len()).is_none(),
                (_, Some(bytes)) => memchr::memchr(b'\\', bytes.as_slice()).is_none(),
                _ => match Subject::new(repl, None) {
                    Ok(subject) => subject.data().iter().all(|unit| unit != u32::from(b'\\')),
                    Err(raised) => {
                        raised.clear();
                        false
                    }
                },
            };
            if literal {
                Filter::Literal(repl.to_owned())
            } else {
                let compile = taipan_runtime::import::import_attr("re", "_compile_template")?;
                let compiled = compile.call(&[this.as_borrowed(), repl])?;
                match compiled.into_downcast::<Template>() {
                    Ok(template) => match template.literal()? {
                        Some(literal) => Filter::Literal(literal),
                        None => Filter::Template(template),
                    },
                    Err(other) if other.is_callable() => Filter::Call(other),
                    Err(other) => Filter::Literal(other),
                }
            }
        };
        let subject = Subject::new(string, this.is_bytes())?;
        let pieces = List::new()?;
        let (mut last, mut times) = (0, 0usize);
        Pattern::each(this, &subject, 0, isize::MAX, |finder, range| {
            if finder.start > last {
                pieces.push(subject.slice(last, finder.start)?)?;
            }
            match &filter {
                Filter::Literal(literal) => pieces.push(literal.clone())?,
                Filter::Template(template) => {
                    template.push_pieces(&pieces, &subject, this.groups(), |group| finder.span(group))?;
                }
                Filter::Call(function) => {
                    let found = Match::new(this, string, finder, range)?;
                    let item = function.call1(found.as_borrowed())?;
                    if !item.is_none() {
                        pieces.push(item)?;
                    }
                }
            }
            last = finder.end;
            times += 1;
            Ok(count <= 0 || times < count as usize)
        })?;
        let length = subject.len();
        if times == 0 {
            return Ok((subject.slice(0, length)?, 0));
        }
        if last < length {
            pieces.push(subject.slice(last, length)?)?;
        }
        Ok((join(&subject, &pieces)?, times))
    }
}

#[pytype(name = "Pattern", module = "re", gc, disallow_instantiation,
         weaklistoffset = core::mem::offset_of!(Pattern, weakrefs), heap,
    basicsize = 96,
    itemsize = 4
)]
impl Pattern {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Pattern) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::object::gc_untrack(this.cast());
            taipan_runtime::types::weakref::clear_refs(this.cast());
            for field in [&(*this).pattern, &(*this).group_index, &(*this).index_group] {
                header::xdecref(field.get());
            }
            if !(*this).program.get().is_null() {
                drop(Box::from_raw((*this).program.get()));
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
        let mut hash = field(&this.pattern).hash()? as u64;
        for word in &this.plain_program().words {
            hash = (hash ^ u64::from(*word)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= this.flags.get() as u64;
        hash ^= u64::from(this.is_bytes() == Some(true)) << 32;
        hash ^= this.groups() as u64;
        Ok(if hash as isize == -1 { -2 } else { hash as isize })
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Pattern>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let Some(other) = other.downcast::<Pattern>() else { return Ok(not_implemented()) };
        let same = this.is(&other)
            || (this.flags.get() == other.flags.get()
                && this.is_bytes() == other.is_bytes()
                && this.plain_program().words == other.plain_program().words
                && field(&this.pattern).equals(field(&other.pattern).borrow())?);
        Ok(taipan_runtime::types::Bool::from(same == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Pattern>) -> PyResult<Ref<Str>> {
        const NAMES: [(c_int, &str); 8] = [
            (2, "re.IGNORECASE"),
            (8, "re.MULTILINE"),
            (16, "re.DOTALL"),
            (64, "re.VERBOSE"),
            (128, "re.DEBUG"),
            (256, "re.ASCII"),
            (4, "re.LOCALE"),
            (32, "re.UNICODE"),
        ];
        let mut flags = this.flags.get();
        // The default for text is not shown.
        if this.is_bytes() == Some(false) && flags & (4 | 32 | 256) == 32 {
            flags &= !32;
        }
        let mut names: Vec<String> = Vec::new();
        for (bit, name) in NAMES {
            if flags & bit != 0 {
                names.push(name.to_owned());
                flags &= !bit;
            }
        }
        if flags != 0 {
            names.push(format!("{flags:#x}"));
        }
        let text = field(&this.pattern).repr()?;
        let mut out = taipan_runtime::types::str::StrBuilder::new();
        out.push_str("re.compile(")?;
        out.push_substring(&text, 0..text.len().min(200))?;
        if !names.is_empty() {
            out.push_str(", ")?;
            out.push_str(&names.join("|"))?;
        }
        out.push_str(")")?;
        out.finish()
    }

    #[method(name = "match", signature = "($self, /, string, pos=0, endpos=sys.maxsize)", defining_class)]
    fn py_match(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Match)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)", defining_class)]
    fn fullmatch(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::FullMatch)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)", defining_class)]
    fn search(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Option<Ref<Match>>> {
        Pattern::attempt(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), Mode::Search)
    }

    #[method(signature = "($self, /, repl, string, count=0)", defining_class)]
    fn sub(
        this: &Ref<Pattern>,
        repl: Borrowed<'_, Object>,
        string: Borrowed<'_, Object>,
        count: Option<isize>,
    ) -> PyResult<Ref<Object>> {
        Ok(Pattern::substitute(this, repl, string, count.unwrap_or(0))?.0)
    }

    #[method(signature = "($self, /, repl, string, count=0)", defining_class)]
    fn subn(
        this: &Ref<Pattern>,
        repl: Borrowed<'_, Object>,
        string: Borrowed<'_, Object>,
        count: Option<isize>,
    ) -> PyResult<Ref<Tuple>> {
        let (text, times) = Pattern::substitute(this, repl, string, count.unwrap_or(0))?;
        Tuple::from_vec(vec![text, Int::from_usize(times)?.into_object()])
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn findall(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<List>> {
        let subject = Subject::new(string, this.is_bytes())?;
        let list = List::new()?;
        let groups = this.groups();
        Pattern::each(this, &subject, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX), |finder, _| {
            let text_of = |group| {
                let (start, end) = finder.span(group).unwrap_or((0, 0));
                subject.slice(start, end)
            };
            let item = match groups {
                0 => text_of(0)?,
                1 => text_of(1)?,
                _ => {
                    let mut items = vec_with_capacity(groups)?;
                    for group in 1..=groups {
                        items.push(text_of(group)?);
                    }
                    Tuple::from_vec(items)?.into_object()
                }
            };
            list.push(item)?;
            Ok(true)
        })?;
        Ok(list)
    }

    #[method(signature = "($self, /, string, maxsplit=0)")]
    fn split(this: &Ref<Pattern>, string: Borrowed<'_, Object>, maxsplit: Option<isize>) -> PyResult<Ref<List>> {
        let subject = Subject::new(string, this.is_bytes())?;
        let list = List::new()?;
        let (mut last, mut times) = (0, 0isize);
        let limit = maxsplit.unwrap_or(0);
        if limit >= 0 {
            Pattern::each(this, &subject, 0, isize::MAX, |finder, _| {
                list.push(subject.slice(last, finder.start)?)?;
                for group in 1..=this.groups() {
                    list.push(match finder.span(group) {
                        Some((start, end)) => subject.slice(start, end)?,
                        None => none(),
                    })?;
                }
                last = finder.end;
                times += 1;
                Ok(limit == 0 || times < limit)
            })?;
        }
        list.push(subject.slice(last, subject.len())?)?;
        Ok(list)
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)", defining_class)]
    fn finditer(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<Object>> {
        let scanner = Scanner::new(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX))?;
        let search = scanner.as_object().getattr(id!("search"))?;
        taipan_runtime::types::iter::CallableIterator::new(search, none())
    }

    #[method(signature = "($self, /, string, pos=0, endpos=sys.maxsize)", defining_class)]
    fn scanner(
        this: &Ref<Pattern>,
        string: Borrowed<'_, Object>,
        pos: Option<isize>,
        endpos: Option<isize>,
    ) -> PyResult<Ref<Scanner>> {
        Scanner::new(this, string, pos.unwrap_or(0), endpos.unwrap_or(isize::MAX))
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

    #[member(name = "pattern", kind = T_OBJECT, offset = offset_of!(Pattern, pattern), readonly)]
    const _PATTERN: () = ();

    #[member(name = "flags", kind = T_INT, offset = offset_of!(Pattern, flags), readonly)]
    const _FLAGS: () = ();

    #[member(name = "groups", kind = T_PYSSIZET, offset = offset_of!(Pattern, group_count), readonly)]
    const _GROUPS: () = ();

    #[getter]
    fn groupindex(this: &Ref<Pattern>) -> PyResult<Ref<Object>> {
        taipan_runtime::types::MappingProxy::type_object().as_object().call1(this.group_index().as_borrowed())
    }
}
