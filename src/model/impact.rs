//! What an actor did, as data: what `esaudit impact` tells. Member for member the pinned JSON contract: members may be added,
//! never renamed or dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Coverage, Evidence, SourceCount, Tool};

/// Everything `esaudit impact` tells. `null` means unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ImpactReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// Whom it followed.
    pub actor: FollowedActor,
    /// What was read, written and deleted, by class, then requests.
    pub reached: Vec<Reached>,
    /// Powerful actions one by one, by time.
    pub powerful: Vec<PowerfulDeed>,
    /// What was made or changed and lasts, by time.
    pub persistence: Vec<Persistence>,
    /// What was refused for want of a privilege, by requests.
    pub denied: Vec<DeniedAccess>,
    /// Requests over time.
    pub volume: Volume,
    /// The first event.
    pub entered: Option<String>,
    /// The first request for documents.
    pub first_data: Option<String>,
    /// The last event.
    pub last_seen: Option<String>,
    /// Whether it goes on until the log ends.
    pub active_at_end: bool,
    /// What the node did of its own accord under names that were followed: policies, transforms, watches. It is nowhere else.
    pub background: Vec<Background>,
    /// What these logs cannot tell.
    pub cannot_tell: Vec<String>,
}

/// Whom an impact is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FollowedActor {
    /// The finding, where one was named.
    pub finding: Option<String>,
    /// Accounts: the actor's own, those that it made or ran as, and those that came from its address, in the order of their
    /// names.
    pub principals: Vec<String>,
    /// API keys, those that it made included, in the order of their ids.
    pub api_keys: Vec<String>,
    /// Addresses that it came from, in their order as text.
    pub sources: Vec<String>,
    /// From when on.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

/// What was done to an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Reached {
    /// Name or pattern as logged; null where the requests name none.
    pub index: Option<String>,
    /// Class of the actions.
    pub class: String,
    /// Requests.
    pub count: u64,
    /// Events of theirs.
    pub events: u64,
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
    /// Whether it was allowed: what was not is listed elsewhere.
    pub granted: bool,
    /// Whether the actor had not touched the index before; null where its history is missing.
    pub new: Option<bool>,
    /// Whether the index is one that ordinary privileges do not reach.
    pub restricted: bool,
    /// The actions, by name.
    pub actions: BTreeMap<String, u64>,
    /// First and last line.
    pub evidence: Vec<Evidence>,
}

/// A powerful action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct PowerfulDeed {
    /// When.
    pub time: String,
    /// The Elasticsearch action; of run-as the `event.action`.
    pub action: String,
    /// Class of the request.
    pub request_name: Option<String>,
    /// Class of the action.
    pub class: String,
    /// Who authenticated.
    pub principal: Option<String>,
    /// With which API key.
    pub api_key: Option<String>,
    /// As whom, where that is another.
    pub run_as: Option<String>,
    /// From where.
    pub source: Option<String>,
    /// On which node.
    pub node: Option<String>,
    /// To which indices, the first 50.
    pub indices: Vec<String>,
    /// How many there are.
    pub indices_total: u64,
    /// Whether it was allowed.
    pub granted: bool,
    /// What was made or changed, where the log names it.
    pub target: Option<String>,
    /// The request that undoes it; null where there is none, or where the log does not name what it needs.
    pub undo: Option<String>,
    /// Where it stands.
    pub evidence: Evidence,
}

/// Something that was made or changed and lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Persistence {
    /// `api_key`, `user`, `role`, `role_mapping`, `service_token`, `privilege`.
    pub kind: String,
    /// `event.action` of the change.
    pub action: String,
    /// Id, of API keys.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// When.
    pub made_at: String,
    /// By whom.
    pub made_by: Option<String>,
    /// Requests made with it since; null where they cannot be told, as of roles.
    pub uses: Option<u64>,
    /// The first.
    pub first_use: Option<String>,
    /// The last.
    pub last_use: Option<String>,
    /// From where, the most frequent first.
    pub use_sources: Vec<SourceCount>,
    /// As whom, the most frequent first.
    pub used_by: Vec<UserCount>,
    /// When it was ended; null where no event tells.
    pub ended_at: Option<String>,
    /// Where the change stands.
    pub evidence: Evidence,
}

/// Requests of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct UserCount {
    /// Account.
    pub principal: String,
    /// Requests.
    pub count: u64,
}

/// Refused actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct DeniedAccess {
    /// The Elasticsearch action.
    pub action: Option<String>,
    /// The index; null where the requests name none.
    pub index: Option<String>,
    /// Requests.
    pub count: u64,
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
    /// First and last line.
    pub evidence: Vec<Evidence>,
}

/// Requests over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Volume {
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// Buckets with requests, by time.
    pub buckets: Vec<VolumeBucket>,
    /// Requests in all.
    pub requests: u64,
    /// What the actor's accounts and keys did before; null where that is missing.
    pub before: Option<VolumeBefore>,
}

/// Requests in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct VolumeBucket {
    /// Its start.
    pub start: String,
    /// Requests that began in it.
    pub count: u64,
}

/// Events before an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct VolumeBefore {
    /// The first.
    pub since: String,
    /// Allowed actions of clients, parts on other nodes left out.
    pub events: u64,
    /// The most of them in an hour.
    pub most_in_an_hour: u64,
}

/// Work that a node did of its own accord.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Background {
    /// Under whose name.
    pub principal: Option<String>,
    /// The Elasticsearch action.
    pub action: String,
    /// The index; null where none is named.
    pub index: Option<String>,
    /// Requests.
    pub count: u64,
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
    /// First and last line.
    pub evidence: Vec<Evidence>,
}
