//! `_suggestions`: the name closest to a misspelt one, for `traceback`. CPython: `Modules/_suggestions.c`.

use taipan_runtime::object::args::suggest;
use taipan_runtime::prelude::*;

pub struct Suggestions;

#[pymodule(name = "_suggestions")]
impl Suggestions {
    #[function(signature = "($module, candidates, item, /)")]
    fn _generate_suggestions(
        candidates: Borrowed<'_, Object>,
        item: Borrowed<'_, Str>,
    ) -> PyResult<Option<Ref<Object>>> {
        let Some(candidates) = candidates.downcast_exact::<List>() else {
            return Err(raise!(TypeError, "candidates must be a list"));
        };
        let candidates = candidates.try_to_vec()?;
        let mut names = vec_with_capacity(candidates.len())?;
        for candidate in &candidates {
            match candidate.downcast::<Str>() {
                Some(name) => names.push(name),
                None => return Err(raise!(TypeError, "all elements in 'candidates' must be strings")),
            }
        }
        let mut texts = vec_with_capacity(names.len())?;
        for name in &names {
            texts.push(name.as_utf8()?);
        }
        let Some(found) = suggest::closest_name(texts.iter().copied(), item.as_utf8()?) else { return Ok(None) };
        let index = texts.iter().position(|text| core::ptr::eq(*text, found));
        Ok(index.map(|index| candidates[index].clone()))
    }
}
