//! `genobject.h`.

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::{raise_stop_iteration, take_stop_iteration_value};

use crate::parameters::Place;

capi! {
    fn PyGen_GetCode(generator: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { generator.getattr(id!("gi_code")) }

    fn _PyGen_SetStopIterationValue(value: Borrowed<'_, Object>) -> PyResult<()> {
        Err(raise_stop_iteration(Some(value.to_owned())))
    }

    fn _PyGen_FetchStopIterationValue(result: Place<'_>) -> PyResult<()> {
        result.set(None);
        result.set(Some(take_stop_iteration_value()?));
        Ok(())
    }

}
