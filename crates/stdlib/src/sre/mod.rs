//! `_sre`: compiled patterns and matches, on the engine of a crate. CPython: `Modules/_sre/`.

mod engine;
mod matching;
mod pattern;

use rustpython_sre_engine::{CODESIZE, MAXGROUPS, MAXREPEAT, SRE_MAGIC, string as engine_string};
use taipan_runtime::prelude::*;

use matching::Match;
use pattern::{Pattern, Scanner, Template};

pub struct Sre;

#[pymodule(name = "_sre")]
impl Sre {
    const MAGIC: usize = SRE_MAGIC;
    const CODESIZE: usize = CODESIZE;
    const MAXREPEAT: usize = MAXREPEAT;
    const MAXGROUPS: usize = MAXGROUPS;

    #[function(signature = "()")]
    fn getcodesize() -> usize {
        CODESIZE
    }

    #[function(signature = "(character, /)")]
    fn ascii_iscased(character: i32) -> bool {
        u8::try_from(character).is_ok_and(|byte| byte.is_ascii_alphabetic())
    }

    #[function(signature = "(character, /)")]
    fn unicode_iscased(character: i32) -> bool {
        let character = character as u32;
        engine_string::lower_unicode(character) != character || engine_string::upper_unicode(character) != character
    }

    #[function(signature = "(character, /)")]
    fn ascii_tolower(character: i32) -> i64 {
        engine_string::lower_ascii(character as u32) as i64
    }

    #[function(signature = "(character, /)")]
    fn unicode_tolower(character: i32) -> i64 {
        engine_string::lower_unicode(character as u32) as i64
    }

    #[function(signature = "(pattern, flags, code, groups, groupindex, indexgroup)")]
    fn compile(
        pattern: Borrowed<'_, Object>,
        flags: i32,
        code: Borrowed<'_, List>,
        groups: isize,
        groupindex: Borrowed<'_, Dict>,
        indexgroup: Borrowed<'_, Tuple>,
    ) -> PyResult<Ref<Pattern>> {
        Pattern::compile(pattern, flags, code, groups, groupindex, indexgroup)
    }

    #[function(signature = "(pattern, template, /)")]
    fn template(pattern: Borrowed<'_, Object>, template: Borrowed<'_, List>) -> PyResult<Ref<Template>> {
        let _ = pattern;
        Template::new(template)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Pattern>()?;
        module.add_type::<Match>()?;
        taipan_runtime::types::type_::ready_static::<Scanner>()?;
        taipan_runtime::types::type_::ready_static::<Template>()
    }
}
