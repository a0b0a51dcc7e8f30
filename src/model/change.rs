//! Changes of security: of users, roles, mappings, keys and tokens.

use serde::{Deserialize, Serialize};

use super::Evidence;

/// One `security_config_change`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SecurityChange {
    /// When.
    pub time: String,
    /// `invalidate_apikeys`, `put_user`, …
    pub action: String,
    /// Who did it; null where no event tells.
    pub actor: Option<String>,
    /// Realm of the actor.
    pub actor_realm: Option<String>,
    /// Who authenticated, where the actor was run as.
    pub run_by: Option<String>,
    /// Id of the API key that the actor used, if one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor_api_key: Option<String>,
    /// Client address.
    pub source: Option<String>,
    /// Node.
    pub node: Option<String>,
    /// `request.id`.
    pub request_id: Option<String>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// What was changed.
    pub target: Option<String>,
    /// API key ids that the event names.
    pub ids: Vec<String>,
    /// The keys that an invalidation by name, owner or realm ended, as far as the logs or a listing know them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resolved_ids: Vec<String>,
    /// Name of the key or object.
    pub name: Option<String>,
    /// Owner filter of an invalidation; of a granted key its owner, who is not the actor.
    pub owner: Option<String>,
    /// Realm filter.
    pub owner_realm: Option<String>,
    /// Owner filter "my own".
    pub owned_by_authenticated_user: Option<bool>,
    /// As written.
    pub expiration: Option<String>,
    /// Type of the key: `rest`, `cross_cluster`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_type: Option<String>,
    /// Roles that a user or a role mapping gets.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub roles: Vec<String>,
    /// Privileges that a role gets: those of the cluster, those of indices as `privilege on index`, and as whom one may act, as `run as user`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub privileges: Vec<String>,
    /// What is given amounts to everything.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub superuser: bool,
    /// Where it stands.
    pub evidence: Evidence,
}
