//! Requests with an API key (`ApiKeyAuthenticator`, `ApiKeyService`).

use super::{Request, Traffic, identity};
use crate::event::{Action, Chain, Identity, Reason};
use crate::text::Text;
use crate::workload::Work;
use crate::world::World;

/// Logger of API key failures.
const LOGGER: Text = "org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator";

impl Traffic {
    /// An API key is presented. A key that is refused is (but for a wrong type) not an `authentication_failed`: the
    /// chain goes on and finds no credentials.
    pub(super) fn use_key(
        &mut self,
        world: &World,
        request: &mut Request,
        work: &'static Work,
        index: u32,
        right: bool,
    ) {
        let key = &world.keys[index as usize];
        let id = key.id;
        let prefix = "Authentication using apikey failed - ";
        let (reason, message) = if !key.known {
            (Reason::ApiKeyNotFound, format!("{prefix}unable to find apikey with id {id}"))
        } else if key.invalidated.is_some_and(|(at, _)| at <= request.time) {
            (Reason::ApiKeyInvalidated, format!("{prefix}api key [{id}] has been invalidated"))
        } else if !right {
            (Reason::ApiKeyBadSecret, format!("{prefix}invalid credentials for API key [{id}]"))
        } else if key.expires.is_some_and(|at| at <= request.time) {
            (Reason::ApiKeyExpired, format!("{prefix}api key is expired"))
        } else if key.cross_cluster {
            let message = format!(
                "{prefix}authentication expected API key type of [rest], but API key [{id}] has type [cross_cluster]"
            );
            self.failed(request, Some(id), Chain::default(), Reason::ApiKeyWrongType, Some(index));
            return self.explain(request, "WARN", LOGGER, message);
        } else {
            let mut who = identity(world, key.owner);
            who.kind = Some("API_KEY");
            who.roles = Some("[]");
            who.key = Some((id, key.name));
            return if key.lacks {
                self.lacking(request, &who)
            } else {
                self.granted(world, request, work, &who, "_es_api_key")
            };
        };
        let message = if self.names_keys {
            message
        } else {
            message.replace(&format!("api key [{id}] has"), "api key has").replace(&format!(" for API key [{id}]"), "")
        };
        self.anonymous(request, reason, Some(index), Some((LOGGER, message)));
    }

    /// The key is valid, but may not create the index it writes to.
    fn lacking(&mut self, request: &mut Request, who: &Identity) {
        let mut event = request.transport(Action::AccessGranted);
        event.who = *who;
        event.transport = Some(("indices:data/write/bulk", "BulkRequest"));
        self.log(request.act.node, event);
        self.pass(request);
        let mut event = request.transport(Action::AccessDenied);
        event.who = *who;
        event.transport = Some(("indices:admin/auto_create", "CreateIndexRequest"));
        event.indices = Some("[\"metrics-app-2026.03\"]");
        event.incident = request.act.incident;
        self.log(request.act.node, event);
    }
}
