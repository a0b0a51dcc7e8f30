//! Documents out of what verbs find: a file a verb, and a file for each part of the report that is worth one.

mod addresses;
mod aside;
mod changes;
mod charts;
mod check;
mod coverage;
mod deeds;
mod diff;
mod embedded;
mod events;
mod explain;
mod failures;
mod findings;
mod impact;
mod keys;
mod lines;
mod report;
mod sigma;
mod summary;
mod timeline;
mod verify;

pub use embedded::Embedded;
pub use events::{EventSource, Events};
pub use explain::{Explained, KindListing};
pub use lines::ShownLines;

use super::clock::parse;
use super::{Cell, ListedName, NameList, Tone};
use crate::model::text::{Logged, Span, Text};
use crate::model::{Coverage, Evidence, Report, SourceCount, Tool};
use crate::time::Millis;
use crate::words;

/// A time of a report.
fn time(time: Option<&str>) -> Cell {
    time.map_or(Cell::Absent("-"), |time| Cell::of(moment(time)))
}

/// A time of a report, or what stands in its place.
fn moment(time: &str) -> Span {
    parse(time).map_or_else(|| Span::name(time), Span::Time)
}

/// Two times.
fn period(from: Option<&str>, to: Option<&str>) -> Option<(Millis, Millis)> {
    Some((parse(from?)?, parse(to?)?))
}

/// What a document says of the program that made it.
fn tool(tool: &Tool) -> [Logged; 2] {
    [Logged::new(&tool.name), Logged::new(&tool.version)]
}

/// A node as people call it: the name where the logs tell it, else what the report has.
fn node(coverage: &Coverage, key: &str) -> Span {
    let named = coverage.nodes.iter().find(|node| node.id.as_deref() == Some(key));
    Span::node(named.and_then(|node| node.name.as_deref()).unwrap_or(key))
}

/// A realm chain, or its realms where their order is not known.
fn chain_or_set(realms: Option<&[String]>, ordered: bool) -> Cell {
    match realms {
        Some(realms @ [_, _, ..]) if !ordered => {
            let mut names = Text::new();
            for (at, realm) in realms.iter().enumerate() {
                names.push(if at > 0 { ", " } else { "" });
                names.push(Span::name(realm));
            }
            Cell::of(names.with(" (order not known)"))
        }
        realms => chain(realms),
    }
}

/// A realm chain.
fn chain(realms: Option<&[String]>) -> Cell {
    match realms {
        None => Cell::Absent("not logged"),
        Some([]) => Cell::Absent("none asked"),
        Some(realms) => Cell::of(Span::chain(realms.iter().map(String::as_str))),
    }
}

/// What a reason rests on, in a word or two.
fn basis(basis: &str) -> Text {
    match basis {
        "server_log" => "server log".into(),
        "explicit" => "stated".into(),
        "context" => "the cluster says".into(),
        "none" | "" => Text::new(),
        other => word(other).into(),
    }
}

/// A reason, and in brackets what it rests on.
fn reason(reason: &str, rests_on: &str) -> Cell {
    let basis = basis(rests_on);
    let name = Text::from(word(reason));
    let text = if basis.is_empty() { name } else { name.with(" (").with(basis).with(")") };
    Cell::Text(text, if reason == "unknown" { Tone::Dim } else { Tone::Plain })
}

/// A word of the contract, or an id of the report itself.
fn word(text: &str) -> Span {
    Span::Plain(text.to_owned().into())
}

/// A line of an input.
fn place(place: &Evidence) -> Span {
    Span::Place(Logged::new(&place.path), place.line)
}

/// Lines of inputs.
fn places(places: &[Evidence]) -> Cell {
    let items = places.iter().map(|line| ListedName::new(place(line))).collect();
    Cell::Names(NameList { items, total: places.len() as u64 })
}

/// Addresses and how often each was met.
fn addresses(list: &[SourceCount], total: u64) -> NameList {
    let items = list.iter().map(|source| ListedName::new(Span::address(&source.address)).times(source.count)).collect();
    NameList { items, total: total.max(list.len() as u64) }
}

/// Amounts of different things, without those of which there is none: `1 duplicate event, 2 oversized lines`.
fn amounts(amounts: &[(u64, &'static str, &'static str)]) -> Text {
    let mut out = Text::new();
    for (amount, one, many) in amounts.iter().filter(|(amount, ..)| *amount > 0) {
        if !out.is_empty() {
            out.push(", ");
        }
        out.push(Text::count(*amount, one, many));
    }
    out
}

/// Texts with something between them.
fn joined(texts: impl IntoIterator<Item = Text>, between: &'static str) -> Text {
    let mut out = Text::new();
    for (at, text) in texts.into_iter().enumerate() {
        if at > 0 {
            out.push(between);
        }
        out.push(text);
    }
    out
}

/// What a section is about.
fn what_is_left(report: &Report) -> &'static str {
    if report.filters.is_some() { "what the filters leave" } else { "these logs" }
}

/// A share of a whole.
fn share(part: u64, whole: u64) -> Cell {
    // Percents are those of whole numbers, so that they are the same everywhere.
    Cell::Text(words::percent(part, whole).into(), Tone::Dim)
}
