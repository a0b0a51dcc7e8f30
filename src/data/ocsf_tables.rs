//! The columns of events of OCSF in Parquet, and their rows out of the events as JSON: one table a class, as Amazon Security Lake
//! expects of a custom source (docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html). Of lists of objects,
//! observables and techniques are among them.

use serde_json::Value;

use super::ocsf::OcsfClass;
use super::tables::{DataCell, DataColumn, DataKind, DataTable, Division, known, maybe};

/// What all classes begin with.
const HEAD: [DataColumn; 23] = [
    known("time", DataKind::Count),
    known("class_uid", DataKind::Small),
    known("class_name", DataKind::Text),
    known("category_uid", DataKind::Small),
    known("category_name", DataKind::Text),
    known("activity_id", DataKind::Small),
    known("activity_name", DataKind::Text),
    known("type_uid", DataKind::Count),
    known("type_name", DataKind::Text),
    known("severity_id", DataKind::Small),
    known("severity", DataKind::Text),
    known("metadata.version", DataKind::Text),
    known("metadata.uid", DataKind::Text),
    known("metadata.log_name", DataKind::Text),
    known("metadata.log_provider", DataKind::Text),
    known("metadata.profiles", DataKind::Texts),
    known("metadata.product.name", DataKind::Text),
    known("metadata.product.vendor_name", DataKind::Text),
    maybe("message", DataKind::Text),
    maybe("observables[].name", DataKind::Texts),
    maybe("observables[].type_id", DataKind::Smalls),
    maybe("observables[].type", DataKind::Texts),
    maybe("observables[].value", DataKind::Texts),
];

/// What classes of events have.
const EVENT: [DataColumn; 26] = [
    maybe("status_id", DataKind::Small),
    maybe("status", DataKind::Text),
    maybe("status_detail", DataKind::Text),
    maybe("src_endpoint.name", DataKind::Text),
    maybe("src_endpoint.ip", DataKind::Text),
    maybe("src_endpoint.intermediate_ips", DataKind::Texts),
    maybe("src_endpoint.zone", DataKind::Text),
    maybe("src_endpoint.location.country", DataKind::Text),
    maybe("src_endpoint.location.city", DataKind::Text),
    maybe("src_endpoint.autonomous_system.number", DataKind::Count),
    maybe("src_endpoint.autonomous_system.name", DataKind::Text),
    maybe("http_request.uid", DataKind::Text),
    maybe("http_request.url.path", DataKind::Text),
    maybe("unmapped.kind", DataKind::Text),
    maybe("unmapped.action", DataKind::Text),
    maybe("unmapped.realm_chain", DataKind::Texts),
    maybe("unmapped.reason_basis", DataKind::Text),
    maybe("unmapped.confidence", DataKind::Share),
    maybe("unmapped.forwarded_for", DataKind::Text),
    maybe("unmapped.api_key", DataKind::Text),
    maybe("unmapped.api_key_name", DataKind::Text),
    maybe("unmapped.target", DataKind::Text),
    maybe("unmapped.index", DataKind::Text),
    maybe("unmapped.finding", DataKind::Text),
    known("unmapped.evidence_path", DataKind::Text),
    known("unmapped.evidence_line", DataKind::Count),
];

/// The columns of one class: those of all, of events, and its own.
const fn columns<const OWN: usize, const ALL: usize>(own: [DataColumn; OWN]) -> [DataColumn; ALL] {
    let mut all = [HEAD[0]; ALL];
    let mut at = 0;
    while at < ALL {
        all[at] = if at < HEAD.len() {
            HEAD[at]
        } else if at < HEAD.len() + EVENT.len() {
            EVENT[at - HEAD.len()]
        } else {
            own[at - HEAD.len() - EVENT.len()]
        };
        at += 1;
    }
    all
}

const AUTHENTICATION: [DataColumn; 59] = columns([
    known("user.name", DataKind::Text),
    maybe("user.credential_uid", DataKind::Text),
    maybe("user.type_id", DataKind::Small),
    maybe("dst_endpoint.name", DataKind::Text),
    maybe("dst_endpoint.uid", DataKind::Text),
    known("service.name", DataKind::Text),
    known("is_remote", DataKind::Flag),
    known("logon_type_id", DataKind::Small),
    maybe("auth_protocol", DataKind::Text),
    maybe("auth_protocol_id", DataKind::Small),
]);

const ACCOUNT_CHANGE: [DataColumn; 52] = columns([
    known("user.name", DataKind::Text),
    maybe("user.credential_uid", DataKind::Text),
    maybe("actor.user.name", DataKind::Text),
]);

const ENTITY_MANAGEMENT: [DataColumn; 52] = columns([
    known("entity.name", DataKind::Text),
    known("entity.type", DataKind::Text),
    maybe("actor.user.name", DataKind::Text),
]);

const API_ACTIVITY: [DataColumn; 55] = columns([
    known("actor.user.name", DataKind::Text),
    maybe("actor.user.credential_uid", DataKind::Text),
    known("api.operation", DataKind::Text),
    known("api.service.name", DataKind::Text),
    maybe("dst_endpoint.name", DataKind::Text),
    maybe("dst_endpoint.uid", DataKind::Text),
]);

const DETECTION_FINDING: [DataColumn; 49] = {
    let own = [
        maybe("start_time", DataKind::Count),
        maybe("end_time", DataKind::Count),
        known("status_id", DataKind::Small),
        known("status", DataKind::Text),
        known("is_alert", DataKind::Flag),
        known("confidence_score", DataKind::Small),
        known("confidence_id", DataKind::Small),
        known("confidence", DataKind::Text),
        known("finding_info.uid", DataKind::Text),
        known("finding_info.title", DataKind::Text),
        known("finding_info.desc", DataKind::Text),
        known("finding_info.types", DataKind::Texts),
        known("finding_info.analytic.name", DataKind::Text),
        known("finding_info.analytic.type_id", DataKind::Small),
        maybe("finding_info.attacks[].technique.uid", DataKind::Texts),
        maybe("finding_info.first_seen_time", DataKind::Count),
        maybe("finding_info.last_seen_time", DataKind::Count),
        known("unmapped.finding", DataKind::Text),
        known("unmapped.verdict", DataKind::Text),
        known("unmapped.failures", DataKind::Count),
        known("unmapped.successes", DataKind::Count),
        known("unmapped.principals", DataKind::Texts),
        known("unmapped.sources", DataKind::Texts),
        known("unmapped.api_keys", DataKind::Texts),
        known("unmapped.why", DataKind::Texts),
        known("unmapped.next_steps", DataKind::Texts),
    ];
    let mut all = [HEAD[0]; HEAD.len() + 26];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < HEAD.len() { HEAD[at] } else { own[at - HEAD.len()] };
        at += 1;
    }
    all
};

/// The table of a class.
#[must_use]
pub const fn table(class: OcsfClass) -> DataTable {
    let (name, columns): (&str, &'static [DataColumn]) = match class {
        OcsfClass::Authentication => ("authentication", &AUTHENTICATION),
        OcsfClass::AccountChange => ("account_change", &ACCOUNT_CHANGE),
        OcsfClass::EntityManagement => ("entity_management", &ENTITY_MANAGEMENT),
        OcsfClass::ApiActivity => ("api_activity", &API_ACTIVITY),
        OcsfClass::DetectionFinding => ("detection_finding", &DETECTION_FINDING),
    };
    DataTable { name, columns, division: Division::EventDays }
}

/// The row of an event of a table.
#[must_use]
pub fn row(table: &DataTable, event: &Value) -> Vec<DataCell> {
    table.columns.iter().map(|column| cell(column, event)).collect()
}

fn cell(column: &DataColumn, event: &Value) -> DataCell {
    let (path, within) = column.name.split_once("[].").unwrap_or((column.name, ""));
    let value = path.split('.').try_fold(event, |value, name| value.get(name));
    let small = |value: &Value| i32::try_from(value.as_i64()?).ok();
    match column.kind {
        DataKind::Time => DataCell::Time(None),
        DataKind::Text => DataCell::Text(value.and_then(Value::as_str).map(str::to_owned)),
        DataKind::Texts => DataCell::Texts(items(value, within, |item| Some(item.as_str()?.to_owned()))),
        DataKind::Smalls => DataCell::Smalls(items(value, within, small)),
        DataKind::Count => DataCell::Count(value.and_then(Value::as_u64)),
        DataKind::Small => DataCell::Small(value.and_then(small)),
        DataKind::Share => DataCell::Share(value.and_then(Value::as_f64)),
        DataKind::Flag => DataCell::Flag(value.and_then(Value::as_bool)),
    }
}

/// What the items of a list hold at a path.
fn items<T>(list: Option<&Value>, path: &str, of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let at =
        |item| path.split('.').filter(|name| !name.is_empty()).try_fold(item, |value: &Value, name| value.get(name));
    list.and_then(Value::as_array).map(|list| list.iter().filter_map(|item| of(at(item)?)).collect())
}
