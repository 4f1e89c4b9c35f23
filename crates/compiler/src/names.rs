//! Names as small numbers: every identifier of a compilation is interned once and compared as a `u32` from then on.

use crate::fx::FxHashMap;
use crate::text::Text;
use taipan_syntax::ast::Arena;

/// An interned name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Symbol(pub u32);

macro_rules! known {
    ($($name:ident = $text:literal,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Known { $($name),* }
        const KNOWN: &[&str] = &[$($text),*];
        /// Names that the compiler itself speaks of.
        #[allow(non_upper_case_globals)]
        pub(crate) mod known {
            use super::{Known, Symbol};
            $(pub(crate) const $name: Symbol = Symbol(Known::$name as u32);)*
        }
    };
}

known! {
    empty = "",
    class = "__class__",
    classdict = "__classdict__",
    conditional_annotations = "__conditional_annotations__",
    super_ = "super",
    debug = "__debug__",
    dot_format = ".format",
    format = "format",
    dot_type_params = ".type_params",
    dot_generic_base = ".generic_base",
    dot_defaults = ".defaults",
    dot_kwdefaults = ".kwdefaults",
    type_params = "__type_params__",
    annotate = "__annotate__",
    annotate_func = "__annotate_func__",
    annotations = "__annotations__",
    name = "__name__",
    module = "__module__",
    qualname = "__qualname__",
    firstlineno = "__firstlineno__",
    doc = "__doc__",
    static_attributes = "__static_attributes__",
    classdictcell = "__classdictcell__",
    classcell = "__classcell__",
    anon_module = "<module>",
    anon_lambda = "<lambda>",
    anon_genexpr = "<genexpr>",
    anon_listcomp = "<listcomp>",
    anon_setcomp = "<setcomp>",
    anon_dictcomp = "<dictcomp>",
    top = "top",
    lambda = "lambda",
    genexpr = "genexpr",
    listcomp = "listcomp",
    setcomp = "setcomp",
    dictcomp = "dictcomp",
    dot_zero = ".0",
    join = "join",
}

/// The names of one compilation.
pub(crate) struct Names<'a> {
    /// Holds the names that the source does not spell, such as mangled ones.
    arena: &'a Arena,
    map: FxHashMap<&'a str, Symbol>,
    strings: Vec<&'a str>,
    /// The shared form that code objects hold, made on first use.
    texts: Vec<Option<Text>>,
}

impl<'a> Names<'a> {
    pub fn new(arena: &'a Arena) -> Names<'a> {
        let mut names = Names {
            arena,
            map: FxHashMap::with_capacity_and_hasher(256, Default::default()),
            strings: Vec::with_capacity(256),
            texts: Vec::with_capacity(256),
        };
        for text in KNOWN {
            names.intern(text);
        }
        names
    }

    #[inline]
    pub fn intern(&mut self, text: &'a str) -> Symbol {
        if let Some(symbol) = self.map.get(text) {
            return *symbol;
        }
        let symbol = Symbol(self.strings.len() as u32);
        self.strings.push(text);
        self.texts.push(None);
        self.map.insert(text, symbol);
        symbol
    }

    /// Interns a string that was made during the compilation.
    pub fn intern_owned(&mut self, text: &str) -> Symbol {
        match self.map.get(text) {
            Some(symbol) => *symbol,
            None => {
                let text = self.arena.str(text);
                self.intern(text)
            }
        }
    }

    #[inline]
    pub fn get(&self, symbol: Symbol) -> &'a str {
        self.strings[symbol.0 as usize]
    }

    /// The name as code objects hold it.
    pub fn text(&mut self, symbol: Symbol) -> Text {
        let index = symbol.0 as usize;
        let slot = &mut self.texts[index];
        if let Some(text) = slot {
            return text.clone();
        }
        let text = Text::new(self.strings[index]);
        *slot = Some(text.clone());
        text
    }

    /// `ident` as it reads inside class `class`: `__x` becomes `_Class__x`.
    pub fn mangle(&mut self, class: Option<Symbol>, ident: Symbol) -> Symbol {
        let Some(class) = class else { return ident };
        let text = self.get(ident);
        if !text.starts_with("__") || text.ends_with("__") || text.contains('.') {
            return ident;
        }
        let stripped = self.get(class).trim_start_matches('_');
        if stripped.is_empty() {
            return ident;
        }
        let mangled = format!("_{stripped}{text}");
        self.intern_owned(&mangled)
    }
}
