//! The stage of one scenario: the modelled site, what is planned on it, and what is true of it.
//!
//! A scenario's function gets a stage on which people and machines already exist but nothing has happened yet. It plans
//! acts, says what changes in the cluster and when, and says what is true. Ordinary life is added when the stage is
//! played.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use clap::Parser;

use crate::changes::Change;
use crate::cli::{Args, FormatVersion};
use crate::event::{FILE, LDAP, NATIVE, RESERVED};
use crate::rng::Rng;
use crate::scenario::likelihood::{From, Null};
use crate::scenario::moving::Moving;
use crate::scenario::nuisance::{Form, Front, Life, Logging, V6};
use crate::scenario::pace::{log_count, log_uniform};
use crate::scenario::truth::{Incident, Negative, Truth};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text, keep, uuid};
use crate::traffic::{Act, What};
use crate::world::{Credential, Node, World};

/// A person and the places that this person logs in from.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) account: u32,
    pub(crate) name: Text,
    /// The first is where most logins come from.
    pub(crate) places: Vec<Text>,
    /// Relative number of logins.
    pub(crate) weight: f64,
    /// Share of logins that begin with a wrong password.
    pub(crate) typo: f64,
    /// Logs in through Kibana.
    pub(crate) by_kibana: bool,
}

/// A program at an address.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) source: Text,
    pub(crate) credential: Credential,
    /// Mean time between two requests.
    pub(crate) period: Micros,
    /// Share of the period by which a request may be early or late.
    pub(crate) jitter: f64,
    /// The node that it always asks.
    pub(crate) sticks_to: Option<u16>,
}

/// Something that changes in the cluster.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// A node has these realms from now on.
    Realms(u16, Vec<u8>),
    /// An account is disabled, or enabled.
    Disabled(u32, bool),
    /// A key is in the security index, or is not.
    Known(u32, bool),
    /// A key lacks a privilege, or does not.
    Lacks(u32, bool),
}

/// What becomes of an ordinary act under a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// The rule does not concern it.
    Other,
    /// It does not happen.
    Dropped,
    /// It happens like this, and belongs to the rule's incident.
    Becomes(What),
}

/// Decides about one ordinary act.
type Decide = Box<dyn Fn(&Act) -> Fate>;

/// What holds for ordinary acts during some time.
pub(crate) struct Rule {
    pub(crate) from: Micros,
    pub(crate) to: Micros,
    pub(crate) tag: Option<u16>,
    pub(crate) decide: Decide,
}

/// Everything of one scenario before it is played.
pub(crate) struct Stage {
    pub(crate) rng: Rng,
    pub(crate) seed: u64,
    pub(crate) life: Life,
    pub(crate) form: Form,
    pub(crate) logging: Vec<Logging>,
    pub(crate) world: World,
    pub(crate) people: Vec<Person>,
    pub(crate) machines: Vec<Machine>,
    /// An administrator, and where that person works.
    pub(crate) admin: u32,
    pub(crate) admin_source: Text,
    pub(crate) kibana: Text,
    pub(crate) nat: Text,
    /// Other addresses that several people have.
    pub(crate) shared: Vec<Text>,
    /// Places whose address changes.
    pub(crate) moving: HashMap<Text, Moving>,
    /// Networks of the carrier that most of the site's phones have.
    pub(crate) carrier: Vec<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) acts: Vec<Act>,
    pub(crate) turns: Vec<(Micros, Turn)>,
    pub(crate) rules: Vec<Rule>,
    /// Nodes that write nothing between these times.
    pub(crate) silent: Vec<(u16, Micros, Micros)>,
    pub(crate) start: Micros,
    /// When that which the scenario is about begins.
    pub(crate) at: Micros,
    pub(crate) end: Micros,
    pub(crate) truth: Truth,
    /// A second cluster whose logs lie beside this one's.
    pub(crate) beside: Option<Box<Stage>>,
    pub(crate) addresses: HashSet<Text>,
    /// First two numbers of the site's own network.
    pub(crate) net: (i64, i64),
}

/// Monday, 5 January 2026.
const EPOCH: Micros = 1_767_571_200 * SECOND;

impl Stage {
    /// A site drawn from this seed, and then made what the scenario needs; the name of the kind keeps kinds of one seed apart.
    pub(crate) fn new(name: &str, seed: u64, nodes: u16, site: fn(&mut Life)) -> Self {
        let mut rng = Rng::named(seed, name);
        let (mut life, mut form) = (Life::draw(&mut rng), Form::draw(&mut rng));
        site(&mut life);
        form.nodes = form.nodes.max(nodes);
        let logging = Logging::of_nodes(&mut rng, usize::from(form.nodes));
        let at = EPOCH + rng.range(30 * 24 * HOUR, 120 * 24 * HOUR);
        let nodes = (1..=form.nodes).map(|n| node(n, form, &mut rng)).collect();
        let world = World::of_nodes(uuid(&mut rng), nodes);
        let net = (rng.range(0, 250), rng.range(0, 250));
        let mut stage = Self {
            rng,
            seed,
            life,
            form,
            logging,
            world,
            people: Vec::new(),
            machines: Vec::new(),
            admin: 0,
            admin_source: "",
            kibana: "",
            nat: "",
            shared: Vec::new(),
            moving: HashMap::new(),
            carrier: Vec::new(),
            changes: Vec::new(),
            acts: Vec::new(),
            turns: Vec::new(),
            rules: Vec::new(),
            silent: Vec::new(),
            start: at - form.before,
            at,
            end: at + form.after,
            truth: Truth::default(),
            beside: None,
            addresses: HashSet::new(),
            net,
        };
        stage.populate();
        stage
    }

    fn populate(&mut self) {
        for (name, roles) in [
            ("elastic", "superuser"),
            ("kibana_system", "kibana_system"),
            ("logstash_system", "logstash_system"),
            ("beats_system", "beats_system"),
        ] {
            self.world.account(name, RESERVED, &[roles]);
        }
        (self.kibana, self.nat) = (self.host(), self.host());
        let name = *self.rng.pick(&["ops.admin", "root.admin", "it-admin", "secadmin"]);
        self.admin = self.world.account(name, NATIVE, &["superuser"]);
        self.admin_source = self.host();
        let style = self.rng.below(4);
        let office = (self.rng.below(65_536), self.rng.below(65_536));
        for _ in 0..self.life.people {
            self.person(style, office);
        }
        let period = log_uniform(&mut self.rng, 60.0, 3600.0) * SECOND as f64;
        let kibana = Credential::Password(1);
        self.machine_at(self.kibana, kibana, period as Micros);
        for n in 1..self.life.machines {
            let credential = self.credential(n);
            let source = self.host();
            let period = log_uniform(&mut self.rng, 30.0, 6.0 * 3600.0) * SECOND as f64;
            self.machine_at(source, credential, period as Micros);
        }
    }

    /// A person; `office` is the /64 of the office, where that is of IPv6.
    fn person(&mut self, style: u64, office: (u64, u64)) {
        let plain = self.world.fresh_person();
        let name = match style {
            0 | 1 => plain,
            2 => format!("{}{}", &plain[..1], plain.split_once('.').map_or("x", |p| p.1)),
            _ => format!("{plain}@corp.example"),
        };
        let name = if style == 2 { format!("{name}{}", self.world.accounts.len()) } else { name };
        let realm = if self.rng.chance(0.6) { LDAP } else { NATIVE };
        let account = self.world.account(&name, realm, &["kibana_user", "logs_read"]);
        let by_kibana = match self.life.front {
            Front::Kibana { .. } => true,
            Front::Both => self.rng.chance(0.5),
            _ => false,
        };
        let desk = match (self.life.front, self.life.v6) {
            (Front::Nat, _) => self.nat,
            (_, V6::None) => self.host(),
            (_, V6::Homes) => self.v6_desk(None),
            (_, V6::Office) => self.v6_desk(Some(office)),
        };
        let mut places = vec![desk];
        for _ in 0..self.rng.index(3) {
            let place = if self.rng.chance(0.5) { self.outside() } else { self.host() };
            places.push(place);
        }
        if self.rng.chance(self.life.phones) {
            let phone = self.phone();
            places.push(phone);
        }
        // A gamma distribution of shape two over its mean, which is what a beta distribution of small mean amounts to.
        let typo = (self.rng.wait(0.5) + self.rng.wait(0.5)) * self.life.typo;
        let weight = self.rng.wait(1.0) + 0.05;
        let name = self.world.accounts[account as usize].name;
        self.people.push(Person { account, name, places, weight, typo: typo.min(0.6), by_kibana });
    }

    /// What the n-th machine proves itself with.
    fn credential(&mut self, n: usize) -> Credential {
        let owner = if n.is_multiple_of(3) || self.world.keys.is_empty() {
            let name = self.service_name();
            let realm = if self.rng.chance(0.8) { NATIVE } else { FILE };
            self.world.account(&name, realm, &["svc"])
        } else {
            self.world.keys[0].owner
        };
        if n.is_multiple_of(3) { Credential::Password(owner) } else { Credential::Key(self.key(owner)) }
    }

    /// A name of a program not used before.
    pub(crate) fn service_name(&mut self) -> String {
        let what = *self.rng.pick(&["ingest", "grafana", "metrics", "curator", "beat", "sync", "report", "billing"]);
        let form = *self.rng.pick(&["svc-", "svc_", "app-", "sa."]);
        format!("{form}{what}{}", self.world.fresh_number())
    }

    /// A healthy key of this account, made well before the log begins.
    pub(crate) fn key(&mut self, owner: u32) -> u32 {
        let name = format!("{}-{}", self.world.accounts[owner as usize].name, self.world.keys.len());
        let age = self.rng.range(30, 300) * 24 * HOUR;
        let mut rng = self.rng.clone();
        let key = self.world.key(&mut rng, &name, owner, self.at - age);
        self.rng = rng;
        key
    }

    /// A new account of a program.
    pub(crate) fn service(&mut self) -> u32 {
        let name = self.service_name();
        self.world.account(&name, NATIVE, &["svc"])
    }

    /// A program of this period at this address; gives its index.
    pub(crate) fn machine_at(&mut self, source: Text, credential: Credential, period: Micros) -> usize {
        let jitter = if self.rng.chance(0.5) { log_uniform(&mut self.rng, 0.001, 0.9) } else { 0.0 };
        let sticks_to = if self.rng.chance(0.2) { Some(self.node()) } else { None };
        self.machines.push(Machine { source, credential, period, jitter, sticks_to });
        self.machines.len() - 1
    }

    /// The log goes on for so long after the beginning.
    pub(crate) fn room(&mut self, span: Micros) {
        self.end = self.end.max(self.at + span);
    }

    /// The log has at least so much history.
    pub(crate) fn history(&mut self, span: Micros) {
        self.start = self.start.min(self.at - span);
    }

    /// A span of time after the beginning: from `shortest` to all that the log has, or to `longest`, for which room is
    /// made at times.
    pub(crate) fn span(&mut self, shortest: Micros, longest: Micros) -> Micros {
        if self.rng.chance(0.5) {
            let wanted = log_uniform(&mut self.rng, shortest as f64, longest as f64) as Micros;
            self.room(wanted + wanted / 10);
            return wanted;
        }
        let most = (self.end - self.at).clamp(shortest, longest);
        self.room(most);
        log_uniform(&mut self.rng, shortest as f64, most as f64 + 1.0) as Micros
    }

    /// Any node.
    pub(crate) fn node(&mut self) -> u16 {
        self.rng.index(self.world.nodes.len()) as u16
    }

    /// A moment between these shares of the log.
    pub(crate) fn moment(&mut self, low: f64, high: f64) -> Micros {
        let length = (self.end - self.start) as f64;
        self.start + (length * (low + self.rng.unit() * (high - low))) as Micros
    }

    /// A person, by chance.
    pub(crate) fn somebody(&mut self) -> Person {
        let at = self.rng.index(self.people.len());
        self.people[at].clone()
    }

    /// So many different persons (or all of them).
    pub(crate) fn some(&mut self, count: usize) -> Vec<Person> {
        let mut order: Vec<usize> = (0..self.people.len()).collect();
        for at in 0..count.min(order.len()) {
            let other = at + self.rng.index(order.len() - at);
            order.swap(at, other);
        }
        order.truncate(count);
        order.into_iter().map(|at| self.people[at].clone()).collect()
    }

    /// Plans an act at any node.
    pub(crate) fn act(&mut self, time: Micros, source: Text, what: What, tag: Option<u16>) -> &mut Act {
        let node = self.node();
        let mut act = Act::new(time, node, source, what);
        act.incident = tag;
        self.acts.push(act);
        let last = self.acts.len() - 1;
        &mut self.acts[last]
    }

    /// Plans a wrong password.
    pub(crate) fn wrong(&mut self, time: Micros, source: Text, name: Text, account: Option<u32>, tag: Option<u16>) {
        self.act(time, source, What::Login { name, account, right: false }, tag);
    }

    /// Plans a right password.
    pub(crate) fn right(&mut self, time: Micros, source: Text, account: u32, tag: Option<u16>) {
        let name = self.world.accounts[account as usize].name;
        self.act(time, source, What::Login { name, account: Some(account), right: true }, tag);
    }

    /// Plans a security change.
    pub(crate) fn change(&mut self, time: Micros, source: Text, change: Change, tag: Option<u16>) {
        let index = self.changes.len() as u32;
        self.changes.push(change);
        self.act(time, source, What::Change(index), tag);
    }

    /// The name of an account.
    pub(crate) fn name(&self, account: u32) -> Text {
        self.world.accounts[account as usize].name
    }

    /// A realm's index.
    pub(crate) fn realm(&self, account: u32) -> u8 {
        self.world.accounts[account as usize].realm
    }

    /// Adds an incident; gives its tag.
    pub(crate) fn incident(&mut self, incident: Incident) -> u16 {
        self.truth.incidents.push(incident);
        (self.truth.incidents.len() - 1) as u16
    }

    /// Says what no finding may be about.
    pub(crate) fn must_not(&mut self, what: Text, principals: Vec<Text>, sources: Vec<Text>, hostile_only: bool) {
        self.truth.must_not.push(Negative { what, principals, sources, hostile_only });
    }

    /// Ordinary life as a source of chance, over the log as long as it is now.
    pub(crate) fn null(&self) -> Null {
        Null::new(self.life, self.end - self.start)
    }

    /// Where an attacker of these addresses stands for the null: behind an address that everybody has, or anew.
    pub(crate) fn from(&self, sources: &[Text]) -> From {
        let shared = sources.iter().any(|s| *s == self.kibana || *s == self.nat || self.shared.contains(s));
        if shared { From::Known } else { From::New(sources.len()) }
    }

    /// Whether the server log says why on all nodes.
    pub(crate) fn told_why(&self) -> bool {
        self.logging.iter().all(|l| l.server_log)
    }

    /// Whether a success shows on all nodes.
    pub(crate) fn shows_success(&self) -> bool {
        self.logging.iter().all(|l| l.shows_success())
    }

    /// So many of something, evenly on a logarithmic scale.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        log_count(&mut self.rng, low, high)
    }

    /// The options that the writers of lines are made from.
    pub(crate) fn args(&self) -> Arc<Args> {
        let mut args = Args::parse_from(["esaudit-gen", "--out", ".", "--server-log"]);
        args.seed = self.seed;
        args.format_version = self.form.version;
        args.server_format = self.form.server;
        args.set_shape(self.form.shape);
        Arc::new(args)
    }
}

fn node(number: u16, form: Form, rng: &mut Rng) -> Node {
    Node {
        name: keep(format!("prod-es-{number}")),
        id: uuid(rng),
        address: keep(format!("10.10.0.{}", 10 + number)),
        realms: vec![RESERVED, FILE, NATIVE, LDAP],
        // The model makes every event; what a node leaves out is left out when it is written.
        logs_realm_failures: true,
        logs_successes: true,
        shows_name: form.names_nodes,
        // Well-kept clocks differ by milliseconds, some by a second.
        clock_error: if rng.chance(0.9) { rng.range(-6_000, 6_000) } else { rng.range(-SECOND, SECOND) },
    }
}

/// Whether server lines name the keys that they are about: from about 8.8 on.
pub(crate) fn names_keys(form: Form) -> bool {
    form.version == FormatVersion::V8
}

/// A short while: a person's gap between two tries.
pub(crate) fn moments(rng: &mut Rng) -> Micros {
    rng.range(2 * SECOND, 25 * SECOND) + if rng.chance(0.1) { rng.range(0, 5 * MINUTE) } else { 0 }
}
