//! What Python sees of a code object.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_compiler::code::kind;
use taipan_compiler::opcode::{CACHES, Opcode};

use super::{Code, CodeParts, Location, Locations, dealloc_code};
use crate::abi::PyCodeObject;
use crate::prelude::*;

#[pytype(name = "code", export = "PyCode_Type", basicsize = core::mem::offset_of!(PyCodeObject, co_code_adaptive) as isize,
         itemsize = 2, weaklistoffset = core::mem::offset_of!(PyCodeObject, co_weakreflist))]
impl Code {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Code) {
        // SAFETY: called once, by the last decref.
        unsafe { dealloc_code(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Code>) -> String {
        let line = this.0.co_firstlineno.get();
        format!(
            "<code object {} at {:p}, file \"{}\", line {}>",
            this.name().to_display(),
            this.as_ptr(),
            this.filename().to_display(),
            if line == 0 { -1 } else { line }
        )
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Code>) -> PyResult<isize> {
        let mut hash: u64 = 20221211;
        let mut mix = |value: u64| hash = (hash ^ value).wrapping_mul(1_000_003);
        mix(this.name().as_object().hash()? as u64);
        mix(this.consts().as_object().hash()? as u64);
        mix(this.names().as_object().hash()? as u64);
        mix(this.local_names().as_object().hash()? as u64);
        mix(this.line_table().as_object().hash()? as u64);
        mix(this.exception_table().as_object().hash()? as u64);
        for number in [
            &this.0.co_argcount,
            &this.0.co_posonlyargcount,
            &this.0.co_kwonlyargcount,
            &this.0.co_flags,
            &this.0.co_firstlineno,
        ] {
            mix(number.get() as u64);
        }
        for byte in this.base_bytes()? {
            mix(byte as u64);
        }
        Ok(if hash as isize == -1 { -2 } else { hash as isize })
    }

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Code>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Code>() else { return Ok(not_implemented()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let numbers = |code: &Ref<Code>| {
            let raw = &code.0;
            [&raw.co_argcount, &raw.co_posonlyargcount, &raw.co_kwonlyargcount, &raw.co_flags, &raw.co_firstlineno]
                .map(Cell::get)
        };
        let mut equal = numbers(this) == numbers(&other) && this.base_bytes()? == other.base_bytes()?;
        if equal {
            let pairs = [
                (this.name().upcast(), other.name().upcast()),
                (this.names().upcast(), other.names().upcast()),
                (this.local_names().upcast(), other.local_names().upcast()),
                (this.line_table().upcast(), other.line_table().upcast()),
                (this.exception_table().upcast(), other.exception_table().upcast()),
            ];
            for (a, b) in pairs {
                equal = equal && a.equals(b)?;
            }
            equal = equal && constants_equal(this.consts(), other.consts())?;
        }
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[new(
        signature = "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)"
    )]
    fn new(
        cls: Borrowed<'_, Type>,
        argcount: i32,
        posonlyargcount: i32,
        kwonlyargcount: i32,
        nlocals: i32,
        stacksize: i32,
        flags: i32,
        codestring: Borrowed<'_, Bytes>,
        constants: Borrowed<'_, Tuple>,
        names: Borrowed<'_, Tuple>,
        varnames: Borrowed<'_, Tuple>,
        filename: Borrowed<'_, Str>,
        name: Borrowed<'_, Str>,
        qualname: Borrowed<'_, Str>,
        firstlineno: i32,
        linetable: Borrowed<'_, Bytes>,
        exceptiontable: Borrowed<'_, Bytes>,
        freevars: Option<Borrowed<'_, Tuple>>,
        cellvars: Option<Borrowed<'_, Tuple>>,
    ) -> PyResult<Ref<Object>> {
        let _ = cls;
        if nlocals as usize != varnames.len() {
            return Err(raise!(ValueError, "code: co_nlocals != len(co_varnames)"));
        }
        let (local_names, local_kinds) = combine_names(
            &varnames,
            cellvars,
            freevars,
            ((argcount - posonlyargcount).max(0), kwonlyargcount, posonlyargcount),
            flags,
        )?;
        Ok(Code::from_parts(CodeParts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            firstlineno,
            code: codestring.as_slice().try_to_vec()?,
            consts: constants.to_owned(),
            names: copy_tuple(&names)?,
            local_names,
            local_kinds,
            filename: filename.to_owned(),
            name: name.to_owned(),
            qualname: qualname.to_owned(),
            line_table: linetable.to_owned(),
            exception_table: exceptiontable.to_owned(),
        })?
        .into_object())
    }

    #[method(
        signature = "($self, /, *, co_argcount=<unrepresentable>, co_posonlyargcount=<unrepresentable>, co_kwonlyargcount=<unrepresentable>, co_nlocals=<unrepresentable>, co_stacksize=<unrepresentable>, co_flags=<unrepresentable>, co_firstlineno=<unrepresentable>, co_code=<unrepresentable>, co_consts=<unrepresentable>, co_names=<unrepresentable>, co_varnames=<unrepresentable>, co_freevars=<unrepresentable>, co_cellvars=<unrepresentable>, co_filename=<unrepresentable>, co_name=<unrepresentable>, co_qualname=<unrepresentable>, co_linetable=<unrepresentable>, co_exceptiontable=<unrepresentable>)",
        text_signature = "($self, /, **changes)"
    )]
    fn replace(
        this: &Ref<Code>,
        co_argcount: Option<i32>,
        co_posonlyargcount: Option<i32>,
        co_kwonlyargcount: Option<i32>,
        co_nlocals: Option<i32>,
        co_stacksize: Option<i32>,
        co_flags: Option<i32>,
        co_firstlineno: Option<i32>,
        co_code: Option<Borrowed<'_, Bytes>>,
        co_consts: Option<Borrowed<'_, Tuple>>,
        co_names: Option<Borrowed<'_, Tuple>>,
        co_varnames: Option<Borrowed<'_, Tuple>>,
        co_freevars: Option<Borrowed<'_, Tuple>>,
        co_cellvars: Option<Borrowed<'_, Tuple>>,
        co_filename: Option<Borrowed<'_, Str>>,
        co_name: Option<Borrowed<'_, Str>>,
        co_qualname: Option<Borrowed<'_, Str>>,
        co_linetable: Option<Borrowed<'_, Bytes>>,
        co_exceptiontable: Option<Borrowed<'_, Bytes>>,
    ) -> PyResult<Ref<Code>> {
        let raw = &this.0;
        let argcount = co_argcount.unwrap_or(raw.co_argcount.get());
        let posonlyargcount = co_posonlyargcount.unwrap_or(raw.co_posonlyargcount.get());
        let kwonlyargcount = co_kwonlyargcount.unwrap_or(raw.co_kwonlyargcount.get());
        let flags = co_flags.unwrap_or(raw.co_flags.get());
        let renamed = co_varnames.is_some()
            || co_freevars.is_some()
            || co_cellvars.is_some()
            || co_argcount.is_some()
            || co_posonlyargcount.is_some()
            || co_kwonlyargcount.is_some();
        let (local_names, local_kinds) = if renamed {
            let own = |given: Option<Borrowed<'_, Tuple>>, bits| match given {
                Some(given) => Ok(given.to_owned()),
                None => this.names_of_kind(bits),
            };
            let varnames = own(co_varnames, kind::LOCAL)?;
            let cells = own(co_cellvars, kind::CELL)?;
            let free = own(co_freevars, kind::FREE)?;
            combine_names(
                &varnames,
                Some(cells.borrow()),
                Some(free.borrow()),
                ((argcount - posonlyargcount).max(0), kwonlyargcount, posonlyargcount),
                flags,
            )?
        } else {
            (this.local_names().to_owned(), this.local_kinds().to_owned())
        };
        let locals = local_kinds.as_slice().iter().filter(|bits| **bits & kind::LOCAL != 0).count();
        if co_nlocals.is_some_and(|count| count as usize != locals) {
            return Err(raise!(ValueError, "code: co_nlocals != len(co_varnames)"));
        }
        let text = |given: Option<Borrowed<'_, Str>>, own: Borrowed<'_, Str>| given.unwrap_or(own).to_owned();
        Code::from_parts(CodeParts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize: co_stacksize.unwrap_or(raw.co_stacksize.get()),
            flags,
            firstlineno: co_firstlineno.unwrap_or(raw.co_firstlineno.get()),
            code: co_code.map_or_else(|| this.base_bytes(), |code| code.as_slice().try_to_vec())?,
            consts: co_consts.unwrap_or(this.consts()).to_owned(),
            names: copy_tuple(&co_names.unwrap_or(this.names()))?,
            local_names,
            local_kinds,
            filename: text(co_filename, this.filename()),
            name: text(co_name, this.name()),
            qualname: text(co_qualname, this.qualname()),
            line_table: co_linetable.unwrap_or(this.line_table()).to_owned(),
            exception_table: co_exceptiontable.unwrap_or(this.exception_table()).to_owned(),
        })
    }

    #[method(name = "__replace__", raw, signature = "($self, /, **changes)")]
    fn replace_changes(this: &Ref<Code>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        this.as_object().getattr(id!("replace"))?.call_args(&args)
    }

    #[method(signature = "($self, /)")]
    fn co_lines(this: &Ref<Code>) -> PyResult<Ref<Object>> {
        let mut rows = Vec::new();
        let table = this.line_table();
        let mut current: Option<(usize, usize, Option<i32>)> = None;
        let mut push = |run: (usize, usize, Option<i32>)| -> PyResult<()> {
            let line = match run.2 {
                Some(line) => Int::from_i64(line as i64)?.into_object(),
                None => none(),
            };
            let row = [Int::from_usize(run.0 * 2)?.into_object(), Int::from_usize(run.1 * 2)?.into_object(), line];
            rows.try_push(Tuple::pack(row)?.into_object())
        };
        for location in Locations::new(table.as_slice(), this.0.co_firstlineno.get()) {
            current = match current {
                Some((start, _, line)) if line == location.line => Some((start, location.end, line)),
                Some(run) => {
                    push(run)?;
                    Some((location.start, location.end, location.line))
                }
                None => Some((location.start, location.end, location.line)),
            };
        }
        if let Some(run) = current {
            push(run)?;
        }
        super::LineIterator::new(rows)
    }

    /// The branches: offsets of the branch, of where it goes on, and of where it jumps to.
    #[method(signature = "($self, /)")]
    fn co_branches(this: &Ref<Code>) -> PyResult<Ref<Object>> {
        let bytes = this.base_bytes()?;
        let mut rows = Vec::new();
        let (mut index, mut operand) = (0, 0);
        while index * 2 + 1 < bytes.len() {
            let (number, low) = (bytes[index * 2], bytes[index * 2 + 1] as usize);
            let next = index + 1 + CACHES[number as usize] as usize;
            operand = operand << 8 | low;
            let row = match Opcode::from_number(number as u16) {
                // Behind the jump stands NOT_TAKEN.
                Some(
                    Opcode::POP_JUMP_IF_FALSE
                    | Opcode::POP_JUMP_IF_TRUE
                    | Opcode::POP_JUMP_IF_NONE
                    | Opcode::POP_JUMP_IF_NOT_NONE,
                ) => Some((index, next + 1, next + operand)),
                // At the target stand END_FOR and POP_ITER.
                Some(Opcode::FOR_ITER) => Some((index, next, next + operand + 2)),
                Some(Opcode::END_ASYNC_FOR) => next.checked_sub(operand).map(|source| (source, source + 2, next)),
                _ => None,
            };
            if let Some((source, left, right)) = row {
                let mut items = Vec::with_capacity(3);
                for offset in [source, left, right] {
                    items.push(Int::from_usize(offset * 2)?.into_object());
                }
                rows.try_push(Tuple::from_vec(items)?.into_object())?;
            }
            if number != Opcode::EXTENDED_ARG as u8 {
                operand = 0;
            }
            index = next;
        }
        List::from_vec(rows)?.as_object().iter()
    }

    #[method(signature = "($self, /)")]
    fn co_positions(this: &Ref<Code>) -> PyResult<Ref<Object>> {
        let mut rows = Vec::new();
        let table = this.line_table();
        let number = |value: Option<i32>| -> PyResult<Ref<Object>> {
            match value {
                Some(value) => Ok(Int::from_i64(value as i64)?.into_object()),
                None => Ok(none()),
            }
        };
        for location in Locations::new(table.as_slice(), this.0.co_firstlineno.get()) {
            let Location { line, end_line, column, end_column, .. } = location;
            let row = Tuple::from_vec(vec![number(line)?, number(end_line)?, number(column)?, number(end_column)?])?;
            rows.make_room(location.end.saturating_sub(location.start))?;
            rows.extend((location.start..location.end).map(|_| row.clone().into_object()));
        }
        super::PositionsIterator::new(rows)
    }

    #[method(name = "_varname_from_oparg", signature = "($self, /, oparg)")]
    fn varname(this: &Ref<Code>, oparg: i32) -> PyResult<Ref<Object>> {
        match usize::try_from(oparg).ok().filter(|index| *index < this.local_names().len()) {
            Some(index) => Ok(this.local_names().get(index).to_owned()),
            None => Err(raise!(IndexError, "tuple index out of range")),
        }
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Code>) -> usize {
        (core::mem::offset_of!(PyCodeObject, co_code_adaptive) + this.units() * 2).next_multiple_of(8)
    }

    #[member(name = "co_argcount", kind = T_INT, offset = offset_of!(PyCodeObject, co_argcount), readonly)]
    const _CO_ARGCOUNT: () = ();

    #[member(name = "co_posonlyargcount", kind = T_INT, offset = offset_of!(PyCodeObject, co_posonlyargcount), readonly)]
    const _CO_POSONLYARGCOUNT: () = ();

    #[member(name = "co_kwonlyargcount", kind = T_INT, offset = offset_of!(PyCodeObject, co_kwonlyargcount), readonly)]
    const _CO_KWONLYARGCOUNT: () = ();

    #[member(name = "co_stacksize", kind = T_INT, offset = offset_of!(PyCodeObject, co_stacksize), readonly)]
    const _CO_STACKSIZE: () = ();

    #[member(name = "co_flags", kind = T_INT, offset = offset_of!(PyCodeObject, co_flags), readonly)]
    const _CO_FLAGS: () = ();

    #[member(name = "co_nlocals", kind = T_INT, offset = offset_of!(PyCodeObject, co_nlocals), readonly)]
    const _CO_NLOCALS: () = ();

    #[member(name = "co_firstlineno", kind = T_INT, offset = offset_of!(PyCodeObject, co_firstlineno), readonly)]
    const _CO_FIRSTLINENO: () = ();

    #[member(name = "co_consts", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_consts), readonly)]
    const _CO_CONSTS: () = ();

    #[member(name = "co_names", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_names), readonly)]
    const _CO_NAMES: () = ();

    #[member(name = "co_filename", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_filename), readonly)]
    const _CO_FILENAME: () = ();

    #[member(name = "co_name", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_name), readonly)]
    const _CO_NAME: () = ();

    #[member(name = "co_qualname", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_qualname), readonly)]
    const _CO_QUALNAME: () = ();

    #[member(name = "co_linetable", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_linetable), readonly)]
    const _CO_LINETABLE: () = ();

    #[member(name = "co_exceptiontable", kind = T_OBJECT, offset = offset_of!(PyCodeObject, co_exceptiontable), readonly)]
    const _CO_EXCEPTIONTABLE: () = ();

    #[getter]
    fn co_varnames(this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        this.names_of_kind(kind::LOCAL)
    }

    #[getter]
    fn co_cellvars(this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        this.names_of_kind(kind::CELL)
    }

    #[getter]
    fn co_freevars(this: &Ref<Code>) -> PyResult<Ref<Tuple>> {
        this.names_of_kind(kind::FREE)
    }

    #[getter]
    fn co_code(this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&this.base_bytes()?)
    }

    #[getter]
    fn _co_code_adaptive(this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(this.adaptive_bytes())
    }

    #[getter]
    fn co_lnotab(this: &Ref<Code>) -> PyResult<Ref<Bytes>> {
        crate::modules::warnings::warn(
            crate::types::exceptions::DeprecationWarning::type_object(),
            "co_lnotab is deprecated, use co_lines instead.",
            1,
        )?;
        let mut table = Vec::new();
        let (mut line, mut unit) = (this.0.co_firstlineno.get(), 0usize);
        let locations = this.line_table();
        for location in Locations::new(locations.as_slice(), line) {
            let Some(here) = location.line else { continue };
            if here == line {
                continue;
            }
            let mut bytes = (location.start - unit) * 2;
            while bytes > 255 {
                table.try_extend(&[255, 0])?;
                bytes -= 255;
            }
            let mut delta = here - line;
            while !(-128..=127).contains(&delta) {
                let step = delta.clamp(-128, 127);
                table.try_extend(&[bytes as u8, step as i8 as u8])?;
                bytes = 0;
                delta -= step;
            }
            table.try_extend(&[bytes as u8, delta as i8 as u8])?;
            (line, unit) = (here, location.start);
        }
        Bytes::from_slice(&table)
    }
}

/// Constants are equal only with equal types: `1`, `1.0` and `True` differ.
fn constants_equal(a: Borrowed<'_, Tuple>, b: Borrowed<'_, Tuple>) -> PyResult<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (left, right) in a.iter().zip(b.iter()) {
        if left.type_ptr() != right.type_ptr() {
            return Ok(false);
        }
        let same = match (left.downcast_exact::<Tuple>(), right.downcast_exact::<Tuple>()) {
            (Some(left), Some(right)) => constants_equal(left, right)?,
            _ if left.is_exact::<Float>() => left.repr()?.equals_str(&right.repr()?),
            _ if left.is_exact::<Complex>() => left.repr()?.equals_str(&right.repr()?),
            _ => left.equals(right)?,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A tuple of one's own, so that interning changes nobody else's.
fn copy_tuple(tuple: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(tuple.as_slice().try_to_vec()?)
}

/// Merges variable, cell and free names into the slots of a frame. `args` are positional-or-keyword, keyword-only and
/// positional-only counts.
fn combine_names(
    varnames: &Ref<Tuple>,
    cells: Option<Borrowed<'_, Tuple>>,
    free: Option<Borrowed<'_, Tuple>>,
    args: (i32, i32, i32),
    flags: i32,
) -> PyResult<(Ref<Tuple>, Ref<Bytes>)> {
    let mut names = varnames.as_slice().try_to_vec()?;
    let mut kinds = names.iter().map(|_| kind::LOCAL).gather()?;
    let (plain, keyword, posonly) = (args.0 as usize, args.1.max(0) as usize, args.2.max(0) as usize);
    let mut mark = |from: usize, to: usize, bits: u8| {
        for kind in kinds.iter_mut().take(to).skip(from) {
            *kind |= bits;
        }
    };
    mark(0, posonly, kind::ARG_POS);
    mark(posonly, posonly + plain, kind::ARG_POS | kind::ARG_KW);
    let mut next = posonly + plain;
    mark(next, next + keyword, kind::ARG_KW);
    next += keyword;
    if flags & crate::abi::CO_VARARGS != 0 {
        mark(next, next + 1, kind::ARG_VAR | kind::ARG_POS);
        next += 1;
    }
    if flags & crate::abi::CO_VARKEYWORDS != 0 {
        mark(next, next + 1, kind::ARG_VAR | kind::ARG_KW);
    }
    for cell in cells.iter().flat_map(|cells| cells.iter()) {
        let mut known = None;
        for (index, name) in names.iter().enumerate().take(varnames.len()) {
            if name.equals(cell)? {
                known = Some(index);
            }
        }
        match known {
            Some(index) => kinds[index] |= kind::CELL,
            None => {
                names.try_push(cell.to_owned())?;
                kinds.try_push(kind::CELL)?;
            }
        }
    }
    for name in free.iter().flat_map(|free| free.iter()) {
        names.try_push(name.to_owned())?;
        kinds.try_push(kind::FREE)?;
    }
    Ok((Tuple::from_vec(names)?, Bytes::from_slice(&kinds)?))
}
