//! Times of consecutive lines: most lie in the minute of the line before.

use crate::time::{self, Millis, Stamp, Zone};

/// Reads times as [`time::parse`] does, faster where the minute is that of the time before and `Z` bytes of zone follow
/// the milliseconds.
#[derive(Debug)]
pub(super) struct Clock<const Z: usize> {
    assume_tz: Zone,
    /// The last time, its digits within the minute blanked; all zero before the first.
    known: TimeParts,
    /// The minute itself.
    base: i64,
    zone_assumed: bool,
    offset: Option<i16>,
}

/// The first and the last 16 bytes of a time, which overlap: compared as two numbers.
type TimeParts = (u128, u128);

impl<const Z: usize> Clock<Z> {
    /// Where the digits within the minute begin.
    const SECONDS: usize = 17;
    /// Where they end.
    const ZONE: usize = 23;
    /// Bits of the last 16 bytes that are not digits within the minute.
    const STABLE: u128 = !((u128::MAX >> (128 - 8 * (Self::ZONE - Self::SECONDS))) << (8 * (Self::SECONDS - 7 - Z)));

    pub(super) fn new(assume_tz: Zone) -> Self {
        Self { assume_tz, known: (0, 0), base: 0, zone_assumed: false, offset: None }
    }

    /// Reads a time.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let parts = Self::parts(text);
        match parts {
            Some((parts, millis)) if parts == self.known => {
                let time = Millis(self.base + millis);
                Some(Stamp { time, zone_assumed: self.zone_assumed, offset: self.offset })
            }
            _ => self.read_anew(text, parts),
        }
    }

    #[cold]
    fn read_anew(&mut self, text: &[u8], parts: Option<(TimeParts, i64)>) -> Option<Stamp> {
        let stamp = time::parse(text, self.assume_tz)?;
        if let Some((parts, millis)) = parts
            // A zone that is assumed may have rules. Since clocks are as they are, those change at full minutes.
            && (!stamp.zone_assumed || stamp.time.is_plausible())
        {
            (self.known, self.base) = (parts, stamp.time.0 - millis);
            (self.zone_assumed, self.offset) = (stamp.zone_assumed, stamp.offset);
        }
        Some(stamp)
    }

    /// Whatever a text like `2026-03-01T12:34:56,789+0000` holds but its digits within the minute, and the milliseconds
    /// these are.
    #[inline]
    fn parts(text: &[u8]) -> Option<(TimeParts, i64)> {
        if text.len() != Self::ZONE + Z || text[16] != b':' {
            return None; // the colon is what a clock that has read nothing must not take for its minute
        }
        let (head, tail) = (text.first_chunk::<16>()?, text.last_chunk::<16>()?);
        let &[s1, s2, b',' | b'.', m1, m2, m3] = text[Self::SECONDS..].first_chunk::<6>()? else { return None };
        let digits = [s1, s2, m1, m2, m3].map(|byte| byte.wrapping_sub(b'0'));
        if digits.iter().any(|&digit| digit > 9) || digits[0] > 5 {
            return None;
        }
        let [s1, s2, m1, m2, m3] = digits.map(u32::from);
        let millis = (s1 * 10 + s2) * 1000 + m1 * 100 + m2 * 10 + m3;
        let parts = (u128::from_le_bytes(*head), u128::from_le_bytes(*tail) & Self::STABLE);
        Some((parts, i64::from(millis)))
    }
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
