//! Iterators.

use core::ptr;

use taipan_runtime::types::generator;

use crate::support::*;

capi! {
    fn PyObject_GetIter(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        object.iter()
    }

    fn PyObject_GetAIter(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // SAFETY: null or a table that lives as long as the type.
        let method = unsafe { object.type_of().tp_as_async.get().as_ref() }.and_then(|methods| methods.am_aiter.get());
        let Some(method) = method else {
            return Err(raise!(TypeError, "'{}' object is not an async iterable", object.type_name()));
        };
        // SAFETY: the slot takes a live object.
        let iterator = unsafe { result(method(object.as_ptr()))? };
        if !is_async_iterator(&iterator) {
            return Err(raise!(TypeError, "aiter() returned not an async iterator of type '{}'", iterator.type_name()));
        }
        Ok(iterator)
    }

    fn PyIter_Check(object: Borrowed<'_, Object>) -> bool {
        object.is_iterator()
    }

    fn PyAIter_Check(object: Borrowed<'_, Object>) -> bool {
        is_async_iterator(&object)
    }

    fn PyIter_Next(iterator: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        iterator.next()
    }

    fn PyIter_NextItem(iterator: Borrowed<'_, Object>, place: *mut *mut PyObject) -> PyResult<bool> {
        let next = if iterator.type_of().tp_iternext.get().is_none() {
            Err(raise!(TypeError, "expected an iterator, got '{}'", iterator.type_name()))
        } else {
            iterator.next()
        };
        // SAFETY: C passes a place for a pointer.
        unsafe { crate::object::optional(place, || next) }
    }

    fn PyIter_Send(iterator: Borrowed<'_, Object>, value: Borrowed<'_, Object>, place: *mut *mut PyObject) -> c_int {
        let (value, status) = match generator::send_to(&iterator, value) {
            SendResult::Return(value) => (value.into_ptr(), PYGEN_RETURN),
            SendResult::Next(value) => (value.into_ptr(), PYGEN_NEXT),
            SendResult::Error(_raised) => (ptr::null_mut(), PYGEN_ERROR),
        };
        // SAFETY: C passes a place for a pointer.
        unsafe { *place = value };
        status
    }
}

fn is_async_iterator(object: &Ref<Object>) -> bool {
    // SAFETY: null or a table that lives as long as the type.
    unsafe { object.type_of().tp_as_async.get().as_ref() }.is_some_and(|methods| {
        methods.am_anext.get().is_some_and(|next| {
            next as usize != taipan_runtime::types::object::_PyObject_NextNotImplemented as *const () as usize
        })
    })
}
