//! `iterobject.h`, `genericaliasobject.h` and the internal makers of namespaces, unions, templates.

use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::iter::{CallableIterator, SequenceIterator};
use taipan_runtime::types::namespace::Namespace;
use taipan_runtime::types::template::Template;

use crate::outcome::bad_internal_call;

capi! {
    fn PySeqIter_New(sequence: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !sequence.is_sequence() {
            return Err(bad_internal_call());
        }
        SequenceIterator::new(sequence.to_owned())
    }

    fn PyCallIter_New(callable: Borrowed<'_, Object>, sentinel: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        CallableIterator::new(callable.to_owned(), sentinel.to_owned())
    }

    fn Py_GenericAlias(origin: Borrowed<'_, Object>, arguments: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(origin, arguments)
    }

    fn _Py_union_type_or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        taipan_runtime::types::union::or(left, right)
    }

    fn _PyNamespace_New(attributes: Option<Borrowed<'_, Dict>>) -> PyResult<Ref<Namespace>> {
        Namespace::new(match attributes {
            Some(attributes) => attributes.copy()?,
            None => Dict::new()?,
        })
    }

    fn _PyTemplate_Build(strings: Borrowed<'_, Tuple>, interpolations: Borrowed<'_, Tuple>) -> PyResult<Ref<Template>> {
        Template::from_parts(strings.to_owned(), interpolations.to_owned())
    }
}
