//! Scenarios: small logs, each about one thing, in which everything that says nothing about the truth is drawn from wide
//! distributions, and the truth beside them. They judge the analyser's judging, so they are written from the description of
//! what must be told and share nothing with the code that tells it.
//!
//! ```text
//! nuisance, pace      what differs between sites and says nothing; moving: places whose address changes
//! stage               a site on which nothing has happened yet
//! hostile, broken,    one function a kind: what happens, and what is true of it
//! ordinary, mixed
//! living, play        ordinary life is added, the nodes log it all
//! log, truth          what is written; likelihood: how likely chance makes the like
//! metamorphic         what must not change the judgement, or only in one direction
//! ```
//!
//! A new kind is one function and one line of [`KINDS`].

mod addresses;
mod broken;
pub(crate) mod cli;
mod hostile;
mod likelihood;
mod living;
mod log;
pub mod metamorphic;
mod mixed;
mod moving;
mod nuisance;
mod ordinary;
mod pace;
mod play;
mod stage;
#[cfg(test)]
mod tests;
mod truth;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

pub use log::{Log, Written};

use crate::scenario::nuisance::{Front, Life, V6};
use crate::scenario::stage::Stage;
use crate::scenario::truth::Truth;

/// What side of life a scenario is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// Somebody attacks.
    Hostile,
    /// Something is broken.
    Broken,
    /// Nothing is wrong.
    Ordinary,
    /// Several at once.
    Mixed,
}

impl Side {
    /// The letter that the names of scenarios begin with.
    fn letter(self) -> char {
        match self {
            Self::Hostile => 'a',
            Self::Broken => 'o',
            Self::Ordinary => 'c',
            Self::Mixed => 'm',
        }
    }
}

/// One kind of scenario.
pub struct Kind {
    /// Its name on the command line and on the board.
    pub name: &'static str,
    /// What it is about.
    pub side: Side,
    /// Nodes that it needs.
    nodes: u16,
    /// Makes a site of what was drawn that the kind is about.
    site: fn(&mut Life),
    make: fn(&mut Stage),
}

const fn kind(name: &'static str, side: Side, make: fn(&mut Stage)) -> Kind {
    Kind { name, side, nodes: 1, site: |_| {}, make }
}

const fn of_nodes(nodes: u16, kind: Kind) -> Kind {
    Kind { nodes, ..kind }
}

const fn at_site(site: fn(&mut Life), kind: Kind) -> Kind {
    Kind { site, ..kind }
}

/// A site that comes by IPv6.
fn of_v6(life: &mut Life) {
    if life.v6 == V6::None {
        life.v6 = if life.people.is_multiple_of(2) { V6::Office } else { V6::Homes };
    }
    life.front = Front::Direct;
}

/// A site whose page for login anybody can reach.
fn open_to_all(life: &mut Life) {
    life.strangers = life.strangers.max(20 + life.logins / 10);
}

/// A site behind one address.
fn behind_nat(life: &mut Life) {
    life.front = Front::Nat;
}

/// A site with an identity provider.
fn with_assertions(life: &mut Life) {
    life.assertions = life.assertions.max(5 + life.logins / 40);
}

use Side::{Broken, Hostile, Mixed, Ordinary};

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind("guess", Hostile, hostile::guessing::one_source),
    kind("guess_many_sources", Hostile, hostile::guessing::many_sources),
    kind("guess_at_kibana", Hostile, hostile::guessing::at_kibana),
    kind("guess_slow", Hostile, hostile::guessing::slow),
    kind("guess_dictionary", Hostile, hostile::guessing::dictionary),
    kind("guess_and_spray", Hostile, hostile::guessing::and_spray),
    kind("spray", Hostile, hostile::spraying::one_source),
    kind("spray_many_sources", Hostile, hostile::spraying::many_sources),
    kind("spray_rounds", Hostile, hostile::spraying::rounds),
    kind("spray_inside", Hostile, hostile::spraying::inside),
    kind("spray_stealthy", Hostile, hostile::spraying::stealthy),
    kind("stuffing", Hostile, hostile::spraying::stuffing),
    kind("stuffing_slow", Hostile, hostile::spraying::stuffing_slow),
    kind("guessed_and_in", Hostile, hostile::entry::guessed),
    kind("guessed_slowly_and_in", Hostile, hostile::entry::guessed_slowly),
    kind("guessed_at_kibana_and_in", Hostile, hostile::entry::guessed_at_kibana),
    kind("sprayed_and_in", Hostile, hostile::entry::sprayed),
    kind("stuffed_and_in", Hostile, hostile::entry::stuffed),
    kind("in_without_a_failure", Hostile, hostile::entry::silent),
    kind("stolen_key", Hostile, hostile::entry::stolen_key),
    kind("left_a_back_door", Hostile, hostile::entry::back_door),
    kind("key_secrets_guessed", Hostile, hostile::probing::secrets),
    kind("key_ids_guessed", Hostile, hostile::probing::ids),
    kind("scan", Hostile, hostile::probing::scan),
    kind("keys_ended_by_intruder", Hostile, hostile::cover::keys_ended),
    of_nodes(2, kind("audit_gap", Hostile, hostile::cover::gap)),
    kind("stale_after_change", Broken, broken::passwords::after_change),
    kind("stale_many_hosts", Broken, broken::passwords::many_hosts),
    kind("stale_without_change", Broken, broken::passwords::without_change),
    kind("stale_rollout", Broken, broken::passwords::rollout),
    kind("stale_pods", Broken, broken::passwords::pods),
    kind("stale_phone", Broken, broken::passwords::phone),
    kind("stale_cron", Broken, broken::passwords::cron),
    kind("stale_kibana", Broken, broken::passwords::kibana),
    kind("leaver_still_runs", Broken, broken::passwords::disabled),
    kind("service_token_bad", Broken, broken::passwords::service_token),
    kind("directory_outage", Broken, broken::realms::directory),
    kind("license_lapsed", Broken, broken::realms::license),
    kind("security_index_red", Broken, broken::realms::index),
    kind("thread_pool_full", Broken, broken::realms::busy),
    of_nodes(2, kind("realm_lost_on_node", Broken, broken::realms::lost)),
    of_nodes(2, kind("clock_behind", Broken, broken::realms::clock)),
    of_nodes(2, kind("tokens_refused_on_node", Broken, broken::realms::nameless_tokens)),
    kind("key_invalidated", Broken, broken::keys::invalidated),
    kind("key_rotation", Broken, broken::keys::rotation),
    kind("key_expired", Broken, broken::keys::expired),
    kind("key_unknown", Broken, broken::keys::unknown),
    kind("keys_lost_by_restore", Broken, broken::keys::restored),
    kind("key_bad_secret", Broken, broken::keys::bad_secret),
    kind("key_wrong_type", Broken, broken::keys::wrong_type),
    kind("key_underprivileged", Broken, broken::keys::underprivileged),
    kind("keys_ended_by_admin", Broken, broken::keys::ended_by_admin),
    kind("header_lost", Broken, broken::bare::header_lost),
    kind("security_turned_on", Broken, broken::bare::turned_on),
    kind("plain", Ordinary, ordinary::people::plain),
    kind("plain_first_day", Ordinary, ordinary::people::first_day),
    kind("roaming", Ordinary, ordinary::people::roaming),
    kind("help_desk", Ordinary, ordinary::people::help_desk_day),
    kind("password_day", Ordinary, ordinary::people::password_day),
    kind("vacation_return", Ordinary, ordinary::people::vacation),
    kind("on_call", Ordinary, ordinary::people::on_call),
    kind("migration", Ordinary, ordinary::people::migration),
    kind("leavers", Ordinary, ordinary::admin::leavers),
    kind("keys_rotated", Ordinary, ordinary::admin::rotation),
    kind("backups", Ordinary, ordinary::admin::backups),
    kind("deploys", Ordinary, ordinary::admin::deploys),
    kind("new_laptop", Ordinary, ordinary::admin::new_laptop),
    kind("health_checks", Ordinary, ordinary::machines::health_checks),
    kind("ci", Ordinary, ordinary::machines::ci),
    kind("spnego", Ordinary, ordinary::machines::spnego),
    kind("scanner_inside", Ordinary, ordinary::machines::scanner),
    kind("holidays", Ordinary, ordinary::machines::holidays),
    kind("two_clusters", Ordinary, ordinary::machines::two_clusters),
    at_site(of_v6, kind("ipv6_site", Ordinary, ordinary::people::plain)),
    at_site(open_to_all, kind("login_page", Ordinary, ordinary::people::plain)),
    at_site(with_assertions, kind("identity_provider", Ordinary, ordinary::people::plain)),
    kind("on_call_phones", Ordinary, ordinary::people::on_call_phones),
    kind("second_devices", Ordinary, ordinary::people::second_devices),
    kind("pipelines", Ordinary, ordinary::machines::pipelines),
    kind("attack_in_outage", Mixed, mixed::attack_in_outage),
    kind("attack_beside_stale", Mixed, mixed::attack_beside_stale),
    kind("two_attacks", Mixed, mixed::two_attacks),
    kind("in_on_password_day", Mixed, mixed::in_on_password_day),
    kind("reset_before_success", Mixed, mixed::reset_before_success),
    at_site(behind_nat, kind("spray_behind_nat", Mixed, mixed::spray_behind_nat)),
    at_site(of_v6, kind("guess_at_ipv6_site", Mixed, mixed::guess_beside_device)),
    at_site(open_to_all, kind("spray_at_login_page", Mixed, hostile::spraying::one_source)),
];

/// The kind of this name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// A log and its truth.
pub struct Scenario {
    /// Side, kind and seed in one word.
    pub name: String,
    /// The log.
    pub log: Log,
    /// Requests that were made, each of which authenticates or fails to.
    pub requests: usize,
    truth: Truth,
}

/// Plays the scenario of this kind and seed.
pub fn make(kind: &Kind, seed: u64) -> Scenario {
    let mut stage = Stage::new(kind.name, seed, kind.nodes, kind.site);
    (kind.make)(&mut stage);
    if kind.side != Ordinary && stage.rng.chance(0.4) {
        ordinary::sprinkle(&mut stage);
    }
    let (log, truth, requests) = play::play(stage);
    Scenario { name: format!("{}_{}_{seed}", kind.side.letter(), kind.name), log, requests, truth }
}

impl Scenario {
    /// The truth, in the form of the handed scenarios: see the README beside them. Of each incident also the failures and
    /// successes that the log shows, and the decimal logarithm of its likelihood ratio against ordinary life.
    pub fn truth(&self, written: Written) -> Value {
        let (incidents, must_not) = self.truth.json();
        let nodes: Vec<Value> = self.log.nodes.iter().map(log::NodeLog::json).collect();
        json!({
            "scenario": self.name,
            "note": "",
            "events": written.events,
            "lines": written.lines,
            "requests": self.requests,
            "nodes": nodes,
            "config": null,
            "args": [],
            "shipped_twice": false,
            "incidents": incidents,
            "must_not": must_not,
        })
    }

    /// Writes `logs/` and `truth.json` into this folder; gives the truth.
    ///
    /// # Errors
    ///
    /// Failed writes.
    pub fn write(&self, folder: &Path) -> io::Result<Value> {
        let written = self.log.write(&folder.join("logs"))?;
        let truth = self.truth(written);
        fs::write(folder.join("truth.json"), format!("{truth:#}\n"))?;
        Ok(truth)
    }
}
