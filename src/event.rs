//! The one normalised event that every wire format decodes into, borrowed from the line it came from.
//!
//! Text is bytes, not `str`: the log may hold invalid UTF-8 that an attacker chose, and two names that differ only
//! there are two names. It is made printable in `report::escape`, nowhere else.

pub(crate) mod members;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::context::DumpFacts;
use crate::error::ProblemKind;
use crate::time::Millis;

/// Text as it stood in the record: borrowed where the record needed no unescaping.
pub type LogText<'a> = Cow<'a, [u8]>;

/// What an audit event says happened (`event.action`).
///
/// The variants are those whose meaning esaudit uses; every other action is kept by name as [`Action::Other`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<'a> {
    /// An authentication attempt ended in failure. Names the principal, neither realm nor reason.
    AuthenticationFailed,
    /// One realm said no. The attempt may still have succeeded through a later realm.
    RealmAuthenticationFailed,
    /// No usable credentials, or credentials (API key, token) that were refused: no principal.
    AnonymousAccessDenied,
    /// An attempt succeeded (not logged by default).
    AuthenticationSuccess,
    /// An authenticated user was allowed an action.
    AccessGranted,
    /// An authenticated user was refused an action.
    AccessDenied,
    /// A user was allowed to run as another.
    RunAsGranted,
    /// A user was not allowed to run as another.
    RunAsDenied,
    /// A request that was changed on its way, or whose token could not be validated.
    TamperedRequest,
    /// `security_config_change`: the name is the action, e.g. `invalidate_apikeys`.
    SecurityChange(LogText<'a>),
    /// Anything else, by name.
    Other(LogText<'a>),
}

impl<'a> Action<'a> {
    /// Reads an `event.action`; `layer` is the `event.type` (audit-format 2), which marks security changes.
    #[must_use]
    pub fn from_name(name: LogText<'a>, layer: Option<&[u8]>) -> Self {
        match name.as_ref() {
            b"authentication_failed" => Self::AuthenticationFailed,
            b"realm_authentication_failed" => Self::RealmAuthenticationFailed,
            b"anonymous_access_denied" => Self::AnonymousAccessDenied,
            b"authentication_success" => Self::AuthenticationSuccess,
            b"access_granted" => Self::AccessGranted,
            b"access_denied" => Self::AccessDenied,
            b"run_as_granted" => Self::RunAsGranted,
            b"run_as_denied" => Self::RunAsDenied,
            b"tampered_request" => Self::TamperedRequest,
            other => {
                if layer == Some(b"security_config_change") || is_security_change(other) {
                    Self::SecurityChange(name)
                } else {
                    Self::Other(name)
                }
            }
        }
    }

    /// The `event.action` as written.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        match self {
            Self::AuthenticationFailed => b"authentication_failed",
            Self::RealmAuthenticationFailed => b"realm_authentication_failed",
            Self::AnonymousAccessDenied => b"anonymous_access_denied",
            Self::AuthenticationSuccess => b"authentication_success",
            Self::AccessGranted => b"access_granted",
            Self::AccessDenied => b"access_denied",
            Self::RunAsGranted => b"run_as_granted",
            Self::RunAsDenied => b"run_as_denied",
            Self::TamperedRequest => b"tampered_request",
            Self::SecurityChange(name) | Self::Other(name) => name,
        }
    }
}

/// Whether an action name is one of the documented `security_config_change` actions: `put_*`, `delete_*`, `change_*`,
/// `create_*`, `invalidate_*`, `activate_*` and `update_user_profile_data` (audit-events reference), for exports that drop
/// `event.type`.
#[must_use]
pub fn is_security_change(action: &[u8]) -> bool {
    const VERBS: [&[u8]; 7] =
        [b"put_", b"delete_", b"change_", b"create_", b"invalidate_", b"activate_", b"update_user_profile"];
    VERBS.iter().any(|verb| action.starts_with(verb))
}

/// Whether an action is an invalidation of API keys. Released versions write the plural; articles the singular.
#[must_use]
pub fn is_invalidation(action: &[u8]) -> bool {
    matches!(action, b"invalidate_apikeys" | b"invalidate_apikey")
}

/// The body of a security change (`put`, `delete`, `change`, `create`, `invalidate`), as far as it names a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change<'a> {
    /// API key ids named by the event (`apikey.id`, `apikeys.ids`).
    pub ids: Vec<LogText<'a>>,
    /// Name of the object: API key, user, role, role mapping, application, service token.
    pub name: Option<LogText<'a>>,
    /// Second part of a target's name: the privilege of an application, …
    pub detail: Option<LogText<'a>>,
    /// `namespace` of a service token or service account.
    pub namespace: Option<LogText<'a>>,
    /// `service` of a service token or service account.
    pub service: Option<LogText<'a>>,
    /// Owner filter of an invalidation (`invalidate.apikeys.user.name`): whose keys, not who did it.
    pub owner: Option<LogText<'a>>,
    /// Realm filter of an invalidation.
    pub owner_realm: Option<LogText<'a>>,
    /// `owned_by_authenticated_user` of an invalidation.
    pub owned_by_authenticated_user: Option<bool>,
    /// `expiration` of a created or changed key, as written (`90d`).
    pub expiration: Option<LogText<'a>>,
    /// `type` of a created or changed key: `rest`, `cross_cluster` (from 8.9 on).
    pub kind: Option<LogText<'a>>,
    /// Whose key a grant makes: `create.grant.run_as`, else `create.grant.user.name` (audit-format 2).
    pub granted_to: Option<LogText<'a>>,
    /// Roles that a user or a role mapping gets.
    pub roles: Vec<LogText<'a>>,
    /// Cluster privileges that a role gets.
    pub cluster_privileges: Vec<LogText<'a>>,
    /// Index privileges that a role gets, each as `privilege on index`, and as whom it may act, each as `run as user`.
    pub index_privileges: Vec<Vec<u8>>,
}

/// The indices of a request, as far as they are told apart. Wildcards are resolved before the event is written, so these may
/// be thousands (audit-format 1.20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indices<'a> {
    /// The first.
    pub first: LogText<'a>,
    /// The first that ordinary privileges do not reach.
    pub restricted: Option<LogText<'a>>,
    /// How many.
    pub total: u32,
}

/// What is wrong with a record that could be used all the same: its kind, and plain words without any text from the log.
pub type Oddity = (ProblemKind, &'static str);

/// What orders the events of one millisecond, and by what: only numbers of one kind compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sequence {
    /// What the number is: of several the one that tells most.
    pub kind: SequenceKind,
    /// The number.
    pub number: u64,
}

impl Sequence {
    /// An offset below this is at the begin of a file, and one that is further behind it than this, in bytes, is none of the same
    /// moment: the file was rotated between the two.
    const ROTATED: u64 = 64 << 10;

    /// Whether the line of another number is known to stand behind its own, in one file or shard.
    #[must_use]
    pub fn is_followed_by(self, other: Self) -> bool {
        let apart = other.number.saturating_sub(self.number);
        let rotated = self.kind == SequenceKind::Offset && self.number < Self::ROTATED && apart > Self::ROTATED;
        self.kind == other.kind && apart > 0 && !rotated
    }
}

/// Members of a document that order events as they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SequenceKind {
    /// `event.sequence`: numbered by whatever made the event (ECS field reference, `event.sequence`).
    Event,
    /// `log.offset`: where the line began in the file that Filebeat read (Filebeat's exported fields, `log.offset`).
    Offset,
    /// `_seq_no`: in which order a shard took documents; one shipper sends them as they stood.
    SeqNo,
    /// The second value of `sort`, which breaks ties of the first in a search.
    Sort,
}

macro_rules! audit_event {
    (
        texts { $($(#[$doc:meta])* $name:ident: $key:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($keys:tt)* }
        passed { $($passed:tt)* }
    ) => {
        /// One audit event in normal form. Absent members are `None`; nothing is guessed.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct AuditEvent<'a> {
            /// When, UTC milliseconds.
            pub time: Millis,
            /// The record gave no zone; `--assume-tz` was applied.
            pub zone_assumed: bool,
            /// How many minutes the zone of the node is ahead of UTC, where a line of its own audit log says so.
            pub zone_offset: Option<i16>,
            /// What happened.
            pub action: Action<'a>,
            /// `event.type`: `rest`, `transport`, `ip_filter`, `security_config_change`.
            pub layer: Option<LogText<'a>>,
            $($(#[$doc])* pub $name: Option<LogText<'a>>,)*
            /// `indices`; `None` also where no index matched.
            pub indices: Option<Indices<'a>>,
            /// All of them; empty where no index matched.
            pub index_names: Vec<LogText<'a>>,
            /// The body of a security change.
            pub change: Option<Box<Change<'a>>>,
            /// It is a record of OpenSearch, Open Distro or Search Guard.
            pub of_opensearch: bool,
            /// Hash of what names the document that holds it, the same wherever that is met again: its place in the file that it
            /// was shipped from, else its `_id`.
            pub document: Option<u64>,
            /// Where it stands among the events of its millisecond, if its document tells.
            pub sequence: Option<Sequence>,
            /// What is wrong with the record although it could be used.
            pub oddity: Option<Oddity>,
        }

        impl<'a> AuditEvent<'a> {
            /// An event with a time and an action and nothing else known.
            #[must_use]
            pub fn new(time: Millis, action: Action<'a>) -> Self {
                Self {
                    time,
                    zone_assumed: false,
                    zone_offset: None,
                    action,
                    layer: None,
                    $($name: None,)*
                    indices: None,
                    index_names: Vec::new(),
                    change: None,
                    of_opensearch: false,
                    document: None,
                    sequence: None,
                    oddity: None,
                }
            }

            /// Takes each text that it lacks from another.
            pub fn fill_texts(&mut self, other: &mut Self) {
                $(if self.$name.is_none() {
                    self.$name = other.$name.take();
                })*
            }
        }
    };
}

members::audit_members!(audit_event);

/// One line of a node's server log, as far as it may give the reason of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent<'a> {
    /// When, UTC milliseconds; `None` where the line carries no usable time.
    pub time: Option<Millis>,
    /// The record gave no zone; `--assume-tz` was applied.
    pub zone_assumed: bool,
    /// Node id, where the line has it (8.x and 7.x JSON).
    pub node_id: Option<LogText<'a>>,
    /// Node name.
    pub node_name: Option<LogText<'a>>,
    /// `cluster.uuid`.
    pub cluster_uuid: Option<LogText<'a>>,
    /// Level, as written.
    pub level: Option<LogText<'a>>,
    /// Logger or component, as written.
    pub logger: Option<LogText<'a>>,
    /// The message.
    pub message: LogText<'a>,
    /// `trace.id`.
    pub trace_id: Option<LogText<'a>>,
    /// Class and message of the exception that was logged with it, where the record has them.
    pub error: Option<(LogText<'a>, LogText<'a>)>,
}

/// Whose log a line is of that looks like one of Elasticsearch's server log and is not: another program of the same folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Product {
    /// Logstash.
    Logstash,
    /// Kibana.
    Kibana,
    /// Elastic Agent, and the programs that it runs where they do not say their own name.
    ElasticAgent,
    /// Fleet Server.
    FleetServer,
    /// Filebeat, Metricbeat and their like.
    Beats,
    /// APM Server.
    ApmServer,
    /// OpenSearch, Open Distro, Search Guard.
    OpenSearch,
    /// Another program that logs in the Elastic Common Schema.
    Unknown,
}

impl Product {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logstash => "Logstash",
            Self::Kibana => "Kibana",
            Self::ElasticAgent => "Elastic Agent",
            Self::FleetServer => "Fleet Server",
            Self::Beats => "Beats",
            Self::ApmServer => "APM Server",
            Self::OpenSearch => "OpenSearch",
            Self::Unknown => "another program",
        }
    }
}

/// What one line, or one document of an export, turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "records are handed on once, never kept; a box would be an allocation a line"
)]
pub enum Record<'a> {
    /// An audit event.
    Audit(AuditEvent<'a>),
    /// A server-log line.
    Server(ServerEvent<'a>),
    /// A line of another product's log.
    OfProduct(Product),
    /// An answer of an API: what a cluster says about itself.
    Dump(Box<DumpFacts>),
    /// Something else, recognised as not being a log of interest (deprecation log, blank line, plain text).
    Other,
    /// Something else in which a text of a client, or of another product, looks like a record. It does not count.
    Quoted,
    /// A record among others of one line that cannot be read.
    Damaged,
}
