use super::*;

fn check(spec: &str, value: i128) -> Result<String, String> {
    let chars: Vec<u32> = spec.chars().map(u32::from).collect();
    let parsed = parse(chars.len(), |i| chars[i], 'd' as u32, Align::Right, &"int").map_err(|e| format!("{e:?}"))?;
    let m = value.unsigned_abs();
    let text = format_integer(
        &parsed,
        value < 0,
        |base| {
            Ok(match base {
                2 => format!("{m:b}"),
                8 => format!("{m:o}"),
                16 => format!("{m:x}"),
                _ => format!("{m}"),
            })
        },
        || Ok(m as u32),
    );
    match text.map_err(|e| format!("{e:?}"))? {
        Text::Utf8(text) => Ok(text),
        Text::CodePoints(points) => Ok(format!("{points:x?}")),
    }
}

#[test]
fn integers() {
    for (spec, value, expected) in [
        ("", 12345678, "12345678"),
        (",", 12345678, "12,345,678"),
        ("010,", 12345678, "12,345,678"),
        ("012,", 12345678, "0,012,345,678"),
        ("_b", 12345678, "1011_1100_0110_0001_0100_1110"),
        ("#_x", 12345678, "0xbc_614e"),
        ("08_x", 12345678, "0bc_614e"),
        ("#012_X", -255, "-0X0000_00FF"),
        ("=10", -5, "-        5"),
        ("*^10", 12345678, "*12345678*"),
        ("<010", 12345678, "1234567800"),
        ("+", 5, "+5"),
        ("#X", -5, "-0X5"),
        ("05c", 97, "0000a"),
        ("^5c", 97, "  a  "),
        ("3c", 0xd800, "[20, 20, d800]"),
    ] {
        assert_eq!(check(spec, value).unwrap(), expected, "{spec}");
    }
}

#[test]
fn messages() {
    for (spec, expected) in [
        (",_", "Cannot specify both ',' and '_'."),
        (",,", "Cannot specify ',' with ','."),
        (".", "Format specifier missing precision"),
        (",n", "Cannot specify ',' with 'n'."),
        ("._n", "Cannot specify '_' with 'n'."),
        ("x,", "Invalid format specifier 'x,' for object of type 'int'"),
        (",\u{7}", "Cannot specify ',' with '\\x7'."),
        (",\u{20ac}", "Cannot specify ',' with '\\x20ac'."),
        ("99999999999999999999", "Too many decimal digits in format string"),
        (".3", "Precision not allowed in integer format specifier"),
        ("z", "Negative zero coercion (z) not allowed in integer format specifier"),
        ("+c", "Sign not allowed with integer format specifier 'c'"),
    ] {
        assert_eq!(check(spec, 1), Err(format!("{:?}", FormatError::Value(expected.into()))), "{spec}");
    }
    let parsed = parse(1, |_| 'd' as u32, 0, Align::Right, &"float").unwrap();
    let expected = FormatError::Value("Unknown format code 'd' for object of type 'float'".into());
    assert_eq!(format_float(&parsed, 1.0, &"float"), Err(expected));
}

#[test]
fn complex_numbers() {
    for (spec, real, imag, expected) in [
        ("", 3.0, 4.5, "(3+4.5j)"),
        ("#", 3.0, 4.5, "(3.+4.5j)"),
        (".0", 3.0, 4.5, "(3+4j)"),
        ("+", 0.0, 3.0, "+3j"),
        ("", -0.0, 3.0, "(-0+3j)"),
        ("^20.2e", 0.0, 3.0, " 0.00e+00+3.00e+00j "),
        ("*^10", 3.0, 4.5, "*(3+4.5j)*"),
        ("z.1f", -0.0, -0.01, "0.0+0.0j"),
        ("+.2f", 1.0, 3.0, "+1.00+3.00j"),
        (",.3,f", 1234.0, -4.5, "1,234.000-4.500j"),
    ] {
        let chars: Vec<u32> = spec.chars().map(u32::from).collect();
        let parsed = parse(chars.len(), |i| chars[i], 0, Align::Right, &"complex").unwrap();
        assert_eq!(format_complex(&parsed, real, imag, &"complex"), Ok(Text::Utf8(expected.into())), "{spec}");
    }
}
