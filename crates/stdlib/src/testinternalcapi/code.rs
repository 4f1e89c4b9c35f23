//! Code objects and frames: the kinds of variables, what a function needs from outside, what it returns.

use taipan_compiler::code::kind;
use taipan_compiler::opcode::{CACHES, Opcode};
use taipan_runtime::prelude::*;
use taipan_runtime::types::frame::FrameObject;
use taipan_runtime::types::{Code, Function};

use super::TestInternalCapi;

fn code_of(object: Borrowed<'_, Object>) -> PyResult<Ref<Code>> {
    match object.downcast::<Code>() {
        Some(code) => Ok(code.to_owned()),
        None => Err(raise!(TypeError, "argument must be a code object")),
    }
}

/// The base instructions with their arguments, prefixes joined.
fn instructions(code: &Ref<Code>) -> PyResult<Vec<(Option<Opcode>, u32)>> {
    let bytes = code.base_bytes()?;
    let mut rows = Vec::new();
    let (mut at, mut prefix) = (0, 0u32);
    while at + 1 < bytes.len() {
        let (number, arg) = (bytes[at], prefix << 8 | u32::from(bytes[at + 1]));
        let opcode = Opcode::from_number(number.into());
        at += 2 + 2 * CACHES.get(number as usize).map_or(0, |count| *count as usize);
        if opcode == Some(Opcode::EXTENDED_ARG) {
            prefix = arg;
            continue;
        }
        prefix = 0;
        rows.try_push((opcode, arg))?;
    }
    Ok(rows)
}

fn returns_only_none(code: &Ref<Code>) -> PyResult<bool> {
    let none_index = code.consts().iter().position(|item| item.is_none());
    let mut previous = (None, 0);
    for (opcode, arg) in instructions(code)? {
        if opcode == Some(Opcode::RETURN_VALUE) {
            let (loaded, index) = previous;
            if loaded != Some(Opcode::LOAD_CONST) || Some(index as usize) != none_index {
                return Ok(false);
            }
        }
        previous = (opcode, arg);
    }
    Ok(true)
}

#[derive(Default)]
struct Counts {
    locals: i64,
    posonly: i64,
    posorkw: i64,
    kwonly: i64,
    varargs: i64,
    varkwargs: i64,
    pure: i64,
    argcells: i64,
    othercells: i64,
    hidden_pure: i64,
    hidden_cells: i64,
    free: i64,
    global: i64,
    builtin: i64,
    unknown_globals: i64,
    attributes: i64,
    unknown: i64,
}

type Names<'a> = Option<Borrowed<'a, Dict>>;

/// Counts the variables of `code`; names of the module's scope are looked up in the dicts that are given.
fn count(code: &Ref<Code>, globals: Names<'_>, builtins: Names<'_>) -> PyResult<Counts> {
    let mut counts = Counts::default();
    for bits in code.local_kinds().as_slice().iter().copied() {
        if bits & kind::FREE != 0 {
            counts.free += 1;
            continue;
        }
        counts.locals += 1;
        let is_cell = bits & kind::CELL != 0;
        if bits & kind::ARG != 0 {
            match (bits & kind::ARG_VAR != 0, bits & kind::ARG_POS != 0, bits & kind::ARG_KW != 0) {
                (true, true, _) => counts.varargs += 1,
                (true, false, _) => counts.varkwargs += 1,
                (false, true, true) => counts.posorkw += 1,
                (false, true, false) => counts.posonly += 1,
                (false, false, _) => counts.kwonly += 1,
            }
            counts.argcells += i64::from(is_cell);
        } else {
            let hidden = i64::from(bits & kind::HIDDEN != 0);
            if is_cell {
                counts.othercells += 1;
                counts.hidden_cells += hidden;
            } else {
                counts.pure += 1;
                counts.hidden_pure += hidden;
            }
        }
    }
    let names = code.names();
    let mut seen_globals = vec![false; names.len()];
    let mut seen_attributes = vec![false; names.len()];
    for (opcode, arg) in instructions(code)? {
        let index = (arg >> 1) as usize;
        let Some(name) = names.try_get(index) else { continue };
        let contains = |dict: Names<'_>| dict.map_or(Ok(false), |dict| dict.contains(name));
        match opcode {
            Some(Opcode::LOAD_ATTR) if !core::mem::replace(&mut seen_attributes[index], true) => counts.attributes += 1,
            Some(Opcode::LOAD_GLOBAL) if !core::mem::replace(&mut seen_globals[index], true) => {
                if contains(globals)? {
                    counts.global += 1;
                } else if contains(builtins)? {
                    counts.builtin += 1;
                } else {
                    counts.unknown_globals += 1;
                }
            }
            _ => {}
        }
    }
    let unseen = (0..names.len()).filter(|&index| !seen_globals[index] && !seen_attributes[index]);
    counts.unknown = unseen.count() as i64;
    Ok(counts)
}

/// A dict of numbers and dicts.
fn table<const N: usize>(rows: [(&str, Ref<Object>); N]) -> PyResult<Ref<Object>> {
    let dict = Dict::new()?;
    for (name, value) in rows {
        dict.set_item(Str::intern_str(name)?.as_borrowed(), value.as_borrowed())?;
    }
    Ok(dict.into_object())
}

fn shown(counts: &Counts) -> PyResult<Ref<Object>> {
    let number = |value: i64| Int::from_i64(value).map(Ref::into_object);
    let args = counts.posonly + counts.posorkw + counts.kwonly + counts.varargs + counts.varkwargs;
    let globals = counts.global + counts.builtin + counts.unknown_globals;
    let unbound = globals + counts.attributes + counts.unknown;
    table([
        ("total", number(counts.locals + counts.free + unbound)?),
        (
            "locals",
            table([
                ("total", number(counts.locals)?),
                (
                    "args",
                    table([
                        ("total", number(args)?),
                        ("numposonly", number(counts.posonly)?),
                        ("numposorkw", number(counts.posorkw)?),
                        ("numkwonly", number(counts.kwonly)?),
                        ("varargs", number(counts.varargs)?),
                        ("varkwargs", number(counts.varkwargs)?),
                    ])?,
                ),
                ("numpure", number(counts.pure)?),
                (
                    "cells",
                    table([
                        ("total", number(counts.argcells + counts.othercells)?),
                        ("numargs", number(counts.argcells)?),
                        ("numothers", number(counts.othercells)?),
                    ])?,
                ),
                (
                    "hidden",
                    table([
                        ("total", number(counts.hidden_pure + counts.hidden_cells)?),
                        ("numpure", number(counts.hidden_pure)?),
                        ("numcells", number(counts.hidden_cells)?),
                    ])?,
                ),
            ])?,
        ),
        ("numfree", number(counts.free)?),
        (
            "unbound",
            table([
                ("total", number(unbound)?),
                (
                    "globals",
                    table([
                        ("total", number(globals)?),
                        ("numglobal", number(counts.global)?),
                        ("numbuiltin", number(counts.builtin)?),
                        ("numunknown", number(counts.unknown_globals)?),
                    ])?,
                ),
                ("numattrs", number(counts.attributes)?),
                ("numunknown", number(counts.unknown)?),
            ])?,
        ),
    ])
}

/// The code object at hand, and the namespaces to look in: those of a function, unless others are given.
fn code_and_names<'a>(
    object: Borrowed<'a, Object>,
    globals: Names<'a>,
    builtins: Names<'a>,
) -> PyResult<(Ref<Code>, Option<Ref<Dict>>, Option<Ref<Dict>>)> {
    let (globals, builtins) = (globals.map(|dict| dict.to_owned()), builtins.map(|dict| dict.to_owned()));
    if let Some(function) = object.downcast::<Function>() {
        let own = object.getattr(id!("__builtins__"))?.into_downcast::<Dict>().ok();
        let globals = globals.unwrap_or_else(|| function.globals().to_owned());
        return Ok((function.code().to_owned(), Some(globals), builtins.or(own)));
    }
    match object.downcast::<Code>() {
        Some(code) => Ok((code.to_owned(), globals, builtins)),
        None => Err(raise!(TypeError, "argument must be a code object or a function")),
    }
}

fn borrowed(dict: &Option<Ref<Dict>>) -> Names<'_> {
    dict.as_ref().map(|dict| dict.borrow())
}

fn frame_of(object: Borrowed<'_, Object>) -> PyResult<Ref<FrameObject>> {
    match object.downcast::<FrameObject>() {
        Some(frame) => Ok(frame.to_owned()),
        None => Err(raise!(TypeError, "argument must be a frame")),
    }
}

#[pymethods(part = CODE)]
impl TestInternalCapi {
    #[function(signature = "($module, code, /)")]
    fn code_returns_only_none(code: Borrowed<'_, Object>) -> PyResult<bool> {
        returns_only_none(&code_of(code)?)
    }

    #[function(signature = "($module, code, /)")]
    fn get_co_framesize(code: Borrowed<'_, Object>) -> PyResult<i64> {
        Ok(code_of(code)?.0.co_framesize.get().into())
    }

    #[function(signature = "($module, code, /)")]
    fn get_co_localskinds(code: Borrowed<'_, Object>) -> PyResult<Ref<Dict>> {
        let code = code_of(code)?;
        let kinds = Dict::new()?;
        for (name, bits) in code.local_names().iter().zip(code.local_kinds().as_slice()) {
            kinds.set_item(name, Int::from_i64((*bits).into())?.as_borrowed())?;
        }
        Ok(kinds)
    }

    #[function(signature = "($module, /, code, globalnames=None, attrnames=None, globalsns=None, builtinsns=None)")]
    fn get_code_var_counts(
        code: Borrowed<'_, Object>,
        globalnames: Nullable<Borrowed<'_, Object>>,
        attrnames: Nullable<Borrowed<'_, Object>>,
        globalsns: Nullable<Borrowed<'_, Dict>>,
        builtinsns: Nullable<Borrowed<'_, Dict>>,
    ) -> PyResult<Ref<Object>> {
        if globalnames.0.is_some() || attrnames.0.is_some() {
            return Err(raise!(NotImplementedError, "sets of names are not supported"));
        }
        let (code, globals, builtins) = code_and_names(code, globalsns.0, builtinsns.0)?;
        shown(&count(&code, borrowed(&globals), borrowed(&builtins))?)
    }

    /// ValueError unless the code needs nothing but builtins and its arguments.
    #[function(signature = "($module, /, code, globalnames=None, globalsns=None, builtinsns=None)")]
    fn verify_stateless_code(
        code: Borrowed<'_, Object>,
        globalnames: Nullable<Borrowed<'_, Object>>,
        globalsns: Nullable<Borrowed<'_, Dict>>,
        builtinsns: Nullable<Borrowed<'_, Dict>>,
    ) -> PyResult<()> {
        if globalnames.0.is_some() {
            return Err(raise!(NotImplementedError, "sets of names are not supported"));
        }
        let closure = code.downcast::<Function>().and_then(|function| function.closure().map(|cells| cells.len()));
        let (code, globals, builtins) = code_and_names(code, globalsns.0, builtinsns.0)?;
        let counts = count(&code, borrowed(&globals), borrowed(&builtins))?;
        if counts.free > 0 || closure.is_some_and(|cells| cells > 0) {
            return Err(raise!(ValueError, "closures not supported"));
        }
        // Where the builtins are known, any other name is a global.
        let builtin = counts.builtin + i64::from(builtins.is_some());
        if counts.global > 0 || builtin > 0 && counts.unknown_globals > 0 {
            return Err(raise!(ValueError, "globals not supported"));
        }
        Ok(())
    }

    #[function(signature = "($module, frame, /)")]
    fn iframe_getcode(frame: Borrowed<'_, Object>) -> PyResult<Ref<Code>> {
        Ok(frame_of(frame)?.code())
    }

    #[function(signature = "($module, frame, /)")]
    fn iframe_getline(frame: Borrowed<'_, Object>) -> PyResult<i64> {
        Ok(frame_of(frame)?.line().map_or(-1, i64::from))
    }

    #[function(signature = "($module, frame, /)")]
    fn iframe_getlasti(frame: Borrowed<'_, Object>) -> PyResult<i64> {
        Ok(frame_of(frame)?.lasti() as i64)
    }
}
