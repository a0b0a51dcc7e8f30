//! Times as the logs write them, and as the report writes them.
//!
//! Elasticsearch writes `2026-03-01T12:34:56,789+0000` (any offset), 6.5 to 7.2 the same without a zone, the server log
//! and exports `2026-03-01T12:34:56.789Z`; exports also hold epoch seconds or milliseconds (audit-format 2 to 4).

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

mod languages;
mod stamp;
mod zone;

pub use stamp::{Stamp, is_ambiguous, parse};
pub use zone::Zone;

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;

/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// Milliseconds since 1970-01-01T00:00:00Z: the resolution of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Millis(pub i64);

impl Millis {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    /// RFC 3339 in UTC with milliseconds and `Z`, the form of the report's contract.
    #[must_use]
    pub fn rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .map_or_else(|| format!("{}ms", self.0), |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Millis {
    /// The day it lies in, counted from 1970-01-01, UTC; `None` for what no calendar has.
    #[must_use]
    pub fn utc_day(self) -> Option<i64> {
        DateTime::<Utc>::from_timestamp_millis(self.0).map(|_| self.0.div_euclid(DAY))
    }

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
    fn times_of_every_size_are_written() {
        for (time, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
            (i64::MAX, "9223372036854775807ms"),
            (i64::MIN, "-9223372036854775808ms"),
        ] {
            assert_eq!(Millis(time).rfc3339(), expected);
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
