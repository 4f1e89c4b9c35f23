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
/// Below this many limbs repeated division by 10^19 wins.
const SMALL: usize = 24;
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

/// Appends exactly 19 digits.
fn push_group(out: &mut Vec<u8>, mut group: u64) {
    let mut text = [b'0'; 19];
    let mut i = 19;
    while group > 0 {
        i -= 1;
        text[i] = b'0' + (group % 10) as u8;
        group /= 10;
    }
    out.extend_from_slice(&text);
}

fn to_decimal_small(a: &[u64]) -> Result<Vec<u8>, Stop> {
    if a.is_empty() {
        let mut out = Vec::new();
        out.try_reserve_exact(1).map_err(|_| Stop::NoMemory)?;
        out.push(b'0');
        return Ok(out);
    }
    let mut rest = copy_of(a, 0)?;
    let mut groups = with_capacity(a.len() * 2)?;
    while !rest.is_empty() {
        groups.push(div_limb_assign(&mut rest, TEN19));
        trim(&mut rest);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(groups.len() * 19).map_err(|_| Stop::NoMemory)?;
    for &group in groups.iter().rev() {
        push_group(&mut out, group);
    }
    let zeros = out.iter().take_while(|&&c| c == b'0').count();
    out.drain(..zeros);
    Ok(out)
}

/// Leaves of the conversion from text, in groups.
const TEXT_LEAF: usize = 32;

/// The value of digits (0..base, most significant first), trimmed. `2 <= base <= 36`.
pub fn from_radix(digits: &[u8], base: u32, interrupted: &mut Interrupt<'_>) -> Result<Vec<u64>, Stop> {
    let base = base as u64;
    let mut group = 1;
    let mut group_value = base;
    while let Some(next) = group_value.checked_mul(base) {
        (group_value, group) = (next, group + 1);
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
    join(digits, base, group, leaf, shift, &powers, interrupted)
}

fn join(
    digits: &[u8],
    base: u64,
    group: usize,
    leaf: usize,
    shift: usize,
    powers: &[Vec<u64>],
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
    let mut out = mul_vec(&high, &powers[i], interrupted)?;
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
    let mut chunk = |chunk: &[u8]| {
        let (mut value, mut scale) = (0u64, 1u64);
        for &d in chunk {
            value = value * base + d as u64;
            scale = scale.wrapping_mul(base);
        }
        let top = if scale == 0 { 0 } else { mul_limb_assign(&mut out, scale, value) };
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
