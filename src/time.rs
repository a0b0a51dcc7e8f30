//! Times as the logs write them, and as the report writes them.
//!
//! Elasticsearch writes `2026-03-01T12:34:56,789+0000` (any offset), 6.5 to 7.2 the same without a zone, the server log
//! and exports `2026-03-01T12:34:56.789Z`; exports also hold epoch seconds or milliseconds (audit-format 2 to 4).

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, Offset, TimeZone, Utc};

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
                // Below ten.
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
    fn to_utc(self, local: i64) -> i64 {
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

/// A time read from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// UTC milliseconds.
    pub time: Millis,
    /// The text carried no zone; the assumed one was applied.
    pub zone_assumed: bool,
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
        return parse_kibana(text, assumed).or_else(|| parse_local(text, assumed));
    }
    parse_epoch(text).or_else(|| parse_local(text, assumed))
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

/// Begins of the names of months by which languages in which Kibana runs tell them apart, lower case, longer ones first where
/// one begins with another (CLDR's names, which browsers and moment.js use).
const MONTHS_OF_LANGUAGES: [(&str, u32); 45] = [
    ("juin", 6),
    ("juil", 7),
    ("jan", 1),
    ("jän", 1),
    ("ene", 1),
    ("gen", 1),
    ("sty", 1),
    ("feb", 2),
    ("fev", 2),
    ("fév", 2),
    ("lut", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("maa", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("kwi", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("jun", 6),
    ("giu", 6),
    ("cze", 6),
    ("jul", 7),
    ("lug", 7),
    ("lip", 7),
    ("aug", 8),
    ("aoû", 8),
    ("aou", 8),
    ("ago", 8),
    ("sie", 8),
    ("sep", 9),
    ("set", 9),
    ("wrz", 9),
    ("oct", 10),
    ("okt", 10),
    ("out", 10),
    ("ott", 10),
    ("nov", 11),
    ("dec", 12),
];

/// Times as people of other languages write them: `1. März 2026 @ 12:34:56.789`, `12 avril 2026 @ …`, `4月 12, 2026 @ …` (Kibana),
/// `12.04.2026 07:15:30` (spreadsheets). Where day and month could change places it is no time.
fn parse_local(text: &[u8], assumed: Zone) -> Option<Stamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, clock) = match text.split_once(" @ ") {
        Some(parts) => parts,
        None => text.split_once([' ', ','])?,
    };
    let (mut day, mut month, mut year) = (None, None, None);
    let dotted = date.matches('.').count() == 2 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    for part in date.split([' ', ',', '.']).filter(|part| !part.is_empty()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number = part[..digits].parse::<u32>().ok();
        match (digits, &part[digits..]) {
            (4, "" | "年") => year = number,
            (1 | 2, "月" | "월") => month = number,
            (1 | 2, "" | "日" | "일") if day.is_none() => day = number,
            (1 | 2, "") if dotted && month.is_none() => month = number,
            (0, name) => month = month.or(month_of_language(name)),
            _ => return None,
        }
    }
    let (year, month, day) = (year?, month?, day?);
    parse_iso(format!("{year:04}-{month:02}-{day:02}T{}", clock.trim()).as_bytes(), assumed)
}

fn month_of_language(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let others = [("dez", 12), ("déc", 12), ("dic", 12), ("gru", 12), ("lis", 11), ("paź", 10)];
    let known = MONTHS_OF_LANGUAGES.into_iter().chain(others);
    known.into_iter().find(|(start, _)| name.starts_with(start)).map(|(_, month)| month)
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
    Some(Stamp { time: Millis(time), zone_assumed: false })
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
        [] => Some(Stamp { time: Millis(assumed.to_utc(local)), zone_assumed: true }),
        b"Z" | b"z" | b"UTC" => Some(Stamp { time: Millis(local), zone_assumed: false }),
        _ => match offset_minutes(rest)? {
            (minutes, []) => Some(Stamp { time: Millis(local - i64::from(minutes) * 60_000), zone_assumed: false }),
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

/// `+hh`, `+h`, `+hhmm`, `+hh:mm` (or `-`): minutes east of UTC, and what follows.
fn offset_minutes(text: &[u8]) -> Option<(i32, &[u8])> {
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

#[inline]
fn two(a: u8, b: u8) -> Option<u32> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| u32::from(a) * 10 + u32::from(b))
}

/// Days since 1970-01-01 of a date, `None` if it does not exist.
fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
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

#[cfg(test)]
mod tests {
    use super::*;

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

    fn millis(text: &str) -> Option<i64> {
        parse(text.as_bytes(), Zone::UTC).map(|stamp| stamp.time.0)
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
