//! `_functools`: `partial`, `reduce`, `cmp_to_key` and the cache behind `lru_cache`. CPython: `Modules/_functoolsmodule.c`.

mod key;
mod lru;
mod partial;

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::TypeError;
use taipan_runtime::types::{BoundMethod, type_};

use crate::support::Slot;
use key::KeyWrapper;
use lru::{Link, LruCache};
use partial::{Partial, PlaceholderType};

/// Separates positional from keyword arguments in keys of caches. The GIL guards it.
static KEYWORD_MARK: Slot = Slot::new();

/// `__get__` of callables that bind as functions do.
fn bound(function: &Ref<Object>, instance: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    match instance.filter(|instance| !instance.is_none()) {
        None => Ok(function.clone()),
        Some(instance) => Ok(BoundMethod::new(function.clone(), instance.to_owned())?.into_object()),
    }
}

pub struct Functools;

#[pymodule(name = "_functools")]
impl Functools {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<PlaceholderType>()?;
        module.add_type::<Partial>()?;
        module.add_type::<LruCache>()?;
        type_::ready_static::<KeyWrapper>()?;
        type_::ready_static::<Link>()?;
        module.add("Placeholder", partial::placeholder()?)?;
        if !KEYWORD_MARK.is_set() {
            KEYWORD_MARK.set(Some(taipan_runtime::types::object::new_plain()?));
        }
        Ok(())
    }

    #[function(signature = "($module, function, iterable, /, initial=<unrepresentable>)")]
    fn reduce(
        function: Borrowed<'_, Object>,
        iterable: Borrowed<'_, Object>,
        initial: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let iterator = match iterable.iter() {
            Ok(iterator) => iterator,
            Err(raised) => {
                raised.clear_if::<TypeError>()?;
                return Err(raise!(TypeError, "reduce() arg 2 must support iteration"));
            }
        };
        let mut result = match initial {
            Some(initial) => initial.to_owned(),
            None => match iterator.next()? {
                Some(first) => first,
                None => return Err(raise!(TypeError, "reduce() of empty iterable with no initial value")),
            },
        };
        while let Some(item) = iterator.next()? {
            result = function.call(&[result.borrow(), item.borrow()])?;
        }
        Ok(result)
    }

    #[function(signature = "($module, /, mycmp)")]
    fn cmp_to_key(mycmp: Borrowed<'_, Object>) -> PyResult<Ref<KeyWrapper>> {
        KeyWrapper::create(mycmp, None)
    }
}
