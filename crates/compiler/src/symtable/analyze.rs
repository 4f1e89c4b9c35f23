//! The pass that decides what each name is: local, global, free, cell; and which comprehensions are inlined.

use super::flag::*;
use super::{Block, BlockId, BlockKind, Comprehension, Scope, SymbolTable};
use crate::error::{CompileError, Result, StackGuard};
use crate::fx::FxHashSet;
use crate::names::{Names, Symbol, known};
use crate::tables::SymbolMap;

type Set = FxHashSet<Symbol>;

impl SymbolTable {
    pub(super) fn analyze(&mut self, names: &Names<'_>, stack: StackGuard) -> Result<()> {
        let mut analysis = Analysis { table: self, names, stack };
        let mut free = Set::default();
        analysis.block(0, None, &mut free, &mut Set::default(), &mut Set::default(), None)
    }
}

struct Analysis<'t, 'a> {
    table: &'t mut SymbolTable,
    names: &'t Names<'a>,
    stack: StackGuard,
}

impl Analysis<'_, '_> {
    fn directive_error(&self, block: &Block, name: Symbol, message: String) -> CompileError {
        let loc = block.directives.iter().find(|(known, _)| *known == name).map(|(_, loc)| *loc).unwrap_or_default();
        CompileError::at(loc, message)
    }

    /// Decides the scope of one name from its flags and the names around.
    fn name(
        &self,
        block: &Block,
        name: Symbol,
        flags: u32,
        bound: Option<&mut Set>,
        local: &mut Set,
        free: &mut Set,
        global: &mut Set,
        type_params: &mut Set,
        class: Option<BlockId>,
    ) -> Result<Scope> {
        let text = || self.names.get(name);
        if flags & DEF_GLOBAL != 0 {
            if flags & DEF_NONLOCAL != 0 {
                return Err(self.directive_error(block, name, format!("name '{}' is nonlocal and global", text())));
            }
            global.insert(name);
            if let Some(bound) = bound {
                bound.remove(&name);
            }
            return Ok(Scope::GlobalExplicit);
        }
        if flags & DEF_NONLOCAL != 0 {
            let Some(bound) = bound else {
                let message = "nonlocal declaration not allowed at module level".to_string();
                return Err(self.directive_error(block, name, message));
            };
            if !bound.contains(&name) {
                return Err(self.directive_error(block, name, format!("no binding for nonlocal '{}' found", text())));
            }
            if type_params.contains(&name) {
                let message = format!("nonlocal binding not allowed for type parameter '{}'", text());
                return Err(self.directive_error(block, name, message));
            }
            free.insert(name);
            return Ok(Scope::Free);
        }
        if flags & DEF_BOUND != 0 {
            local.insert(name);
            global.remove(&name);
            if flags & DEF_TYPE_PARAM != 0 {
                type_params.insert(name);
            } else {
                type_params.remove(&name);
            }
            return Ok(Scope::Local);
        }
        // A scope that sees a class's names finds those there first, except the cell through which it sees them.
        if let Some(class) = class.filter(|_| name != known::classdict) {
            let flags = self.table.block(class).flags(name);
            if flags & DEF_GLOBAL != 0 {
                return Ok(Scope::GlobalExplicit);
            }
            if flags & DEF_BOUND != 0 && flags & DEF_NONLOCAL == 0 {
                return Ok(Scope::GlobalImplicit);
            }
        }
        if bound.is_some_and(|bound| bound.contains(&name)) {
            free.insert(name);
            return Ok(Scope::Free);
        }
        Ok(Scope::GlobalImplicit)
    }

    /// `bound`: names of enclosing functions; `free`: receives the free names; `global`: names declared global around.
    fn block(
        &mut self,
        id: BlockId,
        mut bound: Option<&mut Set>,
        free: &mut Set,
        global: &mut Set,
        type_params: &mut Set,
        class: Option<BlockId>,
    ) -> Result<()> {
        self.stack.check()?;
        let kind = self.table.block(id).kind;
        let function_like = self.table.block(id).is_function_like();
        let sees_class = self.table.block(id).can_see_class_scope;
        let mut local = Set::default();
        let mut scopes: SymbolMap<Scope> = SymbolMap::default();
        let mut new_global = Set::default();
        let mut new_bound = Set::default();
        let mut new_free = Set::default();
        let mut inlined_cells = Set::default();
        // The names of a class are not visible in its functions.
        if kind == BlockKind::Class {
            new_global.clone_from(global);
            if let Some(bound) = &bound {
                new_bound.clone_from(bound);
            }
        }
        for index in 0..self.table.block(id).symbols.len() {
            let block = self.table.block(id);
            let (name, flags) = block.symbols.entries()[index];
            let scope =
                self.name(block, name, flags, bound.as_deref_mut(), &mut local, free, global, type_params, class)?;
            scopes.insert(name, scope);
        }
        let children = self.table.block(id).children.clone();
        if !children.is_empty() {
            if kind == BlockKind::Class {
                new_bound.extend([known::class, known::classdict, known::conditional_annotations]);
            } else {
                if function_like {
                    new_bound.extend(local.iter().copied());
                }
                if let Some(bound) = &bound {
                    new_bound.extend(bound.iter().copied());
                }
                new_global.extend(global.iter().copied());
            }
        }
        for child in &children {
            let child = *child;
            let entry = self.table.block(child);
            let child_class = if !entry.can_see_class_scope {
                None
            } else if kind == BlockKind::Class {
                Some(id)
            } else {
                class
            };
            // Comprehensions are inlined, except in annotation scopes inside classes.
            let inline = entry.comprehension != Comprehension::None && !entry.generator && !sees_class;
            let mut child_bound = new_bound.clone();
            let mut child_free = Set::default();
            let mut child_global = new_global.clone();
            let mut child_type_params = type_params.clone();
            self.block(
                child,
                Some(&mut child_bound),
                &mut child_free,
                &mut child_global,
                &mut child_type_params,
                child_class,
            )?;
            if inline {
                self.inline(id, child, &mut scopes, &mut child_free, &mut inlined_cells);
                self.table.block_mut(child).comp_inlined = true;
            }
            new_free.extend(child_free);
        }
        // The scopes inside an inlined comprehension become ours.
        if children.iter().any(|child| self.table.block(*child).comp_inlined) {
            let mut spliced = Vec::with_capacity(children.len());
            for child in children {
                let entry = self.table.block(child);
                if entry.comp_inlined {
                    spliced.extend_from_slice(&entry.children);
                } else {
                    spliced.push(child);
                }
            }
            self.table.block_mut(id).children = spliced;
        }
        if function_like {
            for (name, scope) in scopes.values_mut() {
                if *scope == Scope::Local && (new_free.contains(&name) || inlined_cells.contains(&name)) {
                    *scope = Scope::Cell;
                    new_free.remove(&name);
                }
            }
        } else if kind == BlockKind::Class {
            let block = self.table.block_mut(id);
            block.needs_class_closure |= new_free.remove(&known::class);
            block.needs_classdict |= new_free.remove(&known::classdict);
            block.has_conditional_annotations |= new_free.remove(&known::conditional_annotations);
        }
        self.record(id, &scopes, bound.as_deref(), &new_free, &inlined_cells, kind == BlockKind::Class || sees_class);
        free.extend(new_free);
        Ok(())
    }

    /// Moves the names of a comprehension into the scope around it.
    fn inline(
        &mut self,
        id: BlockId,
        comp: BlockId,
        scopes: &mut SymbolMap<Scope>,
        comp_free: &mut Set,
        inlined_cells: &mut Set,
    ) {
        let mut removed = Vec::new();
        let in_class = self.table.block(id).kind == BlockKind::Class;
        for index in 0..self.table.block(comp).symbols.len() {
            let (name, flags) = self.table.block(comp).symbols.entries()[index];
            if flags & DEF_PARAM != 0 {
                continue;
            }
            let mut scope = Scope::of(flags);
            let only_flags = flags & ((1 << SCOPE_OFFSET) - 1);
            if scope == Scope::Cell || only_flags & DEF_COMP_CELL != 0 {
                inlined_cells.insert(name);
            }
            // The cells of a class are never free through its scope.
            let is_cell_of_class = [known::class, known::classdict, known::conditional_annotations].contains(&name);
            if scope == Scope::Free && in_class && is_cell_of_class {
                scope = Scope::GlobalImplicit;
                if !self.is_free_in_child(comp, name) {
                    comp_free.remove(&name);
                }
                removed.push(name);
            }
            match self.table.block(id).symbols.get(name) {
                None => {
                    self.table.block_mut(id).symbols.insert(name, only_flags);
                    scopes.insert(name, scope);
                }
                Some(existing) => {
                    if existing & DEF_BOUND != 0 && !in_class && !self.is_free_in_child(comp, name) {
                        comp_free.remove(&name);
                    }
                }
            }
        }
        for name in removed {
            self.table.block_mut(comp).symbols.remove(name);
        }
    }

    fn is_free_in_child(&self, id: BlockId, name: Symbol) -> bool {
        self.table.block(id).children.iter().any(|child| self.table.block(*child).scope(name) == Scope::Free)
    }

    /// Enters the results into the flags of the names.
    fn record(
        &mut self,
        id: BlockId,
        scopes: &SymbolMap<Scope>,
        bound: Option<&Set>,
        free: &Set,
        inlined_cells: &Set,
        class_flag: bool,
    ) {
        let block = self.table.block_mut(id);
        for (name, flags) in block.symbols.values_mut() {
            if inlined_cells.contains(&name) {
                *flags |= DEF_COMP_CELL;
            }
            *flags |= (scopes.get(name).unwrap_or(Scope::Unknown) as u32) << SCOPE_OFFSET;
        }
        let mut free: Vec<Symbol> = free.iter().copied().collect();
        free.sort_unstable();
        for name in free {
            match block.symbols.get(name) {
                Some(flags) => {
                    // A method's free name that the class also has.
                    if class_flag {
                        block.symbols.insert(name, flags | DEF_FREE_CLASS);
                    }
                }
                None => {
                    if bound.is_none_or(|bound| bound.contains(&name)) {
                        block.symbols.insert(name, (Scope::Free as u32) << SCOPE_OFFSET);
                    }
                }
            }
        }
    }
}
