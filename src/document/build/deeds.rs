//! Powerful actions in plain words.

use crate::action_class::ActionClass;

/// What somebody did, by action and class.
pub(super) fn spoken(action: &str, class: &str) -> &'static str {
    // A child does what the request does.
    of_action(action.split('[').next().unwrap_or_default()).unwrap_or_else(|| of_class(class))
}

/// What an action does, in plain words; `None` where its class says as much.
fn of_action(action: &str) -> Option<&'static str> {
    let security = action.strip_prefix("cluster:admin/xpack/security/").unwrap_or_default();
    Some(match (action, security) {
        ("run_as_granted", _) => "ran as another",
        ("run_as_denied", _) => "tried to run as another",
        ("indices:admin/delete", _) => "deleted an index",
        ("indices:admin/data_stream/delete", _) => "deleted a data stream",
        ("indices:data/write/delete/byquery", _) => "deleted documents by query",
        ("indices:data/write/reindex", _) => "copied documents (reindex)",
        ("cluster:admin/repository/put", _) => "registered a snapshot repository",
        ("cluster:admin/repository/delete", _) => "removed a snapshot repository",
        ("cluster:admin/snapshot/create", _) => "took a snapshot",
        ("cluster:admin/snapshot/delete", _) => "deleted a snapshot",
        ("cluster:admin/snapshot/restore", _) => "restored a snapshot",
        ("indices:admin/settings/update", _) => "changed settings of indices",
        ("cluster:admin/settings/update", _) => "changed settings of the cluster",
        (_, "user/put") => "made or changed a user",
        (_, "user/change_password") => "set a password",
        (_, "user/set_enabled") => "enabled or disabled a user",
        (_, "user/delete") => "deleted a user",
        (_, "role/put") => "made or changed a role",
        (_, "role/delete") => "deleted a role",
        (_, "role_mapping/put") => "made or changed a role mapping",
        (_, "role_mapping/delete") => "deleted a role mapping",
        (_, "privilege/put") => "made or changed privileges",
        (_, "api_key/create" | "cross_cluster/api_key/create") => "made an API key",
        (_, "api_key/grant") => "made an API key for another",
        (_, "api_key/update" | "api_key/bulk_update") => "changed an API key",
        (_, "api_key/invalidate") => "ended API keys",
        (_, "service_account/token/create") => "made a service account token",
        (_, "service_account/token/delete") => "deleted a service account token",
        (_, "token/create") => "got a token",
        (_, "token/invalidate") => "ended tokens",
        _ => return None,
    })
}

/// The same of a class of actions.
fn of_class(class: &str) -> &'static str {
    match ActionClass::ALL.into_iter().find(|known| known.name() == class) {
        Some(ActionClass::Security) => "changed users, roles or mappings",
        Some(ActionClass::Keys) => "changed keys or tokens",
        Some(ActionClass::Settings) => "changed settings",
        Some(ActionClass::Templates) => "changed templates, pipelines, scripts or policies",
        Some(ActionClass::Node) => "acted on nodes or the licence",
        Some(ActionClass::Snapshot) => "acted on snapshots",
        Some(ActionClass::Restore) => "restored a snapshot",
        Some(ActionClass::DeleteIndex) => "deleted indices",
        Some(ActionClass::DeleteDocuments) => "deleted documents",
        Some(ActionClass::Reindex) => "copied documents",
        Some(ActionClass::RunAs) => "ran as another",
        Some(ActionClass::BulkRead | ActionClass::Search | ActionClass::Read) => "read a restricted index",
        Some(ActionClass::Write) => "wrote to a restricted index",
        Some(_) | None => "reached a restricted index",
    }
}
