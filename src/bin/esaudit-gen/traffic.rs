//! From one act of a client to the events that the nodes log, as `AuthenticationService`, `AuthenticatorChain`,
//! `RealmsAuthenticator` and `ApiKeyAuthenticator` produce them.

use crate::changes::Change;
use crate::event::{
    Action, Chain, Event, Failure, Identity, LDAP, Origin, REALMS, RESERVED, Reason, Record, ServerLine,
};
use crate::rng::Rng;
use crate::text::{HOUR, Micros, RequestId, Text, request_id};
use crate::workload::{WORK, Work};
use crate::world::{Client, Credential, World};

/// What a client does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum What {
    /// Sends a request with credentials that are right in themselves; whether they are accepted depends on the world.
    Use(Credential),
    /// Logs in with a password.
    Login { name: Text, account: Option<u32>, right: bool },
    /// Sends a request without credentials.
    Bare,
    /// Sends an Authorization header that cannot be read.
    Malformed,
    /// Sends an API key with a wrong secret.
    WrongSecret(u32),
    /// Sends a bearer token that the node holds to be expired.
    ExpiredToken,
    /// Sends a service token that is not valid.
    BadServiceToken(Text, Text),
    /// Makes a security change: an index into the changes.
    Change(u32),
    /// Is turned away by the IP filter.
    Filtered,
    /// Sends a request that cannot be verified.
    Tampered,
}

/// One act.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Act {
    pub(crate) time: Micros,
    pub(crate) node: u16,
    pub(crate) source: Text,
    pub(crate) what: What,
    pub(crate) incident: Option<u16>,
    pub(crate) runs_as: Option<u32>,
    pub(crate) forwarded: Option<Text>,
    pub(crate) opaque: Option<Text>,
    pub(crate) traces: bool,
}

impl Act {
    /// An act of somebody without particular headers.
    pub(crate) fn new(time: Micros, node: u16, source: Text, what: What) -> Self {
        Self { time, node, source, what, incident: None, runs_as: None, forwarded: None, opaque: None, traces: false }
    }

    /// A request of a known client.
    pub(crate) fn of(client: &Client, time: Micros, node: u16) -> Self {
        Self {
            time,
            node,
            source: client.source,
            what: What::Use(client.credential),
            incident: None,
            runs_as: client.runs_as,
            forwarded: client.forwarded,
            opaque: client.opaque,
            traces: client.traces,
        }
    }
}

/// Security changes as they were written, for the truth.
pub(crate) struct ChangeDone {
    pub(crate) change: u32,
    pub(crate) node: u16,
    pub(crate) source: Text,
    pub(crate) time: Micros,
    pub(crate) request: RequestId,
}

/// Turns acts into events. Holds the state that Elasticsearch itself holds between requests.
pub(crate) struct Traffic {
    rng: Rng,
    server_log: bool,
    /// When each account last logged in on each node: the cache that moves its realm to the front.
    last_login: Vec<Micros>,
    /// Events not yet written, per node.
    pub(crate) pending: Vec<Vec<Record>>,
    /// Changes made since last drained.
    pub(crate) done: Vec<ChangeDone>,
}

/// How long a node remembers which realm authenticated a principal.
const FRONT_CACHE: Micros = HOUR;
/// Logger of realm failures.
const REALMS_LOGGER: Text = "org.elasticsearch.xpack.security.authc.RealmsAuthenticator";
/// Logger of API key failures.
const KEY_LOGGER: Text = "org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator";

/// What all events of one request share.
struct Request {
    act: Act,
    /// Time of the next event.
    time: Micros,
    id: RequestId,
    origin: Origin,
}

impl Request {
    /// The next event of this request, with the members of the HTTP request.
    fn rest(&self, action: Action) -> Event {
        let mut event = Event::new(self.time, action);
        event.origin = self.origin;
        event.request = Some(self.id);
        event
    }

    /// The next event of the transport layer, which knows no path or method.
    fn transport(&self, action: Action) -> Event {
        let mut event = self.rest(action);
        event.origin.path = None;
        event.origin.query = None;
        event.origin.method = None;
        event
    }
}

impl Traffic {
    /// Traffic of this world. All accounts must exist by now.
    pub(crate) fn new(seed: u64, world: &World, server_log: bool) -> Self {
        Self {
            rng: Rng::named(seed, "traffic"),
            server_log,
            last_login: vec![Micros::MIN / 2; world.nodes.len() * world.accounts.len()],
            pending: vec![Vec::new(); world.nodes.len()],
            done: Vec::new(),
        }
    }

    /// Logs everything that follows from this act.
    pub(crate) fn perform(&mut self, world: &World, changes: &[Change], act: &Act) {
        let work = self.work(act);
        let mut request = Request {
            act: *act,
            time: act.time,
            id: request_id(&mut self.rng),
            origin: Origin {
                kind: Some("rest"),
                source: Some(act.source),
                port: self.rng.range(32_768, 61_000) as u16,
                path: Some(work.path),
                query: work.query,
                method: Some(work.method),
                opaque: act.opaque,
                trace: act.traces.then(|| u128::from_le_bytes(self.rng.bytes16())),
                forwarded: act.forwarded,
            },
        };
        match act.what {
            What::Use(Credential::Password(account)) => {
                let name = world.accounts[account as usize].name;
                self.login(world, &mut request, work, name, Some(account), true);
            }
            What::Login { name, account, right } => self.login(world, &mut request, work, name, account, right),
            What::Use(Credential::Key(key)) => self.use_key(world, &mut request, work, key, true),
            What::WrongSecret(key) => self.use_key(world, &mut request, work, key, false),
            What::Use(Credential::Token(account)) => {
                let mut who = identity(world, account);
                who.kind = Some("TOKEN");
                self.granted(world, &mut request, work, &who, "_es_token");
            }
            What::Use(Credential::Service(account, token)) => {
                let who = Identity {
                    kind: Some("TOKEN"),
                    user: Some(account),
                    realm: Some("_service_account"),
                    roles: Some("[]"),
                    token: Some((token, "index")),
                    ..Identity::default()
                };
                self.granted(world, &mut request, work, &who, "_service_account");
            }
            What::Bare => self.anonymous(&mut request, Reason::MissingCredentials, None, None),
            What::ExpiredToken => {
                let logger = "org.elasticsearch.xpack.security.authc.TokenService";
                self.anonymous(&mut request, Reason::TokenExpired, None, Some((logger, "token expired".to_owned())));
            }
            What::Malformed => self.failed(&mut request, None, Chain::default(), Reason::MalformedCredentials, None),
            What::BadServiceToken(account, token) => self.bad_service_token(&mut request, account, token),
            What::Change(index) => self.change(world, changes, &mut request, index),
            What::Filtered => {
                let mut event = Event::new(request.time, Action::ConnectionDenied);
                event.origin = Origin {
                    kind: Some("rest"),
                    source: Some(act.source),
                    port: request.origin.port,
                    ..Origin::default()
                };
                event.rule = Some((".http", "deny 10.66.0.0/16"));
                self.log(act.node, event);
            }
            What::Tampered => {
                let event = request.rest(Action::TamperedRequest);
                self.log(act.node, event);
            }
        }
    }

    /// What the client asks for: failures of humans and attackers mostly ask who they are.
    fn work(&mut self, act: &Act) -> &'static Work {
        match act.what {
            What::Login { right: false, .. } if self.rng.chance(0.6) => &WORK[0],
            What::Use(_) | What::WrongSecret(_) => self.rng.pick(WORK),
            _ => &WORK[self.rng.index(4)],
        }
    }

    fn log(&mut self, node: u16, event: Event) {
        self.pending[usize::from(node)].push(Record::Audit(event));
    }

    /// A line of the server log about the event at this time: the two logs are written by different threads, so
    /// either may come first.
    fn explain(&mut self, request: &Request, level: Text, logger: Text, message: String) {
        if self.server_log {
            let time = request.time + self.rng.range(-2_500, 3_500);
            let line = ServerLine { time, level, logger, message, trace: request.origin.trace };
            self.pending[usize::from(request.act.node)].push(Record::Server(line));
        }
    }

    /// A short while passes within the node; often none that a millisecond shows.
    fn pass(&mut self, request: &mut Request) {
        request.time += self.rng.range(20, 700);
    }

    /// The realms a node asks for this account, in order.
    fn realm_order(&self, world: &World, node: u16, account: Option<u32>, time: Micros) -> Chain {
        let realms = &world.nodes[usize::from(node)].realms;
        let mut order = Chain::default();
        let front = account.filter(|a| time - self.last_login[self.slot(world, node, *a)] < FRONT_CACHE);
        let front = front.map(|a| world.accounts[a as usize].realm).filter(|r| realms.contains(r));
        for realm in front.iter().chain(realms.iter().filter(|r| Some(**r) != front)) {
            order.push(*realm);
        }
        order
    }

    fn slot(&self, world: &World, node: u16, account: u32) -> usize {
        usize::from(node) * world.accounts.len() + account as usize
    }

    /// A password is tried.
    fn login(
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
            if is_home {
                self.explain_wrong_password(request, name, *realm);
            }
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
        self.failed(request, Some(name), chain, reason, None);
    }

    fn realm_said_no(&mut self, world: &World, request: &mut Request, name: Text, realm: u8) {
        if world.nodes[usize::from(request.act.node)].logs_realm_failures {
            let mut event = request.rest(Action::RealmAuthenticationFailed);
            event.who.user = Some(name);
            event.asked = Some(REALMS[usize::from(realm)]);
            event.incident = request.act.incident;
            self.log(request.act.node, event);
        }
        self.pass(request);
    }

    /// What the realm that knows the account says; realms that do not know it stay silent.
    fn explain_wrong_password(&mut self, request: &Request, name: Text, realm: u8) {
        let label = REALMS[usize::from(realm)];
        match realm {
            RESERVED => self.explain(
                request,
                "INFO",
                REALMS_LOGGER,
                format!("Authentication of [{name}] was terminated by realm [{label}] - failed to authenticate user [{name}]"),
            ),
            LDAP => self.explain(
                request,
                "WARN",
                REALMS_LOGGER,
                format!(
                    "Authentication to realm {label} failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), numEntries=0, numReferences=0, diagnosticMessage='INVALID_CREDENTIALS: Bind failed for uid={name},ou=people,dc=example,dc=org'))"
                ),
            ),
            _ => self.explain(
                request,
                "WARN",
                REALMS_LOGGER,
                format!("Authentication to realm {label} failed - Password authentication failed for {name}"),
            ),
        }
    }

    /// The attempt ends with `authentication_failed`.
    fn failed(&mut self, request: &mut Request, name: Option<Text>, chain: Chain, reason: Reason, key: Option<u32>) {
        self.pass(request);
        let mut event = request.rest(Action::AuthenticationFailed);
        event.who.user = name;
        event.failure = Some(Failure { chain, reason, key });
        event.incident = request.act.incident;
        self.log(request.act.node, event);
    }

    /// The attempt ends at the "no credentials" handler.
    fn anonymous(&mut self, request: &mut Request, reason: Reason, key: Option<u32>, said: Option<(Text, String)>) {
        self.pass(request);
        let mut event = request.rest(Action::AnonymousAccessDenied);
        event.failure = Some(Failure { chain: Chain::default(), reason, key });
        event.incident = request.act.incident;
        self.log(request.act.node, event);
        if let Some((logger, message)) = said {
            self.explain(request, "WARN", logger, message);
        }
    }

    fn bad_service_token(&mut self, request: &mut Request, account: Text, token: Text) {
        self.pass(request);
        let mut event = request.rest(Action::AuthenticationFailed);
        event.who.user = Some(account);
        event.who.token = Some((token, "index"));
        event.failure = Some(Failure { chain: Chain::default(), reason: Reason::ServiceTokenInvalid, key: None });
        event.incident = request.act.incident;
        self.log(request.act.node, event);
        let logger = "org.elasticsearch.xpack.security.authc.service.ServiceAccountService";
        self.explain(
            request,
            "WARN",
            logger,
            format!("failed to authenticate service account [{account}] with token name [{token}]"),
        );
    }

    /// An API key is presented. A key that is refused is (but for a wrong type) not an `authentication_failed`: the
    /// chain goes on and finds no credentials.
    fn use_key(&mut self, world: &World, request: &mut Request, work: &'static Work, index: u32, right: bool) {
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
            return self.explain(request, "WARN", KEY_LOGGER, message);
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
        self.anonymous(request, reason, Some(index), Some((KEY_LOGGER, message)));
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

    fn run_as(&mut self, request: &mut Request, work: &'static Work, who: &Identity, other: (Text, Text)) {
        let mut event = request.transport(Action::RunAsGranted);
        event.who = *who;
        event.who.run_as = Some(other);
        event.transport = Some((work.steps[0].action, work.steps[0].name));
        event.indices = work.steps[0].indices;
        self.log(request.act.node, event);
        self.pass(request);
    }

    /// Authentication succeeded, and the request is authorised, on this node and on those that hold the shards.
    fn granted(&mut self, world: &World, request: &mut Request, work: &'static Work, who: &Identity, realm: Text) {
        let here = request.act.node;
        let node = &world.nodes[usize::from(here)];
        if node.logs_successes {
            let mut event = request.rest(Action::AuthenticationSuccess);
            event.who = *who;
            event.who.roles = None;
            event.asked = Some(realm);
            self.log(here, event);
            self.pass(request);
        }
        for step in work.steps {
            let mut event = request.transport(Action::AccessGranted);
            event.who = *who;
            event.transport = Some((step.action, step.name));
            event.indices = step.indices;
            let mut place = here;
            if step.on_shard && world.nodes.len() > 1 && self.rng.chance(0.3) {
                place = self.rng.index(world.nodes.len()) as u16;
                if place != here {
                    event.origin =
                        Origin { kind: Some("transport"), source: Some(node.address), port: 9300, ..event.origin };
                    event.time += 300;
                }
            }
            self.log(place, event);
            self.pass(request);
        }
    }

    /// A security change: the actor's authorisation, sometimes Elasticsearch's own steps, then the change.
    fn change(&mut self, world: &World, changes: &[Change], request: &mut Request, index: u32) {
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

/// How an account appears in access decisions.
fn identity(world: &World, account: u32) -> Identity {
    let account = &world.accounts[account as usize];
    Identity {
        kind: Some("REALM"),
        user: Some(account.name),
        realm: Some(REALMS[usize::from(account.realm)]),
        roles: Some(account.roles),
        ..Identity::default()
    }
}
