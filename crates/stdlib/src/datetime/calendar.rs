//! The proleptic Gregorian calendar: days are counted from 1, the first of January of the year 1. Nothing here knows objects.

pub const MIN_YEAR: i32 = 1;
pub const MAX_YEAR: i32 = 9999;
/// The last day of the year 9999.
pub const MAX_ORDINAL: i32 = 3_652_059;

/// A day of the calendar, not necessarily one that exists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ymd {
    pub year: i32,
    pub month: i32,
    pub day: i32,
}

/// A time of day, not necessarily one that exists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Clock {
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub micros: i32,
}

impl Clock {
    /// Seconds since midnight.
    pub fn seconds(self) -> i32 {
        self.hour * 3600 + self.minute * 60 + self.second
    }
}

const DAYS_BEFORE_MONTH: [i32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month, 1 to 12, has.
pub fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub fn days_before_month(year: i32, month: i32) -> i32 {
    DAYS_BEFORE_MONTH[month.clamp(0, 12) as usize] + i32::from(month > 2 && is_leap(year))
}

/// Days before the first of January; the year is at least 1.
fn days_before_year(year: i32) -> i32 {
    let y = year - 1;
    y * 365 + y / 4 - y / 100 + y / 400
}

impl Ymd {
    pub fn new(year: i32, month: i32, day: i32) -> Ymd {
        Ymd { year, month, day }
    }

    pub fn ordinal(self) -> i32 {
        days_before_year(self.year) + days_before_month(self.year, self.month) + self.day
    }

    /// The day with an ordinal of at least 1.
    pub fn from_ordinal(ordinal: i32) -> Ymd {
        // Cycles of 400, 100, 4 years and one; the last day of a cycle must not start the next one.
        let n = ordinal - 1;
        let (n400, n) = (n / 146_097, n % 146_097);
        let (n100, n) = (n / 36_524, n % 36_524);
        let (n4, n) = (n / 1461, n % 1461);
        let (n1, n) = (n / 365, n % 365);
        let year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1;
        if n1 == 4 || n100 == 4 {
            return Ymd::new(year - 1, 12, 31);
        }
        let mut month = (n + 50) >> 5;
        if days_before_month(year, month) > n {
            month -= 1;
        }
        Ymd::new(year, month, n - days_before_month(year, month) + 1)
    }

    /// 0 for Monday.
    pub fn weekday(self) -> i32 {
        (self.ordinal() + 6) % 7
    }

    /// The ISO year, week and weekday (1 for Monday).
    pub fn iso(self) -> (i32, i32, i32) {
        let today = self.ordinal();
        let mut year = self.year;
        let days = today - iso_first_monday(year);
        let mut week = days.div_euclid(7);
        let weekday = days.rem_euclid(7);
        if week < 0 {
            year -= 1;
            week = (today - iso_first_monday(year)).div_euclid(7);
        } else if week >= 52 && today >= iso_first_monday(year + 1) {
            year += 1;
            week = 0;
        }
        (year, week + 1, weekday + 1)
    }

    /// Moves by `days`; `None` where that leaves the calendar.
    pub fn plus_days(self, days: i32) -> Option<Ymd> {
        let day = i64::from(self.day) + i64::from(days);
        if (1..=i64::from(days_in_month(self.year, self.month))).contains(&day) {
            return Some(Ymd { day: day as i32, ..self });
        }
        let ordinal = i64::from(Ymd { day: 1, ..self }.ordinal()) + day - 1;
        if (1..=i64::from(MAX_ORDINAL)).contains(&ordinal) { Some(Ymd::from_ordinal(ordinal as i32)) } else { None }
    }
}

/// The ordinal of the Monday that starts the first ISO week of a year.
fn iso_first_monday(year: i32) -> i32 {
    let first_day = days_before_year(year) + 1;
    let first_weekday = (first_day + 6) % 7;
    let monday = first_day - first_weekday;
    // The first week is the one with the first Thursday.
    if first_weekday > 3 { monday + 7 } else { monday }
}

/// What an ISO date can be wrong in.
pub enum IsoError {
    Year,
    Week,
    Weekday,
}

/// The day of an ISO year, week and weekday.
pub fn from_iso(year: i32, week: i32, weekday: i32) -> Result<Ymd, IsoError> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(IsoError::Year);
    }
    if !(1..=52).contains(&week) {
        // Years have 53 weeks that start on a Thursday, and leap years that start on a Wednesday.
        let first = Ymd::new(year, 1, 1).weekday();
        if week != 53 || !(first == 3 || first == 2 && is_leap(year)) {
            return Err(IsoError::Week);
        }
    }
    if !(1..=7).contains(&weekday) {
        return Err(IsoError::Weekday);
    }
    let ordinal = iso_first_monday(year) + (week - 1) * 7 + weekday - 1;
    // The first week of year 1 begins with it; the last week of 9999 may end after it.
    if ordinal > MAX_ORDINAL {
        return Ok(Ymd::new(MAX_YEAR + 1, 1, ordinal - MAX_ORDINAL));
    }
    Ok(Ymd::from_ordinal(ordinal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_go_both_ways() {
        let mut day = Ymd::new(1, 1, 1);
        for ordinal in 1..=MAX_ORDINAL {
            assert_eq!(day.ordinal(), ordinal);
            assert_eq!(Ymd::from_ordinal(ordinal), day);
            match day.plus_days(1) {
                Some(next) => day = next,
                None => assert_eq!(ordinal, MAX_ORDINAL),
            }
        }
    }

    #[test]
    fn iso_dates_go_both_ways() {
        for ordinal in (1..MAX_ORDINAL - 7).step_by(13) {
            let day = Ymd::from_ordinal(ordinal);
            let (year, week, weekday) = day.iso();
            assert_eq!(from_iso(year, week, weekday).ok(), Some(day));
        }
    }
}
