//! `&`, `|` and `^` of signed values as if in infinite two's complement.

use super::MASK;

/// Which operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BitOp {
    And,
    Or,
    Xor,
}

impl BitOp {
    #[inline(always)]
    fn apply(self, a: u32, b: u32) -> u32 {
        match self {
            BitOp::And => a & b,
            BitOp::Or => a | b,
            BitOp::Xor => a ^ b,
        }
    }
}

/// `out = a op b` for two values that are not negative, `a` not shorter than `b`. `out` is as long as the shorter operand for `And`, as
/// the longer one else.
pub fn bit_op_magnitudes(out: &mut [u32], op: BitOp, a: &[u32], b: &[u32]) {
    let pairs = out.iter_mut().zip(a.iter().zip(b));
    match op {
        BitOp::And => return pairs.for_each(|(out, (a, b))| *out = a & b),
        BitOp::Or => pairs.for_each(|(out, (a, b))| *out = a | b),
        BitOp::Xor => pairs.for_each(|(out, (a, b))| *out = a ^ b),
    }
    out[b.len()..].copy_from_slice(&a[b.len()..]);
}

/// Digits of a sign and magnitude value read as two's complement digits, the sign extended for ever.
struct Complement<'a> {
    digits: &'a [u32],
    /// All ones for a negative value.
    flip: u32,
    carry: u32,
}

impl Complement<'_> {
    #[inline(always)]
    fn next(&mut self, i: usize) -> u32 {
        let x = self.digits.get(i).copied().unwrap_or(0) ^ self.flip;
        let t = x + self.carry;
        self.carry = t >> super::SHIFT;
        t & MASK
    }
}

/// `out = a op b` for two signed values; returns whether the result is negative. `out.len()` is one more than the
/// longer operand.
pub fn bit_op(out: &mut [u32], op: BitOp, (a, a_negative): (&[u32], bool), (b, b_negative): (&[u32], bool)) -> bool {
    let read =
        |digits, negative: bool| Complement { digits, flip: if negative { MASK } else { 0 }, carry: negative as u32 };
    let mut x = read(a, a_negative);
    let mut y = read(b, b_negative);
    let negative = op.apply(a_negative as u32, b_negative as u32) == 1;
    let flip = if negative { MASK } else { 0 };
    let mut carry = negative as u32;
    for (i, out) in out.iter_mut().enumerate() {
        let t = (op.apply(x.next(i), y.next(i)) ^ flip) + carry;
        *out = t & MASK;
        carry = t >> super::SHIFT;
    }
    negative
}
