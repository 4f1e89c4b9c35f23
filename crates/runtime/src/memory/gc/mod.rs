//! The cyclic collector: three generations over the two-word heads.
//!
//! A collection copies the counts of all objects of a generation into their heads, subtracts the references that come from
//! inside, and what then has a count left is reachable from outside; whatever nothing reachable leads to is garbage. Its
//! weak references are cleared, finalisers run once, what they brought back is kept, and the rest is cleared.
//! **Invariant:** outside a collection `_gc_next` has no flag bits and `_gc_prev` none but `FINALIZED`.
//! **Common contract of the folder:** heads and members of lists are live and well linked, apart from the flag bits that the phases
//! of a collection put there.
//! CPython: `Python/gc.c`, `InternalDocs/garbage_collector.md`.

mod garbage;
mod inspect;
mod list;
mod reach;

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
use garbage::*;
pub use inspect::*;
use list::*;
use reach::*;

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
