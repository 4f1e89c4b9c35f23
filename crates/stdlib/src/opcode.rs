//! `_opcode`: what `dis` asks about instructions. CPython: `Modules/_opcode.c`. The data is the compiler's.

use taipan_compiler::opcode::{self, Opcode, flag};
use taipan_runtime::prelude::*;
use taipan_runtime::types::Code;

pub struct OpcodeModule;

fn find(number: i32) -> Option<Opcode> {
    u16::try_from(number).ok().and_then(Opcode::from_number)
}

fn has(number: i32, flag: u16) -> bool {
    find(number).is_some_and(|opcode| opcode.has(flag))
}

/// Arguments beyond this reach no code, and would overflow the effects of instructions that take pairs.
const LARGEST_ARGUMENT: i32 = 1 << 29;

static OPERATORS: [&str; 13] = [
    "ADD",
    "AND",
    "FLOOR_DIVIDE",
    "LSHIFT",
    "MATRIX_MULTIPLY",
    "MULTIPLY",
    "REMAINDER",
    "OR",
    "POWER",
    "RSHIFT",
    "SUBTRACT",
    "TRUE_DIVIDE",
    "XOR",
];

fn names(names: &[&str]) -> PyResult<Ref<List>> {
    let mut list = Vec::new();
    for name in names {
        list.push(Str::from_utf8_str(name)?.into_object());
    }
    List::from_vec(list)
}

#[pymodule(name = "_opcode")]
impl OpcodeModule {
    const ENABLE_SPECIALIZATION: i32 = 1;
    const ENABLE_SPECIALIZATION_FT: i32 = 1;

    #[function(signature = "($module, opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(
        opcode: i32,
        oparg: Nullable<Borrowed<'_, Object>>,
        jump: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<i32> {
        let argument = match oparg.0 {
            None => 0,
            Some(oparg) => match oparg.index()?.to_i64() {
                Some(argument) => argument as i32,
                None => return Err(raise!(OverflowError, "Python int too large to convert to C long")),
            },
        };
        // Without an answer the larger effect counts, which is that of the jump.
        let jump = match jump.0 {
            None => true,
            Some(jump) if jump.as_ptr() == Bool::true_ptr() => true,
            Some(jump) if jump.as_ptr() == Bool::false_ptr() => false,
            Some(_) => return Err(raise!(ValueError, "stack_effect: jump must be False, True or None")),
        };
        let invalid = || raise!(ValueError, "invalid opcode or oparg");
        let Some(found) = find(opcode) else { return Err(invalid()) };
        // Specialised instructions have none of their own.
        if let Some(&base) = opcode::DEOPT.get(found.number() as usize)
            && u16::from(base) != found.number()
        {
            return Err(invalid());
        }
        if !(0..=LARGEST_ARGUMENT).contains(&argument)
            || opcode::popped(found, argument) < 0
            || opcode::pushed(found, argument) < 0
        {
            return Err(invalid());
        }
        Ok(found.stack_effect(argument, jump))
    }

    #[function(signature = "($module, /, opcode)")]
    fn is_valid(opcode: i32) -> bool {
        find(opcode).is_some()
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_arg(opcode: i32) -> bool {
        has(opcode, flag::ARG)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_const(opcode: i32) -> bool {
        has(opcode, flag::CONST)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_name(opcode: i32) -> bool {
        has(opcode, flag::NAME)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_jump(opcode: i32) -> bool {
        has(opcode, flag::JUMP)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_free(opcode: i32) -> bool {
        has(opcode, flag::FREE)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_local(opcode: i32) -> bool {
        has(opcode, flag::LOCAL)
    }

    #[function(signature = "($module, /, opcode)")]
    fn has_exc(opcode: i32) -> bool {
        find(opcode).is_some_and(|opcode| opcode.is_block_push())
    }

    /// Counts are kept by a special build of the reference alone.
    #[function(signature = "($module, /)")]
    fn get_specialization_stats() -> Ref<Object> {
        none()
    }

    #[function(signature = "($module, /)")]
    fn get_nb_ops() -> PyResult<Ref<List>> {
        let mut rows = Vec::new();
        for (number, sign) in opcode::binary::SIGNS.iter().enumerate() {
            let name = match OPERATORS.get(number % OPERATORS.len()) {
                Some(_) if number == opcode::binary::SUBSCR as usize => "NB_SUBSCR".to_owned(),
                Some(name) if number >= OPERATORS.len() => format!("NB_INPLACE_{name}"),
                Some(name) => format!("NB_{name}"),
                None => continue,
            };
            let row = [Str::from_utf8_str(&name)?.into_object(), Str::from_utf8_str(sign)?.into_object()];
            rows.push(Tuple::pack(row)?.into_object());
        }
        List::from_vec(rows)
    }

    #[function(signature = "($module, /)")]
    fn get_intrinsic1_descs() -> PyResult<Ref<List>> {
        names(&[
            "INTRINSIC_1_INVALID",
            "INTRINSIC_PRINT",
            "INTRINSIC_IMPORT_STAR",
            "INTRINSIC_STOPITERATION_ERROR",
            "INTRINSIC_ASYNC_GEN_WRAP",
            "INTRINSIC_UNARY_POSITIVE",
            "INTRINSIC_LIST_TO_TUPLE",
            "INTRINSIC_TYPEVAR",
            "INTRINSIC_PARAMSPEC",
            "INTRINSIC_TYPEVARTUPLE",
            "INTRINSIC_SUBSCRIPT_GENERIC",
            "INTRINSIC_TYPEALIAS",
        ])
    }

    #[function(signature = "($module, /)")]
    fn get_intrinsic2_descs() -> PyResult<Ref<List>> {
        names(&[
            "INTRINSIC_2_INVALID",
            "INTRINSIC_PREP_RERAISE_STAR",
            "INTRINSIC_TYPEVAR_WITH_BOUND",
            "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
            "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
            "INTRINSIC_SET_TYPEPARAM_DEFAULT",
        ])
    }

    #[function(signature = "($module, /)")]
    fn get_special_method_names() -> PyResult<Ref<List>> {
        names(&["__enter__", "__exit__", "__aenter__", "__aexit__"])
    }

    /// The code of the reference's tracing compiler, which does not exist here: there is none at any offset.
    #[function(signature = "($module, /, code, offset)")]
    fn get_executor(code: Borrowed<'_, Object>, offset: i32) -> PyResult<Ref<Object>> {
        let _ = offset;
        if !code.is_exact::<Code>() {
            return Err(raise!(TypeError, "expected a code object, not '{}'", code.type_name()));
        }
        Err(raise!(ValueError, "no executor at given byte offset"))
    }
}
