//! Specialisation: rewriting an instruction to a form that fits what it has seen.
//!
//! A generic instruction counts down in its first cache unit; at zero the functions here look at the operands, fill
//! the inline cache and write the opcode of a specialised form. A specialised form whose guard fails executes the
//! generic form, whose counter goes on; when it comes to zero again the choice is made anew. A choice that finds
//! nothing doubles the wait. CPython: `Python/specialize.c`, `pycore_backoff.h`.

mod attr;
mod call;

use taipan_compiler::opcode::Opcode;

use super::dispatch::Machine;
use super::ops::arith;
use super::ops::subscript::{has_items_of, is_dict_like};
use super::stackref::StackRef;
use crate::abi::{
    CO_OPTIMIZED, CO_VARARGS, CO_VARKEYWORDS, METH_FASTCALL, METH_KEYWORDS, METH_NOARGS, METH_O, Py_TPFLAGS_HEAPTYPE,
    Py_TPFLAGS_IMMUTABLETYPE, Py_TPFLAGS_INLINE_VALUES, Py_TPFLAGS_IS_ABSTRACT, Py_TPFLAGS_MANAGED_DICT,
    Py_TPFLAGS_METHOD_DESCRIPTOR, Py_TPFLAGS_TYPE_SUBCLASS, PyCFunctionObject, PyCodeObject, PyFunctionObject,
    PyHeapTypeObject, PyMethodDescrObject, PyMethodObject, PyObject, PyTypeObject,
};
use crate::prelude::*;
use crate::types::builtin_function::CFunction;
use crate::types::builtin_iters::{Enumerate, Zip};
use crate::types::descr::MethodDescr;
use crate::types::dict::iter::{DictItemIterator, DictKeyIterator, DictValueIterator};
use crate::types::method::BoundMethod;
use crate::types::object::object_new;
use crate::types::type_::slots::slot_tp_init;
use crate::types::{Code, Function, Generator, dict};

pub use attr::*;
pub use call::*;

// Instructions of ours, with numbers that CPython 3.14 leaves free. `co_code` never shows them.
pub const LOAD_CONST_INT: u8 = 212;
pub const BINARY_OP_REMAINDER_INT: u8 = 213;
pub const BINARY_OP_FLOOR_DIVIDE_INT: u8 = 214;
pub const BINARY_OP_AND_INT: u8 = 215;
pub const BINARY_OP_OR_INT: u8 = 216;
pub const BINARY_OP_XOR_INT: u8 = 217;
pub const BINARY_OP_LSHIFT_INT: u8 = 218;
pub const BINARY_OP_RSHIFT_INT: u8 = 219;
pub const BINARY_OP_TRUE_DIVIDE_FLOAT: u8 = 220;
pub const CALL_BUILTIN: u8 = 221;
pub const CALL_LIST_POP: u8 = 222;
pub const FOR_ITER_DICT: u8 = 223;
pub const FOR_ITER_STR: u8 = 224;
pub const FOR_ITER_SET: u8 = 225;
pub const CALL_DICT_GET: u8 = 226;
pub const CALL_SET_ADD: u8 = 227;
pub const BINARY_OP_SUBSCR_BYTES_INT: u8 = 228;
pub const LOAD_ATTR_DESCRIPTOR: u8 = 229;
pub const FOR_ITER_ENUMERATE: u8 = 230;
pub const FOR_ITER_ZIP: u8 = 231;
pub const CALL_PY_DEFAULTS: u8 = 232;
pub const TO_BOOL_TABLE: u8 = 233;
pub const LOAD_CONST_IMMORTAL: u8 = Opcode::LOAD_CONST_IMMORTAL as u8;
/// The first and the last number of ours.
pub const OURS: core::ops::RangeInclusive<u8> = 212..=233;

/// The base instruction of one of ours.
pub fn base_of_ours(opcode: u8) -> Opcode {
    match opcode {
        LOAD_CONST_INT => Opcode::LOAD_CONST,
        CALL_BUILTIN | CALL_LIST_POP | CALL_DICT_GET | CALL_SET_ADD | CALL_PY_DEFAULTS => Opcode::CALL,
        LOAD_ATTR_DESCRIPTOR => Opcode::LOAD_ATTR,
        FOR_ITER_DICT | FOR_ITER_STR | FOR_ITER_SET | FOR_ITER_ENUMERATE | FOR_ITER_ZIP => Opcode::FOR_ITER,
        TO_BOOL_TABLE => Opcode::TO_BOOL,
        _ => Opcode::BINARY_OP,
    }
}

/// The base instruction of any number: what `co_code` shows.
pub fn base(opcode: u8) -> u8 {
    if OURS.contains(&opcode) {
        return base_of_ours(opcode) as u8;
    }
    taipan_compiler::opcode::DEOPT[opcode as usize]
}

const BACKOFF_BITS: u16 = 4;
const MAX_BACKOFF: u16 = 12;
/// Where counters start in new code: one execution, then the choice.
pub const WARMUP: u16 = (1 << BACKOFF_BITS) | 1;
/// Where instrumentation keeps counters: no choice is made.
pub const PAUSED: u16 = 0xfff0;
/// After a choice: so many misses until the next one.
const COOLDOWN: u16 = 52 << BACKOFF_BITS;
/// How many executions of a new instruction lead to its choice.
pub const THRESHOLD: u16 = (WARMUP >> BACKOFF_BITS) + 1;
/// How many misses of a chosen instruction lead to the next choice.
pub const COOLDOWN_EXECUTIONS: u16 = (COOLDOWN >> BACKOFF_BITS) + 1;

/// Counts down; `true` when the instruction at `ip` is due for a choice.
///
/// # Safety
/// `ip` is an instruction with a counter.
#[inline(always)]
pub unsafe fn due(ip: *mut u16) -> bool {
    // SAFETY: the counter is the first cache unit.
    unsafe {
        let counter = ip.add(1);
        if *counter < 1 << BACKOFF_BITS {
            return true;
        }
        *counter -= 1 << BACKOFF_BITS;
        false
    }
}

/// Writes the opcode, and leaves the operand.
///
/// # Safety
/// `ip` is an instruction, and `opcode` one of its forms.
pub unsafe fn rewrite(ip: *mut u16, opcode: u8) {
    // SAFETY: by contract.
    unsafe { *ip.cast::<u8>() = opcode }
}

unsafe fn succeed(ip: *mut u16, opcode: u8) {
    // SAFETY: the instruction has a counter.
    unsafe {
        rewrite(ip, opcode);
        *ip.add(1) = COOLDOWN;
    }
}

/// No form fits: waits twice as long before the next try.
unsafe fn fail(ip: *mut u16) {
    // SAFETY: as above.
    unsafe {
        rewrite(ip, base(*ip as u8));
        let counter = ip.add(1);
        let backoff = (*counter & 15).min(MAX_BACKOFF - 1) + 1;
        *counter = ((1 << backoff) - 1) << BACKOFF_BITS | backoff;
    }
}

/// Back to the generic form at once: the guard of a slow specialised body has failed.
///
/// # Safety
/// `ip` is a specialised instruction.
pub unsafe fn despecialize(ip: *mut u16) {
    // SAFETY: by contract.
    unsafe { fail(ip) }
}

unsafe fn finish(ip: *mut u16, choice: Option<u8>) {
    // SAFETY: the instruction has a counter.
    unsafe {
        match choice {
            Some(opcode) => succeed(ip, opcode),
            None => fail(ip),
        }
    }
}

unsafe fn write16(ip: *mut u16, index: usize, value: u16) {
    // SAFETY: the instruction has that cache unit.
    unsafe { *ip.add(index) = value }
}

unsafe fn write32(ip: *mut u16, index: usize, value: u32) {
    // SAFETY: as above.
    unsafe { ip.add(index).cast::<u32>().write_unaligned(value) }
}

unsafe fn write64(ip: *mut u16, index: usize, value: u64) {
    // SAFETY: as above.
    unsafe { ip.add(index).cast::<u64>().write_unaligned(value) }
}

unsafe fn is_int(word: StackRef) -> bool {
    // SAFETY: the word is on the stack and not NULL.
    unsafe { arith::small_int(word).is_some() }
}

/// BINARY_OP.
pub unsafe fn binary_op(m: Machine, oparg: usize) {
    // SAFETY: two operands stand on the stack.
    unsafe {
        let (a, b) = (*m.slot(2), *m.slot(1));
        let operator = if (13..arith::SUBSCRIPT).contains(&oparg) { oparg - 13 } else { oparg };
        let choice = if oparg == arith::SUBSCRIPT {
            subscript(m, a, b)
        } else if is_int(a) && is_int(b) {
            match operator {
                0 => Some(Opcode::BINARY_OP_ADD_INT as u8),
                1 => Some(BINARY_OP_AND_INT),
                2 => Some(BINARY_OP_FLOOR_DIVIDE_INT),
                3 => Some(BINARY_OP_LSHIFT_INT),
                5 => Some(Opcode::BINARY_OP_MULTIPLY_INT as u8),
                6 => Some(BINARY_OP_REMAINDER_INT),
                7 => Some(BINARY_OP_OR_INT),
                9 => Some(BINARY_OP_RSHIFT_INT),
                10 => Some(Opcode::BINARY_OP_SUBTRACT_INT as u8),
                12 => Some(BINARY_OP_XOR_INT),
                _ => None,
            }
        } else if a.is_exact(Float::TYPE) && b.is_exact(Float::TYPE) {
            match operator {
                0 => Some(Opcode::BINARY_OP_ADD_FLOAT as u8),
                5 => Some(Opcode::BINARY_OP_MULTIPLY_FLOAT as u8),
                10 => Some(Opcode::BINARY_OP_SUBTRACT_FLOAT as u8),
                11 => Some(BINARY_OP_TRUE_DIVIDE_FLOAT),
                _ => None,
            }
        } else if operator == 0 && a.is_exact(Str::TYPE) && b.is_exact(Str::TYPE) {
            Some(add_unicode(m, a))
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// `variable = variable + text` gets the form that appends in place.
unsafe fn add_unicode(m: Machine, left: StackRef) -> u8 {
    // SAFETY: an instruction follows BINARY_OP and its five cache units.
    unsafe {
        let next = *m.ip().add(6);
        let store = next as u8 == Opcode::STORE_FAST as u8;
        if store && (*m.local((next >> 8) as usize)).ptr() == left.ptr() {
            return Opcode::BINARY_OP_INPLACE_ADD_UNICODE as u8;
        }
        Opcode::BINARY_OP_ADD_UNICODE as u8
    }
}

/// A class of Python with a `__getitem__` of Python: the function is kept with the class, whose version guards it.
unsafe fn getitem_of_python(m: Machine, container: StackRef) -> Option<u8> {
    // SAFETY: the container is on the stack.
    unsafe {
        if container.is_int() {
            return None;
        }
        let class = (*container.ptr()).ob_type.get();
        if (*class).tp_flags.get() & Py_TPFLAGS_HEAPTYPE == 0 {
            return None;
        }
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(class);
        let getitem = handle.lookup_borrowed(id!("__getitem__"))?;
        if !getitem.is_exact::<Function>() {
            return None;
        }
        let function_version = simple_function(getitem.as_ptr().cast(), 2)?;
        let version = type_version(class)?;
        let cache = &(*class.cast::<PyHeapTypeObject>())._spec_cache;
        cache.getitem.set(getitem.as_ptr());
        cache.getitem_version.set(function_version);
        write32(m.ip(), 2, version);
        Some(Opcode::BINARY_OP_SUBSCR_GETITEM as u8)
    }
}

unsafe fn subscript(m: Machine, container: StackRef, index: StackRef) -> Option<u8> {
    // SAFETY: words on the stack.
    unsafe {
        if is_dict_like(container) {
            return Some(Opcode::BINARY_OP_SUBSCR_DICT as u8);
        }
        if !is_int(index) {
            return getitem_of_python(m, container);
        }
        if has_items_of(container, List::TYPE) {
            Some(Opcode::BINARY_OP_SUBSCR_LIST_INT as u8)
        } else if has_items_of(container, Tuple::TYPE) {
            Some(Opcode::BINARY_OP_SUBSCR_TUPLE_INT as u8)
        } else if container.is_exact(Str::TYPE) {
            Some(Opcode::BINARY_OP_SUBSCR_STR_INT as u8)
        } else if container.is_exact(Bytes::TYPE) || container.is_exact(ByteArray::TYPE) {
            Some(BINARY_OP_SUBSCR_BYTES_INT)
        } else {
            getitem_of_python(m, container)
        }
    }
}

/// STORE_SUBSCR.
pub unsafe fn store_subscr(m: Machine) {
    // SAFETY: three operands stand on the stack.
    unsafe {
        let (container, index) = (*m.slot(2), *m.slot(1));
        let choice = if container.is_exact(List::TYPE) && is_int(index) {
            Some(Opcode::STORE_SUBSCR_LIST_INT as u8)
        } else if is_dict_like(container) {
            Some(Opcode::STORE_SUBSCR_DICT as u8)
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// COMPARE_OP.
pub unsafe fn compare_op(m: Machine, oparg: usize) {
    // SAFETY: two operands stand on the stack.
    unsafe {
        let (a, b) = (*m.slot(2), *m.slot(1));
        let equality = matches!(oparg >> 5, 2 | 3);
        let choice = if is_int(a) && is_int(b) {
            Some(Opcode::COMPARE_OP_INT as u8)
        } else if a.is_exact(Float::TYPE) && (b.is_exact(Float::TYPE) || is_int(b))
            || is_int(a) && b.is_exact(Float::TYPE)
        {
            Some(Opcode::COMPARE_OP_FLOAT as u8)
        } else if equality && a.is_exact(Str::TYPE) && b.is_exact(Str::TYPE) {
            Some(Opcode::COMPARE_OP_STR as u8)
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// CONTAINS_OP.
pub unsafe fn contains_op(m: Machine) {
    // SAFETY: two operands stand on the stack.
    unsafe {
        let container = *m.slot(1);
        let choice = if container.is_exact(Dict::TYPE) {
            Some(Opcode::CONTAINS_OP_DICT as u8)
        } else if container.is_exact(Set::TYPE) || container.is_exact(FrozenSet::TYPE) {
            Some(Opcode::CONTAINS_OP_SET as u8)
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// TO_BOOL.
pub unsafe fn to_bool(m: Machine) {
    // SAFETY: the operand stands on the stack.
    unsafe {
        let word = *m.slot(1);
        let choice = if is_int(word) {
            Some(Opcode::TO_BOOL_INT as u8)
        } else if word.is_ptr(crate::object::none_ptr()) {
            Some(Opcode::TO_BOOL_NONE as u8)
        } else {
            let ty = (*word.ptr()).ob_type.get();
            if ty == Bool::TYPE {
                Some(Opcode::TO_BOOL_BOOL as u8)
            } else if ty == List::TYPE {
                Some(Opcode::TO_BOOL_LIST as u8)
            } else if ty == Str::TYPE {
                Some(Opcode::TO_BOOL_STR as u8)
            } else if ty == Dict::TYPE || ty == Set::TYPE {
                Some(TO_BOOL_TABLE)
            } else {
                always_true(m, ty)
            }
        };
        finish(m.ip(), choice);
    }
}

unsafe fn always_true(m: Machine, ty: *mut PyTypeObject) -> Option<u8> {
    // SAFETY: a live type.
    unsafe {
        let number = (*ty).tp_as_number.get().as_ref();
        let sequence = (*ty).tp_as_sequence.get().as_ref();
        let mapping = (*ty).tp_as_mapping.get().as_ref();
        if number.is_some_and(|t| t.nb_bool.get().is_some())
            || sequence.is_some_and(|t| t.sq_length.get().is_some())
            || mapping.is_some_and(|t| t.mp_length.get().is_some())
        {
            return None;
        }
        let version = type_version(ty)?;
        write32(m.ip(), 2, version);
        Some(Opcode::TO_BOOL_ALWAYS_TRUE as u8)
    }
}

/// The version tag of a type, assigned if it has none.
unsafe fn type_version(ty: *mut PyTypeObject) -> Option<u32> {
    // SAFETY: a live type.
    let version = unsafe { crate::types::type_::assign_version(ty) };
    if version == 0 { None } else { Some(version) }
}

/// FOR_ITER.
pub unsafe fn for_iter(m: Machine) {
    // SAFETY: the iterator stands on the stack.
    unsafe {
        let word = *m.slot(1);
        let choice = if word.is_exact(crate::types::iter::ListIterator::TYPE) {
            Some(Opcode::FOR_ITER_LIST as u8)
        } else if word.is_exact(crate::types::iter::TupleIterator::TYPE) {
            Some(Opcode::FOR_ITER_TUPLE as u8)
        } else if word.is_exact(crate::types::range::RangeIterator::TYPE) {
            Some(Opcode::FOR_ITER_RANGE as u8)
        } else if word.is_exact(Generator::TYPE) {
            Some(Opcode::FOR_ITER_GEN as u8)
        } else if word.is_exact(DictKeyIterator::TYPE)
            || word.is_exact(DictValueIterator::TYPE)
            || word.is_exact(DictItemIterator::TYPE) && base(*m.ip().add(2) as u8) == Opcode::UNPACK_SEQUENCE as u8
        {
            Some(FOR_ITER_DICT)
        } else if word.is_exact(crate::types::str::StrAsciiIterator::TYPE) {
            Some(FOR_ITER_STR)
        } else if word.is_exact(crate::types::set::SetIterator::TYPE) {
            Some(FOR_ITER_SET)
        } else if base(*m.ip().add(2) as u8) == Opcode::UNPACK_SEQUENCE as u8 && word.is_exact(Enumerate::TYPE) {
            Some(FOR_ITER_ENUMERATE)
        } else if base(*m.ip().add(2) as u8) == Opcode::UNPACK_SEQUENCE as u8 && word.is_exact(Zip::TYPE) {
            Some(FOR_ITER_ZIP)
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// UNPACK_SEQUENCE.
pub unsafe fn unpack_sequence(m: Machine, count: usize) {
    // SAFETY: the sequence stands on the stack.
    unsafe {
        let word = *m.slot(1);
        let size = || (*word.ptr().cast::<crate::abi::PyVarObject>()).ob_size.get() as usize;
        let choice = if word.is_exact(Tuple::TYPE) && size() == count {
            Some(if count == 2 { Opcode::UNPACK_SEQUENCE_TWO_TUPLE } else { Opcode::UNPACK_SEQUENCE_TUPLE } as u8)
        } else if word.is_exact(List::TYPE) && size() == count {
            Some(Opcode::UNPACK_SEQUENCE_LIST as u8)
        } else {
            None
        };
        finish(m.ip(), choice);
    }
}

/// Sets the counters of new code, so that its instructions specialise after a first execution.
///
/// # Safety
/// `first` are `units` units of base instructions.
pub unsafe fn warm_up(first: *mut u16, units: usize) {
    // SAFETY: by contract.
    unsafe {
        let mut index = 0;
        while index < units {
            let opcode = *first.add(index) as u8;
            let caches = taipan_compiler::opcode::CACHES[opcode as usize] as usize;
            if caches > 0 && opcode != Opcode::JUMP_BACKWARD as u8 {
                *first.add(index + 1) = WARMUP;
            }
            index += 1 + caches;
        }
    }
}

/// The base instructions of code, with caches cleared: `co_code`.
pub fn deoptimized(code: &Ref<Code>) -> PyResult<Vec<u8>> {
    let mut bytes = code.adaptive_bytes().try_to_vec()?;
    let mut index = 0;
    while index + 1 < bytes.len() {
        // SAFETY: an instruction of live code.
        let opcode = unsafe { super::monitoring::install::base_opcode(code.raw(), index / 2) };
        bytes[index] = opcode;
        let caches = taipan_compiler::opcode::CACHES[opcode as usize] as usize;
        let end = (index + 2 + 2 * caches).min(bytes.len());
        bytes[index + 2..end].fill(0);
        index = end;
    }
    Ok(bytes)
}
