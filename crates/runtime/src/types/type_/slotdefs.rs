//! The one table of special methods: name, slot, function for classes of Python, wrapper for callers from Python, docstring.
//!
//! Rows of one slot stand together. A row without wrapper makes no `wrapper_descriptor`; a row without function leaves its
//! slot alone when a class of Python defines the name (the number or mapping slot of the same name takes it).
//! The order is that in which `type.__dict__` shows the names. CPython: `slotdefs` in `Objects/typeobject.c`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ops::Range;
use core::ptr;

use super::raw::{TypePtr, slot};
use super::slots::*;
use super::wrappers::*;
use crate::abi::*;
use crate::prelude::*;

macro_rules! function {
    (-) => {
        ptr::null_mut()
    };
    ($function:ident) => {
        $function as *mut c_void
    };
}

macro_rules! wrapper {
    (-) => {
        None
    };
    ($wrapper:ident) => {
        Some($wrapper)
    };
    ($wrapper:ident keywords) => {
        // SAFETY: the flag says that the function takes a fourth argument, and whoever calls looks at the flag.
        Some(unsafe { core::mem::transmute::<wrapperfunc_kwds, wrapperfunc>($wrapper) })
    };
}

macro_rules! flags {
    () => {
        0
    };
    (keywords) => {
        PyWrapperFlag_KEYWORDS
    };
}

macro_rules! slotdefs {
    ($($name:literal $suite:ident.$slot:ident $function:tt $wrapper:tt $([$keywords:ident])? $signature:literal $doc:literal;)*) => {
        /// How many rows there are.
        pub const LENGTH: usize = [$($name),*].len();

        pub static SLOTDEFS: [wrapperbase; LENGTH] = [$(
            wrapperbase {
                name: Cell::new(concat!($name, "\0").as_ptr().cast()),
                offset: Cell::new(offset_of!(PyHeapTypeObject, $suite.$slot) as c_int),
                function: Cell::new(function!($function)),
                wrapper: Cell::new(wrapper!($wrapper $($keywords)?)),
                doc: Cell::new(concat!($name, $signature, "\n--\n\n", $doc, "\0").as_ptr().cast()),
                flags: Cell::new(flags!($($keywords)?)),
                name_strobj: Cell::new(ptr::null_mut()),
            },
        )*];
    };
}

slotdefs! {
    "__repr__" ht_type.tp_repr slot_tp_repr wrap_unary "($self, /)" "Return repr(self).";
    "__hash__" ht_type.tp_hash slot_tp_hash wrap_hash "($self, /)" "Return hash(self).";
    "__call__" ht_type.tp_call slot_tp_call wrap_call [keywords] "($self, /, *args, **kwargs)" "Call self as a function.";
    "__str__" ht_type.tp_str slot_tp_str wrap_unary "($self, /)" "Return str(self).";
    "__getattribute__" ht_type.tp_getattro slot_tp_getattr_hook wrap_binary "($self, name, /)" "Return getattr(self, name).";
    "__getattr__" ht_type.tp_getattro slot_tp_getattr_hook - "($self, name, /)" "Implement getattr(self, name).";
    "__setattr__" ht_type.tp_setattro slot_tp_setattro wrap_setattr "($self, name, value, /)" "Implement setattr(self, name, value).";
    "__delattr__" ht_type.tp_setattro slot_tp_setattro wrap_delattr "($self, name, /)" "Implement delattr(self, name).";
    "__lt__" ht_type.tp_richcompare slot_tp_richcompare wrap_lt "($self, value, /)" "Return self<value.";
    "__le__" ht_type.tp_richcompare slot_tp_richcompare wrap_le "($self, value, /)" "Return self<=value.";
    "__eq__" ht_type.tp_richcompare slot_tp_richcompare wrap_eq "($self, value, /)" "Return self==value.";
    "__ne__" ht_type.tp_richcompare slot_tp_richcompare wrap_ne "($self, value, /)" "Return self!=value.";
    "__gt__" ht_type.tp_richcompare slot_tp_richcompare wrap_gt "($self, value, /)" "Return self>value.";
    "__ge__" ht_type.tp_richcompare slot_tp_richcompare wrap_ge "($self, value, /)" "Return self>=value.";
    "__iter__" ht_type.tp_iter slot_tp_iter wrap_unary "($self, /)" "Implement iter(self).";
    "__next__" ht_type.tp_iternext slot_tp_iternext wrap_next "($self, /)" "Implement next(self).";
    "__get__" ht_type.tp_descr_get slot_tp_descr_get wrap_descr_get "($self, instance, owner=None, /)" "Return an attribute of instance, which is of type owner.";
    "__set__" ht_type.tp_descr_set slot_tp_descr_set wrap_descr_set "($self, instance, value, /)" "Set an attribute of instance to value.";
    "__delete__" ht_type.tp_descr_set slot_tp_descr_set wrap_descr_delete "($self, instance, /)" "Delete an attribute of instance.";
    "__init__" ht_type.tp_init slot_tp_init wrap_init [keywords] "($self, /, *args, **kwargs)" "Initialize self.  See help(type(self)) for accurate signature.";
    "__new__" ht_type.tp_new slot_tp_new - "(type, /, *args, **kwargs)" "Create and return new object.  See help(type) for accurate signature.";
    "__del__" ht_type.tp_finalize slot_tp_finalize wrap_del "($self, /)" "Called when the instance is about to be destroyed.";
    "__buffer__" as_buffer.bf_getbuffer slot_bf_getbuffer wrap_buffer "($self, flags, /)" "Return a buffer object that exposes the underlying memory of the object.";
    "__release_buffer__" as_buffer.bf_releasebuffer slot_bf_releasebuffer wrap_releasebuffer "($self, buffer, /)" "Release the buffer object that exposes the underlying memory of the object.";
    "__await__" as_async.am_await slot_am_await wrap_unary "($self, /)" "Return an iterator to be used in await expression.";
    "__aiter__" as_async.am_aiter slot_am_aiter wrap_unary "($self, /)" "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" as_async.am_anext slot_am_anext wrap_unary "($self, /)" "Return a value or raise StopAsyncIteration.";
    "__add__" as_number.nb_add slot_nb_add wrap_binary_left "($self, value, /)" "Return self+value.";
    "__radd__" as_number.nb_add slot_nb_add wrap_binary_right "($self, value, /)" "Return value+self.";
    "__sub__" as_number.nb_subtract slot_nb_subtract wrap_binary_left "($self, value, /)" "Return self-value.";
    "__rsub__" as_number.nb_subtract slot_nb_subtract wrap_binary_right "($self, value, /)" "Return value-self.";
    "__mul__" as_number.nb_multiply slot_nb_multiply wrap_binary_left "($self, value, /)" "Return self*value.";
    "__rmul__" as_number.nb_multiply slot_nb_multiply wrap_binary_right "($self, value, /)" "Return value*self.";
    "__mod__" as_number.nb_remainder slot_nb_remainder wrap_binary_left "($self, value, /)" "Return self%value.";
    "__rmod__" as_number.nb_remainder slot_nb_remainder wrap_binary_right "($self, value, /)" "Return value%self.";
    "__divmod__" as_number.nb_divmod slot_nb_divmod wrap_binary_left "($self, value, /)" "Return divmod(self, value).";
    "__rdivmod__" as_number.nb_divmod slot_nb_divmod wrap_binary_right "($self, value, /)" "Return divmod(value, self).";
    "__pow__" as_number.nb_power slot_nb_power wrap_ternary "($self, value, mod=None, /)" "Return pow(self, value, mod).";
    "__rpow__" as_number.nb_power slot_nb_power wrap_ternary_right "($self, value, mod=None, /)" "Return pow(value, self, mod).";
    "__neg__" as_number.nb_negative slot_nb_negative wrap_unary "($self, /)" "-self";
    "__pos__" as_number.nb_positive slot_nb_positive wrap_unary "($self, /)" "+self";
    "__abs__" as_number.nb_absolute slot_nb_absolute wrap_unary "($self, /)" "abs(self)";
    "__bool__" as_number.nb_bool slot_nb_bool wrap_inquiry "($self, /)" "True if self else False";
    "__invert__" as_number.nb_invert slot_nb_invert wrap_unary "($self, /)" "~self";
    "__lshift__" as_number.nb_lshift slot_nb_lshift wrap_binary_left "($self, value, /)" "Return self<<value.";
    "__rlshift__" as_number.nb_lshift slot_nb_lshift wrap_binary_right "($self, value, /)" "Return value<<self.";
    "__rshift__" as_number.nb_rshift slot_nb_rshift wrap_binary_left "($self, value, /)" "Return self>>value.";
    "__rrshift__" as_number.nb_rshift slot_nb_rshift wrap_binary_right "($self, value, /)" "Return value>>self.";
    "__and__" as_number.nb_and slot_nb_and wrap_binary_left "($self, value, /)" "Return self&value.";
    "__rand__" as_number.nb_and slot_nb_and wrap_binary_right "($self, value, /)" "Return value&self.";
    "__xor__" as_number.nb_xor slot_nb_xor wrap_binary_left "($self, value, /)" "Return self^value.";
    "__rxor__" as_number.nb_xor slot_nb_xor wrap_binary_right "($self, value, /)" "Return value^self.";
    "__or__" as_number.nb_or slot_nb_or wrap_binary_left "($self, value, /)" "Return self|value.";
    "__ror__" as_number.nb_or slot_nb_or wrap_binary_right "($self, value, /)" "Return value|self.";
    "__int__" as_number.nb_int slot_nb_int wrap_unary "($self, /)" "int(self)";
    "__float__" as_number.nb_float slot_nb_float wrap_unary "($self, /)" "float(self)";
    "__iadd__" as_number.nb_inplace_add slot_nb_inplace_add wrap_binary "($self, value, /)" "Return self+=value.";
    "__isub__" as_number.nb_inplace_subtract slot_nb_inplace_subtract wrap_binary "($self, value, /)" "Return self-=value.";
    "__imul__" as_number.nb_inplace_multiply slot_nb_inplace_multiply wrap_binary "($self, value, /)" "Return self*=value.";
    "__imod__" as_number.nb_inplace_remainder slot_nb_inplace_remainder wrap_binary "($self, value, /)" "Return self%=value.";
    "__ipow__" as_number.nb_inplace_power slot_nb_inplace_power wrap_ternary "($self, value, /)" "Return self**=value.";
    "__ilshift__" as_number.nb_inplace_lshift slot_nb_inplace_lshift wrap_binary "($self, value, /)" "Return self<<=value.";
    "__irshift__" as_number.nb_inplace_rshift slot_nb_inplace_rshift wrap_binary "($self, value, /)" "Return self>>=value.";
    "__iand__" as_number.nb_inplace_and slot_nb_inplace_and wrap_binary "($self, value, /)" "Return self&=value.";
    "__ixor__" as_number.nb_inplace_xor slot_nb_inplace_xor wrap_binary "($self, value, /)" "Return self^=value.";
    "__ior__" as_number.nb_inplace_or slot_nb_inplace_or wrap_binary "($self, value, /)" "Return self|=value.";
    "__floordiv__" as_number.nb_floor_divide slot_nb_floor_divide wrap_binary_left "($self, value, /)" "Return self//value.";
    "__rfloordiv__" as_number.nb_floor_divide slot_nb_floor_divide wrap_binary_right "($self, value, /)" "Return value//self.";
    "__truediv__" as_number.nb_true_divide slot_nb_true_divide wrap_binary_left "($self, value, /)" "Return self/value.";
    "__rtruediv__" as_number.nb_true_divide slot_nb_true_divide wrap_binary_right "($self, value, /)" "Return value/self.";
    "__ifloordiv__" as_number.nb_inplace_floor_divide slot_nb_inplace_floor_divide wrap_binary "($self, value, /)" "Return self//=value.";
    "__itruediv__" as_number.nb_inplace_true_divide slot_nb_inplace_true_divide wrap_binary "($self, value, /)" "Return self/=value.";
    "__index__" as_number.nb_index slot_nb_index wrap_unary "($self, /)" "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__" as_number.nb_matrix_multiply slot_nb_matrix_multiply wrap_binary_left "($self, value, /)" "Return self@value.";
    "__rmatmul__" as_number.nb_matrix_multiply slot_nb_matrix_multiply wrap_binary_right "($self, value, /)" "Return value@self.";
    "__imatmul__" as_number.nb_inplace_matrix_multiply slot_nb_inplace_matrix_multiply wrap_binary "($self, value, /)" "Return self@=value.";
    "__len__" as_mapping.mp_length slot_length wrap_length "($self, /)" "Return len(self).";
    "__getitem__" as_mapping.mp_subscript slot_mp_subscript wrap_binary "($self, key, /)" "Return self[key].";
    "__setitem__" as_mapping.mp_ass_subscript slot_mp_ass_subscript wrap_set_item "($self, key, value, /)" "Set self[key] to value.";
    "__delitem__" as_mapping.mp_ass_subscript slot_mp_ass_subscript wrap_del_item "($self, key, /)" "Delete self[key].";
    "__len__" as_sequence.sq_length slot_length wrap_length "($self, /)" "Return len(self).";
    "__add__" as_sequence.sq_concat - wrap_binary "($self, value, /)" "Return self+value.";
    "__mul__" as_sequence.sq_repeat - wrap_index_argument "($self, value, /)" "Return self*value.";
    "__rmul__" as_sequence.sq_repeat - wrap_index_argument "($self, value, /)" "Return value*self.";
    "__getitem__" as_sequence.sq_item slot_sq_item wrap_sq_item "($self, key, /)" "Return self[key].";
    "__setitem__" as_sequence.sq_ass_item slot_sq_ass_item wrap_sq_set_item "($self, key, value, /)" "Set self[key] to value.";
    "__delitem__" as_sequence.sq_ass_item slot_sq_ass_item wrap_sq_del_item "($self, key, /)" "Delete self[key].";
    "__contains__" as_sequence.sq_contains slot_sq_contains wrap_contains "($self, key, /)" "Return bool(key in self).";
    "__iadd__" as_sequence.sq_inplace_concat - wrap_binary "($self, value, /)" "Implement self+=value.";
    "__imul__" as_sequence.sq_inplace_repeat - wrap_index_argument "($self, value, /)" "Implement self*=value.";
}

/// The name of a row, interned.
#[inline]
pub fn name(row: &wrapperbase) -> Borrowed<'static, Str> {
    let pointer = row.name_strobj.get();
    if pointer.is_null() {
        intern_names();
    }
    // SAFETY: interned above, and immortal.
    unsafe { Borrowed::from_ptr(row.name_strobj.get()) }
}

#[cold]
fn intern_names() {
    for row in &SLOTDEFS {
        // SAFETY: names of rows are C strings of ASCII.
        let text = unsafe { CStr::from_ptr(row.name.get()) };
        row.name_strobj.set(Str::intern_immortal(text.to_str().unwrap_or_default()).as_ptr());
    }
}

/// The rows of the slot that `row` belongs to.
pub fn group_of(row: usize) -> Range<usize> {
    let offset = SLOTDEFS[row].offset.get();
    let start = SLOTDEFS[..row].iter().rposition(|other| other.offset.get() != offset).map_or(0, |index| index + 1);
    let length = SLOTDEFS[start..].iter().take_while(|other| other.offset.get() == offset).count();
    start..start + length
}

/// The rows with the interned name given, mostly none.
pub fn rows_named(name: *mut PyObject) -> impl Iterator<Item = usize> {
    self::name(&SLOTDEFS[0]);
    SLOTDEFS.iter().enumerate().filter(move |(_, row)| row.name_strobj.get() == name).map(|(index, _)| index)
}

/// Of the slots that share `name`, the one that `ty` fills; null if none or several do.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn only_filled_slot(ty: TypePtr, name: *mut PyObject) -> *mut *mut c_void {
    let mut found: *mut *mut c_void = ptr::null_mut();
    for row in rows_named(name) {
        // SAFETY: offsets of the table are those of slots.
        unsafe {
            let slot = slot(ty, SLOTDEFS[row].offset.get() as usize);
            if slot.is_null() || (*slot).is_null() {
                continue;
            }
            if !found.is_null() {
                return ptr::null_mut();
            }
            found = slot;
        }
    }
    found
}
