//! Loading, storing and deleting names.

use taipan_syntax::ast::ExprContext;

use super::Codegen;
use crate::error::Result;
use crate::ir::Loc;
use crate::names::{Symbol, known};
use crate::opcode::Opcode;
use crate::symtable::{BlockKind, Scope};

/// How a name is reached.
enum Access {
    Fast,
    Global,
    Deref(u32),
    Name,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn name_op_str(&mut self, loc: Loc, name: &'a str, ctx: ExprContext) -> Result<()> {
        let name = self.names.intern(name);
        self.name_op(loc, name, ctx)
    }

    fn access(&mut self, mangled: Symbol, scope: Scope) -> Access {
        let unit = &mut *self.unit;
        let function_like = self.table.block(unit.block).is_function_like();
        match scope {
            Scope::Free => Access::Deref(unit.freevars.number(mangled)),
            Scope::Cell => Access::Deref(unit.cellvars.number(mangled)),
            Scope::Local if function_like || unit.fast_hidden.get(mangled) == Some(true) => Access::Fast,
            Scope::GlobalImplicit if function_like => Access::Global,
            Scope::GlobalExplicit => Access::Global,
            _ => Access::Name,
        }
    }

    pub(super) fn name_op(&mut self, loc: Loc, name: Symbol, ctx: ExprContext) -> Result<()> {
        use ExprContext::*;
        let mangled = self.mangle(name);
        let block = self.table.block(self.unit.block);
        let scope = block.scope(mangled);
        let is_class = block.kind == BlockKind::Class;
        let sees_class = block.can_see_class_scope;
        let inlined = self.unit.in_inlined_comp > 0;
        match self.access(mangled, scope) {
            Access::Fast => {
                let number = self.unit.varnames.number(mangled);
                let op = match ctx {
                    Load => Opcode::LOAD_FAST,
                    Store => Opcode::STORE_FAST,
                    Del => Opcode::DELETE_FAST,
                };
                self.op_arg(loc, op, number);
            }
            Access::Deref(number) => {
                let op = match ctx {
                    Load if is_class && !inlined => {
                        self.op(loc, Opcode::LOAD_LOCALS);
                        Opcode::LOAD_FROM_DICT_OR_DEREF
                    }
                    Load if sees_class => {
                        self.load_classdict(loc);
                        Opcode::LOAD_FROM_DICT_OR_DEREF
                    }
                    Load => Opcode::LOAD_DEREF,
                    Store => Opcode::STORE_DEREF,
                    Del => Opcode::DELETE_DEREF,
                };
                self.op_arg(loc, op, number);
            }
            Access::Global => {
                let number = self.unit.names.number(mangled);
                let (op, arg) = match ctx {
                    Load if sees_class && scope == Scope::GlobalImplicit => {
                        self.load_classdict(loc);
                        (Opcode::LOAD_FROM_DICT_OR_GLOBALS, number)
                    }
                    Load => (Opcode::LOAD_GLOBAL, number << 1),
                    Store => (Opcode::STORE_GLOBAL, number),
                    Del => (Opcode::DELETE_GLOBAL, number),
                };
                self.op_arg(loc, op, arg);
            }
            Access::Name => {
                let number = self.unit.names.number(mangled);
                let (op, arg) = match ctx {
                    Load if is_class && inlined => (Opcode::LOAD_GLOBAL, number << 1),
                    Load => (Opcode::LOAD_NAME, number),
                    Store => (Opcode::STORE_NAME, number),
                    Del => (Opcode::DELETE_NAME, number),
                };
                self.op_arg(loc, op, arg);
            }
        }
        Ok(())
    }

    fn load_classdict(&mut self, loc: Loc) {
        let number = self.unit.freevars.number(known::classdict);
        self.op_arg(loc, Opcode::LOAD_DEREF, number);
    }
}
