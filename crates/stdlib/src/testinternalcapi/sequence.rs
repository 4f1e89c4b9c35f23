//! `InstructionSequence`: instructions with labels that a test writes, or a stage of the compiler.
//!
//! **Invariant:** while `labels` is there, arguments of instructions with a target are labels; [`Inside::apply_labels`]
//! turns them into numbers of instructions and drops the map. CPython: `Python/instruction_sequence.c`.

use core::cell::{Cell, RefCell};

use taipan_compiler::opcode::Opcode;
use taipan_compiler::stages::{Instruction, Instructions};
use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[derive(Default)]
struct Inside {
    instrs: RefCell<Vec<Instruction>>,
    /// The number of the instruction behind each label; `None` for a label that is not placed.
    labels: RefCell<Option<Vec<Option<u32>>>>,
    next_label: Cell<i32>,
}

impl Inside {
    fn apply_labels(&self) -> PyResult<()> {
        let Some(labels) = self.labels.take() else { return Ok(()) };
        for instr in self.instrs.borrow_mut().iter_mut().filter(|instr| instr.op.has_target()) {
            match labels.get(instr.arg as usize).copied().flatten() {
                Some(at) => instr.arg = at,
                None => return Err(raise!(ValueError, "label {} is not in the sequence", instr.arg)),
            }
        }
        Ok(())
    }
}

/// The most labels of a sequence.
const MAX_LABELS: i32 = 1 << 20;
/// Arguments are smaller than this, so that stack effects do not overflow.
const MAX_ARG: i32 = 1 << 30;

#[repr(C)]
pub struct InstructionSequence {
    head: PyObject,
    /// Made with the object, freed with it.
    inside: Cell<*mut Inside>,
    /// A list of sequences, or null.
    nested: Slot,
}

impl InstructionSequence {
    pub fn create() -> PyResult<Ref<InstructionSequence>> {
        taipan_runtime::types::type_::ready_static::<InstructionSequence>()?;
        let this: Ref<InstructionSequence> = support::instance_exact()?;
        this.inside.set(Box::into_raw(Box::default()));
        Ok(this)
    }

    /// A sequence as a stage of the compiler made it.
    pub fn from_instructions(instructions: &Instructions) -> PyResult<Ref<InstructionSequence>> {
        let _guard = taipan_runtime::thread::enter_recursive(" in an instruction sequence")?;
        let this = InstructionSequence::create()?;
        *this.inside()?.instrs.borrow_mut() = instructions.instrs.clone();
        for nested in &instructions.nested {
            let nested = InstructionSequence::from_instructions(nested)?;
            InstructionSequence::nested_list(&this)?.push(nested.into_object())?;
        }
        Ok(this)
    }

    /// The instructions for a stage of the compiler; labels are applied.
    pub fn instructions(&self) -> PyResult<Instructions> {
        let inside = self.inside()?;
        inside.apply_labels()?;
        let instrs = inside.instrs.borrow().clone();
        for instr in instrs.iter().filter(|instr| instr.op.has_target()) {
            if instr.arg as usize >= instrs.len() {
                return Err(raise!(ValueError, "jump target {} is out of range", instr.arg));
            }
        }
        Ok(Instructions { instrs, nested: Vec::new() })
    }

    fn inside(&self) -> PyResult<&Inside> {
        // SAFETY: null, or a box that lives as long as the object.
        match unsafe { self.inside.get().as_ref() } {
            Some(inside) => Ok(inside),
            None => Err(raise!(SystemError, "instruction sequence without instructions")),
        }
    }

    fn nested_list(this: &Ref<InstructionSequence>) -> PyResult<Ref<List>> {
        if let Some(Ok(list)) = this.nested.get().map(Ref::into_downcast::<List>) {
            return Ok(list);
        }
        let list = List::new()?;
        this.nested.set(Some(list.clone().into_object()));
        Ok(list)
    }
}

#[pytype(name = "InstructionSequence", gc)]
impl InstructionSequence {
    #[new(signature = "()")]
    fn new(cls: Borrowed<'_, Type>) -> PyResult<Ref<InstructionSequence>> {
        let _exact = cls;
        InstructionSequence::create()
    }

    #[method(signature = "($self, /, label)")]
    fn use_label(this: &Ref<InstructionSequence>, label: i32) -> PyResult<()> {
        let inside = this.inside()?;
        if !(0..MAX_LABELS).contains(&label) {
            return Err(raise!(ValueError, "label {label} is out of range"));
        }
        let at = inside.instrs.borrow().len() as u32;
        let mut labels = inside.labels.borrow_mut();
        let labels = labels.get_or_insert_default();
        if labels.len() <= label as usize {
            labels.resize(label as usize + 1, None);
        }
        labels[label as usize] = Some(at);
        Ok(())
    }

    #[method(signature = "($self, /, opcode, oparg, lineno, col_offset, end_lineno, end_col_offset)")]
    fn addop(
        this: &Ref<InstructionSequence>,
        opcode: i32,
        oparg: i32,
        lineno: i32,
        col_offset: i32,
        end_lineno: i32,
        end_col_offset: i32,
    ) -> PyResult<()> {
        let Some(op) = u16::try_from(opcode).ok().and_then(Opcode::from_number) else {
            return Err(raise!(ValueError, "invalid opcode {opcode}"));
        };
        if !(0..MAX_ARG).contains(&oparg) {
            return Err(raise!(ValueError, "invalid oparg {oparg}"));
        }
        // The second and third number stand the other way round than their names say: tests are written for that.
        let (end_lineno, col_offset) = (col_offset, end_lineno);
        let loc = taipan_syntax::ast::Range { lineno, col_offset, end_lineno, end_col_offset };
        let mut instrs = this.inside()?.instrs.borrow_mut();
        if instrs.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        instrs.push(Instruction { op, arg: oparg as u32, loc });
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn new_label(this: &Ref<InstructionSequence>) -> PyResult<i32> {
        let inside = this.inside()?;
        inside.next_label.set(inside.next_label.get() + 1);
        Ok(inside.next_label.get())
    }

    #[method(signature = "($self, /, nested)")]
    fn add_nested(this: &Ref<InstructionSequence>, nested: Borrowed<'_, Object>) -> PyResult<()> {
        if !nested.is_instance_of::<InstructionSequence>() {
            return Err(raise!(ValueError, "expected an instruction sequence, not {}", nested.type_name()));
        }
        InstructionSequence::nested_list(this)?.push(nested.to_owned())
    }

    #[method(signature = "($self, /)")]
    fn get_nested(this: &Ref<InstructionSequence>) -> PyResult<Ref<List>> {
        InstructionSequence::nested_list(this)
    }

    #[method(signature = "($self, /)")]
    fn get_instructions(this: &Ref<InstructionSequence>) -> PyResult<Ref<List>> {
        let inside = this.inside()?;
        inside.apply_labels()?;
        let instrs = inside.instrs.borrow().clone();
        let mut rows = vec_with_capacity(instrs.len())?;
        let number = |value: i64| Int::from_i64(value).map(Ref::into_object);
        for instr in instrs {
            let loc = instr.loc;
            rows.push(
                Tuple::pack([
                    number(instr.op.number().into())?,
                    if instr.op.has_arg() { number(instr.arg.into())? } else { none() },
                    number(loc.lineno.into())?,
                    number(loc.end_lineno.into())?,
                    number(loc.col_offset.into())?,
                    number(loc.end_col_offset.into())?,
                ])?
                .into_object(),
            );
        }
        List::from_vec(rows)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &InstructionSequence, visit: &mut Visitor) {
        support::traverse([&this.nested], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<InstructionSequence>) {
        support::clear([&this.nested]);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut InstructionSequence) {
        // SAFETY: called once, by the last decref; the box is the object's own.
        unsafe {
            memory::gc_untrack(this.cast());
            support::clear([&(*this).nested]);
            let inside = (*this).inside.replace(core::ptr::null_mut());
            if !inside.is_null() {
                drop(Box::from_raw(inside));
            }
            memory::dealloc_finish(this);
        }
    }
}
