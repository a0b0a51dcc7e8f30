//! What followed an entry, in short: what the records of one pass tell of it, for the report.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::plan::{Asked, Plan, Suspect};
use super::records::{followed, indices, is_followed, powerful};
use super::tell::is_active;
use crate::correlate::Correlated;
use crate::model::text::{Span as Piece, Text};
use crate::model::{AfterEntry, Finding, Lane};
use crate::options::Surroundings;
use crate::options::filter::TimeRange;
use crate::state::{Actor, Sym};
use crate::text;
use crate::time::{self, Millis, Zone};

/// Adds to each finding whose actor got in what followed.
pub fn after_entry(joined: &Correlated, findings: &mut [Finding], surroundings: &Surroundings) {
    let entries: Vec<usize> = (0..findings.len()).filter(|&at| is_entry(&findings[at])).collect();
    if entries.is_empty() {
        return;
    }
    let near = near(joined, entries.iter().map(|&at| &findings[at]));
    for at in entries {
        let Some(suspect) = Suspect::of(&findings[at], findings) else { continue };
        let plan = Plan::new(&near, Asked::Finding(Box::new(suspect)), TimeRange::ALL, surroundings);
        if !plan.entered {
            continue;
        }
        let after = since(&near, &plan);
        findings[at].why.push(sentence(&plan, &after));
        let ask = Piece::Code(format!("esaudit impact {} PATH…", findings[at].id).into());
        findings[at].next_steps.push(text!("Ask what was reached, index by index: {}.", ask));
        findings[at].after_entry = Some(after);
    }
}

/// Whether a finding tells of somebody who got in.
fn is_entry(finding: &Finding) -> bool {
    finding.successes > 0 && matches!(finding.kind.as_str(), "account_compromise" | "suspicious_access")
}

/// The view whose successes are those of accounts, addresses and keys of these findings, and of what any change made: most
/// clients of a log are in no finding, and each finding looks at all that are left.
fn near<'f>(joined: &Correlated, findings: impl Iterator<Item = &'f Finding>) -> Correlated {
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let mut names: HashSet<Vec<u8>> = HashSet::new();
    for finding in findings {
        let of = [&finding.principals, &finding.sources, &finding.api_keys];
        names.extend(of.into_iter().flatten().map(|name| name.as_bytes().to_vec()));
    }
    for change in &joined.changes {
        let record = &change.record;
        names.extend(record.ids.iter().chain([&record.name]).filter_map(|&sym| text(sym)).map(<[u8]>::to_vec));
        let account = [record.namespace, record.service].map(|sym| text(sym).unwrap_or_default()).join(&b'/');
        names.insert(account);
    }
    let is_near = |actor: &Actor| {
        [actor.principal, actor.source, actor.apikey].into_iter().filter_map(text).any(|name| names.contains(name))
    };
    let kept = joined.successes.iter().filter(|(actor, _)| is_near(actor));
    let successes = kept.map(|(actor, series)| (*actor, series.clone())).collect();
    let mut near = joined.clone();
    near.successes = Arc::new(successes);
    near
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
    let mut lanes = Lanes::new(plan.from, last.unwrap_or(plan.from));
    for bucket in own().flat_map(|(_, series, _)| series.buckets()) {
        lanes.add("events", bucket.first, u64::from(bucket.count));
    }
    for action in powerful(joined, plan).filter(|action| action.granted) {
        *classes.entry(action.class.name().to_owned()).or_default() += 1;
        lanes.add(action.class.name(), action.time, 1);
    }
    AfterEntry {
        bucket_seconds: u64::try_from(lanes.width / 1000).unwrap_or(1),
        lanes: lanes.all.into_iter().map(|(name, counts)| Lane { name: name.to_owned(), counts }).collect(),
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

/// Counts over time, in lanes of the same buckets, those of events first.
struct Lanes {
    from: Millis,
    /// In milliseconds.
    width: i64,
    all: Vec<(&'static str, Vec<u64>)>,
}

impl Lanes {
    /// Buckets of a lane.
    const MOST: i64 = 60;

    fn new(from: Millis, to: Millis) -> Self {
        const WIDTHS: [i64; 11] = [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 604_800];
        let span = to.0.saturating_sub(from.0).max(0);
        let fits = WIDTHS.into_iter().map(|seconds| seconds * 1000).find(|width| span / width < Self::MOST);
        let width = fits.unwrap_or(span / (Self::MOST - 1));
        let buckets = usize::try_from(span / width).unwrap_or(0) + 1;
        Self { from, width, all: vec![("events", vec![0; buckets])] }
    }

    fn add(&mut self, name: &'static str, time: Millis, count: u64) {
        let bucket = usize::try_from((time.0.saturating_sub(self.from.0) / self.width).max(0)).unwrap_or(0);
        let buckets = self.all[0].1.len();
        let lane = self.all.iter().position(|(lane, _)| *lane == name).unwrap_or_else(|| {
            self.all.push((name, vec![0; buckets]));
            self.all.len() - 1
        });
        if let Some(slot) = self.all[lane].1.get_mut(bucket) {
            *slot += count;
        }
    }
}

/// The same in a sentence.
fn sentence(plan: &Plan, after: &AfterEntry) -> Text {
    let mut told = text!("Since the entry at {}: {}", plan.from, Text::count(after.events, "event", "events"));
    if after.powerful > 0 {
        let classes = after.classes.iter().map(|(class, count)| format!("{} {count}", class.replace('_', " ")));
        let classes = classes.collect::<Vec<_>>().join(", ");
        told.push(text!(", {} ({})", Text::count(after.powerful, "powerful action", "powerful actions"), classes));
    }
    if after.persistence > 0 {
        let lasting = ("thing made or changed that lasts", "things made or changed that last");
        told.push(text!(", {}", Text::count(after.persistence, lasting.0, lasting.1)));
    }
    let until = after.until.as_deref().and_then(|until| time::parse(until.as_bytes(), Zone::UTC));
    match until {
        _ if after.active_at_end => told.push("; it goes on until the log ends"),
        Some(until) => told.push(text!("; the last at {}", Piece::Time(until.time))),
        None => {}
    }
    told
}
