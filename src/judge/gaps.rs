//! Audit logs that stop while their node lives.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::deeds::Deed;
use super::draft::Draft;
use super::history::HOUR;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::words;
use crate::action_class::ActionClass;
use crate::model::text::{Span, Text};
use crate::text;
use crate::time::Millis;

/// Minutes with a line of the server log that show that a node lives.
const ALIVE: usize = 3;

/// Chance of so few lines of its server log below which a node was down.
const DOWN: f64 = 0.05;

/// Share of its usual busy minutes that another node must have meanwhile: where nobody has anything to do, silence means nothing.
const BUSY: f64 = 0.5;

/// Other nodes of a cluster that are asked whether they were busy: those that are most.
const MOST_OTHERS: usize = 64;

/// Minutes with audit events that the node would usually have had meanwhile: below the first a silence says nothing, from the
/// second on it need not be as rare.
const MISSING: [f64; 2] = [20.0, 60.0];

/// How many times as long as each other silence of the node one has to be, by how much is missing: a node that is silent as long
/// at other times has nights.
const LONGER: [i64; 2] = [4, 2];

/// The last part of a silence, one in so many, in which a server log goes on that goes on to its end.
const LATE: i64 = 4;

/// Silence at the end of a node's audit log that is told.
const TAIL: i64 = HOUR;

/// A gap of one node.
struct Silence {
    node: usize,
    start: Millis,
    end: Millis,
    alive: usize,
    /// It writes again afterwards, or its server log goes on to the end.
    goes_on: bool,
    /// How often it writes usually, milliseconds.
    usual: i64,
    /// No other node of its cluster wrote anything meanwhile.
    everywhere: bool,
}

/// The drafts of gaps, and how often their nodes write usually; those of several nodes that begin together are one.
fn audit_gaps(measure: &Measure<'_, '_>) -> Vec<(Draft, i64)> {
    let busiest = busiest(measure);
    let mut silences: Vec<Silence> =
        (0..measure.scene.joined.nodes.all().len()).flat_map(|node| silences(measure, node, &busiest)).collect();
    silences.sort_by_key(|silence| (silence.start, silence.node));
    let usual = |run: &[Silence]| run.iter().map(|silence| silence.usual).max().unwrap_or(0);
    silences.chunk_by(|a, b| b.start.0 - a.start.0 <= TAIL / 4).map(|run| (draft(measure, run), usual(run))).collect()
}

/// Minutes in which a node wrote audit events, by time.
struct Active {
    node: usize,
    minutes: Vec<i64>,
}

/// By cluster: the nodes that are active in most minutes.
fn busiest(measure: &Measure<'_, '_>) -> BTreeMap<u16, Vec<Active>> {
    let scene = measure.scene;
    let mut busiest: BTreeMap<u16, Vec<Active>> = BTreeMap::new();
    for (node, known) in scene.joined.nodes.all().iter().enumerate() {
        busiest
            .entry(scene.cluster(node))
            .or_default()
            .push(Active { node, minutes: known.stats.minutes.iter().collect() });
    }
    for nodes in busiest.values_mut() {
        nodes.sort_by_key(|active| (Reverse(active.minutes.len()), active.node));
        nodes.truncate(MOST_OTHERS + 1);
    }
    busiest
}

/// How many of these sorted minutes lie in a stretch.
fn within(minutes: &[i64], (start, end): (Millis, Millis)) -> usize {
    minutes.partition_point(|&minute| minute < end.0 / 60_000)
        - minutes.partition_point(|&minute| minute < start.0 / 60_000)
}

fn silences(measure: &Measure<'_, '_>, at: usize, busiest: &BTreeMap<u16, Vec<Active>>) -> Vec<Silence> {
    let scene = measure.scene;
    // A node that writes failures alone writes as they come: while nobody fails it has nothing to say.
    if !scene.shows_successes(at) {
        return Vec::new();
    }
    let stats = &scene.joined.nodes.all()[at].stats;
    let server: Vec<i64> = stats.server_minutes.iter().collect();
    let cluster = scene.cluster(at);
    let whole = scene.length(cluster);
    let mut gaps = stats.minutes.gaps();
    let (_, log_end) = scene.span(cluster);
    if let Some(last) = stats.span.last.filter(|last| log_end.0 - last.0 >= TAIL) {
        gaps.push((Millis(last.0 + 60_000), log_end));
    }
    let minutes = stats.minutes.iter().count() as f64;
    let mut active = [0.0; 24];
    stats.minutes.iter().for_each(|minute| active[hour_of(minute)] += 1.0);
    let (log_start, _) = scene.span(cluster);
    let known = by_hour(log_start, log_end);
    let others = || busiest.get(&cluster).into_iter().flatten().filter(|other| other.node != at);
    let mut lengths: Vec<i64> = gaps.iter().map(|(start, end)| end.0 - start.0).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let silence = |(start, end): (Millis, Millis)| {
        let length = end.0 - start.0;
        let alive = within(&server, (start, end));
        let usual = minutes / (((whole - length) / 60_000).max(1) as f64);
        let missing = missing(usual, (&active, &known), &by_hour(start, end));
        // Little that is missing says something only of a node that is known to live.
        let many = missing >= MISSING[1];
        let longer = LONGER[usize::from(many)];
        let other = if lengths.first() == Some(&length) { lengths.get(1) } else { lengths.first() };
        if missing < MISSING[0] || !many && alive < ALIVE || other.is_some_and(|other| other * longer >= length) {
            return None;
        }
        // A server log that has no line where it would have had several tells that the node was down; one that is sparse, or
        // that is not among the inputs, tells nothing.
        let lines = server.len() as f64 * (end.0 - start.0) as f64 / whole as f64;
        let goes_on = stats.span.last.is_some_and(|last| last > end);
        let may_live = alive >= ALIVE || goes_on && poisson_below(alive, lines) > DOWN;
        // What collects its server log to the end would have collected its audit log, too.
        let late = (Millis(end.0 - (end.0 - start.0) / LATE), Millis(end.0 + 60_000));
        let collected = within(&server, late) > 0;
        if !may_live {
            return None;
        }
        // Where clients keep to their nodes each has hours of its own: most of the others are as busy as ever. One that is silent
        // meanwhile, too, says nothing.
        let share = |other: &Active| {
            let (Some(first), Some(last)) = (other.minutes.first(), other.minutes.last()) else { return None };
            let usual = other.minutes.len() as f64 / (last - first + 1) as f64;
            let meanwhile = within(&other.minutes, (start, end)) as f64 / ((end.0 - start.0) / 60_000).max(1) as f64;
            (meanwhile > 0.0).then_some(meanwhile >= BUSY * usual)
        };
        let seen: Vec<bool> = others().take(MOST_OTHERS).filter_map(share).collect();
        let busy = seen.iter().filter(|&&busy| busy).count() * 2 > seen.len();
        let between = (60_000.0 / usual.max(1e-9)) as i64;
        // Where nobody writes, clients may have nothing to do; but not just when somebody changed a setting.
        let everywhere = seen.is_empty();
        let off = || many && alive >= ALIVE && setting_before(measure, cluster, (start, end), between).is_some();
        let told = if everywhere { off() } else { busy };
        told.then_some(Silence {
            node: at,
            start,
            end,
            alive,
            goes_on: goes_on || collected,
            usual: between,
            everywhere,
        })
    };
    gaps.into_iter().filter_map(silence).collect()
}

/// The hour of the day (UTC) of a minute.
fn hour_of(minute: i64) -> usize {
    minute.div_euclid(60).rem_euclid(24) as usize
}

/// Minutes of a stretch in each hour of the day.
fn by_hour(start: Millis, end: Millis) -> [f64; 24] {
    let (first, last) = (start.0.div_euclid(60_000), end.0.div_euclid(60_000).max(start.0.div_euclid(60_000)));
    let mut hours = [(60 * ((last - first) / (24 * 60))) as f64; 24];
    // What is left is less than a day.
    let mut minute = first + (last - first) / (24 * 60) * (24 * 60);
    while minute < last {
        let next = ((minute.div_euclid(60) + 1) * 60).min(last);
        hours[hour_of(minute)] += (next - minute) as f64;
        minute = next;
    }
    hours
}

/// Minutes with audit events that a node would have had in a silence, by the hours of the day at which it writes: `active` has its
/// minutes with events, `known` all minutes of the log, and `silent` those of the silence. `usual`: the share of all, for hours
/// that the log shows nowhere else.
fn missing(usual: f64, (active, known): (&[f64; 24], &[f64; 24]), silent: &[f64; 24]) -> f64 {
    /// Minutes of an hour of the day that have to be known.
    const LEAST: f64 = 60.0;
    let hours = active.iter().zip(known).zip(silent);
    let share = |((&active, &known), &silent): ((&f64, &f64), &f64)| {
        let elsewhere = known - silent;
        silent * if elsewhere >= LEAST { active / elsewhere } else { usual }
    };
    hours.map(share).sum()
}

/// Chance of at most so many lines where so many are expected.
fn poisson_below(most: usize, expected: f64) -> f64 {
    let (mut term, mut sum) = ((-expected).exp(), 0.0);
    for count in 0..=most {
        sum += term;
        term *= expected / (count + 1) as f64;
    }
    sum
}

fn draft(measure: &Measure<'_, '_>, run: &[Silence]) -> Draft {
    let scene = measure.scene;
    let names: Vec<String> = run.iter().map(|silence| scene.node_name(silence.node)).collect();
    let (start, end) = (run[0].start, run.iter().map(|silence| silence.end).max().unwrap_or(run[0].end));
    // A gap by itself may be a file that was not shipped: the coverage tells it, too.
    let lived = |silence: &Silence| silence.goes_on && silence.alive >= ALIVE;
    let severity = if run.iter().any(lived) { Severity::Low } else { Severity::Info };
    let mut draft = Draft::new(Kind::AuditGap, severity, (Verdict::Unclear, 0.5));
    draft.cluster = scene.cluster(run[0].node);
    let everywhere = run.iter().all(|silence| silence.everywhere);
    draft.title = text!(
        "{} wrote no audit events for {}, while {}",
        Text::list(names.iter().map(|name| Span::node(name)), names.len() as u64, 3),
        Span::Duration(end.0 - start.0),
        if everywhere { "server logs went on" } else { "other nodes did" }
    );
    draft.why.push(text!("No audit event from {} to {}", start, end));
    let alive: usize = run.iter().map(|silence| silence.alive).sum();
    draft.why.push(if everywhere {
        "No other node wrote audit events either, and all begin to be silent after a setting was changed".to_owned()
    } else {
        "Most other nodes wrote audit events meanwhile, as many as ever".to_owned()
    });
    draft.why.push(match alive as u64 {
        0 => "Not to be known here: whether it was up, as no line of its server log tells".to_owned(),
        alive => format!("Its server log has lines in {} meanwhile", words::count(alive, "minute", "minutes")),
    });
    draft.nodes = run.iter().map(|silence| silence.node).collect();
    draft.times = vec![start, end];
    draft
}

/// How long before a gap what caused it was done at most.
const BEFORE: i64 = 2 * HOUR;

/// How long after its last line a node may still have written, by how often it writes usually.
fn late((start, end): (Millis, Millis), usual: i64) -> i64 {
    /// How many usual pauses there are between the last line and the end of writing, hardly more.
    const PAUSES: i64 = 3;
    (PAUSES * usual).min((end.0 - start.0) / 2)
}

/// The last change of a setting just before a gap.
fn setting_before<'m>(
    measure: &'m Measure<'_, '_>,
    cluster: u16,
    (start, end): (Millis, Millis),
    usual: i64,
) -> Option<&'m Deed> {
    /// How far clocks go wrong.
    const CLOCKS: i64 = 300_000;
    let near = start.0 - BEFORE..=start.0 + CLOCKS + late((start, end), usual);
    let deeds = measure.deeds.all().iter();
    let settings =
        deeds.filter(|deed| deed.class == ActionClass::Settings && measure.scene.cluster(deed.node) == cluster);
    settings.filter(|deed| near.contains(&deed.time.0)).max_by_key(|deed| (deed.time, deed.place))
}

/// The gaps of a log, with who may have caused each: see [`suspect`].
pub(super) fn suspected_gaps(measure: &Measure<'_, '_>, drafts: &mut Vec<Draft>) {
    for (mut gap, usual) in audit_gaps(measure) {
        suspect(measure, (&mut gap, usual), drafts);
        drafts.push(gap);
    }
}

/// Names who may have stopped the audit log: whoever changed a setting just before, or had broken in. A node that writes seldom
/// is missed some time after it stopped.
fn suspect(measure: &Measure<'_, '_>, (gap, usual): (&mut Draft, i64), known: &[Draft]) {
    let &[start, end, ..] = gap.times.as_slice() else { return };
    if let Some(deed) = setting_before(measure, gap.cluster, (start, end), usual) {
        gap.principals = vec![deed.who];
        gap.sources = vec![deed.source];
        gap.why.push(text!("Just before it: {}", super::consequences::deed_in_words(measure, deed)));
        gap.evidence.push(deed.place);
        gap.severity = Severity::Medium;
    }
    let breach = known.iter().enumerate().find(|(_, draft)| {
        draft.doc.kind == Kind::AccountCompromise
            && draft.cluster == gap.cluster
            && draft
                .span(measure.scene)
                .is_some_and(|(from, to)| from.0 <= start.0 + late((start, end), usual) && to.0 + BEFORE >= start.0)
    });
    if let Some((at, draft)) = breach {
        gap.principals.clone_from(&draft.principals);
        gap.sources.clone_from(&draft.sources);
        gap.why.push("An account had been taken over just before".to_owned());
        gap.verdict = Verdict::Hostile;
        gap.confidence = 0.8;
        gap.severity = Severity::High;
        gap.related.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_rests_at_night_misses_nothing_then() {
        let hour = |hour: i64| Millis(hour * HOUR);
        let silent = by_hour(hour(22), Millis(30 * HOUR + 600_000));
        assert_eq!((silent[22], silent[5], silent[6], silent[7]), (60.0, 60.0, 10.0, 0.0));
        assert_eq!(by_hour(hour(3), hour(51)), [120.0; 24]);
        // Ten minutes of each hour of the day, none at night, for three days.
        let mut active = [30.0; 24];
        (22..24).chain(0..8).for_each(|hour| active[hour] = 0.0);
        let known = by_hour(hour(0), hour(72));
        let of = |from: i64, to: i64| missing(0.1, (&active, &known), &by_hour(hour(from), hour(to)));
        assert_eq!(of(22, 32), 0.0);
        assert!((of(34, 44) - 150.0).abs() < 1e-9, "{}", of(34, 44));
        // Of an hour that the log shows once nothing is known but the average.
        assert!((missing(0.1, (&active, &silent), &silent) - 49.0).abs() < 1e-9);
    }

    #[test]
    fn a_stretch_holds_the_minutes_from_its_start_up_to_its_end() {
        let stretch = |from: i64, to: i64| (Millis(from * 60_000), Millis(to * 60_000));
        let minutes = [9, 10, 11, 19, 20];
        assert_eq!(
            [stretch(10, 20), stretch(0, 9), stretch(20, 99)].map(|stretch| within(&minutes, stretch)),
            [3, 0, 1]
        );
    }
}
