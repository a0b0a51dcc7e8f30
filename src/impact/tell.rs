//! The contract's model of what was found.

use std::collections::{BTreeMap, BTreeSet};

use super::hits::Hits;
use super::plan::{Asked, Plan};
use super::reach::{self, Reach};
use super::records;
use super::requests::{self, Requests};
use super::search::SearchResult;
use crate::aggregate;
use crate::correlate::Correlated;
use crate::model::impact::{FollowedActor, ImpactReport, Volume, VolumeBefore, VolumeBucket};
use crate::model::{SCHEMA_VERSION, Tool};
use crate::options::Options;
use crate::time::Millis;
use crate::words;

/// What an answer rests on beside the joined records.
#[derive(Debug)]
pub enum AnswerBasis {
    /// Events that the second pass found.
    Events(Box<SearchResult>),
    /// Records alone: the inputs could be read once, or are parts; in words, why.
    Records(&'static str),
}

/// Widths of a bucket in seconds, and buckets over the whole span at most.
const WIDTHS: [i64; 9] = [60, 300, 900, 3600, 7200, 14_400, 43_200, 86_400, 604_800];
const MOST_BUCKETS: i64 = 300;

/// After so long without an event somebody is taken to be gone: programs and people at work pause for less.
const GONE: i64 = 3_600_000;

/// Tells what an actor did.
#[must_use]
pub fn report(
    joined: &Correlated,
    plan: &Plan,
    source: AnswerBasis,
    problems: aggregate::PathProblems<'_>,
    options: &Options,
) -> ImpactReport {
    let (reach, before, mut lacks, are_lists_cut) = match source {
        AnswerBasis::Events(found) => {
            let SearchResult(mut hits) = *found;
            let events = requests::by_request(joined, &mut hits);
            let requests = requests::requests(joined, plan, &hits, &events);
            let reach = reach::reach(joined, plan, &hits, &requests);
            let lacks = not_counted(&requests, &hits);
            (reach, before(&hits), lacks, hits.lists_cut() > 0)
        }
        AnswerBasis::Records(why) => {
            let reach = records::reach(joined, plan);
            (reach, None, vec![records::lacks(why)], false)
        }
    };
    lacks.extend(unlogged(joined, plan));
    lacks.extend(of_plan(plan));
    lacks.extend(reach.lacks.iter().cloned());
    let left_out = joined.state.left_out();
    lacks.extend(left_out.iter().map(|what| format!("What this actor did in what limits left out: {what}.")));
    lacks.extend(ALWAYS.iter().map(|&sentence| sentence.to_owned()));
    let mut parameters = aggregate::parameters(options);
    parameters.retain(|name, _| name != "by" && name != "top");
    let end = plan.log.last.map(|last| last.min(plan.until));
    let mut coverage = aggregate::coverage(joined, problems, options);
    coverage.complete &= reach.lacks.is_empty() && !are_lists_cut;
    ImpactReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        parameters,
        coverage,
        actor: actor(plan, &reach),
        volume: volume(&reach, before),
        entered: reach.entered.map(Millis::rfc3339),
        first_data: reach.first_data.map(Millis::rfc3339),
        last_seen: reach.last_seen.map(Millis::rfc3339),
        active_at_end: is_active(reach.last_seen, end),
        reached: reach.reached,
        powerful: reach.powerful,
        persistence: reach.persistence,
        denied: reach.denied,
        background: reach.background,
        cannot_tell: lacks,
    }
}

/// What no audit log tells.
const ALWAYS: [&str; 1] =
    ["How much was read, the bodies of queries and what came back: audit logs hold none of it (bodies only with \
     emit_request_body)."];

/// Whether somebody goes on until an end.
pub(super) fn is_active(last_seen: Option<Millis>, end: Option<Millis>) -> bool {
    last_seen.zip(end).is_some_and(|(seen, end)| end.0.saturating_sub(seen.0) <= GONE)
}

fn actor(plan: &Plan, reach: &Reach) -> FollowedActor {
    let mut principals = reach.principals.clone();
    let mut api_keys = BTreeSet::new();
    let lossy = |text: &Vec<u8>| String::from_utf8_lossy(text).into_owned();
    principals.extend(plan.accounts().iter().map(lossy));
    api_keys.extend(plan.keys().iter().map(lossy));
    FollowedActor {
        finding: match &plan.asked {
            Asked::Finding(suspect) => Some(suspect.id.clone()),
            Asked::Named { .. } => None,
        },
        principals: principals.into_iter().collect(),
        api_keys: api_keys.into_iter().collect(),
        sources: reach.sources.iter().cloned().collect(),
        from: (plan.from.0 != i64::MIN).then(|| plan.from.rfc3339()),
        until: if plan.until.0 == i64::MAX { plan.log.last } else { Some(plan.until) }.map(Millis::rfc3339),
    }
}

fn volume(reach: &Reach, before: Option<VolumeBefore>) -> Volume {
    let minutes = &reach.minutes;
    let ends = minutes.keys().next().zip(minutes.keys().next_back());
    let span = ends.map_or(0, |(first, last)| (last - first) * 60);
    let width = WIDTHS.into_iter().find(|width| span / width < MOST_BUCKETS).unwrap_or(WIDTHS[WIDTHS.len() - 1]);
    let mut buckets: BTreeMap<i64, u64> = BTreeMap::new();
    for (minute, count) in minutes {
        *buckets.entry((minute * 60).div_euclid(width)).or_default() += count;
    }
    let bucket = |(at, count): (i64, u64)| VolumeBucket { start: Millis(at * width * 1000).rfc3339(), count };
    Volume {
        bucket_seconds: u64::try_from(width).unwrap_or(60),
        requests: minutes.values().sum(),
        buckets: buckets.into_iter().map(bucket).collect(),
        before,
    }
}

fn before(hits: &Hits) -> Option<VolumeBefore> {
    let before = &hits.before;
    before.first.map(|since| VolumeBefore {
        since: since.rfc3339(),
        events: before.hours.values().sum(),
        most_in_an_hour: before.hours.values().copied().max().unwrap_or(0),
    })
}

/// What was found and is not counted.
fn not_counted(requests: &Requests<'_>, hits: &Hits) -> Vec<String> {
    let mut told = Vec::new();
    if requests.of_owner > 0 {
        told.push(format!(
            "{} under the same names from places of before, or with keys of before, are taken for the owner's and are not \
             counted; --principal counts all.",
            words::count(requests.of_owner, "request", "requests")
        ));
    }
    if requests.unknown > 0 {
        told.push(format!(
            "{} came in at a node that does not log access_granted: whether they are the intruder's or the owner's cannot be \
             told, and they are not counted.",
            words::count(requests.unknown, "request", "requests")
        ));
    }
    if hits.lists_cut() > 0 {
        told.push(format!(
            "{} named more than {} indices each: the others are not counted.",
            words::count(hits.lists_cut(), "event", "events"),
            words::number(super::lists::LONGEST_LIST as u64)
        ));
    }
    if hits.one_in() > 1 {
        told.push(format!(
            "So many different indices were named that one in {} is kept by name, restricted ones first: rows of indices are \
             a sample, requests and events are counted whole.",
            words::number(hits.one_in())
        ));
    }
    told
}

/// The nodes whose logs do not say who was allowed what.
fn unlogged(joined: &Correlated, plan: &Plan) -> Option<String> {
    let silent = joined.nodes.all().iter().filter(|node| {
        node.stats.audit_events > 0 && node.stats.decisions == 0 && plan.is_cluster(joined, node.cluster)
    });
    let mut names: Vec<String> = silent.map(crate::correlate::KnownNode::spoken).collect();
    names.sort();
    (!names.is_empty()).then(|| {
        format!(
            "Requests that came in at {}: access_granted is not logged there, so only their parts on other nodes show.",
            words::list(&names, names.len() as u64, 5)
        )
    })
}

fn of_plan(plan: &Plan) -> Vec<String> {
    let mut told = Vec::new();
    if !plan.entered {
        told.push("Nobody is known to have got in: no success of this actor is in what was read.".to_owned());
    }
    if let Asked::Finding(suspect) = &plan.asked
        && suspect.cut
    {
        told.push(
            "The finding names more accounts or addresses than its lists hold: the others are not followed.".to_owned(),
        );
    }
    if !plan.shared.is_empty() {
        let names: Vec<String> =
            plan.shared.iter().map(|source| String::from_utf8_lossy(source).into_owned()).collect();
        told.push(format!(
            "Others came from {} before, so who came from there since is not taken for the intruder's company.",
            words::list(&names, names.len() as u64, 5)
        ));
    }
    if plan.made.all().iter().any(|made| !made.is_traceable()) {
        told.push(
            "Uses of roles, role mappings and privileges, and of keys whose id was not logged: no event names them."
                .to_owned(),
        );
    }
    told
}
