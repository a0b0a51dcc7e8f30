//! The modelled cluster: its nodes, accounts, API keys and the clients that use them.

use crate::cli::{Args, names};
use crate::event::{FILE, LDAP, NATIVE, RESERVED};
use crate::population::Population;
use crate::rng::Rng;
use crate::text::{HOUR, Micros, Text, document_id, keep, quoted_list, uuid};

/// One Elasticsearch node and its audit settings.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: Text,
    pub(crate) id: Text,
    /// Its own address, seen as origin of transport requests that it coordinates.
    pub(crate) address: Text,
    /// Indexes of the realms configured on it, in order.
    pub(crate) realms: Vec<u8>,
    /// `realm_authentication_failed` is in its `xpack.security.audit.logfile.events.include`.
    pub(crate) logs_realm_failures: bool,
    /// `authentication_success` is.
    pub(crate) logs_successes: bool,
    /// `xpack.security.audit.logfile.emit_node_name`.
    pub(crate) shows_name: bool,
    /// How far its clock is ahead.
    pub(crate) clock_error: Micros,
}

/// A user that exists.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: Text,
    /// Index of the realm it lives in.
    pub(crate) realm: u8,
    /// Its roles, a JSON array.
    pub(crate) roles: Text,
    pub(crate) disabled: bool,
}

/// An API key, whether or not this cluster knows it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: Text,
    pub(crate) name: Text,
    /// Index of the account that made it.
    pub(crate) owner: u32,
    pub(crate) created: Micros,
    pub(crate) expires: Option<Micros>,
    /// When, and by which account, it is invalidated.
    pub(crate) invalidated: Option<(Micros, u32)>,
    pub(crate) cross_cluster: bool,
    /// False if the key is not in this cluster's security index.
    pub(crate) known: bool,
    /// What its role descriptors lack.
    pub(crate) lacks: bool,
}

/// What a client sends to prove who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Credential {
    /// User name and right password.
    Password(u32),
    /// API key and right secret.
    Key(u32),
    /// A bearer token obtained by this account.
    Token(u32),
    /// A service account (`namespace/service`) and the name of its token.
    Service(Text, Text),
}

/// A program or person at an address.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) source: Text,
    pub(crate) credential: Credential,
    /// It acts for somebody else (`es-security-runas-user`).
    pub(crate) runs_as: Option<u32>,
    /// `X-Forwarded-For` that its proxy adds.
    pub(crate) forwarded: Option<Text>,
    /// `X-Opaque-Id`.
    pub(crate) opaque: Option<Text>,
    /// It sends a `traceparent` header.
    pub(crate) traces: bool,
    /// Relative share of the traffic.
    pub(crate) weight: u32,
}

/// Everything that exists, as opposed to what happens.
pub(crate) struct World {
    pub(crate) cluster: Text,
    pub(crate) cluster_name: Text,
    pub(crate) nodes: Vec<Node>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: Vec<Key>,
    pub(crate) clients: Vec<Client>,
    /// People at their own machines: accounts that mistype.
    pub(crate) people: Vec<u32>,
    /// The account that makes ordinary security changes.
    pub(crate) admin: u32,
    /// Where it works.
    pub(crate) admin_source: Text,
    /// Pools of the ambient failures, bounded so that the truth stays small however long the log is: names, and the
    /// account of that name if there is one.
    pub(crate) ambient_names: Vec<(Text, Option<u32>)>,
    /// Their addresses.
    pub(crate) ambient_sources: Vec<Text>,
    /// Those who make the requests, where options ask for many.
    pub(crate) population: Option<Population>,
    /// Rises with every fresh name or address, so that no two incidents share one by accident.
    fresh: u32,
}

/// Address of the monitoring probe that sends no credentials.
pub(crate) const PROBE: Text = "10.20.0.5";
/// The reverse proxy through which some applications come.
pub(crate) const PROXY: Text = "10.20.0.250";

const FIRST: [&str; 24] = [
    "anna", "ben", "clara", "david", "elif", "farid", "greta", "hugo", "ines", "jonas", "kira", "luca", "maria",
    "nils", "olga", "paul", "rosa", "simon", "tara", "umut", "vera", "wim", "yara", "zoe",
];
const LAST: [&str; 20] = [
    "weber",
    "silva",
    "novak",
    "okafor",
    "tanaka",
    "moreau",
    "rossi",
    "kovacs",
    "jensen",
    "haddad",
    "nguyen",
    "fischer",
    "patel",
    "santos",
    "lindqvist",
    "byrne",
    "costa",
    "dubois",
    "erdogan",
    "ivanov",
];

impl World {
    /// The cluster of these options.
    pub(crate) fn new(args: &Args, start: Micros) -> Self {
        let mut rng = Rng::named(args.seed, "world");
        let nodes = (1..=args.nodes).map(|n| Self::node(args, n, &mut rng)).collect();
        let mut world = Self::of_nodes(uuid(&mut rng), nodes);
        world.reserved_users();
        world.services(&mut rng, start);
        world.staff(&mut rng);
        world.ambient();
        world.population = Population::new(args, &mut world, &mut rng, start);
        world
    }

    /// A cluster with these nodes and nothing else.
    pub(crate) fn of_nodes(cluster: Text, nodes: Vec<Node>) -> Self {
        Self {
            cluster,
            cluster_name: "prod",
            nodes,
            accounts: Vec::new(),
            keys: Vec::new(),
            clients: Vec::new(),
            people: Vec::new(),
            admin: 0,
            admin_source: "10.30.0.10",
            ambient_names: Vec::new(),
            ambient_sources: Vec::new(),
            population: None,
            fresh: 0,
        }
    }

    fn node(args: &Args, number: u16, rng: &mut Rng) -> Node {
        let name = keep(format!("es-{number}"));
        Node {
            name,
            id: uuid(rng),
            address: keep(format!("10.10.{}.{}", number / 200, 10 + number % 200)),
            realms: vec![RESERVED, FILE, NATIVE, LDAP],
            logs_realm_failures: !names(&args.no_realm_events, name),
            logs_successes: names(&args.log_successes, name),
            shows_name: names(&args.show_node_name, name),
            // Well-kept clocks still differ by a few milliseconds.
            clock_error: rng.range(-6_000, 6_000),
        }
    }

    /// Adds an account.
    pub(crate) fn account(&mut self, name: &str, realm: u8, roles: &[&str]) -> u32 {
        self.accounts.push(Account { name: keep(name), realm, roles: keep(quoted_list(roles)), disabled: false });
        (self.accounts.len() - 1) as u32
    }

    /// Adds a healthy API key.
    pub(crate) fn key(&mut self, rng: &mut Rng, name: &str, owner: u32, created: Micros) -> u32 {
        self.keys.push(Key {
            id: document_id(rng),
            name: keep(name),
            owner,
            created,
            expires: None,
            invalidated: None,
            cross_cluster: false,
            known: true,
            lacks: false,
        });
        (self.keys.len() - 1) as u32
    }

    /// A number not given out before.
    pub(crate) fn fresh_number(&mut self) -> u32 {
        self.fresh += 1;
        self.fresh
    }

    /// A person's name not used before.
    pub(crate) fn fresh_person(&mut self) -> String {
        let n = self.fresh_number() as usize;
        let first = FIRST[n % FIRST.len()];
        let last = LAST[n / FIRST.len() % LAST.len()];
        let round = n / (FIRST.len() * LAST.len());
        if round == 0 { format!("{first}.{last}") } else { format!("{first}.{last}{round}") }
    }

    /// An address of the company not used before.
    pub(crate) fn inside_source(&mut self) -> Text {
        let n = self.fresh_number();
        keep(format!("10.{}.{}.{}", 40 + n / 50_000, n / 200 % 250, 20 + n % 200))
    }

    /// An address of the outside world not used before, mostly IPv4 (from the documentation ranges of RFC 5737 and
    /// the benchmarking range of RFC 2544).
    pub(crate) fn outside_source(&mut self) -> Text {
        let n = self.fresh_number();
        match n % 16 {
            0 => keep(format!("2001:db8:{:x}::{:x}", 1 + n / 16 % 4096, 16 + n % 4096)),
            1..=2 if n < 2000 => keep(format!("203.0.113.{}", 1 + n / 8 % 250)),
            _ => keep(format!("198.{}.{}.{}", 18 + n / 60_000 % 2, n / 240 % 250, 5 + n % 240)),
        }
    }

    /// True of the addresses that [`World::outside_source`] gives.
    pub(crate) fn is_outside(source: &str) -> bool {
        ["198.", "203.", "2001:"].iter().any(|start| source.starts_with(start))
    }

    fn client(&mut self, source: Text, credential: Credential, weight: u32) -> &mut Client {
        let at = self.clients.len();
        self.clients.push(Client {
            source,
            credential,
            runs_as: None,
            forwarded: None,
            opaque: None,
            traces: false,
            weight,
        });
        &mut self.clients[at]
    }

    fn reserved_users(&mut self) {
        self.account("elastic", RESERVED, &["superuser"]);
        let kibana = self.account("kibana_system", RESERVED, &["kibana_system"]);
        let logstash = self.account("logstash_system", RESERVED, &["logstash_system"]);
        let beats = self.account("beats_system", RESERVED, &["beats_system"]);
        self.account("apm_system", RESERVED, &["apm_system"]);
        self.account("remote_monitoring_user", RESERVED, &["remote_monitoring_collector", "remote_monitoring_agent"]);
        self.client("10.20.0.11", Credential::Password(kibana), 30).opaque = Some("kibana");
        self.client("10.20.0.12", Credential::Password(kibana), 15).traces = true;
        self.client("10.20.0.21", Credential::Password(logstash), 4);
        self.client("::1", Credential::Password(beats), 2);
    }

    /// Applications: native and file accounts, API keys, tokens, service accounts.
    fn services(&mut self, rng: &mut Rng, start: Micros) {
        self.account("recovery_admin", FILE, &["superuser"]);
        let file = self.account("backup_agent", FILE, &["snapshot_user"]);
        self.client("10.20.1.5", Credential::Password(file), 3);
        for (n, name) in ["svc-ingest", "svc-reporting", "svc-search", "svc-billing"].iter().enumerate() {
            let account = self.account(name, NATIVE, &[&format!("{name}-role"), "monitoring_user"]);
            for host in 0..2 {
                let source = keep(format!("10.20.2.{}", 10 + n * 4 + host));
                self.client(source, Credential::Password(account), 8).opaque =
                    if n == 1 { Some("reporting") } else { None };
            }
            for k in 0..3 {
                let key = self.key(rng, &format!("{}-{k}", &name[4..]), account, start - (40 + 17 * k) * 24 * HOUR);
                for host in 0..2 {
                    let source = keep(format!("10.20.3.{}", 10 + n * 8 + k as usize * 2 + host));
                    let client = self.client(source, Credential::Key(key), 8);
                    client.traces = k == 1;
                    if k == 2 {
                        client.forwarded = Some(keep(format!("192.168.{n}.{}", 40 + host)));
                        client.source = PROXY;
                    }
                }
            }
        }
        let portal = self.account("portal", NATIVE, &["portal_role"]);
        let shopper = self.account("shopper", NATIVE, &["shop_read"]);
        self.client("10.20.4.7", Credential::Password(portal), 3).runs_as = Some(shopper);
        self.client("10.20.4.8", Credential::Token(portal), 4);
        self.client("10.20.5.2", Credential::Service("elastic/fleet-server", "token-a"), 5);
    }

    /// People: LDAP and native accounts at their own machines.
    fn staff(&mut self, rng: &mut Rng) {
        self.admin = self.account("root.admin", NATIVE, &["superuser"]);
        self.client(self.admin_source, Credential::Password(self.admin), 2);
        for n in 0..40 {
            let name = self.fresh_person();
            let realm = if rng.chance(0.7) { LDAP } else { NATIVE };
            let account = self.account(&name, realm, &["kibana_user", "logs_read"]);
            self.people.push(account);
            self.client(keep(format!("10.30.{}.{}", n / 20, 20 + n)), Credential::Password(account), 1);
        }
    }

    fn ambient(&mut self) {
        for n in 0..250 {
            let name = self.fresh_person();
            let account =
                (n % 2 == 0).then(|| self.account(&name, if n % 4 == 0 { LDAP } else { NATIVE }, &["logs_read"]));
            if let Some(account) = account.filter(|_| n % 20 == 0) {
                self.accounts[account as usize].disabled = true;
            }
            self.ambient_names.push((keep(name), account));
            let source = self.inside_source();
            self.ambient_sources.push(source);
        }
        for n in 0..50 {
            let source = self.outside_source();
            self.ambient_sources.push(source);
            self.ambient_names.push((keep(format!("host-{n}$")), None));
        }
        // Whatever a client sends stands in the log: a terminal's control sequences, a quote, a direction override.
        for name in
            ["\u{1b}[31mroot\u{1b}[0m", "a\"b\\c", "user\u{202e}nimda", "tab\there\nnew", "用户", "=1+1", "<b>x</b>"]
        {
            self.ambient_names.push((name, None));
        }
    }

    /// The account of this name.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.accounts.iter().position(|a| a.name == name).map(|at| at as u32)
    }
}
