//! The stages of the compiler, one by one.

use taipan_compiler::Text;
use taipan_compiler::code::{BigInt, Constant, kind};
use taipan_compiler::stages::{self, Layout};
use taipan_runtime::compile::{self, Mode, Request};
use taipan_runtime::modules::_ast;
use taipan_runtime::prelude::*;
use taipan_runtime::types::Code;
use taipan_runtime::types::code::CodeParts;

use super::TestInternalCapi;
use super::sequence::InstructionSequence;

fn sequence_of(object: Borrowed<'_, Object>) -> PyResult<Ref<InstructionSequence>> {
    match object.downcast::<InstructionSequence>() {
        Some(sequence) => Ok(sequence.to_owned()),
        None => Err(raise!(ValueError, "expected an instruction sequence")),
    }
}

/// The compiler's form of a constant that the compiler itself can make.
fn constant_of(object: Borrowed<'_, Object>) -> PyResult<Constant> {
    let _guard = taipan_runtime::thread::enter_recursive(" in a constant")?;
    let all = |items: Vec<Ref<Object>>| -> PyResult<Box<[Constant]>> {
        items.iter().map(|item| constant_of(item.borrow())).collect()
    };
    if object.is_none() {
        return Ok(Constant::None);
    }
    if object.is(&ellipsis()) {
        return Ok(Constant::Ellipsis);
    }
    if let Some(value) = object.downcast_exact::<Bool>() {
        return Ok(Constant::Bool(value.as_object().is_true()?));
    }
    if let Some(value) = object.downcast_exact::<Int>() {
        return Ok(match value.to_i64() {
            Some(value) => Constant::Int(value),
            None => Constant::BigInt(BigInt { negative: value.is_negative(), digits: value.digits().into() }),
        });
    }
    if let Some(value) = object.downcast_exact::<Float>() {
        return Ok(Constant::Float(value.value()));
    }
    if let Some(value) = object.downcast_exact::<Complex>() {
        let (real, imag) = value.parts();
        return Ok(Constant::Complex { real, imag });
    }
    if let Some(value) = object.downcast_exact::<Str>() {
        return Ok(Constant::Str(Text::new(value.as_utf8()?)));
    }
    if let Some(value) = object.downcast_exact::<Bytes>() {
        return Ok(Constant::Bytes(value.as_slice().into()));
    }
    if let Some(value) = object.downcast_exact::<Tuple>() {
        return Ok(Constant::Tuple(all(value.iter().map(|item| item.to_owned()).collect())?));
    }
    if object.is_exact::<FrozenSet>() {
        return Ok(Constant::FrozenSet(all(object.collect_items()?)?));
    }
    Err(raise!(TypeError, "'{}' object is no constant of the compiler", object.type_name()))
}

/// The keys of a dict that numbers them, in the order of their numbers.
fn numbered(metadata: &Ref<Dict>, key: &str) -> PyResult<Vec<Ref<Object>>> {
    let Some(table) = metadata.get(Str::intern_str(key)?.as_borrowed())? else { return Ok(Vec::new()) };
    let Some(table) = table.downcast::<Dict>() else {
        // As the tests have it: no entries may be an empty list.
        return table.collect_items();
    };
    let mut rows = Vec::new();
    for (item, number) in table.items_snapshot()? {
        rows.push((number.as_isize()?, item));
    }
    rows.sort_by_key(|(number, _)| *number);
    Ok(rows.into_iter().map(|(_, item)| item).collect())
}

fn metadata_int(metadata: &Ref<Dict>, key: &str) -> PyResult<i32> {
    match metadata.get(Str::intern_str(key)?.as_borrowed())? {
        Some(value) => match i32::try_from(value.as_isize()?) {
            Ok(value) => Ok(value),
            Err(_) => Err(raise!(OverflowError, "{key} is out of range")),
        },
        None => Ok(0),
    }
}

fn metadata_text(metadata: &Ref<Dict>, key: &str) -> PyResult<Ref<Str>> {
    match metadata.get(Str::intern_str(key)?.as_borrowed())?.map(Ref::into_downcast::<Str>) {
        Some(Ok(text)) => Ok(text),
        _ => Err(raise!(TypeError, "metadata has no text '{key}'")),
    }
}

#[pymethods(part = COMPILER)]
impl TestInternalCapi {
    #[function(signature = "($module, /)")]
    fn new_instruction_sequence() -> PyResult<Ref<InstructionSequence>> {
        InstructionSequence::create()
    }

    #[function(signature = "($module, /, doc)")]
    fn compiler_cleandoc(doc: &str) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&stages::clean_docstring(doc))
    }

    #[function(signature = "($module, /, ast, filename, optimize, compile_mode=0)")]
    fn compiler_codegen(
        ast: Borrowed<'_, Object>,
        filename: Borrowed<'_, Str>,
        optimize: i32,
        compile_mode: i32,
    ) -> PyResult<Ref<Tuple>> {
        if !_ast::is_ast(ast)? {
            return Err(raise!(TypeError, "expected an AST"));
        }
        let mode = match compile_mode {
            0 => Mode::Exec,
            1 => Mode::Eval,
            2 => Mode::Single,
            _ => return Err(raise!(ValueError, "invalid compile_mode {compile_mode}")),
        };
        let request = Request { mode, flags: 0, optimize, is_text: true, feature_version: -1 };
        let generated = _ast::generate(ast, filename, request)?;
        let metadata = Dict::new()?;
        for name in ["argcount", "posonlyargcount", "kwonlyargcount"] {
            // The unit is a module's, which has no parameters.
            metadata.set_item(Str::intern_str(name)?.as_borrowed(), Int::zero().as_borrowed())?;
        }
        let consts = List::from_vec(Code::constants(&generated.consts, filename)?)?;
        metadata.set_item(Str::intern_str("consts")?.as_borrowed(), consts.as_borrowed())?;
        let sequence = InstructionSequence::from_instructions(&generated.instructions)?;
        Tuple::pack([sequence.into_object(), metadata.into_object()])
    }

    #[function(signature = "($module, /, instructions, consts, nlocals)")]
    fn optimize_cfg(
        instructions: Borrowed<'_, Object>,
        consts: Borrowed<'_, Object>,
        nlocals: i32,
    ) -> PyResult<Ref<InstructionSequence>> {
        let sequence = sequence_of(instructions)?;
        let Some(consts) = consts.downcast::<List>() else {
            return Err(raise!(TypeError, "consts must be a list, not {}", consts.type_name()));
        };
        let given = consts.try_to_vec()?;
        let instructions = sequence.instructions()?;
        for instr in instructions.instrs.iter().filter(|instr| instr.op.has_const()) {
            if instr.arg as usize >= given.len() {
                return Err(raise!(
                    ValueError,
                    "LOAD_CONST index {} is out of range for consts (len={})",
                    instr.arg,
                    given.len()
                ));
            }
        }
        let values = given.iter().map(|item| constant_of(item.borrow())).collect::<PyResult<Vec<_>>>()?;
        let nlocals = usize::try_from(nlocals).unwrap_or(0);
        let name = Str::from_utf8_str("")?;
        let optimized = stages::optimize(&instructions, values.clone(), nlocals);
        let (optimized, left) = optimized.map_err(|error| compile::compile_error(&error, name.borrow()))?;
        // What was given stays the same object.
        let mut objects = Vec::new();
        for value in &left {
            match values.iter().position(|known| known == value) {
                Some(at) => objects.push(given[at].clone()),
                None => objects.append(&mut Code::constants(core::slice::from_ref(value), name.borrow())?),
            }
        }
        let replacement = List::from_vec(objects)?;
        consts.upcast().call_method(id!("clear"), &[])?;
        consts.upcast().call_method(id!("extend"), &[replacement.as_borrowed()])?;
        InstructionSequence::from_instructions(&optimized)
    }

    #[function(signature = "($module, /, filename, instructions, metadata)")]
    fn assemble_code_object(
        filename: Borrowed<'_, Str>,
        instructions: Borrowed<'_, Object>,
        metadata: Borrowed<'_, Dict>,
    ) -> PyResult<Ref<Code>> {
        let sequence = sequence_of(instructions)?;
        let consts = Tuple::from_vec(numbered(&metadata, "consts")?)?;
        let names = Tuple::from_vec(numbered(&metadata, "names")?)?;
        let varnames = numbered(&metadata, "varnames")?;
        let cellvars = numbered(&metadata, "cellvars")?;
        let freevars = numbered(&metadata, "freevars")?;
        let fasthidden = numbered(&metadata, "fasthidden")?;
        let position = |names: &[Ref<Object>], wanted: &Ref<Object>| -> PyResult<Option<usize>> {
            for (at, name) in names.iter().enumerate() {
                if name.equals(wanted.borrow())? {
                    return Ok(Some(at));
                }
            }
            Ok(None)
        };
        let argcount = metadata_int(&metadata, "argcount")?;
        let posonlyargcount = metadata_int(&metadata, "posonlyargcount")?;
        let kwonlyargcount = metadata_int(&metadata, "kwonlyargcount")?;
        let firstlineno = metadata_int(&metadata, "firstlineno")?;

        let mut local_names = Vec::new();
        let mut kinds = Vec::new();
        for (at, name) in varnames.iter().enumerate() {
            let at = at as i32;
            let mut bits = kind::LOCAL;
            bits |= match at {
                _ if at < posonlyargcount => kind::ARG_POS,
                _ if at < posonlyargcount + argcount => kind::ARG_POS | kind::ARG_KW,
                _ if at < posonlyargcount + argcount + kwonlyargcount => kind::ARG_KW,
                _ => 0,
            };
            if position(&fasthidden, name)?.is_some() {
                bits |= kind::HIDDEN;
            }
            if position(&cellvars, name)?.is_some() {
                bits |= kind::CELL;
            }
            local_names.push(name.clone());
            kinds.push(bits);
        }
        let mut cell_locals = Vec::new();
        for name in &cellvars {
            let local = position(&varnames, name)?;
            cell_locals.push(local.map(|at| at as u32));
            if local.is_none() {
                local_names.push(name.clone());
                kinds.push(kind::CELL);
            }
        }
        for name in &freevars {
            local_names.push(name.clone());
            kinds.push(kind::FREE);
        }
        let layout = Layout {
            firstlineno,
            nlocals: varnames.len(),
            nparams: (argcount + posonlyargcount + kwonlyargcount).max(0) as usize,
            cell_locals,
            nfree: freevars.len(),
        };
        let instructions = sequence.instructions()?;
        let machine = stages::assemble(&instructions, &layout);
        let machine = machine.map_err(|error| compile::compile_error(&error, filename))?;
        Code::from_parts(CodeParts {
            argcount: argcount + posonlyargcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize: machine.stacksize as i32,
            flags: 0,
            firstlineno,
            code: machine.code,
            consts,
            names,
            local_names: Tuple::from_vec(local_names)?,
            local_kinds: Bytes::from_slice(&kinds)?,
            filename: filename.to_owned(),
            name: metadata_text(&metadata, "name")?,
            qualname: metadata_text(&metadata, "qualname")?,
            line_table: Bytes::from_slice(&machine.linetable)?,
            exception_table: Bytes::from_slice(&machine.exceptiontable)?,
        })
    }
}
