//! Security changes: what was changed, and by whom.

use super::join::{self, Placed};
use super::json::{Json, shown};
use super::{Source, rfc3339};

/// A security change, as text; member names as in the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub time: String,
    pub action: String,
    pub actor: Option<String>,
    pub actor_realm: Option<String>,
    pub run_by: Option<String>,
    pub source: Option<String>,
    pub node: Option<String>,
    pub request_id: Option<String>,
    pub target: Option<String>,
    pub ids: Vec<String>,
    pub name: Option<String>,
    pub owner: Option<String>,
    pub owner_realm: Option<String>,
    pub owned: Option<bool>,
    pub expiration: Option<String>,
    pub evidence: (String, u64),
}

pub fn change(events: &[Placed], placed: &Placed, sources: &[Source]) -> Change {
    let (place, event) = placed;
    let actor = join::actor(events, placed);
    let body = &event.body;
    let text = |path: &str| body.text(path);
    let any = |paths: &[&str]| paths.iter().find_map(|path| body.text(path));
    let ids = ["invalidate.apikeys.ids", "change.apikeys.ids", "create.apikey.id", "change.apikey.id"]
        .iter()
        .flat_map(|path| body.texts(path))
        .collect::<Vec<String>>();
    let name = any(&[
        "invalidate.apikeys.name",
        "create.apikey.name",
        "change.apikey.name",
        "put.user.name",
        "put.role.name",
        "put.role_mapping.name",
        "delete.user.name",
        "delete.role.name",
        "delete.role_mapping.name",
        "change.password.user.name",
        "change.disable.user.name",
        "change.enable.user.name",
        "create.service_token.name",
        "delete.service_token.name",
    ])
    .or_else(|| first_of_list(body, "put.privileges", "name"))
    .or_else(|| body.texts("delete.privileges.privileges").into_iter().next());
    let account = |part: &str| {
        let objects = ["service_token", "user_managed_service_account"];
        let paths = ["create", "delete", "put"].map(|verb| objects.map(|object| format!("{verb}.{object}.{part}")));
        paths.iter().flatten().find_map(|path| text(path))
    };
    let application =
        text("delete.privileges.application").or_else(|| first_of_list(body, "put.privileges", "application"));
    let owner = text("invalidate.apikeys.user.name");
    let target = if ids.is_empty() {
        let parts: Vec<String> =
            [account("namespace"), account("service"), application, name.clone()].into_iter().flatten().collect();
        if parts.is_empty() { owner.clone() } else { Some(parts.join("/")) }
    } else {
        Some(ids.join(","))
    };
    let node = event.node();
    let shown = |text: Option<String>| text.as_deref().map(shown);
    Change {
        time: rfc3339(event.time),
        action: event.action.clone(),
        actor: shown(actor.name),
        actor_realm: shown(actor.realm),
        run_by: shown(actor.run_by),
        source: shown(actor.source),
        node: shown(node),
        request_id: shown(event.request_id.clone()),
        target: shown(target),
        ids: ids.into_iter().filter_map(|id| shown(Some(id))).collect(),
        name: shown(name),
        owner: shown(owner),
        owner_realm: shown(text("invalidate.apikeys.user.realm")),
        owned: body.flag("invalidate.apikeys.owned_by_authenticated_user"),
        expiration: shown(any(&["create.apikey.expiration", "change.apikey.expiration", "change.apikeys.expiration"])),
        evidence: (sources[place.file].0.clone(), place.line),
    }
}

/// A text member of the first object of an array.
fn first_of_list(body: &Json, list: &str, member: &str) -> Option<String> {
    match body.at(list)? {
        Json::List(objects) => objects.first()?.text(member),
        _ => None,
    }
}
