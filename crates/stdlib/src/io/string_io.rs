//! `StringIO`: a stream over text in memory. CPython: `Modules/_io/stringio.c`.

use core::cell::{Cell, UnsafeCell};
use core::ptr;

use taipan_runtime::types::str::StrBuilder;

use super::base::{self, IoBase, TextIoBase};
use super::newline::Newlines;
use super::text::LineEnd;
use taipan_runtime::prelude::*;

/// The state of a stream whose `__init__` has not run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Uninitialized,
    Open,
    Closed,
}

#[repr(C)]
pub struct StringIo {
    base: IoBase,
    contents: UnsafeCell<StrBuilder>,
    position: Cell<usize>,
    state: Cell<State>,
    /// What ends a line when reading, and what `\n` is written as.
    line_end: Cell<LineEnd>,
    newlines: Newlines,
}

impl StringIo {
    fn check_open(&self) -> PyResult<()> {
        match self.state.get() {
            State::Open => Ok(()),
            State::Closed => Err(raise!(ValueError, "I/O operation on closed file")),
            State::Uninitialized => Err(raise!(ValueError, "I/O operation on uninitialized object")),
        }
    }

    /// The contents.
    ///
    /// # Safety
    /// The reference is not held across anything that can run Python code.
    #[expect(clippy::mut_from_ref, reason = "the cell is the object's own; see the contract")]
    unsafe fn contents(&self) -> &mut StrBuilder {
        // SAFETY: by contract.
        unsafe { &mut *self.contents.get() }
    }

    fn len(&self) -> usize {
        // SAFETY: the length alone is used.
        unsafe { self.contents().len() }
    }

    fn take(&self, count: usize) -> PyResult<Ref<Str>> {
        // SAFETY: copying runs no Python code.
        let data = unsafe { self.contents() }.data();
        let start = self.position.get().min(data.len());
        let count = count.min(data.len() - start);
        let text = Str::from_data(data.range(start..start + count))?;
        self.position.set(self.position.get() + count);
        Ok(text)
    }

    fn take_line(&self, limit: Option<usize>) -> PyResult<Ref<Str>> {
        // SAFETY: searching runs no Python code.
        let data = unsafe { self.contents() }.data();
        let start = self.position.get().min(data.len());
        let most = limit.map_or(data.len() - start, |limit| limit.min(data.len() - start));
        let rest = data.range(start..data.len());
        let count = self.line_end.get().find(rest).unwrap_or(rest.len()).min(most);
        self.take(count)
    }

    /// Writes text at the position. The text's line ends are turned into those of the stream.
    fn put(&self, text: &Ref<Str>) -> PyResult<()> {
        let mut text = text.to_exact()?;
        let line_end = self.line_end.get();
        if line_end.is_universal() {
            text = self.newlines.decode(text, true)?;
        }
        if let Some(written) = line_end.written()
            && text.find_char(u32::from('\n'), 0..text.len()).is_some()
        {
            text = text.replace(&Str::latin1_char(b'\n'), &Str::from_utf8_str(written)?, -1)?;
        }
        if text.is_empty() {
            return Ok(());
        }
        let start = self.position.get();
        let Some(end) = start.checked_add(text.len()).filter(|&end| end <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "new position too large"));
        };
        // SAFETY: changing the builder runs no Python code.
        let contents = unsafe { self.contents() };
        if start > contents.len() {
            contents.push_fill(0, start - contents.len())?;
        }
        if start == contents.len() {
            contents.push_object(&text)?
        } else {
            contents.overwrite(start, text.data())?
        }
        self.position.set(end);
        Ok(())
    }

    fn value(&self) -> PyResult<Ref<Str>> {
        // SAFETY: copying runs no Python code.
        Str::from_data(unsafe { self.contents() }.data())
    }

    fn set_up(
        this: &Ref<StringIo>,
        initial: Option<Borrowed<'_, Object>>,
        newline: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Option<Ref<Str>>> {
        let line_end = match newline {
            None => LineEnd::Newline,
            Some(newline) if newline.is_none() => LineEnd::Translated,
            Some(newline) => match newline.downcast::<Str>() {
                Some(text) => match LineEnd::parse(Some(text)) {
                    Some(line_end) => line_end,
                    None => {
                        return Err(raise!(ValueError, "illegal newline value: {}", newline.to_repr_text()));
                    }
                },
                None => {
                    return Err(raise!(TypeError, "newline must be str or None, not {}", newline.type_name()));
                }
            },
        };
        let initial = match initial {
            Some(initial) if !initial.is_none() => match initial.downcast::<Str>() {
                Some(text) => Some(text.to_owned()),
                None => {
                    return Err(raise!(TypeError, "initial_value must be str or None, not {}", initial.type_name()));
                }
            },
            _ => None,
        };
        this.state.set(State::Uninitialized);
        // SAFETY: the builder is replaced as a whole.
        unsafe { *this.contents() = StrBuilder::new() };
        this.position.set(0);
        this.line_end.set(line_end);
        this.newlines.reset();
        this.newlines.translate.set(line_end == LineEnd::Translated);
        Ok(initial)
    }

    /// The `newline` argument that makes a stream like this.
    fn newline_argument(&self) -> PyResult<Ref<Object>> {
        match self.line_end.get().argument() {
            None => Ok(none()),
            Some(text) => Ok(Str::from_utf8_str(text)?.into_object()),
        }
    }
}

#[pytype(name = "StringIO", module = "_io", base = TextIoBase, gc, basetype, dictoffset = base::DICT, weaklistoffset = base::WEAKLIST, heap, basicsize = 120)]
impl StringIo {
    #[slot(tp_traverse)]
    fn traverse(this: &StringIo, visit: &mut Visitor) {
        visit.object(this.base.dict.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<StringIo>) {
        this.base.dict.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut StringIo) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if base::begin_dealloc(this) {
                ptr::drop_in_place((*this).contents.get());
                base::end_dealloc(this);
            }
        }
    }

    #[new(raw, signature = "(initial_value='', newline='\\n')")]
    fn new(cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<Ref<StringIo>> {
        // SAFETY: the class is `StringIO` or a subclass; what is not valid as zeroes is written before anyone sees it.
        unsafe {
            let this: Ref<StringIo> = cls.alloc(0)?.into_unchecked();
            this.contents.get().write(StrBuilder::new());
            this.state.as_ptr().write(State::Uninitialized);
            this.line_end.as_ptr().write(LineEnd::Newline);
            Ok(this)
        }
    }

    #[init(signature = "(initial_value='', newline='\\n')")]
    fn init(
        this: &Ref<StringIo>,
        initial_value: Option<Borrowed<'_, Object>>,
        newline: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let initial = StringIo::set_up(this, initial_value, newline)?;
        if let Some(initial) = initial {
            this.put(&initial)?;
            this.position.set(0);
        }
        this.state.set(State::Open);
        Ok(())
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<StringIo>) -> PyResult<Option<Ref<Str>>> {
        this.check_open()?;
        let line = if this.is_exact::<StringIo>() {
            this.take_line(None)?
        } else {
            let line = this.as_object().call_method(id!("readline"), &[])?;
            line.into_downcast::<Str>().map_err(|other| {
                raise!(OSError, "readline() should have returned a str object, not '{}'", other.type_name())
            })?
        };
        Ok(if line.is_empty() { None } else { Some(line) })
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<StringIo>) {
        this.state.set(State::Closed);
        // SAFETY: the builder is replaced as a whole.
        unsafe { *this.contents() = StrBuilder::new() };
    }

    #[method(signature = "($self, /)")]
    fn getvalue(this: &Ref<StringIo>) -> PyResult<Ref<Str>> {
        this.check_open()?;
        this.value()
    }

    #[method(signature = "($self, size=-1, /)")]
    fn read(this: &Ref<StringIo>, size: Nullable<isize>) -> PyResult<Ref<Str>> {
        this.check_open()?;
        this.take(base::size_limit(size).unwrap_or(usize::MAX))
    }

    #[method(signature = "($self, size=-1, /)")]
    fn readline(this: &Ref<StringIo>, size: Nullable<isize>) -> PyResult<Ref<Str>> {
        this.check_open()?;
        this.take_line(base::size_limit(size))
    }

    #[method(signature = "($self, /)")]
    fn tell(this: &Ref<StringIo>) -> PyResult<usize> {
        this.check_open()?;
        Ok(this.position.get())
    }

    #[method(signature = "($self, pos=None, /)")]
    fn truncate(this: &Ref<StringIo>, pos: Nullable<isize>) -> PyResult<usize> {
        this.check_open()?;
        let size = match pos.into_option() {
            None => this.position.get(),
            Some(size) => match usize::try_from(size) {
                Ok(size) => size,
                Err(_) => return Err(raise!(ValueError, "Negative size value {size}")),
            },
        };
        // SAFETY: changing the builder runs no Python code.
        unsafe { this.contents().truncate(size) };
        Ok(size)
    }

    #[method(signature = "($self, pos, whence=0, /)")]
    fn seek(this: &Ref<StringIo>, pos: isize, whence: i32) -> PyResult<usize> {
        this.check_open()?;
        let position = match whence {
            0 => match usize::try_from(pos) {
                Ok(pos) => pos,
                Err(_) => return Err(raise!(ValueError, "Negative seek position {pos}")),
            },
            1 | 2 if pos != 0 => return Err(raise!(OSError, "Can't do nonzero cur-relative seeks")),
            1 => this.position.get(),
            2 => this.len(),
            _ => return Err(raise!(ValueError, "Invalid whence ({whence}, should be 0, 1 or 2)")),
        };
        this.position.set(position);
        Ok(position)
    }

    #[method(signature = "($self, s, /)")]
    fn write(this: &Ref<StringIo>, s: Borrowed<'_, Object>) -> PyResult<usize> {
        let Some(text) = s.downcast::<Str>() else {
            return Err(raise!(TypeError, "string argument expected, got '{}'", s.type_name()));
        };
        this.check_open()?;
        this.put(&text)?;
        Ok(text.len())
    }

    #[method(signature = "($self, /)")]
    fn seekable(this: &Ref<StringIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(signature = "($self, /)")]
    fn readable(this: &Ref<StringIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(signature = "($self, /)")]
    fn writable(this: &Ref<StringIo>) -> PyResult<bool> {
        this.check_open().map(|()| true)
    }

    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<StringIo>) -> PyResult<Ref<Tuple>> {
        this.check_open()?;
        let position = Int::from_usize(this.position.get())?.into_object();
        let dict = base::dict_copy(this.as_object())?;
        Tuple::pack([this.value()?.into_object(), this.newline_argument()?, position, dict])
    }

    #[method(name = "__setstate__", signature = "($self, state, /)")]
    fn setstate(this: &Ref<StringIo>, state: Borrowed<'_, Object>) -> PyResult<()> {
        if this.state.get() == State::Closed {
            return Err(raise!(ValueError, "I/O operation on closed file"));
        }
        let Some(state) = state.downcast::<Tuple>().filter(|state| state.len() >= 4) else {
            return Err(raise!(
                TypeError,
                "{}.__setstate__ argument should be 4-tuple, got {}",
                this.type_of().full_name()?,
                state.type_name()
            ));
        };
        let initial = StringIo::set_up(this, Some(state.get(0)), Some(state.get(1)))?;
        this.state.set(State::Open);
        if let Some(initial) = initial {
            // The value is what was in the buffer: its line ends are those of the stream already.
            // SAFETY: changing the builder runs no Python code.
            unsafe { this.contents().push_object(&initial)? };
        }
        let Some(position) = state.get(2).downcast_borrowed::<Int>() else {
            return Err(raise!(TypeError, "third item of state must be an integer, got {}", state.get(2).type_name()));
        };
        let Ok(position) = usize::try_from(position.as_object().as_isize()?) else {
            return Err(raise!(ValueError, "position value cannot be negative"));
        };
        this.position.set(position);
        base::restore_dict(this.as_object(), state.get(3), "fourth")
    }

    #[getter]
    fn closed(this: &Ref<StringIo>) -> PyResult<bool> {
        match this.state.get() {
            State::Uninitialized => this.check_open().map(|()| false),
            state => Ok(state == State::Closed),
        }
    }

    #[getter]
    fn newlines(this: &Ref<StringIo>) -> PyResult<Ref<Object>> {
        this.check_open()?;
        if this.line_end.get().is_universal() { this.newlines.seen() } else { Ok(none()) }
    }

    #[getter]
    fn line_buffering(this: &Ref<StringIo>) -> PyResult<bool> {
        this.check_open().map(|()| false)
    }
}
