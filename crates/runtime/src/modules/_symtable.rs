//! `_symtable`: the scopes of a program and the names in them, as the compiler sees them.
//!
//! CPython: `Modules/symtablemodule.c`, and the type of entries in `Python/symtable.c`.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_compiler::symtable::{BlockKind, Scope, SymbolBlock, flag};
use taipan_syntax::ast::Arena;

use super::builtins::{filename_from_object, with_source};
use crate::abi::PyObject;
use crate::compile::{self, Mode, Request};
use crate::memory::object as memory;
use crate::prelude::*;

/// One scope.
#[repr(C)]
pub struct Entry {
    head: PyObject,
    id: Cell<*mut PyObject>,
    name: Cell<*mut PyObject>,
    symbols: Cell<*mut PyObject>,
    varnames: Cell<*mut PyObject>,
    children: Cell<*mut PyObject>,
    nested: Cell<c_int>,
    kind: Cell<c_int>,
    lineno: Cell<c_int>,
}

#[pytype(name = "symtable entry", disallow_instantiation, basicsize = 144)]
impl Entry {
    #[member(name = "id", kind = _Py_T_OBJECT, offset = offset_of!(Entry, id), readonly)]
    const _ID: () = ();
    #[member(name = "name", kind = _Py_T_OBJECT, offset = offset_of!(Entry, name), readonly)]
    const _NAME: () = ();
    #[member(name = "symbols", kind = _Py_T_OBJECT, offset = offset_of!(Entry, symbols), readonly)]
    const _SYMBOLS: () = ();
    #[member(name = "varnames", kind = _Py_T_OBJECT, offset = offset_of!(Entry, varnames), readonly)]
    const _VARNAMES: () = ();
    #[member(name = "children", kind = _Py_T_OBJECT, offset = offset_of!(Entry, children), readonly)]
    const _CHILDREN: () = ();
    #[member(name = "nested", kind = Py_T_INT, offset = offset_of!(Entry, nested), readonly)]
    const _NESTED: () = ();
    #[member(name = "type", kind = Py_T_INT, offset = offset_of!(Entry, kind), readonly)]
    const _TYPE: () = ();
    #[member(name = "lineno", kind = Py_T_INT, offset = offset_of!(Entry, lineno), readonly)]
    const _LINENO: () = ();

    #[slot(tp_repr)]
    fn repr(this: &Ref<Entry>) -> PyResult<Ref<Str>> {
        let object = this.as_object();
        let (name, id) = (object.getattr(id!("name"))?, object.getattr(id!("id"))?);
        Str::from_fmt(format_args!("<symtable entry {}({}), line {}>", name.to_text(), id.to_text(), this.lineno.get()))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Entry) {
        // SAFETY: called once, by the last decref.
        unsafe {
            for field in [&(*this).id, &(*this).name, &(*this).symbols, &(*this).varnames, &(*this).children] {
                memory::clear_field(field);
            }
            memory::dealloc_finish(this);
        }
    }
}

impl Entry {
    fn create(block: &SymbolBlock, children: Ref<List>) -> PyResult<Ref<Entry>> {
        let symbols = Dict::new()?;
        for (name, flags) in &block.symbols {
            symbols.set_str(Str::intern_str(name)?.borrow(), Int::from_i64((*flags).into())?.borrow())?;
        }
        let mut varnames = Vec::new();
        for name in &block.varnames {
            varnames.push(Str::intern_str(name)?.into_object());
        }
        let varnames = List::from_vec(varnames)?;
        let name = Str::intern_str(&block.name)?;
        // SAFETY: a new object, whose fields are all set here.
        let entry: Ref<Entry> = unsafe { Ref::from_owned_ptr(memory::new::<Entry>()?) };
        entry.name.set(name.into_ptr());
        entry.symbols.set(symbols.into_ptr());
        entry.varnames.set(varnames.into_ptr());
        entry.children.set(children.into_ptr());
        entry.nested.set(block.nested.into());
        entry.kind.set(block.kind as c_int);
        entry.lineno.set(block.lineno);
        entry.id.set(Int::from_usize(entry.as_ptr() as usize)?.into_ptr());
        Ok(entry)
    }
}

/// The entries of all blocks; those inside come after those around them.
fn entries(blocks: &[SymbolBlock]) -> PyResult<Ref<Entry>> {
    let mut made: Vec<Option<Ref<Entry>>> = vec![None; blocks.len()];
    for (index, block) in blocks.iter().enumerate().rev() {
        let mut children = Vec::new();
        for &child in &block.children {
            if let Some(child) = made.get(child).cloned().flatten() {
                children.push(child.into_object());
            }
        }
        made[index] = Some(Entry::create(block, List::from_vec(children)?)?);
    }
    match made.into_iter().next().flatten() {
        Some(top) => Ok(top),
        None => Err(raise!(SystemError, "no symbol table")),
    }
}

pub struct Symtable;

#[pymodule(name = "_symtable")]
impl Symtable {
    const USE: i64 = flag::USE as i64;
    const DEF_GLOBAL: i64 = flag::DEF_GLOBAL as i64;
    const DEF_NONLOCAL: i64 = flag::DEF_NONLOCAL as i64;
    const DEF_LOCAL: i64 = flag::DEF_LOCAL as i64;
    const DEF_PARAM: i64 = flag::DEF_PARAM as i64;
    const DEF_TYPE_PARAM: i64 = flag::DEF_TYPE_PARAM as i64;
    const DEF_FREE_CLASS: i64 = flag::DEF_FREE_CLASS as i64;
    const DEF_IMPORT: i64 = flag::DEF_IMPORT as i64;
    const DEF_BOUND: i64 = flag::DEF_BOUND as i64;
    const DEF_ANNOT: i64 = flag::DEF_ANNOT as i64;
    const DEF_COMP_ITER: i64 = flag::DEF_COMP_ITER as i64;
    const DEF_COMP_CELL: i64 = flag::DEF_COMP_CELL as i64;
    const TYPE_FUNCTION: i64 = BlockKind::Function as i64;
    const TYPE_CLASS: i64 = BlockKind::Class as i64;
    const TYPE_MODULE: i64 = BlockKind::Module as i64;
    const TYPE_ANNOTATION: i64 = BlockKind::Annotation as i64;
    const TYPE_TYPE_ALIAS: i64 = BlockKind::TypeAlias as i64;
    const TYPE_TYPE_PARAMETERS: i64 = BlockKind::TypeParameters as i64;
    const TYPE_TYPE_VARIABLE: i64 = BlockKind::TypeVariable as i64;
    const LOCAL: i64 = Scope::Local as i64;
    const GLOBAL_EXPLICIT: i64 = Scope::GlobalExplicit as i64;
    const GLOBAL_IMPLICIT: i64 = Scope::GlobalImplicit as i64;
    const FREE: i64 = Scope::Free as i64;
    const CELL: i64 = Scope::Cell as i64;
    const SCOPE_OFF: i64 = flag::SCOPE_OFFSET as i64;
    const SCOPE_MASK: i64 = flag::SCOPE_MASK as i64;

    #[exec]
    fn exec(_module: &Ref<Module>) -> PyResult<()> {
        crate::types::type_::ready_static::<Entry>()
    }

    #[function(signature = "(source, filename, startstr, /)")]
    fn symtable(source: Borrowed<'_, Object>, filename: Borrowed<'_, Object>, startstr: &str) -> PyResult<Ref<Entry>> {
        let filename = filename_from_object(filename)?;
        let is_text = source.is_instance_of::<Str>();
        with_source(source, "symtable", "string or bytes object", |text| {
            let mode = match startstr {
                "exec" => Mode::Exec,
                "eval" => Mode::Eval,
                "single" => Mode::Single,
                _ => return Err(raise!(ValueError, "symtable() arg 3 must be 'exec' or 'eval' or 'single'")),
            };
            let request = Request { mode, flags: 0, optimize: -1, is_text, feature_version: -1 };
            let room = crate::memory::rust_alloc::GrowingRoom::for_source(text)?;
            let arena = Arena::with_capacity(text.len() * 8 + 1024);
            let module = compile::parse(&arena, &room, text, filename.borrow(), request)?;
            entries(&compile::symbol_table(&module, filename.borrow(), request)?)
        })
    }
}
