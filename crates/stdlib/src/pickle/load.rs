//! Reading: a machine with a stack of objects and a stack of marks.
//!
//! **Invariant:** nothing below the fence, which is the last mark, is taken from the stack; an instruction that wants more
//! than is there raises.

use core::cell::RefCell;

use taipan_runtime::prelude::*;
use taipan_runtime::types::codec;
use taipan_runtime::types::{exceptions, float, int};

use super::input::{Input, truncated};
use super::opcode::{self as op, HIGHEST_PROTOCOL};
use super::reduce::{dotted_path, import};
use super::unpickler::Unpickler;
use super::{STATE, lookup, unpickling_error};

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
        let mut items = crate::support::vec_with_capacity(self.stack.len() - start)?;
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
        let line = self.input.line()?.to_vec();
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
                    let line = self.input.line()?.to_vec();
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
                    let line = self.input.line()?.to_vec();
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

    // ---- numbers ----

    fn load_long(&mut self, len: usize) -> PyResult<()> {
        let int = signed_int(self.input.take(len)?)?;
        self.push(int)
    }

    fn load_int_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.to_vec();
        match &line[..] {
            b"00" => return self.push(Bool::from(false)),
            b"01" => return self.push(Bool::from(true)),
            _ => {}
        }
        match int::text::parse(&line, 10) {
            Ok(int) => self.push(int),
            Err(int::text::ParseError::Raised(raised)) => Err(raised),
            Err(int::text::ParseError::Invalid) => Err(raise!(ValueError, "could not convert string to int")),
        }
    }

    fn load_long_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.to_vec();
        let digits = line.strip_suffix(b"L").unwrap_or(&line);
        let value = int::text::from_bytes_text(digits, 10)?;
        self.push(value)
    }

    fn load_float_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.to_vec();
        match float::parse::parse(line.trim_ascii()) {
            Some(value) => self.push(Float::new(value)?),
            None => Err(raise!(ValueError, "could not convert string to float")),
        }
    }

    // ---- strings ----

    #[inline]
    fn load_str(&mut self, len: usize) -> PyResult<()> {
        let bytes = self.input.take(len)?;
        let text = match core::str::from_utf8(bytes) {
            Ok(text) => Str::from_utf8_str(text)?,
            Err(_) => codec::decode_utf8(bytes, "surrogatepass")?,
        };
        self.push(text)
    }

    fn load_bytes(&mut self, len: usize) -> PyResult<()> {
        let bytes = Bytes::from_slice(self.input.take(len)?)?;
        self.push(bytes)
    }

    fn load_bytearray(&mut self) -> PyResult<()> {
        let len = self.length(true, "BYTEARRAY8")?;
        let array = ByteArray::new()?;
        array.resize(len)?;
        self.input.fill(&array)?;
        self.push(array)
    }

    /// A string of Python 2.
    fn decoded(&self, bytes: &[u8]) -> PyResult<Ref<Object>> {
        if self.options.encoding == "bytes" {
            return Ok(Bytes::from_slice(bytes)?.into_object());
        }
        Ok(codec::decode_bytes(bytes, &self.options.encoding, &self.options.errors)?.into_object())
    }

    fn load_old_string(&mut self, len: usize) -> PyResult<()> {
        let bytes = self.input.take(len)?.to_vec();
        let text = self.decoded(&bytes)?;
        self.push(text)
    }

    fn load_string_line(&mut self) -> PyResult<()> {
        let line = self.input.line()?.to_vec();
        let inside = match &line[..] {
            [first @ (b'"' | b'\''), inside @ .., last] if first == last => inside,
            _ => return Err(unpickling_error(format_args!("the STRING opcode argument must be quoted"))),
        };
        let bytes = codec::escape::decode(inside, "strict")?;
        let text = self.decoded(bytes.as_slice())?;
        self.push(text)
    }

    fn utf8_line(&mut self) -> PyResult<Ref<Str>> {
        let line = self.input.line()?.to_vec();
        if line.is_empty() {
            return Err(truncated());
        }
        codec::decode_utf8(&line, "strict")
    }

    fn ascii_line(&mut self) -> PyResult<Ref<Str>> {
        let line = self.input.line()?.to_vec();
        if line.is_empty() {
            return Err(truncated());
        }
        codec::decode_bytes(&line, "ascii", "strict")
    }

    // ---- containers ----

    fn load_short_tuple(&mut self, count: usize) -> PyResult<()> {
        if self.stack.len() < self.fence + count {
            return Err(self.underflow());
        }
        let tuple = self.pop_tuple(self.stack.len() - count)?;
        self.push(tuple)
    }

    fn load_dict(&mut self) -> PyResult<()> {
        let items = self.pop_items()?;
        if items.len() % 2 != 0 {
            return Err(unpickling_error(format_args!("odd number of items for DICT")));
        }
        let dict = Dict::new()?;
        for pair in items.chunks_exact(2) {
            dict.set_item(pair[0].borrow(), pair[1].borrow())?;
        }
        self.push(dict)
    }

    /// The object below the items that start at `start`.
    fn container(&self, start: usize) -> PyResult<Ref<Object>> {
        match start.checked_sub(1).and_then(|below| self.stack.get(below)) {
            Some(object) if start <= self.stack.len() && start > self.fence => Ok(object.clone()),
            _ => Err(self.underflow()),
        }
    }

    fn append(&mut self, start: usize) -> PyResult<()> {
        let container = self.container(start)?;
        if start == self.stack.len() {
            return Ok(());
        }
        if let Some(list) = container.downcast_exact::<List>() {
            if start + 1 == self.stack.len() {
                let item = self.pop()?;
                return list.push(item);
            }
            let items = self.split(start)?;
            let len = list.len();
            return list.set_slice(len, len, &items);
        }
        let items = self.split(start)?;
        if let Some(extend) = container.lookup_attr(id!("extend"))? {
            extend.call1(List::from_vec(items)?.as_borrowed())?;
            return Ok(());
        }
        let append = container.getattr(id!("append"))?;
        for item in items {
            append.call1(item.borrow())?;
        }
        Ok(())
    }

    fn set_items(&mut self, start: usize) -> PyResult<()> {
        let container = self.container(start)?;
        let count = self.stack.len() - start;
        if count == 0 {
            return Ok(());
        }
        if count % 2 != 0 {
            return Err(unpickling_error(format_args!("odd number of items for SETITEMS")));
        }
        let items = self.split(start)?;
        if let Some(dict) = container.downcast_exact::<Dict>() {
            for pair in items.chunks_exact(2) {
                dict.set_item(pair[0].borrow(), pair[1].borrow())?;
            }
            return Ok(());
        }
        for pair in items.chunks_exact(2) {
            container.set_item(pair[0].borrow(), pair[1].borrow())?;
        }
        Ok(())
    }

    fn add_items(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let container = self.container(mark)?;
        let items = self.split(mark)?;
        if items.is_empty() {
            return Ok(());
        }
        if let Some(set) = container.downcast::<Set>() {
            for item in &items {
                set.add(item.borrow())?;
            }
            return Ok(());
        }
        let add = container.getattr(id!("add"))?;
        for item in items {
            add.call1(item.borrow())?;
        }
        Ok(())
    }

    fn load_pop(&mut self) -> PyResult<()> {
        // A mark on top is taken off too.
        if self.marks.last() == Some(&self.stack.len()) {
            self.pop_mark()?;
            return Ok(());
        }
        self.pop().map(drop)
    }

    // ---- classes and instances ----

    fn find_class(&self, module: &Ref<Str>, name: &Ref<Str>) -> PyResult<Ref<Object>> {
        match self.owner.filter(|_| self.custom) {
            Some(owner) => {
                owner.as_object().call_method(id!("find_class"), &[module.as_borrowed(), name.as_borrowed()])
            }
            None => find_class(module, name, self.protocol, self.options.fix_imports),
        }
    }

    fn instantiate(&mut self, class: &Ref<Object>, args: &Ref<Tuple>) -> PyResult<()> {
        let plain =
            args.is_empty() && class.is_instance_of::<Type>() && class.lookup_attr(id!("__getinitargs__"))?.is_none();
        let object = if plain {
            class.call_method(id!("__new__"), &[class.borrow()])?
        } else {
            class.call_tuple(args.borrow(), None)?
        };
        self.push(object)
    }

    fn new_object(&mut self, class: Ref<Object>, args: Ref<Object>, keywords: Option<Ref<Object>>) -> PyResult<()> {
        let name = if keywords.is_some() { "NEWOBJ_EX" } else { "NEWOBJ" };
        let Some(class) = class.downcast::<Type>() else {
            return Err(unpickling_error(format_args!(
                "{name} class argument must be a type, not {}",
                class.type_name()
            )));
        };
        let Some(new) = class.tp_new.get() else {
            return Err(unpickling_error(format_args!(
                "{name} class argument '{}' doesn't have __new__",
                class.name()
            )));
        };
        if !args.is_instance_of::<Tuple>() {
            return Err(unpickling_error(format_args!(
                "{name} args argument must be a tuple, not {}",
                args.type_name()
            )));
        }
        if let Some(keywords) = &keywords
            && !keywords.is_instance_of::<Dict>()
        {
            return Err(unpickling_error(format_args!(
                "{name} kwargs argument must be a dict, not {}",
                keywords.type_name()
            )));
        }
        let keywords = keywords.as_ref().map_or(core::ptr::null_mut(), |keywords| keywords.as_ptr());
        // SAFETY: a class, a tuple, and a dict or null, all held.
        let object: Ref<Object> = unsafe {
            taipan_runtime::object::protocol::attr::from_result(new(class.as_raw().cast(), args.as_ptr(), keywords))?
        };
        self.push(object)
    }

    fn build(&mut self) -> PyResult<()> {
        let state = self.pop()?;
        let object = self.top()?.clone();
        if let Some(set_state) = object.lookup_attr(id!("__setstate__"))? {
            set_state.call1(state.borrow())?;
            return Ok(());
        }
        let (state, slots) = match state.downcast::<Tuple>().filter(|pair| pair.len() == 2) {
            Some(pair) => (pair.get(0).to_owned(), Some(pair.get(1).to_owned())),
            None => (state.clone(), None),
        };
        if !state.is_none() {
            let Some(state) = state.downcast::<Dict>() else {
                return Err(unpickling_error(format_args!("state is not a dictionary")));
            };
            let target = object.getattr(id!("__dict__"))?;
            let mut position = 0;
            while let Some((key, value, _)) = state.next_owned(&mut position) {
                let key = match key.into_downcast::<Str>() {
                    Ok(name) if name.is_exact::<Str>() => Str::intern(name).into_object(),
                    Ok(name) => name.into_object(),
                    Err(key) => key,
                };
                match target.downcast_exact::<Dict>() {
                    Some(target) => target.set_item(key.borrow(), value.borrow())?,
                    None => target.set_item(key.borrow(), value.borrow())?,
                }
            }
        }
        let Some(slots) = slots.filter(|slots| !slots.is_none()) else { return Ok(()) };
        let Some(slots) = slots.downcast::<Dict>() else {
            return Err(unpickling_error(format_args!("slot state is not a dictionary")));
        };
        let mut position = 0;
        while let Some((key, value, _)) = slots.next_owned(&mut position) {
            object.set_attr_object(key.borrow(), Some(value.borrow()))?;
        }
        Ok(())
    }

    fn load_persistent(&mut self, id: Ref<Object>) -> PyResult<()> {
        let Some(owner) = self.owner.filter(|_| self.custom) else {
            return Err(unpickling_error(format_args!(
                "A load persistent id instruction was encountered, but no persistent_load function was specified."
            )));
        };
        let object = owner.as_object().call_method(id!("persistent_load"), &[id.borrow()])?;
        self.push(object)
    }

    fn load_extension(&mut self, code: i32) -> PyResult<()> {
        let key = Int::from_i64(code.into())?;
        if let Some(known) = lookup(&STATE.extension_cache, key.borrow())? {
            return self.push(known);
        }
        let Some(pair) = lookup(&STATE.inverted_registry, key.borrow())? else {
            if code <= 0 {
                return Err(unpickling_error(format_args!("EXT specifies code <= 0")));
            }
            return Err(raise!(ValueError, "unregistered extension code {code}"));
        };
        let names = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2).and_then(|pair| {
            let (module, name) = (pair.get(0).downcast_borrowed::<Str>()?, pair.get(1).downcast_borrowed::<Str>()?);
            Some((module.to_owned(), name.to_owned()))
        });
        let Some((module, name)) = names else {
            return Err(raise!(ValueError, "_inverted_registry[{code}] isn't a 2-tuple of strings"));
        };
        let object = self.find_class(&module, &name)?;
        super::state_dict(&STATE.extension_cache)?.set_item(key.borrow(), object.borrow())?;
        self.push(object)
    }

    // ---- buffers ----

    fn load_next_buffer(&mut self) -> PyResult<()> {
        let Some(buffers) = &self.options.buffers else {
            return Err(unpickling_error(format_args!(
                "pickle stream refers to out-of-band data but no *buffers* argument was given"
            )));
        };
        match buffers.next()? {
            Some(buffer) => self.push(buffer),
            None => Err(unpickling_error(format_args!("not enough out-of-band buffers"))),
        }
    }

    fn load_read_only(&mut self) -> PyResult<()> {
        let buffer = self.top()?.clone();
        let view = MemoryView::from_object(buffer.borrow())?.into_object();
        if !view.getattr(id!("readonly"))?.is_true()? {
            let read_only = view.call_method(id!("toreadonly"), &[])?;
            self.pop()?;
            self.push(read_only)?;
        }
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

/// The int of a two's complement, lowest byte first.
fn signed_int(bytes: &[u8]) -> PyResult<Ref<Int>> {
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let word = |bytes: &[u8]| {
        let mut word = [fill; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    if bytes.len() <= 8 {
        return Int::from_i64(word(bytes) as i64);
    }
    let mut limbs: Vec<u64> = crate::support::vec_with_capacity(bytes.len() / 8 + 1)?;
    let mut carry = true;
    for chunk in bytes.chunks(8) {
        let limb = word(chunk);
        limbs.push(if negative {
            let (value, overflow) = (!limb).overflowing_add(u64::from(carry));
            carry = overflow;
            value
        } else {
            limb
        });
    }
    if negative && carry {
        limbs.push(1);
    }
    Int::from_limbs(&limbs, negative)
}

/// `module.name`, by the names of Python 2 where an old pickle has them.
pub fn find_class(module: &Ref<Str>, name: &Ref<Str>, protocol: i32, fix_imports: bool) -> PyResult<Ref<Object>> {
    taipan_runtime::modules::sys::audit("pickle.find_class", &[module.as_borrowed(), name.as_borrowed()])?;
    let (mut module, mut name) = (module.clone(), name.clone());
    if protocol < 3 && fix_imports {
        let text = |object: Ref<Object>| match object.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(other) => Err(raise!(RuntimeError, "_compat_pickle's names should be str, not {}", other.type_name())),
        };
        let key = Tuple::pack([module.as_object().clone(), name.as_object().clone()])?;
        if let Some(pair) = lookup(&STATE.name_2_to_3, key.borrow())? {
            let Some(pair) = pair.downcast::<Tuple>().filter(|pair| pair.len() == 2) else {
                return Err(raise!(
                    RuntimeError,
                    "_compat_pickle.NAME_MAPPING values should be 2-tuples, not {}",
                    pair.type_name()
                ));
            };
            module = text(pair.get(0).to_owned())?;
            name = text(pair.get(1).to_owned())?;
        } else if let Some(renamed) = lookup(&STATE.import_2_to_3, module.borrow())? {
            module = text(renamed)?;
        }
    }
    let found = import(module.borrow())?;
    if protocol < 4 {
        return found.getattr(name.borrow());
    }
    let path = dotted_path(&name)?;
    let mut object = found;
    for part in &path {
        match object.getattr(part.borrow()) {
            Ok(next) => object = next,
            Err(raised) if path.len() > 1 && raised.is_a::<exceptions::AttributeError>() => {
                let cause = raised.take();
                let raised = raise!(
                    AttributeError,
                    "Can't resolve path {} on module {}",
                    name.as_object().to_repr_text(),
                    module.as_object().to_repr_text()
                );
                if let Some(exception) = raised.peek() {
                    exceptions::set_context(&exception, Some(cause));
                }
                return Err(raised);
            }
            Err(raised) => return Err(raised),
        }
    }
    Ok(object)
}
