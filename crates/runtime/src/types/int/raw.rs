//! Memory of ints: the immortal small values, allocation with a free list, the tag word and the digits.

use core::cell::Cell;
use core::ptr;
use core::slice;

use super::Int;
use super::digits::{self, MASK, SHIFT};
use crate::abi::{_PyLongValue, PyLongObject, PyObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// Values that exist once.
pub const SMALL_MIN: i64 = -5;
pub const SMALL_MAX: i64 = 256;

const SIGN_MASK: usize = 3;
const ZERO: usize = 1;
const NEGATIVE: usize = 2;
/// Marks the small ints; extensions look at it.
const IMMORTAL: usize = 4;
const SIZE_SHIFT: usize = 3;

/// Bytes before the digits.
const HEAD: usize = core::mem::offset_of!(PyLongObject, long_value) + core::mem::offset_of!(_PyLongValue, ob_digit);
/// The most digits, so that the number of bits fits 64 bits with a sign.
const MAX_DIGITS: usize = (i64::MAX as usize - 1) / SHIFT as usize;
/// Ints of up to two digits have blocks of one size, which the free list keeps.
const SMALL_BLOCK: usize = size_of::<PyLongObject>();
const _: () = assert!(HEAD == 24 && SMALL_BLOCK == 32);

const fn small_int(value: i64) -> PyLongObject {
    let sign = if value == 0 {
        ZERO
    } else if value < 0 {
        NEGATIVE
    } else {
        0
    };
    PyLongObject {
        ob_base: PyObject::immortal(Int::TYPE),
        long_value: _PyLongValue {
            lv_tag: Cell::new(sign | IMMORTAL | ((value != 0) as usize) << SIZE_SHIFT),
            ob_digit: [Cell::new(value.unsigned_abs() as u32)],
        },
    }
}

/// The small ints, from -5 on.
pub static SMALL_INTS: [PyLongObject; (SMALL_MAX - SMALL_MIN + 1) as usize] = {
    let mut table = [const { PyLongObject::ZERO }; (SMALL_MAX - SMALL_MIN + 1) as usize];
    let mut i = 0;
    while i < table.len() {
        table[i] = small_int(SMALL_MIN + i as i64);
        i += 1;
    }
    table
};

/// Blocks of `SMALL_BLOCK` bytes, linked through their first word. The GIL guards it.
struct FreeList {
    head: Cell<*mut u8>,
    len: Cell<usize>,
}

// SAFETY: used only while the GIL is held.
unsafe impl Sync for FreeList {}

const FREE_LIST_MAX: usize = if crate::memory::checked::ON { 0 } else { 100 };
static FREE_LIST: FreeList = FreeList { head: Cell::new(ptr::null_mut()), len: Cell::new(0) };

impl FreeList {
    #[inline(always)]
    fn pop(&self) -> *mut u8 {
        let block = self.head.get();
        if !block.is_null() {
            // SAFETY: blocks in the list hold the next one in their first word.
            self.head.set(unsafe { *block.cast::<*mut u8>() });
            self.len.set(self.len.get() - 1);
        }
        block
    }

    /// False when the list is full.
    #[inline(always)]
    unsafe fn push(&self, block: *mut u8) -> bool {
        if self.len.get() >= FREE_LIST_MAX {
            return false;
        }
        // SAFETY: the caller gives up a block of at least a word.
        unsafe { *block.cast::<*mut u8>() = self.head.get() };
        self.head.set(block);
        self.len.set(self.len.get() + 1);
        true
    }
}

/// The int that an immediate was made last. An immediate that goes to the heap at several places, as in `Point(i, i)`, becomes one
/// int there, as it does where variables hold objects. Not counted: an int that goes is forgotten.
struct LastBoxed {
    /// A small value while there is none.
    value: Cell<i64>,
    object: Cell<*mut PyObject>,
}

// SAFETY: used only while the GIL is held.
unsafe impl Sync for LastBoxed {}

static LAST_BOXED: LastBoxed = LastBoxed { value: Cell::new(0), object: Cell::new(ptr::null_mut()) };

impl LastBoxed {
    /// The int of this value, counted; null for another value.
    #[inline(always)]
    fn get(&self, value: i64) -> *mut PyObject {
        if value != self.value.get() {
            return ptr::null_mut();
        }
        let object = self.object.get();
        // SAFETY: an int that goes is forgotten.
        unsafe { header::xincref(object) };
        object
    }

    /// Only for values that are not small.
    #[inline(always)]
    fn set(&self, value: i64, object: *mut PyObject) {
        self.value.set(value);
        self.object.set(object);
    }

    #[inline(always)]
    fn forget(&self, object: *mut PyObject) {
        if self.object.get() == object {
            self.set(0, ptr::null_mut());
        }
    }
}

/// Gives the blocks of the free list back, and says how many there were.
pub fn clear_free_list() -> usize {
    let mut count = 0;
    loop {
        let block = FREE_LIST.pop();
        if block.is_null() {
            // While memory is traced, each int is a block of its own: the list counts as full.
            FREE_LIST.len.set(if memory::trace::is_tracing() { FREE_LIST_MAX } else { 0 });
            return count;
        }
        // SAFETY: a block of the allocator that nobody uses.
        unsafe { memory::small::free(block.cast()) };
        count += 1;
    }
}

/// A block for an exact int of up to two digits, its head set but for the tag.
#[inline(always)]
fn new_small_block() -> PyResult<*mut PyLongObject> {
    let mut block = FREE_LIST.pop();
    if block.is_null() {
        block = refill()?;
    }
    // SAFETY: a block of that size.
    unsafe {
        header::init(block.cast(), Int::TYPE);
        Ok(block.cast())
    }
}

/// A block, with some more for the free list: the instructions that box immediates in their fast form need it filled.
#[cold]
#[inline(never)]
fn refill() -> PyResult<*mut u8> {
    const BATCH: usize = 16;
    let block = malloc_block(SMALL_BLOCK)?;
    if FREE_LIST.len.get() >= FREE_LIST_MAX {
        return Ok(block);
    }
    // The list gives out last what it got first. Ints that are made one after the other shall lie so, which is what a walk
    // over many of them is fast with.
    let more: [*mut u8; BATCH - 1] = core::array::from_fn(|_| memory::small::malloc(SMALL_BLOCK));
    for &more in more.iter().rev() {
        // SAFETY: a new block of that size; the list is empty, so there is room for all.
        if !more.is_null() && !unsafe { FREE_LIST.push(more) } {
            // SAFETY: nobody uses the block.
            unsafe { memory::small::free(more) };
        }
    }
    Ok(block)
}

#[cold]
#[inline(never)]
fn malloc_block(size: usize) -> PyResult<*mut u8> {
    let block = memory::small::malloc(size);
    if block.is_null() { Err(Raised::no_memory()) } else { Ok(block) }
}

/// An int under construction: its digits can be written until [`NewInt::finish`].
pub struct NewInt {
    block: *mut PyLongObject,
    capacity: usize,
}

impl NewInt {
    /// Room for `capacity` digits, all zero.
    pub fn new(capacity: usize) -> PyResult<NewInt> {
        // SAFETY: the block has room for that many digits, two at least, and all are written here.
        unsafe {
            let new = NewInt::unwritten(capacity)?;
            ptr::write_bytes(new.first_digit(), 0, capacity.max(2));
            Ok(new)
        }
    }

    /// As [`NewInt::new`] for a caller that writes every digit before it reads any.
    ///
    /// # Safety
    /// As said.
    #[inline(always)]
    pub unsafe fn unwritten(capacity: usize) -> PyResult<NewInt> {
        let block = if capacity <= 2 {
            let block = new_small_block()?;
            // SAFETY: a block with room for two digits. Both are read where the value is small.
            unsafe { block.cast::<u8>().add(HEAD).cast::<u64>().write_unaligned(0) };
            block
        } else {
            if capacity > MAX_DIGITS {
                return Err(raise!(OverflowError, "too many digits in integer"));
            }
            let block = memory::small::malloc(HEAD + capacity * size_of::<u32>()).cast::<PyLongObject>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            // SAFETY: a block of at least the head.
            unsafe { header::init(block.cast(), Int::TYPE) };
            block
        };
        Ok(NewInt { block, capacity })
    }

    #[inline(always)]
    fn first_digit(&self) -> *mut u32 {
        // SAFETY: within the block; the pointer keeps the provenance of the whole block.
        unsafe { self.block.cast::<u8>().add(HEAD).cast() }
    }

    #[inline(always)]
    pub fn digits_mut(&mut self) -> &mut [u32] {
        // SAFETY: initialised in `new`, or written by the caller before it reads; nobody else knows the block.
        unsafe { slice::from_raw_parts_mut(self.first_digit(), self.capacity) }
    }

    /// The finished int: leading zeros dropped, small values replaced by the immortal ones.
    #[inline]
    pub fn finish(self, negative: bool) -> Ref<Int> {
        // SAFETY: as for `digits_mut`; the block is complete once its tag is set.
        unsafe {
            let digits = slice::from_raw_parts(self.first_digit(), self.capacity);
            let n = digits::significant(digits);
            if n <= 1 {
                let magnitude = if n == 0 { 0 } else { digits[0] as i64 };
                let value = if negative { -magnitude } else { magnitude };
                if let Some(small) = small(value) {
                    return small;
                }
            }
            let sign = if negative { NEGATIVE } else { 0 };
            (*self.block).long_value.lv_tag.set(n << SIZE_SHIFT | sign);
            let block = core::mem::ManuallyDrop::new(self).block;
            Ref::from_owned_ptr(block)
        }
    }
}

impl NewInt {
    /// The unfinished int as an object of `capacity` digits with this sign, and where its digits are: C code writes them, and gives the
    /// object back to [`NewInt::from_raw`] or, its top digit not zero, shows it as it is.
    pub fn into_raw(self, negative: bool) -> (*mut PyLongObject, *mut u32) {
        let new = core::mem::ManuallyDrop::new(self);
        let sign = match (new.capacity, negative) {
            (0, _) => ZERO,
            (_, true) => NEGATIVE,
            (_, false) => 0,
        };
        // SAFETY: the block is this value's.
        unsafe { (*new.block).long_value.lv_tag.set(new.capacity << SIZE_SHIFT | sign) };
        (new.block, new.first_digit())
    }

    /// An int under construction again, and whether it is negative.
    ///
    /// # Safety
    /// `block` comes from [`NewInt::into_raw`], and nobody else has it.
    pub unsafe fn from_raw(block: *mut PyLongObject) -> (NewInt, bool) {
        // SAFETY: by contract.
        let tag = unsafe { (*block).long_value.lv_tag.get() };
        (NewInt { block, capacity: tag >> SIZE_SHIFT }, tag & SIGN_MASK == NEGATIVE)
    }
}

impl Drop for NewInt {
    fn drop(&mut self) {
        // SAFETY: the block is not in use.
        unsafe { free_block(self.block, self.capacity) }
    }
}

/// # Safety
/// `block` is an exact int's block with room for `digits` digits (at least two), not used any more.
#[inline(always)]
unsafe fn free_block(block: *mut PyLongObject, digits: usize) {
    LAST_BOXED.forget(block.cast());
    // SAFETY: by contract.
    unsafe {
        if digits <= 2 && FREE_LIST.push(block.cast()) {
            return;
        }
        memory::small::free(block.cast());
    }
}

/// The immortal int of a small value.
#[inline(always)]
pub fn small(value: i64) -> Option<Ref<Int>> {
    let index = value.wrapping_sub(SMALL_MIN) as u64;
    if index <= (SMALL_MAX - SMALL_MIN) as u64 {
        let object = (&raw const SMALL_INTS[index as usize]).cast_mut();
        // SAFETY: immortal, so counts do not matter.
        return Some(unsafe { Ref::from_owned_ptr(object) });
    }
    None
}

/// An int of any machine value.
#[inline]
pub fn from_i64(value: i64) -> PyResult<Ref<Int>> {
    if let Some(small) = small(value) {
        return Ok(small);
    }
    let (negative, magnitude) = (value < 0, value.unsigned_abs());
    if magnitude >> (2 * SHIFT) != 0 {
        return from_u128(magnitude as u128, negative);
    }
    let block = new_small_block()?;
    let digits = 1 + (magnitude >> SHIFT != 0) as usize;
    // SAFETY: a block with room for two digits.
    unsafe {
        let first = block.cast::<u8>().add(HEAD).cast::<u32>();
        *first = magnitude as u32 & MASK;
        *first.add(1) = (magnitude >> SHIFT) as u32;
        (*block).long_value.lv_tag.set(digits << SIZE_SHIFT | if negative { NEGATIVE } else { 0 });
        Ok(Ref::from_owned_ptr(block))
    }
}

/// The object of `value` without any call, with a count for the caller: an immortal one or a block of the free list. Null when
/// the list is empty or the value needs more than two digits.
#[inline(always)]
pub(crate) fn box_fast(value: i64) -> *mut PyObject {
    let index = value.wrapping_sub(SMALL_MIN) as u64;
    if index <= (SMALL_MAX - SMALL_MIN) as u64 {
        return SMALL_INTS.as_ptr().wrapping_add(index as usize).cast_mut().cast();
    }
    let known = LAST_BOXED.get(value);
    if !known.is_null() || value.unsigned_abs() >> (2 * SHIFT) != 0 {
        return known;
    }
    let block = FREE_LIST.pop().cast::<PyLongObject>();
    if block.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a block with room for two digits.
    unsafe {
        header::init(block.cast(), Int::TYPE);
        set_value(block, value);
    }
    LAST_BOXED.set(value, block.cast());
    block.cast()
}

/// `hash(value)`.
#[inline(always)]
pub(crate) fn hash_of(value: i64) -> isize {
    const MODULUS: u64 = (1 << 61) - 1;
    let magnitude = value.unsigned_abs();
    let residue = if magnitude < MODULUS { magnitude } else { magnitude % MODULUS } as isize;
    let hash = if value < 0 { -residue } else { residue };
    if hash == -1 { -2 } else { hash }
}

/// The int that an immediate becomes on the heap.
pub(crate) fn boxed(value: i64) -> PyResult<Ref<Int>> {
    let object = box_fast(value);
    if !object.is_null() {
        // SAFETY: counted for us.
        return Ok(unsafe { Ref::from_owned_ptr(object) });
    }
    let int = Int::from_i64(value)?;
    LAST_BOXED.set(value, int.as_ptr());
    Ok(int)
}

/// Gives an exact int that nobody refers to any more to the free list; `false` where that is full, or the int is not of its kind.
///
/// # Safety
/// An exact int without counts.
#[inline(always)]
pub(crate) unsafe fn reclaim(object: *mut Int) -> bool {
    // SAFETY: by contract.
    unsafe {
        let tag = (*object).tag();
        let is_taken = tag & IMMORTAL == 0 && tag >> SIZE_SHIFT <= 2 && FREE_LIST.push(object.cast());
        if is_taken {
            LAST_BOXED.forget(object.cast());
        }
        is_taken
    }
}

/// Makes an exact int of up to two digits that has one count, the caller's, hold `value` instead; `false` for all other objects
/// and for values that are not of that kind.
///
/// # Safety
/// A live object, which nobody has borrowed from the caller.
#[inline(always)]
pub(crate) unsafe fn overwrite(object: *mut PyObject, value: i64) -> bool {
    let is_small = value.wrapping_sub(SMALL_MIN) as u64 <= (SMALL_MAX - SMALL_MIN) as u64;
    // SAFETY: a live object; its head is checked before its tag.
    unsafe {
        if is_small || (*object).ob_type.get() != Int::TYPE || (*object).ob_refcnt.get() != 1 {
            return false;
        }
        let int = object.cast::<PyLongObject>();
        value.unsigned_abs() >> (2 * SHIFT) == 0 && (*int).long_value.lv_tag.get() >> SIZE_SHIFT <= 2 && {
            LAST_BOXED.forget(object);
            set_value(int, value);
            true
        }
    }
}

/// Writes a value of up to two digits into a block of an int.
#[inline(always)]
unsafe fn set_value(block: *mut PyLongObject, value: i64) {
    let magnitude = value.unsigned_abs();
    // SAFETY: a block with room for two digits.
    unsafe {
        let first = block.cast::<u8>().add(HEAD).cast::<u32>();
        *first = magnitude as u32 & MASK;
        *first.add(1) = (magnitude >> SHIFT) as u32;
        let digits = 1 + (magnitude >> SHIFT != 0) as usize;
        (*block).long_value.lv_tag.set(digits << SIZE_SHIFT | if value < 0 { NEGATIVE } else { 0 });
    }
}

/// An int of a magnitude and a sign.
#[inline(never)]
pub fn from_u128(magnitude: u128, negative: bool) -> PyResult<Ref<Int>> {
    let bits = 128 - magnitude.leading_zeros();
    // SAFETY: the loop writes every digit.
    let mut new = unsafe { NewInt::unwritten(bits.div_ceil(SHIFT) as usize)? };
    let mut rest = magnitude;
    for digit in new.digits_mut() {
        *digit = rest as u32 & MASK;
        rest >>= SHIFT;
    }
    Ok(new.finish(negative))
}

impl Int {
    /// Whether the int at `object` has at most two digits (`small_value_raw` may be asked).
    ///
    /// # Safety
    /// `object` is a live int.
    #[inline(always)]
    pub unsafe fn fits_small_raw(object: *mut PyLongObject) -> bool {
        // SAFETY: by contract.
        unsafe { (*object).long_value.lv_tag.get() < 3 << SIZE_SHIFT }
    }

    /// The value of an int of at most two digits.
    ///
    /// # Safety
    /// `object` is a live int for which `fits_small_raw` holds.
    #[inline(always)]
    pub unsafe fn small_value_raw(object: *mut PyLongObject) -> i64 {
        // SAFETY: by contract; the second digit is read only where there is one.
        unsafe {
            let tag = (*object).long_value.lv_tag.get();
            let first = object.cast::<u8>().add(HEAD).cast::<u32>();
            let mut value = *first as i64;
            if tag >= 2 << SIZE_SHIFT {
                value |= (*first.add(1) as i64) << SHIFT;
            }
            value * (1 - (tag & SIGN_MASK) as i64)
        }
    }

    /// Whether two ints are equal.
    ///
    /// # Safety
    /// Both are live ints.
    #[inline(always)]
    pub unsafe fn equals_raw(a: *mut PyLongObject, b: *mut PyLongObject) -> bool {
        // SAFETY: by contract; both have the number of digits that their tags say.
        unsafe {
            let tag = (*a).long_value.lv_tag.get() & !IMMORTAL;
            if tag != (*b).long_value.lv_tag.get() & !IMMORTAL {
                return false;
            }
            let (a, b) = (a.cast::<u8>().add(HEAD).cast::<u32>(), b.cast::<u8>().add(HEAD).cast::<u32>());
            (0..tag >> SIZE_SHIFT).all(|index| *a.add(index) == *b.add(index))
        }
    }

    /// The tag word as C has it.
    #[inline(always)]
    pub(super) fn tag(&self) -> usize {
        self.0.long_value.lv_tag.get()
    }

    #[inline(always)]
    pub fn is_negative(&self) -> bool {
        self.tag() & SIGN_MASK == NEGATIVE
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.tag() & SIGN_MASK == ZERO
    }

    /// -1, 0 or 1.
    #[inline(always)]
    pub fn sign(&self) -> i32 {
        1 - (self.tag() & SIGN_MASK) as i32
    }

    /// The number of digits.
    #[inline(always)]
    pub fn digit_count(&self) -> usize {
        self.tag() >> SIZE_SHIFT
    }
}

impl Ref<Int> {
    /// The magnitude.
    #[inline(always)]
    pub fn digits(&self) -> &[u32] {
        // SAFETY: an int has as many digits as its tag says, and they never change. The pointer comes from the handle,
        // so it may look beyond the Rust type.
        unsafe { slice::from_raw_parts(self.as_raw().cast::<u8>().add(HEAD).cast(), self.digit_count()) }
    }

    /// The value if it has at most two digits.
    #[inline(always)]
    pub fn small_value(&self) -> Option<i64> {
        // SAFETY: a handle's object is live; asked first.
        unsafe {
            let raw = self.as_raw().cast::<PyLongObject>();
            if Int::fits_small_raw(raw) { Some(Int::small_value_raw(raw)) } else { None }
        }
    }
}

/// An instance of a proper subclass with the value of `value`.
pub fn new_subclass(cls: Borrowed<'_, Type>, value: &Ref<Int>) -> PyResult<Ref<Object>> {
    let digits = value.digits();
    // SAFETY: `tp_alloc` gives zeroed memory for that many digits behind the head.
    unsafe {
        let object = memory::object::alloc(cls.as_ptr().cast(), digits.len().max(1) as isize)?.cast::<PyLongObject>();
        (*object).long_value.lv_tag.set(value.tag() & !IMMORTAL);
        let first = object.cast::<u8>().add(HEAD).cast::<u32>();
        ptr::copy_nonoverlapping(digits.as_ptr(), first, digits.len());
        Ok(Ref::from_owned_ptr(object))
    }
}

/// `tp_dealloc`. A small int that C code counted down to nothing is made immortal again.
///
/// # Safety
/// `object` is an int without counts.
pub unsafe fn dealloc(object: *mut Int) {
    // SAFETY: by contract.
    unsafe {
        let ty = (*object).0.ob_base.ob_type.get();
        if ty == Int::TYPE {
            if (*object).tag() & IMMORTAL != 0 {
                (*object).0.ob_base.ob_refcnt.set(crate::abi::_Py_IMMORTAL_INITIAL_REFCNT as u32);
                return;
            }
            return free_block(object.cast(), (*object).digit_count());
        }
        if let Some(free) = (*ty).tp_free.get() {
            free(object.cast());
        }
    }
}
