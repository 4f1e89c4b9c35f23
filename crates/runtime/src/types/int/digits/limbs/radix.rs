//! Conversion to decimal and from any base, both below quadratic cost.
//!
//! *To decimal.* A number `N < 10^D` is turned once into the fraction `x = (N + 1/2) / 10^D`, cut to a little more than
//! `D` digits. With `E = D / 2`, the lower half of the digits is the fraction part of `x * 10^E`, of the same form; and the
//! upper half `H` has the fraction `(H + 1/2) / 10^E = x + (1/2 - low) / 10^E`, which is `x` itself, cut shorter, plus a
//! correction that needs only the leading bits of `low`. So a level of the recursion costs one multiplication per node
//! and no division, and the half unit absorbs all rounding: errors stay below 2^-40 of it. The leaves emit digits by
//! multiplying with 10^19.
//!
//! *From base b.* The usual divide and conquer, `high * b^k + low`; the power of two in `b` is a shift.

use super::mul::mul_vec;
use super::*;

const TEN19: u64 = 10_000_000_000_000_000_000;
const TEN19_RECIPROCAL: u64 = reciprocal(TEN19);
/// Below this many limbs repeated division by 10^19 wins.
const SMALL: usize = 60;
/// The most groups of 19 digits in a leaf.
const LEAF: usize = 24;
/// Extra limbs of each fraction.
const GUARD: usize = 2;

/// The decimal digits (ASCII) of a value, without leading zeros; "0" for zero.
pub fn to_decimal(a: &[u64], interrupted: &mut Interrupt<'_>) -> Result<Vec<u8>, Stop> {
    let a = trimmed(a);
    if a.len() < SMALL {
        return to_decimal_small(a);
    }
    let digits = (bit_length(a) as u128 * 30103 / 100_000) as usize + 2;
    let mut depth = 0;
    while digits.div_ceil(19 << depth) > LEAF {
        depth += 1;
    }
    let leaf = digits.div_ceil(19 << depth) * 19;
    let total = leaf << depth;
    // Powers of five with exponents leaf, 2 leaf, ..., total.
    let mut powers = Vec::new();
    powers.try_reserve(depth + 1).map_err(|_| Stop::NoMemory)?;
    powers.push(pow(&[5], leaf as u64, interrupted)?);
    for i in 0..depth {
        let mut next = zeroed(2 * powers[i].len())?;
        square(&mut next, &powers[i], interrupted)?;
        trim(&mut next);
        powers.push(next);
    }
    let width = fraction_limbs(total);
    let mut numerator = shl(a, 64 * width - total)?;
    // Half a unit: N + 1/2 at the same scale.
    let half = 64 * width - total - 1;
    add_limb(&mut numerator[half / 64..], 1 << (half % 64));
    let (mut x, _) = div_rem(&numerator, &powers[depth], interrupted)?;
    drop(numerator);
    x.try_reserve(width.saturating_sub(x.len())).map_err(|_| Stop::NoMemory)?;
    x.resize(width, 0);
    let mut out = Vec::new();
    out.try_reserve_exact(total).map_err(|_| Stop::NoMemory)?;
    let mut levels = Vec::new();
    levels.try_reserve_exact(depth).map_err(|_| Stop::NoMemory)?;
    powers.truncate(depth);
    for (i, power) in powers.into_iter().enumerate() {
        levels.push(Level::new(power, leaf << i, interrupted)?);
    }
    emit(&mut out, x, leaf, &levels, interrupted)?;
    let zeros = out.iter().take_while(|&&c| c == b'0').count();
    out.drain(..zeros);
    Ok(out)
}

/// Limbs of a fraction that stands for `digits` decimal digits.
fn fraction_limbs(digits: usize) -> usize {
    (digits as u128 * 3_321_929 / 1_000_000 / 64) as usize + 1 + GUARD
}

/// From here (limbs of a node's fraction) products are wrapped transforms with a factor that is transformed once.
const TRANSFORMED: usize = 250;

/// One level of the recursion: nodes of `2 * half` digits.
struct Level {
    half: usize,
    /// `5^half`
    power: Vec<u64>,
    transformed: Option<super::ntt::Transformed>,
}

impl Level {
    fn new(power: Vec<u64>, half: usize, interrupted: &mut Interrupt<'_>) -> Result<Level, Stop> {
        let width = fraction_limbs(2 * half);
        let mut transformed = None;
        if width >= TRANSFORMED && super::ntt::fits(2 * width) {
            // The product's leading limbs are not needed, and may wrap onto the trailing ones, which only rounding sees.
            let needed = width + power.len() - Level::start(width, half) / 64 + 1;
            transformed = Some(super::ntt::Transformed::new(&power, needed, interrupted)?);
        }
        Ok(Level { half, power, transformed })
    }

    /// The bit of the product with a fraction of `width` limbs where the lower half's fraction begins.
    fn start(width: usize, half: usize) -> usize {
        64 * width - half - 64 * fraction_limbs(half)
    }
}

/// Appends all digits of the fraction `x`, by the last level first.
fn emit(
    out: &mut Vec<u8>,
    mut x: Vec<u64>,
    leaf: usize,
    levels: &[Level],
    interrupted: &mut Interrupt<'_>,
) -> Result<(), Stop> {
    let Some((level, below)) = levels.split_last() else {
        for i in 0..leaf / 19 {
            // Each group needs one limb of precision less.
            let group = mul_limb_assign(&mut x[i..], TEN19, 0);
            push_group(out, group);
        }
        return Ok(());
    };
    check(interrupted)?;
    let (half, power) = (level.half, &level.power);
    let width = fraction_limbs(half);
    // low = fraction part of x * 5^half * 2^half, its leading `width` limbs
    let product = match &level.transformed {
        Some(transformed) => transformed.mul(&x, interrupted)?,
        None => {
            let mut product = zeroed(x.len() + power.len())?;
            mul(&mut product, &x, power, interrupted)?;
            product
        }
    };
    let mut low = with_capacity(width + 1)?;
    let start = Level::start(x.len(), half);
    low.extend((0..width).map(|i| bits_from(&product, start + 64 * i)));
    drop(product);
    // high = x + (1/2 - low) / 10^half
    let cut = x.len() - width;
    x.drain(..cut);
    let leading = low[width - 1];
    let power_bits = bit_length(power);
    let reciprocal = ((1u128 << 127) / bits_from(power, power_bits.saturating_sub(64)) as u128).min(u64::MAX as u128);
    // 10^-half = reciprocal * 2^-(half + power_bits - 64 + 127); the difference has 64 more bits.
    let position = (64 * width).saturating_sub(64 + half + power_bits + 63);
    let magnitude = |d: u64| d as u128 * reciprocal;
    let (difference, negative) = if leading <= 1 << 63 {
        (magnitude((1 << 63) - leading), false)
    } else {
        (magnitude(leading - (1 << 63)), true)
    };
    let (limb, bits) = (position / 64, position % 64);
    let (d0, d1) = (difference as u64, (difference >> 64) as u64);
    let parts = match bits {
        0 => [d0, d1, 0],
        _ => [d0 << bits, d1 << bits | d0 >> (64 - bits), d1 >> (64 - bits)],
    };
    let room = parts.len().min(width - limb);
    if negative {
        sub_assign(&mut x[limb..], &parts[..room]);
    } else {
        add_assign(&mut x[limb..], &parts[..room]);
    }
    emit(out, x, leaf, below, interrupted)?;
    emit(out, low, leaf, below, interrupted)
}

/// The 64 bits of `a` from bit `start` on.
fn bits_from(a: &[u64], start: usize) -> u64 {
    let (limb, bits) = (start / 64, start % 64);
    let get = |i: usize| a.get(i).copied().unwrap_or(0);
    if bits == 0 { get(limb) } else { get(limb) >> bits | get(limb + 1) << (64 - bits) }
}

/// The numbers below 100 as two digits each.
static PAIRS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        table[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    table
};

/// Takes the lowest 19 decimal digits off.
#[inline(always)]
fn div_ten19(a: &mut [u64]) -> u64 {
    div_normalized_assign(a, TEN19, TEN19_RECIPROCAL)
}

/// Exactly eight digits: the value is cut into halves, those into pairs, and those into digits, all lanes at once.
#[inline(always)]
fn eight_digits(value: u32) -> [u8; 8] {
    let (high, low) = (value / 10_000, value % 10_000);
    let fours = u64::from(high) | u64::from(low) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    let digits = tens | (pairs - tens * 10) << 8;
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// Exactly 19 digits.
#[inline(always)]
fn group_digits(value: u64) -> [u8; 19] {
    const TEN8: u64 = 100_000_000;
    let (rest, low) = (value / TEN8, (value % TEN8) as u32);
    let (top, middle) = ((rest / TEN8) as u32, (rest % TEN8) as u32);
    let mut out = [0; 19];
    out[0] = b'0' + (top / 100) as u8;
    out[1..3].copy_from_slice(&PAIRS[(top % 100) as usize]);
    out[3..11].copy_from_slice(&eight_digits(middle));
    out[11..].copy_from_slice(&eight_digits(low));
    out
}

/// Appends exactly 19 digits.
#[inline]
fn push_group(out: &mut Vec<u8>, group: u64) {
    out.extend_from_slice(&group_digits(group));
}

/// Writes the digits of `value` to the end of a buffer, which has room for them; where they begin.
#[inline]
pub fn write_decimal(buffer: &mut [u8], value: u64) -> usize {
    let (mut at, mut rest) = (buffer.len(), value);
    while rest >= 100 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest >= 10 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[rest as usize]);
    } else {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    at
}

/// Writes the digits of a value below 10^38 to the end of a buffer, which has room for them; where they begin.
#[inline]
pub fn write_two_limbs(buffer: &mut [u8], value: [u64; 2]) -> usize {
    let mut value = value;
    if value[1] == 0 {
        return write_decimal(buffer, value[0]);
    }
    let group = div_ten19(&mut value);
    let at = buffer.len() - 19;
    buffer[at..].copy_from_slice(&group_digits(group));
    // The value has two limbs and is above 10^19.
    write_decimal(&mut buffer[..at], value[0])
}

/// Limbs of a short value, digits that surely fit them, and the most groups of 19 digits that it has.
pub const SHORT_VALUE: usize = 33;
pub const SHORT_DIGITS: usize = 630;
const SHORT_GROUPS: usize = 34;

/// The digits of a short value in groups of 19.
pub struct ShortDecimal {
    /// The lowest group first.
    groups: [u64; SHORT_GROUPS],
    count: usize,
    /// The digits of the highest group.
    top: usize,
}

impl ShortDecimal {
    /// Of a value of at most `SHORT_VALUE` limbs, which is lost.
    #[inline(always)]
    pub fn new(value: &mut [u64]) -> ShortDecimal {
        let mut short = ShortDecimal { groups: [0; SHORT_GROUPS], count: 0, top: 1 };
        let mut n = len(value);
        while n > 0 {
            short.groups[short.count] = div_ten19(&mut value[..n]);
            short.count += 1;
            n = len(&value[..n]);
        }
        if let Some(&top) = short.groups[..short.count].last() {
            short.top = top.checked_ilog10().map_or(1, |digits| digits as usize + 1);
        }
        short
    }

    /// How many digits there are.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a number has a digit always")]
    pub fn len(&self) -> usize {
        self.top + 19 * self.count.saturating_sub(1)
    }

    /// Writes the digits into memory of just their number.
    #[inline]
    pub fn write(&self, out: &mut [u8]) {
        let (top, rest) = out.split_at_mut(self.top);
        write_decimal(top, self.groups[self.count.saturating_sub(1)]);
        let groups = self.groups[..self.count.saturating_sub(1)].iter().rev();
        for (out, &group) in rest.as_chunks_mut::<19>().0.iter_mut().zip(groups) {
            *out = group_digits(group);
        }
    }
}

/// The decimal digits of a value below the range of the fast method.
fn to_decimal_small(a: &[u64]) -> Result<Vec<u8>, Stop> {
    let mut rest = copy_of(a, 0)?;
    let mut groups = with_capacity(a.len() * 2)?;
    let mut n = rest.len();
    while n > 0 {
        groups.push(div_ten19(&mut rest[..n]));
        n = len(&rest[..n]);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(groups.len() * 19 + 1).map_err(|_| Stop::NoMemory)?;
    let mut first = [0; 20];
    let start = write_decimal(&mut first, groups.pop().unwrap_or(0));
    out.extend_from_slice(&first[start..]);
    for &group in groups.iter().rev() {
        push_group(&mut out, group);
    }
    Ok(out)
}

/// The number that eight digits (0 to 9, the first one in the lowest byte) make.
#[inline(always)]
fn eight_values(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let even = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let odd = (pairs >> 16 & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    even.wrapping_add(odd) >> 32
}

/// The value of at most 19 decimal digits (0 to 9).
#[inline(always)]
fn decimal_values(digits: &[u8]) -> u64 {
    let (eights, rest) = digits.as_chunks::<8>();
    let value = eights.iter().fold(0u64, |value, eight| value * 100_000_000 + eight_values(u64::from_le_bytes(*eight)));
    rest.iter().fold(value, |value, &digit| value * 10 + digit as u64)
}

/// The value of 1 to 19 decimal digits in ASCII; `None` where anything else is among them.
#[inline]
pub fn decimal_group(text: &[u8]) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let (eights, rest) = text.as_chunks::<8>();
    let mut value = 0u64;
    for eight in eights {
        let bytes = u64::from_le_bytes(*eight);
        // A digit has 3 in its upper half, and still has it with 6 added.
        let upper = 0xF0F0_F0F0_F0F0_F0F0;
        if bytes & upper != ZEROS || bytes.wrapping_add(0x0606_0606_0606_0606) & upper != ZEROS {
            return None;
        }
        value = value.wrapping_mul(100_000_000).wrapping_add(eight_values(bytes ^ ZEROS));
    }
    for &c in rest {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(digit as u64);
    }
    Some(value)
}

/// The value of at most [`SHORT_DIGITS`] decimal digits in ASCII, and how many limbs it has; `None` where anything else is
/// among them. Limbs beyond those are not meant.
pub fn from_decimal_short(out: &mut [u64; SHORT_VALUE], text: &[u8]) -> Option<usize> {
    let (head, rest) = text.split_at(text.len() % 19);
    let mut n = 0;
    if !head.is_empty() {
        out[0] = decimal_group(head)?;
        n = (out[0] != 0) as usize;
    }
    for group in rest.as_chunks::<19>().0 {
        let top = mul_limb_assign(&mut out[..n], TEN19, decimal_group(group)?);
        if top != 0 {
            out[n] = top;
            n += 1;
        }
    }
    Some(n)
}

/// Leaves of the conversion from text, in groups.
const TEXT_LEAF: usize = 32;

/// The value of digits (0..base, most significant first), trimmed. `2 <= base <= 36`.
pub fn from_radix(digits: &[u8], base: u32, interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let base = base as u64;
    let mut group = 1;
    while base.checked_pow(group as u32 + 1).is_some() {
        group += 1;
    }
    let leaf = group * TEXT_LEAF;
    if digits.len() <= leaf {
        return from_radix_leaf(digits, base, group);
    }
    let shift = base.trailing_zeros() as usize;
    let odd = base >> shift;
    let mut powers = Vec::new();
    powers.push(pow(&[odd], leaf as u64, interrupted)?);
    while leaf << powers.len() < digits.len() {
        let last = &powers[powers.len() - 1];
        let mut next = zeroed(2 * last.len())?;
        square(&mut next, last, interrupted)?;
        trim(&mut next);
        powers.try_reserve(1).map_err(|_| Stop::NoMemory)?;
        powers.push(next);
    }
    let mut levels = Vec::new();
    levels.try_reserve_exact(powers.len()).map_err(|_| Stop::NoMemory)?;
    for power in powers {
        // The power is a factor of several products, but for the last.
        let transformed = if power.len() >= JOINED && super::ntt::fits(2 * power.len()) {
            Some(super::ntt::Transformed::new(&power, 2 * power.len() + 1, interrupted)?)
        } else {
            None
        };
        levels.push(Power { power, transformed });
    }
    join(digits, base, group, leaf, shift, &levels, interrupted)
}

/// From here (limbs) powers are transformed for the conversion from text.
const JOINED: usize = 300;

/// A power of the base without its power of two.
struct Power {
    power: Vec<u64>,
    transformed: Option<super::ntt::Transformed>,
}

fn join(
    digits: &[u8],
    base: u64,
    group: usize,
    leaf: usize,
    shift: usize,
    powers: &[Power],
    interrupted: &mut Interrupt<'_>,
) -> Result<Vec<u64>, Stop> {
    if digits.len() <= leaf {
        return from_radix_leaf(digits, base, group);
    }
    check(interrupted)?;
    let mut i = 0;
    while leaf << (i + 1) < digits.len() {
        i += 1;
    }
    let low_digits = leaf << i;
    let (high, low) = digits.split_at(digits.len() - low_digits);
    let high = join(high, base, group, leaf, shift, powers, interrupted)?;
    let low = join(low, base, group, leaf, shift, powers, interrupted)?;
    let Power { power, transformed } = &powers[i];
    let mut out = match transformed {
        Some(transformed) if high.len() + power.len() <= transformed.len() => {
            let mut out = transformed.mul(&high, interrupted)?;
            trim(&mut out);
            out
        }
        _ => mul_vec(&high, power, interrupted)?,
    };
    if shift > 0 {
        out = shl(&out, low_digits * shift)?;
    }
    if out.len() < low.len() {
        return Ok(low);
    }
    if add_assign(&mut out, &low) {
        out.try_reserve(1).map_err(|_| Stop::NoMemory)?;
        out.push(1);
    }
    Ok(out)
}

fn from_radix_leaf(digits: &[u8], base: u64, group: usize) -> Result<Vec<u64>, Stop> {
    let mut out = with_capacity(digits.len() / group + 1)?;
    let first = digits.len() % group;
    let (head, rest) = digits.split_at(first);
    let full = base.pow(group as u32);
    let mut chunk = |chunk: &[u8]| {
        let value = match base {
            10 => decimal_values(chunk),
            _ => chunk.iter().fold(0, |value, &digit| value * base + digit as u64),
        };
        let scale = if chunk.len() == group { full } else { base.pow(chunk.len() as u32) };
        let top = mul_limb_assign(&mut out, scale, value);
        if top != 0 {
            out.push(top);
        }
    };
    if !head.is_empty() {
        chunk(head);
    }
    for piece in rest.chunks_exact(group) {
        chunk(piece);
    }
    trim(&mut out);
    Ok(out)
}
