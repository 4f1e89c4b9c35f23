//! `structseq.h`.

use core::ffi::c_ulong;

use taipan_runtime::abi::{PyObject, PyStructSequence_Desc, PyTypeObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::struct_seq::{self, StructSeq};

use crate::parameters::Stolen;

capi! {
    fn PyStructSequence_InitType(ty: *mut PyTypeObject, description: *const PyStructSequence_Desc) {
        // SAFETY: C passes an unused static type and a complete description. An error stays set.
        let _result = unsafe { struct_seq::init_from_desc(ty, description) };
    }

    fn PyStructSequence_InitType2(ty: *mut PyTypeObject, description: *const PyStructSequence_Desc) -> PyResult<()> {
        // SAFETY: as above.
        unsafe { struct_seq::init_from_desc(ty, description) }.map(|_| ())
    }

    fn PyStructSequence_NewType(description: *const PyStructSequence_Desc) -> PyResult<Ref<Type>> {
        // SAFETY: as above; null asks for a new type.
        unsafe { struct_seq::init_from_desc(core::ptr::null_mut(), description) }
    }

    fn _PyStructSequence_NewType(description: *const PyStructSequence_Desc, flags: c_ulong) -> PyResult<Ref<Type>> {
        // SAFETY: as above.
        let class = unsafe { struct_seq::init_from_desc(core::ptr::null_mut(), description) }?;
        class.tp_flags.set(class.tp_flags.get() | flags);
        class.modified();
        Ok(class)
    }

    fn PyStructSequence_New(class: Borrowed<'_, Type>) -> PyResult<Ref<StructSeq>> { struct_seq::new_raw(&class) }

    fn PyStructSequence_SetItem(sequence: Borrowed<'_, StructSeq>, index: isize, value: Stolen) {
        if let (Ok(index), Some(value)) = (usize::try_from(index), value) {
            sequence.set(index, value);
        }
    }

    fn PyStructSequence_GetItem(sequence: Borrowed<'_, StructSeq>, index: isize) -> *mut PyObject {
        let item = usize::try_from(index).ok().and_then(|index| sequence.get(index));
        item.map_or(core::ptr::null_mut(), |item| item.as_ptr())
    }
}
