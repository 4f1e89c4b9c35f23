//! The transforms of `ntt` for processors with the 52-bit multiplication of AVX-512: eight values at a time modulo two
//! primes below 2^50, coefficients of 40 bits (five limbs are eight coefficients). A coefficient of the product is below
//! 2^19 * 2^80, which the product of the primes exceeds.
//!
//! Lengths, the split into rings, lazy reduction and factors are those of `ntt`. Levels whose blocks have eight values or
//! more work on whole vectors. For the last three levels eight blocks are transposed, so that a lane holds a block; the
//! transform leaves them so, the product does not mind, and the inverse transform transposes them back.

use core::arch::x86_64::*;
use std::sync::{Arc, Mutex};

use super::*;

const P1: u64 = 0x3_ffff_4800_0001;
const P2: u64 = 0x3_fffe_7600_0001;
const GENERATORS: [u64; 2] = [14, 14];
const BITS: usize = 40;
const MASK: u64 = (1 << BITS) - 1;
/// The longest transform.
const LONGEST: usize = 1 << 19;
/// The shortest ring: eight blocks of eight.
const SHORTEST: usize = 64;
/// Blocks up to this many vectors are finished level by level, since they stay in the first-level cache.
const CACHED: usize = 256;
/// The numbers that the multiplier sees.
const LOW52: u64 = (1 << 52) - 1;

type Vector = __m512i;

/// Whether the processor has the instructions.
#[inline]
pub fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Whether a product of `limbs` limbs is within the range of the transforms.
pub fn fits(limbs: usize) -> bool {
    limbs < LONGEST / 8 * 5 - 8
}

fn mul_mod<const P: u64>(a: u64, b: u64) -> u64 {
    (a as u128 * b as u128 % P as u128) as u64
}

fn pow_mod<const P: u64>(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul_mod::<P>(result, base);
        }
        base = mul_mod::<P>(base, base);
        exponent >>= 1;
    }
    result
}

fn invert_mod<const P: u64>(a: u64) -> u64 {
    pow_mod::<P>(a, P - 2)
}

/// A constant factor `w` with `floor(w * 2^52 / p)`.
#[derive(Clone, Copy)]
struct Factor {
    w: u64,
    quotient: u64,
}

fn factor<const P: u64>(w: u64) -> Factor {
    Factor { w, quotient: (((w as u128) << 52) / P as u128) as u64 }
}

/// Factors in all lanes.
#[derive(Clone, Copy)]
struct Factors {
    w: Vector,
    quotient: Vector,
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn all(x: u64) -> Vector {
    _mm512_set1_epi64(x as i64)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn spread(f: Factor) -> Factors {
    Factors { w: all(f.w), quotient: all(f.quotient) }
}

/// `x * f` in `[0, 2p)`, for any `x` below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn times<const P: u64>(x: Vector, f: Factors) -> Vector {
    let zero = _mm512_setzero_si512();
    let q = _mm512_madd52hi_epu64(zero, x, f.quotient);
    let product = _mm512_madd52lo_epu64(zero, x, f.w);
    // Minus q p, modulo 2^52.
    _mm512_and_si512(_mm512_madd52lo_epu64(product, q, all((1 << 52) - P)), all(LOW52))
}

/// From `[0, 4p)` to `[0, 2p)`: the smaller of two numbers, one of which may have wrapped.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn below_2p<const P: u64>(x: Vector) -> Vector {
    _mm512_min_epu64(x, _mm512_sub_epi64(x, all(2 * P)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn below_p<const P: u64>(x: Vector) -> Vector {
    _mm512_min_epu64(x, _mm512_sub_epi64(x, all(P)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn plus<const P: u64>(x: Vector, y: Vector) -> Vector {
    below_2p::<P>(_mm512_add_epi64(x, y))
}

/// The difference in `[0, 4p)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wide_minus<const P: u64>(x: Vector, y: Vector) -> Vector {
    _mm512_sub_epi64(_mm512_add_epi64(x, all(2 * P)), y)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn minus<const P: u64>(x: Vector, y: Vector) -> Vector {
    below_2p::<P>(wide_minus::<P>(x, y))
}

/// `x * y / 2^52` in `[0, 2p)`; `x * y < 2^52 p`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn montgomery<const P: u64>(x: Vector, y: Vector) -> Vector {
    let zero = _mm512_setzero_si512();
    let inverse = const {
        let mut inverse = 1u64;
        let mut i = 0;
        while i < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(P.wrapping_mul(inverse)));
            i += 1;
        }
        inverse.wrapping_neg() & LOW52
    };
    let low = _mm512_madd52lo_epu64(zero, x, y);
    let high = _mm512_madd52hi_epu64(zero, x, y);
    let m = _mm512_madd52lo_epu64(zero, low, all(inverse));
    // The low halves add up to 0 or to 2^52.
    let sum = _mm512_madd52hi_epu64(high, m, all(P));
    _mm512_mask_add_epi64(sum, _mm512_test_epi64_mask(low, low), sum, all(1))
}

/// Inputs in `[0, 4p)`, outputs in `[0, 4p)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn down<const P: u64>(x: Vector, y: Vector, f: Factors) -> (Vector, Vector) {
    let (u, v) = (below_2p::<P>(x), times::<P>(y, f));
    (_mm512_add_epi64(u, v), wide_minus::<P>(u, v))
}

/// Inputs in `[0, 2p)`, outputs in `[0, 2p)`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn up<const P: u64>(x: Vector, y: Vector, f: Factors) -> (Vector, Vector) {
    (plus::<P>(x, y), times::<P>(wide_minus::<P>(x, y), f))
}

/// Rows to columns, and back.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn transpose(r: [Vector; 8]) -> [Vector; 8] {
    let even = |i: usize| _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
    let odd = |i: usize| _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
    let columns = |a, b, c, d| {
        let (u0, u1) = (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b));
        let (u2, u3) = (_mm512_shuffle_i64x2::<0x88>(c, d), _mm512_shuffle_i64x2::<0xdd>(c, d));
        [
            _mm512_shuffle_i64x2::<0x88>(u0, u2),
            _mm512_shuffle_i64x2::<0x88>(u1, u3),
            _mm512_shuffle_i64x2::<0xdd>(u0, u2),
            _mm512_shuffle_i64x2::<0xdd>(u1, u3),
        ]
    };
    let [c0, c2, c4, c6] = columns(even(0), even(1), even(2), even(3));
    let [c1, c3, c5, c7] = columns(odd(0), odd(1), odd(2), odd(3));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

/// The factors of the last three levels for eight blocks, one in each lane: one of the first level, two of the second, four
/// of the third.
type Leaf = [Factors; 7];

/// The factors of one direction.
struct Tables {
    /// `upper[t][s]` is the factor of block `s` times `w^t`, for the levels above the last three.
    upper: Vec<Vec<Factor>>,
    /// For each ring, all groups of eight blocks.
    leaves: Vec<Vec<Leaf>>,
}

impl Tables {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new<const P: u64>(q: usize, m: usize, generator: u64) -> Result<Tables, Stop> {
        // The factors of all blocks, those of the blocks `2^k..2^(k+1)` by one root from those below.
        let mut first = with_capacity(m / 2)?;
        first.push(1);
        let mut order = 4u64;
        while first.len() < m / 2 {
            let root = factor::<P>(pow_mod::<P>(generator, (P - 1) / order));
            let n = first.len();
            first.resize(2 * n, 0);
            let (known, new) = first.split_at_mut(n);
            multiply::<P>(new, known, root);
            order *= 2;
        }
        let w = pow_mod::<P>(generator, (P - 1) / q as u64);
        let mut tables = Tables { upper: Vec::new(), leaves: Vec::new() };
        let mut all_tables = Vec::new();
        let mut power = 1;
        for t in 0..q {
            let mut table = with_capacity(m / 2)?;
            if t == 0 {
                table.extend_from_slice(&first);
            } else {
                table.resize(m / 2, 0);
                multiply::<P>(&mut table, &first, factor::<P>(power));
            }
            let mut upper = Vec::new();
            let count = (m / 8).max(1);
            upper.try_reserve_exact(count).map_err(|_| Stop::NoMemory)?;
            upper.extend(table[..count].iter().map(|&w| factor_fast::<P>(w)));
            tables.upper.push(upper);
            all_tables.push(table);
            power = mul_mod::<P>(power, w);
        }
        for ring in 0..q {
            let mut levels = levels(q, ring).into_iter().map(usize::from).skip(m.ilog2() as usize - 3);
            let mut table = || &all_tables[levels.next().unwrap_or(0)];
            let (a, b, c) = (table(), table(), table());
            let mut leaves: Vec<Leaf> = Vec::new();
            leaves.try_reserve_exact(m / 64).map_err(|_| Stop::NoMemory)?;
            for group in 0..m / 64 {
                let part = |table: &[u64], stride: usize, offset: usize| {
                    let base = group * 8 * stride + offset;
                    let w: [u64; 8] = core::array::from_fn(|lane| table[base + lane * stride]);
                    // SAFETY: eight numbers are a vector.
                    quotients::<P>(unsafe { _mm512_loadu_si512(w.as_ptr().cast()) })
                };
                leaves.push([
                    part(a, 1, 0),
                    part(b, 2, 0),
                    part(b, 2, 1),
                    part(c, 4, 0),
                    part(c, 4, 1),
                    part(c, 4, 2),
                    part(c, 4, 3),
                ]);
            }
            tables.leaves.push(leaves);
        }
        Ok(tables)
    }
}

/// Which table each level of ring `j` uses.
fn levels(q: usize, j: usize) -> [u8; 32] {
    let mut levels = [0; 32];
    let mut t = j;
    for level in &mut levels {
        t = t * (q + 1) / 2 % q;
        *level = t as u8;
    }
    levels
}

/// The factor of a reduced `w`: `2^52 / p` is 4 and a little.
fn factor_fast<const P: u64>(w: u64) -> Factor {
    let rest = const { ((((1u128 << 52) - 4 * P as u128) << 52) / P as u128) as u64 };
    let mut quotient = 4 * w + ((w as u128 * rest as u128) >> 52) as u64;
    // What is left of w 2^52, modulo 2^64: a few p at most.
    while (w << 52).wrapping_sub(quotient.wrapping_mul(P)) >= P {
        quotient += 1;
    }
    Factor { w, quotient }
}

/// As [`factor_fast`] for eight.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn quotients<const P: u64>(w: Vector) -> Factors {
    let rest = const { ((((1u128 << 52) - 4 * P as u128) << 52) / P as u128) as u64 };
    let mut quotient = _mm512_madd52hi_epu64(_mm512_slli_epi64::<2>(w), w, all(rest));
    for _ in 0..2 {
        let zero = _mm512_setzero_si512();
        let left = _mm512_and_si512(_mm512_madd52lo_epu64(zero, quotient, all((1 << 52) - P)), all(LOW52));
        let short = _mm512_cmpge_epu64_mask(left, all(P));
        quotient = _mm512_mask_add_epi64(quotient, short, quotient, all(1));
    }
    Factors { w, quotient }
}

/// `out = a * f`, reduced.
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<const P: u64>(out: &mut [u64], a: &[u64], f: Factor) {
    let factors = spread(f);
    let (out8, out) = out.as_chunks_mut::<8>();
    let (a8, a) = a.as_chunks::<8>();
    for (out, a) in out8.iter_mut().zip(a8) {
        // SAFETY: eight numbers are a vector.
        unsafe {
            let x = _mm512_loadu_si512(a.as_ptr().cast());
            _mm512_storeu_si512(out.as_mut_ptr().cast(), below_p::<P>(times::<P>(x, factors)));
        }
    }
    for (out, &a) in out.iter_mut().zip(a) {
        *out = mul_mod::<P>(a, f.w);
    }
}

/// The transforms of one length `q * m` modulo one prime.
struct Plan<const P: u64> {
    q: usize,
    /// The length of a ring in vectors.
    m: usize,
    forward: Tables,
    inverse: Tables,
    /// The powers of `w`.
    roots: [u64; 5],
}

impl<const P: u64> Plan<P> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(q: usize, m: usize, generator: u64) -> Result<Self, Stop> {
        let w = pow_mod::<P>(generator, (P - 1) / q as u64);
        Ok(Plan {
            q,
            m: m / 8,
            forward: Tables::new::<P>(q, m, generator)?,
            inverse: Tables::new::<P>(q, m, invert_mod::<P>(generator))?,
            roots: core::array::from_fn(|i| pow_mod::<P>(w, i as u64)),
        })
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn forward(&self, a: &mut [Vector]) {
        match self.q {
            3 => self.split3(a, false),
            5 => self.split5(a, false),
            _ => {}
        }
        for (ring, part) in a.chunks_exact_mut(self.m).enumerate() {
            self.forward_block(part, 0, 0, ring, &levels(self.q, ring));
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn inverse(&self, a: &mut [Vector]) {
        for (ring, part) in a.chunks_exact_mut(self.m).enumerate() {
            self.inverse_block(part, 0, 0, ring, &levels(self.q, ring));
        }
        match self.q {
            3 => self.split3(a, true),
            5 => self.split5(a, true),
            _ => {}
        }
    }

    /// The transform of length 3 over elements a ring apart, with one multiplication, since `1 + w + w^2 = 0`. Inputs in
    /// `[0, 4p)`, outputs in `[0, 2p)`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn split3(&self, a: &mut [Vector], inverse: bool) {
        let w = spread(factor::<P>(self.roots[if inverse { 2 } else { 1 }]));
        let (a0, rest) = a.split_at_mut(self.m);
        let (a1, a2) = rest.split_at_mut(self.m);
        for ((x0, x1), x2) in a0.iter_mut().zip(a1).zip(a2) {
            let (y0, y1, y2) = (below_2p::<P>(*x0), below_2p::<P>(*x1), below_2p::<P>(*x2));
            let t = times::<P>(wide_minus::<P>(y1, y2), w);
            *x0 = plus::<P>(plus::<P>(y0, y1), y2);
            *x1 = plus::<P>(minus::<P>(y0, y2), t);
            *x2 = minus::<P>(minus::<P>(y0, y1), t);
        }
    }

    /// The transform of length 5, by sums and differences of opposite elements. Ranges as in `split3`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn split5(&self, a: &mut [Vector], inverse: bool) {
        let half = invert_mod::<P>(2);
        let root = |i: usize| self.roots[if inverse { (5 - i) % 5 } else { i }];
        let combine = |x: u64, y: u64| spread(factor::<P>(mul_mod::<P>((x + y) % P, half)));
        let (c1, c2) = (combine(root(1), root(4)), combine(root(2), root(3)));
        let (s1, s2) = (combine(root(1), P - root(4)), combine(root(2), P - root(3)));
        let m = self.m;
        let (a0, rest) = a.split_at_mut(m);
        let (a1, rest) = rest.split_at_mut(m);
        let (a2, rest) = rest.split_at_mut(m);
        let (a3, a4) = rest.split_at_mut(m);
        for ((((x0, x1), x2), x3), x4) in a0.iter_mut().zip(a1).zip(a2).zip(a3).zip(a4) {
            let y =
                [below_2p::<P>(*x0), below_2p::<P>(*x1), below_2p::<P>(*x2), below_2p::<P>(*x3), below_2p::<P>(*x4)];
            let (t1, t2) = (plus::<P>(y[1], y[4]), plus::<P>(y[2], y[3]));
            let (d1, d2) = (minus::<P>(y[1], y[4]), minus::<P>(y[2], y[3]));
            let even1 = plus::<P>(y[0], plus::<P>(times::<P>(t1, c1), times::<P>(t2, c2)));
            let even2 = plus::<P>(y[0], plus::<P>(times::<P>(t1, c2), times::<P>(t2, c1)));
            let odd1 = plus::<P>(times::<P>(d1, s1), times::<P>(d2, s2));
            let odd2 = minus::<P>(times::<P>(d1, s2), times::<P>(d2, s1));
            *x0 = plus::<P>(y[0], plus::<P>(t1, t2));
            *x1 = plus::<P>(even1, odd1);
            *x4 = minus::<P>(even1, odd1);
            *x2 = plus::<P>(even2, odd2);
            *x3 = minus::<P>(even2, odd2);
        }
    }

    /// Splits block `s` of `level` down to single values.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn forward_block(&self, a: &mut [Vector], s: usize, level: usize, ring: usize, levels: &[u8; 32]) {
        let n = a.len();
        if n > CACHED {
            self.down4(a, s, level, levels);
            for (i, quarter) in a.chunks_exact_mut(n / 4).enumerate() {
                self.forward_block(quarter, 4 * s + i, level + 2, ring, levels);
            }
            return;
        }
        let (mut size, mut first, mut at) = (n, s, level);
        while size >= 4 {
            for (i, block) in a.chunks_exact_mut(size).enumerate() {
                self.down4(block, first + i, at, levels);
            }
            (size, first, at) = (size / 4, first * 4, at + 2);
        }
        if size == 2 {
            let table = &self.forward.upper[levels[at] as usize][first..first + n / 2];
            for (pair, &f) in a.as_chunks_mut::<2>().0.iter_mut().zip(table) {
                (pair[0], pair[1]) = down::<P>(pair[0], pair[1], spread(f));
            }
        }
        let leaves = &self.forward.leaves[ring][s * n / 8..(s + 1) * n / 8];
        for (group, f) in a.as_chunks_mut::<8>().0.iter_mut().zip(leaves) {
            let [r0, r1, r2, r3, r4, r5, r6, r7] = transpose(*group);
            let ((r0, r4), (r1, r5)) = (down::<P>(r0, r4, f[0]), down::<P>(r1, r5, f[0]));
            let ((r2, r6), (r3, r7)) = (down::<P>(r2, r6, f[0]), down::<P>(r3, r7, f[0]));
            let ((r0, r2), (r1, r3)) = (down::<P>(r0, r2, f[1]), down::<P>(r1, r3, f[1]));
            let ((r4, r6), (r5, r7)) = (down::<P>(r4, r6, f[2]), down::<P>(r5, r7, f[2]));
            let ((r0, r1), (r2, r3)) = (down::<P>(r0, r1, f[3]), down::<P>(r2, r3, f[4]));
            let ((r4, r5), (r6, r7)) = (down::<P>(r4, r5, f[5]), down::<P>(r6, r7, f[6]));
            *group = [r0, r1, r2, r3, r4, r5, r6, r7];
        }
    }

    /// Two levels of one block at once.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn down4(&self, a: &mut [Vector], s: usize, level: usize, levels: &[u8; 32]) {
        let f1 = spread(self.forward.upper[levels[level] as usize][s]);
        let below = &self.forward.upper[levels[level + 1] as usize];
        let (f2, f3) = (spread(below[2 * s]), spread(below[2 * s + 1]));
        let h = a.len() / 4;
        let (low, high) = a.split_at_mut(2 * h);
        let ((a0, a1), (a2, a3)) = (low.split_at_mut(h), high.split_at_mut(h));
        for (((x0, x1), x2), x3) in a0.iter_mut().zip(a1).zip(a2).zip(a3) {
            let (y0, y2) = down::<P>(*x0, *x2, f1);
            let (y1, y3) = down::<P>(*x1, *x3, f1);
            (*x0, *x1) = down::<P>(y0, y1, f2);
            (*x2, *x3) = down::<P>(y2, y3, f3);
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn inverse_block(&self, a: &mut [Vector], s: usize, level: usize, ring: usize, levels: &[u8; 32]) {
        let n = a.len();
        if n > CACHED {
            for (i, quarter) in a.chunks_exact_mut(n / 4).enumerate() {
                self.inverse_block(quarter, 4 * s + i, level + 2, ring, levels);
            }
            self.up4(a, s, level, levels);
            return;
        }
        let leaves = &self.inverse.leaves[ring][s * n / 8..(s + 1) * n / 8];
        for (group, f) in a.as_chunks_mut::<8>().0.iter_mut().zip(leaves) {
            let [r0, r1, r2, r3, r4, r5, r6, r7] = *group;
            let ((r0, r1), (r2, r3)) = (up::<P>(r0, r1, f[3]), up::<P>(r2, r3, f[4]));
            let ((r4, r5), (r6, r7)) = (up::<P>(r4, r5, f[5]), up::<P>(r6, r7, f[6]));
            let ((r0, r2), (r1, r3)) = (up::<P>(r0, r2, f[1]), up::<P>(r1, r3, f[1]));
            let ((r4, r6), (r5, r7)) = (up::<P>(r4, r6, f[2]), up::<P>(r5, r7, f[2]));
            let ((r0, r4), (r1, r5)) = (up::<P>(r0, r4, f[0]), up::<P>(r1, r5, f[0]));
            let ((r2, r6), (r3, r7)) = (up::<P>(r2, r6, f[0]), up::<P>(r3, r7, f[0]));
            *group = transpose([r0, r1, r2, r3, r4, r5, r6, r7]);
        }
        let depth = n.ilog2() as usize;
        let mut done = 0;
        if depth % 2 == 1 {
            let first = s << (depth - 1);
            let table = &self.inverse.upper[levels[level + depth - 1] as usize][first..first + n / 2];
            for (pair, &f) in a.as_chunks_mut::<2>().0.iter_mut().zip(table) {
                (pair[0], pair[1]) = up::<P>(pair[0], pair[1], spread(f));
            }
            done = 1;
        }
        while done < depth {
            let above = depth - done - 2;
            for (i, block) in a.chunks_exact_mut(4 << done).enumerate() {
                self.up4(block, (s << above) + i, level + above, levels);
            }
            done += 2;
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn up4(&self, a: &mut [Vector], s: usize, level: usize, levels: &[u8; 32]) {
        let f1 = spread(self.inverse.upper[levels[level] as usize][s]);
        let below = &self.inverse.upper[levels[level + 1] as usize];
        let (f2, f3) = (spread(below[2 * s]), spread(below[2 * s + 1]));
        let h = a.len() / 4;
        let (low, high) = a.split_at_mut(2 * h);
        let ((a0, a1), (a2, a3)) = (low.split_at_mut(h), high.split_at_mut(h));
        for (((x0, x1), x2), x3) in a0.iter_mut().zip(a1).zip(a2).zip(a3) {
            let (y0, y1) = up::<P>(*x0, *x1, f2);
            let (y2, y3) = up::<P>(*x2, *x3, f3);
            (*x0, *x2) = up::<P>(y0, y2, f1);
            (*x1, *x3) = up::<P>(y1, y3, f1);
        }
    }

    /// The transform of coefficients, reduced.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn transform(&self, coefficients: Vec<Vector>) -> Vec<Vector> {
        let mut x = coefficients;
        self.forward(&mut x);
        for x in &mut x {
            *x = below_p::<P>(below_2p::<P>(*x));
        }
        x
    }

    /// The cyclic convolution modulo `P`, reduced, of `a`, which is transformed already, and the coefficients `b`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn convolve(&self, a: &[Vector], b: Vec<Vector>) -> Vec<Vector> {
        let mut y = b;
        self.forward(&mut y);
        for (y, &x) in y.iter_mut().zip(a) {
            *y = montgomery::<P>(x, *y);
        }
        self.finish(y)
    }

    /// The cyclic convolution of coefficients with themselves.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn square(&self, coefficients: Vec<Vector>) -> Vec<Vector> {
        let mut x = self.transform(coefficients);
        for x in &mut x {
            *x = montgomery::<P>(*x, *x);
        }
        self.finish(x)
    }

    /// Transforms products back.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn finish(&self, products: Vec<Vector>) -> Vec<Vector> {
        let mut y = products;
        self.inverse(&mut y);
        // Undo the factor n of the transforms and the 2^-52 of the Montgomery products.
        let r = ((1u128 << 52) % P as u128) as u64;
        let n = (self.q * self.m * 8) as u64;
        let scale = spread(factor::<P>(mul_mod::<P>(r, invert_mod::<P>(n))));
        for y in &mut y {
            *y = below_p::<P>(times::<P>(*y, scale));
        }
        y
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn copy(a: &[Vector]) -> Result<Vec<Vector>, Stop> {
    let mut out = Vec::new();
    out.try_reserve_exact(a.len()).map_err(|_| Stop::NoMemory)?;
    out.extend_from_slice(a);
    Ok(out)
}

/// Cuts limbs into `n` coefficients of 40 bits.
#[target_feature(enable = "avx512f,avx512ifma")]
fn cut(a: &[u64], n: usize) -> Result<Vec<Vector>, Stop> {
    let mut out: Vec<Vector> = Vec::new();
    out.try_reserve_exact(n / 8).map_err(|_| Stop::NoMemory)?;
    let cut5 = |g: &[u64; 5]| {
        let coefficients = [
            g[0] & MASK,
            (g[0] >> 40 | g[1] << 24) & MASK,
            g[1] >> 16 & MASK,
            (g[1] >> 56 | g[2] << 8) & MASK,
            (g[2] >> 32 | g[3] << 32) & MASK,
            g[3] >> 8 & MASK,
            (g[3] >> 48 | g[4] << 16) & MASK,
            g[4] >> 24,
        ];
        // SAFETY: eight numbers are a vector.
        unsafe { _mm512_loadu_si512(coefficients.as_ptr().cast()) }
    };
    let (groups, rest) = a.as_chunks::<5>();
    out.extend(groups.iter().map(cut5));
    if !rest.is_empty() {
        let mut last = [0; 5];
        last[..rest.len()].copy_from_slice(rest);
        out.push(cut5(&last));
    }
    out.resize(n / 8, _mm512_setzero_si512());
    Ok(out)
}

/// The shortest transform length `(q, m)` for `limbs` limbs.
fn length(limbs: usize) -> (usize, usize) {
    let n = limbs.div_ceil(5) * 8;
    let power = n.next_power_of_two().max(8 * SHORTEST);
    if power / 8 * 5 >= n {
        (5, power / 8)
    } else if power / 4 * 3 >= n {
        (3, power / 4)
    } else {
        (1, power)
    }
}

/// Joins the residues of coefficients and adds these up at their places; returns what lies beyond `out` (only meaningful
/// where `out` has five limbs for each eight coefficients).
#[target_feature(enable = "avx512f,avx512ifma")]
fn join(out: &mut [u64], first: &[Vector], second: &[Vector]) -> u128 {
    let inverse = spread(factor::<P2>(invert_mod::<P2>(P1 % P2)));
    let mut carry = 0u128;
    for ((group, &x1), &x2) in out.chunks_mut(5).zip(first).zip(second) {
        // value = x1 + P1 ((x2 - x1) / P1 mod P2); the difference is brought into range by 2 P2 first.
        let difference = wide_minus::<P2>(x2, x1);
        let d = below_p::<P2>(times::<P2>(difference, inverse));
        let (mut d8, mut x8) = ([0u64; 8], [0u64; 8]);
        // SAFETY: eight numbers are a vector.
        unsafe {
            _mm512_storeu_si512(d8.as_mut_ptr().cast(), d);
            _mm512_storeu_si512(x8.as_mut_ptr().cast(), x1);
        }
        let mut c = [0u64; 8];
        for (c, (&d, &x)) in c.iter_mut().zip(d8.iter().zip(&x8)) {
            let sum = carry + x as u128 + P1 as u128 * d as u128;
            *c = sum as u64 & MASK;
            carry = sum >> BITS;
        }
        let limbs = [
            c[0] | c[1] << 40,
            c[1] >> 24 | c[2] << 16 | c[3] << 56,
            c[3] >> 8 | c[4] << 32,
            c[4] >> 32 | c[5] << 8 | c[6] << 48,
            c[6] >> 16 | c[7] << 24,
        ];
        let n = group.len();
        group.copy_from_slice(&limbs[..n]);
    }
    carry
}

/// The transforms of one length modulo both primes.
struct Plans {
    first: Plan<P1>,
    second: Plan<P2>,
}

impl Plans {
    /// Of the ring lengths `q * m`; the latest are kept, since one computation multiplies numbers of few lengths many times.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn get(q: usize, m: usize) -> Result<Arc<Plans>, Stop> {
        /// Values of all plans that are kept, about 60 bytes each.
        const KEPT: usize = 1 << 18;
        static LATEST: Mutex<Vec<Arc<Plans>>> = Mutex::new(Vec::new());
        let size = |plans: &Arc<Plans>| plans.first.q * plans.first.m * 8;
        // A thread that died with the lock held has at worst lost plans.
        let lock = || LATEST.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut latest = lock();
        if let Some(at) = latest.iter().position(|plans| plans.first.q == q && plans.first.m == m / 8) {
            let plans = latest.remove(at);
            latest.push(plans.clone());
            return Ok(plans);
        }
        drop(latest);
        let plans = Arc::new(Plans { first: Plan::new(q, m, GENERATORS[0])?, second: Plan::new(q, m, GENERATORS[1])? });
        let mut latest = lock();
        if q * m <= KEPT {
            let mut total = q * m + latest.iter().map(size).sum::<usize>();
            while total > KEPT && !latest.is_empty() {
                total -= size(&latest.remove(0));
            }
            latest.push(plans.clone());
        }
        Ok(plans)
    }
}

/// A factor of several products, transformed once.
pub struct Transformed {
    plans: Arc<Plans>,
    values: (Vec<Vector>, Vec<Vector>),
}

impl Transformed {
    /// Prepares `a` for products modulo `2^(64 * limbs) - 1` or a longer such modulus. The processor has the instructions.
    pub fn new(a: &[u64], limbs: usize, interrupted: &mut Interrupt<'_>) -> Result<Self, Stop> {
        check(interrupted)?;
        // SAFETY: by contract.
        unsafe { Transformed::with_vectors(a, limbs) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn with_vectors(a: &[u64], limbs: usize) -> Result<Self, Stop> {
        let (q, m) = length(limbs.max(a.len()));
        let plans = Plans::get(q, m)?;
        let coefficients = cut(a, q * m)?;
        let first = plans.first.transform(copy(&coefficients)?);
        let values = (first, plans.second.transform(coefficients));
        Ok(Transformed { plans, values })
    }

    /// Limbs of a product.
    pub fn len(&self) -> usize {
        self.values.0.len() * 5
    }

    /// The product with `b`, wrapped, into `out` of that length; what lies beyond it is returned.
    pub fn mul(&self, out: &mut [u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<u128, Stop> {
        check(interrupted)?;
        // SAFETY: this value exists only where the processor has the instructions.
        unsafe { self.mul_with_vectors(out, b) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn mul_with_vectors(&self, out: &mut [u64], b: &[u64]) -> Result<u128, Stop> {
        let coefficients = cut(b, self.values.0.len() * 8)?;
        let first = self.plans.first.convolve(&self.values.0, copy(&coefficients)?);
        let second = self.plans.second.convolve(&self.values.1, coefficients);
        Ok(join(out, &first, &second))
    }
}

/// `out = a * b` for operands that [`fits`]. The processor has the instructions.
pub fn mul(out: &mut [u64], a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    check(interrupted)?;
    // SAFETY: by contract.
    unsafe { mul_with_vectors(out, a, b) }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_with_vectors(out: &mut [u64], a: &[u64], b: &[u64]) -> Result<(), Stop> {
    let (q, m) = length(out.len());
    let plans = Plans::get(q, m)?;
    let x = cut(a, q * m)?;
    let (first, second);
    if core::ptr::eq(a, b) {
        first = plans.first.square(copy(&x)?);
        second = plans.second.square(x);
    } else {
        let y = cut(b, q * m)?;
        first = plans.first.convolve(&plans.first.transform(copy(&x)?), copy(&y)?);
        second = plans.second.convolve(&plans.second.transform(x), y);
    }
    join(out, &first, &second);
    Ok(())
}
