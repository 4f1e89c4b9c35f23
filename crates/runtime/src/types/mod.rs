//! The built-in types, one file or folder each, and the table of all static types.
//!
//! [`init`] makes the types of the table ready in its order, which runs from bases to derived types. A type needs a row here
//! unless a module adds it.

use crate::abi::{Py_TPFLAGS_READY, PyTypeObject};
use crate::object::{Object, PyLayout, PyResult};

// How types work.
pub mod builtin_function;
pub mod classmethod;
pub mod descr;
pub mod method;
pub mod object;
pub mod property;
pub mod super_;
pub mod type_;

// Values.
pub mod bool;
pub mod buffer;
pub mod bytearray;
pub mod bytes;
pub mod codec;
pub mod complex;
pub mod float;
pub mod format_spec;
pub mod hash;
pub mod int;
pub mod memoryview;
pub mod none;
pub mod range;
pub mod slice;
pub mod str;
pub mod template;

// Collections.
pub mod builtin_iters;
pub mod dict;
pub mod iter;
pub mod list;
pub mod mappingproxy;
pub mod namespace;
pub mod odict;
pub mod pickle_buffer;
pub mod repr_guard;
pub mod set;
pub mod std_printer;
pub mod struct_seq;
pub mod tuple;
pub mod watchers;
pub mod weakref;

// What code is made of.
pub mod capsule;
pub mod cell;
pub mod code;
pub mod exceptions;
pub mod frame;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod module;
pub mod traceback;
pub mod typevar;
pub mod union;

pub use self::bool::Bool;
pub use self::str::Str;
pub use builtin_function::{CFunction, CMethod};
pub use bytearray::ByteArray;
pub use bytes::Bytes;
pub use classmethod::{ClassMethod, StaticMethod};
pub use code::Code;
pub use complex::Complex;
pub use dict::Dict;
pub use float::Float;
pub use function::Function;
pub use generator::{AsyncGenerator, Coroutine, Generator};
pub use int::Int;
pub use list::List;
pub use mappingproxy::MappingProxy;
pub use memoryview::MemoryView;
pub use method::{BoundMethod, InstanceMethod};
pub use module::Module;
pub use property::Property;
pub use set::{FrozenSet, Set};
pub use slice::Slice;
pub use super_::Super;
pub use traceback::Traceback;
pub use tuple::Tuple;
pub use type_::Type;
pub use union::Union;

/// A row: the type object, found when the table is read.
type Row = fn() -> *mut PyTypeObject;

macro_rules! rows {
    ($($ty:ty,)*) => { &[$(|| <$ty as PyLayout>::TYPE,)*] };
}

/// All static types of the runtime, bases before what derives from them. Exceptions have a table of their own.
static STATIC_TYPES: &[Row] = rows![
    Object,
    Type,
    // What `ready` puts into the dictionaries of all others.
    descr::MethodDescr,
    descr::ClassMethodDescr,
    descr::MemberDescr,
    descr::GetSetDescr,
    descr::WrapperDescr,
    descr::MethodWrapper,
    CFunction,
    CMethod,
    StaticMethod,
    ClassMethod,
    BoundMethod,
    InstanceMethod,
    Property,
    Super,
    type_::buffer::BufferWrapper,
    // Values.
    none::NoneType,
    none::NotImplementedType,
    none::EllipsisType,
    Str,
    str::StrIterator,
    str::StrAsciiIterator,
    str::format::FormatterIterator,
    str::format::FieldNameIterator,
    Int,
    Bool,
    Float,
    Complex,
    Bytes,
    bytes::BytesIterator,
    ByteArray,
    bytearray::ByteArrayIterator,
    codec::charmap::EncodingMap,
    template::Template,
    template::Interpolation,
    template::TemplateIterator,
    range::Range,
    range::RangeIterator,
    range::LongRangeIterator,
    Slice,
    memoryview::ManagedBuffer,
    MemoryView,
    memoryview::MemoryIterator,
    pickle_buffer::PickleBuffer,
    std_printer::StdPrinter,
    // Collections.
    List,
    iter::ListIterator,
    iter::ListReverseIterator,
    Tuple,
    iter::TupleIterator,
    iter::SequenceIterator,
    iter::CallableIterator,
    builtin_iters::Enumerate,
    builtin_iters::Zip,
    builtin_iters::Map,
    builtin_iters::Filter,
    builtin_iters::Reversed,
    namespace::Namespace,
    Dict,
    dict::DictKeys,
    dict::DictValues,
    dict::DictItems,
    dict::iter::DictKeyIterator,
    dict::iter::DictValueIterator,
    dict::iter::DictItemIterator,
    dict::iter::DictReverseKeyIterator,
    dict::iter::DictReverseValueIterator,
    dict::iter::DictReverseItemIterator,
    odict::OrderedDict,
    odict::ODictKeys,
    odict::ODictValues,
    odict::ODictItems,
    odict::ODictIterator,
    Set,
    FrozenSet,
    set::SetIterator,
    MappingProxy,
    weakref::WeakRef,
    weakref::Proxy,
    weakref::CallableProxy,
    // What code is made of.
    Code,
    code::LineIterator,
    code::PositionsIterator,
    Function,
    cell::Cell,
    frame::FrameObject,
    frame::FrameLocalsProxy,
    Generator,
    Coroutine,
    generator::CoroutineWrapper,
    AsyncGenerator,
    generator::AsyncGenASend,
    generator::AsyncGenAThrow,
    generator::AsyncGenWrappedValue,
    generator::AnextAwaitable,
    Traceback,
    Module,
    module::ModuleDef,
    Union,
    // Ranges and iterators.
    // Small ones.
    capsule::Capsule,
    generic_alias::GenericAlias,
    generic_alias::GenericAliasIterator,
    typevar::NoDefaultType,
    typevar::ConstEvaluator,
    typevar::TypeVar,
    typevar::ParamSpec,
    typevar::ParamSpecArgs,
    typevar::ParamSpecKwargs,
    typevar::TypeVarTuple,
    typevar::TypeAlias,
    typevar::Generic,
];

/// Makes the static types ready: once, before the first Python object that is not of a type of these is used.
pub fn init() -> PyResult<()> {
    // `object.__new__` sorts out its arguments itself, so no signature comes with its declaration.
    // SAFETY: a static type.
    unsafe { (*<Object as PyLayout>::TYPE).tp_doc.set(c"object()\n--\n\n".as_ptr()) };
    for row in STATIC_TYPES.iter().chain(exceptions::TYPES) {
        // SAFETY: static types of ours are complete.
        unsafe {
            if let Err(raised) = type_::ready::ready_builtin(row()) {
                // Exceptions cannot be shown yet: name the type at least.
                eprintln!("type {:?} cannot be made ready", core::ffi::CStr::from_ptr((*row()).tp_name.get()));
                return Err(raised);
            }
        }
    }
    template::finish_types()
}

/// All static types that are ready, for the collector and for tests.
pub fn static_types() -> impl Iterator<Item = *mut PyTypeObject> {
    STATIC_TYPES
        .iter()
        .chain(exceptions::TYPES)
        .map(|row| row())
        // SAFETY: static types are always there.
        .filter(|ty| unsafe { (**ty).tp_flags.get() & Py_TPFLAGS_READY != 0 })
}
