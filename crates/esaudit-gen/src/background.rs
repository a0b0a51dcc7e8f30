//! What goes on when nothing is wrong, and ambient failures of no particular meaning.

use crate::changes::Change;
use crate::cli::Args;
use crate::event::{NATIVE, Record, ServerLine};
use crate::rng::Rng;
use crate::text::{HOUR, Micros, SECOND, Text, keep};
use crate::traffic::{Act, Odd, Traffic, What};
use crate::workload;
use crate::world::{Credential, PROBE, World};

/// The stream of ordinary requests.
pub(crate) struct Background {
    rng: Rng,
    /// When the next request reaches each node.
    next: Vec<Micros>,
    /// When the next unremarkable server line is written on each node.
    next_server: Vec<Micros>,
    server_rate: f64,
    /// Requests per second and node.
    rate: f64,
    /// Audit lines that an ordinary request makes, before any was seen.
    ordinary: f64,
    /// Chance that a request is an ambient failure, per node.
    failing: Vec<f64>,
    /// Running sums of the clients' weights, for drawing one.
    weights: Vec<u32>,
}

/// Unremarkable server-log lines: logger and message.
const SERVER_NOISE: [(Text, Text); 4] = [
    (
        "org.elasticsearch.cluster.metadata.MetadataMappingService",
        "[logs-app-prod/2kVvG0ZkS0qk0dyoBzE1mA] update_mapping [_doc]",
    ),
    (
        "org.elasticsearch.monitor.jvm.JvmGcMonitorService",
        "[gc][318412] overhead, spent [301ms] collecting in the last [1s]",
    ),
    (
        "org.elasticsearch.xpack.ilm.IndexLifecycleTransition",
        "moving index [logs-app-000031] from [{\"phase\":\"hot\",\"action\":\"rollover\",\"name\":\"check-rollover-ready\"}] to [null] in policy [logs]",
    ),
    (
        "org.elasticsearch.cluster.service.ClusterApplierService",
        "node-left and node-join tasks processed, authentication state unchanged",
    ),
];

impl Background {
    /// The background of these options; `rate` is in audit lines per second and node.
    pub(crate) fn new(args: &Args, world: &World, start: Micros, rate: f64) -> Self {
        let mut rng = Rng::named(args.seed, "background");
        let share = args.failure_share.clamp(0.0, 0.95);
        let ordinary = workload::mean_lines(args.decisions);
        let failing = world.nodes.iter().map(|node| {
            // Seven in ten ambient failures are logins, which write four more lines where realm failures are logged.
            let lines = if node.logs_realm_failures { 0.7 * 4.6 + 0.3 } else { 1.0 };
            share * ordinary / (share * ordinary + (1.0 - share) * lines)
        });
        let failing = failing.collect();
        let mut sum = 0;
        let weights = world.clients.iter().map(|c| {
            sum += c.weight;
            sum
        });
        let weights = weights.collect();
        let next = world.nodes.iter().map(|_| start + rng.range(0, SECOND)).collect();
        let next_server = world.nodes.iter().map(|_| start + rng.range(0, 30 * SECOND)).collect();
        Self {
            rng,
            next,
            next_server,
            server_rate: args.server_rate,
            rate: rate / ordinary,
            ordinary,
            failing,
            weights,
        }
    }

    /// Sets the rate in audit lines per second and node from a time on; `mean` is how many lines a request makes, where
    /// that was seen.
    pub(crate) fn steer(&mut self, now: Micros, rate: f64, mean: Option<f64>) {
        self.rate = rate / mean.unwrap_or(self.ordinary);
        let gap = SECOND as f64 / self.rate;
        for next in &mut self.next {
            // Independent arrivals: how long the last one waited already says nothing. No rate, no arrival.
            *next = now.saturating_add(self.rng.wait(gap) as Micros);
        }
    }

    /// The present rate, in audit lines per second and node.
    pub(crate) fn lines_per_second(&self) -> f64 {
        self.rate * self.ordinary
    }

    /// Adds the requests that begin before `until`.
    pub(crate) fn fill(&mut self, world: &World, until: Micros, acts: &mut Vec<Act>) {
        if self.rate <= 0.0 {
            return;
        }
        let gap = SECOND as f64 / self.rate;
        for node in 0..self.next.len() {
            while self.next[node] < until {
                let act = if self.failing[node] > 0.0 && self.rng.chance(self.failing[node]) {
                    self.ambient(world, self.next[node], node as u16)
                } else {
                    self.ordinary(world, self.next[node], node as u16)
                };
                acts.push(act);
                // A rate near zero waits beyond the end of time.
                self.next[node] = self.next[node].saturating_add((self.rng.wait(gap) as Micros).max(1));
            }
        }
    }

    fn ordinary(&mut self, world: &World, time: Micros, node: u16) -> Act {
        if let Some(population) = &world.population {
            return population.request(&mut self.rng, time, node);
        }
        loop {
            let ticket = self.rng.below(u64::from(self.weights.last().copied().unwrap_or(1))) as u32;
            let client = &world.clients[self.weights.partition_point(|w| *w <= ticket)];
            let realm = match client.credential {
                Credential::Password(account) => Some(world.accounts[account as usize].realm),
                _ => None,
            };
            // A client of a realm that this node lacks is sent to other nodes.
            if realm.is_none_or(|r| world.nodes[usize::from(node)].realms.contains(&r)) {
                return Act::of(client, time, node);
            }
        }
    }

    fn ambient(&mut self, world: &World, time: Micros, node: u16) -> Act {
        let place = self.rng.index(world.ambient_sources.len());
        let source = world.ambient_sources[place];
        // A client is set up with one key.
        let key = (place % 12) as u32;
        let draw = self.rng.below(100);
        if let Some(population) = &world.population
            && draw < 70
        {
            return population.mistake(world, &mut self.rng, time, node);
        }
        let what = match draw {
            0..62 => {
                let (name, account) = *self.rng.pick(&world.ambient_names);
                // Only a disabled account fails with the right password.
                let right = account.is_some_and(|a| world.accounts[a as usize].disabled);
                What::Login { name, account, right }
            }
            62..70 => {
                let account = self.rng.index(6) as u32;
                What::Login { name: world.accounts[account as usize].name, account: Some(account), right: false }
            }
            70..72 => What::Malformed,
            72..74 => What::BadServiceToken("elastic/fleet-server", "token-old"),
            74..80 => What::WrongSecret(key),
            80..81 => What::Filtered,
            81..82 => What::Tampered,
            82..85 => {
                let name = self.rng.pick(&world.ambient_names).0;
                let odd = [
                    Odd::DirectoryDown(name),
                    Odd::Unlicensed(name),
                    Odd::KeyError(key),
                    Odd::Busy(key),
                    Odd::InvalidToken,
                ];
                What::Odd(*self.rng.pick(&odd))
            }
            _ => What::Bare,
        };
        let act = Act { traces: self.rng.chance(0.2), ..Act::new(time, node, source, what) };
        if self.rng.chance(0.1) { act.through_proxy() } else { act }
    }

    /// Adds the unremarkable server lines before `until`.
    pub(crate) fn server_noise(&mut self, until: Micros, traffic: &mut Traffic) {
        if self.server_rate <= 0.0 {
            return;
        }
        let gap = SECOND as f64 / self.server_rate;
        for node in 0..self.next_server.len() {
            while self.next_server[node] < until {
                let (logger, message) = *self.rng.pick(&SERVER_NOISE);
                let time = self.next_server[node];
                self.next_server[node] += (self.rng.wait(gap) as Micros).max(1);
                if traffic.has_server_log(node) {
                    let line = ServerLine { time, level: "INFO", logger, message: message.to_owned(), trace: None };
                    traffic.pending[node].push(Record::Server(line));
                }
            }
        }
    }
}

/// Benign events planned ahead: a probe without credentials on every node twice a minute, people who mistype once or
/// twice and then get in, and the day-to-day changes of an administrator.
pub(crate) fn benign(
    args: &Args,
    world: &mut World,
    changes: &mut Vec<Change>,
    start: Micros,
    end: Micros,
) -> Vec<Act> {
    let mut rng = Rng::named(args.seed, "benign");
    let mut acts = Vec::new();
    if args.noise <= 0.0 {
        return acts;
    }
    for node in 0..world.nodes.len() as u16 {
        let gap = (30.0 * SECOND as f64 / args.noise.min(1.0)) as Micros;
        let mut time = start + rng.range(0, gap);
        while time < end {
            acts.push(Act::new(time + rng.range(-40_000, 40_000), node, PROBE, What::Bare));
            time += gap;
        }
    }
    mistypes(&mut rng, world, args.noise, (start, end), &mut acts);
    administration(&mut rng, world, changes, args.noise, (start, end), &mut acts);
    acts.retain(|a| a.time >= start && a.time < end);
    acts
}

fn mistypes(rng: &mut Rng, world: &World, noise: f64, span: (Micros, Micros), acts: &mut Vec<Act>) {
    // Each person has a bad moment every second day or so.
    let gap = 48.0 * HOUR as f64 / (noise * world.people.len() as f64);
    let mut time = span.0 + rng.wait(gap) as Micros;
    while time < span.1 {
        let account = *rng.pick(&world.people);
        let person = &world.accounts[account as usize];
        let source =
            world.clients.iter().find(|c| c.credential == Credential::Password(account)).map_or(PROBE, |c| c.source);
        let homes: Vec<u16> = (0..world.nodes.len() as u16)
            .filter(|n| world.nodes[usize::from(*n)].realms.contains(&person.realm))
            .collect();
        let node = homes.get(rng.index(homes.len())).copied().unwrap_or(0);
        let mut at = time;
        for _ in 0..rng.range(1, 3) {
            acts.push(Act::new(
                at,
                node,
                source,
                What::Login { name: person.name, account: Some(account), right: false },
            ));
            at += rng.range(5 * SECOND, 25 * SECOND);
        }
        if at < span.1 {
            acts.push(Act::new(at, node, source, What::Use(Credential::Password(account))));
        }
        time += rng.wait(gap) as Micros;
    }
}

fn administration(
    rng: &mut Rng,
    world: &mut World,
    changes: &mut Vec<Change>,
    noise: f64,
    span: (Micros, Micros),
    acts: &mut Vec<Act>,
) {
    let gap = 2.5 * HOUR as f64 / noise;
    let admin = world.admin;
    let mut time = span.0 + rng.wait(gap) as Micros;
    let mut spare: Vec<u32> = Vec::new();
    while time < span.1 {
        let number = world.fresh_number();
        let change = match rng.below(9) {
            0..3 => {
                let expiration = rng.chance(0.5).then_some("90d");
                let key = world.key(rng, &format!("ci-{number}"), admin, time);
                world.keys[key as usize].expires = expiration.map(|_| time + 90 * 24 * HOUR);
                spare.push(key);
                let (id, name) = (world.keys[key as usize].id, world.keys[key as usize].name);
                Change::create_key(admin, (key, id, name), rng.chance(0.6), expiration)
            }
            3 if !spare.is_empty() => {
                // A key that nobody uses: retired in order.
                let key = spare.swap_remove(rng.index(spare.len()));
                world.keys[key as usize].invalidated = Some((time, admin));
                let (id, name) = (world.keys[key as usize].id, world.keys[key as usize].name);
                if rng.chance(0.5) {
                    Change::invalidate_ids(admin, &[(key, id)])
                } else {
                    Change::invalidate_name(admin, name, vec![key])
                }
            }
            4 => Change::put_role(admin, keep(format!("team-{number}"))),
            5 => Change::put_user(admin, keep(world.fresh_person()), &["viewer"]),
            6 => Change::service_token(admin, keep(format!("token-{number}"))),
            // A fresh account, so that nobody's stored password becomes stale.
            other => {
                let name = world.fresh_person();
                let account = world.account(&name, NATIVE, &["viewer"]);
                let name = world.accounts[account as usize].name;
                if other == 7 { Change::password(admin, name) } else { Change::disable(admin, name) }
            }
        };
        let node = rng.index(world.nodes.len()) as u16;
        changes.push(Change { enriched: rng.chance(0.1), ..change });
        acts.push(Act::new(time, node, world.admin_source, What::Change((changes.len() - 1) as u32)));
        time += rng.wait(gap) as Micros;
    }
}
