//! Names as small numbers: every identifier of a compilation is interned once and compared as a `u32` from then on.

use crate::fx;
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
    /// An open-addressed table, never more than half full.
    slots: Vec<Slot>,
    strings: Vec<&'a str>,
    /// The shared form that code objects hold, made on first use.
    texts: Vec<Option<Text>>,
}

/// A name's hash, and its number from 1; 0 where nothing is.
#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    number: u32,
}

#[inline]
fn hash(text: &str) -> u32 {
    let hash = fx::of_bytes(text.as_bytes());
    (hash ^ hash >> 32) as u32
}

impl<'a> Names<'a> {
    pub fn new(arena: &'a Arena) -> Names<'a> {
        let mut names = Names {
            arena,
            slots: vec![Slot::default(); 512],
            strings: Vec::with_capacity(256),
            texts: Vec::with_capacity(256),
        };
        for text in KNOWN {
            names.intern(text);
        }
        names
    }

    /// The symbol of a name, or the free slot where it belongs.
    #[inline]
    fn find(&self, text: &str, hash: u32) -> Result<Symbol, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.number == 0 {
                return Err(at);
            }
            if slot.hash == hash && self.strings[slot.number as usize - 1] == text {
                return Ok(Symbol(slot.number - 1));
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub fn intern(&mut self, text: &'a str) -> Symbol {
        let hash = hash(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(at) => self.add(text, hash, at),
        }
    }

    #[inline(never)]
    fn add(&mut self, text: &'a str, hash: u32, at: usize) -> Symbol {
        let symbol = Symbol(self.strings.len() as u32);
        self.strings.push(text);
        self.texts.push(None);
        self.slots[at] = Slot { hash, number: symbol.0 + 1 };
        if self.strings.len() * 2 > self.slots.len() {
            self.grow();
        }
        symbol
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old.into_iter().filter(|slot| slot.number != 0) {
            let mut at = slot.hash as usize & (size - 1);
            while self.slots[at].number != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }

    /// Interns a string that was made during the compilation.
    pub fn intern_owned(&mut self, text: &str) -> Symbol {
        let hash = hash(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(at) => self.add(self.arena.str(text), hash, at),
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
