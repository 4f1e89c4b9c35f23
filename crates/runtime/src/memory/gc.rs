//! The cyclic collector: three generations over the two-word heads.
//!
//! A collection copies the counts of all objects of a generation into their heads, subtracts the references that come from
//! inside, and what then has a count left is reachable from outside; whatever nothing reachable leads to is garbage. Its
//! weak references are cleared, finalisers run once, what they brought back is kept, and the rest is cleared.
//! **Invariant:** outside a collection `_gc_next` has no flag bits and `_gc_prev` none but `FINALIZED`.
//! CPython: `Python/gc.c`, `InternalDocs/garbage_collector.md`.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;

use super::object::{gc_head, is_finalized, is_gc, is_tracked, set_finalized};
use super::{Guarded, StaticCell, checked};
use crate::abi::*;
use crate::object::{Borrowed, Object, PyLayout, PyResult, Raised, Ref, header};
use crate::prelude::*;
use crate::thread;
use crate::types::weakref;

const COLLECTING: usize = _PyGC_PREV_MASK_COLLECTING;
const FINALIZED: usize = _PyGC_PREV_MASK_FINALIZED;
const UNREACHABLE: usize = 1;
/// The eval-breaker bit that asks for a collection (`_PY_GC_SCHEDULED_BIT`).
pub const REQUEST_BIT: usize = 1 << 4;
pub const GENERATIONS: usize = NUM_GENERATIONS as usize;

/// A list head with pointers, which a static can initialise to itself; otherwise a `PyGC_Head`.
#[repr(C)]
struct ListHead {
    next: Cell<*const ListHead>,
    prev: Cell<*const ListHead>,
}

impl ListHead {
    const fn empty(this: *const ListHead) -> Guarded<ListHead> {
        Guarded(ListHead { next: Cell::new(this), prev: Cell::new(this) })
    }
}

static YOUNG: Guarded<ListHead> = ListHead::empty((&raw const YOUNG).cast());
static MIDDLE: Guarded<ListHead> = ListHead::empty((&raw const MIDDLE).cast());
static OLD: Guarded<ListHead> = ListHead::empty((&raw const OLD).cast());
static PERMANENT: Guarded<ListHead> = ListHead::empty((&raw const PERMANENT).cast());

/// New objects come to the end of this list.
#[inline(always)]
pub fn young_head() -> *mut PyGC_Head {
    (&raw const YOUNG).cast_mut().cast()
}

fn generation_head(generation: usize) -> *mut PyGC_Head {
    match generation {
        0 => young_head(),
        1 => (&raw const MIDDLE).cast_mut().cast(),
        _ => (&raw const OLD).cast_mut().cast(),
    }
}

fn permanent_head() -> *mut PyGC_Head {
    (&raw const PERMANENT).cast_mut().cast()
}

/// Allocations minus deallocations since the last collection of the young generation, and where a request is due.
static COUNT: StaticCell<i32> = StaticCell::cell(0);
static TRIGGER: StaticCell<i32> = StaticCell::cell(2000);

struct State {
    enabled: Cell<bool>,
    collecting: Cell<bool>,
    debug: Cell<c_int>,
    /// `-X gc_zeal=N`: a full collection at every Nth allocation; 0 is off.
    zeal: Cell<i32>,
    thresholds: [Cell<i32>; GENERATIONS],
    /// How often the next younger generation was collected since the last collection of this one; 0 is in `COUNT`.
    counts: [Cell<i32>; GENERATIONS],
    stats: [gc_generation_stats; GENERATIONS],
    long_lived_total: Cell<usize>,
    long_lived_pending: Cell<usize>,
    garbage: UnsafeCell<Option<Ref<List>>>,
    callbacks: UnsafeCell<Option<Ref<List>>>,
    free_lists: UnsafeCell<Vec<fn()>>,
}

static STATE: Guarded<State> = Guarded(State {
    enabled: Cell::new(true),
    collecting: Cell::new(false),
    debug: Cell::new(0),
    zeal: Cell::new(0),
    thresholds: [Cell::new(2000), Cell::new(10), Cell::new(10)],
    counts: [const { Cell::new(0) }; GENERATIONS],
    stats: [const { gc_generation_stats::ZERO }; GENERATIONS],
    long_lived_total: Cell::new(0),
    long_lived_pending: Cell::new(0),
    garbage: UnsafeCell::new(None),
    callbacks: UnsafeCell::new(None),
    free_lists: UnsafeCell::new(Vec::new()),
});

/// Counts a new object of the collector.
#[inline(always)]
pub fn count_allocation() {
    let count = COUNT.get() + 1;
    COUNT.set(count);
    if count > TRIGGER.get() {
        request();
    }
}

#[inline(always)]
pub fn uncount_allocation() {
    let count = COUNT.get();
    if count > 0 {
        COUNT.set(count - 1);
    }
}

/// Asks the running thread for a collection at its next safe point (`_Py_ScheduleGC`).
#[cold]
#[inline(never)]
pub fn request() {
    thread::current().eval_breaker.fetch_or(REQUEST_BIT, Ordering::Relaxed);
}

/// Sets the trigger after a change of what it depends on.
fn set_trigger() {
    let zeal = STATE.zeal.get();
    let threshold = STATE.thresholds[0].get();
    let off = !STATE.enabled.get() || STATE.collecting.get() || threshold == 0;
    TRIGGER.set(if off {
        i32::MAX
    } else if zeal > 0 {
        zeal
    } else {
        threshold
    });
}

/// What the engine calls at a safe point after [`request`] (`_Py_RunGC`).
#[cold]
pub fn run_requested() {
    thread::current().eval_breaker.fetch_and(!REQUEST_BIT, Ordering::Relaxed);
    if !STATE.enabled.get() {
        return;
    }
    if STATE.zeal.get() > 0 {
        collect_for(GENERATIONS - 1, _Py_GC_REASON_HEAP);
        return;
    }
    for generation in (0..GENERATIONS).rev() {
        let count = if generation == 0 { COUNT.get() } else { STATE.counts[generation].get() };
        if count <= STATE.thresholds[generation].get() {
            continue;
        }
        // Full collections are worth it only when enough objects wait for their first, else growth is quadratic.
        if generation == GENERATIONS - 1 && STATE.long_lived_pending.get() < STATE.long_lived_total.get() / 4 {
            continue;
        }
        collect_for(generation, _Py_GC_REASON_HEAP);
        break;
    }
}

pub fn is_enabled() -> bool {
    STATE.enabled.get()
}

pub fn set_enabled(enabled: bool) {
    STATE.enabled.set(enabled);
    set_trigger();
}

pub fn is_collecting() -> bool {
    STATE.collecting.get()
}

pub fn debug_flags() -> c_int {
    STATE.debug.get()
}

pub fn set_debug_flags(flags: c_int) {
    STATE.debug.set(flags);
}

pub fn thresholds() -> [i32; GENERATIONS] {
    [0, 1, 2].map(|generation| STATE.thresholds[generation].get())
}

pub fn set_threshold(generation: usize, threshold: i32) {
    STATE.thresholds[generation].set(threshold);
    set_trigger();
}

pub fn counts() -> [i32; GENERATIONS] {
    [COUNT.get(), STATE.counts[1].get(), STATE.counts[2].get()]
}

/// `-X gc_zeal=N`; 0 ends it.
pub fn set_zeal(every: i32) {
    STATE.zeal.set(every.max(0));
    set_trigger();
}

/// Collections, objects collected, objects uncollectable.
pub fn stats(generation: usize) -> (isize, isize, isize) {
    let stats = &STATE.stats[generation];
    (stats.collections.get(), stats.collected.get(), stats.uncollectable.get())
}

/// A function that drops a type's free list; called after full collections.
pub fn register_free_list(clear: fn()) {
    // SAFETY: the GIL is held, and the vector is borrowed for this line alone.
    unsafe { (*STATE.free_lists.get()).push(clear) }
}

pub(crate) fn clear_free_lists() {
    crate::types::dict::raw::clear_free_lists();
    crate::types::list::clear_free_list();
    crate::types::tuple::clear_free_lists();
    crate::types::int::clear_free_list();
    crate::types::float::clear_free_list();
    let mut index = 0;
    // SAFETY: borrowed for one line at a time, because a function may register another.
    while let Some(clear) = unsafe { (&(*STATE.free_lists.get())).get(index).copied() } {
        clear();
        index += 1;
    }
}

fn list_of(slot: &UnsafeCell<Option<Ref<List>>>) -> PyResult<Ref<List>> {
    // SAFETY: the GIL is held; each borrow ends on its line.
    unsafe {
        if let Some(list) = &*slot.get() {
            return Ok(list.clone());
        }
        let list = List::new()?;
        *slot.get() = Some(list.clone());
        Ok(list)
    }
}

/// `gc.garbage`.
pub fn garbage() -> PyResult<Ref<List>> {
    list_of(&STATE.garbage)
}

/// `gc.callbacks`.
pub fn callbacks() -> PyResult<Ref<List>> {
    list_of(&STATE.callbacks)
}

/// Drops `gc.garbage` and `gc.callbacks` at the end of the process.
pub fn finalize() {
    // SAFETY: the GIL is held.
    let (garbage, callbacks) = unsafe { ((*STATE.garbage.get()).take(), (*STATE.callbacks.get()).take()) };
    drop(garbage);
    drop(callbacks);
}

// ---- lists ----------------------------------------------------------------------------------------------------------

/// An empty list on the stack; it must not move after [`Local::head`] was taken.
struct Local(PyGC_Head);

impl Local {
    const fn new() -> Local {
        Local(PyGC_Head::ZERO)
    }

    fn head(&self) -> *mut PyGC_Head {
        let head = (&raw const self.0).cast_mut();
        if self.0._gc_next.get() == 0 {
            self.0._gc_next.set(head as usize);
            self.0._gc_prev.set(head as usize);
        }
        head
    }
}

// The functions below work on raw list heads. Their common contract: heads and members are live and well linked, apart
// from the flag bits that the phases of a collection put there.

#[inline(always)]
unsafe fn next_of(head: *mut PyGC_Head) -> *mut PyGC_Head {
    // SAFETY: see above.
    unsafe { (*head)._gc_next.get() as *mut PyGC_Head }
}

#[inline(always)]
unsafe fn prev_of(head: *mut PyGC_Head) -> *mut PyGC_Head {
    // SAFETY: see above.
    unsafe { ((*head)._gc_prev.get() & _PyGC_PREV_MASK) as *mut PyGC_Head }
}

#[inline(always)]
unsafe fn set_next(head: *mut PyGC_Head, next: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_next.set(next as usize) }
}

#[inline(always)]
unsafe fn set_prev(head: *mut PyGC_Head, prev: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.set(((*head)._gc_prev.get() & !_PyGC_PREV_MASK) | prev as usize) }
}

#[inline(always)]
fn object_of(head: *mut PyGC_Head) -> *mut PyObject {
    head.wrapping_add(1).cast()
}

#[inline(always)]
unsafe fn refs_of(head: *mut PyGC_Head) -> usize {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.get() >> _PyGC_PREV_SHIFT }
}

#[inline(always)]
unsafe fn is_in_collection(head: *mut PyGC_Head) -> bool {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.get() & COLLECTING != 0 }
}

#[inline(always)]
unsafe fn clear_collecting(head: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.set((*head)._gc_prev.get() & !COLLECTING) }
}

unsafe fn is_empty(list: *mut PyGC_Head) -> bool {
    // SAFETY: see above.
    unsafe { next_of(list) == list }
}

unsafe fn append(node: *mut PyGC_Head, list: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        let last = (*list)._gc_prev.get() as *mut PyGC_Head;
        set_prev(node, last);
        set_next(last, node);
        set_next(node, list);
        (*list)._gc_prev.set(node as usize);
    }
}

unsafe fn move_to(node: *mut PyGC_Head, list: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        let (prev, next) = (prev_of(node), next_of(node));
        set_next(prev, next);
        set_prev(next, prev);
        append(node, list);
    }
}

/// Moves all of `from` to the end of `to`.
unsafe fn merge(from: *mut PyGC_Head, to: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        if !is_empty(from) {
            let to_last = (*to)._gc_prev.get() as *mut PyGC_Head;
            let (first, last) = (next_of(from), (*from)._gc_prev.get() as *mut PyGC_Head);
            set_next(to_last, first);
            set_prev(first, to_last);
            set_next(last, to);
            (*to)._gc_prev.set(last as usize);
        }
        (*from)._gc_next.set(from as usize);
        (*from)._gc_prev.set(from as usize);
    }
}

unsafe fn size(list: *mut PyGC_Head) -> usize {
    // SAFETY: see above.
    unsafe {
        let (mut count, mut node) = (0, next_of(list));
        while node != list {
            count += 1;
            node = next_of(node);
        }
        count
    }
}

#[inline(always)]
unsafe fn traverse(object: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: a tracked object's type has `tp_traverse` and its fields are valid for it.
    unsafe {
        match (*(*object).ob_type.get()).tp_traverse.get() {
            Some(traverse) => traverse(object, visit, arg),
            None => 0,
        }
    }
}

// ---- finding garbage ------------------------------------------------------------------------------------------------

/// Copies the counts into the heads and marks the objects as part of this collection. Immortal objects leave for good.
unsafe fn update_refs(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(list);
        while node != list {
            let next = next_of(node);
            let object = object_of(node);
            if header::is_immortal(object) {
                super::object::gc_untrack(object);
            } else {
                let refs = (*object).ob_refcnt.get() as usize;
                let kept = (*node)._gc_prev.get() & FINALIZED;
                (*node)._gc_prev.set(refs << _PyGC_PREV_SHIFT | COLLECTING | kept);
            }
            node = next;
        }
    }
}

unsafe extern "C" fn visit_decref(object: *mut PyObject, container: *mut c_void) -> c_int {
    // SAFETY: visited objects are live.
    unsafe {
        checked::check_live(object);
        if is_gc(object) {
            let head = gc_head(object);
            if is_in_collection(head) {
                if checked::ON && refs_of(head) == 0 {
                    checked::fail_count(container.cast(), object);
                }
                (*head)._gc_prev.set((*head)._gc_prev.get() - (1 << _PyGC_PREV_SHIFT));
            }
        }
    }
    0
}

/// Takes the references from inside out of the copied counts.
unsafe fn subtract_refs(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(list);
        while node != list {
            traverse(object_of(node), visit_decref, object_of(node).cast());
            node = next_of(node);
        }
    }
}

unsafe extern "C" fn visit_reachable(object: *mut PyObject, arg: *mut c_void) -> c_int {
    let reachable: *mut PyGC_Head = arg.cast();
    // SAFETY: visited objects are live; lists are as `move_unreachable` leaves them.
    unsafe {
        if !is_gc(object) {
            return 0;
        }
        let node = gc_head(object);
        // Objects of other generations, and those that were scanned already.
        if !is_in_collection(node) {
            return 0;
        }
        let link = (*node)._gc_next.get();
        if link & UNREACHABLE != 0 {
            // It was taken for unreachable too early: back to the end of the list being scanned. The link of its
            // predecessor in the unreachable list keeps its flag.
            let prev = prev_of(node);
            let next = (link & !UNREACHABLE) as *mut PyGC_Head;
            (*prev)._gc_next.set(link);
            set_prev(next, prev);
            append(node, reachable);
            set_refs(node, 1);
        } else if refs_of(node) == 0 {
            // Further on in the list being scanned.
            set_refs(node, 1);
        }
    }
    0
}

#[inline(always)]
unsafe fn set_refs(node: *mut PyGC_Head, refs: usize) {
    // SAFETY: see "lists".
    unsafe { (*node)._gc_prev.set(((*node)._gc_prev.get() & !_PyGC_PREV_MASK) | refs << _PyGC_PREV_SHIFT) }
}

/// Moves what has no references from outside to `unreachable`. Afterwards the links to previous nodes of `young` are
/// whole again and its objects have no flags; the objects of `unreachable` keep `COLLECTING`, and their `_gc_next` has
/// the flag `UNREACHABLE`.
unsafe fn move_unreachable(young: *mut PyGC_Head, unreachable: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut prev = young;
        let mut node = next_of(young);
        while node != young {
            if refs_of(node) != 0 {
                traverse(object_of(node), visit_reachable, young.cast());
                set_prev(node, prev);
                clear_collecting(node);
                prev = node;
            } else {
                (*prev)._gc_next.set((*node)._gc_next.get());
                let last = (*unreachable)._gc_prev.get() as *mut PyGC_Head;
                (*last)._gc_next.set(node as usize | UNREACHABLE);
                set_prev(node, last);
                (*node)._gc_next.set(unreachable as usize | UNREACHABLE);
                (*unreachable)._gc_prev.set(node as usize);
            }
            node = next_of(prev);
        }
        (*young)._gc_prev.set(prev as usize);
        (*unreachable)._gc_next.set((*unreachable)._gc_next.get() & !UNREACHABLE);
    }
}

unsafe fn deduce_unreachable(list: *mut PyGC_Head, unreachable: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        update_refs(list);
        subtract_refs(list);
        move_unreachable(list, unreachable);
    }
}

unsafe fn clear_unreachable_flags(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        (*list)._gc_next.set((*list)._gc_next.get() & !UNREACHABLE);
        let mut node = next_of(list);
        while node != list {
            (*node)._gc_next.set((*node)._gc_next.get() & !UNREACHABLE);
            node = next_of(node);
        }
    }
}

/// Tuples whose items can be in no cycle leave the collector.
unsafe fn untrack_tuples(list: *mut PyGC_Head) {
    // SAFETY: see "lists"; exact tuples have `ob_size` items.
    unsafe {
        let mut node = next_of(list);
        while node != list {
            let next = next_of(node);
            let object = object_of(node);
            if (*object).ob_type.get() == Tuple::TYPE {
                maybe_untrack_tuple(object.cast());
            }
            node = next;
        }
    }
}

unsafe fn maybe_untrack_tuple(tuple: *mut PyTupleObject) {
    // SAFETY: by contract of `untrack_tuples`.
    unsafe {
        let items = (&raw const (*tuple).ob_item).cast::<*mut PyObject>();
        for index in 0..(*tuple).ob_base.ob_size.get() as usize {
            let item = *items.add(index);
            // NULL: still being filled.
            if item.is_null() {
                return;
            }
            let tuple_type = (*item).ob_type.get() == Tuple::TYPE;
            if is_gc(item) && (!tuple_type || is_tracked(item)) {
                return;
            }
        }
        super::object::gc_untrack(tuple.cast());
    }
}

// ---- what must not simply be cleared --------------------------------------------------------------------------------

unsafe fn has_legacy_finalizer(object: *mut PyObject) -> bool {
    // SAFETY: live object.
    unsafe { (*(*object).ob_type.get()).tp_del.get().is_some() }
}

/// Takes objects with `tp_del` out of `unreachable`, and all flags off its links.
unsafe fn move_legacy_finalizers(unreachable: *mut PyGC_Head, finalizers: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            (*node)._gc_next.set((*node)._gc_next.get() & !UNREACHABLE);
            let next = next_of(node);
            if has_legacy_finalizer(object_of(node)) {
                clear_collecting(node);
                move_to(node, finalizers);
            }
            node = next;
        }
    }
}

unsafe extern "C" fn visit_move(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: visited objects are live.
    unsafe {
        if is_gc(object) {
            let node = gc_head(object);
            if is_in_collection(node) {
                move_to(node, arg.cast());
                clear_collecting(node);
            }
        }
    }
    0
}

unsafe fn move_reachable_from(finalizers: *mut PyGC_Head) {
    // SAFETY: see "lists"; the list grows behind the node being visited.
    unsafe {
        let mut node = next_of(finalizers);
        while node != finalizers {
            traverse(object_of(node), visit_move, finalizers.cast());
            node = next_of(node);
        }
    }
}

/// Clears the weak references to garbage, then calls the callbacks of those that are no garbage themselves. Gives the
/// number of weak references that died of it.
unsafe fn handle_weakrefs(unreachable: *mut PyGC_Head, old: *mut PyGC_Head) -> isize {
    let to_call = Local::new();
    let to_call = to_call.head();
    let mut freed = 0;
    // SAFETY: see "lists". Nothing runs Python code before all weak references are cleared.
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            let next = next_of(node);
            let object = object_of(node);
            if weakref::is_weakref_raw(object) {
                // A callback of garbage is never called; cleared now, it cannot be found through another path.
                weakref::clear_reference(object.cast());
            }
            if let Some(list) = weakref::list_slot(object) {
                while let Some(reference) = (*list).as_ref() {
                    let reference = (&raw const *reference).cast_mut();
                    weakref::clear_reference(reference);
                    if (*reference).wr_callback.get().is_null() {
                        continue;
                    }
                    let head = gc_head(reference.cast());
                    if is_in_collection(head) {
                        continue;
                    }
                    header::incref(reference.cast());
                    move_to(head, to_call);
                }
            }
            node = next;
        }
        while !is_empty(to_call) {
            let node = next_of(to_call);
            let reference = object_of(node).cast::<PyWeakReference>();
            let callback: Borrowed<'_, Object> = Borrowed::from_ptr((*reference).wr_callback.get());
            let callback = callback.to_owned();
            if let Err(raised) = callback.call1(Borrowed::from_ptr(reference)) {
                let message = format!("Exception ignored on calling weakref callback {}", callback.to_repr_text());
                crate::types::exceptions::report_unraisable(raised, &message, None);
            }
            header::decref(reference.cast());
            if next_of(to_call) == node {
                move_to(node, old);
            } else {
                freed += 1;
            }
        }
    }
    freed
}

unsafe fn finalize_garbage(collectable: *mut PyGC_Head) {
    let seen = Local::new();
    let seen = seen.head();
    // SAFETY: see "lists"; finalisers may take nodes out of the lists, so the first one is asked for again each time.
    unsafe {
        while !is_empty(collectable) {
            let node = next_of(collectable);
            let object = object_of(node);
            move_to(node, seen);
            if is_finalized(object) {
                continue;
            }
            let Some(finalize) = (*(*object).ob_type.get()).tp_finalize.get() else { continue };
            set_finalized(object);
            header::incref(object);
            finalize(object);
            header::decref(object);
        }
        merge(seen, collectable);
    }
}

/// Clears the weak references that finalisers have made to what is garbage still, so that nothing finds objects that are
/// half cleared.
unsafe fn clear_weakrefs(garbage: *mut PyGC_Head) {
    // SAFETY: see "lists"; nothing runs Python code.
    unsafe {
        let mut node = next_of(garbage);
        while node != garbage {
            if let Some(list) = weakref::list_slot(object_of(node)) {
                while let Some(reference) = (*list).as_ref() {
                    weakref::clear_reference((&raw const *reference).cast_mut());
                }
            }
            node = next_of(node);
        }
    }
}

/// Finds what finalisers brought back, and all that it holds, and moves it to `old`.
unsafe fn handle_resurrected(unreachable: *mut PyGC_Head, still: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            clear_collecting(node);
            node = next_of(node);
        }
        deduce_unreachable(unreachable, still);
        clear_unreachable_flags(still);
        merge(unreachable, old);
    }
}

unsafe fn delete_garbage(collectable: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists"; every clear may free any part of the list.
    unsafe {
        while !is_empty(collectable) {
            let node = next_of(collectable);
            let object = object_of(node);
            if STATE.debug.get() & _PyGC_DEBUG_SAVEALL != 0 {
                let saved = garbage().and_then(|list| list.push(Ref::from_borrowed_ptr(object)));
                if let Err(raised) = saved {
                    raised.clear();
                }
            } else if let Some(clear) = (*(*object).ob_type.get()).tp_clear.get() {
                header::incref(object);
                clear(object);
                if let Err(raised) = Raised::check() {
                    let ty: Borrowed<'_, Type> = Borrowed::from_ptr((*object).ob_type.get());
                    let message = format!("Exception ignored in tp_clear of {}", ty.name());
                    crate::types::exceptions::report_unraisable(raised, &message, None);
                }
                header::decref(object);
            }
            if next_of(collectable) == node {
                // Still alive; it may die later.
                clear_collecting(node);
                move_to(node, old);
            }
        }
    }
}

unsafe fn handle_legacy_finalizers(finalizers: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(finalizers);
        while node != finalizers {
            let object = object_of(node);
            if STATE.debug.get() & _PyGC_DEBUG_SAVEALL != 0 || has_legacy_finalizer(object) {
                let saved = garbage().and_then(|list| list.push(Ref::from_borrowed_ptr(object)));
                if let Err(raised) = saved {
                    raised.clear();
                    break;
                }
            }
            node = next_of(node);
        }
        merge(finalizers, old);
    }
}

// ---- a collection ---------------------------------------------------------------------------------------------------

/// A collection that a program asked for (`PyGC_Collect`, `gc.collect`); 0 while one runs.
pub fn collect(generation: usize) -> isize {
    collect_for(generation, _Py_GC_REASON_MANUAL)
}

/// Collects `generation` and those younger; gives the number of unreachable objects. An exception that is set stays set.
pub fn collect_for(generation: usize, reason: _PyGC_Reason) -> isize {
    if STATE.collecting.get() {
        return 0;
    }
    let _aside = Raised::aside();
    STATE.collecting.set(true);
    set_trigger();
    let generation = generation.min(GENERATIONS - 1);
    if reason != _Py_GC_REASON_SHUTDOWN {
        invoke_callbacks("start", generation, 0, 0);
    }
    let debug = STATE.debug.get();
    let start = (debug & _PyGC_DEBUG_STATS != 0).then(std::time::Instant::now);
    if start.is_some() {
        show_sizes(generation);
    }
    check_lists();
    // SAFETY: the lists are whole between collections, and the flag keeps other collections out.
    let (collected, uncollectable) = unsafe { collect_lists(generation, debug) };
    check_lists();
    if let Some(start) = start {
        let seconds = start.elapsed().as_secs_f64();
        let unreachable = collected + uncollectable;
        eprintln!("gc: done, {unreachable} unreachable, {uncollectable} uncollectable, {seconds:.4}s elapsed");
    }
    if let Err(raised) = Raised::check() {
        if reason == _Py_GC_REASON_SHUTDOWN {
            raised.clear();
        } else {
            crate::types::exceptions::report_unraisable(raised, "Exception ignored in garbage collection", None);
        }
    }
    let stats = &STATE.stats[generation];
    stats.collections.set(stats.collections.get() + 1);
    stats.collected.set(stats.collected.get() + collected);
    stats.uncollectable.set(stats.uncollectable.get() + uncollectable);
    if reason != _Py_GC_REASON_SHUTDOWN {
        invoke_callbacks("stop", generation, collected, uncollectable);
    }
    STATE.collecting.set(false);
    set_trigger();
    collected + uncollectable
}

fn check_lists() {
    for list in [generation_head(0), generation_head(1), generation_head(2), permanent_head()] {
        // SAFETY: no collection is at work on the lists.
        unsafe { checked::check_list(list) };
    }
}

unsafe fn collect_lists(generation: usize, debug: c_int) -> (isize, isize) {
    // SAFETY: see "lists".
    unsafe {
        if generation + 1 < GENERATIONS {
            let count = &STATE.counts[generation + 1];
            count.set(count.get() + 1);
        }
        COUNT.set(0);
        for younger in 0..=generation {
            STATE.counts[younger].set(0);
        }
        let young = generation_head(generation);
        for younger in 0..generation {
            merge(generation_head(younger), young);
        }
        let last = generation == GENERATIONS - 1;
        let old = if last { young } else { generation_head(generation + 1) };

        let unreachable = Local::new();
        let unreachable = unreachable.head();
        deduce_unreachable(young, unreachable);
        untrack_tuples(young);
        if last {
            STATE.long_lived_pending.set(0);
            STATE.long_lived_total.set(size(young));
        } else {
            if generation == GENERATIONS - 2 {
                STATE.long_lived_pending.set(STATE.long_lived_pending.get() + size(young));
            }
            merge(young, old);
        }

        let finalizers = Local::new();
        let finalizers = finalizers.head();
        move_legacy_finalizers(unreachable, finalizers);
        move_reachable_from(finalizers);
        if debug & _PyGC_DEBUG_COLLECTABLE != 0 {
            show_objects("collectable", unreachable);
        }
        let mut collected = handle_weakrefs(unreachable, old);
        finalize_garbage(unreachable);
        let garbage = Local::new();
        let garbage = garbage.head();
        handle_resurrected(unreachable, garbage, old);
        clear_weakrefs(garbage);
        collected += size(garbage) as isize;
        delete_garbage(garbage, old);

        let uncollectable = size(finalizers) as isize;
        if debug & _PyGC_DEBUG_UNCOLLECTABLE != 0 {
            show_objects("uncollectable", finalizers);
        }
        handle_legacy_finalizers(finalizers, old);
        if last {
            clear_free_lists();
        }
        (collected, uncollectable)
    }
}

fn show_sizes(generation: usize) {
    // SAFETY: the lists are whole.
    let sizes = unsafe { [0, 1, 2].map(|generation| size(generation_head(generation))) };
    eprintln!("gc: collecting generation {generation}...");
    eprintln!("gc: objects in each generation: {} {} {}", sizes[0], sizes[1], sizes[2]);
    eprintln!("gc: objects in permanent generation: {}", freeze_count());
}

unsafe fn show_objects(what: &str, list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(list);
        while node != list {
            let object: Borrowed<'_, Object> = Borrowed::from_ptr(object_of(node));
            eprintln!("gc: {what} <{} {:p}>", object.type_name(), object.as_ptr());
            node = next_of(node);
        }
    }
}

/// Calls the functions in `gc.callbacks` with the phase and a dict about the collection.
fn invoke_callbacks(phase: &'static str, generation: usize, collected: isize, uncollectable: isize) {
    // SAFETY: cloned at once.
    let Some(callbacks) = (unsafe { (*STATE.callbacks.get()).clone() }) else { return };
    if callbacks.is_empty() {
        return;
    }
    let call = || -> PyResult<()> {
        let info = Dict::new()?;
        info.set_item(id!("generation"), Int::from_isize(generation as isize)?.borrow())?;
        info.set_item(id!("collected"), Int::from_isize(collected)?.borrow())?;
        info.set_item(id!("uncollectable"), Int::from_isize(uncollectable)?.borrow())?;
        let phase = Str::from_utf8_str(phase)?;
        let mut index = 0;
        while let Some(callback) = callbacks.get(index) {
            if let Err(raised) = callback.call(&[phase.as_borrowed(), info.as_borrowed()]) {
                let message = format!("Exception ignored while calling GC callback {}", callback.to_repr_text());
                crate::types::exceptions::report_unraisable(raised, &message, None);
            }
            index += 1;
        }
        Ok(())
    };
    if let Err(raised) = call() {
        crate::types::exceptions::report_unraisable(raised, "Exception ignored on invoking gc callbacks", None);
    }
}

/// What the collector says about `gc.garbage` when the process ends (`_PyGC_DumpShutdownStats`).
pub fn dump_shutdown_stats() {
    // SAFETY: cloned at once.
    let Some(garbage) = (unsafe { (*STATE.garbage.get()).clone() }) else { return };
    if STATE.debug.get() & _PyGC_DEBUG_SAVEALL != 0 || garbage.is_empty() {
        return;
    }
    let count = garbage.len();
    let detail = STATE.debug.get() & _PyGC_DEBUG_UNCOLLECTABLE != 0;
    let hint = if detail { "" } else { "; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them" };
    let message = format!("gc: {count} uncollectable objects at shutdown{hint}");
    let category = crate::types::exceptions::ResourceWarning::type_object();
    if let Err(raised) = crate::modules::warnings::warn(category, &message, 1) {
        crate::types::exceptions::report_unraisable_object(raised, None);
    }
    if detail {
        eprintln!("      {}", garbage.as_object().to_repr_text());
    }
}

// ---- what programs ask ----------------------------------------------------------------------------------------------

/// Calls `body` with each tracked object of the generations, `None` being all; the permanent generation is not among them.
/// Must not run Python code or allocate tracked objects.
fn for_each_object(generation: Option<usize>, mut body: impl FnMut(*mut PyObject) -> bool) {
    let range = generation.map_or(0..GENERATIONS, |generation| generation..generation + 1);
    for generation in range {
        let list = generation_head(generation);
        // SAFETY: the lists are whole; `body` leaves them alone.
        unsafe {
            let mut node = next_of(list);
            while node != list {
                let next = next_of(node);
                if !body(object_of(node)) {
                    return;
                }
                node = next;
            }
        }
    }
}

/// The tracked objects, of one generation or of all (`gc.get_objects`).
pub fn objects(generation: Option<usize>) -> PyResult<Vec<Ref<Object>>> {
    let mut found = Vec::new();
    let mut result = Ok(());
    // SAFETY: listed objects are live.
    for_each_object(generation, |object| unsafe {
        result = found.try_push(Ref::from_borrowed_ptr(object));
        result.is_ok()
    });
    result.map(|()| found)
}

/// Calls `callback` with each tracked object until it answers 0 (`PyUnstable_GC_VisitObjects`).
///
/// # Safety
/// The callback keeps to the rules of that function.
pub unsafe fn visit_objects(callback: gcvisitobjects_t, arg: *mut c_void) {
    let (enabled, mut go_on) = (STATE.enabled.get(), true);
    set_enabled(false);
    // SAFETY: objects are live; the callback by contract.
    for_each_object(None, |object| unsafe {
        header::incref(object);
        go_on = callback(object, arg) != 0;
        header::decref(object);
        go_on
    });
    set_enabled(enabled);
}

unsafe extern "C" fn visit_wanted(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: `arg` is the slice that `referrers` passes.
    let wanted = unsafe { &*arg.cast::<&[*mut PyObject]>() };
    wanted.contains(&object) as c_int
}

/// The tracked objects that refer to one of `wanted` directly, except `ignored` (`gc.get_referrers`).
pub fn referrers(wanted: &[*mut PyObject], ignored: &[*mut PyObject]) -> PyResult<Vec<Ref<Object>>> {
    let mut found = Vec::new();
    let mut result = Ok(());
    // SAFETY: listed objects are live; the slice outlives the traversal.
    for_each_object(None, |object| unsafe {
        if !ignored.contains(&object) && traverse(object, visit_wanted, (&raw const wanted).cast_mut().cast()) != 0 {
            result = found.try_push(Ref::from_borrowed_ptr(object));
        }
        result.is_ok()
    });
    result.map(|()| found)
}

unsafe extern "C" fn visit_collect(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: `arg` is the vector that `referents` passes; the object is live.
    let pushed = unsafe { (*arg.cast::<Vec<Ref<Object>>>()).try_push(Ref::from_borrowed_ptr(object)) };
    if pushed.is_ok() { 0 } else { -1 }
}

/// What the object refers to directly, as its `tp_traverse` says (`gc.get_referents`).
pub fn referents(object: Borrowed<'_, Object>, into: &mut Vec<Ref<Object>>) -> PyResult<()> {
    // SAFETY: live object of the collector.
    unsafe {
        if is_gc(object.as_ptr()) && traverse(object.as_ptr(), visit_collect, (&raw mut *into).cast()) < 0 {
            return Err(Raised::assume_set());
        }
    }
    Ok(())
}

/// Moves all objects to the permanent generation, which is never collected (`gc.freeze`).
pub fn freeze() {
    for generation in 0..GENERATIONS {
        // SAFETY: the lists are whole.
        unsafe { merge(generation_head(generation), permanent_head()) };
        STATE.counts[generation].set(0);
    }
    COUNT.set(0);
}

/// Moves the permanent generation to the oldest one.
pub fn unfreeze() {
    // SAFETY: the lists are whole.
    unsafe { merge(permanent_head(), generation_head(GENERATIONS - 1)) };
}

pub fn freeze_count() -> usize {
    // SAFETY: the list is whole.
    unsafe { size(permanent_head()) }
}
