//! Loading, storing and deleting names.

use taipan_syntax::ast::ExprContext;

use super::Codegen;
use crate::error::Result;
use crate::ir::Loc;
use crate::names::{Symbol, known};
use crate::opcode::Opcode;
use crate::symtable::{BlockKind, Scope};

/// The instructions that load, store and delete a name, by `ExprContext`.
type Family = [Opcode; 3];

const FAST: Family = [Opcode::LOAD_FAST, Opcode::STORE_FAST, Opcode::DELETE_FAST];
const DEREF: Family = [Opcode::LOAD_DEREF, Opcode::STORE_DEREF, Opcode::DELETE_DEREF];
const GLOBAL: Family = [Opcode::LOAD_GLOBAL, Opcode::STORE_GLOBAL, Opcode::DELETE_GLOBAL];
const NAME: Family = [Opcode::LOAD_NAME, Opcode::STORE_NAME, Opcode::DELETE_NAME];

impl<'a> Codegen<'a, '_> {
    pub(in crate::codegen) fn name_op_str(&mut self, loc: Loc, name: &'a str, ctx: ExprContext) -> Result<()> {
        let name = self.names.intern(name);
        self.name_op(loc, name, ctx)
    }

    pub(in crate::codegen) fn name_op(&mut self, loc: Loc, name: Symbol, ctx: ExprContext) -> Result<()> {
        let mangled = self.mangle(name);
        let block = self.table.block(self.unit.block);
        let scope = block.scope(mangled);
        let (is_class, function_like, sees_class) =
            (block.kind == BlockKind::Class, block.is_function_like(), block.can_see_class_scope);
        let unit = &mut *self.unit;
        let (mut family, table) = match scope {
            Scope::Free => (DEREF, &mut unit.freevars),
            Scope::Cell => (DEREF, &mut unit.cellvars),
            Scope::Local if function_like || unit.fast_hidden.get(mangled) == Some(true) => (FAST, &mut unit.varnames),
            Scope::GlobalExplicit => (GLOBAL, &mut unit.names),
            Scope::GlobalImplicit if function_like => (GLOBAL, &mut unit.names),
            _ => (NAME, &mut unit.names),
        };
        let mut number = table.number(mangled);
        if ctx == ExprContext::Load {
            // Code that runs in a class, or sees its names, looks there first.
            let inlined = unit.in_inlined_comp > 0;
            match family[0] {
                Opcode::LOAD_DEREF if is_class && !inlined => {
                    self.op(loc, Opcode::LOAD_LOCALS);
                    family[0] = Opcode::LOAD_FROM_DICT_OR_DEREF;
                }
                Opcode::LOAD_DEREF if sees_class => {
                    self.load_classdict(loc);
                    family[0] = Opcode::LOAD_FROM_DICT_OR_DEREF;
                }
                Opcode::LOAD_GLOBAL if sees_class && scope == Scope::GlobalImplicit => {
                    self.load_classdict(loc);
                    family[0] = Opcode::LOAD_FROM_DICT_OR_GLOBALS;
                }
                Opcode::LOAD_NAME if is_class && inlined => family[0] = Opcode::LOAD_GLOBAL,
                _ => {}
            }
            // The low bit says whether a call follows.
            if family[0] == Opcode::LOAD_GLOBAL {
                number <<= 1;
            }
        }
        let op = match ctx {
            ExprContext::Load => family[0],
            ExprContext::Store => family[1],
            ExprContext::Del => family[2],
        };
        self.op_arg(loc, op, number);
        Ok(())
    }

    fn load_classdict(&mut self, loc: Loc) {
        let number = self.unit.freevars.number(known::classdict);
        self.op_arg(loc, Opcode::LOAD_DEREF, number);
    }
}
