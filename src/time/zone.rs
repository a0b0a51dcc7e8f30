//! The zones of times: those that a text names, and one that is assumed where it names none.

use std::fmt;

use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};

use super::two;

/// A time zone to assume for times that carry none: an IANA name or a fixed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Minutes east of UTC.
    Fixed(i32),
    /// An IANA zone; its rules decide the offset of each local time.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self::Fixed(0);

    /// The names that the zone database has.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Reads `UTC`, `Z`, `+02:00`, `-0700`, `+2` or an IANA name such as `Europe/Berlin`.
    ///
    /// # Errors
    /// A message for the user when it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
            return Ok(Self::UTC);
        }
        if let Some((minutes, [])) = offset_minutes(text.as_bytes()) {
            return Ok(Self::Fixed(minutes));
        }
        text.parse::<chrono_tz::Tz>()
            .map(Self::Named)
            .map_err(|_| format!("`{text}` is neither an offset such as +02:00 nor an IANA zone such as Europe/Berlin"))
    }

    /// An instant on the clocks of the zone.
    #[must_use]
    pub fn local(self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        let offset = match self {
            Self::Fixed(minutes) => FixedOffset::east_opt(minutes * 60),
            Self::Named(zone) => Some(zone.offset_from_utc_datetime(&time.naive_utc()).fix()),
        };
        time.with_timezone(&offset.unwrap_or(Utc.fix()))
    }

    /// UTC time of a local time. Of a local time that occurs twice (clocks set back) the earlier is taken; one that does
    /// not occur (clocks set forward) is read with the offset that was in force before.
    #[must_use]
    pub(super) fn to_utc(self, local: i64) -> i64 {
        match self {
            Self::Fixed(minutes) => local - i64::from(minutes) * 60_000,
            Self::Named(zone) => {
                let Some(naive) = DateTime::<Utc>::from_timestamp_millis(local).map(|time| time.naive_utc()) else {
                    return local;
                };
                let found = zone.from_local_datetime(&naive).earliest();
                let offset = match found {
                    Some(time) => time.offset().fix().local_minus_utc(),
                    None => {
                        let before = naive - chrono::Duration::hours(3);
                        zone.from_local_datetime(&before)
                            .earliest()
                            .map_or(0, |time| time.offset().fix().local_minus_utc())
                    }
                };
                local - i64::from(offset) * 1000
            }
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(0) => f.write_str("UTC"),
            Self::Fixed(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

/// `+hh`, `+h`, `+hhmm`, `+hh:mm` (or `-`): minutes east of UTC, and what follows.
pub(super) fn offset_minutes(text: &[u8]) -> Option<(i32, &[u8])> {
    let (sign, rest) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes, rest) = match rest {
        [a, b, b':', c, d, rest @ ..] => (two(*a, *b)?, two(*c, *d)?, rest),
        [a, b, c, d, rest @ ..] => (two(*a, *b)?, two(*c, *d)?, rest),
        [a, b, rest @ ..] => (two(*a, *b)?, 0, rest),
        [a, rest @ ..] => (two(b'0', *a)?, 0, rest),
        [] => return None,
    };
    // The widest offsets ever in use are -12:00 and +14:00; the ISO grammar allows up to 18 hours.
    if hours > 18 || minutes > 59 {
        return None;
    }
    let minutes = i32::try_from(hours * 60 + minutes).ok()?;
    Some((sign * minutes, rest))
}
