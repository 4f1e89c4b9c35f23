use super::{Code, Event, Handler, Parser};

fn all() -> u32 {
    (0..22).map(|i| 1u32 << i).sum::<u32>() & !Handler::Default.bit() & !Handler::DefaultExpand.bit()
}

fn run(pieces: &[&[u8]]) -> String {
    let mut parser = Parser::new(None, None);
    parser.handlers = all();
    let mut out = String::new();
    for (i, piece) in pieces.iter().enumerate() {
        if parser.feed(piece, i + 1 == pieces.len()).is_err() {
            break;
        }
        loop {
            match parser.next() {
                Ok(Some(Event::StartElement(name))) => {
                    out += &format!("<{}", parser.name(name));
                    for attribute in parser.attributes().to_vec() {
                        out += &format!(" {}={:?}", parser.name(attribute.name), parser.value(attribute));
                    }
                    out.push('>');
                }
                Ok(Some(Event::EndElement(name))) => out += &format!("</{}>", parser.name(name)),
                Ok(Some(Event::Characters(span))) => out += parser.span(span),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(code) => {
                    let at = parser.position().map(|p| (p.line, p.column));
                    return format!("{out}!{code:?}{at:?}");
                }
            }
        }
    }
    out
}

#[test]
fn elements_come_whole() {
    assert_eq!(run(&[b"<a x='1' y=' &lt; '>t&amp;&#65;<b/></a>"]), "<a x=\"1\" y=\" < \">t&A<b></b></a>");
}

#[test]
fn pieces_give_the_same() {
    let whole = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e '<b>\u{e9}</b>'>]><a>&e;]]x\r\n</a >".as_bytes();
    let expected = run(&[whole]);
    assert_eq!(expected, "<a><b>\u{e9}</b>]]x\n</a>");
    for i in 0..whole.len() {
        assert_eq!(run(&[&whole[..i], &whole[i..]]), expected, "cut at {i}");
    }
}

#[test]
fn every_prefix_and_every_damage_is_survived() {
    let document = b"<!DOCTYPE a [<!ELEMENT a (b|c)*><!ATTLIST a x (p|q) 'p'><!ENTITY % p '<!--c-->'>%p;]><a x=\"&#x41;\"><![CDATA[d]]></a>";
    for i in 0..document.len() {
        run(&[&document[..i]]);
        for damage in [0u8, b'<', b'&', b'>', b'%', 0xFF, b']', b'"'] {
            let mut copy = document.to_vec();
            copy[i] = damage;
            run(&[&copy]);
        }
    }
}

#[test]
fn errors_have_their_places() {
    assert!(run(&[b"<a><b></a>"]).ends_with("!TagMismatchSome((1, 8))"));
    assert!(run(&[b"<a>\n]]></a>"]).ends_with("!InvalidTokenSome((2, 2))"));
    assert_eq!(Code::TagMismatch.text(), "mismatched tag");
}
