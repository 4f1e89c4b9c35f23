//! The exception classes, and how exceptions are made, set, matched, reported.
//!
//! Every class of `builtins` is a static type with the C layout of its family; C reaches it by the pointer
//! `PyExc_Name`. `ExceptionGroup`, which has two bases, is made at start-up.
//! CPython: `Objects/exceptions.c`, `Python/errors.c`, `Python/pythonrun.c`.

use core::cell::Cell;

use crate::abi::{PyObject, PyTypeObject};

mod base;
mod group;
mod import_error;
mod matching;
mod memory_error;
mod name_error;
mod os_error;
mod raise;
mod report;
mod simple;
mod stop;
mod syntax_error;
mod unicode_error;

pub use base::{BaseException, create_instance};
pub use group::{
    BaseExceptionGroup, create_exception_group_class, exception_group_class, group_match, prepare_reraise_star,
};
pub use import_error::{ImportError, ModuleNotFoundError, raise_import_error, raise_import_error_of};
pub use matching::{
    check_except_star_type, check_except_type, current_matches, given_matches, is_exception_class,
    is_exception_instance, matches,
};
pub use memory_error::{MemoryError, preallocate, raise_no_memory};
pub use name_error::{AttributeError, NameError, UnboundLocalError, raise_attribute_error, set_name_of_current};
pub use os_error::{
    BlockingIOError, BrokenPipeError, ChildProcessError, ConnectionAbortedError, ConnectionError,
    ConnectionRefusedError, ConnectionResetError, FileExistsError, FileNotFoundError, InterruptedError,
    IsADirectoryError, NotADirectoryError, OSError, PermissionError, ProcessLookupError, TimeoutError, class_of_errno,
    errno, from_errno, from_errno_objects, from_last_errno, strerror,
};
pub use raise::{
    add_context, create_exception, exception, format_from_cause, instantiate, normalize, raise_class_or_instance,
    raise_statement, restore_old, set_cause, set_cause_of_current, set_context, set_key_error, set_object,
    set_traceback, take_normalized, traceback_of,
};
pub use report::{
    display, exit_code_of_system_exit, print_error, report_unraisable, report_unraisable_object,
    write_unraisable_default,
};
pub use simple::*;
pub use stop::{StopIteration, SystemExit, raise_stop_iteration, take_stop_iteration_value};
pub use syntax_error::{
    _IncompleteInputError, IndentationError, SyntaxError, SyntaxFields, TabError, raise_located_syntax_error,
    raise_syntax_error,
};
pub use unicode_error::{
    UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError, clipped_range, unicode_decode_error,
    unicode_encode_error, unicode_translate_error,
};

/// What C sees as `PyExc_Name`: a variable that holds the class.
#[repr(transparent)]
pub struct ExceptionPointer(Cell<*mut PyObject>);

// SAFETY: written by nobody; a cell only because the variable is writable in C.
unsafe impl Sync for ExceptionPointer {}

impl ExceptionPointer {
    const fn new(class: *mut PyTypeObject) -> ExceptionPointer {
        ExceptionPointer(Cell::new(class.cast()))
    }

    pub fn get(&self) -> *mut PyObject {
        self.0.get()
    }
}

/// Declares classes that differ from their base in nothing: one line each. `layout` is the C struct; `fields` is the
/// type whose extra fields instances have; `own_new` says whether `__new__` stands in the class's dict.
macro_rules! plain_exceptions {
    ($layout:ident; $($name:ident $text:literal ($base:ident) $pointer:ident;)*) => {$(
        #[doc = concat!("`", $text, "`.")]
        #[repr(transparent)]
        pub struct $name(pub(crate) $crate::abi::$layout);

        #[pytype(name = $text, base = $base, basetype, subclass_flag = BASE_EXC)]
        impl $name {}

        #[doc = concat!("C's pointer to `", $text, "`.")]
        #[unsafe(no_mangle)]
        pub static $pointer: $crate::types::exceptions::ExceptionPointer =
            $crate::types::exceptions::ExceptionPointer::new(<$name as $crate::object::PyLayout>::TYPE);
    )*};
}
pub(crate) use plain_exceptions;

/// All static exception types, bases first.
pub static TYPES: &[fn() -> *mut PyTypeObject] = {
    macro_rules! table {
        ($($name:ident)*) => { &[$(|| <$name as crate::object::PyLayout>::TYPE),*] };
    }
    table! {
        BaseException
            BaseExceptionGroup GeneratorExit KeyboardInterrupt SystemExit
            Exception
                ArithmeticError FloatingPointError OverflowError ZeroDivisionError
                AssertionError AttributeError BufferError EOFError
                ImportError ModuleNotFoundError
                LookupError IndexError KeyError
                MemoryError
                NameError UnboundLocalError
                OSError BlockingIOError ChildProcessError ConnectionError BrokenPipeError ConnectionAbortedError
                    ConnectionRefusedError ConnectionResetError FileExistsError FileNotFoundError InterruptedError
                    IsADirectoryError NotADirectoryError PermissionError ProcessLookupError TimeoutError
                ReferenceError
                RuntimeError NotImplementedError RecursionError PythonFinalizationError
                StopAsyncIteration StopIteration
                SyntaxError IndentationError TabError _IncompleteInputError
                SystemError TypeError
                ValueError UnicodeError UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError
                Warning BytesWarning DeprecationWarning EncodingWarning FutureWarning ImportWarning
                    PendingDeprecationWarning ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning UserWarning
    }
};

/// `PyExc_EnvironmentError`, another name of `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_EnvironmentError: ExceptionPointer = ExceptionPointer::new(<OSError as crate::object::PyLayout>::TYPE);

/// `PyExc_IOError`, another name of `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_IOError: ExceptionPointer = ExceptionPointer::new(<OSError as crate::object::PyLayout>::TYPE);
