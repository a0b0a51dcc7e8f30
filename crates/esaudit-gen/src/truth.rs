//! The truth: what was written, counted as it is written, in memory that does not grow with the length of the log.
//!
//! Meaning of a group, an attempt and a chain: one attempt per `authentication_failed` or `anonymous_access_denied`;
//! the chain is null where the node logs no realm failures at all; sources are addresses without a port; times are
//! those that stand in the log, in milliseconds, clock errors of the nodes included.
//!
//! Members of the document: `lines`, `audit_events`, `server_events`, `audit_bytes`, `first`, `last`, `actions`;
//! `nodes` (as in the report, and `clock_error_ms`); `totals` (as in the report); `groups` by true reason, and
//! `groups_audit_only` by the reason and basis that the audit log alone can tell; `security_changes` (as in the
//! report, with the true actor, the `resolved_ids` of the keys meant, and whether the event itself has the actor);
//! `failing_keys` (true counts per client and reason); `incidents` (kind, strength, whether it is above the published
//! thresholds, the verdicts that are right, who, from where, when, how often, and which keys). The list of attempts
//! refers to an incident by its index.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::changes::Change;
use crate::event::{Action, Chain, Event, Failure, REALMS, RESERVED, Reason};
use crate::plants::Incident;
use crate::text::{Micros, Text, rfc3339};
use crate::traffic::ChangeDone;
use crate::world::World;

/// First and last of something.
#[derive(Clone, Copy)]
struct Span {
    first: Micros,
    last: Micros,
}

impl Span {
    const NONE: Self = Self { first: Micros::MAX, last: Micros::MIN };

    fn add(&mut self, time: Micros) {
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    fn first(self) -> Value {
        if self.first == Micros::MAX { Value::Null } else { rfc3339(self.first).into() }
    }

    fn last(self) -> Value {
        if self.last == Micros::MIN { Value::Null } else { rfc3339(self.last).into() }
    }
}

/// A group while it is counted: per node, because only at the end is it known which nodes log realm failures.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Group {
    principal: Option<Text>,
    node: u16,
    chain: Chain,
    reason: Reason,
    action: Text,
    /// The event names a service token.
    token: bool,
}

#[derive(Clone)]
struct Count {
    count: u64,
    span: Span,
    sources: BTreeMap<Text, u64>,
}

impl Count {
    fn new() -> Self {
        Self { count: 0, span: Span::NONE, sources: BTreeMap::new() }
    }

    fn add(&mut self, time: Micros, source: Option<Text>) {
        self.count += 1;
        self.span.add(time);
        if let Some(source) = source {
            *self.sources.entry(source).or_default() += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.span.join(other.span);
        for (source, count) in &other.sources {
            *self.sources.entry(source).or_default() += count;
        }
    }

    fn sources(&self) -> Value {
        let mut list: Vec<_> = self.sources.iter().collect();
        list.sort_by_key(|(source, count)| (std::cmp::Reverse(**count), **source));
        list.into_iter().map(|(address, count)| json!({"address": address, "count": count})).collect()
    }
}

/// A group as the report shows it: counted over the nodes.
struct Merged {
    count: Count,
    nodes: BTreeSet<u16>,
    actions: BTreeMap<Text, u64>,
}

struct NodeCount {
    audit: u64,
    server: u64,
    realm_failures: u64,
    span: Span,
}

/// What was written of one incident.
struct IncidentCount {
    failures: u64,
    span: Span,
    principals: BTreeSet<Text>,
    sources: BTreeSet<Text>,
    /// The addresses in `x_forwarded_for`.
    forwarded: BTreeSet<Text>,
    nodes: BTreeSet<u16>,
    reasons: BTreeMap<Text, u64>,
}

/// Collects the truth.
pub(crate) struct Truth {
    actions: BTreeMap<Text, u64>,
    nodes: Vec<NodeCount>,
    groups: HashMap<Group, Count>,
    keys: BTreeMap<(u32, Reason), Count>,
    incidents: Vec<IncidentCount>,
    changes: Vec<Value>,
    /// When the log says that a key was invalidated, and by whom.
    invalidations: BTreeMap<u32, (Micros, u32)>,
    attempts: Option<BufWriter<File>>,
    bytes: u64,
    /// Request ids are written, so that chains can be joined.
    request_ids: bool,
}

impl Truth {
    /// An empty truth.
    pub(crate) fn new(world: &World, incidents: usize, attempts: Option<&Path>, request_ids: bool) -> io::Result<Self> {
        let node = |_| NodeCount { audit: 0, server: 0, realm_failures: 0, span: Span::NONE };
        let incident = |_| IncidentCount {
            failures: 0,
            span: Span::NONE,
            principals: BTreeSet::new(),
            sources: BTreeSet::new(),
            forwarded: BTreeSet::new(),
            nodes: BTreeSet::new(),
            reasons: BTreeMap::new(),
        };
        Ok(Self {
            actions: BTreeMap::new(),
            nodes: (0..world.nodes.len()).map(node).collect(),
            groups: HashMap::new(),
            keys: BTreeMap::new(),
            incidents: (0..incidents).map(incident).collect(),
            changes: Vec::new(),
            invalidations: BTreeMap::new(),
            attempts: attempts.map(File::create).transpose()?.map(BufWriter::new),
            bytes: 0,
            request_ids,
        })
    }

    /// Bytes of audit lines written so far, uncompressed, and their number.
    pub(crate) fn written(&self) -> (u64, u64) {
        (self.bytes, self.nodes.iter().map(|node| node.audit).sum())
    }

    /// A server line was written.
    pub(crate) fn server(&mut self, node: usize) {
        self.nodes[node].server += 1;
    }

    /// An audit line of this length was written; `time` is what it says.
    pub(crate) fn audit(
        &mut self,
        world: &World,
        node: usize,
        time: Micros,
        event: &Event,
        length: usize,
    ) -> io::Result<()> {
        self.bytes += length as u64;
        *self.actions.entry(event.action.name()).or_default() += 1;
        let count = &mut self.nodes[node];
        count.audit += 1;
        count.span.add(time);
        if event.action == Action::RealmAuthenticationFailed {
            count.realm_failures += 1;
        }
        if let Some(failure) = event.failure {
            self.attempt(world, node, time, event, failure)?;
        }
        if let (Some(incident), true) =
            (event.incident, event.failure.is_some() || event.action == Action::AccessDenied)
        {
            let incident = &mut self.incidents[usize::from(incident)];
            incident.failures += 1;
            incident.span.add(time);
            incident.principals.extend(event.who.user);
            incident.sources.extend(event.origin.source);
            incident.forwarded.extend(event.origin.forwarded);
            incident.nodes.insert(node as u16);
            if let Some(failure) = event.failure {
                *incident.reasons.entry(failure.reason.name()).or_default() += 1;
            }
        }
        Ok(())
    }

    fn attempt(&mut self, world: &World, node: usize, time: Micros, event: &Event, failure: Failure) -> io::Result<()> {
        let group = Group {
            principal: event.who.user,
            node: node as u16,
            chain: failure.chain,
            reason: failure.reason,
            action: event.action.name(),
            token: event.who.token.is_some(),
        };
        let source = event.origin.source;
        self.groups.entry(group).or_insert_with(Count::new).add(time, source);
        if let Some(key) = failure.key {
            self.keys.entry((key, failure.reason)).or_insert_with(Count::new).add(time, source);
        }
        let Some(out) = &mut self.attempts else { return Ok(()) };
        let logged = self.request_ids && world.nodes[node].logs_realm_failures;
        let line = json!({
            "time": rfc3339(time),
            "node": world.nodes[node].id,
            "request_id": event.request.filter(|_| self.request_ids).map(|id| String::from_utf8_lossy(&id).into_owned()),
            "action": event.action.name(),
            "principal": event.who.user,
            "source": source,
            "port": event.origin.port,
            "forwarded": event.origin.forwarded,
            "realm_chain": if logged { json!(failure.chain.names()) } else { Value::Null },
            "asked": failure.chain.names(),
            "reason": failure.reason.name(),
            "api_key": failure.key.map(|k| world.keys[k as usize].id),
            "trace_id": event.origin.trace.map(|t| format!("{t:032x}")),
            "incident": event.incident,
        });
        writeln!(out, "{line}")
    }

    /// A security change was written.
    pub(crate) fn change(&mut self, world: &World, changes: &[Change], done: &ChangeDone) {
        let change = &changes[done.change as usize];
        let node = &world.nodes[usize::from(done.node)];
        let actor = &world.accounts[change.actor as usize];
        let time = done.time + node.clock_error;
        if change.action == "invalidate_apikeys" {
            self.invalidations.extend(change.keys.iter().map(|key| (*key, (time, change.actor))));
        }
        self.changes.push(json!({
            "time": rfc3339(time),
            "action": change.action,
            "actor": actor.name,
            "actor_realm": REALMS[usize::from(actor.realm)],
            "run_by": null,
            "source": done.source,
            "node": node.id,
            "request_id": self.request_ids.then(|| String::from_utf8_lossy(&done.request)),
            "target": change.target,
            "ids": change.ids,
            "resolved_ids": change.keys.iter().map(|k| world.keys[*k as usize].id).collect::<Vec<_>>(),
            "name": change.name,
            "owner": change.owner,
            "owner_realm": change.owner_realm,
            "owned_by_authenticated_user": change.owned_by_authenticated_user,
            "expiration": change.expiration,
            "actor_in_event": change.enriched,
        }));
    }

    /// Completes the list of attempts and gives the whole truth.
    pub(crate) fn finish(mut self, world: &World, incidents: &[Incident]) -> io::Result<Value> {
        if let Some(out) = &mut self.attempts {
            out.flush()?;
        }
        let audit: u64 = self.nodes.iter().map(|n| n.audit).sum();
        let server: u64 = self.nodes.iter().map(|n| n.server).sum();
        let mut span = Span::NONE;
        self.nodes.iter().for_each(|n| span.join(n.span));
        let mut changes = std::mem::take(&mut self.changes);
        changes.sort_by_key(|c| (c["time"].to_string(), c["node"].to_string(), c["request_id"].to_string()));
        let count_of = |name: &str| self.actions.get(name).copied().unwrap_or(0);
        Ok(json!({
            "truth_version": 1,
            "lines": audit + server,
            "audit_events": audit,
            "server_events": server,
            "audit_bytes": self.bytes,
            "first": span.first(),
            "last": span.last(),
            "actions": self.actions,
            "nodes": self.node_list(world),
            "totals": {
                "failed_attempts": count_of("authentication_failed") + count_of("anonymous_access_denied"),
                "principals": self.groups.keys().filter_map(|g| g.principal).collect::<BTreeSet<_>>().len(),
                "sources": self.groups.values().flat_map(|c| c.sources.keys()).collect::<BTreeSet<_>>().len(),
                "api_key_invalidations": count_of("invalidate_apikeys"),
            },
            "groups": self.group_list(world, |g| (g.reason.name(), "true")),
            "groups_audit_only": self.group_list(world, audit_only),
            "security_changes": changes,
            "failing_keys": self.key_list(world),
            "incidents": self.incident_list(world, incidents),
        }))
    }

    fn node_list(&self, world: &World) -> Value {
        let list = world.nodes.iter().zip(&self.nodes);
        list.map(|(node, count)| {
            json!({
                "id": node.id,
                "name": node.name,
                "audit_events": count.audit,
                "server_events": count.server,
                "first": count.span.first(),
                "last": count.span.last(),
                "logs_realm_failures": count.realm_failures > 0,
                "logs_successes": node.logs_successes,
                "has_server_log": count.server > 0,
                "clock_error_ms": node.clock_error / 1000,
            })
        })
        .collect()
    }

    /// The chain as the log shows it.
    fn shown_chain(&self, group: &Group) -> Option<Chain> {
        (self.request_ids && self.nodes[usize::from(group.node)].realm_failures > 0).then_some(group.chain)
    }

    /// The groups, by count descending, then principal, chain and reason.
    fn group_list(&self, world: &World, reason: impl Fn(&Group) -> (Text, Text)) -> Value {
        type Key = (Option<Text>, Option<Chain>, Text, Text);
        let mut merged: BTreeMap<Key, Merged> = BTreeMap::new();
        let mut sorted: Vec<_> = self.groups.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(b.0));
        for (group, count) in sorted {
            let shown = self.shown_chain(group);
            let (reason, basis) = reason(&Group { chain: shown.unwrap_or_default(), ..group.clone() });
            let new = || Merged { count: Count::new(), nodes: BTreeSet::new(), actions: BTreeMap::new() };
            let entry = merged.entry((group.principal, shown, reason, basis)).or_insert_with(new);
            entry.count.join(count);
            entry.nodes.insert(group.node);
            *entry.actions.entry(group.action).or_default() += count.count;
        }
        let mut list: Vec<_> = merged.into_iter().collect();
        list.sort_by_key(|(_, merged)| std::cmp::Reverse(merged.count.count));
        list.into_iter()
            .map(|((principal, chain, reason, basis), Merged { count, nodes, actions })| {
                json!({
                    "principal": principal,
                    "realm_chain": chain.map(|c| c.names()),
                    "reason": reason,
                    "reason_basis": basis,
                    "count": count.count,
                    "first": count.span.first(),
                    "last": count.span.last(),
                    "sources": count.sources(),
                    "nodes": nodes.iter().map(|n| world.nodes[usize::from(*n)].id).collect::<Vec<_>>(),
                    "actions": actions,
                })
            })
            .collect()
    }

    fn key_list(&self, world: &World) -> Value {
        let list = self.keys.iter();
        list.map(|((index, reason), count)| {
            let key = &world.keys[*index as usize];
            let invalidated = self.invalidations.get(index).copied().or(key.invalidated);
            json!({
                "id": key.id,
                "name": key.name,
                "owner": world.accounts[key.owner as usize].name,
                "reason": reason.name(),
                "count": count.count,
                "first": count.span.first(),
                "last": count.span.last(),
                "invalidated_at": invalidated.map(|(at, _)| rfc3339(at)),
                "invalidated_by": invalidated.map(|(_, by)| world.accounts[by as usize].name),
                "expires": key.expires.map(rfc3339),
                "known_to_cluster": key.known,
                "clients": count.sources(),
            })
        })
        .collect()
    }

    fn incident_list(&self, world: &World, incidents: &[Incident]) -> Value {
        let list = incidents.iter().zip(&self.incidents);
        list.map(|(incident, count)| {
            let mut span = count.span;
            if count.failures == 0 {
                incident.cause_at.iter().for_each(|at| span.add(*at));
            }
            json!({
                "kind": incident.kind,
                "strength": incident.strength.name(),
                "expected_reported": incident.expected,
                "verdict": incident.verdicts.first(),
                "verdicts_accepted": incident.verdicts,
                "may_also_report": incident.may_also,
                "principals": count.principals,
                "sources": count.sources,
                "forwarded_sources": count.forwarded,
                "nodes": count.nodes.iter().map(|n| world.nodes[usize::from(*n)].id).collect::<Vec<_>>(),
                "api_keys": incident.keys.iter().map(|k| world.keys[*k as usize].id).collect::<Vec<_>>(),
                "actor": incident.actor.map(|a| world.accounts[a as usize].name),
                "cause_at": incident.cause_at.map(rfc3339),
                "start": span.first(),
                "end": span.last(),
                "failures": count.failures,
                "reasons": count.reasons,
                "note": incident.note,
            })
        })
        .collect()
    }
}

/// The reason and its basis as far as the audit log alone tells them.
fn audit_only(group: &Group) -> (Text, Text) {
    if group.token {
        return ("service_token_invalid", "explicit");
    }
    const RESERVED_USERS: [Text; 6] =
        ["elastic", "kibana_system", "logstash_system", "beats_system", "apm_system", "remote_monitoring_user"];
    let reserved = group.principal.is_some_and(|p| RESERVED_USERS.contains(&p));
    if reserved && group.chain.realms() == [RESERVED] {
        return ("bad_password", "inferred");
    }
    ("unknown", "none")
}
