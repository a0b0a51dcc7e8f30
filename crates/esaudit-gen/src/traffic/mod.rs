//! From one act of a client to the events that the nodes log, as `AuthenticationService`, `AuthenticatorChain`,
//! `RealmsAuthenticator` and `ApiKeyAuthenticator` produce them.

mod admin;
mod deeds;
mod keys;
mod odd;
mod passwords;

use std::sync::OnceLock;

use crate::changes::Change;
use crate::cli::Args;
use crate::event::{Action, Chain, Event, Failure, Identity, Origin, REALMS, Reason, Record, ServerLine};
use crate::population::long_indices;
use crate::rng::Rng;
use crate::text::{Micros, RequestId, Text, keep, quoted_list, request_id};
use crate::workload::{WORK, Work};
use crate::world::{Client, Credential, PROXY, World};

pub(crate) use deeds::{DEEDS, Deed};
pub(crate) use odd::Odd;

/// What a client does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum What {
    /// Sends a request with credentials that are right in themselves; whether they are accepted depends on the world.
    Use(Credential),
    /// Does something rare and powerful with credentials that are right.
    Deed(Credential, Deed),
    /// Logs in with a password.
    Login { name: Text, account: Option<u32>, right: bool },
    /// Sends a request without credentials.
    Bare,
    /// Sends an Authorization header that cannot be read.
    Malformed,
    /// Sends an API key with a wrong secret.
    WrongSecret(u32),
    /// Sends a bearer token that the node holds to be expired.
    UnknownToken,
    /// Sends a service token that is not valid.
    BadServiceToken(Text, Text),
    /// Makes a security change: an index into the changes.
    Change(u32),
    /// Is turned away by the IP filter.
    Filtered,
    /// Sends a request that cannot be verified.
    Tampered,
    /// Fails for a reason that lies in the cluster.
    Odd(Odd),
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
    /// The path asked for, where it is not one of the ordinary requests.
    pub(crate) path: Option<Text>,
}

impl Act {
    /// An act of somebody without particular headers.
    pub(crate) fn new(time: Micros, node: u16, source: Text, what: What) -> Self {
        Self {
            time,
            node,
            source,
            what,
            incident: None,
            runs_as: None,
            forwarded: None,
            opaque: None,
            traces: false,
            path: None,
        }
    }

    /// The same act, seen as coming from the reverse proxy, which names its client.
    pub(crate) fn through_proxy(self) -> Self {
        Self { source: PROXY, forwarded: Some(self.source), ..self }
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
            path: None,
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
    /// Which nodes' server logs are written.
    server_log: Vec<bool>,
    /// When each account last logged in on each node: the cache that moves its realm to the front.
    last_login: Vec<Micros>,
    /// Events not yet written, per node.
    pub(crate) pending: Vec<Vec<Record>>,
    /// Audit events made so far.
    pub(crate) made: u64,
    /// Changes made since last drained.
    pub(crate) done: Vec<ChangeDone>,
    /// Server lines about a refused key name it, as they do from about 8.8 on.
    pub(crate) names_keys: bool,
    /// Access decisions that a request writes, at most.
    decisions: usize,
    /// The `indices` of every access decision, where options give them a length.
    indices: Option<Text>,
}

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
    pub(crate) fn new(args: &Args, world: &World) -> Self {
        Self {
            rng: Rng::named(args.seed, "traffic"),
            server_log: world.nodes.iter().map(|node| args.has_server_log(node.name)).collect(),
            last_login: vec![Micros::MIN / 2; world.nodes.len() * world.accounts.len()],
            pending: vec![Vec::new(); world.nodes.len()],
            made: 0,
            done: Vec::new(),
            names_keys: true,
            decisions: args.decisions,
            indices: long_indices(args),
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
                path: Some(act.path.unwrap_or(work.path)),
                query: work.query,
                method: Some(work.method),
                opaque: act.opaque,
                trace: act.traces.then(|| u128::from_le_bytes(self.rng.bytes16())),
                forwarded: act.forwarded,
            },
        };
        match act.what {
            What::Use(credential) => self.act_with(world, &mut request, work, credential),
            What::Deed(credential, _) => self.act_with(world, &mut request, work, credential),
            What::Login { name, account, right } => self.login(world, &mut request, work, name, account, right),
            What::WrongSecret(key) => self.use_key(world, &mut request, work, key, false),
            What::Bare => self.anonymous(&mut request, Reason::MissingCredentials, None, None),
            // Expired ones leave no audit event.
            What::UnknownToken => {
                let logger = "org.elasticsearch.xpack.security.authc.TokenService";
                self.anonymous(&mut request, Reason::TokenInvalid, None, Some((logger, "invalid token".to_owned())));
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
            What::Odd(odd) => self.odd(world, &mut request, odd),
            What::Tampered => {
                let event = request.rest(Action::TamperedRequest);
                self.log(act.node, event);
            }
        }
    }

    /// A request with credentials that are right in themselves.
    fn act_with(&mut self, world: &World, request: &mut Request, work: &'static Work, credential: Credential) {
        match credential {
            Credential::Password(account) => {
                let name = world.accounts[account as usize].name;
                self.login(world, request, work, name, Some(account), true);
            }
            Credential::Key(key) => self.use_key(world, request, work, key, true),
            Credential::Token(account) => {
                let mut who = identity(world, account);
                who.kind = Some("TOKEN");
                self.granted(world, request, work, &who, "_es_token");
            }
            Credential::Service(account, token) => {
                let who = Identity {
                    kind: Some("TOKEN"),
                    user: Some(account),
                    realm: Some("_service_account"),
                    roles: Some("[]"),
                    token: Some((token, "index")),
                    ..Identity::default()
                };
                self.granted(world, request, work, &who, "_service_account");
            }
        }
    }

    /// What the client asks for: failures of humans and attackers mostly ask who they are.
    fn work(&mut self, act: &Act) -> &'static Work {
        match act.what {
            What::Login { right: false, .. } if self.rng.chance(0.6) => &WORK[0],
            What::Deed(_, deed) => &DEEDS[deed as usize],
            What::Use(_) | What::WrongSecret(_) => self.rng.pick(WORK),
            _ => &WORK[self.rng.index(4)],
        }
    }

    fn log(&mut self, node: u16, event: Event) {
        self.made += 1;
        self.pending[usize::from(node)].push(Record::Audit(event));
    }

    /// A line of the server log about the attempt that ends at this time: it is written before the audit event, in the
    /// same millisecond at the latest.
    fn explain(&mut self, request: &Request, level: Text, logger: Text, message: String) {
        if self.server_log[usize::from(request.act.node)] {
            let time = request.time + self.rng.range(-6_000, 0);
            let line = ServerLine { time, level, logger, message, trace: request.origin.trace };
            self.pending[usize::from(request.act.node)].push(Record::Server(line));
        }
    }

    /// True if this node's server log is written.
    pub(crate) fn has_server_log(&self, node: usize) -> bool {
        self.server_log[node]
    }

    /// A short while passes within the node; often none that a millisecond shows.
    fn pass(&mut self, request: &mut Request) {
        request.time += self.rng.range(20, 700);
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
            "DEBUG",
            logger,
            format!("failed to authenticate service account [{account}] with token name [{token}]"),
        );
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
        for step in work.steps.iter().take(self.decisions) {
            let mut event = request.transport(Action::AccessGranted);
            event.who = *who;
            event.transport = Some((step.action, step.name));
            event.indices = self.indices.or(step.indices);
            if step.indices.is_some() && self.rng.below(30_000) == 0 {
                event.indices = Some(many_indices());
            }
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
}

/// The `indices` of a request over thousands of indices.
fn many_indices() -> Text {
    static NAMES: OnceLock<Text> = OnceLock::new();
    NAMES.get_or_init(|| keep(quoted_list(&(0..3000).map(|n| format!(".ds-logs-app-{n:06}")).collect::<Vec<_>>())))
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
