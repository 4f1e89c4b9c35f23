//! `array`: sequences of machine values. CPython: `Modules/arraymodule.c`.
//!
//! Conversions of values run Python code, which may change the array: a value is converted to bits first, and the place is
//! checked after that.

mod iter;
mod kind;
mod methods;
mod new;
mod raw;
mod reconstruct;

use taipan_runtime::import;
use taipan_runtime::prelude::*;

use iter::ArrayIterator;
pub use raw::Array;

pub struct ArrayModule;

#[pymodule(name = "array")]
impl ArrayModule {
    #[function(signature = "($module, arraytype, typecode, mformat_code, items, /)")]
    fn _array_reconstructor(
        arraytype: Borrowed<'_, Object>,
        typecode: Borrowed<'_, Object>,
        mformat_code: i32,
        items: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        reconstruct::reconstruct(arraytype, typecode, mformat_code, items)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<ArrayIterator>()?;
        module.add_type::<Array>()?;
        let sequences = import::import_attr("collections.abc", "MutableSequence")?;
        sequences.call_method(id!("register"), &[Array::type_object().upcast()])?;
        module.add("ArrayType", Array::type_object())?;
        let codes: String = kind::KINDS.iter().map(|kind| kind.typecode as char).collect();
        module.add("typecodes", Str::from_utf8_str(&codes)?)
    }
}
