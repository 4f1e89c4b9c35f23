//! `_suggestions`: the name that a misspelt one may have meant. CPython: `Modules/_suggestions.c`.

use taipan_runtime::object::args::suggest::closest_name;
use taipan_runtime::prelude::*;

pub struct Suggestions;

#[pymodule(name = "_suggestions")]
impl Suggestions {
    #[function(signature = "(candidates, item, /)")]
    fn _generate_suggestions(
        candidates: Borrowed<'_, Object>,
        item: Borrowed<'_, Str>,
    ) -> PyResult<Option<Ref<Object>>> {
        let Some(candidates) = candidates.downcast_exact::<List>() else {
            return Err(raise!(TypeError, "candidates must be a list"));
        };
        let mut names = Vec::new();
        for candidate in candidates.try_to_vec()? {
            match candidate.downcast::<Str>() {
                Some(name) => names.push(name.to_display()),
                None => return Err(raise!(TypeError, "all elements in 'candidates' must be strings")),
            }
        }
        match closest_name(names.iter().map(String::as_str), &item.to_display()) {
            Some(name) => Ok(Some(Str::from_utf8_str(name)?.into_object())),
            None => Ok(None),
        }
    }
}
