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
        self.is(role::JUMP)
    }

    /// It plays one of the parts `roles` in the flow of control: bits of [`role`].
    #[inline]
    pub(crate) fn is(self, roles: u16) -> bool {
        ROLES[self as usize] & roles != 0
    }

    /// All its parts in the flow of control.
    #[inline]
    pub(crate) fn roles(self) -> u16 {
        ROLES[self as usize]
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
        self.is(role::SETUP)
    }

    /// True when the argument is a jump target while code is being built.
    #[inline]
    pub fn has_target(self) -> bool {
        self.is(role::JUMP | role::SETUP)
    }

    /// What follows it is not reached from it.
    #[inline]
    pub fn is_unconditional_jump(self) -> bool {
        self.is(role::ALWAYS)
    }

    /// It jumps or does not, by a value on the stack.
    #[inline]
    pub fn is_conditional_jump(self) -> bool {
        self.is(role::BRANCH)
    }

    /// True for instructions that leave the frame: return and raise.
    #[inline]
    pub fn is_scope_exit(self) -> bool {
        self.is(role::EXIT)
    }

    /// True for instructions that end a basic block.
    #[inline]
    pub fn is_terminator(self) -> bool {
        self.is(role::JUMP | role::EXIT)
    }

    /// How many values it takes from the stack and puts there, when that does not depend on the argument.
    #[inline]
    pub(crate) fn fixed_traffic(self) -> Option<(u8, u8)> {
        match TRAFFIC[self as usize] {
            VARIES => None,
            fixed => Some(fixed),
        }
    }

    /// The change of the stack's depth; for block pushes with `jump`, on the way to the handler.
    #[inline]
    pub fn stack_effect(self, arg: i32, jump: bool) -> i32 {
        match TRAFFIC[self as usize] {
            VARIES => pushed(self, arg) - popped(self, arg),
            // Handlers find more on the stack, the instructions behind a block push do not.
            (takes, puts) if takes != puts && (jump || !self.is_block_push()) => puts as i32 - takes as i32,
            _ => 0,
        }
    }
}

/// The parts that instructions play in the flow of control and in its optimisation.
pub(crate) mod role {
    /// Its argument is a jump.
    pub const JUMP: u16 = 1;
    /// Opens the range of an exception handler.
    pub const SETUP: u16 = 2;
    /// A jump that is always taken.
    pub const ALWAYS: u16 = 4;
    /// A jump that depends on a value, in its final form.
    pub const BRANCH: u16 = 8;
    /// Returns or raises.
    pub const EXIT: u16 = 16;
    /// Exists only inside the compiler.
    pub const PSEUDO: u16 = 32;
    /// Reads or writes a local variable by its number.
    pub const LOCAL: u16 = 64;
    /// May leave a local variable unbound.
    pub const UNBINDS: u16 = 128;
    /// Asks for the truth or the identity of the value on top.
    pub const TESTS: u16 = 256;
    /// Pushes a value without a reason to do so if it is dropped at once.
    pub const IDLE: u16 = 512;
    /// Changes its form when the code is made final.
    pub const LOWERED: u16 = 1024;
    /// Looks for signals and other pending work.
    pub const BREAKS: u16 = 2048;
    /// Ends the range of an exception handler.
    pub const POP_BLOCK: u16 = 4096;
    /// Does nothing.
    pub const NOP: u16 = 8192;
    /// Pushes the value of a local, perhaps without a reference of its own.
    pub const LENDS: u16 = 16384;
}

const fn roles(op: Opcode) -> u16 {
    use Opcode::*;
    let flags = FLAGS[op as usize];
    let mut roles = 0;
    if flags & flag::JUMP != 0 {
        roles |= role::JUMP;
    }
    if flags & flag::EVAL_BREAK != 0 {
        roles |= role::BREAKS;
    }
    if op as u16 > 255 {
        roles |= role::PSEUDO;
    }
    roles
        | match op {
            SETUP_FINALLY | SETUP_WITH | SETUP_CLEANUP => role::SETUP | role::LOWERED,
            JUMP | JUMP_NO_INTERRUPT | JUMP_FORWARD | JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT => role::ALWAYS,
            POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE => role::BRANCH | role::TESTS,
            POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE => role::BRANCH,
            JUMP_IF_FALSE | JUMP_IF_TRUE => role::TESTS | role::LOWERED,
            IS_OP | TO_BOOL => role::TESTS,
            RETURN_VALUE | RAISE_VARARGS | RERAISE => role::EXIT,
            LOAD_FAST => role::LOCAL | role::LENDS,
            LOAD_FAST_LOAD_FAST => role::LENDS,
            STORE_FAST | LOAD_FAST_CHECK => role::LOCAL,
            DELETE_FAST | LOAD_FAST_AND_CLEAR => role::LOCAL | role::UNBINDS,
            STORE_FAST_MAYBE_NULL => role::LOCAL | role::UNBINDS | role::LOWERED,
            LOAD_CONST | LOAD_SMALL_INT | COPY => role::IDLE,
            LOAD_CLOSURE => role::LOWERED | role::LENDS,
            MAKE_CELL | LOAD_DEREF | STORE_DEREF | DELETE_DEREF | LOAD_FROM_DICT_OR_DEREF => role::LOWERED,
            POP_BLOCK => role::POP_BLOCK,
            NOP => role::NOP,
            _ => 0,
        }
}

static ROLES: [u16; OPCODE_COUNT] = {
    let mut table = [0; OPCODE_COUNT];
    let mut at = 0;
    while at < ALL.len() {
        table[ALL[at] as usize] = roles(ALL[at]);
        at += 1;
    }
    table
};

/// In [`TRAFFIC`]: it depends on the argument.
const VARIES: (u8, u8) = (u8::MAX, u8::MAX);

/// For each instruction how many values it takes from the stack and puts there.
static TRAFFIC: [(u8, u8); OPCODE_COUNT] = {
    // Arguments that tell apart all the ways in which one can count: its value, its low bit, its two bytes.
    let probes = [0, 1, 2, 3, 4, 5, 256, 1 << 20];
    let mut table = [VARIES; OPCODE_COUNT];
    let mut at = 0;
    while at < ALL.len() {
        let op = ALL[at];
        let (takes, puts) = (popped(op, probes[0]), pushed(op, probes[0]));
        let mut fixed = takes >= 0 && puts >= 0;
        let mut probe = 1;
        while probe < probes.len() {
            fixed = fixed && popped(op, probes[probe]) == takes && pushed(op, probes[probe]) == puts;
            probe += 1;
        }
        if fixed {
            table[op as usize] = (takes as u8, puts as u8);
        }
        at += 1;
    }
    table
};

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
