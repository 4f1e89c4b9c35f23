//! `marshal`: the format of `.pyc` files, version 5. CPython: `Python/marshal.c`.

mod read;
mod write;

use crate::object::args::BufferArg;
use crate::prelude::*;

pub use read::{load_slice, loads, loads_prefix};
pub use write::dumps;

/// The version that is written.
pub const VERSION: i32 = 5;

/// How deep objects may nest.
const MAX_DEPTH: usize = 2000;

/// The type bytes of the format; bit 7 says that the object gets an index for later references.
mod tag {
    pub const REF_FLAG: u8 = 0x80;
    pub const NULL: u8 = b'0';
    pub const NONE: u8 = b'N';
    pub const FALSE: u8 = b'F';
    pub const TRUE: u8 = b'T';
    pub const STOP_ITERATION: u8 = b'S';
    pub const ELLIPSIS: u8 = b'.';
    pub const INT: u8 = b'i';
    pub const INT64: u8 = b'I';
    pub const LONG: u8 = b'l';
    pub const FLOAT: u8 = b'f';
    pub const BINARY_FLOAT: u8 = b'g';
    pub const COMPLEX: u8 = b'x';
    pub const BINARY_COMPLEX: u8 = b'y';
    pub const STRING: u8 = b's';
    pub const INTERNED: u8 = b't';
    pub const REF: u8 = b'r';
    pub const TUPLE: u8 = b'(';
    pub const SMALL_TUPLE: u8 = b')';
    pub const LIST: u8 = b'[';
    pub const DICT: u8 = b'{';
    pub const CODE: u8 = b'c';
    pub const UNICODE: u8 = b'u';
    pub const SET: u8 = b'<';
    pub const FROZENSET: u8 = b'>';
    pub const SLICE: u8 = b':';
    pub const ASCII: u8 = b'a';
    pub const ASCII_INTERNED: u8 = b'A';
    pub const SHORT_ASCII: u8 = b'z';
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
}

pub struct Marshal;

#[pymodule(name = "marshal")]
impl Marshal {
    const version: i32 = VERSION;

    #[function(
        name = "dump",
        signature = "(value, file, version=5, /, *, allow_code=True)",
        text_signature = "($module, value, file, version=version, /, *, allow_code=True)"
    )]
    fn dump(
        value: Borrowed<'_, Object>,
        file: Borrowed<'_, Object>,
        version: i32,
        allow_code: bool,
    ) -> PyResult<Ref<Object>> {
        let bytes = Bytes::from_slice(&write::dumps(value, version, allow_code)?)?;
        file.call_method(id!("write"), &[bytes.as_borrowed()])
    }

    #[function(name = "load", signature = "(file, /, *, allow_code=True)")]
    fn load(file: Borrowed<'_, Object>, allow_code: bool) -> PyResult<Ref<Object>> {
        read::load_from_file(file, allow_code)
    }

    #[function(
        name = "dumps",
        signature = "(value, version=5, /, *, allow_code=True)",
        text_signature = "($module, value, version=version, /, *, allow_code=True)"
    )]
    fn py_dumps(value: Borrowed<'_, Object>, version: i32, allow_code: bool) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&write::dumps(value, version, allow_code)?)
    }

    #[function(name = "loads", signature = "(bytes, /, *, allow_code=True)")]
    fn py_loads(bytes: BufferArg<'_>, allow_code: bool) -> PyResult<Ref<Object>> {
        // A copy: building objects can run code that changes the buffer.
        read::load_slice(bytes.as_slice().try_to_vec()?, allow_code)
    }
}
