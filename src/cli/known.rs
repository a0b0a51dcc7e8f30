//! What the user knows beside the logs: the configuration, lists of addresses, databases of them.

use std::path::Path;

use clap::Args;

use crate::address_lists::{self, AddressList};
use crate::config::{self, Config};
use crate::geography::{Database, Geography};
use crate::options::{AddressBook, Options, Surroundings};

/// The surroundings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct SurroundingsArgs {
    /// Configuration file: known scanners, proxies, service accounts, internal networks, networks by name
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// List of known bad addresses (`good=FILE`: of good ones): one a line with an optional label, a bundle of STIX 2.1, or
    /// CSV of MISP; repeatable
    #[arg(long, value_name = "FILE", value_parser = address_lists::load)]
    addresses: Vec<AddressList>,
}

/// Databases of addresses.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct GeoipArgs {
    /// Database of countries, cities, networks or anonymous addresses, in MaxMind's format, shown beside sources; private
    /// and reserved addresses are never looked up; repeatable
    #[arg(long, value_name = "FILE.mmdb", value_parser = |path: &str| Database::open(Path::new(path)).map(Loaded::new))]
    geoip: Vec<Loaded>,
}

/// A database that was read, as often as the parser copies it.
#[derive(Debug, Clone)]
struct Loaded(std::sync::Arc<Database>);

impl Loaded {
    fn new(database: Database) -> Self {
        Self(std::sync::Arc::new(database))
    }
}

fn parse_config(path: &str) -> Result<Config, String> {
    config::load(Path::new(path)).map_err(|error| error.to_string())
}

impl SurroundingsArgs {
    /// The configuration, as the file says it.
    pub(super) fn config(&self) -> Config {
        self.config.clone().unwrap_or_default()
    }

    /// What is known; `None` where nothing is said.
    pub(super) fn surroundings(&self) -> Option<Surroundings> {
        if self.config.is_none() && self.addresses.is_empty() {
            return None;
        }
        let mut known = self.config().surroundings;
        if !self.addresses.is_empty() {
            let listed = self.addresses.iter().flat_map(|list| list.blocks.iter().cloned());
            known.known = AddressBook::new(known.known.blocks().iter().cloned().chain(listed).collect());
        }
        Some(known)
    }

    /// Puts them into options.
    pub(super) fn apply(&self, options: &mut Options) {
        options.surroundings = self.surroundings().unwrap_or_default();
        options.address_lists = self.addresses.iter().map(|list| list.path.clone()).collect();
    }
}

impl GeoipArgs {
    /// Puts them into options.
    pub(super) fn apply(self, options: &mut Options) {
        options.geography = Geography::new(self.geoip.into_iter().map(|loaded| loaded.0).collect());
    }
}
