//! Sums and products of many numbers, and the length of vectors.
//!
//! Where floats are added their rounding errors are kept and added too. Shewchuk, J. (1997). Adaptive Precision
//! Floating-Point Arithmetic. Ogita, T., Rump, S., Oishi, S. (2005). Accurate Sum and Dot Product. SIAM Journal on Scientific
//! Computing 26 (6). Borges, C. (2019). An Improved Algorithm for hypot(a,b). arXiv:1904.09481.

use taipan_runtime::prelude::*;

use super::{Math, libm};

/// A float and the error of the operation that made it.
#[derive(Clone, Copy)]
struct Exact {
    high: f64,
    low: f64,
}

/// `a + b` for `|a| >= |b|`.
#[inline(always)]
fn sum_ordered(a: f64, b: f64) -> Exact {
    let high = a + b;
    Exact { high, low: (a - high) + b }
}

#[inline(always)]
fn sum(a: f64, b: f64) -> Exact {
    let high = a + b;
    let z = high - a;
    Exact { high, low: (a - (high - z)) + (b - z) }
}

#[inline(always)]
fn product(a: f64, b: f64) -> Exact {
    let high = a * b;
    Exact { high, low: libm::fma(a, b, -high) }
}

/// A running sum of products in three floats.
#[derive(Clone, Copy, Default)]
struct Triple {
    high: f64,
    low: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(self, a: f64, b: f64) -> Triple {
        let product = product(a, b);
        let total = sum(self.high, product.high);
        let low = sum(self.low, product.low);
        let rest = sum(low.high, total.low);
        Triple { high: total.high, low: rest.high, tiny: self.tiny + low.low + rest.low }
    }

    fn value(self) -> f64 {
        let last = sum(self.low, self.high);
        self.tiny + last.low + last.high
    }
}

/// `sqrt(sum(x ** 2 for x in sizes))` for absolute values of which `largest` is the largest. The values are scaled by a power
/// of two to at most 1; the sum starts at 1, so that it is larger than each summand, and the root is mended by what its
/// square misses.
fn norm(sizes: &[f64], largest: f64, has_nan: bool) -> f64 {
    if largest.is_infinite() {
        return largest;
    }
    if has_nan {
        return f64::NAN;
    }
    if largest == 0.0 || sizes.len() <= 1 {
        return largest;
    }
    let (_, exponent) = libm::frexp(largest);
    if exponent < -1023 {
        // The scale would overflow: away from the subnormal numbers first.
        const UNIT: f64 = f64::MIN_POSITIVE;
        return UNIT * scaled_norm(sizes.iter().map(|x| x / UNIT), libm::frexp(largest / UNIT).1);
    }
    scaled_norm(sizes.iter().copied(), exponent)
}

fn scaled_norm(sizes: impl Iterator<Item = f64>, exponent: i32) -> f64 {
    let scale = libm::ldexp(1.0, -exponent);
    let mut total = 1.0;
    let (mut products_low, mut sums_low) = (0.0, 0.0);
    let mut add = |a: f64, b: f64| {
        let product = product(a, b);
        let sum = sum_ordered(total, product.high);
        total = sum.high;
        products_low += product.low;
        sums_low += sum.low;
        total - 1.0 + (products_low + sums_low)
    };
    let mut squares = 0.0;
    for x in sizes {
        let x = x * scale;
        squares = add(x, x);
    }
    let root = squares.sqrt();
    let missing = add(-root, root);
    (root + missing / (2.0 * root)) / scale
}

/// Absolute values, their largest, and whether one is NaN.
struct Sizes {
    values: Vec<f64>,
    largest: f64,
    has_nan: bool,
}

impl Sizes {
    fn with_capacity(count: usize) -> PyResult<Sizes> {
        Ok(Sizes { values: vec_with_capacity(count)?, largest: 0.0, has_nan: false })
    }

    fn push(&mut self, x: f64) {
        let x = x.abs();
        self.values.push(x);
        self.has_nan |= x.is_nan();
        if x > self.largest {
            self.largest = x;
        }
    }

    fn norm(&self) -> f64 {
        norm(&self.values, self.largest, self.has_nan)
    }
}

/// Parts of a sum that do not overlap, smallest first: their exact sum is that of all numbers added.
#[derive(Default)]
struct Partials {
    parts: Vec<f64>,
    /// The sum of infinities and NaN, and that of infinities alone.
    special: f64,
    infinite: f64,
}

impl Partials {
    fn add(&mut self, number: f64) -> PyResult<()> {
        let mut x = number;
        let mut kept = 0;
        for index in 0..self.parts.len() {
            let y = self.parts[index];
            let (large, small) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
            let sum = large + small;
            let low = small - (sum - large);
            if low != 0.0 {
                self.parts[kept] = low;
                kept += 1;
            }
            x = sum;
        }
        self.parts.truncate(kept);
        if x == 0.0 {
            return Ok(());
        }
        if !x.is_finite() {
            if number.is_finite() {
                return Err(raise!(OverflowError, "intermediate overflow in fsum"));
            }
            if number.is_infinite() {
                self.infinite += number;
            }
            self.special += number;
            self.parts.clear();
            return Ok(());
        }
        if self.parts.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        self.parts.push(x);
        Ok(())
    }

    /// The sum, rounded once.
    fn total(mut self) -> PyResult<f64> {
        if self.special != 0.0 {
            if self.infinite.is_nan() {
                return Err(raise!(ValueError, "-inf + inf in fsum"));
            }
            return Ok(self.special);
        }
        let Some(mut high) = self.parts.pop() else { return Ok(0.0) };
        let mut low = 0.0;
        while let Some(y) = self.parts.pop() {
            let x = high;
            high = x + y;
            low = y - (high - x);
            if low != 0.0 {
                break;
            }
        }
        // Just between two floats: what lies below decides.
        if let Some(&below) = self.parts.last()
            && ((low < 0.0 && below < 0.0) || (low > 0.0 && below > 0.0))
        {
            let y = low * 2.0;
            let x = high + y;
            if y == x - high {
                high = x;
            }
        }
        Ok(high)
    }
}

/// An exact int in machine range.
fn machine_int(object: &Ref<Object>) -> Option<i64> {
    object.downcast_exact::<Int>()?.to_i64()
}

fn exact_float(object: &Ref<Object>) -> Option<f64> {
    Some(object.downcast_exact::<Float>()?.value())
}

/// The factors as floats: two floats, or a float and an int or bool, as price times quantity.
fn float_factors(a: &Ref<Object>, b: &Ref<Object>) -> Option<(f64, f64)> {
    let whole = |object: &Ref<Object>| match object.downcast::<Int>() {
        Some(int) if object.is_exact::<Int>() || object.is_exact::<Bool>() => int.to_f64_checked(),
        _ => None,
    };
    match (exact_float(a), exact_float(b)) {
        (Some(a), Some(b)) => Some((a, b)),
        (Some(a), None) => Some((a, whole(b)?)),
        (None, Some(b)) => Some((whole(a)?, b)),
        (None, None) => None,
    }
}

/// The total of a sum of products. Ints and then floats are added up in machine form for as long as they come; what is not
/// yet in `total` is in the machine forms.
struct Total {
    total: Ref<Object>,
    int: Option<i64>,
    float: Option<Triple>,
    ints: bool,
    floats: bool,
}

impl Total {
    fn add_to_total(&mut self, more: Ref<Object>) -> PyResult<()> {
        self.total = self.total.add(more.borrow())?;
        Ok(())
    }

    fn end_ints(&mut self) -> PyResult<()> {
        self.ints = false;
        match self.int.take() {
            Some(int) => self.add_to_total(Int::from_i64(int)?.into_object()),
            None => Ok(()),
        }
    }

    fn end_floats(&mut self) -> PyResult<()> {
        self.floats = false;
        match self.float.take() {
            Some(float) => self.add_to_total(Float::new(float.value())?.into_object()),
            None => Ok(()),
        }
    }

    fn add(&mut self, a: &Ref<Object>, b: &Ref<Object>) -> PyResult<()> {
        if self.ints {
            let sum = || machine_int(a)?.checked_mul(machine_int(b)?)?.checked_add(self.int.unwrap_or(0));
            if let Some(sum) = sum() {
                self.int = Some(sum);
                return Ok(());
            }
            self.end_ints()?;
        }
        if self.floats {
            if let Some((a, b)) = float_factors(a, b) {
                let sum = self.float.unwrap_or_default().add_product(a, b);
                if sum.high.is_finite() {
                    self.float = Some(sum);
                    return Ok(());
                }
            }
            self.end_floats()?;
        }
        self.add_to_total(a.multiply(b.borrow())?)
    }
}

#[pymethods(part = SUMS)]
impl Math {
    #[function(signature = "($module, p, q, /)")]
    fn dist(p: Borrowed<'_, Object>, q: Borrowed<'_, Object>) -> PyResult<f64> {
        let (p, q) = (p.to_tuple()?, q.to_tuple()?);
        if p.len() != q.len() {
            return Err(raise!(ValueError, "both points must have the same number of dimensions"));
        }
        let mut sizes = Sizes::with_capacity(p.len())?;
        for (a, b) in p.iter().zip(q.iter()) {
            let a = a.as_f64()?;
            sizes.push(a - b.as_f64()?);
        }
        Ok(sizes.norm())
    }

    #[function(signature = "($module, seq, /)")]
    fn fsum(seq: Borrowed<'_, Object>) -> PyResult<f64> {
        let mut partials = Partials::default();
        seq.for_each(|item| partials.add(item.as_f64()?))?;
        partials.total()
    }

    #[function(signature = "($module, /, *coordinates)")]
    fn hypot(coordinates: Args<'_>) -> PyResult<f64> {
        let mut sizes = Sizes::with_capacity(coordinates.len())?;
        for coordinate in coordinates {
            sizes.push(coordinate.as_f64()?);
        }
        Ok(sizes.norm())
    }

    #[function(signature = "($module, iterable, /, *, start=1)")]
    fn prod(iterable: Borrowed<'_, Object>, start: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let iterator = iterable.iter()?;
        let mut result = start.map_or_else(|| Int::one().into_object(), |start| start.to_owned());
        let mut next = iterator.next()?;
        if let Some(mut product) = machine_int(&result) {
            while let Some(item) = &next {
                let Some(value) = machine_int(item).and_then(|item| product.checked_mul(item)) else { break };
                product = value;
                next = iterator.next()?;
            }
            result = Int::from_i64(product)?.into_object();
            if let Some(item) = &next {
                result = result.multiply(item.borrow())?;
                next = iterator.next()?;
            }
        }
        if let Some(mut product) = exact_float(&result) {
            while let Some(item) = &next {
                let Some(value) = exact_float(item).or_else(|| machine_int(item).map(|item| item as f64)) else {
                    break;
                };
                product *= value;
                next = iterator.next()?;
            }
            result = Float::new(product)?.into_object();
        }
        while let Some(item) = next {
            result = result.multiply(item.borrow())?;
            next = iterator.next()?;
        }
        Ok(result)
    }

    #[function(signature = "($module, p, q, /)")]
    fn sumprod(p: Borrowed<'_, Object>, q: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let (p, q) = (p.iter()?, q.iter()?);
        let mut total = Total { total: Int::zero().into_object(), int: None, float: None, ints: true, floats: true };
        loop {
            match (p.next()?, q.next()?) {
                (Some(a), Some(b)) => total.add(&a, &b)?,
                (None, None) => break,
                _ => return Err(raise!(ValueError, "Inputs are not the same length")),
            }
        }
        total.end_ints()?;
        total.end_floats()?;
        Ok(total.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_exact_where_squares_would_overflow_or_vanish() {
        assert_eq!(norm(&[3e200, 4e200], 4e200, false), 5e200);
        assert_eq!(norm(&[3e-320, 4e-320], 4e-320, false), 5e-320);
        assert_eq!(norm(&[1.0, f64::INFINITY], f64::INFINITY, true), f64::INFINITY);
    }

    #[test]
    fn sums_of_products_keep_what_cancels() {
        let total = Triple::default().add_product(1e100, 1.0).add_product(1.0, 1.0).add_product(-1e100, 1.0);
        assert_eq!(total.value(), 1.0);
    }
}
