//! What the logs cannot answer, in sentences, each with the setting that would change it.

use std::collections::BTreeSet;

use super::context;
use crate::correlate::{Correlated, KnownNode};
use crate::model::text::{Span, Text};
use crate::model::{self, CountedOnly};
use crate::options::Options;
use crate::reason::Basis;
use crate::state::{self, Attempt, ChainId, MOST_KINDS, MOST_OF_A_KIND, Pos};
use crate::text;
use crate::time::Millis;
use crate::words;

/// What these logs cannot answer, and the setting that would change it: `nodes` as they are told, all of the table, and how many
/// attempts were only counted.
pub(super) fn cannot_tell(
    joined: &Correlated,
    options: &Options,
    nodes: &[model::Node],
    counted_only: Option<&CountedOnly>,
) -> Vec<Text> {
    const INCLUDE: &str = "xpack.security.audit.logfile.events.include";
    let mut told = short_of_memory(joined, options, counted_only);
    told.extend(too_long(joined, options));
    told.extend(unsettled(joined));
    told.extend(without_order(joined));
    told.extend(torn(joined));
    told.extend(among_messages(joined));
    told.extend(contested(joined));
    let cut = joined.state.inputs.iter().filter(|input| input.interrupted).count();
    if cut > 0 {
        let inputs = if cut == 1 { "input" } else { "inputs" };
        told.push(Text::from(format!(
            "anything that stands in the unread rest of {cut} {inputs}: a signal ended the run, and every number here is \
             of what was read before"
        )));
    }
    if joined.pseudonymized {
        told.push(Text::from(
            "who and from where: principals, addresses and API keys are pseudonyms here, an address may be somebody \
             else's (--pseudonymize)",
        ));
    }
    if options.pseudonymized.is_some() {
        told.push(Text::from(
            "which accounts are built in or a program's, and whether a success stands in several inputs: these are parts under \
             pseudonyms, and neither names nor sums of events are in them",
        ));
    }
    let sum = |count: fn(&crate::state::InputStats) -> u64| joined.state.inputs.iter().map(count).sum::<u64>();
    if sum(|input| input.audit_events) == 0 && sum(|input| input.server_events) > 0 {
        told.push(Text::from(
            "who was refused from where, how often, and whether it was an attack: no audit log: no verdict. The refusals that \
             the server log tells are listed"), 
        );
    }
    let mut of_elasticsearch = false;
    let unexplained = unexplained(joined);
    for ((node, report), attempts) in joined.nodes.all().iter().zip(nodes).zip(&unexplained) {
        let name = Span::node(&node.spoken());
        if node.is_opensearch() {
            told.extend(of_opensearch(&name, node, report));
            continue;
        }
        of_elasticsearch |= node.stats.failures + node.stats.anonymous > 0;
        if report.logs_realm_failures == Some(false) {
            told.push(text!(
                "realm chains on node {}: realm_authentication_failed is not in its {}",
                name.clone(),
                Span::Code(INCLUDE.into())
            ));
        }
        if report.logs_successes == Some(false) {
            told.push(text!(
                "successful logins on node {}: authentication_success is not in its {}; access_granted and access_denied stand \
                 in for it",
                name.clone(),
                Span::Code(INCLUDE.into())
            ));
        }
        if !report.has_server_log && node.stats.failures + node.stats.anonymous > 0 {
            told.push(text!(
                "reasons of failures on node {}: its server log is not among the inputs, and audit events carry none",
                name.clone()
            ));
        }
        told.extend(beyond_server_log(attempts, node));
    }
    if of_elasticsearch {
        told.push(Text::from(
            "requests with expired or invalidated bearer tokens: they leave no audit event, and no line in the server log but \
             at DEBUG"), 
        );
    }
    told.extend(context::doubts(joined));
    told.extend(unknown_clusters(joined));
    told.extend(uncounted_acts(joined));
    // Of OpenSearch's nodes it is said above that they write no chains.
    let has_none = |attempt: &&Attempt| !attempt.has_request_id() && !joined.nodes.of(attempt.node).is_opensearch();
    let without_request = joined.attempts.iter().filter(has_none).count();
    if without_request > 0 {
        told.push(Text::from(format!(
            "realm chains of {without_request} attempts: their events carry no request.id (Elasticsearch before 7.0)"
        )));
    }
    told.extend(ended_again(joined));
    let evicted = joined.state.evicted;
    if let (Some(first), Some(last)) = (evicted.span.first, evicted.span.last) {
        let why = format!(
            ": {} realm failures were given up because more than {} were waiting for the end of their request (--max-in-flight)",
            evicted.events, options.max_in_flight
        );
        let between = text!("realm chains of some attempts between {} and {}", Span::Exact(first), Span::Exact(last));
        told.push(between.with(why));
    }
    for zone_told in [false, true] {
        let zoneless = || {
            let inputs = joined.state.inputs.iter();
            inputs.filter(move |input| input.zone_assumed > 0 && input.zone_told == zone_told)
        };
        if let Some(first) = zoneless().map(|input| &input.label).min() {
            let (times, inputs) = (zoneless().map(|input| input.zone_assumed).sum::<u64>(), zoneless().count());
            let read = if zone_told {
                "in that of the nodes' audit logs".to_owned()
            } else {
                format!("as {}", options.zone())
            };
            let told_first =
                Text::from(format!("the zone of {times} times in {inputs} inputs (first: ")).with(Span::name(first));
            told.push(told_first.with(format!("): they carry none and were read {read} (--assume-tz)")));
        }
    }
    told
}

/// Attempts of which the server log tells some reason, and nothing tells of which.
fn contested(joined: &Correlated) -> Option<Text> {
    let count = (0..joined.attempts.len() as u32).filter(|&at| joined.is_contested(at)).count();
    (count > 0).then(|| {
        Text::from(format!(
            "whether lines of the server log tell the reason of {count} failed attempts: each of these lines fits several of \
             one moment, and neither key nor principal, address, realm or what their clients did before decides"
        ))
    })
}

/// Inputs whose lines stand in no order that is known.
fn without_order(joined: &Correlated) -> Option<Text> {
    let shuffled = || joined.state.inputs.iter().filter(|input| input.shuffled);
    let first = shuffled().map(|input| &input.label).min()?;
    let count = shuffled().count();
    let inputs = if count == 1 { "input" } else { "inputs" };
    let begin =
        Text::from(format!("in which order realms were asked in {count} {inputs} (first: ")).with(Span::name(first));
    Some(begin.with(
        "): its lines contradict each other, as in an export that was sorted by time alone, or as text, so realm chains are sets \
         and nothing is inferred from their order; export event.sequence, log.offset or _seq_no with it",
    ))
}

/// Attempts whose realms stand in no order that is known, though their input stands in one.
fn torn(joined: &Correlated) -> Option<Text> {
    let inputs: BTreeSet<u32> =
        joined.state.inputs.iter().zip(0..).filter(|(input, _)| input.shuffled).map(|(_, at)| at).collect();
    let in_order = |pos: Pos| !inputs.contains(&joined.state.chunks[pos.chunk as usize].input);
    let torn = |attempt: &&Attempt| !joined.state.chains.is_ordered(attempt.chain) && in_order(attempt.pos);
    let count = joined.attempts.iter().filter(torn).count();
    let attempts = words::count(count as u64, "attempt", "attempts");
    (count > 0).then(|| {
        Text::from(format!(
            "in which order realms were asked in {attempts}: their lines of one millisecond stand in several inputs that overlap in \
             time, or bear numbers that contradict it, so these realm chains are sets"
        ))
    })
}

/// Attempts whose line may be that of another end of their request. Where realm failures were given up that is said instead.
fn ended_again(joined: &Correlated) -> Option<Text> {
    let is_open = |attempt: &&Attempt| {
        let logs = joined.nodes.of(attempt.node).stats.realm_failures > 0;
        logs && attempt.chain == ChainId::UNKNOWN && attempt.has_request_id() && joined.state.evicted.events == 0
    };
    let count = joined.attempts.iter().filter(is_open).count();
    (count > 0).then(|| {
        let attempts = words::count(count as u64, "attempt", "attempts");
        Text::from(format!(
            "realm chains of {attempts}: the same request ended another time, and realms were asked before that end alone, as where \
             its last line was written or shipped twice"
        ))
    })
}

/// Inputs in which audit events stand among the lines of a server log of text. Where more of a message follows them they do not
/// count ([`crate::framing`]); a message may also end in such a line.
fn among_messages(joined: &Correlated) -> Option<Text> {
    let is_mixed =
        |input: &&state::InputStats| ["server-text", "native"].iter().all(|format| input.formats.contains_key(*format));
    let mixed = || joined.state.inputs.iter().filter(is_mixed);
    let first = mixed().map(|input| &input.label).min()?;
    let count = mixed().count();
    let inputs = if count == 1 { "input" } else { "inputs" };
    let begin = Text::from(format!("whether nodes wrote all audit events of {count} {inputs} (first: "));
    Some(begin.with(Span::name(first)).with(
        "): they stand among the lines of a server log of text, which no release writes so; where the two were not put into \
         one file, the last line of a message, which a client may have written, looks the same",
    ))
}

/// Events that may be counted twice.
fn unsettled(joined: &Correlated) -> Vec<Text> {
    let mut told = Vec::new();
    let mut open = joined.state.unsettled.clone();
    // Where failures were met again, successes may have been, too.
    let again = joined.duplicates.values().any(|&count| count > 0);
    let node_of = |node| joined.nodes.index(node) as u64;
    for more in [joined.state.overlaps(node_of, again), joined.state.touching(node_of)] {
        open.add(more.events, more.span);
    }
    if open.events > 0 {
        let mut sentence = Text::from(format!(
            "whether up to {}, mostly successes, happened once or twice: several inputs overlap",
            words::count(open.events, "event", "events")
        ));
        if let (Some(first), Some(last)) = (open.span.first, open.span.last) {
            sentence = sentence.with(text!(" between {} and {}", Span::Exact(first), Span::Exact(last)));
        }
        told.push(sentence.with(
            " and cannot be compared (a pipe is read once, a part holds sums, memory has a limit, a form of export leaves out what \
             another holds, where one ends and another begins the same line may be the next of its kind); they are counted as met. Failures and changes whose request both name are counted once",
        ));
    }
    let left_out = joined.state.documents_left_out;
    if left_out > 0 {
        told.push(Text::from(format!(
            "whether {left_out} documents stand twice in their file: --max-memory has no room to compare their names"
        )));
    }
    told
}

/// What the records of OpenSearch cannot answer, in its words.
fn of_opensearch(name: &Span, node: &KnownNode, report: &model::Node) -> Vec<Text> {
    let mut told = Vec::new();
    if node.stats.failures + node.stats.anonymous > 0 {
        told.push(text!(
            "realm chains and reasons of failures on node {}: a record of the category FAILED_LOGIN names neither the \
             authentication domains that were tried nor the cause; the log of the security plugin may, at DEBUG",
            name.clone()
        ));
    }
    if report.logs_successes == Some(false) {
        told.push(text!(
            "successful logins on node {}: the category AUTHENTICATED is among those that it does not audit \
             (config.audit.disabled_rest_categories, _plugins/_security/api/audit); GRANTED_PRIVILEGES and \
             MISSING_PRIVILEGES stand in for it",
            name.clone()
        ));
    }
    told
}

/// Nodes that may be of one cluster or of several.
fn unknown_clusters(joined: &Correlated) -> Option<Text> {
    let unknown = joined.nodes.clusters().iter().position(|cluster| cluster.uuid.is_none())?;
    let of_none = |node: &&KnownNode| node.cluster == unknown && node.stats.audit_events > 0 && !node.is_opensearch();
    let nodes: Vec<String> = joined.nodes.all().iter().filter(of_none).map(KnownNode::spoken).collect();
    let known = joined.nodes.clusters().len() > 1;
    // One node, or several of a log that names no cluster at all, are mostly of one.
    (known && !nodes.is_empty()).then(|| {
        let (total, names) = (nodes.len(), nodes.iter().take(MOST_STRETCHES));
        let mut shown: Vec<Text> = names.map(|name| Span::node(name).into()).collect();
        if total > MOST_STRETCHES {
            shown.push(format!("{} more", total - MOST_STRETCHES).into());
        }
        text!(
            "to which cluster these nodes belong: {}; no event of theirs has a cluster.uuid (Elasticsearch before 8.1 writes \
             none), so they are taken as one cluster of their own",
            separated(shown)
        )
    })
}

/// Texts with commas between them.
fn separated(texts: Vec<Text>) -> Text {
    let comma = |at: usize| if at > 0 { ", " } else { "" };
    texts.into_iter().enumerate().fold(Text::new(), |out, (at, text)| out.with(comma(at)).with(text))
}

/// Powerful actions that are counted and no more.
fn uncounted_acts(joined: &Correlated) -> Option<Text> {
    let counted = joined.powerful.counted_only();
    let total: u64 = counted.values().sum();
    (total > 0).then(|| {
        let classes: Vec<String> = counted.iter().map(|(class, count)| format!("{} {count}", class.name())).collect();
        Text::from(format!(
            "when each of {total} more powerful actions happened ({}): of each kind (who, from where, which action) the first \
             {MOST_OF_A_KIND} are kept, of {MOST_KINDS} kinds",
            classes.join(", ")
        ))
    })
}

/// Stretches of one node named one by one; more are counted.
const MOST_STRETCHES: usize = 4;

/// By node that has a server log: the times of the attempts without a reason.
fn unexplained(joined: &Correlated) -> Vec<Vec<Millis>> {
    let mut times = vec![Vec::new(); joined.nodes.all().len()];
    for attempt in joined.attempts.iter().filter(|attempt| attempt.basis == Basis::None) {
        let node = joined.nodes.index(attempt.node);
        if !joined.nodes.all()[node].server_log.is_empty() {
            times[node].push(attempt.time);
        }
    }
    times
}

/// The attempts of a node without a reason, by time, that its server log, which is there, does not reach.
fn beyond_server_log(attempts: &[Millis], node: &KnownNode) -> Option<Text> {
    // The attempts stand by time: those between two covered stretches are neighbours.
    let mut stretches: Vec<(usize, state::TimeSpan, u64)> = Vec::new();
    for &time in attempts {
        if node.server_log_covers(time, 0) {
            continue;
        }
        let before = node.server_log.partition_point(|(start, _)| *start <= time);
        match stretches.last_mut() {
            Some((place, span, count)) if *place == before => {
                span.add(time);
                *count += 1;
            }
            _ => stretches.push((before, state::TimeSpan { first: Some(time), last: Some(time) }, 1)),
        }
    }
    let attempts: u64 = stretches.iter().map(|(.., count)| count).sum();
    let mut shown: Vec<Text> = stretches
        .iter()
        .take(MOST_STRETCHES)
        .filter_map(|(_, span, _)| {
            let (first, last) = (Span::Exact(span.first?), Span::Exact(span.last?));
            Some(if first == last { first.into() } else { text!("{} to {}", first, last) })
        })
        .collect();
    if stretches.len() > MOST_STRETCHES {
        shown.push(format!("and {} more stretches", stretches.len() - MOST_STRETCHES).into());
    }
    (attempts > 0).then(|| {
        let failures = if attempts == 1 { "failure" } else { "failures" };
        Text::from(format!("reasons of {attempts} {failures} on node "))
            .with(Span::node(&node.spoken()))
            .with(": its server log does not cover ")
            .with(separated(shown))
    })
}

/// What stands in lines that were not read.
fn too_long(joined: &Correlated, options: &Options) -> Option<Text> {
    let skipped = || joined.state.inputs.iter().filter(|input| input.oversized_lines > 0);
    let first = skipped().map(|input| &input.label).min()?;
    let lines = words::count(skipped().map(|input| input.oversized_lines).sum(), "line", "lines");
    let inputs = words::count(skipped().count() as u64, "input", "inputs");
    let most = words::number(options.max_line as u64);
    let begin = Text::from(format!("anything that stands in {lines} of {inputs} (first: ")).with(Span::name(first));
    Some(begin.with(format!("): longer than {most} bytes, they were skipped (--max-line)")))
}

/// What memory had no room for.
fn short_of_memory(joined: &Correlated, options: &Options, counted: Option<&CountedOnly>) -> Vec<Text> {
    let counted_only = &joined.state.counted_only;
    let limit = options.max_memory >> 20;
    let mut told = Vec::new();
    if let Some(counted) = counted {
        let mut sentence = Text::from(format!(
            "who is behind {} failed attempts: --max-memory ({limit} MiB) has no room for them. They are in the totals and \
             the timeline, and in no group, list, finding or filter: all attempts of the {} principals that failed least often",
            counted.attempts, counted.principals
        ));
        for part in &counted.principals_in_part {
            sentence.push(format!("; {} attempts of ", part.count));
            sentence.push(Span::principal(part.key.as_deref().unwrap_or_default()));
            sentence.push(", who failed most");
        }
        told.push(sentence);
    }
    if counted_only.merged {
        told.push(Text::from(
            "how many principals and sources there are, and how often attempts without details failed, where parts overlap: \
             attempts were left out of parts before they were merged, so the totals are upper bounds"), 
        );
    }
    if counted_only.actors > 0 {
        told.push(Text::from(format!(
            "when {} clients succeeded of whose failures none is analysed: --max-memory ({limit} MiB) has no room for them",
            counted_only.actors
        )));
    }
    told
}
