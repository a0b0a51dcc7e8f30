//! Times of consecutive lines: most lie in the minute of the line before.

use crate::time::{self, Millis, Stamp, Zone};

/// Reads times as [`time::parse`] does, faster where the minute is that of the time before.
#[derive(Debug)]
pub(super) struct Clock {
    assume_tz: Zone,
    /// `2026-03-01T12:34:` of the last time, all zero before the first.
    minute: [u8; 17],
    /// `+0000` of the last time.
    zone: [u8; 5],
    /// The minute itself.
    base: i64,
}

impl Clock {
    pub(super) fn new(assume_tz: Zone) -> Self {
        Self { assume_tz, minute: [0; 17], zone: [0; 5], base: 0 }
    }

    /// Reads a time.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let parts = <&[u8; 28]>::try_from(text).ok().and_then(within_minute);
        if let Some((minute, millis, zone)) = parts
            && *minute == self.minute
            && *zone == self.zone
        {
            return Some(Stamp { time: Millis(self.base + millis), zone_assumed: false });
        }
        let stamp = time::parse(text, self.assume_tz)?;
        if let Some((minute, millis, zone)) = parts
            && !stamp.zone_assumed
        {
            // The zone is written, so times of one minute differ by their seconds alone.
            (self.minute, self.zone, self.base) = (*minute, *zone, stamp.time.0 - millis);
        }
        Some(stamp)
    }
}

/// The minute, the milliseconds within it, and what follows them, of a text like `2026-03-01T12:34:56,789+0000`.
#[inline]
fn within_minute(text: &[u8; 28]) -> Option<(&[u8; 17], i64, &[u8; 5])> {
    let (minute, rest) = text.split_first_chunk::<17>()?;
    let &[s1, s2, b',', m1, m2, m3, ref zone @ ..] = rest else { return None };
    let zone = zone.first_chunk::<5>()?;
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

    proptest! {
        #[test]
        fn as_time_parse(texts in prop::collection::vec("2026-03-01T12:3[45]:[0-7][0-9],[0-9]{3}(\\+0000|-0730|Z|\\+02:00|0000Z| \\+01| \\+020| )?|2026-03-01T12:34:5[0-9],[0-9]{1,2} ?\\+0[0-9]{2,3}", 1..20)) {
            let mut clock = Clock::new(Zone::UTC);
            for text in texts {
                prop_assert_eq!(clock.read(text.as_bytes()), time::parse(text.as_bytes(), Zone::UTC), "{}", text);
            }
        }
    }
}
