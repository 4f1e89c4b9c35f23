//! The entry that a handler's exception gets for the code that called the handler.

use taipan_runtime::prelude::*;
use taipan_runtime::types::Code;
use taipan_runtime::types::code::CodeParts;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::frame;
use taipan_runtime::types::traceback::{self, Traceback};

/// RESUME 0, LOAD_COMMON_CONSTANT AssertionError, RAISE_VARARGS 1: code that is not meant to run.
const RAISE_ASSERTION: [u8; 6] = [128, 0, 81, 0, 104, 1];
/// One entry for the three units, all of the first line.
const FIRST_LINE: [u8; 2] = [0x80 | 13 << 3 | 2, 0];
const LINE: i32 = 490;

/// Adds the entry to the exception that is set.
#[cold]
pub fn add(raised: Raised, function: &str) -> Raised {
    let exception = raised.take();
    let make = || -> PyResult<Ref<Traceback>> {
        let name = Str::from_utf8_str(function)?;
        let code = Code::from_parts(CodeParts {
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            stacksize: 1,
            flags: 0,
            firstlineno: LINE,
            code: RAISE_ASSERTION.to_vec(),
            consts: Tuple::empty(),
            names: Tuple::empty(),
            local_names: Tuple::empty(),
            local_kinds: Bytes::empty(),
            filename: Str::from_utf8_str("../Modules/pyexpat.c")?,
            name: name.clone(),
            qualname: name,
            line_table: Bytes::from_slice(&FIRST_LINE)?,
            exception_table: Bytes::empty(),
        })?;
        let frame = frame::detached(&code, Dict::new()?.borrow(), None)?;
        let next = exceptions::traceback_of(&exception).and_then(|found| found.into_downcast::<Traceback>().ok());
        traceback::create(next, frame, -1, LINE)
    };
    match make() {
        Ok(entry) => exceptions::set_traceback(&exception, Some(entry.into_object())),
        Err(raised) => raised.clear(),
    }
    Raised::restore(exception)
}
