//! The documentation of a kind of finding, as data: `esaudit explain`, the manual and the reports read the same words.

use super::hypotheses::HYPOTHESES;
use super::kinds::Kind;
use crate::model::text::Text;

/// What a kind of finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doc {
    /// Which.
    pub kind: Kind,
    /// What it looks like in the logs, in one line.
    pub signature: &'static str,
    /// What it means, in plain words. Names in braces as in `next_steps`.
    pub meaning: &'static str,
    /// Which way the verdict leans, and what turns it.
    pub verdict: &'static str,
    /// What to do. `{source}`, `{sources}`, `{principal}`, `{principals}`, `{node}`, `{nodes}`, `{key}` and `{keys}` stand for
    /// what a finding names, `{disable}` for how its account is disabled; requests stand in square brackets, see [`Text::fill`].
    pub next_steps: &'static [&'static str],
    /// When it is a false alarm.
    pub false_positives: &'static [&'static str],
    /// ATT&CK techniques of a hostile one.
    pub attack: &'static [&'static str],
    /// Where the pattern comes from.
    pub source: &'static str,
}

/// Every kind's documentation, in the order of the contract.
pub fn docs() -> impl Iterator<Item = &'static Doc> {
    HYPOTHESES.iter().map(|hypothesis| &hypothesis.doc)
}

/// The documentation of a kind.
pub(super) fn of(kind: Kind) -> &'static Doc {
    &HYPOTHESES[kind as usize].doc
}

/// How to disable an account, where the realm is not known.
pub(super) const DISABLE: &str = "[PUT /_security/user/{principal}/_disable] (native), or in the directory";

/// A text of the documentation without a finding.
#[must_use]
pub fn spoken(template: &'static str) -> Text {
    let named = |name: &str| stand_in(name).map(Text::from);
    let disable = || Text::fill(DISABLE, named);
    Text::fill(template, |name| if name == "disable" { Some(disable()) } else { named(name) }).capital()
}

/// What stands for a name where there is no finding.
fn stand_in(name: &str) -> Option<&'static str> {
    Some(match name {
        "source" => "the source",
        "sources" => "the sources",
        "principal" => "the account",
        "principals" => "the accounts",
        "node" => "NODE",
        "nodes" => "the nodes",
        "key" => "the key",
        "keys" => "the keys",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::Span;

    #[test]
    fn every_kind_is_documented_whole() {
        for doc in docs() {
            let name = doc.kind.name();
            for text in [doc.signature, doc.meaning, doc.verdict, doc.source] {
                assert!(text.len() > 10, "{name}: {text}");
            }
            assert!(!doc.next_steps.is_empty() && !doc.false_positives.is_empty(), "{name}");
            for template in doc.next_steps.iter().chain([&doc.meaning]) {
                let told = spoken(template);
                let words = told.spans().iter().filter(|span| !matches!(span, Span::Call(_)));
                let words: String = words.map(|span| span.plain().into_owned()).collect();
                assert!(!words.contains('{') && !words.contains('['), "{name}: {words}");
            }
        }
        assert_eq!(docs().count(), Kind::ALL.len());
    }
}
