//! `_PyRuntime`: the struct that debuggers of other processes look for.
//!
//! It begins with the table of offsets. Extensions that were compiled inside CPython take addresses behind it, of strings that they
//! give to the parser of arguments, which here never reads them: the room is there so that such addresses stay inside.

use taipan_runtime::abi::_Py_DebugOffsets;

/// As much as CPython's struct has.
const SIZE: usize = 400_000;

#[repr(C)]
pub struct Runtime {
    offsets: _Py_DebugOffsets,
    rest: [u8; SIZE],
}

#[unsafe(no_mangle)]
pub static _PyRuntime: Runtime = Runtime { offsets: _Py_DebugOffsets::LAYOUTS, rest: [0; SIZE] };
