//! The immutable map of a context: pairs of a variable and its value, sorted by the variable's address.
//!
//! Variables are equal when they are identical, so nothing here runs Python code except dropping a map. CPython has a hash
//! array mapped trie (`Python/hamt.c`); contexts are small, and one sorted array is faster for them.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::{object as memory, small};
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;

use crate::support;

/// A variable and its value; the map owns a count of each.
type Pair = [*mut PyObject; 2];

#[repr(C)]
pub struct Map {
    head: PyObject,
    pairs: Cell<*mut Pair>,
    len: Cell<usize>,
}

impl Map {
    pub fn empty() -> PyResult<Ref<Map>> {
        support::instance_exact()
    }

    pub fn len(&self) -> usize {
        self.len.get()
    }

    fn pairs(&self) -> &[Pair] {
        if self.len() == 0 {
            return &[];
        }
        // SAFETY: the map has that many pairs, which do not change.
        unsafe { core::slice::from_raw_parts(self.pairs.get(), self.len()) }
    }

    fn place(&self, variable: *mut PyObject) -> Result<usize, usize> {
        self.pairs().binary_search_by_key(&(variable as usize), |pair| pair[0] as usize)
    }

    pub fn get(&self, variable: *mut PyObject) -> Option<Borrowed<'_, Object>> {
        let place = self.place(variable).ok()?;
        // SAFETY: the map keeps its values alive.
        unsafe { Some(Borrowed::from_ptr(self.pairs()[place][1])) }
    }

    /// The variable and the value at `index`.
    pub fn pair(&self, index: usize) -> Option<(Borrowed<'_, Object>, Borrowed<'_, Object>)> {
        let pair = self.pairs().get(index)?;
        // SAFETY: the map keeps both alive.
        unsafe { Some((Borrowed::from_ptr(pair[0]), Borrowed::from_ptr(pair[1]))) }
    }

    /// A map with room for `len` pairs, which `content` writes without failing.
    fn build(len: usize, content: impl Fn(usize) -> Pair) -> PyResult<Ref<Map>> {
        let map = Map::empty()?;
        if len == 0 {
            return Ok(map);
        }
        let pairs: *mut Pair = match len.checked_mul(size_of::<Pair>()).filter(|&bytes| bytes <= isize::MAX as usize) {
            Some(bytes) => small::malloc(bytes).cast(),
            None => ptr::null_mut(),
        };
        if pairs.is_null() {
            return Err(Raised::no_memory());
        }
        for index in 0..len {
            let pair = content(index);
            // SAFETY: the block has room for `len` pairs; both objects are live.
            unsafe {
                header::incref(pair[0]);
                header::incref(pair[1]);
                pairs.add(index).write(pair);
            }
        }
        map.pairs.set(pairs);
        map.len.set(len);
        Ok(map)
    }

    /// The map with `variable` bound to `value`.
    pub fn with(&self, variable: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<Ref<Map>> {
        let old = self.pairs();
        let new = [variable.as_ptr(), value.as_ptr()];
        match self.place(variable.as_ptr()) {
            Ok(place) => Map::build(old.len(), |index| if index == place { new } else { old[index] }),
            Err(place) => Map::build(old.len() + 1, |index| match index.cmp(&place) {
                core::cmp::Ordering::Less => old[index],
                core::cmp::Ordering::Equal => new,
                core::cmp::Ordering::Greater => old[index - 1],
            }),
        }
    }

    /// The map without `variable`; `None` when it is not there.
    pub fn without(&self, variable: *mut PyObject) -> PyResult<Option<Ref<Map>>> {
        let old = self.pairs();
        match self.place(variable) {
            Ok(place) => Map::build(old.len() - 1, |index| old[index + usize::from(index >= place)]).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Whether both bind the same variables to equal values.
    pub fn equals(&self, other: &Ref<Map>) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        for index in 0..self.len() {
            let Some((variable, value)) = self.pair(index) else { break };
            match other.get(variable.as_ptr()) {
                Some(found) if value.equals(found)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes all pairs out, for the collector, and drops them.
    fn release(&self) {
        let (pairs, len) = (self.pairs.replace(ptr::null_mut()), self.len.replace(0));
        for index in 0..len {
            // SAFETY: the map owned both counts.
            unsafe {
                let [variable, value] = *pairs.add(index);
                header::decref(variable);
                header::decref(value);
            }
        }
        if !pairs.is_null() {
            // SAFETY: memory from `build`.
            unsafe { small::free(pairs.cast()) };
        }
    }
}

#[pytype(name = "hamt", gc)]
impl Map {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Map) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            (*this).release();
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Map, visit: &mut Visitor) {
        for pair in this.pairs() {
            visit.object(pair[0]);
            visit.object(pair[1]);
        }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Map>) {
        this.release();
    }
}
