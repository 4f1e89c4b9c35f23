//! `_sre`: the engine of regular expressions.
//!
//! `re._compiler` turns a pattern into words (`code.rs`); `program.rs` checks them and makes instructions of them, which
//! `machine.rs` runs on text of each width, and on bytes, as they are. `search.rs` finds the places worth trying.
//!
//! CPython: `Modules/_sre/`.

mod analysis;
mod chars;
mod code;
mod machine;
mod matching;
mod pattern;
mod prefilter;
mod program;
mod scanner;
mod search;
mod template;

use taipan_runtime::prelude::*;

use matching::Match;
use pattern::Pattern;
use scanner::Scanner;
use template::Template;

pub struct Sre;

#[pymodule(name = "_sre")]
impl Sre {
    const MAGIC: u32 = code::MAGIC;
    const CODESIZE: usize = code::CODESIZE;
    const MAXREPEAT: u32 = code::MAXREPEAT;
    const MAXGROUPS: usize = code::MAXGROUPS;
    const copyright: &str = " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ";

    #[function(signature = "($module, /, pattern, flags, code, groups, groupindex, indexgroup)")]
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

    #[function(signature = "($module, pattern, template, /)")]
    fn template(pattern: Borrowed<'_, Object>, template: Borrowed<'_, List>) -> PyResult<Ref<Template>> {
        let _ = pattern;
        Template::new(template)
    }

    #[function(signature = "($module, /)")]
    fn getcodesize() -> usize {
        code::CODESIZE
    }

    #[function(signature = "($module, character, /)")]
    fn ascii_iscased(character: i32) -> bool {
        u8::try_from(character).is_ok_and(|byte| byte.is_ascii_alphabetic())
    }

    #[function(signature = "($module, character, /)")]
    fn unicode_iscased(character: i32) -> bool {
        let character = character as u32;
        chars::lower_unicode(character) != character || chars::upper_unicode(character) != character
    }

    #[function(signature = "($module, character, /)")]
    fn ascii_tolower(character: i32) -> i64 {
        i64::from(chars::lower_ascii(character as u32))
    }

    #[function(signature = "($module, character, /)")]
    fn unicode_tolower(character: i32) -> i64 {
        i64::from(chars::lower_unicode(character as u32))
    }

    #[exec]
    fn exec(_module: &Ref<Module>) -> PyResult<()> {
        use taipan_runtime::types::type_::ready_static;
        ready_static::<Pattern>()?;
        ready_static::<Match>()?;
        ready_static::<Scanner>()?;
        ready_static::<Template>()
    }
}
