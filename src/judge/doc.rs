//! The documentation of a kind of finding, as data: `esaudit explain`, the README and the reports read the same words.

use std::fmt::Write as _;

use super::hypotheses::HYPOTHESES;
use super::kinds::Kind;
use super::words;

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
    /// what a finding names; `{principal_url}`, `{key_url}`, `{principal_json}` and `{key_json}` for a name as it may stand in
    /// the path of a request, or in its body.
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

/// All kinds, a line each.
#[must_use]
pub fn listing() -> String {
    let width = Kind::ALL.iter().map(|kind| kind.name().len()).max().unwrap_or(0);
    docs().fold(String::new(), |mut out, doc| {
        let _ = writeln!(out, "{:<width$}  {}", doc.kind.name(), doc.signature);
        out
    })
}

/// The documentation of one kind.
#[must_use]
pub fn explain(kind: Kind) -> Option<String> {
    let doc = docs().find(|doc| doc.kind == kind)?;
    let spoken = |text: &'static str| words::fill(text, |name| spoken(name).map(str::to_owned)).into_owned();
    let meaning = capital(&spoken(doc.meaning));
    let mut out = format!("{}\n\n{}\n\n{}\n", doc.kind.name(), wrap(doc.signature, ""), wrap(&meaning, ""));
    section(&mut out, "Verdict", &[doc.verdict.to_owned()]);
    let steps: Vec<String> = doc.next_steps.iter().map(|&step| capital(&spoken(step))).collect();
    section(&mut out, "Next steps", &steps);
    let told: Vec<String> = doc.false_positives.iter().map(|&text| text.to_owned()).collect();
    section(&mut out, "False positives", &told);
    if !doc.attack.is_empty() {
        section(&mut out, "ATT&CK", &[doc.attack.join(", ")]);
    }
    section(&mut out, "Source", &[doc.source.to_owned()]);
    Some(out)
}

/// What stands for a name where there is no finding.
fn spoken(name: &str) -> Option<&'static str> {
    Some(match name {
        "source" => "the source",
        "sources" => "the sources",
        "principal" => "the account",
        "principals" => "the accounts",
        "node" => "NODE",
        "nodes" => "the nodes",
        "key" => "the key",
        "keys" => "the keys",
        "principal_url" | "principal_json" => "NAME",
        "key_url" | "key_json" => "ID",
        _ => return None,
    })
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn section(out: &mut String, title: &str, items: &[String]) {
    let _ = writeln!(out, "\n{title}");
    for item in items {
        let _ = writeln!(out, "  -{}", &wrap(item, "    ")[3..]);
    }
}

/// Lines of at most 100 columns, each after `indent`.
fn wrap(text: &str, indent: &str) -> String {
    const COLUMNS: usize = 100;
    let mut out = String::new();
    let mut used = COLUMNS;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if used + 1 + width > COLUMNS {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(indent);
            used = indent.len();
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_whole() {
        for doc in docs() {
            let name = doc.kind.name();
            for text in [doc.signature, doc.meaning, doc.verdict, doc.source] {
                assert!(text.len() > 10, "{name}: {text}");
            }
            assert!(!doc.next_steps.is_empty() && !doc.false_positives.is_empty(), "{name}");
            let text = explain(doc.kind).unwrap();
            assert!(text.contains(doc.source.split(' ').next().unwrap()), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
            assert!(
                !text.contains("{p") && !text.contains("{s") && !text.contains("{k") && !text.contains("{n"),
                "{text}"
            );
        }
        assert_eq!(listing().lines().count(), Kind::ALL.len());
    }
}
