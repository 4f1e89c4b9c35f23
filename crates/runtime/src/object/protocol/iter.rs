//! Iteration, and sending into generators and coroutines.

use super::attr::from_result;
use crate::prelude::*;
use crate::types::exceptions::StopIteration;

/// What `am_send` answers.
pub enum SendResult {
    /// The generator returned this value.
    Return(Ref<Object>),
    /// It yielded this value.
    Next(Ref<Object>),
    Error(Raised),
}

impl Ref<Object> {
    /// `iter(self)` (`PyObject_GetIter`).
    pub fn iter(&self) -> PyResult<Ref<Object>> {
        match self.type_of().tp_iter.get() {
            Some(iter) => {
                let _guard = crate::thread::enter_recursive(" in iter()")?;
                // SAFETY: the slot takes a live object.
                let result: Ref<Object> = unsafe { from_result(iter(self.as_ptr()))? };
                if !result.is_iterator() {
                    return Err(raise!(TypeError, "iter() returned non-iterator of type '{}'", result.type_name()));
                }
                Ok(result)
            }
            None if self.is_sequence() => crate::types::iter::SequenceIterator::new(self.clone()),
            None => Err(raise!(TypeError, "'{}' object is not iterable", self.type_name())),
        }
    }

    /// Whether the type has a usable `__next__`.
    pub fn is_iterator(&self) -> bool {
        self.type_of().tp_iternext.get().is_some_and(|next| !crate::types::object::is_next_not_implemented(next))
    }

    /// The next item of an iterator, `None` at its end (`PyIter_Next`).
    ///
    /// Iterators over iterators over iterators recurse through here.
    #[inline]
    pub fn next(&self) -> PyResult<Option<Ref<Object>>> {
        let Some(next) = self.type_of().tp_iternext.get() else {
            return Err(raise!(TypeError, "'{}' object is not an iterator", self.type_name()));
        };
        let _guard = crate::thread::enter_recursive(" while iterating")?;
        // SAFETY: the slot takes a live object; NULL without an exception is the end.
        match unsafe { Ref::from_owned_ptr_or_null(next(self.as_ptr())) } {
            Some(item) => Ok(Some(item)),
            None => end_of_iteration(),
        }
    }

    /// Runs `body` for each item of `iter(self)`.
    pub fn for_each(&self, mut body: impl FnMut(Ref<Object>) -> PyResult<()>) -> PyResult<()> {
        let iterator = self.iter()?;
        while let Some(item) = iterator.next()? {
            body(item)?;
        }
        Ok(())
    }

    /// All items as new references; exact lists and tuples are copied at once.
    pub fn collect_items(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut items = Vec::new();
        if let Some(tuple) = self.downcast_exact::<Tuple>() {
            if items.try_reserve_exact(tuple.len()).is_err() {
                return Err(Raised::no_memory());
            }
            items.extend(tuple.iter().map(|item| item.to_owned()));
            return Ok(items);
        }
        if let Some(list) = self.downcast_exact::<List>() {
            return list.try_to_vec();
        }
        if items.try_reserve(self.length_hint(0)?).is_err() {
            return Err(Raised::no_memory());
        }
        self.for_each(|item| {
            if items.try_reserve(1).is_err() {
                return Err(Raised::no_memory());
            }
            items.push(item);
            Ok(())
        })?;
        Ok(items)
    }

    /// `operator.length_hint(self, default)` (`PyObject_LengthHint`).
    pub fn length_hint(&self, default: usize) -> PyResult<usize> {
        if self.has_length() {
            match self.len() {
                Ok(length) => return Ok(length),
                Err(raised) => raised.clear_if::<crate::types::exceptions::TypeError>()?,
            }
        }
        let Some(hint) = self.lookup_special(id!("__length_hint__"))? else { return Ok(default) };
        let result = match hint.call0() {
            Ok(result) => result,
            Err(raised) => {
                raised.clear_if::<crate::types::exceptions::TypeError>()?;
                return Ok(default);
            }
        };
        if result.is_not_implemented() {
            return Ok(default);
        }
        let Some(int) = result.downcast::<Int>() else {
            return Err(raise!(TypeError, "__length_hint__ must be an integer, not {}", result.type_name()));
        };
        match usize::try_from(int.to_isize().unwrap_or(-1)) {
            Ok(hint) => Ok(hint),
            Err(_) => Err(raise!(ValueError, "__length_hint__() should return >= 0")),
        }
    }
}

/// After a NULL from `tp_iternext`: the end of the iteration unless another exception than StopIteration is set.
#[cold]
fn end_of_iteration() -> PyResult<Option<Ref<Object>>> {
    match Raised::check() {
        Ok(()) => Ok(None),
        Err(raised) => raised.clear_if::<StopIteration>().map(|()| None),
    }
}
