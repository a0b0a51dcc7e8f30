//! API keys that live too long: without an end, without use, without an owner.

use std::collections::BTreeSet;

use serde_json::json;

use super::draft::{CheckDraft, ReviewScene, few};
use crate::correlate::KeyInfo;
use crate::judge::Severity;
use crate::model::call::{ApiCall, Method};
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// A key that nobody used for so long is not needed; milliseconds. 90 days, as CIS and PCI DSS (8.2.6) have it for accounts.
const UNUSED_MS: i64 = 90 * 86_400_000;

/// Ids in a request that ends keys.
const ENDED_AT_ONCE: usize = 20;

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let Some(now) = scene.now else { return Vec::new() };
    let alive = |key: &&KeyInfo| {
        key.invalidated.is_none()
            && key.expires.is_none_or(|expires| expires > now)
            && (key.listed || key.created.is_some())
    };
    let keys: Vec<&KeyInfo> = scene.joined.keys.iter().filter(alive).collect();
    let mut drafts = Vec::new();
    drafts.extend(endless(scene, &keys));
    drafts.extend(unused(scene, &keys, now));
    drafts.extend(orphaned(scene, &keys));
    drafts.extend(powerful(scene, &keys));
    drafts
}

/// How a sentence names a key.
fn span(scene: &ReviewScene<'_>, key: &KeyInfo) -> Span {
    let text = |sym: Sym| scene.joined.state.symbols.string(sym);
    Span::key(&text(key.name).or_else(|| text(key.id)).unwrap_or_default())
}

fn draft(
    scene: &ReviewScene<'_>,
    id: &'static str,
    severity: Severity,
    keys: &[&KeyInfo],
    what: [&'static str; 2],
) -> CheckDraft {
    let total = keys.len();
    let count = Text::count(total as u64, "API key", "API keys");
    let named = few(keys.iter().map(|key| span(scene, key)), total);
    let title = text!("{} {}: {}", count, what[usize::from(total != 1)], named);
    let mut draft = CheckDraft::new(id, severity, title);
    draft.api_keys = keys.iter().filter_map(|key| scene.joined.state.symbols.string(key.id)).collect();
    let made = keys.iter().filter_map(|key| scene.joined.changes.get(key.created_by?));
    draft.evidence = made.take(5).map(|change| scene.joined.evidence(change.place)).collect();
    let listed = keys.iter().filter_map(|key| {
        let id = scene.joined.judged(key.id)?;
        scene.joined.context.keys.get(std::str::from_utf8(id).ok()?)
    });
    draft.paths = listed.map(|listed| listed.path.clone()).collect();
    draft.paths.sort();
    draft.paths.dedup();
    draft
}

/// The request that ends keys.
fn end(scene: &ReviewScene<'_>, keys: &[&KeyInfo]) -> Text {
    let ids = keys.iter().filter_map(|key| scene.joined.state.symbols.string(key.id));
    let ids: Vec<String> = ids.take(ENDED_AT_ONCE).collect();
    ApiCall::new(Method::Delete, "/_security/api_key").body(json!({ "ids": ids })).into()
}

/// Keys that never expire.
fn endless(scene: &ReviewScene<'_>, keys: &[&KeyInfo]) -> Option<CheckDraft> {
    let endless: Vec<&KeyInfo> =
        keys.iter().copied().filter(|key| key.expires.is_none() && key.expiration_known).collect();
    (!endless.is_empty()).then(|| {
        let severity = if endless.len() > 10 { Severity::Medium } else { Severity::Low };
        let what = ["never expires", "never expire"];
        draft(scene, "key_without_expiration", severity, &endless, what)
            .why("whoever gets hold of such a key has it until somebody notices")
            .fix(text!(
                "Give each an end, from 8.12 on: {}; else make new ones with an expiration",
                ApiCall::new(Method::Post, "/_security/api_key/_bulk_update").body(json!({
                    "ids": endless.iter().filter_map(|key| scene.joined.state.symbols.string(key.id)).take(ENDED_AT_ONCE).collect::<Vec<_>>(),
                    "expiration": "90d"
                }))
            ))
    })
}

/// Keys that nobody used for 90 days: only logs that reach so far back tell.
fn unused(scene: &ReviewScene<'_>, keys: &[&KeyInfo], now: Millis) -> Option<CheckDraft> {
    let joined = scene.joined;
    let decides = joined.nodes.all().iter().filter(|node| node.stats.audit_events > 0).all(|node| {
        let reaches = node.stats.span.first.is_some_and(|first| now.0 - first.0 >= UNUSED_MS);
        reaches && node.stats.decisions + node.stats.successes > 0
    });
    if !decides || joined.nodes.all().is_empty() {
        return None;
    }
    let since = Millis(now.0 - UNUSED_MS);
    let mut used: Vec<bool> = vec![false; joined.state.symbols.len() + 1];
    for (actor, series) in joined.successes.iter().filter(|(actor, _)| actor.apikey.is_some()) {
        used[actor.apikey.0 as usize] |= series.last().is_some_and(|last| last >= since);
    }
    let idle = |key: &&KeyInfo| !used[key.id.0 as usize] && key.created.is_some_and(|created| created < since);
    let idle: Vec<&KeyInfo> = keys.iter().copied().filter(idle).collect();
    (!idle.is_empty()).then(|| {
        let what = ["was not used for 90 days", "were not used for 90 days"];
        draft(scene, "key_unused", Severity::Low, &idle, what)
            .why("no event of these logs has them, which reach further back; nobody will miss them, and anybody may find them")
            .fix(end(scene, &idle))
    })
}

/// Keys whose owner is disabled or gone.
fn orphaned(scene: &ReviewScene<'_>, keys: &[&KeyInfo]) -> Option<CheckDraft> {
    let joined = scene.joined;
    let clusters = &joined.context.clusters;
    let bytes = |sym: Sym| joined.judged(sym).and_then(|text| std::str::from_utf8(text).ok());
    let nodes = scene.settings();
    let natives: BTreeSet<(usize, String)> = nodes
        .iter()
        .flat_map(|node| node.settings.realms().into_iter().map(|realm| (node.cluster, realm)))
        .filter(|(_, realm)| realm.kind == "native")
        .map(|(cluster, realm)| (cluster, realm.name))
        .collect();
    let is_gone = |key: &&KeyInfo| -> bool {
        let Some(owner) = bytes(key.owner) else { return false };
        let cluster = key.cluster.unwrap_or(0);
        let Some(facts) = clusters.get(cluster).filter(|_| key.listed) else { return false };
        // Users of other realms stand in no listing.
        let native = |realm: &str| realm == "default_native" || natives.contains(&(cluster, realm.to_owned()));
        if !bytes(key.owner_realm).is_some_and(native) {
            return false;
        }
        let Some(users) = &facts.users else { return false };
        let changed = joined.changes.iter().rev().find(|change| {
            let action = joined.state.symbols.get(change.record.action);
            let of_user =
                matches!(action, Some(b"put_user" | b"delete_user" | b"change_enable_user" | b"change_disable_user"));
            of_user
                && bytes(change.record.name) == Some(owner)
                && users.as_of.is_none_or(|as_of| change.record.time > as_of)
        });
        if let Some(change) = changed {
            return matches!(
                joined.state.symbols.get(change.record.action),
                Some(b"delete_user" | b"change_disable_user")
            );
        }
        match users.fact.get(owner) {
            Some(user) => !user.enabled,
            None => facts.lists_all_users(),
        }
    };
    let gone: Vec<&KeyInfo> = keys.iter().copied().filter(is_gone).collect();
    (!gone.is_empty()).then(|| {
        let what = ["is owned by a disabled or deleted user", "are owned by disabled or deleted users"];
        let mut draft = draft(scene, "key_of_gone_owner", Severity::High, &gone, what)
            .why("a key outlives its owner: disabling an account does not end what it made")
            .fix(end(scene, &gone));
        draft.principals = gone.iter().filter_map(|key| joined.state.symbols.string(key.owner)).collect();
        draft
    })
}

/// Keys that are as good as superuser.
fn powerful(scene: &ReviewScene<'_>, keys: &[&KeyInfo]) -> Option<CheckDraft> {
    let joined = scene.joined;
    let is_superuser = |key: &&KeyInfo| {
        let id = joined.judged(key.id).and_then(|id| std::str::from_utf8(id).ok());
        let listed = id.and_then(|id| joined.context.keys.get(id));
        listed.and_then(|listed| crate::context::Might::of_key(&listed.fact)).is_some_and(|might| might.superuser)
    };
    let powerful: Vec<&KeyInfo> = keys.iter().copied().filter(is_superuser).collect();
    (!powerful.is_empty()).then(|| {
        let what = ["is as good as superuser", "are as good as superuser"];
        draft(scene, "key_superuser", Severity::Medium, &powerful, what)
            .why("it may do everything, without a password and from anywhere")
            .fix("Make keys with the role descriptors that their programs need, and end these")
    })
}
