//! Which lines may name somebody: a search for names through all bytes, many times faster than reading lines.
//!
//! A line that is passed over names nobody who is looked for, whatever its shape. So a name is looked for by the part of it
//! that every way of writing it leaves alone: letters, digits and what no encoder of JSON escapes. A line that is found may be
//! about something else; whoever decodes it sees that.

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// Names beyond which the packed search would be no faster than reading every line; it takes 128 at most.
const MOST: usize = 100;

/// Names that are looked for.
#[derive(Debug)]
pub(super) struct Needles {
    /// Finds a part of some name; `None` where every line has to be read, if any name is looked for.
    searcher: Option<Searcher>,
    none: bool,
    /// By needle: whether it is a name from its first byte, and to its last.
    whole: Vec<(bool, bool)>,
}

impl Needles {
    /// Of names; each is as it stands in a record once that is unescaped.
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n [u8]>) -> Self {
        let mut parts: Vec<(&[u8], (bool, bool))> = Vec::new();
        for name in names {
            let Some(part) = plain_part(name) else { return Self { searcher: None, none: false, whole: Vec::new() } };
            parts.push(part);
        }
        parts.sort_unstable();
        parts.dedup();
        let searcher = (parts.len() <= MOST).then(|| {
            let mut builder = Config::new().match_kind(MatchKind::LeftmostLongest).builder();
            builder.extend(parts.iter().map(|(part, _)| part));
            builder.build()
        });
        Self {
            searcher: searcher.flatten(),
            none: parts.is_empty(),
            whole: parts.into_iter().map(|(_, whole)| whole).collect(),
        }
    }

    /// The next place, from `at` on, where a name may stand.
    pub(super) fn find(&self, text: &[u8], mut at: usize) -> Option<usize> {
        let Some(searcher) = &self.searcher else { return (at < text.len() && !self.none).then_some(at) };
        while let Some(found) = searcher.find_in(text, (at..text.len()).into()) {
            let (from_first, to_last) = self.whole.get(found.pattern().as_usize()).copied().unwrap_or_default();
            let goes_on = to_last && text.get(found.end()).is_some_and(u8::is_ascii_alphanumeric);
            if !(goes_on || from_first && is_within_word(&text[..found.start()])) {
                return Some(found.start());
            }
            at = found.start() + 1;
        }
        None
    }
}

/// Whether what follows goes on with a word. Behind a backslash letters and digits may be the end of an escape.
fn is_within_word(before: &[u8]) -> bool {
    before.last().is_some_and(u8::is_ascii_alphanumeric) && !before[before.len().saturating_sub(6)..].contains(&b'\\')
}

/// The longest part of a name that stands in every record as it is, and whether it reaches to either end of the name; `None`
/// where there is none.
fn plain_part(name: &[u8]) -> Option<(&[u8], (bool, bool))> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(byte);
    let mut best = 0..0;
    let mut start = 0;
    for run in name.chunk_by(|a, b| plain(a) == plain(b)) {
        if plain(&run[0]) && run.len() > best.len() {
            best = start..start + run.len();
        }
        start += run.len();
    }
    (!best.is_empty()).then(|| (&name[best.clone()], (best.start == 0, best.end == name.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, text: &str) -> bool {
        Needles::new([name.as_bytes()]).find(text.as_bytes(), 0).is_some()
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for text in [
            r#"{"user.name":"alice", "realm":"r"}"#,
            r#"{"log":"{\"user.name\":\"alice\"}"}"#,
            r#"{"log":"{\u0022user.name\u0022:\u0022alice\u0022}"}"#,
            "principal=[alice], realm=[r]",
            "a,alice,b",
            "x alice_2 y",
        ] {
            assert!(finds("alice", text), "{text}");
        }
        for text in ["malice", "alice2", "Alice", "", "alic"] {
            assert!(!finds("alice", text), "{text}");
        }
        assert!(finds("alice", "malice alice2 alice"), "the first places are of other words");
    }

    #[test]
    fn what_may_be_escaped_is_not_looked_for() {
        assert!(finds("elastic/fleet-server", r#""elastic\/fleet-server""#));
        assert!(finds("a\"bcd", r#""a\"bcd""#));
        assert!(finds("jürgen", r#""j\u00fcrgen""#));
        assert!(finds("Юля", "any line at all"), "nothing of it is plain");
        assert!(Needles::new([]).find(b"anything", 0).is_none());
    }

    #[test]
    fn many_names() {
        let names: Vec<String> = (0..60).map(|at| format!("user-{at:02}")).collect();
        let needles = Needles::new(names.iter().map(String::as_bytes));
        for name in &names {
            let text = format!("nobody, {name}");
            assert_eq!(needles.find(text.as_bytes(), 0), Some(8), "{name}");
        }
        assert_eq!(needles.find(b"user-60 user-6", 0), None);
    }
}
