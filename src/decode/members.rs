//! The members of a JSON record that any decoder may ask for, collected in one walk.
//!
//! One table of names serves all JSON shapes: keys may be flat (`user.name`), nested or mixed, and ECS documents put the
//! native names below `elasticsearch.audit.` (audit-format 4), so a path is looked up after such a prefix is cut off.
//! The first occurrence of a member wins; a member of the wrong type counts as absent.

use crate::decode::json::{self, RawStr, Scalar, Visitor};
use crate::error::DecodeError;
use crate::event::{Change, Text};

macro_rules! fields {
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

fields! {
    /// `type` of native and server lines.
    Type = b"type",
    /// Time of native and 7.x server lines.
    Timestamp = b"timestamp",
    /// Time of 6.5-7.x audit lines, ECS server lines and index documents.
    AtTimestamp = b"@timestamp",
    /// What happened.
    EventAction = b"event.action",
    /// Layer (native) or ECS category.
    EventType = b"event.type",
    /// Layer in ECS documents.
    Layer = b"layer",
    /// Cluster.
    ClusterUuid = b"cluster.uuid" | b"elasticsearch.cluster.uuid",
    /// Node id.
    NodeId = b"node.id" | b"elasticsearch.node.id",
    /// Node name.
    NodeName = b"node.name" | b"elasticsearch.node.name",
    /// REALM, API_KEY, TOKEN, …
    AuthenticationType = b"authentication.type",
    /// Effective user.
    UserName = b"user.name",
    /// Realm of the effective user.
    UserRealm = b"user.realm",
    /// Who authenticated, on run-as.
    RunByName = b"user.run_by.name",
    /// Target of run-as.
    RunAsName = b"user.run_as.name",
    /// API key of the request.
    ApiKeyId = b"apikey.id",
    /// Its name.
    ApiKeyName = b"apikey.name",
    /// Service token.
    TokenName = b"authentication.token.name",
    /// Realm asked.
    Realm = b"realm",
    /// Where the request came in.
    OriginType = b"origin.type",
    /// Client address with port.
    OriginAddress = b"origin.address",
    /// ECS client address.
    SourceAddress = b"source.address",
    /// ECS client IP.
    SourceIp = b"source.ip",
    /// ECS client port.
    SourcePort = b"source.port",
    /// Forwarding header.
    ForwardedFor = b"x_forwarded_for",
    /// Path of the request.
    UrlPath = b"url.path",
    /// ECS path of the request, with the query.
    UrlOriginal = b"url.original",
    /// Joins the events of one request.
    RequestId = b"request.id",
    /// The same in ECS.
    HttpRequestId = b"http.request.id",
    /// Sent by the client.
    TraceId = b"trace.id",
    /// Elasticsearch action.
    EsAction = b"action",
    /// Level of an ECS server line.
    LogLevel = b"log.level",
    /// Logger of an ECS server line.
    LogLogger = b"log.logger",
    /// Level of a 7.x server line.
    Level = b"level",
    /// Logger of a 7.x server line.
    Component = b"component",
    /// Message of a server line, or the raw line in an ECS document.
    Message = b"message",
    /// Raw line in an ECS document.
    EventOriginal = b"event.original",
    /// Line of docker's json-file driver.
    DockerLog = b"log",
    /// Stream of docker's json-file driver.
    DockerStream = b"stream",
    /// Time of docker's json-file driver.
    DockerTime = b"time",
}

/// Prefixes below which the native names stand in other shapes.
const PREFIXES: [&[u8]; 2] = [b"_source.", b"elasticsearch.audit."];

/// Verbs below which a security change describes its target.
const CHANGE_VERBS: [&[u8]; 6] = [b"put", b"delete", b"change", b"create", b"invalidate", b"activate"];

/// The members met in one record.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    values: [Option<Scalar<'a>>; FIELDS],
    change: Change<'a>,
    any_change: bool,
}

impl<'a> Members<'a> {
    /// Walks a record.
    ///
    /// # Errors
    /// Where the line is not one valid JSON object.
    pub fn read(line: &'a [u8]) -> Result<Self, DecodeError> {
        let mut members = Members { values: [None; FIELDS], change: Change::default(), any_change: false };
        json::walk(line, &mut members)?;
        Ok(members)
    }

    /// Whether the member is there with any usable type.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.values[field as usize].is_some()
    }

    /// A text member, unescaped.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Text<'a>> {
        match self.values[field as usize] {
            Some(Scalar::Str(text)) => Some(RawStr::text(text)),
            _ => None,
        }
    }

    /// A text or number member as text.
    #[must_use]
    pub fn text_or_number(&self, field: Field) -> Option<Text<'a>> {
        match self.values[field as usize] {
            Some(Scalar::Num(number)) => Some(number.into()),
            _ => self.text(field),
        }
    }

    /// The body of a security change, if the record has one.
    #[must_use]
    pub fn take_change(&mut self) -> Option<Box<Change<'a>>> {
        self.any_change.then(|| Box::new(std::mem::take(&mut self.change)))
    }

    /// A scalar below a change verb: `invalidate.apikeys.ids`, `put.role.name`, `change.password.user.name`, …
    fn change_member(&mut self, object: &[u8], rest: &[u8], value: Scalar<'a>) {
        self.any_change = true;
        let text = match value {
            Scalar::Str(text) => text.text(),
            Scalar::Bool(flag) => {
                if rest == b"owned_by_authenticated_user" {
                    self.change.owned_by_authenticated_user.get_or_insert(flag);
                }
                return;
            }
            Scalar::Num(_) | Scalar::Null => return,
        };
        let of_key = object.starts_with(b"apikey") || object.ends_with(b"apikey");
        let slot = match rest {
            b"id" | b"ids" if of_key => {
                self.change.ids.push(text);
                return;
            }
            b"name" | b"names" => &mut self.change.name,
            b"user.name" if of_key => &mut self.change.owner,
            b"user.realm" if of_key => &mut self.change.owner_realm,
            b"user.name" => &mut self.change.name,
            b"expiration" => &mut self.change.expiration,
            b"namespace" => &mut self.change.namespace,
            b"service" => &mut self.change.service,
            // An application privilege is named by its application and its own name.
            b"application" => &mut self.change.detail,
            b"privileges" if object == b"privileges" => &mut self.change.name,
            _ => return,
        };
        slot.get_or_insert(text);
    }
}

/// A path without the prefixes of other shapes.
fn native(mut path: &[u8]) -> &[u8] {
    for prefix in PREFIXES {
        path = path.strip_prefix(prefix).unwrap_or(path);
    }
    path
}

/// `verb.object.rest` of a path below a change verb.
fn change_path(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memchr(b'.', path)?;
    if !CHANGE_VERBS.contains(&&path[..dot]) {
        return None;
    }
    let below = &path[dot + 1..];
    let end = memchr::memchr(b'.', below).unwrap_or(below.len());
    Some((&below[..end], below.get(end + 1..).unwrap_or_default()))
}

impl<'a> Visitor<'a> for Members<'a> {
    fn enter(&mut self, path: &[u8]) -> bool {
        let path = native(path);
        if let Some((_, rest)) = change_path(path) {
            // Role descriptors, metadata and rules can be large and name no target.
            return matches!(rest, b"" | b"id" | b"ids" | b"name" | b"names" | b"user" | b"privileges");
        }
        let head = path.split(|&byte| byte == b'.').next().unwrap_or_default();
        matches!(
            head,
            b"_source"
                | b"elasticsearch"
                | b"event"
                | b"user"
                | b"source"
                | b"http"
                | b"url"
                | b"log"
                | b"trace"
                | b"authentication"
                | b"apikey"
                | b"origin"
                | b"request"
                | b"node"
                | b"cluster"
        ) && path != b"user.roles"
            || CHANGE_VERBS.contains(&head)
    }

    fn scalar(&mut self, path: &[u8], value: Scalar<'a>) {
        let path = native(path);
        if let Some(field) = field(path) {
            let slot = &mut self.values[field as usize];
            if slot.is_none() && value != Scalar::Null {
                *slot = Some(value);
            }
        } else if let Some((object, rest)) = change_path(path) {
            self.change_member(object, rest, value);
        }
    }
}

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

    #[test]
    fn change_bodies_name_their_target() {
        fn change(line: &str) -> Change<'_> {
            *Members::read(line.as_bytes()).unwrap().take_change().unwrap()
        }
        let keys = r#"{"invalidate":{"apikeys":{"ids":["a","b"],"owned_by_authenticated_user":false,"user":{"name":"u","realm":null}}}}"#;
        let keys_change = change(keys);
        assert_eq!(keys_change.ids.len(), 2);
        assert_eq!(keys_change.owned_by_authenticated_user, Some(false));
        assert_eq!((keys_change.owner.as_deref(), keys_change.owner_realm.as_deref()), (Some(&b"u"[..]), None));
        let role = r#"{"put":{"role":{"name":"r","role_descriptor":{"indices":[{"names":["x"],"name":"no"}]}}}}"#;
        assert_eq!(change(role).name.as_deref(), Some(&b"r"[..]));
        let password = r#"{"change":{"password":{"user":{"name":"u"}}}}"#;
        assert_eq!(change(password).name.as_deref(), Some(&b"u"[..]));
        let privileges = r#"{"put":{"privileges":[{"application":"app","name":"read","actions":["x"]}]}}"#;
        let privileges_change = change(privileges);
        assert_eq!(privileges_change.detail.as_deref(), Some(&b"app"[..]));
        assert_eq!(privileges_change.name.as_deref(), Some(&b"read"[..]));
    }
}
