//! Growth, item pointers and the free list: the only file of the list that touches `ob_item`.

use core::cell::Cell;
use core::ptr;

use super::List;
use crate::abi::{PyListObject, PyObject};
use crate::memory::{self, small};
use crate::object::header;
use crate::prelude::*;

/// The most list heads that the free list holds.
const MAX_FREE: u32 = if memory::checked::ON { 0 } else { 80 };
/// The most items that memory has room for.
const MAX_ITEMS: usize = isize::MAX as usize / size_of::<*mut PyObject>();

struct FreeList {
    first: Cell<*mut PyListObject>,
    count: Cell<u32>,
}

// SAFETY: the GIL orders access.
unsafe impl Sync for FreeList {}

static FREE: FreeList = FreeList { first: Cell::new(ptr::null_mut()), count: Cell::new(0) };

/// Memory for `count` items; null for none.
fn allocate_items(count: usize) -> PyResult<*mut *mut PyObject> {
    if count == 0 {
        return Ok(ptr::null_mut());
    }
    if count > MAX_ITEMS {
        return Err(Raised::no_memory());
    }
    let items = small::malloc(count * size_of::<*mut PyObject>()).cast::<*mut PyObject>();
    if items.is_null() { Err(Raised::no_memory()) } else { Ok(items) }
}

/// Gives an item array back, without the items.
///
/// # Safety
/// `items` is null or comes from here, and nobody uses it.
#[inline]
pub(super) unsafe fn free_items(items: *mut *mut PyObject) {
    if !items.is_null() {
        // SAFETY: by contract.
        unsafe { small::free(items.cast()) }
    }
}

/// An exact, tracked, empty list with room for exactly `room` items.
pub(super) fn new_list(room: usize) -> PyResult<Ref<List>> {
    let items = allocate_items(room)?;
    let head = FREE.first.get();
    // SAFETY: heads on the free list are dead lists; otherwise the memory is that of a list. All fields are written.
    unsafe {
        let list = if head.is_null() {
            match memory::object::new::<List>() {
                Ok(list) => list.cast::<PyListObject>(),
                Err(raised) => {
                    free_items(items);
                    return Err(raised);
                }
            }
        } else {
            FREE.first.set((*head).ob_item.get().cast());
            FREE.count.set(FREE.count.get() - 1);
            (*head).ob_base.ob_base.ob_refcnt_full().set(1);
            head
        };
        (*list).ob_base.ob_size.set(0);
        (*list).ob_item.set(items);
        (*list).allocated.set(room as isize);
        memory::object::gc_track(list.cast());
        Ok(Ref::from_owned_ptr(list))
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// Called once, by the last decref.
pub(super) unsafe fn dealloc(list: *mut PyListObject) {
    // SAFETY: by contract; the list owns its items.
    unsafe {
        memory::object::gc_untrack(list.cast());
        let items = (*list).ob_item.get();
        if !items.is_null() {
            // From the end, so that a list of lists goes the way a chain of tuples does.
            let mut index = (*list).ob_base.ob_size.get() as usize;
            while index > 0 {
                index -= 1;
                header::drop_item(*items.add(index));
            }
            free_items(items);
        }
        if (*list).ob_base.ob_base.ob_type.get() == List::TYPE && FREE.count.get() < MAX_FREE {
            (*list).ob_item.set(FREE.first.replace(list).cast());
            FREE.count.set(FREE.count.get() + 1);
            return;
        }
        memory::object::dealloc_finish(list);
    }
}

/// Gives the memory of the free list back.
pub fn clear_free_list() {
    let mut list = FREE.first.replace(ptr::null_mut());
    FREE.count.set(if memory::trace::is_tracing() { MAX_FREE } else { 0 });
    while !list.is_null() {
        // SAFETY: lists on the free list are dead.
        unsafe {
            let next = (*list).ob_item.get().cast();
            memory::object::free(list.cast());
            list = next;
        }
    }
}

/// How many heads the free list holds.
pub fn free_list_size() -> u32 {
    FREE.count.get()
}

/// Counts `more` further references.
///
/// # Safety
/// `item` is live.
#[inline(always)]
unsafe fn add_references(item: *mut PyObject, more: usize) {
    // SAFETY: by contract. A count that would reach the immortal bound is left to single steps, which stop there.
    unsafe {
        if header::is_immortal(item) {
            return;
        }
        let count = (*item).ob_refcnt.get() as usize + more;
        if count < abi::_Py_IMMORTAL_INITIAL_REFCNT as usize / 2 {
            (*item).ob_refcnt.set(count as u32);
        } else {
            (0..more).for_each(|_| header::incref(item));
        }
    }
}

/// Writes `count` copies of `len` items at `target`, with a new reference for each.
///
/// # Safety
/// `source` points to `len` live objects, `target` to room for `len * count`, none of it inside `source` unless
/// `target` is `source` itself.
pub unsafe fn fill_repeated(target: *mut *mut PyObject, source: *const *mut PyObject, len: usize, count: usize) {
    // SAFETY: by contract.
    unsafe {
        let in_place = ptr::eq(target, source);
        for index in 0..len {
            let item = *source.add(index);
            add_references(item, count - usize::from(in_place));
            if !in_place {
                *target.add(index) = item;
            }
        }
        let total = len * count;
        let mut filled = len;
        if total <= 32 {
            while filled < total {
                *target.add(filled) = *target.add(filled - len);
                filled += 1;
            }
        }
        // What is there already is doubled until the rest is less than that.
        while filled < total {
            let next = filled.min(total - filled);
            target.add(filled).copy_from_nonoverlapping(target, next);
            filled += next;
        }
    }
}

/// Puts new references to `count` items that stand `step` apart, the first at `source`, into `target`.
///
/// # Safety
/// The items are live, and `target` has room for them.
pub unsafe fn copy_spaced(target: *mut *mut PyObject, source: *const *mut PyObject, step: isize, count: usize) {
    // SAFETY: by contract.
    unsafe {
        for index in 0..count {
            let item = *source.offset(step * index as isize);
            header::incref(item);
            *target.add(index) = item;
        }
    }
}

impl Ref<List> {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn set_len(&self, len: usize) {
        self.0.ob_base.ob_size.set(len as isize);
    }

    /// The item array: valid until the list changes.
    #[inline(always)]
    pub fn items_ptr(&self) -> *mut *mut PyObject {
        self.0.ob_item.get()
    }

    /// How many items there is room for.
    #[inline(always)]
    pub fn room(&self) -> usize {
        self.0.allocated.get().max(0) as usize
    }

    /// Changes the length, and the room by the rule that all lists grow by. New items are not written: the caller does
    /// it before anything else happens. When the list shrinks the caller has taken the items out.
    ///
    /// The room grows by an eighth and a little more: 0, 4, 8, 16, 24, 32, 40, 52, 64, 76 ...
    pub(super) fn resize(&self, len: usize) -> PyResult<()> {
        let allocated = self.0.allocated.get();
        if allocated >= len as isize && len as isize >= allocated >> 1 {
            self.set_len(len);
            return Ok(());
        }
        let mut room = (len + (len >> 3) + 6) & !3;
        // Room is not given in advance when much is added at once.
        if len as isize - self.len() as isize > room as isize - len as isize {
            room = (len + 3) & !3;
        }
        if len == 0 {
            room = 0;
        }
        self.reallocate(room)?;
        self.set_len(len);
        Ok(())
    }

    #[inline(never)]
    fn reallocate(&self, room: usize) -> PyResult<()> {
        if room > MAX_ITEMS {
            return Err(Raised::no_memory());
        }
        let old = self.0.ob_item.get();
        // SAFETY: the array is the list's own.
        unsafe {
            if room == 0 {
                self.0.ob_item.set(ptr::null_mut());
                free_items(old);
            } else {
                let bytes = room * size_of::<*mut PyObject>();
                let items = if old.is_null() { small::malloc(bytes) } else { small::realloc(old.cast(), bytes) };
                if items.is_null() {
                    return Err(Raised::no_memory());
                }
                self.0.ob_item.set(items.cast());
            }
        }
        self.0.allocated.set(room as isize);
        Ok(())
    }

    /// Makes room for `count` items in a list that has no array: an even number, as memory comes in such pieces.
    pub(super) fn allocate_exact(&self, count: usize) -> PyResult<()> {
        debug_assert!(self.items_ptr().is_null() && self.is_empty());
        let room = count.saturating_add(1) & !1;
        self.0.ob_item.set(allocate_items(room)?);
        self.0.allocated.set(room as isize);
        Ok(())
    }

    /// Appends, taking over the reference.
    #[inline(always)]
    pub fn push(&self, item: Ref<Object>) -> PyResult<()> {
        let len = self.0.ob_base.ob_size.get();
        if len < self.0.allocated.get() {
            // SAFETY: there is room behind the last item.
            unsafe { *self.0.ob_item.get().add(len as usize) = item.into_ptr() };
            self.0.ob_base.ob_size.set(len + 1);
            return Ok(());
        }
        self.push_slow(item)
    }

    #[inline(never)]
    fn push_slow(&self, item: Ref<Object>) -> PyResult<()> {
        let len = self.len();
        self.resize(len + 1)?;
        // SAFETY: there is room now.
        unsafe { *self.items_ptr().add(len) = item.into_ptr() };
        Ok(())
    }

    /// Puts `item` in place of the item at `index`, which the caller gets. The index is inside.
    #[inline(always)]
    pub(super) fn replace_at(&self, index: usize, item: Ref<Object>) -> Ref<Object> {
        debug_assert!(index < self.len());
        // SAFETY: inside; the list owns its items.
        unsafe { Ref::from_owned_ptr(self.items_ptr().add(index).replace(item.into_ptr())) }
    }

    /// Inserts before `index`, which is at most the length.
    pub(super) fn insert_at(&self, index: usize, item: Ref<Object>) -> PyResult<()> {
        let len = self.len();
        debug_assert!(index <= len);
        self.resize(len + 1)?;
        // SAFETY: there is room for one more; items move up by one.
        unsafe {
            let place = self.items_ptr().add(index);
            place.add(1).copy_from(place, len - index);
            *place = item.into_ptr();
        }
        Ok(())
    }

    /// Takes the item at `index`, which is inside, out of the list.
    pub(super) fn take_at(&self, index: usize) -> PyResult<Ref<Object>> {
        let len = self.len();
        debug_assert!(index < len);
        // SAFETY: inside; items move down by one.
        unsafe {
            let place = self.items_ptr().add(index);
            let item = *place;
            place.copy_from(place.add(1), len - index - 1);
            if let Err(raised) = self.resize(len - 1) {
                // Back as it was.
                place.add(1).copy_from(place, len - index - 1);
                *place = item;
                return Err(raised);
            }
            Ok(Ref::from_owned_ptr(item))
        }
    }

    /// Empties the list; the items are dropped after it is empty.
    pub fn clear(&self) {
        let items = self.0.ob_item.replace(ptr::null_mut());
        if items.is_null() {
            // Also while a sort runs, which does not see this as a change.
            return;
        }
        let len = self.len();
        self.set_len(0);
        self.0.allocated.set(0);
        // SAFETY: array and items were the list's, which knows neither any more.
        unsafe {
            for index in (0..len).rev() {
                header::drop_item(*items.add(index));
            }
            free_items(items);
        }
    }

    /// Replaces the items `start..stop` by new ones (`list[start:stop] = items`). The range is inside. What was there is
    /// dropped after the list is complete again.
    pub(super) fn splice(&self, start: usize, stop: usize, new: &[Ref<Object>]) -> PyResult<()> {
        let len = self.len();
        debug_assert!(start <= stop && stop <= len);
        let removed = stop - start;
        if len - removed + new.len() == 0 {
            self.clear();
            return Ok(());
        }
        /// Few old items stay on the stack.
        const FEW: usize = 16;
        let (mut few, mut many) = ([ptr::null_mut(); FEW], Vec::new());
        let old: &mut [*mut PyObject] = if removed <= FEW {
            &mut few[..removed]
        } else {
            if many.try_reserve_exact(removed).is_err() {
                return Err(Raised::no_memory());
            }
            many.resize(removed, ptr::null_mut());
            &mut many
        };
        // SAFETY: the range is inside the array, and the array has room for what it holds after the change.
        unsafe {
            let place = self.items_ptr().wrapping_add(start);
            for (index, old) in old.iter_mut().enumerate() {
                *old = *place.add(index);
            }
            let tail = len - stop;
            if new.len() < removed {
                place.add(new.len()).copy_from(place.add(removed), tail);
                if let Err(raised) = self.resize(len - removed + new.len()) {
                    place.add(removed).copy_from(place.add(new.len()), tail);
                    place.copy_from_nonoverlapping(old.as_ptr(), removed);
                    return Err(raised);
                }
            } else if new.len() > removed {
                self.resize(len + new.len() - removed)?;
                let place = self.items_ptr().add(start);
                place.add(new.len()).copy_from(place.add(removed), tail);
            }
            let place = self.items_ptr().wrapping_add(start);
            for (index, item) in new.iter().enumerate() {
                *place.add(index) = item.clone().into_ptr();
            }
            for &item in old.iter().rev() {
                header::xdecref(item);
            }
        }
        Ok(())
    }

    /// Removes the items `start`, `start + step` and so on, `count` of them (`del list[start::step]`). All are inside,
    /// `step` is at least 1.
    pub(super) fn remove_stepped(&self, start: usize, step: usize, count: usize) -> PyResult<()> {
        let len = self.len();
        let mut old: Vec<*mut PyObject> = Vec::new();
        if old.try_reserve_exact(count).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: all places are inside.
        unsafe {
            let items = self.items_ptr();
            let mut target = start;
            for index in 0..count {
                let place = start + index * step;
                old.push(*items.add(place));
                let next = if index + 1 == count { len } else { place + step };
                items.add(target).copy_from(items.add(place + 1), next - place - 1);
                target += next - place - 1;
            }
            self.set_len(len - count);
            let result = self.resize(len - count);
            for item in old {
                header::xdecref(item);
            }
            result
        }
    }

    /// Reverses the items in place.
    pub fn reverse(&self) {
        let len = self.len();
        if len > 1 {
            // SAFETY: the items are in the array, and nothing runs meanwhile.
            unsafe { core::slice::from_raw_parts_mut(self.items_ptr(), len).reverse() }
        }
    }

    /// The items as they stand: not to be held while Python code can run.
    ///
    /// # Safety
    /// Nothing changes the list while the slice is used.
    #[inline(always)]
    pub unsafe fn as_slice_unchecked(&self) -> &[Ref<Object>] {
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: items are live objects; by contract the array stays.
        unsafe { core::slice::from_raw_parts(self.items_ptr().cast(), len) }
    }

    /// Repeats the items in place: `list *= count`.
    pub(super) fn repeat_in_place(&self, count: isize) -> PyResult<()> {
        let len = self.len();
        if len == 0 || count == 1 {
            return Ok(());
        }
        if count < 1 {
            self.clear();
            return Ok(());
        }
        let Some(total) = len.checked_mul(count as usize).filter(|&total| total <= MAX_ITEMS) else {
            return Err(Raised::no_memory());
        };
        self.resize(total)?;
        // SAFETY: there is room for all of them, and the first `len` are there.
        unsafe { fill_repeated(self.items_ptr(), self.items_ptr(), len, count as usize) };
        Ok(())
    }

    /// Puts the list into the state it has while a sort runs, and gives its array and room away.
    pub(super) fn take_for_sort(&self) -> (*mut *mut PyObject, usize, isize) {
        let taken = (self.items_ptr(), self.len(), self.0.allocated.get());
        self.set_len(0);
        self.0.ob_item.set(ptr::null_mut());
        self.0.allocated.set(-1);
        taken
    }

    /// Gives array and room back after a sort, and drops what the list had got meanwhile. Answers whether somebody
    /// changed the list.
    pub(super) fn restore_after_sort(&self, taken: (*mut *mut PyObject, usize, isize)) -> bool {
        let (items, len) = (self.0.ob_item.get(), self.len());
        let modified = self.0.allocated.get() != -1;
        self.0.ob_item.set(taken.0);
        self.set_len(taken.1);
        self.0.allocated.set(taken.2);
        if !items.is_null() {
            // SAFETY: array and items were the list's, which knows neither any more.
            unsafe {
                for index in (0..len).rev() {
                    header::drop_item(*items.add(index));
                }
                free_items(items);
            }
        }
        modified
    }
}

/// An exact list of new references to `count` items (`list[a:b]`, `list + list`, `list * n`): room for just these.
///
/// # Safety
/// `items` points to `count` live objects, and nothing runs between.
pub(super) unsafe fn from_borrowed(items: *const *mut PyObject, count: usize) -> PyResult<Ref<List>> {
    let list = new_list(count)?;
    // SAFETY: there is room.
    unsafe {
        let target = list.items_ptr();
        for index in 0..count {
            let item = *items.add(index);
            header::incref(item);
            *target.add(index) = item;
        }
    }
    list.set_len(count);
    Ok(list)
}
