//! Who waits for a future: for tools that draw the graph of waiting tasks. One waiter is kept as it is, several as a set.

use taipan_runtime::prelude::*;

use super::future::{Future, FutureState};
use crate::support::Slot;

fn state_of(future: &Ref<Object>) -> Option<&FutureState> {
    if !future.is_instance_of::<Future>() {
        return None;
    }
    // SAFETY: just checked; the state lives as long as the object.
    Some(unsafe { &(*future.as_ptr().cast::<Future>()).state })
}

/// Notes that `waiter` waits for `future`, where both are of this module.
pub fn add(future: &Ref<Object>, waiter: &Ref<Object>) -> PyResult<()> {
    let (Some(state), Some(_)) = (state_of(future), state_of(waiter)) else { return Ok(()) };
    let slot: &Slot = &state.awaited_by;
    let Some(present) = slot.get() else {
        slot.set(Some(waiter.clone()));
        return Ok(());
    };
    if let Some(set) = present.downcast_exact::<Set>() {
        return set.add(waiter.borrow());
    }
    let set = Set::new()?;
    set.add(present.borrow())?;
    set.add(waiter.borrow())?;
    slot.set(Some(set.into_object()));
    Ok(())
}

pub fn discard(future: &Ref<Object>, waiter: &Ref<Object>) -> PyResult<()> {
    let (Some(state), Some(_)) = (state_of(future), state_of(waiter)) else { return Ok(()) };
    let Some(present) = state.awaited_by.get() else { return Ok(()) };
    if let Some(set) = present.downcast_exact::<Set>() {
        return set.discard(waiter.borrow()).map(drop);
    }
    if present.is(waiter) {
        state.awaited_by.set(None);
    }
    Ok(())
}

/// `_asyncio_awaited_by`: None or a frozen set.
pub fn snapshot(state: &FutureState) -> PyResult<Option<Ref<FrozenSet>>> {
    let Some(present) = state.awaited_by.get() else { return Ok(None) };
    if present.is_exact::<Set>() {
        return FrozenSet::from_iterable(present.borrow()).map(Some);
    }
    FrozenSet::from_iterable(Tuple::pack([present])?.as_borrowed()).map(Some)
}
