//! Making code objects: from the compiler's `CodeUnit`, from marshal, from `code.__new__` and `replace`.

use core::borrow::Borrow;
use core::cell::Cell;
use core::mem::offset_of;
use std::hash::{Hash, Hasher};

use taipan_compiler::Text;
use taipan_compiler::code::{CodeUnit, Constant, kind};
use taipan_compiler::fx::{FxHashMap, FxHashSet, FxHasher};
use taipan_compiler::opcode::Opcode;

use super::Code;
use crate::abi::{PY_CODE_EVENT_CREATE, PyCodeObject, PyObject};
use crate::interp::{frame, specialize};
use crate::object::header;
use crate::prelude::*;

/// The bytes of a code object's head in front of the instructions.
pub const HEAD: usize = offset_of!(PyCodeObject, co_code_adaptive);

/// Everything a code object is made of.
pub struct CodeParts {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub firstlineno: i32,
    /// Base instructions, two bytes a unit.
    pub code: Vec<u8>,
    pub consts: Ref<Tuple>,
    pub names: Ref<Tuple>,
    pub local_names: Ref<Tuple>,
    pub local_kinds: Ref<Bytes>,
    pub filename: Ref<Str>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    pub line_table: Ref<Bytes>,
    pub exception_table: Ref<Bytes>,
}

impl Code {
    /// Makes a code object. Names are interned; a damaged input that would lead the interpreter astray is refused.
    pub fn from_parts(mut parts: CodeParts) -> PyResult<Ref<Code>> {
        check(&parts)?;
        let strings = |tuple: &Ref<Tuple>| tuple.iter().all(|item| item.is_instance_of::<Str>());
        if !strings(&parts.names) || !strings(&parts.local_names) {
            return Err(raise!(TypeError, "name tuples must contain only strings, not other objects"));
        }
        if parts.code.is_empty() || !parts.code.len().is_multiple_of(2) {
            return Err(raise!(ValueError, "code: co_code is malformed"));
        }
        intern_strings(&parts.names);
        intern_strings(&parts.local_names);
        intern_constants(&parts.consts);
        let code = core::mem::take(&mut parts.code);
        Code::make(parts, &code)
    }

    /// As `from_parts`, from parts that are right and interned; the instructions are those of `code`.
    fn make(parts: CodeParts, code: &[u8]) -> PyResult<Ref<Code>> {
        let line_table = match crate::thread::config().code_debug_ranges {
            true => parts.line_table,
            false => Bytes::from_slice(&without_columns(parts.line_table.as_slice())?)?,
        };

        let units = code.len() / 2;
        let Some(size) = units.checked_mul(2).and_then(|bytes| bytes.checked_add(HEAD)) else {
            return Err(Raised::no_memory());
        };
        // SAFETY: the block is large enough for head and instructions; every field is written before it is used.
        unsafe {
            let object = crate::memory::object::alloc_sized(Code::TYPE, size)?.cast::<PyCodeObject>();
            let var_head = size_of::<crate::abi::PyVarObject>();
            core::ptr::write_bytes(object.cast::<u8>().add(var_head), 0, HEAD - var_head);
            let raw = &*object;
            raw.ob_base.ob_size.set(units as isize);
            let count = |bits: u8| parts.local_kinds.as_slice().iter().filter(|kind| **kind & bits != 0).count() as i32;
            let slots = parts.local_names.len() as i32;
            raw.co_flags.set(parts.flags);
            raw.co_argcount.set(parts.argcount);
            raw.co_posonlyargcount.set(parts.posonlyargcount);
            raw.co_kwonlyargcount.set(parts.kwonlyargcount);
            raw.co_stacksize.set(parts.stacksize);
            raw.co_firstlineno.set(parts.firstlineno);
            raw.co_nlocalsplus.set(slots);
            raw.co_framesize.set(slots + parts.stacksize + frame::HEAD_WORDS as i32);
            raw.co_nlocals.set(count(kind::LOCAL));
            raw.co_ncellvars.set(count(kind::CELL));
            raw.co_nfreevars.set(count(kind::FREE));
            raw.co_version.set(next_version());
            let set = |field: &Cell<*mut PyObject>, value: *mut PyObject| field.set(value);
            set(&raw.co_consts, parts.consts.into_ptr());
            set(&raw.co_names, parts.names.into_ptr());
            set(&raw.co_exceptiontable, parts.exception_table.into_ptr());
            set(&raw.co_localsplusnames, parts.local_names.into_ptr());
            set(&raw.co_localspluskinds, parts.local_kinds.into_ptr());
            set(&raw.co_filename, parts.filename.into_ptr());
            set(&raw.co_name, parts.name.into_ptr());
            set(&raw.co_qualname, parts.qualname.into_ptr());
            set(&raw.co_linetable, line_table.into_ptr());
            let first: *mut u16 = frame::first_instruction(object).cast();
            core::ptr::copy_nonoverlapping(code.as_ptr(), first.cast::<u8>(), units * 2);
            raw._co_firsttraceable.set(first_traceable(code));
            specialize::warm_up(first, units);
            super::notify(PY_CODE_EVENT_CREATE, object);
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// The code object of compiled code.
    pub fn from_unit(unit: &CodeUnit, filename: Borrowed<'_, Str>) -> PyResult<Ref<Code>> {
        Pool::new(filename).code(unit)
    }

    /// The objects of constants.
    pub fn constants(constants: &[Constant], filename: Borrowed<'_, Str>) -> PyResult<Vec<Ref<Object>>> {
        Pool::new(filename).items(constants)
    }
}

/// What the code objects of one compilation share: equal constants, tuples of names and tables are one object.
/// CPython: the compiler's `c_const_cache`.
struct Pool<'u> {
    filename: Ref<Str>,
    constants: FxHashMap<Key<'u, Constant>, Ref<Object>>,
    tuples: FxHashSet<Items>,
    names: FxHashSet<Items>,
    /// The interned string of each name. The compiler makes one text of all occurrences of a name, so that its address says
    /// which it is.
    strings: FxHashMap<usize, Ref<Str>>,
    tables: FxHashMap<Key<'u, [u8]>, Ref<Bytes>>,
}

/// A key with its hash, so that it is not computed again when the table grows. It equals itself even where it holds a NaN,
/// which equals nothing.
struct Key<'u, T: ?Sized> {
    hash: u64,
    value: &'u T,
}

impl<'u, T: Hash + ?Sized> Key<'u, T> {
    fn new(value: &'u T) -> Key<'u, T> {
        let mut hasher = FxHasher::default();
        value.hash(&mut hasher);
        Key { hash: hasher.finish(), value }
    }
}

impl<T: PartialEq + ?Sized> PartialEq for Key<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (core::ptr::eq(self.value, other.value) || self.value == other.value)
    }
}

impl<T: PartialEq + ?Sized> Eq for Key<'_, T> {}

impl<T: ?Sized> Hash for Key<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A tuple as the identities of its items, which are objects of the pool: equal constants are the same.
struct Items(Ref<Tuple>);

impl Borrow<[usize]> for Items {
    fn borrow(&self) -> &[usize] {
        // SAFETY: the items are pointers, and nothing replaces them: they are interned already.
        unsafe { core::slice::from_raw_parts(self.0.items_ptr().cast(), self.0.len()) }
    }
}

impl PartialEq for Items {
    fn eq(&self, other: &Items) -> bool {
        Borrow::<[usize]>::borrow(self) == Borrow::<[usize]>::borrow(other)
    }
}

impl Eq for Items {}

impl Hash for Items {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<[usize]>::borrow(self).hash(state);
    }
}

/// The tuple of these items, one for all that are alike.
fn shared(tuples: &mut FxHashSet<Items>, items: Vec<Ref<Object>>) -> PyResult<Ref<Tuple>> {
    // SAFETY: a `Ref` is one pointer.
    let addresses = unsafe { core::slice::from_raw_parts(items.as_ptr().cast::<usize>(), items.len()) };
    if let Some(Items(tuple)) = tuples.get(addresses) {
        return Ok(tuple.clone());
    }
    let tuple = Tuple::from_vec(items)?;
    if !tuple.is_empty() {
        tuples.insert(Items(tuple.clone()));
    }
    Ok(tuple)
}

impl<'u> Pool<'u> {
    fn new(filename: Borrowed<'_, Str>) -> Pool<'u> {
        Pool {
            filename: filename.to_owned(),
            constants: FxHashMap::default(),
            tuples: FxHashSet::default(),
            names: FxHashSet::default(),
            strings: FxHashMap::default(),
            tables: FxHashMap::default(),
        }
    }

    fn code(&mut self, unit: &'u CodeUnit) -> PyResult<Ref<Code>> {
        let _guard = crate::thread::enter_recursive(" during compilation")?;
        let consts = self.items(&unit.consts)?;
        let parts = CodeParts {
            argcount: unit.argcount as i32,
            posonlyargcount: unit.posonlyargcount as i32,
            kwonlyargcount: unit.kwonlyargcount as i32,
            stacksize: unit.stacksize as i32,
            flags: unit.flags as i32,
            firstlineno: unit.firstlineno,
            code: Vec::new(),
            consts: shared(&mut self.tuples, consts)?,
            names: self.texts(&unit.names)?,
            local_names: self.texts(&unit.localsplusnames)?,
            local_kinds: self.table(&unit.localspluskinds)?,
            filename: self.filename.clone(),
            name: self.string(&unit.name)?,
            qualname: interned(&unit.qualname)?,
            line_table: self.table(&unit.linetable)?,
            exception_table: self.table(&unit.exceptiontable)?,
        };
        check(&parts)?;
        Code::make(parts, &unit.code)
    }

    fn texts(&mut self, texts: &'u [Text]) -> PyResult<Ref<Tuple>> {
        let mut items = vec_with_capacity(texts.len())?;
        for text in texts {
            items.push(Str::intern_object_immortal(self.string(text)?).into_object());
        }
        shared(&mut self.names, items)
    }

    fn string(&mut self, text: &'u Text) -> PyResult<Ref<Str>> {
        if let Some(string) = self.strings.get(&text.address()) {
            return Ok(string.clone());
        }
        let string = interned(text)?;
        self.strings.insert(text.address(), string.clone());
        Ok(string)
    }

    fn table(&mut self, table: &'u [u8]) -> PyResult<Ref<Bytes>> {
        if table.len() < 2 {
            return Bytes::from_slice(table);
        }
        let key = Key::new(table);
        if let Some(bytes) = self.tables.get(&key) {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from_slice(table)?;
        self.tables.insert(key, bytes.clone());
        Ok(bytes)
    }

    fn items(&mut self, items: &'u [Constant]) -> PyResult<Vec<Ref<Object>>> {
        items.iter().map(|item| self.constant(item)).gather_results()
    }

    /// The object of a constant.
    fn constant(&mut self, constant: &'u Constant) -> PyResult<Ref<Object>> {
        // Code objects are made one by one, and these are single anyway.
        match constant {
            Constant::None => return Ok(none()),
            Constant::Ellipsis => return Ok(ellipsis()),
            Constant::Bool(value) => return Ok(Bool::from(*value).into_object()),
            Constant::Code(unit) => return Ok(self.code(unit)?.into_object()),
            _ => {}
        }
        let key = Key::new(constant);
        if let Some(object) = self.constants.get(&key) {
            return Ok(object.clone());
        }
        let object = match constant {
            Constant::None | Constant::Ellipsis | Constant::Bool(_) | Constant::Code(_) => none(),
            Constant::Int(value) => Int::from_i64(*value)?.into_object(),
            Constant::BigInt(value) => Int::from_digits(&value.digits, value.negative)?.into_object(),
            Constant::Float(value) => Float::new(*value)?.into_object(),
            Constant::Complex { real, imag } => Complex::new(*real, *imag)?.into_object(),
            Constant::Str(text) if text.is_name_like() => interned(text)?.into_object(),
            Constant::Str(text) => text_object(text)?.into_object(),
            Constant::Bytes(bytes) => Bytes::from_slice(bytes)?.into_object(),
            Constant::Tuple(values) => Tuple::from_vec(self.items(values)?)?.into_object(),
            Constant::FrozenSet(values) => {
                FrozenSet::from_iterable(Tuple::from_vec(self.items(values)?)?.as_borrowed())?.into_object()
            }
            Constant::Slice(parts) => {
                let start = self.constant(&parts[0])?;
                let stop = self.constant(&parts[1])?;
                let step = self.constant(&parts[2])?;
                Slice::new(Some(start.borrow()), Some(stop.borrow()), Some(step.borrow()))?.into_object()
            }
        };
        self.constants.insert(key, object.clone());
        Ok(object)
    }
}

/// The interned `str` of a text.
fn interned(text: &Text) -> PyResult<Ref<Str>> {
    match text.as_str() {
        Some(text) => Str::intern_str(text),
        None => Ok(Str::intern(text_object(text)?)),
    }
}

/// A `str` of the compiler's text, which may hold lone surrogates.
fn text_object(text: &Text) -> PyResult<Ref<Str>> {
    Str::from_wtf8(text.as_bytes())
}

/// String constants like these are interned.
fn is_name_like(text: &Ref<Str>) -> bool {
    text.as_ascii().is_some_and(|text| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_'))
}

/// A location table in which every entry with a line has the line alone (`-X no_debug_ranges`).
fn without_columns(table: &[u8]) -> PyResult<Vec<u8>> {
    const ONE_LINE: u8 = 10;
    const NO_COLUMNS: u8 = 13;
    const NONE: u8 = 15;
    let mut out = vec_with_capacity(table.len())?;
    let mut entries = Entries(table);
    while let Some((head, body)) = entries.next_entry() {
        let kind = head >> 3 & 15;
        if kind == NONE {
            out.push(head);
            continue;
        }
        out.push(0x80 | NO_COLUMNS << 3 | head & 7);
        match kind {
            // The line delta stands first, as a number of variable length.
            NO_COLUMNS | 14 => {
                let end = body.iter().position(|byte| byte & 0x40 == 0).map_or(body.len(), |at| at + 1);
                out.extend_from_slice(&body[..end]);
            }
            ONE_LINE..NO_COLUMNS => out.push((kind - ONE_LINE) << 1),
            _ => out.push(0),
        }
    }
    Ok(out)
}

/// Goes through a location table.
struct Entries<'t>(&'t [u8]);

impl<'t> Entries<'t> {
    /// The first byte of the next entry, and the others.
    fn next_entry(&mut self) -> Option<(u8, &'t [u8])> {
        let (&head, rest) = self.0.split_first()?;
        // Only first bytes have the high bit.
        let len = rest.iter().position(|byte| byte & 0x80 != 0).unwrap_or(rest.len());
        let (body, rest) = rest.split_at(len);
        self.0 = rest;
        Some((head, body))
    }
}

/// Refuses what `code.__new__` refuses, and sizes that would make frames overlap.
fn check(parts: &CodeParts) -> PyResult<()> {
    let slots = parts.local_names.len();
    if parts.posonlyargcount < 0
        || parts.argcount < parts.posonlyargcount
        || parts.kwonlyargcount < 0
        || parts.stacksize < 0
        || parts.flags < 0
    {
        return Err(raise!(ValueError, "code: argument counts, stack size and flags must not be negative"));
    }
    let named = parts.argcount as usize + parts.kwonlyargcount as usize;
    if slots != parts.local_kinds.as_slice().len() || named > slots {
        return Err(raise!(ValueError, "code: varnames is too small"));
    }
    if parts.stacksize as usize + slots > i32::MAX as usize / 16 {
        return Err(raise!(OverflowError, "code: co_stacksize is too large"));
    }
    Ok(())
}

/// Interns the strings of a tuple that nobody else has seen yet. As names of a program they are immortal.
fn intern_strings(tuple: &Ref<Tuple>) {
    for index in 0..tuple.len() {
        let item = tuple.get(index);
        if let Some(text) = item.downcast_exact::<Str>() {
            let interned = Str::intern_object_immortal(text.to_owned());
            if !interned.is(&item) {
                // SAFETY: the tuple is part of a code object being made; the slot's count goes with the old string.
                unsafe {
                    let slot = tuple.items_ptr().add(index).cast_mut();
                    let old = core::ptr::replace(slot, interned.into_ptr());
                    header::decref(old);
                }
            }
        }
    }
}

/// Interns string constants that look like names, inside tuples and frozen sets as well.
fn intern_constants(tuple: &Ref<Tuple>) {
    for index in 0..tuple.len() {
        let item = tuple.get(index);
        if let Some(text) = item.downcast_exact::<Str>() {
            if !is_name_like(&text) {
                continue;
            }
            let interned = Str::intern(text.to_owned());
            if !interned.is(&item) {
                // SAFETY: as above.
                unsafe {
                    let slot = tuple.items_ptr().add(index).cast_mut();
                    let old = core::ptr::replace(slot, interned.into_ptr());
                    header::decref(old);
                }
            }
        } else if let Some(inner) = item.downcast_exact::<Tuple>() {
            intern_constants(&inner.to_owned());
        }
    }
}

/// The first RESUME: earlier instructions are the prologue, and no tracer sees them.
fn first_traceable(code: &[u8]) -> i32 {
    let mut index = 0;
    while index * 2 < code.len() {
        let opcode = code[index * 2];
        if opcode == Opcode::RESUME as u8 {
            return index as i32;
        }
        index += 1 + taipan_compiler::opcode::CACHES[opcode as usize] as usize;
    }
    0
}

/// A number for each code object, never 0.
fn next_version() -> u32 {
    struct Counter(Cell<u32>);
    // SAFETY: read and written under the GIL.
    unsafe impl Sync for Counter {}
    static COUNTER: Counter = Counter(Cell::new(0));
    COUNTER.0.set(COUNTER.0.get().wrapping_add(1).max(1));
    COUNTER.0.get()
}
