//! Whole templates of messages, with holes for what Elasticsearch writes into them.
//!
//! Names come from clients and may hold any text, pieces of other messages too. So a template has to fit from the first
//! byte to the last, what fills a hole is never looked at, and a name that stands twice has to be the same both times.

use memchr::memmem;

/// What stands in a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// `{user}`: a principal, which the client chose.
    User,
    /// `{key}`: the id of an API key, which the client chose.
    Key,
    /// `{realm}`: a realm. Its name is configured, so the first end of it is the end.
    Realm,
    /// `{cause}`: the exception behind a message.
    Cause,
    /// `{n}`: a number.
    Number,
    /// `{}`: anything.
    Any,
}

/// Holes of a name, in the order of their places in [`Filled`].
const NAMED: usize = 4;

/// What the holes of a message hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filled<'m> {
    holes: [Option<&'m [u8]>; NAMED],
    /// What stands in the first hole that anything may fill, and not only what is configured or counted.
    quoted: Option<&'m [u8]>,
}

impl<'m> Filled<'m> {
    pub(super) fn get(&self, hole: Hole) -> Option<&'m [u8]> {
        self.holes.get(hole as usize).copied().flatten()
    }

    /// Where the first hole begins that anything may fill; the end of the message if it has none.
    pub(super) fn quoted_from(&self, message: &'m [u8]) -> usize {
        self.quoted.map_or(message.len(), |quoted| quoted.as_ptr().addr() - message.as_ptr().addr())
    }
}

/// A literal, and the hole behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PatternPart {
    literal: &'static [u8],
    hole: Option<Hole>,
}

/// A template, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplatePattern(Vec<PatternPart>);

/// Ends of a hole that are tried: a name that holds more pieces of a message than this is of nobody who wants in.
const MOST_ENDS: usize = 16;

impl TemplatePattern {
    /// Takes a template apart.
    pub(super) fn of(text: &'static str) -> Self {
        const HOLES: [(&str, Hole); 6] = [
            ("{user}", Hole::User),
            ("{key}", Hole::Key),
            ("{realm}", Hole::Realm),
            ("{cause}", Hole::Cause),
            ("{n}", Hole::Number),
            ("{}", Hole::Any),
        ];
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let next = HOLES.iter().filter_map(|&(name, hole)| Some((rest.find(name)?, name, hole)));
            match next.min_by_key(|&(at, ..)| at) {
                Some((at, name, hole)) => {
                    parts.push(PatternPart { literal: &rest.as_bytes()[..at], hole: Some(hole) });
                    rest = &rest[at + name.len()..];
                }
                None => {
                    parts.push(PatternPart { literal: rest.as_bytes(), hole: None });
                    rest = "";
                }
            }
        }
        Self(parts)
    }

    /// What the holes hold, if the template fits the whole message.
    pub(super) fn fit<'m>(&self, message: &'m [u8]) -> Option<Filled<'m>> {
        let first = self.0.first()?;
        message.starts_with(first.literal).then(|| fit(&self.0, message, Filled::default())).flatten()
    }
}

fn fit<'m>(parts: &[PatternPart], text: &'m [u8], filled: Filled<'m>) -> Option<Filled<'m>> {
    let Some((part, parts)) = parts.split_first() else { return text.is_empty().then_some(filled) };
    let text = text.strip_prefix(part.literal)?;
    let Some(hole) = part.hole else { return fit(parts, text, filled) };
    let Some(next) = parts.first() else { return fill(filled, hole, text) };
    let with = |end: usize| fit(parts, &text[end..], fill(filled, hole, &text[..end])?);
    match hole {
        Hole::Realm | Hole::Number => with(memmem::find(text, next.literal)?),
        // The last end first: what follows a name is Elasticsearch's own.
        _ if parts.len() == 1 && next.hole.is_none() => with(text.len().checked_sub(next.literal.len())?),
        _ => memmem::rfind_iter(text, next.literal).take(MOST_ENDS).find_map(with),
    }
}

/// Fills a hole, unless the same name filled it otherwise before.
fn fill<'m>(mut filled: Filled<'m>, hole: Hole, text: &'m [u8]) -> Option<Filled<'m>> {
    if hole == Hole::Number && !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if !matches!(hole, Hole::Realm | Hole::Number) {
        filled.quoted.get_or_insert(text);
    }
    if let Some(slot) = filled.holes.get_mut(hole as usize)
        && *slot.get_or_insert(text) != text
    {
        return None;
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(template: &'static str, message: &str) -> Option<[Option<String>; NAMED]> {
        let filled = TemplatePattern::of(template).fit(message.as_bytes())?;
        Some(filled.holes.map(|text| text.map(|text| String::from_utf8_lossy(text).into_owned())))
    }

    #[test]
    fn a_template_fits_the_whole_message() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(holes("a [{user}] b", "a [x] b"), Some([some("x"), None, None, None]));
        for message in ["a [x] b!", " a [x] b", "a [x]", "a [", ""] {
            assert_eq!(holes("a [{user}] b", message), None, "{message}");
        }
        assert_eq!(holes("id {key}", "id a b, c"), Some([None, some("a b, c"), None, None]));
        assert_eq!(holes("now [{n}]", "now [12]"), Some([None, None, None, None]));
        assert_eq!(holes("now [{n}]", "now [1x]"), None);
        assert_eq!(holes("to {realm} - {}", "to r - x - y"), Some([None, None, some("r"), None]));
    }

    #[test]
    fn a_name_may_hold_pieces_of_the_message() {
        const TEMPLATE: &str = "of [{user}] by [{realm}] - user [{user}]";
        for name in ["x", "x] by [r] - user [x", "] by [", "] by [r] - user [", " - ", "]"] {
            let message = format!("of [{name}] by [r1] - user [{name}]");
            assert_eq!(
                holes(TEMPLATE, &message),
                Some([Some(name.into()), None, Some("r1".into()), None]),
                "{message}"
            );
        }
        assert_eq!(holes(TEMPLATE, "of [x] by [r1] - user [y]"), None);
    }
}
