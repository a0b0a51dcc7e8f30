//! Texts of `key=value` pairs whose values are not escaped, so that a client's text may look like the next pair.
//!
//! Two rules keep such text from passing for a member: only names of known members, in full delimiters, begin a pair;
//! and the first pair of a name wins, because a node writes what it knows before what the client sent. Where a client's
//! text may come first, a name that occurs twice is not believed at all.

/// How the pairs of one format are written.
pub struct Pairs {
    /// What stands between a name and its value, e.g. `=[`.
    pub open: &'static [u8],
    /// What ends a value, e.g. `]`.
    pub close: &'static [u8],
    /// What stands between two pairs, after `close`.
    pub between: &'static [u8],
    /// The names that may begin a pair.
    pub names: &'static [&'static [u8]],
}

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPair<'a> {
    /// The name.
    pub name: &'static [u8],
    /// The value, as written.
    pub value: &'a [u8],
}

impl Pairs {
    /// The pair name at the start of a text, and what follows its `open`.
    fn start<'a>(&self, text: &'a [u8]) -> Option<(&'static [u8], &'a [u8])> {
        let end = memchr::memmem::find(text.get(..64).unwrap_or(text), self.open)?;
        let name = self.names.iter().find(|name| **name == &text[..end])?;
        Some((name, &text[end + self.open.len()..]))
    }

    /// Reads a text that is nothing but pairs. `None` where it does not begin with one.
    #[must_use]
    pub fn read<'a>(&self, text: &'a [u8]) -> Option<Vec<FieldPair<'a>>> {
        let (mut name, mut rest) = self.start(text)?;
        let mut pairs = Vec::new();
        let delimiter = [self.close, self.between].concat();
        'pair: loop {
            for at in memchr::memmem::find_iter(rest, &delimiter) {
                if let Some((next, value)) = self.start(&rest[at + delimiter.len()..]) {
                    pairs.push(FieldPair { name, value: &rest[..at] });
                    (name, rest) = (next, value);
                    continue 'pair;
                }
            }
            // The last value ends at the end; a line cut in the middle has no closer.
            pairs.push(FieldPair { name, value: rest.strip_suffix(self.close).unwrap_or(rest) });
            return Some(pairs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Pairs = Pairs { open: b"=[", close: b"]", between: b", ", names: &[b"principal", b"uri", b"body"] };

    fn read(text: &str) -> Vec<(String, String)> {
        let pairs = TEXT.read(text.as_bytes()).unwrap_or_default();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        pairs.iter().map(|pair| (text(pair.name), text(pair.value))).collect()
    }

    #[test]
    fn values_may_hold_delimiters_that_no_name_follows() {
        assert_eq!(
            read("principal=[a], b], uri=[/x[1]], body=[{\"r\":[\"a\"], \"x\":1}]"),
            [("principal", "a], b"), ("uri", "/x[1]"), ("body", "{\"r\":[\"a\"], \"x\":1}")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn cut_lines_keep_what_is_there() {
        assert_eq!(read("principal=[a], uri=[/x"), [("principal".into(), "a".into()), ("uri".into(), "/x".into())]);
        assert_eq!(read("principal="), []);
        assert_eq!(read("other=[a], principal=[a]"), []);
    }
}
