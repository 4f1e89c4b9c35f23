//! Single stages of the compiler, for tests that look at what one of them makes: code generation of a tree, the
//! optimisation of an instruction sequence, the assembly of one. The counterparts are `_PyCompile_CodeGen`,
//! `_PyCompile_OptimizeCfg` and `_PyCompile_Assemble` in CPython.
//!
//! **Invariant:** each stage is the very code that [`crate::compile`] runs.

use taipan_syntax::ast::{Arena, Mod, Range};

use crate::assemble::{Assembled, Assembler};
use crate::code::Constant;
use crate::error::{CompileError, Result, Warning};
use crate::flow::{Frame, Graph};
use crate::ir::{Instr, Sequence};
use crate::opcode::Opcode;
use crate::tables::ConstTable;
use crate::{Options, codegen, front};

/// One instruction; `arg` of an instruction with a target is the number of the instruction it leads to.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    /// What it does.
    pub op: Opcode,
    /// Its argument.
    pub arg: u32,
    /// Its place in the source.
    pub loc: Range,
}

/// Instructions, and the sequences of the scopes inside.
#[derive(Clone, Debug, Default)]
pub struct Instructions {
    /// Those of the scope itself.
    pub instrs: Vec<Instruction>,
    /// Those of the scopes inside, in the order of the source.
    pub nested: Vec<Instructions>,
}

/// What code generation makes of a module.
#[derive(Debug)]
pub struct Generated {
    /// The instructions.
    pub instructions: Instructions,
    /// The constants they refer to.
    pub consts: Vec<Constant>,
}

/// What assembly has to know of the code unit.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The first line.
    pub firstlineno: i32,
    /// The number of locals.
    pub nlocals: usize,
    /// How many of them are parameters.
    pub nparams: usize,
    /// For each cell its slot among the locals, when it is also one of them.
    pub cell_locals: Vec<Option<u32>>,
    /// The number of free names.
    pub nfree: usize,
}

/// Bytes and tables of a code object.
#[derive(Debug)]
pub struct Machine {
    /// The instructions.
    pub code: Vec<u8>,
    /// The location table.
    pub linetable: Vec<u8>,
    /// The exception table.
    pub exceptiontable: Vec<u8>,
    /// The depth of the stack.
    pub stacksize: u32,
}

/// Code generation alone: the instructions as they are before any optimisation.
pub fn generate(tree: &Mod<'_>, filename: &str, options: &Options, warnings: &mut Vec<Warning>) -> Result<Generated> {
    let arena = Arena::new();
    let (context, names, table) = front(&arena, tree, filename, options, warnings)?;
    let context = codegen::Context { keep_sequences: true, ..context };
    let (sequence, consts) = codegen::generate(tree, context, names, table, warnings)?;
    Ok(Generated { instructions: shown(sequence), consts })
}

/// The passes over the flow graph; answers the constants that are left as well.
pub fn optimize(
    instructions: &Instructions,
    consts: Vec<Constant>,
    nlocals: usize,
) -> Result<(Instructions, Vec<Constant>)> {
    let mut consts = ConstTable::with(consts);
    let mut graph = Graph::default();
    graph.cut(&mut raw(instructions), Some(&consts))?;
    graph.forget_uses();
    graph.optimize(&mut consts, nlocals, 0)?;
    graph.stack_depth()?;
    graph.borrow_locals();
    let instrs =
        graph.instructions().into_iter().map(|instr| Instruction { op: instr.op, arg: instr.arg, loc: instr.loc });
    Ok((Instructions { instrs: instrs.collect(), nested: Vec::new() }, consts.values))
}

/// Bytes and tables of instructions that are optimised already.
pub fn assemble(instructions: &Instructions, layout: &Layout) -> Result<Machine> {
    let mut graph = Graph::default();
    graph.cut(&mut raw(instructions), None)?;
    graph.cover();
    let stack_depth = graph.finish(&Frame {
        nlocals: layout.nlocals,
        nparams: layout.nparams,
        firstlineno: layout.firstlineno,
        cell_locals: &layout.cell_locals,
        nfree: layout.nfree,
        is_generator: false,
    })?;
    let Assembled { code, linetable, exceptiontable } =
        Assembler::default().assemble(&mut graph, layout.firstlineno)?;
    Ok(Machine { code, linetable, exceptiontable, stacksize: stack_depth.max(1) })
}

/// A docstring as the compiler stores it; WTF-8 in and out.
pub fn clean_docstring(text: &str) -> String {
    codegen::clean_docstring(taipan_syntax::ast::StrValue::new(text)).to_string_lossy()
}

/// Labels become numbers of instructions.
fn shown(sequence: Sequence) -> Instructions {
    let labels = sequence.labels;
    let instrs = sequence.instrs.iter().map(|instr| Instruction {
        op: instr.op,
        arg: match instr.op.has_target() {
            true => labels.get(instr.arg as usize).map_or(instr.arg, |place| place.at),
            false => instr.arg,
        },
        loc: instr.loc,
    });
    Instructions { instrs: instrs.collect(), nested: sequence.nested.into_iter().map(shown).collect() }
}

/// Every instruction has a label with its own number.
fn raw(instructions: &Instructions) -> Sequence {
    let mut sequence = Sequence::default();
    for instr in &instructions.instrs {
        let label = sequence.new_label();
        sequence.use_label(label);
        sequence.instrs.push(Instr::new(instr.op, instr.arg, instr.loc));
    }
    for instr in instructions.instrs.iter().filter(|instr| instr.op.has_target()) {
        if let Some(place) = sequence.labels.get_mut(instr.arg as usize) {
            place.used = true;
        }
    }
    sequence.fill_placeholders();
    sequence
}

/// A stage was given what no compiler makes.
pub fn invalid(message: impl Into<String>) -> CompileError {
    CompileError::Other("ValueError", message.into())
}
