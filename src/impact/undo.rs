//! The request to the cluster that undoes a powerful action, where there is one and the log names what it needs.

use crate::correlate::AttributedChange;
use crate::model::call::{ApiCall, Method};
use crate::state::{Sym, Symbols};

/// What is known of a powerful action beside its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownAction<'k> {
    pub(super) symbols: &'k Symbols,
    /// The security change of the same request.
    pub(super) change: Option<&'k AttributedChange>,
    /// The path of the request.
    pub(super) path: Option<&'k [u8]>,
    /// What was put was there before, as far as the log tells: to delete it would undo too much.
    pub(super) was_there: bool,
}

impl KnownAction<'_> {
    fn text(&self, sym: fn(&AttributedChange) -> Sym) -> Option<String> {
        self.symbols.string(sym(self.change?))
    }
}

/// What an action made or changed, where the log names it.
pub(super) fn target(known: &KnownAction<'_>) -> Option<String> {
    let Some(change) = known.change else {
        let (_, names) = object(known.path?)?;
        return Some(names.join("/"));
    };
    let record = &change.record;
    let text = |sym: Sym| known.symbols.string(sym);
    let whole: Vec<String> =
        [record.namespace, record.service, record.detail, record.name].into_iter().filter_map(text).collect();
    match (whole.as_slice(), record.ids.as_slice()) {
        ([], []) => text(record.owner),
        ([], ids) => Some(ids.iter().filter_map(|&id| text(id)).collect::<Vec<_>>().join(",")),
        (names, _) => Some(names.join("/")),
    }
}

/// The request that undoes an action, by its name without what marks a child.
pub(super) fn undo(action: &[u8], known: &KnownAction<'_>) -> Option<ApiCall> {
    let name = || known.text(|change| change.record.name);
    let delete = |path| Some(ApiCall::new(Method::Delete, path).name(&name()?)).filter(|_| !known.was_there);
    let security = action.strip_prefix(b"cluster:admin/xpack/security/").unwrap_or_default();
    let call = match (action, security) {
        (_, b"user/put") => delete("/_security/user"),
        (_, b"role/put") => delete("/_security/role"),
        (_, b"role_mapping/put") => delete("/_security/role_mapping"),
        (_, b"user/set_enabled") => {
            let enabled = known.text(|change| change.record.action)?.contains("enable_user");
            let back = if enabled { "_disable" } else { "_enable" };
            Some(ApiCall::new(Method::Put, "/_security/user").name(&name()?).then(back))
        }
        (_, b"privilege/put") => {
            let application = known.text(|change| change.record.detail)?;
            Some(ApiCall::new(Method::Delete, "/_security/privilege").name(&application).name(&name()?))
        }
        (_, b"api_key/create" | b"api_key/grant" | b"cross_cluster/api_key/create") => {
            let ids: Vec<String> = known.change?.record.ids.iter().filter_map(|&id| known.symbols.string(id)).collect();
            let end = ApiCall::new(Method::Delete, "/_security/api_key");
            (!ids.is_empty()).then(|| end.body(serde_json::json!({ "ids": ids })))
        }
        (_, b"service_account/token/create") => {
            let namespace = known.text(|change| change.record.namespace)?;
            let service = known.text(|change| change.record.service)?;
            let of = ApiCall::new(Method::Delete, "/_security/service").name(&namespace).name(&service);
            Some(of.then("credential/token").name(&name()?))
        }
        (b"cluster:admin/ilm/stop", _) => Some(ApiCall::new(Method::Post, "/_ilm/start")),
        (b"cluster:admin/ilm/start", _) => Some(ApiCall::new(Method::Post, "/_ilm/stop")),
        (b"cluster:admin/slm/stop", _) => Some(ApiCall::new(Method::Post, "/_slm/start")),
        (b"cluster:admin/slm/start", _) => Some(ApiCall::new(Method::Post, "/_slm/stop")),
        (b"cluster:admin/voting_config/add_exclusions", _) => {
            Some(ApiCall::new(Method::Delete, "/_cluster/voting_config_exclusions"))
        }
        _ if action.ends_with(b"/put") || action == b"cluster:admin/snapshot/create" => {
            let (path, names) = object(known.path?)?;
            let call = names.iter().fold(ApiCall::new(Method::Delete, path), |call, name| call.name(name));
            Some(call).filter(|_| !known.was_there)
        }
        _ => None,
    };
    call.filter(|call| call.line().is_some())
}

/// The kind of object that a path names, and its name: `/_snapshot/repository/snapshot`.
fn object(path: &[u8]) -> Option<(&'static str, Vec<&str>)> {
    const KINDS: [&str; 7] = [
        "/_snapshot",
        "/_index_template",
        "/_component_template",
        "/_ingest/pipeline",
        "/_scripts",
        "/_ilm/policy",
        "/_slm/policy",
    ];
    let path = std::str::from_utf8(path).ok()?;
    let (kind, rest) = KINDS.into_iter().find_map(|kind| Some((kind, path.strip_prefix(kind)?.strip_prefix('/')?)))?;
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    // A name that is encoded in the path would be encoded twice.
    let plain = names.iter().all(|name| {
        !name.starts_with('_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    });
    (plain && !names.is_empty() && names.len() <= 2).then_some((kind, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_path(action: &str, path: &str) -> Option<String> {
        let symbols = Symbols::default();
        let known = KnownAction { symbols: &symbols, change: None, path: Some(path.as_bytes()), was_there: false };
        undo(action.as_bytes(), &known).map(|call| call.plain())
    }

    #[test]
    fn what_a_path_names_is_deleted() {
        let repository = by_path("cluster:admin/repository/put", "/_snapshot/evil");
        assert_eq!(repository.as_deref(), Some("DELETE /_snapshot/evil"));
        let snapshot = by_path("cluster:admin/snapshot/create", "/_snapshot/evil/s-1");
        assert_eq!(snapshot.as_deref(), Some("DELETE /_snapshot/evil/s-1"));
        let template = by_path("indices:admin/index_template/put", "/_index_template/t");
        assert_eq!(template.as_deref(), Some("DELETE /_index_template/t"));
        for (action, path) in [
            ("cluster:admin/repository/delete", "/_snapshot/evil"),
            ("cluster:admin/repository/put", "/_snapshot/..%2f_security"),
            ("cluster:admin/repository/put", "/_snapshot/"),
            ("indices:admin/delete", "/orders"),
            ("cluster:admin/snapshot/create", "/_snapshot/a/b/c"),
        ] {
            assert_eq!(by_path(action, path), None, "{action} {path}");
        }
    }

    #[test]
    fn what_needs_no_name() {
        assert_eq!(by_path("cluster:admin/ilm/stop", "/").as_deref(), Some("POST /_ilm/start"));
    }
}
