//! Times as the logs write them, and as the report writes them.
//!
//! Elasticsearch writes `2026-03-01T12:34:56,789+0000` (any offset), 6.5 to 7.2 the same without a zone, the server log
//! and exports `2026-03-01T12:34:56.789Z`; exports also hold epoch seconds or milliseconds (audit-format 2 to 4).

use std::fmt;

use chrono::{DateTime, Utc};

mod languages;
mod stamp;
mod zone;

pub use stamp::{Stamp, is_ambiguous, parse};
pub use zone::Zone;

/// Milliseconds since 1970-01-01T00:00:00Z: the resolution of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Millis(pub i64);

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

impl Millis {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    /// RFC 3339 in UTC with milliseconds and `Z`, the form of the report's contract.
    #[must_use]
    pub fn rfc3339(self) -> String {
        if let Some(text) = self.four_digit_year() {
            return text;
        }
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .map_or_else(|| format!("{}ms", self.0), |time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    /// The same without the general machinery, ten times as fast, for years of four digits: reports hold very many times.
    #[expect(clippy::cast_sign_loss, reason = "digits are positive, and below ten")]
    fn four_digit_year(self) -> Option<String> {
        let (days, of_day) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        // Years begin in March here, so that the leap day is the last; eras of 400 years have 146,097 days.
        let shifted = days.checked_add(719_468)?;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        if !(1000..=9999).contains(&year) {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, of_day / 3_600_000),
            (14..16, of_day / 60_000 % 60),
            (17..19, of_day / 1000 % 60),
            (20..23, of_day % 1000),
        ];
        for (place, mut number) in parts {
            for digit in text[place].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        std::str::from_utf8(&text).ok().map(str::to_owned)
    }
}

impl Millis {
    /// Whether Elasticsearch can have written it: the first release is of 2010, and clocks are rarely a lifetime ahead.
    #[inline]
    #[must_use]
    pub fn is_plausible(self) -> bool {
        // 2010-01-01 and 2100-01-01.
        (1_262_304_000_000..4_102_444_800_000).contains(&self.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A duration as Elasticsearch writes it: `90d`, `12h`, `30m`, `45s`, `500ms`; in milliseconds.
#[must_use]
pub fn duration(text: &[u8]) -> Option<i64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: i64 = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    let unit = match &text[digits..] {
        b"ms" => 1,
        b"s" => 1000,
        b"m" => 60_000,
        b"h" => 3_600_000,
        b"d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// The number that two digits are.
#[inline]
fn two(a: u8, b: u8) -> Option<u32> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| u32::from(a) * 10 + u32::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_chrono_writes_them() {
        let days = (-800_000..3_000_000).step_by(97).map(|day| Millis(day * DAY + day.rem_euclid(DAY) * 31));
        let edges = [0, -1, 951_782_399_999, 951_782_400_000, -30_610_224_000_000, -30_610_224_000_001]
            .map(Millis)
            .into_iter()
            .chain([253_402_300_799_999, 253_402_300_800_000, i64::MAX, i64::MIN].map(Millis));
        for time in days.chain(edges) {
            let known = DateTime::<Utc>::from_timestamp_millis(time.0);
            let expected = known.map(|time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
            assert_eq!(time.rfc3339(), expected.unwrap_or_else(|| format!("{}ms", time.0)));
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration(b"90d"), Some(90 * 86_400_000));
        assert_eq!(duration(b"500ms"), Some(500));
        assert_eq!(duration(b"5 d"), None);
        assert_eq!(duration(b"99999999999999999999d"), None);
        assert_eq!(duration(b"9223372036854775807d"), None);
    }
}
