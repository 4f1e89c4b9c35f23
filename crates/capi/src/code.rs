//! `code.h`: code objects, as tools and compilers of other languages make and read them.

use core::ffi::{c_int, c_void};

use taipan_runtime::abi::PyCode_WatchCallback;
use taipan_runtime::prelude::*;
use taipan_runtime::types::Code;
use taipan_runtime::types::code::{CodeParts, WATCHERS};

use crate::outcome::{bad_internal_call, expect};
use crate::parameters::{CText, Out};

/// Kinds of variables of a code object, as its table of kinds has them.
const LOCAL: u8 = 0x20;
const CELL: u8 = 0x40;
const FREE: u8 = 0x80;

/// Instructions that raise AssertionError: RESUME 0, LOAD_COMMON_CONSTANT AssertionError, RAISE_VARARGS 1.
const RAISE_ASSERTION: [u8; 6] = [128, 0, 81, 0, 104, 1];

/// A table that gives all of them the first line: one entry for three units, without columns.
const FIRST_LINE: [u8; 2] = [0x80 | 13 << 3 | 2, 0];

fn integer(value: c_int) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(value.into())?.into_object())
}

/// Calls the type with the arguments that C gives, which are in another order there.
fn new(
    numbers: [c_int; 6],
    [code, consts, names]: [Borrowed<'_, Object>; 3],
    [variables, free, cells]: [Borrowed<'_, Object>; 3],
    [filename, name, qualname]: [Borrowed<'_, Object>; 3],
    first_line: c_int,
    [lines, exceptions]: [Borrowed<'_, Object>; 2],
) -> PyResult<Ref<Object>> {
    // Code that is not there, as translators to C write it, must not be run.
    let stand_in = Bytes::from_slice(&RAISE_ASSERTION)?;
    let mut numbers_with_code = numbers;
    let code = if expect::<Bytes>(code)?.is_empty() {
        numbers_with_code[4] = numbers[4].max(1);
        stand_in.as_borrowed()
    } else {
        code
    };
    let [a, b, c, d, e, f] = numbers_with_code.map(integer);
    let (a, b, c, d, e, f, line) = (a?, b?, c?, d?, e?, f?, integer(first_line)?);
    Code::type_object().as_object().call(&[
        a.borrow(),
        b.borrow(),
        c.borrow(),
        d.borrow(),
        e.borrow(),
        f.borrow(),
        code,
        consts,
        names,
        variables,
        filename,
        name,
        qualname,
        line.borrow(),
        lines,
        exceptions,
        free,
        cells,
    ])
}

capi! {
    fn PyUnstable_Code_New(
        argcount: c_int, kwonly: c_int, locals: c_int, stack_size: c_int, flags: c_int,
        code: Borrowed<'_, Object>, consts: Borrowed<'_, Object>, names: Borrowed<'_, Object>, variables: Borrowed<'_, Object>,
        free: Borrowed<'_, Object>, cells: Borrowed<'_, Object>, filename: Borrowed<'_, Object>, name: Borrowed<'_, Object>,
        qualname: Borrowed<'_, Object>, first_line: c_int, lines: Borrowed<'_, Object>, exceptions: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        new(
            [argcount, 0, kwonly, locals, stack_size, flags],
            [code, consts, names], [variables, free, cells], [filename, name, qualname], first_line, [lines, exceptions],
        )
    }

    fn PyUnstable_Code_NewWithPosOnlyArgs(
        argcount: c_int, posonly: c_int, kwonly: c_int, locals: c_int, stack_size: c_int, flags: c_int,
        code: Borrowed<'_, Object>, consts: Borrowed<'_, Object>, names: Borrowed<'_, Object>, variables: Borrowed<'_, Object>,
        free: Borrowed<'_, Object>, cells: Borrowed<'_, Object>, filename: Borrowed<'_, Object>, name: Borrowed<'_, Object>,
        qualname: Borrowed<'_, Object>, first_line: c_int, lines: Borrowed<'_, Object>, exceptions: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        new(
            [argcount, posonly, kwonly, locals, stack_size, flags],
            [code, consts, names], [variables, free, cells], [filename, name, qualname], first_line, [lines, exceptions],
        )
    }

    fn PyCode_NewEmpty(filename: CText<'_>, name: CText<'_>, first_line: c_int) -> PyResult<Ref<Code>> {
        empty(taipan_runtime::types::codec::fs_decode(filename.bytes())?, name.to_str()?, first_line)
    }

    fn PyCode_Addr2Line(code: Borrowed<'_, Code>, offset: c_int) -> c_int {
        match usize::try_from(offset) {
            Ok(offset) => code.line_at(offset / 2).unwrap_or(-1),
            Err(_) => code.0.co_firstlineno.get(),
        }
    }

    fn PyCode_Addr2Location(
        code: Borrowed<'_, Code>, offset: c_int, line: Out<'_, c_int>, column: Out<'_, c_int>, end_line: Out<'_, c_int>,
        end_column: Out<'_, c_int>,
    ) -> c_int {
        let Ok(offset) = usize::try_from(offset) else {
            line.set(code.0.co_firstlineno.get());
            end_line.set(code.0.co_firstlineno.get());
            column.set(0);
            end_column.set(0);
            return 1;
        };
        let Some(location) = code.location_at(offset / 2) else { return 0 };
        line.set(location.line.unwrap_or(-1));
        end_line.set(location.end_line.unwrap_or(-1));
        column.set(location.column.unwrap_or(-1));
        end_column.set(location.end_column.unwrap_or(-1));
        1
    }

    fn PyCode_GetCode(code: Borrowed<'_, Code>) -> PyResult<Ref<Bytes>> { Bytes::from_slice(&code.base_bytes()?) }
    fn PyCode_GetVarnames(code: Borrowed<'_, Code>) -> PyResult<Ref<Tuple>> { code.names_of_kind(LOCAL) }
    fn PyCode_GetCellvars(code: Borrowed<'_, Code>) -> PyResult<Ref<Tuple>> { code.names_of_kind(CELL) }
    fn PyCode_GetFreevars(code: Borrowed<'_, Code>) -> PyResult<Ref<Tuple>> { code.names_of_kind(FREE) }

    fn PyCode_Optimize(
        code: Borrowed<'_, Object>, _consts: Borrowed<'_, Object>, _names: Borrowed<'_, Object>, _lines: Borrowed<'_, Object>,
    ) -> Ref<Object> {
        code.to_owned()
    }

    fn PyCode_AddWatcher(callback: PyCode_WatchCallback) -> PyResult<c_int> { WATCHERS.add(callback) }
    fn PyCode_ClearWatcher(id: c_int) -> PyResult<()> { WATCHERS.clear(id) }

    fn PyUnstable_Code_GetExtra(code: Borrowed<'_, Object>, index: isize, extra: Out<'_, *mut c_void>) -> PyResult<()> {
        let code = expect::<Code>(code)?;
        extra.set(usize::try_from(index).map_or(core::ptr::null_mut(), |index| code.extra_value(index)));
        Ok(())
    }

    fn PyUnstable_Code_SetExtra(code: Borrowed<'_, Object>, index: isize, extra: *mut c_void) -> PyResult<()> {
        expect::<Code>(code)?.set_extra_value(usize::try_from(index).map_err(|_| bad_internal_call())?, extra)
    }
}

/// Code that raises AssertionError when it runs, with a name and a place for tracebacks.
pub fn empty(filename: Ref<Str>, name: Ref<Str>, first_line: c_int) -> PyResult<Ref<Code>> {
    Code::from_parts(CodeParts {
        argcount: 0,
        posonlyargcount: 0,
        kwonlyargcount: 0,
        stacksize: 1,
        flags: 0,
        firstlineno: first_line,
        code: RAISE_ASSERTION.to_vec(),
        consts: Tuple::empty(),
        names: Tuple::empty(),
        local_names: Tuple::empty(),
        local_kinds: Bytes::empty(),
        filename,
        name: name.clone(),
        qualname: name,
        line_table: Bytes::from_slice(&FIRST_LINE)?,
        exception_table: Bytes::empty(),
    })
}
