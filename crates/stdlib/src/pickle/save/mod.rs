//! Writing: one value after the other, by its type.
//!
//! **Invariant:** a container may change while its items are written, which runs Python code: each item is held, and looked
//! for again by its index.

mod containers;

use core::cell::RefCell;

use taipan_runtime::abi::PyBUF_FULL_RO;
use taipan_runtime::prelude::*;
use taipan_runtime::thread;
use taipan_runtime::types::buffer::{self as buffers, View};
use taipan_runtime::types::int::Base;
use taipan_runtime::types::pickle_buffer::PickleBuffer;
use taipan_runtime::types::str::StrData;
use taipan_runtime::types::{Function, float};

use super::memo::Memo;
use super::opcode::{self as op, DEFAULT_PROTOCOL, HIGHEST_PROTOCOL};
use super::output::Output;
use super::{STATE, pickling_error, state};
use crate::support;

/// The arguments of a pickler.
pub struct Options {
    pub protocol: i32,
    pub fix_imports: bool,
    pub buffer_callback: Option<Ref<Object>>,
}

impl Options {
    pub fn new(
        protocol: Option<Borrowed<'_, Object>>,
        fix_imports: bool,
        buffer_callback: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Options> {
        let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
            None => DEFAULT_PROTOCOL,
            Some(protocol) => {
                let Some(number) = protocol.index()?.to_i32() else {
                    return Err(raise!(OverflowError, "Python int too large to convert to C int"));
                };
                if number < 0 { HIGHEST_PROTOCOL } else { number }
            }
        };
        if protocol > HIGHEST_PROTOCOL {
            return Err(raise!(ValueError, "pickle protocol must be <= {HIGHEST_PROTOCOL}"));
        }
        let buffer_callback =
            buffer_callback.filter(|callback| !callback.is_none()).map(|callback| callback.to_owned());
        if buffer_callback.is_some() && protocol < 5 {
            return Err(raise!(ValueError, "buffer_callback needs protocol >= 5"));
        }
        Ok(Options { protocol, fix_imports: fix_imports && protocol < 3, buffer_callback })
    }
}

/// One pickle that is being written.
pub struct Saver<'a> {
    pub options: &'a Options,
    pub protocol: i32,
    memo: &'a RefCell<Memo>,
    pub out: Output,
    pub persistent_id: Option<Ref<Object>>,
    pub reducer_override: Option<Ref<Object>>,
    pub dispatch_table: Option<Ref<Object>>,
    pub fast: bool,
    /// The containers around the present value, in fast mode.
    nested: Vec<*mut abi::PyObject>,
}

/// The name of an object's type as messages of this module show it.
pub fn type_text(object: &Ref<Object>) -> String {
    support::type_text(object)
}

/// Adds `when serializing ...` to the exception that is set.
#[cold]
pub fn noted(raised: Raised, note: impl FnOnce() -> String) -> Raised {
    support::add_note(raised, note)
}

/// One pickle by a pickler of its own; what is left is the end of its output.
pub fn once(options: &Options, object: Borrowed<'_, Object>, write: Option<Ref<Object>>) -> PyResult<Output> {
    let memo = RefCell::default();
    let mut saver = Saver::new(options, &memo, write);
    saver.dump(&object)?;
    Ok(saver.out)
}

impl<'a> Saver<'a> {
    pub fn new(options: &'a Options, memo: &'a RefCell<Memo>, write: Option<Ref<Object>>) -> Saver<'a> {
        Saver {
            options,
            protocol: options.protocol,
            memo,
            out: Output::new(write),
            persistent_id: None,
            reducer_override: None,
            dispatch_table: None,
            fast: false,
            nested: Vec::new(),
        }
    }

    #[inline(always)]
    pub fn binary(&self) -> bool {
        self.protocol > 0
    }

    /// A whole pickle, but for what the output does at its end.
    pub fn dump(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if self.protocol >= 2 {
            self.out.write(&[op::PROTO, self.protocol as u8])?;
        }
        self.out.framing = self.protocol >= 4;
        self.save(object)?;
        self.out.op(op::STOP)
    }

    // ---- the memo ----

    #[inline(always)]
    fn known(&self, object: &Ref<Object>) -> Option<usize> {
        self.memo.borrow().get(object.as_ptr())
    }

    pub fn is_known(&self, object: &Ref<Object>) -> bool {
        self.known(object).is_some()
    }

    fn write_get(&mut self, number: usize) -> PyResult<()> {
        if !self.binary() {
            return self.out.write(format!("g{number}\n").as_bytes());
        }
        match number {
            0..0x100 => self.out.write(&[op::BINGET, number as u8]),
            0x100..=0xffff_ffff => {
                let [a, b, c, d] = (number as u32).to_le_bytes();
                self.out.write(&[op::LONG_BINGET, a, b, c, d])
            }
            _ => Err(pickling_error(format_args!("memo id too large for LONG_BINGET"))),
        }
    }

    /// Fetches an object that was written before.
    pub fn recall(&mut self, object: &Ref<Object>) -> PyResult<()> {
        match self.known(object) {
            Some(number) => self.write_get(number),
            None => Err(raise!(KeyError, object: Int::from_usize(object.as_ptr().addr())?)),
        }
    }

    /// Gives the object that was just written a number.
    #[inline]
    pub fn memoize(&mut self, object: &Ref<Object>) -> PyResult<()> {
        if self.fast {
            return Ok(());
        }
        let number = {
            let mut memo = self.memo.borrow_mut();
            let number = memo.len();
            memo.insert(object.clone(), number)?;
            number
        };
        if self.protocol >= 4 {
            return self.out.op(op::MEMOIZE);
        }
        if !self.binary() {
            return self.out.write(format!("p{number}\n").as_bytes());
        }
        match number {
            0..0x100 => self.out.write(&[op::BINPUT, number as u8]),
            0x100..=0xffff_ffff => {
                let [a, b, c, d] = (number as u32).to_le_bytes();
                self.out.write(&[op::LONG_BINPUT, a, b, c, d])
            }
            _ => Err(pickling_error(format_args!("memo id too large for LONG_BINPUT"))),
        }
    }

    // ---- any object ----

    #[inline]
    pub fn save(&mut self, object: &Ref<Object>) -> PyResult<()> {
        self.out.boundary()?;
        if self.persistent_id.is_some() && self.save_persistent(object)? {
            return Ok(());
        }
        self.save_value(object)
    }

    /// An object that is not asked for a persistent id.
    fn save_value(&mut self, object: &Ref<Object>) -> PyResult<()> {
        let ty = object.type_ptr();
        // What is never shared.
        if object.is_none() {
            return self.out.op(op::NONE);
        }
        if ty == Int::TYPE {
            // SAFETY: just checked.
            return self.save_int(unsafe { object.cast_unchecked() });
        }
        if ty == Bool::TYPE {
            let value = object.as_ptr() == Bool::true_ptr();
            return match (self.protocol >= 2, value) {
                (true, true) => self.out.op(op::NEWTRUE),
                (true, false) => self.out.op(op::NEWFALSE),
                (false, true) => self.out.write(b"I01\n"),
                (false, false) => self.out.write(b"I00\n"),
            };
        }
        if ty == Float::TYPE {
            // SAFETY: just checked.
            return self.save_float(unsafe { object.cast_unchecked::<Float>() }.value());
        }
        if let Some(number) = self.known(object) {
            return self.write_get(number);
        }
        // SAFETY: each cast follows a check of the type.
        unsafe {
            if ty == Str::TYPE {
                return self.save_str(object.cast_unchecked());
            }
            if ty == Bytes::TYPE {
                return self.save_bytes(object.cast_unchecked());
            }
            let _guard = thread::enter_recursive(" while pickling an object")?;
            if ty == Tuple::TYPE {
                return self.save_tuple(object.cast_unchecked());
            }
            if ty == Dict::TYPE {
                return self.save_dict(object.cast_unchecked());
            }
            if ty == List::TYPE {
                return self.save_list(object.cast_unchecked());
            }
            if ty == Set::TYPE {
                return self.save_set(object);
            }
            if ty == FrozenSet::TYPE {
                return self.save_frozenset(object);
            }
            if ty == ByteArray::TYPE {
                return self.save_bytearray(object.cast_unchecked());
            }
            if ty == PickleBuffer::TYPE {
                return self.save_buffer(object.cast_unchecked());
            }
            if let Some(reducer) = self.reducer_override.clone() {
                let reduced = reducer.call1(object.borrow())?;
                if !reduced.is_not_implemented() {
                    return self.save_reduced(object, &reduced);
                }
            }
            if ty == Type::TYPE {
                return self.save_type(object);
            }
            if ty == Function::TYPE {
                return self.save_global(object, None);
            }
        }
        self.save_by_reduction(object)
    }

    /// Writes a reference where the pickler has an id for the object; whether it has.
    fn save_persistent(&mut self, object: &Ref<Object>) -> PyResult<bool> {
        let Some(hook) = self.persistent_id.clone() else { return Ok(false) };
        let id = hook.call1(object.borrow())?;
        if id.is_none() {
            return Ok(false);
        }
        if self.binary() {
            self.save_value(&id)?;
            self.out.op(op::BINPERSID)?;
            return Ok(true);
        }
        let text = id.str()?;
        let Some(ascii) = text.as_ascii() else {
            return Err(pickling_error(format_args!("persistent IDs in protocol 0 must be ASCII strings")));
        };
        self.out.op(op::PERSID)?;
        self.out.write(ascii.as_bytes())?;
        self.out.write(b"\n")?;
        Ok(true)
    }

    // ---- numbers ----

    fn save_int(&mut self, int: &Ref<Int>) -> PyResult<()> {
        if let Some(value) = int.to_i64().and_then(|value| i32::try_from(value).ok()) {
            if !self.binary() {
                return self.out.write(format!("I{value}\n").as_bytes());
            }
            let [a, b, c, d] = value.to_le_bytes();
            return match (b, c, d) {
                (0, 0, 0) => self.out.write(&[op::BININT1, a]),
                (_, 0, 0) => self.out.write(&[op::BININT2, a, b]),
                _ => self.out.write(&[op::BININT, a, b, c, d]),
            };
        }
        if self.protocol < 2 {
            let text = int.to_text(Base::Decimal, false)?;
            self.out.write(b"L")?;
            self.out.write(text.as_bytes())?;
            return self.out.write(b"L\n");
        }
        let bytes = signed_bytes(int)?;
        match u8::try_from(bytes.len()) {
            Ok(len) => self.out.write(&[op::LONG1, len])?,
            Err(_) => {
                let Ok(len) = i32::try_from(bytes.len()) else {
                    return Err(raise!(OverflowError, "int too large to pickle"));
                };
                self.out.op(op::LONG4)?;
                self.out.write(&len.to_le_bytes())?;
            }
        }
        self.out.write(&bytes)
    }

    fn save_float(&mut self, value: f64) -> PyResult<()> {
        if self.binary() {
            let mut bytes = [op::BINFLOAT; 9];
            bytes[1..].copy_from_slice(&value.to_be_bytes());
            return self.out.write(&bytes);
        }
        self.out.write(format!("F{}\n", float::text::repr(value)).as_bytes())
    }

    // ---- strings ----

    fn save_str(&mut self, string: &Ref<Str>) -> PyResult<()> {
        if !self.binary() {
            self.out.op(op::UNICODE)?;
            let text = raw_escaped(string)?;
            self.out.write(&text)?;
            self.out.write(b"\n")?;
            return self.memoize(string.as_object());
        }
        match string.cached_utf8() {
            Some(utf8) => self.write_utf8(utf8.as_bytes())?,
            None => {
                // Surrogates are written as three bytes each.
                let utf8 = string.to_wtf8()?;
                self.write_utf8(&utf8)?;
            }
        }
        self.memoize(string.as_object())
    }

    #[inline(always)]
    fn write_utf8(&mut self, utf8: &[u8]) -> PyResult<()> {
        let len = utf8.len();
        if len <= 0xff && self.protocol >= 4 {
            self.out.write(&[op::SHORT_BINUNICODE, len as u8])?;
            return self.out.write(utf8);
        }
        if len <= 0xffff_ffff {
            let [a, b, c, d] = (len as u32).to_le_bytes();
            return self.out.write_data(&[op::BINUNICODE, a, b, c, d], utf8, None);
        }
        if self.protocol >= 4 {
            return self.out.write_data(&long_header(op::BINUNICODE8, len), utf8, None);
        }
        Err(raise!(OverflowError, "serializing a string larger than 4 GiB requires pickle protocol 4 or higher"))
    }

    fn save_bytes(&mut self, bytes: &Ref<Bytes>) -> PyResult<()> {
        let object = bytes.as_object();
        if self.protocol < 3 {
            // Python 2 has no bytes: they are made from a string there and here alike.
            let (function, args) = if bytes.is_empty() {
                (Bytes::type_object().as_object().clone(), Tuple::empty())
            } else {
                let text = Str::from_ucs1(bytes.as_slice())?;
                let args = Tuple::pack([text.into_object(), id!("latin1").as_object().clone()])?;
                (state(&STATE.codecs_encode)?, args)
            };
            let reduced = Tuple::pack([function, args.into_object()])?;
            return self.save_reduce_tuple(object, &reduced);
        }
        self.write_bytes(bytes.as_slice(), Some(object))?;
        self.memoize(object)
    }

    fn write_bytes(&mut self, bytes: &[u8], object: Option<&Ref<Object>>) -> PyResult<()> {
        let len = bytes.len();
        if len <= 0xff {
            self.out.write(&[op::SHORT_BINBYTES, len as u8])?;
            return self.out.write(bytes);
        }
        if len <= 0xffff_ffff {
            let [a, b, c, d] = (len as u32).to_le_bytes();
            return self.out.write_data(&[op::BINBYTES, a, b, c, d], bytes, object);
        }
        if self.protocol >= 4 {
            return self.out.write_data(&long_header(op::BINBYTES8, len), bytes, object);
        }
        Err(raise!(OverflowError, "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher"))
    }

    fn save_bytearray(&mut self, bytes: &Ref<ByteArray>) -> PyResult<()> {
        let object = bytes.as_object();
        if self.protocol < 5 {
            let args = if bytes.is_empty() {
                Tuple::empty()
            } else {
                Tuple::pack([Bytes::from_slice(bytes.as_slice())?.into_object()])?
            };
            let class = ByteArray::type_object().as_object().clone();
            let reduced = Tuple::pack([class, args.into_object()])?;
            return self.save_reduce_tuple(object, &reduced);
        }
        // Held as an export, so that no writer moves the bytes meanwhile.
        let view = View::new(object.borrow(), PyBUF_FULL_RO)?;
        let data = view.bytes()?;
        self.out.write_data(&long_header(op::BYTEARRAY8, data.len()), &data, Some(object))?;
        self.memoize(object)
    }

    fn save_buffer(&mut self, object: &Ref<PickleBuffer>) -> PyResult<()> {
        if self.protocol < 5 {
            return Err(pickling_error(format_args!("PickleBuffer can only be pickled with protocol >= 5")));
        }
        // An export of our own: the callback may release the buffer object.
        let view = View::new(object.as_borrowed(), PyBUF_FULL_RO)?;
        // SAFETY: a filled view.
        if !view.suboffsets.is_null() || !unsafe { buffers::is_contiguous(&view, b'A') } {
            return Err(pickling_error(format_args!(
                "PickleBuffer can not be pickled when pointing to a non-contiguous buffer"
            )));
        }
        let mut in_band = true;
        if let Some(callback) = self.options.buffer_callback.clone() {
            in_band = callback.call1(object.as_borrowed())?.is_true()?;
        }
        let read_only = view.readonly != 0;
        if !in_band {
            self.out.op(op::NEXT_BUFFER)?;
            return if read_only { self.out.op(op::READONLY_BUFFER) } else { Ok(()) };
        }
        let len = view.len.max(0) as usize;
        let data: &[u8] = if len == 0 {
            &[]
        } else {
            // SAFETY: the memory is exported as long as the view lives, and is contiguous.
            unsafe { core::slice::from_raw_parts(view.buf.cast(), len) }
        };
        if read_only {
            self.write_bytes(data, None)?;
        } else {
            self.out.write_data(&long_header(op::BYTEARRAY8, len), data, None)?;
        }
        self.memoize(object.as_object())
    }
}

fn long_header(opcode: u8, len: usize) -> [u8; 9] {
    let mut header = [opcode; 9];
    header[1..].copy_from_slice(&(len as u64).to_le_bytes());
    header
}

/// The shortest two's complement, lowest byte first; nothing for zero.
fn signed_bytes(int: &Ref<Int>) -> PyResult<Vec<u8>> {
    let limbs = int.to_limbs()?;
    let negative = int.as_object().compare_bool(Int::zero().as_borrowed(), CompareOp::Lt)?;
    let mut bytes: Vec<u8> = vec_with_capacity(limbs.len() * 8 + 1)?;
    let mut carry = true;
    for limb in limbs {
        let limb = if negative {
            let (value, overflow) = (!limb).overflowing_add(u64::from(carry));
            carry = overflow;
            value
        } else {
            limb
        };
        bytes.extend_from_slice(&limb.to_le_bytes());
    }
    let fill = if negative { 0xff } else { 0 };
    bytes.push(fill);
    // The sign has to stay readable from the last byte.
    while let [.., below, last] = bytes[..]
        && last == fill
        && (below ^ fill) < 0x80
    {
        bytes.pop();
    }
    if bytes == [0] {
        bytes.clear();
    }
    Ok(bytes)
}

/// `raw-unicode-escape`, with what would break a line or an escape escaped too.
fn raw_escaped(string: &Ref<Str>) -> PyResult<Vec<u8>> {
    let mut out: Vec<u8> = vec_with_capacity(string.len())?;
    let data: StrData<'_> = string.data();
    for c in data.iter() {
        if out.try_reserve(10).is_err() {
            return Err(Raised::no_memory());
        }
        match c {
            0 | 0x0a | 0x0d | 0x1a | 0x5c | 0x100..=0xffff => out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
            0x1_0000.. => out.extend_from_slice(format!("\\U{c:08x}").as_bytes()),
            c => out.push(c as u8),
        }
    }
    Ok(out)
}
