//! Making code objects: from the compiler's `CodeUnit`, from marshal, from `code.__new__` and `replace`.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_compiler::code::{CodeUnit, Constant, kind};
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
    pub fn from_parts(parts: CodeParts) -> PyResult<Ref<Code>> {
        check(&parts)?;
        intern_strings(&parts.names);
        intern_strings(&parts.local_names);
        intern_constants(&parts.consts);

        let units = parts.code.len() / 2;
        let Some(size) = units.checked_mul(2).and_then(|bytes| bytes.checked_add(HEAD)) else {
            return Err(Raised::no_memory());
        };
        // SAFETY: the block is large enough for head and instructions; every field is written before it is used.
        unsafe {
            let code = crate::memory::object::alloc_sized(Code::TYPE, size)?.cast::<PyCodeObject>();
            let var_head = size_of::<crate::abi::PyVarObject>();
            core::ptr::write_bytes(code.cast::<u8>().add(var_head), 0, HEAD - var_head);
            let raw = &*code;
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
            set(&raw.co_linetable, parts.line_table.into_ptr());
            let first: *mut u16 = frame::first_instruction(code).cast();
            core::ptr::copy_nonoverlapping(parts.code.as_ptr(), first.cast::<u8>(), units * 2);
            raw._co_firsttraceable.set(first_traceable(&parts.code));
            specialize::warm_up(first, units);
            super::notify(PY_CODE_EVENT_CREATE, code);
            Ok(Ref::from_owned_ptr(code))
        }
    }

    /// The code object of compiled code.
    pub fn from_unit(unit: &CodeUnit) -> PyResult<Ref<Code>> {
        let _guard = crate::thread::enter_recursive(" during compilation")?;
        let texts = |texts: &[taipan_compiler::Text]| -> PyResult<Ref<Tuple>> {
            let mut items = Vec::with_capacity(texts.len());
            for text in texts {
                items.push(Str::intern(text_object(text)?).into_object());
            }
            Tuple::from_vec(items)
        };
        let mut consts = Vec::with_capacity(unit.consts.len());
        for constant in &unit.consts {
            consts.push(constant_object(constant)?);
        }
        Code::from_parts(CodeParts {
            argcount: unit.argcount as i32,
            posonlyargcount: unit.posonlyargcount as i32,
            kwonlyargcount: unit.kwonlyargcount as i32,
            stacksize: unit.stacksize as i32,
            flags: unit.flags as i32,
            firstlineno: unit.firstlineno,
            code: unit.code.clone(),
            consts: Tuple::from_vec(consts)?,
            names: texts(&unit.names)?,
            local_names: texts(&unit.localsplusnames)?,
            local_kinds: Bytes::from_slice(&unit.localspluskinds)?,
            filename: text_object(&unit.filename)?,
            name: Str::intern(text_object(&unit.name)?),
            qualname: Str::intern(text_object(&unit.qualname)?),
            line_table: Bytes::from_slice(&unit.linetable)?,
            exception_table: Bytes::from_slice(&unit.exceptiontable)?,
        })
    }
}

/// A `str` of the compiler's text, which may hold lone surrogates.
pub fn text_object(text: &taipan_compiler::Text) -> PyResult<Ref<Str>> {
    Str::from_wtf8(text.as_bytes())
}

/// The object of a compile-time constant.
pub fn constant_object(constant: &Constant) -> PyResult<Ref<Object>> {
    let items = |items: &[Constant]| -> PyResult<Vec<Ref<Object>>> { items.iter().map(constant_object).collect() };
    Ok(match constant {
        Constant::None => none(),
        Constant::Ellipsis => ellipsis(),
        Constant::Bool(value) => Bool::from(*value).into_object(),
        Constant::Int(value) => Int::from_i64(*value)?.into_object(),
        Constant::BigInt(value) => Int::from_digits(&value.digits, value.negative)?.into_object(),
        Constant::Float(value) => Float::new(*value)?.into_object(),
        Constant::Complex { real, imag } => Complex::new(*real, *imag)?.into_object(),
        Constant::Str(text) => text_object(text)?.into_object(),
        Constant::Bytes(bytes) => Bytes::from_slice(bytes)?.into_object(),
        Constant::Tuple(values) => Tuple::from_vec(items(values)?)?.into_object(),
        Constant::FrozenSet(values) => {
            FrozenSet::from_iterable(Tuple::from_vec(items(values)?)?.as_borrowed())?.into_object()
        }
        Constant::Slice(parts) => {
            let [start, stop, step] = [&parts[0], &parts[1], &parts[2]].map(constant_object);
            let (start, stop, step) = (start?, stop?, step?);
            Slice::new(Some(start.borrow()), Some(stop.borrow()), Some(step.borrow()))?.into_object()
        }
        Constant::Code(unit) => Code::from_unit(unit)?.into_object(),
    })
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
    if parts.code.is_empty() || parts.code.len() % 2 != 0 {
        return Err(raise!(ValueError, "code: co_code is malformed"));
    }
    if parts.stacksize as usize + slots > i32::MAX as usize / 16 {
        return Err(raise!(OverflowError, "code: co_stacksize is too large"));
    }
    let strings = |tuple: &Ref<Tuple>| tuple.iter().all(|item| item.is_instance_of::<Str>());
    if !strings(&parts.names) || !strings(&parts.local_names) {
        return Err(raise!(TypeError, "name tuples must contain only strings, not other objects"));
    }
    Ok(())
}

/// Interns the strings of a tuple that nobody else has seen yet.
fn intern_strings(tuple: &Ref<Tuple>) {
    for index in 0..tuple.len() {
        let item = tuple.get(index);
        if let Some(text) = item.downcast_exact::<Str>() {
            let interned = Str::intern(text.to_owned());
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
            if !text.as_ascii().is_some_and(|text| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')) {
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
