//! Security changes, as the transport actions of the security plugin log them.

use super::{ChangeDone, Request, Traffic, identity};
use crate::changes::Change;
use crate::event::{Action, Event, Identity, Origin};
use crate::world::World;

impl Traffic {
    /// A security change: the actor's authorisation, sometimes Elasticsearch's own steps, then the change.
    pub(super) fn change(&mut self, world: &World, changes: &[Change], request: &mut Request, index: u32) {
        let change = &changes[index as usize];
        let node = request.act.node;
        request.origin.path = Some(change.path);
        request.origin.query = None;
        request.origin.method = Some(change.method);
        let who = identity(world, change.actor);
        let order = self.realm_order(world, node, Some(change.actor), request.time);
        let slot = self.slot(world, node, change.actor);
        self.last_login[slot] = request.time;
        for realm in order.realms() {
            if *realm == world.accounts[change.actor as usize].realm {
                break;
            }
            self.realm_said_no(world, request, who.user.unwrap_or_default(), *realm);
        }
        let mut event = request.transport(Action::AccessGranted);
        event.who = who;
        event.transport = Some(change.transport);
        self.log(node, event);
        self.pass(request);
        if self.rng.chance(0.5) {
            let mut event = request.transport(Action::AccessGranted);
            event.who = Identity {
                kind: Some("INTERNAL"),
                user: Some("_security"),
                realm: Some("__attach"),
                roles: Some("[\"_security\"]"),
                ..Identity::default()
            };
            event.origin =
                Origin { kind: Some("local_node"), source: Some("127.0.0.1"), port: 9300, ..Origin::default() };
            event.transport = Some(("indices:data/write/bulk", "BulkRequest"));
            event.indices = Some("[\".security\"]");
            self.log(node, event);
            self.pass(request);
        }
        let mut event = Event::new(request.time, Action::Change(change.action));
        event.request = Some(request.id);
        event.change = Some(change.body);
        if change.enriched {
            event.who = Identity { roles: None, ..who };
        }
        self.done.push(ChangeDone {
            change: index,
            node,
            source: request.act.source,
            time: event.time,
            request: request.id,
        });
        self.log(node, event);
    }
}
