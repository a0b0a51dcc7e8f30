//! The framings: how the records of an input are separated where they are not lines. One file each, and one line here.

use super::csv::{self, Csv};
use super::documents::{self, Documents};
use super::record::Framer;
use super::rubydebug::{self, RubyDebug};
use crate::decode;

/// One way of separating records that are not lines.
struct Entry {
    /// The name in `coverage.inputs[].format` and of `--input-format`.
    name: &'static str,
    /// Whether the first bytes of an input, without byte-order mark and white space, are of it.
    claims: fn(&[u8]) -> bool,
    /// A reader that holds no record longer than so many bytes.
    framer: fn(usize) -> Box<dyn Framer>,
    /// The framing decides the format of all records, whatever they hold.
    names_records: bool,
}

/// In the order in which they are asked.
static FRAMINGS: [Entry; 4] = [
    Entry {
        name: "rubydebug",
        claims: rubydebug::claims,
        framer: |limit| Box::new(RubyDebug::new(limit)),
        names_records: true,
    },
    Entry {
        name: "containers",
        claims: documents::claims_containers,
        framer: |limit| Box::new(Documents::containers(limit)),
        names_records: false,
    },
    Entry {
        name: "documents",
        claims: documents::claims,
        framer: |limit| Box::new(Documents::new(limit)),
        names_records: false,
    },
    Entry { name: "csv", claims: csv::claims, framer: |limit| Box::new(Csv::new(limit)), names_records: true },
];

/// How the records of an input are separated, where they are not lines.
#[derive(Clone, Copy)]
pub struct Framing(&'static Entry);

impl PartialEq for Framing {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Framing {}

impl std::fmt::Debug for Framing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Framing {
    /// The name in `coverage.inputs[].format`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name, where every record of an input is of that format.
    #[must_use]
    pub fn record_format(self) -> Option<&'static str> {
        self.0.names_records.then_some(self.0.name)
    }

    /// The framing that `--input-format` names; `None` also for lines.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FRAMINGS.iter().find(|entry| entry.name == name).map(Self)
    }

    /// A reader of this framing that holds no record longer than `limit` bytes.
    #[must_use]
    pub fn framer(self, limit: usize) -> Box<dyn Framer> {
        (self.0.framer)(limit)
    }

    /// Tells the framing from the first bytes of an input; `None` for lines. A few suffice, except for the headers of wide
    /// CSV exports: 64 KiB are enough for any.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        FRAMINGS.iter().find(|entry| (entry.claims)(text)).map(Self)
    }
}

/// The names that `--input-format` knows: the framings, then the shapes.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    std::iter::once("lines").chain(FRAMINGS.iter().map(|entry| entry.name)).chain(decode::shape_names())
}

/// Whether whatever writes records of a format writes nothing else: audit events as JSON, their exports, and the files in
/// which container runtimes wrap every line.
#[must_use]
pub fn is_structured(format: &str) -> bool {
    Framing::named(format).is_some() || decode::is_structured(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framings_are_told_from_their_first_bytes() {
        for (text, framing) in [
            ("", None),
            ("{\"type\":\"audit\", \"a\":{\"took\":1}}\n{\"took\":1}", None),
            ("{\"type\":\"audit\", \"user.name\":\"cut\n{\"type\":\"audit\"}\n", None),
            ("{\"type\":\"audit\",\n{\"type\":\"audit\"}\n", None),
            ("{\"_index\":\"x\",\"_source\":{\"hits\":1}}\n", None),
            ("[2018-06-19T05:16:15,549] [rest] [x]", None),
            ("plain, text\n", None),
            ("\u{feff}{\n  \"@timestamp\": 1\n}", Some("documents")),
            ("{\"took\":3,\"hits\":{\"hits\":[", Some("documents")),
            ("  {\"_scroll_id\":\"x\"", Some("documents")),
            ("[{\"a\":1},", Some("documents")),
            ("[\n  {\n", Some("documents")),
            ("\"@timestamp\",\"event.action\",\"user.name\"\n", Some("csv")),
            ("'@timestamp;event.action;user.name\r\n", Some("csv")),
        ] {
            assert_eq!(Framing::sniff(text.as_bytes()).map(Framing::name), framing, "{text}");
        }
    }
}
