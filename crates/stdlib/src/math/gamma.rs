//! The gamma function and its logarithm by Lanczos' approximation.
//!
//! Lanczos, C. (1964). A Precision Approximation of the Gamma Function. SIAM Journal on Numerical Analysis 1; with 13 terms and
//! the parameter of the Boost library. The sum is a rational function; negative arguments go by the reflection formula.

use core::f64::consts::PI;

use super::Fault;
use super::libm::{self, fmod, log, pow};

const TERMS: usize = 13;
const G: f64 = 6.024_680_040_776_729_583_740_234_375;
const G_MINUS_HALF: f64 = 5.524_680_040_776_729_583_740_234_375;
const LOG_PI: f64 = 1.144_729_885_849_400_174_143_427_351_353_058_711_647;

/// Coefficients of the numerator, from the constant up.
const NUMERATOR: [f64; TERMS] = [
    23_531_376_880.410_759_688_572_007_674_451_636_754_734_846_804_940,
    42_919_803_642.649_098_768_957_899_047_001_988_850_926_355_848_959,
    35_711_959_237.355_668_049_440_185_451_547_166_705_960_488_635_843,
    17_921_034_426.037_209_699_919_755_754_458_931_112_671_403_265_390,
    6_039_542_586.352_028_005_064_291_644_307_297_921_069_938_842_070_8,
    1_439_720_407.311_721_673_663_223_072_794_912_393_971_548_578_677_2,
    248_874_557.862_054_156_511_460_386_413_229_423_216_321_251_278_01,
    31_426_415.585_400_194_380_614_231_628_318_205_362_874_684_987_640,
    2_876_370.628_935_372_441_225_409_051_620_849_613_599_114_537_876_8,
    186_056.265_395_223_495_040_294_989_716_045_699_282_207_842_363_28,
    8_071.672_002_365_816_210_638_002_902_272_250_613_821_851_632_502_4,
    210.824_277_751_579_345_872_509_733_920_713_362_711_669_695_802_91,
    2.506_628_274_631_000_270_164_908_177_133_837_338_626_431_079_340_8,
];

/// Those of `x (x+1) .. (x+11)`.
const DENOMINATOR: [f64; TERMS] = [
    0.0,
    39_916_800.0,
    120_543_840.0,
    150_917_976.0,
    105_258_076.0,
    45_995_730.0,
    13_339_535.0,
    2_637_558.0,
    357_423.0,
    32_670.0,
    1_925.0,
    66.0,
    1.0,
];

/// The largest integer whose gamma value is an exact float.
const LAST_EXACT: f64 = 23.0;

/// The rational function at a positive `x`; in powers of `1/x` where those of `x` could overflow.
fn lanczos_sum(x: f64) -> f64 {
    let (mut numerator, mut denominator) = (0.0, 0.0);
    if x < 5.0 {
        for term in (0..TERMS).rev() {
            numerator = numerator * x + NUMERATOR[term];
            denominator = denominator * x + DENOMINATOR[term];
        }
    } else {
        for term in 0..TERMS {
            numerator = numerator / x + NUMERATOR[term];
            denominator = denominator / x + DENOMINATOR[term];
        }
    }
    numerator / denominator
}

/// `sin(pi x)` of a finite `x`, exact in the argument.
fn sin_pi(x: f64) -> f64 {
    let y = fmod(x.abs(), 2.0);
    let value = match (2.0 * y).round() as i32 {
        0 => libm::sin(PI * y),
        1 => libm::cos(PI * (y - 0.5)),
        // Not `-sin(pi (y - 1))`, which has the wrong zero at 1.
        2 => libm::sin(PI * (1.0 - y)),
        3 => -libm::cos(PI * (y - 1.5)),
        _ => libm::sin(PI * (y - 2.0)),
    };
    1f64.copysign(x) * value
}

fn checked(value: f64) -> Result<f64, Fault> {
    if value.is_infinite() { Err(Fault::Range) } else { Ok(value) }
}

pub fn gamma(x: f64) -> Result<f64, Fault> {
    if !x.is_finite() {
        return if x.is_nan() || x > 0.0 { Ok(x) } else { Err(Fault::Domain) };
    }
    if x == 0.0 || (x < 0.0 && x == x.floor()) {
        return Err(Fault::Domain);
    }
    if x == x.floor() && x <= LAST_EXACT {
        return Ok((2..x as u64).fold(1.0, |product, factor| product * factor as f64));
    }
    let size = x.abs();
    if size < 1e-20 {
        return checked(1.0 / x);
    }
    if size > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(Fault::Range) };
    }
    let y = size + G_MINUS_HALF;
    // What the addition lost, as a correction of first order.
    let lost = if size > G_MINUS_HALF { (y - size) - G_MINUS_HALF } else { (y - G_MINUS_HALF) - size };
    let correction = lost * G / y;
    // The power may overflow where the product does not: then in two steps.
    let whole = size < 140.0;
    let power = if whole { pow(y, size - 0.5) } else { pow(y, size / 2.0 - 0.25) };
    if x < 0.0 {
        let mut r = -PI / sin_pi(size) / size * libm::exp(y) / lanczos_sum(size);
        r -= correction * r;
        r /= power;
        checked(if whole { r } else { r / power })
    } else {
        let mut r = lanczos_sum(size) / libm::exp(y);
        r += correction * r;
        r *= power;
        checked(if whole { r } else { r * power })
    }
}

/// The logarithm of `|gamma(x)|`.
pub fn log_gamma(x: f64) -> Result<f64, Fault> {
    if !x.is_finite() {
        return Ok(if x.is_nan() { x } else { f64::INFINITY });
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { Err(Fault::Domain) } else { Ok(0.0) };
    }
    let size = x.abs();
    if size < 1e-20 {
        return Ok(-log(size));
    }
    let mut r = log(lanczos_sum(size)) - G;
    r += (size - 0.5) * (log(size + G - 0.5) - 1.0);
    if x < 0.0 {
        r = LOG_PI - log(sin_pi(size).abs()) - log(size) - r;
    }
    checked(r)
}
