//! Sentences of a report: spans that say what they are, so that writers show each as it should be shown and nothing has to be
//! found in finished text. In JSON a text is a plain string, its times in UTC; read back, it is one plain span.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Millis;
use crate::words;

pub mod call;

use call::ApiCall;

/// A sentence, a title, a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text(Vec<Span>);

/// A text from a log. It is no string and cannot be formatted: whatever writes it has to say how it makes it harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged(Box<str>);

impl Logged {
    /// A text from a log.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As it stands in the log: for writers, which escape it, and for programs.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }
}

/// A piece of a text. What comes from a log, whichever kind it is, is hostile; only writers turn it into output.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Words of our own; of a report that was read back, all there is.
    Plain(Cow<'static, str>),
    /// A text from the log that is none of the following.
    Name(Logged),
    /// Who authenticates.
    Principal(Logged),
    /// A client's address.
    Address(Logged),
    /// A node, as people call it.
    Node(Logged),
    /// An API key: its id or name.
    Key(Logged),
    /// A realm.
    Realm(Logged),
    /// A finding of the same report, by its id.
    Finding(Logged),
    /// Realms in the order they were asked.
    Chain(Box<[Logged]>),
    /// A setting, an option, a file name: what is typed as it stands.
    Code(Cow<'static, str>),
    /// An instant, told to the second.
    Time(Millis),
    /// An instant to the millisecond: a bound.
    Exact(Millis),
    /// A length of time in milliseconds.
    Duration(i64),
    /// A number.
    Count(u64),
    /// A size in bytes.
    Bytes(u64),
    /// A share, 0 to 1.
    Share(f64),
    /// From an instant to another.
    Period(Millis, Millis),
    /// A line of an input.
    Place(Logged, u64),
    /// A request to the cluster.
    Call(Box<ApiCall>),
}

impl Span {
    /// A text from the log, of none of the named kinds.
    #[must_use]
    pub fn name(text: &str) -> Self {
        Self::Name(Logged::new(text))
    }

    /// A principal.
    #[must_use]
    pub fn principal(text: &str) -> Self {
        Self::Principal(Logged::new(text))
    }

    /// An address.
    #[must_use]
    pub fn address(text: &str) -> Self {
        Self::Address(Logged::new(text))
    }

    /// A node.
    #[must_use]
    pub fn node(text: &str) -> Self {
        Self::Node(Logged::new(text))
    }

    /// An API key.
    #[must_use]
    pub fn key(text: &str) -> Self {
        Self::Key(Logged::new(text))
    }

    /// A realm.
    #[must_use]
    pub fn realm(text: &str) -> Self {
        Self::Realm(Logged::new(text))
    }

    /// A finding.
    #[must_use]
    pub fn finding(id: &str) -> Self {
        Self::Finding(Logged::new(id))
    }

    /// A chain of realms.
    pub fn chain<'a>(realms: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Chain(realms.into_iter().map(Logged::new).collect())
    }

    /// The text from the log that it holds, if it is one.
    #[must_use]
    pub fn logged(&self) -> Option<&str> {
        match self {
            Self::Name(text)
            | Self::Principal(text)
            | Self::Address(text)
            | Self::Node(text)
            | Self::Key(text)
            | Self::Realm(text) => Some(text.raw()),
            _ => None,
        }
    }
}

/// The time of a sentence, to the second: `2026-03-01 12:34:56 UTC`.
#[must_use]
pub fn utc(time: Millis) -> String {
    let text = time.rfc3339();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(clock)) if text.len() == 24 => format!("{day} {clock} UTC"),
        _ => text,
    }
}

impl Span {
    /// As it stands in JSON: text from the log as it was logged, times in UTC.
    #[must_use]
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) | Self::Code(text) => Cow::Borrowed(text),
            Self::Name(text)
            | Self::Principal(text)
            | Self::Address(text)
            | Self::Node(text)
            | Self::Key(text)
            | Self::Realm(text)
            | Self::Finding(text) => Cow::Borrowed(text.raw()),
            Self::Chain(realms) => realms.iter().map(Logged::raw).collect::<Vec<_>>().join(" > ").into(),
            Self::Time(time) => utc(*time).into(),
            Self::Exact(time) => time.rfc3339().into(),
            Self::Period(from, to) => format!("{} to {}", utc(*from), utc(*to)).into(),
            Self::Duration(ms) => words::duration(*ms).into(),
            Self::Count(count) => words::number(*count).into(),
            Self::Bytes(bytes) => words::bytes(*bytes).into(),
            Self::Share(share) => words::share(*share).into(),
            Self::Place(path, line) => format!("{}:{line}", path.raw()).into(),
            Self::Call(call) => call.plain().into(),
        }
    }
}

impl Text {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Its pieces.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether its plain form contains a text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.plain().contains(text)
    }

    /// As it stands in JSON.
    #[must_use]
    pub fn plain(&self) -> Cow<'_, str> {
        match self.0.as_slice() {
            [span] => span.plain(),
            spans => spans.iter().map(Span::plain).collect::<String>().into(),
        }
    }

    /// Adds a text, or anything that is one.
    pub fn push(&mut self, text: impl Into<Self>) {
        self.0.append(&mut text.into().0);
    }

    /// The same as a sentence: a first word of our own has a capital.
    #[must_use]
    pub fn capital(mut self) -> Self {
        if let Some(Span::Plain(words)) = self.0.first_mut() {
            let mut chars = words.chars();
            let first = chars.next().map(|first| first.to_ascii_uppercase());
            *words = Cow::Owned(first.into_iter().chain(chars).collect());
        }
        self
    }

    /// The same within a sentence: a first word of our own has no capital, unless it is an abbreviation.
    #[must_use]
    pub fn within(mut self) -> Self {
        if let Some(Span::Plain(words)) = self.0.first_mut()
            && words.chars().nth(1).is_some_and(char::is_lowercase)
        {
            let mut chars = words.chars();
            let first = chars.next().map(|first| first.to_ascii_lowercase());
            *words = Cow::Owned(first.into_iter().chain(chars).collect());
        }
        self
    }

    /// What it is about, where it is one of those that say `what on node where: why`.
    #[must_use]
    pub fn topic(&self) -> Self {
        let plain = self.plain();
        let ends = [" on node", ": ", " (", ", "].iter().filter_map(|end| plain.find(end));
        let end = ends.min().unwrap_or(plain.len());
        Self::from(plain.get(..end).unwrap_or_default().to_owned())
    }

    /// The same with something added.
    #[must_use]
    pub fn with(mut self, text: impl Into<Self>) -> Self {
        self.push(text);
        self
    }

    /// A template of our own with each `{}` replaced by the next of `parts`; see [`text!`](crate::text!).
    #[must_use]
    pub fn format(template: &'static str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut out = Self::new();
        let mut parts = parts.into_iter();
        let mut pieces = template.split("{}");
        out.own(pieces.next().unwrap_or_default());
        for piece in pieces {
            out.push(parts.next().unwrap_or_default());
            out.own(piece);
        }
        out
    }

    fn own(&mut self, words: &'static str) {
        if !words.is_empty() {
            self.0.push(Span::Plain(Cow::Borrowed(words)));
        }
    }

    /// `a`, `a and b`, `a, b and 3 others`: at most `most` of the items, of which there are `total`.
    pub fn list(items: impl IntoIterator<Item = Span>, total: u64, most: usize) -> Self {
        let items: Vec<Span> = items.into_iter().take(most).collect();
        let mut out = Self::new();
        let own = |out: &mut Self, text: String| out.0.push(Span::Plain(Cow::Owned(text)));
        words::join(items.into_iter(), total, &mut out, |out, item| out.0.push(item), own);
        out
    }

    /// `1 failure`, `12,345 failures`.
    #[must_use]
    pub fn count(amount: u64, one: &'static str, many: &'static str) -> Self {
        Self::from(Span::Count(amount)).with(" ").with(if amount == 1 { one } else { many })
    }

    /// A template of our own with `{name}` replaced by what `value` knows; other braces stay. A request stands in square
    /// brackets, with its placeholders as names: `[POST /_security/user/{principal}/_password]`, `[DELETE /_security/api_key with
    /// {"username":"{principal}"}]`.
    #[must_use]
    pub fn fill(template: &'static str, value: impl Fn(&str) -> Option<Self>) -> Self {
        let name = |name: &str| value(name).and_then(|text| text.0.first().and_then(Span::logged).map(str::to_owned));
        let mut out = Self::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '[']) {
            let (before, from) = rest.split_at(at);
            let (piece, after): (Option<Self>, &'static str) = if from.starts_with('[') {
                let end = closing(from).unwrap_or(0);
                let call = from.get(1..end).and_then(|call| ApiCall::template(call, name));
                (call.map(Self::from), from.get(end + 1..).unwrap_or_default())
            } else {
                let end = from.find('}').unwrap_or(0);
                (from.get(1..end).and_then(&value), from.get(end + 1..).unwrap_or_default())
            };
            out.own(before);
            match piece {
                Some(piece) => {
                    out.push(piece);
                    rest = after;
                }
                None => {
                    out.own(&from[..1]);
                    rest = &from[1..];
                }
            }
        }
        out.own(rest);
        out
    }
}

/// Where the bracket with which a text begins is closed; its body may hold lists.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    text.bytes().position(|byte| {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

/// `text!("{} from {}", Span::principal(name), list)`: a text from a template of our own and anything that is a text.
#[macro_export]
macro_rules! text {
    ($template:literal $(, $part:expr)* $(,)?) => {
        $crate::text::Text::format(
            $template,
            [$($crate::text::Text::from($part)),*],
        )
    };
}

impl From<Span> for Text {
    fn from(span: Span) -> Self {
        Self(vec![span])
    }
}

impl From<&'static str> for Text {
    fn from(own: &'static str) -> Self {
        let mut out = Self::new();
        out.own(own);
        out
    }
}

/// Words made at run time; no names of a log, which have spans of their own.
impl From<String> for Text {
    fn from(own: String) -> Self {
        if own.is_empty() { Self::new() } else { Self(vec![Span::Plain(Cow::Owned(own))]) }
    }
}

impl From<u64> for Text {
    fn from(count: u64) -> Self {
        Span::Count(count).into()
    }
}

impl From<Millis> for Text {
    fn from(time: Millis) -> Self {
        Span::Time(time).into()
    }
}

impl From<ApiCall> for Text {
    fn from(call: ApiCall) -> Self {
        Span::Call(Box::new(call)).into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.plain() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.plain())
    }
}

#[cfg(feature = "internals")]
impl schemars::JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_plain_string_in_json() {
        let names = ["a", "b", "2026-03-01 12:34:56 UTC"].map(Span::principal);
        let text = text!(
            "{} from {} at {}, for {}: {}",
            Text::count(1, "failure", "failures"),
            Text::list(names, 5, 3),
            Millis(1_772_368_496_789),
            Span::Duration(16_200_000),
            ApiCall::new(super::call::Method::Get, "/_security/user").name("a b"),
        );
        let plain = "1 failure from a, b, 2026-03-01 12:34:56 UTC and 2 others at 2026-03-01 12:34:56 UTC, for 4 h 30 min: \
                     GET /_security/user/a%20b";
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, serde_json::to_string(plain).unwrap());
        let read: Text = serde_json::from_str(&json).unwrap();
        assert_eq!(read.spans(), [Span::Plain(Cow::Owned(plain.to_owned()))]);
        assert_eq!(read, plain);
    }

    #[test]
    fn templates_are_filled_once() {
        let value = |name: &str| (name == "principal").then(|| Span::principal("{source}[/").into());
        let filled = Text::fill("{principal} [GET /_security/user/{principal}] {x} [1] {", value);
        assert_eq!(filled, "{source}[/ GET /_security/user/%7Bsource%7D%5B%2F {x} [1] {");
        assert!(matches!(filled.spans()[2], Span::Call(_)), "{filled:?}");
    }
}
