//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, and the helpers of `namedtuple` and `Counter`.
//! CPython: `Modules/_collectionsmodule.c`.

mod defaultdict;
mod deque;
mod tuplegetter;

use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::plain_hash;
use taipan_runtime::types::odict::OrderedDict;

use defaultdict::DefaultDict;
use deque::{Deque, DequeIterator, DequeReverseIterator};
use tuplegetter::TupleGetter;

pub struct Collections;

/// Whether both types find the same attribute under the name.
fn same_method(class: &Ref<Type>, name: Borrowed<'_, Str>) -> bool {
    match (class.lookup(name), Dict::type_object().lookup(name)) {
        (Some(a), Some(b)) => a.is(&b),
        _ => false,
    }
}

#[pymodule(name = "_collections")]
impl Collections {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Deque>()?;
        module.add_type::<DefaultDict>()?;
        module.add("OrderedDict", OrderedDict::type_object())?;
        module.add_type::<DequeIterator>()?;
        module.add_type::<DequeReverseIterator>()?;
        module.add_type::<TupleGetter>()
    }

    /// Counts the items of an iterable in a mapping: `Counter.update`.
    #[function(signature = "($module, mapping, iterable, /)")]
    fn _count_elements(mapping: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        let iterator = iterable.iter()?;
        let one = Int::one().into_object();
        let class = mapping.type_of();
        if let Some(dict) = mapping.downcast::<Dict>()
            && same_method(&class, id!("get"))
            && same_method(&class, id!("__setitem__"))
        {
            while let Some(key) = iterator.next()? {
                let hash = match plain_hash(key.borrow()) {
                    -1 => key.hash()?,
                    hash => hash,
                };
                dict.count_key(key.borrow(), hash)?;
            }
            return Ok(());
        }
        let get = mapping.getattr(id!("get"))?;
        let zero = Int::zero().into_object();
        while let Some(key) = iterator.next()? {
            let old = get.call(&[key.borrow(), zero.borrow()])?;
            let new = old.add(one.borrow())?;
            mapping.set_item(key.borrow(), new.borrow())?;
        }
        Ok(())
    }
}
