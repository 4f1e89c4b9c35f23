//! What the parser must never get wrong, whatever else changes.

use crate::ast::*;
use crate::{Arena, ErrorKind, Mode, Options, parse};

fn expression<'a>(arena: &'a Arena, source: &'a str) -> ExprKind<'a> {
    let options = Options { mode: Mode::Eval, ..Options::default() };
    match parse(arena, source.as_bytes(), &options) {
        Ok(parsed) => match parsed.module {
            Mod::Expression { body } => body.kind,
            other => panic!("not an expression: {other:?}"),
        },
        Err(error) => panic!("{source:?}: {error:?}"),
    }
}

fn constant<'a>(arena: &'a Arena, source: &'a str) -> Constant<'a> {
    match expression(arena, source) {
        ExprKind::Constant { value, .. } => value,
        other => panic!("not a constant: {other:?}"),
    }
}

/// Parses as a file; what comes back says how it ended.
fn outcome(source: &str) -> Result<(), ErrorKind> {
    let arena = Arena::new();
    parse(&arena, source.as_bytes(), &Options::default()).map(drop).map_err(|error| error.kind)
}

#[test]
fn integers_of_any_size() {
    let arena = Arena::new();
    assert_eq!(constant(&arena, "0x7fff_ffff_ffff_ffff"), Constant::Int(Int::Small(i64::MAX)));
    assert_eq!(constant(&arena, "0o17"), Constant::Int(Int::Small(15)));
    let two_to_the_63 = Constant::Int(Int::Big { negative: false, digits: &[0, 0, 8] });
    assert_eq!(constant(&arena, "9223372036854775808"), two_to_the_63);
    assert_eq!(constant(&arena, "0x8000000000000000"), two_to_the_63);
    assert_eq!(constant(&arena, "0b1_0000_0000"), Constant::Int(Int::Small(256)));
    assert_eq!(constant(&arena, "00_0"), Constant::Int(Int::Small(0)));
}

#[test]
fn too_long_decimal_integers_are_refused() {
    assert_eq!(outcome(&"1".repeat(4300)), Ok(()));
    assert_eq!(outcome(&"1".repeat(4301)), Err(ErrorKind::Syntax));
    assert_eq!(outcome(&format!("0x{}", "1".repeat(9000))), Ok(()));
}

#[test]
fn lone_surrogates_are_kept_apart() {
    let arena = Arena::new();
    let Constant::Str(text) = constant(&arena, r#""a\ud83d\ude00""#) else { panic!() };
    assert!(text.has_surrogates());
    assert_eq!(text.as_str(), None);
    assert_eq!(text.code_points().collect::<Vec<_>>(), [0x61, 0xD83D, 0xDE00]);
}

#[test]
fn strings_are_joined_and_decoded() {
    let arena = Arena::new();
    assert_eq!(
        constant(
            &arena,
            r#""a\x62" 'c\
' r"\d""#
        ),
        Constant::Str(StrValue::new("abc\\d"))
    );
    assert_eq!(constant(&arena, r#"b"\x00\377" b'a'"#), Constant::Bytes(&[0, 255, b'a']));
}

#[test]
fn identifiers_are_normalised() {
    let arena = Arena::new();
    let ExprKind::Name { id, .. } = expression(&arena, "ﬁnd") else { panic!() };
    assert_eq!(id, "find");
}

#[test]
fn line_endings_and_marks_of_any_kind() {
    let arena = Arena::new();
    let source = b"\xEF\xBB\xBFx = '''a\r\nb\rc'''\r\n";
    let Ok(parsed) = parse(&arena, source, &Options::default()) else { panic!() };
    let Mod::Module { body: [stmt], .. } = parsed.module else { panic!() };
    assert_eq!(stmt.range, Range::new(1, 0, 3, 4));
    let StmtKind::Assign { value, .. } = stmt.kind else { panic!() };
    let ExprKind::Constant { value, .. } = value.kind else { panic!() };
    assert_eq!(value, Constant::Str(StrValue::new("a\nb\nc")));
}

#[test]
fn encodings() {
    let arena = Arena::new();
    let latin = b"# -*- coding: latin-1 -*-\nx = '\xe9'\n";
    assert!(parse(&arena, latin, &Options::default()).is_ok());
    let koi = b"# coding: koi8-r\nx = '\xc1'\n";
    let Err(error) = parse(&arena, koi, &Options::default()) else { panic!() };
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Encoding, "koi8-r"));
    let none = b"x = '\xe9'\n";
    assert_eq!(parse(&arena, none, &Options::default()).map(drop).map_err(|e| e.kind), Err(ErrorKind::Syntax));
}

#[test]
fn a_nul_byte_is_an_error() {
    let arena = Arena::new();
    let Err(error) = parse(&arena, b"x = 1\ny = \0\n", &Options::default()) else { panic!() };
    assert_eq!(error.message, "source code cannot contain null bytes");
}

#[test]
fn deep_nesting_ends_in_an_error_and_never_in_a_crash() {
    for (unit, tail) in [
        ("-", "1"),
        ("not ", "1"),
        ("lambda: ", "1"),
        ("2 ** ", "1"),
        ("1 if 1 else ", "1"),
        ("-2 ** ", "1"),
        ("lambda x=lambda: ", "1"),
    ] {
        let source = format!("{}{tail}", unit.repeat(100_000));
        assert_eq!(outcome(&source), Err(ErrorKind::Memory), "{unit}");
    }
    let elifs = format!("if 1: pass\n{}", "elif 1: pass\n".repeat(100_000));
    assert_eq!(outcome(&elifs), Err(ErrorKind::Memory));
    for unit in ["(", "[", "{1:", "f(", "a[", "(lambda:(", "f'{", "[x for x in ("] {
        let kind = outcome(&unit.repeat(100_000));
        assert!(matches!(kind, Err(ErrorKind::Syntax | ErrorKind::Memory)), "{unit}: {kind:?}");
    }
}

#[test]
fn long_rows_are_no_nesting() {
    assert_eq!(outcome(&format!("a{}", ".b".repeat(100_000))), Ok(()));
    assert_eq!(outcome(&format!("1{}", " + 1".repeat(100_000))), Ok(()));
    assert_eq!(outcome(&format!("1{}", " < 1".repeat(100_000))), Ok(()));
    assert_eq!(outcome(&format!("f{}", "()".repeat(100_000))), Ok(()));
    assert_eq!(outcome(&"'a' ".repeat(100_000)), Ok(()));
}

#[test]
fn single_mode_takes_one_statement() {
    let arena = Arena::new();
    let single = |source: &'static str| {
        let options = Options { mode: Mode::Single, ..Options::default() };
        parse(&arena, source.as_bytes(), &options).map(drop).map_err(|error| error.message)
    };
    assert_eq!(single("x = 1\n\n# done\n"), Ok(()));
    assert_eq!(single("if x:\n  y"), Ok(()));
    let many = "multiple statements found while compiling a single statement".to_string();
    assert_eq!(single("x\ny\n"), Err(many));
}

#[test]
fn incomplete_input_is_told_from_wrong_input() {
    let arena = Arena::new();
    let kind = |source: &'static str| {
        let options = Options { allow_incomplete_input: true, dont_imply_dedent: true, ..Options::default() };
        parse(&arena, source.as_bytes(), &options).map(drop).map_err(|error| error.kind)
    };
    assert_eq!(kind("x = (1,"), Err(ErrorKind::IncompleteInput));
    assert_eq!(kind("'''abc"), Err(ErrorKind::IncompleteInput));
    assert_eq!(kind("if x:"), Err(ErrorKind::IncompleteInput));
    assert_eq!(kind("x = )\n"), Err(ErrorKind::Syntax));
}

#[test]
fn escapes_that_mean_nothing_are_warned_of() {
    let arena = Arena::new();
    let Ok(parsed) = parse(&arena, br#"x = "\d" + 1if 2else 3"#, &Options::default()) else { panic!() };
    let messages: Vec<&str> = parsed.warnings.iter().map(|warning| warning.error_message.as_str()).collect();
    let escape = "\"\\d\" is an invalid escape sequence. Did you mean \"\\\\d\"? A raw string is also an option.";
    assert_eq!(messages.iter().filter(|message| **message == escape).count(), 1);
    assert_eq!(messages.iter().filter(|message| **message == "invalid decimal literal").count(), 2);
}

#[test]
fn warnings_of_one_line_count_its_characters() {
    let arena = Arena::new();
    let Ok(parsed) = parse(&arena, "é = 1if ö else 2or 'é' or 3or 4\nx = 5or 6".as_bytes(), &Options::default())
    else {
        panic!()
    };
    let places: Vec<_> = parsed.warnings.iter().map(|warning| (warning.lineno, warning.offset)).collect();
    assert_eq!(places, [(1, 5), (1, 16), (1, 27), (2, 5)]);
}

#[test]
fn columns_of_tokens_count_characters() {
    let arena = Arena::new();
    let tokens = crate::tokenize::PyTokens::new(&arena, "é = \"\"\"ü\nöö\"\"\" + f'é{ü}é' # ß\n  é\n", true);
    let places: Vec<_> = tokens.flatten().map(|token| (token.start, token.end)).collect();
    let expected = [
        ((1, 0), (1, 1)),
        ((1, 2), (1, 3)),
        ((1, 4), (2, 5)),
        ((2, 6), (2, 7)),
        ((2, 8), (2, 10)),
        ((2, 10), (2, 11)),
        ((2, 11), (2, 12)),
        ((2, 12), (2, 13)),
        ((2, 13), (2, 14)),
        ((2, 14), (2, 15)),
        ((2, 15), (2, 16)),
        ((2, 17), (2, 20)),
        ((2, 20), (2, 21)),
    ];
    assert_eq!(places[..expected.len()], expected);
}

#[test]
fn a_long_dotted_name_is_copied_once() {
    let arena = Arena::new();
    let source = format!("import a{}", ".b".repeat(100_000));
    assert!(parse(&arena, source.as_bytes(), &Options::default()).is_ok());
    assert!(arena.allocated_bytes() < 4_000_000);
}

#[test]
fn a_wrong_source_needs_no_room_to_become_code() {
    let outcome = |source: String, limit: usize| {
        let asked = std::cell::Cell::new(0);
        let room = |size| {
            asked.set(asked.get() + size);
            asked.get() <= limit
        };
        let options = Options { room: Some(&room), ..Options::default() };
        parse(&Arena::new(), source.as_bytes(), &options).map(|_| ()).map_err(|error| error.kind)
    };
    let (right, wrong) = (format!("a{}", "<a".repeat(200_000)), "if ".repeat(200_000));
    assert_eq!(outcome(right.clone(), usize::MAX), Ok(()));
    assert_eq!(outcome(right, 150_000_000), Err(ErrorKind::Memory));
    assert_eq!(outcome(wrong.clone(), 60_000_000), Err(ErrorKind::Syntax));
    assert_eq!(outcome(wrong, 10_000_000), Err(ErrorKind::Memory));
}
