//! How much memory a source can take until it is code: what a caller who cannot bear that an allocation fails has to set
//! aside. It is known as soon as the tokens are, but asked for in two steps: for a long source first what its tree can
//! take, as the source may be wrong and then never becomes code; the rest once there is the tree.
//!
//! The weights are bytes for each token: its nodes, its instructions in two copies, their tables, all with the slack of
//! vectors that double. `fuzz deep` and the interpreter's test of memory limits show where they are too low.

use crate::error::SyntaxError;
use crate::options::Options;
use crate::token::{Kind, Token};

/// A token of a short source may take so much: there any construct counts fully.
const ANY: usize = 1000;
/// The most that a token takes in the tree.
const NODE: usize = 200;
/// Sources with more tokens are weighed.
const SHORT: usize = 1 << 16;
/// A token read again, with what is kept for it, when the source is wrong.
const READ_AGAIN: usize = 260;
/// A warning with its texts.
const WARNING: usize = 800;

/// There is not enough memory.
#[cold]
pub(crate) fn no_memory() -> SyntaxError {
    SyntaxError::memory("")
}

/// What a source can take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// In all, until it is code.
    all: usize,
    /// What has been asked for.
    asked: usize,
}

/// Asks for room to parse `tokens`.
pub(crate) fn ask_to_parse(options: &Options<'_>, text: &str, tokens: &[Token]) -> Result<Needs, SyntaxError> {
    let Some(room) = options.room else { return Ok(Needs::default()) };
    let needs = match tokens.len() {
        0..=SHORT => Needs { all: tokens.len() * ANY, asked: tokens.len() * ANY },
        _ => weigh(text, tokens),
    };
    if room(needs.asked) { Ok(needs) } else { Err(no_memory()) }
}

/// Asks for room to compile a tree that has taken `taken` bytes.
pub(crate) fn ask_to_compile(options: &Options<'_>, needs: Needs, taken: usize) -> Result<(), SyntaxError> {
    let more = needs.all.saturating_sub(needs.asked + taken);
    match options.room {
        Some(room) if more > 0 && !room(more) => Err(no_memory()),
        _ => Ok(()),
    }
}

/// Asks for room to find the error among so many tokens.
pub(crate) fn ask_for_error(options: &Options<'_>, tokens: usize, needs: Needs) -> Result<(), SyntaxError> {
    let more = (tokens * READ_AGAIN).saturating_sub(needs.asked);
    match options.room {
        Some(room) if more > 0 && !room(more) => Err(no_memory()),
        _ => Ok(()),
    }
}

/// Asks for room for so many warnings, and what is made of them.
#[cold]
pub(crate) fn ask_for_warnings(options: &Options<'_>, count: usize) -> Result<(), SyntaxError> {
    if options.room.is_none_or(|room| room(count * WARNING)) { Ok(()) } else { Err(no_memory()) }
}

fn weigh(text: &str, tokens: &[Token]) -> Needs {
    let (mut all, mut tree) = (0, 0);
    let mut depth = 0usize;
    // Each item of `with` has its own way out.
    let mut in_with = false;
    let mut statement = true;
    for token in tokens {
        let inside = depth > 0;
        let size = match token.kind {
            Kind::Name => match token.end - token.start {
                // There are not many of these, so that most have been seen.
                0..=2 => 240,
                4 if statement && &text[token.start as usize..token.end as usize] == "type" => 3000,
                _ => 600,
            },
            Kind::Comma if in_with => 3500,
            Kind::Colon if inside => 400,
            Kind::Colon => 1200,
            kind => weight(kind),
        };
        all += size;
        tree += size.min(NODE);
        match token.kind {
            Kind::LPar | Kind::LSqb | Kind::LBrace => depth += 1,
            Kind::RPar | Kind::RSqb | Kind::RBrace => depth = depth.saturating_sub(1),
            Kind::With => in_with = true,
            Kind::Colon if !inside => in_with = false,
            _ => {}
        }
        statement =
            matches!(token.kind, Kind::Newline | Kind::Indent | Kind::Dedent | Kind::Semi) || token.kind == Kind::Colon;
    }
    Needs { all: all.max(SHORT * ANY), asked: tree }
}

fn weight(kind: Kind) -> usize {
    use Kind::*;
    match kind {
        Comma => 40,
        RPar | RSqb | RBrace | EndMarker | Indent | Dedent | FStringEnd | TStringEnd => 20,
        FStringMiddle | TStringMiddle => 60,
        Semi => 180,
        Dot | ColonEqual | Equal | As | Exclamation => 150,
        Number | String | True | False | None | Ellipsis => 240,
        Plus | Minus | Star | Slash | Percent | DoubleStar | DoubleSlash | At | Tilde => 200,
        LeftShift | RightShift | Amper | Circumflex => 200,
        LPar | LSqb | LBrace | FStringStart | TStringStart => 360,
        Less | Greater | EqEqual | NotEqual | LessEqual | GreaterEqual | In | Is => 900,
        VBar => 1050,
        And | Or | If | Elif | While | Assert | From => 1150,
        Not | Return | Raise | Import | Global | Nonlocal | Del | Else => 500,
        Newline => 250,
        Await | Yield | Async => 1500,
        For | Try | Except | Lambda | Def => 3500,
        With | Class | Finally => 4500,
        _ => 250,
    }
}
