//! What goes wrong with API keys.

use super::{Plant, Plot};
use crate::changes::Change;
use crate::cli::Strength;
use crate::event::NATIVE;
use crate::rng::Rng;
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::What;
use crate::world::{Credential, World};

/// How many refusals each client of a broken key gets.
const REFUSALS: [usize; 4] = [2, 15, 120, 1500];

impl Plot<'_> {
    /// An application with a key of its own: the key's index.
    fn application_key(&mut self, label: &str) -> u32 {
        let number = self.world.fresh_number();
        let owner = self.world.account(&format!("app-{label}-{number}"), NATIVE, &["app_role"]);
        let created = self.start - 60 * 24 * HOUR;
        let key = self.world.key(&mut self.rng, &format!("{label}-key-{number}"), owner, created);
        self.incident.keys.push(key);
        key
    }

    fn id_of(&self, key: u32) -> (u32, Text) {
        (key, self.world.keys[key as usize].id)
    }

    /// The hosts that run the application: one, or two.
    fn hosts(&mut self) -> Vec<(Text, u16)> {
        let count = self.by([1, 1, 2, 3]);
        (0..count).map(|_| (self.world.inside_source(), self.node())).collect()
    }

    /// How often the application calls.
    fn cadence(&self) -> Micros {
        self.by([30, 30, 30, 6]) * SECOND
    }

    /// The application works until `until`.
    fn works(&mut self, from: Micros, until: Micros, source: Text, node: u16, key: u32) {
        let gap = self.cadence();
        let count = ((until - from) / gap).max(0);
        self.steady(until - count * gap, count as usize, gap, 0.05, |plot, time| {
            plot.act(time.min(until - SECOND), node, source, What::Use(Credential::Key(key)));
        });
    }

    /// The application's key is refused this often from `from` on.
    fn is_refused(&mut self, from: Micros, source: Text, node: u16, what: What) -> Micros {
        let gap = self.cadence();
        let count = self.by(REFUSALS);
        self.steady(from + gap, count, gap, 0.05, |plot, time| plot.act(time, node, source, what))
    }

    /// The key is invalidated by the administrator, by its id or by its name.
    fn invalidate(&mut self, time: Micros, key: u32) {
        let admin = self.world.admin;
        let source = self.world.admin_source;
        self.world.keys[key as usize].invalidated = Some((time, admin));
        let name = self.world.keys[key as usize].name;
        let change = if self.rng.chance(0.6) {
            Change::invalidate_ids(admin, &[self.id_of(key)])
        } else {
            Change::invalidate_name(admin, name, vec![key])
        };
        self.change(time, source, change);
        self.incident.cause_at = Some(time);
    }

    /// A beginning that leaves room for the refusals, and for an hour of work before.
    fn cut(&mut self) -> Micros {
        let length = self.by(REFUSALS) as Micros * self.cadence();
        let begin = self.begin(length);
        begin.max(self.start + (self.length() / 4).min(HOUR))
    }

    /// Several hosts send a key that is refused from the beginning of the incident to its end.
    fn always_refused(&mut self, what: What) {
        let from = self.cut();
        for (source, node) in self.hosts() {
            self.is_refused(from, source, node, what);
        }
    }
}

/// A key is invalidated while it is in use.
pub(crate) static INVALIDATED_IN_USE: Plant = Plant {
    kind: "api_key_invalidated_in_use",
    verdicts: &["operational"],
    doc: "An application's key is invalidated by an administrator while 1 to 3 hosts use it; no new key follows. Each host is refused 2 (and then stops), 15, 120 or 1500 times.",
    plant: |plot| {
        let key = plot.application_key("orders");
        let cut = plot.cut();
        let from = plot.start;
        for (source, node) in plot.hosts() {
            plot.works(from, cut, source, node, key);
            plot.is_refused(cut, source, node, What::Use(Credential::Key(key)));
        }
        plot.invalidate(cut, key);
    },
};

/// A key is invalidated before its replacement is in use.
pub(crate) static ROTATION_OUTAGE: Plant = Plant {
    kind: "api_key_rotation_outage",
    verdicts: &["operational"],
    doc: "A key is invalidated, its replacement is made by the same person half-way through the outage, and the hosts switch to it at its end: after 2, 15, 120 or 1500 refusals each.",
    plant: |plot| {
        let key = plot.application_key("billing");
        let cut = plot.cut();
        let from = plot.start;
        let mut end = cut;
        let hosts = plot.hosts();
        for (source, node) in &hosts {
            plot.works(from, cut, source, *node, key);
            end = end.max(plot.is_refused(cut, source, *node, What::Use(Credential::Key(key))));
        }
        plot.invalidate(cut, key);
        let owner = plot.world.keys[key as usize].owner;
        let made = cut + (end - cut) / 2;
        let replacement = plot.world.key(&mut plot.rng, plot.world.keys[key as usize].name, owner, made);
        plot.incident.keys.push(replacement);
        let (admin, admin_source) = (plot.world.admin, plot.world.admin_source);
        let (index, id) = plot.id_of(replacement);
        let name = plot.world.keys[replacement as usize].name;
        plot.change(made, admin_source, Change::create_key(admin, (index, id, name), true, Some("90d")));
        plot.world.keys[replacement as usize].owner = admin;
        plot.world.keys[replacement as usize].expires = Some(made + 90 * 24 * HOUR);
        for (source, node) in hosts {
            let gap = plot.cadence();
            plot.steady(end + gap, 120, gap, 0.05, |plot, time| {
                plot.act(time, node, source, What::Use(Credential::Key(replacement)))
            });
        }
        plot.incident.may_also = vec!["api_key_invalidated_in_use"];
    },
};

/// A key expires while it is in use.
pub(crate) static EXPIRED_IN_USE: Plant = Plant {
    kind: "api_key_expired_in_use",
    verdicts: &["operational"],
    doc: "An application's key expires while 1 to 3 hosts use it. Each host is refused 2, 15, 120 or 1500 times.",
    plant: |plot| {
        let key = plot.application_key("shipping");
        let cut = plot.cut();
        plot.world.keys[key as usize].expires = Some(cut);
        let from = plot.start;
        for (source, node) in plot.hosts() {
            plot.works(from, cut, source, node, key);
            plot.is_refused(cut, source, node, What::Use(Credential::Key(key)));
        }
        plot.incident.cause_at = Some(cut);
    },
};

/// A key that this cluster does not have.
pub(crate) static UNKNOWN: Plant = Plant {
    kind: "api_key_unknown",
    verdicts: &["operational"],
    doc: "1 to 3 hosts send the key of another cluster: 2, 15, 120 or 1500 times each.",
    plant: |plot| {
        let key = plot.application_key("staging");
        plot.world.keys[key as usize].known = false;
        plot.always_refused(What::Use(Credential::Key(key)));
    },
};

/// A key whose secret is sent wrongly.
pub(crate) static BAD_SECRET: Plant = Plant {
    kind: "api_key_bad_secret",
    verdicts: &["operational"],
    doc: "1 to 3 hosts send an existing key with a wrong secret: 2, 15, 120 or 1500 times each.",
    plant: |plot| {
        let key = plot.application_key("catalog");
        plot.always_refused(What::WrongSecret(key));
    },
};

/// A cross-cluster key on the REST interface.
pub(crate) static WRONG_TYPE: Plant = Plant {
    kind: "api_key_wrong_type",
    verdicts: &["operational"],
    doc: "1 to 3 hosts send a cross-cluster key to the REST interface: authentication_failed whose user.name is the key's id, 2, 15, 120 or 1500 times each.",
    plant: |plot| {
        let key = plot.application_key("remote");
        plot.world.keys[key as usize].cross_cluster = true;
        plot.always_refused(What::Use(Credential::Key(key)));
    },
};

/// A valid key that may not do what it is used for.
pub(crate) static UNDERPRIVILEGED: Plant = Plant {
    kind: "api_key_underprivileged",
    verdicts: &["operational"],
    doc: "1 to 3 hosts write with a valid key that may not create the index: access_denied with apikey.id, 2, 15, 120 or 1500 times each.",
    plant: |plot| {
        let key = plot.application_key("metrics");
        plot.world.keys[key as usize].lacks = true;
        plot.always_refused(What::Use(Credential::Key(key)));
    },
};

/// Many keys are invalidated at once.
pub(crate) static MASS_INVALIDATION: Plant = Plant {
    kind: "mass_invalidation",
    verdicts: &["unclear", "hostile"],
    doc: "An account that never did so invalidates 2, 12, 40 or 200 unused keys: one request each within minutes, one request with all ids, or (strong) all keys of an owner.",
    plant: |plot| {
        let count = plot.by([2, 12, 40, 200]);
        let name = plot.world.fresh_person();
        let actor = plot.world.account(&name, NATIVE, &["key_manager"]);
        let owner = plot.world.account(&format!("svc-fleet-{count}"), NATIVE, &["fleet"]);
        let created = plot.start - 30 * 24 * HOUR;
        let keys: Vec<u32> =
            (0..count).map(|n| plot.world.key(&mut plot.rng, &format!("fleet-output-{n}"), owner, created)).collect();
        let source = plot.world.inside_source();
        let begin = plot.begin(10 * MINUTE);
        let ids: Vec<_> = keys.iter().map(|k| plot.id_of(*k)).collect();
        let owner_name = plot.world.accounts[owner as usize].name;
        if plot.strength == Strength::Strong {
            plot.change(begin, source, Change::invalidate_owner(actor, owner_name, "default_native", keys.clone()));
        } else if plot.rng.chance(0.5) {
            plot.change(begin, source, Change::invalidate_ids(actor, &ids));
        } else {
            for (n, id) in ids.iter().enumerate() {
                plot.change(begin + n as Micros * 1_700_000, source, Change::invalidate_ids(actor, &[*id]));
            }
        }
        for key in &keys {
            plot.world.keys[*key as usize].invalidated = Some((begin, actor));
        }
        plot.incident.keys = keys;
        plot.incident.cause_at = Some(begin);
    },
};

/// A key that is refused, in one of four ways.
pub(crate) fn broken(rng: &mut Rng, world: &mut World, owner: u32, number: u32, span: (Micros, Micros)) -> u32 {
    let created = span.0 - 90 * 24 * HOUR;
    let key = world.key(rng, &format!("retired-{number}"), owner, created);
    let entry = &mut world.keys[key as usize];
    match number % 4 {
        0 => entry.invalidated = Some((span.0 - 24 * HOUR, 0)),
        1 => entry.known = false,
        2 => {}
        _ => entry.expires = Some(span.0 - HOUR),
    }
    key
}

/// What a client does that sends such a key.
pub(crate) fn refused(world: &World, key: u32) -> What {
    let entry = &world.keys[key as usize];
    let well_formed = !entry.known || entry.invalidated.is_some() || entry.expires.is_some();
    if well_formed { What::Use(Credential::Key(key)) } else { What::WrongSecret(key) }
}
