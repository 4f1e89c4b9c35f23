//! Names of characters, from the module `unicodedata`.

use crate::prelude::*;
use crate::types::exceptions::KeyError;
use crate::types::str::outside::import;

/// The name of a character, if it has one.
pub(super) fn name_of(c: u32) -> PyResult<Option<Ref<Str>>> {
    let module = import("unicodedata")?;
    let (c, none) = (Str::from_code_point(c)?, none());
    let name = module.getattr(id!("name"))?.call(&[c.as_borrowed(), none.borrow()])?;
    Ok(name.into_downcast::<Str>().ok())
}

/// The character of a name (an alias counts, a sequence of several characters does not).
pub(super) fn character_of(name: &[u8]) -> PyResult<Option<u32>> {
    let module = import("unicodedata")?;
    let name = Str::from_ucs1(name)?;
    match module.getattr(id!("lookup"))?.call1(name.as_borrowed()) {
        Ok(found) => Ok(found.downcast::<Str>().filter(|text| text.len() == 1).map(|text| text.char_at(0))),
        Err(raised) => raised.clear_if::<KeyError>().map(|()| None),
    }
}
