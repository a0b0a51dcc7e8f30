//! The story of one actor: attempts, successes, refused actions and changes in order, repeats summed up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::api_keys::rounded;
use super::{PathProblems, coverage, filters, parameters, realm_names, security_change};
use crate::action_class::ActionClass;
use crate::correlate::{Correlated, PowerfulAction, SourceLine};
use crate::filter;
use crate::judge::Judged;
use crate::model::timeline::{Entry, TimelineReport, TimelineTotals};
use crate::model::{SCHEMA_VERSION, Tool, TopChain};
use crate::options::{Options, StoryKinds};
use crate::reason::{Basis, Reason};
use crate::state::{ActorSeries, Attempt, Bucket, ChainId, Origin, RecordKey, Sym};
use crate::time::Millis;

/// Repeats that pause longer than this, and much longer than they usually do, are told apart.
const PAUSE_MS: i64 = 600_000;

/// How many usual pauses make a long one.
const LONG_PAUSE: i64 = 4;

/// Realm chains, principals and sources named of an entry.
const MOST_NAMED: usize = 5;

/// With more principals, or sources, than these a story tells the failures of all of them together.
const MANY: usize = 10;

/// An entry with what orders it.
type TimedEntry = ((Millis, Millis, u8, SourceLine), Entry);

/// Tells what the filter has left. `told` are the findings that the actor is in, and `of_attempts` says by attempt (index
/// into `joined.attempts`) which of them it is in.
#[must_use]
pub fn story(
    joined: &Correlated,
    told: &[Judged],
    of_attempts: &BTreeMap<u32, Vec<usize>>,
    kinds: StoryKinds,
    (problems, options): (PathProblems<'_>, &Options),
) -> TimelineReport {
    let successes = filter::successes(joined, &options.filter);
    let mut timed = Vec::new();
    if kinds.failures {
        timed.extend(failures(joined, told, of_attempts, &successes));
    }
    if kinds.successes {
        timed.extend(series(joined, &successes, "successes"));
    }
    if kinds.denied {
        timed.extend(series(joined, &joined.denials, "denials"));
    }
    if kinds.changes {
        timed.extend(joined.changes_left().map(|(at, _)| change(joined, at)));
    }
    if kinds.powerful {
        timed.extend(powerful(joined, kinds.changes));
    }
    timed.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| words(&a.1).cmp(&words(&b.1))));
    let mut totals = TimelineTotals::default();
    let mut last: Option<Millis> = None;
    let mut entries = Vec::with_capacity(timed.len());
    for ((start, end, ..), mut entry) in timed {
        entry.quiet_seconds = last.map(|last| u64::try_from((start.0 - last.0) / 1000).unwrap_or(0));
        last = last.max(Some(end));
        match entry.kind.as_str() {
            "failures" => totals.failures += entry.count,
            "successes" => totals.successes += entry.count,
            "denials" => totals.denials += entry.count,
            "powerful" => totals.powerful += entry.count,
            _ => totals.changes += entry.count,
        }
        entries.push(entry);
    }
    let mut coverage = coverage::coverage(joined, problems, options);
    if kinds.powerful {
        coverage.left_out.extend(joined.powerful.lacking(PowerfulAction::is_told));
    }
    let mut parameters = parameters(options);
    parameters.retain(|name, _| name != "by" && name != "top");
    TimelineReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        parameters,
        coverage,
        filters: filters(joined),
        totals,
        entries,
        findings: told.iter().map(|judged| judged.finding.clone()).collect(),
    }
}

/// What tells entries of one moment apart.
fn words(entry: &Entry) -> impl Ord {
    let lists = (entry.principals.clone(), entry.sources.clone());
    (lists, entry.api_key.clone(), entry.realm.clone(), entry.action.clone(), entry.reason.clone())
}

/// Where to cut times, in order, into runs: at pauses that are long in themselves and for them, and where `breaks` says.
fn runs<T>(items: &[T], start: impl Fn(&T) -> Millis, end: impl Fn(&T) -> Millis, breaks: &[Millis]) -> Vec<usize> {
    let mut pauses: Vec<i64> = items.windows(2).map(|pair| start(&pair[1]).0 - end(&pair[0]).0).collect();
    pauses.sort_unstable();
    let usual = pauses.get(pauses.len() / 2).copied().unwrap_or(0);
    let long = PAUSE_MS.max(usual.saturating_mul(LONG_PAUSE));
    let broken =
        |from: Millis, to: Millis| breaks.get(breaks.partition_point(|at| *at <= from)).is_some_and(|at| *at <= to);
    let cut = |at: &usize| {
        let (from, to) = (end(&items[at - 1]), start(&items[*at]));
        to.0 - from.0 > long || broken(from, to)
    };
    std::iter::once(0).chain((1..items.len()).filter(cut)).chain([items.len()]).collect()
}

/// Attempts by who, from where, why and with which key.
fn failures(
    joined: &Correlated,
    told: &[Judged],
    of_attempts: &BTreeMap<u32, Vec<usize>>,
    successes: &ActorSeries,
) -> Vec<TimedEntry> {
    let keys: BTreeMap<u32, Sym> =
        joined.key_failures.iter().filter_map(|failure| Some((failure.attempt?, failure.key))).collect();
    let many = |sym: fn(&Attempt) -> Sym| joined.attempts.iter().map(sym).collect::<BTreeSet<Sym>>().len() > MANY;
    let (users, source_lines) = (many(|attempt| attempt.principal), many(|attempt| attempt.source));
    let mut alike: BTreeMap<(Sym, Sym, Reason, Sym), Vec<u32>> = BTreeMap::new();
    for (attempt, at) in joined.attempts.iter().zip(0..) {
        let principal = if users { Sym::NONE } else { attempt.principal };
        let source = if source_lines { Sym::NONE } else { attempt.source };
        let key = keys.get(&at).copied().unwrap_or_default();
        alike.entry((principal, source, attempt.reason, key)).or_default().push(at);
    }
    // A success between two failures is the turn of a story.
    let mut turns: BTreeMap<(Sym, Sym), Vec<Millis>> = BTreeMap::new();
    let mut actors: Vec<_> = successes.iter().filter(|(actor, _)| !actor.apikey.is_some()).collect();
    actors.sort_unstable_by_key(|(actor, _)| **actor);
    for (actor, series) in actors {
        let turns = turns.entry((actor.principal, actor.source)).or_default();
        turns.extend(series.buckets().iter().map(|bucket| bucket.first));
        turns.sort_unstable();
    }
    let mut entries = Vec::new();
    for ((principal, source, _, key), attempts) in alike {
        let time = |at: &u32| joined.attempts[*at as usize].time;
        let breaks = turns.get(&(principal, source)).map_or(&[][..], Vec::as_slice);
        for ends in runs(&attempts, time, time, breaks).windows(2) {
            let run = &attempts[ends[0]..ends[1]];
            if !run.is_empty() {
                let ids: BTreeSet<usize> = run.iter().filter_map(|at| of_attempts.get(at)).flatten().copied().collect();
                let ids = ids.into_iter().map(|at| told[at].finding.id.clone()).collect();
                entries.push(failure(joined, run, key, ids));
            }
        }
    }
    entries
}

fn failure(joined: &Correlated, run: &[u32], key: Sym, findings: Vec<String>) -> TimedEntry {
    let attempt = |at: u32| &joined.attempts[at as usize];
    let (first, last) = (attempt(run[0]), attempt(run[run.len() - 1]));
    let mut chains: BTreeMap<u32, u64> = BTreeMap::new();
    let mut bases: BTreeMap<Basis, u64> = BTreeMap::new();
    for &at in run {
        *chains.entry(attempt(at).chain.0).or_default() += 1;
        *bases.entry(attempt(at).basis).or_default() += 1;
    }
    let mut realm_chains: Vec<TopChain> =
        chains.into_iter().map(|(chain, count)| TopChain { key: realm_names(joined, ChainId(chain)), count }).collect();
    realm_chains.sort_by(|a, b| (Reverse(a.count), &a.key).cmp(&(Reverse(b.count), &b.key)));
    realm_chains.truncate(MOST_NAMED);
    let mut gaps: Vec<i64> = run.windows(2).map(|pair| attempt(pair[1]).time.0 - attempt(pair[0]).time.0).collect();
    gaps.sort_unstable();
    let source_lines: BTreeSet<SourceLine> = [first, last].map(|attempt| joined.source_lines.of(attempt.pos)).into();
    let basis = bases.into_iter().max_by_key(|(basis, count)| (*count, Reverse(*basis))).map(|(basis, _)| basis);
    let entry = Entry {
        count: run.len() as u64,
        every_seconds: gaps.get(gaps.len() / 2).map(|gap| *gap as f64 / 1000.0),
        reason: Some(first.reason.name().to_owned()),
        reason_basis: basis.map(|basis| basis.name().to_owned()),
        realm_chains,
        findings,
        evidence: source_lines.into_iter().map(|place| joined.evidence(place)).collect(),
        ..who(joined, "failures", (Sym::NONE, Sym::NONE, key), first.time, last.time)
    };
    let (principals, principals_total) = ranked(joined, run.iter().map(|&at| attempt(at).principal));
    let (sources, sources_total) = ranked(joined, run.iter().map(|&at| attempt(at).source));
    let nodes = nodes(joined, run.iter().map(|&at| attempt(at).node));
    let entry = Entry { nodes, principals, principals_total, sources, sources_total, ..entry };
    ((first.time, last.time, 2, joined.source_lines.of(first.pos)), entry)
}

/// Distinct texts, the most frequent first, and how many there are.
fn ranked(joined: &Correlated, syms: impl Iterator<Item = Sym>) -> (Vec<String>, u64) {
    let mut counts: BTreeMap<Sym, u64> = BTreeMap::new();
    for sym in syms.filter(|sym| sym.is_some()) {
        *counts.entry(sym).or_default() += 1;
    }
    let mut names: Vec<(Reverse<u64>, &[u8])> =
        counts.iter().filter_map(|(&sym, &count)| Some((Reverse(count), joined.state.symbols.get(sym)?))).collect();
    names.sort_unstable();
    let shown = names.iter().take(MOST_NAMED).map(|(_, name)| String::from_utf8_lossy(name).into_owned());
    (shown.collect(), names.len() as u64)
}

/// What every entry says.
fn who(
    joined: &Correlated,
    kind: &str,
    (principal, source, key): (Sym, Sym, Sym),
    start: Millis,
    end: Millis,
) -> Entry {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    Entry {
        kind: kind.to_owned(),
        start: start.rfc3339(),
        end: end.rfc3339(),
        count: 1,
        every_seconds: None,
        quiet_seconds: None,
        principals_total: u64::from(principal.is_some()),
        principals: text(principal).into_iter().collect(),
        sources_total: u64::from(source.is_some()),
        sources: text(source).into_iter().collect(),
        nodes: Vec::new(),
        reason: None,
        reason_basis: None,
        realm_chains: Vec::new(),
        realm: None,
        api_key: text(key),
        api_key_name: joined.key(key).and_then(|key| text(key.name)),
        action: None,
        class: None,
        by_node: false,
        target: None,
        findings: Vec::new(),
        evidence: Vec::new(),
    }
}

fn nodes(joined: &Correlated, in_state: impl Iterator<Item = u32>) -> Vec<String> {
    let met: BTreeSet<usize> = in_state.map(|node| joined.nodes.index(node)).collect();
    met.into_iter().filter_map(|node| joined.nodes.all()[node].label().map(str::to_owned)).collect()
}

/// Successes or refused actions by who, from where, with which key, through which realm.
fn series(joined: &Correlated, all: &ActorSeries, kind: &str) -> Vec<TimedEntry> {
    type Alike = (Sym, Sym, Sym, Sym, Sym);
    let mut alike: BTreeMap<Alike, Vec<(Bucket, u32)>> = BTreeMap::new();
    let mut actors: Vec<_> = all.iter().collect();
    actors.sort_unstable_by_key(|(actor, _)| **actor);
    for (actor, series) in actors {
        let key = (actor.principal, actor.source, actor.apikey, actor.realm, actor.es_action);
        alike.entry(key).or_default().extend(series.buckets().iter().map(|bucket| (*bucket, actor.node)));
    }
    let mut entries = Vec::new();
    for ((principal, source, key, realm, es_action), mut buckets) in alike {
        buckets.sort_by_key(|(bucket, _)| (bucket.first, bucket.last(), joined.source_lines.of(bucket.pos)));
        let cuts = runs(&buckets, |(bucket, _)| bucket.first, |(bucket, _)| bucket.last(), &[]);
        for ends in cuts.windows(2) {
            let run = &buckets[ends[0]..ends[1]];
            let Some(((first, _), rest)) = run.split_first() else { continue };
            let end = rest.iter().fold(first.last(), |end, (bucket, _)| end.max(bucket.last()));
            let count: u64 = run.iter().map(|(bucket, _)| u64::from(bucket.count)).sum();
            let text = |sym: Sym| joined.state.symbols.string(sym);
            let mean = (end.0 - first.first.0) as f64 / 1000.0 / (count.max(2) - 1) as f64;
            let place = joined.source_lines.of(first.pos);
            let entry = Entry {
                count,
                every_seconds: (count > 1).then(|| rounded(mean)),
                nodes: nodes(joined, run.iter().map(|(_, node)| *node)),
                realm: text(realm),
                action: text(es_action),
                evidence: vec![joined.evidence(place)],
                ..who(joined, kind, (principal, source, key), first.first, end)
            };
            entries.push(((first.first, end, 3, place), entry));
        }
    }
    entries
}

fn change(joined: &Correlated, at: usize) -> TimedEntry {
    let change = &joined.changes[at];
    let told = security_change(joined, at, change);
    let key = match (change.record.ids.as_slice(), told.resolved_ids.as_slice()) {
        ([only], _) => *only,
        ([], [only]) => joined.state.symbols.find(only.as_bytes()).unwrap_or_default(),
        _ => Sym::NONE,
    };
    let time = change.record.time;
    let entry = Entry {
        nodes: told.node.into_iter().collect(),
        realm: told.actor_realm,
        action: Some(told.action),
        target: told.target,
        evidence: vec![told.evidence],
        ..who(joined, "change", (change.actor, change.source, key), time, time)
    };
    ((time, time, 1, change.place), entry)
}

/// Powerful actions by who, from where, which and to what. Where changes are told, they tell of users, roles and keys; what was
/// refused is told with the refusals.
fn powerful(joined: &Correlated, with_changes: bool) -> Vec<TimedEntry> {
    type Alike = (Sym, Sym, Sym, Sym, Sym, Sym, bool);
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let of_change =
        |request: Option<RecordKey>, changes: &BTreeSet<RecordKey>| request.is_some_and(|key| changes.contains(&key));
    let changes = joined.changes_left().filter_map(|(_, change)| text(change.record.request_id));
    let changes: BTreeSet<RecordKey> = changes.filter(|_| with_changes).map(|id| RecordKey::of(&[Some(id)])).collect();
    let mut alike: BTreeMap<Alike, Vec<&PowerfulAction>> = BTreeMap::new();
    let told = joined
        .powerful
        .actions
        .iter()
        .filter(|action| action.is_told() && !action.left_out && !of_change(action.request, &changes));
    for action in told {
        let index = if action.indices == 1 || action.restricted { action.index } else { Sym::NONE };
        let who = (action.principal, action.run_by, action.source, action.apikey);
        let key = (who.0, who.1, who.2, who.3, action.es_action, index, action.granted);
        alike.entry(key).or_default().push(action);
    }
    let mut entries = Vec::new();
    for ((principal, _, source, key, es_action, index, granted), actions) in alike {
        let cuts = runs(&actions, |action| action.time, |action| action.time, &[]);
        for ends in cuts.windows(2) {
            let run = &actions[ends[0]..ends[1]];
            let Some((first, rest)) = run.split_first() else { continue };
            let (end, count) = (rest.last().map_or(first.time, |last| last.time), run.len() as u64);
            let run_as = first.class == ActionClass::RunAs;
            let event = if granted { "run_as_granted" } else { "run_as_denied" };
            let mean = (end.0 - first.time.0) as f64 / 1000.0 / (count.max(2) - 1) as f64;
            let string = |sym: Sym| joined.state.symbols.string(sym);
            let nodes: BTreeSet<usize> = run.iter().map(|action| action.node).collect();
            let labels = nodes.into_iter().filter_map(|node| joined.nodes.all()[node].label().map(str::to_owned));
            let entry = Entry {
                count,
                every_seconds: (count > 1).then(|| rounded(mean)),
                nodes: labels.collect(),
                realm: string(first.realm),
                action: if run_as { Some(event.to_owned()) } else { string(es_action) },
                class: Some(first.class.name().to_owned()),
                by_node: first.origin == Origin::LocalNode,
                target: if run_as { string(principal) } else { string(index) },
                evidence: vec![joined.evidence(first.place)],
                ..who(joined, "powerful", (first.who(), source, key), first.time, end)
            };
            entries.push(((first.time, end, 2, first.place), entry));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_cut_at_long_pauses_and_turns() {
        let minute = 60_000;
        let cut = |minutes: &[i64], breaks: &[i64]| {
            let times: Vec<Millis> = minutes.iter().map(|at| Millis(at * minute)).collect();
            let breaks: Vec<Millis> = breaks.iter().map(|at| Millis(at * minute)).collect();
            runs(&times, |time| *time, |time| *time, &breaks)
        };
        assert_eq!(cut(&[0, 1, 2, 3], &[]), [0, 4]);
        assert_eq!(cut(&[0, 1, 2, 30, 31], &[]), [0, 3, 5]);
        // Every hour is no pause for what comes every hour.
        assert_eq!(cut(&[0, 60, 120, 180, 600], &[]), [0, 4, 5]);
        assert_eq!(cut(&[0, 1, 2, 3], &[2]), [0, 2, 4]);
        assert_eq!(cut(&[5], &[]), [0, 1]);
    }
}
