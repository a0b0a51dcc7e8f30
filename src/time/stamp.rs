//! Reads times in all the forms in which they are written.

use chrono::NaiveDate;

use super::zone::{Zone, offset_minutes};
use super::{DAY, Millis, languages, two};

/// A time read from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// UTC milliseconds.
    pub time: Millis,
    /// The text carried no zone; the assumed one was applied.
    pub zone_assumed: bool,
    /// How many minutes its zone is ahead of UTC, where the text says it in digits.
    pub offset: Option<i16>,
}

/// Reads a time in any form that the logs and their exports use: ISO 8601 with `T` or a space, a comma or a point before
/// the fraction, up to nanoseconds (cut to milliseconds), any offset form or none; or epoch seconds/milliseconds; or the
/// form that Kibana shows and exports, `Mar 1, 2026 @ 12:34:56.789`.
/// `None` where it is not a time, or a date that does not exist.
#[must_use]
pub fn parse(text: &[u8], assumed: Zone) -> Option<Stamp> {
    if let Some(stamp) = parse_iso(text, assumed) {
        return Some(stamp);
    }
    if text.first().is_some_and(u8::is_ascii_alphabetic) {
        return parse_kibana(text, assumed).or_else(|| local(text, assumed));
    }
    parse_epoch(text).or_else(|| local(text, assumed))
}

/// Whether a text is a date in digits of which day and month could change places: `03/01/2026 12:01`.
#[must_use]
pub fn is_ambiguous(text: &[u8]) -> bool {
    let date = text.split(|byte| matches!(byte, b' ' | b',' | b'T')).next().unwrap_or_default();
    let mut parts = date.split(|byte| matches!(byte, b'/' | b'-'));
    let mut part = |longest: usize| {
        let digits = parts.next().filter(|part| (1..=longest).contains(&part.len()))?;
        std::str::from_utf8(digits).ok()?.parse::<u32>().ok()
    };
    let (first, second, year) = (part(2), part(2), part(4));
    let may_be_month = |part: Option<u32>| part.is_some_and(|part| (1..=12).contains(&part));
    may_be_month(first) && may_be_month(second) && year.is_some() && parts.next().is_none()
}

/// A time as people of other languages write it.
fn local(text: &[u8], assumed: Zone) -> Option<Stamp> {
    parse_iso(languages::as_iso(text)?.as_bytes(), assumed)
}

/// `Mar 1, 2026 @ 12:34:56.789`, in the zone of whoever exported it: rewritten to ISO 8601.
fn parse_kibana(text: &[u8], assumed: Zone) -> Option<Stamp> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let name = text.first_chunk::<3>()?;
    let month = MONTHS.as_chunks::<3>().0.iter().position(|month| month == name)? + 1;
    let rest = text[3..].strip_prefix(b" ")?;
    let (day, rest) = match rest {
        [a, b',', rest @ ..] => (two(b'0', *a)?, rest),
        [a, b, b',', rest @ ..] => (two(*a, *b)?, rest),
        _ => return None,
    };
    let (year, clock) = rest.strip_prefix(b" ")?.split_first_chunk::<4>()?;
    let clock = clock.strip_prefix(b" @ ")?;
    let mut iso = Vec::with_capacity(32);
    iso.extend_from_slice(year);
    iso.extend_from_slice(format!("-{month:02}-{day:02}T").as_bytes());
    iso.extend_from_slice(clock);
    parse_iso(&iso, assumed)
}

/// Epoch seconds (10 digits, optional fraction) or milliseconds (13 digits).
fn parse_epoch(text: &[u8]) -> Option<Stamp> {
    let whole_len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole: i64 = std::str::from_utf8(text.get(..whole_len)?).ok()?.parse().ok()?;
    let rest = text.get(whole_len..)?;
    let time = match (whole_len, rest) {
        (9..=11, []) => whole * 1000,
        (9..=11, [b'.', fraction @ ..]) => whole * 1000 + fraction_millis(fraction)?,
        (12..=14, []) => whole,
        _ => return None,
    };
    Some(Stamp { time: Millis(time), zone_assumed: false, offset: None })
}

fn parse_iso(text: &[u8], assumed: Zone) -> Option<Stamp> {
    let head = text.first_chunk::<19>()?;
    if head[4] != b'-'
        || head[7] != b'-'
        || (head[10] != b'T' && head[10] != b' ')
        || head[13] != b':'
        || head[16] != b':'
    {
        return None;
    }
    let year = two(head[0], head[1])? * 100 + two(head[2], head[3])?;
    let month = two(head[5], head[6])?;
    let day = two(head[8], head[9])?;
    let (hour, minute, second) = (two(head[11], head[12])?, two(head[14], head[15])?, two(head[17], head[18])?);
    // A leap second is logged as :60 by some libraries; it is the last millisecond range of its minute here.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    let mut rest = &text[19..];
    let mut millis = 0;
    if let [b',' | b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        millis = fraction_millis(&fraction[..digits])?;
        rest = &fraction[digits..];
    }
    let local = days * DAY + i64::from(hour * 3600 + minute * 60 + second) * 1000 + millis;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    match rest {
        [] => Some(Stamp { time: Millis(assumed.to_utc(local)), zone_assumed: true, offset: None }),
        b"Z" | b"z" | b"UTC" => Some(Stamp { time: Millis(local), zone_assumed: false, offset: None }),
        _ => match offset_minutes(rest)? {
            (minutes, []) => {
                let time = Millis(local - i64::from(minutes) * 60_000);
                Some(Stamp { time, zone_assumed: false, offset: i16::try_from(minutes).ok() })
            }
            _ => None,
        },
    }
}

/// One to nine digits of a fraction of a second, cut to milliseconds.
fn fraction_millis(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((0..3).fold(0, |sum, place| sum * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0'))))
}

/// Days since 1970-01-01 of a date, `None` if it does not exist.
fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse(text.as_bytes(), Zone::UTC).map(|stamp| stamp.time.0)
    }

    #[test]
    fn times_of_other_languages() {
        for (text, expected) in [
            ("1. März 2026 @ 12:01:56.120", "2026-03-01T12:01:56.120Z"),
            ("12 avril 2026 @ 07:15:30.250", "2026-04-12T07:15:30.250Z"),
            ("12 juil. 2026 @ 07:15:30.250", "2026-07-12T07:15:30.250Z"),
            ("4月 12, 2026 @ 07:15:30.250", "2026-04-12T07:15:30.250Z"),
            ("12.04.2026 07:15:30", "2026-04-12T07:15:30.000Z"),
            ("Dez 24, 2026 @ 07:15:30.250", "2026-12-24T07:15:30.250Z"),
        ] {
            assert_eq!(parse(text.as_bytes(), Zone::UTC).unwrap().time.rfc3339(), expected, "{text}");
        }
        for text in ["04/12/2026 07:15:30", "31.02.2026 07:15:30", "1. Foo 2026 @ 12:01:56", "12.04. 07:15:30", "1 2 3"]
        {
            assert!(parse(text.as_bytes(), Zone::UTC).is_none(), "{text}");
        }
    }

    #[test]
    fn every_form_of_one_instant() {
        let instant = 1_772_368_496_789;
        for text in [
            "2026-03-01T12:34:56,789+0000",
            "2026-03-01T12:34:56.789Z",
            "2026-03-01T12:34:56.789000000Z",
            "2026-03-01 12:34:56,789",
            "2026-03-01T14:34:56,789+02:00",
            "2026-03-01T05:34:56,789-0700",
            "2026-03-01T13:34:56,789+01",
            "2026-03-01T18:04:56,789+0530",
            "1772368496789",
            "1772368496.789",
            "Mar 1, 2026 @ 12:34:56.789",
            "Mar 01, 2026 @ 12:34:56.789",
        ] {
            assert_eq!(millis(text), Some(instant), "{text}");
        }
        assert_eq!(Millis(instant).rfc3339(), "2026-03-01T12:34:56.789Z");
    }

    #[test]
    fn dates_whose_day_may_be_the_month_are_known() {
        for text in ["03/01/2026 12:01", "3/1/2026, 12:01:56 PM", "01-02-26 10:00", "12/12/2026"] {
            assert!(is_ambiguous(text.as_bytes()) && millis(text).is_none(), "{text}");
        }
        for text in [
            "13/01/2026 12:01",
            "2026-03-01T12:01:56Z",
            "03/01",
            "03/01/2026/1",
            "a/b/c",
            "",
            "1772366516",
            "03.01.2026 12:01",
        ] {
            assert!(!is_ambiguous(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn nonsense_is_not_a_time() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:34:56,789+99",
            "yesterday",
            "2026-03-01T12:34:56,Z",
            "2026-03-01T12:34:56,789Zx",
            "123",
            "2026-03-01T12:34:56.1234567890Z",
            "Mar 32, 2026 @ 12:34:56.789",
            "Foo 1, 2026 @ 12:34:56.789",
            "Mar 1, 2026 12:34:56.789",
            "Mar 1",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn assumed_zones_follow_their_rules() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let at = |text: &str| parse(text.as_bytes(), berlin).unwrap();
        assert_eq!(at("2026-07-01T12:00:00,000").time.rfc3339(), "2026-07-01T10:00:00.000Z");
        assert_eq!(at("2026-01-01T12:00:00,000").time.rfc3339(), "2026-01-01T11:00:00.000Z");
        // 02:30 occurs twice on 2026-10-25 and never on 2026-03-29.
        assert_eq!(at("2026-10-25T02:30:00,000").time.rfc3339(), "2026-10-25T00:30:00.000Z");
        assert_eq!(at("2026-03-29T02:30:00,000").time.rfc3339(), "2026-03-29T01:30:00.000Z");
        assert!(at("2026-07-01T12:00:00,000").zone_assumed);
        assert!(!at("2026-07-01T12:00:00,000Z").zone_assumed);
        assert_eq!(Zone::parse("-0730").unwrap().to_string(), "-07:30");
        assert!(Zone::parse("Europe/Atlantis").is_err());
    }
}
