//! `picklebufobject.h`.

use taipan_runtime::abi::Py_buffer;
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;
use taipan_runtime::types::pickle_buffer::PickleBuffer;

/// A pickle buffer, or TypeError.
fn expect_buffer<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, PickleBuffer>> {
    match object.downcast_borrowed::<PickleBuffer>() {
        Some(buffer) => Ok(buffer),
        None => Err(raise!(TypeError, "expected PickleBuffer, {} found", qualified_type_name(object))),
    }
}

capi! {
    fn PyPickleBuffer_FromObject(object: Borrowed<'_, Object>) -> PyResult<Ref<PickleBuffer>> { PickleBuffer::from_object(object) }
    fn PyPickleBuffer_GetBuffer(object: Borrowed<'_, Object>) -> PyResult<*const Py_buffer> { expect_buffer(object)?.buffer() }

    fn PyPickleBuffer_Release(object: Borrowed<'_, Object>) -> PyResult<()> {
        expect_buffer(object)?.release();
        Ok(())
    }
}
