//! Multiplication of very long operands by number-theoretic transforms: exact convolutions modulo two primes below
//! 2^62, joined by the Chinese remainder theorem.
//!
//! Operands are cut into coefficients of 48 bits (three limbs are four coefficients). A coefficient of the product is
//! below 2^27 * 2^96, which the product of the primes exceeds. Transform lengths are `q * 2^k` with `q` in 1, 3, 5:
//! the polynomial ring is first split into `q` rings `x^m - w^j` (`w` a root of unity of order `q`), each of which is then
//! halved down to linear factors. In a ring `x^2h - r^2`, the halves are `x^h - r` and `x^h + r`, so all butterflies of
//! one block share the factor `r`; with blocks numbered from left to right these factors form one table whose
//! prefix serves every level. Square roots of `w^j` are again powers of `w`, because `q` is odd.
//!
//! Factors are multiplied with Shoup's precomputed quotients, and values stay lazily reduced, in `[0, 4p)` on the
//! way down and `[0, 2p)` on the way up (D. Harvey, "Faster arithmetic for number-theoretic transforms").

use super::*;

const PRIMES: [(u64, u64); 2] = [(0x3fff_fbe2_0000_0001, 7), (0x3fff_fa98_0000_0001, 11)];
const BITS: usize = 48;
const MASK: u64 = (1 << BITS) - 1;
/// The longest transform.
const LONGEST: usize = 1 << 27;
/// Blocks up to this length are finished level by level, since they stay in the first-level cache.
const CACHED: usize = 2048;

/// Whether a product of `limbs` limbs is within the range of the transforms.
pub fn fits(limbs: usize) -> bool {
    limbs < LONGEST / 4 * 3 - 4
}

/// Whether the transforms run on vectors here.
#[inline]
pub fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return ntt_vector::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// A constant factor `w` with `floor(w * 2^64 / p)`.
#[derive(Clone, Copy)]
struct Factor {
    w: u64,
    quotient: u64,
}

/// Arithmetic modulo the prime `P`.
struct Field<const P: u64>;

impl<const P: u64> Field<P> {
    const P2: u64 = 2 * P;
    const SHIFTED_RECIPROCAL: u64 = (u128::MAX / ((P << 2) as u128)) as u64;
    /// `-1 / P` modulo 2^64.
    const MONTGOMERY: u64 = {
        let mut inverse = 1u64;
        let mut i = 0;
        while i < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(P.wrapping_mul(inverse)));
            i += 1;
        }
        inverse.wrapping_neg()
    };

    fn factor(w: u64) -> Factor {
        let (quotient, _) = div_2by1(w << 2, 0, P << 2, Self::SHIFTED_RECIPROCAL);
        Factor { w, quotient }
    }

    /// `x * f` in `[0, 2p)`, for any `x`.
    #[inline(always)]
    fn times(x: u64, f: Factor) -> u64 {
        let q = ((x as u128 * f.quotient as u128) >> 64) as u64;
        x.wrapping_mul(f.w).wrapping_sub(q.wrapping_mul(P))
    }

    #[inline(always)]
    fn below_2p(x: u64) -> u64 {
        if x >= Self::P2 { x - Self::P2 } else { x }
    }

    #[inline(always)]
    fn below_p(x: u64) -> u64 {
        if x >= P { x - P } else { x }
    }

    /// Sum and difference within `[0, 2p)`.
    #[inline(always)]
    fn plus(x: u64, y: u64) -> u64 {
        Self::below_2p(x + y)
    }

    #[inline(always)]
    fn minus(x: u64, y: u64) -> u64 {
        Self::below_2p(x + Self::P2 - y)
    }

    fn mul(a: u64, b: u64) -> u64 {
        (a as u128 * b as u128 % P as u128) as u64
    }

    fn pow(mut base: u64, mut exponent: u64) -> u64 {
        let mut result = 1;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = Self::mul(result, base);
            }
            base = Self::mul(base, base);
            exponent >>= 1;
        }
        result
    }

    fn invert(a: u64) -> u64 {
        Self::pow(a, P - 2)
    }

    /// `x * y / 2^64` in `[0, 2p)`; `x * y < 2^64 * p`.
    #[inline(always)]
    fn montgomery(x: u64, y: u64) -> u64 {
        let t = x as u128 * y as u128;
        let m = (t as u64).wrapping_mul(Self::MONTGOMERY);
        ((t + m as u128 * P as u128) >> 64) as u64
    }

    /// Inputs in `[0, 4p)`, outputs in `[0, 4p)`.
    #[inline(always)]
    fn down(x: u64, y: u64, f: Factor) -> (u64, u64) {
        let (u, v) = (Self::below_2p(x), Self::times(y, f));
        (u + v, u + Self::P2 - v)
    }

    /// Inputs in `[0, 2p)`, outputs in `[0, 2p)`.
    #[inline(always)]
    fn up(x: u64, y: u64, f: Factor) -> (u64, u64) {
        (Self::below_2p(x + y), Self::times(x + Self::P2 - y, f))
    }
}

/// The transforms of one length `q * m` modulo one prime.
pub struct Plan<const P: u64> {
    q: usize,
    m: usize,
    /// `tables[t][s]` is the factor of block `s` times `w^t`.
    tables: Vec<Vec<Factor>>,
    /// The powers of `w`.
    roots: Vec<Factor>,
}

impl<const P: u64> Plan<P> {
    fn new(q: usize, m: usize, generator: u64) -> Result<Self, Stop> {
        let w = Field::<P>::pow(generator, (P - 1) / q as u64);
        let mut roots = Vec::new();
        let mut tables = Vec::new();
        let mut power = 1;
        let size = (m / 2).max(1);
        for t in 0..q {
            roots.push(Field::<P>::factor(power));
            let mut table = Vec::new();
            table.try_reserve_exact(size).map_err(|_| Stop::NoMemory)?;
            if t == 0 {
                table.push(Field::<P>::factor(1));
                let mut order = 4u64;
                while table.len() < size {
                    let root = Field::<P>::factor(Field::<P>::pow(generator, (P - 1) / order));
                    for s in 0..table.len() {
                        let x = Field::<P>::below_p(Field::<P>::times(table[s].w, root));
                        table.push(Field::<P>::factor(x));
                    }
                    order *= 2;
                }
            } else {
                let first: &Vec<Factor> = &tables[0];
                table.extend(
                    first.iter().map(|f| Field::<P>::factor(Field::<P>::below_p(Field::<P>::times(f.w, roots[t])))),
                );
            }
            tables.push(table);
            power = Field::<P>::mul(power, w);
        }
        Ok(Plan { q, m, tables, roots })
    }

    /// Which table each level of component `j` uses.
    fn levels(&self, j: usize) -> [u8; 32] {
        let mut levels = [0; 32];
        let mut t = j;
        for level in &mut levels {
            t = t * (self.q + 1) / 2 % self.q;
            *level = t as u8;
        }
        levels
    }

    fn forward(&self, a: &mut [u64]) {
        match self.q {
            3 => self.split3(a, false),
            5 => self.split5(a, false),
            _ => {}
        }
        for (j, part) in a.chunks_exact_mut(self.m).enumerate() {
            self.forward_block(part, 0, 0, &self.levels(j));
        }
    }

    fn inverse(&self, a: &mut [u64]) {
        for (j, part) in a.chunks_exact_mut(self.m).enumerate() {
            self.inverse_block(part, 0, 0, &self.levels(j));
        }
        match self.q {
            3 => self.split3(a, true),
            5 => self.split5(a, true),
            _ => {}
        }
    }

    /// The transform of length 3 over elements `m` apart, with one multiplication, since `1 + w + w^2 = 0`. Inputs in
    /// `[0, 4p)`, outputs in `[0, 2p)`.
    fn split3(&self, a: &mut [u64], inverse: bool) {
        let w = self.roots[if inverse { 2 } else { 1 }];
        let (a0, rest) = a.split_at_mut(self.m);
        let (a1, a2) = rest.split_at_mut(self.m);
        for ((x0, x1), x2) in a0.iter_mut().zip(a1).zip(a2) {
            let (y0, y1, y2) = (Field::<P>::below_2p(*x0), Field::<P>::below_2p(*x1), Field::<P>::below_2p(*x2));
            let t = Field::<P>::times(Field::<P>::minus(y1, y2), w);
            *x0 = Field::<P>::plus(Field::<P>::plus(y0, y1), y2);
            *x1 = Field::<P>::plus(Field::<P>::minus(y0, y2), t);
            *x2 = Field::<P>::minus(Field::<P>::minus(y0, y1), t);
        }
    }

    /// The transform of length 5, by sums and differences of opposite elements. Ranges as in `split3`.
    fn split5(&self, a: &mut [u64], inverse: bool) {
        let half = Field::<P>::invert(2);
        let root = |i: usize| self.roots[if inverse { (5 - i) % 5 } else { i }].w;
        let combine = |x: u64, y: u64| Field::<P>::factor(Field::<P>::mul((x + y) % P, half));
        let (c1, c2) = (combine(root(1), root(4)), combine(root(2), root(3)));
        let (s1, s2) = (combine(root(1), P - root(4)), combine(root(2), P - root(3)));
        let m = self.m;
        for i in 0..m {
            let x: [u64; 5] = std::array::from_fn(|k| Field::<P>::below_2p(a[i + k * m]));
            let (t1, t2) = (Field::<P>::plus(x[1], x[4]), Field::<P>::plus(x[2], x[3]));
            let (d1, d2) = (Field::<P>::minus(x[1], x[4]), Field::<P>::minus(x[2], x[3]));
            let even1 = Field::<P>::plus(x[0], Field::<P>::plus(Field::<P>::times(t1, c1), Field::<P>::times(t2, c2)));
            let even2 = Field::<P>::plus(x[0], Field::<P>::plus(Field::<P>::times(t1, c2), Field::<P>::times(t2, c1)));
            let odd1 = Field::<P>::plus(Field::<P>::times(d1, s1), Field::<P>::times(d2, s2));
            let odd2 = Field::<P>::minus(Field::<P>::times(d1, s2), Field::<P>::times(d2, s1));
            a[i] = Field::<P>::plus(x[0], Field::<P>::plus(t1, t2));
            a[i + m] = Field::<P>::plus(even1, odd1);
            a[i + 4 * m] = Field::<P>::minus(even1, odd1);
            a[i + 2 * m] = Field::<P>::plus(even2, odd2);
            a[i + 3 * m] = Field::<P>::minus(even2, odd2);
        }
    }

    /// Splits block `s` of `level` down to single elements.
    fn forward_block(&self, a: &mut [u64], s: usize, level: usize, levels: &[u8; 32]) {
        let n = a.len();
        if n == 1 {
            return;
        }
        if n > CACHED {
            self.down4(a, s, level, levels);
            for (i, quarter) in a.chunks_exact_mut(n / 4).enumerate() {
                self.forward_block(quarter, 4 * s + i, level + 2, levels);
            }
            return;
        }
        let (mut size, mut first, mut level) = (n, s, level);
        while size >= 4 {
            for (i, block) in a.chunks_exact_mut(size).enumerate() {
                self.down4(block, first + i, level, levels);
            }
            (size, first, level) = (size / 4, first * 4, level + 2);
        }
        if size == 2 {
            let table = &self.tables[levels[level] as usize][first..first + n / 2];
            for (pair, &f) in a.chunks_exact_mut(2).zip(table) {
                (pair[0], pair[1]) = Field::<P>::down(pair[0], pair[1], f);
            }
        }
    }

    /// Two levels of one block at once.
    #[inline(always)]
    fn down4(&self, a: &mut [u64], s: usize, level: usize, levels: &[u8; 32]) {
        let f1 = self.tables[levels[level] as usize][s];
        let below = &self.tables[levels[level + 1] as usize];
        let (f2, f3) = (below[2 * s], below[2 * s + 1]);
        let h = a.len() / 4;
        let (low, high) = a.split_at_mut(2 * h);
        let ((a0, a1), (a2, a3)) = (low.split_at_mut(h), high.split_at_mut(h));
        for (((x0, x1), x2), x3) in a0.iter_mut().zip(a1).zip(a2).zip(a3) {
            let (y0, y2) = Field::<P>::down(*x0, *x2, f1);
            let (y1, y3) = Field::<P>::down(*x1, *x3, f1);
            (*x0, *x1) = Field::<P>::down(y0, y1, f2);
            (*x2, *x3) = Field::<P>::down(y2, y3, f3);
        }
    }

    /// The inverse of the factor of block `s`: blocks of one generation lie symmetrically around the half turn.
    #[inline(always)]
    fn inverse_factor(&self, s: usize, level: usize, levels: &[u8; 32]) -> Factor {
        let t = levels[level] as usize;
        let table = &self.tables[if t == 0 { 0 } else { self.q - t }];
        if s == 0 {
            return table[0];
        }
        let f = table[s ^ ((1 << s.ilog2()) - 1)];
        Factor { w: P - f.w, quotient: !f.quotient }
    }

    fn inverse_block(&self, a: &mut [u64], s: usize, level: usize, levels: &[u8; 32]) {
        let n = a.len();
        if n == 1 {
            return;
        }
        if n > CACHED {
            for (i, quarter) in a.chunks_exact_mut(n / 4).enumerate() {
                self.inverse_block(quarter, 4 * s + i, level + 2, levels);
            }
            self.up4(a, s, level, levels);
            return;
        }
        let depth = n.ilog2() as usize;
        let mut done = 0;
        if depth % 2 == 1 {
            for (i, pair) in a.chunks_exact_mut(2).enumerate() {
                let f = self.inverse_factor((s << (depth - 1)) + i, level + depth - 1, levels);
                (pair[0], pair[1]) = Field::<P>::up(pair[0], pair[1], f);
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

    #[inline(always)]
    fn up4(&self, a: &mut [u64], s: usize, level: usize, levels: &[u8; 32]) {
        let f1 = self.inverse_factor(s, level, levels);
        let f2 = self.inverse_factor(2 * s, level + 1, levels);
        let f3 = self.inverse_factor(2 * s + 1, level + 1, levels);
        let h = a.len() / 4;
        let (low, high) = a.split_at_mut(2 * h);
        let ((a0, a1), (a2, a3)) = (low.split_at_mut(h), high.split_at_mut(h));
        for (((x0, x1), x2), x3) in a0.iter_mut().zip(a1).zip(a2).zip(a3) {
            let (y0, y1) = Field::<P>::up(*x0, *x1, f2);
            let (y2, y3) = Field::<P>::up(*x2, *x3, f3);
            (*x0, *x2) = Field::<P>::up(y0, y2, f1);
            (*x1, *x3) = Field::<P>::up(y1, y3, f1);
        }
    }

    /// The transform of `a`, reduced.
    fn transform(&self, a: &[u64]) -> Result<Vec<u64>, Stop> {
        let mut x = cut(a, self.q * self.m)?;
        self.forward(&mut x);
        for x in &mut x {
            *x = Field::<P>::below_p(Field::<P>::below_2p(*x));
        }
        Ok(x)
    }

    /// The cyclic convolution of `a` and `b` modulo `P`, reduced, as `n` coefficients.
    fn convolve(&self, a: &[u64], b: &[u64]) -> Result<Vec<u64>, Stop> {
        let mut x = self.transform(a)?;
        if std::ptr::eq(a, b) {
            for x in &mut x {
                *x = Field::<P>::montgomery(*x, *x);
            }
            self.finish(&mut x);
            return Ok(x);
        }
        self.convolve_with(&x, b)
    }

    /// As [`Plan::convolve`], `a` being transformed already.
    fn convolve_with(&self, a: &[u64], b: &[u64]) -> Result<Vec<u64>, Stop> {
        let mut y = cut(b, self.q * self.m)?;
        self.forward(&mut y);
        for (y, &x) in y.iter_mut().zip(a) {
            *y = Field::<P>::montgomery(x, *y);
        }
        self.finish(&mut y);
        Ok(y)
    }

    /// Transforms products back.
    fn finish(&self, x: &mut [u64]) {
        for x in x.iter_mut() {
            *x = Field::<P>::below_2p(*x);
        }
        self.inverse(x);
        // Undo the factor n of the transforms and the 2^-64 of the Montgomery products.
        let r = ((1u128 << 64) % P as u128) as u64;
        let n = (self.q * self.m) as u64;
        let scale = Field::<P>::factor(Field::<P>::mul(r, Field::<P>::invert(n)));
        for x in x {
            *x = Field::<P>::below_p(Field::<P>::times(*x, scale));
        }
    }
}

/// Cuts limbs into `n` coefficients of 48 bits.
fn cut(a: &[u64], n: usize) -> Result<Vec<u64>, Stop> {
    let mut out = with_capacity(n)?;
    let mut groups = a.chunks_exact(3);
    for g in &mut groups {
        out.extend_from_slice(&[
            g[0] & MASK,
            (g[0] >> 48 | g[1] << 16) & MASK,
            (g[1] >> 32 | g[2] << 32) & MASK,
            g[2] >> 16,
        ]);
    }
    match *groups.remainder() {
        [x] => out.extend_from_slice(&[x & MASK, x >> 48]),
        [x, y] => out.extend_from_slice(&[x & MASK, (x >> 48 | y << 16) & MASK, y >> 32]),
        _ => {}
    }
    out.resize(n, 0);
    Ok(out)
}

/// The shortest transform length `(q, m)` of at least `n` coefficients.
fn length(n: usize) -> (usize, usize) {
    let power = n.next_power_of_two().max(16);
    if power / 8 * 5 >= n {
        (5, power / 8)
    } else if power / 4 * 3 >= n {
        (3, power / 4)
    } else {
        (1, power)
    }
}

/// A factor of several products, transformed once.
pub enum Transformed {
    Scalar {
        plans: (Plan<{ PRIMES[0].0 }>, Plan<{ PRIMES[1].0 }>),
        values: (Vec<u64>, Vec<u64>),
    },
    #[cfg(target_arch = "x86_64")]
    Vector(ntt_vector::Transformed),
}

impl Transformed {
    /// Prepares `a` for products modulo `2^(64 * limbs) - 1` or a longer such modulus.
    pub fn new(a: &[u64], limbs: usize, interrupted: &mut Interrupt<'_>) -> Result<Self, Stop> {
        #[cfg(target_arch = "x86_64")]
        if ntt_vector::is_available() && ntt_vector::fits(limbs.max(a.len())) {
            return Ok(Transformed::Vector(ntt_vector::Transformed::new(a, limbs, interrupted)?));
        }
        let (q, m) = length(limbs.max(a.len()).div_ceil(3) * 4);
        check(interrupted)?;
        let plans = (Plan::new(q, m, PRIMES[0].1)?, Plan::new(q, m, PRIMES[1].1)?);
        let values = (plans.0.transform(a)?, plans.1.transform(a)?);
        Ok(Transformed::Scalar { plans, values })
    }

    /// Limbs of a product.
    pub fn len(&self) -> usize {
        match self {
            Transformed::Scalar { values, .. } => values.0.len() / 4 * 3,
            #[cfg(target_arch = "x86_64")]
            Transformed::Vector(transformed) => transformed.len(),
        }
    }

    /// The product with `b`, wrapped: what lies beyond `len` limbs is added at the bottom.
    pub fn mul(&self, b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
        let mut out = zeroed(self.len())?;
        let mut high = match self {
            Transformed::Scalar { plans, values } => {
                check(interrupted)?;
                let first = plans.0.convolve_with(&values.0, b)?;
                check(interrupted)?;
                let second = plans.1.convolve_with(&values.1, b)?;
                join(&mut out, &first, &second)
            }
            #[cfg(target_arch = "x86_64")]
            Transformed::Vector(transformed) => transformed.mul(&mut out, b, interrupted)?,
        };
        while high != 0 {
            let (low, next) = out.split_at_mut(2.min(self.len()));
            let sum = high + (low[0] as u128) + ((*low.get(1).unwrap_or(&0) as u128) << 64);
            let over = sum < high;
            low[0] = sum as u64;
            if let Some(x) = low.get_mut(1) {
                *x = (sum >> 64) as u64;
            }
            high = (over && increment(next)) as u128;
        }
        Ok(out)
    }
}

/// `out = a * b` for operands that [`fits`].
pub fn mul(out: &mut [u64], a: &[u64], b: &[u64], interrupted: &mut Interrupt<'_>) -> Result<(), Stop> {
    #[cfg(target_arch = "x86_64")]
    if ntt_vector::is_available() && ntt_vector::fits(out.len()) {
        return ntt_vector::mul(out, a, b, interrupted);
    }
    // The last group of three limbs reads four coefficients.
    let (q, m) = length(out.len().div_ceil(3) * 4);
    check(interrupted)?;
    let first = Plan::<{ PRIMES[0].0 }>::new(q, m, PRIMES[0].1)?.convolve(a, b)?;
    check(interrupted)?;
    let second = Plan::<{ PRIMES[1].0 }>::new(q, m, PRIMES[1].1)?.convolve(a, b)?;
    join(out, &first, &second);
    Ok(())
}

/// Joins the residues of coefficients and adds these up at their places; returns what lies beyond `out` (only meaningful
/// where `out` has three limbs for each four coefficients).
fn join(out: &mut [u64], first: &[u64], second: &[u64]) -> u128 {
    const P1: u64 = PRIMES[0].0;
    const P2: u64 = PRIMES[1].0;
    let inverse = Field::<P2>::factor(Field::<P2>::invert(P1 % P2));
    let mut carry = 0u128;
    let mut coefficient = |i: usize| {
        let (x1, x2) = (first[i], second[i]);
        let d = Field::<P2>::below_p(Field::<P2>::times(x2 + P2 - Field::<P2>::below_p(x1), inverse));
        let sum = carry + x1 as u128 + P1 as u128 * d as u128;
        carry = sum >> BITS;
        sum as u64 & MASK
    };
    for (i, group) in out.chunks_mut(3).enumerate() {
        let c = [coefficient(4 * i), coefficient(4 * i + 1), coefficient(4 * i + 2), coefficient(4 * i + 3)];
        let limbs = [c[0] | c[1] << 48, c[1] >> 16 | c[2] << 32, c[2] >> 32 | c[3] << 16];
        let n = group.len();
        group.copy_from_slice(&limbs[..n]);
    }
    carry
}
