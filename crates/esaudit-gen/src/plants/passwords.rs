//! Attacks on passwords that show within minutes or hours.

use super::{Plant, Plot};
use crate::changes::Change;
use crate::cli::Strength;
use crate::event::{LDAP, NATIVE};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text, keep};
use crate::traffic::What;
use crate::world::Credential;

/// Names that exist nowhere.
const STRANGERS: [&str; 12] = [
    "admin",
    "root",
    "test",
    "postgres",
    "oracle",
    "guest",
    "administrator",
    "user",
    "ftp",
    "jenkins",
    "tomcat",
    "ubuntu",
];

impl Plot<'_> {
    /// A person with an account; every second one in LDAP, if all nodes have that.
    fn person(&mut self) -> (Text, u32) {
        let name = self.world.fresh_person();
        let everywhere = self.world.nodes.iter().all(|n| n.realms.contains(&LDAP));
        let realm = if everywhere && self.rng.chance(0.5) { LDAP } else { NATIVE };
        let account = self.world.account(&name, realm, &["logs_read"]);
        (self.world.accounts[account as usize].name, account)
    }

    /// A name as a list from elsewhere has it: sometimes of a person, mostly of nobody here.
    fn listed_name(&mut self, exists: f64) -> (Text, Option<u32>) {
        if self.rng.chance(exists) {
            let (name, account) = self.person();
            return (name, Some(account));
        }
        let number = self.world.fresh_number();
        let name = match number % 3 {
            0 => format!("{}{number}", self.rng.pick(&STRANGERS)),
            _ => self.world.fresh_person(),
        };
        (keep(name), None)
    }

    fn guess(&mut self, time: Micros, source: Text, (name, account): (Text, Option<u32>)) {
        let node = self.node();
        self.act(time, node, source, What::Login { name, account, right: false });
    }
}

/// One source tries many passwords of one account.
pub(crate) static GUESSING: Plant = Plant {
    kind: "password_guessing",
    verdicts: &["hostile"],
    doc: "One outside source, one existing account, 4, 12, 60 or 600 tries at irregular gaps within 9 minutes (fail2ban: 5 in 10 min; Wazuh: 8 in 120 s; Elastic: 100 in 60 s).",
    plant: |plot| {
        let tries = plot.by([4, 12, 60, 600]);
        let source = plot.world.outside_source();
        let (name, account) = plot.person();
        let mut time = plot.begin(10 * MINUTE);
        // Quick enough that twelve tries fall within two minutes.
        let gap = if tries < 100 { 7 * SECOND } else { 800_000 };
        for _ in 0..tries {
            plot.guess(time, source, (name, Some(account)));
            time += plot.rng.wait(gap as f64) as Micros;
        }
    },
};

/// One source tries a few passwords of many accounts.
pub(crate) static SPRAYING: Plant = Plant {
    kind: "password_spraying",
    verdicts: &["hostile"],
    doc: "One outside source, 3, 16, 40 or 300 names of which four in ten exist, one to three tries each, over 20 to 50 minutes (Elastic for Okta: 5 users and 15 tries in 1 h from one address over at least 5 min; for Entra: 15 users).",
    plant: |plot| {
        let users = plot.by([3, 16, 40, 300]);
        let rounds = plot.by([1, 2, 2, 3]);
        let source = plot.world.outside_source();
        let names: Vec<_> = (0..users).map(|_| plot.listed_name(0.4)).collect();
        let length = plot.by([20, 25, 40, 50]) * MINUTE;
        let begin = plot.begin(length);
        for round in 0..rounds {
            for (n, name) in names.iter().enumerate() {
                let slot = length / i64::from(rounds) / users as i64;
                let time = begin + (round as i64 * users as i64 + n as i64) * slot + plot.rng.range(0, slot);
                plot.guess(time, source, *name);
            }
        }
    },
};

/// Many sources try leaked pairs of name and password, about once each.
pub(crate) static STUFFING: Plant = Plant {
    kind: "credential_stuffing",
    verdicts: &["hostile"],
    doc: "2, 12, 40 or 300 outside sources, 4, 34, 160 or 2000 names, about one try each, within 12 minutes (Elastic for Entra: 10 users, 30 events, 5 addresses, more users than addresses).",
    plant: |plot| {
        let sources: Vec<Text> = (0..plot.by([2, 12, 40, 300])).map(|_| plot.world.outside_source()).collect();
        let users = plot.by([4, 34, 160, 2000]);
        let length = 12 * MINUTE;
        let begin = plot.begin(length);
        for n in 0..users {
            let name = plot.listed_name(0.05);
            let source = sources[n % sources.len()];
            let time = begin + plot.rng.range(0, length);
            plot.guess(time, source, name);
            if plot.rng.chance(0.1) {
                plot.guess(time + 900_000, source, name);
            }
        }
    },
};

/// Failures of an account from a source, then its success from there.
pub(crate) static COMPROMISE: Plant = Plant {
    kind: "account_compromise",
    verdicts: &["hostile"],
    doc: "3, 24, 40 or 120 failures of an existing account from one outside source within 15 minutes, then its success and its work from there; from normal on it also makes an API key, and in the strong case a superuser (Timesketch: 20 failures in the hour before a success).",
    plant: |plot| {
        let tries = plot.by([3, 24, 40, 120]);
        let source = plot.world.outside_source();
        let (name, account) = plot.person();
        let begin = plot.begin(HOUR);
        let mut time = begin;
        for _ in 0..tries {
            plot.guess(time, source, (name, Some(account)));
            time += (plot.rng.wait(14.0 * MINUTE as f64 / f64::from(tries)) as Micros).min(2 * MINUTE);
        }
        plot.incident.cause_at = Some(time);
        for _ in 0..12 {
            let node = plot.node();
            plot.act(time, node, source, What::Use(Credential::Password(account)));
            time += plot.rng.range(2 * SECOND, 40 * SECOND);
        }
        if matches!(plot.strength, Strength::Normal | Strength::Strong) {
            let key = plot.world.key(&mut plot.rng, "backup-sync", account, time);
            let (id, key_name) = (plot.world.keys[key as usize].id, plot.world.keys[key as usize].name);
            plot.change(time, source, Change::create_key(account, (key, id, key_name), true, None));
            plot.incident.keys.push(key);
            for n in 1..10 {
                let node = plot.node();
                plot.act(time + n * 30 * SECOND, node, source, What::Use(Credential::Key(key)));
            }
        }
        if plot.strength == Strength::Strong {
            plot.change(time + 20 * SECOND, source, Change::put_user(account, "sys_backup", &["superuser"]));
        }
        plot.incident.may_also = vec!["password_guessing"];
    },
};
