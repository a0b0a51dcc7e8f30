//! Logins with a password: the chain of realms, its order, and what the server log says of it (`RealmsAuthenticator`).

use super::{Request, Traffic, identity};
use crate::event::{Action, Chain, Identity, LDAP, REALMS, RESERVED, Reason};
use crate::text::{HOUR, Micros, Text};
use crate::workload::Work;
use crate::world::World;

/// How long a node remembers which realm authenticated a principal (`lastSuccessfulAuthCache`).
const FRONT_CACHE: Micros = HOUR;
/// Logger of realm failures.
const LOGGER: Text = "org.elasticsearch.xpack.security.authc.RealmsAuthenticator";

impl Traffic {
    /// The realms a node asks for this account, in order.
    pub(super) fn realm_order(&self, world: &World, node: u16, account: Option<u32>, time: Micros) -> Chain {
        let realms = &world.nodes[usize::from(node)].realms;
        let mut order = Chain::default();
        let front = account.filter(|a| time - self.last_login[self.slot(world, node, *a)] < FRONT_CACHE);
        let front = front.map(|a| world.accounts[a as usize].realm).filter(|r| realms.contains(r));
        for realm in front.iter().chain(realms.iter().filter(|r| Some(**r) != front)) {
            order.push(*realm);
        }
        order
    }

    pub(super) fn slot(&self, world: &World, node: u16, account: u32) -> usize {
        usize::from(node) * world.accounts.len() + account as usize
    }

    /// A password is tried.
    pub(super) fn login(
        &mut self,
        world: &World,
        request: &mut Request,
        work: &'static Work,
        name: Text,
        account: Option<u32>,
        right: bool,
    ) {
        let node = request.act.node;
        let order = self.realm_order(world, node, account, request.time);
        let known = account.map(|a| &world.accounts[a as usize]);
        let home = known.map(|k| k.realm).filter(|r| order.realms().contains(r));
        let mut chain = Chain::default();
        for realm in order.realms() {
            let is_home = home == Some(*realm);
            if is_home && right {
                break;
            }
            self.realm_said_no(world, request, name, *realm);
            chain.push(*realm);
            // The realm of the built-in users ends the attempt by itself.
            if is_home && *realm == RESERVED {
                break;
            }
        }
        let reason = match known {
            None => Reason::UnknownUser,
            Some(_) if !right => Reason::BadPassword,
            Some(_) if home.is_none() => Reason::RealmNotConfigured,
            Some(k) if k.disabled => Reason::UserDisabled,
            Some(k) => {
                let account = account.unwrap_or_default();
                let slot = self.slot(world, node, account);
                self.last_login[slot] = request.time;
                let mut who = identity(world, account);
                if let Some(other) = request.act.runs_as {
                    let other = &world.accounts[other as usize];
                    self.run_as(request, work, &who, (other.name, REALMS[usize::from(other.realm)]));
                    who.run_by = Some((k.name, REALMS[usize::from(k.realm)]));
                    who.user = Some(other.name);
                    who.realm = Some(REALMS[usize::from(other.realm)]);
                    who.roles = Some(other.roles);
                }
                return self.granted(world, request, work, &who, REALMS[usize::from(k.realm)]);
            }
        };
        if let (Reason::BadPassword, Some(home)) = (reason, home) {
            self.explain_wrong_password(request, name, home);
        }
        self.failed(request, Some(name), chain, reason, None);
    }

    pub(super) fn realm_said_no(&mut self, world: &World, request: &mut Request, name: Text, realm: u8) {
        if world.nodes[usize::from(request.act.node)].logs_realm_failures {
            let mut event = request.rest(Action::RealmAuthenticationFailed);
            event.who.user = Some(name);
            event.asked = Some(REALMS[usize::from(realm)]);
            event.incident = request.act.incident;
            self.log(request.act.node, event);
        }
        self.pass(request);
    }

    /// What the realm that knows the account says, once all have been asked; realms that do not know it stay silent.
    fn explain_wrong_password(&mut self, request: &Request, name: Text, realm: u8) {
        let label = REALMS[usize::from(realm)];
        match realm {
            RESERVED => self.explain(
                request,
                "INFO",
                LOGGER,
                format!("Authentication of [{name}] was terminated by realm [{label}] - failed to authenticate user [{name}]"),
            ),
            LDAP => self.explain(
                request,
                "WARN",
                LOGGER,
                format!(
                    "Authentication to realm {label} failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), numEntries=0, numReferences=0, diagnosticMessage='INVALID_CREDENTIALS: Bind failed for uid={name},ou=people,dc=example,dc=org'))"
                ),
            ),
            _ => self.explain(
                request,
                "WARN",
                LOGGER,
                format!("Authentication to realm {label} failed - Password authentication failed for {name}"),
            ),
        }
    }

    pub(super) fn run_as(&mut self, request: &mut Request, work: &'static Work, who: &Identity, other: (Text, Text)) {
        let mut event = request.transport(Action::RunAsGranted);
        event.who = *who;
        event.who.run_as = Some(other);
        event.transport = Some((work.steps[0].action, work.steps[0].name));
        event.indices = work.steps[0].indices;
        self.log(request.act.node, event);
        self.pass(request);
    }
}
