//! What the user wants to look at: conditions on attempts and security changes, and their words.

use std::fmt;
use std::net::IpAddr;

use super::Cidr;
use crate::reason::Reason;
use crate::time::{self, Millis, Zone};

/// Conditions; all of them must hold (`esaudit report --since … --principal …`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// From when; of several the earliest.
    pub since: Vec<Bound>,
    /// Until when, inclusive; of several the latest.
    pub until: Vec<Bound>,
    /// Who.
    pub principal: Rules,
    /// From which address.
    pub source: Rules,
    /// Through which realm.
    pub realm: Rules,
    /// On which node, by id or name.
    pub node: Rules,
    /// Why.
    pub reason: Rules,
    /// `event.action`.
    pub action: Rules,
    /// With or about which API key, by id or name.
    pub key: Rules,
}

impl Filter {
    /// Whether it lets everything pass.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.since.is_empty() && self.until.is_empty() && self.lists().iter().all(|(_, rules)| rules.is_empty())
    }

    /// The ends of a stretch of time that ends before it begins, as far as that is known without the log.
    #[must_use]
    pub fn never(&self) -> Option<(&str, &str)> {
        let ([since], [until]) = (self.since.as_slice(), self.until.as_slice()) else { return None };
        (since.base == until.base && since.millis > until.millis).then_some((&since.given, &until.given))
    }

    /// The conditions beside those on time, by the name of their option.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &Rules); 7] {
        [
            ("principal", &self.principal),
            ("source", &self.source),
            ("realm", &self.realm),
            ("node", &self.node),
            ("reason", &self.reason),
            ("action", &self.action),
            ("key", &self.key),
        ]
    }

    /// The first and the last time that pass, of a log from `start` to `end`.
    #[must_use]
    pub fn range(&self, start: Option<Millis>, end: Option<Millis>) -> Range {
        let at = |bound: &Bound| bound.at(start, end);
        Range {
            since: self.since.iter().filter_map(at).min().unwrap_or(Millis(i64::MIN)),
            until: self.until.iter().filter_map(at).max().unwrap_or(Millis(i64::MAX)),
        }
    }

    /// Each condition in words, for a log from `start` to `end`.
    #[must_use]
    pub fn in_words(&self, start: Option<Millis>, end: Option<Millis>) -> Vec<String> {
        let bounds = [("since", &self.since), ("until", &self.until)];
        let times = bounds.into_iter().flat_map(|(name, bounds)| bounds.iter().map(move |bound| (name, bound)));
        let mut words: Vec<String> = times
            .map(|(name, bound)| match bound.at(start, end) {
                Some(time) => format!("{name} {} ({})", time.rfc3339(), bound.given),
                None => format!("{name} {}: the log has no time", bound.given),
            })
            .collect();
        for (name, rules) in self.lists() {
            words.extend(rules.in_words().into_iter().map(|rule| format!("{name} {rule}")));
        }
        words
    }
}

/// A stretch of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First.
    pub since: Millis,
    /// Last.
    pub until: Millis,
}

impl Range {
    /// All times.
    pub const ALL: Self = Self { since: Millis(i64::MIN), until: Millis(i64::MAX) };

    /// Whether a time lies in it.
    #[must_use]
    pub fn holds(self, time: Millis) -> bool {
        self.since <= time && time <= self.until
    }
}

/// What a time is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// 1970.
    Epoch,
    /// The first event.
    Start,
    /// The last event.
    End,
}

/// A time as the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As given, and the zone it was read in where it names none.
    pub given: String,
    base: Base,
    millis: i64,
}

/// Which end of the day, minute or second that a text names is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first millisecond (`--since`).
    First,
    /// Its last millisecond (`--until`).
    Last,
}

impl Bound {
    /// Reads `2026-03-01`, `2026-03-01T12:00`, RFC 3339, `2h ago`, `now`, `end-1h`, `start+1h30m`. A time without a zone is
    /// read in `zone`; `now` is the time of the run.
    ///
    /// # Errors
    /// A message for the user.
    pub fn parse(text: &str, edge: Edge, zone: Zone, now: Millis) -> Result<Self, String> {
        let given = text.trim();
        let bound = |base, millis| Ok(Self { given: given.to_owned(), base, millis });
        if let Some(length) = given.strip_suffix("ago").map(str::trim_end).and_then(length) {
            return bound(Base::Epoch, now.0.saturating_sub(length));
        }
        for (word, base, zero) in [("now", Base::Epoch, now.0), ("end", Base::End, 0), ("start", Base::Start, 0)] {
            let Some(rest) = given.strip_prefix(word) else { continue };
            let rest = rest.trim_start();
            let offset = match rest.as_bytes().first() {
                None => Some(0),
                Some(b'-') => length(rest[1..].trim_start()).map(|length| -length),
                Some(b'+') => length(rest[1..].trim_start()),
                Some(_) => None,
            };
            if let Some(offset) = offset {
                return bound(base, zero.saturating_add(offset));
            }
        }
        match named(given, zone) {
            Some((time, zone_assumed, width)) => {
                let given = if zone_assumed { format!("{given} in {zone}") } else { given.to_owned() };
                let millis = if edge == Edge::Last { time.0.saturating_add(width - 1) } else { time.0 };
                Ok(Self { given, base: Base::Epoch, millis })
            }
            None => Err(format!(
                "`{text}` is no time: give 2026-03-01, 2026-03-01T12:00, 2026-03-01T12:00:00Z, 2h ago, end-1h or start+1h"
            )),
        }
    }

    /// The time, in a log from `start` to `end`.
    #[must_use]
    pub fn at(&self, start: Option<Millis>, end: Option<Millis>) -> Option<Millis> {
        let base = match self.base {
            Base::Epoch => Some(Millis(0)),
            Base::Start => start,
            Base::End => end,
        };
        base.map(|base| Millis(base.0.saturating_add(self.millis)))
    }
}

/// A written time, whether the zone was assumed, and how many milliseconds the text names: a day, a minute, a second.
fn named(text: &str, zone: Zone) -> Option<(Millis, bool, i64)> {
    const WIDTHS: [(usize, &str, i64); 2] = [(10, "T00:00:00", 86_400_000), (16, ":00", 60_000)];
    // Short forms are completed; a zone may stand behind the minute.
    for (length, rest, width) in WIDTHS {
        let Some((head, zone_text)) = text.split_at_checked(length) else { continue };
        let completed = format!("{head}{rest}{zone_text}");
        let shape = zone_text.is_empty() || (length == 16 && zone_text.starts_with(['Z', 'z', '+', '-']));
        if let Some(stamp) = time::parse(completed.as_bytes(), zone).filter(|_| shape) {
            let end = if width == 86_400_000 { next_day(head, zone)? } else { Millis(stamp.time.0 + width) };
            return Some((stamp.time, stamp.zone_assumed, end.0 - stamp.time.0));
        }
    }
    let stamp = time::parse(text.as_bytes(), zone)?;
    // A fraction names the millisecond, a time without one the whole second.
    let width = if text.get(19..).is_some_and(|rest| rest.starts_with(['.', ','])) { 1 } else { 1000 };
    Some((stamp.time, stamp.zone_assumed, width))
}

/// Midnight after a date: days have 23 or 25 hours where clocks are changed.
fn next_day(date: &str, zone: Zone) -> Option<Millis> {
    let date: chrono::NaiveDate = date.parse().ok()?;
    let next = format!("{}T00:00:00", date.succ_opt()?);
    time::parse(next.as_bytes(), zone).map(|stamp| stamp.time)
}

/// `1h30m`, `90 s`, `2 d`: in milliseconds.
fn length(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum: i64 = 0;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let tail = tail.trim_start();
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let millis = match unit {
            "w" | "week" | "weeks" => number.parse::<i64>().ok()?.checked_mul(7 * 86_400_000)?,
            "day" | "days" => time::duration(format!("{number}d").as_bytes())?,
            "hour" | "hours" => time::duration(format!("{number}h").as_bytes())?,
            "min" | "mins" | "minute" | "minutes" => time::duration(format!("{number}m").as_bytes())?,
            "sec" | "secs" | "second" | "seconds" => time::duration(format!("{number}s").as_bytes())?,
            _ => time::duration(format!("{number}{unit}").as_bytes())?,
        };
        sum = sum.checked_add(millis)?;
        rest = tail.trim_start();
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// Alternatives and exclusions of one option.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    wanted: Vec<Pattern>,
    excluded: Vec<Pattern>,
}

impl Rules {
    /// Takes patterns in; those that begin with `!` exclude.
    ///
    /// # Errors
    /// A message for the user, from `check`.
    pub fn parse(texts: &[String], check: fn(&str) -> Result<Pattern, String>) -> Result<Self, String> {
        let mut rules = Self::default();
        for text in texts {
            let (list, pattern) = match text.strip_prefix('!') {
                Some(rest) => (&mut rules.excluded, rest),
                None => (&mut rules.wanted, text.as_str()),
            };
            if pattern.is_empty() {
                return Err(format!("`{text}` names nothing"));
            }
            list.push(check(pattern)?);
        }
        Ok(rules)
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.excluded.is_empty()
    }

    /// Whether something with these values passes: one of them is wanted, if any pattern is, and none excluded. What has
    /// no value is not wanted by any pattern and not excluded by any: `!*` is what has none.
    #[must_use]
    pub fn pass<'v>(&self, values: impl Iterator<Item = &'v [u8]> + Clone) -> bool {
        let any =
            |patterns: &[Pattern]| patterns.iter().any(|pattern| values.clone().any(|value| pattern.matches(value)));
        (self.wanted.is_empty() || any(&self.wanted)) && !any(&self.excluded)
    }

    /// The patterns that are asked for.
    #[must_use]
    pub fn wanted(&self) -> &[Pattern] {
        &self.wanted
    }

    /// The patterns as given.
    pub fn given(&self) -> impl Iterator<Item = String> {
        let wanted = self.wanted.iter().map(ToString::to_string);
        wanted.chain(self.excluded.iter().map(|pattern| format!("!{pattern}")))
    }

    fn in_words(&self) -> Vec<String> {
        let list =
            |patterns: &[Pattern], word: &str| patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(word);
        let mut words = Vec::new();
        if !self.wanted.is_empty() {
            words.push(list(&self.wanted, " or "));
        }
        if !self.excluded.is_empty() {
            words.push(format!("not {}", list(&self.excluded, " nor ")));
        }
        words
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// A text in which `*` stands for any characters and `?` for one.
    Glob(String),
    /// A block of addresses, and how it was given.
    Block(Cidr, String),
}

impl Pattern {
    /// Any text.
    ///
    /// # Errors
    /// None.
    pub fn text(text: &str) -> Result<Self, String> {
        Ok(Self::Glob(text.to_owned()))
    }

    /// An address, a block of addresses, or a glob.
    ///
    /// # Errors
    /// A message for the user where it is neither.
    pub fn source(text: &str) -> Result<Self, String> {
        match Cidr::parse(text) {
            Ok(block) => Ok(Self::Block(block, text.to_owned())),
            Err(_) if is_glob(text) && !text.contains('/') => Self::text(text),
            Err(_) => Err(format!(
                "`{text}` is neither an address, nor a block such as 10.0.0.0/8, nor a pattern such as 10.1.*"
            )),
        }
    }

    /// A reason of the contract, or a glob that matches one.
    ///
    /// # Errors
    /// A message for the user where there is no such reason.
    pub fn reason(text: &str) -> Result<Self, String> {
        let names = || Reason::ALL.iter().map(|reason| reason.name());
        if names().any(|name| glob(text.as_bytes(), name.as_bytes())) {
            return Self::text(text);
        }
        Err(format!("no reason is called `{text}`; one of {}", names().collect::<Vec<_>>().join(", ")))
    }

    /// Whether a value is what the pattern says.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Glob(pattern) => glob(pattern.as_bytes(), value),
            Self::Block(block, _) => {
                let address = std::str::from_utf8(value).ok().and_then(|text| text.parse::<IpAddr>().ok());
                address.is_some_and(|address| block.contains(address))
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(text) | Self::Block(_, text) => f.write_str(text),
        }
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Length of the character that begins a text, a byte that begins none counting as one.
fn character(value: &[u8]) -> usize {
    let continued = value.iter().skip(1).take_while(|byte| **byte & 0xc0 == 0x80).count();
    match value.first() {
        Some(0xc0..=0xdf) => 1 + continued.min(1),
        Some(0xe0..=0xef) => 1 + continued.min(2),
        Some(0xf0..=0xf7) => 1 + continued.min(3),
        _ => 1,
    }
}

/// Whether a value matches a pattern of `*`, `?` and text, in at most the product of their lengths: after a mismatch only the
/// last `*` takes one more character.
fn glob(pattern: &[u8], value: &[u8]) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, v));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                v += character(&value[v..]);
            }
            Some(&byte) if byte == value[v] => {
                p += 1;
                v += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    v = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_772_400_000_000);

    fn at(text: &str, edge: Edge) -> String {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let bound = Bound::parse(text, edge, berlin, NOW).unwrap();
        bound.at(Some(Millis(1000)), Some(Millis(7_200_000))).unwrap().rfc3339()
    }

    #[test]
    fn times_of_every_form() {
        for (text, first, last) in [
            ("2026-03-01", "2026-02-28T23:00:00.000Z", "2026-03-01T22:59:59.999Z"),
            // The day on which clocks are set forward has 23 hours.
            ("2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),
            ("2026-03-01T12:30", "2026-03-01T11:30:00.000Z", "2026-03-01T11:30:59.999Z"),
            ("2026-03-01 12:30Z", "2026-03-01T12:30:00.000Z", "2026-03-01T12:30:59.999Z"),
            ("2026-03-01T12:30:01Z", "2026-03-01T12:30:01.000Z", "2026-03-01T12:30:01.999Z"),
            ("2026-03-01T12:30:01.5+01:00", "2026-03-01T11:30:01.500Z", "2026-03-01T11:30:01.500Z"),
            ("start+1h30m", "1970-01-01T01:30:01.000Z", "1970-01-01T01:30:01.000Z"),
            ("end-1h", "1970-01-01T01:00:00.000Z", "1970-01-01T01:00:00.000Z"),
            ("end", "1970-01-01T02:00:00.000Z", "1970-01-01T02:00:00.000Z"),
        ] {
            assert_eq!(at(text, Edge::First), first, "{text}");
            assert_eq!(at(text, Edge::Last), last, "{text}");
        }
        let ago = |text: &str| Bound::parse(text, Edge::First, Zone::UTC, NOW).unwrap().at(None, None).unwrap().0;
        assert_eq!(ago("2h ago"), NOW.0 - 7_200_000);
        assert_eq!(ago("2 hours ago"), NOW.0 - 7_200_000);
        assert_eq!(ago("1w ago"), NOW.0 - 604_800_000);
        assert_eq!(ago("now-30m"), NOW.0 - 1_800_000);
        assert_eq!(Bound::parse("end", Edge::First, Zone::UTC, NOW).unwrap().at(None, None), None);
    }

    #[test]
    fn what_is_no_time() {
        for text in
            ["", "yesterday", "2026-13-01", "ago", "h ago", "end-", "end-1x", "endless", "2026-03-01+01", "12:00"]
        {
            assert!(Bound::parse(text, Edge::First, Zone::UTC, NOW).is_err(), "{text}");
        }
    }

    #[test]
    fn globs() {
        for (pattern, value, matches) in [
            ("alice", "alice", true),
            ("alice", "alice2", false),
            ("svc-*", "svc-", true),
            ("*.local", "a.b.local", true),
            ("a*b*c", "a1b2bc", true),
            ("a*b*c", "a1b2b", false),
            ("?", "ü", true),
            ("??", "ü", false),
            ("a?c", "abc", true),
            ("*", "", true),
            ("**x", "yx", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), value.as_bytes()), matches, "{pattern} {value}");
        }
        assert!(glob(b"a?b", b"a\xffb"));
    }

    #[test]
    fn alternatives_and_exclusions() {
        let rules = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
            Rules::parse(&texts, Pattern::text)
        };
        let pass =
            |texts: &[&str], values: &[&str]| rules(texts).unwrap().pass(values.iter().map(|value| value.as_bytes()));
        assert!(pass(&[], &[]));
        assert!(pass(&["a", "b"], &["b"]));
        assert!(!pass(&["a", "b"], &["c"]));
        assert!(pass(&["*", "!b"], &["c"]));
        assert!(!pass(&["*", "!b"], &["b"]));
        assert!(!pass(&["*"], &[]));
        assert!(pass(&["!*"], &[]));
        assert!(!pass(&["!*"], &["c"]));
        assert!(rules(&["!"]).is_err());
        assert!(rules(&[""]).is_err());
        assert_eq!(rules(&["a", "!b", "c", "!d"]).unwrap().in_words(), ["a or c", "not b nor d"]);
    }

    #[test]
    fn addresses_and_reasons_are_checked() {
        let source = |text: &str| Pattern::source(text);
        assert!(source("10.0.0.0/8").unwrap().matches(b"10.1.2.3"));
        assert!(source("10.0.0.1").unwrap().matches(b"::ffff:10.0.0.1"));
        assert!(source("10.1.*").unwrap().matches(b"10.1.2.3"));
        assert!(!source("10.0.0.0/8").unwrap().matches(b"not an address"));
        for wrong in ["10.0.0.0/33", "10.0.0", "nonsense", "10.*/8"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::reason("api_key_*").is_ok());
        assert!(Pattern::reason("bad_pasword").is_err());
    }
}
