//! Who made a security change: the user of the `access_granted` event of the same request (audit-format 1.5), or of its
//! `authentication_success` where no decisions on access are logged.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::dedupe_across_inputs;
use super::nodes::NodeTable;
use super::source_lines::{SourceLine, SourceLines};
use crate::state::{ChangeRecord, Grant, State, Sym, Symbols};

/// A security change with its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributedChange {
    /// The change.
    pub record: ChangeRecord,
    /// Where it stands.
    pub place: SourceLine,
    /// Who did it.
    pub actor: Sym,
    /// In which realm.
    pub actor_realm: Sym,
    /// Who authenticated, where the actor was run as.
    pub run_by: Sym,
    /// From which address.
    pub source: Sym,
    /// With which API key.
    pub actor_key: Sym,
}

impl AttributedChange {
    /// Whether what it gives amounts to everything: the role `superuser`, a role that may do all on the cluster or manage
    /// who may do what, or one that may do all with every index, or act as anybody.
    #[must_use]
    pub fn makes_superuser(&self, symbols: &Symbols) -> bool {
        let record = &self.record;
        let text = |&sym: &Sym| symbols.get(sym);
        let (cluster, index) =
            record.privileges.split_at((record.cluster_privileges as usize).min(record.privileges.len()));
        record.roles.iter().filter_map(text).any(|role| role == b"superuser")
            || cluster.iter().filter_map(text).any(|privilege| matches!(privilege, b"all" | b"manage_security"))
            || index
                .iter()
                .filter_map(text)
                .any(|privilege| matches!(privilege, b"all on *" | b"all on /.*/" | b"run as *"))
    }
}

/// Takes the changes out of the state, each once and with its actor, by time and content. Changes met again are counted in
/// `repeated`.
pub(super) fn join(
    state: &mut State,
    source_lines: &SourceLines,
    nodes: &NodeTable,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<AttributedChange> {
    let mut grants = std::mem::take(&mut state.grants);
    grants.sort_unstable_by_key(|grant| grant.request);
    let records = distinct(std::mem::take(&mut state.changes), state, source_lines, repeated);
    let mut changes: Vec<AttributedChange> =
        records.into_iter().map(|record| with_actor(record, &grants, &state.symbols, source_lines)).collect();
    // Of one millisecond the content decides, not the place: the first of several invalidations ends a key, and how the
    // lines were split over files must not show.
    changes.sort_by(|a, b| {
        let node = |change: &AttributedChange| {
            (nodes.of(change.record.node).label(), change.record.owned_by_authenticated_user)
        };
        (a.record.time.cmp(&b.record.time))
            .then_with(|| texts(a, &state.symbols).cmp(texts(b, &state.symbols)))
            .then_with(|| node(a).cmp(&node(b)))
            .then_with(|| a.place.cmp(&b.place))
    });
    changes
}

/// The texts of a change.
fn texts<'s>(change: &'s AttributedChange, symbols: &'s Symbols) -> impl Iterator<Item = Option<&'s [u8]>> {
    let record = &change.record;
    [
        record.action,
        record.request_id,
        record.name,
        record.detail,
        record.namespace,
        record.service,
        record.owner,
        record.owner_realm,
        record.expiration,
        record.kind,
        record.granted_to,
        change.actor,
        change.actor_realm,
        change.run_by,
        change.source,
        change.actor_key,
    ]
    .into_iter()
    .chain(record.ids.iter().copied())
    .chain(record.roles.iter().copied())
    .chain(record.privileges.iter().copied())
    .map(|sym| symbols.get(sym))
}

fn distinct(
    mut records: Vec<ChangeRecord>,
    state: &State,
    source_lines: &SourceLines,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<ChangeRecord> {
    records.sort_unstable_by_key(|record| (record.identity, source_lines.of(record.pos)));
    let mut kept = Vec::with_capacity(records.len());
    for run in records.chunk_by(|a, b| a.identity == b.identity) {
        let path = |record: &ChangeRecord| source_lines.path(source_lines.of(record.pos).rank);
        let (count, from) = dedupe_across_inputs(&mut run.iter().map(path).collect::<Vec<_>>());
        if run.len() > count {
            let action = state.symbols.get(run[0].action).unwrap_or_default().to_vec();
            *repeated.entry(action).or_default() += (run.len() - count) as u64;
        }
        kept.extend(run.iter().filter(|record| path(record) == from).cloned());
    }
    kept
}

fn with_actor(
    record: ChangeRecord,
    grants: &[Grant],
    symbols: &Symbols,
    source_lines: &SourceLines,
) -> AttributedChange {
    let grants = if record.has_request_id { best_grants(&record, grants, symbols) } else { Vec::new() };
    let mut change = AttributedChange {
        place: source_lines.of(record.pos),
        actor: record.user,
        actor_realm: record.user_realm,
        run_by: record.run_by,
        source: record.source,
        actor_key: Sym::NONE,
        record,
    };
    if !change.actor.is_some() {
        change.actor = agreed(&grants, |grant| grant.user);
        change.actor_realm = agreed(&grants, |grant| grant.realm);
        change.run_by = agreed(&grants, |grant| grant.run_by);
        change.actor_key = agreed(&grants, |grant| grant.apikey);
    }
    if !change.source.is_some() {
        change.source = agreed(&grants, |grant| grant.source);
    }
    change
}

/// What all grants that say it say alike; what they say differently is unknown.
fn agreed(grants: &[&Grant], said: fn(&Grant) -> Sym) -> Sym {
    let mut said = grants.iter().map(|grant| said(grant)).filter(|sym| sym.is_some());
    let first = said.next().unwrap_or_default();
    if said.all(|other| other == first) { first } else { Sym::NONE }
}

/// The grants of the request that may have caused the change: those about the same kind of object before others, of a
/// person before an internal user, decisions on access before successes of authentication, run as somebody before the grant to do so, before the change in time, nearest in time.
/// Several of one millisecond are not told apart by their lines: these change with the order and the cut of the files.
fn best_grants<'g>(record: &ChangeRecord, grants: &'g [Grant], symbols: &Symbols) -> Vec<&'g Grant> {
    let object = symbols.get(record.action).map_or(&b""[..], object_of);
    let rank = |grant: &Grant| {
        let text = |sym| symbols.get(sym).unwrap_or_default();
        let other_object = !text(grant.es_action).starts_with(object);
        let internal = text(grant.user).starts_with(b"_") && text(grant.realm).starts_with(b"__");
        let apart = (grant.time > record.time, grant.time.0.abs_diff(record.time.0));
        (other_object, internal, !grant.es_action.is_some(), Reverse(grant.run_by.is_some()), apart)
    };
    let start = grants.partition_point(|grant| grant.request < record.request);
    let of_request = grants[start..].iter().take_while(|grant| grant.request == record.request);
    let Some(best) = of_request.clone().map(rank).min() else { return Vec::new() };
    of_request.filter(|grant| rank(grant) == best).collect()
}

/// How the Elasticsearch actions begin that change the object of an audit action: `invalidate_apikeys` is caused by
/// `cluster:admin/xpack/security/api_key/invalidate`.
fn object_of(action: &[u8]) -> &'static [u8] {
    const OBJECTS: [(&[u8], &[u8]); 9] = [
        (b"user_profile", b"cluster:admin/xpack/security/profile"),
        (b"apikey", b"cluster:admin/xpack/security/api_key"),
        (b"password", b"cluster:admin/xpack/security/user"),
        (b"role_mapping", b"cluster:admin/xpack/security/role_mapping"),
        (b"service_account", b"cluster:admin/xpack/security/service_account"),
        (b"service_token", b"cluster:admin/xpack/security/service_account"),
        (b"role", b"cluster:admin/xpack/security/role"),
        (b"privilege", b"cluster:admin/xpack/security/privilege"),
        (b"user", b"cluster:admin/xpack/security/user"),
    ];
    OBJECTS
        .iter()
        .find(|(word, _)| memchr::memmem::find(action, word).is_some())
        .map_or(b"cluster:admin/xpack/security/", |(_, prefix)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_their_causes() {
        for (action, cause) in [
            (&b"invalidate_apikeys"[..], &b"cluster:admin/xpack/security/api_key"[..]),
            (b"put_role_mapping", b"cluster:admin/xpack/security/role_mapping"),
            (b"put_role", b"cluster:admin/xpack/security/role"),
            (b"change_password", b"cluster:admin/xpack/security/user"),
            (b"activate_user_profile", b"cluster:admin/xpack/security/profile"),
            (b"change_disable_user_profile", b"cluster:admin/xpack/security/profile"),
            (b"create_service_token", b"cluster:admin/xpack/security/service_account"),
            (b"something_new", b"cluster:admin/xpack/security/"),
        ] {
            assert_eq!(object_of(action), cause);
        }
    }
}
