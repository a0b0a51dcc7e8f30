//! What of the cluster's own answers was used, how old it is, and what it says that no log does.

use std::collections::{BTreeMap, BTreeSet};

use super::clusters;
use crate::context::{AuditPolicy, ClusterFacts, Settings};
use crate::correlate::{Correlated, KnownNode, STALE_MS, is_near};
use crate::model::ContextDocument;
use crate::model::text::{Span, Text};
use crate::text;
use crate::time::Millis;
use crate::words;

/// Names of a list that a sentence tells.
const NAMED: usize = 3;

/// A fact that is so much older than the first event, or younger than the last, is told to be; milliseconds. A day: who collects
/// dumps with the logs is done by then.
const APART_MS: i64 = 86_400_000;

/// The documents by path, each with what it says.
pub(super) fn documents(joined: &Correlated) -> Vec<ContextDocument> {
    let mut says = said(joined);
    let mut documents = Vec::new();
    for (kind, path, as_of, used) in &joined.context.read {
        documents.push(ContextDocument {
            kind: (*kind).to_owned(),
            path: path.clone(),
            as_of: as_of.map(Millis::rfc3339),
            used: *used && as_of.is_none_or(|time| is_near(joined, time)),
            says: says.remove(&(*kind, path.as_str())).unwrap_or_default(),
        });
    }
    documents
}

/// What documents say, by kind and path.
fn said(joined: &Correlated) -> BTreeMap<(&'static str, &str), Vec<Text>> {
    let mut says: BTreeMap<(&'static str, &str), Vec<Text>> = BTreeMap::new();
    // Policies and filters are lists of names.
    if joined.pseudonymized {
        return says;
    }
    for facts in &joined.context.clusters {
        for (id, node) in &facts.nodes {
            let Some(settings) = facts.settings_of(id) else { continue };
            let spoken = Span::node(node.fact.name.as_deref().unwrap_or(id));
            let told = says.entry(("nodes", node.path.as_str())).or_default();
            told.extend(of_settings(&spoken, &settings.fact));
        }
        if let Some(license) = &facts.license {
            let mut told =
                text!("the licence is {}, {}", Span::name(&license.fact.kind), Span::name(&license.fact.status));
            if let Some(expires) = license.fact.expires {
                told = told.with(", until ").with(Span::Time(expires));
            }
            says.entry(("license", license.path.as_str())).or_default().push(told);
        }
        let last = joined.last_event();
        for (certificate, path) in facts.certificates.iter().filter(|(certificate, _)| certificate.own) {
            if last.is_some_and(|last| certificate.expires.0 <= last.0.saturating_add(STALE_MS)) {
                let told = text!(
                    "the certificate {} ends at {}",
                    Span::name(&certificate.path),
                    Span::Time(certificate.expires)
                );
                says.entry(("certificates", path.as_str())).or_default().push(told);
            }
        }
    }
    says.retain(|_, told| !told.is_empty());
    for told in says.values_mut() {
        told.dedup();
    }
    says
}

/// What the settings of a node say that explains events.
fn of_settings(node: &Span, settings: &Settings) -> Vec<Text> {
    let mut told = Vec::new();
    if let Some(user) = settings.anonymous_user() {
        let status = anonymous_status(settings);
        told.push(text!(
            "on node {} whoever sends no credentials is {}, with the roles {}; what that user may not do is answered {}",
            node.clone(),
            Span::principal(user),
            names(&settings.anonymous_roles()),
            u64::from(status)
        ));
    }
    for (policy, rules) in &settings.audit().filters {
        let rules = rules.iter().map(|(what, list)| Text::from(format!("{what} ")).with(names(list)));
        let rules = joined_texts(rules, ", ");
        told.push(text!("node {} writes no event of {} (policy {})", node.clone(), rules, Span::name(policy)));
    }
    for transport in ["http", "transport"] {
        let allowed = settings.list(&format!("xpack.security.{transport}.filter.allow"));
        if !allowed.is_empty() {
            told.push(text!(
                "node {} lets only {} connect ({}): where these are proxies, clients stand in x_forwarded_for",
                node.clone(),
                names(&allowed),
                transport
            ));
        }
    }
    told
}

/// With what requests of the anonymous user that are refused are answered
/// (`xpack.security.authc.anonymous.authz_exception`, security settings).
pub(super) fn anonymous_status(settings: &Settings) -> u16 {
    if settings.flag("xpack.security.authc.anonymous.authz_exception") == Some(false) { 401 } else { 403 }
}

/// A few names of a list, and how many more there are.
pub(super) fn names(list: &[String]) -> Text {
    let shown = list.iter().take(NAMED).map(|name| Text::from(Span::name(name)));
    let told = joined_texts(shown, ", ");
    let more = list.len().saturating_sub(NAMED);
    if more > 0 { told.with(format!(" and {more} more")) } else { told }
}

pub(super) fn joined_texts(texts: impl Iterator<Item = Text>, between: &'static str) -> Text {
    let mut all = Text::new();
    for text in texts {
        if !all.is_empty() {
            all.push(between);
        }
        all.push(text);
    }
    all
}

/// The settings of a node in the logs, where they are known and near enough.
pub(super) fn settings(joined: &Correlated, node: &KnownNode) -> Option<Settings> {
    let facts = joined.context.clusters.get(node.cluster)?;
    let settings = facts.settings_of(node.id.as_deref()?)?;
    let near = settings.as_of.is_none_or(|time| is_near(joined, time));
    (near && settings.fact.tell_of_realms()).then_some(settings.fact)
}

/// What a node writes, as its settings say.
pub(super) fn policy(joined: &Correlated, node: &KnownNode) -> Option<AuditPolicy> {
    settings(joined, node).map(|settings| settings.audit())
}

/// What is stale, of another cluster, or contradicted by the logs.
pub(super) fn doubts(joined: &Correlated) -> Vec<Text> {
    if joined.context.is_empty() {
        return Vec::new();
    }
    let mut told = Vec::new();
    for folder in &joined.context.unplaced {
        let whose = match &folder.cluster_uuid {
            Some(uuid) => text!("the cluster {}, of which there is no log here", Span::name(uuid)),
            None => Text::from("no cluster of these logs that they name"),
        };
        let path = if folder.path.is_empty() { "." } else { &folder.path };
        told.push(text!("what the dumps in {} say: they are of {}, and not used", Span::name(path), whose));
    }
    told.extend(apart(joined));
    for (at, facts) in joined.context.clusters.iter().enumerate() {
        told.extend(contradicted_users(joined, at, facts));
    }
    told.extend(contradicted_settings(joined));
    told.extend(contradicted_keys(joined));
    told
}

/// Dumps whose time lies outside of what the logs cover, or is not known.
fn apart(joined: &Correlated) -> Vec<Text> {
    let spans = || joined.state.inputs.iter().map(|input| &input.span);
    let (first, last) = (spans().filter_map(|span| span.first).min(), spans().filter_map(|span| span.last).max());
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let mut times: BTreeMap<Option<Millis>, Vec<&str>> = BTreeMap::new();
    // Keys bear their own times.
    let dated = joined.context.read.iter().filter(|(kind, _, as_of, _)| as_of.is_some() || *kind != "api_keys");
    for (_, path, as_of, _) in dated {
        times.entry(*as_of).or_default().push(path);
    }
    let mut told = Vec::new();
    for (as_of, paths) in times {
        let which = match paths.as_slice() {
            [one] => Text::from(Span::name(one)),
            [one, rest @ ..] => Text::from(Span::name(one)).with(format!(" and {} more", rest.len())),
            [] => continue,
        };
        let Some(as_of) = as_of else {
            told.push(text!(
                "when {} told the truth: nothing beside it says when it was collected; any change in the logs counts more",
                which
            ));
            continue;
        };
        let (distance, side) = match (first.0 - as_of.0, as_of.0 - last.0) {
            (before, _) if before > APART_MS => (before, "older than the first event"),
            (_, after) if after > APART_MS => (after, "younger than the last event"),
            _ => continue,
        };
        let used = if is_near(joined, as_of) { "is used all the same" } else { "is too far away, and not used" };
        told.push(text!(
            "what changed since {} was collected: it is {} {}, and {}",
            which,
            words::duration(distance),
            side,
            used
        ));
    }
    told
}

/// Accounts that got in by the native realm although a full listing does not have them.
fn contradicted_users(joined: &Correlated, cluster: usize, facts: &ClusterFacts) -> Option<Text> {
    let users = facts.users.as_ref().filter(|_| facts.lists_all_users())?;
    let as_of = users.as_of?;
    let text = |sym| joined.judged(sym).and_then(|text| std::str::from_utf8(text).ok());
    let put: BTreeSet<&str> = joined
        .changes
        .iter()
        .filter(|change| joined.state.symbols.get(change.record.action) == Some(b"put_user"))
        .filter_map(|change| text(change.record.name))
        .collect();
    let strange: BTreeSet<String> = joined
        .successes
        .iter()
        .filter(|(actor, series)| {
            !actor.apikey.is_some()
                && joined.nodes.cluster(actor.node) == cluster
                && text(actor.realm) == Some("default_native")
                && series.last().is_some_and(|last| last > as_of)
        })
        .filter(|(actor, _)| {
            text(actor.principal).is_some_and(|name| !users.fact.contains_key(name) && !put.contains(name))
        })
        .filter_map(|(actor, _)| joined.state.symbols.string(actor.principal))
        .collect();
    let strange: Vec<String> = strange.into_iter().collect();
    (!strange.is_empty()).then(|| {
        text!(
            "whether {} is complete: it does not have {}, who got in by the native realm after it was collected",
            Span::name(&users.path),
            names(&strange)
        )
    })
}

/// Nodes that write what their settings leave out.
fn contradicted_settings(joined: &Correlated) -> Vec<Text> {
    let mut told = Vec::new();
    for node in joined.nodes.all() {
        let Some(policy) = policy(joined, node) else { continue };
        let written = [
            ("realm_authentication_failed", node.stats.realm_failures),
            ("authentication_success", node.stats.successes),
            ("authentication_failed", node.stats.failures),
            ("anonymous_access_denied", node.stats.anonymous),
        ];
        for (event, count) in written.into_iter().filter(|(_, count)| *count > 0) {
            if policy.missing().contains(&event) {
                told.push(text!(
                    "whether the settings of node {} are those it ran with: they leave out {}, of which the log has {}; the \
                     log counts",
                    Span::node(&node.spoken()),
                    Span::Code(event.into()),
                    Text::count(count, "event", "events")
                ));
            }
        }
    }
    told
}

/// Keys that were accepted long after a listing says that they had ended.
fn contradicted_keys(joined: &Correlated) -> Option<Text> {
    /// Nodes keep what they read of a key for five minutes (`api_key.doc_cache.ttl`), and clocks differ.
    const CACHED_MS: i64 = 600_000;
    let mut strange: BTreeSet<String> = BTreeSet::new();
    for (actor, series) in joined.successes.iter().filter(|(actor, _)| actor.apikey.is_some()) {
        let listed = joined.key(actor.apikey).filter(|key| key.listed).and_then(|key| key.invalidated);
        if let (Some(end), Some(last)) = (listed.and_then(|end| end.time), series.last())
            && last.0 > end.0.saturating_add(CACHED_MS)
        {
            strange.extend(joined.state.symbols.string(actor.apikey));
        }
    }
    let strange: Vec<String> = strange.into_iter().collect();
    (!strange.is_empty()).then(|| {
        text!("when {} ended: a listing has them invalidated at a time after which they were accepted", names(&strange))
    })
}

/// The cluster of a report's member, by its uuid.
pub(super) fn cluster_at(joined: &Correlated, uuid: Option<&str>) -> Option<usize> {
    match uuid {
        Some(uuid) => (0..joined.nodes.clusters().len()).find(|&at| clusters::of(joined, at).as_deref() == Some(uuid)),
        None => Some(0),
    }
}
