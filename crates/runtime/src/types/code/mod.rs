//! `code`: compiled code as an object.
//!
//! The head has CPython's layout; the instructions stand behind it and are specialised in place, so `co_code` is made
//! anew with specialisation undone. **Invariant:** names and variable names are interned, and constants that can be
//! names are interned as well. CPython: `Objects/codeobject.c`.

mod build;
pub mod extra;
mod iter;
mod locations;
mod methods;

use core::ptr;

use crate::abi::{
    PY_CODE_EVENT_CREATE, PY_CODE_EVENT_DESTROY, PyCode_WatchCallback, PyCodeEvent, PyCodeObject, PyObject,
};
use crate::interp::{frame, specialize};
use crate::object::header;
use crate::prelude::*;
use crate::types::watchers::Watchers;

pub use build::CodeParts;
pub use iter::{LineIterator, PositionsIterator};
pub use locations::{Location, Locations};

/// `PyCodeObject`.
#[repr(transparent)]
pub struct Code(pub PyCodeObject);

macro_rules! object_field {
    ($($(#[$meta:meta])* $name:ident: $field:ident as $ty:ty;)*) => {
        impl Ref<Code> {
            $($(#[$meta])*
            pub fn $name(&self) -> Borrowed<'_, $ty> {
                // SAFETY: the field is set when the code object is made and never changes.
                unsafe { Borrowed::from_ptr(self.0.$field.get()) }
            })*
        }
    };
}

object_field! {
    consts: co_consts as Tuple;
    names: co_names as Tuple;
    exception_table: co_exceptiontable as Bytes;
    /// Names of locals, cells and free variables, one for each slot of a frame.
    local_names: co_localsplusnames as Tuple;
    /// Their kinds, one byte each.
    local_kinds: co_localspluskinds as Bytes;
    filename: co_filename as Str;
    name: co_name as Str;
    qualname: co_qualname as Str;
    line_table: co_linetable as Bytes;
}

impl Ref<Code> {
    pub fn raw(&self) -> *mut PyCodeObject {
        self.as_ptr().cast()
    }

    /// The number of code units.
    pub fn units(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize
    }

    /// The instructions as they stand, specialised ones included.
    pub fn adaptive_bytes(&self) -> &[u8] {
        // SAFETY: that many units follow the head.
        unsafe { core::slice::from_raw_parts(frame::first_instruction(self.raw()).cast(), self.units() * 2) }
    }

    /// The instructions as the compiler made them.
    pub fn base_bytes(&self) -> PyResult<Vec<u8>> {
        specialize::deoptimized(self)
    }

    /// The names of the variables whose kind has one of `bits`, in order.
    pub fn names_of_kind(&self, bits: u8) -> PyResult<Ref<Tuple>> {
        let names = self.local_names();
        let kinds = self.local_kinds();
        let chosen =
            names.iter().zip(kinds.as_slice()).filter(|(_, kind)| **kind & bits != 0).map(|(name, _)| name.to_owned());
        Tuple::from_vec(chosen.gather()?)
    }

    /// The line of the instruction at `index` (in units); `None` where it has none.
    pub fn line_at(&self, index: usize) -> Option<i32> {
        self.location_at(index).and_then(|location| location.line)
    }

    /// Where the instruction at `index` stands in the source.
    pub fn location_at(&self, index: usize) -> Option<Location> {
        let table = self.line_table();
        let mut locations = Locations::new(table.as_slice(), self.0.co_firstlineno.get());
        locations.find(|location| index < location.end).filter(|location| index >= location.start)
    }

    pub fn free_count(&self) -> usize {
        self.0.co_nfreevars.get() as usize
    }

    pub fn flags(&self) -> i32 {
        self.0.co_flags.get()
    }
}

/// Who wants to know of new code objects, and of those that go.
pub static WATCHERS: Watchers<PyCode_WatchCallback> = Watchers::new("code");

/// # Safety
/// `code` is complete and has a count.
#[inline(always)]
unsafe fn notify(event: PyCodeEvent, code: *mut PyCodeObject) {
    if WATCHERS.is_idle() {
        return;
    }
    // SAFETY: by contract.
    let describe = || unsafe {
        let name = if event == PY_CODE_EVENT_CREATE { "CREATE" } else { "DESTROY" };
        format!("PY_CODE_EVENT_{name} watcher callback for {}", Borrowed::<Object>::from_ptr(code).to_repr_text())
    };
    // SAFETY: as above.
    WATCHERS.notify(|callback| unsafe { callback(event, code) }, describe);
}

unsafe fn dealloc_code(code: *mut Code) {
    // SAFETY: the count came to zero; each field is an owned reference or null.
    unsafe {
        if !WATCHERS.is_idle() {
            // The callbacks see a live object, and may keep it.
            let head = &(*code).0.ob_base.ob_base;
            head.ob_refcnt.set(1);
            notify(PY_CODE_EVENT_DESTROY, code.cast());
            head.ob_refcnt.set(head.ob_refcnt.get() - 1);
            if head.ob_refcnt.get() > 0 {
                return;
            }
        }
        let raw = &(*code).0;
        if !raw.co_weakreflist.get().is_null() {
            crate::types::weakref::clear_references(code.cast());
        }
        crate::interp::monitoring::install::drop_data(code.cast());
        if !raw.co_extra.get().is_null() {
            extra::drop_all(raw.co_extra.get());
        }
        let fields = [
            &raw.co_consts,
            &raw.co_names,
            &raw.co_exceptiontable,
            &raw.co_localsplusnames,
            &raw.co_localspluskinds,
            &raw.co_filename,
            &raw.co_name,
            &raw.co_qualname,
            &raw.co_linetable,
        ];
        for field in fields {
            header::xdecref(field.replace(ptr::null_mut::<PyObject>()));
        }
        crate::memory::object::free(code.cast());
    }
}
