//! The memory of a deque: a ring of pointers, whose size is a power of two.
//!
//! **Invariant:** the places `head .. head + len` (modulo the size) own one count each. Nothing here runs Python code: what is
//! taken out is given to the caller to drop.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::small;
use taipan_runtime::prelude::*;

/// The smallest ring.
const SMALLEST: usize = 8;

/// Rings up to this size are never made smaller.
const KEPT: usize = 64;

/// All zero is an empty ring without memory.
#[repr(C)]
pub struct Items {
    places: Cell<*mut *mut PyObject>,
    capacity: Cell<usize>,
    head: Cell<usize>,
    len: Cell<usize>,
}

impl Items {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// The place of the item at `index`, which may be one before or behind the items.
    ///
    /// # Safety
    /// There is memory.
    #[inline(always)]
    unsafe fn place(&self, index: usize) -> *mut *mut PyObject {
        let at = self.head.get().wrapping_add(index) & (self.capacity.get() - 1);
        // SAFETY: inside by the mask.
        unsafe { self.places.get().add(at) }
    }

    /// The item at `index`.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Ref<Object>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: an item.
        unsafe { Some(Ref::from_borrowed_ptr(*self.place(index))) }
    }

    /// The item at `index` for the collector.
    pub fn pointer(&self, index: usize) -> *mut PyObject {
        if index >= self.len() {
            return ptr::null_mut();
        }
        // SAFETY: an item.
        unsafe { *self.place(index) }
    }

    /// Replaces the item at `index`, which is there.
    pub fn replace(&self, index: usize, item: Ref<Object>) -> Option<Ref<Object>> {
        if index >= self.len() {
            return Some(item);
        }
        // SAFETY: an item; its count moves out.
        unsafe { Some(Ref::from_owned_ptr(self.place(index).replace(item.into_ptr()))) }
    }

    /// Moves the items to a ring of another size, which is large enough and a power of two.
    fn resize(&self, capacity: usize) -> PyResult<()> {
        let Some(bytes) = capacity.checked_mul(size_of::<*mut PyObject>()).filter(|&n| n <= isize::MAX as usize) else {
            return Err(Raised::no_memory());
        };
        let new: *mut *mut PyObject = small::malloc(bytes).cast();
        if new.is_null() {
            return Err(Raised::no_memory());
        }
        let (head, len) = (self.head.get(), self.len());
        // SAFETY: both rings have room for the items; the part up to the end of the old one, then the part from its start.
        unsafe {
            let old = self.places.get();
            if !old.is_null() {
                let first = len.min(self.capacity.get() - head);
                new.copy_from_nonoverlapping(old.add(head), first);
                new.add(first).copy_from_nonoverlapping(old, len - first);
                small::free(old.cast());
            }
        }
        self.places.set(new);
        self.capacity.set(capacity);
        self.head.set(0);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn grow(&self) -> PyResult<()> {
        self.resize((self.capacity.get() * 2).max(SMALLEST))
    }

    /// Makes room for `count` more.
    pub fn reserve(&self, count: usize) -> PyResult<()> {
        match self.len().checked_add(count).and_then(usize::checked_next_power_of_two) {
            Some(capacity) if capacity <= self.capacity.get() => Ok(()),
            Some(capacity) => self.resize(capacity.max(SMALLEST)),
            None => Err(Raised::no_memory()),
        }
    }

    #[inline(always)]
    pub fn push_back(&self, item: Ref<Object>) -> PyResult<()> {
        if self.len() == self.capacity.get() {
            self.grow()?;
        }
        // SAFETY: a free place.
        unsafe { self.place(self.len()).write(item.into_ptr()) };
        self.len.set(self.len() + 1);
        Ok(())
    }

    #[inline(always)]
    pub fn push_front(&self, item: Ref<Object>) -> PyResult<()> {
        if self.len() == self.capacity.get() {
            self.grow()?;
        }
        self.head.set(self.head.get().wrapping_sub(1) & (self.capacity.get() - 1));
        // SAFETY: a free place.
        unsafe { self.place(0).write(item.into_ptr()) };
        self.len.set(self.len() + 1);
        Ok(())
    }

    /// Gives memory back when an eighth of it would do. Without memory for that it stays.
    #[inline(always)]
    fn shrink(&self) {
        if self.capacity.get() > KEPT && self.len() * 8 <= self.capacity.get() {
            self.shrink_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn shrink_slow(&self) {
        if let Err(raised) = self.resize(self.capacity.get() / 2) {
            raised.clear();
        }
    }

    #[inline(always)]
    pub fn pop_back(&self) -> Option<Ref<Object>> {
        let last = self.len().checked_sub(1)?;
        self.len.set(last);
        // SAFETY: the last item; its count moves out.
        let item = unsafe { Ref::from_owned_ptr(*self.place(last)) };
        self.shrink();
        Some(item)
    }

    #[inline(always)]
    pub fn pop_front(&self) -> Option<Ref<Object>> {
        let rest = self.len().checked_sub(1)?;
        // SAFETY: the first item; its count moves out.
        let item = unsafe { Ref::from_owned_ptr(*self.place(0)) };
        self.head.set((self.head.get() + 1) & (self.capacity.get() - 1));
        self.len.set(rest);
        self.shrink();
        Some(item)
    }

    /// Puts an item before the one at `index`, moving the shorter side.
    pub fn insert(&self, index: usize, item: Ref<Object>) -> PyResult<()> {
        let len = self.len();
        let index = index.min(len);
        if index * 2 < len {
            self.push_front(item)?;
            for at in 0..index {
                // SAFETY: items.
                unsafe { self.place(at).swap(self.place(at + 1)) };
            }
        } else {
            self.push_back(item)?;
            for at in (index..len).rev() {
                // SAFETY: items.
                unsafe { self.place(at).swap(self.place(at + 1)) };
            }
        }
        Ok(())
    }

    /// Takes the item at `index` out, moving the shorter side.
    pub fn remove(&self, index: usize) -> Option<Ref<Object>> {
        let len = self.len();
        if index >= len {
            return None;
        }
        if index * 2 < len {
            for at in (0..index).rev() {
                // SAFETY: items.
                unsafe { self.place(at).swap(self.place(at + 1)) };
            }
            self.pop_front()
        } else {
            for at in index..len - 1 {
                // SAFETY: items.
                unsafe { self.place(at).swap(self.place(at + 1)) };
            }
            self.pop_back()
        }
    }

    /// Moves the items `steps` to the right, the last ones to the front.
    pub fn rotate(&self, steps: isize) {
        let len = self.len();
        if len <= 1 {
            return;
        }
        let right = steps.rem_euclid(len as isize) as usize;
        let mask = self.capacity.get() - 1;
        let head = self.head.get();
        // SAFETY: the places moved from are items, those moved to lie beside the items; in a full ring both are the same.
        unsafe {
            let full = len == self.capacity.get();
            if right * 2 <= len {
                for step in 1..=right {
                    if !full {
                        let item = *self.place(len - step);
                        self.places.get().add(head.wrapping_sub(step) & mask).write(item);
                    }
                }
                self.head.set(head.wrapping_sub(right) & mask);
            } else {
                let left = len - right;
                for step in 0..left {
                    if !full {
                        let item = *self.place(step);
                        self.place(len + step).write(item);
                    }
                }
                self.head.set((head + left) & mask);
            }
        }
    }

    pub fn reverse(&self) {
        let len = self.len();
        for at in 0..len / 2 {
            // SAFETY: items.
            unsafe { self.place(at).swap(self.place(len - 1 - at)) };
        }
    }

    /// Takes everything out; the result drops it.
    pub fn take(&self) -> Taken {
        Taken(Items {
            places: Cell::new(self.places.replace(ptr::null_mut())),
            capacity: Cell::new(self.capacity.replace(0)),
            head: Cell::new(self.head.replace(0)),
            len: Cell::new(self.len.replace(0)),
        })
    }
}

/// The items of a deque that was cleared.
pub struct Taken(Items);

impl Drop for Taken {
    fn drop(&mut self) {
        for index in 0..self.0.len() {
            // SAFETY: each item is dropped once.
            unsafe { drop(Ref::<Object>::from_owned_ptr(*self.0.place(index))) };
        }
        if !self.0.places.get().is_null() {
            // SAFETY: memory of the ring.
            unsafe { small::free(self.0.places.get().cast()) };
        }
    }
}
