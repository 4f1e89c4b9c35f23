//! `cellobject.h`.

use taipan_runtime::prelude::*;
use taipan_runtime::types::cell::Cell;

use crate::outcome::expect;

capi! {
    fn PyCell_New(content: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Cell>> { Cell::new(content.map(|content| content.to_owned())) }

    fn PyCell_Get(cell: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> { Ok(expect::<Cell>(cell)?.get()) }

    fn PyCell_Set(cell: Borrowed<'_, Object>, content: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        expect::<Cell>(cell)?.set(content.map(|content| content.to_owned()));
        Ok(())
    }
}
