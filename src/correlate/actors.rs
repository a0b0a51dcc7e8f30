//! Who made a security change: the user of the `access_granted` event of the same request (audit-format 1.5).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::genuine;
use super::nodes::NodeTable;
use super::places::{Place, Places};
use crate::state::{ChangeRecord, Grant, State, Sym, Symbols};

/// A security change with its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The change.
    pub record: ChangeRecord,
    /// Where it stands.
    pub place: Place,
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
    /// A filter left it out: it is known, and not told of.
    pub left_out: bool,
}

/// Takes the changes out of the state, each once and with its actor, by time and place. Changes met again are counted in
/// `repeated`.
pub(super) fn join(
    state: &mut State,
    places: &Places,
    nodes: &NodeTable,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<Change> {
    let mut grants = std::mem::take(&mut state.grants);
    grants.sort_unstable_by_key(|grant| (grant.request, places.of(grant.pos)));
    let records = distinct(std::mem::take(&mut state.changes), state, places, repeated);
    let mut changes: Vec<Change> =
        records.into_iter().map(|record| with_actor(record, &grants, &state.symbols, places)).collect();
    changes.sort_by(|a, b| {
        let text = |sym| state.symbols.get(sym);
        (a.record.time, a.place.rank, a.place.line).cmp(&(b.record.time, b.place.rank, b.place.line)).then_with(|| {
            let node = |change: &Change| nodes.of(change.record.node).label().map(str::to_owned);
            (node(a), text(a.record.action)).cmp(&(node(b), text(b.record.action)))
        })
    });
    changes
}

fn distinct(
    mut records: Vec<ChangeRecord>,
    state: &State,
    places: &Places,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<ChangeRecord> {
    records.sort_unstable_by_key(|record| (record.identity, places.of(record.pos)));
    let mut kept = Vec::with_capacity(records.len());
    for run in records.chunk_by(|a, b| a.identity == b.identity) {
        let path = |record: &ChangeRecord| places.path(places.of(record.pos).rank);
        let (count, from) = genuine(&mut run.iter().map(path).collect::<Vec<_>>());
        if run.len() > count {
            let action = state.symbols.get(run[0].action).unwrap_or_default().to_vec();
            *repeated.entry(action).or_default() += (run.len() - count) as u64;
        }
        kept.extend(run.iter().filter(|record| path(record) == from).cloned());
    }
    kept
}

fn with_actor(record: ChangeRecord, grants: &[Grant], symbols: &Symbols, places: &Places) -> Change {
    let place = places.of(record.pos);
    let grant = if record.has_request_id { best_grant(&record, grants, symbols, places) } else { None };
    let mut change = Change {
        place,
        actor: record.user,
        actor_realm: record.user_realm,
        run_by: record.run_by,
        source: record.source,
        actor_key: Sym::NONE,
        left_out: false,
        record,
    };
    if let Some(grant) = grant {
        if !change.actor.is_some() {
            change.actor = grant.user;
            change.actor_realm = grant.realm;
            change.run_by = grant.run_by;
            change.actor_key = grant.apikey;
        }
        if !change.source.is_some() {
            change.source = grant.source;
        }
    }
    change
}

/// The grant of the request that caused the change: one about the same kind of object before others, a person before an
/// internal user, one before the change in time, the nearest in time, one that stands before it, the nearest line.
fn best_grant<'g>(record: &ChangeRecord, grants: &'g [Grant], symbols: &Symbols, places: &Places) -> Option<&'g Grant> {
    let start = grants.partition_point(|grant| grant.request < record.request);
    let of_request = |grant: &&Grant| grant.request == record.request;
    let object = symbols.get(record.action).map_or(&b""[..], object_of);
    grants[start..].iter().take_while(of_request).min_by_key(|grant| {
        let text = |sym| symbols.get(sym).unwrap_or_default();
        let other_object = !text(grant.es_action).starts_with(object);
        let internal = text(grant.user).starts_with(b"_") && text(grant.realm).starts_with(b"__");
        let apart = (grant.time > record.time, (record.time.0 - grant.time.0).unsigned_abs());
        let (here, there) = (places.of(record.pos), places.of(grant.pos));
        // Of another file, the end nearest to this one.
        let line = match there.rank.cmp(&here.rank) {
            Ordering::Equal => here.line.abs_diff(there.line),
            Ordering::Less => u64::MAX - there.line,
            Ordering::Greater => there.line,
        };
        (other_object, internal, apart, there > here, here.rank.abs_diff(there.rank), line)
    })
}

/// How the Elasticsearch actions begin that change the object of an audit action: `invalidate_apikeys` is caused by
/// `cluster:admin/xpack/security/api_key/invalidate`.
fn object_of(action: &[u8]) -> &'static [u8] {
    const OBJECTS: [(&[u8], &[u8]); 8] = [
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
            (b"create_service_token", b"cluster:admin/xpack/security/service_account"),
            (b"something_new", b"cluster:admin/xpack/security/"),
        ] {
            assert_eq!(object_of(action), cause);
        }
    }
}
