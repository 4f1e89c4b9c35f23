//! Universal newlines: the state machine, and `IncrementalNewlineDecoder`, which shows it to Python.
//! CPython: the first part of `Modules/_io/textio.c`.

use core::cell::Cell;

use taipan_runtime::types::str::StrBuilder;

use super::field::Field;
use taipan_runtime::prelude::*;

const SEEN_CR: u8 = 1;
const SEEN_LF: u8 = 2;
const SEEN_CRLF: u8 = 4;

const CR: u32 = '\r' as u32;
const LF: u32 = '\n' as u32;

/// What a decoder of newlines remembers. All zero is the state at the start.
#[repr(C)]
pub struct Newlines {
    /// Whether all kinds of line end become `\n`.
    pub translate: Cell<bool>,
    /// Whether a `\r` at the end of the last input waits for a `\n`.
    pub pending_cr: Cell<bool>,
    seen: Cell<u8>,
}

impl Newlines {
    pub fn reset(&self) {
        self.seen.set(0);
        self.pending_cr.set(false);
    }

    fn see(&self, kinds: u8) {
        self.seen.set(self.seen.get() | kinds);
    }

    /// The text with what waited before it, its line ends counted and, if wanted, translated. Unless `last`, a `\r` at the
    /// end waits.
    pub fn decode(&self, text: Ref<Str>, last: bool) -> PyResult<Ref<Str>> {
        let mut text = text;
        if self.pending_cr.get() && (last || !text.is_empty()) {
            let mut joined = StrBuilder::with_capacity(text.len() + 1)?;
            joined.push(CR)?;
            joined.push_object(&text)?;
            text = joined.finish()?;
            self.pending_cr.set(false);
        }
        let len = text.len();
        if len == 0 {
            return Ok(text);
        }
        if !last && text.char_at(len - 1) == CR {
            text = text.substring(0..len - 1)?;
            self.pending_cr.set(true);
        }
        let len = text.len();
        let Some(first) = text.find_char(CR, 0..len) else {
            if self.seen.get() & SEEN_LF == 0 && text.find_char(LF, 0..len).is_some() {
                self.see(SEEN_LF);
            }
            return Ok(text);
        };
        if self.translate.get() { self.translated(&text, first) } else { self.counted(text) }
    }

    /// Every `\r\n` and `\r` as `\n`; the first `\r` is at `first`.
    fn translated(&self, text: &Ref<Str>, first: usize) -> PyResult<Ref<Str>> {
        let len = text.len();
        let mut out = StrBuilder::with_capacity(len)?;
        if self.seen.get() & SEEN_LF == 0 && text.find_char(LF, 0..first).is_some() {
            self.see(SEEN_LF);
        }
        let (mut at, mut cr) = (0, Some(first));
        while let Some(found) = cr {
            out.push_substring(text, at..found)?;
            out.push(LF)?;
            if found + 1 < len && text.char_at(found + 1) == LF {
                self.see(SEEN_CRLF);
                at = found + 2;
            } else {
                self.see(SEEN_CR);
                at = found + 1;
            }
            cr = text.find_char(CR, at..len);
            if self.seen.get() & SEEN_LF == 0 && text.find_char(LF, at..cr.unwrap_or(len)).is_some() {
                self.see(SEEN_LF);
            }
        }
        out.push_substring(text, at..len)?;
        out.finish()
    }

    fn counted(&self, text: Ref<Str>) -> PyResult<Ref<Str>> {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == LF {
                self.see(SEEN_LF);
            } else if c == CR {
                if chars.peek() == Some(&LF) {
                    chars.next();
                    self.see(SEEN_CRLF);
                } else {
                    self.see(SEEN_CR);
                }
            }
            if self.seen.get() == SEEN_CR | SEEN_LF | SEEN_CRLF {
                break;
            }
        }
        drop(chars);
        Ok(text)
    }

    /// The kinds of line end seen so far: None, one of them, or a tuple.
    pub fn seen(&self) -> PyResult<Ref<Object>> {
        let mut kinds = Vec::new();
        for (bit, text) in [(SEEN_CR, "\r"), (SEEN_LF, "\n"), (SEEN_CRLF, "\r\n")] {
            if self.seen.get() & bit != 0 {
                kinds.push(Str::from_utf8_str(text)?.into_object());
            }
        }
        match kinds.len() {
            0 => Ok(none()),
            1 => Ok(kinds.remove(0)),
            _ => Ok(Tuple::from_vec(kinds)?.into_object()),
        }
    }
}

/// `IncrementalNewlineDecoder`.
#[repr(C)]
pub struct IncrementalNewlineDecoder {
    head: abi::PyObject,
    /// The decoder of bytes behind it; None when the input is text.
    decoder: Field,
    newlines: Newlines,
}

impl IncrementalNewlineDecoder {
    fn decoder(&self) -> PyResult<Option<Ref<Object>>> {
        match self.decoder.get() {
            Some(decoder) if decoder.is_none() => Ok(None),
            Some(decoder) => Ok(Some(decoder)),
            None => Err(raise!(ValueError, "IncrementalNewlineDecoder.__init__() not called")),
        }
    }
}

/// What a decoder gave: text.
pub fn expect_text(decoded: Ref<Object>) -> PyResult<Ref<Str>> {
    decoded
        .into_downcast::<Str>()
        .map_err(|other| raise!(TypeError, "decoder should return a string result, not '{}'", other.type_name()))
}

#[pytype(name = "IncrementalNewlineDecoder", module = "_io", gc, basetype, heap, basicsize = 40)]
impl IncrementalNewlineDecoder {
    #[slot(tp_traverse)]
    fn traverse(this: &IncrementalNewlineDecoder, visit: &mut Visitor) {
        visit.object(this.decoder.as_ptr());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<IncrementalNewlineDecoder>) {
        this.decoder.clear();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut IncrementalNewlineDecoder) {
        // SAFETY: called once, by the last decref.
        unsafe {
            taipan_runtime::memory::object::gc_untrack(this.cast());
            (*this).decoder.clear();
            taipan_runtime::memory::object::dealloc_finish(this);
        }
    }

    #[init(signature = "(decoder, translate, errors='strict')")]
    fn init(
        this: &Ref<IncrementalNewlineDecoder>,
        decoder: Borrowed<'_, Object>,
        translate: bool,
        _errors: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        this.decoder.set(Some(decoder.to_owned()));
        this.newlines.translate.set(translate);
        this.newlines.reset();
        Ok(())
    }

    #[method(signature = "($self, /, input, final=False)")]
    fn decode(this: &Ref<IncrementalNewlineDecoder>, input: Borrowed<'_, Object>, last: bool) -> PyResult<Ref<Str>> {
        let text = match this.decoder()? {
            Some(decoder) => {
                let last = Bool::from(last);
                decoder.call_method(id!("decode"), &[input, last.as_borrowed()])?
            }
            None => input.to_owned(),
        };
        this.newlines.decode(expect_text(text)?, last)
    }

    #[method(signature = "($self, /)")]
    fn getstate(this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Ref<Tuple>> {
        let (buffer, flag) = match this.decoder()? {
            Some(decoder) => decoder_state(&decoder)?,
            None => (Bytes::empty().into_object(), 0),
        };
        let flag = flag << 1 | u64::from(this.newlines.pending_cr.get());
        Tuple::pack([buffer, Int::from_u64(flag)?.into_object()])
    }

    #[method(signature = "($self, state, /)")]
    fn setstate(this: &Ref<IncrementalNewlineDecoder>, state: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let decoder = this.decoder()?;
        let Some(state) = state.downcast::<Tuple>() else {
            return Err(raise!(TypeError, "state argument must be a tuple"));
        };
        if state.len() != 2 {
            return Err(raise!(TypeError, "illegal decoder state"));
        }
        let flag = state.get(1).index()?.to_u64_mask();
        this.newlines.pending_cr.set(flag & 1 != 0);
        match decoder {
            Some(decoder) => {
                let inner = Tuple::pack([state.get(0).to_owned(), Int::from_u64(flag >> 1)?.into_object()])?;
                decoder.call_method(id!("setstate"), &[inner.as_borrowed()])
            }
            None => Ok(none()),
        }
    }

    #[method(signature = "($self, /)")]
    fn reset(this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Ref<Object>> {
        let decoder = this.decoder()?;
        this.newlines.reset();
        match decoder {
            Some(decoder) => decoder.call_method(id!("reset"), &[]),
            None => Ok(none()),
        }
    }

    #[getter]
    fn newlines(this: &Ref<IncrementalNewlineDecoder>) -> PyResult<Ref<Object>> {
        this.decoder()?;
        this.newlines.seen()
    }
}

/// `decoder.getstate()`, checked: the undecoded input and the flags.
pub fn decoder_state(decoder: &Ref<Object>) -> PyResult<(Ref<Object>, u64)> {
    let state = decoder.call_method(id!("getstate"), &[])?;
    let Some(state) = state.downcast::<Tuple>().filter(|state| state.len() == 2) else {
        return Err(raise!(TypeError, "illegal decoder state"));
    };
    let Some(flag) = state.get(1).downcast::<Int>().map(|flag| flag.to_u64_mask()) else {
        return Err(raise!(TypeError, "illegal decoder state"));
    };
    Ok((state.get(0).to_owned(), flag))
}
