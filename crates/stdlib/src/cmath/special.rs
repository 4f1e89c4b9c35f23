//! The values of the functions where a part of the argument is not finite, as Annex G of the C standard gives them.
//!
//! Rows go by the real part, columns by the imaginary part: -inf, negative, -0, 0, positive, inf, NaN. Where a row and its
//! column are finite, and where a function computes the value or raises, there is `U`.

use core::f64::consts::{FRAC_PI_2 as P12, FRAC_PI_4 as P14, PI as P};

pub type Table = [[(f64, f64); 7]; 7];

const P34: f64 = 0.75 * P;
const I: f64 = f64::INFINITY;
const N: f64 = f64::NAN;
const U: (f64, f64) = (f64::NAN, f64::NAN);

/// The row or column of a part.
fn kind(x: f64) -> usize {
    match x {
        _ if x.is_nan() => 6,
        _ if x.is_infinite() => {
            if x > 0.0 {
                5
            } else {
                0
            }
        }
        _ if x == 0.0 => {
            if x.is_sign_negative() {
                2
            } else {
                3
            }
        }
        _ => {
            if x > 0.0 {
                4
            } else {
                1
            }
        }
    }
}

/// The value for an argument that is not finite.
pub fn lookup(table: &Table, real: f64, imag: f64) -> (f64, f64) {
    table[kind(real)][kind(imag)]
}

#[rustfmt::skip]
pub const ACOS: Table = [
    [(P34, I), (P, I), (P, I), (P, -I), (P, -I), (P34, -I), (N, I)],
    [(P12, I), U, U, U, U, (P12, -I), (N, N)],
    [(P12, I), U, U, U, U, (P12, -I), (P12, N)],
    [(P12, I), U, U, U, U, (P12, -I), (P12, N)],
    [(P12, I), U, U, U, U, (P12, -I), (N, N)],
    [(P14, I), (0.0, I), (0.0, I), (0.0, -I), (0.0, -I), (P14, -I), (N, I)],
    [(N, I), (N, N), (N, N), (N, N), (N, N), (N, -I), (N, N)],
];

#[rustfmt::skip]
pub const ACOSH: Table = [
    [(I, -P34), (I, -P), (I, -P), (I, P), (I, P), (I, P34), (I, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, P12)],
    [(I, -P12), U, U, U, U, (I, P12), (N, P12)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P14), (I, -0.0), (I, -0.0), (I, 0.0), (I, 0.0), (I, P14), (I, N)],
    [(I, N), (N, N), (N, N), (N, N), (N, N), (I, N), (N, N)],
];

#[rustfmt::skip]
pub const ASINH: Table = [
    [(-I, -P14), (-I, -0.0), (-I, -0.0), (-I, 0.0), (-I, 0.0), (-I, P14), (-I, N)],
    [(-I, -P12), U, U, U, U, (-I, P12), (N, N)],
    [(-I, -P12), U, U, U, U, (-I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P14), (I, -0.0), (I, -0.0), (I, 0.0), (I, 0.0), (I, P14), (I, N)],
    [(I, N), (N, N), (N, -0.0), (N, 0.0), (N, N), (I, N), (N, N)],
];

#[rustfmt::skip]
pub const ATANH: Table = [
    [(-0.0, -P12), (-0.0, -P12), (-0.0, -P12), (-0.0, P12), (-0.0, P12), (-0.0, P12), (-0.0, N)],
    [(-0.0, -P12), U, U, U, U, (-0.0, P12), (N, N)],
    [(-0.0, -P12), U, U, U, U, (-0.0, P12), (-0.0, N)],
    [(0.0, -P12), U, U, U, U, (0.0, P12), (0.0, N)],
    [(0.0, -P12), U, U, U, U, (0.0, P12), (N, N)],
    [(0.0, -P12), (0.0, -P12), (0.0, -P12), (0.0, P12), (0.0, P12), (0.0, P12), (0.0, N)],
    [(0.0, -P12), (N, N), (N, N), (N, N), (N, N), (0.0, P12), (N, N)],
];

#[rustfmt::skip]
pub const COSH: Table = [
    [U, (-I, I), (I, 0.0), (I, -0.0), (-I, -I), U, (I, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (N, 0.0)],
    [U, U, U, U, U, U, (N, 0.0)],
    [U, U, U, U, U, U, (N, N)],
    [U, (-I, -I), (I, -0.0), (I, 0.0), (-I, I), U, (I, N)],
    [(N, N), (N, N), (N, 0.0), (N, 0.0), (N, N), (N, N), (N, N)],
];

#[rustfmt::skip]
pub const EXP: Table = [
    [(0.0, 0.0), (-0.0, -0.0), (0.0, -0.0), (0.0, 0.0), (-0.0, 0.0), (0.0, 0.0), (0.0, 0.0)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, (-I, -I), (I, -0.0), (I, 0.0), (-I, I), U, (I, N)],
    [(N, N), (N, N), (N, -0.0), (N, 0.0), (N, N), (N, N), (N, N)],
];

#[rustfmt::skip]
pub const LOG: Table = [
    [(I, -P34), (I, -P), (I, -P), (I, P), (I, P), (I, P34), (I, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P12), U, U, U, U, (I, P12), (N, N)],
    [(I, -P14), (I, -0.0), (I, -0.0), (I, 0.0), (I, 0.0), (I, P14), (I, N)],
    [(I, N), (N, N), (N, N), (N, N), (N, N), (I, N), (N, N)],
];

#[rustfmt::skip]
pub const SINH: Table = [
    [U, (I, -I), (-I, -0.0), (-I, 0.0), (I, I), U, (I, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (0.0, N)],
    [U, U, U, U, U, U, (0.0, N)],
    [U, U, U, U, U, U, (N, N)],
    [U, (-I, -I), (I, -0.0), (I, 0.0), (-I, I), U, (I, N)],
    [(N, N), (N, N), (N, -0.0), (N, 0.0), (N, N), (N, N), (N, N)],
];

#[rustfmt::skip]
pub const SQRT: Table = [
    [(I, -I), (0.0, -I), (0.0, -I), (0.0, I), (0.0, I), (I, I), (N, I)],
    [(I, -I), U, U, U, U, (I, I), (N, N)],
    [(I, -I), U, U, U, U, (I, I), (N, N)],
    [(I, -I), U, U, U, U, (I, I), (N, N)],
    [(I, -I), U, U, U, U, (I, I), (N, N)],
    [(I, -I), (I, -0.0), (I, -0.0), (I, 0.0), (I, 0.0), (I, I), (I, N)],
    [(I, -I), (N, N), (N, N), (N, N), (N, N), (I, I), (N, N)],
];

#[rustfmt::skip]
pub const TANH: Table = [
    [(-1.0, 0.0), (-1.0, 0.0), (-1.0, -0.0), (-1.0, 0.0), (-1.0, -0.0), (-1.0, 0.0), (-1.0, 0.0)],
    [U, U, U, U, U, U, (N, N)],
    [U, U, U, U, U, U, (-0.0, N)],
    [U, U, U, U, U, U, (0.0, N)],
    [U, U, U, U, U, U, (N, N)],
    [(1.0, 0.0), (1.0, 0.0), (1.0, -0.0), (1.0, 0.0), (1.0, -0.0), (1.0, 0.0), (1.0, 0.0)],
    [(N, N), (N, N), (N, -0.0), (N, 0.0), (N, N), (N, N), (N, N)],
];

#[rustfmt::skip]
pub const RECT: Table = [
    [U, (I, I), (-I, 0.0), (-I, -0.0), (I, -I), U, (I, N)],
    [U, U, U, U, U, U, (N, N)],
    [(0.0, 0.0), U, U, U, U, (0.0, 0.0), (0.0, 0.0)],
    [(0.0, 0.0), U, U, U, U, (0.0, 0.0), (0.0, 0.0)],
    [U, U, U, U, U, U, (N, N)],
    [U, (-I, -I), (I, -0.0), (I, 0.0), (-I, I), U, (I, N)],
    [(N, N), (N, N), (N, 0.0), (N, 0.0), (N, N), (N, N), (N, N)],
];
