//! Type objects and their method suites.
//!
//! CPython: `Include/cpython/object.h`, `Include/typeslots.h`, the type flags of `Include/object.h`.
//! Every field is a cell, because heap types fill their slots after construction and `PyType_Modified` and the
//! specialiser write into finished types. A static starts from `ZERO`:
//! `PyTypeObject { tp_name: Cell::new(c"list".as_ptr()), ..PyTypeObject::ZERO }`.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_void};

use crate::descrobject::{PyGetSetDef, PyMemberDef};
use crate::dictobject::PyDictKeysObject;
use crate::methodobject::PyMethodDef;
use crate::object::{
    Py_ssize_t, PyObject, PyVarObject, allocfunc, binaryfunc, descrgetfunc, descrsetfunc, destructor, freefunc,
    getattrfunc, getattrofunc, getiterfunc, hashfunc, initproc, inquiry, iternextfunc, lenfunc, newfunc, objobjargproc,
    objobjproc, reprfunc, richcmpfunc, sendfunc, setattrfunc, setattrofunc, ssizeargfunc, ssizeobjargproc, ternaryfunc,
    traverseproc, unaryfunc, vectorcallfunc,
};
use crate::pybuffer::{getbufferproc, releasebufferproc};

pub type printfunc = Py_ssize_t;

/// The numeric slots.
#[repr(C)]
pub struct PyNumberMethods {
    pub nb_add: Cell<Option<binaryfunc>>,
    pub nb_subtract: Cell<Option<binaryfunc>>,
    pub nb_multiply: Cell<Option<binaryfunc>>,
    pub nb_remainder: Cell<Option<binaryfunc>>,
    pub nb_divmod: Cell<Option<binaryfunc>>,
    pub nb_power: Cell<Option<ternaryfunc>>,
    pub nb_negative: Cell<Option<unaryfunc>>,
    pub nb_positive: Cell<Option<unaryfunc>>,
    pub nb_absolute: Cell<Option<unaryfunc>>,
    pub nb_bool: Cell<Option<inquiry>>,
    pub nb_invert: Cell<Option<unaryfunc>>,
    pub nb_lshift: Cell<Option<binaryfunc>>,
    pub nb_rshift: Cell<Option<binaryfunc>>,
    pub nb_and: Cell<Option<binaryfunc>>,
    pub nb_xor: Cell<Option<binaryfunc>>,
    pub nb_or: Cell<Option<binaryfunc>>,
    pub nb_int: Cell<Option<unaryfunc>>,
    pub nb_reserved: Cell<*mut c_void>,
    pub nb_float: Cell<Option<unaryfunc>>,
    pub nb_inplace_add: Cell<Option<binaryfunc>>,
    pub nb_inplace_subtract: Cell<Option<binaryfunc>>,
    pub nb_inplace_multiply: Cell<Option<binaryfunc>>,
    pub nb_inplace_remainder: Cell<Option<binaryfunc>>,
    pub nb_inplace_power: Cell<Option<ternaryfunc>>,
    pub nb_inplace_lshift: Cell<Option<binaryfunc>>,
    pub nb_inplace_rshift: Cell<Option<binaryfunc>>,
    pub nb_inplace_and: Cell<Option<binaryfunc>>,
    pub nb_inplace_xor: Cell<Option<binaryfunc>>,
    pub nb_inplace_or: Cell<Option<binaryfunc>>,
    pub nb_floor_divide: Cell<Option<binaryfunc>>,
    pub nb_true_divide: Cell<Option<binaryfunc>>,
    pub nb_inplace_floor_divide: Cell<Option<binaryfunc>>,
    pub nb_inplace_true_divide: Cell<Option<binaryfunc>>,
    pub nb_index: Cell<Option<unaryfunc>>,
    pub nb_matrix_multiply: Cell<Option<binaryfunc>>,
    pub nb_inplace_matrix_multiply: Cell<Option<binaryfunc>>,
}
const _: () = assert!(size_of::<PyNumberMethods>() == 288);

/// The sequence slots.
#[repr(C)]
pub struct PySequenceMethods {
    pub sq_length: Cell<Option<lenfunc>>,
    pub sq_concat: Cell<Option<binaryfunc>>,
    pub sq_repeat: Cell<Option<ssizeargfunc>>,
    pub sq_item: Cell<Option<ssizeargfunc>>,
    pub was_sq_slice: Cell<*mut c_void>,
    pub sq_ass_item: Cell<Option<ssizeobjargproc>>,
    pub was_sq_ass_slice: Cell<*mut c_void>,
    pub sq_contains: Cell<Option<objobjproc>>,
    pub sq_inplace_concat: Cell<Option<binaryfunc>>,
    pub sq_inplace_repeat: Cell<Option<ssizeargfunc>>,
}
const _: () = assert!(size_of::<PySequenceMethods>() == 80);

/// The mapping slots.
#[repr(C)]
pub struct PyMappingMethods {
    pub mp_length: Cell<Option<lenfunc>>,
    pub mp_subscript: Cell<Option<binaryfunc>>,
    pub mp_ass_subscript: Cell<Option<objobjargproc>>,
}
const _: () = assert!(size_of::<PyMappingMethods>() == 24);

/// The slots of `await` and asynchronous iteration.
#[repr(C)]
pub struct PyAsyncMethods {
    pub am_await: Cell<Option<unaryfunc>>,
    pub am_aiter: Cell<Option<unaryfunc>>,
    pub am_anext: Cell<Option<unaryfunc>>,
    pub am_send: Cell<Option<sendfunc>>,
}
const _: () = assert!(size_of::<PyAsyncMethods>() == 32);

/// The slots of the buffer protocol.
#[repr(C)]
pub struct PyBufferProcs {
    pub bf_getbuffer: Cell<Option<getbufferproc>>,
    pub bf_releasebuffer: Cell<Option<releasebufferproc>>,
}
const _: () = assert!(size_of::<PyBufferProcs>() == 16);

/// A type.
#[repr(C)]
pub struct PyTypeObject {
    pub ob_base: PyVarObject,
    /// Module and name with a dot between them; of a heap type, the name alone.
    pub tp_name: Cell<*const c_char>,
    /// Bytes of an instance without items.
    pub tp_basicsize: Cell<Py_ssize_t>,
    /// Bytes per item of a variable-size instance.
    pub tp_itemsize: Cell<Py_ssize_t>,
    pub tp_dealloc: Cell<Option<destructor>>,
    /// Where an instance keeps its `vectorcallfunc`, with `Py_TPFLAGS_HAVE_VECTORCALL`.
    pub tp_vectorcall_offset: Cell<Py_ssize_t>,
    pub tp_getattr: Cell<Option<getattrfunc>>,
    pub tp_setattr: Cell<Option<setattrfunc>>,
    pub tp_as_async: Cell<*mut PyAsyncMethods>,
    pub tp_repr: Cell<Option<reprfunc>>,
    pub tp_as_number: Cell<*mut PyNumberMethods>,
    pub tp_as_sequence: Cell<*mut PySequenceMethods>,
    pub tp_as_mapping: Cell<*mut PyMappingMethods>,
    pub tp_hash: Cell<Option<hashfunc>>,
    pub tp_call: Cell<Option<ternaryfunc>>,
    pub tp_str: Cell<Option<reprfunc>>,
    pub tp_getattro: Cell<Option<getattrofunc>>,
    pub tp_setattro: Cell<Option<setattrofunc>>,
    pub tp_as_buffer: Cell<*mut PyBufferProcs>,
    pub tp_flags: Cell<c_ulong>,
    pub tp_doc: Cell<*const c_char>,
    pub tp_traverse: Cell<Option<traverseproc>>,
    pub tp_clear: Cell<Option<inquiry>>,
    pub tp_richcompare: Cell<Option<richcmpfunc>>,
    /// Where an instance keeps its weak references; 0 for none, below 0 in front of it.
    pub tp_weaklistoffset: Cell<Py_ssize_t>,
    pub tp_iter: Cell<Option<getiterfunc>>,
    pub tp_iternext: Cell<Option<iternextfunc>>,
    pub tp_methods: Cell<*mut PyMethodDef>,
    pub tp_members: Cell<*mut PyMemberDef>,
    pub tp_getset: Cell<*mut PyGetSetDef>,
    /// Owned by a heap type, borrowed by a static one.
    pub tp_base: Cell<*mut PyTypeObject>,
    /// Of a static built-in type it is NULL here and lives in the interpreter state, in the reference.
    pub tp_dict: Cell<*mut PyObject>,
    pub tp_descr_get: Cell<Option<descrgetfunc>>,
    pub tp_descr_set: Cell<Option<descrsetfunc>>,
    /// Where an instance keeps its dictionary; 0 for none, below 0 counted from the end, -1 when the VM manages it.
    pub tp_dictoffset: Cell<Py_ssize_t>,
    pub tp_init: Cell<Option<initproc>>,
    pub tp_alloc: Cell<Option<allocfunc>>,
    pub tp_new: Cell<Option<newfunc>>,
    pub tp_free: Cell<Option<freefunc>>,
    pub tp_is_gc: Cell<Option<inquiry>>,
    /// A tuple.
    pub tp_bases: Cell<*mut PyObject>,
    /// A tuple, the type itself first.
    pub tp_mro: Cell<*mut PyObject>,
    /// Unused.
    pub tp_cache: Cell<*mut PyObject>,
    /// A dictionary of weak references; of a static built-in type, its index.
    pub tp_subclasses: Cell<*mut c_void>,
    pub tp_weaklist: Cell<*mut PyObject>,
    pub tp_del: Cell<Option<destructor>>,
    /// Changes with every attribute of the type or its bases; 0 when none is assigned.
    pub tp_version_tag: Cell<c_uint>,
    pub tp_finalize: Cell<Option<destructor>>,
    pub tp_vectorcall: Cell<Option<vectorcallfunc>>,
    /// Bit n: watcher n wants to hear of changes.
    pub tp_watched: Cell<c_uchar>,
    /// How many version tags the type has had.
    pub tp_versions_used: Cell<u16>,
}
const _: () = assert!(size_of::<PyTypeObject>() == 416);

/// What the specialiser keeps in a heap type.
#[repr(C)]
pub struct _specialization_cache {
    /// `__getitem__` of the class, if it is a simple function of Python.
    pub getitem: Cell<*mut PyObject>,
    /// The version that `getitem` had when it was cached.
    pub getitem_version: Cell<u32>,
    /// `__init__` of the class, if it is a simple function of Python.
    pub init: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_specialization_cache>() == 24);

/// A type made while the program runs: the type, its suites, and what belongs to classes of Python.
#[repr(C)]
pub struct PyHeapTypeObject {
    pub ht_type: PyTypeObject,
    pub as_async: PyAsyncMethods,
    pub as_number: PyNumberMethods,
    pub as_mapping: PyMappingMethods,
    pub as_sequence: PySequenceMethods,
    pub as_buffer: PyBufferProcs,
    pub ht_name: Cell<*mut PyObject>,
    pub ht_slots: Cell<*mut PyObject>,
    pub ht_qualname: Cell<*mut PyObject>,
    /// The keys that instances share.
    pub ht_cached_keys: Cell<*mut PyDictKeysObject>,
    pub ht_module: Cell<*mut PyObject>,
    /// The memory behind `tp_name`, if the type owns it.
    pub _ht_tpname: Cell<*mut c_char>,
    /// The value of the slot `Py_tp_token`.
    pub ht_token: Cell<*mut c_void>,
    pub _spec_cache: _specialization_cache,
}
const _: () = assert!(size_of::<PyHeapTypeObject>() == 936);

/// The names of a special method of the `with` statement and its error text.
#[repr(C)]
pub struct _special_method {
    pub name: Cell<*mut PyObject>,
    pub error: Cell<*const c_char>,
    pub error_suggestion: Cell<*const c_char>,
}
const _: () = assert!(size_of::<_special_method>() == 24);

/// `super`.
#[repr(C)]
pub struct superobject {
    pub ob_base: PyObject,
    pub r#type: Cell<*mut PyTypeObject>,
    pub obj: Cell<*mut PyObject>,
    pub obj_type: Cell<*mut PyTypeObject>,
}
const _: () = assert!(size_of::<superobject>() == 40);

pub const _Py_TPFLAGS_STATIC_BUILTIN: c_ulong = 2;
pub const Py_TPFLAGS_INLINE_VALUES: c_ulong = 4;
pub const Py_TPFLAGS_MANAGED_WEAKREF: c_ulong = 8;
pub const Py_TPFLAGS_MANAGED_DICT: c_ulong = 16;
pub const Py_TPFLAGS_PREHEADER: c_ulong = 24;
pub const Py_TPFLAGS_SEQUENCE: c_ulong = 32;
pub const Py_TPFLAGS_MAPPING: c_ulong = 64;
pub const Py_TPFLAGS_DISALLOW_INSTANTIATION: c_ulong = 0x80;
pub const Py_TPFLAGS_IMMUTABLETYPE: c_ulong = 0x100;
pub const Py_TPFLAGS_HEAPTYPE: c_ulong = 0x200;
pub const Py_TPFLAGS_BASETYPE: c_ulong = 0x400;
pub const Py_TPFLAGS_HAVE_VECTORCALL: c_ulong = 0x800;
pub const _Py_TPFLAGS_HAVE_VECTORCALL: c_ulong = 0x800;
pub const Py_TPFLAGS_READY: c_ulong = 0x1000;
pub const Py_TPFLAGS_READYING: c_ulong = 0x2000;
pub const Py_TPFLAGS_HAVE_GC: c_ulong = 0x4000;
pub const Py_TPFLAGS_HAVE_STACKLESS_EXTENSION: c_ulong = 0;
pub const Py_TPFLAGS_METHOD_DESCRIPTOR: c_ulong = 0x20000;
pub const Py_TPFLAGS_VALID_VERSION_TAG: c_ulong = 0x80000;
pub const Py_TPFLAGS_IS_ABSTRACT: c_ulong = 0x100000;
pub const _Py_TPFLAGS_MATCH_SELF: c_ulong = 0x400000;
pub const Py_TPFLAGS_ITEMS_AT_END: c_ulong = 0x800000;
pub const Py_TPFLAGS_LONG_SUBCLASS: c_ulong = 0x1000000;
pub const Py_TPFLAGS_LIST_SUBCLASS: c_ulong = 0x2000000;
pub const Py_TPFLAGS_TUPLE_SUBCLASS: c_ulong = 0x4000000;
pub const Py_TPFLAGS_BYTES_SUBCLASS: c_ulong = 0x8000000;
pub const Py_TPFLAGS_UNICODE_SUBCLASS: c_ulong = 0x10000000;
pub const Py_TPFLAGS_DICT_SUBCLASS: c_ulong = 0x20000000;
pub const Py_TPFLAGS_BASE_EXC_SUBCLASS: c_ulong = 0x40000000;
pub const Py_TPFLAGS_TYPE_SUBCLASS: c_ulong = 0x80000000;
pub const Py_TPFLAGS_DEFAULT: c_ulong = 0;
pub const Py_TPFLAGS_HAVE_FINALIZE: c_ulong = 0x1;
pub const Py_TPFLAGS_HAVE_VERSION_TAG: c_ulong = 0x40000;
pub const _Py_ATTR_CACHE_UNUSED: c_int = 30000;
pub const Py_bf_getbuffer: c_int = 1;
pub const Py_bf_releasebuffer: c_int = 2;
pub const Py_mp_ass_subscript: c_int = 3;
pub const Py_mp_length: c_int = 4;
pub const Py_mp_subscript: c_int = 5;
pub const Py_nb_absolute: c_int = 6;
pub const Py_nb_add: c_int = 7;
pub const Py_nb_and: c_int = 8;
pub const Py_nb_bool: c_int = 9;
pub const Py_nb_divmod: c_int = 10;
pub const Py_nb_float: c_int = 11;
pub const Py_nb_floor_divide: c_int = 12;
pub const Py_nb_index: c_int = 13;
pub const Py_nb_inplace_add: c_int = 14;
pub const Py_nb_inplace_and: c_int = 15;
pub const Py_nb_inplace_floor_divide: c_int = 16;
pub const Py_nb_inplace_lshift: c_int = 17;
pub const Py_nb_inplace_multiply: c_int = 18;
pub const Py_nb_inplace_or: c_int = 19;
pub const Py_nb_inplace_power: c_int = 20;
pub const Py_nb_inplace_remainder: c_int = 21;
pub const Py_nb_inplace_rshift: c_int = 22;
pub const Py_nb_inplace_subtract: c_int = 23;
pub const Py_nb_inplace_true_divide: c_int = 24;
pub const Py_nb_inplace_xor: c_int = 25;
pub const Py_nb_int: c_int = 26;
pub const Py_nb_invert: c_int = 27;
pub const Py_nb_lshift: c_int = 28;
pub const Py_nb_multiply: c_int = 29;
pub const Py_nb_negative: c_int = 30;
pub const Py_nb_or: c_int = 31;
pub const Py_nb_positive: c_int = 32;
pub const Py_nb_power: c_int = 33;
pub const Py_nb_remainder: c_int = 34;
pub const Py_nb_rshift: c_int = 35;
pub const Py_nb_subtract: c_int = 36;
pub const Py_nb_true_divide: c_int = 37;
pub const Py_nb_xor: c_int = 38;
pub const Py_sq_ass_item: c_int = 39;
pub const Py_sq_concat: c_int = 40;
pub const Py_sq_contains: c_int = 41;
pub const Py_sq_inplace_concat: c_int = 42;
pub const Py_sq_inplace_repeat: c_int = 43;
pub const Py_sq_item: c_int = 44;
pub const Py_sq_length: c_int = 45;
pub const Py_sq_repeat: c_int = 46;
pub const Py_tp_alloc: c_int = 47;
pub const Py_tp_base: c_int = 48;
pub const Py_tp_bases: c_int = 49;
pub const Py_tp_call: c_int = 50;
pub const Py_tp_clear: c_int = 51;
pub const Py_tp_dealloc: c_int = 52;
pub const Py_tp_del: c_int = 53;
pub const Py_tp_descr_get: c_int = 54;
pub const Py_tp_descr_set: c_int = 55;
pub const Py_tp_doc: c_int = 56;
pub const Py_tp_getattr: c_int = 57;
pub const Py_tp_getattro: c_int = 58;
pub const Py_tp_hash: c_int = 59;
pub const Py_tp_init: c_int = 60;
pub const Py_tp_is_gc: c_int = 61;
pub const Py_tp_iter: c_int = 62;
pub const Py_tp_iternext: c_int = 63;
pub const Py_tp_methods: c_int = 64;
pub const Py_tp_new: c_int = 65;
pub const Py_tp_repr: c_int = 66;
pub const Py_tp_richcompare: c_int = 67;
pub const Py_tp_setattr: c_int = 68;
pub const Py_tp_setattro: c_int = 69;
pub const Py_tp_str: c_int = 70;
pub const Py_tp_traverse: c_int = 71;
pub const Py_tp_members: c_int = 72;
pub const Py_tp_getset: c_int = 73;
pub const Py_tp_free: c_int = 74;
pub const Py_nb_matrix_multiply: c_int = 75;
pub const Py_nb_inplace_matrix_multiply: c_int = 76;
pub const Py_am_await: c_int = 77;
pub const Py_am_aiter: c_int = 78;
pub const Py_am_anext: c_int = 79;
pub const Py_tp_finalize: c_int = 80;
pub const Py_am_send: c_int = 81;
pub const Py_tp_vectorcall: c_int = 82;
pub const Py_tp_token: c_int = 83;

shared! {
    PyNumberMethods, PySequenceMethods, PyMappingMethods, PyAsyncMethods, PyBufferProcs, PyTypeObject,
    _specialization_cache, PyHeapTypeObject, _special_method, superobject,
}
