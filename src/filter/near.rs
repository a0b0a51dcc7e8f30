//! What a filter asks for and the log does not have, and what the log has instead: a name that is mistyped leaves nothing, which
//! looks like peace.

use std::collections::BTreeSet;

use crate::correlate::Correlated;
use crate::options::filter::{Filter, Pattern, Rules};
use crate::state::Sym;
use crate::words;

/// Names that are suggested for one that is not there.
const MOST: usize = 3;

/// Longest name that others are compared with: longer ones are no typing errors, and comparing them takes long.
const MAX_NAME: usize = 64;

/// The names that a kind of condition is about.
type NamesOf = fn(&Correlated) -> BTreeSet<String>;

/// Sentences about conditions that nothing in the log meets.
#[must_use]
pub fn remarks(joined: &Correlated, filter: &Filter) -> Vec<String> {
    let mut remarks = times(joined, filter);
    let left_out = joined.state.left_out();
    let cut = match left_out.as_slice() {
        [] => String::new(),
        left_out => format!(", but limits left something out, where it may be: {}", left_out.join("; ")),
    };
    let names: [(&str, &Rules, NamesOf); 4] = [
        ("principal", &filter.principal, principals),
        ("source", &filter.source, sources),
        ("node", &filter.node, nodes),
        ("key", &filter.key, keys),
    ];
    for (option, rules, known) in names {
        if rules.wanted().is_empty() {
            continue;
        }
        let known = known(joined);
        let missed = |pattern: &&Pattern| !known.iter().any(|name| pattern.matches(name.as_bytes()));
        for pattern in rules.wanted().iter().filter(missed) {
            let given = pattern.to_string();
            let near = near(&given, &known);
            let tip = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
            remarks.push(format!("--{option} {given}: nothing in what was read is called so{cut}{tip}"));
        }
    }
    remarks
}

/// Bounds that lie outside of what was read.
fn times(joined: &Correlated, filter: &Filter) -> Vec<String> {
    let span = super::span(joined);
    let range = filter.range(span.first, span.last);
    let mut remarks = Vec::new();
    if let (Some(last), [bound, ..]) = (span.last, filter.since.as_slice())
        && range.since > last
    {
        remarks.push(format!("--since {}: the last event is of {last}, so nothing is left", bound.given));
    }
    if let (Some(first), [bound, ..]) = (span.first, filter.until.as_slice())
        && range.until < first
    {
        remarks.push(format!("--until {}: the first event is of {first}, so nothing is left", bound.given));
    }
    remarks
}

fn texts(joined: &Correlated, syms: impl Iterator<Item = Sym>) -> BTreeSet<String> {
    let distinct: BTreeSet<Sym> = syms.collect();
    let texts = distinct.into_iter().filter_map(|sym| joined.judged(sym));
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn principals(joined: &Correlated) -> BTreeSet<String> {
    let actors = joined.successes.keys().chain(joined.denials.keys()).map(|actor| actor.principal);
    let attempts = joined.attempts.iter().map(|attempt| attempt.principal);
    let changes = joined.changes.iter().flat_map(|change| {
        let record = &change.record;
        [change.actor, change.run_by, record.name, record.owner, record.granted_to]
    });
    texts(joined, actors.chain(attempts).chain(changes))
}

fn sources(joined: &Correlated) -> BTreeSet<String> {
    let actors = joined.successes.keys().chain(joined.denials.keys()).map(|actor| actor.source);
    let attempts = joined.attempts.iter().map(|attempt| attempt.source);
    texts(joined, actors.chain(attempts).chain(joined.changes.iter().map(|change| change.source)))
}

fn nodes(joined: &Correlated) -> BTreeSet<String> {
    joined.nodes.all().iter().flat_map(|node| [&node.id, &node.name]).flatten().cloned().collect()
}

fn keys(joined: &Correlated) -> BTreeSet<String> {
    let actors = joined.successes.keys().chain(joined.denials.keys()).map(|actor| actor.apikey);
    texts(joined, joined.keys.iter().flat_map(|key| [key.id, key.name]).chain(actors))
}

/// The names that are most like one that is not there: those that hold it, then those that few letters tell apart.
fn near<'n>(given: &str, known: &'n BTreeSet<String>) -> Vec<&'n str> {
    let asked = given.trim_matches('*').to_lowercase();
    if asked.is_empty() || asked.len() > MAX_NAME {
        return Vec::new();
    }
    let most = (asked.chars().count() / 3).clamp(1, 3);
    let rank = |name: &'n String| {
        let lower = name.to_lowercase();
        let holds = lower.contains(&asked) || asked.contains(&lower) && !lower.is_empty();
        let rank = if holds { Some(0) } else { words::apart(asked.as_bytes(), lower.as_bytes(), most) };
        rank.map(|rank| (rank, name.as_str()))
    };
    let mut near: Vec<(usize, &str)> = known.iter().filter(|name| name.len() <= MAX_NAME).filter_map(rank).collect();
    near.sort_unstable();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_hold_what_is_asked_or_differ_by_a_few_letters() {
        let known = ["rosa.moreau1", "svc-billing", "kibana_system", "ros", "山田"].map(str::to_owned).into();
        assert_eq!(near("rosa", &known), ["ros", "rosa.moreau1"]);
        assert_eq!(near("svc-biling", &known), ["svc-billing"]);
        assert_eq!(near("KIBANA", &known), ["kibana_system"]);
        assert!(near("nobody-like-it", &known).is_empty());
    }
}
