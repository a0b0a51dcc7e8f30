//! Who was met lately: clients come back, and the next line is mostly about the one before.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::StateBuilder;
use crate::action_class::ActionClass;
use crate::decode::native::client_address;
use crate::fast_reader::{AuditFields, ClientText, changes};
use crate::state::ActorSeries;
use crate::state::series::{Actor, IN_TRANSPORT, Series};
use crate::state::symbols::Sym;

/// What the last events told.
#[derive(Debug)]
pub(super) struct Recent {
    /// Members that may have changed since `node` was found.
    stale_node: u64,
    node: u32,
    /// Members that may have changed since `series` was found.
    stale_actor: u64,
    series: Option<u32>,
    /// Members that may have changed since `doing` was found.
    stale_act: u64,
    doing: Doing,
    /// Node and minute last marked.
    pub(super) minute: (u32, i64),
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            stale_node: changes::ALL,
            node: 0,
            stale_actor: changes::ALL,
            series: None,
            stale_act: changes::ALL,
            doing: Doing::default(),
            minute: (u32::MAX, i64::MIN),
        }
    }
}

impl Recent {
    /// Notes which members differ from those of the last event.
    #[inline]
    pub(super) fn changed(&mut self, members: u64) {
        self.stale_node |= members;
        self.stale_actor |= members;
        self.stale_act |= members;
    }

    /// What an event does, as far as it matters.
    #[inline]
    pub(super) fn doing(&mut self, event: &impl AuditFields) -> Doing {
        if self.stale_act & changes::ACT != 0 {
            self.doing = Doing::of(event);
            self.stale_act = 0;
        }
        self.doing
    }
}

/// What matters of an Elasticsearch action and the indices that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Doing {
    pub(super) powerful: Option<Powerful>,
    /// It may cause a security change.
    pub(super) changes_security: bool,
}

impl Doing {
    fn of(event: &impl AuditFields) -> Self {
        let Some(action) = event.es_action() else { return Self::default() };
        Self { powerful: powerful(event, action), changes_security: changes_security(action) }
    }
}

/// What makes an action powerful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Powerful {
    pub(super) class: ActionClass,
    /// A restricted index is among those that it is about.
    pub(super) restricted: bool,
}

fn powerful(event: &impl AuditFields, action: &[u8]) -> Option<Powerful> {
    let restricted = event.may_be_restricted() && event.indices().is_some_and(|indices| indices.restricted.is_some());
    match ActionClass::of_powerful(action) {
        Some(class) => Some(Powerful { class, restricted }),
        None => restricted.then(|| Powerful { class: ActionClass::of(action), restricted }),
    }
}

/// Slots of the cache of clients: a power of two.
const SLOTS: usize = 1024;

/// A client as a line names it, and its series.
#[derive(Debug, Default, Clone)]
struct Slot {
    node: u32,
    members: u64,
    /// The two pieces of [`ClientText`], one after the other, and the length of the first.
    text: Vec<u8>,
    cut: usize,
    /// Whether the slot was used yet.
    used: bool,
    series: Option<u32>,
}

impl Slot {
    /// Whether it is this client that is kept.
    #[inline]
    fn is(&self, node: u32, client: &ClientText<'_>) -> bool {
        let Some((start, rest)) = self.text.split_at_checked(self.cut) else { return false };
        self.used
            && self.node == node
            && self.members == client.members
            && start == client.up_to_address
            && rest == client.rest
    }

    fn keep(&mut self, node: u32, client: &ClientText<'_>, series: Option<u32>) {
        self.text.clear();
        self.text.extend_from_slice(client.up_to_address);
        self.text.extend_from_slice(client.rest);
        (self.node, self.members, self.cut) = (node, client.members, client.up_to_address.len());
        (self.used, self.series) = (true, series);
    }
}

/// Clients and when they succeeded.
#[derive(Debug, Default)]
pub(super) struct Actors {
    /// Each client with its successes.
    pub(super) successes: Vec<(Actor, Series)>,
    index: HashMap<Actor, u32, RandomState>,
    /// The clients met last, by a hash of their names.
    slots: Vec<Slot>,
    hasher: RandomState,
}

impl Actors {
    /// Bytes that they take, roughly: few have more than some buckets.
    pub(super) fn weight(&self) -> u64 {
        self.successes.len() as u64 * 256
    }

    /// The series by client.
    pub(super) fn into_series(self) -> ActorSeries {
        // Who was only refused has no successes of its own.
        self.successes.into_iter().filter(|(_, series)| !series.buckets().is_empty()).collect()
    }
}

impl StateBuilder {
    /// The node of an event.
    #[inline]
    pub(super) fn node_of(&mut self, event: &impl AuditFields) -> u32 {
        if self.recent.stale_node & changes::NODE != 0 {
            self.recent.node = self.audit_node(event);
            self.recent.stale_node = 0;
        }
        self.recent.node
    }

    /// The successes of the client that authenticated for an event, if it was one: not a node talking to itself or to
    /// another node.
    #[inline]
    pub(super) fn series(&mut self, event: &impl AuditFields, node: u32) -> Option<u32> {
        if self.recent.stale_actor & changes::ACTOR != 0 {
            self.recent.series = self.find_series(event, node);
            self.recent.stale_actor = 0;
        }
        self.recent.series
    }

    #[inline]
    fn find_series(&mut self, event: &impl AuditFields, node: u32) -> Option<u32> {
        let Some(client) = event.client_text() else { return self.find_series_anew(event, node) };
        if self.actors.slots.is_empty() {
            self.actors.slots.resize(SLOTS, Slot::default());
        }
        // Clients that differ only in what is not looked at here take turns in their slot.
        let place = self.actors.hasher.hash_one(client.up_to_address) as usize % SLOTS;
        let slot = &self.actors.slots[place];
        if slot.is(node, &client) {
            return slot.series;
        }
        let series = self.find_series_anew(event, node);
        self.actors.slots[place].keep(node, &client, series);
        series
    }

    fn find_series_anew(&mut self, event: &impl AuditFields, node: u32) -> Option<u32> {
        let principal = event.run_by().or(event.user())?;
        // A cross-cluster key is used over the transport layer alone (audit-format 1.17).
        let remote_user = event.remote_user();
        let direct = event.origin_type().is_none_or(|origin| origin == b"rest") || remote_user.is_some();
        if !direct && event.apikey_id().is_none() {
            return None;
        }
        let realm = event.user_realm().or(event.realm());
        if is_internal(principal, realm) {
            return None;
        }
        let origin = event.origin();
        let symbols = &mut self.state.symbols;
        if let (Some(id), Some(name)) = (event.apikey_id(), event.apikey_name()) {
            let (id, name) = (symbols.intern(id), symbols.intern(name));
            self.state.name_key(id, name);
        }
        let source = origin.map(client_address);
        let symbols = &mut self.state.symbols;
        let actor = Actor {
            principal: symbols.intern(principal),
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(event.apikey_id()),
            realm: symbols.intern_opt(realm),
            node,
            es_action: if direct { Sym::NONE } else { symbols.intern(IN_TRANSPORT) },
            object: symbols.intern_opt(remote_user),
        };
        let actors = &mut self.actors;
        let series = *actors.index.entry(actor).or_insert_with(|| {
            actors.successes.push((actor, Series::default()));
            actors.successes.len() as u32 - 1
        });
        Some(series)
    }
}

/// Whether an Elasticsearch action may change the security configuration: the administration actions without those that
/// only read, log in, or clear caches, which are frequent and never the cause of a `security_config_change`.
fn changes_security(es_action: &[u8]) -> bool {
    let Some(rest) = es_action.strip_prefix(b"cluster:admin/xpack/security/") else { return false };
    let mut parts = rest.split(|&byte| byte == b'/');
    let object = parts.next().unwrap_or_default();
    let verb = rest.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    // `service_account/token/create` is a change; `token/create` is an OAuth login.
    !matches!(object, b"token" | b"oidc" | b"saml" | b"realm" | b"delegate_pki")
        && !matches!(
            verb,
            b"authenticate"
                | b"has_privileges"
                | b"list_privileges"
                | b"get"
                | b"query"
                | b"suggest"
                | b"clear"
                | b"clear_cache"
        )
}

/// Whether a user is Elasticsearch itself: `_xpack_security` and its like, in a pseudo realm (audit-format 2), or nobody.
pub(super) fn is_internal(principal: &[u8], realm: Option<&[u8]>) -> bool {
    principal == b"_anonymous" || principal.starts_with(b"_") && realm.is_none_or(|realm| realm.starts_with(b"__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changing_actions_are_kept_for_actors() {
        for action in [
            "api_key/invalidate",
            "api_key/create",
            "user/change_password",
            "service_account/token/create",
            "profile/activate",
        ] {
            assert!(changes_security(format!("cluster:admin/xpack/security/{action}").as_bytes()), "{action}");
        }
        for action in [
            "user/authenticate",
            "user/has_privileges",
            "api_key/get",
            "token/create",
            "realm/cache/clear",
            "profile/get",
        ] {
            assert!(!changes_security(format!("cluster:admin/xpack/security/{action}").as_bytes()), "{action}");
        }
        assert!(!changes_security(b"indices:data/read/search"));
    }

    #[test]
    fn a_slot_knows_its_client_only() {
        let texts = [&b""[..], b"a", b"ab", b"b", b"0123456789"];
        let mut clients = Vec::new();
        for up_to_address in texts {
            for rest in texts {
                clients.extend([1, 3].map(|members| ClientText { members, up_to_address, rest }));
            }
        }
        for one in &clients {
            let mut slot = Slot::default();
            assert!(!slot.is(0, one));
            slot.keep(1, one, Some(7));
            for other in &clients {
                assert_eq!(slot.is(1, other), one == other, "{one:?} {other:?}");
                assert!(!slot.is(2, other));
            }
        }
    }
}
