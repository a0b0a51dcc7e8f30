//! The report as data: member for member the pinned JSON contract (schema_version 1). Writers read it, nothing writes
//! to it after `aggregate` has built it. Members may be added, never renamed or dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use charts::Charts;
use groups::Groups;
use text::Text;

mod addresses;
pub mod call;
pub mod charts;
mod coverage;
pub mod diff;
pub mod events;
pub mod groups;
pub mod impact;
pub mod keys;
mod sections;
pub mod text;
pub mod timeline;

pub use addresses::{AddressFacts, KnownAddress, ListedAddress};
pub use coverage::{CountedOnly, Coverage, Gap, Input, Node, Problem};
pub use sections::{
    AfterEntry, BaseRate, Cluster, ContextDocument, Denied, FailureRun, FindingPart, Lane, NewPlace, RunAs,
    ServerRefusal, TurnedAway,
};

/// Version of the JSON contract.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `SCHEMA_VERSION`.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option and threshold that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// What a filter left out: all that follows is about what is left. Absent where none is in force.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filters: Option<Filters>,
    /// The clusters that the inputs come from, by uuid.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Addresses of which something is known beyond the logs (`[networks]`, `--addresses`, `--geoip`), most failures first.
    /// Absent where nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub addresses: Vec<KnownAddress>,
    /// The headline numbers.
    pub totals: Totals,
    /// How people and machines of this log fail ordinarily.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base_rate: Option<BaseRate>,
    /// Failures by principal, realm chain and reason (or the chosen grouping), most frequent first.
    pub groups: Groups,
    /// How many groups there are: more than listed with `--top`, or where memory is short.
    #[serde(default)]
    pub groups_total: u64,
    /// What happened, judged; most severe first.
    pub findings: Vec<Finding>,
    /// Every security change, by time.
    pub security_changes: Vec<SecurityChange>,
    /// Failing API keys.
    pub api_keys: ApiKeys,
    /// Accounts at addresses from which they had not got in before, by first success; at most 50.
    #[serde(default)]
    pub new_places: Vec<NewPlace>,
    /// How many there are.
    #[serde(default)]
    pub new_places_total: u64,
    /// Requests refused for want of a privilege, by count descending; at most 50.
    #[serde(default)]
    pub denied: Vec<Denied>,
    /// How many rows there are.
    #[serde(default)]
    pub denied_total: u64,
    /// Who acted as somebody else, or tried to, by count descending; at most 50.
    #[serde(default)]
    pub run_as: Vec<RunAs>,
    /// How many rows there are.
    #[serde(default)]
    pub run_as_total: u64,
    /// Who was turned away: tampered requests, connections that an IP filter refused; by count descending, at most 50.
    #[serde(default)]
    pub turned_away: Vec<TurnedAway>,
    /// How many rows there are.
    #[serde(default)]
    pub turned_away_total: u64,
    /// Refusals that stand in a server log without an audit event, by count descending.
    #[serde(default)]
    pub server_refusals: Vec<ServerRefusal>,
    /// Failures over time.
    pub timeline: Timeline,
    /// The most frequent values of each key, counted over all attempts whatever the grouping.
    pub tops: Tops,
    /// What charts need beyond that.
    #[serde(default)]
    pub charts: Charts,
    /// What the report rests on (`--manifest`). The last member: the hash is of the report without it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<Manifest>,
}

/// What a report rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Every input as it is stored, by path.
    pub inputs: Vec<StoredInput>,
    /// The program as it was built.
    pub tool: Build,
    /// Every option and threshold that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// SHA-256 of the report as `--format json` writes it without this manifest.
    pub report_sha256: String,
    /// SHA-256 of this manifest without this member, as JSON without blanks: nothing above is changed unnoticed. Reports of
    /// 0.1.0 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_sha256: Option<String>,
}

/// An input as it is stored: compressed, if it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredInput {
    /// Path as given or discovered.
    pub path: String,
    /// SHA-256 of its bytes; null where they could not be read.
    pub sha256: Option<String>,
    /// How many bytes these are.
    pub size: Option<u64>,
    /// When it was written to last; null of what comes through a pipe.
    pub modified: Option<String>,
    /// Why there is no hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// A program as it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// `esaudit`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// Commit of its sources, with `-dirty` where they differed; null where the build did not know.
    pub commit: Option<String>,
    /// Platform it was built for.
    pub target: String,
    /// `release` or `debug`.
    pub profile: String,
}

impl Report {
    /// A report of nothing but what was read.
    pub fn bare(
        tool: Tool,
        parameters: BTreeMap<String, serde_json::Value>,
        coverage: Coverage,
        filters: Option<Filters>,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool,
            parameters,
            coverage,
            filters,
            clusters: Vec::new(),
            addresses: Vec::new(),
            totals: Totals::default(),
            groups: Groups::default(),
            groups_total: 0,
            base_rate: None,
            findings: Vec::new(),
            security_changes: Vec::new(),
            api_keys: ApiKeys { failing: Vec::new() },
            new_places: Vec::new(),
            new_places_total: 0,
            denied: Vec::new(),
            denied_total: 0,
            run_as: Vec::new(),
            run_as_total: 0,
            turned_away: Vec::new(),
            turned_away_total: 0,
            server_refusals: Vec::new(),
            timeline: Timeline { bucket_seconds: 60, buckets: Vec::new() },
            tops: Tops::default(),
            charts: Charts::default(),
            manifest: None,
        }
    }

    /// Keeps the most frequent groups only, as `--top` asks of data.
    pub fn cut(&mut self, top: usize) {
        self.coverage.complete &= self.groups.len() <= top;
        self.groups.truncate(top);
        self.parameters.insert("top".to_owned(), top.into());
    }
}

/// Name and version of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `esaudit`.
    pub name: String,
    /// Semantic version.
    pub version: String,
}

/// The filters in force and how much they left out. `coverage` is about everything that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    /// One sentence each: alternatives of one option together; all of them hold.
    pub in_force: Vec<Text>,
    /// Failed attempts.
    pub attempts_left_out: u64,
    /// Security changes.
    pub changes_left_out: u64,
    /// Refusals of API keys.
    pub key_refusals_left_out: u64,
    /// `access_denied` events.
    pub denials_left_out: u64,
}

/// The headline numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Failed authentication attempts.
    pub failed_attempts: u64,
    /// Distinct principals among them.
    pub principals: u64,
    /// Distinct client addresses among them.
    pub sources: u64,
    /// `invalidate_apikey(s)` events.
    pub api_key_invalidations: u64,
    /// `tampered_request` events; they are no failed attempts.
    #[serde(default)]
    pub tampered_requests: u64,
}

/// A line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Input.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// Where reading can begin to come to the line quickly: a byte of the input, decompressed, with which a line begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
    /// The line, from 1, that begins there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset_line: Option<u64>,
}

/// Attempts from one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCount {
    /// Client address without port.
    pub address: String,
    /// Attempts.
    pub count: u64,
}

/// Failures that share the chosen keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `G1`, `G2`, … in report order.
    #[serde(default)]
    pub id: String,
    /// Principal; null for attempts without one.
    pub principal: Option<String>,
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub realm_chain: Option<Vec<String>>,
    /// False where the order of the realms is not known, since lines of one millisecond stand in none; else not there.
    #[serde(skip_serializing_if = "is_ordered", default = "ordered")]
    pub realm_chain_ordered: bool,
    /// Reason of the contract.
    pub reason: String,
    /// explicit, server_log, context, inferred, none; where the attempts differ, what most of them have.
    pub reason_basis: String,
    /// What was presented: none, password, token, api_key, service_token, certificate, unknown.
    #[serde(default)]
    pub credential: Option<String>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Keys of a grouping other than the default (`--by`): `source`, `node`, `action`, `path`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by: BTreeMap<String, Option<String>>,
    /// Attempts.
    pub count: u64,
    /// First attempt.
    pub first: Option<String>,
    /// Last attempt.
    pub last: Option<String>,
    /// Addresses, most frequent first, at most 50.
    pub sources: Vec<SourceCount>,
    /// Distinct addresses.
    pub sources_total: u64,
    /// What the requests say they were forwarded for (`x_forwarded_for`, as sent), most frequent first, at most 50: the
    /// clients behind a proxy, or what somebody wants them taken for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub forwarded: Vec<SourceCount>,
    /// Nodes.
    pub nodes: Vec<String>,
    /// Attempts by `event.action`.
    pub actions: BTreeMap<String, u64>,
    /// What an inferred reason was inferred from.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub why: Vec<Text>,
    /// Messages of the server log about these attempts that were not understood, most frequent first, at most 5.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub messages: Vec<String>,
    /// First and last line at least.
    pub evidence: Vec<Evidence>,
}

/// A judged pattern. Texts are plain strings in JSON. Words that do not depend on the log are borrowed: a flood makes 100,000
/// findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `F1`, `F2`, … in report order.
    pub id: String,
    /// Kind, see the contract.
    pub kind: String,
    /// critical, high, medium, low, info.
    pub severity: String,
    /// hostile, operational, unclear.
    pub verdict: String,
    /// 0 to 1.
    pub confidence: f64,
    /// How many findings of this size chance alone would make in a log like this one; null where it cannot be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_by_chance: Option<f64>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// One line.
    pub title: Text,
    /// ATT&CK techniques; empty for operational causes.
    pub attack: Vec<String>,
    /// Principals, at most 50.
    pub principals: Vec<String>,
    /// Distinct principals.
    pub principals_total: u64,
    /// Client addresses, at most 50.
    pub sources: Vec<String>,
    /// Distinct addresses.
    pub sources_total: u64,
    /// Nodes.
    pub nodes: Vec<String>,
    /// API key ids.
    pub api_keys: Vec<String>,
    /// Start.
    pub start: Option<String>,
    /// End.
    pub end: Option<String>,
    /// Failed attempts in it.
    pub failures: u64,
    /// Successes in it.
    pub successes: u64,
    /// What it means, in plain words.
    pub diagnosis: Text,
    /// The measured evidence, sentence by sentence.
    pub why: Vec<Text>,
    /// What to do.
    pub next_steps: Vec<Text>,
    /// When this is a false alarm.
    pub false_positives: Vec<Text>,
    /// What it consists of: the guessing that led to an entry, what was made since.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<FindingPart>,
    /// What followed the entry; null where nobody got in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after_entry: Option<AfterEntry>,
    /// Findings that belong with it, by id.
    #[serde(default)]
    pub related: Vec<String>,
    /// Its failures over time.
    #[serde(default)]
    pub timeline: Option<FindingTimeline>,
    /// Lines.
    pub evidence: Vec<Evidence>,
}

/// The failures of one finding over time, empty buckets included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingTimeline {
    /// Start of the first bucket.
    pub start: String,
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// Failures by bucket, at most 60.
    pub counts: Vec<u64>,
}

/// One `security_config_change`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Failing API keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeys {
    /// By count descending, then id.
    pub failing: Vec<FailingKey>,
}

/// One failing API key, or all failures of one reason whose key no line names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailingKey {
    /// Key id; null where the reason does not name it.
    pub id: Option<String>,
    /// Key name.
    pub name: Option<String>,
    /// Owner of the key.
    pub owner: Option<String>,
    /// Reason.
    pub reason: String,
    /// What the reason rests on, see [`Group::reason_basis`]; the strongest of all refusals.
    pub reason_basis: String,
    /// Refusals.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// When it was invalidated.
    pub invalidated_at: Option<String>,
    /// By whom.
    pub invalidated_by: Option<String>,
    /// When it expires or expired.
    pub expires: Option<String>,
    /// Who still uses it, at most 50.
    pub clients: Vec<KeyClient>,
    /// Distinct clients.
    pub clients_total: u64,
    /// Refusals that no client could be joined to.
    pub unattributed: u64,
    /// Lines.
    pub evidence: Vec<Evidence>,
}

/// A client of a failing key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyClient {
    /// Address.
    pub address: String,
    /// Refusals attributed to it.
    pub count: u64,
    /// 0 to 1.
    pub confidence: f64,
}

/// Failures over time; only buckets in which something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// By start.
    pub buckets: Vec<TimelineBucket>,
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineBucket {
    /// Start.
    pub start: String,
    /// Attempts that ended in `authentication_failed`.
    pub authentication_failed: u64,
    /// Attempts that ended in `anonymous_access_denied`.
    pub anonymous_access_denied: u64,
    /// `access_denied` events.
    pub access_denied: u64,
    /// `tampered_request` events.
    #[serde(default)]
    pub tampered_request: u64,
}

/// The most frequent values among all attempts, counted exactly: the lists inside groups are cut, so they cannot be added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tops {
    /// Principals by count descending, then name; null = attempts without one. At most 50.
    pub principals: Vec<TopText>,
    /// Distinct principals, null included.
    pub principals_total: u64,
    /// Realm chains; null = not logged, [] = none was asked. At most 50.
    pub realm_chains: Vec<TopChain>,
    /// Distinct chains, null included.
    pub realm_chains_total: u64,
    /// Reasons; never null.
    pub reasons: Vec<TopText>,
    /// Distinct reasons.
    pub reasons_total: u64,
    /// Client addresses; null = not logged. At most 50.
    pub sources: Vec<TopText>,
    /// Distinct addresses, null included.
    pub sources_total: u64,
    /// Nodes, as in groups: the id where known, else the name; null = not logged. At most 50.
    pub nodes: Vec<TopText>,
    /// Distinct nodes, null included.
    pub nodes_total: u64,
}

/// One value and the attempts that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopText {
    /// The value; null where the attempts have none.
    pub key: Option<String>,
    /// Attempts.
    pub count: u64,
}

/// One realm chain and the attempts that went through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopChain {
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub key: Option<Vec<String>>,
    /// Attempts.
    pub count: u64,
}

/// Whether nothing is said of the order of a chain, since it is known.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn is_ordered(ordered: &bool) -> bool {
    *ordered
}

/// A chain of which nothing is said has an order.
pub(crate) fn ordered() -> bool {
    true
}
