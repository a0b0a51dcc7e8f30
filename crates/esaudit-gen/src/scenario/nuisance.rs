//! What differs between one log and the next and says nothing about its truth. Every number is drawn anew for every
//! scenario, from a distribution that is wider than what one site shows.

use crate::cli::{FormatVersion, ServerFormat};
use crate::rng::Rng;
use crate::scenario::pace::{log_count, log_uniform};
use crate::shapes::Shape;
use crate::text::{HOUR, MINUTE, Micros};

/// What a node writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Logging {
    /// `realm_authentication_failed`: off by default in every release, switched on by those who were told to.
    pub(crate) realm_failures: bool,
    /// `authentication_success`: off by default.
    pub(crate) successes: bool,
    /// `access_granted`: on by default, often excluded because it is nearly the whole log.
    pub(crate) access_granted: bool,
    /// The server log was collected too.
    pub(crate) server_log: bool,
}

impl Logging {
    /// One node's settings.
    fn draw(rng: &mut Rng) -> Self {
        Self {
            realm_failures: rng.chance(0.35),
            successes: rng.chance(0.25),
            access_granted: rng.chance(0.85),
            server_log: rng.chance(0.7),
        }
    }

    /// The settings of all nodes: mostly one file for all, but a fifth of the sites have nodes that differ.
    pub(crate) fn of_nodes(rng: &mut Rng, nodes: usize) -> Vec<Self> {
        let one = Self::draw(rng);
        let uneven = rng.chance(0.2);
        (0..nodes).map(|_| if uneven && rng.chance(0.5) { Self::draw(rng) } else { one }).collect()
    }

    /// Whether a success can be seen at all.
    pub(crate) fn shows_success(self) -> bool {
        self.successes || self.access_granted
    }
}

/// How people reach the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Front {
    /// Each from his own addresses.
    Direct,
    /// All through Kibana, which may name the client in `X-Forwarded-For`.
    Kibana { forwards: bool },
    /// All through the office's one address.
    Nat,
    /// Some directly and some through Kibana.
    Both,
}

/// Whether people come by IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum V6 {
    /// They don't.
    None,
    /// From home, each from a /64.
    Homes,
    /// From an office, all of which is one /64.
    Office,
}

/// How ordinary people and machines of this site live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Accounts of people: 10 to 5,000 evenly on a logarithmic scale, one site in two hundred 50,000.
    pub(crate) people: usize,
    /// Machines with a password or a key of their own.
    pub(crate) machines: usize,
    /// Logins of people in the whole log: what the log's size is bounded by, so that hundreds of logs can be judged.
    pub(crate) logins: usize,
    /// Requests of machines in the whole log.
    pub(crate) requests: usize,
    /// Mean share of logins that begin with a wrong password, 0.1 to 5 %. Persons differ around it as a beta
    /// distribution, which is what Javed and Paxson (CCS 2013) fitted to legitimate users' failures.
    pub(crate) typo: f64,
    /// Chance that a wrong try is followed by another.
    pub(crate) again: f64,
    /// Share of logins at which the password is forgotten altogether.
    pub(crate) forgets: f64,
    /// Chance that somebody who forgot tries once more.
    pub(crate) insists: f64,
    /// Share of logins with a mistyped name (a name that does not exist).
    pub(crate) misnames: f64,
    /// Share of logins from an address that this account never had before: none to 3 %.
    pub(crate) wanders: f64,
    /// Share of a machine's requests that fail for no lasting reason.
    pub(crate) slips: f64,
    pub(crate) front: Front,
    pub(crate) v6: V6,
    /// Share of people who come by phone, too: none at most sites, else 2 to 50 %.
    pub(crate) phones: f64,
    /// Strangers in the whole log who mistype or have no account at a page for login that anybody can reach: none at most sites,
    /// else 20 to 400.
    pub(crate) strangers: usize,
    /// Assertions of an identity provider that are refused in the whole log: none at most sites, else 5 to 80.
    pub(crate) assertions: usize,
    /// Nobody is inside: a hosted cluster whose clients all have public addresses.
    pub(crate) public: bool,
    /// First hour of work (UTC).
    pub(crate) opens: i64,
    /// Share of logins outside office hours.
    pub(crate) night: f64,
}

impl Life {
    /// One site.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let people = if rng.below(200) == 0 { 50_000 } else { log_count(rng, 10, 5_000) };
        let typo = log_uniform(rng, 0.001, 0.05);
        Self {
            people,
            machines: log_count(rng, 2, 40),
            logins: log_count(rng, 200, 5_000),
            requests: log_count(rng, 200, 5_000),
            typo,
            again: 0.1 + 0.3 * rng.unit(),
            forgets: log_uniform(rng, 1e-5, 5e-4).min(typo),
            insists: 0.6 + 0.28 * rng.unit(),
            misnames: typo * log_uniform(rng, 0.02, 0.3),
            wanders: if rng.chance(0.3) { 0.0 } else { log_uniform(rng, 1e-4, 0.03) },
            slips: if rng.chance(0.5) { 0.0 } else { log_uniform(rng, 1e-5, 1e-3) },
            front: match rng.below(10) {
                0..=4 => Front::Direct,
                5..=6 => Front::Kibana { forwards: rng.chance(0.5) },
                7 => Front::Nat,
                _ => Front::Both,
            },
            v6: match rng.below(16) {
                0 => V6::Homes,
                1 => V6::Office,
                _ => V6::None,
            },
            phones: if rng.chance(0.7) { 0.0 } else { log_uniform(rng, 0.02, 0.5) },
            strangers: if rng.chance(0.88) { 0 } else { log_count(rng, 20, 400) },
            assertions: if rng.chance(0.85) { 0 } else { log_count(rng, 5, 80) },
            public: rng.chance(0.2),
            opens: rng.range(0, 20),
            night: log_uniform(rng, 0.01, 0.4),
        }
    }
}

/// How the log is written and how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) version: FormatVersion,
    pub(crate) server: ServerFormat,
    pub(crate) shape: Shape,
    pub(crate) nodes: u16,
    pub(crate) names_nodes: bool,
    /// History before what happens: ten minutes to three weeks, evenly on a logarithmic scale.
    pub(crate) before: Micros,
    /// Time after it begins: half an hour to four days.
    pub(crate) after: Micros,
}

impl Form {
    /// One log.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let old = rng.chance(0.2);
        let server = match rng.below(8) {
            0 => ServerFormat::Text,
            _ if old => ServerFormat::Json7,
            _ => ServerFormat::Ecs,
        };
        let shape = match rng.below(20) {
            0 => Shape::Ecs,
            1 => Shape::EcsNested,
            2 => Shape::Elasticdump,
            3 => Shape::Docker,
            _ => Shape::Native,
        };
        Self {
            version: if old { FormatVersion::V7 } else { FormatVersion::V8 },
            server,
            shape,
            nodes: 1 + log_count(rng, 1, 7) as u16 - u16::from(rng.chance(0.3)),
            names_nodes: rng.chance(0.3),
            before: log_uniform(rng, (10 * MINUTE) as f64, (21 * 24 * HOUR) as f64) as Micros,
            after: log_uniform(rng, (30 * MINUTE) as f64, (4 * 24 * HOUR) as f64) as Micros,
        }
    }
}
