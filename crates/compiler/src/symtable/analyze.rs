//! Decides what each name is: local, global, free, cell; and which comprehensions are inlined.
//!
//! Two loops over the scopes, without recursion. From the outside in, each name is looked up along the scopes around
//! its own. From the inside out, each scope then takes in its inlined comprehensions, finds out which of its locals
//! the scopes inside need, and tells the scope around what it needs from there.

use super::flag::*;
use super::{BlockId, BlockKind, Comprehension, Scope, SymbolTable};
use crate::error::{CompileError, Result};
use crate::names::{Names, Symbol, known};

const NONE: BlockId = BlockId::MAX;

/// Cells that a class body makes for the functions inside, not under a name of its own.
const CLASS_CELLS: [Symbol; 3] = [known::class, known::classdict, known::conditional_annotations];

/// The flags without the scope.
const USES: u32 = (1 << SCOPE_OFFSET) - 1;

impl SymbolTable {
    pub(super) fn analyze(&mut self, names: &Names<'_>) -> Result<()> {
        let count = self.blocks.len();
        let mut analysis =
            Analysis { table: self, names, outer: vec![NONE; count], class: vec![NONE; count], free: Vec::new() };
        analysis.free.resize_with(count, Vec::new);
        let order = analysis.outside_in();
        order.iter().try_for_each(|id| analysis.resolve(*id))?;
        order.iter().rev().for_each(|id| analysis.settle(*id));
        Ok(())
    }
}

struct Analysis<'t, 'a> {
    table: &'t mut SymbolTable,
    names: &'t Names<'a>,
    /// The scope around each.
    outer: Vec<BlockId>,
    /// The class whose names each scope sees as if they were its own.
    class: Vec<BlockId>,
    /// What each scope needs from the scopes around it.
    free: Vec<Vec<Symbol>>,
}

impl Analysis<'_, '_> {
    /// The scopes in the order of the source, each before those inside it.
    fn outside_in(&mut self) -> Vec<BlockId> {
        let mut order = Vec::with_capacity(self.table.blocks.len());
        let mut todo = vec![0];
        while let Some(id) = todo.pop() {
            order.push(id);
            let block = self.table.block(id);
            let class = if block.kind == BlockKind::Class { id } else { self.class[id as usize] };
            for child in block.children.iter().rev() {
                self.outer[*child as usize] = id;
                if self.table.block(*child).can_see_class_scope {
                    self.class[*child as usize] = class;
                }
                todo.push(*child);
            }
        }
        order
    }

    fn resolve(&mut self, id: BlockId) -> Result<()> {
        let mut symbols = std::mem::take(&mut self.table.block_mut(id).symbols);
        for (name, flags) in symbols.values_mut() {
            let scope = self.scope(id, name, *flags)?;
            if scope == Scope::Free {
                self.free[id as usize].push(name);
            }
            *flags |= (scope as u32) << SCOPE_OFFSET;
        }
        self.table.block_mut(id).symbols = symbols;
        Ok(())
    }

    fn scope(&self, id: BlockId, name: Symbol, uses: u32) -> Result<Scope> {
        if uses & (DEF_GLOBAL | DEF_NONLOCAL) != 0 {
            return match self.fault(id, name, uses) {
                Some(message) => {
                    let directives = &self.table.block(id).directives;
                    let loc = directives.iter().find(|(known, _)| *known == name).map(|(_, loc)| *loc);
                    Err(CompileError::at(loc.unwrap_or_default(), message))
                }
                None if uses & DEF_GLOBAL != 0 => Ok(Scope::GlobalExplicit),
                None => Ok(Scope::Free),
            };
        }
        if uses & DEF_BOUND != 0 {
            return Ok(Scope::Local);
        }
        // The names of a class that is seen come first, except the cell through which it is seen.
        let class = self.class[id as usize];
        if class != NONE && name != known::classdict {
            let uses = self.table.block(class).flags(name);
            if uses & DEF_GLOBAL != 0 {
                return Ok(Scope::GlobalExplicit);
            }
            if uses & DEF_BOUND != 0 && uses & DEF_NONLOCAL == 0 {
                return Ok(Scope::GlobalImplicit);
            }
        }
        Ok(if self.is_bound_around(id, name) { Scope::Free } else { Scope::GlobalImplicit })
    }

    /// What is wrong with the `global` or `nonlocal` that names `name`.
    fn fault(&self, id: BlockId, name: Symbol, uses: u32) -> Option<String> {
        let text = self.names.get(name);
        if uses & DEF_NONLOCAL == 0 {
            return None;
        }
        if uses & DEF_GLOBAL != 0 {
            Some(format!("name '{text}' is nonlocal and global"))
        } else if id == 0 {
            Some("nonlocal declaration not allowed at module level".into())
        } else if !self.is_bound_around(id, name) {
            Some(format!("no binding for nonlocal '{text}' found"))
        } else if self.is_type_param_around(id, name) {
            Some(format!("nonlocal binding not allowed for type parameter '{text}'"))
        } else {
            None
        }
    }

    /// The scopes around a scope, innermost first.
    fn around(&self, id: BlockId) -> impl Iterator<Item = &super::Block> {
        let next = |id: &BlockId| Some(self.outer[*id as usize]).filter(|outer| *outer != NONE);
        std::iter::successors(next(&id), next).map(|id| self.table.block(id))
    }

    /// An enclosing function binds the name, so that it can be free.
    fn is_bound_around(&self, id: BlockId, name: Symbol) -> bool {
        for block in self.around(id) {
            match block.kind {
                BlockKind::Module => return false,
                // Functions do not see the names of the classes that they stand in.
                BlockKind::Class => {
                    if CLASS_CELLS.contains(&name) {
                        return true;
                    }
                }
                _ => match block.flags(name) {
                    uses if uses & DEF_GLOBAL != 0 => return false,
                    uses if uses & (DEF_BOUND | DEF_NONLOCAL) != 0 => return true,
                    _ => {}
                },
            }
        }
        false
    }

    /// The innermost binding of the name is a type parameter.
    fn is_type_param_around(&self, id: BlockId, name: Symbol) -> bool {
        let binds = |uses: &u32| uses & DEF_BOUND != 0 && uses & (DEF_GLOBAL | DEF_NONLOCAL) == 0;
        self.around(id).map(|block| block.flags(name)).find(binds).is_some_and(|uses| uses & DEF_TYPE_PARAM != 0)
    }

    /// The scopes inside `id` are settled.
    fn settle(&mut self, id: BlockId) {
        let (mut needed, cells) = self.take_in_children(id);
        needed.sort_unstable();
        needed.dedup();
        let block = self.table.block_mut(id);
        let (kind, function_like) = (block.kind, block.is_function_like());
        if !needed.is_empty() || !cells.is_empty() {
            let mut given = vec![false; needed.len()];
            for (name, flags) in block.symbols.values_mut() {
                let is_cell = cells.contains(&name);
                let need = needed.binary_search(&name).ok();
                if function_like && Scope::of(*flags) == Scope::Local && (is_cell || need.is_some()) {
                    *flags = *flags & USES | (Scope::Cell as u32) << SCOPE_OFFSET;
                    if let Some(need) = need {
                        given[need] = true;
                    }
                }
                if is_cell {
                    *flags |= DEF_COMP_CELL;
                }
            }
            let mut given = given.into_iter();
            needed.retain(|_| !given.next().unwrap_or(false));
        }
        if kind == BlockKind::Class {
            let [closure, dict, conditional] = CLASS_CELLS.map(|cell| needed.contains(&cell));
            block.needs_class_closure |= closure;
            block.needs_classdict |= dict;
            block.has_conditional_annotations |= conditional;
            needed.retain(|name| !CLASS_CELLS.contains(name));
        }
        let sees_class_names = kind == BlockKind::Class || block.can_see_class_scope;
        for name in &needed {
            match self.table.block(id).symbols.get(*name) {
                // A method's free name that the class also has.
                Some(flags) if sees_class_names => {
                    self.table.block_mut(id).symbols.insert(*name, flags | DEF_FREE_CLASS);
                }
                Some(_) => {}
                None => {
                    if id == 0 || self.is_bound_around(id, *name) {
                        self.table.block_mut(id).symbols.insert(*name, (Scope::Free as u32) << SCOPE_OFFSET);
                    }
                }
            }
        }
        self.free[id as usize].append(&mut needed);
    }

    /// Merges the comprehensions that are inlined into `id`, in the order of the source. Answers what the scopes
    /// inside need, and the names that are cells of such comprehensions.
    fn take_in_children(&mut self, id: BlockId) -> (Vec<Symbol>, Vec<Symbol>) {
        let (mut needed, mut cells) = (Vec::new(), Vec::new());
        let children = std::mem::take(&mut self.table.block_mut(id).children);
        // In the annotation scopes of a class, comprehensions keep a scope of their own.
        let may_inline = !self.table.block(id).can_see_class_scope;
        let mut scopes_inside = Vec::with_capacity(children.len());
        for child in children {
            let mut needs = std::mem::take(&mut self.free[child as usize]);
            let block = self.table.block(child);
            if may_inline && block.comprehension != Comprehension::None && !block.generator {
                self.inline(id, child, &mut needs, &mut cells);
                let block = self.table.block_mut(child);
                block.comp_inlined = true;
                scopes_inside.extend_from_slice(&block.children);
            } else {
                scopes_inside.push(child);
            }
            needed.append(&mut needs);
        }
        self.table.block_mut(id).children = scopes_inside;
        (needed, cells)
    }

    /// Moves the names of a comprehension, which needs `needs` from outside, into the scope around it.
    fn inline(&mut self, id: BlockId, comp: BlockId, needs: &mut Vec<Symbol>, cells: &mut Vec<Symbol>) {
        let in_class = self.table.block(id).kind == BlockKind::Class;
        let mut symbols = std::mem::take(&mut self.table.block_mut(comp).symbols);
        let mut gone = Vec::new();
        for (name, flags) in symbols.iter().filter(|(_, flags)| flags & DEF_PARAM == 0) {
            let mut scope = Scope::of(flags);
            if scope == Scope::Cell || flags & DEF_COMP_CELL != 0 {
                cells.push(name);
            }
            let needed_inside = || {
                self.table.block(comp).children.iter().any(|child| self.table.block(*child).scope(name) == Scope::Free)
            };
            let mut is_ours = false;
            // The cells of a class are never free in its own body.
            if scope == Scope::Free && in_class && CLASS_CELLS.contains(&name) {
                scope = Scope::GlobalImplicit;
                is_ours = !needed_inside();
                gone.push(name);
            }
            match self.table.block(id).symbols.get(name) {
                Some(uses) => is_ours |= uses & DEF_BOUND != 0 && !in_class && !needed_inside(),
                None => {
                    let flags = flags & USES | (scope as u32) << SCOPE_OFFSET;
                    self.table.block_mut(id).symbols.insert(name, flags);
                }
            }
            if is_ours {
                needs.retain(|need| *need != name);
            }
        }
        gone.into_iter().for_each(|name| symbols.remove(name));
        self.table.block_mut(comp).symbols = symbols;
    }
}
