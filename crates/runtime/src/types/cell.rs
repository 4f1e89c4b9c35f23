//! `cell`: a variable that functions share. CPython: `Objects/cellobject.c`.

use core::cmp::Ordering;
use core::ptr;

use crate::abi::PyCellObject;
use crate::object::header;
use crate::prelude::*;

/// `PyCellObject`.
#[repr(transparent)]
pub struct Cell(pub PyCellObject);

impl Cell {
    /// A new cell, empty for `None`.
    pub fn new(content: Option<Ref<Object>>) -> PyResult<Ref<Cell>> {
        // SAFETY: the content is written before the collector can see the cell.
        unsafe {
            let cell = crate::memory::object::new::<Cell>()?;
            (*cell).0.ob_ref.set(content.map_or(ptr::null_mut(), Ref::into_ptr));
            crate::memory::object::gc_track(cell.cast());
            Ok(Ref::from_owned_ptr(cell))
        }
    }
}

impl Ref<Cell> {
    pub fn get(&self) -> Option<Ref<Object>> {
        // SAFETY: null or a live object.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.ob_ref.get()) }
    }

    pub fn set(&self, content: Option<Ref<Object>>) {
        let old = self.0.ob_ref.replace(content.map_or(ptr::null_mut(), Ref::into_ptr));
        // SAFETY: the cell owned its content.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
    }
}

#[pytype(name = "cell", export = "PyCell_Type", gc)]
impl Cell {
    #[new(signature = "(contents=<unrepresentable>, /)", text_signature = "([contents])")]
    fn create(cls: Borrowed<'_, Type>, contents: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Cell>> {
        let _ = cls;
        Cell::new(contents.map(|contents| contents.to_owned()))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Cell) {
        // SAFETY: called once, by the last decref.
        unsafe {
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).0.ob_ref.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Cell, visit: &mut Visitor) {
        visit.object(this.0.ob_ref.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Cell>) {
        this.set(None);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Cell>) -> String {
        match this.get() {
            None => format!("<cell at {:p}: empty>", this.as_ptr()),
            Some(content) => {
                format!("<cell at {:p}: {} object at {:p}>", this.as_ptr(), content.type_name(), content.as_ptr())
            }
        }
    }

    #[slot(tp_hash, raw)]
    const _HASH: crate::abi::hashfunc = crate::types::object::hash_not_implemented;

    #[slot(tp_richcompare)]
    fn compare(this: &Ref<Cell>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Cell>() else { return Ok(not_implemented()) };
        match (this.get(), other.get()) {
            (Some(a), Some(b)) => a.rich_compare(b.borrow(), op),
            // An empty cell comes before any other.
            (None, Some(_)) => Ok(op.result(Ordering::Less)),
            (Some(_), None) => Ok(op.result(Ordering::Greater)),
            (None, None) => Ok(op.result(Ordering::Equal)),
        }
    }

    #[getter]
    fn cell_contents(this: &Ref<Cell>) -> PyResult<Ref<Object>> {
        match this.get() {
            Some(content) => Ok(content),
            None => Err(raise!(ValueError, "cell is empty")),
        }
    }

    #[setter(name = "cell_contents")]
    fn set_cell_contents(this: &Ref<Cell>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.set(value.map(|value| value.to_owned()));
        Ok(())
    }
}
