//! Times on the clocks of the zone that was asked for, without what all of them share.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, Utc};

use super::Context;
use super::text::{Shown, parse_time};
use crate::time::Zone;

/// Shows times without what all of them share: the year, or the day. The header says which, and in which zone they are.
pub(in crate::report) struct Clock {
    zone: Zone,
    year: Option<i32>,
    day: Option<NaiveDate>,
}

impl Clock {
    pub(in crate::report) fn new(zone: Zone, first: Option<&str>, last: Option<&str>) -> Self {
        let local = |time: Option<&str>| time.and_then(parse_time).map(|time| zone.local(time));
        match (local(first), local(last)) {
            (Some(first), Some(last)) => Self {
                zone,
                year: (first.year() == last.year()).then(|| first.year()),
                day: (first.date_naive() == last.date_naive()).then(|| first.date_naive()),
            },
            _ => Self { zone, year: None, day: None },
        }
    }

    pub(in crate::report) fn local(&self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.zone.local(time)
    }

    pub(in crate::report) fn show(&self, time: DateTime<Utc>) -> String {
        let local = self.local(time);
        let form = if self.day == Some(local.date_naive()) {
            "%H:%M:%S"
        } else if self.year == Some(local.year()) {
            "%m-%d %H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M:%S"
        };
        local.format(form).to_string()
    }

    pub(super) fn time(&self, time: &str, ctx: &Context<'_>) -> Shown {
        parse_time(time).map_or_else(|| ctx.log(time), |time| Shown::own(self.show(time)))
    }

    pub(super) fn span(&self, start: Option<&str>, end: Option<&str>, ctx: &Context<'_>) -> String {
        let show = |time: Option<&str>| ctx.time(time).into_text();
        match (start.and_then(parse_time), end.and_then(parse_time)) {
            (Some(start), Some(end)) if start == end => self.show(start),
            (Some(start), Some(end)) if self.local(start).date_naive() == self.local(end).date_naive() => {
                format!("{}{}{}", self.show(start), ctx.glyphs.to, self.local(end).format("%H:%M:%S"))
            }
            _ if start == end => show(start),
            _ => format!("{}{}{}", show(start), ctx.glyphs.to, show(end)),
        }
    }

    /// Sentences of the report name times in UTC and say so (`2026-03-01 12:53:19 UTC`, `2026-03-01T12:53:19.000Z`): the same
    /// with the time of the zone and its offset.
    pub(in crate::report) fn prose(&self, text: &str) -> String {
        if self.zone == Zone::UTC {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, time, after)) = next_time(rest) {
            out.push_str(before);
            out.push_str(&self.local(time).format("%Y-%m-%d %H:%M:%S %:z").to_string());
            rest = after;
        }
        out + rest
    }
}

/// The first time in a text, with what stands before and after it.
fn next_time(text: &str) -> Option<(&str, DateTime<Utc>, &str)> {
    const FORMS: [&str; 3] = ["0000-00-00 00:00:00 UTC", "0000-00-00T00:00:00.000Z", "0000-00-00T00:00:00Z"];
    let fits = |text: &str, form: &str| {
        text.len() >= form.len()
            && text.bytes().zip(form.bytes()).all(
                |(byte, wanted)| {
                    if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted }
                },
            )
    };
    text.char_indices().find_map(|(at, c)| {
        let rest = c.is_ascii_digit().then(|| &text[at..])?;
        let form = FORMS.into_iter().find(|form| fits(rest, form))?;
        let (written, after) = rest.split_at(form.len());
        let time = parse_time(&written.replace(" UTC", "Z").replace(' ', "T"))?;
        Some((&text[..at], time, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_told_in_the_zone() {
        let berlin = Clock::new(Zone::parse("Europe/Berlin").unwrap(), None, None);
        let text = "\u{e4} 2026-03-01 23:53:19 UTC, 2026-07-01T12:00:00.123Z; 2026-99-01 00:00:00 UTC 2026";
        let told = "\u{e4} 2026-03-02 00:53:19 +01:00, 2026-07-01 14:00:00 +02:00; 2026-99-01 00:00:00 UTC 2026";
        assert_eq!(berlin.prose(text), told);
        assert_eq!(Clock::new(Zone::UTC, None, None).prose(text), text);
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        let zone = Zone::parse("+02:00").unwrap();
        let clock = Clock::new(zone, Some("2026-03-01T20:00:00.000Z"), Some("2026-03-01T23:00:00.000Z"));
        let show = |time: &str| clock.show(parse_time(time).unwrap());
        assert_eq!(show("2026-03-01T20:00:00.000Z"), "03-01 22:00:00");
        assert_eq!(show("2026-03-01T23:00:00.000Z"), "03-02 01:00:00");
    }
}
