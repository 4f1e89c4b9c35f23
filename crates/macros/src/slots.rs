//! The table of type slots: the C name, the struct it lives in, and the shape that decides its wrapper.
//!
//! CPython: `Include/cpython/object.h`, `Objects/typeobject.c` (`slotdefs`).

/// The struct of C that holds a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    Type,
    Number,
    Sequence,
    Mapping,
    Async,
    Buffer,
}

impl Suite {
    /// The field of `PyTypeObject` that points to the suite, and the suite's struct. `None` for the type itself.
    pub fn link(self) -> Option<(&'static str, &'static str)> {
        match self {
            Suite::Type => None,
            Suite::Number => Some(("tp_as_number", "PyNumberMethods")),
            Suite::Sequence => Some(("tp_as_sequence", "PySequenceMethods")),
            Suite::Mapping => Some(("tp_as_mapping", "PyMappingMethods")),
            Suite::Async => Some(("tp_as_async", "PyAsyncMethods")),
            Suite::Buffer => Some(("tp_as_buffer", "PyBufferProcs")),
        }
    }

    pub const LINKED: [Suite; 5] = [Suite::Number, Suite::Sequence, Suite::Mapping, Suite::Async, Suite::Buffer];
}

/// One parameter of a slot function, as C passes it and as Rust gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `*mut PyObject` -> `&Ref<Self>`.
    This,
    /// `*mut PyObject` -> `Borrowed<Object>`.
    Object,
    /// `*mut PyObject`, null allowed -> `Option<Borrowed<Object>>`.
    Optional,
    /// `Py_ssize_t` -> `isize`.
    Size,
    /// `c_int` -> `CompareOp`.
    Compare,
    /// `c_int`.
    Int,
    /// `*mut Py_buffer`.
    Buffer,
    /// A tuple and a dict or null -> `CallArgs`.
    CallArgs,
}

/// What a slot gives back to C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// An object, null for an error: `IntoReturn`.
    Object,
    /// An object, null for the end or an error: `IntoNext`.
    Next,
    /// A hash, -1 for an error: `IntoHash`.
    Hash,
    /// A length, -1 for an error: `IntoSize`.
    Size,
    /// 0 or 1, -1 for an error: `IntoFlag`.
    Flag,
    /// 0, -1 for an error: `IntoStatus`.
    Status,
    /// Nothing; an error is reported as unraisable.
    Void,
}

/// The shape of a slot: which wrapper it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Plain(&'static [Piece], Result),
    Traverse,
    Dealloc,
    Send,
    /// Only the `raw` form exists.
    RawOnly,
    /// Declared by `#[new]`; without it, a function of the new instance, whose arguments `__init__` reads.
    New,
    /// Declared by `#[init]`; `raw` replaces it.
    Init,
}

pub struct Slot {
    pub name: &'static str,
    /// The field that the slot fills; differs from the name for `tp_new_raw` and `tp_init_raw`.
    pub field: &'static str,
    pub suite: Suite,
    pub shape: Shape,
}

use Piece::{Buffer, CallArgs, Compare, Int, Object, Optional, Size, This};

const UNARY: Shape = Shape::Plain(&[This], Result::Object);
const BINARY: Shape = Shape::Plain(&[Object, Object], Result::Object);
const TERNARY: Shape = Shape::Plain(&[Object, Object, Object], Result::Object);
const WITH_OBJECT: Shape = Shape::Plain(&[This, Object], Result::Object);
const WITH_SIZE: Shape = Shape::Plain(&[This, Size], Result::Object);
const LENGTH: Shape = Shape::Plain(&[This], Result::Size);
const SET_OBJECT: Shape = Shape::Plain(&[This, Object, Optional], Result::Status);

const fn slot(name: &'static str, suite: Suite, shape: Shape) -> Slot {
    Slot { name, field: name, suite, shape }
}

pub static SLOTS: &[Slot] = &[
    slot("tp_repr", Suite::Type, UNARY),
    slot("tp_str", Suite::Type, UNARY),
    slot("tp_hash", Suite::Type, Shape::Plain(&[This], Result::Hash)),
    slot("tp_call", Suite::Type, Shape::Plain(&[This, CallArgs], Result::Object)),
    slot("tp_getattro", Suite::Type, WITH_OBJECT),
    slot("tp_setattro", Suite::Type, SET_OBJECT),
    slot("tp_richcompare", Suite::Type, Shape::Plain(&[This, Object, Compare], Result::Object)),
    slot("tp_iter", Suite::Type, UNARY),
    slot("tp_iternext", Suite::Type, Shape::Plain(&[This], Result::Next)),
    slot("tp_descr_get", Suite::Type, Shape::Plain(&[This, Optional, Optional], Result::Object)),
    slot("tp_descr_set", Suite::Type, SET_OBJECT),
    slot("tp_traverse", Suite::Type, Shape::Traverse),
    slot("tp_clear", Suite::Type, Shape::Plain(&[This], Result::Status)),
    slot("tp_finalize", Suite::Type, Shape::Plain(&[This], Result::Void)),
    slot("tp_dealloc", Suite::Type, Shape::Dealloc),
    slot("tp_del", Suite::Type, Shape::RawOnly),
    slot("tp_alloc", Suite::Type, Shape::RawOnly),
    slot("tp_free", Suite::Type, Shape::RawOnly),
    slot("tp_is_gc", Suite::Type, Shape::Plain(&[This], Result::Flag)),
    slot("tp_getattr", Suite::Type, Shape::RawOnly),
    slot("tp_setattr", Suite::Type, Shape::RawOnly),
    slot("tp_vectorcall", Suite::Type, Shape::RawOnly),
    slot("tp_new", Suite::Type, Shape::New),
    slot("tp_init", Suite::Type, Shape::Init),
    Slot { name: "tp_new_raw", field: "tp_new", suite: Suite::Type, shape: Shape::RawOnly },
    Slot { name: "tp_init_raw", field: "tp_init", suite: Suite::Type, shape: Shape::RawOnly },
    slot("nb_add", Suite::Number, BINARY),
    slot("nb_subtract", Suite::Number, BINARY),
    slot("nb_multiply", Suite::Number, BINARY),
    slot("nb_remainder", Suite::Number, BINARY),
    slot("nb_divmod", Suite::Number, BINARY),
    slot("nb_power", Suite::Number, TERNARY),
    slot("nb_negative", Suite::Number, UNARY),
    slot("nb_positive", Suite::Number, UNARY),
    slot("nb_absolute", Suite::Number, UNARY),
    slot("nb_bool", Suite::Number, Shape::Plain(&[This], Result::Flag)),
    slot("nb_invert", Suite::Number, UNARY),
    slot("nb_lshift", Suite::Number, BINARY),
    slot("nb_rshift", Suite::Number, BINARY),
    slot("nb_and", Suite::Number, BINARY),
    slot("nb_xor", Suite::Number, BINARY),
    slot("nb_or", Suite::Number, BINARY),
    slot("nb_int", Suite::Number, UNARY),
    slot("nb_float", Suite::Number, UNARY),
    slot("nb_inplace_add", Suite::Number, BINARY),
    slot("nb_inplace_subtract", Suite::Number, BINARY),
    slot("nb_inplace_multiply", Suite::Number, BINARY),
    slot("nb_inplace_remainder", Suite::Number, BINARY),
    slot("nb_inplace_power", Suite::Number, TERNARY),
    slot("nb_inplace_lshift", Suite::Number, BINARY),
    slot("nb_inplace_rshift", Suite::Number, BINARY),
    slot("nb_inplace_and", Suite::Number, BINARY),
    slot("nb_inplace_xor", Suite::Number, BINARY),
    slot("nb_inplace_or", Suite::Number, BINARY),
    slot("nb_floor_divide", Suite::Number, BINARY),
    slot("nb_true_divide", Suite::Number, BINARY),
    slot("nb_inplace_floor_divide", Suite::Number, BINARY),
    slot("nb_inplace_true_divide", Suite::Number, BINARY),
    slot("nb_index", Suite::Number, UNARY),
    slot("nb_matrix_multiply", Suite::Number, BINARY),
    slot("nb_inplace_matrix_multiply", Suite::Number, BINARY),
    slot("sq_length", Suite::Sequence, LENGTH),
    slot("sq_concat", Suite::Sequence, WITH_OBJECT),
    slot("sq_repeat", Suite::Sequence, WITH_SIZE),
    slot("sq_item", Suite::Sequence, WITH_SIZE),
    slot("sq_ass_item", Suite::Sequence, Shape::Plain(&[This, Size, Optional], Result::Status)),
    slot("sq_contains", Suite::Sequence, Shape::Plain(&[This, Object], Result::Flag)),
    slot("sq_inplace_concat", Suite::Sequence, WITH_OBJECT),
    slot("sq_inplace_repeat", Suite::Sequence, WITH_SIZE),
    slot("mp_length", Suite::Mapping, LENGTH),
    slot("mp_subscript", Suite::Mapping, WITH_OBJECT),
    slot("mp_ass_subscript", Suite::Mapping, SET_OBJECT),
    slot("am_await", Suite::Async, UNARY),
    slot("am_aiter", Suite::Async, UNARY),
    slot("am_anext", Suite::Async, UNARY),
    slot("am_send", Suite::Async, Shape::Send),
    slot("bf_getbuffer", Suite::Buffer, Shape::Plain(&[This, Buffer, Int], Result::Status)),
    slot("bf_releasebuffer", Suite::Buffer, Shape::Plain(&[This, Buffer], Result::Void)),
];

pub fn find(name: &str) -> Option<&'static Slot> {
    SLOTS.iter().find(|slot| slot.name == name)
}

/// The slot that `name` was probably meant to be.
pub fn similar(name: &str) -> Option<&'static str> {
    let tail = name.split_once('_').map_or(name, |(_, tail)| tail);
    SLOTS
        .iter()
        .map(|slot| slot.name)
        .find(|known| *known == name || known.split_once('_').is_some_and(|(_, known)| known == tail || known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_prefixed_by_suite() {
        for (index, slot) in SLOTS.iter().enumerate() {
            assert!(SLOTS[..index].iter().all(|other| other.name != slot.name), "{}", slot.name);
            let prefix = match slot.suite {
                Suite::Type => "tp_",
                Suite::Number => "nb_",
                Suite::Sequence => "sq_",
                Suite::Mapping => "mp_",
                Suite::Async => "am_",
                Suite::Buffer => "bf_",
            };
            assert!(slot.name.starts_with(prefix), "{}", slot.name);
        }
        assert_eq!(similar("nb_len"), None);
        assert_eq!(similar("repr"), Some("tp_repr"));
        assert_eq!(similar("tp_add"), Some("nb_add"));
    }
}
