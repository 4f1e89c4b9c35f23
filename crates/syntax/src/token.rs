//! Token kinds and tokens. The numbers up to `NL` are CPython's (`Lib/token.py`), keywords follow in their own range.

/// What a token is. Keywords have kinds of their own; soft keywords are `Name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "named as in `Lib/token.py`, and keywords as they are written")]
pub enum Kind {
    EndMarker = 0,
    Name,
    Number,
    String,
    Newline,
    Indent,
    Dedent,
    LPar,
    RPar,
    LSqb,
    RSqb,
    Colon,
    Comma,
    Semi,
    Plus,
    Minus,
    Star,
    Slash,
    VBar,
    Amper,
    Less,
    Greater,
    Equal,
    Dot,
    Percent,
    LBrace,
    RBrace,
    EqEqual,
    NotEqual,
    LessEqual,
    GreaterEqual,
    Tilde,
    Circumflex,
    LeftShift,
    RightShift,
    DoubleStar,
    PlusEqual,
    MinEqual,
    StarEqual,
    SlashEqual,
    PercentEqual,
    AmperEqual,
    VBarEqual,
    CircumflexEqual,
    LeftShiftEqual,
    RightShiftEqual,
    DoubleStarEqual,
    DoubleSlash,
    DoubleSlashEqual,
    At,
    AtEqual,
    RArrow,
    Ellipsis,
    ColonEqual,
    Exclamation,
    /// A character that begins no token (`$`, `?`, a backquote), as CPython's lexer passes it on.
    Op,
    TypeIgnore,
    TypeComment,
    SoftKeyword,
    FStringStart,
    FStringMiddle,
    FStringEnd,
    TStringStart,
    TStringMiddle,
    TStringEnd,
    Comment,
    Nl,
    ErrorToken,
    // Keywords, in the order of the alphabet.
    False = 80,
    None,
    True,
    And,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    In,
    Is,
    Lambda,
    Nonlocal,
    Not,
    Or,
    Pass,
    Raise,
    Return,
    Try,
    While,
    With,
    Yield,
}

impl Kind {
    /// A word that cannot be a name.
    #[inline]
    pub fn is_keyword(self) -> bool {
        self as u8 >= Kind::False as u8
    }

    /// The number that CPython's `token` module has for this kind; keywords are names there.
    pub fn python_number(self) -> u8 {
        if self.is_keyword() { Kind::Name as u8 } else { self as u8 }
    }

    /// The kind of the keyword `text`, or `Name`.
    #[inline]
    pub fn of_word(text: &[u8]) -> Kind {
        if text.len() > 8 {
            return Kind::Name;
        }
        match text {
            b"if" => Kind::If,
            b"in" => Kind::In,
            b"is" => Kind::Is,
            b"or" => Kind::Or,
            b"as" => Kind::As,
            b"not" => Kind::Not,
            b"def" => Kind::Def,
            b"for" => Kind::For,
            b"and" => Kind::And,
            b"try" => Kind::Try,
            b"del" => Kind::Del,
            b"None" => Kind::None,
            b"True" => Kind::True,
            b"else" => Kind::Else,
            b"from" => Kind::From,
            b"with" => Kind::With,
            b"elif" => Kind::Elif,
            b"pass" => Kind::Pass,
            b"False" => Kind::False,
            b"class" => Kind::Class,
            b"raise" => Kind::Raise,
            b"while" => Kind::While,
            b"yield" => Kind::Yield,
            b"break" => Kind::Break,
            b"await" => Kind::Await,
            b"async" => Kind::Async,
            b"return" => Kind::Return,
            b"import" => Kind::Import,
            b"except" => Kind::Except,
            b"lambda" => Kind::Lambda,
            b"assert" => Kind::Assert,
            b"global" => Kind::Global,
            b"finally" => Kind::Finally,
            b"continue" => Kind::Continue,
            b"nonlocal" => Kind::Nonlocal,
            _ => Kind::Name,
        }
    }
}

/// A token: where its text is, and where it stands. Columns are bytes; they are -1 where CPython gives no position
/// (`Indent`, `Dedent`, `EndMarker`).
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it begins in the text, in bytes.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its first line, from 1.
    pub lineno: i32,
    /// Where in that line it begins, in bytes from 0; -1 for tokens without a place.
    pub col: i32,
    /// Its last line.
    pub end_lineno: i32,
    /// Where in that line it ends.
    pub end_col: i32,
}

/// An end at the beginning of a text.
impl Default for Token {
    #[inline]
    fn default() -> Token {
        Token { kind: Kind::EndMarker, start: 0, end: 0, lineno: 1, col: 0, end_lineno: 1, end_col: 0 }
    }
}

impl Token {
    /// Leaves `pos` in the text as all that is known of its place.
    pub(crate) fn remove_place(&mut self, pos: usize) {
        (self.start, self.end) = (pos as u32, pos as u32);
        (self.col, self.end_col) = (-1, -1);
    }

    /// The place as nodes have it.
    #[inline]
    pub fn range(&self) -> crate::ast::Range {
        crate::ast::Range::new(self.lineno, self.col, self.end_lineno, self.end_col)
    }
}
