//! The signature string of a function, `"($self, iterable, /, *, key=None)"`: the one place where its parameters are
//! written down. Calling convention, argument parsing and `__text_signature__` all follow from it.
//!
//! CPython: the text that Argument Clinic writes into `ml_doc`, and `inspect._signature_fromstr`, which reads it back.

/// How a parameter takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParamKind {
    PositionalOnly,
    PositionalOrKeyword,
    VarArgs,
    KeywordOnly,
    VarKeywords,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    pub kind: ParamKind,
    /// The text after `=`, as written.
    pub default: Option<String>,
}

/// A parsed signature string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// `self`, `type`, `module`: the leading `$name`, without the dollar.
    pub receiver: Option<String>,
    pub params: Vec<Param>,
    /// What is shown after the receiver: the pieces between commas, slash and star among them.
    shown: Vec<String>,
}

/// How C calls the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    NoArgs,
    One,
    Fast,
    FastKeywords,
}

impl Signature {
    /// Reads a signature string; the error is a message for the author.
    pub fn parse(text: &str) -> Result<Signature, String> {
        let text = text.trim();
        let inner = text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'))
            .ok_or("a signature is written in parentheses: \"($self, name, /)\"")?;
        let flat = flatten_groups(inner);
        let mut pieces = split_commas(&flat)?;
        if pieces.last().is_some_and(|last| last.is_empty()) {
            pieces.pop();
        }
        let mut signature = Signature::default();
        if let Some(receiver) = pieces.first().and_then(|first| first.strip_prefix('$')) {
            check_name(receiver)?;
            signature.receiver = Some(receiver.to_owned());
            pieces.remove(0);
        }
        // Groups are shown as written.
        signature.shown = split_commas(inner)?;
        signature.shown.retain(|piece| !piece.is_empty());
        if signature.receiver.is_some() {
            signature.shown.remove(0);
        }
        signature.read_params(&pieces)?;
        signature.check()?;
        Ok(signature)
    }

    fn read_params(&mut self, pieces: &[String]) -> Result<(), String> {
        let mut kind = ParamKind::PositionalOrKeyword;
        for (index, piece) in pieces.iter().enumerate() {
            if piece == "/" {
                // The receiver alone may stand before the slash: `($self, /)`.
                if index == 0 && self.receiver.is_none() {
                    // The slash of a receiver that the macro adds.
                    continue;
                }
                if kind != ParamKind::PositionalOrKeyword {
                    return Err("`/` comes after the positional-only parameters and before `*`".into());
                }
                if self.params.iter().any(|param| param.kind == ParamKind::PositionalOnly) {
                    return Err("`/` stands twice".into());
                }
                for param in &mut self.params {
                    param.kind = ParamKind::PositionalOnly;
                }
                continue;
            }
            if piece == "*" {
                if kind > ParamKind::PositionalOrKeyword || index + 1 == pieces.len() {
                    return Err("a bare `*` comes once, before keyword-only parameters".into());
                }
                kind = ParamKind::KeywordOnly;
                continue;
            }
            if kind == ParamKind::VarKeywords {
                return Err("nothing may follow `**`".into());
            }
            let (param_kind, text) = if let Some(name) = piece.strip_prefix("**") {
                kind = ParamKind::VarKeywords;
                (ParamKind::VarKeywords, name)
            } else if let Some(name) = piece.strip_prefix('*') {
                if kind > ParamKind::PositionalOrKeyword {
                    return Err("`*` stands twice".into());
                }
                kind = ParamKind::KeywordOnly;
                (ParamKind::VarArgs, name)
            } else {
                (kind, piece.as_str())
            };
            let (name, default) = match text.split_once('=') {
                Some((name, default)) => (name.trim(), Some(default.trim().to_owned())),
                None => (text.trim(), None),
            };
            let (name, default) = match name.strip_prefix(OPTIONAL) {
                Some(name) => (name, default.or(Some("<unrepresentable>".to_owned()))),
                None => (name, default),
            };
            check_name(name)?;
            if default.is_some() && matches!(param_kind, ParamKind::VarArgs | ParamKind::VarKeywords) {
                return Err(format!("`*{name}` can have no default"));
            }
            self.params.push(Param { name: name.to_owned(), kind: param_kind, default });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        for keyword_only in [false, true] {
            let mut optional = false;
            for param in self.named().filter(|param| (param.kind == ParamKind::KeywordOnly) == keyword_only) {
                if param.default.is_some() {
                    optional = true;
                } else if optional {
                    return Err(format!("`{}` has no default but follows a parameter that has", param.name));
                }
            }
        }
        for (index, param) in self.params.iter().enumerate() {
            if self.params[..index].iter().any(|other| other.name == param.name) {
                return Err(format!("the parameter `{}` stands twice", param.name));
            }
        }
        if self.params.len() > 64 {
            return Err("more than 64 parameters".into());
        }
        Ok(())
    }

    pub fn count(&self, kind: ParamKind) -> usize {
        self.params.iter().filter(|param| param.kind == kind).count()
    }

    /// Parameters that can be given by position, `*args` not counted.
    pub fn positional(&self) -> usize {
        self.count(ParamKind::PositionalOnly) + self.count(ParamKind::PositionalOrKeyword)
    }

    pub fn required_positional(&self) -> usize {
        self.params
            .iter()
            .filter(|param| param.kind <= ParamKind::PositionalOrKeyword && param.default.is_none())
            .count()
    }

    pub fn required_keyword_only(&self) -> usize {
        self.params.iter().filter(|param| param.kind == ParamKind::KeywordOnly && param.default.is_none()).count()
    }

    pub fn has_varargs(&self) -> bool {
        self.count(ParamKind::VarArgs) > 0
    }

    pub fn has_varkeywords(&self) -> bool {
        self.count(ParamKind::VarKeywords) > 0
    }

    /// The parameters that get a place in the unpacked array, in order: all but `*args` and `**kwargs`.
    pub fn named(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !matches!(param.kind, ParamKind::VarArgs | ParamKind::VarKeywords))
    }

    /// Whether any argument can be given by keyword.
    pub fn takes_keywords(&self) -> bool {
        self.params.iter().any(|param| {
            matches!(param.kind, ParamKind::PositionalOrKeyword | ParamKind::KeywordOnly | ParamKind::VarKeywords)
        })
    }

    pub fn convention(&self) -> Convention {
        if self.takes_keywords() {
            return Convention::FastKeywords;
        }
        match self.params.as_slice() {
            [] => Convention::NoArgs,
            [one] if one.kind == ParamKind::PositionalOnly && one.default.is_none() => Convention::One,
            _ => Convention::Fast,
        }
    }

    /// The signature as `__text_signature__` shows it, with `receiver` in front unless the author wrote one. Long ones
    /// are broken and indented as Argument Clinic does, as far as the name of `function`.
    pub fn text(&self, function: &str, receiver: Option<&str>) -> String {
        let mut pieces: Vec<String> = Vec::new();
        if let Some(receiver) = self.receiver.as_deref().or(receiver) {
            pieces.push(format!("${receiver}"));
            // The receiver itself is positional-only, which needs a slash where no other parameter brings one.
            if self.receiver.is_none() && !self.shown.iter().any(|piece| piece == "/") {
                pieces.push("/".to_owned());
            }
        }
        pieces.extend(self.shown.iter().cloned());
        let indent = function.chars().count() + 1;
        let mut text = String::from("(");
        let mut width = indent;
        for (index, piece) in pieces.iter().enumerate() {
            let comma = if index + 1 < pieces.len() { "," } else { "" };
            let length = piece.chars().count() + comma.len();
            if index > 0 && width + 1 + length >= 72 {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', indent));
                width = indent;
            } else if index > 0 {
                text.push(' ');
                width += 1;
            }
            text.push_str(piece);
            text.push_str(comma);
            width += length;
        }
        text.push(')');
        text
    }
}

/// Stands before a parameter that an optional group makes optional.
const OPTIONAL: char = '\u{1}';

/// Rewrites the optional groups of old signatures, `sub[, start[, end]]`, as parameters marked optional.
fn flatten_groups(text: &str) -> String {
    let mut flat = String::with_capacity(text.len());
    let mut depth = 0usize;
    for (place, c) in text.char_indices() {
        let rest = &text[place + c.len_utf8()..];
        match c {
            '[' if rest.trim_start().starts_with(',') => depth += 1,
            ']' if depth > 0 => depth -= 1,
            ',' if depth > 0 => {
                flat.push(',');
                flat.push(OPTIONAL);
            }
            // The mark stands directly before the name.
            ' ' if flat.ends_with(OPTIONAL) => {}
            _ => flat.push(c),
        }
    }
    flat
}

fn check_name(name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts && chars.all(|rest| rest.is_alphanumeric() || rest == '_') {
        Ok(())
    } else {
        Err(format!("`{name}` is not a parameter name"))
    }
}

/// Splits at the commas that stand outside brackets and string literals; each piece is trimmed.
fn split_commas(text: &str) -> Result<Vec<String>, String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        if let Some(mark) = quote {
            piece.push(c);
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == mark {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1).ok_or("a bracket is closed that was never opened")?,
            ',' if depth == 0 => {
                pieces.push(piece.trim().to_owned());
                piece.clear();
                continue;
            }
            _ => {}
        }
        piece.push(c);
    }
    if depth != 0 || quote.is_some() {
        return Err("a bracket or a string literal is never closed".into());
    }
    pieces.push(piece.trim().to_owned());
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Signature {
        Signature::parse(text).expect("a valid signature")
    }

    fn kinds(text: &str) -> Vec<(String, ParamKind, Option<String>)> {
        parse(text).params.into_iter().map(|param| (param.name, param.kind, param.default)).collect()
    }

    #[test]
    fn kinds_of_parameters() {
        use ParamKind::*;
        assert_eq!(
            kinds("($self, a, b=(), /, c=',', *args, key=None, **kw)"),
            [
                ("a".into(), PositionalOnly, None),
                ("b".into(), PositionalOnly, Some("()".into())),
                ("c".into(), PositionalOrKeyword, Some("','".into())),
                ("args".into(), VarArgs, None),
                ("key".into(), KeywordOnly, Some("None".into())),
                ("kw".into(), VarKeywords, None),
            ]
        );
    }

    #[test]
    fn optional_groups() {
        let signature = parse("($self, sub[, start[, end]], /)");
        let names: Vec<(&str, bool)> =
            signature.params.iter().map(|param| (param.name.as_str(), param.default.is_some())).collect();
        assert_eq!(names, [("sub", false), ("start", true), ("end", true)]);
        assert!(signature.params.iter().all(|param| param.kind == ParamKind::PositionalOnly));
    }

    #[test]
    fn conventions() {
        assert_eq!(parse("($self, /)").convention(), Convention::NoArgs);
        assert_eq!(parse("()").convention(), Convention::NoArgs);
        assert_eq!(parse("($self, object, /)").convention(), Convention::One);
        assert_eq!(parse("($self, object=None, /)").convention(), Convention::Fast);
        assert_eq!(parse("(*args)").convention(), Convention::Fast);
        assert_eq!(parse("($self, object)").convention(), Convention::FastKeywords);
    }

    #[test]
    fn text_has_a_receiver() {
        let text = |text: &str, receiver| parse(text).text("f", receiver);
        assert_eq!(text("(x, /)", Some("module")), "($module, x, /)");
        assert_eq!(text("($self, /)", Some("self")), "($self, /)");
        assert_eq!(text("()", Some("module")), "($module, /)");
        assert_eq!(text("(x, y=1)", Some("module")), "($module, /, x, y=1)");
        assert_eq!(text("($self, sub[, start[, end]], /)", Some("self")), "($self, sub[, start[, end]], /)");
        assert_eq!(text("(iterable=(), /)", None), "(iterable=(), /)");
    }

    #[test]
    fn long_text_is_broken() {
        let long =
            "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)";
        assert_eq!(
            parse(long).text("open", Some("module")),
            "($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, \
             opener=None)"
        );
    }

    #[test]
    fn mistakes_are_named() {
        for text in
            ["x", "(a=1, b)", "(*, )", "(a, a)", "(a, /, b, /)", "(**kw, a)", "(*a, *b)", "(a=[)", "(1)", "(*a=1)"]
        {
            assert!(Signature::parse(text).is_err(), "{text}");
        }
        assert!(Signature::parse("(a=1, *, b)").is_ok());
    }
}
