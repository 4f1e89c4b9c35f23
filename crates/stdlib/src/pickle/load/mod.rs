//! Reading: a machine with a stack of objects and a stack of marks.
//!
//! **Invariant:** nothing below the fence, which is the last mark, is taken from the stack; an instruction that wants more
//! than is there raises.

mod objects;
mod values;

use core::cell::RefCell;

use taipan_runtime::prelude::*;
use taipan_runtime::types::{codec, int};

use super::input::Input;
use super::opcode::{self as op, HIGHEST_PROTOCOL};
use super::unpickler::Unpickler;
use super::unpickling_error;

pub use objects::find_class;

/// The memo of an unpickler: objects by number.
pub type Memo = Vec<Option<Ref<Object>>>;

/// The arguments of an unpickler.
pub struct Options {
    pub fix_imports: bool,
    pub encoding: String,
    pub errors: String,
    /// An iterator.
    pub buffers: Option<Ref<Object>>,
}

impl Options {
    pub fn new(
        fix_imports: Option<bool>,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Options> {
        let buffers = match buffers.filter(|buffers| !buffers.is_none()) {
            Some(buffers) => Some(buffers.iter()?),
            None => None,
        };
        Ok(Options {
            fix_imports: fix_imports.unwrap_or(true),
            encoding: encoding.unwrap_or("ASCII").to_owned(),
            errors: errors.unwrap_or("strict").to_owned(),
            buffers,
        })
    }
}

/// One pickle that is being read.
pub struct Loader<'a> {
    options: &'a Options,
    memo: &'a RefCell<Memo>,
    input: Input,
    owner: Option<&'a Ref<Unpickler>>,
    /// Whether the unpickler's methods may be others than ours.
    custom: bool,
    stack: Vec<Ref<Object>>,
    marks: Vec<usize>,
    fence: usize,
    protocol: i32,
}

impl<'a> Loader<'a> {
    pub fn new(
        options: &'a Options,
        memo: &'a RefCell<Memo>,
        input: Input,
        owner: Option<&'a Ref<Unpickler>>,
    ) -> Loader<'a> {
        Loader {
            options,
            memo,
            input,
            owner,
            custom: owner.is_some_and(|owner| owner.is_custom()),
            stack: Vec::new(),
            marks: Vec::new(),
            fence: 0,
            protocol: 0,
        }
    }

    // ---- the stack ----

    #[cold]
    fn underflow(&self) -> Raised {
        if self.marks.is_empty() {
            unpickling_error(format_args!("unpickling stack underflow"))
        } else {
            unpickling_error(format_args!("unexpected MARK found"))
        }
    }

    #[inline(always)]
    fn push<T>(&mut self, object: Ref<T>) -> PyResult<()> {
        if self.stack.len() == self.stack.capacity() && self.stack.try_reserve(64).is_err() {
            return Err(Raised::no_memory());
        }
        self.stack.push(object.into_object());
        Ok(())
    }

    #[inline(always)]
    fn pop(&mut self) -> PyResult<Ref<Object>> {
        if self.stack.len() > self.fence
            && let Some(top) = self.stack.pop()
        {
            return Ok(top);
        }
        Err(self.underflow())
    }

    #[inline(always)]
    fn top(&self) -> PyResult<&Ref<Object>> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.fence => Ok(top),
            _ => Err(self.underflow()),
        }
    }

    fn pop_mark(&mut self) -> PyResult<usize> {
        let Some(mark) = self.marks.pop() else { return Err(unpickling_error(format_args!("could not find MARK"))) };
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    /// The items from `start` on, taken from the stack.
    fn split(&mut self, start: usize) -> PyResult<Vec<Ref<Object>>> {
        if start < self.fence || start > self.stack.len() {
            return Err(self.underflow());
        }
        let mut items = vec_with_capacity(self.stack.len() - start)?;
        items.extend(self.stack.drain(start..));
        Ok(items)
    }

    /// The items above the last mark.
    fn pop_items(&mut self) -> PyResult<Vec<Ref<Object>>> {
        let mark = self.pop_mark()?;
        self.split(mark)
    }

    /// A tuple of the items from `start` on.
    fn pop_tuple(&mut self, start: usize) -> PyResult<Ref<Tuple>> {
        if start < self.fence || start > self.stack.len() {
            return Err(self.underflow());
        }
        let count = self.stack.len() - start;
        // SAFETY: the counts move into the tuple, or are dropped with it by the callee.
        unsafe {
            let items = self.stack.as_ptr().add(start);
            self.stack.set_len(start);
            Tuple::from_raw_slice_steal(items.cast(), count)
        }
    }

    // ---- numbers in the input ----

    /// A length of 4 or 8 bytes.
    fn length(&mut self, wide: bool, name: &str) -> PyResult<usize> {
        let len = if wide {
            u64::from_le_bytes(self.input.array()?)
        } else {
            u64::from(u32::from_le_bytes(self.input.array()?))
        };
        if len > isize::MAX as u64 {
            return Err(raise!(OverflowError, "{name} exceeds system's maximum size of {} bytes", isize::MAX));
        }
        Ok(len as usize)
    }

    /// A decimal number on a line of its own.
    fn line_number(&mut self) -> PyResult<Ref<Int>> {
        let line = self.input.line()?.try_to_vec()?;
        int::text::from_bytes_text(&line, 10)
    }

    // ---- the loop ----

    pub fn load(mut self) -> PyResult<Ref<Object>> {
        loop {
            let opcode = self.input.opcode()?;
            match opcode {
                op::STOP => return self.pop(),
                op::NONE => self.push(none())?,
                op::NEWTRUE => self.push(Bool::from(true))?,
                op::NEWFALSE => self.push(Bool::from(false))?,
                op::BININT1 => {
                    let value = self.input.byte()?;
                    self.push(Int::from_i64(value.into())?)?;
                }
                op::BININT2 => {
                    let value = u16::from_le_bytes(self.input.array()?);
                    self.push(Int::from_i64(value.into())?)?;
                }
                op::BININT => {
                    let value = i32::from_le_bytes(self.input.array()?);
                    self.push(Int::from_i64(value.into())?)?;
                }
                op::BINFLOAT => {
                    let value = f64::from_be_bytes(self.input.array()?);
                    self.push(Float::new(value)?)?;
                }
                op::SHORT_BINUNICODE => {
                    let len = self.input.byte()?.into();
                    self.load_str(len)?;
                }
                op::BINUNICODE => {
                    let len = self.length(false, "BINUNICODE")?;
                    self.load_str(len)?;
                }
                op::BINUNICODE8 => {
                    let len = self.length(true, "BINUNICODE8")?;
                    self.load_str(len)?;
                }
                op::MEMOIZE => {
                    let number = self.memo.borrow().len();
                    self.put(number)?;
                }
                op::BINGET => {
                    let number = self.input.byte()?.into();
                    self.get(number)?;
                }
                op::LONG_BINGET => {
                    let number = u32::from_le_bytes(self.input.array()?) as usize;
                    self.get(number)?;
                }
                op::BINPUT => {
                    let number = self.input.byte()?.into();
                    self.put(number)?;
                }
                op::LONG_BINPUT => {
                    let number = u32::from_le_bytes(self.input.array()?) as usize;
                    self.put(number)?;
                }
                op::MARK => {
                    if self.marks.try_reserve(1).is_err() {
                        return Err(Raised::no_memory());
                    }
                    self.fence = self.stack.len();
                    self.marks.push(self.fence);
                }
                op::EMPTY_TUPLE => self.push(Tuple::empty())?,
                op::TUPLE1 => self.load_short_tuple(1)?,
                op::TUPLE2 => self.load_short_tuple(2)?,
                op::TUPLE3 => self.load_short_tuple(3)?,
                op::TUPLE => {
                    let mark = self.pop_mark()?;
                    let tuple = self.pop_tuple(mark)?;
                    self.push(tuple)?;
                }
                op::EMPTY_LIST => self.push(List::new()?)?,
                op::EMPTY_DICT => self.push(Dict::new()?)?,
                op::EMPTY_SET => self.push(Set::new()?)?,
                op::LIST => {
                    let items = self.pop_items()?;
                    self.push(List::from_vec(items)?)?;
                }
                op::DICT => self.load_dict()?,
                op::FROZENSET => {
                    let mark = self.pop_mark()?;
                    let items = self.pop_tuple(mark)?;
                    self.push(FrozenSet::from_iterable(items.as_borrowed())?)?;
                }
                op::APPEND => {
                    let len = self.stack.len();
                    if len < self.fence + 2 {
                        return Err(self.underflow());
                    }
                    self.append(len - 1)?;
                }
                op::APPENDS => {
                    let mark = self.pop_mark()?;
                    self.append(mark)?;
                }
                op::SETITEM => {
                    let len = self.stack.len();
                    if len < self.fence + 3 {
                        return Err(self.underflow());
                    }
                    self.set_items(len - 2)?;
                }
                op::SETITEMS => {
                    let mark = self.pop_mark()?;
                    self.set_items(mark)?;
                }
                op::ADDITEMS => self.add_items()?,
                op::STACK_GLOBAL => {
                    let name = self.pop()?;
                    let module = self.pop()?;
                    let (Some(name), Some(module)) = (name.downcast_exact::<Str>(), module.downcast_exact::<Str>())
                    else {
                        return Err(unpickling_error(format_args!("STACK_GLOBAL requires str")));
                    };
                    let found = self.find_class(&module, &name)?;
                    self.push(found)?;
                }
                op::GLOBAL => {
                    let module = self.utf8_line()?;
                    let name = self.utf8_line()?;
                    let found = self.find_class(&module, &name)?;
                    self.push(found)?;
                }
                op::NEWOBJ => {
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.new_object(class, args, None)?;
                }
                op::NEWOBJ_EX => {
                    let keywords = self.pop()?;
                    let args = self.pop()?;
                    let class = self.pop()?;
                    self.new_object(class, args, Some(keywords))?;
                }
                op::REDUCE => {
                    let args = self.pop()?;
                    let function = self.pop()?;
                    let Some(args) = args.downcast::<Tuple>() else {
                        return Err(raise!(TypeError, "argument list must be a tuple"));
                    };
                    let result = function.call_tuple(args, None)?;
                    self.push(result)?;
                }
                op::BUILD => self.build()?,
                op::SHORT_BINBYTES => {
                    let len = self.input.byte()?.into();
                    self.load_bytes(len)?;
                }
                op::BINBYTES => {
                    let len = self.length(false, "BINBYTES")?;
                    self.load_bytes(len)?;
                }
                op::BINBYTES8 => {
                    let len = self.length(true, "BINBYTES8")?;
                    self.load_bytes(len)?;
                }
                op::BYTEARRAY8 => self.load_bytearray()?,
                op::LONG1 => {
                    let len = self.input.byte()?.into();
                    self.load_long(len)?;
                }
                op::LONG4 => {
                    let len = i32::from_le_bytes(self.input.array()?);
                    let Ok(len) = usize::try_from(len) else {
                        return Err(unpickling_error(format_args!("LONG pickle has negative byte count")));
                    };
                    self.load_long(len)?;
                }
                op::PROTO => {
                    let protocol = self.input.byte()?.into();
                    if protocol > HIGHEST_PROTOCOL {
                        return Err(raise!(ValueError, "unsupported pickle protocol: {protocol}"));
                    }
                    self.protocol = protocol;
                    if let Some(owner) = self.owner {
                        owner.set_protocol(protocol);
                    }
                }
                op::FRAME => {
                    let len = u64::from_le_bytes(self.input.array()?);
                    let Some(len) = usize::try_from(len).ok().filter(|&len| len <= isize::MAX as usize) else {
                        return Err(raise!(
                            OverflowError,
                            "FRAME length exceeds system's maximum of {} bytes",
                            isize::MAX
                        ));
                    };
                    self.input.frame(len)?;
                }
                op::POP => self.load_pop()?,
                op::POP_MARK => {
                    let items = self.pop_items()?;
                    drop(items);
                }
                op::DUP => {
                    let top = self.top()?.clone();
                    self.push(top)?;
                }
                op::GET => {
                    let number = self.line_number()?;
                    match number.to_usize() {
                        Some(number) => self.get(number)?,
                        None => {
                            let number = number.as_object().to_text();
                            return Err(unpickling_error(format_args!("Memo value not found at index {number}")));
                        }
                    }
                }
                op::PUT => {
                    let number = self.line_number()?;
                    self.top()?;
                    match number.to_isize() {
                        Some(number @ 0..) => self.put(number as usize)?,
                        Some(_) => return Err(raise!(ValueError, "negative PUT argument")),
                        None => return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
                    }
                }
                op::INT => self.load_int_line()?,
                op::LONG => self.load_long_line()?,
                op::FLOAT => self.load_float_line()?,
                op::UNICODE => {
                    let line = self.input.line()?.try_to_vec()?;
                    let (text, _) = codec::unicode_escape::decode_raw(&line, "strict", true)?;
                    self.push(text)?;
                }
                op::STRING => self.load_string_line()?,
                op::BINSTRING => {
                    let len = i32::from_le_bytes(self.input.array()?);
                    let Ok(len) = usize::try_from(len) else {
                        return Err(unpickling_error(format_args!("BINSTRING pickle has negative byte count")));
                    };
                    self.load_old_string(len)?;
                }
                op::SHORT_BINSTRING => {
                    let len = self.input.byte()?.into();
                    self.load_old_string(len)?;
                }
                op::OBJ => {
                    let mark = self.pop_mark()?;
                    if self.stack.len() <= mark {
                        return Err(self.underflow());
                    }
                    let args = self.pop_tuple(mark + 1)?;
                    let class = self.pop()?;
                    self.instantiate(&class, &args)?;
                }
                op::INST => {
                    let mark = self.pop_mark()?;
                    let module = self.ascii_line()?;
                    let name = self.ascii_line()?;
                    let class = self.find_class(&module, &name)?;
                    let args = self.pop_tuple(mark)?;
                    self.instantiate(&class, &args)?;
                }
                op::PERSID => {
                    let line = self.input.line()?.try_to_vec()?;
                    if !line.is_ascii() {
                        return Err(unpickling_error(format_args!(
                            "persistent IDs in protocol 0 must be ASCII strings"
                        )));
                    }
                    let id = Str::from_ascii(&line)?;
                    self.load_persistent(id.into_object())?;
                }
                op::BINPERSID => {
                    let id = self.pop()?;
                    self.load_persistent(id)?;
                }
                op::EXT1 => {
                    let code = self.input.byte()?.into();
                    self.load_extension(code)?;
                }
                op::EXT2 => {
                    let code = u16::from_le_bytes(self.input.array()?).into();
                    self.load_extension(code)?;
                }
                op::EXT4 => {
                    let code = i32::from_le_bytes(self.input.array()?);
                    self.load_extension(code)?;
                }
                op::NEXT_BUFFER => self.load_next_buffer()?,
                op::READONLY_BUFFER => self.load_read_only()?,
                other if other.is_ascii_graphic() && other != b'\'' && other != b'\\' => {
                    return Err(unpickling_error(format_args!("invalid load key, '{}'.", other as char)));
                }
                other => return Err(unpickling_error(format_args!("invalid load key, '\\x{other:02x}'."))),
            }
        }
    }

    // ---- the memo ----

    #[inline]
    fn get(&mut self, number: usize) -> PyResult<()> {
        let found = self.memo.borrow().get(number).and_then(|object| object.clone());
        match found {
            Some(object) => self.push(object),
            None => Err(unpickling_error(format_args!("Memo value not found at index {number}"))),
        }
    }

    #[inline]
    fn put(&mut self, number: usize) -> PyResult<()> {
        let top = self.top()?.clone();
        let old = put(&mut self.memo.borrow_mut(), number, top)?;
        drop(old);
        Ok(())
    }
}

/// Stores an object in a memo; what was there is given back, to be dropped when the memo is not borrowed.
pub fn put(memo: &mut Memo, number: usize, object: Ref<Object>) -> PyResult<Option<Ref<Object>>> {
    if number >= memo.len() {
        let more = number - memo.len() + 1;
        if memo.try_reserve(more).is_err() {
            return Err(Raised::no_memory());
        }
        memo.resize_with(number + 1, || None);
    }
    Ok(memo[number].replace(object))
}
