//! Strings without Python code: layout, interning, building, cutting.

use super::{Str, StrBuilder, StrData};
use crate::object::Ref;
use crate::prelude::Borrowed;

fn text(text: &str) -> Ref<Str> {
    Str::from_utf8_str(text).ok().expect("memory")
}

fn ok<T>(result: crate::object::PyResult<T>) -> T {
    result.ok().expect("no error")
}

#[test]
fn widths_are_the_smallest() {
    for (sample, kind, ascii) in
        [("", 1, true), ("abc", 1, true), ("é", 1, false), ("aÿ", 1, false), ("aĀ", 2, false), ("a😀", 4, false)]
    {
        let string = text(sample);
        assert_eq!((string.kind(), string.is_ascii()), (kind, ascii), "{sample}");
        assert_eq!(string.len(), sample.chars().count());
        assert_eq!(string.to_display(), sample);
        assert!(string.eq_str(sample));
        assert_eq!(ok(string.as_utf8()), sample);
    }
    assert_eq!(ok(Str::from_ucs4(&[0x61, 0x62])).kind(), 1);
    assert_eq!(ok(Str::from_ucs4(&[0x61, 0x100])).kind(), 2);
    assert_eq!(ok(Str::from_ucs2(&[0xe9, 0x62])).kind(), 1);
}

#[test]
fn short_strings_exist_once() {
    assert!(text("").is(&text("")));
    assert!(text("a").is(&text("a")) && text("é").is(&text("é")));
    assert!(ok(text("abc").substring(1..2)).is(&text("b")));
}

#[test]
fn interning_gives_one_object() {
    let (a, b) = (text("some_name_of_mine"), text("some_name_of_mine"));
    assert!(!a.is(&b));
    let a = Str::intern(a);
    assert!(Str::intern(b).is(&a) && ok(Str::intern_str("some_name_of_mine")).is(&a));
    drop(a);
    // The table forgot the string when it died.
    assert!(!ok(Str::intern_str("some_name_of_mine")).is_empty());
    let names: Vec<Ref<Str>> = (0..5000).map(|i| ok(Str::intern_str(&format!("name_{i}")))).collect();
    for (i, name) in names.iter().enumerate() {
        assert!(ok(Str::intern_str(&format!("name_{i}"))).is(name));
    }
    let kept: Vec<Ref<Str>> = names.into_iter().step_by(3).collect();
    for (i, name) in kept.iter().enumerate() {
        assert!(ok(Str::intern_str(&format!("name_{}", i * 3))).is(name));
    }
    let forever: Borrowed<'static, Str> = Str::intern_immortal("name_forever");
    assert!(ok(Str::intern_str("name_forever")).is(&forever));
}

#[test]
fn a_builder_widens() {
    let mut builder = StrBuilder::new();
    for sample in ["abc", "é", "xyz", "Ā", "0123456789abcdef", "😀", "end"] {
        ok(builder.push_str(sample));
    }
    ok(builder.push_fill(0x20, 3));
    let string = ok(builder.finish());
    assert_eq!(string.to_display(), "abcéxyzĀ0123456789abcdef😀end   ");
    assert_eq!(ok(StrBuilder::new().finish()).len(), 0);
    let mut builder = StrBuilder::new();
    ok(builder.push_data(StrData::Ucs4(&[0x41, 0x42])));
    assert_eq!(ok(builder.finish()).kind(), 1);
}

#[test]
fn appending_in_place() {
    let mut string = text("ab");
    for _ in 0..1000 {
        ok(Str::append(&mut string, &text("cd")));
    }
    assert_eq!(string.len(), 2002);
    assert!(string.to_display().ends_with("cdcd"));
    let shared = string.clone();
    ok(Str::append(&mut string, &text("é")));
    assert_eq!((shared.len(), string.len()), (2002, 2003));
    assert!(!string.is_ascii());
}

#[test]
fn cutting_and_joining() {
    let string = text("one, two,, three");
    let join = |separator: &str, items: &[&str]| {
        let items: Vec<_> = items.iter().map(|item| text(item).into_object()).collect();
        ok(Str::join_items(&text(separator), &items)).to_display()
    };
    assert_eq!(join("-", &["a", "bé", "Ā"]), "a-bé-Ā");
    assert_eq!(join("", &["", "a", ""]), "a");
    assert_eq!(join("x", &["", ""]), "x");
    assert_eq!(ok(string.replace(&text(","), &text(";"), -1)).to_display(), "one; two;; three");
    assert_eq!(ok(string.replace(&text(""), &text("-"), 3)).to_display(), "-o-n-e, two,, three");
    assert_eq!(ok(text("aaa").replace(&text("a"), &text("éé"), 2)).to_display(), "éééé".to_owned() + "a");
    assert_eq!(ok(text("aĀa").replace(&text("Ā"), &text(""), -1)).kind(), 1);
    assert_eq!(string.find(&text("two"), 0..string.len()), Some(5));
    assert_eq!(ok(text("ab").repeat(3)).to_display(), "ababab");
    assert_eq!(ok(text("-7").zfill(5)).to_display(), "-0007");
    assert_eq!(ok(text("a\tb").expandtabs(4)).to_display(), "a   b");
}

#[test]
fn case_and_repr() {
    assert_eq!(ok(text("ΑΣ ΑΣΑ Σ").to_lower()).to_display(), "ας ασα σ");
    assert_eq!(ok(text("straße").to_upper()).to_display(), "STRASSE");
    assert_eq!(ok(text("they're bill's").to_titlecase()).to_display(), "They'Re Bill'S");
    assert_eq!(ok(text("it's").quoted()).to_display(), "\"it's\"");
    assert_eq!(ok(text("a\n\u{7f}é\u{ad}\u{2028}").quoted()).to_display(), "'a\\n\\x7fé\\xad\\u2028'");
    assert_eq!(ok(text("é😀").ascii_escaped()).to_display(), "\\xe9\\U0001f600");
}
