//! Compiled code as a plain value: what CPython keeps in a code object, before there are any objects.
//!
//! **Invariant:** a `CodeUnit` is complete: the runtime turns it into a code object without looking at source or tree
//! again, and [`crate::marshal`] writes it as CPython's marshal would. The counterpart is `PyCodeObject` and
//! `struct _PyCodeConstructor`.

use std::hash::{Hash, Hasher};

use crate::fx::{self, FxHashSet};
use crate::memory::{self, NoMemory};
use crate::text::Text;

/// Bits of `co_flags`.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod flags {
    pub const OPTIMIZED: u32 = 0x1;
    pub const NEWLOCALS: u32 = 0x2;
    pub const VARARGS: u32 = 0x4;
    pub const VARKEYWORDS: u32 = 0x8;
    pub const NESTED: u32 = 0x10;
    pub const GENERATOR: u32 = 0x20;
    pub const COROUTINE: u32 = 0x80;
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    pub const ASYNC_GENERATOR: u32 = 0x200;
    pub const FUTURE_DIVISION: u32 = 0x20000;
    pub const FUTURE_ABSOLUTE_IMPORT: u32 = 0x40000;
    pub const FUTURE_WITH_STATEMENT: u32 = 0x80000;
    pub const FUTURE_PRINT_FUNCTION: u32 = 0x100000;
    pub const FUTURE_UNICODE_LITERALS: u32 = 0x200000;
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x400000;
    pub const FUTURE_GENERATOR_STOP: u32 = 0x800000;
    pub const FUTURE_ANNOTATIONS: u32 = 0x1000000;
    pub const HAS_DOCSTRING: u32 = 0x4000000;
    pub const METHOD: u32 = 0x8000000;
    /// All the future features.
    pub const FUTURE_MASK: u32 = 0x1FE0000;
}

/// Kinds of `localspluskinds`; one byte a slot, bits combined.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod kind {
    pub const ARG_POS: u8 = 0x02;
    pub const ARG_KW: u8 = 0x04;
    pub const ARG_VAR: u8 = 0x08;
    pub const ARG: u8 = ARG_POS | ARG_KW | ARG_VAR;
    /// An inlined comprehension's variable: not visible in `locals()`.
    pub const HIDDEN: u8 = 0x10;
    pub const LOCAL: u8 = 0x20;
    pub const CELL: u8 = 0x40;
    pub const FREE: u8 = 0x80;
}

/// A code object's content.
#[derive(Clone, Debug)]
pub struct CodeUnit {
    /// Parameters that may be given by position, positional-only ones among them.
    pub argcount: u32,
    /// Parameters in front of `/`.
    pub posonlyargcount: u32,
    /// Parameters behind `*`.
    pub kwonlyargcount: u32,
    /// How many values the stack of the frame must hold.
    pub stacksize: u32,
    /// Bits of [`flags`].
    pub flags: u32,
    /// Two bytes an instruction or cache entry; cache entries are zero.
    pub code: Vec<u8>,
    /// `co_consts`.
    pub consts: Vec<Constant>,
    /// `co_names`: globals, attributes and imported names.
    pub names: Vec<Text>,
    /// Locals, then cells that are not arguments, then free variables.
    pub localsplusnames: Vec<Text>,
    /// Bits of [`kind`], one byte for each of `localsplusnames`.
    pub localspluskinds: Vec<u8>,
    /// `co_filename`.
    pub filename: Text,
    /// `co_name`.
    pub name: Text,
    /// `co_qualname`.
    pub qualname: Text,
    /// The line of `def` or `class`, or of the first decorator.
    pub firstlineno: i32,
    /// Locations in the format of CPython's `InternalDocs/code_objects.md`.
    pub linetable: Vec<u8>,
    /// Handlers in the format of CPython's `InternalDocs/exception_handling.md`.
    pub exceptiontable: Vec<u8>,
}

impl CodeUnit {
    fn of_kind(&self, bits: u8) -> impl Iterator<Item = &Text> {
        self.localsplusnames.iter().zip(&self.localspluskinds).filter(move |(_, k)| **k & bits != 0).map(|(n, _)| n)
    }

    /// `co_varnames`.
    pub fn varnames(&self) -> impl Iterator<Item = &Text> {
        self.of_kind(kind::LOCAL)
    }

    /// `co_cellvars`.
    pub fn cellvars(&self) -> impl Iterator<Item = &Text> {
        self.of_kind(kind::CELL)
    }

    /// `co_freevars`.
    pub fn freevars(&self) -> impl Iterator<Item = &Text> {
        self.of_kind(kind::FREE)
    }

    /// `co_nlocals`.
    pub fn nlocals(&self) -> usize {
        self.varnames().count()
    }
}

/// Code objects are equal as CPython compares them: the file and the qualified name do not count.
impl PartialEq for CodeUnit {
    fn eq(&self, other: &CodeUnit) -> bool {
        self.firstlineno == other.firstlineno
            && self.code == other.code
            && self.name == other.name
            && self.argcount == other.argcount
            && self.posonlyargcount == other.posonlyargcount
            && self.kwonlyargcount == other.kwonlyargcount
            && self.flags == other.flags
            && self.names == other.names
            && self.localsplusnames == other.localsplusnames
            && self.localspluskinds == other.localspluskinds
            && self.linetable == other.linetable
            && self.exceptiontable == other.exceptiontable
            && self.consts == other.consts
    }
}

impl Hash for CodeUnit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.firstlineno.hash(state);
        // Its first entries tell apart what stands in one line.
        state.write(&self.linetable[..self.linetable.len().min(64)]);
        state.write_usize(self.linetable.len() << 32 ^ self.code.len());
    }
}

/// A value of `co_consts`.
///
/// Equality and hash are those of CPython's constant tables: values of different types differ (`1`, `1.0`, `True`),
/// and so do zeros of different sign. A NaN equals nothing.
#[derive(Clone, Debug)]
pub enum Constant {
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that a machine word holds.
    Int(i64),
    /// Only for what does not fit `Int`.
    BigInt(BigInt),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex {
        /// The real part.
        real: f64,
        /// The imaginary part.
        imag: f64,
    },
    /// A string.
    Str(Text),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// A tuple.
    Tuple(Box<[Constant]>),
    /// Distinct items in the order of the source.
    FrozenSet(Box<[Constant]>),
    /// Start, stop, step.
    Slice(Box<[Constant; 3]>),
    /// The code of a function, class or comprehension.
    Code(Box<CodeUnit>),
}

/// The magnitude of a large integer in digits of 30 bits, least significant first, and its sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt {
    /// Below zero.
    pub negative: bool,
    /// Digits of 30 bits, the lowest first.
    pub digits: Box<[u32]>,
}

impl Constant {
    /// A copy, unless there is no memory for it.
    pub(crate) fn try_clone(&self) -> Result<Constant, NoMemory> {
        let all = |items: &[Constant]| -> Result<Box<[Constant]>, NoMemory> {
            let mut copies = memory::room(items.len())?;
            for item in items {
                copies.push(item.try_clone()?);
            }
            Ok(copies.into())
        };
        Ok(match self {
            Constant::Bytes(bytes) => Constant::Bytes(memory::joined(bytes, b"")?.into()),
            Constant::Tuple(items) => Constant::Tuple(all(items)?),
            Constant::FrozenSet(items) => Constant::FrozenSet(all(items)?),
            // As large as in the source, or shared.
            other => other.clone(),
        })
    }
}

fn same_float(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() && !a.is_nan()
}

impl PartialEq for Constant {
    fn eq(&self, other: &Constant) -> bool {
        use Constant::*;
        match (self, other) {
            (None, None) | (Ellipsis, Ellipsis) => true,
            (Bool(a), Bool(b)) => a == b,
            (Int(a), Int(b)) => a == b,
            (BigInt(a), BigInt(b)) => a == b,
            (Float(a), Float(b)) => same_float(*a, *b),
            (Complex { real: a, imag: b }, Complex { real: c, imag: d }) => same_float(*a, *c) && same_float(*b, *d),
            (Str(a), Str(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (Tuple(a), Tuple(b)) => a == b,
            (FrozenSet(a), FrozenSet(b)) => a == b || same_items(a, b),
            (Slice(a), Slice(b)) => a == b,
            (Code(a), Code(b)) => a == b,
            _ => false,
        }
    }
}

/// The same distinct items in another order.
fn same_items(a: &[Constant], b: &[Constant]) -> bool {
    struct Item<'c>(&'c Constant);
    impl PartialEq for Item<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    // A NaN is not found again, as it should be.
    impl Eq for Item<'_> {}
    impl Hash for Item<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    if a.len() != b.len() {
        return false;
    }
    let items: FxHashSet<Item<'_>> = a.iter().map(Item).collect();
    b.iter().all(|item| items.contains(&Item(item)))
}

/// Hashes that are equal in all their bits come from equal values, as far as chance goes.
impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        use Constant::*;
        // Not the number of any integer that somebody writes.
        const KIND: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut tagged = |kind: u64| state.write_u64(KIND.wrapping_add(kind));
        match self {
            // The most frequent ones go without a tag.
            Str(v) => v.hash(state),
            Int(v) => state.write_u64(*v as u64),
            None => tagged(0),
            Ellipsis => tagged(1),
            Bool(v) => tagged(2 + u64::from(*v)),
            BigInt(v) => {
                tagged(4);
                v.hash(state);
            }
            Float(v) => {
                tagged(5);
                state.write_u64(v.to_bits());
            }
            Complex { real, imag } => {
                tagged(6);
                state.write_u64(real.to_bits());
                state.write_u64(imag.to_bits());
            }
            Bytes(v) => {
                tagged(7);
                state.write(v);
            }
            Tuple(v) => {
                tagged(8);
                v.hash(state);
            }
            FrozenSet(v) => {
                tagged(9);
                // In any order.
                let hashes = v.iter().map(fx::of);
                state.write_u64(hashes.fold(v.len() as u64, u64::wrapping_add));
            }
            Slice(v) => {
                tagged(10);
                v.hash(state);
            }
            Code(v) => {
                tagged(11);
                v.hash(state);
            }
        }
    }
}
