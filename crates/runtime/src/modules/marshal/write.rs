//! Writing marshalled objects.

use std::collections::HashMap;

use super::{MAX_DEPTH, VERSION, tag};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::Code;

struct Writer {
    out: Vec<u8>,
    version: i32,
    depth: usize,
    allow_code: bool,
    /// The index of each object that was written with one, by address. The objects are kept alive below.
    refs: HashMap<usize, u32>,
    kept: Vec<Ref<Object>>,
    /// Code objects and slices that are being written: a reference to one of them cannot be read back.
    open: Vec<usize>,
}

/// The marshalled form of `object`.
pub fn dumps(object: Borrowed<'_, Object>, version: i32, allow_code: bool) -> PyResult<Vec<u8>> {
    dumps_at(0, object, version, allow_code)
}

fn dumps_at(depth: usize, object: Borrowed<'_, Object>, version: i32, allow_code: bool) -> PyResult<Vec<u8>> {
    let mut writer = Writer {
        out: Vec::new(),
        version: version.min(VERSION),
        depth,
        allow_code,
        refs: HashMap::new(),
        kept: Vec::new(),
        open: Vec::new(),
    };
    writer.object(object)?;
    Ok(writer.out)
}

fn unmarshallable() -> Raised {
    raise!(ValueError, "unmarshallable object")
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) -> PyResult<()> {
        if self.out.try_reserve(bytes.len()).is_err() {
            return Err(Raised::no_memory());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> PyResult<()> {
        self.put(&[byte])
    }

    fn long(&mut self, value: i32) -> PyResult<()> {
        self.put(&value.to_le_bytes())
    }

    fn size(&mut self, size: usize) -> PyResult<()> {
        match i32::try_from(size) {
            Ok(size) => self.long(size),
            Err(_) => Err(unmarshallable()),
        }
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) -> PyResult<()> {
        self.byte(kind)?;
        self.size(bytes.len())?;
        self.put(bytes)
    }

    /// Writes a reference if the object was written before; otherwise says whether it gets an index. An object that
    /// only the caller holds cannot come again.
    fn reference(&mut self, object: Borrowed<'_, Object>) -> PyResult<Option<u8>> {
        if self.version < 3 {
            return Ok(Some(0));
        }
        let is_interned = || object.downcast_exact::<Str>().is_some_and(|text| text.is_interned());
        if object.refcount() == 1 && !is_interned() {
            return Ok(Some(0));
        }
        let address = object.as_ptr() as usize;
        if let Some(index) = self.refs.get(&address).copied() {
            if self.open.contains(&address) {
                return Err(unmarshallable());
            }
            self.byte(tag::REF)?;
            self.long(index as i32)?;
            return Ok(None);
        }
        self.kept.try_push(object.to_owned())?;
        self.refs.try_reserve(1).map_err(|_| Raised::no_memory())?;
        self.refs.insert(address, self.refs.len() as u32);
        Ok(Some(tag::REF_FLAG))
    }

    fn object(&mut self, object: Borrowed<'_, Object>) -> PyResult<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH || crate::thread::is_stack_low() {
            self.depth -= 1;
            return Err(raise!(ValueError, "object too deeply nested to marshal"));
        }
        let result = self.object_inner(object);
        self.depth -= 1;
        result
    }

    fn object_inner(&mut self, object: Borrowed<'_, Object>) -> PyResult<()> {
        if object.is_none() {
            return self.byte(tag::NONE);
        }
        if object.is(&crate::types::exceptions::StopIteration::type_object()) {
            return self.byte(tag::STOP_ITERATION);
        }
        if object.is(&ellipsis()) {
            return self.byte(tag::ELLIPSIS);
        }
        if object.as_ptr() == Bool::false_ptr() {
            return self.byte(tag::FALSE);
        }
        if object.as_ptr() == Bool::true_ptr() {
            return self.byte(tag::TRUE);
        }
        let Some(flag) = self.reference(object)? else { return Ok(()) };
        if let Some(int) = object.downcast_exact::<Int>() {
            return self.int(&int, flag);
        }
        if let Some(float) = object.downcast_exact::<Float>() {
            if self.version > 1 {
                self.byte(tag::BINARY_FLOAT | flag)?;
                return self.put(&float.value().to_le_bytes());
            }
            self.byte(tag::FLOAT | flag)?;
            return self.text_float(float.value());
        }
        if let Some(complex) = object.downcast_exact::<Complex>() {
            let value = complex.value();
            let (real, imag) = (value.real, value.imag);
            if self.version > 1 {
                self.byte(tag::BINARY_COMPLEX | flag)?;
                self.put(&real.to_le_bytes())?;
                return self.put(&imag.to_le_bytes());
            }
            self.byte(tag::COMPLEX | flag)?;
            self.text_float(real)?;
            return self.text_float(imag);
        }
        if let Some(bytes) = object.downcast_exact::<Bytes>() {
            return self.sized(tag::STRING | flag, bytes.as_slice());
        }
        if let Some(text) = object.downcast_exact::<Str>() {
            return self.text(&text, flag);
        }
        if let Some(tuple) = object.downcast_exact::<Tuple>() {
            if self.version >= 4 && tuple.len() < 256 {
                self.byte(tag::SMALL_TUPLE | flag)?;
                self.byte(tuple.len() as u8)?;
            } else {
                self.byte(tag::TUPLE | flag)?;
                self.size(tuple.len())?;
            }
            return tuple.iter().try_for_each(|item| self.object(item));
        }
        if let Some(list) = object.downcast_exact::<List>() {
            let items = list.try_to_vec()?;
            self.byte(tag::LIST | flag)?;
            self.size(items.len())?;
            return items.iter().try_for_each(|item| self.object(item.borrow()));
        }
        if let Some(dict) = object.downcast_exact::<Dict>() {
            self.byte(tag::DICT | flag)?;
            for (key, value) in dict.items_snapshot()? {
                self.object(key.borrow())?;
                self.object(value.borrow())?;
            }
            return self.byte(tag::NULL);
        }
        if object.is_exact::<Set>() || object.is_exact::<FrozenSet>() {
            return self.set(object, flag);
        }
        if let Some(code) = object.downcast_exact::<Code>() {
            return self.code(&code, flag);
        }
        if let Some(slice) = object.downcast_exact::<Slice>() {
            if self.version < 5 {
                return Err(unmarshallable());
            }
            self.byte(tag::SLICE | flag)?;
            self.open.push(object.as_ptr() as usize);
            for part in [slice.start(), slice.stop(), slice.step()] {
                self.object(part)?;
            }
            self.open.pop();
            return Ok(());
        }
        if !crate::types::buffer::has_buffer(&object) {
            return Err(unmarshallable());
        }
        // bytearray, memoryview, array: written as bytes.
        let buffer = match BufferArg::new(object) {
            Ok(buffer) => buffer,
            Err(raised) => {
                raised.clear();
                return Err(unmarshallable());
            }
        };
        self.sized(tag::STRING | flag, buffer.as_slice())
    }

    fn text_float(&mut self, value: f64) -> PyResult<()> {
        let text = crate::types::float::format_17g(value);
        self.byte(text.len() as u8)?;
        self.put(text.as_bytes())
    }

    fn int(&mut self, int: &Ref<Int>, flag: u8) -> PyResult<()> {
        if let Some(value) = int.to_i64().and_then(|value| i32::try_from(value).ok()) {
            self.byte(tag::INT | flag)?;
            return self.long(value);
        }
        let (negative, digits) = (int.is_negative(), int.digits());
        let mut halves: Vec<u16> = vec_with_capacity(digits.len() * 2)?;
        for &digit in digits {
            halves.push((digit & 0x7fff) as u16);
            halves.push((digit >> 15) as u16);
        }
        while halves.last() == Some(&0) {
            halves.pop();
        }
        self.byte(tag::LONG | flag)?;
        let Ok(count) = i32::try_from(halves.len()) else { return Err(unmarshallable()) };
        self.long(if negative { -count } else { count })?;
        halves.iter().try_for_each(|half| self.put(&half.to_le_bytes()))
    }

    fn text(&mut self, text: &Ref<Str>, flag: u8) -> PyResult<()> {
        let interned = text.is_interned();
        if self.version >= 4 && text.is_ascii() {
            let bytes = text.as_utf8()?.as_bytes();
            if bytes.len() < 256 {
                self.byte(if interned { tag::SHORT_ASCII_INTERNED } else { tag::SHORT_ASCII } | flag)?;
                self.byte(bytes.len() as u8)?;
                return self.put(bytes);
            }
            return self.sized(if interned { tag::ASCII_INTERNED } else { tag::ASCII } | flag, bytes);
        }
        let bytes = crate::types::codec::encode_to_bytes(text, "utf-8", "surrogatepass")?;
        let kind = if self.version >= 3 && interned { tag::INTERNED } else { tag::UNICODE };
        self.sized(kind | flag, bytes.as_slice())
    }

    /// Items go in the order of their own marshalled forms, so that equal sets give equal bytes.
    fn set(&mut self, object: Borrowed<'_, Object>, flag: u8) -> PyResult<()> {
        let kind = if object.is_exact::<FrozenSet>() { tag::FROZENSET } else { tag::SET };
        let mut items = Vec::new();
        let given = object.collect_items()?;
        if items.try_reserve_exact(given.len()).is_err() {
            return Err(Raised::no_memory());
        }
        let sorts = given.len() > 1;
        for item in given {
            // One item has its place, so that a chain of sets is written once and not once for each level.
            let key =
                if sorts { dumps_at(self.depth, item.borrow(), self.version, self.allow_code)? } else { Vec::new() };
            items.push((key, item));
        }
        items.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.byte(kind | flag)?;
        self.size(items.len())?;
        items.iter().try_for_each(|(_, item)| self.object(item.borrow()))
    }

    fn code(&mut self, code: &Ref<Code>, flag: u8) -> PyResult<()> {
        if !self.allow_code {
            return Err(raise!(ValueError, "marshalling code objects is disallowed"));
        }
        let raw = &code.0;
        self.byte(tag::CODE | flag)?;
        for number in
            [&raw.co_argcount, &raw.co_posonlyargcount, &raw.co_kwonlyargcount, &raw.co_stacksize, &raw.co_flags]
        {
            self.long(number.get())?;
        }
        self.open.push(code.as_ptr() as usize);
        let instructions = Bytes::from_slice(&code.base_bytes()?)?;
        // A second owner: in CPython the code object keeps these bytes, so they get an index.
        let _second = instructions.clone();
        self.object(instructions.as_borrowed())?;
        self.object(code.consts().upcast())?;
        self.object(code.names().upcast())?;
        self.object(code.local_names().upcast())?;
        self.object(code.local_kinds().upcast())?;
        self.object(code.filename().upcast())?;
        self.object(code.name().upcast())?;
        self.object(code.qualname().upcast())?;
        self.long(raw.co_firstlineno.get())?;
        self.object(code.line_table().upcast())?;
        self.object(code.exception_table().upcast())?;
        self.open.pop();
        Ok(())
    }
}
