//! Ints as Rust code sees them; what needs no running interpreter. Expected values were computed with CPython 3.14.

use core::cmp::Ordering;

use super::Int;
use super::digits::BitOp;
use super::text::{Base, parse};
use crate::prelude::*;

fn int(value: i128) -> Ref<Int> {
    let Ok(int) = Int::from_i128(value) else { panic!("no memory") };
    int
}

fn text(value: PyResult<Ref<Int>>) -> String {
    let Ok(value) = value else { panic!("raised") };
    let Ok(text) = value.to_text(Base::Decimal, false) else { panic!("raised") };
    text
}

fn read(digits: &str) -> Ref<Int> {
    match parse(digits.as_bytes(), 0) {
        Ok(value) => value,
        Err(_) => panic!("{digits}"),
    }
}

const VALUES: [i128; 17] = [
    0,
    1,
    -1,
    2,
    -6,
    256,
    257,
    (1 << 30) - 1,
    -(1 << 30),
    (1 << 60) - 1,
    1 << 60,
    -(1 << 60),
    (1 << 61) - 1,
    i64::MAX as i128,
    i64::MIN as i128,
    1 << 90,
    -(1 << 90) + 12345,
];

#[test]
fn small_ints_exist_once() {
    for value in -5..=256 {
        assert!(int(value).is(&int(value)), "{value}");
    }
    assert!(!int(257).is(&int(257)) && !int(-6).is(&int(-6)));
    assert!(Int::is_same_immediate(int(257).as_object(), int(257).as_object()));
    assert!(Int::is_same_immediate(int((1 << 61) - 1).as_object(), int((1 << 61) - 1).as_object()));
    assert!(!Int::is_same_immediate(int(1 << 61).as_object(), int(1 << 61).as_object()));
}

#[test]
fn machine_values() {
    for value in VALUES {
        let object = int(value);
        assert_eq!(object.to_i128(), Some(value));
        assert_eq!(object.to_i64(), i64::try_from(value).ok());
        assert_eq!(object.to_u64(), u64::try_from(value).ok());
        assert_eq!(object.to_u64_mask(), value as u64);
        assert_eq!(object.to_isize_clamped() as i128, value.clamp(i64::MIN as i128, i64::MAX as i128));
        assert_eq!(object.to_f64_checked(), Some(value as f64));
        assert_eq!(object.sign() as i128, value.signum());
        assert_eq!(text(Ok(object)), value.to_string());
    }
}

#[test]
fn arithmetic_agrees_with_the_machine() {
    let check = |result: PyResult<Ref<Int>>, expected: i128, what: &str, a: i128, b: i128| {
        assert_eq!(text(result), expected.to_string(), "{a} {what} {b}");
    };
    for a in VALUES {
        for b in VALUES {
            let (x, y) = (int(a), int(b));
            check(x.add(&y), a + b, "+", a, b);
            check(x.sub(&y), a - b, "-", a, b);
            if let Some(product) = a.checked_mul(b) {
                check(x.mul(&y), product, "*", a, b);
            }
            check(x.bit_op(BitOp::And, &y), a & b, "&", a, b);
            check(x.bit_op(BitOp::Or, &y), a | b, "|", a, b);
            check(x.bit_op(BitOp::Xor, &y), a ^ b, "^", a, b);
            assert_eq!(x.compare(&y), a.cmp(&b));
            if b != 0 {
                let quotient = a.div_euclid(b) - (b < 0 && a.rem_euclid(b) != 0) as i128;
                check(x.floor_div(&y), quotient, "//", a, b);
                check(x.modulo(&y), a - quotient * b, "%", a, b);
                let Ok((q, r)) = x.div_mod(&y) else { panic!() };
                check(Ok(q), quotient, "divmod", a, b);
                check(Ok(r), a - quotient * b, "divmod", a, b);
            }
            let (mut g, mut h) = (a.unsigned_abs(), b.unsigned_abs());
            while h != 0 {
                (g, h) = (h, g % h);
            }
            check(x.gcd(&y), g as i128, "gcd", a, b);
        }
        for shift in [0u32, 1, 29, 30, 31, 59, 60, 61, 100] {
            check(int(a).shift_right(shift as u64), a >> shift, ">>", a, shift as i128);
            let shifted = int(a).shift_left(shift as u64).and_then(|value| value.shift_right(shift as u64));
            check(shifted, a, "<< >>", a, shift as i128);
        }
        check(int(a).invert(), !a, "~", a, 0);
        check(int(a).negate(), -a, "-", a, 0);
    }
}

#[test]
fn powers() {
    assert_eq!(text(int(3).pow(&int(100))), "515377520732011331036461129765621272702107522001");
    assert_eq!(text(int(-2).pow(&int(63))), i64::MIN.to_string());
    assert_eq!(text(int(10).pow(&int(30))), "1000000000000000000000000000000");
    assert_eq!(text(int(0).pow(&int(0))), "1");
    assert_eq!(text(int(-1).pow(&int(1 << 100))), "1");
    assert_eq!(text(int(2).pow_mod(&int(3), &int(-5))), "-2");
    assert_eq!(text(int(3).pow_mod(&int(-1), &int(-7))), "-2");
    assert_eq!(text(int(2).pow_mod(&int(-1), &int(1))), "0");
    assert_eq!(
        text(int(123456789).pow_mod(&int(987654321987654321), &int((1 << 89) - 1))),
        "78114818394062756983629881"
    );
}

#[test]
fn hashes() {
    for (value, expected) in [
        (0, 0),
        (-1, -2),
        ((1 << 61) - 1, 0),
        ((1 << 61) - 2, 2305843009213693950),
        (-(1 << 61), -2),
        (1 << 100, 549755813888),
        (-(1 << 90) + 12345, -536858567),
    ] {
        assert_eq!(int(value).hash_value(), expected, "{value}");
    }
    use crate::types::float::hash_double;
    for (value, expected) in [
        (1.5, 1152921504606846977),
        (f64::INFINITY, 314159),
        (0.1, 230584300921369408),
        (1e300, 1224995262755759164),
        (-1.0, -2),
        (5e-324, 16777216),
    ] {
        assert_eq!(hash_double(value), expected, "{value}");
    }
}

#[test]
fn comparison_with_floats_is_exact() {
    let big = int((1 << 53) + 1);
    assert_eq!(big.compare_f64((1i64 << 53) as f64), Some(Ordering::Greater));
    assert_eq!(int(1 << 90).compare_f64(f64::INFINITY), Some(Ordering::Less));
    assert_eq!(int(-(1 << 90)).compare_f64(-(2f64.powi(90))), Some(Ordering::Equal));
    assert_eq!(int(-3).compare_f64(-2.5), Some(Ordering::Less));
    assert_eq!(int((1 << 62) + 1).compare_f64(2f64.powi(62)), Some(Ordering::Greater));
    assert_eq!(int(0).compare_f64(-0.0), Some(Ordering::Equal));
    assert_eq!(int(0).compare_f64(f64::NAN), None);
}

#[test]
fn bytes() {
    for value in VALUES {
        let object = int(value);
        for little in [true, false] {
            let mut out = [0u8; 16];
            assert_eq!(object.write_bytes(&mut out, little, true), Ok(()));
            let expected = if little { value.to_le_bytes() } else { value.to_be_bytes() };
            assert_eq!(out, expected);
            assert_eq!(text(Int::from_byte_slice(&out, little, true)), value.to_string());
        }
    }
    let fits = |value: i128, len: usize, signed: bool| int(value).write_bytes(&mut vec![0; len], true, signed).is_ok();
    assert!(fits(255, 1, false) && !fits(256, 1, false) && fits(127, 1, true) && !fits(128, 1, true));
    assert!(
        fits(-128, 1, true) && !fits(-129, 1, true) && !fits(-1, 4, false) && fits(0, 0, false) && !fits(-1, 0, true)
    );
    assert_eq!(text(Int::from_byte_slice(&[0; 9], true, true)), "0");
    assert_eq!(text(Int::from_byte_slice(&[0xff; 30], false, true)), "-1");
}

#[test]
fn literals() {
    for (text, base, value) in [
        ("12", 10, 12),
        ("  +1_000\n", 10, 1000),
        ("0x_f", 0, 15),
        ("-0b101", 0, -5),
        ("0_0", 0, 0),
        ("z", 36, 35),
        ("0B1", 2, 1),
        ("ffffffffffffffffffffffff", 16, (1 << 96) - 1),
        ("170141183460469231731687303715884105727", 10, i128::MAX),
        ("-777777777777777777777777777777777777777", 8, -(1i128 << 117) + 1),
        ("0000000000000000000000000000000000000001", 10, 1),
        ("0000000000000000000000000000000000000001", 2, 1),
    ] {
        match parse(text.as_bytes(), base) {
            Ok(parsed) if base != 10 || value != i128::MAX => assert_eq!(parsed.to_i128(), Some(value), "{text}"),
            Ok(parsed) => assert_eq!(super::tests::text(Ok(parsed)), text),
            Err(_) => panic!("{text}"),
        }
    }
    for (text, base) in [
        ("", 10),
        ("_1", 10),
        ("1_", 10),
        ("1__0", 10),
        ("-", 10),
        ("- 5", 10),
        ("0x", 16),
        ("0x__1", 16),
        ("010", 0),
        ("0_1", 0),
        ("b1", 2),
        ("0x+1", 16),
        ("12", 2),
        ("0x10", 10),
    ] {
        assert!(parse(text.as_bytes(), base).is_err(), "{text}");
    }
}

#[test]
fn other_bases() {
    let value = read("-0x123456789abcdef0123456789abcdef0");
    let shown = |base| match value.to_text(base, true) {
        Ok(text) => text,
        Err(_) => panic!(),
    };
    assert_eq!(shown(Base::Hexadecimal), "-0x123456789abcdef0123456789abcdef0");
    assert_eq!(shown(Base::Octal), "-0o221505317046536336740110642547423257157360");
    assert_eq!(read(&shown(Base::Binary)).compare(&value), Ordering::Equal);
    assert_eq!(read(&shown(Base::Octal)).compare(&value), Ordering::Equal);
    assert_eq!(shown(Base::Decimal), "-24197857203266734864793317670504947440");
}
