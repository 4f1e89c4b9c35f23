//! Instructions: their numbers and properties, and the operand vocabularies that compiler and interpreter share.
//!
//! `table.rs` is generated from the reference's headers; this file gives it methods and names the values that
//! instruction arguments take. The counterparts in CPython are `opcode_ids.h`, `pycore_opcode_metadata.h`,
//! `pycore_opcode_utils.h`, `pycore_intrinsics.h` and `opcode.h`.

#[allow(missing_docs, reason = "named as in CPython")]
mod table;

pub use table::{ALL, BY_NUMBER, CACHES, DEOPT, FLAGS, NAMES, OPCODE_COUNT, Opcode, popped, pushed};

/// Instructions with a number of at least this take an argument that means something.
pub const HAVE_ARGUMENT: u8 = 43;
/// The first specialised instruction; base instructions are below.
pub const MIN_SPECIALIZED_OPCODE: u8 = 129;
/// The first instrumented instruction.
pub const MIN_INSTRUMENTED_OPCODE: u8 = 234;

/// Bits of [`FLAGS`].
#[allow(missing_docs, reason = "named as in CPython")]
pub mod flag {
    pub const ARG: u16 = 1;
    pub const CONST: u16 = 2;
    pub const NAME: u16 = 4;
    pub const JUMP: u16 = 8;
    pub const FREE: u16 = 16;
    pub const LOCAL: u16 = 32;
    pub const EVAL_BREAK: u16 = 64;
    pub const DEOPT: u16 = 128;
    pub const ERROR: u16 = 256;
    pub const ESCAPES: u16 = 512;
    pub const EXIT: u16 = 1024;
    pub const PURE: u16 = 2048;
    pub const PASSTHROUGH: u16 = 4096;
    pub const OPARG_AND_1: u16 = 8192;
    pub const ERROR_NO_POP: u16 = 16384;
    pub const NO_SAVE_IP: u16 = 32768;
}

impl Opcode {
    /// The instruction with this number, if one has it.
    #[inline]
    pub fn from_number(number: u16) -> Option<Opcode> {
        BY_NUMBER.get(number as usize).copied().flatten()
    }

    /// Its number in bytecode; pseudo-instructions have numbers from 256.
    #[inline]
    pub fn number(self) -> u16 {
        self as u16
    }

    /// CPython's spelling.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// Its properties: bits of [`flag`].
    #[inline]
    pub fn flags(self) -> u16 {
        FLAGS[self as usize]
    }

    /// It has the property `flag`.
    #[inline]
    pub fn has(self, flag: u16) -> bool {
        self.flags() & flag != 0
    }

    /// Its argument means something.
    #[inline]
    pub fn has_arg(self) -> bool {
        self.has(flag::ARG)
    }

    /// True for instructions whose argument indexes the constants.
    #[inline]
    pub fn has_const(self) -> bool {
        self.has(flag::CONST)
    }

    /// Its argument is a jump.
    #[inline]
    pub fn has_jump(self) -> bool {
        self.has(flag::JUMP)
    }

    /// True for instructions that exist only inside the compiler.
    #[inline]
    pub fn is_pseudo(self) -> bool {
        self as u16 > 255
    }

    /// The number of 16-bit cache entries behind the instruction.
    #[inline]
    pub fn caches(self) -> usize {
        CACHES.get(self as usize).map_or(0, |n| *n as usize)
    }

    /// True for the pseudo instructions that open an exception handler's range.
    #[inline]
    pub fn is_block_push(self) -> bool {
        matches!(self, Opcode::SETUP_FINALLY | Opcode::SETUP_WITH | Opcode::SETUP_CLEANUP)
    }

    /// True when the argument is a jump target while code is being built.
    #[inline]
    pub fn has_target(self) -> bool {
        self.has_jump() || self.is_block_push()
    }

    /// What follows it is not reached from it.
    #[inline]
    pub fn is_unconditional_jump(self) -> bool {
        matches!(
            self,
            Opcode::JUMP
                | Opcode::JUMP_NO_INTERRUPT
                | Opcode::JUMP_FORWARD
                | Opcode::JUMP_BACKWARD
                | Opcode::JUMP_BACKWARD_NO_INTERRUPT
        )
    }

    /// It jumps or does not, by a value on the stack.
    #[inline]
    pub fn is_conditional_jump(self) -> bool {
        matches!(
            self,
            Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE
        )
    }

    /// True for instructions that leave the frame: return and raise.
    #[inline]
    pub fn is_scope_exit(self) -> bool {
        matches!(self, Opcode::RETURN_VALUE | Opcode::RAISE_VARARGS | Opcode::RERAISE)
    }

    /// True for instructions that end a basic block.
    #[inline]
    pub fn is_terminator(self) -> bool {
        self.has_jump() || self.is_scope_exit()
    }

    /// The change of the stack's depth; for block pushes with `jump`, on the way to the handler.
    pub fn stack_effect(self, arg: i32, jump: bool) -> i32 {
        if self.is_block_push() && !jump { 0 } else { pushed(self, arg) - popped(self, arg) }
    }
}

/// Arguments of `BINARY_OP`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod binary {
    pub const ADD: u32 = 0;
    pub const AND: u32 = 1;
    pub const FLOOR_DIVIDE: u32 = 2;
    pub const LSHIFT: u32 = 3;
    pub const MATRIX_MULTIPLY: u32 = 4;
    pub const MULTIPLY: u32 = 5;
    pub const REMAINDER: u32 = 6;
    pub const OR: u32 = 7;
    pub const POWER: u32 = 8;
    pub const RSHIFT: u32 = 9;
    pub const SUBTRACT: u32 = 10;
    pub const TRUE_DIVIDE: u32 = 11;
    pub const XOR: u32 = 12;
    /// `INPLACE + op` is the augmented form of `op`.
    pub const INPLACE: u32 = 13;
    pub const SUBSCR: u32 = 26;
    pub const LAST: u32 = 26;
    /// Operator signs by argument.
    pub static SIGNS: [&str; 27] = [
        "+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^", "+=", "&=", "//=", "<<=", "@=", "*=",
        "%=", "|=", "**=", ">>=", "-=", "/=", "^=", "[]",
    ];
}

/// Arguments of `CALL_INTRINSIC_1`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod intrinsic1 {
    pub const PRINT: u32 = 1;
    pub const IMPORT_STAR: u32 = 2;
    pub const STOPITERATION_ERROR: u32 = 3;
    pub const ASYNC_GEN_WRAP: u32 = 4;
    pub const UNARY_POSITIVE: u32 = 5;
    pub const LIST_TO_TUPLE: u32 = 6;
    pub const TYPEVAR: u32 = 7;
    pub const PARAMSPEC: u32 = 8;
    pub const TYPEVARTUPLE: u32 = 9;
    pub const SUBSCRIPT_GENERIC: u32 = 10;
    pub const TYPEALIAS: u32 = 11;
    pub const LAST: u32 = 11;
}

/// Arguments of `CALL_INTRINSIC_2`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod intrinsic2 {
    pub const PREP_RERAISE_STAR: u32 = 1;
    pub const TYPEVAR_WITH_BOUND: u32 = 2;
    pub const TYPEVAR_WITH_CONSTRAINTS: u32 = 3;
    pub const SET_FUNCTION_TYPE_PARAMS: u32 = 4;
    pub const SET_TYPEPARAM_DEFAULT: u32 = 5;
    pub const LAST: u32 = 5;
}

/// Bits of `MAKE_FUNCTION`'s companions, `SET_FUNCTION_ATTRIBUTE`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod function {
    pub const DEFAULTS: u32 = 0x01;
    pub const KWDEFAULTS: u32 = 0x02;
    pub const ANNOTATIONS: u32 = 0x04;
    pub const CLOSURE: u32 = 0x08;
    pub const ANNOTATE: u32 = 0x10;
}

/// Arguments of `LOAD_COMMON_CONSTANT`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod common {
    pub const ASSERTION_ERROR: u32 = 0;
    pub const NOT_IMPLEMENTED_ERROR: u32 = 1;
    pub const BUILTIN_TUPLE: u32 = 2;
    pub const BUILTIN_ALL: u32 = 3;
    pub const BUILTIN_ANY: u32 = 4;
}

/// Arguments of `LOAD_SPECIAL`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod special {
    pub const ENTER: u32 = 0;
    pub const EXIT: u32 = 1;
    pub const AENTER: u32 = 2;
    pub const AEXIT: u32 = 3;
}

/// The argument of `RESUME`: where, and whether exactly one exception block is active.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod resume {
    pub const AT_FUNC_START: u32 = 0;
    pub const AFTER_YIELD: u32 = 1;
    pub const AFTER_YIELD_FROM: u32 = 2;
    pub const AFTER_AWAIT: u32 = 3;
    pub const LOCATION_MASK: u32 = 3;
    pub const DEPTH1_MASK: u32 = 4;
}

/// The argument of `COMPARE_OP` is `operator << 5 | 16 if the result becomes a bool | mask`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod compare {
    pub const LT: u32 = 0;
    pub const LE: u32 = 1;
    pub const EQ: u32 = 2;
    pub const NE: u32 = 3;
    pub const GT: u32 = 4;
    pub const GE: u32 = 5;
    pub const TO_BOOL: u32 = 16;
    /// What a specialised comparison tests: 1 unordered, 2 less, 4 greater, 8 equal.
    pub static MASKS: [u32; 6] = [2, 2 | 8, 8, 1 | 2 | 4, 4, 4 | 8];

    /// The argument for one of the six operators.
    #[inline]
    pub fn arg(operator: u32) -> u32 {
        operator << 5 | MASKS[operator as usize]
    }
}

/// Arguments of `CONVERT_VALUE`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod convert {
    pub const NONE: u32 = 0;
    pub const STR: u32 = 1;
    pub const REPR: u32 = 2;
    pub const ASCII: u32 = 3;
}
