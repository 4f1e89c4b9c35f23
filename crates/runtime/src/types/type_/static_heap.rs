//! Heap types in static storage: what CPython makes from a specification when a module is executed.
//!
//! Such a type has all that a heap type has (suites of its own, a name object, `__module__` in its dictionary, the flag), so
//! that Python code and extensions see the same, and an address known at compile time. **Invariant:** it is immortal and
//! stays out of the collector's lists, and the slots of the native type neither count nor visit it: a class of Python that
//! derives from it answers for itself, as it does above a static type ([`answers_for_type`]).

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use super::raw::{TypePtr, is_heap_type, short_name};
use crate::abi::*;
use crate::prelude::*;

/// A heap type with the words in front of it that the collector expects of every collected object.
#[repr(C)]
pub struct StaticHeapType {
    head: PyGC_Head,
    heap: PyHeapTypeObject,
}
const _: () = assert!(offset_of!(StaticHeapType, heap) == size_of::<PyGC_Head>());

// SAFETY: written under the same lock as every other type.
unsafe impl Sync for StaticHeapType {}

impl StaticHeapType {
    pub const fn new(mut ht_type: PyTypeObject) -> StaticHeapType {
        ht_type.ob_base.ob_base.ob_flags = Cell::new(_Py_IMMORTAL_FLAGS | _Py_STATICALLY_ALLOCATED_FLAG | MARK);
        StaticHeapType {
            head: PyGC_Head { _gc_next: Cell::new(0), _gc_prev: Cell::new(0) },
            heap: PyHeapTypeObject { ht_type, ..PyHeapTypeObject::ZERO },
        }
    }

    /// The type object.
    pub const fn get(this: *const StaticHeapType) -> TypePtr {
        this.cast_mut().wrapping_byte_add(offset_of!(StaticHeapType, heap)).cast()
    }
}

/// In `ob_flags`, where CPython has no such bit. Neither static storage nor the flag for heap types would do: Cython sets that flag
/// on its static types while they are made ready.
const MARK: u16 = 1 << 8;

/// Whether `ty` is one of these.
///
/// # Safety
/// `ty` is a live type.
#[inline]
pub unsafe fn is_static_heap(ty: TypePtr) -> bool {
    // SAFETY: by contract.
    unsafe { (*ty).ob_base.ob_base.ob_flags.get() & MARK != 0 }
}

/// Whether the slots of `base` count and visit the type of an instance: those of heap types made by extensions do.
///
/// # Safety
/// `base` is a live type.
#[inline]
pub unsafe fn answers_for_type(base: TypePtr) -> bool {
    // SAFETY: by contract.
    unsafe { is_heap_type(base) && !is_static_heap(base) }
}

/// Fills what a declaration cannot: names, and the suites, which are copied so that attributes set later can change them.
///
/// # Safety
/// `ty` is such a type and not ready.
pub unsafe fn prepare(ty: TypePtr) -> PyResult<()> {
    /// Points `link` at the heap type's own copy of a suite.
    unsafe fn adopt<T>(link: &Cell<*mut T>, own: *const T) {
        // SAFETY: both are suites of this type, written before anybody uses it.
        unsafe {
            if !link.get().is_null() {
                own.cast_mut().copy_from_nonoverlapping(link.get(), 1);
            }
            link.set(own.cast_mut());
        }
    }
    // SAFETY: by contract.
    unsafe {
        let heap = ty.cast::<PyHeapTypeObject>();
        let name = Str::intern(Str::from_utf8_str(&String::from_utf8_lossy(short_name(ty)))?);
        (*heap).ht_name.set(name.clone().into_ptr());
        (*heap).ht_qualname.set(name.into_ptr());
        adopt(&(*ty).tp_as_async, &raw const (*heap).as_async);
        adopt(&(*ty).tp_as_number, &raw const (*heap).as_number);
        adopt(&(*ty).tp_as_mapping, &raw const (*heap).as_mapping);
        adopt(&(*ty).tp_as_sequence, &raw const (*heap).as_sequence);
        adopt(&(*ty).tp_as_buffer, &raw const (*heap).as_buffer);
        Ok(())
    }
}

/// Adds `__module__`, which heap types keep in their dictionary, behind everything else.
///
/// # Safety
/// `ty` is such a type and ready.
pub unsafe fn finish(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by contract; `tp_name` is the whole name with its module.
    unsafe {
        let name = CStr::from_ptr((*ty).tp_name.get()).to_string_lossy();
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
        if let Some((module, _)) = name.rsplit_once('.')
            && handle.dict().get_str(id!("__module__")).is_none()
        {
            let module = Str::intern_str(module)?;
            handle.dict().set_str(id!("__module__"), module.borrow().upcast())?;
        }
        Ok(())
    }
}

/// A new one, for types whose description is known only at run time. It lives as long as the process.
pub fn leak() -> TypePtr {
    let ty = PyTypeObject {
        ob_base: PyVarObject::immortal(Type::TYPE, 0),
        tp_flags: Cell::new(Py_TPFLAGS_HEAPTYPE),
        ..PyTypeObject::ZERO
    };
    StaticHeapType::get(ptr::from_mut(Box::leak(Box::new(StaticHeapType::new(ty)))))
}
