//! What a file says of a zone: its transitions, and what applies between them and after the last one.
//!
//! **Invariant:** there is a kind for each transition, and one before the first where there are any; both lists of local times
//! are as long as that of UTC.

use taipan_runtime::prelude::*;

use super::rule::{self, Moment};
use crate::datetime::delta;
use crate::support::Slot;

/// What applies for a time: `_ttinfo`.
#[derive(Clone)]
pub struct Kind {
    /// The offset from UTC.
    seconds: i64,
    pub utcoff: Ref<Object>,
    pub dstoff: Ref<Object>,
    pub tzname: Ref<Object>,
}

impl Kind {
    fn new(seconds: i64, daylight: i64, tzname: Ref<Object>) -> PyResult<Kind> {
        Ok(Kind { seconds, utcoff: timedelta(seconds)?, dstoff: timedelta(daylight)?, tzname })
    }

    fn same(&self, other: &Kind) -> PyResult<bool> {
        Ok(self.utcoff.equals(other.utcoff.borrow())?
            && self.dstoff.equals(other.dstoff.borrow())?
            && self.tzname.equals(other.tzname.borrow())?)
    }
}

/// Durations by seconds: all zones together have some hundreds.
static DURATIONS: Slot = Slot::new();

fn timedelta(seconds: i64) -> PyResult<Ref<Object>> {
    // SAFETY: a dict is put there alone.
    let known = match unsafe { DURATIONS.get_as::<Dict>() } {
        Some(known) => known,
        None => {
            let new = Dict::new()?;
            DURATIONS.set(Some(new.as_object().clone()));
            new
        }
    };
    let key = Int::from_i64(seconds)?;
    if let Some(delta) = known.get(key.as_borrowed())? {
        return Ok(delta);
    }
    let delta = delta::from_micros(i128::from(seconds) * 1_000_000)?.into_object();
    known.set_item(key.as_borrowed(), delta.borrow())?;
    Ok(delta)
}

/// What applies after the last transition.
struct After {
    standard: Kind,
    daylight: Option<(Kind, Moment, Moment)>,
}

impl After {
    /// At a local time; the later one of two for a fold of 1.
    fn at_local(&self, time: i64, fold: u8, year: i32) -> &Kind {
        let Some((daylight, start, end)) = &self.daylight else { return &self.standard };
        let (mut start, mut end) = (start.in_year(year), end.in_year(year));
        // Of the hours that do not exist or exist twice, the fold says which side they belong to; that turns round where
        // daylight-saving time is behind.
        let difference = daylight.seconds - self.standard.seconds;
        if (fold == 1) == (difference >= 0) {
            end -= difference;
        } else {
            start += difference;
        }
        self.between(time, start, end)
    }

    /// At a time of UTC, and whether its local time was there once already.
    fn at_utc(&self, time: i64, year: i32) -> (&Kind, bool) {
        let Some((daylight, start, end)) = &self.daylight else { return (&self.standard, false) };
        let start = start.in_year(year) - self.standard.seconds;
        let end = end.in_year(year) - daylight.seconds;
        let difference = daylight.seconds - self.standard.seconds;
        let twice = if difference > 0 { end..end + difference } else { start..start - difference };
        (self.between(time, start, end), twice.contains(&time))
    }

    fn between(&self, time: i64, start: i64, end: i64) -> &Kind {
        let is_daylight = if start < end { (start..end).contains(&time) } else { time < end || time >= start };
        match &self.daylight {
            Some((daylight, ..)) if is_daylight => daylight,
            _ => &self.standard,
        }
    }
}

pub struct Table {
    /// Transitions in seconds from 1970, ascending.
    utc: Vec<i64>,
    /// The same in local time, for both folds.
    local: [Vec<i64>; 2],
    /// Which kind applies from each transition on.
    indices: Vec<usize>,
    kinds: Vec<Kind>,
    /// The kind before the first transition.
    before: usize,
    after: After,
    /// The one kind, if there is but one.
    fixed: bool,
}

impl Table {
    fn kind_before(&self, transition: usize) -> &Kind {
        &self.kinds[if transition == 0 { self.before } else { self.indices[transition - 1] }]
    }

    /// What applies at no particular time, if that can be said.
    pub fn at_any(&self) -> Option<&Kind> {
        self.fixed.then_some(&self.after.standard)
    }

    pub fn at_local(&self, time: i64, fold: u8, year: i32) -> &Kind {
        let local = &self.local[usize::from(fold == 1)];
        match local.last() {
            Some(&last) if time <= last => self.kind_before(local.partition_point(|&transition| transition <= time)),
            _ => self.after.at_local(time, fold, year),
        }
    }

    /// At a time of UTC, and whether its local time was there once already.
    pub fn at_utc(&self, time: i64, year: i32) -> (&Kind, bool) {
        let count = self.utc.partition_point(|&transition| transition <= time);
        if count == 0 && !self.utc.is_empty() {
            return (self.kind_before(0), false);
        }
        let beyond = self.utc.last().is_none_or(|&last| time > last);
        let (kind, mut fold) = if beyond { self.after.at_utc(time, year) } else { (self.kind_before(count), false) };
        // Just behind a transition it is not the rule that says so, but what applied before.
        if let Some(last) = count.checked_sub(1) {
            let shift = self.kind_before(last).seconds - kind.seconds;
            fold |= i128::from(time) - i128::from(self.utc[last]) < i128::from(shift);
        }
        (kind, fold)
    }

    /// From what `zoneinfo._common.load_data` gives.
    pub fn new(data: &Ref<Object>) -> PyResult<Table> {
        let Some(data) = data.downcast_exact::<Tuple>().filter(|data| data.len() == 6) else {
            return Err(raise!(TypeError, "Invalid data result type: {}", data.to_repr_text()));
        };
        let utc = integers(data.get(1))?;
        let offsets = integers(data.get(2))?;
        let mut indices: Vec<usize> = vec_with_capacity(utc.len())?;
        for index in integers(data.get(0))? {
            match usize::try_from(index) {
                Ok(place) if place < offsets.len() => indices.push(place),
                _ => {
                    return Err(raise!(ValueError, "Invalid transition index found while reading TZif: {index}"));
                }
            }
        }
        let flags = integers(data.get(3))?;
        let names = tuple(data.get(4))?;
        if indices.len() != utc.len() || flags.len() != offsets.len() || names.len() != offsets.len() {
            return Err(raise!(ValueError, "the parts of time zone data differ in their lengths"));
        }
        let daylight = daylight_offsets(&indices, &offsets, &flags)?;
        let mut kinds: Vec<Kind> = vec_with_capacity(offsets.len())?;
        for ((&offset, &daylight), name) in offsets.iter().zip(&daylight).zip(names.iter()) {
            kinds.push(Kind::new(offset, daylight, name.to_owned())?);
        }
        let text = data.get(5);
        let after = if text.is_true()? {
            after_rule(text)?
        } else {
            let last = indices.last().copied().or(kinds.len().checked_sub(1));
            match last.and_then(|last| kinds.get(last)) {
                Some(kind) => After { standard: kind.clone(), daylight: None },
                None => return Err(raise!(ValueError, "No time zone information found.")),
            }
        };
        let fixed = match kinds.as_slice() {
            _ if after.daylight.is_some() => false,
            [] => true,
            [only] => only.same(&after.standard)?,
            _ => false,
        };
        let before = flags.iter().position(|&daylight| daylight == 0).unwrap_or(0);
        Ok(Table { local: local_times(&utc, &indices, &offsets)?, utc, indices, kinds, before, after, fixed })
    }
}

fn tuple(object: Borrowed<'_, Object>) -> PyResult<Borrowed<'_, Tuple>> {
    match object.downcast_borrowed::<Tuple>() {
        Some(tuple) => Ok(tuple),
        None => Err(raise!(TypeError, "time zone data should be a tuple, not {}", object.type_name())),
    }
}

fn integers(object: Borrowed<'_, Object>) -> PyResult<Vec<i64>> {
    let tuple = tuple(object)?;
    let mut numbers: Vec<i64> = vec_with_capacity(tuple.len())?;
    for item in tuple.iter() {
        match item.index()?.to_i64() {
            Some(number) => numbers.push(number),
            None => return Err(raise!(OverflowError, "Python int too large to convert to C long")),
        }
    }
    Ok(numbers)
}

fn after_rule(text: Borrowed<'_, Object>) -> PyResult<After> {
    let Some(bytes) = text.downcast::<Bytes>() else {
        return Err(raise!(TypeError, "expected bytes, {} found", text.type_name()));
    };
    let rule = match rule::parse(bytes.as_slice()) {
        Ok(rule) => rule,
        Err(message) => return Err(raise!(ValueError, "{message} {}", text.to_repr_text())),
    };
    // Names are ASCII.
    let name = |zone: rule::Zone<'_>| Ok(Str::from_ucs1(zone.name)?.into_object());
    let standard = Kind::new(rule.standard.offset, 0, name(rule.standard)?)?;
    let daylight = match rule.daylight {
        None => None,
        Some((zone, start, end)) => {
            let kind = Kind::new(zone.offset, zone.offset - rule.standard.offset, name(zone)?)?;
            Some((kind, start, end))
        }
    };
    Ok(After { standard, daylight })
}

/// How much each kind of daylight-saving time is ahead of its standard time, which a file does not say: the offset of the
/// standard time that comes before or, where that tells nothing, behind it. One hour is the guess when both fail, because `dst`
/// of such a time has to be true.
fn daylight_offsets(indices: &[usize], offsets: &[i64], flags: &[i64]) -> PyResult<Vec<i64>> {
    let mut found: Vec<i64> = vec_with_capacity(offsets.len())?;
    found.resize(offsets.len(), 0);
    for place in 1..indices.len() {
        let kind = indices[place];
        if flags[kind] == 0 || found[kind] != 0 {
            continue;
        }
        let ahead_of = |other: usize| if flags[other] == 0 { offsets[kind] - offsets[other] } else { 0 };
        found[kind] = match ahead_of(indices[place - 1]) {
            0 if kind + 1 < offsets.len() => indices.get(place + 1).map_or(0, |&next| ahead_of(next)),
            ahead => ahead,
        };
    }
    for (found, &daylight) in found.iter_mut().zip(flags) {
        if daylight != 0 && *found == 0 {
            *found = 3600;
        }
    }
    Ok(found)
}

/// The transitions in local time. Around each there are two local times: the later one ends the hour that exists twice, or the
/// one that does not exist, for a fold of 0, and the earlier one for a fold of 1.
fn local_times(utc: &[i64], indices: &[usize], offsets: &[i64]) -> PyResult<[Vec<i64>; 2]> {
    let mut local: [Vec<i64>; 2] = [vec_with_capacity(utc.len())?, vec_with_capacity(utc.len())?];
    let mut before = 0;
    for (&time, &kind) in utc.iter().zip(indices) {
        let (a, b) = (offsets[before], offsets[kind]);
        local[0].push(time.saturating_add(a.max(b)));
        local[1].push(time.saturating_add(a.min(b)));
        before = kind;
    }
    Ok(local)
}
