//! The native modules that need the inside of the virtual machine, and the table of them.

pub mod _ast;
pub mod _codecs;
pub mod _imp;
pub mod _signal;
pub mod _string;
pub mod _symtable;
pub mod _taipan;
pub mod _thread;
pub mod _types;
pub mod _typing;
pub mod _weakref;
pub mod atexit;
pub mod builtins;
pub mod errno;
pub mod faulthandler;
pub mod gc;
pub mod marshal;
pub mod sys;
pub mod time;
pub mod warnings;

use crate::import::InitFunction;

/// The modules of this folder, sorted by name. `sys` and `builtins` are made at start-up; their functions here serve
/// only to name them.
pub fn table() -> Vec<(&'static str, InitFunction)> {
    vec![
        ("_ast", _ast::Ast::init as InitFunction),
        ("_codecs", _codecs::Codecs::init),
        ("_imp", _imp::Imp::init),
        ("_signal", _signal::Signal::init),
        ("_string", _string::StringModule::init),
        ("_symtable", _symtable::Symtable::init),
        ("_taipan", _taipan::TaipanModule::init),
        ("_thread", _thread::Thread::init),
        ("_types", _types::Types::init),
        ("_typing", _typing::Typing::init),
        ("_warnings", warnings::Warnings::init),
        ("_weakref", _weakref::WeakrefModule::init),
        ("atexit", atexit::AtExit::init),
        ("builtins", builtins::Builtins::init),
        ("errno", errno::Errno::init),
        ("faulthandler", faulthandler::FaultHandler::init),
        ("gc", gc::Gc::init),
        ("marshal", marshal::Marshal::init),
        ("sys", sys::Sys::init),
        ("time", time::Time::init),
    ]
}
