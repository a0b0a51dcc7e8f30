//! Texts as they stand in a table: escaped, measured in columns, cut, wrapped; numbers, sizes and times.

use chrono::{DateTime, Utc};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use crate::report::escape;

/// Longest text from the log, in characters, that is ever shown whole; of longer ones the ends and the length.
const MAX_CHARS: usize = 120;

/// The same for prose, which may quote names from the log.
const MAX_PROSE: usize = 800;

/// Columns beyond which lines of prose are hard to read.
pub(super) const MAX_MEASURE: usize = 110;

/// Signs that need Unicode, and what stands for them.
pub(super) struct Glyphs {
    /// Between realms.
    pub(super) then: &'static str,
    /// Where text was cut.
    pub(super) ellipsis: &'static str,
    /// Before a count.
    pub(super) times: &'static str,
    /// Between two times.
    pub(super) to: &'static str,
    /// Between remarks.
    pub(super) dot: &'static str,
    /// Before an item.
    pub(super) bullet: &'static str,
    /// Below table headers.
    pub(super) rule: char,
    /// Levels of a bar, lowest first; nothing at all is a blank.
    pub(super) bars: &'static [char],
}

impl Glyphs {
    pub(super) const UNICODE: Self = Self {
        then: " → ",
        ellipsis: "…",
        times: " ×",
        to: " – ",
        dot: " · ",
        bullet: "• ",
        rule: '─',
        bars: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    };
    pub(super) const ASCII: Self = Self {
        then: " > ",
        ellipsis: "..",
        times: " x",
        to: " - ",
        dot: ", ",
        bullet: "* ",
        rule: '-',
        bars: &['.', ':', '-', '=', '+', '*', '#', '@'],
    };
}

/// Text that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    text: String,
    /// Characters of the original, where it is too long to be shown whole.
    length: Option<usize>,
}

impl Shown {
    /// Text from the log.
    pub(super) fn log(text: &str, unicode: bool) -> Self {
        Self::bounded(text, unicode, MAX_CHARS)
    }

    /// Sentences of the report, which quote the log.
    pub(super) fn prose(text: &str, unicode: bool) -> Self {
        Self::bounded(text, unicode, MAX_PROSE)
    }

    /// Our own words, or texts made of parts that are escaped already.
    pub(super) fn own(text: impl Into<String>) -> Self {
        Self { text: text.into(), length: None }
    }

    /// Escapes no more of a text than can be shown.
    fn bounded(text: &str, unicode: bool, max: usize) -> Self {
        let length = text.chars().count();
        if length <= max {
            return Self { text: escape::terminal(text, unicode), length: None };
        }
        let byte = |number: usize| text.char_indices().nth(number).map_or(text.len(), |(at, _)| at);
        let (head, tail) = (byte(max / 2), byte(length - max / 2));
        let ellipsis = if unicode { Glyphs::UNICODE.ellipsis } else { Glyphs::ASCII.ellipsis };
        let (head, tail) = (escape::terminal(&text[..head], unicode), escape::terminal(&text[tail..], unicode));
        let text = format!("{head}{ellipsis}({} characters){ellipsis}{tail}", number(length as u64));
        Self { text, length: Some(length) }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(crate) fn width(&self) -> usize {
        width(&self.text)
    }

    /// At most `room` columns: the beginning.
    fn fit_start(&self, room: usize, glyphs: &Glyphs) -> String {
        if self.width() <= room {
            return self.text.clone();
        }
        match room.checked_sub(width(glyphs.ellipsis)) {
            Some(rest) => format!("{}{}", take(&self.text, rest), glyphs.ellipsis),
            None => String::new(),
        }
    }

    /// At most `room` columns: cut in the middle, for names and addresses differ at both ends.
    pub(super) fn fit(&self, room: usize, glyphs: &Glyphs) -> String {
        if self.width() <= room {
            return self.text.clone();
        }
        let ellipsis = glyphs.ellipsis;
        let plain = ellipsis.to_owned();
        let middle = self.length.map_or_else(
            || plain.clone(),
            |length| format!("{ellipsis}({} characters){ellipsis}", number(length as u64)),
        );
        let middle = if width(&middle) + 8 <= room { middle } else { plain };
        let Some(rest) = room.checked_sub(width(&middle)) else {
            return "?".repeat(room.min(1));
        };
        let tail = rest / 3;
        format!("{}{middle}{}", take(&self.text, rest - tail), take_back(&self.text, tail))
    }
}

/// Text from the log made visible, at most `max` characters of it: of longer ones the ends and the length.
pub(in crate::report) fn visible(text: &str, max: usize) -> String {
    Shown::bounded(text, true, max).into_text()
}

/// Columns of a text.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Longest beginning of whole graphemes within `room` columns.
pub(crate) fn take(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// Bytes of the longest beginning of whole characters within `room` columns, at least one character.
fn take_chars(text: &str, room: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut cut = text.chars().next().map_or(0, char::len_utf8);
    for end in ends {
        if width(&text[..end]) > room {
            break;
        }
        cut = end;
    }
    cut
}

/// Longest end of whole graphemes within `room` columns.
fn take_back(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += width(grapheme);
        if used > room {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

/// Columns of a realm chain shown whole.
pub(super) fn chain_width(realms: &[Shown], glyphs: &Glyphs) -> usize {
    let names: usize = realms.iter().map(Shown::width).sum();
    names + width(glyphs.then) * realms.len().saturating_sub(1)
}

/// A realm chain in at most `room` columns. The longest names lose their ends first; where even short names do not fit,
/// the middle of the chain goes.
pub(super) fn fit_chain(realms: &[Shown], room: usize, glyphs: &Glyphs) -> String {
    const SHORTEST: usize = 5;
    let with_names_of = |longest: usize| {
        let names: Vec<String> = realms.iter().map(|realm| realm.fit_start(longest, glyphs)).collect();
        Shown::own(names.join(glyphs.then))
    };
    // The widest names that fit: the width grows with the bound.
    let (mut fits, mut too_long) = (SHORTEST, room.max(SHORTEST) + 1);
    while too_long - fits > 1 {
        let middle = fits.midpoint(too_long);
        if with_names_of(middle).width() <= room { fits = middle } else { too_long = middle }
    }
    with_names_of(fits).fit(room, glyphs)
}

/// Lines of at most `room` columns, broken at spaces, within a word only where it is longer than a line.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    // A wide character needs two columns.
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= room {
            line.extend(std::iter::repeat_n(' ', gap));
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while width(rest) > room {
            let head = take(rest, room);
            // Some scripts allow graphemes of any width; one wider than a line is broken between its characters.
            let cut = if head.is_empty() { take_chars(rest, room) } else { head.len() };
            lines.push(rest[..cut].to_owned());
            rest = &rest[cut..];
        }
        line.push_str(rest);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A number with thousands separators.
pub(in crate::report) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun.
pub(in crate::report) fn count(amount: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(amount), if amount == 1 { one } else { many })
}

/// A size in bytes for people.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if size < 1024 {
        return count(size, "byte", "bytes");
    }
    // Tenths in integers: the same text everywhere.
    let mut tenths = u128::from(size) * 10;
    let mut unit = 0;
    tenths = tenths.div_ceil(1024);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1024);
        unit += 1;
    }
    if tenths >= 1000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// Share of a whole in percent.
pub(in crate::report) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    match percent {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// A length of time for people, in its two largest units.
pub(crate) fn duration(seconds: u64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut out = Vec::new();
    let mut rest = seconds;
    for (size, unit) in units {
        let amount = rest / size;
        rest %= size;
        if amount > 0 {
            out.push(format!("{} {unit}", number(amount)));
        } else if !out.is_empty() {
            break;
        }
        if out.len() == 2 {
            break;
        }
    }
    if out.is_empty() { "0 s".to_owned() } else { out.join(" ") }
}

/// A time of the report.
pub(in crate::report) fn parse_time(time: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_sizes_shares_and_durations() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1000), "1,000");
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(200 << 20), "200 MiB");
        assert_eq!(bytes(u64::MAX), "16384 PiB");
        assert_eq!(percent(0, 0), "-");
        assert_eq!(percent(1, 1000), "<1 %");
        assert_eq!(percent(999, 1000), ">99 %");
        assert_eq!(percent(1, 3), "33 %");
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(86_399), "23 h 59 min");
        assert_eq!(duration(86_400), "1 d");
        assert_eq!(duration(86_405), "1 d");
    }

    #[test]
    fn long_text_keeps_its_ends_and_says_its_length() {
        let long = Shown::log(&format!("start{}end", "x".repeat(65_536)), true);
        let shown = long.fit(40, &Glyphs::UNICODE);
        assert!(shown.starts_with("startx") && shown.ends_with("end"), "{shown}");
        assert!(shown.contains("…(65,544 characters)…"), "{shown}");
        assert_eq!(width(&shown), 40);
        assert_eq!(Shown::own("service-account").fit(9, &Glyphs::UNICODE), "servic…nt");
        assert_eq!(Shown::own("service-account").fit(9, &Glyphs::ASCII), "servi..nt");
        assert_eq!(width(&Shown::own("山田太郎山田太郎").fit(8, &Glyphs::UNICODE)), 7);
    }

    #[test]
    fn every_realm_of_a_chain_stays_in_sight() {
        let chain = ["reserved", "default_file", "corporate-active-directory"].map(Shown::own);
        let fitted = |room| fit_chain(&chain, room, &Glyphs::UNICODE);
        assert_eq!(fitted(60), "reserved → default_file → corporate-active-directory");
        assert_eq!(fitted(40), "reserved → default_file → corporate-act…");
        assert_eq!(fitted(24), "reser… → defau… → corpo…");
        assert_eq!(fitted(12), "rese… → …rp…");
    }

    #[test]
    fn wrapping_breaks_at_spaces_first() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "\\PC{0,200}|[a-z山\u{301} 🦀]{0,300}", room in 2usize..60) {
            for glyphs in [&Glyphs::UNICODE, &Glyphs::ASCII] {
                let shown = Shown::log(&text, glyphs.rule != '-').fit(room, glyphs);
                prop_assert!(width(&shown) <= room, "{shown}");
            }
            let shown = Shown::prose(&text, true).into_text();
            for line in wrap(&shown, room) {
                prop_assert!(width(&line) <= room, "{line}");
            }
        }
    }
}
