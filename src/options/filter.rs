//! What the user wants to look at: conditions on attempts and security changes, and their words.

use std::fmt;

use super::{AddressBook, Cidr};
use crate::network::address;
use crate::reason::Reason;
use crate::text::{Span, Text};
use crate::time::Millis;

mod bound;

pub use bound::{Bound, Edge, TimeRange};

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
    /// `event.action`; of refused and powerful actions also the Elasticsearch action.
    pub action: Rules,
    /// With or about which API key, by id or name.
    pub key: Rules,
    /// In which cluster, by uuid or name.
    pub cluster: Rules,
    /// About which index: the first that a request names.
    pub index: Rules,
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
    pub fn lists(&self) -> [(&'static str, &Rules); 9] {
        [
            ("principal", &self.principal),
            ("source", &self.source),
            ("realm", &self.realm),
            ("node", &self.node),
            ("reason", &self.reason),
            ("action", &self.action),
            ("key", &self.key),
            ("cluster", &self.cluster),
            ("index", &self.index),
        ]
    }

    /// The first and the last time that pass, of a log from `start` to `end`.
    #[must_use]
    pub fn range(&self, start: Option<Millis>, end: Option<Millis>) -> TimeRange {
        let at = |bound: &Bound| bound.at(start, end);
        TimeRange {
            since: self.since.iter().filter_map(at).min().unwrap_or(Millis(i64::MIN)),
            until: self.until.iter().filter_map(at).max().unwrap_or(Millis(i64::MAX)),
        }
    }

    /// Each condition in words, for a log from `start` to `end`.
    #[must_use]
    pub fn in_words(&self, start: Option<Millis>, end: Option<Millis>) -> Vec<Text> {
        let bounds = [("since ", &self.since), ("until ", &self.until)];
        let times = bounds.into_iter().flat_map(|(name, bounds)| bounds.iter().map(move |bound| (name, bound)));
        let mut words: Vec<Text> = times
            .map(|(name, bound)| match bound.at(start, end) {
                Some(time) => Text::from(name).with(Span::Exact(time)).with(format!(" ({})", bound.given)),
                None => Text::from(name).with(format!("{}: the log has no time", bound.given)),
            })
            .collect();
        for (name, rules) in self.lists() {
            words.extend(rules.in_words().into_iter().map(|rule| format!("{name} {rule}").into()));
        }
        words
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
    pub fn parse(texts: &[String], check: impl Fn(&str) -> Result<Pattern, String>) -> Result<Self, String> {
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
    /// The addresses that a book has under a name.
    Known(AddressBook, String),
}

impl Pattern {
    /// Any text.
    ///
    /// # Errors
    /// None.
    pub fn text(text: &str) -> Result<Self, String> {
        Ok(Self::Glob(text.to_owned()))
    }

    /// An address, a block of addresses, a glob, or after `@` the name of a network or a kind of list in a book.
    ///
    /// # Errors
    /// A message for the user where it is none of them.
    pub fn source(text: &str, known: &AddressBook) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('@') {
            return if known.has(name) {
                Ok(Self::Known(known.clone(), name.to_owned()))
            } else {
                Err(format!(
                    "no network is called `{name}`: it has to stand under [networks] in the file of --config; @bad and \
                     @good are what --addresses lists"
                ))
            };
        }
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
            Self::Block(block, _) => address(value).is_some_and(|address| block.contains(address)),
            Self::Known(book, name) => address(value).is_some_and(|address| book.holds(name, address)),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(text) | Self::Block(_, text) => f.write_str(text),
            Self::Known(_, name) => write!(f, "@{name}"),
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
        let source = |text: &str| Pattern::source(text, &AddressBook::default());
        assert!(source("10.0.0.0/8").unwrap().matches(b"10.1.2.3"));
        assert!(source("10.0.0.1").unwrap().matches(b"::ffff:10.0.0.1"));
        assert!(source("10.1.*").unwrap().matches(b"10.1.2.3"));
        assert!(!source("10.0.0.0/8").unwrap().matches(b"not an address"));
        for wrong in ["10.0.0.0/33", "10.0.0", "nonsense", "10.*/8", "@office"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::reason("api_key_*").is_ok());
        assert!(Pattern::reason("bad_pasword").is_err());
    }
}
