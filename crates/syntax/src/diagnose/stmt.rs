//! Statements. They give nothing: only whether they match counts.

use super::{Diag, Miss, R, Rule, alt};
use crate::ast::*;
use crate::options::Mode;
use crate::token::Kind;

impl<'a> Diag<'a, '_> {
    pub(super) fn start_rule(&mut self) -> R<()> {
        match self.options.mode {
            Mode::Exec => {
                while self.opt(Self::statement)?.is_some() {
                    self.forget();
                }
                self.expect(Kind::EndMarker).map(drop)
            }
            Mode::Single => self.statement_newline(),
            Mode::Eval => {
                self.expressions()?;
                self.end_of_lines()
            }
            Mode::FuncType => {
                self.expect(Kind::LPar)?;
                self.opt(Self::type_expressions)?;
                self.expect(Kind::RPar)?;
                self.expect(Kind::RArrow)?;
                self.expression()?;
                self.end_of_lines()
            }
        }
    }

    fn end_of_lines(&mut self) -> R<()> {
        self.many(|p| p.expect(Kind::Newline))?;
        self.expect(Kind::EndMarker).map(drop)
    }

    fn type_expressions(&mut self) -> R<()> {
        let plain = self.opt(|p| p.gather(Self::expression))?.is_some();
        let mut found = plain;
        for stars in [Kind::Star, Kind::DoubleStar] {
            let here = self.opt(|p| {
                if found {
                    p.expect(Kind::Comma)?;
                }
                p.expect(stars)?;
                p.expression()
            })?;
            found |= here.is_some();
        }
        if found { Ok(()) } else { Err(Miss::No) }
    }

    fn statement_newline(&mut self) -> R<()> {
        alt!(self, p, {
            let from = p.mark;
            p.compound_stmt()?;
            p.expect(Kind::Newline)?;
            p.note_statement(from);
            Ok(())
        });
        alt!(self, p, p.simple_stmts());
        self.expect(Kind::Newline).map(drop)
    }

    fn statements(&mut self) -> R<()> {
        let mut any = false;
        while self.opt(Self::statement)?.is_some() {
            any = true;
        }
        if any { Ok(()) } else { Err(Miss::No) }
    }

    fn statement(&mut self) -> R<()> {
        alt!(self, p, {
            let from = p.mark;
            p.compound_stmt()?;
            p.note_statement(from);
            Ok(())
        });
        self.simple_stmts()
    }

    /// A compound statement begins at token `from` and is complete.
    fn note_statement(&mut self, from: usize) {
        let token = &self.tokens[from];
        if token.lineno >= self.last_statement.0 {
            self.last_statement = (token.lineno, token.col);
        }
    }

    /// Keeps the result of a rule that gives nothing.
    fn memo_unit(&mut self, rule: Rule, find: impl FnOnce(&mut Self) -> R<()>) -> R<()> {
        self.memo(rule, |p| {
            find(p)?;
            Ok(p.placeholder())
        })
        .map(drop)
    }

    fn simple_stmts(&mut self) -> R<()> {
        alt!(self, p, {
            p.simple_stmt()?;
            p.not_any(&[Kind::Semi])?;
            p.expect(Kind::Newline).map(drop)
        });
        self.simple_stmt()?;
        self.many(|p| {
            p.expect(Kind::Semi)?;
            p.simple_stmt()
        })?;
        self.eat(Kind::Semi)?;
        self.expect(Kind::Newline).map(drop)
    }

    pub(super) fn simple_stmt(&mut self) -> R<()> {
        self.memo_unit(Rule::SimpleStmt, |p| {
            alt!(p, p, p.assignment());
            alt!(p, p, p.type_alias());
            alt!(p, p, p.star_expressions().map(drop));
            match p.kind()? {
                Kind::Return => {
                    p.mark += 1;
                    p.opt(Self::star_expressions).map(drop)
                }
                Kind::Import | Kind::From => p.import_stmt(),
                Kind::Raise => p.raise_stmt(),
                Kind::Pass | Kind::Break | Kind::Continue => {
                    p.mark += 1;
                    Ok(())
                }
                Kind::Del => p.del_stmt(),
                Kind::Yield => p.yield_expr().map(drop),
                Kind::Assert => {
                    p.mark += 1;
                    p.expression()?;
                    p.opt(|p| {
                        p.expect(Kind::Comma)?;
                        p.expression()
                    })
                    .map(drop)
                }
                Kind::Global | Kind::Nonlocal => {
                    p.mark += 1;
                    p.gather(Self::name).map(drop)
                }
                _ => Err(Miss::No),
            }
        })
    }

    fn assignment(&mut self) -> R<()> {
        alt!(self, p, {
            p.name()?;
            p.expect(Kind::Colon)?;
            p.expression()?;
            p.assigned()?;
            p.check_version(6, "Variable annotation syntax is")
        });
        alt!(self, p, {
            p.annotated_target()?;
            p.expect(Kind::Colon)?;
            p.expression()?;
            p.assigned()?;
            p.check_version(6, "Variable annotations syntax is")
        });
        alt!(self, p, {
            p.some(Self::target_equal)?;
            p.annotated_rhs()?;
            p.not_any(&[Kind::Equal])?;
            p.eat(Kind::TypeComment).map(drop)
        });
        let mut cut = false;
        let mark = self.mark;
        match self.augmented(&mut cut) {
            Err(Miss::No) if !cut => self.mark = mark,
            found => return found,
        }
        self.look_for(Self::invalid_assignment)?;
        Err(Miss::No)
    }

    fn annotated_target(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            p.single_target()?;
            p.expect(Kind::RPar).map(drop)
        });
        self.single_subscript_attribute_target().map(drop)
    }

    /// `['=' annotated_rhs]`
    fn assigned(&mut self) -> R<()> {
        self.opt(|p| {
            p.expect(Kind::Equal)?;
            p.annotated_rhs()
        })
        .map(drop)
    }

    pub(super) fn target_equal(&mut self) -> R<()> {
        self.star_targets()?;
        self.expect(Kind::Equal).map(drop)
    }

    fn augmented(&mut self, cut: &mut bool) -> R<()> {
        self.single_target()?;
        self.augassign()?;
        *cut = true;
        self.annotated_rhs().map(drop)
    }

    pub(super) fn augassign(&mut self) -> R<()> {
        use Kind::*;
        let kinds = [
            PlusEqual,
            MinEqual,
            StarEqual,
            AtEqual,
            SlashEqual,
            PercentEqual,
            AmperEqual,
            VBarEqual,
            CircumflexEqual,
            LeftShiftEqual,
            RightShiftEqual,
            DoubleStarEqual,
            DoubleSlashEqual,
        ];
        let token = self.expect_any(&kinds)?;
        if token.kind == AtEqual { self.check_version(5, "The '@' operator is") } else { Ok(()) }
    }

    fn type_alias(&mut self) -> R<()> {
        self.soft("type")?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.expect(Kind::Equal)?;
        self.expression()?;
        self.check_version(12, "Type statement is")
    }

    fn raise_stmt(&mut self) -> R<()> {
        self.expect(Kind::Raise)?;
        alt!(self, p, {
            p.expression()?;
            p.expect(Kind::From)?;
            p.expression().map(drop)
        });
        self.opt(Self::expression).map(drop)
    }

    fn del_stmt(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::Del)?;
            p.del_targets()?;
            p.ahead_any(&[Kind::Semi, Kind::Newline])
        });
        self.look_for(Self::invalid_del_stmt)?;
        Err(Miss::No)
    }

    // ---- imports ----

    fn import_stmt(&mut self) -> R<()> {
        self.memo_unit(Rule::ImportStmt, |p| {
            p.look_for(Self::invalid_import)?;
            alt!(p, p, {
                p.expect(Kind::Import)?;
                p.gather(Self::dotted_as_name).map(drop)
            });
            p.import_from()
        })
    }

    fn import_from(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::From)?;
            let before = p.mark;
            p.many(|p| p.expect_any(&[Kind::Dot, Kind::Ellipsis]))?;
            let module = p.mark;
            p.dotted_name()?;
            let is_future = before == module && p.mark == module + 1 && p.token_text(&p.tokens[module]) == "__future__";
            p.expect(Kind::Import)?;
            let from = p.mark;
            p.import_from_targets()?;
            if is_future && p.tokens[from..p.mark].iter().any(|t| p.token_text(t) == "barry_as_FLUFL") {
                p.barry = true;
            }
            Ok(())
        });
        self.expect(Kind::From)?;
        self.some(|p| p.expect_any(&[Kind::Dot, Kind::Ellipsis]))?;
        self.expect(Kind::Import)?;
        self.import_from_targets()
    }

    fn import_from_targets(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            p.import_from_as_names()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, {
            p.import_from_as_names()?;
            p.not_any(&[Kind::Comma])
        });
        alt!(self, p, p.expect(Kind::Star).map(drop));
        self.look_for(Self::invalid_import_from_targets)?;
        Err(Miss::No)
    }

    pub(super) fn import_from_as_names(&mut self) -> R<()> {
        self.gather(|p| {
            p.look_for(|p| p.invalid_import_as(Self::one_name))?;
            p.name()?;
            p.as_name()
        })
        .map(drop)
    }

    fn one_name(&mut self) -> R<()> {
        self.name().map(drop)
    }

    fn dotted_as_name(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_import_as(Self::dotted_name))?;
        self.dotted_name()?;
        self.as_name()
    }

    /// `['as' NAME]`
    pub(super) fn as_name(&mut self) -> R<()> {
        self.opt(|p| {
            p.expect(Kind::As)?;
            p.name()
        })
        .map(drop)
    }

    pub(super) fn dotted_name(&mut self) -> R<()> {
        self.name_or_attr()
    }

    // ---- compound statements ----

    fn compound_stmt(&mut self) -> R<()> {
        match self.kind()? {
            Kind::Def => self.function_def(),
            Kind::At => {
                alt!(self, p, p.function_def());
                self.class_def()
            }
            Kind::Async => {
                alt!(self, p, p.function_def());
                alt!(self, p, p.with_stmt());
                self.for_stmt()
            }
            Kind::If => self.if_stmt(),
            Kind::Class => self.class_def(),
            Kind::With => self.with_stmt(),
            Kind::For => self.for_stmt(),
            Kind::Try => self.try_stmt(),
            Kind::While => self.while_stmt(),
            _ => self.match_stmt(),
        }
    }

    pub(super) fn block(&mut self) -> R<()> {
        self.memo_unit(Rule::Block, |p| {
            alt!(p, p, {
                p.expect(Kind::Newline)?;
                p.expect(Kind::Indent)?;
                p.statements()?;
                p.expect(Kind::Dedent).map(drop)
            });
            alt!(p, p, p.simple_stmts());
            p.look_for(|p| {
                p.expect(Kind::Newline)?;
                p.not_any(&[Kind::Indent])?;
                Err(p.raise_indentation("expected an indented block".into()))
            })?;
            Err(Miss::No)
        })
    }

    fn decorators(&mut self) -> R<()> {
        self.some(|p| {
            p.expect(Kind::At)?;
            p.named_expression()?;
            p.expect(Kind::Newline)
        })
        .map(drop)
    }

    fn class_def(&mut self) -> R<()> {
        alt!(self, p, {
            p.decorators()?;
            p.class_def_raw()
        });
        self.class_def_raw()
    }

    fn class_def_raw(&mut self) -> R<()> {
        self.look_for(Self::invalid_class_def_raw)?;
        self.class_head()?;
        self.expect(Kind::Colon)?;
        self.block()
    }

    /// `'class' NAME [type_params] ['(' [arguments] ')']`
    pub(super) fn class_head(&mut self) -> R<()> {
        self.expect(Kind::Class)?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.opt(|p| {
            p.expect(Kind::LPar)?;
            p.opt(Self::arguments)?;
            p.expect(Kind::RPar)
        })
        .map(drop)
    }

    fn function_def(&mut self) -> R<()> {
        alt!(self, p, {
            p.decorators()?;
            p.function_def_raw()
        });
        self.function_def_raw()
    }

    fn function_def_raw(&mut self) -> R<()> {
        self.look_for(Self::invalid_def_raw)?;
        let is_async = self.eat(Kind::Async)?;
        self.expect(Kind::Def)?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.expect(Kind::LPar)?;
        self.params()?;
        self.expect(Kind::RPar)?;
        self.returns()?;
        self.expect(Kind::Colon)?;
        self.opt(Self::func_type_comment)?;
        self.block()?;
        if is_async { self.check_version(5, "Async functions are") } else { Ok(()) }
    }

    /// `['->' expression]`
    pub(super) fn returns(&mut self) -> R<()> {
        self.opt(|p| {
            p.expect(Kind::RArrow)?;
            p.expression()
        })
        .map(drop)
    }

    pub(super) fn func_type_comment(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::Newline)?;
            p.expect(Kind::TypeComment)?;
            p.ahead(|p| {
                p.expect(Kind::Newline)?;
                p.expect(Kind::Indent).map(drop)
            })
        });
        self.look_for(|p| {
            p.expect(Kind::TypeComment)?;
            p.expect(Kind::Newline)?;
            p.expect(Kind::TypeComment)?;
            p.expect(Kind::Newline)?;
            p.expect(Kind::Indent)?;
            Err(p.raise("Cannot have two type comments on def"))
        })?;
        self.expect(Kind::TypeComment).map(drop)
    }

    fn if_stmt(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_test_stmt(Kind::If, "if"))?;
        alt!(self, p, {
            p.test_block(Kind::If)?;
            p.elif_stmt()
        });
        self.test_block(Kind::If)?;
        self.opt(Self::else_block).map(drop)
    }

    fn elif_stmt(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_test_stmt(Kind::Elif, "elif"))?;
        self.check_depth()?;
        alt!(self, p, {
            p.test_block(Kind::Elif)?;
            p.elif_stmt()
        });
        self.test_block(Kind::Elif)?;
        self.opt(Self::else_block).map(drop)
    }

    /// A keyword, a condition, and a block.
    fn test_block(&mut self, keyword: Kind) -> R<()> {
        self.expect(keyword)?;
        self.named_expression()?;
        self.expect(Kind::Colon)?;
        self.block()
    }

    fn else_block(&mut self) -> R<()> {
        self.look_for(Self::invalid_else_stmt)?;
        self.expect(Kind::Else)?;
        self.force(Kind::Colon, ":")?;
        self.block()
    }

    fn while_stmt(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_test_stmt(Kind::While, "while"))?;
        self.test_block(Kind::While)?;
        self.opt(Self::else_block).map(drop)
    }

    fn for_stmt(&mut self) -> R<()> {
        self.look_for(Self::invalid_for_stmt)?;
        let mark = self.mark;
        for is_async in [false, true] {
            let mut cut = false;
            match self.for_loop(is_async, &mut cut) {
                Err(Miss::No) if !cut => self.mark = mark,
                found => return found,
            }
        }
        self.look_for(Self::invalid_for_target)?;
        Err(Miss::No)
    }

    fn for_loop(&mut self, is_async: bool, cut: &mut bool) -> R<()> {
        if is_async {
            self.expect(Kind::Async)?;
        }
        self.expect(Kind::For)?;
        self.star_targets()?;
        self.expect(Kind::In)?;
        *cut = true;
        self.star_expressions()?;
        self.expect(Kind::Colon)?;
        self.eat(Kind::TypeComment)?;
        self.block()?;
        self.opt(Self::else_block)?;
        if is_async { self.check_version(5, "Async for loops are") } else { Ok(()) }
    }

    fn with_stmt(&mut self) -> R<()> {
        self.look_for(Self::invalid_with_stmt_indent)?;
        for is_async in [false, true] {
            alt!(self, p, {
                p.with_head(is_async)?;
                p.expect(Kind::LPar)?;
                p.gather(Self::with_item)?;
                p.eat(Kind::Comma)?;
                p.expect(Kind::RPar)?;
                p.with_body(is_async, !is_async)
            });
            alt!(self, p, {
                p.with_head(is_async)?;
                p.gather(Self::with_item)?;
                p.with_body(is_async, true)
            });
        }
        self.look_for(Self::invalid_with_stmt)?;
        Err(Miss::No)
    }

    fn with_head(&mut self, is_async: bool) -> R<()> {
        if is_async {
            self.expect(Kind::Async)?;
        }
        self.expect(Kind::With).map(drop)
    }

    fn with_body(&mut self, is_async: bool, type_comment: bool) -> R<()> {
        self.expect(Kind::Colon)?;
        if type_comment {
            self.eat(Kind::TypeComment)?;
        }
        self.block()?;
        if is_async { self.check_version(5, "Async with statements are") } else { Ok(()) }
    }

    fn with_item(&mut self) -> R<()> {
        alt!(self, p, {
            p.expression()?;
            p.expect(Kind::As)?;
            p.star_target()?;
            p.ahead_any(&[Kind::Comma, Kind::RPar, Kind::Colon])
        });
        self.look_for(Self::invalid_with_item)?;
        self.expression().map(drop)
    }

    fn try_stmt(&mut self) -> R<()> {
        self.look_for(Self::invalid_try_stmt)?;
        alt!(self, p, {
            p.try_body()?;
            p.finally_block()
        });
        alt!(self, p, {
            p.try_body()?;
            p.some(Self::except_block)?;
            p.opt(Self::else_block)?;
            p.opt(Self::finally_block).map(drop)
        });
        self.try_body()?;
        self.some(Self::except_star_block)?;
        self.opt(Self::else_block)?;
        self.opt(Self::finally_block)?;
        self.check_version(11, "Exception groups are")
    }

    fn try_body(&mut self) -> R<()> {
        self.expect(Kind::Try)?;
        self.force(Kind::Colon, ":")?;
        self.block()
    }

    pub(super) fn except_block(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_except_stmt_indent(false))?;
        alt!(self, p, {
            p.expect(Kind::Except)?;
            p.handler()
        });
        alt!(self, p, {
            p.expect(Kind::Except)?;
            p.expect(Kind::Colon)?;
            p.block()
        });
        self.look_for(|p| p.invalid_except_stmt(false))?;
        Err(Miss::No)
    }

    pub(super) fn except_star_block(&mut self) -> R<()> {
        self.look_for(|p| p.invalid_except_stmt_indent(true))?;
        alt!(self, p, {
            p.expect(Kind::Except)?;
            p.expect(Kind::Star)?;
            p.handler()
        });
        self.look_for(|p| p.invalid_except_stmt(true))?;
        Err(Miss::No)
    }

    /// What a handler catches, and its block.
    fn handler(&mut self) -> R<()> {
        alt!(self, p, {
            p.expression()?;
            p.expect(Kind::Colon)?;
            p.block()
        });
        alt!(self, p, {
            p.expression()?;
            p.expect(Kind::As)?;
            p.name()?;
            p.expect(Kind::Colon)?;
            p.block()
        });
        self.expressions()?;
        self.expect(Kind::Colon)?;
        self.block()?;
        self.check_version(14, "except expressions without parentheses are")
    }

    fn finally_block(&mut self) -> R<()> {
        self.look_for(|p| {
            let token = p.expect(Kind::Finally)?;
            p.expect(Kind::Colon)?;
            p.no_block(&token, "'finally' statement")
        })?;
        self.expect(Kind::Finally)?;
        self.force(Kind::Colon, ":")?;
        self.block()
    }

    fn match_stmt(&mut self) -> R<()> {
        alt!(self, p, {
            p.soft("match")?;
            p.subject_expr()?;
            p.expect(Kind::Colon)?;
            p.expect(Kind::Newline)?;
            p.expect(Kind::Indent)?;
            p.some(Self::case_block)?;
            p.expect(Kind::Dedent)?;
            p.check_version(10, "Pattern matching is")
        });
        self.look_for(Self::invalid_match_stmt)?;
        Err(Miss::No)
    }

    pub(super) fn subject_expr(&mut self) -> R<()> {
        alt!(self, p, {
            p.star_named_expression()?;
            p.expect(Kind::Comma)?;
            p.opt(Self::star_named_expressions).map(drop)
        });
        self.named_expression().map(drop)
    }

    fn case_block(&mut self) -> R<()> {
        self.look_for(Self::invalid_case_block)?;
        self.soft("case")?;
        self.patterns()?;
        self.opt(Self::guard)?;
        self.expect(Kind::Colon)?;
        self.block()
    }

    pub(super) fn guard(&mut self) -> R<ExprRef<'a>> {
        self.expect(Kind::If)?;
        self.named_expression()
    }
}
