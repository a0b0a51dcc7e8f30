//! Times on the clocks of the zone that was asked for, without what all of them share.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, Utc};

use crate::model::text::utc;
use crate::time::{Millis, Zone};

/// Shows times without what all of them share: the year, or the day. The head of the document says which, and in which zone.
#[derive(Debug, Clone, Copy)]
pub struct DisplayClock {
    zone: Zone,
    year: Option<i32>,
    day: Option<NaiveDate>,
}

/// An instant, where the calendar has it.
#[must_use]
pub fn instant(time: Millis) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(time.0)
}

/// A time of a report.
#[must_use]
pub fn parse(time: &str) -> Option<Millis> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| Millis(time.timestamp_millis()))
}

const WHOLE: &str = "%Y-%m-%d %H:%M:%S";

impl DisplayClock {
    /// A clock for times of a period.
    #[must_use]
    pub fn new(zone: Zone, period: Option<(Millis, Millis)>) -> Self {
        let local = |time| instant(time).map(|time| zone.local(time));
        match period.map(|(first, last)| (local(first), local(last))) {
            Some((Some(first), Some(last))) => Self {
                zone,
                year: (first.year() == last.year()).then(|| first.year()),
                day: (first.date_naive() == last.date_naive()).then(|| first.date_naive()),
            },
            _ => Self { zone, year: None, day: None },
        }
    }

    /// On the clocks of the zone.
    #[must_use]
    pub fn local(&self, time: Millis) -> Option<DateTime<FixedOffset>> {
        instant(time).map(|time| self.zone.local(time))
    }

    /// A time without what all share.
    #[must_use]
    pub fn show(&self, time: Millis) -> String {
        let Some(local) = self.local(time) else { return utc(time) };
        let form = if self.day == Some(local.date_naive()) {
            "%H:%M:%S"
        } else if self.year == Some(local.year()) {
            "%m-%d %H:%M:%S"
        } else {
            WHOLE
        };
        local.format(form).to_string()
    }

    /// A time as sentences tell it: whole, and with its zone.
    #[must_use]
    pub fn sentence(&self, time: Millis) -> String {
        match self.local(time) {
            Some(local) if self.zone != Zone::UTC => local.format("%Y-%m-%d %H:%M:%S %:z").to_string(),
            _ => utc(time),
        }
    }

    /// Two times, the second without what it shares with the first.
    #[must_use]
    pub fn period(&self, from: Millis, to: Millis, dash: &str) -> String {
        if from == to {
            return self.show(from);
        }
        let end = match (self.local(from), self.local(to)) {
            (Some(start), Some(end)) if start.date_naive() == end.date_naive() => end.format("%H:%M:%S").to_string(),
            _ => self.show(to),
        };
        format!("{}{dash}{end}", self.show(from))
    }

    /// Two times with their dates, the zone, and how far they are apart.
    #[must_use]
    pub fn whole(&self, from: Millis, to: Millis, dash: &str) -> String {
        let whole = |time| self.local(time).map_or_else(|| utc(time), |local| local.format(WHOLE).to_string());
        let end = match (self.local(from), self.local(to)) {
            (Some(start), Some(end)) if start.date_naive() == end.date_naive() => end.format("%H:%M:%S").to_string(),
            _ => whole(to),
        };
        let seconds = u64::try_from(to.0.saturating_sub(from.0) / 1000).unwrap_or(0);
        format!("{}{dash}{end} {} ({})", whole(from), self.zone, crate::words::seconds(seconds))
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Millis {
        parse(time).unwrap()
    }

    #[test]
    fn sentences_are_told_in_the_zone() {
        let berlin = DisplayClock::new(Zone::parse("Europe/Berlin").unwrap(), None);
        assert_eq!(berlin.sentence(at("2026-03-01T23:53:19Z")), "2026-03-02 00:53:19 +01:00");
        assert_eq!(berlin.sentence(at("2026-07-01T12:00:00.123Z")), "2026-07-01 14:00:00 +02:00");
        assert_eq!(DisplayClock::new(Zone::UTC, None).sentence(at("2026-07-01T12:00:00Z")), "2026-07-01 12:00:00 UTC");
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        let zone = Zone::parse("+02:00").unwrap();
        let clock = DisplayClock::new(zone, Some((at("2026-03-01T20:00:00.000Z"), at("2026-03-01T23:00:00.000Z"))));
        assert_eq!(clock.show(at("2026-03-01T20:00:00.000Z")), "03-01 22:00:00");
        assert_eq!(clock.show(at("2026-03-01T23:00:00.000Z")), "03-02 01:00:00");
        assert_eq!(
            clock.period(at("2026-03-01T20:00:00.000Z"), at("2026-03-01T20:00:09.000Z"), " - "),
            "03-01 22:00:00 - 22:00:09"
        );
    }
}
