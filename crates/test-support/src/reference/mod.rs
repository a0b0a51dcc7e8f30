//! A slow and obvious second implementation of the report's numbers, against which the tool is held. It shares no code
//! with the tool: whole files in memory, serde_json, chrono, and every question answered by looking at all events again.

mod access;
mod changes;
mod compare;
mod join;
mod json;
mod line;

use std::collections::{BTreeMap, BTreeSet};

pub use access::Denied;
pub use changes::Change;
use join::Placed;
use json::shown;
use line::Line;

/// One input: its path as the tool will show it, and its bytes after decompression.
pub type Source = (String, Vec<u8>);

/// A line of an input: the file's index by path, and the line from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    pub line: u64,
}

/// What is known of an input as a whole.
#[derive(Debug, Default)]
pub struct File {
    counts: Counts,
    /// First and last time of each node's audit events.
    spans: BTreeMap<Option<String>, (i64, i64)>,
    /// Times fall more often than they rise.
    newest_first: bool,
    /// See [`join::tie_votes`].
    tie_votes: (u64, u64),
}

impl File {
    fn span_of(&self, node: &Option<String>) -> Option<(i64, i64)> {
        self.spans.get(node).copied()
    }

    /// Whether events of one millisecond stand in reversed order in a file whose times fall: unless its own attempts show
    /// the opposite.
    fn reverses_ties(&self) -> bool {
        let (forward, reversed) = self.tie_votes;
        forward <= reversed
    }
}

/// How many lines are what.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub audit: u64,
    pub server: u64,
    pub other: u64,
    pub undecodable: u64,
    pub oversized: u64,
}

/// A group of failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    pub principal: Option<String>,
    pub chain: Option<Vec<String>>,
    pub count: u64,
    pub first: String,
    pub last: String,
    /// Most frequent first, then by address; at most 50.
    pub sources: Vec<(String, u64)>,
    pub sources_total: u64,
    pub nodes: Vec<String>,
    pub actions: BTreeMap<String, u64>,
}

/// A node, by id and name: its audit events (as read), and whether it logs realm failures, successes, a server log.
pub type Node = ((Option<String>, Option<String>), u64, [bool; 3]);

/// The numbers of a report, from whichever implementation.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbers {
    pub counts: Counts,
    pub inputs: Vec<(String, Counts)>,
    pub duplicates: u64,
    pub actions: BTreeMap<String, u64>,
    pub nodes: Vec<Node>,
    /// Attempts, principals, sources, invalidations.
    pub totals: [u64; 4],
    /// Sorted.
    pub groups: Vec<Group>,
    /// Sorted.
    pub changes: Vec<Change>,
    /// Start of bucket: failed, anonymous, denied, tampered.
    pub timeline: BTreeMap<String, [u64; 4]>,
    pub duplicates_by_action: BTreeMap<String, u64>,
    pub tampered: u64,
    /// Principal, key, action, index: events, addresses. At most 50, and how many there are.
    pub denied: (Vec<Denied>, u64),
    /// How many accounts got in at places new to them.
    pub new_places: u64,
}

impl Numbers {
    /// Without the order in which realms were asked: where the tool takes it for lost, the rest must agree all the same.
    pub fn forget_order(&mut self) {
        let mut groups: BTreeMap<_, Group> = BTreeMap::new();
        for mut group in std::mem::take(&mut self.groups) {
            group.chain.iter_mut().for_each(|chain| chain.sort());
            match groups.get_mut(&(group.principal.clone(), group.chain.clone())) {
                Some(known) => known.absorb(group),
                None => {
                    groups.insert((group.principal.clone(), group.chain.clone()), group);
                }
            }
        }
        self.groups = groups.into_values().collect();
    }
}

impl Group {
    /// Takes in another, of which all sources are listed, too.
    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.clone().min(other.first);
        self.last = self.last.clone().max(other.last);
        for (address, count) in other.sources {
            match self.sources.iter_mut().find(|(known, _)| *known == address) {
                Some((_, known)) => *known += count,
                None => self.sources.push((address, count)),
            }
        }
        self.sources.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), address.clone()));
        self.sources_total = self.sources.len() as u64;
        self.nodes.extend(other.nodes);
        self.nodes.sort();
        self.nodes.dedup();
        for (action, count) in other.actions {
            *self.actions.entry(action).or_default() += count;
        }
    }
}

/// A failed attempt with everything a group asks for.
struct Attempt {
    principal: Option<String>,
    chain: Option<Vec<String>>,
    time: i64,
    source: Option<String>,
    node: Option<String>,
    action: String,
}

/// Times as the contract writes them.
pub fn rfc3339(time: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(time).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// How the inputs are to be read.
pub struct Settings {
    /// Longest line that is read.
    pub max_line: usize,
    /// Seconds east of UTC of times without a zone.
    pub offset: i64,
    /// Width of the timeline's buckets.
    pub bucket_seconds: u64,
}

/// Reads everything and counts.
pub fn numbers(sources: &[Source], settings: &Settings) -> Numbers {
    let mut sources = sources.to_vec();
    sources.sort();
    let mut files = Vec::new();
    let mut events: Vec<Placed> = Vec::new();
    let mut named: BTreeMap<Option<String>, (Option<String>, Option<String>)> = BTreeMap::new();
    let mut server_logs = BTreeSet::new();
    for (index, (_, bytes)) in sources.iter().enumerate() {
        let mut file = File::default();
        let mut steps = (0, 0);
        let mut previous = None;
        let (mut garbage, mut texts, mut servers_output) = (0, 0, false);
        for (line, text) in (1..).zip(lines(bytes)) {
            file.counts.lines += 1;
            // A hole before a record is none of it.
            let after_hole = &text[text.iter().take_while(|byte| **byte == 0).count()..];
            let text = if after_hole.is_empty() { text } else { after_hole };
            if after_hole.len() > settings.max_line {
                file.counts.oversized += 1;
                continue;
            }
            match line::read(text, settings.offset) {
                Line::Other => file.counts.other += 1,
                Line::Undecodable => file.counts.undecodable += 1,
                Line::Garbage => garbage += 1,
                Line::Text => texts += 1,
                Line::Server(_, id, name, wrapped) => {
                    file.counts.server += 1;
                    servers_output |= !wrapped;
                    server_logs.insert(id.clone().or(name.clone()));
                    let entry = named.entry(id.clone().or(name.clone())).or_insert((id, None));
                    entry.1 = entry.1.take().or(name);
                }
                Line::Audit(event) => {
                    file.counts.audit += 1;
                    match previous {
                        Some(time) if event.time > time => steps.0 += 1,
                        Some(time) if event.time < time => steps.1 += 1,
                        _ => {}
                    }
                    previous = Some(event.time);
                    let (first, last) = file.spans.entry(event.node()).or_insert((event.time, event.time));
                    (*first, *last) = (event.time.min(*first), event.time.max(*last));
                    let entry = named.entry(event.node()).or_insert((event.node_id.clone(), None));
                    entry.1 = entry.1.take().or(event.node_name.clone());
                    events.push((Place { file: index, line }, *event));
                }
            }
        }
        let counts = &mut file.counts;
        let among_records = counts.audit + counts.server + counts.undecodable > 0;
        *if among_records { &mut counts.undecodable } else { &mut counts.other } += garbage;
        let text_is_broken = counts.audit + counts.server > 0 && !servers_output;
        *if text_is_broken { &mut counts.undecodable } else { &mut counts.other } += texts;
        file.newest_first = steps.1 > steps.0;
        files.push(file);
    }
    for (index, file) in files.iter_mut().enumerate() {
        file.tie_votes = join::tie_votes(&events, index);
    }
    let as_read = events.clone();
    let (events, duplicates_by_action) = join::without_duplicates(events);
    let duplicates = duplicates_by_action.values().sum();
    const FAILURES: [&str; 3] = ["authentication_failed", "realm_authentication_failed", "anonymous_access_denied"];
    let failures: Vec<Placed> =
        events.iter().filter(|(_, event)| FAILURES.contains(&event.action.as_str())).cloned().collect();
    let attempts: Vec<Attempt> = failures.iter().filter_map(|event| attempt(&failures, &files, event)).collect();
    let mut actions = BTreeMap::new();
    for (_, event) in &events {
        *actions.entry(shown(&event.action)).or_insert(0) += 1;
    }
    let seen = |node: &Option<String>, action: &str| {
        as_read.iter().any(|(_, event)| event.node() == *node && event.action == action)
    };
    let mut nodes: Vec<Node> = named
        .iter()
        .filter(|(node, _)| node.is_some())
        .map(|(node, (id, name))| {
            let count = as_read.iter().filter(|(_, event)| event.node() == *node).count() as u64;
            let facts = [
                seen(node, "realm_authentication_failed"),
                seen(node, "authentication_success"),
                server_logs.contains(node),
            ];
            ((id.as_deref().map(shown), name.as_deref().map(shown)), count, facts)
        })
        .collect();
    nodes.sort();
    let mut changes: Vec<Change> = events
        .iter()
        .filter(|(_, event)| event.is_change)
        .map(|event| changes::change(&events, event, &sources))
        .collect();
    changes.sort();
    let invalidations = ["invalidate_apikeys", "invalidate_apikey"].iter().filter_map(|name| actions.get(*name)).sum();
    let distinct = |of: fn(&Attempt) -> &Option<String>| {
        attempts.iter().filter_map(|attempt| of(attempt).as_ref()).collect::<BTreeSet<_>>().len() as u64
    };
    Numbers {
        counts: sum(&files),
        inputs: sources
            .iter()
            .map(|source| source.0.clone())
            .zip(files.iter().map(|file| file.counts.clone()))
            .collect(),
        duplicates,
        actions,
        nodes,
        totals: [
            attempts.len() as u64,
            distinct(|attempt| &attempt.principal),
            distinct(|attempt| &attempt.source),
            invalidations,
        ],
        groups: groups(&attempts),
        changes,
        timeline: timeline(&events, settings.bucket_seconds),
        duplicates_by_action,
        tampered: events.iter().filter(|(_, event)| event.action == "tampered_request").count() as u64,
        denied: access::denied(&events),
        new_places: access::new_places(&events),
    }
}

/// Lines without their ends; a last line without an end counts if it is not empty.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

fn sum(files: &[File]) -> Counts {
    let of = |count: fn(&Counts) -> u64| files.iter().map(|file| count(&file.counts)).sum();
    Counts {
        lines: of(|c| c.lines),
        audit: of(|c| c.audit),
        server: of(|c| c.server),
        other: of(|c| c.other),
        undecodable: of(|c| c.undecodable),
        oversized: of(|c| c.oversized),
    }
}

fn attempt(events: &[Placed], files: &[File], placed: &Placed) -> Option<Attempt> {
    let event = &placed.1;
    let failed = event.action == "authentication_failed";
    if !failed && event.action != "anonymous_access_denied" {
        return None;
    }
    let chain = join::chain(events, files, placed);
    Some(Attempt {
        principal: event.user.clone().filter(|_| failed),
        chain,
        time: event.time,
        source: event.source(),
        node: event.node(),
        action: event.action.clone(),
    })
}

fn groups(attempts: &[Attempt]) -> Vec<Group> {
    let key = |attempt: &Attempt| (attempt.principal.clone(), attempt.chain.clone());
    let keys: BTreeSet<_> = attempts.iter().map(key).collect();
    let mut groups: Vec<Group> = keys
        .into_iter()
        .map(|wanted| {
            let members: Vec<&Attempt> = attempts.iter().filter(|attempt| key(attempt) == wanted).collect();
            let mut sources: BTreeMap<String, u64> = BTreeMap::new();
            let mut actions = BTreeMap::new();
            for member in &members {
                if let Some(source) = &member.source {
                    *sources.entry(source.clone()).or_default() += 1;
                }
                *actions.entry(member.action.clone()).or_default() += 1;
            }
            let mut sources: Vec<(String, u64)> = sources.into_iter().map(|(text, n)| (shown(&text), n)).collect();
            sources.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), address.clone()));
            let nodes: BTreeSet<String> =
                members.iter().filter_map(|member| member.node.as_deref()).map(shown).collect();
            let (principal, chain) = wanted;
            Group {
                principal: principal.as_deref().map(shown),
                chain: chain.map(|chain| chain.iter().map(|realm| shown(realm)).collect()),
                count: members.len() as u64,
                first: members.iter().map(|member| member.time).min().map(rfc3339).unwrap_or_default(),
                last: members.iter().map(|member| member.time).max().map(rfc3339).unwrap_or_default(),
                sources_total: sources.len() as u64,
                sources: sources.into_iter().take(50).collect(),
                nodes: nodes.into_iter().collect(),
                actions,
            }
        })
        .collect();
    groups.sort();
    groups
}

fn timeline(events: &[Placed], bucket_seconds: u64) -> BTreeMap<String, [u64; 4]> {
    let width = i64::try_from(bucket_seconds).unwrap() * 1000;
    let mut timeline: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    for (_, event) in events {
        let slot = match event.action.as_str() {
            "authentication_failed" => 0,
            "anonymous_access_denied" => 1,
            "access_denied" => 2,
            "tampered_request" => 3,
            _ => continue,
        };
        timeline.entry(rfc3339(event.time.div_euclid(width) * width)).or_default()[slot] += 1;
    }
    timeline
}
