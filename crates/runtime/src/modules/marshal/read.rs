//! Reading marshalled objects. The input is trusted no more than any other: damage gives ValueError, EOFError or
//! TypeError.

use super::{MAX_DEPTH, tag};
use crate::prelude::*;
use crate::types::code::CodeParts;
use crate::types::tuple::UnfinishedTuple;
use crate::types::{Code, exceptions};

/// Where bytes come from.
enum Source<'a> {
    Slice { bytes: &'a [u8], position: usize },
    File { file: Borrowed<'a, Object>, chunk: Vec<u8> },
}

struct Reader<'a> {
    source: Source<'a>,
    /// Objects that later references name; `None` while an object is being made.
    refs: Vec<Option<Ref<Object>>>,
    depth: usize,
    allow_code: bool,
}

/// Reads one object from trusted memory, as frozen modules are.
pub fn loads(bytes: &[u8]) -> PyResult<Ref<Object>> {
    read_all(Source::Slice { bytes, position: 0 }, true)
}

/// Reads one object from the front of `bytes`, and tells how many of them it took.
pub fn loads_prefix(bytes: &[u8]) -> PyResult<(Ref<Object>, usize)> {
    let mut reader =
        Reader { source: Source::Slice { bytes, position: 0 }, refs: Vec::new(), depth: 0, allow_code: true };
    let object = reader.object()?;
    let used = match reader.source {
        Source::Slice { position, .. } => position,
        Source::File { .. } => bytes.len(),
    };
    match object {
        Some(object) => Ok((object, used)),
        None => Err(raise!(TypeError, "NULL object in marshal data for object")),
    }
}

pub fn load_slice(bytes: Vec<u8>, allow_code: bool) -> PyResult<Ref<Object>> {
    read_all(Source::Slice { bytes: &bytes, position: 0 }, allow_code)
}

pub fn load_from_file(file: Borrowed<'_, Object>, allow_code: bool) -> PyResult<Ref<Object>> {
    // As CPython, see that `read` gives bytes; all else is read by `readinto`.
    let probe = file.call_method(id!("read"), &[Int::from_i64(0)?.as_borrowed()])?;
    if !probe.is_instance_of::<Bytes>() {
        return Err(raise!(TypeError, "file.read() returned not bytes but {}", probe.type_name()));
    }
    read_all(Source::File { file, chunk: Vec::new() }, allow_code)
}

fn read_all(source: Source<'_>, allow_code: bool) -> PyResult<Ref<Object>> {
    let mut reader = Reader { source, refs: Vec::new(), depth: 0, allow_code };
    match reader.object()? {
        Some(object) => Ok(object),
        None => Err(raise!(TypeError, "NULL object in marshal data for object")),
    }
}

fn bad_data(what: &str) -> Raised {
    raise!(ValueError, "bad marshal data ({what})")
}

impl Reader<'_> {
    fn bytes(&mut self, count: usize) -> PyResult<&[u8]> {
        match &mut self.source {
            Source::Slice { bytes, position } => {
                let Some(end) = position.checked_add(count).filter(|end| *end <= bytes.len()) else {
                    return Err(raise!(EOFError, "marshal data too short"));
                };
                let start = core::mem::replace(position, end);
                Ok(&bytes[start..end])
            }
            Source::File { file, chunk } => {
                let block = ByteArray::new()?;
                block.resize(count)?;
                // SAFETY: the array has just got this size; the file may leave bytes as they are.
                unsafe { block.data_mut_ptr().write_bytes(0, count) };
                let view = MemoryView::from_object(block.as_borrowed())?;
                let given = file.call_method(id!("readinto"), &[view.as_borrowed()])?.index()?;
                let Some(given) = given.to_i64() else {
                    return Err(raise!(ValueError, "cannot fit '{}' into an index-sized integer", given.type_name()));
                };
                match usize::try_from(given) {
                    Ok(given) if given == count => {
                        chunk.clear();
                        if chunk.try_reserve(count).is_err() {
                            return Err(Raised::no_memory());
                        }
                        chunk.extend_from_slice(block.as_slice());
                        Ok(chunk)
                    }
                    Ok(given) if given > count => Err(raise!(
                        ValueError,
                        "read() returned too much data: {count} bytes requested, {given} returned"
                    )),
                    _ => Err(raise!(EOFError, "EOF read where not expected")),
                }
            }
        }
    }

    fn byte(&mut self) -> PyResult<u8> {
        if let Source::Slice { bytes, position } = &mut self.source {
            let Some(byte) = bytes.get(*position) else {
                return Err(raise!(EOFError, "EOF read where not expected"));
            };
            *position += 1;
            return Ok(*byte);
        }
        Ok(self.bytes(1)?[0])
    }

    fn short(&mut self) -> PyResult<u16> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn long(&mut self) -> PyResult<i32> {
        let bytes = self.bytes(4)?;
        Ok(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn double(&mut self) -> PyResult<f64> {
        let mut buffer = [0; 8];
        buffer.copy_from_slice(self.bytes(8)?);
        Ok(f64::from_le_bytes(buffer))
    }

    fn size(&mut self, what: &str) -> PyResult<usize> {
        match usize::try_from(self.long()?) {
            Ok(size) => Ok(size),
            Err(_) => Err(bad_data(&format!("{what} size out of range"))),
        }
    }

    /// An object that may not be NULL, which only ends a dict.
    fn required(&mut self, of: &str) -> PyResult<Ref<Object>> {
        match self.object()? {
            Some(object) => Ok(object),
            None => Err(raise!(TypeError, "NULL object in marshal data for {of}")),
        }
    }

    /// A vector for `count` items; a count that the rest of the input cannot hold does not reserve memory.
    fn items(&mut self, count: usize, of: &str) -> PyResult<Vec<Ref<Object>>> {
        let mut items = Vec::new();
        let plausible = match &self.source {
            Source::Slice { bytes, position } => count.min(bytes.len() - position),
            Source::File { .. } => count.min(1024),
        };
        if items.try_reserve(plausible).is_err() {
            return Err(Raised::no_memory());
        }
        for _ in 0..count {
            items.try_push(self.required(of)?)?;
        }
        Ok(items)
    }

    fn text_float(&mut self) -> PyResult<f64> {
        let length = self.byte()? as usize;
        let text = String::from_utf8_lossy(self.bytes(length)?).into_owned();
        match text.parse() {
            Ok(value) => Ok(value),
            Err(_) => Err(raise!(ValueError, "could not convert string to float: '{text}'")),
        }
    }

    /// Gives the object an index if its tag asks for one.
    fn note(&mut self, flag: bool, object: Ref<Object>) -> PyResult<Option<Ref<Object>>> {
        if flag {
            self.refs.try_push(Some(object.clone()))?;
        }
        Ok(Some(object))
    }

    /// Keeps an index for an object whose parts are read first.
    fn reserve(&mut self, flag: bool) -> PyResult<Option<usize>> {
        if !flag {
            return Ok(None);
        }
        self.refs.try_push(None)?;
        Ok(Some(self.refs.len() - 1))
    }

    fn fill(&mut self, index: Option<usize>, object: Ref<Object>) -> Option<Ref<Object>> {
        if let Some(index) = index {
            self.refs[index] = Some(object.clone());
        }
        Some(object)
    }

    /// One object; `None` for the NULL that ends a dict.
    fn object(&mut self) -> PyResult<Option<Ref<Object>>> {
        let code = match self.byte() {
            Err(raised) if raised.is_a::<exceptions::EOFError>() => {
                raised.clear();
                return Err(raise!(EOFError, "EOF read where object expected"));
            }
            code => code?,
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH || crate::thread::is_stack_low() {
            self.depth -= 1;
            return Err(raise!(ValueError, "recursion limit exceeded"));
        }
        let object = self.object_of(code & !tag::REF_FLAG, code & tag::REF_FLAG != 0);
        self.depth -= 1;
        object
    }

    fn object_of(&mut self, kind: u8, flag: bool) -> PyResult<Option<Ref<Object>>> {
        Ok(match kind {
            tag::NULL => None,
            tag::NONE => Some(none()),
            tag::STOP_ITERATION => Some(crate::types::exceptions::StopIteration::type_object().upcast().to_owned()),
            tag::ELLIPSIS => Some(ellipsis()),
            tag::FALSE => Some(Bool::from(false).into_object()),
            tag::TRUE => Some(Bool::from(true).into_object()),
            tag::INT => {
                let value = Int::from_i64(self.long()? as i64)?;
                self.note(flag, value.into_object())?
            }
            tag::INT64 => {
                let mut buffer = [0; 8];
                buffer.copy_from_slice(self.bytes(8)?);
                let value = Int::from_i64(i64::from_le_bytes(buffer))?;
                self.note(flag, value.into_object())?
            }
            tag::LONG => {
                let value = self.big_int()?;
                self.note(flag, value)?
            }
            tag::FLOAT => {
                let value = Float::new(self.text_float()?)?;
                self.note(flag, value.into_object())?
            }
            tag::BINARY_FLOAT => {
                let value = Float::new(self.double()?)?;
                self.note(flag, value.into_object())?
            }
            tag::COMPLEX => {
                let value = Complex::new(self.text_float()?, self.text_float()?)?;
                self.note(flag, value.into_object())?
            }
            tag::BINARY_COMPLEX => {
                let value = Complex::new(self.double()?, self.double()?)?;
                self.note(flag, value.into_object())?
            }
            tag::STRING => {
                let size = self.size("bytes object")?;
                let value = Bytes::from_slice(self.bytes(size)?)?;
                self.note(flag, value.into_object())?
            }
            tag::ASCII | tag::ASCII_INTERNED => {
                let size = self.size("string")?;
                self.ascii(size, kind == tag::ASCII_INTERNED, flag)?
            }
            tag::SHORT_ASCII | tag::SHORT_ASCII_INTERNED => {
                let size = self.byte()? as usize;
                self.ascii(size, kind == tag::SHORT_ASCII_INTERNED, flag)?
            }
            tag::UNICODE | tag::INTERNED => {
                let size = self.size("string")?;
                let text = crate::types::codec::decode_bytes(self.bytes(size)?, "utf-8", "surrogatepass")?;
                let text = if kind == tag::INTERNED { Str::intern(text) } else { text };
                self.note(flag, text.into_object())?
            }
            tag::SMALL_TUPLE | tag::TUPLE => {
                let count = if kind == tag::SMALL_TUPLE { self.byte()? as usize } else { self.size("tuple")? };
                self.tuple(count, flag)?
            }
            tag::LIST => {
                let count = self.size("list")?;
                let list = List::new()?;
                self.note(flag, list.clone().into_object())?;
                for item in self.items(count, "list")? {
                    list.push(item)?;
                }
                Some(list.into_object())
            }
            tag::DICT => {
                let dict = Dict::new()?;
                self.note(flag, dict.clone().into_object())?;
                while let Some(key) = self.object()? {
                    let Some(value) = self.object()? else { break };
                    dict.set_item(key.borrow(), value.borrow())?;
                }
                Some(dict.into_object())
            }
            tag::SET => {
                let count = self.size("set")?;
                let set = Set::new()?;
                self.note(flag, set.clone().into_object())?;
                for item in self.items(count, "set")? {
                    set.add(item.borrow())?;
                }
                Some(set.into_object())
            }
            tag::FROZENSET => {
                let count = self.size("set")?;
                let index = self.reserve(flag)?;
                let set = FrozenSet::from_iterable(Tuple::from_vec(self.items(count, "set")?)?.as_borrowed())?;
                self.fill(index, set.into_object())
            }
            tag::SLICE => {
                let index = self.reserve(flag)?;
                let parts = self.items(3, "object")?;
                let slice = Slice::new(Some(parts[0].borrow()), Some(parts[1].borrow()), Some(parts[2].borrow()))?;
                self.fill(index, slice.into_object())
            }
            tag::CODE => {
                if !self.allow_code {
                    return Err(raise!(ValueError, "unmarshalling code objects is disallowed"));
                }
                let index = self.reserve(flag)?;
                let code = self.code()?;
                self.fill(index, code.into_object())
            }
            tag::REF => {
                let index = self.long()?;
                match usize::try_from(index).ok().and_then(|index| self.refs.get(index)) {
                    Some(Some(object)) => Some(object.clone()),
                    _ => return Err(bad_data("invalid reference")),
                }
            }
            _ => return Err(bad_data("unknown type code")),
        })
    }

    /// A list in the tuple can refer to the tuple, so a tuple with an index is made before its items.
    fn tuple(&mut self, count: usize, flag: bool) -> PyResult<Option<Ref<Object>>> {
        if !flag || count == 0 {
            let tuple = Tuple::from_vec(self.items(count, "tuple")?)?;
            return self.note(flag, tuple.into_object());
        }
        let tuple = UnfinishedTuple::new(count)?;
        self.refs.try_push(Some(tuple.get().into_object()))?;
        for index in 0..count {
            let item = self.required("tuple")?;
            tuple.set(index, item);
        }
        Ok(Some(tuple.finish().into_object()))
    }

    fn ascii(&mut self, size: usize, interned: bool, flag: bool) -> PyResult<Option<Ref<Object>>> {
        let text = Str::from_ucs1(self.bytes(size)?)?;
        let text = if interned { Str::intern(text) } else { text };
        self.note(flag, text.into_object())
    }

    /// An integer in digits of 15 bits.
    fn big_int(&mut self) -> PyResult<Ref<Object>> {
        let count = self.long()?;
        let negative = count < 0;
        let total = count.unsigned_abs() as usize;
        let mut digits: Vec<u32> = Vec::new();
        for index in 0..total {
            let digit = self.short()?;
            if digit >= 1 << 15 {
                return Err(bad_data("digit out of range in long"));
            }
            if index + 1 == total && digit == 0 {
                return Err(bad_data("unnormalized long data"));
            }
            if digits.try_reserve(1).is_err() {
                return Err(Raised::no_memory());
            }
            if index % 2 == 0 {
                digits.push(digit as u32);
            } else if let Some(last) = digits.last_mut() {
                *last |= (digit as u32) << 15;
            }
        }
        Ok(Int::from_digits(&digits, negative)?.into_object())
    }

    fn code(&mut self) -> PyResult<Ref<Code>> {
        let argcount = self.long()?;
        let posonlyargcount = self.long()?;
        let kwonlyargcount = self.long()?;
        let stacksize = self.long()?;
        let flags = self.long()?;
        let code = self.required("code object")?;
        let consts = self.required("code object")?;
        let names = self.required("code object")?;
        let local_names = self.required("code object")?;
        let local_kinds = self.required("code object")?;
        let filename = self.required("code object")?;
        let name = self.required("code object")?;
        let qualname = self.required("code object")?;
        let firstlineno = self.long()?;
        let line_table = self.required("code object")?;
        let exception_table = self.required("code object")?;
        let code: Ref<Bytes> = part(code)?;
        Code::from_parts(CodeParts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            firstlineno,
            code: code.as_slice().try_to_vec()?,
            consts: part(consts)?,
            names: part(names)?,
            local_names: part(local_names)?,
            local_kinds: part(local_kinds)?,
            filename: part(filename)?,
            name: part(name)?,
            qualname: part(qualname)?,
            line_table: part(line_table)?,
            exception_table: part(exception_table)?,
        })
    }
}

/// A part of a code object; one of another type is refused when all have been read, as in CPython.
fn part<T: PyLayout>(object: Ref<Object>) -> PyResult<Ref<T>> {
    object.into_downcast::<T>().map_err(|_| raise!(SystemError, "bad argument to internal function"))
}
