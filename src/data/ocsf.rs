//! Events and findings in the Open Cybersecurity Schema Framework (schema.ocsf.io, 1.5.0).
//!
//! Attempts and successes are Authentication (3002), changes of users and of their keys Account Change (3001), of roles and
//! privileges Entity Management (3004), refused and powerful actions API Activity (6003), findings Detection Finding (2004).
//! What the schema has no attribute for stands under `unmapped`, as it asks.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1 in hundredths")]

use std::io;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{ids, json};
use crate::model::events::{Event, message};
use crate::model::{AddressFacts, Finding, Report};
use crate::time::{self, Zone};

/// Version of the schema.
const VERSION: &str = "1.5.0";

/// A class of events, with its category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcsfClass {
    /// Attempts and successes.
    Authentication,
    /// Changes of users, their keys and tokens.
    AccountChange,
    /// Changes of roles, mappings and privileges.
    EntityManagement,
    /// Refused and powerful actions.
    ApiActivity,
    /// Findings.
    DetectionFinding,
}

impl OcsfClass {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Authentication, Self::AccountChange, Self::EntityManagement, Self::ApiActivity, Self::DetectionFinding];

    /// Number, name, and number and name of the category.
    const fn names(self) -> (u32, &'static str, u32, &'static str) {
        const IAM: &str = "Identity & Access Management";
        match self {
            Self::Authentication => (3002, "Authentication", 3, IAM),
            Self::AccountChange => (3001, "Account Change", 3, IAM),
            Self::EntityManagement => (3004, "Entity Management", 3, IAM),
            Self::ApiActivity => (6003, "API Activity", 6, "Application Activity"),
            Self::DetectionFinding => (2004, "Detection Finding", 2, "Findings"),
        }
    }
}

/// Which class an event is of.
#[must_use]
pub fn class(event: &Event) -> OcsfClass {
    match event.kind {
        "attempt" | "success" => OcsfClass::Authentication,
        "change" if is_of_an_account(&event.action) => OcsfClass::AccountChange,
        "change" => OcsfClass::EntityManagement,
        _ => OcsfClass::ApiActivity,
    }
}

/// Whether a change is of a user or of what lets one in, and not of a role or a privilege.
fn is_of_an_account(action: &str) -> bool {
    let what = action.split_once('_').map_or("", |(_, what)| what);
    !matches!(what, "role" | "roles" | "role_mapping" | "privileges")
}

/// Writes an event.
///
/// # Errors
/// Only those of `out`.
pub fn write(event: &Event, out: &mut dyn io::Write) -> io::Result<()> {
    json::write_line(&self::event(event), out)
}

/// Writes the findings of a report.
///
/// # Errors
/// Only those of `out`.
pub fn findings(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| json::write_line(&self::finding(finding), out))
}

/// An event.
#[must_use]
pub fn event(event: &Event) -> Value {
    let class = class(event);
    let (activity, name) = activity(event, class);
    let severity = event.finding.as_deref().map_or(1, |finding| severity(&finding.severity).0);
    let place = format!("{}:{} {}", event.evidence.path, event.evidence.line, event.kind);
    let (status, status_name) = status(event);
    let mut members = head(class, (activity, name), severity, event.at.0, ids::hex(&place));
    let user = filled([
        ("name", json!(event.principal)),
        ("credential_uid", json!(event.api_key)),
        ("type", json!(event.principal.is_none().then_some("Unknown"))),
        ("type_id", json!(event.principal.is_none().then_some(0))),
    ]);
    let source = endpoint(event.source.as_deref(), event.source_known.as_deref(), event.forwarded_for.as_deref());
    let node = event.node_name.as_ref().or(event.node.as_ref());
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    };
    put("message", json!(message(event)));
    put("status_id", json!(status));
    put("status", json!(status_name));
    put("status_detail", json!(event.reason));
    put("src_endpoint", source);
    let http = filled([("uid", json!(event.request_id)), ("url", filled([("path", json!(event.url_path))]))]);
    put("http_request", http);
    match class {
        OcsfClass::Authentication => {
            put("user", named(user, "name", event.principal.as_deref()));
            put("dst_endpoint", filled([("name", json!(node)), ("uid", json!(event.node))]));
            put("service", json!({"name": "Elasticsearch"}));
            put("is_remote", json!(true));
            put("logon_type_id", json!(3));
            put("logon_type", json!("Network"));
            put("auth_protocol", json!(event.credential));
            put("auth_protocol_id", json!(event.credential.map(|_| 99)));
        }
        OcsfClass::AccountChange => {
            let whose = filled([("name", json!(event.target)), ("credential_uid", json!(event.api_key))]);
            put("user", named(whose, "name", event.target.as_deref()));
            put("actor", filled([("user", filled([("name", json!(event.principal))]))]));
        }
        OcsfClass::EntityManagement => {
            let what = event.action.split_once('_').map_or("", |(_, what)| what);
            let entity = filled([("name", json!(event.target.as_deref().unwrap_or(UNKNOWN))), ("type", json!(what))]);
            put("entity", entity);
            put("actor", filled([("user", filled([("name", json!(event.principal))]))]));
        }
        _ => {
            put("actor", json!({"user": named(user, "name", event.principal.as_deref())}));
            let operation = event.es_action.as_ref().unwrap_or(&event.action);
            put("api", json!({"operation": operation, "service": {"name": "Elasticsearch"}}));
            put("src_endpoint", event.source.is_none().then(|| json!({"name": UNKNOWN})).into());
            put("dst_endpoint", filled([("name", json!(node)), ("uid", json!(event.node))]));
        }
    }
    put("observables", observables(event, class));
    put("unmapped", unmapped(event));
    Value::Object(members)
}

/// What stands where the schema asks for a name and the log has none.
const UNKNOWN: &str = "unknown";

/// An object with a name, whether one is known or not.
fn named(object: Value, member: &str, name: Option<&str>) -> Value {
    let mut members = match object {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.entry(member).or_insert(json!(name.unwrap_or(UNKNOWN)));
    Value::Object(members)
}

/// What all classes have.
fn head(
    class: OcsfClass,
    (activity, activity_name): (u32, &str),
    severity: u32,
    time: i64,
    id: String,
) -> Map<String, Value> {
    let (uid, name, category, category_name) = class.names();
    let severity_name = SEVERITIES.get(severity as usize).copied().unwrap_or("Unknown");
    // That of which attributes are used: the actor. Of API Activity, and confidence and alerts of findings, the classes say
    // themselves that they are of no profile.
    let profiles: &[&str] = match class {
        OcsfClass::AccountChange | OcsfClass::EntityManagement => &["host"],
        OcsfClass::Authentication | OcsfClass::ApiActivity | OcsfClass::DetectionFinding => &[],
    };
    let head = json!({
        "time": time,
        "class_uid": uid, "class_name": name,
        "category_uid": category, "category_name": category_name,
        "activity_id": activity, "activity_name": activity_name,
        "type_uid": u64::from(uid) * 100 + u64::from(activity), "type_name": format!("{name}: {activity_name}"),
        "severity_id": severity, "severity": severity_name,
        "metadata": {
            "version": VERSION,
            "uid": id,
            "log_name": "audit",
            "log_provider": "esaudit",
            "profiles": profiles,
            "product": {"name": "Elasticsearch", "vendor_name": "Elastic"},
        },
    });
    match head {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Number and name of the activity.
fn activity(event: &Event, class: OcsfClass) -> (u32, &str) {
    match (class, event.action.as_str()) {
        (OcsfClass::Authentication, _) => (1, "Logon"),
        (OcsfClass::AccountChange, "put_user") => (1, "Create"),
        (OcsfClass::AccountChange, "change_enable_user") => (2, "Enable"),
        (OcsfClass::AccountChange, "change_password") => (3, "Password Change"),
        (OcsfClass::AccountChange, "change_disable_user") => (5, "Disable"),
        (OcsfClass::AccountChange, "delete_user") => (6, "Delete"),
        (OcsfClass::EntityManagement, action) if action.starts_with("delete_") => (4, "Delete"),
        // It may have been there before.
        (OcsfClass::EntityManagement, action) if action.starts_with("put_") => (3, "Update"),
        (_, action) => (99, action),
    }
}

fn status(event: &Event) -> (u32, &'static str) {
    match (event.kind, event.action.as_str()) {
        ("attempt" | "denied", _) | (_, "access_denied" | "run_as_denied") => (2, "Failure"),
        // A change is written before it runs.
        ("change", _) => (0, "Unknown"),
        _ => (1, "Success"),
    }
}

/// Severities by number.
const SEVERITIES: [&str; 6] = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];

/// Number and name of one of ours.
fn severity(name: &str) -> (u32, &'static str) {
    let number = match name {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        "low" => 2,
        _ => 1,
    };
    (number, SEVERITIES[number as usize])
}

/// A client; what is no address is a name.
fn endpoint(source: Option<&str>, known: Option<&AddressFacts>, forwarded: Option<&str>) -> Value {
    let Some(source) = source else { return Value::Null };
    let geo = known.and_then(|known| known.geo.as_ref());
    filled([
        ("name", json!(source)),
        ("ip", json!(source.parse::<IpAddr>().ok().map(|_| source))),
        ("intermediate_ips", json!(forwarded.filter(|text| text.parse::<IpAddr>().is_ok()).map(|text| [text]))),
        ("zone", json!(known.and_then(|known| known.network.as_ref()))),
        (
            "location",
            filled([
                ("country", json!(geo.and_then(|geo| geo.country.as_ref()))),
                ("city", json!(geo.and_then(|geo| geo.city.as_ref()))),
            ]),
        ),
        (
            "autonomous_system",
            filled([
                ("number", json!(geo.and_then(|geo| geo.as_number))),
                ("name", json!(geo.and_then(|geo| geo.as_organization.as_ref()))),
            ]),
        ),
    ])
}

/// What can be looked for: a kind of observable, by number and name.
type ObservableType = (u32, &'static str);

const IP_ADDRESS: ObservableType = (2, "IP Address");
const USER_NAME: ObservableType = (4, "User Name");
const CREDENTIAL: ObservableType = (19, "User Credential ID");

/// A value that can be looked for, and the attribute that holds it.
fn observable((id, kind): ObservableType, attribute: &str, value: &str) -> Value {
    json!({"name": attribute, "type_id": id, "type": kind, "value": value})
}

fn is_address(text: &&str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// What can be looked for in an event.
fn observables(event: &Event, class: OcsfClass) -> Value {
    let [user, key] = match class {
        OcsfClass::Authentication => ["user.name", "user.credential_uid"],
        OcsfClass::AccountChange => ["actor.user.name", "user.credential_uid"],
        _ => ["actor.user.name", "actor.user.credential_uid"],
    };
    let changed = event.target.as_deref().filter(|_| class == OcsfClass::AccountChange);
    let with = event.api_key.as_deref().filter(|_| class != OcsfClass::EntityManagement);
    let all = [
        event.source.as_deref().filter(is_address).map(|address| observable(IP_ADDRESS, "src_endpoint.ip", address)),
        event.principal.as_deref().map(|name| observable(USER_NAME, user, name)),
        changed.map(|name| observable(USER_NAME, "user.name", name)),
        with.map(|id| observable(CREDENTIAL, key, id)),
    ];
    listed(all.into_iter().flatten().collect())
}

fn unmapped(event: &Event) -> Value {
    let finding = event.finding.as_deref();
    filled([
        ("kind", json!(event.kind)),
        ("action", json!(event.action)),
        ("realm_chain", json!(event.realm_chain)),
        ("reason_basis", json!(event.reason_basis)),
        ("confidence", json!(event.confidence)),
        ("forwarded_for", json!(event.forwarded_for)),
        ("api_key", json!(event.api_key)),
        ("api_key_name", json!(event.api_key_name)),
        ("target", json!(event.target)),
        ("index", json!(event.index)),
        ("finding", json!(finding.map(|finding| &finding.id))),
        ("evidence_path", json!(event.evidence.path)),
        ("evidence_line", json!(event.evidence.line)),
    ])
}

/// A finding.
#[must_use]
pub fn finding(finding: &Finding) -> Value {
    let first = finding.evidence.first().map(|line| format!("{}:{}", line.path, line.line)).unwrap_or_default();
    let start = finding.start.as_deref().unwrap_or_default();
    let id = ids::hex(&format!("{} {start} {first}", finding.kind));
    let millis = |text: Option<&str>| time::parse(text?.as_bytes(), Zone::UTC).map(|stamp| stamp.time.0);
    let (begun, ended) = (millis(finding.start.as_deref()), millis(finding.end.as_deref()));
    let time = ended.or(begun).unwrap_or(0);
    let mut members = head(OcsfClass::DetectionFinding, (1, "Create"), severity(&finding.severity).0, time, id.clone());
    let surest = (finding.confidence * 100.0).round() as u64;
    let (confidence, confidence_name) = match surest {
        80.. => (3, "High"),
        50.. => (2, "Medium"),
        _ => (1, "Low"),
    };
    let sources = finding.sources.iter().map(|source| json!({"src_endpoint": endpoint(Some(source), None, None)}));
    let users = finding.principals.iter().map(|name| json!({"user": {"name": name}}));
    let evidences: Vec<Value> = sources.chain(users).collect();
    let addresses = finding.sources.iter().map(String::as_str).filter(is_address);
    let addresses = addresses.map(|source| observable(IP_ADDRESS, "evidences[].src_endpoint.ip", source));
    let names = finding.principals.iter().map(|name| observable(USER_NAME, "evidences[].user.name", name));
    let keys = finding.api_keys.iter().map(|id| observable(CREDENTIAL, "unmapped.api_keys[]", id));
    let observables = addresses.chain(names).chain(keys).collect();
    let attacks: Vec<Value> = finding.attack.iter().map(|id| attack(id)).collect();
    let info = filled([
        ("uid", json!(id)),
        ("title", json!(finding.title.plain())),
        ("desc", json!(finding.diagnosis.plain())),
        ("types", json!([finding.kind])),
        ("analytic", json!({"name": finding.kind, "type_id": 2, "type": "Behavioral"})),
        ("attacks", listed(attacks)),
        ("first_seen_time", json!(begun)),
        ("last_seen_time", json!(ended)),
    ]);
    let unmapped = filled([
        ("finding", json!(finding.id)),
        ("verdict", json!(finding.verdict)),
        ("failures", json!(finding.failures)),
        ("successes", json!(finding.successes)),
        ("principals", json!(finding.principals)),
        ("principals_total", json!(finding.principals_total)),
        ("sources", json!(finding.sources)),
        ("sources_total", json!(finding.sources_total)),
        ("api_keys", json!(finding.api_keys)),
        ("why", json!(finding.why)),
        ("next_steps", json!(finding.next_steps)),
    ]);
    for (name, value) in [
        ("message", json!(finding.title.plain())),
        ("start_time", json!(begun)),
        ("end_time", json!(ended)),
        ("status_id", json!(1)),
        ("status", json!("New")),
        ("is_alert", json!(finding.verdict == "hostile")),
        ("confidence_score", json!(surest)),
        ("confidence_id", json!(confidence)),
        ("confidence", json!(confidence_name)),
        ("finding_info", info),
        ("evidences", listed(evidences)),
        ("observables", listed(observables)),
        ("unmapped", unmapped),
    ] {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    }
    Value::Object(members)
}

/// A technique of ATT&CK, or one below another.
fn attack(id: &str) -> Value {
    match id.split_once('.') {
        Some((above, _)) => json!({"technique": {"uid": above}, "sub_technique": {"uid": id}}),
        None => json!({"technique": {"uid": id}}),
    }
}

/// A list; null where it is empty.
fn listed(list: Vec<Value>) -> Value {
    if list.is_empty() { Value::Null } else { list.into() }
}

/// An object of what is known; null where nothing is.
fn filled<const N: usize>(members: [(&str, Value); N]) -> Value {
    let known = members.into_iter().filter(|(_, value)| !value.is_null());
    let members: Map<String, Value> = known.map(|(name, value)| (name.to_owned(), value)).collect();
    if members.is_empty() { Value::Null } else { Value::Object(members) }
}
