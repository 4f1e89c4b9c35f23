use super::*;

fn never() -> impl FnMut() -> bool {
    || false
}

#[test]
fn packing_is_reversible() {
    for n in 0..100usize {
        let digits: Vec<u32> = (0..n).map(|i| (i as u32 + 1).wrapping_mul(0x9e37_79b9) & MASK).collect();
        let digits = &digits[..significant(&digits)];
        let limbs = pack(digits).unwrap();
        let mut back = vec![0; unpacked_len(&limbs)];
        unpack(&mut back, &limbs);
        assert_eq!(back, digits);
    }
}

#[test]
fn bit_operations_follow_twos_complement() {
    let split = |v: i128| {
        let m = v.unsigned_abs();
        let mut d: Vec<u32> = (0..5).map(|i| (m >> (30 * i)) as u32 & MASK).collect();
        d.truncate(significant(&d));
        (d, v < 0)
    };
    let values: [i128; 9] = [0, 1, -1, 5, -6, 1 << 30, -(1 << 30), (1 << 90) - 17, -(1 << 90)];
    for a in values {
        for b in values {
            let ((x, xn), (y, yn)) = (split(a), split(b));
            for (op, expected) in [(BitOp::And, a & b), (BitOp::Or, a | b), (BitOp::Xor, a ^ b)] {
                let mut out = vec![0; x.len().max(y.len()) + 1];
                let negative = bit_op(&mut out, op, (&x, xn), (&y, yn));
                out.truncate(significant(&out));
                assert_eq!((out, negative), split(expected), "{a} {op:?} {b}");
                if !xn && !yn {
                    let (long, short) = if x.len() >= y.len() { (&x, &y) } else { (&y, &x) };
                    let mut out = vec![0; if op == BitOp::And { short.len() } else { long.len() }];
                    bit_op_magnitudes(&mut out, op, long, short);
                    out.truncate(significant(&out));
                    assert_eq!((out, false), split(expected), "{a} {op:?} {b}");
                }
            }
        }
    }
}

#[test]
fn digit_multiplication_agrees_with_limbs() {
    for n in [1usize, 2, 5, 7, 30, 60, 90, 200, 2000] {
        let a: Vec<u32> = (0..n).map(|i| (i as u32 + 7).wrapping_mul(0x85eb_ca6b) & MASK).collect();
        let b: Vec<u32> = (0..n / 2 + 1).map(|i| (i as u32 + 3).wrapping_mul(0xc2b2_ae35) & MASK).collect();
        let mut out = vec![0; a.len() + b.len()];
        mul(&mut out, &a, &b, &mut never()).unwrap();
        let mut slow = vec![0u64; a.len() + b.len() + 1];
        for (i, &x) in a.iter().enumerate() {
            for (j, &y) in b.iter().enumerate() {
                slow[i + j] += x as u64 * y as u64;
                slow[i + j + 1] += slow[i + j] >> SHIFT;
                slow[i + j] &= MASK as u64;
            }
        }
        for i in 0..slow.len() - 1 {
            slow[i + 1] += slow[i] >> SHIFT;
            slow[i] &= MASK as u64;
        }
        assert!(out.iter().zip(&slow).all(|(&x, &y)| x as u64 == y), "{n}");
    }
}

#[test]
fn float_conversions_round_half_to_even() {
    let digits = |m: u128| {
        let mut d: Vec<u32> = (0..5).map(|i| (m >> (30 * i)) as u32 & MASK).collect();
        d.truncate(significant(&d));
        d
    };
    for m in [
        1u128,
        3,
        (1 << 53) + 1,
        (1 << 54) + 2,
        (1 << 54) + 6,
        (1 << 53) + 3,
        u64::MAX as u128,
        u128::MAX >> 1,
        (1 << 100) + 1,
    ] {
        let (f, e) = leading_f64(&digits(m));
        assert_eq!(f * 2f64.powi(e as i32), m as f64, "{m}");
        let (d, n) = from_f64_magnitude(m as f64);
        assert_eq!(&d[..n], &digits(m as f64 as u128)[..]);
    }
    let q = |a: u128, b: u128| true_divide(&digits(a), &digits(b), &mut never()).unwrap();
    assert_eq!(q(1 << 60, 3), Some((1u64 << 60) as f64 / 3.0));
    assert_eq!(q((1 << 54) + 2, 1), Some(18014398509481984.0));
    assert_eq!(q((1 << 100) + 1, 1 << 100), Some(1.0));
    let mut big = vec![0u32; 40];
    big[39] = 1;
    assert_eq!(true_divide(&big, &[1], &mut never()).unwrap(), None);
    assert_eq!(true_divide(&[1], &big, &mut never()).unwrap(), Some(0.0));
    // 2**1024 / 2**1; 1 / 2**1074 is the smallest subnormal.
    let power = |n: usize| {
        let mut d = vec![0u32; n / 30 + 1];
        d[n / 30] = 1 << (n % 30);
        d
    };
    assert_eq!(true_divide(&power(1024), &[2], &mut never()).unwrap(), Some(8.98846567431158e307));
    assert_eq!(true_divide(&[1], &power(1074), &mut never()).unwrap(), Some(5e-324));
    assert_eq!(true_divide(&[1], &power(1075), &mut never()).unwrap(), Some(0.0));
    assert_eq!(true_divide(&[3], &power(1076), &mut never()).unwrap(), Some(5e-324));
}
