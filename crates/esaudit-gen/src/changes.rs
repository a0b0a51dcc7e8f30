//! Security changes: what is changed, by whom, and the body that the audit event carries.
//!
//! Bodies are those of the audit-events reference (`security_config_change`). The event itself names no actor; the
//! `access_granted` of the same request does.

use crate::text::{Text, keep, quoted, quoted_list};

/// One change, and what the truth says of it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// `event.action`.
    pub(crate) action: Text,
    /// The verb and body of the event.
    pub(crate) body: (Text, Text),
    /// The transport action and request name of the actor's `access_granted`.
    pub(crate) transport: (Text, Text),
    /// Method and path of the actor's request.
    pub(crate) method: Text,
    pub(crate) path: Text,
    /// Account that did it.
    pub(crate) actor: u32,
    /// What was changed, as the report names it.
    pub(crate) target: String,
    /// Key ids in the event.
    pub(crate) ids: Vec<Text>,
    /// Keys meant, whether or not the event names them: indexes into the world's keys.
    pub(crate) keys: Vec<u32>,
    /// Key name in the event.
    pub(crate) name: Option<Text>,
    /// Owner filter in the event.
    pub(crate) owner: Option<Text>,
    pub(crate) owner_realm: Option<Text>,
    pub(crate) owned_by_authenticated_user: Option<bool>,
    pub(crate) expiration: Option<Text>,
    /// The event carries its actor itself, as some enriched logs do.
    pub(crate) enriched: bool,
}

impl Change {
    fn new(action: Text, body: (Text, String), transport: (Text, Text), request: (Text, String), actor: u32) -> Self {
        Self {
            action,
            body: (body.0, keep(body.1)),
            transport,
            method: request.0,
            path: keep(request.1),
            actor,
            target: String::new(),
            ids: Vec::new(),
            keys: Vec::new(),
            name: None,
            owner: None,
            owner_realm: None,
            owned_by_authenticated_user: None,
            expiration: None,
            enriched: false,
        }
    }

    /// A key is created; newer releases write its id too.
    pub(crate) fn create_key(actor: u32, key: (u32, Text, Text), with_id: bool, expiration: Option<Text>) -> Self {
        let (index, id, name) = key;
        let mut body = String::from("{\"apikey\":{");
        if with_id {
            body.push_str(&format!("\"id\":{},", quoted(id)));
        }
        body.push_str(&format!("\"name\":{}", quoted(name)));
        if let Some(expiration) = expiration {
            body.push_str(&format!(",\"expiration\":{}", quoted(expiration)));
        }
        body.push_str(
            ",\"role_descriptors\":[{\"cluster\":[\"monitor\"],\"indices\":[{\"names\":[\"logs-*\"],\"privileges\":[\"read\",\"write\"]}],\"applications\":[],\"run_as\":[]}]}}",
        );
        let mut change = Self::new(
            "create_apikey",
            ("create", body),
            ("cluster:admin/xpack/security/api_key/create", "CreateApiKeyRequest"),
            ("POST", "/_security/api_key".into()),
            actor,
        );
        change.target = (if with_id { id } else { name }).to_owned();
        change.ids = if with_id { vec![id] } else { Vec::new() };
        change.keys = vec![index];
        change.name = Some(name);
        change.expiration = expiration;
        change
    }

    fn invalidate(actor: u32, body: String, keys: Vec<u32>) -> Self {
        let mut change = Self::new(
            "invalidate_apikeys",
            ("invalidate", body),
            ("cluster:admin/xpack/security/api_key/invalidate", "InvalidateApiKeyRequest"),
            ("DELETE", "/_security/api_key".into()),
            actor,
        );
        change.keys = keys;
        change.owned_by_authenticated_user = Some(false);
        change
    }

    /// Keys are invalidated by their ids.
    pub(crate) fn invalidate_ids(actor: u32, keys: &[(u32, Text)]) -> Self {
        let ids: Vec<Text> = keys.iter().map(|k| k.1).collect();
        let body = format!("{{\"apikeys\":{{\"ids\":{},\"owned_by_authenticated_user\":false}}}}", quoted_list(&ids));
        let mut change = Self::invalidate(actor, body, keys.iter().map(|k| k.0).collect());
        change.target = ids.join(",");
        change.ids = ids;
        change
    }

    /// Keys are invalidated by their name.
    pub(crate) fn invalidate_name(actor: u32, name: Text, keys: Vec<u32>) -> Self {
        let body = format!("{{\"apikeys\":{{\"name\":{},\"owned_by_authenticated_user\":false}}}}", quoted(name));
        let mut change = Self::invalidate(actor, body, keys);
        change.target = name.to_owned();
        change.name = Some(name);
        change
    }

    /// All keys of a user are invalidated; the user named here is a filter, not the actor.
    pub(crate) fn invalidate_owner(actor: u32, owner: Text, realm: Text, keys: Vec<u32>) -> Self {
        let body = format!(
            "{{\"apikeys\":{{\"owned_by_authenticated_user\":false,\"user\":{{\"name\":{},\"realm\":{}}}}}}}",
            quoted(owner),
            quoted(realm)
        );
        let mut change = Self::invalidate(actor, body, keys);
        change.target = owner.to_owned();
        change.owner = Some(owner);
        change.owner_realm = Some(realm);
        change
    }

    /// A password is changed.
    pub(crate) fn password(actor: u32, user: Text) -> Self {
        let mut change = Self::new(
            "change_password",
            ("change", format!("{{\"password\":{{\"user\":{{\"name\":{}}}}}}}", quoted(user))),
            ("cluster:admin/xpack/security/user/change_password", "ChangePasswordRequest"),
            ("PUT", format!("/_security/user/{user}/_password")),
            actor,
        );
        change.target = user.to_owned();
        change
    }

    /// A user is disabled.
    pub(crate) fn disable(actor: u32, user: Text) -> Self {
        let mut change = Self::new(
            "change_disable_user",
            ("change", format!("{{\"disable\":{{\"user\":{{\"name\":{}}}}}}}", quoted(user))),
            ("cluster:admin/xpack/security/user/set_enabled", "SetEnabledRequest"),
            ("PUT", format!("/_security/user/{user}/_disable")),
            actor,
        );
        change.target = user.to_owned();
        change
    }

    /// A user is made or replaced.
    pub(crate) fn put_user(actor: u32, user: Text, roles: &[&str]) -> Self {
        let body = format!(
            "{{\"user\":{{\"name\":{},\"enabled\":true,\"roles\":{},\"has_password\":true,\"metadata\":{{\"note\":\"a \\\"quoted\\\" word\"}}}}}}",
            quoted(user),
            quoted_list(roles)
        );
        let mut change = Self::new(
            "put_user",
            ("put", body),
            ("cluster:admin/xpack/security/user/put", "PutUserRequest"),
            ("PUT", format!("/_security/user/{user}")),
            actor,
        );
        change.target = user.to_owned();
        change
    }

    /// A role is made or replaced.
    pub(crate) fn put_role(actor: u32, role: Text) -> Self {
        let body = format!(
            "{{\"role\":{{\"name\":{},\"role_descriptor\":{{\"cluster\":[\"monitor\"],\"indices\":[{{\"names\":[\"apm*\"],\"privileges\":[\"all\"],\"query\":\"{{\\\"term\\\": {{\\\"service.name\\\": \\\"bar\\\"}}}}\"}}],\"applications\":[],\"run_as\":[]}}}}}}",
            quoted(role)
        );
        let mut change = Self::new(
            "put_role",
            ("put", body),
            ("cluster:admin/xpack/security/role/put", "PutRoleRequest"),
            ("PUT", format!("/_security/role/{role}")),
            actor,
        );
        change.target = role.to_owned();
        change
    }

    /// A token of a service account is created.
    pub(crate) fn service_token(actor: u32, token: Text) -> Self {
        let mut change = Self::new(
            "create_service_token",
            (
                "create",
                format!(
                    "{{\"service_token\":{{\"namespace\":\"elastic\",\"service\":\"fleet-server\",\"name\":{}}}}}",
                    quoted(token)
                ),
            ),
            ("cluster:admin/xpack/security/service_account/token/create", "CreateServiceAccountTokenRequest"),
            ("POST", format!("/_security/service/elastic/fleet-server/credential/token/{token}")),
            actor,
        );
        change.target = format!("elastic/fleet-server/{token}");
        change
    }
}
