//! Decimal numbers as values, the environment of an operation, and rounding a result to it.
//!
//! **Invariant:** the coefficient of an infinity is zero; that of a NaN is its payload, and exponents of both are zero.

use super::coef::{Coef, Result, Tail};

/// Conditions, as bits of a status. Their order is the order in which a context shows them.
pub mod flag {
    pub const CLAMPED: u32 = 0x1;
    pub const CONVERSION_SYNTAX: u32 = 0x2;
    pub const DIVISION_BY_ZERO: u32 = 0x4;
    pub const DIVISION_IMPOSSIBLE: u32 = 0x8;
    pub const DIVISION_UNDEFINED: u32 = 0x10;
    pub const INEXACT: u32 = 0x40;
    pub const INVALID_CONTEXT: u32 = 0x80;
    pub const INVALID_OPERATION: u32 = 0x100;
    pub const FLOAT_OPERATION: u32 = 0x400;
    pub const OVERFLOW: u32 = 0x800;
    pub const ROUNDED: u32 = 0x1000;
    pub const SUBNORMAL: u32 = 0x2000;
    pub const UNDERFLOW: u32 = 0x4000;
    /// All that the signal `InvalidOperation` stands for.
    pub const INVALID: u32 =
        CONVERSION_SYNTAX | DIVISION_IMPOSSIBLE | DIVISION_UNDEFINED | INVALID_CONTEXT | INVALID_OPERATION;
}

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

impl Rounding {
    /// Whether a magnitude goes up, given the last digit that is kept.
    #[inline]
    pub fn goes_up(self, negative: bool, last: u64, tail: Tail) -> bool {
        if tail == Tail::Zero {
            return false;
        }
        match self {
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::HalfUp => tail != Tail::Below,
            Rounding::HalfDown => tail == Tail::Above,
            Rounding::HalfEven => tail == Tail::Above || tail == Tail::Half && last & 1 == 1,
            Rounding::ZeroFiveUp => last == 0 || last == 5,
        }
    }
}

/// The settings of a context that decide results, and the conditions met so far.
#[derive(Debug, Clone, Copy)]
pub struct Env {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub rounding: Rounding,
    pub clamp: bool,
    pub status: u32,
}

impl Env {
    /// The widest one.
    pub fn max() -> Env {
        Env { prec: MAX_PREC, emax: MAX_EMAX, emin: MIN_EMIN, rounding: Rounding::HalfEven, clamp: false, status: 0 }
    }

    /// The widest one but for its precision.
    pub fn wide(prec: i64) -> Env {
        Env { prec: prec.clamp(1, MAX_PREC), ..Env::max() }
    }

    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }

    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }

    pub fn raise(&mut self, status: u32) {
        self.status |= status;
    }

    #[cold]
    pub fn invalid(&mut self, condition: u32) -> Dec {
        self.raise(condition);
        Dec::NAN
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Finite,
    Infinite,
    Quiet,
    Signaling,
}

#[derive(Debug)]
pub struct Dec {
    pub kind: Kind,
    pub negative: bool,
    pub exp: i64,
    pub coef: Coef,
}

impl Dec {
    pub const NAN: Dec = Dec { kind: Kind::Quiet, negative: false, exp: 0, coef: Coef::ZERO };

    #[inline]
    pub fn finite(negative: bool, coef: Coef, exp: i64) -> Dec {
        Dec { kind: Kind::Finite, negative, exp, coef }
    }

    pub fn infinity(negative: bool) -> Dec {
        Dec { kind: Kind::Infinite, negative, exp: 0, coef: Coef::ZERO }
    }

    pub fn from_i64(value: i64) -> Dec {
        Dec::finite(value < 0, Coef::from(value.unsigned_abs()), 0)
    }

    pub fn one() -> Dec {
        Dec::from_i64(1)
    }

    pub fn try_clone(&self) -> Result<Dec> {
        Ok(Dec { kind: self.kind, negative: self.negative, exp: self.exp, coef: self.coef.try_clone()? })
    }

    pub fn with_sign(&self, negative: bool) -> Result<Dec> {
        Ok(Dec { negative, ..self.try_clone()? })
    }

    #[inline]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }

    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }

    #[inline]
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Quiet | Kind::Signaling)
    }

    pub fn is_signaling(&self) -> bool {
        self.kind == Kind::Signaling
    }

    #[inline]
    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coef.is_zero()
    }

    /// The exponent of the first digit of a finite number.
    #[inline]
    pub fn adjusted(&self) -> i64 {
        self.exp + self.coef.digits() - 1
    }

    pub fn is_subnormal(&self, env: &Env) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() < env.emin
    }

    pub fn is_normal(&self, env: &Env) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() >= env.emin
    }

    pub fn is_integer(&self) -> bool {
        self.is_finite() && (self.exp >= 0 || self.coef.is_zero() || self.coef.trailing_zeros() as i64 >= -self.exp)
    }

    /// Whether an integer is odd.
    pub fn is_odd(&self) -> Result<bool> {
        if self.exp > 0 || self.coef.is_zero() {
            return Ok(false);
        }
        Ok(self.coef.shr10(self.exp.unsigned_abs())?.0.is_odd())
    }

    /// The value of an integer that fits.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        if self.coef.is_zero() {
            return Some(0);
        }
        if self.adjusted() > 18 {
            return None;
        }
        let coef = match self.exp {
            0 => self.coef.to_u64(),
            exp if exp > 0 => self.coef.shl10(exp.unsigned_abs()).ok()?.to_u64(),
            exp => self.coef.shr10(exp.unsigned_abs()).ok()?.0.to_u64(),
        };
        let value = i64::try_from(coef?).ok()?;
        Some(if self.negative { -value } else { value })
    }

    /// The quiet NaN that an operation on a NaN gives.
    #[cold]
    pub fn quiet(&self, env: &mut Env) -> Result<Dec> {
        if self.is_signaling() {
            env.raise(flag::INVALID_OPERATION);
        }
        let mut nan = Dec { kind: Kind::Quiet, ..self.try_clone()? };
        nan.trim_payload(env)?;
        Ok(nan)
    }

    /// Cuts a payload to the digits that the context has for it.
    pub fn trim_payload(&mut self, env: &Env) -> Result<()> {
        let room = env.prec - i64::from(env.clamp);
        if self.coef.digits() > room {
            self.coef = self.coef.low_digits(room.unsigned_abs())?;
        }
        Ok(())
    }

    /// What an operation gives because one operand is a NaN.
    #[inline]
    pub fn nan_of(a: &Dec, b: &Dec, env: &mut Env) -> Option<Result<Dec>> {
        if !a.is_nan() && !b.is_nan() {
            return None;
        }
        Some(Dec::choose_nan(&[a, b]).quiet(env))
    }

    /// The first signaling NaN, else the first NaN.
    pub fn choose_nan<'a>(operands: &[&'a Dec]) -> &'a Dec {
        let signaling = operands.iter().find(|operand| operand.is_signaling());
        signaling.or_else(|| operands.iter().find(|operand| operand.is_nan())).unwrap_or(&operands[0])
    }

    /// Rounds to the context: precision, exponent range and clamping.
    #[inline]
    pub fn finish(self, env: &mut Env) -> Result<Dec> {
        if self.is_finite() {
            let digits = self.coef.digits();
            let adjusted = self.exp + digits - 1;
            if digits <= env.prec && adjusted >= env.emin && adjusted <= env.emax && !env.clamp && !self.coef.is_zero()
            {
                return Ok(self);
            }
        }
        self.finish_slow(env)
    }

    fn finish_slow(mut self, env: &mut Env) -> Result<Dec> {
        match self.kind {
            Kind::Infinite => return Ok(self),
            Kind::Quiet | Kind::Signaling => {
                self.trim_payload(env)?;
                return Ok(self);
            }
            Kind::Finite => {}
        }
        let (etiny, etop) = (env.etiny(), env.etop());
        if self.coef.is_zero() {
            let exp = self.exp.clamp(etiny, if env.clamp { etop } else { env.emax });
            if exp != self.exp {
                env.raise(flag::CLAMPED);
                self.exp = exp;
            }
            return Ok(self);
        }
        let mut least = self.exp + self.coef.digits() - env.prec;
        if least > etop {
            env.raise(flag::OVERFLOW | flag::INEXACT | flag::ROUNDED);
            return overflowed(self.negative, env);
        }
        let subnormal = self.adjusted() < env.emin;
        least = least.max(etiny);
        if self.exp < least {
            let (mut coef, tail) = self.coef.shr10((least - self.exp).unsigned_abs())?;
            let mut status = flag::ROUNDED;
            if tail != Tail::Zero {
                status |= flag::INEXACT;
                if subnormal {
                    status |= flag::UNDERFLOW;
                }
                if env.rounding.goes_up(self.negative, coef.last_digit(), tail) {
                    coef = coef.add(&Coef::ONE)?;
                    if coef.digits() > env.prec {
                        coef = coef.shr10(1)?.0;
                        least += 1;
                    }
                }
            }
            if subnormal {
                status |= flag::SUBNORMAL;
            }
            if least > etop {
                env.raise(flag::OVERFLOW | flag::INEXACT | flag::ROUNDED);
                return overflowed(self.negative, env);
            }
            if coef.is_zero() {
                status |= flag::CLAMPED;
            }
            env.raise(status);
            return Ok(Dec::finite(self.negative, coef, least));
        }
        if subnormal {
            env.raise(flag::SUBNORMAL);
        }
        if env.clamp && self.exp > etop {
            env.raise(flag::CLAMPED);
            self.coef = self.coef.shl10((self.exp - etop).unsigned_abs())?;
            self.exp = etop;
        }
        Ok(self)
    }

    /// The number with another exponent, rounded where digits go; tells what went.
    pub fn rescale(&self, exp: i64, rounding: Rounding) -> Result<(Dec, Tail)> {
        if self.coef.is_zero() {
            return Ok((Dec::finite(self.negative, Coef::ZERO, exp), Tail::Zero));
        }
        if exp <= self.exp {
            let coef = self.coef.shl10((self.exp - exp).unsigned_abs())?;
            return Ok((Dec::finite(self.negative, coef, exp), Tail::Zero));
        }
        let (mut coef, tail) = self.coef.shr10((exp - self.exp).unsigned_abs())?;
        if rounding.goes_up(self.negative, coef.last_digit(), tail) {
            coef = coef.add(&Coef::ONE)?;
        }
        Ok((Dec::finite(self.negative, coef, exp), tail))
    }
}

/// The result of an overflow: infinity, or the largest number when rounding does not go away from zero.
#[cold]
fn overflowed(negative: bool, env: &Env) -> Result<Dec> {
    let infinite = match env.rounding {
        Rounding::Up | Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven => true,
        Rounding::Down | Rounding::ZeroFiveUp => false,
        Rounding::Ceiling => !negative,
        Rounding::Floor => negative,
    };
    if infinite {
        return Ok(Dec::infinity(negative));
    }
    largest(negative, env)
}

/// The finite number of the largest magnitude.
pub fn largest(negative: bool, env: &Env) -> Result<Dec> {
    let coef = Coef::pow10(env.prec.unsigned_abs())?.sub(&Coef::ONE)?;
    Ok(Dec::finite(negative, coef, env.etop()))
}
