//! The documentation of a kind of finding, as data: `esaudit explain`, the manual and the reports read the same words.

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
