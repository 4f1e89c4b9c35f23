//! What an element has beyond its tag and texts: attributes and children, in a block of their own that most leaves lack.
//!
//! **Invariant:** only this file touches the block; items up to `length` are owned, and nothing is freed or cleared before
//! the block says so, because a destructor may look at the element again.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::small;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;

use super::element::Element;

/// How many children stand in the block itself.
const INLINE: usize = 4;

#[repr(C)]
pub struct Extra {
    attrib: Cell<*mut PyObject>,
    length: Cell<usize>,
    allocated: Cell<usize>,
    /// `inline`, or a block of its own.
    items: Cell<*mut *mut PyObject>,
    inline: Cell<[*mut PyObject; INLINE]>,
}

impl Extra {
    fn inline(&self) -> *mut *mut PyObject {
        self.inline.as_ptr().cast()
    }

    fn is_inline(&self) -> bool {
        ptr::eq(self.items.get(), self.inline())
    }
}

impl Element {
    fn existing(&self) -> Option<&Extra> {
        // SAFETY: null or a block that lives until `drop_extra`; callers do not hold it across Python code.
        unsafe { self.extra.get().as_ref() }
    }

    fn extra_or_new(&self) -> PyResult<&Extra> {
        if self.extra.get().is_null() {
            let block = small::malloc(size_of::<Extra>()).cast::<Extra>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            // SAFETY: a new block of the right size.
            unsafe {
                block.write(Extra {
                    attrib: Cell::new(ptr::null_mut()),
                    length: Cell::new(0),
                    allocated: Cell::new(INLINE),
                    items: Cell::new(ptr::null_mut()),
                    inline: Cell::new([ptr::null_mut(); INLINE]),
                });
                (*block).items.set((*block).inline());
            }
            self.extra.set(block);
        }
        // SAFETY: a live block.
        unsafe { Ok(&*self.extra.get()) }
    }

    /// Takes the block away and frees what it has.
    pub fn drop_extra(&self) {
        let extra = self.extra.replace(ptr::null_mut());
        if extra.is_null() {
            return;
        }
        // SAFETY: the block is nobody's any more, and each of its counts is given up once.
        unsafe {
            let block = &*extra;
            let attrib = block.attrib.get();
            if !attrib.is_null() {
                header::decref(attrib);
            }
            let items = block.items.get();
            for i in 0..block.length.get() {
                header::decref(*items.add(i));
            }
            if !block.is_inline() {
                small::free(items.cast());
            }
            small::free(extra.cast());
        }
    }

    pub fn visit_extra(&self, visit: &mut Visitor) {
        let Some(extra) = self.existing() else { return };
        visit.object(extra.attrib.get());
        for i in 0..extra.length.get() {
            // SAFETY: inside of the items.
            visit.object(unsafe { *extra.items.get().add(i) });
        }
    }

    /// The bytes of the block.
    pub fn extra_size(&self) -> usize {
        match self.existing() {
            None => 0,
            Some(extra) if extra.is_inline() => size_of::<Extra>(),
            Some(extra) => size_of::<Extra>() + extra.allocated.get() * size_of::<*mut PyObject>(),
        }
    }

    /// The attributes, if there are any.
    pub fn attrib(&self) -> Option<Ref<Object>> {
        // SAFETY: null or a live object that the block owns.
        self.existing().and_then(|extra| unsafe { Ref::from_borrowed_ptr_or_null(extra.attrib.get()) })
    }

    pub fn set_attrib(&self, attrib: Option<Ref<Object>>) -> PyResult<()> {
        let extra = self.extra_or_new()?;
        let old = extra.attrib.replace(attrib.map_or(ptr::null_mut(), Ref::into_ptr));
        // SAFETY: the block gives up its count.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
        Ok(())
    }

    #[inline]
    pub fn length(&self) -> usize {
        self.existing().map_or(0, |extra| extra.length.get())
    }

    #[inline]
    pub fn child(&self, index: usize) -> Option<Ref<Object>> {
        let extra = self.existing()?;
        // SAFETY: inside of the items.
        (index < extra.length.get()).then(|| unsafe { Ref::from_borrowed_ptr(*extra.items.get().add(index)) })
    }

    /// All children.
    pub fn children(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut all = vec_with_capacity(self.length())?;
        all.extend((0..self.length()).map_while(|i| self.child(i)));
        Ok(all)
    }

    /// Makes room for `count` children.
    fn reserve(&self, count: usize) -> PyResult<&Extra> {
        let extra = self.extra_or_new()?;
        if count <= extra.allocated.get() {
            return Ok(extra);
        }
        let room = (count >> 3) + if count < 9 { 3 } else { 6 } + count;
        let Some(bytes) = room.checked_mul(size_of::<*mut PyObject>()) else { return Err(Raised::no_memory()) };
        // SAFETY: a block of ours is made larger, or a new one takes the items over.
        unsafe {
            let old = extra.items.get();
            let new = if extra.is_inline() {
                let new = small::malloc(bytes).cast::<*mut PyObject>();
                if !new.is_null() {
                    ptr::copy_nonoverlapping(old, new, extra.length.get());
                }
                new
            } else {
                small::realloc(old.cast(), bytes).cast()
            };
            if new.is_null() {
                return Err(Raised::no_memory());
            }
            extra.items.set(new);
        }
        extra.allocated.set(room);
        Ok(extra)
    }

    /// Appends a child.
    #[inline]
    pub fn push(&self, child: Ref<Object>) -> PyResult<()> {
        let length = self.length();
        let extra = self.reserve(length + 1)?;
        // SAFETY: there is room.
        unsafe { extra.items.get().add(length).write(child.into_ptr()) };
        extra.length.set(length + 1);
        Ok(())
    }

    pub fn insert_child(&self, index: usize, child: Ref<Object>) -> PyResult<()> {
        let length = self.length();
        let index = index.min(length);
        let extra = self.reserve(length + 1)?;
        // SAFETY: there is room for one more.
        unsafe {
            let at = extra.items.get().add(index);
            ptr::copy(at, at.add(1), length - index);
            at.write(child.into_ptr());
        }
        extra.length.set(length + 1);
        Ok(())
    }

    pub fn replace_child(&self, index: usize, child: Ref<Object>) -> Option<Ref<Object>> {
        let extra = self.existing().filter(|extra| index < extra.length.get())?;
        // SAFETY: inside of the items; the counts change hands.
        unsafe { Some(Ref::from_owned_ptr(extra.items.get().add(index).replace(child.into_ptr()))) }
    }

    pub fn take_child(&self, index: usize) -> Option<Ref<Object>> {
        let extra = self.existing()?;
        let length = extra.length.get();
        if index >= length {
            return None;
        }
        // SAFETY: inside of the items; the others move up.
        unsafe {
            let at = extra.items.get().add(index);
            let child = at.read();
            ptr::copy(at.add(1), at, length - index - 1);
            extra.length.set(length - 1);
            Some(Ref::from_owned_ptr(child))
        }
    }

    /// Puts other children in the place of all. The old ones are the caller's to drop.
    pub fn set_children(&self, children: Vec<Ref<Object>>) -> PyResult<Vec<Ref<Object>>> {
        let old = self.children()?;
        let extra = self.reserve(children.len())?;
        let had = extra.length.get();
        let count = children.len();
        // SAFETY: the counts of the old items are given up below; there is room for the new ones.
        unsafe {
            let items = extra.items.get();
            let mut surplus = vec_with_capacity(had)?;
            for i in 0..had {
                surplus.push(Ref::<Object>::from_owned_ptr(*items.add(i)));
            }
            for (i, child) in children.into_iter().enumerate() {
                items.add(i).write(child.into_ptr());
            }
            extra.length.set(count);
            drop(surplus);
        }
        Ok(old)
    }
}
