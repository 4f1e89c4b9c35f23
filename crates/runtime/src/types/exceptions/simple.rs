//! The classes that are nothing but a name and a base, one line each.

use super::base::{self, BaseException};
use crate::abi::{PyBaseExceptionObject, newfunc, vectorcallfunc};
use crate::prelude::*;

/// Classes with the layout of `BaseException` that define `__new__` in their dict.
macro_rules! simple_exceptions {
    ($($name:ident $text:literal ($base:ident) $pointer:ident;)*) => {$(
        #[doc = concat!("`", $text, "`.")]
        #[repr(transparent)]
        pub struct $name(pub(crate) PyBaseExceptionObject);

        #[pytype(name = $text, base = $base, basetype, subclass_flag = BASE_EXC)]
        impl $name {
            #[slot(tp_new, raw)]
            const NEW: newfunc = base::new;
            #[slot(tp_vectorcall, raw)]
            const VECTORCALL: vectorcallfunc = base::vectorcall;
        }

        #[doc = concat!("C's pointer to `", $text, "`.")]
        #[unsafe(no_mangle)]
        pub static $pointer: super::ExceptionPointer = super::ExceptionPointer::new(<$name as PyLayout>::TYPE);
    )*};
}

simple_exceptions! {
    Exception "Exception" (BaseException) PyExc_Exception;
    GeneratorExit "GeneratorExit" (BaseException) PyExc_GeneratorExit;
    KeyboardInterrupt "KeyboardInterrupt" (BaseException) PyExc_KeyboardInterrupt;

    ArithmeticError "ArithmeticError" (Exception) PyExc_ArithmeticError;
    FloatingPointError "FloatingPointError" (ArithmeticError) PyExc_FloatingPointError;
    OverflowError "OverflowError" (ArithmeticError) PyExc_OverflowError;
    ZeroDivisionError "ZeroDivisionError" (ArithmeticError) PyExc_ZeroDivisionError;
    AssertionError "AssertionError" (Exception) PyExc_AssertionError;
    BufferError "BufferError" (Exception) PyExc_BufferError;
    EOFError "EOFError" (Exception) PyExc_EOFError;
    LookupError "LookupError" (Exception) PyExc_LookupError;
    IndexError "IndexError" (LookupError) PyExc_IndexError;
    ReferenceError "ReferenceError" (Exception) PyExc_ReferenceError;
    RuntimeError "RuntimeError" (Exception) PyExc_RuntimeError;
    NotImplementedError "NotImplementedError" (RuntimeError) PyExc_NotImplementedError;
    PythonFinalizationError "PythonFinalizationError" (RuntimeError) PyExc_PythonFinalizationError;
    RecursionError "RecursionError" (RuntimeError) PyExc_RecursionError;
    StopAsyncIteration "StopAsyncIteration" (Exception) PyExc_StopAsyncIteration;
    SystemError "SystemError" (Exception) PyExc_SystemError;
    TypeError "TypeError" (Exception) PyExc_TypeError;
    ValueError "ValueError" (Exception) PyExc_ValueError;
    UnicodeError "UnicodeError" (ValueError) PyExc_UnicodeError;

    Warning "Warning" (Exception) PyExc_Warning;
    BytesWarning "BytesWarning" (Warning) PyExc_BytesWarning;
    DeprecationWarning "DeprecationWarning" (Warning) PyExc_DeprecationWarning;
    EncodingWarning "EncodingWarning" (Warning) PyExc_EncodingWarning;
    FutureWarning "FutureWarning" (Warning) PyExc_FutureWarning;
    ImportWarning "ImportWarning" (Warning) PyExc_ImportWarning;
    PendingDeprecationWarning "PendingDeprecationWarning" (Warning) PyExc_PendingDeprecationWarning;
    ResourceWarning "ResourceWarning" (Warning) PyExc_ResourceWarning;
    RuntimeWarning "RuntimeWarning" (Warning) PyExc_RuntimeWarning;
    SyntaxWarning "SyntaxWarning" (Warning) PyExc_SyntaxWarning;
    UnicodeWarning "UnicodeWarning" (Warning) PyExc_UnicodeWarning;
    UserWarning "UserWarning" (Warning) PyExc_UserWarning;
}

/// `KeyError`.
#[repr(transparent)]
pub struct KeyError(pub(crate) PyBaseExceptionObject);

#[pytype(name = "KeyError", base = LookupError, basetype, subclass_flag = BASE_EXC)]
impl KeyError {
    #[slot(tp_vectorcall, raw)]
    const VECTORCALL: vectorcallfunc = base::vectorcall;

    /// One argument shows as its repr, so that `{}['']` does not print a bare `KeyError: `.
    #[slot(tp_str)]
    fn str(this: &Ref<KeyError>) -> PyResult<Ref<Str>> {
        // SAFETY: the layout is that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let args = base.args();
        if args.len() == 1 { args.get(0).repr() } else { BaseException::str(base) }
    }
}

/// C's pointer to `KeyError`.
#[unsafe(no_mangle)]
pub static PyExc_KeyError: super::ExceptionPointer = super::ExceptionPointer::new(<KeyError as PyLayout>::TYPE);
