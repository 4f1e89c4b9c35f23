//! `_heapq`: heaps in lists. CPython: `Modules/_heapqmodule.c`.
//!
//! A comparison may run Python code, which may change the list: both items are held during it, and afterwards the list's
//! length must be what it was. Items only ever change places, so the list never loses one.

use taipan_runtime::abi::{PyListObject, PyObject};
use taipan_runtime::prelude::*;

/// Which item belongs on top.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Min,
    Max,
}

impl Order {
    /// Whether `a` belongs above `b`.
    #[inline(always)]
    fn above(self, a: &Ref<Object>, b: &Ref<Object>) -> PyResult<bool> {
        match self {
            Order::Min => a.compare_bool(b.borrow(), CompareOp::Lt),
            Order::Max => b.compare_bool(a.borrow(), CompareOp::Lt),
        }
    }
}

#[cold]
fn no_item() -> Raised {
    raise!(IndexError, "index out of range")
}

/// The items of a list. Valid until Python code runs.
#[inline(always)]
fn items(list: &Ref<List>) -> *mut *mut PyObject {
    // SAFETY: a live list.
    unsafe { (*list.as_ptr().cast::<PyListObject>()).ob_item.get().cast() }
}

#[inline(always)]
fn item(list: &Ref<List>, index: usize) -> PyResult<Ref<Object>> {
    match list.get(index) {
        Some(item) => Ok(item),
        None => Err(no_item()),
    }
}

#[inline(always)]
fn swap(list: &Ref<List>, a: usize, b: usize) {
    if a < list.len() && b < list.len() {
        // SAFETY: both are items.
        unsafe { items(list).add(a).swap(items(list).add(b)) };
    }
}

fn check_size(list: &Ref<List>, size: usize) -> PyResult<()> {
    if list.len() == size { Ok(()) } else { Err(raise!(RuntimeError, "list changed size during iteration")) }
}

/// Moves the item at `place` up to where it belongs, not above `start`.
fn sift_up_to(list: &Ref<List>, start: usize, mut place: usize, order: Order) -> PyResult<()> {
    let size = list.len();
    let new = item(list, place)?;
    while place > start {
        let parent = (place - 1) / 2;
        let above = order.above(&new, &item(list, parent)?)?;
        check_size(list, size)?;
        if !above {
            break;
        }
        swap(list, parent, place);
        place = parent;
    }
    Ok(())
}

/// Moves the item at `start` down to a leaf, always past the better child, and then up to where it belongs: that takes
/// fewer comparisons than to stop on the way down.
fn sift_down(list: &Ref<List>, start: usize, order: Order) -> PyResult<()> {
    let size = list.len();
    if start >= size {
        return Err(no_item());
    }
    let limit = size / 2;
    let mut place = start;
    while place < limit {
        let mut child = 2 * place + 1;
        if child + 1 < size {
            let (left, right) = (item(list, child)?, item(list, child + 1)?);
            // With equal ones the right one.
            let take_right = !order.above(&left, &right)?;
            check_size(list, size)?;
            if take_right {
                child += 1;
            }
        }
        swap(list, child, place);
        place = child;
    }
    sift_up_to(list, start, place, order)
}

fn push(heap: &Ref<List>, new: Borrowed<'_, Object>, order: Order) -> PyResult<()> {
    heap.push(new.to_owned())?;
    sift_up_to(heap, 0, heap.len().saturating_sub(1), order)
}

fn pop(heap: &Ref<List>, order: Order) -> PyResult<Ref<Object>> {
    let Some(last) = heap.pop()? else { return Err(no_item()) };
    let Some(top) = heap.get(0) else { return Ok(last) };
    heap.set(0, last)?;
    sift_down(heap, 0, order)?;
    Ok(top)
}

fn replace(heap: &Ref<List>, new: Borrowed<'_, Object>, order: Order) -> PyResult<Ref<Object>> {
    let top = item(heap, 0)?;
    heap.set(0, new.to_owned())?;
    sift_down(heap, 0, order)?;
    Ok(top)
}

fn push_pop(heap: &Ref<List>, new: Borrowed<'_, Object>, order: Order) -> PyResult<Ref<Object>> {
    let Some(top) = heap.get(0) else { return Ok(new.to_owned()) };
    if !order.above(&top, &new)? {
        return Ok(new.to_owned());
    }
    replace(heap, new, order)
}

fn make_heap(heap: &Ref<List>, order: Order) -> PyResult<()> {
    for place in (0..heap.len() / 2).rev() {
        sift_down(heap, place, order)?;
    }
    Ok(())
}

pub struct Heapq;

#[pymodule(name = "_heapq")]
impl Heapq {
    const __about__: &str = "Heap queues\n\nHeaps are arrays for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for all k, \
                             counting elements from 0. For the sake of comparison, non-existing elements are considered \
                             to be infinite. The interesting property of a heap is that a[0] is always its smallest \
                             element.\n";

    #[function(signature = "($module, heap, item, /)")]
    fn heappush(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<()> {
        push(&heap, item, Order::Min)
    }

    #[function(signature = "($module, heap, /)")]
    fn heappop(heap: Borrowed<'_, List>) -> PyResult<Ref<Object>> {
        pop(&heap, Order::Min)
    }

    #[function(signature = "($module, heap, item, /)")]
    fn heapreplace(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        replace(&heap, item, Order::Min)
    }

    #[function(signature = "($module, heap, item, /)")]
    fn heappushpop(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        push_pop(&heap, item, Order::Min)
    }

    #[function(signature = "($module, heap, /)")]
    fn heapify(heap: Borrowed<'_, List>) -> PyResult<()> {
        make_heap(&heap, Order::Min)
    }

    #[function(signature = "($module, heap, item, /)")]
    fn heappush_max(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<()> {
        push(&heap, item, Order::Max)
    }

    #[function(signature = "($module, heap, /)")]
    fn heappop_max(heap: Borrowed<'_, List>) -> PyResult<Ref<Object>> {
        pop(&heap, Order::Max)
    }

    #[function(signature = "($module, heap, item, /)")]
    fn heapreplace_max(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        replace(&heap, item, Order::Max)
    }

    #[function(signature = "($module, heap, item, /)")]
    fn heappushpop_max(heap: Borrowed<'_, List>, item: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        push_pop(&heap, item, Order::Max)
    }

    #[function(signature = "($module, heap, /)")]
    fn heapify_max(heap: Borrowed<'_, List>) -> PyResult<()> {
        make_heap(&heap, Order::Max)
    }
}
