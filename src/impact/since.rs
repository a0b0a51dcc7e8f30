//! What followed an entry, in short: what the records of one pass tell of it, for the report.

use std::collections::BTreeMap;

use super::plan::{Asked, Plan, Suspect};
use super::records::{followed, indices, is_followed, powerful};
use super::tell::is_active;
use crate::correlate::Correlated;
use crate::model::text::{Span as Piece, Text};
use crate::model::{AfterEntry, Finding};
use crate::options::filter::Range;
use crate::text;
use crate::time::{self, Millis, Zone};

/// Adds to each finding whose actor got in what followed.
pub fn after_entry(joined: &Correlated, findings: &mut [Finding]) {
    for at in 0..findings.len() {
        if findings[at].successes == 0 || !is_entry(&findings[at].kind) {
            continue;
        }
        let Some(suspect) = Suspect::of(&findings[at], findings) else { continue };
        let plan = Plan::new(joined, Asked::Finding(Box::new(suspect)), Range::ALL);
        if !plan.entered {
            continue;
        }
        let after = since(joined, &plan);
        findings[at].why.push(sentence(&plan, &after));
        findings[at].after_entry = Some(after);
    }
}

/// Whether findings of a kind tell of somebody who got in.
fn is_entry(kind: &str) -> bool {
    matches!(kind, "account_compromise" | "suspicious_access")
}

impl Suspect {
    /// The actor of a finding; `None` where the finding names nobody.
    #[must_use]
    pub fn of(finding: &Finding, all: &[Finding]) -> Option<Self> {
        let bytes = |list: &[String]| list.iter().map(|name| name.as_bytes().to_vec()).collect();
        let start = time::parse(finding.start.as_deref()?.as_bytes(), Zone::UTC)?.time;
        let is_near = |other: &&Finding| {
            other.verdict != "operational" && other.sources.iter().any(|source| finding.sources.contains(source))
        };
        let near = all.iter().filter(is_near).flat_map(|other| &other.principals);
        let named = !finding.principals.is_empty() || !finding.api_keys.is_empty();
        named.then(|| Self {
            id: finding.id.clone(),
            principals: bytes(&finding.principals),
            api_keys: bytes(&finding.api_keys),
            sources: bytes(&finding.sources),
            accomplices: near.map(|name| name.as_bytes().to_vec()).collect(),
            start,
            cluster: finding.cluster.clone(),
            cut: finding.principals_total > finding.principals.len() as u64
                || finding.sources_total > finding.sources.len() as u64,
        })
    }
}

fn since(joined: &Correlated, plan: &Plan) -> AfterEntry {
    let successes = followed(joined, plan, joined.successes.iter());
    let own = || successes.iter().filter(|(_, _, side)| is_followed(plan, *side));
    let last = own().filter_map(|(_, series, _)| series.last()).max();
    let mut classes: BTreeMap<String, u64> = BTreeMap::new();
    for action in powerful(joined, plan).filter(|action| action.granted) {
        *classes.entry(action.class.name().to_owned()).or_default() += 1;
    }
    AfterEntry {
        from: Some(plan.from.rfc3339()),
        until: last.map(Millis::rfc3339),
        events: own().map(|(_, series, _)| series.count()).sum(),
        powerful: classes.values().sum(),
        classes,
        indices: indices(joined, plan),
        persistence: plan.made.all().len() as u64,
        active_at_end: is_active(last, plan.log.last),
    }
}

/// The same in a sentence.
fn sentence(plan: &Plan, after: &AfterEntry) -> Text {
    let mut told = text!("Since the entry at {}: {}", plan.from, Text::count(after.events, "event", "events"));
    let mut more = |amount: u64, one, many| {
        if amount > 0 {
            told.push(Text::from(", ").with(Text::count(amount, one, many)));
        }
    };
    more(after.powerful, "powerful action", "powerful actions");
    more(after.persistence, "thing made or changed that lasts", "things made or changed that last");
    let until = after.until.as_deref().and_then(|until| time::parse(until.as_bytes(), Zone::UTC));
    match until {
        _ if after.active_at_end => told.push("; it goes on until the log ends"),
        Some(until) => told.push(text!("; the last at {}", Piece::Time(until.time))),
        None => {}
    }
    told
}
