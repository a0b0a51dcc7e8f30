//! Times of consecutive lines: most lie in the minute of the line before.

use crate::time::{self, Millis, Stamp, Zone};

/// Reads times as [`time::parse`] does, faster where the minute is that of the time before and `Z` bytes of zone follow
/// the milliseconds.
#[derive(Debug)]
pub(super) struct Clock<const Z: usize> {
    assume_tz: Zone,
    /// `2026-03-01T12:34:` of the last time, all zero before the first.
    minute: [u8; 17],
    /// `+0000` of the last time.
    zone: [u8; Z],
    /// The minute itself.
    base: i64,
    zone_assumed: bool,
}

impl<const Z: usize> Clock<Z> {
    pub(super) fn new(assume_tz: Zone) -> Self {
        Self { assume_tz, minute: [0; 17], zone: [0; Z], base: 0, zone_assumed: false }
    }

    /// Reads a time.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let parts = within_minute(text);
        if let Some((minute, millis, zone)) = parts
            && *minute == self.minute
            && *zone == self.zone
        {
            return Some(Stamp { time: Millis(self.base + millis), zone_assumed: self.zone_assumed });
        }
        let stamp = time::parse(text, self.assume_tz)?;
        if let Some((minute, millis, zone)) = parts
            // A zone that is assumed may have rules. Since clocks are as they are, those change at full minutes.
            && (!stamp.zone_assumed || stamp.time.is_plausible())
        {
            (self.minute, self.zone, self.base) = (*minute, *zone, stamp.time.0 - millis);
            self.zone_assumed = stamp.zone_assumed;
        }
        Some(stamp)
    }
}

/// The minute, the milliseconds within it, and what follows them, of a text like `2026-03-01T12:34:56,789+0000`.
#[inline]
fn within_minute<const Z: usize>(text: &[u8]) -> Option<(&[u8; 17], i64, &[u8; Z])> {
    let (minute, rest) = text.split_first_chunk::<17>()?;
    if minute[16] != b':' {
        return None; // what a clock that has read nothing must not take for its minute
    }
    let (&[s1, s2, b',' | b'.', m1, m2, m3], zone) = rest.split_first_chunk::<6>()? else { return None };
    let zone = zone.try_into().ok()?;
    let digit = |byte: u8| byte.wrapping_sub(b'0');
    let digits = [digit(s1), digit(s2), digit(m1), digit(m2), digit(m3)];
    if digits.iter().any(|&digit| digit > 9) || digits[0] > 5 {
        return None;
    }
    let [s1, s2, m1, m2, m3] = digits.map(i64::from);
    Some((minute, (s1 * 10 + s2) * 1000 + m1 * 100 + m2 * 10 + m3, zone))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all<const Z: usize>(texts: &[String], zone: Zone) -> Vec<Option<Stamp>> {
        let mut clock = Clock::<Z>::new(zone);
        texts.iter().map(|text| clock.read(text.as_bytes())).collect()
    }

    proptest! {
        #[test]
        fn as_time_parse(
            texts in prop::collection::vec("(2026-03-29T0[123]:[05]:|2026-03-01T12:3[45]:|1937-07-01T00:19:|\\x00{16}:|\\x00{17}|2026-10-25T02:00:)[0-7][0-9][,.][0-9]{3}(\\+0000|-0730|Z|\\+02:00|0000Z| \\+01| \\+020| )?|2026-03-01T12:34:5[0-9],[0-9]{1,2} ?\\+0[0-9]{2,3}", 1..20),
            zone in prop::sample::select(vec!["UTC", "-0330", "Europe/Amsterdam"]),
        ) {
            let zone = Zone::parse(zone).unwrap();
            let expected: Vec<Option<Stamp>> = texts.iter().map(|text| time::parse(text.as_bytes(), zone)).collect();
            prop_assert_eq!(&all::<5>(&texts, zone), &expected, "{:?}", texts);
            prop_assert_eq!(&all::<1>(&texts, zone), &expected, "{:?}", texts);
            prop_assert_eq!(&all::<0>(&texts, zone), &expected, "{:?}", texts);
        }
    }
}
