//! Ends of a stretch of time, as people write them.

use crate::time::{self, Millis, Zone};

/// A stretch of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First.
    pub since: Millis,
    /// Last.
    pub until: Millis,
}

impl TimeRange {
    /// All times.
    pub const ALL: Self = Self { since: Millis(i64::MIN), until: Millis(i64::MAX) };

    /// Whether a time lies in it.
    /// Whether it holds a part of a minute since 1970.
    #[must_use]
    pub fn holds_minute(&self, minute: i64) -> bool {
        minute * 60_000 <= self.until.0 && self.since.0 < (minute + 1) * 60_000
    }

    /// Whether a time passes.
    #[must_use]
    pub fn holds(self, time: Millis) -> bool {
        self.since <= time && time <= self.until
    }
}

/// What a time is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeBase {
    /// 1970.
    Epoch,
    /// The first event.
    Start,
    /// The last event.
    End,
}

/// A time as the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As given, and the zone it was read in where it names none.
    pub given: String,
    pub(super) base: TimeBase,
    pub(super) millis: i64,
}

/// Which end of the day, minute or second that a text names is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first millisecond (`--since`).
    First,
    /// Its last millisecond (`--until`).
    Last,
}

impl Bound {
    /// Reads `2026-03-01`, `2026-03-01T12:00`, RFC 3339, `2h ago`, `now`, `end-1h`, `start+1h30m`. A time without a zone is
    /// read in `zone`; `now` is the time of the run.
    ///
    /// # Errors
    /// A message for the user.
    pub fn parse(text: &str, edge: Edge, zone: Zone, now: Millis) -> Result<Self, String> {
        let given = text.trim();
        let bound = |base, millis| Ok(Self { given: given.to_owned(), base, millis });
        if let Some(length) = given.strip_suffix("ago").map(str::trim_end).and_then(length) {
            return bound(TimeBase::Epoch, now.0.saturating_sub(length));
        }
        for (word, base, zero) in
            [("now", TimeBase::Epoch, now.0), ("end", TimeBase::End, 0), ("start", TimeBase::Start, 0)]
        {
            let Some(rest) = given.strip_prefix(word) else { continue };
            let rest = rest.trim_start();
            let offset = match rest.as_bytes().first() {
                None => Some(0),
                Some(b'-') => length(rest[1..].trim_start()).map(|length| -length),
                Some(b'+') => length(rest[1..].trim_start()),
                Some(_) => None,
            };
            if let Some(offset) = offset {
                return bound(base, zero.saturating_add(offset));
            }
        }
        match named(given, zone) {
            Some((time, zone_assumed, width)) => {
                let given = if zone_assumed { format!("{given} in {zone}") } else { given.to_owned() };
                let millis = if edge == Edge::Last { time.0.saturating_add(width - 1) } else { time.0 };
                Ok(Self { given, base: TimeBase::Epoch, millis })
            }
            None => Err(format!(
                "`{text}` is no time: give 2026-03-01, 2026-03-01T12:00, 2026-03-01T12:00:00Z, 2h ago, end-1h or start+1h"
            )),
        }
    }

    /// The time, in a log from `start` to `end`.
    #[must_use]
    pub fn at(&self, start: Option<Millis>, end: Option<Millis>) -> Option<Millis> {
        let base = match self.base {
            TimeBase::Epoch => Some(Millis(0)),
            TimeBase::Start => start,
            TimeBase::End => end,
        };
        base.map(|base| Millis(base.0.saturating_add(self.millis)))
    }
}

/// A written time, whether the zone was assumed, and how many milliseconds the text names: a day, a minute, a second.
fn named(text: &str, zone: Zone) -> Option<(Millis, bool, i64)> {
    const WIDTHS: [(usize, &str, i64); 2] = [(10, "T00:00:00", 86_400_000), (16, ":00", 60_000)];
    // Short forms are completed; a zone may stand behind the minute.
    for (length, rest, width) in WIDTHS {
        let Some((head, zone_text)) = text.split_at_checked(length) else { continue };
        let completed = format!("{head}{rest}{zone_text}");
        let shape = zone_text.is_empty() || (length == 16 && zone_text.starts_with(['Z', 'z', '+', '-']));
        if let Some(stamp) = time::parse(completed.as_bytes(), zone).filter(|_| shape) {
            let end = if width == 86_400_000 { next_day(head, zone)? } else { Millis(stamp.time.0 + width) };
            return Some((stamp.time, stamp.zone_assumed, end.0 - stamp.time.0));
        }
    }
    let stamp = time::parse(text.as_bytes(), zone)?;
    // A fraction names the millisecond, a time without one the whole second.
    let width = if text.get(19..).is_some_and(|rest| rest.starts_with(['.', ','])) { 1 } else { 1000 };
    Some((stamp.time, stamp.zone_assumed, width))
}

/// Midnight after a date: days have 23 or 25 hours where clocks are changed.
fn next_day(date: &str, zone: Zone) -> Option<Millis> {
    let date: chrono::NaiveDate = date.parse().ok()?;
    let next = format!("{}T00:00:00", date.succ_opt()?);
    time::parse(next.as_bytes(), zone).map(|stamp| stamp.time)
}

/// `1h30m`, `90 s`, `2 d`: in milliseconds.
fn length(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum: i64 = 0;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let tail = tail.trim_start();
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let millis = match unit {
            "w" | "week" | "weeks" => number.parse::<i64>().ok()?.checked_mul(7 * 86_400_000)?,
            "day" | "days" => time::duration(format!("{number}d").as_bytes())?,
            "hour" | "hours" => time::duration(format!("{number}h").as_bytes())?,
            "min" | "mins" | "minute" | "minutes" => time::duration(format!("{number}m").as_bytes())?,
            "sec" | "secs" | "second" | "seconds" => time::duration(format!("{number}s").as_bytes())?,
            _ => time::duration(format!("{number}{unit}").as_bytes())?,
        };
        sum = sum.checked_add(millis)?;
        rest = tail.trim_start();
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_772_400_000_000);

    fn at(text: &str, edge: Edge) -> String {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let bound = Bound::parse(text, edge, berlin, NOW).unwrap();
        bound.at(Some(Millis(1000)), Some(Millis(7_200_000))).unwrap().rfc3339()
    }

    #[test]
    fn times_of_every_form() {
        for (text, first, last) in [
            ("2026-03-01", "2026-02-28T23:00:00.000Z", "2026-03-01T22:59:59.999Z"),
            // The day on which clocks are set forward has 23 hours.
            ("2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),
            ("2026-03-01T12:30", "2026-03-01T11:30:00.000Z", "2026-03-01T11:30:59.999Z"),
            ("2026-03-01 12:30Z", "2026-03-01T12:30:00.000Z", "2026-03-01T12:30:59.999Z"),
            ("2026-03-01T12:30:01Z", "2026-03-01T12:30:01.000Z", "2026-03-01T12:30:01.999Z"),
            ("2026-03-01T12:30:01.5+01:00", "2026-03-01T11:30:01.500Z", "2026-03-01T11:30:01.500Z"),
            ("start+1h30m", "1970-01-01T01:30:01.000Z", "1970-01-01T01:30:01.000Z"),
            ("end-1h", "1970-01-01T01:00:00.000Z", "1970-01-01T01:00:00.000Z"),
            ("end", "1970-01-01T02:00:00.000Z", "1970-01-01T02:00:00.000Z"),
        ] {
            assert_eq!(at(text, Edge::First), first, "{text}");
            assert_eq!(at(text, Edge::Last), last, "{text}");
        }
        let ago = |text: &str| Bound::parse(text, Edge::First, Zone::UTC, NOW).unwrap().at(None, None).unwrap().0;
        assert_eq!(ago("2h ago"), NOW.0 - 7_200_000);
        assert_eq!(ago("2 hours ago"), NOW.0 - 7_200_000);
        assert_eq!(ago("1w ago"), NOW.0 - 604_800_000);
        assert_eq!(ago("now-30m"), NOW.0 - 1_800_000);
        assert_eq!(Bound::parse("end", Edge::First, Zone::UTC, NOW).unwrap().at(None, None), None);
    }

    #[test]
    fn what_is_no_time() {
        for text in
            ["", "yesterday", "2026-13-01", "ago", "h ago", "end-", "end-1x", "endless", "2026-03-01+01", "12:00"]
        {
            assert!(Bound::parse(text, Edge::First, Zone::UTC, NOW).is_err(), "{text}");
        }
    }
}
