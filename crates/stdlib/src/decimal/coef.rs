//! Coefficients: natural numbers with cheap decimal shifts and digit counts.
//!
//! **Invariant:** a number below 10^38 is `Small`; any other is `Big`, limbs of base 10^19, lowest first, the top one not
//! zero (so at least three). Big products go through the binary multiplication of ints by packing each limb into a slot
//! wide enough for the sums; big quotients and roots through a conversion of radix. CPython: `Modules/_decimal/libmpdec`.

use core::cmp::Ordering;

use taipan_runtime::types::int::digits::{Stop, limbs};

/// The base of the limbs.
pub const BASE: u64 = 10_000_000_000_000_000_000;
/// Decimal digits of a limb.
pub const BASE_DIGITS: u64 = 19;
/// The first number that is not small.
const LIMIT: u128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;
/// Digits of small numbers.
const SMALL_DIGITS: u64 = 38;
/// From this many limbs on products go through binary.
const SCHOOL: usize = 40;

/// There is no memory for a result.
#[derive(Debug, Clone, Copy)]
pub struct NoMemory;

pub type Result<T> = core::result::Result<T, NoMemory>;

impl From<Stop> for NoMemory {
    fn from(_: Stop) -> NoMemory {
        NoMemory
    }
}

pub static POW10: [u128; 39] = {
    let mut table = [1u128; 39];
    let mut index = 1;
    while index < 39 {
        table[index] = table[index - 1] * 10;
        index += 1;
    }
    table
};

/// How what was cut off compares to one half of the last place kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    Zero,
    Below,
    Half,
    Above,
}

impl Tail {
    /// The tail after more digits, of which this was the lower part, are cut off.
    fn under(self, upper: Tail) -> Tail {
        match (upper, self) {
            (upper, Tail::Zero) => upper,
            (Tail::Zero, _) => Tail::Below,
            (Tail::Half, _) => Tail::Above,
            (upper, _) => upper,
        }
    }
}

#[derive(Debug)]
pub enum Coef {
    Small(u128),
    Big(Vec<u64>),
}

fn with_capacity(count: usize) -> Result<Vec<u64>> {
    let mut limbs = Vec::new();
    limbs.try_reserve_exact(count).map_err(|_| NoMemory)?;
    Ok(limbs)
}

/// The count as a `usize` that may be asked for.
fn room(count: u64) -> Result<usize> {
    usize::try_from(count).ok().filter(|&count| count <= isize::MAX as usize / 16).ok_or(NoMemory)
}

fn zeroed(count: usize) -> Result<Vec<u64>> {
    let mut limbs = with_capacity(count)?;
    limbs.resize(count, 0);
    Ok(limbs)
}

#[inline]
pub fn digits_u64(value: u64) -> u32 {
    // 1233 / 4096 approximates log10(2).
    let guess = ((64 - (value | 1).leading_zeros()) * 1233) >> 12;
    guess + u32::from(u128::from(value | 1) >= POW10[guess as usize])
}

#[inline]
pub fn digits_u128(value: u128) -> u32 {
    if value <= u128::from(u64::MAX) {
        return digits_u64(value as u64).max(1);
    }
    let guess = ((128 - value.leading_zeros()) * 1233) >> 12;
    guess + u32::from(guess < 39 && value >= POW10[guess as usize])
}

#[inline]
fn tail_of(rest: u128, unit: u128) -> Tail {
    if rest == 0 {
        return Tail::Zero;
    }
    match rest.cmp(&(unit / 2)) {
        Ordering::Less => Tail::Below,
        Ordering::Equal => Tail::Half,
        Ordering::Greater => Tail::Above,
    }
}

/// Quotient and remainder by 10^`count`, `count` below 39.
#[inline]
fn div_pow10(value: u128, count: usize) -> (u128, u128) {
    if let (Ok(value), true) = (u64::try_from(value), count < 20) {
        let unit = POW10[count] as u64;
        return (u128::from(value / unit), u128::from(value % unit));
    }
    let unit = POW10[count];
    let quotient = value / unit;
    (quotient, value - quotient * unit)
}

impl Default for Coef {
    fn default() -> Coef {
        Coef::Small(0)
    }
}

impl From<u64> for Coef {
    fn from(value: u64) -> Coef {
        Coef::Small(u128::from(value))
    }
}

/// The limbs of a number, which may be small.
struct View<'a> {
    small: [u64; 2],
    len: usize,
    big: Option<&'a [u64]>,
}

impl View<'_> {
    fn limbs(&self) -> &[u64] {
        match self.big {
            Some(limbs) => limbs,
            None => &self.small[..self.len],
        }
    }
}

impl Coef {
    pub const ZERO: Coef = Coef::Small(0);
    pub const ONE: Coef = Coef::Small(1);

    fn view(&self) -> View<'_> {
        match self {
            Coef::Small(value) => {
                let (high, low) = div_pow10(*value, 19);
                let len = if high != 0 { 2 } else { usize::from(low != 0) };
                View { small: [low as u64, high as u64], len, big: None }
            }
            Coef::Big(limbs) => View { small: [0; 2], len: limbs.len(), big: Some(limbs) },
        }
    }

    fn from_limbs(mut limbs: Vec<u64>) -> Coef {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        match limbs[..] {
            [] => Coef::Small(0),
            [low] => Coef::Small(u128::from(low)),
            [low, high] => Coef::Small(u128::from(low) + u128::from(high) * u128::from(BASE)),
            _ => Coef::Big(limbs),
        }
    }

    pub fn from_u128(value: u128) -> Coef {
        if value < LIMIT {
            return Coef::Small(value);
        }
        let (high, low) = (value / LIMIT, value % LIMIT);
        Coef::Big(vec![(low % u128::from(BASE)) as u64, (low / u128::from(BASE)) as u64, high as u64])
    }

    pub fn try_clone(&self) -> Result<Coef> {
        match self {
            Coef::Small(value) => Ok(Coef::Small(*value)),
            Coef::Big(limbs) => {
                let mut copy = with_capacity(limbs.len())?;
                copy.extend_from_slice(limbs);
                Ok(Coef::Big(copy))
            }
        }
    }

    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self, Coef::Small(0))
    }

    pub fn is_one(&self) -> bool {
        matches!(self, Coef::Small(1))
    }

    pub fn to_u64(&self) -> Option<u64> {
        match self {
            Coef::Small(value) => u64::try_from(*value).ok(),
            Coef::Big(_) => None,
        }
    }

    /// Decimal digits; one for zero.
    #[inline]
    pub fn digits(&self) -> i64 {
        match self {
            Coef::Small(value) => i64::from(digits_u128(*value)),
            Coef::Big(limbs) => {
                let top = limbs[limbs.len() - 1];
                (limbs.len() as i64 - 1) * BASE_DIGITS as i64 + i64::from(digits_u64(top))
            }
        }
    }

    pub fn last_digit(&self) -> u64 {
        match self {
            Coef::Small(value) => (*value % 10) as u64,
            Coef::Big(limbs) => limbs[0] % 10,
        }
    }

    pub fn is_odd(&self) -> bool {
        self.last_digit() & 1 == 1
    }

    pub fn compare(&self, other: &Coef) -> Ordering {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => a.cmp(b),
            (Coef::Small(_), Coef::Big(_)) => Ordering::Less,
            (Coef::Big(_), Coef::Small(_)) => Ordering::Greater,
            (Coef::Big(a), Coef::Big(b)) => a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev())),
        }
    }

    #[inline]
    pub fn add(&self, other: &Coef) -> Result<Coef> {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other) {
            return Ok(Coef::from_u128(a + b));
        }
        let (a, b) = (self.view(), other.view());
        let (a, b) = if a.len >= b.len { (a.limbs(), b.limbs()) } else { (b.limbs(), a.limbs()) };
        let mut sum = with_capacity(a.len() + 1)?;
        let mut carry = false;
        for (index, &limb) in a.iter().enumerate() {
            let value = u128::from(limb) + u128::from(b.get(index).copied().unwrap_or(0)) + u128::from(carry);
            carry = value >= u128::from(BASE);
            sum.push(if carry { (value - u128::from(BASE)) as u64 } else { value as u64 });
        }
        if carry {
            sum.push(1);
        }
        Ok(Coef::from_limbs(sum))
    }

    /// The difference; `self` is not below `other`.
    #[inline]
    pub fn sub(&self, other: &Coef) -> Result<Coef> {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other) {
            return Ok(Coef::Small(a - b));
        }
        let (a, b) = (self.view(), other.view());
        let (a, b) = (a.limbs(), b.limbs());
        let mut difference = with_capacity(a.len())?;
        let mut borrow = 0u64;
        for (index, &limb) in a.iter().enumerate() {
            let taken = u128::from(b.get(index).copied().unwrap_or(0)) + u128::from(borrow);
            borrow = u64::from(u128::from(limb) < taken);
            difference.push((u128::from(limb) + u128::from(borrow) * u128::from(BASE) - taken) as u64);
        }
        Ok(Coef::from_limbs(difference))
    }

    pub fn mul(&self, other: &Coef) -> Result<Coef> {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other) {
            if let (Ok(a), Ok(b)) = (u64::try_from(*a), u64::try_from(*b)) {
                return Ok(Coef::from_u128(u128::from(a) * u128::from(b)));
            }
            if let Some(product) = a.checked_mul(*b) {
                return Ok(Coef::from_u128(product));
            }
        }
        let (a, b) = (self.view(), other.view());
        let (a, b) = (a.limbs(), b.limbs());
        if a.is_empty() || b.is_empty() {
            return Ok(Coef::ZERO);
        }
        if a.len().min(b.len()) >= SCHOOL {
            return mul_packed(a, b);
        }
        let mut product = zeroed(a.len() + b.len())?;
        for (place, &x) in a.iter().enumerate() {
            let mut carry = 0u64;
            for (&y, out) in b.iter().zip(&mut product[place..]) {
                let value = u128::from(x) * u128::from(y) + u128::from(*out) + u128::from(carry);
                carry = (value / u128::from(BASE)) as u64;
                *out = (value % u128::from(BASE)) as u64;
            }
            product[place + b.len()] = carry;
        }
        Ok(Coef::from_limbs(product))
    }

    /// The number times 10^`count`.
    #[inline]
    pub fn shl10(&self, count: u64) -> Result<Coef> {
        if count == 0 {
            return self.try_clone();
        }
        if let Coef::Small(value) = *self {
            if value == 0 {
                return Ok(Coef::ZERO);
            }
            if count < SMALL_DIGITS && u64::from(digits_u128(value)) + count <= SMALL_DIGITS {
                return Ok(Coef::Small(value * POW10[count as usize]));
            }
        }
        let view = self.view();
        let limbs = view.limbs();
        let (whole, part) = (room(count / BASE_DIGITS)?, (count % BASE_DIGITS) as usize);
        let mut shifted = with_capacity(whole + limbs.len() + 1)?;
        shifted.resize(whole, 0);
        let factor = POW10[part];
        let mut carry = 0u64;
        for &limb in limbs {
            let value = u128::from(limb) * factor + u128::from(carry);
            carry = (value / u128::from(BASE)) as u64;
            shifted.push((value % u128::from(BASE)) as u64);
        }
        shifted.push(carry);
        Ok(Coef::from_limbs(shifted))
    }

    /// The number without its last `count` digits, and what these were.
    #[inline]
    pub fn shr10(&self, count: u64) -> Result<(Coef, Tail)> {
        if count == 0 {
            return Ok((self.try_clone()?, Tail::Zero));
        }
        let limbs = match self {
            Coef::Small(value) => {
                if count > SMALL_DIGITS {
                    return Ok((Coef::ZERO, if *value == 0 { Tail::Zero } else { Tail::Below }));
                }
                let (quotient, rest) = div_pow10(*value, count as usize);
                return Ok((Coef::Small(quotient), tail_of(rest, POW10[count as usize])));
            }
            Coef::Big(limbs) => limbs,
        };
        let whole = count / BASE_DIGITS;
        if whole > limbs.len() as u64 {
            return Ok((Coef::ZERO, Tail::Below));
        }
        let (whole, part) = (whole as usize, (count % BASE_DIGITS) as usize);
        let below = |until: usize| limbs[..until].iter().any(|&limb| limb != 0);
        let mut tail = match whole {
            0 => Tail::Zero,
            _ => {
                let upper = tail_of(u128::from(limbs[whole - 1]), u128::from(BASE));
                let lower = if below(whole - 1) { Tail::Below } else { Tail::Zero };
                lower.under(upper)
            }
        };
        let unit = POW10[part] as u64;
        let lift = (u128::from(BASE) / POW10[part]) as u64;
        let rest = &limbs[whole..];
        let mut shifted = with_capacity(rest.len())?;
        if part == 0 {
            shifted.extend_from_slice(rest);
        } else {
            if let Some(&first) = rest.first() {
                tail = tail.under(tail_of(u128::from(first % unit), u128::from(unit)));
            } else if tail != Tail::Zero {
                tail = Tail::Below;
            }
            for (index, &limb) in rest.iter().enumerate() {
                let next = rest.get(index + 1).copied().unwrap_or(0);
                shifted.push(limb / unit + (next % unit) * lift);
            }
        }
        Ok((Coef::from_limbs(shifted), tail))
    }

    /// The last `count` digits.
    pub fn low_digits(&self, count: u64) -> Result<Coef> {
        if count as i64 >= self.digits() {
            return self.try_clone();
        }
        let (high, _) = self.shr10(count)?;
        self.sub(&high.shl10(count)?)
    }

    pub fn trailing_zeros(&self) -> u64 {
        let (mut zeros, mut rest) = match self {
            Coef::Small(0) => return 0,
            Coef::Small(value) => (0, *value),
            Coef::Big(limbs) => {
                let whole = limbs.iter().take_while(|&&limb| limb == 0).count();
                (whole as u64 * BASE_DIGITS, u128::from(limbs[whole]))
            }
        };
        while rest > u128::from(u64::MAX) && rest.is_multiple_of(10) {
            rest /= 10;
            zeros += 1;
        }
        if let Ok(mut rest) = u64::try_from(rest) {
            while rest.is_multiple_of(10) {
                rest /= 10;
                zeros += 1;
            }
        }
        zeros
    }

    /// Quotient and remainder; `other` is not zero.
    pub fn div_rem(&self, other: &Coef) -> Result<(Coef, Coef)> {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other) {
            if let (Ok(a), Ok(b)) = (u64::try_from(*a), u64::try_from(*b)) {
                return Ok((Coef::from(a / b), Coef::from(a % b)));
            }
            return Ok((Coef::Small(a / b), Coef::Small(a % b)));
        }
        if self.compare(other) == Ordering::Less {
            return Ok((Coef::ZERO, self.try_clone()?));
        }
        if let (Coef::Big(a), Some(d)) = (self, other.to_u64().filter(|&d| d < BASE)) {
            let mut quotient = zeroed(a.len())?;
            let mut rest = 0u64;
            for (&limb, out) in a.iter().zip(&mut quotient).rev() {
                let value = u128::from(rest) * u128::from(BASE) + u128::from(limb);
                *out = (value / u128::from(d)) as u64;
                rest = (value % u128::from(d)) as u64;
            }
            return Ok((Coef::from_limbs(quotient), Coef::from(rest)));
        }
        let (quotient, rest) = limbs::div_rem(&self.to_binary()?, &other.to_binary()?, &mut || false)?;
        Ok((Coef::from_binary(&quotient)?, Coef::from_binary(&rest)?))
    }

    /// The root rounded down, and whether it is exact.
    pub fn isqrt(&self) -> Result<(Coef, bool)> {
        if let Coef::Small(value) = self {
            let root = value.isqrt();
            return Ok((Coef::Small(root), root * root == *value));
        }
        let root = Coef::from_binary(&limbs::isqrt(&self.to_binary()?, &mut || false)?)?;
        let exact = root.mul(&root)?.compare(self) == Ordering::Equal;
        Ok((root, exact))
    }

    /// The number in limbs of 64 bits.
    pub fn to_binary(&self) -> Result<Vec<u64>> {
        let limbs = match self {
            Coef::Small(value) => {
                let mut binary = with_capacity(2)?;
                binary.extend([*value as u64, (*value >> 64) as u64]);
                limbs::trim(&mut binary);
                return Ok(binary);
            }
            Coef::Big(limbs) => limbs,
        };
        if limbs.len() > 60 {
            let mut text = self.text()?;
            for byte in &mut text {
                *byte -= b'0';
            }
            return Ok(limbs::from_radix(&text, 10, &mut || false)?);
        }
        let mut binary = with_capacity(limbs.len() + 1)?;
        for &limb in limbs.iter().rev() {
            let carry = limbs::mul_limb_assign(&mut binary, BASE, limb);
            if carry != 0 {
                binary.push(carry);
            }
        }
        Ok(binary)
    }

    pub fn from_binary(binary: &[u64]) -> Result<Coef> {
        let binary = limbs::trimmed(binary);
        match *binary {
            [] => return Ok(Coef::ZERO),
            [low] => return Ok(Coef::from(low)),
            [low, high] => return Ok(Coef::from_u128(u128::from(low) | u128::from(high) << 64)),
            _ => {}
        }
        if binary.len() > 60 {
            let text = limbs::to_decimal(binary, &mut || false)?;
            return Coef::from_text(&text);
        }
        let mut rest = limbs::copy_of(binary, 0)?;
        let mut decimal = with_capacity(binary.len() + binary.len() / 60 + 2)?;
        while !rest.is_empty() {
            decimal.push(limbs::div_limb_assign(&mut rest, BASE));
            limbs::trim(&mut rest);
        }
        Ok(Coef::from_limbs(decimal))
    }

    /// A number of ASCII digits.
    pub fn from_text(text: &[u8]) -> Result<Coef> {
        let limb = |digits: &[u8]| digits.iter().fold(0u64, |value, &digit| value * 10 + u64::from(digit - b'0'));
        if text.len() <= 19 {
            return Ok(Coef::from(limb(text)));
        }
        if text.len() <= 38 {
            let (high, low) = text.split_at(text.len() - 19);
            return Ok(Coef::Small(u128::from(limb(high)) * u128::from(BASE) + u128::from(limb(low))));
        }
        let mut limbs = with_capacity(text.len() / 19 + 1)?;
        limbs.extend(text.rchunks(19).map(limb));
        Ok(Coef::from_limbs(limbs))
    }

    /// Appends the digits.
    pub fn write(&self, text: &mut Vec<u8>) -> Result<()> {
        text.try_reserve(self.digits() as usize).map_err(|_| NoMemory)?;
        let mut buffer = [0u8; 39];
        match self {
            Coef::Small(value) => {
                let mut at = buffer.len();
                let (mut high, mut low) = (*value, 0u64);
                let mut pending = 0;
                if *value >= u128::from(BASE) {
                    let (quotient, rest) = div_pow10(*value, 19);
                    high = quotient;
                    low = rest as u64;
                    pending = 19;
                }
                for _ in 0..pending {
                    at -= 1;
                    buffer[at] = b'0' + (low % 10) as u8;
                    low /= 10;
                }
                let mut high = high as u64;
                loop {
                    at -= 1;
                    buffer[at] = b'0' + (high % 10) as u8;
                    high /= 10;
                    if high == 0 {
                        break;
                    }
                }
                text.extend_from_slice(&buffer[at..]);
            }
            Coef::Big(limbs) => {
                for (index, &limb) in limbs.iter().rev().enumerate() {
                    let mut limb = limb;
                    let count = if index == 0 { digits_u64(limb) as usize } else { 19 };
                    for place in buffer[..count].iter_mut().rev() {
                        *place = b'0' + (limb % 10) as u8;
                        limb /= 10;
                    }
                    text.extend_from_slice(&buffer[..count]);
                }
            }
        }
        Ok(())
    }

    /// The digits.
    pub fn text(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        self.write(&mut text)?;
        Ok(text)
    }

    /// 10^`count`.
    pub fn pow10(count: u64) -> Result<Coef> {
        Coef::ONE.shl10(count)
    }

    /// Bytes beside the object.
    pub fn heap_size(&self) -> usize {
        match self {
            Coef::Small(_) => 0,
            Coef::Big(limbs) => limbs.capacity() * 8,
        }
    }
}

/// The product of numbers in limbs of 64 bits.
pub fn binary_product(a: &[u64], b: &[u64]) -> Result<Vec<u64>> {
    let (a, b) = (limbs::trimmed(a), limbs::trimmed(b));
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let mut product = zeroed(a.len() + b.len())?;
    limbs::mul(&mut product, a, b, &mut || false)?;
    limbs::trim(&mut product);
    Ok(product)
}

/// A product through one binary product: each limb gets a slot of three words, which the sums of limb products fit.
fn mul_packed(a: &[u64], b: &[u64]) -> Result<Coef> {
    let pack = |limbs: &[u64]| -> Result<Vec<u64>> {
        let mut packed = zeroed(limbs.len().checked_mul(3).ok_or(NoMemory)?)?;
        for (slot, &limb) in packed.chunks_exact_mut(3).zip(limbs) {
            slot[0] = limb;
        }
        limbs::trim(&mut packed);
        Ok(packed)
    };
    let product = binary_product(&pack(a)?, &pack(b)?)?;
    let count = a.len() + b.len();
    let mut decimal = with_capacity(count)?;
    // Below 2^192; the base goes off in two steps of division.
    let mut carry = [0u64; 3];
    for index in 0..count {
        let mut sum = [0u64; 3];
        let mut over = 0u128;
        for word in 0..3 {
            over += u128::from(product.get(index * 3 + word).copied().unwrap_or(0)) + u128::from(carry[word]);
            sum[word] = over as u64;
            over >>= 64;
        }
        let mut rest = 0u64;
        for word in (0..3).rev() {
            let value = u128::from(rest) << 64 | u128::from(sum[word]);
            carry[word] = (value / u128::from(BASE)) as u64;
            rest = (value % u128::from(BASE)) as u64;
        }
        decimal.push(rest);
    }
    Ok(Coef::from_limbs(decimal))
}
