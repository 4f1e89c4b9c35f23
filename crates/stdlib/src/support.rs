//! What the types of native modules share: making, visiting, clearing and freeing instances whose references are
//! `Slot`s, and tuples that are used again for each result.
//!
//! **Invariant:** an instance is made with all its fields zero, which is valid for `tp_traverse` and `tp_dealloc`, so it may
//! be dropped half made.

use core::cell::Cell;
use core::fmt;
use core::ptr;

use taipan_runtime::memory::object as memory;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
pub use taipan_runtime::thread::Slot;
use taipan_runtime::types::exceptions;

/// An instance of `cls`, a subtype of `T`, with its fields zeroed.
#[inline]
pub fn instance<T: PyLayout>(cls: Borrowed<'_, Type>) -> PyResult<Ref<T>> {
    // SAFETY: `cls` is a subtype of `T`'s type, or that itself.
    unsafe { Ok(cls.alloc(0)?.into_unchecked()) }
}

/// An instance of exactly `T`, a type of the collector, with its fields zeroed.
#[inline]
pub fn instance_exact<T: PyLayout>() -> PyResult<Ref<T>> {
    // SAFETY: zeroed fields may be traversed.
    unsafe {
        let object = memory::new::<T>()?;
        memory::gc_track(object.cast());
        Ok(Ref::from_owned_ptr(object))
    }
}

/// The whole `tp_dealloc` of a type of the collector that owns nothing but the slots.
///
/// # Safety
/// Called by `tp_dealloc` of the type of `this`; the slots are fields of it.
#[inline]
pub unsafe fn dealloc<T, const N: usize>(this: *mut T, slots: [&Slot; N]) {
    // SAFETY: by contract.
    unsafe {
        memory::gc_untrack(this.cast());
        for slot in slots {
            drop(slot.take());
        }
        memory::dealloc_finish(this);
    }
}

/// As [`dealloc`], for types with weak references.
///
/// # Safety
/// As there.
pub unsafe fn dealloc_with_weakrefs<T, const N: usize>(this: *mut T, slots: [&Slot; N]) {
    // SAFETY: by contract.
    unsafe {
        memory::gc_untrack(this.cast());
        taipan_runtime::types::weakref::clear_refs(this.cast());
        for slot in slots {
            drop(slot.take());
        }
        memory::dealloc_finish(this);
    }
}

#[inline]
pub fn traverse<const N: usize>(slots: [&Slot; N], visit: &mut Visitor) {
    for slot in slots {
        visit.object(slot.as_ptr());
    }
}

pub fn clear<const N: usize>(slots: [&Slot; N]) {
    for slot in slots {
        drop(slot.take());
    }
}

/// What a slot holds, for fields that are set once and cleared by the collector alone: it cannot clear an object that is
/// in use.
#[inline(always)]
pub fn fixed(slot: &Slot) -> Option<Borrowed<'_, Object>> {
    // SAFETY: null or a live object that the slot owns for as long as the object in use lives.
    unsafe { Borrowed::from_ptr_or_null(slot.as_ptr()) }
}

/// As [`fixed`], as a tuple.
///
/// # Safety
/// Only tuples are put into the slot.
#[inline(always)]
pub unsafe fn fixed_tuple(slot: &Slot) -> Option<Borrowed<'_, Tuple>> {
    // SAFETY: by contract.
    unsafe { Borrowed::from_ptr_or_null(slot.as_ptr()) }
}

/// The items of a tuple that nobody else has, to be changed in place.
///
/// # Safety
/// `tuple` is live, and the caller keeps to the rules of [`tuple_is_ours`].
#[inline(always)]
pub unsafe fn tuple_items(tuple: *mut abi::PyObject) -> *mut *mut abi::PyObject {
    // SAFETY: by contract.
    unsafe { (&raw mut (*tuple.cast::<abi::PyTupleObject>()).ob_item).cast() }
}

/// Whether the caller's count of the tuple is the only one, so that it may be changed.
#[inline(always)]
pub fn tuple_is_ours(tuple: *mut abi::PyObject) -> bool {
    // SAFETY: a live tuple.
    unsafe { (*tuple).ob_refcnt.get() == 1 }
}

/// Makes a tuple that was changed what a new one is: without a hash, and seen by the collector.
///
/// # Safety
/// `tuple` is a live tuple.
#[inline(always)]
pub unsafe fn refresh_tuple(tuple: *mut abi::PyObject) {
    // SAFETY: by contract.
    unsafe {
        (*tuple.cast::<abi::PyTupleObject>()).ob_hash.set(-1);
        if !memory::is_tracked(tuple) {
            memory::gc_track(tuple);
        }
    }
}

/// A result tuple kept in `slot`, to be changed and given out: the same again while the slot alone has it, else a copy, which
/// takes its place. The count that the caller gets keeps a step that comes in between from using the tuple too.
///
/// # Safety
/// `slot` holds a tuple.
#[inline]
pub unsafe fn reusable_tuple(slot: &Slot) -> PyResult<Ref<Object>> {
    let tuple = slot.as_ptr();
    // SAFETY: by contract.
    unsafe {
        if tuple_is_ours(tuple) {
            return Ok(Ref::from_borrowed_ptr(tuple));
        }
        let old: Borrowed<'_, Tuple> = Borrowed::from_ptr(tuple);
        let copy = Tuple::from_raw_slice(old.items_ptr(), old.len())?.into_object();
        slot.set(Some(copy.clone()));
        Ok(copy)
    }
}

/// A new count for the caller, as a pointer.
#[inline(always)]
pub fn owned_pointer(object: Borrowed<'_, Object>) -> *mut abi::PyObject {
    // SAFETY: a handle's object is live.
    unsafe { header::incref(object.as_ptr()) };
    object.as_ptr()
}

/// One string of all pieces.
pub fn concat(pieces: Vec<Ref<Str>>) -> PyResult<Ref<Str>> {
    let pieces = List::from_vec(pieces.into_iter().map(Ref::into_object).collect())?;
    let joined = id!("").as_object().call_method(id!("join"), &[pieces.as_borrowed()])?;
    match joined.into_downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => Err(raise!(TypeError, "expected str, got {}", other.type_name())),
    }
}

/// A field that owns a Rust value or nothing; nothing is a zero word.
#[repr(transparent)]
pub struct Place<T>(Cell<*mut T>);

impl<T> Place<T> {
    /// The value.
    ///
    /// # Safety
    /// It is not replaced or taken while the reference lives.
    #[inline(always)]
    pub unsafe fn get(&self) -> Option<&T> {
        // SAFETY: null or a live box.
        unsafe { self.0.get().as_ref() }
    }

    pub fn set(&self, value: T) {
        let new = Box::into_raw(Box::new(value));
        // SAFETY: only boxes are put there.
        drop(unsafe { owned_box(self.0.replace(new)) });
    }

    pub fn take(&self) -> Option<Box<T>> {
        // SAFETY: only boxes are put there.
        unsafe { owned_box(self.0.replace(ptr::null_mut())) }
    }
}

/// # Safety
/// Null, or from `Box::into_raw`, once.
unsafe fn owned_box<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: by contract.
    if pointer.is_null() { None } else { Some(unsafe { Box::from_raw(pointer) }) }
}

/// An exception class of a module, made when it is first wanted and never freed.
pub struct ErrorClass {
    class: Slot,
    module: &'static str,
    name: &'static str,
    base: fn() -> Borrowed<'static, Type>,
}

impl ErrorClass {
    pub const fn new(module: &'static str, name: &'static str, base: fn() -> Borrowed<'static, Type>) -> ErrorClass {
        ErrorClass { class: Slot::new(), module, name, base }
    }

    pub fn class(&self) -> PyResult<Ref<Object>> {
        if let Some(class) = self.class.get() {
            return Ok(class);
        }
        let bases = Tuple::pack([(self.base)().upcast().to_owned()])?;
        let dict = Dict::new()?;
        dict.set_str(id!("__module__"), Str::from_utf8_str(self.module)?.borrow())?;
        if let Some(doc) = taipan_runtime::types::descr::doc::find(&format!("{}.{}", self.module, self.name)) {
            dict.set_str(id!("__doc__"), Str::from_utf8_str(doc)?.borrow())?;
        }
        let class = Type::create(self.name, bases.borrow(), dict.borrow())?.into_object();
        self.class.set(Some(class.clone()));
        Ok(class)
    }

    /// Puts the class into its module.
    pub fn add_to(&self, module: &Ref<Module>) -> PyResult<()> {
        module.add(self.name, self.class()?)
    }

    /// Raises an instance with one message.
    #[cold]
    #[inline(never)]
    pub fn raise(&self, message: fmt::Arguments<'_>) -> Raised {
        let made = self.class().and_then(|class| Ok((class, Str::from_utf8_str(&message.to_string())?)));
        match made {
            Ok((class, message)) => exceptions::set_object(class.borrow(), Some(message.as_borrowed())),
            Err(raised) => raised,
        }
    }
}

/// The name of an object's type with its module, where that says something (`%T` in messages).
pub fn type_text(object: &Ref<Object>) -> String {
    match object.type_of().full_name() {
        Ok(name) => match name.strip_prefix("__main__.") {
            Some(short) => short.to_owned(),
            None => name,
        },
        Err(raised) => {
            raised.clear();
            object.type_name()
        }
    }
}

/// Adds a note to the exception that is set.
#[cold]
pub fn add_note(raised: Raised, note: impl FnOnce() -> String) -> Raised {
    let exception = raised.take();
    let note = note();
    let add = || -> PyResult<()> {
        let note = Str::from_utf8_str(&note)?;
        exception.call_method(id!("add_note"), &[note.as_borrowed()])?;
        Ok(())
    };
    match add() {
        Ok(()) => Raised::restore(exception),
        Err(raised) => raised,
    }
}
