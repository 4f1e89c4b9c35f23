//! Memory of strings: allocation, where the characters are, the static strings, deallocation.
//!
//! A compact ASCII string is `PyASCIIObject`, characters, 0. Another compact string is `PyCompactUnicodeObject`,
//! characters, 0. An instance of a subclass is a `PyUnicodeObject` whose `data` points to a block of its own.

use core::ptr;

use super::{Str, intern, scan};
use crate::abi::{
    self, _PyUnicodeObject_state, PyASCIIObject, PyCompactUnicodeObject, PyObject, PyTypeObject, PyUnicodeObject,
    PyUnicodeObject_data, SSTATE_INTERNED_IMMORTAL_STATIC, SSTATE_INTERNED_MORTAL, SSTATE_NOT_INTERNED,
};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// The narrowest storage for a set of characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Width {
    Ascii,
    Latin1,
    Ucs2,
    Ucs4,
}

impl Width {
    #[inline(always)]
    pub fn of(max: u32) -> Width {
        match max {
            0..0x80 => Width::Ascii,
            0x80..0x100 => Width::Latin1,
            0x100..0x1_0000 => Width::Ucs2,
            _ => Width::Ucs4,
        }
    }

    /// Bytes per character, which is also C's `kind`.
    #[inline(always)]
    pub fn size(self) -> usize {
        match self {
            Width::Ascii | Width::Latin1 => 1,
            Width::Ucs2 => 2,
            Width::Ucs4 => 4,
        }
    }

    /// The largest character that fits.
    #[inline(always)]
    pub fn limit(self) -> u32 {
        match self {
            Width::Ascii => 0x7f,
            Width::Latin1 => 0xff,
            Width::Ucs2 => 0xffff,
            Width::Ucs4 => 0x10_ffff,
        }
    }

    /// Where the characters of a compact string of this width begin.
    #[inline(always)]
    pub fn data_offset(self) -> usize {
        if self == Width::Ascii { size_of::<PyASCIIObject>() } else { size_of::<PyCompactUnicodeObject>() }
    }
}

/// Bytes of a compact string, `None` where that is no size of an object.
#[inline(always)]
pub(super) fn compact_size(len: usize, width: Width) -> Option<usize> {
    let size = len.checked_add(1)?.checked_mul(width.size())?.checked_add(width.data_offset())?;
    if size > isize::MAX as usize { None } else { Some(size) }
}

/// A new compact string with a count of one, its characters not yet written but for the zero at the end.
/// (`PyUnicode_New`, without the singletons.)
#[inline]
pub fn new_compact(len: usize, width: Width) -> PyResult<*mut PyASCIIObject> {
    let Some(size) = compact_size(len, width) else { return Err(Raised::no_memory()) };
    // SAFETY: the block holds the head of that width and `len + 1` characters.
    unsafe {
        let block = memory::small::malloc(size).cast::<PyASCIIObject>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        init_compact(block, len, width);
        Ok(block)
    }
}

/// Writes the head and the closing zero of a compact string into raw memory.
///
/// # Safety
/// `block` has room for `compact_size(len, width)` bytes.
#[inline(always)]
pub(super) unsafe fn init_compact(block: *mut PyASCIIObject, len: usize, width: Width) {
    // SAFETY: by contract.
    unsafe {
        header::init(block.cast(), Str::TYPE);
        (*block).length.set(len as isize);
        (*block).hash.set(-1);
        let kind = width.size() as c_int;
        let state = _PyUnicodeObject_state::new(SSTATE_NOT_INTERNED, kind, true, width == Width::Ascii, false);
        (*block).state.bits.set(state.bits.get());
        if width != Width::Ascii {
            let wide = block.cast::<PyCompactUnicodeObject>();
            (*wide).utf8.set(ptr::null_mut());
            (*wide).utf8_length.set(0);
        }
        let end = block.cast::<u8>().add(width.data_offset() + len * width.size());
        match width.size() {
            1 => *end = 0,
            2 => *end.cast::<u16>() = 0,
            _ => *end.cast::<u32>() = 0,
        }
    }
}

/// A new string of ASCII characters, two at least.
#[inline(always)]
pub(super) fn new_ascii(chars: &[u8]) -> PyResult<*mut PyASCIIObject> {
    let block = memory::small::malloc(size_of::<PyASCIIObject>() + chars.len() + 1).cast::<PyASCIIObject>();
    if block.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: the block holds the head, the characters and a zero.
    unsafe {
        init_compact(block, chars.len(), Width::Ascii);
        scan::copy_short(chars.as_ptr(), block.cast::<u8>().add(size_of::<PyASCIIObject>()), chars.len());
    }
    Ok(block)
}

/// Where the characters are.
///
/// # Safety
/// `object` is a live string.
#[inline(always)]
pub unsafe fn data_ptr(object: *mut PyASCIIObject) -> *mut u8 {
    // SAFETY: the state bits say which struct this is.
    unsafe {
        let bits = (*object).state.bits.get();
        if bits & _PyUnicodeObject_state::COMPACT != 0 {
            let ascii = bits & _PyUnicodeObject_state::ASCII != 0;
            let offset = if ascii { size_of::<PyASCIIObject>() } else { size_of::<PyCompactUnicodeObject>() };
            object.cast::<u8>().add(offset)
        } else {
            (*object.cast::<PyUnicodeObject>()).data.get().any.cast()
        }
    }
}

/// The cached UTF-8 form: null when there is none yet. For ASCII it is the characters themselves.
///
/// # Safety
/// `object` is a live string.
#[inline(always)]
pub unsafe fn cached_utf8(object: *mut PyASCIIObject) -> (*mut u8, usize) {
    // SAFETY: the state bits say which struct this is.
    unsafe {
        let bits = (*object).state.bits.get();
        let both = _PyUnicodeObject_state::COMPACT | _PyUnicodeObject_state::ASCII;
        if bits & both == both {
            return (object.cast::<u8>().add(size_of::<PyASCIIObject>()), (*object).length.get() as usize);
        }
        let wide = object.cast::<PyCompactUnicodeObject>();
        ((*wide).utf8.get().cast(), (*wide).utf8_length.get() as usize)
    }
}

/// Stores a UTF-8 form, a NUL-terminated block of `memory::small`, in a string that is not compact ASCII.
///
/// # Safety
/// As said, and the string has no cached form yet.
pub(super) unsafe fn set_cached_utf8(object: *mut PyASCIIObject, utf8: *mut u8, len: usize) {
    // SAFETY: by contract the struct has the fields.
    unsafe {
        let wide = object.cast::<PyCompactUnicodeObject>();
        (*wide).utf8.set(utf8.cast());
        (*wide).utf8_length.set(len as isize);
    }
}

/// Drops the UTF-8 form of a string about to be resized.
///
/// # Safety
/// `object` is a live string.
pub(super) unsafe fn clear_cached_utf8(object: *mut PyASCIIObject) {
    // SAFETY: the state bits say which struct this is; the form is owned unless it is the characters themselves.
    unsafe {
        let state = &(*object).state;
        if state.ascii() && state.compact() {
            return;
        }
        let wide = object.cast::<PyCompactUnicodeObject>();
        let utf8 = (*wide).utf8.get();
        if !utf8.is_null() && utf8.cast::<u8>() != data_ptr(object) {
            memory::small::free(utf8.cast());
        }
        (*wide).utf8.set(ptr::null_mut());
        (*wide).utf8_length.set(0);
    }
}

/// Changes the length of a string that nobody else has seen; it may move. New characters are not written but for the zero at the end.
///
/// # Safety
/// `object` is a compact exact string of this allocator with one count; after an error it is still there.
pub unsafe fn resize_raw(object: *mut PyASCIIObject, len: usize) -> PyResult<*mut PyASCIIObject> {
    // SAFETY: by contract.
    unsafe {
        let (kind, ascii) = ((*object).state.kind(), (*object).state.ascii());
        let width = match kind {
            1 if ascii => Width::Ascii,
            1 => Width::Latin1,
            2 => Width::Ucs2,
            _ => Width::Ucs4,
        };
        let Some(size) = compact_size(len, width) else { return Err(Raised::no_memory()) };
        clear_cached_utf8(object);
        let block = memory::small::realloc(object.cast(), size).cast::<PyASCIIObject>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        (*block).length.set(len as isize);
        ptr::write_bytes(data_ptr(block).add(len * width.size()), 0, width.size());
        Ok(block)
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// `object` is a string without any count left.
#[inline(always)]
pub unsafe fn dealloc_raw(object: *mut PyASCIIObject) {
    const PLAIN: u32 = _PyUnicodeObject_state::COMPACT | _PyUnicodeObject_state::ASCII;
    // SAFETY: nobody else refers to the string.
    unsafe {
        let bits = (*object).state.bits.get();
        let is_plain = bits & PLAIN == PLAIN && (*object).state.interned() == SSTATE_NOT_INTERNED;
        if is_plain && (*object).ob_base.ob_type.get() == Str::TYPE {
            return memory::small::free(object.cast());
        }
        dealloc_slow(object)
    }
}

/// # Safety
/// As [`dealloc_raw`].
#[inline(never)]
unsafe fn dealloc_slow(object: *mut PyASCIIObject) {
    // SAFETY: by contract.
    unsafe {
        match (*object).state.interned() {
            SSTATE_NOT_INTERNED => {}
            SSTATE_INTERNED_MORTAL => intern::forget(object.cast()),
            _ => {
                // An extension gave back counts that it never had: the string stays.
                header::init(object.cast(), (*object).ob_base.ob_type.get());
                set_immortal(object.cast());
                return;
            }
        }
        if (*object).state.compact() && (*object).ob_base.ob_type.get() == Str::TYPE {
            clear_cached_utf8(object);
            memory::small::free(object.cast());
            return;
        }
        clear_cached_utf8(object);
        if !(*object).state.compact() {
            let data = (*object.cast::<PyUnicodeObject>()).data.get().any;
            if !data.is_null() {
                memory::small::free(data.cast());
            }
        }
        let ty = (*object).ob_base.ob_type.get();
        if let Some(free) = (*ty).tp_free.get() {
            free(object.cast());
        }
    }
}

/// Makes an object immortal.
///
/// # Safety
/// `object` is live.
pub unsafe fn set_immortal(object: *mut PyObject) {
    // SAFETY: live object.
    unsafe {
        (*object).ob_flags.set((*object).ob_flags.get() | abi::_Py_IMMORTAL_FLAGS);
        (*object).ob_refcnt.set(abi::_Py_IMMORTAL_INITIAL_REFCNT as u32);
    }
}

/// A new instance of a subclass with the value of `value` (an exact or other string).
///
/// # Safety
/// `cls` is a subtype of `str`, `value` a live string.
pub unsafe fn new_subclass_instance(cls: *mut PyTypeObject, value: *mut PyASCIIObject) -> PyResult<Ref<Str>> {
    // SAFETY: `tp_alloc` gives a zeroed `PyUnicodeObject`; all fields are set before it can be seen.
    unsafe {
        let len = (*value).length.get() as usize;
        let kind = (*value).state.kind();
        let ascii = (*value).state.ascii();
        let object = memory::object::alloc(cls, 0)?.cast::<PyUnicodeObject>();
        let head = object.cast::<PyASCIIObject>();
        (*head).length.set(0);
        (*head).hash.set((*value).hash.get());
        let state = _PyUnicodeObject_state::new(SSTATE_NOT_INTERNED, kind, false, ascii, false);
        (*head).state.bits.set(state.bits.get());
        let result: Ref<Str> = Ref::from_owned_ptr(object);
        let size = (len + 1) * kind as usize;
        let data = memory::small::malloc(size).cast::<u8>();
        if data.is_null() {
            return Err(Raised::no_memory());
        }
        ptr::copy_nonoverlapping(data_ptr(value), data, size);
        (*object).data.set(PyUnicodeObject_data { any: data.cast() });
        (*head).length.set(len as isize);
        if ascii {
            set_cached_utf8(head, data, len);
        }
        Ok(result)
    }
}

#[repr(C)]
struct StaticAscii {
    head: PyASCIIObject,
    data: [u8; 2],
}

#[repr(C)]
struct StaticLatin1 {
    head: PyCompactUnicodeObject,
    data: [u8; 2],
    utf8: [u8; 3],
}

/// Statics whose cells the GIL guards.
#[repr(transparent)]
struct Shared<T>(T);

// SAFETY: the cells inside are touched only while the GIL is held.
unsafe impl<T> Sync for Shared<T> {}

const fn static_head(len: isize, ascii: bool) -> PyASCIIObject {
    PyASCIIObject {
        ob_base: PyObject::immortal(Str::TYPE),
        length: core::cell::Cell::new(len),
        hash: core::cell::Cell::new(-1),
        state: _PyUnicodeObject_state::new(SSTATE_INTERNED_IMMORTAL_STATIC, 1, true, ascii, true),
    }
}

static EMPTY: Shared<StaticAscii> = Shared(StaticAscii { head: static_head(0, true), data: [0, 0] });

static ASCII: Shared<[StaticAscii; 128]> = Shared({
    let mut chars = [const { StaticAscii { head: static_head(1, true), data: [0, 0] } }; 128];
    let mut c = 0;
    while c < 128 {
        chars[c].data[0] = c as u8;
        c += 1;
    }
    chars
});

static LATIN1: Shared<[StaticLatin1; 128]> = Shared({
    let mut chars = [const {
        StaticLatin1 {
            head: PyCompactUnicodeObject {
                _base: static_head(1, false),
                utf8_length: core::cell::Cell::new(0),
                utf8: core::cell::Cell::new(ptr::null_mut()),
            },
            data: [0, 0],
            utf8: [0, 0, 0],
        }
    }; 128];
    let mut c = 0;
    while c < 128 {
        let value = c as u8 + 128;
        chars[c].data[0] = value;
        chars[c].utf8 = [0xc0 | value >> 6, 0x80 | value & 0x3f, 0];
        c += 1;
    }
    chars
});

#[inline(always)]
pub fn empty_raw() -> *mut PyASCIIObject {
    (&raw const EMPTY.0.head).cast_mut()
}

/// The one string of the character `c`.
#[inline(always)]
pub fn latin1_char_raw(c: u8) -> *mut PyASCIIObject {
    if c < 128 {
        (&raw const ASCII.0[c as usize].head).cast_mut()
    } else {
        let object = (&raw const LATIN1.0[c as usize - 128]).cast_mut();
        // SAFETY: a static; its UTF-8 form stands beside it and is filled in at the first use.
        unsafe {
            if (*object).head.utf8.get().is_null() {
                (*object).head.utf8.set((&raw mut (*object).utf8).cast());
                (*object).head.utf8_length.set(2);
            }
        }
        object.cast()
    }
}
