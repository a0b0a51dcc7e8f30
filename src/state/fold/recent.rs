//! Who was met lately: clients come back, and the next line is mostly about the one before.

use std::hash::{BuildHasher, Hash, Hasher};

use super::StateBuilder;
use crate::action_class::ActionClass;
use crate::decode::native::{client_address, without_port};
use crate::fast_reader::{AuditFields, changes};
use crate::state::line_order;
use crate::state::records::Pos;
use crate::state::series::{Actor, IN_TRANSPORT};
use crate::state::symbols::Sym;
use crate::time::Millis;

/// What the last events told.
#[derive(Debug)]
pub(super) struct Recent {
    /// Members that may have changed since `node` was found.
    stale_node: u64,
    node: u32,
    /// Members that may have changed since `client` was found.
    stale_client: u64,
    client: Option<u32>,
    /// Members that may have changed since `doing` was found.
    stale_act: u64,
    doing: Doing,
    /// Node, minute and offset of its zone last marked.
    pub(super) minute: (u32, i64, Option<i16>),
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            stale_node: changes::ALL,
            node: 0,
            stale_client: changes::ALL,
            client: None,
            stale_act: changes::ALL,
            doing: Doing::default(),
            minute: (u32::MAX, i64::MIN, None),
        }
    }
}

impl Recent {
    /// Notes which members differ from those of the last event.
    #[inline]
    pub(super) fn changed(&mut self, members: u64) {
        self.stale_node |= members;
        self.stale_client |= members;
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

/// What an event says of the client that authenticated: equal ones name the same. The events of one request say it in different
/// places of their lines.
#[derive(Debug, Clone, Copy)]
struct ClientNames<'e> {
    principal: Option<&'e [u8]>,
    realm: Option<&'e [u8]>,
    origin: Option<&'e [u8]>,
    apikey_id: Option<&'e [u8]>,
    apikey_name: Option<&'e [u8]>,
    /// A cross-cluster key is used over the transport layer alone (audit-format 1.17).
    remote_user: Option<&'e [u8]>,
    /// The request came from a client, not from another node for one.
    direct: bool,
}

impl<'e> ClientNames<'e> {
    #[inline]
    fn of(event: &'e impl AuditFields) -> Self {
        Self {
            principal: event.run_by().or(event.user()),
            realm: event.user_realm().or(event.realm()),
            origin: event.origin(),
            apikey_id: event.apikey_id(),
            apikey_name: event.apikey_name(),
            remote_user: event.remote_user(),
            direct: event.origin_type().is_none_or(|origin| origin == b"rest") || event.remote_user().is_some(),
        }
    }
}

impl Hash for ClientNames<'_> {
    /// The lengths, so that texts cannot be cut elsewhere, and then the texts; of the address without its port, which changes
    /// from one connection to the next.
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // 0 = absent.
        let length = |text: Option<&[u8]>| text.map_or(0, |text| text.len() as u64 + 1);
        let host = self.origin.map(without_port);
        for (one, other) in [(self.principal, self.realm), (host, self.apikey_id), (self.apikey_name, self.remote_user)]
        {
            // Members of one line are shorter than 4 GiB together.
            hasher.write_u64(length(one) | length(other).rotate_left(32));
        }
        hasher.write_u8(u8::from(self.direct));
        let texts = [self.principal, self.realm, host, self.apikey_id, self.apikey_name, self.remote_user];
        texts.into_iter().flatten().for_each(|text| hasher.write(text));
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

    /// The client that authenticated for an event, if it was one: not a node talking to itself or to another node.
    #[inline]
    pub(super) fn client(&mut self, event: &impl AuditFields) -> Option<u32> {
        if self.recent.stale_client & changes::CLIENT != 0 {
            self.recent.client = self.find_client(event);
            self.recent.stale_client = 0;
        }
        self.recent.client
    }

    /// Notes a success of a client on a node.
    #[inline]
    pub(super) fn add_success(&mut self, client: u32, node: u32, time: Millis, pos: Pos) {
        self.actors.add((client, node), time, pos, &line_order(&self.state.inputs, &self.state.chunks));
    }

    #[inline]
    fn find_client(&mut self, event: &impl AuditFields) -> Option<u32> {
        let names = ClientNames::of(event);
        let named = self.actors.hasher.hash_one(names).max(1);
        self.actors.met.get(named).unwrap_or_else(|| {
            let client = self.find_client_anew(names);
            self.actors.met.put(named, client);
            client
        })
    }

    fn find_client_anew(&mut self, names: ClientNames<'_>) -> Option<u32> {
        let principal = names.principal?;
        if !names.direct && names.apikey_id.is_none() || is_internal(principal, names.realm) {
            return None;
        }
        let symbols = &mut self.state.symbols;
        if let (Some(id), Some(name)) = (names.apikey_id, names.apikey_name) {
            let (id, name) = (symbols.intern(id), symbols.intern(name));
            self.state.name_key(id, name);
        }
        let source = names.origin.map(client_address);
        let symbols = &mut self.state.symbols;
        let actor = Actor {
            principal: symbols.intern(principal),
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(names.apikey_id),
            realm: symbols.intern_opt(names.realm),
            node: 0,
            es_action: if names.direct { Sym::NONE } else { symbols.intern(IN_TRANSPORT) },
            object: symbols.intern_opt(names.remote_user),
        };
        Some(self.actors.of(actor))
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

/// Whether a request at this path may change the security configuration, its method unknown: the same as [`changes_security`]
/// tells of actions, for logs that have successes and no decisions on access.
pub(super) fn may_change_security(path: &[u8]) -> bool {
    let rest = path.strip_prefix(b"/_security/").or_else(|| path.strip_prefix(b"/_xpack/security/"));
    let mut parts = rest.unwrap_or_default().split(|&byte| byte == b'/');
    let object = parts.next().unwrap_or_default();
    let changeable = matches!(
        object,
        b"user" | b"role" | b"role_mapping" | b"privilege" | b"api_key" | b"cross_cluster" | b"service" | b"profile"
    );
    let verb = parts.next_back().unwrap_or_default();
    changeable && !matches!(verb, b"_has_privileges" | b"_privileges" | b"_suggest" | b"_clear_cache")
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
        for path in [
            "/_security/user/eva",
            "/_security/api_key",
            "/_xpack/security/role_mapping/all",
            "/_security/user/_password",
        ] {
            assert!(may_change_security(path.as_bytes()), "{path}");
        }
        for path in [
            "/_security/_authenticate",
            "/_security/user/_has_privileges",
            "/_security/oauth2/token",
            "/logs/_search",
            "/",
        ] {
            assert!(!may_change_security(path.as_bytes()), "{path}");
        }
    }
}
