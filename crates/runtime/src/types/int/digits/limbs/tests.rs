use super::mul::mul_vec;
use super::*;

fn never() -> impl FnMut() -> bool {
    || false
}

/// A reproducible sequence; every few limbs are all ones or zero, to exercise carries.
fn number(n: usize, seed: u64) -> Vec<u64> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out: Vec<u64> = (0..n)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            match x % 7 {
                0 => u64::MAX,
                1 => 0,
                _ => x,
            }
        })
        .collect();
    if let Some(top) = out.last_mut() {
        *top |= 1;
    }
    out
}

/// The value modulo 2^61 - 1: enough to check products.
fn residue(a: &[u64]) -> u64 {
    a.iter().rev().fold(0u128, |r, &x| ((r << 64 | x as u128) % ((1 << 61) - 1)) as u128) as u64
}

fn residue_product(a: &[u64], b: &[u64]) -> u64 {
    (residue(a) as u128 * residue(b) as u128 % ((1 << 61) - 1)) as u64
}

#[test]
fn products_of_all_sizes() {
    for (n, m) in [
        (1, 1),
        (5, 3),
        (27, 27),
        (28, 28),
        (29, 29),
        (64, 60),
        (109, 109),
        (110, 110),
        (111, 111),
        (112, 112),
        (200, 190),
        (333, 333),
        (500, 120),
        (701, 700),
        (1000, 1000),
        (1500, 1400),
        (3000, 800),
        (10000, 750),
        (5000, 40),
        (20000, 20000),
        (4097, 4095),
    ] {
        let (a, b) = (number(n, 1), number(m, 2));
        let p = mul_vec(&a, &b, &mut never()).unwrap();
        assert_eq!(residue(&p), residue_product(&a, &b), "{n} {m}");
        let mut s = zeroed(2 * n).unwrap();
        square(&mut s, &a, &mut never()).unwrap();
        assert_eq!(residue(&s), residue_product(&a, &a), "square {n}");
        let ones = vec![u64::MAX; n];
        let p = mul_vec(&ones, &ones, &mut never()).unwrap();
        assert_eq!((p[0], p[n], p[n - 1]), (1, u64::MAX - 1, if n == 1 { 1 } else { 0 }), "ones {n}");
    }
}

#[test]
fn quotients_of_all_sizes() {
    for (n, m) in [
        (1, 1),
        (2, 1),
        (5, 2),
        (9, 9),
        (59, 30),
        (130, 65),
        (200, 70),
        (300, 200),
        (1000, 61),
        (777, 333),
        (4000, 2000),
        (4000, 3900),
        (6000, 2500),
        (9000, 1900),
        (12000, 5000),
        (20000, 6000),
    ] {
        for seed in 0..3 {
            let (a, mut b) = (number(n, seed), number(m, seed + 100));
            if seed == 1 {
                b[m - 1] = u64::MAX;
            }
            if seed == 2 {
                b.fill(0);
                b[m - 1] = 1 << 63;
            }
            let (q, r) = div_rem(&a, &b, &mut never()).unwrap();
            assert_eq!(compare(&r, &b), std::cmp::Ordering::Less, "{n} {m}");
            let mut p = mul_vec(&q, &b, &mut never()).unwrap();
            p.resize(n + 1, 0);
            add_assign(&mut p, &r);
            assert_eq!(compare(&p, &a), std::cmp::Ordering::Equal, "{n} {m} {seed}");
        }
    }
    // Quotient digits of all ones.
    for m in [3usize, 70, 2000] {
        let b = number(m, 5);
        let ones = vec![u64::MAX; m];
        let a = mul_vec(&b, &ones, &mut never()).unwrap();
        let (q, r) = div_rem(&a, &b, &mut never()).unwrap();
        assert!(r.is_empty() && q == ones, "{m}");
    }
}

#[test]
fn decimal_round_trip() {
    for n in [0usize, 1, 2, 20, 23, 24, 25, 30, 100, 333, 1000, 3000, 10000] {
        let a = if n == 0 { Vec::new() } else { number(n, n as u64) };
        let text = to_decimal(&a, &mut never()).unwrap();
        let values: Vec<u8> = text.iter().map(|c| c - b'0').collect();
        let mut back = from_radix(&values, 10, &mut never()).unwrap();
        trim(&mut back);
        assert_eq!(back, a, "{n}");
    }
    for k in [500u64, 1000, 5000, 20000] {
        let ten = pow(&[10], k, &mut never()).unwrap();
        let text = to_decimal(&ten, &mut never()).unwrap();
        assert!(text.len() as u64 == k + 1 && text[0] == b'1' && text[1..].iter().all(|&c| c == b'0'));
        let mut nines = ten;
        decrement(&mut nines);
        let text = to_decimal(&nines, &mut never()).unwrap();
        assert!(text.len() as u64 == k && text.iter().all(|&c| c == b'9'));
    }
}

#[test]
fn other_bases() {
    for base in 2..=36u32 {
        let digits: Vec<u8> = (0..3000u32).map(|i| ((i * 7 + 1) % base) as u8).collect();
        let fast = from_radix(&digits, base, &mut never()).unwrap();
        let mut slow: Vec<u64> = Vec::new();
        for &d in &digits {
            let top = mul_limb_assign(&mut slow, base as u64, d as u64);
            if top != 0 {
                slow.push(top);
            }
        }
        assert_eq!(fast, slow, "{base}");
    }
}

#[test]
fn roots() {
    for n in [1usize, 2, 3, 50, 500, 3000] {
        let a = number(n, 9);
        let square = mul_vec(&a, &a, &mut never()).unwrap();
        assert_eq!(isqrt(&square, &mut never()).unwrap(), a);
        let mut below = square.clone();
        decrement(&mut below);
        let mut root = a.clone();
        decrement(&mut root);
        trim(&mut root);
        assert_eq!(isqrt(&below, &mut never()).unwrap(), root);
    }
}

#[test]
fn common_divisors() {
    for (n, m, g) in [(1, 1, 1), (3, 2, 2), (20, 10, 5), (100, 100, 30), (400, 100, 200), (3000, 2500, 3000)] {
        let d = number(g, 77);
        let (a, mut b) = (number(n, 5), number(m, 6));
        // a and a k + 1 are coprime.
        b = mul_vec(&a, &b, &mut never()).unwrap();
        b.push(0);
        add_limb(&mut b, 1);
        trim(&mut b);
        let (x, y) = (mul_vec(&a, &d, &mut never()).unwrap(), mul_vec(&b, &d, &mut never()).unwrap());
        assert_eq!(gcd(&x, &y, &mut never()).unwrap(), d, "{n} {m} {g}");
        assert_eq!(gcd(&y, &x, &mut never()).unwrap(), d);
    }
    // Consecutive Fibonacci numbers take the most steps.
    let (mut a, mut b) = (vec![1u64], vec![1u64]);
    for _ in 0..5000 {
        a.resize(b.len(), 0);
        if add_assign(&mut a, &b) {
            a.push(1);
        }
        std::mem::swap(&mut a, &mut b);
    }
    assert_eq!(gcd(&a, &b, &mut never()).unwrap(), [1]);
}

#[test]
fn modular_powers() {
    // Fermat: a^(p-1) = 1 modulo 2^521 - 1.
    let mut p = vec![u64::MAX; 9];
    p[8] = (1 << 9) - 1;
    let mut e = p.clone();
    decrement(&mut e);
    assert_eq!(pow_mod(&[3], &e, &p, &mut never()).unwrap(), [1]);
    // Even modulus: the result modulo its odd part agrees.
    let even = shl(&p, 13).unwrap();
    let r = pow_mod(&[3], &e, &even, &mut never()).unwrap();
    let (_, r) = div_rem(&r, &p, &mut never()).unwrap();
    assert_eq!(r, [1]);
    // Against plain powers.
    for n in [2usize, 40, 200] {
        let (a, m) = (number(n, 3), number(n, 4));
        let plain = pow(&a, 77, &mut never()).unwrap();
        let (_, expected) = div_rem(&plain, &m, &mut never()).unwrap();
        assert_eq!(pow_mod(&a, &[77], &m, &mut never()).unwrap(), expected, "{n}");
    }
}

#[test]
fn interruption_stops_long_work() {
    let a = number(5000, 1);
    let mut out = zeroed(10000).unwrap();
    assert_eq!(mul(&mut out, &a, &a, &mut || true), Err(Stop::Interrupted));
    assert_eq!(to_decimal(&a, &mut || true), Err(Stop::Interrupted));
}

/// Numbers whose limbs are all ones or zero in long stretches: near misses of the reciprocals.
#[test]
fn quotients_of_extreme_numbers() {
    let ones = |n: usize| vec![u64::MAX; n];
    let power = |n: usize| {
        let mut a = vec![0; n];
        a[n - 1] = 1;
        a
    };
    for n in [150, 250, 399, 400, 401, 640, 1300] {
        let half: Vec<u64> = (0..n).map(|i| if i > n / 2 { u64::MAX } else { 0 }).collect();
        for b in [ones(n), power(n), half, number(n, 9)] {
            for a in [ones(2 * n), power(2 * n), ones(2 * n - 3), power(3 * n / 2), number(5 * n / 2, 4)] {
                let (q, r) = div_rem(&a, &b, &mut never()).unwrap();
                assert_eq!(compare(&r, &b), std::cmp::Ordering::Less);
                let mut product = vec![0; q.len() + b.len() + 1];
                for (i, &m) in q.iter().enumerate() {
                    product[i + n] = add_mul_limb(&mut product[i..i + n], &b, m);
                }
                add_assign(&mut product, &r);
                assert_eq!(trimmed(&product), trimmed(&a));
            }
        }
    }
}

#[test]
fn short_text_agrees_with_the_long_way() {
    for n in 0..=SHORT_VALUE {
        for a in [number(n, 5), vec![u64::MAX; n]] {
            let text = to_decimal(&a, &mut never()).unwrap();
            let short = ShortDecimal::new(&mut a.clone());
            let mut out = vec![0; short.len()];
            short.write(&mut out);
            assert_eq!(out, text);
            if text.len() <= SHORT_DIGITS {
                let mut back = [0; SHORT_VALUE];
                let len = from_decimal_short(&mut back, &text).unwrap();
                assert_eq!(&back[..len], trimmed(&a));
            }
        }
    }
    for value in [[5, 0], [u64::MAX, 0], [0, 1], [u64::MAX, (1 << 56) - 1]] {
        let mut buffer = [0; 40];
        let start = write_two_limbs(&mut buffer, value);
        assert_eq!(&buffer[start..], &to_decimal(&value, &mut never()).unwrap()[..]);
    }
    for wrong in ["1:", "12345678/", "1234567890123 5678", "\u{b2}"] {
        assert_eq!(decimal_group(wrong.as_bytes()), None);
    }
    for digits in 1..640 {
        for text in [format!("1{}", "0".repeat(digits - 1)), "9".repeat(digits)] {
            let values: Vec<u8> = text.bytes().map(|c| c - b'0').collect();
            let value = from_radix(&values, 10, &mut never()).unwrap();
            assert_eq!(to_decimal(&value, &mut never()).unwrap(), text.as_bytes());
        }
    }
}

#[test]
fn short_powers() {
    for base in [1, 3, 10, 77, 0xffff_ffff, u64::MAX - 58, 1 << 40] {
        for exponent in 1..=64 * SHORT_POWER as u64 / bit_length(&[base]) as u64 {
            let mut power = [0; SHORT_POWER + 1];
            let n = pow_short(&mut power, base, exponent);
            assert_eq!(power[..n], pow(&[base], exponent, &mut never()).unwrap(), "{base} ** {exponent}");
        }
    }
}
