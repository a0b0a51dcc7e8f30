//! What a cluster says about itself: answers of its APIs that lie beside the logs, as plain data.
//!
//! A dump is the answer of one API at one time. What it says holds as of that time; a change that a log tells of later wins.
//! The shapes are those of Elasticsearch's REST reference (nodes info, cluster get settings, get license, get users, get
//! roles, get role mappings, get application privileges, get or query API key information, get service accounts and their
//! credentials, SSL certificates).

mod known;
mod privileges;
mod settings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Millis;
pub use known::{ClusterContext, ClusterFacts, Dated, Folder, Unplaced, folders_of_dumps};
pub use privileges::{IndexNeed, Lack, Might, index_need, lack, matches};
pub use settings::{AuditPolicy, Realm, Settings};

/// An answer of an API among the inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dump {
    /// The input that it stands in, as shown.
    pub path: String,
    /// What it says.
    pub facts: DumpFacts,
}

impl Dump {
    /// Bytes that it takes, roughly.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let entries = match &self.facts {
            DumpFacts::CollectedAt(_) | DumpFacts::Identity(_) | DumpFacts::License(_) => 1,
            DumpFacts::Nodes(nodes) => nodes.iter().map(|node| 1 + node.settings.0.len()).sum(),
            DumpFacts::Settings(settings) => settings.0.len(),
            DumpFacts::Users(list) => list.len(),
            DumpFacts::Roles(list) | DumpFacts::ServiceAccounts(list) => 4 * list.len(),
            DumpFacts::RoleMappings(list) => list.len(),
            DumpFacts::ApplicationPrivileges(list) => list.len(),
            DumpFacts::ApiKeys(list) => 4 * list.len(),
            DumpFacts::ServiceTokens(list) => list.tokens.len(),
            DumpFacts::Certificates(list) => list.len(),
        };
        256 * (1 + entries as u64)
    }
}

/// What one answer says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DumpFacts {
    /// When the dumps of this folder were collected.
    CollectedAt(Millis),
    /// `GET /`: which cluster this folder is about.
    Identity(ClusterIdentity),
    /// `GET /_nodes`.
    Nodes(Vec<NodeFacts>),
    /// `GET /_cluster/settings`.
    Settings(Settings),
    /// `GET /_license`.
    License(License),
    /// `GET /_security/user`.
    Users(Vec<User>),
    /// `GET /_security/role`.
    Roles(Vec<Role>),
    /// `GET /_security/role_mapping`.
    RoleMappings(Vec<RoleMapping>),
    /// `GET /_security/privilege`: names of applications and of their privileges.
    ApplicationPrivileges(Vec<(String, String)>),
    /// `GET /_security/api_key`, or a page of `GET /_security/_query/api_key`.
    ApiKeys(Vec<ApiKey>),
    /// `GET /_security/service`: service accounts and what they may do.
    ServiceAccounts(Vec<Role>),
    /// `GET /_security/service/NAMESPACE/SERVICE/credential`.
    ServiceTokens(ServiceTokens),
    /// `GET /_ssl/certificates`, or one element of it.
    Certificates(Vec<Certificate>),
}

impl DumpFacts {
    /// The name in `coverage.context[].kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CollectedAt(_) => "collected_at",
            Self::Identity(_) => "cluster",
            Self::Nodes(_) => "nodes",
            Self::Settings(_) => "cluster_settings",
            Self::License(_) => "license",
            Self::Users(_) => "users",
            Self::Roles(_) => "roles",
            Self::RoleMappings(_) => "role_mappings",
            Self::ApplicationPrivileges(_) => "application_privileges",
            Self::ApiKeys(_) => "api_keys",
            Self::ServiceAccounts(_) => "service_accounts",
            Self::ServiceTokens(_) => "service_tokens",
            Self::Certificates(_) => "certificates",
        }
    }
}

/// Who answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// `cluster_uuid`.
    pub cluster_uuid: Option<String>,
    /// `cluster_name`.
    pub cluster_name: Option<String>,
    /// `version.number`.
    pub version: Option<String>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeFacts {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Version.
    pub version: Option<String>,
    /// Its settings of security and audit, and where its logs are.
    pub settings: Settings,
}

/// The licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct License {
    /// `basic`, `trial`, `platinum`, …
    pub kind: String,
    /// `active`, `expired`, `invalid`.
    pub status: String,
    /// When it expires; `None` where it does not.
    pub expires: Option<Millis>,
}

impl License {
    /// Whether it permits realms of a type. Basic licences know the reserved, native and file realm; gold ones also LDAP, Active
    /// Directory and PKI; the others all (`InternalRealms` and `Security.*_REALMS_FEATURE` of Elasticsearch; an expired licence
    /// keeps what it had, for authentication).
    #[must_use]
    pub fn permits(&self, realm_type: &str) -> bool {
        match realm_type {
            "native" | "file" | "reserved" => true,
            "ldap" | "active_directory" | "pki" => !matches!(self.kind.as_str(), "basic" | "missing"),
            _ => !matches!(self.kind.as_str(), "basic" | "missing" | "standard" | "gold"),
        }
    }
}

/// A user of the native or the reserved realm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct User {
    /// `username`.
    pub name: String,
    /// `roles`.
    pub roles: Vec<String>,
    /// `enabled`.
    pub enabled: bool,
    /// Whether it is built in (`metadata._reserved`).
    pub reserved: bool,
}

/// Privileges, as a role or the descriptor of a key has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Privileges {
    /// Cluster privileges.
    pub cluster: Vec<String>,
    /// Of indices.
    pub indices: Vec<IndexGrant>,
    /// As whom it may act.
    pub run_as: Vec<String>,
    /// Applications of which it has privileges.
    pub applications: Vec<String>,
}

/// Privileges on some indices.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexGrant {
    /// Names and patterns.
    pub names: Vec<String>,
    /// Privileges.
    pub privileges: Vec<String>,
    /// Whether patterns cover restricted indices such as `.security`.
    pub restricted: bool,
    /// Whether only some documents or fields are meant (`query`, `field_security`).
    pub partial: bool,
}

/// A role, or a service account with what it may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Role {
    /// Name.
    pub name: String,
    /// What it grants.
    pub privileges: Privileges,
    /// Whether it counts (`transient_metadata.enabled`): the licence may not permit it.
    pub enabled: bool,
}

/// Who gets which roles in realms that bring none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleMapping {
    /// Name.
    pub name: String,
    /// Whether it counts.
    pub enabled: bool,
    /// Roles; empty where templates name them.
    pub roles: Vec<String>,
    /// User names and patterns of them of a rule that asks for nothing else.
    pub users: Vec<String>,
    /// Whether the rule asks for more, so that whom it takes is not known here.
    pub other_rules: bool,
}

/// An API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ApiKey {
    /// The id, as in `apikey.id` and in the server's messages.
    pub id: String,
    /// The name; not unique.
    pub name: Option<String>,
    /// `rest`, `cross_cluster` or `managed`; absent before 8.10.
    pub kind: Option<String>,
    /// When it was created.
    pub creation: Option<Millis>,
    /// When it expires or expired.
    pub expiration: Option<Millis>,
    /// Whether it is invalidated.
    pub invalidated: bool,
    /// When it was invalidated; absent before 8.12.
    pub invalidation: Option<Millis>,
    /// The owner.
    pub username: Option<String>,
    /// The owner's realm.
    pub realm: Option<String>,
    /// What it may do, by name of the descriptor; `None` where the listing does not say (before 8.5), empty where it may do
    /// what its owner may.
    pub descriptors: Option<BTreeMap<String, Privileges>>,
    /// What its owner might do when it was made (`limited_by`), which it never exceeds; `None` unless asked for.
    pub limited_by: Option<Vec<Privileges>>,
}

/// Tokens of a service account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceTokens {
    /// `namespace/service`.
    pub account: String,
    /// Names of the tokens of the index and of files.
    pub tokens: Vec<String>,
}

/// A certificate that a node uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Certificate {
    /// File.
    pub path: String,
    /// Subject.
    pub subject: String,
    /// Serial number.
    pub serial: String,
    /// When it ends.
    pub expires: Millis,
    /// Whether the node has its key: then it is its own, else one that it trusts.
    pub own: bool,
}
