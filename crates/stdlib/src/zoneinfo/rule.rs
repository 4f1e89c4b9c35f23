//! The rule at the end of a TZif file: a `TZ` string of POSIX, which says what applies after the last transition. Nothing here
//! knows objects.
//!
//! `std offset [dst [offset] , start [/time] , end [/time]]`, with the extensions of RFC 8536: hours of a time of day go from
//! -167 to 167.

use crate::datetime::calendar::{Ymd, days_in_month, is_leap};

/// The ordinal of the first of January 1970.
const EPOCH: i32 = 719_163;

/// A day of each year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `Mm.w.d`: the `w`-th day `d` (0 for Sunday) of a month, or the last one for 5.
    Weekday { month: i32, week: i32, day: i32 },
    /// `Jn`: 1 to 365. POSIX leaves the 29th of February without a number; CPython leaves out the 28th of leap years.
    Julian(i32),
    /// `n`: 0 to 365. POSIX counts from 0, CPython from 1, so that 0 is the last day of the year before.
    OfYear(i32),
}

/// A moment of each year in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    day: Day,
    /// Seconds from its midnight.
    time: i64,
}

impl Moment {
    /// Seconds from 1970 in local time.
    pub fn in_year(self, year: i32) -> i64 {
        let new_year = Ymd::new(year, 1, 1).ordinal();
        let ordinal = match self.day {
            Day::Weekday { month, week, day } => {
                let first = Ymd::new(year, month, 1);
                // Weekdays of POSIX begin with Sunday, those of the calendar with Monday.
                let mut date = (day - (first.weekday() + 1)).rem_euclid(7) + (week - 1) * 7;
                if date >= days_in_month(year, month) {
                    date -= 7;
                }
                first.ordinal() + date
            }
            Day::Julian(day) => new_year + day - 1 + i32::from(day >= 59 && is_leap(year)),
            Day::OfYear(day) => new_year + day - 1,
        };
        i64::from(ordinal - EPOCH) * 86_400 + self.time
    }
}

/// A name and an offset from UTC in seconds, east being positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone<'a> {
    pub name: &'a [u8],
    pub offset: i64,
}

/// A whole rule: without daylight-saving time there are no moments.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    pub standard: Zone<'a>,
    pub daylight: Option<(Zone<'a>, Moment, Moment)>,
}

struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn skip_if(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, fits: impl Fn(&u8) -> bool) -> &'a [u8] {
        let count = self.0.iter().take_while(|byte| fits(byte)).count();
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    /// Letters, or what stands in angle brackets.
    fn name(&mut self) -> Option<&'a [u8]> {
        let name = if self.skip_if(b'<') {
            let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'));
            if !self.skip_if(b'>') {
                return None;
            }
            name
        } else {
            self.take_while(u8::is_ascii_alphabetic)
        };
        if name.is_empty() { None } else { Some(name) }
    }

    /// A number of `least` to `most` digits; further digits are left.
    fn number(&mut self, least: usize, most: usize) -> Option<i32> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
    }

    fn ranged(&mut self, most: usize, range: core::ops::RangeInclusive<i32>) -> Option<i32> {
        self.number(1, most).filter(|number| range.contains(number))
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self, most_hours: i32) -> Option<i64> {
        let negative = self.skip_if(b'-');
        if !negative {
            self.skip_if(b'+');
        }
        let mut seconds = self.ranged(3, 0..=most_hours)? * 3600;
        for unit in [60, 1] {
            if !self.skip_if(b':') {
                break;
            }
            seconds += self.number(2, 2)? * unit;
        }
        Some(i64::from(if negative { -seconds } else { seconds }))
    }

    /// An offset, which POSIX counts to the west.
    fn offset(&mut self) -> Option<i64> {
        self.time(24).map(|west| -west)
    }

    fn moment(&mut self) -> Option<Moment> {
        let day = if self.skip_if(b'M') {
            let month = self.ranged(2, 1..=12)?;
            let week = if self.skip_if(b'.') { self.ranged(1, 1..=5)? } else { return None };
            let day = if self.skip_if(b'.') { self.ranged(1, 0..=6)? } else { return None };
            Day::Weekday { month, week, day }
        } else if self.skip_if(b'J') {
            Day::Julian(self.ranged(3, 1..=365)?)
        } else {
            Day::OfYear(self.ranged(3, 0..=365)?)
        };
        let time = if self.skip_if(b'/') { self.time(167)? } else { 7200 };
        Some(Moment { day, time })
    }
}

/// Reads a rule. The error is the message, before the text itself.
pub fn parse(text: &[u8]) -> Result<Rule<'_>, &'static str> {
    let mut scanner = Scanner(text);
    let name = scanner.name().ok_or("Invalid STD format in")?;
    let offset = scanner.offset().ok_or("Invalid STD offset in")?;
    let standard = Zone { name, offset };
    if scanner.0.is_empty() {
        return Ok(Rule { standard, daylight: None });
    }
    let name = scanner.name().ok_or("Invalid DST format in")?;
    let offset = if scanner.0.first() == Some(&b',') {
        standard.offset + 3600
    } else {
        scanner.offset().ok_or("Invalid DST offset in")?
    };
    let mut moment = || {
        if !scanner.skip_if(b',') {
            return Err("Missing transition rules in TZ string:");
        }
        scanner.moment().ok_or("Malformed transition rule in TZ string:")
    };
    let (start, end) = (moment()?, moment()?);
    if !scanner.0.is_empty() {
        return Err("Extraneous characters at end of TZ string:");
    }
    Ok(Rule { standard, daylight: Some((Zone { name, offset }, start, end)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn central_europe() {
        let Ok(rule) = parse(b"CET-1CEST,M3.5.0,M10.5.0/3") else { panic!("a rule") };
        assert_eq!(rule.standard, Zone { name: b"CET", offset: 3600 });
        let Some((summer, start, end)) = rule.daylight else { panic!("summer time") };
        assert_eq!(summer, Zone { name: b"CEST", offset: 7200 });
        // The 31st of March 2024 at 2, the 27th of October at 3.
        assert_eq!(start.in_year(2024), 1_711_850_400);
        assert_eq!(end.in_year(2024), 1_729_998_000);
    }

    #[test]
    fn days_of_the_year() {
        let moment = |text: &[u8]| Scanner(text).moment().map(|moment| moment.in_year(2024));
        // The first of March in either form: the year is a leap year.
        assert_eq!(moment(b"J60/0"), moment(b"61/0"));
        assert_eq!(moment(b"J59/0"), moment(b"60/0"));
        assert_eq!(moment(b"1/-167:59:59"), Some(1_704_067_200 - 167 * 3600 - 59 * 60 - 59));
        assert_eq!(moment(b"J0"), None);
    }

    #[test]
    fn mistakes() {
        assert_eq!(parse(b"AAA"), Err("Invalid STD offset in"));
        assert_eq!(parse(b"<>5"), Err("Invalid STD format in"));
        assert_eq!(parse(b"AAA25"), Err("Invalid STD offset in"));
        assert_eq!(parse(b"PST8PDT"), Err("Invalid DST offset in"));
        assert_eq!(parse(b"AAA4BBB,J60/2"), Err("Missing transition rules in TZ string:"));
        assert_eq!(parse(b"AAA4BBB,J60/168,J1"), Err("Malformed transition rule in TZ string:"));
        assert_eq!(parse(b"AAA4BBB,1,2x"), Err("Extraneous characters at end of TZ string:"));
    }
}
