//! The list of nodes: finding, adding, moving and removing them.

use core::cell::Cell;
use core::ptr;

use super::{Node, OrderedDict};
use crate::abi::*;
use crate::memory::small;
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::{self, key_error, lookup};

impl Ref<OrderedDict> {
    pub(super) fn dict(&self) -> &Ref<Dict> {
        // SAFETY: an ordered dict begins with a dict.
        unsafe { self.cast_unchecked() }
    }

    fn dict_raw(&self) -> *mut PyDictObject {
        self.as_raw().cast()
    }

    pub(super) fn mutated(&self) -> usize {
        self.od_state.get()
    }

    fn change(&self) {
        self.od_state.set(self.od_state.get().wrapping_add(1));
    }

    /// The entry of a key in the dict's table; `None` when absent. May run Python code.
    fn index_of(&self, key: *mut PyObject, hash: isize) -> PyResult<Option<usize>> {
        // SAFETY: the dict is held, the key by the caller.
        let index = unsafe { lookup::lookup(self.dict_raw(), key, hash)?.index };
        if index < 0 {
            return Ok(None);
        }
        self.sync()?;
        Ok(Some(index as usize))
    }

    /// Makes the array of nodes anew if the dict got another table.
    fn sync(&self) -> PyResult<()> {
        // SAFETY: the array has `od_fast_nodes_size` places, as many as the table has indices.
        unsafe {
            let keys = self.od_dict.ma_keys.get();
            let size = 1_usize << (*keys).dk_log2_size.get();
            if self.od_resize_sentinel.get() == keys && self.od_fast_nodes_size.get() == size as isize {
                return Ok(());
            }
            let nodes: *mut *mut Node = small::calloc(size, size_of::<*mut Node>()).cast();
            if nodes.is_null() {
                return Err(Raised::no_memory());
            }
            let mut node = self.od_first.get();
            while !node.is_null() {
                // The key itself is in the table, or was removed behind the list's back.
                let found = lookup::lookup(self.dict_raw(), (*node).key, (*node).hash);
                match found {
                    Ok(found) if self.od_dict.ma_keys.get() == keys => {
                        if found.index >= 0 {
                            *nodes.add(found.index as usize) = node;
                        }
                    }
                    Ok(_) => {
                        small::free(nodes.cast());
                        return Err(raise!(RuntimeError, "OrderedDict mutated during iteration"));
                    }
                    Err(raised) => {
                        small::free(nodes.cast());
                        return Err(raised);
                    }
                }
                node = (*node).next.get();
            }
            small::free(self.od_fast_nodes.replace(nodes).cast());
            self.od_fast_nodes_size.set(size as isize);
            self.od_resize_sentinel.set(keys);
            Ok(())
        }
    }

    /// The node of a key. May run Python code.
    pub(super) fn find(&self, key: *mut PyObject, hash: isize) -> PyResult<*mut Node> {
        if self.od_first.get().is_null() {
            return Ok(ptr::null_mut());
        }
        match self.index_of(key, hash)? {
            // SAFETY: entries are fewer than places.
            Some(index) => Ok(unsafe { *self.od_fast_nodes.get().add(index) }),
            None => Ok(ptr::null_mut()),
        }
    }

    pub(super) fn first(&self) -> *mut Node {
        self.od_first.get()
    }

    pub(super) fn last(&self) -> *mut Node {
        self.od_last.get()
    }

    /// Appends a node for a key that is in the dict, unless it has one.
    pub(super) fn add_node(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<()> {
        let Some(index) = self.index_of(key.as_ptr(), hash)? else { return Err(key_error(key)) };
        // SAFETY: the array was made for this table.
        unsafe {
            let place = self.od_fast_nodes.get().add(index);
            if !(*place).is_null() {
                return Ok(());
            }
            let node: *mut Node = small::malloc(size_of::<Node>()).cast();
            if node.is_null() {
                return Err(Raised::no_memory());
            }
            let key = key.to_owned().into_ptr();
            node.write(Node { key, hash, next: Cell::new(ptr::null_mut()), prev: Cell::new(ptr::null_mut()) });
            *place = node;
            self.link_last(node);
        }
        Ok(())
    }

    unsafe fn link_last(&self, node: *mut Node) {
        // SAFETY: the node is in no list.
        unsafe {
            let last = self.od_last.get();
            (*node).prev.set(last);
            (*node).next.set(ptr::null_mut());
            if last.is_null() {
                self.od_first.set(node);
            } else {
                (*last).next.set(node);
            }
            self.od_last.set(node);
            self.change();
        }
    }

    unsafe fn link_first(&self, node: *mut Node) {
        // SAFETY: the node is in no list.
        unsafe {
            let first = self.od_first.get();
            (*node).prev.set(ptr::null_mut());
            (*node).next.set(first);
            if first.is_null() {
                self.od_last.set(node);
            } else {
                (*first).prev.set(node);
            }
            self.od_first.set(node);
            self.change();
        }
    }

    unsafe fn unlink(&self, node: *mut Node) {
        // SAFETY: the node is in the list.
        unsafe {
            let (prev, next) = ((*node).prev.get(), (*node).next.get());
            if prev.is_null() {
                self.od_first.set(next);
            } else {
                (*prev).next.set(next);
            }
            if next.is_null() {
                self.od_last.set(prev);
            } else {
                (*next).prev.set(prev);
            }
            self.change();
        }
    }

    /// Moves a key to one end; KeyError when absent.
    pub(super) fn move_key(&self, key: Borrowed<'_, Object>, to_last: bool) -> PyResult<()> {
        let end = if to_last { self.last() } else { self.first() };
        // SAFETY: nodes in the list are live; nothing runs between finding and moving.
        unsafe {
            if end.is_null() {
                return Err(key_error(key));
            }
            if (*end).key == key.as_ptr() {
                return Ok(());
            }
            let node = self.find(key.as_ptr(), key.hash()?)?;
            if node.is_null() {
                return Err(key_error(key));
            }
            self.unlink(node);
            if to_last {
                self.link_last(node);
            } else {
                self.link_first(node);
            }
        }
        Ok(())
    }

    /// Removes the node of a key, before the dict loses it. KeyError when absent.
    pub(super) fn remove_node(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<()> {
        if self.od_first.get().is_null() {
            return Err(key_error(key));
        }
        let Some(index) = self.index_of(key.as_ptr(), hash)? else { return Err(key_error(key)) };
        // SAFETY: the array was made for this table.
        unsafe {
            let place = self.od_fast_nodes.get().add(index);
            let node = *place;
            if node.is_null() {
                return Err(key_error(key));
            }
            *place = ptr::null_mut();
            self.unlink(node);
            let key = (*node).key;
            small::free(node.cast());
            header::decref(key);
        }
        Ok(())
    }

    /// Removes all nodes. Keys are released when the list is empty.
    pub(super) fn clear_nodes(&self) {
        small_free(self.od_fast_nodes.replace(ptr::null_mut()));
        self.od_fast_nodes_size.set(0);
        self.od_resize_sentinel.set(ptr::null_mut());
        self.change();
        let mut node = self.od_first.replace(ptr::null_mut());
        self.od_last.set(ptr::null_mut());
        // SAFETY: the nodes belong to nobody any more.
        unsafe {
            while !node.is_null() {
                let next = (*node).next.get();
                let key = (*node).key;
                small::free(node.cast());
                header::decref(key);
                node = next;
            }
        }
    }

    /// `self[key] = value` for the dict and the list.
    pub(super) fn set_ordered(&self, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let hash = key.hash()?;
        self.dict().set_item_known_hash(key, hash, value)?;
        match self.add_node(key, hash) {
            Ok(()) => Ok(()),
            Err(raised) => {
                // The dict must not have a key that the list lacks.
                let exception = raised.take();
                if let Err(second) = self.dict().take_known_hash(key, hash) {
                    second.clear();
                }
                Err(Raised::restore(exception))
            }
        }
    }

    /// Removes a key from the list, then from the dict; its value.
    pub(super) fn take_ordered(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<Option<Ref<Object>>> {
        let node = self.find(key.as_ptr(), hash)?;
        if !node.is_null() {
            self.remove_node(key, hash)?;
        }
        self.dict().take_known_hash(key, hash)
    }

    /// The keys in order.
    pub(super) fn ordered_keys(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut keys = Vec::new();
        if keys.try_reserve_exact(self.dict().len()).is_err() {
            return Err(Raised::no_memory());
        }
        let mut node = self.first();
        // SAFETY: nodes in the list are live and own their keys.
        unsafe {
            while !node.is_null() {
                keys.push(Ref::from_borrowed_ptr((*node).key));
                node = (*node).next.get();
            }
        }
        Ok(keys)
    }

    /// The bytes of the list and its array.
    pub(super) fn list_size(&self) -> usize {
        let mut size = self.od_fast_nodes_size.get() as usize * size_of::<*mut Node>();
        if !self.first().is_null() {
            size += self.dict().len() * size_of::<Node>();
        }
        size
    }
}

fn small_free(nodes: *mut *mut Node) {
    // SAFETY: null or the array of an ordered dict.
    unsafe { small::free(nodes.cast()) }
}

impl Node {
    pub(super) fn key(&self) -> Ref<Object> {
        // SAFETY: a node owns its key.
        unsafe { Ref::from_borrowed_ptr(self.key) }
    }

    pub(super) fn hash(&self) -> isize {
        self.hash
    }

    pub(super) fn neighbour(&self, reverse: bool) -> *mut Node {
        if reverse { self.prev.get() } else { self.next.get() }
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// Called with no counts left.
pub(super) unsafe fn dealloc(this: *mut OrderedDict) {
    // SAFETY: by contract.
    unsafe {
        crate::memory::object::gc_untrack(this.cast());
        if !(*this).od_weakreflist.get().is_null() {
            crate::types::weakref::clear_references(this.cast());
        }
        crate::memory::object::clear_field(&(*this).od_inst_dict);
        let handle: Borrowed<'_, OrderedDict> = Borrowed::from_ptr(this);
        handle.clear_nodes();
        dict::raw::dealloc(this.cast());
    }
}

/// `tp_traverse`.
pub(super) fn traverse(this: &OrderedDict, visitor: &mut Visitor) {
    visitor.object(this.od_inst_dict.get());
    let mut node = this.od_first.get();
    // SAFETY: nodes in the list are live; visiting changes nothing.
    unsafe {
        while !node.is_null() {
            visitor.object((*node).key);
            node = (*node).next.get();
        }
        dict::raw::traverse((&raw const this.od_dict).cast_mut(), visitor);
    }
}

/// The cells of the instance's own dict, for `tp_clear`.
pub(super) fn clear(this: &Ref<OrderedDict>) {
    // SAFETY: the field owns its reference.
    unsafe { crate::memory::object::clear_field(&this.od_inst_dict) };
    this.clear_nodes();
    this.dict().clear();
}
