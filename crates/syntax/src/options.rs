//! What a caller can ask of the parser.

/// Which grammar rule the source must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A file: `compile(..., "exec")`.
    #[default]
    Exec,
    /// An expression: `"eval"`.
    Eval,
    /// One interactive statement: `"single"`.
    Single,
    /// The signature in a type comment: `"func_type"`.
    FuncType,
}

/// Finds the character that `\N{name}` means; names are not case sensitive.
pub type CharacterNames<'o> = &'o dyn Fn(&str) -> Option<char>;

/// Asked for so many bytes of memory before they are needed; false is a MemoryError.
pub type AskRoom<'o> = &'o dyn Fn(usize) -> bool;

/// How to read a source.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// The grammar rule.
    pub mode: Mode,
    /// Type comments become part of the tree.
    pub type_comments: bool,
    /// The minor version of the language to accept, at most 14.
    pub feature_version: u8,
    /// The source is text (a `str`), so that an encoding declaration means nothing.
    pub is_text: bool,
    /// `PyCF_DONT_IMPLY_DEDENT`: in single mode, the end of the source does not end an indented block.
    pub dont_imply_dedent: bool,
    /// `PyCF_ALLOW_INCOMPLETE_INPUT`: an error at the end of the source is `IncompleteInput`.
    pub allow_incomplete_input: bool,
    /// `CO_FUTURE_BARRY_AS_BDFL`: `<>` instead of `!=`.
    pub barry_as_bdfl: bool,
    /// Decimal integers may have this many digits; 0 for any number (`sys.set_int_max_str_digits`).
    pub max_str_digits: usize,
    /// How many bytes of the machine stack the parser may use.
    pub stack_budget: usize,
    /// Without it, every `\N{...}` is an unknown name.
    pub character_names: Option<CharacterNames<'o>>,
    /// Asked, once the tokens are known, for what they can take until they are code. Without it, memory that cannot be had
    /// ends the process.
    pub room: Option<AskRoom<'o>>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            mode: Mode::Exec,
            type_comments: false,
            feature_version: 14,
            is_text: false,
            dont_imply_dedent: false,
            allow_incomplete_input: false,
            barry_as_bdfl: false,
            max_str_digits: 4300,
            stack_budget: 1 << 20,
            character_names: None,
            room: None,
        }
    }
}
