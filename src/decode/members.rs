//! The members of a JSON record that any decoder may ask for, collected in one walk.
//!
//! One table of names serves all JSON shapes: keys may be flat (`user.name`), nested or mixed, and ECS documents put the
//! native names below `elasticsearch.audit.` (audit-format 4), so a path is looked up after such a prefix is cut off.
//! The first occurrence of a member wins; a member of the wrong type counts as absent. Records that are built like one before
//! are not walked again, see `learned.rs`.

mod change;
mod document;
mod learned;
mod paths;

pub use document::DocumentName;
use document::parse_number;

use crate::action_class::is_restricted;
use crate::decode::json::{RawStr, Scalar};
use crate::error::DecodeError;
use crate::event::members::audit_members;
use crate::event::{Change, Indices, LogText, Oddity, SequenceKind};

macro_rules! fields {
    (
        texts { $($(#[$text_doc:meta])* $member:ident: $text:ident $how:ident $($text_path:literal)|+,)* }
        keys { $($(#[$key_doc:meta])* $key:ident $($key_path:literal)|+,)* }
        passed { $($passed:tt)* }
    ) => {
        fields! {
            $($(#[$text_doc])* $text = $($text_path)|+,)*
            $($(#[$key_doc])* $key = $($key_path)|+,)*
            /// Layer in ECS documents and in index documents of 6.x.
            Layer = b"layer",
            /// What happened, in index documents of 5.x and 6.x.
            LegacyAction = b"event_type",
            /// Which integration made an ECS document.
            EventDataset = b"event.dataset" | b"data_stream.dataset",
            /// Effective user in index documents of 5.x and 6.x.
            Principal = b"principal",
            /// Whom a security change is about, in ECS.
            UserTargetName = b"user.target.name",
            /// ECS client address.
            SourceAddress = b"source.address" | b"client.address",
            /// ECS client IP.
            SourceIp = b"source.ip" | b"client.ip",
            /// ECS client port.
            SourcePort = b"source.port" | b"client.port" | b"origin_port",
            /// Path of the request with the query: ECS, and index documents of 5.x and 6.x.
            UrlOriginal = b"url.original" | b"uri",
            /// The same in ECS.
            HttpRequestId = b"http.request.id",
            /// Level of an ECS server line.
            LogLevel = b"log.level",
            /// Logger of an ECS server line.
            LogLogger = b"log.logger",
            /// Level of a 7.x server line.
            Level = b"level",
            /// Logger of a 7.x server line.
            Component = b"component" | b"elasticsearch.component" | b"elasticsearch.server.component",
            /// Logger of a line of Logstash.
            LoggerName = b"loggerName",
            /// Roles of a Kibana.
            ServiceRoles = b"service.node.roles",
            /// Program that Elastic Agent runs.
            AgentBinary = b"component.binary",
            /// Part of Elastic Agent that wrote a line.
            LogSource = b"log.source",
            /// Class of the exception of an ECS server line.
            ErrorType = b"error.type",
            /// Its message.
            ErrorMessage = b"error.message",
            /// Message of a server line, or the raw line in an ECS document.
            Message = b"message",
            /// Raw line in an ECS document.
            EventOriginal = b"event.original",
            /// Raw line beside its members, where a pipeline keeps both under names of its own.
            RawLine = b"_raw" | b"@rawstring" | b"line" | b"full_log" | b"full_message" | b"short_message" | b"rawmsg",
            /// What a server line says that it is a line of.
            ServiceName = b"service.name",
            /// Line of docker's json-file driver.
            DockerLog = b"log",
            /// Stream of docker's json-file driver.
            DockerStream = b"stream",
            /// Time of docker's json-file driver.
            DockerTime = b"time",
            /// Index of an exported document.
            ExportIndex = b"_index",
            /// Its id.
            ExportId = b"_id",
            /// In which order its shard took it.
            SeqNo = b"_seq_no",
            /// Number that whatever made the event gave it.
            EventSequence = b"event.sequence",
            /// Where the line began in the file that it was shipped from.
            LogOffset = b"log.offset",
            /// That file.
            LogFile = b"log.file.path",
            /// OpenSearch: what happened.
            AuditCategory = b"audit_category",
            /// OpenSearch: time, in old releases.
            AuditUtcTimestamp = b"audit_utc_timestamp",
            /// OpenSearch: node id.
            AuditNodeId = b"audit_node_id",
            /// OpenSearch: node name.
            AuditNodeName = b"audit_node_name",
            /// OpenSearch: REST or TRANSPORT.
            AuditLayer = b"audit_request_layer",
            /// OpenSearch: effective user.
            AuditEffectiveUser = b"audit_request_effective_user",
            /// Search Guard: who authenticated the effective user.
            AuditAuthDomain = b"audit_request_effective_user_auth_domain",
            /// OpenSearch: who authenticated, where somebody acts as another.
            AuditInitiatingUser = b"audit_request_initiating_user",
            /// OpenSearch: client.
            AuditRemoteAddress = b"audit_request_remote_address",
            /// OpenSearch: path of the request.
            AuditRestPath = b"audit_rest_request_path",
            /// OpenSearch: privilege that was checked, which is an action.
            AuditPrivilege = b"audit_request_privilege",
            /// OpenSearch: forwarding header.
            AuditForwardedFor = b"audit_rest_request_headers.X-Forwarded-For" | b"audit_rest_request_headers.x-forwarded-for",
        }
    };
    ($($(#[$doc:meta])* $name:ident = $($path:literal)|+,)*) => {
        /// A member some decoder may ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field {
            $($(#[$doc])* $name,)*
        }

        /// How many fields there are.
        const FIELDS: usize = [$(Field::$name),*].len();

        fn field(path: &[u8]) -> Option<Field> {
            match path {
                $($($path)|+ => Some(Field::$name),)*
                _ => None,
            }
        }
    };
}

// The members of audit events, and those of other records and of other shapes.
audit_members!(fields);

/// The members met in one record.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    values: [Option<Scalar<'a>>; FIELDS],
    change: Option<Box<Change<'a>>>,
    indices: ListedMembers<'a>,
    /// Index names of the part of a role that is being read, and whether its privileges were met.
    index_names: Vec<LogText<'a>>,
    /// The first two values of `sort` of a search hit, and how many were met.
    sort: ([Option<Scalar<'a>>; 2], usize),
    names_end: bool,
    exported: bool,
    beneath_source: bool,
    beneath_audit: bool,
    oddity: Option<Oddity>,
}

/// The elements of `indices`.
#[derive(Debug, Clone, Default)]
struct ListedMembers<'a> {
    all: Vec<RawStr<'a>>,
    first: Option<RawStr<'a>>,
    restricted: Option<RawStr<'a>>,
    total: u32,
    /// `-*` is among them: no index matched (audit-format 1.20).
    none: bool,
}

impl<'a> ListedMembers<'a> {
    fn add(&mut self, element: RawStr<'a>) {
        let text = element.text();
        self.none |= text.as_ref() == b"-*";
        self.first.get_or_insert(element);
        self.all.push(element);
        if self.restricted.is_none() && is_restricted(&text) {
            self.restricted = Some(element);
        }
        self.total = self.total.saturating_add(1);
    }
}

/// Members that decide what an event says: where one is met twice or is no text, somebody should know.
fn is_telling(field: Field) -> bool {
    matches!(
        field,
        Field::Timestamp
            | Field::AtTimestamp
            | Field::EventAction
            | Field::NodeId
            | Field::UserName
            | Field::Realm
            | Field::OriginAddress
            | Field::RequestId
            | Field::ApiKeyId
            | Field::RunByName
    )
}

impl<'a> Members<'a> {
    /// No members: what text shapes start from.
    #[must_use]
    pub fn empty() -> Self {
        Members {
            values: [None; FIELDS],
            change: None,
            indices: ListedMembers::default(),
            index_names: Vec::new(),
            sort: ([None; 2], 0),
            names_end: false,
            exported: false,
            beneath_source: false,
            beneath_audit: false,
            oddity: None,
        }
    }

    /// What is wrong with the record although it can be used.
    #[must_use]
    pub fn oddity(&self) -> Option<Oddity> {
        self.oddity
    }

    /// Sets a member of a record that is not JSON. The first wins here too.
    pub fn set(&mut self, field: Field, text: &'a [u8]) {
        self.values[field as usize].get_or_insert(Scalar::Str(RawStr::plain(text)));
    }

    /// Sets a member by its path. `false` where no field has that path.
    pub fn set_path(&mut self, path: &[u8], text: &'a [u8]) -> bool {
        if path == INDICES {
            let names = text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
            names.for_each(|name| self.indices.add(RawStr::plain(name)));
            return true;
        }
        field(path).map(|field| self.set(field, text)).is_some()
    }

    /// Whether the record is a document out of an index: its members stand below `_source` (or `fields`).
    #[must_use]
    pub fn is_exported(&self) -> bool {
        self.beneath_source
    }

    /// Whether members stand below `elasticsearch.audit`, as Filebeat and Elastic Agent put them.
    #[must_use]
    pub fn is_ecs_audit(&self) -> bool {
        self.beneath_audit
    }

    /// Whether the raw line stands beside the members: it says everything, and they may lack something.
    #[must_use]
    pub fn carries_line(&self) -> bool {
        [Field::RawLine, Field::Message, Field::EventOriginal, Field::DockerLog]
            .into_iter()
            .any(|field| self.text(field).is_some_and(|text| text.trim_ascii_start().starts_with(b"{\"")))
    }

    /// What is wrong with a record that has the members of an audit event and is claimed by no shape.
    #[must_use]
    pub fn damage(&self) -> Option<DecodeError> {
        let is_audit = self.text(Field::Type).as_deref() == Some(b"audit")
            || self.beneath_audit && self.text(Field::EventDataset).is_none_or(|set| &*set == b"elasticsearch.audit")
            || [Field::OriginType, Field::OriginAddress, Field::RequestId].into_iter().all(|field| self.has(field));
        is_audit.then_some(DecodeError { message: "an audit event without a usable event.action", offset: 0 })
    }

    /// Walks a record.
    ///
    /// # Errors
    /// Where the line is not one valid JSON object.
    pub fn read(line: &'a [u8]) -> Result<Self, DecodeError> {
        let mut members = Members::empty();
        members.fill(line)?;
        Ok(members)
    }

    /// Walks a record in place: the table is large, and every line is worth not copying it.
    ///
    /// # Errors
    /// Where the line is not one valid JSON object.
    pub fn fill(&mut self, line: &'a [u8]) -> Result<(), DecodeError> {
        learned::fill(self, line)
    }

    /// Whether the member is there with any usable type.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.values[field as usize].is_some()
    }

    /// A text member, unescaped.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<LogText<'a>> {
        match self.values[field as usize] {
            Some(Scalar::Str(text)) => Some(RawStr::text(text)),
            _ => None,
        }
    }

    /// A text or number member as text.
    #[must_use]
    pub fn text_or_number(&self, field: Field) -> Option<LogText<'a>> {
        match self.values[field as usize] {
            Some(Scalar::Num(number)) => Some(number.into()),
            _ => self.text(field),
        }
    }

    /// What names the document, and what orders it, if anything does.
    #[must_use]
    pub fn document(&self) -> Option<DocumentName> {
        let number = |field| self.text_or_number(field).and_then(|text| parse_number(&text));
        let offset = number(Field::LogOffset);
        let sorted = match self.sort.0[1] {
            Some(Scalar::Num(number)) => parse_number(number),
            _ => None,
        };
        let file = self.text(Field::LogFile);
        let id = self.text(Field::ExportId).filter(|id| !id.is_empty());
        let orders = [
            (SequenceKind::Event, number(Field::EventSequence)),
            (SequenceKind::Offset, offset),
            (SequenceKind::SeqNo, number(Field::SeqNo)),
            (SequenceKind::Sort, sorted),
        ];
        DocumentName::of(file.as_deref().zip(offset), id.as_deref(), orders)
    }

    /// The indices of the request, if it names any and any matched.
    #[must_use]
    pub fn indices(&self) -> Option<Indices<'a>> {
        let ListedMembers { first, restricted, total, none, .. } = self.indices;
        let first = first.filter(|_| !none)?;
        Some(Indices { first: first.text(), restricted: restricted.map(RawStr::text), total })
    }

    /// Their names, in the order in which they stand.
    #[must_use]
    pub fn index_names(&self) -> Vec<LogText<'a>> {
        if self.indices.none { Vec::new() } else { self.indices.all.iter().map(|name| name.text()).collect() }
    }
}

/// The member that lists indices.
const INDICES: &[u8] = b"indices";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str, field: Field) -> Option<String> {
        let members = Members::read(line.as_bytes()).unwrap();
        members.text(field).map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn native_and_ecs_names_meet() {
        for line in [
            r#"{"user.name":"a","realm":"r"}"#,
            r#"{"elasticsearch.audit.realm":"r","user":{"name":"a"}}"#,
            r#"{"_source":{"elasticsearch":{"audit":{"realm":"r"}},"user.name":"a"}}"#,
            r#"{"_index":"x","fields":{"elasticsearch.audit.realm":["r"],"user.name":["a","b"]}}"#,
        ] {
            assert_eq!(text(line, Field::UserName).as_deref(), Some("a"), "{line}");
            assert_eq!(text(line, Field::Realm).as_deref(), Some("r"), "{line}");
        }
    }

    #[test]
    fn the_first_member_wins_and_wrong_types_are_absent() {
        assert_eq!(text(r#"{"realm":"a","realm":"b"}"#, Field::Realm).as_deref(), Some("a"));
        assert_eq!(text(r#"{"realm":1}"#, Field::Realm), None);
        assert_eq!(text(r#"{"realm":{"name":"x"}}"#, Field::Realm), None);
    }
}
