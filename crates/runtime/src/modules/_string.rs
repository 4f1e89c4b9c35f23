//! The module `_string`: what `string.Formatter` is built on.
//!
//! CPython: `Objects/unicodeobject.c`, at its end.

use crate::prelude::*;
use crate::types::str::format;

pub struct StringModule;

#[pymodule(name = "_string")]
impl StringModule {
    #[function(signature = "(object, /)", text_signature = "($self, object, /)")]
    fn formatter_field_name_split(object: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        format::formatter_field_name_split(object)
    }

    #[function(signature = "(object, /)", text_signature = "($self, object, /)")]
    fn formatter_parser(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        format::formatter_parser(object)
    }
}
